//! The journal, segment by segment, and each event of it against sled's.

mod trimmed;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::{Broken, PIECE_BYTES, Pass};
use crate::domain::id::LedgerId;
use crate::durable::{forget, is_of_the_disk};
use crate::log::IntegrityKind;
use crate::log::chunk::frames_end;
use crate::log::copy::record::CopyRecord;
use crate::log::embedded::open::before_all;
use crate::log::embedded::reader::section_from;
use crate::log::embedded::repair::{Rebuilt, Target, rebuild};
use crate::log::embedded::shared::{BadRecord, Mend};
use crate::log::head::Checkpoint;
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::record::{self, NoRecord};
use crate::log::journal::segment::{self, HEADER_BYTES, Header, Scan};
use crate::log::journal::survey::continues;
use crate::log::journal::{FolderId, Ledgers, Location, Record, Seal, Section};
use crate::merkle::Hash;

/// Why a segment was not read to its end.
enum Fault {
    Damage(String),
    Broken(Broken),
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => damage("the file is missing"),
            _ if is_of_the_disk(&error) => damage(error),
            _ => Self::Broken(error.into()),
        }
    }
}

fn damage(check: impl ToString) -> Fault {
    Fault::Damage(check.to_string())
}

/// What a segment begins behind.
struct Before {
    seal: Seal,
    /// The segment before was rebuilt: its digest is another than the one that is repeated.
    rebuilt: bool,
}

/// Of so many ledgers the record that was read last is held at most: 4 MiB.
const HELD_MAX: usize = 64;

/// What was met of sled in a pass.
#[derive(Default)]
pub(super) struct Met {
    /// The record of each ledger that was read last: the next events are in it.
    held: HashMap<LedgerId, CopyRecord>,
    /// What is being written anew: from where to where.
    bad: HashMap<LedgerId, Range<u64>>,
}

/// A segment that is being read.
struct Reading {
    file: SegmentFile,
    folder: FolderId,
    number: u32,
    header: [u8; HEADER_BYTES],
    rebuilt: bool,
    trimmed: bool,
    at: u64,
    end: u64,
    ordinal: u32,
}

