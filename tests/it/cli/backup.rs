//! Backups of a server that works, data folders made of them, and backups that are not what they were.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::bundles::copy_folder;
use super::process::{Ended, Place, command, daicho};
use crate::process::Process;

/// An address where nobody listens.
pub(super) const NOBODY: &str = "http://127.0.0.1:9";

pub(super) fn run(words: &[&str]) -> Ended {
    daicho(NOBODY, words.iter().copied())
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Takes a backup of the folder of `place`; what was told.
pub(super) fn backed_up(place: &Place, store: &Path) -> Value {
    let data = place.folder.path().join("data");
    loop {
        let ended = run(&["backup", text(store), "--data", text(&data), "--json"]);
        // Two within a second would have one name.
        if ended.code != 4 {
            assert_eq!(ended.code, 0, "{ended:?}");
            return ended.json();
        }
    }
}

pub(super) fn path(told: &Value) -> PathBuf {
    told["backup"].as_str().unwrap().into()
}

pub(super) fn heads(server: &str) -> Vec<(String, u64, String)> {
    let listed = daicho(server, ["ledger", "list", "--json"]).json();
    let ledgers = listed["ledgers"].as_array().unwrap();
    let mut heads: Vec<_> = ledgers
        .iter()
        .map(|ledger| {
            let of = |name: &str| ledger["head"][name].as_str().unwrap().to_owned();
            let size = ledger["head"]["size"].as_u64().unwrap();
            let id = ledger["ledger"]["id"].as_str().unwrap();
            (id.to_owned(), size, of("root"))
        })
        .collect();
    heads.sort();
    heads
}

pub(super) fn answers(server: &str, plan: &str) -> String {
    let ledger = "bunka";
    let of = |line: &str| {
        let words = line.split(' ').chain(["--ledger", ledger, "--json"]);
        let ended = daicho(server, words);
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended.output
    };
    [
        of(&format!("plan show {plan}")),
        of("goal list"),
        of("audit changes"),
        of("events read"),
    ]
    .concat()
}

#[test]
fn what_is_backed_up_under_load_is_served_elsewhere_with_the_same_roots_and_answers() {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.1");
    for amount in ["1", "2"] {
        let recorded = place.daicho(&format!("record {indicator} {amount} --on {day} --json"));
        assert_eq!(recorded.code, 0, "{recorded:?}");
    }
    let store = place.folder.path().join("backups");
    let words = "bench --beside-others --seconds 4 --callers 8 --goals 20";
    let mut load = command(place.server.address(), words.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut taken = vec![backed_up(&place, &store)];
    while load.try_wait().unwrap().is_none() {
        taken.push(backed_up(&place, &store));
    }
    let grown = |told: &Value| -> u64 {
        let ledgers = told["ledgers"].as_object().unwrap().values();
        ledgers.map(|ledger| ledger["size"].as_u64().unwrap()).sum()
    };
    assert!(
        taken
            .windows(2)
            .all(|pair| grown(&pair[0]) <= grown(&pair[1]))
    );
    assert!(
        grown(&taken[0]) < grown(taken.last().unwrap()),
        "there was load"
    );
    for told in &taken {
        let verified = run(&["verify", "backup", text(&path(told))]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }

    taken.push(backed_up(&place, &store));
    let last = taken.last().unwrap();
    let (expected, answered) = (
        heads(place.server.address()),
        answers(place.server.address(), &plan),
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    let restored = run(&["restore", text(&path(last)), "--data", text(&data)]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(!data.join("keys").exists());
    let server = Process::serve(&data);
    assert_eq!(heads(server.address()), expected);
    assert_eq!(answers(server.address(), &plan), answered);
}

#[test]
fn a_folder_that_is_restored_without_its_keys_goes_on_in_a_new_generation() {
    let (place, plan, day) = Place::with_plan();
    let signed = place.daicho("checkpoint");
    assert_eq!(signed.code, 0, "{signed:?}");
    let store = place.folder.path().join("backups");
    let taken = path(&backed_up(&place, &store));
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    assert_eq!(
        run(&["restore", text(&taken), "--data", text(&data)]).code,
        0
    );
    let more = [
        "--data",
        text(&data),
        "--ledger",
        "bunka",
        "--reason",
        "復元",
        "--yes",
    ];
    let words = ["ledger", "continue", "--json"].into_iter().chain(more);
    let continued = daicho(NOBODY, words);
    assert_eq!(continued.code, 0, "{continued:?}");
    assert_eq!(continued.json()["generation"], 2, "{continued:?}");
    let server = Process::serve(&data);
    let line = format!("record {plan}/文化部/1-1/1.1 3 --on {day} --json");
    let recorded = daicho(server.address(), line.split(' '));
    assert_eq!(recorded.code, 0, "{recorded:?}");
    let signed = daicho(server.address(), ["checkpoint"]);
    assert!(
        signed.output.starts_with("bunka.example/daicho/g2\n"),
        "{signed:?}"
    );
}

#[test]
fn what_an_earlier_backup_holds_takes_no_room_again_and_a_broken_one_is_gone_on_from() {
    let (place, _, _) = Place::with_plan();
    let store = place.folder.path().join("backups");
    let first = backed_up(&place, &store);
    assert_eq!(first["linked_bytes"], 0);
    // The server may still note how far its copies are.
    let second = std::iter::repeat_with(|| backed_up(&place, &store));
    let second = second
        .into_iter()
        .find(|told| told["copied_bytes"] == 0)
        .unwrap();
    assert!(first["copied_bytes"].as_u64() <= second["linked_bytes"].as_u64());

    // As if it had been broken off while a file was copied.
    let unfinished = store.join("2000-01-01T00-00-00Z.unfinished");
    fs::rename(path(&second), &unfinished).unwrap();
    fs::remove_file(unfinished.join("manifest.json")).unwrap();
    fs::remove_file(unfinished.join("data/format")).unwrap();
    fs::write(unfinished.join("data/format.copying"), b"dai").unwrap();
    fs::write(unfinished.join("data/stray"), b"of a file that went").unwrap();
    let third = path(&backed_up(&place, &store));
    assert!(!unfinished.exists());
    let verified = run(&["verify", "backup", text(&third)]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // Each stands alone.
    fs::remove_dir_all(path(&first)).unwrap();
    let verified = run(&["verify", "backup", text(&third)]);
    assert_eq!(verified.code, 0, "{verified:?}");

    // What the disk has spoilt since is not handed on, and what somebody else makes there is left alone.
    let spoilt = third.join("data/format");
    let mut bytes = fs::read(&spoilt).unwrap();
    bytes[0] ^= 1;
    fs::write(&spoilt, bytes).unwrap();
    let restoring = store.join("restored.unfinished/data");
    fs::create_dir_all(&restoring).unwrap();
    let fourth = path(&backed_up(&place, &store));
    assert_eq!(run(&["verify", "backup", text(&third)]).code, 1);
    let verified = run(&["verify", "backup", text(&fourth)]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert!(restoring.exists());
}

#[test]
fn a_backup_that_is_not_what_it_was_is_refused_with_the_place() {
    let (place, _, _) = Place::with_plan();
    let taken = path(&backed_up(&place, &place.folder.path().join("backups")));
    let manifest: Value =
        serde_json::from_slice(&fs::read(taken.join("manifest.json")).unwrap()).unwrap();
    let files = manifest["files"].as_object().unwrap();
    assert!(
        files.contains_key("journal/0000000001.journal"),
        "{manifest}"
    );
    assert!(
        files.keys().all(|file| !file.starts_with("keys/")),
        "{manifest}"
    );
    let altered = |alter: &dyn Fn(&Path), told: &str| {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&taken, copy.path());
        alter(copy.path());
        let verified = run(&["verify", "backup", text(copy.path())]);
        assert_eq!(verified.code, 1, "{told}: {verified:?}");
        assert!(verified.output.contains(told), "{told}: {verified:?}");
        // Nor is it verified where nobody reads what is told of it.
        let mut unheard = command(NOBODY, ["verify", "backup", text(copy.path())]);
        let mut unheard = unheard.stdout(Stdio::piped()).spawn().unwrap();
        drop(unheard.stdout.take());
        assert_eq!(unheard.wait().unwrap().code(), Some(1), "{told}");
        let data = copy.path().join("made");
        let restored = run(&["restore", text(copy.path()), "--data", text(&data)]);
        assert_eq!(restored.code, 11, "{told}: {restored:?}");
        assert!(restored.errors.contains(told), "{told}: {restored:?}");
        assert!(!data.exists());
    };
    for file in files.keys() {
        let told = format!("data/{file}");
        let flip = |folder: &Path| {
            let mut bytes = fs::read(folder.join(&told)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(folder.join(&told), bytes).unwrap();
        };
        altered(&flip, &told);
        altered(
            &|folder| fs::remove_file(folder.join(&told)).unwrap(),
            &told,
        );
    }
    let stray = |folder: &Path| fs::write(folder.join("data/journal/stray"), b"x").unwrap();
    altered(&stray, "data/journal/stray");
    // Somebody who changes the manifest too has to make records that lead to its roots.
    let root = |folder: &Path| {
        let path = folder.join("manifest.json");
        let told = fs::read_to_string(&path).unwrap();
        let ledgers = manifest["ledgers"].as_object().unwrap();
        let root = ledgers.values().next().unwrap()["root"].as_str().unwrap();
        fs::write(path, told.replace(root, &"0".repeat(root.len()))).unwrap();
    };
    altered(&root, "data/journal");
}

/// Has a backup's manifest say something else.
fn restate(backup: &Path, alter: impl FnOnce(&mut Value)) {
    let path = backup.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    alter(&mut manifest);
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

#[test]
fn a_drill_restores_starts_and_verifies_the_newest_backup_and_leaves_nothing() {
    let (mut place, plan, day) = Place::with_plan();
    assert_eq!(place.daicho("checkpoint").code, 0);
    let root = place.folder.path();
    let (store, scratch) = (root.join("backups"), root.join("scratch"));
    fs::create_dir(&scratch).unwrap();
    let policy = root.join("policy");
    fs::write(&policy, place.daicho("trust-policy").output).unwrap();
    let words = [
        "verify",
        "drill",
        text(&store),
        "--scratch",
        text(&scratch),
        "--json",
    ];
    let known = ["--policy", text(&policy)];
    let drill = |more: &[&str]| {
        let ended = run(&[&words[..], more].concat());
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0, "{ended:?}");
        ended
    };
    assert_eq!(drill(&known).code, 3, "there is no folder of backups");
    fs::create_dir(&store).unwrap();
    assert_eq!(drill(&known).code, 3, "there is no backup in it");

    let older = path(&backed_up(&place, &store));
    let newer = path(&backed_up(&place, &store));
    for other in ["9999-01-01T00-00-00Z.unfinished", "lost+found", "old"] {
        fs::create_dir(store.join(other)).unwrap();
    }
    let drilled = drill(&known);
    assert_eq!(drilled.code, 0, "{drilled:?}");
    let told = drilled.json();
    assert_eq!(path(&told), newer);
    assert_eq!(told["restored"]["outcome"], "VERIFIED", "{told}");
    let size = told["ledgers"][0]["events"].as_u64().unwrap();
    assert_eq!(told["ledgers"][0]["in_read_copy"], size, "{told}");
    // What an auditor kept is held against it: by the name, for a backup has no keys.
    let since = root.join("since.checkpoint");
    let kept = fs::read_dir(root.join("data/checkpoints")).unwrap().next();
    fs::copy(kept.unwrap().unwrap().path(), &since).unwrap();
    let drilled = drill(&[&known[..], &["--since", text(&since)]].concat());
    assert_eq!(drilled.code, 0, "{drilled:?}");
    // Two are signed after their file was copied and before the journal is.
    for _ in 0..2 {
        let recorded = place.daicho(&format!("record {plan}/文化部/1-1/1.1 1 --on {day}"));
        assert_eq!(recorded.code, 0, "{recorded:?}");
        assert_eq!(place.daicho("checkpoint").code, 0);
    }
    let busy = path(&backed_up(&place, &store));
    let file = fs::read_dir(busy.join("data/checkpoints")).unwrap().next();
    let file = file.unwrap().unwrap().path();
    fs::remove_file(&file).unwrap();
    fs::copy(&since, &file).unwrap();
    restate(&busy, |manifest| {
        let content = fs::read(&since).unwrap();
        let digest = hex::encode(crate::evidence::sha256(&content));
        let name = file.strip_prefix(busy.join("data")).unwrap();
        let entry = serde_json::json!({ "bytes": content.len(), "sha256": digest });
        manifest["files"][text(name)] = entry;
    });
    let drilled = drill(&known);
    assert_eq!(drilled.code, 0, "{drilled:?}");
    fs::remove_dir_all(&busy).unwrap();
    // Nobody says whom to believe.
    let drilled = drill(&[]);
    assert_eq!(drilled.code, 2, "{drilled:?}");
    assert_eq!(drilled.json()["restored"]["outcome"], "VERIFIED");

    // A server does not start on fewer events than there were; nor where a folder cannot be made, which is not the backup's fault.
    let recorded = place.daicho(&format!("record {plan}/文化部/1-1/1.1 1 --on {day}"));
    assert_eq!(recorded.code, 0, "{recorded:?}");
    assert_eq!(place.server.stop(), 0);
    let heads = fs::read(root.join("data/heads")).unwrap();
    for (file, content, code, outcome) in [
        ("heads", &heads[..], 1, "TAMPERED"),
        ("sled", b"x", 2, "UNDECIDED"),
    ] {
        let strange = store.join("9998-01-01T00-00-00Z");
        copy_folder(&newer, &strange);
        fs::write(strange.join("data").join(file), content).unwrap();
        restate(&strange, |manifest| {
            let digest = hex::encode(crate::evidence::sha256(content));
            let entry = serde_json::json!({ "bytes": content.len(), "sha256": digest });
            manifest["files"][file] = entry;
        });
        let drilled = drill(&known);
        assert_eq!(drilled.code, code, "{file}: {drilled:?}");
        assert_eq!(drilled.json()["restored"]["outcome"], outcome);
        fs::remove_dir_all(&strange).unwrap();
    }

    for (made_at, sentence) in [
        ("2001-01-01T00:00:00Z", "26 are allowed"),
        ("9999-01-01T00:00:00Z", "when the backup was taken"),
        ("yesterday", "when the backup was taken"),
    ] {
        restate(&newer, |manifest| manifest["made_at"] = made_at.into());
        let drilled = drill(&known);
        assert_eq!(drilled.code, 2, "{made_at}: {drilled:?}");
        let told = drilled.json()["restored"]["sentence"].to_string();
        assert!(told.contains(sentence), "{told}");
    }

    // An older one that is whole is no excuse.
    let journal = newer.join("data/journal/0000000001.journal");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[100] ^= 1;
    // The older one has the same file.
    fs::remove_file(&journal).unwrap();
    fs::write(&journal, bytes).unwrap();
    let drilled = drill(&known);
    assert_eq!(drilled.code, 1, "{drilled:?}");
    assert!(drilled.output.contains("0000000001.journal"), "{drilled:?}");
    assert_eq!(run(&["verify", "backup", text(&older)]).code, 0);
}

#[test]
fn what_is_no_backup_and_what_is_no_free_folder_are_refused() {
    let (place, _, _) = Place::with_plan();
    let root = place.folder.path();
    let taken = path(&backed_up(&place, &root.join("backups")));
    let code = |words: &[&str]| run(words).code;
    let data = root.join("data");
    assert_eq!(code(&["restore", text(&taken), "--data", text(&data)]), 4);
    let nothing = root.join("nothing");
    let store = root.join("backups");
    let lock = fs::File::open(store.join("lock")).unwrap();
    lock.lock().unwrap();
    let busy = run(&["backup", text(&store), "--data", text(&data)]);
    assert_eq!(busy.code, 4, "{busy:?}");
    assert!(
        busy.errors.contains("another backup is being taken"),
        "{busy:?}"
    );
    drop(lock);
    assert_eq!(code(&["restore", text(&data), "--data", text(&nothing)]), 3);
    assert_eq!(
        code(&[
            "backup",
            text(&root.join("others")),
            "--data",
            text(&nothing)
        ]),
        3
    );
    let path = taken.join("manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("daicho backup 1", "daicho backup 2"),
        ("\"format\"", "\"formt\""),
        ("journal/0000000001.journal", "../../0000000001.journal"),
        ("journal/0000000001.journal", "/0000000001.journal"),
    ] {
        fs::write(&path, manifest.replacen(from, to, 1)).unwrap();
        assert_eq!(
            code(&["restore", text(&taken), "--data", text(&nothing)]),
            3,
            "{to}"
        );
    }
    assert!(!nothing.exists());
}

#[test]
fn a_journal_in_another_folder_is_found_by_every_command_and_by_no_server_that_asks_elsewhere() {
    let (mut place, plan, _) = Place::with_plan();
    let (expected, answered) = (
        heads(place.server.address()),
        answers(place.server.address(), &plan),
    );
    assert_eq!(place.server.stop(), 0);
    let (data, disk) = (
        place.folder.path().join("data"),
        tempfile::tempdir().unwrap(),
    );
    let journal = disk.path().join("journal");
    copy_folder(&data.join("journal"), &journal);
    fs::remove_dir_all(data.join("journal")).unwrap();

    // What it is told of neither place.
    let serve = |more: &[&str]| {
        let words = ["serve", "--listen", "127.0.0.1:0", "--data", text(&data)];
        run(&[&words[..], more].concat())
    };
    let ended = serve(&[]);
    assert_eq!(ended.code, 11, "{ended:?}");
    assert!(
        ended.errors.contains(text(&data.join("journal"))),
        "{ended:?}"
    );
    place.server = Process::serve_with_journal(&data, &journal);
    assert_eq!(heads(place.server.address()), expected);
    assert_eq!(answers(place.server.address(), &plan), answered);
    let store = place.folder.path().join("backups");
    let taken = path(&backed_up(&place, &store));
    assert_eq!(place.server.stop(), 0);

    let other = disk.path().join("other");
    for more in [&[][..], &["--journal", text(&other)]] {
        let ended = serve(more);
        assert_eq!(ended.code, 2, "{ended:?}");
        let asked = more.last().map_or(data.join("journal"), PathBuf::from);
        for place in [&journal, &asked] {
            assert!(ended.errors.contains(text(place)), "{ended:?}");
        }
        assert!(!asked.exists());
    }
    let verified = run(&["verify", "backup", text(&taken)]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // Nobody says whose key to believe; all else is verified.
    let verified = run(&["verify", "store", text(&data)]);
    assert_eq!(verified.code, 2, "{verified:?}");
    assert!(
        verified.output.contains("CONTENT       verified"),
        "{verified:?}"
    );
    // A folder that is made of a backup has its journal in it.
    let restored = disk.path().join("restored");
    let ended = run(&["restore", text(&taken), "--data", text(&restored)]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let server = Process::serve(&restored);
    assert_eq!(heads(server.address()), expected);
}
