//! Who asked for what: beside a ledger of facts a second one, its access log.
//!
//! ```text
//! record    administration, exports, texts about people: durable before the answer leaves
//! note      refusals and other reads: merged within a minute, written behind the answer
//! pending   what was noted and is not written yet, and how much of it there may be
//! ```
//! An access log is a ledger of the same data folder, so it has the same journal, copies, checkpoints, proofs and bundles.
//! The server opens it when there is something to record, and nobody else appends to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::auth::Authenticator;
use crate::clock::{new_id, system_now};
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedResource};
use crate::domain::code::Code;
use crate::domain::event::{
    AccessRecorded, AccessesLeftOut, Actor, ClockKind, Event, Payload, Stream,
};
use crate::domain::id::{EventId, InvalidId, LedgerId, RequestId};
use crate::domain::text::{Name, Title};
use crate::fault_point::Step;
use crate::ledger::{Append, AppendError, Ledgers, OpenLedger, Reader};
use crate::proof::Proofs;

mod peer;
mod pending;

pub use peer::Peer;
use pending::{LeftOut, Merged, Pending};

/// How long what was noted waits to be written.
const WRITING_PERIOD: Duration = Duration::from_secs(1);
/// Accesses of one actor that are written as one request at most: so many of the longest fit into one.
const WRITTEN_TOGETHER_MAX: usize = 160;
/// Requests to write that wait for the log at once.
const WRITING_AT_ONCE_MAX: usize = 32;

/// Of which ledgers accesses are recorded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Recording {
    /// Of all.
    All,
    /// Of none.
    #[default]
    None,
}

/// An access, as it is to be recorded.
#[derive(Clone, Debug)]
pub struct Access {
    /// The ledger of facts that it was an access to.
    pub ledger: LedgerId,
    /// Who asked; `None`: nobody knows.
    pub actor: Option<Actor>,
    /// Full name of the method.
    pub rpc: &'static str,
    /// What kind of thing was asked for.
    pub class: AccessClass,
    /// What it was asked of; `None`: of the ledger as a whole.
    pub resource: Option<AccessedResource>,
    /// What for, where the caller said.
    pub purpose: Option<Name>,
    /// How it ended.
    pub outcome: AccessOutcome,
    /// gRPC status code.
    pub status: u32,
    /// Why it was refused or failed.
    pub reason: Option<&'static str>,
    /// The policy that refused it.
    pub policy: Option<Name>,
    /// Where it came from.
    pub peer: Option<Peer>,
    /// Whether there were texts about people in the answer.
    pub personal: bool,
    /// How long it took so far.
    pub duration: Duration,
    /// The caller's id of the call.
    pub request_id: Option<RequestId>,
}

