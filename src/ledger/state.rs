//! The state of a stream: how long it is, what its last leaf hashes to, what it folds to.

use crate::domain::date::Date;
use crate::domain::event::{Recorded, StreamKind};
use crate::domain::goal::Goal;
use crate::merkle::Hash;

/// A stream folded to its newest event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamState {
    /// How many events it has; 0: it does not exist yet.
    pub revision: u64,
    /// Leaf hash of its last event.
    pub leaf_hash: Option<Hash>,
    /// One more than the position of its last event.
    pub end: u64,
    /// What a goal's stream folds to; other streams fold into the directory.
    pub goal: Goal,
}

impl StreamState {
    /// Folds in the next event. `recorded_on` is its civil date in the ledger's zone.
    pub fn apply(&mut self, recorded: &Recorded, recorded_on: Date, leaf_hash: Hash) {
        if recorded.event.stream.kind == StreamKind::Goal {
            self.goal.apply(recorded, recorded_on);
        }
        self.revision = recorded.revision;
        self.leaf_hash = Some(leaf_hash);
        self.end = recorded.position + 1;
    }

    /// Bytes of memory that it takes, about; see [`Goal::size`]. At no cost.
    pub fn size(&self) -> usize {
        std::mem::size_of::<Self>() + self.goal.size()
    }
}
