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
use crate::cli::exit::Exit;
use crate::cli::failure::{self, Failure};
use crate::cli::language::{pick, tag};
use crate::cli::sign_in::SignIn;
use crate::domain::text::Language;

pub use evaluation::Report;
pub use outcome::is_outcome_unknown;
use outcome::{is_decided, outcome_unknown};

mod access;
mod audit;
mod evaluation;
mod evidence;
mod organisation;
mod outcome;
mod proof;
mod reporting;

/// Metadata key of the caller's name, in UTF-8.
const ACTOR_KEY: &str = "daicho-actor-bin";
/// Metadata key of the client application's name.
/// Metadata keys of the seat to use, the unit to enter for, and the purpose.
const ACTING_KEYS: [&str; 3] = [
    "daicho-seat-bin",
    "daicho-on-behalf-of-bin",
    "daicho-purpose-bin",
];
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

/// Which goals are listed.
#[derive(Clone, Debug, Default)]
pub struct GoalFilter {
    /// Only of this plan.
    pub plan: Option<String>,
    /// Only of this department.
    pub department: Option<String>,
    /// Only with an initiative of this section.
    pub section: Option<String>,
    /// Only under this pillar.
    pub pillar: Option<u32>,
    /// Only where these words are found.
    pub find: Option<String>,
    /// With initiatives and indicators.
    pub full: bool,
    /// Those too that take effect only later.
    pub upcoming: bool,
}

impl Client {
    /// Connects.
    pub async fn connect(address: Address) -> Result<Self, Failure> {
        let language = address.language;
        let endpoint = Endpoint::from_shared(address.server.clone())
            .map_err(|error| {
                let server = &address.server;
                Failure::usage(pick(
                    language,
                    format!("サーバーのURLではありません: {server}: {error}"),
                    format!("not a server's URL: {server}: {error}"),
                ))
            })?
            .connect_timeout(CONNECT_TIMEOUT);
        let endpoint = address.sign_in.secure(language, endpoint)?;
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| Failure::unreachable(language, &address.server, &error))?;
        let actor = address.actor.as_ref();
        let introduce = Introduce {
            actor: actor.map(|actor| BinaryMetadataValue::from_bytes(actor.as_bytes())),
            acting: address.acting.each_ref().map(|said| {
                said.as_ref()
                    .map(|said| BinaryMetadataValue::from_bytes(said.as_bytes()))
            }),
            authorization: address.sign_in.authorization(language)?,
            language,
        };
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

