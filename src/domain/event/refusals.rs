//! What of a request depends on those of its events that are refused.

use std::collections::HashSet;

use super::{Event, Payload, Stream, Subject};
use crate::domain::access::Holder;
use crate::domain::code::{Code, Key};
use crate::domain::finding::FindingReference;
use crate::domain::id::{
    ActionId, DelegationId, EventId, GrantId, IndicatorId, InitiativeId, PersonId, PlanId,
    ProposalId, UnitId,
};
use crate::domain::indicator::Definition;

/// The refused events of one request, as far as later ones depend on them.
///
/// A refused report stands in nobody's way but of those that name it: every bad row of a sheet is told. A
/// refused setting stands in the way of all that is about the same thing, for it would be judged on what is
/// not there.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    streams: HashSet<Stream>,
    initiatives: HashSet<InitiativeId>,
    indicators: HashSet<IndicatorId>,
    policies: HashSet<Code>,
    periods: HashSet<(PlanId, Key)>,
    evaluations: HashSet<(Subject, Key)>,
    actions: HashSet<ActionId>,
    calendars: HashSet<PlanId>,
    findings: HashSet<(PlanId, Key)>,
    persons: HashSet<PersonId>,
    grants: HashSet<GrantId>,
    seats: HashSet<Code>,
    delegations: HashSet<DelegationId>,
    proposals: HashSet<ProposalId>,
    events: HashSet<EventId>,
}

impl Refusals {
    /// Counts `event` as refused, for its own faults or because it depends on one that is.
    pub fn add(&mut self, event: &Event) {
        self.add_unread(Some(event.id), event.sets());
    }

    /// Counts an event as refused that could not be read whole: its id, and what it was to set.
    pub fn add_unread(&mut self, id: Option<EventId>, sets: Setting) {
        self.events.extend(id);
        match sets {
            Setting::Nothing => {}
            Setting::Stream(stream) => {
                self.streams.insert(stream);
            }
            Setting::Initiative(id) => {
                self.initiatives.insert(id);
            }
            Setting::Indicator(id) => {
                self.indicators.insert(id);
            }
            Setting::Policy(code) => {
                self.policies.insert(code);
            }
            Setting::Period(plan, period) => {
                self.periods.insert((plan, period));
            }
            Setting::Evaluation(subject, period) => {
                self.evaluations.insert((subject, period));
            }
            Setting::Action(id) => {
                self.actions.insert(id);
            }
            Setting::Calendar(plan) => {
                self.calendars.insert(plan);
            }
            Setting::Finding(plan, number) => {
                self.findings.insert((plan, number));
            }
            Setting::Person(id) => {
                self.persons.insert(id);
            }
            Setting::Grant(id, seat) => {
                self.grants.insert(id);
                self.seats.insert(seat);
            }
            Setting::Delegation(id) => {
                self.delegations.insert(id);
            }
            Setting::Proposal(id) => {
                self.proposals.insert(id);
            }
        }
    }

    /// Whether judging `event` would judge it on what was refused.
    pub fn touch(&self, event: &Event) -> bool {
        let payload = &event.payload;
        self.streams.contains(&event.stream)
            || payload
                .streams_relied_on()
                .iter()
                .any(|stream| self.streams.contains(stream))
            || payload
                .components()
                .iter()
                .any(|id| self.indicators.contains(id))
            || payload
                .indicator()
                .is_some_and(|id| self.indicators.contains(&id))
            || payload
                .initiative()
                .is_some_and(|id| self.initiatives.contains(&id))
            || payload
                .names_events()
                .iter()
                .any(|id| self.events.contains(id))
            || event.references().any(|(_, id)| self.events.contains(&id))
            || self.touch_evaluation(payload)
            || payload.proposals().any(|id| self.proposals.contains(&id))
            || payload.proposed().is_some_and(|change| {
                let change = change.event(event.id, event.stream);
                self.touch(&change)
            })
    }

