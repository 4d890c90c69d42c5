//! The file taken apart: rows with their cells by column, each with its line.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::continuation::Continuation;
use super::super::understood::Warning;
use super::column::{COLUMNS, Column};
use super::{CELL_CHARS_MAX, ROWS_ABOVE_MAX, ROWS_MAX, Reading, is_head, names_columns};
use crate::domain::text::verbatim;

/// One row, its cells by column, without space around them.
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) cells: HashMap<Column, String>,
    /// What it goes on with, once that was read: in a draft before all else.
    pub(super) continues: Option<Continuation>,
}

impl Record {
    pub(super) fn cell(&self, column: Column) -> &str {
        self.cells
            .get(&column)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Whether the row only says what a pillar is called, for a pillar that may have no goal.
    pub(super) fn defines_pillar(&self) -> bool {
        let filled = |column: &Column| !self.cell(*column).is_empty();
        let of_pillar = [
            Column::Year,
            Column::Pillar,
            Column::PillarTitle,
            Column::PillarTitleEn,
        ];
        filled(&Column::Pillar)
            && COLUMNS
                .iter()
                .filter(|column| filled(column))
                .all(|column| of_pillar.contains(column))
    }

    pub(super) fn some(&self, column: Column) -> Option<String> {
        Some(self.cell(column).to_owned()).filter(|cell| !cell.is_empty())
    }
}

impl Reading {
    /// Takes the file apart; a fault in the first line hides those of the others.
    pub(super) fn records(&mut self, text: &str) -> Vec<Record> {
        // Spreadsheets save what stands above the table too.
        let first = text.lines().take(ROWS_ABOVE_MAX);
        let first = first
            .clone()
            .find(|line| is_head(line))
            .or(first.clone().next());
        let first = first.unwrap_or_default();
        let delimiter = if first.contains('\t') && !first.contains(',') {
            b'\t'
        } else {
            b','
        };
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut columns: Option<Vec<Option<Column>>> = None;
        let mut records = Vec::new();
        let mut lines = Lines::default();
        let mut above = 0;
        for result in reader.records() {
            let record = match result {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(1, ::csv::Position::line);
                    self.fault(line, None, "not a line of CSV");
                    break;
                }
            };
            let line = record
                .position()
                .map_or(1, |position| lines.of(text, position.byte()));
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let Some(columns) = &columns else {
                if above < ROWS_ABOVE_MAX && !names_columns(record.iter()) {
                    above += 1;
                    continue;
                }
                columns = self.columns(line, record.iter());
                if columns.is_none() {
                    break;
                }
                continue;
            };
            if record.len() != columns.len() {
                let message = format!(
                    "{} cells where the first line has {}",
                    record.len(),
                    columns.len()
                );
                self.fault(line, None, message);
                continue;
            }
            if records.len() == ROWS_MAX {
                self.fault(line, None, format!("more than {ROWS_MAX} rows"));
                break;
            }
            let mut cells = HashMap::new();
            for (column, cell) in columns.iter().zip(record.iter()) {
                let Some(column) = *column else { continue };
                // What went through a spreadsheet has what nobody sees as code points, and a draft did in any encoding.
                let cell = match self.for_programs && !self.is_draft {
                    true => Cow::Borrowed(cell),
                    false => verbatim(cell),
                };
                self.check_length(line, column, &cell);
                cells.insert(column, cell.trim().to_owned());
            }
            records.push(Record {
                line,
                cells,
                continues: None,
            });
        }
        records
    }

    /// The column that bears a heading.
    pub(super) fn column(&self, heading: &str) -> Option<Column> {
        match self.is_draft {
            true => Column::named_in_draft(heading),
            false => Column::named(heading),
        }
    }

    pub(super) fn check_length(&mut self, line: u64, column: Column, cell: &str) {
        if CELL_CHARS_MAX < cell.chars().count() {
            let message = format!("longer than {CELL_CHARS_MAX} characters");
            self.fault(line, column, message);
        }
    }

    /// The columns of the first line; `None` for one that is not read.
    pub(super) fn columns<'a>(
        &mut self,
        line: u64,
        headings: impl Iterator<Item = &'a str>,
    ) -> Option<Vec<Option<Column>>> {
        let before = self.faults.len();
        let headings: Vec<&str> = headings.collect();
        self.is_draft = is_draft(headings.iter().copied());
        let mut columns: Vec<Option<Column>> = Vec::new();
        for heading in headings {
            let column = self.column(heading);
            if let Some(twice) = column.filter(|column| columns.contains(&Some(*column))) {
                self.fault(line, twice, "the column is there twice");
            }
            if column.is_none() && !heading.trim().is_empty() && !Column::is_note(heading) {
                let message = "a column that is not read".to_owned();
                self.warnings.push(Warning {
                    sheet: self.sheet(),
                    line,
                    text: heading.trim().to_owned(),
                    message,
                    refuses: false,
                });
            }
            columns.push(column);
        }
        for required in Column::REQUIRED {
            if !columns.contains(&Some(required)) {
                self.fault(line, required, "the column is missing");
            }
        }
        (before == self.faults.len()).then_some(columns)
    }
}

/// Whether headings are those of a draft.
pub(super) fn is_draft<'a>(mut headings: impl Iterator<Item = &'a str>) -> bool {
    headings.any(|heading| Column::named(heading) == Some(Column::Made))
}

/// Counts lines, from the start on.
#[derive(Default)]
struct Lines {
    offset: usize,
    before: u64,
}

impl Lines {
    /// The line, from 1, of the record whose position the reader gave as `byte`. Positions never fall.
    fn of(&mut self, text: &str, byte: u64) -> u64 {
        let rest = &text.as_bytes()[self.offset.min(text.len())..];
        // The position may be that of blank lines before the record.
        let ahead = usize::try_from(byte)
            .unwrap_or(text.len())
            .saturating_sub(self.offset);
        let blank = rest
            .iter()
            .skip(ahead)
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let passed = rest.iter().take(ahead + blank);
        self.before += passed
            .filter(|byte| **byte == b'\n')
            .fold(0, |lines, _| lines + 1);
        self.offset += ahead + blank;
        self.before + 1
    }
}
