//! Keys of a ledger: encrypted or not, announced, retired, disowned, and what a crash leaves of a change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use daicho::api::v1;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::merkle::{SignatureType, SignedCheckpoint, Signer, SigningKey, VerifierKey};
use daicho::server::Opened;
use tempfile::TempDir;
use tonic::Code;

use crate::process::Process;
use crate::service::{As, Caller, Server, append, report};
use daicho::load::SmallPlan;

async fn proofs(server: &Server) -> ProofServiceClient<Caller> {
    ProofServiceClient::with_interceptor(server.channel().await, As("auditor"))
}

fn why() -> Option<v1::Reason> {
    Some(v1::Reason {
        code: v1::ReasonCode::Other.into(),
        text: "定期更新".to_owned(),
    })
}

fn announcing() -> v1::AnnounceKeyRequest {
    v1::AnnounceKeyRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        reason: why(),
    }
}

fn retiring(key: &str) -> v1::RetireKeyRequest {
    v1::RetireKeyRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        reason: why(),
        verifier_key: key.to_owned(),
    }
}

async fn grow(server: &Server, plan: &SmallPlan, amount: &str) {
    let mut ledger = server.ledger("a").await;
    let report = report(plan, &plan.indicators[0], amount);
    ledger.append_events(append(vec![report])).await.unwrap();
}

async fn checkpoint(server: &Server, size: Option<u64>) -> SignedCheckpoint {
    let asked = v1::GetCheckpointRequest {
        size,
        ..Default::default()
    };
    let answer = proofs(server).await.get_checkpoint(asked).await.unwrap();
    let note = answer.into_inner().checkpoint.unwrap().note;
    SignedCheckpoint::parse(note.as_bytes()).unwrap()
}

/// The ids of the keys whose signatures stand under a checkpoint, in their order; all of them verify.
fn signed_by(checkpoint: &SignedCheckpoint, keys: &[v1::LedgerKey]) -> Vec<String> {
    let keys = keys.iter().map(|key| key.verifier_key.parse().unwrap());
    let keys: Vec<VerifierKey> = keys.collect();
    let verified = checkpoint.note().verify(&keys).unwrap();
    assert_eq!(verified.len(), checkpoint.note().signatures().len());
    verified.iter().map(|by| by.key.id().to_string()).collect()
}

fn id(key: &v1::LedgerKey) -> String {
    key.verifier_key.split('+').nth(1).unwrap().to_owned()
}

async fn keys(server: &Server) -> Vec<v1::LedgerKey> {
    let mut client = proofs(server).await;
    let listed = client.list_keys(v1::ListKeysRequest::default()).await;
    listed.unwrap().into_inner().keys
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap());
    let names = names.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn folder_of(server: &tempfile::TempDir) -> PathBuf {
    server.path().join("data/keys")
}

