//! The one place that reads the machine's clock and draws chance.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

/// A clock, to the microsecond.
#[derive(Debug)]
pub struct Clock {
    /// `None`: the machine's. Else microseconds since 1970 at `started`.
    simulated: Option<AtomicI64>,
    started: Instant,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self {
            simulated: None,
            started: Instant::now(),
        }
    }

    /// A clock that shows `instant` now and runs at the usual pace from there.
    pub fn simulated(instant: Timestamp) -> Self {
        Self {
            simulated: Some(AtomicI64::new(instant.as_microsecond())),
            started: Instant::now(),
        }
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        match &self.simulated {
            None => system_now(),
            Some(base) => {
                let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
                let shown = base.load(Ordering::Acquire).saturating_add(elapsed);
                Timestamp::from_microsecond(shown).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Makes a simulated clock show `instant`; the machine's clock cannot be set.
    pub fn set(&self, instant: Timestamp) {
        if let Some(base) = &self.simulated {
            let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
            base.store(
                instant.as_microsecond().saturating_sub(elapsed),
                Ordering::Release,
            );
        }
    }

    /// Whether it is simulated.
    pub fn is_simulated(&self) -> bool {
        self.simulated.is_some()
    }
}

/// The machine's time, to the microsecond.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that owns the clock"
)]
pub fn system_now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// A new id: UUID version 7 of the machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that draws ids"
)]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
