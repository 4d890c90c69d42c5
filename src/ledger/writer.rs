//! The writer: one thread for a data folder. It owns the newest states of all its ledgers, so it needs no
//! locks and no retries, and one sync serves the callers of every ledger.
//!
//! It never reads the disk, beyond asking how much room there is. A request arrives decided, with the states it was decided on; the writer
//! checks from memory what is newer, gives each event its position, revision, time and links, and gathers
//! a group while the one before is being synced. It applies events to its own states when it takes them
//! up; nobody else sees them before their sync.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::auth::access::Caller;
use crate::clock::since_boot;
use crate::domain::directory::Directory;
use crate::domain::event::{Recorded, Stream};
use crate::domain::id::{LedgerId, RequestId};
use crate::ledger::Settings;
use crate::ledger::append::{Append, AppendError, Appended};
use crate::ledger::kept::Kept;
use crate::ledger::prepare::{Prepared, States, prepare};
use crate::ledger::reader::{Batch, Reader, View};
use crate::ledger::state::StreamState;
use crate::ledger::turn::{Spot, Stage};
use crate::log::{CommitLog, Head, Leaf, LedgerCommit, LogFault, Outcome};

mod clock_watch;
mod recent;
mod record;
mod space_watch;

pub use clock_watch::ClockUntrusted;
use clock_watch::ClockWatch;
pub(super) use clock_watch::{not_before_all, not_behind};
use recent::Recent;
pub(super) use record::later;
use space_watch::SpaceWatch;
pub use space_watch::StorageLow;
pub(super) use space_watch::not_low;

/// A decided request on its way to the writer.
pub(super) struct Request {
    pub(super) append: Arc<Append>,
    pub(super) caller: Caller,
    /// `None`: to be decided on the writer's states, on which those before it in its line have their effect.
    pub(super) prepared: Option<Prepared>,
    /// States of the streams it rests on, complete below `covered`.
    pub(super) states: States,
    /// Ids below this position were looked up.
    pub(super) covered: u64,
    pub(super) deadline: Option<Instant>,
    /// Its place among those that its caller sends in a row.
    pub(super) spot: Option<Spot>,
    pub(super) reply: oneshot::Sender<Result<Verdict, AppendError>>,
}

/// What the writer made of a request.
pub(super) enum Verdict {
    /// It is durable.
    Appended(Box<Appended>),
    /// Something newer than its look-ups bears on it: look again when answers include this size.
    LookAgain(u64),
}

pub(super) enum Message {
    Append(Box<Request>),
    /// A ledger that was opened, with everything it holds.
    Adopt(Arc<Reader>),
    /// Answers with a size that includes the request, if it was taken up before.
    Barrier(
        LedgerId,
        RequestId,
        oneshot::Sender<Result<u64, AppendError>>,
    ),
    /// The log failed under a hand that is not the writer's.
    LogFailed,
}

/// Group limits: what waits while a sync runs becomes one group, up to these.
const GROUP_EVENTS_MAX: usize = 4_096;
const GROUP_BYTES_MAX: usize = 1024 * 1024;

struct OwnLedger {
    reader: Arc<Reader>,
    /// As of the last sync.
    head: Head,
    /// The next position, after everything decided.
    next: u64,
    /// The next position, after everything handed to the log.
    submitted: u64,
    /// What the log was given and may or may not hold: it failed.
    unknown: Range<u64>,
    directory: Directory,
    recent: Recent,
    /// Streams that are not kept end below this position.
    floor: u64,
    /// It was told that the clock is behind.
    is_behind: bool,
}

impl OwnLedger {
    /// What became of ids that were last used at `position`, when the log has failed.
    fn after_failure(&self, position: Option<u64>) -> Result<u64, AppendError> {
        match position {
            Some(position) if self.unknown.contains(&position) => Err(AppendError::Unknown(
                LogFault::Storage("it failed while the same ids were in flight".to_owned()),
            )),
            Some(position) if position < self.head.size => Ok(position + 1),
            // Never handed to the log, or refused by it.
            _ => Err(AppendError::ReadOnly),
        }
    }
}

