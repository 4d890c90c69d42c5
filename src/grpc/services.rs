//! What all services share: the ledgers, who asks, until when, in which language.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt as _};
use tokio::sync::{Semaphore, watch};
use tonic::service::RoutesBuilder;
use tonic::{Request, Response, Status};

use crate::access_log::{AccessLog, Recording};
use crate::api::v1;
use crate::auth::Permitted;
use crate::auth::access::{
    Acting, Action, Authorizer, BEHALF_METADATA, BEHALF_METADATA_BINARY, CompiledPolicies, Denied,
    Facts, Grounds, Group, On, PURPOSE_METADATA_BINARY, Resource, SEAT_METADATA,
    SEAT_METADATA_BINARY, Standing, on_ledger, reading_goal, reading_plan,
};
use crate::auth::{AuthError, Authenticator, Mode};
use crate::domain::access::LoginId;
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Actor;
use crate::domain::id::{InvalidId, LedgerId, PlanId};
use crate::domain::text::{Language, Name};
use crate::evidence::Store;
use crate::grpc::accounting::Accessed;
use crate::grpc::deadline::{self, Arrival};
use crate::grpc::event::{At, Faults};
use crate::grpc::goal_service::form;
use crate::grpc::identify::Identified;
use crate::grpc::language;
use crate::grpc::page_token::{PageKey, Pinned, Place, Scope};
use crate::grpc::sight::Sights;
use crate::grpc::snapshots::Snapshots;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Append, Ledgers, Reader, View, rejection};
use crate::projection::evaluation::cache::Cache;
use crate::proof::Proofs;

/// Bytes of one request message at most: the events of a full append and what goes around them.
pub(super) const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of one answer at most.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What whoever reads an access log must be permitted to do: it is for those who may verify what is stored.
pub(super) const ACCESS_LOG_READ: Action = Action::VerifyStore;
/// What is done with a goal that files can show.
const SHOWN_BY_FILES: [Action; 4] = [
    Action::AttachEvidence,
    Action::CorrectActual,
    Action::ReviewEvaluation,
    Action::RecordActual,
];
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
    proofs: Arc<Proofs>,
    evidence: Arc<Store>,
    access_log: Arc<AccessLog>,
    /// One place: a ledger is verified with all that a disk and a core can do.
    verifying: Arc<Semaphore>,
}

