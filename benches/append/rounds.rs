//! The rounds: the same load on every server in turn, then what Daicho alone does, then the table of what is to be reached.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::load::{HEADER, Load, Mix, Operation, Pace, Row, Target};
use prost::Message as _;

use crate::comparison::{Comparison, OURS};
use crate::peers::Peers;
use crate::reached::{DISK, Reached};
use crate::server::Server;
use crate::target::PAYLOAD;
use crate::{ECHO_SERVER, Outcome, SETTLE, target};

/// Callers and events a call.
const APPENDS: [(usize, usize); 6] = [(1, 1), (16, 1), (64, 1), (256, 1), (16, 100), (64, 100)];
/// Those that are measured at a fixed rate too.
const AT_A_RATE: [(usize, usize); 2] = [(64, 1), (16, 100)];
/// The share of what the slower of two servers took as fast as it could, that both get as their rate: both can keep up, so
/// what is measured is how long callers wait, and not how a queue grows.
const RATE_SHARE: f64 = 0.5;
/// Streams that appends of one event are sent on, each kept as full as a server takes.
const STREAMS: usize = 4;
/// What appends at a rate are called.
const APPEND_AT_RATE: &str = "append-at-rate";
/// Callers that read one goal after another, at Daicho and at the server that only echoes.
const GOAL_READERS: usize = 64;
/// Other reads, with one caller: their latency is what is asked.
const READS: [Operation; 4] = [
    Operation::AsOf,
    Operation::ListChanges,
    Operation::ReadEvents,
    Operation::ReadLeaves,
];
/// What such a read is called where pieces are read and not everything.
const PIECE: &str = "-piece";
/// Events read back at most.
const READ_MAX: u64 = 1_000_000;
/// A day at work.
const MIX: &str = "append=80,get-goal=15,list-changes=5";
/// Callers of the mix.
const MIX_CALLERS: usize = 64;

/// All rounds; the last thing printed is what is reached.
pub(crate) async fn measure(folder: &Path, seconds: Duration, rounds: u32) -> Outcome<()> {
    let peers = Peers::find()?;
    let mut comparison = Comparison::default();
    for number in 0..rounds {
        println!("# round {} of {rounds}", number + 1);
        let mut round = Round {
            number,
            seconds,
            comparison: &mut comparison,
        };
        round.measure(folder, peers.as_ref()).await?;
    }
    println!(
        "# medians of the rounds (least-greatest): events/s, calls/s where no events are counted; ratios within one round"
    );
    print!("{comparison}");
    println!("# to be reached, by the medians");
    print!("{}", Reached(&comparison));
    match comparison.errors() {
        0 => Ok(()),
        _ => Err("calls failed: these figures are no result".into()),
    }
}

struct Round<'a> {
    number: u32,
    seconds: Duration,
    comparison: &'a mut Comparison,
}

