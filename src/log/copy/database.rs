//! A handle of sled that no panic leaves and in which nobody waits for ever for a write that failed: sled panics where it should
//! report, when it is dropped too, and does not always tell those that wait.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::CopyFault;

/// How often and how long apart an open is tried again while an older handle is being given up. Its
/// threads let go of the file shortly after the handle is dropped.
const LOCK_TRIES: u32 = 400;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// What sled says when another handle has its file.
pub(super) const LOCKED: &str = "could not acquire lock";

/// How often it is looked whether a write failed.
const LOOK: Duration = Duration::from_secs(1);

/// An open database.
pub(super) struct Database {
    /// There until it is dropped.
    db: Option<sled::Db>,
    waker: Option<Waker>,
}

/// A thread that wakes whoever waits for a write that failed.
///
/// Where the last writer of a buffer hands it to sled's threads and these cannot write it, sled keeps the error and wakes nobody
/// (`Log::exit_reservation` of 0.34.7, unlike the other places): a flush, or a read of what is not written yet, would never return.
struct Waker {
    /// Dropped to end it.
    ending: Sender<()>,
    thread: JoinHandle<()>,
}

impl Waker {
    fn start(config: sled::Config, db: sled::Db) -> Result<Self, CopyFault> {
        let (ending, ended) = channel();
        let thread = thread::Builder::new().name("daicho-waker".to_owned());
        let thread = thread.spawn(move || Self::run(&config, &db, &ended));
        match thread {
            Ok(thread) => Ok(Self { ending, thread }),
            Err(error) => Err(CopyFault::Environment(error.to_string())),
        }
    }

    fn run(config: &sled::Config, db: &sled::Db, ended: &Receiver<()>) {
        while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if config.global_error().is_err() {
                // To wait for what can never be written fails at once, and wakes them all. Not by `flush`: that first takes a lock which
                // they may hold.
                let _ = guarded(|| Ok(db.context.pagecache.log.make_stable(i64::MAX)));
            }
        }
    }

    /// Ends it. Its handle is given up when this returns.
    fn end(self) {
        drop(self.ending);
        // It catches what sled panics with.
        let _ = self.thread.join();
    }
}

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
                Ok(opened) => {
                    let db = opened?;
                    return Ok(Self {
                        waker: Some(Waker::start(config.clone(), db.clone())?),
                        db: Some(db),
                    });
                }
                Err(fault) => return Err(fault),
            }
        }
    }
}

impl Deref for Database {
    type Target = sled::Db;

    fn deref(&self) -> &sled::Db {
        self.db.as_ref().expect("it is taken when it is dropped")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let last = self.db.take();
        // The last handle writes what is left, and panics where the disk does not take it: what it holds is in the journal too. It is
        // written before, while there is somebody to wake this thread.
        let closed = guarded(|| {
            if let Some(db) = &last {
                db.flush()?;
            }
            Ok(())
        });
        self.waker.take().into_iter().for_each(Waker::end);
        let closed = closed.and(guarded(|| {
            drop(last);
            Ok(())
        }));
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
