//! A goal with all it holds: the state that a goal's stream folds to, and what may be added to it.
//!
//! [`Goal::apply`] knows no rules; [`decide`] knows all of them. What stands
//! where (titles, parents, codes) is in the [`Directory`](crate::domain::directory::Directory); a goal's
//! own state holds what is measured.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jiff::Timestamp;

use crate::domain::actual::aggregate::Cut;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::event::{Actor, Evidence, ForecastValue, NarrativeKind, Subject, Validity};
use crate::domain::id::{ActionId, EventId, IndicatorId};
use crate::domain::indicator::Definition;
use crate::domain::personal::FreeText;
use crate::domain::target::{Baseline, TargetVersion, in_force};
use crate::domain::text::Text;

pub mod decide;
mod entries;
pub mod entry_form;
pub mod evaluation;
mod fold;
mod history;
mod rows;
mod slots;
mod tally;

pub use entries::{Backing, Confirmation, Entries, Entry, EntryContext, Superseded};
pub use history::{Demand, PlannedLine, Version};
pub(crate) use tally::{Slot, Tally};

use evaluation::{Evaluations, Judgement, NextAction};

/// The state of a goal's stream. Its collections share structure: a clone is a savepoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goal {
    indicators: OrdMap<IndicatorId, Arc<Indicator>>,
    narratives: Vector<Arc<Narrative>>,
    attachments: Vector<Arc<Attachment>>,
    evaluations: Evaluations,
    /// Kept up to date with each event, so that nobody has to add it up.
    bytes: usize,
}

/// What is known of one indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    // What rarely changes stands behind an `Arc`, so that a savepoint before a report copies none of it.
    /// Text of the criterion as published or last reworded.
    pub wording: Arc<Version<Text>>,
    /// The texts before it, in the order of recording.
    pub earlier_wordings: Arc<Vec<Version<Text>>>,
    /// Definition versions, 1 first.
    pub definitions: Vec<DefinitionVersion>,
    /// Target versions in the order of decision.
    pub targets: Arc<Vec<TargetVersion>>,
    /// Baselines in the order of recording; the last counts.
    pub baselines: Arc<Vec<Version<Baseline>>>,
    /// Planned lines in the order of recording.
    pub profiles: Arc<Vec<Version<PlannedLine>>>,
    /// Every report and correction in the order of recording.
    pub entries: Entries,
    /// Positions of the events that replaced a report or took one back, ascending.
    supersedings: Vector<u64>,
    /// Demand by day or span, in the order of recording.
    pub demands: Vector<Demand>,
    /// Forecasts in the order of recording.
    pub forecasts: Vector<Arc<Forecast>>,
}

/// One version of how an indicator is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct DefinitionVersion {
    /// First day it holds; from the second version on a break in the series.
    pub from: Date,
    /// Position of the event that set it.
    pub position: u64,
    /// The definition.
    pub definition: Arc<Definition>,
    /// What of it was assumed and was confirmed later, in the order of recording.
    pub confirmed: Vector<Arc<FieldsConfirmed>>,
    /// What was reported under it, indexed for the rules.
    pub(crate) tally: Tally,
}

impl DefinitionVersion {
    /// Whether a field was confirmed, as all is known that is.
    pub fn confirms(&self, field: &str) -> bool {
        let mut fields = self.confirmed.iter().flat_map(|by| &by.fields);
        fields.any(|known| known == field)
    }

    /// What was confirmed of it at a cut.
    pub fn confirmed_at(&self, cut: Cut) -> impl Iterator<Item = &Arc<FieldsConfirmed>> {
        let holds = move |by: &&Arc<FieldsConfirmed>| {
            cut.knows(by.confirmation.position) && by.confirmation.date <= cut.on
        };
        self.confirmed.iter().filter(holds)
    }

    /// Whether a field is still assumed at a cut.
    pub fn assumes(&self, field: &str, cut: Cut) -> bool {
        let mut confirmed = self.confirmed_at(cut).flat_map(|by| &by.fields);
        self.definition.assumed.iter().any(|known| known == field)
            && !confirmed.any(|known| known == field)
    }

