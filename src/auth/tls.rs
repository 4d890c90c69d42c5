//! How connections are encrypted and client certificates are judged: files that may be replaced at any time.
//!
//! What was read last and is whole stays in force until the next is whole. A connection keeps the keys that it was made
//! with; its client's certificate is judged again at the next call after a change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::auth::certificate::{self, ClientCertificate, InvalidCertificate};
use crate::auth::watched::{self, Seen, Stamp};
use crate::clock::system_now;

/// Bytes of a file with certificates or a key at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a file with revocation lists at most.
const CRL_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Certificates in one file at most.
const CERTIFICATES_MAX: usize = 256;
/// Revocation lists in one file at most.
const CRLS_MAX: usize = 256;
/// What is spoken over TLS: HTTP/2, as gRPC asks for.
const PROTOCOL: &[u8] = b"h2";

/// Whether clients have to have a certificate.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientCertificates {
    /// Clients may do without, and identify themselves with a token.
    #[default]
    Optional,
    /// A connection without one is not made.
    Required,
}

impl FromStr for ClientCertificates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err("must be `optional` or `required`".to_owned()),
        }
    }
}

/// Where certificates and keys are. All files are in PEM; a revocation list may be in DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it what leads to an authority.
    pub certificate: PathBuf,
    /// The key of the server's certificate.
    pub key: PathBuf,
    /// Whose certificates clients may have.
    pub clients: Option<ClientFiles>,
}

/// Whose certificates clients may have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientFiles {
    /// The authorities.
    pub roots: PathBuf,
    /// What they revoked. With it, each authority in a chain must have a list.
    pub crls: Option<PathBuf>,
    /// Whether a certificate is asked for or required.
    pub certificates: ClientCertificates,
}

/// A file of certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TlsFault {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: TlsProblem,
}

/// What is wrong with a file of certificates or keys.
#[derive(Debug, thiserror::Error)]
pub enum TlsProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Not PEM, or cut short.
    #[error("is not PEM with {0}")]
    Pem(&'static str),
    /// More than fits.
    #[error("has more than {0} entries")]
    TooMany(usize),
    /// A certificate cannot be read.
    #[error("{0}")]
    Certificate(#[from] InvalidCertificate),
    /// The server's certificate has expired.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate and the key do not belong together, or TLS cannot use them.
    #[error("certificate and key cannot be used: {0}")]
    Pair(rustls::Error),
    /// An authority cannot be used.
    #[error("an authority cannot be used: {0}")]
    Root(rustls::Error),
    /// Authorities and revocation lists cannot be used.
    #[error("the authorities and what they revoked cannot be used: {0}")]
    Clients(#[from] VerifierBuilderError),
}

/// A client's certificate is not accepted, or not any more.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the client certificate is not accepted: {0}")]
pub struct CertificateRefused(String);

/// What came of looking at the files again.
#[derive(Debug)]
pub enum Reload {
    /// They are what they were.
    Unchanged,
    /// They are in force from now on.
    Loaded,
    /// They cannot be used; what was in force before still is.
    Broken(TlsFault),
}

/// Certificates and keys in force.
pub struct Tls {
    files: TlsFiles,
    current: ArcSwap<Settings>,
    seen: Mutex<Seen<Vec<Stamp>>>,
}

struct Settings {
    /// Counts from 1; another number is another set of files.
    number: u64,
    server: Arc<ServerConfig>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish()
    }
}

impl Tls {
    /// How long a handshake may take.
    pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
    /// How often somebody should look whether the files changed.
    pub const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, TlsFault> {
        let stamps = files.stamps();
        let settings = Settings::read(&files, 1)?;
        Ok(Self {
            files,
            current: ArcSwap::from_pointee(settings),
            seen: Mutex::new(Seen::read(stamps)),
        })
    }

    /// Reads the files again if one of them changed or could not be read. Blocks.
    pub fn reload(&self) -> Reload {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read: what changes meanwhile is seen the next time.
        let stamps = self.files.stamps();
        if !seen.is_new(&stamps) {
            return Reload::Unchanged;
        }
        let number = self.current.load().number + 1;
        match Settings::read(&self.files, number) {
            Ok(settings) => {
                seen.remember(stamps, true);
                self.current.store(Arc::new(settings));
                Reload::Loaded
            }
            Err(fault) => match &fault.problem {
                TlsProblem::Io(error) if watched::is_passing(error) => {
                    match seen.remember(stamps, false) {
                        true => Reload::Broken(fault),
                        false => Reload::Unchanged,
                    }
                }
                _ => {
                    seen.remember(stamps, true);
                    Reload::Broken(fault)
                }
            },
        }
    }

    /// For the next handshake.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.current.load().server.clone()
    }

    /// Reads the certificate that a client showed in a handshake that succeeded.
    pub fn client(
        &self,
        chain: &[CertificateDer<'_>],
    ) -> Result<ClientCertificate, InvalidCertificate> {
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        // Whatever settings the handshake was made with: the first call asks those of now.
        ClientCertificate::new(chain, 0)
    }

    /// Whether a client's certificate is accepted now: by the authorities, for the day, and not revoked.
    pub fn judge(&self, client: &ClientCertificate) -> Result<(), CertificateRefused> {
        let settings = self.current.load();
        let now = system_now().as_second();
        if client.is_accepted_by(settings.number, now) {
            return Ok(());
        }
        let refused = |problem: String| CertificateRefused(problem);
        let Some(clients) = &settings.clients else {
            return Err(refused("no authority is set for clients".to_owned()));
        };
        let Some((leaf, intermediates)) = client.chain().split_first() else {
            return Err(refused("there is none".to_owned()));
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or(0)));
        clients
            .verify_client_cert(leaf, intermediates, now)
            .map_err(|error| refused(error.to_string()))?;
        client.accept(settings.number);
        Ok(())
    }
}

