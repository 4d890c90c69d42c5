//! The model engine: what the promises mean, in memory and without a disk.
//!
//! Histories are compared against it, and tests that are not about storage run on it. Nothing
//! survives the process.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};

use crate::domain::id::LedgerId;
use crate::log::chunk::{ChunkBuilder, put_frame};
use crate::log::derived::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};
use crate::log::{
    Checkpoint, Chunk, CommitLog, Freshness, Head, Health, LedgerCommit, LogFault, Outcome,
    ReadError, ReadLimits,
};
use crate::merkle::Frontier;

/// A log in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    ledgers: BTreeMap<LedgerId, Ledger>,
    derived: BTreeMap<(LedgerId, Bytes), Bytes>,
    checkpoints: BTreeMap<(LedgerId, u64), Checkpoint>,
    closed: bool,
}

#[derive(Debug)]
struct Ledger {
    generation: u64,
    frontier: Frontier,
    leaves: Vec<Bytes>,
}

impl Ledger {
    fn head(&self) -> Head {
        Head {
            generation: self.generation,
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}

impl MemoryLog {
    /// A log without ledgers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same history as after a restart: opened again, with or without the derived records.
    pub fn reopen(&self, keep_derived: bool) {
        let mut state = self.lock();
        state.closed = false;
        if !keep_derived {
            state.derived.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        let state = self.lock();
        if state.closed {
            Err(ReadError::Closed)
        } else {
            Ok(state)
        }
    }

    fn derived(&self) -> Result<MutexGuard<'_, State>, DerivedFault> {
        let state = self.lock();
        if state.closed {
            Err(DerivedFault::Closed)
        } else {
            Ok(state)
        }
    }

    fn append_now(&self, group: Vec<LedgerCommit>) -> Vec<Outcome> {
        let mut state = self.lock();
        let fault = match LedgerCommit::check_group(&group) {
            _ if state.closed => Some(LogFault::Closed),
            Err(invalid) => Some(LogFault::Invalid(invalid)),
            Ok(()) => None,
        };
        let mut taken = Vec::with_capacity(group.len());
        group
            .into_iter()
            .map(|commit| {
                if let Some(fault) = &fault {
                    return Outcome::Refused(fault.clone());
                }
                if taken.contains(&commit.ledger) {
                    return Outcome::Refused(LogFault::InFlight);
                }
                taken.push(commit.ledger);
                state.append(commit)
            })
            .collect()
    }
}

impl State {
    fn head(&self, ledger: LedgerId) -> Head {
        self.ledgers.get(&ledger).map_or(Head::EMPTY, Ledger::head)
    }

    fn append(&mut self, commit: LedgerCommit) -> Outcome {
        if let Err(invalid) = commit.check() {
            return Outcome::Refused(LogFault::Invalid(invalid));
        }
        let head = self.head(commit.ledger);
        if head != commit.expected {
            return Outcome::Conflict(head);
        }
        let ledger = self.ledgers.entry(commit.ledger).or_insert_with(|| Ledger {
            generation: head.generation,
            frontier: Frontier::new(),
            leaves: Vec::new(),
        });
        ledger.generation = commit.generation;
        for leaf in commit.leaves {
            ledger.frontier.push(leaf.hash);
            ledger.leaves.push(leaf.bytes);
        }
        Outcome::Committed(ledger.head())
    }

    fn leaves(&self, ledger: LedgerId) -> &[Bytes] {
        self.ledgers
            .get(&ledger)
            .map_or(&[], |ledger| &ledger.leaves)
    }

    fn read(&self, ledger: LedgerId, from: u64, limits: ReadLimits) -> Result<Chunk, ReadError> {
        let leaves = self.leaves(ledger);
        let size = leaves.len() as u64;
        let rest = usize::try_from(from)
            .ok()
            .and_then(|from| leaves.get(from..));
        let mut builder = ChunkBuilder::new(from, limits);
        for leaf in rest.ok_or(ReadError::BeyondEnd { size })? {
            let mut framed = Vec::with_capacity(leaf.len() + 3);
            put_frame(&mut framed, leaf);
            // One whole frame cannot fail to be one.
            if builder.add(framed.into(), 1).is_err() || builder.is_full() {
                break;
            }
        }
        Ok(builder.finish())
    }

    fn records<'a>(
        &'a self,
        ledger: LedgerId,
        range: &DerivedRange,
    ) -> Option<impl DoubleEndedIterator<Item = (Bytes, Bytes)> + 'a> {
        if range.is_empty() {
            return None;
        }
        let from = Bound::Included((ledger, Bytes::copy_from_slice(&range.from)));
        let to = match &range.to {
            Some(to) => Bound::Excluded((ledger, Bytes::copy_from_slice(to))),
            // No key is this long.
            None => Bound::Excluded((
                ledger,
                Bytes::from_static(&[0xff; DerivedBatch::KEY_BYTES_MAX + 1]),
            )),
        };
        let records = self.derived.range((from, to));
        Some(records.map(|((_, key), value)| (key.clone(), value.clone())))
    }
}

