//! The one place that reads the machine's clock and draws chance.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

/// A clock, to the microsecond.
#[derive(Debug)]
pub struct Clock {
    /// `None`: the machine's.
    simulated: Option<Mutex<Simulated>>,
}

/// What a simulated clock shows.
#[derive(Clone, Copy, Debug)]
struct Simulated {
    /// What it showed when it was last set.
    shown: Timestamp,
    /// When it was set, if it runs from there; `None`: it stands still.
    running_since: Option<Instant>,
}

impl Simulated {
    fn now(self) -> Timestamp {
        let Some(since) = self.running_since else {
            return self.shown;
        };
        let elapsed = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let shown = self.shown.as_microsecond().saturating_add(elapsed);
        Timestamp::from_microsecond(shown).unwrap_or(Timestamp::MAX)
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { simulated: None }
    }

    /// A clock that shows `instant` now and runs at the usual pace from there.
    pub fn simulated(instant: Timestamp) -> Self {
        Self {
            simulated: Some(Mutex::new(Simulated {
                shown: instant,
                running_since: Some(Instant::now()),
            })),
        }
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        match &self.simulated {
            None => system_now(),
            Some(simulated) => simulated
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .now(),
        }
    }

    /// Makes a simulated clock show `instant` and stand still; the machine's clock cannot be set.
    pub fn stop_at(&self, instant: Timestamp) {
        self.set(|_| Simulated {
            shown: instant,
            running_since: None,
        });
    }

    /// Makes a simulated clock that stands still run from what it shows.
    pub fn run(&self) {
        self.set(|simulated| Simulated {
            shown: simulated.now(),
            running_since: Some(Instant::now()),
        });
    }

    /// Whether it is simulated.
    pub fn is_simulated(&self) -> bool {
        self.simulated.is_some()
    }

    fn set(&self, change: impl FnOnce(Simulated) -> Simulated) {
        if let Some(simulated) = &self.simulated {
            let mut simulated = simulated.lock().unwrap_or_else(PoisonError::into_inner);
            *simulated = change(*simulated);
        }
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

/// How long the machine has run since it was started, asleep or not: no one sets it.
#[cfg(target_os = "linux")]
pub fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long this process has run, which no one sets.
#[cfg(not(target_os = "linux"))]
pub fn since_boot() -> Duration {
    static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(Instant::now).elapsed()
}

/// A new id: UUID version 7 of the machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that draws ids"
)]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Random bytes from the system's generator, for salts, keys and nonces.
pub fn random_bytes<const N: usize>() -> [u8; N]
where
    rand::distr::StandardUniform: rand::distr::Distribution<[u8; N]>,
{
    rand::random()
}

/// A new id that tells nothing, not even when it was made: UUID version 4.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that draws ids"
)]
pub fn new_random_id() -> Uuid {
    Uuid::new_v4()
}
