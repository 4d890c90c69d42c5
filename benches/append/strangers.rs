//! Whether somebody who may see nothing finds out by the time of an answer that there is a ledger: the same refused calls to one that
//! is there and to one that is not, in turn.

use std::path::Path;
use std::time::{Duration, Instant};

use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::{GetEventRequest, GetLedgerRequest, get_event_request};
use daicho::auth::access::BUILT_IN;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use crate::server::Server;
use crate::{Outcome, target};

/// Calls of each kind to each ledger, in each round.
const CALLS: usize = 1_000;
/// Ledgers beside it, of a few goals, that ask nobody.
const OTHERS: usize = 20;
/// As long as the name of the ledger that is there.
const NOWHERE: &str = "hcneb";
/// Not those of goals: the load's are public, so a ledger that has them is no secret.
const CALLED: [&str; 2] = ["GetLedger", "GetEvent"];

/// On a fresh folder each round.
pub(crate) async fn measure(folder: &Path, rounds: u32) -> Outcome<()> {
    println!("call\tthere_us\tnowhere_us\tratio");
    let mut ratios = CALLED.map(|_| Vec::new());
    for _ in 0..rounds {
        let scratch = tempfile::tempdir_in(folder)?;
        let server = Server::daicho(&scratch.path().join("data"))?;
        for number in 0..OTHERS {
            target::another(&server, number).await?;
        }
        let mut ledger = target::daicho(&server).await?;
        target::ask(&mut ledger, BUILT_IN).await?;
        let mut stranger = Stranger {
            channel: Endpoint::from_shared(server.url.clone())?
                .tcp_nodelay(true)
                .connect()
                .await?,
        };
        for (call, ratios) in CALLED.iter().zip(&mut ratios) {
            let mut took = [Vec::new(), Vec::new()];
            for turn in 0..2 * CALLS {
                // Each goes first as often as the other.
                let which = (turn + turn / 2) % 2;
                let ledger = ["bench", NOWHERE][which];
                took[which].push(stranger.is_refused(call, ledger).await?);
            }
            let [there, nowhere] = took.map(median);
            let ratio = there.as_secs_f64() / nowhere.as_secs_f64();
            println!(
                "{call}\t{:.1}\t{:.1}\t{ratio:.3}",
                there.as_secs_f64() * 1e6,
                nowhere.as_secs_f64() * 1e6
            );
            ratios.push(ratio);
        }
    }
    for (call, mut ratios) in CALLED.iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        println!("# {call}: median ratio {median:.3}");
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Somebody without a seat.
struct Stranger {
    channel: Channel,
}

impl Stranger {
    /// How long it takes to be told that this is not permitted.
    async fn is_refused(&mut self, call: &str, ledger: &str) -> Outcome<Duration> {
        let ledger = ledger.to_owned();
        let mut ledgers = LedgerServiceClient::new(self.channel.clone());
        let begun = Instant::now();
        let refused = match call {
            "GetLedger" => {
                let asked = GetLedgerRequest {
                    ledger,
                    ..GetLedgerRequest::default()
                };
                ledgers.get_ledger(by_stranger(asked)).await.err()
            }
            _ => {
                let asked = GetEventRequest {
                    ledger,
                    selector: Some(get_event_request::Selector::Position(1)),
                    ..GetEventRequest::default()
                };
                ledgers.get_event(by_stranger(asked)).await.err()
            }
        };
        let took = begun.elapsed();
        match refused {
            Some(status) if status.code() == Code::PermissionDenied => Ok(took),
            other => Err(format!("{call}: not refused, or otherwise: {other:?}").into()),
        }
    }
}

fn by_stranger<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let name = MetadataValue::from_static("passer-by");
    request.metadata_mut().insert("daicho-actor", name);
    request
}
