//! The files of one ledger: taken in, looked at, handed out, erased.
//!
//! A file is moved to its place whole and durable, and is never written again but to be erased. Whatever changes what is
//! there comes one after the other.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::clock;
use crate::domain::trust::EvidenceErasure;
use crate::evidence::draft::{Draft, Whole};
use crate::evidence::{
    EvidenceFault, Expected, PIECE_BYTES_MAX, UNNAMED_FILES_MAX, blocking, named,
};
use crate::ledger::Reader;

/// How long a file is kept that no event names.
pub const UNNAMED_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The folder of files on their way in.
pub(super) const DRAFTS: &str = "drafts";

/// What is there under a digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found {
    /// No file.
    Nothing,
    /// The file.
    Matching {
        /// Its length.
        bytes: u64,
    },
    /// Something else.
    Altered {
        /// The digest that it has.
        found: [u8; 32],
        /// Its length.
        bytes: u64,
    },
}

/// The files of one ledger.
pub struct Shelf {
    reader: Arc<Reader>,
    folder: PathBuf,
    /// Files that no event named when they came or were last looked for. Held while anything is changed.
    unnamed: Mutex<HashSet<[u8; 32]>>,
}

impl Shelf {
    pub(super) fn new(reader: Arc<Reader>, folder: PathBuf) -> Self {
        Self {
            reader,
            folder,
            unnamed: Mutex::default(),
        }
    }

    /// The ledger.
    pub fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    /// When and why a file was erased, if it was.
    pub fn erasure(&self, sha256: &[u8; 32]) -> Option<Arc<EvidenceErasure>> {
        let directory = self.reader.view().directory;
        directory.evidence_erasure(sha256).cloned()
    }

    /// Begins to take a file in. What was erased does not come back.
    pub async fn draft(&self, expected: Expected) -> Result<Draft, EvidenceFault> {
        self.refuse_erased(&expected.sha256)?;
        let folder = self.folder.join(DRAFTS);
        let id = clock::new_id().to_string();
        Ok(blocking(move || Draft::new(&folder, &id, expected)).await?)
    }

    /// Puts a file that came whole in its place; false: it was there already. It is durable when this returns.
    pub async fn keep(&self, mut whole: Whole) -> Result<bool, EvidenceFault> {
        let sha256 = whole.sha256;
        let mut unnamed = self.unnamed.lock().await;
        self.refuse_erased(&sha256)?;
        match self.look(&sha256).await? {
            Found::Nothing => {}
            Found::Matching { .. } => {
                // Whoever put it again is about to name it: a sweep must not come first.
                let path = self.path(&sha256);
                blocking(move || touch(&path)).await?;
                return Ok(false);
            }
            Found::Altered { found, .. } => return Err(EvidenceFault::Altered { sha256, found }),
        }
        if UNNAMED_FILES_MAX <= unnamed.len() {
            let mut still: HashSet<[u8; 32]> = unnamed.clone();
            still.insert(sha256);
            let size = self.reader.head().size;
            named::strike(&self.reader, size, &mut still).await?;
            // One that an event names already is only put back.
            let is_new = still.remove(&sha256);
            *unnamed = still;
            if is_new && UNNAMED_FILES_MAX <= unnamed.len() {
                return Err(EvidenceFault::TooManyUnnamed);
            }
        }
        let path = self.path(&sha256);
        blocking(move || put(&mut whole, &path)).await?;
        unnamed.insert(sha256);
        Ok(true)
    }

    /// What is there under a digest. Reads all of it.
    pub async fn look(&self, sha256: &[u8; 32]) -> Result<Found, EvidenceFault> {
        let (folder, sha256) = (self.folder.clone(), *sha256);
        Ok(blocking(move || look(&folder, &sha256)).await?)
    }

