//! Who asks, and may they? Everything a caller may cause passes here once.
//!
//! [`Callers`] makes an [`Actor`] of what came with a call: a client certificate that [`Tls`] accepted, an access token
//! of an issuer that [`Issuers`] knows, or, where the server asks for neither, the name that the caller gives itself.
//! Only [`Authenticator::permit`] makes the [`Permitted`] that an append needs.

pub mod access;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod token_folder;

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

pub use caller::{
    Callers, Connection, Credential, Credentials, Identification, Mode, SignIn, Unidentified,
};
pub use certificate::{ClientCertificate, InvalidCertificate};
pub(crate) use network::network;
pub use tls::{
    CertificateRefused, ClientCertificates, ClientFiles, Reload, Tls, TlsFault, TlsFiles,
    TlsProblem,
};
pub use token::{Algorithm, Issuer, Issuers, JwksSource, KeysFault, Refresh, TokenRefused};

mod caller;
mod certificate;
mod network;
mod tls;
mod token;
mod watched;

use crate::auth::access::{Acting, Authorizer, Caller, Grounds};
use crate::domain::event::{Actor, AuthMethod};
use crate::domain::text::Name;

/// Metadata key of the caller's name in UTF-8 bytes.
pub const ACTOR_METADATA_BINARY: &str = "daicho-actor-bin";
/// Metadata key of the caller's name in ASCII.
pub const ACTOR_METADATA: &str = "daicho-actor";
/// Metadata key of the client application's name in ASCII.
pub const CLIENT_METADATA: &str = "daicho-client";

/// A request that its actor may make. Only this module makes one.
#[derive(Clone, Debug)]
pub struct Permitted<T> {
    caller: Caller,
    request: T,
}

impl<T> Permitted<T> {
    /// Who asks.
    pub fn actor(&self) -> &Actor {
        self.caller.actor()
    }

    /// What is asked.
    pub fn request(&self) -> &T {
        &self.request
    }

    /// The same, done for somebody.
    #[must_use]
    pub fn on_behalf_of(mut self, subject: &Name) -> Self {
        self.caller.on_behalf_of(subject);
        self
    }

    /// The same, which the leaf says to have been permitted so.
    #[must_use]
    pub fn permitted_by(mut self, grounds: Option<Grounds>) -> Self {
        if let Some(grounds) = grounds {
            self.caller.permitted_by(grounds);
        }
        self
    }

    /// The same, which the leaf says to have been permitted as what `actor` asked for was.
    #[must_use]
    pub fn permitted_as(mut self, actor: &Actor) -> Self {
        self.caller.permitted_as(actor);
        self
    }

    /// Takes it apart.
    pub fn into_parts(self) -> (Actor, T) {
        (self.caller.into_actor(), self.request)
    }

    /// Takes it apart, with what has to permit each event when it is decided.
    pub fn into_caller(self) -> (Caller, T) {
        (self.caller, self.request)
    }
}

/// The caller is not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuthError {
    /// No name was sent.
    #[error("name yourself in the metadata `daicho-actor-bin` (UTF-8) or `daicho-actor` (ASCII)")]
    Missing,
    /// What was sent is not a name.
    #[error("the actor's name must be 1 to 200 characters without control characters")]
    Invalid,
}

/// The caller may not do it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not permitted")]
pub struct Denied;

/// What a caller sent to name itself, as the transport decoded it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Claims {
    /// The name.
    pub subject: Option<Vec<u8>>,
    /// The client application.
    pub client: Option<Vec<u8>>,
}

/// Identifies callers and says what they may do.
#[derive(Clone, Debug, Default)]
pub struct Authenticator;

impl Authenticator {
    /// Identifies a caller.
    pub fn identify(&self, claims: &Claims) -> Result<Actor, AuthError> {
        let subject = claims
            .subject
            .as_deref()
            .ok_or(AuthError::Missing)
            .and_then(name)?;
        let client = claims.client.as_deref().map(name).transpose()?;
        Ok(Actor {
            subject,
            issuer: None,
            seat: None,
            acting_for: None,
            client,
            method: AuthMethod::Unauthenticated,
            evidence_sha256: None,
            person: None,
            permitted_by: None,
        })
    }

    /// Permits `request` to `actor` whatever policies say: for samples, and for what has no policies to be asked.
    pub fn permit<T>(&self, actor: &Actor, request: T) -> Result<Permitted<T>, Denied> {
        Ok(Permitted {
            caller: Caller::trusted(actor.clone()),
            request,
        })
    }

    /// Lets `request` of `actor` go on to where each of its events is decided, and `authorizer` is asked about it there.
    pub fn admit<T>(
        &self,
        actor: &Actor,
        authorizer: &Arc<Authorizer>,
        acting: &Acting,
        request: T,
    ) -> Permitted<T> {
        Permitted {
            caller: Caller::asking(actor.clone(), authorizer.clone(), acting.clone()),
            request,
        }
    }

    /// Permits to record what `actor` did: nobody is asked whether that may be recorded.
    pub fn permit_recording<T>(&self, actor: Actor, request: T) -> Permitted<T> {
        Permitted {
            caller: Caller::trusted(actor),
            request,
        }
    }

    /// Permits what the server does by itself.
    pub fn permit_system<T>(&self, subject: Name, request: T) -> Permitted<T> {
        let actor = Actor {
            subject,
            issuer: None,
            seat: None,
            acting_for: None,
            client: None,
            method: AuthMethod::System,
            evidence_sha256: None,
            person: None,
            permitted_by: None,
        };
        Permitted {
            caller: Caller::trusted(actor),
            request,
        }
    }
}

/// One name has one spelling (NFC), so that the same person is not two.
fn name(bytes: &[u8]) -> Result<Name, AuthError> {
    let text = std::str::from_utf8(bytes).map_err(|_| AuthError::Invalid)?;
    let folded: String = text.nfc().collect();
    Name::parse(&folded).map_err(|_| AuthError::Invalid)
}
