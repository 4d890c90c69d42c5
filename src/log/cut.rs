//! What of a data folder's journal stood there at one moment, whether or not a server writes it meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::domain::id::LedgerId;
use crate::log::OpenError;
use crate::log::embedded::folder::read_format;
use crate::log::embedded::place::journal_of;
use crate::log::head::Head;
use crate::log::journal::FolderId;
use crate::log::journal::segment::{self, HEADER_BYTES};
use crate::log::journal::survey::{NoSurvey, Survey, TailEnd};

/// The journal up to a whole record.
#[derive(Debug)]
pub struct JournalCut {
    /// The folder that they are in.
    pub folder: PathBuf,
    /// Files that are full, by name.
    pub sealed: Vec<String>,
    /// The last file, opened when it was looked at: its name, and how much of it there was; `None`: all.
    pub tail: (String, File, Option<u64>),
    /// How far each ledger goes with them.
    pub heads: BTreeMap<LedgerId, Head>,
}

/// Looks at the journal of the data folder `root`. Every record is only ever added, so what is found stays as it is; a record that is
/// being written is left out. Where records are written while they are read some may be seen before those in front of them: what looks damaged is
/// read once more. The files that are full are not read.
///
/// # Errors
///
/// Where the folder is none, is of a later version or cannot be read, and where the last file of its journal is damaged.
pub fn journal_cut(root: &Path) -> Result<JournalCut, OpenError> {
    match cut(root) {
        Err(OpenError::Refused { .. }) => cut(root),
        cut => cut,
    }
}

fn cut(root: &Path) -> Result<JournalCut, OpenError> {
    let (folder, dir) = journal(root)?;
    loop {
        let numbers = segment::list(&dir).map_err(io)?;
        let Some((&last, sealed)) = numbers.split_last() else {
            return Err(refused(root, "the journal has no file"));
        };
        let file = File::open(segment::path(&dir, last)).map_err(io)?;
        let tail = surveyed(root, &dir, folder, last)?.tail;
        let is_packed = is_packed(&file).map_err(io)?;
        // It was full and took its compressed form between both looks.
        if is_packed != tail.scan.packed {
            continue;
        }
        let length = (!is_packed).then_some(tail.scan.end as u64);
        let name = |number: &u32| {
            let path = segment::path(&dir, *number);
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let heads = tail.ledgers.0.iter();
        return Ok(JournalCut {
            folder: dir.clone(),
            sealed: sealed.iter().map(name).collect(),
            tail: (name(&last), file, length),
            heads: heads.map(|(id, state)| (*id, state.head())).collect(),
        });
    }
}

/// How far each ledger goes in the journal of the data folder `root`, by every byte of it. Nobody may write it meanwhile.
///
/// # Errors
///
/// As [`journal_cut`], and where any record does not follow from those before it.
pub fn journal_heads(root: &Path) -> Result<BTreeMap<LedgerId, Head>, OpenError> {
    let (folder, dir) = journal(root)?;
    let numbers = segment::list(&dir).map_err(io)?;
    let last = *numbers
        .last()
        .ok_or_else(|| refused(root, "the journal has no file"))?;
    let mut survey = surveyed(root, &dir, folder, last)?;
    survey.deepen(&dir, folder).map_err(io)?;
    undamaged(root, &survey)?;
    if let TailEnd::Torn { check, .. } = &survey.tail.end {
        return Err(refused(root, format!("journal segment {last}: {check}")));
    }
    let heads = survey.tail.ledgers.0.iter();
    Ok(heads.map(|(id, state)| (*id, state.head())).collect())
}

fn journal(root: &Path) -> Result<(FolderId, PathBuf), OpenError> {
    let folder = read_format(root)?;
    let folder = folder.ok_or_else(|| refused(root, "the file `format` is missing"))?;
    Ok((folder, journal_of(root).map_err(io)?))
}

fn surveyed(root: &Path, dir: &Path, folder: FolderId, last: u32) -> Result<Survey, OpenError> {
    let survey = Survey::new(dir, folder, last).map_err(|error| match error {
        NoSurvey::Newer(number) => OpenError::Newer {
            what: format!("journal segment {number}"),
        },
        NoSurvey::Io(source) => io(source),
    })?;
    undamaged(root, &survey)?;
    Ok(survey)
}

/// Only what follows the last whole record may be wrong.
fn undamaged(root: &Path, survey: &Survey) -> Result<(), OpenError> {
    if let Some((number, check)) = survey.sealed_damage() {
        return Err(refused(root, format!("journal segment {number}: {check}")));
    }
    match &survey.tail.end {
        TailEnd::Damaged { check } => {
            let number = survey.tail.number;
            Err(refused(root, format!("journal segment {number}: {check}")))
        }
        TailEnd::Whole | TailEnd::Torn { .. } => Ok(()),
    }
}

fn io(source: io::Error) -> OpenError {
    let what = "journal";
    OpenError::Io { what, source }
}

fn refused(root: &Path, check: impl Into<String>) -> OpenError {
    OpenError::Refused {
        check: check.into(),
        evidence: root.to_owned(),
    }
}

/// Whether a file of the journal is compressed.
fn is_packed(mut file: &File) -> io::Result<bool> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(segment::Header::decode(&bytes).is_ok_and(|header| header.packed.is_some())),
        // Begun, and nothing more.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
