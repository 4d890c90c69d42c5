//! A year that began elsewhere.

use super::*;

const HEAD: &str =
    "指標,内訳,報告日,値・分子・状況,分母,実績なし,備考・理由,根拠資料,元の記録日,元の報告者\n";
const WHY: &str = "--migration --reason 年度途中からの移行 --document 5企第45号";

#[test]
fn what_was_recorded_elsewhere_is_claimed_and_never_known_before() {
    let office = Office::new();
    let before = office.size();
    let table = format!(
        "{HEAD}R5/水資源部/1-1/3.1,,2023-04-20,1,,,春の訓練,,2023-05-01,防災係\n\
         R5/水資源部/1-1/3.1,,R5.6.9,１,,,,訓練記録,令和5年7月3日,\n\
         R5/水資源部/2-1/2.1,,2023-06-29,10,12,,,,,\n"
    );
    let path = office.write("旧表.csv", table.as_bytes());
    for missing in [
        "--migration",
        "--migration --reason 移行",
        "--migration --document 5企第45号",
    ] {
        let ended = office.run(&format!("record --file {path} {missing}"));
        assert_eq!(ended.code, 2, "{missing}: {ended:?}");
    }
    let told = office
        .done(&format!("record --file {path} {WHY} --json"))
        .json();
    assert_eq!(told["recorded"], 3, "{told}");
    let events = office.events(before);
    assert_eq!(events.len(), 4);
    assert_eq!(events[0]["fact"]["import_accepted"]["indicators"], 2);
    let fact = &events[1]["fact"];
    assert_eq!(fact["valid_from"], "2023-04-20");
    assert_eq!(fact["source_document"]["number"], "5企第45号");
    assert_eq!(
        fact["reason"]["text"],
        "年度途中からの移行\n移行（申告）: 元の記録日 2023-05-01、元の報告者 防災係\n備考: 春の訓練"
    );
    assert_eq!(fact["causation_id"], events[0]["fact"]["event_id"]);
    // Recorded now, by whoever loaded the file.
    assert_eq!(events[1]["actor"]["subject"], "係員");
    let recorded_at = events[1]["recorded_at"].as_str().unwrap();
    assert!(recorded_at.starts_with("2023-10-0"), "{recorded_at}");
    // What was known the day before does not know of it; now it counts on its own day.
    let on = |point: &str| {
        let shown = office
            .done(&format!("goal history R5/水資源部/1-1/3.1 {point} --json"))
            .json();
        shown["entries"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(on("--known-at 2023-09-30"), 0);
    assert_eq!(on("--on 2023-05-01"), 1);
    assert_eq!(on("--on 2023-09-30"), 2);

    office.done(&format!("record --file {path} {WHY}"));
    assert_eq!(office.size(), before + 4, "twice adds nothing");
    // A longer table adds what is new; one that says otherwise is refused.
    let longer = format!("{table}R5/水資源部/2-1/3.1,,2023-05-31,1,,,,,,\n");
    let path = office.write("続き.csv", longer.as_bytes());
    let told = office
        .done(&format!("record --file {path} {WHY} --json"))
        .json();
    assert_eq!(
        (&told["recorded"], &told["known_before"]),
        (&1.into(), &3.into())
    );
    let size = office.size();
    let other = table.replace("2023-04-20,1", "2023-04-20,2");
    let path = office.write("別.csv", other.as_bytes());
    let ended = office.run(&format!("record --file {path} {WHY} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .errors
            .contains("D2 (Value): this cell is recorded as"),
        "{ended:?}"
    );
    assert_eq!(office.size(), size);
}

#[test]
fn what_is_wrong_with_a_table_from_elsewhere_is_told_by_its_cell() {
    let office = Office::new();
    let before = office.size();
    let table = format!(
        "{HEAD}R5/水資源部/9-9/1.1,,2023-04-20,1,,,,,,\n\
         R5/水資源部/1-1/3.1,,2022-04-20,1,,,,,,\n\
         R5/水資源部/1-1/3.1,,2023-04-20,1,,,,,4月頃,\n"
    );
    let path = office.write("旧表.csv", table.as_bytes());
    let ended = office.run(&format!("record --file {path} {WHY} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    for said in [
        "A2 (Indicator): there is no indicator",
        "I4 (Recorded elsewhere on): `4月頃` is no date",
    ] {
        assert!(ended.errors.contains(said), "{said}: {}", ended.errors);
    }
    let table = format!("{HEAD}R5/水資源部/1-1/3.1,,2022-04-20,1,,,,,,\n");
    let path = office.write("年度外.csv", table.as_bytes());
    let ended = office.run(&format!("record --file {path} {WHY} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.errors.contains("C2 (Date)") && ended.errors.contains("DATE_OUTSIDE_CYCLE"),
        "{ended:?}"
    );
    assert_eq!(office.size(), before);
}

#[test]
fn more_reports_than_one_request_holds_are_refused_whole() {
    let office = Office::new();
    let before = office.size();
    let rows = "R5/水資源部/1-1/3.1,,2023-04-20,1,,,,,,\n".repeat(1_000);
    let path = office.write("多い.csv", format!("{HEAD}{rows}").as_bytes());
    let ended = office.run(&format!("record --file {path} {WHY} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .errors
            .contains("1000 reports; a file has at most 999"),
        "{ended:?}"
    );
    assert_eq!(office.size(), before);
}
