//! Tests of the whole, through the library and the binary.

#![allow(unreachable_pub, reason = "a test binary has no public items")]

mod fixture;
mod ledger;
