//! What other streams rely on: the ledger's identity, policies, plans with their periods, units, codes, and what
//! stands under what.
//!
//! A fold of the structural events only, small beside the log: a few entries for each goal. Its maps
//! share structure, so a clone costs nothing and serves as a savepoint. They are ordered, not hashed: what is set
//! one after the other has ids and codes that stand beside each other, so two savepoints differ in few nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::access::AccessPolicy;
use crate::domain::code::{Code, Key};
use crate::domain::date::Date;
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::evaluation::grade::{built_in, built_in_rubric};
use crate::domain::evaluation::policy::{EvaluationPolicy, GradeRubric, PolicyKind, PolicyVersion};
use crate::domain::event::{ClockKind, LedgerOpened, Payload, Stream, StreamKind, Subject};
use crate::domain::finding::Finding;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, LedgerId, PlanId, UnitId};
use crate::domain::indicator::Disclosure;
use crate::domain::org_unit::{OrgUnit, UnitKind};
use crate::domain::period::Period;
use crate::domain::plan::Plan;
use crate::domain::reporting::Calendar;

mod access;
mod calendars;
mod decisions;
mod entry;
mod findings;
mod fold;
mod hiding;
mod operations;
mod periods;
mod policies;
mod streams;
mod trust;

pub use entry::{
    GoalEntry, GoalPlace, IndicatorEntry, IndicatorPlace, InitiativeEntry, InitiativePlace, Phase,
    Responsibility, Wording,
};
pub use periods::Finalisation;
pub use policies::{PublishedContent, PublishedPolicy};

use access::Access;
use calendars::Calendars;
use decisions::Decisions;
use findings::Findings;
use operations::Operations;
use periods::Periods;
use policies::Policies;
use trust::Trust;

/// What a code names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Named {
    /// The ledger itself.
    Ledger,
    /// A plan.
    Plan(PlanId),
    /// A unit.
    Unit(UnitId),
    /// A goal.
    Goal(GoalId),
    /// An initiative.
    Initiative(InitiativeId),
    /// An indicator.
    Indicator(IndicatorId),
}

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// How many structural events were folded in.
    version: u64,
    ledger: Option<Arc<LedgerOpened>>,
    zone: Option<TimeZone>,
    policies: Policies,
    plans: OrdMap<PlanId, Arc<Plan>>,
    periods: Periods,
    rounds: Calendars,
    findings: Findings,
    units: OrdMap<UnitId, Arc<OrgUnit>>,
    goals: OrdMap<GoalId, Arc<GoalEntry>>,
    initiatives: OrdMap<InitiativeId, Arc<InitiativeEntry>>,
    indicators: OrdMap<IndicatorId, Arc<IndicatorEntry>>,
    codes: OrdMap<Code, Named>,
    /// Goals of a plan, by the order they were set in.
    goals_of_plan: OrdMap<PlanId, OrdMap<u64, GoalId>>,
    /// Initiatives that stand or stood under a goal.
    initiatives_ever: OrdMap<GoalId, OrdSet<InitiativeId>>,
    /// Indicators that stand or stood under an initiative.
    indicators_ever: OrdMap<InitiativeId, OrdSet<IndicatorId>>,
    /// What goals, initiatives and indicators go on in, in the order of recording.
    continued_by: OrdMap<Named, Vector<Named>>,
    /// What the ledger says of its own proofs.
    trust: Trust,
    /// Goals that were taken out of it for somebody who may not read them.
    hidden: OrdSet<GoalId>,
    /// Who holds which seat.
    access: Access,
    /// What was proposed and decided.
    decisions: Decisions,
    /// What was authorised of keys and erasures.
    operations: Operations,
}

impl Directory {
    /// How many structural events were folded in: of one ledger, equal versions are equal directories.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What position 0 said, once it is there.
    pub fn ledger(&self) -> Option<&Arc<LedgerOpened>> {
        self.ledger.as_ref()
    }

