//! The read copy: the log in sled, as it is read.
//!
//! One database for all ledgers, one tree; its keys and values: `copy::layout`.
//!
//! sled is used as its source and trials ask for: segments of 8 MiB and small values, so that nothing
//! goes to `blobs/`, which sled never syncs; no background flusher; `flush` is no durability barrier
//! on Linux, so a checkpoint adds an `fdatasync` of its file; an open syncs its files and their names
//! before and after, which sled does not; a panic inside it is caught.

mod batch;
mod database;
mod layout;
mod leaves;
pub(crate) mod raw;
pub(crate) mod record;
pub(crate) mod sync;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};

use crate::domain::id::LedgerId;
use crate::fault_point::Point;
pub(crate) use crate::log::copy::batch::CopyBatch;
use crate::log::copy::database::{Database, LOCKED, guarded};
pub(crate) use crate::log::copy::layout::log_key;
use crate::log::copy::layout::{
    CHECKPOINT, DERIVED, END, FOLDER, KEPT_AGAIN, LOG, PREFIX_BYTES, READ, after_prefix,
    checkpoint, decode_end, key, prefix, size_of, without_crc,
};
use crate::log::copy::record::{CopyRecord, InvalidRecord};
use crate::log::copy::sync::sync;
use crate::log::derived::DerivedRange;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::{FolderId, Location};

/// A value over a quarter of it would leave sled's log; see `record::VALUE_BYTES_MAX`.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
/// The file that it keeps its log in.
pub(crate) const FILE: &str = "db";

/// The database.
pub(crate) struct ReadCopy {
    db: Database,
    file: File,
    path: PathBuf,
    /// Bytes put since the last checkpoint began.
    unsynced: AtomicU64,
}

/// The database cannot be used, or a part of it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CopyFault {
    /// It reported an error, or panicked.
    #[error("read copy: {0}")]
    Storage(String),
    /// The machine does not let it be used now: a full disk, a permission. Its content is not to blame.
    #[error("read copy: {0}")]
    Environment(String),
    /// A value left its log for a file that is never synced.
    #[error("read copy: `blobs` is not empty")]
    Blobs,
    /// It belongs to another data folder.
    #[error("read copy: it belongs to another data folder")]
    Foreign,
    /// A kept checkpoint fails its checks.
    #[error("read copy, a checkpoint: crc32c")]
    Checkpoint,
    /// A record fails its checks.
    #[error("read copy, record at position {position} of ledger {ledger}: {why}")]
    Record {
        ledger: LedgerId,
        position: u64,
        why: &'static str,
    },
    /// The statement of a ledger's end fails its checks.
    #[error("read copy, end of a ledger: {0}")]
    End(&'static str),
}

impl From<sled::Error> for CopyFault {
    fn from(error: sled::Error) -> Self {
        match &error {
            sled::Error::Io(io) if is_of_the_machine(io) => Self::Environment(error.to_string()),
            _ => Self::Storage(error.to_string()),
        }
    }
}

impl From<io::Error> for CopyFault {
    fn from(error: io::Error) -> Self {
        match is_of_the_machine(&error) {
            true => Self::Environment(error.to_string()),
            false => Self::Storage(error.to_string()),
        }
    }
}

fn is_of_the_machine(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.kind(),
        PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
    ) || error.to_string().contains(LOCKED)
}

impl ReadCopy {
    /// Opens the database of `folder`, or creates it. What it stands on is durable then, whoever wrote it.
    pub(crate) fn open(path: &Path, folder: FolderId, cache_bytes: u64) -> Result<Self, CopyFault> {
        sync(path)?;
        let copy = Self::open_unsynced(path, folder, cache_bytes)?;
        sync(path)?;
        Ok(copy)
    }

    /// The same of a copy of it that nobody needs after a crash.
    pub(crate) fn open_unsynced(
        path: &Path,
        folder: FolderId,
        cache_bytes: u64,
    ) -> Result<Self, CopyFault> {
        let copy = Self::open_any(path, cache_bytes)?;
        guarded(|| match copy.db.get([FOLDER])? {
            Some(id) if id == folder.0 => Ok(()),
            None if copy.db.is_empty() => Ok(copy.db.insert([FOLDER], &folder.0).map(drop)?),
            _ => Err(CopyFault::Foreign),
        })?;
        Ok(copy)
    }

    /// Opens a database, whosever it is, as one that nobody needs after a crash.
    pub(crate) fn open_any(path: &Path, cache_bytes: u64) -> Result<Self, CopyFault> {
        refuse_blobs(path)?;
        let config = sled::Config::new()
            .path(path)
            .mode(sled::Mode::HighThroughput)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(None)
            .cache_capacity(cache_bytes);
        let db = Database::open(&config)?;
        let file = File::open(path.join(FILE))?;
        Ok(Self {
            db,
            file,
            path: path.to_owned(),
            unsynced: AtomicU64::new(0),
        })
    }

