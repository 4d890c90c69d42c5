//! The log: the only durable state. Everything else is rebuilt from it at will.
//!
//! ```text
//! CommitLog      append groups at an expected head; read contiguous leaves; tell heads
//! DerivedStore   disposable records of the indexes, kept beside the log
//!
//! memory         the model: what the promises mean, without a disk
//! embedded       journal + sled: two copies that check each other, on one machine
//! conformance    the promises as a suite that every engine passes
//! ```
//! A leaf is opaque here: bytes that were encoded once and are hashed, stored and handed out as they
//! are. This module knows positions, heads and roots; it does not know events, requests or callers.

pub mod chunk;
pub mod codec;
pub mod conformance;
pub(crate) mod copy;
pub mod cut;
pub mod derived;
pub mod embedded;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod head;
pub(crate) mod journal;
pub mod memory;
pub(crate) mod stored;

use std::ops::RangeInclusive;

use futures::future::BoxFuture;

use crate::domain::id::LedgerId;
use crate::merkle::Frontier;

pub(crate) use chunk::put_frame;
pub use chunk::{Chunk, ReadLimits};
pub use cut::{JournalCut, TrimmedFile, journal_cut, journal_heads};
pub use derived::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore, InvalidDerived};
pub use embedded::live::LiveCopies;
pub use embedded::{EmbeddedConfig, EmbeddedLog, Floor, OpenError};
pub use head::{Checkpoint, Head, Leaf, LedgerCommit};
pub use memory::MemoryLog;

