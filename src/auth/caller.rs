//! One actor from what came with a call.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::auth::certificate::ClientCertificate;
use crate::auth::tls::{CertificateRefused, Tls};
use crate::auth::token::{Issuers, Term, TokenRefused};
use crate::auth::{AuthError, Authenticator, Claims, name};
use crate::domain::event::Actor;

/// Whether callers have to prove who they are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// They name themselves, and the ledger says so. For this machine only.
    #[default]
    Unauthenticated,
    /// Each call needs a client certificate or an access token.
    Required,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unauthenticated" => Ok(Self::Unauthenticated),
            "required" => Ok(Self::Required),
            _ => Err("must be `unauthenticated` or `required`".to_owned()),
        }
    }
}

/// What is known of the connection that a call came over.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Where it comes from.
    pub remote: Option<SocketAddr>,
    /// What the client showed in the handshake.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// What a call brings to say who makes it.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The connection, where there is one.
    pub connection: Option<&'a Connection>,
    /// The values of all `authorization` headers.
    pub authorization: &'a [&'a [u8]],
    /// The name that the caller gives itself.
    pub claims: &'a Claims,
}

/// Somebody who was identified.
#[derive(Clone, Debug)]
pub struct Identification {
    /// Who it is.
    pub actor: Actor,
    /// What it was identified by.
    pub credential: Credential,
}

/// What a caller was identified by, which may stop to count while an answer is read.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    certificate: Option<(Arc<Tls>, Arc<ClientCertificate>)>,
    token: Option<(Arc<Issuers>, Term)>,
}

impl Credential {
    /// Whether it still counts.
    pub fn check(&self) -> Result<(), Unidentified> {
        if let Some((tls, certificate)) = &self.certificate {
            tls.judge(certificate)?;
        }
        if let Some((issuers, term)) = &self.token {
            issuers.check(term)?;
        }
        Ok(())
    }
}

/// How callers can prove who they are.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// By a client certificate.
    pub tls: Option<Arc<Tls>>,
    /// By an access token.
    pub issuers: Option<Arc<Issuers>>,
}

/// Identifies callers.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// `None`: they name themselves.
    sign_in: Option<SignIn>,
}

/// The caller is not known. What it displays is for the log; the caller is told only how to sign in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unidentified {
    /// Callers name themselves, and this one did not, or not well.
    #[error(transparent)]
    Unnamed(#[from] AuthError),
    /// Neither a certificate nor a token.
    #[error("no client certificate and no access token")]
    NoCredential,
    /// The certificate does not count any more.
    #[error(transparent)]
    Certificate(#[from] CertificateRefused),
    /// The token does not count.
    #[error("the access token is not accepted: {0}")]
    Token(#[from] TokenRefused),
    /// The `authorization` header holds something else.
    #[error("the `authorization` header is no single bearer token")]
    NoBearer,
    /// Tokens are not taken here.
    #[error("an access token, and no issuer is set")]
    NoIssuer,
    /// The caller proved who it is, and says that it is somebody else.
    #[error("the caller is `{}` and calls itself `{claimed}`", proven.subject)]
    Mismatch {
        /// Who it is.
        proven: Box<Actor>,
        /// Who it says it is.
        claimed: String,
    },
}

impl Callers {
    /// Callers name themselves.
    pub fn unauthenticated() -> Self {
        Self::default()
    }

    /// Callers sign in.
    pub fn signing_in(sign_in: SignIn) -> Self {
        Self {
            sign_in: Some(sign_in),
        }
    }

    /// Whether callers have to prove who they are.
    pub fn mode(&self) -> Mode {
        match self.sign_in {
            Some(_) => Mode::Required,
            None => Mode::Unauthenticated,
        }
    }

    /// Who calls.
    pub fn identify(&self, credentials: &Credentials<'_>) -> Result<Identification, Unidentified> {
        let Some(sign_in) = &self.sign_in else {
            return Ok(Identification {
                actor: Authenticator.identify(credentials.claims)?,
                credential: Credential::default(),
            });
        };
        let caller = sign_in.identify(credentials)?;
        let actor = &caller.actor;
        // A caller that believes to be somebody else is told so, and nothing is stored under either name.
        if let Some(claimed) = &credentials.claims.subject
            && name(claimed).as_ref() != Ok(&actor.subject)
        {
            return Err(Unidentified::Mismatch {
                proven: Box::new(actor.clone()),
                claimed: String::from_utf8_lossy(claimed).into_owned(),
            });
        }
        Ok(caller)
    }
}

impl SignIn {
    fn identify(&self, credentials: &Credentials<'_>) -> Result<Identification, Unidentified> {
        let shown = credentials.connection;
        let shown = shown.and_then(|connection| connection.certificate.as_ref());
        let certificate = match (shown, &self.tls) {
            (Some(certificate), Some(tls)) => {
                tls.judge(certificate)?;
                Some((tls.clone(), certificate.clone()))
            }
            _ => None,
        };
        let (actor, token) = match (bearer(credentials.authorization)?, &certificate) {
            (Some(token), certificate) => {
                let issuers = self.issuers.as_ref().ok_or(Unidentified::NoIssuer)?;
                let certificate = certificate.as_ref().map(|(_, certificate)| &**certificate);
                let remote = credentials.connection.and_then(|from| from.remote);
                let remote = remote.map(|remote| remote.ip());
                let (actor, term) = issuers.identify(token, certificate, remote)?;
                (actor, Some((issuers.clone(), term)))
            }
            (None, Some((_, certificate))) => (certificate.actor(), None),
            (None, None) => return Err(Unidentified::NoCredential),
        };
        Ok(Identification {
            actor,
            credential: Credential { certificate, token },
        })
    }
}

/// The token of the `authorization` header (RFC 6750, 2.1), if there is such a header.
fn bearer<'a>(headers: &'a [&'a [u8]]) -> Result<Option<&'a str>, Unidentified> {
    let header = match headers {
        [] => return Ok(None),
        [header] => std::str::from_utf8(header).map_err(|_| Unidentified::NoBearer)?,
        _ => return Err(Unidentified::NoBearer),
    };
    let (scheme, token) = header.split_once(' ').ok_or(Unidentified::NoBearer)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains(' ') {
        return Err(Unidentified::NoBearer);
    }
    Ok(Some(token))
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Required => "required",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_one_token_or_none() {
        assert_eq!(bearer(&[]), Ok(None));
        assert_eq!(bearer(&[b"Bearer a.b.c"]), Ok(Some("a.b.c")));
        assert_eq!(bearer(&[b"bearer  a.b.c "]), Ok(Some("a.b.c")));
        for wrong in [
            &b"a.b.c"[..],
            b"Basic a.b.c",
            b"Bearer ",
            b"Bearer",
            b"Bearer a b",
            b"Bearer \xff",
        ] {
            assert_eq!(bearer(&[wrong]), Err(Unidentified::NoBearer));
        }
        let two = [&b"Bearer a.b.c"[..], b"Bearer d.e.f"];
        assert_eq!(bearer(&two), Err(Unidentified::NoBearer));
    }
}
