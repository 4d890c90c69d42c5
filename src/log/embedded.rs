//! The embedded engine: one machine, one process, two copies that check each other.
//!
//! ```text
//! append -> journal thread   decides by the heads it keeps, writes one record for all that waits,
//!                            one sync, then answers                          (`appender`)
//!             ^- filler      zeros ahead of it, and compresses what is sealed, while it has pauses
//!                                                            (`log::journal::room`, `…::packer`)
//!             |-> ring       the newest records, in memory                   (`ring`)
//!             `-> feeder     follows the journal, merges small groups into records of sled,
//!                            checkpoints sled, marks the journal             (`feeder`)
//! read   <- ring, else sled, else journal: readers see no seam               (`reader`)
//! scrub     reads every byte of both again and again         (`scrub`)
//! open      compares both copies and repairs one from the other, or refuses  (`open`, `repair`)
//! trim      takes sealed segments away, or puts them back, while nothing is open  (`trim`)
//! ```
//! The journal makes a commit durable; sled holds the log as it is read. Neither is believed alone:
//! what is damaged or missing in one is rebuilt from the other if the Merkle roots agree, and if
//! nothing can be proven whole the folder is not opened and nothing in it is overwritten.
//!
//! A storage error is final. The engine takes no further append, what was in flight is unknown, and
//! only opening the folder anew goes on; a sync that failed is never tried again.

mod appender;
mod feeder;
pub(crate) mod folder;
mod kept;
pub(crate) mod live;
mod open;
pub(crate) mod place;
mod reader;
mod repair;
mod ring;
mod scrub;
mod shared;
#[cfg(test)]
mod tests;
pub(crate) mod trim;

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use tokio::sync::Mutex;

use crate::domain::id::LedgerId;
use crate::log::copy::CopyBatch;
use crate::log::derived::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};
use crate::log::embedded::appender::Appender;
use crate::log::embedded::live::LiveCopies;
use crate::log::embedded::shared::Shared;
use crate::log::journal::files::{Disk, JournalFiles};
use crate::log::journal::writer::JournalWriter;
use crate::log::{
    Checkpoint, Chunk, CommitLog, Freshness, Head, Health, IntegrityEvent, LedgerCommit, LogFault,
    Outcome, ReadError, ReadLimits,
};
use crate::merkle::{Frontier, Hash};

/// Tells the time in microseconds since 1970-01-01T00:00:00Z.
pub type NowUs = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How to open a data folder.
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// The data folder. It is created if it does not exist.
    pub folder: PathBuf,
    /// Whether it is not, and is refused where it holds nothing of a log.
    pub existing: bool,
    /// The folder that the journal is in, or is to be in where the data folder is new; nothing: where the data folder remembers it. Any
    /// other folder than that is refused, unless the journal was moved there.
    pub journal: Option<PathBuf>,
    /// The time that findings are recorded at.
    pub now_us: NowUs,
    /// The length at which a journal segment is sealed. One of more than 1 GiB is not compressed.
    pub segment_bytes: u64,
    /// How far the journal is filled ahead with zeros at most, while there is little to do: 2 MiB at first, and as much as it
    /// has already. Nothing where it is 0.
    pub room_bytes: u64,
    /// Whether sealed segments of the journal are compressed, while there is little to do.
    pub pack: bool,
    /// What sled may cache; its memory is some multiple of it.
    pub cache_bytes: u64,
    /// The memory for the newest groups.
    pub ring_bytes: usize,
    /// How far sled may be behind the journal before appends wait for it.
    pub lag_bytes: u64,
    /// What sled may hold that is not durable. sled survives a power cut with some 16 MiB of its own
    /// writes unsynced, and writes about twice what it is given.
    pub checkpoint_bytes: u64,
    /// How long sled may hold something that is not durable.
    pub checkpoint_every: Duration,
    /// Up to how many events both copies are read and verified in whole when opening. Of larger
    /// folders the unsealed tail, the seals and the ends are.
    pub verify_events_max: u64,
    /// What is known from elsewhere to have been stored, such as signed checkpoints.
    pub floors: Vec<Floor>,
    /// How long after both copies were read whole they are read again, while the log works; never where there is nothing.
    pub scrub_every: Option<Duration>,
    pub(crate) files: Arc<dyn JournalFiles>,
}

impl fmt::Debug for EmbeddedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedConfig")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl EmbeddedConfig {
    /// The defaults for `folder`.
    pub fn new(folder: impl Into<PathBuf>, now_us: NowUs) -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            folder: folder.into(),
            existing: false,
            journal: None,
            now_us,
            segment_bytes: 64 * MIB,
            room_bytes: 8 * MIB,
            pack: true,
            cache_bytes: 32 * MIB,
            ring_bytes: 32 * MIB as usize,
            lag_bytes: 64 * MIB,
            checkpoint_bytes: 4 * MIB,
            checkpoint_every: Duration::from_secs(1),
            verify_events_max: 250_000,
            floors: Vec::new(),
            scrub_every: None,
            files: Arc::new(Disk),
        }
    }
}

