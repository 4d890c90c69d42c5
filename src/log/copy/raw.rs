//! sled's files as the disk holds them: every message of its log against its checksum.
//!
//! sled keeps what is used in memory, so reading through it says little of the disk. Here nothing is understood but what is needed to
//! tell where a message ends. Of version 0.34, all integers little-endian:
//!
//! ```text
//! db, in segments of 8 MiB
//!    0   4  crc32 of the 16 bytes behind it, inverted
//!    4   8  the sequence number that the segment begins at, inverted but for the sign    8  another one
//!   20   .  messages, one after the other; zeros, or nothing, where none was written yet; less than 32 bytes at the end are not used
//!
//! message
//!    0   4  crc32 over the body and what stands between here and the body, inverted
//!    4   1  kind: 2 fills the segment up
//!    5   .  length of the body, number of the segment, number of the page: varints as SQLite 4 has them
//!        .  body
//!
//! snap.*    . the snapshot    8 its length    4 crc32 of it
//! conf      . the settings    4 crc32 of them
//! ```
//! A segment that is free is zeros after an open; later it has what it had. One that is being written anew has both.

use crc32fast::Hasher;

/// How long the segments of the file are.
pub(crate) const SEGMENT_BYTES: usize = super::SEGMENT_BYTES;
const HEADER_BYTES: usize = 20;
/// No message begins nearer to the end of a segment.
const MESSAGE_HEADER_BYTES_MAX: usize = 32;
const FILLING: u8 = 2;
const KIND_MAX: u8 = 11;
/// How much is hashed at most to find a message behind one that is damaged.
const SEARCH_BYTES_MAX: usize = 16 * SEGMENT_BYTES;

/// Where a segment does not hold what was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unlike {
    /// The byte, in the segment.
    pub(crate) at: usize,
    /// Which check failed.
    pub(crate) check: &'static str,
}

/// The sequence number that a segment begins at; nothing if `header` is not the beginning of one.
pub(crate) fn sequence(header: &[u8]) -> Option<u64> {
    let header = header.first_chunk::<HEADER_BYTES>()?;
    let (crc, fields) = header.split_first_chunk::<4>()?;
    let sequence = u64::from_le_bytes(*fields.first_chunk()?) ^ i64::MAX as u64;
    let is_right = u32::from_le_bytes(*crc) == !crc32(&[fields]);
    let begins = is_right && sequence.is_multiple_of(SEGMENT_BYTES as u64);
    begins.then_some(sequence)
}

/// Checks a segment. More may be written at the end of the one with the highest sequence number, `is_last`: there only
/// what has a whole message behind it must be whole.
pub(crate) fn check_segment(segment: &[u8], is_last: bool) -> Result<(), Unlike> {
    if is_zero(segment) {
        return Ok(());
    }
    let Some(sequence) = sequence(segment) else {
        let check = "the beginning of a segment";
        return Err(Unlike { at: 0, check });
    };
    let number = sequence / SEGMENT_BYTES as u64;
    let mut at = HEADER_BYTES;
    while at + MESSAGE_HEADER_BYTES_MAX <= SEGMENT_BYTES {
        match message(segment, at, number) {
            Some((FILLING, _)) => return Ok(()),
            Some((_, end)) => at = end,
            None if is_zero(&segment[at.min(segment.len())..]) => return Ok(()),
            None if is_last && !is_written_behind(segment, at, number) => return Ok(()),
            None => {
                let check = "crc32 of a message";
                return Err(Unlike { at, check });
            }
        }
    }
    Ok(())
}

/// The kind of the message at `at`, and where it ends, if it is whole and of this segment.
fn message(segment: &[u8], at: usize, number: u64) -> Option<(u8, usize)> {
    let claimed = claimed(segment, at, number)?;
    let header = &segment[at + 4..claimed.body];
    let body = &segment[claimed.body..claimed.end];
    (claimed.crc == !crc32(&[body, header])).then_some((claimed.kind, claimed.end))
}

/// What stands at the beginning of a message.
struct Claimed {
    crc: u32,
    kind: u8,
    body: usize,
    end: usize,
}

fn claimed(segment: &[u8], at: usize, number: u64) -> Option<Claimed> {
    let (crc, rest) = segment.get(at..)?.split_first_chunk::<4>()?;
    let (&kind, mut rest) = rest.split_first()?;
    if !(1..=KIND_MAX).contains(&kind) {
        return None;
    }
    let len = usize::try_from(varint(&mut rest)?).ok()?;
    if varint(&mut rest)? != number {
        return None;
    }
    varint(&mut rest)?;
    let body = segment.len() - rest.len();
    (len <= rest.len()).then(|| Claimed {
        crc: u32::from_le_bytes(*crc),
        kind,
        body,
        end: body + len,
    })
}

