//! Workbooks (XLSX) as sheets of typed cells with addresses.
//!
//! Reading is bounded and never guesses: the file is checked as a ZIP before anything is parsed, numbers
//! are the decimals that a sheet shows, dates are civil days, and what is no data (a formula, an error, a
//! time of day) stays in its cell as a [`Problem`], so that whoever wants that cell can tell its address.
//! Macros are never run: a workbook with macros is refused. Links to other files are never followed.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::date::Date;
use crate::domain::quantity::Quantity;

mod address;
mod cells;
mod container;

pub use address::{Address, Area};
pub(crate) use container::is_workbook;
pub use container::{FILE_BYTES_MAX, INFLATED_BYTES_MAX, PART_BYTES_MAX, PARTS_MAX};

/// Most sheets of a workbook.
pub const SHEETS_MAX: usize = 200;
/// Most rows of a sheet, up to the last that holds something.
pub const ROWS_MAX: u32 = 50_000;
/// Most columns of a sheet, up to the last that holds something.
pub const COLUMNS_MAX: u32 = 256;
/// Most cells that hold something, of all sheets together.
pub const CELLS_MAX: usize = 400_000;
/// Most merged areas of a sheet.
pub const MERGED_MAX: usize = 10_000;
/// Most characters of a cell, as in the spreadsheet itself.
pub const CELL_CHARS_MAX: usize = 32_767;
/// Most bytes of text of all cells together; cells may share a text, so the file's size does not bound it.
pub const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A workbook: its sheets in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Workbook {
    /// The sheets, hidden ones too.
    pub sheets: Vec<Sheet>,
}

/// A sheet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether people see it.
    pub visible: bool,
    cells: BTreeMap<Address, Cell>,
    merged: Vec<Area>,
}

/// A cell that holds something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cell {
    /// What it holds.
    pub value: Value,
}

/// What a cell holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// A text, verbatim but for line ends, which are `\n`.
    Text(String),
    /// A number.
    Number(Quantity),
    /// A number shown in percent: 97 where the sheet shows 97%.
    Percent(Quantity),
    /// True or false.
    Bool(bool),
    /// A day.
    Date(Date),
    /// Nothing that can be used.
    Unusable(Problem),
}

/// Why a cell's content cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A formula: what it came to is not data.
    #[error("a formula; put its value there instead")]
    Formula,
    /// An error such as `#N/A`.
    #[error("the error {0}")]
    Error(String),
    /// A number that no quantity can hold.
    #[error("a number with more than 15 digits before or 10 after the decimal point")]
    Number,
    /// A day that the calendar does not have, or before 1900 or after 2199.
    #[error("no such day between 1900-01-01 and 2199-12-31")]
    Date,
    /// A time of day or a duration.
    #[error("a time of day; only whole days are read")]
    TimeOfDay,
    /// A control character in a text.
    #[error("a control character in the text")]
    ControlCharacter,
    /// A text that is too long.
    #[error("longer than {CELL_CHARS_MAX} characters")]
    TooLong,
}

/// Why a workbook was not read at all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unopened {
    /// Larger than [`FILE_BYTES_MAX`].
    #[error("a workbook larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// More files inside than [`PARTS_MAX`].
    #[error("a workbook of more than {PARTS_MAX} parts")]
    TooManyParts,
    /// More bytes inside than [`PART_BYTES_MAX`] or [`INFLATED_BYTES_MAX`].
    #[error(
        "a workbook that inflates to more than {PART_BYTES_MAX} bytes in one part or {INFLATED_BYTES_MAX} in all"
    )]
    Inflates,
    /// Protected by a password.
    #[error("a workbook with a password; save it without one")]
    Password,
    /// An `.xls` of the years before 2007, or another OLE file.
    #[error("a file in the old format of Excel or Word; save it as .xlsx")]
    OldFormat,
    /// An `.xlsb`.
    #[error("a workbook in the binary format; save it as .xlsx")]
    BinaryFormat,
    /// An `.ods` and the like.
    #[error("an OpenDocument file; save it as .xlsx")]
    OpenDocument,
    /// With macros, which are never run.
    #[error("a workbook with macros; save it as .xlsx without them")]
    Macros,
    /// With a document type, which no spreadsheet writes.
    #[error("a workbook whose XML has a document type or entities of its own")]
    DocumentType,
    /// With XML that is not UTF-8.
    #[error("a workbook whose XML is not UTF-8")]
    Encoding,
    /// Not a workbook, or a broken one.
    #[error("not a workbook, or a broken one")]
    Broken,
    /// More sheets than [`SHEETS_MAX`].
    #[error("a workbook of more than {SHEETS_MAX} sheets")]
    TooManySheets,
    /// More cells than [`CELLS_MAX`].
    #[error("a workbook of more than {CELLS_MAX} cells")]
    TooManyCells,
    /// More merged areas than [`MERGED_MAX`].
    #[error("a sheet with more than {MERGED_MAX} merged areas")]
    TooManyMerged,
    /// More text than [`TEXT_BYTES_MAX`].
    #[error("a workbook with more than {TEXT_BYTES_MAX} bytes of text")]
    TooMuchText,
    /// A cell beyond the rows or columns that are read.
    #[error("the sheet `{sheet}` holds something in {cell}; at most {max} {limit} are read")]
    Beyond {
        /// The sheet.
        sheet: String,
        /// The cell.
        cell: Address,
        /// `rows` or `columns`.
        limit: &'static str,
        /// How many are read.
        max: u32,
    },
}

