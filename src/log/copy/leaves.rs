//! The events of the read copy, hashed: what proves them where the journal was trimmed.

use crate::domain::id::LedgerId;
use crate::log::chunk::{frames, frames_end};
use crate::log::copy::ReadCopy;
use crate::merkle::{Frontier, leaf_hash};

impl ReadCopy {
    /// Goes on from `frontier` by the events of `ledger` until there are `size`. The error says what it does not hold.
    pub(crate) fn follow(
        &self,
        ledger: LedgerId,
        frontier: &mut Frontier,
        size: u64,
    ) -> Result<(), String> {
        while frontier.size() < size {
            let position = frontier.size();
            let missing = || format!("read copy: no position {position} of ledger {ledger}");
            let record = self.record(ledger, position);
            let record = record.map_err(|fault| fault.to_string())?;
            let held = record.and_then(|record| record.from(position));
            let (leaves, count) = held.ok_or_else(missing)?;
            let left = usize::try_from(size - position).unwrap_or(usize::MAX);
            let end = frames_end(&leaves, count.min(left)).ok_or_else(missing)?;
            frontier.extend(frames(leaves.slice(..end)).map(|leaf| leaf_hash(&leaf)));
            if frontier.size() == position {
                return Err(missing());
            }
        }
        Ok(())
    }
}
