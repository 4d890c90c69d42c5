//! The records of the journal: one enum, encoded and decoded here and nowhere else.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::domain::id::LedgerId;
use crate::log::chunk::{framed_len, put_frame};
use crate::log::head::{Checkpoint, Head, Leaf};
use crate::log::journal::{FolderId, RECORD_BYTES_MAX};
use crate::merkle::{Frontier, Hash};

pub(crate) const MAGIC: [u8; 4] = *b"DJrc";
const SEAL_END_MAGIC: [u8; 4] = *b"DJse";
pub(crate) const HEADER_BYTES: usize = 24;
pub(crate) const ALIGN: usize = 8;
const SECTION_BYTES: usize = 80;
const AFTER_SYNC: u8 = 1;

/// A record of the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Record {
    /// The commits that one sync covers.
    Group(Vec<Section>),
    /// A signed statement about a ledger.
    Checkpoint(Checkpoint),
    /// What the read copy holds durably.
    Mark(Vec<(LedgerId, Head)>),
    /// The state after a segment.
    Seal(Seal),
}

impl Record {
    /// Whether it is what a segment ends with.
    pub(crate) fn is_seal_of(&self, segment: u32) -> bool {
        matches!(self, Self::Seal(seal) if seal.segment == segment)
    }
}

/// One ledger's part of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Section {
    pub(crate) ledger: LedgerId,
    pub(crate) generation: u64,
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// The root after it.
    pub(crate) root: Hash,
    /// The leaves in the stored framing.
    pub(crate) framed: Bytes,
}

impl Section {
    /// The size after it.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// The head after it.
    pub(crate) fn head(&self) -> Head {
        Head {
            generation: self.generation,
            size: self.end(),
            root: self.root,
        }
    }
}

/// The state of all ledgers after a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seal {
    pub(crate) segment: u32,
    /// SHA-256 of the segment's file before its seal.
    pub(crate) digest: Hash,
    pub(crate) ledgers: Vec<SealedLedger>,
}

/// One ledger in a seal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SealedLedger {
    pub(crate) ledger: LedgerId,
    pub(crate) generation: u64,
    pub(crate) frontier: Frontier,
    /// What the last mark said of it.
    pub(crate) marked: Head,
}

/// What stands at an offset of a segment that does not hold an intact record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoRecord {
    /// Nothing was written here.
    End,
    /// Something was: these bytes fail this check.
    Damaged(&'static str),
}

/// A record with what its header says.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) record: Record,
    pub(crate) ordinal: u32,
    pub(crate) after_sync: bool,
    /// The length of the whole record.
    pub(crate) length: usize,
}

/// A section that is about to be written.
pub(crate) struct SectionDraft<'a> {
    pub(crate) ledger: LedgerId,
    pub(crate) generation: u64,
    pub(crate) first: u64,
    pub(crate) root: Hash,
    pub(crate) leaves: &'a [Leaf],
}

/// The place of a record: its sequence, and whether a sync stood before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) folder: FolderId,
    pub(crate) segment: u32,
    pub(crate) ordinal: u32,
    pub(crate) after_sync: bool,
}

/// Encodes a group from leaves, copying each of them once.
pub(crate) fn put_group(into: &mut BytesMut, place: Place, sections: &[SectionDraft<'_>]) {
    let framed = |section: &SectionDraft<'_>| -> usize {
        section
            .leaves
            .iter()
            .map(|leaf| framed_len(leaf.bytes.len()))
            .sum()
    };
    let lengths: Vec<usize> = sections.iter().map(framed).collect();
    let body = 4 + sections.len() * SECTION_BYTES + lengths.iter().sum::<usize>();
    put_record(into, place, 1, body, |into| {
        into.put_u32(sections.len() as u32);
        for (section, length) in sections.iter().zip(lengths) {
            let count = section.leaves.len() as u32;
            put_section(
                into,
                &Section {
                    ledger: section.ledger,
                    generation: section.generation,
                    first: section.first,
                    count,
                    root: section.root,
                    framed: Bytes::new(),
                },
                length,
            );
        }
        for leaf in sections.iter().flat_map(|section| section.leaves) {
            put_frame(into, &leaf.bytes);
        }
    });
}