/// A totally ordered, append-only log for each of many ledgers.
///
/// [`conformance`] tests these promises on every engine:
///
/// * **Conditional.** A commit is stored only if the head of its ledger equals
///   [`LedgerCommit::expected`]: generation, size and root. Safety rests on this comparison and on
///   nothing else, neither a lock nor a lease.
/// * **Atomic.** A commit is stored whole, at adjacent positions, or not at all. The commits of one
///   group stand for themselves: one may be stored while another meets a conflict.
/// * **Durable.** Once an outcome is [`Outcome::Committed`], the commit survives a crash and a power
///   cut.
/// * **Ordered.** Positions start at 0, are never reused, and no gap is ever filled behind a reader.
/// * **Committed only.** No read, head or frontier shows a leaf before it is durable.
/// * **Byte for byte.** A leaf is read as the bytes that were appended, by every engine.
/// * **Own writes.** After `append` has answered, reads through the same log show its commits.
///
/// One group of a ledger may be in flight at a time; groups of different ledgers may overlap.
pub trait CommitLog: Send + Sync + 'static {
    /// Appends `group`, and answers with one outcome for each of its commits, in their order.
    ///
    /// A new ledger is opened by a commit that expects [`Head::EMPTY`]. The engine keeps the
    /// [`Frontier`] of every ledger, computes the new root from the leaf hashes in the commit and
    /// returns it in the new head.
    ///
    /// Dropping the future does not undo the append, and an append whose future was dropped may or
    /// may not take place: its outcome is unknown.
    ///
    /// While a commit of a ledger is in flight a second one is not stored: it is answered at once
    /// with [`Outcome::Conflict`] or with [`Outcome::Refused`] and [`LogFault::InFlight`]. So is the
    /// second commit of a ledger within one group.
    fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>>;

    /// Reads adjacent leaves from position `from` on.
    ///
    /// The chunk begins at `from` and holds as many leaves as both limits allow, at least one even
    /// if that one is larger than the byte limit; fewer than there are is not an end. At `from ==
    /// size` the chunk is empty, beyond it the read fails with [`ReadError::BeyondEnd`].
    fn read(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
    ) -> BoxFuture<'_, Result<Chunk, ReadError>>;

    /// Reads the leaves at `positions`, in their order. Fails as a whole if any of them is at or
    /// beyond the size. Cheapest when positions ascend.
    fn leaves(
        &self,
        ledger: LedgerId,
        positions: Vec<u64>,
    ) -> BoxFuture<'_, Result<Vec<bytes::Bytes>, ReadError>>;

    /// Reads the leaf at `position`.
    fn leaf(
        &self,
        ledger: LedgerId,
        position: u64,
    ) -> BoxFuture<'_, Result<bytes::Bytes, ReadError>> {
        Box::pin(async move {
            let mut leaves = self.leaves(ledger, vec![position]).await?;
            leaves.pop().ok_or(ReadError::BeyondEnd { size: position })
        })
    }

    /// The heads of all ledgers, in the order of their ids.
    fn heads(
        &self,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<Vec<(LedgerId, Head)>, ReadError>>;

    /// The head of `ledger`; [`Head::EMPTY`] if it was never opened.
    fn head(
        &self,
        ledger: LedgerId,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<Head, ReadError>>;

    /// The ledgers that hold at least one event, in the order of their ids.
    fn ledgers(&self) -> BoxFuture<'_, Result<Vec<LedgerId>, ReadError>> {
        Box::pin(async move {
            let heads = self.heads(Freshness::Local).await?;
            Ok(heads.into_iter().map(|(ledger, _)| ledger).collect())
        })
    }

    /// The frontier of the committed events of `ledger`: its size and root are those of the head.
    fn frontier(&self, ledger: LedgerId) -> BoxFuture<'_, Result<Frontier, ReadError>>;

    /// Keeps a signed statement for ever: durable when the future is done, and readable then.
    ///
    /// Every later open refuses a history that does not reach it. So a statement that reaches beyond the
    /// head, or that names another root for it, is refused ([`InvalidCommit::CheckpointDisagrees`]). A
    /// second one for the same size takes the place of the first in what is read; its note must begin with
    /// the first one's, as one with more signatures does.
    fn keep_checkpoint(&self, checkpoint: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>>;

    /// The kept checkpoints of `ledger` for `sizes`, ascending, at most `limit` of them.
    fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Checkpoint>, ReadError>>;

    /// The kept checkpoint of `ledger` for the largest size up to `size`.
    fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ReadError>>;

    /// Whether the log still takes appends. Never waits.
    fn health(&self) -> Health;

    /// Completes when a storage error has ended the writing, whatever it was that failed, or when the log is gone. Never for engines
    /// that do not fail by themselves.
    fn failed(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// What was found damaged and what was done about it, oldest first. Empty for engines that keep
    /// no second copy.
    fn integrity_events(&self) -> Vec<IntegrityEvent> {
        Vec::new()
    }

    /// Bytes that may still be written where the log is stored: of its disks, the one that has the least. Nothing where that cannot be told.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// Both copies, for whoever verifies them while the log works. Nothing for engines that keep no second copy.
    fn live_copies(&self) -> Option<LiveCopies> {
        None
    }

    /// Finishes what is in flight, makes everything durable and gives up the storage. Appends and
    /// reads that come later are refused. Nothing depends on it for safety.
    fn close(&self) -> BoxFuture<'static, Result<(), LogFault>>;
}

/// What became of one commit.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Stored and durable; the ledger's new head.
    Committed(Head),
    /// Another commit came first; nothing was stored. Load, decide and append again.
    Conflict(Head),
    /// Nothing was stored.
    Refused(LogFault),
    /// The commit may or may not be stored. Only a retry with the same ids is safe.
    Unknown(LogFault),
}

/// How recent a head must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// As this process knows it: includes its own committed appends.
    Local,
    /// Includes every append that any process had acknowledged before the call. The same as
    /// [`Local`](Self::Local) where one process owns the storage.
    Linearizable,
}

/// Whether a log takes appends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Health {
    /// It does.
    Ready,
    /// A storage error ended its writing for good; only opening it anew, with all its checks, goes on.
    Poisoned(String),
    /// It was closed.
    Closed,
}

