//! What a ledger asks a witness, over HTTP or HTTPS.

use std::io;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::merkle::witness::WITNESS_ANSWER_BYTES_MAX;
use crate::merkle::{
    AddCheckpoint, Cosignatures, InvalidCosignatures, InvalidKnownSize, parse_known_size,
};

/// The longest file of certificates.
const CERTIFICATES_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a refusal that are told.
const REFUSAL_BYTES_MAX: usize = 1_000;

/// A witness that is asked. Blocks while it is.
#[derive(Clone, Debug)]
pub struct Asked {
    agent: Agent,
    url: String,
}

/// What a witness answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It cosigned. Nothing is verified yet.
    Cosigned(Cosignatures),
    /// It saw another size last than the request said: ask again from there.
    OtherSize(u64),
}

/// A witness gave no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    /// Not an address that can be asked.
    #[error("not a URL of a witness, which begins with `http://` or `https://`")]
    Url,
    /// The certificates cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(#[source] io::Error),
    /// The file has no certificate.
    #[error("the file has no certificate in PEM")]
    NoCertificate,
    /// It was not reached, or did not answer in time.
    #[error("the witness was not reached")]
    Unreached(#[source] Box<ureq::Error>),
    /// It refused.
    #[error("the witness refused ({status}): {why}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The first of what it said.
        why: String,
    },
    /// It said yes with something that is no answer.
    #[error("the answer of the witness cannot be read")]
    Cosignatures(#[from] InvalidCosignatures),
    /// It said that it saw another size, and not which.
    #[error("the size that the witness saw cannot be read")]
    KnownSize(#[from] InvalidKnownSize),
}

impl Asked {
    /// The witness at `url`, which is the part before `/add-checkpoint`. Each question may take `timeout`.
    /// `certificates`, a file in PEM, says whom to believe over HTTPS; absent: the authorities that browsers
    /// believe.
    pub fn new(
        url: &str,
        timeout: Duration,
        certificates: Option<&Path>,
    ) -> Result<Self, AskFault> {
        let parsed: Uri = url.parse().map_err(|_| AskFault::Url)?;
        let known = matches!(parsed.scheme_str(), Some("http" | "https"));
        if !known || parsed.query().is_some() {
            return Err(AskFault::Url);
        }
        let mut config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // Whoever moved a witness says so to its logs.
            .max_redirects(0);
        if let Some(path) = certificates {
            let roots = RootCerts::from(read_certificates(path)?);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self {
            agent: config.build().into(),
            url: format!("{}/add-checkpoint", url.trim_end_matches('/')),
        })
    }

    /// Asks once.
    pub fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Answer, AskFault> {
        let unreached = |error| AskFault::Unreached(Box::new(error));
        let sent = self.agent.post(&self.url).send(request.to_string());
        let mut response = sent.map_err(unreached)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config();
        // One more than is taken, so that what is too long is refused and not cut.
        let body = body
            .limit(1 + WITNESS_ANSWER_BYTES_MAX as u64)
            .read_to_vec();
        let body = body.map_err(unreached)?;
        match status {
            200 => Ok(Answer::Cosigned(Cosignatures::parse(&body)?)),
            409 => Ok(Answer::OtherSize(parse_known_size(&body)?)),
            _ => {
                let said = body.get(..REFUSAL_BYTES_MAX).unwrap_or(&body);
                let why = String::from_utf8_lossy(said).trim().to_owned();
                Err(AskFault::Refused { status, why })
            }
        }
    }
}

fn read_certificates(path: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>, AskFault> {
    use std::io::Read as _;
    let mut pem = Vec::new();
    let opened = std::fs::File::open(path).map_err(AskFault::Certificates)?;
    let mut opened = opened.take(CERTIFICATES_BYTES_MAX);
    opened
        .read_to_end(&mut pem)
        .map_err(AskFault::Certificates)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(AskFault::Certificates(io::Error::other(error))),
        }
    }
    match certificates.is_empty() {
        true => Err(AskFault::NoCertificate),
        false => Ok(certificates),
    }
}
