//! What a ledger has of a plan's file: the same events, others under the same ids, or none yet.

use crate::api::v1;
use crate::api::v1::event_input::Payload;

/// What a ledger has of the events of a file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Comparison {
    /// Indices of the events that it does not have.
    pub missing: Vec<usize>,
    /// Whether it says something else under one of the ids.
    pub differs: bool,
}

/// Compares the events of a file with those that the ledger has under the same ids.
///
/// What the import itself notes of the file (its name and digest) is not compared: another encoding of the
/// same plan is the same plan.
pub fn compare(file: &[v1::EventInput], ledger: &[Option<v1::EventInput>]) -> Comparison {
    let mut comparison = Comparison::default();
    for (index, (mine, theirs)) in file.iter().zip(ledger).enumerate() {
        match theirs {
            None => comparison.missing.push(index),
            Some(_) if is_note(mine) => {}
            Some(theirs) => comparison.differs |= without_digest(mine) != without_digest(theirs),
        }
    }
    comparison
}

/// An event without the digest of the file that a plan was published in.
fn without_digest(event: &v1::EventInput) -> v1::EventInput {
    let mut event = event.clone();
    if let Some(Payload::PlanPublished(published)) = &mut event.payload {
        published.source_sha256 = None;
    }
    event
}

/// Whether an event only notes from which file an import came.
pub fn is_note(event: &v1::EventInput) -> bool {
    matches!(event.payload, Some(Payload::ImportAccepted(_)))
}

/// How far a ledger has got with a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// It has nothing of it.
    Nothing,
    /// An import broke off before this event.
    Until(usize),
    /// It has all of it.
    Whole,
    /// It has something else.
    Otherwise,
}

impl Comparison {
    /// How far the ledger has got with `file`, which is sent in requests that begin at `starts`.
    ///
    /// Requests are recorded whole, so an import can only have broken off at the start of one; anything
    /// else that is missing was added to the file later.
    pub fn progress(&self, file: &[v1::EventInput], starts: &[usize]) -> Progress {
        let missing = &self.missing;
        if self.differs {
            Progress::Otherwise
        } else if missing.len() == file.len() {
            Progress::Nothing
        } else if missing.iter().all(|index| is_note(&file[*index])) {
            Progress::Whole
        } else {
            match missing.first() {
                Some(first) if starts.contains(first) && missing.len() == file.len() - first => {
                    Progress::Until(*first)
                }
                _ => Progress::Otherwise,
            }
        }
    }
}