    /// The length of the file under a digest, if there is one; its content is not read.
    pub async fn length(&self, sha256: &[u8; 32]) -> Result<Option<u64>, EvidenceFault> {
        let path = self.path(sha256);
        let length = blocking(move || match fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        Ok(length.await?)
    }

    /// Opens a file to be handed out. All of it is read before the first byte is: what was altered or erased is never
    /// handed out.
    pub async fn read(&self, sha256: &[u8; 32]) -> Result<Reading, EvidenceFault> {
        self.refuse_erased(sha256)?;
        let (path, sha256) = (self.path(sha256), *sha256);
        let reading = blocking(move || {
            let Some(mut file) = open(&path)? else {
                return Ok(Err(EvidenceFault::Unknown));
            };
            let (found, bytes) = digest(&mut file)?;
            if found != sha256 {
                return Ok(Err(EvidenceFault::Altered { sha256, found }));
            }
            file.rewind()?;
            Ok::<_, io::Error>(Ok(Reading {
                file,
                sha256,
                bytes,
                left: bytes,
                digest: Sha256::new(),
            }))
        });
        reading.await?
    }

    /// Every file that is there, by its name alone.
    pub async fn files(&self) -> Result<Vec<[u8; 32]>, EvidenceFault> {
        let folder = self.folder.clone();
        Ok(blocking(move || list(&folder)).await?)
    }

    /// Erases a file that an event says is erased: overwrites it, then removes it; false: it was not there.
    pub async fn erase(&self, sha256: &[u8; 32]) -> Result<bool, EvidenceFault> {
        let mut unnamed = self.unnamed.lock().await;
        let path = self.path(sha256);
        let erased = blocking(move || erase(&path)).await?;
        unnamed.remove(sha256);
        Ok(erased)
    }

    /// At start: removes what a crash left on its way in, and erases what events say is erased; how many of each. Takes all
    /// files for unnamed until they are [swept](Shelf::sweep) or too many.
    pub async fn settle(&self) -> Result<(usize, usize), EvidenceFault> {
        let drafts = self.folder.join(DRAFTS);
        let removed = blocking(move || clear(&drafts)).await?;
        let directory = self.reader.caught_up(None).await.directory;
        let erasures: Vec<[u8; 32]> = directory.evidence_erasures().map(|e| e.sha256).collect();
        let mut erased = 0;
        for sha256 in erasures {
            erased += usize::from(self.erase(&sha256).await?);
        }
        let files = self.files().await?;
        self.unnamed.lock().await.extend(files);
        Ok((removed, erased))
    }

    /// Removes files that no event names and that came, or came again, more than [`UNNAMED_KEPT`] before `now`; how many.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, EvidenceFault> {
        let mut unnamed = self.unnamed.lock().await;
        let mut candidates: HashSet<[u8; 32]> = self.files().await?.into_iter().collect();
        if candidates.is_empty() {
            return Ok(0);
        }
        let size = self.reader.caught_up(None).await.size;
        named::strike(&self.reader, size, &mut candidates).await?;
        let mut swept = 0;
        *unnamed = HashSet::new();
        for sha256 in candidates {
            let path = self.path(&sha256);
            match blocking(move || remove_if_before(&path, now - UNNAMED_KEPT)).await? {
                true => swept += 1,
                false => {
                    unnamed.insert(sha256);
                }
            }
        }
        Ok(swept)
    }

    fn refuse_erased(&self, sha256: &[u8; 32]) -> Result<(), EvidenceFault> {
        let directory = self.reader.view().directory;
        match directory.evidence_erasure(sha256).cloned() {
            None => Ok(()),
            Some(erasure) => Err(EvidenceFault::Erased {
                on: directory.date_of(erasure.recorded_at),
                erasure,
            }),
        }
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        path(&self.folder, sha256)
    }
}

/// Where the file of a digest is in the folder of a ledger's files.
pub(super) fn path(folder: &Path, sha256: &[u8; 32]) -> PathBuf {
    let name = hex::encode(sha256);
    folder.join(&name[..2]).join(name)
}

