//! Damages one place of a data folder, in many ways and places, and starts a server on it: it refuses to start, or answers as before, or
//! says that it cannot answer. What must never happen is another answer.
//!
//! Of what was acknowledged in the last second before a kill there is one copy. If the very end of the journal is lost with it, that looks
//! like what was never written; so the killed folder's journal is damaged where sled has it too.
//!
//! `DAICHO_SWEEP_POINTS` says how many places (200), `DAICHO_KILL_SEED` repeats them.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::evaluation_service_client::EvaluationServiceClient;
use daicho::api::v1::{
    AsOf, EvaluatePlanRequest, GetEventRequest, GetInclusionProofRequest, GetSeriesRequest,
    ListChangesRequest, ListGoalsRequest, as_of, get_event_request, get_inclusion_proof_request,
};
use daicho::config::{Config, Flags};
use daicho::server::Opened;

use super::*;
use crate::cli::bundles::copy_folder;
use crate::service::Server;

/// Requests before the folder is left.
const REQUESTS: usize = 60;

/// Bytes that are zeroed at a time.
const ZEROS: usize = 4096;

/// How a place is damaged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Damage {
    Flipped,
    /// 4 KiB of zeros.
    Zeroed,
    /// Cut off there.
    Cut,
    /// The whole file is gone.
    Gone,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Found {
    /// The server does not start, and says why.
    Refused,
    /// It answers as before and says what it repaired.
    Healed,
    /// Some answers are refused, the others are as before.
    Detected,
    /// It answers as before: what was damaged says nothing, or is made anew.
    Unchanged,
}

/// Answers by what was asked, or the code of the refusal.
type Answers = BTreeMap<String, Result<String, Code>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damage_to_a_folder_changes_an_answer() {
    let points = asked("DAICHO_SWEEP_POINTS").unwrap_or(200);
    let mut rng = seeded(&format!("DAICHO_SWEEP_POINTS={points}"));
    let folder = tempfile::tempdir().unwrap();
    let (stopped, killed) = (folder.path().join("stopped"), folder.path().join("killed"));
    let mut book = Book::default();
    let mut server = Process::serve_with_witnesses(&killed, &witnesses());
    let (ledger, plan) = super::plan(&server.connect(), &mut rng, &mut book).await;
    fill(&server.connect(), &ledger, &plan, &mut book, &mut rng).await;
    // What it had a second to copy, and what it had not.
    assert_eq!(server.stop(), 0);
    let journal = killed.join("journal/0000000001.journal");
    let copied_bytes = fs::metadata(journal).unwrap().len();
    let mut server = Process::serve_with_witnesses(&killed, &witnesses());
    fill(&server.connect(), &ledger, &plan, &mut book, &mut rng).await;
    server.kill();
    copy_folder(&killed, &stopped);
    let mut server = Process::serve_with_witnesses(&stopped, &witnesses());
    assert_eq!(server.stop(), 0);

    let whole = |data: PathBuf| {
        let (ledger, plan, book) = (&ledger, &plan, &book);
        async move {
            let server = start(copied(&data)).await.unwrap();
            let channel = server.channel().await;
            let told = answers(&channel, ledger, plan, book).await;
            let repaired: usize = repairs(&channel).await.values().sum();
            server.stop().await;
            (told, repaired)
        }
    };
    let (before, repaired_stopped) = whole(stopped.clone()).await;
    let (before_killed, repaired_killed) = whole(killed.clone()).await;
    assert_eq!(before, before_killed);
    assert!(before.values().all(Result::is_ok), "{before:?}");

    let mut found: BTreeMap<Found, u64> = BTreeMap::new();
    for number in 0..points {
        let (data, journal_bytes, repaired) = match number % 2 {
            0 => (&stopped, u64::MAX, repaired_stopped),
            _ => (&killed, copied_bytes, repaired_killed),
        };
        let image = copied(data);
        let damaged = damage(&image.path().join("data"), journal_bytes, &mut rng);
        println!("{} folder, {damaged}", data.file_name().unwrap().display());
        let outcome = match start(image).await {
            Err(told) => {
                println!("  refused: {told}");
                Found::Refused
            }
            Ok(server) => {
                let channel = server.channel().await;
                let after = answers(&channel, &ledger, &plan, &book).await;
                let told = repaired < repairs(&channel).await.values().sum();
                server.stop().await;
                for (question, answer) in &after {
                    // That something is not there, or was never so, would be another answer.
                    let right = match answer {
                        Err(code) => matches!(code, Code::DataLoss | Code::Unavailable),
                        told => told == &before[question],
                    };
                    assert!(right, "{damaged}: {question} is answered with {answer:?}");
                }
                match after.values().all(Result::is_ok) {
                    false => Found::Detected,
                    true if told => Found::Healed,
                    true => Found::Unchanged,
                }
            }
        };
        *found.entry(outcome).or_default() += 1;
    }
    println!("{points} damaged places: {found:?}, 0 answered wrongly");
    assert!(found.contains_key(&Found::Healed), "nothing was damaged");
}

