//! What the threads and the readers of an open data folder share.

mod bad;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;

use crate::domain::id::LedgerId;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::EmbeddedConfig;
use crate::log::embedded::folder::{DataFolder, IntegrityLog};
use crate::log::embedded::kept::Kept;
use crate::log::embedded::ring::Ring;
use crate::log::journal::catalog::Catalog;
use crate::log::journal::room::{Filler, Room};
use crate::log::journal::writer::Written;
use crate::log::journal::{FolderId, LedgerState, Ledgers, Location};
use crate::log::{Head, Health, IntegrityKind, LogFault, ReadError};
use crate::merkle::Frontier;

pub(crate) use bad::{BadRecord, Mend};

pub(crate) struct Shared {
    pub(crate) folder: DataFolder,
    pub(crate) integrity: IntegrityLog,
    pub(crate) catalog: Catalog,
    pub(crate) config: EmbeddedConfig,
    pub(crate) id: FolderId,
    pub(crate) room: Arc<Room>,
    published: RwLock<BTreeMap<LedgerId, Published>>,
    ring: RwLock<Ring>,
    copy: RwLock<Option<ReadCopy>>,
    /// What sled holds of each ledger: readers look there below it.
    copied: RwLock<HashMap<LedgerId, Head>>,
    pub(crate) kept: Kept,
    /// What sled holds durably and no mark in the journal tells yet.
    marks: Mutex<BTreeMap<LedgerId, Head>>,
    state: Mutex<State>,
    /// There is something for the feeder to do.
    work: Condvar,
    /// The feeder has got on.
    relief: Condvar,
    bad_records: Mutex<HashSet<(LedgerId, u64, bad::Told)>>,
    /// It was told that sled's file is damaged.
    suspected: AtomicBool,
    /// The writing has ended for good.
    failed: watch::Sender<bool>,
}

struct Published {
    head: Head,
    frontier: Frontier,
}

/// What the threads tell each other.
#[derive(Debug)]
pub(crate) struct State {
    fault: Option<String>,
    closed: bool,
    /// The journal thread is to end when its queue is empty.
    pub(crate) stop_journal: bool,
    /// The feeder is to end without more ado.
    pub(crate) stop_feeder: bool,
    /// The end of the journal: everything before it is durable and published.
    pub(crate) committed: Location,
    /// How far the feeder has read.
    pub(crate) fed: Location,
    /// Sled is being rebuilt or was left far behind: appends do not wait for it.
    pub(crate) catching_up: bool,
    /// Settlements asked for, and done.
    pub(crate) asked: u64,
    pub(crate) settled: u64,
    /// Derived records were put.
    pub(crate) derived: bool,
    /// The feeder lets small commits gather: it is not woken for one.
    pub(crate) gathering: bool,
    /// What is to be written anew in sled.
    pub(crate) mends: Vec<Mend>,
}

impl State {
    pub(crate) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}

/// What an open data folder begins with.
pub(crate) struct Beginning {
    pub(crate) folder: DataFolder,
    pub(crate) integrity: IntegrityLog,
    pub(crate) catalog: Catalog,
    pub(crate) config: EmbeddedConfig,
    pub(crate) id: FolderId,
    pub(crate) room: Arc<Room>,
    pub(crate) ledgers: Ledgers,
    pub(crate) copy: ReadCopy,
    pub(crate) copied: HashMap<LedgerId, Head>,
    pub(crate) kept: Kept,
    pub(crate) committed: Location,
    pub(crate) fed: Location,
}

impl Shared {
    /// So much wakes the feeder, whatever it waits for.
    pub(crate) const GATHERED_BYTES: u64 = 256 * 1024;

