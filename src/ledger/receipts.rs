//! Requests that were carried out before: a retry is known by its ids and gets its first receipt again.

use tokio::sync::oneshot;

use crate::domain::event::{Actor, Event};
use crate::domain::id::{LedgerId, RequestId};
use crate::ledger::writer::Message;
use crate::ledger::{
    Append, AppendError, Appended, Ledgers, ReadFault, Reader, Receipt, ReceiptEvent, STOPPING,
    Stored,
};

/// Whether a request was ever carried out.
#[derive(Clone, Debug)]
pub enum ReceiptLookup {
    /// It was.
    Found(Receipt),
    /// It was not, as of this size: requests taken up before are included.
    NotFound {
        /// The ledger's size.
        size: u64,
    },
}

impl Ledgers {
    /// The first receipt, if the first `size` events know all ids with this content; an error, if they know some, or with other.
    /// What is published meanwhile is not looked at: a part of it would be a conflict.
    pub(super) async fn known(
        &self,
        reader: &Reader,
        append: &Append,
        actor: &Actor,
        size: u64,
    ) -> Result<Option<Appended>, AppendError> {
        let among = |position: &u64| *position < size;
        let request_at = reader
            .index()
            .position_of_request(append.request_id)
            .map_err(ReadFault::from)?
            .filter(among);
        let mut positions = Vec::with_capacity(append.events.len());
        let mut known = Vec::new();
        for event in &append.events {
            let position = reader.position_of(event.id)?.filter(among);
            if let Some(position) = position {
                known.push((event.id, position));
            } else {
                // A decision that is new brings a change whose id nobody has used.
                for brought in event.ids().skip(1) {
                    let at = reader.position_of(brought)?.filter(among);
                    known.extend(at.map(|at| (brought, at)));
                }
            }
            positions.push(position);
        }
        if request_at.is_none() && known.is_empty() {
            return Ok(None);
        }
        let positions: Option<Vec<u64>> = positions.into_iter().collect();
        let conflict = |known| AppendError::IdConflict {
            request: request_at.is_some(),
            events: known,
        };
        let Some(positions) = positions else {
            return Err(conflict(known));
        };
        let stored = reader.stored_at(&positions).await?;
        // An approval brought the change right behind it, which the request did not name.
        let brought = append.events.iter().map(|event| 1 + event.brings());
        let count: u64 = brought.clone().sum();
        let places = brought.scan(0, |next, width| {
            let place = *next;
            *next += width;
            Some(place)
        });
        let same_call = match request_at {
            None => true,
            Some(first) => stored.iter().zip(places).all(|(s, place)| {
                s.recorded.position == first + place
                    && s.recorded.request_id == append.request_id
                    && u64::from(s.recorded.request_count) == count
            }),
        };
        let same_events = append
            .events
            .iter()
            .zip(&stored)
            .all(|(event, s)| event.restates(&s.recorded.event));
        let same_actor = stored
            .iter()
            .all(|s| s.recorded.actor.shares_login_with(actor));
        if !same_actor {
            return Err(AppendError::OtherActor);
        }
        if !(same_call && same_events) {
            return Err(conflict(known));
        }
        let request_id = stored
            .first()
            .map_or(append.request_id, |s| s.recorded.request_id);
        let stored = if count == append.events.len() as u64 {
            stored
        } else {
            let with_brought = |(event, position): (&Event, &u64)| {
                let position = *position;
                position..=position + event.brings()
            };
            let events = append.events.iter().zip(&positions);
            let all: Vec<u64> = events.flat_map(with_brought).collect();
            reader.stored_at(&all).await?
        };
        Ok(Some(Appended {
            receipt: receipt(append.ledger, request_id, &stored),
            replayed: true,
            validated_only: append.validate_only,
            notices: Vec::new(),
            actor: actor.clone(),
            events: stored.into_iter().map(|s| s.recorded.event).collect(),
            goals: Vec::new(),
        }))
    }

    /// What became of a request. Passes through the writer's queue, so that "not found" is final as of the
    /// size it names.
    pub async fn receipt(
        &self,
        ledger: LedgerId,
        request: RequestId,
    ) -> Result<ReceiptLookup, AppendError> {
        let reader = self.reader(ledger).ok_or(AppendError::LedgerUnknown)?;
        loop {
            if let Some(found) = find_receipt(&reader, request).await? {
                return Ok(ReceiptLookup::Found(found));
            }
            let failed = !*self.writable.borrow();
            let (reply, answer) = oneshot::channel();
            let queue = self.queue().ok_or(STOPPING)?;
            queue
                .send(Message::Barrier(ledger, request, reply))
                .await
                .map_err(|_| STOPPING)?;
            let size = answer.await.map_err(|_| STOPPING)??;
            self.wait_for(&reader, size, failed).await;
            if reader.head().size < size {
                continue;
            }
            return Ok(match find_receipt(&reader, request).await? {
                Some(found) => ReceiptLookup::Found(found),
                None => ReceiptLookup::NotFound {
                    size: reader.head().size,
                },
            });
        }
    }
}

async fn find_receipt(reader: &Reader, request: RequestId) -> Result<Option<Receipt>, ReadFault> {
    let Some(first) = reader.index().position_of_request(request)? else {
        return Ok(None);
    };
    let count = u64::from(reader.stored(first).await?.recorded.request_count);
    let positions: Vec<u64> = (first..first + count).collect();
    let stored = reader.stored_at(&positions).await?;
    Ok(Some(receipt(reader.id(), request, &stored)))
}

fn receipt(ledger: LedgerId, request_id: RequestId, stored: &[Stored]) -> Receipt {
    Receipt {
        ledger,
        request_id,
        generation: stored.first().map_or(0, |s| s.recorded.generation),
        events: stored
            .iter()
            .map(|s| ReceiptEvent {
                event_id: s.recorded.event.id,
                stream: s.recorded.event.stream,
                position: s.recorded.position,
                revision: s.recorded.revision,
                recorded_at: s.recorded.recorded_at,
                leaf_hash: s.leaf_hash,
            })
            .collect(),
    }
}
