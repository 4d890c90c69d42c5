//! Answers to auditors.

pub mod flags;
pub mod trail;
