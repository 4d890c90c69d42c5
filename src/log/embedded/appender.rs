//! Appends: a bounded queue, and the one thread that decides, writes, syncs and answers.

use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{self, BoxFuture, FutureExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::domain::id::LedgerId;
use crate::fault_point::Point;
use crate::log::embedded::shared::Shared;
use crate::log::journal::record::SectionDraft;
use crate::log::journal::writer::{Draft, JournalWriter, Written};
use crate::log::journal::{LedgerState, Ledgers, Record};
use crate::log::{Checkpoint, Head, Health, LedgerCommit, LogFault, Outcome};

/// The most groups that wait.
const QUEUE_MAX: usize = 256;

/// The most bytes that wait: some full groups.
const QUEUE_BYTES_MAX: usize = 4 * LedgerCommit::GROUP_BYTES_MAX;

/// Waiting groups become one record until it has this many bytes, so that a sync stays short.
const RECORD_BYTES: usize = 2 * 1024 * 1024;

/// The way to the journal thread.
#[derive(Clone)]
pub(crate) struct Appender {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    in_flight: Arc<Mutex<HashSet<LedgerId>>>,
}

type Answer = oneshot::Sender<Result<(), LogFault>>;

pub(crate) enum Message {
    Group(Submission),
    Checkpoint(Checkpoint, Answer),
    /// Answered when everything sent before is written, marks included.
    Barrier(Answer),
    /// Wakes the thread: marks are waiting, or it is to stop.
    Marks,
}

pub(crate) struct Submission {
    commits: Vec<LedgerCommit>,
    answer: oneshot::Sender<Vec<Outcome>>,
    in_flight: InFlight,
    _room: OwnedSemaphorePermit,
}

/// The ledgers of a submission, in flight until it is dropped.
struct InFlight {
    all: Arc<Mutex<HashSet<LedgerId>>>,
    ledgers: Vec<LedgerId>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|ledger| !self.ledgers.contains(ledger));
    }
}

impl Appender {
    pub(crate) fn new(shared: Arc<Shared>) -> (Self, mpsc::Receiver<Message>) {
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let appender = Self {
            shared,
            queue,
            room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)),
            in_flight: Arc::default(),
        };
        (appender, messages)
    }

    pub(crate) fn append(&self, group: Vec<LedgerCommit>) -> BoxFuture<'static, Vec<Outcome>> {
        let refuse_all = |fault: LogFault, n| vec![Outcome::Refused(fault); n];
        if let Some(refusal) = self.shared.refusal() {
            return future::ready(refuse_all(refusal, group.len())).boxed();
        }
        if let Err(invalid) = LedgerCommit::check_group(&group) {
            return future::ready(refuse_all(LogFault::Invalid(invalid), group.len())).boxed();
        }
        let (outcomes, commits, in_flight) = self.admit(group);
        if commits.is_empty() {
            return future::ready(outcomes.into_iter().flatten().collect()).boxed();
        }
        let bytes = commits
            .iter()
            .map(LedgerCommit::bytes)
            .sum::<usize>()
            .max(1) as u32;
        let (answer, answered) = oneshot::channel();
        let taken = commits.len();
        let submission = |_room| {
            Message::Group(Submission {
                commits,
                answer,
                in_flight,
                _room,
            })
        };
        // Sent at once if there is room, so that work begins before the future is polled.
        let sending = match Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            Ok(room) => match self.queue.try_send(submission(room)) {
                Ok(()) => future::ready(Ok(())).boxed(),
                Err(mpsc::error::TrySendError::Closed(_)) => future::ready(Err(())).boxed(),
                Err(mpsc::error::TrySendError::Full(message)) => {
                    let queue = self.queue.clone();
                    async move { queue.send(message).await.map_err(drop) }.boxed()
                }
            },
            Err(_) => {
                let (room, queue) = (Arc::clone(&self.room), self.queue.clone());
                async move {
                    let room = room.acquire_many_owned(bytes).await.map_err(drop)?;
                    queue.send(submission(room)).await.map_err(drop)
                }
                .boxed()
            }
        };
        let shared = Arc::clone(&self.shared);
        async move {
            let late = match sending.await {
                Ok(()) => answered.await.unwrap_or_else(|_| {
                    // The thread ended over it.
                    let fault = shared.refusal().unwrap_or(LogFault::Closed);
                    vec![Outcome::Unknown(fault); taken]
                }),
                Err(()) => refuse_all(shared.refusal().unwrap_or(LogFault::Closed), taken),
            };
            let mut late = late.into_iter();
            outcomes
                .into_iter()
                .filter_map(|outcome| outcome.or_else(|| late.next()))
                .collect()
        }
        .boxed()
    }

    /// Refuses what can be refused without the head; reserves the ledgers of the rest.
    fn admit(
        &self,
        group: Vec<LedgerCommit>,
    ) -> (Vec<Option<Outcome>>, Vec<LedgerCommit>, InFlight) {
        let mut in_flight = InFlight {
            all: Arc::clone(&self.in_flight),
            ledgers: Vec::new(),
        };
        let mut commits = Vec::with_capacity(group.len());
        let mut all = self
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let outcomes = group
            .into_iter()
            .map(|commit| {
                if let Err(invalid) = commit.check() {
                    return Some(Outcome::Refused(LogFault::Invalid(invalid)));
                }
                if !all.insert(commit.ledger) {
                    return Some(Outcome::Refused(LogFault::InFlight));
                }
                in_flight.ledgers.push(commit.ledger);
                commits.push(commit);
                None
            })
            .collect();
        (outcomes, commits, in_flight)
    }

    pub(crate) fn keep(&self, checkpoint: Checkpoint) -> BoxFuture<'static, Result<(), LogFault>> {
        let (shared, queue) = (Arc::clone(&self.shared), self.queue.clone());
        async move {
            if let Some(refusal) = shared.refusal() {
                return Err(refusal);
            }
            let (answer, answered) = oneshot::channel();
            let sent = queue.send(Message::Checkpoint(checkpoint, answer)).await;
            match sent {
                Ok(()) => answered.await.unwrap_or(Err(LogFault::Closed)),
                Err(_) => Err(LogFault::Closed),
            }
        }
        .boxed()
    }

    /// Waits until everything sent before is written, marks included.
    pub(crate) async fn barrier(&self) -> Result<(), LogFault> {
        let (answer, answered) = oneshot::channel();
        let sent = self.queue.send(Message::Barrier(answer)).await;
        sent.map_err(|_| LogFault::Closed)?;
        answered.await.unwrap_or(Err(LogFault::Closed))
    }

    /// Ends the thread behind what is queued.
    pub(crate) fn stop(&self) {
        self.shared.state().stop_journal = true;
        // Wakes it; if the queue is full it is awake.
        drop(self.queue.try_send(Message::Marks));
    }

    /// Wakes the thread for waiting marks. If its queue is full it will see them anyway.
    pub(crate) fn wake_for_marks(queue: &mpsc::WeakSender<Message>) {
        if let Some(queue) = queue.upgrade() {
            drop(queue.try_send(Message::Marks));
        }
    }

    pub(crate) fn weak_queue(&self) -> mpsc::WeakSender<Message> {
        self.queue.downgrade()
    }
}

