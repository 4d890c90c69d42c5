//! Two clocks on every read: what a ledger answers for a day, by what was known at a point of its record.
//!
//! ```text
//! view      what stood where at a size, and how times and dates become a size and a day
//! history   a year in which everything changes, some of it late and backwards
//! answers   what each call tells at a size and a date, and that nothing appended later changes it
//! pages     lists that are read page by page while the ledger grows
//! ```

mod answers;
pub(crate) mod history;
mod pages;
mod view;
