//! Changes of a ledger's keys: parsing what is asked, and showing keys.

use crate::api::v1;
use crate::auth::Authenticator;
use crate::auth::access::Action;
use crate::domain::id::RequestId;
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::Name;
use crate::domain::trust::VerifierKey;
use crate::grpc::event::{At, Faults, parse_reason};
use crate::grpc::goal_service::form;
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::merkle;
use crate::proof::{KEYS_IN_FORCE_MAX, KeyChange, KeyRequest, KeyState, KeyUnchanged, policy};

/// Who says what the ledger says of its own keys: the server.
const ACTOR: &str = "daicho";

/// What is asked, as it came.
pub(super) enum Asked {
    Announce,
    Retire(String),
    Compromise(String, u64),
}

impl Services {
    pub(super) async fn change_key(
        &self,
        call: &Call,
        ledger: &str,
        request_id: String,
        reason: Option<v1::Reason>,
        asked: Asked,
    ) -> Result<v1::KeyChange, Refusal> {
        let (reader, grounds) = self.ledger_by(call, ledger, Action::ManageKeys)?;
        let request = parse(call, &request_id, reason.as_ref(), &asked)?;
        let publisher = self.proofs().of(&reader).await?;
        let (services, asked_by) = (self.clone(), call.actor.clone());
        let changing = publisher.clone();
        // A caller that goes away does not stop it half-way.
        let work = tokio::spawn(async move {
            let ledgers = services.ledgers();
            changing
                .change_keys(ledgers, request, async |append| {
                    // One line of ASCII is a name.
                    let subject = Name::parse(ACTOR).unwrap_or_else(|_| asked_by.subject.clone());
                    let permitted = Authenticator
                        .permit_system(subject, append)
                        .on_behalf_of(&asked_by.subject)
                        .permitted_by(grounds.clone());
                    ledgers.append(permitted, None).await
                })
                .await
        });
        let changed = match work.await {
            Ok(changed) => changed?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        Ok(v1::KeyChange {
            event: Some(show::recorded_event(&changed.event)),
            keys: publisher.keys().iter().map(show_key).collect(),
            replayed: changed.is_replayed,
        })
    }
}

fn parse(
    call: &Call,
    request_id: &str,
    reason: Option<&v1::Reason>,
    asked: &Asked,
) -> Result<KeyRequest, Refusal> {
    let mut faults = Faults::default();
    let at = At::field("request_id");
    let request_id: Option<RequestId> = match request_id {
        "" => faults.required(&at),
        text => faults.id(&at, text),
    };
    let at = At::field("reason");
    let reason = match reason {
        None => faults.required(&at),
        Some(reason) => parse_reason(&mut faults, &at, reason),
    };
    let at = At::field("verifier_key");
    let mut key = |text: &str| match (text, VerifierKey::parse(text)) {
        ("", _) => faults.required(&at),
        (_, Ok(key)) => Some(key),
        (_, Err(problem)) => faults.form(&at, &problem.to_string()),
    };
    let change = match asked {
        Asked::Announce => Some(KeyChange::Announce),
        Asked::Retire(text) => key(text).map(|key| KeyChange::Retire { key }),
        Asked::Compromise(text, size) => key(text).map(|key| KeyChange::Compromise {
            key,
            last_trusted_size: *size,
        }),
    };
    let request = (|| {
        Some(KeyRequest {
            request_id: request_id?,
            asked_by: call.actor.subject.clone(),
            reason: reason?,
            change: change?,
        })
    })();
    Ok(faults.into_result(request)?)
}

/// A key, with what people compare of it.
pub(super) fn show_key(state: &KeyState) -> v1::LedgerKey {
    let key = state.key.parse::<merkle::VerifierKey>();
    v1::LedgerKey {
        verifier_key: state.key.clone(),
        fingerprint: key.map_or_else(|_| String::new(), |key| policy::fingerprint(&key)),
        in_force: state.is_in_force,
        from_size: state.from_size,
        last_size: state.last_size,
        last_trusted_size: state.last_trusted_size,
    }
}

impl From<KeyUnchanged> for Refusal {
    fn from(fault: KeyUnchanged) -> Self {
        let rule = |reason, field: &str| Rejection::new(reason, field);
        match fault {
            KeyUnchanged::Unknown => Self::rule(Reason::KeyUnknown, "verifier_key"),
            KeyUnchanged::Ended => Self::rule(Reason::KeyEnded, "verifier_key"),
            KeyUnchanged::Last => Self::rule(Reason::KeyLast, "verifier_key"),
            KeyUnchanged::TooMany => {
                vec![rule(Reason::KeysTooMany, "").with("max", KEYS_IN_FORCE_MAX)].into()
            }
            KeyUnchanged::Beyond { size } => form(
                "last_trusted_size",
                &format!("at most {size}, the size of the ledger"),
            ),
            KeyUnchanged::OtherRequest => Self::rule(Reason::IdempotencyConflict, "request_id"),
            KeyUnchanged::OtherActor => ServiceReason::ActorDiffers.into(),
            // The event is one of a request that the caller does not see.
            KeyUnchanged::Append(error) => Self::from(error).of_call(),
            KeyUnchanged::Fault(fault) => fault.into(),
        }
    }
}
