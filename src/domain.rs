//! The rules of the domain, pure: no clock, no chance, no I/O, no async.
//!
//! Read [`event`] for what can happen, [`goal`] for what is decided, [`indicator`] for how a
//! criterion is measured. Nothing here knows how events are stored or sent.

pub mod event;
pub mod goal;

pub mod directory;
pub mod rejection;

pub mod access;
pub mod access_log;
pub mod actual;
pub mod decision;
pub mod evaluation;
pub mod finding;
pub mod indicator;
pub mod operation;
pub mod org_unit;
pub mod period;
pub mod personal;
pub mod plan;
pub mod reporting;
pub mod target;
pub mod trust;

pub mod code;
pub mod date;
pub mod dated;
pub mod era;
pub mod fiscal_year;
pub mod id;
pub mod quantity;
pub mod text;
pub mod unit;

#[cfg(test)]
pub(crate) mod testing;
