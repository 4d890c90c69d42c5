//! One caller: makes a call after the other, and says how each ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::schedule::Schedule;
use super::source::{Source, scattered};
use super::tally::{Ended, Tallies};
use super::{Load, Operation};
use crate::api::v1;
use crate::api::v1::audit_service_client::AuditServiceClient;
use crate::api::v1::evaluation_service_client::EvaluationServiceClient;
use crate::api::v1::event_batch::Content;
use crate::api::v1::goal_service_client::GoalServiceClient;
use crate::api::v1::ledger_service_client::LedgerServiceClient;

/// Bytes of one answer at most: as large as a server makes them.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a caller waits after a call that failed: a server that is gone refuses at once, and again.
pub(super) const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// How long after the end calls are still sent that were due before it.
const DRAIN: Duration = Duration::from_secs(10);
/// What a call does, and whether it is stale, are drawn apart.
const STALE: u64 = 0x5DEE_CE66_D1CE_B00C;

/// What all callers of one load share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) source: Arc<Source>,
    pub(super) load: Load,
    /// Sizes of the ledger that are asked about: at least, and at most.
    pub(super) sizes: (u64, u64),
    pub(super) timeout: Duration,
    pub(super) tallies: Tallies,
    /// The number of the next call.
    pub(super) next: AtomicU64,
    pub(super) start: Instant,
}

impl Shared {
    /// When measuring begins.
    pub(super) fn begin(&self) -> Instant {
        self.start + self.load.warm_up
    }

    /// When it ends.
    pub(super) fn end(&self) -> Instant {
        self.begin() + self.load.length
    }

    /// The append of a call, and whether it is stale.
    pub(super) fn reports(&self, number: u64) -> (v1::AppendEventsRequest, bool) {
        let Load {
            batch, conflicts, ..
        } = self.load;
        match conflicts.takes(scattered(number ^ STALE)) {
            true => (self.source.stale_reports(batch), true),
            false => (self.source.reports(batch), false),
        }
    }
}

/// A request with all that it takes, so that making it is not part of the call.
enum Prepared {
    Append(v1::AppendEventsRequest, bool),
    Goal(v1::GetGoalRequest),
    Changes(v1::ListChangesRequest),
    Evaluation(v1::EvaluatePlanRequest),
    Read(v1::ReadEventsRequest),
}

/// A caller on one connection.
pub(super) struct Caller {
    number: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) metadata: MetadataMap,
    pub(super) ledgers: LedgerServiceClient<Channel>,
    goals: GoalServiceClient<Channel>,
    audit: AuditServiceClient<Channel>,
    evaluations: EvaluationServiceClient<Channel>,
}

impl Caller {
    pub(super) fn new(
        number: usize,
        shared: Arc<Shared>,
        channel: Channel,
        metadata: MetadataMap,
    ) -> Self {
        Self {
            number,
            shared,
            metadata,
            ledgers: LedgerServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            goals: GoalServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            audit: AuditServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            evaluations: EvaluationServiceClient::new(channel)
                .max_decoding_message_size(ANSWER_BYTES_MAX),
        }
    }

    /// Sends the next call when the last was answered, until the end.
    pub(super) async fn keep_on(mut self) {
        let (begin, end) = (self.shared.begin(), self.shared.end());
        loop {
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let (operation, prepared) = self.prepare(number);
            let sent = Instant::now();
            if end <= sent {
                return;
            }
            let ended = self.call(prepared).await;
            let failed = matches!(ended, Ended::Failed(_));
            self.add(operation, ended, sent.elapsed(), begin <= sent);
            if failed {
                tokio::time::sleep(ERROR_PAUSE).await;
            }
        }
    }

    /// Sends calls as `due` lets them, of the first `total` by `schedule`. The time of each counts from when it was due.
    pub(super) async fn keep_pace(mut self, due: Arc<Semaphore>, schedule: Schedule, total: u64) {
        let begin = self.shared.begin();
        let given_up = self.shared.end() + DRAIN;
        loop {
            let Ok(permit) = due.acquire().await else {
                return;
            };
            permit.forget();
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            if total <= number {
                return;
            }
            let instant = self.shared.start + schedule.due(number);
            let (operation, prepared) = self.prepare(number);
            let ended = match Instant::now() < given_up {
                true => self.call(prepared).await,
                false => Ended::Unsent,
            };
            self.add(operation, ended, instant.elapsed(), begin <= instant);
        }
    }