    pub(crate) fn new(beginning: Beginning) -> Self {
        let Beginning {
            folder,
            integrity,
            catalog,
            config,
            id,
            room,
            ledgers,
            copy,
            ..
        } = beginning;
        let Beginning {
            copied,
            kept,
            committed,
            fed,
            ..
        } = beginning;
        let published = ledgers
            .0
            .into_iter()
            .map(|(id, state)| (id, Published::of(&state)));
        let state = State {
            fault: None,
            closed: false,
            stop_journal: false,
            stop_feeder: false,
            committed,
            fed,
            catching_up: lag(config.segment_bytes, committed, fed) > config.lag_bytes,
            asked: 0,
            settled: 0,
            derived: false,
            gathering: false,
            mends: Vec::new(),
        };
        Self {
            folder,
            integrity,
            catalog,
            id,
            room,
            published: RwLock::new(published.collect()),
            ring: RwLock::new(Ring::new(config.ring_bytes)),
            config,
            copy: RwLock::new(Some(copy)),
            copied: RwLock::new(copied),
            kept,
            marks: Mutex::default(),
            state: Mutex::new(state),
            work: Condvar::new(),
            relief: Condvar::new(),
            bad_records: Mutex::default(),
            suspected: AtomicBool::new(false),
            failed: watch::Sender::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Health.

    pub(crate) fn health(&self) -> Health {
        let state = self.state();
        match &state.fault {
            Some(why) => Health::Poisoned(why.clone()),
            None if state.closed => Health::Closed,
            None => Health::Ready,
        }
    }

    /// Why the log takes no appends, if it does not.
    pub(crate) fn refusal(&self) -> Option<LogFault> {
        match self.health() {
            Health::Ready => None,
            Health::Closed => Some(LogFault::Closed),
            Health::Poisoned(why) => Some(LogFault::Storage(why)),
        }
    }

    /// Ends the writing for good.
    pub(crate) fn poison(&self, why: String) {
        let mut state = self.state();
        if state.fault.is_none() {
            state.fault = Some(why.clone());
            self.work.notify_all();
            self.relief.notify_all();
            drop(state);
            self.room.stop();
            self.integrity.record(IntegrityKind::Poisoned, why, None);
            self.failed.send_replace(true);
        }
    }

    /// Becomes true when the writing has ended for good.
    pub(crate) fn failed(&self) -> watch::Receiver<bool> {
        self.failed.subscribe()
    }

    /// Refuses appends and reads from now on. Tells how things stood before.
    pub(crate) fn begin_closing(&self) -> Health {
        let health = self.health();
        self.state().closed = true;
        self.relief.notify_all();
        health
    }

    /// Has the journal filled ahead until the room is stopped.
    pub(crate) fn run_filler(&self, filler: Filler) {
        match catch_unwind(AssertUnwindSafe(|| filler.run())) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.poison(format!("journal, filled ahead: {error}")),
            Err(_) => self.poison("the filler panicked".to_owned()),
        }
    }

    pub(crate) fn stop_feeder(&self) {
        self.state().stop_feeder = true;
        self.work.notify_all();
        self.relief.notify_all();
    }

    // What is committed.

    pub(crate) fn heads(&self) -> Result<Vec<(LedgerId, Head)>, ReadError> {
        let published = self.readable()?;
        Ok(published
            .iter()
            .map(|(ledger, published)| (*ledger, published.head))
            .collect())
    }

    pub(crate) fn head(&self, ledger: LedgerId) -> Result<Head, ReadError> {
        Ok(self
            .readable()?
            .get(&ledger)
            .map_or(Head::EMPTY, |published| published.head))
    }

    pub(crate) fn frontier(&self, ledger: LedgerId) -> Result<Frontier, ReadError> {
        let published = self.readable()?;
        Ok(published
            .get(&ledger)
            .map(|p| p.frontier.clone())
            .unwrap_or_default())
    }

    fn readable(
        &self,
    ) -> Result<std::sync::RwLockReadGuard<'_, BTreeMap<LedgerId, Published>>, ReadError> {
        if self.state().closed {
            return Err(ReadError::Closed);
        }
        Ok(self
            .published
            .read()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows durable records to readers and to the feeder.
    pub(crate) fn publish(
        &self,
        written: Vec<Written>,
        changed: Vec<(LedgerId, LedgerState)>,
        end: Location,
    ) {
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            for written in written {
                self.kept.add(&written.record);
                self.catalog.add(&written);
                ring.push(written);
            }
        }
        {
            let mut published = self
                .published
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            for (ledger, state) in changed {
                published.insert(ledger, Published::of(&state));
            }
        }
        let mut state = self.state();
        state.committed = end;
        let wakes = !state.gathering || Self::GATHERED_BYTES <= self.unfed(&state);
        drop(state);
        if wakes {
            self.work.notify_all();
        }
    }

    /// The bytes of the journal that the feeder has not read, nearly.
    pub(crate) fn unfed(&self, state: &State) -> u64 {
        lag(self.config.segment_bytes, state.committed, state.fed)
    }

    pub(crate) fn ring(&self) -> std::sync::RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    // The read copy.

    /// Calls `f` with the read copy.
    pub(crate) fn with_copy<T>(
        &self,
        f: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>,
    ) -> Result<T, LogFault> {
        if self.state().closed {
            return Err(LogFault::Closed);
        }
        self.copy(f)
            .map_err(|fault| LogFault::Storage(fault.to_string()))
    }

    /// Calls `f` with the read copy, also while the log is being closed.
    pub(crate) fn copy<T>(
        &self,
        f: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>,
    ) -> Result<T, CopyFault> {
        let copy = self.copy.read().unwrap_or_else(PoisonError::into_inner);
        match &*copy {
            Some(copy) => f(copy),
            None => Err(CopyFault::Storage("given up".to_owned())),
        }
    }

    /// Changes derived records. Waits while too much of the read copy is not durable.
    pub(crate) fn change_copy(
        &self,
        f: impl FnOnce(&ReadCopy) -> Result<(), CopyFault>,
    ) -> Result<(), LogFault> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let unsynced_max = 2 * self.config.checkpoint_bytes;
        let mut state = self.state();
        state.derived = true;
        while state.fault.is_none()
            && !state.closed
            && self.copy(|copy| Ok(copy.unsynced())).unwrap_or(0) > unsynced_max
        {
            self.work.notify_all();
            state = self
                .relief
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.with_copy(f).inspect_err(|fault| {
            if let LogFault::Storage(why) = fault {
                self.poison(why.clone());
            }
        })?;
        self.state().derived = true;
        self.work.notify_all();
        Ok(())
    }

    /// How many events of `ledger` are read from sled.
    pub(crate) fn copied(&self, ledger: LedgerId) -> u64 {
        let copied = self.copied.read().unwrap_or_else(PoisonError::into_inner);
        copied.get(&ledger).map_or(0, |head| head.size)
    }

    pub(crate) fn copied_all(&self) -> BTreeMap<LedgerId, Head> {
        let copied = self.copied.read().unwrap_or_else(PoisonError::into_inner);
        copied
            .iter()
            .map(|(ledger, head)| (*ledger, *head))
            .collect()
    }

    pub(crate) fn set_copied(&self, ends: impl IntoIterator<Item = (LedgerId, Head)>) {
        self.copied
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(ends);
    }

    /// Leaves marks for the journal thread to write with its next record.
    pub(crate) fn leave_marks(&self, marks: BTreeMap<LedgerId, Head>) {
        self.marks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(marks);
    }

    pub(crate) fn take_marks(&self) -> Vec<(LedgerId, Head)> {
        let marks = std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner));
        marks.into_iter().collect()
    }

    // The feeder and those who wait for it.

    /// Waits until the feeder is not too far behind.
    pub(crate) fn wait_for_feeder(&self) {
        let mut state = self.state();
        let too_far =
            |state: &State| self.unfed(state) > self.config.lag_bytes && !state.catching_up;
        while too_far(&state) && state.fault.is_none() && !state.closed {
            state = self
                .relief
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until sled holds durably what is committed now.
    pub(crate) fn settle_copy(&self) -> Result<(), LogFault> {
        let mut state = self.state();
        state.asked += 1;
        let ticket = state.asked;
        self.work.notify_all();
        while state.settled < ticket && state.fault.is_none() && !state.stop_feeder {
            state = self
                .relief
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        match &state.fault {
            Some(why) => Err(LogFault::Storage(why.clone())),
            None if state.settled < ticket => Err(LogFault::Closed),
            None => Ok(()),
        }
    }

    /// The feeder waits for work, at most until `until`.
    pub(crate) fn wait_for_work<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        timeout: Option<std::time::Duration>,
    ) -> MutexGuard<'a, State> {
        match timeout {
            None => self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.work
                    .wait_timeout(state, timeout)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }

    /// The feeder tells how far it is.
    pub(crate) fn tell_fed(&self, fed: Location, settled: Option<u64>) {
        let mut state = self.state();
        state.fed = fed;
        state.settled = settled.unwrap_or(state.settled);
        let lag = lag(self.config.segment_bytes, state.committed, fed);
        state.catching_up &= lag > self.config.lag_bytes / 2;
        drop(state);
        self.relief.notify_all();
    }

    /// Closes sled and, after an orderly ending, opens and closes it once more: its snapshot then
    /// covers every record, and later damage is loud. One whose file is damaged is left as it is, for an open may change it. Releases the
    /// folder.
    pub(crate) fn give_up_copy(&self, orderly: bool) -> Result<(), LogFault> {
        drop(
            self.copy
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let reopened = if orderly && !self.suspected.load(Ordering::Relaxed) {
            ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes).map(drop)
        } else {
            Ok(())
        };
        self.folder.release();
        reopened.map_err(|fault| LogFault::Storage(fault.to_string()))
    }
}

impl Published {
    fn of(state: &LedgerState) -> Self {
        Self {
            head: state.head(),
            frontier: state.frontier.clone(),
        }
    }
}

/// The bytes of the journal between two places, nearly.
pub(crate) fn lag(segment_bytes: u64, committed: Location, fed: Location) -> u64 {
    let segments = u64::from(committed.segment.saturating_sub(fed.segment));
    (segments * segment_bytes + committed.offset).saturating_sub(fed.offset)
}
