//! What is recorded of calls in access logs, and when.
//!
//! The one door of calls notes what a call asks for before it is carried out ([`Services::begin`]), and says what became of
//! it before its answer leaves ([`Services::account`]); whom it turns away before, the layer around it tells. What is recorded of which method, [`table`] says. Whether an answer
//! holds anything that is not for everybody, is noticed where it is put into words: indicators, definitions and evidence here
//! ([`noticed`]), texts about people where they are opened. A caller who goes away before the answer is accounted for too
//! ([`Underway`]).

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Code, Request};

use crate::access_log::{Access, Peer};
use crate::auth::Connection;
use crate::auth::access::{Acting, seats_of};
use crate::domain::access::SeatHeld;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedKind, AccessedResource};
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Actor, Event};
use crate::domain::id::{LedgerId, RequestId};
use crate::domain::indicator::Disclosure;
use crate::domain::rejection::{Kind, Rejection};
use crate::domain::text::Name;
use crate::grpc::services::{Services, acting};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, noticing_words, withholding};
use crate::projection::describe::subject_of;

mod table;

pub(super) use table::{Accessed, Row, When};

/// What is known of a call before it is carried out.
#[derive(Debug)]
pub(super) struct Begun {
    row: Row,
    /// As the caller names it.
    ledger: String,
    resource: Option<AccessedResource>,
    request_id: Option<RequestId>,
    by: AskedBy,
    at: Instant,
}

impl Begun {
    /// Notes what a call is about that says so only in the first message of its stream.
    pub(super) fn about(&mut self, ledger: &str, kind: AccessedKind, name: &str) {
        ledger.clone_into(&mut self.ledger);
        self.resource = cut(name).map(|name| AccessedResource { kind, name });
    }
}

/// A call that is carried out. Where its caller goes away meanwhile it ends without an answer: then that is noted, for what was
/// asked for may have been done.
struct Underway<'a> {
    services: &'a Services,
    begun: Option<Box<Begun>>,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.services.broken_off(begun);
        }
    }
}

/// What was noticed of an answer.
#[derive(Clone, Debug, Default)]
struct Noticed {
    /// There are texts about people in it.
    personal: bool,
    /// There are facts in it that are not for everybody.
    restricted: bool,
    /// The answer says that the caller may not.
    denied: Option<Denial>,
}

/// That a caller may not do something.
#[derive(Clone, Debug)]
struct Denial {
    reason: &'static str,
    policy: Option<Name>,
}

tokio::task_local! {
    /// Whether the answer that is being put into words holds what is not for everybody.
    static RESTRICTED: Cell<bool>;
    /// Whether it says that the caller may not do what it asks about.
    static DENIED: RefCell<Option<Denial>>;
}

/// Notices that something with this disclosure is put into an answer.
pub(super) fn noticed(disclosure: Disclosure) -> Disclosure {
    if disclosure != Disclosure::Public {
        // Nobody asks where no access is recorded.
        let _ = RESTRICTED.try_with(|restricted| restricted.set(true));
    }
    disclosure
}

/// Notices that something is named in an answer, with its figures or without.
pub(super) fn noticed_of(directory: &Directory, named: Named, on: Date) {
    if let Named::Indicator(id) = named
        && let Some(indicator) = directory.indicator(id)
    {
        noticed(indicator.disclosed_on(on));
    }
}

/// Notices that a whole event is in an answer, as its leaf.
pub(super) fn noticed_leaf(directory: &Directory, event: &Event, on: Date) {
    noticed_of(directory, subject_of(event), on);
    for evidence in &event.evidence {
        noticed(evidence.disclosure);
    }
}

/// Notices of rules that an answer tells as broken which of them says that the caller may not: who only asks whether they may is
/// refused as whoever tries.
pub(super) fn noticed_broken(rules: &[Rejection]) {
    let denies = |rule: &&Rejection| rule.reason.kind() == Kind::Denied;
    if let Some(rule) = rules.iter().find(denies) {
        let refusal = Refusal::Rules(vec![rule.clone()]);
        let denial = Denial {
            reason: refusal.reason(),
            policy: refusal.figure("policy").and_then(|policy| cut(&policy)),
        };
        // Nobody asks where no access is recorded.
        let _ = DENIED.try_with(|denied| denied.replace(Some(denial)));
    }
}

/// Runs what makes an answer, and tells what was noticed of it.
async fn noticing<T>(answer: impl Future<Output = T>) -> (T, Noticed) {
    let watched = DENIED.scope(RefCell::default(), async {
        let restricted = RESTRICTED.scope(Cell::new(false), async {
            let answer = noticing_words(answer).await;
            (answer, RESTRICTED.with(Cell::get))
        });
        (restricted.await, DENIED.with(RefCell::take))
    });
    let (((answer, personal), restricted), denied) = watched.await;
    let noticed = Noticed {
        personal,
        restricted,
        denied,
    };
    (answer, noticed)
}

