//! Texts about people, as people mark, disclose, verify and erase them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::process::{Ended, Place, daicho};
use crate::evidence::sha256;

fn place() -> (Place, String) {
    let (place, plan, day) = Place::with_plan();
    let subject = place.daicho("personal new-subject --json").json()["subject_ref"]
        .as_str()
        .unwrap()
        .to_owned();
    let noted = place.daicho(&format!(
        "note {plan}/文化部/1-1 本人の申出により担当を替えた --on {day} --reason 聞き取り --personal {subject}"
    ));
    assert_eq!(noted.code, 0, "{noted:?}");
    (place, subject)
}

/// Takes a bundle and verifies it by its own policy, with the words that `more` hands over.
fn verified(place: &Place, name: &str, more: &str) -> Ended {
    let bundle = place.folder.path().join(name);
    let bundle = bundle.display();
    if !place.folder.path().join(name).exists() {
        let taken = place.daicho(&format!("bundle {bundle}"));
        assert_eq!(taken.code, 0, "{taken:?}");
    }
    place.daicho(&format!(
        "verify bundle {bundle} --policy {bundle}/policy.txt --json{more}"
    ))
}

fn figures(verified: &Ended) -> [u64; 4] {
    let told = verified.json()["personal_texts"].clone();
    ["texts", "opened", "erased", "kept_apart"].map(|name| told[name].as_u64().unwrap())
}

