//! A trimmed segment: what is left of it, and the events that sled alone holds, which must lead from the one state that it tells to
//! the other.

use super::{Before, Broken, Fault, Met, Pass, Reading, damage};
use crate::log::chunk::{frames, frames_end};
use crate::log::journal::record::SealedLedger;
use crate::log::journal::{Ledgers, Record};
use crate::merkle::{Frontier, leaf_hash};

impl Pass<'_> {
    /// Reads one. Tells the state after it.
    pub(super) fn check_trimmed(
        &mut self,
        mut reading: Reading,
        before: Option<&Before>,
        met: &mut Met,
    ) -> Result<Before, Fault> {
        let mut state = Ledgers::default();
        let opening = reading.next(self)?.ok_or_else(|| damage("first record"))?.0;
        self.follow(&opening, reading.ordinal, before, &mut state)?;
        let closing = reading.next(self)?.ok_or_else(|| damage("seal"))?.0;
        let Record::Seal(seal) = closing else {
            return Err(damage("seal"));
        };
        if seal.segment != reading.number {
            return Err(damage("seal"));
        }
        reading.ends()?;
        for after in &seal.ledgers {
            let before = state.0.remove(&after.ledger).unwrap_or_default();
            self.check_copied(reading.number, before.frontier, after, met)?;
        }
        Ok(Before {
            seal,
            rebuilt: reading.rebuilt,
        })
    }

    /// Hashes sled's events of a ledger from one state to the other. A record that is bad is told as one that neither copy holds.
    fn check_copied(
        &mut self,
        number: u32,
        mut frontier: Frontier,
        after: &SealedLedger,
        met: &mut Met,
    ) -> Result<(), Broken> {
        let (ledger, end) = (after.ledger, after.frontier.size());
        let (mut at, mut is_whole) = (frontier.size(), true);
        while at < end {
            let record = match self.copied(ledger, at, met)? {
                Ok(record) => record,
                Err(next) => {
                    (at, is_whole) = (next, false);
                    continue;
                }
            };
            let to = record.end().min(end);
            let leaves = record.from(at).and_then(|(leaves, _)| {
                let end = frames_end(&leaves, (to - at) as usize)?;
                Some(leaves.slice(..end))
            });
            frontier.extend(frames(leaves.unwrap_or_default()).map(|leaf| leaf_hash(&leaf)));
            at = to;
        }
        if is_whole && frontier != after.frontier {
            self.shared.suspect_copy(format!(
                "read copy: ledger {ledger} has another root at size {end}, and journal segment {number} is trimmed"
            ));
        }
        Ok(())
    }
}
