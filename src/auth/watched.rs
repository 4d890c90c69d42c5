//! Small files that somebody replaces while the server runs.

use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// Whether a file is still the one that was read, as far as the file system says. `None`: it was not there.
pub(super) type Stamp = Option<(u64, Option<SystemTime>, u64)>;

/// What is known of files that were looked at: they are read again when they changed, and when they could not be read.
#[derive(Debug, Default)]
pub(super) struct Seen<S> {
    stamp: S,
    /// They could not be read; it was told.
    unread: bool,
}

impl<S: PartialEq> Seen<S> {
    /// Files that were read.
    pub(super) fn read(stamp: S) -> Self {
        Self {
            stamp,
            unread: false,
        }
    }

    /// Whether these are to be read.
    pub(super) fn is_new(&self, stamp: &S) -> bool {
        self.unread || self.stamp != *stamp
    }

    /// Remembers that they were read, whatever was in them; or could not be: `true` if that has to be told.
    pub(super) fn remember(&mut self, stamp: S, could_be_read: bool) -> bool {
        let is_told = self.unread && self.stamp == stamp;
        *self = Self {
            stamp,
            unread: !could_be_read,
        };
        !could_be_read && !is_told
    }
}

/// Whether a file may be read at the next attempt though it stays as it is.
pub(super) fn is_passing(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::FileTooLarge
}

/// What tells this file from the one that replaces it.
pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let id = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let id = 0;
    Some((metadata.len(), metadata.modified().ok(), id))
}

/// The bytes of a file of at most `bytes_max`.
pub(super) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes_max < bytes.len() as u64 {
        let problem = format!("is larger than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_read_again_and_told_once() {
        let (old, new): (Stamp, Stamp) = (Some((1, None, 1)), Some((2, None, 2)));
        let mut seen = Seen::read(old);
        assert!(!seen.is_new(&old));
        assert!(seen.is_new(&new));
        assert!(seen.remember(new, false), "told");
        assert!(seen.is_new(&new), "the same file is tried again");
        assert!(!seen.remember(new, false), "and not told again");
        assert!(seen.is_new(&new));
        assert!(!seen.remember(new, true));
        assert!(!seen.is_new(&new));
        // Another file that cannot be read is told of.
        assert!(seen.remember(old, false));
        assert!(seen.remember(new, false));
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, [0; 9]).unwrap();
        assert!(!is_passing(&read(&path, 8).unwrap_err()));
        assert!(is_passing(&read(folder.path(), 8).unwrap_err()));
        assert_eq!(read(&path, 9).unwrap().len(), 9);
    }
}
