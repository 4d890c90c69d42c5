//! What is to be reached, and whether it is.

use std::fmt;

use super::comparison::{Comparison, Kind, OURS, Spread, shown};

/// A line of what is to be reached.
#[derive(Clone, Copy, Debug)]
struct Aim {
    work: &'static str,
    /// Op, callers and batch of the rows that show it.
    kind: (&'static str, usize, Option<u64>),
    to_reach: Bound,
}

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// So many times the rate of another server in the same round, at least.
    Times(&'static str, f64),
    /// So many a second, at least.
    PerSecond(f64),
    /// So many times the bytes of an event on the disk, at most.
    TimesEncoded(f64),
    /// Something that another part measures.
    Elsewhere(&'static str, &'static str),
}

/// How much of the disk an event takes, as a figure: bytes on the disk for one byte of it.
pub(crate) const DISK: &str = "disk-per-event";

const UMADB: &str = "umadb";
const FILE: &str = "file";

const fn times(
    work: &'static str,
    kind: (&'static str, usize, Option<u64>),
    other: &'static str,
    at_least: f64,
) -> Aim {
    Aim {
        work,
        kind,
        to_reach: Bound::Times(other, at_least),
    }
}

const fn elsewhere(work: &'static str, to_reach: &'static str, part: &'static str) -> Aim {
    Aim {
        work,
        kind: ("", 0, None),
        to_reach: Bound::Elsewhere(to_reach, part),
    }
}

const AIMS: [Aim; 19] = [
    times("unary append, 1 caller", ("append", 1, Some(1)), UMADB, 1.5),
    times(
        "unary append, 64 callers",
        ("append", 64, Some(1)),
        UMADB,
        1.5,
    ),
    times(
        "unary append, 64 callers",
        ("append", 64, Some(1)),
        FILE,
        0.85,
    ),
    times(
        "unary append, 256 callers",
        ("append", 256, Some(1)),
        UMADB,
        1.4,
    ),
    times(
        "unary append, 256 callers",
        ("append", 256, Some(1)),
        FILE,
        0.85,
    ),
    times(
        "batches of 100, 16 callers",
        ("append", 16, Some(100)),
        UMADB,
        1.1,
    ),
    times(
        "batches of 100, 64 callers",
        ("append", 64, Some(100)),
        UMADB,
        1.1,
    ),
    Aim {
        work: "catch-up read, decoded",
        kind: ("read-events", 1, None),
        to_reach: Bound::PerSecond(1.5e6),
    },
    Aim {
        work: "catch-up read, stored chunks",
        kind: ("read-leaves", 1, None),
        to_reach: Bound::PerSecond(2.3e6),
    },
    times("GetGoal, 64 callers", ("get-goal", 64, None), "echo", 0.7),
    Aim {
        work: "disk per event, of the encoded bytes",
        kind: (DISK, 1, None),
        to_reach: Bound::TimesEncoded(2.2),
    },
    Aim {
        work: "SubmitEvents, 4 streams",
        kind: ("submit", 4, Some(1)),
        to_reach: Bound::PerSecond(2e5),
    },
    elsewhere(
        "as-of read in 10M events",
        "p99 2 ms for 50 events, 20 ms for 1,000",
        "-- growth; --bench plan",
    ),
    elsewhere("EvaluatePlan, 62 goals", "20 ms", "--bench plan"),
    elsewhere("EvaluatePlan, 10,000 goals", "1 s", "--bench plan"),
    elsewhere(
        "open after kill -9, 1M / 10M events",
        "1 s / 3 s",
        "-- growth",
    ),
    elsewhere("rebuild of sled", "300000/s", "-- rebuild"),
    elsewhere("memory, 10M events", "512 MiB", "-- growth"),
    elsewhere("verify 1M events", "5 s", "-- proofs verify"),
];

/// The lines of the table, held against what was measured.
pub(crate) struct Reached<'a>(pub(crate) &'a Comparison);

impl fmt::Display for Reached<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "work\tfile\tumadb\tdaicho\tratio\tto reach\treached")?;
        AIMS.iter().try_for_each(|aim| self.line(f, aim))
    }
}

impl Reached<'_> {
    fn line(&self, f: &mut fmt::Formatter<'_>, aim: &Aim) -> fmt::Result {
        let (op, callers, batch) = aim.kind;
        let kind = Kind::new(op, callers, batch);
        let rate = |target| self.0.rate(&kind, target);
        let ours = rate(OURS);
        let (ratio, to_reach, reached) = match aim.to_reach {
            Bound::Times(other, at_least) => {
                let ratio = self.0.ratio(&kind, other);
                let to_reach = format!("{at_least} x {other}");
                (ratio, to_reach, judged(ratio, |median| at_least <= median))
            }
            Bound::PerSecond(at_least) => {
                let reached = judged(ours, |median| at_least <= median);
                (None, format!("{at_least}/s"), reached)
            }
            Bound::TimesEncoded(at_most) => {
                let reached = judged(ours, |median| median <= at_most);
                (None, format!("at most {at_most} x"), reached)
            }
            Bound::Elsewhere(to_reach, part) => (
                None,
                to_reach.to_owned(),
                format!("not measured here: {part}"),
            ),
        };
        let digits = usize::from(matches!(aim.to_reach, Bound::TimesEncoded(_)));
        writeln!(
            f,
            "{}\t{}\t{}\t{}\t{}\t{to_reach}\t{reached}",
            aim.work,
            shown(rate(FILE), digits),
            shown(rate(UMADB), digits),
            shown(ours, digits),
            shown(ratio, 2)
        )
    }
}

/// By the median; what was not measured is neither.
fn judged(spread: Option<Spread>, reached: impl Fn(f64) -> bool) -> String {
    match spread.map(|spread| reached(spread.median)) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not measured",
    }
    .to_owned()
}
