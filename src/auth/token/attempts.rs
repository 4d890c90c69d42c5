//! How often tokens that do not count may come from one place: each costs a signature to be verified.
//!
//! Places are counted apart, so that whoever tries many keys costs only those who share his address, and of them only the
//! ones with a token that is new here.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::auth::network;

/// Tokens that did not count from one place in a second, after which no further is looked at in that second.
const FAILURES_MAX: u32 = 20;
/// Places that are remembered.
const PLACES_MAX: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");
/// How long a place is counted together.
const SECOND: Duration = Duration::from_secs(1);

/// Failures by place.
pub(super) struct Attempts(Mutex<LruCache<IpAddr, Failures>>);

struct Failures {
    began: Instant,
    count: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(PLACES_MAX)))
    }

    /// Whether another token from `remote` is looked at now.
    pub(super) fn may(&self, remote: IpAddr, now: Instant) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = places.get(&network(remote));
        failures.is_none_or(|failures| failures.count < FAILURES_MAX || failures.is_over(now))
    }

    /// Takes note of a token that did not count.
    pub(super) fn failed(&self, remote: IpAddr, now: Instant) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || Failures {
            began: now,
            count: 0,
        };
        let failures = places.get_or_insert_mut(network(remote), none);
        if failures.is_over(now) {
            *failures = none();
        }
        failures.count = failures.count.saturating_add(1);
    }
}

impl Failures {
    fn is_over(&self, now: Instant) -> bool {
        SECOND <= now.saturating_duration_since(self.began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_fails_often_waits_and_no_other_does() {
        let attempts = Attempts::new();
        let began = Instant::now();
        let at = |milliseconds| began + Duration::from_millis(milliseconds);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for milliseconds in 0..u64::from(FAILURES_MAX) {
            assert!(attempts.may(address("192.0.2.1"), at(milliseconds)));
            attempts.failed(address("192.0.2.1"), at(milliseconds));
        }
        assert!(!attempts.may(address("192.0.2.1"), at(999)));
        assert!(!attempts.may(address("::ffff:192.0.2.1"), at(999)));
        assert!(attempts.may(address("192.0.2.2"), at(999)));
        assert!(attempts.may(address("192.0.2.1"), at(1_000)));
        attempts.failed(address("192.0.2.1"), at(1_000));
        assert!(attempts.may(address("192.0.2.1"), at(1_001)));
    }
}
