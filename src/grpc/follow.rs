//! Streams of events: batches capped by bytes and count, each saying where to resume.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::Stream;
use tokio::sync::watch;
use tonic::Status;

use crate::api::v1;
use crate::api::v1::event_batch::Content;
use crate::api::v1::subscribe_events_response::{CaughtUp, Closing, FellBehind, Frame, Heartbeat};
use crate::domain::directory::Directory;
use crate::domain::event::{EventType, Stream as EventStream};
use crate::domain::text::Language;
use crate::grpc::event::{At, Choice as _, Faults, Resolver};
use crate::grpc::ledger_service::BATCH_EVENTS;
use crate::grpc::services::{SightOfEvents, Verifier};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{ReadFault, Reader, View};
use crate::log::codec;

mod page;
mod tail;

pub(super) use tail::Tail;

use page::Page;

/// How long a silent stream waits before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Streams that one subscription names at most.
const STREAMS_MAX: usize = 100;
/// A client that was caught up and is this far behind is told so.
const BEHIND: u64 = 10 * BATCH_EVENTS as u64;

/// Which events a subscription wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    streams: HashSet<EventStream>,
    types: HashSet<EventType>,
}

impl Selection {
    pub(super) fn parse(
        directory: &Directory,
        streams: &[v1::StreamRef],
        types: &[i32],
    ) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        if STREAMS_MAX < streams.len() {
            let _: Option<()> =
                faults.form(&At::field("streams"), &format!("at most {STREAMS_MAX}"));
        }
        let resolver = Resolver::new(directory);
        let streams = streams
            .iter()
            .take(STREAMS_MAX)
            .enumerate()
            .filter_map(|(index, stream)| {
                resolver.stream(&mut faults, &At::item("streams", index), stream)
            })
            .collect();
        let mut wanted = HashSet::new();
        for (index, number) in types.iter().enumerate() {
            match EventType::from_number(*number) {
                Some(event_type) => {
                    wanted.insert(event_type);
                }
                None => {
                    let _: Option<()> = faults.form(&At::item("types", index), "no such type");
                }
            }
        }
        Ok(faults.into_result(Some(Self {
            streams,
            types: wanted,
        }))?)
    }

    fn takes_all(&self) -> bool {
        self.streams.is_empty() && self.types.is_empty()
    }

    fn takes(&self, stream: EventStream, event_type: EventType) -> bool {
        (self.streams.is_empty() || self.streams.contains(&stream))
            && (self.types.is_empty() || self.types.contains(&event_type))
    }
}

/// Which events are wanted, in which form, and for whose eyes.
pub(super) struct Wanted {
    pub(super) format: v1::EventFormat,
    pub(super) selection: Selection,
    /// `None`: whoever reads them reads them all.
    pub(super) sight: Option<SightOfEvents>,
}

fn passed(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

/// What `work` comes to, unless the deadline passes first.
async fn until_deadline<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        None => Some(work.await),
        Some(deadline) if deadline <= Instant::now() => None,
        Some(deadline) => tokio::time::timeout_at(deadline.into(), work).await.ok(),
    }
}

/// What of a page is wanted, as a batch; `None` if it is nothing.
async fn batch(
    reader: &Reader,
    page: &Page,
    wanted: &Wanted,
) -> Result<Option<v1::EventBatch>, Refusal> {
    let verifier = match &wanted.sight {
        Some(sight) => sight.now(reader).await?,
        None => None,
    };
    let chunk = page.chunk();
    let is_decoded = wanted.format != v1::EventFormat::Leaves;
    let (first_position, count, content) = if wanted.selection.takes_all() && verifier.is_none() {
        let content = match is_decoded {
            true => Content::Events(page.events(reader)?),
            false => Content::Leaves(chunk.framed().clone()),
        };
        (chunk.first(), chunk.count(), content)
    } else {
        let mut some = Vec::new();
        for (position, leaf) in chunk.leaves() {
            let envelope =
                codec::envelope(&leaf).map_err(|source| ReadFault::Decode { position, source })?;
            let sees = |verifier: &Verifier| verifier.reads_leaf(position, &leaf);
            if wanted.selection.takes(envelope.stream, envelope.event_type)
                && verifier.as_ref().map_or(Ok(true), sees)?
            {
                some.push((position, leaf));
            }
        }
        let first_position = some
            .first()
            .map_or(chunk.first(), |(position, _)| *position);
        let content = match is_decoded {
            true => Content::Events(page::events(reader, &some)?),
            false => Content::Leaves(page::framed(&some)),
        };
        (first_position, some.len(), content)
    };
    Ok((count > 0).then(|| v1::EventBatch {
        first_position,
        count: show::count(count),
        content: Some(content),
    }))
}

