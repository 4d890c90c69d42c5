//! Calls to a server: who asks, in which language, how long, and what to do when an answer is lost.

use std::time::Duration;

use tonic::metadata::{AsciiMetadataValue, BinaryMetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::api::v1;
use crate::api::v1::access_service_client::AccessServiceClient;
use crate::api::v1::admin_service_client::AdminServiceClient;
use crate::api::v1::audit_service_client::AuditServiceClient;
use crate::api::v1::evaluation_service_client::EvaluationServiceClient;
use crate::api::v1::evidence_service_client::EvidenceServiceClient;
use crate::api::v1::goal_service_client::GoalServiceClient;
use crate::api::v1::identity_service_client::IdentityServiceClient;
use crate::api::v1::ledger_service_client::LedgerServiceClient;
use crate::api::v1::proof_service_client::ProofServiceClient;
use crate::cli::failure::Failure;
use crate::cli::language::{pick, tag};
use crate::cli::sign_in::SignIn;
use crate::domain::text::Language;
use crate::load::Wires;

pub use evaluation::Report;
pub use goals::GoalFilter;
pub use outcome::is_outcome_unknown;
use outcome::{is_decided, outcome_unknown};

mod access;
mod audit;
mod evaluation;
mod evidence;
mod goals;
mod ledger;
mod organisation;
mod outcome;
mod personal;
mod proof;
mod reporting;

/// Metadata key of the caller's name, in UTF-8.
const ACTOR_KEY: &str = "daicho-actor-bin";
/// Metadata keys of the seat to use, the unit to enter for, and the purpose.
const ACTING_KEYS: [&str; 3] = [
    "daicho-seat-bin",
    "daicho-on-behalf-of-bin",
    "daicho-purpose-bin",
];
/// Metadata key of the client application's name.
const CLIENT_KEY: &str = "daicho-client";
/// This client application's name.
const CLIENT_NAME: &str = concat!("daicho-cli/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take; a server that is there answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of one answer at most: a page of full goals, a batch of events.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Pages of one list at most; the server's smallest page times this is more than any screen shows.
const PAGES_MAX: usize = 10_000;

/// Whom to call, and as whom.
#[derive(Clone, Debug)]
pub struct Address {
    /// The server's URL.
    pub server: String,
    /// Id or code of the ledger; empty: the server's default.
    pub ledger: String,
    /// The caller's name; absent: whom it signs in as.
    pub actor: Option<String>,
    /// The seat to use, the unit to enter for, and why texts about people are asked for.
    pub acting: [Option<String>; 3],
    /// What is shown to the server.
    pub sign_in: SignIn,
    /// The language of messages.
    pub language: Language,
    /// How long one call may take.
    pub timeout: Duration,
}

impl Address {
    /// A new connection.
    async fn connect(&self) -> Result<Channel, Failure> {
        let language = self.language;
        let endpoint = Endpoint::from_shared(self.server.clone())
            .map_err(|error| {
                let server = &self.server;
                Failure::usage(pick(
                    language,
                    format!("サーバーのURLではありません: {server}: {error}"),
                    format!("not a server's URL: {server}: {error}"),
                ))
            })?
            .connect_timeout(CONNECT_TIMEOUT);
        let endpoint = self.sign_in.secure(language, endpoint)?;
        let connected = endpoint.connect().await;
        connected.map_err(|error| Failure::unreachable(language, &self.server, &error))
    }

    fn introduce(&self) -> Result<Introduce, Failure> {
        let in_metadata = |said: &String| BinaryMetadataValue::from_bytes(said.as_bytes());
        Ok(Introduce {
            actor: self.actor.as_ref().map(in_metadata),
            acting: self
                .acting
                .each_ref()
                .map(|said| said.as_ref().map(in_metadata)),
            authorization: self.sign_in.authorization(self.language)?,
            language: self.language,
        })
    }
}

/// So many connections for a load, which makes calls of its own, as the caller that `address` names.
pub async fn wires(address: &Address, connections: usize) -> Result<Wires, Failure> {
    let mut channels = Vec::with_capacity(connections);
    for _ in 0..connections {
        channels.push(address.connect().await?);
    }
    let introduced = address.introduce()?.call(Request::new(()));
    let introduced =
        introduced.map_err(|status| Failure::from_status(address.language, &status))?;
    Ok(Wires {
        channels,
        callers: vec![introduced.metadata().clone()],
        timeout: address.timeout,
    })
}

/// Adds to every call who makes it and in which language to answer.
#[derive(Clone, Debug)]
pub struct Introduce {
    actor: Option<BinaryMetadataValue>,
    acting: [Option<BinaryMetadataValue>; 3],
    authorization: Option<AsciiMetadataValue>,
    language: Language,
}

impl Interceptor for Introduce {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if let Some(actor) = &self.actor {
            metadata.insert_bin(ACTOR_KEY, actor.clone());
        }
        for (key, value) in ACTING_KEYS.into_iter().zip(&self.acting) {
            if let Some(value) = value {
                metadata.insert_bin(key, value.clone());
            }
        }
        if let Some(authorization) = &self.authorization {
            metadata.insert("authorization", authorization.clone());
        }
        metadata.insert(CLIENT_KEY, AsciiMetadataValue::from_static(CLIENT_NAME));
        metadata.insert(
            "accept-language",
            AsciiMetadataValue::from_static(tag(self.language)),
        );
        Ok(request)
    }
}

type Introduced = InterceptedService<Channel, Introduce>;

/// A connection to a server.
#[derive(Clone, Debug)]
pub struct Client {
    address: Address,
    as_of: Option<v1::AsOf>,
    identity: IdentityServiceClient<Introduced>,
    ledgers: LedgerServiceClient<Introduced>,
    goals: GoalServiceClient<Introduced>,
    audit: AuditServiceClient<Introduced>,
    evaluations: EvaluationServiceClient<Introduced>,
    proofs: ProofServiceClient<Introduced>,
    evidence: EvidenceServiceClient<Introduced>,
    access: AccessServiceClient<Introduced>,
    admin: AdminServiceClient<Introduced>,
}

impl Client {
    /// Connects.
    pub async fn connect(address: Address) -> Result<Self, Failure> {
        let channel = address.connect().await?;
        let introduce = address.introduce()?;
        let channel = InterceptedService::new(channel, introduce);
        Ok(Self {
            identity: IdentityServiceClient::new(channel.clone()),
            ledgers: LedgerServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            goals: GoalServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            audit: AuditServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            evaluations: EvaluationServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            proofs: ProofServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            evidence: EvidenceServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            access: AccessServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            admin: AdminServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX),
            address,
            as_of: None,
        })
    }

    /// The same connection, whose reads answer for `as_of`; `None`: for now and today.
    #[must_use]
    pub fn at(&self, as_of: Option<v1::AsOf>) -> Self {
        Self {
            as_of,
            ..self.clone()
        }
    }

    /// Whom it calls.
    pub fn address(&self) -> &Address {
        &self.address
    }

    fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.address.timeout);
        request
    }

    /// Who the server takes the caller for.
    pub async fn caller(&self) -> Result<v1::GetCallerResponse, Failure> {
        let request = self.ask(v1::GetCallerRequest {});
        let answer = self.identity.clone().get_caller(request).await;
        self.take(answer)
    }

    fn failed(&self, status: &Status) -> Failure {
        // What the connection says is not what the server says: a certificate may have been refused.
        match std::error::Error::source(status) {
            Some(_) => Failure::from_stream(self.address.language, status),
            None => Failure::from_status(self.address.language, status),
        }
    }

    fn ledger(&self) -> String {
        self.address.ledger.clone()
    }

    /// Sends a request that is safe to repeat; a lost answer is asked for once more.
    async fn twice<T, F>(&self, request_id: &str, send: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let first = match send().await {
            Err(status) if is_outcome_unknown(&status) => status,
            answer => return self.take(answer),
        };
        match send().await {
            // A second attempt that did not get as far as the ids says nothing about the first.
            Err(second) if !is_decided(&second) => {
                Err(outcome_unknown(self.address.language, request_id, &first))
            }
            answer => self.take(answer),
        }
    }

    fn take<T>(&self, answer: Result<tonic::Response<T>, Status>) -> Result<T, Failure> {
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failed(&status))
    }
}
