//! What proofs cost: appends with and without signing, one event's proof in a large ledger, and verifying all of it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daicho::api::v1;
use daicho::api::v1::get_inclusion_proof_request::Selector;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::load::{Load, scattered};

use crate::here::Here;
use crate::server::Server;
use crate::{Outcome, SETTLE, target};

/// Runs this program as a server that signs, or that does not.
pub(crate) const SERVERS: [(&str, bool); 2] = [("signing-server", true), ("silent-server", false)];
/// Callers and events a call.
const APPENDS: [(usize, usize); 3] = [(1, 1), (64, 1), (16, 100)];
/// Proofs that are asked for, one after the other.
const PROOFS: usize = 4_000;
/// Syncs by which the disk is judged.
const SYNCS: usize = 200;

/// Serves `folder`, signing or not.
pub(crate) async fn serve(folder: &Path, signs: bool) -> Outcome<()> {
    let here = Here::open(folder, signs).await?;
    println!("listening on {}", here.address);
    here.serve(std::future::pending()).await
}

/// What of it is measured; all, where nothing is named.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// Everything.
    All,
    /// Appends with and without signing.
    Appends,
    /// One event's proof.
    Inclusion,
    /// Exporting and verifying all.
    Verify,
}

impl Part {
    /// The part that a word names.
    pub(crate) fn named(word: &str) -> Outcome<Self> {
        match word {
            "appends" => Ok(Self::Appends),
            "inclusion" => Ok(Self::Inclusion),
            "verify" => Ok(Self::Verify),
            other => Err(format!("`{other}`: appends, inclusion or verify").into()),
        }
    }

    fn has(self, part: Self) -> bool {
        self == Self::All || self == part
    }
}

/// All of it, or a part.
pub(crate) async fn measure(
    folder: &Path,
    seconds: Duration,
    rounds: u32,
    events: u64,
    part: Part,
) -> Outcome<()> {
    syncs(folder)?;
    if part.has(Part::Appends) {
        signing(folder, seconds, rounds).await?;
        syncs(folder)?;
    }
    if part == Part::Appends {
        return Ok(());
    }
    let scratch = tempfile::tempdir_in(folder)?;
    let data = scratch.path().join("data");
    let server = Server::daicho(&data)?;
    let mut filled = target::daicho(&server).await?;
    let begun = Instant::now();
    while filled.size() < events {
        target::append(&mut filled, &Load::of_appends(16, 100, seconds)).await?;
    }
    let (stored, took) = (filled.size(), begun.elapsed());
    println!("# {stored} events after {:.0} s", took.as_secs_f64());
    server.rest();
    if part.has(Part::Inclusion) {
        inclusion(&server, stored).await?;
        syncs(folder)?;
    }
    if !part.has(Part::Verify) {
        return Ok(());
    }
    let bundle = scratch.path().join("bundle");
    let policy = scratch.path().join("policy");
    let asked = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        command
            .args(words)
            .args(["--server", &server.url, "--as", "bench"]);
        command
    };
    let printed = asked(&["trust-policy"]).output()?;
    fs::write(&policy, printed.stdout)?;
    let (policy, place) = (policy.to_string_lossy(), bundle.to_string_lossy());
    timed("bundle", &mut asked(&["bundle", &place]))?;
    server.stop()?;
    let data = data.to_string_lossy();
    for _ in 0..rounds {
        for (what, place) in [("bundle", &place), ("store", &data)] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
            command.args(["verify", what, place, "--policy", &policy]);
            timed(&format!("verify {what}"), &mut command)?;
        }
    }
    Ok(())
}

/// How long the disk takes for a sync of a small write, one after the other: what every append waits for.
fn syncs(folder: &Path) -> Outcome<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut micros = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[7; 4_096])?;
        let begun = Instant::now();
        file.sync_data()?;
        micros.push(begun.elapsed().as_micros());
    }
    micros.sort_unstable();
    let at = |share: usize| micros.get(SYNCS * share / 100).copied().unwrap_or(0);
    println!(
        "# the disk takes for a sync: p50 {} us, p99 {} us",
        at(50),
        at(99)
    );
    Ok(())
}

