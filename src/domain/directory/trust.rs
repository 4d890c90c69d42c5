//! What a ledger says of its own proofs, in the order of recording.

use std::sync::Arc;

use imbl::{OrdMap, Vector};

use crate::domain::directory::Directory;
use crate::domain::event::{
    EvidenceErased, HeadsRecorded, KeyAnnounced, KeyCompromised, KeyRetired, PersonalDataErased,
    Recorded,
};
use crate::domain::id::{DataSubjectId, EventId};
use crate::domain::text::Name;
use crate::domain::trust::{
    Erasure, EvidenceErasure, HeadsRecording, KeyNotice, LedgerKey, Origin, VerifierKey,
};

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trust {
    origins: Vector<Origin>,
    keys: OrdMap<VerifierKey, LedgerKey>,
    heads: Vector<Arc<HeadsRecording>>,
    erasures: OrdMap<DataSubjectId, Vector<Arc<Erasure>>>,
    erased_evidence: OrdMap<[u8; 32], Arc<EvidenceErasure>>,
}

impl Trust {
    pub(super) fn origins(&self) -> impl DoubleEndedIterator<Item = &Origin> {
        self.origins.iter()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &LedgerKey> {
        self.keys.values()
    }

    pub(super) fn key(&self, key: &VerifierKey) -> Option<&LedgerKey> {
        self.keys.get(key)
    }

    pub(super) fn heads(&self) -> impl DoubleEndedIterator<Item = &Arc<HeadsRecording>> {
        self.heads.iter()
    }

    pub(super) fn heads_of(&self, closing: EventId) -> Option<&Arc<HeadsRecording>> {
        // Closings are few, and the one asked after is mostly the last.
        let mut newest_first = self.heads.iter().rev();
        newest_first.find(|heads| heads.closed_by == Some(closing))
    }

    pub(super) fn erasures(&self) -> impl Iterator<Item = &Arc<Erasure>> {
        self.erasures.values().flatten()
    }

    pub(super) fn erasures_of(
        &self,
        subject: DataSubjectId,
    ) -> impl Iterator<Item = &Arc<Erasure>> {
        self.erasures.get(&subject).into_iter().flatten()
    }

    pub(super) fn name(&mut self, recorded: &Recorded, origin: &Name) {
        self.origins.push_back(Origin {
            origin: origin.clone(),
            position: recorded.position,
        });
    }

    pub(super) fn announce(&mut self, recorded: &Recorded, p: &KeyAnnounced) {
        let notice = notice(recorded, p.from_size);
        self.on(&p.verifier_key).announced = Some(notice);
    }

    pub(super) fn retire(&mut self, recorded: &Recorded, p: &KeyRetired) {
        let notice = notice(recorded, p.last_size);
        self.on(&p.verifier_key).retired = Some(notice);
    }

    pub(super) fn compromise(&mut self, recorded: &Recorded, p: &KeyCompromised) {
        let notice = notice(recorded, p.last_trusted_size);
        let known = &mut self.on(&p.verifier_key).compromised;
        if known.is_none_or(|known| notice.size < known.size) {
            *known = Some(notice);
        }
    }

    pub(super) fn record_heads(&mut self, recorded: &Recorded, p: &HeadsRecorded) {
        self.heads.push_back(Arc::new(HeadsRecording {
            size: p.size,
            root: p.root,
            streams: p.streams,
            closed_by: p.closed_by,
            event_id: recorded.event.id,
            position: recorded.position,
        }));
    }

    pub(super) fn erase(&mut self, recorded: &Recorded, p: &PersonalDataErased) {
        let erasure = Arc::new(Erasure {
            subject: p.subject,
            positions: p.positions.clone(),
            texts: p.texts,
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
        });
        let of_subject = self.erasures.entry(p.subject).or_default();
        of_subject.push_back(erasure);
    }

    pub(super) fn evidence_erasures(&self) -> impl Iterator<Item = &Arc<EvidenceErasure>> {
        self.erased_evidence.values()
    }

    pub(super) fn evidence_erasure(&self, sha256: &[u8; 32]) -> Option<&Arc<EvidenceErasure>> {
        self.erased_evidence.get(sha256)
    }

    pub(super) fn erase_evidence(&mut self, recorded: &Recorded, p: &EvidenceErased) {
        let erasure = || {
            Arc::new(EvidenceErasure {
                sha256: p.sha256,
                legal_basis: p.legal_basis.clone(),
                approved_by: p.approved_by.clone(),
                event_id: recorded.event.id,
                position: recorded.position,
                recorded_at: recorded.recorded_at,
            })
        };
        // It is erased since the first time.
        self.erased_evidence.entry(p.sha256).or_insert_with(erasure);
    }

    fn on(&mut self, key: &VerifierKey) -> &mut LedgerKey {
        let unknown = || LedgerKey {
            key: key.clone(),
            announced: None,
            retired: None,
            compromised: None,
        };
        self.keys.entry(key.clone()).or_insert_with(unknown)
    }
}

fn notice(recorded: &Recorded, size: u64) -> KeyNotice {
    KeyNotice {
        size,
        event_id: recorded.event.id,
        position: recorded.position,
    }
}

impl Directory {
    /// The name that the ledger's proofs go by now: that of the opening, or of the last continuation.
    pub fn origin(&self) -> Option<&Name> {
        self.trust.origins().next_back().map(|last| &last.origin)
    }

    /// Every name that the ledger's proofs went by, in the order of recording.
    pub fn origins(&self) -> impl DoubleEndedIterator<Item = &Origin> {
        self.trust.origins()
    }

    /// Every key of which the ledger says something, by its text.
    pub fn keys(&self) -> impl Iterator<Item = &LedgerKey> {
        self.trust.keys()
    }

    /// What the ledger says of a key.
    pub fn key(&self, key: &VerifierKey) -> Option<&LedgerKey> {
        self.trust.key(key)
    }

    /// Every recording of where the streams stood, in the order of recording.
    pub fn heads(&self) -> impl DoubleEndedIterator<Item = &Arc<HeadsRecording>> {
        self.trust.heads()
    }

    /// The recording of where the streams stood that was made at a closing.
    pub fn heads_of(&self, closing: EventId) -> Option<&Arc<HeadsRecording>> {
        self.trust.heads_of(closing)
    }

    /// Every erasure of personal texts, by the person, then in the order of recording.
    pub fn erasures(&self) -> impl Iterator<Item = &Arc<Erasure>> {
        self.trust.erasures()
    }

    /// The erasures of texts about one person, in the order of recording.
    pub fn erasures_of(&self, subject: DataSubjectId) -> impl Iterator<Item = &Arc<Erasure>> {
        self.trust.erasures_of(subject)
    }

    /// Every file of evidence that was erased, by its digest.
    pub fn evidence_erasures(&self) -> impl Iterator<Item = &Arc<EvidenceErasure>> {
        self.trust.evidence_erasures()
    }

    /// How the file with this SHA-256 was erased, if it was.
    pub fn evidence_erasure(&self, sha256: &[u8; 32]) -> Option<&Arc<EvidenceErasure>> {
        self.trust.evidence_erasure(sha256)
    }
}