impl TlsFiles {
    fn stamps(&self) -> Vec<Stamp> {
        let clients = self.clients.iter();
        let clients = clients.flat_map(|clients| [Some(&clients.roots), clients.crls.as_ref()]);
        let all = [Some(&self.certificate), Some(&self.key)];
        let all = all.into_iter().chain(clients).flatten();
        all.map(|path| watched::stamp(path)).collect()
    }
}

impl Settings {
    fn read(files: &TlsFiles, number: u64) -> Result<Self, TlsFault> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = certificates(&files.certificate)?;
        let now = system_now().as_second();
        for certificate in chain.iter().take(1) {
            let expiry = certificate::expiry(certificate);
            if expiry.map_err(|problem| fault(&files.certificate, problem))? <= now {
                return Err(fault(&files.certificate, TlsProblem::Expired));
            }
        }
        let key = bytes(&files.key, FILE_BYTES_MAX)?;
        let key = PrivateKeyDer::from_pem_slice(&key)
            .map_err(|_| fault(&files.key, TlsProblem::Pem("a private key")))?;

        let clients = files.clients.as_ref();
        let clients = clients
            .map(|clients| clients.verifier(&provider))
            .transpose()?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| fault(&files.certificate, TlsProblem::Pair(error)))?;
        let builder = match &clients {
            Some(clients) => builder.with_client_cert_verifier(clients.clone()),
            None => builder.with_no_client_auth(),
        };
        let mut server = builder
            .with_single_cert(chain, key)
            .map_err(|error| fault(&files.key, TlsProblem::Pair(error)))?;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        // A resumed session would not show its certificate again.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Self {
            number,
            server: Arc::new(server),
            clients,
        })
    }
}

impl ClientFiles {
    fn verifier(
        &self,
        provider: &Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsFault> {
        let mut roots = RootCertStore::empty();
        for root in certificates(&self.roots)? {
            roots
                .add(root)
                .map_err(|error| fault(&self.roots, TlsProblem::Root(error)))?;
        }
        let provider = provider.clone();
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let Some(path) = &self.crls {
            builder = builder.with_crls(revocation_lists(path)?);
        }
        if self.certificates == ClientCertificates::Optional {
            builder = builder.allow_unauthenticated();
        }
        let path = self.crls.as_ref().unwrap_or(&self.roots);
        builder.build().map_err(|problem| fault(path, problem))
    }
}

fn fault(path: &Path, problem: impl Into<TlsProblem>) -> TlsFault {
    TlsFault {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, TlsFault> {
    watched::read(path, bytes_max).map_err(|error| fault(path, error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let pem = bytes(path, FILE_BYTES_MAX)?;
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| fault(path, TlsProblem::Pem("certificates")))?;
        certificates.push(certificate);
    }
    match certificates.len() {
        0 => Err(fault(path, TlsProblem::Pem("certificates"))),
        1..=CERTIFICATES_MAX => Ok(certificates),
        _ => Err(fault(path, TlsProblem::TooMany(CERTIFICATES_MAX))),
    }
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsFault> {
    let read = bytes(path, CRL_FILE_BYTES_MAX)?;
    // Authorities publish lists in DER: a SEQUENCE, which no text begins with.
    if read.first() == Some(&0x30) {
        return Ok(vec![read.into()]);
    }
    let mut lists = Vec::new();
    for list in CertificateRevocationListDer::pem_slice_iter(&read) {
        lists.push(list.map_err(|_| fault(path, TlsProblem::Pem("revocation lists")))?);
    }
    match lists.len() {
        0 => Err(fault(path, TlsProblem::Pem("revocation lists"))),
        1..=CRLS_MAX => Ok(lists),
        _ => Err(fault(path, TlsProblem::TooMany(CRLS_MAX))),
    }
}
