//! Answers of projections as messages.

use crate::api::v1;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::Recorded;
use crate::domain::id::LedgerId;
use crate::domain::rejection::Notice;
use crate::domain::text::Language;
use crate::grpc::accounting::noticed_of;
use crate::grpc::event::{
    Choice, show_actor, show_evidence, show_reason, show_stream, show_timestamp, show_title,
};
use crate::ledger::{Reader, Receipt, Standpoint, Stored};
use crate::log::Head;
use crate::projection::change::Change;
use crate::projection::describe::FieldChange;
use crate::projection::wording::Words;

mod entry_form;
pub(super) mod evaluation;
mod goal;

pub(super) use entry_form::add_entry_forms;
pub(super) use goal::{
    Detail, TOLD_MAX, attachment, confirmation, counts, definition_version, definitions, entry,
    forecast, goal, indicator, standing, target_version,
};

pub(super) fn head(head: Head) -> v1::Head {
    v1::Head {
        generation: head.generation,
        size: head.size,
        root: head.root.as_bytes().to_vec(),
    }
}

pub(super) fn answered_at(at: &Standpoint) -> v1::AnsweredAt {
    v1::AnsweredAt {
        head: Some(head(at.view.head)),
        effective_on: at.on.to_string(),
        known_at: at.view.size,
    }
}

/// Where changes were answered: they have no date.
pub(super) fn known_at(at: &Standpoint) -> v1::AnsweredAt {
    v1::AnsweredAt {
        effective_on: String::new(),
        ..answered_at(at)
    }
}

/// What a thing is called on a date. Things that are not there any more cannot be: nothing is ever deleted.
pub(super) fn entity(directory: &Directory, named: Named, on: Date) -> v1::Entity {
    noticed_of(directory, named, on);
    let (kind, id, code, title) = match named {
        Named::Ledger => {
            let ledger = directory.ledger();
            (
                v1::EntityKind::Ledger,
                ledger.map(|l| l.ledger.to_string()),
                ledger.map(|l| &l.code),
                ledger.map(|l| &l.title),
            )
        }
        Named::Plan(id) => {
            let plan = directory.plan(id);
            (
                v1::EntityKind::Plan,
                Some(id.to_string()),
                plan.map(|p| &p.code),
                plan.map(|p| &p.title),
            )
        }
        Named::Unit(id) => {
            let unit = directory.unit(id);
            (
                v1::EntityKind::Unit,
                Some(id.to_string()),
                unit.map(|u| &u.code),
                unit.map(|u| u.name_on(on)),
            )
        }
        Named::Goal(id) => {
            let goal = directory.goal(id);
            (
                v1::EntityKind::Goal,
                Some(id.to_string()),
                goal.map(|g| &g.code),
                goal.map(|g| &g.worded_on(on).title),
            )
        }
        Named::Initiative(id) => {
            let initiative = directory.initiative(id);
            (
                v1::EntityKind::Initiative,
                Some(id.to_string()),
                initiative.map(|i| &i.code),
                initiative.map(|i| &i.worded_on(on).title),
            )
        }
        Named::Indicator(id) => {
            let indicator = directory.indicator(id);
            (
                v1::EntityKind::Indicator,
                Some(id.to_string()),
                indicator.map(|i| &i.code),
                indicator.map(|i| &i.worded_on(on).title),
            )
        }
    };
    v1::Entity {
        kind: kind.into(),
        id: id.unwrap_or_default(),
        code: code.map(ToString::to_string).unwrap_or_default(),
        title: title.map(show_title),
    }
}

pub(super) fn words(words: &Words) -> v1::Words {
    v1::Words {
        ja: words.ja.clone(),
        en: words.en.clone(),
    }
}

/// An event that an answer rests on.
pub(super) fn event_reference(recorded: &Recorded) -> v1::EventReference {
    let event = &recorded.event;
    let day = |date: Option<Date>| date.map(|day| day.to_string());
    v1::EventReference {
        position: recorded.position,
        event_id: event.id.to_string(),
        r#type: event.payload.event_type().number(),
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        actor: Some(show_actor(&recorded.actor)),
        valid_from: day(event.valid.map(|valid| valid.from)),
        valid_to: day(event.valid.and_then(|valid| valid.to)),
        reason: event.reason.as_ref().map(show_reason),
        source_document: event
            .source_document
            .as_ref()
            .map(crate::grpc::event::show_source_document),
        decision_event_id: event.decision.map(|id| id.to_string()),
    }
}