    /// The definition with what is still assumed of it at a cut.
    pub fn definition_at(&self, cut: Cut) -> Arc<Definition> {
        if self.confirmed_at(cut).next().is_none() {
            return self.definition.clone();
        }
        let mut definition = self.definition.as_ref().clone();
        definition.assumed.retain(|field| self.assumes(field, cut));
        Arc::new(definition)
    }
}

/// That somebody confirmed fields of a definition that were assumed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldsConfirmed {
    /// Their names.
    pub fields: Vec<String>,
    /// Who and when.
    pub confirmation: Confirmation,
}

/// What a section expected, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// The day it was made for.
    pub made_on: Date,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who expected it.
    pub actor: Arc<Actor>,
    /// What was expected.
    pub value: ForecastValue,
    /// How sure, 0 to 10.
    pub confidence: Option<u32>,
    /// On which grounds.
    pub basis: FreeText,
}

/// Something told about a goal, an initiative or an indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrative {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who told it.
    pub actor: Arc<Actor>,
    /// For which day.
    pub valid: Option<Validity>,
    /// What about.
    pub subject: Subject,
    /// What kind.
    pub kind: NarrativeKind,
    /// In words.
    pub text: FreeText,
}

/// Evidence attached later.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who attached it.
    pub actor: Arc<Actor>,
    /// For which day.
    pub valid: Option<Validity>,
    /// What about.
    pub subject: Subject,
    /// The event it shows.
    pub shows: Option<EventId>,
    /// The evidence.
    pub evidence: Vec<Evidence>,
}

impl Indicator {
    /// Bytes of what is kept of its reports.
    fn size(&self) -> usize {
        let places = self.definitions.iter().map(|version| version.tally.size());
        self.entries.size() + places.sum::<usize>()
    }

    /// The newest definition.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.definitions.last().map(|version| &version.definition)
    }

    /// The definition that holds on `date` with its version number, from 1; before the first day of
    /// version 1, version 1. With `known`, of the versions at positions below it only.
    pub fn definition_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(u32, &DefinitionVersion)> {
        let known = |v: &DefinitionVersion| known.is_none_or(|size| v.position < size);
        let numbered = || (1..).zip(self.definitions.iter()).filter(|(_, v)| known(v));
        numbered()
            .filter(|(_, v)| v.from <= date)
            .last()
            .or_else(|| numbered().next())
    }

    /// Number of the newest definition version, from 1.
    pub fn definition_version(&self) -> u32 {
        u32::try_from(self.definitions.len()).unwrap_or(u32::MAX)
    }

    /// The target in force on `date`.
    pub fn target_on(&self, date: Date) -> Option<&TargetVersion> {
        in_force(&self.targets, date)
    }

    /// The first target that was set.
    pub fn first_target(&self) -> Option<&TargetVersion> {
        self.targets.first()
    }

    /// The entry of an event.
    pub fn entry(&self, id: EventId) -> Option<Entry<'_>> {
        self.entries.of_event(id).map(|(_, entry)| entry)
    }

    /// Entries that count: of the newest definition, neither replaced nor taken back.
    pub fn effective(&self) -> impl Iterator<Item = Entry<'_>> {
        let version = self.definition_version();
        self.entries.iter().filter(move |entry| {
            entry.superseded().is_none() && entry.definition_version == version
        })
    }

    /// Whether any report was replaced or taken back by an event that `later` knows and `earlier` does not.
    pub fn superseded_between(&self, earlier: Cut, later: Cut) -> bool {
        let first = match earlier.known {
            Some(size) => self.supersedings.binary_search(&size),
            None => return false,
        };
        let first = first.unwrap_or_else(|index| index);
        let next = self.supersedings.get(first);
        next.is_some_and(|position| later.knows(*position))
    }

    /// Whether a cut selects every report and everything that came of any, by knowledge and by day.
    pub fn is_whole_at(&self, cut: Cut) -> bool {
        self.last_of_entries()
            .is_none_or(|position| cut.knows(position))
            && self.entries.last_day().is_none_or(|day| day <= cut.on)
    }

    /// How many reports a cut holds, whether they count or not.
    pub fn reports_at(&self, cut: Cut) -> usize {
        match self.is_whole_at(cut) {
            true => self.entries.len(),
            false => self.entries_at(cut).count(),
        }
    }

    /// Position of the newest event that a cut knows of which made, replaced or took back a report of a day that the cut holds.
    pub fn last_of_entries_at(&self, cut: Cut) -> Option<u64> {
        if self.is_whole_at(cut) {
            return self.last_of_entries();
        }
        let events = self.entries_at(cut).flat_map(|entry| {
            let superseded = entry.superseded().map(|by| by.position);
            [Some(entry.position), superseded]
        });
        events
            .flatten()
            .filter(|position| cut.knows(*position))
            .max()
    }

    /// Reports that a cut holds, whether they count or not, in the order of recording.
    pub fn entries_at(&self, cut: Cut) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        let holds = move |entry: &Entry<'_>| cut.holds(entry.position, Some(entry.valid));
        self.entries.iter().filter(holds)
    }

    /// How many reports count, where that is told without a look at them: all are of one series.
    pub(crate) fn effective_of_one_series(&self) -> Option<usize> {
        let is_one = self.definitions.len() == 1;
        is_one.then(|| self.entries.len() - self.entries.superseded())
    }

    fn last_of_entries(&self) -> Option<u64> {
        let newest = self.entries.last().map(|entry| entry.position);
        newest.max(self.supersedings.last().copied())
    }

    /// The newest correction of the chain that `id` stands in, or the retraction that ended it.
    pub fn head_of_chain(&self, id: EventId) -> EventId {
        let Some((index, entry)) = self.entries.of_event(id) else {
            return id;
        };
        let Some(mut superseded) = entry.superseded() else {
            return id;
        };
        // A chain never runs backwards: one look at what is newer finds all of it.
        for newer in index + 1..self.entries.len() {
            let Some(entry) = self.entries.get(newer) else {
                break;
            };
            if entry.event_id == superseded.by {
                match entry.superseded() {
                    Some(newer) => superseded = newer,
                    None => break,
                }
            }
        }
        superseded.by
    }

    /// The report that an entry corrects, or itself.
    pub(crate) fn first_of_chain<'a>(&'a self, entry: Entry<'a>) -> Entry<'a> {
        let Some(mut sought) = entry.corrects else {
            return entry;
        };
        let mut first = entry;
        // Nor does it run forwards.
        for older in self.entries.iter().rev() {
            if older.event_id == sought {
                first = older;
                match first.corrects {
                    Some(before) => sought = before,
                    None => break,
                }
            }
        }
        first
    }
}