/// Who makes a call, as far as it is known before it is carried out.
#[derive(Clone, Debug)]
pub(super) struct AskedBy {
    actor: Option<Actor>,
    acting: Acting,
    peer: Option<Peer>,
}

impl AskedBy {
    /// Notes what they ask for.
    pub(super) fn begins<M: Accessed>(self, message: &M) -> Box<Begun> {
        let resource = message.resource().and_then(|(kind, name)| {
            let name = cut(&name)?;
            Some(AccessedResource { kind, name })
        });
        // Boxed, for it is handed on through all that a call is wrapped in.
        Box::new(Begun {
            row: M::ROW,
            ledger: message.ledger().to_owned(),
            resource,
            request_id: message.request_id().parse().ok(),
            by: self,
            at: Instant::now(),
        })
    }
}

impl Services {
    /// Notes what a call asks for; `None` where no access is recorded.
    pub(super) fn begin<M: Accessed>(&self, request: &Request<M>) -> Option<Box<Begun>> {
        Some(self.asked_by(request)?.begins(request.get_ref()))
    }

    /// Notes who makes a call; `None` where no access is recorded.
    pub(super) fn asked_by<M>(&self, request: &Request<M>) -> Option<AskedBy> {
        self.access_log().is_kept().then(|| AskedBy {
            actor: self.caller(request).ok(),
            acting: acting(request.metadata()).unwrap_or_default(),
            peer: peer(request.extensions().get().and_then(remote)),
        })
    }

    /// Notes that a caller was turned away before any service was reached; `proven`: who it is, where that is known.
    pub(super) fn turn_away(
        &self,
        path: &str,
        from: Option<SocketAddr>,
        proven: Option<Actor>,
        refusal: &Refusal,
    ) {
        let row = path.strip_prefix('/').and_then(table::row);
        let Some(row) = row.filter(|_| self.access_log().is_kept()) else {
            return;
        };
        let Some(ledger) = self.accessed("") else {
            return;
        };
        self.access_log().note(Access {
            ledger,
            actor: proven.map(|actor| self.known(ledger, actor, &Acting::default())),
            rpc: row.rpc,
            class: row.class,
            resource: None,
            purpose: None,
            outcome: AccessOutcome::Refused,
            status: refusal.code() as u32,
            reason: Some(refusal.reason()),
            policy: None,
            peer: peer(from),
            personal: false,
            duration: Duration::ZERO,
            request_id: None,
        });
    }

    /// Makes an answer and accounts for it.
    pub(super) async fn accounted<T>(
        &self,
        begun: Option<Box<Begun>>,
        answer: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        // Boxed, for each scope around it moves it.
        let answer = withholding(Box::pin(answer));
        match begun {
            None => answer.await,
            // Boxed too: it takes much where accesses are recorded, and nothing elsewhere.
            Some(begun) => Box::pin(self.accounted_as_begun(begun, answer)).await,
        }
    }

    async fn accounted_as_begun<T>(
        &self,
        begun: Box<Begun>,
        answer: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let when = begun.row.when;
        let mut underway = Underway {
            services: self,
            begun: Some(begun),
        };
        let (result, noticed) = noticing(answer).await;
        let noticed = match when {
            When::Refused => Noticed {
                denied: noticed.denied,
                ..Noticed::default()
            },
            When::Worded | When::Restricted | When::Behind | When::Before | When::Required => {
                noticed
            }
        };
        match underway.begun.take() {
            Some(begun) => self.account(begun, noticed, result).await,
            None => result,
        }
    }

    /// Notes that nobody waits any more for the answer to a call, which may have been carried out.
    fn broken_off(&self, begun: Box<Begun>) {
        let outcome = AccessOutcome::Failed;
        if how(begun.row, outcome, &Noticed::default()).is_none() {
            return;
        }
        if let Some(ledger) = self.accessed(&begun.ledger) {
            let request_id = begun.request_id;
            let access = self.access(begun, ledger, (outcome, Code::Cancelled));
            self.access_log().note(Access {
                request_id,
                ..access
            });
        }
    }

