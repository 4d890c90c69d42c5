//! A bundle as an auditor gets and verifies it, and every way to tamper with one.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::api::v1;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::merkle::{
    Checkpoint, Frontier, Hash, KeyName, SignatureType, SignedCheckpoint, Signer, SigningKey, Tile,
    TileBuilder, encode_entries, leaf_hash,
};
use daicho::proof::bundle::PIECE_BYTES_MAX;
use daicho::proof::bundle::{Listed, Manifest};
use daicho::proof::policy;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Ended, daicho};
use super::rounds::Sample;

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// A folder with a bundle, a policy and a checkpoint that was kept before.
struct Taken {
    folder: TempDir,
    size: u64,
}

impl Taken {
    fn new() -> (Self, Sample) {
        let sample = Sample::on("2023-06-11");
        let folder = tempfile::tempdir().unwrap();
        let keep = |name: &str, line: &str| {
            fs::write(folder.path().join(name), sample.done(line).output).unwrap();
        };
        keep("policy", "trust-policy");
        keep("kept", "checkpoint --size 300");
        keep("early", "checkpoint --size 7");
        let bundle = folder.path().join("bundle");
        let made = sample
            .done(&format!("bundle {} --json", bundle.display()))
            .json();
        let size = made["size"].as_u64().unwrap();
        assert!(600 < size, "more than two tiles: {size}");
        (Self { folder, size }, sample)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of the bundle to be altered.
    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.path("bundle"), copy.path());
        copy
    }

    fn verify(&self, bundle: &Path, more: &str) -> Ended {
        let policy = self.path("policy");
        let line = format!(
            "verify bundle {} --policy {} {more}",
            bundle.display(),
            policy.display()
        );
        daicho(NOBODY, line.split_whitespace())
    }

    /// Alters a copy with `alter`, and expects what is found of it.
    #[track_caller]
    fn tampered(
        &self,
        what: &str,
        alter: impl FnOnce(&Path),
        kind: &str,
        first: Option<(u64, u64)>,
    ) {
        let copy = self.copy();
        alter(copy.path());
        let ended = self.verify(copy.path(), "--json");
        assert_eq!(ended.code, 1, "{what}: {ended:?}");
        let found: Value = serde_json::from_str(&ended.output).unwrap();
        let findings = found["findings"].as_array().unwrap();
        let kinds: Vec<&str> = findings
            .iter()
            .map(|f| f["kind"].as_str().unwrap())
            .collect();
        assert!(kinds.contains(&kind), "{what}: {kinds:?}");
        let bad = &found["first_bad"];
        let bad = bad["from"].as_u64().zip(bad["to"].as_u64());
        assert_eq!(bad, first, "{what}: {findings:#?}");
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &target),
            false => drop(fs::copy(&path, target).unwrap()),
        }
    }
}

/// The entry bundle that holds `position`, and the first position in it.
fn bundle_of(folder: &Path, position: u64) -> (PathBuf, u64) {
    let manifest = manifest(folder);
    let tile = Tile::all_entries(manifest.size).find(|tile| tile.index() == position / 256);
    (folder.join(tile.unwrap().to_string()), position / 256 * 256)
}

fn leaves(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let leaves = daicho::merkle::decode_entries(&bytes).unwrap();
    leaves.into_iter().map(<[u8]>::to_vec).collect()
}

fn put_leaves(path: &Path, leaves: &[Vec<u8>]) {
    fs::write(
        path,
        encode_entries(leaves.iter().map(Vec::as_slice)).unwrap(),
    )
    .unwrap();
}

/// Alters the leaves of the bundle that holds `position`; `alter` is told where it stands among them.
fn alter_leaves(folder: &Path, position: u64, alter: impl FnOnce(&mut Vec<Vec<u8>>, usize)) {
    let (path, first) = bundle_of(folder, position);
    let mut leaves = leaves(&path);
    alter(&mut leaves, usize::try_from(position - first).unwrap());
    put_leaves(&path, &leaves);
}

/// Flips the last bit of an event's last byte.
fn flip(leaf: &mut [u8]) {
    *leaf.last_mut().unwrap() ^= 1;
}

fn manifest(folder: &Path) -> Manifest {
    Manifest::parse(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// Makes the manifest say what the files are now, as a forger would.
fn list_again(folder: &Path) {
    let mut manifest = manifest(folder);
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let below = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                ahead.push(path);
            } else if below != "manifest.json" {
                let bytes = fs::read(&path).unwrap();
                files.push(Listed {
                    path: below,
                    bytes: bytes.len() as u64,
                    sha256: Hash::digest(&bytes),
                });
            }
        }
    }
    manifest.files = files;
    fs::write(folder.join("manifest.json"), manifest.to_text()).unwrap();
}

