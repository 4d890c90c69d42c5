//! What kind of change an event would be, from what stands: which way a target goes, what a definition loses, how far the
//! period of a report is closed.

use super::Judge;
use crate::domain::access::Role;
use crate::domain::date::Date;
use crate::domain::decision::ChangeKind;
use crate::domain::event::{Event, Payload, TargetRevised};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::Definition;
use crate::domain::period::Lock;

impl Judge<'_> {
    /// The kind of change that `event` would be; `None` where nothing of the kind is ever decided on.
    pub(in crate::domain::goal::decide) fn kind_of(&self, event: &Event) -> Option<ChangeKind> {
        Some(match &event.payload {
            Payload::TargetRevised(p) => self.direction(p),
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
            Payload::InitiativeSet(_) | Payload::IndicatorDefined(_) | Payload::TargetSet(_) => {
                ChangeKind::InitialPlan
            }
            Payload::PolicyPublished(_) => ChangeKind::PolicyChanged,
            Payload::RoleGranted(p) if p.role == Role::Administrator => {
                ChangeKind::AdministratorGranted
            }
            _ => return None,
        })
    }

    fn direction(&self, p: &TargetRevised) -> ChangeKind {
        let Some(indicator) = self.goal.indicator(p.indicator) else {
            return ChangeKind::TargetOtherwise;
        };
        let (Some(newest), Some(definition)) = (indicator.targets.last(), indicator.definition())
        else {
            return ChangeKind::TargetOtherwise;
        };
        let (before, comparator) = (&newest.target, definition.comparator);
        // Where it asks for less in one part and for more in another, it asks for less.
        if p.target.asks_less_than(before, comparator) {
            ChangeKind::TargetLowered
        } else if before.asks_less_than(&p.target, comparator) {
            ChangeKind::TargetRaised
        } else {
            ChangeKind::TargetOtherwise
        }
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

/// Whether something that was counted is counted no more.
fn drops_a_part(before: &Definition, after: &Definition) -> bool {
    let part = |key| after.parts.iter().all(|part| part.key != key);
    let member = |key| after.members.iter().all(|member| member.key != key);
    let checkpoint = |key| {
        after
            .checkpoints
            .iter()
            .all(|checkpoint| checkpoint.key != key)
    };
    before.parts.iter().any(|gone| part(gone.key.clone()))
        || before.members.iter().any(|gone| member(gone.key.clone()))
        || before
            .checkpoints
            .iter()
            .any(|gone| checkpoint(gone.key.clone()))
        || before
            .components
            .iter()
            .any(|gone| !after.components.contains(gone))
}
