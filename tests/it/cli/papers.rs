//! `daicho audit sample -o`: the working paper of an audit, against a server with the sample.

use super::sheets::{Office, only_sheet};

#[test]
fn a_working_paper_holds_what_was_drawn_and_is_the_same_again() {
    let office = Office::on("2023-10-06");
    let drawn = office
        .done("audit sample --n 40 --seed 監査1 --json")
        .json();
    let sampled = drawn["sampled"].as_array().unwrap();
    assert_eq!(sampled.len(), 40);

    let path = office.path("調書.xlsx");
    let line = format!(
        "audit sample --n 40 --seed 監査1 -o {} --lang ja",
        path.display()
    );
    let written = office.done(&line);
    assert!(
        written.errors.contains("40行を書き出しました"),
        "{written:?}"
    );
    assert_eq!(written.output, "");
    let bytes = std::fs::read(&path).unwrap();
    let sheet = only_sheet(&bytes);
    let rows: Vec<Vec<String>> = sheet
        .rows()
        .into_iter()
        .map(|(_, cells)| {
            let texts = cells.iter().filter_map(|(_, cell)| cell.value.text().ok());
            texts.collect()
        })
        .collect();
    let mut found = 0;
    for (number, sampled) in (1..).zip(sampled) {
        let change = &sampled["change"];
        let (number, position) = (format!("{number}"), change["position"].to_string());
        let id = change["event_id"].as_str().unwrap();
        let row = rows
            .iter()
            .find(|row| row.first() == Some(&number) && row.get(1) == Some(&position))
            .unwrap_or_else(|| panic!("no line {number} of position {position}"));
        let papers = row
            .iter()
            .filter(|cell| cell.lines().any(|line| line == id));
        found += papers.count();
        // Codes are told in words.
        for cell in row {
            let is_code = |word: &str| {
                word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            };
            let codes: Vec<&str> = cell.split([' ', '\n', '：', '→']).collect();
            assert!(!codes.iter().any(|word| is_code(word)), "{cell}");
        }
    }
    assert_eq!(found, 40, "each line names its event once");
    let caption = |text: &str| rows.iter().flatten().any(|cell| cell.contains(text));
    assert!(caption("種「監査1」") && caption("から 40件を抽出"));

    // A paper that may be filled in by now is not replaced unasked; drawn again it is the same.
    let again = office.run(&line);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.errors.contains("--force"), "{again:?}");
    office.done(&format!("{line} --force"));
    assert!(std::fs::read(&path).unwrap() == bytes);
    // Another seed draws others.
    let other = office.path("別.xlsx");
    office.done(&format!(
        "audit sample --n 40 --seed 監査2 -o {}",
        other.display()
    ));
    assert!(std::fs::read(other).unwrap() != bytes);
}
