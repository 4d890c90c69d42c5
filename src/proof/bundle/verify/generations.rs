//! The names and generations of a ledger, as its events tell them, and what follows for checkpoints of before.
//!
//! A ledger that lost what it had signed goes on under another name, and its first event there names the checkpoint that it
//! no longer reaches. What is there of the time before stays what was signed; what was lost is said to be lost.

use crate::domain::event::{Payload, Recorded};
use crate::merkle::SignedCheckpoint;

/// Continuations that are remembered at most; no honest ledger has so many.
const NAMES_MAX: usize = 1_000;

/// The names that a ledger went by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generations(Vec<Named>);

#[derive(Clone, Debug)]
struct Named {
    origin: String,
    /// The position of the event that gave the name.
    position: u64,
    /// The size of the checkpoint that the event says is no longer reached.
    replaced: u64,
}

/// What a checkpoint of an earlier generation shows of the ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Earlier {
    /// Nothing: the ledger never went by that name.
    Stranger,
    /// All that it counts is still there.
    Kept,
    /// Events that it counts were lost, and the ledger says so.
    Lost(Lost),
    /// It counts events that the ledger does not say it lost.
    Unsaid {
        /// The position of the event that began the next generation.
        position: u64,
    },
}

/// Events that were lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lost {
    /// The position of the event that says so: the first that was lost.
    pub position: u64,
    /// How many events the earlier generation was signed for.
    pub signed: u64,
}

impl Generations {
    /// Takes in an event.
    pub(crate) fn see(&mut self, recorded: &Recorded) {
        let (origin, note) = match &recorded.event.payload {
            Payload::LedgerOpened(p) => (&p.origin, None),
            Payload::LedgerContinued(p) => {
                let note = SignedCheckpoint::parse(p.previous_checkpoint.as_str().as_bytes());
                (&p.origin, note.ok())
            }
            _ => return,
        };
        let last = note.as_ref().map(SignedCheckpoint::checkpoint);
        let replaced = last.map_or(0, |last| last.head().size);
        // The name before, of which no event may be left.
        let before = last.map(|last| last.origin());
        let lost = before.filter(|before| self.origin() != Some(before));
        let named = [lost.map(str::to_owned), Some(origin.to_string())];
        for origin in named.into_iter().flatten() {
            if self.0.len() < NAMES_MAX {
                self.0.push(Named {
                    origin,
                    position: recorded.position,
                    replaced,
                });
            }
        }
    }

    /// The name that the ledger goes by after the events so far.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.0.last().map(|named| named.origin.as_str())
    }

    /// What a checkpoint of `size` under another name than the ledger's of now shows.
    pub(crate) fn earlier(&self, origin: &str, size: u64) -> Earlier {
        let mut names = self.0.iter().zip(self.0.iter().skip(1));
        let Some((_, next)) = names.find(|(named, _)| named.origin == origin) else {
            return Earlier::Stranger;
        };
        let position = next.position;
        if size <= position {
            Earlier::Kept
        } else if size <= next.replaced {
            Earlier::Lost(Lost {
                position,
                signed: next.replaced,
            })
        } else {
            Earlier::Unsaid { position }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_generation_signed_is_kept_lost_or_left_unsaid() {
        let named = |origin: &str, position, replaced| Named {
            origin: origin.to_owned(),
            position,
            replaced,
        };
        let generations = Generations(vec![
            named("city", 0, 0),
            named("city/g2", 10, 14),
            named("city/g3", 20, 20),
        ]);
        assert_eq!(generations.earlier("city", 10), Earlier::Kept);
        let lost = Lost {
            position: 10,
            signed: 14,
        };
        assert_eq!(generations.earlier("city", 14), Earlier::Lost(lost));
        assert_eq!(
            generations.earlier("city", 15),
            Earlier::Unsaid { position: 10 }
        );
        assert_eq!(generations.earlier("city/g2", 20), Earlier::Kept);
        assert_eq!(
            generations.earlier("city/g2", 21),
            Earlier::Unsaid { position: 20 }
        );
        assert_eq!(generations.earlier("town", 1), Earlier::Stranger);
    }
}
