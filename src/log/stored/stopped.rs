//! The log of a folder that nobody has open, as readers of a working server see it: through the private copy of what they
//! read, and as far as that reaches. It takes nothing.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{self, BoxFuture};

use crate::domain::id::LedgerId;
use crate::log::chunk::ChunkBuilder;
use crate::log::copy::record::CopyRecord;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::head::{Checkpoint, Head, LedgerCommit};
use crate::log::stored::{CopyView as _, ReadsCopy, StoredCopy};
use crate::log::{Chunk, CommitLog, Freshness, Health, LogFault, Outcome, ReadError, ReadLimits};
use crate::merkle::{Frontier, leaf_hash};

/// Such a log.
#[derive(Clone)]
pub(crate) struct StoppedLog {
    copy: Arc<StoredCopy>,
    ends: Arc<BTreeMap<LedgerId, Head>>,
}

impl StoppedLog {
    /// The log that `copy` holds.
    pub(crate) fn of(copy: StoredCopy) -> Result<Self, CopyFault> {
        let ends = Arc::new(copy.ends()?);
        let copy = Arc::new(copy);
        Ok(Self { copy, ends })
    }

    fn head_of(&self, ledger: LedgerId) -> Head {
        self.ends.get(&ledger).copied().unwrap_or(Head::EMPTY)
    }

    fn chunk(&self, ledger: LedgerId, from: u64, limits: ReadLimits) -> Result<Chunk, ReadError> {
        let size = self.head_of(ledger).size;
        if size < from {
            return Err(ReadError::BeyondEnd { size });
        }
        let mut chunk = ChunkBuilder::new(from, limits);
        while chunk.next() < size && !chunk.is_full() {
            let position = chunk.next();
            let record = self.copy.record(ledger, position).map_err(unreadable)?;
            let rest = record.and_then(|record| record.from(position));
            let (framed, count) = rest.ok_or_else(|| lacking(position))?;
            chunk.add(framed, count).map_err(|_| lacking(position))?;
        }
        Ok(chunk.finish())
    }

    fn leaves_at(&self, ledger: LedgerId, positions: &[u64]) -> Result<Vec<Bytes>, ReadError> {
        let size = self.head_of(ledger).size;
        let (mut leaves, mut held) = (Vec::with_capacity(positions.len()), None);
        for position in positions {
            if size <= *position {
                return Err(ReadError::BeyondEnd { size });
            }
            let at_hand =
                |held: &Option<CopyRecord>| held.as_ref().and_then(|record| record.leaf(*position));
            if at_hand(&held).is_none() {
                held = self.copy.record(ledger, *position).map_err(unreadable)?;
            }
            leaves.push(at_hand(&held).ok_or_else(|| lacking(*position))?);
        }
        Ok(leaves)
    }

    fn frontier_of(&self, ledger: LedgerId) -> Result<Frontier, ReadError> {
        let mut frontier = Frontier::new();
        while frontier.size() < self.head_of(ledger).size {
            let chunk = self.chunk(ledger, frontier.size(), ReadLimits::default())?;
            frontier.extend(chunk.leaves().map(|(_, leaf)| leaf_hash(&leaf)));
        }
        Ok(frontier)
    }
}

fn unreadable(fault: CopyFault) -> ReadError {
    ReadError::Unavailable(fault.to_string())
}

fn lacking(position: u64) -> ReadError {
    let detail = "the read copy has no such record".to_owned();
    ReadError::Damaged { position, detail }
}

// Whoever verifies has nothing else to do: what is read is read at once.
impl CommitLog for StoppedLog {
    fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>> {
        let refused = group.iter().map(|_| Outcome::Refused(LogFault::Closed));
        future::ready(refused.collect()).boxed()
    }

    fn read(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
    ) -> BoxFuture<'_, Result<Chunk, ReadError>> {
        future::ready(self.chunk(ledger, from, limits)).boxed()
    }

    fn leaves(
        &self,
        ledger: LedgerId,
        positions: Vec<u64>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ReadError>> {
        future::ready(self.leaves_at(ledger, &positions)).boxed()
    }

    fn heads(&self, _: Freshness) -> BoxFuture<'_, Result<Vec<(LedgerId, Head)>, ReadError>> {
        let heads = self.ends.iter().map(|(ledger, head)| (*ledger, *head));
        future::ready(Ok(heads.collect())).boxed()
    }

    fn head(&self, ledger: LedgerId, _: Freshness) -> BoxFuture<'_, Result<Head, ReadError>> {
        future::ready(Ok(self.head_of(ledger))).boxed()
    }

    fn frontier(&self, ledger: LedgerId) -> BoxFuture<'_, Result<Frontier, ReadError>> {
        future::ready(self.frontier_of(ledger)).boxed()
    }

    fn keep_checkpoint(&self, _: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>> {
        future::ready(Err(LogFault::Closed)).boxed()
    }

    fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Checkpoint>, ReadError>> {
        let found = self.with(|copy| copy.checkpoints(ledger, sizes, limit));
        future::ready(found.map_err(unreadable)).boxed()
    }

    fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ReadError>> {
        let found = self.with(|copy| copy.checkpoint_up_to(ledger, size));
        future::ready(found.map_err(unreadable)).boxed()
    }

    fn health(&self) -> Health {
        Health::Closed
    }

    fn close(&self) -> BoxFuture<'static, Result<(), LogFault>> {
        future::ready(Ok(())).boxed()
    }
}

impl ReadsCopy for StoppedLog {
    fn with<T>(
        &self,
        read: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>,
    ) -> Result<T, CopyFault> {
        self.copy.with(read)
    }
}
