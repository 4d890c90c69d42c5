//! What a read of the past costs in a ledger of many goals: what stood where at a size, and a goal as of a
//! size and a date.
//!
//! Everything happens in this process, on a data folder of its own. `benches/README.md` says how to read the
//! figures.

// Prints are the result.
#![allow(clippy::print_stdout)]
#![allow(unreachable_pub, reason = "a benchmark has no public items")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daicho::clock::{new_id, system_now};
use daicho::domain::code::Code;
use daicho::domain::event::*;
use daicho::domain::id::*;
use daicho::domain::text::Text;
use daicho::ledger::{Append, Ledgers};
use daicho::log::embedded::{EmbeddedConfig, EmbeddedLog};
use daicho::log::{CommitLog, DerivedStore};
use daicho::projection::goal_card::goal_card;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

#[path = "../../tests/it/fixture.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests")]
mod fixture;

use fixture::{counted, date, opening, permitted, request_id, title};

/// Structural events of a goal: it, two initiatives, four indicators.
const EVENTS_EACH: usize = 7;
/// Goals set by one request.
const GOALS_EACH: usize = 100;
/// Reads of each kind.
const READS: usize = 2_000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let goals: usize = match std::env::var("DAICHO_BENCH_GOALS") {
        Ok(text) => text.parse()?,
        Err(_) => 14_000,
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (ledgers, made) = make(folder.path(), goals).await?;
    ledgers.stop().await?;
    drop(ledgers);

    let before = resident_mib();
    let begun = Instant::now();
    let ledgers = start(folder.path()).await?;
    let opened = begun.elapsed();
    let reader = ledgers.resolve("city")?;
    let view = reader.view();
    println!(
        "{} events, {} structural, opened in {opened:.1?}; resident {before} MiB before, {} MiB after",
        view.size,
        view.directory.version(),
        resident_mib(),
    );
    println!("op\tp50_us\tp99_us\tmax_us");
    let mut chance = StdRng::seed_from_u64(1);
    let mut sizes = || chance.random_range(1..=view.size);

    let mut took = Vec::new();
    for _ in 0..READS {
        let size = sizes();
        let begun = Instant::now();
        let then = reader.view_at(size).await?;
        took.push(begun.elapsed());
        // Every event of this ledger is structural.
        if then.directory.version() != size {
            return Err(format!("version {} at {size}", then.directory.version()).into());
        }
    }
    told("view_at, another size each time", took);

    let size = sizes();
    reader.view_at(size).await?;
    let mut took = Vec::new();
    for _ in 0..READS {
        let begun = Instant::now();
        reader.view_at(size).await?;
        took.push(begun.elapsed());
    }
    told("view_at, a size asked for before", took);

    let mut chance = StdRng::seed_from_u64(2);
    for (name, past) in [
        ("goal, now", false),
        ("goal, as of a size and a date", true),
    ] {
        let mut took = Vec::new();
        for _ in 0..READS {
            let number = chance.random_range(0..made.len());
            let goal = made[number];
            // A size at which the goal was known.
            let known = (number as u64 + 1) * EVENTS_EACH as u64 + GOALS_EACH as u64 * 7 + 20;
            let size = chance.random_range(known.min(view.size)..=view.size);
            let begun = Instant::now();
            let then = if past {
                reader.view_at(size).await?
            } else {
                view.clone()
            };
            let card = goal_card(&reader, &then, goal, date("2023-09-30")).await?;
            took.push(begun.elapsed());
            let indicators = card.map(|card| card.indicators().count());
            if indicators != Some(4) {
                return Err(format!("a goal with {indicators:?} indicators at {size}").into());
            }
        }
        told(name, took);
    }
    println!("resident {} MiB at the end", resident_mib());
    ledgers.stop().await?;
    Ok(())
}

async fn start(folder: &std::path::Path) -> Outcome<Arc<Ledgers>> {
    let config = EmbeddedConfig::new(folder, Arc::new(|| system_now().as_microsecond()));
    let log = tokio::task::spawn_blocking(move || EmbeddedLog::open(config)).await??;
    let log = Arc::new(log);
    let store: Arc<dyn DerivedStore> = log.clone();
    let log: Arc<dyn CommitLog> = log;
    Ok(Ledgers::start(log, store).await?)
}

/// A ledger with so many goals.
async fn make(folder: &std::path::Path, goals: usize) -> Outcome<(Arc<Ledgers>, Vec<GoalId>)> {
    let ledgers = start(folder).await?;
    let ledger = LedgerId::new(new_id())?;
    ledgers
        .open(permitted("opener", opening(ledger, "city")))
        .await?;
    let reader = ledgers.resolve("city")?;
    let log = daicho::log::MemoryLog::new();
    let base = fixture::ids(ledger, log, ledgers.clone());
    let mut events = base.structure();
    events.truncate(3);
    send(&ledgers, ledger, events).await?;
    let mut made = Vec::new();
    for numbers in (0..goals).collect::<Vec<_>>().chunks(GOALS_EACH) {
        let mut events = Vec::new();
        for number in numbers {
            let goal = GoalId::new(new_id())?;
            made.push(goal);
            let code = format!("R5/総務部/{number}");
            let stream = Stream::goal(goal);
            let mut set = |payload: Payload| events.push(base.event(stream, "2023-04-01", payload));
            let set_goal = GoalSet {
                goal,
                plan: base.plan,
                code: Code::parse(&code)?,
                department: base.department,
                pillar: 1,
                title: title("事務の改善"),
                source_text: Text::parse("事務の改善を進める。")?,
            };
            set(set_goal.into());
            for n in 1..=2_u32 {
                let initiative = InitiativeId::new(new_id())?;
                let set_initiative = InitiativeSet {
                    initiative,
                    goal,
                    number: n,
                    code: Code::parse(&format!("{code}/{n}"))?,
                    title: title("提案制度"),
                    source_text: Text::parse("提案制度を運用する。")?,
                    lead_unit: base.section,
                    contributing_units: Vec::new(),
                };
                set(set_initiative.into());
                for m in 1..=2 {
                    let defined = IndicatorDefined {
                        indicator: IndicatorId::new(new_id())?,
                        initiative,
                        code: Code::parse(&format!("{code}/{n}.{m}"))?,
                        title: title("改善件数"),
                        source_text: Text::parse("改善件数 50件")?,
                        definition: counted(),
                    };
                    set(defined.into());
                }
            }
        }
        send(&ledgers, ledger, events).await?;
    }
    reader.caught_up(None).await;
    Ok((ledgers, made))
}

async fn send(ledgers: &Ledgers, ledger: LedgerId, events: Vec<Event>) -> Outcome<()> {
    let append = Append {
        ledger,
        request_id: request_id(),
        events,
        expected: Vec::new(),
        validate_only: false,
    };
    ledgers.append(permitted("planner", append), None).await?;
    Ok(())
}

fn told(op: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| {
        let index = (took.len() as f64 * share) as usize;
        took[index.min(took.len() - 1)].as_secs_f64() * 1e6
    };
    println!("{op}\t{:.0}\t{:.0}\t{:.0}", at(0.5), at(0.99), at(1.0));
}

/// What the process holds in memory; 0 where the system does not say.
fn resident_mib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4 / 1024
}
