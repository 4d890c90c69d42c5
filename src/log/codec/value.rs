//! Single values: ids, dates, decimals, names, texts, lists, choices.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::domain::access::Role;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedKind};
use crate::domain::actual::{MemberState, MilestoneState, NilCause};
use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, parse_iso};
use crate::domain::decision::{ChangeKind, ConsultationOutcome, DecisionOutcome, ReviewOutcome};
use crate::domain::evaluation::Status;
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::evaluation::policy::{GradeInput, ReductionFormula, RollUpJudgement};
use crate::domain::event::{
    AuthMethod, ClockKind, EventType, NarrativeKind, ReasonCode, StreamKind,
};
use crate::domain::id::{
    ActionId, DataSubjectId, DelegationId, EventId, GoalId, GrantId, IndicatorId, InitiativeId,
    LedgerId, PersonId, PlanId, ProposalId, RequestId, StreamId, UnitId,
};
use crate::domain::indicator::{
    AggSpace, AggTime, AttainmentBasis, Comparator, Disclosure, EntryKind, MeasureType, ResultLevel,
};
use crate::domain::org_unit::UnitKind;
use crate::domain::personal::{Commitment, FreeText};
use crate::domain::quantity::Quantity;
use crate::domain::target::EndState;
use crate::domain::text::{Name, Text};
use crate::domain::trust::{CheckpointNote, VerifierKey};
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _, is};
use crate::log::codec::wire;

/// A value of the domain with its form `W` in the generated messages.
///
/// `take(put(x)) == x` for every value that can be put.
pub(super) trait Wire<W>: Sized {
    fn put(&self) -> Result<W, EncodeError>;
    fn take(wire: W) -> Result<Self, DecodeError>;
}

// What may be absent is absent on both sides.
impl<T: Wire<W>, W> Wire<Option<W>> for Option<T> {
    fn put(&self) -> Result<Option<W>, EncodeError> {
        self.as_ref().map(Wire::put).transpose()
    }
    fn take(wire: Option<W>) -> Result<Self, DecodeError> {
        wire.map(Wire::take).transpose()
    }
}

impl<T: Wire<W>, W> Wire<Vec<W>> for Vec<T> {
    fn put(&self) -> Result<Vec<W>, EncodeError> {
        let put = |(index, item): (usize, &T)| item.put().within_element(index);
        self.iter().enumerate().map(put).collect()
    }
    fn take(wire: Vec<W>) -> Result<Self, DecodeError> {
        let take = |(index, item)| T::take(item).within_element(index);
        wire.into_iter().enumerate().map(take).collect()
    }
}

/// Values whose form is the same on both sides.
macro_rules! as_they_are {
    ($($type:ty),*) => {$(
        impl Wire<$type> for $type {
            fn put(&self) -> Result<$type, EncodeError> {
                Ok(self.clone())
            }
            fn take(wire: $type) -> Result<Self, DecodeError> {
                Ok(wire)
            }
        }
    )*};
}
as_they_are!(bool, u32, u64, String);

impl Wire<String> for Arc<str> {
    fn put(&self) -> Result<String, EncodeError> {
        Ok(self.as_ref().to_owned())
    }
    fn take(wire: String) -> Result<Self, DecodeError> {
        Ok(wire.into())
    }
}

macro_rules! small_numbers {
    ($($type:ty: $wire:ty),*) => {$(
        impl Wire<$wire> for $type {
            fn put(&self) -> Result<$wire, EncodeError> {
                Ok((*self).into())
            }
            fn take(wire: $wire) -> Result<Self, DecodeError> {
                is(wire.try_into())
            }
        }
    )*};
}
small_numbers!(i8: i32, u8: u32);

impl Wire<i64> for Timestamp {
    fn put(&self) -> Result<i64, EncodeError> {
        let micros = self.as_microsecond();
        match Self::from_microsecond(micros) {
            Ok(whole) if whole == *self => Ok(micros),
            _ => Err(EncodeError::unstorable("finer than a microsecond")),
        }
    }
    fn take(wire: i64) -> Result<Self, DecodeError> {
        is(Self::from_microsecond(wire))
    }
}

impl Wire<Bytes> for [u8; 32] {
    fn put(&self) -> Result<Bytes, EncodeError> {
        Ok(Bytes::copy_from_slice(self))
    }
    fn take(wire: Bytes) -> Result<Self, DecodeError> {
        required(&wire)?;
        super::hash_bytes(&wire)
    }
}

