//! What all services share: the ledgers, who asks, until when, in which language.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tonic::service::RoutesBuilder;
use tonic::{Request, Response, Status};

use crate::access_log::{AccessLog, Recording};
use crate::api::v1;
use crate::auth::access::{
    Acting, Authorizer, BEHALF_METADATA, BEHALF_METADATA_BINARY, PURPOSE_METADATA_BINARY,
    SEAT_METADATA, SEAT_METADATA_BINARY,
};
use crate::auth::{AuthError, Authenticator, Mode};
use crate::domain::access::LoginId;
use crate::domain::code::Code;
use crate::domain::event::Actor;
use crate::domain::id::{InvalidId, LedgerId};
use crate::domain::text::{Language, Name};
use crate::evidence::Store;
use crate::grpc::accounting::Accessed;
use crate::grpc::deadline::{self, Arrival};
use crate::grpc::event::{At, Faults};
use crate::grpc::follow::Tail;
use crate::grpc::goal_service::form;
use crate::grpc::identify::Identified;
use crate::grpc::language;
use crate::grpc::page_token::{PageKey, Pinned, Place, Scope};
use crate::grpc::sight::Sights;
use crate::grpc::snapshots::Snapshots;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Append, Ledgers, Reader, View};
use crate::projection::evaluation::cache::Cache;
use crate::proof::Proofs;

mod gate;
mod verifying;

pub(super) use gate::{ACCESS_LOG_READ, Needs};
pub(super) use verifying::{EventAsked, SightOfEvents, Verifier};

/// Bytes of one request message at most: the events of a full append and what goes around them.
pub(super) const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of one answer at most.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Appends that are carried out at once for all SubmitEvents streams: half of what may wait for the writer, so that calls with one append
/// find room there. More wait to be taken.
const SUBMITTED_AT_ONCE: usize = 2_048;
/// Rows of a page where the caller does not say.
const PAGE_ROWS: u32 = 50;
/// Rows of a page at most.
pub(super) const PAGE_ROWS_MAX: u32 = 500;

/// The services of the API on one set of ledgers.
#[derive(Clone)]
pub struct Services(Arc<Shared>);

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// What services are made of.
pub struct Parts {
    /// The ledgers.
    pub ledgers: Arc<Ledgers>,
    /// Their checkpoints and keys.
    pub proofs: Arc<Proofs>,
    /// The files that events name.
    pub evidence: Arc<Store>,
    /// What seals page tokens.
    pub page_key: PageKey,
    /// The id or code that an empty name means, else the only ledger there is.
    pub default_ledger: Option<String>,
    /// No unary call takes longer.
    pub request_timeout: Duration,
    /// When it becomes true, streams end.
    pub closing: watch::Receiver<bool>,
    /// Of which ledgers it is recorded who asks for what.
    pub recording: Recording,
    /// Whether callers prove who they are. Then the built-in access policies hold in ledgers that have published none.
    pub auth: Mode,
    /// Who may begin where nobody holds a seat yet.
    pub administrators: Vec<LoginId>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

struct Shared {
    ledgers: Arc<Ledgers>,
    mode: Mode,
    auth: Authenticator,
    authorizer: Arc<Authorizer>,
    sights: Sights,
    page_key: PageKey,
    default_ledger: Option<String>,
    request_timeout: Duration,
    closing: watch::Receiver<bool>,
    evaluations: Arc<Cache>,
    tail: Arc<Tail>,
    proofs: Arc<Proofs>,
    evidence: Arc<Store>,
    access_log: Arc<AccessLog>,
    /// One place: a ledger is verified with all that a disk and a core can do.
    verifying: Arc<Semaphore>,
    /// A place for each append of a stream of them that is carried out.
    submitted: Arc<Semaphore>,
}

/// A call: who makes it, in which language, until when.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) language: Language,
    pub(super) actor: Actor,
    /// In which seat, for whom and why.
    pub(super) acting: Acting,
    pub(super) deadline: Instant,
    /// The deadline that the caller asked for, however late: streams have no other.
    pub(super) asked: Option<Instant>,
}

