//! What a sheet holds when it goes out.

use insta::assert_snapshot;

use super::*;

#[test]
fn a_sheet_has_a_row_for_each_thing_that_is_reported() {
    let office = Office::new();
    let bytes = office.sheet("施設保全課");
    let sheet = only_sheet(&bytes);
    let (row, columns) = head(&sheet);
    let shown: Vec<&String> = columns
        .keys()
        .filter(|name| !name.starts_with("識別"))
        .collect();
    let line = |row: u32| {
        let cell = |name: &&String| {
            let value = sheet.at(Address::new(row, columns[*name]));
            let text = value.map_or_else(String::new, |value| value.text().expect("usable"));
            (!text.is_empty()).then(|| format!("{name}={}", text.replace('\n', " ")))
        };
        shown
            .iter()
            .filter_map(cell)
            .collect::<Vec<_>>()
            .join(" | ")
    };
    let rows: Vec<String> = (row + 1..row + 6).map(line).collect();
    assert_snapshot!(rows.join("\n"));

    // What a spreadsheet is told: inputs alone are unlocked, ids are hidden, A4 across with the head on each page.
    let xml = part(&bytes, "xl/worksheets/sheet1.xml");
    for said in [
        "<sheetProtection sheet=\"1\"",
        "paperSize=\"9\" fitToHeight=\"0\" orientation=\"landscape\"",
        "hidden=\"1\"",
        "type=\"date\"",
        "type=\"list\"",
        "type=\"whole\"",
    ] {
        assert!(xml.contains(said), "{said}: {xml}");
    }
    let names = part(&bytes, "xl/workbook.xml");
    assert!(names.contains("_xlnm.Print_Titles"), "{names}");
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("游ゴシック"), "{styles}");

    // The same size and day, the same bytes.
    assert!(office.sheet("施設保全課") == bytes);
    // Another size: another sheet.
    office.done("record R5/総務部/3-1/1.1 1 --on 2023-10-05");
    assert!(office.sheet("施設保全課") != bytes);
}

#[test]
fn states_are_chosen_from_a_list() {
    let office = Office::new();
    let xml = part(&office.sheet("くらし安心課"), "xl/worksheets/sheet1.xml");
    assert!(xml.contains("\"未着手,着手,決定,完了,稼働\""), "{xml}");
}

#[test]
fn what_no_sheet_can_be_made_for_is_told() {
    let office = Office::new();
    for (line, code, said) in [
        (
            "--section 財務課 --period 2023-11",
            2,
            "2023-11-01 has not come yet",
        ),
        (
            "--section 財務課 --period 2022-09",
            2,
            "outside of the plan R5",
        ),
        (
            "--section 財務課 --period 夏",
            2,
            "neither a month nor a period of the plan R5",
        ),
        ("--section 税務課なし --period 2023-09", 3, "CODE_UNKNOWN"),
        (
            "--section R5/総務部/3-1 --period 2023-09",
            2,
            "no unit of the organisation",
        ),
        ("--section 総務部 --period 2023-09", 3, "leads no indicator"),
    ] {
        let path = office.path("none.xlsx");
        let ended = office.run(&format!("report sheet {line} -o {}", path.display()));
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(said), "{line}: {}", ended.errors);
        assert!(!path.exists(), "{line}");
    }
    office.sheet("財務課");
    let path = office.path("財務課.xlsx");
    let ended = office.run(&format!(
        "report sheet --section 財務課 --period R5.9 -o {}",
        path.display()
    ));
    assert_eq!(ended.code, 2, "a file is not replaced unasked: {ended:?}");
}

#[test]
fn who_reports_what_a_section_takes_part_in_stands_above_the_table() {
    let office = Office::new();
    let sheet = only_sheet(&office.sheet("下水道課"));
    let (head, columns) = head(&sheet);
    let texts = |rows: std::ops::Range<u32>, column: u32| -> Vec<String> {
        rows.filter_map(|row| sheet.at(Address::new(row, column))?.text().ok())
            .collect()
    };
    let notes = texts(0..head, 0);
    let told: Vec<&String> = notes
        .iter()
        .filter(|note| note.starts_with("参加（協力）する指標はこの票にありません"))
        .collect();
    assert_eq!(told.len(), 1, "{notes:?}");
    let codes = texts(head + 1..head + 100, columns["指標"]);
    for code in [
        "R5/水資源部/1-2/3.1",
        "R5/水資源部/2-2/3.1",
        "R5/水資源部/6-1/1.1",
    ] {
        assert!(told[0].contains(&format!("{code}（水道課）")), "{told:?}");
        assert!(!codes.contains(&code.to_owned()), "{code} has a row");
    }
    // Whoever answers for it has the row.
    let led = Filled::new(office.sheet("水道課"));
    led.at("R5/水資源部/1-2/3.1", "値");
}
