//! A section's reports in a spreadsheet: a sheet goes out with what the section answers for, is filled in, and comes
//! back whole or not at all.
//!
//! The client makes and reads it: the sheet is made of answers that any client gets, and comes back as the events that
//! any client sends, so a file passes the same rules and rights as a report that is typed. What a server would have to
//! promise for ever is only the API.
//!
//! [`draw`] makes the sheet. [`lines`] takes a file apart, [`row`] reads what each of its rows says, [`take`] makes events of
//! them and sends them as one request, and [`told`] says what came of each row.

pub mod cleared;
pub mod column;
pub mod draw;
pub mod drawn;
pub mod entries;
pub mod fault;
pub mod form;
pub mod lines;
pub mod made;
pub mod migration;
pub mod period;
pub mod row;
pub mod send;
pub mod settle;
pub mod take;
pub mod taken;
pub mod told;
