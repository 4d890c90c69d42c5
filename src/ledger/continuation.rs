//! A ledger goes on under another name, in a new generation: after a restore that lost what was signed, or where it can no
//! longer sign.
//!
//! Done while nobody serves the ledger: the writer does not know of it. The generation rises with the commit, so that a
//! process which slept through it cannot append.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::auth::Permitted;
use crate::domain::event::{Event, KeyAnnounced, LedgerContinued, Payload, Reason, Stream};
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::domain::text::Name;
use crate::domain::trust::{CheckpointNote, VerifierKey};
use crate::ledger::kept::STATES_BYTES;
use crate::ledger::prepare::prepare;
use crate::ledger::writer::later;
use crate::ledger::{Append, AppendError, ReadFault, Reader};
use crate::log::codec::ServerPart;
use crate::log::{CommitLog, DerivedStore, Head, LedgerCommit, LogFault, Outcome};

/// How a ledger goes on.
#[derive(Clone, Debug)]
pub struct Continuation {
    /// The call's own identity.
    pub request_id: RequestId,
    /// Its name from now on.
    pub origin: Name,
    /// Its generation from now on: above that of now, and above one of which no event is left.
    pub generation: u64,
    /// What was signed last under the name before.
    pub previous_checkpoint: CheckpointNote,
    /// The key that signs under the new name.
    pub key: VerifierKey,
    /// Why.
    pub reason: Reason,
}

/// A ledger that nobody serves.
pub struct Unserved {
    log: Arc<dyn CommitLog>,
    reader: Arc<Reader>,
}

impl Unserved {
    /// Reads a ledger of `log`, which is that of the data folder `data`.
    pub async fn open(
        log: Arc<dyn CommitLog>,
        store: Arc<dyn DerivedStore>,
        ledger: LedgerId,
        data: &Path,
    ) -> Result<Self, ReadFault> {
        let reader = Reader::open(ledger, log.clone(), store, Some(data), STATES_BYTES).await?;
        Ok(Self {
            log,
            reader: Arc::new(reader),
        })
    }

    /// What it holds.
    pub fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    /// Begins the next generation: LedgerContinued and the announcement of the key that signs from now on, in one commit.
    /// The new head. What [`Unserved::reader`] shows is not changed: open the ledger anew.
    pub async fn go_on(&self, permitted: Permitted<Continuation>) -> Result<Head, AppendError> {
        let (caller, going_on) = permitted.into_caller();
        let reader = &self.reader;
        let view = reader.view();
        let (stream, space) = (Stream::ledger(reader.id()), going_on.request_id.uuid());
        let event = |name: &str, payload: Payload| Event {
            reason: Some(going_on.reason.clone()),
            ..Event::new(EventId::derived(space, name), stream, payload)
        };
        let continued = LedgerContinued {
            origin: going_on.origin.clone(),
            previous_checkpoint: going_on.previous_checkpoint.clone(),
        };
        let announced = KeyAnnounced {
            verifier_key: going_on.key.clone(),
            from_size: view.head.size.saturating_add(1),
        };
        let append = Append::new(
            reader.id(),
            going_on.request_id,
            vec![
                event("ledger-continued", continued.into()),
                event("key-announced", announced.into()),
            ],
        );
        let state = reader.stream(stream, view.head.size).await?;
        let (mut revision, mut previous) = (state.revision, state.leaf_hash);
        let states = HashMap::from([(stream, state)]);
        let now = reader.clock().now();
        let (directory, words) = (&view.directory, reader.openings());
        let prepared = prepare(&append, &caller, directory, &states, Some(words), now)?;
        let last = reader.stored(view.head.size.saturating_sub(1)).await?;
        let mut recorded_at = last.recorded.recorded_at;
        let generation = going_on.generation;
        let mut leaves = Vec::with_capacity(prepared.events.len());
        for (position, (_, client)) in (view.head.size..).zip(prepared.events) {
            recorded_at = later(recorded_at, now);
            revision += 1;
            let leaf = client.finish(&ServerPart {
                generation,
                position,
                revision,
                recorded_at,
                prev_leaf_hash: previous,
            });
            previous = Some(leaf.hash);
            leaves.push(leaf);
        }
        let commit = LedgerCommit {
            ledger: reader.id(),
            expected: view.head,
            generation,
            leaves,
        };
        match self.log.append(vec![commit]).await.pop() {
            Some(Outcome::Committed(head)) => Ok(head),
            Some(Outcome::Refused(fault)) => Err(AppendError::Refused(fault)),
            Some(Outcome::Unknown(fault)) => Err(AppendError::Unknown(fault)),
            // Nobody else has the log open.
            Some(Outcome::Conflict(_)) | None => Err(AppendError::Refused(LogFault::InFlight)),
        }
    }
}