/// A request whose events wait for a sync.
struct Waiting {
    ledger: LedgerId,
    appended: Appended,
    recorded: Vec<Recorded>,
    /// What the streams of its events fold to with them.
    states: HashMap<Stream, Arc<StreamState>>,
    reply: oneshot::Sender<Result<Verdict, AppendError>>,
}

#[derive(Default)]
struct Group {
    leaves: HashMap<LedgerId, Vec<Leaf>>,
    waiting: Vec<Waiting>,
    events: usize,
    bytes: usize,
}

impl Group {
    fn is_full(&self) -> bool {
        GROUP_EVENTS_MAX <= self.events || GROUP_BYTES_MAX <= self.bytes
    }
}

struct InFlight {
    ledgers: Vec<LedgerId>,
    waiting: Vec<Waiting>,
    outcome: BoxFuture<'static, Vec<Outcome>>,
}

pub(super) struct Writer {
    log: Arc<dyn CommitLog>,
    ledgers: HashMap<LedgerId, OwnLedger>,
    streams: Kept<(LedgerId, Stream), StreamState>,
    /// Streams that had to go, with where they end; their ledgers' floors rise before the next request.
    evicted: Vec<(LedgerId, u64)>,
    group: Group,
    publisher: mpsc::Sender<(Arc<Reader>, Batch)>,
    /// Set once, when the log fails.
    writable: watch::Sender<bool>,
    clock: ClockWatch,
    space: SpaceWatch,
}

impl Writer {
    pub(super) fn new(
        log: Arc<dyn CommitLog>,
        publisher: mpsc::Sender<(Arc<Reader>, Batch)>,
        writable: watch::Sender<bool>,
        settings: Settings,
    ) -> Self {
        Self {
            log,
            ledgers: HashMap::new(),
            streams: Kept::new(settings.states_bytes),
            clock: ClockWatch::new(settings.clock_behind_max),
            space: SpaceWatch::new(settings.free_space_min),
            evicted: Vec::new(),
            group: Group::default(),
            publisher,
            writable,
        }
    }

