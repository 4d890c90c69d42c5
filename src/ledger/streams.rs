//! The newest states of streams, as readers see them.
//!
//! The writer folds each event once; what it folded is put in here when it is durable, before anybody is shown a head that
//! includes it. So whatever is here is complete, and whoever finds it need not ask the index for newer events.

use std::array;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use crate::domain::event::Stream;
use crate::ledger::kept::Kept;
use crate::ledger::state::StreamState;

/// Streams that may be read from the log at once. Two that share a place wait for each other though they need not.
const TURNS: usize = 64;

/// States of streams; every event of theirs that readers can see is folded in.
pub(super) struct Streams {
    newest: Mutex<Newest>,
    turns: [tokio::sync::Mutex<()>; TURNS],
    numbers: RandomState,
}

struct Newest {
    states: Kept<Stream, Arc<StreamState>>,
    /// Every stream that is not kept ends below this position.
    floor: u64,
}

impl Streams {
    /// None yet, of a ledger that is opened with `size` events; later as many as take `bytes_max` bytes.
    pub(super) fn new(size: u64, bytes_max: usize) -> Self {
        let newest = Newest {
            states: Kept::new(bytes_max),
            floor: size,
        };
        Self {
            newest: Mutex::new(newest),
            turns: array::from_fn(|_| tokio::sync::Mutex::new(())),
            numbers: RandomState::default(),
        }
    }

    /// Held by whoever reads the newest state of a stream from the log, and waited for by whoever needs it too: once it is let go the
    /// state is here, unless the reader failed or went away; then the next one reads. After a start all callers of a goal come at once,
    /// and each would read all of its events.
    pub(super) async fn turn(&self, stream: Stream) -> tokio::sync::MutexGuard<'_, ()> {
        let number = self.numbers.hash_one(stream) as usize;
        self.turns[number % TURNS].lock().await
    }

    /// The state of a stream with every event that readers can see, maybe more; `None`: it is not kept.
    pub(super) fn newest(&self, stream: Stream) -> Option<Arc<StreamState>> {
        self.kept().states.get(&stream).cloned()
    }

    /// Keeps a state that was folded from the first `size` events, unless later ones may be lacking from it.
    pub(super) fn keep(&self, stream: Stream, state: &Arc<StreamState>, size: u64) {
        let mut kept = self.kept();
        if kept.floor <= size && !kept.states.contains(&stream) {
            kept.put(stream, state.clone());
        }
    }

    /// Takes in what the writer folded. Called in the order of the positions.
    pub(super) fn publish(&self, states: impl IntoIterator<Item = (Stream, Arc<StreamState>)>) {
        let mut kept = self.kept();
        for (stream, state) in states {
            kept.put(stream, state);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newest {
    fn put(&mut self, stream: Stream, state: Arc<StreamState>) {
        let gone = self.states.put(stream, state);
        for (_, end) in gone.into_iter().chain(self.states.trim()) {
            self.floor = self.floor.max(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::goal_id;

    fn ending(end: u64) -> Arc<StreamState> {
        Arc::new(StreamState {
            end,
            ..StreamState::default()
        })
    }

    fn end(streams: &Streams, name: &str) -> Option<u64> {
        let newest = streams.newest(Stream::goal(goal_id(name)));
        newest.map(|state| state.end)
    }

    #[test]
    fn a_state_that_lacks_what_was_published_meanwhile_is_not_kept() {
        // Room for two.
        let streams = Streams::new(10, 2 * StreamState::default().size());
        let stream = |name| Stream::goal(goal_id(name));
        // As of an earlier size, of a ledger that was opened with ten.
        streams.keep(stream("A"), &ending(9), 9);
        assert_eq!(end(&streams, "A"), None);
        // Somebody began to fold A from ten events; meanwhile an eleventh came.
        streams.publish([(stream("A"), ending(11))]);
        streams.keep(stream("A"), &ending(10), 10);
        assert_eq!(end(&streams, "A"), Some(11));
        // Others take its place.
        streams.publish([(stream("B"), ending(12)), (stream("C"), ending(13))]);
        assert_eq!(end(&streams, "A"), None);
        streams.keep(stream("A"), &ending(10), 10);
        assert_eq!(end(&streams, "A"), None);
        streams.keep(stream("A"), &ending(11), 13);
        assert_eq!(end(&streams, "A"), Some(11));
    }
}
