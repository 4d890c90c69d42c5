//! The reports on an indicator: most of what a ledger holds in memory, so kept small and shared.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jiff::Timestamp;

use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::date::Date;
use crate::domain::event::{Actor, Event, Evidence, Reason, Validity};
use crate::domain::id::EventId;

mod block;

use block::Block;
pub(super) use block::Fresh;

/// A report or correction, read from where it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who reported.
    pub actor: &'a Arc<Actor>,
    /// The day or days it holds for.
    pub valid: Validity,
    /// What was measured.
    pub measurement: Measurement,
    /// Version of the definition it was reported under.
    pub definition_version: u32,
    /// Of what it was reported, and whether more was told.
    pub context: &'a EntryContext,
    /// The entry it replaces.
    pub corrects: Option<EventId>,
    superseded: Option<&'a Superseded>,
    confirmations: &'a [Confirmation],
}

/// What is told beside a measured value: mostly nothing but the unit, so entries that stand beside each other share it.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryContext {
    /// Which part, in which unit.
    pub reported: ReportedPart,
    /// Whether a reason was given.
    pub reasoned: bool,
    /// Pieces of evidence that were given with it.
    pub evidence: usize,
}

/// Why an entry was made and what shows it. No rule and no figure asks for more than whether there is any, so it is kept of
/// the newest entry alone, which is shown most; of others the stored event tells it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Backing {
    /// Why, where a reason was given.
    pub reason: Option<Reason>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

impl Backing {
    /// What stands behind the entry that an event makes.
    pub fn of(event: &Event) -> Self {
        Self {
            reason: event.reason.clone(),
            evidence: event.evidence.clone(),
        }
    }

    fn size(&self) -> usize {
        let reason = self.reason.as_ref().and_then(|reason| reason.text.plain());
        let reason = reason.map_or(0, |text| text.as_str().len());
        reason + self.evidence.len() * std::mem::size_of::<Evidence>()
    }
}

/// How an entry stopped counting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Superseded {
    /// By which event.
    pub by: EventId,
    /// At which position.
    pub position: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// Whether it was taken back rather than replaced.
    pub retracted: bool,
}

/// That somebody looked at an entry and confirmed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Confirmation {
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who confirmed.
    pub actor: Arc<Actor>,
    /// The day of the confirmation.
    pub date: Date,
}

impl<'a> Entry<'a> {
    /// The event that replaced it or took it back.
    pub fn superseded(&self) -> Option<Superseded> {
        self.superseded.copied()
    }

    /// Who looked at it and confirmed it, in the order of recording. A correction is another entry and begins with
    /// none.
    pub fn confirmations(&self) -> &'a [Confirmation] {
        self.confirmations
    }

    /// Whether there is anything in its [`Backing`].
    pub fn is_backed(&self) -> bool {
        self.context.reasoned || 0 < self.context.evidence
    }

    /// As it was when only what stands at `earlier`, the same entry, had come of it.
    #[cfg(test)]
    pub(super) fn as_before(&self, earlier: &Self) -> Self {
        Self {
            superseded: earlier.superseded,
            confirmations: earlier.confirmations,
            ..self.clone()
        }
    }
}

/// Reports in the order of recording. A clone is a savepoint: it shares all but the last few with what is added later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// All but the newest: blocks of [`Block::ENTRIES_MAX`], the last of them maybe of fewer.
    packed: Vector<Arc<Block>>,
    /// What is not packed yet.
    fresh: Arc<Vec<Fresh>>,
    notes: Notes,
    /// Of the newest; `None` if there is nothing in it.
    backing: Option<Arc<Backing>>,
    /// Bytes of `packed`.
    bytes: usize,
    /// The last day that any of them counts on.
    last_day: Option<Date>,
}

/// What is to be said of few entries, by index. Whoever is in here has a mark at the entry.
#[derive(Clone, Debug, Default, PartialEq)]
struct Notes {
    corrects: OrdMap<usize, EventId>,
    superseded: OrdMap<usize, Superseded>,
    /// Most were confirmed once, many of them by one event: then they share what is said of it.
    confirmed: OrdMap<usize, Arc<[Confirmation]>>,
}

/// What is to be said of one entry.
#[derive(Clone, Copy, Default)]
pub(super) struct Note<'a> {
    corrects: Option<EventId>,
    superseded: Option<&'a Superseded>,
    confirmations: &'a [Confirmation],
}

impl Notes {
    fn of(&self, index: usize) -> Note<'_> {
        let confirmed = self.confirmed.get(&index);
        Note {
            corrects: self.corrects.get(&index).copied(),
            superseded: self.superseded.get(&index),
            confirmations: confirmed.map_or(&[], |confirmed| confirmed),
        }
    }

    fn size(&self) -> usize {
        /// A key with its value; of what entries share, about a third.
        const CORRECTS: usize = 32;
        const SUPERSEDED: usize = 64;
        const CONFIRMED: usize = 64;
        self.corrects.len() * CORRECTS
            + self.superseded.len() * SUPERSEDED
            + self.confirmed.len() * CONFIRMED
    }
}

impl Entries {
    /// Entries that are packed together: few are copied when one is added to what others hold too.
    const FRESH_MAX: usize = 16;

    /// How many there are.
    pub fn len(&self) -> usize {
        self.packed_len() + self.fresh.len()
    }

