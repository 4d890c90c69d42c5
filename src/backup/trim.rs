//! The journal of a data folder, trimmed of what a backup holds, and put back from one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backup::{BackupError, DATA, at, manifest, verify};
use crate::log::OpenError;
use crate::log::embedded::place;
use crate::log::embedded::trim::{Hindrance, Idle};
use crate::log::journal::files::Disk;

/// What was trimmed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trimmed {
    /// The numbers of the segments, ascending.
    pub segments: Vec<u32>,
    /// How many segments are whole, the one that is written included.
    pub whole: usize,
    /// Bytes that it freed.
    pub freed: u64,
}

/// What was put back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Untrimmed {
    /// The numbers of the segments that are whole again, ascending.
    pub segments: Vec<u32>,
    /// The bytes of their files.
    pub bytes: u64,
    /// Those that are still trimmed, and why.
    pub left: Vec<(u32, String)>,
}

/// Nothing was trimmed or put back.
#[derive(Debug, thiserror::Error)]
pub enum TrimError {
    /// There is no data folder.
    #[error("there is no data folder")]
    NoData,
    /// The data folder cannot be opened: a server has it open, or its journal cannot be read.
    #[error("the data folder cannot be opened")]
    Data(#[from] OpenError),
    /// There is no such backup, or it is damaged.
    #[error("the backup cannot be used")]
    Backup(#[source] BackupError),
    /// It is a backup of another data folder.
    #[error("the backup is of another data folder")]
    OtherFolder,
    /// The backup does not have these segments as they are.
    #[error("the backup does not have all segments as they are")]
    Lacking(Vec<u32>),
    /// The data folder is not whole by itself, so nothing in it is superfluous: which check failed.
    #[error("the data folder is not proven to be whole: {0}")]
    Unproven(String),
    /// A file of the journal or of the read copy could not be read or written. What was begun is gone on from by the next run.
    #[error("the journal of `{folder}` cannot be changed")]
    File {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Trims the journal of the data folder `data`, which no server may have open, of all full segments but the `keep` newest. It is proven first
/// that the read copy holds all that goes, to the roots that the journal states, and that `backup` does. `now`: RFC 3339, UTC.
///
/// # Errors
///
/// Where anything of this is not proven; then nothing was changed. Where a file could not be written, some may be trimmed.
pub fn trim(data: &Path, backup: &Path, keep: usize, now: &str) -> Result<Trimmed, TrimError> {
    let (mut idle, from) = take(data, backup)?;
    let segments = idle.beyond(keep);
    let whole = idle.left_whole(&segments);
    if segments.is_empty() {
        return Ok(Trimmed {
            segments,
            whole,
            freed: 0,
        });
    }
    let lacking = idle.lacking_in(&from, &segments);
    let lacking = lacking.map_err(|source| TrimError::Backup(at(&from)(source)))?;
    if !lacking.is_empty() {
        return Err(TrimError::Lacking(lacking));
    }
    let (_, damage) = verify(backup).map_err(TrimError::Backup)?;
    if !damage.is_empty() {
        return Err(TrimError::Backup(BackupError::Damaged(damage)));
    }
    let left = idle.prove(&segments).map_err(|hindrance| match hindrance {
        Hindrance::Unproven(check) => TrimError::Unproven(check),
        Hindrance::Io(source) => file(data)(source),
    })?;
    let freed = idle.trim(&left, backup, now).map_err(file(data))?;
    Ok(Trimmed {
        segments,
        whole,
        freed,
    })
}

/// Puts the segments back that were trimmed from the journal of the data folder `data`, as far as `backup` has them: each that leads from
/// the state before it to the state behind it, whatever else is wrong with the backup. No server may have the folder open.
///
/// # Errors
///
/// Where the backup is none of this folder; then nothing was changed. Where a file could not be written, some may be put back.
pub fn untrim(data: &Path, backup: &Path, now: &str) -> Result<Untrimmed, TrimError> {
    let (idle, from) = take(data, backup)?;
    let back = idle.put_back(&from, backup, now).map_err(file(data))?;
    Ok(Untrimmed {
        segments: back.segments,
        bytes: back.bytes,
        left: back.left,
    })
}

/// The data folder, and the journal in a backup of it.
fn take(data: &Path, backup: &Path) -> Result<(Idle, PathBuf), TrimError> {
    if !data.join("format").is_file() {
        return Err(TrimError::NoData);
    }
    manifest(backup).map_err(TrimError::Backup)?;
    let idle = Idle::take(data, Arc::new(Disk))?;
    let copy = backup.join(DATA);
    if !idle.is_copied_in(&copy) {
        return Err(TrimError::OtherFolder);
    }
    Ok((idle, place::within(&copy)))
}

fn file(folder: &Path) -> impl Fn(io::Error) -> TrimError + '_ {
    move |source| TrimError::File {
        folder: folder.to_owned(),
        source,
    }
}
