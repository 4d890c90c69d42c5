//! A folder whose journal the program trimmed, ended at every step of it, verified, tampered with, served, and put back.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::fault_point::{Point, VARIABLE};
use daicho::merkle::{Frontier, leaf_hash};
use daicho::proof::bundle::verify::{Finding, Kind};
use daicho::proof::store::Copies;
use serde_json::Value;
use tempfile::TempDir;

use super::forge::Segment;
use super::segments::in_segments;
use super::{Left, NOBODY, digests, forge};
use crate::cli::bundles::copy_folder;
use crate::cli::process::{Ended, command, daicho};
use crate::process::Process;

/// A data folder of many segments, and a backup of it.
struct Trimmable {
    left: Left,
    data: TempDir,
    backups: TempDir,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(words: &[&str]) -> Ended {
    daicho(NOBODY, words.iter().copied())
}

fn journal(verb: &str, data: &Path, backup: &Path, more: &[&str]) -> Ended {
    let folders = ["--data", text(data), "--backup", text(backup)];
    run(&[&["journal", verb], &folders[..], more].concat())
}

fn trim(data: &Path, backup: &Path) -> Ended {
    let more = ["--keep-segments", "2", "--lang", "en", "--json"];
    journal("trim", data, backup, &more)
}

fn untrim(data: &Path, backup: &Path) -> Ended {
    journal("untrim", data, backup, &["--lang", "en", "--json"])
}

impl Trimmable {
    async fn new() -> Self {
        let left = Left::new();
        let data = in_segments(&left).await;
        let backups = tempfile::tempdir().unwrap();
        Self {
            left,
            data,
            backups,
        }
    }

    fn back_up(&self) -> PathBuf {
        let (store, data) = (text(self.backups.path()), text(self.data.path()));
        let ended = run(&["backup", store, "--data", data, "--json"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()["backup"].as_str().unwrap().into()
    }

    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.data.path(), copy.path());
        copy
    }

    #[track_caller]
    fn assert_sound(&self, data: &Path) {
        let found = self.left.verify(data);
        assert!(found.is_sound(), "{found:?}");
    }
}

fn numbers(told: &Value) -> Vec<u64> {
    let numbers = told.as_array().unwrap().iter();
    numbers.map(|number| number.as_u64().unwrap()).collect()
}

fn segments(data: &Path) -> usize {
    let names = fs::read_dir(data.join("journal")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".journal")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_folder_is_verified_by_the_roots_that_are_left_and_any_change_of_it_is_found() {
    let place = Trimmable::new().await;
    let (left, data) = (&place.left, place.data.path());
    let backup = place.back_up();
    let all = segments(data);
    let ended = trim(data, &backup);
    assert_eq!(ended.code, 0, "{ended:?}");
    let told = ended.json();
    let trimmed = numbers(&told["trimmed_segments"]);
    assert_eq!(trimmed, (1..=all as u64 - 3).collect::<Vec<_>>());
    assert_eq!(told["whole_segments"], 3);
    assert!(2 * 20_000 < told["freed_bytes"].as_u64().unwrap(), "{told}");

    // Nothing is found, nothing is changed, and what is in one copy alone is said.
    let before = digests(data);
    let found = left.verify(data);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.ledgers[0].copies, Copies::BothWhole);
    assert_eq!(found.trimmed.len(), trimmed.len());
    let alone = found.ledgers[0].trimmed;
    assert!(100 < alone && alone < left.size, "{alone}");
    let ended = left.run(data, "--policy @policy --since @since --lang en");
    assert_eq!(ended.code, 0, "{ended:?}");
    for told in [
        format!("{} files of the journal are trimmed", trimmed.len()),
        format!("the read copy has {alone} alone"),
    ] {
        assert!(ended.output.contains(&told), "{told}: {ended:?}");
    }
    let told = left.run(data, "--policy @policy --json").json();
    assert_eq!(numbers(&told["trimmed_segments"]), trimmed);
    assert_eq!(told["ledgers"][0]["only_in_read_copy"], alone);
    assert_eq!(digests(data), before);

    let altered = |alter: &dyn Fn(&Path)| {
        let copy = place.copy();
        alter(copy.path());
        copy
    };
    // An event of sled, with all that sled says of it.
    let middle = alone / 2;
    let copy = altered(&|data| {
        forge::forge_copy(&forge::sled(data), |leaves| {
            *leaves[middle as usize].last_mut().unwrap() ^= 1;
        });
    });
    let found = left.verify(copy.path());
    assert!(!found.is_sound(), "{found:?}");
    assert_eq!(found.ledgers[0].copies, Copies::NeitherWhole, "{found:?}");
    let by_root = |found: &&Finding| {
        found.kind == Kind::StateDiffers && found.file.as_deref() == Some("sled")
    };
    let findings = found.ledgers[0].report.findings.iter();
    let (from, to) = findings
        .filter(by_root)
        .find_map(|f| f.position.zip(f.to))
        .unwrap();
    assert!((from..=to).contains(&middle), "{from} {to}: {found:?}");
    let (from, to) = found.ledgers[0].report.first_bad().unwrap();
    assert!((from..=to).contains(&middle), "{from} {to}: {found:?}");
    let ended = left.run(copy.path(), "--policy @policy --lang en");
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.output.contains("daicho journal untrim"), "{ended:?}");

