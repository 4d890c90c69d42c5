//! What is known of an indicator, with all that was known before: one newest state answers any (D, K).
//!
//! Everything that may change is kept as versions, and a [`Cut`] selects among them: by knowledge through the
//! position of the event, by day through the first day the version holds. What arrives later never changes
//! what an earlier cut selects.

use std::sync::Arc;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::event::Validity;
use crate::domain::goal::{Attachment, DefinitionVersion, Forecast, Goal, Indicator, Narrative};
use crate::domain::id::EventId;
use crate::domain::quantity::Quantity;
use crate::domain::target::{Baseline, PlanProfile, TargetVersion};
use crate::domain::text::Text;

/// One version of something, as one event set it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version<T> {
    /// The event that set it.
    pub event_id: EventId,
    /// Position of that event: the order of recording.
    pub position: u64,
    /// First day it holds.
    pub effective_from: Date,
    /// What was set.
    pub value: T,
}

/// The line along which progress is planned, and whether anybody said so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedLine {
    /// The line.
    pub profile: PlanProfile,
    /// Whether it was inferred; an assumed line never makes a goal late.
    pub assumed: bool,
}

/// How many asked, on a day or over a span.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Demand {
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// The day or days.
    pub valid: Validity,
    /// How many.
    pub requests: Quantity,
}

impl Indicator {
    /// Text of the criterion as published or last reworded.
    pub fn source_text(&self) -> &Text {
        &self.wording.value
    }

    /// The text at `cut`; before the first day of the first text, that text. `None` where no text was known.
    pub fn source_text_at(&self, cut: Cut) -> Option<&Text> {
        let known = || {
            let texts = self
                .earlier_wordings
                .iter()
                .chain(std::iter::once(self.wording.as_ref()));
            texts.filter(move |version| cut.knows(version.position))
        };
        let mut held = known().filter(|version| version.effective_from <= cut.on);
        held.next_back()
            .or_else(|| known().next())
            .map(|version| &version.value)
    }

    /// The definition that holds at `cut` with its version number, from 1; before the first day of version 1,
    /// version 1. `None` where the indicator was not known.
    pub fn definition_at(&self, cut: Cut) -> Option<(u32, &DefinitionVersion)> {
        self.definition_on(cut.on, cut.known)
    }

    /// Number of the definition version that an event at `position` was recorded under: the newest before it.
    pub fn definition_version_at_position(&self, position: u64) -> u32 {
        let before = self
            .definitions
            .iter()
            .take_while(|version| version.position < position)
            .count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// Every target known and effective by `cut`, in the order of decision.
    pub fn targets_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = &TargetVersion> {
        self.targets
            .iter()
            .filter(move |version| cut.knows(version.position) && version.effective_from <= cut.on)
    }

    /// The target in force at `cut`: the one with the latest day of effect, of one day the last decided.
    pub fn target_at(&self, cut: Cut) -> Option<&TargetVersion> {
        self.targets_at(cut)
            .max_by_key(|version| (version.effective_from, version.position))
    }

    /// 当初目標: of the targets known and effective by `cut` the first decided.
    pub fn first_target_at(&self, cut: Cut) -> Option<&TargetVersion> {
        self.targets_at(cut).next()
    }

    /// Where it stood before the work began, as last recorded.
    pub fn baseline(&self) -> Option<&Baseline> {
        self.baselines.last().map(|version| &version.value)
    }

    /// The baseline at `cut`: of those whose own day is not after D the last known. It tells of a day before
    /// the work began, so the day on which somebody said so does not count.
    pub fn baseline_at(&self, cut: Cut) -> Option<&Version<Baseline>> {
        self.baselines_at(cut).next_back()
    }

    /// Every baseline known at `cut` and of a day up to it, in the order of recording.
    pub fn baselines_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = &Version<Baseline>> {
        self.baselines
            .iter()
            .filter(move |version| cut.knows(version.position) && version.value.as_of <= cut.on)
    }

    /// The planned line as last set.
    pub fn profile(&self) -> Option<&PlannedLine> {
        self.profiles.last().map(|version| &version.value)
    }

    /// Every planned line known and effective by `cut`, in the order of recording.
    pub fn profiles_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = &Version<PlannedLine>> {
        self.profiles
            .iter()
            .filter(move |version| cut.knows(version.position) && version.effective_from <= cut.on)
    }

    /// The planned line at `cut`: of those effective by D the last known.
    pub fn profile_at(&self, cut: Cut) -> Option<&Version<PlannedLine>> {
        self.profiles_at(cut).next_back()
    }

    /// Forecasts made by `cut`, in the order of recording.
    pub fn forecasts_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = &Arc<Forecast>> {
        self.forecasts
            .iter()
            .filter(move |forecast| cut.knows(forecast.position) && forecast.made_on <= cut.on)
    }

    /// The forecast at `cut`: the one made for the latest day, of one day the last recorded.
    pub fn forecast_at(&self, cut: Cut) -> Option<&Arc<Forecast>> {
        self.forecasts_at(cut)
            .max_by_key(|forecast| (forecast.made_on, forecast.position))
    }

    /// Demand known and of days up to `cut`, in the order of recording.
    pub fn demands_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = &Demand> {
        self.demands
            .iter()
            .filter(move |demand| cut.knows(demand.position) && demand.valid.counts_on() <= cut.on)
    }

    /// How many asked up to `cut`; `None` where nobody recorded any demand.
    pub fn demand_at(&self, cut: Cut) -> Option<Quantity> {
        let requests = self.demands_at(cut).map(|demand| demand.requests.decimal());
        requests.reduce(|a, b| a + b).map(Quantity::from)
    }
}

impl Goal {
    /// Indicators known at `cut`, in the order of their ids.
    pub fn indicators_at(
        &self,
        cut: Cut,
    ) -> impl Iterator<Item = (&crate::domain::id::IndicatorId, &Arc<Indicator>)> {
        self.indicators()
            .filter(move |(_, indicator)| indicator.definition_at(cut).is_some())
    }

