//! What auditors ask, over a real server and of the library.

mod changes;
mod diff;
mod explain;
mod filters;
mod flags;
mod round;
mod sample;
mod targets;
mod trail;
pub(crate) mod world;