    /// Whether a policy, a period, an evaluation or a next action is judged on what was refused.
    fn touch_evaluation(&self, payload: &Payload) -> bool {
        match payload {
            Payload::PolicyPublished(p) => {
                let rubric = p.content.rubric_code();
                self.policies.contains(&p.code)
                    || rubric.is_some_and(|code| self.policies.contains(code))
            }
            // Of the plan only the subject tells, and the subject may be new: the key is telling enough.
            Payload::NextActionAgreed(p) => {
                self.periods.iter().any(|(_, key)| *key == p.period)
                    || self.actions.contains(&p.action)
            }
            Payload::NextActionClosed(p) => self.actions.contains(&p.action),
            Payload::ReportingCalendarSet(p) => {
                let exceptions = p.rounds.iter().flat_map(|round| &round.exceptions);
                let mut named = exceptions.map(|exception| exception.indicator);
                self.calendars.contains(&p.plan) || named.any(|id| self.indicators.contains(&id))
            }
            // A seat that somebody else was to hold stands in nobody's way, but nobody acts for one that nobody holds.
            Payload::PersonChanged(p) => self.persons.contains(&p.person),
            Payload::RoleGranted(p) => match &p.holder {
                Holder::Person(id) => self.persons.contains(id),
                Holder::Service(_) => false,
            },
            Payload::RoleRevoked(p) => self.grants.contains(&p.grant),
            Payload::DelegationRegistered(p) => {
                self.persons.contains(&p.delegate) || self.seats.contains(&p.seat)
            }
            Payload::DelegationEnded(p) => self.delegations.contains(&p.delegation),
            Payload::AuditFindingRecorded(p) => {
                self.touch_finding(p.plan, &p.finding, &p.references)
            }
            Payload::AuditFindingAnswered(p) => {
                self.touch_finding(p.plan, &p.finding, &p.references)
            }
            payload => {
                let of_plan = payload.period_of_plan();
                let evaluated = payload.evaluated();
                of_plan.is_some_and(|(plan, key)| self.periods.contains(&(plan, key.clone())))
                    || evaluated.is_some_and(|e| {
                        self.periods.iter().any(|(_, key)| key == e.period)
                            || self.evaluations.contains(&(e.subject, e.period.clone()))
                    })
            }
        }
    }
}

impl Refusals {
    /// Whether a finding, or anything it is about, was refused.
    fn touch_finding(&self, plan: PlanId, number: &Key, references: &[FindingReference]) -> bool {
        let about = |reference: &FindingReference| match *reference {
            FindingReference::Subject(Subject::Goal(id)) => {
                self.streams.contains(&Stream::goal(id))
            }
            FindingReference::Subject(Subject::Initiative(id)) => self.initiatives.contains(&id),
            FindingReference::Subject(Subject::Indicator(id)) => self.indicators.contains(&id),
            FindingReference::Unit(id) => self.streams.contains(&Stream::org(id)),
            // Named events are asked after wherever an event names any.
            FindingReference::Event(_) => false,
        };
        self.findings.contains(&(plan, number.clone())) || references.iter().any(about)
    }
}

/// What an event sets that later ones are judged by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Setting {
    /// Nothing: it reports or tells.
    Nothing,
    /// What the whole stream is about.
    Stream(Stream),
    /// An initiative.
    Initiative(InitiativeId),
    /// An indicator.
    Indicator(IndicatorId),
    /// The policy of a code.
    Policy(Code),
    /// A period of a plan.
    Period(PlanId, Key),
    /// The evaluation of something for a period.
    Evaluation(Subject, Key),
    /// A next action.
    Action(ActionId),
    /// The reporting calendar of a plan.
    Calendar(PlanId),
    /// A finding of a plan.
    Finding(PlanId, Key),
    /// A person.
    Person(PersonId),
    /// That somebody holds a seat.
    Grant(GrantId, Code),
    /// That somebody acts for a seat.
    Delegation(DelegationId),
    /// A proposal.
    Proposal(ProposalId),
}

