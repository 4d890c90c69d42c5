//! Adds cosignatures of witnesses to a checkpoint that is kept.
//!
//! A cosigned checkpoint is the same checkpoint with more lines behind it. What stands there is never taken
//! away, so whoever saw a cosignature can see it for ever.

use std::sync::Arc;

use crate::merkle::{NotAdded, NoteSignature, VerifierKey};
use crate::proof::{ProofFault, Published, Publisher};

/// The most cosignatures that are added at once.
pub const COSIGNATURES_MAX: usize = 32;

/// A checkpoint after cosignatures were added.
#[derive(Clone, Debug)]
pub struct Cosigned {
    /// With all that it has now.
    pub checkpoint: Published,
    /// How many were new.
    pub added: usize,
}

/// No cosignature was added.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// No checkpoint of this size is kept.
    #[error("no checkpoint of {size} events is kept")]
    NotKept {
        /// The size.
        size: u64,
    },
    /// Some are of no witness that is known, or not over this checkpoint: which, and why.
    #[error("{} of the signatures cannot be added", .0.len())]
    Refused(Vec<(usize, NotAdded)>),
    /// The ledger could not be read or written.
    #[error(transparent)]
    Fault(#[from] ProofFault),
}

impl Publisher {
    /// The keys of the witnesses whose cosignatures are taken.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// Adds what witnesses signed to the kept checkpoint of `size`: all of it, durable when this returns,
    /// or nothing. Of each witness the first cosignature stands.
    ///
    /// Not to be dropped on the way: others would go on from what was kept before it.
    pub async fn cosign(
        &self,
        size: u64,
        signatures: &[NoteSignature],
    ) -> Result<Cosigned, NotCosigned> {
        let _one_at_a_time = self.signing.lock().await;
        // What the log has, whatever was told of it: nothing in it may be lost.
        let kept = self.stored(size).await?;
        let kept = kept.ok_or(NotCosigned::NotKept { size })?;
        let mut checkpoint = kept.clone();
        let (mut added, mut refused) = (0, Vec::new());
        for (index, signature) in signatures.iter().enumerate() {
            let stands =
                checkpoint.note().signatures().iter().any(|stands| {
                    (stands.name(), stands.id()) == (signature.name(), signature.id())
                });
            let verified = match stands {
                // Judged all the same: a false one is never answered as if it were there.
                true => kept
                    .clone()
                    .add_verified(signature.clone(), &self.witnesses),
                false => checkpoint.add_verified(signature.clone(), &self.witnesses),
            };
            match verified {
                Ok(_) if stands => {}
                Ok(_) => added += 1,
                Err(fault) => refused.push((index, fault)),
            }
        }
        if !refused.is_empty() {
            return Err(NotCosigned::Refused(refused));
        }
        let checkpoint = Arc::new(checkpoint);
        if 0 < added {
            self.keep(&checkpoint).await?;
        }
        self.republish(&checkpoint).await;
        Ok(Cosigned { checkpoint, added })
    }
}
