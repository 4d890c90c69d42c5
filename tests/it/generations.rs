//! A data folder that was put back behind what was signed: refused, continued under another name, served again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use daicho::api::v1;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::config::{Config, Flags};
use daicho::domain::event::{Reason, ReasonCode};
use daicho::domain::text::{Name, Text};
use daicho::fault_point::{Point, VARIABLE};
use daicho::merkle::{
    SignatureType, SignedCheckpoint, Signer as _, SigningKey, TrustPolicy, VerifierKey,
};
use daicho::proof::KeyLock;
use daicho::server::Opened;
use daicho::server::continuation::{
    ContinueLedger, Continued, Lost, NotContinued, continue_ledger,
};
use tempfile::TempDir;

use crate::service::{As, Server, append, report};
use daicho::load::SmallPlan;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, target).unwrap()),
        }
    }
}

/// A ledger that grew after its folder was copied.
struct PutBack {
    folder: TempDir,
    plan: SmallPlan,
    /// How many events the copy has.
    size: u64,
    /// What was signed last.
    last: SignedCheckpoint,
    key: VerifierKey,
}

async fn checkpoints(server: &Server) -> v1::ListCheckpointsResponse {
    let mut client = ProofServiceClient::with_interceptor(server.channel().await, As("auditor"));
    // The head is signed, whatever was before.
    let head = client.get_checkpoint(v1::GetCheckpointRequest::default());
    head.await.unwrap();
    let asked = v1::ListCheckpointsRequest {
        page_size: 500,
        ..Default::default()
    };
    client.list_checkpoints(asked).await.unwrap().into_inner()
}

fn parsed(shown: &v1::SignedCheckpoint) -> SignedCheckpoint {
    SignedCheckpoint::parse(shown.note.as_bytes()).unwrap()
}

async fn grow(server: &Server, plan: &SmallPlan, amount: &str) {
    let report = report(plan, &plan.indicators[0], amount);
    let mut ledger = server.ledger("a").await;
    ledger.append_events(append(vec![report])).await.unwrap();
}

impl PutBack {
    async fn new() -> Self {
        let server = Server::start().await;
        let plan = server.planned().await;
        let size = checkpoints(&server).await.checkpoints.last().unwrap().size;
        let folder = server.stop().await;
        copy(&folder.path().join("data"), &folder.path().join("older"));
        let server = Server::on(folder).await;
        for amount in ["1", "2", "3"] {
            grow(&server, &plan, amount).await;
        }
        let listed = checkpoints(&server).await;
        let last = parsed(listed.checkpoints.last().unwrap());
        let key = listed.verifier_key.parse().unwrap();
        let folder = server.stop().await;
        assert_eq!(last.checkpoint().head().size, size + 3);
        Self {
            folder,
            plan,
            size,
            last,
            key,
        }
    }

    /// A copy of the older state in a folder of its own, with the newer file of the last checkpoint or not.
    fn older(&self, with_last: bool) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        copy(&self.folder.path().join("older"), &data);
        if with_last {
            let newer = only(&self.folder.path().join("data/checkpoints"));
            fs::copy(&newer, only(&data.join("checkpoints"))).unwrap();
        }
        folder
    }
}

fn only(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap();
    let mut files = entries.map(|entry| entry.unwrap().path());
    files.find(|path| path.is_file()).unwrap()
}

async fn opens(folder: &TempDir) -> bool {
    let flags = Flags {
        data: Some(folder.path().join("data").to_str().unwrap().to_owned()),
        ..Flags::default()
    };
    let config = Config::from_sources(&flags, |_| None).unwrap();
    match Opened::open(&config).await {
        Ok(opened) => {
            opened.close().await.unwrap();
            true
        }
        Err(_) => false,
    }
}

fn asked(folder: &TempDir, confirmed: bool) -> ContinueLedger {
    ContinueLedger {
        data: folder.path().join("data"),
        ledger: "city".to_owned(),
        asked_by: Name::parse("管理者").unwrap(),
        reason: Reason {
            code: ReasonCode::Other,
            text: Text::parse("控えからの復元").unwrap().into(),
        },
        last_checkpoint: None,
        policy: None,
        lock: KeyLock::default(),
        confirmed,
    }
}

