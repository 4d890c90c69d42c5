//! Goals, and what stands under them, as messages.

use super::{count, entity};
use crate::api::v1;
use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named, Phase};
use crate::domain::event::ForecastValue;
use crate::domain::goal::{
    Attachment, Backing, Confirmation, DefinitionVersion, Entry, Forecast, Narrative,
};
use crate::domain::target::TargetVersion;
use crate::grpc::event::{
    Choice as _, show_actor, show_actual, show_baseline, show_definition, show_evidence,
    show_external_reference, show_measurement, show_pillar, show_profile, show_reason, show_target,
    show_timestamp, show_title,
};
use crate::projection::describe::named;
use crate::projection::goal_card::{GoalCard, IndicatorCard, InitiativeCard};
use crate::projection::overview::Counts;

/// How much of a goal is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::grpc) enum Detail {
    /// The goal and counts.
    Summary,
    /// With initiatives and indicators.
    Full,
    /// With narratives and attachments too.
    All,
}

/// Narratives and attachments of a goal told at most: the newest.
pub(in crate::grpc) const TOLD_MAX: usize = 200;

pub(in crate::grpc) fn goal(directory: &Directory, card: &GoalCard, detail: Detail) -> v1::Goal {
    let (entry, on) = (&card.entry, card.on);
    let (place, wording) = (card.place(), entry.worded_on(on));
    let reported = card.indicators().filter(|i| i.is_reported()).count();
    let full = detail != Detail::Summary;
    let all = detail == Detail::All;
    v1::Goal {
        id: card.id.to_string(),
        code: entry.code.to_string(),
        plan: Some(entity(directory, Named::Plan(entry.plan), on)),
        department: Some(entity(directory, Named::Unit(place.department), on)),
        pillar: card.plan.pillar(place.pillar).map(show_pillar),
        title: Some(show_title(&wording.title)),
        source_text: wording.source_text.to_string(),
        standing: Some(match card.upcoming {
            true => upcoming(entry.from),
            false => standing(entry.phase_on(on)),
        }),
        revision: card.revision,
        initiative_count: count(card.initiatives.len()),
        indicator_count: count(card.indicators().count()),
        reported_count: count(reported),
        initiatives: card
            .initiatives
            .iter()
            .filter(|_| full)
            .map(|i| initiative(directory, i, on))
            .collect(),
        narratives: card
            .narratives
            .iter()
            .skip(card.narratives.len().saturating_sub(TOLD_MAX))
            .filter(|_| all)
            .map(|n| narrative(directory, n, on))
            .collect(),
        attachments: card
            .attachments
            .iter()
            .skip(card.attachments.len().saturating_sub(TOLD_MAX))
            .filter(|_| all)
            .map(|a| attachment(directory, a, on))
            .collect(),
        continues: entry
            .continues
            .map(|id| entity(directory, Named::Goal(id), on)),
        continued_by: continued_by(directory, Named::Goal(card.id), on),
    }
}

/// What something goes on in, also where that has not begun.
fn continued_by(directory: &Directory, earlier: Named, on: Date) -> Vec<v1::Entity> {
    let later = directory.continued_by(earlier);
    later.map(|later| entity(directory, later, on)).collect()
}

fn initiative(directory: &Directory, card: &InitiativeCard, on: Date) -> v1::Initiative {
    let entry = &card.entry;
    let (wording, responsible) = (entry.worded_on(on), entry.responsible_on(on));
    let unit = |id| entity(directory, Named::Unit(id), on);
    v1::Initiative {
        id: card.id.to_string(),
        code: entry.code.to_string(),
        number: entry.placed_on(on).number,
        title: Some(show_title(&wording.title)),
        source_text: wording.source_text.to_string(),
        standing: Some(standing(entry.phase_on(on))),
        lead: Some(unit(responsible.lead)),
        contributing: responsible.contributing.iter().copied().map(unit).collect(),
        indicators: card
            .indicators
            .iter()
            .map(|card| indicator(directory, card))
            .collect(),
        continues: entry
            .continues
            .map(|id| entity(directory, Named::Initiative(id), on)),
        continued_by: continued_by(directory, Named::Initiative(card.id), on),
        references: entry
            .references
            .iter()
            .map(show_external_reference)
            .collect(),
    }
}

pub(in crate::grpc) fn indicator(directory: &Directory, card: &IndicatorCard) -> v1::Indicator {
    let (state, cut) = (&card.state, card.cut);
    let own = |named| entity(directory, named, cut.on);
    let wording = card.entry.worded_on(cut.on);
    v1::Indicator {
        id: card.id.to_string(),
        code: card.entry.code.to_string(),
        title: Some(show_title(&wording.title)),
        source_text: wording.source_text.to_string(),
        standing: Some(match card.upcoming {
            true => upcoming(card.entry.from),
            false => standing(card.entry.phase_on(cut.on)),
        }),
        definition: card
            .definition()
            .map(|(number, version)| definition_version(number, version, cut)),
        actual: Some(show_actual(&card.actual)),
        target: card.target().map(target_version),
        first_target: state.first_target_at(cut).map(target_version),
        targets: count(state.targets_at(cut).count()),
        baseline: state
            .baseline_at(cut)
            .map(|version| show_baseline(&version.value)),
        planned_line: state.profile_at(cut).map(|version| v1::PlannedLine {
            profile: Some(show_profile(&version.value.profile)),
            assumed: version.value.assumed,
        }),
        entries: count(card.reports()),
        last_entry: (card.entries().next_back()).map(|last| entry(card, &last, &card.backing)),
        last_forecast: state.forecast_at(cut).map(|last| forecast(last)),
        entry_form: None,
        continues: card.entry.continues.map(|id| own(Named::Indicator(id))),
        continued_by: continued_by(directory, Named::Indicator(card.id), cut.on)
            .into_iter()
            .next(),
    }
}

