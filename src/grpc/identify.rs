//! Who calls, found out in one place before any service is reached.
//!
//! The layer looks a call's path up in [`access_table`], makes an actor of what came with the call, and leaves both with
//! the request. Whoever is refused learns how to sign in and nothing else; why is in the log.

use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use futures::future::{BoxFuture, FutureExt as _};
use http::{HeaderMap, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::auth::{
    ACTOR_METADATA, ACTOR_METADATA_BINARY, AuthError, CLIENT_METADATA, Callers, Claims, Connection,
    Credential, Credentials, Identification, Mode, TokenRefused, Unidentified,
};
use crate::domain::event::Actor;
use crate::grpc::access_table::{self, Access};
use crate::grpc::language;
use crate::grpc::services::Services;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::telemetry::LineLimit;

mod guard;

use guard::Guarded;

/// Refusals that are logged in a minute; more are counted.
const LINES_PER_MINUTE: u32 = 120;
/// Binary metadata, as gRPC sends it: with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who makes a call, and what kind of access it is: an extension of the request. [`IdentifyLayer`] puts it there, or whoever
/// calls a service in this process; nothing that comes over a network can.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who.
    pub actor: Actor,
    /// By the rule for the method.
    pub access: Access,
}

/// An answer whose handler looks at the caller's [`Credential`] itself, to tell what was done before it stopped to count: an
/// extension of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct WatchesCredential;

/// Identifies callers.
#[derive(Clone, Debug)]
pub struct IdentifyLayer(Arc<Gate>);

/// See [`IdentifyLayer`].
#[derive(Clone, Debug)]
pub struct Identify<S> {
    gate: Arc<Gate>,
    inner: S,
}

#[derive(Debug)]
struct Gate {
    callers: Callers,
    lines: LineLimit,
    /// Whose access logs tell of those who are turned away.
    services: Option<Services>,
}

impl IdentifyLayer {
    /// Identifies callers as `callers` says.
    pub fn new(callers: Callers) -> Self {
        Self(Arc::new(Gate {
            callers,
            lines: LineLimit::per_minute(LINES_PER_MINUTE),
            services: None,
        }))
    }

    /// The same, telling the access logs of `services` whom it turns away.
    #[must_use]
    pub fn accounted_by(self, services: Services) -> Self {
        let Gate { callers, lines, .. } = match Arc::try_unwrap(self.0) {
            Ok(gate) => gate,
            // Identifies calls already.
            Err(shared) => return Self(shared),
        };
        Self(Arc::new(Gate {
            callers,
            lines,
            services: Some(services),
        }))
    }
}

impl<S> Layer<S> for IdentifyLayer {
    type Service = Identify<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Identify {
            gate: self.0.clone(),
            inner,
        }
    }
}

impl<S> Service<Request<Body>> for Identify<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !is_grpc(request.headers()) {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return std::future::ready(Ok(refused)).boxed();
        }
        let identified = match self.gate.admit(&request) {
            Ok(identified) => identified,
            Err(status) => return std::future::ready(Ok(status.into_http())).boxed(),
        };
        let Some((identified, credential)) = identified else {
            return self.inner.call(request).boxed();
        };
        request.extensions_mut().insert(identified);
        request.extensions_mut().insert(credential.clone());
        if self.gate.callers.mode() == Mode::Unauthenticated {
            return self.inner.call(request).boxed();
        }
        let language = language::preferred(request.headers());
        let answer = self.inner.call(request);
        let guarded = move |body| Body::new(Guarded::new(body, credential, language));
        async move {
            let answer = answer.await?;
            Ok(match answer.extensions().get() {
                Some(WatchesCredential) => answer,
                None => answer.map(guarded),
            })
        }
        .boxed()
    }
}

