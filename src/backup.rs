//! Backups of a data folder, taken while a server works on it, and how a data folder is made of one.
//!
//! ```text
//! <backups>/2026-11-27T03-00-00Z/           one backup; it stands alone and can be deleted alone
//!             manifest.json                 what it is, and the SHA-256 of each of its files
//!             data/                         a data folder without `sled/`, which is made anew, and without `keys/`
//!           2026-11-28T03-00-00Z.unfinished what was broken off; the next one goes on from it
//! ```
//! The journal is a row of records of which every one is only ever added, so its files up to the last whole record are what stood
//! there at one moment. What is signed is copied before it, so that the journal reaches it; texts about people and files of evidence after it, so
//! that what its events name is there. A file that an earlier backup holds with the same bytes is linked and takes no room again.
//!
//! Where the journal was trimmed (`trim`), the segment that is missing is taken from an earlier backup in the same folder of backups: what
//! stands in any of them is the whole journal.
//!
//! No key is in a backup: whoever finds it can read it and not sign for the ledger, and a folder that is made of it, which may lack what
//! was signed since, begins a new generation (`daicho ledger continue`) unless its keys are put back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::LedgerId;
use crate::durable::{self, WholeFolder};
use crate::log::{Head, journal_heads};

pub use crate::log::OpenError;
use source::Source;
pub use take::take;
pub use trim::{TrimError, Trimmed, Untrimmed, trim, untrim};

mod source;
mod take;
mod trim;

/// The file that says what a backup is.
pub const MANIFEST: &str = "manifest.json";
/// The data folder in a backup.
pub const DATA: &str = "data";
/// What a manifest begins with.
const FORMAT: &str = "daicho backup 1";
/// What a backup's name ends with until it is whole.
const UNFINISHED: &str = "unfinished";
/// A manifest is not longer.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a backup is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Manifest {
    /// `daicho backup 1`.
    pub format: String,
    /// When it was begun: RFC 3339, UTC.
    pub made_at: String,
    /// The version of the program.
    pub version: String,
    /// How far each ledger goes, by its id.
    pub ledgers: BTreeMap<String, Reach>,
    /// Its files by their paths below `data`.
    pub files: BTreeMap<String, Entry>,
}

/// How far a ledger goes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reach {
    /// Its generation.
    pub generation: u64,
    /// Its events.
    pub size: u64,
    /// The root over them, in hex.
    pub root: String,
}

/// A file of a backup.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Its length.
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

/// A backup that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Where it is.
    pub folder: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// Bytes that were copied.
    pub copied: u64,
    /// Bytes that an earlier backup holds too.
    pub linked: u64,
}

/// Something is wrong with a backup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// Which file, below the backup.
    pub file: String,
    /// What.
    pub what: Wrong,
}

/// What is wrong with a file of a backup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// It is not in the manifest.
    Unknown,
    /// It has other bytes.
    Altered,
    /// It cannot be read.
    Unreadable(String),
    /// Its records are not what the manifest says of them.
    Journal(String),
}

/// There is no backup, or no data folder was made of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data folder, or its journal, cannot be read.
    #[error("the data folder cannot be read")]
    Data(#[from] OpenError),
    /// There is no data folder.
    #[error("there is no data folder")]
    NoData,
    /// The folder is no backup that this version knows.
    #[error("`{0}` is no backup")]
    NoBackup(PathBuf),
    /// A backup of that moment is there.
    #[error("there is a backup `{0}` already")]
    Exists(PathBuf),
    /// Another backup is being taken into the same folder.
    #[error("another backup is being taken into `{0}`")]
    Busy(PathBuf),
    /// The data folder that was to be made holds something.
    #[error("`{0}` is not empty")]
    NotEmpty(PathBuf),
    /// It lies in the backup, in which nothing is changed, or what it is called until it is whole is the name of the backup.
    #[error("`{data}` cannot be made without a change to `{backup}`")]
    Within {
        /// The folder that was to be made.
        data: PathBuf,
        /// The backup.
        backup: PathBuf,
    },
    /// The backup is not what its manifest says.
    #[error("the backup is damaged")]
    Damaged(Vec<Damage>),
    /// These segments of the journal were trimmed, and no backup in the folder of backups has them whole.
    #[error("segments of the journal were trimmed, and no earlier backup has them")]
    Trimmed(Vec<u32>),
    /// The journal was trimmed while it was copied.
    #[error("the journal was trimmed meanwhile")]
    TrimmedMeanwhile,
    /// A file could not be read or written.
    #[error("`{path}` cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Names the file of an error.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::File {
        path: path.to_owned(),
        source,
    }
}

/// What is in a folder, by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(at(folder))?;
    paths.sort();
    Ok(paths)
}

/// The path of a file below a folder, as manifests have it. What this program names is UTF-8.
fn below(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).unwrap_or(file);
    below.to_string_lossy().replace('\\', "/")
}

/// Every file below a folder, but for those that go while it is looked through; no links are followed.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut files = Vec::new();
    for path in list(folder)? {
        let about = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            about => about.map_err(at(&path))?,
        };
        if about.is_dir() {
            files.extend(files_below(&path)?);
        } else if about.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

