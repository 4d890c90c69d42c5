//! The Merkle tree over a ledger's events, after RFC 9162: pure, without I/O, clock or keys.
//!
//! ```text
//! leaf = SHA-256(0x00 || stored bytes)    node = SHA-256(0x01 || left || right)
//! root of an empty ledger = SHA-256("")
//! ```
//! Read [`hash`] for the three hashes and [`tree`] for the frontier, which is all that is needed to
//! go on appending: the root over any number of events from at most 64 hashes.

pub mod hash;
pub mod tree;

pub use hash::{Hash, InvalidHash, LeafHasher, empty_root, leaf_hash, node_hash};
pub use tree::{Frontier, InvalidFrontier};
