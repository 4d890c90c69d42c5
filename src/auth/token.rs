//! Access tokens of OpenID Connect issuers (RFC 9068, and what is common besides).
//!
//! Nothing that a token says is believed before its signature is verified, but for the issuer and the key that it names:
//! those only choose what it is verified with. Keys belong to one issuer and are fetched in the background, never while a
//! call waits.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use lru::LruCache;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::auth::certificate::ClientCertificate;
use crate::clock::system_now;
use crate::domain::event::{Actor, AuthMethod};
use crate::domain::text::Name;

use attempts::Attempts;
use keys::Keys;
pub use keys::{JwksSource, KeysFault, Refresh};

mod attempts;
mod keys;
mod signature;

/// Bytes of a token at most: it has to fit a header.
const TOKEN_BYTES_MAX: usize = 12 * 1024;
/// Tokens that are remembered as verified, of all issuers.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// How a token is signed. Only what needs no shared secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    const ALL: [(Self, &'static str, jsonwebtoken::Algorithm); 9] = [
        (Self::Rs256, "RS256", jsonwebtoken::Algorithm::RS256),
        (Self::Rs384, "RS384", jsonwebtoken::Algorithm::RS384),
        (Self::Rs512, "RS512", jsonwebtoken::Algorithm::RS512),
        (Self::Ps256, "PS256", jsonwebtoken::Algorithm::PS256),
        (Self::Ps384, "PS384", jsonwebtoken::Algorithm::PS384),
        (Self::Ps512, "PS512", jsonwebtoken::Algorithm::PS512),
        (Self::Es256, "ES256", jsonwebtoken::Algorithm::ES256),
        (Self::Es384, "ES384", jsonwebtoken::Algorithm::ES384),
        (Self::EdDsa, "EdDSA", jsonwebtoken::Algorithm::EdDSA),
    ];

    /// What is taken where nobody says which.
    pub const DEFAULT: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    fn of(header: jsonwebtoken::Algorithm) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, _, other)| *other == header)
            .map(|(algorithm, ..)| *algorithm)
    }

    fn named(self) -> jsonwebtoken::Algorithm {
        let mut all = Self::ALL.iter();
        all.find(|(algorithm, ..)| *algorithm == self)
            .map_or(jsonwebtoken::Algorithm::EdDSA, |(_, _, named)| *named)
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.iter();
        let found = all.find(|(_, name, _)| *name == text);
        found.map(|(algorithm, ..)| *algorithm).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(_, name, _)| *name).collect();
            format!("`{text}` is none of {}", names.join(", "))
        })
    }
}

/// Whose tokens are taken, and on which terms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issuer {
    /// `iss`, to the letter.
    pub issuer: Name,
    /// What `aud` must name.
    pub audience: String,
    /// Where the keys are.
    pub jwks: JwksSource,
    /// How tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How long ago a token may have been issued.
    pub max_age: Duration,
    /// Whether the header must say `at+jwt` (RFC 9068), which no ID token does.
    pub only_at_jwt: bool,
}

impl Issuer {
    /// How far clocks may differ where nobody says.
    pub const LEEWAY: Duration = Duration::from_secs(60);
    /// How long ago a token may have been issued where nobody says.
    pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
}