/// A copy of a folder, as the folder of a server.
fn copied(data: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    copy_folder(data, &image.path().join("data"));
    image
}

/// Serves it, or tells why not.
async fn start(image: tempfile::TempDir) -> Result<Server, String> {
    let flags = Flags {
        witnesses: Some(witnesses()),
        ..Flags::default()
    };
    let first = Flags {
        data: Some(image.path().join("data").to_str().unwrap().to_owned()),
        listen: Some("127.0.0.1:0".to_owned()),
        ..flags.clone()
    };
    let config = Config::from_sources(&first, |_| None).unwrap();
    match Opened::open(&config).await {
        Err(fault) => return Err(format!("{fault}: {:?}", fault.source())),
        Ok(opened) => opened.close().await.unwrap(),
    }
    Ok(Server::with(image, flags).await)
}

async fn fill(
    channel: &Channel,
    ledger: &str,
    plan: &SmallPlan,
    book: &mut Book,
    rng: &mut SmallRng,
) {
    let mut client = LedgerServiceClient::new(channel.clone());
    let mut proofs = ProofServiceClient::new(channel.clone());
    for number in 0..REQUESTS {
        let indicator = &plan.indicators[number % plan.indicators.len()];
        let request = request(ledger, vec![event(plan, indicator, rng)], rng);
        let answer = client.append_events(by_tester(request.clone())).await;
        let receipt = answer.unwrap().into_inner().receipt.unwrap();
        book.acknowledged.push(Acknowledged { request, receipt });
        if number % 10 == 0 {
            let asked = GetCheckpointRequest {
                ledger: ledger.to_owned(),
                ..GetCheckpointRequest::default()
            };
            proofs.get_checkpoint(by_tester(asked)).await.unwrap();
        }
    }
}

/// Damages one place, of the journal one of its first bytes. Tells which and how.
fn damage(data: &Path, journal_bytes: u64, rng: &mut SmallRng) -> String {
    let mut files = Vec::new();
    files_in(data, &mut files);
    files.retain(|path| 0 < fs::metadata(path).unwrap().len());
    files.sort();
    let path = &files[rng.random_range(0..files.len())];
    let content = fs::read(path).unwrap();
    // Most of a large file is room: half of the places are among what is written.
    let written = content.len() - content.iter().rev().take_while(|byte| **byte == 0).count();
    let end = if rng.random() {
        written.max(1)
    } else {
        content.len()
    };
    let is_journal = path
        .parent()
        .is_some_and(|folder| folder.ends_with("journal"));
    let end = match usize::try_from(journal_bytes) {
        Ok(bytes) if is_journal => end.min(bytes - ZEROS),
        _ => end,
    };
    let at = rng.random_range(0..end);
    let how = [Damage::Flipped, Damage::Zeroed, Damage::Cut, Damage::Gone][rng.random_range(0..4)];
    let file = File::options().write(true).open(path).unwrap();
    match how {
        Damage::Flipped => {
            let flipped = content[at] ^ (1 << rng.random_range(0..8));
            file.write_all_at(&[flipped], at as u64).unwrap();
        }
        Damage::Zeroed => {
            let zeros = vec![0; (content.len() - at).min(ZEROS)];
            file.write_all_at(&zeros, at as u64).unwrap();
        }
        Damage::Cut => file.set_len(at as u64).unwrap(),
        Damage::Gone => fs::remove_file(path).unwrap(),
    }
    let name = path.strip_prefix(data).unwrap().display();
    format!("{name}, {how:?} at {at} of {}", content.len())
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_in(&path, files),
            false => files.push(path),
        }
    }
}

