//! Rules of definitions: what an indicator may be, and when it may become something else.

use super::Judge;
use crate::domain::date::DateSpan;
use crate::domain::directory::Named;
use crate::domain::event::{
    BaselineSet, IndicatorCancelled, IndicatorDefined, IndicatorMoved, IndicatorRedefined,
    IndicatorReworded,
};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, StreamId};
use crate::domain::indicator::{Definition, MeasureType};
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn indicator_defined(&mut self, p: &IndicatorDefined) {
        let directory = self.context.directory;
        if directory.indicator(p.indicator).is_some() {
            self.reject(Reason::IdExists, "indicator");
        }
        self.free_code(&p.code);
        self.open_initiative(p.initiative, "initiative");
        let cycle = self.cycle_of_initiative(p.initiative);
        if let Some(cycle) = &cycle {
            self.takes_effect_in(cycle);
        }
        let home = directory
            .initiative(p.initiative)
            .map(|initiative| initiative.home);
        self.definition(&p.definition, p.indicator, home, cycle);
        let Some(continued) = p.continues else { return };
        match directory.plan_of_indicator(continued) {
            Some(earlier) => {
                self.goes_on(earlier, directory.plan_of_initiative(p.initiative));
            }
            None => self.reject(Reason::IndicatorUnknown, "continues"),
        }
        let mut others = directory.continued_by(Named::Indicator(continued));
        if let Some(Named::Indicator(other)) = others.next()
            && let Some(other) = directory.indicator(other)
        {
            let problem = format!("`{}` goes on with it already", other.code);
            self.reject_form("continues", &problem);
        }
    }

    pub(super) fn indicator_reworded(&mut self, p: &IndicatorReworded) {
        self.open_indicator(p.indicator);
        let newest = self
            .goal
            .indicator(p.indicator)
            .and_then(|indicator| indicator.definitions.last());
        let Some(newest) = newest.cloned() else {
            return;
        };
        for (index, name) in p.confirms.iter().enumerate() {
            let field = format!("confirms[{index}]");
            let problem = if p.confirms[..index].contains(name) {
                "given twice"
            } else if Definition::TO_BE_TOLD.contains(&name.as_str()) {
                "it has to be told, not confirmed"
            } else if newest.definition.assumed.contains(name) && newest.confirms(name) {
                "it is confirmed already"
            } else if !newest.definition.assumed.contains(name) {
                "it is not assumed"
            } else {
                continue;
            };
            self.reject_form(&field, problem);
        }
    }

    pub(super) fn indicator_moved(&mut self, p: &IndicatorMoved) {
        let directory = self.context.directory;
        let indicator = self.open_indicator(p.indicator);
        let to_initiative = self.open_initiative(p.to_initiative, "to_initiative");
        let Some(indicator) = indicator else { return };
        if indicator.initiative() != p.from_initiative {
            self.reject(Reason::ParentDiffers, "from_initiative");
        }
        if indicator.initiative() == p.to_initiative {
            return self.reject_form("to_initiative", "the indicator stands there already");
        }
        if let Some(cycle) = self.cycle_of_initiative(indicator.initiative()) {
            self.takes_effect_in(&cycle);
        }
        let plan = |initiative: InitiativeId| {
            directory
                .initiative(initiative)
                .and_then(|i| directory.goal(i.goal()))
                .map(|goal| goal.plan)
        };
        if to_initiative.is_some() && plan(indicator.initiative()) != plan(p.to_initiative) {
            self.reject(Reason::DifferentCycle, "to_initiative");
        }
    }

    pub(super) fn indicator_redefined(&mut self, p: &IndicatorRedefined) {
        let entry = self.open_indicator(p.indicator);
        let cycle = entry
            .as_ref()
            .and_then(|entry| self.cycle_of_initiative(entry.initiative()));
        self.definition(
            &p.definition,
            p.indicator,
            entry.map(|entry| entry.home),
            cycle,
        );
        let Some(indicator) = self.goal.indicator(p.indicator) else {
            return;
        };
        let expected = indicator.definition_version().saturating_add(1);
        if p.definition_version != expected {
            let field = "definition_version";
            self.reject_with(
                Reason::DefinitionVersionStale,
                field,
                &[("expected", &expected)],
            );
        }
        let Some(newest) = indicator.definitions.last() else {
            return;
        };
        if let Some(cycle) = cycle {
            // A break within the days of an earlier version would leave two series for one day.
            let first = if indicator.definitions.len() > 1 {
                newest.from
            } else {
                cycle.first()
            };
            self.takes_effect_between(first.max(cycle.first()), cycle.last());
        }
        if *newest.definition == p.definition {
            self.reject_form("definition", "it does not differ from the one in force");
        }
        if newest.definition.measure_type != p.definition.measure_type
            && p.definition.measure_type == MeasureType::Composite
            && self.goal.indicators().any(|(_, other)| {
                other
                    .definition()
                    .is_some_and(|d| d.components.contains(&p.indicator))
            })
        {
            self.inconsistent(
                "measure_type",
                "a component of a composite cannot become one",
            );
        }
    }

    pub(super) fn indicator_cancelled(&mut self, p: &IndicatorCancelled) {
        if let Some(entry) = self.open_indicator(p.indicator)
            && let Some(cycle) = self.cycle_of_initiative(entry.initiative())
        {
            self.takes_effect_in(&cycle);
        }
    }

    pub(super) fn baseline_set(&mut self, p: &BaselineSet) {
        let Some(entry) = self.open_indicator(p.indicator) else {
            return;
        };
        let (as_of, today) = (p.baseline.as_of, self.context.today);
        if today < as_of {
            self.reject_with(Reason::DateInFuture, "baseline.as_of", &[("today", &today)]);
        }
        if let Some(cycle) = self.cycle_of_initiative(entry.initiative())
            && cycle.last() <= as_of
        {
            let problem = format!(
                "a baseline is of a day before the cycle ends on {}",
                cycle.last()
            );
            self.reject_with(
                Reason::DateInvalid,
                "baseline.as_of",
                &[("problem", &problem)],
            );
        }
        if let Some(definition) = self
            .goal
            .indicator(p.indicator)
            .and_then(|i| i.definition())
        {
            self.aimed(definition, p.baseline.value, "baseline.value");
        }
    }

    /// The days of the plan that an initiative stands in.
    pub(super) fn cycle_of_initiative(&self, id: InitiativeId) -> Option<DateSpan> {
        let directory = self.context.directory;
        let goal = directory.goal(directory.initiative(id)?.goal())?;
        directory.plan(goal.plan).map(|plan| plan.cycle)
    }

    fn definition(
        &mut self,
        definition: &Definition,
        own: IndicatorId,
        home: Option<GoalId>,
        cycle: Option<DateSpan>,
    ) {
        for fault in definition.inconsistencies() {
            self.inconsistent(&fault.field, fault.problem);
        }
        if let Some(lead) = definition.lead_unit {
            self.active_unit(lead, "definition.lead_unit");
        }
        self.contributors(
            &definition.contributing_units,
            "definition.contributing_units",
        );
        self.components(definition, own, home);
        let Some(cycle) = cycle else { return };
        if definition
            .active_window
            .is_some_and(|window| !cycle.covers(&window))
        {
            let bounds: [(_, &dyn std::fmt::Display); 2] =
                [("first", &cycle.first()), ("last", &cycle.last())];
            self.reject_with(
                Reason::DateOutsideCycle,
                "definition.active_window",
                &bounds,
            );
        }
        if let Some(until) = definition.settlement_until {
            // Books of a year close within the next one.
            let year_on = cycle
                .last()
                .checked_add(jiff::Span::new().years(1))
                .unwrap_or(cycle.last());
            if !(cycle.last()..=year_on).contains(&until) {
                let bounds: [(_, &dyn std::fmt::Display); 2] =
                    [("first", &cycle.last()), ("last", &year_on)];
                self.reject_with(
                    Reason::DateOutsideCycle,
                    "definition.settlement_until",
                    &bounds,
                );
            }
        }
    }

    /// Components are known, measured in the same goal, and not composites themselves.
    fn components(&mut self, definition: &Definition, own: IndicatorId, home: Option<GoalId>) {
        if Definition::LIST_MAX < definition.components.len() {
            return;
        }
        for (index, id) in definition.components.iter().enumerate() {
            let field = format!("components[{index}]");
            if *id == own {
                self.inconsistent(&field, "an indicator is no component of itself");
            } else if definition.components[..index].contains(id) {
                self.inconsistent(&field, "given twice");
            } else if let Some(entry) = self.context.directory.indicator(*id) {
                // The figures of a composite come from one stream, so that one state holds them all.
                if home.is_some_and(|home| StreamId::from(home) != StreamId::from(entry.home)) {
                    self.inconsistent(&field, "a component is an indicator of the same goal");
                }
                let component = self.goal.indicator(*id).and_then(|i| i.definition());
                if component.is_some_and(|d| d.measure_type == MeasureType::Composite) {
                    self.inconsistent(&field, "a component is not a composite itself");
                }
            } else {
                self.reject(Reason::IndicatorUnknown, &format!("definition.{field}"));
            }
        }
    }

    fn inconsistent(&mut self, field: &str, problem: &str) {
        let field = format!("definition.{field}");
        self.reject_with(
            Reason::DefinitionInconsistent,
            &field,
            &[("problem", &problem)],
        );
    }
}