    pub(super) fn add(&self, operation: Operation, ended: Ended, took: Duration, measured: bool) {
        let tallies = &self.shared.tallies;
        tallies.add(self.number, operation, ended, took, measured);
    }

    fn prepare(&self, number: u64) -> (Operation, Prepared) {
        let Shared {
            source,
            load,
            sizes: (least, most),
            ..
        } = &*self.shared;
        let chance = scattered(number);
        let operation = load.mix.operation(chance);
        // What is drawn next is drawn from other numbers.
        let chance = scattered(chance);
        let size = least + chance % (most - least + 1);
        let from = chance % most.saturating_sub(Operation::EVENTS_READ).max(1);
        let read = |format| Prepared::Read(source.read(from, Operation::EVENTS_READ, format));
        let prepared = match operation {
            Operation::Append | Operation::Submit => {
                let (request, is_stale) = self.shared.reports(number);
                Prepared::Append(request, is_stale)
            }
            Operation::GetGoal => Prepared::Goal(source.goal(chance)),
            Operation::AsOf => Prepared::Goal(source.goal_as_of(scattered(chance), size)),
            Operation::ListChanges => Prepared::Changes(source.changes(chance)),
            Operation::Evaluate => Prepared::Evaluation(source.evaluation(size)),
            Operation::ReadEvents => read(v1::EventFormat::Events),
            Operation::ReadLeaves => read(v1::EventFormat::Leaves),
        };
        (operation, prepared)
    }

    async fn call(&mut self, prepared: Prepared) -> Ended {
        let ended = match prepared {
            Prepared::Append(request, is_stale) => return self.append(request, is_stale).await,
            Prepared::Goal(request) => {
                let request = self.ask(request);
                self.goals.get_goal(request).await.map(|_| 0)
            }
            Prepared::Changes(request) => {
                let request = self.ask(request);
                self.audit.list_changes(request).await.map(|_| 0)
            }
            Prepared::Evaluation(request) => {
                let request = self.ask(request);
                self.evaluations.evaluate_plan(request).await.map(|_| 0)
            }
            Prepared::Read(request) => {
                let request = self.ask(request);
                read_all(&mut self.ledgers, request).await
            }
        };
        match ended {
            Ok(events) => Ended::Answered(events),
            Err(status) => Ended::Failed(status),
        }
    }

    /// A stale append has to be refused with ABORTED, and no other: what is answered otherwise has failed.
    async fn append(&mut self, request: v1::AppendEventsRequest, is_stale: bool) -> Ended {
        let events = request.events.len() as u64;
        let request = self.ask(request);
        let answer = self.ledgers.append_events(request).await;
        ended(answer.map(|_| events), is_stale)
    }

    fn ask<T>(&self, message: T) -> Request<T> {
        ask(message, &self.metadata, self.shared.timeout)
    }
}

/// How an append ended: of how many events, or refused.
pub(super) fn ended(answer: Result<u64, Status>, is_stale: bool) -> Ended {
    match (answer, is_stale) {
        (Ok(events), false) => Ended::Answered(events),
        (Err(status), true) if status.code() == Code::Aborted => Ended::Conflicted,
        (Err(status), _) => Ended::Failed(status),
        (Ok(_), true) => Ended::Failed(Status::internal("a stale revision was not refused")),
    }
}

/// A request as a caller makes it.
pub(super) fn ask<T>(message: T, metadata: &MetadataMap, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata.clone();
    request.set_timeout(timeout);
    request
}

/// Reads a stream of events to its end, and says how many there were.
pub(super) async fn read_all(
    ledgers: &mut LedgerServiceClient<Channel>,
    request: Request<v1::ReadEventsRequest>,
) -> Result<u64, Status> {
    let mut messages = ledgers.read_events(request).await?.into_inner();
    let mut count = 0;
    while let Some(message) = messages.message().await? {
        count += match message.batch.and_then(|batch| batch.content) {
            Some(Content::Events(decoded)) => decoded.events.len() as u64,
            Some(Content::Leaves(leaves)) => delimited(&leaves)?,
            None => 0,
        };
    }
    Ok(count)
}

/// How many leaves stand one after the other, each behind its length.
fn delimited(mut leaves: &[u8]) -> Result<u64, Status> {
    let cut_off = || Status::data_loss("a leaf is cut off");
    let mut count = 0;
    while !leaves.is_empty() {
        let length = prost::decode_length_delimiter(leaves).map_err(|_| cut_off())?;
        let end = prost::length_delimiter_len(length) + length;
        leaves = leaves.get(end..).ok_or_else(cut_off)?;
        count += 1;
    }
    Ok(count)
}
