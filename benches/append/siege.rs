//! Sixteen honest writers, alone and among a thousand connections that are no good: a fourth says nothing, a fourth sends messages a byte
//! at a time, a fourth begins calls and takes them back, a fourth says that four gibibytes come. Health is asked all the time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daicho::load::{Load, Target};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::server::Server;
use crate::{Outcome, SETTLE, target};

const WRITERS: usize = 16;
const CONNECTIONS: u32 = 1_000;
/// Addresses that they come from: none is the honest ones'.
const ADDRESSES: u32 = 250;
/// Between two attempts of one connection, and two calls on it: what all of them do then leaves the writers most of the machine.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two bytes of a slow one.
const BYTE_EVERY: Duration = Duration::from_millis(200);
/// Between two questions for health.
const HEALTH_EVERY: Duration = Duration::from_millis(100);
/// Calls that are begun and taken back at once.
const BURST: usize = 10;
const MIB: f64 = 1024.0 * 1024.0;

/// How a connection is no good.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Idle,
    Slow,
    Resetting,
    Oversized,
}

const MANNERS: [Manner; 4] = [
    Manner::Idle,
    Manner::Slow,
    Manner::Resetting,
    Manner::Oversized,
];

/// What they did.
#[derive(Debug)]
struct Done {
    /// A permit for each connection that was made.
    come: Semaphore,
    connected: [AtomicU64; MANNERS.len()],
    calls: AtomicU64,
}

impl Done {
    fn new() -> Self {
        Self {
            come: Semaphore::new(0),
            connected: Default::default(),
            calls: AtomicU64::new(0),
        }
    }
}

/// Both in turn, on one server; who goes first changes with the round.
pub(crate) async fn measure(folder: &Path, seconds: Duration, rounds: u32) -> Outcome<()> {
    let scratch = tempfile::tempdir_in(folder)?;
    let server = Server::daicho(&scratch.path().join("daicho"))?;
    let address: SocketAddr = server.url.trim_start_matches("http://").parse()?;
    let mut ledger = target::daicho(&server).await?;
    println!("round\twhat\tevents_per_s\tp99_ms\tresident_mib\thealth_asked\tnot_serving\terrors");
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let mut found = [0.0; 2];
        for turn in 0..2 {
            let besieged = (turn + round) % 2 == 1;
            tokio::time::sleep(SETTLE).await;
            found[usize::from(besieged)] = match besieged {
                false => honest(&mut ledger, &server, seconds, (round, "alone")).await?,
                true => {
                    let done = Arc::new(Done::new());
                    let mut besiegers = besiegers(address, &done);
                    done.come.acquire_many(CONNECTIONS).await?.forget();
                    let found = honest(&mut ledger, &server, seconds, (round, "besieged")).await?;
                    besiegers.shutdown().await;
                    println!(
                        "# connected {:?} (idle, slow, resetting, oversized), {} calls begun",
                        done.connected,
                        done.calls.load(Ordering::Relaxed)
                    );
                    found
                }
            };
        }
        ratios.push(found[1] / found[0]);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    println!("# besieged / alone: median {median:.3}, all {ratios:.3?}");
    Ok(())
}

/// Events a second of the writers, with health asked meanwhile.
async fn honest(
    ledger: &mut Target,
    server: &Server,
    seconds: Duration,
    (round, what): (u32, &str),
) -> Outcome<f64> {
    let channel = Endpoint::from_shared(server.url.clone())?.connect_lazy();
    let asked = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let asking = tokio::spawn(ask_for_health(channel, asked.clone()));
    let measured = ledger.run(&Load::of_appends(WRITERS, 1, seconds)).await?;
    asking.abort();
    let row = measured.rows.first().ok_or("nothing was appended")?;
    let per_s = row.events_per_s.unwrap_or(f64::NAN);
    println!(
        "{round}\t{what}\t{per_s:.0}\t{:.2}\t{:.0}\t{}\t{}\t{}",
        row.calls.map_or(f64::NAN, |calls| calls.p99_ms),
        server.resident_bytes() as f64 / MIB,
        asked[0].load(Ordering::Relaxed),
        asked[1].load(Ordering::Relaxed),
        measured.errors(),
    );
    Ok(per_s)
}

/// Counts the questions, and those that were answered with anything but SERVING.
async fn ask_for_health(channel: Channel, asked: Arc<[AtomicU64; 2]>) {
    let mut client = HealthClient::new(channel);
    loop {
        let answer = client.check(HealthCheckRequest::default()).await;
        asked[0].fetch_add(1, Ordering::Relaxed);
        let serves = |status| status == ServingStatus::Serving;
        if !answer.is_ok_and(|answer| serves(answer.into_inner().status())) {
            asked[1].fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(HEALTH_EVERY).await;
    }
}

fn besiegers(address: SocketAddr, done: &Arc<Done>) -> JoinSet<()> {
    let mut all = JoinSet::new();
    for number in 0..CONNECTIONS {
        let which = number as usize % MANNERS.len();
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number % ADDRESSES);
        let done = done.clone();
        all.spawn(async move {
            loop {
                // Whoever is shown out comes again.
                let _ = besiege(address, from, which, &done).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    all
}

/// One connection, until it is closed.
async fn besiege(address: SocketAddr, from: Ipv4Addr, which: usize, done: &Done) -> Outcome<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let mut stream = socket.connect(address).await?;
    done.connected[which].fetch_add(1, Ordering::Relaxed);
    done.come.add_permits(1);
    if let Manner::Idle = MANNERS[which] {
        stream.read_to_end(&mut Vec::new()).await?;
        return Ok(());
    }
    let (client, connection) = h2::client::handshake(stream).await?;
    // What it is to do ends with it.
    tokio::select! {
        ended = connection => Ok(ended?),
        ended = misbehave(client, address, MANNERS[which], done) => ended,
    }
}

async fn misbehave(
    mut client: SendRequest<Bytes>,
    address: SocketAddr,
    manner: Manner,
    done: &Done,
) -> Outcome<()> {
    loop {
        match manner {
            Manner::Idle => return Ok(()),
            Manner::Resetting => {
                for _ in 0..BURST {
                    let (_, mut body) = begin(&mut client, address, done).await?;
                    body.send_reset(Reason::CANCEL);
                }
            }
            Manner::Oversized => {
                let (answer, mut body) = begin(&mut client, address, done).await?;
                body.send_data(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff, 1]), false)?;
                answer.await?;
            }
            Manner::Slow => {
                let (_answer, mut body) = begin(&mut client, address, done).await?;
                // One mebibyte is to come.
                body.send_data(Bytes::from_static(&[0, 0, 0x10, 0, 0]), false)?;
                while body.send_data(Bytes::from_static(&[0]), false).is_ok() {
                    tokio::time::sleep(BYTE_EVERY).await;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn begin(
    client: &mut SendRequest<Bytes>,
    address: SocketAddr,
    done: &Done,
) -> Outcome<(ResponseFuture, SendStream<Bytes>)> {
    let request = http::Request::post(format!(
        "http://{address}/daicho.v1.LedgerService/AppendEvents"
    ));
    let request = request.header("content-type", "application/grpc");
    let request = request.header("daicho-actor", "besieger");
    let request = request.header("te", "trailers").body(())?;
    std::future::poll_fn(|context| client.poll_ready(context)).await?;
    done.calls.fetch_add(1, Ordering::Relaxed);
    Ok(client.send_request(request, false)?)
}
