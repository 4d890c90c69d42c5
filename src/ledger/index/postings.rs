//! Posting lists: ascending positions of the events that have a term.

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};

use super::{Direction, Term, invalid};

/// Positions of one list record: even at five bytes a gap below the store's limit for a value.
const PER_RECORD: usize = 6_000;
/// List records read at once.
const PAGE: usize = 16;

fn prefix(term: &[u8]) -> Vec<u8> {
    let mut key = vec![b'p', u8::try_from(term.len()).unwrap_or(u8::MAX)];
    key.extend_from_slice(term);
    key
}

fn list_key(term: &[u8], first: u64) -> Vec<u8> {
    let mut key = prefix(term);
    key.extend_from_slice(&first.to_be_bytes());
    key
}

/// The term that the list under `key` is of.
pub(super) fn term_of(key: &[u8]) -> Option<&[u8]> {
    let (length, rest) = key.strip_prefix(b"p")?.split_first()?;
    let (term, first) = rest.split_at_checked(usize::from(*length))?;
    (first.len() == 8).then_some(term)
}

fn push_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn encode(positions: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(positions.len() * 2 + 8);
    let mut last = 0;
    for position in positions {
        push_leb128(&mut bytes, position - last);
        last = *position;
    }
    bytes
}

/// The positions of a list.
pub(super) fn decode(bytes: &[u8]) -> Vec<u64> {
    let (mut positions, mut last, mut value, mut shift) = (Vec::new(), 0_u64, 0_u64, 0);
    for byte in bytes {
        if shift < 64 {
            value |= u64::from(byte & 0x7f) << shift;
        }
        shift += 7;
        if byte & 0x80 == 0 {
            last = last.saturating_add(value);
            positions.push(last);
            (value, shift) = (0, 0);
        }
    }
    positions
}

/// Writes one list for each term. Written again with more, a list replaces the one of the same start.
pub(super) fn write(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    postings: &super::HashMap<Term, Vec<u64>>,
) -> Result<(), DerivedFault> {
    let mut terms: Vec<_> = postings.iter().collect();
    // In the order of keys, so that neighbours land on the same pages.
    terms.sort_unstable_by_key(|(term, _)| *term);
    let (mut batch, mut bytes) = (DerivedBatch::new(), 0);
    for (term, positions) in terms {
        for part in positions.chunks(PER_RECORD) {
            let Some(first) = part.first() else { continue };
            let value = encode(part);
            bytes += value.len();
            batch
                .put(list_key(term.as_bytes(), *first), value)
                .map_err(invalid)?;
            if batch.len() >= DerivedBatch::KEYS_MAX || bytes >= DerivedBatch::VALUE_BYTES_MAX {
                store.apply(ledger, std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
    }
    if batch.is_empty() {
        Ok(())
    } else {
        store.apply(ledger, batch)
    }
}

/// Appends up to `limit` positions of `term` in `from..to` to `found`.
#[expect(
    clippy::too_many_arguments,
    reason = "one caller; a struct would only rename them"
)]
pub(super) fn read(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    term: &[u8],
    from: u64,
    to: u64,
    direction: Direction,
    limit: usize,
    found: &mut Vec<u64>,
) -> Result<(), DerivedFault> {
    if to <= from || limit == 0 {
        return Ok(());
    }
    let end = found.len() + limit;
    // A list that begins before `from` may reach into the range.
    let before = DerivedRange::between(&prefix(term), &list_key(term, from));
    let start = match store.scan_back(ledger, &before, 1)?.pop() {
        Some((key, _)) => key.to_vec(),
        None => list_key(term, from),
    };
    let mut range = (start, list_key(term, to));
    // An interrupted write leaves lists that a later one replaced from an earlier start on, so positions
    // are taken only once, in order.
    let mut last: Option<u64> = None;
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
        for (_, value) in &page {
            let mut positions = decode(value);
            if direction == Direction::Backward {
                positions.reverse();
            }
            for position in positions {
                let fresh = match (last, direction) {
                    (None, _) => true,
                    (Some(last), Direction::Forward) => last < position,
                    (Some(last), Direction::Backward) => position < last,
                };
                if fresh && from <= position && position < to {
                    if found.len() == end {
                        return Ok(());
                    }
                    last = Some(position);
                    found.push(position);
                }
            }
        }
        if found.len() == end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_encoding() {
        for list in [
            vec![],
            vec![0],
            vec![5, 6, 1 << 40, (1 << 40) + 1],
            (0..10_000).collect(),
        ] {
            assert_eq!(decode(&encode(&list)), list);
        }
    }
}
