//! A log that refuses, hangs, forgets to answer or reads garbage, under the real services.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use daicho::access_log::Recording;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::put_evidence_request::Frame;
use daicho::api::v1::*;
use daicho::auth::{Callers, Mode};
use daicho::clock::new_id;
use daicho::evidence::Store;
use daicho::grpc::{DeadlineLayer, Identify, IdentifyLayer, PageKey, Parts, Services};
use daicho::ledger::{Ledgers, Reader, STATES_BYTES, Settings};
use daicho::log::{CommitLog as _, Freshness, InvalidCommit, LogFault, MemoryLog};
use daicho::proof::Proofs;
use futures::StreamExt as _;
use futures::future::{self, FutureExt as _};
use futures::stream;
use futures::stream::FuturesUnordered;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::service::Routes;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tower::Layer as _;

use self::log::{Appends, FaultyLog, Reads};
use super::wire::{ACTOR, APPEND, READ, SUBSCRIBE, call};
use super::world::{Ja, narrative};
use super::{Seen, expect};
use crate::evidence::sha256;
use crate::fixture::{evidence, proofs};
use crate::service::{append, opening};
use daicho::load::SmallPlan;

mod after_append;
mod log;
mod reasons;
mod submitted;
mod waiting;

pub(crate) use reasons::all_happen;
use reasons::{receipt_of, storage};

/// The services on a faulty log, on a port of their own.
pub(crate) struct Faulty {
    pub(crate) log: FaultyLog,
    ledgers: Arc<Ledgers>,
    /// Tells streams that the server stops.
    closes: watch::Sender<bool>,
    address: SocketAddr,
    pub(crate) client: Client,
    first_day: String,
}

type Client = LedgerServiceClient<InterceptedService<Channel, Ja>>;

async fn client_of(address: SocketAddr) -> Client {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    LedgerServiceClient::with_interceptor(endpoint.connect().await.unwrap(), Ja("担当"))
}

/// Services that any caller reaches who names himself.
pub(crate) type Reached = Identify<Routes>;

fn services(ledgers: &Arc<Ledgers>, limit: Duration) -> Routes {
    services_that(Recording::None, ledgers, limit)
}

fn services_that(recording: Recording, ledgers: &Arc<Ledgers>, limit: Duration) -> Routes {
    // Nobody closes them.
    let (_, closing) = watch::channel(false);
    services_until(closing, recording, ledgers, limit)
}

fn services_until(
    closing: watch::Receiver<bool>,
    recording: Recording,
    ledgers: &Arc<Ledgers>,
    limit: Duration,
) -> Routes {
    let parts = parts(closing, recording, ledgers, limit);
    Services::new(parts).routes().routes()
}

/// With files in this store.
fn services_with(store: Arc<Store>, ledgers: &Arc<Ledgers>, limit: Duration) -> Routes {
    let (_, closing) = watch::channel(false);
    let parts = Parts {
        evidence: store,
        ..parts(closing, Recording::None, ledgers, limit)
    };
    Services::new(parts).routes().routes()
}

fn parts(
    closing: watch::Receiver<bool>,
    recording: Recording,
    ledgers: &Arc<Ledgers>,
    limit: Duration,
) -> Parts {
    Parts {
        ledgers: ledgers.clone(),
        proofs: proofs(ledgers),
        evidence: evidence(),
        page_key: PageKey::new([7; 32]),
        default_ledger: None,
        request_timeout: limit,
        closing,
        recording,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    }
}

impl Faulty {
    /// With a plan, while everything still works.
    pub(crate) async fn planned() -> Self {
        Self::planning(1).await.0
    }

    /// With a plan of so many goals.
    pub(crate) async fn planning(goals: usize) -> (Self, SmallPlan) {
        let mut server = Self::on(MemoryLog::new()).await;
        server.admin().open_ledger(opening("city")).await.unwrap();
        let ledger = server
            .client
            .get_ledger(GetLedgerRequest::default())
            .await
            .unwrap();
        let today = ledger.into_inner().today.parse().unwrap();
        let (plan, events) = SmallPlan::new(today, goals, 1, || new_id().to_string());
        for events in events.chunks(1_000) {
            let request = append(events.to_vec());
            server.client.append_events(request).await.unwrap();
        }
        server.first_day = plan.first_day.clone();
        (server, plan)
    }

    async fn on(log: MemoryLog) -> Self {
        let log = FaultyLog::on(log);
        let store = Arc::new(log.inner.clone());
        let ledgers = Ledgers::start(
            Arc::new(log.clone()),
            store,
            None,
            Settings::new(STATES_BYTES),
        )
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (closes, closing) = watch::channel(false);
        let server = tonic::transport::Server::builder()
            .layer(DeadlineLayer::new(LONG))
            .layer(IdentifyLayer::new(Callers::unauthenticated()))
            .add_routes(services_until(closing, Recording::None, &ledgers, LONG));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(server.serve_with_incoming(incoming));
        Self {
            log,
            ledgers,
            closes,
            address,
            client: client_of(address).await,
            first_day: String::new(),
        }
    }

    /// A client on a connection of its own.
    async fn another_client(&self) -> Client {
        client_of(self.address).await
    }

    /// The services without a network between, where no call takes longer than `limit`.
    pub(crate) fn routes(&self, limit: Duration) -> Reached {
        let callers = IdentifyLayer::new(Callers::unauthenticated());
        callers.layer(services(&self.ledgers, limit))
    }

    /// Its only ledger.
    pub(crate) fn reader(&self) -> Arc<Reader> {
        self.ledgers.list().remove(0)
    }

    fn admin(&self) -> AdminServiceClient<InterceptedService<Reached, Ja>> {
        AdminServiceClient::with_interceptor(self.routes(LONG), Ja("管理者"))
    }

    /// The same log after a restart, undamaged.
    pub(crate) async fn restarted(self) -> Self {
        let first_day = self.first_day.clone();
        self.ledgers.stop().await.unwrap();
        self.log.inner.reopen(true);
        Self {
            first_day,
            ..Self::on(self.log.inner.clone()).await
        }
    }

    pub(crate) fn note(&self) -> AppendEventsRequest {
        self.notes("覚え書き", 1)
    }

    /// So many notes with this text.
    pub(crate) fn notes(&self, text: &str, count: usize) -> AppendEventsRequest {
        let note = |_| narrative(&self.first_day, "計画/1-1", text);
        append((0..count).map(note).collect())
    }

    /// What is durable, whatever the services say.
    async fn size(&self) -> u64 {
        let heads = self.log.inner.heads(Freshness::Linearizable).await.unwrap();
        heads.first().map_or(0, |(_, head)| head.size)
    }
}

/// Longer than any of these tests takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);
