//! The end of the journal: writes records, syncs, seals full segments and begins new ones.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::fault_point::Point;
use crate::log::journal::files::{JournalFile, JournalFiles};
use crate::log::journal::record::{self, Place, Record, Seal, SectionDraft};
use crate::log::journal::room::{Next, Room};
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

/// Where a journal is, and by what means it is written.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) files: Arc<dyn JournalFiles>,
    pub(crate) dir: PathBuf,
    pub(crate) folder: FolderId,
    /// The length at which a segment is sealed.
    pub(crate) segment_bytes: u64,
    pub(crate) room: Arc<Room>,
}

/// The only hand that writes records of the journal. After an error it must not be used again.
pub(crate) struct JournalWriter {
    home: Home,
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
    /// Its header says that zeros may follow.
    pub(crate) fillable: bool,
}

impl JournalWriter {
    /// Goes on behind an existing tail.
    pub(crate) fn resume(home: Home, tail: Tail) -> io::Result<Self> {
        let path = segment::path(&home.dir, tail.segment);
        let mut file = home.files.open(&path)?;
        // What is readable now may not have been durable when its writer died.
        file.sync()?;
        home.files.sync_dir(&home.dir)?;
        let (end, filled) = (tail.written.len() as u64, fs::metadata(path)?.len());
        home.room.enter(tail.segment, end, filled, tail.fillable);
        Ok(Self {
            home,
            segment: tail.segment,
            file,
            end,
            ordinal: tail.ordinal,
            digest: Sha256::new_with_prefix(&tail.written),
            undigested: Vec::new(),
        })
    }

    /// Begins segment `seal.segment + 1`, which must not exist.
    pub(crate) fn begin(home: Home, seal: &Seal) -> io::Result<Self> {
        let number = seal.segment + 1;
        let begun = opening(home.folder, seal, false);
        let path = segment::path(&home.dir, number);
        let (file, filled) = match home.room.take_next(number) {
            None => {
                let mut file = home.files.create(&path)?;
                file.write_at(&begun, 0)?;
                file.sync()?;
                (file, 0)
            }
            Some(Next {
                mut file, bytes, ..
            }) => {
                file.write_at(&begun, 0)?;
                file.sync()?;
                let ahead = segment::path_ahead(&home.dir, number);
                home.files.rename(&ahead, &path)?;
                (file, bytes)
            }
        };
        home.files.sync_dir(&home.dir)?;
        Point::SegmentBegun.pass();
        let end = begun.len() as u64;
        home.room.enter(number, end, filled, true);
        Ok(Self {
            home,
            segment: number,
            file,
            end,
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
        if self.end + bytes.len() as u64 > self.home.segment_bytes && self.ordinal > 1 {
            self.roll(before)?;
            (bytes, offsets) = self.encode(drafts);
        }
        let bytes = bytes.freeze();
        Point::JournalBegun.pass();
        self.home.room.claim(self.end + bytes.len() as u64);
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
                folder: self.home.folder,
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
        let decoded = record::decode(bytes, offset, self.home.folder, self.segment)
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
            folder: self.home.folder,
            segment: self.segment,
            ordinal: self.ordinal,
            after_sync: true,
        };
        record::put(&mut bytes, place, &Record::Seal(seal.clone()));
        let end = self.end + bytes.len() as u64;
        self.home.room.claim(end);
        self.file.write_at(&bytes, self.end)?;
        Point::SegmentSealed.pass();
        if self.home.room.leave() > end {
            self.file.cut(end)?;
            Point::SegmentCut.pass();
        }
        self.file.sync()?;
        *self = Self::begin(self.home.clone(), &seal)?;
        Ok(())
    }

    /// Gives the room back that was filled ahead: a journal at rest has the length of its records.
    pub(crate) fn rest(mut self) -> io::Result<()> {
        if self.home.room.leave() > self.end {
            self.file.cut(self.end)?;
            self.file.sync()?;
        }
        segment::remove_drafts(&self.home.dir)
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
            filled: true,
            packed: None,
            trimmed: false,
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
