//! Plans from files: imported, imported again, amended to what a corrected file says.

use serde_json::Value;

use super::process::{Ended, Place, TABLE, daicho};

#[test]
fn importing_twice_adds_nothing_and_a_changed_file_is_refused() {
    let (place, plan, day) = Place::with_plan();
    let size = place.size();
    let again = place.import("plan.csv", TABLE, day.year());
    assert_eq!(
        (again.code, again.json()["appended"].as_u64()),
        (0, Some(0)),
        "{again:?}"
    );
    // The same plan in other bytes, as a spreadsheet writes it.
    let encoded = place.import(
        "excel.csv",
        &format!("\u{feff}{}", TABLE.replace('\n', "\r\n")),
        day.year(),
    );
    assert_eq!(
        (encoded.code, encoded.json()["appended"].as_u64()),
        (0, Some(0)),
        "{encoded:?}"
    );

    let changed = place.import("plan.csv", &TABLE.replace("12回", "15回"), day.year());
    assert_eq!(changed.code, 4, "{changed:?}");
    assert!(
        changed.errors.contains("12") && changed.errors.contains("15"),
        "{changed:?}"
    );
    let removed: String = TABLE
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    let removed = place.import("plan.csv", &removed, day.year());
    assert_eq!(removed.code, 4, "{removed:?}");
    assert!(
        removed.errors.contains(&format!("{plan}/文化部/1-1/2")),
        "{removed:?}"
    );
    let added = place.import(
        "plan.csv",
        &format!("{TABLE},,,③広める,文化課,広報 3回\n"),
        day.year(),
    );
    assert_eq!(added.code, 4, "{added:?}");
    assert!(
        added.errors.contains(&format!("{plan}/文化部/1-1/3")),
        "{added:?}"
    );
    assert_eq!(place.size(), size);
}

/// Runs words that may have spaces in them.
fn amend(place: &Place, name: &str, table: &str, more: &[&str]) -> Ended {
    let file = place.folder.path().join(name);
    std::fs::write(&file, table).unwrap();
    let file = file.to_string_lossy().into_owned();
    let words = ["plan", "import", "--amend", &file, "--json"];
    daicho(
        place.server.address(),
        words.into_iter().chain(more.iter().copied()),
    )
}

/// Code, event, before and after of each change.
fn changes(ended: &Ended) -> Vec<String> {
    let told = ended.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            format!(
                "{} {}: {} -> {}",
                text(&change["code"]),
                text(&change["event"]),
                text(&change["before"]),
                text(&change["after"])
            )
        })
        .collect()
}

#[test]
fn a_plan_is_amended_to_what_a_corrected_file_says() {
    let (place, plan, day) = Place::with_plan();
    let size = place.size();
    let year = day.year().to_string();
    let year = ["--year", year.as_str()];
    let same = amend(&place, "plan.csv", TABLE, &year);
    assert_eq!((same.code, changes(&same)), (0, Vec::new()), "{same:?}");
    let corrected = TABLE
        .replace("12回", "15回")
        .replace("文化に親しむ機会をつくる", "文化に親しむ機会を広げる")
        .replace("②計画を立てる,文化課", "②計画を立てる,文化課 広報課")
        .replace(
            "文化計画の策定",
            "文化計画の策定\n,,,③広める,広報課,広報 3回",
        );
    let shown = amend(
        &place,
        "corrected.csv",
        &corrected,
        &[&year[..], &["--dry-run"]].concat(),
    );
    assert_eq!(shown.code, 0, "{shown:?}");
    let expected = [
        "広報課 ORG_UNIT_REGISTERED: - -> 広報課".to_owned(),
        format!(
            "{plan}/文化部/1-1 GOAL_REWORDED: 文化に親しむ機会をつくる -> 文化に親しむ機会を広げる"
        ),
        format!("{plan}/文化部/1-1/1.1 INDICATOR_REWORDED: 催しの開催 12回 -> 催しの開催 15回"),
        format!("{plan}/文化部/1-1/1.1 TARGET_REVISED: 12 -> 15"),
        format!("{plan}/文化部/1-1/2 RESPONSIBILITY_TRANSFERRED: 文化課 -> 文化課、広報課"),
        format!("{plan}/文化部/1-1/3 INITIATIVE_SET: - -> 広める"),
        format!("{plan}/文化部/1-1/3.1 INDICATOR_DEFINED: - -> 広報 3回"),
        format!("{plan}/文化部/1-1/3.1 TARGET_SET: - -> 3"),
        format!("{plan}/文化部/1-1/3.1 PLAN_PROFILE_SET: - -> even (assumed)"),
    ];
    assert_eq!(changes(&shown), expected, "{shown:?}");
    assert_eq!(place.size(), size, "a dry run adds nothing");

    let unreasoned = amend(&place, "corrected.csv", &corrected, &year);
    assert_eq!(
        unreasoned.code, 1,
        "a change needs a reason: {unreasoned:?}"
    );
    assert_eq!(place.size(), size);

    let reason = ["--reason", "中間見直し", "--document", "5企第123号"];
    let done = amend(
        &place,
        "corrected.csv",
        &corrected,
        &[&year[..], &reason].concat(),
    );
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(changes(&done), expected);
    // With the note of the file it came in.
    assert_eq!(place.size(), size + 10);
    let again = amend(
        &place,
        "corrected.csv",
        &corrected,
        &[&year[..], &reason].concat(),
    );
    assert_eq!((again.code, changes(&again)), (0, Vec::new()), "{again:?}");
    let plain = place.import("corrected.csv", &corrected, day.year());
    assert_eq!(
        (plain.code, plain.json()["appended"].as_u64()),
        (0, Some(0)),
        "{plain:?}"
    );
    // And back and forth: the same change again is another event.
    let back = amend(&place, "plan.csv", TABLE, &[&year[..], &reason].concat());
    assert_eq!(back.code, 0, "{back:?}");
    let forth = amend(
        &place,
        "corrected.csv",
        &corrected,
        &[&year[..], &reason].concat(),
    );
    assert_eq!(forth.code, 0, "{forth:?}");
    assert!(changes(&forth).contains(&expected[3]), "{forth:?}");
}

