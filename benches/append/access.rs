//! What access control costs: appends and reads of a goal in a ledger with the built-in policies, against one that asks nobody.

use std::path::Path;
use std::time::Duration;

use daicho::auth::access::BUILT_IN;
use daicho::load::{Load, Mix, Operation, Row};

use crate::server::Server;
use crate::{Outcome, SETTLE, target};

/// Callers and events a call.
const APPENDS: [(usize, usize); 3] = [(1, 1), (64, 1), (16, 100)];
/// Turns of reading, half of them at each ledger.
const READ_TURNS: usize = 20;

/// Both ledgers in turn, on fresh folders each round; who goes first changes with the round.
pub(crate) async fn measure(folder: &Path, seconds: Duration, rounds: u32) -> Outcome<()> {
    println!("what\tasked/s\tfree/s\tratio");
    let what =
        |(callers, batch): (usize, usize)| format!("append, {callers} callers, batch {batch}");
    let mut names: Vec<String> = APPENDS.into_iter().map(what).collect();
    names.push("GetGoal, 1 caller".to_owned());
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    for round in 0..rounds {
        let scratch = tempfile::tempdir_in(folder)?;
        let servers = [
            Server::daicho(&scratch.path().join("asked"))?,
            Server::daicho(&scratch.path().join("free"))?,
        ];
        let mut targets = [
            target::daicho(&servers[0]).await?,
            target::daicho(&servers[1]).await?,
        ];
        target::ask(&mut targets[0], BUILT_IN).await?;
        for (index, (name, ratios)) in names.iter().zip(&mut ratios).enumerate() {
            let mut found = [0.0; 2];
            // Reads leave nothing behind, so they can go in short turns, which what else the machine does hits alike.
            let turns = if index < APPENDS.len() { 2 } else { READ_TURNS };
            for turn in 0..turns {
                let which = (turn + round as usize) % 2;
                let load = match APPENDS.get(index) {
                    Some(&(callers, batch)) => {
                        tokio::time::sleep(SETTLE).await;
                        Load::of_appends(callers, batch, seconds)
                    }
                    None => Load {
                        mix: Mix::only(Operation::GetGoal),
                        warm_up: Duration::ZERO,
                        ..Load::of_appends(1, 1, seconds.mul_f64(2.0 / turns as f64))
                    },
                };
                let rows = target::measure(&mut targets[which], &load).await?;
                let per_s = |row: &Row| row.events_per_s.or_else(|| Some(row.calls?.per_s));
                found[which] +=
                    rows.first().and_then(per_s).unwrap_or(f64::NAN) * 2.0 / turns as f64;
            }
            let ratio = found[0] / found[1];
            println!("{name}\t{:.0}\t{:.0}\t{ratio:.3}", found[0], found[1]);
            ratios.push(ratio);
        }
    }
    for (name, mut ratios) in names.iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        let best = ratios.last().copied().unwrap_or(f64::NAN);
        println!("# {name}: median ratio {median:.3}, best {best:.3}");
    }
    Ok(())
}