/// The type of event that an input states.
pub fn kind_of(event: &v1::EventInput) -> v1::EventType {
    match &event.payload {
        None => v1::EventType::Unspecified,
        Some(Payload::LedgerOpened(_)) => v1::EventType::LedgerOpened,
        Some(Payload::PlanPublished(_)) => v1::EventType::PlanPublished,
        Some(Payload::ImportAccepted(_)) => v1::EventType::ImportAccepted,
        Some(Payload::OrgUnitRegistered(_)) => v1::EventType::OrgUnitRegistered,
        Some(Payload::OrgUnitChanged(_)) => v1::EventType::OrgUnitChanged,
        Some(Payload::GoalSet(_)) => v1::EventType::GoalSet,
        Some(Payload::GoalReworded(_)) => v1::EventType::GoalReworded,
        Some(Payload::GoalMoved(_)) => v1::EventType::GoalMoved,
        Some(Payload::GoalSuspended(_)) => v1::EventType::GoalSuspended,
        Some(Payload::GoalResumed(_)) => v1::EventType::GoalResumed,
        Some(Payload::GoalCancelled(_)) => v1::EventType::GoalCancelled,
        Some(Payload::GoalCarriedOver(_)) => v1::EventType::GoalCarriedOver,
        Some(Payload::InitiativeSet(_)) => v1::EventType::InitiativeSet,
        Some(Payload::InitiativeReworded(_)) => v1::EventType::InitiativeReworded,
        Some(Payload::InitiativeMoved(_)) => v1::EventType::InitiativeMoved,
        Some(Payload::InitiativeCancelled(_)) => v1::EventType::InitiativeCancelled,
        Some(Payload::ResponsibilityTransferred(_)) => v1::EventType::ResponsibilityTransferred,
        Some(Payload::IndicatorDefined(_)) => v1::EventType::IndicatorDefined,
        Some(Payload::IndicatorReworded(_)) => v1::EventType::IndicatorReworded,
        Some(Payload::IndicatorMoved(_)) => v1::EventType::IndicatorMoved,
        Some(Payload::IndicatorRedefined(_)) => v1::EventType::IndicatorRedefined,
        Some(Payload::IndicatorCancelled(_)) => v1::EventType::IndicatorCancelled,
        Some(Payload::BaselineSet(_)) => v1::EventType::BaselineSet,
        Some(Payload::TargetSet(_)) => v1::EventType::TargetSet,
        Some(Payload::TargetRevised(_)) => v1::EventType::TargetRevised,
        Some(Payload::PlanProfileSet(_)) => v1::EventType::PlanProfileSet,
        Some(Payload::ActualRecorded(_)) => v1::EventType::ActualRecorded,
        Some(Payload::ActualCorrected(_)) => v1::EventType::ActualCorrected,
        Some(Payload::ActualRetracted(_)) => v1::EventType::ActualRetracted,
        Some(Payload::DemandRecorded(_)) => v1::EventType::DemandRecorded,
        Some(Payload::ForecastSubmitted(_)) => v1::EventType::ForecastSubmitted,
        Some(Payload::NarrativeAdded(_)) => v1::EventType::NarrativeAdded,
        Some(Payload::EvidenceAttached(_)) => v1::EventType::EvidenceAttached,
        Some(Payload::PolicyPublished(_)) => v1::EventType::PolicyPublished,
        Some(Payload::PeriodOpened(_)) => v1::EventType::PeriodOpened,
        Some(Payload::PeriodSoftClosed(_)) => v1::EventType::PeriodSoftClosed,
        Some(Payload::PeriodClosed(_)) => v1::EventType::PeriodClosed,
        Some(Payload::PeriodReopened(_)) => v1::EventType::PeriodReopened,
        Some(Payload::SnapshotTaken(_)) => v1::EventType::SnapshotTaken,
        Some(Payload::RestatementIssued(_)) => v1::EventType::RestatementIssued,
        Some(Payload::SelfEvaluated(_)) => v1::EventType::SelfEvaluated,
        Some(Payload::EvaluationReviewed(_)) => v1::EventType::EvaluationReviewed,
        Some(Payload::EvaluationFinalised(_)) => v1::EventType::EvaluationFinalised,
        Some(Payload::NextActionAgreed(_)) => v1::EventType::NextActionAgreed,
        Some(Payload::NextActionClosed(_)) => v1::EventType::NextActionClosed,
        Some(Payload::ReportingCalendarSet(_)) => v1::EventType::ReportingCalendarSet,
        Some(Payload::ActualConfirmed(_)) => v1::EventType::ActualConfirmed,
        Some(Payload::AuditFindingRecorded(_)) => v1::EventType::AuditFindingRecorded,
        Some(Payload::AuditFindingAnswered(_)) => v1::EventType::AuditFindingAnswered,
        Some(Payload::LedgerContinued(_)) => v1::EventType::LedgerContinued,
        Some(Payload::KeyAnnounced(_)) => v1::EventType::KeyAnnounced,
        Some(Payload::KeyRetired(_)) => v1::EventType::KeyRetired,
        Some(Payload::KeyCompromised(_)) => v1::EventType::KeyCompromised,
        Some(Payload::HeadsRecorded(_)) => v1::EventType::HeadsRecorded,
        Some(Payload::PersonalDataErased(_)) => v1::EventType::PersonalDataErased,
        Some(Payload::EvidenceErased(_)) => v1::EventType::EvidenceErased,
        Some(Payload::OperationAuthorised(_)) => v1::EventType::OperationAuthorised,
        Some(Payload::PersonRegistered(_)) => v1::EventType::PersonRegistered,
        Some(Payload::PersonChanged(_)) => v1::EventType::PersonChanged,
        Some(Payload::RoleGranted(_)) => v1::EventType::RoleGranted,
        Some(Payload::RoleRevoked(_)) => v1::EventType::RoleRevoked,
        Some(Payload::DelegationRegistered(_)) => v1::EventType::DelegationRegistered,
        Some(Payload::DelegationEnded(_)) => v1::EventType::DelegationEnded,
        Some(Payload::ChangeProposed(_)) => v1::EventType::ChangeProposed,
        Some(Payload::ChangeConsulted(_)) => v1::EventType::ChangeConsulted,
        Some(Payload::ChangeDecided(_)) => v1::EventType::ChangeDecided,
        Some(Payload::ChangeWithdrawn(_)) => v1::EventType::ChangeWithdrawn,
        Some(Payload::ProposalExpired(_)) => v1::EventType::ProposalExpired,
        Some(Payload::DecisionReviewed(_)) => v1::EventType::DecisionReviewed,
        Some(Payload::AccessRecorded(_)) => v1::EventType::AccessRecorded,
        Some(Payload::AccessesLeftOut(_)) => v1::EventType::AccessesLeftOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(id: &str, title: &str) -> v1::EventInput {
        v1::EventInput {
            event_id: id.to_owned(),
            valid_from: Some("2023-04-01".to_owned()),
            payload: Some(Payload::GoalSet(v1::GoalSet {
                code: format!("R5/総務部/{id}"),
                title: Some(v1::Title {
                    ja: title.to_owned(),
                    en: None,
                }),
                ..v1::GoalSet::default()
            })),
            ..v1::EventInput::default()
        }
    }

    #[test]
    fn an_import_goes_on_only_where_a_request_begins() {
        let file = [goal("1", "甲"), goal("2", "乙"), goal("3", "丙")];
        let [one, two, three] = file.clone().map(Some);
        let progress =
            |ledger: &[Option<v1::EventInput>]| compare(&file, ledger).progress(&file, &[0, 2]);
        assert_eq!(progress(&[None, None, None]), Progress::Nothing);
        assert_eq!(
            progress(&[one.clone(), two.clone(), three.clone()]),
            Progress::Whole
        );
        assert_eq!(progress(&[one.clone(), two, None]), Progress::Until(2));
        assert_eq!(progress(&[one.clone(), None, None]), Progress::Otherwise);
        assert_eq!(progress(&[one.clone(), None, three]), Progress::Otherwise);
        assert_eq!(
            progress(&[one, Some(goal("2", "別")), None]),
            Progress::Otherwise
        );
    }
}
