//! Which segment and record hold a position, for reads that neither memory nor the read copy serve.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::{fmt, io};

use bytes::BytesMut;

use crate::domain::id::LedgerId;
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::record::{self, Decoded, NoRecord, Record, Section};
use crate::log::journal::segment::{self, Scan};
use crate::log::journal::state::Ledgers;
use crate::log::journal::stub::Stub;
use crate::log::journal::writer::Written;
use crate::log::journal::{FolderId, Location};

/// How many indexes of older segments are kept; one is some megabytes at most.
const INDEXES_MAX: usize = 4;

/// How many compressed segments are held open.
const OPEN_MAX: usize = 4;

/// For each ledger, the first position and the offset of each of its records, ascending.
type Index = HashMap<LedgerId, Vec<(u64, u64)>>;

/// The segments of the journal, shared by the writer and all readers.
pub(crate) struct Catalog {
    dir: PathBuf,
    folder: FolderId,
    shelf: RwLock<Shelf>,
    /// Compressed segments that are open, the one used last at the back.
    open: Mutex<VecDeque<(u32, Arc<SegmentFile>)>>,
    /// Held while an index is built: one at a time, since a whole segment is read for it.
    building: Mutex<()>,
}

struct Shelf {
    /// Ascending, without gaps; the last one is the tail.
    segments: Vec<Segment>,
    tail: Index,
    /// Indexes of older segments, the one used last at the back.
    older: VecDeque<(u32, Arc<Index>)>,
}

struct Segment {
    number: u32,
    /// The sizes of the ledgers at its start. A ledger that is not in it had none.
    starts: HashMap<LedgerId, u64>,
}

/// The journal could not be read at a place.
#[derive(Clone, Debug)]
pub(crate) struct JournalFault {
    location: Location,
    check: String,
    /// What was asked for was trimmed.
    trimmed: bool,
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { segment, offset } = self.location;
        match self.trimmed {
            true => write!(f, "journal segment {segment}: {}", self.check),
            false => write!(
                f,
                "journal segment {segment} at byte {offset}: {}",
                self.check
            ),
        }
    }
}

impl JournalFault {
    fn new(location: Location, check: impl fmt::Display) -> Self {
        Self {
            location,
            check: check.to_string(),
            trimmed: false,
        }
    }

    fn trimmed(segment: u32) -> Self {
        Self {
            location: start_of(segment),
            check: "it is trimmed, and the read copy alone holds its events here; `daicho journal untrim` puts it back from a backup"
                .to_owned(),
            trimmed: true,
        }
    }

    /// The segment that holds what was asked for, if it was trimmed.
    pub(crate) fn trimmed_segment(&self) -> Option<u32> {
        self.trimmed.then_some(self.location.segment)
    }
}

impl Catalog {
    pub(crate) fn new(dir: &Path, folder: FolderId) -> Self {
        let shelf = Shelf {
            segments: Vec::new(),
            tail: Index::new(),
            older: VecDeque::new(),
        };
        Self {
            dir: dir.to_owned(),
            folder,
            shelf: RwLock::new(shelf),
            open: Mutex::default(),
            building: Mutex::new(()),
        }
    }

    /// Adds the next segment, which begins at `state`. It is the tail from now on.
    pub(crate) fn begin(&self, number: u32, state: &Ledgers) {
        let starts = state
            .0
            .iter()
            .map(|(ledger, s)| (*ledger, s.frontier.size()))
            .collect();
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        let full = std::mem::take(&mut shelf.tail);
        if let Some(last) = shelf.segments.last().map(|segment| segment.number)
            && !full.is_empty()
        {
            shelf.keep(last, Arc::new(full));
        }
        shelf.segments.push(Segment { number, starts });
    }

