//! Looks at a journal without changing it: which segments are whole, and how its tail ends.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::domain::id::LedgerId;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::record::Record;
use crate::log::journal::segment::{self, Header, NoHeader, Scan};
use crate::log::journal::state::Ledgers;
use crate::log::journal::{FolderId, Seal};
use crate::merkle::{Frontier, Hash};

/// What was found of a segment before the tail.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) number: u32,
    /// The state after it, if its own seal or the next segment tells.
    pub(crate) end: Option<Seal>,
    /// Which check failed, if one did.
    pub(crate) damage: Option<String>,
    /// Nothing is left of it but both its ends.
    pub(crate) trimmed: bool,
}

/// How the tail ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum TailEnd {
    /// With an intact record.
    Whole,
    /// With bytes that were never acknowledged, as far as the journal itself tells.
    Torn { at: usize, check: String },
    /// With damage that later records reach beyond.
    Damaged { check: String },
}

/// A statement in the journal that a ledger has reached a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) ledger: LedgerId,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// By a checkpoint, not by a mark.
    pub(crate) signed: bool,
}

/// What was found of the last segment.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) number: u32,
    pub(crate) scan: Scan,
    pub(crate) end: TailEnd,
    /// The state after the records before any damage.
    pub(crate) ledgers: Ledgers,
    /// What marks and checkpoints of it say, also behind damage that they reach beyond.
    pub(crate) said: Vec<Said>,
}

/// A whole journal.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) tail: Tail,
    /// Roots at commit borders, as far as they were looked at.
    pub(crate) roots: HashMap<(LedgerId, u64), Hash>,
}

/// A root that no record tells, for its segment was trimmed.
#[derive(Debug)]
pub(crate) struct Unlearned {
    pub(crate) ledger: LedgerId,
    pub(crate) size: u64,
    /// What stands before it: the events of the ledger before the segment.
    pub(crate) before: Frontier,
}

/// Why a journal cannot be surveyed.
#[derive(Debug)]
pub(crate) enum NoSurvey {
    /// A segment was written by a later version.
    Newer(u32),
    Io(io::Error),
}

impl From<io::Error> for NoSurvey {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Survey {
    /// Reads the seals, and the whole of the last of the segments `1..=last`.
    pub(crate) fn new(dir: &Path, folder: FolderId, last: u32) -> Result<Self, NoSurvey> {
        let mut sealed = Vec::new();
        let mut roots = HashMap::new();
        let mut before = Some(Ledgers::default().seal(0, Hash::new([0; 32])));
        let mut rebuilt_before = false;
        for number in 1..last {
            let opened = open_ends(dir, folder, number)?;
            let Ends {
                header,
                opening,
                seal,
            } = opened;
            let mut damage = match (&header, &opening, &seal) {
                (Err(check), _, _) => Some(*check),
                (_, None, _) => Some("first record"),
                (_, _, None) => Some("seal"),
                _ => None,
            };
            if let (Some(before), Some(opening)) = (&before, &opening)
                && !continues(before, opening, rebuilt_before)
            {
                damage = damage.or(Some("first record differs from the seal before it"));
            }
            if let (Some(before_end), None) = (sealed.last_mut(), &before) {
                let before_end: &mut Sealed = before_end;
                before_end.end = opening;
            }
            rebuilt_before = header.is_ok_and(|header| header.rebuilt);
            let trimmed = header.is_ok_and(|header| header.trimmed);
            note_roots(&mut roots, seal.as_ref());
            before.clone_from(&seal);
            let damage = damage.map(str::to_owned);
            sealed.push(Sealed {
                number,
                end: seal,
                damage,
                trimmed,
            });
        }
        let tail = Tail::new(dir, folder, last, before.as_ref(), &mut roots)?;
        if let (Some(last), None) = (sealed.last_mut(), &before) {
            last.end = tail.scan.opening().cloned();
        }
        Ok(Self {
            sealed,
            tail,
            roots,
        })
    }

    /// Reads every byte of the sealed segments too.
    pub(crate) fn deepen(&mut self, dir: &Path, folder: FolderId) -> io::Result<()> {
        let mut state = Ledgers::default();
        for sealed in &mut self.sealed {
            if sealed.damage.is_none() {
                let scan = Scan::read(dir, folder, sealed.number)?;
                sealed.damage = verify(&scan, sealed.number, &mut state, &mut self.roots).err();
            }
            if let Some(end) = &sealed.end {
                state = Ledgers::from(end);
            }
        }
        Ok(())
    }

