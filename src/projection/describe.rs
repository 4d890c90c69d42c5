//! What an event changes, field by field, in figures and words for people.
//!
//! Found by comparing what was known before with what is known after, so that every kind of event is
//! told in one way, and a correction shows what it does to the total.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::domain::actual::aggregate::{Advancing, Cut};
use crate::domain::actual::{Actual, Measurement};
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{Directory, Named, Phase};
use crate::domain::event::{Event, ForecastValue, Payload, Stream, StreamKind, Subject};
use crate::domain::goal::{Goal, Indicator, Version};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::indicator::{Definition, ExternalReference};
use crate::domain::target::{Aim, PlanProfile, Target};

mod access;
mod decision;
mod evaluation;
mod round;
mod trust;

/// One field that an event changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldChange {
    /// Which field.
    pub field: &'static str,
    /// What it was; `None`: there was nothing.
    pub before: Option<String>,
    /// What it is; `None`: there is nothing any more.
    pub after: Option<String>,
}

/// What is known at one point: what stands where, and the state of the goal's stream.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What stands where.
    pub directory: &'a Directory,
    /// The state of the event's stream where that is a goal's, maybe with more than is known.
    pub goal: &'a Goal,
    /// Which of its events are known: those at positions below; `None`: all that are folded in.
    pub size: Option<u64>,
}

impl<'a> Known<'a> {
    /// What is known, whatever the day it holds from.
    fn cut(self) -> Cut {
        Cut {
            on: Date::MAX,
            known: self.size,
        }
    }

    /// An indicator of the stream; it may hold more than is known.
    fn indicator(self, id: IndicatorId) -> Option<&'a Indicator> {
        self.goal.indicator(id).map(AsRef::as_ref)
    }

    /// How an indicator is measured, as last said, with the number of the version.
    fn definition(self, id: IndicatorId) -> Option<(u32, &'a Definition)> {
        let (number, version) = self.indicator(id)?.definition_at(self.cut())?;
        Some((number, &version.definition))
    }
}

/// What the indicators of a stream stood at, as far as it was told: for those who tell of one event after another.
pub type Actuals<'a> = HashMap<IndicatorId, Advancing<'a>>;