    /// The first segment that holds events of `ledger` from position `from` on.
    pub(crate) fn segment_of(&self, ledger: LedgerId, from: u64) -> Option<u32> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        shelf.segment_of(ledger, from)
    }

    /// What is left of a trimmed segment; nothing if it is not trimmed, or if that cannot be read.
    pub(crate) fn stub(&self, number: u32) -> Option<Stub> {
        Stub::read(&self.dir, self.folder, number).ok().flatten()
    }

    /// Takes note of a durable record in the tail.
    pub(crate) fn add(&self, written: &Written) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        add(&mut shelf.tail, written.location.offset, &written.record);
    }

    /// Has `replace` put another file in the place of a sealed segment's; its records are found anew.
    pub(crate) fn replace(
        &self,
        number: u32,
        replace: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let _none_is_built = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let forget = || {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|(held, _)| *held != number);
        };
        // Appends wait for the shelf, so it is not held while a file gets its name.
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        shelf.older.retain(|(held, _)| *held != number);
        drop(shelf);
        let replaced = replace();
        forget();
        replaced
    }

    /// The section of `ledger` that holds `position`, which must be committed.
    pub(crate) fn section(&self, ledger: LedgerId, position: u64) -> Result<Section, JournalFault> {
        // Once more, for its segment may have been replaced after the record was found, and has it elsewhere now.
        let section = self.find_section(ledger, position);
        section.or_else(|_| self.find_section(ledger, position))
    }

    fn find_section(&self, ledger: LedgerId, position: u64) -> Result<Section, JournalFault> {
        let location = self.find(ledger, position)?;
        let (decoded, _) = self.record(location)?;
        let Record::Group(sections) = decoded else {
            return Err(JournalFault::new(location, "not a group"));
        };
        let holds = |s: &Section| s.ledger == ledger && (s.first..s.end()).contains(&position);
        let missing = || JournalFault::new(location, format!("no position {position} of {ledger}"));
        sections.into_iter().find(holds).ok_or_else(missing)
    }

    /// The record at `location`, and where the next one stands.
    pub(crate) fn record(&self, location: Location) -> Result<(Record, Location), JournalFault> {
        let fault = |error: io::Error| JournalFault::new(location, error);
        let file = self.file(location.segment).map_err(fault)?;
        let mut header = [0; record::HEADER_BYTES];
        file.read_exact_at(&mut header, location.offset)
            .map_err(fault)?;
        let none = |none: NoRecord| match none {
            NoRecord::End => JournalFault::new(location, "no record"),
            NoRecord::Damaged(check) => JournalFault::new(location, check),
        };
        let length = record::claimed_len(&header).map_err(none)?;
        let mut bytes = BytesMut::zeroed(length);
        file.read_exact_at(&mut bytes, location.offset)
            .map_err(fault)?;
        let decoded = record::decode(&bytes.freeze(), 0, self.folder, location.segment);
        let Decoded {
            record, ordinal, ..
        } = decoded.map_err(none)?;
        let next = match &record {
            Record::Seal(seal) if seal.segment == location.segment && ordinal > 0 => {
                start_of(location.segment + 1)
            }
            _ => Location {
                offset: location.offset + length as u64,
                ..location
            },
        };
        Ok((record, next))
    }

    /// The file of a segment. One that is compressed stays open, with what was unpacked of it last.
    fn file(&self, number: u32) -> io::Result<Arc<SegmentFile>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.iter().position(|(held, _)| *held == number);
        let (_, file) = match held.and_then(|at| open.remove(at)) {
            Some(held) => held,
            None => {
                let file = SegmentFile::open(&segment::path(&self.dir, number))?;
                (number, Arc::new(file))
            }
        };
        if file.is_packed() {
            open.push_back((number, Arc::clone(&file)));
            if open.len() > OPEN_MAX {
                open.pop_front();
            }
        }
        Ok(file)
    }

    fn find(&self, ledger: LedgerId, position: u64) -> Result<Location, JournalFault> {
        let none = Location {
            segment: 0,
            offset: 0,
        };
        let missing = || JournalFault::new(none, format!("no position {position} of {ledger}"));
        let segment = {
            let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
            let segment = shelf.segment_of(ledger, position).ok_or_else(missing)?;
            if let Some(index) = shelf.index(segment) {
                let offset = offset_of(index, ledger, position).ok_or_else(missing)?;
                return Ok(Location { segment, offset });
            }
            segment
        };
        let index = self.build(segment)?;
        let offset = offset_of(&index, ledger, position).ok_or_else(missing)?;
        Ok(Location { segment, offset })
    }

    fn build(&self, number: u32) -> Result<Arc<Index>, JournalFault> {
        let _one_at_a_time = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let held = {
            let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
            shelf
                .older
                .iter()
                .find(|(n, _)| *n == number)
                .map(|(_, index)| Arc::clone(index))
        };
        if let Some(index) = held {
            return Ok(index);
        }
        let scan = Scan::read(&self.dir, self.folder, number).map_err(|error| {
            JournalFault::new(
                Location {
                    segment: number,
                    offset: 0,
                },
                error,
            )
        })?;
        if scan.is_trimmed() {
            return Err(JournalFault::trimmed(number));
        }
        let index = Arc::new(index_of(&scan));
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        shelf.keep(number, Arc::clone(&index));
        Ok(index)
    }
}

impl Shelf {
    fn segment_of(&self, ledger: LedgerId, position: u64) -> Option<u32> {
        let begun = |s: &Segment| s.starts.get(&ledger).copied().unwrap_or(0) <= position;
        let after = self.segments.partition_point(begun);
        self.segments
            .get(after.checked_sub(1)?)
            .map(|segment| segment.number)
    }

    fn index(&self, segment: u32) -> Option<&Index> {
        if self
            .segments
            .last()
            .is_some_and(|tail| tail.number == segment)
        {
            return Some(&self.tail);
        }
        self.older
            .iter()
            .find(|(number, _)| *number == segment)
            .map(|(_, index)| &**index)
    }

    fn keep(&mut self, segment: u32, index: Arc<Index>) {
        self.older.retain(|(number, _)| *number != segment);
        self.older.push_back((segment, index));
        if self.older.len() > INDEXES_MAX {
            self.older.pop_front();
        }
    }
}

/// Where the records of a segment begin.
pub(crate) const fn start_of(segment: u32) -> Location {
    Location {
        segment,
        offset: segment::HEADER_BYTES as u64,
    }
}

fn index_of(scan: &Scan) -> Index {
    let mut index = Index::new();
    for found in &scan.records {
        add(&mut index, found.offset as u64, &found.decoded.record);
    }
    index
}

fn add(index: &mut Index, offset: u64, record: &Record) {
    if let Record::Group(sections) = record {
        for section in sections {
            index
                .entry(section.ledger)
                .or_default()
                .push((section.first, offset));
        }
    }
}

fn offset_of(index: &Index, ledger: LedgerId, position: u64) -> Option<u64> {
    let records = index.get(&ledger)?;
    let after = records.partition_point(|(first, _)| *first <= position);
    records
        .get(after.checked_sub(1)?)
        .map(|(_, offset)| *offset)
}
