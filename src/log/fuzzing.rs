//! What is stored, before the targets of `tests/fuzz`: they hand in any bytes as a file or record. Nothing may panic, and what is
//! read says the same after it was written again.
//!
//! Checksums are made right where that is asked for, so that what they keep out is met too.

use std::fs;
use std::io;
use std::path::Path;

use bytes::{Bytes, BytesMut};

use crate::log::OpenError;
use crate::log::copy::record::CopyRecord;
use crate::log::cut::{journal_cut, journal_heads};
use crate::log::embedded::folder::{DataFolder, read_heads};
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::record::{self, ALIGN, Place};
use crate::log::journal::segment::{self, HEADER_BYTES, Header, Scan};
use crate::log::journal::{FolderId, Ledgers};

const FOLDER: FolderId = FolderId([7; 16]);

/// Whether checksums are left as they are, or made right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksums {
    /// As they are.
    AsTheyAre,
    /// Right.
    Right,
}

/// A segment of the journal. Each of its records is written again.
pub fn segment(bytes: &[u8], checksums: Checksums) {
    let file = with_checksums(bytes, 1, checksums);
    let scan = Scan::of(file.into(), FOLDER, 1);
    let mut end = HEADER_BYTES;
    let mut ledgers = scan.opening().map(Ledgers::from).unwrap_or_default();
    for found in &scan.records {
        assert!(end <= found.offset && found.offset.is_multiple_of(ALIGN));
        end = found.offset + found.decoded.length;
        let place = Place {
            folder: FOLDER,
            segment: 1,
            ordinal: found.decoded.ordinal,
            after_sync: found.decoded.after_sync,
        };
        let mut again = BytesMut::new();
        record::put(&mut again, place, &found.decoded.record);
        let again = record::decode(&again.freeze(), 0, FOLDER, 1);
        let again = again.expect("what was written is read");
        assert_eq!(again.record, found.decoded.record);
        assert_eq!(again.ordinal, found.decoded.ordinal);
        let _ = ledgers.follow(&found.decoded.record);
    }
    assert!(end <= scan.file.len().max(HEADER_BYTES));
    assert!(scan.holes.iter().all(|hole| hole.from <= hole.to));
    let _ = (ledgers.events(), scan.seal(1));
}

/// A compressed segment, as the file `path`. All of it at once is the same as piece by piece.
pub fn packed(path: &Path, bytes: &[u8], checksums: Checksums) {
    let mut file = bytes.to_vec();
    if checksums == Checksums::Right
        && let Some((header, rest)) = file.split_first_chunk_mut::<HEADER_BYTES>()
    {
        let packed = Some(crc32c::crc32c(rest));
        *header = Header { packed, ..HEADER }.encode();
    }
    fs::write(path, file).expect("a file");
    let Ok(file) = SegmentFile::open(path) else {
        return;
    };
    let len = file.len().expect("a length");
    let Ok((all, form)) = file.read() else {
        return;
    };
    assert_eq!(all.len() as u64, len);
    if form.is_ok() && form == file.outer() {
        let mut at = 0;
        for piece in all.chunks(1_021) {
            let mut read = vec![0; piece.len()];
            // A frame that cannot be unpacked came as zeros.
            match file.read_exact_at(&mut read, at) {
                Ok(()) => assert_eq!(read, piece),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData),
            }
            at += piece.len() as u64;
        }
    }
    let _ = Scan::of(all, FOLDER, 1);
}

/// Two segments of a data folder at `root`, the first of which has `first` of the bytes: a file is whole or damaged, never unreadable.
pub fn folder(root: &Path, bytes: &[u8], first: usize, checksums: Checksums) {
    if !root.join("format").exists() {
        let folder = DataFolder::take(root).expect("a folder");
        folder.write_format(FOLDER).expect("a format");
        fs::create_dir_all(folder.journal()).expect("a journal");
        folder.release();
    }
    let (first, second) = bytes.split_at(first.min(bytes.len()));
    for (number, bytes) in [(1, first), (2, second)] {
        let file = with_checksums(bytes, number, checksums);
        fs::write(segment::path(&root.join("journal"), number), file).expect("a file");
    }
    let is_told = |error: Option<OpenError>| match error {
        Some(OpenError::Io { what, source }) => panic!("{what}: {source}"),
        Some(OpenError::Refused { .. } | OpenError::Newer { .. }) | None => {}
        Some(other) => panic!("{other}"),
    };
    is_told(journal_cut(root).err());
    is_told(journal_heads(root).err());
}

