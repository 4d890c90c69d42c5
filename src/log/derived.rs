//! Disposable records kept beside the log: indexes, filters, snapshots, and how far they have come.
//!
//! What is stored here can be lost at any time, whole or from the newest back, and the log stays
//! what it is: whoever writes here keeps a mark of the position up to which the records are
//! complete, puts the mark into the last batch of a run, and replays the log from it when opening.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::domain::id::LedgerId;

/// An ordered store of disposable records for each ledger.
///
/// * **Atomic.** A batch is applied whole or not at all.
/// * **In order.** After a crash a batch is there only if all the batches before it are.
/// * **Apart.** No ledger sees another's records, and no key reaches the log's own.
/// * **Not durable.** A batch may be lost in a crash long after it was applied, and the whole store
///   when the engine rebuilds its read copy.
///
/// The calls may read or write a disk and block while they do: call them where blocking is allowed.
pub trait DerivedStore: Send + Sync + 'static {
    /// The value at `key`.
    fn get(&self, ledger: LedgerId, key: &[u8]) -> Result<Option<Bytes>, DerivedFault>;

    /// The first `limit` records of `range`, in ascending order of their keys.
    fn scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault>;

    /// The last `limit` records of `range`, in descending order of their keys.
    fn scan_back(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault>;

    /// Applies `batch`. May wait until earlier batches are on the disk, so that what is not yet there
    /// stays small.
    fn apply(&self, ledger: LedgerId, batch: DerivedBatch) -> Result<(), DerivedFault>;

    /// Removes all records of `ledger`. Not atomic: begin with what makes the rest worthless, the
    /// mark, by a batch of its own.
    fn clear(&self, ledger: LedgerId) -> Result<(), DerivedFault>;
}

/// The store failed, or it was closed. Records it holds are to be taken as lost.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DerivedFault {
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The storage failed.
    #[error("the storage failed: {0}")]
    Storage(String),
}

/// A record does not keep the limits of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDerived {
    /// The key is empty or longer than [`DerivedBatch::KEY_BYTES_MAX`].
    #[error("a key has 1 to {} bytes", DerivedBatch::KEY_BYTES_MAX)]
    Key,
    /// The value is longer than [`DerivedBatch::VALUE_BYTES_MAX`].
    #[error("a value has at most {} bytes", DerivedBatch::VALUE_BYTES_MAX)]
    Value,
    /// The batch has [`DerivedBatch::KEYS_MAX`] keys already.
    #[error("a batch has at most {} keys", DerivedBatch::KEYS_MAX)]
    Full,
}

/// Records to put and to remove together. The last word on a key counts.
#[derive(Clone, Debug, Default)]
pub struct DerivedBatch {
    changes: BTreeMap<Bytes, Option<Bytes>>,
}

impl DerivedBatch {
    /// The most keys of a batch: larger ones make the store's memory grow.
    pub const KEYS_MAX: usize = 50;
    /// The longest key.
    pub const KEY_BYTES_MAX: usize = 255;
    /// The longest value: larger ones would leave the store's own log.
    pub const VALUE_BYTES_MAX: usize = 60_000;

    /// Nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `value` at `key`, in place of what is there.
    pub fn put(
        &mut self,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> Result<(), InvalidDerived> {
        let value = value.into();
        if value.len() > Self::VALUE_BYTES_MAX {
            return Err(InvalidDerived::Value);
        }
        self.change(key.into(), Some(value))
    }

    /// Removes what is at `key`, if anything.
    pub fn remove(&mut self, key: impl Into<Bytes>) -> Result<(), InvalidDerived> {
        self.change(key.into(), None)
    }

    fn change(&mut self, key: Bytes, value: Option<Bytes>) -> Result<(), InvalidDerived> {
        if key.is_empty() || key.len() > Self::KEY_BYTES_MAX {
            return Err(InvalidDerived::Key);
        }
        if self.changes.len() >= Self::KEYS_MAX && !self.changes.contains_key(&key) {
            return Err(InvalidDerived::Full);
        }
        self.changes.insert(key, value);
        Ok(())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes in the order of their keys; no value removes.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = (Bytes, Option<Bytes>)> {
        self.changes.into_iter()
    }
}

/// Keys from one up to but not including another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DerivedRange {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Option<Vec<u8>>,
}

impl DerivedRange {
    /// All keys.
    pub fn all() -> Self {
        Self::default()
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut to = prefix.to_vec();
        // The next key that is no longer prefixed: raise the last byte that can be raised.
        while to.last() == Some(&0xff) {
            to.pop();
        }
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        Self {
            from: prefix.to_vec(),
            to: (!to.is_empty()).then_some(to),
        }
    }

    /// The keys from `from` up to but not including `to`.
    pub fn between(from: &[u8], to: &[u8]) -> Self {
        Self {
            from: from.to_vec(),
            to: Some(to.to_vec()),
        }
    }

    /// The keys from `from` on.
    pub fn starting(from: &[u8]) -> Self {
        Self {
            from: from.to_vec(),
            to: None,
        }
    }

    /// Whether no key is in the range.
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}
