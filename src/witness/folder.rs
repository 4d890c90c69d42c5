//! The folder of a witness: its key, and what it saw last of each log.
//!
//! ```text
//! witness.skey   PRIVATE+KEY+<name>+<key id>+<base64>, readable by its owner only
//! seen           what was cosigned last of each log, replaced as a whole
//! forks/         two checkpoints of one size that a log signed: evidence, never removed
//! lock           held while a process uses the folder
//! ```
//! `seen` is in the form of [`merkle::seen`](crate::merkle::seen). A folder that shows any damage is refused: a witness that
//! forgot what it saw could cosign a fork.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::durable::{self, Access, Lock};
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::seen::Seen;
use crate::merkle::{
    InvalidKey, KeyName, Note, SignatureType, SignedCheckpoint, Signer as _, SigningKey,
};
use crate::witness::LOGS_MAX;

/// Draws the seed of a new key.
pub type Seed = fn() -> [u8; 32];

/// The longest file of what was seen: each log with the longest note.
const SEEN_BYTES_MAX: u64 = (LOGS_MAX * (NOTE_BYTES_MAX + 64)) as u64;
/// The longest key file.
const KEY_BYTES_MAX: u64 = 4_096;

/// The folder of a witness, taken by this process.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    key: SigningKey,
    seen: Seen,
    /// Released when it is dropped.
    _lock: Lock,
}

/// The folder of a witness cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// Another process has it.
    #[error("another process uses the witness folder `{}`", .0.display())]
    InUse(PathBuf),
    /// There is no key yet, and no name to make one for.
    #[error("there is no key in `{}` yet, and it is not said whose it is to be", .0.display())]
    NoName(PathBuf),
    /// A file cannot be read or written.
    #[error("`{}` cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key cannot be read.
    #[error("`{}` does not hold the key of a witness", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: InvalidKey,
    },
    /// The key is of another name.
    #[error("`{}` holds a key of `{found}`, not of `{expected}`", path.display())]
    OtherName {
        /// Which file.
        path: PathBuf,
        /// Whose key it must be.
        expected: KeyName,
        /// Whose it is.
        found: KeyName,
    },
    /// Something was altered or is missing. The witness cosigns nothing from this folder.
    #[error("`{}` is damaged: {why}; put the whole folder back from a copy that is not older than the last cosignature, or begin anew with another key", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// It is seen of as many logs as a witness knows.
    #[error("more than {LOGS_MAX} logs")]
    TooManyLogs,
}