/// Appends to a server that signs and to one that does not, in turn.
async fn signing(folder: &Path, seconds: Duration, rounds: u32) -> Outcome<()> {
    println!("callers\tbatch\tsigning/s\tsilent/s\tratio");
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); APPENDS.len()];
    for round in 0..rounds {
        let scratch = tempfile::tempdir_in(folder)?;
        let start = |(name, _): (&str, bool)| Server::again(name, &scratch.path().join(name));
        let servers = [start(SERVERS[0])?, start(SERVERS[1])?];
        let mut targets = [
            target::daicho(&servers[0]).await?,
            target::daicho(&servers[1]).await?,
        ];
        for ((callers, batch), ratios) in APPENDS.into_iter().zip(&mut ratios) {
            let load = Load::of_appends(callers, batch, seconds);
            let mut found = [0.0; 2];
            for turn in 0..2 {
                let which = (turn + round as usize) % 2;
                tokio::time::sleep(SETTLE).await;
                let row = target::append(&mut targets[which], &load).await?;
                found[which] = row.events_per_s.unwrap_or(f64::NAN);
            }
            let ratio = found[0] / found[1];
            println!(
                "{callers}\t{batch}\t{:.0}\t{:.0}\t{ratio:.3}",
                found[0], found[1]
            );
            ratios.push(ratio);
        }
    }
    for ((callers, batch), mut ratios) in APPENDS.into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        let best = ratios.last().copied().unwrap_or(f64::NAN);
        println!("# {callers} callers, batch {batch}: median ratio {median:.3}, best {best:.3}");
    }
    Ok(())
}

/// Asks for proofs of events all over a ledger, to its newest checkpoint.
async fn inclusion(server: &Server, size: u64) -> Outcome<()> {
    let channel = tonic::transport::Endpoint::from_shared(server.url.clone())?;
    let mut client = ProofServiceClient::new(channel.tcp_nodelay(true).connect_lazy());
    let mut micros = Vec::with_capacity(PROOFS);
    for number in 0..PROOFS as u64 {
        let mut request = tonic::Request::new(v1::GetInclusionProofRequest {
            selector: Some(Selector::Position(scattered(number) % size)),
            size: Some(size),
            ..v1::GetInclusionProofRequest::default()
        });
        request
            .metadata_mut()
            .insert("daicho-actor", "bench".parse()?);
        let begun = Instant::now();
        client.get_inclusion_proof(request).await?;
        micros.push(begun.elapsed().as_micros());
    }
    // The first signs the checkpoint.
    micros.remove(0);
    micros.sort_unstable();
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
    println!(
        "GetInclusionProof\t{size} events\tp50 {} us\tp99 {} us\tp99.9 {} us",
        at(0.5),
        at(0.99),
        at(0.999)
    );
    Ok(())
}

/// Runs a command to its end; how long it took, and the most memory that it held.
fn timed(what: &str, command: &mut Command) -> Outcome<()> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let stat = format!("/proc/{}/stat", child.id());
    let (mut peak, mut cpu) = (String::new(), 0);
    let ended = loop {
        let now = fs::read_to_string(&status).unwrap_or_default();
        if let Some(line) = now.lines().find(|line| line.starts_with("VmHWM:")) {
            peak = line
                .split_whitespace()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" ");
        }
        // User and system time, in ticks of 10 ms: what it would take of one core that is all its own.
        let now = fs::read_to_string(&stat).unwrap_or_default();
        let fields = now
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let ticks = fields
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<u64>().ok());
        cpu = ticks.sum::<u64>().max(cpu);
        match child.try_wait()? {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let took = begun.elapsed();
    println!(
        "{what}\t{:.2} s\t{:.2} s of processors\tat most {peak} resident\texit {:?}",
        took.as_secs_f64(),
        cpu as f64 / 100.0,
        ended.code()
    );
    match ended.success() {
        true => Ok(()),
        false => Err(format!("{what} failed").into()),
    }
}
