//! Posting lists: ascending positions of the events that have a term.
//!
//! Each run has its own, sorted and packed into records: one store key for each list would cap writes, for most lists of a run are
//! of a few positions.

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};

use super::filter::Filter;
use super::manifest::Run;
use super::{Direction, IdKey, TERM, id_key, invalid, remove_prefix, runs};
use crate::merkle::Hash;

/// Positions of one list: even at ten bytes a gap below the store's limit for a value.
const PER_LIST: usize = 4_000;
/// A record that has become so long is closed. Whoever reads a list reads one of these, or two.
const RECORD_BYTES: usize = 12 * 1024;
/// Bytes of records that are applied together.
const BATCH_BYTES: usize = 256 * 1024;
/// Records read at once.
const PAGE: usize = 4;

/// A term and the positions of a list of it; of one term, lists follow each other.
pub(super) type List = (Vec<u8>, Vec<u64>);

fn prefix(run: u32) -> Vec<u8> {
    let mut key = vec![b'p'];
    key.extend_from_slice(&run.to_be_bytes());
    key
}

/// Where a list of `term` that begins at `first` stands.
fn list_key(run: u32, term: &[u8], first: u64) -> Vec<u8> {
    let mut key = prefix(run);
    key.push(length_of(term));
    key.extend_from_slice(term);
    key.extend_from_slice(&first.to_be_bytes());
    key
}

fn length_of(term: &[u8]) -> u8 {
    u8::try_from(term.len()).unwrap_or(u8::MAX)
}

/// As filters know a term.
pub(super) fn filter_key(term: &[u8]) -> IdKey {
    let digest = Hash::digest(term);
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_bytes()[..16]);
    id_key(TERM, &half)
}

fn push_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The number that `bytes` begin with, which are moved behind it.
fn take_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift < 64 {
            value |= u64::from(byte & 0x7f) << shift;
        }
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

/// A list as a record holds it: the term, how many bytes its positions take, the first, then the gaps.
fn push_list(record: &mut Vec<u8>, term: &[u8], positions: &[u64]) {
    record.push(length_of(term));
    record.extend_from_slice(term);
    let mut encoded = Vec::with_capacity(positions.len() * 2 + 8);
    let mut last = 0;
    for position in positions {
        push_leb128(&mut encoded, position - last);
        last = *position;
    }
    push_leb128(record, encoded.len() as u64);
    record.extend_from_slice(&encoded);
}

/// The lists of a record, each with its encoded positions; ends before what is no list.
struct Lists<'a>(&'a [u8]);

impl<'a> Iterator for Lists<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first()?;
        let (term, mut rest) = rest.split_at_checked(usize::from(*length))?;
        let bytes = usize::try_from(take_leb128(&mut rest)?).ok()?;
        let (positions, rest) = rest.split_at_checked(bytes)?;
        self.0 = rest;
        Some((term, positions))
    }
}

fn decode(mut bytes: &[u8]) -> Vec<u64> {
    let (mut positions, mut last) = (Vec::with_capacity(bytes.len()), 0_u64);
    while let Some(gap) = take_leb128(&mut bytes) {
        last = last.saturating_add(gap);
        positions.push(last);
    }
    positions
}

/// Writes the lists of a run, given in their order, and notes their terms in its filter; tells how many terms there are. Records
/// that an interrupted run of the same number left are removed first.
pub(super) fn write(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
    filter: &mut Filter,
    lists: impl Iterator<Item = Result<List, DerivedFault>>,
) -> Result<u64, DerivedFault> {
    remove_prefix(store, ledger, &prefix(run))?;
    let mut records = Records {
        store,
        ledger,
        run,
        batch: DerivedBatch::new(),
        bytes: 0,
        key: None,
        record: Vec::new(),
    };
    let mut terms = 0;
    let mut open: List = (Vec::new(), Vec::new());
    for list in lists {
        let (term, positions) = list?;
        if terms == 0 || term != open.0 {
            records.put(&open)?;
            filter.insert(&filter_key(&term));
            terms += 1;
            open = (term, positions);
        } else if positions.first() < open.1.last() && !positions.is_empty() {
            return Err(DerivedFault::Storage(
                "the index has positions out of their order".to_owned(),
            ));
        } else {
            open.1.extend(positions);
        }
        while PER_LIST < open.1.len() {
            let rest = open.1.split_off(PER_LIST);
            records.put(&open)?;
            open.1 = rest;
        }
    }
    records.put(&open)?;
    records.close()?;
    records.apply()?;
    Ok(terms)
}

/// Records of a run that are being written.
struct Records<'a> {
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
    batch: DerivedBatch,
    /// Of the batch.
    bytes: usize,
    /// Of the record.
    key: Option<Vec<u8>>,
    record: Vec<u8>,
}

