//! A file on its way in: written beside the others, looked at and hashed as it comes, and gone if it does not come whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::evidence::media::Look;
use crate::evidence::{EvidenceFault, Expected, WRITE_BYTES, blocking};

/// What is wrong with a file that came whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Misfit {
    /// It has another digest than was said.
    Digest {
        /// The digest that it has.
        found: [u8; 32],
    },
    /// It has another length than was said.
    Size {
        /// How many bytes came; of a file that is longer, how many had come when it was.
        found: u64,
    },
    /// Its content is not of the media type that was said.
    Form,
}

/// A file on its way in. Dropped before it is [`Draft::finish`]ed and kept, nothing of it is left.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    file: File,
    expected: Expected,
    /// What is not written yet.
    waiting: Vec<u8>,
    bytes: u64,
    digest: Sha256,
    look: Look,
}

/// A file that came whole, is what was said of it, and is durable under a name of its own.
#[derive(Debug)]
pub struct Whole {
    /// Empty once it is in its place.
    pub(super) path: PathBuf,
    pub(super) sha256: [u8; 32],
}

impl Draft {
    /// A new file in `folder`, which is made where it is missing, named for `id`.
    pub(super) fn new(folder: &Path, id: &str, expected: Expected) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(id);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self {
            path,
            file,
            look: Look::new(expected.form),
            expected,
            waiting: Vec::new(),
            bytes: 0,
            digest: Sha256::new(),
        })
    }

    /// Takes the next bytes. More than was said is refused at once.
    pub async fn take(mut self, piece: &[u8]) -> Result<Result<Self, Misfit>, EvidenceFault> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.expected.bytes < self.bytes {
            return Ok(Err(Misfit::Size { found: self.bytes }));
        }
        self.waiting.extend_from_slice(piece);
        if self.waiting.len() < WRITE_BYTES {
            return Ok(Ok(self));
        }
        Ok(Ok(blocking(move || self.write().map(|()| self)).await?))
    }

    /// Makes it durable, if it is what was said; else tells everything that is wrong with it.
    pub async fn finish(self) -> Result<Result<Whole, Vec<Misfit>>, EvidenceFault> {
        Ok(blocking(move || self.complete()).await?)
    }

    fn write(&mut self) -> io::Result<()> {
        self.digest.update(&self.waiting);
        self.look.see(&self.waiting);
        self.file.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    fn complete(mut self) -> io::Result<Result<Whole, Vec<Misfit>>> {
        self.write()?;
        let found: [u8; 32] = std::mem::take(&mut self.digest).finalize().into();
        let mut misfits = Vec::new();
        if self.bytes != self.expected.bytes {
            misfits.push(Misfit::Size { found: self.bytes });
        }
        if found != self.expected.sha256 {
            misfits.push(Misfit::Digest { found });
        }
        if !self.look.fits() {
            misfits.push(Misfit::Form);
        }
        if !misfits.is_empty() {
            return Ok(Err(misfits));
        }
        self.file.sync_all()?;
        Ok(Ok(Whole {
            path: std::mem::take(&mut self.path),
            sha256: found,
        }))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

/// Removes a draft that is still there; what cannot be removed now goes at the next start.
fn discard(path: &Path) {
    if path.as_os_str().is_empty() {
        return;
    }
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file that did not come whole could not be removed");
    }
}
