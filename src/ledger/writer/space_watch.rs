//! Whether the disks of the log have room for what is to be recorded. A disk that is full ends the writing, and takes a start to go on;
//! appends are refused before.

use std::time::{Duration, Instant};

/// How long what was found is believed: some tens of MiB are written meanwhile at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The disk of the log has less room than the settings ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{free} bytes are free on the disk, {min} are to stay free")]
pub struct StorageLow {
    /// What is free.
    pub free: u64,
    /// What is to stay free.
    pub min: u64,
}

/// Refuses less than `min` bytes; what cannot be told is enough.
pub(in crate::ledger) fn not_low(free: Option<u64>, min: u64) -> Result<(), StorageLow> {
    match free {
        Some(free) if free < min => Err(StorageLow { free, min }),
        _ => Ok(()),
    }
}

/// Of what is to stay free so much is still there for access logs: reads that have to be recorded go on.
const OF_ACCESS_LOGS: u64 = 4;

/// The room of the log, looked at from append to append.
#[derive(Debug)]
pub(super) struct SpaceWatch {
    min: u64,
    /// When it was looked, and what was free.
    looked: Option<(Instant, Option<u64>)>,
    /// People were told that it is low, and not yet that it is not any more.
    is_low: bool,
}

impl SpaceWatch {
    /// Has so many bytes stay free; 0: nothing is refused.
    pub(super) fn new(min: u64) -> Self {
        Self {
            min,
            looked: None,
            is_low: false,
        }
    }

    /// Judges what `free` tells, at `now`, for an append to a ledger or to its access log. People are told when it gets low, and
    /// when there is room again.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        is_access_log: bool,
        free: impl FnOnce() -> Option<u64>,
    ) -> Result<(), StorageLow> {
        if self.min == 0 {
            return Ok(());
        }
        let free = match self.looked {
            Some((then, free)) if now.saturating_duration_since(then) < LOOK_EVERY => free,
            _ => {
                let free = free();
                self.looked = Some((now, free));
                self.tell(free);
                free
            }
        };
        let min = match is_access_log {
            true => self.min / OF_ACCESS_LOGS,
            false => self.min,
        };
        not_low(free, min)
    }

    fn tell(&mut self, free: Option<u64>) {
        if let Err(low) = not_low(free, self.min) {
            if !self.is_low {
                tracing::error!(%low, "nothing is recorded until there is more room");
            }
            self.is_low = true;
        } else if self.is_low && free.is_some_and(|free| self.min + self.min / 8 <= free) {
            tracing::warn!("there is room again");
            self.is_low = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_looked_at_once_in_a_while_and_refused_only_while_it_is_low() {
        let begin = Instant::now();
        let low = StorageLow { free: 99, min: 100 };
        let mut watch = SpaceWatch::new(100);
        let looked_at = || panic!("looked at already");
        assert_eq!(watch.judge(begin, false, || Some(100)), Ok(()));
        assert_eq!(watch.judge(begin, false, looked_at), Ok(()));
        let mut now = begin + LOOK_EVERY;
        assert_eq!(watch.judge(now, false, || Some(99)), Err(low));
        assert_eq!(watch.judge(now, false, looked_at), Err(low));
        assert_eq!(
            watch.judge(now, true, looked_at),
            Ok(()),
            "who asks is recorded"
        );
        now += LOOK_EVERY;
        let low = StorageLow { free: 24, min: 25 };
        assert_eq!(watch.judge(now, true, || Some(24)), Err(low));
        now += LOOK_EVERY;
        assert_eq!(watch.judge(now, false, || None), Ok(()), "nobody can tell");
        let mut never = SpaceWatch::new(0);
        assert_eq!(never.judge(now, false, looked_at), Ok(()));
    }
}
