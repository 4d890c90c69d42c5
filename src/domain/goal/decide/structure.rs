//! Rules of plans, goals and initiatives: what exists, what stands under what, who answers for it.

use std::sync::Arc;

use super::Judge;
use crate::domain::code::Code;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{GoalEntry, IndicatorEntry, InitiativeEntry, Phase};
use crate::domain::event::{
    GoalCancelled, GoalCarriedOver, GoalMoved, GoalResumed, GoalSet, GoalSuspended, ImportAccepted,
    InitiativeCancelled, InitiativeMoved, InitiativeSet, PlanPublished, ResponsibilityTransferred,
    Subject,
};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::indicator::{Definition, ExternalReference};
use crate::domain::org_unit::{OrgUnit, UnitKind};
use crate::domain::plan::Plan;
use crate::domain::rejection::Reason;

/// Most pillars of a plan.
const PILLARS_MAX: usize = 100;

impl Judge<'_> {
    pub(super) fn plan_published(&mut self, p: &PlanPublished) {
        let directory = self.context.directory;
        if directory.plan(p.plan).is_some() {
            self.reject(Reason::IdExists, "plan");
        }
        self.free_code(&p.code);
        if !is_fiscal_year(&p.cycle) {
            self.reject_form(
                "cycle",
                "a cycle runs from 1 April to 31 March of the next year",
            );
        }
        let overlaps = |plan: &Plan| {
            plan.cycle.first() <= p.cycle.last() && p.cycle.first() <= plan.cycle.last()
        };
        if directory
            .plans()
            .iter()
            .any(|plan| plan.id != p.plan && overlaps(plan))
        {
            self.reject(Reason::CycleTaken, "cycle");
        }
        match p.pillars.len() {
            0 => self.reject(Reason::FieldRequired, "pillars"),
            n if PILLARS_MAX < n => {
                self.reject_form("pillars", &format!("more than {PILLARS_MAX}"))
            }
            n => {
                for (index, pillar) in p.pillars.iter().enumerate() {
                    let field = format!("pillars[{index}].number");
                    if pillar.number == 0 || n < pillar.number as usize {
                        self.reject_form(&field, &format!("pillars are numbered from 1 to {n}"));
                    } else if p.pillars[..index]
                        .iter()
                        .any(|before| before.number == pillar.number)
                    {
                        self.reject_form(&field, "given twice");
                    }
                }
            }
        }
    }

    pub(super) fn import_accepted(&mut self, p: &ImportAccepted) {
        self.known_plan(p.plan, "plan");
        if p.mapping_version == 0 {
            self.reject_form("mapping_version", "versions begin at 1");
        }
    }

    pub(super) fn goal_set(&mut self, p: &GoalSet) {
        if self.context.directory.goal(p.goal).is_some() {
            self.reject(Reason::IdExists, "goal");
        }
        self.free_code(&p.code);
        if let Some(plan) = self.known_plan(p.plan, "plan") {
            self.takes_effect_in(&plan.cycle);
            self.known_pillar(&plan, p.pillar);
        }
        self.sets_goals(p.department);
        if let Some(continued) = p.continues {
            match self.context.directory.goal(continued).map(|goal| goal.plan) {
                Some(earlier) => self.goes_on(earlier, Some(p.plan)),
                None => self.reject(Reason::GoalUnknown, "continues"),
            }
        }
    }

    pub(super) fn goal_moved(&mut self, p: &GoalMoved) {
        let Some(goal) = self.open_goal(p.goal, "goal") else {
            return self.sets_goals(p.department);
        };
        if let Some(plan) = self.plan_of(&goal) {
            self.takes_effect_in(&plan.cycle);
            self.known_pillar(&plan, p.pillar);
        }
        if (goal.department(), goal.pillar()) == (p.department, p.pillar) {
            self.reject_form("", "the goal stands there already");
        } else {
            self.sets_goals(p.department);
        }
    }

    pub(super) fn goal_suspended(&mut self, p: &GoalSuspended) {
        let Some(goal) = self.open_goal(p.goal, "goal") else {
            return;
        };
        self.takes_effect_in_cycle_of(&goal);
        if let Phase::Suspended(since) = goal.phase() {
            self.reject_with(Reason::GoalSuspended, "goal", &[("since", &since)]);
        }
    }

    pub(super) fn goal_resumed(&mut self, p: &GoalResumed) {
        let Some(goal) = self.open_goal(p.goal, "goal") else {
            return;
        };
        self.takes_effect_in_cycle_of(&goal);
        match (goal.phase(), self.from()) {
            (Phase::Suspended(since), Some(from)) if from < since => {
                let earliest: [(_, &dyn std::fmt::Display); 1] = [("earliest", &since)];
                self.reject_envelope(Reason::DateTooEarly, "valid_from", &earliest);
            }
            (Phase::Active, _) => self.reject(Reason::GoalNotSuspended, "goal"),
            _ => {}
        }
    }

    pub(super) fn goal_cancelled(&mut self, p: &GoalCancelled) {
        let Some(goal) = self.open_goal(p.goal, "goal") else {
            return;
        };
        self.takes_effect_in_cycle_of(&goal);
    }

    pub(super) fn goal_carried_over(&mut self, p: &GoalCarriedOver) {
        let goal = self.open_goal(p.goal, "goal");
        let to_plan = self.known_plan(p.to_plan, "to_plan");
        if let (Some(goal), Some(to_plan)) = (&goal, &to_plan)
            && let Some(plan) = self.plan_of(goal)
        {
            if to_plan.cycle.first() <= plan.cycle.last() {
                self.reject_form("to_plan", "a goal is carried over to a later cycle");
            }
            // The first day of the next cycle is a natural day for it.
            let last = plan.cycle.last().tomorrow().unwrap_or(plan.cycle.last());
            self.takes_effect_between(plan.cycle.first(), last);
        }
        let Some(to_goal) = p.to_goal else { return };
        match self.context.directory.goal(to_goal) {
            None => self.reject(Reason::GoalUnknown, "to_goal"),
            Some(found) if found.plan != p.to_plan => {
                self.reject(Reason::DifferentCycle, "to_goal")
            }
            Some(_) => {}
        }
    }

    pub(super) fn initiative_set(&mut self, p: &InitiativeSet) {
        if self.context.directory.initiative(p.initiative).is_some() {
            self.reject(Reason::IdExists, "initiative");
        }
        self.free_code(&p.code);
        let goal = self.open_goal(p.goal, "goal");
        if let Some(goal) = &goal {
            self.takes_effect_in_cycle_of(goal);
        }
        self.free_number(p.goal, p.number, None);
        self.responsible(
            goal.map(|goal| goal.department()),
            p.lead_unit,
            &p.contributing_units,
        );
        if let Some(continued) = p.continues {
            let directory = self.context.directory;
            match directory.plan_of_initiative(continued) {
                Some(earlier) => {
                    self.goes_on(earlier, directory.goal(p.goal).map(|goal| goal.plan));
                }
                None => self.reject(Reason::InitiativeUnknown, "continues"),
            }
        }
        self.refers_to(&p.references);
    }

    pub(super) fn initiative_moved(&mut self, p: &InitiativeMoved) {
        let initiative = self.open_initiative(p.initiative, "initiative");
        let to_goal = self.open_goal(p.to_goal, "to_goal");
        self.free_number(p.to_goal, p.number, Some(p.initiative));
        let Some(initiative) = initiative else { return };
        if initiative.goal() != p.from_goal {
            self.reject(Reason::ParentDiffers, "from_goal");
        }
        if (initiative.goal(), initiative.number()) == (p.to_goal, p.number) {
            self.reject_form("to_goal", "the initiative stands there already");
        }
        let from_goal = self.context.directory.goal(initiative.goal()).cloned();
        if let (Some(from_goal), Some(to_goal)) = (from_goal, to_goal) {
            self.takes_effect_in_cycle_of(&from_goal);
            if from_goal.plan != to_goal.plan {
                self.reject(Reason::DifferentCycle, "to_goal");
            }
        }
    }

    pub(super) fn initiative_cancelled(&mut self, p: &InitiativeCancelled) {
        let Some(initiative) = self.open_initiative(p.initiative, "initiative") else {
            return;
        };
        if let Some(goal) = self.context.directory.goal(initiative.goal()).cloned() {
            self.takes_effect_in_cycle_of(&goal);
        }
    }

    pub(super) fn responsibility_transferred(&mut self, p: &ResponsibilityTransferred) {
        let goal = self
            .open_initiative(p.initiative, "initiative")
            .and_then(|initiative| self.context.directory.goal(initiative.goal()).cloned());
        if let Some(goal) = &goal {
            self.takes_effect_in_cycle_of(goal);
        }
        self.responsible(
            goal.map(|goal| goal.department()),
            p.lead_unit,
            &p.contributing_units,
        );
    }

    /// What something is about must be known; it may have ended, for what became of it can still be told.
    pub(super) fn subject(&mut self, subject: &Subject) {
        let directory = self.context.directory;
        match *subject {
            Subject::Goal(id) if directory.goal(id).is_none() => {
                self.reject(Reason::GoalUnknown, "subject.goal");
            }
            Subject::Initiative(id) if directory.initiative(id).is_none() => {
                self.reject(Reason::InitiativeUnknown, "subject.initiative");
            }
            Subject::Indicator(id) if directory.indicator(id).is_none() => {
                self.reject(Reason::IndicatorUnknown, "subject.indicator");
            }
            Subject::Goal(_) | Subject::Initiative(_) | Subject::Indicator(_) => {}
        }
    }

    /// References are few, each named once.
    fn refers_to(&mut self, references: &[ExternalReference]) {
        let max = ExternalReference::OF_INITIATIVE_MAX;
        if max < references.len() {
            return self.reject_form("references", &format!("more than {max}"));
        }
        for (index, reference) in references.iter().enumerate() {
            if references[..index].contains(reference) {
                self.reject_form(&format!("references[{index}]"), "given twice");
            }
        }
    }

    /// What goes on belongs to a plan that ends before that of what it goes on in.
    pub(super) fn goes_on(&mut self, earlier: PlanId, later: Option<PlanId>) {
        let cycle = |plan| self.context.directory.plan(plan).map(|plan| plan.cycle);
        if let (Some(earlier), Some(later)) = (cycle(earlier), later.and_then(cycle))
            && later.first() <= earlier.last()
        {
            self.reject_form("continues", "what is continued belongs to an earlier cycle");
        }
    }

    // Look-ups, shared with the rules of indicators. Each refuses what is not there.

    pub(super) fn known_plan(&mut self, id: PlanId, field: &str) -> Option<Arc<Plan>> {
        let found = self.context.directory.plan(id).cloned();
        if found.is_none() {
            self.reject(Reason::PlanUnknown, field);
        }
        found
    }

    /// A goal that has neither been given up nor gone to another plan.
    pub(super) fn open_goal(&mut self, id: GoalId, field: &str) -> Option<Arc<GoalEntry>> {
        let Some(goal) = self.context.directory.goal(id).cloned() else {
            self.reject(Reason::GoalUnknown, field);
            return None;
        };
        self.goal_not_ended(&goal, field);
        Some(goal)
    }

    fn goal_not_ended(&mut self, goal: &GoalEntry, field: &str) {
        match goal.phase() {
            Phase::Cancelled(since) => {
                self.reject_with(Reason::GoalCancelled, field, &[("since", &since)])
            }
            Phase::CarriedOver(since) => {
                self.reject_with(Reason::GoalCarriedOver, field, &[("since", &since)]);
            }
            Phase::Active | Phase::Suspended(_) => {}
        }
    }

    /// An initiative that has not been given up, nor has its goal.
    pub(super) fn open_initiative(
        &mut self,
        id: InitiativeId,
        field: &str,
    ) -> Option<Arc<InitiativeEntry>> {
        let Some(initiative) = self.context.directory.initiative(id).cloned() else {
            self.reject(Reason::InitiativeUnknown, field);
            return None;
        };
        if let Phase::Cancelled(since) = initiative.phase() {
            self.reject_with(Reason::InitiativeCancelled, field, &[("since", &since)]);
        }
        if let Some(goal) = self.context.directory.goal(initiative.goal()) {
            self.goal_not_ended(goal, field);
        }
        Some(initiative)
    }

    /// An indicator that has not been given up, nor has what it stands under.
    pub(super) fn open_indicator(&mut self, id: IndicatorId) -> Option<Arc<IndicatorEntry>> {
        let Some(indicator) = self.context.directory.indicator(id).cloned() else {
            self.reject(Reason::IndicatorUnknown, "indicator");
            return None;
        };
        if let Phase::Cancelled(since) = indicator.phase() {
            self.reject_with(
                Reason::IndicatorCancelled,
                "indicator",
                &[("since", &since)],
            );
        }
        self.open_initiative(indicator.initiative(), "indicator");
        Some(indicator)
    }

    /// A unit that exists on the day of effect.
    pub(super) fn active_unit(&mut self, id: UnitId, field: &str) -> Option<Arc<OrgUnit>> {
        let Some(unit) = self.context.directory.unit(id).cloned() else {
            self.reject(Reason::UnitUnknown, field);
            return None;
        };
        if let Some(from) = self.from()
            && unit.on(from).is_none()
        {
            self.reject_with(Reason::UnitNotActive, field, &[("date", &from)]);
            return None;
        }
        Some(unit)
    }

    pub(super) fn plan_of(&self, goal: &GoalEntry) -> Option<Arc<Plan>> {
        self.context.directory.plan(goal.plan).cloned()
    }

    pub(super) fn free_code(&mut self, code: &Code) {
        if self.context.directory.named(code).is_some() {
            self.reject(Reason::CodeTaken, "code");
        }
    }

    /// Sections exist on the day of effect, each named once.
    pub(super) fn contributors(&mut self, units: &[UnitId], field: &str) {
        if Definition::LIST_MAX < units.len() {
            return self.reject_form(field, &format!("more than {}", Definition::LIST_MAX));
        }
        for (index, unit) in units.iter().enumerate() {
            let field = format!("{field}[{index}]");
            if units[..index].contains(unit) {
                self.reject_form(&field, "given twice");
            } else {
                self.active_unit(*unit, &field);
            }
        }
    }

    /// The day of effect lies in `cycle`.
    pub(super) fn takes_effect_in(&mut self, cycle: &DateSpan) {
        self.takes_effect_between(cycle.first(), cycle.last());
    }

    pub(super) fn takes_effect_in_cycle_of(&mut self, goal: &GoalEntry) {
        if let Some(plan) = self.plan_of(goal) {
            self.takes_effect_in(&plan.cycle);
        }
    }

    pub(super) fn takes_effect_between(&mut self, first: Date, last: Date) {
        if let Some(from) = self.from()
            && !(first..=last).contains(&from)
        {
            let bounds: [(_, &dyn std::fmt::Display); 2] = [("first", &first), ("last", &last)];
            self.reject_envelope(Reason::DateOutsideCycle, "valid_from", &bounds);
        }
    }

    fn known_pillar(&mut self, plan: &Plan, number: u32) {
        if plan.pillar(number).is_none() {
            self.reject(Reason::PillarUnknown, "pillar");
        }
    }

    fn sets_goals(&mut self, department: UnitId) {
        if let Some(unit) = self.active_unit(department, "department")
            && unit.kind != UnitKind::Department
        {
            self.reject(Reason::UnitKindMismatch, "department");
        }
    }

    /// Initiatives of a goal have numbers from 1, each its own.
    fn free_number(&mut self, goal: GoalId, number: u32, moving: Option<InitiativeId>) {
        let directory = self.context.directory;
        if number == 0 {
            self.reject_form("number", "initiatives are numbered from 1");
        }
        let mut others = directory
            .initiatives_of(goal)
            .filter(|id| Some(*id) != moving);
        if others.any(|id| {
            directory
                .initiative(id)
                .is_some_and(|i| i.number() == number)
        }) {
            self.reject_form("number", "another initiative of the goal has this number");
        }
    }

    /// The lead belongs to the goal's department, is that department, or is named among the contributors:
    /// a section of another department that answers for a joint initiative.
    fn responsible(&mut self, department: Option<UnitId>, lead: UnitId, contributing: &[UnitId]) {
        self.contributors(contributing, "contributing_units");
        if self.active_unit(lead, "lead_unit").is_none() {
            return;
        }
        let (Some(department), Some(from)) = (department, self.from()) else {
            return;
        };
        let belongs = self.context.directory.department_of(lead, from) == Some(department);
        if !belongs && lead != department && !contributing.contains(&lead) {
            self.reject(Reason::LeadOutsideDepartment, "lead_unit");
        }
    }
}

/// Whether the span is 1 April to 31 March.
fn is_fiscal_year(cycle: &DateSpan) -> bool {
    let (first, last) = (cycle.first(), cycle.last());
    (first.month(), first.day()) == (4, 1)
        && (last.month(), last.day()) == (3, 31)
        && last.year() == first.year() + 1
}
