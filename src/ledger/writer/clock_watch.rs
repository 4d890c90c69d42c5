//! Whether what the machine's clock shows can be recorded. What is recorded once is recorded for ever: an event of 2106 would keep every
//! later one behind it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far the clock may go on beyond the time that the machine has run since the last append: it may have been held for long.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
/// How far it has to be behind for that to be told: clocks are set by less all the time.
const TOLD_FROM: SignedDuration = SignedDuration::from_secs(1);
/// 2026-01-01T00:00:00Z, when none of this existed.
const EARLIEST_S: i64 = 1_767_225_600;

/// Why the clock is not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClockUntrusted {
    /// It shows a time before this program was written.
    #[error("the clock shows {now}, before there was any ledger")]
    BeforeAll {
        /// What it shows.
        now: Timestamp,
    },
    /// It is behind what was recorded, by more than the settings allow.
    #[error("the clock shows {now}, and an event was recorded at {newest}")]
    Behind {
        /// What it shows.
        now: Timestamp,
        /// When the newest event of the ledger was recorded.
        newest: Timestamp,
    },
    /// It went on by much more than the time that passed.
    #[error("the clock shows {now}; {ran:?} ago it showed {before}")]
    Ahead {
        /// What it shows.
        now: Timestamp,
        /// What it showed at the last append.
        before: Timestamp,
        /// How long the machine has run since.
        ran: Duration,
    },
}

/// The clock, looked at from append to append.
#[derive(Debug)]
pub(super) struct ClockWatch {
    behind_max: Duration,
    /// What it showed when it was last believed, and how long the machine had run.
    believed: Option<(Timestamp, Duration)>,
}

impl ClockWatch {
    /// Lets the clock be behind the newest event by so much at most: the times of record then go on by a microsecond each.
    pub(super) fn new(behind_max: Duration) -> Self {
        Self {
            behind_max,
            believed: None,
        }
    }

    /// Judges `now`, `running` after the machine was started, for a ledger whose newest event was recorded at `newest`. Whether it is
    /// believed but behind, so that people should be told.
    pub(super) fn judge(
        &mut self,
        newest: Timestamp,
        now: Timestamp,
        running: Duration,
    ) -> Result<bool, ClockUntrusted> {
        not_behind(self.behind_max, newest, now)?;
        if let Some((before, had_run)) = self.believed {
            let ran = running.saturating_sub(had_run);
            let passed = SignedDuration::try_from(ran).unwrap_or(SignedDuration::MAX);
            if AHEAD_MAX.saturating_add(passed) < now.duration_since(before) {
                return Err(ClockUntrusted::Ahead { now, before, ran });
            }
        }
        self.believed = Some((now, running));
        Ok(TOLD_FROM <= newest.duration_since(now))
    }
}

/// Refuses a time that is behind `newest` by more than `behind_max`, or behind all ledgers.
pub(in crate::ledger) fn not_behind(
    behind_max: Duration,
    newest: Timestamp,
    now: Timestamp,
) -> Result<(), ClockUntrusted> {
    not_before_all(now)?;
    let max = SignedDuration::try_from(behind_max).unwrap_or(SignedDuration::MAX);
    match max < newest.duration_since(now) {
        true => Err(ClockUntrusted::Behind { now, newest }),
        false => Ok(()),
    }
}

/// Refuses a time at which there cannot be a ledger.
pub(in crate::ledger) fn not_before_all(now: Timestamp) -> Result<(), ClockUntrusted> {
    match now.as_second() < EARLIEST_S {
        true => Err(ClockUntrusted::BeforeAll { now }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_is_behind_is_believed_as_far_as_allowed() {
        let newest = at("2026-11-27T09:00:00Z");
        let mut watch = ClockWatch::new(5 * MINUTE);
        for (now, believed) in [
            ("2026-11-27T08:55:00Z", true),
            ("2026-11-27T08:54:59.999999Z", false),
            ("2026-11-27T08:58:00Z", true),
            ("2026-11-26T09:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
        ] {
            let judged = watch.judge(newest, at(now), MINUTE);
            assert_eq!(judged.is_ok(), believed, "{now}: {judged:?}");
        }
    }

    #[test]
    fn a_clock_before_all_ledgers_is_not_believed_however_much_is_allowed() {
        let mut watch = ClockWatch::new(Duration::MAX);
        let now = at("1970-01-01T00:00:00Z");
        let judged = watch.judge(now, now, MINUTE);
        assert_eq!(judged, Err(ClockUntrusted::BeforeAll { now }));
    }

    #[test]
    fn a_clock_that_leaps_is_not_believed_until_it_is_back() {
        let newest = at("2026-11-27T09:00:00Z");
        let mut watch = ClockWatch::new(5 * MINUTE);
        for (now, minutes, believed) in [
            ("2026-11-27T09:00:00Z", 10, true),
            // A machine that was held for some weeks.
            ("2026-12-28T09:00:00Z", 10, true),
            ("2106-02-07T06:28:16Z", 11, false),
            ("2106-02-07T06:28:16Z", 12, false),
            ("2026-12-28T09:03:00Z", 13, true),
            // A year passes without an append.
            ("2027-12-28T09:03:00Z", 13 + 365 * 24 * 60, true),
        ] {
            let judged = watch.judge(newest, at(now), minutes * MINUTE);
            assert_eq!(judged.is_ok(), believed, "{now}: {judged:?}");
        }
    }

    #[test]
    fn no_time_is_too_far_away_to_be_judged() {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            for newest in [Timestamp::MIN, Timestamp::MAX] {
                for running in [Duration::ZERO, Duration::MAX] {
                    let mut watch = ClockWatch::new(Duration::MAX);
                    let _ = watch.judge(newest, now, running);
                    let _ = watch.judge(now, newest, running);
                }
            }
        }
    }
}