/// A token is not accepted. For the log: the caller is not told why, and nothing of the token stands here but names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenRefused {
    /// More bytes than are looked at.
    #[error("it has more than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not a signed token, or with an algorithm that no token here may have (`none` among them).
    #[error("it is no signed token in an algorithm that is known, or a claim is not of its form")]
    Malformed,
    /// A claim is missing or not of its form.
    #[error("the claim `{0}` is missing or not of its form")]
    Claim(String),
    /// The header asks for something that is not understood.
    #[error("its header has critical extensions")]
    Critical,
    /// Not an access token.
    #[error("it is no access token: {0}")]
    Type(&'static str),
    /// Nobody set this issuer.
    #[error("its issuer is not one that is set")]
    IssuerUnknown,
    /// The issuer may not sign so.
    #[error("its algorithm is not one of the issuer's")]
    Algorithm,
    /// The issuer has no such key, or none that is known yet.
    #[error("its key {0:?} is not known; the issuer's keys are fetched again")]
    KeyUnknown(Option<String>),
    /// The key is for another algorithm.
    #[error("its key is for another algorithm")]
    KeyMismatch,
    /// The signature is false.
    #[error("its signature is false")]
    Signature,
    /// For somebody else.
    #[error("it is for another audience")]
    Audience,
    /// Over.
    #[error("it has expired")]
    Expired,
    /// Not yet.
    #[error("it is not valid yet")]
    NotYet,
    /// Issued later than now.
    #[error("it was issued in the future")]
    IssuedInFuture,
    /// Issued too long ago.
    #[error("it was issued too long ago")]
    TooOld,
    /// Too many that did not count came from there just now; it was not looked at.
    #[error("too many that are not accepted came from there just now, so it was not looked at")]
    TooMany,
    /// Bound to a certificate that the connection does not show, or to another kind of key.
    #[error("it is bound to a key that the connection does not show")]
    Bound,
    /// Not a name that an event can bear.
    #[error("its `{0}` is not 1 to {max} characters on one line", max = Name::CHARS_MAX)]
    Name(&'static str),
}

/// What a verified token says. Claims that are not named here are nobody's business.
#[derive(Deserialize)]
struct Said {
    sub: Option<String>,
    exp: Option<u64>,
    iat: Option<u64>,
    client_id: Option<String>,
    azp: Option<String>,
    cnf: Option<Confirmation>,
    /// What some issuers call a token's kind, in its claims.
    typ: Option<String>,
    nonce: Option<serde::de::IgnoredAny>,
    at_hash: Option<serde::de::IgnoredAny>,
    c_hash: Option<serde::de::IgnoredAny>,
}

/// To which key a token is bound (RFC 7800).
#[derive(Deserialize)]
struct Confirmation {
    /// SHA-256 of a certificate in DER, base64url (RFC 8705).
    #[serde(rename = "x5t#S256")]
    certificate: Option<String>,
}

/// What an unverified token says of whom to ask.
#[derive(Deserialize)]
struct Origin {
    iss: Option<String>,
}

/// A token that was verified.
#[derive(Clone)]
struct Verified {
    actor: Actor,
    term: Term,
    /// The certificate that it is bound to.
    bound: Option<[u8; 32]>,
    /// Which keys of the issuer it was verified with.
    keys: u64,
}

/// For how long a token counts.
#[derive(Clone, Debug)]
pub struct Term {
    /// The first second, since 1970, in which it is over.
    ends: u64,
    /// Whose it is, as a place among the issuers.
    issuer: usize,
    /// The key that it was verified with, by its parameters.
    key: [u8; 32],
}

/// Whose tokens are taken, with their keys.
pub struct Issuers {
    issuers: Vec<(Issuer, Arc<Keys>)>,
    remembered: Mutex<LruCache<[u8; 32], Verified>>,
    attempts: Attempts,
}

impl std::fmt::Debug for Issuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers = self.issuers.iter().map(|(issuer, _)| issuer);
        f.debug_list().entries(issuers).finish()
    }
}

impl Issuers {
    /// How many issuers there may be.
    pub const ISSUERS_MAX: usize = 16;

