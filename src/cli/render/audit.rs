//! Answers to auditors.

pub mod access;
pub mod explain;
pub mod findings;
pub mod flags;
pub mod reference;
pub mod targets;
pub mod trail;