impl Goal {
    /// Bytes of memory that it takes, about: what is kept of each report, and for each other event a round number beside
    /// its texts. What it shares with its savepoints is counted in each.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// What is known of an indicator.
    pub fn indicator(&self, id: IndicatorId) -> Option<&Arc<Indicator>> {
        self.indicators.get(&id)
    }

    /// Every indicator whose history is in this stream.
    pub fn indicators(&self) -> impl Iterator<Item = (&IndicatorId, &Arc<Indicator>)> {
        self.indicators.iter()
    }

    /// What was told, in the order of recording.
    pub fn narratives(&self) -> impl Iterator<Item = &Arc<Narrative>> {
        self.narratives.iter()
    }

    /// What was attached later, in the order of recording.
    pub fn attachments(&self) -> impl Iterator<Item = &Arc<Attachment>> {
        self.attachments.iter()
    }

    /// What was judged, in the order of recording.
    pub fn evaluations(&self) -> impl DoubleEndedIterator<Item = &Arc<Judgement>> {
        self.evaluations.judgements()
    }

    /// What was judged of `subject` for a period, in the order of recording.
    pub fn evaluations_of<'a>(
        &'a self,
        subject: Subject,
        period: &'a Key,
    ) -> impl DoubleEndedIterator<Item = &'a Arc<Judgement>> {
        self.evaluations()
            .filter(move |judged| judged.subject == subject && judged.period == *period)
    }

    /// What was agreed to be done next, in the order of recording.
    pub fn actions(&self) -> Vec<&Arc<NextAction>> {
        self.evaluations.actions()
    }

    /// A next action.
    pub fn action(&self, id: ActionId) -> Option<&Arc<NextAction>> {
        self.evaluations.action(id)
    }
}
