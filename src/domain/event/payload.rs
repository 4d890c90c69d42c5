//! What happened: one type of payload for each type of event, in files by what they are about.

use crate::domain::id::IndicatorId;
use crate::domain::indicator::enumeration;

mod access;
mod decision;
mod evaluation;
mod goal;
mod indicator;
mod ledger;
mod plan;
mod progress;

pub use access::{
    AccessRecorded, AccessesLeftOut, DelegationEnded, DelegationRegistered, PersonChanged,
    PersonRegistered, RoleGranted, RoleRevoked,
};
pub use decision::{
    ChangeConsulted, ChangeDecided, ChangeProposed, ChangeWithdrawn, DecisionReviewed,
    ProposalExpired,
};
pub use evaluation::{
    EvaluationFinalised, EvaluationReviewed, NextActionAgreed, NextActionClosed, SelfEvaluated,
};
pub use goal::{
    GoalCancelled, GoalCarriedOver, GoalMoved, GoalResumed, GoalReworded, GoalSet, GoalSuspended,
    InitiativeCancelled, InitiativeMoved, InitiativeReworded, InitiativeSet,
    ResponsibilityTransferred,
};
pub use indicator::{
    BaselineSet, IndicatorCancelled, IndicatorDefined, IndicatorMoved, IndicatorRedefined,
    IndicatorReworded, PlanProfileSet, TargetRevised, TargetSet,
};
pub use ledger::{
    EvidenceErased, HeadsRecorded, KeyAnnounced, KeyCompromised, KeyRetired, LedgerContinued,
    LedgerOpened, OperationAuthorised, PersonalDataErased, PolicyPublished,
};
pub use plan::{
    AuditFindingAnswered, AuditFindingRecorded, ImportAccepted, OrgUnitChanged, OrgUnitRegistered,
    PeriodClosed, PeriodOpened, PeriodReopened, PeriodSoftClosed, PlanPublished,
    ReportingCalendarSet, RestatementIssued, SnapshotTaken,
};
pub use progress::{
    ActualConfirmed, ActualCorrected, ActualRecorded, ActualRetracted, DemandRecorded,
    EvidenceAttached, ForecastSubmitted, NarrativeAdded,
};

/// A payload: a struct with public fields, which is one of [`Payload`].
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),* }

        impl From<$name> for $crate::domain::event::Payload {
            fn from(payload: $name) -> Self {
                Self::$name(payload.into())
            }
        }
    };
}
use payload;

/// How a payload lies in [`Payload`]: those that are large and rare elsewhere, so that every event is small.
macro_rules! held {
    ($name:ident) => { $name };
    ($name:ident boxed) => { Box<$name> };
}

macro_rules! payloads {
    ($($name:ident = $code:literal $($boxed:ident)?),* $(,)?) => {
        /// What happened.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Payload {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name(held!($name $($boxed)?))),*
        }

        impl Payload {
            /// Which type of event it is.
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$name(_) => EventType::$name),* }
            }
        }

        enumeration! {
            /// The types of events.
            EventType { $(#[doc = concat!("See [`", stringify!($name), "`].")] $name = $code),* }
        }
    };
}

