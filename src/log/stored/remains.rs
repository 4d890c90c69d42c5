//! A journal of which files may be damaged or gone, for whoever takes events out of what is left of it: where each ledger's
//! events and checkpoints stand, also behind damage. What a record says of those around it is not believed here.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::OpenError;
use crate::log::chunk::frames;
use crate::log::head::Checkpoint;
use crate::log::journal::catalog::Catalog;
use crate::log::journal::record::ALIGN;
use crate::log::journal::segment::{self, NoHeader, Scan};
use crate::log::journal::{FolderId, Location, Record};
use crate::log::stored::{Damage, damage, list, written_under};
use crate::merkle::{Hash, TreeHead};

/// What is left of a journal. It keeps 16 bytes for each group of events and each checkpoint.
pub(crate) struct JournalRemains {
    catalog: Catalog,
    ledgers: BTreeMap<LedgerId, Traces>,
    damage: Vec<Damage>,
}

/// What of one ledger stands in a journal.
#[derive(Debug, Default)]
struct Traces {
    /// First position and place of each group of events, ascending.
    groups: Vec<(u64, Spot)>,
    /// Size and place of each kept checkpoint, ascending.
    kept: Vec<(u64, Spot)>,
    /// What marks and seals say of it, ascending.
    said: Vec<TreeHead>,
}

/// Where a record stands. Records begin at multiples of 8, so this is enough for a file of 32 GiB.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Spot {
    segment: u32,
    eighth: u32,
}

impl Spot {
    fn new(segment: u32, offset: usize) -> Option<Self> {
        let eighth = u32::try_from(offset / ALIGN).ok()?;
        Some(Self { segment, eighth })
    }

    fn location(self) -> Location {
        Location {
            segment: self.segment,
            offset: u64::from(self.eighth) * ALIGN as u64,
        }
    }
}

/// Adjacent events that were written together.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The position of the first.
    pub(crate) first: u64,
    /// The events.
    pub(crate) leaves: Vec<Bytes>,
    /// What the journal says the root is behind the last of them.
    pub(crate) root: Hash,
}

impl Written {
    /// The event at `position`, if it is one of them.
    pub(crate) fn leaf(&self, position: u64) -> Option<&Bytes> {
        let at = position.checked_sub(self.first)?;
        self.leaves.get(usize::try_from(at).ok()?)
    }

    /// The position behind the last.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.leaves.len() as u64
    }
}

impl JournalRemains {
    /// Looks through all files of the journal in `dir`. `said` is whose it is, if that is known from elsewhere; nothing where there
    /// is no file.
    ///
    /// # Errors
    ///
    /// Where a later version wrote it, where it cannot be read, and where nothing says whose it is: then no record can be told
    /// from bytes that look like one.
    pub(crate) fn open(dir: &Path, said: Option<FolderId>) -> Result<Option<Self>, OpenError> {
        let numbers = list(dir).map_err(io)?;
        if numbers.is_empty() {
            return Ok(None);
        }
        let any = || {
            let header = |number: &u32| {
                let any = FolderId([0; 16]);
                segment::read_opening(dir, any, *number).ok()?.0.ok()
            };
            numbers.iter().find_map(header).map(|header| header.folder)
        };
        let known = written_under(dir).map_err(io)?.or(said).or_else(any);
        let id = known.ok_or_else(|| OpenError::Refused {
            check: "neither the journal's files nor `format` say whose it is".to_owned(),
            evidence: dir.to_owned(),
        })?;
        let mut remains = Self {
            catalog: Catalog::new(dir, id),
            ledgers: BTreeMap::new(),
            damage: Vec::new(),
        };
        let mut expected = numbers.first().copied();
        for number in numbers {
            if let Some(missing) = expected.filter(|expected| *expected != number) {
                let check = "the file is missing";
                remains.damage.push(damage(missing, 0, 0, check));
            }
            expected = number.checked_add(1);
            match Scan::read(dir, id, number) {
                Ok(scan) if scan.header == Err(NoHeader::Newer) => {
                    let what = format!("journal segment {number}");
                    return Err(OpenError::Newer { what });
                }
                Ok(scan) => remains.look_at(number, &scan),
                Err(error) => {
                    let check = format!("it cannot be read: {error}");
                    remains.damage.push(damage(number, 0, 0, &check));
                }
            }
        }
        for traces in remains.ledgers.values_mut() {
            traces.groups.sort_unstable();
            traces.kept.sort_unstable();
            traces
                .said
                .sort_unstable_by_key(|head| (head.size, head.root));
            traces.said.dedup();
        }
        Ok(Some(remains))
    }

