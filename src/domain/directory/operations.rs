//! What was authorised of keys and erasures, and what of it was carried out.

use std::sync::Arc;

use imbl::Vector;

use super::Directory;
use crate::domain::date::Date;
use crate::domain::event::{OperationAuthorised, Recorded};
use crate::domain::id::EventId;
use crate::domain::operation::{Authorisation, Operation};

/// The fold. They are few: a ledger changes keys once a year, and erases when somebody asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Operations {
    /// In the order of recording.
    authorisations: Vector<Arc<Authorisation>>,
}

impl Operations {
    pub(super) fn authorise(&mut self, recorded: &Recorded, p: &OperationAuthorised, from: Date) {
        let until = recorded.event.valid.and_then(|valid| valid.to);
        self.authorisations.push_back(Arc::new(Authorisation {
            event_id: recorded.event.id,
            position: recorded.position,
            operation: p.operation.clone(),
            legal_basis: p.legal_basis.clone(),
            from,
            // Every stored authorisation has one.
            until: until.unwrap_or(from),
            decision: recorded.event.decision,
            used_by: None,
        }));
    }

    /// Uses up the authorisation that an event rests on. Any event may name one as its cause; only what carries it out uses it.
    pub(super) fn carry_out(&mut self, recorded: &Recorded) {
        let event = &recorded.event;
        let Some(cause) = event.causation else {
            return;
        };
        let Some(operation) = Operation::carried_out_by(&event.payload) else {
            return;
        };
        let mut authorisations = self.authorisations.iter_mut();
        let rests_on = authorisations.find(|known| known.event_id == cause);
        if let Some(known) = rests_on
            && known.operation == operation
            && known.used_by.is_none()
        {
            Arc::make_mut(known).used_by = Some(event.id);
        }
    }
}

impl Directory {
    /// Every authorisation of a change of keys or an erasure, in the order of recording.
    pub fn authorisations(&self) -> impl Iterator<Item = &Arc<Authorisation>> {
        self.operations.authorisations.iter()
    }

    /// The first authorisation by which `operation` may be carried out on `date`.
    pub fn authorisation_for(
        &self,
        operation: &Operation,
        date: Date,
    ) -> Option<&Arc<Authorisation>> {
        self.authorisations()
            .find(|known| known.operation == *operation && known.counts_on(date))
    }

    /// The authorisation that an event carried out.
    pub fn authorisation_used_by(&self, event: EventId) -> Option<&Arc<Authorisation>> {
        self.authorisations()
            .find(|known| known.used_by == Some(event))
    }
}
