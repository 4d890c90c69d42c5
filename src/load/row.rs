//! One line of figures.

use std::fmt;
use std::time::Duration;

/// The names of the columns, as [`Row`] prints them.
pub const HEADER: &str = "target\top\tcallers\tbatch\tevents_per_s\tcalls_per_s\tp50_ms\tp99_ms\tp999_ms\tmax_ms\terrors";

/// One measurement; it prints as tab-separated columns ([`HEADER`]), a dash where there is no figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which server.
    pub target: String,
    /// What was done.
    pub op: String,
    /// How many at once.
    pub callers: usize,
    /// Events of one append.
    pub batch: Option<u64>,
    /// Events that were appended or read in a second; none for what is about no events.
    pub events_per_s: Option<f64>,
    /// Of calls that have a time of their own: none for one that reads everything.
    pub calls: Option<Calls>,
    /// Calls that failed.
    pub errors: u64,
}

/// How many calls, and how long they took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calls {
    /// Calls in a second.
    pub per_s: f64,
    /// Half took no longer, in milliseconds.
    pub p50_ms: f64,
    /// 99 % took no longer.
    pub p99_ms: f64,
    /// 99.9 % took no longer; not a number where a driver does not tell.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Row {
    /// One reader that read `count` events one after the other.
    pub fn of_read(target: &str, op: &str, count: u64, elapsed: Duration) -> Self {
        Self {
            target: target.to_owned(),
            op: op.to_owned(),
            callers: 1,
            batch: None,
            events_per_s: Some(count as f64 / elapsed.as_secs_f64()),
            calls: None,
            errors: 0,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<f64>, digits: usize| match value {
            Some(value) if !value.is_nan() => format!("{value:.digits$}"),
            _ => "-".to_owned(),
        };
        let batch = self.batch.map_or("-".to_owned(), |batch| batch.to_string());
        write!(
            f,
            "{}\t{}\t{}\t{batch}\t{}",
            self.target,
            self.op,
            self.callers,
            shown(self.events_per_s, 0)
        )?;
        let of_calls = |figure: fn(&Calls) -> f64| self.calls.as_ref().map(figure);
        for (figure, digits) in [
            (of_calls(|calls| calls.per_s), 0),
            (of_calls(|calls| calls.p50_ms), 2),
            (of_calls(|calls| calls.p99_ms), 2),
            (of_calls(|calls| calls.p999_ms), 2),
            (of_calls(|calls| calls.max_ms), 1),
        ] {
            write!(f, "\t{}", shown(figure, digits))?;
        }
        write!(f, "\t{}", self.errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_columns_of_the_header() {
        let row = Row {
            target: "daicho".to_owned(),
            op: "append".to_owned(),
            callers: 64,
            batch: Some(1),
            events_per_s: Some(14_248.4),
            calls: Some(Calls {
                per_s: 14_248.4,
                p50_ms: 4.204,
                p99_ms: 9.25,
                p999_ms: 12.0,
                max_ms: 31.26,
            }),
            errors: 0,
        };
        let read = Row::of_read("daicho", "read-events", 3_000, Duration::from_secs(2));
        assert_eq!(
            row.to_string(),
            "daicho\tappend\t64\t1\t14248\t14248\t4.20\t9.25\t12.00\t31.3\t0"
        );
        assert_eq!(
            read.to_string(),
            "daicho\tread-events\t1\t-\t1500\t-\t-\t-\t-\t-\t0"
        );
        for row in [row, read] {
            let columns = |text: &str| text.split('\t').count();
            assert_eq!(columns(&row.to_string()), columns(HEADER));
        }
    }
}
