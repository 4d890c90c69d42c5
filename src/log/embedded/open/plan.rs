//! What the two copies and everything else say, and which repairs follow.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use crate::domain::id::LedgerId;
use crate::log::IntegrityKind;
use crate::log::chunk::frames;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::OpenError;
use crate::log::embedded::open::{
    Examined, Opening, Reached, Source, before_all, copy_error, trimmed,
};
use crate::log::embedded::repair::{Rebuilt, Target, rebuild};
use crate::log::head::Head;
use crate::log::journal::Seal;
use crate::log::journal::segment::Scan;
use crate::log::journal::survey::{Survey, TailEnd};
use crate::merkle::{Frontier, Hash, leaf_hash};

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mark => "a mark in the journal",
            Self::Checkpoint => "a checkpoint in the journal",
            Self::CopiedCheckpoint => "a checkpoint in the read copy",
            Self::Elsewhere => "a checkpoint from elsewhere",
            Self::HeadsFile => "the heads file",
            Self::ReadCopy => "the read copy",
        })
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ledger,
            head,
            source,
        } = self;
        write!(f, "{source} says ledger {ledger} reached {}", head.size)
    }
}

impl Opening {
    /// What everything but sled says was reached.
    pub(super) fn reached(&self, survey: &Survey) -> Vec<Reached> {
        let generation = |ledger| survey.tail.ledgers.head(ledger).generation;
        let said = survey.tail.said.iter().map(|said| {
            let source = if said.signed {
                Source::Checkpoint
            } else {
                Source::Mark
            };
            (said.ledger, said.size, said.root, source)
        });
        let floors = self.config.floors.iter();
        let floors = floors.map(|floor| (floor.ledger, floor.size, floor.root, Source::Elsewhere));
        let mut reached: Vec<Reached> = said
            .chain(floors)
            .map(|(ledger, size, root, source)| {
                let head = Head {
                    generation: generation(ledger),
                    size,
                    root,
                };
                Reached {
                    ledger,
                    head,
                    source,
                }
            })
            .collect();
        match self.folder.heads() {
            Ok(heads) => {
                reached.extend(heads.into_iter().flatten().map(|(ledger, head)| Reached {
                    ledger,
                    head,
                    source: Source::HeadsFile,
                }))
            }
            Err(check) => {
                let detail = format!("heads file: {check}; it is written anew");
                self.integrity
                    .record(IntegrityKind::SummaryRewritten, detail, None);
            }
        }
        reached
    }

