//! Sorted runs of ids, packed into records: one store key per id would cap writes.

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};

use super::filter::Filter;
use super::manifest::Run;
use super::{IdKey, invalid, remove_prefix, runs};

/// Bytes of one entry: kind, id, position.
const ENTRY: usize = 17 + 8;
/// Entries of one record: just below the store's limit for a value.
const PER_RECORD: usize = 2_000;
/// Records applied together, well below the limits of a batch.
const PER_BATCH: usize = 8;

fn prefix(run: u32) -> Vec<u8> {
    let mut key = vec![b'i'];
    key.extend_from_slice(&run.to_be_bytes());
    key
}

fn record_key(run: u32, first: &IdKey) -> Vec<u8> {
    let mut key = prefix(run);
    key.extend_from_slice(first);
    key
}

fn entries(value: &[u8]) -> impl Iterator<Item = (IdKey, u64)> + '_ {
    value.chunks_exact(ENTRY).map(|entry| {
        let mut key = [0; 17];
        key.copy_from_slice(&entry[..17]);
        (
            key,
            entry[17..]
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte)),
        )
    })
}

/// Writes the ids of a run, given in ascending order, and notes them in its filter; tells how many there are. Records that an
/// interrupted run of the same number left are removed first.
pub(super) fn write(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
    filter: &mut Filter,
    ids: impl Iterator<Item = Result<(IdKey, u64), DerivedFault>>,
) -> Result<u64, DerivedFault> {
    remove_prefix(store, ledger, &prefix(run))?;
    let mut batch = DerivedBatch::new();
    let mut record: Vec<u8> = Vec::with_capacity(PER_RECORD * ENTRY);
    let mut first = None;
    let mut count = 0;
    let mut close = |first: IdKey, record: &mut Vec<u8>, last: bool| {
        batch
            .put(record_key(run, &first), std::mem::take(record))
            .map_err(invalid)?;
        if last || batch.len() >= PER_BATCH {
            store.apply(ledger, std::mem::take(&mut batch))?;
        }
        Ok::<_, DerivedFault>(())
    };
    for entry in ids {
        let (key, position) = entry?;
        count += 1;
        filter.insert(&key);
        if record.len() >= PER_RECORD * ENTRY
            && let Some(start) = first.take()
        {
            close(start, &mut record, false)?;
        }
        first.get_or_insert(key);
        record.extend_from_slice(&key);
        record.extend_from_slice(&position.to_be_bytes());
    }
    if let Some(start) = first {
        close(start, &mut record, true)?;
    }
    Ok(count)
}

/// The position of an id in a run.
pub(super) fn find(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
    key: &IdKey,
) -> Result<Option<u64>, DerivedFault> {
    let mut end = record_key(run, key);
    end.push(0);
    let range = DerivedRange::between(&prefix(run), &end);
    let Some((_, value)) = store.scan_back(ledger, &range, 1)?.pop() else {
        return Ok(None);
    };
    let (mut low, mut high) = (0, value.len() / ENTRY);
    while low < high {
        let middle = (low + high) / 2;
        let at = middle * ENTRY;
        let entry = value.get(at..at + ENTRY).unwrap_or_default();
        match entry.get(..17).unwrap_or_default().cmp(key.as_slice()) {
            std::cmp::Ordering::Equal => return Ok(entries(entry).next().map(|(_, p)| p)),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}

/// Removes the ids of a run.
pub(super) fn remove(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
) -> Result<(), DerivedFault> {
    remove_prefix(store, ledger, &prefix(run))
}

/// The ids of several runs in ascending order.
pub(super) fn merged<'a>(
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    runs: &[Run],
) -> impl Iterator<Item = Result<(IdKey, u64), DerivedFault>> + use<'a> {
    let ids = runs.iter().map(|run| all(store, ledger, run.number));
    runs::merged(ids.collect())
}

/// The ids of one run in the order of its records.
pub(super) fn all<'a>(
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
) -> impl Iterator<Item = Result<(IdKey, u64), DerivedFault>> + use<'a> {
    runs::records(store, ledger, &prefix(run)).flat_map(|record| match record {
        Ok((_, value)) => entries(&value).map(Ok).collect(),
        Err(fault) => vec![Err(fault)],
    })
}
