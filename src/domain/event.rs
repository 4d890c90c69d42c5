//! What can happen. Every event is a fact of the past, belongs to one stream, and is never changed.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::access::{Authorization, Holder, LoginId, Role};
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedResource};
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, DateSpan};
use crate::domain::decision::{
    ChangeKind, ConsultationOutcome, DecisionOutcome, ExternalDecision, ReviewOutcome,
};
use crate::domain::evaluation::judgement::{
    ActionKind, ActionOutcome, CauseCode, ComputedJudgement,
};
use crate::domain::evaluation::policy::{PolicyContent, PolicyVersion};
use crate::domain::finding::FindingReference;
use crate::domain::id::{
    ActionId, DataSubjectId, DelegationId, EventId, GoalId, GrantId, IndicatorId, InitiativeId,
    LedgerId, PersonId, PlanId, ProposalId, RequestId, StreamId, UnitId,
};
use crate::domain::indicator::{Definition, Disclosure, ExternalReference, enumeration};
use crate::domain::org_unit::UnitKind;
use crate::domain::personal::FreeText;
use crate::domain::plan::Pillar;
use crate::domain::quantity::Quantity;
use crate::domain::reporting::ReportingRound;
use crate::domain::target::{Baseline, PlanProfile, Target};
use crate::domain::text::{Name, Text, Title};
use crate::domain::trust::{CheckpointNote, VerifierKey};

mod decision;
mod evaluated;
mod label;
mod lateness;
mod references;
mod refusals;

pub use decision::{ProposedChange, SealedChange};
pub use evaluated::{Evaluated, Judging};
pub use lateness::Lateness;
pub use refusals::{Refusals, Setting};

enumeration! {
    /// What a stream is about.
    StreamKind {
        /// The ledger itself.
        Ledger = "LEDGER",
        /// A plan.
        Plan = "PLAN",
        /// An organisational unit.
        Org = "ORG",
        /// A goal with its initiatives and indicators.
        Goal = "GOAL",
    }
}

/// A stream: all that ever happened to one thing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Stream {
    /// What kind of thing.
    pub kind: StreamKind,
    /// Which one.
    pub id: StreamId,
}

impl Stream {
    /// The stream of a ledger.
    pub fn ledger(id: LedgerId) -> Self {
        Self {
            kind: StreamKind::Ledger,
            id: id.into(),
        }
    }
    /// The stream of a plan.
    pub fn plan(id: PlanId) -> Self {
        Self {
            kind: StreamKind::Plan,
            id: id.into(),
        }
    }
    /// The stream of a unit.
    pub fn org(id: UnitId) -> Self {
        Self {
            kind: StreamKind::Org,
            id: id.into(),
        }
    }
    /// The stream of a goal.
    pub fn goal(id: GoalId) -> Self {
        Self {
            kind: StreamKind::Goal,
            id: id.into(),
        }
    }
}

/// An event as decided: everything but what the server adds at its position.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The fact's own identity, chosen by the client.
    pub id: EventId,
    /// The stream it belongs to.
    pub stream: Stream,
    /// The civil day or days it holds for; for targets and changes the first day of effect. `None` only
    /// for [`Payload::LedgerOpened`], [`Payload::ImportAccepted`] and what the ledger says of its own proofs
    /// ([`Payload::is_undated`]).
    pub valid: Option<Validity>,
    /// Why.
    pub reason: Option<Reason>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// The paper behind it.
    pub source_document: Option<SourceDocument>,
    /// The decision that allowed it.
    pub decision: Option<EventId>,
    /// What it belongs together with.
    pub correlation: Option<Uuid>,
    /// The event that led to it.
    pub causation: Option<EventId>,
    /// What happened.
    pub payload: Payload,
}

