//! A filled-in sheet comes back.

use insta::assert_snapshot;

use super::*;

#[test]
fn what_is_filled_in_is_recorded_once() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let path = office.write(
        "記入済み.xlsx",
        &sheet.with(&[
            ("R5/水資源部/1-1/3.1", "値", Put::Number("1")),
            ("R5/水資源部/1-2/1.1", "値", Put::Number("0.045")),
            (
                "R5/水資源部/1-2/1.1",
                "報告日",
                Put::Text("令和5年9月２９日"),
            ),
            ("R5/水資源部/1-2/1.1", "備考", Put::Text("南部の工区")),
            ("R5/水資源部/1-2/2.1a", "実績なし", Put::Text("需要なし")),
            ("R5/水資源部/1-2/2.2", "値", Put::Text("１")),
            ("R5/水資源部/2-1/2.1", "値", Put::Number("900")),
            ("R5/水資源部/2-1/2.1", "分母", Put::Number("950")),
            ("R5/水資源部/2-1/2.1", "報告日", Put::Text("2023/9/29")),
            ("R5/水資源部/2-1/3.1", "値", Put::Number("4")),
            ("R5/水資源部/2-1/3.1", "根拠資料", Put::Text("5下水第123号")),
        ]),
    );
    let before = office.size();
    let understood = office.done(&format!("record --file {path} --dry-run --lang ja"));
    let checked = office.done(&format!("record --file {path} --check --lang ja"));
    assert_eq!(office.size(), before, "nothing is recorded by a check");
    let recorded = office.done(&format!("record --file {path} --lang ja"));
    assert_eq!(office.size(), before + 7, "one for the file, one a row");
    let told = [&understood, &checked, &recorded].map(|ended| ended.output.as_str());
    // Where the sample ends is not what is told here.
    let positions = format!("{before}〜{}", before + 6);
    let told = told.join("----\n").replace(&positions, "N〜N+6");
    assert_snapshot!(told);
    assert!(
        recorded.errors.contains("「１」を 1 と読みました"),
        "{recorded:?}"
    );

    // The file is in the ledger with its name and digest, and every report says that it came of it.
    let events: Vec<serde_json::Value> = office.events(before);
    let file = &events[0]["fact"];
    assert_eq!(file["import_accepted"]["file_name"], "記入済み.xlsx");
    assert_eq!(file["import_accepted"]["indicators"], 6);
    let digest = file["import_accepted"]["file_sha256"].clone();
    assert!(
        events[1..]
            .iter()
            .all(|e| e["fact"]["causation_id"] == file["event_id"])
    );
    let named = &events[6]["fact"]["evidence"][0];
    assert_eq!(named["title"], "報告票の記載: 5下水第123号");
    assert_eq!(named["sha256"], digest);
    let ratio = &events[5]["fact"]["actual_recorded"]["measurement"]["ratio"];
    assert_eq!(ratio["numerator"], "900");
    assert_eq!(ratio["denominator"], "950");

    // Twice adds nothing, also under another name, also after the sheet's time.
    let again = office.done(&format!("record --file {path} --lang en"));
    assert!(again.output.contains("nothing was added now"), "{again:?}");
    let bytes = std::fs::read(&path).unwrap();
    let renamed = office.write("別名.xlsx", &bytes);
    let told = office
        .done(&format!("record --file {renamed} --json"))
        .json();
    assert_eq!(told["replayed"], true);
    assert_eq!(told["first_position"], before);
    assert_eq!(office.size(), before + 7);
}

#[test]
fn an_untouched_sheet_reports_nothing() {
    let office = Office::new();
    office.sheet("財務課");
    let path = office.path("財務課.xlsx");
    let before = office.size();
    let told = office.done(&format!("record --file {} --lang en", path.display()));
    assert!(told.output.contains("no row is filled in"), "{told:?}");
    assert_eq!(office.size(), before);
}