/// Builds the tiles anew from the events, as a forger would who has everything but the key.
fn build_again(folder: &Path) {
    let size = manifest(folder).size;
    let mut tiles = TileBuilder::new();
    let mut written = Vec::new();
    for tile in Tile::all_entries(size) {
        for leaf in leaves(&folder.join(tile.to_string())) {
            tiles.push(leaf_hash(&leaf), |tile, hashes| {
                written.push((tile.to_string(), Tile::encode(hashes)));
            });
        }
    }
    let partial = tiles.partial();
    written.extend(partial.map(|(tile, hashes)| (tile.to_string(), Tile::encode(hashes))));
    for (path, bytes) in written {
        fs::write(folder.join(path), bytes).unwrap();
    }
    list_again(folder);
}

fn alter_line(folder: &Path, position: usize, alter: impl FnOnce(&str) -> Option<String>) {
    let path = folder.join("events.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match alter(&lines[position]) {
        Some(line) => lines[position] = line,
        None => drop(lines.remove(position)),
    }
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_bundle_is_verified_without_the_server_and_the_same_size_has_the_same_bytes() {
    let (taken, sample) = Taken::new();
    let size = taken.size;
    let again = taken.path("again");
    sample.done(&format!("bundle {} --size {size}", again.display()));
    let refused = sample.run_as("planner", &format!("bundle {}", again.display()));
    assert_eq!(refused.code, 2, "{refused:?}");
    let (first, second) = (manifest(&taken.path("bundle")), manifest(&again));
    assert_eq!(
        first.to_text(),
        second.to_text(),
        "every file and its digest"
    );
    assert!(first.sample);
    let has = |path| first.files.iter().any(|listed| listed.path == path);
    assert!(
        ["README.txt", "README.ja.txt", "verify.py"]
            .into_iter()
            .all(has)
    );
    let beyond = sample.run_as(
        "planner",
        &format!("bundle {} --size {}", taken.path("x").display(), size + 1),
    );
    assert_eq!(beyond.code, 3, "{beyond:?}");
    drop(sample);

    let bundle = taken.path("bundle");
    let verified = taken.verify(&bundle, "--json");
    assert_eq!(verified.code, 0, "{verified:?}");
    let verified = verified.json();
    assert_eq!(verified["events"], size);
    assert_eq!(verified["last_good"], size);
    assert_eq!(verified["first_bad"], Value::Null);
    for aspect in ["integrity", "completeness"] {
        assert_eq!(verified[aspect]["outcome"], "VERIFIED", "{aspect}");
    }
    // The sample names evidence that stays with its sections.
    let content = match verified["absent_files"].as_u64() {
        Some(0) => "VERIFIED",
        _ => "NOT_SHOWN",
    };
    assert_eq!(verified["content"]["outcome"], content);
    let since = taken.verify(
        &bundle,
        &format!("--since {}", taken.path("kept").display()),
    );
    assert_eq!(since.code, 0, "{since:?}");
    assert!(since.output.contains("sample, simulated time"), "{since:?}");
    let undecided = daicho(NOBODY, ["verify", "bundle", bundle.to_str().unwrap()]);
    assert_eq!(undecided.code, 2, "{undecided:?}");
    let nothing = taken.verify(&taken.path("nothing"), "");
    assert_eq!(nothing.code, 3, "{nothing:?}");

    // Of one goal: exactly its events, and none of another's.
    let policy = taken.path("policy");
    let goal = |code: &str| {
        let words = ["verify", "goal", bundle.to_str().unwrap(), code, "--policy"];
        let words = words
            .into_iter()
            .chain([policy.to_str().unwrap(), "--json"]);
        daicho(NOBODY, words)
    };
    let listed = goal("R5/総務部/3-1");
    assert_eq!(listed.code, 0, "{listed:?}");
    let listed = listed.json();
    let events = listed["events_of_goal"].as_array().unwrap();
    let stream = &events[0]["stream"]["id"];
    for (revision, event) in (1..).zip(events) {
        assert_eq!(&event["stream"]["id"], stream);
        assert_eq!(event["revision"], revision);
    }
    let lines = fs::read_to_string(bundle.join("events.jsonl")).unwrap();
    let subject = format!("\"goal/{}\"", stream.as_str().unwrap());
    let expected = lines.lines().filter(|line| line.contains(&subject)).count();
    assert_eq!(events.len(), expected);
    assert!(3 < expected);
    assert_eq!(goal("R5/総務部/99").code, 2);
}

#[test]
fn whatever_is_altered_is_found_at_its_first_position() {
    let (taken, sample) = Taken::new();
    drop(sample);
    let last = taken.size - 1;
    let at = |position| Some((position, position));

    // Alone, and with the manifest made to agree.
    let flipped = |folder: &Path| alter_leaves(folder, 300, |leaves, at| flip(&mut leaves[at]));
    taken.tampered("a byte of an event", flipped, "leaf_differs", at(300));
    taken.tampered("its digest", flipped, "file_altered", at(300));
    let swapped = |folder: &Path| {
        alter_leaves(folder, 410, |leaves, at| leaves.swap(at, at + 3));
        list_again(folder);
    };
    taken.tampered("two events swapped", swapped, "position_differs", at(410));
    taken.tampered("two events swapped", swapped, "request_broken", at(410));
    let dropped_last = |folder: &Path| {
        alter_leaves(folder, last, |leaves, _| drop(leaves.pop()));
        list_again(folder);
    };
    taken.tampered(
        "the last event dropped",
        dropped_last,
        "events_missing",
        at(last),
    );
    let dropped = |folder: &Path| {
        alter_leaves(folder, last - 3, |leaves, at| drop(leaves.remove(at)));
        list_again(folder);
    };
    taken.tampered(
        "a middle event dropped",
        dropped,
        "leaf_differs",
        at(last - 3),
    );
    let cut = |folder: &Path| {
        let (path, _) = bundle_of(folder, 256);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        list_again(folder);
    };
    taken.tampered("a bundle cut off", cut, "entries_damaged", at(511));
    let missing = |folder: &Path| fs::remove_file(bundle_of(folder, 256).0).unwrap();
    taken.tampered("a bundle missing", missing, "file_missing", at(256));

    // With the tiles, too: all but the signature.
    let forged = |folder: &Path| {
        alter_leaves(folder, 300, |leaves, at| flip(&mut leaves[at]));
        build_again(folder);
    };
    taken.tampered(
        "an event forged with its tiles",
        forged,
        "root_differs",
        at(300),
    );
    taken.tampered(
        "what was signed before says so",
        forged,
        "kept_differs",
        at(300),
    );

    // What is made of the events.
    let told = |folder: &Path| {
        alter_line(folder, 500, |line| {
            Some(line.replacen("\"data\":{", "\"data\":{\"x\":1,", 1))
        });
        list_again(folder);
    };
    taken.tampered("a line for reading", told, "line_differs", at(500));
    let untold = |folder: &Path| {
        alter_line(folder, 500, |_| None);
        list_again(folder);
    };
    taken.tampered("a line left out", untold, "line_differs", at(500));
    let more = |folder: &Path| {
        let path = folder.join("events.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{}}\n")).unwrap();
        list_again(folder);
    };
    taken.tampered("a line too many", more, "line_differs", at(last + 1));
    let node = |path: &'static str, hash: usize| {
        move |folder: &Path| {
            let path = folder.join(path);
            let mut bytes = fs::read(&path).unwrap();
            bytes[hash * 32] ^= 1;
            fs::write(&path, bytes).unwrap();
            list_again(folder);
        }
    };
    taken.tampered(
        "a leaf hash",
        node("tile/0/001", 44),
        "leaf_differs",
        at(300),
    );
    let upper = Tile::all(taken.size).find(|tile| tile.to_string().starts_with("tile/1/"));
    let upper: &'static str = upper.unwrap().to_string().leak();
    taken.tampered("a node", node(upper, 1), "tile_differs", at(256));

    // What was signed.
    let older = |folder: &Path| {
        fs::copy(taken.path("early"), folder.join("checkpoint")).unwrap();
        list_again(folder);
    };
    taken.tampered("an older checkpoint", older, "manifest_differs", None);
    let kept = |folder: &Path| {
        fs::copy(
            taken.path("early"),
            folder.join(format!("checkpoints/{:020}", 300)),
        )
        .unwrap();
        list_again(folder);
    };
    taken.tampered("another checkpoint kept", kept, "checkpoint_damaged", None);
    let unsigned = |folder: &Path| {
        let path = folder.join(format!("checkpoints/{:020}", 300));
        let note = fs::read_to_string(&path).unwrap();
        let root = note.lines().nth(2).unwrap().to_owned();
        let other = Hash::new([9; 32]).to_base64();
        fs::write(&path, note.replacen(&root, &other, 1)).unwrap();
        list_again(folder);
    };
    taken.tampered(
        "another root under an old signature",
        unsigned,
        "signature_false",
        None,
    );

    // What lies about.
    let added = |folder: &Path| fs::write(folder.join("tile/extra"), "x").unwrap();
    taken.tampered("a file too many", added, "file_unlisted", None);
    let stray = |folder: &Path| {
        fs::write(folder.join("tile/0/009"), [0; 8192]).unwrap();
        list_again(folder);
    };
    taken.tampered("a tile too many", stray, "file_unexpected", None);
    let spelled = |folder: &Path| {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replacen(':', ": ", 1)).unwrap();
    };
    taken.tampered("another manifest", spelled, "manifest_damaged", None);
}

