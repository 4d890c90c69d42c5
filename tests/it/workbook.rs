//! Reading workbooks: what is in them, what is refused, and that nothing makes the reader fall over.

use std::io::{Cursor, Read as _, Write as _};

use daicho::import::workbook::{
    self, Address, CELLS_MAX, COLUMNS_MAX, Problem, ROWS_MAX, Unopened, Value, Workbook,
};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook as Written, Worksheet, XlsxError};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A workbook of one sheet that `fill` fills.
fn written(fill: impl FnOnce(&mut Worksheet) -> Result<(), XlsxError>) -> Vec<u8> {
    let mut workbook = Written::new();
    fill(workbook.add_worksheet()).expect("the sheet is written");
    workbook.save_to_buffer().expect("the workbook is written")
}

/// One of everything.
fn everything() -> Vec<u8> {
    written(|sheet| {
        sheet.set_name("様式1")?;
        sheet.write(0, 0, "組織目標\n二行目")?;
        sheet.write(0, 1, "=SUM(A1:A2) と書いた文字")?;
        sheet.write(1, 0, 0.1 + 0.2)?;
        sheet.write_with_format(1, 1, 0.97, &Format::new().set_num_format("0.0%"))?;
        sheet.write(1, 2, true)?;
        let day = ExcelDateTime::from_ymd(2023, 9, 30)?;
        sheet.write_with_format(
            2,
            0,
            &day,
            &Format::new().set_num_format("ggge\"年\"m\"月\"d\"日\""),
        )?;
        let moment = ExcelDateTime::from_ymd(2023, 9, 30)?.and_hms(8, 30, 0)?;
        sheet.write_with_format(
            2,
            1,
            &moment,
            &Format::new().set_num_format("yyyy/m/d h:mm"),
        )?;
        sheet.write_formula(3, 0, Formula::new("=1+1").set_result("2"))?;
        sheet.write_formula(3, 1, Formula::new("=NA()").set_result("#N/A"))?;
        sheet.merge_range(4, 0, 6, 1, "結合", &Format::new())?;
        sheet.write(7, 0, "①　７，９４５千人")?;
        Ok(())
    })
}

fn outline(workbook: &Workbook) -> String {
    let mut lines = Vec::new();
    for sheet in &workbook.sheets {
        lines.push(format!("[{}] visible {}", sheet.name, sheet.visible));
        lines.extend(
            sheet
                .cells()
                .map(|(at, cell)| format!("{at} {:?}", cell.value)),
        );
    }
    lines.join("\n")
}