/// Whether a whole message of this segment stands behind `at`.
fn is_written_behind(segment: &[u8], at: usize, number: u64) -> bool {
    let mut hashed = 0;
    for at in at + 1..segment.len() {
        if let Some(claimed) = claimed(segment, at, number) {
            hashed += claimed.end - at;
            if message(segment, at, number).is_some() {
                return true;
            }
        }
        if SEARCH_BYTES_MAX < hashed {
            return false;
        }
    }
    false
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let more = match first {
        0..=240 => 0,
        241..=248 => 1,
        249 => 2,
        _ => usize::from(first) - 247,
    };
    let (tail, rest) = rest.split_at_checked(more)?;
    *bytes = rest;
    Some(match tail {
        [] => u64::from(first),
        [low] => 240 + 256 * (u64::from(first) - 241) + u64::from(*low),
        [high, low] => 2_288 + 256 * u64::from(*high) + u64::from(*low),
        tail => {
            let mut number = [0; 8];
            number[..tail.len()].copy_from_slice(tail);
            u64::from_le_bytes(number)
        }
    })
}

/// Checks one of the small files, by its name. Others than the two sorts that there are have nothing to be checked.
pub(crate) fn check_small(name: &str, bytes: &[u8]) -> Result<(), Unlike> {
    let trailer = match name {
        "conf" => 4,
        name if name.starts_with("snap.") => 12,
        _ => return Ok(()),
    };
    let whole = bytes.split_last_chunk::<4>().is_some_and(|(_, crc)| {
        let body = bytes.len().checked_sub(trailer);
        body.is_some_and(|body| u32::from_le_bytes(*crc) == crc32(&[&bytes[..body]]))
    });
    let (at, check) = (0, "crc32 of the file");
    whole.then_some(()).ok_or(Unlike { at, check })
}

fn crc32(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

fn is_zero(bytes: &[u8]) -> bool {
    crate::log::journal::record::used(bytes) == 0
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::domain::id::LedgerId;
    use crate::log::conformance::ledger;
    use crate::log::copy::{CopyBatch, ReadCopy};
    use crate::log::journal::FolderId;

    /// Everything that is wrong with sled's files in a folder that nobody has open.
    fn wrong(dir: &Path) -> Vec<(String, usize)> {
        let mut wrong = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let bytes = match entry.file_type().unwrap().is_file() {
                true => fs::read(entry.path()).unwrap(),
                false => continue,
            };
            if name != "db" {
                let unlike = check_small(&name, &bytes).err();
                wrong.extend(unlike.map(|unlike| (name, unlike.at)));
                continue;
            }
            let last = bytes.chunks(SEGMENT_BYTES).filter_map(sequence).max();
            for (segment, begins) in bytes
                .chunks(SEGMENT_BYTES)
                .zip((0..).step_by(SEGMENT_BYTES))
            {
                let is_last = sequence(segment) == last;
                let unlike = check_segment(segment, is_last).err();
                wrong.extend(unlike.map(|unlike| (name.clone(), begins + unlike.at)));
            }
        }
        wrong
    }

    fn put(copy: &ReadCopy, of: LedgerId, n: u32, bytes: usize) {
        let mut batch = CopyBatch::default();
        let value: Vec<u8> = (0..bytes as u32)
            .map(|i| ((i * (n + 7)) >> 3) as u8)
            .collect();
        batch.put_derived(of, &n.to_be_bytes(), &value);
        copy.apply(batch).unwrap();
    }

    #[test]
    fn whatever_sled_writes_is_whole_while_it_grows_is_rewritten_and_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let open = || ReadCopy::open(dir.path(), FolderId([1; 16]), 1024 * 1024).unwrap();
        for round in 0..6_u32 {
            let copy = open();
            for n in 0..900 {
                // Some are new, most are rewritten, so that segments are freed and used again.
                put(&copy, ledger(1), (n * 37) % (300 + 100 * round), 20_000);
            }
            copy.checkpoint().unwrap();
            assert_eq!(wrong(dir.path()), [], "round {round}");
            if round % 2 == 1 {
                copy.derived_clear(ledger(1)).unwrap();
            }
            drop(copy);
            drop(open());
            assert_eq!(wrong(dir.path()), [], "closed, round {round}");
        }
        let bytes = fs::read(dir.path().join("db")).unwrap();
        assert!(bytes.len() > 3 * SEGMENT_BYTES, "{}", bytes.len());
    }

    #[test]
    fn every_changed_byte_that_has_something_behind_it_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let copy = ReadCopy::open(dir.path(), FolderId([1; 16]), 1024 * 1024).unwrap();
        (0..30).for_each(|n| put(&copy, ledger(1), n, 200));
        copy.checkpoint().unwrap();
        // The last message has nothing behind it that would tell it from one that is being written.
        let behind = fs::read(dir.path().join("db")).unwrap();
        let behind = crate::log::journal::record::used(&behind);
        put(&copy, ledger(2), 0, 50);
        copy.checkpoint().unwrap();
        drop(copy);
        let whole = fs::read(dir.path().join("db")).unwrap();
        assert_eq!(check_segment(&whole, true), Ok(()));
        assert!(behind > 6_000, "{behind}");
        for at in 0..behind {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(check_segment(&changed, true).is_err(), "{at}");
        }
        for name in ["conf"] {
            let whole = fs::read(dir.path().join(name)).unwrap();
            assert_eq!(check_small(name, &whole), Ok(()));
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1 << (at % 8);
                assert!(check_small(name, &changed).is_err(), "{name} {at}");
            }
        }
    }
}