#[test]
fn a_bundle_that_forgets_what_an_auditor_knows_is_told_by_the_kept_checkpoint() {
    let (taken, sample) = Taken::new();
    let older = taken.path("older");
    sample.done(&format!("bundle {} --size 200", older.display()));
    let kept = taken.path("kept").display().to_string();
    let rolled_back = taken.verify(&older, &format!("--since {kept} --json"));
    assert_eq!(rolled_back.code, 1, "{rolled_back:?}");
    let found = rolled_back.json();
    assert_eq!(found["findings"][0]["kind"], "since_shorter");
    assert_eq!(found["first_bad"]["from"], 200);
    assert_eq!(taken.verify(&older, "").code, 0);
}

#[test]
fn what_this_version_cannot_read_is_not_called_tampering() {
    let (taken, sample) = Taken::new();
    drop(sample);
    let copy = taken.copy();
    let folder = copy.path();
    // A type of event of a later version: field 7 of the leaf is the version of its type.
    alter_leaves(folder, 300, |leaves, at| {
        let leaf = &mut leaves[at];
        let field = leaf.windows(2).skip(58).position(|pair| pair == [0x38, 1]);
        leaf[58 + field.unwrap() + 1] = 9;
    });
    build_again(folder);
    let mut manifest = manifest(folder);
    let mut frontier = Frontier::new();
    for tile in Tile::all_entries(manifest.size) {
        let leaves = leaves(&folder.join(tile.to_string()));
        leaves
            .iter()
            .for_each(|leaf| frontier.push(leaf_hash(leaf)));
    }
    let name = KeyName::parse(&manifest.origin).unwrap();
    let key = SigningKey::from_seed(name.clone(), SignatureType::Ed25519, &[7; 32]);
    let checkpoint = Checkpoint::new(&name, frontier.head()).unwrap();
    let signed = SignedCheckpoint::sign(checkpoint, [&key as &dyn Signer], 0).unwrap();
    fs::write(folder.join("checkpoint"), signed.note().to_string()).unwrap();
    fs::remove_dir_all(folder.join("checkpoints")).unwrap();
    manifest.root = frontier.root();
    fs::write(folder.join("manifest.json"), manifest.to_text()).unwrap();
    list_again(folder);
    fs::write(
        taken.path("policy"),
        policy::text(std::slice::from_ref(key.key())),
    )
    .unwrap();

    let undecided = taken.verify(folder, "--json");
    assert_eq!(undecided.code, 2, "{undecided:?}");
    let undecided = undecided.json();
    assert_eq!(undecided["findings"], Value::Array(Vec::new()));
    assert_eq!(undecided["integrity"]["outcome"], "VERIFIED");
    assert_eq!(undecided["completeness"]["outcome"], "UNDECIDED");
    assert_eq!(undecided["content"]["outcome"], "UNDECIDED");
}

