//! A server that asks for certificates and tokens, and callers of all kinds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use daicho::api::v1;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::identity_service_client::IdentityServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::config::Flags;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use super::authority::{Authority, Pair};
use super::issuer::{AUDIENCE, ISSUER, Signer, jwks};
use crate::service::Server;

/// Who opens ledgers here and reads what they are, without a seat.
const ADMINISTRATORS: &str = "CN=Services,O=Sample-City#spiffe://city.example/import\n\
                              CN=Services,O=Sample-City#spiffe://city.example/other\n\
                              https://id.city.example#f1e2";
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that takes certificates of an authority and tokens of an issuer.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) authority: Authority,
    pub(crate) signer: Signer,
    /// Where its files are.
    pub(crate) files: tempfile::TempDir,
}

/// Which settings a server has besides.
pub(crate) type Change = fn(&mut Flags);

/// Adds what a caller says of itself.
#[derive(Clone, Default)]
pub(crate) struct Saying {
    name: Option<String>,
    token: Option<String>,
}

impl Interceptor for Saying {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if let Some(name) = &self.name {
            let name = MetadataValue::from_bytes(name.as_bytes());
            metadata.insert_bin("daicho-actor-bin", name);
        }
        if let Some(token) = &self.token {
            metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        Ok(request)
    }
}

/// Somebody with a connection.
#[derive(Clone)]
pub(crate) struct Caller {
    channel: Channel,
    saying: Saying,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: Change) -> Self {
        let (authority, signer) = (Authority::new("Services"), Signer::new("first"));
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name);
        let text = |path: PathBuf| Some(path.to_str().unwrap().to_owned());
        let pair = authority.server();
        std::fs::write(path("server.pem"), &pair.certificate).unwrap();
        std::fs::write(path("server.key"), &pair.key).unwrap();
        std::fs::write(path("roots.pem"), authority.pem()).unwrap();
        std::fs::write(path("revoked.pem"), authority.revoking(1, &[])).unwrap();
        std::fs::write(path("jwks.json"), jwks(&[&signer])).unwrap();
        let settings = settings(path("jwks.json").to_str().unwrap());
        std::fs::write(path("daicho.toml"), settings).unwrap();
        let mut flags = Flags {
            config: Some(path("daicho.toml")),
            tls_certificate: text(path("server.pem")),
            tls_key: text(path("server.key")),
            tls_client_roots: text(path("roots.pem")),
            tls_crl: text(path("revoked.pem")),
            auth: Some("required".to_owned()),
            administrators: Some(ADMINISTRATORS.to_owned()),
            ..Flags::default()
        };
        change(&mut flags);
        Self {
            server: Server::with(tempfile::tempdir().unwrap(), flags).await,
            authority,
            signer,
            files,
        }
    }

    /// Replaces one of the server's files, as an administrator does it: whole, by renaming.
    pub(crate) fn replace(&self, name: &str, content: &str) {
        let next = self.files.path().join("next");
        std::fs::write(&next, content).unwrap();
        std::fs::rename(next, self.files.path().join(name)).unwrap();
    }

    /// How to reach the server, with a certificate or without.
    pub(crate) fn endpoint(&self, pair: Option<&Pair>) -> Endpoint {
        let mut tls = ClientTlsConfig::new()
            .domain_name("localhost")
            .ca_certificate(Certificate::from_pem(self.authority.pem()));
        if let Some(pair) = pair {
            tls = tls.identity(Identity::from_pem(&pair.certificate, &pair.key));
        }
        let endpoint = Endpoint::from_shared(format!("https://{}", self.server.address));
        endpoint.unwrap().tls_config(tls).unwrap()
    }

    /// A connection of somebody without a certificate who has said nothing but what the handshake needs.
    pub(crate) async fn handshake(&self) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.authority.pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(self.server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream);
        stream.await.unwrap()
    }

    /// A service with this certificate, over a connection that is made with its first call.
    pub(crate) fn caller(&self, pair: Option<&Pair>) -> Caller {
        Caller {
            channel: self.endpoint(pair).connect_lazy(),
            saying: Saying::default(),
        }
    }

    /// Somebody without anything to show.
    pub(crate) fn stranger(&self) -> Caller {
        self.caller(None)
    }

    /// A person with this token.
    pub(crate) fn person(&self, token: &str) -> Caller {
        self.stranger().with_token(token)
    }
}

/// The settings file that tells of the issuer.
pub(crate) fn settings(jwks: &str) -> String {
    format!("[[oidc]]\nissuer = '{ISSUER}'\naudience = '{AUDIENCE}'\njwks = '{jwks}'\n")
}

impl Caller {
    pub(crate) fn over(channel: Channel) -> Self {
        Self {
            channel,
            saying: Saying::default(),
        }
    }

    /// The same, who calls itself this.
    pub(crate) fn claiming(mut self, name: &str) -> Self {
        self.saying.name = Some(name.to_owned());
        self
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.saying.token = Some(token.to_owned());
        self
    }

    /// Who the server takes it for.
    pub(crate) async fn caller(&self) -> Result<v1::Actor, Status> {
        let mut client =
            IdentityServiceClient::with_interceptor(self.channel.clone(), self.saying.clone());
        let answer = client.get_caller(v1::GetCallerRequest {}).await?;
        Ok(answer.into_inner().actor.unwrap())
    }

    pub(crate) fn ledger(&self) -> LedgerServiceClient<InterceptedService<Channel, Saying>> {
        LedgerServiceClient::with_interceptor(self.channel.clone(), self.saying.clone())
    }

    pub(crate) fn audit(&self) -> AuditServiceClient<InterceptedService<Channel, Saying>> {
        AuditServiceClient::with_interceptor(self.channel.clone(), self.saying.clone())
    }

    pub(crate) fn admin(&self) -> AdminServiceClient<InterceptedService<Channel, Saying>> {
        AdminServiceClient::with_interceptor(self.channel.clone(), self.saying.clone())
    }
}

/// Asks until the answer is yes. Each question is a round through the server; no clock is watched but for giving up.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let held = tokio::time::timeout(PATIENCE, asking).await;
    assert!(held.is_ok(), "it never came that {what}");
}
