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

/// Directories as callers see them, those used last at hand.
pub(super) struct Sights(Mutex<LruCache<Looking, Arc<Directory>>>);

impl Default for Sights {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(SIGHTS_KEPT)))
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
        let looking = Looking {
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
        };
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}
