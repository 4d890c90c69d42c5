//! Rules of progress: reports, corrections, retractions, demand, forecasts.
//!
//! Nothing here reads all entries: places and sums are looked up in the tally of the definition.

use super::Judge;
use super::values::has_part;
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::Phase;
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, DemandRecorded, EvidenceAttached,
    ForecastSubmitted, ForecastValue, Validity,
};
use crate::domain::goal::{DefinitionVersion, Entry, Indicator, Slot};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::{AggTime, Definition, MeasureType};
use crate::domain::rejection::Reason;

/// A report as it is judged: what it says, and the entry it would replace.
pub(super) struct Report<'a> {
    pub(super) indicator: &'a Indicator,
    pub(super) version: &'a DefinitionVersion,
    pub(super) version_number: u32,
    pub(super) valid: Validity,
    pub(super) measurement: &'a Measurement,
    pub(super) slot: Option<Slot>,
    /// The entry replaced, with its index among the indicator's entries.
    pub(super) replaced: Option<(usize, Entry<'a>)>,
}

impl<'a> Judge<'a> {
    pub(super) fn actual_recorded(&mut self, p: &mut ActualRecorded) {
        let Some((indicator, cycle)) = self.reported_on(p.indicator) else {
            return;
        };
        self.phases(p.indicator);
        if let Some(valid) = self.proposed.valid {
            self.reported_into(p.indicator, valid.counts_on());
        }
        self.report(indicator, cycle, &p.measurement, &mut p.reported, None);
    }

    pub(super) fn actual_corrected(&mut self, p: &mut ActualCorrected) {
        let Some((indicator, cycle)) = self.reported_on(p.indicator) else {
            return;
        };
        self.phases(p.indicator);
        let replaced = self.standing_entry(indicator, p.corrects, "corrects", &mut p.before);
        let old = replaced.as_ref().map(|(_, entry)| entry.valid.counts_on());
        let new = self.proposed.valid.map(|valid| valid.counts_on());
        let days: Vec<Date> = old.into_iter().chain(new).collect();
        self.changed_in(p.indicator, &days);
        self.report(indicator, cycle, &p.measurement, &mut p.reported, replaced);
    }

    /// What was entered in error can be taken back whatever has become of the goal since.
    pub(super) fn actual_retracted(&mut self, p: &mut ActualRetracted) {
        let Some((indicator, cycle)) = self.reported_on(p.indicator) else {
            return;
        };
        let retracted = self.standing_entry(indicator, p.retracts, "retracts", &mut p.before);
        if let Some((_, entry)) = retracted {
            self.changed_in(p.indicator, &[entry.valid.counts_on()]);
        }
        if let Some(valid) = self.proposed.valid
            && let Some((_, version)) = indicator.definition_on(valid.counts_on(), None)
        {
            self.observed_days(valid, &version.definition, cycle);
        }
    }

    pub(super) fn demand_recorded(&mut self, p: &DemandRecorded) {
        let Some((indicator, cycle)) = self.reported_on(p.indicator) else {
            return;
        };
        self.phases(p.indicator);
        let Some(valid) = self.proposed.valid else {
            return;
        };
        let Some((_, version)) = indicator.definition_on(valid.counts_on(), None) else {
            return;
        };
        let definition = &version.definition;
        self.observed_days(valid, definition, cycle);
        self.reported_into(p.indicator, valid.counts_on());
        if !definition.demand_driven {
            self.reject(Reason::NotDemandDriven, "indicator");
        }
        if p.requests.is_negative() || !p.requests.is_integer() {
            let figures: [(_, &dyn std::fmt::Display); 3] = [
                ("unit", &definition.unit.display_ja),
                ("allowed", &"0以上の整数"),
                ("allowed_en", &"a whole number of 0 or more"),
            ];
            self.reject_with(Reason::ValueOutOfDomain, "requests", &figures);
        }
    }

    pub(super) fn forecast_submitted(&mut self, p: &ForecastSubmitted) {
        let Some((indicator, cycle)) = self.reported_on(p.indicator) else {
            return;
        };
        self.phases(p.indicator);
        if p.confidence.is_some_and(|confidence| 10 < confidence) {
            self.reject_form("confidence", "from 0 to 10");
        }
        let Some(made_on) = self.from() else { return };
        let Some((_, version)) = indicator.definition_on(made_on, None) else {
            return;
        };
        let definition = &version.definition;
        self.observed_days(Validity::from(made_on), definition, cycle);
        match (definition.measure_type, p.value) {
            (MeasureType::Milestone, ForecastValue::Date(day)) => {
                if day < made_on {
                    self.reject_with(Reason::DateTooEarly, "date", &[("earliest", &made_on)]);
                }
            }
            (MeasureType::Milestone, ForecastValue::Value(_)) => {
                self.reject_form("value", "a milestone is expected by a day");
            }
            (MeasureType::Qualitative | MeasureType::Composite, value) => {
                let field = if matches!(value, ForecastValue::Date(_)) {
                    "date"
                } else {
                    "value"
                };
                self.reject_form(field, "this indicator has no value to expect");
            }
            (_, ForecastValue::Date(_)) => {
                self.reject_form("date", "a value is expected, not a day")
            }
            (_, ForecastValue::Value(value)) => self.aimed(definition, value, "value"),
        }
    }

