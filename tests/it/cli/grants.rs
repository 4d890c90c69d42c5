//! Persons and seats, as people register, transfer and hand them over.

use std::fs;

use super::process::Place;

const HEAD: &str = "発令日,氏名,ログイン,所属,職,区分,権限\n";

fn imported(place: &Place, name: &str, rows: &str, more: &str) -> super::process::Ended {
    let file = place.folder.path().join(name);
    let (text, ..) = encoding_rs::SHIFT_JIS.encode(rows);
    fs::write(&file, format!("{HEAD}{rows}")).unwrap();
    if more.contains("sjis") {
        let (head, ..) = encoding_rs::SHIFT_JIS.encode(HEAD);
        fs::write(&file, [&*head, &*text].concat()).unwrap();
    }
    let more = more.replace("sjis", "");
    place.daicho(format!("grants import {} {}", file.display(), more.trim()).trim())
}

#[test]
fn transfers_are_taken_in_whole_or_not_at_all_and_once() {
    let (place, _, day) = Place::with_plan();
    let (first, later) = (day, day.tomorrow().unwrap());
    let wrong = format!(
        "{first},文化課長,s-1,ない課,文化課長,発令,課等長\n{first},文化部長,s-2,文化課,文化部長,発令,部長\n\
         {first},文化課長,s-1,文化課,主任,解除,\n"
    );
    let size = place.size();
    let refused = imported(&place, "wrong.csv", &wrong, "--lang ja");
    assert_eq!(refused.code, 1, "{refused:?}");
    for said in ["2行目「所属」", "4行目「職」"] {
        assert!(refused.errors.contains(said), "{said}: {refused:?}");
    }
    // What only the ledger knows is told by row as well.
    let wrong = format!("{first},文化部長,s-2,文化課,文化部長,発令,部長\n");
    let refused = imported(&place, "kind.csv", &wrong, "--lang ja");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused
            .errors
            .contains("2行目「所属」: 「部長」の職には部を指定します"),
        "{refused:?}"
    );
    assert_eq!(place.size(), size, "nothing was recorded");

    let right = format!(
        "{first},文化課長,s-1,文化課,文化課長,発令,課等長\n{first},文化部長,s-2,文化部,文化部長,発令,部長\n\
         {later},文化課長,s-1,文化課,文化課長,解除,\n{later},主幹,s-3,文化課,文化課長,発令,課等長\n\
         {later},文化課長,s-1,文化課,庶務担当,兼務,担当\n"
    );
    let dry = imported(&place, "right.csv", &right, "--dry-run --lang ja");
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(
        dry.output.contains("3人を登録し、5件を記録します"),
        "{dry:?}"
    );
    assert_eq!(place.size(), size, "nothing was recorded");
    let taken = imported(&place, "right.csv", &right, "sjis --json");
    assert_eq!(taken.code, 0, "{taken:?}");
    assert_eq!(
        (
            taken.json()["persons"].as_u64(),
            taken.json()["events"].as_u64()
        ),
        (Some(3), Some(8))
    );
    assert_eq!(place.size(), size + 8);
    let again = imported(&place, "right.csv", &right, "--json");
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.json()["known"], 5);
    // Of any width.
    let wide = right.replace("s-1", "ｓ－１").replace("s-2", "ｓ-2");
    let again = imported(&place, "wide.csv", &wide, "--json");
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.json()["known"], 5);
    assert_eq!(place.size(), size + 8, "twice adds nothing");

    let listed = place
        .daicho(&format!("grants list --on {later} --json"))
        .json();
    let seats = listed["grants"].as_array().unwrap().iter();
    let seats: Vec<String> = seats
        .map(|grant| {
            format!(
                "{} {}",
                grant["seat"].as_str().unwrap(),
                grant["holder"]["name"]["text"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        seats,
        ["庶務担当 文化課長", "文化課長 主幹", "文化部長 文化部長"]
    );
    let other = format!("{later},別人,s-1,文化課,別の職,発令,担当\n");
    let refused = imported(&place, "name.csv", &other, "--lang ja");
    assert!(
        refused
            .errors
            .contains("「文化課長」として登録されています"),
        "{refused:?}"
    );
}

#[test]
fn a_seat_is_granted_delegated_and_handed_over() {
    let (place, plan, day) = Place::with_plan();
    for (name, login) in [("課長", "s-1"), ("係長", "s-2"), ("文化課", "文化課")] {
        let added = place.daicho(&format!(
            "person add {name} --login {login} --from {day} --json"
        ));
        assert_eq!(added.code, 0, "{added:?}");
    }
    let grant =
        format!("grants grant 文化課長 --role section-chief --unit 文化課 --from {day} --json");
    let own = place.daicho(&format!("{grant} --person 文化課"));
    assert_eq!(own.code, 1, "nobody grants themselves a seat: {own:?}");
    assert!(own.errors.contains("themselves"), "{own:?}");
    let granted = place.daicho(&format!("{grant} --person s-1"));
    assert_eq!(granted.code, 0, "{granted:?}");
    let (from, until) = (day, day.tomorrow().unwrap());
    let acting = place.daicho(&format!(
        "grants delegate 文化課長 --to 係長 --ground 出張 --from {from} --until {until} --json"
    ));
    assert_eq!(acting.code, 0, "{acting:?}");
    let could = place
        .daicho(&format!("grants could --person s-2 --on {until} --json"))
        .json();
    assert_eq!(could["seats"][0]["acting_for"]["name"]["text"], "課長");
    let told = place.daicho(&format!("grants could --person s-2 --on {until} --lang ja"));
    let free = "この日に有効な権限方針はなく、誰でも何でもできました";
    assert!(told.output.contains(free), "{told:?}");

    let indicator = format!("{plan}/文化部/1-1/1.1");
    place.daicho(&format!("record {indicator} 5 --on {day}"));
    let handed = place.daicho("handover 文化課長 --lang ja");
    assert_eq!(handed.code, 0, "{handed:?}");
    for said in [
        "引継ぎ 文化課長",
        "課長",
        "係長",
        "出張",
        "今後の対応",
        &indicator,
    ] {
        assert!(handed.output.contains(said), "{said}: {}", handed.output);
    }
    let revoke = format!(
        "grants revoke 文化課長 --from {until} --request-id 01890a5d-ac96-774b-bcce-b302099a8061 --json"
    );
    let revoked = place.daicho(&revoke);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    // Asked for again, it is the same one, though by then no grant of the seat is left.
    let again = place.daicho(&revoke);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.json()["replayed"], true);
    let shown = place.daicho("person show 課長 --json").json();
    assert_eq!(shown["grants"][0]["valid_to"], day.to_string());
    let me = place.daicho("whoami --json").json();
    assert_eq!(me["person"]["name"]["text"], "文化課");
    // Who did something is told by name in the trail of a report.
    let changes = place.daicho("audit changes --person 文化課 --lang ja");
    assert!(changes.output.contains("文化課"), "{changes:?}");
    let json = place.daicho("audit changes --person 文化課 --json").json();
    assert_eq!(json["changes"][0]["actor"]["known_as"]["name"], "文化課");
    for line in [
        "person list --lang ja",
        "grants list --all --lang ja",
        "grants show 文化課長 --lang ja",
        "whoami --lang ja",
    ] {
        let told = place.daicho(line);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.output.contains("文化課"), "{told:?}");
    }
}
