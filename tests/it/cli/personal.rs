//! Texts about people, as people mark, disclose, verify and erase them.

use std::fs;

use serde_json::Value;

use super::process::{Ended, Place};

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