/// What is answered from each copy, from the index and from what is signed, all of one size.
async fn answers(channel: &Channel, ledger: &str, plan: &SmallPlan, book: &Book) -> Answers {
    let last = &book.acknowledged.last().unwrap().receipt;
    let size = last.first_position + last.events.len() as u64;
    let at = |size: u64| {
        Some(AsOf {
            known_at: Some(as_of::KnownAt::Size(size)),
            effective_on: None,
        })
    };
    let ledger = ledger.to_owned();
    let mut told = Answers::new();
    let mut tell = |question: String, answer: Result<String, Status>| {
        told.insert(question, answer.map_err(|status| status.code()));
    };
    macro_rules! ask {
        ($question:expr, $client:ident.$method:ident, $asked:expr, $part:ident) => {
            let answer = $client.$method(by_tester($asked)).await;
            let answer = answer.map(|answer| format!("{:?}", answer.into_inner().$part));
            tell($question, answer);
        };
    }
    let mut client = LedgerServiceClient::new(channel.clone());
    let leaves = read_all(&mut client, &ledger).await;
    tell("leaves".to_owned(), leaves.map(|all| format!("{all:?}")));
    for acknowledged in book.acknowledged.iter().step_by(7) {
        let asked = GetReceiptRequest {
            ledger: ledger.clone(),
            request_id: acknowledged.request.request_id.clone(),
            receipt_mode: 0,
        };
        let question = format!("receipt {}", asked.request_id);
        ask!(question, client.get_receipt, asked, receipt);
        let event_id = &acknowledged.receipt.events[0].event_id;
        let asked = GetEventRequest {
            ledger: ledger.clone(),
            selector: Some(get_event_request::Selector::EventId(event_id.clone())),
            ..GetEventRequest::default()
        };
        ask!(format!("event {event_id}"), client.get_event, asked, event);
    }
    let mut goals = GoalServiceClient::new(channel.clone());
    for size in [size, size / 2] {
        for goal in &plan.goals {
            let asked = GetGoalRequest {
                ledger: ledger.clone(),
                goal: goal.clone(),
                as_of: at(size),
                ..GetGoalRequest::default()
            };
            ask!(
                format!("goal {goal} at {size}"),
                goals.get_goal,
                asked,
                goal
            );
        }
        let asked = ListGoalsRequest {
            ledger: ledger.clone(),
            as_of: at(size),
            ..ListGoalsRequest::default()
        };
        ask!(format!("goals at {size}"), goals.list_goals, asked, goals);
    }
    for indicator in &plan.indicators {
        let asked = GetSeriesRequest {
            ledger: ledger.clone(),
            indicator: indicator.clone(),
            as_of: at(size),
            ..GetSeriesRequest::default()
        };
        ask!(
            format!("series {indicator}"),
            goals.get_series,
            asked,
            entries
        );
    }
    let mut audit = AuditServiceClient::new(channel.clone());
    for actor in [None, Some("tester".to_owned())] {
        let question = format!("changes by {actor:?}");
        let asked = ListChangesRequest {
            ledger: ledger.clone(),
            actor,
            as_of: at(size),
            page_size: 500,
            ..ListChangesRequest::default()
        };
        ask!(question, audit.list_changes, asked, changes);
    }
    let mut evaluation = EvaluationServiceClient::new(channel.clone());
    let asked = EvaluatePlanRequest {
        ledger: ledger.clone(),
        as_of: at(size),
        ..EvaluatePlanRequest::default()
    };
    ask!(
        "evaluation".to_owned(),
        evaluation.evaluate_plan,
        asked,
        goals
    );
    let mut proofs = ProofServiceClient::new(channel.clone());
    // Signed now if it was not: nothing else comes into the list.
    let asked = GetCheckpointRequest {
        ledger: ledger.clone(),
        ..GetCheckpointRequest::default()
    };
    ask!(
        "checkpoint".to_owned(),
        proofs.get_checkpoint,
        asked,
        checkpoint
    );
    let asked = ListCheckpointsRequest {
        ledger: ledger.clone(),
        ..ListCheckpointsRequest::default()
    };
    ask!(
        "checkpoints".to_owned(),
        proofs.list_checkpoints,
        asked,
        checkpoints
    );
    let asked = GetInclusionProofRequest {
        ledger: ledger.clone(),
        selector: Some(get_inclusion_proof_request::Selector::Position(size / 3)),
        size: Some(size),
        ..GetInclusionProofRequest::default()
    };
    ask!(
        "proof".to_owned(),
        proofs.get_inclusion_proof,
        asked,
        hashes
    );
    told
}
