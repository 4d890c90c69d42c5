//! What any text becomes in a printed form.

use super::*;

const PRINT: &str = "MP9C-RBNF-9HXQ-RK6Z-RE9D-QC8C-YMQ7";

fn form(texts: &[&str]) -> Form {
    let column = Heading {
        text: "内容".to_owned(),
        width: 20,
        to_fill: false,
    };
    let line = |text: &&str| Line::Slots(vec![Slot::Of(Cell::Text((*text).to_owned()))]);
    Form {
        head: Head {
            title: "様式&1".to_owned(),
            year: "令和5年度".to_owned(),
            effective_on: Some(date("2023-09-30")),
            known_at: 7,
            recorded_until: None,
            fingerprint: Some(PRINT.parse().unwrap()),
            ledger: "A".to_owned(),
            sample: false,
            language: daicho::domain::text::Language::Ja,
        },
        parts: vec![Part {
            name: "部".to_owned(),
            caption: vec!["様式".to_owned()],
            columns: vec![column],
            lines: texts.iter().map(line).collect(),
            closing: Vec::new(),
        }],
    }
}

#[test]
fn a_text_that_looks_like_a_formula_stays_a_text() {
    let harmful = ["=1+1", "+81", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")"];
    let bytes = form(&harmful).workbook().unwrap();
    let sheet = inside(&bytes, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"));
    let styles = inside(&bytes, "xl/styles.xml");
    assert!(styles.contains("quotePrefix=\"1\""));
    let texts = texts(&workbook::read(&bytes).unwrap());
    for text in harmful {
        assert!(texts.iter().any(|told| told == text), "{text}");
    }
}

#[test]
fn what_nobody_sees_is_shown_in_a_workbook() {
    let text = "甲\u{202E}乙\u{200B}";
    let bytes = form(&[text]).workbook().unwrap();
    let written = inside(&bytes, "xl/sharedStrings.xml");
    assert!(written.contains("甲\\u{202e}乙\\u{200b}"), "{written}");
    // Read back it is what it was.
    let texts = texts(&workbook::read(&bytes).unwrap());
    assert!(texts.iter().any(|told| told == text), "{texts:?}");
}

#[test]
fn a_text_longer_than_a_cell_holds_is_cut_and_a_name_is_no_code_of_a_header() {
    let long = "長".repeat(40_000);
    let bytes = form(&[&long]).workbook().unwrap();
    let texts = texts(&workbook::read(&bytes).unwrap());
    let longest = texts.iter().map(|text| text.chars().count()).max();
    assert_eq!(longest, Some(32_767));
    let sheet = inside(&bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("様式&amp;&amp;1"));
    // K and its fingerprint on two lines of the footer, below everything.
    let footer = format!("&amp;C記録時点 7件\n&amp;7指紋 {PRINT}&amp;R");
    assert!(sheet.contains(&footer), "{sheet}");
    assert!(!sheet.contains("見本"));
}