/// Encodes any record.
pub(crate) fn put(into: &mut BytesMut, place: Place, record: &Record) {
    match record {
        Record::Group(sections) => {
            let leaves: usize = sections.iter().map(|section| section.framed.len()).sum();
            let body = 4 + sections.len() * SECTION_BYTES + leaves;
            put_record(into, place, 1, body, |into| {
                into.put_u32(sections.len() as u32);
                sections
                    .iter()
                    .for_each(|s| put_section(into, s, s.framed.len()));
                sections.iter().for_each(|s| into.put_slice(&s.framed));
            });
        }
        Record::Checkpoint(checkpoint) => {
            put_record(into, place, 2, 60 + checkpoint.note.len(), |into| {
                into.put_slice(checkpoint.ledger.as_bytes());
                into.put_u64(checkpoint.size);
                into.put_slice(checkpoint.root.as_bytes());
                into.put_u32(checkpoint.note.len() as u32);
                into.put_slice(&checkpoint.note);
            });
        }
        Record::Mark(marks) => {
            put_record(into, place, 3, 4 + marks.len() * 64, |into| {
                into.put_u32(marks.len() as u32);
                for (ledger, head) in marks {
                    into.put_slice(ledger.as_bytes());
                    put_head(into, head);
                }
            });
        }
        Record::Seal(seal) => put_seal(into, place, seal),
    }
}

fn put_seal(into: &mut BytesMut, place: Place, seal: &Seal) {
    let frontiers: Vec<Vec<u8>> = seal.ledgers.iter().map(|l| l.frontier.encode()).collect();
    let frontier_bytes: usize = frontiers.iter().map(Vec::len).sum();
    let body = 44 + seal.ledgers.len() * 108 + frontier_bytes;
    // The last 8 bytes tell where the record begins, so that it is found from the end of the file.
    let length = (HEADER_BYTES + body + 8).next_multiple_of(ALIGN);
    put_record(into, place, 4, length - HEADER_BYTES, |into| {
        into.put_u32(seal.segment);
        into.put_u32(0);
        into.put_slice(seal.digest.as_bytes());
        into.put_u32(seal.ledgers.len() as u32);
        for (sealed, frontier) in seal.ledgers.iter().zip(frontiers) {
            into.put_slice(sealed.ledger.as_bytes());
            into.put_u64(sealed.generation);
            into.put_slice(sealed.frontier.root().as_bytes());
            put_head(into, &sealed.marked);
            into.put_u32(frontier.len() as u32);
            into.put_slice(&frontier);
        }
        into.put_bytes(0, length - HEADER_BYTES - body - 8);
        into.put_u32(length as u32);
        into.put_slice(&SEAL_END_MAGIC);
    });
}

fn put_section(into: &mut BytesMut, section: &Section, framed_len: usize) {
    into.put_slice(section.ledger.as_bytes());
    into.put_u64(section.generation);
    into.put_u64(section.first);
    into.put_u32(section.count);
    into.put_u32(framed_len as u32);
    into.put_u64(section.end());
    into.put_slice(section.root.as_bytes());
}

fn put_head(into: &mut BytesMut, head: &Head) {
    into.put_u64(head.generation);
    into.put_u64(head.size);
    into.put_slice(head.root.as_bytes());
}

fn put_record(
    into: &mut BytesMut,
    place: Place,
    kind: u8,
    body_len: usize,
    body: impl FnOnce(&mut BytesMut),
) {
    let begin = into.len();
    let length = (HEADER_BYTES + body_len).next_multiple_of(ALIGN);
    into.reserve(length);
    into.put_slice(&MAGIC);
    into.put_u32(length as u32);
    into.put_u32(0);
    into.put_u8(kind);
    into.put_u8(if place.after_sync { AFTER_SYNC } else { 0 });
    into.put_u16(0);
    into.put_u32(place.segment);
    into.put_u32(place.ordinal);
    body(into);
    into.put_bytes(0, begin + length - into.len());
    put_crc(place.folder, &mut into[begin..]);
}