impl Services {
    /// Services on what `parts` say.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            ledgers,
            proofs,
            evidence,
            page_key,
            default_ledger,
            request_timeout,
            closing,
            recording,
            auth,
            administrators,
        } = parts;
        let access_log =
            AccessLog::new(ledgers.clone(), proofs.clone(), recording, closing.clone());
        // Whoever proves who they are is asked what they may do.
        let authorizer = Authorizer::new(auth == Mode::Required, administrators);
        Self(Arc::new(Shared {
            access_log: Arc::new(access_log),
            ledgers,
            mode: auth,
            auth: Authenticator,
            authorizer: Arc::new(authorizer),
            sights: Sights::default(),
            page_key,
            default_ledger,
            request_timeout,
            closing,
            evaluations: Arc::default(),
            tail: Arc::default(),
            proofs,
            evidence,
            verifying: Arc::new(Semaphore::new(1)),
            submitted: Arc::new(Semaphore::new(SUBMITTED_AT_ONCE)),
        }))
    }

    /// All services, ready to be served.
    pub fn routes(&self) -> RoutesBuilder {
        let mut routes = RoutesBuilder::default();
        macro_rules! add {
            ($server:path) => {{
                use $server as Server;
                let server = Server::new(self.clone())
                    .max_decoding_message_size(REQUEST_BYTES_MAX)
                    .max_encoding_message_size(ANSWER_BYTES_MAX);
                routes.add_service(server);
            }};
        }
        add!(v1::identity_service_server::IdentityServiceServer);
        add!(v1::ledger_service_server::LedgerServiceServer);
        add!(v1::goal_service_server::GoalServiceServer);
        add!(v1::audit_service_server::AuditServiceServer);
        add!(v1::evaluation_service_server::EvaluationServiceServer);
        add!(v1::proof_service_server::ProofServiceServer);
        add!(v1::evidence_service_server::EvidenceServiceServer);
        add!(v1::access_service_server::AccessServiceServer);
        add!(v1::admin_service_server::AdminServiceServer);
        routes
    }

    pub(super) fn ledgers(&self) -> &Ledgers {
        &self.0.ledgers
    }

    /// The place of whoever verifies what is stored.
    pub(super) fn verifying(&self) -> Arc<Semaphore> {
        self.0.verifying.clone()
    }

    /// The places of appends that come in streams of them.
    pub(super) fn submitted(&self) -> &Arc<Semaphore> {
        &self.0.submitted
    }

    /// What signs and proves.
    pub(super) fn proofs(&self) -> &Arc<Proofs> {
        &self.0.proofs
    }

    /// The files that events name.
    pub(super) fn evidence(&self) -> &Store {
        &self.0.evidence
    }

    /// What records who asks for what.
    pub fn access_log(&self) -> &Arc<AccessLog> {
        &self.0.access_log
    }

    /// The longest a unary call may take.
    pub(super) fn request_timeout(&self) -> Duration {
        self.0.request_timeout
    }

    /// The last events of ledgers, for those who follow.
    pub(super) fn tail(&self) -> Arc<Tail> {
        self.0.tail.clone()
    }

    /// Evaluations that were computed lately.
    pub(super) fn evaluations(&self) -> &Cache {
        &self.0.evaluations
    }

    /// What takes snapshots of closed periods.
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(self.0.ledgers.clone(), self.0.evaluations.clone())
    }

    pub(super) fn auth(&self) -> &Authenticator {
        &self.0.auth
    }

    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.clone()
    }

    /// The ledger of this id or code; empty: the default, or the only one.
    fn choose(&self, named: &str) -> Result<Arc<Reader>, Refusal> {
        let named = match (named, &self.0.default_ledger) {
            ("", Some(default)) => default,
            (named, _) => named,
        };
        Ok(self.0.ledgers.resolve(named)?)
    }

    /// Whether callers name themselves.
    pub(super) fn takes_names(&self) -> bool {
        self.0.mode == Mode::Unauthenticated
    }

    /// The ledger that a caller names, if what it sends is a name at all.
    fn named(&self, named: &str) -> Result<Arc<Reader>, Refusal> {
        if !named.is_empty() {
            let (at, mut faults) = (At::field("ledger"), Faults::default());
            let read = match named.parse::<LedgerId>() {
                Ok(_) => Some(()),
                Err(problem @ InvalidId::Reserved) => faults.id_fault(&at, problem),
                Err(InvalidId::NotAUuid) => faults.code(&at, named).map(drop),
            };
            faults.into_result(read)?;
        }
        self.choose(named)
    }

    /// The ledger that an empty name means.
    pub(super) fn default_ledger(&self) -> Option<LedgerId> {
        self.choose("").ok().map(|reader| reader.id())
    }

    /// Runs a unary call: identifies the caller, holds the deadline, maps the error.
    pub(super) async fn unary<M, T, F>(
        &self,
        request: Request<M>,
        answer: impl FnOnce(Call, M) -> F,
    ) -> Result<Response<T>, Status>
    where
        M: Accessed,
        F: Future<Output = Result<T, Refusal>>,
    {
        self.bounded(request, ServiceReason::DeadlinePassed.into(), answer)
            .await
    }

    /// A unary call that writes: what it began goes on behind its deadline.
    pub(super) async fn writing<M, T, F>(
        &self,
        request: Request<M>,
        answer: impl FnOnce(Call, M) -> F,
    ) -> Result<Response<T>, Status>
    where
        M: Accessed,
        F: Future<Output = Result<T, Refusal>>,
    {
        self.bounded(request, Refusal::deadline_while_appending(), answer)
            .await
    }

    async fn bounded<M, T, F>(
        &self,
        request: Request<M>,
        late: Refusal,
        answer: impl FnOnce(Call, M) -> F,
    ) -> Result<Response<T>, Status>
    where
        M: Accessed,
        F: Future<Output = Result<T, Refusal>>,
    {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let answered = async {
            let call = self.call(&request, language)?;
            let deadline = call.deadline;
            let answer = answer(call, request.into_inner());
            tokio::time::timeout_at(deadline.into(), answer)
                .await
                .unwrap_or(Err(late))
        };
        let result = self.accounted(begun, answered).await;
        result
            .map(Response::new)
            .map_err(|refusal| refusal.into_status(language))
    }

    /// Who makes a call.
    pub(super) fn caller<M>(&self, request: &Request<M>) -> Result<Actor, Refusal> {
        let identified: Option<&Identified> = request.extensions().get();
        Ok(identified.ok_or(AuthError::Missing)?.actor.clone())
    }

    /// Who calls, and until when. A call whose time is over before it begins is refused.
    pub(super) fn call<M>(
        &self,
        request: &Request<M>,
        language: Language,
    ) -> Result<Call, Refusal> {
        let actor = self.caller(request)?;
        let metadata = request.metadata();
        let now = Instant::now();
        let arrival = request.extensions().get().map_or(now, |Arrival(at)| *at);
        let asked = deadline::of_handler(metadata.as_ref(), arrival);
        let limit = now + self.0.request_timeout;
        let deadline = asked.map_or(limit, |asked| asked.min(limit));
        if deadline <= now {
            return Err(ServiceReason::DeadlinePassed.into());
        }
        Ok(Call {
            language,
            actor,
            acting: acting(metadata)?,
            deadline,
            asked,
        })
    }

    /// Waits until the answer includes `min_position`, at least everything acknowledged before the call.
    pub(super) async fn view(&self, reader: &Reader, min_position: Option<u64>) -> View {
        reader.caught_up(min_position).await
    }

    /// Rows of a page, as the caller asked, within the limit.
    pub(super) fn page_rows(asked: u32) -> usize {
        let rows = if asked == 0 {
            PAGE_ROWS
        } else {
            asked.min(PAGE_ROWS_MAX)
        };
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// Where the list of `scope` goes on; `None` for the first page.
    pub(super) fn place(&self, scope: &Scope<'_>, token: &str) -> Result<Option<Place>, Refusal> {
        let place = self.0.page_key.unseal(scope, token);
        place.map_err(|_| Refusal::new(ServiceReason::PageTokenInvalid))
    }

    /// The token of the next page.
    pub(super) fn token(&self, scope: &Scope<'_>, place: &Place) -> String {
        self.0.page_key.seal(scope, place)
    }

    /// How many items come before the page at `place`; none before the first.
    pub(super) fn skip(place: Option<&Place>) -> Result<usize, Refusal> {
        let Some(place) = place else { return Ok(0) };
        let bytes: Result<[u8; 8], _> = place.cursor.as_slice().try_into();
        let number = bytes
            .ok()
            .and_then(|bytes| usize::try_from(u64::from_be_bytes(bytes)).ok());
        number.ok_or_else(|| ServiceReason::PageTokenInvalid.into())
    }

    /// The token of the page that begins with item `next` of `len`; empty behind the end.
    pub(super) fn next_token(
        &self,
        scope: &Scope<'_>,
        pinned: Option<Pinned>,
        next: usize,
        len: usize,
    ) -> String {
        if len <= next {
            return String::new();
        }
        let cursor = (next as u64).to_be_bytes().to_vec();
        self.token(scope, &Place { pinned, cursor })
    }

    /// What a server allows.
    pub(super) fn limits(&self) -> v1::Limits {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        v1::Limits {
            events_per_request: number(Append::EVENTS_MAX),
            request_bytes: number(Append::BYTES_MAX),
            event_bytes: number(crate::log::codec::EVENT_BYTES_MAX),
            page_size: PAGE_ROWS_MAX,
            events_per_batch: number(super::ledger_service::BATCH_EVENTS),
            batch_bytes: number(super::ledger_service::BATCH_BYTES),
            evidence_file_bytes: self.evidence().terms().file_bytes_max,
            submitted_requests: number(super::ledger_service::SUBMITTED_REQUESTS),
            submitted_bytes: number(super::ledger_service::SUBMITTED_BYTES),
        }
    }
}

