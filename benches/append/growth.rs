//! What everything costs as the ledger grows: appends, reads of a goal, changes, opening after a kill, memory and disk.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use daicho::load::{Load, Mix, Operation, Row, Target};

use crate::plot::{Line, Picture, draw};
use crate::server::Server;
use crate::{Outcome, SETTLE, target};

/// The sizes that are looked at, in events.
const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Goals of the plan: few enough that the smallest size holds it.
const GOALS: usize = 1_000;
/// What fills the ledger between two sizes: callers, and events of an append.
const FILL: (usize, usize) = (16, 100);
/// No ledger grows faster: so a load of the rest's length hardly overshoots.
const FILL_PER_S: f64 = 400_000.0;
/// What is measured: the operation, callers, events of an append.
const MEASURED: [(Operation, usize, usize); 5] = [
    (Operation::Append, 64, 1),
    (Operation::Append, 16, 100),
    (Operation::GetGoal, 1, 1),
    (Operation::AsOf, 1, 1),
    (Operation::ListChanges, 1, 1),
];
/// Where the files are written.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/figures");

/// A figure at a size.
struct Figure {
    events: u64,
    what: String,
    unit: &'static str,
    value: f64,
}

/// Fills a ledger up to each size that is not above `most`, and measures there.
pub(crate) async fn measure(folder: &Path, seconds: Duration, most: u64) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let data = scratch.path().join("daicho");
    let mut server = Server::daicho(&data)?;
    let mut ledger = target::with_goals(&server, GOALS).await?;
    let code = ledger.source().ledger().to_owned();
    let mut figures = Vec::new();
    println!("events\twhat\tunit\tvalue");
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        fill(&mut ledger, size).await?;
        server.rest();
        let events = ledger.size();
        let mut told = |what: &str, unit, value| {
            let what = what.to_owned();
            println!("{events}\t{what}\t{unit}\t{value:.3}");
            figures.push(Figure {
                events,
                what,
                unit,
                value,
            });
        };
        for (operation, callers, batch) in MEASURED {
            tokio::time::sleep(SETTLE).await;
            let load = Load {
                mix: Mix::only(operation),
                ..Load::of_appends(callers, batch, seconds)
            };
            for row in target::measure(&mut ledger, &load).await? {
                if 0 < row.errors {
                    return Err(format!("{row}: calls failed").into());
                }
                let what = named(&row);
                if let Some(per_s) = row.events_per_s {
                    told(&what, "events/s", per_s);
                }
                if let Some(calls) = row.calls {
                    told(&what, "p50_ms", calls.p50_ms);
                    told(&what, "p99_ms", calls.p99_ms);
                }
            }
        }
        let stored = ledger.size() as f64;
        told("resident", "MiB", server.resident_bytes() as f64 / MIB);
        told("disk", "bytes/event", server.disk_bytes() as f64 / stored);
        // In the middle of nothing it asks for, as a power button does it.
        server.kill()?;
        let begun = Instant::now();
        server = Server::daicho(&data)?;
        told("open after kill", "s", begun.elapsed().as_secs_f64());
        told(
            "resident after opening",
            "MiB",
            server.resident_bytes() as f64 / MIB,
        );
        ledger = target::resume(&server, &code).await?;
    }
    if figures.is_empty() {
        return Err(format!("DAICHO_BENCH_EVENTS is at least {}", SIZES[0]).into());
    }
    write(&figures)
}

const MIB: f64 = 1024.0 * 1024.0;

/// Appends until the ledger has so many events, hardly more.
pub(crate) async fn fill(ledger: &mut Target, size: u64) -> Outcome<()> {
    while ledger.size() < size {
        let rest = (size - ledger.size()) as f64 / FILL_PER_S;
        let load = Load {
            warm_up: Duration::ZERO,
            ..Load::of_appends(FILL.0, FILL.1, Duration::from_secs_f64(rest.max(1e-3)))
        };
        ledger.run(&load).await?;
    }
    Ok(())
}

fn named(row: &Row) -> String {
    let callers = row.callers;
    match row.batch {
        Some(batch) => format!("{} {callers} x {batch}", row.op),
        None => row.op.clone(),
    }
}

/// The figures as a table, and as a picture for each unit.
fn write(figures: &[Figure]) -> Outcome<()> {
    let folder = Path::new(FIGURES);
    std::fs::create_dir_all(folder)?;
    let mut table = "events\twhat\tunit\tvalue\n".to_owned();
    for Figure {
        events,
        what,
        unit,
        value,
    } in figures
    {
        writeln!(table, "{events}\t{what}\t{unit}\t{value:.3}")?;
    }
    std::fs::write(folder.join("growth.tsv"), table)?;
    for (file, title, unit) in [
        (
            "growth-throughput.svg",
            "Appends as the ledger grows",
            "events/s",
        ),
        (
            "growth-latency.svg",
            "99 % of calls as the ledger grows",
            "p99_ms",
        ),
        ("growth-open.svg", "Opening after a kill", "s"),
        (
            "growth-memory.svg",
            "Resident memory as the ledger grows",
            "MiB",
        ),
        ("growth-disk.svg", "Disk as the ledger grows", "bytes/event"),
    ] {
        let mut lines: Vec<Line<'_>> = Vec::new();
        for figure in figures.iter().filter(|figure| figure.unit == unit) {
            let point = (figure.events as f64, figure.value);
            match lines.iter_mut().find(|(what, _)| *what == figure.what) {
                Some((_, points)) => points.push(point),
                None => lines.push((&figure.what, vec![point])),
            }
        }
        let picture = Picture {
            title,
            x: "events",
            y: unit,
            logarithmic: true,
        };
        draw(&folder.join(file), picture, &lines)?;
    }
    println!("# written: {FIGURES}/growth.tsv and growth-*.svg");
    Ok(())
}
