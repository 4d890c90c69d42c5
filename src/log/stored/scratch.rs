//! A copy of a folder that is removed with whoever made it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names that are tried before it is given up.
const TRIES_MAX: u32 = 10_000;

/// A private copy of a folder.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Copies `folder` into a new folder in `into`. What sled left half written is not copied: sled would take it for
    /// its newest, and an open sets it aside.
    pub(super) fn of(folder: &Path, into: &Path) -> io::Result<Self> {
        let scratch = Self::new(into)?;
        copy(folder, &scratch.0)?;
        Ok(scratch)
    }

    fn new(into: &Path) -> io::Result<Self> {
        let process = std::process::id();
        for number in 0..TRIES_MAX {
            let path = into.join(format!("daicho-verify-{process}-{number}"));
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

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a private copy could not be removed");
        }
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if !name.to_string_lossy().ends_with(".generating") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
