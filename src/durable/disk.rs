//! What stands between a file and the disk that it is on.

use std::fs::File;
use std::io;

/// Whether an error says that the disk does not give back what was written, or did not take it.
pub fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    let is_io = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    is_io || matches!(error.kind(), InvalidData | UnexpectedEof)
}

/// Has the system forget what it remembers of some bytes of a file, so that they come from the disk.
pub fn forget(file: &File, from: u64, len: u64) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::fs::fadvise(
        file,
        from,
        std::num::NonZeroU64::new(len),
        rustix::fs::Advice::DontNeed,
    ) {
        tracing::debug!(%error, "a file is read from memory");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, len);
}