    pub(super) fn evidence_attached(&mut self, p: &EvidenceAttached) {
        self.subject(&p.subject);
        if self.proposed.evidence.is_empty() {
            self.reject_envelope(Reason::EvidenceRequired, "evidence", &[]);
        }
    }

    /// What is known of an indicator, and the days of its plan.
    pub(super) fn reported_on(&mut self, id: IndicatorId) -> Option<(&'a Indicator, DateSpan)> {
        let directory = self.context.directory;
        let goal = self.goal;
        let found = directory.indicator(id).zip(goal.indicator(id));
        let Some((entry, indicator)) = found else {
            self.reject(Reason::IndicatorUnknown, "indicator");
            return None;
        };
        self.cycle_of_initiative(entry.initiative())
            .map(|cycle| (indicator.as_ref(), cycle))
    }

    /// On that day the indicator, its initiative and its goal were neither given up nor at rest. Days before
    /// can still be reported.
    fn phases(&mut self, id: IndicatorId) {
        let Some(day) = self.proposed.valid.map(|valid| valid.counts_on()) else {
            return;
        };
        let directory = self.context.directory;
        let Some(indicator) = directory.indicator(id) else {
            return;
        };
        let initiative = directory.initiative(indicator.initiative());
        let goal = initiative.and_then(|initiative| directory.goal(initiative.goal()));
        let ended = |phase: Phase| match phase {
            Phase::Cancelled(since) if since <= day => Some(since),
            _ => None,
        };
        if let Some(since) = ended(indicator.phase()) {
            self.reject_with(
                Reason::IndicatorCancelled,
                "indicator",
                &[("since", &since)],
            );
        }
        if let Some(since) = initiative.and_then(|initiative| ended(initiative.phase())) {
            self.reject_with(
                Reason::InitiativeCancelled,
                "indicator",
                &[("since", &since)],
            );
        }
        let (reason, since) = match goal.map(|goal| goal.phase()) {
            Some(Phase::Suspended(since)) => (Reason::GoalSuspended, since),
            Some(Phase::Cancelled(since)) => (Reason::GoalCancelled, since),
            Some(Phase::CarriedOver(since)) => (Reason::GoalCarriedOver, since),
            Some(Phase::Active) | None => return,
        };
        if since <= day {
            self.reject_with(reason, "indicator", &[("since", &since)]);
        }
    }

    /// The entry to be replaced or taken back, if it still stands; states in `before` what it says.
    fn standing_entry(
        &mut self,
        indicator: &'a Indicator,
        id: EventId,
        field: &str,
        before: &mut Option<Measurement>,
    ) -> Option<(usize, Entry<'a>)> {
        let Some((index, entry)) = indicator.entries.of_event(id) else {
            self.reject(Reason::EntryUnknown, field);
            return None;
        };
        if entry.superseded().is_some() {
            let head = indicator.head_of_chain(id);
            self.reject_with(Reason::AlreadySuperseded, field, &[("head", &head)]);
            return None;
        }
        match before {
            Some(expected) if *expected != entry.measurement => {
                let current = in_words(&entry.measurement);
                self.reject_with(
                    Reason::ExpectedValueDiffers,
                    "before",
                    &[("current", &current)],
                );
            }
            _ => *before = Some(entry.measurement.clone()),
        }
        Some((index, entry))
    }