/// Verifies a stopped folder with a policy that names these keys: the exit code, and what was said.
fn verify_store(folder: &TempDir, logs: &[&str], more: &[&Path]) -> (Option<i32>, String) {
    let policy = folder.path().join("policy");
    let logs: String = logs.iter().map(|key| format!("log {key}\n")).collect();
    fs::write(&policy, format!("{logs}quorum none\n")).unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["verify", "store", "--lang", "en", "--policy"])
        .args([&policy, &folder.path().join("data")])
        .args(more)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    (ended.status.code(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_without_a_checkpoint_that_neither_signed() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let before = checkpoint(&server, None).await;
    let size = before.checkpoint().head().size;
    let mut admin = server.admin().await;

    let request = announcing();
    let announced = admin
        .announce_key(request.clone())
        .await
        .unwrap()
        .into_inner()
        .change
        .unwrap();
    assert!(!announced.replayed);
    let position = announced.event.clone().unwrap().position;
    let asked = v1::GetEventRequest {
        selector: Some(v1::get_event_request::Selector::Position(position)),
        ..Default::default()
    };
    let told = server.ledger("a").await.get_event(asked).await.unwrap();
    let told = told.into_inner().event.unwrap();
    let actor = told.actor.unwrap();
    assert_eq!(
        (actor.subject.as_str(), actor.acting_for.as_deref()),
        ("daicho", Some("administrator"))
    );
    let [first, second] = keys(&server).await.try_into().unwrap();
    assert_eq!((first.in_force, first.from_size), (true, None));
    assert_eq!((second.in_force, second.from_size), (true, Some(size + 1)));
    let both = [first.clone(), second.clone()];
    let again = admin
        .announce_key(request.clone())
        .await
        .unwrap()
        .into_inner()
        .change
        .unwrap();
    assert!(again.replayed);
    assert_eq!((again.event, again.keys), (announced.event, announced.keys));
    let mut other = request;
    other.reason.as_mut().unwrap().text = "別の理由".to_owned();
    let refused = admin.announce_key(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists, "{refused:?}");

    // Every one from here on has both, in one order; what was kept stays as it was.
    for amount in ["1", "2"] {
        grow(&server, &plan, amount).await;
        let signed = checkpoint(&server, None).await;
        assert_eq!(signed_by(&signed, &both), [id(&first), id(&second)]);
    }
    assert_eq!(checkpoint(&server, Some(size)).await, before);
    assert_eq!(signed_by(&before, &both), [id(&first)]);
    let overlap = checkpoint(&server, Some(size + 1)).await;
    assert_eq!(signed_by(&overlap, &both), [id(&first), id(&second)]);

    let retired = admin.retire_key(retiring(&first.verifier_key)).await;
    let retired = retired.unwrap().into_inner().change.unwrap();
    let last = retired.keys[0].last_size.unwrap();
    assert!(!retired.keys[0].in_force);
    grow(&server, &plan, "3").await;
    let after = checkpoint(&server, None).await;
    assert!(last < after.checkpoint().head().size);
    assert_eq!(signed_by(&after, &both), [id(&second)]);
    let keys_folder = folder_of(&server.folder);
    assert_eq!(files(&keys_folder).len(), 1);
    assert_eq!(files(&keys_folder.join("retired")).len(), 1);

    let server = Server::on(server.stop().await).await;
    assert_eq!(keys(&server).await, retired.keys);
    grow(&server, &plan, "4").await;
    let signed = checkpoint(&server, None).await;
    assert_eq!(signed_by(&signed, &both), [id(&second)]);
    let folder = server.stop().await;
    // Whoever knows the first key only is told which one signs now.
    let (old, new) = (&first.verifier_key, &second.verifier_key);
    assert_eq!(verify_store(&folder, &[old, new], &[]).0, Some(0));
    let (code, said) = verify_store(&folder, &[old], &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("log {new}")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_know_signs_no_more_and_says_up_to_where_it_is_believed() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut admin = server.admin().await;
    let first = keys(&server).await.remove(0);
    let size = checkpoint(&server, None).await.checkpoint().head().size;
    let disowning = |last_trusted_size| v1::CompromiseKeyRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        reason: why(),
        verifier_key: first.verifier_key.clone(),
        last_trusted_size,
    };
    // Nothing would sign any more.
    let refused = admin.compromise_key(disowning(1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    admin.announce_key(announcing()).await.unwrap();
    let beyond = admin.compromise_key(disowning(size + 9)).await.unwrap_err();
    assert_eq!(beyond.code(), Code::InvalidArgument, "{beyond:?}");
    let told = admin
        .compromise_key(disowning(size))
        .await
        .unwrap()
        .into_inner()
        .change
        .unwrap();
    assert_eq!(told.keys[0].last_trusted_size, Some(size));
    grow(&server, &plan, "1").await;
    let signed = checkpoint(&server, None).await;
    assert_eq!(signed_by(&signed, &told.keys), [id(&told.keys[1])]);
    // It was known earlier than was thought; not the other way round.
    let lower = admin
        .compromise_key(disowning(2))
        .await
        .unwrap()
        .into_inner()
        .change
        .unwrap();
    assert_eq!(lower.keys[0].last_trusted_size, Some(2));
    let higher = admin.compromise_key(disowning(3)).await.unwrap_err();
    assert_eq!(higher.code(), Code::InvalidArgument, "{higher:?}");
    let signed = checkpoint(&server, None).await;
    let folder = server.stop().await;

    // Whoever verifies the folder is told what such a key is worth.
    let (old, new) = (&lower.keys[0].verifier_key, &lower.keys[1].verifier_key);
    let verified = |logs: &[&str], more: &[&Path]| verify_store(&folder, logs, more);
    assert_eq!(verified(&[old, new], &[]).0, Some(0));
    let retired = folder_of(&folder).join("retired");
    let stolen = fs::read_to_string(retired.join(&files(&retired)[0])).unwrap();
    let stolen = SigningKey::from_skey(stolen.trim_end()).unwrap();
    let forged = signed.checkpoint().clone();
    let forged = SignedCheckpoint::sign(forged, [&stolen as &dyn Signer], 0).unwrap();
    let since = folder.path().join("since");
    fs::write(&since, forged.note().to_string()).unwrap();
    let (code, said) = verified(&[old, new], &[Path::new("--since"), &since]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("trusted up to 2 events"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_leaves_of_a_change_is_completed_at_the_next_start() {
    let server = Server::start().await;
    server.planned().await;
    let mut admin = server.admin().await;
    checkpoint(&server, None).await;
    let first = keys(&server).await.remove(0);
    admin.announce_key(announcing()).await.unwrap();
    admin
        .retire_key(retiring(&first.verifier_key))
        .await
        .unwrap();
    let folder = server.stop().await;
    let keys_folder = folder_of(&folder);
    let in_use = files(&keys_folder).remove(0);
    let retired = files(&keys_folder.join("retired")).remove(0);

    // The event of the retirement, and not the moving; the file of a new key, and not its event.
    fs::rename(
        keys_folder.join("retired").join(&retired),
        keys_folder.join(&retired),
    )
    .unwrap();
    let ledger = retired.split('.').next().unwrap();
    let orphan = format!("{ledger}.00000000.skey");
    let name = daicho::merkle::KeyName::parse("ledger.example/city").unwrap();
    let never = daicho::merkle::SigningKey::from_seed(
        name,
        daicho::merkle::SignatureType::Ed25519,
        &[9; 32],
    );
    fs::write(keys_folder.join(&orphan), never.to_skey().as_bytes()).unwrap();
    let server = Server::on(folder).await;
    let before = keys(&server).await;
    let folder = server.stop().await;
    assert_eq!(files(&keys_folder), std::slice::from_ref(&in_use));
    assert_eq!(files(&keys_folder.join("retired")), [orphan, retired]);

    // A key in force without its file: nothing is signed in its place, and the ledger goes on.
    let aside = folder.path().join("aside");
    fs::rename(keys_folder.join(&in_use), &aside).unwrap();
    let server = Server::on(folder).await;
    let refused = proofs(&server).await;
    let refused = refused
        .clone()
        .get_checkpoint(v1::GetCheckpointRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
    let folder = server.stop().await;
    assert_eq!(files(&keys_folder), Vec::<String>::new());
    fs::rename(&aside, keys_folder.join(&in_use)).unwrap();
    let server = Server::on(folder).await;
    assert_eq!(keys(&server).await, before);
    server.stop().await;
}

/// Opens the data folder with these settings.
async fn opened(folder: &Path, flags: Flags) -> Result<Opened, daicho::server::ServeError> {
    let flags = Flags {
        data: Some(folder.join("data").to_str().unwrap().to_owned()),
        ..flags
    };
    Opened::open(&Config::from_sources(&flags, |_| None).unwrap()).await
}

/// An age identity of its own for each `number`.
fn identity(folder: &Path, number: u8) -> Flags {
    use age::secrecy::ExposeSecret as _;
    let file = folder.join(format!("identity-{number}"));
    if !file.exists() {
        let identity = age::x25519::Identity::generate().to_string();
        fs::write(
            &file,
            format!("# made for a test\n{}\n", identity.expose_secret()),
        )
        .unwrap();
    }
    Flags {
        key_identity: Some(file.to_str().unwrap().to_owned()),
        ..Flags::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_key_signs_only_where_it_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mine = identity(folder.path(), 1);
    let server = Server::with(folder, mine.clone()).await;
    let plan = server.planned().await;
    let before = checkpoint(&server, None).await;
    let mut admin = server.admin().await;
    admin.announce_key(announcing()).await.unwrap();
    let all = keys(&server).await;
    let folder = server.stop().await;
    let closed = files(&folder_of(&folder));
    let ends = |end: &str| closed.iter().filter(|name| name.ends_with(end)).count();
    assert_eq!((ends(".skey.age"), ends(".vkey"), closed.len()), (2, 2, 4));
    for name in &closed {
        let bytes = fs::read(folder_of(&folder).join(name)).unwrap();
        assert!(
            !bytes.windows(11).any(|bytes| bytes == b"PRIVATE+KEY"),
            "{name}"
        );
    }

    for (flags, words) in [
        (Flags::default(), "neither `key_identity` nor"),
        (identity(folder.path(), 2), "another identity"),
    ] {
        let Err(refused) = opened(folder.path(), flags).await else {
            panic!("served a ledger that nobody can sign for")
        };
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains(words), "{refused}: {cause}");
    }
    let server = Server::with(folder, mine).await;
    assert_eq!(keys(&server).await, all);
    let size = before.checkpoint().head().size;
    assert_eq!(checkpoint(&server, Some(size)).await, before);
    grow(&server, &plan, "1").await;
    let signed = checkpoint(&server, None).await;
    assert_eq!(signed_by(&signed, &all).len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_and_another_one_in_its_place_sign_nothing() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let before = checkpoint(&server, None).await;
    let key = folder_of(&server.folder).join(&files(&folder_of(&server.folder))[0]);
    let text = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    // It has been read, and the ledger is signed for as long as the server lives.
    grow(&server, &plan, "1").await;
    assert_ne!(checkpoint(&server, None).await, before);
    let mut folder = server.stop().await;

    let first = SigningKey::from_skey(text.trim_end()).unwrap();
    let name = first.key().name().clone();
    let another = SigningKey::from_seed(name, SignatureType::Ed25519, &[9; 32]);
    for in_its_place in [None, Some(another.to_skey())] {
        let in_its_place = in_its_place.as_deref();
        if let Some(skey) = in_its_place {
            fs::write(&key, skey).unwrap();
        }
        let server = Server::on(folder).await;
        let mut client = proofs(&server).await;
        let refused = client.get_checkpoint(v1::GetCheckpointRequest::default());
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        // The ledger goes on, and what lies there is left as it is.
        grow(&server, &plan, "1").await;
        assert_eq!(fs::read_to_string(&key).ok().as_ref(), in_its_place);
        folder = server.stop().await;
    }

    fs::write(&key, &text).unwrap();
    let server = Server::on(folder).await;
    let signed = checkpoint(&server, None).await;
    assert_eq!(signed_by(&signed, &keys(&server).await).len(), 1);
    server.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_read_is_told_of_and_signs() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    server.planned().await;
    let before = checkpoint(&server, None).await;
    let folder = server.stop().await;
    let key = folder_of(&folder).join(&files(&folder_of(&folder))[0]);
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    for (mode, is_told) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let words = ["serve".as_ref(), "--data".as_ref(), data.as_os_str()];
        let process = Process::start_logging(words, fs::File::create(&log).unwrap());
        let mut client = ProofServiceClient::with_interceptor(process.connect(), As("auditor"));
        let asked = v1::GetCheckpointRequest::default();
        let signed = client.get_checkpoint(asked).await.unwrap().into_inner();
        let note = signed.checkpoint.unwrap().note;
        assert_eq!(SignedCheckpoint::parse(note.as_bytes()).unwrap(), before);
        let told = fs::read_to_string(&log).unwrap();
        assert_eq!(told.contains("chmod 600"), is_told, "{mode:o}");
    }
}
