//! When calls are due that nothing holds up.

use std::time::Duration;

/// Instants at a rate, each computed from its number alone: no instant depends on when the one before was kept, so nothing adds
/// up over a long run.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    calls_per_s: f64,
}

impl Schedule {
    /// A schedule of so many calls a second: more than 0.
    pub fn new(calls_per_s: f64) -> Self {
        Self { calls_per_s }
    }

    /// When a call is due, after the start; the first is number 0, at the start.
    pub fn due(&self, number: u64) -> Duration {
        Duration::try_from_secs_f64(number as f64 / self.calls_per_s).unwrap_or(Duration::MAX)
    }

    /// How many calls are due before `after` the start.
    pub fn calls_before(&self, after: Duration) -> u64 {
        // A float holds what no load ever reaches: 2^53 calls.
        let near = (after.as_secs_f64() * self.calls_per_s).ceil() as u64;
        // Division and multiplication round differently: what counts is when a call is said to be due.
        let mut count = near.saturating_sub(1);
        while self.due(count) < after {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_do_not_drift() {
        let schedule = Schedule::new(3.0);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(3), Duration::from_secs(1));
        // A day at 3 calls a second: 3 thirds are a second still.
        assert_eq!(schedule.due(3 * 86_400), Duration::from_secs(86_400));
        let schedule = Schedule::new(30_000.0);
        let gap = schedule.due(30_000 * 86_400 + 1) - schedule.due(30_000 * 86_400);
        assert!(gap.abs_diff(Duration::from_nanos(33_333)) < Duration::from_micros(1));
    }

    #[test]
    fn as_many_calls_are_due_as_come_before() {
        let schedule = Schedule::new(10.0);
        let before = |millis| schedule.calls_before(Duration::from_millis(millis));
        // Numbers 0, 1, 2 at 0, 100 and 200 ms; what is due at an instant is not due before it.
        assert_eq!(
            (before(0), before(1), before(100), before(101), before(300)),
            (0, 1, 1, 2, 3)
        );
        for rate in [0.3, 7.0, 999.0, 14_248.5] {
            let schedule = Schedule::new(rate);
            for millis in [1, 17, 1_000, 86_400_000] {
                let until = Duration::from_millis(millis);
                let count = schedule.calls_before(until);
                assert!(until <= schedule.due(count), "{rate} {millis}");
                assert!(schedule.due(count - 1) < until, "{rate} {millis}");
            }
        }
    }
}
