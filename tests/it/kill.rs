//! Kills the server under load, again and again, and holds it to every receipt it gave.
//!
//! `DAICHO_KILL_ROUNDS` says how often (50), `DAICHO_KILL_SEED` repeats the moments and amounts of an earlier run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::event_batch::Content;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::{
    AddCosignatureRequest, AppendEventsRequest, EventFormat, EventInput, GetCheckpointRequest,
    GetGoalRequest, GetLedgerRequest, GetReceiptRequest, ListCheckpointsRequest,
    ListIntegrityEventsRequest, NarrativeAdded, NarrativeKind, OpenLedgerRequest,
    ReadEventsRequest, Receipt, SignedCheckpoint, Subject, Title, actual, subject,
};
use daicho::merkle::{
    self, Frontier, Hash, KeyName, SignatureType, Signer as _, SigningKey, leaf_hash,
};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::process::Process;
use daicho::load::SmallPlan;

pub(crate) mod clock;
mod disk;
mod image;
mod points;
mod power;
mod refusals;
mod submitting;
mod sweep;

const WRITERS: usize = 16;
/// Of these so many do not wait for answers.
const SUBMITTERS: usize = 4;
/// Acknowledgements in a round are at most so many.
const ACKS_MAX: usize = 200;
/// Of earlier rounds so many requests are sent again in each round; of the last round all.
const OLD_RETRIES: usize = 32;
const GOALS: usize = 4;
const INDICATORS_EACH: usize = 4;

/// A request and what was answered.
#[derive(Clone, Debug)]
struct Acknowledged {
    request: AppendEventsRequest,
    receipt: Receipt,
}

