//! What other streams rely on: the ledger's identity, policies, plans with their periods, units, codes, and what
//! stands under what.
//!
//! A fold of the structural events only, small beside the log: a few entries for each goal. Its maps
//! share structure, so a clone costs nothing and serves as a savepoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet, Vector};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::access::AccessPolicy;
use crate::domain::code::{Code, Key};
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::decision::{Proposal, ProposalState};
use crate::domain::evaluation::grade::{built_in, built_in_rubric};
use crate::domain::evaluation::policy::{EvaluationPolicy, GradeRubric, PolicyKind, PolicyVersion};
use crate::domain::event::{
    ClockKind, LedgerOpened, Payload, Recorded, Stream, StreamKind, Subject,
};
use crate::domain::finding::Finding;
use crate::domain::id::{
    DataSubjectId, EventId, GoalId, IndicatorId, InitiativeId, LedgerId, PlanId, ProposalId, UnitId,
};
use crate::domain::indicator::Disclosure;
use crate::domain::org_unit::{OrgUnit, UnitKind};
use crate::domain::period::Period;
use crate::domain::plan::Plan;
use crate::domain::reporting::Calendar;
use crate::domain::text::{Name, Text, Title};
use crate::domain::trust::{
    Erasure, EvidenceErasure, HeadsRecording, LedgerKey, Origin, VerifierKey,
};

mod access;
mod calendars;
mod decisions;
mod entry;
mod findings;
mod hiding;
mod periods;
mod policies;
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
use periods::Periods;
use policies::Policies;
use trust::Trust;

