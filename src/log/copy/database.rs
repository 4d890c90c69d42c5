//! A handle of sled that no panic leaves: sled panics where it should report, when it is dropped too.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::CopyFault;

/// How often and how long apart an open is tried again while an older handle is being given up. Its
/// threads let go of the file shortly after the handle is dropped.
const LOCK_TRIES: u32 = 400;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// What sled says when another handle has its file.
pub(super) const LOCKED: &str = "could not acquire lock";

/// An open database.
pub(super) struct Database(Option<sled::Db>);

impl Database {
    /// Opens it, and waits for an older handle that is being given up.
    pub(super) fn open(config: &sled::Config) -> Result<Self, CopyFault> {
        let mut tries = 0;
        loop {
            match guarded(|| Ok(config.open())) {
                Ok(Err(sled::Error::Io(error)))
                    if tries < LOCK_TRIES && error.to_string().contains(LOCKED) =>
                {
                    tries += 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Ok(opened) => return Ok(Self(Some(opened?))),
                Err(fault) => return Err(fault),
            }
        }
    }
}

impl Deref for Database {
    type Target = sled::Db;

    fn deref(&self) -> &sled::Db {
        self.0.as_ref().expect("it is taken when it is dropped")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let last = self.0.take();
        // The last handle writes what is left, and panics where the disk does not take it: what it holds is in the journal too.
        let closed = guarded(|| {
            drop(last);
            Ok(())
        });
        if let Err(fault) = closed {
            tracing::warn!(%fault, "the read copy was not closed in order");
        }
    }
}

/// Runs `f`, which calls sled, and takes a panic in it for an error.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, CopyFault>) -> Result<T, CopyFault> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(CopyFault::Storage(format!("panicked: {message}")))
    })
}