impl Event {
    /// Whether this proposal states the same fact as the event `stored`: equal as domain values, once what
    /// a client may leave to the ledger is filled in from it.
    pub fn restates(&self, stored: &Self) -> bool {
        if self.id != stored.id || self.payload.event_type() != stored.payload.event_type() {
            return false;
        }
        let mut filled = self.clone();
        filled.take_commitments_of(stored);
        match (&mut filled.payload, &stored.payload) {
            (Payload::TargetRevised(mine), Payload::TargetRevised(theirs))
                if mine.before.is_none() =>
            {
                mine.before.clone_from(&theirs.before);
            }
            (Payload::ActualRecorded(mine), Payload::ActualRecorded(theirs)) => {
                mine.reported.fill_unit_from(&theirs.reported);
            }
            (Payload::ActualCorrected(mine), Payload::ActualCorrected(theirs)) => {
                mine.reported.fill_unit_from(&theirs.reported);
                if mine.before.is_none() {
                    mine.before.clone_from(&theirs.before);
                }
            }
            (Payload::ActualRetracted(mine), Payload::ActualRetracted(theirs))
                if mine.before.is_none() =>
            {
                mine.before.clone_from(&theirs.before);
            }
            (Payload::PeriodClosed(mine), Payload::PeriodClosed(theirs)) => {
                fill(&mut mine.revision, &theirs.revision);
            }
            (Payload::ChangeProposed(mine), Payload::ChangeProposed(theirs)) => {
                fill(&mut mine.kind, &theirs.kind);
                // A change that says the same by itself says the same when it is proposed.
                let (id, stream) = (filled.id, filled.stream);
                if mine
                    .change
                    .event(id, stream)
                    .restates(&theirs.change.event(id, stream))
                {
                    mine.change.clone_from(&theirs.change);
                }
            }
            (Payload::RestatementIssued(mine), Payload::RestatementIssued(theirs)) => {
                mine.fill_from(theirs);
            }
            // Of the rest only the steps of an evaluation leave anything to the ledger.
            (mine, theirs) => {
                if let (Some(mine), Some(theirs)) = (mine.judging(), theirs.evaluated()) {
                    fill(mine.rubric, &theirs.rubric.cloned());
                    fill(mine.computed, &theirs.computed.cloned());
                }
            }
        }
        filled == *stored
    }
}

impl RestatementIssued {
    /// Takes what the ledger computes from `stored`, where this proposal leaves it out.
    fn fill_from(&mut self, stored: &Self) {
        fill(&mut self.known_at, &stored.known_at);
        fill(&mut self.policy, &stored.policy);
        fill(&mut self.rows, &stored.rows);
        fill(&mut self.material, &stored.material);
        fill(&mut self.rows_format, &stored.rows_format);
        fill(&mut self.rows_sha256, &stored.rows_sha256);
    }
}

/// Takes what the ledger filled in, where the proposal left it out.
fn fill<T: Clone>(mine: &mut Option<T>, stored: &Option<T>) {
    if mine.is_none() {
        mine.clone_from(stored);
    }
}

/// When a fact holds: on a day, over a span, or from a day on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Validity {
    /// First day.
    pub from: Date,
    /// Last day; `None`: of one day for an observation, open for a state.
    pub to: Option<Date>,
}

impl Validity {
    /// On one day, or from it on.
    pub fn from(date: Date) -> Self {
        Self {
            from: date,
            to: None,
        }
    }

    /// The days it covers as an observation.
    pub fn span(&self) -> DateSpan {
        DateSpan::new(self.from, self.to.unwrap_or(self.from)).unwrap_or(DateSpan::day(self.from))
    }

    /// The last day it covers as an observation: the day it counts on.
    pub fn counts_on(&self) -> Date {
        self.to.unwrap_or(self.from)
    }
}

enumeration! {
    /// Why something was changed. The first nine are for corrections (DOMAIN: Eurostat separates revision from error).
    ReasonCode {
        /// 入力誤り.
        EntryError = "ENTRY_ERROR",
        /// 報告遅れ.
        LateData = "LATE_DATA",
        /// 元資料の修正.
        SourceRevised = "SOURCE_REVISED",
        /// 重複.
        Duplicate = "DUPLICATE",
        /// 指標違い.
        WrongIndicator = "WRONG_INDICATOR",
        /// 算定方法の誤り.
        MethodError = "METHOD_ERROR",
        /// 定義の変更.
        DefinitionChange = "DEFINITION_CHANGE",
        /// 速報値の確定.
        ProvisionalFinalised = "PROVISIONAL_FINALISED",
        /// 不適切な処理; goes to audit.
        Irregularity = "IRREGULARITY",
        /// 計画の見直し.
        PlanReview = "PLAN_REVIEW",
        /// 外部要因.
        ExternalCause = "EXTERNAL_CAUSE",
        /// 予算.
        Budget = "BUDGET",
        /// 需要の変化.
        DemandChange = "DEMAND_CHANGE",
        /// 組織改編.
        Reorganisation = "REORGANISATION",
        /// その他; the text says what.
        Other = "OTHER",
    }
}

/// Why something was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Which kind of reason.
    pub code: ReasonCode,
    /// In words.
    pub text: FreeText,
}

/// A file that shows something, by its digest; the file itself is kept beside the ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence {
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Media type, `application/pdf`.
    pub media_type: Name,
    /// What it is.
    pub title: Name,
    /// Where it is kept.
    pub uri: Option<Name>,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// Who may see it.
    pub disclosure: Disclosure,
}

/// A document of the organisation's own registry (文書番号).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceDocument {
    /// Its number.
    pub number: Name,
    /// Its title.
    pub title: Option<Name>,
    /// Its date.
    pub date: Option<Date>,
}

