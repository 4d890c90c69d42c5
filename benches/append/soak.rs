//! Hours of work: writes, reads, audits and evaluations at a steady rate, and somebody who follows. What must stay as it is, is
//! looked at every ten seconds: memory, disk, the slowest of a thousand calls, errors.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::subscribe_events_response::Frame;
use daicho::api::v1::{EventFormat, SubscribeEventsRequest};
use daicho::load::{Load, Mix, Operation, Pace, Row, Target};
use tokio::sync::watch;
use tonic::Request;
use tonic::transport::Channel;

use crate::plot::{Picture, draw};
use crate::server::Server;
use crate::{Outcome, target};

/// Between two looks.
const WINDOW: Duration = Duration::from_secs(10);
/// What is asked for.
const MIX: &str = "append=700,get-goal=200,as-of=50,list-changes=49,evaluate=1";
/// Calls in flight at most.
const CALLERS: usize = 64;
/// Goals of the plan: an evaluation of all of them is one call.
const GOALS: usize = 1_000;
/// How long the follower may take to get what is there.
const CATCH_UP: Duration = Duration::from_secs(60);
/// Bytes of one batch that is followed, at most.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Where the files are written.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/figures");
const MIB: f64 = 1024.0 * 1024.0;

/// What was seen at a look.
struct Look {
    minutes: f64,
    events: u64,
    resident_mib: f64,
    disk_per_event: f64,
    /// Of appends, and of the reads that the mix has most of.
    p999_ms: [f64; 2],
    /// Events that the follower does not have yet.
    behind: u64,
    errors: u64,
}

/// So many minutes at so many calls a second.
pub(crate) async fn measure(folder: &Path, minutes: f64, calls_per_s: f64) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let server = Server::daicho(&scratch.path().join("daicho"))?;
    let mut ledger = target::with_goals(&server, GOALS).await?;
    let (follows, mut followed) = watch::channel(ledger.size());
    let follower = tokio::spawn(follow(subscription(&ledger)?, follows));
    let mix = Mix::parse(MIX).map_err(|wrong| format!("{MIX}: {wrong:?}"))?;
    println!("# {minutes} minutes at {calls_per_s} calls a second: {mix}");
    println!(
        "minutes\tevents\tresident_mib\tdisk_per_event\tappend_p999_ms\tget_goal_p999_ms\tbehind\terrors"
    );
    let begun = Instant::now();
    let mut looks = Vec::new();
    while begun.elapsed().as_secs_f64() < minutes * 60.0 {
        let load = Load {
            mix: mix.clone(),
            pace: Pace::Open { calls_per_s },
            warm_up: Duration::ZERO,
            ..Load::of_appends(CALLERS, 1, WINDOW)
        };
        let measured = ledger.run(&load).await?;
        if let Some(status) = &measured.first_error {
            eprintln!("first error: {status}");
        }
        let p999_ms = |operation: Operation| {
            let of_it = |row: &&Row| row.op == operation.name();
            let calls = measured.rows.iter().find(of_it).and_then(|row| row.calls);
            calls.map_or(f64::NAN, |calls| calls.p999_ms)
        };
        let look = Look {
            minutes: begun.elapsed().as_secs_f64() / 60.0,
            events: ledger.size(),
            resident_mib: server.resident_bytes() as f64 / MIB,
            disk_per_event: server.disk_bytes() as f64 / ledger.size() as f64,
            p999_ms: [Operation::Append, Operation::GetGoal].map(p999_ms),
            behind: ledger.size().saturating_sub(*followed.borrow()),
            errors: measured.errors(),
        };
        println!("{}", line(&look));
        looks.push(look);
    }
    let has_all = followed.wait_for(|next| ledger.size() <= *next);
    // Neither in time, nor where the follower has ended: then the sender is gone.
    let has_all = matches!(tokio::time::timeout(CATCH_UP, has_all).await, Ok(Ok(_)));
    follower.abort();
    if !has_all {
        let has = *followed.borrow();
        return Err(format!("whoever followed has {has} of {} events", ledger.size()).into());
    }
    write(&looks)?;
    match looks.iter().map(|look| look.errors).sum::<u64>() {
        0 => Ok(()),
        errors => Err(format!("{errors} calls failed").into()),
    }
}

fn line(look: &Look) -> String {
    format!(
        "{:.2}\t{}\t{:.0}\t{:.0}\t{:.2}\t{:.2}\t{}\t{}",
        look.minutes,
        look.events,
        look.resident_mib,
        look.disk_per_event,
        look.p999_ms[0],
        look.p999_ms[1],
        look.behind,
        look.errors
    )
}

/// A client and what it asks for.
type Subscription = (
    LedgerServiceClient<Channel>,
    Request<SubscribeEventsRequest>,
);

/// A subscription to what comes from now on.
fn subscription(ledger: &Target) -> Outcome<Subscription> {
    let wires = ledger.wires();
    let channel = wires.channels.last().ok_or("no connection")?.clone();
    let mut request = Request::new(SubscribeEventsRequest {
        ledger: ledger.source().ledger().to_owned(),
        from_position: ledger.size(),
        format: EventFormat::Events.into(),
        ..SubscribeEventsRequest::default()
    });
    *request.metadata_mut() = wires.callers[0].clone();
    let client = LedgerServiceClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
    Ok((client, request))
}

/// Follows the ledger, and says up to where it has every event.
async fn follow((mut client, request): Subscription, follows: watch::Sender<u64>) -> Outcome<()> {
    let mut frames = client.subscribe_events(request).await?.into_inner();
    while let Some(message) = frames.message().await? {
        if let Some(Frame::Batch(batch)) = message.frame {
            let next = *follows.borrow();
            if batch.first_position != next {
                return Err(format!("position {} came after {next}", batch.first_position).into());
            }
            follows.send_replace(next + u64::from(batch.count));
        }
    }
    Ok(())
}

/// The looks as a table, and memory and latency over time as pictures.
fn write(looks: &[Look]) -> Outcome<()> {
    let folder = Path::new(FIGURES);
    std::fs::create_dir_all(folder)?;
    let mut table =
        "minutes\tevents\tresident_mib\tdisk_per_event\tappend_p999_ms\tget_goal_p999_ms\tbehind\terrors\n".to_owned();
    for look in looks {
        writeln!(table, "{}", line(look))?;
    }
    std::fs::write(folder.join("soak.tsv"), table)?;
    let over_time = |figure: fn(&Look) -> f64| -> Vec<(f64, f64)> {
        looks
            .iter()
            .map(|look| (look.minutes, figure(look)))
            .collect()
    };
    let picture = |title, y| Picture {
        title,
        x: "minutes",
        y,
        logarithmic: false,
    };
    draw(
        &folder.join("soak-memory.svg"),
        picture("Resident memory under a steady load", "MiB"),
        &[("resident", over_time(|look| look.resident_mib))],
    )?;
    draw(
        &folder.join("soak-latency.svg"),
        picture(
            "The slowest of a thousand calls, in ten seconds each",
            "p99.9, ms",
        ),
        &[
            ("append", over_time(|look| look.p999_ms[0])),
            ("get-goal", over_time(|look| look.p999_ms[1])),
        ],
    )?;
    println!("# written: {FIGURES}/soak.tsv, soak-memory.svg, soak-latency.svg");
    Ok(())
}
