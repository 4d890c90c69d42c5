//! Operations (運用): changes of keys and erasures, which one person alone may not carry out where the approval policy asks for a
//! decision on them. What is decided on is an authorisation, for the server makes the events themselves, with figures that nobody
//! knows before.

use crate::domain::date::Date;
use crate::domain::decision::ChangeKind;
use crate::domain::event::Payload;
use crate::domain::id::{DataSubjectId, EventId};
use crate::domain::indicator::enumeration;
use crate::domain::text::{Name, labels};
use crate::domain::trust::VerifierKey;

/// Something that is done to the ledger, and to what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// A key is made and announced.
    AnnounceKey,
    /// A key is retired.
    RetireKey(VerifierKey),
    /// It is said that others know a key.
    CompromiseKey {
        /// Which.
        key: VerifierKey,
        /// The last size for which its signature alone is believed.
        last_trusted_size: u64,
    },
    /// Every text about somebody is erased.
    ErasePersonalData(DataSubjectId),
    /// A file of evidence is erased: its SHA-256.
    EraseEvidence([u8; 32]),
}

enumeration! {
    /// Which operation it is, whatever it is done to. Its code is the name of the method that carries it out.
    OperationKind {
        /// See [`Operation::AnnounceKey`].
        AnnounceKey = "ANNOUNCE_KEY",
        /// See [`Operation::RetireKey`].
        RetireKey = "RETIRE_KEY",
        /// See [`Operation::CompromiseKey`].
        CompromiseKey = "COMPROMISE_KEY",
        /// See [`Operation::ErasePersonalData`].
        ErasePersonalData = "ERASE_PERSONAL_DATA",
        /// See [`Operation::EraseEvidence`].
        EraseEvidence = "ERASE_EVIDENCE",
    }
}

labels! {
    OperationKind {
        AnnounceKey => "署名鍵の公表", "announce a key";
        RetireKey => "署名鍵の廃止", "retire a key";
        CompromiseKey => "署名鍵の危殆化の届出", "report a key compromised";
        ErasePersonalData => "個人情報の消去", "erase texts about somebody";
        EraseEvidence => "根拠資料の消去", "erase a file of evidence";
    }
}

impl Operation {
    /// Days that an authorisation lasts, where nobody says otherwise: as long again as a proposal waits at most without a step.
    pub const LASTS_DAYS: u32 = 60;
    /// Days from the day of the proposal that an authorisation lasts at most: half a year, so that none is forgotten and used
    /// when those who decided are gone.
    pub const LASTS_DAYS_MAX: u32 = 180;

    /// The operation that an event is; `None` of all others.
    pub fn carried_out_by(payload: &Payload) -> Option<Self> {
        Some(match payload {
            Payload::KeyAnnounced(_) => Self::AnnounceKey,
            Payload::KeyRetired(p) => Self::RetireKey(p.verifier_key.clone()),
            Payload::KeyCompromised(p) => Self::CompromiseKey {
                key: p.verifier_key.clone(),
                last_trusted_size: p.last_trusted_size,
            },
            Payload::PersonalDataErased(p) => Self::ErasePersonalData(p.subject),
            Payload::EvidenceErased(p) => Self::EraseEvidence(p.sha256),
            _ => return None,
        })
    }

    /// Which one it is.
    pub fn what(&self) -> OperationKind {
        match self {
            Self::AnnounceKey => OperationKind::AnnounceKey,
            Self::RetireKey(_) => OperationKind::RetireKey,
            Self::CompromiseKey { .. } => OperationKind::CompromiseKey,
            Self::ErasePersonalData(_) => OperationKind::ErasePersonalData,
            Self::EraseEvidence(_) => OperationKind::EraseEvidence,
        }
    }

    /// What kind of change it is.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::AnnounceKey | Self::RetireKey(_) => ChangeKind::KeyChanged,
            Self::CompromiseKey { .. } => ChangeKind::KeyCompromised,
            Self::ErasePersonalData(_) | Self::EraseEvidence(_) => ChangeKind::DataErased,
        }
    }

    /// Whether something is erased, which takes a legal ground.
    pub fn is_erasure(&self) -> bool {
        self.kind() == ChangeKind::DataErased
    }
}

/// An operation that was decided on: it is carried out once, on some days.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorisation {
    /// The event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// What may be done.
    pub operation: Operation,
    /// On which legal ground; of erasures.
    pub legal_basis: Option<Name>,
    /// The first day on which it may be.
    pub from: Date,
    /// The last.
    pub until: Date,
    /// The event that decided it.
    pub decision: Option<EventId>,
    /// The event that carried it out.
    pub used_by: Option<EventId>,
}

impl Authorisation {
    /// Whether it may still be carried out on `date` or later.
    pub fn is_left_on(&self, date: Date) -> bool {
        self.used_by.is_none() && date <= self.until
    }

    /// Whether it may be carried out on `date`.
    pub fn counts_on(&self, date: Date) -> bool {
        self.is_left_on(date) && self.from <= date
    }
}
