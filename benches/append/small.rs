//! A small city: every reading command, report and sheet on the sample ledger, each a process from start to finish, and what the
//! server takes while nobody asks.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::server::Server;

/// Beyond this somebody waits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the server is left alone: what it takes while time goes by is the figure, and a processor's time is told in
/// hundredths of a second, so a share of a thousandth needs a minute.
const LEFT_ALONE: Duration = Duration::from_secs(60);
const MIB: u64 = 1024 * 1024;

/// What is run, word by word; files are written into a folder of their own.
const COMMANDS: [&str; 25] = [
    "ledger show",
    "plan show R5",
    "goal list --plan R5",
    "goal list --find 防災 --plan R5",
    "goal show R5/総務部/3-1",
    "goal history R5/総務部/3-1/1.1",
    "goal diff R5/総務部/3-1 --from 2023-06-30 --to 2023-09-30",
    "org show",
    "status R5",
    "remind R5",
    "pending",
    "evaluate R5 --on 2023-09-30",
    "evaluate R5 --on 2023-09-30 --by department",
    "evaluate R5 --on 2023-09-30 --known-at 2023-10-06",
    "evaluate compare R5 --from 2023-06-30 --to 2023-09-30",
    "audit changes",
    "audit targets",
    "audit explain R5/総務部/3-1/1.1 --on 2023-09-30",
    "audit sample R5 --n 10 --seed 2023-10-06 -o sample.xlsx",
    "report sheet --section 総務文書課 --period 2023-09 -o sheet.xlsx",
    "report midyear R5 --on 2023-09-30 -o midyear.xlsx",
    "report changes R5 --department 総務部 -o changes.xlsx",
    "record R5/総務部/3-1/1.1 1 --on 2023-10-06 --as 総務文書課",
    "bundle bundle",
    "verify bundle bundle --policy bundle/policy.txt",
];

/// Runs each command so many times; one that fails, or takes longer than somebody waits, makes it no result.
pub(crate) fn measure(folder: &Path, rounds: u32) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let begun = Instant::now();
    let server = Server::demo(&scratch.path().join("daicho"))?;
    println!("made and served\t{:.2} s", begun.elapsed().as_secs_f64());
    println!("command\tmedian ms\tgreatest ms");
    let mut late = Vec::new();
    for command in COMMANDS {
        let mut took = Vec::new();
        for round in 0..rounds.max(1) {
            let place = scratch.path().join(round.to_string());
            std::fs::create_dir_all(&place)?;
            took.push(run(&server, command, &place)?);
        }
        took.sort_unstable();
        let ms = |at: usize| took[at].as_secs_f64() * 1e3;
        println!(
            "{command}\t{:.0}\t{:.0}",
            ms(took.len() / 2),
            ms(took.len() - 1)
        );
        if took.iter().any(|took| PATIENCE < *took) {
            late.push(command);
        }
    }
    let before = server.processor_time();
    std::thread::sleep(LEFT_ALONE);
    let share = (server.processor_time() - before).as_secs_f64() / LEFT_ALONE.as_secs_f64();
    println!("left alone\t{:.3} % of a processor", share * 100.0);
    println!("resident\t{} MiB", server.resident_bytes() / MIB);
    match late.is_empty() {
        true => Ok(()),
        false => Err(format!("these take over a second: {late:?}").into()),
    }
}

fn run(server: &Server, command: &str, place: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(command.split(' '))
        .current_dir(place)
        .env("DAICHO_SERVER", &server.url)
        .env("DAICHO_ACTOR", "総務文書課")
        .stdin(Stdio::null())
        .output()?;
    let took = begun.elapsed();
    match output.status.success() {
        true => Ok(took),
        false => {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(format!("`daicho {command}` failed: {told}").into())
        }
    }
}
