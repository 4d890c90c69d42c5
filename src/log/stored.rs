//! A data folder as it lies on disk, for whoever verifies it: nothing in it is changed, and nothing is believed.
//!
//! The journal is read where it lies, a segment at a time. sled cannot be: it writes when it is opened. So a private
//! copy of its folder is opened, made outside the data folder by `copy_file_range`, which costs no bytes where the file
//! system can share them and otherwise as many as `sled/` has.

pub(crate) mod remains;
mod scratch;
mod stopped;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::durable::{Lock, Scratch};
use crate::log::copy::record::CopyRecord;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::derived::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};
use crate::log::embedded::{folder, place};
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::segment::{self, Hole, NoHeader, Scan};
use crate::log::journal::{FolderId, Location, Record, Seal, Section};
use crate::log::{OpenError, journal};
use crate::merkle::Hash;

pub(crate) use stopped::StoppedLog;

use scratch::copy_of;

/// What the private copy of sled may cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A data folder that nobody has open.
#[derive(Debug)]
pub(crate) struct StoredFolder {
    root: PathBuf,
    journal: PathBuf,
    id: FolderId,
    /// What is wrong with the file `format`.
    pub(crate) format: Option<String>,
    /// Keeps servers out while this reads, where there is a file to lock.
    _lock: Option<Lock>,
}

/// What a walk through the journal meets, in its order.
#[derive(Debug)]
pub(crate) enum Met {
    /// Events of a ledger.
    Section(Section),
    /// A kept checkpoint, and where its record ends; nothing in a rebuilt segment, where places are others than before.
    Checkpoint(Checkpoint, Option<Location>),
    /// What the read copy was said to hold.
    Mark(Vec<(LedgerId, Head)>),
    /// The state at a border of segments.
    Seal(Seal),
    /// Between the state before and the next one nothing is left in the journal: it was trimmed. The read copy alone has these
    /// events.
    Trimmed(Trimmed),
    /// Bytes that are no record where there must be one, or a record that is not the one that must be there.
    Damage(Damage),
    /// The journal ends with bytes that are no whole record: either never acknowledged, or altered.
    Unfinished(Damage),
}

/// A trimmed segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trimmed {
    /// Its number.
    pub(crate) segment: u32,
    /// The state before it.
    pub(crate) before: Seal,
    /// The state after it.
    pub(crate) after: Seal,
}

/// Where something is wrong in a file of the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Damage {
    /// The file, below the data folder.
    pub(crate) file: String,
    /// The number of the segment.
    pub(crate) segment: u32,
    /// The first byte.
    pub(crate) at: u64,
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Which check failed.
    pub(crate) check: String,
}

/// Keeps everybody else away from a data folder until what it returns is dropped; `None` where no server ever opened it.
/// Fails if a process has it open.
pub(crate) fn hold_alone(root: &Path) -> Result<Option<Lock>, OpenError> {
    hold(root, Lock::alone)
}

/// Keeps servers away from a data folder until what it returns is dropped, together with others who only look; as [`hold_alone`].
pub(crate) fn hold_shared(root: &Path) -> Result<Option<Lock>, OpenError> {
    hold(root, Lock::shared)
}