    /// Looks up the roots of `sizes` that are not known yet, where they are the end of a commit. Reads a
    /// sealed segment for each size at most; a checkpoint of a head is nearly always in the tail. Tells those that stand in a
    /// trimmed one.
    pub(crate) fn learn_roots(
        &mut self,
        dir: &Path,
        folder: FolderId,
        sizes: impl Iterator<Item = (LedgerId, u64)>,
    ) -> io::Result<Vec<Unlearned>> {
        let mut unlearned = Vec::new();
        for (ledger, size) in sizes {
            if self.roots.contains_key(&(ledger, size)) || size >= self.tail.ledgers.size(ledger) {
                continue;
            }
            let reaches = |sealed: &&Sealed| {
                let end = sealed.end.as_ref().map(Ledgers::from);
                end.is_some_and(|end| size <= end.size(ledger))
            };
            let Some(sealed) = self.sealed.iter().find(reaches) else {
                continue;
            };
            let scan = Scan::read(dir, folder, sealed.number)?;
            let mut state = scan.opening().map(Ledgers::from).unwrap_or_default();
            if scan.is_trimmed() {
                let before = state.0.remove(&ledger).unwrap_or_default().frontier;
                unlearned.push(Unlearned {
                    ledger,
                    size,
                    before,
                });
                continue;
            }
            for found in &scan.records {
                if state.follow(&found.decoded.record).is_err() {
                    break;
                }
                note_group_roots(&mut self.roots, &found.decoded.record);
            }
        }
        Ok(unlearned)
    }

    /// The trimmed segments before the tail.
    pub(crate) fn trimmed(&self) -> impl Iterator<Item = &Sealed> {
        self.sealed.iter().filter(|sealed| sealed.trimmed)
    }

    /// The state after the last trimmed segment: what the read copy alone holds.
    pub(crate) fn trimmed_up_to(&self) -> Option<Ledgers> {
        let last = self.trimmed().last()?;
        last.end.as_ref().map(Ledgers::from)
    }

    /// The first damaged segment before the tail, and its damage.
    pub(crate) fn sealed_damage(&self) -> Option<(u32, &str)> {
        self.sealed
            .iter()
            .find_map(|s| Some((s.number, s.damage.as_deref()?)))
    }
}

impl Tail {
    fn new(
        dir: &Path,
        folder: FolderId,
        number: u32,
        before: Option<&Seal>,
        roots: &mut HashMap<(LedgerId, u64), Hash>,
    ) -> Result<Self, NoSurvey> {
        let scan = Scan::read(dir, folder, number)?;
        if scan.header == Err(NoHeader::Newer) {
            return Err(NoSurvey::Newer(number));
        }
        let opening = scan.opening().cloned();
        let mut ledgers = opening
            .as_ref()
            .or(before)
            .map(Ledgers::from)
            .unwrap_or_default();
        let mut intact = scan.records.len();
        let mut damage = None;
        if let Some(hole) = scan.holes.first() {
            intact = hole.before;
            damage = Some((hole.from, format!("{} at byte {}", hole.check, hole.from)));
        }
        if scan.header.is_err() || opening.is_none() {
            intact = 0;
            let what = if scan.header.is_err() {
                "file header"
            } else {
                "first record"
            };
            damage = Some((0, what.to_owned()));
        }
        if scan.packed && damage.is_none() && scan.seal(number).is_none() {
            damage = Some((scan.end, "seal".to_owned()));
        }
        if scan.is_trimmed() {
            // What it begins with is behind it by now: the last ones are never trimmed.
            intact = 0;
            damage = Some((0, "it is trimmed, and those behind it are gone".to_owned()));
        }
        let mut misfit = false;
        for (i, found) in scan.records[..intact].iter().enumerate() {
            if let Err(fault) = ledgers.follow(&found.decoded.record) {
                // Its crc is right and its content is wrong: this was never torn.
                (intact, misfit) = (i, true);
                damage = Some((found.offset, fault.to_string()));
                break;
            }
            note_group_roots(roots, &found.decoded.record);
        }
        // A record that followed a sync proves that what stood before it was durable; that it was compressed proves it of all.
        let mut behind = scan.records[intact..].iter();
        let was_sealed = scan.packed || scan.is_trimmed();
        let reached = was_sealed || behind.any(|found| found.decoded.after_sync);
        let end = match damage {
            None => TailEnd::Whole,
            Some((at, check)) if !reached && !misfit => TailEnd::Torn { at, check },
            Some((_, check)) => TailEnd::Damaged { check },
        };
        let heard = if matches!(end, TailEnd::Torn { .. }) {
            intact
        } else {
            scan.records.len()
        };
        let said = scan.records[..heard]
            .iter()
            .flat_map(|f| said(&f.decoded.record))
            .collect();
        Ok(Self {
            number,
            scan,
            end,
            ledgers,
            said,
        })
    }
}

/// What both ends of a segment's file say.
struct Ends {
    header: Result<Header, &'static str>,
    opening: Option<Seal>,
    seal: Option<Seal>,
}

fn open_ends(dir: &Path, folder: FolderId, number: u32) -> Result<Ends, NoSurvey> {
    let (header, opening) = match segment::read_opening(dir, folder, number) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Ends {
                header: Err("the file is missing"),
                opening: None,
                seal: None,
            });
        }
        Err(error) => return Err(error.into()),
    };
    let header = match header {
        Err(NoHeader::Newer) => return Err(NoSurvey::Newer(number)),
        Ok(header) if header.folder == folder && header.segment == number => Ok(header),
        _ => Err("file header"),
    };
    let seal = segment::read_seal(dir, folder, number)?.map(|(seal, _)| seal);
    Ok(Ends {
        header,
        opening,
        seal,
    })
}