    /// What it says of the ledgers it holds.
    pub(crate) fn ends(&self) -> Result<BTreeMap<LedgerId, Head>, CopyFault> {
        guarded(|| {
            let ends = self.db.scan_prefix([END]).map(|entry| {
                let (key, value) = entry?;
                let ledger = key.get(1..).and_then(|id| LedgerId::from_bytes(id).ok());
                let ledger = ledger.ok_or(CopyFault::End("key"))?;
                Ok((
                    ledger,
                    decode_end(&key, &value).ok_or(CopyFault::End("crc32c"))?,
                ))
            });
            ends.collect()
        })
    }

    /// How far the journal was read, if that is known.
    pub(crate) fn read_up_to(&self) -> Result<Option<Location>, CopyFault> {
        guarded(|| {
            let value = self.db.get([READ])?;
            Ok(value.and_then(|value| {
                let mut fields = without_crc(&[READ], &value)?;
                let (segment, offset) = (fields.try_get_u32().ok()?, fields.try_get_u64().ok()?);
                Some(Location { segment, offset })
            }))
        })
    }

    /// The kept checkpoints of `ledger` for `sizes`, ascending.
    pub(crate) fn checkpoints(
        &self,
        ledger: LedgerId,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, CopyFault> {
        if sizes.is_empty() {
            return Ok(Vec::new());
        }
        let at = |size: &u64| key(CHECKPOINT, ledger, &size.to_be_bytes());
        guarded(|| {
            let found = self.db.range(at(sizes.start())..=at(sizes.end()));
            found.take(limit).map(|entry| checkpoint(&entry?)).collect()
        })
    }

    /// The sizes from `size` on of which `ledger` has kept checkpoints, ascending, with those that can be read.
    pub(crate) fn legible_checkpoints(
        &self,
        ledger: LedgerId,
        size: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Option<Checkpoint>)>, CopyFault> {
        let at = |size: u64| key(CHECKPOINT, ledger, &size.to_be_bytes());
        guarded(|| {
            let found = self.db.range(at(size)..=at(u64::MAX)).take(limit);
            let legible = found.map(|entry| {
                let entry = entry?;
                Ok((size_of(&entry.0)?, checkpoint(&entry).ok()))
            });
            legible.collect()
        })
    }

    /// The kept checkpoint of `ledger` for the largest size up to `size`.
    pub(crate) fn checkpoint_up_to(
        &self,
        ledger: LedgerId,
        size: u64,
    ) -> Result<Option<Checkpoint>, CopyFault> {
        let at = |size: u64| key(CHECKPOINT, ledger, &size.to_be_bytes());
        guarded(|| {
            let last = self.db.range(at(0)..=at(size)).next_back();
            last.map(|entry| checkpoint(&entry?)).transpose()
        })
    }

    /// The sizes up to `size` whose checkpoints were kept more than once, ascending.
    pub(crate) fn kept_again(&self, ledger: LedgerId, size: u64) -> Result<Vec<u64>, CopyFault> {
        let at = |size: u64| key(KEPT_AGAIN, ledger, &size.to_be_bytes());
        guarded(|| {
            let found = self.db.range(at(0)..=at(size)).keys();
            found.map(|key| size_of(&key?)).collect()
        })
    }

    /// The ledgers that have records, whether or not an end is stated for them.
    pub(crate) fn ledgers_with_records(&self) -> Result<Vec<LedgerId>, CopyFault> {
        guarded(|| {
            let mut ledgers = Vec::new();
            let mut after = vec![LOG];
            while let Some((key, _)) = self.db.get_gt(&after)? {
                let Some(id) = key.get(1..PREFIX_BYTES).filter(|_| key[0] == LOG) else {
                    break;
                };
                let ledger = LedgerId::from_bytes(id).map_err(|_| CopyFault::End("key"))?;
                ledgers.push(ledger);
                after = log_key(ledger, u64::MAX);
            }
            Ok(ledgers)
        })
    }

    /// The record that holds `position`: the last one that begins at or before it. Whether it reaches
    /// that far is for the caller to see.
    pub(crate) fn record(
        &self,
        ledger: LedgerId,
        position: u64,
    ) -> Result<Option<CopyRecord>, CopyFault> {
        guarded(|| {
            let upper = log_key(ledger, position);
            let found = match self.db.get(&upper)? {
                Some(value) => Some((sled::IVec::from(upper), value)),
                None => self.db.get_lt(&upper)?,
            };
            let Some((key, value)) = found else {
                return Ok(None);
            };
            if key.len() != PREFIX_BYTES + 8 || key[..PREFIX_BYTES] != prefix(LOG, ledger) {
                return Ok(None);
            }
            let first = (&key[PREFIX_BYTES..]).get_u64();
            CopyRecord::decode(&key, first, &value)
                .map(Some)
                .map_err(|InvalidRecord(why)| CopyFault::Record {
                    ledger,
                    position: first,
                    why,
                })
        })
    }

    /// The stored bytes of the record that begins at `first`, whatever they are.
    pub(crate) fn raw(&self, ledger: LedgerId, first: u64) -> Result<Option<Vec<u8>>, CopyFault> {
        guarded(|| {
            let value = self.db.get(log_key(ledger, first))?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    /// Reads what is not the log, from the key `from` on and a few keys at once, and checks what says of itself what it must be.
    /// Tells the bytes, and where to go on; nothing there at the end.
    pub(crate) fn read_beside_log(&self, from: &[u8]) -> Result<(u64, Option<Vec<u8>>), CopyFault> {
        const KEYS: usize = 64;
        guarded(|| {
            let (mut bytes, mut last) = (0, None);
            for entry in self.db.range(from..).take(KEYS) {
                let (key, value) = entry?;
                bytes += (key.len() + value.len()) as u64;
                match key.first() {
                    Some(&LOG) => return Ok((bytes, Some(vec![LOG + 1]))),
                    Some(&END) if decode_end(&key, &value).is_none() => {
                        return Err(CopyFault::End("crc32c"));
                    }
                    Some(&CHECKPOINT) => drop(checkpoint(&(key.clone(), value))?),
                    _ => {}
                }
                last = Some(key);
            }
            Ok((bytes, last.map(|last| [&last[..], &[0]].concat())))
        })
    }

    /// Where the first record of `ledger` behind `position` begins.
    pub(crate) fn next_first(
        &self,
        ledger: LedgerId,
        position: u64,
    ) -> Result<Option<u64>, CopyFault> {
        guarded(|| {
            let found = self.db.get_gt(log_key(ledger, position))?;
            let key = found.map(|(key, _)| key);
            let key = key.filter(|key| key.starts_with(&prefix(LOG, ledger)));
            Ok(key.and_then(|key| key.get(PREFIX_BYTES..)?.try_get_u64().ok()))
        })
    }

    /// Applies a batch. It is readable at once and durable with the next checkpoint.
    pub(crate) fn apply(&self, batch: CopyBatch) -> Result<(), CopyFault> {
        if batch.keys == 0 {
            return Ok(());
        }
        self.unsynced
            .fetch_add(batch.bytes as u64, Ordering::Relaxed);
        guarded(|| Ok(self.db.apply_batch(batch.batch)?))
    }

    /// Bytes put since the last checkpoint began.
    pub(crate) fn unsynced(&self) -> u64 {
        self.unsynced.load(Ordering::Relaxed)
    }

    /// Makes everything applied before the call durable.
    pub(crate) fn checkpoint(&self) -> Result<(), CopyFault> {
        self.unsynced.store(0, Ordering::Relaxed);
        guarded(|| {
            self.db.flush()?;
            Point::CopyFlushed.pass();
            Ok(self.file.sync_data()?)
        })?;
        refuse_blobs(&self.path)
    }

    /// Removes what `ledger` holds above `end` and states that it ends there. The record across that
    /// border is cut.
    ///
    /// The statement comes first, with the cut: a process that is killed on the way leaves records
    /// above the end, which the next cut removes, and never an end above its records.
    pub(crate) fn cut(&self, ledger: LedgerId, end: &Head) -> Result<(), CopyFault> {
        let mut batch = CopyBatch::default();
        if end.size == 0 {
            batch.remove(key(END, ledger, &[]));
        } else {
            self.cut_across(ledger, end.size, &mut batch)?;
            batch.put_end(ledger, end);
        }
        self.apply(batch)?;
        self.remove_range(&log_key(ledger, end.size), &after_prefix(LOG, ledger))
    }

    /// Cuts the record that holds the last position before `size`, if it reaches further.
    fn cut_across(
        &self,
        ledger: LedgerId,
        size: u64,
        batch: &mut CopyBatch,
    ) -> Result<(), CopyFault> {
        let record = self.record(ledger, size.saturating_sub(1))?;
        let Some(record) = record.filter(|record| record.end() > size) else {
            return Ok(());
        };
        let first = record.first;
        let wrong = |why| CopyFault::Record {
            ledger,
            position: first,
            why,
        };
        let kept = record.until(size).ok_or_else(|| wrong("framing"))?;
        let value = kept
            .encode(&log_key(ledger, first))
            .map_err(|InvalidRecord(why)| wrong(why))?;
        batch.put_record(ledger, first, value);
        Ok(())
    }

    fn remove_range(&self, from: &[u8], to: &[u8]) -> Result<(), CopyFault> {
        loop {
            let mut batch = CopyBatch::default();
            guarded(|| {
                for key in self.db.range(from..to).keys().take(CopyBatch::KEYS_MAX) {
                    batch.remove(key?);
                }
                Ok(())
            })?;
            if batch.keys == 0 {
                return Ok(());
            }
            self.apply(batch)?;
        }
    }

    /// The derived value at `key_bytes`.
    pub(crate) fn derived(
        &self,
        ledger: LedgerId,
        key_bytes: &[u8],
    ) -> Result<Option<Bytes>, CopyFault> {
        guarded(|| {
            let value = self.db.get(key(DERIVED, ledger, key_bytes))?;
            Ok(value.map(|value| Bytes::copy_from_slice(&value)))
        })
    }

    /// The derived records of `range`, ascending or descending.
    pub(crate) fn derived_scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
        back: bool,
    ) -> Result<Vec<(Bytes, Bytes)>, CopyFault> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let from = key(DERIVED, ledger, &range.from);
        let to = match &range.to {
            Some(to) => key(DERIVED, ledger, to),
            None => after_prefix(DERIVED, ledger),
        };
        guarded(|| {
            let mut records = self.db.range(from..to);
            let mut found = Vec::new();
            while found.len() < limit {
                let next = if back {
                    records.next_back()
                } else {
                    records.next()
                };
                let Some(entry) = next else { break };
                let (key, value) = entry?;
                found.push((
                    Bytes::copy_from_slice(&key[PREFIX_BYTES..]),
                    Bytes::copy_from_slice(&value),
                ));
            }
            Ok(found)
        })
    }

    /// Removes all derived records of `ledger`.
    pub(crate) fn derived_clear(&self, ledger: LedgerId) -> Result<(), CopyFault> {
        self.remove_range(&key(DERIVED, ledger, &[]), &after_prefix(DERIVED, ledger))
    }
}

impl CopyFault {
    /// Whether it tells of bytes that sled cannot read, which nobody can write anew through it.
    pub(crate) fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Storage(_))
    }
}

