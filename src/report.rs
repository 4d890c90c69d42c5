//! Files for people: workbooks in the house's style, made of values that others have computed.
//!
//! Nothing here asks a ledger or computes a figure. What is written has typed cells, real days and no
//! formulas, prints on A4, and comes out the same to the byte for the same content.

mod book;

pub use book::{Cell, Column, Input, Page, Table, Unwritten, workbook};
