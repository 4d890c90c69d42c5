//! Trimming the journal, and putting back what was trimmed: an operator's work on a data folder that no server has open.
//!
//! ```text
//! take      the folder's lock, as a server does
//! prove     every record of the journal, all that sled holds, and that it holds all that is to go
//!           (the caller proves that a backup holds it too)
//! note      what is about to be trimmed, and against which backup
//! replace   each segment by what is left of it, the oldest first: written beside it, synced, read back, renamed, the folder synced
//! ```
//! A segment has a whole file under its name at every moment, the old one or the new one, so an end between any two steps
//! leaves a folder that opens, and a second run does the rest. Putting back is the same with the files of a backup, the newest first.

pub(crate) mod note;
pub(crate) mod proof;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::durable::sync_folder;
use crate::fault_point::Point;
use crate::log::copy::{self, ReadCopy};
use crate::log::embedded::OpenError;
use crate::log::embedded::folder::{DataFolder, read_format};
use crate::log::embedded::open::before_all;
use crate::log::journal::files::JournalFiles;
use crate::log::journal::segment::{self, Scan};
use crate::log::journal::survey::{self, NoSurvey, Survey, TailEnd};
use crate::log::journal::{FolderId, Record, Seal, stub};

use note::{Done, Note};

/// What sled may cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A data folder that nobody else has open.
#[derive(Debug)]
pub(crate) struct Idle {
    folder: DataFolder,
    id: FolderId,
    survey: Survey,
    files: Arc<dyn JournalFiles>,
}

/// Why nothing is trimmed.
#[derive(Debug)]
pub(crate) enum Hindrance {
    /// Something is not proven: which check failed.
    Unproven(String),
    /// A file could not be read or written.
    Io(io::Error),
}

impl Hindrance {
    fn unproven(why: &str) -> Self {
        Self::Unproven(why.to_owned())
    }
}

