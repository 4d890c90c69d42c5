//! What waits for a decision, as people read it.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, event};
use crate::cli::terminal;

/// Proposals, one a paragraph: what is asked for, who proposed it, who was asked, who decides until when, what was decided.
pub fn list(view: &View, response: &v1::ListPendingResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    for proposal in &response.proposals {
        text.push_str(&one(view, proposal));
        text.push('\n');
    }
    let count = usize::try_from(response.total).unwrap_or(usize::MAX);
    text.push_str(&view.count(count, ["proposal", "proposals"], false));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn one(view: &View, proposal: &v1::Proposal) -> String {
    let language = view.language;
    let (number, state, kind) = (
        terminal::line(&proposal.number),
        label::proposal_state(language, proposal.state()),
        label::change_kind(language, proposal.kind()),
    );
    let mut text = format!(
        "{number}  {state}  {kind}  {}\n",
        view.entity(proposal.subject.as_ref())
    );
    let mut line = |ja: &str, en: &str, told: String| {
        if !told.is_empty() {
            text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
        }
    };
    if let Some(change) = &proposal.change {
        let from = change.valid_from.as_deref().map(terminal::line);
        let to = change.valid_to.as_deref().map(terminal::line);
        let from = match (from, to) {
            (None, _) => String::new(),
            (Some(from), None) => view.pick(format!("（{from}から）"), format!(" (from {from})")),
            (Some(from), Some(to)) => view.pick(
                format!("（{from}から{to}まで）"),
                format!(" (from {from} until {to})"),
            ),
        };
        line(
            "変更",
            "change",
            format!("{}{from}", event::told(view, change)),
        );
        let reason = change
            .reason
            .as_ref()
            .map(|reason| terminal::line(&reason.text));
        line("理由", "reason", reason.unwrap_or_default());
    }
    line("影響", "impact", terminal::line(&proposal.impact));
    line("起案", "proposed by", step(view, proposal.drafted.as_ref()));
    for answer in &proposal.consultations {
        let outcome = label::consultation_outcome(language, answer.outcome());
        let said = answer
            .text
            .as_deref()
            .map(terminal::line)
            .unwrap_or_default();
        let who = step(view, answer.step.as_ref());
        line(
            "合議",
            "answered",
            format!("{outcome}  {who}  {said}").trim_end().to_owned(),
        );
    }
    match &proposal.decision {
        Some(decision) => {
            let outcome = label::decision_outcome(language, decision.outcome());
            let said = decision
                .text
                .as_deref()
                .map(terminal::line)
                .unwrap_or_default();
            let who = step(view, decision.step.as_ref());
            line(
                "決裁",
                "decided",
                format!("{outcome}  {who}  {said}").trim_end().to_owned(),
            );
            if let Some(external) = &decision.external {
                let (on, decider) = (
                    terminal::line(&external.decided_on),
                    terminal::line(&external.decider),
                );
                line("台帳外", "outside the ledger", format!("{on}  {decider}"));
            }
            if decision.acting_delegation.is_some() {
                let looked = match &decision.review {
                    Some(review) => {
                        let outcome = label::review_outcome(language, decision.review_outcome());
                        format!("{outcome}  {}", step(view, Some(review)))
                    }
                    None => view.pick("未了", "not yet").to_owned(),
                };
                line("後閲（代決）", "reviewed by the principal", looked);
            }
        }
        None => {
            line("合議先", "to be asked", posts(view, &proposal.consulted));
            line("決裁者", "decides", posts(view, &proposal.deciders));
        }
    }
    let seats: Vec<String> = proposal
        .seats
        .iter()
        .map(|seat| terminal::line(&seat.seat))
        .collect();
    line("職", "seats", seats.join(view.pick("、", ", ")));
    if proposal.pending() != v1::PendingKind::None {
        let due = terminal::line(&proposal.due);
        let late = if proposal.overdue {
            view.pick("（期限超過）", " (overdue)")
        } else {
            ""
        };
        line("期限", "due", format!("{due}{late}"));
    }
    line("SHA-256", "SHA-256", hex::encode(&proposal.change_sha256));
    text
}

fn step(view: &View, step: Option<&v1::ProposalStep>) -> String {
    let Some(step) = step else {
        return String::new();
    };
    let who = step
        .actor
        .as_ref()
        .map(|actor| terminal::line(&actor.subject));
    let at = view.time(step.recorded_at.as_ref());
    format!("{}  {at}  #{}", who.unwrap_or_default(), step.position)
}

/// Posts that are asked, or of which one decides.
fn posts(view: &View, posts: &[v1::ApprovalPost]) -> String {
    let post = |post: &v1::ApprovalPost| {
        let role = label::seat_role(view.language, post.role());
        match &post.unit {
            Some(unit) => {
                let unit = terminal::line(unit);
                view.pick(format!("{role}（{unit}）"), format!("{role} ({unit})"))
            }
            None => role.to_owned(),
        }
    };
    let words: Vec<String> = posts.iter().map(post).collect();
    words.join(view.pick("・", ", "))
}
