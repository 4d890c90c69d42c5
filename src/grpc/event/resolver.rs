//! From what people type to what it names: ids and codes, with those that the request itself defines.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use crate::api::v1;
use crate::api::v1::event_input::Payload as Wire;
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::code::{Code, Key};
use crate::domain::decision::Proposal;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Payload, Setting, Stream, StreamKind, Subject};
use crate::domain::id::{
    EventId, GoalId, IndicatorId, InitiativeId, InvalidId, LedgerId, PlanId, ProposalId, StreamId,
    UnitId,
};
use crate::domain::rejection::Reason;
use crate::grpc::event::field::{At, Faults};

/// Finds what ids and codes name, and the stream that an event belongs to.
#[derive(Debug)]
pub struct Resolver<'a> {
    directory: &'a Directory,
    /// Codes that earlier events of the request define; `None`: by an event that is refused itself.
    codes: HashMap<Code, Option<Named>>,
    things: HashSet<Named>,
    /// The goal whose stream holds what the request defines; `None`: it is refused itself.
    initiative_homes: HashMap<InitiativeId, Option<GoalId>>,
    indicator_homes: HashMap<IndicatorId, Option<GoalId>>,
    /// Streams of the proposals that the request makes, and of the events that decide any.
    proposals: HashMap<ProposalId, Stream>,
    decisions: HashMap<EventId, Stream>,
}

/// An id that can be named by a code.
pub(crate) trait Referable: Copy + FromStr<Err = InvalidId> {
    /// The refusal when there is no such thing.
    const UNKNOWN: Reason;
    /// The id, if the thing is of this kind.
    fn of(named: Named) -> Option<Self>;
    /// The thing.
    fn named(self) -> Named;
    /// Whether the ledger knows it.
    fn exists(self, directory: &Directory) -> bool;
}

macro_rules! referable {
    ($($id:ident, $kind:ident, $unknown:ident, $lookup:ident;)*) => {$(
        impl Referable for $id {
            const UNKNOWN: Reason = Reason::$unknown;
            fn of(named: Named) -> Option<Self> {
                match named {
                    Named::$kind(id) => Some(id),
                    _ => None,
                }
            }
            fn named(self) -> Named {
                Named::$kind(self)
            }
            fn exists(self, directory: &Directory) -> bool {
                directory.$lookup(self).is_some()
            }
        }
    )*};
}

referable! {
    PlanId, Plan, PlanUnknown, plan;
    UnitId, Unit, UnitUnknown, unit;
    GoalId, Goal, GoalUnknown, goal;
    InitiativeId, Initiative, InitiativeUnknown, initiative;
    IndicatorId, Indicator, IndicatorUnknown, indicator;
}

impl<'a> Resolver<'a> {
    /// Knows what `directory` knows.
    pub fn new(directory: &'a Directory) -> Self {
        Self {
            directory,
            codes: HashMap::new(),
            things: HashSet::new(),
            initiative_homes: HashMap::new(),
            indicator_homes: HashMap::new(),
            proposals: HashMap::new(),
            decisions: HashMap::new(),
        }
    }

    /// What an id or a code of one kind names.
    pub(crate) fn reference<T: Referable>(
        &self,
        faults: &mut Faults,
        at: &At<'_>,
        text: &str,
    ) -> Option<T> {
        if text.is_empty() {
            return faults.required(at);
        }
        let id = match text.parse::<T>() {
            Ok(id) => id,
            Err(problem @ InvalidId::Reserved) => return faults.id_fault(at, problem),
            Err(InvalidId::NotAUuid) => {
                let code = faults.code(at, text)?;
                return match self.by_code(&code) {
                    Found::Thing(named) => match T::of(named) {
                        Some(id) => Some(id),
                        None => faults.fault(at, T::UNKNOWN),
                    },
                    Found::Refused => faults.fault(at, Reason::NotChecked),
                    Found::Nothing => faults.fault(at, T::UNKNOWN),
                };
            }
        };
        if id.exists(self.directory) || self.things.contains(&id.named()) {
            return Some(id);
        }
        faults.fault(at, T::UNKNOWN)
    }