/// What a call says of how its caller acts.
pub(super) fn acting(metadata: &tonic::metadata::MetadataMap) -> Result<Acting, Refusal> {
    let text = |binary: &str, plain: Option<&str>| -> Result<Option<String>, Refusal> {
        let bytes = match (metadata.get_bin(binary), plain) {
            (Some(value), _) => {
                let bytes = value.to_bytes().map_err(|_| form(binary, "base64"))?;
                Some(bytes.to_vec())
            }
            (None, Some(plain)) => metadata.get(plain).map(|value| value.as_bytes().to_vec()),
            (None, None) => None,
        };
        bytes
            .map(|bytes| String::from_utf8(bytes).map_err(|_| form("metadata", "UTF-8")))
            .transpose()
    };
    let name = |text: String, field| {
        Name::parse(&text).map_err(|problem| form(field, &problem.to_string()))
    };
    let seat = text(SEAT_METADATA_BINARY, Some(SEAT_METADATA))?;
    let behalf = text(BEHALF_METADATA_BINARY, Some(BEHALF_METADATA))?;
    let purpose = text(PURPOSE_METADATA_BINARY, None)?;
    Ok(Acting {
        seat: seat
            .map(|seat| Code::parse(&seat).map_err(|e| form(SEAT_METADATA, &e.to_string())))
            .transpose()?,
        on_behalf_of: behalf.map(|unit| name(unit, BEHALF_METADATA)).transpose()?,
        purpose: purpose
            .map(|why| name(why, PURPOSE_METADATA_BINARY))
            .transpose()?,
    })
}

impl From<ServiceReason> for Refusal {
    fn from(reason: ServiceReason) -> Self {
        Self::new(reason)
    }
}
