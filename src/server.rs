//! The server: opens the data folder, serves it, and closes it in order.

pub mod continuation;
pub mod identity_provider;
pub mod sample;

mod connections;
mod health;
mod open_files;
mod policy_alarm;
mod signing_in;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::auth::{Callers, KeysFault, Mode, TlsFault};
use crate::clock::system_now;
use crate::config::Config;
use crate::evidence::{MediaTypes, Store, Terms};
use crate::grpc::{AdmissionLayer, DeadlineLayer, IdentifyLayer, PageKey, Parts, Services};
use crate::ledger::{Ledgers, ReadFault, Settings, StartError};
use crate::log::embedded::{EmbeddedConfig, EmbeddedLog, OpenError};
use crate::log::{CommitLog, DerivedStore, LogFault, ReadError};
use crate::proof::{self, InvalidKeyLock, KeyFault, KeyFolder, KeyLock, KeyLockFile, Proofs};

/// How long open calls may take to end after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How often is looked for proposals that have expired: the day of a ledger may end at any hour.
const EXPIRY_EVERY: Duration = Duration::from_secs(600);
/// Calls in flight on one connection at most.
const STREAMS_PER_CONNECTION: u32 = 128;

/// The server could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be opened.
    #[error("the data folder cannot be opened")]
    Open(#[from] OpenError),
    /// The ledgers in it cannot be read.
    #[error("the ledgers cannot be opened")]
    Start(#[from] StartError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the data folder cannot be read or written.
    #[error("the data folder cannot be used")]
    Folder(#[source] std::io::Error),
    /// Certificates and keys for connections cannot be used.
    #[error("connections cannot be encrypted")]
    Tls(#[from] TlsFault),
    /// The keys that access tokens are verified with cannot be used.
    #[error("access tokens cannot be verified")]
    Issuers(#[from] KeysFault),
    /// What opens the signing keys cannot be used.
    #[error("the signing keys cannot be opened")]
    Lock(#[from] InvalidKeyLock),
    /// A signing key is encrypted and cannot be opened.
    #[error("a signing key cannot be opened")]
    Key(#[from] KeyFault),
    /// Serving failed.
    #[error("serving failed")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors of the API do not fit the reflection service.
    #[error("reflection failed")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The log failed while the server ran; only opening the folder anew goes on.
    #[error("the log failed and the server stopped; start it again to check the data folder")]
    LogFailed,
    /// The log could not be closed in order. Nothing acknowledged is lost.
    #[error("the log was not closed in order")]
    Close(#[from] LogFault),
}

/// What whoever starts the server again has to know of its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// The address cannot be listened on.
    AddressTaken,
    /// Another process has the data folder open.
    FolderInUse,
    /// A later version or another engine wrote the folder.
    FolderForeign,
    /// What is stored cannot be proven whole.
    Damaged,
    /// The storage failed.
    StorageFailed,
    /// The signing keys are encrypted, and what is set does not open them.
    KeysClosed,
    /// A file that the settings name cannot be used.
    Settings,
    /// A fault of the program or the machine.
    Fault,
}

impl ServeError {
    /// What whoever starts the server again has to know.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Listen { .. } => Ending::AddressTaken,
            Self::Open(open) => match open {
                OpenError::Locked { .. } => Ending::FolderInUse,
                OpenError::Newer { .. } | OpenError::OtherEngine { .. } => Ending::FolderForeign,
                OpenError::Refused { .. } => Ending::Damaged,
                OpenError::Io { .. } => Ending::StorageFailed,
                OpenError::NothingThere { .. } | OpenError::JournalElsewhere { .. } => {
                    Ending::Settings
                }
            },
            Self::Start(StartError::Read(fault)) => match fault {
                ReadFault::Log(ReadError::Damaged { .. })
                | ReadFault::Decode { .. }
                | ReadFault::BrokenChain { .. }
                | ReadFault::OtherRoot { .. } => Ending::Damaged,
                _ => Ending::StorageFailed,
            },
            Self::Folder(_) | Self::LogFailed | Self::Close(_) => Ending::StorageFailed,
            Self::Lock(_) | Self::Key(_) => Ending::KeysClosed,
            Self::Start(StartError::Thread(_)) | Self::Transport(_) | Self::Reflection(_) => {
                Ending::Fault
            }
            Self::Tls(_) | Self::Issuers(_) => Ending::Settings,
        }
    }
}

/// An open data folder.
pub struct Opened {
    /// Its ledgers.
    pub ledgers: Arc<Ledgers>,
    page_key: PageKey,
    lock: KeyLock,
}

impl Opened {
    /// Opens the data folder of `config`, with every check that this takes.
    pub async fn open(config: &Config) -> Result<Self, ServeError> {
        let mut settings =
            EmbeddedConfig::new(&config.data, Arc::new(|| system_now().as_microsecond()));
        settings.existing = config.existing;
        settings.cache_bytes = config.cache_bytes;
        let within = || config.data.join("journal");
        settings.journal = Some(config.journal.clone().unwrap_or_else(within));
        settings.scrub_every = config.scrub_every;
        let (lock, data) = (lock_file(config), config.data.clone());
        // An encrypted key takes a second to open.
        let keys = tokio::task::spawn_blocking(move || {
            let lock = KeyLock::read(lock.as_ref())?;
            KeyFolder::new(&data, lock.clone()).check()?;
            Ok::<_, ServeError>(lock)
        });
        let lock = match keys.await {
            Ok(lock) => lock?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let keys = KeyFolder::new(&config.data, lock.clone());
        settings.floors = proof::floors(&config.data, &keys).map_err(ServeError::Folder)?;
        let opening = tokio::task::spawn_blocking(move || EmbeddedLog::open(settings)).await;
        let log = match opening {
            Ok(log) => Arc::new(log?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let page_key = PageKey::open(&config.data, rand::random).map_err(ServeError::Folder)?;
        let store: Arc<dyn DerivedStore> = log.clone();
        let log: Arc<dyn CommitLog> = log;
        let ledgers = Ledgers::start(
            log,
            store,
            Some(config.data.clone()),
            Settings {
                states_bytes: config.states_bytes,
                clock_behind_max: config.clock_behind_max,
                free_space_min: config.free_space_min,
            },
        )
        .await?;
        Ok(Self {
            ledgers,
            page_key,
            lock,
        })
    }

    /// Finishes what is under way and closes the folder.
    pub async fn close(self) -> Result<(), ServeError> {
        Ok(self.ledgers.stop().await?)
    }

    /// Serves the folder until `stop` completes or the log fails, then closes it. Tells `listening` the
    /// address once calls are taken.
    pub async fn serve(
        self,
        config: &Config,
        listening: impl FnOnce(SocketAddr),
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Self {
            ledgers,
            page_key,
            lock,
        } = self;
        let cannot = |source| ServeError::Listen {
            address: config.listen,
            source,
        };
        let sign_in = signing_in::read(config).await?;
        let tls = sign_in.tls.clone();
        let listener = TcpListener::bind(config.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;

        let (closing, closed) = watch::channel(false);
        let proofs = Proofs::new(ledgers.clone(), &config.data, rand::random)
            .locked_by(lock)
            .witnessed_by(config.witnesses.clone());
        let proofs = Arc::new(proofs);
        let terms = Terms {
            file_bytes_max: config.evidence_file_bytes,
            media_types: MediaTypes::with(config.evidence_media_types.clone()),
        };
        let evidence = Arc::new(Store::new(&config.data, terms));
        evidence.settle(&ledgers).await;
        let services = Services::new(Parts {
            ledgers: ledgers.clone(),
            proofs: proofs.clone(),
            evidence: evidence.clone(),
            page_key,
            default_ledger: config.default_ledger.clone(),
            request_timeout: config.request_timeout,
            closing: closed.clone(),
            recording: config.access_log,
            auth: config.auth,
            administrators: config.administrators.clone(),
        });
        let access_log = services.access_log().clone();
        let recording = tokio::spawn(access_log.clone().run());
        let taken = services.snapshots().complete().await;
        if 0 < taken {
            tracing::info!(
                taken,
                "snapshots or recordings of heads after closings were missing and were made"
            );
        }
        let expiring = ledgers.clone();
        let expiry = tokio::spawn(async move {
            loop {
                let expired = expiring.expire_proposals().await;
                if 0 < expired {
                    tracing::info!(expired, "proposals were not decided in time");
                }
                tokio::time::sleep(EXPIRY_EVERY).await;
            }
        });
        proofs.follow_all(&closed);
        let (sweeping, swept_of) = (evidence, ledgers.clone());
        let sweep = tokio::spawn(async move { sweeping.sweep(&swept_of).await });
        let health = HealthReporter::new();
        let mut following = signing_in::follow(&sign_in, &health);
        following.spawn(policy_alarm::follow(
            services.policy_failures(),
            health.clone(),
        ));
        health
            .set_service_status("", ServingStatus::NotServing)
            .await;
        let mut routes = services.routes();
        routes.add_service(health::service(&health, closed.clone()));
        if config.reflection {
            let reflection = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(crate::api::FILE_DESCRIPTOR_SET)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            routes.add_service(reflection().build_v1()?);
            // What older clients ask for.
            routes.add_service(reflection().build_v1alpha()?);
        }

        let mut server = tonic::transport::Server::builder()
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(20)))
            .http2_max_header_list_size(16 * 1024)
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(panicked))
            .layer(DeadlineLayer::new(config.request_timeout))
            .layer(
                IdentifyLayer::new(match config.auth {
                    Mode::Unauthenticated => Callers::unauthenticated(),
                    Mode::Required => Callers::signing_in(sign_in),
                })
                .accounted_by(services.clone()),
            )
            .layer(AdmissionLayer::default());
        let incoming =
            connections::incoming(listener, open_files::room(config.connections_max), tls);
        let mut draining = closed;
        let shutdown = async move {
            // The sender lives until the server has ended.
            let _ = draining.wait_for(|closing| *closing).await;
        };
        let serving = server
            .add_routes(routes.routes())
            .serve_with_incoming_shutdown(incoming, shutdown);
        tokio::pin!(serving);

        health.set_service_status("", ServingStatus::Serving).await;
        tracing::info!(%address, "listening");
        listening(address);
        let mut writable = ledgers.writable();
        let mut failed = false;
        tokio::select! {
            ended = &mut serving => ended?,
            () = stop => {}
            _ = writable.wait_for(|writable| !writable) => failed = true,
        }
        health
            .set_service_status("", ServingStatus::NotServing)
            .await;
        tracing::info!("stopping");
        closing.send_replace(true);
        match tokio::time::timeout(DRAIN, &mut serving).await {
            Ok(ended) => ended?,
            Err(_) => tracing::warn!("some calls did not end in time"),
        }
        sweep.abort();
        expiry.abort();
        following.abort_all();
        if recording.await.is_err() {
            tracing::error!("recording accesses panicked");
        }
        // What the last calls noted after that.
        access_log.settle().await;
        proofs.finished().await;
        let stopped = ledgers.stop().await;
        if failed {
            return Err(ServeError::LogFailed);
        }
        Ok(stopped?)
    }
}

/// What the settings say that opens signing keys.
fn lock_file(config: &Config) -> Option<KeyLockFile> {
    let identity = config.key_identity.clone().map(KeyLockFile::Identity);
    let passphrase = || config.key_passphrase_file.clone();
    identity.or_else(|| passphrase().map(KeyLockFile::Passphrase))
}

/// Completes when the process is asked to stop. Listens from the call on, so that nobody who is told that it serves can be too early.
#[cfg(unix)]
pub fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| {
        let signal = signal(kind);
        Box::pin(async move {
            match signal {
                Ok(mut signal) => drop(signal.recv().await),
                // Without the signal there is nothing to wait for.
                Err(_) => std::future::pending().await,
            }
        })
    });
    async move { drop(futures::future::select_all(asked).await) }
}

/// Completes when the process is asked to stop.
#[cfg(not(unix))]
pub async fn asked_to_stop() {
    // Without the signal there is nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A panic in a handler ends that call only; the writer has its own thread.
fn panicked(_: Box<dyn std::any::Any + Send>) -> http::Response<tonic::body::Body> {
    tracing::error!("a call panicked");
    tonic::Status::internal("internal error").into_http()
}
