//! Ledgers: load, decide, append, and read back.
//!
//! ```text
//! Ledgers::append   request task: look ids up, load streams, decide, encode
//!                   (those of one Line queue in their order)
//!   -> writer       one thread: check what is newer, give positions, group, sync, acknowledge
//!   -> publisher    index, fold the directory, wake readers and followers
//! Reader            one ledger's committed events: by position, by stream, by what they can be found by
//! ```
//! The ledger knows no wire format and no projection; the log below it knows no events.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, watch};

use crate::auth::Permitted;
use crate::domain::code::Code;
use crate::domain::event::Event;
use crate::domain::id::LedgerId;
use crate::domain::rejection::{Reason, Rejection};
use crate::log::{CommitLog, DerivedStore, Freshness, Head, IntegrityEvent, LiveCopies, LogFault};

pub mod index;

mod access_policy;
mod actors;
mod append;
mod as_of;
mod continuation;
mod denial;
mod erasure;
mod expiry;
mod heads;
mod kept;
mod opening;
mod personal;
mod prepare;
mod reader;
mod receipts;
mod references;
mod root;
mod state;
mod streams;
mod structure;
mod take_up;
mod turn;
mod validation;
mod writer;

pub use append::{Append, AppendError, Appended, Receipt, ReceiptEvent, Touched};
pub use as_of::{AsOf, AsOfError, KnownAt, Standpoint};
pub use continuation::{Continuation, Unserved};
pub use denial::rejection;
pub use erasure::{EraseTexts, ErasedTexts};
pub use heads::stream_key;
pub use kept::STATES_BYTES;
pub use opening::OpenLedger;
pub use personal::{AboutSubject, words_in};

pub use crate::personal::{
    Disclosure, Sight, noticing_words, unnoticed, unshown, withhold_from_answer, withholding,
    within_sight,
};
pub use reader::{ReadFault, Reader, Stored, View};
pub use receipts::ReceiptLookup;
pub use state::StreamState;
pub use turn::{Line, Turn};

pub use crate::log::codec::policy_sha256;

use reader::Batch;
pub use writer::{ClockUntrusted, StorageLow};
use writer::{Message, Writer, not_low};

/// Requests that may wait for the writer; more are refused as overload.
const QUEUE_MAX: usize = 4_096;
/// Synced batches that may wait to be indexed; then the writer waits.
const UNPUBLISHED_MAX: usize = 64;

/// What callers are told while the writer ends.
const STOPPING: AppendError = AppendError::Refused(LogFault::Closed);

/// How ledgers are kept.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes that states of streams take at most, for the readers of each ledger and for the writer.
    pub states_bytes: usize,
    /// How far the machine's clock may be behind the newest event of a ledger that it is to record in.
    pub clock_behind_max: Duration,
    /// Bytes that stay free on the disks of the log: with less nothing is recorded. 0: whatever there is is used.
    pub free_space_min: u64,
}

impl Settings {
    /// With room for so many bytes of states, and the default of the rest.
    pub fn new(states_bytes: usize) -> Self {
        Self {
            states_bytes,
            clock_behind_max: Duration::from_secs(300),
            free_space_min: 256 * 1024 * 1024,
        }
    }
}

/// All ledgers of a data folder.
pub struct Ledgers {
    log: Arc<dyn CommitLog>,
    store: Arc<dyn DerivedStore>,
    /// The data folder, where words of personal texts are kept; `None`: nowhere.
    data: Option<PathBuf>,
    settings: Settings,
    readers: RwLock<HashMap<LedgerId, Arc<Reader>>>,
    /// Held while a ledger is opened, so that two never take one code.
    opening: Mutex<()>,
    queue: RwLock<Option<mpsc::Sender<Message>>>,
    writable: watch::Receiver<bool>,
    threads: std::sync::Mutex<Vec<std::thread::JoinHandle<()>>>,
}

/// Which ledger is meant could not be told.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerChoice {
    /// None is named and there is not exactly one.
    #[error("name a ledger: there are {count}")]
    Ambiguous {
        /// How many there are.
        count: usize,
    },
    /// No ledger has this id or code.
    #[error("no such ledger")]
    Unknown,
}

