//! What the journal asks of a file system, so that tests can make any single step of it fail.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Creates and opens the files that the journal writes.
pub(crate) trait JournalFiles: fmt::Debug + Send + Sync {
    /// Creates a file that must not exist.
    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;

    /// Opens a file for writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// A file that the journal writes.
pub(crate) trait JournalFile: Send {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Returns when everything written is durable. One that failed is never called again.
    fn sync(&mut self) -> io::Result<()>;
}

/// The real file system.
#[derive(Debug)]
pub(crate) struct Disk;

impl JournalFiles for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        Ok(Box::new(
            OpenOptions::new().read(true).write(true).open(path)?,
        ))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

impl JournalFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
pub(crate) mod faults {
    //! A file system of which one chosen step fails.

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

    #[derive(Debug, Default)]
    struct Plan {
        /// Counts down to the step that fails.
        fail_in: Option<(u32, Left)>,
        steps: u32,
    }

    /// The disk, until the chosen step.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Faulty(Arc<Mutex<Plan>>);

    impl Faulty {
        /// Makes the `n`-th step from now on fail, counted from 0.
        pub(crate) fn fail_in(&self, n: u32, left: Left) {
            self.0.lock().unwrap().fail_in = Some((n, left));
        }

        /// The number of steps so far.
        pub(crate) fn steps(&self) -> u32 {
            self.0.lock().unwrap().steps
        }

        /// Whether the chosen step has been met.
        pub(crate) fn has_failed(&self) -> bool {
            self.0.lock().unwrap().fail_in.is_none()
        }

        fn step(&self) -> Option<Left> {
            let mut plan = self.0.lock().unwrap();
            plan.steps += 1;
            match plan.fail_in {
                Some((0, left)) => {
                    plan.fail_in = None;
                    Some(left)
                }
                Some((n, left)) => {
                    plan.fail_in = Some((n - 1, left));
                    None
                }
                None => None,
            }
        }
    }

    fn failure() -> io::Error {
        io::Error::other("injected fault")
    }

    struct FaultyFile {
        file: File,
        synced_len: u64,
        faults: Faulty,
    }

    impl FaultyFile {
        fn boxed(file: File, faults: &Faulty) -> io::Result<Box<dyn JournalFile>> {
            let synced_len = file.metadata()?.len();
            Ok(Box::new(Self {
                file,
                synced_len,
                faults: faults.clone(),
            }))
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
            match self.step() {
                None => FaultyFile::boxed(create()?, self),
                Some(Left::Nothing) => Err(failure()),
                Some(_) => create().and(Err(failure())),
            }
        }

        fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
            FaultyFile::boxed(OpenOptions::new().read(true).write(true).open(path)?, self)
        }

        fn sync_dir(&self, dir: &Path) -> io::Result<()> {
            match self.step() {
                None => Disk.sync_dir(&PathBuf::from(dir)),
                Some(_) => Err(failure()),
            }
        }
    }

    impl JournalFile for FaultyFile {
        fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
            let stored = match self.faults.step() {
                None => return self.file.write_all_at(bytes, offset),
                Some(Left::Nothing) => 0,
                Some(Left::Half) => bytes.len() / 2,
                Some(Left::Everything) => bytes.len(),
            };
            self.file.write_all_at(&bytes[..stored], offset)?;
            Err(failure())
        }

        fn sync(&mut self) -> io::Result<()> {
            let len = self.file.metadata()?.len();
            match self.faults.step() {
                None => {
                    self.synced_len = len;
                    return self.file.sync_data();
                }
                // A failed sync may have dropped what was written since the last one.
                Some(Left::Nothing) => self.file.set_len(self.synced_len)?,
                Some(Left::Half) => {
                    self.file
                        .set_len(self.synced_len + (len - self.synced_len) / 2)?;
                }
                Some(Left::Everything) => {}
            }
            Err(failure())
        }
    }
}