/// A call: who makes it, in which language, until when.
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
            proofs,
            evidence,
            verifying: Arc::new(Semaphore::new(1)),
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

    /// The ledger that a caller names, for whoever may do `action` there; of goals and plans whoever may do it to some.
    pub(super) fn ledger(
        &self,
        call: &Call,
        named: &str,
        action: Action,
    ) -> Result<Arc<Reader>, Refusal> {
        let reader = match self.named(named) {
            Ok(reader) => reader,
            // Strangers are not told either whether there is a ledger.
            Err(_) if self.keeps_quiet() && !self.0.authorizer.names(&call.actor) => {
                return Err(ServiceReason::PermissionDenied.into());
            }
            Err(refusal) => return Err(refusal),
        };
        self.gate(call, &reader, action)?;
        Ok(reader)
    }

    /// Whether some ledger here has access control.
    fn keeps_quiet(&self) -> bool {
        let asks = |reader: &Arc<Reader>| {
            let directory = reader.view().directory;
            self.0
                .authorizer
                .in_force(&directory, reader.today())
                .is_some()
        };
        self.0.authorizer.is_required() || self.ledgers().list().iter().any(asks)
    }

    /// Lets a request go on to where each of its events is decided and asked about.
    pub(super) fn admit<T>(&self, call: &Call, request: T) -> Permitted<T> {
        let authorizer = &self.0.authorizer;
        self.auth()
            .admit(&call.actor, authorizer, &call.acting, request)
    }

    /// Who calls, in a ledger today.
    pub(super) fn standing(&self, call: &Call, reader: &Reader) -> Standing {
        let directory = reader.view().directory;
        let permitted = self.admit(call, ());
        permitted
            .into_caller()
            .0
            .standing(&directory, reader.today())
    }

    /// Lets on whoever may do `action` in a ledger, and says by what; `None` where there is nobody to ask, or more than one
    /// thing to ask about.
    fn gate(
        &self,
        call: &Call,
        reader: &Reader,
        action: Action,
    ) -> Result<Option<Grounds>, Refusal> {
        if let Some(facts) = reader.access_log_of() {
            // What it tells is of that ledger, whose seats and policies say who may.
            let facts = self.ledgers().reader(facts);
            let facts = facts.ok_or(ServiceReason::PermissionDenied)?;
            let action = match action.group() {
                Group::Read => ACCESS_LOG_READ,
                Group::Write | Group::Approve | Group::Operate => action,
            };
            return self.gate(call, &facts, action);
        }
        let standing = self.standing(call, reader);
        if !standing.is_asked() {
            return Ok(None);
        }
        let (directory, today) = (reader.view().directory, reader.today());
        let permitted = match action.on() {
            On::Server => return self.operate(call),
            // Here of all that a ledger has of people: nobody's sight takes any of it away.
            On::Goal if action == Action::ReadPersonalData => {
                standing.permit(&on_ledger(action, today), &directory)
            }
            On::Ledger => standing.permit(&on_ledger(action, today), &directory),
            On::Goal if standing.is_known() || standing.actor().person.is_some() => {
                return Ok(None);
            }
            // Goals marked PUBLIC may be read by whoever signed in; where there is none, nobody is told that there is a ledger.
            On::Goal => {
                let seen = self.sight(call, reader, directory);
                return match seen.goal_ids().next() {
                    Some(_) => Ok(None),
                    None => Err(ServiceReason::PermissionDenied.into()),
                };
            }
            // Which one is asked about where it is found.
            On::Plan if standing.is_known() => {
                let plans = directory.plans().into_iter();
                let facts = plans.filter_map(|plan| reading_plan(&directory, plan.id, today));
                let mut answers = facts.map(|facts| standing.permit(&facts, &directory));
                match answers.next() {
                    Some(denied @ Err(_)) if answers.all(|answer| answer.is_err()) => denied,
                    None | Some(_) => return Ok(None),
                }
            }
            On::Plan => return Err(ServiceReason::PermissionDenied.into()),
        };
        permitted.map_err(|denied| refusal(&denied, &directory, today))
    }

    /// Refuses whoever may not read this plan.
    pub(super) fn read_plan(
        &self,
        call: &Call,
        reader: &Reader,
        plan: PlanId,
    ) -> Result<(), Refusal> {
        let standing = self.standing(call, reader);
        let (directory, today) = (reader.view().directory, reader.today());
        match reading_plan(&directory, plan, today) {
            Some(facts) => standing
                .permit(&facts, &directory)
                .map(drop)
                .map_err(|denied| refusal(&denied, &directory, today)),
            // What is not there is told of elsewhere.
            None => Ok(()),
        }
    }

    /// Frames of an answer for as long as whoever reads them may do `action`: what let them in is asked again before each.
    pub(super) fn while_permitted<T: Send + 'static>(
        &self,
        call: Call,
        reader: Arc<Reader>,
        action: Action,
        frames: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>> {
        let right = Right {
            services: self.clone(),
            call,
            reader,
            action,
            found: None,
        };
        let state = (Box::pin(frames), Some(right));
        Box::pin(futures::stream::unfold(
            state,
            |(mut frames, right)| async move {
                let mut right = right?;
                let frame = frames.next().await?;
                match right.check().await {
                    Ok(()) => Some((frame, (frames, Some(right)))),
                    Err(refusal) => {
                        let status = refusal.into_status(right.call.language);
                        Some((Err(status), (frames, None)))
                    }
                }
            },
        ))
    }

    /// Refuses whoever may not operate the server, where some ledger on it has access control: an administrator of any may.
    /// Says by what the others may; `None` where nobody is asked.
    pub(super) fn operate(&self, call: &Call) -> Result<Option<Grounds>, Refusal> {
        if !self.keeps_quiet() {
            return Ok(None);
        }
        if self.0.authorizer.names(&call.actor) {
            let policies = CompiledPolicies::built_in().sha256();
            return Ok(Some(Grounds::named_administrator(policies)));
        }
        let operates = |reader: &Arc<Reader>| {
            let facts = Facts {
                resource: Resource::Server,
                ..on_ledger(Action::OperateServer, reader.today())
            };
            let standing = self.standing(call, reader);
            let permitted = standing.permit(&facts, &reader.view().directory);
            // Where nobody is asked, nobody is permitted it either.
            permitted.ok().flatten()
        };
        let grounds = self.ledgers().list().iter().find_map(operates);
        match grounds {
            Some(grounds) => Ok(Some(grounds)),
            None => Err(ServiceReason::PermissionDenied.into()),
        }
    }

    /// Whether a caller may do `action` in a ledger.
    pub(super) fn may(&self, call: &Call, reader: &Reader, action: Action) -> bool {
        self.gate(call, reader, action).is_ok()
    }

    /// Refuses whoever may attach no file to anything, nor write of any goal what a file could show.
    pub(super) fn may_show(&self, call: &Call, reader: &Reader) -> Result<(), Refusal> {
        let ruled = reader.access_log_of();
        let ruled = ruled.and_then(|facts| self.ledgers().reader(facts));
        let reader = ruled.as_deref().unwrap_or(reader);
        let standing = self.standing(call, reader);
        if !standing.is_asked() {
            return Ok(());
        }
        let (directory, today) = (reader.view().directory, reader.today());
        let asked = |goal, action| {
            let mut facts = reading_goal(&directory, goal, today)?;
            facts.action = action;
            facts.circumstances.sourced = true;
            Some(standing.permit(&facts, &directory))
        };
        let mut denied = None;
        for action in SHOWN_BY_FILES {
            for goal in directory.goal_ids() {
                match asked(goal, action) {
                    Some(Ok(_)) => return Ok(()),
                    Some(Err(refused)) => denied = denied.or(Some(refused)),
                    None => {}
                }
            }
        }
        match denied {
            Some(denied) => Err(refusal(&denied, &directory, today)),
            // There is no goal yet that anything could be attached to.
            None => Ok(()),
        }
    }

    /// Refuses whoever may not do `action` in a ledger that was found already; says by what the others may.
    pub(super) fn ask(
        &self,
        call: &Call,
        reader: &Reader,
        action: Action,
    ) -> Result<Option<Grounds>, Refusal> {
        self.gate(call, reader, action)
    }

    /// Whether callers name themselves.
    pub(super) fn takes_names(&self) -> bool {
        self.0.mode == Mode::Unauthenticated
    }

    /// What of `directory` a caller may see: goals that they may not read are as if they were not there.
    pub(super) fn sight(
        &self,
        call: &Call,
        reader: &Reader,
        directory: Arc<Directory>,
    ) -> Arc<Directory> {
        let standing = self.standing(call, reader);
        if !standing.is_asked() {
            return directory;
        }
        let (now, today) = (reader.view().directory, reader.today());
        let all = on_ledger(Action::ReadEverything, today);
        if standing.permit(&all, &now).is_ok() {
            return directory;
        }
        self.0.sights.of(reader, &now, directory, &standing, today)
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
        }
    }
}