/// A ledger in a log that takes nothing, to be read and no more: nothing is put in order, and nobody writes. The words of
/// personal texts are looked for in `data`.
pub async fn read_only(
    ledger: LedgerId,
    log: Arc<dyn CommitLog>,
    store: Arc<dyn DerivedStore>,
    data: &Path,
) -> Result<Arc<Reader>, ReadFault> {
    let reader = Reader::open(ledger, log, store, Some(data), STATES_BYTES);
    Ok(Arc::new(reader.await?))
}

impl Ledgers {
    /// Whether the disks have room for so many bytes beside what is to stay free. Whatever is kept beside the log asks for it before.
    pub fn check_space(&self, bytes: u64) -> Result<(), StorageLow> {
        let free = || self.log.free_bytes();
        match self.settings.free_space_min {
            0 => Ok(()),
            min => not_low(free(), min.saturating_add(bytes)),
        }
    }

    /// Opens every ledger in `log` and starts the writer. The words of personal texts are kept in `data`; without it events
    /// that have any are refused.
    pub async fn start(
        log: Arc<dyn CommitLog>,
        store: Arc<dyn DerivedStore>,
        data: Option<PathBuf>,
        settings: Settings,
    ) -> Result<Arc<Self>, StartError> {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let (publisher, published) = mpsc::channel(UNPUBLISHED_MAX);
        let (writable, watch) = watch::channel(true);
        let writer = Writer::new(log.clone(), publisher, writable, settings);
        let threads = vec![
            thread("writer", async move { writer.run(receiver).await })?,
            thread("publisher", publish(published))?,
        ];
        let (failed, writer) = (log.failed(), queue.downgrade());
        tokio::spawn(async move {
            failed.await;
            // Who stops has none any more.
            if let Some(writer) = writer.upgrade() {
                let _ = writer.send(Message::LogFailed).await;
            }
        });
        let ledgers = Self {
            log,
            store,
            data,
            settings,
            readers: RwLock::default(),
            opening: Mutex::new(()),
            queue: RwLock::new(Some(queue)),
            writable: watch,
            threads: std::sync::Mutex::new(threads),
        };
        for id in ledgers.log.ledgers().await.map_err(ReadFault::from)? {
            ledgers.adopt(id).await?;
        }
        Ok(Arc::new(ledgers))
    }