    /// The ledger whose access log this one is; `None`: it is a ledger of facts.
    pub fn access_log_of(&self) -> Option<LedgerId> {
        self.ledger.as_ref().and_then(|ledger| ledger.access_log_of)
    }

    /// Whether the ledger's clock is simulated.
    pub fn has_simulated_clock(&self) -> bool {
        self.ledger
            .as_ref()
            .is_some_and(|l| l.clock == ClockKind::Simulated)
    }

    /// The civil date of `instant` in the ledger's zone (UTC before position 0).
    pub fn date_of(&self, instant: Timestamp) -> Date {
        instant
            .to_zoned(self.zone.clone().unwrap_or(TimeZone::UTC))
            .date()
    }

    /// The civil date and time of `instant` in the ledger's zone (UTC before position 0).
    pub fn civil(&self, instant: Timestamp) -> DateTime {
        instant
            .to_zoned(self.zone.clone().unwrap_or(TimeZone::UTC))
            .datetime()
    }

    /// The first instant after `date` in the ledger's zone; `None` where the calendar ends.
    pub fn end_of(&self, date: Date) -> Option<Timestamp> {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let next = date.tomorrow().ok()?;
        Some(next.to_zoned(zone).ok()?.timestamp())
    }

    /// What `code` names.
    pub fn named(&self, code: &Code) -> Option<Named> {
        self.codes.get(code).copied()
    }

    /// Every code with what it names, in no order.
    pub fn codes(&self) -> impl Iterator<Item = (&Code, Named)> {
        self.codes.iter().map(|(code, named)| (code, *named))
    }

    /// A plan.
    pub fn plan(&self, id: PlanId) -> Option<&Arc<Plan>> {
        self.plans.get(&id)
    }

    /// Every plan, in the order of their cycles.
    pub fn plans(&self) -> Vec<&Arc<Plan>> {
        let mut plans: Vec<_> = self.plans.values().collect();
        plans.sort_by_key(|plan| (plan.cycle.first(), plan.id));
        plans
    }

    /// Every version of every policy that was published, in the order of recording.
    pub fn policies(&self) -> impl DoubleEndedIterator<Item = &Arc<PublishedPolicy>> {
        self.policies.all()
    }

    /// The newest version of the policy of this code that was published.
    pub fn newest_policy(&self, code: &Code) -> Option<&Arc<PublishedPolicy>> {
        self.policies.newest(code)
    }

    /// How figures of `date` are computed and judged: of the evaluation policies in force then the one with the latest
    /// day of effect, of one day the last published; the built-in one where none is. With `known`, of those published
    /// at positions below it only.
    pub fn evaluation_policy_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> (PolicyVersion, Arc<EvaluationPolicy>) {
        self.policies
            .evaluation_on(date, known)
            .unwrap_or_else(|| (PolicyVersion::built_in(), Arc::default()))
    }

    /// The rubric of this code in force on `date`, chosen as [`Self::evaluation_policy_on`] chooses; where none is, the
    /// built-in one of the code. `None` where no rubric has it.
    pub fn rubric_on(
        &self,
        code: &Code,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<GradeRubric>)> {
        let published = self.policies.rubric_on(code, date, known);
        published.or_else(|| {
            let built_in = built_in_rubric(code)?;
            Some((built_in.version.clone(), built_in.rubric.clone()))
        })
    }

