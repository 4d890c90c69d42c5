//! The model log with faults: what becomes of appends and reads is told it, and it counts what is read.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use daicho::domain::id::LedgerId;
use daicho::log::{
    Checkpoint, Chunk, CommitLog, Freshness, Head as LogHead, Health, LedgerCommit, LogFault,
    MemoryLog, Outcome, ReadError, ReadLimits,
};
use daicho::merkle::Frontier;
use futures::future::{self, BoxFuture, FutureExt as _};
use tokio::sync::watch;

/// What becomes of the next appends.
#[derive(Clone)]
pub(super) enum Appends {
    Work,
    /// Nothing is stored.
    Refuse(LogFault),
    /// Nobody is told whether they are stored.
    Lose {
        stored: bool,
    },
    /// They wait until the gate opens.
    Hang(watch::Receiver<bool>),
    /// They are stored; so many more are too, and from then on reads are answered with garbage.
    Blind {
        after: usize,
    },
}

/// What becomes of reads.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reads {
    Work,
    Unavailable,
    /// Bytes that are no event.
    Garbage,
    /// No answer, ever.
    Hang,
    /// Whoever reads ends there.
    Panic,
}

/// The model log with faults.
#[derive(Clone)]
pub(crate) struct FaultyLog {
    pub(crate) inner: MemoryLog,
    appends: Arc<Mutex<Appends>>,
    reads: Arc<Mutex<Reads>>,
    chunks_read: Arc<AtomicU64>,
    events_read: Arc<AtomicU64>,
    /// Free bytes of its disk.
    pub(super) free: Arc<AtomicU64>,
}

impl FaultyLog {
    pub(crate) fn on(inner: MemoryLog) -> Self {
        Self {
            inner,
            appends: Arc::new(Mutex::new(Appends::Work)),
            reads: Arc::new(Mutex::new(Reads::Work)),
            chunks_read: Arc::default(),
            events_read: Arc::default(),
            free: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    /// How often adjacent events were read.
    pub(crate) fn chunks_read(&self) -> u64 {
        self.chunks_read.load(Ordering::SeqCst)
    }

    /// How many events were read one by one.
    pub(crate) fn events_read(&self) -> u64 {
        self.events_read.load(Ordering::SeqCst)
    }

    pub(super) fn appends(&self, appends: Appends) {
        *self.appends.lock().unwrap() = appends;
    }

    pub(super) fn reads(&self, reads: Reads) {
        *self.reads.lock().unwrap() = reads;
    }

    fn reading(&self) -> Result<Reads, ReadError> {
        let reads = *self.reads.lock().unwrap();
        match reads {
            Reads::Panic => panic!("nobody was to read"),
            Reads::Unavailable => Err(ReadError::Unavailable(
                "the disk does not answer".to_owned(),
            )),
            other => Ok(other),
        }
    }
}

impl CommitLog for FaultyLog {
    fn free_bytes(&self) -> Option<u64> {
        Some(self.free.load(Ordering::SeqCst))
    }

    fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>> {
        let inner = self.inner.clone();
        let mode = self.appends.lock().unwrap().clone();
        let (appends, reads) = (self.appends.clone(), self.reads.clone());
        async move {
            match mode {
                Appends::Work => inner.append(group).await,
                Appends::Blind { after } => {
                    let outcomes = inner.append(group).await;
                    match after.checked_sub(1) {
                        Some(after) => *appends.lock().unwrap() = Appends::Blind { after },
                        None => *reads.lock().unwrap() = Reads::Garbage,
                    }
                    outcomes
                }
                Appends::Refuse(fault) => group
                    .iter()
                    .map(|_| Outcome::Refused(fault.clone()))
                    .collect(),
                Appends::Lose { stored } => {
                    let count = group.len();
                    if stored {
                        inner.append(group).await;
                    }
                    let fault = LogFault::Storage("no answer from the disk".to_owned());
                    vec![Outcome::Unknown(fault); count]
                }
                Appends::Hang(mut gate) => {
                    // As a disk does, it goes on whether or not somebody waits for it.
                    let appending = tokio::spawn(async move {
                        gate.wait_for(|open| *open).await.unwrap();
                        inner.append(group).await
                    });
                    appending.await.unwrap()
                }
            }
        }
        .boxed()
    }

    fn read(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
    ) -> BoxFuture<'_, Result<Chunk, ReadError>> {
        self.chunks_read.fetch_add(1, Ordering::SeqCst);
        match self.reading() {
            Err(error) => future::ready(Err(error)).boxed(),
            Ok(Reads::Garbage) => {
                let detail = "neither copy fits its checksum".to_owned();
                future::ready(Err(ReadError::Damaged {
                    position: from,
                    detail,
                }))
                .boxed()
            }
            Ok(Reads::Hang) => future::pending().boxed(),
            Ok(_) => self.inner.read(ledger, from, limits),
        }
    }

    fn leaves(
        &self,
        ledger: LedgerId,
        positions: Vec<u64>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ReadError>> {
        self.events_read
            .fetch_add(positions.len() as u64, Ordering::SeqCst);
        match self.reading() {
            Err(error) => future::ready(Err(error)).boxed(),
            Ok(Reads::Garbage) => {
                let garbage = positions
                    .iter()
                    .map(|_| Bytes::from_static(&[0xff; 40]))
                    .collect();
                future::ready(Ok(garbage)).boxed()
            }
            Ok(Reads::Hang) => future::pending().boxed(),
            Ok(_) => async move {
                // As of a disk, the answer does not come at once: others get their turn.
                tokio::task::yield_now().await;
                self.inner.leaves(ledger, positions).await
            }
            .boxed(),
        }
    }

    fn heads(
        &self,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<Vec<(LedgerId, LogHead)>, ReadError>> {
        self.inner.heads(freshness)
    }

    fn head(
        &self,
        ledger: LedgerId,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<LogHead, ReadError>> {
        self.inner.head(ledger, freshness)
    }

    fn frontier(&self, ledger: LedgerId) -> BoxFuture<'_, Result<Frontier, ReadError>> {
        self.inner.frontier(ledger)
    }

    fn keep_checkpoint(&self, checkpoint: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>> {
        self.inner.keep_checkpoint(checkpoint)
    }

    fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Checkpoint>, ReadError>> {
        self.inner.checkpoints(ledger, sizes, limit)
    }

    fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ReadError>> {
        self.inner.checkpoint_up_to(ledger, size)
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn close(&self) -> BoxFuture<'static, Result<(), LogFault>> {
        self.inner.close()
    }
}
