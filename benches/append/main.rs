//! What an append costs, against a server that only writes to a plain file, and how fast everything is read back.
//!
//! Both servers are processes of their own on this machine; the load comes from here, closed-loop, over loopback.
//! `benches/README.md` says how to read the figures.

// Prints are the result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use load::{Load, Target};
use report::{Report, Row};
use server::Server;

mod access;
mod load;
mod plain_file;
mod proofs;
mod report;
mod server;
#[path = "../../tests/it/small_plan.rs"]
mod small_plan;

/// Callers and events a call.
const APPENDS: [(usize, usize); 6] = [(1, 1), (16, 1), (64, 1), (256, 1), (16, 100), (64, 100)];
/// Events read back at most.
const READ_MAX: u64 = 1_000_000;
/// Pause before a measurement, so that what the other server still writes does not count against it.
const SETTLE: Duration = Duration::from_secs(1);
/// Runs this program as the plain-file server.
const PLAIN_FILE_SERVER: &str = "plain-file-server";
/// Measures what proofs cost.
const PROOFS: &str = "proofs";
/// Measures what access control costs.
const ACCESS: &str = "access";

/// What is measured.
enum Subject {
    Appends,
    Proofs(proofs::Part),
    Access,
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    // Cargo adds a word of its own.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match (words.next(), words.next()) {
        (Some(word), Some(file)) if word == PLAIN_FILE_SERVER => {
            runtime.block_on(plain_file::serve(Path::new(&file)))
        }
        (Some(word), Some(folder)) if proofs::SERVERS.iter().any(|(name, _)| word == *name) => {
            let signs = proofs::SERVERS.contains(&(word.as_str(), true));
            runtime.block_on(proofs::serve(Path::new(&folder), signs))
        }
        (Some(word), part) if word == PROOFS => {
            let part = proofs::Part::named(part.as_deref())?;
            runtime.block_on(measure(Subject::Proofs(part)))
        }
        (Some(word), _) if word == ACCESS => runtime.block_on(measure(Subject::Access)),
        _ => runtime.block_on(measure(Subject::Appends)),
    }
}

async fn measure(subject: Subject) -> Outcome<()> {
    let number = |name: &str, default: f64| match std::env::var(name) {
        Ok(text) => text
            .parse::<f64>()
            .map_err(|_| format!("{name} must be a number")),
        Err(_) => Ok(default),
    };
    let seconds = Duration::from_secs_f64(number("DAICHO_BENCH_SECONDS", 4.0)?);
    let rounds = number("DAICHO_BENCH_ROUNDS", 3.0)? as u32;
    let folder = match std::env::var_os("DAICHO_BENCH_FOLDER") {
        Some(folder) => folder.into(),
        None => std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    };
    std::fs::create_dir_all(&folder)?;

    report::print_machine(&folder, seconds, rounds);
    match subject {
        Subject::Appends => {}
        Subject::Proofs(part) => {
            let events = number("DAICHO_BENCH_EVENTS", 1e6)? as u64;
            return proofs::measure(&folder, seconds, rounds, events, part).await;
        }
        Subject::Access => return access::measure(&folder, seconds, rounds).await,
    }
    let mut report = Report::default();
    for round in 0..rounds {
        println!("# round {} of {rounds}", round + 1);
        one_round(round, &folder, seconds, &mut report).await?;
    }
    report.print_ratios();
    if report.errors() == 0 {
        Ok(())
    } else {
        Err("calls failed: these figures are no result".into())
    }
}

/// Every measurement once, on fresh folders, the two servers in turn; who goes first changes with the round.
async fn one_round(
    round: u32,
    folder: &Path,
    seconds: Duration,
    report: &mut Report,
) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let file = Server::plain_file(&scratch.path().join("file"))?;
    let daicho = Server::daicho(&scratch.path().join("daicho"))?;
    let mut targets = [Target::plain_file(&file)?, Target::daicho(&daicho).await?];
    if round == 0 {
        println!(
            "# a stored event has {} bytes",
            targets[1].stored_event_bytes().await?
        );
    }
    report::print_header();
    for (callers, batch) in APPENDS {
        let load = Load {
            callers,
            batch,
            seconds,
        };
        for turn in 0..targets.len() {
            let target = &mut targets[(turn + round as usize) % 2];
            tokio::time::sleep(SETTLE).await;
            let row = target.append(load).await?;
            report.add(round, row);
        }
    }
    for leaves in [false, true] {
        let (count, elapsed) = targets[1].read_back(READ_MAX, leaves).await?;
        let op = if leaves { "read-leaves" } else { "read-events" };
        report.add(round, Row::of_read("daicho", op, count, elapsed));
    }
    for (target, server) in targets.iter().zip([&file, &daicho]) {
        let (resident, disk) = (server.resident_bytes(), server.disk_bytes());
        println!(
            "# {}: {} events, {} MiB resident, {} bytes on disk an event",
            target.name(),
            target.stored(),
            resident / (1024 * 1024),
            disk / target.stored().max(1)
        );
    }
    Ok(())
}
