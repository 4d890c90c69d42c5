//! Kept checkpoints that are durable in the journal and not in sled yet: readers see no seam.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock};

use crate::domain::id::LedgerId;
use crate::log::Checkpoint;
use crate::log::journal::Record;

#[derive(Debug, Default)]
pub(crate) struct Kept {
    waiting: RwLock<BTreeMap<(LedgerId, u64), Checkpoint>>,
}

impl Kept {
    /// Shows the checkpoint that a durable record holds, if it is one and a newer one is not shown.
    pub(crate) fn add(&self, record: &Record) {
        if let Record::Checkpoint(checkpoint) = record {
            let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
            let key = (checkpoint.ledger, checkpoint.size);
            if !waiting
                .get(&key)
                .is_some_and(|held| held.adds_to(Some(checkpoint)))
            {
                waiting.insert(key, checkpoint.clone());
            }
        }
    }

    /// Forgets what sled holds now, but not what took its place since.
    pub(crate) fn settle(&self, copied: Vec<Checkpoint>) {
        let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
        for checkpoint in copied {
            let key = (checkpoint.ledger, checkpoint.size);
            if waiting.get(&key) == Some(&checkpoint) {
                waiting.remove(&key);
            }
        }
    }

    /// Those of `ledger` for `sizes`, ascending.
    pub(crate) fn of(&self, ledger: LedgerId, sizes: RangeInclusive<u64>) -> Vec<Checkpoint> {
        if sizes.is_empty() {
            return Vec::new();
        }
        let waiting = self.waiting.read().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = sizes.into_inner();
        let found = waiting.range((ledger, from)..=(ledger, to));
        found.map(|(_, checkpoint)| checkpoint.clone()).collect()
    }
}
