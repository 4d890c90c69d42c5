//! The keys of one issuer: a JWK set (RFC 7517) from a file or a URL, replaced whole or not at all.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::auth::token::{Algorithm, TokenRefused};
use crate::auth::watched::{self, Seen, Stamp};

/// Bytes of a key set, and of a file of certificates, at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Keys of a set at most.
const KEYS_MAX: usize = 100;
/// Bytes of an RSA modulus at least.
const RSA_BYTES_MIN: usize = 256;
/// How often is looked whether a file changed.
const FILE_INTERVAL: Duration = Duration::from_secs(1);
/// How often a set is fetched that nobody asks for.
const FETCH_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// How long after a fetch comes the next, however many unknown keys are named.
const FETCH_PAUSE: Duration = Duration::from_secs(5);
/// How long one fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the keys of an issuer are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JwksSource {
    /// A file, read again when it changes.
    File(PathBuf),
    /// An address.
    Url {
        /// Beginning with `https://`; `http://` on this machine only.
        url: String,
        /// Whose certificates the issuer has, in PEM; absent: the authorities that browsers believe.
        certificates: Option<PathBuf>,
    },
}

impl JwksSource {
    /// A URL, if keys may be fetched from there.
    pub fn url(url: &str, certificates: Option<PathBuf>) -> Result<Self, String> {
        let parsed: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
        let host = parsed.host().unwrap_or_default().trim_matches(['[', ']']);
        let here = host.parse::<std::net::IpAddr>();
        let here = host == "localhost" || here.is_ok_and(|address| address.is_loopback());
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            Some("http") => {
                return Err("is not encrypted; `http` is for this machine only".to_owned());
            }
            _ => return Err("must begin with `https://`".to_owned()),
        }
        Ok(Self::Url {
            url: url.to_owned(),
            certificates,
        })
    }
}

/// Keys cannot be had, or not used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct KeysFault {
    /// The file or URL.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

/// What came of looking for keys.
#[derive(Debug)]
pub enum Refresh {
    /// They are what they were.
    Unchanged,
    /// So many are in force from now on.
    Loaded(usize),
    /// They cannot be had or used; those from before still are in force.
    Broken(KeysFault),
}

/// The keys of an issuer as they are now.
pub(super) struct Keys {
    source: JwksSource,
    current: ArcSwap<KeySet>,
    read: Mutex<Read>,
    wanted: Notify,
}

/// What was read last.
#[derive(Default)]
struct Read {
    seen: Seen<Stamp>,
    bytes: Vec<u8>,
    /// Whether a fetch was made: the next has to wait.
    was_fetched: bool,
}

/// Keys that were read together.
pub(super) struct KeySet {
    number: u64,
    keys: Vec<Key>,
}

struct Key {
    id: Option<String>,
    /// SHA-256 of its parameters.
    sha256: [u8; 32],
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl Keys {
    /// Keys from a file are there at once; others come with the first [`Keys::next_refresh`].
    pub(super) fn open(source: JwksSource) -> Result<Self, KeysFault> {
        let keys = Self {
            source,
            current: ArcSwap::from_pointee(KeySet {
                number: 0,
                keys: Vec::new(),
            }),
            read: Mutex::default(),
            wanted: Notify::new(),
        };
        match &keys.source {
            JwksSource::File(_) => match keys.refresh() {
                Refresh::Broken(fault) => return Err(fault),
                Refresh::Loaded(_) | Refresh::Unchanged => {}
            },
            JwksSource::Url { .. } => keys.want(),
        }
        Ok(keys)
    }

    pub(super) fn current(&self) -> Arc<KeySet> {
        self.current.load_full()
    }

    /// Which set is in force: another number is another set.
    pub(super) fn number(&self) -> u64 {
        self.current.load().number
    }

    /// Somebody named a key that is not here.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until it is time, then looks for keys.
    pub(super) async fn next_refresh(self: Arc<Self>) -> Refresh {
        match &self.source {
            JwksSource::File(_) => tokio::time::sleep(FILE_INTERVAL).await,
            JwksSource::Url { .. } => {
                let fetched = self
                    .read
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .was_fetched;
                if fetched {
                    tokio::time::sleep(FETCH_PAUSE).await;
                }
                // Woken or not, it is time.
                let _ = tokio::time::timeout(FETCH_INTERVAL, self.wanted.notified()).await;
            }
        }
        let place = self.source.place();
        let looked = tokio::task::spawn_blocking(move || self.refresh()).await;
        looked.unwrap_or_else(|error| {
            let problem = error.to_string();
            Refresh::Broken(KeysFault { place, problem })
        })
    }

    /// Looks for keys now. Blocks.
    pub(super) fn refresh(&self) -> Refresh {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &self.source {
            JwksSource::File(path) => {
                let stamp = watched::stamp(path);
                let was_read = !read.bytes.is_empty();
                if was_read && !read.seen.is_new(&stamp) {
                    return Refresh::Unchanged;
                }
                match watched::read(path, FILE_BYTES_MAX) {
                    Ok(bytes) => {
                        read.seen.remember(stamp, true);
                        Ok(bytes)
                    }
                    Err(error) => {
                        let could_be_read = !watched::is_passing(&error);
                        let has_to_be_told = read.seen.remember(stamp, could_be_read);
                        if !could_be_read && !has_to_be_told {
                            return Refresh::Unchanged;
                        }
                        Err(cannot_read(&error))
                    }
                }
            }
            JwksSource::Url { url, certificates } => {
                read.was_fetched = true;
                fetch(url, certificates.as_deref())
            }
        };
        let fault = |problem| KeysFault {
            place: self.source.place(),
            problem,
        };
        let bytes = match bytes {
            Ok(bytes) if bytes == read.bytes => return Refresh::Unchanged,
            Ok(bytes) => bytes,
            Err(problem) => return Refresh::Broken(fault(problem)),
        };
        let parsed = parse(&bytes);
        read.bytes = bytes;
        match parsed {
            Ok(keys) => {
                let count = keys.len();
                let number = self.number() + 1;
                self.current.store(Arc::new(KeySet { number, keys }));
                Refresh::Loaded(count)
            }
            Err(problem) => Refresh::Broken(fault(problem)),
        }
    }
}

impl KeySet {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The key named `id`; where none is named, the only one for the algorithm.
    pub(super) fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<(&DecodingKey, [u8; 32]), TokenRefused> {
        let unknown = || TokenRefused::KeyUnknown(id.map(clipped));
        let fits = |key: &&Key| key.algorithms.contains(&algorithm);
        let key = match id {
            Some(_) => {
                let named = self.keys.iter().find(|key| key.id.as_deref() == id);
                let named = named.ok_or_else(unknown)?;
                Some(named).filter(fits).ok_or(TokenRefused::KeyMismatch)?
            }
            None => {
                let mut fitting = self.keys.iter().filter(fits);
                match (fitting.next(), fitting.next()) {
                    (Some(only), None) => only,
                    _ => return Err(unknown()),
                }
            }
        };
        Ok((&key.key, key.sha256))
    }