impl Event {
    fn sets(&self) -> Setting {
        use Payload as P;
        match &self.payload {
            P::LedgerOpened(_)
            | P::PlanPublished(_)
            | P::OrgUnitRegistered(_)
            | P::OrgUnitChanged(_)
            | P::GoalSet(_)
            | P::GoalReworded(_)
            | P::GoalMoved(_)
            | P::GoalSuspended(_)
            | P::GoalResumed(_)
            | P::GoalCancelled(_)
            | P::GoalCarriedOver(_) => Setting::Stream(self.stream),
            P::InitiativeSet(p) => Setting::Initiative(p.initiative),
            P::InitiativeReworded(p) => Setting::Initiative(p.initiative),
            P::InitiativeMoved(p) => Setting::Initiative(p.initiative),
            P::InitiativeCancelled(p) => Setting::Initiative(p.initiative),
            P::ResponsibilityTransferred(p) => Setting::Initiative(p.initiative),
            P::IndicatorDefined(p) => Setting::Indicator(p.indicator),
            P::IndicatorReworded(p) => Setting::Indicator(p.indicator),
            P::IndicatorMoved(p) => Setting::Indicator(p.indicator),
            P::IndicatorRedefined(p) => Setting::Indicator(p.indicator),
            P::IndicatorCancelled(p) => Setting::Indicator(p.indicator),
            P::BaselineSet(p) => Setting::Indicator(p.indicator),
            P::TargetSet(p) => Setting::Indicator(p.indicator),
            P::TargetRevised(p) => Setting::Indicator(p.indicator),
            P::PlanProfileSet(p) => Setting::Indicator(p.indicator),
            P::PolicyPublished(p) => Setting::Policy(p.code.clone()),
            P::PeriodOpened(p) => Setting::Period(p.plan, p.period.clone()),
            P::PeriodSoftClosed(p) => Setting::Period(p.plan, p.period.clone()),
            P::PeriodClosed(p) => Setting::Period(p.plan, p.period.clone()),
            P::PeriodReopened(p) => Setting::Period(p.plan, p.period.clone()),
            P::SnapshotTaken(p) => Setting::Period(p.plan, p.period.clone()),
            P::RestatementIssued(p) => Setting::Period(p.plan, p.period.clone()),
            P::SelfEvaluated(p) => Setting::Evaluation(p.subject, p.period.clone()),
            P::EvaluationReviewed(p) => Setting::Evaluation(p.subject, p.period.clone()),
            P::EvaluationFinalised(p) => Setting::Evaluation(p.subject, p.period.clone()),
            P::NextActionAgreed(p) => Setting::Action(p.action),
            P::NextActionClosed(p) => Setting::Action(p.action),
            P::ReportingCalendarSet(p) => Setting::Calendar(p.plan),
            P::AuditFindingRecorded(p) => Setting::Finding(p.plan, p.finding.clone()),
            P::AuditFindingAnswered(p) => Setting::Finding(p.plan, p.finding.clone()),
            P::PersonRegistered(p) => Setting::Person(p.person),
            P::PersonChanged(p) => Setting::Person(p.person),
            P::RoleGranted(p) => Setting::Grant(p.grant, p.seat.clone()),
            P::RoleRevoked(_) | P::DelegationEnded(_) => Setting::Nothing,
            P::DelegationRegistered(p) => Setting::Delegation(p.delegation),
            P::ChangeProposed(p) => Setting::Proposal(p.proposal),
            P::ChangeConsulted(p) => Setting::Proposal(p.proposal),
            P::ChangeDecided(p) => Setting::Proposal(p.proposal),
            P::ChangeWithdrawn(p) => Setting::Proposal(p.proposal),
            P::ProposalExpired(p) => Setting::Proposal(p.proposal),
            P::DecisionReviewed(_)
            | P::ImportAccepted(_)
            | P::LedgerContinued(_)
            | P::KeyAnnounced(_)
            | P::KeyRetired(_)
            | P::KeyCompromised(_)
            | P::HeadsRecorded(_)
            | P::PersonalDataErased(_)
            | P::EvidenceErased(_)
            | P::OperationAuthorised(_)
            | P::AccessRecorded(_)
            | P::AccessesLeftOut(_)
            | P::ActualRecorded(_)
            | P::ActualCorrected(_)
            | P::ActualRetracted(_)
            | P::ActualConfirmed(_)
            | P::DemandRecorded(_)
            | P::ForecastSubmitted(_)
            | P::NarrativeAdded(_)
            | P::EvidenceAttached(_) => Setting::Nothing,
        }
    }
}

impl Payload {
    /// The initiative it is about or puts something under.
    pub fn initiative(&self) -> Option<InitiativeId> {
        match self {
            Self::InitiativeSet(p) => Some(p.initiative),
            Self::InitiativeReworded(p) => Some(p.initiative),
            Self::InitiativeMoved(p) => Some(p.initiative),
            Self::InitiativeCancelled(p) => Some(p.initiative),
            Self::ResponsibilityTransferred(p) => Some(p.initiative),
            Self::IndicatorDefined(p) => Some(p.initiative),
            Self::IndicatorMoved(p) => Some(p.to_initiative),
            Self::NarrativeAdded(p) => p.subject.initiative(),
            Self::EvidenceAttached(p) => p.subject.initiative(),
            Self::SelfEvaluated(p) => p.subject.initiative(),
            Self::EvaluationReviewed(p) => p.subject.initiative(),
            Self::EvaluationFinalised(p) => p.subject.initiative(),
            Self::NextActionAgreed(p) => p.subject.initiative(),
            Self::NextActionClosed(p) => p.subject.initiative(),
            _ => None,
        }
    }