    /// Reads the keys that are in files; those that are fetched come with [`Issuers::follow`]. Blocks.
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, KeysFault> {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            // It fails where another is installed, and this is the only place that installs one.
            let _ = signature::PROVIDER.install_default();
        });
        let with_keys = issuers.into_iter().map(|issuer| {
            let keys = Keys::open(issuer.jwks.clone())?;
            Ok((issuer, Arc::new(keys)))
        });
        Ok(Self {
            issuers: with_keys.collect::<Result<_, _>>()?,
            remembered: Mutex::new(LruCache::new(REMEMBERED_MAX)),
            attempts: Attempts::new(),
        })
    }

    /// Keeps the keys of all issuers up to date for as long as the future is polled. `told` hears of each attempt that
    /// changed something or failed, with the issuer's name.
    pub async fn follow(&self, told: impl Fn(&Name, &Refresh) + Sync) {
        let told = &told;
        let each = self.issuers.iter().map(|(issuer, keys)| async move {
            loop {
                let refresh = keys.clone().next_refresh().await;
                if !matches!(refresh, Refresh::Unchanged) {
                    told(&issuer.issuer, &refresh);
                }
            }
        });
        futures::future::join_all(each).await;
    }

    /// Whom `token` names, and for how long. `certificate` is what the connection's client showed, and `remote` its address.
    pub fn identify(
        &self,
        token: &str,
        certificate: Option<&ClientCertificate>,
        remote: Option<IpAddr>,
    ) -> Result<(Actor, Term), TokenRefused> {
        if TOKEN_BYTES_MAX < token.len() {
            return Err(TokenRefused::TooLong);
        }
        let sha256: [u8; 32] = Sha256::digest(token).into();
        let now = u64::try_from(system_now().as_second()).unwrap_or(0);
        let remembered = self.remembered(&sha256, now);
        let verified = match remembered {
            Some(verified) => verified,
            None => {
                let arrived = Instant::now();
                if remote.is_some_and(|remote| !self.attempts.may(remote, arrived)) {
                    return Err(TokenRefused::TooMany);
                }
                let verified = self.verify(token, sha256, now).inspect_err(|_| {
                    if let Some(remote) = remote {
                        self.attempts.failed(remote, arrived);
                    }
                })?;
                let mut remembered = self.remembered.lock();
                let remembered = remembered.as_mut().map_err(|poisoned| poisoned.get_mut());
                let (Ok(remembered) | Err(remembered)) = remembered;
                remembered.put(sha256, verified.clone());
                verified
            }
        };
        let shown = certificate.map(ClientCertificate::sha256);
        if verified.bound.is_some() && verified.bound.as_ref() != shown {
            return Err(TokenRefused::Bound);
        }
        let mut actor = verified.actor;
        if let Some(certificate) = certificate {
            actor.client = Some(certificate.subject().clone());
        }
        Ok((actor, verified.term))
    }

    /// Whether a token that was verified still counts: it is not over, and its issuer has not withdrawn its key.
    pub fn check(&self, term: &Term) -> Result<(), TokenRefused> {
        let now = u64::try_from(system_now().as_second()).unwrap_or(0);
        if term.ends <= now {
            return Err(TokenRefused::Expired);
        }
        let issuer = self.issuers.get(term.issuer);
        let keys = issuer.map(|(_, keys)| keys.current());
        match keys.is_some_and(|keys| keys.has(&term.key)) {
            true => Ok(()),
            false => Err(TokenRefused::KeyUnknown(None)),
        }
    }

    fn remembered(&self, sha256: &[u8; 32], now: u64) -> Option<Verified> {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(sha256)?;
        let (_, keys) = self.issuers.get(found.term.issuer)?;
        // A key that is gone no longer vouches for anything.
        let counts = now < found.term.ends && found.keys == keys.number();
        let found = counts.then(|| found.clone());
        if found.is_none() {
            remembered.pop(sha256);
        }
        found
    }

    fn verify(&self, token: &str, sha256: [u8; 32], now: u64) -> Result<Verified, TokenRefused> {
        let header = decode_header(token).map_err(|_| TokenRefused::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenRefused::Critical);
        }
        let origin = jsonwebtoken::dangerous::insecure_decode_claims::<Origin>(token);
        let origin = origin.map_err(|_| TokenRefused::Malformed)?;
        let named = origin
            .iss
            .ok_or_else(|| TokenRefused::Claim("iss".to_owned()))?;
        let mut issuers = self.issuers.iter().enumerate();
        let (index, (issuer, keys)) = issuers
            .find(|(_, (issuer, _))| issuer.issuer.as_str() == named)
            .ok_or(TokenRefused::IssuerUnknown)?;
        let algorithm = Algorithm::of(header.alg).ok_or(TokenRefused::Algorithm)?;
        if !issuer.algorithms.contains(&algorithm) {
            return Err(TokenRefused::Algorithm);
        }
        issuer.is_access_token(&header)?;

        let set = keys.current();
        let key = set.find(header.kid.as_deref(), algorithm);
        let (key, key_sha256) = key.inspect_err(|refused| {
            if matches!(refused, TokenRefused::KeyUnknown(_)) {
                keys.want();
            }
        })?;
        let decoded = decode::<Said>(token, key, &issuer.validation(algorithm));
        let said = decoded.map_err(|error| refused(error.kind()))?.claims;
        let (ends, bound) = issuer.judge(&said, now)?;
        // The library made sure that it is there.
        let subject = said.sub.as_deref().unwrap_or_default();
        let client = said.client_id.as_deref().or(said.azp.as_deref());
        let actor = Actor {
            subject: name("sub", subject)?,
            issuer: Some(issuer.issuer.clone()),
            person: None,
            permitted_by: None,
            seat: None,
            acting_for: None,
            client: client.map(|client| name("client_id", client)).transpose()?,
            method: AuthMethod::Oidc,
            evidence_sha256: Some(sha256),
        };
        Ok(Verified {
            actor,
            term: Term {
                ends,
                issuer: index,
                key: key_sha256,
            },
            bound,
            keys: set.number(),
        })
    }
}

