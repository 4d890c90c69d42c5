//! The rules, each broken once: what is proposed, then what comes of it in one line.

mod access;
mod access_log;
mod approvals;
mod decisions;
mod evaluations;
mod indicators;
mod periods;
mod policies;
mod progress;
mod properties;
mod round;
mod structure;
mod targets;
mod trust;