/// A ledger is known to have reached this size, with this root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Floor {
    /// The ledger.
    pub ledger: LedgerId,
    /// The number of events it had.
    pub size: u64,
    /// Its root then.
    pub root: Hash,
}

/// Why a data folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("data folder `{}` is in use by another process", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// It holds nothing, and is to hold something. Nothing was made.
    #[error(
        "data folder `{}` holds nothing of a ledger, and none is begun in it (`existing`): is its disk mounted?",
        folder.display()
    )]
    NothingThere {
        /// The folder.
        folder: PathBuf,
    },
    /// A later version wrote it. Nothing was changed.
    #[error("written by a later version: {what}")]
    Newer {
        /// What is newer.
        what: String,
    },
    /// Another engine wrote it. Nothing was changed.
    #[error("the data folder belongs to engine `{engine}`")]
    OtherEngine {
        /// The engine that it names.
        engine: String,
    },
    /// The journal is not where it was asked for. Nothing was changed.
    #[error(
        "the data folder's journal is in `{}` ({there}), and `{}` was asked for ({here}): ask for the first, or move its files \
         there while nothing has the data folder open",
        known.display(),
        asked.display()
    )]
    JournalElsewhere {
        /// The folder of the journal, as the data folder remembers it.
        known: PathBuf,
        /// What lies there, for people.
        there: String,
        /// The folder that was asked for.
        asked: PathBuf,
        /// What lies there, for people.
        here: String,
    },
    /// The stored history cannot be proven whole. Nothing in it was overwritten.
    #[error("the stored history cannot be proven whole: {check}; evidence: `{}`", evidence.display())]
    Refused {
        /// Which check failed.
        check: String,
        /// Where to look.
        evidence: PathBuf,
    },
    /// The file system failed.
    #[error("cannot open the data folder ({what})")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The error.
        source: io::Error,
    },
}

/// A log in a data folder. See the [module](self) for how it works.
///
/// Dropping it stops its threads without a checkpoint, as a crash would; what was committed is
/// durable all the same. Prefer [`close`](CommitLog::close).
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    appender: Appender,
    threads: Arc<Mutex<Threads>>,
}

#[derive(Debug)]
struct Threads {
    journal: Option<JoinHandle<JournalWriter>>,
    feeder: Option<JoinHandle<()>>,
    filler: Option<JoinHandle<()>>,
    scrub: Option<JoinHandle<()>>,
}

impl fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedLog")
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl EmbeddedLog {
    /// Opens the data folder: takes its lock, compares its two copies, repairs what can be proven.
    /// Blocks while it does.
    pub fn open(config: EmbeddedConfig) -> Result<Self, OpenError> {
        open::open(config)
    }

    /// Waits until sled holds everything that is committed, durably, and the journal has a mark of
    /// it: for backups and orderly endings.
    pub fn settle(&self) -> BoxFuture<'static, Result<(), LogFault>> {
        settle(Arc::clone(&self.shared), self.appender.clone()).boxed()
    }

    fn derived<T>(
        &self,
        f: impl FnOnce(&Shared) -> Result<T, LogFault>,
    ) -> Result<T, DerivedFault> {
        f(&self.shared).map_err(|fault| match fault {
            LogFault::Closed => DerivedFault::Closed,
            other => DerivedFault::Storage(other.to_string()),
        })
    }
}

async fn settle(shared: Arc<Shared>, appender: Appender) -> Result<(), LogFault> {
    appender.barrier().await?;
    let settled = reader::blocking(move || shared.settle_copy()).await;
    settled.unwrap_or_else(|error| Err(LogFault::Storage(error)))?;
    appender.barrier().await
}

impl CommitLog for EmbeddedLog {
    fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>> {
        self.appender.append(group)
    }

