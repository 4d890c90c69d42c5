//! Events that an event names without its stream knowing them.

use std::borrow::Cow;

use super::{Event, Payload};
use crate::domain::finding::FindingReference;
use crate::domain::id::EventId;

impl Event {
    /// The events that it names as its decision, as its cause, as what its evidence shows and as what a finding is
    /// about, each with the path of the field from the event on. No stream tells whether they exist: the ledger is
    /// asked.
    pub fn references(&self) -> impl Iterator<Item = (Cow<'static, str>, EventId)> {
        let shows = match &self.payload {
            Payload::EvidenceAttached(p) => p.shows,
            _ => None,
        };
        let named = [
            ("decision_event_id", self.decision),
            ("causation_id", self.causation),
            ("evidence_attached.shows", shows),
        ];
        let named = named
            .into_iter()
            .filter_map(|(field, id)| Some((Cow::Borrowed(field), id?)));
        let (event, references) = self.payload.finding_references();
        let found = references
            .iter()
            .enumerate()
            .filter_map(move |(index, reference)| {
                let field = format!("{event}.references[{index}].event");
                Some((Cow::Owned(field), reference.event()?))
            });
        named.chain(found)
    }
}

impl Payload {
    /// What a finding or its answer is about, with the name of the event's field.
    pub fn finding_references(&self) -> (&'static str, &[FindingReference]) {
        match self {
            Self::AuditFindingRecorded(p) => ("audit_finding_recorded", &p.references),
            Self::AuditFindingAnswered(p) => ("audit_finding_answered", &p.references),
            _ => ("", &[]),
        }
    }
}