/// Everything the clients know.
#[derive(Debug, Default)]
struct Book {
    acknowledged: Vec<Acknowledged>,
    /// The first of the last round.
    newest: usize,
    /// Sent, and never answered, since the ledger was last compared: the server was killed.
    in_flight: Vec<AppendEventsRequest>,
    found_in_flight: usize,
    /// Checkpoints that somebody has seen.
    signed: Vec<SignedCheckpoint>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_alters_or_moves_what_was_acknowledged() {
    let rounds = asked("DAICHO_KILL_ROUNDS").unwrap_or(50);
    let mut rng = seeded(&format!("DAICHO_KILL_ROUNDS={rounds}"));
    let folder = tempfile::tempdir().unwrap();

    let mut book = Book::default();
    let (ledger, plan) = set_up(folder.path(), &mut rng, &mut book).await;
    for _ in 0..rounds {
        let mut server = serve(folder.path());
        check(&server.connect(), &ledger, &mut book, &mut rng).await;
        // A fourth of the kills comes with the first answers, while the copies are as young as they get.
        let most = if rng.random_ratio(1, 4) { 4 } else { ACKS_MAX };
        let acks = rng.random_range(1..=most);
        load(&mut server, &ledger, &plan, &mut book, acks, &mut rng).await;
    }

    let server = serve(folder.path());
    check(&server.connect(), &ledger, &mut book, &mut rng).await;
    check_totals(&server.connect(), &ledger, &plan, &book).await;
    let repairs = repairs(&server.connect()).await;
    println!(
        "{rounds} kills, {} requests with {} events acknowledged, 0 lost; {} of the unanswered were stored; {} checkpoints seen, 0 lost; repairs: {repairs:?}",
        book.acknowledged.len(),
        book.acknowledged
            .iter()
            .map(|a| a.receipt.events.len())
            .sum::<usize>(),
        book.found_in_flight,
        book.signed.len(),
    );
    assert!(book.signed.len() as u64 > rounds, "nothing was signed");
    let cosigned = book.signed.iter().filter(|seen| 1 < signatures(seen));
    // A kill that comes with the first answers comes before most cosignatures.
    assert!(cosigned.count() as u64 > rounds / 4, "nothing was cosigned");
    assert!(book.acknowledged.len() as u64 > rounds, "there was no load");
}

/// What a variable asks for.
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

/// Chance, which `DAICHO_KILL_SEED` repeats; says how, beside what else was asked for.
fn seeded(beside: &str) -> SmallRng {
    let seed = asked("DAICHO_KILL_SEED").unwrap_or_else(rand::random);
    println!("DAICHO_KILL_SEED={seed} {beside}");
    SmallRng::seed_from_u64(seed)
}

/// The keys of those who cosign.
fn witnesses() -> String {
    [1, 2]
        .map(|number| witness(number).key().to_string())
        .join(" ")
}

/// The key of a witness.
fn witness(number: u8) -> SigningKey {
    let name = KeyName::parse("witness.example").unwrap();
    SigningKey::from_seed(name, SignatureType::CosignatureV1, &[number; 32])
}

/// What a witness signs of a checkpoint.
fn cosigned(number: u8, shown: &SignedCheckpoint) -> String {
    let text = merkle::SignedCheckpoint::parse(shown.note.as_bytes()).unwrap();
    let signature = merkle::sign(&witness(number), text.note().text(), 1_700_000_000);
    signature.unwrap().to_string()
}

fn serve(folder: &Path) -> Process {
    Process::serve_with_witnesses(folder, &witnesses())
}

fn signatures(seen: &SignedCheckpoint) -> usize {
    let signed = merkle::SignedCheckpoint::parse(seen.note.as_bytes()).unwrap();
    signed.note().signatures().len()
}

/// Opens a ledger and sets a plan in it, then kills the server for the first time.
async fn set_up(folder: &Path, rng: &mut SmallRng, book: &mut Book) -> (String, Arc<SmallPlan>) {
    let mut server = Process::serve(folder);
    let planned = plan(&server.connect(), rng, book).await;
    server.kill();
    planned
}

/// Opens a ledger and sets a plan in it.
async fn plan(channel: &Channel, rng: &mut SmallRng, book: &mut Book) -> (String, Arc<SmallPlan>) {
    let opening = opening(rng);
    let opened = AdminServiceClient::new(channel.clone())
        .open_ledger(by_tester(opening))
        .await
        .unwrap();
    let ledger = opened.into_inner().ledger.unwrap().id;
    let mut client = LedgerServiceClient::new(channel.clone());
    let asked = GetLedgerRequest {
        ledger: ledger.clone(),
        min_position: None,
        as_of: None,
    };
    let today = client
        .get_ledger(by_tester(asked))
        .await
        .unwrap()
        .into_inner()
        .today;
    let (plan, events) = SmallPlan::new(today.parse().unwrap(), GOALS, INDICATORS_EACH, || id(rng));
    let request = request(&ledger, events, rng);
    let answer = client
        .append_events(by_tester(request.clone()))
        .await
        .unwrap()
        .into_inner();
    book.acknowledged.push(Acknowledged {
        request,
        receipt: answer.receipt.unwrap(),
    });
    (ledger, Arc::new(plan))
}

/// Writes from all sides until `acks` requests are acknowledged, kills the server, and notes what was answered.
async fn load(
    server: &mut Process,
    ledger: &str,
    plan: &Arc<SmallPlan>,
    book: &mut Book,
    acks: usize,
    rng: &mut SmallRng,
) {
    book.newest = book.acknowledged.len();
    let (acknowledge, mut acknowledged) = mpsc::channel(WRITERS);
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let rng = SmallRng::from_rng(rng);
        writers.spawn(write(
            server.connect(),
            ledger.to_owned(),
            plan.clone(),
            number,
            rng,
            acknowledge.clone(),
        ));
    }
    drop(acknowledge);
    let signed = tokio::spawn(see_signed(server.connect(), ledger.to_owned()));
    while let Some(answered) = acknowledged.recv().await {
        book.acknowledged.push(answered);
        if book.acknowledged.len() - book.newest == acks {
            server.kill();
        }
    }
    book.in_flight
        .extend(writers.join_all().await.into_iter().flatten());
    book.signed.extend(signed.await.unwrap());
    assert!(
        book.acknowledged.len() - book.newest >= acks,
        "the writers stopped before the kill"
    );
}

