//! What callers saw, added up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tonic::Status;

use super::row::Calls;
use super::{Load, Operation, Row};

/// Digits that a time keeps: a thousandth is less than two runs differ by.
const DIGITS: u8 = 3;
/// The longest time that is kept: a day, in microseconds.
const MICROS_MAX: u64 = 24 * 60 * 60 * 1_000_000;
/// How many tallies callers share; more callers share one.
const TALLIES_MAX: usize = 16;
/// What appends are called that were answered with ABORTED, as they had to be.
const CONFLICT: &str = "conflict";

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It was answered; how many events it appended or read.
    Answered(u64),
    /// It expected a revision that is long gone, and was answered so.
    Conflicted,
    /// It failed.
    Failed(Status),
    /// It was due and never sent.
    Unsent,
}

/// What is known of the calls of one kind.
#[derive(Debug)]
struct Kind {
    micros: Histogram<u64>,
    events: u64,
    errors: u64,
    /// Of the errors, those that were never sent: they have waited, and are no calls.
    unsent: u64,
}

impl Kind {
    fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).map_or(MICROS_MAX, |m| m.min(MICROS_MAX));
        // It grows with what it holds, and a day is no more than it can hold.
        let recorded = self.micros.record(micros);
        debug_assert_eq!(recorded, Ok(()));
    }
}

/// What some callers saw.
#[derive(Debug)]
pub(super) struct Tally {
    /// One for each of [`Operation::ALL`], and one for conflicts.
    kinds: Vec<Kind>,
    /// Events that were acknowledged, whenever.
    pub(super) acknowledged: u64,
    /// What the first call was answered with that failed.
    pub(super) first_error: Option<Status>,
}

impl Tally {
    pub(super) fn new() -> Self {
        let kind = |_| Kind {
            // Never refused: digits from 0 to 5 can be kept.
            micros: Histogram::new(DIGITS).unwrap_or_else(|_| unreachable!("three digits")),
            events: 0,
            errors: 0,
            unsent: 0,
        };
        Self {
            kinds: (0..=Operation::ALL.len()).map(kind).collect(),
            acknowledged: 0,
            first_error: None,
        }
    }

    /// Adds a call. What is not measured counts only where it failed or left something in the ledger.
    pub(super) fn add(
        &mut self,
        operation: Operation,
        ended: Ended,
        took: Duration,
        measured: bool,
    ) {
        let index = match ended {
            Ended::Conflicted => Operation::ALL.len(),
            _ => operation as usize,
        };
        let kind = &mut self.kinds[index];
        match ended {
            Ended::Answered(events) => {
                if operation.appends() {
                    self.acknowledged += events;
                }
                if measured {
                    kind.record(took);
                    kind.events += events;
                }
            }
            Ended::Conflicted if measured => kind.record(took),
            Ended::Conflicted => {}
            Ended::Failed(status) => {
                kind.errors += 1;
                self.first_error.get_or_insert(status);
            }
            Ended::Unsent => {
                kind.errors += 1;
                kind.unsent += 1;
                kind.record(took);
            }
        }
    }

    fn join(mut self, other: Self) -> Self {
        for (kind, more) in self.kinds.iter_mut().zip(other.kinds) {
            // Both keep as many digits and grow as they need.
            let joined = kind.micros.add(&more.micros);
            debug_assert_eq!(joined, Ok(()));
            kind.events += more.events;
            kind.errors += more.errors;
            kind.unsent += more.unsent;
        }
        Self {
            acknowledged: self.acknowledged + other.acknowledged,
            first_error: self.first_error.or(other.first_error),
            ..self
        }
    }

    /// Calls that were due and never sent.
    pub(super) fn unsent(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.unsent).sum()
    }

    /// A row for each operation that was called.
    pub(super) fn rows(&self, target: &str, load: &Load, elapsed: Duration) -> Vec<Row> {
        let names = Operation::ALL.iter().map(|operation| operation.name());
        let named = names.chain([CONFLICT]).zip(&self.kinds);
        let called = named.filter(|(_, kind)| !kind.micros.is_empty() || 0 < kind.errors);
        called
            .map(|(op, kind)| {
                let at = |share| kind.micros.value_at_quantile(share) as f64 / 1e3;
                let appends =
                    op == CONFLICT || Operation::named(op).is_some_and(Operation::appends);
                let seconds = elapsed.as_secs_f64();
                Row {
                    target: target.to_owned(),
                    op: op.to_owned(),
                    callers: load.callers,
                    batch: appends.then_some(load.batch as u64),
                    events_per_s: (0 < kind.events).then(|| kind.events as f64 / seconds),
                    calls: (!kind.micros.is_empty()).then(|| Calls {
                        per_s: (kind.micros.len() - kind.unsent) as f64 / seconds,
                        p50_ms: at(0.5),
                        p99_ms: at(0.99),
                        p999_ms: at(0.999),
                        max_ms: kind.micros.max() as f64 / 1e3,
                    }),
                    errors: kind.errors,
                }
            })
            .collect()
    }
}