#[test]
fn everything_wrong_is_told_by_its_cell_and_nothing_is_recorded() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let path = office.write(
        "誤り.xlsx",
        &sheet.with(&[
            ("R5/水資源部/1-1/3.1", "値", Put::Text("約80")),
            ("R5/水資源部/1-2/1.1", "値", Put::Text("N/A")),
            ("R5/水資源部/1-2/2.1a", "値", Put::Formula("1+1", "2")),
            ("R5/水資源部/1-2/2.1b", "値", Put::Number("5")),
            ("R5/水資源部/1-2/2.1b", "報告日", Put::Text("2023-10-02")),
            ("R5/水資源部/1-2/2.2", "値", Put::Number("1")),
            ("R5/水資源部/1-2/2.2", "実績なし", Put::Text("活動なし")),
            ("R5/水資源部/1-2/4.1", "報告日", Put::Text("2023-09-31")),
            ("R5/水資源部/1-2/4.1", "値", Put::Number("1")),
            ("R5/水資源部/2-1/2.1", "値", Put::Number("95")),
            ("R5/水資源部/2-1/3.1", "備考", Put::Text("調査中")),
            ("R5/水資源部/2-2/1.1", "実績なし", Put::Text("休み")),
            ("R5/水資源部/2-2/1.2", "値", Put::Number("1")),
            ("R5/水資源部/2-2/1.2", "分母", Put::Number("2")),
        ]),
    );
    let before = office.size();
    for mode in ["", " --check", " --dry-run"] {
        let ended = office.run(&format!("record --file {path}{mode} --lang ja"));
        assert_eq!(ended.code, 1, "{ended:?}");
        assert_eq!(ended.output, "");
        assert_snapshot!(
            "everything_wrong_here",
            ended.errors.replace(&path, "誤り.xlsx")
        );
    }
    // What only the ledger can say is told by cells too.
    let path = office.write(
        "規則.xlsx",
        &sheet.with(&[
            ("R5/水資源部/1-1/3.1", "値", Put::Number("1.5")),
            ("R5/水資源部/1-2/2.1b", "値", Put::Number("-3")),
            ("R5/水資源部/2-1/2.1", "値", Put::Number("1")),
            ("R5/水資源部/2-1/2.1", "分母", Put::Number("0")),
            ("R5/水資源部/2-1/3.1", "値", Put::Number("1")),
        ]),
    );
    let ended = office.run(&format!("record --file {path} --lang ja"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_snapshot!(
        "everything_wrong_there",
        ended.errors.replace(&path, "規則.xlsx")
    );
    let faults = office.run(&format!("record --file {path} --json")).json();
    assert_eq!(faults["recorded"], 0);
    assert_eq!(
        faults["faults"].as_array().map(Vec::len),
        Some(3),
        "{faults}"
    );
    assert_eq!(office.size(), before);
}

#[test]
fn doubtful_values_are_taken_and_told() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let path = office.write(
        "急増.xlsx",
        &sheet.with(&[
            ("R5/水資源部/1-2/2.1b", "値", Put::Number("9999")),
            ("R5/水資源部/2-1/3.1", "値", Put::Number("1")),
        ]),
    );
    let told = office.done(&format!("record --file {path} --json")).json();
    let notices = |row: usize| -> Vec<String> {
        let found = told["rows"][row]["notices"].as_array().unwrap().iter();
        found
            .map(|notice| notice["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        notices(0),
        ["NOTICE_KIND_VALUE_SPIKE", "NOTICE_KIND_FAR_ABOVE_TARGET"]
    );
    assert_eq!(told["recorded"], 2);
}

#[test]
fn a_cell_that_changed_is_a_correction_only_when_somebody_says_so() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let first = [
        ("R5/水資源部/1-1/3.1", "値", Put::Number("1")),
        ("R5/水資源部/2-1/3.1", "値", Put::Number("2")),
    ];
    let path = office.write("一回目.xlsx", &sheet.with(&first));
    office.done(&format!("record --file {path}"));
    let before = office.size();
    let second = [
        ("R5/水資源部/1-1/3.1", "値", Put::Number("1")),
        ("R5/水資源部/2-1/3.1", "値", Put::Number("3")),
        ("R5/水資源部/2-2/1.2", "値", Put::Number("4")),
    ];
    let path = office.write("二回目.xlsx", &sheet.with(&second));
    let refused = office.run(&format!("record --file {path} --lang en"));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.errors.contains("is recorded as `2023-09-30 +2")
            && refused.errors.contains("--correct"),
        "{refused:?}"
    );
    assert_eq!(office.size(), before);
    let ended = office.run(&format!("record --file {path} --correct"));
    assert_eq!(ended.code, 2, "a correction has a reason: {ended:?}");

    let line = format!("record --file {path} --correct --reason 集計表の転記誤り --json");
    let told = office.done(&line).json();
    assert_eq!(
        (&told["recorded"], &told["corrected"], &told["known_before"]),
        (&1.into(), &1.into(), &1.into())
    );
    let outcomes: Vec<&str> = told["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["KNOWN", "CORRECT", "RECORD"]);
    let events = office.events(before);
    assert_eq!(events.len(), 3);
    let corrected = &events[1]["fact"];
    assert_eq!(corrected["actual_corrected"]["before"]["increment"], "2");
    assert_eq!(corrected["reason"]["text"], "集計表の転記誤り");
    assert_eq!(corrected["reason"]["code"], "REASON_CODE_ENTRY_ERROR");
    assert_eq!(
        events[2]["fact"]["reason"],
        serde_json::Value::Null,
        "a new report needs no reason"
    );

    // The same once more adds nothing; the first file neither: it was loaded.
    office.done(&line);
    office.done(&format!(
        "record --file {}",
        office.path("一回目.xlsx").display()
    ));
    assert_eq!(office.size(), before + 3);
    // The corrected sheet with one more row: what was corrected is known.
    let third = [
        ("R5/水資源部/2-1/3.1", "値", Put::Number("3")),
        ("R5/水資源部/2-2/1.1", "値", Put::Number("0.01")),
    ];
    let path = office.write("三回目.xlsx", &sheet.with(&third));
    let told = office.done(&format!("record --file {path} --json")).json();
    assert_eq!(
        (&told["recorded"], &told["known_before"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn members_of_a_set_have_a_row_each() {
    let office = Office::new();
    for (section, code, put, kind, value) in [
        (
            "土木管理課",
            "R5/建設部/4-1/1.1",
            Put::Text("実施済"),
            "member",
            "state",
        ),
        (
            "人事課",
            "R5/総務部/6-1/2.1",
            Put::Number("10"),
            "member_value",
            "value",
        ),
    ] {
        let bytes = office.sheet(section);
        let sheet = Filled::new(bytes.clone());
        let found = only_sheet(&bytes);
        // The last of its rows: that of the last member.
        let text = |column: &str| {
            found
                .at(sheet.at(code, column))
                .map(|v| v.text().expect("usable"))
        };
        assert!(text("内訳").is_some_and(|part| !part.is_empty()));
        let key = text("識別2").expect("a key");
        let before = office.size();
        let day = (code, "報告日", Put::Text("2023-09-15"));
        let path = office.write("対象.xlsx", &sheet.with(&[(code, "値", put), day]));
        let told = office.done(&format!("record --file {path} --json")).json();
        assert_eq!(told["recorded"], 1, "{told}");
        let events = office.events(before);
        let measured = &events[1]["fact"]["actual_recorded"]["measurement"][kind];
        let member = measured["member"].as_str().expect("a member");
        assert_eq!(format!("member:{member}"), key);
        let measured = measured[value].as_str().expect("a value");
        assert!(
            ["MEMBER_STATE_DONE", "10"].contains(&measured),
            "{measured}"
        );
    }
}

#[test]
fn a_cleared_cell_takes_nothing_back_and_names_what_would() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let code = "R5/水資源部/2-1/3.1";
    let other = ("R5/水資源部/1-1/3.1", "値", Put::Number("1"));
    let path = office.write(
        "一回目.xlsx",
        &sheet.with(&[(code, "値", Put::Number("2"))]),
    );
    let told = office.done(&format!("record --file {path} --json")).json();
    assert_eq!(told["cleared"], serde_json::json!([]), "{told}");
    let position = told["size"].as_u64().unwrap() - 1;
    let retract = format!("daicho retract {position} --reason");
    let before = office.size();

    // Other rows report, this one is empty now: told by a check, by the record, and beside nothing to record.
    let path = office.write("二回目.xlsx", &sheet.with(&[other]));
    let place = sheet.at(code, "値").to_string();
    let checked = office.done(&format!("record --file {path} --check --lang en"));
    let said = format!("warning: {place} is empty, but {code} is recorded as `2023-09-30 +2");
    assert!(
        checked.errors.contains(&said) && checked.errors.contains(&retract),
        "{checked:?}"
    );
    assert_eq!(office.size(), before);
    let told = office.done(&format!("record --file {path} --json")).json();
    assert_eq!(told["recorded"], 1);
    let cleared = &told["cleared"].as_array().unwrap()[..];
    assert_eq!(cleared.len(), 1, "{told}");
    assert_eq!(cleared[0]["cell"], place);
    assert_eq!(cleared[0]["position"], position);
    let untouched = office.path("下水道課.xlsx");
    let told = office.done(&format!("record --file {} --lang ja", untouched.display()));
    assert_eq!(told.errors.matches("空にしても取消になりません").count(), 2);

    // The command that it names does take it back, and then nothing is left to tell.
    let line = format!("retract {position} --reason 転記誤り");
    office.done(&line);
    let told = office.done(&format!("record --file {} --lang ja", untouched.display()));
    assert!(!told.errors.contains(code), "{told:?}");

    // Without a server, what the sheet shows is told; a new sheet shows the report that still stands.
    let path = office.write("三回目.xlsx", &office.sheet("下水道課"));
    let told = office.done(&format!("record --file {path} --dry-run --lang en"));
    let place = sheet.at("R5/水資源部/1-1/3.1", "値").to_string();
    assert!(
        told.errors.contains("had a report of this period")
            && told.errors.contains(&place)
            && told.errors.contains("daicho retract INDICATOR@DATE"),
        "{told:?}"
    );
    let first = Filled::new(office.sheet("下水道課"));
    let path = office.write("四回目.xlsx", &first.with(&[other]));
    let told = office.done(&format!("record --file {path} --dry-run --lang en"));
    assert!(!told.errors.contains(&place), "{told:?}");
}

#[test]
fn a_soft_closed_month_takes_a_report_with_a_reason() {
    let office = Office::new();
    office.done("plan soft-close R5 mid-year --reason 受付締切");
    let sheet = Filled::new(office.sheet("下水道課"));
    let code = "R5/水資源部/2-1/3.1";
    let value = (code, "値", Put::Number("2"));
    let path = office.write("理由なし.xlsx", &sheet.with(&[value]));
    let before = office.size();
    let refused = office.run(&format!("record --file {path} --lang en"));
    assert_eq!(refused.code, 1, "{refused:?}");
    let place = sheet.at(code, "備考").to_string();
    for said in [&place, "PERIOD_SOFT_CLOSED", "say why in the column"] {
        assert!(refused.errors.contains(said), "{said}: {refused:?}");
    }
    assert_eq!(office.size(), before);
    let note = (code, "備考", Put::Text("集計の遅れ"));
    let path = office.write("理由あり.xlsx", &sheet.with(&[value, note]));
    let told = office.done(&format!("record --file {path} --json")).json();
    assert_eq!(told["recorded"], 1, "{told}");
    let fact = &office.events(before)[1]["fact"];
    assert_eq!(fact["reason"]["text"], "集計の遅れ");
}
