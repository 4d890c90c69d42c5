//! Recording: each event of a decided request gets its place, and is folded into the writer's own states.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{Verdict, Waiting, Writer, of_ledger};
use crate::domain::event::{Actor, Event, Recorded, Stream, StreamKind};
use crate::domain::goal::Goal;
use crate::ledger::append::{Append, AppendError, Appended, Receipt, ReceiptEvent, Touched};
use crate::ledger::prepare::Prepared;
use crate::ledger::state::StreamState;
use crate::log::codec::ServerPart;

impl Writer {
    /// Gives each event its place and adds it to the group.
    pub(super) fn record(
        &mut self,
        append: Arc<Append>,
        prepared: Prepared,
        reply: oneshot::Sender<Result<Verdict, AppendError>>,
    ) {
        let Some(ledger) = self.ledgers.get_mut(&append.ledger) else {
            let _ = reply.send(Err(AppendError::LedgerUnknown));
            return;
        };
        let actor = prepared.actor;
        let count = u32::try_from(prepared.events.len()).unwrap_or(u32::MAX);
        let generation = ledger.head.generation;
        let mut receipt = Receipt {
            ledger: append.ledger,
            request_id: append.request_id,
            generation,
            events: Vec::with_capacity(prepared.events.len()),
        };
        let mut recorded_events = Vec::with_capacity(prepared.events.len());
        let mut goals: Vec<(Stream, Goal)> = Vec::new();
        let mut states: HashMap<Stream, StreamState> = HashMap::new();
        let mut bytes = 0;
        let mut leaves = Vec::with_capacity(prepared.events.len());
        let mut events = Vec::new();
        let decided = prepared.events.into_iter().zip(prepared.authors);
        for (index, ((event, client), author)) in decided.enumerate() {
            let state = states.entry(event.stream).or_insert_with(|| {
                let kept = self.streams.take(&(append.ledger, event.stream));
                let state = kept.unwrap_or_default();
                if append.effects && event.stream.kind == StreamKind::Goal {
                    goals.push((event.stream, state.goal.clone()));
                }
                state
            });
            let now = ledger.reader.clock().now();
            let recorded_at = later(ledger.reader.newest(), now);
            ledger.reader.note_recorded(recorded_at);
            let server = ServerPart {
                generation,
                position: ledger.next,
                revision: state.revision + 1,
                recorded_at,
                prev_leaf_hash: state.leaf_hash,
            };
            let author = ledger.reader.actors().share(author);
            let (id, stream) = (event.id, event.stream);
            let recorded = recorded(&append, author, event, &server, index, count);
            let leaf = client.finish(&server);
            // What is folded here is shown to readers, who would fold the same from the stored bytes.
            debug_assert_eq!(
                ledger
                    .reader
                    .recorded(ledger.next, &leaf.bytes)
                    .ok()
                    .as_ref(),
                Some(&recorded)
            );
            ledger.recent.add(id, append.request_id, ledger.next);
            ledger.next += 1;
            state.apply(&recorded, ledger.directory.date_of(recorded_at), leaf.hash);
            let is_structural = recorded.event.payload.is_structural();
            if is_structural {
                ledger.directory.apply(&recorded);
            }
            if is_structural || append.effects {
                events.push(recorded.event.clone());
            }
            receipt.events.push(ReceiptEvent {
                event_id: id,
                stream,
                position: recorded.position,
                revision: recorded.revision,
                recorded_at,
                leaf_hash: leaf.hash,
            });
            bytes += leaf.bytes.len();
            leaves.push(leaf);
            recorded_events.push(recorded);
        }
        for (stream, state) in &states {
            let gone = self.streams.put((append.ledger, *stream), state.clone());
            self.evicted.extend(gone.map(of_ledger));
        }
        let goals = goals
            .into_iter()
            .filter_map(|(stream, before)| {
                Some(Touched {
                    stream,
                    before: Arc::new(before),
                    after: Arc::new(states.get(&stream)?.goal.clone()),
                })
            })
            .collect();
        let states = states.into_iter();
        let states = states.map(|(stream, state)| (stream, Arc::new(state)));
        let states = states.collect();
        self.group.events += leaves.len();
        self.group.bytes += bytes;
        self.group
            .leaves
            .entry(append.ledger)
            .or_default()
            .extend(leaves);
        self.group.waiting.push(Waiting {
            ledger: append.ledger,
            appended: Appended {
                receipt,
                replayed: false,
                validated_only: false,
                notices: prepared.notices,
                actor,
                events,
                goals,
            },
            recorded: recorded_events,
            states,
            reply,
        });
    }
}

/// Strictly increasing, to the microsecond, whatever the clock does.
pub(in crate::ledger) fn later(last: Timestamp, now: Timestamp) -> Timestamp {
    if last < now {
        return now;
    }
    Timestamp::from_microsecond(last.as_microsecond().saturating_add(1)).unwrap_or(last)
}

fn recorded(
    append: &Append,
    actor: Arc<Actor>,
    event: Event,
    server: &ServerPart,
    index: usize,
    count: u32,
) -> Recorded {
    Recorded {
        ledger: append.ledger,
        generation: server.generation,
        position: server.position,
        revision: server.revision,
        recorded_at: server.recorded_at,
        prev_leaf_hash: server.prev_leaf_hash.map(|hash| *hash.as_bytes()),
        actor,
        request_id: append.request_id,
        request_index: u32::try_from(index).unwrap_or(u32::MAX),
        request_count: count,
        event,
    }
}