/// An access could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// The ledger has no access log and none can be opened.
    #[error("the access log cannot be opened")]
    NotOpened(#[source] AppendError),
    /// It took nothing.
    #[error("the access log cannot be written")]
    NotWritten(#[source] AppendError),
    /// The ledger is not there.
    #[error("no such ledger")]
    LedgerUnknown,
    /// A test asked for it.
    #[error("a test lets the access log fail")]
    Tested,
}

/// The access logs of a data folder.
pub struct AccessLog {
    ledgers: Arc<Ledgers>,
    proofs: Arc<Proofs>,
    recording: Recording,
    pending: Mutex<Pending>,
    /// Held while an access log is opened, so that two never choose it another code.
    opening: tokio::sync::Mutex<()>,
    /// Held while noted accesses are written, so that nobody believes them written before they are.
    writing: tokio::sync::Mutex<()>,
    closing: watch::Receiver<bool>,
}

impl AccessLog {
    /// The access logs of `ledgers`, signed by `proofs`, until `closing` becomes true.
    pub fn new(
        ledgers: Arc<Ledgers>,
        proofs: Arc<Proofs>,
        recording: Recording,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self {
            ledgers,
            proofs,
            recording,
            pending: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            closing,
        }
    }

    /// Whether there is anything to record at all.
    pub fn is_kept(&self) -> bool {
        self.recording == Recording::All
    }

    /// Records an access: durable when it returns. It is recorded also if nobody waits for that any more.
    pub async fn record(self: &Arc<Self>, access: Access) -> Result<(), NotRecorded> {
        let at = system_now();
        let this = self.clone();
        by_itself(async move {
            let log = this.opened(access.ledger).await?;
            let (actor, event) = (access.actor.clone(), stated(log.id(), &access, at));
            this.append(&log, actor, vec![event]).await
        })
        .await
    }

    /// Notes an access that is recorded behind the answer, together with others like it.
    pub fn note(&self, access: Access) {
        self.pending().add(access, system_now());
    }

    /// Writes everything that was noted before the call, also if nobody waits for that any more. What cannot be written is
    /// counted and logged.
    pub async fn settle(self: &Arc<Self>) {
        let this = self.clone();
        by_itself(async move { this.write(true).await }).await;
    }

    /// Writes what was noted, until the server closes; then all of it.
    pub async fn run(self: Arc<Self>) {
        let mut closing = self.closing.clone();
        let mut ticks = tokio::time::interval(WRITING_PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let is_over = tokio::select! {
                () = closed(&mut closing) => true,
                _ = ticks.tick() => false,
            };
            if is_over {
                break;
            }
            self.write(false).await;
        }
        self.write(true).await;
    }

    /// The access log of a ledger, if it has one.
    pub fn of(&self, ledger: LedgerId) -> Option<Arc<Reader>> {
        self.ledgers.access_log_of(ledger)
    }

    /// The access log of a ledger, opened where there is none yet. Whoever calls it must not be broken off: of a ledger whose
    /// first event is stored but which nobody has adopted, nothing can be read or written until the next start.
    async fn opened(&self, ledger: LedgerId) -> Result<Arc<Reader>, NotRecorded> {
        if let Some(log) = self.of(ledger) {
            return Ok(log);
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(log) = self.of(ledger) {
            return Ok(log);
        }
        let facts = self.ledgers.reader(ledger);
        let facts = facts.ok_or(NotRecorded::LedgerUnknown)?;
        let opening = opening(&self.ledgers, &facts).ok_or(NotRecorded::LedgerUnknown)?;
        let permitted = Authenticator.permit_system(server_name(), opening);
        let log = self.ledgers.open(permitted).await;
        let log = log.map_err(NotRecorded::NotOpened)?;
        self.proofs.follow(log.clone(), self.closing.clone());
        Ok(log)
    }

    async fn append(
        &self,
        log: &Reader,
        actor: Option<Actor>,
        events: Vec<Event>,
    ) -> Result<(), NotRecorded> {
        if Step::AccessLogWritten.fails() {
            return Err(NotRecorded::Tested);
        }
        let append = Append::new(log.id(), random(RequestId::new), events);
        let permitted = match actor {
            Some(actor) => Authenticator.permit_recording(actor, append),
            None => Authenticator.permit_system(server_name(), append),
        };
        let appended = self.ledgers.record_accesses(permitted).await;
        appended.map(drop).map_err(NotRecorded::NotWritten)
    }

    /// Whoever calls it must not be broken off: what was taken out of `pending` would be lost.
    async fn write(&self, everything: bool) {
        let _one_at_a_time = self.writing.lock().await;
        let (merged, left_out) = self.pending().take(system_now(), everything);
        if merged.is_empty() && left_out.is_empty() {
            return;
        }
        let mut lots: Vec<Lot> = Vec::new();
        let mut newest: HashMap<(LedgerId, Option<Actor>), usize> = HashMap::new();
        for one in merged {
            let by = (one.access.ledger, one.access.actor.clone());
            let open = newest.get(&by).and_then(|at| lots.get_mut(*at));
            match open.filter(|lot| lot.accesses.len() < WRITTEN_TOGETHER_MAX) {
                Some(lot) => lot.accesses.push(one),
                None => {
                    let (ledger, actor) = by.clone();
                    newest.insert(by, lots.len());
                    lots.push(Lot {
                        ledger,
                        actor,
                        accesses: vec![one],
                        left_out: None,
                    });
                }
            }
        }
        lots.extend(left_out.into_iter().map(|(ledger, left_out)| Lot {
            ledger,
            actor: None,
            accesses: Vec::new(),
            left_out: Some(left_out),
        }));
        for some in lots.chunks(WRITING_AT_ONCE_MAX) {
            let written = some.iter().map(|lot| self.write_lot(lot));
            let written = futures::future::join_all(written).await;
            for (lot, written) in some.iter().zip(written) {
                if let Err(error) = written {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "accesses are not recorded and only counted"
                    );
                    self.pending().count(lot, system_now());
                }
            }
        }
    }

    async fn write_lot(&self, lot: &Lot) -> Result<(), NotRecorded> {
        let log = self.opened(lot.ledger).await?;
        let accesses = lot.accesses.iter();
        let mut events: Vec<Event> = accesses.map(|merged| merged.stated(log.id())).collect();
        events.extend(lot.left_out.as_ref().map(|left| left.stated(log.id())));
        self.append(&log, lot.actor.clone(), events).await
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Nothing panics while it holds one half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does it in a task of its own, which a caller who goes away does not break off.
async fn by_itself<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Waits until the server closes.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // The sender lives until the server has ended.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// What is written as one request.
struct Lot {
    ledger: LedgerId,
    actor: Option<Actor>,
    accesses: Vec<Merged>,
    left_out: Option<LeftOut>,
}

/// The event that says it, of one access.
fn stated(log: LedgerId, access: &Access, at: Timestamp) -> Event {
    let merged = Merged::new(access.clone(), at);
    merged.stated(log)
}

impl Merged {
    fn stated(&self, log: LedgerId) -> Event {
        let access = &self.access;
        event(
            log,
            AccessRecorded {
                rpc: name(access.rpc),
                class: access.class,
                resource: access.resource.clone(),
                purpose: access.purpose.clone(),
                outcome: access.outcome,
                status: access.status,
                reason: access.reason.map(name),
                policy: access.policy.clone(),
                peer: access.peer.map(|peer| name(&peer.to_string())),
                duration_micros: u64::try_from(self.longest.as_micros()).unwrap_or(u64::MAX),
                request_id: access.request_id,
                count: self.count,
                first_at: micros(self.first_at),
                last_at: micros(self.last_at),
                personal: access.personal,
            },
        )
    }
}

impl LeftOut {
    fn stated(&self, log: LedgerId) -> Event {
        event(
            log,
            AccessesLeftOut {
                refusals: self.refusals,
                others: self.others,
                first_at: micros(self.first_at),
                last_at: micros(self.last_at),
            },
        )
    }
}

fn event(log: LedgerId, payload: impl Into<Payload>) -> Event {
    Event::new(random(EventId::new), Stream::ledger(log), payload.into())
}

/// How the access log of `facts` begins. The same each time, so that a crash leaves nothing that would be opened twice.
fn opening(ledgers: &Ledgers, facts: &Reader) -> Option<OpenLedger> {
    let directory = facts.view().directory;
    let opened = directory.ledger()?;
    let id = opened.ledger.uuid();
    let code = Code::parse(&format!("{}/access", opened.code));
    let is_free = |code: &Code| ledgers.resolve(code.as_str()).is_err();
    let code = code.ok().filter(is_free);
    let other = || Code::parse(&format!("access/{}", id.simple())).ok();
    let origin = Name::parse(&format!("{}/access", opened.origin)).ok();
    let origin = origin.or_else(|| Name::parse(&format!("access.invalid/{id}")).ok())?;
    let title = |title: &Name, kind: &str| {
        let room = Name::CHARS_MAX.saturating_sub(kind.chars().count());
        let cut: String = title.as_str().chars().take(room).collect();
        Name::parse(&format!("{}{kind}", cut.trim_end())).ok()
    };
    Some(OpenLedger {
        request_id: RequestId::derived(id, "access-log-request"),
        ledger: LedgerId::derived(id, "access-log"),
        code: code.or_else(other)?,
        title: Title {
            ja: title(&opened.title.ja, "（アクセス記録）")?,
            en: match &opened.title.en {
                Some(en) => title(en, ": access log"),
                None => None,
            },
        },
        origin,
        time_zone: opened.time_zone.clone(),
        locale: opened.locale.clone(),
        sample: opened.sample,
        // Who asked when is never invented.
        clock: ClockKind::System,
        access_log_of: Some(opened.ledger),
    })
}

/// Whose events they are where nobody else's.
fn server_name() -> Name {
    name("daicho")
}

/// A name of text that is one, cut to what a name may be.
fn name(text: &str) -> Name {
    let cut: String = text.chars().take(Name::CHARS_MAX).collect();
    Name::parse(cut.trim()).unwrap_or_else(|_| Name::parse("?").expect("is a name"))
}

fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// An id that nothing else has.
fn random<T>(of: fn(uuid::Uuid) -> Result<T, InvalidId>) -> T {
    of(new_id()).expect("a new id is no reserved one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_log::AccessedKind;
    use crate::domain::event::AuthMethod;
    use crate::log::codec::{RequestPlace, encode_client_part};

    #[test]
    fn accesses_that_are_written_together_fit_into_one_request() {
        let longest = || Some(name(&"\u{20000}".repeat(Name::CHARS_MAX)));
        let ledger = LedgerId::from_bytes(&[5; 16]).unwrap();
        let id = RequestId::derived(ledger.uuid(), "longest");
        let actor = Actor {
            subject: longest().unwrap(),
            issuer: longest(),
            seat: longest(),
            acting_for: None,
            client: longest(),
            method: AuthMethod::Oidc,
            evidence_sha256: Some([9; 32]),
            person: Some(crate::domain::id::PersonId::derived(
                ledger.uuid(),
                "person",
            )),
            permitted_by: None,
        };
        let access = Access {
            ledger,
            actor: Some(actor.clone()),
            rpc: "daicho.v1.EvaluationService/CompareEvaluations",
            class: AccessClass::Administer,
            resource: Some(AccessedResource {
                kind: AccessedKind::Request,
                name: longest().unwrap(),
            }),
            purpose: longest(),
            outcome: AccessOutcome::Failed,
            status: 16,
            reason: Some("ACCESS_LOG_UNAVAILABLE_OR_SOMETHING_LONGER"),
            policy: longest(),
            peer: Some(Peer::from(std::net::IpAddr::from([0xfd; 16])).network()),
            personal: true,
            duration: Duration::MAX,
            request_id: Some(id),
        };
        let place = RequestPlace {
            id,
            index: 0,
            count: 200,
        };
        let event = stated(
            ledger,
            &access,
            Timestamp::from_second(i64::from(u32::MAX)).unwrap(),
        );
        let bytes = encode_client_part(&event, ledger, &actor, place)
            .unwrap()
            .len();
        let together = bytes * WRITTEN_TOGETHER_MAX;
        assert!(
            together <= Append::BYTES_MAX,
            "{bytes} bytes each, {together} together"
        );
    }
}