impl Wire<Bytes> for uuid::Uuid {
    fn put(&self) -> Result<Bytes, EncodeError> {
        Ok(Bytes::copy_from_slice(self.as_bytes()))
    }
    fn take(wire: Bytes) -> Result<Self, DecodeError> {
        required(&wire)?;
        is(Self::from_slice(&wire))
    }
}

macro_rules! ids {
    ($($type:ident),*) => {$(
        impl Wire<Bytes> for $type {
            fn put(&self) -> Result<Bytes, EncodeError> {
                Ok(Bytes::copy_from_slice(self.as_bytes()))
            }
            fn take(wire: Bytes) -> Result<Self, DecodeError> {
                required(&wire)?;
                is(Self::from_bytes(&wire))
            }
        }
    )*};
}
ids!(
    ActionId,
    DataSubjectId,
    DelegationId,
    EventId,
    GoalId,
    GrantId,
    IndicatorId,
    InitiativeId,
    LedgerId,
    PersonId,
    PlanId,
    ProposalId,
    RequestId,
    StreamId,
    UnitId
);

impl Wire<String> for Date {
    fn put(&self) -> Result<String, EncodeError> {
        let text = self.to_string();
        match parse_iso(&text) {
            Ok(_) => Ok(text),
            Err(_) => Err(EncodeError::unstorable(
                "no day between 1900-01-01 and 2199-12-31",
            )),
        }
    }
    fn take(wire: String) -> Result<Self, DecodeError> {
        required(wire.as_bytes())?;
        is(parse_iso(&wire))
    }
}

impl Wire<String> for Quantity {
    fn put(&self) -> Result<String, EncodeError> {
        Ok(self.to_string())
    }
    fn take(wire: String) -> Result<Self, DecodeError> {
        required(wire.as_bytes())?;
        // Not `Quantity::parse`: a quantity that was computed may have more digits than an entry.
        match Decimal::from_str_exact(&wire).map(Self::from) {
            Ok(value) if value.to_string() == wire => Ok(value),
            _ => Err(DecodeError::invalid("not a decimal in its one spelling")),
        }
    }
}

/// Words that the domain takes in one spelling: what comes back must be what was stored.
macro_rules! words {
    ($($type:ident),*) => {$(
        impl Wire<String> for $type {
            fn put(&self) -> Result<String, EncodeError> {
                Ok(self.as_str().to_owned())
            }
            fn take(wire: String) -> Result<Self, DecodeError> {
                required(wire.as_bytes())?;
                let value = is(Self::parse(&wire))?;
                if value.as_str() == wire {
                    Ok(value)
                } else {
                    Err(DecodeError::invalid("not in its one spelling"))
                }
            }
        }
    )*};
}
words!(Code, Key, Name, Text, CheckpointNote, VerifierKey);

/// Words that people choose freely, which may be personal: stored as `Text`.
macro_rules! free_text {
    ($($type:ident),*) => {$(
        impl Wire<wire::Text> for $type {
            fn put(&self) -> Result<wire::Text, EncodeError> {
                Ok(wire::Text { kind: Some(wire::text::Kind::Inline(self.put()?)) })
            }
            fn take(wire: wire::Text) -> Result<Self, DecodeError> {
                match wire.kind {
                    Some(wire::text::Kind::Inline(text)) => Self::take(text),
                    Some(wire::text::Kind::Commitment(_)) => Err(DecodeError::Committed { path: String::new() }),
                    None => Err(DecodeError::missing()),
                }
            }
        }

        impl Wire<Option<wire::Text>> for $type {
            fn put(&self) -> Result<Option<wire::Text>, EncodeError> {
                Wire::<wire::Text>::put(self).map(Some)
            }
            fn take(wire: Option<wire::Text>) -> Result<Self, DecodeError> {
                Self::take(wire.ok_or_else(DecodeError::missing)?)
            }
        }
    )*};
}
free_text!(Name, Text);

/// Words that may be about a person: inline, or by the number of a commitment. The commitment itself is put to them when
/// the whole event is there.
impl Wire<wire::Text> for FreeText {
    fn put(&self) -> Result<wire::Text, EncodeError> {
        let kind = match (self.plain(), self.personal()) {
            (Some(text), _) => wire::text::Kind::Inline(text.put()?),
            (None, Some(personal)) => wire::text::Kind::Commitment(personal.ordinal),
            (None, None) => return Err(EncodeError::unstorable("stands for no commitment")),
        };
        Ok(wire::Text { kind: Some(kind) })
    }
    fn take(wire: wire::Text) -> Result<Self, DecodeError> {
        match wire.kind {
            Some(wire::text::Kind::Inline(text)) => Text::take(text).map(Self::from),
            Some(wire::text::Kind::Commitment(ordinal)) => Ok(Self::numbered(ordinal)),
            None => Err(DecodeError::missing()),
        }
    }
}