#[test]
fn what_a_file_confirms_is_no_longer_assumed_and_the_series_goes_on() {
    let (place, plan, day) = Place::with_plan();
    let before = place.size();
    let year = day.year().to_string();
    let options = ["--year", &year, "--reason", "文化課が確認"];
    let confirmed = TABLE
        .replace("目標達成基準", "目標達成基準,確認")
        .replace("12回", "12回,済")
        .replace("80%以上", "80%以上,")
        .replace("文化計画の策定", "文化計画の策定,");
    let done = amend(&place, "confirmed.csv", &confirmed, &options);
    assert_eq!(done.code, 0, "{done:?}");
    let code = format!("{plan}/文化部/1-1/1.1");
    let fields = "comparator, plan_profile, result_level";
    assert_eq!(
        changes(&done),
        [
            format!("{code} INDICATOR_REWORDED: assumed {fields} -> confirmed {fields}"),
            format!("{code} PLAN_PROFILE_SET: even (assumed) -> even"),
        ]
    );
    let again = amend(&place, "confirmed.csv", &confirmed, &options);
    assert_eq!((again.code, changes(&again)), (0, Vec::new()), "{again:?}");
    // A file that confirms nothing says nothing against it.
    let plain = amend(&place, "plan.csv", TABLE, &options);
    assert_eq!((plain.code, changes(&plain)), (0, Vec::new()), "{plain:?}");
    let definition = |more: &str| {
        let shown = place
            .daicho(&format!("goal show {plan}/文化部/1-1 --json{more}"))
            .json();
        shown["goal"]["initiatives"][0]["indicators"][0]["definition"].clone()
    };
    let now = definition("");
    assert_eq!(now["version"], 1, "the series goes on: {now}");
    let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    assert!(is_empty(&now["definition"]["assumed"]), "{now}");
    assert_eq!(now["confirmed"][0]["fields"][2], "result_level", "{now}");
    assert_eq!(
        now["confirmed"][0]["confirmation"]["actor"]["subject"],
        "文化課"
    );
    // What was known before the confirmation is as it was.
    let then = definition(&format!(" --known-at {before}"));
    assert_eq!(
        then["definition"]["assumed"].as_array().map(Vec::len),
        Some(3),
        "{then}"
    );
    assert!(is_empty(&then["confirmed"]), "{then}");
    for line in ["goal show", "audit explain"] {
        let of = if line == "goal show" {
            format!("{plan}/文化部/1-1")
        } else {
            code.clone()
        };
        let shown = place.daicho(&format!("{line} {of} --lang ja"));
        assert_eq!(shown.code, 0, "{shown:?}");
        assert!(
            shown.output.contains("推定を確認: 比較・計画線"),
            "{line}: {shown:?}"
        );
        assert!(shown.output.contains("文化課"), "{line}: {shown:?}");
    }
}

