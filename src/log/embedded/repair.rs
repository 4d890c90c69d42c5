//! Rebuilds a damaged journal segment: its intact records as they are, the rest from sled.
//!
//! Nothing is taken on trust: the leaves that sled gives must lead to the roots that intact records,
//! seals, marks, checkpoints and the heads file state. What was one record may come back as others.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};

use crate::domain::id::LedgerId;
use crate::log::chunk::frames;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::head::Checkpoint;
use crate::log::journal::record::{self, Place};
use crate::log::journal::segment::Scan;
use crate::log::journal::writer::opening;
use crate::log::journal::{FolderId, Ledgers, Record, Seal, Section};
use crate::merkle::{Hash, leaf_hash};

/// How much of a ledger goes into one rebuilt record.
const RECORD_BYTES: usize = 1024 * 1024;

/// Where a rebuilt segment must lead.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// The state after it, for a segment that is to be sealed.
    pub(crate) seal: Option<Seal>,
    /// Sizes that ledgers must reach, with their generation, for the tail.
    pub(crate) reach: HashMap<LedgerId, (u64, u64)>,
    /// Roots that are known from elsewhere.
    pub(crate) roots: HashMap<(LedgerId, u64), Hash>,
}

/// A segment rebuilt.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    pub(crate) file: Bytes,
    /// What was wrong with it.
    pub(crate) damage: String,
    /// The state after it.
    pub(crate) ledgers: Ledgers,
    /// The events that came from sled.
    pub(crate) filled: u64,
    pub(crate) seal: Option<Seal>,
}

impl Rebuilt {
    /// What was done, for people.
    pub(crate) fn told(&self, number: u32) -> String {
        let Self { damage, filled, .. } = self;
        format!("journal segment {number}: {damage}; rebuilt with {filled} events of the read copy")
    }
}

struct Rebuilding<'a> {
    copy: Option<&'a ReadCopy>,
    folder: FolderId,
    segment: u32,
    file: BytesMut,
    ordinal: u32,
    ledgers: Ledgers,
    roots: &'a HashMap<(LedgerId, u64), Hash>,
    filled: u64,
}

/// Rebuilds the segment after `before`, from what `scan` found of it and from `copy`. The error tells
/// which checks failed.
pub(crate) fn rebuild(
    folder: FolderId,
    damage: &str,
    before: &Seal,
    scan: Option<&Scan>,
    target: &Target,
    copy: Option<&ReadCopy>,
) -> Result<Rebuilt, String> {
    let segment = before.segment + 1;
    rebuild_segment(folder, before, scan, target, copy)
        .map(|rebuilt| Rebuilt {
            damage: damage.to_owned(),
            ..rebuilt
        })
        .map_err(|why| format!("journal segment {segment}: {damage}; {why}"))
}

fn rebuild_segment(
    folder: FolderId,
    before: &Seal,
    scan: Option<&Scan>,
    target: &Target,
    copy: Option<&ReadCopy>,
) -> Result<Rebuilt, String> {
    let mut rebuilding = Rebuilding {
        copy,
        folder,
        segment: before.segment + 1,
        file: opening(folder, before, true),
        ordinal: 1,
        ledgers: Ledgers::from(before),
        roots: &target.roots,
        filled: 0,
    };
    let records = || scan.iter().flat_map(|scan| &scan.records);
    for found in records() {
        rebuilding.keep(&found.decoded.record)?;
    }
    for (ledger, (size, generation)) in &target.reach {
        rebuilding.fill(*ledger, *size, *generation)?;
    }
    if let Some(seal) = &target.seal {
        rebuilding.reach_seal(seal)?;
    }
    let kept = records().filter_map(|found| match &found.decoded.record {
        Record::Checkpoint(kept) => Some(((kept.ledger, kept.size), kept)),
        _ => None,
    });
    rebuilding.restore_checkpoints(&Ledgers::from(before), &kept.collect())?;
    Ok(rebuilding.finish(target.seal.is_some()))
}