    /// What was told by `cut`, in the order of recording.
    pub fn narratives_at(&self, cut: Cut) -> impl Iterator<Item = &Arc<Narrative>> {
        self.narratives()
            .filter(move |told| cut.holds(told.position, told.valid))
    }

    /// What was attached by `cut`, in the order of recording.
    pub fn attachments_at(&self, cut: Cut) -> impl Iterator<Item = &Arc<Attachment>> {
        self.attachments()
            .filter(move |attached| cut.holds(attached.position, attached.valid))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::actual::aggregate::{actual_at, counted, part_actuals};
    use crate::domain::testing::history::*;
    use crate::domain::testing::*;

    /// Everything that a cut selects, in words.
    fn selected(history: &History, cut: Cut) -> String {
        let (goal, indicator) = (history.goal(), history.indicator());
        let cycle = days("2023-04-01", "2024-03-31");
        let definition = indicator
            .definition_at(cut)
            .map(|(number, version)| (number, version.from, &version.definition));
        let counted: Vec<_> = counted(indicator, cut)
            .map(|entry| entry.event_id)
            .collect();
        let sizes = (
            indicator.targets_at(cut).count(),
            indicator.profiles_at(cut).count(),
            indicator.forecasts_at(cut).count(),
            indicator.demands_at(cut).count(),
            goal.indicators_at(cut).count(),
            goal.narratives_at(cut).count(),
            goal.attachments_at(cut).count(),
        );
        format!(
            "{definition:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {counted:?} {:?} {:?} {sizes:?}",
            indicator.source_text_at(cut),
            indicator.target_at(cut),
            indicator.first_target_at(cut),
            indicator.baseline_at(cut),
            indicator.profile_at(cut),
            indicator.forecast_at(cut),
            indicator.demand_at(cut),
            actual_at(indicator, cycle, cut),
            part_actuals(indicator, cycle, cut),
        )
    }

    proptest! {
        #![proptest_config(property_cases())]

        #[test]
        fn later_events_never_change_an_earlier_cut(
            definition in any_definition(), facts in any_facts(10), known in 0_usize..11, on in days_from("2023-03-25", 450),
        ) {
            let known = known.min(facts.len());
            let then = History::of(definition).with(facts[..known].iter().cloned());
            let now = then.clone().with(facts[known..].iter().cloned());
            let cut = Cut::on(on);
            prop_assert_eq!(selected(&then, cut), selected(&now, cut.known_at(then.size())));
        }
    }

    #[test]
    fn a_cut_selects_by_day_and_by_knowledge() {
        let target = |n: &str| target_set("X", value(n));
        let history = History::of(count())
            .and(fact(target("30")).on("2023-04-01"))
            .and(fact(target_revised("X", "event 1", value("24"))).on("2023-11-01"))
            .and(fact(target_revised("X", "event 2", value("26"))).on("2023-11-01"));
        let at = |date: &str, known: Option<u64>| {
            let cut = Cut {
                on: day(date),
                known,
            };
            let aim = |version: &TargetVersion| format!("{:?}", version.target.aim);
            let indicator = history.indicator();
            indicator
                .target_at(cut)
                .map(aim)
                .zip(indicator.first_target_at(cut).map(aim))
        };
        let said = |current: &str, first: &str| {
            Some((
                format!("Value(Quantity({current}))"),
                format!("Value(Quantity({first}))"),
            ))
        };
        assert_eq!(at("2023-10-31", None), said("30", "30"));
        assert_eq!(at("2023-11-01", None), said("26", "30"));
        assert_eq!(at("2023-11-01", Some(3)), said("24", "30"));
        assert_eq!(at("2023-11-01", Some(2)), said("30", "30"));
        assert_eq!(at("2023-11-01", Some(1)), None);
        assert_eq!(at("2023-03-31", None), None);
    }
}
