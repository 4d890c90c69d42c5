//! Which files events name, in the order of the events.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::Evidence;
use crate::domain::id::EventId;
use crate::evidence::{EvidenceFault, NAMED_FILES_MAX};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader};

/// Events that are read at a time.
const PAGE: usize = 256;

/// A file as an event names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// The event's position.
    pub position: u64,
    /// The event.
    pub event_id: EventId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The file.
    pub evidence: Evidence,
}

/// The files that the first `to` events name, each where it is named first. Remembers their digests, 32 bytes each, of at
/// most [`NAMED_FILES_MAX`] files.
pub struct Named {
    reader: Arc<Reader>,
    from: u64,
    to: u64,
    seen: HashSet<[u8; 32]>,
    ready: VecDeque<Mention>,
}

impl Named {
    /// Those that events below `to` name; the ledger has as many.
    pub fn below(reader: Arc<Reader>, to: u64) -> Self {
        Self {
            reader,
            from: 0,
            to,
            seen: HashSet::new(),
            ready: VecDeque::new(),
        }
    }

    /// The next file.
    pub async fn next(&mut self) -> Result<Option<Mention>, EvidenceFault> {
        loop {
            if let Some(mention) = self.ready.pop_front() {
                return Ok(Some(mention));
            }
            for mention in page(&self.reader, &mut self.from, self.to).await? {
                if self.seen.insert(mention.evidence.sha256) {
                    self.ready.push_back(mention);
                }
            }
            if NAMED_FILES_MAX < self.seen.len() {
                return Err(EvidenceFault::TooManyNamed);
            }
            if self.ready.is_empty() && self.to <= self.from {
                return Ok(None);
            }
        }
    }

    /// The digests that came by, and those that events from there on name.
    pub async fn all(mut self, to: u64) -> Result<HashSet<[u8; 32]>, EvidenceFault> {
        self.to = self.to.max(to);
        self.ready.clear();
        while self.next().await?.is_some() {}
        Ok(self.seen)
    }
}

/// Takes out of `files` those that events below `to` name.
pub(super) async fn strike(
    reader: &Reader,
    to: u64,
    files: &mut HashSet<[u8; 32]>,
) -> Result<(), ReadFault> {
    let mut from = 0;
    while from < to && !files.is_empty() {
        for mention in page(reader, &mut from, to).await? {
            files.remove(&mention.evidence.sha256);
        }
    }
    Ok(())
}

/// What the next events name, from `from` on, which is moved behind them.
async fn page(reader: &Reader, from: &mut u64, to: u64) -> Result<Vec<Mention>, ReadFault> {
    let term = Term::evidenced();
    let positions = reader.postings(&term, *from, to, Direction::Forward, PAGE)?;
    *from = match positions.last() {
        Some(last) if positions.len() == PAGE => last + 1,
        _ => to,
    };
    let mut found = Vec::new();
    for stored in reader.stored_at(&positions).await? {
        let (recorded_at, event) = (stored.recorded.recorded_at, stored.recorded.event);
        let (position, event_id) = (stored.recorded.position, event.id);
        found.extend(event.files().cloned().map(|evidence| Mention {
            position,
            event_id,
            recorded_at,
            evidence,
        }));
    }
    Ok(found)
}
