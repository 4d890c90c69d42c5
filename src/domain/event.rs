//! What can happen. Every event is a fact of the past, belongs to one stream, and is never changed.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::access::{Authorization, LoginId};
use crate::domain::date::{Date, DateSpan};
use crate::domain::id::{
    EventId, GoalId, IndicatorId, InitiativeId, LedgerId, PersonId, PlanId, RequestId, StreamId,
    UnitId,
};
use crate::domain::indicator::{Disclosure, enumeration};
use crate::domain::personal::FreeText;
use crate::domain::quantity::Quantity;
use crate::domain::text::Name;

mod answering;
mod decision;
mod evaluated;
mod label;
mod lateness;
mod payload;
mod references;
mod refusals;
mod restated;

pub use decision::{ProposedChange, SealedChange};
pub use evaluated::{Evaluated, Judging};
pub use lateness::Lateness;
pub use payload::*;
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
    /// An event with nothing beside what happened.
    pub fn new(id: EventId, stream: Stream, payload: Payload) -> Self {
        Self {
            id,
            stream,
            valid: None,
            reason: None,
            evidence: Vec::new(),
            source_document: None,
            decision: None,
            correlation: None,
            causation: None,
            payload,
        }
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

impl Actor {
    /// What they signed in as.
    pub fn login(&self) -> LoginId {
        LoginId {
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
        }
    }

    /// Whether both signed in as the same, whoever they are in the organisation.
    pub fn shares_login_with(&self, other: &Self) -> bool {
        (&self.subject, &self.issuer) == (&other.subject, &other.issuer)
    }
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
    /// Who did it; shared by what they did.
    pub actor: Arc<Actor>,
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
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
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

impl Subject {
    /// The indicator, if it is one.
    pub fn indicator(&self) -> Option<IndicatorId> {
        match self {
            Self::Indicator(id) => Some(*id),
            Self::Goal(_) | Self::Initiative(_) => None,
        }
    }
}
