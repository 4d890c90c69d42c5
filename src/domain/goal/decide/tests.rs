//! The rules, each broken once: what is proposed, then what comes of it in one line.

mod indicators;
mod progress;
mod properties;
mod structure;
mod targets;
