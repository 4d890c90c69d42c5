//! Files of evidence: read within a limit, and what is told of one that cannot be read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::terminal;
use crate::merkle::SignedCheckpoint;
use crate::merkle::note::NOTE_BYTES_MAX;

/// The checkpoint that a file is.
pub fn read_checkpoint(view: &View, path: &Path) -> Result<SignedCheckpoint, Failure> {
    let bytes = read(view, path, NOTE_BYTES_MAX)?;
    SignedCheckpoint::parse(&bytes).map_err(|fault| unreadable(view, path, &fault))
}

/// The bytes of a file, one more than `max` at most: whatever parses them refuses those.
pub fn read(view: &View, path: &Path, max: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let opened = File::open(path);
    let read = opened.and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let shown = shown(path);
            Err(Failure::usage(view.pick(
                format!("{shown} を読めません: {error}"),
                format!("cannot read {shown}: {error}"),
            )))
        }
    }
}

/// A file that is not what it should be decides nothing.
pub fn unreadable(view: &View, path: &Path, fault: &dyn std::fmt::Display) -> Failure {
    let shown = shown(path);
    Failure::new(
        Exit::Fault,
        view.pick(
            format!("{shown} は正しい形のファイルではありません: {fault}"),
            format!("{shown} cannot be read as what it should be: {fault}"),
        ),
    )
}

/// A path as people see it.
pub fn shown(path: &Path) -> String {
    terminal::line(&path.to_string_lossy())
}