    /// Records what became of a call, before its answer leaves where that is asked for.
    async fn account<T>(
        &self,
        begun: Box<Begun>,
        noticed: Noticed,
        result: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (outcome, status, reason, policy) = match &result {
            Ok(_) => match &noticed.denied {
                None => (AccessOutcome::Ok, Code::Ok, None, None),
                Some(denial) => {
                    let policy = denial.policy.clone();
                    let (outcome, code) = (AccessOutcome::Refused, Code::PermissionDenied);
                    (outcome, code, Some(denial.reason), policy)
                }
            },
            Err(refusal) => {
                let code = refusal.code();
                let refused = matches!(code, Code::Unauthenticated | Code::PermissionDenied);
                let outcome = match refused {
                    true => AccessOutcome::Refused,
                    false => AccessOutcome::Failed,
                };
                let policy = refusal.figure("policy").and_then(|policy| cut(&policy));
                (outcome, code, Some(refusal.reason()), policy)
            }
        };
        let Some(how) = how(begun.row, outcome, &noticed) else {
            return result;
        };
        let Some(ledger) = self.accessed(&begun.ledger) else {
            return result;
        };
        let access = Access {
            reason,
            policy,
            personal: noticed.personal || (outcome == AccessOutcome::Ok && begun.row.is_of_all()),
            ..self.access(begun, ledger, (outcome, status))
        };
        if how == How::Behind {
            // Calls that are merged have nothing of their own.
            let request_id = access
                .request_id
                .filter(|_| outcome == AccessOutcome::Failed);
            self.access_log().note(Access {
                request_id,
                ..access
            });
            return result;
        }
        let Err(error) = self.access_log().record(access).await else {
            return result;
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "an access is not recorded"
        );
        match how {
            How::Required => Err(ServiceReason::AccessLogUnavailable.into()),
            How::Before | How::Behind => result,
        }
    }

    /// What is recorded of a call that ended so, as far as it was known when it began.
    fn access(&self, begun: Box<Begun>, ledger: LedgerId, ended: (AccessOutcome, Code)) -> Access {
        let (outcome, status) = ended;
        let AskedBy {
            actor,
            acting,
            peer,
        } = begun.by;
        Access {
            ledger,
            // A credential that was not believed names nobody.
            actor: actor
                .filter(|_| status != Code::Unauthenticated)
                .map(|actor| self.known(ledger, actor, &acting)),
            rpc: begun.row.rpc,
            class: begun.row.class,
            resource: begun.resource,
            purpose: acting.purpose,
            outcome,
            status: status as u32,
            reason: None,
            policy: None,
            peer,
            personal: false,
            duration: begun.at.elapsed(),
            request_id: begun.request_id,
        }
    }

    /// An actor with the person that the ledger's directory knows them as, and the seat in which they ask.
    fn known(&self, ledger: LedgerId, actor: Actor, acting: &Acting) -> Actor {
        let Some(facts) = self.ledgers().reader(ledger) else {
            return actor;
        };
        let directory = facts.view().directory;
        let person = directory.person_of(actor.issuer.as_ref(), &actor.subject);
        let actor = Actor { person, ..actor };
        let seats = seats_of(&actor, &directory, facts.today());
        let seat = seat_of(&seats, acting).and_then(|seat| Name::parse(seat.code.as_str()).ok());
        Actor { seat, ..actor }
    }

    /// The ledger of facts whose access log tells of a call that names `named`: that one, else what an empty name means, else
    /// the first there is.
    fn accessed(&self, named: &str) -> Option<LedgerId> {
        let ledgers = self.ledgers();
        let of_facts = |reader: &Arc<Reader>| reader.access_log_of().unwrap_or_else(|| reader.id());
        let named = ledgers.resolve(named).ok().filter(|_| !named.is_empty());
        let default = || {
            let default = self.default_ledger()?;
            ledgers.reader(default).as_ref().map(of_facts)
        };
        named
            .as_ref()
            .map(of_facts)
            .or_else(default)
            .or_else(|| ledgers.list().first().map(of_facts))
    }
}

fn remote(connection: &Connection) -> Option<SocketAddr> {
    connection.remote
}

fn peer(from: Option<SocketAddr>) -> Option<Peer> {
    from.map(|from| Peer::from(from.ip()))
}

/// The seat in which somebody asks who has `seats`: the one that they choose, else their only one.
fn seat_of<'a>(seats: &'a [SeatHeld], acting: &Acting) -> Option<&'a SeatHeld> {
    match (&acting.seat, seats) {
        (Some(chosen), _) => seats.iter().find(|seat| seat.code == *chosen),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

impl Row {
    /// Whether it hands out what there is, as it stands: of a stream nobody can say before its end that there was nothing about
    /// people in it.
    fn is_of_all(self) -> bool {
        self.class == AccessClass::Read && self.when == When::Required
    }
}

/// How an access is recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    /// Behind the answer, merged with others like it.
    Behind,
    /// Before the answer, which leaves in any case.
    Before,
    /// Before the answer, which does not leave without it.
    Required,
}

