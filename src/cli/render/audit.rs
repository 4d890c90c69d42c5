//! Answers to auditors.

pub mod findings;
pub mod flags;
pub mod trail;
