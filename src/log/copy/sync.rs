//! sled's files, durable with their names: what sled leaves to chance.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::CopyFault;
use crate::durable::{is_of_the_disk, sync_folder};

/// Makes all of it durable. At an open sled builds on what it reads, which need not have been durable when whoever wrote it died, and
/// tells of it in a snapshot, which it does sync; the folder it never syncs.
pub(crate) fn sync(sled: &Path) -> Result<(), CopyFault> {
    sync_all(sled).map_err(|error| match is_of_the_disk(&error) {
        // It is said once; the next sync of the same pages succeeds though they are not on the disk.
        true => CopyFault::Storage(error.to_string()),
        // A full disk, a permission, too many open files: that says nothing against what is there.
        false => CopyFault::Environment(error.to_string()),
    })
}

fn sync_all(sled: &Path) -> io::Result<()> {
    if !sled.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(sled)? {
        let file = entry?.path();
        if file.is_file() {
            File::open(file)?.sync_all()?;
        }
    }
    sync_folder(sled)?;
    sled.parent().map_or(Ok(()), sync_folder)
}
