//! The gRPC services. Thin: parse, permit, execute, respond; no rule lives here.
//!
//! [`event`] turns wire messages into domain values and back, [`status`] is the only mapping of errors,
//! [`page_token`] keeps the place in a list, [`Services`] is what all services share. A server puts
//! [`DeadlineLayer`] and [`IdentifyLayer`] around them: a call that did not pass the latter has no caller.

pub mod event;
pub mod page_token;
pub mod status;

pub mod language;

pub mod access_table;

mod access_service;
mod accounting;
mod admin_service;
mod admission;
mod as_of;
mod audit_service;
mod computed;
mod deadline;
mod erasure;
mod evaluation_service;
mod evidence_service;
mod follow;
mod goal_service;
mod identify;
mod identity_service;
mod json;
mod keys;
mod ledger_service;
mod names;
mod organisation;
mod proof_service;
mod receipt_proof;
mod services;
mod show;
mod sight;
mod snapshots;
mod store_verification;

pub use admission::{Admission, AdmissionLayer};
pub use deadline::{Deadline, DeadlineLayer};
pub use identify::{Identified, Identify, IdentifyLayer};
pub use page_token::PageKey;
pub use services::{Parts, Services};
pub use snapshots::{Closing, SnapshotError, Snapshots};
pub use store_verification::snapshots_of_stopped;
