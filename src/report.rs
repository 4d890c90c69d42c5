//! Files for people and programs: workbooks in the house's style, printed forms, tidy files.
//!
//! ```text
//! book       a workbook of tables, some of them to fill in
//! form       a form that is printed: a run of pages for each part, cells that reach over rows, and page breaks
//! cells      figures as cells
//! outline    the order of a plan on paper: departments, pillars, goals, initiatives, criteria
//! reference  what initiatives refer to, by the document
//! plan, midyear, results, targets, changes, restatements, missing
//!            which form has which columns, and where they come from
//! data       tables for programs and spreadsheets, and what their columns hold
//! tidy       such tables as CSV, and back
//! ```
//! Nothing here asks a ledger or computes a figure. What is written has typed cells, real days and no
//! formulas, prints on A4, and comes out the same to the byte for the same content.

mod book;
pub mod cells;
pub mod changes;
pub mod data;
pub mod form;
pub mod label;
pub mod midyear;
pub mod missing;
pub mod outline;
pub mod plan;
pub mod reference;
pub mod restatements;
pub mod results;
pub mod targets;
pub mod tidy;

pub use book::{Cell, Column, Input, Page, Table, Unwritten, workbook};
