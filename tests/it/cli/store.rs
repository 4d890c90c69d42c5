//! A data folder as a server leaves it, and every way to tamper with one.
//!
//! Whatever is altered must be found, at its first position. What is not found must say nothing: for every byte of sled
//! that can be flipped unseen, everything that sled says is read before and after, and is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daicho::merkle::{
    Hash, KeyName, SignatureType, SignedCheckpoint, Signer, SigningKey, TrustPolicy,
};
use daicho::proof::bundle::verify::Kind;
use daicho::proof::store::{Copies, OpenError, StoreReport, Terms, verify};
use tempfile::TempDir;

use self::forge::Segment;
use super::bundles::copy_folder;
use super::process::{Ended, daicho};
use super::rounds::Sample;

pub(super) mod forge;
mod live;
mod segments;
mod trimmed;

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// A data folder whose server has stopped, a policy, and checkpoints that were kept outside.
struct Left {
    folder: TempDir,
    sample: Sample,
    size: u64,
}

impl Left {
    fn new() -> Self {
        let mut sample = Sample::on("2023-06-11");
        let folder = tempfile::tempdir().unwrap();
        let keep = |name: &str, line: &str| {
            fs::write(folder.path().join(name), sample.done(line).output).unwrap();
        };
        keep("policy", "trust-policy");
        keep("early", "checkpoint --size 300");
        keep("since", "checkpoint");
        assert_eq!(sample.server.stop(), 0);
        let since = fs::read(folder.path().join("since")).unwrap();
        let size = SignedCheckpoint::parse(&since).unwrap();
        let size = size.checkpoint().head().size;
        assert!(600 < size, "{size}");
        Self {
            folder,
            sample,
            size,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn policy(&self) -> TrustPolicy {
        TrustPolicy::parse(&fs::read(self.path("policy")).unwrap()).unwrap()
    }

    /// A copy of the data folder to be altered.
    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.sample.data(), copy.path());
        copy
    }

    /// Runs the program on a folder.
    fn run(&self, data: &Path, more: &str) -> Ended {
        let mut words = vec!["verify", "store", data.to_str().unwrap()];
        let files = more.split(' ').filter(|word| !word.is_empty());
        let files: Vec<String> = files
            .map(|word| match word.strip_prefix('@') {
                Some(name) => self.path(name).to_str().unwrap().to_owned(),
                None => word.to_owned(),
            })
            .collect();
        words.extend(files.iter().map(String::as_str));
        let scratch = tempfile::tempdir().unwrap();
        words.extend(["--scratch", scratch.path().to_str().unwrap()]);
        let ended = daicho(NOBODY, words);
        let left = fs::read_dir(scratch.path()).unwrap().count();
        assert_eq!(left, 0, "the private copy is still there");
        ended
    }

    /// Verifies a folder under the policy.
    fn verify(&self, data: &Path) -> StoreReport {
        self.try_verify(data).unwrap()
    }

    fn try_verify(&self, data: &Path) -> Result<StoreReport, OpenError> {
        let (policy, scratch) = (self.policy(), tempfile::tempdir().unwrap());
        let terms = Terms {
            policy: Some(&policy),
            since: None,
            scratch: scratch.path(),
        };
        verify(data, terms, &mut |_| {})
    }

    /// Holds a folder that was altered to the first bad position, and to what is wrong with it.
    #[track_caller]
    fn found(&self, data: &Path, first: Option<(u64, u64)>, kind: Kind) -> StoreReport {
        let found = self.verify(data);
        let [ledger] = &found.ledgers[..] else {
            panic!("{found:?}")
        };
        let all = || ledger.report.findings.iter().chain(&found.folder.findings);
        assert!(all().any(|found| found.kind == kind), "{kind:?}: {found:?}");
        assert_eq!(ledger.report.first_bad(), first, "{found:?}");
        let ended = self.run(data, "--policy @policy --json");
        assert_eq!(ended.code, 1, "{ended:?}");
        found
    }
}

fn journal(data: &Path) -> PathBuf {
    data.join("journal/0000000001.journal")
}

/// The digest of every file of a folder.
fn digests(folder: &Path) -> BTreeMap<PathBuf, Hash> {
    let mut digests = BTreeMap::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => ahead.push(path),
                false => {
                    let digest = Hash::digest(&fs::read(&path).unwrap());
                    digests.insert(path, digest);
                }
            }
        }
    }
    digests
}