impl Wire<Option<wire::Text>> for FreeText {
    fn put(&self) -> Result<Option<wire::Text>, EncodeError> {
        Wire::<wire::Text>::put(self).map(Some)
    }
    fn take(wire: Option<wire::Text>) -> Result<Self, DecodeError> {
        Self::take(wire.ok_or_else(DecodeError::missing)?)
    }
}

impl Wire<wire::Commitment> for (String, DataSubjectId, Commitment) {
    fn put(&self) -> Result<wire::Commitment, EncodeError> {
        let (field, subject, commitment) = self;
        Ok(wire::Commitment {
            scheme: wire::CommitmentScheme::HmacSha256 as i32,
            field: field.clone(),
            subject_ref: Some(subject.put()?),
            value: commitment.as_bytes().put()?,
        })
    }
    fn take(wire: wire::Commitment) -> Result<Self, DecodeError> {
        match wire::CommitmentScheme::try_from(wire.scheme) {
            Ok(wire::CommitmentScheme::HmacSha256) => {}
            Ok(wire::CommitmentScheme::Unspecified) => {
                return Err(DecodeError::missing()).within("scheme");
            }
            Err(_) => {
                let problem = format_args!("`{}` is not known to this release", wire.scheme);
                return Err(DecodeError::invalid(problem)).within("scheme");
            }
        }
        required(wire.field.as_bytes()).within("field")?;
        let subject = wire.subject_ref.ok_or_else(DecodeError::missing);
        let subject = subject
            .and_then(DataSubjectId::take)
            .within("subject_ref")?;
        let value: [u8; 32] = Wire::take(wire.value).within("value")?;
        Ok((wire.field, subject, Commitment::new(value)))
    }
}

/// Refuses an empty value: proto3 leaves it out, so it is one that is missing.
fn required(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.is_empty() {
        Err(DecodeError::missing())
    } else {
        Ok(())
    }
}

/// Choices: the same names on both sides, and no arm for "all others", so that a new one does not
/// compile until it has a number. The enum of the protos is named after the domain's, or as it says.
macro_rules! choices {
    ($($type:ident = $wire:ident { $($variant:ident),* $(,)? })*) => {$(
        impl Wire<i32> for $type {
            fn put(&self) -> Result<i32, EncodeError> {
                Ok(match self { $(Self::$variant => wire::$wire::$variant),* } as i32)
            }
            fn take(wire: i32) -> Result<Self, DecodeError> {
                match wire::$wire::try_from(wire) {
                    Ok(wire::$wire::Unspecified) => Err(DecodeError::missing()),
                    $(Ok(wire::$wire::$variant) => Ok(Self::$variant),)*
                    Err(_) => Err(DecodeError::invalid(format_args!("`{wire}` is not known to this release"))),
                }
            }
        }
    )*

    #[cfg(test)]
    pub(super) mod names {
        use super::*;

        /// For each value of each choice: its code in the domain, its name in the protos.
        pub(in crate::log::codec) fn all() -> Vec<(&'static str, &'static str)> {
            let mut all = Vec::new();
            $(for value in $type::ALL {
                let number: i32 = value.put().unwrap();
                assert_eq!($type::take(number), Ok(*value));
                all.push((value.code(), wire::$wire::try_from(number).unwrap().as_str_name()));
            })*
            all
        }
    }};
}

