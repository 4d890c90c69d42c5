//! What an append that is only validated is told.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::event::{Recorded, Stream};
use crate::ledger::{Append, Appended, Receipt, ReceiptEvent, StreamState, Touched, View, prepare};
use crate::log::codec::ServerPart;

/// What an accepted validation is told: the places the events would get at the head it was judged at.
pub(super) fn validated(
    view: &View,
    append: &Append,
    prepared: prepare::Prepared,
    states: &prepare::States,
    now: jiff::Timestamp,
) -> Appended {
    let actor = prepared.actor;
    let View {
        head, directory, ..
    } = view;
    let mut after: HashMap<Stream, StreamState> = HashMap::new();
    let mut receipt = Receipt {
        ledger: append.ledger,
        request_id: append.request_id,
        generation: head.generation,
        events: Vec::new(),
    };
    let count = u32::try_from(prepared.events.len()).unwrap_or(u32::MAX);
    let mut events = Vec::new();
    let decided = prepared.events.into_iter().zip(prepared.authors);
    for (index, ((event, client), author)) in decided.enumerate() {
        let state = after.entry(event.stream).or_insert_with(|| {
            let loaded = states.get(&event.stream);
            loaded.map_or_else(StreamState::default, |state| StreamState::clone(state))
        });
        let server = ServerPart {
            generation: head.generation,
            position: head.size + index as u64,
            revision: state.revision + 1,
            recorded_at: now,
            prev_leaf_hash: state.leaf_hash,
        };
        let leaf_hash = client.finish(&server).hash;
        let recorded = Recorded {
            ledger: append.ledger,
            generation: server.generation,
            position: server.position,
            revision: server.revision,
            recorded_at: now,
            prev_leaf_hash: server.prev_leaf_hash.map(|hash| *hash.as_bytes()),
            actor: author,
            request_id: append.request_id,
            request_index: u32::try_from(index).unwrap_or(u32::MAX),
            request_count: count,
            event: event.clone(),
        };
        state.apply(&recorded, directory.date_of(now), leaf_hash);
        receipt.events.push(ReceiptEvent {
            event_id: event.id,
            stream: event.stream,
            position: server.position,
            revision: server.revision,
            recorded_at: now,
            leaf_hash,
        });
        events.push(event);
    }
    let goals = after
        .into_iter()
        .filter(|(stream, _)| stream.kind == crate::domain::event::StreamKind::Goal)
        .map(|(stream, state)| Touched {
            stream,
            before: Arc::new(
                states
                    .get(&stream)
                    .map(|s| s.goal.clone())
                    .unwrap_or_default(),
            ),
            after: Arc::new(state.goal),
        })
        .collect();
    Appended {
        receipt,
        replayed: false,
        validated_only: true,
        notices: prepared.notices,
        actor,
        events,
        goals,
    }
}
