//! States of streams that are kept in memory: those used last, as many as there is room for.

use std::borrow::Borrow;
use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;

use crate::ledger::state::StreamState;

/// Bytes that states take at most where nobody says otherwise.
pub const STATES_BYTES: usize = 384 * 1024 * 1024;

/// States that are kept at most, however small they are.
const COUNT_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// States by key, the one used last kept longest.
pub(super) struct Kept<K: Eq + Hash, S> {
    states: LruCache<K, (S, usize)>,
    /// Of all states.
    bytes: usize,
    bytes_max: usize,
}

impl<K: Eq + Hash + Copy, S: Borrow<StreamState>> Kept<K, S> {
    /// None yet. As many as take `bytes_max` bytes, by [`StreamState::size`]; one that takes more is kept alone.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self::of(COUNT_MAX, bytes_max)
    }

    fn of(count_max: NonZeroUsize, bytes_max: usize) -> Self {
        Self {
            states: LruCache::new(count_max),
            bytes: 0,
            bytes_max,
        }
    }

    /// The state of a stream, which is used last then.
    pub(super) fn get(&mut self, key: &K) -> Option<&S> {
        self.states.get(key).map(|(state, _)| state)
    }

    /// Whether a stream's state is kept.
    pub(super) fn contains(&self, key: &K) -> bool {
        self.states.contains(key)
    }

    /// Takes a state out; it is the caller's to bring back what becomes of it.
    pub(super) fn take(&mut self, key: &K) -> Option<S> {
        let (state, size) = self.states.pop(key)?;
        self.bytes -= size;
        Some(state)
    }

    /// Keeps a state, and tells which one had to go for it and where that ends. How many bytes they take is not looked at
    /// before [`Kept::trim`], so that what is put in together stays together.
    pub(super) fn put(&mut self, key: K, state: S) -> Option<(K, u64)> {
        let size = state.borrow().size();
        self.bytes += size;
        let (other, (old, freed)) = self.states.push(key, (state, size))?;
        self.bytes -= freed;
        (other != key).then(|| (other, old.borrow().end))
    }

    /// Lets go of those used longest ago until the others have room, and tells which and where they end.
    pub(super) fn trim(&mut self) -> impl Iterator<Item = (K, u64)> + '_ {
        std::iter::from_fn(|| {
            if self.bytes <= self.bytes_max || self.states.len() <= 1 {
                return None;
            }
            let (key, (old, freed)) = self.states.pop_lru()?;
            self.bytes -= freed;
            Some((key, old.borrow().end))
        })
    }
}

impl<K: Eq + Hash + Copy> Kept<K, StreamState> {
    /// Takes in what a request was judged by: of a stream that is not kept this is the newest. Tells whether one that is kept
    /// has moved on since, and which had to go and where they end.
    ///
    /// All are looked up before one is put in, so that none of them has to go for another, of which it would then be thought
    /// that it was not kept.
    pub(super) fn meet<'a>(
        &mut self,
        loaded: impl Iterator<Item = (K, &'a StreamState)>,
    ) -> (bool, Vec<(K, u64)>) {
        let mut moved = false;
        let mut missing = Vec::new();
        for (key, state) in loaded {
            match self.get(&key) {
                Some(own) => moved |= own.revision != state.revision,
                None => missing.push((key, state)),
            }
        }
        let put = |(key, state): (K, &StreamState)| self.put(key, state.clone());
        (moved, missing.into_iter().filter_map(put).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::history::property_cases;

    /// Each is as large as the others.
    fn state(end: u64) -> StreamState {
        StreamState {
            end,
            ..StreamState::default()
        }
    }

    #[test]
    fn what_a_request_was_judged_by_takes_no_newer_ones_place() {
        let of = |revision| StreamState {
            revision,
            end: 10 * revision,
            ..StreamState::default()
        };
        let mut kept = Kept::of(NonZeroUsize::new(2).unwrap(), usize::MAX);
        // Used longest ago, and of those that another would go for.
        kept.put('a', of(5));
        kept.put('x', of(1));
        let (new, old) = (of(2), of(4));
        let (moved, gone) = kept.meet([('b', &new), ('a', &old)].into_iter());
        assert!(moved);
        assert_eq!(gone, [('x', 10)]);
        assert_eq!(kept.get(&'a').map(|state| state.revision), Some(5));
        assert_eq!(kept.get(&'b').map(|state| state.revision), Some(2));
    }

    proptest! {
        #![proptest_config(property_cases())]

        /// What is kept is the newest of its stream, takes no more room than there is, and whatever was put in and is not kept
        /// any more was said to go.
        #[test]
        fn what_is_not_kept_was_said_to_go(
            steps in prop::collection::vec((0..9_u8, 0..4_u8), 0..80),
            count in 1..6_usize,
            room in 0..6_usize,
        ) {
            let each = state(0).size();
            let bytes = room * each;
            let mut kept = Kept::of(NonZeroUsize::new(count).unwrap(), bytes);
            let mut newest = std::collections::HashMap::new();
            for (end, (key, what)) in (1..).zip(steps) {
                match what {
                    0 => {
                        let taken = kept.take(&key).map(|state: StreamState| state.end);
                        prop_assert_eq!(taken, newest.remove(&key));
                    }
                    1 => prop_assert_eq!(kept.get(&key).map(|state| state.end), newest.get(&key).copied()),
                    _ => {
                        newest.insert(key, end);
                        let gone = kept.put(key, state(end));
                        for (gone, ended) in gone.into_iter().chain(kept.trim()) {
                            prop_assert_ne!(gone, key);
                            prop_assert_eq!(newest.remove(&gone), Some(ended));
                        }
                        prop_assert!(kept.contains(&key));
                    }
                }
                prop_assert!(newest.len() <= count);
                prop_assert!(newest.len() <= 1 || newest.len() * each <= bytes);
                prop_assert_eq!(kept.bytes, newest.len() * each);
                for (key, end) in &newest {
                    prop_assert_eq!(kept.states.peek(key).map(|(state, _)| state.end), Some(*end));
                }
            }
        }
    }
}