    // A record of it that is gone.
    let copy = altered(&|data| {
        let db = forge::sled(data);
        let (first, _) = forge::copied(&db).remove(0);
        db.remove(first).unwrap();
        db.flush().unwrap();
    });
    let found = left.verify(copy.path());
    let ledger = &found.ledgers[0];
    let lacking = ledger.report.findings.iter();
    let mut lacking = lacking.filter(|found| found.kind == Kind::CopyLacks);
    assert!(lacking.any(|found| found.position == Some(0)), "{found:?}");
    assert_eq!(
        (ledger.root, ledger.copies),
        (None, Copies::NeitherWhole),
        "{found:?}"
    );

    // All of it.
    let copy = altered(&|data| fs::remove_dir_all(data.join("sled")).unwrap());
    let found = left.verify(copy.path());
    assert_eq!(
        found.ledgers[0].report.first_bad(),
        Some((0, 0)),
        "{found:?}"
    );
    assert_eq!(found.ledgers[0].copies, Copies::NeitherWhole, "{found:?}");

    // Every byte of what is left of a segment.
    let stub = Path::new("journal/0000000002.journal");
    let bytes = fs::read(data.join(stub)).unwrap();
    let copy = place.copy();
    for at in (0..bytes.len()).step_by(41) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        fs::write(copy.path().join(stub), flipped).unwrap();
        let found = left.verify(copy.path());
        assert!(!found.is_sound(), "{at}: {found:?}");
    }
    fs::write(copy.path().join(stub), &bytes).unwrap();
    place.assert_sound(copy.path());

    // And put back it is what it was.
    let ended = untrim(copy.path(), &backup);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(numbers(&ended.json()["put_back_segments"]), trimmed);
    let found = left.verify(copy.path());
    assert!(found.is_sound() && found.trimmed.is_empty(), "{found:?}");
    assert_eq!(found.ledgers[0].trimmed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_later_of_a_size_within_a_trimmed_segment_is_held_against_the_read_copy() {
    let place = Trimmable::new().await;
    let (left, data) = (&place.left, place.data.path());
    let ended = trim(data, &place.back_up());
    assert_eq!(ended.code, 0, "{ended:?}");
    let records = forge::copied(&forge::sled(data));
    let leaves = records.iter().flat_map(|(_, leaves)| leaves);
    // No commit ends there.
    let size = 37_u64;
    let frontier: Frontier = leaves.take(37).map(|leaf| leaf_hash(leaf)).collect();
    let tail = data.join(format!("journal/{:010}.journal", segments(data)));
    let whole = fs::read(&tail).unwrap();
    for wrong in [false, true] {
        let mut segment = Segment::read(&tail);
        let mut records = segment.records.iter_mut();
        // The newest mark, as of an earlier size: its ledger, generation, size and root.
        let mark = records.rfind(|record| record.kind == 3).unwrap();
        mark.body[28..36].copy_from_slice(&size.to_be_bytes());
        let mut root = *frontier.root().as_bytes();
        root[0] ^= u8::from(wrong);
        mark.body[36..68].copy_from_slice(&root);
        segment.write();
        let found = left.verify(data);
        assert_eq!(found.is_sound(), !wrong, "{found:?}");
        let findings = &found.ledgers[0].report.findings;
        assert!(
            findings
                .iter()
                .all(|found| found.kind == Kind::StateDiffers)
        );
        fs::write(&tail, &whole).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trim_that_is_ended_at_any_step_is_gone_on_from_and_so_is_putting_back() {
    let place = Trimmable::new().await;
    let backup = place.back_up();
    let whole = place.copy();
    let ended_at = |words: [&str; 2], data: &Path, point: Point, passing: u32| {
        let place = ["--data", text(data), "--backup", text(&backup)];
        let ended = command(NOBODY, words.into_iter().chain(place))
            .args(
                ["--keep-segments", "1"]
                    .iter()
                    .filter(|_| words[1] == "trim"),
            )
            .env(VARIABLE, format!("{}:{passing}", point.name()))
            .output()
            .unwrap();
        assert_eq!(
            ended.status.code(),
            None,
            "{point:?}:{passing} was never passed"
        );
    };
    for (point, passing) in [
        (Point::TrimNoted, 1),
        (Point::TrimDrafted, 1),
        (Point::TrimNamed, 1),
        (Point::TrimDrafted, 2),
        (Point::TrimNamed, 3),
    ] {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(whole.path(), copy.path());
        let data = copy.path();
        ended_at(["journal", "trim"], data, point, passing);
        place.assert_sound(data);
        let ended = trim(data, &backup);
        assert_eq!(ended.code, 0, "{ended:?}");
        place.assert_sound(data);
        if point == Point::TrimNoted {
            continue;
        }
        ended_at(["journal", "untrim"], data, point, passing);
        place.assert_sound(data);
        let ended = untrim(data, &backup);
        assert_eq!(ended.code, 0, "{ended:?}");
        let found = place.left.verify(data);
        assert!(found.is_sound() && found.trimmed.is_empty(), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_folder_is_served_and_backed_up_and_the_start_says_what_to_do_without_its_read_copy()
 {
    let place = Trimmable::new().await;
    let (data, backup) = (place.data.path(), place.back_up());
    let heads = |server: &Process| daicho(server.address(), ["ledger", "list", "--json"]);
    let mut server = Process::serve(data);
    let expected = heads(&server);
    assert_eq!(expected.code, 0, "{expected:?}");
    // Nobody touches what a server has open.
    for ended in [trim(data, &backup), untrim(data, &backup)] {
        assert_eq!(ended.code, 9, "{ended:?}");
        assert!(ended.errors.contains("a server has"), "{ended:?}");
    }
    assert_eq!(server.stop(), 0);
    let ended = trim(data, &backup);
    assert_eq!(ended.code, 0, "{ended:?}");

    let mut server = Process::serve(data);
    assert_eq!(heads(&server).output, expected.output);
    let ended = daicho(server.address(), ["verify", "store", "--lang", "en"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.output.contains("where the journal was trimmed"),
        "{ended:?}"
    );
    assert_eq!(server.stop(), 0);

    // It is backed up where what is missing is, and nowhere else.
    let elsewhere = tempfile::tempdir().unwrap();
    let ended = run(&[
        "backup",
        text(elsewhere.path()),
        "--data",
        text(data),
        "--lang",
        "en",
    ]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.errors.contains("journal untrim"), "{ended:?}");
    let second = loop {
        let ended = run(&[
            "backup",
            text(place.backups.path()),
            "--data",
            text(data),
            "--json",
        ]);
        // Two within a second would have one name.
        if ended.code != 4 {
            assert_eq!(ended.code, 0, "{ended:?}");
            break PathBuf::from(ended.json()["backup"].as_str().unwrap());
        }
    };
    fs::remove_dir_all(&backup).unwrap();
    let verified = run(&["verify", "backup", text(&second)]);
    assert_eq!(verified.code, 0, "{verified:?}");

    fs::remove_dir_all(data.join("sled")).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", text(data)];
    let refused = run(&serve);
    assert_eq!(refused.code, 11, "{refused:?}");
    for told in ["are trimmed", "daicho journal untrim", text(&backup)] {
        assert!(refused.errors.contains(told), "{told}: {refused:?}");
    }
    let ended = untrim(data, &second);
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut server = Process::serve(data);
    assert_eq!(heads(&server).output, expected.output);
    assert_eq!(server.stop(), 0);
    place.assert_sound(data);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_trimmed_is_refused_with_what_to_do_in_both_languages() {
    let place = Trimmable::new().await;
    let (data, backup) = (place.data.path(), place.back_up());
    let before = digests(&data.join("journal"));
    let nothing = place.backups.path().join("nothing");
    let refused = |data: &Path, backup: &Path, code: i32, told: [&str; 2]| {
        for (lang, told) in ["ja", "en"].into_iter().zip(told) {
            let more = ["--keep-segments", "1", "--lang", lang];
            let ended = journal("trim", data, backup, &more);
            assert_eq!(ended.code, code, "{ended:?}");
            assert!(ended.errors.contains(told), "{told}: {ended:?}");
            assert_eq!(ended.output, "");
        }
    };
    refused(
        &nothing,
        &backup,
        3,
        ["データフォルダーではありません", "is no data folder"],
    );
    refused(data, &nothing, 3, ["控えではありません", "is no backup"]);
    // Of another folder.
    let other = place.left.sample.data();
    let store = tempfile::tempdir().unwrap();
    let taken = run(&[
        "backup",
        text(store.path()),
        "--data",
        text(&other),
        "--json",
    ]);
    let taken: PathBuf = taken.json()["backup"].as_str().unwrap().into();
    refused(data, &taken, 1, ["の控えではありません", "is no backup of"]);
    // A damaged one.
    let damaged = tempfile::tempdir().unwrap();
    copy_folder(&backup, damaged.path());
    let file = damaged.path().join("data/journal/0000000001.journal");
    let mut bytes = fs::read(&file).unwrap();
    bytes[20_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    refused(
        data,
        damaged.path(),
        11,
        ["控えが壊れている", "the backup is damaged"],
    );
    // One from before.
    let older = tempfile::tempdir().unwrap();
    copy_folder(&backup, older.path());
    fs::remove_file(older.path().join("data/journal/0000000002.journal")).unwrap();
    refused(data, older.path(), 1, ["控えを取り直し", "take a backup"]);
    // A read copy that is not there.
    let copy = place.copy();
    fs::remove_dir_all(copy.path().join("sled")).unwrap();
    refused(
        copy.path(),
        &backup,
        11,
        ["サーバーを一度起動して止め", "start the server once"],
    );
    let ended = run(&[
        "journal",
        "trim",
        "--backup",
        text(&backup),
        "--keep-segments",
        "0",
    ]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(digests(&data.join("journal")), before);

    for (lang, told) in [
        ("ja", "切り詰めるファイルがありません"),
        ("en", "there is nothing to trim"),
    ] {
        let ended = journal("trim", data, &backup, &["--lang", lang]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.output.contains(told), "{ended:?}");
    }
}