payloads! {
    LedgerOpened = "LEDGER_OPENED",
    PolicyPublished = "POLICY_PUBLISHED",
    PlanPublished = "PLAN_PUBLISHED",
    ImportAccepted = "IMPORT_ACCEPTED",
    PeriodOpened = "PERIOD_OPENED",
    PeriodSoftClosed = "PERIOD_SOFT_CLOSED",
    PeriodClosed = "PERIOD_CLOSED",
    PeriodReopened = "PERIOD_REOPENED",
    SnapshotTaken = "SNAPSHOT_TAKEN",
    RestatementIssued = "RESTATEMENT_ISSUED",
    OrgUnitRegistered = "ORG_UNIT_REGISTERED",
    OrgUnitChanged = "ORG_UNIT_CHANGED",
    GoalSet = "GOAL_SET",
    GoalReworded = "GOAL_REWORDED",
    GoalMoved = "GOAL_MOVED",
    GoalSuspended = "GOAL_SUSPENDED",
    GoalResumed = "GOAL_RESUMED",
    GoalCancelled = "GOAL_CANCELLED",
    GoalCarriedOver = "GOAL_CARRIED_OVER",
    InitiativeSet = "INITIATIVE_SET",
    InitiativeReworded = "INITIATIVE_REWORDED",
    InitiativeMoved = "INITIATIVE_MOVED",
    InitiativeCancelled = "INITIATIVE_CANCELLED",
    ResponsibilityTransferred = "RESPONSIBILITY_TRANSFERRED",
    IndicatorDefined = "INDICATOR_DEFINED" boxed,
    IndicatorReworded = "INDICATOR_REWORDED",
    IndicatorMoved = "INDICATOR_MOVED",
    IndicatorRedefined = "INDICATOR_REDEFINED" boxed,
    IndicatorCancelled = "INDICATOR_CANCELLED",
    BaselineSet = "BASELINE_SET",
    TargetSet = "TARGET_SET",
    TargetRevised = "TARGET_REVISED",
    PlanProfileSet = "PLAN_PROFILE_SET",
    ActualRecorded = "ACTUAL_RECORDED",
    ActualCorrected = "ACTUAL_CORRECTED",
    ActualRetracted = "ACTUAL_RETRACTED",
    DemandRecorded = "DEMAND_RECORDED",
    ForecastSubmitted = "FORECAST_SUBMITTED",
    NarrativeAdded = "NARRATIVE_ADDED",
    EvidenceAttached = "EVIDENCE_ATTACHED",
    SelfEvaluated = "SELF_EVALUATED",
    EvaluationReviewed = "EVALUATION_REVIEWED",
    EvaluationFinalised = "EVALUATION_FINALISED",
    NextActionAgreed = "NEXT_ACTION_AGREED",
    NextActionClosed = "NEXT_ACTION_CLOSED",
    ReportingCalendarSet = "REPORTING_CALENDAR_SET",
    ActualConfirmed = "ACTUAL_CONFIRMED",
    AuditFindingRecorded = "AUDIT_FINDING_RECORDED",
    AuditFindingAnswered = "AUDIT_FINDING_ANSWERED",
    LedgerContinued = "LEDGER_CONTINUED",
    KeyAnnounced = "KEY_ANNOUNCED",
    KeyRetired = "KEY_RETIRED",
    KeyCompromised = "KEY_COMPROMISED",
    HeadsRecorded = "HEADS_RECORDED",
    PersonalDataErased = "PERSONAL_DATA_ERASED",
    EvidenceErased = "EVIDENCE_ERASED",
    PersonRegistered = "PERSON_REGISTERED",
    PersonChanged = "PERSON_CHANGED",
    RoleGranted = "ROLE_GRANTED",
    RoleRevoked = "ROLE_REVOKED",
    DelegationRegistered = "DELEGATION_REGISTERED",
    DelegationEnded = "DELEGATION_ENDED",
    ChangeProposed = "CHANGE_PROPOSED" boxed,
    ChangeConsulted = "CHANGE_CONSULTED",
    ChangeDecided = "CHANGE_DECIDED",
    ChangeWithdrawn = "CHANGE_WITHDRAWN",
    ProposalExpired = "PROPOSAL_EXPIRED",
    DecisionReviewed = "DECISION_REVIEWED",
    AccessRecorded = "ACCESS_RECORDED",
    AccessesLeftOut = "ACCESSES_LEFT_OUT",
    OperationAuthorised = "OPERATION_AUTHORISED",
}

impl Payload {
    /// Whether the record itself is the fact, so that it holds for no day but that of its record.
    pub fn is_undated(&self) -> bool {
        matches!(
            self,
            Self::LedgerOpened(_)
                | Self::ImportAccepted(_)
                | Self::LedgerContinued(_)
                | Self::KeyAnnounced(_)
                | Self::KeyRetired(_)
                | Self::KeyCompromised(_)
                | Self::HeadsRecorded(_)
                | Self::PersonalDataErased(_)
                | Self::EvidenceErased(_)
                | Self::ChangeProposed(_)
                | Self::ChangeConsulted(_)
                | Self::ChangeDecided(_)
                | Self::ChangeWithdrawn(_)
                | Self::ProposalExpired(_)
                | Self::DecisionReviewed(_)
                | Self::AccessRecorded(_)
                | Self::AccessesLeftOut(_)
        )
    }

    /// Whether it is what access logs are for.
    pub fn is_access(&self) -> bool {
        matches!(self, Self::AccessRecorded(_) | Self::AccessesLeftOut(_))
    }

    /// Whether it changes what other streams rely on: policies, plans, periods, units, codes, parents.
    pub fn is_structural(&self) -> bool {
        self.event_type().is_structural()
    }