/// One writer: the next request as soon as the last is answered, or as soon as it can be sent. Returns those that were not answered.
async fn write(
    channel: Channel,
    ledger: String,
    plan: Arc<SmallPlan>,
    number: usize,
    mut rng: SmallRng,
    acknowledge: mpsc::Sender<Acknowledged>,
) -> Vec<AppendEventsRequest> {
    let mut client = LedgerServiceClient::new(channel);
    let indicator = plan.indicators[number % plan.indicators.len()].clone();
    let mut next = move || {
        let count = if rng.random_ratio(1, 8) {
            rng.random_range(2..=20)
        } else {
            1
        };
        let events = (0..count)
            .map(|_| event(&plan, &indicator, &mut rng))
            .collect();
        request(&ledger, events, &mut rng)
    };
    if number < SUBMITTERS {
        return submitting::write(client, next, acknowledge).await;
    }
    loop {
        let request = next();
        match client.append_events(by_tester(request.clone())).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                assert!(!answer.replayed, "a new request was taken for an old one");
                let receipt = answer.receipt.unwrap();
                // Nobody listens any more only if the test failed.
                let _ = acknowledge.send(Acknowledged { request, receipt }).await;
            }
            Err(status) => {
                assert_eq!(reason(&status), None, "refused: {status:?}");
                return vec![request];
            }
        }
    }
}

/// Asks for the checkpoint of the head, and lets two witnesses cosign it, again and again until the server is
/// killed. Returns what was seen.
async fn see_signed(channel: Channel, ledger: String) -> Vec<SignedCheckpoint> {
    let mut client = ProofServiceClient::new(channel);
    let mut seen = Vec::new();
    loop {
        let asked = GetCheckpointRequest {
            ledger: ledger.clone(),
            ..GetCheckpointRequest::default()
        };
        match client.get_checkpoint(by_tester(asked)).await {
            Ok(answer) => seen.extend(answer.into_inner().checkpoint),
            Err(status) => {
                assert_eq!(reason(&status), None, "refused: {status:?}");
                return seen;
            }
        }
        // One now; the other one for what lies behind the head meanwhile.
        let earlier = seen.len() / 2;
        for (number, index) in [(1, seen.len() - 1), (2, earlier)] {
            let shown = seen[index].clone();
            let signature = cosigned(number, &shown);
            let asked = AddCosignatureRequest {
                ledger: ledger.clone(),
                size: shown.size,
                signatures: vec![signature],
            };
            match client.add_cosignature(by_tester(asked)).await {
                Ok(answer) => seen.extend(answer.into_inner().checkpoint),
                Err(status) => {
                    assert_eq!(reason(&status), None, "refused: {status:?}");
                    return seen;
                }
            }
        }
    }
}

