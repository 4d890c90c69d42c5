//! The services of a data folder, in this process.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use daicho::access_log::Recording;
use daicho::auth::{Callers, Mode};
use daicho::config::{Config, Flags};
use daicho::evidence::{MediaTypes, Store, Terms};
use daicho::grpc::{AdmissionLayer, DeadlineLayer, IdentifyLayer, PageKey, Parts, Services};
use daicho::ledger::Ledgers;
use daicho::proof::Proofs;
use daicho::server::Opened;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::server::TcpIncoming;

use crate::Outcome;

/// What serves a folder.
pub(crate) struct Here {
    services: Services,
    ledgers: Arc<Ledgers>,
    request_timeout: std::time::Duration,
    /// Nothing is closing until it is dropped.
    open: watch::Sender<bool>,
    listener: TcpListener,
    /// Where it will listen.
    pub(crate) address: std::net::SocketAddr,
}

impl Here {
    /// Opens `folder` as a server does, for callers who name themselves; without signing nothing else is different.
    pub(crate) async fn open(folder: &Path, signs: bool) -> Outcome<Self> {
        let (open, closing) = watch::channel(false);
        let flags = Flags {
            data: Some(folder.to_string_lossy().into_owned()),
            listen: Some("127.0.0.1:0".to_owned()),
            ..Flags::default()
        };
        let config = Config::from_sources(&flags, |_| None)?;
        let opened = Opened::open(&config).await?;
        let proofs = Proofs::new(opened.ledgers.clone(), &config.data, rand::random);
        let proofs = Arc::new(proofs);
        if signs {
            proofs.follow_all(&closing);
        }
        let terms = Terms {
            file_bytes_max: config.evidence_file_bytes,
            media_types: MediaTypes::with(config.evidence_media_types.clone()),
        };
        let services = Services::new(Parts {
            ledgers: opened.ledgers.clone(),
            proofs,
            evidence: Arc::new(Store::new(&config.data, terms)),
            page_key: PageKey::open(&config.data, rand::random)?,
            default_ledger: None,
            request_timeout: config.request_timeout,
            closing,
            recording: Recording::None,
            auth: Mode::Unauthenticated,
            administrators: Vec::new(),
        });
        let listener = TcpListener::bind(config.listen).await?;
        Ok(Self {
            services,
            ledgers: opened.ledgers,
            request_timeout: config.request_timeout,
            open,
            address: listener.local_addr()?,
            listener,
        })
    }

    /// Serves until it is dropped or `told`; then all that was begun behind answers is done before it returns.
    pub(crate) async fn serve(self, told: impl Future<Output = ()>) -> Outcome<()> {
        let _open = self.open;
        let serving = tonic::transport::Server::builder()
            .layer(DeadlineLayer::new(self.request_timeout))
            .layer(IdentifyLayer::new(Callers::unauthenticated()))
            .layer(AdmissionLayer::default())
            .add_routes(self.services.routes().routes())
            .serve_with_incoming(TcpIncoming::from(self.listener).with_nodelay(Some(true)));
        tokio::select! {
            ended = serving => ended?,
            () = told => {}
        }
        Ok(self.ledgers.stop().await?)
    }
}
