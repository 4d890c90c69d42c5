//! What reports on a goal's indicators look like today, as messages.

use crate::api::v1;
use crate::domain::event::{Actor, Stream};
use crate::domain::goal::decide::LedgerContext;
use crate::domain::goal::entry_form::{EntryForm, entry_form};
use crate::domain::id::EventId;
use crate::domain::indicator::Definition;
use crate::grpc::event::{show_definition, show_event, show_span};
use crate::ledger::{ReadFault, Reader, View};
use crate::projection::goal_card::GoalCard;

/// Tells for each indicator of `goal` what a report by `actor` looks like now.
pub(in crate::grpc) async fn add_entry_forms(
    goal: &mut v1::Goal,
    reader: &Reader,
    view: &View,
    card: &GoalCard,
    actor: &Actor,
) -> Result<(), ReadFault> {
    let now = reader.clock().now();
    let context = LedgerContext {
        directory: &view.directory,
        now,
        today: view.directory.date_of(now),
        actor,
    };
    let shown = goal
        .initiatives
        .iter_mut()
        .flat_map(|initiative| &mut initiative.indicators);
    // Both are in the same order: one was made from the other.
    for (shown, indicator) in shown.zip(card.indicators()) {
        let home = Stream::goal(indicator.entry.home);
        let home = reader.stream(home, view.size).await?;
        // The same for everybody who asks at this size, another as soon as it may have been used.
        let name = format!("example at {}", view.size);
        let example_id = EventId::derived(indicator.id.uuid(), &name);
        let form = entry_form(context, &home.goal, indicator.id, example_id);
        let definition = indicator.definition().map(|(_, version)| version);
        shown.entry_form = form
            .zip(definition)
            .map(|(form, version)| show(form, &version.definition));
    }
    Ok(())
}

fn show(form: EntryForm, definition: &Definition) -> v1::EntryForm {
    let shown = show_definition(definition);
    let in_set = |member: &v1::Member| form.members.iter().any(|m| m.key.as_str() == member.key);
    v1::EntryForm {
        definition_version: form.definition_version,
        entry_kind: shown.entry_kind,
        unit: shown.unit,
        domain: shown.domain,
        days: form.days.map(show_span),
        reason_until: form.reason_until.map(|day| day.to_string()),
        evidence: form.evidence,
        next_due: form.next_due.map(|day| day.to_string()),
        parts: shown.parts,
        members: shown.members.into_iter().filter(in_set).collect(),
        checkpoints: shown.checkpoints,
        rubric: shown.rubric,
        example: form.example.as_ref().map(show_event),
    }
}
