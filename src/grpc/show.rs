//! Answers of projections as messages.

use crate::api::v1;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named, Phase};
use crate::domain::event::ForecastValue;
use crate::domain::event::Subject;
use crate::domain::goal::{Attachment, Entry, Forecast, Indicator, Narrative};
use crate::domain::id::{LedgerId, UnitId};
use crate::domain::rejection::Notice;
use crate::domain::target::TargetVersion;
use crate::domain::text::Language;
use crate::grpc::event::{
    Choice, show_actor, show_actual, show_baseline, show_definition, show_evidence,
    show_measurement, show_pillar, show_profile, show_reason, show_stream, show_target,
    show_timestamp, show_title,
};
use crate::ledger::{Reader, Receipt, View};
use crate::log::Head;
use crate::projection::change::Change;
use crate::projection::describe::FieldChange;
use crate::projection::goal_card::{GoalCard, IndicatorCard, InitiativeCard};
use crate::projection::overview::Counts;

pub(super) fn head(head: Head) -> v1::Head {
    v1::Head {
        generation: head.generation,
        size: head.size,
        root: head.root.as_bytes().to_vec(),
    }
}

pub(super) fn answered_at(view: &View, effective_on: Date) -> v1::AnsweredAt {
    v1::AnsweredAt {
        head: Some(head(view.head)),
        effective_on: effective_on.to_string(),
    }
}

/// What a thing is called. Things that are not there any more cannot be: nothing is ever deleted.
pub(super) fn entity(directory: &Directory, named: Named) -> v1::Entity {
    let (kind, id, code, title) = match named {
        Named::Ledger => {
            let ledger = directory.ledger();
            (
                v1::EntityKind::Ledger,
                ledger.map(|l| l.ledger.to_string()),
                ledger.map(|l| l.code.to_string()),
                ledger.map(|l| show_title(&l.title)),
            )
        }
        Named::Plan(id) => {
            let plan = directory.plan(id);
            (
                v1::EntityKind::Plan,
                Some(id.to_string()),
                plan.map(|p| p.code.to_string()),
                plan.map(|p| show_title(&p.title)),
            )
        }
        Named::Unit(id) => {
            let unit = directory.unit(id);
            (
                v1::EntityKind::Unit,
                Some(id.to_string()),
                unit.map(|u| u.code.to_string()),
                unit.map(|u| show_title(u.latest().name)),
            )
        }
        Named::Goal(id) => {
            let goal = directory.goal(id);
            (
                v1::EntityKind::Goal,
                Some(id.to_string()),
                goal.map(|g| g.code.to_string()),
                goal.map(|g| show_title(g.title())),
            )
        }
        Named::Initiative(id) => {
            let initiative = directory.initiative(id);
            (
                v1::EntityKind::Initiative,
                Some(id.to_string()),
                initiative.map(|i| i.code.to_string()),
                initiative.map(|i| show_title(i.title())),
            )
        }
        Named::Indicator(id) => {
            let indicator = directory.indicator(id);
            (
                v1::EntityKind::Indicator,
                Some(id.to_string()),
                indicator.map(|i| i.code.to_string()),
                indicator.map(|i| show_title(i.title())),
            )
        }
    };
    v1::Entity {
        kind: kind.into(),
        id: id.unwrap_or_default(),
        code: code.unwrap_or_default(),
        title,
    }
}

/// A unit as it was called on `date`, or as it is called now where it did not exist then.
pub(super) fn unit_on(directory: &Directory, id: UnitId, date: Date) -> v1::Entity {
    let named = directory
        .unit(id)
        .and_then(|unit| unit.on(date))
        .map(|v| show_title(v.name));
    let mut entity = entity(directory, Named::Unit(id));
    if named.is_some() {
        entity.title = named;
    }
    entity
}

fn subject(directory: &Directory, subject: &Subject) -> v1::Entity {
    entity(
        directory,
        match subject {
            Subject::Goal(id) => Named::Goal(*id),
            Subject::Initiative(id) => Named::Initiative(*id),
            Subject::Indicator(id) => Named::Indicator(*id),
        },
    )
}

fn standing(phase: Phase) -> v1::Standing {
    let (phase, since) = match phase {
        Phase::Active => (v1::Phase::Active, None),
        Phase::Suspended(since) => (v1::Phase::Suspended, Some(since)),
        Phase::Cancelled(since) => (v1::Phase::Cancelled, Some(since)),
        Phase::CarriedOver(since) => (v1::Phase::CarriedOver, Some(since)),
    };
    v1::Standing {
        phase: phase.into(),
        since: since.map(|day| day.to_string()),
    }
}

