//! What auditors ask, over a real server.

mod sample;
mod trail;
mod world;
