//! Data folders put together again of what is left of a real server's: the same roots, answers and proofs; what is lost is told.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::fault_point::VARIABLE;
use daicho::merkle::Hash;
use serde_json::Value;

use super::backup::{NOBODY, answers, backed_up, heads, path, run, text};
use super::bundles::copy_folder;
use super::process::{Ended, Place, command, daicho};
use super::store::forge;
use crate::process::Process;

/// What is left of a server that was stopped, and what it said.
struct Left {
    place: Place,
    plan: String,
    /// How to report once more.
    record: String,
    backup: PathBuf,
    heads: Vec<(String, u64, String)>,
    answers: String,
}

impl Left {
    /// A backup, then more reports, then a bundle.
    fn new() -> Self {
        let (mut place, plan, day) = Place::with_plan();
        let indicator = format!("{plan}/文化部/1-1/1.1");
        let done = |place: &Place, line: &str| {
            let ended = place.daicho(line);
            assert_eq!(ended.code, 0, "{line}: {ended:?}");
            ended.output
        };
        let report = |place: &Place, amount: u32| {
            done(
                place,
                &format!("record {indicator} {amount} --on {day} --json"),
            );
        };
        (1..5).for_each(|amount| report(&place, amount));
        done(&place, "checkpoint");
        let store = place.folder.path().join("backups");
        let backup = path(&backed_up(&place, &store));
        (5..20).for_each(|amount| report(&place, amount));
        let policy = done(&place, "trust-policy");
        fs::write(place.folder.path().join("policy"), policy).unwrap();
        let bundle = place.folder.path().join("bundle");
        done(&place, &format!("bundle {}", bundle.display()));
        let address = place.server.address();
        let (heads, answers) = (heads(address), answers(address, &plan));
        assert_eq!(place.server.stop(), 0);
        Self {
            record: format!("record {indicator} 20 --on {day} --json"),
            place,
            plan,
            backup,
            heads,
            answers,
        }
    }

    /// Where the ledger stood: its size, and its root as commands without a server tell it.
    fn head(&self) -> (u64, String) {
        let (_, size, root) = &self.heads[0];
        (*size, Hash::from_base64(root).unwrap().to_string())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.folder.path().join(name)
    }

