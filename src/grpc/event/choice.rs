//! Enums of the API beside those of the domain, name by name.

use crate::api::v1;
use crate::domain::access::Role as SeatRole;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedKind};
use crate::domain::actual::{MemberState, MilestoneState, NilCause};
use crate::domain::decision::{
    ChangeKind, ConsultationOutcome, DecisionOutcome, ProposalState, ReviewOutcome,
};
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::evaluation::policy::{
    GradeInput, PolicyKind, ReductionFormula, RollUpJudgement,
};
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::event::{
    AuthMethod, ClockKind, EventType, NarrativeKind, ReasonCode, StreamKind,
};
use crate::domain::finding::FindingState;
use crate::domain::indicator::{
    AggSpace, AggTime, AttainmentBasis, Comparator, Disclosure, EntryKind, MeasureType, ResultLevel,
};
use crate::domain::org_unit::UnitKind;
use crate::domain::period::PeriodState;
use crate::domain::rejection::NoticeKind;
use crate::domain::target::EndState;
use crate::projection::evaluation::compare::{Materiality, RowChange};
use crate::projection::evaluation::constant_set::Apart;
use crate::projection::explain::contribution::Role;
use crate::projection::explain::figure::FigureKind;
use crate::projection::flags::FlagKind;
use crate::projection::reporting::ReportingState;
use crate::projection::target_history::TargetDirection;

/// A closed set of choices that the API mirrors.
pub(crate) trait Choice: Copy {
    /// The choice with this number on the wire; `None` for 0 and for unknown ones.
    fn from_number(number: i32) -> Option<Self>;
    /// Its number on the wire.
    fn number(self) -> i32;
}

macro_rules! mirror {
    ($($domain:ident = $api:ident { $($variant:ident $(as $wire:ident)?),* $(,)? })*) => {
        $(impl Choice for $domain {
            fn from_number(number: i32) -> Option<Self> {
                match v1::$api::try_from(number).ok()? {
                    v1::$api::Unspecified => None,
                    $(mirror!(@wire $api $variant $($wire)?) => Some(Self::$variant),)*
                }
            }
            fn number(self) -> i32 {
                match self { $(Self::$variant => mirror!(@wire $api $variant $($wire)?)),* }.into()
            }
        })*
    };
    (@wire $api:ident $variant:ident) => { v1::$api::$variant };
    (@wire $api:ident $variant:ident $wire:ident) => { v1::$api::$wire };
}

