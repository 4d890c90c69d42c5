//! What kind of change an event would be, from what stands: which way a target goes, what a definition loses, how far the
//! period of a report is closed.

use super::Judge;
use crate::domain::access::Role;
use crate::domain::date::Date;
use crate::domain::decision::ChangeKind;
use crate::domain::event::{DelegationRegistered, Event, Payload, PersonChanged, TargetRevised};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::{Checkpoint, Definition, Member, Part};
use crate::domain::period::Lock;
use crate::domain::quantity::Quantity;
use crate::domain::target::{TargetVersion, in_force};

impl Judge<'_> {
    /// The kind of change that `event` would be; `None` where nothing of the kind is ever decided on.
    pub(in crate::domain::goal::decide) fn kind_of(&self, event: &Event) -> Option<ChangeKind> {
        Some(match &event.payload {
            Payload::TargetRevised(p) => self.direction(p, event.valid.map(|valid| valid.from)),
            Payload::IndicatorRedefined(p) => {
                let measured = self.goal.indicator(p.indicator);
                let before = measured.and_then(|measured| measured.definition());
                match before {
                    Some(before) if drops_a_part(before, &p.definition) => ChangeKind::PartDropped,
                    _ => ChangeKind::Redefined,
                }
            }
            Payload::ActualCorrected(p) => {
                let day = event.valid.map(|valid| valid.counts_on());
                self.correction(p.indicator, p.corrects, day)
            }
            Payload::ActualRetracted(p) => self.correction(p.indicator, p.retracts, None),
            Payload::GoalMoved(_)
            | Payload::InitiativeMoved(_)
            | Payload::IndicatorMoved(_)
            | Payload::ResponsibilityTransferred(_) => ChangeKind::Moved,
            Payload::GoalSuspended(_) => ChangeKind::Suspended,
            Payload::GoalResumed(_) => ChangeKind::Resumed,
            Payload::GoalCancelled(_)
            | Payload::InitiativeCancelled(_)
            | Payload::IndicatorCancelled(_) => ChangeKind::Cancelled,
            Payload::GoalCarriedOver(_) => ChangeKind::CarriedOver,
            Payload::PeriodClosed(_) => ChangeKind::PeriodClosed,
            Payload::PeriodReopened(_) => ChangeKind::PeriodReopened,
            Payload::GoalSet(_)
            | Payload::InitiativeSet(_)
            | Payload::IndicatorDefined(_)
            | Payload::TargetSet(_) => ChangeKind::InitialPlan,
            // Attainment is counted from one, and progress held against the other: another is another measure.
            Payload::BaselineSet(p) => {
                let known = self.goal.indicator(p.indicator);
                again(known.is_some_and(|known| !known.baselines.is_empty()))
            }
            Payload::PlanProfileSet(p) => {
                let known = self.goal.indicator(p.indicator);
                again(known.is_some_and(|known| !known.profiles.is_empty()))
            }
            Payload::PolicyPublished(_) => ChangeKind::PolicyChanged,
            Payload::RoleGranted(p) if p.role == Role::Administrator => {
                ChangeKind::AdministratorGranted
            }
            // Whoever acts for a seat has it.
            Payload::DelegationRegistered(p) if self.is_administrators(p, event) => {
                ChangeKind::AdministratorGranted
            }
            // So does whoever signs in as somebody who has it.
            Payload::PersonChanged(p) if self.lets_in_as_administrator(p) => {
                ChangeKind::AdministratorGranted
            }
            Payload::OperationAuthorised(p) => p.operation.kind(),
            Payload::RoleGranted(_)
            | Payload::DelegationRegistered(_)
            | Payload::PersonChanged(_)
            // Whoever was not known has no seat yet.
            | Payload::PersonRegistered(_)
            | Payload::RoleRevoked(_)
            | Payload::DelegationEnded(_)
            | Payload::LedgerOpened(_)
            | Payload::PlanPublished(_)
            | Payload::ImportAccepted(_)
            | Payload::PeriodOpened(_)
            | Payload::PeriodSoftClosed(_)
            | Payload::SnapshotTaken(_)
            | Payload::RestatementIssued(_)
            | Payload::OrgUnitRegistered(_)
            | Payload::OrgUnitChanged(_)
            | Payload::GoalReworded(_)
            | Payload::InitiativeReworded(_)
            | Payload::IndicatorReworded(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualConfirmed(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_)
            | Payload::NarrativeAdded(_)
            | Payload::EvidenceAttached(_)
            | Payload::SelfEvaluated(_)
            | Payload::EvaluationReviewed(_)
            | Payload::EvaluationFinalised(_)
            | Payload::NextActionAgreed(_)
            | Payload::NextActionClosed(_)
            | Payload::ReportingCalendarSet(_)
            | Payload::AuditFindingRecorded(_)
            | Payload::AuditFindingAnswered(_)
            | Payload::LedgerContinued(_)
            | Payload::KeyAnnounced(_)
            | Payload::KeyRetired(_)
            | Payload::KeyCompromised(_)
            | Payload::HeadsRecorded(_)
            | Payload::PersonalDataErased(_)
            | Payload::EvidenceErased(_)
            | Payload::ChangeProposed(_)
            | Payload::ChangeConsulted(_)
            | Payload::ChangeDecided(_)
            | Payload::ChangeWithdrawn(_)
            | Payload::ProposalExpired(_)
            | Payload::DecisionReviewed(_)
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_) => return None,
        })
    }

    /// Held against the newest target and against the one that would be in force on that day, for either is what it takes the
    /// place of: it asks for less if it asks for less than one of them. What was set under an earlier definition cannot be
    /// compared.
    fn direction(&self, p: &TargetRevised, day: Option<Date>) -> ChangeKind {
        let Some(indicator) = self.goal.indicator(p.indicator) else {
            return ChangeKind::TargetOtherwise;
        };
        let (Some(newest), Some(version)) =
            (indicator.targets.last(), indicator.definitions.last())
        else {
            return ChangeKind::TargetOtherwise;
        };
        let comparator = version.definition.comparator;
        let on_day = day.and_then(|day| in_force(&indicator.targets, day));
        let (comparable, earlier): (Vec<_>, Vec<_>) = std::iter::once(newest)
            .chain(on_day)
            .partition(|target| version.position < target.position);
        let less = |target: &TargetVersion| p.target.asks_less_than(&target.target, comparator);
        let more = |target: &TargetVersion| {
            target.target.asks_less_than(&p.target, comparator)
                && !p.target.ends_otherwise_than(&target.target)
        };
        // Where it asks for less in one part and for more in another, it asks for less.
        if comparable.iter().any(|target| less(target)) {
            ChangeKind::TargetLowered
        } else if earlier.is_empty() && comparable.iter().any(|target| more(target)) {
            ChangeKind::TargetRaised
        } else {
            ChangeKind::TargetOtherwise
        }
    }

    /// Whether a delegation is for a seat of an administrator.
    fn is_administrators(&self, p: &DelegationRegistered, event: &Event) -> bool {
        let (from, to) = match event.valid {
            Some(valid) => (valid.from, valid.to),
            None => (self.context.today, None),
        };
        let mut grants = self.context.directory.grants_of_seat(&p.seat);
        grants.any(|grant| grant.role == Role::Administrator && grant.meets(from, to))
    }

    /// Whether somebody signs in from now on as a person who has a seat of an administrator, or acts for one, today or later.
    fn lets_in_as_administrator(&self, p: &PersonChanged) -> bool {
        let (directory, today) = (self.context.directory, self.context.today);
        let known = directory.person(p.person);
        let before = known.map_or(&[][..], |known| &known.logins);
        let is_added = p.logins.iter().any(|login| !before.contains(login));
        let mut roles = directory.roles_between(p.person, today, None).into_iter();
        is_added && roles.any(|(_, role)| role == Role::Administrator)
    }

    /// By the strongest lock that the report that is replaced, or the one in its place, meets.
    fn correction(&self, indicator: IndicatorId, entry: EventId, day: Option<Date>) -> ChangeKind {
        let known = self.goal.indicator(indicator);
        let before = known.and_then(|known| known.entry(entry));
        let before = before.map(|entry| entry.valid.counts_on());
        let locks = before.into_iter().chain(day).filter_map(|day| {
            let (_, lock) = self.lock(indicator, day)?;
            Some(lock)
        });
        let mut kind = ChangeKind::CorrectedOpen;
        for lock in locks {
            match lock {
                Lock::Closed(_) => return ChangeKind::CorrectedClosed,
                Lock::Late(_) => kind = ChangeKind::CorrectedSoftClosed,
                Lock::Open => {}
            }
        }
        kind
    }
}