#[test]
fn every_kind_of_cell_is_told_by_its_address() {
    let workbook = workbook::read(&everything()).expect("the workbook is read");
    insta::assert_snapshot!(outline(&workbook), @r#"
    [様式1] visible true
    A1 Text("組織目標\n二行目")
    B1 Text("=SUM(A1:A2) と書いた文字")
    A2 Number(Quantity(0.3))
    B2 Percent(Quantity(97))
    C2 Bool(true)
    A3 Date(2023-09-30)
    B3 Unusable(TimeOfDay)
    A4 Unusable(Formula)
    B4 Unusable(Formula)
    A5 Text("結合")
    A8 Text("①\u{3000}７，９４５千人")
    "#);
    let sheet = &workbook.sheets[0];
    let merged = Value::Text("結合".to_owned());
    assert_eq!(sheet.at(Address::new(6, 1)), Some(&merged));
    assert_eq!(sheet.at(Address::new(6, 2)), None);
}

#[test]
fn days_of_the_1904_system_are_the_same_days() {
    let from_1900 = written(|sheet| {
        let day = Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_number_with_format(0, 0, 43_737, &day)?;
        Ok(())
    });
    let from_1904 = edited(&from_1900, "xl/workbook.xml", |xml| {
        xml.replace("<workbookPr ", "<workbookPr date1904=\"1\" ")
    });
    let day = |bytes: &[u8]| {
        let workbook = workbook::read(bytes).expect("the workbook is read");
        workbook.sheets[0].at(Address::new(0, 0)).cloned()
    };
    assert_eq!(
        day(&from_1904),
        Some(Value::Date("2023-09-30".parse().expect("a day")))
    );
    assert_eq!(
        day(&from_1900),
        Some(Value::Date("2019-09-29".parse().expect("a day")))
    );
}

#[test]
fn a_hidden_sheet_is_read_and_said_to_be_hidden() {
    let mut written = Written::new();
    written
        .add_worksheet()
        .write(0, 0, "見える")
        .expect("written");
    written
        .add_worksheet()
        .set_hidden(true)
        .write(0, 0, "見えない")
        .expect("written");
    let bytes = written.save_to_buffer().expect("written");
    let workbook = workbook::read(&bytes).expect("the workbook is read");
    assert_eq!(workbook.sheets.len(), 2);
    assert_eq!(workbook.visible().count(), 1);
}

#[test]
fn a_cell_beyond_the_limits_is_named() {
    let beyond = |row, column| {
        workbook::read(&written(|sheet| sheet.write(row, column, 1).map(|_| ()))).map(|_| ())
    };
    let wide = u16::try_from(COLUMNS_MAX).expect("a column");
    assert_eq!(beyond(ROWS_MAX - 1, wide - 1), Ok(()));
    let told = |answer: Result<(), Unopened>| answer.expect_err("refused").to_string();
    assert_eq!(
        told(beyond(ROWS_MAX, 0)),
        "the sheet `Sheet1` holds something in A50001; at most 50000 rows are read"
    );
    assert_eq!(
        told(beyond(0, 9_999)),
        "the sheet `Sheet1` holds something in NTP1; at most 256 columns are read"
    );
    // A cell that is only coloured holds nothing.
    let coloured = written(|sheet| {
        sheet.write_blank(0, 9_999, &Format::new().set_bold())?;
        Ok(())
    });
    assert_eq!(workbook::read(&coloured).map(|_| ()), Ok(()));
}

#[test]
fn a_text_that_many_cells_share_counts_in_each() {
    let bytes = written(|sheet| {
        let text = "長".repeat(30_000);
        for row in 0..1_000 {
            sheet.write(row, 0, &text)?;
        }
        Ok(())
    });
    assert!(bytes.len() < 100_000);
    assert_eq!(workbook::read(&bytes), Err(Unopened::TooMuchText));
}

/// The same ZIP with one part passed through `edit`.
fn edited(bytes: &[u8], name: &str, edit: impl Fn(String) -> String) -> Vec<u8> {
    repacked(bytes, |found, content| {
        if found == name {
            let text = String::from_utf8(content).expect("XML is UTF-8");
            let after = edit(text.clone());
            assert_ne!(text, after, "{name} is not what the test takes it for");
            after.into_bytes()
        } else {
            content
        }
    })
}

fn repacked(bytes: &[u8], edit: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).expect("a part");
        let name = part.name().expect("a name").into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).expect("read");
        out.start_file(&*name, SimpleFileOptions::default())
            .expect("begun");
        out.write_all(&edit(&name, content)).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// The same ZIP with one more part.