choices! {
    AccessClass = AccessClass { SignIn, Read, Write, Export, Administer, Verify }
    AccessOutcome = AccessOutcome { Ok, Refused, Failed }
    AccessedKind = AccessedKind {
        Ledger, Plan, Unit, Goal, Event, DataSubject, EvidenceFile, Key, Request,
    }
    StreamKind = StreamKind { Ledger, Plan, Org, Goal }
    AuthMethod = AuthMethod { Unauthenticated, System, MutualTls, Oidc }
    ClockKind = ClockKind { System, Simulated }
    UnitKind = UnitKind { Department, Section, Other }
    Disclosure = Disclosure { Public, Internal, Restricted }
    NarrativeKind = NarrativeKind { Cause, Risk, Result, Note }
    ReasonCode = ReasonCode {
        EntryError, LateData, SourceRevised, Duplicate, WrongIndicator, MethodError, DefinitionChange,
        ProvisionalFinalised, Irregularity, PlanReview, ExternalCause, Budget, DemandChange,
        Reorganisation, Other,
    }
    MeasureType = MeasureType {
        Count, Level, Ratio, Mean, RatePerPeriod, Quantity, Stage, Coverage, Milestone, Qualitative,
        Composite,
    }
    EntryKind = EntryKind { Increment, Absolute, NumDen, MemberState, MemberValue, MilestoneState, RubricLevel }
    AggTime = AggTime {
        Sum, Latest, RatioOfSums, RatioOfLatest, MeanOfPeriods, Max, Min, Distinct, DoneBy, None,
    }
    AggSpace = AggSpace { Sum, CappedSum, MinOfParts, RatioOfSums, Weighted, AllOf, None }
    Comparator = Comparator { Ge, Gt, Le, Lt, WithinTolerance, InRange, DoneBy, RubricAtLeast }
    AttainmentBasis = AttainmentBasis { ToTarget, FromBaseline }
    ResultLevel = ResultLevel { Process, Output, Outcome }
    EndState = EndState { Started, Completed, Decided, InOperation }
    MemberState = MemberState { NotDone, Done }
    MilestoneState = MilestoneState { NotStarted, Started, Decided, Completed, InOperation }
    NilCause = NilCause { NoActivity, NoDemand, NotMeasured }
    Status = EvaluationStatus {
        Achieved, AchievedWithinTolerance, AchievedLate, DemandMet, OnTrack, SlightlyBehind, Attention,
        Behind, Overdue, NotAchieved, Breached, PlanLineUnset, NotDue, NoReport, NotApplicable,
        Suspended, Cancelled, CarriedOver, NotEvaluable,
    }
    ReductionFormula = ReductionFormula { TargetOverActual, TwoMinusRatio }
    RollUpJudgement = RollUpJudgement { None, Worst }
    GradeInput = GradeInput { Attainment, Forecast, Status, Judgement }
    CauseCode = CauseCode {
        Staff, Budget, TenderFailed, External, DemandFell, Partner, PlanTooHigh, Other,
    }
    ActionKind = ActionKind { Continue, Improve, Expand, Shrink, Stop }
    ActionOutcome = ActionOutcome { Done, Dropped, CarriedOn }
    EventType = EventType {
        LedgerOpened, PolicyPublished, PlanPublished, ImportAccepted, PeriodOpened, PeriodSoftClosed,
        PeriodClosed, PeriodReopened, SnapshotTaken, RestatementIssued, OrgUnitRegistered, OrgUnitChanged, GoalSet,
        GoalReworded, GoalMoved, GoalSuspended, GoalResumed, GoalCancelled, GoalCarriedOver,
        InitiativeSet, InitiativeReworded, InitiativeMoved, InitiativeCancelled,
        ResponsibilityTransferred, IndicatorDefined, IndicatorReworded, IndicatorMoved,
        IndicatorRedefined, IndicatorCancelled, BaselineSet, TargetSet, TargetRevised, PlanProfileSet,
        ActualRecorded, ActualCorrected, ActualRetracted, DemandRecorded, ForecastSubmitted,
        NarrativeAdded, EvidenceAttached, SelfEvaluated, EvaluationReviewed, EvaluationFinalised,
        NextActionAgreed, NextActionClosed, ReportingCalendarSet, ActualConfirmed, AuditFindingRecorded,
        AuditFindingAnswered, LedgerContinued, KeyAnnounced, KeyRetired, KeyCompromised, HeadsRecorded,
        AccessRecorded, AccessesLeftOut,
        PersonalDataErased, EvidenceErased, OperationAuthorised, PersonRegistered, PersonChanged, RoleGranted, RoleRevoked,
        DelegationRegistered, DelegationEnded,
        ChangeProposed, ChangeConsulted, ChangeDecided, ChangeWithdrawn,
        ProposalExpired, DecisionReviewed,
    }
    Role = SeatRole {
        Director, SectionChief, Clerk, Planning, Evaluator, Auditor, Administrator, Service,
    }
    ChangeKind = ChangeKind {
        TargetRaised, TargetLowered, TargetOtherwise, PartDropped, Redefined, Moved, Suspended, Resumed, Cancelled,
        CarriedOver, CorrectedOpen, CorrectedSoftClosed, CorrectedClosed, PeriodClosed, PeriodReopened, InitialPlan,
        PolicyChanged, AdministratorGranted, KeyChanged, KeyCompromised, DataErased,
    }
    ConsultationOutcome = ConsultationOutcome { Consent, Object }
    DecisionOutcome = DecisionOutcome { Approved, Returned, Rejected }
    ReviewOutcome = ReviewOutcome { Agree, Disagree }
}