impl From<io::Error> for Hindrance {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What became of trimmed segments.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PutBack {
    /// Those that are whole again, ascending.
    pub(crate) segments: Vec<u32>,
    /// The bytes of their files.
    pub(crate) bytes: u64,
    /// Those that are still trimmed, ascending, and why.
    pub(crate) left: Vec<(u32, String)>,
}

/// A segment that is to be put back, and what it lies between.
struct Lacking {
    number: u32,
    /// There is something else than what is left of a trimmed one.
    damaged: bool,
    before: Option<Seal>,
    after: Option<Seal>,
}

impl Idle {
    /// Takes a folder that is there, and looks at its journal.
    pub(crate) fn take(root: &Path, files: Arc<dyn JournalFiles>) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            what: "journal",
            source,
        };
        let refused = |check: String| OpenError::Refused {
            check,
            evidence: root.to_owned(),
        };
        let mut folder = DataFolder::take(root)?;
        let id = folder.format()?;
        let id = id.ok_or_else(|| refused("the file `format` is missing".to_owned()))?;
        folder.settle_journal(Some(id), None)?;
        let dir = folder.journal();
        let numbers = match segment::list(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            numbers => numbers.map_err(io)?,
        };
        let last = numbers.last().copied();
        let missing = || refused(format!("the journal is missing in `{}`", dir.display()));
        let survey = Survey::new(&dir, id, last.ok_or_else(missing)?);
        let survey = survey.map_err(|error| match error {
            NoSurvey::Newer(number) => OpenError::Newer {
                what: format!("journal segment {number}"),
            },
            NoSurvey::Io(source) => io(source),
        })?;
        Ok(Self {
            folder,
            id,
            survey,
            files,
        })
    }

    /// Whether another data folder, one in a backup, is a copy of this one.
    pub(crate) fn is_copied_in(&self, other: &Path) -> bool {
        read_format(other).is_ok_and(|id| id == Some(self.id))
    }

    /// The segments that go when the `keep` newest of those that are sealed stay; one stays always, and so does the one that is
    /// written.
    pub(crate) fn beyond(&self, keep: usize) -> Vec<u32> {
        let sealed = &self.survey.sealed;
        let beyond = &sealed[..sealed.len().saturating_sub(keep.max(1))];
        let whole = beyond.iter().filter(|sealed| !sealed.trimmed);
        whole.map(|sealed| sealed.number).collect()
    }

    /// How many segments stay whole when these go.
    pub(crate) fn left_whole(&self, segments: &[u32]) -> usize {
        let sealed = self.survey.sealed.iter();
        let whole = sealed.filter(|sealed| !sealed.trimmed).count();
        // And the one that is written.
        (whole + 1).saturating_sub(segments.len())
    }

    /// Those of the segments that the journal `other` does not hold with the same state before them and the same seal, digest included.
    pub(crate) fn lacking_in(&self, other: &Path, segments: &[u32]) -> io::Result<Vec<u32>> {
        let here = self.folder.journal();
        let mut lacking = Vec::new();
        for &number in segments {
            let ends = self.ends(&here, number)?;
            if ends.is_none() || ends != self.ends(other, number)? {
                lacking.push(number);
            }
        }
        Ok(lacking)
    }

    /// What both ends of a whole segment say.
    fn ends(&self, dir: &Path, number: u32) -> io::Result<Option<(Seal, Seal)>> {
        let (header, opening) = match segment::read_opening(dir, self.id, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let is_it = |header: segment::Header| {
            !header.trimmed && header.folder == self.id && header.segment == number
        };
        let seal = segment::read_seal(dir, self.id, number)?.map(|(seal, _)| seal);
        Ok(opening.zip(seal).filter(|_| header.is_ok_and(is_it)))
    }

    /// Proves that all is whole and that sled holds what these segments do. Tells what is left of each of them.
    pub(crate) fn prove(&mut self, segments: &[u32]) -> Result<Vec<(u32, Bytes)>, Hindrance> {
        let dir = self.folder.journal();
        let number = self.survey.tail.number;
        match &self.survey.tail.end {
            TailEnd::Whole => {}
            TailEnd::Torn { check, .. } | TailEnd::Damaged { check } => {
                let why = format!("journal segment {number}: {check}");
                return Err(Hindrance::Unproven(why));
            }
        }
        self.survey.deepen(&dir, self.id)?;
        if let Some((number, check)) = self.survey.sealed_damage() {
            let why = format!("journal segment {number}: {check}");
            return Err(Hindrance::Unproven(why));
        }
        if self.folder.is_suspect() {
            let why = "it was found damaged, and the next start reads all of it";
            return Err(Hindrance::unproven(why));
        }
        let sled = self.folder.sled();
        // What the system remembers is not what the disk has.
        copy::sync::sync(&sled)?;
        proof::forget_files(&sled)?;
        proof::check_files(&sled)?;
        let copy = ReadCopy::open(&sled, self.id, CACHE_BYTES)?;
        let last = segments.last().copied().unwrap_or(0);
        proof::check_copy(&copy, &self.survey, last)?;
        let mut left = Vec::new();
        for &number in segments {
            let scan = Scan::read(&dir, self.id, number)?;
            for found in &scan.records {
                if let Record::Checkpoint(kept) = &found.decoded.record {
                    proof::check_kept(&copy, kept)?;
                }
            }
            let file = stub::file_of(&scan, number);
            let changed = || Hindrance::Unproven(format!("journal segment {number}: seal"));
            left.push((number, file.ok_or_else(changed)?));
        }
        // What a server that was killed had written is not known to be durable.
        copy.checkpoint()?;
        drop(copy);
        sync_folder(&sled)?;
        Ok(left)
    }

    /// Replaces segments by what is left of them. Tells the bytes that this frees.
    pub(crate) fn trim(&self, left: &[(u32, Bytes)], backup: &Path, now: &str) -> io::Result<u64> {
        let segments = left.iter().map(|(number, _)| *number).collect();
        self.note(Done::Trimmed, segments, backup, now)?;
        Point::TrimNoted.pass();
        let dir = self.folder.journal();
        segment::remove_drafts(&dir)?;
        let mut freed = 0;
        for (number, file) in left {
            let path = segment::path(&dir, *number);
            let before = fs::metadata(&path)?.len();
            let draft = self.draft(*number, file)?;
            self.take_place(&draft, &path)?;
            freed += before.saturating_sub(file.len() as u64);
        }
        Ok(freed)
    }

    fn note(&self, done: Done, segments: Vec<u32>, backup: &Path, now: &str) -> io::Result<()> {
        let note = Note {
            at: now.to_owned(),
            done,
            segments,
            backup: std::path::absolute(backup)?.to_string_lossy().into_owned(),
        };
        note::add(self.folder.root(), &note)
    }

    /// Writes a file beside the segment that it is to replace.
    fn draft(&self, number: u32, bytes: &[u8]) -> io::Result<PathBuf> {
        let draft = segment::path_trimming(&self.folder.journal(), number);
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.files.create(&draft)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        drop(file);
        if fs::read(&draft)? != bytes {
            return Err(io::Error::other("a file reads back as something else"));
        }
        Point::TrimDrafted.pass();
        Ok(draft)
    }

    fn take_place(&self, draft: &Path, path: &Path) -> io::Result<()> {
        self.files.rename(draft, path)?;
        Point::TrimNamed.pass();
        self.files.sync_dir(&self.folder.journal())
    }

    /// Puts trimmed segments back from the journal `other`, each that leads from the state before it to the state after it.
    pub(crate) fn put_back(&self, other: &Path, backup: &Path, now: &str) -> io::Result<PutBack> {
        let mut told = PutBack::default();
        for lacking in self.lacking().into_iter().rev() {
            let number = lacking.number;
            match self.put_one_back(&lacking, other)? {
                Ok(bytes) => {
                    told.segments.insert(0, number);
                    told.bytes += bytes;
                }
                Err(why) => told.left.insert(0, (number, why)),
            }
        }
        if !told.segments.is_empty() {
            self.note(Done::PutBack, told.segments.clone(), backup, now)?;
        }
        Ok(told)
    }

    /// What is trimmed, and what is damaged that was; ascending.
    fn lacking(&self) -> Vec<Lacking> {
        let was_trimmed = |number| note::newest(self.folder.root(), number).is_some();
        let Survey { sealed, tail, .. } = &self.survey;
        let mut before = Some(before_all());
        let mut lacking = Vec::new();
        for sealed in sealed {
            let damaged = sealed.damage.is_some();
            if sealed.trimmed || damaged && was_trimmed(sealed.number) {
                lacking.push(Lacking {
                    number: sealed.number,
                    damaged,
                    before: before.clone(),
                    after: sealed.end.clone(),
                });
            }
            before.clone_from(&sealed.end);
        }
        if tail.scan.is_trimmed() {
            lacking.push(Lacking {
                number: tail.number,
                damaged: false,
                before,
                after: tail.scan.seal(tail.number).cloned(),
            });
        }
        lacking
    }

    fn put_one_back(&self, lacking: &Lacking, other: &Path) -> io::Result<Result<u64, String>> {
        let number = lacking.number;
        let (Some(before), Some(after)) = (&lacking.before, &lacking.after) else {
            let why = "nothing tells what it begins or ends with: put back those beside it first";
            return Ok(Err(why.to_owned()));
        };
        let bytes = match fs::read(segment::path(other, number)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err("the backup does not have it".to_owned()));
            }
            Err(error) => return Ok(Err(error.to_string())),
        };
        let draft = self.draft(number, &bytes)?;
        let scan = Scan::read_file(&draft, self.id, number)?;
        if let Err(check) = survey::check_whole(&scan, number, before, after) {
            fs::remove_file(&draft)?;
            return Ok(Err(format!(
                "the backup's is not the segment as it was: {check}"
            )));
        }
        let path = segment::path(&self.folder.journal(), number);
        if lacking.damaged && path.exists() {
            self.folder.keep_file(&path, "journal")?;
        }
        self.take_place(&draft, &path)?;
        Ok(Ok(bytes.len() as u64))
    }
}