impl Round<'_> {
    /// Every measurement once, on fresh folders.
    async fn measure(&mut self, folder: &Path, peers: Option<&Peers>) -> Outcome<()> {
        let scratch = tempfile::tempdir_in(folder)?;
        // A database that runs as a user of its own has to get at its folder.
        std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o755))?;
        let scratch = scratch.path();
        let servers = [
            Server::plain_file(&scratch.join("file"))?,
            Server::daicho(&scratch.join("daicho"))?,
        ];
        let daicho = target::daicho(&servers[1]).await?;
        if self.number == 0 {
            println!("# a stored event has {} bytes", daicho.event_bytes());
        }
        let mut targets = [target::plain_file(&servers[0], &daicho)?, daicho];
        println!("{HEADER}");
        self.appends(&mut targets).await?;
        let [file, mut daicho] = targets;
        tokio::time::sleep(SETTLE).await;
        let submits = Load {
            mix: Mix::only(Operation::Submit),
            ..Load::of_appends(STREAMS, 1, self.seconds)
        };
        self.add(target::append(&mut daicho, &submits).await?);
        for operation in [Operation::ReadEvents, Operation::ReadLeaves] {
            self.add(daicho.read_back(READ_MAX, operation).await?);
        }
        let per_byte = servers[1].disk_bytes() as f64 / daicho.size() as f64;
        let per_byte = per_byte / daicho.event_bytes() as f64;
        self.reads(&mut daicho, scratch).await?;
        self.mix(&mut daicho).await?;
        for (target, server) in [(&file, &servers[0]), (&daicho, &servers[1])] {
            println!(
                "# {}: {} events, {} MiB resident, {} bytes on disk an event",
                target.name(),
                target.size(),
                server.resident_bytes() / (1024 * 1024),
                server.disk_bytes() / target.size().max(1)
            );
        }
        self.comparison.add(
            self.number,
            Row {
                events_per_s: Some(per_byte),
                ..Row::of_read(OURS, DISK, 0, self.seconds)
            },
        );
        // What they left would be flushed while the next are measured.
        drop(servers);
        if let Some(peers) = peers {
            for row in peers.measure(scratch, &APPENDS, self.seconds, PAYLOAD)? {
                self.add(row);
            }
        }
        Ok(())
    }

    fn add(&mut self, row: Row) {
        println!("{row}");
        self.comparison.add(self.number, row);
    }

    /// The servers in turn, as fast as they can and at a rate; who goes first changes with the round.
    async fn appends(&mut self, targets: &mut [Target; 2]) -> Outcome<()> {
        for (callers, batch) in APPENDS {
            let load = Load::of_appends(callers, batch, self.seconds);
            let mut slowest = f64::INFINITY;
            for turn in 0..targets.len() {
                let row = self.append(targets, turn, &load).await?;
                slowest = slowest.min(row.calls.map_or(0.0, |calls| calls.per_s));
                self.add(row);
            }
            if !AT_A_RATE.contains(&(callers, batch)) {
                continue;
            }
            let calls_per_s = (slowest * RATE_SHARE).max(1.0);
            println!("# {APPEND_AT_RATE}: {calls_per_s:.0} calls are due in a second");
            let load = Load {
                pace: Pace::Open { calls_per_s },
                ..load
            };
            for turn in 0..targets.len() {
                let row = self.append(targets, turn, &load).await?;
                self.add(Row {
                    op: APPEND_AT_RATE.to_owned(),
                    ..row
                });
            }
        }
        Ok(())
    }

    async fn append(&self, targets: &mut [Target; 2], turn: usize, load: &Load) -> Outcome<Row> {
        tokio::time::sleep(SETTLE).await;
        let which = (turn + self.number as usize) % targets.len();
        target::append(&mut targets[which], load).await
    }

    /// Reads of one goal against a server that has the answer ready, and reads that only Daicho knows.
    async fn reads(&mut self, daicho: &mut Target, scratch: &Path) -> Outcome<()> {
        let wires = daicho.wires();
        let mut goals = GoalServiceClient::new(wires.channels[0].clone());
        let mut request = tonic::Request::new(daicho.source().goal(0));
        *request.metadata_mut() = wires.callers[0].clone();
        let answer = goals.get_goal(request).await?.into_inner().encode_to_vec();
        println!("# echo: an answer of {} bytes", answer.len());
        let file = scratch.join("echo");
        std::fs::write(&file, answer)?;
        let echo = Server::again(ECHO_SERVER, &file)?;
        let mut echo = target::echo(&echo)?;
        for turn in 0..2 {
            let load = Load {
                mix: Mix::only(Operation::GetGoal),
                ..Load::of_appends(GOAL_READERS, 1, self.seconds)
            };
            let target = match (turn + self.number) % 2 {
                0 => &mut echo,
                _ => &mut *daicho,
            };
            for row in target::measure(target, &load).await? {
                self.add(row);
            }
        }
        for operation in READS {
            let load = Load {
                mix: Mix::only(operation),
                ..Load::of_appends(1, 1, self.seconds)
            };
            for row in target::measure(daicho, &load).await? {
                let op = match operation {
                    Operation::ReadEvents | Operation::ReadLeaves => row.op + PIECE,
                    _ => row.op,
                };
                self.add(Row { op, ..row });
            }
        }
        Ok(())
    }

    async fn mix(&mut self, daicho: &mut Target) -> Outcome<()> {
        let mix = Mix::parse(MIX).map_err(|wrong| format!("{MIX}: {wrong:?}"))?;
        println!("# mix: {mix}");
        let load = Load {
            mix,
            ..Load::of_appends(MIX_CALLERS, 1, self.seconds)
        };
        for row in target::measure(daicho, &load).await? {
            self.add(Row {
                op: format!("mix-{}", row.op),
                ..row
            });
        }
        Ok(())
    }
}