pub(in crate::grpc) fn standing(phase: Phase) -> v1::Standing {
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

fn upcoming(from: Date) -> v1::Standing {
    v1::Standing {
        phase: v1::Phase::Upcoming.into(),
        since: Some(from.to_string()),
    }
}

pub(in crate::grpc) fn target_version(version: &TargetVersion) -> v1::TargetVersion {
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

/// A definition as of a cut, with what had been confirmed of it.
pub(in crate::grpc) fn definition_version(
    number: u32,
    version: &DefinitionVersion,
    cut: Cut,
) -> v1::DefinitionVersion {
    v1::DefinitionVersion {
        version: number,
        from: version.from.to_string(),
        definition: Some(show_definition(&version.definition_at(cut))),
        confirmed: version
            .confirmed_at(cut)
            .map(|by| v1::FieldsConfirmed {
                fields: by.fields.clone(),
                confirmation: Some(confirmation(&by.confirmation)),
            })
            .collect(),
    }
}

pub(in crate::grpc) fn definitions(card: &IndicatorCard) -> Vec<v1::DefinitionVersion> {
    card.definitions()
        .map(|(number, version)| definition_version(number, version, card.cut))
        .collect()
}

pub(in crate::grpc) fn entry(
    card: &IndicatorCard,
    entry: &Entry<'_>,
    backing: &Backing,
) -> v1::Entry {
    v1::Entry {
        event_id: entry.event_id.to_string(),
        position: entry.position,
        recorded_at: Some(show_timestamp(entry.recorded_at)),
        actor: Some(show_actor(entry.actor)),
        valid_from: entry.valid.from.to_string(),
        valid_to: entry.valid.to.map(|day| day.to_string()),
        measurement: Some(show_measurement(&entry.measurement)),
        part: entry
            .context
            .reported
            .part
            .as_ref()
            .map(|key| key.to_string()),
        unit_code: entry
            .context
            .reported
            .unit_code
            .as_deref()
            .map(str::to_owned),
        definition_version: entry.definition_version,
        reason: backing.reason.as_ref().map(show_reason),
        evidence: backing.evidence.iter().map(show_evidence).collect(),
        corrects: entry.corrects.map(|id| id.to_string()),
        superseded: card.superseded(entry).map(|superseded| v1::Superseded {
            by: superseded.by.to_string(),
            position: superseded.position,
            retracted: superseded.retracted,
        }),
        counts: card.counts(entry),
        confirmations: entry
            .confirmations()
            .iter()
            .filter(|by| card.cut.knows(by.position) && by.date <= card.cut.on)
            .map(confirmation)
            .collect(),
    }
}

pub(in crate::grpc) fn confirmation(by: &Confirmation) -> v1::Confirmation {
    v1::Confirmation {
        event_id: by.event_id.to_string(),
        position: by.position,
        recorded_at: Some(show_timestamp(by.recorded_at)),
        actor: Some(show_actor(&by.actor)),
        date: by.date.to_string(),
    }
}

pub(in crate::grpc) fn forecast(forecast: &Forecast) -> v1::Forecast {
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

fn narrative(directory: &Directory, narrative: &Narrative, on: Date) -> v1::Narrative {
    v1::Narrative {
        event_id: narrative.event_id.to_string(),
        recorded_at: Some(show_timestamp(narrative.recorded_at)),
        actor: Some(show_actor(&narrative.actor)),
        valid_from: narrative.valid.map(|valid| valid.from.to_string()),
        subject: Some(entity(directory, named(&narrative.subject), on)),
        kind: narrative.kind.number(),
        text: narrative.text.to_string(),
    }
}

pub(in crate::grpc) fn attachment(
    directory: &Directory,
    attachment: &Attachment,
    on: Date,
) -> v1::Attachment {
    v1::Attachment {
        event_id: attachment.event_id.to_string(),
        recorded_at: Some(show_timestamp(attachment.recorded_at)),
        actor: Some(show_actor(&attachment.actor)),
        subject: Some(entity(directory, named(&attachment.subject), on)),
        shows: attachment.shows.map(|id| id.to_string()),
        evidence: attachment.evidence.iter().map(show_evidence).collect(),
    }
}

pub(in crate::grpc) fn counts(counts: Counts) -> v1::OverviewCounts {
    v1::OverviewCounts {
        goals: counts.goals,
        initiatives: counts.initiatives,
        indicators: counts.indicators,
        reported: counts.reported,
        upcoming: counts.upcoming,
    }
}
