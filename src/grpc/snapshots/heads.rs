//! Recordings of where every stream stands: after the snapshot of a closing, and on request.
//!
//! At a closing they speak of the ledger right after the snapshot, so the same event comes out whenever it is made; on
//! request, of the ledger as it is. The root is computed outside the writer, and whoever has all events computes it again.

use std::sync::Arc;

use super::{ACTOR, Closing, SnapshotError, Snapshots};
use crate::auth::access::Grounds;
use crate::auth::{Authenticator, Permitted};
use crate::domain::event::{Event, EventType, HeadsRecorded, Stream};
use crate::domain::id::{EventId, RequestId};
use crate::domain::text::Name;
use crate::domain::trust::HeadsRecording;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{Append, Appended, Reader};

/// Recordings in a row that are looked past for something else that was appended since the last one.
const RECORDINGS_PASSED_MAX: u64 = 1_000;

impl Snapshots {
    /// Records where every stream stood right after the snapshot of a closing, or finds it recorded.
    pub(super) async fn record_heads(
        &self,
        reader: &Arc<Reader>,
        closing: &Closing,
    ) -> Result<Appended, SnapshotError> {
        let view = reader.caught_up(None).await;
        let period = view.directory.period(closing.plan, &closing.period);
        let snapshot = period.and_then(|period| period.snapshot(closing.revision));
        let size = snapshot.ok_or(SnapshotError::Unknown)?.position + 1;
        let closed = reader.stored(closing.position).await?.recorded;
        let (request, ordinal) = (closed.request_id.uuid(), closed.request_index);
        let name = format!("heads {ordinal}");
        let (request, event) = (
            RequestId::derived(request, &name),
            EventId::derived(request, &name),
        );
        let closed_by = Some(closed.event.id);
        let append = recording(reader, size, request, event, closed_by).await?;
        Ok(self.ledgers.append(by_the_server(append)?, None).await?)
    }

    /// Records where every stream stands now, unless nothing but recordings was appended since the last one. The recording
    /// that stands, and whether it is new.
    pub(in crate::grpc) async fn record_heads_now(
        &self,
        reader: &Arc<Reader>,
        by: RequestedBy,
    ) -> Result<(Arc<HeadsRecording>, bool), SnapshotError> {
        let view = reader.caught_up(None).await;
        let size = view.size;
        if let Some(last) = view.directory.heads().next_back()
            && only_recordings(reader, last.size, size)?
        {
            return Ok((last.clone(), false));
        }
        let (space, name) = (reader.id().uuid(), format!("heads of {size}"));
        let (request, event) = (
            RequestId::derived(space, &name),
            EventId::derived(space, &name),
        );
        let append = recording(reader, size, request, event, None).await?;
        let permitted = by_the_server(append)?
            .on_behalf_of(&by.subject)
            .permitted_by(by.grounds);
        let appended = self.ledgers.append(permitted, None).await?;
        let view = reader.caught_up(None).await;
        let recorded = view
            .directory
            .heads()
            .rev()
            .find(|heads| heads.event_id == event);
        let recorded = recorded.ok_or(SnapshotError::Unknown)?.clone();
        Ok((recorded, !appended.replayed))
    }
}

/// For whom heads are recorded, and by what they may ask for it.
pub(in crate::grpc) struct RequestedBy {
    pub(in crate::grpc) subject: Name,
    pub(in crate::grpc) grounds: Option<Grounds>,
}

/// The request that records where every stream stood at `size`.
async fn recording(
    reader: &Arc<Reader>,
    size: u64,
    request_id: RequestId,
    id: EventId,
    closed_by: Option<EventId>,
) -> Result<Append, SnapshotError> {
    let head = reader.stream_heads(size).await?.head();
    let recorded = HeadsRecorded {
        size,
        root: *head.root.as_bytes(),
        streams: head.size,
        closed_by,
    };
    let event = Event {
        causation: closed_by,
        ..Event::new(id, Stream::ledger(reader.id()), recorded.into())
    };
    Ok(Append::new(reader.id(), request_id, vec![event]))
}

fn by_the_server(append: Append) -> Result<Permitted<Append>, SnapshotError> {
    let name = Name::parse(ACTOR).map_err(|_| SnapshotError::Unknown)?;
    Ok(Authenticator.permit_system(name, append))
}

/// Whether every event from `from` up to `size` is a recording of heads.
fn only_recordings(reader: &Reader, from: u64, size: u64) -> Result<bool, SnapshotError> {
    let events = size.saturating_sub(from);
    if RECORDINGS_PASSED_MAX < events {
        return Ok(false);
    }
    let term = Term::event_type(EventType::HeadsRecorded);
    let most = usize::try_from(events).unwrap_or(usize::MAX);
    let recordings = reader.postings(&term, from, size, Direction::Forward, most)?;
    Ok(recordings.len() as u64 == events)
}
