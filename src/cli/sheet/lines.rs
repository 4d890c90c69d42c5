//! The file taken apart: rows with their cells by column, each with its place. A workbook and CSV look the same behind
//! this.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::plan::source::unopened_ja;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::fault::{Fault, Place};
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::import::text::{self, NotText};
use crate::import::workbook::{
    self, Address, CELL_CHARS_MAX, COLUMNS_MAX, ROWS_MAX, Sheet, Unopened, Value,
};

/// What a table must have to be one of ours.
const REQUIRED: [Column; 3] = [Column::Code, Column::Day, Column::Value];
/// What a workbook's file begins with: ZIP, or OLE.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"];

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// Where each column stands.
    pub columns: BTreeMap<Column, u32>,
    /// The rows below the head that hold something in one of the columns.
    pub rows: Vec<Line>,
    /// What is wrong with the file's form.
    pub faults: Vec<Fault>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number, from 0, as a spreadsheet counts.
    pub row: u32,
    /// What stands in it.
    pub cells: BTreeMap<Column, Value>,
}

/// Why a file cannot be taken apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Unread {
    /// A workbook that cannot be read.
    Workbook(Unopened),
    /// No text.
    Text(NotText),
    /// No sheet has the head.
    NoTable,
    /// More than one has.
    Tables(Vec<String>),
    /// No CSV from this row on.
    NoCsv(u32),
    /// More rows, columns or characters of a cell than are read.
    TooLarge(u32),
}

/// Takes a file apart.
pub fn read(language: Language, bytes: &[u8]) -> Result<Lines, Unread> {
    if WORKBOOKS.iter().any(|start| bytes.starts_with(start)) {
        in_workbook(language, bytes)
    } else {
        in_text(language, bytes)
    }
}

impl Lines {
    /// Where a column of a row stands.
    pub fn place(&self, row: u32, column: Column) -> Place {
        Place {
            row,
            column: self.columns.get(&column).map(|at| (column, *at)),
        }
    }

    /// Takes the headings; what is there twice is a fault.
    fn head(&mut self, language: Language, row: u32, headings: &[(u32, String)]) {
        for (at, text) in headings {
            let Some(column) = Column::named(text) else {
                continue;
            };
            let Some(first) = self.columns.insert(column, *at) else {
                continue;
            };
            self.columns.insert(column, first);
            let place = Place {
                row,
                column: Some((column, *at)),
            };
            let name = pick(language, column.names().0, column.names().1);
            self.faults.push(Fault::new(
                place,
                pick(
                    language,
                    format!("列「{name}」が二つあります。一つにしてください"),
                    format!("the column `{name}` is there twice; keep one"),
                ),
            ));
        }
    }
}

/// The cells of a head: column, from 0, and text.
type Headings = Vec<(u32, String)>;

fn is_head(headings: &[(u32, String)]) -> bool {
    let named: Vec<Column> = headings
        .iter()
        .filter_map(|(_, text)| Column::named(text))
        .collect();
    REQUIRED.iter().all(|column| named.contains(column))
}

fn head_of(sheet: &Sheet) -> Option<(u32, Headings)> {
    sheet.rows().into_iter().find_map(|(row, cells)| {
        let texts = cells
            .into_iter()
            .filter_map(|(at, cell)| Some((at.column, cell.value.text().ok()?)));
        let texts: Headings = texts.collect();
        is_head(&texts).then_some((row, texts))
    })
}

fn in_workbook(language: Language, bytes: &[u8]) -> Result<Lines, Unread> {
    let workbook = workbook::read(bytes).map_err(Unread::Workbook)?;
    let mut found: Vec<(&Sheet, (u32, Headings))> = workbook
        .visible()
        .filter_map(|sheet| Some((sheet, head_of(sheet)?)))
        .collect();
    if 1 < found.len() {
        let names = found.iter().map(|(sheet, _)| sheet.name.clone()).collect();
        return Err(Unread::Tables(names));
    }
    let (sheet, (head, headings)) = found.pop().ok_or(Unread::NoTable)?;
    let mut lines = Lines::default();
    lines.head(language, head, &headings);
    let by_place: BTreeMap<u32, Column> = lines.columns.iter().map(|(c, at)| (*at, *c)).collect();
    for (row, cells) in sheet.rows() {
        if row <= head {
            continue;
        }
        for column in Column::INPUTS {
            let place = lines.place(row, column);
            if let Some((_, at)) = place.column
                && sheet.area(Address::new(row, at)).is_some()
            {
                lines.faults.push(Fault::new(
                    place,
                    pick(
                        language,
                        "結合されたセルです。結合を解いて1行ずつ記入してください",
                        "a merged cell; take the merge apart and fill in each row",
                    ),
                ));
            }
        }
        let cells = cells
            .into_iter()
            .filter_map(|(at, cell)| Some((*by_place.get(&at.column)?, cell.value.clone())));
        let cells: BTreeMap<Column, Value> = cells.collect();
        if !cells.is_empty() {
            lines.rows.push(Line { row, cells });
        }
    }
    Ok(lines)
}

