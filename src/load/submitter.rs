//! A caller that sends appends on a stream of its own: the next as soon as one is answered, as many in flight as a server takes.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status, Streaming};

use super::Operation;
use super::caller::{Caller, ERROR_PAUSE, ended};
use super::tally::Ended;
use crate::api::v1;
use crate::api::v1::submit_events_response::Frame;

/// Requests in flight on a stream at most, as many as Daicho takes before it reads on.
const WINDOW: usize = 256;

/// A request on its way.
struct Sent {
    at: Instant,
    events: u64,
    is_stale: bool,
}

impl Caller {
    /// Keeps a stream full until the end, and begins another where one breaks.
    pub(super) async fn keep_submitting(mut self) {
        let mut in_flight = VecDeque::with_capacity(WINDOW);
        while Instant::now() < self.shared.end() || !in_flight.is_empty() {
            let Err(status) = self.submit(&mut in_flight).await else {
                return;
            };
            // What became of those nobody knows, so each of them failed.
            for Sent { at, .. } in in_flight.drain(..) {
                self.add_submitted(Ended::Failed(status.clone()), at);
            }
            tokio::time::sleep(ERROR_PAUSE).await;
        }
    }

    /// Sends on one stream until the end, and takes in every answer.
    async fn submit(&mut self, in_flight: &mut VecDeque<Sent>) -> Result<(), Status> {
        let timeout = self.shared.timeout;
        let (requests, sent) = mpsc::channel(WINDOW);
        // The first goes ahead: a server may answer nothing before it has read something.
        self.send_next(&requests, in_flight);
        let mut asked = Request::new(ReceiverStream::new(sent));
        *asked.metadata_mut() = self.metadata.clone();
        let answers = self.ledgers.submit_events(asked);
        let mut answers = in_time(timeout, answers).await?.into_inner();
        loop {
            while in_flight.len() < WINDOW && Instant::now() < self.shared.end() {
                self.send_next(&requests, in_flight);
            }
            if in_flight.is_empty() {
                return Ok(());
            }
            let answer = in_time(timeout, next(&mut answers)).await?;
            let Some(Sent {
                at,
                events,
                is_stale,
            }) = in_flight.pop_front()
            else {
                return Err(Status::internal("an answer to nothing"));
            };
            self.add_submitted(ended(answer.map(|()| events), is_stale), at);
        }
    }

    /// There is room: no more are sent than are in flight.
    fn send_next(
        &self,
        requests: &mpsc::Sender<v1::SubmitEventsRequest>,
        in_flight: &mut VecDeque<Sent>,
    ) {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (append, is_stale) = self.shared.reports(number);
        in_flight.push_back(Sent {
            at: Instant::now(),
            events: append.events.len() as u64,
            is_stale,
        });
        // Where the stream has ended, its answers say why.
        let _ = requests.try_send(v1::SubmitEventsRequest {
            append: Some(append),
        });
    }

    fn add_submitted(&self, ended: Ended, sent: Instant) {
        let measured = self.shared.begin() <= sent;
        self.add(Operation::Submit, ended, sent.elapsed(), measured);
    }
}

async fn in_time<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let answer = tokio::time::timeout(timeout, answer).await;
    answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer came in time")))
}

/// The next answer: appended or refused. Fails where the stream ends before it.
async fn next(
    answers: &mut Streaming<v1::SubmitEventsResponse>,
) -> Result<Result<(), Status>, Status> {
    let ended = || Status::unavailable("the stream ended with requests in flight");
    let answer = answers.message().await?.ok_or_else(ended)?;
    match answer.frame {
        Some(Frame::Appended(_)) => Ok(Ok(())),
        Some(Frame::Refused(status)) => {
            Ok(Err(Status::new(Code::from(status.code), status.message)))
        }
        Some(Frame::Closing(closing)) => Err(Status::unavailable(closing.message)),
        None => Err(Status::internal("an answer says nothing")),
    }
}
