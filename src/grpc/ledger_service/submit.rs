//! Many appends over one stream: taken in as they come, carried out beside each other, answered in their order.
//!
//! What has come by the time it is looked for is carried out by one task: a task for each would cost more than its append. Each
//! is the append of a call of its own; that one builds on those before it is the [`Line`]'s doing. A client that does not read answers
//! is not read any more once as much waits as may: nothing here grows beyond that.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt as _, Stream, StreamExt as _};
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Sleep;
use tonic::{Request, Status, Streaming};

use crate::api::v1;
use crate::api::v1::submit_events_response::{Closing, Frame};
use crate::auth::Credential;
use crate::domain::rejection::Reason;
use crate::grpc::accounting::{AskedBy, Begun};
use crate::grpc::goal_service::form;
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Line, Turn};

/// Requests of one stream that wait for their answers to be read at most.
pub(in crate::grpc) const SUBMITTED_REQUESTS: usize = 256;
/// Bytes of these requests at which no further one is taken in.
pub(in crate::grpc) const SUBMITTED_BYTES: usize = 4 * 1024 * 1024;

/// Requests that one task carries out at most.
const RUN_REQUESTS: usize = 32;

/// The answers to a stream of appends.
pub(super) struct Submission {
    services: Services,
    call: Call,
    by: Option<AskedBy>,
    credential: Credential,
    requests: Streaming<v1::SubmitEventsRequest>,
    /// A request that has come and waits for a place among those of all streams.
    waiting: Option<(
        v1::SubmitEventsRequest,
        BoxFuture<'static, Option<OwnedSemaphorePermit>>,
    )>,
    line: Arc<Line>,
    /// Requests that were taken in and no task carries out yet.
    gathered: Vec<Gathered>,
    in_flight: VecDeque<Run>,
    /// Bytes of the requests in flight.
    bytes: usize,
    /// How many requests were taken in.
    taken: u64,
    /// How many of these were answered.
    answered: u64,
    /// Why no further request is taken in.
    end: Option<End>,
    closing: BoxFuture<'static, ()>,
    deadline: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

/// A request that was taken in.
struct Gathered {
    begun: Option<Box<Begun>>,
    call: Call,
    request: v1::SubmitEventsRequest,
    bytes: usize,
    turn: Turn,
    /// Kept until it is carried out, whoever waits for the answer.
    place: Option<OwnedSemaphorePermit>,
}

/// Requests that one task carries out, whose answers were not all handed out yet.
struct Run {
    /// The id and bytes of each.
    requests: VecDeque<(String, usize)>,
    answers: mpsc::UnboundedReceiver<Box<Frame>>,
}

enum End {
    /// The client has sent all.
    Sent,
    /// The server stops.
    Closing,
    Refused(Refusal),
}

impl Submission {
    pub(super) fn new(
        services: Services,
        call: Call,
        by: Option<AskedBy>,
        request: Request<Streaming<v1::SubmitEventsRequest>>,
    ) -> Self {
        let mut closing = services.closing();
        let deadline = call
            .asked
            .map(|at| Box::pin(tokio::time::sleep_until(at.into())));
        Self {
            by,
            credential: request.extensions().get().cloned().unwrap_or_default(),
            requests: request.into_inner(),
            waiting: None,
            line: Arc::default(),
            gathered: Vec::new(),
            in_flight: VecDeque::new(),
            bytes: 0,
            taken: 0,
            answered: 0,
            end: None,
            closing: async move {
                if closing.wait_for(|closing| *closing).await.is_err() {
                    // Nobody is left to say so.
                    std::future::pending::<()>().await;
                }
            }
            .boxed(),
            deadline,
            is_over: false,
            services,
            call,
        }
    }

    /// Takes in what has come, as far as there is room for it.
    fn take_in(&mut self, context: &mut Context<'_>) {
        self.gather(context);
        self.carry_out();
    }

    fn gather(&mut self, context: &mut Context<'_>) {
        if self.end.is_none() && self.closing.poll_unpin(context).is_ready() {
            self.end = Some(End::Closing);
        }
        while self.end.is_none() {
            let waiting = self.taken - self.answered;
            if waiting >= SUBMITTED_REQUESTS as u64 || self.bytes >= SUBMITTED_BYTES {
                break;
            }
            if self.gathered.len() == RUN_REQUESTS {
                self.carry_out();
            }
            if let Some((_, place)) = &mut self.waiting {
                let Poll::Ready(place) = place.poll_unpin(context) else {
                    break;
                };
                if let Some((request, _)) = self.waiting.take() {
                    self.add(request, place);
                }
                continue;
            }
            match Pin::new(&mut self.requests).poll_next(context) {
                Poll::Pending => break,
                Poll::Ready(None) => self.end = Some(End::Sent),
                // The client is gone, or sent what is no message of this call.
                Poll::Ready(Some(Err(_))) => {
                    let whole = form("append", "whole messages of this call, of at most 2 MiB");
                    self.end = Some(End::Refused(whole));
                }
                Poll::Ready(Some(Ok(request))) => match self.credential.check() {
                    Ok(()) => self.take(request),
                    Err(why) => {
                        tracing::info!(%why, "a stream of appends was ended");
                        self.end = Some(End::Refused(Refusal::from(&why)));
                    }
                },
            }
        }
        if self.end.is_some() {
            // It was not taken, and nobody is told that it was.
            self.waiting = None;
        }
    }

