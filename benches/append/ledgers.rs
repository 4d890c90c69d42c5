//! Many ledgers in one server: what opening one more costs, appends to all of them, memory, and starting again.

use std::path::Path;
use std::time::{Duration, Instant};

use daicho::load::{Load, Opening, Operation, Target};
use tokio::task::JoinSet;

use crate::server::Server;
use crate::target::{self, PAYLOAD};
use crate::{Outcome, SETTLE};

/// Ledgers whose callers send at once.
const AT_ONCE: usize = 64;
const MIB: u64 = 1024 * 1024;

/// Opens `count` ledgers, appends to all of them for `seconds`, and starts the server again.
pub(crate) async fn measure(folder: &Path, seconds: Duration, count: usize) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let data = scratch.path().join("daicho");
    let mut server = Server::daicho(&data)?;
    println!(
        "# {count} ledgers; before: {} MiB resident",
        server.resident_bytes() / MIB
    );
    let wires = target::wires(&server)?;
    let (mut ledgers, mut took) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let begun = Instant::now();
    for _ in 0..count {
        let opening = Opening::unique(1, PAYLOAD);
        let opened = Instant::now();
        ledgers.push(Target::open("daicho", wires.clone(), &opening).await?);
        took.push(opened.elapsed().as_micros());
    }
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(0) as f64 / 1e3;
    println!(
        "open, with a plan of one goal and two reports\t{:.1} s\tp50 {:.2} ms\tp99 {:.2} ms",
        begun.elapsed().as_secs_f64(),
        at(50),
        at(99)
    );
    println!(
        "resident after opening\t{} MiB",
        server.resident_bytes() / MIB
    );

    tokio::time::sleep(SETTLE).await;
    let (mut events, mut worst, mut errors) = (0, 0.0_f64, 0);
    let begun = Instant::now();
    // A caller for each ledger, as many at once as a server meets: each group for its share of the time.
    let groups = count.div_ceil(AT_ONCE) as u32;
    for group in ledgers.chunks(AT_ONCE) {
        let mut loads = JoinSet::new();
        for ledger in group {
            let mut ledger = ledger.clone();
            let load = Load {
                warm_up: Duration::ZERO,
                ..Load::of_appends(
                    1,
                    1,
                    seconds.max(Duration::from_millis(50) * groups) / groups,
                )
            };
            loads.spawn(async move { ledger.run(&load).await });
        }
        while let Some(measured) = loads.join_next().await {
            let measured = measured??;
            events += measured.acknowledged;
            errors += measured.errors();
            let append = |row: &daicho::load::Row| row.op == Operation::Append.name();
            let calls = measured
                .rows
                .iter()
                .find(|row| append(row))
                .and_then(|row| row.calls);
            worst = worst.max(calls.map_or(0.0, |calls| calls.p99_ms));
        }
    }
    println!(
        "append to all, {AT_ONCE} at once\t{:.0} events/s\tgreatest p99 of a ledger {worst:.2} ms\t{errors} errors",
        events as f64 / begun.elapsed().as_secs_f64()
    );
    println!(
        "resident after appending\t{} MiB",
        server.resident_bytes() / MIB
    );
    println!(
        "disk\t{} KiB a ledger",
        server.disk_bytes() / 1024 / count.max(1) as u64
    );

    server.kill()?;
    let begun = Instant::now();
    server = Server::daicho(&data)?;
    println!(
        "start again after a kill\t{:.2} s",
        begun.elapsed().as_secs_f64()
    );
    println!(
        "resident after starting\t{} MiB",
        server.resident_bytes() / MIB
    );
    match errors {
        0 => Ok(()),
        _ => Err("calls failed: these figures are no result".into()),
    }
}