fn with_part(bytes: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = ZipWriter::new_append(Cursor::new(bytes.to_vec())).expect("a ZIP");
    out.start_file(name, SimpleFileOptions::default())
        .expect("begun");
    out.write_all(content).expect("written");
    out.finish().expect("finished").into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn what_no_plain_workbook_has_is_refused_by_name() {
    let bytes = everything();
    let refused = |bytes: &[u8]| workbook::read(bytes).expect_err("refused");
    assert_eq!(
        refused(&with_part(&bytes, "xl/vbaProject.bin", b"x")),
        Unopened::Macros
    );
    assert_eq!(
        refused(&with_part(&bytes, "mimetype", b"x")),
        Unopened::OpenDocument
    );
    assert_eq!(
        refused(&with_part(&bytes, "xl/workbook.bin", b"x")),
        Unopened::BinaryFormat
    );
    let entity = edited(&bytes, SHEET, |xml| {
        xml.replacen(
            "<worksheet",
            "<!DocType x [<!ENTITY a \"b\">]><worksheet",
            1,
        )
    });
    assert_eq!(refused(&entity), Unopened::DocumentType);
    let other = edited(&bytes, SHEET, |xml| xml.replacen("UTF-8", "UTF-16", 1));
    assert_eq!(refused(&other), Unopened::Encoding);
    let mut old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    old.extend([0; 600]);
    assert_eq!(refused(&old), Unopened::OldFormat);
    old.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(refused(&old), Unopened::Password);
    assert_eq!(refused(b"PK\x03\x04"), Unopened::Broken);
    assert_eq!(refused(&bytes[..bytes.len() / 2]), Unopened::Broken);
}

#[test]
fn a_bomb_is_not_inflated_to_its_end() {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    out.start_file("xl/media/image1.bin", SimpleFileOptions::default())
        .expect("begun");
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..70 {
        out.write_all(&zeros).expect("written");
    }
    let mut bomb = out.finish().expect("finished").into_inner();
    assert!(bomb.len() < 200_000);
    assert_eq!(workbook::read(&bomb), Err(Unopened::Inflates));
    // A header that says one byte changes nothing: bytes are counted as they come.
    let size = u32::to_le_bytes(70 * 1024 * 1024);
    let places: Vec<usize> = bomb
        .windows(4)
        .enumerate()
        .filter(|(_, w)| *w == size)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bomb[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert!(matches!(
        workbook::read(&bomb),
        Err(Unopened::Inflates | Unopened::Broken)
    ));
}

#[test]
fn numbers_that_size_a_parsers_memory_are_not_believed() {
    let lying = edited(&everything(), "xl/sharedStrings.xml", |xml| {
        xml.replacen("uniqueCount=\"", "uniqueCount=\"99999999999", 1)
    });
    assert_eq!(workbook::read(&lying), Err(Unopened::Broken));
    let shared = edited(&everything(), SHEET, |xml| {
        xml.replacen(
            "<f>1+1</f>",
            "<f t=\"shared\" ref=\"A4:A5\" si=\"99999999999999\">1+1</f>",
            1,
        )
    });
    let workbook = workbook::read(&shared).expect("the workbook is read");
    let formula = Value::Unusable(Problem::Formula);
    assert_eq!(workbook.sheets[0].at(Address::new(3, 0)), Some(&formula));
    for address in ["ZZZZZZZZZZ1", "A99999999999", "A0"] {
        let far = edited(&everything(), SHEET, |xml| {
            xml.replacen("r=\"A4\"", &format!("r=\"{address}\""), 1)
        });
        let _ = workbook::read(&far);
    }
    let reversed = edited(&everything(), SHEET, |xml| {
        xml.replacen("A5:B7", "B7:A5", 1)
    });
    let _ = workbook::read(&reversed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Bytes changed anywhere in a part, which the checksum of the ZIP is then made for.
    #[test]
    fn no_change_to_a_workbook_makes_the_reader_fall_over(
        changes in prop::collection::vec((0_usize..20, any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of((0_usize..20, any::<prop::sample::Index>())),
    ) {
        let bytes = everything();
        let names: Vec<String> = ZipArchive::new(Cursor::new(&bytes[..]))
            .expect("a ZIP")
            .file_names()
            .map(|name| name.expect("a name").into_owned())
            .collect();
        let changed = repacked(&bytes, |name, mut content| {
            let own = names.iter().position(|other| other == name).unwrap_or_default();
            for (part, at, byte) in &changes {
                if part % names.len() == own && !content.is_empty() {
                    let at = at.index(content.len());
                    content[at] = *byte;
                }
            }
            if let Some((part, at)) = &cut && part % names.len() == own && !content.is_empty() {
                content.truncate(at.index(content.len()));
            }
            content
        });
        let _ = workbook::read(&changed);
    }

    /// Bytes changed anywhere in the file.
    #[test]
    fn no_change_to_the_file_makes_the_reader_fall_over(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..16),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = everything();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = workbook::read(&bytes);
    }
}

#[test]
fn more_cells_than_are_read_are_refused() {
    let bytes = written(|sheet| {
        let across = 200;
        let rows = u32::try_from(CELLS_MAX).expect("small") / across + 1;
        for row in 0..rows {
            for column in 0..across {
                sheet.write(row, u16::try_from(column).expect("small"), 1)?;
            }
        }
        Ok(())
    });
    assert_eq!(workbook::read(&bytes), Err(Unopened::TooManyCells));
}