    /// Runs until every sender is gone and what was taken up is finished.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut in_flight: Option<InFlight> = None;
        let mut open = true;
        loop {
            if let Some(flight) = &mut in_flight {
                let take_more = open && !self.group.is_full();
                tokio::select! {
                    biased;
                    outcomes = &mut flight.outcome => {
                        if let Some(flight) = in_flight.take() {
                            self.finish(flight.ledgers, flight.waiting, outcomes).await;
                        }
                    }
                    message = queue.recv(), if take_more => match message {
                        Some(message) => self.take(message),
                        None => open = false,
                    },
                }
                if in_flight.is_some() {
                    continue;
                }
            } else if self.group.events == 0 {
                match queue.recv().await {
                    Some(message) if open => self.take(message),
                    _ => return,
                }
                // Whatever waits already joins the first.
                while !self.group.is_full()
                    && let Ok(message) = queue.try_recv()
                {
                    self.take(message);
                }
            }
            in_flight = self.submit();
        }
    }

    fn submit(&mut self) -> Option<InFlight> {
        if self.group.events == 0 {
            return None;
        }
        let group = std::mem::take(&mut self.group);
        if !*self.writable.borrow() {
            for waiting in group.waiting {
                let _ = waiting.reply.send(Err(AppendError::ReadOnly));
            }
            return None;
        }
        let (mut ledgers, mut commits) = (Vec::new(), Vec::new());
        for (id, leaves) in group.leaves {
            let Some(ledger) = self.ledgers.get_mut(&id) else {
                continue;
            };
            ledger.submitted = ledger.next;
            ledgers.push(id);
            commits.push(LedgerCommit::new(id, ledger.head, leaves));
        }
        let outcome = self.log.append(commits);
        Some(InFlight {
            ledgers,
            waiting: group.waiting,
            outcome,
        })
    }

    async fn finish(
        &mut self,
        ledgers: Vec<LedgerId>,
        waiting: Vec<Waiting>,
        outcomes: Vec<Outcome>,
    ) {
        let mut structured: HashMap<LedgerId, u64> = HashMap::new();
        for waiting in &waiting {
            let structural = |recorded: &&Recorded| recorded.event.payload.is_structural();
            if let Some(last) = waiting.recorded.iter().rfind(structural) {
                structured.insert(waiting.ledger, last.position + 1);
            }
        }
        let mut failures: HashMap<LedgerId, AppendError> = HashMap::new();
        for (id, outcome) in ledgers.iter().zip(outcomes) {
            let failure = match outcome {
                Outcome::Committed(head) => {
                    if let Some(ledger) = self.ledgers.get_mut(id) {
                        ledger.head = head;
                        ledger
                            .reader
                            .commit(head, structured.remove(id).unwrap_or(0));
                    }
                    continue;
                }
                // One process owns this folder, so a head that moved without it is damage.
                Outcome::Conflict(head) => AppendError::Refused(LogFault::Storage(format!(
                    "the head moved to {head:?} without this writer"
                ))),
                Outcome::Refused(fault) => AppendError::Refused(fault),
                Outcome::Unknown(fault) => {
                    if let Some(ledger) = self.ledgers.get_mut(id) {
                        ledger.unknown = ledger.head.size..ledger.submitted;
                    }
                    AppendError::Unknown(fault)
                }
            };
            tracing::error!(ledger = %id, error = &failure as &dyn std::error::Error, "the writer stops");
            self.writable.send_replace(false);
            failures.insert(*id, failure);
        }
        let mut batches: HashMap<LedgerId, Batch> = HashMap::new();
        for waiting in waiting {
            let answer = match failures.get(&waiting.ledger) {
                Some(failure) => Err(failure.clone()),
                None => {
                    let events = &waiting.appended.receipt.events;
                    let hashes = events.iter().map(|event| event.leaf_hash);
                    if let Some(ledger) = self.ledgers.get(&waiting.ledger) {
                        let batch = batches.entry(waiting.ledger);
                        let batch = batch.or_insert_with(|| Batch::up_to(ledger.head));
                        batch
                            .events
                            .extend(waiting.recorded.into_iter().zip(hashes));
                        batch.states.extend(waiting.states);
                    }
                    Ok(Verdict::Appended(Box::new(waiting.appended)))
                }
            };
            // Nobody may be listening any more; the events are there all the same.
            let _ = waiting.reply.send(answer);
        }
        for (id, batch) in batches {
            if let Some(ledger) = self.ledgers.get(&id) {
                // The publisher ends after the writer; where it does not, nobody would see what is appended from now on.
                let sent = self.publisher.send((ledger.reader.clone(), batch)).await;
                if sent.is_err() {
                    tracing::error!("the publisher ended: the writer stops");
                    self.writable.send_replace(false);
                }
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Append(request) => self.take_append(*request),
            Message::Adopt(reader) => {
                let View {
                    head, directory, ..
                } = reader.view();
                let ledger = OwnLedger {
                    head,
                    next: head.size,
                    submitted: head.size,
                    unknown: 0..0,
                    directory: Directory::clone(&directory),
                    recent: Recent::starting(head.size),
                    floor: head.size,
                    is_behind: false,
                    reader,
                };
                self.ledgers.insert(ledger.reader.id(), ledger);
            }
            Message::Barrier(ledger, request, reply) => {
                let _ = reply.send(self.size_with(ledger, request));
            }
            Message::LogFailed => {
                self.writable.send_replace(false);
            }
        }
    }

    /// The size that includes `request`, if it was taken up.
    fn size_with(&self, ledger: LedgerId, request: RequestId) -> Result<u64, AppendError> {
        let ledger = self.ledgers.get(&ledger);
        let ledger = ledger.ok_or(AppendError::LedgerUnknown)?;
        if *self.writable.borrow() {
            return Ok(ledger.next);
        }
        match ledger.after_failure(ledger.recent.find_request(request)) {
            // What was never stored will not be any more.
            Err(AppendError::ReadOnly) => Ok(ledger.head.size),
            known => known,
        }
    }

    fn take_append(&mut self, request: Request) {
        // Not while a request is recorded, whose states have to be there until it is.
        self.evicted.extend(self.streams.trim().map(of_ledger));
        for (ledger, end) in std::mem::take(&mut self.evicted) {
            if let Some(ledger) = self.ledgers.get_mut(&ledger) {
                ledger.floor = ledger.floor.max(end);
            }
        }
        let Request {
            append,
            caller,
            prepared,
            states,
            covered,
            deadline,
            spot,
            reply,
        } = request;
        let stands = |stage| {
            if let Some(spot) = &spot {
                spot.set(stage);
            }
        };
        if reply.is_closed() {
            stands(Stage::Decided);
            return;
        }
        let answer = if !*self.writable.borrow() {
            // A retry is told what became of the first, as far as that is known.
            let ledger = self.ledgers.get(&append.ledger);
            let after = ledger.map(|ledger| ledger.after_failure(ledger.recent.find(&append)));
            after
                .unwrap_or(Err(AppendError::ReadOnly))
                .map(Verdict::LookAgain)
        } else if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            Err(AppendError::DeadlineBefore)
        } else if spot.as_ref().is_some_and(|spot| !spot.is_next()) {
            // The one before it was turned back.
            Ok(Verdict::LookAgain(0))
        } else {
            match self.admit(&append, &caller, prepared, states, covered) {
                Ok(prepared) => {
                    self.record(append, prepared, reply);
                    stands(Stage::Decided);
                    return;
                }
                Err(answer) => answer,
            }
        };
        stands(match &answer {
            Ok(Verdict::LookAgain(_)) => Stage::Coming,
            Ok(Verdict::Appended(_)) | Err(_) => Stage::Decided,
        });
        let _ = reply.send(answer);
    }

    /// Checks from memory what is newer than the request's look-ups, and decides again if it bears on it.
    fn admit(
        &mut self,
        append: &Append,
        caller: &Caller,
        prepared: Option<Prepared>,
        states: States,
        covered: u64,
    ) -> Result<Prepared, Result<Verdict, AppendError>> {
        let Some(ledger) = self.ledgers.get_mut(&append.ledger) else {
            return Err(Err(AppendError::LedgerUnknown));
        };
        if let Some(position) = ledger.recent.find(append)
            && covered <= position
        {
            return Err(Ok(Verdict::LookAgain(position + 1)));
        }
        if covered < ledger.recent.floor || covered < ledger.floor {
            return Err(Ok(Verdict::LookAgain(
                ledger.recent.floor.max(ledger.floor),
            )));
        }
        let loaded = states
            .iter()
            .map(|(stream, loaded)| ((append.ledger, *stream), &**loaded));
        let (moved, gone) = self.streams.meet(loaded);
        self.evicted.extend(gone.into_iter().map(of_ledger));
        let now = ledger.reader.clock().now();
        // A sample's clock is what its story says.
        if !ledger.reader.clock().is_simulated() {
            let newest = ledger.reader.newest();
            let judged = self.clock.judge(newest, now, since_boot());
            let is_behind =
                judged.map_err(|untrusted| Err(AppendError::ClockUntrusted(untrusted)))?;
            if is_behind && !ledger.is_behind {
                tracing::warn!(
                    %now, %newest, ledger = %append.ledger,
                    "the clock is behind the newest event: times of record go on by a microsecond each until it has caught up"
                );
            }
            ledger.is_behind = is_behind;
        }
        let is_access_log = ledger.directory.access_log_of().is_some();
        let free = || self.log.free_bytes();
        let enough = self.space.judge(Instant::now(), is_access_log, free);
        enough.map_err(|low| Err(AppendError::StorageLow(low)))?;
        if let Some(prepared) = prepared
            && !moved
            && ledger.directory.version() == prepared.directory_version
            && ledger.directory.date_of(now) == prepared.today
        {
            return Ok(prepared);
        }
        let own = |(stream, loaded): (Stream, Arc<StreamState>)| {
            let own = self.streams.get(&(append.ledger, stream));
            (stream, own.map_or(loaded, |own| Arc::new(own.clone())))
        };
        let states = states.into_iter().map(own).collect();
        let words = Some(ledger.reader.openings());
        // Whether it is permitted is asked again with it: grants and policies move the directory.
        prepare(append, caller, &ledger.directory, &states, words, now)
            .map_err(|unprepared| Err(unprepared.into()))
    }
}

/// Of a stream that had to go: of which ledger it is, and where it ends.
fn of_ledger(((ledger, _), end): ((LedgerId, Stream), u64)) -> (LedgerId, u64) {
    (ledger, end)
}
