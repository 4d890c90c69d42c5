//! A copy of a folder that is removed with whoever made it.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable::Scratch;

/// Copies the files of `folder` into a new folder in `into`; devices and pipes, which sled has none of, are left out. What sled left half written is not copied: sled would take it for
/// its newest, and an open sets it aside.
pub(super) fn copy_of(folder: &Path, into: &Path) -> io::Result<Scratch> {
    let scratch = Scratch::new(into, "verify")?;
    copy(folder, scratch.path())?;
    Ok(scratch)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if entry.path().is_file() && !name.to_string_lossy().ends_with(".generating") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
