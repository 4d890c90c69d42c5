//! How a backup is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::backup::source::{COPYING, Source};
use crate::backup::{
    BackupError, DATA, Entry, FORMAT, MANIFEST, Manifest, Taken, UNFINISHED, at, below,
    files_below, is_named_as_backup, list, manifest, reaches,
};
use crate::durable;
use crate::log::{JournalCut, TrimmedFile, journal_cut};

/// Earlier backups in which a file is looked for that was trimmed: each holds all, unless it was damaged.
const LOOKED_AT_MAX: usize = 100;
/// Held by whoever takes a backup.
const LOCK: &str = "lock";
/// Below a data folder, in the order in which they are copied.
const BEFORE_JOURNAL: &[&str] = &["checkpoints"];
const AFTER_JOURNAL: &[&str] = &["personal", "attachments"];

/// Takes a backup of the data folder `data` into the folder of backups `store`. `made_at` is now: RFC 3339, UTC, whole seconds.
pub fn take(data: &Path, store: &Path, made_at: &str) -> Result<Taken, BackupError> {
    if !data.join("format").is_file() {
        return Err(BackupError::NoData);
    }
    durable::make_folder(store).map_err(at(store))?;
    let _alone = alone(store)?;
    let folder = store.join(made_at.replace(':', "-"));
    if folder.exists() {
        return Err(BackupError::Exists(folder));
    }
    let draft = draft(store, &folder)?;
    let mut copying = Copying {
        data,
        to: draft.join(DATA),
        earlier: Earlier::of(store)?,
        files: BTreeMap::new(),
        copied: 0,
        linked: 0,
    };
    durable::make_private_folder(&copying.to).map_err(at(&copying.to))?;
    copying.clear()?;
    copying.file("format", &Source::path(data, "format"))?;
    for part in BEFORE_JOURNAL {
        copying.all_of(part)?;
    }
    let cut = journal_cut(data)?;
    copying.journal(&cut)?;
    if cut.is_trimmed_since().map_err(at(&cut.folder))? {
        return Err(BackupError::TrimmedMeanwhile);
    }
    let (name, file, length) = &cut.tail;
    copying.file(&format!("journal/{name}"), &Source::Opened(file, *length))?;
    for part in AFTER_JOURNAL {
        copying.all_of(part)?;
    }
    copying.clear_of_others()?;
    let Copying {
        files,
        copied,
        linked,
        ..
    } = copying;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        made_at: made_at.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ledgers: reaches(&cut.heads),
        files,
    };
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::from)
        .map_err(at(&draft))?;
    text.push(b'\n');
    // Names that were linked, or that a run left which was broken off, are on the disk before anything says that they are there.
    let files = manifest
        .files
        .keys()
        .map(|name| draft.join(DATA).join(name));
    let folders: BTreeSet<PathBuf> = files
        .flat_map(|file| {
            let above = file.ancestors().skip(1);
            let within = above.take_while(|folder| folder.starts_with(&draft));
            within.map(Path::to_owned).collect::<Vec<_>>()
        })
        .collect();
    for folder in folders {
        durable::sync_folder(&folder).map_err(at(&folder))?;
    }
    let path = draft.join(MANIFEST);
    durable::replace(&path, &text, durable::Access::Private).map_err(at(&path))?;
    fs::rename(&draft, &folder).map_err(at(&folder))?;
    durable::sync_folder(store).map_err(at(store))?;
    Ok(Taken {
        folder,
        manifest,
        copied,
        linked,
    })
}

/// Keeps others from taking a backup into the same folder meanwhile.
fn alone(store: &Path) -> Result<durable::Lock, BackupError> {
    let path = store.join(LOCK);
    let file = File::create(&path).map_err(at(&path))?;
    durable::Lock::alone(file).map_err(|error| match error {
        TryLockError::WouldBlock => BackupError::Busy(store.to_owned()),
        TryLockError::Error(source) => at(&path)(source),
    })
}

/// Where the backup is put together: what was broken off, or a new folder.
fn draft(store: &Path, folder: &Path) -> Result<PathBuf, BackupError> {
    let draft = folder.with_extension(UNFINISHED);
    // What else is made there, such as a folder that is being restored, is somebody else's.
    let is_unfinished = |path: &PathBuf| {
        path.extension().is_some_and(|last| last == UNFINISHED)
            && is_named_as_backup(&path.with_extension(""))
    };
    let mut broken_off: Vec<PathBuf> = list(store)?.into_iter().filter(is_unfinished).collect();
    match broken_off.pop() {
        Some(newest) if newest != draft => fs::rename(&newest, &draft).map_err(at(&newest))?,
        Some(_) => {}
        None => durable::make_private_folder(&draft).map_err(at(&draft))?,
    }
    for older in broken_off {
        fs::remove_dir_all(&older).map_err(at(&older))?;
    }
    Ok(draft)
}

/// Earlier backups that are whole by their manifests, the newest first: as many as somebody looked at.
struct Earlier {
    ahead: std::vec::IntoIter<PathBuf>,
    seen: Vec<(PathBuf, Manifest)>,
}

impl Earlier {
    fn of(store: &Path) -> Result<Self, BackupError> {
        let mut folders = list(store)?;
        folders.reverse();
        Ok(Self {
            ahead: folders.into_iter(),
            seen: Vec::new(),
        })
    }

