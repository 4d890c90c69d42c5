//! What is read, looked at or copied.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::backup::Entry;
use crate::durable;

/// What the name of a file ends with until it is whole.
pub(super) const COPYING: &str = "copying";
/// Read at once.
const PIECE: usize = 256 * 1024;

/// What is read.
pub(super) enum Source<'a> {
    Path(PathBuf),
    /// A file that is open, or its first bytes.
    Opened(&'a File, Option<u64>),
}

impl Source<'_> {
    pub(super) fn path(folder: &Path, name: &str) -> Self {
        Self::Path(folder.join(name))
    }

    pub(super) fn digest(&self) -> io::Result<Entry> {
        self.each_piece(|_| Ok(()))
    }

    /// Copies it, durably; whole or not at all.
    pub(super) fn copy(&self, to: &Path) -> io::Result<Entry> {
        let mut name = to.as_os_str().to_owned();
        name.push(".");
        name.push(COPYING);
        let draft = PathBuf::from(name);
        let mut file = File::create(&draft)?;
        let entry = self.each_piece(|piece| file.write_all(piece))?;
        file.sync_all()?;
        fs::rename(&draft, to)?;
        to.parent().map_or(Ok(()), durable::sync_folder)?;
        Ok(entry)
    }

    fn each_piece(&self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Entry> {
        let (mut file, length) = match self {
            Self::Path(path) => (File::open(path)?, None),
            Self::Opened(file, length) => (file.try_clone()?, *length),
        };
        file.seek(SeekFrom::Start(0))?;
        let mut left = file.take(length.unwrap_or(u64::MAX));
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut piece = vec![0; PIECE];
        loop {
            let read = left.read(&mut piece)?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            take(&piece[..read])?;
            bytes += read as u64;
        }
        if length.is_some_and(|length| bytes < length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let sha256 = hex::encode(hash.finalize());
        Ok(Entry { bytes, sha256 })
    }
}
