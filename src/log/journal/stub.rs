//! What is left of a segment when the journal was trimmed.
//!
//! ```text
//! the file header, with flag 3    the first record, as it was    the seal, as it was
//! ```
//! Both records tell the state of every ledger, and the second one the SHA-256 of what the file was. So whoever holds the events
//! that stood between proves them by hashing their leaves from the one state to the other, and a file that is the segment as
//! it was is told by its digest. The seal keeps its number, between which and the first record there is a gap.

use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::log::journal::segment::{self, Header, Scan};
use crate::log::journal::{FolderId, Seal};
use crate::merkle::Hash;

/// A trimmed segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stub {
    pub(crate) folder: FolderId,
    pub(crate) number: u32,
    /// The state before it.
    pub(crate) opening: Seal,
    /// The state after it.
    pub(crate) seal: Seal,
}

impl Stub {
    /// What is left of a segment; nothing if it is not trimmed, or if that is damaged.
    pub(crate) fn read(dir: &Path, folder: FolderId, number: u32) -> io::Result<Option<Self>> {
        let (header, opening) = segment::read_opening(dir, folder, number)?;
        let is_it =
            |header: Header| header.trimmed && header.folder == folder && header.segment == number;
        if !header.is_ok_and(is_it) {
            return Ok(None);
        }
        let seal = segment::read_seal(dir, folder, number)?.map(|(seal, _)| seal);
        Ok(opening.zip(seal).map(|(opening, seal)| Self {
            folder,
            number,
            opening,
            seal,
        }))
    }

    /// Whether a file is the segment as it was, byte for byte, compressed or not.
    pub(crate) fn is_whole_in(&self, file: &Path) -> io::Result<bool> {
        let scan = Scan::read_file(file, self.folder, self.number)?;
        let sealed_at = scan.records.last().map_or(0, |found| found.offset);
        Ok(scan.header.is_ok_and(|header| !header.trimmed)
            && scan.opening() == Some(&self.opening)
            && scan.seal(self.number) == Some(&self.seal)
            && Hash::digest(&scan.file[..sealed_at]) == self.seal.digest)
    }
}

/// The file that takes the place of a whole segment; nothing if that is not one, or is trimmed.
pub(crate) fn file_of(scan: &Scan, number: u32) -> Option<Bytes> {
    let header = scan.header.ok().filter(|header| !header.trimmed)?;
    scan.opening().zip(scan.seal(number))?;
    let (first, last) = (scan.records.first()?, scan.records.last()?);
    let header = Header {
        trimmed: true,
        packed: None,
        ..header
    };
    let mut file = header.encode().to_vec();
    for found in [first, last] {
        let end = found.offset + found.decoded.length;
        file.extend_from_slice(&scan.file[found.offset..end]);
    }
    Some(file.into())
}
