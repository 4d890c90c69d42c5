//! The figures: every row as it is measured, then medians and ratios over the rounds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::load::Load;

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    target: &'static str,
    op: &'static str,
    callers: usize,
    batch: u64,
    events_per_s: f64,
    /// Calls a second; latencies in milliseconds: median, 99 %, 99.9 %, greatest. A read is one call.
    calls: Option<(f64, [f64; 4])>,
    errors: u64,
}

impl Row {
    /// Appends under `load`: the time of each call in microseconds.
    pub(crate) fn of_appends(
        target: &'static str,
        load: Load,
        elapsed: Duration,
        mut micros: Vec<u32>,
        errors: u64,
    ) -> Self {
        micros.sort_unstable();
        let at = |share: f64| match micros.len() {
            0 => f64::NAN,
            count => f64::from(micros[((count - 1) as f64 * share) as usize]) / 1e3,
        };
        let calls = micros.len() as f64 / elapsed.as_secs_f64();
        Self {
            target,
            op: "append",
            callers: load.callers,
            batch: load.batch as u64,
            events_per_s: calls * load.batch as f64,
            calls: Some((calls, [at(0.5), at(0.99), at(0.999), at(1.0)])),
            errors,
        }
    }

    /// Events a second.
    pub(crate) fn events_per_s(&self) -> f64 {
        self.events_per_s
    }

    /// One reader that read `count` events.
    pub(crate) fn of_read(
        target: &'static str,
        op: &'static str,
        count: u64,
        elapsed: Duration,
    ) -> Self {
        let events_per_s = count as f64 / elapsed.as_secs_f64();
        Self {
            target,
            op,
            callers: 1,
            batch: count,
            events_per_s,
            calls: None,
            errors: 0,
        }
    }

    fn print(&self) {
        let Self {
            target,
            op,
            callers,
            batch,
            events_per_s,
            errors,
            ..
        } = self;
        let calls = match self.calls {
            None => "-\t-\t-\t-\t-".to_owned(),
            Some((calls, [p50, p99, p999, max])) => {
                format!("{calls:.0}\t{p50:.2}\t{p99:.2}\t{p999:.2}\t{max:.1}")
            }
        };
        println!("{target}\t{op}\t{callers}\t{batch}\t{events_per_s:.0}\t{calls}\t{errors}");
    }
}

/// What was measured so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(u32, Row)>,
}

impl Report {
    /// Prints a row of a round and keeps it.
    pub(crate) fn add(&mut self, round: u32, row: Row) {
        row.print();
        self.rows.push((round, row));
    }

    /// Calls that failed.
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().map(|(_, row)| row.errors).sum()
    }

    /// Medians over the rounds, least and greatest beside them; ratios are taken within each round.
    pub(crate) fn print_ratios(&self) {
        println!(
            "# medians of the rounds (least-greatest), events/s; the ratio is Daicho to the plain file in one round"
        );
        println!("op\tcallers\tbatch\tdaicho\tfile\tratio");
        let mut kinds: Vec<(&str, usize, u64)> = Vec::new();
        for (_, row) in &self.rows {
            let batch = if row.calls.is_some() { row.batch } else { 0 };
            if !kinds.contains(&(row.op, row.callers, batch)) {
                kinds.push((row.op, row.callers, batch));
            }
        }
        for (op, callers, batch) in kinds {
            let of = |target: &str| -> BTreeMap<u32, f64> {
                let same = |row: &Row| {
                    row.target == target
                        && (row.op, row.callers) == (op, callers)
                        && (row.calls.is_none() || row.batch == batch)
                };
                let rows = self.rows.iter().filter(|(_, row)| same(row));
                rows.map(|(round, row)| (*round, row.events_per_s))
                    .collect()
            };
            let (daicho, file) = (of("daicho"), of("file"));
            let ratios = daicho
                .iter()
                .filter_map(|(round, rate)| Some(rate / file.get(round)?));
            let shown = if batch == 0 {
                "-".to_owned()
            } else {
                batch.to_string()
            };
            println!(
                "{op}\t{callers}\t{shown}\t{}\t{}\t{}",
                spread(daicho.values().copied(), 0),
                spread(file.values().copied(), 0),
                spread(ratios, 2)
            );
        }
    }
}

/// `median (least-greatest)`, or a dash for nothing.
fn spread(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (sorted.first(), sorted.last()) else {
        return "-".to_owned();
    };
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    format!("{median:.digits$} ({least:.digits$}-{greatest:.digits$})")
}

/// What the figures depend on.
pub(crate) fn print_machine(folder: &Path, seconds: Duration, rounds: u32) {
    let first_line = |path: &str, prefix: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(prefix))
            .unwrap_or("unknown")
            .to_owned();
        line.rsplit_once(": ")
            .map_or(line.clone(), |(_, value)| value.to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "# daicho {}, {cores} cores, {}",
        env!("CARGO_PKG_VERSION"),
        first_line("/proc/cpuinfo", "model name")
    );
    println!("# {}", first_line("/proc/version", "Linux"));
    println!(
        "# {} s a measurement, {rounds} rounds, data in {}",
        seconds.as_secs_f64(),
        folder.display()
    );
}

/// Names the columns.
pub(crate) fn print_header() {
    println!(
        "target\top\tcallers\tbatch\tevents_per_s\tcalls_per_s\tp50_ms\tp99_ms\tp999_ms\tmax_ms\terrors"
    );
}
