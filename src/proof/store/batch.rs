//! The journal of a data folder, read by one thread, its events looked at for themselves by several, and all of it told in
//! its order. Where it was trimmed the read copy's events are told in their place.

use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use bytes::Bytes;

use crate::domain::event::Recorded;
use crate::domain::id::LedgerId;
use crate::log::OpenError;
use crate::log::chunk::{frames, frames_end};
use crate::log::codec::{DecodeError, decode};
use crate::log::journal::Section;
use crate::log::stored::{CopyView, Met, StoredFolder, Trimmed};
use crate::merkle::{Hash, leaf_hash};
use crate::proof::in_order::in_order;

/// Events after which a batch ends.
const BATCH_EVENTS: usize = 256;
/// Bytes of events after which it does.
const BATCH_BYTES: usize = 1024 * 1024;
/// Batches that may wait for a worker's place.
const BATCHES_READ: usize = 2;

/// An event of a copy, looked at for itself.
pub(super) struct Looked {
    /// Its bytes.
    pub(super) leaf: Bytes,
    /// The hash of its bytes.
    pub(super) hash: Hash,
    /// What it says.
    pub(super) recorded: Result<Recorded, DecodeError>,
}

impl Looked {
    /// Looks at an event.
    pub(super) fn at(leaf: Bytes) -> Self {
        Self {
            hash: leaf_hash(&leaf),
            recorded: decode(&leaf),
            leaf,
        }
    }

    /// Looks at the events of a group.
    pub(super) fn all(section: &Section) -> Vec<Self> {
        frames(section.framed.clone()).map(Self::at).collect()
    }
}

/// Adjacent events of a trimmed segment, as the read copy has them.
pub(super) struct CopiedEvents {
    pub(super) ledger: LedgerId,
    pub(super) first: u64,
    /// In the stored framing.
    framed: Bytes,
    count: usize,
}

impl CopiedEvents {
    /// Their bytes.
    pub(super) fn leaves(&self) -> impl Iterator<Item = Bytes> + use<> {
        frames(self.framed.clone())
    }

    /// Looks at them.
    pub(super) fn looked_at(&self) -> Vec<Looked> {
        self.leaves().map(Looked::at).collect()
    }

    /// Tells the events of `ledger` from position `from` to before `to`, as far as `copy` has them, until `visit` says no.
    pub(super) fn each(
        copy: &dyn CopyView,
        ledger: LedgerId,
        from: u64,
        to: u64,
        visit: &mut dyn FnMut(Self) -> bool,
    ) {
        let mut first = from;
        while first < to {
            let record = copy.record(ledger, first).ok().flatten();
            let held = record.and_then(|record| record.from(first));
            let held = held.and_then(|(framed, count)| {
                let count = count.min(usize::try_from(to - first).unwrap_or(usize::MAX));
                let end = frames_end(&framed, count)?;
                Some((framed.slice(..end), count)).filter(|_| 0 < count)
            });
            let Some((framed, count)) = held else {
                // Who is told them sees that some are lacking.
                let next = copy.next_first(ledger, first).ok().flatten();
                first = next.unwrap_or(to);
                continue;
            };
            let copied = Self {
                ledger,
                first,
                framed,
                count,
            };
            if !visit(copied) {
                return;
            }
            first += count as u64;
        }
    }
}

/// What a walk comes to.
pub(super) enum Seen {
    /// Something in the journal, of a group with its events.
    Met(Met, Vec<Looked>),
    /// Events that the read copy alone has, behind the [`Met::Trimmed`] that they are of.
    Copied(CopiedEvents, Vec<Looked>),
}

/// The same, before anybody looked at its events.
enum Found {
    Met(Met),
    Copied(CopiedEvents),
}

impl Found {
    fn looked_at(self) -> Seen {
        match self {
            Self::Met(met) => {
                let events = match &met {
                    Met::Section(section) => Looked::all(section),
                    _ => Vec::new(),
                };
                Seen::Met(met, events)
            }
            Self::Copied(copied) => {
                let events = copied.looked_at();
                Seen::Copied(copied, events)
            }
        }
    }
}

/// Some of what a walk came to, each with the bytes that were read by then.
#[derive(Default)]
struct Batch {
    found: Vec<(Found, u64)>,
    events: usize,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, found: Found, done: u64) {
        // Something else than events weighs as one.
        let (events, bytes) = match &found {
            Found::Met(Met::Section(section)) => (section.count as usize, section.framed.len()),
            Found::Copied(copied) => (copied.count, copied.framed.len()),
            Found::Met(_) => (1, 0),
        };
        self.events += events;
        self.bytes += bytes;
        self.found.push((found, done));
    }

    fn is_full(&self) -> bool {
        BATCH_EVENTS <= self.events || BATCH_BYTES <= self.bytes
    }

    fn looked_at(self) -> Vec<(Seen, u64)> {
        let found = self.found.into_iter();
        found
            .map(|(found, done)| (found.looked_at(), done))
            .collect()
    }
}

/// Walks through the journal as [`StoredFolder::walk`] does, and through `copy` where it was trimmed. `visit` is told everything in
/// its order, and the bytes of the journal read so far.
pub(super) fn walk(
    folder: &StoredFolder,
    copy: Option<&dyn CopyView>,
    visit: &mut dyn FnMut(Seen, u64),
) -> Result<(), OpenError> {
    thread::scope(|scope| {
        let (tell, told) = sync_channel(BATCHES_READ);
        let walking = scope.spawn(move || {
            let mut batch = Batch::default();
            let push = |batch: &mut Batch, found: Found, done: u64| {
                batch.push(found, done);
                if batch.is_full() {
                    // Nobody listens any more only where the visitor panicked, and that goes on.
                    let _ = tell.send(std::mem::take(batch));
                }
            };
            let walked = folder.walk(&mut |met, done| {
                let trimmed = match &met {
                    Met::Trimmed(trimmed) => Some(trimmed.clone()),
                    _ => None,
                };
                push(&mut batch, Found::Met(met), done);
                if let (Some(trimmed), Some(copy)) = (trimmed, copy) {
                    each_of(&trimmed, copy, &mut |copied| {
                        push(&mut batch, Found::Copied(copied), done);
                    });
                }
            });
            let _ = tell.send(batch);
            walked
        });
        in_order(Batch::looked_at, |mut under_way| {
            let mut tell = |looked: Vec<(Seen, u64)>| {
                let looked = looked.into_iter();
                looked.for_each(|(seen, done)| visit(seen, done));
            };
            for batch in told {
                if let Some(looked) = under_way.push(batch) {
                    tell(looked);
                }
            }
            while let Some(looked) = under_way.pop() {
                tell(looked);
            }
        });
        walking.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Tells the events of a trimmed segment, of one ledger after the other.
fn each_of(trimmed: &Trimmed, copy: &dyn CopyView, visit: &mut dyn FnMut(CopiedEvents)) {
    for after in &trimmed.after.ledgers {
        let mut before = trimmed.before.ledgers.iter();
        let from = before.find(|before| before.ledger == after.ledger);
        let from = from.map_or(0, |before| before.frontier.size());
        CopiedEvents::each(
            copy,
            after.ledger,
            from,
            after.frontier.size(),
            &mut |copied| {
                visit(copied);
                true
            },
        );
    }
}
