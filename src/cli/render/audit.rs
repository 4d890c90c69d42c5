//! Answers to auditors.

pub mod trail;
