//! Ids of the newest events: what look-ups that are older than these do not know.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::domain::event::Event;
use crate::domain::id::{EventId, RequestId};
use crate::ledger::append::Append;

/// Events whose ids are kept at least.
const RECENT_EVENTS: u64 = 65_536;

/// Ids, whether of a request, with their positions. Seeded anew at each start, for ids come from clients.
type Positions = HashMap<(bool, [u8; 16]), u64, RandomState>;

/// Ids of the newest events, in two generations, so that old ones go without a scan.
pub(super) struct Recent {
    /// Ids of events below this position are not all kept.
    pub(super) floor: u64,
    middle: u64,
    older: Positions,
    newer: Positions,
}

impl Recent {
    /// None yet; every event below `size` was there before.
    pub(super) fn starting(size: u64) -> Self {
        Self {
            floor: size,
            middle: size,
            older: Positions::default(),
            newer: Positions::default(),
        }
    }

    pub(super) fn add(&mut self, event: EventId, request: RequestId, position: u64) {
        if position >= self.middle + RECENT_EVENTS {
            self.older = std::mem::take(&mut self.newer);
            self.floor = self.middle;
            self.middle = position;
        }
        self.newer.insert((false, *event.as_bytes()), position);
        self.newer
            .entry((true, *request.as_bytes()))
            .or_insert(position);
    }

    /// The last position at which one of the ids of `append` was used.
    pub(super) fn find(&self, append: &Append) -> Option<u64> {
        let events = append.events.iter().flat_map(Event::ids);
        let events = events.filter_map(|id| self.get(&(false, *id.as_bytes())));
        events.chain(self.find_request(append.request_id)).max()
    }

    /// The first position of a request.
    pub(super) fn find_request(&self, request: RequestId) -> Option<u64> {
        self.get(&(true, *request.as_bytes()))
    }

    fn get(&self, key: &(bool, [u8; 16])) -> Option<u64> {
        self.newer.get(key).or_else(|| self.older.get(key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::DecisionOutcome;
    use crate::domain::event::{ChangeDecided, Stream};
    use crate::domain::testing::{event_id, event_of, fact, goal_id, ledger_id, proposal_id};

    #[test]
    fn an_approval_meets_whoever_took_the_id_of_its_change() {
        let request = |name| RequestId::derived(uuid::Uuid::NAMESPACE_OID, name);
        let decided = |outcome| {
            let decided = ChangeDecided {
                proposal: proposal_id("P"),
                digest: [0; 32],
                outcome,
                text: None,
                external: None,
                acting: None,
            };
            let stream = Stream::goal(goal_id("G"));
            Append::new(
                ledger_id(),
                request("decides"),
                vec![event_of(&fact(decided).undated(), event_id("D"), stream)],
            )
        };
        let mut recent = Recent::starting(0);
        recent.add(
            Event::approved_change_id(event_id("D")),
            request("takes"),
            5,
        );
        assert_eq!(recent.find(&decided(DecisionOutcome::Approved)), Some(5));
        assert_eq!(recent.find(&decided(DecisionOutcome::Rejected)), None);
    }
}