/// Makes the checksum of a whole record right.
pub(crate) fn put_crc(folder: FolderId, record: &mut [u8]) {
    let crc = crc(folder, record);
    record[8..12].copy_from_slice(&crc.to_be_bytes());
}

fn crc(folder: FolderId, record: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&folder.0);
    let crc = crc32c::crc32c_append(crc, &record[..8]);
    crc32c::crc32c_append(crc, &record[12..])
}

/// The length that a record header claims, if it can be one; used to read no more than needed.
pub(crate) fn claimed_len(header: &[u8; HEADER_BYTES]) -> Result<usize, NoRecord> {
    if header == &[0; HEADER_BYTES] {
        return Err(NoRecord::End);
    }
    let (magic, rest) = header.split_at(4);
    let mut rest = rest;
    let length = rest.get_u32() as usize;
    let fits = length.is_multiple_of(ALIGN) && (HEADER_BYTES..=RECORD_BYTES_MAX).contains(&length);
    match magic == MAGIC && fits {
        true => Ok(length),
        false => Err(NoRecord::Damaged("record header")),
    }
}

/// Where the zeros begin that `bytes` ends with.
pub(crate) fn used(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut end = bytes.len();
    while let Some(block) = bytes[..end].last_chunk::<4096>()
        && *block == ZEROS
    {
        end -= ZEROS.len();
    }
    bytes[..end]
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1)
}

/// Decodes the record at `at`, with its leaves as slices of `file`.
pub(crate) fn decode(
    file: &Bytes,
    at: usize,
    folder: FolderId,
    segment: u32,
) -> Result<Decoded, NoRecord> {
    let rest = file.get(at..).unwrap_or_default();
    let blank = || match used(rest) {
        0 => NoRecord::End,
        _ => NoRecord::Damaged("record header"),
    };
    let header = rest.first_chunk::<HEADER_BYTES>().ok_or_else(blank)?;
    let length = claimed_len(header).map_err(|none| match none {
        NoRecord::End => blank(),
        damaged => damaged,
    })?;
    let record = rest
        .get(..length)
        .ok_or(NoRecord::Damaged("record length"))?;
    let mut fields = &record[8..HEADER_BYTES];
    if fields.get_u32() != crc(folder, record) {
        return Err(NoRecord::Damaged("record crc32c"));
    }
    let (kind, flags, _, of) = (
        fields.get_u8(),
        fields.get_u8(),
        fields.get_u16(),
        fields.get_u32(),
    );
    let ordinal = fields.get_u32();
    if of != segment {
        return Err(NoRecord::Damaged("record of another segment"));
    }
    // A file is sealed long before, and whoever goes on behind this one counts on.
    if ordinal == u32::MAX {
        return Err(NoRecord::Damaged("record sequence"));
    }
    let body = file.slice(at + HEADER_BYTES..at + length);
    let record = decode_body(kind, body).ok_or(NoRecord::Damaged("record body"))?;
    Ok(Decoded {
        record,
        ordinal,
        after_sync: flags & AFTER_SYNC != 0,
        length,
    })
}

fn decode_body(kind: u8, mut body: Bytes) -> Option<Record> {
    match kind {
        1 => decode_group(body),
        2 => {
            let (ledger, size, root) = (ledger(&mut body)?, u64(&mut body)?, hash(&mut body)?);
            let length = u32(&mut body)? as usize;
            let note = (length <= body.len()).then(|| body.slice(..length))?;
            Some(Record::Checkpoint(Checkpoint {
                ledger,
                size,
                root,
                note,
            }))
        }
        3 => {
            let count = u32(&mut body)?;
            let mark = |_| Some((ledger(&mut body)?, head(&mut body)?));
            (0..count)
                .map(mark)
                .collect::<Option<_>>()
                .map(Record::Mark)
        }
        4 => {
            let (segment, _, digest) = (u32(&mut body)?, u32(&mut body)?, hash(&mut body)?);
            let count = u32(&mut body)?;
            let ledgers = (0..count)
                .map(|_| sealed_ledger(&mut body))
                .collect::<Option<_>>()?;
            Some(Record::Seal(Seal {
                segment,
                digest,
                ledgers,
            }))
        }
        _ => None,
    }
}

