//! Sheets that are broken, changed or not for here; and sheets that other programs saved.

use daicho::cli::sheet::column::Column;

use super::*;

/// A part of the workbook with a text in it replaced everywhere.
fn replaced(bytes: &[u8], name: &str, from: &str, to: &str) -> Vec<u8> {
    edited(bytes, name, |xml| xml.replace(from, to))
}

/// The workbook with one more part.
fn with_part(bytes: &[u8], name: &str) -> Vec<u8> {
    let mut out = ZipWriter::new_append(Cursor::new(bytes.to_vec())).expect("a ZIP");
    out.start_file(name, SimpleFileOptions::default())
        .expect("begun");
    out.write_all(b"x").expect("written");
    out.finish().expect("finished").into_inner()
}

/// The sheet as a spreadsheet saves it as CSV.
fn as_csv(bytes: &[u8]) -> String {
    let sheet = only_sheet(bytes);
    let (head, columns) = head(&sheet);
    let mut text = String::new();
    for row in 0..head + 30 {
        let cell = |column: u32| {
            let value = sheet.at(Address::new(row, column));
            let text = value.map_or_else(String::new, |value| value.text().expect("usable"));
            format!("\"{}\"", text.replace('"', "\"\""))
        };
        let last = columns.values().max().copied().unwrap_or_default();
        let cells: Vec<String> = (0..=last).map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

const STRINGS: &str = "xl/sharedStrings.xml";
/// An indicator of the sheet, and an input of its row.
const CODE: &str = "R5/水資源部/1-1/3.1";

#[test]
fn a_sheet_that_cannot_be_taken_is_refused_by_name() {
    let office = Office::new();
    let blank = office.sheet("下水道課");
    let sheet = Filled::new(blank.clone());
    let good = sheet.with(&[(CODE, "値", Put::Number("1"))]);
    let value = sheet.at(CODE, "値").to_string();
    let id = {
        let found = only_sheet(&blank);
        let at = sheet.at(CODE, "識別1");
        found
            .at(at)
            .and_then(|value| value.text().ok())
            .expect("an id")
    };
    let forged = format!("0{}", &id[1..]);
    let forged = if forged == id {
        format!("1{}", &id[1..])
    } else {
        forged
    };
    let merged = edited(&good, SHEET, |xml| {
        let row = sheet.at(CODE, "値").row;
        let next = Address::new(row + 1, sheet.at(CODE, "値").column);
        let area =
            format!("<mergeCells count=\"1\"><mergeCell ref=\"{value}:{next}\"/></mergeCells>");
        // It stands behind the filter.
        let filter = xml.find("<autoFilter").expect("a filter");
        let end = filter + xml[filter..].find("/>").expect("an end") + 2;
        format!("{}{area}{}", &xml[..end], &xml[end..])
    });
    let wide = edited(&good, SHEET, |xml| {
        xml.replacen(
            &format!("<c r=\"{value}\""),
            &format!("<c r=\"NTP12\"><v>1</v></c><c r=\"{value}\""),
            1,
        )
    });
    let added = edited(&good, SHEET, |xml| {
        let rows = "<row r=\"60\"><c r=\"H60\" t=\"inlineStr\"><is><t>2023-09-30</t></is></c><c r=\"I60\"><v>5</v></c></row></sheetData>";
        xml.replace("</sheetData>", rows)
    });
    let mut old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    old.extend([0; 600]);
    let mut password = old.clone();
    password.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let plan = std::fs::read("src/server/sample/plan-r5.csv").expect("the sample's plan");
    let unit = |head: &str| replaced(&good, STRINGS, head, "何か");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("another table", plan, "no report sheet"),
        ("no head", unit("報告日\nDate"), "no report sheet"),
        (
            "an id",
            replaced(&good, STRINGS, &id, &forged),
            "a hidden id was changed",
        ),
        (
            "a check value",
            edited(&good, STRINGS, |xml| xml.replace("<t>c", "<t>d")),
            "a hidden id was changed",
        ),
        (
            "a definition",
            replaced(&good, STRINGS, "definition=1", "definition=2"),
            "a hidden id was changed",
        ),
        (
            "what it was made at",
            replaced(&good, STRINGS, "known=", "known=1"),
            "a hidden id was changed",
        ),
        (
            "a code",
            replaced(&good, STRINGS, CODE, "R5/水資源部/1-1/9.9"),
            "a hidden id was changed",
        ),
        ("a merged input", merged, "a merged cell"),
        (
            "a formula",
            sheet.with(&[(CODE, "値", Put::Formula("1+1", "2"))]),
            "a formula",
        ),
        ("a row more", added, "rows cannot be added"),
        (
            "macros",
            with_part(&good, "xl/vbaProject.bin"),
            "a workbook with macros",
        ),
        ("10,000 columns", wide, "at most 256 columns"),
        ("a password", password, "a password"),
        ("an old format", old, "old format"),
        ("a text file", b"\0\x01\x02".to_vec(), "not a text file"),
        ("half of it", good[..good.len() / 2].to_vec(), "broken"),
        ("nothing", Vec::new(), "no report sheet"),
    ];
    let before = office.size();
    for (name, bytes, said) in cases {
        let path = office.write("x.xlsx", &bytes);
        for mode in ["", " --dry-run"] {
            let ended = office.run(&format!("record --file {path}{mode} --lang en"));
            assert_eq!(ended.code, 1, "{name}: {ended:?}");
            assert!(ended.errors.contains(said), "{name}: {}", ended.errors);
            assert!(
                ended.errors.contains("nothing was recorded"),
                "{name}: {}",
                ended.errors
            );
        }
        assert_eq!(office.size(), before, "{name}");
    }
    // The same sheet unharmed is taken, only by the section and the plan that it is of.
    let path = office.write("よい.xlsx", &good);
    for (line, said) in [
        ("--section 財務課", "another section (下水道課"),
        ("--plan R4", "another plan (R5"),
    ] {
        let ended = office.run(&format!("record --file {path} {line} --lang en"));
        assert_ne!(ended.code, 0, "{line}: {ended:?}");
        assert!(ended.errors.contains(said), "{line}: {}", ended.errors);
    }
    assert_eq!(office.size(), before);
    office.done(&format!(
        "record --file {path} --section 下水道課 --plan R5"
    ));
    assert_eq!(office.size(), before + 2);
}

#[test]
fn a_sheet_of_another_ledger_is_refused() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let path = office.write("x.xlsx", &sheet.with(&[(CODE, "値", Put::Number("1"))]));
    office.done("ledger open other --name 他市 --origin other.example/daicho");
    let ended = office.run(&format!("record --file {path} --ledger other --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.errors.contains("a sheet of another ledger"),
        "{ended:?}"
    );
}

#[test]
fn csv_is_taken_in_every_encoding_that_offices_use() {
    let office = Office::new();
    let blank = office.sheet("下水道課");
    let sheet = Filled::new(blank);
    let filled = |value: &str| {
        let bytes = sheet.with(&[
            (CODE, "値", Put::Text(value)),
            (CODE, "報告日", Put::Text("2023/9/5")),
            (CODE, "備考", Put::Text("=HYPERLINK(\"x\")、改行も\n入る")),
        ]);
        as_csv(&bytes)
    };
    // Programs that write CP932 put the wave dash that it has in place of the other.
    let wide = filled("１，２３４").replace('〜', "～");
    let (sjis, _, broken) = encoding_rs::SHIFT_JIS.encode(&wide);
    assert!(!broken, "the sheet has no characters beyond CP932");
    let bom = format!("\u{feff}{}", filled("1,234")).into_bytes();
    let before = office.size();
    for (name, bytes) in [
        ("bom.csv", bom),
        ("plain.csv", filled("1234").into_bytes()),
        ("sjis.csv", sjis.into_owned()),
    ] {
        let path = office.write(name, &bytes);
        let told = office
            .done(&format!("record --file {path} --check --json"))
            .json();
        assert_eq!(
            told["rows"].as_array().map(Vec::len),
            Some(1),
            "{name}: {told}"
        );
        assert_eq!(told["rows"][0]["value"], "+1,234 times", "{name}: {told}");
        assert_eq!(told["rows"][0]["on"], "2023-09-05", "{name}: {told}");
    }
    assert_eq!(office.size(), before);
    // The same rows in another form are the same reports.
    let path = office.path("bom.csv");
    office.done(&format!("record --file {}", path.display()));
    assert_eq!(office.size(), before + 2);
    let told = office
        .done(&format!(
            "record --file {} --json",
            office.path("sjis.csv").display()
        ))
        .json();
    assert_eq!(told["known_before"], 1, "{told}");
    assert_eq!(office.size(), before + 2);
    // A fault has the address that a spreadsheet gives the cell.
    let path = office.write("x.csv", filled("N/A").as_bytes());
    let ended = office.run(&format!("record --file {path} --lang en"));
    let at = sheet.at(CODE, "値").to_string();
    let told = format!("{at} (Value): `N/A`");
    assert!(ended.errors.contains(&told), "{ended:?}");
}

#[test]
fn english_headings_come_back() {
    let office = Office::new();
    let sheet = Filled::new(office.sheet("下水道課"));
    let mut text = as_csv(&sheet.with(&[(CODE, "値", Put::Number("3"))]));
    for column in Column::ALL {
        let (_, en) = column.names();
        text = text.replace(&column.heading(), en);
    }
    let wanted = "\"Indicator\",\"What is counted\",\"Part\"";
    assert!(text.contains(wanted), "{text}");
    let path = office.write("english.csv", text.as_bytes());
    let before = office.size();
    let told = office.done(&format!("record --file {path} --json")).json();
    assert_eq!(told["rows"][0]["indicator"], CODE, "{told}");
    assert_eq!(told["recorded"], 1);
    assert_eq!(office.size(), before + 2);
}