/// Reads a workbook.
pub fn read(bytes: &[u8]) -> Result<Workbook, Unopened> {
    container::check(bytes)?;
    // The parser is not ours and files come from anywhere: whatever it trips over is a broken file.
    catch_unwind(AssertUnwindSafe(|| cells::read(bytes))).unwrap_or(Err(Unopened::Broken))
}

impl Workbook {
    /// The sheets that people see.
    pub fn visible(&self) -> impl Iterator<Item = &Sheet> {
        self.sheets.iter().filter(|sheet| sheet.visible)
    }
}

impl Sheet {
    /// Every cell that holds something, by rows.
    pub fn cells(&self) -> impl Iterator<Item = (Address, &Cell)> {
        self.cells.iter().map(|(address, cell)| (*address, cell))
    }

    /// The rows that hold something, from 0, each with its cells from left to right.
    pub fn rows(&self) -> Vec<(u32, Vec<(Address, &Cell)>)> {
        let mut rows: Vec<(u32, Vec<(Address, &Cell)>)> = Vec::new();
        for (address, cell) in self.cells() {
            match rows.last_mut() {
                Some((row, cells)) if *row == address.row => cells.push((address, cell)),
                _ => rows.push((address.row, vec![(address, cell)])),
            }
        }
        rows
    }

    /// The cells of a row that hold something, from left to right.
    pub fn cells_of(&self, row: u32) -> Vec<(Address, &Cell)> {
        let first = Address::new(row, 0);
        let last = Address::new(row, u32::MAX);
        let found = self.cells.range(first..=last);
        found.map(|(address, cell)| (*address, cell)).collect()
    }

    /// The texts of a row on one line, with spaces between; what cannot be used is left out.
    pub fn line(&self, row: u32) -> String {
        let texts = self.cells_of(row).into_iter();
        let texts: Vec<String> = texts
            .filter_map(|(_, cell)| cell.value.text().ok())
            .collect();
        texts
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What stands in a cell; a merged cell has what its area has.
    pub fn at(&self, address: Address) -> Option<&Value> {
        let cell = self.cells.get(&self.origin(address))?;
        Some(&cell.value)
    }

    /// The merged areas.
    pub fn merged(&self) -> impl Iterator<Item = Area> {
        self.merged.iter().copied()
    }

    /// The merged area that a cell is part of.
    pub fn area(&self, address: Address) -> Option<Area> {
        self.merged
            .iter()
            .copied()
            .find(|area| area.contains(address))
    }

    /// The cell whose content a cell shows: of a merged area its first.
    pub fn origin(&self, address: Address) -> Address {
        self.area(address).map_or(address, |area| area.first)
    }
}

impl Value {
    /// As a text that a table's cell could have: numbers plain, days in ISO 8601, true and false as `TRUE`
    /// and `FALSE`.
    pub fn text(&self) -> Result<String, &Problem> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Number(number) => Ok(number.to_string()),
            Self::Percent(number) => Ok(format!("{number}%")),
            Self::Bool(true) => Ok("TRUE".to_owned()),
            Self::Bool(false) => Ok("FALSE".to_owned()),
            Self::Date(day) => Ok(day.to_string()),
            Self::Unusable(problem) => Err(problem),
        }
    }
}
