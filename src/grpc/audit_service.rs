//! Who changed what, and what auditors ask of it.

use jiff::Timestamp;
use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::domain::directory::Directory;
use crate::domain::event::{EventType, ReasonCode};
use crate::domain::rejection::Reason;
use crate::grpc::event::{At, Choice as _, Faults, Resolver};
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::Services;
use crate::grpc::show;
use crate::ledger::index::Direction;
use crate::projection::change::{self, ChangeFilter};

mod sample;
mod trail;

#[tonic::async_trait]
impl v1::audit_service_server::AuditService for Services {
    async fn list_changes(
        &self,
        request: Request<v1::ListChangesRequest>,
    ) -> Result<Response<v1::ListChangesResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::ListChangesRequest| {
                let reader = self.ledger(&request.ledger)?;
                let min_position = request.min_position.take();
                let rows = Self::page_rows(std::mem::take(&mut request.page_size));
                let token = std::mem::take(&mut request.page_token);
                let scope = Scope {
                    method: "AuditService/ListChanges",
                    actor: &call.actor,
                    ledger: Some(reader.id()),
                    filter: filter_digest(&request),
                };
                let place = self.place(&scope, &token)?;
                let cursor = place.as_ref().map(|place| Self::skip(Some(place)));
                let cursor = cursor.transpose()?.map(|cursor| cursor as u64);
                // The pages of a list are of the size that the first one was made at.
                let at = self
                    .standpoint(&reader, min_position, None, place.as_ref())
                    .await?;
                let view = &at.view;
                let mut faults = Faults::default();
                let filter = filter(&mut faults, &view.directory, &request);
                let direction = match v1::ChangeOrder::try_from(request.order) {
                    Ok(v1::ChangeOrder::OldestFirst) => Some(Direction::Forward),
                    Ok(v1::ChangeOrder::Unspecified | v1::ChangeOrder::NewestFirst) => {
                        Some(Direction::Backward)
                    }
                    Err(_) => faults.form(&At::field("order"), "no such order"),
                };
                let (filter, direction) = faults.into_result(filter.zip(direction))?;
                let page = change::list(&reader, view, &filter, cursor, direction, rows).await?;
                let next_page_token = page.next.map(|next| {
                    let pinned = Some((&at).into());
                    let cursor = next.to_be_bytes().to_vec();
                    self.token(&scope, &Place { pinned, cursor })
                });
                Ok(v1::ListChangesResponse {
                    changes: page
                        .changes
                        .iter()
                        .map(|c| show::change(&view.directory, c))
                        .collect(),
                    next_page_token: next_page_token.unwrap_or_default(),
                    answered_at: Some(show::answered_at(&at)),
                })
            },
        )
        .await
    }

    async fn sample_changes(
        &self,
        request: Request<v1::SampleChangesRequest>,
    ) -> Result<Response<v1::SampleChangesResponse>, Status> {
        self.unary(request, async |_, request| {
            sample::answer(self, request).await
        })
        .await
    }

    async fn get_entry_trail(
        &self,
        request: Request<v1::GetEntryTrailRequest>,
    ) -> Result<Response<v1::GetEntryTrailResponse>, Status> {
        self.unary(request, async |call, request| {
            trail::answer(self, &call, request).await
        })
        .await
    }
}

fn filter(
    faults: &mut Faults,
    directory: &Directory,
    request: &v1::ListChangesRequest,
) -> Option<ChangeFilter> {
    let resolver = Resolver::new(directory);
    let mut filter = ChangeFilter {
        flagged_only: request.flagged_only,
        ..ChangeFilter::default()
    };
    if let Some(actor) = &request.actor {
        filter.actor = faults.name(&At::field("actor"), actor);
    }
    if let Some(stream) = &request.stream {
        filter.stream = resolver.stream(faults, &At::field("stream"), stream);
    }
    if let Some(subject) = &request.subject {
        let at = At::field("subject");
        filter.subject = resolver.anything(faults, &at, subject, Reason::GoalUnknown);
    }
    for (index, number) in request.types.iter().enumerate() {
        match EventType::from_number(*number) {
            Some(event_type) => filter.types.push(event_type),
            None => {
                let _: Option<()> = faults.form(&At::item("types", index), "no such type");
            }
        }
    }
    for (index, number) in request.reasons.iter().enumerate() {
        match ReasonCode::from_number(*number) {
            Some(code) => filter.reasons.push(code),
            None => {
                let _: Option<()> = faults.form(&At::item("reasons", index), "no such reason");
            }
        }
    }
    let mut instant = |field, stamp: &Option<prost_types::Timestamp>| -> Option<Timestamp> {
        let stamp = stamp.as_ref()?;
        faults.instant(&At::field(field), stamp)
    };
    filter.recorded_from = instant("recorded_from", &request.recorded_from);
    filter.recorded_until = instant("recorded_until", &request.recorded_until);
    if let Some(day) = &request.valid_from {
        filter.valid_from = faults.date(&At::field("valid_from"), day);
    }
    if let Some(day) = &request.valid_until {
        filter.valid_until = faults.date(&At::field("valid_until"), day);
    }
    faults.is_empty().then_some(filter)
}