    /// Damages both copies over one range, so that no server starts on them.
    fn damaged(&self) -> PathBuf {
        let data = self.path("data");
        let file = data.join("journal/0000000001.journal");
        let mut bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let half = used / 2;
        bytes[half..half + used / 10]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x55);
        fs::write(&file, bytes).unwrap();
        let db = forge::sled(&data);
        for entry in db.scan_prefix([1]) {
            let (key, value) = entry.unwrap();
            let mut value = value.to_vec();
            value[20] ^= 0x55;
            db.insert(key, value).unwrap();
        }
        db.flush().unwrap();
        drop(db);
        let refused = serve(&data);
        assert_eq!(refused.code, 11, "{refused:?}");
        data
    }

    fn salvage(&self, sources: &[&Path], data: &Path) -> Ended {
        let policy = self.path("policy");
        let words = [
            "salvage",
            "--json",
            "--policy",
            text(&policy),
            "--data",
            text(data),
        ];
        let sources = sources.iter().map(|source| text(source));
        daicho(NOBODY, words.into_iter().chain(sources))
    }

    /// Whether a folder is what the server served, in all that it answers and proves.
    fn is_served_from(&self, data: &Path) {
        let server = Process::serve(data);
        assert_eq!(heads(server.address()), self.heads);
        assert_eq!(answers(server.address(), &self.plan), self.answers);
        drop(server);
        // With its keys it goes on.
        copy_folder(&self.path("data/keys"), &data.join("keys"));
        let mut server = Process::serve(data);
        let recorded = daicho(server.address(), self.record.split(' '));
        assert_eq!(recorded.code, 0, "{recorded:?}");
        let first = &recorded.json()["receipt"]["first_position"];
        assert_eq!(first.as_u64(), Some(self.heads[0].1));
        assert_eq!(server.stop(), 0);
        self.is_verified(data);
    }

    fn is_verified(&self, data: &Path) {
        let policy = self.path("policy");
        let verified = run(&["verify", "store", text(data), "--policy", text(&policy)]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

/// Serves a folder that cannot be served.
fn serve(data: &Path) -> Ended {
    run(&["serve", "--listen", "127.0.0.1:0", "--data", text(data)])
}

fn only(made: &Ended) -> Value {
    let made = made.json();
    let ledgers = made["ledgers"].as_array().unwrap();
    assert_eq!(ledgers.len(), 1, "{made}");
    ledgers[0].clone()
}

#[test]
fn a_damaged_folder_a_backup_and_a_bundle_give_what_the_server_had() {
    let left = Left::new();
    let data = left.damaged();
    let (backup, bundle) = (left.backup.clone(), left.path("bundle"));
    let made = left.path("made");
    let ended = left.salvage(&[&data, &backup, &bundle], &made);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ledger = only(&ended);
    let (size, root) = left.head();
    assert_eq!(
        (ledger["size"].as_u64(), ledger["root"].as_str()),
        (Some(size), Some(root.as_str()))
    );
    assert_eq!(
        (ledger["signed"].as_u64(), &ledger["lost"]),
        (Some(size), &Value::Null)
    );
    assert!(!made.join("keys").exists());
    left.is_served_from(&made);
}

#[test]
fn a_bundle_alone_gives_what_the_server_had() {
    let left = Left::new();
    let bundle = left.path("bundle");
    let made = left.path("made");
    fs::create_dir(&made).unwrap();
    let ended = left.salvage(&[&bundle], &made);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        only(&ended)["taken"][0]["events"].as_u64(),
        Some(left.heads[0].1)
    );
    left.is_served_from(&made);
}

#[test]
fn what_no_source_holds_is_told_and_never_signed_for_again() {
    let left = Left::new();
    let data = left.damaged();
    let made = left.path("made");
    let ended = left.salvage(&[&data], &made);
    assert_eq!(ended.code, 14, "{ended:?}");
    let ledger = only(&ended);
    let size = ledger["size"].as_u64().unwrap();
    let (whole, root) = left.head();
    assert!(0 < size && size < whole, "{ledger}");
    let lost = serde_json::json!({ "from": size, "to": whole, "signed": true });
    assert_eq!(ledger["lost"], lost);
    let newest = &ledger["newest_checkpoint"];
    assert_eq!(
        (newest["size"].as_u64(), newest["root"].as_str()),
        (Some(whole), Some(root.as_str()))
    );
    assert!(size < ledger["resumes"].as_u64().unwrap(), "{ledger}");
    for (language, words) in [("ja", "失われたもの"), ("en", "lost: positions")] {
        let again = left.path(language);
        let told = run(&[
            "salvage",
            text(&data),
            "--data",
            text(&again),
            "--lang",
            language,
        ]);
        assert_eq!(told.code, 14, "{told:?}");
        assert!(told.output.contains(words), "{told:?}");
        assert!(told.errors.contains("ledger continue"), "{told:?}");
    }
    // Whoever puts the keys back is kept from signing until the ledger itself says what it lost.
    copy_folder(&data.join("keys"), &made.join("keys"));
    let refused = serve(&made);
    assert_eq!(refused.code, 11, "{refused:?}");
    let words = [
        "ledger",
        "continue",
        "--json",
        "--data",
        text(&made),
        "--reason",
        "障害",
        "--yes",
    ];
    let continued = daicho(NOBODY, words);
    assert_eq!(continued.code, 0, "{continued:?}");
    let told = continued.json();
    assert_eq!(
        (told["size"].as_u64(), told["signed"].as_u64()),
        (Some(size), Some(whole))
    );
    let server = Process::serve(&made);
    assert_eq!(heads(server.address())[0].1, size + 2);
    drop(server);
    // What is found later is told from what the ledger says it lost.
    let again = left.path("again");
    let bundle = left.path("bundle");
    let ended = left.salvage(&[&made, &bundle], &again);
    let ledger = only(&ended);
    assert_eq!(
        ledger["conflicts"][0]["position"].as_u64(),
        Some(size),
        "{ledger}"
    );
}

#[test]
fn an_end_at_any_step_leaves_a_whole_folder_or_none() {
    let left = Left::new();
    let bundle = left.path("bundle");
    let points = [
        "journal-begun:1",
        "journal-synced:1",
        "journal-synced:2",
        "heads-drafted:1",
        "salvage-drafted:1",
        "salvage-named:1",
    ];
    for point in points {
        let made = left.path("made");
        let words = ["salvage", text(&bundle), "--data", text(&made)];
        let mut salvage = command(NOBODY, words);
        let ended = salvage.env(VARIABLE, point).output().unwrap();
        assert_eq!(ended.status.code(), None, "{point}: {ended:?}");
        assert_eq!(made.exists(), point.starts_with("salvage-named"), "{point}");
        if !made.exists() {
            let again = left.salvage(&[&bundle], &made);
            assert_eq!(again.code, 0, "{point}: {again:?}");
        }
        let left_over = left.path("made.unfinished");
        assert!(!left_over.exists(), "{point}");
        let server = Process::serve(&made);
        assert_eq!(heads(server.address()), left.heads, "{point}");
        drop(server);
        fs::remove_dir_all(made).unwrap();
    }
}

#[test]
fn what_cannot_be_salvaged_or_made_is_told_by_the_exit_code() {
    let left = Left::new();
    let (data, made) = (left.path("data"), left.path("made"));
    let code = |sources: &[&Path], made: &Path| left.salvage(sources, made).code;
    assert_eq!(code(&[&left.path("nowhere")], &made), 3);
    assert_eq!(code(&[&left.path("backups")], &made), 3);
    assert_eq!(code(&[&left.backup], &data), 4);
    assert_eq!(code(&[&data], &data.join("made")), 4);
    let server = Process::serve(&data);
    assert_eq!(code(&[&data], &made), 9);
    drop(server);
    let bare = left.path("bare");
    fs::create_dir_all(bare.join("journal")).unwrap();
    let ended = left.salvage(&[&bare], &made);
    assert_eq!(ended.code, 11, "{ended:?}");
    assert!(
        ended.errors.contains("the journal has no file"),
        "{ended:?}"
    );
    let format = data.join("format");
    let later = fs::read_to_string(&format)
        .unwrap()
        .replace("format 1", "format 9");
    fs::write(format, later).unwrap();
    assert_eq!(code(&[&data], &made), 10);
    assert_eq!(run(&["salvage", text(&data)]).code, 2);
    assert!(!made.exists());
}