fn decode_group(mut body: Bytes) -> Option<Record> {
    let count = u32(&mut body)? as usize;
    let mut table = body.split_to(
        count
            .checked_mul(SECTION_BYTES)
            .filter(|&l| l <= body.len())?,
    );
    let mut sections = Vec::with_capacity(count);
    for _ in 0..count {
        let (section, framed_len) = decode_section(&mut table)?;
        if framed_len > body.len() {
            return None;
        }
        sections.push(Section {
            framed: body.split_to(framed_len),
            ..section
        });
    }
    Some(Record::Group(sections))
}

fn decode_section(table: &mut Bytes) -> Option<(Section, usize)> {
    let (ledger, generation, first) = (ledger(table)?, u64(table)?, u64(table)?);
    let (count, framed_len, end) = (u32(table)?, u32(table)?, u64(table)?);
    let root = hash(table)?;
    let section = Section {
        ledger,
        generation,
        first,
        count,
        root,
        framed: Bytes::new(),
    };
    (first.checked_add(u64::from(count)) == Some(end)).then_some((section, framed_len as usize))
}

fn sealed_ledger(body: &mut Bytes) -> Option<SealedLedger> {
    let (ledger, generation, root) = (ledger(body)?, u64(body)?, hash(body)?);
    let marked = head(body)?;
    let length = u32(body)? as usize;
    let frontier = (length <= body.len()).then(|| body.split_to(length))?;
    let frontier = Frontier::decode(&frontier).ok()?;
    (frontier.root() == root).then_some(SealedLedger {
        ledger,
        generation,
        frontier,
        marked,
    })
}

fn u32(body: &mut Bytes) -> Option<u32> {
    body.try_get_u32().ok()
}

fn u64(body: &mut Bytes) -> Option<u64> {
    body.try_get_u64().ok()
}

fn hash(body: &mut Bytes) -> Option<Hash> {
    let mut hash = [0; Hash::BYTES];
    body.try_copy_to_slice(&mut hash)
        .ok()
        .map(|()| Hash::new(hash))
}

fn ledger(body: &mut Bytes) -> Option<LedgerId> {
    let mut id = [0; 16];
    body.try_copy_to_slice(&mut id).ok()?;
    LedgerId::from_bytes(&id).ok()
}

fn head(body: &mut Bytes) -> Option<Head> {
    Some(Head {
        generation: u64(body)?,
        size: u64(body)?,
        root: hash(body)?,
    })
}

/// Where the seal at the end of a segment's file begins, by its last 8 bytes.
pub(crate) fn seal_offset(file_len: u64, last: [u8; 8]) -> Option<u64> {
    let (mut length, magic) = last.split_at(4);
    let length = u64::from(length.get_u32());
    (magic == SEAL_END_MAGIC)
        .then(|| file_len.checked_sub(length))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_a_number_behind_which_there_is_another() {
        let folder = FolderId([7; 16]);
        for (ordinal, expected) in [(u32::MAX - 1, Ok(u32::MAX - 1)), (u32::MAX, Err(()))] {
            let mut bytes = BytesMut::new();
            let place = Place {
                folder,
                segment: 1,
                ordinal,
                after_sync: true,
            };
            put(&mut bytes, place, &Record::Mark(Vec::new()));
            let decoded = decode(&bytes.freeze(), 0, folder, 1);
            let read = decoded.map(|decoded| decoded.ordinal).map_err(|_| ());
            assert_eq!(read, expected);
        }
    }
}