#[test]
fn a_goal_in_a_bundle_that_was_altered_elsewhere_is_not_vouched_for() {
    let (taken, sample) = Taken::new();
    drop(sample);
    let copy = taken.copy();
    alter_leaves(copy.path(), 300, |leaves, at| flip(&mut leaves[at]));
    let (folder, policy) = (copy.path().to_str().unwrap(), taken.path("policy"));
    let words = ["verify", "goal", folder, "R5/総務部/3-1", "--policy"];
    let words = words
        .into_iter()
        .chain([policy.to_str().unwrap(), "--lang", "ja"]);
    let ended = daicho(NOBODY, words);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.output.contains("位置300"), "{ended:?}");
    assert!(!ended.output.contains("これがすべてです"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_comes_file_by_file_in_small_pieces_and_its_list_last() {
    let sample = tokio::task::spawn_blocking(|| Sample::on("2023-06-11"));
    let sample = sample.await.unwrap();
    let mut client = ProofServiceClient::new(sample.server.connect());
    let mut request = tonic::Request::new(v1::ExportBundleRequest::default());
    let name = tonic::metadata::MetadataValue::from_static("auditor");
    request.metadata_mut().insert("daicho-actor", name);
    let mut frames = client.export_bundle(request).await.unwrap().into_inner();
    let mut files: Vec<(String, usize)> = Vec::new();
    while let Some(frame) = frames.message().await.unwrap() {
        assert!((1..=PIECE_BYTES_MAX).contains(&frame.content.len()));
        match files.last_mut().filter(|(path, _)| *path == frame.path) {
            Some((_, pieces)) => *pieces += 1,
            None => files.push((frame.path, 1)),
        }
    }
    let mut paths: Vec<&String> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(*paths.last().unwrap(), "manifest.json");
    let pieces = files.iter().find(|(path, _)| path == "events.jsonl");
    assert!(1 < pieces.unwrap().1);
    let count = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), count, "no file begins twice");
}
