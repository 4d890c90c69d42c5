//! The rules of the domain, pure: no clock, no chance, no I/O, no async.
//!
//! Read [`event`] for what can happen, [`goal`] for what is decided, [`indicator`] for how a
//! criterion is measured. Nothing here knows how events are stored or sent.

pub mod id;
pub mod quantity;
pub mod unit;
pub mod date;
pub mod fiscal_year;
pub mod era;
