//! Against what other projects published. The file stays outside: `DAICHO_INTEROP_VECTORS` names its
//! folder.

use std::path::Path;

use super::*;
use crate::merkle::{Note, SignedCheckpoint, Signer, VerifierKey, sign};

fn published() -> Option<Value> {
    let Some(folder) = std::env::var_os("DAICHO_INTEROP_VECTORS") else {
        println!("skipped: DAICHO_INTEROP_VECTORS names no folder");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join("interop-vectors.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn verifies(case: &Value) -> (Note, VerifierKey) {
    let key: VerifierKey = text(&case["vkey"]).parse().unwrap();
    let note = Note::parse(text(&case["note"]).as_bytes()).unwrap();
    assert_eq!(note.verify([&key]).unwrap().len(), 1, "{case}");
    assert_eq!(note.to_string(), text(&case["note"]));
    assert_eq!(key.to_string(), text(&case["vkey"]));
    (note, key)
}

#[test]
fn notes_of_other_projects_verify_and_are_signed_to_the_byte() {
    let Some(cases) = published() else { return };
    let (mut notes, mut signed) = (0, 0);
    for case in array(&cases)
        .iter()
        .filter(|case| case.get("note").is_some())
    {
        let (note, key) = verifies(case);
        notes += 1;
        let time = note.verify([&key]).unwrap()[0].time;
        let signing = match (case.get("skey"), case.get("seed")) {
            (Some(skey), _) => text(skey).parse::<SigningKey>().unwrap(),
            (_, Some(value)) => {
                let (name, signature_type) = (key.name().clone(), key.signature_type());
                SigningKey::from_seed(name, signature_type, &seed(value))
            }
            _ => continue,
        };
        assert_eq!(signing.key(), &key);
        let signature = sign(&signing, note.text(), time.unwrap_or(0)).unwrap();
        assert_eq!(note.signatures(), [signature]);
        signed += 1;
    }
    assert!(5 <= notes && 3 <= signed, "{notes} notes, {signed} signed");
}

#[test]
fn keys_that_other_projects_refuse_are_refused() {
    let Some(cases) = published() else { return };
    let keys: Vec<&Value> = array(&cases)
        .iter()
        .filter_map(|case| case.get("reject_vkeys"))
        .flat_map(array)
        .collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert!(text(key).parse::<VerifierKey>().is_err(), "{key}");
    }
}

#[test]
fn checkpoint_of_another_log_has_the_root_of_its_leaves() {
    let Some(cases) = published() else { return };
    let is_it = |case: &&Value| text(&case["source"]).contains("15 leaves: ");
    let case = array(&cases).iter().find(is_it).unwrap();
    let leaves = text(&case["source"]).split_once("15 leaves: ").unwrap().1;
    let leaves = leaves.trim_end_matches(')').split(' ');
    let tree = Grown::new(leaves.map(|leaf| leaf_hash(leaf.as_bytes())));
    let checkpoint = SignedCheckpoint::parse(text(&case["note"]).as_bytes()).unwrap();
    assert_eq!(checkpoint.checkpoint().head(), tree.head(15));
}