    /// The ledger, its head and the day that it takes for today.
    pub async fn get_ledger(&self) -> Result<v1::GetLedgerResponse, Failure> {
        let request = v1::GetLedgerRequest {
            ledger: self.ledger(),
            min_position: None,
            as_of: self.as_of.clone(),
        };
        let answer = self.ledgers.clone().get_ledger(self.ask(request)).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failed(&status))
    }

    /// Every ledger of the server.
    pub async fn list_ledgers(&self) -> Result<v1::ListLedgersResponse, Failure> {
        let mut all = v1::ListLedgersResponse::default();
        for _ in 0..PAGES_MAX {
            let page_token = std::mem::take(&mut all.next_page_token);
            let request = v1::ListLedgersRequest {
                page_size: 0,
                page_token,
            };
            let page = self.admin.clone().list_ledgers(self.ask(request)).await;
            let page = page.map_err(|status| self.failed(&status))?.into_inner();
            all.ledgers.extend(page.ledgers);
            all.next_page_token = page.next_page_token;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Opens a ledger; a lost answer is asked for once more.
    pub async fn open_ledger(
        &self,
        request: v1::OpenLedgerRequest,
    ) -> Result<v1::OpenLedgerResponse, Failure> {
        let send = || async {
            self.admin
                .clone()
                .open_ledger(self.ask(request.clone()))
                .await
        };
        let first = match send().await {
            Err(status) if is_outcome_unknown(&status) => status,
            answer => return self.take(answer),
        };
        let second = send().await;
        self.settle(&request.request_id, &first, second)
    }

    /// Whom texts are about; of one person with the events.
    pub async fn personal_data(
        &self,
        subject: Option<String>,
    ) -> Result<v1::ListPersonalDataResponse, Failure> {
        let mut all = v1::ListPersonalDataResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPersonalDataRequest {
                ledger: self.ledger(),
                subject_ref: subject.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::ListPersonalDataRequest::default()
            };
            let page = self
                .admin
                .clone()
                .list_personal_data(self.ask(request))
                .await;
            let page = self.take(page)?;
            all.subjects.extend(page.subjects);
            all.next_page_token = page.next_page_token;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Texts about people with their salts, all pages as one.
    pub async fn disclose(
        &self,
        subject: Option<String>,
    ) -> Result<Vec<v1::PersonalOpening>, Failure> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let request = v1::DisclosePersonalDataRequest {
                ledger: self.ledger(),
                subject_ref: subject.clone(),
                page_token,
                ..v1::DisclosePersonalDataRequest::default()
            };
            let mut admin = self.admin.clone();
            let page = admin.disclose_personal_data(self.ask(request)).await;
            let page = self.take(page)?;
            all.extend(page.openings);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Erases texts about a person; a lost answer is asked for once more.
    pub async fn erase(
        &self,
        request: v1::ErasePersonalDataRequest,
    ) -> Result<v1::ErasePersonalDataResponse, Failure> {
        let request = v1::ErasePersonalDataRequest {
            ledger: self.ledger(),
            ..request
        };
        let send = || async {
            let mut admin = self.admin.clone();
            admin.erase_personal_data(self.ask(request.clone())).await
        };
        let first = match send().await {
            Err(status) if is_outcome_unknown(&status) => status,
            answer => return self.take(answer),
        };
        let second = send().await;
        self.settle(&request.request_id, &first, second)
    }

    /// Appends events; a lost answer is asked for once more with the same ids, which adds nothing twice.
    pub async fn append(
        &self,
        request: v1::AppendEventsRequest,
    ) -> Result<v1::AppendEventsResponse, Failure> {
        let request = v1::AppendEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        let send = || async {
            self.ledgers
                .clone()
                .append_events(self.ask(request.clone()))
                .await
        };
        let first = match send().await {
            Err(status) if is_outcome_unknown(&status) => status,
            answer => return self.take(answer),
        };
        let second = send().await;
        self.settle(&request.request_id, &first, second)
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
        let second = send().await;
        self.settle(request_id, &first, second)
    }

    fn take<T>(&self, answer: Result<tonic::Response<T>, Status>) -> Result<T, Failure> {
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failed(&status))
    }

    /// What a second attempt says about a first one whose answer was lost.
    fn settle<T>(
        &self,
        request_id: &str,
        first: &Status,
        second: Result<tonic::Response<T>, Status>,
    ) -> Result<T, Failure> {
        match second {
            // A second attempt that did not get as far as the ids says nothing about the first.
            Err(second) if !is_decided(&second) => {
                Err(outcome_unknown(self.address.language, request_id, first))
            }
            answer => self.take(answer),
        }
    }

    /// Lets the server verify what it has stored; nothing is decided by its word alone.
    pub async fn verify_store(&self) -> Result<tonic::Streaming<v1::VerifyStoreResponse>, Failure> {
        let request = v1::VerifyStoreRequest {
            ledger: self.ledger(),
            size: None,
        };
        let answer = self.admin.clone().verify_store(self.ask(request)).await;
        self.take(answer)
    }

    /// The receipt of an earlier append call, or `None` if it was not recorded.
    pub async fn receipt(
        &self,
        request_id: &str,
        mode: v1::ReceiptMode,
    ) -> Result<Option<v1::GetReceiptResponse>, Failure> {
        let request = v1::GetReceiptRequest {
            ledger: self.ledger(),
            request_id: request_id.to_owned(),
            receipt_mode: mode.into(),
        };
        match self.ledgers.clone().get_receipt(self.ask(request)).await {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if failure::reason_of(&status).as_deref() == Some("REQUEST_UNKNOWN") => {
                Ok(None)
            }
            Err(status) => Err(self.failed(&status)),
        }
    }

    /// One event, by id or position.
    pub async fn event(
        &self,
        selector: v1::get_event_request::Selector,
    ) -> Result<v1::GetEventResponse, Failure> {
        let request = v1::GetEventRequest {
            ledger: self.ledger(),
            min_position: None,
            selector: Some(selector),
        };
        self.take(self.ledgers.clone().get_event(self.ask(request)).await)
    }

    /// One event by id, or `None` if the ledger does not have it.
    pub async fn event_if_any(&self, event_id: &str) -> Result<Option<v1::Event>, Failure> {
        let selector = v1::get_event_request::Selector::EventId(event_id.to_owned());
        match self.event(selector).await {
            Ok(answer) => Ok(answer.event),
            Err(failure) if failure.reason() == Some("EVENT_UNKNOWN") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Events from a position to the head or `limit`.
    pub async fn read_events(
        &self,
        request: v1::ReadEventsRequest,
    ) -> Result<tonic::Streaming<v1::ReadEventsResponse>, Failure> {
        let request = v1::ReadEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        // The whole of a large ledger may take longer than one answer: no deadline.
        self.take(
            self.ledgers
                .clone()
                .read_events(Request::new(request))
                .await,
        )
    }

    /// Events from a position on, without end.
    pub async fn subscribe(
        &self,
        request: v1::SubscribeEventsRequest,
    ) -> Result<tonic::Streaming<v1::SubscribeEventsResponse>, Status> {
        let request = v1::SubscribeEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        let stream = self
            .ledgers
            .clone()
            .subscribe_events(Request::new(request))
            .await;
        stream.map(tonic::Response::into_inner)
    }

    /// Goals, and again each that changes.
    pub async fn watch_goals(
        &self,
        request: v1::WatchGoalsRequest,
    ) -> Result<tonic::Streaming<v1::WatchGoalsResponse>, Failure> {
        let request = v1::WatchGoalsRequest {
            ledger: self.ledger(),
            ..request
        };
        // It goes on for as long as the person watches: no deadline.
        self.take(self.goals.clone().watch_goals(Request::new(request)).await)
    }

    /// One goal; with `forms`, with what a report on each indicator looks like today.
    pub async fn goal(&self, goal: &str, forms: bool) -> Result<v1::GetGoalResponse, Failure> {
        let request = v1::GetGoalRequest {
            ledger: self.ledger(),
            min_position: None,
            goal: goal.to_owned(),
            as_of: self.as_of.clone(),
            entry_forms: forms,
        };
        self.take(self.goals.clone().get_goal(self.ask(request)).await)
    }

    /// Goals, all pages as one, up to `limit`.
    pub async fn goals(
        &self,
        filter: &GoalFilter,
        limit: usize,
    ) -> Result<v1::ListGoalsResponse, Failure> {
        let view = if filter.full {
            v1::GoalView::Full
        } else {
            v1::GoalView::Summary
        };
        let mut all = v1::ListGoalsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListGoalsRequest {
                ledger: self.ledger(),
                min_position: None,
                plan: filter.plan.clone(),
                department: filter.department.clone(),
                section: filter.section.clone(),
                pillar: filter.pillar,
                find: filter.find.clone(),
                as_of: self.as_of.clone(),
                include_upcoming: filter.upcoming,
                view: view.into(),
                page_size: 0,
                page_token: std::mem::take(&mut all.next_page_token),
            };
            let page = self.take(self.goals.clone().list_goals(self.ask(request)).await)?;
            all.goals.extend(page.goals);
            all.next_page_token = page.next_page_token;
            all.total = page.total;
            all.answered_at = page.answered_at;
            if limit <= all.goals.len() || all.next_page_token.is_empty() {
                break;
            }
        }
        all.goals.truncate(limit);
        Ok(all)
    }

    /// An indicator's history with all pages of its entries, including position `min_position`.
    pub async fn series(
        &self,
        indicator: &str,
        min_position: Option<u64>,
    ) -> Result<v1::GetSeriesResponse, Failure> {
        let mut all: Option<v1::GetSeriesResponse> = None;
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let request = v1::GetSeriesRequest {
                ledger: self.ledger(),
                min_position,
                indicator: indicator.to_owned(),
                as_of: self.as_of.clone(),
                page_size: 0,
                page_token: std::mem::take(&mut page_token),
            };
            let page = self.take(self.goals.clone().get_series(self.ask(request)).await)?;
            page_token.clone_from(&page.next_page_token);
            match &mut all {
                None => all = Some(page),
                Some(all) => {
                    all.entries.extend(page.entries);
                    all.next_page_token = page.next_page_token;
                }
            }
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// What a code or an id names.
    pub async fn lookup(&self, code: &str) -> Result<v1::Entity, Failure> {
        let query = v1::lookup_code_request::Query::Code(code.to_owned());
        let answer = self.lookup_by(query, &[], 1, String::new()).await?;
        answer.entities.into_iter().next().ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                pick(
                    self.address.language,
                    format!("コードがありません: {code}"),
                    format!("nothing has the code {code}"),
                ),
            )
        })
    }

    /// Things of these kinds (none: of all) whose code begins with `prefix`, a few of them.
    pub async fn beginning_with(
        &self,
        prefix: &str,
        kinds: &[v1::EntityKind],
        limit: u32,
    ) -> Result<Vec<v1::Entity>, Failure> {
        let query = v1::lookup_code_request::Query::Prefix(prefix.to_owned());
        Ok(self
            .lookup_by(query, kinds, limit, String::new())
            .await?
            .entities)
    }

    /// Everything of one kind.
    pub async fn every(&self, kind: v1::EntityKind) -> Result<Vec<v1::Entity>, Failure> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let query = v1::lookup_code_request::Query::Prefix(String::new());
            let page = self.lookup_by(query, &[kind], 0, page_token).await?;
            all.extend(page.entities);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    async fn lookup_by(
        &self,
        query: v1::lookup_code_request::Query,
        kinds: &[v1::EntityKind],
        page_size: u32,
        page_token: String,
    ) -> Result<v1::LookupCodeResponse, Failure> {
        let request = v1::LookupCodeRequest {
            ledger: self.ledger(),
            min_position: None,
            query: Some(query),
            kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
            as_of: self.as_of.clone(),
            page_size,
            page_token,
        };
        self.take(self.goals.clone().lookup_code(self.ask(request)).await)
    }

    /// The table of departments and pillars.
    pub async fn overview(&self, plan: Option<String>) -> Result<v1::GetOverviewResponse, Failure> {
        let request = v1::GetOverviewRequest {
            ledger: self.ledger(),
            min_position: None,
            plan,
            as_of: self.as_of.clone(),
        };
        self.take(self.goals.clone().get_overview(self.ask(request)).await)
    }

    /// The periods of a plan.
    pub async fn periods(&self, plan: Option<String>) -> Result<v1::ListPeriodsResponse, Failure> {
        let request = v1::ListPeriodsRequest {
            ledger: self.ledger(),
            as_of: self.as_of.clone(),
            plan,
            ..v1::ListPeriodsRequest::default()
        };
        let answer = self
            .evaluations
            .clone()
            .list_periods(self.ask(request))
            .await;
        self.take(answer)
    }

    /// Policies of this code, or all, all pages as one.
    pub async fn policies(
        &self,
        code: Option<String>,
    ) -> Result<v1::ListPoliciesResponse, Failure> {
        let mut all = v1::ListPoliciesResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPoliciesRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                code: code.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::ListPoliciesRequest::default()
            };
            let page = self
                .evaluations
                .clone()
                .list_policies(self.ask(request))
                .await;
            let page = self.take(page)?;
            all.policies.extend(page.policies);
            all.next_page_token = page.next_page_token;
            all.answered_at = page.answered_at;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Changes, all pages as one, up to `limit`.
    pub async fn changes(
        &self,
        request: v1::ListChangesRequest,
        limit: usize,
    ) -> Result<v1::ListChangesResponse, Failure> {
        let mut all = v1::ListChangesResponse::default();
        for _ in 0..PAGES_MAX {
            let missing = limit.saturating_sub(all.changes.len());
            let request = v1::ListChangesRequest {
                ledger: self.ledger(),
                // The server caps the page; the size must be the same on every page.
                page_size: u32::try_from(limit).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().list_changes(self.ask(request)).await)?;
            let more = missing < page.changes.len();
            all.changes.extend(page.changes.into_iter().take(missing));
            all.next_page_token = page.next_page_token;
            all.answered_at = page.answered_at;
            if more || all.next_page_token.is_empty() || limit <= all.changes.len() {
                break;
            }
        }
        Ok(all)
    }
}