    /// The proposals that it makes, replaces or takes a step of.
    fn proposals(&self) -> impl Iterator<Item = ProposalId> {
        let (first, second) = match self {
            Self::ChangeProposed(p) => (Some(p.proposal), p.replaces),
            Self::ChangeConsulted(p) => (Some(p.proposal), None),
            Self::ChangeDecided(p) => (Some(p.proposal), None),
            Self::ChangeWithdrawn(p) => (Some(p.proposal), None),
            Self::ProposalExpired(p) => (Some(p.proposal), None),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The change that it proposes.
    pub fn proposed(&self) -> Option<&super::ProposedChange> {
        match self {
            Self::ChangeProposed(p) => Some(&p.change),
            _ => None,
        }
    }

    /// Streams of other things that it names.
    fn streams_relied_on(&self) -> Vec<Stream> {
        let units = |ids: &mut dyn Iterator<Item = UnitId>| ids.map(Stream::org).collect();
        let responsible = |lead: UnitId, contributing: &[UnitId]| {
            units(&mut std::iter::once(lead).chain(contributing.iter().copied()))
        };
        let of_definition = |definition: &Definition| {
            let contributing = definition.contributing_units.iter().copied();
            units(&mut definition.lead_unit.into_iter().chain(contributing))
        };
        match self {
            Self::ImportAccepted(p) => vec![Stream::plan(p.plan)],
            Self::NextActionAgreed(p) => vec![Stream::org(p.owner_unit)],
            Self::RoleGranted(p) => units(&mut p.units.iter().copied()),
            Self::OrgUnitRegistered(p) => units(&mut p.parent.into_iter()),
            Self::OrgUnitChanged(p) => units(&mut p.parent.into_iter()),
            Self::GoalSet(p) => {
                let continued = p.continues.map(Stream::goal);
                [Stream::plan(p.plan), Stream::org(p.department)]
                    .into_iter()
                    .chain(continued)
                    .collect()
            }
            Self::GoalMoved(p) => vec![Stream::org(p.department)],
            Self::GoalCarriedOver(p) => {
                let goal = p.to_goal.map(Stream::goal);
                std::iter::once(Stream::plan(p.to_plan))
                    .chain(goal)
                    .collect()
            }
            Self::InitiativeSet(p) => responsible(p.lead_unit, &p.contributing_units),
            Self::InitiativeMoved(p) => vec![Stream::goal(p.to_goal)],
            Self::ResponsibilityTransferred(p) => responsible(p.lead_unit, &p.contributing_units),
            Self::IndicatorDefined(p) => of_definition(&p.definition),
            Self::IndicatorRedefined(p) => of_definition(&p.definition),
            _ => Vec::new(),
        }
    }

    /// The indicators that a composite is made of, or that a period is reopened for.
    fn components(&self) -> &[IndicatorId] {
        match self {
            Self::PeriodReopened(p) => &p.scope,
            Self::IndicatorDefined(p) => &p.definition.components,
            Self::IndicatorRedefined(p) => &p.definition.components,
            _ => &[],
        }
    }

    /// The period of a plan that it opens, changes or speaks of.
    fn period_of_plan(&self) -> Option<(PlanId, &Key)> {
        match self {
            Self::PeriodOpened(p) => Some((p.plan, &p.period)),
            Self::PeriodSoftClosed(p) => Some((p.plan, &p.period)),
            Self::PeriodClosed(p) => Some((p.plan, &p.period)),
            Self::PeriodReopened(p) => Some((p.plan, &p.period)),
            Self::SnapshotTaken(p) => Some((p.plan, &p.period)),
            Self::RestatementIssued(p) => Some((p.plan, &p.period)),
            _ => None,
        }
    }

    /// The events that it replaces, takes back, confirms or rests on.
    fn names_events(&self) -> &[EventId] {
        match self {
            Self::TargetRevised(p) => std::slice::from_ref(&p.replaces),
            Self::ActualCorrected(p) => std::slice::from_ref(&p.corrects),
            Self::ActualRetracted(p) => std::slice::from_ref(&p.retracts),
            Self::ActualConfirmed(p) => &p.entries,
            Self::SnapshotTaken(p) => std::slice::from_ref(&p.closed_by),
            Self::DecisionReviewed(p) => std::slice::from_ref(&p.decision),
            _ => &[],
        }
    }
}

impl Subject {
    fn initiative(&self) -> Option<InitiativeId> {
        match self {
            Self::Initiative(id) => Some(*id),
            Self::Goal(_) | Self::Indicator(_) => None,
        }
    }
}