/// The first is of the plan; another changes what is measured.
fn again(set_before: bool) -> ChangeKind {
    if set_before {
        ChangeKind::Redefined
    } else {
        ChangeKind::InitialPlan
    }
}

/// Whether something that was counted is counted no more: it is gone, for fewer days, or weighs nothing.
fn drops_a_part(before: &Definition, after: &Definition) -> bool {
    // A part that is there has a weight above zero.
    let part = |old: &Part| after.parts.iter().all(|new| new.key != old.key);
    let member = |old: &Member| {
        let new = after.members.iter().find(|new| new.key == old.key);
        new.is_none_or(|new| {
            let later = new
                .from
                .is_some_and(|from| old.from.is_none_or(|old| old < from));
            let sooner = new
                .until
                .is_some_and(|until| old.until.is_none_or(|old| until < old));
            later || sooner
        })
    };
    let checkpoint = |old: &Checkpoint| {
        let new = after.checkpoints.iter().find(|new| new.key == old.key);
        let nothing = Some(Quantity::ZERO);
        new.is_none_or(|new| new.weight == nothing && old.weight != nothing)
    };
    before.parts.iter().any(part)
        || before.members.iter().any(member)
        || before.checkpoints.iter().any(checkpoint)
        || before
            .components
            .iter()
            .any(|gone| !after.components.contains(gone))
}