    async fn adopt(&self, id: LedgerId) -> Result<Arc<Reader>, ReadFault> {
        let reader = Reader::open(
            id,
            self.log.clone(),
            self.store.clone(),
            self.data.as_deref(),
            self.settings.states_bytes,
        );
        let reader = Arc::new(reader.await?);
        personal::settle(&reader).await?;
        let head = reader.head();
        let last = reader.stored(head.size.saturating_sub(1)).await?;
        reader.note_recorded(last.recorded.recorded_at);
        if let Some(queue) = self.queue() {
            // Only a stopping server has no writer; then nobody will append either.
            let _ = queue.send(Message::Adopt(reader.clone())).await;
        }
        self.readers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, reader.clone());
        Ok(reader)
    }

    fn queue(&self) -> Option<mpsc::Sender<Message>> {
        self.queue
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Every ledger, in the order of their codes.
    pub fn list(&self) -> Vec<Arc<Reader>> {
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> = readers.values().cloned().collect();
        list.sort_by_cached_key(|reader| code_of(reader).map(|code| code.as_str().to_owned()));
        list
    }

    /// A ledger.
    pub fn reader(&self, id: LedgerId) -> Option<Arc<Reader>> {
        self.readers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// The access log of a ledger, if it has one.
    pub fn access_log_of(&self, ledger: LedgerId) -> Option<Arc<Reader>> {
        let log = |reader: &&Arc<Reader>| reader.access_log_of() == Some(ledger);
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        readers.values().find(log).cloned()
    }

    /// The ledger that `text` names by id or code; empty: the only one of facts.
    pub fn resolve(&self, text: &str) -> Result<Arc<Reader>, LedgerChoice> {
        if text.is_empty() {
            let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner);
            let mut of_facts = readers.values().filter(|r| r.access_log_of().is_none());
            return match (of_facts.next(), of_facts.next()) {
                (Some(only), None) => Ok(only.clone()),
                (one, other) => Err(LedgerChoice::Ambiguous {
                    count: one.iter().chain(&other).count() + of_facts.count(),
                }),
            };
        }
        if let Ok(id) = text.parse::<LedgerId>() {
            return self.reader(id).ok_or(LedgerChoice::Unknown);
        }
        let code = Code::parse(text).map_err(|_| LedgerChoice::Unknown)?;
        let named = |reader: &Arc<Reader>| code_of(reader).is_some_and(|other| other == code);
        self.list()
            .into_iter()
            .find(named)
            .ok_or(LedgerChoice::Unknown)
    }

    /// Whether appends are taken. Changes once, to `false`, when the log fails.
    pub fn writable(&self) -> watch::Receiver<bool> {
        self.writable.clone()
    }

    /// What the log found damaged and did about it, oldest first.
    pub fn integrity_events(&self) -> Vec<IntegrityEvent> {
        self.log.integrity_events()
    }

    /// Both copies of what is stored, where the log keeps two.
    pub fn live_copies(&self) -> Option<LiveCopies> {
        self.log.live_copies()
    }

    /// Appends events, or says why not. A request that was carried out before gets its first receipt.
    ///
    /// `deadline` is when the caller stops listening: a request that is not taken up by then is skipped.
    pub async fn append(
        &self,
        permitted: Permitted<Append>,
        deadline: Option<Instant>,
    ) -> Result<Appended, AppendError> {
        self.append_from(permitted, deadline, None).await
    }

    /// As [`Self::append`], for a request that is one of many in a row: decided on the effect of those before it, and refused for
    /// good only if `turn` was the first before the call or is decided after it. It waits where [`Self::append`] refuses
    /// as overload.
    pub async fn append_in_turn(
        &self,
        permitted: Permitted<Append>,
        deadline: Option<Instant>,
        turn: &Turn,
    ) -> Result<Appended, AppendError> {
        self.append_from(permitted, deadline, Some(turn)).await
    }

    async fn append_from(
        &self,
        permitted: Permitted<Append>,
        deadline: Option<Instant>,
        turn: Option<&Turn>,
    ) -> Result<Appended, AppendError> {
        let by_server = |event: &Event| event.payload.is_access();
        if let Some(index) = permitted.request().events.iter().position(by_server) {
            let field = format!("events[{index}]");
            let rule = Rejection::new(Reason::EventByServer, field);
            return Err(AppendError::Rejected(vec![rule]));
        }
        self.take_up(permitted, deadline, turn).await
    }

    /// Appends to an access log what was asked for and by whom. Only what keeps access logs calls it.
    pub async fn record_accesses(
        &self,
        permitted: Permitted<Append>,
    ) -> Result<Appended, AppendError> {
        self.take_up(permitted, None, None).await
    }

    /// Finishes what was taken up, writes the indexes and closes the log.
    pub async fn stop(&self) -> Result<(), LogFault> {
        drop(
            self.queue
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let readers = self.list();
        let finished = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the ledger panicked");
                }
            }
            for reader in readers {
                if let Err(error) = reader.index().flush() {
                    // It will be replayed when the ledger is opened next.
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the index was not written"
                    );
                }
            }
        });
        if finished.await.is_err() {
            tracing::error!("stopping the ledger panicked");
        }
        self.log.close().await
    }

    /// The head of a ledger as the log knows it.
    pub async fn head(&self, ledger: LedgerId) -> Result<Head, ReadFault> {
        Ok(self.log.head(ledger, Freshness::Linearizable).await?)
    }
}

/// The ledgers could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Stored events could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The machine gave no thread.
    #[error("a thread could not be started")]
    Thread(#[from] std::io::Error),
}

fn thread(
    name: &str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, std::io::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    std::thread::Builder::new()
        .name(format!("daicho-{name}"))
        .spawn(move || runtime.block_on(work))
}

/// Indexes synced batches in order; writes index runs beside, one at a time for each ledger.
async fn publish(mut batches: mpsc::Receiver<(Arc<Reader>, Batch)>) {
    while let Some((reader, batch)) = batches.recv().await {
        reader.publish(batch);
        if reader.index().wants_flush() {
            tokio::task::spawn_blocking(move || {
                if let Err(error) = reader.index().flush() {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the index was not written"
                    );
                }
            });
        }
    }
}

fn code_of(reader: &Arc<Reader>) -> Option<Code> {
    reader
        .view()
        .directory
        .ledger()
        .map(|ledger| ledger.code.clone())
}