    /// Takes a request that has come: at once where there is a place.
    fn take(&mut self, request: v1::SubmitEventsRequest) {
        let places = self.services.submitted();
        match places.clone().try_acquire_owned() {
            Ok(place) => self.add(request, Some(place)),
            Err(_) => self.waiting = Some((request, place(places.clone()).boxed())),
        }
    }

    /// Adds a request to those that are carried out next.
    fn add(&mut self, request: v1::SubmitEventsRequest, place: Option<OwnedSemaphorePermit>) {
        let limit = Instant::now() + self.services.request_timeout();
        let bytes = request.encoded_len();
        self.taken += 1;
        self.bytes += bytes;
        self.gathered.push(Gathered {
            begun: self.by.clone().map(|by| by.begins(&request)),
            call: Call {
                deadline: self.call.asked.map_or(limit, |asked| asked.min(limit)),
                ..self.call.clone()
            },
            request,
            bytes,
            turn: self.line.join(),
            place,
        });
    }

    /// Carries out what was gathered, in a task of its own: it goes on where the client is gone.
    fn carry_out(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        let gathered = std::mem::take(&mut self.gathered);
        let (services, language) = (self.services.clone(), self.call.language);
        let (told, answers) = mpsc::unbounded_channel();
        let named = |gathered: &Gathered| {
            let append = gathered.request.append.as_ref();
            let id = append.map(|append| append.request_id.clone());
            (id.unwrap_or_default(), gathered.bytes)
        };
        self.in_flight.push_back(Run {
            requests: gathered.iter().map(named).collect(),
            answers,
        });
        tokio::spawn(async move {
            let carried = gathered.into_iter().map(|gathered| {
                // One that panics takes none of the others with it.
                AssertUnwindSafe(carried_out(&services, gathered)).catch_unwind()
            });
            let mut carried: FuturesOrdered<_> = carried.collect();
            while let Some(answered) = carried.next().await {
                let frame = match answered {
                    Ok(Ok(appended)) => Frame::Appended(appended),
                    Ok(Err(refusal)) => Frame::Refused(refusal.into_message(language)),
                    Err(_) => panicked(),
                };
                // Nobody may be listening any more.
                let _ = told.send(Box::new(frame));
            }
        });
    }

    /// The next answer, once it is there; `None`: nothing is in flight.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Option<v1::SubmitEventsResponse>> {
        let Some(first) = self.in_flight.front_mut() else {
            return Poll::Ready(None);
        };
        // Its task is gone only where it could not answer.
        let frame = ready!(first.answers.poll_recv(context)).unwrap_or_else(|| panicked().into());
        let index = self.answered;
        self.answered += 1;
        let answered = first.requests.pop_front();
        if first.requests.is_empty() {
            self.in_flight.pop_front();
        }
        let (request_id, bytes) = answered.unwrap_or_default();
        self.bytes -= bytes;
        Poll::Ready(Some(v1::SubmitEventsResponse {
            index,
            request_id,
            frame: Some(*frame),
        }))
    }

    /// The end of the stream, once all that was taken is answered.
    fn end_by(&mut self, end: End) -> Option<Result<v1::SubmitEventsResponse, Status>> {
        self.is_over = true;
        match end {
            End::Sent => None,
            End::Refused(refusal) => Some(Err(refusal.into_status(self.call.language))),
            End::Closing => Some(Ok(v1::SubmitEventsResponse {
                index: self.taken,
                request_id: String::new(),
                frame: Some(Frame::Closing(Closing {
                    message: "the server stops".to_owned(),
                    taken: self.taken,
                })),
            })),
        }
    }

    /// What the client is told at its deadline.
    fn late(&self) -> Refusal {
        match self.in_flight.is_empty() {
            true => ServiceReason::DeadlinePassed.into(),
            false => Refusal::deadline_while_appending(),
        }
        .with("answered", self.answered)
    }
}

/// Carries a request out.
async fn carried_out(
    services: &Services,
    gathered: Gathered,
) -> Result<v1::AppendEventsResponse, Refusal> {
    let Gathered {
        begun,
        call,
        request,
        turn,
        place: _place,
        ..
    } = gathered;
    match &request.append {
        Some(append) => {
            let appended = services.appended(begun, Ok(call), append, Some(&turn));
            appended.await
        }
        None => {
            let unsaid = async { Err(Refusal::rule(Reason::FieldRequired, "append")) };
            services.accounted(begun, unsaid).await
        }
    }
}

fn panicked() -> Frame {
    tracing::error!("an append of a stream panicked");
    Frame::Refused(Refusal::panicked())
}

/// A place among the appends of all streams.
async fn place(places: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // Nobody closes the semaphore.
    places.acquire_owned().await.ok()
}

impl Stream for Submission {
    type Item = Result<v1::SubmitEventsResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if let Some(deadline) = &mut this.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            let late = End::Refused(this.late());
            return Poll::Ready(this.end_by(late));
        }
        this.take_in(context);
        if let Some(answer) = ready!(this.poll_answer(context)) {
            return Poll::Ready(Some(Ok(answer)));
        }
        match this.end.take() {
            Some(end) => Poll::Ready(this.end_by(end)),
            None => Poll::Pending,
        }
    }
}