fn hold(
    root: &Path,
    take: impl FnOnce(File) -> Result<Lock, TryLockError>,
) -> Result<Option<Lock>, OpenError> {
    let io = |source| OpenError::Io {
        what: "lock",
        source,
    };
    let file = match File::open(root.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    match take(file) {
        Ok(lock) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            folder: root.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

impl StoredFolder {
    /// Takes a look at the folder. Fails if a process has it open, if a later version wrote it, or if it is none.
    pub(crate) fn open(root: &Path) -> Result<Self, OpenError> {
        let io = |what| move |source| OpenError::Io { what, source };
        // Others may look at the same time.
        let lock = hold_shared(root)?;
        let (format, said) = match folder::read_format(root) {
            Ok(Some(id)) => (None, Some(id)),
            Ok(None) => (Some("the file is missing".to_owned()), None),
            Err(OpenError::Refused { check, .. }) => (Some(check), None),
            Err(other) => return Err(other),
        };
        let dir = place::journal_of(root).map_err(io("place of the journal"))?;
        // Whose id a segment's own records were written with, decides.
        let known = written_under(&dir).map_err(io("journal"))?;
        let differs = || "the journal was written under another id".to_owned();
        let format = format.or_else(|| (known.is_some() && known != said).then(differs));
        match known.or(said) {
            Some(id) => Ok(Self {
                root: root.to_owned(),
                journal: dir,
                id,
                format,
                _lock: lock,
            }),
            None => Err(OpenError::Refused {
                check: "neither `format` nor the journal says what this folder is".to_owned(),
                evidence: root.to_owned(),
            }),
        }
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What the heads file says; an error tells what is wrong with it.
    pub(crate) fn heads(&self) -> Result<Option<BTreeMap<LedgerId, Head>>, &'static str> {
        folder::read_heads(&self.root)
    }

    /// Bytes of the journal, to tell how far a walk has come.
    pub(crate) fn journal_bytes(&self) -> u64 {
        let dir = &self.journal;
        let segments = list(dir).unwrap_or_default().into_iter();
        segments
            .filter_map(|number| SegmentFile::open(&segment::path(dir, number)).ok())
            .filter_map(|file| file.len().ok())
            .sum()
    }

    /// Walks through the journal. `visit` is told everything in it, and the bytes read so far.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(Met, u64)) -> Result<(), OpenError> {
        let io = |source| OpenError::Io {
            what: "journal",
            source,
        };
        let dir = &self.journal;
        let last = list(dir).map_err(io)?.last().copied().unwrap_or(0);
        let (mut read, mut before, mut rebuilt) = (0, Some(first_seal()), false);
        for number in 1..=last {
            let scan = match Scan::read(dir, self.id, number) {
                Ok(scan) => scan,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    visit(
                        Met::Damage(damage(number, 0, 0, "the file is missing")),
                        read,
                    );
                    (before, rebuilt) = (None, false);
                    continue;
                }
                Err(error) => return Err(io(error)),
            };
            read += scan.file.len() as u64;
            if scan.header == Err(NoHeader::Newer) {
                return Err(OpenError::Newer {
                    what: format!("journal segment {number}"),
                });
            }
            if scan.header.is_err() {
                let bytes = segment::HEADER_BYTES as u64;
                visit(Met::Damage(damage(number, 0, bytes, "file header")), read);
            }
            if let (Some(before), Some(opening)) = (&before, scan.opening())
                && !journal::survey::continues(before, opening, rebuilt)
            {
                let at = segment::HEADER_BYTES as u64;
                let check = "the first record differs from the seal before it";
                visit(Met::Damage(damage(number, at, 0, check)), read);
            }
            let seal = scan.seal(number).cloned();
            if number < last && seal.is_none() {
                let at = scan.end as u64;
                visit(Met::Damage(damage(number, at, 0, "seal")), read);
            }
            if scan.is_trimmed() && number == last {
                let check = "it is trimmed, and those behind it are gone";
                visit(Met::Damage(damage(number, 0, 0, check)), read);
            }
            if let (Some(seal), Some(end), false) = (&seal, scan.records.last(), scan.is_trimmed())
            {
                let sealed = scan.file.get(..end.offset).unwrap_or_default();
                if Hash::digest(sealed) != seal.digest {
                    let at = end.offset as u64;
                    visit(
                        Met::Damage(damage(number, at, 0, "SHA-256 of the segment")),
                        read,
                    );
                }
            }
            self.records(&scan, number, number == last, read, visit);
            rebuilt = scan.header.is_ok_and(|header| header.rebuilt);
            before = seal;
        }
        Ok(())
    }

    /// Tells the records of a segment and the holes between them.
    fn records(
        &self,
        scan: &Scan,
        number: u32,
        last: bool,
        read: u64,
        visit: &mut dyn FnMut(Met, u64),
    ) {
        let mut holes = scan.holes.iter().peekable();
        let tell = |hole: &Hole, visit: &mut dyn FnMut(Met, u64)| {
            let bytes = (hole.to - hole.from) as u64;
            let damage = damage(number, hole.from as u64, bytes, hole.check);
            let at_the_end = last && hole.before == scan.records.len() && 0 < hole.before;
            let met = match at_the_end {
                true => Met::Unfinished(damage),
                false => Met::Damage(damage),
            };
            visit(met, read);
        };
        let trimmed = scan.opening().zip(scan.seal(number));
        let trimmed = trimmed.filter(|_| scan.is_trimmed());
        for (at, found) in scan.records.iter().enumerate() {
            while let Some(hole) = holes.next_if(|hole| hole.before <= at) {
                tell(hole, visit);
            }
            if let Some((before, after)) = trimmed.filter(|_| at == 1) {
                let trimmed = Trimmed {
                    segment: number,
                    before: before.clone(),
                    after: after.clone(),
                };
                visit(Met::Trimmed(trimmed), read);
            }
            match found.decoded.record.clone() {
                Record::Group(sections) => sections
                    .into_iter()
                    .for_each(|section| visit(Met::Section(section), read)),
                Record::Checkpoint(checkpoint) => {
                    let end = found.offset + found.decoded.length;
                    let next = Location {
                        segment: number,
                        offset: end as u64,
                    };
                    let placed = scan.header.is_ok_and(|header| !header.rebuilt);
                    visit(Met::Checkpoint(checkpoint, placed.then_some(next)), read);
                }
                Record::Mark(marks) => visit(Met::Mark(marks), read),
                Record::Seal(seal) => visit(Met::Seal(seal), read),
            }
        }
        for hole in holes {
            tell(hole, visit);
        }
    }

    /// Opens a private copy of sled, made in `scratch`; `None` if there is no sled.
    pub(crate) fn copy(&self, scratch: &Path) -> Result<Option<StoredCopy>, CopyFault> {
        let sled = self.root.join("sled");
        if !sled.is_dir() {
            return Ok(None);
        }
        let scratch = copy_of(&sled, scratch).map_err(|error| {
            CopyFault::Environment(format!("a private copy of it could not be made: {error}"))
        })?;
        let copy = ReadCopy::open_unsynced(scratch.path(), self.id, CACHE_BYTES)?;
        Ok(Some(StoredCopy {
            copy,
            _scratch: scratch,
        }))
    }
}

/// The read copy, as a verifier sees it.
pub(crate) trait CopyView: DerivedStore {
    /// The record that holds `position`, or the last before it.
    fn record(&self, ledger: LedgerId, position: u64) -> Result<Option<CopyRecord>, CopyFault>;

    /// Where the first record behind `position` begins.
    fn next_first(&self, ledger: LedgerId, position: u64) -> Result<Option<u64>, CopyFault>;

    /// The kept checkpoints from `size` on, ascending, at most `limit`.
    fn kept(&self, ledger: LedgerId, size: u64, limit: usize)
    -> Result<Vec<Checkpoint>, CopyFault>;
}

/// A private copy of sled. It is removed when this is dropped.
pub(crate) struct StoredCopy {
    copy: ReadCopy,
    _scratch: Scratch,
}

impl StoredCopy {
    /// Opens a private copy, made in `scratch`, of the database in the folder `sled`, whosever it is.
    pub(crate) fn of_any(sled: &Path, scratch: &Path) -> Result<Self, CopyFault> {
        let scratch = copy_of(sled, scratch).map_err(|error| match error.into() {
            CopyFault::Environment(why) => {
                CopyFault::Environment(format!("a private copy of it could not be made: {why}"))
            }
            fault => fault,
        })?;
        let copy = ReadCopy::open_any(scratch.path(), CACHE_BYTES)?;
        Ok(Self {
            copy,
            _scratch: scratch,
        })
    }

    /// The ledgers that it has records of.
    pub(crate) fn ledgers(&self) -> Result<Vec<LedgerId>, CopyFault> {
        self.copy.ledgers_with_records()
    }

    /// How far it says that the journal was read.
    pub(crate) fn read_up_to(&self) -> Result<Option<Location>, CopyFault> {
        self.copy.read_up_to()
    }

    /// What it says of the ledgers that it holds.
    pub(crate) fn ends(&self) -> Result<BTreeMap<LedgerId, Head>, CopyFault> {
        self.copy.ends()
    }
}

impl ReadsCopy for StoredCopy {
    fn with<T>(
        &self,
        read: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>,
    ) -> Result<T, CopyFault> {
        read(&self.copy)
    }
}

/// Whoever reads a read copy and changes nothing in it.
pub(crate) trait ReadsCopy: Send + Sync + 'static {
    /// Reads of the copy.
    fn with<T>(&self, read: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>)
    -> Result<T, CopyFault>;
}

