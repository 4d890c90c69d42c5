//! The reports on an indicator: most of what a ledger holds in memory, so kept small and shared.

use std::sync::Arc;

use imbl::Vector;
use jiff::Timestamp;

use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::date::Date;
use crate::domain::event::{Actor, Event, Evidence, Reason, Recorded, Validity};
use crate::domain::id::EventId;

/// A report or correction.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who reported.
    pub actor: Arc<Actor>,
    /// The day or days it holds for.
    pub valid: Validity,
    /// What was measured.
    pub measurement: Measurement,
    /// Version of the definition it was reported under.
    pub definition_version: u32,
    /// Of what and why it was reported.
    pub context: Arc<EntryContext>,
    /// What came of it later; most entries stay as they are.
    later: Option<Arc<Later>>,
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
    /// The entry it replaces.
    pub corrects: Option<EventId>,
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
}

/// What came of an entry after it was recorded.
#[derive(Clone, Debug, Default, PartialEq)]
struct Later {
    superseded: Option<Superseded>,
    confirmations: Vec<Confirmation>,
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

impl Entry {
    /// The entry that `recorded` makes, of the first definition until it is told otherwise.
    pub(super) fn new(
        recorded: &Recorded,
        effective_from: Date,
        measurement: &Measurement,
        reported: &ReportedPart,
        corrects: Option<EventId>,
    ) -> Self {
        let event = &recorded.event;
        Self {
            event_id: event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            valid: event.valid.unwrap_or(Validity::from(effective_from)),
            measurement: measurement.clone(),
            definition_version: 1,
            context: Arc::new(EntryContext {
                reported: reported.clone(),
                reasoned: event.reason.is_some(),
                evidence: event.evidence.len(),
                corrects,
            }),
            later: None,
        }
    }

    /// The event that replaced it or took it back.
    pub fn superseded(&self) -> Option<Superseded> {
        self.later.as_ref()?.superseded
    }

    /// Who looked at it and confirmed it, in the order of recording. A correction is another entry and begins with
    /// none.
    pub fn confirmations(&self) -> &[Confirmation] {
        self.later
            .as_ref()
            .map_or(&[], |later| &later.confirmations)
    }

    /// Whether there is anything in its [`Backing`].
    pub fn is_backed(&self) -> bool {
        self.context.reasoned || 0 < self.context.evidence
    }

    /// As it was when only what stands at `earlier`, the same entry, had come of it.
    #[cfg(test)]
    pub(super) fn as_before(&self, earlier: &Self) -> Self {
        Self {
            later: earlier.later.clone(),
            ..self.clone()
        }
    }

    pub(super) fn supersede(&mut self, superseded: Superseded) {
        Arc::make_mut(self.later.get_or_insert_default()).superseded = Some(superseded);
    }

    pub(super) fn confirm(&mut self, confirmation: Confirmation) {
        let later = Arc::make_mut(self.later.get_or_insert_default());
        later.confirmations.push(confirmation);
    }
}

/// Reports in the order of recording. A clone is a savepoint: it shares all but the last few with what is added later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// Blocks of [`Entries::BLOCK`].
    full: Vector<Arc<Block>>,
    /// What does not fill a block yet.
    last: Arc<Block>,
    /// Of the newest; `None` if there is nothing in it.
    backing: Option<Arc<Backing>>,
}

/// Entries that stand beside each other.
#[derive(Clone, Debug, Default, PartialEq)]
struct Block {
    entries: Vec<Entry>,
    /// Ids that may be in here: [`bits`] of each.
    ids: u64,
}

/// Two bits of 64 that an id sets, so that most blocks are not looked into for an id that is not there.
fn bits(id: EventId) -> u64 {
    // Any bytes would do: ids have random ends.
    let [.., a, b] = *id.as_bytes();
    (1 << (a % 64)) | (1 << (b % 64))
}

impl Entries {
    /// Entries of a full block: few are copied when one is added to what others hold too.
    const BLOCK: usize = 16;

    /// How many there are.
    pub fn len(&self) -> usize {
        self.full.len() * Self::BLOCK + self.last.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at an index.
    pub fn get(&self, index: usize) -> Option<&Entry> {
        let begins = self.full.len() * Self::BLOCK;
        let (block, within) = match index.checked_sub(begins) {
            Some(within) => (&self.last, within),
            None => (self.full.get(index / Self::BLOCK)?, index % Self::BLOCK),
        };
        block.entries.get(within)
    }

    /// The newest.
    pub fn last(&self) -> Option<&Entry> {
        self.iter().next_back()
    }

    /// All, in the order of recording.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let blocks = self.full.iter().chain(std::iter::once(&self.last));
        blocks.flat_map(|block| &block.entries)
    }