    /// The data folder in one of them, and what is in it.
    fn get(&mut self, number: usize) -> Option<&(PathBuf, Manifest)> {
        while self.seen.len() <= number {
            let folder = self.ahead.next()?;
            if let Ok(manifest) = manifest(&folder) {
                self.seen.push((folder.join(DATA), manifest));
            }
        }
        self.seen.get(number)
    }

    /// The file `name` of the newest, with what its manifest says of it.
    fn newest(&mut self, name: &str) -> Option<(PathBuf, Entry)> {
        let (folder, manifest) = self.get(0)?;
        let entry = manifest.files.get(name)?;
        Some((folder.join(name), entry.clone()))
    }

    /// The file `name` of the newest that has a trimmed segment in it as that was before. Backups share files: each is read once.
    fn with(&mut self, name: &str, trimmed: &TrimmedFile) -> Option<(PathBuf, Entry)> {
        let mut read = BTreeSet::new();
        for number in 0..LOOKED_AT_MAX {
            let (folder, manifest) = self.get(number)?;
            let path = folder.join(name);
            let file = fs::metadata(&path).map(|file| (file.dev(), file.ino()));
            if let (Some(entry), Ok(file)) = (manifest.files.get(name), file)
                && read.insert(file)
                && matches!(trimmed.is_whole_in(&path), Ok(true))
            {
                return Some((path, entry.clone()));
            }
        }
        None
    }
}

/// A backup while it is made.
struct Copying<'a> {
    data: &'a Path,
    to: PathBuf,
    earlier: Earlier,
    files: BTreeMap<String, Entry>,
    copied: u64,
    linked: u64,
}

impl Copying<'_> {
    /// Lets go of what was being copied when an earlier run was broken off.
    fn clear(&self) -> Result<(), BackupError> {
        for path in files_below(&self.to)? {
            if path.extension().is_some_and(|last| last == COPYING) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }

    /// Lets go of what an earlier run copied and is not there any more.
    fn clear_of_others(&self) -> Result<(), BackupError> {
        for path in files_below(&self.to)? {
            if !self.files.contains_key(&below(&self.to, &path)) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }

    /// All files of a folder that is there.
    fn all_of(&mut self, part: &str) -> Result<(), BackupError> {
        let folder = self.data.join(part);
        if !folder.is_dir() {
            return Ok(());
        }
        for path in files_below(&folder)? {
            let name = below(self.data, &path);
            self.file(&name, &Source::Path(path))?;
        }
        Ok(())
    }

    /// The full files of the journal. One that was trimmed is taken from an earlier backup that has it whole, so that each backup
    /// stands alone.
    fn journal(&mut self, cut: &JournalCut) -> Result<(), BackupError> {
        let mut lacking = Vec::new();
        for (file, trimmed) in &cut.sealed {
            let name = format!("journal/{file}");
            let Some(trimmed) = trimmed else {
                self.file(&name, &Source::path(&cut.folder, file))?;
                continue;
            };
            if let Some((path, entry)) = self.earlier.with(&name, trimmed) {
                let from = Source::Path(path.clone());
                self.file_of(&name, &from, Some((path, entry)))?;
            }
            if !self.files.contains_key(&name) {
                lacking.push(trimmed.segment());
            }
        }
        match lacking.is_empty() {
            true => Ok(()),
            false => Err(BackupError::Trimmed(lacking)),
        }
    }

    /// One file; nothing where it went meanwhile.
    fn file(&mut self, name: &str, from: &Source<'_>) -> Result<(), BackupError> {
        let earlier = self.earlier.newest(name);
        self.file_of(name, from, earlier)
    }

    /// One file, which an earlier backup may hold too.
    fn file_of(
        &mut self,
        name: &str,
        from: &Source<'_>,
        earlier: Option<(PathBuf, Entry)>,
    ) -> Result<(), BackupError> {
        let path = self.data.join(name);
        let to = self.to.join(name);
        if let Some(folder) = to.parent() {
            durable::make_private_folder(folder).map_err(at(folder))?;
        }
        if self.is_had(name, from, earlier, &to).map_err(at(&path))? {
            return Ok(());
        }
        let copied = match from.copy(&to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            copied => copied.map_err(at(&path))?,
        };
        self.copied += copied.bytes;
        self.files.insert(name.to_owned(), copied);
        Ok(())
    }

    /// Whether a run that was broken off left the same bytes at `to`, or an earlier backup has them and the disk can link them there.
    fn is_had(
        &mut self,
        name: &str,
        from: &Source<'_>,
        earlier: Option<(PathBuf, Entry)>,
        to: &Path,
    ) -> io::Result<bool> {
        let draft = Source::Path(to.to_owned()).digest().ok();
        if draft.is_none() && earlier.is_none() {
            return Ok(false);
        }
        let entry = match from.digest() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entry => entry?,
        };
        let is_linked = || match &earlier {
            // It is read, too: what the disk has spoilt since is not handed on.
            Some((path, there))
                if *there == entry
                    && Source::Path(path.clone())
                        .digest()
                        .is_ok_and(|is| is == entry) =>
            {
                let _ = fs::remove_file(to);
                fs::hard_link(path, to).is_ok()
            }
            _ => false,
        };
        let is_had = draft.as_ref() == Some(&entry) || is_linked();
        if is_had {
            self.linked += entry.bytes;
            self.files.insert(name.to_owned(), entry);
        }
        Ok(is_had)
    }
}