pub(super) fn receipt(receipt: &Receipt) -> v1::Receipt {
    let first = receipt.events.first().map_or(0, |event| event.position);
    v1::Receipt {
        request_id: receipt.request_id.to_string(),
        ledger: receipt.ledger.to_string(),
        generation: receipt.generation,
        first_position: first,
        size: receipt
            .events
            .last()
            .map_or(first, |event| event.position + 1),
        events: receipt
            .events
            .iter()
            .map(|event| v1::RecordedEvent {
                event_id: event.event_id.to_string(),
                position: event.position,
                stream: Some(show_stream(event.stream)),
                revision: event.revision,
                recorded_at: Some(show_timestamp(event.recorded_at)),
                leaf_hash: event.leaf_hash.as_bytes().to_vec(),
            })
            .collect(),
    }
}

/// Where an event stands that was read back.
pub(super) fn recorded_event(stored: &Stored) -> v1::RecordedEvent {
    let recorded = &stored.recorded;
    v1::RecordedEvent {
        event_id: recorded.event.id.to_string(),
        position: recorded.position,
        stream: Some(show_stream(recorded.event.stream)),
        revision: recorded.revision,
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        leaf_hash: stored.leaf_hash.as_bytes().to_vec(),
    }
}

pub(super) fn notice(notice: &Notice, language: Language) -> v1::Notice {
    v1::Notice {
        kind: notice.kind.number(),
        field: notice.field.clone(),
        message: match language {
            Language::Ja => notice.ja.clone(),
            Language::En => notice.en.clone(),
        },
    }
}

pub(super) fn change(change: &Change) -> v1::Change {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let entity = |named| entity(&change.directory, named, change.recorded_on);
    let mut flags = Vec::new();
    if change.lateness.late {
        flags.push(v1::ChangeFlag::Late.into());
    }
    if change.lateness.retroactive {
        flags.push(v1::ChangeFlag::Retroactive.into());
    }
    v1::Change {
        position: recorded.position,
        event_id: event.id.to_string(),
        r#type: event.payload.event_type().number(),
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        actor: Some(show_actor(&recorded.actor)),
        reason: event.reason.as_ref().map(show_reason),
        decision_event_id: event.decision.map(|id| id.to_string()),
        source_document: event
            .source_document
            .as_ref()
            .map(crate::grpc::event::show_source_document),
        evidence: event.evidence.iter().map(show_evidence).collect(),
        subject: Some(entity(change.subject)),
        goal: change.goal.map(|id| entity(Named::Goal(id))),
        valid_from: event.valid.map(|valid| valid.from.to_string()),
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .map(|day| day.to_string()),
        fields: change.fields.iter().map(field_change).collect(),
        flags,
        days_late: change.lateness.days,
        request_id: recorded.request_id.to_string(),
        stream: Some(show_stream(event.stream)),
        revision: recorded.revision,
        leaf_hash: change.stored.leaf_hash.as_bytes().to_vec(),
    }
}

fn field_change(change: &FieldChange) -> v1::FieldChange {
    v1::FieldChange {
        field: change.field.to_owned(),
        before: change.before.clone(),
        after: change.after.clone(),
    }
}

/// A number of things in memory, which is far below the limit of the type.
pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What a ledger is, from its first event.
pub(super) async fn ledger(
    reader: &Reader,
    default: Option<LedgerId>,
) -> Result<v1::Ledger, crate::ledger::ReadFault> {
    let opened_at = reader.stored(0).await?.recorded.recorded_at;
    let directory = reader.view().directory;
    let Some(opened) = directory.ledger() else {
        return Ok(v1::Ledger::default());
    };
    Ok(v1::Ledger {
        id: opened.ledger.to_string(),
        code: opened.code.to_string(),
        title: Some(show_title(&opened.title)),
        origin: directory.origin().unwrap_or(&opened.origin).to_string(),
        time_zone: opened.time_zone.to_string(),
        locale: opened.locale.to_string(),
        sample: opened.sample,
        clock: opened.clock.number(),
        opened_at: Some(show_timestamp(opened_at)),
        default_ledger: default == Some(opened.ledger),
        access_log_of: opened.access_log_of.map(|id| id.to_string()),
    })
}