/// Compares every checkpoint that was seen, and every one that is kept, with what is stored.
async fn check_signed(channel: &Channel, ledger: &str, book: &Book, hashes: &[Hash]) {
    let mut client = ProofServiceClient::new(channel.clone());
    let mut kept = HashMap::new();
    let mut page_token = String::new();
    loop {
        let asked = ListCheckpointsRequest {
            ledger: ledger.to_owned(),
            page_size: 500,
            page_token,
            ..ListCheckpointsRequest::default()
        };
        let page = client.list_checkpoints(by_tester(asked)).await.unwrap();
        let page = page.into_inner();
        kept.extend(page.checkpoints.into_iter().map(|kept| (kept.size, kept)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut frontier = Frontier::default();
    let mut right = 0;
    for hash in hashes {
        frontier.push(*hash);
        if let Some(kept) = kept.get(&frontier.size()) {
            assert_eq!(
                kept.root,
                frontier.root().as_bytes(),
                "a signed root is gone"
            );
            right += 1;
        }
    }
    assert_eq!(right, kept.len(), "a signed size is gone");
    for seen in &book.signed {
        let kept = &kept[&seen.size];
        // Cosignatures that came later stand behind those that were seen.
        assert!(kept.note.starts_with(&seen.note), "a signature is lost");
        assert_eq!(kept.root, seen.root);
    }
}

/// Compares the reopened ledger with every receipt, event by event, and sends requests again.
async fn check(channel: &Channel, ledger: &str, book: &mut Book, rng: &mut SmallRng) {
    let mut client = LedgerServiceClient::new(channel.clone());
    for request in std::mem::take(&mut book.in_flight) {
        let asked = GetReceiptRequest {
            ledger: ledger.to_owned(),
            request_id: request.request_id.clone(),
            receipt_mode: 0,
        };
        match client.get_receipt(by_tester(asked)).await {
            Ok(answer) => {
                let receipt = answer.into_inner().receipt.unwrap();
                assert_eq!(receipt.events.len(), request.events.len(), "stored in part");
                book.acknowledged.push(Acknowledged { request, receipt });
                book.found_in_flight += 1;
            }
            Err(status) => {
                assert_eq!(
                    reason(&status).as_deref(),
                    Some("REQUEST_UNKNOWN"),
                    "{status:?}"
                );
            }
        }
    }

    let hashes = read_all(&mut client, ledger).await.unwrap();
    check_signed(channel, ledger, book, &hashes).await;
    let mut claimed: HashMap<u64, &str> = HashMap::from([(0, "the opening of the ledger")]);
    for Acknowledged { request, receipt } in &book.acknowledged {
        for (index, (event, recorded)) in request.events.iter().zip(&receipt.events).enumerate() {
            let position = receipt.first_position + index as u64;
            assert_eq!(
                (recorded.position, &recorded.event_id),
                (position, &event.event_id)
            );
            let stored = hashes.get(usize::try_from(position).unwrap());
            let stored =
                stored.unwrap_or_else(|| panic!("acknowledged event at {position} is lost"));
            assert_eq!(
                stored.as_bytes()[..],
                recorded.leaf_hash[..],
                "event at {position} was altered"
            );
            let other = claimed.insert(position, &recorded.event_id);
            assert_eq!(other, None, "position {position} was given twice");
        }
    }
    // Every position has its event and every event was asked for: no gap, nothing that nobody sent.
    assert_eq!(hashes.len(), claimed.len());

    let newest = book.newest..book.acknowledged.len();
    let old = (0..OLD_RETRIES).map(|_| rng.random_range(0..book.acknowledged.len()));
    for index in newest.chain(old) {
        let Acknowledged { request, receipt } = &book.acknowledged[index];
        let again = client
            .append_events(by_tester(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert!(
            again.replayed,
            "an acknowledged request was carried out again"
        );
        assert_eq!(
            again.receipt.as_ref(),
            Some(receipt),
            "a retry got another receipt"
        );
    }
}

/// The hashes of all stored leaves, checked against the head.
async fn read_all(
    client: &mut LedgerServiceClient<Channel>,
    ledger: &str,
) -> Result<Vec<Hash>, Status> {
    let everything = ReadEventsRequest {
        ledger: ledger.to_owned(),
        format: EventFormat::Leaves.into(),
        ..ReadEventsRequest::default()
    };
    let mut messages = client
        .read_events(by_tester(everything))
        .await?
        .into_inner();
    let (mut hashes, mut frontier, mut head) = (Vec::new(), Frontier::default(), None);
    while let Some(message) = messages.message().await? {
        let batch = message.batch.expect("the ledger is not empty");
        assert_eq!(batch.first_position, hashes.len() as u64);
        let Some(Content::Leaves(mut leaves)) = batch.content else {
            panic!("asked for leaves")
        };
        while !leaves.is_empty() {
            let length = prost::decode_length_delimiter(&leaves[..]).unwrap();
            let start = prost::length_delimiter_len(length);
            let hash = leaf_hash(&leaves[start..start + length]);
            frontier.push(hash);
            hashes.push(hash);
            leaves = leaves.slice(start + length..);
        }
        assert_eq!(message.next_position, hashes.len() as u64);
        head = message.head;
    }
    let head = head.expect("the ledger is not empty");
    assert_eq!(head.size, hashes.len() as u64);
    assert_eq!(head.root, frontier.root().as_bytes());
    Ok(hashes)
}

/// What goals stand at is what was reported: the answers came back with the events.
async fn check_totals(channel: &Channel, ledger: &str, plan: &SmallPlan, book: &Book) {
    let mut reported: HashMap<&str, u64> = HashMap::new();
    for event in book.acknowledged.iter().flat_map(|a| &a.request.events) {
        if let Some(Payload::ActualRecorded(fact)) = &event.payload {
            let Some(daicho::api::v1::measurement::Kind::Increment(walks)) =
                fact.measurement.as_ref().and_then(|m| m.kind.as_ref())
            else {
                panic!("only increments were reported")
            };
            *reported.entry(&fact.indicator).or_default() += walks.parse::<u64>().unwrap();
        }
    }
    let mut client = GoalServiceClient::new(channel.clone());
    let mut told = HashMap::new();
    for goal in &plan.goals {
        let asked = GetGoalRequest {
            ledger: ledger.to_owned(),
            min_position: None,
            goal: goal.clone(),
            as_of: None,
            entry_forms: false,
        };
        let goal = client
            .get_goal(by_tester(asked))
            .await
            .unwrap()
            .into_inner()
            .goal
            .unwrap();
        for indicator in goal.initiatives.into_iter().flat_map(|i| i.indicators) {
            if let Some(actual::Kind::Number(number)) = indicator.actual.and_then(|a| a.kind) {
                told.insert(indicator.id, number.value.parse::<u64>().unwrap());
            }
        }
    }
    let reported: HashMap<String, u64> = reported
        .into_iter()
        .map(|(id, sum)| (id.to_owned(), sum))
        .collect();
    assert_eq!(told, reported);
}

/// How often each kind of repair was made.
async fn repairs(channel: &Channel) -> HashMap<String, usize> {
    let mut client = AdminServiceClient::new(channel.clone());
    let mut kinds = HashMap::new();
    let mut page_token = String::new();
    loop {
        let asked = ListIntegrityEventsRequest {
            page_size: 0,
            page_token,
        };
        let page = client
            .list_integrity_events(by_tester(asked))
            .await
            .unwrap()
            .into_inner();
        for event in page.events {
            *kinds
                .entry(event.kind().as_str_name().to_owned())
                .or_default() += 1;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return kinds;
        }
    }
}

fn event(plan: &SmallPlan, indicator: &str, rng: &mut SmallRng) -> EventInput {
    if rng.random_ratio(9, 10) {
        return plan.report(id(rng), indicator, rng.random_range(1..=9));
    }
    let kind = Some(subject::Kind::Indicator(indicator.to_owned()));
    EventInput {
        event_id: id(rng),
        valid_from: Some(plan.first_day.clone()),
        payload: Some(Payload::NarrativeAdded(NarrativeAdded {
            subject: Some(Subject { kind }),
            kind: NarrativeKind::Note.into(),
            text: "歩".repeat(rng.random_range(1..=3_000)),
        })),
        ..EventInput::default()
    }
}

fn opening(rng: &mut SmallRng) -> OpenLedgerRequest {
    OpenLedgerRequest {
        request_id: id(rng),
        code: "kill".to_owned(),
        title: Some(Title {
            ja: "試験市".to_owned(),
            en: None,
        }),
        origin: "daicho.example/kill".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        locale: "ja-JP".to_owned(),
    }
}

fn request(ledger: &str, events: Vec<EventInput>, rng: &mut SmallRng) -> AppendEventsRequest {
    AppendEventsRequest {
        ledger: ledger.to_owned(),
        request_id: id(rng),
        events,
        ..AppendEventsRequest::default()
    }
}

fn by_tester<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("daicho-actor", "tester".parse().unwrap());
    request
}

/// Why the server refused; nothing where it never answered.
fn reason(status: &Status) -> Option<String> {
    assert_ne!(status.code(), Code::Ok);
    status.get_details_error_info().map(|info| info.reason)
}

fn id(rng: &mut SmallRng) -> String {
    uuid::Builder::from_random_bytes(rng.random())
        .into_uuid()
        .to_string()
}