/// The file `heads` of a data folder at `root`, written again.
pub fn heads(root: &Path, bytes: &[u8], checksums: Checksums) {
    let mut file = bytes.to_vec();
    if checksums == Checksums::Right {
        let crc = crc32c::crc32c(&file);
        file.extend_from_slice(format!("crc32c {crc:08x}\n").as_bytes());
    }
    fs::create_dir_all(root).expect("a folder");
    fs::write(root.join("heads"), file).expect("a file");
    let Ok(heads) = read_heads(root) else {
        return;
    };
    let heads = heads.expect("it is there");
    let folder = DataFolder::take(root).expect("a folder");
    folder.write_heads(&heads).expect("heads");
    folder.release();
    assert_eq!(read_heads(root), Ok(Some(heads)));
}

/// A record of the read copy, behind the 8 bytes of its first position.
pub fn copy_record(bytes: &[u8], checksums: Checksums) {
    const KEY: &[u8] = b"key";
    let Some((first, value)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let mut value = value.to_vec();
    if checksums == Checksums::Right
        && let Some((fields, crc)) = value.split_last_chunk_mut::<5>()
    {
        let right = crc32c::crc32c_append(crc32c::crc32c(KEY), fields);
        crc[..4].copy_from_slice(&right.to_be_bytes());
        crc[4] = 1;
    }
    let first = u64::from_be_bytes(*first);
    let Ok(record) = CopyRecord::decode(KEY, first, &value) else {
        return;
    };
    assert_eq!(record.end() - first, record.count() as u64);
    for position in (first..record.end()).chain([first.wrapping_sub(1), record.end()]) {
        let is_there = (first..record.end()).contains(&position);
        assert_eq!(record.leaf(position).is_some(), is_there);
        let from = record.from(position);
        assert_eq!(
            from.map(|(_, count)| count as u64),
            is_there.then(|| record.end() - position)
        );
        assert_eq!(
            record.until(position).is_some(),
            is_there && first < position
        );
    }
    let framed = CopyRecord::new(first, record.framed.clone());
    assert_eq!(framed.as_ref(), Ok(&record));
    if let Ok(value) = record.encode(KEY) {
        assert_eq!(CopyRecord::decode(KEY, first, &value), Ok(record));
    }
}

/// What is written first in each of a data folder's files of the journal: an input of [`segment`] for each.
pub fn written(root: &Path) -> Vec<Vec<u8>> {
    let dir = root.join("journal");
    let numbers = segment::list(&dir).unwrap_or_default();
    let file = |number: &u32| fs::read(segment::path(&dir, *number)).ok();
    let mut files: Vec<Vec<u8>> = numbers.iter().filter_map(file).collect();
    // The zeros behind the last record.
    for file in &mut files {
        file.truncate(record::used(file).next_multiple_of(ALIGN));
    }
    files
}

const HEADER: Header = Header {
    folder: FOLDER,
    segment: 1,
    rebuilt: false,
    filled: true,
    packed: None,
    trimmed: false,
};

/// `bytes` as the file of a segment: where checksums are to be right, the header and what stands behind it, as far as it says how
/// long its records are.
fn with_checksums(bytes: &[u8], segment: u32, checksums: Checksums) -> Vec<u8> {
    let mut file = bytes.to_vec();
    if checksums == Checksums::AsTheyAre {
        return file;
    }
    if let Some(header) = file.first_chunk_mut::<HEADER_BYTES>() {
        let found = Header::decode(header).unwrap_or(HEADER);
        *header = Header {
            segment,
            folder: FOLDER,
            ..found
        }
        .encode();
    }
    let mut at = HEADER_BYTES;
    while let Some(rest) = file.get_mut(at..)
        && rest.len() >= record::HEADER_BYTES
    {
        let left = rest.len() / ALIGN * ALIGN;
        let header = rest.first_chunk().expect("it is that long");
        let length = record::claimed_len(header).unwrap_or(left).min(left);
        let record = &mut rest[..length];
        record[..4].copy_from_slice(&record::MAGIC);
        record[4..8].copy_from_slice(&(length as u32).to_be_bytes());
        record[16..20].copy_from_slice(&segment.to_be_bytes());
        record::put_crc(FOLDER, record);
        at += length;
    }
    file
}

/// Some frames of leaves, as bytes that [`copy_record`] takes.
pub fn copied(leaves: &[Bytes]) -> Vec<u8> {
    let mut framed = BytesMut::new();
    for leaf in leaves {
        crate::log::put_frame(&mut framed, leaf);
    }
    let record = CopyRecord::new(0, framed.freeze()).expect("whole frames");
    let value = record.encode(b"key").expect("a value");
    [&[0; 8], value.as_slice()].concat()
}