/// Why a commit was refused or its outcome is unknown.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LogFault {
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// Another commit of the ledger is still in flight.
    #[error("another commit of this ledger is in flight")]
    InFlight,
    /// The commit breaks a limit or contradicts itself.
    #[error("the commit cannot be stored: {0}")]
    Invalid(InvalidCommit),
    /// The storage failed. The log takes no further appends.
    #[error("the storage failed: {0}")]
    Storage(String),
}

/// What is wrong with a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCommit {
    /// It holds no leaves.
    #[error("it holds no events")]
    Empty,
    /// A leaf is longer than [`Leaf::BYTES_MAX`].
    #[error("an event of {bytes} bytes exceeds the limit of {}", Leaf::BYTES_MAX)]
    LeafTooLong {
        /// The length of the leaf.
        bytes: usize,
    },
    /// The commits of the group are longer than [`LedgerCommit::GROUP_BYTES_MAX`] together.
    #[error(
        "the group exceeds the limit of {} bytes",
        LedgerCommit::GROUP_BYTES_MAX
    )]
    GroupTooLong,
    /// The group has more events than [`LedgerCommit::GROUP_EVENTS_MAX`].
    #[error(
        "the group exceeds the limit of {} events",
        LedgerCommit::GROUP_EVENTS_MAX
    )]
    TooManyLeaves,
    /// Its generation is lower than the one it expects.
    #[error("its generation is lower than that of the head it expects")]
    GenerationFalls,
    /// A note is longer than [`Checkpoint::NOTE_BYTES_MAX`].
    #[error(
        "a note of {bytes} bytes exceeds the limit of {}",
        Checkpoint::NOTE_BYTES_MAX
    )]
    NoteTooLong {
        /// The length of the note.
        bytes: usize,
    },
    /// A checkpoint speaks of events that are not stored, or of another root than theirs.
    #[error("the checkpoint does not agree with the ledger")]
    CheckpointDisagrees,
    /// The ledger would have more events than can be counted.
    #[error("the ledger is full")]
    LedgerFull,
}

/// Why a read gave nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// The position is not committed yet.
    #[error("the ledger ends at position `{size}`")]
    BeyondEnd {
        /// The number of committed events.
        size: u64,
    },
    /// No copy holds these events undamaged.
    #[error("events from position `{position}` on are damaged: {detail}")]
    Damaged {
        /// The first position that cannot be read.
        position: u64,
        /// Which checks failed.
        detail: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The storage failed, or the freshness asked for cannot be had now.
    #[error("the log cannot be read: {0}")]
    Unavailable(String),
}

/// One finding about the stored copies, and what was done.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct IntegrityEvent {
    /// When it was recorded, in microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at_us: i64,
    /// What was found and done.
    pub kind: IntegrityKind,
    /// For people: which check failed, on what.
    pub detail: String,
    /// Where the evidence was put, relative to the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityKind {
    /// A torn last journal record, never acknowledged, was dropped.
    TornTailDropped,
    /// A damaged part of the journal was rebuilt from the other copy.
    JournalRebuilt,
    /// The read copy was set aside and is rebuilt from the journal.
    CopySetAside,
    /// A record of the read copy was found bad and was served from the journal.
    RecordServedFromJournal,
    /// A file that an interrupted run left behind was set aside.
    LeftoverSetAside,
    /// A small file that is only a summary was damaged or missing and was written anew.
    SummaryRewritten,
    /// A storage error ended the writing.
    Poisoned,
    /// The log was not opened, for nothing could be proven whole.
    OpenRefused,
    /// A record of the read copy that was bad was written anew from the journal.
    CopyRepaired,
    /// The file of the read copy is damaged. What it holds is served all the same, and the next open reads all of it.
    CopyDamageFound,
    /// The journal is damaged where it is not rebuilt while the log is open; the next open rebuilds it.
    JournalDamageFound,
    /// Both copies are damaged over one range, or the read copy is where the journal was trimmed: that cannot be read.
    BothDamaged,
}