    /// Opens sled and looks at its ends. What it holds is not read.
    pub(super) fn examine(&self, survey: &Survey) -> Result<Examined, OpenError> {
        // Its folder alone may be left of a power cut, with a `conf` that cannot be read.
        let existed = self.folder.sled().exists();
        let copy = ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes);
        let said = match &copy {
            Ok(copy) => ends(copy, survey).and_then(|ends| Ok((signed_in(copy, survey)?, ends))),
            Err(fault @ CopyFault::Environment(_)) => return Err(copy_error(fault.clone())),
            Err(fault) => Err(fault.to_string()),
        };
        let (signed, ends, trouble) = match said {
            Ok((signed, ends)) => {
                let copy = copy.as_ref().ok();
                let lacks_trimmed = || trimmed::shortfall(copy?, &ends, survey);
                let trouble = shortfall(&ends, survey).or_else(lacks_trimmed);
                (signed, ends, trouble)
            }
            Err(why) => (Vec::new(), BTreeMap::new(), Some(why)),
        };
        Ok(Examined {
            copy,
            existed,
            ends,
            signed,
            trouble,
        })
    }

    /// Rebuilds, in memory, the segments that must be. The error says why one cannot be.
    pub(super) fn plan(
        &self,
        survey: &Survey,
        reached: &[Reached],
        copy: Option<&ReadCopy>,
    ) -> Result<BTreeMap<u32, Rebuilt>, String> {
        let dir = self.folder.journal();
        let mut repairs = BTreeMap::new();
        let mut before = before_all();
        for sealed in &survey.sealed {
            let Some(damage) = &sealed.damage else {
                before.clone_from(sealed.end.as_ref().ok_or("seal")?);
                continue;
            };
            let scan = match Scan::read(&dir, self.id, sealed.number) {
                Ok(scan) => Some(scan),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(format!("journal segment {}: {error}", sealed.number)),
            };
            let rebuild = |seal: Option<Seal>| {
                let target = Target {
                    seal,
                    ..Target::default()
                };
                rebuild(self.id, damage, &before, scan.as_ref(), &target, copy)
            };
            let mut rebuilt = rebuild(sealed.end.clone())?;
            if rebuilt.seal.is_none() {
                // Neither its seal nor the next segment tells its end: it ends with what is left.
                let digest = Hash::digest(&rebuilt.file);
                rebuilt = rebuild(Some(rebuilt.ledgers.seal(sealed.number, digest)))?;
            }
            before.clone_from(rebuilt.seal.as_ref().ok_or("seal")?);
            repairs.insert(sealed.number, rebuilt);
        }
        let tail = &survey.tail;
        let damage = match (&tail.end, beyond(reached, survey)) {
            (TailEnd::Damaged { check }, _) => check.clone(),
            (TailEnd::Torn { check, .. }, Some(reached)) => format!("{check}, and {reached}"),
            (TailEnd::Whole, Some(reached)) => {
                let size = tail.ledgers.size(reached.ledger);
                format!("ledger {} ends at {size}, and {reached}", reached.ledger)
            }
            (TailEnd::Torn { .. } | TailEnd::Whole, None) => return Ok(repairs),
        };
        let mut target = Target::default();
        for Reached { ledger, head, .. } in reached {
            let furthest = target.reach.entry(*ledger).or_insert((0, 0));
            *furthest = (*furthest).max((head.size, head.generation));
            target.roots.insert((*ledger, head.size), head.root);
        }
        let rebuilt = rebuild(self.id, &damage, &before, Some(&tail.scan), &target, copy)?;
        repairs.insert(tail.number, rebuilt);
        Ok(repairs)
    }
}

impl Examined {
    /// Reads all that sled holds: no gap, every crc right, the roots as stated and as the journal
    /// has them.
    pub(super) fn verify(&mut self, survey: &Survey) {
        if let (Ok(copy), None) = (&self.copy, &self.trouble) {
            let mut ends = self.ends.iter();
            self.trouble =
                ends.find_map(|(ledger, end)| verify_ledger(copy, *ledger, end, survey).err());
        }
    }
}

impl Examined {
    /// Reads what sled holds beside the log.
    pub(super) fn verify_beside_log(&mut self) {
        let mut from = Some(Vec::new());
        while let (Ok(copy), None, Some(next)) = (&self.copy, &self.trouble, from.take()) {
            match copy.read_beside_log(&next) {
                Ok((_, next)) => from = next,
                Err(fault) => self.trouble = Some(fault.to_string()),
            }
        }
    }
}

/// What sled states, as statements like the others.
pub(super) fn reached_by(ends: &BTreeMap<LedgerId, Head>) -> impl Iterator<Item = Reached> {
    let reached = |(&ledger, &head)| Reached {
        ledger,
        head,
        source: Source::ReadCopy,
    };
    ends.iter().map(reached)
}

/// The last checkpoint that sled keeps of each ledger that the journal knows.
fn signed_in(copy: &ReadCopy, survey: &Survey) -> Result<Vec<Reached>, String> {
    let ledgers = survey.tail.ledgers.0.iter();
    let last = ledgers.map(|(&ledger, state)| {
        let kept = copy.checkpoint_up_to(ledger, u64::MAX);
        let kept = kept.map_err(|fault| fault.to_string())?;
        Ok(kept.map(|kept| Reached {
            ledger,
            head: Head {
                generation: state.generation,
                size: kept.size,
                root: kept.root,
            },
            source: Source::CopiedCheckpoint,
        }))
    });
    last.filter_map(Result::transpose).collect()
}

/// What was signed: for each ledger the size and root that it must have had.
pub(super) fn signed(reached: &[Reached]) -> impl Iterator<Item = (LedgerId, u64)> {
    use Source::{Checkpoint, CopiedCheckpoint, Elsewhere};
    reached
        .iter()
        .filter(|r| matches!(r.source, Checkpoint | CopiedCheckpoint | Elsewhere))
        .map(|r| (r.ledger, r.head.size))
}

