//! What several servers did in several rounds: medians with the least and the greatest, and ratios within each round.

use std::collections::BTreeMap;
use std::fmt;

use daicho::load::{Calls, Row};

/// The server whose ratio to the others is told.
pub(crate) const OURS: &str = "daicho";

/// The median of some values, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    /// Nothing for no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[middle],
            _ => f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, sorted[middle]),
        };
        Some(Self {
            median,
            least: *sorted.first()?,
            greatest: *sorted.last()?,
        })
    }
}

/// `median (least-greatest)`, with as many digits as the format says.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        let Self {
            median,
            least,
            greatest,
        } = self;
        write!(
            f,
            "{median:.digits$} ({least:.digits$}-{greatest:.digits$})"
        )
    }
}

/// A spread with so many digits, or a dash.
pub(crate) fn shown(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or("-".to_owned(), |spread| format!("{spread:.digits$}"))
}

/// Measurements that can be compared: the same work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    pub(crate) op: String,
    pub(crate) callers: usize,
    pub(crate) batch: Option<u64>,
}

impl Kind {
    pub(crate) fn new(op: &str, callers: usize, batch: Option<u64>) -> Self {
        Self {
            op: op.to_owned(),
            callers,
            batch,
        }
    }

    fn of(row: &Row) -> Self {
        Self::new(&row.op, row.callers, row.batch)
    }
}

/// What was measured, round by round.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    rows: Vec<(u32, Row)>,
}

impl Comparison {
    /// Keeps a row of a round.
    pub(crate) fn add(&mut self, round: u32, row: Row) {
        self.rows.push((round, row));
    }

    /// Calls that failed.
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().map(|(_, row)| row.errors).sum()
    }

    /// A figure of each round: of the last such row, where there are several.
    fn each(
        &self,
        kind: &Kind,
        target: &str,
        figure: impl Fn(&Row) -> Option<f64>,
    ) -> BTreeMap<u32, f64> {
        let same = |row: &Row| row.target == target && Kind::of(row) == *kind;
        let rows = self.rows.iter().filter(|(_, row)| same(row));
        rows.filter_map(|(round, row)| Some((*round, figure(row)?)))
            .collect()
    }

    /// Events a second, or calls where no events are counted.
    pub(crate) fn rate(&self, kind: &Kind, target: &str) -> Option<Spread> {
        Spread::of(self.each(kind, target, rate).into_values())
    }

    /// A figure of the calls.
    pub(crate) fn of_calls(
        &self,
        kind: &Kind,
        target: &str,
        figure: fn(&Calls) -> f64,
    ) -> Option<Spread> {
        let of_row = |row: &Row| row.calls.as_ref().map(figure);
        Spread::of(self.each(kind, target, of_row).into_values())
    }

    /// Our rate to another's, within each round in which both were measured.
    pub(crate) fn ratio(&self, kind: &Kind, to: &str) -> Option<Spread> {
        let theirs = self.each(kind, to, rate);
        let ours = self.each(kind, OURS, rate);
        let both = |(round, rate): (&u32, &f64)| Some(rate / theirs.get(round)?);
        Spread::of(ours.iter().filter_map(both))
    }

    /// The servers in the order of their first rows, ours before all.
    fn targets(&self) -> Vec<&str> {
        let mut targets = vec![OURS];
        for (_, row) in &self.rows {
            if !targets.contains(&row.target.as_str()) {
                targets.push(&row.target);
            }
        }
        targets
    }

    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for kind in self.rows.iter().map(|(_, row)| Kind::of(row)) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}

/// The table: a line for each kind of work, with the rates of all servers, our ratios to the others and our latencies.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = self.targets();
        let others = || targets.iter().skip(1);
        write!(f, "op\tcallers\tbatch")?;
        targets
            .iter()
            .try_for_each(|target| write!(f, "\t{target}/s"))?;
        others().try_for_each(|other| write!(f, "\t{OURS}:{other}"))?;
        writeln!(f, "\tp50_ms\tp99_ms\tp999_ms")?;
        for kind in self.kinds() {
            let batch = kind.batch.map_or("-".to_owned(), |batch| batch.to_string());
            write!(f, "{}\t{}\t{batch}", kind.op, kind.callers)?;
            for target in &targets {
                let rate = self.rate(&kind, target);
                let digits = if rate.is_some_and(|rate| rate.median < 10.0) {
                    2
                } else {
                    0
                };
                write!(f, "\t{}", shown(rate, digits))?;
            }
            for other in others() {
                write!(f, "\t{}", shown(self.ratio(&kind, other), 2))?;
            }
            let figures: [fn(&Calls) -> f64; 3] = [
                |calls| calls.p50_ms,
                |calls| calls.p99_ms,
                |calls| calls.p999_ms,
            ];
            for figure in figures {
                write!(f, "\t{}", shown(self.of_calls(&kind, OURS, figure), 2))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn rate(row: &Row) -> Option<f64> {
    row.events_per_s.or_else(|| Some(row.calls?.per_s))
}

/// A row as the drivers of other servers print it: target, op, writers, batch, events/s, calls/s, p50, p99, max (ms), errors.
/// Nothing for other lines. Reading everything back is what we call `read-events`.
pub(crate) fn row_of_peer(line: &str) -> Option<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [
        target,
        op,
        callers,
        batch,
        events,
        calls,
        p50,
        p99,
        max,
        errors,
    ] = columns[..]
    else {
        return None;
    };
    let number = |text: &str| text.parse::<f64>().ok();
    let calls = number(calls).and_then(|per_s| {
        Some(Calls {
            per_s,
            p50_ms: number(p50)?,
            p99_ms: number(p99)?,
            p999_ms: f64::NAN,
            max_ms: number(max)?,
        })
    });
    let is_append = op == "append";
    Some(Row {
        target: target.to_owned(),
        op: if op == "catch-up" { "read-events" } else { op }.to_owned(),
        callers: callers.parse().ok()?,
        batch: if is_append {
            Some(batch.parse().ok()?)
        } else {
            None
        },
        events_per_s: Some(number(events)?),
        calls,
        errors: errors.parse().ok()?,
    })
}
