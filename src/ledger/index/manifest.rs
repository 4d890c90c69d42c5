//! The manifest: how far the written runs reach, and which runs there are. One record, replaced whole, so
//! that a run counts all at once or not at all.

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedStore};

use super::invalid;

const KEY: &[u8] = b"m";
/// Raised when the layout changes, or what an event is found by; such an index is built anew.
const VERSION: u8 = 4;
/// Runs of one level before they become one of the next.
pub(super) const FAN_IN: usize = 8;

/// A sorted run of ids.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) number: u32,
    pub(super) level: u8,
    pub(super) ids: u64,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Manifest {
    /// Every event below this position is in a run.
    pub(super) up_to: u64,
    pub(super) next_run: u32,
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
            bytes.extend_from_slice(&run.ids.to_be_bytes());
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
        if *bytes.first()? != VERSION || (bytes.len() - 1) % 13 != 12 {
            return None;
        }
        let mut runs = Vec::new();
        for at in (13..bytes.len()).step_by(13) {
            runs.push(Run {
                number: u32::try_from(number(at..at + 4)?).ok()?,
                level: *bytes.get(at + 4)?,
                ids: number(at + 5..at + 13)?,
            });
        }
        let next_run = u32::try_from(number(9..13)?).ok()?;
        Some(Self {
            up_to: number(1..9)?,
            next_run,
            runs,
        })
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
            })
            .collect();
        let manifest = Manifest {
            up_to: 1 << 40,
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
}
