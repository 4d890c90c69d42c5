//! What each event says of its place, held against the events before it: the same check for a bundle, for a
//! data folder, and for whatever a ledger is put together of again.
//!
//! It keeps the last event of each stream and all event ids, some 32 bytes an event; whoever asks before an event is taken
//! ([`History::misfit`]) keeps no ids.

use std::collections::{HashMap, HashSet};

// Seeded anew with every run, so that no forged history can be made slow to look at.
use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::domain::event::{EventType, Recorded, Stream};
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::ledger::stream_key;
use crate::merkle::{Hash, StreamHead};
use crate::proof::bundle::verify::{Finding, Kind, hex};

/// The events so far.
pub(crate) struct History {
    /// The id of the ledger that they must be of, as it was said; and what that says, if it is one.
    ledger: (String, Option<LedgerId>),
    before: Option<(Timestamp, u64)>,
    /// The request that the event before came in, its number in that and how many there are.
    request: Option<(RequestId, u32, u32)>,
    streams: HashMap<Stream, Last, RandomState>,
    ids: HashSet<EventId, RandomState>,
    /// Whether an event was passed over: it is of some stream and of some request.
    lacks: bool,
}

/// The last event of a stream so far.
#[derive(Clone, Copy)]
struct Last {
    position: u64,
    revision: u64,
    leaf_hash: Hash,
}

impl History {
    /// Nothing yet, of the ledger with this id.
    pub(crate) fn new(ledger: impl Into<String>) -> Self {
        let said = ledger.into();
        let id = said.parse().ok();
        let id = id.filter(|id: &LedgerId| id.to_string() == said);
        Self {
            ledger: (said, id),
            before: None,
            request: None,
            streams: HashMap::default(),
            ids: HashSet::default(),
            lacks: false,
        }
    }

    /// How many streams the events are of.
    pub(super) fn streams(&self) -> u64 {
        self.streams.len() as u64
    }

    /// The newest event of every stream, in the order of the streams.
    pub(super) fn heads(&self) -> Vec<StreamHead> {
        let streams = self.streams.iter();
        let mut rows: Vec<StreamHead> = streams
            .map(|(stream, last)| StreamHead {
                stream: stream_key(*stream),
                revision: last.revision,
                leaf: last.leaf_hash,
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.stream);
        rows
    }

    /// An event cannot be read, or is not there. What would follow from that alone is not told.
    pub(super) fn pass_over(&mut self) {
        self.lacks = true;
    }

    /// Takes the event at `position`, and tells `found` whatever does not fit.
    pub(super) fn event(
        &mut self,
        position: u64,
        recorded: &Recorded,
        leaf_hash: Hash,
        found: &mut dyn FnMut(Finding),
    ) {
        self.place(position, recorded, found);
        if !self.ids.insert(recorded.event.id) {
            let is = recorded.event.id.to_string();
            let finding = Finding::at(Kind::IdRepeated, position);
            found(finding.differs("an id of its own".to_owned(), is));
        }
        self.request(position, recorded, found);
        self.stream(position, recorded, found);
        self.take(position, recorded, leaf_hash);
    }

    /// Why the event at `position` cannot follow those that were taken, if it cannot. Of ids nothing is said.
    pub(crate) fn misfit(&self, position: u64, recorded: &Recorded) -> Option<Finding> {
        let mut first = None;
        let mut found = |finding: Finding| {
            first.get_or_insert(finding);
        };
        self.place(position, recorded, &mut found);
        self.request(position, recorded, &mut found);
        self.stream(position, recorded, &mut found);
        first
    }

    /// Goes on behind the event at `position`.
    pub(crate) fn take(&mut self, position: u64, recorded: &Recorded, leaf_hash: Hash) {
        let this = Last {
            position,
            revision: recorded.revision,
            leaf_hash,
        };
        self.before = Some((recorded.recorded_at, recorded.generation));
        self.request = Some(place_in_request(recorded));
        self.streams.insert(recorded.event.stream, this);
    }

    /// What an event says of its place, and of the event before it.
    fn place(&self, position: u64, recorded: &Recorded, found: &mut dyn FnMut(Finding)) {
        let mut differs = |kind, expected: String, is: String| {
            found(Finding::at(kind, position).differs(expected, is));
        };
        if recorded.position != position {
            let (expected, is) = (position.to_string(), recorded.position.to_string());
            differs(Kind::PositionDiffers, expected, is);
        }
        let (said, ledger) = &self.ledger;
        if Some(recorded.ledger) != *ledger {
            let is = recorded.ledger.to_string();
            differs(Kind::LedgerDiffers, said.clone(), is);
        }
        let opened = recorded.event.payload.event_type() == EventType::LedgerOpened;
        if opened != (position == 0) {
            let is = recorded.event.payload.event_type().code().to_owned();
            differs(Kind::OpeningDiffers, "LEDGER_OPENED at 0".to_owned(), is);
        }
        if let Some((time, generation)) = self.before {
            if recorded.recorded_at <= time {
                let expected = format!("after {time}");
                differs(Kind::TimeFalls, expected, recorded.recorded_at.to_string());
            }
            if recorded.generation < generation {
                let expected = format!("{generation} or more");
                let is = recorded.generation.to_string();
                differs(Kind::GenerationFalls, expected, is);
            }
            // An event that was passed over may have said so.
            let continued = recorded.event.payload.event_type() == EventType::LedgerContinued;
            if (generation < recorded.generation) != continued && !self.lacks {
                let expected = format!("{generation}, or LEDGER_CONTINUED");
                let is = recorded.generation.to_string();
                differs(Kind::GenerationDiffers, expected, is);
            }
        }
    }

    /// Whether the events of a request stand together, all of them but for those of the last.
    fn request(&self, position: u64, recorded: &Recorded, found: &mut dyn FnMut(Finding)) {
        let is = place_in_request(recorded);
        let expected = match self.request {
            Some((id, index, count)) if index + 1 < count => (id, index + 1, count),
            _ => (recorded.request_id, 0, recorded.request_count),
        };
        if is != expected && !self.lacks {
            let shown = |(id, index, count)| format!("{index} of {count} of {id}");
            let finding = Finding::at(Kind::RequestBroken, position);
            found(finding.differs(shown(expected), shown(is)));
        }
    }

    /// Whether an event follows the one before it in its stream.
    fn stream(&self, position: u64, recorded: &Recorded, found: &mut dyn FnMut(Finding)) {
        let last = self.streams.get(&recorded.event.stream);
        let revision = last.map_or(1, |last| last.revision + 1);
        if revision < recorded.revision && self.lacks {
            // Nothing can be decided of it.
        } else if recorded.revision != revision {
            let finding = Finding::at(Kind::RevisionDiffers, position);
            let (expected, is) = (revision.to_string(), recorded.revision.to_string());
            found(finding.differs(expected, is));
        } else if let Some(last) = last
            && let before = recorded.prev_leaf_hash.map(Hash::new)
            && before != Some(last.leaf_hash)
        {
            let finding = Finding::at(Kind::PreviousDiffers, position).against(last.position);
            let is = before.map_or_else(String::new, |hash| hex(&hash));
            found(finding.differs(hex(&last.leaf_hash), is));
        }
    }
}

/// The request that an event came in, its number in that and how many there are.
fn place_in_request(recorded: &Recorded) -> (RequestId, u32, u32) {
    (
        recorded.request_id,
        recorded.request_index,
        recorded.request_count,
    )
}