    /// The entry of an event with its index. Looks at all blocks, newest first, but into few.
    pub(crate) fn of_event(&self, id: EventId) -> Option<(usize, &Entry)> {
        let bits = bits(id);
        let full = self.full.iter().enumerate().rev();
        let blocks = std::iter::once((self.full.len(), &self.last)).chain(full);
        let mut blocks = blocks.filter(|(_, block)| block.ids & bits == bits);
        blocks.find_map(|(number, block)| {
            let mut entries = block.entries.iter().enumerate();
            let (within, entry) = entries.find(|(_, entry)| entry.event_id == id)?;
            Some((number * Self::BLOCK + within, entry))
        })
    }

    /// What stands behind the entry at `position`; `None`: the stored event has to be asked.
    pub fn backing(&self, position: u64) -> Option<Backing> {
        let newest = self.last().filter(|newest| newest.position == position)?;
        match &self.backing {
            Some(backing) => Some(Backing::clone(backing)),
            None => (!newest.is_backed()).then(Backing::default),
        }
    }

    /// Adds the newest, with what stands behind it.
    pub(super) fn push(&mut self, mut entry: Entry, backing: Backing) {
        self.backing = entry.is_backed().then(|| Arc::new(backing));
        if let Some(last) = self.last()
            && last.context == entry.context
        {
            entry.context = last.context.clone();
        }
        let last = Arc::make_mut(&mut self.last);
        last.ids |= bits(entry.event_id);
        last.entries.push(entry);
        if last.entries.len() == Self::BLOCK {
            self.full.push_back(std::mem::take(&mut self.last));
        }
    }

    /// The entry at an index, to be changed.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Entry> {
        let begins = self.full.len() * Self::BLOCK;
        let (block, within) = match index.checked_sub(begins) {
            Some(within) => (&mut self.last, within),
            None => (self.full.get_mut(index / Self::BLOCK)?, index % Self::BLOCK),
        };
        Arc::make_mut(block).entries.get_mut(within)
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a Entry;
    type IntoIter = Box<dyn Iterator<Item = &'a Entry> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actual::Measurement;
    use crate::domain::event::ActualRecorded;
    use crate::domain::testing::{event_id, event_of, fact, goal_id, increment, placed, recorded};

    fn entry(number: u64) -> Entry {
        let told = fact(recorded(increment(&number.to_string())));
        let stream = crate::domain::event::Stream::goal(goal_id("G"));
        let event = placed(
            event_of(&told, event_id(&number.to_string()), stream),
            number,
        );
        let crate::domain::event::Payload::ActualRecorded(ActualRecorded {
            measurement,
            reported,
            ..
        }) = &event.event.payload
        else {
            unreachable!("it was just made")
        };
        let day = "2023-09-30".parse().unwrap();
        Entry::new(&event, day, measurement, reported, None)
    }

    #[test]
    fn entries_are_found_by_index_by_event_and_in_order_however_many_there_are() {
        let mut entries = Entries::default();
        let mut savepoints = Vec::new();
        for number in 0..100 {
            savepoints.push(entries.clone());
            entries.push(entry(number), Backing::default());
        }
        for (count, savepoint) in savepoints.iter().enumerate() {
            assert_eq!(savepoint.len(), count);
            let positions: Vec<u64> = savepoint.iter().map(|entry| entry.position).collect();
            assert_eq!(positions, (0..count as u64).collect::<Vec<_>>());
            let back: Vec<u64> = savepoint.iter().rev().map(|entry| entry.position).collect();
            assert_eq!(back, (0..count as u64).rev().collect::<Vec<_>>());
            assert_eq!(savepoint.get(count), None);
            assert_eq!(
                savepoint
                    .last()
                    .map(|entry| entry.position + 1)
                    .unwrap_or(0),
                count as u64
            );
            for number in 0..100 {
                let found = savepoint.of_event(event_id(&number.to_string()));
                let found = found.map(|(index, entry)| (index, entry.position));
                assert_eq!(found, (number < count).then_some((number, number as u64)));
            }
        }
    }

    #[test]
    fn a_change_leaves_savepoints_as_they_were_and_neighbours_share_what_is_alike() {
        let mut entries = Entries::default();
        (0..40).for_each(|number| entries.push(entry(number), Backing::default()));
        let before = entries.clone();
        let superseded = Superseded {
            by: event_id("later"),
            position: 41,
            recorded_at: Timestamp::UNIX_EPOCH,
            retracted: true,
        };
        for index in [3, 39] {
            entries.get_mut(index).unwrap().supersede(superseded);
            assert_eq!(entries.get(index).unwrap().superseded(), Some(superseded));
            assert_eq!(before.get(index).unwrap().superseded(), None);
        }
        assert!(entries.get_mut(40).is_none());
        let mut contexts = entries.iter().map(|entry| &entry.context);
        let first = contexts.next().unwrap();
        assert!(contexts.all(|context| Arc::ptr_eq(context, first)));
        let measured = &entries.get(3).unwrap().measurement;
        assert_eq!(measured, &Measurement::Increment("3".parse().unwrap()));
    }
}
