//! The end of the journal: writes records, syncs, seals full segments and begins new ones.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::fault_point::Point;
use crate::log::journal::files::{JournalFile, JournalFiles};
use crate::log::journal::record::{self, Place, Record, Seal, SectionDraft};
use crate::log::journal::segment::{self, Header};
use crate::log::journal::state::Ledgers;
use crate::log::journal::{FolderId, Location};
use crate::merkle::Hash;

/// A record that is about to be written.
pub(crate) enum Draft<'a> {
    /// A group, from leaves.
    Group(&'a [SectionDraft<'a>]),
    /// Any other record.
    Record(&'a Record),
}

/// A record that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) location: Location,
    /// Where the next record will stand, be it a seal.
    pub(crate) next: Location,
    pub(crate) record: Record,
}

/// The only hand that writes the journal. After an error it must not be used again.
pub(crate) struct JournalWriter {
    files: Arc<dyn JournalFiles>,
    dir: PathBuf,
    folder: FolderId,
    segment_bytes: u64,
    segment: u32,
    file: Box<dyn JournalFile>,
    end: u64,
    ordinal: u32,
    digest: Sha256,
    /// Written, but not in the digest yet: it is hashed when nobody waits.
    undigested: Vec<Bytes>,
}

/// What the tail of the journal looks like when its writing goes on.
pub(crate) struct Tail {
    pub(crate) segment: u32,
    /// The number of the next record.
    pub(crate) ordinal: u32,
    /// The bytes of the segment so far.
    pub(crate) written: Bytes,
}

impl JournalWriter {
    /// Goes on behind an existing tail.
    pub(crate) fn resume(
        files: Arc<dyn JournalFiles>,
        dir: &Path,
        folder: FolderId,
        segment_bytes: u64,
        tail: Tail,
    ) -> io::Result<Self> {
        let mut file = files.open(&segment::path(dir, tail.segment))?;
        // What is readable now may not have been durable when its writer died.
        file.sync()?;
        files.sync_dir(dir)?;
        Ok(Self {
            files,
            dir: dir.to_owned(),
            folder,
            segment_bytes,
            segment: tail.segment,
            file,
            end: tail.written.len() as u64,
            ordinal: tail.ordinal,
            digest: Sha256::new_with_prefix(&tail.written),
            undigested: Vec::new(),
        })
    }

    /// Begins segment `seal.segment + 1`, which must not exist.
    pub(crate) fn begin(
        files: Arc<dyn JournalFiles>,
        dir: &Path,
        folder: FolderId,
        segment_bytes: u64,
        seal: &Seal,
    ) -> io::Result<Self> {
        let number = seal.segment + 1;
        let begun = opening(folder, seal, false);
        let mut file = files.create(&segment::path(dir, number))?;
        file.write_at(&begun, 0)?;
        file.sync()?;
        files.sync_dir(dir)?;
        Ok(Self {
            files,
            dir: dir.to_owned(),
            folder,
            segment_bytes,
            segment: number,
            file,
            end: begun.len() as u64,
            ordinal: 1,
            digest: Sha256::new_with_prefix(&begun),
            undigested: Vec::new(),
        })
    }

    /// Where the next record will stand.
    pub(crate) fn end(&self) -> Location {
        Location {
            segment: self.segment,
            offset: self.end,
        }
    }

    /// Writes `drafts` in one write, and returns when they are durable. `before` is the state that
    /// they follow: what a seal says, should the segment be full.
    pub(crate) fn write(
        &mut self,
        drafts: &[Draft<'_>],
        before: &Ledgers,
    ) -> io::Result<Vec<Written>> {
        let (mut bytes, mut offsets) = self.encode(drafts);
        if self.end + bytes.len() as u64 > self.segment_bytes && self.ordinal > 1 {
            self.roll(before)?;
            (bytes, offsets) = self.encode(drafts);
        }
        let bytes = bytes.freeze();
        Point::JournalBegun.pass();
        self.file.write_at(&bytes, self.end)?;
        Point::JournalWritten.pass();
        self.file.sync()?;
        Point::JournalSynced.pass();
        let written = offsets
            .into_iter()
            .map(|offset| self.written(&bytes, offset))
            .collect();
        self.end += bytes.len() as u64;
        self.ordinal += drafts.len() as u32;
        self.undigested.push(bytes);
        written
    }

    fn encode(&self, drafts: &[Draft<'_>]) -> (BytesMut, Vec<usize>) {
        let mut bytes = BytesMut::new();
        let mut offsets = Vec::with_capacity(drafts.len());
        for (i, draft) in drafts.iter().enumerate() {
            let ordinal = self.ordinal + i as u32;
            let place = Place {
                folder: self.folder,
                segment: self.segment,
                ordinal,
                after_sync: i == 0,
            };
            offsets.push(bytes.len());
            match draft {
                Draft::Group(sections) => record::put_group(&mut bytes, place, sections),
                Draft::Record(record) => record::put(&mut bytes, place, record),
            }
        }
        (bytes, offsets)
    }

    fn written(&self, bytes: &Bytes, offset: usize) -> io::Result<Written> {
        // Decoding what was just encoded gives the leaves as slices of the one buffer.
        let decoded = record::decode(bytes, offset, self.folder, self.segment)
            .map_err(|_| io::Error::other("a written record does not decode"))?;
        let location = Location {
            segment: self.segment,
            offset: self.end + offset as u64,
        };
        let next = Location {
            offset: location.offset + decoded.length as u64,
            ..location
        };
        Ok(Written {
            location,
            next,
            record: decoded.record,
        })
    }

    /// Takes what was written into the digest of the segment. Call it when nobody waits.
    pub(crate) fn absorb(&mut self) {
        self.undigested
            .drain(..)
            .for_each(|bytes| self.digest.update(&bytes));
    }

    fn roll(&mut self, state: &Ledgers) -> io::Result<()> {
        self.absorb();
        let digest = Hash::new(self.digest.clone().finalize().into());
        let seal = state.seal(self.segment, digest);
        let mut bytes = BytesMut::new();
        let place = Place {
            folder: self.folder,
            segment: self.segment,
            ordinal: self.ordinal,
            after_sync: true,
        };
        record::put(&mut bytes, place, &Record::Seal(seal.clone()));
        self.file.write_at(&bytes, self.end)?;
        self.file.sync()?;
        let files = Arc::clone(&self.files);
        *self = Self::begin(files, &self.dir, self.folder, self.segment_bytes, &seal)?;
        Ok(())
    }
}

/// The header and the first record of the segment after `seal`.
pub(crate) fn opening(folder: FolderId, seal: &Seal, rebuilt: bool) -> BytesMut {
    let segment = seal.segment + 1;
    let mut bytes = BytesMut::from(
        &Header {
            folder,
            segment,
            rebuilt,
        }
        .encode()[..],
    );
    let place = Place {
        folder,
        segment,
        ordinal: 0,
        after_sync: true,
    };
    record::put(&mut bytes, place, &Record::Seal(seal.clone()));
    bytes
}
