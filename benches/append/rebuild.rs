//! Making the copy in sled anew: what a ledger costs whose `sled/` is lost, from the journal alone.

use std::path::Path;
use std::time::Instant;

use crate::server::Server;
use crate::{Outcome, growth, target};

/// Goals of the plan.
const GOALS: usize = 1_000;

/// Fills a ledger with `events`, takes `sled/` away, and starts and stops the server: it answers as soon as everything is
/// indexed, and a stop waits until everything is copied.
pub(crate) async fn measure(folder: &Path, rounds: u32, events: u64) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let data = scratch.path().join("daicho");
    let server = Server::daicho(&data)?;
    let mut ledger = target::with_goals(&server, GOALS).await?;
    growth::fill(&mut ledger, events).await?;
    let size = ledger.size();
    drop(ledger);
    server.stop()?;
    println!("events\tanswers after s\tcopied after s\tevents/s\topens again after s");
    for _ in 0..rounds {
        std::fs::remove_dir_all(data.join("sled"))?;
        let begun = Instant::now();
        let server = Server::daicho(&data)?;
        let answers = begun.elapsed().as_secs_f64();
        server.stop()?;
        let copied = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let server = Server::daicho(&data)?;
        let opens = begun.elapsed().as_secs_f64();
        server.stop()?;
        let rate = size as f64 / copied;
        println!("{size}\t{answers:.2}\t{copied:.2}\t{rate:.0}\t{opens:.2}");
    }
    Ok(())
}
