//! How fast Daicho is, beside servers that do as little as can be done and beside other event stores.
//!
//! Every server is a process of its own on this machine; the load comes from here, over loopback. `benches/README.md` says
//! which parts there are and how to read the figures.

// Prints are the result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

mod access;
mod comparison;
mod echo;
mod growth;
mod here;
mod ledgers;
mod machine;
mod peers;
mod plain_file;
mod plot;
mod proofs;
mod reached;
mod rebuild;
mod rounds;
mod server;
mod siege;
mod small;
mod soak;
mod strangers;
mod target;

/// Pause before a measurement, so that what the other server still writes does not count against it.
const SETTLE: Duration = Duration::from_secs(1);
/// Runs this program as the plain-file server.
const PLAIN_FILE_SERVER: &str = "plain-file-server";
/// Runs this program as the server that only answers.
const ECHO_SERVER: &str = "echo-server";

/// What is measured, by its word on the command line; without one, the rounds.
enum Subject {
    Rounds,
    Proofs(proofs::Part),
    Access,
    Strangers,
    Growth,
    Soak,
    Ledgers,
    Rebuild,
    Small,
    Siege,
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    // Cargo adds a word of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let subject = match words[..] {
        [PLAIN_FILE_SERVER, file] => return runtime.block_on(plain_file::serve(Path::new(file))),
        [ECHO_SERVER, file] => return runtime.block_on(echo::serve(Path::new(file))),
        [server, folder] if proofs::SERVERS.iter().any(|(name, _)| server == *name) => {
            let signs = proofs::SERVERS.contains(&(server, true));
            return runtime.block_on(proofs::serve(Path::new(folder), signs));
        }
        [] => Subject::Rounds,
        ["proofs"] => Subject::Proofs(proofs::Part::All),
        ["proofs", part] => Subject::Proofs(proofs::Part::named(part)?),
        ["access"] => Subject::Access,
        ["strangers"] => Subject::Strangers,
        ["growth"] => Subject::Growth,
        ["soak"] => Subject::Soak,
        ["ledgers"] => Subject::Ledgers,
        ["rebuild"] => Subject::Rebuild,
        ["small"] => Subject::Small,
        ["siege"] => Subject::Siege,
        _ => {
            let parts = "proofs, access, strangers, growth, soak, ledgers, rebuild, small, siege or nothing";
            return Err(format!("{words:?}: {parts}").into());
        }
    };
    runtime.block_on(measure(subject))
}

async fn measure(subject: Subject) -> Outcome<()> {
    let seconds = Duration::from_secs_f64(number("DAICHO_BENCH_SECONDS", 4.0)?);
    let rounds = number("DAICHO_BENCH_ROUNDS", 3.0)? as u32;
    let events = number("DAICHO_BENCH_EVENTS", 1e6)? as u64;
    let folder = match std::env::var_os("DAICHO_BENCH_FOLDER") {
        Some(folder) => folder.into(),
        None => std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    };
    std::fs::create_dir_all(&folder)?;

    machine::print(&folder, seconds, rounds);
    match subject {
        Subject::Rounds => rounds::measure(&folder, seconds, rounds).await,
        Subject::Proofs(part) => proofs::measure(&folder, seconds, rounds, events, part).await,
        Subject::Access => access::measure(&folder, seconds, rounds).await,
        Subject::Strangers => strangers::measure(&folder, rounds).await,
        Subject::Growth => growth::measure(&folder, seconds, events).await,
        Subject::Soak => {
            let minutes = number("DAICHO_BENCH_MINUTES", 30.0)?;
            soak::measure(&folder, minutes, number("DAICHO_BENCH_RATE", 1_000.0)?).await
        }
        Subject::Ledgers => {
            let count = number("DAICHO_BENCH_LEDGERS", 1_000.0)? as usize;
            ledgers::measure(&folder, seconds, count).await
        }
        Subject::Rebuild => rebuild::measure(&folder, rounds, events).await,
        Subject::Small => small::measure(&folder, rounds),
        Subject::Siege => siege::measure(&folder, seconds, rounds).await,
    }
}

/// A variable that is a number.
fn number(name: &str, default: f64) -> Outcome<f64> {
    match std::env::var(name) {
        Ok(text) => Ok(text
            .parse()
            .map_err(|_| format!("{name} must be a number"))?),
        Err(_) => Ok(default),
    }
}