    fn read(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
    ) -> BoxFuture<'_, Result<Chunk, ReadError>> {
        let shared = Arc::clone(&self.shared);
        reader::chunk(shared, ledger, from, limits).boxed()
    }

    fn leaves(
        &self,
        ledger: LedgerId,
        positions: Vec<u64>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ReadError>> {
        let shared = Arc::clone(&self.shared);
        reader::leaves(shared, ledger, positions).boxed()
    }

    fn heads(
        &self,
        _freshness: Freshness,
    ) -> BoxFuture<'_, Result<Vec<(LedgerId, Head)>, ReadError>> {
        future::ready(self.shared.heads()).boxed()
    }

    fn head(
        &self,
        ledger: LedgerId,
        _freshness: Freshness,
    ) -> BoxFuture<'_, Result<Head, ReadError>> {
        future::ready(self.shared.head(ledger)).boxed()
    }

    fn frontier(&self, ledger: LedgerId) -> BoxFuture<'_, Result<Frontier, ReadError>> {
        future::ready(self.shared.frontier(ledger)).boxed()
    }

    fn keep_checkpoint(&self, checkpoint: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>> {
        self.appender.keep(checkpoint)
    }

    fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Checkpoint>, ReadError>> {
        let shared = Arc::clone(&self.shared);
        reader::checkpoints(shared, ledger, sizes, limit).boxed()
    }

    fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ReadError>> {
        let shared = Arc::clone(&self.shared);
        reader::checkpoint_up_to(shared, ledger, size).boxed()
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    fn failed(&self) -> BoxFuture<'static, ()> {
        let mut failed = self.shared.failed();
        async move { drop(failed.wait_for(|failed| *failed).await) }.boxed()
    }

    fn integrity_events(&self) -> Vec<IntegrityEvent> {
        self.shared.integrity.events()
    }

    fn free_bytes(&self) -> Option<u64> {
        let folder = &self.shared.folder;
        let free = |place: &Path| {
            let about = rustix::fs::statvfs(place).ok()?;
            // A file system that says nothing of itself.
            if about.f_blocks == 0 {
                return None;
            }
            Some(about.f_bavail.saturating_mul(about.f_frsize))
        };
        let free = [free(folder.root()), free(&folder.journal())];
        free.into_iter().flatten().min()
    }

    fn live_copies(&self) -> Option<LiveCopies> {
        Some(LiveCopies::new(Arc::clone(&self.shared)))
    }

    fn close(&self) -> BoxFuture<'static, Result<(), LogFault>> {
        let shared = Arc::clone(&self.shared);
        let appender = self.appender.clone();
        let threads = Arc::clone(&self.threads);
        async move {
            // Held throughout, so that a second call returns only when everything is closed.
            let mut threads = threads.lock_owned().await;
            if threads.journal.is_none() {
                return Ok(());
            }
            let settled = match shared.begin_closing() {
                Health::Ready => settle(Arc::clone(&shared), appender.clone()).await,
                Health::Closed => Ok(()),
                Health::Poisoned(why) => Err(LogFault::Storage(why)),
            };
            let ending = reader::blocking(move || {
                appender.stop();
                let writer = threads.join(&shared).filter(|_| settled.is_ok());
                let rested = writer.map_or(Ok(()), JournalWriter::rest);
                let rested = rested.map_err(|error| LogFault::Storage(format!("journal: {error}")));
                let reopened = shared.give_up_copy(settled.is_ok());
                settled.and(rested).and(reopened)
            });
            ending
                .await
                .unwrap_or_else(|error| Err(LogFault::Storage(error)))
        }
        .boxed()
    }
}

impl Threads {
    fn join(&mut self, shared: &Shared) -> Option<JournalWriter> {
        // A panic in them has poisoned the log already.
        let writer = self.journal.take().map(JoinHandle::join);
        shared.stop_feeder();
        self.feeder.take().map(JoinHandle::join);
        shared.room.stop();
        self.filler.take().map(JoinHandle::join);
        self.scrub.take().map(JoinHandle::join);
        writer?.ok()
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.shared.begin_closing();
        self.appender.stop();
        self.shared.stop_feeder();
        // If the lock is held, a closing under way does the rest.
        if let Ok(mut threads) = self.threads.try_lock() {
            threads.join(&self.shared);
        }
    }
}

impl DerivedStore for EmbeddedLog {
    fn get(&self, ledger: LedgerId, key: &[u8]) -> Result<Option<Bytes>, DerivedFault> {
        self.derived(|shared| shared.with_copy(|copy| copy.derived(ledger, key)))
    }

    fn scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        self.derived(|s| s.with_copy(|copy| copy.derived_scan(ledger, range, limit, false)))
    }

    fn scan_back(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        self.derived(|s| s.with_copy(|copy| copy.derived_scan(ledger, range, limit, true)))
    }

    fn apply(&self, ledger: LedgerId, batch: DerivedBatch) -> Result<(), DerivedFault> {
        self.derived(|shared| {
            let mut changes = CopyBatch::default();
            for (key, value) in batch.into_changes() {
                match value {
                    Some(value) => changes.put_derived(ledger, &key, &value),
                    None => changes.remove_derived(ledger, &key),
                }
            }
            shared.change_copy(|copy| copy.apply(changes))
        })
    }

    fn clear(&self, ledger: LedgerId) -> Result<(), DerivedFault> {
        self.derived(|shared| shared.change_copy(|copy| copy.derived_clear(ledger)))
    }
}
