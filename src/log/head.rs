//! What is appended and what it leads to: leaves, commits, heads.

use std::fmt;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::InvalidCommit;
use crate::merkle::{Hash, leaf_hash};

/// Where a ledger stands. The root covers the whole history, so equal heads mean equal histories.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Head {
    /// Raised by each restore, so that a process which slept through one cannot append.
    pub generation: u64,
    /// The number of events; the position of the next one.
    pub size: u64,
    /// The Merkle root over all events.
    pub root: Hash,
}

impl Head {
    /// The head of a ledger that was never opened.
    pub const EMPTY: Self = Self {
        generation: 1,
        size: 0,
        root: Hash::EMPTY_ROOT,
    };
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({}/{}/{})", self.generation, self.size, self.root)
    }
}

/// An encoded event with its leaf hash, which the request task computed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leaf {
    /// The bytes as they are stored, hashed and handed out.
    pub bytes: Bytes,
    /// Their leaf hash.
    pub hash: Hash,
}

impl Leaf {
    /// The longest leaf in bytes, so that a length fits two bytes in entry bundles.
    pub const BYTES_MAX: usize = 65_535;

    /// Hashes `bytes`.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let hash = leaf_hash(&bytes);
        Self { bytes, hash }
    }

    /// Takes a hash that was finished elsewhere. A wrong one makes the ledger unverifiable: debug
    /// builds compare it.
    pub fn with_hash(bytes: Bytes, hash: Hash) -> Self {
        debug_assert_eq!(hash, leaf_hash(&bytes));
        Self { bytes, hash }
    }
}

/// A signed statement that a ledger had a root at a size. The log keeps the note as it was signed and
/// does not know what it means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The ledger.
    pub ledger: LedgerId,
    /// The number of events that it speaks of.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// The statement with its signatures.
    pub note: Bytes,
}

impl Checkpoint {
    /// The longest note in bytes.
    pub const NOTE_BYTES_MAX: usize = 65_535;

    /// Whether it may stand beside a ledger that ends at `head`: it does not reach beyond it, nor name
    /// another root for it. Of what it says of less, the log cannot judge.
    pub(crate) fn check(&self, head: &Head) -> Result<(), InvalidCommit> {
        if self.note.len() > Self::NOTE_BYTES_MAX {
            let bytes = self.note.len();
            return Err(InvalidCommit::NoteTooLong { bytes });
        }
        let agrees = self.size < head.size || (self.size == head.size && self.root == head.root);
        match agrees {
            true => Ok(()),
            false => Err(InvalidCommit::CheckpointDisagrees),
        }
    }

    /// Whether `held`, which is kept for the same size, lacks something of it.
    pub(crate) fn adds_to(&self, held: Option<&Self>) -> bool {
        let is_less =
            |held: &Self| held.note.len() < self.note.len() && self.note.starts_with(&held.note);
        held.is_none_or(is_less)
    }
}

/// Adjacent events to append to one ledger.
#[derive(Clone, Debug)]
pub struct LedgerCommit {
    /// The ledger.
    pub ledger: LedgerId,
    /// The head that the commit was decided at.
    pub expected: Head,
    /// The generation that the head has afterwards: that of `expected`, or a higher one when the
    /// ledger is continued after a restore.
    pub generation: u64,
    /// The events, in their order.
    pub leaves: Vec<Leaf>,
}

impl LedgerCommit {
    /// The most bytes that the leaves of a group have together.
    pub const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

    /// The most events that a group has.
    pub const GROUP_EVENTS_MAX: usize = 65_536;

    /// A commit that leaves the generation as it is.
    pub fn new(ledger: LedgerId, expected: Head, leaves: Vec<Leaf>) -> Self {
        Self {
            ledger,
            expected,
            generation: expected.generation,
            leaves,
        }
    }

    /// The bytes of all leaves.
    pub fn bytes(&self) -> usize {
        self.leaves.iter().map(|leaf| leaf.bytes.len()).sum()
    }

    /// Checks what does not depend on the ledger's head.
    pub fn check(&self) -> Result<(), InvalidCommit> {
        if self.leaves.is_empty() {
            return Err(InvalidCommit::Empty);
        }
        if let Some(long) = self
            .leaves
            .iter()
            .find(|leaf| leaf.bytes.len() > Leaf::BYTES_MAX)
        {
            return Err(InvalidCommit::LeafTooLong {
                bytes: long.bytes.len(),
            });
        }
        if self.generation < self.expected.generation {
            return Err(InvalidCommit::GenerationFalls);
        }
        if self
            .expected
            .size
            .checked_add(self.leaves.len() as u64)
            .is_none()
        {
            return Err(InvalidCommit::LedgerFull);
        }
        Ok(())
    }

    /// Checks the size of a whole group.
    pub fn check_group(group: &[Self]) -> Result<(), InvalidCommit> {
        if group
            .iter()
            .map(|commit| commit.leaves.len())
            .sum::<usize>()
            > Self::GROUP_EVENTS_MAX
        {
            return Err(InvalidCommit::TooManyLeaves);
        }
        if group.iter().map(Self::bytes).sum::<usize>() > Self::GROUP_BYTES_MAX {
            return Err(InvalidCommit::GroupTooLong);
        }
        Ok(())
    }
}
