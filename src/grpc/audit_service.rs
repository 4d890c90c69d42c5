//! Who changed what, and what auditors ask of it.

use jiff::Timestamp;
use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::directory::Directory;
use crate::domain::event::{EventType, ReasonCode};
use crate::domain::rejection::Reason;
use crate::grpc::event::{At, Choice as _, Faults, Resolver};
use crate::grpc::names;
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::index::Direction;
use crate::ledger::{Reader, Standpoint};
use crate::projection::change::{self, ChangeFilter, ChangeFlag};

mod access;
mod diff;
mod explain;
mod findings;
mod flags;
mod sample;
mod targets;
mod trail;

pub(super) use findings::{is_in_sight as finding_in_sight, references_in_sight};

#[tonic::async_trait]
impl v1::audit_service_server::AuditService for Services {
    async fn list_changes(
        &self,
        request: Request<v1::ListChangesRequest>,
    ) -> Result<Response<v1::ListChangesResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::ListChangesRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
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
                let mut faults = Faults::default();
                let at = asked_at(
                    self,
                    &call,
                    &reader,
                    &mut faults,
                    &request,
                    min_position,
                    place.as_ref(),
                )
                .await?;
                let filter = filter(&mut faults, &at.view.directory, &request);
                let direction = match v1::ChangeOrder::try_from(request.order) {
                    Ok(v1::ChangeOrder::OldestFirst) => Some(Direction::Forward),
                    Ok(v1::ChangeOrder::Unspecified | v1::ChangeOrder::NewestFirst) => {
                        Some(Direction::Backward)
                    }
                    Err(_) => faults.form(&At::field("order"), "no such order"),
                };
                let (filter, direction) = faults.into_result(filter.zip(direction))?;
                let page =
                    change::list(&reader, &at.view, &filter, cursor, direction, rows).await?;
                let next_page_token = page.next.map(|next| {
                    let pinned = Some((&at).into());
                    let cursor = next.to_be_bytes().to_vec();
                    self.token(&scope, &Place { pinned, cursor })
                });
                let answer = v1::ListChangesResponse {
                    changes: page.changes.iter().map(show::change).collect(),
                    next_page_token: next_page_token.unwrap_or_default(),
                    answered_at: Some(show::known_at(&at)),
                };
                Ok(names::told(&at.view.directory, answer))
            },
        )
        .await
    }

    async fn sample_changes(
        &self,
        request: Request<v1::SampleChangesRequest>,
    ) -> Result<Response<v1::SampleChangesResponse>, Status> {
        self.unary(request, async |call, request| {
            sample::answer(self, &call, request).await
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

    async fn list_audit_findings(
        &self,
        request: Request<v1::ListAuditFindingsRequest>,
    ) -> Result<Response<v1::ListAuditFindingsResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::ListAuditFindingsRequest| {
                findings::answer(self, &call, request).await
            },
        )
        .await
    }

    async fn list_flags(
        &self,
        request: Request<v1::ListFlagsRequest>,
    ) -> Result<Response<v1::ListFlagsResponse>, Status> {
        self.unary(request, async |call, request| {
            flags::answer(self, &call, request).await
        })
        .await
    }

    async fn diff_goal(
        &self,
        request: Request<v1::DiffGoalRequest>,
    ) -> Result<Response<v1::DiffGoalResponse>, Status> {
        self.unary(request, async |call, request| {
            diff::answer(self, &call, request).await
        })
        .await
    }

    async fn explain_figure(
        &self,
        request: Request<v1::ExplainFigureRequest>,
    ) -> Result<Response<v1::ExplainFigureResponse>, Status> {
        self.unary(request, async |call, request| {
            explain::answer(self, &call, request).await
        })
        .await
    }

    async fn list_access(
        &self,
        request: Request<v1::ListAccessRequest>,
    ) -> Result<Response<v1::ListAccessResponse>, Status> {
        self.unary(request, async |call, request| {
            access::answer(self, &call, request).await
        })
        .await
    }

    async fn list_target_changes(
        &self,
        request: Request<v1::ListTargetChangesRequest>,
    ) -> Result<Response<v1::ListTargetChangesResponse>, Status> {
        self.unary(request, async |call, request| {
            targets::answer(self, &call, request).await
        })
        .await
    }
}

/// Where changes are asked for. What is wrong with that is noted beside what is wrong with the rest.
async fn asked_at(
    services: &Services,
    call: &Call,
    reader: &Reader,
    faults: &mut Faults,
    request: &v1::ListChangesRequest,
    min_position: Option<u64>,
    place: Option<&Place>,
) -> Result<Standpoint, Refusal> {
    let as_of = request.as_of.as_ref();
    if as_of.is_some_and(|as_of| as_of.effective_on.is_some()) {
        let problem = "changes have no date; choose days with `valid_from` and `valid_until`";
        let at = At::field("as_of");
        let _: Option<()> = faults.form(&at.then("effective_on"), problem);
    }
    let known = as_of.map(|as_of| v1::AsOf {
        effective_on: None,
        ..as_of.clone()
    });
    let at = services
        .standpoint(call, reader, min_position, known.as_ref(), place)
        .await;
    match at {
        Err(Refusal::Rules(rules)) => {
            rules.into_iter().for_each(|rule| faults.push(rule));
            // The rest is read as of now, to be told what is wrong with it too.
            services.standpoint(call, reader, None, None, None).await
        }
        at => at,
    }
}

fn filter(
    faults: &mut Faults,
    directory: &Directory,
    request: &v1::ListChangesRequest,
) -> Option<ChangeFilter> {
    let resolver = Resolver::new(directory);
    let mut filter = ChangeFilter {
        corrections_only: request.corrections_only,
        has_reason: request.has_reason,
        has_evidence: request.has_evidence,
        has_decision: request.has_decision,
        ..ChangeFilter::default()
    };
    if let Some(actor) = &request.actor {
        filter.actor = faults.name(&At::field("actor"), actor);
    }
    if let Some(person) = &request.person {
        let at = At::field("person");
        filter.person = faults.id(&at, person);
        if filter
            .person
            .is_some_and(|id| directory.person(id).is_none())
        {
            let _: Option<()> = faults.fault(&at, Reason::PersonUnknown);
        }
    }
    if let Some(client) = &request.client {
        filter.client = faults.name(&At::field("client"), client);
    }
    if let Some(unit) = &request.unit {
        filter.unit = resolver.reference(faults, &At::field("unit"), unit);
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
    if request.flagged_only && request.flags.is_empty() {
        filter.flags = vec![ChangeFlag::Late, ChangeFlag::Retroactive];
    }
    for (index, number) in request.flags.iter().enumerate() {
        match v1::ChangeFlag::try_from(*number) {
            Ok(v1::ChangeFlag::Late) => filter.flags.push(ChangeFlag::Late),
            Ok(v1::ChangeFlag::Retroactive) => filter.flags.push(ChangeFlag::Retroactive),
            Ok(v1::ChangeFlag::Unspecified) | Err(_) => {
                let _: Option<()> = faults.form(&At::item("flags", index), "no such flag");
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
