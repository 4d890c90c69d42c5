//! Changes of keys and erasures that somebody else has to decide, as people type them.

use std::fs;

use daicho::clock::system_now;
use jiff::tz::TimeZone;

use super::process::{Ended, Place};
use crate::evidence::sha256;

/// A ledger with a plan in which the built-in approval policy is in force.
fn ruled() -> (Place, String) {
    let (place, plan, _) = Place::with_plan();
    let policy = place.folder.path().join("approval.toml");
    fs::write(
        &policy,
        "code = \"approval\"\ntitle = \"決裁規程\"\n[approval]\n",
    )
    .unwrap();
    let today = system_now()
        .to_zoned(TimeZone::get("Asia/Tokyo").unwrap())
        .date();
    let published = place.daicho(&format!(
        "policy publish {} --effective {today}",
        policy.display()
    ));
    assert_eq!(published.code, 0, "{published:?}");
    (place, plan)
}

#[track_caller]
fn told(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    for words in words {
        let is_told = ended.output.contains(words) || ended.errors.contains(words);
        assert!(is_told, "{words}: {ended:?}");
    }
}

fn keys(place: &Place) -> usize {
    let listed = place.daicho("key list --json").json();
    listed["keys"].as_array().unwrap().len()
}

#[test]
fn a_key_is_announced_by_the_same_command_once_it_was_approved() {
    let (place, _) = ruled();
    let announce = "key announce --reason 定期更新";
    let proposed = place.daicho(announce);
    let words = ["KEY_CHANGED", "decides: administrator", "P1"];
    told(&proposed, 0, &words);
    assert_eq!(keys(&place), 1, "nothing is done yet");
    told(&place.daicho(announce), 1, &["PROPOSAL_OPEN"]);
    let pending = place.daicho("pending --lang ja");
    let words = [
        "署名鍵の公表・廃止",
        "変更: 署名鍵の公表（",
        "定期更新",
        "管理者・企画政策課・部長・副市長・市長",
    ];
    told(&pending, 0, &words);
    let own = place.daicho("decide approve P1");
    told(&own, 1, &["SELF_APPROVAL"]);
    let approved = place.daicho("decide approve P1 --as 総務課長 --lang ja");
    told(&approved, 0, &["署名鍵の公表", "実行期限"]);
    let announced = place.daicho(announce);
    told(&announced, 0, &["recorded"]);
    assert_eq!(keys(&place), 2);
    // It was for once.
    told(&place.daicho(announce), 0, &["P2"]);
    assert_eq!(keys(&place), 2);
    let changes = place.daicho("audit changes --type operation-authorised --lang ja");
    told(&changes, 0, &["運用の承認", "署名鍵の公表", "総務課長"]);
    let proposals = place.daicho("audit changes --type change-proposed --lang ja");
    told(&proposals, 0, &["署名鍵の公表・廃止", "文化課"]);

    let key = place.daicho("key list --json").json()["keys"][0]["verifier_key"].clone();
    let id = key.as_str().unwrap().split('+').nth(1).unwrap();
    let id = id.to_owned();
    let retire = format!("key retire {id} --reason 定期更新 --until 2000-01-01");
    told(&place.daicho(&retire), 1, &["DATE_TOO_EARLY"]);
    let compromise = format!("key compromise {id} --last-trusted 1 --reason 持ち出し");
    told(&place.daicho(&compromise), 0, &["KEY_COMPROMISED", "P3"]);
    told(
        &place.daicho("decide approve P3 --as 総務課長"),
        0,
        &["to be carried out until"],
    );
    told(&place.daicho(&compromise), 0, &["known to others"]);
}

#[test]
fn texts_and_files_are_erased_once_somebody_else_approved_it() {
    let (place, plan) = ruled();
    let subject = place.daicho("personal new-subject --json").json()["subject_ref"]
        .as_str()
        .unwrap()
        .to_owned();
    let noted = place.daicho(&format!(
        "note {plan}/文化部/1-1 本人の申出 --personal {subject}"
    ));
    told(&noted, 0, &[]);
    let erase = format!("personal erase {subject} --legal-basis 法第98条 --reason 本人の請求");
    let proposed = place.daicho(&format!("{erase} --propose --as 課長"));
    told(&proposed, 0, &["P1", "法第98条"]);
    told(
        &place.daicho("decide approve P1 --as 課長"),
        1,
        &["SELF_APPROVAL"],
    );
    told(
        &place.daicho("decide reject P1 --text 根拠が違う --as 部長"),
        0,
        &[],
    );
    let refused = place.daicho(&format!("{erase} --yes"));
    told(&refused, 0, &["DATA_ERASED", "P2"]);
    told(&place.daicho("decide approve P2 --as 部長"), 0, &[]);
    let wrong = place.daicho(&format!("{erase} --yes --approved-by 市長"));
    told(&wrong, 1, &["--approved-by", "部長"]);
    let erased = place.daicho(&format!("{erase} --yes --json")).json();
    assert_eq!(erased["destroyed"], true);

    let file = place.folder.path().join("名簿.pdf");
    fs::write(&file, b"%PDF-1.4 names").unwrap();
    told(
        &place.daicho(&format!("evidence put {}", file.display())),
        0,
        &[],
    );
    let name = hex::encode(sha256(b"%PDF-1.4 names"));
    let erase = format!("evidence erase {name} --legal-basis 条例第12条 --reason 誤掲載");
    told(&place.daicho(&erase), 0, &["DATA_ERASED", "P3"]);
    told(
        &place.daicho("pending P3 --lang ja"),
        0,
        &["根拠資料の消去", &name, "条例第12条"],
    );
    told(&place.daicho("decide approve P3 --as 部長"), 0, &[]);
    let erased = place.daicho(&format!("{erase} --json")).json();
    assert_eq!(erased["erasure"]["approved_by"], "部長");
    assert_eq!(erased["already_erased"], false);
}
