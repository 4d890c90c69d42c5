//! A folder for the time that something takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names that are tried before it is given up.
const TRIES_MAX: u32 = 10_000;

/// A new folder that only its owner can look into; it is removed with all that is in it when this goes out of scope, and left by a kill.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in `into`, whose name begins with `daicho-` and `purpose`.
    pub fn new(into: &Path, purpose: &str) -> io::Result<Self> {
        let process = std::process::id();
        for number in 0..TRIES_MAX {
            let path = into.join(format!("daicho-{purpose}-{process}-{number}"));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a folder for the time could not be removed");
        }
    }
}