pub(super) fn target_version(version: &TargetVersion) -> v1::TargetVersion {
    v1::TargetVersion {
        event_id: version.event_id.to_string(),
        position: version.position,
        effective_from: version.effective_from.to_string(),
        recorded_on: version.recorded_on.to_string(),
        // A first target is set when the plan is published, often after the cycle began.
        retroactive: version.is_retroactive(),
        target: Some(show_target(&version.target)),
    }
}

pub(super) fn definitions(state: &Indicator) -> Vec<v1::DefinitionVersion> {
    (1..)
        .zip(&state.definitions)
        .map(|(version, known)| v1::DefinitionVersion {
            version,
            from: known.from.to_string(),
            definition: Some(show_definition(&known.definition)),
        })
        .collect()
}

pub(super) fn entry(state: &Indicator, entry: &Entry) -> v1::Entry {
    v1::Entry {
        event_id: entry.event_id.to_string(),
        position: entry.position,
        recorded_at: Some(show_timestamp(entry.recorded_at)),
        actor: Some(show_actor(&entry.actor)),
        valid_from: entry.valid.from.to_string(),
        valid_to: entry.valid.to.map(|day| day.to_string()),
        measurement: Some(show_measurement(&entry.measurement)),
        part: entry.reported.part.as_ref().map(|key| key.to_string()),
        unit_code: entry.reported.unit_code.clone(),
        definition_version: entry.definition_version,
        reason: entry.reason.as_ref().map(show_reason),
        evidence: entry.evidence.iter().map(show_evidence).collect(),
        corrects: entry.corrects.map(|id| id.to_string()),
        superseded: entry.superseded.map(|superseded| v1::Superseded {
            by: superseded.by.to_string(),
            position: superseded.position,
            retracted: superseded.retracted,
        }),
        counts: entry.superseded.is_none()
            && entry.definition_version == state.definition_version(),
    }
}

pub(super) fn forecast(forecast: &Forecast) -> v1::Forecast {
    let value = match forecast.value {
        ForecastValue::Value(value) => v1::forecast::Forecast::Value(value.to_string()),
        ForecastValue::Date(date) => v1::forecast::Forecast::Date(date.to_string()),
    };
    v1::Forecast {
        event_id: forecast.event_id.to_string(),
        made_on: forecast.made_on.to_string(),
        recorded_at: Some(show_timestamp(forecast.recorded_at)),
        actor: Some(show_actor(&forecast.actor)),
        forecast: Some(value),
        confidence: forecast.confidence,
        basis: forecast.basis.to_string(),
    }
}

fn narrative(directory: &Directory, narrative: &Narrative) -> v1::Narrative {
    v1::Narrative {
        event_id: narrative.event_id.to_string(),
        recorded_at: Some(show_timestamp(narrative.recorded_at)),
        actor: Some(show_actor(&narrative.actor)),
        valid_from: narrative.valid.map(|valid| valid.from.to_string()),
        subject: Some(subject(directory, &narrative.subject)),
        kind: narrative.kind.number(),
        text: narrative.text.to_string(),
    }
}

fn attachment(directory: &Directory, attachment: &Attachment) -> v1::Attachment {
    v1::Attachment {
        event_id: attachment.event_id.to_string(),
        recorded_at: Some(show_timestamp(attachment.recorded_at)),
        actor: Some(show_actor(&attachment.actor)),
        subject: Some(subject(directory, &attachment.subject)),
        shows: attachment.shows.map(|id| id.to_string()),
        evidence: attachment.evidence.iter().map(show_evidence).collect(),
    }
}

pub(super) fn indicator(card: &IndicatorCard) -> v1::Indicator {
    let state = &card.state;
    v1::Indicator {
        id: card.id.to_string(),
        code: card.entry.code.to_string(),
        title: Some(show_title(card.entry.title())),
        source_text: state.source_text().to_string(),
        standing: Some(standing(card.entry.phase())),
        definition: definitions(state).pop(),
        actual: Some(show_actual(&card.actual)),
        target: card.target.as_ref().map(target_version),
        first_target: state.first_target().map(target_version),
        targets: count(state.targets.len()),
        baseline: state.baseline().map(show_baseline),
        planned_line: state.profile().map(|line| v1::PlannedLine {
            profile: Some(show_profile(&line.profile)),
            assumed: line.assumed,
        }),
        entries: count(state.entries.len()),
        last_entry: state.entries.last().map(|last| entry(state, last)),
        last_forecast: state.forecasts.last().map(|last| forecast(last)),
    }
}

