//! The server that is held to the book: the binary in a process of its own, asked over gRPC.

use std::future::{Future, poll_fn};
use std::task::Poll;

use daicho::api::v1;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::event_batch::Content;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::merkle::{Frontier, Hash, TreeHead, leaf_hash, verify_consistency, verify_inclusion};
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use super::book::{Asked, Book, GOALS, GoalStand, Newest, Outcome, Phase, Stand, Stream, What};
use super::operation::Ask;
use super::wording::{Wording, as_sent, date, day_of, event_id, id, increment};
use crate::process::Process;
use crate::service::{As, Caller, opening};

/// What is shown of what was told of a goal.
const NARRATIVES_MAX: usize = 200;

/// A server on a folder of its own, and what it has answered so far.
pub(super) struct Served {
    folder: tempfile::TempDir,
    process: Process,
    channel: Channel,
    words: Wording,
    /// The receipt of each request that the book holds.
    receipts: Vec<v1::Receipt>,
    /// Every event, as the receipts have it.
    recorded: Vec<v1::RecordedEvent>,
    frontier: Frontier,
    /// The root at each size.
    roots: Vec<Hash>,
}

impl Served {
    /// A server with the ledger that a new book is of.
    pub(super) async fn start(book: &Book) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::serve(folder.path());
        let channel = process.connect();
        let mut admin = AdminServiceClient::with_interceptor(channel.clone(), As("tester"));
        let opened = admin.open_ledger(opening("model")).await.unwrap();
        let ledger = opened.into_inner().ledger.unwrap().id;
        let words = Wording::new(ledger);
        let mut served = Self {
            folder,
            process,
            channel,
            words,
            receipts: Vec::new(),
            recorded: Vec::new(),
            frontier: Frontier::default(),
            roots: vec![Frontier::default().root()],
        };
        let asked = v1::GetEventRequest {
            ledger: served.words.ledger.clone(),
            selector: Some(v1::get_event_request::Selector::Position(0)),
            ..v1::GetEventRequest::default()
        };
        let first = served.ledger_client().get_event(asked).await.unwrap();
        let first = first.into_inner().event.unwrap();
        served.note(v1::RecordedEvent {
            event_id: first.fact.unwrap().event_id,
            position: 0,
            stream: first.stream,
            revision: 1,
            recorded_at: first.recorded_at,
            leaf_hash: first.leaf_hash,
        });
        served.meet(book).await;
        served
    }

    /// Asks for what the book has gone through, and holds the answer against it.
    pub(super) async fn carry_out(&mut self, ask: &Ask, book: &Book) {
        match ask {
            Ask::Restart => {
                assert_eq!(self.process.stop(), 0);
                self.serve_again(book).await;
            }
            Ask::Kill => {
                self.process.kill();
                self.serve_again(book).await;
            }
            Ask::KillDuring(_, far) | Ask::KillClosing(_, far) => {
                self.kill_during(book, *far).await;
                self.serve_again_after_a_loss(book).await;
            }
            Ask::LookBack {
                goal,
                to,
                less,
                by_time,
                day,
            } => {
                let size = book.size_after(*to).unwrap() - less;
                self.look_back(book, *goal, size, *by_time, *day).await;
            }
            Ask::ReadBack { from, count } => {
                let from = from.index(book.size());
                let to = book.size().min(from + count);
                self.read_events(book, from, to).await;
                self.read_leaves(from, to).await;
            }
            Ask::Prove { position, sizes } => {
                let mut sizes = sizes.map(|size| 1 + size.index(book.size()));
                sizes.sort_unstable();
                let position = position.index(sizes[0]);
                self.prove(position as u64, sizes.map(|size| size as u64))
                    .await;
            }
            _ => self.meet(book).await,
        }
        self.check(book).await;
    }

    fn ledger_client(&self) -> LedgerServiceClient<Caller> {
        LedgerServiceClient::with_interceptor(self.channel.clone(), As("tester"))
    }

    fn proof_client(&self) -> ProofServiceClient<Caller> {
        ProofServiceClient::with_interceptor(self.channel.clone(), As("tester"))
    }

    /// Sends what the book says was asked last, and compares the answer with what it has to be.
    async fn meet(&mut self, book: &Book) {
        let (Outcome::Recorded(asked) | Outcome::Replayed(asked, _) | Outcome::Refused(asked, _)) =
            &book.outcome
        else {
            panic!("nothing was asked");
        };
        let request = self.words.request(asked, book);
        let answer = self.ledger_client().append_events(request).await;
        let answer = answer.map(tonic::Response::into_inner);
        match (&book.outcome, answer) {
            (Outcome::Recorded(asked), Ok(answer)) => {
                assert!(!answer.replayed, "a new request was taken for an old one");
                self.recorded(book, asked, answer);
            }
            (Outcome::Replayed(_, number), Ok(answer)) => {
                assert!(answer.replayed, "an old request was carried out again");
                assert_eq!(answer.receipt.as_ref(), Some(&self.receipts[*number]));
            }
            (Outcome::Refused(_, reasons), Err(status)) => refused(&status, reasons),
            (expected, answer) => panic!("{expected:?}, and not {answer:?}"),
        }
    }

    /// Takes down the receipt of the newest request, if it says what the book says.
    fn recorded(&mut self, book: &Book, asked: &Asked, answer: v1::AppendEventsResponse) {
        let receipt = answer.receipt.unwrap();
        let after = book.size() - asked.added();
        let first = after - asked.events.len();
        assert_eq!(receipt.request_id, id("request", asked.id, 0));
        assert_eq!(receipt.ledger, self.words.ledger);
        assert_eq!(receipt.generation, 1);
        assert_eq!(receipt.first_position, first as u64);
        assert_eq!(receipt.size, after as u64);
        assert_eq!(receipt.events.len(), asked.events.len());
        for (index, event) in receipt.events.iter().enumerate() {
            let fact = book.facts[first + index];
            assert_eq!(event.event_id, event_id(asked.events[index].0));
            assert_eq!(event.position, (first + index) as u64);
            assert_eq!(event.revision, fact.revision);
            self.is_stream(event.stream.as_ref(), fact.what.stream());
            self.note(event.clone());
        }
        self.receipts.push(receipt);
        assert_eq!(answer.derived.len(), asked.added());
        for (event, position) in answer.derived.into_iter().zip(after..) {
            let fact = book.facts[position];
            assert_eq!(event.position, position as u64);
            assert_eq!(event.revision, fact.revision);
            self.is_stream(event.stream.as_ref(), fact.what.stream());
            self.note(event);
        }
    }

    /// One event more.
    fn note(&mut self, event: v1::RecordedEvent) {
        if let Some(before) = self.recorded.last() {
            assert!(at(before) < at(&event), "times have to increase");
        }
        self.frontier.push(hash(&event.leaf_hash));
        self.roots.push(self.frontier.root());
        self.recorded.push(event);
    }

    fn is_stream(&self, told: Option<&v1::StreamRef>, stream: Stream) {
        let told = told.unwrap();
        let (kind, id) = match stream {
            Stream::Ledger => (v1::StreamKind::Ledger, Some(&self.words.ledger)),
            Stream::Unit(_) => (v1::StreamKind::Org, None),
            Stream::Plan => (v1::StreamKind::Plan, None),
            Stream::Goal(goal) => (v1::StreamKind::Goal, Some(&self.words.plan.goals[goal])),
        };
        assert_eq!(told.kind(), kind);
        assert!(id.is_none_or(|id| *id == told.id), "{told:?}");
    }

    /// Every goal stands where the book says, at the size and root that the receipts come to.
    async fn check(&self, book: &Book) {
        let size = book.size();
        let told = (0..GOALS).map(|goal| async move {
            let told = self.goal(goal, None).await.unwrap();
            let expected = book.goal(goal, size, Ask::LAST_DAY);
            assert_eq!(Some(self.stand(&told)), expected.map(shown));
            let answered = told.answered_at.unwrap();
            assert_eq!(answered.known_at, size as u64);
            let head = answered.head.unwrap();
            assert_eq!((head.generation, head.size), (1, size as u64));
            assert_eq!(hash(&head.root), self.frontier.root());
        });
        futures::future::join_all(told).await;
    }

    async fn goal(
        &self,
        goal: usize,
        as_of: Option<v1::AsOf>,
    ) -> Result<v1::GetGoalResponse, Status> {
        let asked = v1::GetGoalRequest {
            ledger: self.words.ledger.clone(),
            goal: self.words.plan.goals[goal].clone(),
            as_of,
            ..v1::GetGoalRequest::default()
        };
        let mut client = GoalServiceClient::with_interceptor(self.channel.clone(), As("reader"));
        client
            .get_goal(asked)
            .await
            .map(tonic::Response::into_inner)
    }

    /// An answer in the book's words.
    fn stand(&self, told: &v1::GetGoalResponse) -> GoalStand {
        let goal = told.goal.as_ref().unwrap();
        let standing = goal.standing.clone().unwrap();
        let since = || day_of(standing.since.as_ref().unwrap());
        let phase = match standing.phase() {
            v1::Phase::Active => Phase::Active,
            v1::Phase::Suspended => Phase::Suspended(since()),
            v1::Phase::Cancelled => Phase::Cancelled(since()),
            other => panic!("{other:?}"),
        };
        let indicators = goal.initiatives.iter().flat_map(|i| &i.indicators);
        GoalStand {
            revision: goal.revision,
            phase,
            reported: goal.reported_count as usize,
            told: goal
                .narratives
                .iter()
                .map(|told| told.text.parse().unwrap())
                .collect(),
            indicators: indicators
                .map(|indicator| self.indicator(indicator))
                .collect(),
        }
    }

    fn indicator(&self, told: &v1::Indicator) -> Stand {
        let sum = match told.actual.as_ref().and_then(|actual| actual.kind.as_ref()) {
            Some(v1::actual::Kind::NoReport(_)) => None,
            Some(v1::actual::Kind::Number(number)) => Some(number.value.parse().unwrap()),
            other => panic!("{other:?}"),
        };
        let newest = told.last_entry.as_ref().map(|entry| {
            let position = usize::try_from(entry.position).unwrap();
            assert_eq!(entry.event_id, self.recorded[position].event_id);
            assert_eq!(entry.recorded_at, self.recorded[position].recorded_at);
            assert_eq!(entry.counts, entry.superseded.is_none());
            let superseded = entry.superseded.as_ref().map(|by| {
                let position = usize::try_from(by.position).unwrap();
                assert_eq!(by.by, self.recorded[position].event_id);
                (position, by.retracted)
            });
            Newest {
                position,
                walks: increment(entry.measurement.as_ref()),
                day: day_of(&entry.valid_from),
                superseded,
            }
        });
        Stand {
            sum,
            entries: told.entries as usize,
            newest,
        }
    }

    async fn look_back(
        &self,
        book: &Book,
        goal: usize,
        size: usize,
        by_time: bool,
        day: Option<u8>,
    ) {
        use v1::as_of::KnownAt;
        let known_at = match size.checked_sub(1).filter(|_| by_time) {
            Some(last) => KnownAt::Time(self.recorded[last].recorded_at.unwrap()),
            None => KnownAt::Size(size as u64),
        };
        let as_of = v1::AsOf {
            known_at: Some(known_at),
            effective_on: day.map(date),
        };
        let told = self.goal(goal, Some(as_of)).await;
        match book.goal(goal, size, day.unwrap_or(Ask::LAST_DAY)) {
            Some(expected) => {
                let told = told.unwrap();
                assert_eq!(self.stand(&told), shown(expected));
                assert_eq!(told.answered_at.unwrap().known_at, size as u64);
            }
            None => refused(&told.unwrap_err(), &["GOAL_UNKNOWN"]),
        }
    }

    async fn read(&self, from: usize, to: usize, format: v1::EventFormat) -> Vec<v1::EventBatch> {
        let asked = v1::ReadEventsRequest {
            ledger: self.words.ledger.clone(),
            from_position: from as u64,
            until_position: Some(to as u64),
            format: format.into(),
            ..v1::ReadEventsRequest::default()
        };
        let mut messages = self
            .ledger_client()
            .read_events(asked)
            .await
            .unwrap()
            .into_inner();
        let (mut batches, mut next) = (Vec::new(), from as u64);
        while let Some(message) = messages.message().await.unwrap() {
            let batch = message.batch.expect("the range is not empty");
            assert_eq!(batch.first_position, next);
            next = message.next_position;
            batches.push(batch);
        }
        assert_eq!(next, to as u64);
        batches
    }

    /// Events are what was sent, in the place that the receipt says.
    async fn read_events(&self, book: &Book, from: usize, to: usize) {
        let batches = self.read(from, to, v1::EventFormat::Events).await;
        let events = batches.into_iter().flat_map(|batch| match batch.content {
            Some(Content::Events(events)) => events.events,
            other => panic!("asked for events, and not {other:?}"),
        });
        let events: Vec<v1::Event> = events.collect();
        assert_eq!(events.len(), to - from);
        for (event, position) in events.into_iter().zip(from..) {
            let (fact, noted) = (book.facts[position], &self.recorded[position]);
            assert_eq!(event.position, position as u64);
            assert_eq!(event.revision, fact.revision);
            assert_eq!(event.stream, noted.stream);
            assert_eq!(event.recorded_at, noted.recorded_at);
            assert_eq!(event.leaf_hash, noted.leaf_hash);
            let by = match fact.what {
                What::Frozen | What::HeadsKept => "daicho",
                _ => "tester",
            };
            assert_eq!(event.actor.unwrap().subject, by);
            if let Some(asked) = book.requests.get(fact.request) {
                assert_eq!(event.request_id, id("request", asked.id, 0));
                assert_eq!(event.request_index as usize, fact.index);
                assert_eq!(event.request_count as usize, asked.events.len());
                let sent = self.words.event(asked.events[fact.index], book);
                // What sets the plan is told with ids in place of codes.
                if fact.request > 0 {
                    assert_eq!(as_sent(event.fact.unwrap()), sent);
                }
            }
        }
    }

    /// Leaves hash to what the receipts say.
    async fn read_leaves(&self, from: usize, to: usize) {
        let mut position = from;
        for batch in self.read(from, to, v1::EventFormat::Leaves).await {
            let Some(Content::Leaves(mut leaves)) = batch.content else {
                panic!("asked for leaves");
            };
            while !leaves.is_empty() {
                let length = prost::decode_length_delimiter(&mut leaves).unwrap();
                let leaf = leaves.split_to(length);
                let noted = &self.recorded[position];
                assert_eq!(leaf_hash(&leaf).as_bytes()[..], noted.leaf_hash[..]);
                position += 1;
            }
        }
        assert_eq!(position, to);
    }

    async fn prove(&self, position: u64, sizes: [u64; 2]) {
        let [old, new] = sizes.map(|size| TreeHead {
            size,
            root: self.roots[usize::try_from(size).unwrap()],
        });
        let asked = v1::GetInclusionProofRequest {
            ledger: self.words.ledger.clone(),
            selector: Some(v1::get_inclusion_proof_request::Selector::Position(
                position,
            )),
            size: Some(old.size),
            ..v1::GetInclusionProofRequest::default()
        };
        let proof = self
            .proof_client()
            .get_inclusion_proof(asked)
            .await
            .unwrap()
            .into_inner();
        let noted = &self.recorded[usize::try_from(position).unwrap()];
        assert_eq!(proof.position, position);
        assert_eq!(leaf_hash(&proof.leaf), hash(&noted.leaf_hash));
        assert_eq!(hash(&proof.checkpoint.unwrap().root), old.root);
        let hashes: Vec<Hash> = proof.hashes.iter().map(|each| hash(each)).collect();
        verify_inclusion(&old, position, &hash(&noted.leaf_hash), &hashes).unwrap();

        let asked = v1::GetConsistencyProofRequest {
            ledger: self.words.ledger.clone(),
            old_size: old.size,
            new_size: Some(new.size),
            ..v1::GetConsistencyProofRequest::default()
        };
        let proof = self
            .proof_client()
            .get_consistency_proof(asked)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(hash(&proof.new_checkpoint.unwrap().root), new.root);
        let hashes: Vec<Hash> = proof.hashes.iter().map(|each| hash(each)).collect();
        verify_consistency(&old, &new, &hashes).unwrap();
    }

    /// Serves again what nobody was in the middle of, and reads it from the first event to the last.
    async fn serve_again(&mut self, book: &Book) {
        self.process = Process::serve(self.folder.path());
        self.channel = self.process.connect();
        self.read_events(book, 0, book.size()).await;
        self.read_leaves(0, book.size()).await;
    }

    /// Sends the newest request, and kills the server when the call has gone so far.
    async fn kill_during(&mut self, book: &Book, far: u8) {
        let (Outcome::Recorded(asked) | Outcome::Refused(asked, _)) = &book.outcome else {
            panic!("nothing was asked");
        };
        let request = self.words.request(asked, book);
        let mut client = self.ledger_client();
        let mut call = std::pin::pin!(client.append_events(request));
        let mut turns = 0;
        poll_fn(|context| {
            turns += 1;
            let answered = call.as_mut().poll(context).is_ready();
            if answered || u16::from(far) * 4 < turns {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.process.kill();
    }

    /// Serves again; what was under way is sent once more, and is there once in either case.
    async fn serve_again_after_a_loss(&mut self, book: &Book) {
        self.process = Process::serve(self.folder.path());
        self.channel = self.process.connect();
        match &book.outcome {
            Outcome::Recorded(asked) => {
                let request = self.words.request(asked, book);
                let answer = self.ledger_client().append_events(request).await.unwrap();
                self.recorded(book, asked, answer.into_inner());
            }
            _ => self.meet(book).await,
        }
        self.read_events(book, 0, book.size()).await;
        self.read_leaves(0, book.size()).await;
    }
}

/// Of what was told only the newest is shown.
fn shown(mut stand: GoalStand) -> GoalStand {
    let older = stand.told.len().saturating_sub(NARRATIVES_MAX);
    stand.told.drain(..older);
    stand
}

fn refused(status: &Status, reasons: &[&str]) {
    let told = status.get_details_error_info();
    let told = told
        .unwrap_or_else(|| panic!("{reasons:?}, and not {status:?}"))
        .reason;
    assert!(
        reasons.contains(&told.as_str()),
        "{reasons:?}, and not {told}"
    );
    let code = match told.as_str() {
        "IDEMPOTENCY_CONFLICT" => tonic::Code::AlreadyExists,
        "STREAM_VERSION_CONFLICT" => tonic::Code::Aborted,
        "GOAL_UNKNOWN" => tonic::Code::NotFound,
        _ => tonic::Code::FailedPrecondition,
    };
    assert_eq!(status.code(), code);
}

fn hash(bytes: &[u8]) -> Hash {
    Hash::try_from(bytes).unwrap()
}

fn at(event: &v1::RecordedEvent) -> (i64, i32) {
    let at = event.recorded_at.unwrap();
    (at.seconds, at.nanos)
}