impl Gate {
    /// Who calls, and by what that is known; nobody where the method needs nobody.
    fn admit(&self, request: &Request<Body>) -> Result<Option<(Identified, Credential)>, Status> {
        let path = request.uri().path();
        let access = access_table::access(path).ok_or_else(|| no_such_method(path))?;
        let needs_nobody = match access {
            Access::Health => true,
            Access::Describe => self.callers.mode() == Mode::Unauthenticated,
            _ => false,
        };
        if needs_nobody {
            return Ok(None);
        }
        let headers = request.headers();
        let connection: Option<&Connection> = request.extensions().get();
        let caller = claims(headers).and_then(|claims| {
            let authorization = headers.get_all(http::header::AUTHORIZATION);
            let authorization: Vec<&[u8]> = authorization
                .iter()
                // One is right, two are wrong, and more are not looked at.
                .take(2)
                .map(http::HeaderValue::as_bytes)
                .collect();
            self.callers.identify(&Credentials {
                connection,
                authorization: &authorization,
                claims: &claims,
            })
        });
        match caller {
            Ok(Identification { actor, credential }) => {
                Ok(Some((Identified { actor, access }, credential)))
            }
            Err(unidentified) => {
                self.log(path, connection, &unidentified);
                let refusal = Refusal::from(&unidentified);
                if let Some(services) = &self.services {
                    let remote = connection.and_then(|connection| connection.remote);
                    let proven = match unidentified {
                        Unidentified::Mismatch { proven, .. } => Some(*proven),
                        _ => None,
                    };
                    services.turn_away(path, remote, proven, &refusal);
                }
                Err(refusal.into_status(language::preferred(headers)))
            }
        }
    }

    fn log(&self, path: &str, connection: Option<&Connection>, why: &Unidentified) {
        // Whoever names itself wrongly does so by mistake.
        if matches!(why, Unidentified::Unnamed(_)) {
            return;
        }
        let Some(unlogged) = self.lines.admit() else {
            return;
        };
        let remote = connection.and_then(|connection| connection.remote);
        let remote = remote.map(|remote| remote.to_string());
        let certificate = connection.and_then(|connection| connection.certificate.as_ref());
        let certificate = certificate.map(|certificate| hex::encode(certificate.sha256()));
        tracing::warn!(
            method = path,
            remote,
            certificate_sha256 = certificate,
            why = %why,
            unlogged,
            "a caller was not identified"
        );
    }
}

/// Whether a call says that it is one of gRPC, whatever its messages are encoded in: others are answered with 415, as gRPC has it
/// (PROTOCOL-HTTP2, Requests).
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE);
    content_type.is_some_and(|said| said.as_bytes().starts_with(b"application/grpc"))
}

/// What is said of a method that is not there, and to whoever speaks another version of the API which one this is.
fn no_such_method(path: &str) -> Status {
    let is_other_version = path.starts_with("/daicho.") && !path.starts_with("/daicho.v1.");
    Status::unimplemented(match is_other_version {
        true => "there is no such method: this server speaks daicho.v1",
        false => "there is no such method",
    })
}

/// What a caller calls itself.
fn claims(headers: &HeaderMap) -> Result<Claims, Unidentified> {
    let subject = match headers.get(ACTOR_METADATA_BINARY) {
        Some(value) => Some(
            BASE64
                .decode(value.as_bytes())
                .map_err(|_| AuthError::Invalid)?,
        ),
        None => headers
            .get(ACTOR_METADATA)
            .map(|value| value.as_bytes().to_vec()),
    };
    let client = headers.get(CLIENT_METADATA);
    let client = client.map(|value| value.as_bytes().to_vec());
    Ok(Claims { subject, client })
}

impl From<&Unidentified> for Refusal {
    fn from(why: &Unidentified) -> Self {
        match why {
            Unidentified::Unnamed(error) => Self::from(*error),
            Unidentified::Mismatch { proven, .. } => {
                Self::new(ServiceReason::ActorMismatch).with("subject", &proven.subject)
            }
            Unidentified::Token(TokenRefused::TooMany) => Self::overloaded(),
            Unidentified::NoCredential
            | Unidentified::Certificate(_)
            | Unidentified::Token(_)
            | Unidentified::NoBearer
            | Unidentified::NoIssuer => Self::new(ServiceReason::Unauthenticated),
        }
    }
}