impl Rebuilding<'_> {
    fn keep(&mut self, record: &Record) -> Result<(), String> {
        match record {
            Record::Group(sections) => {
                for section in sections {
                    self.fill(
                        section.ledger,
                        section.first,
                        self.generation(section.ledger),
                    )?;
                    if section.end() <= self.ledgers.size(section.ledger) {
                        return Err(format!(
                            "ledger {} repeats position {}",
                            section.ledger, section.first
                        ));
                    }
                    self.ledgers
                        .apply(section)
                        .map_err(|misfit| misfit.to_string())?;
                }
            }
            Record::Mark(marks) => self.ledgers.mark(marks),
            Record::Checkpoint(_) => {}
            Record::Seal(_) => return Ok(()),
        }
        self.put(record);
        Ok(())
    }

    fn generation(&self, ledger: LedgerId) -> u64 {
        self.ledgers.head(ledger).generation
    }

    /// Takes events of `ledger` from sled until it has `size`.
    fn fill(&mut self, ledger: LedgerId, size: u64, generation: u64) -> Result<(), String> {
        let mut framed = BytesMut::new();
        let mut count = 0;
        while self.ledgers.size(ledger) + u64::from(count) < size {
            let position = self.ledgers.size(ledger) + u64::from(count);
            let (leaves, n) = self.copied(ledger, position)?;
            let take = usize::try_from(size - position)
                .unwrap_or(usize::MAX)
                .min(n);
            let cut = crate::log::chunk::frames_end(&leaves, take)
                .ok_or_else(|| format!("read copy: framing at position {position} of {ledger}"))?;
            framed.extend_from_slice(&leaves[..cut]);
            count += take as u32;
            if framed.len() >= RECORD_BYTES {
                self.put_filled(ledger, generation, framed.split().freeze(), count)?;
                count = 0;
            }
        }
        if count > 0 {
            self.put_filled(ledger, generation, framed.freeze(), count)?;
        }
        Ok(())
    }

    fn copied(&self, ledger: LedgerId, position: u64) -> Result<(Bytes, usize), String> {
        let missing = || format!("read copy: no position {position} of ledger {ledger}");
        let copy = self.copy.ok_or_else(missing)?;
        let record = copy
            .record(ledger, position)
            .map_err(|fault| fault.to_string())?;
        record
            .and_then(|record| record.from(position))
            .ok_or_else(missing)
    }

    fn put_filled(
        &mut self,
        ledger: LedgerId,
        generation: u64,
        framed: Bytes,
        count: u32,
    ) -> Result<(), String> {
        let first = self.ledgers.size(ledger);
        let mut frontier = self
            .ledgers
            .0
            .get(&ledger)
            .map(|s| s.frontier.clone())
            .unwrap_or_default();
        for leaf in frames(framed.clone()) {
            frontier.push(leaf_hash(&leaf));
            let known = self.roots.get(&(ledger, frontier.size()));
            if known.is_some_and(|root| *root != frontier.root()) {
                return Err(format!(
                    "read copy: ledger {ledger} has another root at size {}",
                    frontier.size()
                ));
            }
        }
        let root = frontier.root();
        let section = Section {
            ledger,
            generation,
            first,
            count,
            root,
            framed,
        };
        self.ledgers
            .apply(&section)
            .map_err(|misfit| misfit.to_string())?;
        self.filled += u64::from(count);
        self.put(&Record::Group(vec![section]));
        Ok(())
    }

    /// Fills up to the state that the seal tells, which must then be met exactly.
    fn reach_seal(&mut self, seal: &Seal) -> Result<(), String> {
        for sealed in &seal.ledgers {
            self.fill(sealed.ledger, sealed.frontier.size(), sealed.generation)?;
        }
        let end = Ledgers::from(seal);
        let marks: Vec<_> = end
            .0
            .iter()
            .filter(|(ledger, state)| self.ledgers.marked(**ledger) != state.marked)
            .map(|(ledger, state)| (*ledger, state.marked))
            .collect();
        if !marks.is_empty() {
            self.ledgers.mark(&marks);
            self.put(&Record::Mark(marks));
        }
        match self.ledgers == end {
            true => Ok(()),
            false => Err("the rebuilt records lead to another state than the seal's".to_owned()),
        }
    }

    /// Puts back the checkpoints for sizes that the segment spans, and those for smaller ones that may
    /// have been kept again in it. Some may stand in another segment too: that does no harm. What is intact
    /// here may be newer than the copy, or older: of the two that one is, which begins with the other.
    fn restore_checkpoints(
        &mut self,
        before: &Ledgers,
        intact: &HashMap<(LedgerId, u64), &Checkpoint>,
    ) -> Result<(), String> {
        let Some(copy) = self.copy else { return Ok(()) };
        let ends: Vec<_> = self.ledgers.0.keys().copied().collect();
        for ledger in ends {
            let fault = |fault: CopyFault| fault.to_string();
            let first = before.size(ledger);
            let again = first
                .checked_sub(1)
                .map(|last| copy.kept_again(ledger, last));
            let again = again.transpose().map_err(fault)?.unwrap_or_default();
            let again = again.into_iter().map(|size| size..=size);
            for sizes in again.chain([first..=self.ledgers.size(ledger)]) {
                let kept = copy.checkpoints(ledger, sizes, usize::MAX);
                for checkpoint in kept.map_err(fault)? {
                    let here = intact.get(&(ledger, checkpoint.size));
                    if !here.is_some_and(|here| here.note.starts_with(&checkpoint.note)) {
                        self.put(&Record::Checkpoint(checkpoint));
                    }
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, record: &Record) {
        let place = Place {
            folder: self.folder,
            segment: self.segment,
            ordinal: self.ordinal,
            after_sync: true,
        };
        record::put(&mut self.file, place, record);
        self.ordinal += 1;
    }

    fn finish(mut self, seal: bool) -> Rebuilt {
        let seal = seal.then(|| self.ledgers.seal(self.segment, Hash::digest(&self.file)));
        if let Some(seal) = &seal {
            self.put(&Record::Seal(seal.clone()));
        }
        Rebuilt {
            file: self.file.freeze(),
            damage: String::new(),
            ledgers: self.ledgers,
            filled: self.filled,
            seal,
        }
    }
}