    /// What an id or a code of any kind names.
    pub(crate) fn anything(
        &self,
        faults: &mut Faults,
        at: &At<'_>,
        text: &str,
        unknown: Reason,
    ) -> Option<Named> {
        let directory = self.directory;
        let found = match text.parse::<StreamId>() {
            Ok(id) => {
                let uuid = id.uuid();
                fn known<T: Referable>(
                    id: Result<T, InvalidId>,
                    directory: &Directory,
                ) -> Option<Named> {
                    id.ok().filter(|id| id.exists(directory)).map(T::named)
                }
                known(GoalId::new(uuid), directory)
                    .or_else(|| known(IndicatorId::new(uuid), directory))
                    .or_else(|| known(InitiativeId::new(uuid), directory))
                    .or_else(|| known(UnitId::new(uuid), directory))
                    .or_else(|| known(PlanId::new(uuid), directory))
                    .or_else(|| {
                        let ledger = directory.ledger()?.ledger;
                        (ledger.uuid() == uuid).then_some(Named::Ledger)
                    })
            }
            Err(problem @ InvalidId::Reserved) => return faults.id_fault(at, problem),
            Err(InvalidId::NotAUuid) => {
                let code = faults.code(at, text)?;
                directory.named(&code)
            }
        };
        match found {
            Some(named) => Some(named),
            None => faults.fault(at, unknown),
        }
    }

    /// The stream that a request names. An id that nothing has yet is taken as it is: its stream is empty.
    pub(crate) fn stream(
        &self,
        faults: &mut Faults,
        at: &At<'_>,
        stream: &v1::StreamRef,
    ) -> Option<Stream> {
        let kind: Option<StreamKind> = faults.choice(&at.then("kind"), stream.kind);
        let at_id = at.then("id");
        if stream.id.is_empty() {
            return faults.required(&at_id);
        }
        match stream.id.parse::<StreamId>() {
            Ok(id) => Some(Stream { kind: kind?, id }),
            Err(problem @ InvalidId::Reserved) => faults.id_fault(&at_id, problem),
            Err(InvalidId::NotAUuid) => {
                let code = faults.code(&at_id, &stream.id)?;
                let kind = kind?;
                let unknown = match kind {
                    StreamKind::Ledger => Reason::LedgerUnknown,
                    StreamKind::Plan => Reason::PlanUnknown,
                    StreamKind::Org => Reason::UnitUnknown,
                    StreamKind::Goal => Reason::GoalUnknown,
                };
                match (self.by_code(&code), kind) {
                    (Found::Refused, _) => faults.fault(&at_id, Reason::NotChecked),
                    (Found::Thing(Named::Ledger), StreamKind::Ledger) => match self.ledger() {
                        Some(ledger) => Some(Stream::ledger(ledger)),
                        None => faults.fault(&at_id, unknown),
                    },
                    (Found::Thing(Named::Plan(id)), StreamKind::Plan) => Some(Stream::plan(id)),
                    (Found::Thing(Named::Unit(id)), StreamKind::Org) => Some(Stream::org(id)),
                    (Found::Thing(Named::Goal(id)), StreamKind::Goal) => Some(Stream::goal(id)),
                    _ => faults.fault(&at_id, unknown),
                }
            }
        }
    }

    fn ledger(&self) -> Option<LedgerId> {
        self.directory.ledger().map(|ledger| ledger.ledger)
    }

    fn by_code(&self, code: &Code) -> Found {
        // What stands in the ledger comes first: an event that takes its code is refused by the rules.
        match self.directory.named(code) {
            Some(named) => Found::Thing(named),
            None => match self.codes.get(code) {
                Some(Some(named)) => Found::Thing(*named),
                Some(None) => Found::Refused,
                None => Found::Nothing,
            },
        }
    }

    /// Takes note of what an event of the request defines, so that later events can name it.
    pub(super) fn define(&mut self, id: Option<Named>, code: Option<Code>) {
        self.things.extend(id);
        if let Some(code) = code {
            self.codes.insert(code, id);
        }
    }