async fn done(asked: &ContinueLedger) -> Continued {
    continue_ledger(asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_lost_what_was_signed_goes_on_under_another_name_and_says_so() {
    let put_back = PutBack::new().await;
    let folder = put_back.older(true);
    assert!(!opens(&folder).await);
    let would = done(&asked(&folder, false)).await;
    let expected = Continued {
        ledger: would.ledger,
        lost: Lost::Events,
        size: put_back.size,
        signed: put_back.size + 3,
        before: "ledger.example/city".to_owned(),
        origin: "ledger.example/city/g2".to_owned(),
        generation: 2,
        key: None,
        is_done: false,
    };
    assert_eq!(would, expected);
    assert!(!opens(&folder).await, "nothing was changed");

    let went_on = done(&asked(&folder, true)).await;
    let key: VerifierKey = went_on.key.clone().unwrap().parse().unwrap();
    assert_eq!(
        (went_on.is_done, key.name().as_str()),
        (true, "ledger.example/city/g2")
    );
    assert!(opens(&folder).await);
    let server = Server::on(folder).await;
    grow(&server, &put_back.plan, "9").await;
    let listed = checkpoints(&server).await;
    assert_eq!(
        listed.ended.iter().map(parsed).collect::<Vec<_>>(),
        std::slice::from_ref(&put_back.last)
    );
    for kept in listed.checkpoints.iter().map(parsed) {
        let is_before = kept.checkpoint().head().size <= put_back.size;
        let origin = if is_before {
            &went_on.before
        } else {
            &went_on.origin
        };
        assert_eq!(kept.checkpoint().origin(), origin);
        assert_eq!(kept.note().verify([&key]).is_ok(), !is_before);
    }
    assert_eq!(listed.verifier_key, key.to_string());
    let asked_for = v1::GetLedgerRequest::default();
    let ledger = server
        .ledger("a")
        .await
        .get_ledger(asked_for)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(ledger.ledger.unwrap().origin, went_on.origin);
    assert_eq!(ledger.head.unwrap().generation, 2);
    let event = v1::GetEventRequest {
        selector: Some(v1::get_event_request::Selector::Position(put_back.size)),
        ..Default::default()
    };
    let event = server
        .ledger("a")
        .await
        .get_event(event)
        .await
        .unwrap()
        .into_inner();
    let event = event.event.unwrap();
    assert_eq!(event.actor.unwrap().acting_for.as_deref(), Some("管理者"));
    let mut frames = server
        .admin()
        .await
        .verify_store(v1::VerifyStoreRequest::default())
        .await
        .unwrap()
        .into_inner();
    let live = loop {
        let frame = frames.message().await.unwrap().unwrap();
        if let Some(v1::verify_store_response::Content::Report(report)) = frame.content {
            break report;
        }
    };
    assert!(live.sound, "{live:?}");
    let folder = server.stop().await;
    // The folder is whole, and says so to whoever counts on what was lost that it lost it.
    let verified = |since: &[&Path]| {
        let policy = folder.path().join("policy");
        fs::write(&policy, format!("log {key}\nquorum none\n")).unwrap();
        let ended = Command::new(env!("CARGO_BIN_EXE_daicho"))
            .args(["verify", "store", "--lang", "en", "--policy"])
            .args([&policy, &folder.path().join("data")])
            .args(since)
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        (ended.status.code(), said)
    };
    let (code, said) = verified(&[]);
    assert_eq!(code, Some(0), "{said}");
    let since = folder.path().join("since");
    fs::write(&since, put_back.last.note().to_string()).unwrap();
    let (code, said) = verified(&[Path::new("--since"), &since]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("were lost"), "{said}");
    // The key of before signs nothing any more, and there is one of now.
    let keys = folder.path().join("data/keys");
    assert!(only(&keys.join("retired")).exists());
    let again = continue_ledger(&asked(&folder, true)).await.unwrap_err();
    assert!(matches!(again, NotContinued::NothingLost), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_file_is_moved_leaves_the_refusal_and_the_same_call_completes_it() {
    let put_back = PutBack::new().await;
    let folder = put_back.older(true);
    let went_on = done(&asked(&folder, true)).await;
    let checkpoints = folder.path().join("data/checkpoints");
    let moved = only(&checkpoints.join("ended"));
    let name = format!("{}.checkpoint", went_on.ledger);
    fs::rename(&moved, checkpoints.join(&name)).unwrap();
    assert!(!opens(&folder).await, "the file says more than is there");
    let again = done(&asked(&folder, true)).await;
    assert_eq!(again.origin, went_on.origin);
    assert!(again.is_done && opens(&folder).await);
    let server = Server::on(folder).await;
    assert_eq!(checkpoints_of(&server).await, went_on.origin);
    server.stop().await;
}

async fn checkpoints_of(server: &Server) -> String {
    let listed = checkpoints(server).await.checkpoints;
    parsed(listed.last().unwrap())
        .checkpoint()
        .origin()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_somebody_else_kept_is_named_and_what_is_whole_is_left_alone() {
    let put_back = PutBack::new().await;
    let folder = put_back.older(false);
    // All of it was put back: the folder itself knows of nothing.
    assert!(opens(&folder).await);
    let refused = continue_ledger(&asked(&folder, true)).await.unwrap_err();
    assert!(matches!(refused, NotContinued::NothingLost), "{refused:?}");
    let told = ContinueLedger {
        last_checkpoint: Some(put_back.last.clone()),
        ..asked(&folder, true)
    };
    let strange = ContinueLedger {
        ledger: "town".to_owned(),
        ..told.clone()
    };
    let refused = continue_ledger(&strange).await.unwrap_err();
    assert!(matches!(refused, NotContinued::Unknown(_)), "{refused:?}");
    let forged = put_back.last.note().to_string();
    let forged = forged.replacen('\n', "\n9", 1);
    let forged = ContinueLedger {
        last_checkpoint: Some(SignedCheckpoint::parse(forged.as_bytes()).unwrap()),
        ..told.clone()
    };
    let refused = continue_ledger(&forged).await.unwrap_err();
    assert!(matches!(refused, NotContinued::NotSigned), "{refused:?}");
    let went_on = done(&told).await;
    assert_eq!(
        (went_on.lost, went_on.signed),
        (Lost::Events, put_back.size + 3)
    );
    let server = Server::on(folder).await;
    assert_eq!(checkpoints_of(&server).await, went_on.origin);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_outgrew_what_it_lost_is_held_against_what_others_saw() {
    let put_back = PutBack::new().await;
    let server = Server::on(put_back.older(false)).await;
    for amount in ["4", "5", "6", "7"] {
        grow(&server, &put_back.plan, amount).await;
    }
    let folder = server.stop().await;
    let told = ContinueLedger {
        last_checkpoint: Some(put_back.last.clone()),
        ..asked(&folder, true)
    };
    let went_on = done(&told).await;
    assert_eq!(
        (went_on.lost, went_on.signed),
        (Lost::History, put_back.size + 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_key_is_lost_goes_on_under_another_name() {
    let put_back = PutBack::new().await;
    let folder = put_back.older(false);
    fs::remove_dir_all(folder.path().join("data/keys")).unwrap();
    let went_on = done(&asked(&folder, true)).await;
    assert_eq!((went_on.lost, went_on.signed), (Lost::Key, put_back.size));
    let server = Server::on(folder).await;
    grow(&server, &put_back.plan, "9").await;
    assert_eq!(checkpoints_of(&server).await, "ledger.example/city/g2");
    let folder = server.stop().await;
    assert!(opens(&folder).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_lost_events_and_keys_goes_on_once_somebody_says_whom_to_believe() {
    let put_back = PutBack::new().await;
    let folder = put_back.older(true);
    fs::remove_dir_all(folder.path().join("data/keys")).unwrap();
    let believing = |key: &VerifierKey| ContinueLedger {
        policy: Some(TrustPolicy::of_logs([key.clone()])),
        ..asked(&folder, true)
    };
    let name = put_back.key.name().clone();
    let stranger = SigningKey::from_seed(name, SignatureType::Ed25519, &[9; 32]);
    for asked in [asked(&folder, true), believing(stranger.key())] {
        let refused = continue_ledger(&asked).await.unwrap_err();
        assert!(matches!(refused, NotContinued::NotSigned), "{refused:?}");
    }
    let went_on = done(&believing(&put_back.key)).await;
    let signed = put_back.size + 3;
    assert_eq!((went_on.lost, went_on.signed), (Lost::Events, signed));
    let server = Server::on(folder).await;
    grow(&server, &put_back.plan, "9").await;
    assert_eq!(checkpoints_of(&server).await, went_on.origin);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_ledger_announced_is_known_without_its_file() {
    let put_back = PutBack::new().await;
    // The second generation's key is announced by the ledger itself.
    let folder = put_back.older(true);
    done(&asked(&folder, true)).await;
    let server = Server::on(folder).await;
    let folder = server.stop().await;
    copy(&folder.path().join("data"), &folder.path().join("older"));
    let server = Server::on(folder).await;
    grow(&server, &put_back.plan, "9").await;
    let last = parsed(checkpoints(&server).await.checkpoints.last().unwrap());
    let folder = server.stop().await;
    let data = folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    copy(&folder.path().join("older"), &data);
    fs::remove_dir_all(data.join("keys")).unwrap();
    let told = ContinueLedger {
        last_checkpoint: Some(last),
        ..asked(&folder, true)
    };
    let went_on = done(&told).await;
    assert_eq!((went_on.lost, went_on.generation), (Lost::Events, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_of_which_no_event_is_left_is_not_begun_again() {
    let put_back = PutBack::new().await;
    let second = put_back.older(true);
    done(&asked(&second, true)).await;
    let server = Server::on(second).await;
    grow(&server, &put_back.plan, "9").await;
    let last = parsed(checkpoints(&server).await.checkpoints.last().unwrap());
    let second = server.stop().await;
    // What is there is of the first generation; its keys and the last checkpoint are of the second.
    let folder = put_back.older(false);
    let data = folder.path().join("data");
    fs::remove_dir_all(data.join("keys")).unwrap();
    copy(&second.path().join("data/keys"), &data.join("keys"));
    let newer = only(&second.path().join("data/checkpoints"));
    fs::copy(&newer, only(&data.join("checkpoints"))).unwrap();
    assert!(!opens(&folder).await);
    let went_on = done(&asked(&folder, true)).await;
    assert_eq!(
        (
            went_on.lost,
            went_on.generation,
            &*went_on.before,
            &*went_on.origin
        ),
        (
            Lost::Events,
            3,
            "ledger.example/city/g2",
            "ledger.example/city/g3"
        )
    );
    // A crash before the file of the checkpoint was moved.
    let moved = only(&data.join("checkpoints/ended"));
    let name = format!("{}.checkpoint", went_on.ledger);
    fs::rename(&moved, data.join("checkpoints").join(name)).unwrap();
    assert!(!opens(&folder).await, "the file says more than is there");
    assert!(done(&asked(&folder, true)).await.is_done);
    let server = Server::on(folder).await;
    grow(&server, &put_back.plan, "9").await;
    assert_eq!(checkpoints_of(&server).await, went_on.origin);
    let folder = server.stop().await;
    // Whoever kept what the second signed is told that it was lost.
    let since = folder.path().join("since");
    fs::write(&since, last.note().to_string()).unwrap();
    let policy = folder.path().join("policy");
    let key: VerifierKey = went_on.key.unwrap().parse().unwrap();
    fs::write(&policy, format!("log {key}\nquorum none\n")).unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["verify", "store", "--lang", "en", "--policy"])
        .args([&policy, &folder.path().join("data")])
        .arg("--since")
        .arg(&since)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("were lost"), "{said}");
}

/// Steps at which `ledger continue` may break off, in their order.
const STEPS: [Point; 10] = [
    Point::KeyDrafted,
    Point::KeyNamed,
    Point::JournalBegun,
    Point::JournalWritten,
    Point::JournalSynced,
    Point::JournalPublished,
    Point::GenerationBegun,
    Point::CheckpointSetAside,
    Point::CopyBegun,
    Point::CopySynced,
];

fn call(folder: &TempDir, fault_point: Option<Point>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["ledger", "continue", "--yes", "--reason", "控えからの復元"])
        .args(["--as", "管理者", "--data"])
        .arg(folder.path().join("data"))
        .envs(fault_point.map(|point| (VARIABLE, point.name())))
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_a_continuation_is_made_good_by_the_same_call() {
    let ledger = PutBack::new().await;
    for point in STEPS {
        let folder = ledger.older(true);
        let killed = call(&folder, Some(point));
        // By a signal: the point was passed.
        assert_eq!(killed.status.code(), None, "{point:?}: {killed:?}");
        let is_served = opens(&folder).await;
        let again = call(&folder, None);
        // What was done to its end is refused: nothing is lost any more.
        assert_eq!(again.status.success(), !is_served, "{point:?}: {again:?}");
        assert!(opens(&folder).await, "{point:?}: {again:?}");

        let server = Server::on(folder).await;
        let head = parsed(checkpoints(&server).await.checkpoints.last().unwrap());
        let last = &ledger.last;
        let expected = format!("{}/g2", last.checkpoint().origin());
        assert_eq!(head.checkpoint().origin(), expected, "{point:?}");
        // LedgerContinued and the announcement of the new key.
        assert_eq!(head.checkpoint().head().size, ledger.size + 2, "{point:?}");
        grow(&server, &ledger.plan, "4").await;
        let directory = server.ledgers.list()[0].view().directory;
        assert_eq!(directory.origins().count(), 2, "{point:?}");
        let folder = server.stop().await;
        // A key that was made and not announced is out of the way, as the old one is.
        let keys = fs::read_dir(folder.path().join("data/keys")).unwrap();
        let in_force = keys.filter(|file| file.as_ref().unwrap().path().is_file());
        assert_eq!(in_force.count(), 1, "{point:?}");
    }
}
