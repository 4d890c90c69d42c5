//! Tables for programs and spreadsheets: one row a thing, one value a cell, and a dictionary that says what each column holds.
//!
//! ```text
//! entries     every report, correction and retraction
//! targets     every version of a target
//! changes     every field that a change touched
//! evaluation  the canonical rows, as the projection makes them
//! plan        the plan as `daicho plan import` reads it
//! dictionary  what each column of each of them holds
//! ```
//! A table's columns are one list: the writers take their headings from it and the dictionary its rows, so no column can be
//! without an explanation. Cells are texts in one spelling; what kind of value they hold is the column's business.

use crate::domain::date::parse_iso;
use crate::domain::quantity::Quantity;
use crate::report::book::{self, Cell, Page, Unwritten};
use crate::report::tidy;

pub mod changes;
pub mod dictionary;
pub mod entries;
pub mod evaluation;
pub mod plan;
pub mod targets;

/// Rows of a table at most: more than that no spreadsheet and no single answer should hold.
pub const ROWS_MAX: usize = 100_000;
/// The format of the tables of this module; that of the canonical rows has a number of its own.
pub const FORMAT: &str = "1";

/// What the cells of a column hold, where they hold anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// One of a list of codes, or a code of the ledger's own.
    Code,
    /// A UUID.
    Id,
    /// Words, verbatim.
    Text,
    /// An exact decimal.
    Decimal,
    /// A whole number from 0.
    Count,
    /// A civil day, `2023-09-30`.
    Day,
    /// An instant, RFC 3339 in UTC.
    Instant,
    /// A SHA-256 digest, 64 hexadecimal digits.
    Digest,
    /// `true` or `false`.
    Flag,
    /// Several values in order.
    List,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Its name in the file, which no later release gives to anything else.
    pub name: &'static str,
    /// What it is called in Japanese and in English.
    pub called: [&'static str; 2],
    /// What it means, in Japanese and in English.
    pub meaning: [&'static str; 2],
    /// What its cells hold.
    pub kind: Kind,
    /// In which unit they are; empty: none.
    pub unit: &'static str,
    /// Which values there can be; empty: all of the kind.
    pub range: &'static str,
    /// Where they come from: message and field of the API.
    pub source: &'static str,
    /// Whether it is of the ledger that wrote the file rather than of the fact: another ledger that takes the file in has
    /// its own.
    pub of_record: bool,
}

impl Column {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        called: [&'static str; 2],
        meaning: [&'static str; 2],
        source: &'static str,
    ) -> Self {
        Self {
            name,
            called,
            meaning,
            kind,
            unit: "",
            range: "",
            source,
            of_record: false,
        }
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(super) const fn range(mut self, range: &'static str) -> Self {
        self.range = range;
        self
    }

    pub(super) const fn of_record(mut self) -> Self {
        self.of_record = true;
        self
    }
}

/// A table: its name and its columns in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Its name: `entries`.
    pub name: &'static str,
    /// What it is called in Japanese and in English.
    pub called: [&'static str; 2],
    /// Its columns.
    pub columns: &'static [Column],
}

/// Every table, in the order of the dictionary.
pub const ALL: [Definition; 5] = [
    entries::TABLE,
    targets::TABLE,
    changes::TABLE,
    evaluation::TABLE,
    plan::TABLE,
];

/// A table with its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Data {
    /// Rows with a cell for each column of the definition.
    pub fn new(definition: &Definition, rows: Vec<Vec<String>>) -> Self {
        debug_assert!(rows.iter().all(|row| row.len() == definition.columns.len()));
        Self {
            columns: definition.columns.to_vec(),
            rows,
        }
    }

    /// Without the columns that are of the ledger that wrote it: another ledger that holds the same facts writes the same.
    #[must_use]
    pub fn portable(mut self) -> Self {
        let keep: Vec<bool> = self.columns.iter().map(|c| !c.of_record).collect();
        for row in &mut self.rows {
            let mut kept = keep.iter();
            row.retain(|_| kept.next().copied().unwrap_or(false));
        }
        self.columns.retain(|column| !column.of_record);
        self
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As CSV.
    pub fn csv(&self, profile: tidy::Profile) -> String {
        let header = self.columns.iter().map(|column| column.name.to_owned());
        tidy::csv(
            profile,
            std::iter::once(header.collect()).chain(self.rows.iter().cloned()),
        )
    }

    /// As one array of JSON, an object a line, keys in the order of the columns. Decimals are strings, as everywhere in the
    /// API, so that no reader rounds them; whole numbers are numbers; what is not there is null.
    pub fn json(&self) -> String {
        let mut text = String::from("[");
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(if number == 0 { "\n{" } else { ",\n{" });
            for (at, (column, cell)) in self.columns.iter().zip(row).enumerate() {
                if 0 < at {
                    text.push(',');
                }
                text.push_str(&quoted(column.name));
                text.push(':');
                text.push_str(&json_value(column.kind, cell));
            }
            text.push('}');
        }
        text.push_str("\n]\n");
        text
    }

    /// As a workbook of one plain sheet: numbers are numbers, days are days, all else are texts.
    pub fn workbook(&self, name: &str, page: &Page) -> Result<Vec<u8>, Unwritten> {
        let columns = self.columns.iter().map(|column| book::Column {
            heading: column.name.to_owned(),
            width: width(column.kind),
            input: None,
            printed: true,
        });
        let rows = self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            cells
                .map(|(column, cell)| typed(column.kind, cell))
                .collect()
        });
        let table = book::Table {
            name: name.to_owned(),
            notes: Vec::new(),
            columns: columns.collect(),
            rows: rows.collect(),
            marked: Vec::new(),
        };
        book::workbook(page, &[table])
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_value(kind: Kind, cell: &str) -> String {
    match kind {
        _ if cell.is_empty() => "null".to_owned(),
        Kind::Count if cell.parse::<u64>().is_ok() => cell.to_owned(),
        Kind::Flag if matches!(cell, "true" | "false") => cell.to_owned(),
        _ => quoted(cell),
    }
}

fn width(kind: Kind) -> u16 {
    match kind {
        Kind::Flag | Kind::Count => 10,
        Kind::Decimal | Kind::Day => 12,
        Kind::Code => 18,
        Kind::Instant => 22,
        Kind::Id | Kind::Digest | Kind::List => 24,
        Kind::Text => 32,
    }
}

fn typed(kind: Kind, cell: &str) -> Cell {
    let text = || match cell.is_empty() {
        true => Cell::Empty,
        false => Cell::Text(cell.to_owned()),
    };
    match kind {
        Kind::Decimal | Kind::Count => Quantity::parse(cell).map_or_else(|_| text(), Cell::Number),
        Kind::Day => parse_iso(cell).map_or_else(|_| text(), Cell::Day),
        _ => text(),
    }
}

/// A cell of what may be missing.
pub(super) fn cell(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Several values in one cell, in order, a line each: what has no line breaks of its own.
pub(super) fn lines<T: ToString>(values: impl Iterator<Item = T>) -> String {
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    values.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const TWO: Definition = Definition {
        name: "two",
        called: ["二", "two"],
        columns: &[
            Column::new(
                "value",
                Kind::Decimal,
                ["値", "value"],
                ["値", "value"],
                "a",
            ),
            Column::new(
                "position",
                Kind::Count,
                ["番号", "no."],
                ["番号", "no."],
                "a",
            )
            .of_record(),
            Column::new("text", Kind::Text, ["文", "text"], ["文", "text"], "a"),
        ],
    };

    fn data() -> Data {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        Data::new(
            &TWO,
            vec![row(["0.10", "7", "=1+1"]), row(["", "8", "a\"b\nc"])],
        )
    }

    #[test]
    fn numbers_are_exact_and_what_is_not_there_is_told_apart() {
        assert_eq!(
            data().json(),
            "[\n{\"value\":\"0.10\",\"position\":7,\"text\":\"=1+1\"},\n\
             {\"value\":null,\"position\":8,\"text\":\"a\\\"b\\nc\"}\n]\n"
        );
        let read: serde_json::Value = serde_json::from_str(&data().json()).expect("JSON");
        assert_eq!(read.as_array().map(Vec::len), Some(2));
        let empty = Data::new(&TWO, Vec::new()).json();
        assert_eq!(serde_json::from_str::<Vec<u8>>(&empty).ok(), Some(vec![]));
    }

    #[test]
    fn what_another_ledger_would_write_otherwise_can_be_left_out() {
        let portable = data().portable();
        assert_eq!(
            portable.csv(tidy::Profile::Machine),
            "value,text\n0.10,=1+1\n,\"a\"\"b\nc\"\n"
        );
        assert_eq!(portable.len(), 2);
    }

    #[test]
    fn every_column_is_explained_in_both_languages_and_named_once() {
        for table in ALL {
            let mut names = HashSet::new();
            for column in table.columns {
                let at = format!("{}.{}", table.name, column.name);
                assert!(names.insert(column.name), "{at} is there twice");
                assert!(
                    column
                        .name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()),
                    "{at}"
                );
                for words in column.called.iter().chain(&column.meaning) {
                    assert!(!words.trim().is_empty(), "{at} is not explained");
                }
                assert!(!column.source.is_empty(), "{at} has no source");
                let japanese = |words: &str| !words.is_ascii();
                assert!(japanese(column.meaning[0]), "{at}");
                assert!(!japanese(column.meaning[1]), "{at}: {}", column.meaning[1]);
            }
        }
    }
}
