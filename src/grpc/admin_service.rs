//! Opening ledgers, changing their keys, and what was found about the stored copies.

use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::event::ClockKind;
use crate::domain::id::LedgerId;
use crate::domain::rejection::Reason;
use crate::grpc::event::{At, Faults, show_timestamp};
use crate::grpc::keys::Asked;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::Services;
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::grpc::{language, store_verification};
use crate::ledger::{AppendError, OpenLedger, ReceiptLookup};
use crate::log::{IntegrityKind, LogFault};
use crate::merkle::TrustPolicy;

mod personal;

#[tonic::async_trait]
impl v1::admin_service_server::AdminService for Services {
    async fn open_ledger(
        &self,
        request: Request<v1::OpenLedgerRequest>,
    ) -> Result<Response<v1::OpenLedgerResponse>, Status> {
        self.writing(request, async |call, request: v1::OpenLedgerRequest| {
            let grounds = self.operate(&call)?;
            let open = self.parse_opening(&request)?;
            let (request_id, ledger) = (open.request_id, open.ledger);
            let replayed = self.ledgers().reader(ledger).is_some();
            let permitted = self.auth().permit(&call.actor, open)?;
            let permitted = permitted.permitted_by(grounds);
            let services = self.clone();
            // In a task of its own: a caller who goes away must not leave a ledger that is stored but
            // not served, or not signed for.
            let opening = tokio::spawn(async move {
                let reader = services.ledgers().open(permitted).await?;
                services.proofs().follow(reader.clone(), services.closing());
                Ok(reader)
            });
            let opened = opening.await.unwrap_or_else(|_| {
                Err(AppendError::Unknown(LogFault::Storage(
                    "the opening broke off".to_owned(),
                )))
            });
            let reader = opened.map_err(refused_opening)?;
            self.view(&reader, None).await;
            let receipt = match self.ledgers().receipt(reader.id(), request_id).await? {
                ReceiptLookup::Found(receipt) => Some(show::receipt(&receipt)),
                ReceiptLookup::NotFound { .. } => None,
            };
            Ok(v1::OpenLedgerResponse {
                ledger: Some(show::ledger(&reader, self.default_ledger()).await?),
                receipt,
                replayed,
            })
        })
        .await
    }

    async fn list_ledgers(
        &self,
        request: Request<v1::ListLedgersRequest>,
    ) -> Result<Response<v1::ListLedgersResponse>, Status> {
        self.unary(request, async |call, request: v1::ListLedgersRequest| {
            let rows = Self::page_rows(request.page_size);
            let scope = Scope {
                method: "AdminService/ListLedgers",
                actor: &call.actor,
                ledger: None,
                filter: filter_digest(&v1::ListLedgersRequest::default()),
            };
            let skip = Self::skip(self.place(&scope, &request.page_token)?.as_ref())?;
            let mut all = self.ledgers().list();
            all.retain(|reader| self.may(&call, reader, Action::ReadLedger));
            let default = self.default_ledger();
            let mut ledgers = Vec::new();
            for reader in all.iter().skip(skip).take(rows) {
                let view = self.view(reader, None).await;
                ledgers.push(v1::LedgerStatus {
                    ledger: Some(show::ledger(reader, default).await?),
                    head: Some(show::head(view.head)),
                });
            }
            let next_page_token = self.next_token(&scope, None, skip + rows, all.len());
            Ok(v1::ListLedgersResponse {
                ledgers,
                next_page_token,
            })
        })
        .await
    }

    async fn announce_key(
        &self,
        request: Request<v1::AnnounceKeyRequest>,
    ) -> Result<Response<v1::AnnounceKeyResponse>, Status> {
        self.writing(request, async |call, request: v1::AnnounceKeyRequest| {
            let (id, reason) = (request.request_id, request.reason);
            let changed = self.change_key(&call, &request.ledger, id, reason, Asked::Announce);
            Ok(v1::AnnounceKeyResponse {
                change: Some(changed.await?),
            })
        })
        .await
    }