/// What lets somebody read a long answer: looked at again while it is read.
struct Right {
    services: Services,
    call: Call,
    reader: Arc<Reader>,
    action: Action,
    /// By which version of the directory, on which day, it was found to last: it lasts as long as both do.
    found: Option<(u64, Date)>,
}

impl Right {
    async fn check(&mut self) -> Result<(), Refusal> {
        let facts = self.reader.access_log_of();
        let facts = facts.and_then(|facts| self.services.ledgers().reader(facts));
        let ruling = facts.as_ref().unwrap_or(&self.reader);
        // What has ended it may be acknowledged and not seen yet.
        let view = ruling.caught_up(None).await;
        let now = (view.directory.version(), ruling.today());
        if self.found != Some(now) {
            self.services.gate(&self.call, &self.reader, self.action)?;
            self.found = Some(now);
        }
        Ok(())
    }
}

/// What somebody is told who may not.
fn refusal(denied: &Denied, directory: &Directory, today: Date) -> Refusal {
    match denied.told {
        true => Refusal::Rules(vec![rejection(denied, directory, today, "ledger")]),
        false => ServiceReason::PermissionDenied.into(),
    }
}

/// What a call says of how its caller acts.
pub(super) fn acting(metadata: &tonic::metadata::MetadataMap) -> Result<Acting, Refusal> {
    let text = |binary: &str, plain: Option<&str>| -> Result<Option<String>, Refusal> {
        let bytes = match (metadata.get_bin(binary), plain) {
            (Some(value), _) => value.to_bytes().ok().map(|bytes| bytes.to_vec()),
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
