//! Events that an event names without its stream knowing them.

use super::{Event, Payload};
use crate::domain::id::EventId;

impl Event {
    /// The events that it names as its decision, as its cause and as what its evidence shows, each with
    /// the path of the field from the event on. No stream tells whether they exist: the ledger is asked.
    pub fn references(&self) -> impl Iterator<Item = (&'static str, EventId)> {
        let shows = match &self.payload {
            Payload::EvidenceAttached(p) => p.shows,
            _ => None,
        };
        let named = [
            ("decision_event_id", self.decision),
            ("causation_id", self.causation),
            ("evidence_attached.shows", shows),
        ];
        named
            .into_iter()
            .filter_map(|(field, id)| Some((field, id?)))
    }
}