    /// Takes note of the goal that a new initiative is set under.
    pub(super) fn define_initiative(&mut self, id: Option<InitiativeId>, goal: Option<GoalId>) {
        if let Some(id) = id {
            self.initiative_homes.insert(id, goal);
        }
    }

    /// Takes note of the initiative that a new indicator is defined under.
    pub(super) fn define_indicator(
        &mut self,
        id: Option<IndicatorId>,
        initiative: Option<InitiativeId>,
    ) {
        if let Some(id) = id {
            let home = initiative.and_then(|initiative| self.home_of_initiative(initiative));
            self.indicator_homes.insert(id, home);
        }
    }

    /// Takes note of the proposal that an event makes, or decides.
    pub(super) fn define_step(&mut self, id: EventId, payload: Option<&Payload>, stream: Stream) {
        match payload {
            Some(Payload::ChangeProposed(p)) => {
                self.proposals.insert(p.proposal, stream);
            }
            Some(Payload::ChangeDecided(_)) => {
                self.decisions.insert(id, stream);
            }
            _ => {}
        }
    }

    fn stream_of_proposal(&self, id: ProposalId) -> Option<Stream> {
        let known = self.directory.proposal(id).map(|known| known.stream);
        known.or_else(|| self.proposals.get(&id).copied())
    }

    fn stream_of_decision(&self, id: EventId) -> Option<Stream> {
        let known = self.directory.decided(id).map(|known| known.stream);
        known.or_else(|| self.decisions.get(&id).copied())
    }

    /// A proposal by its id or number.
    pub(crate) fn proposal(
        &self,
        faults: &mut Faults,
        at: &At<'_>,
        text: &str,
    ) -> Option<ProposalId> {
        if text.is_empty() {
            return faults.required(at);
        }
        let plain: String = text.nfkc().collect();
        if let Some(number) = Proposal::number_of(plain.trim()) {
            return match self.directory.numbered_proposal(number) {
                Some(proposal) => Some(proposal.id),
                None => faults.fault(at, Reason::ProposalUnknown),
            };
        }
        let id = faults.id(at, text)?;
        match self.stream_of_proposal(id) {
            Some(_) => Some(id),
            None => faults.fault(at, Reason::ProposalUnknown),
        }
    }

    /// Whether an event decided a proposal.
    pub(crate) fn decision(&self, faults: &mut Faults, at: &At<'_>, text: &str) -> Option<EventId> {
        let id = faults.id(at, text)?;
        match self.stream_of_decision(id) {
            Some(_) => Some(id),
            None => faults.fault(at, Reason::DecisionUnknown),
        }
    }

    fn meant_proposal(&self, text: &str) -> Option<ProposalId> {
        self.proposal(&mut Faults::default(), &At::field("reference"), text)
    }

    fn home_of_initiative(&self, id: InitiativeId) -> Option<GoalId> {
        match self.directory.initiative(id) {
            Some(entry) => Some(entry.home),
            None => self.initiative_homes.get(&id).copied().flatten(),
        }
    }

    fn home_of_indicator(&self, id: IndicatorId) -> Option<GoalId> {
        match self.directory.indicator(id) {
            Some(entry) => Some(entry.home),
            None => self.indicator_homes.get(&id).copied().flatten(),
        }
    }

