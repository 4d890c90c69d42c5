//! What is recorded of calls in access logs, and when.
//!
//! The one door of calls notes what a call asks for before it is carried out ([`Services::begin`]), and says what became of
//! it before its answer leaves ([`Services::account`]); whom it turns away before, the layer around it tells. What is recorded of which method, [`table`] says. Whether an answer
//! holds anything that is not for everybody, is noticed where it is put into words: definitions and evidence here
//! ([`noticed`]), texts about people where they are opened.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Code, Request};

use crate::access_log::Access;
use crate::auth::Connection;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedResource};
use crate::domain::event::Actor;
use crate::domain::id::{LedgerId, RequestId};
use crate::domain::indicator::Disclosure;
use crate::domain::text::Name;
use crate::grpc::services::{Services, acting};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, noticing_words};

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
    actor: Option<Actor>,
    purpose: Option<Name>,
    peer: Option<IpAddr>,
    at: Instant,
}

/// What was noticed of an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Noticed {
    /// There are texts about people in it.
    personal: bool,
    /// There are facts in it that are not for everybody.
    restricted: bool,
}

tokio::task_local! {
    /// Whether the answer that is being put into words holds what is not for everybody.
    static RESTRICTED: Cell<bool>;
}

/// Notices that something with this disclosure is put into an answer.
pub(super) fn noticed(disclosure: Disclosure) -> Disclosure {
    if disclosure != Disclosure::Public {
        // Nobody asks where no access is recorded.
        let _ = RESTRICTED.try_with(|restricted| restricted.set(true));
    }
    disclosure
}

/// Runs what makes an answer, and tells what was noticed of it.
async fn noticing<T>(answer: impl Future<Output = T>) -> (T, Noticed) {
    let watched = RESTRICTED.scope(Cell::new(false), async {
        let answer = noticing_words(answer).await;
        (answer, RESTRICTED.with(Cell::get))
    });
    let ((answer, personal), restricted) = watched.await;
    let noticed = Noticed {
        personal,
        restricted,
    };
    (answer, noticed)
}

impl Services {
    /// Notes what a call asks for; `None` where no access is recorded.
    pub(super) fn begin<M: Accessed>(&self, request: &Request<M>) -> Option<Begun> {
        if !self.access_log().is_kept() {
            return None;
        }
        let message = request.get_ref();
        let resource = message.resource().and_then(|(kind, name)| {
            let name = cut(&name)?;
            Some(AccessedResource { kind, name })
        });
        Some(Begun {
            row: M::ROW,
            ledger: message.ledger().to_owned(),
            resource,
            request_id: message.request_id().parse().ok(),
            actor: self.caller(request).ok(),
            purpose: acting(request.metadata()).ok().and_then(|a| a.purpose),
            peer: address(request.extensions().get().and_then(remote)),
            at: Instant::now(),
        })
    }

    /// Notes that a caller was turned away before any service was reached.
    pub(super) fn turn_away(&self, path: &str, from: Option<SocketAddr>, refusal: &Refusal) {
        let row = path.strip_prefix('/').and_then(table::row);
        let Some(row) = row.filter(|_| self.access_log().is_kept()) else {
            return;
        };
        let Some(ledger) = self.accessed("") else {
            return;
        };
        self.access_log().note(Access {
            ledger,
            actor: None,
            rpc: row.rpc,
            class: row.class,
            resource: None,
            purpose: None,
            outcome: AccessOutcome::Refused,
            status: refusal.code() as u32,
            reason: Some(refusal.reason()),
            policy: None,
            peer: address(from),
            personal: false,
            duration: Duration::ZERO,
            request_id: None,
        });
    }

    /// Makes an answer and accounts for it.
    pub(super) async fn accounted<T>(
        &self,
        begun: Option<Begun>,
        answer: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let Some(begun) = begun else {
            return answer.await;
        };
        let (result, noticed) = match begun.row.when {
            When::Refused => (answer.await, Noticed::default()),
            _ => noticing(answer).await,
        };
        self.account(begun, noticed, result).await
    }

    /// Records what became of a call, before its answer leaves where that is asked for.
    async fn account<T>(
        &self,
        begun: Begun,
        noticed: Noticed,
        result: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (outcome, status, reason, policy) = match &result {
            Ok(_) => (AccessOutcome::Ok, Code::Ok, None, None),
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
        let Some(how) = how(begun.row, outcome, noticed) else {
            return result;
        };
        let Some(ledger) = self.accessed(&begun.ledger) else {
            return result;
        };
        let access = Access {
            ledger,
            // A credential that was not believed names nobody.
            actor: begun
                .actor
                .filter(|_| status != Code::Unauthenticated)
                .map(|actor| self.known(ledger, actor)),
            rpc: begun.row.rpc,
            class: begun.row.class,
            resource: begun.resource,
            purpose: begun.purpose,
            outcome,
            status: status as u32,
            reason,
            policy,
            peer: begun.peer,
            personal: noticed.personal,
            duration: begun.at.elapsed(),
            request_id: begun.request_id,
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

    /// An actor with the person that the ledger's directory knows them as.
    fn known(&self, ledger: LedgerId, actor: Actor) -> Actor {
        let facts = self.ledgers().reader(ledger);
        let directory = facts.map(|facts| facts.view().directory);
        let person = directory.and_then(|directory| {
            let (issuer, subject) = (actor.issuer.as_ref(), &actor.subject);
            directory.person_of(issuer, subject)
        });
        Actor { person, ..actor }
    }

    /// The ledger of facts whose access log tells of a call that names `named`: that one, else what an empty name means, else
    /// the first there is.
    fn accessed(&self, named: &str) -> Option<LedgerId> {
        let ledgers = self.ledgers();
        let of_facts = |reader: &Arc<Reader>| reader.access_log_of().unwrap_or_else(|| reader.id());
        let named = ledgers.resolve(named).ok().filter(|_| !named.is_empty());
        let default = || self.default_ledger();
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

/// An address has one form, whichever way it was reached.
fn address(from: Option<SocketAddr>) -> Option<IpAddr> {
    from.map(|from| from.ip().to_canonical())
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
fn how(row: Row, outcome: AccessOutcome, noticed: Noticed) -> Option<How> {
    match (outcome, row.when) {
        (AccessOutcome::Refused, _) => Some(How::Behind),
        // Who tried to change or to take out what, also where it was not to be.
        (AccessOutcome::Failed, _) => match row.class {
            AccessClass::Write | AccessClass::Export => Some(How::Behind),
            AccessClass::Administer => Some(How::Before),
            AccessClass::SignIn | AccessClass::Read | AccessClass::Verify => None,
        },
        (AccessOutcome::Ok, When::Refused) => None,
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

    fn row(class: AccessClass, when: When) -> Row {
        Row {
            rpc: "a",
            class,
            when,
        }
    }

    #[test]
    fn refusals_are_always_recorded_and_facts_for_everybody_never() {
        let nothing = Noticed::default();
        for when in [
            When::Refused,
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
        for when in [When::Refused, When::Restricted] {
            let how = how(row(AccessClass::Read, when), AccessOutcome::Ok, nothing);
            assert_eq!(how, None);
        }
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
            ..public
        };
        let how = |noticed| how(read, AccessOutcome::Ok, noticed);
        assert_eq!(how(public), None);
        assert_eq!(how(internal), Some(How::Behind));
        assert_eq!(how(personal), Some(How::Required));
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
