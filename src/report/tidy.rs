//! Tidy files: a header, then one row a thing and one value a cell, for programs or for spreadsheets.
//!
//! A spreadsheet runs what looks like a formula. For it such a text has an apostrophe before it, and so has one that
//! begins with an apostrophe itself: taking one away from either gives back what was there ([`original`]).

use crate::domain::quantity::Quantity;

/// What a text begins with that a spreadsheet takes for a formula, or that stands before one here.
const HARMFUL: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// Rows, the header first, as CSV for spreadsheets: UTF-8 with byte order mark, lines ended by CRLF, quotes after RFC 4180,
/// texts that look like formulas neutralised. Numbers stay as they are.
pub fn for_spreadsheets(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = String::from('\u{FEFF}');
    for row in rows {
        for (number, cell) in row.iter().enumerate() {
            if 0 < number {
                text.push(',');
            }
            push_quoted(&mut text, &harmless(cell));
        }
        text.push_str("\r\n");
    }
    text
}

/// A cell that no spreadsheet runs.
pub fn harmless(cell: &str) -> String {
    match cell.starts_with(HARMFUL) && Quantity::parse(cell).is_err() {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// What [`harmless`] was made of.
pub fn original(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(HARMFUL) => rest,
        _ => cell,
    }
}

fn push_quoted(text: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_no_formula_and_can_be_had_back() {
        for text in ["=1+1", "+a", "-x", "@SUM(A1)", "\tx", "'x", "''", "'=1"] {
            let safe = harmless(text);
            assert!(safe.starts_with('\''), "{text}");
            assert_eq!(original(&safe), text);
        }
        for text in ["-3", "-0.5", "28", "", "R5/総務部", "a=b"] {
            assert_eq!(harmless(text), text);
            assert_eq!(original(text), text);
        }
    }

    #[test]
    fn a_file_for_spreadsheets_begins_with_a_mark_and_ends_lines_as_they_expect() {
        let rows = [vec!["a", "b"], vec!["x,\"y\"", "=1"]];
        let rows = rows
            .iter()
            .map(|row| row.iter().map(ToString::to_string).collect());
        let text = for_spreadsheets(rows);
        assert_eq!(text, "\u{FEFF}a,b\r\n\"x,\"\"y\"\"\",'=1\r\n");
    }
}