    /// The stream an event belongs to; `None` if that depends on an event that is refused itself.
    pub(super) fn stream_of(&self, payload: &Payload) -> Option<Stream> {
        let goal = match payload {
            Payload::LedgerOpened(p) => return Some(Stream::ledger(p.ledger)),
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
            | Payload::AccessesLeftOut(_) => return self.ledger().map(Stream::ledger),
            Payload::ChangeProposed(p) => return self.stream_of(&p.change.payload),
            Payload::ChangeConsulted(p) => return self.stream_of_proposal(p.proposal),
            Payload::ChangeDecided(p) => return self.stream_of_proposal(p.proposal),
            Payload::ChangeWithdrawn(p) => return self.stream_of_proposal(p.proposal),
            Payload::ProposalExpired(p) => return self.stream_of_proposal(p.proposal),
            Payload::DecisionReviewed(p) => return self.stream_of_decision(p.decision),
            Payload::PlanPublished(p) => return Some(Stream::plan(p.plan)),
            Payload::ImportAccepted(p) => return Some(Stream::plan(p.plan)),
            Payload::PeriodOpened(p) => return Some(Stream::plan(p.plan)),
            Payload::PeriodSoftClosed(p) => return Some(Stream::plan(p.plan)),
            Payload::PeriodClosed(p) => return Some(Stream::plan(p.plan)),
            Payload::PeriodReopened(p) => return Some(Stream::plan(p.plan)),
            Payload::SnapshotTaken(p) => return Some(Stream::plan(p.plan)),
            Payload::RestatementIssued(p) => return Some(Stream::plan(p.plan)),
            Payload::ReportingCalendarSet(p) => return Some(Stream::plan(p.plan)),
            Payload::AuditFindingRecorded(p) => return Some(Stream::plan(p.plan)),
            Payload::AuditFindingAnswered(p) => return Some(Stream::plan(p.plan)),
            Payload::OrgUnitRegistered(p) => return Some(Stream::org(p.unit)),
            Payload::OrgUnitChanged(p) => return Some(Stream::org(p.unit)),
            Payload::GoalSet(p) => Some(p.goal),
            Payload::GoalReworded(p) => Some(p.goal),
            Payload::GoalMoved(p) => Some(p.goal),
            Payload::GoalSuspended(p) => Some(p.goal),
            Payload::GoalResumed(p) => Some(p.goal),
            Payload::GoalCancelled(p) => Some(p.goal),
            Payload::GoalCarriedOver(p) => Some(p.goal),
            Payload::InitiativeSet(p) => Some(p.goal),
            Payload::InitiativeReworded(p) => self.home_of_initiative(p.initiative),
            Payload::InitiativeMoved(p) => self.home_of_initiative(p.initiative),
            Payload::InitiativeCancelled(p) => self.home_of_initiative(p.initiative),
            Payload::ResponsibilityTransferred(p) => self.home_of_initiative(p.initiative),
            Payload::IndicatorDefined(p) => self.home_of_initiative(p.initiative),
            Payload::IndicatorReworded(p) => self.home_of_indicator(p.indicator),
            Payload::IndicatorMoved(p) => self.home_of_indicator(p.indicator),
            Payload::IndicatorRedefined(p) => self.home_of_indicator(p.indicator),
            Payload::IndicatorCancelled(p) => self.home_of_indicator(p.indicator),
            Payload::BaselineSet(p) => self.home_of_indicator(p.indicator),
            Payload::TargetSet(p) => self.home_of_indicator(p.indicator),
            Payload::TargetRevised(p) => self.home_of_indicator(p.indicator),
            Payload::PlanProfileSet(p) => self.home_of_indicator(p.indicator),
            Payload::ActualRecorded(p) => self.home_of_indicator(p.indicator),
            Payload::ActualCorrected(p) => self.home_of_indicator(p.indicator),
            Payload::ActualRetracted(p) => self.home_of_indicator(p.indicator),
            Payload::ActualConfirmed(p) => self.home_of_indicator(p.indicator),
            Payload::DemandRecorded(p) => self.home_of_indicator(p.indicator),
            Payload::ForecastSubmitted(p) => self.home_of_indicator(p.indicator),
            Payload::NarrativeAdded(p) => self.home_of_subject(p.subject),
            Payload::EvidenceAttached(p) => self.home_of_subject(p.subject),
            Payload::SelfEvaluated(p) => self.home_of_subject(p.subject),
            Payload::EvaluationReviewed(p) => self.home_of_subject(p.subject),
            Payload::EvaluationFinalised(p) => self.home_of_subject(p.subject),
            Payload::NextActionAgreed(p) => self.home_of_subject(p.subject),
            Payload::NextActionClosed(p) => self.home_of_subject(p.subject),
        };
        goal.map(Stream::goal)
    }

