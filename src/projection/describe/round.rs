//! What the events of the reporting round change: the calendar, confirmations, audit findings.

use super::{FieldChange, Known, measurement, unit_text};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{ActualConfirmed, Event, Payload, Subject};
use crate::domain::finding::{Finding, FindingReference};
use crate::domain::id::PlanId;
use crate::domain::reporting::{Calendar, ReportingRound};

/// What such an event changes; nothing for any other.
pub(super) fn told(
    event: &Event,
    before: Known<'_>,
    after: Known<'_>,
    date: Date,
) -> Vec<FieldChange> {
    match &event.payload {
        Payload::ReportingCalendarSet(p) => {
            let from = event.valid.map_or(date, |valid| valid.from);
            let last = before.directory.calendar_on(p.plan, from);
            let text = |rounds: &[ReportingRound]| calendar_text(rounds, after.directory);
            vec![FieldChange {
                field: "reporting_calendar",
                before: last.map(|last: Calendar| text(&last.rounds)),
                after: Some(format!("{} ({from}〜)", text(&p.rounds))),
            }]
        }
        Payload::ActualConfirmed(p) => vec![FieldChange {
            field: "confirmed",
            before: None,
            after: Some(confirmed(p, after)),
        }],
        Payload::AuditFindingRecorded(p) => finding(p.plan, &p.finding, before, after, date),
        Payload::AuditFindingAnswered(p) => finding(p.plan, &p.finding, before, after, date),
        _ => Vec::new(),
    }
}

/// The rounds with their days: `mid-year 2023-09-30/2023-10-06/2023-10-10`.
fn calendar_text(rounds: &[ReportingRound], directory: &Directory) -> String {
    let round = |round: &ReportingRound| {
        let (on, cut_off, fixed) = (round.reports_for, round.cut_off, round.fixed_on);
        let mut text = format!("{} {on}/{cut_off}/{fixed}", round.code);
        for exception in &round.exceptions {
            let entry = directory.indicator(exception.indicator);
            let code =
                entry.map_or_else(|| exception.indicator.to_string(), |e| e.code.to_string());
            text.push_str(&match exception.dates {
                Some(own) => format!(
                    " [{code}: {}/{}/{}]",
                    own.reports_for, own.cut_off, own.fixed_on
                ),
                None => format!(" [{code}: -]"),
            });
        }
        text
    };
    rounds.iter().map(round).collect::<Vec<_>>().join(", ")
}

/// What the confirmed entries say, with their days.
fn confirmed(p: &ActualConfirmed, known: Known<'_>) -> String {
    let state = known.indicator(p.indicator);
    let definition = known.definition(p.indicator).map(|(_, known)| known);
    let entry = |id: &crate::domain::id::EventId| {
        let entry = state.and_then(|state| state.entry(*id));
        let entry = entry.filter(|entry| known.cut().knows(entry.position));
        entry.map_or_else(
            || id.to_string(),
            |entry| {
                let value = measurement(&entry.measurement, definition);
                format!("{value} ({})", entry.valid.span())
            },
        )
    };
    p.entries.iter().map(entry).collect::<Vec<_>>().join(", ")
}

fn finding(
    plan: PlanId,
    number: &Key,
    before: Known<'_>,
    after: Known<'_>,
    date: Date,
) -> Vec<FieldChange> {
    let text = |known: Known<'_>| {
        let finding = known.directory.finding(plan, number)?;
        Some(finding_text(finding, after.directory, date))
    };
    let (before, after) = (text(before), text(after));
    vec![FieldChange {
        field: "audit_finding",
        before,
        after,
    }]
}

/// A finding with what was promised, its day, what it is about and its answer.
fn finding_text(finding: &Finding, directory: &Directory, date: Date) -> String {
    let mut text = format!(
        "{} {} → {} (〜{})",
        finding.number, finding.text, finding.promised, finding.due
    );
    let about = references_text(&finding.references, directory, date);
    if !about.is_empty() {
        text.push_str(&format!(" [{about}]"));
    }
    if let Some(answer) = &finding.answer {
        text.push_str(&format!(
            " {}: {} ({})",
            answer.date, answer.text, answer.action
        ));
    }
    text
}

fn references_text(references: &[FindingReference], directory: &Directory, date: Date) -> String {
    let name = |reference: &FindingReference| match *reference {
        FindingReference::Subject(Subject::Goal(id)) => directory
            .goal(id)
            .map_or_else(|| id.to_string(), |goal| goal.code.to_string()),
        FindingReference::Subject(Subject::Initiative(id)) => directory
            .initiative(id)
            .map_or_else(|| id.to_string(), |initiative| initiative.code.to_string()),
        FindingReference::Subject(Subject::Indicator(id)) => directory
            .indicator(id)
            .map_or_else(|| id.to_string(), |indicator| indicator.code.to_string()),
        FindingReference::Unit(id) => unit_text(directory, id, date),
        FindingReference::Event(id) => id.to_string(),
    };
    references.iter().map(name).collect::<Vec<_>>().join(", ")
}