/// What is changed: the subject of an event.
pub fn subject_of(event: &Event) -> Named {
    match &event.payload {
        Payload::LedgerOpened(_) => Named::Ledger,
        Payload::PolicyPublished(_)
        | Payload::LedgerContinued(_)
        | Payload::PersonRegistered(_)
        | Payload::PersonChanged(_)
        | Payload::RoleGranted(_)
        | Payload::RoleRevoked(_)
        | Payload::DelegationRegistered(_)
        | Payload::DelegationEnded(_)
        | Payload::KeyAnnounced(_)
        | Payload::KeyRetired(_)
        | Payload::KeyCompromised(_)
        | Payload::HeadsRecorded(_)
        | Payload::PersonalDataErased(_)
        | Payload::EvidenceErased(_)
        | Payload::OperationAuthorised(_)
        | Payload::AccessRecorded(_)
        | Payload::AccessesLeftOut(_) => Named::Ledger,
        Payload::ChangeProposed(p) => subject_of(&p.change.event(event.id, event.stream)),
        Payload::ChangeConsulted(_)
        | Payload::ChangeDecided(_)
        | Payload::ChangeWithdrawn(_)
        | Payload::ProposalExpired(_)
        | Payload::DecisionReviewed(_) => of_stream(event.stream),
        Payload::PlanPublished(p) => Named::Plan(p.plan),
        Payload::ImportAccepted(p) => Named::Plan(p.plan),
        Payload::PeriodOpened(p) => Named::Plan(p.plan),
        Payload::PeriodSoftClosed(p) => Named::Plan(p.plan),
        Payload::PeriodClosed(p) => Named::Plan(p.plan),
        Payload::PeriodReopened(p) => Named::Plan(p.plan),
        Payload::SnapshotTaken(p) => Named::Plan(p.plan),
        Payload::RestatementIssued(p) => Named::Plan(p.plan),
        Payload::ReportingCalendarSet(p) => Named::Plan(p.plan),
        Payload::AuditFindingRecorded(p) => Named::Plan(p.plan),
        Payload::AuditFindingAnswered(p) => Named::Plan(p.plan),
        Payload::OrgUnitRegistered(p) => Named::Unit(p.unit),
        Payload::OrgUnitChanged(p) => Named::Unit(p.unit),
        Payload::GoalSet(p) => Named::Goal(p.goal),
        Payload::GoalReworded(p) => Named::Goal(p.goal),
        Payload::GoalMoved(p) => Named::Goal(p.goal),
        Payload::GoalSuspended(p) => Named::Goal(p.goal),
        Payload::GoalResumed(p) => Named::Goal(p.goal),
        Payload::GoalCancelled(p) => Named::Goal(p.goal),
        Payload::GoalCarriedOver(p) => Named::Goal(p.goal),
        Payload::InitiativeSet(p) => Named::Initiative(p.initiative),
        Payload::InitiativeReworded(p) => Named::Initiative(p.initiative),
        Payload::InitiativeMoved(p) => Named::Initiative(p.initiative),
        Payload::InitiativeCancelled(p) => Named::Initiative(p.initiative),
        Payload::ResponsibilityTransferred(p) => Named::Initiative(p.initiative),
        Payload::IndicatorDefined(p) => Named::Indicator(p.indicator),
        Payload::IndicatorReworded(p) => Named::Indicator(p.indicator),
        Payload::IndicatorMoved(p) => Named::Indicator(p.indicator),
        Payload::IndicatorRedefined(p) => Named::Indicator(p.indicator),
        Payload::IndicatorCancelled(p) => Named::Indicator(p.indicator),
        Payload::BaselineSet(p) => Named::Indicator(p.indicator),
        Payload::TargetSet(p) => Named::Indicator(p.indicator),
        Payload::TargetRevised(p) => Named::Indicator(p.indicator),
        Payload::PlanProfileSet(p) => Named::Indicator(p.indicator),
        Payload::ActualRecorded(p) => Named::Indicator(p.indicator),
        Payload::ActualCorrected(p) => Named::Indicator(p.indicator),
        Payload::ActualRetracted(p) => Named::Indicator(p.indicator),
        Payload::ActualConfirmed(p) => Named::Indicator(p.indicator),
        Payload::DemandRecorded(p) => Named::Indicator(p.indicator),
        Payload::ForecastSubmitted(p) => Named::Indicator(p.indicator),
        Payload::NarrativeAdded(p) => named(&p.subject),
        Payload::EvidenceAttached(p) => named(&p.subject),
        Payload::SelfEvaluated(p) => named(&p.subject),
        Payload::EvaluationReviewed(p) => named(&p.subject),
        Payload::EvaluationFinalised(p) => named(&p.subject),
        Payload::NextActionAgreed(p) => named(&p.subject),
        Payload::NextActionClosed(p) => named(&p.subject),
    }
}

/// What a payload names beside what it is about; of a proposal, what the change does.
pub fn named_beside(payload: &Payload) -> Vec<Named> {
    let indicators =
        |ids: &[IndicatorId]| ids.iter().map(|id| Some(Named::Indicator(*id))).collect();
    let named: Vec<Option<Named>> = match payload {
        Payload::ChangeProposed(p) => return named_beside(&p.change.payload),
        Payload::GoalSet(p) => vec![p.continues.map(Named::Goal)],
        Payload::GoalCarriedOver(p) => vec![p.to_goal.map(Named::Goal)],
        Payload::InitiativeSet(p) => vec![
            Some(Named::Goal(p.goal)),
            p.continues.map(Named::Initiative),
        ],
        Payload::InitiativeMoved(p) => {
            vec![Some(Named::Goal(p.from_goal)), Some(Named::Goal(p.to_goal))]
        }
        Payload::IndicatorDefined(p) => {
            let mut named: Vec<_> = indicators(&p.definition.components);
            named.push(Some(Named::Initiative(p.initiative)));
            named.push(p.continues.map(Named::Indicator));
            named
        }
        Payload::IndicatorRedefined(p) => indicators(&p.definition.components),
        Payload::IndicatorMoved(p) => vec![
            Some(Named::Initiative(p.from_initiative)),
            Some(Named::Initiative(p.to_initiative)),
        ],
        Payload::PeriodReopened(p) => indicators(&p.scope),
        _ => Vec::new(),
    };
    named.into_iter().flatten().collect()
}

/// What a stream is about.
fn of_stream(stream: Stream) -> Named {
    let id = stream.id.as_bytes();
    let named = match stream.kind {
        StreamKind::Ledger => None,
        StreamKind::Plan => PlanId::from_bytes(id).ok().map(Named::Plan),
        StreamKind::Org => UnitId::from_bytes(id).ok().map(Named::Unit),
        StreamKind::Goal => GoalId::from_bytes(id).ok().map(Named::Goal),
    };
    named.unwrap_or(Named::Ledger)
}

