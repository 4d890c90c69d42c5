//! What callers see of a ledger where not everybody may read every goal.
//!
//! A goal that somebody may not read is taken out of the directory that their answer is made from, with all that stands under
//! it: so lists leave it out, and asking for it is answered exactly as asking for what never was.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use imbl::OrdSet;
use lru::LruCache;

use crate::auth::access::{Acting, Standing, person_of, reading_goal};
use crate::domain::access::SeatHeld;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::AuthMethod;
use crate::domain::id::{GoalId, LedgerId};
use crate::ledger::Reader;

/// Directories as somebody sees them, that are kept at most.
const SIGHTS_KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// All that a sight depends on: policies and responsibilities are of the version that is current.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Looking {
    ledger: LedgerId,
    generation: u64,
    current: u64,
    shown: u64,
    person: String,
    method: AuthMethod,
    /// Whether they are told whose names stand behind logins.
    is_known: bool,
    seats: Vec<SeatHeld>,
    acting: Acting,
    today: Date,
}

/// What was found out last by going through all goals: directories as callers see them, and whether there is one whose events
/// they may read one by one.
pub(super) struct Sights {
    seen: Mutex<LruCache<Looking, Arc<Directory>>>,
    verifying: Mutex<LruCache<Looking, bool>>,
}

impl Default for Sights {
    fn default() -> Self {
        Self {
            seen: Mutex::new(LruCache::new(SIGHTS_KEPT)),
            verifying: Mutex::new(LruCache::new(SIGHTS_KEPT)),
        }
    }
}

impl Looking {
    fn new(
        reader: &Reader,
        current: &Directory,
        shown: &Directory,
        standing: &Standing,
        today: Date,
    ) -> Self {
        Self {
            ledger: reader.id(),
            generation: reader.head().generation,
            current: current.version(),
            shown: shown.version(),
            person: person_of(standing.actor()),
            method: standing.actor().method,
            is_known: standing.is_known(),
            seats: standing.seats().to_vec(),
            acting: standing.acting(),
            today,
        }
    }
}

impl Sights {
    /// What whoever stands so sees of `shown`, by what they may read by `current`.
    pub(super) fn of(
        &self,
        reader: &Reader,
        current: &Directory,
        shown: Arc<Directory>,
        standing: &Standing,
        today: Date,
    ) -> Arc<Directory> {
        let looking = Looking::new(reader, current, &shown, standing, today);
        let kept = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = kept().get(&looking) {
            return seen.clone();
        }
        let hidden: OrdSet<GoalId> = shown
            .goal_ids()
            .filter(|goal| {
                let facts = reading_goal(current, *goal, today);
                facts.is_none_or(|facts| !standing.permits(&facts, current))
            })
            .collect();
        let seen = shown.hiding(hidden);
        let seen = Arc::new(match standing.is_known() {
            true => seen,
            false => seen.nameless(),
        });
        kept().put(looking, seen.clone());
        seen
    }

    /// Whether whoever stands so may verify some goal by `current`: by `found_out` where that is not kept.
    pub(super) fn verifies_some(
        &self,
        reader: &Reader,
        current: &Directory,
        standing: &Standing,
        today: Date,
        found_out: impl FnOnce() -> bool,
    ) -> bool {
        let looking = Looking::new(reader, current, current, standing, today);
        let kept = || {
            self.verifying
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(verifies) = kept().get(&looking) {
            return *verifies;
        }
        // Long: nobody else waits for it.
        let verifies = found_out();
        kept().put(looking, verifies);
        verifies
    }
}
