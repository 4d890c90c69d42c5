//! The scrub: reads every byte of both copies again and again, while the log works.
//!
//! ```text
//! settle            what is committed when a pass begins is durable in both copies; nothing newer is looked at
//! sealed segments   form, records, roots, SHA-256, what the next one repeats; then each event against sled's
//! trimmed ones      what is left of them; then the hashes of sled's events, up to the roots that it tells
//! the tail          the same up to where the pass began
//! sled              what is not the log, through sled; then its files as the disk holds them
//! ```
//! | found | done |
//! |---|---|
//! | a record of sled is bad or differs from the journal's, which its root proves | written anew from the journal, by the feeder |
//! | sled's file is damaged | told; sled cannot write there, so the next open reads all of it, and sets it aside if it must |
//! | a sealed segment is damaged, sled whole there | rebuilt beside it, read back, and put in its place |
//! | the tail is damaged | told; the writer has it open, so the next open rebuilds it |
//! | both, over one range, or sled where the journal was trimmed | told; it cannot be read, and all else goes on |
//!
//! A pass reads some MiB a second and waits while the writer has no pauses. Files are read from the disk as far as the system lets go of
//! what it remembers of them; what was written and not synced, it does not.

mod copy;
mod journal;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::log::embedded::shared::Shared;

/// What a pass reads in a second.
const BYTES_PER_SECOND: u64 = 4 * 1024 * 1024;

/// What is read between two rests.
const PIECE_BYTES: u64 = 256 * 1024;

/// How long it waits to look at the clock again, and after a pass that could not be ended.
const LOOK: Duration = Duration::from_secs(3_600);

/// Why a pass ended before its end.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The log is being closed, or takes no appends any more.
    Stopped,
    /// A file could not be opened, read or written, and the machine is to blame, not its bytes.
    Machine(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Machine(error)
    }
}

/// How fast a pass goes.
pub(crate) struct Pace {
    bytes_per_second: Option<u64>,
    rushed: u64,
    /// Bytes since the last rest.
    taken: u64,
    /// Bytes of the pass.
    all: u64,
}

impl Pace {
    /// As fast as it can, but for the writer.
    pub(crate) fn unbounded() -> Self {
        Self {
            bytes_per_second: None,
            rushed: 0,
            taken: 0,
            all: 0,
        }
    }

    fn slow() -> Self {
        Self {
            bytes_per_second: Some(BYTES_PER_SECOND),
            ..Self::unbounded()
        }
    }
}

/// One pass over both copies.
pub(crate) struct Pass<'a> {
    shared: &'a Shared,
    pace: Pace,
    /// The feeder was asked to write something anew.
    asked: bool,
    /// The first file that the machine does not let be used: what is behind it is read all the same.
    unused: Option<io::Error>,
}

impl<'a> Pass<'a> {
    /// Makes one. Tells the bytes read. What it finds is told and repaired on the way.
    pub(crate) fn run(shared: &'a Shared, pace: Pace) -> Result<u64, Broken> {
        let mut pass = Self {
            shared,
            pace,
            asked: false,
            unused: None,
        };
        let end = shared.state().committed;
        pass.settle()?;
        pass.check_journal(end)?;
        if pass.asked {
            pass.settle()?;
        }
        pass.check_beside_log()?;
        let checked = pass.check_files();
        pass.go_on(checked)?;
        match pass.unused {
            Some(error) => Err(Broken::Machine(error)),
            None => Ok(pass.pace.all),
        }
    }

    /// Goes on where the machine does not let something be used.
    fn go_on<T>(&mut self, outcome: Result<T, Broken>) -> Result<Option<T>, Broken> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(Broken::Machine(error)) => {
                self.unused.get_or_insert(error);
                Ok(None)
            }
            Err(stopped) => Err(stopped),
        }
    }

    /// Waits until sled holds durably what is committed now, and was mended where that was asked.
    fn settle(&self) -> Result<(), Broken> {
        self.shared.settle_copy().map_err(|_| Broken::Stopped)
    }

    /// Before some bytes are read. Waits as long as that takes.
    fn take(&mut self, bytes: u64) -> Result<(), Broken> {
        let pace = &mut self.pace;
        pace.taken += bytes;
        pace.all += bytes;
        if pace.taken < PIECE_BYTES {
            return Ok(());
        }
        let time = pace.bytes_per_second.map_or(Duration::ZERO, |each| {
            Duration::from_micros(pace.taken.saturating_mul(1_000_000) / each)
        });
        pace.taken = 0;
        match self.shared.room.rest(time, &mut pace.rushed) {
            true => Ok(()),
            false => Err(Broken::Stopped),
        }
    }
}

impl Shared {
    /// Makes one pass after the other until the log is stopped, each `every` after the one before.
    pub(crate) fn run_scrub(&self, every: Duration) {
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
        let mut rushed = 0;
        loop {
            let now = (self.config.now_us)();
            let last = match self.folder.scrubbed().filter(|last| *last <= now) {
                Some(last) => last,
                None => {
                    self.note_scrubbed(now);
                    now
                }
            };
            let left = last.saturating_add(every).saturating_sub(now);
            if let Some(left) = u64::try_from(left).ok().filter(|left| 0 < *left) {
                if !self
                    .room
                    .rest(LOOK.min(Duration::from_micros(left)), &mut rushed)
                {
                    return;
                }
                continue;
            }
            tracing::info!("both copies are read whole");
            let pass = catch_unwind(AssertUnwindSafe(|| Pass::run(self, Pace::slow())));
            let wait = match pass {
                Ok(Ok(bytes)) => {
                    tracing::info!(bytes, "both copies were read whole");
                    self.note_scrubbed((self.config.now_us)());
                    continue;
                }
                Ok(Err(Broken::Stopped)) => return,
                Ok(Err(Broken::Machine(error))) => {
                    tracing::warn!(%error, "both copies could not be read whole");
                    LOOK
                }
                Err(_) => {
                    tracing::error!("reading both copies whole panicked");
                    LOOK
                }
            };
            if !self.room.rest(wait, &mut rushed) {
                return;
            }
        }
    }

    fn note_scrubbed(&self, at_us: i64) {
        if let Err(error) = self.folder.write_scrubbed(at_us) {
            tracing::warn!(%error, "it could not be noted when both copies were read whole");
        }
    }
}