/// The thread that owns the end of the journal.
pub(crate) struct JournalThread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: JournalWriter,
    pub(crate) ledgers: Ledgers,
}

/// What one turn of the thread takes from the queue.
#[derive(Default)]
struct Turn {
    groups: Vec<Submission>,
    checkpoints: Vec<(Checkpoint, Answer)>,
    barriers: Vec<Answer>,
    bytes: usize,
}

impl Turn {
    fn take(&mut self, message: Message) {
        match message {
            Message::Group(group) => {
                self.bytes += group.commits.iter().map(LedgerCommit::bytes).sum::<usize>();
                self.groups.push(group);
            }
            Message::Checkpoint(checkpoint, answer) => {
                self.bytes += checkpoint.note.len();
                self.checkpoints.push((checkpoint, answer));
            }
            Message::Barrier(answer) => self.barriers.push(answer),
            Message::Marks => {}
        }
    }
}

impl JournalThread {
    /// Runs until it is stopped or nobody is left to append. Hands back the writer.
    pub(crate) fn run(mut self, mut messages: mpsc::Receiver<Message>) -> JournalWriter {
        let mut next = messages.blocking_recv();
        while let Some(first) = next {
            self.shared.wait_for_feeder();
            let mut turn = Turn::default();
            turn.take(first);
            while turn.bytes < RECORD_BYTES
                && let Ok(next) = messages.try_recv()
            {
                turn.take(next);
            }
            let shared = Arc::clone(&self.shared);
            if catch_unwind(AssertUnwindSafe(|| self.turn(turn))).is_err() {
                // Its callers see that their answer was dropped: unknown.
                shared.poison("the journal thread panicked".to_owned());
            }
            if self.shared.state().stop_journal && messages.is_empty() {
                break;
            }
            next = match messages.try_recv() {
                Ok(waiting) => {
                    self.shared.room.rush();
                    Some(waiting)
                }
                Err(_) => messages.blocking_recv(),
            };
        }
        self.writer
    }