/// Who did it, as the server identified them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Actor {
    /// The person or service, unique within the issuer.
    pub subject: Name,
    /// Who vouches for the subject; `None` where nobody does.
    pub issuer: Option<Name>,
    /// The seat held (職).
    pub seat: Option<Name>,
    /// On whose behalf.
    pub acting_for: Option<Name>,
    /// The client application.
    pub client: Option<Name>,
    /// How the subject was identified.
    pub method: AuthMethod,
    /// SHA-256 of the credential.
    pub evidence_sha256: Option<[u8; 32]>,
    /// Who it is in the organisation's directory, the same through all their subjects and seats.
    pub person: Option<PersonId>,
    /// By which policies it was permitted; `None` where none were in force.
    pub permitted_by: Option<Arc<Authorization>>,
}

enumeration! {
    /// How an actor was identified.
    AuthMethod {
        /// Not at all: the caller named itself.
        Unauthenticated = "UNAUTHENTICATED",
        /// The server itself, for events it makes.
        System = "SYSTEM",
        /// By a client certificate.
        MutualTls = "MUTUAL_TLS",
        /// By an OpenID Connect access token.
        Oidc = "OIDC",
    }
}

/// An event in its place: decided, recorded, numbered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// Its ledger.
    pub ledger: LedgerId,
    /// The generation of the ledger it was written in.
    pub generation: u64,
    /// Its position in the ledger, from 0.
    pub position: u64,
    /// Its number in its stream, from 1.
    pub revision: u64,
    /// The server's time, strictly increasing in a ledger.
    pub recorded_at: Timestamp,
    /// Leaf hash of the event before it in its stream; `None` for the first.
    pub prev_leaf_hash: Option<[u8; 32]>,
    /// Who did it.
    pub actor: Actor,
    /// The append call it came in.
    pub request_id: RequestId,
    /// Its number in that call, from 0.
    pub request_index: u32,
    /// How many events that call had.
    pub request_count: u32,
    /// What happened.
    pub event: Event,
}

enumeration! {
    /// How a ledger's clock runs.
    ClockKind {
        /// The machine's clock.
        System = "SYSTEM",
        /// A simulated one; sample ledgers only.
        Simulated = "SIMULATED",
    }
}

enumeration! {
    /// What a narrative tells.
    NarrativeKind {
        /// 要因.
        Cause = "CAUSE",
        /// リスク.
        Risk = "RISK",
        /// 成果.
        Result = "RESULT",
        /// 備考.
        Note = "NOTE",
    }
}

/// What a narrative or a piece of evidence is about, within a goal's stream.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// The goal.
    Goal(GoalId),
    /// An initiative.
    Initiative(InitiativeId),
    /// An indicator.
    Indicator(IndicatorId),
}

