//! A witness: whoever runs it, other than the ledger's operator, cosigns that a ledger only ever grew.
//!
//! ```text
//! folder    its key and what it saw last of each log, durable; one process at a time
//! serve     C2SP tlog-witness over HTTP
//! ask       the same from the other side: what a ledger asks a witness
//! ```
//! The promise of a witness is one sentence: under one origin it never cosigns two trees of which one is
//! not the beginning of the other. It is kept by an order: what was seen is durable before a cosignature
//! leaves. Whether a checkpoint may be cosigned is decided in [`merkle::witness`](crate::merkle::witness);
//! no ledger is known here.

pub mod ask;
pub mod folder;
pub mod serve;

use std::sync::{Mutex, PoisonError};

use crate::merkle::{
    AddCheckpoint, Cosignatures, InvalidCosignatures, InvalidNote, Note, NoteSignature, Refusal,
    SignedCheckpoint, Signer as _, TreeHead, Unsigned, VerifierKey, sign,
};

pub use folder::{Folder, FolderFault, Seed};

/// The most logs that a witness knows.
pub const LOGS_MAX: usize = 256;

/// A witness at work.
#[derive(Debug)]
pub struct Witness {
    logs: Vec<VerifierKey>,
    /// One request after the other: what is seen is what the next one is held against.
    folder: Mutex<Folder>,
    key: VerifierKey,
}

/// A witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The request does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What is seen could not be made durable; nothing was cosigned.
    #[error(transparent)]
    Folder(#[from] FolderFault),
    /// The key did not sign.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    /// The signed checkpoint would be none.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// The answer would be none.
    #[error(transparent)]
    Answer(#[from] InvalidCosignatures),
}

impl Witness {
    /// A witness with the key and the memory of `folder`, for the logs of these keys: each key bears the
    /// origin of its log as its name.
    pub fn new(folder: Folder, logs: Vec<VerifierKey>) -> Self {
        let key = folder.key().key().clone();
        Self {
            logs,
            folder: Mutex::new(folder),
            key,
        }
    }

    /// The key that its cosignatures verify with.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// What it cosigned last of the log that is known as `origin`.
    pub fn seen(&self, origin: &str) -> Option<SignedCheckpoint> {
        self.locked().seen(origin).cloned()
    }

    /// What it cosigned last of the first log that `wanted` says yes to.
    pub fn seen_where(
        &self,
        wanted: impl Fn(&SignedCheckpoint) -> bool,
    ) -> Option<SignedCheckpoint> {
        self.locked().all_seen().find(|seen| wanted(seen)).cloned()
    }

    /// Cosigns the checkpoint of `request` at `time` (seconds since 1970), or refuses. That it was seen is
    /// durable when this returns. Blocks while it writes.
    pub fn cosign(&self, request: &AddCheckpoint, time: u64) -> Result<Cosignatures, NotCosigned> {
        let mut folder = self.locked();
        let signed = request.checkpoint();
        let origin = signed.checkpoint().origin();
        let before = folder.seen(origin);
        let seen = before.map_or(TreeHead::EMPTY, |seen| seen.checkpoint().head());
        if let Err(refusal) = request.decide(&self.logs, &seen) {
            let new = signed.checkpoint().head();
            let forked = matches!(refusal, Refusal::Inconsistent(_)) && new.size == seen.size;
            if let Some(before) = before.filter(|_| forked && new.root != seen.root) {
                tracing::error!(
                    origin,
                    size = new.size,
                    seen = %seen.root,
                    other = %new.root,
                    "the log signed two trees of one size: it has forked"
                );
                folder.keep_evidence(before, signed);
            }
            return Err(refusal.into());
        }
        let text = signed.note().text();
        let cosignature = sign(folder.key(), text, time)?;
        let of_log = |signature: &&NoteSignature| self.logs.iter().any(|key| signature.is_of(key));
        let signatures = signed.note().signatures().iter().filter(of_log).cloned();
        let signatures = signatures.chain([cosignature.clone()]).collect();
        let note = Note::new(text.to_owned(), signatures)?;
        folder.see(note)?;
        Ok(Cosignatures::new(vec![cosignature])?)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Folder> {
        // What is in memory is exchanged whole, after the file.
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