/// Fails if a value has left sled's log.
fn refuse_blobs(path: &Path) -> Result<(), CopyFault> {
    match fs::read_dir(path.join("blobs")).map(|mut entries| entries.next().is_none()) {
        Ok(false) => Err(CopyFault::Blobs),
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::log::chunk::put_frame;
    use crate::log::conformance::{head_over, leaves, ledger};

    #[test]
    fn a_cut_states_the_new_end_before_it_removes_anything() {
        let dir = tempfile::tempdir().unwrap();
        let copy = ReadCopy::open(dir.path(), FolderId([1; 16]), 1024 * 1024).unwrap();
        let history = leaves(1, &[10; 12]);
        let mut batch = CopyBatch::default();
        for (first, leaves) in (0..).step_by(4).zip(history.chunks(4)) {
            let mut framed = Vec::new();
            leaves.iter().for_each(|l| put_frame(&mut framed, &l.bytes));
            let record = CopyRecord::new(first, framed.into()).unwrap();
            let value = record.encode(&log_key(ledger(1), first)).unwrap();
            batch.put_record(ledger(1), first, value);
        }
        batch.put_end(ledger(1), &head_over(1, &history));
        copy.apply(batch).unwrap();

        for (size, left) in [(6, vec![0, 4]), (0, vec![])] {
            let mut changes = copy.db.watch_prefix([]);
            copy.cut(ledger(1), &head_over(1, &history[..size]))
                .unwrap();
            let records = copy.db.scan_prefix(prefix(LOG, ledger(1))).keys();
            let firsts = records.map(|key| (&key.unwrap()[PREFIX_BYTES..]).get_u64());
            assert_eq!(firsts.collect::<Vec<_>>(), left);
            let end = copy.ends().unwrap().get(&ledger(1)).map(|head| head.size);
            assert_eq!(end, (size > 0).then_some(size as u64));

            let mut seen = Vec::new();
            while let Ok(change) = changes.next_timeout(Duration::ZERO) {
                seen.push((
                    change.key()[0],
                    matches!(change, sled::Event::Remove { .. }),
                ));
            }
            let stated = seen.iter().position(|(kind, _)| *kind == END).unwrap();
            let removed = seen.iter().position(|change| *change == (LOG, true));
            assert!(stated < removed.unwrap(), "{seen:?}");
        }
    }
}