/// Tallies that callers share by their numbers, so that none waits long for another.
#[derive(Debug)]
pub(super) struct Tallies(Vec<Mutex<Tally>>);

impl Tallies {
    pub(super) fn of(callers: usize) -> Self {
        let count = callers.clamp(1, TALLIES_MAX);
        Self((0..count).map(|_| Mutex::new(Tally::new())).collect())
    }

    pub(super) fn add(
        &self,
        caller: usize,
        operation: Operation,
        ended: Ended,
        took: Duration,
        measured: bool,
    ) {
        let tally = &self.0[caller % self.0.len()];
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(operation, ended, took, measured);
    }

    /// All of them as one, leaving none of it behind.
    pub(super) fn take(&self) -> Tally {
        let tallies = self.0.iter().map(|tally| {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *tally, Tally::new())
        });
        tallies.fold(Tally::new(), Tally::join)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: bool = true;

    fn rows(tallies: &Tallies) -> Vec<Row> {
        let load = Load::of_appends(2, 10, Duration::from_secs(4));
        tallies.take().rows("daicho", &load, Duration::from_secs(4))
    }

    #[test]
    fn percentiles_are_of_all_callers_together() {
        let tallies = Tallies::of(2);
        for number in 1..=1_000_u64 {
            let (caller, took) = (number as usize % 2, Duration::from_millis(number));
            tallies.add(
                caller,
                Operation::Append,
                Ended::Answered(10),
                took,
                MEASURED,
            );
        }
        let rows = rows(&tallies);
        let calls = rows[0].calls.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((calls.per_s, rows[0].events_per_s), (250.0, Some(2_500.0)));
        for (found, expected) in [
            (calls.p50_ms, 500.0),
            (calls.p99_ms, 990.0),
            (calls.p999_ms, 999.0),
            (calls.max_ms, 1_000.0),
        ] {
            // Kept to a thousandth.
            assert!((found - expected).abs() <= expected / 1e3, "{found}");
        }
    }

    #[test]
    fn what_comes_before_the_measurement_is_stored_and_not_timed() {
        let tallies = Tallies::of(1);
        let took = Duration::from_secs(9);
        tallies.add(0, Operation::Append, Ended::Answered(10), took, !MEASURED);
        tallies.add(0, Operation::GetGoal, Ended::Answered(0), took, !MEASURED);
        tallies.add(0, Operation::Append, Ended::Conflicted, took, !MEASURED);
        let tally = tallies.take();
        assert_eq!((tally.acknowledged, tally.unsent()), (10, 0));
        let load = Load::of_appends(1, 10, took);
        assert_eq!(tally.rows("daicho", &load, took), []);
        assert_eq!(tallies.take().acknowledged, 0, "taken once");
    }

    #[test]
    fn conflicts_are_counted_apart_and_failures_are_not_timed() {
        let tallies = Tallies::of(1);
        let took = Duration::from_millis(1);
        let failed = || Ended::Failed(Status::unavailable("gone"));
        tallies.add(0, Operation::Append, Ended::Answered(10), took, MEASURED);
        tallies.add(0, Operation::Append, Ended::Conflicted, took, MEASURED);
        tallies.add(0, Operation::Append, failed(), took, MEASURED);
        tallies.add(0, Operation::GetGoal, failed(), took, !MEASURED);
        let told: Vec<String> = rows(&tallies).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "daicho\tappend\t2\t10\t2\t0\t1.00\t1.00\t1.00\t1.0\t1",
                "daicho\tget-goal\t2\t-\t-\t-\t-\t-\t-\t-\t1",
                "daicho\tconflict\t2\t10\t-\t0\t1.00\t1.00\t1.00\t1.0\t0",
            ]
        );
    }

    #[test]
    fn a_call_that_was_never_sent_waited_as_long_as_it_did() {
        let tallies = Tallies::of(1);
        let took = Duration::from_secs(10);
        tallies.add(0, Operation::Append, Ended::Unsent, took, MEASURED);
        let tally = tallies.take();
        let row = &tally.rows("daicho", &Load::of_appends(1, 1, took), took)[0];
        assert_eq!((tally.unsent(), tally.acknowledged, row.errors), (1, 0, 1));
        let calls = row.calls.unwrap();
        assert_eq!(calls.per_s, 0.0, "it was no call");
        assert!(9_990.0 < calls.max_ms);
    }
}