/// What is expected at the end of the cycle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForecastValue {
    /// A value in the indicator's unit.
    Value(Quantity),
    /// The day a milestone will be reached.
    Date(Date),
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident = $code:literal { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        /// What happened.
        // Definitions are large and rare; boxing them all would only spread the noise.
        #[allow(clippy::large_enum_variant)]
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Payload { $($(#[$doc])* $name($name)),* }

        impl Payload {
            /// Which type of event it is.
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$name(_) => EventType::$name),* }
            }
        }

        enumeration! {
            /// The types of events.
            EventType { $($(#[$doc])* $name = $code),* }
        }

        $($(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),* }

        impl From<$name> for Payload {
            fn from(payload: $name) -> Self {
                Self::$name(payload)
            }
        })*
    };
}

payloads! {
    /// A ledger was opened. Always at position 0, and only there.
    LedgerOpened = "LEDGER_OPENED" {
        /// The ledger.
        ledger: LedgerId,
        /// Its code.
        code: Code,
        /// The organisation's name.
        title: Title,
        /// Origin of its proofs: a schema-less URL without spaces or `+`.
        origin: Name,
        /// IANA time zone that decides "today".
        time_zone: Name,
        /// BCP 47 tag of the language people write in.
        locale: Name,
        /// Whether it is a sample (見本).
        sample: bool,
        /// How its clock runs.
        clock: ClockKind,
        /// The ledger whose access log it is (アクセス記録); `None`: a ledger of facts.
        access_log_of: Option<LedgerId>,
    }
    /// A policy was published (算定方針公表, 評価基準公表), in force from the valid day on.
    PolicyPublished = "POLICY_PUBLISHED" {
        /// Its code, the same in all its versions. Codes of policies are their own: a plan may have the same.
        code: Code,
        /// Its version, from 1, one above the last of its code.
        version: u32,
        /// What it is called.
        title: Title,
        /// What it says.
        content: PolicyContent,
    }
    /// A plan was published (計画公表).
    PlanPublished = "PLAN_PUBLISHED" {
        /// The plan.
        plan: PlanId,
        /// Its code.
        code: Code,
        /// Its title.
        title: Title,
        /// The fiscal year's days.
        cycle: DateSpan,
        /// Its pillars.
        pillars: Vec<Pillar>,
        /// SHA-256 of the published document.
        source_sha256: Option<[u8; 32]>,
    }
    /// A file was taken in whole (一括取込).
    ImportAccepted = "IMPORT_ACCEPTED" {
        /// The plan.
        plan: PlanId,
        /// SHA-256 of the file.
        file_sha256: [u8; 32],
        /// Its name.
        file_name: Name,
        /// How many goals, initiatives and indicators it held.
        goals: u32,
        /// See `goals`.
        initiatives: u32,
        /// See `goals`.
        indicators: u32,
        /// Version of the reader that understood it.
        mapping_version: u32,
    }
    /// A period of a plan was opened (期間開始): a part of the cycle that is evaluated for itself.
    PeriodOpened = "PERIOD_OPENED" {
        /// The plan.
        plan: PlanId,
        /// Its key, unique in the plan.
        period: Key,
        /// What it is called.
        title: Title,
        /// Its days; the last is the evaluation date (評価基準日).
        span: DateSpan,
    }
    /// Reports into a period need a reason from now on (受付締切).
    PeriodSoftClosed = "PERIOD_SOFT_CLOSED" {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
    }
    /// Nothing is reported into a period any more (確定).
    PeriodClosed = "PERIOD_CLOSED" {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of the period it is, from 1. A client may leave it out or state what it expects; the ledger
        /// always stores it.
        revision: Option<u32>,
    }
    /// Some indicators may be reported on again for a while (再開).
    PeriodReopened = "PERIOD_REOPENED" {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which indicators.
        scope: Vec<IndicatorId>,
        /// Last day on which they are taken, in the ledger's zone.
        until: Date,
    }
    /// What a period came to when it was closed was frozen (評価時点凍結). Made by the server itself.
    SnapshotTaken = "SNAPSHOT_TAKEN" {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of it.
        revision: u32,
        /// The event that closed it.
        closed_by: EventId,
        /// D: the day the figures are of.
        effective_on: Date,
        /// K: the size of the ledger they were computed at.
        known_at: u64,
        /// The policy they were computed with.
        policy: PolicyVersion,
        /// How many rows there are.
        rows: u32,
        /// In which form the rows are digested, from 1.
        rows_format: u32,
        /// SHA-256 over the rows.
        rows_sha256: [u8; 32],
        /// Merkle tree head of the ledger at `known_at`.
        root: Option<[u8; 32]>,
    }
    /// Figures of a closed period were published anew (修正公表). What the ledger computes is left out by clients and
    /// always stored.
    RestatementIssued = "RESTATEMENT_ISSUED" {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of it is restated.
        revision: u32,
        /// K: the size of the ledger the new figures were computed at.
        known_at: Option<u64>,
        /// The policy they were computed with.
        policy: Option<PolicyVersion>,
        /// How many rows differ, at least 1.
        rows: Option<u32>,
        /// In how many of them a status or a grade differs.
        material: Option<u32>,
        /// In which form the rows are digested, from 1.
        rows_format: Option<u32>,
        /// SHA-256 over the rows that differ.
        rows_sha256: Option<[u8; 32]>,
    }
    /// A unit was registered (組織登録).
    OrgUnitRegistered = "ORG_UNIT_REGISTERED" {
        /// The unit.
        unit: UnitId,
        /// Its code.
        code: Code,
        /// Its name.
        name: Title,
        /// Its kind.
        kind: UnitKind,
        /// The unit it belongs to.
        parent: Option<UnitId>,
    }
    /// A unit was renamed, moved or dissolved (改編). What is `None` stays.
    OrgUnitChanged = "ORG_UNIT_CHANGED" {
        /// The unit.
        unit: UnitId,
        /// Its new name.
        name: Option<Title>,
        /// The unit it now belongs to.
        parent: Option<UnitId>,
        /// Whether it ends the day before the day of effect.
        dissolved: bool,
    }
    /// A goal was set (組織目標設定).
    GoalSet = "GOAL_SET" {
        /// The goal.
        goal: GoalId,
        /// Its plan.
        plan: PlanId,
        /// Its code.
        code: Code,
        /// The department that set it.
        department: UnitId,
        /// The pillar it stands under.
        pillar: u32,
        /// Short title.
        title: Title,
        /// The published text, verbatim.
        source_text: Text,
        /// The goal of an earlier plan that it goes on with. One goal may go on in several.
        continues: Option<GoalId>,
    }
    /// A goal's words were changed, not what it asks for.
    GoalReworded = "GOAL_REWORDED" {
        /// The goal.
        goal: GoalId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
    }
    /// A goal went to another department or pillar.
    GoalMoved = "GOAL_MOVED" {
        /// The goal.
        goal: GoalId,
        /// Its department from now on.
        department: UnitId,
        /// Its pillar from now on.
        pillar: u32,
    }
    /// Work on a goal rests (休止).
    GoalSuspended = "GOAL_SUSPENDED" {
        /// The goal.
        goal: GoalId,
    }
    /// Work on a goal goes on (再開).
    GoalResumed = "GOAL_RESUMED" {
        /// The goal.
        goal: GoalId,
    }
    /// A goal was given up (中止).
    GoalCancelled = "GOAL_CANCELLED" {
        /// The goal.
        goal: GoalId,
    }
    /// A goal goes on in another plan (繰越).
    GoalCarriedOver = "GOAL_CARRIED_OVER" {
        /// The goal.
        goal: GoalId,
        /// The plan it goes on in.
        to_plan: PlanId,
        /// The goal there, once it is set.
        to_goal: Option<GoalId>,
    }
    /// An initiative was set (取組内容設定).
    InitiativeSet = "INITIATIVE_SET" {
        /// The initiative.
        initiative: InitiativeId,
        /// Its goal.
        goal: GoalId,
        /// Its number in the goal, from 1.
        number: u32,
        /// Its code.
        code: Code,
        /// Short title.
        title: Title,
        /// The published text, verbatim.
        source_text: Text,
        /// The section that answers for it.
        lead_unit: UnitId,
        /// Sections that contribute.
        contributing_units: Vec<UnitId>,
        /// The initiative of an earlier plan that it goes on with. One initiative may go on in several.
        continues: Option<InitiativeId>,
        /// Clauses of other documents that it carries out.
        references: Vec<ExternalReference>,
    }
    /// An initiative's words were changed.
    InitiativeReworded = "INITIATIVE_REWORDED" {
        /// The initiative.
        initiative: InitiativeId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
    }
    /// An initiative was put under another goal (体系変更). Its history stays in the stream it began in.
    InitiativeMoved = "INITIATIVE_MOVED" {
        /// The initiative.
        initiative: InitiativeId,
        /// The goal it stood under.
        from_goal: GoalId,
        /// The goal it stands under from now on.
        to_goal: GoalId,
        /// Its number there.
        number: u32,
    }
    /// An initiative was given up.
    InitiativeCancelled = "INITIATIVE_CANCELLED" {
        /// The initiative.
        initiative: InitiativeId,
    }
    /// Other sections answer for an initiative (移管).
    ResponsibilityTransferred = "RESPONSIBILITY_TRANSFERRED" {
        /// The initiative.
        initiative: InitiativeId,
        /// The section that answers from now on.
        lead_unit: UnitId,
        /// Sections that contribute from now on.
        contributing_units: Vec<UnitId>,
    }
    /// An indicator was defined (指標定義): definition version 1.
    IndicatorDefined = "INDICATOR_DEFINED" {
        /// The indicator.
        indicator: IndicatorId,
        /// Its initiative.
        initiative: InitiativeId,
        /// Its code.
        code: Code,
        /// Short title.
        title: Title,
        /// The criterion's published text, verbatim.
        source_text: Text,
        /// How it is measured.
        definition: Definition,
        /// The indicator of an earlier plan that it goes on with. An indicator goes on in one other at most.
        continues: Option<IndicatorId>,
    }
    /// An indicator's words were changed.
    IndicatorReworded = "INDICATOR_REWORDED" {
        /// The indicator.
        indicator: IndicatorId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
        /// Fields of the definition that were assumed and are confirmed: they are right as they stand, and the series goes
        /// on.
        confirms: Vec<String>,
    }
    /// An indicator was put under another initiative. Its history stays in the stream it began in.
    IndicatorMoved = "INDICATOR_MOVED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The initiative it stood under.
        from_initiative: InitiativeId,
        /// The initiative it stands under from now on.
        to_initiative: InitiativeId,
    }
    /// An indicator is measured otherwise (指標定義変更): a new definition version and a break in the series.
    IndicatorRedefined = "INDICATOR_REDEFINED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The new version, one above the last.
        definition_version: u32,
        /// How it is measured from now on.
        definition: Definition,
    }
    /// An indicator was given up.
    IndicatorCancelled = "INDICATOR_CANCELLED" {
        /// The indicator.
        indicator: IndicatorId,
    }
    /// Where an indicator stood before (基準値設定).
    BaselineSet = "BASELINE_SET" {
        /// The indicator.
        indicator: IndicatorId,
        /// The baseline.
        baseline: Baseline,
    }
    /// The first target of an indicator (目標値設定).
    TargetSet = "TARGET_SET" {
        /// The indicator.
        indicator: IndicatorId,
        /// The target.
        target: Target,
    }
    /// A new target in place of an earlier one (目標変更).
    TargetRevised = "TARGET_REVISED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The event that set the target replaced.
        replaces: EventId,
        /// The target replaced. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Target>,
        /// The target from the day of effect on.
        target: Target,
    }
    /// The line along which progress is planned (月次計画設定).
    PlanProfileSet = "PLAN_PROFILE_SET" {
        /// The indicator.
        indicator: IndicatorId,
        /// The line.
        profile: PlanProfile,
        /// Whether it was inferred; an assumed line never makes a goal late.
        assumed: bool,
    }
    /// Progress was reported (実績報告). Exactly one measurement.
    ActualRecorded = "ACTUAL_RECORDED" {
        /// The indicator.
        indicator: IndicatorId,
        /// What was measured.
        measurement: Measurement,
        /// Which part reports, with the unit of the values.
        reported: ReportedPart,
    }
    /// A report was replaced whole (実績訂正).
    ActualCorrected = "ACTUAL_CORRECTED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The report or correction replaced.
        corrects: EventId,
        /// What it said. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Measurement>,
        /// What is right.
        measurement: Measurement,
        /// Which part reports, with the unit of the values.
        reported: ReportedPart,
    }
    /// A report was taken back (実績取消).
    ActualRetracted = "ACTUAL_RETRACTED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The report or correction taken back.
        retracts: EventId,
        /// What it said. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Measurement>,
    }
    /// Demand was recorded (需要記録), for what is done only as needed.
    DemandRecorded = "DEMAND_RECORDED" {
        /// The indicator.
        indicator: IndicatorId,
        /// How many asked.
        requests: Quantity,
    }
    /// What the section expects at the end (見込み提出).
    ForecastSubmitted = "FORECAST_SUBMITTED" {
        /// The indicator.
        indicator: IndicatorId,
        /// What is expected.
        value: ForecastValue,
        /// How sure, 0 to 10.
        confidence: Option<u32>,
        /// On which grounds.
        basis: FreeText,
    }
    /// Something was told (状況説明).
    NarrativeAdded = "NARRATIVE_ADDED" {
        /// What about.
        subject: Subject,
        /// What kind.
        kind: NarrativeKind,
        /// In words.
        text: FreeText,
    }
    /// Evidence was attached later (根拠資料添付); the evidence itself stands in the envelope.
    EvidenceAttached = "EVIDENCE_ATTACHED" {
        /// What about.
        subject: Subject,
        /// The event it shows, where it is for one.
        shows: Option<EventId>,
        /// Which keys of the attachment it fills, for the organisation's own filing.
        filed_under: Option<Key>,
    }
    /// Those who did the work judged it (自己評価).
    SelfEvaluated = "SELF_EVALUATED" {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given: the key of a level of the rubric; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// Why it came so.
        cause: Option<CauseCode>,
        /// In words.
        comment: FreeText,
    }
    /// Somebody else looked at a self-evaluation (二次評価).
    EvaluationReviewed = "EVALUATION_REVIEWED" {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// In words.
        comment: FreeText,
    }
    /// An evaluation was made final (評価確定).
    EvaluationFinalised = "EVALUATION_FINALISED" {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// In words.
        comment: Option<FreeText>,
    }
    /// What is done next was agreed (今後の対応).
    NextActionAgreed = "NEXT_ACTION_AGREED" {
        /// For what.
        subject: Subject,
        /// The action.
        action: ActionId,
        /// The period whose evaluation led to it.
        period: Key,
        /// What becomes of the work.
        kind: ActionKind,
        /// What is to be done.
        text: FreeText,
        /// The unit that answers for it.
        owner_unit: UnitId,
        /// Last day on time.
        due: Date,
    }
    /// An agreed action ended (対応完了).
    NextActionClosed = "NEXT_ACTION_CLOSED" {
        /// For what it was agreed.
        subject: Subject,
        /// The action.
        action: ActionId,
        /// How it ended.
        outcome: ActionOutcome,
        /// What came of it.
        text: FreeText,
    }
    /// For which days a plan asks for reports, and until when (報告日程設定). The whole calendar, in place of the one
    /// before from the day of effect on.
    ReportingCalendarSet = "REPORTING_CALENDAR_SET" {
        /// The plan.
        plan: PlanId,
        /// The rounds, in the order of their reports-for dates.
        rounds: Vec<ReportingRound>,
    }
    /// Somebody other than their authors looked at entries and confirmed them (実績確認).
    ActualConfirmed = "ACTUAL_CONFIRMED" {
        /// The indicator.
        indicator: IndicatorId,
        /// The reports and corrections confirmed.
        entries: Vec<EventId>,
    }
    /// An audit found something, and an action was promised (監査指摘).
    AuditFindingRecorded = "AUDIT_FINDING_RECORDED" {
        /// The plan in whose year it falls.
        plan: PlanId,
        /// Its number, unique in the plan.
        finding: Key,
        /// What was found.
        text: FreeText,
        /// What it is about.
        references: Vec<FindingReference>,
        /// Last day on time for what was promised.
        due: Date,
        /// What was promised.
        promised: FreeText,
    }
    /// A finding was answered with what was done (措置).
    AuditFindingAnswered = "AUDIT_FINDING_ANSWERED" {
        /// The plan.
        plan: PlanId,
        /// The finding's number.
        finding: Key,
        /// The answer.
        text: FreeText,
        /// What was done.
        action: FreeText,
        /// What shows it.
        references: Vec<FindingReference>,
    }
    /// The ledger goes on under another name, because it lost what was signed under the one before or can no longer sign
    /// (台帳の引継ぎ). Made by the server itself.
    LedgerContinued = "LEDGER_CONTINUED" {
        /// The name its proofs go by from now on, as in [`LedgerOpened`].
        origin: Name,
        /// The checkpoint that was signed under the name before, and which the ledger no longer reaches or ended with.
        previous_checkpoint: CheckpointNote,
    }
    /// A key was announced with which the ledger is to sign (署名鍵の公表). Made by the server itself.
    KeyAnnounced = "KEY_ANNOUNCED" {
        /// The key.
        verifier_key: VerifierKey,
        /// The first size that it signs.
        from_size: u64,
    }
    /// A key was retired (署名鍵の廃止). Made by the server itself.
    KeyRetired = "KEY_RETIRED" {
        /// The key.
        verifier_key: VerifierKey,
        /// The last size that it signed.
        last_size: u64,
    }
    /// A key came to be known to others (署名鍵の危殆化). Made by the server itself.
    KeyCompromised = "KEY_COMPROMISED" {
        /// The key.
        verifier_key: VerifierKey,
        /// The last size for which its signature alone is believed.
        last_trusted_size: u64,
    }
    /// Where every stream stands was recorded (全ストリームの末尾の記録): whoever has the row of a stream knows that all of it
    /// is there. Made by the server itself.
    HeadsRecorded = "HEADS_RECORDED" {
        /// Of how many events it speaks: the first so many of the ledger.
        size: u64,
        /// Root of the tree over the rows of the streams.
        root: [u8; 32],
        /// How many streams had events.
        streams: u64,
        /// The closing of a period that it was made at; `None`: on request.
        closed_by: Option<EventId>,
    }
    /// Personal texts were erased (個人情報の消去). Made by the server itself.
    PersonalDataErased = "PERSONAL_DATA_ERASED" {
        /// Whom they were about.
        subject: DataSubjectId,
        /// The events whose texts were erased, ascending; 1 to 5,000.
        positions: Vec<u64>,
        /// How many texts were erased.
        texts: u32,
        /// On which legal ground.
        legal_basis: Name,
        /// Who approved it.
        approved_by: Name,
    }
    /// A file that events name as evidence was erased (根拠資料の消去). Made by the server itself.
    EvidenceErased = "EVIDENCE_ERASED" {
        /// SHA-256 of the file.
        sha256: [u8; 32],
        /// On which legal ground.
        legal_basis: Name,
        /// Who approved it.
        approved_by: Name,
    }
    /// A person of the organisation was registered, with what they sign in as (職員登録).
    PersonRegistered = "PERSON_REGISTERED" {
        /// The person: a random id, under which their name is erased too.
        person: PersonId,
        /// What they are called.
        name: FreeText,
        /// What they sign in as.
        logins: Vec<LoginId>,
    }
    /// A person's name or logins changed (職員情報の変更). Logins count from when this is recorded.
    PersonChanged = "PERSON_CHANGED" {
        /// The person.
        person: PersonId,
        /// What they are called from now on; `None`: as before.
        name: Option<FreeText>,
        /// All that they sign in as from now on.
        logins: Vec<LoginId>,
    }
    /// Somebody holds a seat from the valid day on, to its last day where there is one (発令).
    RoleGranted = "ROLE_GRANTED" {
        /// The grant.
        grant: GrantId,
        /// Code of the seat (職), unique among seats.
        seat: Code,
        /// What the seat is called.
        title: Title,
        /// What the seat is for.
        role: Role,
        /// The units it is for; none for the whole ledger.
        units: Vec<UnitId>,
        /// Who holds it.
        holder: Holder,
    }
    /// A grant ended (解除): the valid day is the first without it.
    RoleRevoked = "ROLE_REVOKED" {
        /// The grant.
        grant: GrantId,
    }
    /// Somebody may act for a seat on the valid days (代決者の指定).
    DelegationRegistered = "DELEGATION_REGISTERED" {
        /// The delegation.
        delegation: DelegationId,
        /// Code of the seat.
        seat: Code,
        /// Who acts.
        delegate: PersonId,
        /// Why whoever holds the seat is absent.
        ground: FreeText,
    }
    /// A delegation ended before its last day (代決の終了): the valid day is the first without it.
    DelegationEnded = "DELEGATION_ENDED" {
        /// The delegation.
        delegation: DelegationId,
    }
    /// A change was proposed (起案).
    ChangeProposed = "CHANGE_PROPOSED" {
        /// The proposal.
        proposal: ProposalId,
        /// What kind of change it is. A client may leave it out or state what it expects; the ledger always stores it.
        kind: Option<ChangeKind>,
        /// The proposal that it takes the place of.
        replaces: Option<ProposalId>,
        /// The change.
        change: ProposedChange,
        /// What it would come to.
        impact: FreeText,
    }
    /// Somebody was asked about a proposal and answered (合議).
    ChangeConsulted = "CHANGE_CONSULTED" {
        /// The proposal.
        proposal: ProposalId,
        /// SHA-256 of the change that the answer is about.
        digest: [u8; 32],
        /// The answer.
        outcome: ConsultationOutcome,
        /// In words.
        text: Option<FreeText>,
        /// The unit that answers.
        unit: Option<UnitId>,
    }
    /// A proposal was decided (決裁).
    ChangeDecided = "CHANGE_DECIDED" {
        /// The proposal.
        proposal: ProposalId,
        /// SHA-256 of the change that is decided.
        digest: [u8; 32],
        /// The decision.
        outcome: DecisionOutcome,
        /// In words.
        text: Option<FreeText>,
        /// Where it was decided outside of the ledger.
        external: Option<ExternalDecision>,
        /// The delegation by which it was decided in another's place (代決).
        acting: Option<DelegationId>,
    }
    /// A proposal was taken back (取下げ).
    ChangeWithdrawn = "CHANGE_WITHDRAWN" {
        /// The proposal.
        proposal: ProposalId,
    }
    /// Nobody decided a proposal in time (失効). Made by the server itself.
    ProposalExpired = "PROPOSAL_EXPIRED" {
        /// The proposal.
        proposal: ProposalId,
    }
    /// The absent principal looked at a decision that was made in their place (後閲).
    DecisionReviewed = "DECISION_REVIEWED" {
        /// The event that decided.
        decision: EventId,
        /// What the principal makes of it.
        outcome: ReviewOutcome,
        /// In words.
        text: Option<FreeText>,
    }
    /// Somebody asked for something of the ledger whose access log this is (アクセス記録). Who asked is the actor; where that
    /// is not known it is the server. Made by the server itself.
    AccessRecorded = "ACCESS_RECORDED" {
        /// Full name of the method: `daicho.v1.GoalService/GetGoal`.
        rpc: Name,
        /// What kind of thing was asked for.
        class: AccessClass,
        /// What it was asked of; `None`: of the ledger as a whole.
        resource: Option<AccessedResource>,
        /// What for, where the caller said.
        purpose: Option<Name>,
        /// How it ended.
        outcome: AccessOutcome,
        /// gRPC status code, 0 to 16.
        status: u32,
        /// Why it was refused or failed, as the answer said.
        reason: Option<Name>,
        /// The policy that refused it.
        policy: Option<Name>,
        /// Network address that it came from, without a port.
        peer: Option<Name>,
        /// How long it took until it was recorded, the longest of several: microseconds.
        duration_micros: u64,
        /// The caller's id of the call.
        request_id: Option<RequestId>,
        /// How many accesses stand here as one.
        count: u64,
        /// When the first of them was answered, to the microsecond.
        first_at: Timestamp,
        /// When the last of them was answered, to the microsecond.
        last_at: Timestamp,
        /// Whether there were texts about people in an answer.
        personal: bool,
    }
    /// Accesses were too many within a minute to be recorded each (アクセス記録の省略). Made by the server itself.
    AccessesLeftOut = "ACCESSES_LEFT_OUT" {
        /// Refused ones.
        refusals: u64,
        /// Others.
        others: u64,
        /// From when, to the microsecond.
        first_at: Timestamp,
        /// Until when, to the microsecond.
        last_at: Timestamp,
    }
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

impl Subject {
    /// The indicator, if it is one.
    pub fn indicator(&self) -> Option<IndicatorId> {
        match self {
            Self::Indicator(id) => Some(*id),
            Self::Goal(_) | Self::Initiative(_) => None,
        }
    }
}
