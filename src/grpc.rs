//! The gRPC services. Thin: parse, permit, execute, respond; no rule lives here.
//!
//! [`event`] turns wire messages into domain values and back, [`status`] is the only mapping of errors,
//! [`page_token`] keeps the place in a list.

pub mod event;
pub mod page_token;
pub mod status;

pub mod language;