impl CommitLog for MemoryLog {
    fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>> {
        future::ready(self.append_now(group)).boxed()
    }

    fn read(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
    ) -> BoxFuture<'_, Result<Chunk, ReadError>> {
        future::ready(
            self.readable()
                .and_then(|state| state.read(ledger, from, limits)),
        )
        .boxed()
    }

    fn leaves(
        &self,
        ledger: LedgerId,
        positions: Vec<u64>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ReadError>> {
        let found = self.readable().and_then(|state| {
            let leaves = state.leaves(ledger);
            let leaf = |at: u64| leaves.get(usize::try_from(at).ok()?).cloned();
            let beyond = ReadError::BeyondEnd {
                size: leaves.len() as u64,
            };
            positions
                .into_iter()
                .map(|at| leaf(at).ok_or_else(|| beyond.clone()))
                .collect()
        });
        future::ready(found).boxed()
    }

    fn heads(
        &self,
        _freshness: Freshness,
    ) -> BoxFuture<'_, Result<Vec<(LedgerId, Head)>, ReadError>> {
        let heads = self.readable().map(|state| {
            state
                .ledgers
                .iter()
                .map(|(id, ledger)| (*id, ledger.head()))
                .collect()
        });
        future::ready(heads).boxed()
    }

    fn head(
        &self,
        ledger: LedgerId,
        _freshness: Freshness,
    ) -> BoxFuture<'_, Result<Head, ReadError>> {
        future::ready(self.readable().map(|state| state.head(ledger))).boxed()
    }

    fn frontier(&self, ledger: LedgerId) -> BoxFuture<'_, Result<Frontier, ReadError>> {
        let frontier = self.readable().map(|state| {
            state
                .ledgers
                .get(&ledger)
                .map(|ledger| ledger.frontier.clone())
                .unwrap_or_default()
        });
        future::ready(frontier).boxed()
    }

    fn keep_checkpoint(&self, checkpoint: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>> {
        let mut state = self.lock();
        let kept = match checkpoint.check(&state.head(checkpoint.ledger)) {
            _ if state.closed => Err(LogFault::Closed),
            Err(invalid) => Err(LogFault::Invalid(invalid)),
            Ok(()) => {
                let key = (checkpoint.ledger, checkpoint.size);
                state.checkpoints.insert(key, checkpoint);
                Ok(())
            }
        };
        future::ready(kept).boxed()
    }

    fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Checkpoint>, ReadError>> {
        let found = self.readable().map(|state| {
            let (from, to) = sizes.into_inner();
            let kept = state
                .checkpoints
                .range((ledger, from)..=(ledger, to.max(from)));
            let within = kept.filter(|((_, size), _)| *size <= to);
            within.map(|(_, kept)| kept.clone()).take(limit).collect()
        });
        future::ready(found).boxed()
    }

    fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ReadError>> {
        let found = self.readable().map(|state| {
            let mut kept = state.checkpoints.range((ledger, 0)..=(ledger, size));
            kept.next_back().map(|(_, kept)| kept.clone())
        });
        future::ready(found).boxed()
    }

    fn health(&self) -> Health {
        if self.lock().closed {
            Health::Closed
        } else {
            Health::Ready
        }
    }

    fn close(&self) -> BoxFuture<'static, Result<(), LogFault>> {
        self.lock().closed = true;
        future::ready(Ok(())).boxed()
    }
}

impl DerivedStore for MemoryLog {
    fn get(&self, ledger: LedgerId, key: &[u8]) -> Result<Option<Bytes>, DerivedFault> {
        Ok(self
            .derived()?
            .derived
            .get(&(ledger, Bytes::copy_from_slice(key)))
            .cloned())
    }

    fn scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let state = self.derived()?;
        Ok(state
            .records(ledger, range)
            .into_iter()
            .flatten()
            .take(limit)
            .collect())
    }

    fn scan_back(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let state = self.derived()?;
        let records = state.records(ledger, range);
        Ok(records
            .into_iter()
            .flat_map(Iterator::rev)
            .take(limit)
            .collect())
    }

    fn apply(&self, ledger: LedgerId, batch: DerivedBatch) -> Result<(), DerivedFault> {
        let mut state = self.derived()?;
        for (key, value) in batch.into_changes() {
            match value {
                Some(value) => state.derived.insert((ledger, key), value),
                None => state.derived.remove(&(ledger, key)),
            };
        }
        Ok(())
    }

    fn clear(&self, ledger: LedgerId) -> Result<(), DerivedFault> {
        self.derived()?.derived.retain(|(id, _), _| *id != ledger);
        Ok(())
    }
}