#[test]
fn a_folder_that_nobody_touched_is_verified_and_nothing_in_it_is_changed() {
    let left = Left::new();
    let data = left.sample.data();
    let before = digests(&data);
    let whole = left.run(&data, "--policy @policy --since @since --json");
    assert_eq!(whole.code, 0, "{whole:?}");
    let json = whole.json();
    for verdict in ["integrity", "completeness", "content"] {
        assert_eq!(json[verdict]["outcome"], "VERIFIED", "{json}");
    }
    assert_eq!(json["witnessed"]["outcome"], "NOT_SHOWN");
    let ledger = &json["ledgers"][0];
    assert_eq!(ledger["events"], left.size);
    assert_eq!(ledger["in_read_copy"], left.size);
    assert_eq!(ledger["last_good"], left.size);
    assert_eq!(ledger["copies"], "both_whole");
    assert_eq!(ledger["root"], ledger["root_of_all"]);

    // The folder's own key proves nothing to others.
    let alone = left.run(&data, "--lang en");
    assert_eq!(alone.code, 2, "{alone:?}");
    assert!(alone.output.contains("name a trust policy"), "{alone:?}");
    let other = left.run(&data, "--policy @policy --ledger nobody");
    assert_eq!(other.code, 3, "{other:?}");
    let japanese = left.run(&data, "--policy @policy --lang ja");
    assert!(japanese.output.contains("二つの控えの"), "{japanese:?}");
    assert!(digests(&data) == before, "something was changed");
}

#[test]
fn a_folder_that_a_server_has_open_is_refused() {
    let sample = Sample::on("2023-06-11");
    let data = sample.data();
    let ended = daicho(
        NOBODY,
        ["verify", "store", data.to_str().unwrap(), "--lang", "en"],
    );
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.errors.contains("a server has"), "{ended:?}");
    let missing = daicho(NOBODY, ["verify", "store", "/nowhere", "--lang", "en"]);
    assert_eq!(missing.code, 3, "{missing:?}");
}

/// Bytes that are looked at in each file: a stride that is no multiple of anything.
fn stride(length: usize, flips: usize) -> impl Iterator<Item = usize> {
    let step = (length / flips).max(1) | 1;
    (0..length).step_by(step)
}

#[test]
fn no_flipped_byte_of_the_journal_or_a_small_file_goes_unseen() {
    let left = Left::new();
    let copy = left.copy();
    let data = copy.path();
    let records = Segment::read(&journal(data)).records;
    let last = records.last().unwrap().offset;
    let mut looked_at = 0;
    for file in digests(data).keys() {
        let name = file.strip_prefix(data).unwrap().to_str().unwrap();
        // What lies beside says nothing of events: locks, findings, evidence, what page tokens are sealed with, words that
        // may be erased.
        let is_of_events = ["journal/", "checkpoints/", "heads", "format"];
        let is_key = name.starts_with("keys/") && name.ends_with(".skey");
        if !is_key && !is_of_events.iter().any(|begin| name.starts_with(begin)) {
            continue;
        }
        let whole = fs::read(file).unwrap();
        for at in stride(whole.len(), 30) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(file, &bytes).unwrap();
            looked_at += 1;
            // Space after a key is not part of it.
            let rest = String::from_utf8_lossy(&bytes[at..]);
            let is_space = name.ends_with(".skey") && rest.trim().is_empty();
            if is_space {
                continue;
            }
            let found = match left.try_verify(data) {
                // It says now that another program or a later version wrote the folder.
                Err(OpenError::OtherEngine { .. } | OpenError::Newer { .. }) => {
                    assert_eq!(name, "format", "byte {at}");
                    continue;
                }
                found => found.unwrap(),
            };
            if name.starts_with("journal") && at >= last && records.last().unwrap().kind == 3 {
                // A mark behind everything that was signed: a write that was cut short looks so, unless the read copy had
                // come to say that it read it.
                match &found.unfinished {
                    Some(unfinished) => {
                        assert_eq!(unfinished.at, last as u64, "{found:?}");
                        assert!(found.is_sound(), "{name} {at}: {found:?}");
                    }
                    None => {
                        let findings = &found.folder.findings;
                        let kinds: Vec<Kind> = findings.iter().map(|found| found.kind).collect();
                        assert_eq!(kinds, [Kind::JournalDamaged], "{found:?}");
                    }
                }
                continue;
            }
            assert!(!found.is_sound(), "{name}, byte {at}");
            let of = records.iter().rfind(|record| record.offset <= at);
            if let Some(record) =
                of.filter(|record| name.starts_with("journal") && record.kind == 1)
            {
                let section = forge::Section::decode(&record.body);
                let report = &found.ledgers[0].report;
                let first = (section.first, section.first);
                assert_eq!(report.first_bad(), Some(first), "byte {at}: {found:?}");
                assert_eq!(found.ledgers[0].copies, Copies::CopyWhole, "{found:?}");
            }
        }
        fs::write(file, &whole).unwrap();
    }
    assert!(100 < looked_at, "{looked_at}");
    assert!(left.verify(data).is_sound());
}

