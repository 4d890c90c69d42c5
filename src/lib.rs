//! An append-only ledger of progress towards an organisation's goals.
//!
//! ```text
//! grpc -> auth     who asks, and may they?          Permitted<T>
//!      -> ledger   load, decide, append             Receipt
//!      -> domain   decide, apply                    pure
//!      -> log      CommitLog, the only durable state
//!                   |-> ledger::index   stream, actor, unit, type, date, ids -> positions
//!                   `-> projection      answers, rebuilt from the log at will
//! ```
//! Read [`domain::goal`] first, then [`log::CommitLog`], then [`ledger::Ledgers`].

pub mod api;
pub mod domain;
pub mod merkle;

pub mod clock;
pub mod durable;
pub mod fault_point;
pub mod places;
pub mod telemetry;

pub mod log;
pub mod personal;

pub mod auth;

pub mod ledger;

pub mod evidence;
pub mod projection;
pub mod proof;

pub mod access_log;
pub mod witness;

pub mod backup;
pub mod import;
pub mod report;
pub mod salvage;

pub mod config;
pub mod grpc;
pub mod server;

pub mod load;

pub mod cli;