impl<C: ReadsCopy> CopyView for C {
    fn record(&self, ledger: LedgerId, position: u64) -> Result<Option<CopyRecord>, CopyFault> {
        self.with(|copy| copy.record(ledger, position))
    }

    fn next_first(&self, ledger: LedgerId, position: u64) -> Result<Option<u64>, CopyFault> {
        self.with(|copy| copy.next_first(ledger, position))
    }

    fn kept(
        &self,
        ledger: LedgerId,
        size: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, CopyFault> {
        self.with(|copy| copy.checkpoints(ledger, size..=u64::MAX, limit))
    }
}

impl<C: ReadsCopy> DerivedStore for C {
    fn get(&self, ledger: LedgerId, key: &[u8]) -> Result<Option<Bytes>, DerivedFault> {
        self.with(|copy| copy.derived(ledger, key)).map_err(derived)
    }

    fn scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let found = self.with(|copy| copy.derived_scan(ledger, range, limit, false));
        found.map_err(derived)
    }

    fn scan_back(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let found = self.with(|copy| copy.derived_scan(ledger, range, limit, true));
        found.map_err(derived)
    }

    fn apply(&self, _: LedgerId, _: DerivedBatch) -> Result<(), DerivedFault> {
        Err(DerivedFault::Closed)
    }

    fn clear(&self, _: LedgerId) -> Result<(), DerivedFault> {
        Err(DerivedFault::Closed)
    }
}

fn derived(fault: CopyFault) -> DerivedFault {
    DerivedFault::Storage(fault.to_string())
}

fn list(dir: &Path) -> io::Result<Vec<u32>> {
    match segment::list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

/// Whose id the records of the journal in `dir` were written with, as far as one of its files can be read so far.
fn written_under(dir: &Path) -> io::Result<Option<FolderId>> {
    let id = |number| {
        let any = FolderId([0; 16]);
        let (header, _) = segment::read_opening(dir, any, number).ok()?;
        let id = header.ok()?.folder;
        let (_, opening) = segment::read_opening(dir, id, number).ok()?;
        opening.map(|_| id)
    };
    Ok(list(dir)?.into_iter().find_map(id))
}

fn first_seal() -> Seal {
    journal::Ledgers::default().seal(0, Hash::new([0; 32]))
}

fn damage(segment: u32, at: u64, bytes: u64, check: &str) -> Damage {
    Damage {
        file: format!("journal/{segment:010}.journal"),
        segment,
        at,
        bytes,
        check: check.to_owned(),
    }
}