#[test]
fn zeros_behind_the_journal_say_nothing_and_any_other_byte_there_is_told() {
    let left = Left::new();
    let copy = left.copy();
    let file = journal(copy.path());
    let mut bytes = fs::read(&file).unwrap();
    let end = bytes.len();
    bytes.resize(end + 300_000, 0);
    fs::write(&file, &bytes).unwrap();
    let found = left.verify(copy.path());
    assert!(found.is_sound() && found.unfinished.is_none(), "{found:?}");
    for at in [0, 7, 100, 299_999] {
        bytes[end + at] = 1;
        fs::write(&file, &bytes).unwrap();
        bytes[end + at] = 0;
        let found = left.verify(copy.path());
        let unfinished = found.unfinished.unwrap();
        assert_eq!(
            (unfinished.at, unfinished.bytes),
            (end as u64, at as u64 + 1)
        );
    }
}

#[test]
fn no_flipped_byte_of_sled_that_says_anything_goes_unseen() {
    let left = Left::new();
    let copy = left.copy();
    let data = copy.path();
    let says = |data: &Path| {
        let private = tempfile::tempdir().unwrap();
        copy_folder(&data.join("sled"), &private.path().join("sled"));
        forge::content(private.path())
    };
    let whole_content = says(data).unwrap();
    let (mut seen, mut unseen) = (0, 0);
    for file in digests(&data.join("sled")).keys() {
        let whole = fs::read(file).unwrap();
        // Most of a segment was never written.
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
        for at in stride(used, 40) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(file, &bytes).unwrap();
            match left.verify(data).is_sound() {
                false => seen += 1,
                true => {
                    unseen += 1;
                    let content = says(data);
                    let same = content.as_ref() == Ok(&whole_content);
                    assert!(same, "{}, byte {at} says something", file.display());
                }
            }
        }
        fs::write(file, &whole).unwrap();
    }
    println!("{seen} flipped bytes of sled were seen, {unseen} say nothing");
    assert!(0 < seen);
    assert!(left.verify(data).is_sound());
}

type Change = fn(&mut Vec<Vec<u8>>);

const AT: usize = 321;

/// What somebody may do to the events, and the first position that is bad then.
const CHANGES: [(&str, Change, u64); 4] = [
    (
        "changed",
        |leaves| *leaves[AT].last_mut().unwrap() ^= 1,
        AT as u64,
    ),
    ("swapped", |leaves| leaves.swap(AT, AT + 1), AT as u64),
    ("dropped", |leaves| drop(leaves.remove(AT)), AT as u64),
    ("cut", |leaves| drop(leaves.pop()), u64::MAX),
];

#[test]
fn events_that_differ_in_one_copy_are_found_and_the_other_is_known_to_be_whole() {
    let left = Left::new();
    for (name, change, first) in CHANGES {
        let first = first.min(left.size - 1);
        let copy = left.copy();
        let mut segment = Segment::read(&journal(copy.path()));
        segment.forge(change);
        segment.write();
        let found = left.verify(copy.path());
        let report = &found.ledgers[0].report;
        assert_eq!(
            report.first_bad(),
            Some((first, first)),
            "{name}: {found:?}"
        );
        assert_eq!(
            found.ledgers[0].copies,
            Copies::CopyWhole,
            "{name}: {found:?}"
        );
        assert_eq!(report.last_good, Some(left.size), "{name}");

        let copy = left.copy();
        let db = forge::sled(copy.path());
        forge::forge_copy(&db, change);
        drop(db);
        let found = left.verify(copy.path());
        let report = &found.ledgers[0].report;
        assert_eq!(
            report.first_bad(),
            Some((first, first)),
            "{name}: {found:?}"
        );
        assert_eq!(
            found.ledgers[0].copies,
            Copies::JournalWhole,
            "{name}: {found:?}"
        );
        assert_eq!(report.last_good, Some(left.size), "{name}");
        let told = left.run(copy.path(), "--policy @policy --lang en");
        assert_eq!(told.code, 1, "{told:?}");
        assert!(told.output.contains("makes the read copy anew"), "{told:?}");
    }
}