fn in_text(language: Language, bytes: &[u8]) -> Result<Lines, Unread> {
    let (text, _) = text::decode(bytes).map_err(Unread::Text)?;
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') && !first.contains(',') {
        b'\t'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut lines = Lines::default();
    let mut by_place: BTreeMap<u32, Column> = BTreeMap::new();
    let mut row: u32 = 0;
    for result in reader.records() {
        let record = result.map_err(|_| Unread::NoCsv(row))?;
        row += blank_lines(&text, record.position());
        let count = u32::try_from(record.len()).unwrap_or(u32::MAX);
        let long = record
            .iter()
            .any(|cell| CELL_CHARS_MAX < cell.chars().count());
        if ROWS_MAX <= row || COLUMNS_MAX < count || long {
            return Err(Unread::TooLarge(row));
        }
        let cells = (0..).zip(record.iter().map(str::trim));
        if by_place.is_empty() {
            let headings: Headings = cells.map(|(at, cell)| (at, cell.to_owned())).collect();
            if is_head(&headings) {
                lines.head(language, row, &headings);
                by_place = lines.columns.iter().map(|(c, at)| (*at, *c)).collect();
            }
        } else {
            let cells = cells
                .filter(|(_, cell)| !cell.is_empty())
                .filter_map(|(at, cell)| Some((*by_place.get(&at)?, Value::Text(cell.to_owned()))));
            let cells: BTreeMap<Column, Value> = cells.collect();
            if !cells.is_empty() {
                lines.rows.push(Line { row, cells });
            }
        }
        row += 1;
    }
    if by_place.is_empty() {
        return Err(Unread::NoTable);
    }
    Ok(lines)
}

/// Empty lines before a record, which a spreadsheet counts as rows and the reader of CSV passes over.
fn blank_lines(text: &str, position: Option<&csv::Position>) -> u32 {
    let at = position.map_or(0, csv::Position::byte);
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let (before, rest) = text.as_bytes().split_at_checked(at).unwrap_or_default();
    // The reader leaves the second half of a line's end to the next record.
    let rest = match (before.last(), rest) {
        (Some(b'\r'), [b'\n', rest @ ..]) => rest,
        _ => rest,
    };
    let blank = rest
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|byte| **byte == b'\n');
    u32::try_from(blank.count()).unwrap_or(u32::MAX)
}

/// Tells why a file was not taken apart.
pub fn unread(language: Language, file: &Path, error: &Unread) -> Failure {
    let shown = terminal::line(&file.to_string_lossy());
    let (ja, en) = match error {
        Unread::Workbook(unopened) => (unopened_ja(unopened), unopened.to_string()),
        Unread::Text(error) => (
            "文字として読めません（Excelのブックか、UTF-8 又は Shift_JIS のCSVにしてください）"
                .to_owned(),
            error.to_string(),
        ),
        Unread::NoTable => (
            "報告票ではありません（指標・報告日・値の見出しがありません）".to_owned(),
            "no report sheet: it has no head with indicator, date and value".to_owned(),
        ),
        Unread::Tables(names) => {
            let names = terminal::line(&names.join("、"));
            (
                format!("報告票のシートが複数あります（{names}）。1つだけにしてください"),
                format!("more than one sheet of reports ({names}); keep one"),
            )
        }
        Unread::NoCsv(row) => (
            format!("{}行目からCSVとして読めません", row + 1),
            format!("no CSV from row {} on", row + 1),
        ),
        Unread::TooLarge(row) => (
            format!(
                "{}行目で上限を超えます（{ROWS_MAX}行、{COLUMNS_MAX}列、1セル{CELL_CHARS_MAX}文字まで）",
                row + 1
            ),
            format!(
                "too large at row {}: at most {ROWS_MAX} rows, {COLUMNS_MAX} columns, {CELL_CHARS_MAX} characters of a cell",
                row + 1
            ),
        ),
    };
    Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("{shown}: {ja}。何も記録していません"),
            format!("{shown}: {en}; nothing was recorded"),
        ),
    )
    .hint(pick(
        language,
        "報告票は daicho report sheet で作れます",
        "make a sheet with: daicho report sheet",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_csv_are_those_that_a_spreadsheet_counts() {
        let text = "題\n\n指標,報告日,\"値・分子・状況\nValue\"\r\n\r\nA,2023-09-01,1\n\n\nB,,\"二\n行\"\nC,,3\n";
        let windows = text.replace("\r\n", "\n").replace('\n', "\r\n");
        for text in [text, &windows] {
            let lines = read(Language::Ja, text.as_bytes()).expect("read");
            let rows = lines.rows.iter().map(|line| (line.row, line.cells.len()));
            assert_eq!(rows.collect::<Vec<_>>(), [(4, 3), (7, 2), (8, 2)]);
        }
        let lines = read(Language::Ja, text.as_bytes()).expect("read");
        assert_eq!(lines.place(4, Column::Value).to_string(), "C5");
        assert_eq!(lines.place(4, Column::Nil).to_string(), "5");
    }

    #[test]
    fn a_column_that_is_there_twice_is_a_fault() {
        let lines = read(
            Language::En,
            "指標,報告日,値・分子・状況,Value\n".as_bytes(),
        );
        let faults = lines.expect("read").faults;
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place.to_string(), "D1");
    }

    #[test]
    fn what_is_no_sheet_is_told() {
        assert_eq!(read(Language::Ja, b"a,b\n1,2\n"), Err(Unread::NoTable));
        assert_eq!(read(Language::Ja, b""), Err(Unread::NoTable));
        let wide = format!("指標,報告日,値・分子・状況{}\n", ",".repeat(10_000));
        assert_eq!(
            read(Language::Ja, wide.as_bytes()),
            Err(Unread::TooLarge(0))
        );
    }
}