    /// The indicator it is about, where it is about one.
    pub fn indicator(&self) -> Option<IndicatorId> {
        match self {
            Self::IndicatorDefined(p) => Some(p.indicator),
            Self::IndicatorReworded(p) => Some(p.indicator),
            Self::IndicatorMoved(p) => Some(p.indicator),
            Self::IndicatorRedefined(p) => Some(p.indicator),
            Self::IndicatorCancelled(p) => Some(p.indicator),
            Self::BaselineSet(p) => Some(p.indicator),
            Self::TargetSet(p) => Some(p.indicator),
            Self::TargetRevised(p) => Some(p.indicator),
            Self::PlanProfileSet(p) => Some(p.indicator),
            Self::ActualRecorded(p) => Some(p.indicator),
            Self::ActualCorrected(p) => Some(p.indicator),
            Self::ActualRetracted(p) => Some(p.indicator),
            Self::DemandRecorded(p) => Some(p.indicator),
            Self::ForecastSubmitted(p) => Some(p.indicator),
            Self::NarrativeAdded(p) => p.subject.indicator(),
            Self::EvidenceAttached(p) => p.subject.indicator(),
            Self::SelfEvaluated(p) => p.subject.indicator(),
            Self::EvaluationReviewed(p) => p.subject.indicator(),
            Self::EvaluationFinalised(p) => p.subject.indicator(),
            Self::NextActionAgreed(p) => p.subject.indicator(),
            Self::NextActionClosed(p) => p.subject.indicator(),
            Self::ActualConfirmed(p) => Some(p.indicator),
            Self::LedgerOpened(_)
            | Self::LedgerContinued(_)
            | Self::PersonRegistered(_)
            | Self::PersonChanged(_)
            | Self::RoleGranted(_)
            | Self::RoleRevoked(_)
            | Self::DelegationRegistered(_)
            | Self::DelegationEnded(_)
            | Self::KeyAnnounced(_)
            | Self::KeyRetired(_)
            | Self::KeyCompromised(_)
            | Self::HeadsRecorded(_)
            | Self::PersonalDataErased(_)
            | Self::EvidenceErased(_)
            | Self::OperationAuthorised(_)
            | Self::ChangeProposed(_)
            | Self::ChangeConsulted(_)
            | Self::ChangeDecided(_)
            | Self::ChangeWithdrawn(_)
            | Self::ProposalExpired(_)
            | Self::DecisionReviewed(_)
            | Self::PolicyPublished(_)
            | Self::PlanPublished(_)
            | Self::ImportAccepted(_)
            | Self::PeriodOpened(_)
            | Self::PeriodSoftClosed(_)
            | Self::PeriodClosed(_)
            | Self::PeriodReopened(_)
            | Self::SnapshotTaken(_)
            | Self::RestatementIssued(_)
            | Self::ReportingCalendarSet(_)
            | Self::AuditFindingRecorded(_)
            | Self::AuditFindingAnswered(_)
            | Self::OrgUnitRegistered(_)
            | Self::OrgUnitChanged(_)
            | Self::GoalSet(_)
            | Self::GoalReworded(_)
            | Self::GoalMoved(_)
            | Self::GoalSuspended(_)
            | Self::GoalResumed(_)
            | Self::GoalCancelled(_)
            | Self::GoalCarriedOver(_)
            | Self::InitiativeSet(_)
            | Self::InitiativeReworded(_)
            | Self::InitiativeMoved(_)
            | Self::InitiativeCancelled(_)
            | Self::ResponsibilityTransferred(_)
            | Self::AccessRecorded(_)
            | Self::AccessesLeftOut(_) => None,
        }
    }
}

impl EventType {
    /// Whether its events change what other streams rely on: policies, plans, periods, units, codes, parents.
    pub fn is_structural(self) -> bool {
        match self {
            Self::LedgerOpened
            | Self::LedgerContinued
            | Self::PersonRegistered
            | Self::PersonChanged
            | Self::RoleGranted
            | Self::RoleRevoked
            | Self::DelegationRegistered
            | Self::DelegationEnded
            | Self::KeyAnnounced
            | Self::KeyRetired
            | Self::KeyCompromised
            | Self::HeadsRecorded
            | Self::PersonalDataErased
            | Self::EvidenceErased
            | Self::OperationAuthorised
            // What waits is asked of by whatever it is about, and by whoever lists what waits.
            | Self::ChangeProposed
            | Self::ChangeConsulted
            | Self::ChangeDecided
            | Self::ChangeWithdrawn
            | Self::ProposalExpired
            | Self::DecisionReviewed
            | Self::PolicyPublished
            | Self::PlanPublished
            | Self::ImportAccepted
            | Self::PeriodOpened
            | Self::PeriodSoftClosed
            | Self::PeriodClosed
            | Self::PeriodReopened
            | Self::SnapshotTaken
            | Self::RestatementIssued
            | Self::ReportingCalendarSet
            | Self::AuditFindingRecorded
            | Self::AuditFindingAnswered
            | Self::OrgUnitRegistered
            | Self::OrgUnitChanged
            | Self::GoalSet
            | Self::GoalReworded
            | Self::GoalMoved
            | Self::GoalSuspended
            | Self::GoalResumed
            | Self::GoalCancelled
            | Self::GoalCarriedOver
            | Self::InitiativeSet
            | Self::InitiativeReworded
            | Self::InitiativeMoved
            | Self::InitiativeCancelled
            | Self::ResponsibilityTransferred
            | Self::IndicatorDefined
            | Self::IndicatorReworded
            | Self::IndicatorMoved
            | Self::IndicatorCancelled
            // Who may see it.
            | Self::IndicatorRedefined
            // What stands under a goal may have its history elsewhere, and its reports ask whether the goal's
            // evaluation is final.
            | Self::EvaluationFinalised => true,
            Self::BaselineSet
            | Self::TargetSet
            | Self::TargetRevised
            | Self::PlanProfileSet
            | Self::ActualRecorded
            | Self::ActualCorrected
            | Self::ActualRetracted
            | Self::ActualConfirmed
            | Self::DemandRecorded
            | Self::ForecastSubmitted
            | Self::NarrativeAdded
            | Self::EvidenceAttached
            | Self::SelfEvaluated
            | Self::EvaluationReviewed
            | Self::NextActionAgreed
            | Self::NextActionClosed
            | Self::AccessRecorded
            | Self::AccessesLeftOut => false,
        }
    }
}