    fn turn(&mut self, turn: Turn) {
        let Turn {
            groups,
            checkpoints,
            barriers,
            ..
        } = turn;
        if let Health::Poisoned(why) = self.shared.health() {
            let fault = LogFault::Storage(why);
            for Submission {
                commits,
                answer,
                in_flight,
                ..
            } in groups
            {
                drop(in_flight);
                drop(answer.send(vec![Outcome::Refused(fault.clone()); commits.len()]));
            }
            let answers = checkpoints
                .into_iter()
                .map(|(_, answer)| answer)
                .chain(barriers);
            answers.for_each(|answer| drop(answer.send(Err(fault.clone()))));
            return;
        }
        let (decisions, changed) = self.decide(&groups);
        let (checkpoints, answers): (Vec<_>, Vec<_>) = checkpoints
            .into_iter()
            .filter_map(|(checkpoint, answer)| self.agree(checkpoint, answer))
            .unzip();
        let marks = self.shared.take_marks();
        let stored = self.write(&groups, &decisions, checkpoints, &marks);
        let stored = match stored {
            Ok(written) => {
                for (ledger, state) in &changed {
                    self.ledgers.0.insert(*ledger, state.clone());
                }
                self.ledgers.mark(&marks);
                self.shared.publish(written, changed, self.writer.end());
                Point::JournalPublished.pass();
                Ok(())
            }
            Err(error) => {
                let why = format!("journal: {error}");
                self.shared.poison(why.clone());
                Err(LogFault::Storage(why))
            }
        };
        for (group, decisions) in groups.into_iter().zip(decisions) {
            let outcomes = decisions
                .into_iter()
                .map(|decision| match (decision, &stored) {
                    (Outcome::Committed(_), Err(fault)) => Outcome::Unknown(fault.clone()),
                    (decision, _) => decision,
                });
            // The ledger is free before its caller knows.
            drop(group.in_flight);
            drop(group.answer.send(outcomes.collect()));
        }
        for answer in answers.into_iter().chain(barriers) {
            drop(answer.send(stored.clone()));
        }
        self.writer.absorb();
    }

    /// Passes a checkpoint on, unless it would make the next open refuse a sound history.
    fn agree(&self, checkpoint: Checkpoint, answer: Answer) -> Option<(Checkpoint, Answer)> {
        if let Err(invalid) = checkpoint.check(&self.ledgers.head(checkpoint.ledger)) {
            drop(answer.send(Err(LogFault::Invalid(invalid))));
            return None;
        }
        Some((checkpoint, answer))
    }

    /// What becomes of each commit if the write succeeds, and the states that it leads to.
    fn decide(&self, groups: &[Submission]) -> (Vec<Vec<Outcome>>, Vec<(LedgerId, LedgerState)>) {
        let mut changed = Vec::new();
        let mut decide = |commit: &LedgerCommit| {
            let head = self.ledgers.head(commit.ledger);
            if head != commit.expected {
                return Outcome::Conflict(head);
            }
            let mut state = self
                .ledgers
                .0
                .get(&commit.ledger)
                .cloned()
                .unwrap_or_default();
            state.generation = commit.generation;
            state
                .frontier
                .extend(commit.leaves.iter().map(|leaf| leaf.hash));
            let head = state.head();
            changed.push((commit.ledger, state));
            Outcome::Committed(head)
        };
        let decisions = groups
            .iter()
            .map(|group| group.commits.iter().map(&mut decide).collect())
            .collect();
        (decisions, changed)
    }

    fn write(
        &mut self,
        groups: &[Submission],
        decisions: &[Vec<Outcome>],
        checkpoints: Vec<Checkpoint>,
        marks: &[(LedgerId, Head)],
    ) -> io::Result<Vec<Written>> {
        let commits = groups.iter().flat_map(|group| &group.commits);
        let sections: Vec<_> = commits
            .zip(decisions.iter().flatten())
            .filter_map(|(commit, decision)| match decision {
                Outcome::Committed(head) => Some(SectionDraft {
                    ledger: commit.ledger,
                    generation: commit.generation,
                    first: commit.expected.size,
                    root: head.root,
                    leaves: &commit.leaves,
                }),
                _ => None,
            })
            .collect();
        let mut records: Vec<Record> = checkpoints.into_iter().map(Record::Checkpoint).collect();
        if !marks.is_empty() {
            records.push(Record::Mark(marks.to_vec()));
        }
        let mut drafts: Vec<Draft<'_>> = records.iter().map(Draft::Record).collect();
        if !sections.is_empty() {
            drafts.push(Draft::Group(&sections));
        }
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let segment = self.writer.end().segment;
        let written = self.writer.write(&drafts, &self.ledgers)?;
        let now = self.writer.end().segment;
        if now != segment {
            self.shared.catalog.begin(now, &self.ledgers);
        }
        Ok(written)
    }
}