    async fn retire_key(
        &self,
        request: Request<v1::RetireKeyRequest>,
    ) -> Result<Response<v1::RetireKeyResponse>, Status> {
        self.writing(request, async |call, request: v1::RetireKeyRequest| {
            let (id, reason) = (request.request_id, request.reason);
            let asked = Asked::Retire(request.verifier_key);
            let changed = self.change_key(&call, &request.ledger, id, reason, asked);
            Ok(v1::RetireKeyResponse {
                change: Some(changed.await?),
            })
        })
        .await
    }

    async fn compromise_key(
        &self,
        request: Request<v1::CompromiseKeyRequest>,
    ) -> Result<Response<v1::CompromiseKeyResponse>, Status> {
        self.writing(request, async |call, request: v1::CompromiseKeyRequest| {
            let (id, reason) = (request.request_id, request.reason);
            let asked = Asked::Compromise(request.verifier_key, request.last_trusted_size);
            let changed = self.change_key(&call, &request.ledger, id, reason, asked);
            Ok(v1::CompromiseKeyResponse {
                change: Some(changed.await?),
            })
        })
        .await
    }

    async fn list_integrity_events(
        &self,
        request: Request<v1::ListIntegrityEventsRequest>,
    ) -> Result<Response<v1::ListIntegrityEventsResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::ListIntegrityEventsRequest| {
                self.operate(&call)?;
                let rows = Self::page_rows(request.page_size);
                let scope = Scope {
                    method: "AdminService/ListIntegrityEvents",
                    actor: &call.actor,
                    ledger: None,
                    filter: filter_digest(&v1::ListIntegrityEventsRequest::default()),
                };
                let skip = Self::skip(self.place(&scope, &request.page_token)?.as_ref())?;
                let all = self.ledgers().integrity_events();
                let events = all
                    .iter()
                    .skip(skip)
                    .take(rows)
                    .map(|event| v1::IntegrityEvent {
                        recorded_at: jiff::Timestamp::from_microsecond(event.recorded_at_us)
                            .ok()
                            .map(show_timestamp),
                        kind: kind(event.kind).into(),
                        detail: event.detail.clone(),
                        evidence: event.evidence.clone(),
                    })
                    .collect();
                let next_page_token = self.next_token(&scope, None, skip + rows, all.len());
                Ok(v1::ListIntegrityEventsResponse {
                    events,
                    next_page_token,
                })
            },
        )
        .await
    }

    async fn erase_personal_data(
        &self,
        request: Request<v1::ErasePersonalDataRequest>,
    ) -> Result<Response<v1::ErasePersonalDataResponse>, Status> {
        self.writing(request, |call, request| {
            personal::erase(self, call, request)
        })
        .await
    }

    async fn list_personal_data(
        &self,
        request: Request<v1::ListPersonalDataRequest>,
    ) -> Result<Response<v1::ListPersonalDataResponse>, Status> {
        self.unary(request, |call, request| personal::list(self, call, request))
            .await
    }

    type VerifyStoreStream = store_verification::Frames;

    async fn verify_store(
        &self,
        request: Request<v1::VerifyStoreRequest>,
    ) -> Result<Response<Self::VerifyStoreStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let request = request.into_inner();
            let reader = self.ledger(&call, &request.ledger, Action::VerifyStore)?;
            let view = self.view(&reader, None).await;
            let size = request.size.unwrap_or(view.head.size);
            if view.head.size < size {
                let refusal = Refusal::new(ServiceReason::PositionOutOfRange);
                return Err(refusal.with("size", view.head.size));
            }
            let place = self.verifying().try_acquire_owned();
            let place = place.map_err(|_| ServiceReason::Overloaded)?;
            let copies = self.ledgers().live_copies();
            let copies = copies.ok_or(ServiceReason::LogUnavailable)?;
            let publisher = self.proofs().of(&reader).await?;
            // Whatever became of a key: what it signed was kept.
            let keys = publisher.keys().into_iter();
            let keys = keys.filter_map(|state| state.key.parse().ok());
            let policy = TrustPolicy::of_logs(keys);
            let frames = store_verification::verified(
                self.clone(),
                copies,
                reader.clone(),
                size,
                policy,
                language,
                place,
            );
            Ok(self.while_permitted(call, reader, Action::VerifyStore, frames))
        };
        let frames = self.accounted(begun, opened).await;
        let frames = frames.map_err(|refusal: Refusal| refusal.into_status(language))?;
        Ok(Response::new(frames))
    }

    async fn disclose_personal_data(
        &self,
        request: Request<v1::DisclosePersonalDataRequest>,
    ) -> Result<Response<v1::DisclosePersonalDataResponse>, Status> {
        self.unary(request, |call, request| {
            personal::disclose(self, call, request)
        })
        .await
    }
}

