//! Tests of the whole, as one binary, through the library and the program.

#![allow(unreachable_pub, reason = "a test binary has no public items")]

mod architecture;
mod fixture;
mod import;
mod import_events;
mod import_published_plan;
mod ledger;