/// A number of things in memory, which is far below the limit of the type.
pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn initiative(directory: &Directory, card: &InitiativeCard, date: Date) -> v1::Initiative {
    let responsible = card.entry.responsible_on(date);
    v1::Initiative {
        id: card.id.to_string(),
        code: card.entry.code.to_string(),
        number: card.entry.number(),
        title: Some(show_title(card.entry.title())),
        source_text: card.entry.source_text().to_string(),
        standing: Some(standing(card.entry.phase())),
        lead: Some(unit_on(directory, responsible.lead, date)),
        contributing: responsible
            .contributing
            .iter()
            .map(|id| unit_on(directory, *id, date))
            .collect(),
        indicators: card.indicators.iter().map(indicator).collect(),
    }
}

/// How much of a goal is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detail {
    /// The goal and counts.
    Summary,
    /// With initiatives and indicators.
    Full,
    /// With narratives and attachments too.
    All,
}

/// Narratives and attachments of a goal told at most: the newest.
const TOLD_MAX: usize = 200;

pub(super) fn goal(directory: &Directory, card: &GoalCard, date: Date, detail: Detail) -> v1::Goal {
    let indicators = || {
        card.initiatives
            .iter()
            .flat_map(|initiative| &initiative.indicators)
    };
    let reported = indicators()
        .filter(|i| i.state.effective().next().is_some())
        .count();
    let full = detail != Detail::Summary;
    let all = detail == Detail::All;
    v1::Goal {
        id: card.id.to_string(),
        code: card.entry.code.to_string(),
        plan: Some(entity(directory, Named::Plan(card.entry.plan))),
        department: Some(unit_on(directory, card.entry.department(), date)),
        pillar: card.plan.pillar(card.entry.pillar()).map(show_pillar),
        title: Some(show_title(card.entry.title())),
        source_text: card.entry.source_text().to_string(),
        standing: Some(standing(card.entry.phase())),
        revision: card.revision,
        initiative_count: count(card.initiatives.len()),
        indicator_count: count(indicators().count()),
        reported_count: count(reported),
        initiatives: card
            .initiatives
            .iter()
            .filter(|_| full)
            .map(|i| initiative(directory, i, date))
            .collect(),
        narratives: card
            .narratives
            .iter()
            .skip(card.narratives.len().saturating_sub(TOLD_MAX))
            .filter(|_| all)
            .map(|n| narrative(directory, n))
            .collect(),
        attachments: card
            .attachments
            .iter()
            .skip(card.attachments.len().saturating_sub(TOLD_MAX))
            .filter(|_| all)
            .map(|a| attachment(directory, a))
            .collect(),
    }
}

pub(super) fn counts(counts: Counts) -> v1::OverviewCounts {
    v1::OverviewCounts {
        goals: counts.goals,
        initiatives: counts.initiatives,
        indicators: counts.indicators,
        reported: counts.reported,
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

pub(super) fn change(directory: &Directory, change: &Change) -> v1::Change {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let mut flags = Vec::new();
    if change.late {
        flags.push(v1::ChangeFlag::Late.into());
    }
    if change.retroactive {
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
        subject: Some(entity(directory, change.subject)),
        goal: change.goal.map(|id| entity(directory, Named::Goal(id))),
        valid_from: event.valid.map(|valid| valid.from.to_string()),
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .map(|day| day.to_string()),
        fields: change.fields.iter().map(field_change).collect(),
        flags,
        days_late: change.days_late,
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

/// What a ledger is, from its first event.
pub(super) async fn ledger(
    reader: &Reader,
    view: &View,
    default: Option<LedgerId>,
) -> Result<v1::Ledger, crate::ledger::ReadFault> {
    let opened_at = reader.stored(0).await?.recorded.recorded_at;
    let Some(opened) = view.directory.ledger() else {
        return Ok(v1::Ledger::default());
    };
    Ok(v1::Ledger {
        id: opened.ledger.to_string(),
        code: opened.code.to_string(),
        title: Some(show_title(&opened.title)),
        origin: opened.origin.to_string(),
        time_zone: opened.time_zone.to_string(),
        locale: opened.locale.to_string(),
        sample: opened.sample,
        clock: opened.clock.number(),
        opened_at: Some(show_timestamp(opened_at)),
        default_ledger: default == Some(opened.ledger),
    })
}
