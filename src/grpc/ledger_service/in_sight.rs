//! What an append tells of what it changes: nothing of goals that its author may not read, nor of findings about them.

use std::sync::Arc;

use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Event, Payload};
use crate::grpc::audit_service::finding_in_sight;
use crate::grpc::services::{Call, Services};
use crate::ledger::{Appended, ReadFault, Reader};
use crate::projection::describe::subject_of;

/// What of an append its author is told.
pub(super) struct Told {
    /// What they see of the ledger.
    seen: Arc<Directory>,
    whole: Arc<Directory>,
    /// Of each event whether it is told what it changes.
    events: Vec<bool>,
}

impl Told {
    /// What the author of `appended` may be told, where `whole` is what there was before.
    pub(super) async fn to(
        services: &Services,
        call: &Call,
        reader: &Reader,
        whole: &Arc<Directory>,
        appended: &Appended,
    ) -> Result<Self, ReadFault> {
        let mut told = Self {
            seen: services.sight(call, reader, whole.clone()),
            whole: whole.clone(),
            events: Vec::with_capacity(appended.events.len()),
        };
        for event in &appended.events {
            let is_told = told.is_told(reader, event).await?;
            told.events.push(is_told);
        }
        Ok(told)
    }

    async fn is_told(&self, reader: &Reader, event: &Event) -> Result<bool, ReadFault> {
        let answered = match &event.payload {
            Payload::AuditFindingAnswered(p) => self.whole.finding(p.plan, &p.finding),
            _ => None,
        };
        match answered {
            Some(finding) if !self.seen.hidden().is_empty() => {
                finding_in_sight(reader, &self.seen, finding).await
            }
            _ => Ok(self.is_in_sight(subject_of(event))),
        }
    }

    /// Whether they are told what an event changes.
    pub(super) fn of_event(&self, index: usize) -> bool {
        self.events.get(index).is_some_and(|told| *told)
    }

    /// Whether they see something, or made it just now.
    pub(super) fn is_in_sight(&self, named: Named) -> bool {
        let stands = |directory: &Directory| match named {
            Named::Goal(id) => directory.goal(id).is_some(),
            Named::Initiative(id) => directory.initiative(id).is_some(),
            Named::Indicator(id) => directory.indicator(id).is_some(),
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => true,
        };
        stands(&self.seen) || !stands(&self.whole)
    }
}
