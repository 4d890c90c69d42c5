//! Locks, by which processes agree who uses a folder.

use std::fs::{File, TryLockError};
use std::io;

/// A lock that this process holds on a file, until it is released or dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Locks `file` for its holder alone, at once or not at all.
    pub fn alone(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }

    /// Locks `file` together with whoever else locks it so, at once or not at all.
    pub fn shared(file: File) -> Result<Self, TryLockError> {
        file.try_lock_shared()?;
        Ok(Self(file))
    }

    /// Gives it up.
    pub fn release(&self) -> io::Result<()> {
        self.0.unlock()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread is just starting has a copy of it for a moment, and
        // the lock with it. Where this fails it is closed all the same.
        let _ = self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_is_free_though_a_copy_of_its_file_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        File::create(&path).unwrap();
        let file = || File::open(&path).unwrap();
        let is_taken = |taken| matches!(taken, Err(TryLockError::WouldBlock));
        for take in [Lock::alone, Lock::shared] {
            let lock = take(file()).unwrap();
            // As a program has one that is just being started.
            let copy = lock.0.try_clone().unwrap();
            assert!(is_taken(Lock::alone(file())));
            drop(lock);
            let again = Lock::alone(file()).unwrap();
            // Nor does the copy free what is another's by now.
            drop(copy);
            assert!(is_taken(Lock::shared(file())));
            drop(again);
        }
    }

    #[test]
    fn those_who_share_a_lock_keep_out_who_wants_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        File::create(&path).unwrap();
        let file = || File::open(&path).unwrap();
        let (one, other) = (Lock::shared(file()).unwrap(), Lock::shared(file()).unwrap());
        one.release().unwrap();
        assert!(Lock::alone(file()).is_err());
        drop(other);
        assert!(Lock::alone(file()).is_ok());
    }
}