impl Issuer {
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm.named());
        validation.leeway = self.leeway.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[self.issuer.as_str()]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    }

    fn is_access_token(&self, header: &Header) -> Result<(), TokenRefused> {
        let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
        match kind.as_deref() {
            Some("at+jwt" | "application/at+jwt") => Ok(()),
            Some("jwt" | "application/jwt") | None if !self.only_at_jwt => Ok(()),
            _ => Err(TokenRefused::Type("its header has another `typ`")),
        }
    }

    /// What the library does not look at. When the token ends, and to which certificate it is bound.
    fn judge(&self, said: &Said, now: u64) -> Result<(u64, Option<[u8; 32]>), TokenRefused> {
        let (leeway, max_age) = (self.leeway.as_secs(), self.max_age.as_secs());
        let issued = said
            .iat
            .ok_or_else(|| TokenRefused::Claim("iat".to_owned()))?;
        if now.saturating_add(leeway) < issued {
            return Err(TokenRefused::IssuedInFuture);
        }
        let oldest = issued.saturating_add(max_age).saturating_add(leeway);
        if oldest <= now {
            return Err(TokenRefused::TooOld);
        }
        let is_other = |kind: &String| !kind.eq_ignore_ascii_case("bearer");
        if said.typ.as_ref().is_some_and(is_other) {
            return Err(TokenRefused::Type("its claims have another `typ`"));
        }
        if said.nonce.is_some() || said.at_hash.is_some() || said.c_hash.is_some() {
            return Err(TokenRefused::Type("it is an ID token"));
        }
        let bound = match &said.cnf {
            None => None,
            Some(confirmation) => {
                let digest = confirmation
                    .certificate
                    .as_ref()
                    .ok_or(TokenRefused::Bound)?;
                let digest = URL_SAFE_NO_PAD.decode(digest.trim_end_matches('='));
                let digest = digest.ok().and_then(|digest| digest.try_into().ok());
                Some(digest.ok_or(TokenRefused::Bound)?)
            }
        };
        let ends = said.exp.unwrap_or(0).saturating_add(leeway).min(oldest);
        Ok((ends, bound))
    }
}

fn name(claim: &'static str, text: &str) -> Result<Name, TokenRefused> {
    let folded: String = text.nfc().collect();
    Name::parse(&folded).map_err(|_| TokenRefused::Name(claim))
}

/// The library's faults without its words, which may hold parts of the token.
fn refused(kind: &ErrorKind) -> TokenRefused {
    match kind {
        ErrorKind::InvalidSignature => TokenRefused::Signature,
        ErrorKind::ExpiredSignature => TokenRefused::Expired,
        ErrorKind::ImmatureSignature => TokenRefused::NotYet,
        ErrorKind::InvalidAudience => TokenRefused::Audience,
        ErrorKind::InvalidIssuer => TokenRefused::IssuerUnknown,
        ErrorKind::InvalidAlgorithm => TokenRefused::KeyMismatch,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            TokenRefused::Claim(claim.clone())
        }
        _ => TokenRefused::Malformed,
    }
}

#[cfg(test)]
mod tests;