    /// Whether it has a key with these parameters, whatever it is called.
    pub(super) fn has(&self, sha256: &[u8; 32]) -> bool {
        self.keys.iter().any(|key| key.sha256 == *sha256)
    }
}

impl JwksSource {
    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url { url, .. } => url.clone(),
        }
    }
}

/// A stranger wrote it, and it goes into the log.
fn clipped(id: &str) -> String {
    id.chars().take(64).collect()
}

fn cannot_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

fn fetch(url: &str, certificates: Option<&Path>) -> Result<Vec<u8>, String> {
    let mut config = Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .max_redirects(0)
        .proxy(None);
    if let Some(path) = certificates {
        let roots = RootCerts::from(roots(path)?);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let agent: Agent = config.build().into();
    let sent = agent.get(url).header("accept", "application/json").call();
    let mut answer = sent.map_err(|error| format!("cannot be fetched: {error}"))?;
    if answer.status() != 200 {
        return Err(format!("answered {}", answer.status().as_u16()));
    }
    let body = answer.body_mut().with_config().limit(FILE_BYTES_MAX);
    body.read_to_vec()
        .map_err(|error| format!("cannot be fetched: {error}"))
}

fn roots(path: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>, String> {
    let pem = watched::read(path, FILE_BYTES_MAX);
    let pem = pem.map_err(|error| format!("{}: {}", path.display(), cannot_read(&error)))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    match certificates.is_empty() {
        true => Err(format!("{}: has no certificate in PEM", path.display())),
        false => Ok(certificates),
    }
}

/// The keys of a set that verify signatures. Those of kinds that are not known are left out; two of one name, or none
/// but such, are a fault.
fn parse(bytes: &[u8]) -> Result<Vec<Key>, String> {
    let set: JwkSet = serde_json::from_slice(bytes)
        .map_err(|error| format!("is no JWK set (line {})", error.line()))?;
    if KEYS_MAX < set.keys.len() {
        return Err(format!("has more than {KEYS_MAX} keys"));
    }
    let mut keys: Vec<Key> = Vec::new();
    for key in set.keys.iter().filter_map(usable) {
        if key.id.is_some() && keys.iter().any(|other| other.id == key.id) {
            return Err(format!(
                "has two keys `{}`",
                clipped(key.id.as_deref().unwrap_or(""))
            ));
        }
        keys.push(key);
    }
    // A set that says that there is none takes all away.
    match keys.is_empty() && !set.keys.is_empty() {
        true => Err("has no key that verifies signatures".to_owned()),
        false => Ok(keys),
    }
}

fn usable(jwk: &Jwk) -> Option<Key> {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let common = &jwk.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let operations = common.key_operations.as_ref();
    if operations.is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![Rs256, Rs384, Rs512, Ps256, Ps384, Ps512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![Es256],
            EllipticCurve::P384 => vec![Es384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            vec![EdDsa]
        }
        _ => return None,
    };
    if let Some(only) = common.key_algorithm {
        algorithms.retain(|algorithm| only == key_algorithm(*algorithm));
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    if let jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind()
        && n.len() < RSA_BYTES_MIN
    {
        return None;
    }
    let id = common.key_id.clone();
    let sha256 = Sha256::digest(serde_json::to_vec(&jwk.algorithm).ok()?).into();
    (!algorithms.is_empty()).then_some(Key {
        id,
        sha256,
        algorithms,
        key,
    })
}

fn key_algorithm(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::Rs256 => KeyAlgorithm::RS256,
        Algorithm::Rs384 => KeyAlgorithm::RS384,
        Algorithm::Rs512 => KeyAlgorithm::RS512,
        Algorithm::Ps256 => KeyAlgorithm::PS256,
        Algorithm::Ps384 => KeyAlgorithm::PS384,
        Algorithm::Ps512 => KeyAlgorithm::PS512,
        Algorithm::Es256 => KeyAlgorithm::ES256,
        Algorithm::Es384 => KeyAlgorithm::ES384,
        Algorithm::EdDsa => KeyAlgorithm::EdDSA,
    }
}
