//! Writing events, and reading them as they were written.

use std::convert::Infallible;
use std::pin::Pin;

use futures::Stream as FutureStream;
use tonic::{Request, Response, Status, Streaming};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::directory::Named;
use crate::domain::id::RequestId;
use crate::grpc::accounting::{noticed_leaf, noticed_of};
use crate::grpc::event::{At, Faults, recorded};
use crate::grpc::follow::{self, Selection, Wanted};
use crate::grpc::goal_service::form;
use crate::grpc::identify::WatchesCredential;
use crate::grpc::language;
use crate::grpc::services::{Call, EventAsked, Needs, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, Receipt, ReceiptLookup, Standpoint};
use crate::projection::describe::subject_of;

mod append;
mod in_sight;
mod submit;

use submit::Submission;
pub(super) use submit::{SUBMITTED_BYTES, SUBMITTED_REQUESTS};

/// Events of one batch of a stream at most.
pub(super) const BATCH_EVENTS: usize = 1_000;
/// Stored bytes of one batch of a stream at most.
pub(super) const BATCH_BYTES: usize = 256 * 1024;

type Frames<T> = Pin<Box<dyn FutureStream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::ledger_service_server::LedgerService for Services {
    async fn append_events(
        &self,
        request: Request<v1::AppendEventsRequest>,
    ) -> Result<Response<v1::AppendEventsResponse>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let call = self.call(&request, language);
        let answer = self.appended(begun, call, request.get_ref(), None).await;
        answer
            .map(Response::new)
            .map_err(|refusal| refusal.into_status(language))
    }

    type SubmitEventsStream = Frames<v1::SubmitEventsResponse>;

    async fn submit_events(
        &self,
        request: Request<Streaming<v1::SubmitEventsRequest>>,
    ) -> Result<Response<Self::SubmitEventsStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let by = self.asked_by(&request);
        let call = match self.call(&request, language) {
            Ok(call) => call,
            Err(refusal) => {
                let begun = by.map(|by| by.begins(&v1::SubmitEventsRequest::default()));
                let Err(refusal) = self
                    .accounted(begun, async { Err::<Infallible, _>(refusal) })
                    .await;
                return Err(refusal.into_status(language));
            }
        };
        let frames = Submission::new(self.clone(), call, by, request);
        let mut answer = Response::new(Box::pin(frames) as Self::SubmitEventsStream);
        answer.extensions_mut().insert(WatchesCredential);
        Ok(answer)
    }

    async fn get_receipt(
        &self,
        request: Request<v1::GetReceiptRequest>,
    ) -> Result<Response<v1::GetReceiptResponse>, Status> {
        self.unary(request, async |call, request: v1::GetReceiptRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
            let id = request_id(&request.request_id)?;
            match self.ledgers().receipt(reader.id(), id).await? {
                ReceiptLookup::Found(receipt) => {
                    let mode = request.receipt_mode();
                    let positions = receipt.events.iter().map(|event| event.position);
                    let positions: Vec<u64> = positions.collect();
                    // A proof holds the events that it proves.
                    if mode == v1::ReceiptMode::Published
                        && !is_own(&call, &reader, &receipt).await?
                        && !self.reads_all_at(&call, &reader, &positions).await?
                    {
                        return Err(self.not_everything(&call, &reader));
                    }
                    let proof = self.proof_of(&reader, &receipt, mode, call.deadline);
                    let (proof, proof_follows) = proof.await;
                    if proof.is_some() {
                        let directory = reader.view().directory;
                        for stored in reader.stored_at(&positions).await? {
                            noticed_leaf(&directory, &stored.recorded.event, reader.today());
                        }
                    }
                    Ok(v1::GetReceiptResponse {
                        receipt: Some(show::receipt(&receipt)),
                        head: Some(show::head(reader.head())),
                        proof,
                        proof_follows,
                    })
                }
                ReceiptLookup::NotFound { size } => {
                    Err(Refusal::new(ServiceReason::RequestUnknown).with("size", size))
                }
            }
        })
        .await
    }

    async fn get_event(
        &self,
        request: Request<v1::GetEventRequest>,
    ) -> Result<Response<v1::GetEventResponse>, Status> {
        self.unary(request, async |call, request: v1::GetEventRequest| {
            use v1::get_event_request::Selector;
            let reader = self.ledger_of_events(&call, &request.ledger)?;
            let view = self.view(&reader, request.min_position).await;
            let asked = request.selector.as_ref().map(|selector| match selector {
                Selector::Position(position) => EventAsked::Position(*position),
                Selector::EventId(id) => EventAsked::Id(id),
            });
            let position = self.position_in_sight(&call, &reader, &view, asked).await?;
            let stored = reader.stored(position).await?;
            let about = subject_of(&stored.recorded.event);
            noticed_of(&view.directory, about, reader.today());
            Ok(v1::GetEventResponse {
                event: Some(recorded(&stored.recorded, stored.leaf_hash.as_bytes())),
                leaf: stored.leaf,
                head: Some(show::head(view.head)),
            })
        })
        .await
    }

    type ReadEventsStream = Frames<v1::ReadEventsResponse>;

    async fn read_events(
        &self,
        request: Request<v1::ReadEventsRequest>,
    ) -> Result<Response<Self::ReadEventsStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let deadline = call.asked;
            let request = request.into_inner();
            let reader = self.ledger_of_events(&call, &request.ledger)?;
            let waiting = self.view(&reader, request.min_position);
            let view = tokio::time::timeout_at(call.deadline.into(), waiting)
                .await
                .map_err(|_| ServiceReason::DeadlinePassed)?;
            if view.head.size < request.from_position {
                let refusal = Refusal::new(ServiceReason::PositionOutOfRange);
                return Err(refusal.with("size", view.head.size));
            }
            if request.limit == Some(0) {
                return Err(form("limit", "above 0, or absent"));
            }
            let format = format(request.format)?;
            let until = request
                .until_position
                .unwrap_or(u64::MAX)
                .min(view.head.size);
            let until = until.min(
                request
                    .from_position
                    .saturating_add(request.limit.unwrap_or(u64::MAX)),
            );
            let (needs, sight) = match self.verifier(&call, &reader)? {
                None => (Action::ReadEverything.into(), None),
                Some(_) => (
                    Needs::Verifying(Vec::new()),
                    Some(self.sight_of_events(&call)),
                ),
            };
            let frames = follow::read(
                reader.clone(),
                view,
                request.from_position,
                until,
                Wanted {
                    format,
                    selection: Selection::default(),
                    sight,
                },
                deadline,
                language,
            );
            Ok(self.while_permitted(call, reader, needs, frames))
        };
        let frames = self.accounted(begun, opened).await;
        let frames = frames.map_err(|refusal: Refusal| refusal.into_status(language))?;
        Ok(Response::new(frames))
    }

    type SubscribeEventsStream = Frames<v1::SubscribeEventsResponse>;

    async fn subscribe_events(
        &self,
        request: Request<v1::SubscribeEventsRequest>,
    ) -> Result<Response<Self::SubscribeEventsStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let deadline = call.asked;
            let request = request.into_inner();
            let reader = self.ledger_of_events(&call, &request.ledger)?;
            let view = self.view(&reader, None).await;
            if view.head.size < request.from_position {
                let refusal = Refusal::new(ServiceReason::PositionOutOfRange);
                return Err(refusal.with("size", view.head.size));
            }
            let format = format(request.format)?;
            let (needs, sight, directory) = match self.verifier(&call, &reader)? {
                None => (Action::ReadEverything.into(), None, view.directory),
                Some(verifier) => {
                    let verified = verifier.goals_asked(&request.streams)?;
                    let verified = verified.ok_or_else(|| self.not_everything(&call, &reader))?;
                    let sight = Some(self.sight_of_events(&call));
                    (Needs::Verifying(verified), sight, verifier.seen().clone())
                }
            };
            let wanted = Wanted {
                format,
                selection: Selection::parse(&directory, &request.streams, &request.types)?,
                sight,
            };
            let from = request.from_position;
            let frames = follow::follow(
                reader.clone(),
                self.tail(),
                from,
                wanted,
                deadline,
                self.closing(),
                language,
            );
            Ok(self.while_permitted(call, reader, needs, frames))
        };
        let frames = self.accounted(begun, opened).await;
        let frames = frames.map_err(|refusal: Refusal| refusal.into_status(language))?;
        Ok(Response::new(frames))
    }

    async fn get_ledger(
        &self,
        request: Request<v1::GetLedgerRequest>,
    ) -> Result<Response<v1::GetLedgerResponse>, Status> {
        self.unary(request, async |call, request: v1::GetLedgerRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
            let as_of = request.as_of.as_ref();
            let at = self
                .standpoint(&call, &reader, request.min_position, as_of, None)
                .await?;
            let Standpoint { view, on } = &at;
            let plans = view.directory.plans();
            Ok(v1::GetLedgerResponse {
                ledger: Some(show::ledger(&reader, self.default_ledger()).await?),
                head: Some(show::head(view.head)),
                today: reader.today().to_string(),
                plans: plans
                    .iter()
                    .map(|plan| show::entity(&view.directory, Named::Plan(plan.id), *on))
                    .collect(),
                limits: Some(self.limits()),
                features: match self.takes_names() {
                    true => vec![v1::Feature::SelfNamedActors.into()],
                    false => Vec::new(),
                },
                server_version: env!("CARGO_PKG_VERSION").to_owned(),
                answered_at: Some(show::answered_at(&at)),
            })
        })
        .await
    }
}

/// Whether the caller is whom the events of a receipt are recorded of.
async fn is_own(call: &Call, reader: &Reader, receipt: &Receipt) -> Result<bool, Refusal> {
    let Some(first) = receipt.events.first() else {
        return Ok(false);
    };
    let author = reader.stored(first.position).await?.recorded.actor;
    Ok(author.shares_login_with(&call.actor))
}

fn request_id(text: &str) -> Result<RequestId, Refusal> {
    let mut faults = Faults::default();
    let at = At::field("request_id");
    let id = if text.is_empty() {
        faults.required(&at)
    } else {
        faults.id(&at, text)
    };
    Ok(faults.into_result(id)?)
}

fn format(number: i32) -> Result<v1::EventFormat, Refusal> {
    match v1::EventFormat::try_from(number) {
        Ok(v1::EventFormat::Unspecified) => Ok(v1::EventFormat::Events),
        Ok(format) => Ok(format),
        Err(_) => Err(form("format", "no such format")),
    }
}