impl Pass<'_> {
    /// Reads the journal up to `end`.
    pub(super) fn check_journal(&mut self, end: Location) -> Result<(), Broken> {
        let mut met = Met::default();
        let mut before = Some(Before {
            seal: before_all(),
            rebuilt: false,
        });
        for number in 1..end.segment {
            // Somebody may have put a whole file there since it was looked at.
            self.shared.catalog.replace(number, || Ok(()))?;
            let mut checked = self.check_sealed(number, before.as_ref(), &mut met);
            if let Err(Fault::Damage(check)) = &checked {
                let rebuilt = self.rebuild(number, before.as_ref(), check);
                if let Err(Broken::Machine(_)) = &rebuilt {
                    self.tell_for_next_start(number, check);
                }
                if self.go_on(rebuilt)? == Some(true) {
                    checked = self.check_sealed(number, before.as_ref(), &mut met);
                }
            }
            let after = match checked {
                Ok(after) => Some(after),
                Err(Fault::Broken(broken)) => self.go_on(Err(broken))?,
                // It was told.
                Err(Fault::Damage(_)) => None,
            };
            before = match after {
                Some(after) => Some(after),
                None => {
                    let seal = self.end_of(number).map_err(Broken::from);
                    let seal = self.go_on(seal)?.flatten();
                    seal.map(|seal| Before {
                        seal,
                        rebuilt: true,
                    })
                }
            };
        }
        let checked = self.check_tail(end, before.as_ref(), &mut met);
        self.go_on(checked)?;
        Ok(())
    }

    /// Reads a sealed segment. Tells the state after it.
    fn check_sealed(
        &mut self,
        number: u32,
        before: Option<&Before>,
        met: &mut Met,
    ) -> Result<Before, Fault> {
        let mut reading = self.begin(number, None)?;
        if reading.trimmed {
            return self.check_trimmed(reading, before, met);
        }
        let mut hashed = Sha256::new_with_prefix(reading.header);
        let mut state = Ledgers::default();
        while let Some((record, bytes)) = reading.next(self)? {
            match &record {
                Record::Seal(seal) if seal.segment == number => {
                    if Ledgers::from(seal) != state {
                        return Err(damage("the seal differs from the state after its records"));
                    }
                    if Hash::new(hashed.finalize().into()) != seal.digest {
                        return Err(damage("SHA-256 of the segment"));
                    }
                    reading.ends()?;
                    return Ok(Before {
                        seal: seal.clone(),
                        rebuilt: reading.rebuilt,
                    });
                }
                record => self.follow(record, reading.ordinal, before, &mut state)?,
            }
            hashed.update(&bytes);
            self.compare(&record, met)?;
        }
        Err(damage("seal"))
    }

    /// Reads the tail up to `end`.
    fn check_tail(
        &mut self,
        end: Location,
        before: Option<&Before>,
        met: &mut Met,
    ) -> Result<(), Broken> {
        let mut state = before
            .map(|before| Ledgers::from(&before.seal))
            .unwrap_or_default();
        let mut read = || -> Result<(), Fault> {
            let mut reading = self.begin(end.segment, Some(end.offset))?;
            while let Some((record, _)) = reading.next(self)? {
                self.follow(&record, reading.ordinal, before, &mut state)?;
                self.compare(&record, met)?;
            }
            Ok(())
        };
        let check = match read() {
            Ok(()) => return Ok(()),
            Err(Fault::Broken(broken)) => return Err(broken),
            Err(Fault::Damage(check)) => check,
        };
        self.tell_for_next_start(end.segment, &check);
        // The next start takes the rest from sled.
        for (ledger, head) in self.shared.copied_all() {
            let mut at = state.size(ledger);
            while at < head.size {
                at = match self.copied(ledger, at, met)? {
                    Ok(record) => record.end(),
                    Err(next) => next,
                };
            }
        }
        Ok(())
    }

    fn tell_for_next_start(&self, number: u32, check: &str) {
        self.shared
            .suspect_journal(&format!("journal segment {number}: {check}"));
        let detail = format!("journal segment {number}: {check}; the next start rebuilds it");
        let kind = IntegrityKind::JournalDamageFound;
        self.shared.integrity.record(kind, detail, None);
    }

    fn begin(&mut self, number: u32, end: Option<u64>) -> Result<Reading, Fault> {
        let path = segment::path(&self.shared.folder.journal(), number);
        let plain = File::open(&path)?;
        forget(&plain, 0, plain.metadata()?.len());
        let file = SegmentFile::open(&path)?;
        let form = file.check_form(&mut |bytes| self.take(bytes as u64).is_ok())?;
        let is_whole = form.ok_or(Broken::Stopped)?.is_ok();
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        let folder = self.shared.id;
        let said = Header::decode(&header).ok().filter(|_| is_whole);
        let said = said.filter(|said| said.folder == folder && said.segment == number);
        let said = said.ok_or_else(|| damage("file header"))?;
        let end = end.map_or_else(|| file.len(), Ok)?;
        Ok(Reading {
            file,
            folder,
            number,
            header,
            rebuilt: said.rebuilt,
            trimmed: said.trimmed,
            at: HEADER_BYTES as u64,
            end,
            ordinal: 0,
        })
    }

    /// Goes on by a record, the first of which repeats what the segment begins behind, where that is known.
    fn follow(
        &self,
        record: &Record,
        ordinal: u32,
        before: Option<&Before>,
        state: &mut Ledgers,
    ) -> Result<(), Fault> {
        match record {
            Record::Seal(opening) if ordinal == 1 => {
                *state = Ledgers::from(opening);
                let repeats = |before: &Before| continues(&before.seal, opening, before.rebuilt);
                match before.is_none_or(repeats) {
                    true => Ok(()),
                    false => Err(damage("first record differs from the seal before it")),
                }
            }
            _ if ordinal == 1 => Err(damage("first record")),
            record => state.follow(record).map_err(damage),
        }
    }

    /// Holds sled against a record of the journal.
    fn compare(&mut self, record: &Record, met: &mut Met) -> Result<(), Broken> {
        match record {
            Record::Group(sections) => {
                for section in sections {
                    self.compare_section(section, met)?;
                }
            }
            Record::Checkpoint(kept) => self.compare_checkpoint(kept)?,
            Record::Mark(_) | Record::Seal(_) => {}
        }
        Ok(())
    }

    fn compare_section(&mut self, section: &Section, met: &mut Met) -> Result<(), Broken> {
        let ledger = section.ledger;
        let end = section.end().min(self.shared.copied(ledger));
        let mut at = section.first;
        while at < end {
            let record = match self.copied(ledger, at, met)? {
                Ok(record) => record,
                Err(next) => {
                    at = next;
                    continue;
                }
            };
            let to = record.end().min(end);
            let count = (to - at) as usize;
            let of = |leaves: Option<(Bytes, usize)>| {
                let (leaves, _) = leaves?;
                Some(leaves.slice(..frames_end(&leaves, count)?))
            };
            let here = of(section_from(section, at));
            if here.is_some() && here != of(record.from(at)) {
                let first = record.first;
                let bad = BadRecord {
                    ledger,
                    first,
                    why: format!(
                        "read copy, record at position {first} of ledger {ledger}: it differs from the journal"
                    ),
                    of_the_file: false,
                };
                met.held.remove(&ledger);
                self.ask(bad, record.end(), met)?;
            }
            at = to;
        }
        Ok(())
    }

    /// The record of sled that holds a position, which sled must; else where the next one begins.
    fn copied(
        &mut self,
        ledger: LedgerId,
        at: u64,
        met: &mut Met,
    ) -> Result<Result<CopyRecord, u64>, Broken> {
        if let Some(held) = met.held.get(&ledger)
            && (held.first..held.end()).contains(&at)
        {
            return Ok(Ok(held.clone()));
        }
        if let Some(bad) = met.bad.get(&ledger).filter(|bad| bad.contains(&at)) {
            return Ok(Err(bad.end));
        }
        match self.shared.copied_record(ledger, at) {
            Ok(record) => {
                self.take(record.framed.len() as u64)?;
                if HELD_MAX <= met.held.len() {
                    met.held.clear();
                }
                met.held.insert(ledger, record.clone());
                Ok(Ok(record))
            }
            Err(bad) if bad.of_the_file => {
                self.shared.suspect_copy(bad.why);
                Ok(Err(u64::MAX))
            }
            Err(bad) => {
                let next = self.shared.copy(|copy| copy.next_first(ledger, at));
                let next = next.ok().flatten().unwrap_or(u64::MAX);
                self.ask(bad, next, met)?;
                Ok(Err(next))
            }
        }
    }

    /// Has a record of sled written anew, which ends at `end`.
    fn ask(&mut self, bad: BadRecord, end: u64, met: &mut Met) -> Result<(), Broken> {
        met.bad.insert(bad.ledger, bad.first..end);
        self.ask_for(|| Mend::Record(bad.clone()))
    }

    /// Asks again where too much waits, once that is done.
    fn ask_for(&mut self, mend: impl Fn() -> Mend) -> Result<(), Broken> {
        self.asked = true;
        while !self.shared.mend(mend()) {
            self.settle()?;
        }
        Ok(())
    }

    fn compare_checkpoint(&mut self, kept: &Checkpoint) -> Result<(), Broken> {
        let size = kept.size;
        let held = self
            .shared
            .copy(|copy| copy.checkpoints(kept.ledger, size..=size, 1));
        let is_sound = held.is_ok_and(|held| !kept.adds_to(held.first()));
        match is_sound {
            true => Ok(()),
            false => self.ask_for(|| Mend::Checkpoint(kept.clone())),
        }
    }

    /// The state after a sealed segment, as its seal or the next segment says it.
    fn end_of(&self, number: u32) -> io::Result<Option<Seal>> {
        let (dir, folder) = (self.shared.folder.journal(), self.shared.id);
        let own = match segment::read_seal(&dir, folder, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_of_the_disk(&error) => None,
            read => read?,
        };
        if let Some((seal, _)) = own {
            return Ok(Some(seal));
        }
        match segment::read_opening(&dir, folder, number + 1) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_of_the_disk(&error) => {
                Ok(None)
            }
            read => Ok(read?.1),
        }
    }

    /// Rebuilds a sealed segment from what is intact of it and from sled, as an open does. `false`: it was told why not.
    fn rebuild(
        &mut self,
        number: u32,
        before: Option<&Before>,
        check: &str,
    ) -> Result<bool, Broken> {
        let shared = self.shared;
        let (dir, folder) = (shared.folder.journal(), shared.id);
        let _alone = shared.room.replacing();
        let (Some(before), Some(seal)) = (before, self.end_of(number)?) else {
            self.tell_for_next_start(number, check);
            return Ok(false);
        };
        let scan = match Scan::read(&dir, folder, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_of_the_disk(&error) => None,
            scan => Some(scan?),
        };
        let target = Target {
            seal: Some(seal),
            ..Target::default()
        };
        let rebuilt = shared.copy(|copy| {
            let copy = Some(copy);
            let before = &before.seal;
            Ok(rebuild(folder, check, before, scan.as_ref(), &target, copy))
        });
        let rebuilt = match rebuilt {
            Ok(Ok(rebuilt)) => rebuilt,
            Ok(Err(why)) => {
                let kind = IntegrityKind::BothDamaged;
                shared.integrity.record(kind, why, None);
                return Ok(false);
            }
            Err(_) => return Err(Broken::Stopped),
        };
        let evidence = self.put_in_place(number, &dir, &rebuilt)?;
        let kind = IntegrityKind::JournalRebuilt;
        let detail = rebuilt.told(number);
        shared.integrity.record(kind, detail, Some(evidence));
        shared.room.pack_again(number);
        Ok(true)
    }

    /// Gives a segment the bytes that it was rebuilt as. Tells where its file is kept.
    fn put_in_place(&self, number: u32, dir: &Path, rebuilt: &Rebuilt) -> Result<String, Broken> {
        let (shared, files) = (self.shared, &self.shared.config.files);
        let (path, draft) = (
            segment::path(dir, number),
            segment::path_rebuilt(dir, number),
        );
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = files.create(&draft)?;
        file.write_at(&rebuilt.file, 0)?;
        file.sync()?;
        drop(file);
        if fs::read(&draft)? != rebuilt.file {
            return Err(io::Error::other("a rebuilt segment reads back as something else").into());
        }
        let evidence = shared.folder.keep_file(&path, "journal")?;
        shared
            .catalog
            .replace(number, || files.rename(&draft, &path))?;
        if let Err(error) = files.sync_dir(dir) {
            // The names of new segments rest on it too.
            shared.poison(format!("journal, rebuilt: {error}"));
            return Err(Broken::Stopped);
        }
        Ok(evidence)
    }
}

