//! Tests of the whole, as one binary, through the library and the program.

#![allow(unreachable_pub, reason = "a test binary has no public items")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy only knows `#[test]` itself as a test"
)]

mod access;
mod access_control;
mod access_log;
mod architecture;
mod as_of;
mod audit;
mod auth;
mod bench_figures;
mod cli;
mod connections;
mod cosigning;
mod decisions;
mod entry_form;
mod errors;
mod evaluation;
mod evidence;
mod exit_codes;
mod first_hour;
mod fixture;
mod follow;
mod full_disk;
mod generations;
mod import;
mod import_events;
mod import_published_plan;
mod import_review;
mod import_workbook;
mod keys;
mod kill;
mod ledger;
mod model;
mod organisation;
mod overload;
mod personal;
mod process;
mod proofs;
mod proposals;
mod questions;
mod reads;
mod real_time;
mod receipts;
mod report;
mod role_matrix;
mod sample;
mod search;
mod service;
mod states;
mod submit;
mod under_way;
mod watch;
mod witness;
mod workbook;
