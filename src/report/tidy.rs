//! CSV of tables, for programs and for spreadsheets, and back.
//!
//! A spreadsheet runs what looks like a formula. For it such a text has an apostrophe before it, and so has one that
//! begins with an apostrophe itself: taking one away from either gives back what was there ([`original`]). Programs get the
//! text verbatim. Nor does a spreadsheet say that a text changes the direction of writing or has characters without width: for
//! it those stand as their code points, `\u{202e}`, and so does the backslash of a text that has such letters itself
//! ([`visible`]). The byte order mark tells one from the other: only what is for spreadsheets has it.

use crate::domain::quantity::Quantity;
use crate::domain::text::{verbatim, visible};

/// What a text begins with that a spreadsheet takes for a formula, or that stands before one here.
const HARMFUL: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// For whom a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Spreadsheets: UTF-8 with byte order mark, lines ended by CRLF, texts that look like formulas neutralised, characters that
    /// nobody sees shown. Numbers stay as they are.
    Spreadsheet,
    /// Programs: UTF-8 without byte order mark, lines ended by LF, texts verbatim.
    Machine,
}

/// A file is not in one of the two profiles.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotTidy {
    /// It is not UTF-8.
    #[error("not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// It is not CSV.
    #[error("not CSV from line {0} on")]
    NotCsv(u64),
}

/// Rows, the header first, as CSV with quotes after RFC 4180, only where they are needed.
pub fn csv(profile: Profile, rows: impl Iterator<Item = Vec<String>>) -> String {
    let (mut text, end) = match profile {
        Profile::Spreadsheet => (String::from(BYTE_ORDER_MARK), "\r\n"),
        Profile::Machine => (String::new(), "\n"),
    };
    for row in rows {
        // A line without anything would be no row.
        if let [only] = row.as_slice()
            && only.is_empty()
        {
            text.push_str("\"\"");
        }
        for (number, cell) in row.iter().enumerate() {
            if 0 < number {
                text.push(',');
            }
            match profile {
                Profile::Spreadsheet => push_quoted(&mut text, &harmless(&visible(cell))),
                Profile::Machine => push_quoted(&mut text, cell),
            }
        }
        text.push_str(end);
    }
    text
}

/// The rows of a file of either profile, the header first, as they were before they were written.
pub fn read(bytes: &[u8]) -> Result<Vec<Vec<String>>, NotTidy> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotTidy::NotUtf8(error.valid_up_to()))?;
    let (text, profile) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (text, Profile::Spreadsheet),
        None => (text, Profile::Machine),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            NotTidy::NotCsv(line)
        })?;
        let cells = record.iter().map(|cell| match profile {
            Profile::Spreadsheet => verbatim(original(cell)).into_owned(),
            Profile::Machine => cell.to_owned(),
        });
        rows.push(cells.collect());
    }
    Ok(rows)
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
    // A byte order mark at the very beginning would be taken for the file's own.
    if cell.contains([',', '"', '\n', '\r', BYTE_ORDER_MARK]) {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_no_formula_and_can_be_had_back() {
        for text in [
            "=1+1", "+a", "-x", "@SUM(A1)", "\tx", "\rx", "'x", "''", "'=1",
        ] {
            let safe = harmless(text);
            assert!(safe.starts_with('\''), "{text}");
            assert_eq!(original(&safe), text);
        }
        for text in ["-3", "-0.5", "28", "", "R5/総務部", "a=b", "＝１"] {
            assert_eq!(harmless(text), text);
            assert_eq!(original(text), text);
        }
    }

    #[test]
    fn a_file_for_spreadsheets_begins_with_a_mark_and_ends_lines_as_they_expect() {
        let rows = || {
            let rows = [vec!["a", "b"], vec!["x,\"y\"", "=1"]];
            rows.map(|row| row.into_iter().map(str::to_owned).collect())
                .into_iter()
        };
        assert_eq!(
            csv(Profile::Spreadsheet, rows()),
            "\u{FEFF}a,b\r\n\"x,\"\"y\"\"\",'=1\r\n"
        );
        assert_eq!(csv(Profile::Machine, rows()), "a,b\n\"x,\"\"y\"\"\",=1\n");
    }

    #[test]
    fn what_nobody_sees_is_shown_to_spreadsheets_only() {
        let rows = || std::iter::once(vec!["\u{202E}=1".to_owned()]);
        assert_eq!(csv(Profile::Spreadsheet, rows()), "\u{FEFF}\\u{202e}=1\r\n");
        assert_eq!(csv(Profile::Machine, rows()), "\u{202E}=1\n");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(read(b"a,\xFF\n"), Err(NotTidy::NotUtf8(2)));
        assert_eq!(read(b""), Ok(Vec::new()));
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\""),
            Just(","),
            Just("\n"),
            Just("\r\n"),
            Just("\r"),
            Just("\t"),
            Just("="),
            Just("'"),
            Just("-"),
            Just("+"),
            Just("@"),
            Just("７，９４５"),
            Just("約"),
            Just("-3"),
            Just("0.10"),
            Just(" "),
            Just("\u{FEFF}"),
            Just("\u{0}"),
            Just("\u{202E}"),
            Just("\\u{202e}"),
            Just("\\u{5c}"),
            Just("\\"),
            Just("é"),
            Just("𠮷"),
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(
            rows in (1_usize..5).prop_flat_map(|width| {
                let row = proptest::collection::vec(prop_oneof![text(), any::<String>()], width);
                proptest::collection::vec(row, 0..6)
            }),
        ) {
            for profile in [Profile::Machine, Profile::Spreadsheet] {
                let written = csv(profile, rows.iter().cloned());
                let read = read(written.as_bytes()).expect("read");
                prop_assert_eq!(&read, &rows, "{:?}", profile);
                prop_assert_eq!(csv(profile, read.into_iter()), written);
            }
        }

        #[test]
        fn no_cell_for_spreadsheets_is_run(text in text()) {
            let safe = harmless(&text);
            let number = Quantity::parse(&safe).is_ok();
            prop_assert!(number || !safe.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