/// Whether `opening` repeats `seal`. The digest of a rebuilt segment is another one.
pub(crate) fn continues(seal: &Seal, opening: &Seal, rebuilt: bool) -> bool {
    seal.segment == opening.segment
        && seal.ledgers == opening.ledgers
        && (rebuilt || seal.digest == opening.digest)
}

/// Checks that a segment is whole, and that its records lead from one state to another.
pub(crate) fn check_whole(
    scan: &Scan,
    number: u32,
    before: &Seal,
    after: &Seal,
) -> Result<(), String> {
    let mut state = Ledgers::from(before);
    verify(scan, number, &mut state, &mut HashMap::new())?;
    match (scan.is_trimmed(), state == Ledgers::from(after)) {
        (true, _) => Err("it is trimmed".to_owned()),
        (false, false) => Err("it leads to another state".to_owned()),
        (false, true) => Ok(()),
    }
}

/// Checks a sealed segment whole: every record, every root, and its digest; of a trimmed one what is left.
fn verify(
    scan: &Scan,
    number: u32,
    state: &mut Ledgers,
    roots: &mut HashMap<(LedgerId, u64), Hash>,
) -> Result<(), String> {
    scan.header.map_err(|_| "file header")?;
    if let Some(hole) = scan.holes.first() {
        return Err(format!("{} at byte {}", hole.check, hole.from));
    }
    let opening = scan.opening().ok_or("first record")?;
    if Ledgers::from(opening) != *state {
        return Err("first record differs from the state before it".to_owned());
    }
    if scan.is_trimmed() {
        *state = Ledgers::from(scan.seal(number).ok_or("seal")?);
        return Ok(());
    }
    for found in &scan.records {
        state
            .follow(&found.decoded.record)
            .map_err(|misfit| misfit.to_string())?;
        note_group_roots(roots, &found.decoded.record);
    }
    let seal = scan.seal(number).ok_or("seal")?;
    let sealed_at = scan.records.last().map_or(0, |found| found.offset);
    if *state != Ledgers::from(seal) {
        return Err("the seal differs from the state after its records".to_owned());
    }
    match Hash::digest(&scan.file[..sealed_at]) == seal.digest {
        true => Ok(()),
        false => Err("SHA-256 of the segment".to_owned()),
    }
}

fn note_roots(roots: &mut HashMap<(LedgerId, u64), Hash>, seal: Option<&Seal>) {
    for sealed in seal.iter().flat_map(|seal| &seal.ledgers) {
        roots.insert(
            (sealed.ledger, sealed.frontier.size()),
            sealed.frontier.root(),
        );
        roots.insert((sealed.ledger, sealed.marked.size), sealed.marked.root);
    }
}

fn note_group_roots(roots: &mut HashMap<(LedgerId, u64), Hash>, record: &Record) {
    match record {
        Record::Group(sections) => {
            roots.extend(sections.iter().map(|s| ((s.ledger, s.end()), s.root)));
        }
        Record::Seal(seal) => note_roots(roots, Some(seal)),
        Record::Mark(marks) => {
            roots.extend(
                marks
                    .iter()
                    .map(|(ledger, head)| ((*ledger, head.size), head.root)),
            );
        }
        Record::Checkpoint(_) => {}
    }
}

fn said(record: &Record) -> Vec<Said> {
    let mark = |(ledger, head): (LedgerId, Head)| {
        let Head { size, root, .. } = head;
        Said {
            ledger,
            size,
            root,
            signed: false,
        }
    };
    match record {
        Record::Mark(marks) => marks.iter().copied().map(mark).collect(),
        Record::Checkpoint(checkpoint) => {
            let &Checkpoint {
                ledger, size, root, ..
            } = checkpoint;
            vec![Said {
                ledger,
                size,
                root,
                signed: true,
            }]
        }
        Record::Seal(seal) => seal
            .ledgers
            .iter()
            .map(|s| mark((s.ledger, s.marked)))
            .collect(),
        Record::Group(_) => Vec::new(),
    }
}
