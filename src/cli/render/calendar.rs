//! A reporting calendar as people read it: its rounds, then the indicators with days of their own.

use std::collections::BTreeMap;

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// The whole calendar in force.
pub fn whole(view: &View, response: &v1::GetReportingCalendarResponse) -> String {
    let mut text = format!("{}\n  ", view.entity(response.plan.as_ref()));
    text.push_str(&view.heading(response.answered_at.as_ref()));
    text.push_str(&format!("  {}\n\n", origin(view, response)));
    let mut rounds = dates(
        view,
        Table::new()
            .text(view.pick("回", "round"))
            .wrapping(view.pick("名称", "title")),
    );
    let mut exceptions = dates(
        view,
        Table::new()
            .text(view.pick("回", "round"))
            .wrapping(view.pick("指標", "indicator")),
    );
    let named = response.indicators.iter();
    let named: BTreeMap<&str, &v1::Entity> =
        named.map(|named| (named.id.as_str(), named)).collect();
    for round in &response.rounds {
        let code = terminal::line(&round.code);
        let of_round = [&round.reports_for, &round.cut_off, &round.fixed_on];
        let [reports_for, cut_off, fixed_on] = of_round.map(|day| terminal::line(day));
        let title = view.title(round.title.as_ref());
        rounds.row([code.clone(), title, reports_for, cut_off, fixed_on]);
        for exception in &round.exceptions {
            let indicator = view.entity(named.get(exception.indicator.as_str()).copied());
            let [reports_for, cut_off, fixed_on] = match &exception.dates {
                Some(own) => {
                    [&own.reports_for, &own.cut_off, &own.fixed_on].map(|day| terminal::line(day))
                }
                None => {
                    let not_asked = view.pick("対象外", "not asked").to_owned();
                    [not_asked, "–".to_owned(), "–".to_owned()]
                }
            };
            exceptions.row([code.clone(), indicator, reports_for, cut_off, fixed_on]);
        }
    }
    text.push_str(&rounds.render(view.columns));
    if !exceptions.is_empty() {
        text.push_str(view.pick(
            "\n別の日程の指標\n",
            "\nindicators with days of their own\n",
        ));
        text.push_str(&exceptions.render(view.columns));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// The columns of the three days.
fn dates(view: &View, table: Table) -> Table {
    table
        .text(view.pick("基準日", "reports for"))
        .text(view.pick("提出期限", "cut-off"))
        .text(view.pick("確定日", "fixed on"))
}

/// Since when it is in force, and which event set it.
fn origin(view: &View, response: &v1::GetReportingCalendarResponse) -> String {
    let from = terminal::line(&response.effective_from);
    match (&response.event_id, response.position) {
        (Some(event), Some(position)) => {
            let event = terminal::line(event);
            view.pick(
                format!("適用日 {from} · 位置 {position} · イベント {event}"),
                format!("in force from {from} · position {position} · event {event}"),
            )
        }
        _ => view.pick(
            format!("組込みの報告日程（設定なし） · 適用日 {from}"),
            format!("built in, none was set · in force from {from}"),
        ),
    }
}
