//! Plans from outside: the city's published text, a table in CSV, or either in a workbook.
//!
//! Reading never guesses silently. Every text is kept verbatim; what was inferred beyond the words is
//! named in a criterion's proposal, and what was not understood is a warning. A table in CSV is held to
//! more: if anything is wrong with it, all of it is told at once and nothing is imported.
//!
//! [`read`] takes the bytes of any form, and [`events::events`] makes of what was understood the events that
//! set it. Nothing here reads or writes a ledger.

use crate::domain::fiscal_year::FiscalYear;

mod alignment;
mod cell;
pub mod check;
pub mod continuation;
pub mod correction;
mod criterion;
mod csv;
pub mod events;
mod form;
pub mod proposal;
mod published;
pub mod reference;
pub mod review;
mod table;
pub mod text;
pub mod transfers;
pub mod understood;
pub mod workbook;

pub use csv::{COLUMNS, Column, Fault, Place, ROWS_MAX};
pub use understood::Plan;

/// Most faults of a table that are told at once.
pub const FAULTS_MAX: usize = 100;

/// The source cannot be read as a plan.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// The bytes are no text.
    #[error(transparent)]
    NotText(#[from] text::NotText),
    /// The file is a workbook that cannot be read.
    #[error(transparent)]
    Workbook(#[from] workbook::Unopened),
    /// No plan was found in the text.
    #[error(
        "no plan: neither a table with the columns 部, 柱, 組織目標, 取組内容, 課等 and 目標達成基準, nor a \
         published text or form with headings such as `企画部 令和5年度組織重点目標`"
    )]
    NoPlan,
    /// The table does not say which fiscal year it is for.
    #[error("the table has no column 年度; say which fiscal year the plan is for")]
    NoYear,
    /// The table has faults; nothing was imported.
    #[error("{} faults in the table", total)]
    Faulty {
        /// The first [`FAULTS_MAX`] of them, in order of lines.
        faults: Vec<Fault>,
        /// How many there are.
        total: usize,
    },
}

/// How one criterion of a year's plan is understood by its words alone, for an initiative of these sections.
pub fn criterion(text: &str, year: FiscalYear, sections: &[String]) -> understood::Criterion {
    criterion::understand(text, criterion::Context { year, sections }).criterion
}

/// The circled number that stands before an initiative; nothing for one that has none.
pub fn numbered(number: u32) -> String {
    cell::numbered(number)
}

/// Reads a plan: a table in CSV if its first line has that table's columns, otherwise a published text; of a
/// workbook the sheets that people see, with the same table or with the city's form.
///
/// `year` is the plan's year for a table without a column 年度; a published text says it itself.
pub fn read(bytes: &[u8], year: Option<FiscalYear>) -> Result<Plan, Unreadable> {
    if workbook::is_workbook(bytes) {
        return in_workbook(&workbook::read(bytes)?, year);
    }
    let (text, encoding) = text::decode(bytes)?;
    if csv::is_table(&text) {
        csv::read(&text, encoding, year)
    } else if published::is_published(&text) {
        published::read(&text)
    } else {
        Err(Unreadable::NoPlan)
    }
}

fn in_workbook(
    workbook: &workbook::Workbook,
    year: Option<FiscalYear>,
) -> Result<Plan, Unreadable> {
    if workbook.visible().any(csv::is_table_sheet) {
        csv::read_sheets(workbook, year)
    } else if workbook.visible().any(form::is_form) {
        form::read(workbook, year)
    } else {
        Err(Unreadable::NoPlan)
    }
}