impl Records<'_> {
    fn put(&mut self, (term, positions): &List) -> Result<(), DerivedFault> {
        let Some(first) = positions.first() else {
            return Ok(());
        };
        self.key
            .get_or_insert_with(|| list_key(self.run, term, *first));
        push_list(&mut self.record, term, positions);
        match RECORD_BYTES <= self.record.len() {
            true => self.close(),
            false => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), DerivedFault> {
        if let Some(key) = self.key.take() {
            let record = std::mem::take(&mut self.record);
            self.bytes += record.len();
            self.batch.put(key, record).map_err(invalid)?;
        }
        match self.batch.len() == DerivedBatch::KEYS_MAX || BATCH_BYTES <= self.bytes {
            true => self.apply(),
            false => Ok(()),
        }
    }

    fn apply(&mut self) -> Result<(), DerivedFault> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        match batch.is_empty() {
            true => Ok(()),
            false => self.store.apply(self.ledger, batch),
        }
    }
}

/// Removes the lists of a run.
pub(super) fn remove(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
) -> Result<(), DerivedFault> {
    remove_prefix(store, ledger, &prefix(run))
}

/// Which positions of a list are asked for.
pub(super) struct Asked<'a> {
    pub(super) term: &'a [u8],
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) direction: Direction,
    /// How many there may be in what is found, with those that are there already.
    pub(super) most: usize,
}

/// Appends positions of a run to `found`.
pub(super) fn read(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
    asked: &Asked<'_>,
    found: &mut Vec<u64>,
) -> Result<(), DerivedFault> {
    let Asked {
        term,
        from,
        to,
        direction,
        most,
    } = *asked;
    if to <= from || most <= found.len() {
        return Ok(());
    }
    // A record that begins before may reach into what is asked for.
    let start = list_key(run, term, from);
    let before = DerivedRange::between(&prefix(run), &start);
    let mut range = match store.scan_back(ledger, &before, 1)?.pop() {
        Some((key, _)) => (key.to_vec(), list_key(run, term, to)),
        None => (start, list_key(run, term, to)),
    };
    loop {
        let between = DerivedRange::between(&range.0, &range.1);
        let page = match direction {
            Direction::Forward => store.scan(ledger, &between, PAGE)?,
            Direction::Backward => store.scan_back(ledger, &between, PAGE)?,
        };
        let Some((key, _)) = page.last() else {
            return Ok(());
        };
        match direction {
            Direction::Forward => {
                range.0 = key.to_vec();
                range.0.push(0);
            }
            Direction::Backward => range.1 = key.to_vec(),
        }
        for (_, record) in &page {
            let lists = Lists(record).filter(|(of, _)| *of == term);
            let positions = lists.flat_map(|(_, positions)| decode(positions));
            let mut positions: Vec<u64> = positions
                .filter(|position| from <= *position && *position < to)
                .collect();
            if direction == Direction::Backward {
                positions.reverse();
            }
            positions.truncate(most - found.len());
            found.extend(positions);
        }
        if found.len() == most {
            return Ok(());
        }
    }
}

/// The lists of several runs in their order; of one term, those of earlier positions come first.
pub(super) fn merged<'a>(
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    runs: &[Run],
) -> impl Iterator<Item = Result<List, DerivedFault>> + use<'a> {
    // Compared as keys are.
    let in_order = |listed: Listed| (listed.term.len(), listed.term, listed.positions);
    let lists = |run: &Run| {
        let lists = all(store, ledger, run.number);
        lists.map(move |listed| listed.map(in_order))
    };
    let merged = runs::merged(runs.iter().map(lists).collect());
    merged.map(|list| list.map(|(_, term, positions)| (term, positions)))
}

/// A list as it was found in its run.
pub(super) struct Listed {
    pub(super) term: Vec<u8>,
    pub(super) positions: Vec<u64>,
    /// Whether its record stands where a search looks for it; of the first in a record.
    pub(super) in_place: bool,
}

/// The lists of one run in the order of its records.
pub(super) fn all<'a>(
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    run: u32,
) -> impl Iterator<Item = Result<Listed, DerivedFault>> + use<'a> {
    let listed = move |(key, record): (Bytes, Bytes)| -> Vec<Result<Listed, DerivedFault>> {
        let lists = Lists(&record).enumerate();
        let listed = lists.map(|(number, (term, positions))| {
            let positions = decode(positions);
            let place = list_key(run, term, positions.first().copied().unwrap_or(0));
            Listed {
                in_place: 0 < number || key == place,
                term: term.to_vec(),
                positions,
            }
        });
        listed.map(Ok).collect()
    };
    let records = runs::records(store, ledger, &prefix(run));
    records.flat_map(move |record| record.map_or_else(|fault| vec![Err(fault)], listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_encoding() {
        let lists: [(&[u8], Vec<u64>); 4] = [
            (b"s1", vec![0]),
            (b"s2", vec![5, 6, 1 << 40, (1 << 40) + 1]),
            (b"", vec![u64::MAX]),
            (b"t", (0..10_000).collect()),
        ];
        let mut record = Vec::new();
        for (term, positions) in &lists {
            push_list(&mut record, term, positions);
        }
        let read: Vec<_> = Lists(&record)
            .map(|(term, positions)| (term, decode(positions)))
            .collect();
        assert_eq!(read, lists);
        // What is cut off is no list.
        record.pop();
        assert_eq!(Lists(&record).count(), 3);
    }
}
