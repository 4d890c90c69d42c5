//! Which streams there are, and in which one an event belongs.

use crate::domain::event::{Payload, Stream, Subject};

use super::Directory;

impl Directory {
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
            | Payload::OperationAuthorised(_)
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
}
