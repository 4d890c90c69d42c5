//! Plans that are broken, changed or not for here: each is refused by what is wrong, and nothing is imported.

use std::io::{Cursor, Write as _};

use insta::assert_snapshot;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const STRINGS: &str = "xl/sharedStrings.xml";
const ONE: &str = "R5/企画財政部/1-1/1.1";
const OTHER: &str = "R5/企画財政部/1-2/1.1";

/// The draft with one row that goes on.
fn good(draft: &Draft) -> Vec<u8> {
    draft.with(&[
        (ONE, "目標達成基準", Put::Text("開く催し 2件")),
        (ONE, "目標値", Put::Number("2")),
    ])
}

fn replaced(bytes: &[u8], name: &str, from: &str, to: &str) -> Vec<u8> {
    edited(bytes, name, |xml| xml.replace(from, to))
}

/// The workbook with one more part.
fn with_part(bytes: &[u8], name: &str, content: &[u8], times: usize) -> Vec<u8> {
    let mut out = ZipWriter::new_append(Cursor::new(bytes.to_vec())).expect("a ZIP");
    out.start_file(name, SimpleFileOptions::default())
        .expect("begun");
    for _ in 0..times {
        out.write_all(content).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// The sheet as a spreadsheet saves it as CSV.
fn as_csv(bytes: &[u8]) -> String {
    let sheet = only_sheet(bytes);
    let (_, columns) = head(&sheet);
    let last = columns.values().max().copied().unwrap_or_default();
    let rows = sheet.rows().last().map_or(0, |(row, _)| *row);
    let mut text = String::new();
    for row in 0..=rows {
        let cell = |column: u32| {
            let value = sheet.at(Address::new(row, column));
            let text = value.map_or_else(String::new, |value| value.text().expect("usable"));
            format!("\"{}\"", text.replace('"', "\"\""))
        };
        let cells: Vec<String> = (0..=last).map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// The most memory that reading one of these may take, in KiB: the bounds of the reader and the program itself.
const RESIDENT_KIB_MAX: u64 = 512 * 1024;

#[test]
fn a_plan_that_cannot_be_taken_is_refused_by_name() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    let good = good(&draft);
    let value = draft.at(ONE, "目標値");
    let cell = format!("<c r=\"{value}\"");
    let merged = edited(&good, SHEET, |xml| {
        let next = Address::new(value.row + 1, value.column);
        let area =
            format!("<mergeCells count=\"1\"><mergeCell ref=\"{value}:{next}\"/></mergeCells>");
        let filter = xml.find("<autoFilter").expect("a filter");
        let end = filter + xml[filter..].find("/>").expect("an end") + 2;
        format!("{}{area}{}", &xml[..end], &xml[end..])
    });
    let row = value.row + 1;
    let wide = edited(&good, SHEET, |xml| {
        xml.replacen(&cell, &format!("<c r=\"NTP{row}\"><v>1</v></c>{cell}"), 1)
    });
    let id = draft.text(ONE, "継続の控え");
    let other = draft.text(OTHER, "継続の控え");
    let goal = |text: &str| {
        let word = text.split(' ').find(|word| word.starts_with("goal="));
        word.expect("an id").to_owned()
    };
    let mut old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    old.extend([0; 600]);
    let mut password = old.clone();
    password.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    // More than is inflated; the test of memory below has a GiB of it.
    let cells = "<c r=\"A1\"><v>1</v></c>".repeat(48 * 1024).into_bytes();
    let bomb = with_part(&good, "xl/worksheets/sheet9.xml", &cells, 80);
    assert!(bomb.len() < 16 * 1024 * 1024);
    let dimension = edited(&good, SHEET, |xml| {
        let begin = xml.find("<dimension ref=\"").expect("a dimension") + "<dimension ref=\"".len();
        let end = begin + xml[begin..].find('"').expect("an end");
        format!("{}A1:XFD1048576{}", &xml[..begin], &xml[end..])
    });
    let report = {
        let path = office.path("票.xlsx");
        let shown = path.display();
        office.done(&format!(
            "report sheet --section 財務課 --period 2024-03 --plan R5 -o {shown}"
        ));
        std::fs::read(path).unwrap()
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("10,000 columns", wide, "at most 256 columns are read"),
        ("a bomb of cells", bomb, "inflates to more than"),
        (
            "macros",
            with_part(&good, "xl/vbaProject.bin", b"x", 1),
            "a workbook with macros; save it as .xlsx",
        ),
        (
            "a password",
            password,
            "with a password; save it without one",
        ),
        (
            "an old format",
            old,
            "old format of Excel or Word; save it as .xlsx",
        ),
        (
            "half of it",
            good[..good.len() / 2].to_vec(),
            "not a workbook, or a broken one",
        ),
        (
            "another sheet",
            report,
            "no plan: neither a table with the columns 部, 柱",
        ),
        (
            "no headings",
            edited(&good, STRINGS, |xml| {
                let gone = ["組織目標", "取組内容", "部", "柱", "課等", "目標達成基準"];
                gone.iter().fold(xml, |xml, name| {
                    xml.replace(&format!("<t>{name}</t>"), "<t>x</t>")
                })
            }),
            "no plan: neither a table with the columns 部, 柱",
        ),
        (
            "two headings gone",
            ["取組内容", "課等"]
                .iter()
                .fold(good.clone(), |bytes, name| {
                    replaced(&bytes, STRINGS, &format!("<t>{name}</t>"), "<t>何か</t>")
                }),
            "column 課等 (sections): the column is missing",
        ),
        (
            "a merged input",
            merged,
            "column 目標値 (target_value): a merged cell; unmerge it",
        ),
        (
            "a formula",
            draft.with(&[
                (ONE, "目標達成基準", Put::Text("催し 2件")),
                (ONE, "目標値", Put::Formula("1+1", "2")),
            ]),
            "a formula; put its value there instead",
        ),
        (
            "a goal's id",
            replaced(&good, STRINGS, &goal(&id), &goal(&other)),
            "a hidden id was changed",
        ),
        (
            "an id that is none",
            replaced(&good, STRINGS, "indicator=", "indicator=x"),
            "a hidden id was changed",
        ),
        (
            "the ledger's id",
            replaced(&good, STRINGS, "ledger=", "ledger=0"),
            "a hidden id was changed",
        ),
        (
            "a code",
            replaced(
                &good,
                STRINGS,
                &format!("<t>{ONE}</t>"),
                "<t>R5/企画財政部/1-1/9.9</t>",
            ),
            "a hidden id was changed",
        ),
        (
            "a check value",
            replaced(&good, STRINGS, "check=c", "check=d"),
            "a hidden id was changed",
        ),
        (
            "a row that goes on twice",
            {
                let copied = [("継続元", ONE.to_owned()), ("継続の控え", id.clone())];
                let puts: Vec<_> = copied
                    .iter()
                    .map(|(column, text)| (OTHER, *column, Put::Text(text)))
                    .collect();
                edited(&good, SHEET, |xml| {
                    puts.iter().fold(xml, |xml, (code, column, put)| {
                        put_in(&xml, draft.at(code, column), *put)
                    })
                })
            },
            "is continued in row",
        ),
        (
            "another year",
            replaced(&good, STRINGS, "<t>R6</t>", "<t>R7</t>"),
            "the draft is for R6",
        ),
        (
            "a text without a target",
            draft.with(&[(ONE, "目標達成基準", Put::Text("催し 2件"))]),
            "a text without a target",
        ),
        (
            "a target without a text",
            draft.with(&[(ONE, "目標値", Put::Number("2"))]),
            "a target without a text",
        ),
        (
            "a step of work without its day",
            draft.with(&[
                ("R5/教育部/1-2/2.1", "測り方", Put::Text("工程")),
                ("R5/教育部/1-2/2.1", "期限", Put::Text("")),
            ]),
            "a step of work without its last day",
        ),
        ("nothing", Vec::new(), "no plan"),
    ];
    let before = office.size();
    for (name, bytes, said) in cases {
        let path = office.write("x.xlsx", &bytes);
        for mode in ["", " --dry-run"] {
            let ended = office.run(&format!("plan import {path}{mode} --lang en"));
            assert_eq!(ended.code, 1, "{name}: {ended:?}");
            assert!(ended.errors.contains(said), "{name}: {}", ended.errors);
            assert_eq!(ended.output, "", "{name}");
        }
        assert_eq!(office.size(), before, "{name}");
    }
    // A size that is only stated takes no memory, and is no reason to refuse.
    let path = office.write("広い.xlsx", &dimension);
    office.done(&format!("plan import {path} --dry-run"));
    // Everything wrong is told at once, by its cell.
    let all = draft.with(&[
        (ONE, "目標達成基準", Put::Text("催し 2件")),
        (ONE, "目標値", Put::Text("約2")),
        (
            "R5/企画財政部/1-1/2.1",
            "目標達成基準",
            Put::Text("フォロワー 5人"),
        ),
        ("R5/企画財政部/1-1/2.2", "目標値", Put::Number("3")),
        (OTHER, "目標達成基準", Put::Formula("A1", "x")),
        (OTHER, "目標値", Put::Number("1")),
        (OTHER, "柱", Put::Text("一")),
        ("R5/教育部/1-2/2.1", "期限", Put::Text("2024-02-30")),
        ("R5/教育部/1-2/2.1", "測り方", Put::Text("だいたい")),
        (NEW, "目標達成基準", Put::Text("新しい 1件")),
    ]);
    let path = office.write("誤り.xlsx", &all);
    let ended = office.run(&format!("plan import {path} --lang ja"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_snapshot!(ended.errors.replace(&path, "誤り.xlsx"));
    assert_eq!(office.size(), before);
    let path = office.write("よい.xlsx", &good);
    office.done("ledger open other --name 他市 --origin other.example/daicho");
    let ended = office.run(&format!("plan import {path} --ledger other --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.errors.contains("a draft of another ledger"),
        "{ended:?}"
    );
    office.done(&format!("plan import {path} --ledger kariya-sample"));
}

#[test]
fn a_draft_that_was_saved_as_csv_is_taken_in_every_encoding_that_offices_use() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    let text = as_csv(&good(&draft));
    // Programs that write CP932 put the wave dash that it has in place of the other.
    let wide = text.replace('〜', "～");
    let (sjis, _, broken) = encoding_rs::SHIFT_JIS.encode(&wide);
    assert!(!broken, "the draft has no characters beyond CP932");
    let bom = format!("\u{feff}{text}").into_bytes();
    for (name, bytes) in [
        ("bom.csv", bom),
        ("plain.csv", text.clone().into_bytes()),
        ("sjis.csv", sjis.into_owned()),
    ] {
        let path = office.write(name, &bytes);
        let told = office
            .done(&format!("plan import {path} --dry-run --json"))
            .json();
        assert_eq!(told["draft"]["continued"], 2, "{name}: {told}");
        assert_eq!(told["draft"]["new"], 0, "{name}: {told}");
    }
    let path = office.write("x.csv", text.replace("check=c", "check=d").as_bytes());
    let ended = office.run(&format!("plan import {path} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.errors.contains("a hidden id was changed"),
        "{ended:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn no_file_takes_memory_without_bound() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    let good = good(&draft);
    let cells = "<c r=\"A1\"><v>1</v></c>".repeat(48 * 1024).into_bytes();
    let bomb = with_part(&good, "xl/worksheets/sheet9.xml", &cells, 1_024);
    let path = office.write("x.xlsx", &bomb);
    // The limit is the kernel's: what asks for more is refused it and ends in another way than this.
    let limit = format!("ulimit -v {RESIDENT_KIB_MAX}; exec \"$0\" \"$@\"");
    let ended = std::process::Command::new("sh")
        .args([
            "-c",
            &limit,
            env!("CARGO_BIN_EXE_daicho"),
            "plan",
            "import",
            &path,
        ])
        .args(["--dry-run", "--lang", "en"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("inflates to more than"), "{told}");
}