impl Reading {
    /// The next record and its bytes; nothing at the end, or where zeros follow to it.
    fn next(&mut self, pass: &mut Pass<'_>) -> Result<Option<(Record, Bytes)>, Fault> {
        let mut header = [0; record::HEADER_BYTES];
        if self.end - self.at < header.len() as u64 {
            self.ends()?;
            return Ok(None);
        }
        self.file.read_exact_at(&mut header, self.at)?;
        let length = match record::claimed_len(&header) {
            Ok(length) => length,
            Err(NoRecord::End) => {
                self.ends()?;
                return Ok(None);
            }
            Err(NoRecord::Damaged(check)) => return Err(self.damage(check)),
        };
        if self.end - self.at < length as u64 {
            return Err(self.damage("record length"));
        }
        pass.take(length as u64)?;
        let mut bytes = BytesMut::zeroed(length);
        self.file.read_exact_at(&mut bytes, self.at)?;
        let bytes = bytes.freeze();
        let decoded = record::decode(&bytes, 0, self.folder, self.number);
        let decoded = decoded.map_err(|none| match none {
            NoRecord::Damaged(check) => self.damage(check),
            NoRecord::End => self.damage("record header"),
        })?;
        // Of a trimmed segment the seal keeps its number.
        let is_behind_gap =
            self.trimmed && self.ordinal == 1 && decoded.record.is_seal_of(self.number);
        if decoded.ordinal != self.ordinal && !is_behind_gap {
            return Err(self.damage("record sequence"));
        }
        self.ordinal = decoded.ordinal + 1;
        self.at += length as u64;
        Ok(Some((decoded.record, bytes)))
    }

    fn damage(&self, check: &str) -> Fault {
        damage(format!("{check} at byte {}", self.at))
    }

    /// Fails unless there are only zeros from here to the end.
    fn ends(&self) -> Result<(), Fault> {
        let mut piece = vec![0; PIECE_BYTES as usize];
        for from in (self.at..self.end).step_by(PIECE_BYTES as usize) {
            let piece = &mut piece[..PIECE_BYTES.min(self.end - from) as usize];
            self.file.read_exact_at(piece, from)?;
            if record::used(piece) != 0 {
                return Err(self.damage("record header"));
            }
        }
        Ok(())
    }
}
