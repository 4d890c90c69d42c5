//! An indicator whose figures can be computed at any cut: as it was, or as it would be under other targets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::Directory;
use crate::domain::evaluation::{Evaluation, EvaluationPolicy, Question, evaluate};
use crate::domain::event::Subject;
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::IndicatorId;
use crate::domain::reporting::Calendar;
use crate::domain::target::TargetVersion;
use crate::projection::evaluation::tree::phase_on;

/// An indicator with all that its figures are a function of, but for the cut.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// Which.
    pub id: IndicatorId,
    /// All that is known of it.
    pub state: &'a Indicator,
    /// The stream it has its history in, with the components of a composite.
    pub home: &'a Goal,
    /// The days of its plan.
    pub cycle: DateSpan,
    /// What had become of it, its components and what they stand under by each day.
    pub directory: &'a Directory,
    /// How figures become judgements.
    pub policy: &'a EvaluationPolicy,
}

impl<'a> Measured<'a> {
    /// Where it stood at a cut; `None` where it was not known.
    pub fn evaluate(&self, cut: Cut) -> Option<Evaluation> {
        self.question(self.id, self.state, cut, &self.components(cut))
    }

    /// Where it would stand at a cut if its targets were these.
    pub fn evaluate_aiming_at(&self, targets: Vec<TargetVersion>, cut: Cut) -> Option<Evaluation> {
        let mut supposed = self.state.clone();
        supposed.targets = Arc::new(targets);
        self.question(self.id, &supposed, cut, &self.components(cut))
    }

    /// The indicators that its figures are made of: itself, and the components it ever had.
    pub fn made_of(&self) -> Vec<&'a Indicator> {
        let versions = self.state.definitions.iter();
        let components: BTreeSet<IndicatorId> = versions
            .flat_map(|version| version.definition.components.iter().copied())
            .collect();
        let components = components.into_iter();
        let components = components.filter_map(|id| self.home.indicator(id).map(Arc::as_ref));
        std::iter::once(self.state).chain(components).collect()
    }

    fn components(&self, cut: Cut) -> BTreeMap<IndicatorId, Evaluation> {
        let definition = self.state.definition_at(cut);
        let ids = definition.into_iter();
        let ids = ids.flat_map(|(_, version)| &version.definition.components);
        let none = BTreeMap::new();
        let evaluation = |id: &IndicatorId| {
            let component = self.home.indicator(*id)?;
            Some((*id, self.question(*id, component, cut, &none)?))
        };
        ids.filter_map(evaluation).collect()
    }

    fn question(
        &self,
        id: IndicatorId,
        indicator: &Indicator,
        cut: Cut,
        components: &BTreeMap<IndicatorId, Evaluation>,
    ) -> Option<Evaluation> {
        let definition = indicator.definition_at(cut);
        let rounds = definition
            .and_then(|(_, version)| self.calendar_on(cut.on).judges(id, &version.definition));
        evaluate(&Question {
            indicator,
            cycle: self.cycle,
            cut,
            phase: phase_on(self.directory, id, cut.on),
            policy: self.policy,
            rounds: rounds.as_deref(),
            components,
        })
    }

    /// The reporting calendar of its plan on `date`.
    pub fn calendar_on(&self, date: Date) -> Calendar {
        let plan = self.directory.plan_of_subject(Subject::Indicator(self.id));
        plan.and_then(|plan| self.directory.calendar_on(plan, date))
            .unwrap_or_else(|| Calendar::built_in(self.cycle))
    }
}
