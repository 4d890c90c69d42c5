//! A change that is only proposed: an event without the place that it does not have yet.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Event, Evidence, Payload, Reason, SourceDocument, Stream, Validity};
use crate::domain::date::Date;
use crate::domain::decision::DecisionOutcome;
use crate::domain::id::EventId;

/// What is proposed. Two are equal if they say the same; whether they were sealed yet is no part of it.
#[derive(Clone, Debug)]
pub struct ProposedChange {
    /// What is to happen.
    pub payload: Box<Payload>,
    /// The days of effect, or of the observation.
    pub valid: Option<Validity>,
    /// Why.
    pub reason: Option<Reason>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// The paper behind it.
    pub source_document: Option<SourceDocument>,
    /// Its stored form, once it has one.
    pub sealed: Option<SealedChange>,
}

impl PartialEq for ProposedChange {
    fn eq(&self, other: &Self) -> bool {
        self.payload == other.payload
            && self.valid == other.valid
            && self.reason == other.reason
            && self.evidence == other.evidence
            && self.source_document == other.source_document
    }
}

impl Eq for ProposedChange {}

/// The bytes in which a change is stored, and their SHA-256: what a decision binds to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedChange {
    bytes: Arc<[u8]>,
    digest: [u8; 32],
}

impl SealedChange {
    /// Takes the bytes that are stored.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let digest = Sha256::digest(&bytes).into();
        Self { bytes, digest }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their SHA-256.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl ProposedChange {
    /// SHA-256 of its stored form; `None` before it has one.
    pub fn digest(&self) -> Option<[u8; 32]> {
        self.sealed.as_ref().map(SealedChange::digest)
    }

    /// The day on which it is looked up who answers for it, on `today`.
    pub fn answered_on(&self, today: Date) -> Date {
        self.payload.answered_on(self.valid, today)
    }

    /// What is proposed by an event that would say it.
    pub fn of(event: Event) -> Self {
        Self {
            payload: Box::new(event.payload),
            valid: event.valid,
            reason: event.reason,
            evidence: event.evidence,
            source_document: event.source_document,
            sealed: None,
        }
    }

    /// The event that makes the change.
    pub fn event(&self, id: EventId, stream: Stream) -> Event {
        Event {
            id,
            stream,
            valid: self.valid,
            reason: self.reason.clone(),
            evidence: self.evidence.clone(),
            source_document: self.source_document.clone(),
            decision: None,
            correlation: None,
            causation: None,
            payload: Payload::clone(&self.payload),
        }
    }
}

impl Event {
    /// The files that it names: its own, and those of the change that it proposes, which an approval names later.
    pub fn files(&self) -> impl Iterator<Item = &Evidence> {
        let proposed = match &self.payload {
            Payload::ChangeProposed(p) => p.change.evidence.as_slice(),
            _ => &[],
        };
        self.evidence.iter().chain(proposed)
    }

    /// How many events the ledger appends right behind it: the change, where it approves one.
    pub fn brings(&self) -> u64 {
        match &self.payload {
            Payload::ChangeDecided(p) => u64::from(p.outcome == DecisionOutcome::Approved),
            _ => 0,
        }
    }

    /// The ids that it takes: its own, and that of the change which it brings.
    pub fn ids(&self) -> impl Iterator<Item = EventId> + use<> {
        let brought = (self.brings() != 0).then(|| Self::approved_change_id(self.id));
        std::iter::once(self.id).chain(brought)
    }

    /// The id of the event that an approval brings, from that of the decision.
    pub fn approved_change_id(decision: EventId) -> EventId {
        EventId::derived(decision.uuid(), "approved-change")
    }
}