fn outcome(verified: &Ended) -> String {
    verified.json()["content"]["outcome"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn what_is_disclosed_is_verified_and_what_is_erased_is_told() {
    let (place, subject) = place();
    let listed = place
        .daicho(&format!("personal list {subject} --json"))
        .json();
    assert_eq!(listed["subjects"][0]["events"], 1);
    assert_eq!(listed["subjects"][0]["kept"], 2);

    // A bundle says nothing about anybody, and is whole without it.
    let apart = verified(&place, "one", "");
    assert_eq!(apart.code, 0, "{apart:?}");
    assert_eq!(figures(&apart), [2, 0, 0, 2]);
    assert_eq!(outcome(&apart), "NOT_SHOWN");

    let file = place.folder.path().join("openings.jsonl");
    let disclosed = place.daicho(&format!("personal disclose {} --json", file.display()));
    assert_eq!(disclosed.json()["texts"], 2, "{disclosed:?}");
    let again = place.daicho(&format!("personal disclose {}", file.display()));
    assert_eq!(again.code, 2, "a file is never written over: {again:?}");
    let handed = format!(" --openings {}", file.display());
    let opened = verified(&place, "one", &handed);
    assert_eq!(opened.code, 0, "{opened:?}");
    assert_eq!(figures(&opened), [2, 2, 0, 0]);
    assert_eq!(outcome(&opened), "VERIFIED");

    let text = fs::read_to_string(&file).unwrap();
    let altered = place.folder.path().join("altered.jsonl");
    for (what, changed) in [
        ("another text", text.replace("担当を替えた", "担当を降りた")),
        (
            "another field",
            text.replace("payload.text", "payload.basis"),
        ),
    ] {
        assert_ne!(text, changed, "{what}");
        fs::write(&altered, changed).unwrap();
        let told = verified(&place, "one", &format!(" --openings {}", altered.display()));
        assert_eq!(told.code, 1, "{what}: {told:?}");
        assert_eq!(outcome(&told), "TAMPERED", "{what}");
    }
    fs::write(&altered, "{}\n").unwrap();
    let told = verified(&place, "one", &format!(" --openings {}", altered.display()));
    assert_eq!(told.code, 3, "no opening: {told:?}");

    // Without --yes nothing happens.
    let erase = format!(
        "personal erase {subject} --legal-basis 個人情報保護法 --approved-by 総務課長 --reason 本人の請求"
    );
    let asked = place.daicho(&erase);
    assert_eq!(asked.code, 0, "{asked:?}");
    assert!(asked.output.contains("nothing is erased yet"), "{asked:?}");
    let erased = place.daicho(&format!("{erase} --yes --json"));
    assert_eq!(erased.code, 0, "{erased:?}");
    let erased = erased.json();
    assert_eq!(erased["texts"], 2);
    assert_eq!(erased["destroyed"], Value::Bool(true));
    let disclosures = erased["disclosures"].as_array().unwrap();
    // The attempt that found its file taken never asked for anything.
    assert_eq!(disclosures.len(), 1);
    assert_eq!(disclosures[0]["actor"], "文化課");

    let after = verified(&place, "two", "");
    assert_eq!(after.code, 0, "{after:?}");
    assert_eq!(figures(&after), [2, 0, 2, 0]);
    assert_eq!(outcome(&after), "VERIFIED");
    // What was handed over before still opens what is in the ledger.
    let kept = verified(&place, "two", &handed);
    assert_eq!(figures(&kept), [2, 2, 0, 0]);
    let list = place.daicho("personal list --lang ja");
    assert!(list.output.contains("消去済み"), "{list:?}");
}

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn texts_about_people_and_attached_files_are_looked_at_together() {
    let (mut place, subject) = place();
    let path = |place: &Place, name: &str| place.folder.path().join(name);
    let goal = |place: &Place| {
        let listed = place.daicho("goal list --json").json();
        listed["goals"][0]["code"].as_str().unwrap().to_owned()
    };
    let goal = goal(&place);
    let contents: [&[u8]; 3] = [b"%PDF-1.7 minutes", b"name,section\n", b"%PDF-1.7 lost"];
    for (name, content) in ["minutes.pdf", "names.csv", "lost.pdf"]
        .into_iter()
        .zip(contents)
    {
        let file = path(&place, name);
        fs::write(&file, content).unwrap();
        let attached = place.daicho(&format!("attach {} --to {goal}", file.display()));
        assert_eq!(attached.code, 0, "{attached:?}");
    }
    let names = hex::encode(sha256(contents[1]));
    let why = "--reason 氏名の誤掲載 --legal-basis 条例第12条 --approved-by 総務部長";
    let erased = place.daicho(&format!("evidence erase {names} {why}"));
    assert_eq!(erased.code, 0, "{erased:?}");
    let data = path(&place, "data");
    let attached = |content: &[u8]| {
        let name = hex::encode(sha256(content));
        let found = files(&data.join("attachments")).into_iter();
        { found }.find(|file| file.ends_with(&name)).unwrap()
    };
    fs::remove_file(attached(contents[2])).unwrap();

    // A bundle: of files what is handed over with it, of texts what is handed over beside it.
    let bundle = path(&place, "with");
    let taken = place.daicho(&format!("bundle {} --with-evidence", bundle.display()));
    assert_eq!(taken.code, 0, "{taken:?}");
    let openings = path(&place, "openings.jsonl");
    let disclosed = place.daicho(&format!("personal disclose {}", openings.display()));
    assert_eq!(disclosed.code, 0, "{disclosed:?}");
    let handed = format!(" --openings {}", openings.display());
    let whole = verified(&place, "with", &handed);
    assert_eq!(
        (whole.code, figures(&whole)),
        (0, [2, 2, 0, 0]),
        "{whole:?}"
    );
    // A file is neither there nor erased, whatever is known of texts.
    assert_eq!(outcome(&whole), "NOT_SHOWN");
    let told = whole.json()["content"]["sentence"].to_string();
    for words in [
        "attached files",
        "were erased",
        "not handed over",
        "2 were handed over",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let minutes = bundle
        .join("evidence")
        .join(hex::encode(sha256(contents[0])));
    let is = fs::read(&minutes).unwrap();
    fs::write(&minutes, b"%PDF-1.7 minuteS").unwrap();
    let altered = verified(&place, "with", &handed);
    assert_eq!((altered.code, outcome(&altered).as_str()), (1, "TAMPERED"));
    fs::write(&minutes, is).unwrap();
    let text = fs::read_to_string(&openings).unwrap();
    fs::write(&openings, text.replace("担当を替えた", "担当を降りた")).unwrap();
    let altered = verified(&place, "with", &handed);
    assert_eq!((altered.code, outcome(&altered).as_str()), (1, "TAMPERED"));

    // The data folder of the stopped server: of both what is there.
    let policy = path(&place, "policy");
    fs::write(&policy, place.daicho("trust-policy").output).unwrap();
    assert_eq!(place.daicho("checkpoint").code, 0);
    assert_eq!(place.server.stop(), 0);
    let stored = |code: i32| {
        let words = [
            "verify",
            "store",
            data.to_str().unwrap(),
            "--policy",
            policy.to_str().unwrap(),
        ];
        let ended = daicho(NOBODY, words.into_iter().chain(["--json"]));
        assert_eq!(ended.code, code, "{ended:?}");
        ended
    };
    let found = stored(0);
    let ledger = found.json()["ledgers"][0].clone();
    let expected = json!({ "kept": 1, "erased": 1, "absent": 1 });
    assert_eq!(ledger["attached_files"], expected, "{ledger}");
    let expected = json!({ "opened": 2, "erased": 0, "kept_apart": 0 });
    assert_eq!(ledger["personal_texts"], expected, "{ledger}");
    assert_eq!(outcome(&found), "NOT_SHOWN");

    let flipped = |file: &Path, kind: &str| {
        let whole = fs::read(file).unwrap();
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(file, bytes).unwrap();
        let found = stored(1);
        assert_eq!(outcome(&found), "TAMPERED", "{found:?}");
        let json = found.json();
        assert_eq!(json["integrity"]["outcome"], "VERIFIED", "{json}");
        let findings = json["ledgers"][0]["findings"].as_array().unwrap();
        assert_eq!(findings[0]["kind"], kind, "{json}");
        assert!(findings[0]["position"].is_u64(), "{json}");
        fs::write(file, whole).unwrap();
    };
    flipped(&attached(contents[0]), "evidence_altered");
    for opening in files(&data.join("personal")) {
        if opening
            .components()
            .any(|part| part.as_os_str() == "openings")
        {
            flipped(&opening, "text_altered");
        }
    }
    // Without the key of the person the words are noise, and nobody can say more than that they are not here.
    let key = files(&data.join("personal"));
    let key = key.iter().find(|file| file.ends_with(&subject)).unwrap();
    fs::remove_file(key).unwrap();
    let ledger = stored(0).json()["ledgers"][0].clone();
    let expected = json!({ "opened": 0, "erased": 0, "kept_apart": 2 });
    assert_eq!(ledger["personal_texts"], expected, "{ledger}");
}