/// What is there under a digest in the folder of a ledger's files.
pub(super) fn look(folder: &Path, sha256: &[u8; 32]) -> io::Result<Found> {
    let Some(mut file) = open(&path(folder, sha256))? else {
        return Ok(Found::Nothing);
    };
    let (found, bytes) = digest(&mut file)?;
    Ok(match found == *sha256 {
        true => Found::Matching { bytes },
        false => Found::Altered { found, bytes },
    })
}

/// A file that is handed out.
#[derive(Debug)]
pub struct Reading {
    file: File,
    sha256: [u8; 32],
    bytes: u64,
    left: u64,
    digest: Sha256,
}

impl Reading {
    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next piece, and the rest; `None`: all of it was handed out. The last piece comes only if the whole was still
    /// what it should be.
    pub async fn next(mut self) -> Result<Option<(Bytes, Self)>, EvidenceFault> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = blocking(move || {
            let length = usize::try_from(self.left).unwrap_or(usize::MAX);
            let mut piece = vec![0; length.min(PIECE_BYTES_MAX)];
            self.file.read_exact(&mut piece)?;
            self.left -= piece.len() as u64;
            self.digest.update(&piece);
            if self.left == 0 {
                let found: [u8; 32] = self.digest.clone().finalize().into();
                if found != self.sha256 {
                    let sha256 = self.sha256;
                    return Ok(Err(EvidenceFault::Altered { sha256, found }));
                }
            }
            Ok::<_, io::Error>(Ok((Bytes::from(piece), self)))
        });
        Ok(Some(piece.await??))
    }
}

/// The file at `path`, if there is one. A link could lead out of the folder, a pipe could go on for ever.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => File::open(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn digest(file: &mut File) -> io::Result<([u8; 32], u64)> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES_MAX];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((digest.finalize().into(), bytes));
        }
        bytes += read as u64;
        digest.update(piece.get(..read).unwrap_or_default());
    }
}

/// Moves a durable file to its place, in which there is none.
pub(super) fn put(whole: &mut Whole, path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
        // The new folder is an entry of the one above, and that may be new too.
        for above in folder.ancestors().skip(1).take(3) {
            sync_folder(above)?;
        }
    }
    fs::rename(&whole.path, path)?;
    whole.path = PathBuf::new();
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn touch(path: &Path) -> io::Result<()> {
    let now = clock::system_now().into();
    File::options().append(true).open(path)?.set_modified(now)
}

fn erase(path: &Path) -> io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut left = file.metadata()?.len();
    let zeros = vec![0; PIECE_BYTES_MAX];
    while 0 < left {
        let length = usize::try_from(left).unwrap_or(usize::MAX);
        let piece = &zeros[..length.min(PIECE_BYTES_MAX)];
        file.write_all(piece)?;
        left -= piece.len() as u64;
    }
    file.sync_all()?;
    fs::remove_file(path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    Ok(true)
}

/// Removes every file of a folder; how many there were.
fn clear(folder: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in entries(folder)? {
        fs::remove_file(entry?.path())?;
        removed += 1;
    }
    Ok(removed)
}

fn remove_if_before(path: &Path, limit: Timestamp) -> io::Result<bool> {
    let modified = fs::symlink_metadata(path)?.modified()?;
    let is_old = Timestamp::try_from(modified).is_ok_and(|modified| modified < limit);
    if is_old {
        fs::remove_file(path)?;
    }
    Ok(is_old)
}

/// The files that have a digest for a name, in the order of their names.
fn list(folder: &Path) -> io::Result<Vec<[u8; 32]>> {
    let mut found = Vec::new();
    for part in entries(folder)? {
        let part = part?;
        if !part.file_type()?.is_dir() || part.file_name().len() != 2 {
            continue;
        }
        for file in entries(&part.path())? {
            let file = file?;
            let name = file.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            let mut sha256 = [0; 32];
            let is_digest = hex::decode_to_slice(name, &mut sha256).is_ok()
                && hex::encode(sha256) == name
                && part.file_name().to_str() == Some(&name[..2]);
            if is_digest && file.file_type()?.is_file() {
                found.push(sha256);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The entries of a folder; none where it is not there.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(entries.into_iter().flatten())
}
