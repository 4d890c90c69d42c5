//! The files that events name.
//!
//! ```text
//! shelf    the store itself, with real files and whatever a crash leaves
//! service  a real server: uploads, downloads, checks, erasing, and a server that is killed
//! ```

use sha2::{Digest as _, Sha256};

mod service;
mod shelf;

pub(crate) fn sha256(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// Text of `bytes` bytes, other for each `seed`.
pub(crate) fn text(seed: &str, bytes: usize) -> Vec<u8> {
    let line = format!("{seed}の集計表\n");
    line.bytes().cycle().take(bytes).collect()
}