/// What something is about.
pub fn named(subject: &Subject) -> Named {
    match subject {
        Subject::Goal(id) => Named::Goal(*id),
        Subject::Initiative(id) => Named::Initiative(*id),
        Subject::Indicator(id) => Named::Indicator(*id),
    }
}

/// What `event` changes between `before` and `after`. `cycle` is that of the plan it belongs to, `date`
/// the day for which actuals are told and units are named: that of the record. What was set is told as last
/// recorded, whether or not it is in force yet. Costs least where `actuals` are of the event before it.
pub fn changes<'a>(
    event: &Event,
    before: Known<'a>,
    after: Known<'a>,
    cycle: Option<DateSpan>,
    date: Date,
    actuals: &mut Actuals<'a>,
) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let old = fields(subject_of(event), before, cycle, date, actuals);
    let new = fields(subject_of(event), after, cycle, date, actuals);
    // The entry itself comes first: what was reported, then what it does to the total.
    changes.extend(told(event, after));
    changes.extend(evaluation::told(event, before, after, date));
    changes.extend(round::told(event, before, after, date));
    changes.extend(trust::told(event, before, after));
    changes.extend(access::told(event, before, after, date));
    changes.extend(decision::told(event, after));
    for (field, value) in &new {
        let earlier = old
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value);
        if earlier != Some(value) {
            changes.push(FieldChange {
                field,
                before: earlier.cloned(),
                after: Some(value.clone()),
            });
        }
    }
    for (field, value) in &old {
        if !new.iter().any(|(name, _)| name == field) {
            changes.push(FieldChange {
                field,
                before: Some(value.clone()),
                after: None,
            });
        }
    }
    changes
}

/// What an event tells by itself, beside what it changes.
fn told(event: &Event, after: Known<'_>) -> Option<FieldChange> {
    let entry =
        |indicator: IndicatorId, before: Option<&Measurement>, after_: Option<&Measurement>| {
            let definition = after
                .definition(indicator)
                .map(|(_, definition)| definition);
            let text = |m: &Measurement| measurement(m, definition);
            FieldChange {
                field: "entry",
                before: before.map(text),
                after: after_.map(text),
            }
        };
    match &event.payload {
        Payload::ActualRecorded(p) => Some(entry(p.indicator, None, Some(&p.measurement))),
        Payload::ActualCorrected(p) => {
            Some(entry(p.indicator, p.before.as_ref(), Some(&p.measurement)))
        }
        Payload::ActualRetracted(p) => Some(entry(p.indicator, p.before.as_ref(), None)),
        Payload::IndicatorReworded(p) if !p.confirms.is_empty() => {
            Some(plain("confirms", p.confirms.join(", ")))
        }
        Payload::DemandRecorded(p) => Some(plain("demand", p.requests.to_string())),
        Payload::NarrativeAdded(p) => Some(plain("narrative", p.text.to_string())),
        Payload::EvidenceAttached(_) => {
            let titles: Vec<&str> = event.evidence.iter().map(|e| e.title.as_str()).collect();
            Some(plain("evidence", titles.join(", ")))
        }
        Payload::ImportAccepted(p) => Some(plain(
            "import",
            format!(
                "{}: {} goals, {} initiatives, {} indicators",
                p.file_name, p.goals, p.initiatives, p.indicators
            ),
        )),
        _ => None,
    }
}

fn plain(field: &'static str, after: String) -> FieldChange {
    FieldChange {
        field,
        before: None,
        after: Some(after),
    }
}