fn reaches(heads: &BTreeMap<LedgerId, Head>) -> BTreeMap<String, Reach> {
    let reach = |head: &Head| Reach {
        generation: head.generation,
        size: head.size,
        root: head.root.to_string(),
    };
    heads
        .iter()
        .map(|(ledger, head)| (ledger.to_string(), reach(head)))
        .collect()
}

/// How far each ledger of a data folder goes, by the records of its journal, of which every one is read.
pub fn reach(data: &Path) -> Result<BTreeMap<String, Reach>, BackupError> {
    Ok(reaches(&journal_heads(data)?))
}

/// Whether a folder has the name of a backup: when it was begun, as [`take`] writes it. What else a disk has beside them is none.
fn is_named_as_backup(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let moment = name.and_then(|name| name.split_once('T'));
    let moment = moment.map(|(day, time)| format!("{day}T{}", time.replace('-', ":")));
    moment.is_some_and(|moment| moment.parse::<Timestamp>().is_ok())
}

/// The newest of the backups in a folder by its name, whole or not, or the folder itself if it is one; nothing where there is none.
pub fn newest(store: &Path) -> Result<Option<PathBuf>, BackupError> {
    if store.join(MANIFEST).is_file() {
        return Ok(Some(store.to_owned()));
    }
    let mut newest_first = list(store)?.into_iter().rev();
    Ok(newest_first.find(|folder| folder.is_dir() && is_named_as_backup(folder)))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// What a backup says of itself.
pub fn manifest(backup: &Path) -> Result<Manifest, BackupError> {
    let path = backup.join(MANIFEST);
    let no_backup = || BackupError::NoBackup(backup.to_owned());
    let text = match durable::read_up_to(&path, MANIFEST_BYTES_MAX) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(no_backup()),
        Err(error) if is_absent(&error) => return Err(no_backup()),
        Err(error) => return Err(at(&path)(error)),
    };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| no_backup())?;
    let is_below = |name: &String| {
        let mut parts = Path::new(name).components();
        !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    if manifest.format != FORMAT || !manifest.files.keys().all(is_below) {
        return Err(no_backup());
    }
    Ok(manifest)
}

/// Holds each file of a backup against the manifest, and the journal's records against the roots that it names; what differs, by path.
pub fn verify(backup: &Path) -> Result<(Manifest, Vec<Damage>), BackupError> {
    let manifest = manifest(backup)?;
    let data = backup.join(DATA);
    let mut damage = BTreeMap::new();
    for (name, entry) in &manifest.files {
        let wrong = match Source::path(&data, name).digest() {
            Ok(found) if found == *entry => continue,
            Ok(_) => Wrong::Altered,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Wrong::Missing,
            Err(error) => Wrong::Unreadable(error.to_string()),
        };
        damage.insert(format!("{DATA}/{name}"), wrong);
    }
    let there = if data.is_dir() {
        files_below(&data)?
    } else {
        Vec::new()
    };
    for path in there {
        let name = below(&data, &path);
        if !manifest.files.contains_key(&name) {
            damage.insert(format!("{DATA}/{name}"), Wrong::Unknown);
        }
    }
    if damage.is_empty() {
        let found = journal_heads(&data).map(|heads| reaches(&heads));
        let why = match found {
            Ok(found) if found == manifest.ledgers => None,
            Ok(_) => Some("its ledgers end elsewhere".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        damage.extend(why.map(|why| (format!("{DATA}/journal"), Wrong::Journal(why))));
    }
    let damage = damage.into_iter().map(|(file, what)| Damage { file, what });
    let damage = damage.collect();
    Ok((manifest, damage))
}

/// Makes the data folder `data` of a backup that is whole. `data` must not be there, or be empty; it is there whole or not at all.
pub fn restore(backup: &Path, data: &Path) -> Result<Manifest, BackupError> {
    let (manifest, damage) = verify(backup)?;
    if !damage.is_empty() {
        return Err(BackupError::Damaged(damage));
    }
    let mut draft = WholeFolder::at(data).map_err(at(data))?;
    if !draft.is_free().map_err(at(data))? {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    if draft.touches(backup) {
        return Err(BackupError::Within {
            data: data.to_owned(),
            backup: backup.to_owned(),
        });
    }
    draft.make().map_err(at(data))?;
    let restored = fill(draft.folder(), backup, &manifest);
    let restored = restored.and_then(|()| draft.put(|_| {}).map_err(at(data)));
    if let Err(error) = restored {
        draft.discard();
        return Err(error);
    }
    Ok(manifest)
}

/// Copies all that the manifest names into `folder`.
fn fill(folder: &Path, backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for (name, entry) in &manifest.files {
        let from = Source::path(&backup.join(DATA), name);
        let to = folder.join(name);
        if let Some(folder) = to.parent() {
            durable::make_private_folder(folder).map_err(at(folder))?;
        }
        if from.copy(&to).map_err(at(&to))? != *entry {
            let file = format!("{DATA}/{name}");
            let what = Wrong::Altered;
            return Err(BackupError::Damaged(vec![Damage { file, what }]));
        }
    }
    Ok(())
}