    /// Who may do what on `date`, chosen as [`Self::evaluation_policy_on`] chooses; `None` where no access policy is in
    /// force.
    pub fn access_policy_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<AccessPolicy>)> {
        self.policies.access_on(date, known)
    }

    /// Which changes are decided on `date`, and by whom, chosen as [`Self::evaluation_policy_on`] chooses; `None` where no
    /// approval policy is in force: then none are.
    pub fn approval_policy_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<ApprovalPolicy>)> {
        self.policies.approval_on(date, known)
    }

    /// Whether the mid-year evaluation of a plan is over: a period that ends before the plan does was closed.
    pub fn is_after_midyear(&self, plan: PlanId) -> bool {
        let Some(cycle) = self.plan(plan).map(|plan| plan.cycle) else {
            return false;
        };
        let mut periods = self.periods_of(plan).into_iter();
        periods.any(|period| 0 < period.revision(None) && period.evaluation_date() < cycle.last())
    }

    /// The plan that a change belongs to; `None` for what is of the whole ledger.
    pub fn plan_of_change(&self, change: &Payload, stream: Stream) -> Option<PlanId> {
        match stream.kind {
            StreamKind::Goal => {
                if let Payload::GoalSet(p) = change {
                    return Some(p.plan);
                }
                let goal = GoalId::from_bytes(stream.id.as_bytes()).ok()?;
                let of_subject = change.indicator().map(Subject::Indicator);
                let of_subject = of_subject.and_then(|subject| self.plan_of_subject(subject));
                of_subject.or_else(|| self.goal(goal).map(|goal| goal.plan))
            }
            StreamKind::Plan => PlanId::from_bytes(stream.id.as_bytes()).ok(),
            StreamKind::Ledger | StreamKind::Org => None,
        }
    }

    /// Codes of rubrics that were published or are built in, in order.
    pub fn rubric_codes(&self) -> BTreeSet<Code> {
        let published = self
            .policies
            .all()
            .filter(|published| published.content.kind() == PolicyKind::Rubric)
            .map(|published| &published.version.code);
        let built_in = built_in().iter().map(|rubric| &rubric.version.code);
        published.chain(built_in).cloned().collect()
    }

    /// What the policy of this code rules that is built in, if one is.
    pub fn built_in_kind(&self, code: &Code) -> Option<PolicyKind> {
        if *code == PolicyVersion::built_in().code {
            return Some(PolicyKind::Evaluation);
        }
        built_in_rubric(code).map(|_| PolicyKind::Rubric)
    }

    /// A period of a plan.
    pub fn period(&self, plan: PlanId, key: &Key) -> Option<&Arc<Period>> {
        self.periods.get(plan, key)
    }

    /// The periods of a plan, in the order of their days.
    pub fn periods_of(&self, plan: PlanId) -> Vec<&Arc<Period>> {
        self.periods.of(plan)
    }

    /// Every period of every plan, in no order that matters.
    pub fn periods(&self) -> impl Iterator<Item = &Arc<Period>> {
        self.periods.all()
    }

    /// The period of a plan that `date` counts in. A day after the cycle's end counts in the period that holds the
    /// cycle's last day: what is settled later belongs to the end of the year.
    pub fn period_of_day(&self, plan: PlanId, date: Date) -> Option<&Arc<Period>> {
        let day = date.min(self.plan(plan)?.cycle.last());
        self.periods.on(plan, day)
    }

    /// The reporting calendar of a plan in force on `date`: of those effective by then the one with the latest day of
    /// effect, of one day the last recorded; the built-in one where none is. `None`: no such plan.
    pub fn calendar_on(&self, plan: PlanId, date: Date) -> Option<Calendar> {
        let cycle = self.plan(plan)?.cycle;
        let set = self.rounds.on(plan, date).cloned();
        Some(set.unwrap_or_else(|| Calendar::built_in(cycle)))
    }

    /// Every reporting calendar that was set for a plan, in the order of recording.
    pub fn calendars_of(&self, plan: PlanId) -> impl DoubleEndedIterator<Item = &Calendar> {
        self.rounds.of(plan)
    }

    /// A finding of a plan.
    pub fn finding(&self, plan: PlanId, number: &Key) -> Option<&Arc<Finding>> {
        self.findings.get(plan, number)
    }

    /// The findings of a plan, in the order of recording.
    pub fn findings_of(&self, plan: PlanId) -> Vec<&Arc<Finding>> {
        self.findings.of(plan)
    }

    /// The evaluations of `subject` that were made final, in the order of recording.
    pub fn finalised(&self, subject: Subject) -> impl Iterator<Item = &Finalisation> {
        self.periods.finalised(subject)
    }

    /// Whether the evaluation of `subject` in `period` is final: it was finalised, and the period was not reopened since
    /// for anything that belongs to it.
    pub fn is_final(&self, subject: Subject, period: &Period) -> bool {
        let last = self
            .finalised(subject)
            .filter(|finalised| finalised.period == period.key)
            .last();
        last.is_some_and(|finalised| {
            !period.reopened_since(finalised.position, |id| self.belongs_to(id, subject))
        })
    }

    /// Whether an indicator is `subject` or stands under it.
    fn belongs_to(&self, id: IndicatorId, subject: Subject) -> bool {
        let Some(initiative) = self.indicator(id).map(|indicator| indicator.initiative()) else {
            return false;
        };
        match subject {
            Subject::Indicator(subject) => id == subject,
            Subject::Initiative(subject) => initiative == subject,
            Subject::Goal(subject) => self
                .initiative(initiative)
                .is_some_and(|initiative| initiative.goal() == subject),
        }
    }

    /// The plan of what an evaluation or a next action is about.
    pub fn plan_of_subject(&self, subject: Subject) -> Option<PlanId> {
        let initiative = |id| self.initiative(id).map(|initiative| initiative.goal());
        let goal = match subject {
            Subject::Goal(id) => id,
            Subject::Initiative(id) => initiative(id)?,
            Subject::Indicator(id) => initiative(self.indicator(id)?.initiative())?,
        };
        Some(self.goal(goal)?.plan)
    }

    /// A unit.
    pub fn unit(&self, id: UnitId) -> Option<&Arc<OrgUnit>> {
        self.units.get(&id)
    }

    /// Every unit, in the order of their codes.
    pub fn units(&self) -> Vec<&Arc<OrgUnit>> {
        let mut units: Vec<_> = self.units.values().collect();
        units.sort_by(|a, b| a.code.cmp(&b.code));
        units
    }

    /// Where a goal stands.
    pub fn goal(&self, id: GoalId) -> Option<&Arc<GoalEntry>> {
        self.goals.get(&id)
    }

    /// Where an initiative stands.
    pub fn initiative(&self, id: InitiativeId) -> Option<&Arc<InitiativeEntry>> {
        self.initiatives.get(&id)
    }

    /// Where an indicator stands.
    pub fn indicator(&self, id: IndicatorId) -> Option<&Arc<IndicatorEntry>> {
        self.indicators.get(&id)
    }

    /// The goals of a plan in the order they were set in, those that take effect later included.
    pub fn goals_of(&self, plan: PlanId) -> impl Iterator<Item = GoalId> + '_ {
        self.goals_of_plan
            .get(&plan)
            .into_iter()
            .flat_map(|goals| goals.values().copied())
    }

    /// The goals of a plan that stand on `date`, in the order they were set in.
    pub fn goals_of_on(&self, plan: PlanId, date: Date) -> impl Iterator<Item = GoalId> + '_ {
        self.goals_of(plan)
            .filter(move |id| self.goal(*id).is_some_and(|goal| goal.stands_on(date)))
    }

    /// The initiatives that stand under a goal as last recorded, by number.
    pub fn initiatives_of(&self, goal: GoalId) -> impl Iterator<Item = InitiativeId> + use<> {
        self.initiatives_placed(goal, |initiative| Some(initiative.place()))
    }

    /// The initiatives that stand under a goal on `date`, by their numbers on that date.
    pub fn initiatives_of_on(
        &self,
        goal: GoalId,
        date: Date,
    ) -> impl Iterator<Item = InitiativeId> + use<> {
        self.initiatives_placed(goal, move |initiative| {
            let stands = initiative.stands_on(date);
            stands.then(|| initiative.placed_on(date))
        })
    }

    fn initiatives_placed(
        &self,
        goal: GoalId,
        place: impl Fn(&InitiativeEntry) -> Option<InitiativePlace>,
    ) -> std::vec::IntoIter<InitiativeId> {
        let ever = self.initiatives_ever.get(&goal).into_iter().flatten();
        let mut found: Vec<(u32, InitiativeId)> = ever
            .filter_map(|id| {
                let place = place(self.initiative(*id)?)?;
                (place.goal == goal).then_some((place.number, *id))
            })
            .collect();
        found.sort_unstable();
        let ids: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        ids.into_iter()
    }

    /// The indicators that stand under an initiative as last recorded, in the order they came there in.
    pub fn indicators_of(
        &self,
        initiative: InitiativeId,
    ) -> impl Iterator<Item = IndicatorId> + use<> {
        self.indicators_placed(initiative, |indicator| Some(indicator.place()))
    }

    /// The indicators that stand under an initiative on `date`, in the order they came there in.
    pub fn indicators_of_on(
        &self,
        initiative: InitiativeId,
        date: Date,
    ) -> impl Iterator<Item = IndicatorId> + use<> {
        self.indicators_placed(initiative, move |indicator| {
            let stands = indicator.stands_on(date);
            stands.then(|| indicator.placed_on(date))
        })
    }

    /// Whether a goal may be seen by everybody on `date`: indicators stand under it, and all of them are marked PUBLIC.
    pub fn is_public(&self, goal: GoalId, date: Date) -> bool {
        let initiatives = self.initiatives_ever.get(&goal).into_iter().flatten();
        let here = initiatives.filter(|id| {
            self.initiative(**id).is_some_and(|initiative| {
                initiative.stands_on(date) && initiative.placed_on(date).goal == goal
            })
        });
        let mut any = false;
        for initiative in here {
            for id in self.indicators_ever.get(initiative).into_iter().flatten() {
                let Some(indicator) = self.indicator(*id) else {
                    continue;
                };
                if indicator.stands_on(date) && indicator.placed_on(date).initiative == *initiative
                {
                    any = true;
                    if indicator.disclosed_on(date) != Disclosure::Public {
                        return false;
                    }
                }
            }
        }
        any
    }

    fn indicators_placed(
        &self,
        initiative: InitiativeId,
        place: impl Fn(&IndicatorEntry) -> Option<IndicatorPlace>,
    ) -> std::vec::IntoIter<IndicatorId> {
        let ever = self.indicators_ever.get(&initiative).into_iter().flatten();
        let mut found: Vec<(u64, IndicatorId)> = ever
            .filter_map(|id| {
                let place = place(self.indicator(*id)?)?;
                (place.initiative == initiative).then_some((place.since, *id))
            })
            .collect();
        found.sort_unstable();
        let ids: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        ids.into_iter()
    }

    /// The department a unit belongs to on `date`: itself or the nearest above that is one.
    pub fn department_of(&self, unit: UnitId, date: Date) -> Option<UnitId> {
        let mut current = unit;
        // A tree deeper than this is refused when it is built.
        for _ in 0..=Self::TREE_DEPTH_MAX {
            let entry = self.units.get(&current)?;
            if entry.kind == UnitKind::Department {
                return Some(current);
            }
            current = entry.on(date)?.parent?;
        }
        None
    }

    /// What a goal, initiative or indicator goes on in, in the order of recording.
    pub fn continued_by(&self, earlier: Named) -> impl Iterator<Item = Named> {
        self.continued_by
            .get(&earlier)
            .into_iter()
            .flatten()
            .copied()
    }

    /// The plan that an initiative belongs to.
    pub fn plan_of_initiative(&self, id: InitiativeId) -> Option<PlanId> {
        let goal = self.goal(self.initiative(id)?.goal())?;
        Some(goal.plan)
    }

    /// The plan that an indicator belongs to.
    pub fn plan_of_indicator(&self, id: IndicatorId) -> Option<PlanId> {
        self.plan_of_initiative(self.indicator(id)?.initiative())
    }

    /// Levels of the tree of units at most.
    pub const TREE_DEPTH_MAX: usize = 16;
}

#[cfg(test)]
mod tests;
