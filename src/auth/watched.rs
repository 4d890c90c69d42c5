//! Small files that somebody replaces while the server runs.

use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// Whether a file is still the one that was read, as far as the file system says. `None`: it was not there.
pub(super) type Stamp = Option<(u64, Option<SystemTime>, u64)>;

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
