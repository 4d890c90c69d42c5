//! The journal of a data folder, read by one thread, its events looked at for themselves by several, and all of it told in
//! its order.

use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use bytes::Bytes;

use crate::domain::event::Recorded;
use crate::log::OpenError;
use crate::log::chunk::frames;
use crate::log::codec::{DecodeError, decode};
use crate::log::journal::Section;
use crate::log::stored::{Met, StoredFolder};
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

/// Some of what a walk met, each with the bytes that were read by then.
#[derive(Default)]
struct Batch {
    met: Vec<(Met, u64)>,
    events: usize,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, met: Met, done: u64) {
        // Something else than events weighs as one.
        self.events += match &met {
            Met::Section(section) => {
                self.bytes += section.framed.len();
                section.count as usize
            }
            _ => 1,
        };
        self.met.push((met, done));
    }

    fn is_full(&self) -> bool {
        BATCH_EVENTS <= self.events || BATCH_BYTES <= self.bytes
    }

    fn looked_at(self) -> Vec<(Met, Vec<Looked>, u64)> {
        let look = |(met, done)| {
            let events = match &met {
                Met::Section(section) => Looked::all(section),
                _ => Vec::new(),
            };
            (met, events, done)
        };
        self.met.into_iter().map(look).collect()
    }
}

/// Walks through the journal as [`StoredFolder::walk`] does. `visit` is told everything in its order: of a group its events,
/// and the bytes read so far.
pub(super) fn walk(
    folder: &StoredFolder,
    visit: &mut dyn FnMut(Met, Vec<Looked>, u64),
) -> Result<(), OpenError> {
    thread::scope(|scope| {
        let (tell, told) = sync_channel(BATCHES_READ);
        let walking = scope.spawn(move || {
            let mut batch = Batch::default();
            let walked = folder.walk(&mut |met, done| {
                batch.push(met, done);
                if batch.is_full() {
                    // Nobody listens any more only where the visitor panicked, and that goes on.
                    let _ = tell.send(std::mem::take(&mut batch));
                }
            });
            let _ = tell.send(batch);
            walked
        });
        in_order(Batch::looked_at, |mut under_way| {
            let mut tell = |looked: Vec<(Met, Vec<Looked>, u64)>| {
                let looked = looked.into_iter();
                looked.for_each(|(met, events, done)| visit(met, events, done));
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