    fn look_at(&mut self, number: u32, scan: &Scan) {
        if scan.header.is_err() {
            let bytes = segment::HEADER_BYTES as u64;
            self.damage.push(damage(number, 0, bytes, "file header"));
        }
        for hole in &scan.holes {
            let (at, bytes) = (hole.from as u64, (hole.to - hole.from) as u64);
            self.damage.push(damage(number, at, bytes, hole.check));
        }
        for found in &scan.records {
            let Some(spot) = Spot::new(number, found.offset) else {
                continue;
            };
            match &found.decoded.record {
                Record::Group(sections) => sections.iter().for_each(|section| {
                    let traces = self.ledgers.entry(section.ledger).or_default();
                    traces.groups.push((section.first, spot));
                }),
                Record::Checkpoint(kept) => {
                    let traces = self.ledgers.entry(kept.ledger).or_default();
                    traces.kept.push((kept.size, spot));
                }
                Record::Mark(marks) => marks.iter().for_each(|(ledger, head)| {
                    self.say(*ledger, head.size, head.root);
                }),
                Record::Seal(seal) => seal.ledgers.iter().for_each(|sealed| {
                    let head = sealed.frontier.head();
                    self.say(sealed.ledger, head.size, head.root);
                    self.say(sealed.ledger, sealed.marked.size, sealed.marked.root);
                }),
            }
        }
    }

    fn say(&mut self, ledger: LedgerId, size: u64, root: Hash) {
        if size != 0 {
            let traces = self.ledgers.entry(ledger).or_default();
            traces.said.push(TreeHead { size, root });
        }
    }

    /// The ledgers that it says anything of.
    pub(crate) fn ledgers(&self) -> impl Iterator<Item = LedgerId> {
        self.ledgers.keys().copied()
    }

    /// Where its files are damaged or missing.
    pub(crate) fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The events that were written together with the one at `position`, if they are there.
    pub(crate) fn written(&self, ledger: LedgerId, position: u64) -> Option<Written> {
        let groups = &self.ledgers.get(&ledger)?.groups;
        let after = groups.partition_point(|(first, _)| *first <= position);
        let (first, spot) = *groups.get(after.checked_sub(1)?)?;
        let Record::Group(sections) = self.record(spot)? else {
            return None;
        };
        let mut sections = sections.into_iter();
        let section = sections.find(|of| of.ledger == ledger && of.first == first)?;
        let leaves: Vec<Bytes> = frames(section.framed.clone()).collect();
        let is_whole = leaves.len() as u64 == u64::from(section.count);
        (is_whole && position < section.end()).then_some(Written {
            first,
            leaves,
            root: section.root,
        })
    }

    /// Where the first group of events behind `position` begins.
    pub(crate) fn next_first(&self, ledger: LedgerId, position: u64) -> Option<u64> {
        let groups = &self.ledgers.get(&ledger)?.groups;
        let after = groups.partition_point(|(first, _)| *first <= position);
        groups.get(after).map(|(first, _)| *first)
    }

    /// The kept checkpoints of the first `limit` sizes from `size` on, ascending; several of a size that was kept again.
    pub(crate) fn kept(&self, ledger: LedgerId, size: u64, limit: usize) -> Vec<Checkpoint> {
        let kept = self.ledgers.get(&ledger).map(|traces| &traces.kept[..]);
        let kept = kept.unwrap_or_default();
        let from = kept.partition_point(|(of, _)| *of < size);
        let (mut found, mut sizes, mut last) = (Vec::new(), 0, None);
        for (of, spot) in kept.get(from..).unwrap_or_default() {
            if last != Some(*of) {
                if sizes == limit {
                    break;
                }
                (sizes, last) = (sizes + 1, Some(*of));
            }
            if let Some(Record::Checkpoint(checkpoint)) = self.record(*spot) {
                found.push(checkpoint);
            }
        }
        found
    }

    /// What marks and seals say of a ledger, by size.
    pub(crate) fn said(&self, ledger: LedgerId) -> &[TreeHead] {
        let traces = self.ledgers.get(&ledger);
        traces.map(|traces| &traces.said[..]).unwrap_or_default()
    }

    /// How many events a ledger had by what is there of it: events, marks and seals.
    pub(crate) fn reach(&self, ledger: LedgerId) -> u64 {
        let traces = self.ledgers.get(&ledger);
        let last = traces.and_then(|traces| traces.groups.last());
        let written = last.and_then(|(first, _)| self.written(ledger, *first));
        let said = self.said(ledger).last().map_or(0, |head| head.size);
        written.map_or(0, |written| written.end()).max(said)
    }

    fn record(&self, spot: Spot) -> Option<Record> {
        let read = self.catalog.record(spot.location());
        read.ok().map(|(record, _)| record)
    }
}

fn io(source: io::Error) -> OpenError {
    let what = "journal";
    OpenError::Io { what, source }
}
