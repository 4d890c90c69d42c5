use std::fs;

use super::*;
use crate::merkle::{Checkpoint, TreeHead, leaf_hash, sign};

const SEED: Seed = || [3; 32];

fn name() -> KeyName {
    KeyName::parse("auditor.example/witness").unwrap()
}

fn take(root: &Path) -> Result<Folder, FolderFault> {
    Folder::take(root, Some(&name()), SEED)
}

/// A checkpoint of `size` events that the log `origin` and the witness signed.
fn cosigned(folder: &Folder, origin: &str, size: u64) -> Note {
    let origin = KeyName::parse(origin).unwrap();
    let log = SigningKey::from_seed(origin.clone(), SignatureType::Ed25519, &[1; 32]);
    let root = leaf_hash(&size.to_be_bytes());
    let checkpoint = Checkpoint::new(&origin, TreeHead { size, root }).unwrap();
    let text = checkpoint.to_string();
    let signatures = vec![
        sign(&log, &text, 0).unwrap(),
        sign(folder.key(), &text, 1_700_000_000).unwrap(),
    ];
    Note::new(text, signatures).unwrap()
}

fn sizes(folder: &Folder) -> Vec<u64> {
    let seen = folder.all_seen();
    seen.map(|seen| seen.checkpoint().head().size).collect()
}

#[test]
fn what_was_seen_is_there_when_it_is_taken_again() {
    let root = tempfile::tempdir().unwrap();
    let mut folder = take(root.path()).unwrap();
    for (origin, size) in [("b.example", 3), ("a.example", 7), ("b.example", 9)] {
        folder.see(cosigned(&folder, origin, size)).unwrap();
    }
    assert_eq!(sizes(&folder), [7, 9]);
    let key = folder.key().key().clone();
    assert!(matches!(take(root.path()), Err(FolderFault::InUse(_))));
    drop(folder);
    // Its name is in its key.
    let folder = Folder::take(root.path(), None, || [4; 32]).unwrap();
    assert_eq!((sizes(&folder), folder.key().key()), (vec![7, 9], &key));
    drop(folder);
    let other = KeyName::parse("other.example").unwrap();
    let other = Folder::take(root.path(), Some(&other), SEED);
    assert!(matches!(other, Err(FolderFault::OtherName { .. })));
}

#[cfg(unix)]
#[test]
fn the_key_is_its_owners_only_and_is_made_for_a_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let nameless = Folder::take(root.path(), None, SEED);
    assert!(matches!(nameless, Err(FolderFault::NoName(_))));
    drop(take(root.path()).unwrap());
    let mode = fs::metadata(root.path().join("witness.skey")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_damaged_memory_is_refused_whichever_byte_it_is() {
    let root = tempfile::tempdir().unwrap();
    let mut folder = take(root.path()).unwrap();
    folder.see(cosigned(&folder, "a.example", 3)).unwrap();
    folder.see(cosigned(&folder, "b.example", 4)).unwrap();
    drop(folder);
    let path = root.path().join("seen");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(take(root.path()).is_err(), "byte {at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(take(root.path()).is_err(), "cut at {at}");
    }
    // Files that are gone are no first use.
    fs::remove_file(&path).unwrap();
    let gone = take(root.path());
    assert!(matches!(gone, Err(FolderFault::Damaged { .. })), "{gone:?}");
    fs::write(&path, &whole).unwrap();
    fs::remove_file(root.path().join("witness.skey")).unwrap();
    let gone = take(root.path());
    assert!(matches!(gone, Err(FolderFault::Damaged { .. })), "{gone:?}");
}

#[test]
fn a_memory_in_another_spelling_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut folder = take(root.path()).unwrap();
    folder.see(cosigned(&folder, "a.example", 3)).unwrap();
    folder.see(cosigned(&folder, "b.example", 4)).unwrap();
    let notes: Vec<String> = folder.all_seen().map(ToString::to_string).collect();
    drop(folder);
    let path = root.path().join("seen");
    let part = |note: &String| format!("checkpoint {}\n{note}", note.len());
    let whole = |body: String| {
        let digest = crate::merkle::Hash::digest(body.as_bytes());
        format!("daicho witness seen 1\nsha256 {digest}\n{body}")
    };
    let right = whole(notes.iter().map(part).collect());
    assert_eq!(fs::read_to_string(&path).unwrap(), right);
    for (what, body) in [
        ("in another order", notes.iter().rev().map(part).collect()),
        ("twice", [&notes[0], &notes[0]].map(part).concat()),
        ("a zero before", part(&notes[0]).replacen(' ', " 0", 1)),
        ("a sign before", part(&notes[0]).replacen(' ', " +", 1)),
        ("more behind", format!("{}x", part(&notes[0]))),
    ] {
        fs::write(&path, whole(body)).unwrap();
        let refused = take(root.path());
        assert!(
            matches!(refused, Err(FolderFault::Damaged { .. })),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn a_memory_of_another_witness_is_refused() {
    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(take(root.path()).unwrap());
    let mut folder = Folder::take(other.path(), Some(&name()), || [9; 32]).unwrap();
    folder.see(cosigned(&folder, "a.example", 3)).unwrap();
    fs::copy(other.path().join("seen"), root.path().join("seen")).unwrap();
    let fault = take(root.path()).unwrap_err().to_string();
    assert!(fault.contains("not cosigned by this witness"), "{fault}");
}

#[test]
fn a_first_use_that_was_cut_short_is_gone_on_with() {
    let root = tempfile::tempdir().unwrap();
    drop(take(root.path()).unwrap());
    fs::remove_file(root.path().join("witness.skey")).unwrap();
    assert_eq!(sizes(&take(root.path()).unwrap()), Vec::<u64>::new());
}