    /// What an event without sound form was to set, as far as that can be told. What has no readable id
    /// cannot be named by others.
    pub(super) fn meant_to_set(&self, payload: Option<&Wire>) -> Setting {
        let stream = |stream: Option<Stream>| stream.map_or(Setting::Nothing, Setting::Stream);
        let goal = |text: &str| stream(self.meant(text).map(Stream::goal));
        let initiative =
            |id: Option<InitiativeId>| id.map_or(Setting::Nothing, Setting::Initiative);
        let indicator = |id: Option<IndicatorId>| id.map_or(Setting::Nothing, Setting::Indicator);
        let period = |plan: &str, key: &str| match (self.meant(plan), Key::parse(key)) {
            (Some(plan), Ok(key)) => Setting::Period(plan, key),
            _ => Setting::Nothing,
        };
        let evaluation = |subject: Option<&v1::Subject>, key: &str| match (
            self.meant_subject(subject),
            Key::parse(key),
        ) {
            (Some(subject), Ok(key)) => Setting::Evaluation(subject, key),
            _ => Setting::Nothing,
        };
        let finding = |plan: &str, number: &str| match (self.meant(plan), Key::parse(number)) {
            (Some(plan), Ok(number)) => Setting::Finding(plan, number),
            _ => Setting::Nothing,
        };
        let proposal = |id: Option<ProposalId>| id.map_or(Setting::Nothing, Setting::Proposal);
        let action = |id: &str| id.parse().map_or(Setting::Nothing, Setting::Action);
        let person = |id: &str| id.parse().map_or(Setting::Nothing, Setting::Person);
        let Some(payload) = payload else {
            return Setting::Nothing;
        };
        match payload {
            Wire::PolicyPublished(p) => {
                Code::parse(&p.code).map_or(Setting::Nothing, Setting::Policy)
            }
            Wire::PeriodOpened(p) => period(&p.plan, &p.period),
            Wire::PeriodSoftClosed(p) => period(&p.plan, &p.period),
            Wire::PeriodClosed(p) => period(&p.plan, &p.period),
            Wire::PeriodReopened(p) => period(&p.plan, &p.period),
            Wire::SnapshotTaken(p) => period(&p.plan, &p.period),
            Wire::RestatementIssued(p) => period(&p.plan, &p.period),
            Wire::SelfEvaluated(p) => evaluation(p.subject.as_ref(), &p.period),
            Wire::EvaluationReviewed(p) => evaluation(p.subject.as_ref(), &p.period),
            Wire::EvaluationFinalised(p) => evaluation(p.subject.as_ref(), &p.period),
            Wire::NextActionAgreed(p) => action(&p.action),
            Wire::NextActionClosed(p) => action(&p.action),
            Wire::ReportingCalendarSet(p) => self
                .meant(&p.plan)
                .map_or(Setting::Nothing, Setting::Calendar),
            Wire::AuditFindingRecorded(p) => finding(&p.plan, &p.finding),
            Wire::AuditFindingAnswered(p) => finding(&p.plan, &p.finding),
            Wire::LedgerOpened(p) => stream(p.ledger.parse().ok().map(Stream::ledger)),
            Wire::PlanPublished(p) => stream(p.plan.parse().ok().map(Stream::plan)),
            Wire::OrgUnitRegistered(p) => stream(p.unit.parse().ok().map(Stream::org)),
            Wire::OrgUnitChanged(p) => stream(self.meant(&p.unit).map(Stream::org)),
            Wire::GoalSet(p) => stream(p.goal.parse().ok().map(Stream::goal)),
            Wire::GoalReworded(p) => goal(&p.goal),
            Wire::GoalMoved(p) => goal(&p.goal),
            Wire::GoalSuspended(p) => goal(&p.goal),
            Wire::GoalResumed(p) => goal(&p.goal),
            Wire::GoalCancelled(p) => goal(&p.goal),
            Wire::GoalCarriedOver(p) => goal(&p.goal),
            Wire::InitiativeSet(p) => initiative(p.initiative.parse().ok()),
            Wire::InitiativeReworded(p) => initiative(self.meant(&p.initiative)),
            Wire::InitiativeMoved(p) => initiative(self.meant(&p.initiative)),
            Wire::InitiativeCancelled(p) => initiative(self.meant(&p.initiative)),
            Wire::ResponsibilityTransferred(p) => initiative(self.meant(&p.initiative)),
            Wire::IndicatorDefined(p) => indicator(p.indicator.parse().ok()),
            Wire::IndicatorReworded(p) => indicator(self.meant(&p.indicator)),
            Wire::IndicatorMoved(p) => indicator(self.meant(&p.indicator)),
            Wire::IndicatorRedefined(p) => indicator(self.meant(&p.indicator)),
            Wire::IndicatorCancelled(p) => indicator(self.meant(&p.indicator)),
            Wire::BaselineSet(p) => indicator(self.meant(&p.indicator)),
            Wire::TargetSet(p) => indicator(self.meant(&p.indicator)),
            Wire::TargetRevised(p) => indicator(self.meant(&p.indicator)),
            Wire::PlanProfileSet(p) => indicator(self.meant(&p.indicator)),
            Wire::PersonRegistered(p) => person(&p.person),
            Wire::PersonChanged(p) => person(&p.person),
            Wire::RoleGranted(p) => match (p.grant.parse(), Code::parse(&p.seat)) {
                (Ok(grant), Ok(seat)) => Setting::Grant(grant, seat),
                _ => Setting::Nothing,
            },
            Wire::DelegationRegistered(p) => p
                .delegation
                .parse()
                .map_or(Setting::Nothing, Setting::Delegation),
            Wire::RoleRevoked(_) | Wire::DelegationEnded(_) => Setting::Nothing,
            Wire::ChangeProposed(p) => proposal(p.proposal.parse().ok()),
            Wire::ChangeConsulted(p) => proposal(self.meant_proposal(&p.proposal)),
            Wire::ChangeDecided(p) => proposal(self.meant_proposal(&p.proposal)),
            Wire::ChangeWithdrawn(p) => proposal(self.meant_proposal(&p.proposal)),
            Wire::ProposalExpired(p) => proposal(self.meant_proposal(&p.proposal)),
            Wire::DecisionReviewed(_) => Setting::Nothing,
            Wire::ImportAccepted(_)
            | Wire::LedgerContinued(_)
            | Wire::KeyAnnounced(_)
            | Wire::KeyRetired(_)
            | Wire::KeyCompromised(_)
            | Wire::HeadsRecorded(_)
            | Wire::PersonalDataErased(_)
            | Wire::EvidenceErased(_)
            | Wire::OperationAuthorised(_)
            | Wire::AccessRecorded(_)
            | Wire::AccessesLeftOut(_)
            | Wire::ActualRecorded(_)
            | Wire::ActualCorrected(_)
            | Wire::ActualRetracted(_)
            | Wire::ActualConfirmed(_)
            | Wire::DemandRecorded(_)
            | Wire::ForecastSubmitted(_)
            | Wire::NarrativeAdded(_)
            | Wire::EvidenceAttached(_) => Setting::Nothing,
        }
    }

    fn meant<T: Referable>(&self, text: &str) -> Option<T> {
        // What is wrong with it was told when the event was read.
        self.reference(&mut Faults::default(), &At::field("reference"), text)
    }

    fn meant_subject(&self, subject: Option<&v1::Subject>) -> Option<Subject> {
        use v1::subject::Kind;
        match subject?.kind.as_ref()? {
            Kind::Goal(text) => self.meant(text).map(Subject::Goal),
            Kind::Initiative(text) => self.meant(text).map(Subject::Initiative),
            Kind::Indicator(text) => self.meant(text).map(Subject::Indicator),
        }
    }

    fn home_of_subject(&self, subject: Subject) -> Option<GoalId> {
        match subject {
            Subject::Goal(id) => Some(id),
            Subject::Initiative(id) => self.home_of_initiative(id),
            Subject::Indicator(id) => self.home_of_indicator(id),
        }
    }
}

enum Found {
    Thing(Named),
    /// Defined by an event of the request that is refused itself.
    Refused,
    Nothing,
}