#[test]
fn an_initiative_under_another_goal_is_moved_with_its_history() {
    let (place, plan, day) = Place::with_plan();
    let year = day.year().to_string();
    let options = ["--year", &year, "--reason", "体系の見直し"];
    let other = format!("{TABLE},,文化を伝える,①広める,文化課,広報 3回\n");
    let set = amend(&place, "other.csv", &other, &options);
    assert_eq!(set.code, 0, "{set:?}");
    let moved = "\
部,柱,組織目標,取組内容,課等,目標達成基準
文化部,(1) 開かれた文化,文化に親しむ機会をつくる,①催しを開く,文化課,催しの開催 12回
,,,,,来場者の満足度 80%以上
,,文化を伝える,①広める,文化課,広報 3回
,,,②計画を立てる,文化課,文化計画の 策定
";
    let done = amend(&place, "moved.csv", moved, &options);
    assert_eq!(done.code, 0, "{done:?}");
    let code = format!("{plan}/文化部/1-1/2");
    assert_eq!(
        changes(&done),
        [
            format!("{code} INITIATIVE_MOVED: {plan}/文化部/1-1 2 -> {plan}/文化部/1-2 2"),
            format!("{code}.1 INDICATOR_REWORDED: 文化計画の策定 -> 文化計画の 策定"),
        ]
    );
    let again = amend(&place, "moved.csv", moved, &options);
    assert_eq!((again.code, changes(&again)), (0, Vec::new()), "{again:?}");
    let plain = place.import("moved.csv", moved, day.year());
    assert_eq!(
        (plain.code, plain.json()["appended"].as_u64()),
        (0, Some(0)),
        "{plain:?}"
    );
    let goal = place
        .daicho(&format!("goal show {plan}/文化部/1-2 --json"))
        .json();
    assert_eq!(goal["goal"]["initiatives"][1]["code"], code);
    // Two of the same words cannot be told apart.
    let twice = moved.replace(
        "②計画を立てる,文化課,文化計画の 策定",
        "③計画を立てる,文化課,文化計画の 策定
,,,④計画を立てる,文化課,別の計画の策定",
    );
    let shown = amend(
        &place,
        "twice.csv",
        &twice,
        &[&options[..], &["--dry-run"]].concat(),
    );
    assert_eq!(shown.code, 0, "{shown:?}");
    assert_eq!(shown.json()["ambiguous"][0], code, "{shown:?}");
}

#[test]
fn what_a_file_no_longer_has_is_cancelled_only_by_name() {
    let (place, plan, day) = Place::with_plan();
    let size = place.size();
    let year = day.year().to_string();
    let table: String = TABLE
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let more = ["--year", year.as_str(), "--reason", "取りやめ"];
    let shown = amend(&place, "plan.csv", &table, &more);
    assert_eq!((shown.code, changes(&shown)), (0, Vec::new()), "{shown:?}");
    let missing = [
        format!("{plan}/文化部/1-1/1.2"),
        format!("{plan}/文化部/1-1/2"),
    ];
    assert_eq!(shown.json()["missing"], serde_json::json!(missing));
    assert_eq!(place.size(), size);
    let cancelled = amend(
        &place,
        "plan.csv",
        &table,
        &[&more[..], &["--cancel-missing"]].concat(),
    );
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert_eq!(changes(&cancelled).len(), 2, "{cancelled:?}");
    let again = amend(
        &place,
        "plan.csv",
        &table,
        &[&more[..], &["--cancel-missing"]].concat(),
    );
    assert_eq!((again.code, changes(&again)), (0, Vec::new()), "{again:?}");
}

#[test]
fn a_reason_is_only_for_an_amendment() {
    let place = Place::new();
    let file = place.folder.path().join("plan.csv");
    std::fs::write(&file, TABLE).unwrap();
    let refused = place.daicho(&format!("plan import {} --reason 見直し", file.display()));
    assert_eq!(refused.code, 2, "{refused:?}");
    let none = amend(
        &place,
        "plan.csv",
        TABLE,
        &["--year", "R5", "--reason", "見直し"],
    );
    assert_eq!(none.code, 1, "{none:?}");
}

#[test]
fn the_next_years_plan_uses_the_units_that_are_there() {
    let (place, _, day) = Place::with_plan();
    let next = place.import("next.csv", TABLE, day.year() + 1);
    assert_eq!(next.code, 0, "{next:?}");
    let again = place.import("next.csv", TABLE, day.year() + 1);
    assert_eq!(
        (again.code, again.json()["appended"].as_u64()),
        (0, Some(0)),
        "{again:?}"
    );
}

#[test]
fn a_bad_file_gets_every_fault_with_its_place_and_imports_nothing() {
    let place = Place::new();
    let size = place.size();
    let table = "部,柱,組織目標,取組内容,課等,目標達成基準\n文化部,あ,目標,①取組,文化課,催し 2回\n文化部,1,目標,①取組,,催し 2回\n";
    let refused = place.import("bad.csv", table, 2023);
    assert_eq!(refused.code, 1, "{refused:?}");
    for told in [
        "line 2, column 柱 (pillar)",
        "line 3, column 課等 (sections)",
    ] {
        assert!(refused.errors.contains(told), "{told}: {refused:?}");
    }
    assert_eq!(refused.output, "");
    assert_eq!(place.size(), size);
}

#[test]
fn a_dry_run_needs_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.csv");
    std::fs::write(&file, TABLE).unwrap();
    let file = file.display().to_string();
    let nowhere = "http://127.0.0.1:1";
    let dry_run = |form: &[&'static str]| {
        let words = ["plan", "import", &file, "--year", "R5", "--dry-run"];
        daicho(nowhere, words.into_iter().chain(form.iter().copied()))
    };
    let object = dry_run(&["--json"]);
    assert_eq!(object.code, 0, "{object:?}");
    let goals = &object.json()["departments"][0]["pillars"][0]["goals"];
    assert_eq!(
        goals[0]["initiatives"][0]["criteria"][0]["measures"][0]["value"],
        "12"
    );
    let table = dry_run(&["--lang", "ja"]);
    insta::assert_snapshot!("dry_run_ja", table.output);
}