/// What a code names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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
    goals: HashMap<GoalId, Arc<GoalEntry>>,
    initiatives: HashMap<InitiativeId, Arc<InitiativeEntry>>,
    indicators: HashMap<IndicatorId, Arc<IndicatorEntry>>,
    codes: HashMap<Code, Named>,
    /// Goals of a plan, by the order they were set in.
    goals_of_plan: HashMap<PlanId, OrdMap<u64, GoalId>>,
    /// Initiatives that stand or stood under a goal.
    initiatives_ever: HashMap<GoalId, OrdSet<InitiativeId>>,
    /// Indicators that stand or stood under an initiative.
    indicators_ever: HashMap<InitiativeId, OrdSet<IndicatorId>>,
    /// What goals, initiatives and indicators go on in, in the order of recording.
    continued_by: HashMap<Named, Vector<Named>>,
    /// What the ledger says of its own proofs.
    trust: Trust,
    /// Goals that were taken out of it for somebody who may not read them.
    hidden: OrdSet<GoalId>,
    /// Who holds which seat.
    access: Access,
    /// What was proposed and decided.
    decisions: Decisions,
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

    /// Every stream that has events, in no order.
    pub fn streams(&self) -> impl Iterator<Item = Stream> {
        let ledger = self
            .ledger
            .iter()
            .map(|opened| Stream::ledger(opened.ledger));
        let plans = self.plans.keys().map(|id| Stream::plan(*id));
        let units = self.units.keys().map(|id| Stream::org(*id));
        let goals = self.goals.keys().map(|id| Stream::goal(*id));
        ledger.chain(plans).chain(units).chain(goals)
    }

    /// The stream an event with this payload belongs to; `None` while what it is about is unknown. An
    /// initiative or indicator that was moved keeps the stream it began in.
    pub fn stream_of(&self, payload: &Payload) -> Option<Stream> {
        let of_initiative = |id| {
            self.initiative(id)
                .map(|initiative| Stream::goal(initiative.home))
        };
        let of_subject = |subject| match subject {
            Subject::Goal(id) => Some(Stream::goal(id)),
            Subject::Initiative(id) => of_initiative(id),
            Subject::Indicator(id) => Some(Stream::goal(self.indicator(id)?.home)),
        };
        Some(match payload {
            Payload::LedgerOpened(p) => Stream::ledger(p.ledger),
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
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_) => Stream::ledger(self.ledger.as_ref()?.ledger),
            Payload::ChangeProposed(p) => return self.stream_of(&p.change.payload),
            Payload::ChangeConsulted(p) => self.proposal(p.proposal)?.stream,
            Payload::ChangeDecided(p) => self.proposal(p.proposal)?.stream,
            Payload::ChangeWithdrawn(p) => self.proposal(p.proposal)?.stream,
            Payload::ProposalExpired(p) => self.proposal(p.proposal)?.stream,
            Payload::DecisionReviewed(p) => self.decided(p.decision)?.stream,
            Payload::PlanPublished(p) => Stream::plan(p.plan),
            Payload::ImportAccepted(p) => Stream::plan(p.plan),
            Payload::PeriodOpened(p) => Stream::plan(p.plan),
            Payload::PeriodSoftClosed(p) => Stream::plan(p.plan),
            Payload::PeriodClosed(p) => Stream::plan(p.plan),
            Payload::PeriodReopened(p) => Stream::plan(p.plan),
            Payload::SnapshotTaken(p) => Stream::plan(p.plan),
            Payload::RestatementIssued(p) => Stream::plan(p.plan),
            Payload::ReportingCalendarSet(p) => Stream::plan(p.plan),
            Payload::AuditFindingRecorded(p) => Stream::plan(p.plan),
            Payload::AuditFindingAnswered(p) => Stream::plan(p.plan),
            Payload::OrgUnitRegistered(p) => Stream::org(p.unit),
            Payload::OrgUnitChanged(p) => Stream::org(p.unit),
            Payload::GoalSet(p) => Stream::goal(p.goal),
            Payload::GoalReworded(p) => Stream::goal(p.goal),
            Payload::GoalMoved(p) => Stream::goal(p.goal),
            Payload::GoalSuspended(p) => Stream::goal(p.goal),
            Payload::GoalResumed(p) => Stream::goal(p.goal),
            Payload::GoalCancelled(p) => Stream::goal(p.goal),
            Payload::GoalCarriedOver(p) => Stream::goal(p.goal),
            Payload::InitiativeSet(p) => Stream::goal(p.goal),
            Payload::InitiativeReworded(p) => return of_initiative(p.initiative),
            Payload::InitiativeMoved(p) => return of_initiative(p.initiative),
            Payload::InitiativeCancelled(p) => return of_initiative(p.initiative),
            Payload::ResponsibilityTransferred(p) => return of_initiative(p.initiative),
            Payload::IndicatorDefined(p) => return of_initiative(p.initiative),
            Payload::NarrativeAdded(p) => return of_subject(p.subject),
            Payload::EvidenceAttached(p) => return of_subject(p.subject),
            Payload::SelfEvaluated(p) => return of_subject(p.subject),
            Payload::EvaluationReviewed(p) => return of_subject(p.subject),
            Payload::EvaluationFinalised(p) => return of_subject(p.subject),
            Payload::NextActionAgreed(p) => return of_subject(p.subject),
            Payload::NextActionClosed(p) => return of_subject(p.subject),
            Payload::IndicatorReworded(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorRedefined(_)
            | Payload::IndicatorCancelled(_)
            | Payload::BaselineSet(_)
            | Payload::TargetSet(_)
            | Payload::TargetRevised(_)
            | Payload::PlanProfileSet(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::ActualConfirmed(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_) => {
                Stream::goal(self.indicator(payload.indicator()?)?.home)
            }
        })
    }

    /// The name that the ledger's proofs go by now: that of the opening, or of the last continuation.
    pub fn origin(&self) -> Option<&Name> {
        self.trust.origins().next_back().map(|last| &last.origin)
    }

    /// Every name that the ledger's proofs went by, in the order of recording.
    pub fn origins(&self) -> impl DoubleEndedIterator<Item = &Origin> {
        self.trust.origins()
    }

    /// Every key of which the ledger says something, by its text.
    pub fn keys(&self) -> impl Iterator<Item = &LedgerKey> {
        self.trust.keys()
    }

    /// What the ledger says of a key.
    pub fn key(&self, key: &VerifierKey) -> Option<&LedgerKey> {
        self.trust.key(key)
    }

    /// Every recording of where the streams stood, in the order of recording.
    pub fn heads(&self) -> impl DoubleEndedIterator<Item = &Arc<HeadsRecording>> {
        self.trust.heads()
    }

    /// The recording of where the streams stood that was made at a closing.
    pub fn heads_of(&self, closing: EventId) -> Option<&Arc<HeadsRecording>> {
        self.trust.heads_of(closing)
    }

    /// Every erasure of personal texts, by the person, then in the order of recording.
    pub fn erasures(&self) -> impl Iterator<Item = &Arc<Erasure>> {
        self.trust.erasures()
    }

    /// The erasures of texts about one person, in the order of recording.
    pub fn erasures_of(&self, subject: DataSubjectId) -> impl Iterator<Item = &Arc<Erasure>> {
        self.trust.erasures_of(subject)
    }

    /// Every file of evidence that was erased, by its digest.
    pub fn evidence_erasures(&self) -> impl Iterator<Item = &Arc<EvidenceErasure>> {
        self.trust.evidence_erasures()
    }

    /// How the file with this SHA-256 was erased, if it was.
    pub fn evidence_erasure(&self, sha256: &[u8; 32]) -> Option<&Arc<EvidenceErasure>> {
        self.trust.evidence_erasure(sha256)
    }

    /// A proposal.
    pub fn proposal(&self, id: ProposalId) -> Option<&Arc<Proposal>> {
        self.decisions.get(id)
    }

    /// The proposal that people call by its number.
    pub fn numbered_proposal(&self, number: u64) -> Option<&Arc<Proposal>> {
        self.decisions.numbered(number)
    }

    /// The proposal that an event decided.
    pub fn decided(&self, decision: EventId) -> Option<&Arc<Proposal>> {
        self.decisions.decided_by(decision)
    }

    /// Every proposal, in the order of recording.
    pub fn proposals(&self) -> impl DoubleEndedIterator<Item = &Arc<Proposal>> {
        self.decisions.all()
    }

    /// The last day on which a proposal may be decided.
    pub fn expires_on(&self, proposal: &Proposal) -> Date {
        let rule = self.approval_policy_on(proposal.touched_on, None);
        let rule =
            rule.and_then(|(_, policy)| Some(policy.rule(proposal.kind)?.expires_after_days));
        let days = rule.unwrap_or(Proposal::EXPIRES_AFTER_DAYS);
        after(proposal.touched_on, days)
    }

    /// The last day on which the absent principal looks at a decision that was made in their place; `None` where there is none
    /// to look at.
    pub fn review_due(&self, proposal: &Proposal) -> Option<Date> {
        let decision = proposal
            .decision
            .as_ref()
            .filter(|decision| decision.acting.is_some())?;
        let on = decision.step.on;
        let rule = self.approval_policy_on(on, None);
        let rule =
            rule.and_then(|(_, policy)| Some(policy.rule(proposal.kind)?.review_within_days));
        Some(after(on, rule.unwrap_or(Proposal::REVIEW_WITHIN_DAYS)))
    }

    /// What a payload is about in the end: of a proposal and its steps the change, of all else itself.
    pub fn change_of<'a>(&'a self, payload: &'a Payload) -> &'a Payload {
        let of = |id| self.proposal(id).map(|proposal| &*proposal.change.payload);
        let change = match payload {
            Payload::ChangeProposed(p) => Some(&*p.change.payload),
            Payload::ChangeConsulted(p) => of(p.proposal),
            Payload::ChangeDecided(p) => of(p.proposal),
            Payload::ChangeWithdrawn(p) => of(p.proposal),
            Payload::ProposalExpired(p) => of(p.proposal),
            Payload::DecisionReviewed(p) => {
                let proposal = self.decided(p.decision);
                proposal.map(|proposal| &*proposal.change.payload)
            }
            _ => None,
        };
        change.unwrap_or(payload)
    }

    /// The proposals that wait for a decision, in the order of recording.
    pub fn open_proposals(&self) -> impl Iterator<Item = &Arc<Proposal>> {
        self.decisions.open()
    }

    /// How many proposals wait for a decision.
    pub fn open_proposals_count(&self) -> usize {
        self.decisions.open_count()
    }

    /// Levels of the tree of units at most.
    pub const TREE_DEPTH_MAX: usize = 16;

    /// Folds in an event that has happened; all but structural events change nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += u64::from(recorded.event.payload.is_structural());
        self.access.count(&recorded.event.payload);
        let position = recorded.position;
        let from = recorded
            .event
            .valid
            .map_or_else(|| self.date_of(recorded.recorded_at), |v| v.from);
        match &recorded.event.payload {
            Payload::LedgerOpened(p) => {
                self.zone = TimeZone::get(p.time_zone.as_str()).ok();
                self.codes.insert(p.code.clone(), Named::Ledger);
                self.ledger = Some(Arc::new(p.clone()));
                self.trust.name(recorded, &p.origin);
            }
            Payload::LedgerContinued(p) => self.trust.name(recorded, &p.origin),
            Payload::KeyAnnounced(p) => self.trust.announce(recorded, p),
            Payload::KeyRetired(p) => self.trust.retire(recorded, p),
            Payload::KeyCompromised(p) => self.trust.compromise(recorded, p),
            Payload::HeadsRecorded(p) => self.trust.record_heads(recorded, p),
            Payload::PersonalDataErased(p) => self.trust.erase(recorded, p),
            Payload::EvidenceErased(p) => self.trust.erase_evidence(recorded, p),
            Payload::PersonRegistered(p) => self.access.register(recorded, p, from),
            Payload::PersonChanged(p) => self.access.change(recorded, p, from),
            Payload::RoleGranted(p) => self.access.grant(recorded, p, from),
            Payload::RoleRevoked(p) => self.access.revoke(recorded, p, from),
            Payload::DelegationRegistered(p) => self.access.delegate(recorded, p, from),
            Payload::DelegationEnded(p) => self.access.end(recorded, p, from),
            Payload::ChangeProposed(p) => self.decisions.propose(recorded, p, from),
            Payload::ChangeConsulted(p) => self.decisions.consult(recorded, p, from),
            Payload::ChangeDecided(p) => self.decisions.decide(recorded, p, from),
            Payload::ChangeWithdrawn(p) => {
                self.decisions
                    .end(p.proposal, ProposalState::Withdrawn, from);
            }
            Payload::ProposalExpired(p) => {
                self.decisions.end(p.proposal, ProposalState::Expired, from);
            }
            Payload::DecisionReviewed(p) => self.decisions.review(recorded, p, from),
            Payload::PlanPublished(p) => {
                self.codes.insert(p.code.clone(), Named::Plan(p.plan));
                let plan = Plan {
                    id: p.plan,
                    code: p.code.clone(),
                    title: p.title.clone(),
                    cycle: p.cycle,
                    pillars: p.pillars.clone(),
                    source_sha256: p.source_sha256,
                };
                self.plans.insert(p.plan, Arc::new(plan));
            }
            Payload::PolicyPublished(p) => self.policies.apply(recorded, p, from),
            Payload::PeriodOpened(p) => self.periods.open(recorded, p, from),
            Payload::PeriodSoftClosed(p) => {
                self.periods.change(recorded, p.plan, &p.period, from);
            }
            Payload::PeriodClosed(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::PeriodReopened(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::SnapshotTaken(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::RestatementIssued(p) => {
                self.periods.change(recorded, p.plan, &p.period, from);
            }
            Payload::ReportingCalendarSet(p) => {
                if let Some(plan) = self.plans.get(&p.plan) {
                    self.rounds
                        .set(Calendar::of(recorded, p, from, plan.cycle), p.plan);
                }
            }
            Payload::AuditFindingRecorded(p) => self.findings.record(recorded, p, from),
            Payload::AuditFindingAnswered(p) => self.findings.answer(recorded, p, from),
            Payload::EvaluationFinalised(p) => {
                self.periods.finalise(recorded, p.subject, &p.period);
            }
            Payload::OrgUnitRegistered(p) => {
                self.codes.insert(p.code.clone(), Named::Unit(p.unit));
                let unit = OrgUnit {
                    id: p.unit,
                    code: p.code.clone(),
                    kind: p.kind,
                    from,
                    until: recorded.event.valid.and_then(|v| v.to),
                    names: Dated::new(from, position, p.name.clone()),
                    parents: Dated::new(from, position, p.parent),
                };
                self.units.insert(p.unit, Arc::new(unit));
            }
            Payload::OrgUnitChanged(p) => {
                let Some(unit) = self.units.get_mut(&p.unit) else {
                    return;
                };
                let unit = Arc::make_mut(unit);
                if p.dissolved {
                    unit.until = from.yesterday().ok();
                }
                if let Some(name) = &p.name {
                    unit.names.change(from, position, name.clone());
                }
                if p.parent.is_some() {
                    unit.parents.change(from, position, p.parent);
                }
            }
            Payload::GoalSet(p) => {
                self.codes.insert(p.code.clone(), Named::Goal(p.goal));
                self.goals_of_plan
                    .entry(p.plan)
                    .or_default()
                    .insert(position, p.goal);
                let place = GoalPlace {
                    department: p.department,
                    pillar: p.pillar,
                };
                let entry = GoalEntry {
                    plan: p.plan,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    place: Dated::new(from, position, place),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    phase: Dated::new(from, position, Phase::Active),
                };
                self.goes_on(p.continues.map(Named::Goal), Named::Goal(p.goal));
                self.goals.insert(p.goal, Arc::new(entry));
            }
            Payload::GoalReworded(p) => self.on_goal(p.goal, |goal| {
                let wording = wording(&p.title, &p.source_text);
                goal.wording.change(from, position, wording);
            }),
            Payload::GoalMoved(p) => self.on_goal(p.goal, |goal| {
                let place = GoalPlace {
                    department: p.department,
                    pillar: p.pillar,
                };
                goal.place.change(from, position, place);
            }),
            Payload::GoalSuspended(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Suspended(from));
            }),
            Payload::GoalResumed(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Active);
            }),
            Payload::GoalCancelled(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Cancelled(from));
            }),
            Payload::GoalCarriedOver(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::CarriedOver(from));
            }),
            Payload::InitiativeSet(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Initiative(p.initiative));
                self.initiatives_ever
                    .entry(p.goal)
                    .or_default()
                    .insert(p.initiative);
                let place = InitiativePlace {
                    goal: p.goal,
                    number: p.number,
                };
                let responsibility = Responsibility {
                    from,
                    lead: p.lead_unit,
                    contributing: p.contributing_units.clone(),
                };
                let entry = InitiativeEntry {
                    home: p.goal,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    references: p.references.clone(),
                    place: Dated::new(from, position, place),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    responsibility: Dated::new(from, position, responsibility),
                    phase: Dated::new(from, position, Phase::Active),
                };
                let continued = p.continues.map(Named::Initiative);
                self.goes_on(continued, Named::Initiative(p.initiative));
                self.initiatives.insert(p.initiative, Arc::new(entry));
            }
            Payload::InitiativeReworded(p) => self.on_initiative(p.initiative, |initiative| {
                let wording = wording(&p.title, &p.source_text);
                initiative.wording.change(from, position, wording);
            }),
            Payload::InitiativeMoved(p) => {
                self.initiatives_ever
                    .entry(p.to_goal)
                    .or_default()
                    .insert(p.initiative);
                self.on_initiative(p.initiative, |initiative| {
                    let place = InitiativePlace {
                        goal: p.to_goal,
                        number: p.number,
                    };
                    initiative.place.change(from, position, place);
                });
            }
            Payload::InitiativeCancelled(p) => self.on_initiative(p.initiative, |initiative| {
                let phase = Phase::Cancelled(from);
                initiative.phase.change(from, position, phase);
            }),
            Payload::ResponsibilityTransferred(p) => {
                self.on_initiative(p.initiative, |initiative| {
                    let responsibility = Responsibility {
                        from,
                        lead: p.lead_unit,
                        contributing: p.contributing_units.clone(),
                    };
                    initiative
                        .responsibility
                        .change(from, position, responsibility);
                });
            }
            Payload::IndicatorDefined(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Indicator(p.indicator));
                let Some(initiative) = self.initiatives.get(&p.initiative) else {
                    return;
                };
                let place = IndicatorPlace {
                    initiative: p.initiative,
                    since: position,
                };
                let entry = IndicatorEntry {
                    home: initiative.home,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    place: Dated::new(from, position, place),
                    disclosure: Dated::new(from, position, p.definition.disclosure),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    phase: Dated::new(from, position, Phase::Active),
                };
                self.indicators_ever
                    .entry(p.initiative)
                    .or_default()
                    .insert(p.indicator);
                let continued = p.continues.map(Named::Indicator);
                self.goes_on(continued, Named::Indicator(p.indicator));
                self.indicators.insert(p.indicator, Arc::new(entry));
            }
            Payload::IndicatorReworded(p) => self.on_indicator(p.indicator, |indicator| {
                let wording = wording(&p.title, &p.source_text);
                indicator.wording.change(from, position, wording);
            }),
            Payload::IndicatorMoved(p) => {
                self.indicators_ever
                    .entry(p.to_initiative)
                    .or_default()
                    .insert(p.indicator);
                self.on_indicator(p.indicator, |indicator| {
                    let place = IndicatorPlace {
                        initiative: p.to_initiative,
                        since: position,
                    };
                    indicator.place.change(from, position, place);
                });
            }
            Payload::IndicatorCancelled(p) => self.on_indicator(p.indicator, |indicator| {
                indicator
                    .phase
                    .change(from, position, Phase::Cancelled(from));
            }),
            Payload::IndicatorRedefined(p) => self.on_indicator(p.indicator, |indicator| {
                let disclosure = p.definition.disclosure;
                if disclosure != *indicator.disclosure.newest() {
                    indicator.disclosure.change(from, position, disclosure);
                }
            }),
            Payload::ImportAccepted(_)
            | Payload::BaselineSet(_)
            | Payload::TargetSet(_)
            | Payload::TargetRevised(_)
            | Payload::PlanProfileSet(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::ActualConfirmed(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_)
            | Payload::NarrativeAdded(_)
            | Payload::EvidenceAttached(_)
            | Payload::SelfEvaluated(_)
            | Payload::EvaluationReviewed(_)
            | Payload::NextActionAgreed(_)
            | Payload::NextActionClosed(_)
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_) => {}
        }
    }

    fn goes_on(&mut self, earlier: Option<Named>, later: Named) {
        if let Some(earlier) = earlier {
            self.continued_by
                .entry(earlier)
                .or_default()
                .push_back(later);
        }
    }

    fn on_goal(&mut self, id: GoalId, change: impl FnOnce(&mut GoalEntry)) {
        if let Some(entry) = self.goals.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_initiative(&mut self, id: InitiativeId, change: impl FnOnce(&mut InitiativeEntry)) {
        if let Some(entry) = self.initiatives.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_indicator(&mut self, id: IndicatorId, change: impl FnOnce(&mut IndicatorEntry)) {
        if let Some(entry) = self.indicators.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }
}

fn wording(title: &Title, source_text: &Text) -> Wording {
    Wording {
        title: title.clone(),
        source_text: source_text.clone(),
    }
}

fn after(date: Date, days: u32) -> Date {
    date.saturating_add(jiff::Span::new().days(i64::from(days)))
}

#[cfg(test)]
mod tests;