/// Everything known of a subject, by field.
fn fields<'a>(
    subject: Named,
    known: Known<'a>,
    cycle: Option<DateSpan>,
    date: Date,
    actuals: &mut Actuals<'a>,
) -> Vec<(&'static str, String)> {
    let directory = known.directory;
    let mut fields = Vec::new();
    let mut set = |field, value: String| fields.push((field, value));
    match subject {
        Named::Ledger => {
            if let Some(ledger) = directory.ledger() {
                set("title", ledger.title.ja.to_string());
            }
        }
        Named::Plan(id) => {
            if let Some(plan) = directory.plan(id) {
                set("title", plan.title.ja.to_string());
                set("cycle", plan.cycle.to_string());
            }
        }
        Named::Unit(id) => {
            if let Some(unit) = directory.unit(id) {
                set("name", unit.names.newest().ja.to_string());
                if let Some(parent) = unit.parents.newest() {
                    set("parent", unit_text(directory, *parent, date));
                }
                if let Some(until) = unit.until {
                    set("until", until.to_string());
                }
            }
        }
        Named::Goal(id) => {
            if let Some(goal) = directory.goal(id) {
                set("title", goal.title().ja.to_string());
                set("source_text", goal.source_text().to_string());
                set("department", unit_text(directory, goal.department(), date));
                set("pillar", goal.pillar().to_string());
                set("phase", phase(goal.phase()));
                if let Some(earlier) = goal.continues.and_then(|id| directory.goal(id)) {
                    set("continues", earlier.code.to_string());
                }
            }
        }
        Named::Initiative(id) => {
            if let Some(initiative) = directory.initiative(id) {
                set("title", initiative.title().ja.to_string());
                set("source_text", initiative.source_text().to_string());
                if let Some(goal) = directory.goal(initiative.goal()) {
                    set("goal", goal.code.to_string());
                }
                let responsible = initiative.newest_responsible();
                set("lead_unit", unit_text(directory, responsible.lead, date));
                if !responsible.contributing.is_empty() {
                    let names: Vec<String> = responsible
                        .contributing
                        .iter()
                        .map(|id| unit_text(directory, *id, date))
                        .collect();
                    set("contributing_units", names.join(", "));
                }
                set("phase", phase(initiative.phase()));
                let earlier = initiative.continues.and_then(|id| directory.initiative(id));
                if let Some(earlier) = earlier {
                    set("continues", earlier.code.to_string());
                }
                if !initiative.references.is_empty() {
                    let told = initiative.references.iter().map(reference_text);
                    set("references", told.collect::<Vec<String>>().join(", "));
                }
            }
        }
        Named::Indicator(id) => {
            if let Some(indicator) = directory.indicator(id) {
                set("title", indicator.title().ja.to_string());
                set(
                    "initiative",
                    initiative_text(directory, indicator.initiative()),
                );
                set("phase", phase(indicator.phase()));
                let earlier = indicator.continues.and_then(|id| directory.indicator(id));
                if let Some(earlier) = earlier {
                    set("continues", earlier.code.to_string());
                }
            }
            indicator_fields(id, known, cycle, date, actuals, &mut set);
        }
    }
    fields
}

fn indicator_fields<'a>(
    id: IndicatorId,
    known: Known<'a>,
    cycle: Option<DateSpan>,
    date: Date,
    actuals: &mut Actuals<'a>,
    set: &mut dyn FnMut(&'static str, String),
) {
    let (Some(state), Some((number, definition))) = (known.indicator(id), known.definition(id))
    else {
        return;
    };
    let cut = known.cut();
    if let Some(text) = state.source_text_at(cut) {
        set("source_text", text.to_string());
    }
    set(
        "definition",
        format!("{number} ({})", definition.measure_type.code()),
    );
    // The newest decision, whether or not it is in force yet.
    if let Some(version) = state.targets_at(cut).next_back() {
        let text = target(&version.target, definition);
        set("target", format!("{text} ({}〜)", version.effective_from));
    }
    if let Some(Version { value, .. }) = state.baseline_at(cut) {
        let text = with_unit(value.value, definition);
        set("baseline", format!("{text} ({})", value.as_of));
    }
    if let Some(Version { value, .. }) = state.profile_at(cut) {
        set("plan_profile", profile_text(&value.profile, value.assumed));
    }
    if let Some(forecast) = state.forecasts_at(cut).next_back() {
        let value = match forecast.value {
            ForecastValue::Value(value) => with_unit(value, definition),
            ForecastValue::Date(date) => date.to_string(),
        };
        set("forecast", value);
    }
    if let Some(cycle) = cycle {
        let own = actuals.entry(id).or_insert_with(|| Advancing::new(state));
        if !std::ptr::eq(own.indicator(), state) {
            *own = Advancing::new(state);
        }
        let stood = own.actual_at(cycle, Cut { on: date, ..cut });
        if let Some(text) = actual(&stood, definition) {
            set("actual", text);
        }
    }
}

/// A document and the clause in it.
fn reference_text(reference: &ExternalReference) -> String {
    let document = reference.document.as_str();
    match &reference.clause {
        Some(clause) => format!("{document} {}", clause.as_str()),
        None => document.to_owned(),
    }
}

fn unit_text(directory: &Directory, id: UnitId, date: Date) -> String {
    directory
        .unit(id)
        .map_or_else(|| id.to_string(), |unit| unit.name_on(date).ja.to_string())
}

