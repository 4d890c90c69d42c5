//! What a large plan costs: what stood where at a size, a goal with 50 and with 1,000 events as of a size and a date, and the
//! evaluation of the whole for any (D, K).
//!
//! 10,000 goals with 100 events each unless `DAICHO_BENCH_GOALS` says otherwise. Everything happens in this process, on a data
//! folder of its own; the first evaluation after opening reads every stream from the disk. `benches/README.md` says how to
//! read the figures.

// Prints are the result.
#![allow(clippy::print_stdout)]
#![allow(unreachable_pub, reason = "a benchmark has no public items")]

use std::sync::Arc;
use std::time::Instant;

use daicho::domain::date::Date;
use daicho::ledger::Reader;
use daicho::projection::evaluation::{At, Ruling, evaluate_plan, roll_up};
use daicho::projection::goal_card::goal_card;
use daicho::projection::overview::plan_on;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

mod city;
#[path = "../../tests/it/fixture.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests")]
mod fixture;

use city::{City, Outcome, resident_mib, start, told};
use fixture::date;

/// Evaluations at another (D, K) each.
const EVALUATIONS: usize = 10;
/// Reads of a goal.
const READS: usize = 1_000;
/// Reports on each indicator of an ordinary goal: with what defines it, 99 events a goal.
const REPORTS: usize = 22;
/// Reports on each indicator of the busy goals: some 1,000 events a goal.
const BUSY_REPORTS: usize = 247;
/// Reports on each indicator of the quiet goals: some 50 events a goal.
const QUIET_REPORTS: usize = 10;
/// Goals of either kind beside the ordinary ones.
const APART: usize = 50;

#[tokio::main]
async fn main() -> Outcome<()> {
    let goals: usize = match std::env::var("DAICHO_BENCH_GOALS") {
        Ok(text) => text.parse()?,
        Err(_) => 10_000,
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let begun = Instant::now();
    let city = City::make(folder.path(), goals + 2 * APART).await?;
    city.aim().await?;
    let (busy, rest) = city.made.split_at(APART);
    let (quiet, ordinary) = rest.split_at(APART);
    city.report(busy, BUSY_REPORTS).await?;
    city.report(quiet, QUIET_REPORTS).await?;
    city.report(ordinary, REPORTS).await?;
    println!("made in {:.1?}", begun.elapsed());
    city.ledgers.stop().await?;
    drop(city.ledgers);

    let begun = Instant::now();
    let ledgers = start(folder.path()).await?;
    let opened = begun.elapsed();
    let reader = ledgers.resolve("city")?;
    let size = reader.view().size;
    println!(
        "{size} events, opened in {opened:.1?}, resident {} MiB",
        resident_mib()
    );
    println!("op\tp50_us\tp99_us\tmax_us");

    let mut chance = StdRng::seed_from_u64(1);
    let mut took = Vec::new();
    for _ in 0..READS {
        let size = chance.random_range(1..=size);
        let begun = Instant::now();
        reader.view_at(size).await?;
        took.push(begun.elapsed());
    }
    told("view_at, another size each time", took);
    for (name, goals) in [("50 events", quiet), ("1,000 events", busy)] {
        for heat in ["first", "again"] {
            let mut took = Vec::new();
            let reads = if heat == "first" { goals.len() } else { READS };
            for read in 0..reads {
                let goal = goals[read % goals.len()].goal;
                let size = chance.random_range(size / 2..=size);
                let begun = Instant::now();
                let then = reader.view_at(size).await?;
                let card = goal_card(&reader, &then, goal, date("2023-09-30")).await?;
                took.push(begun.elapsed());
                if card.map(|card| card.indicators().count()) != Some(4) {
                    return Err(format!("a goal without its indicators at {size}").into());
                }
            }
            told(&format!("goal of {name} as of (D, K), {heat}"), took);
        }
    }

    let first = evaluated(&reader, size, date("2023-09-30")).await?;
    told("evaluate, first after opening", vec![first]);
    let mut took = Vec::new();
    for _ in 0..EVALUATIONS {
        let size = chance.random_range(size / 2..=size);
        let month = chance.random_range(5..=12);
        let on = date(&format!("2023-{month:02}-15"));
        took.push(evaluated(&reader, size, on).await?);
    }
    told("evaluate, another (D, K) each time", took);
    println!("resident {} MiB at the end", resident_mib());
    ledgers.stop().await?;
    Ok(())
}

/// How long the evaluation of the plan takes at (D, K), with its roll-ups.
async fn evaluated(reader: &Arc<Reader>, size: u64, on: Date) -> Outcome<std::time::Duration> {
    let begun = Instant::now();
    let view = reader.view_at(size).await?;
    let plan = plan_on(&view.directory, on).ok_or("no plan")?;
    let at = At {
        ruling: Ruling::on(&view.directory, on, view.size),
        directory: view.directory.clone(),
        plan,
        effective_on: on,
        known_at: view.size,
    };
    let evaluation = evaluate_plan(reader, at).await?;
    let rolled = roll_up::rolled_up(&evaluation);
    let took = begun.elapsed();
    if rolled.goals == 0 {
        return Err("nothing was evaluated".into());
    }
    Ok(took)
}
