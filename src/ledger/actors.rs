//! Who did things, held once: a ledger has many events by few people.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use crate::domain::event::Actor;

/// Those who did something of late, so that the events in memory share them.
pub(super) struct Actors(Mutex<LruCache<Arc<Actor>, ()>>);

impl Actors {
    /// How many are remembered.
    const KEPT: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(Self::KEPT)))
    }

    /// The one that others share, if there is one that is the same in everything.
    pub(super) fn share(&self, actor: Arc<Actor>) -> Arc<Actor> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, ())) = kept.get_key_value(&actor) {
            return known.clone();
        }
        kept.put(actor.clone(), ());
        actor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{name, person};

    #[test]
    fn the_same_actor_is_held_once() {
        let actors = Actors::new();
        let first = actors.share(Arc::new(person("one")));
        let again = actors.share(Arc::new(person("one")));
        assert!(Arc::ptr_eq(&first, &again));
        let in_a_seat = Actor {
            seat: Some(name("seat")),
            ..person("one")
        };
        assert!(!Arc::ptr_eq(&first, &actors.share(Arc::new(in_a_seat))));
    }
}