mirror! {
    AccessClass = AccessClass { SignIn, Read, Write, Export, Administer, Verify }
    AccessOutcome = AccessOutcome { Ok, Refused, Failed }
    AccessedKind = AccessedKind {
        Ledger, Plan, Unit, Goal, Event, DataSubject, EvidenceFile, Key, Request,
    }
    MeasureType = MeasureType {
        Count, Level, Ratio, Mean, RatePerPeriod, Quantity, Stage, Coverage, Milestone, Qualitative,
        Composite,
    }
    EntryKind = EntryKind {
        Increment, Absolute, NumDen, MemberState, MemberValue, MilestoneState, RubricLevel,
    }
    AggTime = AggTime {
        Sum, Latest, RatioOfSums, RatioOfLatest, MeanOfPeriods, Max, Min, Distinct, DoneBy, None,
    }
    AggSpace = AggSpace { Sum, CappedSum, MinOfParts, RatioOfSums, Weighted, AllOf, None }
    Comparator = Comparator { Ge, Gt, Le, Lt, WithinTolerance, InRange, DoneBy, RubricAtLeast }
    AttainmentBasis = AttainmentBasis { ToTarget, FromBaseline }
    ResultLevel = ResultLevel { Process, Output, Outcome }
    Disclosure = Disclosure { Public, Internal, Restricted }
    EndState = EndState { Started, Completed, Decided, InOperation }
    MemberState = MemberState { NotDone, Done }
    MilestoneState = MilestoneState { NotStarted, Started, Decided, Completed, InOperation }
    NilCause = NilCause { NoActivity, NoDemand, NotMeasured }
    StreamKind = StreamKind { Ledger, Plan, Org, Goal }
    AuthMethod = AuthMethod { Unauthenticated, System, MutualTls, Oidc }
    ClockKind = ClockKind { System, Simulated }
    NarrativeKind = NarrativeKind { Cause, Risk, Result, Note }
    UnitKind = UnitKind { Department, Section, Other }
    Obstacle = Obstacle {
        NoReport, NotMeasured, NoDemand, NoTarget, TargetZero, BaselineMissing, BaselineIsTarget,
        Qualitative, NoPlanLine, NotDue, NothingPlannedYet, NoMembers, NoCompleteMonth,
        ComponentNotComputable, CycleNotBegun, CycleOver, AlreadyAchieved, NoReference, OwnerOnly,
        Suspended, Cancelled, CarriedOver, SeriesBreak, BaselineBeyondTarget, DemandUnknown,
        NothingUsed, Breached, NotOfThisMeasure,
    }
    Achievement = Achievement { Achieved, WithinTolerance, Late, NotAchieved }
    Remark = Remark {
        AchievedByRevision, PaceForReference, MustExceed, MustBeBelow, UsageOfCap, PartAtZero,
        PartUnreported, MonthUnreported, SeriesBroken, ForecastGap, ForecastMiss, BelowBaseline,
        DueAfterCycle, BelowTargetSoFar,
    }
    Materiality = Materiality { Minor, Major }
    RowChange = RowChange { Changed, Added, Removed }
    Apart = Apart { New, Ended, Redefined, UnitChanged, Ambiguous, SetAside }
    FigureKind = ExplainedFigure { Actual, Attainment, Target }
    Role = ContributionRole { Adds, OpenMonth, Decides, Outdone, OtherPart, Nil, OutsideSet, Later, Replaced, Retracted, OtherSeries }
    TargetDirection = TargetDirection { First, Raised, Lowered, Postponed, BroughtForward, Otherwise }
    ReasonCode = ReasonCode {
        EntryError, LateData, SourceRevised, Duplicate, WrongIndicator, MethodError,
        DefinitionChange, ProvisionalFinalised, Irregularity, PlanReview, ExternalCause, Budget,
        DemandChange, Reorganisation, Other,
    }
    NoticeKind = NoticeKind {
        Spike as ValueSpike, FarAboveTarget, LevelDrop, OldDate, PossibleDuplicate, RetroactiveTarget,
        LateAfterCutoff, CorrectedAfterClose, LateLowering, AuthorityNotJudged,
    }
    FlagKind = FlagKind {
        RetroactiveTarget, LateLowering, TargetLowered, DuePostponed, TargetAfterLastActual, AchievedByRevision, LateReport, LateAfterCutoff, CorrectedAfterClose, StatusChangedByCorrection, RepeatedCorrection, SelfReviewed, GradeOverridden, ValueSpike, FarAboveTarget, LevelDrop, PossibleDuplicate, EndOfPeriodRush, IdenticalRoundNumbers, NoEvidence, NeverReported, NilReported, DefinitionChanged, CapBreached, ZeroBehindTotal, NoDemand, ResponsibilityMoved, GoalEnded, NoGoalUnderPillar, NoNumericCriterion, NextActionOverdue, SelfConfirmed, Unconfirmed, FindingOverdue, DecidedByDrafter, DecidedWithoutAuthority, DecisionRecordedLate, ReviewOverdue,
    }
    EventType = EventType {
        LedgerOpened, PolicyPublished, PlanPublished, ImportAccepted, PeriodOpened, PeriodSoftClosed,
        PeriodClosed, PeriodReopened, SnapshotTaken, RestatementIssued, OrgUnitRegistered,
        OrgUnitChanged, GoalSet,
        GoalReworded, GoalMoved, GoalSuspended, GoalResumed, GoalCancelled, GoalCarriedOver,
        InitiativeSet, InitiativeReworded, InitiativeMoved, InitiativeCancelled,
        ResponsibilityTransferred, IndicatorDefined, IndicatorReworded, IndicatorMoved,
        IndicatorRedefined, IndicatorCancelled, BaselineSet, TargetSet, TargetRevised,
        PlanProfileSet, ActualRecorded, ActualCorrected, ActualRetracted, DemandRecorded,
        ForecastSubmitted, NarrativeAdded, EvidenceAttached, SelfEvaluated, EvaluationReviewed,
        EvaluationFinalised, NextActionAgreed, NextActionClosed, ReportingCalendarSet,
        ActualConfirmed, AuditFindingRecorded, AuditFindingAnswered, LedgerContinued, KeyAnnounced,
        KeyRetired, KeyCompromised, HeadsRecorded, PersonalDataErased, EvidenceErased,
        OperationAuthorised,
        AccessRecorded, AccessesLeftOut,
        PersonRegistered, PersonChanged, RoleGranted, RoleRevoked, DelegationRegistered,
        DelegationEnded,
        ChangeProposed, ChangeConsulted, ChangeDecided, ChangeWithdrawn, ProposalExpired,
        DecisionReviewed,
    }
    SeatRole = SeatRole {
        Director, SectionChief, Clerk, Planning, Evaluator, Auditor, Administrator, Service,
    }
    ChangeKind = ChangeKind {
        TargetRaised, TargetLowered, TargetOtherwise, PartDropped, Redefined, Moved, Suspended,
        Resumed, Cancelled, CarriedOver, CorrectedOpen, CorrectedSoftClosed, CorrectedClosed,
        PeriodClosed, PeriodReopened, InitialPlan, PolicyChanged, AdministratorGranted,
        KeyChanged, KeyCompromised, DataErased,
    }
    ConsultationOutcome = ConsultationOutcome { Consent, Object }
    DecisionOutcome = DecisionOutcome { Approved, Returned, Rejected }
    ReviewOutcome = ReviewOutcome { Agree, Disagree }
    ProposalState = ProposalState {
        Open, Consulted, Approved, Returned, Rejected, Withdrawn, Expired, Replaced,
    }
    Status = EvaluationStatus {
        Achieved, AchievedWithinTolerance, AchievedLate, DemandMet, OnTrack, SlightlyBehind,
        Attention, Behind, Overdue, NotAchieved, Breached, PlanLineUnset, NotDue, NoReport,
        NotApplicable, Suspended, Cancelled, CarriedOver, NotEvaluable,
    }
    ReportingState = ReportingState { NotAsked, NotDue, Awaited, Missing, Nil, Reported }
    FindingState = FindingState { Open, Overdue, Answered, ClosedLate }
    PolicyKind = PolicyKind { Evaluation, Rubric, Access, Approval }
    PeriodState = PeriodState { Open, SoftClosed, Closed, Reopened }
    ReductionFormula = ReductionFormula { TargetOverActual, TwoMinusRatio }
    RollUpJudgement = RollUpJudgement { None, Worst }
    GradeInput = GradeInput { Attainment, Forecast, Status, Judgement }
    CauseCode = CauseCode {
        Staff, Budget, TenderFailed, External, DemandFell, Partner, PlanTooHigh, Other,
    }
    ActionKind = ActionKind { Continue, Improve, Expand, Shrink, Stop }
    ActionOutcome = ActionOutcome { Done, Dropped, CarriedOn }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round<T: Choice + PartialEq + std::fmt::Debug>(
        all: &[T],
        name: impl Fn(T) -> (&'static str, String),
    ) {
        for choice in all {
            assert_eq!(T::from_number(choice.number()), Some(*choice));
            let (code, wire) = name(*choice);
            assert!(
                wire.ends_with(&format!("_{code}")),
                "{wire} is not named after {code}"
            );
        }
        assert_eq!(T::from_number(0), None);
        assert_eq!(T::from_number(9_999), None);
        assert_eq!(T::from_number(-1), None);
    }

    macro_rules! round_all {
        ($($name:ident $(as $wire:ident)?),* $(,)?) => {$(
            round_all!(@one $name, $($wire)? $name);
        )*};
        (@one $name:ident, $wire:ident $($rest:ident)?) => {
            round($name::ALL, |choice| {
                let wire = v1::$wire::try_from(choice.number()).unwrap().as_str_name().to_owned();
                (choice.code(), wire)
            });
            // The API has no choice that the domain lacks.
            for number in 1..1_000 {
                let known = v1::$wire::try_from(number).is_ok();
                assert_eq!(known, $name::from_number(number).is_some(), "{number}");
            }
        };
    }

    #[test]
    fn every_choice_has_its_namesake_on_the_wire() {
        round_all!(
            AccessClass,
            AccessOutcome,
            AccessedKind,
            MeasureType,
            EntryKind,
            AggTime,
            AggSpace,
            Comparator,
            AttainmentBasis,
            ResultLevel,
            Disclosure,
            EndState,
            MemberState,
            MilestoneState,
            NilCause,
            StreamKind,
            AuthMethod,
            ClockKind,
            NarrativeKind,
            UnitKind,
            ReasonCode,
            NoticeKind,
            FlagKind,
            FigureKind as ExplainedFigure,
            Role as ContributionRole,
            TargetDirection,
            EventType,
            SeatRole,
            Status as EvaluationStatus,
            PolicyKind,
            ReportingState,
            FindingState,
            PeriodState,
            ReductionFormula,
            RollUpJudgement,
            GradeInput,
            CauseCode,
            ActionKind,
            ActionOutcome,
            ChangeKind,
            ConsultationOutcome,
            DecisionOutcome,
            ReviewOutcome,
            ProposalState,
        );
    }
}