impl Services {
    fn parse_opening(&self, request: &v1::OpenLedgerRequest) -> Result<OpenLedger, Refusal> {
        let mut faults = Faults::default();
        let at = At::field("request_id");
        let request_id: Option<crate::domain::id::RequestId> = match request.request_id.as_str() {
            "" => faults.required(&at),
            text => faults.id(&at, text),
        };
        let code = faults.code(&At::field("code"), &request.code);
        let title = faults.title(&At::field("title"), request.title.as_ref());
        let origin = faults.name(&At::field("origin"), &request.origin);
        let time_zone = faults.name(&At::field("time_zone"), &request.time_zone);
        let locale = faults.name(&At::field("locale"), &request.locale);
        let open = (|| {
            let request_id = request_id?;
            Some(OpenLedger {
                // Derived, so that the same request always means the same ledger.
                ledger: LedgerId::derived(request_id.uuid(), "ledger"),
                request_id,
                code: code?,
                title: title?,
                origin: origin?,
                time_zone: time_zone?,
                locale: locale?,
                sample: false,
                clock: ClockKind::System,
                access_log_of: None,
            })
        })();
        Ok(faults.into_result(open)?)
    }
}

/// Why a ledger was not opened, in words of the request.
fn refused_opening(error: AppendError) -> Refusal {
    match error {
        // The ledger's id comes from the request id: it is known, with something else.
        AppendError::Rejected(rules) if rules.iter().any(|r| r.reason == Reason::IdExists) => {
            Refusal::rule(Reason::IdempotencyConflict, "request_id")
        }
        other => other.into(),
    }
}

fn kind(kind: IntegrityKind) -> v1::IntegrityKind {
    match kind {
        IntegrityKind::TornTailDropped => v1::IntegrityKind::TornTailDropped,
        IntegrityKind::JournalRebuilt => v1::IntegrityKind::JournalRebuilt,
        IntegrityKind::CopySetAside => v1::IntegrityKind::CopySetAside,
        IntegrityKind::RecordServedFromJournal => v1::IntegrityKind::RecordServedFromJournal,
        IntegrityKind::LeftoverSetAside => v1::IntegrityKind::LeftoverSetAside,
        IntegrityKind::SummaryRewritten => v1::IntegrityKind::SummaryRewritten,
        IntegrityKind::Poisoned => v1::IntegrityKind::Poisoned,
        IntegrityKind::OpenRefused => v1::IntegrityKind::OpenRefused,
        IntegrityKind::CopyRepaired => v1::IntegrityKind::CopyRepaired,
        IntegrityKind::CopyDamageFound => v1::IntegrityKind::CopyDamageFound,
        IntegrityKind::JournalDamageFound => v1::IntegrityKind::JournalDamageFound,
        IntegrityKind::BothDamaged => v1::IntegrityKind::BothDamaged,
    }
}
