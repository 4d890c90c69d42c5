//! What a walk through a ledger comes to.

use std::collections::HashMap;

use crate::domain::event::{EventType, Payload, Recorded};
use crate::domain::id::{DataSubjectId, LedgerId};
use crate::log::codec::{decode, envelope};
use crate::merkle::Hash;
use crate::salvage::Conflict;
use crate::salvage::part::Cursor;

/// Conflicts of a ledger that are told.
const CONFLICTS_MAX: usize = 20;

/// What a ledger is to be put together of.
pub(super) struct Plan {
    pub(super) ledger: LedgerId,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// Ascending.
    pub(super) runs: Vec<Run>,
    /// The names that the ledger went by, and the positions of the events that gave them, also behind the end.
    pub(super) origins: Vec<(u64, String)>,
    /// The largest size up to which something agrees: a root that was signed or said, behind whole requests.
    pub(super) agreed: u64,
    /// The largest size that a known key signed.
    pub(super) signed: u64,
    pub(super) conflicts: Conflicts,
    /// Whether it ends where it does because of a conflict.
    pub(super) is_cut: bool,
    /// Where there are events again, behind a gap.
    pub(super) resumes: Option<u64>,
    pub(super) erased: Erased,
    /// The parts that have another history.
    pub(super) others: Vec<usize>,
}

/// Events from a position on are taken from this part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) from: u64,
    pub(super) part: usize,
}

impl Plan {
    /// Which part the events are taken from, each with the position behind the last.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Run, u64)> {
        let begins = self.runs.iter().skip(1).map(|run| run.from);
        self.runs.iter().copied().zip(begins.chain([self.size]))
    }
}

/// What was found to differ.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    pub(super) told: Vec<Conflict>,
    pub(super) omitted: u64,
}

impl Conflicts {
    pub(super) fn add(&mut self, conflict: Conflict) {
        match self.told.len() < CONFLICTS_MAX {
            true => self.told.push(conflict),
            false => self.omitted += 1,
        }
    }

    /// Adds one for which the ledger ends: it is told in any case.
    pub(super) fn end(&mut self, conflict: Conflict) {
        self.told.push(conflict);
    }
}

/// What any event that can be read says was erased, also one that is not taken: it does not come back. With the first position of a
/// taken event that says so; [`UNTAKEN`] where only others do.
#[derive(Debug, Default)]
pub(super) struct Erased {
    pub(super) subjects: HashMap<DataSubjectId, u64>,
    pub(super) files: HashMap<[u8; 32], u64>,
}

/// The position of an event that is not taken.
const UNTAKEN: u64 = u64::MAX;

impl Erased {
    /// Takes note of what an event says.
    pub(super) fn see(&mut self, position: u64, recorded: &Recorded) {
        let first = match &recorded.event.payload {
            Payload::PersonalDataErased(erased) => {
                self.subjects.entry(erased.subject).or_insert(position)
            }
            Payload::EvidenceErased(erased) => self.files.entry(erased.sha256).or_insert(position),
            _ => return,
        };
        *first = position.min(*first);
    }

    /// Looks through what a part holds from `from` on.
    pub(super) fn sweep(&mut self, mut cursor: Cursor<'_>, from: u64) {
        let mut position = from;
        while let Some(next) = cursor.next(position) {
            if let Some(leaf) = cursor.leaf(next)
                && envelope(&leaf).is_ok_and(|envelope| erases(envelope.event_type))
                && let Ok(recorded) = decode(&leaf)
            {
                self.see(UNTAKEN, &recorded);
            }
            position = next.saturating_add(1);
        }
    }
}

fn erases(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::PersonalDataErased | EventType::EvidenceErased
    )
}
