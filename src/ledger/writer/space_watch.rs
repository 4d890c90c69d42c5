//! Whether the disks of the log have room for what is to be recorded. A disk that is full ends the writing, and takes a start to go on;
//! appends are refused before.

use std::time::{Duration, Instant};

/// How long what was found is believed: less than a disk takes to write the least that is to stay free.
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

/// The room of the log, looked at from append to append.
#[derive(Debug)]
pub(super) struct SpaceWatch {
    min: u64,
    looked: Option<(Instant, Result<(), StorageLow>)>,
}

impl SpaceWatch {
    /// Has so many bytes stay free; 0: nothing is refused.
    pub(super) fn new(min: u64) -> Self {
        Self { min, looked: None }
    }

    /// Judges what `free` tells, at `now`. People are told when it gets low, and when it is enough again.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        free: impl FnOnce() -> Option<u64>,
    ) -> Result<(), StorageLow> {
        if self.min == 0 {
            return Ok(());
        }
        if let Some((then, found)) = self.looked
            && now.saturating_duration_since(then) < LOOK_EVERY
        {
            return found;
        }
        let found = not_low(free(), self.min);
        let was_low = self.looked.is_some_and(|(_, found)| found.is_err());
        match &found {
            Err(low) if !was_low => {
                tracing::error!(%low, "nothing is recorded until there is more room");
            }
            Ok(()) if was_low => tracing::warn!("there is room again: appends go on"),
            _ => {}
        }
        self.looked = Some((now, found));
        found
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
        assert_eq!(watch.judge(begin, || Some(100)), Ok(()));
        assert_eq!(watch.judge(begin, || panic!("looked at already")), Ok(()));
        let mut now = begin + LOOK_EVERY;
        assert_eq!(watch.judge(now, || Some(99)), Err(low));
        assert_eq!(watch.judge(now, || panic!("looked at already")), Err(low));
        now += LOOK_EVERY;
        assert_eq!(watch.judge(now, || None), Ok(()), "nobody can tell");
        let mut never = SpaceWatch::new(0);
        assert_eq!(never.judge(now, || panic!("nobody asks")), Ok(()));
    }
}
