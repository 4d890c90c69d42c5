//! What of a data folder's journal stood there at one moment, whether or not a server writes it meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::domain::id::LedgerId;
use crate::log::OpenError;
use crate::log::embedded::folder::read_format;
use crate::log::embedded::place::journal_of;
use crate::log::head::Head;
use crate::log::journal::FolderId;
use crate::log::journal::segment::{self, HEADER_BYTES, Header};
use crate::log::journal::stub::Stub;
use crate::log::journal::survey::{NoSurvey, Survey, TailEnd};

/// The journal up to a whole record.
#[derive(Debug)]
pub struct JournalCut {
    /// The folder that they are in.
    pub folder: PathBuf,
    /// Files that are full, by name, the oldest first; with what it was, for one that was trimmed.
    pub sealed: Vec<(String, Option<TrimmedFile>)>,
    /// The last file, opened when it was looked at: its name, and how much of it there was; `None`: all.
    pub tail: (String, File, Option<u64>),
    /// How far each ledger goes with them.
    pub heads: BTreeMap<LedgerId, Head>,
}

/// A file of the journal that was trimmed.
#[derive(Debug)]
pub struct TrimmedFile(Stub);

impl TrimmedFile {
    /// The number of its segment.
    pub fn segment(&self) -> u32 {
        self.0.number
    }

    /// Whether another file is this one as it was before, byte for byte, compressed or not.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn is_whole_in(&self, file: &Path) -> io::Result<bool> {
        self.0.is_whole_in(file)
    }
}

impl JournalCut {
    /// Whether a file was trimmed since this was looked at, so that whoever copied it may have what is left of it.
    ///
    /// # Errors
    ///
    /// Where one cannot be read.
    pub fn is_trimmed_since(&self) -> io::Result<bool> {
        for (name, trimmed) in &self.sealed {
            let file = File::open(self.folder.join(name))?;
            let is_trimmed = header(&file)?.is_some_and(|header| header.trimmed);
            if is_trimmed && trimmed.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
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
        let survey = surveyed(root, &dir, folder, last)?;
        let trimmed = survey.trimmed().map(|sealed| sealed.number);
        let trimmed: BTreeSet<u32> = trimmed.collect();
        let tail = survey.tail;
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
        let described = |number: &u32| -> Result<_, OpenError> {
            let is_trimmed = trimmed.contains(number);
            let stub = is_trimmed.then(|| Stub::read(&dir, folder, *number));
            let stub = stub.transpose().map_err(io)?.flatten();
            Ok((name(number), stub.map(TrimmedFile)))
        };
        let sealed = sealed.iter().map(described).collect::<Result<_, _>>()?;
        let heads = tail.ledgers.0.iter();
        return Ok(JournalCut {
            folder: dir.clone(),
            sealed,
            tail: (name(&last), file, length),
            heads: heads.map(|(id, state)| (*id, state.head())).collect(),
        });
    }
}

/// How far each ledger goes in the journal of the data folder `root`, by every byte of it. Nobody may write it meanwhile.
///
/// # Errors
///
/// As [`journal_cut`], where any record does not follow from those before it, and where the journal was trimmed.
pub fn journal_heads(root: &Path) -> Result<BTreeMap<LedgerId, Head>, OpenError> {
    let (folder, dir) = journal(root)?;
    let numbers = segment::list(&dir).map_err(io)?;
    let last = *numbers
        .last()
        .ok_or_else(|| refused(root, "the journal has no file"))?;
    let mut survey = surveyed(root, &dir, folder, last)?;
    if let Some(trimmed) = survey.trimmed().next() {
        let number = trimmed.number;
        return Err(refused(
            root,
            format!("journal segment {number}: it is trimmed"),
        ));
    }
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
fn is_packed(file: &File) -> io::Result<bool> {
    let header = header(file)?;
    Ok(header.is_some_and(|header| header.packed.is_some()))
}

/// What a file of the journal begins with, if it does.
fn header(mut file: &File) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Header::decode(&bytes).ok()),
        // Begun, and nothing more.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