/// A statement that reaches beyond what the journal proves.
pub(super) fn beyond<'a>(reached: &'a [Reached], survey: &Survey) -> Option<&'a Reached> {
    reached
        .iter()
        .find(|r| r.head.size > survey.tail.ledgers.size(r.ledger))
}

/// What sled says it holds, if that and the last record of each ledger are sound.
fn ends(copy: &ReadCopy, survey: &Survey) -> Result<BTreeMap<LedgerId, Head>, String> {
    let ends = copy.ends().map_err(|fault| fault.to_string())?;
    for (&ledger, head) in &ends {
        let last = head.size.saturating_sub(1);
        let record = copy
            .record(ledger, last)
            .map_err(|fault| fault.to_string())?;
        if record.is_none_or(|record| record.end() < head.size) {
            return Err(format!("read copy: ledger {ledger} lacks its last record"));
        }
        if survey
            .roots
            .get(&(ledger, head.size))
            .is_some_and(|root| *root != head.root)
        {
            let size = head.size;
            return Err(format!(
                "read copy: ledger {ledger} has another root at size {size}"
            ));
        }
    }
    Ok(ends)
}

/// Whether sled has less than a mark says.
fn shortfall(ends: &BTreeMap<LedgerId, Head>, survey: &Survey) -> Option<String> {
    survey.tail.ledgers.0.iter().find_map(|(ledger, state)| {
        let (size, mark) = (
            ends.get(ledger).map_or(0, |head| head.size),
            state.marked.size,
        );
        let why = || format!("read copy: ledger {ledger} ends at {size}, the mark is at {mark}");
        (size < mark).then(why)
    })
}

fn verify_ledger(
    copy: &ReadCopy,
    ledger: LedgerId,
    end: &Head,
    survey: &Survey,
) -> Result<(), String> {
    let mut frontier = Frontier::new();
    while frontier.size() < end.size {
        let position = frontier.size();
        let record = copy
            .record(ledger, position)
            .map_err(|fault| fault.to_string())?;
        let record = record
            .filter(|record| record.first == position && record.count() > 0)
            .ok_or_else(|| format!("read copy: no position {position} of ledger {ledger}"))?;
        let left = usize::try_from(end.size - position).unwrap_or(usize::MAX);
        frontier.extend(
            frames(record.framed)
                .take(left)
                .map(|leaf| leaf_hash(&leaf)),
        );
        let known = survey.roots.get(&(ledger, frontier.size()));
        if known.is_some_and(|root| *root != frontier.root()) {
            let size = frontier.size();
            return Err(format!(
                "read copy: ledger {ledger} has another root at size {size}"
            ));
        }
    }
    copy.checkpoints(ledger, 0..=u64::MAX, usize::MAX)
        .map_err(|fault| fault.to_string())?;
    match frontier.root() == end.root {
        true => Ok(()),
        false => Err(format!(
            "read copy: ledger {ledger} has not the root that it states"
        )),
    }
}

/// Compares every statement with the state that the repairs lead to and with the roots computed.
pub(super) fn check_roots(
    reached: &[Reached],
    survey: &Survey,
    repairs: &BTreeMap<u32, Rebuilt>,
) -> Result<(), String> {
    let ledgers = repairs
        .get(&survey.tail.number)
        .map_or(&survey.tail.ledgers, |r| &r.ledgers);
    for statement in reached {
        let Reached {
            ledger,
            head,
            source,
        } = statement;
        let end = ledgers.head(*ledger);
        if head.size > end.size {
            return Err(format!(
                "ledger {ledger} ends at {}, and {statement}",
                end.size
            ));
        }
        let known = match head.size {
            0 => Some(Hash::EMPTY_ROOT),
            size if size == end.size => Some(end.root),
            size => survey.roots.get(&(*ledger, size)).copied(),
        };
        // sled with another root is set aside; nothing else that differs is explained away.
        if *source != Source::ReadCopy && known.is_some_and(|root| root != head.root) {
            return Err(format!("{statement} with another root than the journal's"));
        }
    }
    Ok(())
}