    fn report(
        &mut self,
        indicator: &'a Indicator,
        cycle: DateSpan,
        measurement: &Measurement,
        reported: &mut ReportedPart,
        replaced: Option<(usize, Entry<'a>)>,
    ) {
        // Without a day the newest definition is the best guess for what else is wrong.
        let valid = self.proposed.valid;
        let day = valid.map_or(self.context.today, |valid| valid.counts_on());
        let Some((version_number, version)) = indicator.definition_on(day, None) else {
            return;
        };
        let definition = version.definition.as_ref();
        if let Some(valid) = valid {
            self.observed_days(valid, definition, cycle);
            self.fits_month(valid, definition);
        }
        self.reported_part(definition, measurement, reported);
        if !self.takes_kind(definition, measurement) {
            return;
        }
        let faults = self.rejections.len();
        self.measured_value(definition, measurement, day);
        // A place is known only where part, member and checkpoint are.
        let placed = self.rejections.len() == faults && known_part(definition, reported);
        let slot =
            Slot::of(definition, measurement, reported.part.as_ref(), day).filter(|_| placed);
        let valid = valid.unwrap_or(Validity::from(day));
        let report = Report {
            indicator,
            version,
            version_number,
            valid,
            measurement,
            slot,
            replaced,
        };
        if self.proposed.valid.is_some() {
            self.free_place(&report);
        }
        self.exact_total(&report);
        self.flags(&report);
    }

    /// Days that have been, in the cycle or its settlement, and not before the work began.
    fn observed_days(&mut self, valid: Validity, definition: &Definition, cycle: DateSpan) {
        let span = valid.span();
        let last_field = if valid.to.is_some() {
            "valid_to"
        } else {
            "valid_from"
        };
        let today = self.context.today;
        if today < span.last() {
            self.reject_envelope(Reason::DateInFuture, last_field, &[("today", &today)]);
        }
        let first = definition
            .active_window
            .map_or(cycle.first(), |w| w.first().max(cycle.first()));
        let last = definition
            .settlement_until
            .map_or(cycle.last(), |until| until.max(cycle.last()));
        let bounds: [(_, &dyn std::fmt::Display); 2] = [("first", &first), ("last", &last)];
        if span.first() < first || last < span.first() {
            self.reject_envelope(Reason::DateOutsideCycle, "valid_from", &bounds);
        }
        if valid.to.is_some() && (first..=last).contains(&span.first()) && last < span.last() {
            self.reject_envelope(Reason::DateOutsideCycle, "valid_to", &bounds);
        }
    }

    /// A value of a monthly rate lies within one month, or no month would be right.
    fn fits_month(&mut self, valid: Validity, definition: &Definition) {
        let span = valid.span();
        let monthly = definition.per_month || definition.agg_time == AggTime::MeanOfPeriods;
        if monthly && span.first().first_of_month() != span.last().first_of_month() {
            let problem = "a value of a monthly rate lies within one month";
            self.reject_envelope(Reason::FieldInvalid, "valid_to", &[("problem", &problem)]);
        }
    }

    fn reported_part(
        &mut self,
        definition: &Definition,
        measurement: &Measurement,
        reported: &mut ReportedPart,
    ) {
        match &reported.part {
            Some(part) if !has_part(definition, part) => self.part_unknown(definition, "part"),
            // Nothing to report may be said for all parts at once.
            None if !definition.parts.is_empty() && !matches!(measurement, Measurement::Nil(_)) => {
                self.part_unknown(definition, "part");
            }
            _ => {}
        }
        let code = &definition.unit.code;
        match &reported.unit_code {
            Some(named) if **named != **code => {
                self.reject_with(Reason::UnitMismatch, "unit_code", &[("unit", code)]);
            }
            Some(_) => {}
            None => reported.unit_code = Some(code.as_str().into()),
        }
    }

    /// One level, ratio or state for each day; and milestones only go forward.
    fn free_place(&mut self, report: &Report<'_>) {
        let Some(slot) = &report.slot else { return };
        if matches!(report.measurement, Measurement::Increment(_)) {
            return;
        }
        let tally = &report.version.tally;
        if let Some(occupants) = tally.at(slot)
            && report
                .replaced
                .as_ref()
                .is_none_or(|(index, _)| *index != occupants.newest)
        {
            let existing = report
                .indicator
                .entries
                .get(occupants.newest)
                .map(|entry| entry.event_id);
            let existing = existing.map(|id| id.to_string()).unwrap_or_default();
            self.reject_with(
                Reason::ObservationExists,
                "measurement",
                &[("existing", &existing)],
            );
        }
        let Measurement::Milestone { state, .. } = report.measurement else {
            return;
        };
        let state_at =
            |index: usize| match report.indicator.entries.get(index).map(|e| e.measurement) {
                Some(Measurement::Milestone { state, .. }) => Some(state),
                _ => None,
            };
        let others = |index: &usize| {
            report
                .replaced
                .as_ref()
                .is_none_or(|(replaced, _)| replaced != index)
        };
        let before = tally
            .before(slot)
            .find(others)
            .and_then(state_at)
            .filter(|before| state < before);
        let after = tally
            .after(slot)
            .find(others)
            .and_then(state_at)
            .filter(|after| after < state);
        if let Some(current) = before.or(after) {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("current", &current.code())];
            self.reject_with(
                Reason::MilestoneBackward,
                "measurement.milestone.state",
                &figures,
            );
        }
    }
}

fn known_part(definition: &Definition, reported: &ReportedPart) -> bool {
    match &reported.part {
        Some(part) => has_part(definition, part),
        None => definition.parts.is_empty(),
    }
}

/// A measurement in a few words, for the one whose expectation differs.
fn in_words(measurement: &Measurement) -> String {
    match measurement {
        Measurement::Increment(value) | Measurement::Level(value) => value.to_string(),
        Measurement::Ratio {
            numerator,
            denominator,
        } => format!("{numerator}/{denominator}"),
        Measurement::Member { member, state } => format!("{member} {}", state.code()),
        Measurement::MemberValue { member, value } => format!("{member} {value}"),
        Measurement::Milestone {
            checkpoint: Some(checkpoint),
            state,
        } => {
            format!("{checkpoint} {}", state.code())
        }
        Measurement::Milestone {
            checkpoint: None,
            state,
        } => state.code().to_owned(),
        Measurement::RubricLevel(level) => format!("level {level}"),
        Measurement::Nil(cause) => cause.code().to_owned(),
    }
}