#[test]
fn events_that_differ_in_both_copies_are_found_by_what_was_signed() {
    let left = Left::new();
    for (name, change, first) in CHANGES {
        let first = first.min(left.size - 1);
        let copy = left.copy();
        let mut segment = Segment::read(&journal(copy.path()));
        segment.forge(change);
        segment.write();
        let db = forge::sled(copy.path());
        forge::forge_copy(&db, change);
        drop(db);
        let found = left.verify(copy.path());
        let report = &found.ledgers[0].report;
        assert_eq!(
            report.first_bad(),
            Some((first, first)),
            "{name}: {found:?}"
        );
        assert_eq!(
            found.ledgers[0].copies,
            Copies::NeitherWhole,
            "{name}: {found:?}"
        );
        // Of size 300 a checkpoint was kept, before anything that was altered.
        if name != "cut" {
            assert!(
                report.last_good.is_some_and(|good| good <= first),
                "{name}: {found:?}"
            );
            assert!(Some(300) <= report.last_good, "{name}: {found:?}");
        }
        assert_eq!(left.run(copy.path(), "--policy @policy").code, 1, "{name}");
    }
}

#[test]
fn an_index_that_says_otherwise_is_found() {
    let left = Left::new();
    // A list of positions, a run of ids, the hashes of a tile: one byte of the last entry of each.
    for kind in *b"pit" {
        let copy = left.copy();
        let db = forge::sled(copy.path());
        let of_kind = |key: &[u8]| key.get(17) == Some(&kind);
        let mut records = db.scan_prefix([3]).map(Result::unwrap);
        let (key, value) = records.rfind(|(key, _)| of_kind(key)).unwrap();
        let mut value = value.to_vec();
        *value.last_mut().unwrap() ^= 1;
        db.insert(key, value).unwrap();
        db.flush().unwrap();
        drop(db);
        let found = left.verify(copy.path());
        let report = &found.ledgers[0].report;
        let of_index =
            |found: &&daicho::proof::bundle::verify::Finding| found.kind == Kind::IndexDiffers;
        let finding = report.findings.iter().find(of_index).unwrap();
        assert!(
            finding.position.is_some(),
            "{}: {found:?}",
            char::from(kind)
        );
        assert_eq!(left.run(copy.path(), "--policy @policy").code, 1);
    }
    // A record that is gone.
    let copy = left.copy();
    let db = forge::sled(copy.path());
    let mut keys = db.scan_prefix([3]).keys().map(Result::unwrap);
    let key = keys.find(|key| key.get(17) == Some(&b'p')).unwrap();
    db.remove(key).unwrap();
    db.flush().unwrap();
    drop(db);
    let found = left.verify(copy.path());
    assert!(!found.is_sound(), "{found:?}");
}

