//! What is handed over with a seat, as people read it.

use crate::api::v1;
use crate::cli::handover::{Handover, UnitOpen};
use crate::cli::label;
use crate::cli::render::{View, access, value};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Who held the seat and which proposals are open, then for each of its units what is open: reports, reviews, next actions, targets.
pub fn told(view: &View, seat: &str, handover: &Handover) -> String {
    let last = Handover::seat(&handover.held);
    let title = last.map_or_else(String::new, |grant| view.title(grant.title.as_ref()));
    let role = last.map_or("?", |grant| label::seat_role(view.language, grant.role()));
    let mut text = format!(
        "{} {} {title}（{role}）\n",
        view.pick("引継ぎ", "handover"),
        terminal::line(seat)
    );
    text.push_str(&view.heading(handover.held.answered_at.as_ref()));
    text.push_str(&section(view, "就任者", "held by"));
    text.push_str(&access::held(view, &handover.held));
    text.push_str(&section(
        view,
        "この職の決裁・合議・後閲待ち",
        "waits for this seat",
    ));
    text.push_str(&proposals(view, &handover.waiting));
    text.push_str(&section(view, "ほかの起案", "other open proposals"));
    text.push_str(&proposals(view, &handover.proposals));
    for open in &handover.units {
        text.push_str(&format!(
            "\n{} {}\n",
            terminal::line(&open.unit.code),
            view.title(open.unit.name.as_ref())
        ));
        text.push_str(&section(
            view,
            "報告（提出待ち・未報告）",
            "reports awaited or missing",
        ));
        text.push_str(&reports(view, &open.reports));
        text.push_str(&section(view, "二次評価待ち", "reviews due"));
        text.push_str(&reviews(view, open));
        text.push_str(&section(view, "今後の対応", "next actions"));
        text.push_str(&actions(view, &open.actions));
        text.push_str(&section(view, "目標", "targets"));
        text.push_str(&targets(view, open));
    }
    if handover.units.is_empty() {
        text.push_str(view.pick(
            "\n台帳全体の職です。要確認は daicho audit flags、期間は daicho plan periods で確認してください\n",
            "\nthe seat is for the whole ledger; see daicho audit flags and daicho plan periods\n",
        ));
    }
    text.push_str(&view.footer(handover.held.answered_at.as_ref()));
    text
}

fn section(view: &View, ja: &str, en: &str) -> String {
    format!("\n  {}\n", view.pick(ja, en))
}

fn shown(view: &View, table: &Table) -> String {
    match table.is_empty() {
        true => view.pick("    なし\n", "    none\n").to_owned(),
        false => table.render(view.columns),
    }
}

fn proposals(view: &View, open: &v1::ListPendingResponse) -> String {
    let mut table = Table::new()
        .indented(4)
        .text(view.pick("起案番号", "number"))
        .text(view.pick("状態", "state"))
        .text(view.pick("種類", "kind"))
        .wrapping(view.pick("対象", "about"))
        .text(view.pick("起案", "proposed by"))
        .text(view.pick("期限", "due"));
    for proposal in &open.proposals {
        let drafted = proposal.drafted.as_ref();
        table.row([
            proposal.number.clone(),
            label::proposal_state(view.language, proposal.state()).to_owned(),
            label::change_kind(view.language, proposal.kind()).to_owned(),
            view.entity(proposal.subject.as_ref()),
            view.actor(drafted.and_then(|step| step.actor.as_ref())),
            proposal.due.clone(),
        ]);
    }
    shown(view, &table)
}

fn reports(view: &View, reports: &v1::ListReportingStatusResponse) -> String {
    let mut table = Table::new()
        .indented(4)
        .text(view.pick("指標", "indicator"))
        .wrapping(view.pick("名称", "title"))
        .text(view.pick("状況", "state"))
        .text(view.pick("締切", "cut-off"));
    for row in &reports.rows {
        let indicator = row.indicator.clone().unwrap_or_default();
        let dates = row.dates.clone().unwrap_or_default();
        table.row([
            indicator.code.clone(),
            view.title(indicator.title.as_ref()),
            label::reporting_state(view.language, row.state()).to_owned(),
            dates.cut_off,
        ]);
    }
    shown(view, &table)
}

/// Self-evaluations that nobody has reviewed or made final.
fn reviews(view: &View, open: &UnitOpen) -> String {
    let mut table = Table::new()
        .indented(4)
        .text(view.pick("対象", "subject"))
        .wrapping(view.pick("名称", "title"))
        .text(view.pick("期間", "period"))
        .text(view.pick("自己評価", "self-evaluated by"));
    let mut row = |subject: Option<&v1::Entity>, judgements: Option<&v1::Judgements>| {
        let Some(judged) = judgements else { return };
        let waits = judged.reviewed.is_none() && judged.finalised.is_none();
        let Some(own) = judged.self_evaluated.as_ref().filter(|_| waits) else {
            return;
        };
        let subject = subject.cloned().unwrap_or_default();
        table.row([
            subject.code.clone(),
            view.title(subject.title.as_ref()),
            judged.period.clone(),
            view.actor(own.actor.as_ref()),
        ]);
    };
    for goal in &open.evaluated.goals {
        row(goal.goal.as_ref(), goal.judgements.as_ref());
        for initiative in &goal.initiatives {
            row(
                initiative.initiative.as_ref(),
                initiative.judgements.as_ref(),
            );
            for indicator in &initiative.indicators {
                row(indicator.indicator.as_ref(), indicator.judgements.as_ref());
            }
        }
    }
    shown(view, &table)
}

/// Those that are open first, by when they are due.
fn actions(view: &View, actions: &v1::ListNextActionsResponse) -> String {
    let mut table = Table::new()
        .indented(4)
        .text(view.pick("期限", "due"))
        .text(view.pick("対象", "for"))
        .wrapping(view.pick("内容", "what"))
        .text(view.pick("結果", "outcome"));
    let mut sorted: Vec<&v1::NextAction> = actions.actions.iter().collect();
    sorted.sort_by_key(|action| (action.outcome.is_some(), &action.due));
    for action in sorted {
        let outcome = match action.outcome {
            Some(_) => label::action_outcome(view.language, action.outcome()),
            None => view.pick("未了", "open"),
        };
        let subject = action.subject.clone().unwrap_or_default();
        table.row([
            action.due.clone(),
            subject.code.clone(),
            action.text.clone(),
            outcome.to_owned(),
        ]);
    }
    shown(view, &table)
}

fn targets(view: &View, open: &UnitOpen) -> String {
    let mut table = Table::new()
        .indented(4)
        .text(view.pick("指標", "indicator"))
        .wrapping(view.pick("名称", "title"))
        .text(view.pick("目標値", "target"))
        .text(view.pick("状況", "status"));
    let goals = open.evaluated.goals.iter();
    let initiatives = goals.flat_map(|goal| &goal.initiatives);
    for indicator in initiatives.flat_map(|initiative| &initiative.indicators) {
        let entity = indicator.indicator.clone().unwrap_or_default();
        let target = indicator
            .current
            .as_ref()
            .and_then(|now| now.target.as_ref());
        let target = target.and_then(|version| version.target.as_ref());
        let definition = indicator.definition.as_ref();
        let definition = definition.and_then(|version| version.definition.as_ref());
        table.row([
            entity.code.clone(),
            view.title(entity.title.as_ref()),
            value::target(view.language, target, definition),
            label::evaluation_status(view.language, indicator.status()).to_owned(),
        ]);
    }
    shown(view, &table)
}
