//! Every change to the folder, one step at a time: tests let it end after any of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// Whoever the folder lets in.
    Shared,
    /// Its owner.
    Private,
}

/// What changes the folder.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Steps until the machine stops; `None`: it does not.
    #[cfg(test)]
    pub(super) steps_left: std::sync::Mutex<Option<usize>>,
}

impl Disk {
    /// Makes a file with `bytes`, whole or not at all: durable once its folder is synced.
    pub(super) fn create(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let unfinished = unfinished(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(match mode {
                Mode::Shared => 0o640,
                Mode::Private => 0o600,
            });
        }
        #[cfg(not(unix))]
        let _ = mode;
        self.step()?;
        let mut file = options.open(&unfinished)?;
        // In two halves, so that tests meet a torn file.
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        self.step()?;
        file.write_all(rest)?;
        file.sync_all()?;
        self.step()?;
        fs::rename(unfinished, path)
    }

    /// Adds a line to a file, on a line of its own whatever a crash left before it.
    pub(super) fn append(&self, path: &Path, line: &[u8]) -> io::Result<()> {
        self.step()?;
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(&[b"\n", line].concat())?;
        self.step()?;
        file.sync_all()
    }

    /// Overwrites a file and takes it away. One that is not there is no fault.
    pub(super) fn destroy(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        let length = match fs::symlink_metadata(path) {
            Ok(about) => about.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // What the disk does with the old blocks is its own affair; on those that write in place they are gone.
        let mut file = OpenOptions::new().write(true).open(path)?;
        io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
        file.sync_all()?;
        self.step()?;
        fs::remove_file(path)
    }

    /// Makes a folder with those above it, each durable in the one above.
    pub(super) fn make_folders(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.make_folders(above)?;
        }
        self.step()?;
        match fs::create_dir(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        path.parent()
            .map_or(Ok(()), |above| self.sync_folder(above))
    }

    /// Removes an empty folder.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::remove_dir(path)
    }

    /// Makes what was created in a folder, or taken away from it, durable.
    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        File::open(path)?.sync_all()
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "tests fail it"
    )]
    fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        match &mut *self.steps_left.lock().unwrap() {
            Some(0) => Err(io::Error::other("the machine stopped")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// What a file is called while it is being written.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// The names in a folder; none where there is no folder.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        // Other names are none of ours.
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}