fn initiative_text(directory: &Directory, id: InitiativeId) -> String {
    directory
        .initiative(id)
        .map_or_else(|| id.to_string(), |i| i.code.to_string())
}

fn phase(phase: Phase) -> String {
    match phase {
        Phase::Active => "ACTIVE".to_owned(),
        Phase::Suspended(since) => format!("SUSPENDED ({since}〜)"),
        Phase::Cancelled(since) => format!("CANCELLED ({since}〜)"),
        Phase::CarriedOver(since) => format!("CARRIED_OVER ({since}〜)"),
    }
}

fn with_unit(value: impl std::fmt::Display, definition: &Definition) -> String {
    format!("{value} {}", definition.unit.display_ja)
}

fn profile_text(profile: &PlanProfile, assumed: bool) -> String {
    let mut text = profile.code().to_owned();
    if let PlanProfile::Monthly(points) | PlanProfile::Reference(points) = profile {
        for point in points {
            let _ = write!(text, " {}={}", point.date, point.value);
        }
    }
    if assumed {
        text.push_str(" (assumed)");
    }
    text
}

/// A target in figures, with its unit.
pub fn target(target: &Target, definition: &Definition) -> String {
    let mut text = match &target.aim {
        Aim::Value(value) => with_unit(value, definition),
        Aim::AllMembers => "ALL".to_owned(),
        Aim::Range { lower, upper } => with_unit(format!("{lower}–{upper}"), definition),
        Aim::Approximate { value, tolerance } => {
            with_unit(format!("{value} (-{tolerance})"), definition)
        }
        Aim::Done { due, end_state } => format!("{} {due}", end_state.code()),
        Aim::RubricLevel(level) => format!("LEVEL {level}"),
        Aim::Components => "COMPONENTS".to_owned(),
    };
    for part in &target.parts {
        let _ = write!(text, " [{}: {}]", part.part, part.value);
    }
    text
}

/// A measurement in figures, with its unit where the definition is known.
pub fn measurement(measurement: &Measurement, definition: Option<&Definition>) -> String {
    let unit = |value: String| match definition {
        Some(definition) => with_unit(value, definition),
        None => value,
    };
    match measurement {
        Measurement::Increment(value) if value.is_negative() => unit(value.to_string()),
        Measurement::Increment(value) => unit(format!("+{value}")),
        Measurement::Level(value) => unit(value.to_string()),
        Measurement::Ratio {
            numerator,
            denominator,
        } => format!("{numerator}/{denominator}"),
        Measurement::Member { member, state } => format!("{member} {}", state.code()),
        Measurement::MemberValue { member, value } => {
            format!("{member} {}", unit(value.to_string()))
        }
        Measurement::Milestone {
            checkpoint: None,
            state,
        } => state.code().to_owned(),
        Measurement::Milestone {
            checkpoint: Some(key),
            state,
        } => format!("{key} {}", state.code()),
        Measurement::RubricLevel(level) => format!("LEVEL {level}"),
        Measurement::Nil(cause) => cause.code().to_owned(),
    }
}

/// What reports come to, in figures; `None` while there is no report.
pub fn actual(known: &Actual, definition: &Definition) -> Option<String> {
    Some(match known {
        Actual::NoReport | Actual::Composite => return None,
        Actual::Nil(cause) => cause.code().to_owned(),
        Actual::Number { value, parts } => {
            let mut text = with_unit(value, definition);
            for (part, value) in parts {
                let _ = write!(text, " [{part}: {value}]");
            }
            text
        }
        Actual::Ratio {
            numerator,
            denominator,
        } => {
            let shown = known.rounded(definition, 2);
            let value = shown.map_or_else(String::new, |value| with_unit(value, definition));
            format!("{numerator}/{denominator} = {value}")
        }
        Actual::Months {
            months,
            total,
            complete_months,
            ..
        } => match known.rounded(definition, 2) {
            Some(mean) => format!(
                "{} ({complete_months} complete months, {total} in all)",
                with_unit(mean, definition)
            ),
            None => format!(
                "{} in {} months",
                with_unit(total, definition),
                months.len()
            ),
        },
        Actual::Coverage { done, in_set } => format!("{}/{in_set}", done.len()),
        Actual::Members { values, in_set } => format!("{} of {in_set} reported", values.len()),
        Actual::Milestone { state, since, .. } => format!("{} ({since})", state.code()),
        Actual::RubricLevel(level) => format!("LEVEL {level}"),
    })
}

#[cfg(test)]
mod tests;
