//! Erasing a file: the event first, then what it speaks of.

use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::Grounds;
use crate::domain::event::{Event, EvidenceErased, Stream};
use crate::domain::id::{EventId, RequestId};
use crate::domain::rejection::Reason;
use crate::domain::text::Name;
use crate::evidence::{EvidenceFault, Shelf};
use crate::grpc::erasure::approver;
use crate::grpc::event::{At, Faults, parse_reason};
use crate::grpc::evidence_service::check::show_erasure;
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Append, AppendError};

/// Who records that a file was erased: the server.
const ACTOR: &str = "daicho";

impl Services {
    pub(super) async fn erase(
        &self,
        call: &Call,
        shelf: Arc<Shelf>,
        grounds: Option<Grounds>,
        request: &v1::EraseEvidenceRequest,
    ) -> Result<v1::EraseEvidenceResponse, Refusal> {
        let (request_id, event, sha256) = parse(&shelf, request)?;
        let known = shelf.erasure(&sha256).is_some();
        let mut recorded = None;
        if !known {
            if shelf.length(&sha256).await?.is_none() {
                return Err(EvidenceFault::Unknown.into());
            }
            let append = Append::new(shelf.reader().id(), request_id, vec![event]);
            let name = Name::parse(ACTOR).map_err(|_| ServiceReason::ActorInvalid)?;
            let permitted = self.auth().permit_system(name, append);
            let permitted = permitted
                .on_behalf_of(&call.actor.subject)
                .permitted_by(grounds);
            recorded = Some(permitted);
        }
        // In a task of its own: what is recorded as erased must go, also when the caller has gone.
        let (services, erasing) = (self.clone(), shelf.clone());
        let erased = tokio::spawn(async move {
            if let Some(permitted) = recorded {
                match services.ledgers().append(permitted, None).await {
                    Ok(_) => {}
                    // Somebody else came first: what is left to do is the same.
                    Err(AppendError::Rejected(rules))
                        if rules
                            .iter()
                            .any(|rule| rule.reason == Reason::EvidenceErased) => {}
                    Err(error) => return Err(Refusal::from(error).of_call()),
                }
            }
            erasing.reader().caught_up(None).await;
            Ok(erasing.erase(&sha256).await?)
        });
        match erased.await {
            Ok(erased) => erased?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let view = self.view(shelf.reader(), None).await;
        Ok(v1::EraseEvidenceResponse {
            erasure: shelf.erasure(&sha256).as_deref().map(show_erasure),
            already_erased: known,
            head: Some(show::head(view.head)),
        })
    }
}

/// The call, the event that it asks for, and the file that this speaks of.
fn parse(
    shelf: &Shelf,
    request: &v1::EraseEvidenceRequest,
) -> Result<(RequestId, Event, [u8; 32]), Refusal> {
    let mut faults = Faults::default();
    let request_id: Option<RequestId> = faults.id(&At::field("request_id"), &request.request_id);
    let sha256 = faults.digest(&At::field("sha256"), &request.sha256);
    let at = At::field("reason");
    let reason = match &request.reason {
        Some(reason) => parse_reason(&mut faults, &at, reason),
        None => faults.required(&at),
    };
    let legal_basis = faults.name(&At::field("legal_basis"), &request.legal_basis);
    let approved_by = approver(&mut faults, shelf.reader(), &request.approved_by);
    let parsed = (|| {
        let (request_id, sha256) = (request_id?, sha256?);
        let event = Event {
            // Derived, so that the same call always means the same event.
            id: EventId::derived(request_id.uuid(), "evidence erased"),
            stream: Stream::ledger(shelf.reader().id()),
            valid: None,
            reason: Some(reason?),
            evidence: Vec::new(),
            source_document: None,
            decision: None,
            correlation: None,
            causation: None,
            payload: EvidenceErased {
                sha256,
                legal_basis: legal_basis?,
                approved_by: approved_by?,
            }
            .into(),
        };
        Some((request_id, event, sha256))
    })();
    Ok(faults.into_result(parsed)?)
}