    fn packed_len(&self) -> usize {
        let full = self.packed.len().saturating_sub(1) * Block::ENTRIES_MAX;
        full + self.packed.last().map_or(0, |block| block.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at an index.
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        match index.checked_sub(self.packed_len()) {
            Some(within) => {
                let fresh = self.fresh.get(within)?;
                Some(self.entry_of(fresh, index))
            }
            None => {
                let block = self.packed.get(index / Block::ENTRIES_MAX)?;
                Some(self.entry_in(block, index))
            }
        }
    }

    fn entry_in<'a>(&'a self, block: &'a Block, index: usize) -> Entry<'a> {
        let within = index % Block::ENTRIES_MAX;
        let note = match block.noted >> within & 1 {
            0 => Note::default(),
            _ => self.notes.of(index),
        };
        block.entry(within, note)
    }

    fn entry_of<'a>(&'a self, fresh: &'a Fresh, index: usize) -> Entry<'a> {
        let note = match fresh.noted {
            false => Note::default(),
            true => self.notes.of(index),
        };
        fresh.entry(note)
    }

    /// The newest.
    pub fn last(&self) -> Option<Entry<'_>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// How many of them were replaced or taken back.
    pub(super) fn superseded(&self) -> usize {
        self.notes.superseded.len()
    }

    /// The last day that any of them counts on.
    pub fn last_day(&self) -> Option<Date> {
        self.last_day
    }

    /// All, in the order of recording.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        let blocks = self.packed.iter().enumerate();
        let packed = blocks.flat_map(|(number, block)| {
            let begins = number * Block::ENTRIES_MAX;
            let indexes = begins..begins + block.len();
            indexes.map(|index| self.entry_in(block, index))
        });
        let begins = self.packed_len();
        let fresh = self.fresh.iter().enumerate();
        packed.chain(fresh.map(move |(within, fresh)| self.entry_of(fresh, begins + within)))
    }

    /// The entry of an event with its index. Looks at the ids of all, newest first.
    pub(crate) fn of_event(&self, id: EventId) -> Option<(usize, Entry<'_>)> {
        let mut fresh = self.fresh.iter();
        if let Some(within) = fresh.position(|fresh| fresh.event_id == id) {
            let index = self.packed_len() + within;
            return Some((index, self.get(index)?));
        }
        let blocks = self.packed.iter().enumerate().rev();
        let mut found = blocks.flat_map(|(number, block)| {
            let begins = number * Block::ENTRIES_MAX;
            let may_be = block.may_be(id).map(move |within| begins + within);
            may_be.map(|index| (index, self.entry_in(block, index)))
        });
        found.find(|(_, entry)| entry.event_id == id)
    }

    /// What stands behind the entry at `position`; `None`: the stored event has to be asked.
    pub fn backing(&self, position: u64) -> Option<Backing> {
        let newest = self.last().filter(|newest| newest.position == position)?;
        match &self.backing {
            Some(backing) => Some(Backing::clone(backing)),
            None => (!newest.is_backed()).then(Backing::default),
        }
    }

    /// Adds the newest, with the entry that it replaces and what stands behind it.
    pub(super) fn push(&mut self, mut new: Fresh, corrects: Option<EventId>, backing: Backing) {
        if let Some(last) = self.fresh.last()
            && last.context == new.context
        {
            new.context = last.context.clone();
        }
        self.last_day = self.last_day.max(Some(new.valid.counts_on()));
        let is_backed = new.context.reasoned || 0 < new.context.evidence;
        self.backing = is_backed.then(|| Arc::new(backing));
        if let Some(corrected) = corrects {
            new.noted = true;
            self.notes.corrects.insert(self.len(), corrected);
        }
        let fresh = Arc::make_mut(&mut self.fresh);
        fresh.push(new);
        if fresh.len() == Self::FRESH_MAX {
            let fresh = std::mem::take(&mut self.fresh);
            self.pack(&fresh);
        }
    }

    fn pack(&mut self, fresh: &[Fresh]) {
        let begun = match self.packed.last() {
            Some(last) if last.len() < Block::ENTRIES_MAX => self.packed.pop_back(),
            _ => None,
        };
        let before = self.packed.last().map(AsRef::as_ref);
        let block = Block::of(begun.as_deref(), fresh, before);
        let freed = begun.map_or(0, |begun| begun.size(before));
        self.bytes = self.bytes + block.size(before) - freed;
        self.packed.push_back(Arc::new(block));
    }

    /// Notes that the entry at an index counts no longer.
    pub(super) fn supersede(&mut self, index: usize, superseded: Superseded) {
        self.mark(index);
        self.notes.superseded.insert(index, superseded);
    }

    /// Notes that somebody confirmed the entry at an index; `alone` is the confirmation, to be shared.
    pub(super) fn confirm(&mut self, index: usize, alone: &Arc<[Confirmation]>) {
        self.mark(index);
        let confirmed = match self.notes.confirmed.get(&index) {
            Some(earlier) => earlier.iter().chain(alone.iter()).cloned().collect(),
            None => alone.clone(),
        };
        self.notes.confirmed.insert(index, confirmed);
    }

    fn mark(&mut self, index: usize) {
        match index.checked_sub(self.packed_len()) {
            Some(within) => {
                if let Some(fresh) = Arc::make_mut(&mut self.fresh).get_mut(within) {
                    fresh.noted = true;
                }
            }
            None => {
                if let Some(block) = self.packed.get_mut(index / Block::ENTRIES_MAX) {
                    Arc::make_mut(block).noted |= 1 << (index % Block::ENTRIES_MAX);
                }
            }
        }
    }

    /// Bytes of all, about.
    pub(crate) fn size(&self) -> usize {
        let backing = self.backing.as_ref().map_or(0, |backing| backing.size());
        self.bytes + backing + self.fresh.len() * std::mem::size_of::<Fresh>() + self.notes.size()
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = Entry<'a>;
    type IntoIter = Box<dyn Iterator<Item = Entry<'a>> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

#[cfg(test)]
mod tests;