#[test]
fn a_checkpoint_that_was_replaced_is_found() {
    let left = Left::new();
    let early = fs::read_to_string(left.path("early")).unwrap();
    let signed = SignedCheckpoint::parse(early.as_bytes()).unwrap();
    let root = signed.checkpoint().head().root;
    let name = KeyName::parse(signed.checkpoint().origin()).unwrap();
    let other = SigningKey::from_seed(name, SignatureType::Ed25519, &[9; 32]);
    let signer: &dyn Signer = &other;
    let by_other = SignedCheckpoint::sign(signed.checkpoint().clone(), [signer], 0).unwrap();
    let by_other = by_other.note().to_string();
    let bent = early.replacen("\n300\n", "\n301\n", 1);

    // In the read copy: by another key, of another size, taken away.
    let notes = [
        Some((root, by_other.as_str())),
        Some((root, bent.as_str())),
        None,
    ];
    for note in notes {
        let copy = left.copy();
        let db = forge::sled(copy.path());
        forge::replace_kept(&db, 300, note);
        drop(db);
        let found = left.verify(copy.path());
        assert!(!found.is_sound(), "{note:?}: {found:?}");
        assert_eq!(left.run(copy.path(), "--policy @policy").code, 1);
    }
    // In the journal, with a right checksum: a signature with one bit changed.
    let copy = left.copy();
    let mut segment = Segment::read(&journal(copy.path()));
    let of_300 =
        |record: &&mut forge::Record| forge::kept(record).is_some_and(|(size, _)| size == 300);
    let record = segment.records.iter_mut().find(of_300).unwrap();
    let (_, note) = forge::kept(record).unwrap();
    record.body[note + early.len() - 40] = match record.body[note + early.len() - 40] {
        b'A' => b'B',
        _ => b'A',
    };
    segment.write();
    left.found(copy.path(), None, Kind::SignatureFalse);
    // Taken out of the journal alone.
    let copy = left.copy();
    let mut segment = Segment::read(&journal(copy.path()));
    segment
        .records
        .retain(|record| forge::kept(record).is_none_or(|(size, _)| size != 300));
    segment.write();
    left.found(copy.path(), None, Kind::KeptMissing);
    // The file outside both copies: an old one in its place.
    let copy = left.copy();
    let files = fs::read_dir(copy.path().join("checkpoints")).unwrap();
    for file in files {
        fs::write(file.unwrap().path(), &early).unwrap();
    }
    left.found(copy.path(), None, Kind::FolderDamaged);
}

#[test]
fn a_folder_that_was_put_back_is_whole_in_itself_and_shorter_than_what_was_kept() {
    let mut sample = Sample::on("2023-06-11");
    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, sample: &Sample, line: &str| {
        fs::write(folder.path().join(name), sample.done(line).output).unwrap();
    };
    keep("policy", &sample, "trust-policy");
    assert_eq!(sample.server.stop(), 0);
    let backup = tempfile::tempdir().unwrap();
    copy_folder(&sample.data(), backup.path());
    let data = sample.data();
    let data = data.to_str().unwrap();
    let again = crate::process::Process::start(
        ["demo", "--at", "2023-06-11", "--data", data].map(std::ffi::OsStr::new),
    );
    let told = |line: &str| daicho(again.address(), line.split(' '));
    let narrated =
        told("record R5/企画財政部/1-1/1.1 1 --on 2023-06-01 --reason 開催した --as 企画課");
    let size = told("checkpoint --json").json()["size"].as_u64();
    fs::write(folder.path().join("since"), told("checkpoint").output).unwrap();
    drop(again);

    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (policy, since) = (path("policy"), path("since"));
    let old = backup.path().to_str().unwrap();
    let alone = daicho(NOBODY, ["verify", "store", old, "--policy", &policy]);
    assert_eq!(alone.code, 0, "{alone:?}");
    let words = [
        "verify", "store", old, "--policy", &policy, "--since", &since, "--json",
    ];
    let ended = daicho(NOBODY, words);
    assert_eq!(ended.code, 1, "{narrated:?} {size:?} {ended:?}");
    let first = &ended.json()["ledgers"][0]["first_bad"]["from"];
    assert_eq!(
        first.as_u64(),
        ended.json()["ledgers"][0]["events"].as_u64()
    );
    // The folder of today goes on from it, though its server was killed.
    let words = [
        "verify", "store", data, "--policy", &policy, "--since", &since, "--json",
    ];
    let ended = daicho(NOBODY, words);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_record_is_proven_by_the_file_that_it_was_answered_with() {
    let (place, plan, day) = super::process::Place::with_plan();
    let path = |name: &str| place.folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("policy"), place.daicho("trust-policy").output).unwrap();
    let (policy, receipt) = (path("policy"), path("3.tlog-proof"));
    let line = format!("record {plan}/文化部/1-1/1.1 3 --on {day} --receipt {receipt} --json");
    let recorded = place.daicho(&line);
    assert_eq!(recorded.code, 0, "{recorded:?}");
    let words = ["verify", "proof", &receipt, "--policy", &policy, "--json"];
    let verified = daicho(NOBODY, words);
    assert_eq!(verified.code, 0, "{verified:?}");
    let position = &recorded.json()["receipt"]["first_position"];
    let position = position
        .as_str()
        .map(str::to_owned)
        .or(position.as_u64().map(|p| p.to_string()));
    assert_eq!(
        Some(verified.json()["position"].to_string()),
        position,
        "{recorded:?}"
    );
}