impl Folder {
    /// Takes the folder. Where there is no key yet, makes one of what `seed` draws, for `name`.
    pub fn take(root: &Path, name: Option<&KeyName>, seed: Seed) -> Result<Self, FolderFault> {
        let lock = lock(root)?;
        let (key_path, seen_path) = (root.join("witness.skey"), root.join("seen"));
        let (key, seen) = (
            read(&key_path, KEY_BYTES_MAX)?,
            read(&seen_path, SEEN_BYTES_MAX)?,
        );
        let damaged = |path: &Path, why: &str| FolderFault::Damaged {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let key = match (key, &seen) {
            (Some(_), None) => return Err(damaged(&seen_path, "the file is missing")),
            (None, Some(seen)) if *seen != Seen::default().to_string().into_bytes() => {
                return Err(damaged(&key_path, "the file is missing"));
            }
            (None, _) => {
                let name = name.ok_or_else(|| FolderFault::NoName(root.to_owned()))?;
                let seed = Zeroizing::new(seed());
                let key = SigningKey::from_seed(name.clone(), SignatureType::CosignatureV1, &seed);
                // First the memory, then the key: never a key that could have cosigned without a memory.
                write(
                    &seen_path,
                    Seen::default().to_string().as_bytes(),
                    Access::Shared,
                )?;
                let skey = Zeroizing::new(format!("{}\n", *key.to_skey()));
                write(&key_path, skey.as_bytes(), Access::Private)?;
                key
            }
            (Some(bytes), Some(_)) => {
                let bytes = Zeroizing::new(bytes);
                let skey = str::from_utf8(&bytes).unwrap_or_default();
                let key = SigningKey::from_skey(skey.trim_end());
                key.map_err(|source| FolderFault::Key {
                    path: key_path.clone(),
                    source,
                })?
            }
        };
        if key.key().signature_type() != SignatureType::CosignatureV1 {
            let found = key.key().signature_type().byte();
            let source = InvalidKey::Type { found };
            return Err(FolderFault::Key {
                path: key_path,
                source,
            });
        }
        if let Some(expected) = name.filter(|name| *name != key.key().name()) {
            let (expected, found) = (expected.clone(), key.key().name().clone());
            return Err(FolderFault::OtherName {
                path: key_path,
                expected,
                found,
            });
        }
        let seen = match seen {
            None => Seen::default(),
            Some(bytes) => Seen::parse(&bytes, key.key())
                .map_err(|why| damaged(&seen_path, &why.to_string()))?,
        };
        Ok(Self {
            root: root.to_owned(),
            key,
            seen,
            _lock: lock,
        })
    }

    /// The key of the witness.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// What was cosigned last of each log, by origin.
    pub fn all_seen(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.seen.all()
    }

    /// What was cosigned last of the log that is known as `origin`.
    pub fn seen(&self, origin: &str) -> Option<&SignedCheckpoint> {
        self.seen.of(origin)
    }

    /// Keeps a cosigned checkpoint as the last one of its log: durable when this returns.
    pub(super) fn see(&mut self, note: Note) -> Result<(), FolderFault> {
        let path = self.root.join("seen");
        let signed = SignedCheckpoint::try_from(note).map_err(|fault| FolderFault::Damaged {
            path: path.clone(),
            why: fault.to_string(),
        })?;
        let mut seen = self.seen.clone();
        seen.see(signed);
        if LOGS_MAX < seen.logs() {
            return Err(FolderFault::TooManyLogs);
        }
        write(&path, seen.to_string().as_bytes(), Access::Shared)?;
        self.seen = seen;
        Ok(())
    }

    /// Keeps two checkpoints of one size that a log signed: the first pair of each log. The refusal stands
    /// whether or not that succeeds.
    pub(super) fn keep_evidence(&self, seen: &SignedCheckpoint, other: &SignedCheckpoint) {
        let folder = self.root.join("forks");
        let log = hex::encode(seen.checkpoint().origin_digest().as_bytes());
        let first = folder.join(format!("{log}.seen.checkpoint"));
        if first.exists() {
            return;
        }
        let second = folder.join(format!("{log}.other.checkpoint"));
        let kept = durable::make_folder(&folder)
            .map_err(|source| FolderFault::File {
                path: folder.clone(),
                source,
            })
            .and_then(|()| write(&second, other.to_string().as_bytes(), Access::Shared))
            .and_then(|()| write(&first, seen.to_string().as_bytes(), Access::Shared));
        if let Err(error) = kept {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the evidence of a fork was not kept"
            );
        }
    }
}

fn lock(root: &Path) -> Result<Lock, FolderFault> {
    let path = root.join("lock");
    let opened = durable::make_folder(root).and_then(|()| {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).open(&path)
    });
    let fault = |source| FolderFault::File {
        path: path.clone(),
        source,
    };
    let file = opened.map_err(fault)?;
    match Lock::alone(file) {
        Ok(lock) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(FolderFault::InUse(root.to_owned())),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

/// The bytes of a file; `None`: there is none.
fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, FolderFault> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes));
    match read {
        Ok(read) if max < read as u64 => Err(FolderFault::Damaged {
            path: path.to_owned(),
            why: format!("more than {max} bytes"),
        }),
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FolderFault::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces a file: durable when this returns, and whole at every moment.
fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), FolderFault> {
    durable::replace(path, bytes, access).map_err(|source| FolderFault::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
