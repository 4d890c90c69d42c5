//! A file system of which one chosen step fails.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::*;

/// What a failing step leaves behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Left {
    /// Nothing: the step did not take place.
    Nothing,
    /// Half of what was to be written.
    Half,
    /// Everything: the step took place and was reported as failed.
    Everything,
}

/// What is asked of a file system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Create,
    Rename,
    SyncDir,
    Write,
    Cut,
    Sync,
}

impl Step {
    /// What it takes to write a file beside another and let it take that one's place.
    pub(crate) const OF_A_NEW_FILE: [Self; 5] = [
        Self::Create,
        Self::Write,
        Self::Sync,
        Self::Rename,
        Self::SyncDir,
    ];
}

#[derive(Debug, Default)]
struct Plan {
    /// Counts down to the step that fails.
    fail_in: Option<(u32, Left, Option<io::ErrorKind>)>,
    failed: Option<Step>,
    steps: u32,
    files: HashMap<PathBuf, Arc<Mutex<Unsynced>>>,
}

/// What was written to a file since its last sync, by whomever: a sync is of the file and not of who asks for it.
#[derive(Debug, Default)]
struct Unsynced {
    changes: Vec<Change>,
    /// A sync failed: whoever has the file open is told with the next one too.
    failed: bool,
}

/// What stood at a place before.
#[derive(Debug)]
struct Change {
    at: u64,
    before: Vec<u8>,
    len: u64,
    end: u64,
}

/// The disk, until the chosen step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty(Arc<Mutex<Plan>>);

impl Faulty {
    /// Makes the `n`-th step from now on fail, counted from 0.
    pub(crate) fn fail_in(&self, n: u32, left: Left) {
        self.0.lock().unwrap().fail_in = Some((n, left, None));
    }

    /// Makes the `n`-th step from now on fail as `kind` says.
    pub(crate) fn fail_as(&self, n: u32, left: Left, kind: io::ErrorKind) {
        self.0.lock().unwrap().fail_in = Some((n, left, Some(kind)));
    }

    /// The number of steps so far.
    pub(crate) fn steps(&self) -> u32 {
        self.0.lock().unwrap().steps
    }

    /// Whether the chosen step has been met.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.lock().unwrap().fail_in.is_none()
    }

    /// Which step that was.
    pub(crate) fn failed(&self) -> Option<Step> {
        self.0.lock().unwrap().failed
    }

    fn step(&self, step: Step) -> Option<(Left, io::Error)> {
        let mut plan = self.0.lock().unwrap();
        plan.steps += 1;
        match plan.fail_in {
            Some((0, left, kind)) => {
                (plan.fail_in, plan.failed) = (None, Some(step));
                Some((left, kind.map_or_else(failure, io::Error::from)))
            }
            Some((n, left, kind)) => {
                plan.fail_in = Some((n - 1, left, kind));
                None
            }
            None => None,
        }
    }

    fn file(&self, path: &Path, file: File) -> Box<dyn JournalFile> {
        let mut plan = self.0.lock().unwrap();
        let unsynced = plan.files.entry(path.to_owned()).or_default();
        Box::new(FaultyFile {
            file,
            unsynced: Arc::clone(unsynced),
            faults: self.clone(),
        })
    }
}

fn failure() -> io::Error {
    io::Error::other("injected fault")
}

#[derive(Debug)]
struct FaultyFile {
    file: File,
    unsynced: Arc<Mutex<Unsynced>>,
    faults: Faulty,
}

impl FaultyFile {
    /// Makes a change that a failing sync can take back.
    fn change(&self, unsynced: &mut Unsynced, at: u64, bytes: &[u8]) -> io::Result<()> {
        let (len, end) = (self.file.metadata()?.len(), at + bytes.len() as u64);
        self.note(unsynced, at, end, len)?;
        self.file.write_all_at(bytes, at)
    }

    fn note(&self, unsynced: &mut Unsynced, at: u64, end: u64, len: u64) -> io::Result<()> {
        let mut before = vec![0; end.min(len).saturating_sub(at) as usize];
        self.file.read_exact_at(&mut before, at)?;
        unsynced.changes.push(Change {
            at,
            before,
            len,
            end,
        });
        Ok(())
    }

    fn take_back(&self, changes: Vec<Change>) -> io::Result<()> {
        for change in changes.into_iter().rev() {
            self.file.set_len(change.len)?;
            self.file.write_all_at(&change.before, change.at)?;
        }
        Ok(())
    }
}

impl JournalFiles for Faulty {
    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        let create = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(path)
        };
        match self.step(Step::Create) {
            None => {
                let file = create()?;
                // Another file had the name.
                self.0.lock().unwrap().files.remove(path);
                Ok(self.file(path, file))
            }
            Some((Left::Nothing, failure)) => Err(failure),
            Some((_, failure)) => create().and(Err(failure)),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        Ok(self.file(path, OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = || {
            let mut plan = self.0.lock().unwrap();
            if let Some(file) = plan.files.remove(from) {
                plan.files.insert(to.to_owned(), file);
            }
            std::fs::rename(from, to)
        };
        match self.step(Step::Rename) {
            None => rename(),
            Some((Left::Nothing, failure)) => Err(failure),
            Some((_, failure)) => rename().and(Err(failure)),
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        match self.step(Step::SyncDir) {
            None => Disk.sync_dir(dir),
            Some((_, failure)) => Err(failure),
        }
    }
}

impl JournalFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().unwrap();
        let (stored, failed) = match self.faults.step(Step::Write) {
            None => (bytes.len(), Ok(())),
            Some((Left::Nothing, failure)) => (0, Err(failure)),
            Some((Left::Half, failure)) => (bytes.len() / 2, Err(failure)),
            Some((Left::Everything, failure)) => (bytes.len(), Err(failure)),
        };
        self.change(&mut unsynced, offset, &bytes[..stored])?;
        failed
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().unwrap();
        let failed = self.faults.step(Step::Cut);
        if !matches!(failed, Some((Left::Nothing, _))) {
            let before = self.file.metadata()?.len();
            self.note(&mut unsynced, len, before, before)?;
            self.file.set_len(len)?;
        }
        failed.map_or(Ok(()), |(_, failure)| Err(failure))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().unwrap();
        let failed = self.faults.step(Step::Sync);
        if unsynced.failed {
            return Err(failure());
        }
        let changes = std::mem::take(&mut unsynced.changes);
        let Some((left, failure)) = failed else {
            return self.file.sync_data();
        };
        // A failed sync may have dropped what was written since the last one.
        unsynced.failed = true;
        match left {
            Left::Nothing => self.take_back(changes)?,
            Left::Half => {
                let from = changes.iter().map(|change| change.at).min().unwrap_or(0);
                let len = self.file.metadata()?.len();
                let to = changes.iter().map(|change| change.end.min(len)).max();
                let mut half = vec![0; (to.unwrap_or(from).saturating_sub(from) / 2) as usize];
                self.file.read_exact_at(&mut half, from)?;
                self.take_back(changes)?;
                self.file.write_all_at(&half, from)?;
            }
            Left::Everything => {}
        }
        Err(failure)
    }
}
