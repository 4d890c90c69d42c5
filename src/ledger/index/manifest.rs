//! The manifest: how far the written runs reach, and which runs there are. One record, replaced whole, so
//! that a run counts all at once or not at all.

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedStore};

use super::invalid;

const KEY: &[u8] = b"m";
/// Raised when the layout changes, or what an event is found by; such an index is built anew.
const VERSION: u8 = 5;
/// Runs of one level before they become one of the next.
pub(super) const FAN_IN: usize = 8;

/// What events that follow each other can be found by: a run of ids and one of posting lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) number: u32,
    pub(super) level: u8,
    /// How many ids it has.
    pub(super) ids: u64,
    /// How many terms its lists are of.
    pub(super) terms: u64,
    /// Where it ends; it begins where the one before ends.
    pub(super) up_to: u64,
}

/// No ledger has as many runs of one level as would come to a higher one.
const LEVEL_MAX: u8 = 21;
/// No ledger is written for so long that a run had a higher number.
const NUMBER_MAX: u32 = u32::MAX / 2;
/// Bytes of a run.
const RUN_BYTES: usize = 29;

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Manifest {
    /// Every event below this position is in a run.
    pub(super) up_to: u64,
    pub(super) next_run: u32,
    /// In the order of their positions.
    pub(super) runs: Vec<Run>,
}

impl Manifest {
    /// What is stored; `None` if that is of another layout or damaged.
    pub(super) fn load(
        store: &dyn DerivedStore,
        ledger: LedgerId,
    ) -> Result<Option<Self>, DerivedFault> {
        Ok(match store.get(ledger, KEY)? {
            Some(value) => Self::decode(&value),
            None => Some(Self::default()),
        })
    }

    pub(super) fn save(
        &self,
        store: &dyn DerivedStore,
        ledger: LedgerId,
    ) -> Result<(), DerivedFault> {
        let mut batch = DerivedBatch::new();
        batch.put(KEY, self.encode()).map_err(invalid)?;
        store.apply(ledger, batch)
    }

    /// The runs with the positions of which each tells.
    pub(super) fn spans(&self) -> impl DoubleEndedIterator<Item = (&Run, std::ops::Range<u64>)> {
        (0..self.runs.len()).map(|at| {
            let run = &self.runs[at];
            let before = at
                .checked_sub(1)
                .map_or(0, |before| self.runs[before].up_to);
            (run, before..run.up_to)
        })
    }

    /// Puts one run in the place of those of a level, which follow each other.
    pub(super) fn replace(&mut self, level: u8, merged: Run) {
        let at = self.runs.iter().position(|run| run.level == level);
        self.runs.retain(|run| run.level != level);
        self.runs.insert(at.unwrap_or(self.runs.len()), merged);
    }

    pub(super) fn crowded_level(&self) -> Option<u8> {
        let count = |level| self.runs.iter().filter(|run| run.level == level).count();
        self.runs
            .iter()
            .map(|run| run.level)
            .find(|level| count(*level) >= FAN_IN)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.up_to.to_be_bytes());
        bytes.extend_from_slice(&self.next_run.to_be_bytes());
        for run in &self.runs {
            bytes.extend_from_slice(&run.number.to_be_bytes());
            bytes.push(run.level);
            for number in [run.ids, run.terms, run.up_to] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| -> Option<u64> {
            Some(
                bytes
                    .get(range)?
                    .iter()
                    .fold(0, |all, byte| all << 8 | u64::from(*byte)),
            )
        };
        if *bytes.first()? != VERSION || (bytes.len() - 1) % RUN_BYTES != 12 {
            return None;
        }
        let mut runs = Vec::new();
        for at in (13..bytes.len()).step_by(RUN_BYTES) {
            runs.push(Run {
                number: u32::try_from(number(at..at + 4)?).ok()?,
                level: *bytes.get(at + 4)?,
                ids: number(at + 5..at + 13)?,
                terms: number(at + 13..at + 21)?,
                up_to: number(at + 21..at + 29)?,
            });
        }
        let next_run = u32::try_from(number(9..13)?).ok()?;
        let manifest = Self {
            up_to: number(1..9)?,
            next_run,
            runs,
        };
        manifest.holds_together().then_some(manifest)
    }

    /// Whether it can be one that was written: whoever adds a run counts on.
    fn holds_together(&self) -> bool {
        let written = |run: &Run| run.level <= LEVEL_MAX && run.number < self.next_run;
        self.next_run <= NUMBER_MAX
            && self.runs.iter().all(written)
            && self.runs.is_sorted_by(|a, b| a.up_to < b.up_to)
            && self.runs.last().map_or(0, |run| run.up_to) == self.up_to
    }
}

pub(super) fn remove(batch: &mut DerivedBatch) {
    // One key of one byte is always within the limits.
    let _ = batch.remove(KEY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_survives_its_encoding() {
        let runs = (0..3)
            .map(|n| Run {
                number: n,
                level: n as u8,
                ids: u64::from(n) * 1000,
                terms: u64::from(n) << 33,
                up_to: 65_536 * u64::from(n + 1),
            })
            .collect();
        let manifest = Manifest {
            up_to: 3 * 65_536,
            next_run: 7,
            runs,
        };
        assert_eq!(Manifest::decode(&manifest.encode()), Some(manifest.clone()));
        assert_eq!(
            Manifest::decode(&Manifest::default().encode()),
            Some(Manifest::default())
        );
        let mut cut = manifest.encode();
        cut.pop();
        assert_eq!(Manifest::decode(&cut), None);
    }

    #[test]
    fn a_manifest_that_cannot_have_been_written_is_none() {
        let run = |number, level, up_to| Run {
            number,
            level,
            ids: 1,
            terms: 1,
            up_to,
        };
        let manifest = |next_run, up_to, runs| Manifest {
            up_to,
            next_run,
            runs,
        };
        let whole = manifest(2, 9, vec![run(0, 1, 8), run(1, 0, 9)]);
        assert_eq!(Manifest::decode(&whole.encode()), Some(whole));
        for broken in [
            manifest(u32::MAX, 9, vec![run(0, 0, 9)]),
            manifest(1, 9, vec![run(1, 0, 9)]),
            manifest(1, 9, vec![run(0, u8::MAX, 9)]),
            manifest(1, 9, vec![run(0, 0, 8)]),
            manifest(2, 9, vec![run(0, 0, 9), run(1, 0, 9)]),
            manifest(0, 9, vec![]),
        ] {
            assert_eq!(Manifest::decode(&broken.encode()), None, "{broken:?}");
        }
    }
}