/// Events from `from` up to `until`, then the end.
pub(super) fn read(
    reader: Arc<Reader>,
    view: View,
    from: u64,
    until: u64,
    wanted: Wanted,
    deadline: Option<Instant>,
    language: Language,
) -> impl Stream<Item = Result<v1::ReadEventsResponse, Status>> {
    let head = show::head(view.head);
    let (empty, wanted) = (until <= from, Arc::new(wanted));
    futures::stream::unfold(Some((from, empty)), move |state| {
        let (reader, head, wanted) = (reader.clone(), head.clone(), wanted.clone());
        async move {
            let (from, empty) = state?;
            if empty {
                let nothing = v1::ReadEventsResponse {
                    next_position: from,
                    batch: None,
                    head: Some(head),
                };
                return Some((Ok(nothing), None));
            }
            if until <= from {
                return None;
            }
            let answer = async {
                let page = Page::read(&reader, from, until).await?;
                let batch = batch(&reader, &page, &wanted).await?;
                Ok::<_, Refusal>((page.chunk().next(), batch))
            };
            match until_deadline(deadline, answer).await {
                None => {
                    let late = Refusal::new(ServiceReason::DeadlinePassed).with("position", from);
                    Some((Err(late.into_status(language)), None))
                }
                Some(Ok((next, batch))) => {
                    let frame = v1::ReadEventsResponse {
                        next_position: next,
                        batch,
                        head: Some(head),
                    };
                    Some((Ok(frame), Some((next, false))))
                }
                Some(Err(refusal)) => Some((Err(refusal.into_status(language)), None)),
            }
        }
    })
}

/// Where a subscription stands.
struct Follower {
    next: u64,
    /// Whether the client has been told that it is caught up, and up to where.
    caught_up: bool,
    ended: bool,
}

/// Events from `from` on, for as long as the client listens.
pub(super) fn follow(
    reader: Arc<Reader>,
    tail: Arc<Tail>,
    from: u64,
    wanted: Wanted,
    deadline: Option<Instant>,
    closing: watch::Receiver<bool>,
    language: Language,
) -> impl Stream<Item = Result<v1::SubscribeEventsResponse, Status>> {
    let state = Follower {
        next: from,
        caught_up: false,
        ended: false,
    };
    let wanted = Arc::new(wanted);
    futures::stream::unfold(state, move |mut state| {
        let (reader, tail, wanted) = (reader.clone(), tail.clone(), wanted.clone());
        let mut closing = closing.clone();
        async move {
            if state.ended {
                return None;
            }
            let frame = loop {
                if *closing.borrow() {
                    state.ended = true;
                    break Frame::Closing(Closing {
                        message: "the server stops".to_owned(),
                    });
                }
                if passed(deadline) {
                    state.ended = true;
                    let refusal = Refusal::new(ServiceReason::DeadlinePassed);
                    let refusal = refusal.with("position", state.next);
                    return Some((Err(refusal.into_status(language)), state));
                }
                let head = reader.head();
                if state.next < head.size {
                    // It waits in nobody's memory: what a slow client missed is read from the log.
                    if state.caught_up && BEHIND < head.size - state.next {
                        state.caught_up = false;
                        break Frame::FellBehind(FellBehind {
                            head: Some(show::head(head)),
                        });
                    }
                    let read = async {
                        let page = tail.page(&reader, state.next, head.size).await?;
                        let batch = batch(&reader, &page, &wanted).await?;
                        Ok::<_, Refusal>((page.chunk().next(), batch))
                    };
                    match until_deadline(deadline, read).await {
                        // Told at the head of the loop.
                        None => continue,
                        Some(Ok((next, batch))) => {
                            state.next = next;
                            match batch {
                                Some(batch) => break Frame::Batch(batch),
                                None => continue,
                            }
                        }
                        Some(Err(refusal)) => {
                            state.ended = true;
                            return Some((Err(refusal.into_status(language)), state));
                        }
                    }
                }
                if !state.caught_up {
                    state.caught_up = true;
                    break Frame::CaughtUp(CaughtUp {
                        head: Some(show::head(head)),
                    });
                }
                let mut watch = reader.watch();
                let until = deadline.map_or(HEARTBEAT, |deadline| {
                    HEARTBEAT.min(deadline.saturating_duration_since(Instant::now()))
                });
                let next = state.next;
                tokio::select! {
                    // Whatever wakes us, the loop looks again.
                    _ = watch.wait_for(|head| next < head.size) => {}
                    _ = closing.wait_for(|closing| *closing) => {}
                    () = tokio::time::sleep(until) => {
                        if !passed(deadline) {
                            break Frame::Heartbeat(Heartbeat { head: Some(show::head(reader.head())) });
                        }
                    }
                }
            };
            let answer = v1::SubscribeEventsResponse {
                next_position: state.next,
                frame: Some(frame),
            };
            Some((Ok(answer), state))
        }
    })
}