/// How an access is recorded that ended with `outcome`; `None`: not at all.
fn how(row: Row, outcome: AccessOutcome, noticed: &Noticed) -> Option<How> {
    match (outcome, row.when) {
        (AccessOutcome::Refused, _) => Some(How::Behind),
        // Who tried to change or to take out what, also where it was not to be.
        (AccessOutcome::Failed, _) => match row.class {
            AccessClass::Write | AccessClass::Export | AccessClass::Administer => Some(How::Behind),
            AccessClass::SignIn | AccessClass::Read | AccessClass::Verify => None,
        },
        (AccessOutcome::Ok, When::Refused) => None,
        (AccessOutcome::Ok, When::Worded) => noticed.personal.then_some(How::Required),
        (AccessOutcome::Ok, When::Restricted) if noticed.personal => Some(How::Required),
        (AccessOutcome::Ok, When::Restricted) => noticed.restricted.then_some(How::Behind),
        (AccessOutcome::Ok, When::Behind) => Some(How::Behind),
        (AccessOutcome::Ok, When::Before) => Some(How::Before),
        (AccessOutcome::Ok, When::Required) => Some(How::Required),
    }
}

/// What a caller sent as an id or code, as far as it can be kept: one line, not longer than a name.
fn cut(text: &str) -> Option<Name> {
    let plain = text.chars().filter(|c| !c.is_control());
    let cut: String = plain.take(Name::CHARS_MAX).collect();
    Name::parse(cut.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rejection::Reason;

    fn row(class: AccessClass, when: When) -> Row {
        Row {
            rpc: "a",
            class,
            when,
        }
    }

    #[test]
    fn refusals_are_always_recorded_and_facts_for_everybody_never() {
        let nothing = &Noticed::default();
        for when in [
            When::Refused,
            When::Worded,
            When::Restricted,
            When::Behind,
            When::Before,
            When::Required,
        ] {
            let how = how(
                row(AccessClass::Read, when),
                AccessOutcome::Refused,
                nothing,
            );
            assert_eq!(how, Some(How::Behind));
        }
        for when in [When::Refused, When::Worded, When::Restricted] {
            let how = how(row(AccessClass::Read, when), AccessOutcome::Ok, nothing);
            assert_eq!(how, None);
        }
    }

    #[test]
    fn what_was_not_carried_out_waits_for_no_disk() {
        for class in [
            AccessClass::Write,
            AccessClass::Export,
            AccessClass::Administer,
        ] {
            for when in [
                When::Refused,
                When::Worded,
                When::Behind,
                When::Before,
                When::Required,
            ] {
                let how = how(row(class, when), AccessOutcome::Failed, &Noticed::default());
                assert_eq!(how, Some(How::Behind), "{class:?} {when:?}");
            }
        }
    }

    #[tokio::test]
    async fn who_is_told_that_they_may_not_is_refused_whatever_else_they_are_told() {
        let other = Rejection::new(Reason::FieldRequired, "events[0]");
        let denial = Rejection::new(Reason::NotPermitted, "events[1]")
            .with("policy", "auditor-never-writes");
        let ((), noticed) = noticing(async { noticed_broken(std::slice::from_ref(&other)) }).await;
        assert!(noticed.denied.is_none());
        let ((), noticed) = noticing(async { noticed_broken(&[other, denial]) }).await;
        let denied = noticed.denied.unwrap();
        assert_eq!(denied.reason, "NOT_PERMITTED");
        assert_eq!(denied.policy.unwrap().as_str(), "auditor-never-writes");
    }

    #[tokio::test]
    async fn what_is_not_for_everybody_is_noticed_and_texts_about_people_need_the_record() {
        let read = row(AccessClass::Read, When::Restricted);
        let ((), public) = noticing(async {
            noticed(Disclosure::Public);
        })
        .await;
        let ((), internal) = noticing(async {
            noticed(Disclosure::Internal);
        })
        .await;
        let personal = Noticed {
            personal: true,
            ..public.clone()
        };
        let how = |noticed| how(read, AccessOutcome::Ok, noticed);
        assert_eq!(how(&public), None);
        assert_eq!(how(&internal), Some(How::Behind));
        assert_eq!(how(&personal), Some(How::Required));
        // Outside of a call nobody is told.
        noticed(Disclosure::Restricted);
    }

    #[test]
    fn what_callers_send_as_a_name_is_kept_as_far_as_it_is_one() {
        assert_eq!(cut("R5/1-1\n\u{7}").unwrap().as_str(), "R5/1-1");
        assert_eq!(cut(&"長".repeat(500)).unwrap().as_str(), "長".repeat(200));
        assert_eq!(cut(" \n"), None);
    }
}
