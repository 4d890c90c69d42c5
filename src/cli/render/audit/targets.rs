//! How targets changed: indicator by indicator, version by version.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::audit::reference;
use crate::cli::render::{View, evaluation, value};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Changes of targets, a card each under the indicator.
pub fn history(view: &View, response: &v1::ListTargetChangesResponse) -> String {
    let mut text = String::new();
    let mut changes = response.changes.iter().peekable();
    while let Some(first) = changes.next() {
        let indicator = first.indicator.as_ref();
        let lead = view.name(first.lead.as_ref());
        let lead = view.pick(format!("（担当 {lead}）"), format!("  ({lead})"));
        text.push_str(&format!("{}{lead}\n", view.entity(indicator)));
        if first.achieved_by_revision {
            text.push_str(view.pick(
                "  目標変更後達成: 当初目標では未達、現目標で達成\n",
                "  achieved by revision: missed on the first target, reached on the one in force\n",
            ));
        }
        text.push_str(&card(view, first));
        while let Some(next) = changes.next_if(|next| next.indicator.as_ref() == indicator) {
            text.push_str(&card(view, next));
        }
        text.push('\n');
    }
    let count = response.changes.len();
    let has_more = !response.next_page_token.is_empty();
    text.push_str(&view.count(count, ["change", "changes"], has_more));
    text.push_str(&evaluation::footer(view, response.evaluated_at.as_ref()));
    text
}

fn card(view: &View, change: &v1::TargetChange) -> String {
    let language = view.language;
    let definition = change.definition.as_ref();
    let definition = definition.and_then(|version| version.definition.as_ref());
    let aim =
        |version: &v1::TargetVersion| value::target(language, version.target.as_ref(), definition);
    let number = change.version;
    let mut text = view.pick(format!("  第{number}版 "), format!("  version {number}: "));
    if let Some(before) = &change.before {
        text.push_str(&format!("{} → ", aim(before)));
    }
    let after = change.after.clone().unwrap_or_default();
    text.push_str(&aim(&after));
    let direction = label::target_direction(language, change.direction());
    let days = change
        .days_postponed
        .map(|days| view.pick(format!(" {days}日"), format!(" by {days} days")));
    let days = days.unwrap_or_default();
    text.push_str(&view.pick(
        format!("  【{direction}{days}】"),
        format!("  [{direction}{days}]"),
    ));
    if change.in_force {
        text.push_str(view.pick("  ← 現目標", "  <- in force"));
    }
    let (from, recorded) = (
        terminal::line(&after.effective_from),
        terminal::line(&after.recorded_on),
    );
    text.push_str(&view.pick(
        format!("\n    適用 {from} · 決定 {recorded}"),
        format!("\n    in force from {from}, decided on {recorded}"),
    ));
    if let Some(days) = change.days_retroactive {
        text.push_str(&view.pick(
            format!("（{days}日の遡及）"),
            format!(" ({days} days later)"),
        ));
    }
    text.push('\n');
    if let Some(event) = &change.event {
        text.push_str(&reference::event(view, event, 4));
    }
    if change.before.is_some() {
        text.push_str(&after_last_report(view, change));
        text.push_str(&comparisons(view, change));
    }
    text
}

/// Whether the target was changed when the result was known.
fn after_last_report(view: &View, change: &v1::TargetChange) -> String {
    let Some(last) = change
        .last_report
        .as_ref()
        .filter(|_| change.after_last_report)
    else {
        return String::new();
    };
    let told = reference::line(view, last);
    match change.after_result {
        true => view.pick(
            format!("    結果判明後の変更: 最後の実績 {told}\n"),
            format!("    decided after the result was known; the last report: {told}\n"),
        ),
        false => view.pick(
            format!("    以後の実績なし: 最後の実績 {told}\n"),
            format!("    nothing was reported since; the last report: {told}\n"),
        ),
    }
}

/// The same results against the first target, the one before and the new one.
fn comparisons(view: &View, change: &v1::TargetChange) -> String {
    let mut table = Table::new()
        .text(view.pick("実績の時点", "by the results"))
        .text(view.pick("当初目標なら", "on the first target"))
        .text(view.pick("変更前なら", "on the one before"))
        .text(view.pick("変更後", "on the new one"))
        .indented(4);
    let cell = |judged: Option<&v1::TargetJudgement>| {
        judged.map_or_else(String::new, |found| judgement(view, found))
    };
    let mut row = |name: &str, compared: Option<&v1::TargetComparison>| {
        let Some(compared) = compared else { return };
        let day = terminal::line(&compared.effective_on);
        table.row([
            format!("{name} {day}"),
            cell(compared.original.as_ref()),
            cell(compared.before.as_ref()),
            cell(compared.after.as_ref()),
        ]);
    };
    row(
        view.pick("決定時", "at the decision"),
        change.at_decision.as_ref(),
    );
    row(
        view.pick("基準日", "on the day asked"),
        change.at_answer.as_ref(),
    );
    table.render(view.columns)
}

/// `未達 83.3% · 遅れ`.
fn judgement(view: &View, judged: &v1::TargetJudgement) -> String {
    use v1::achievement_result::Result;
    let language = view.language;
    let reached = judged.achievement.as_ref().and_then(|found| found.result);
    let status = label::evaluation_status(language, judged.status());
    let mut text = match reached {
        Some(Result::Achievement(number)) => {
            let achievement = v1::Achievement::try_from(number).unwrap_or_default();
            label::achievement(language, achievement).to_owned()
        }
        _ => return evaluation::figure(view, judged.attainment.as_ref()),
    };
    let attainment = evaluation::figure(view, judged.attainment.as_ref());
    text.push_str(&format!(" {attainment}"));
    if !text.starts_with(status) {
        text.push_str(&format!(" · {status}"));
    }
    text
}
