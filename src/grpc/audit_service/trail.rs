//! What became of a report.

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::actual::Measurement;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::Payload;
use crate::domain::id::EventId;
use crate::domain::rejection::Reason;
use crate::grpc::event::{
    At, Choice as _, Faults, show_actor, show_evidence, show_measurement, show_reason,
    show_reported, show_source_document, show_timestamp,
};
use crate::grpc::names;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::projection::goal_card::indicator_card;
use crate::projection::trail::{Answerable, Link, trail};

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::GetEntryTrailRequest,
) -> Result<v1::GetEntryTrailResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadEverything)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/GetEntryTrail",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    let at = services
        .standpoint(
            call,
            &reader,
            min_position,
            request.as_of.as_ref(),
            place.as_ref(),
        )
        .await?;
    let mut faults = Faults::default();
    let id: Option<EventId> = faults.id(&At::field("event_id"), &request.event_id);
    let id = faults.into_result(id)?;
    let position = reader.position_of(id)?;
    let position = position.filter(|position| *position < at.view.size);
    let event = reader
        .stored(position.ok_or(ServiceReason::EventUnknown)?)
        .await?;
    let found = trail(&reader, &at.view, &event.recorded, skip, rows).await?;
    let found = found.ok_or_else(|| Refusal::rule(Reason::EntryUnknown, "event_id"))?;
    let card = indicator_card(&reader, &at.view, found.indicator, at.on).await?;
    let card = card.ok_or_else(|| Refusal::rule(Reason::IndicatorUnknown, "event_id"))?;

    let (directory, on) = (&at.view.directory, at.on);
    let initiative = card.entry.placed_on(on).initiative;
    let goal = directory.initiative(initiative);
    let goal = goal.map(|initiative| initiative.placed_on(on).goal);
    let older = found.attachments.len().saturating_sub(show::TOLD_MAX);
    let attachments = found.attachments.iter().skip(older);
    let answer = v1::GetEntryTrailResponse {
        indicator: Some(show::entity(
            directory,
            Named::Indicator(found.indicator),
            on,
        )),
        initiative: Some(show::entity(directory, Named::Initiative(initiative), on)),
        goal: goal.map(|goal| show::entity(directory, Named::Goal(goal), on)),
        definition: show::definitions(&card).pop(),
        links: found
            .links
            .iter()
            .map(|found| link(directory, found))
            .collect(),
        total: show::count(found.total),
        attachments: attachments
            .map(|attachment| show::attachment(directory, attachment, on))
            .collect(),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, found.total),
        answered_at: Some(show::answered_at(&at)),
    };
    Ok(names::told(directory, answer))
}

fn link(directory: &Directory, link: &Link) -> v1::TrailLink {
    let recorded = &link.stored.recorded;
    let event = &recorded.event;
    let (before, measurement, reported) = match &event.payload {
        Payload::ActualRecorded(p) => (None, Some(&p.measurement), Some(&p.reported)),
        Payload::ActualCorrected(p) => (p.before.as_ref(), Some(&p.measurement), Some(&p.reported)),
        Payload::ActualRetracted(p) => (p.before.as_ref(), None, None),
        // A trail is made of nothing else.
        _ => (None, None, None),
    };
    let measured = |measurement: Option<&Measurement>| measurement.map(show_measurement);
    let (part, unit_code) = reported.map(show_reported).unwrap_or_default();
    v1::TrailLink {
        position: recorded.position,
        event_id: event.id.to_string(),
        r#type: event.payload.event_type().number(),
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        actor: Some(show_actor(&recorded.actor)),
        valid_from: event
            .valid
            .map_or_else(String::new, |valid| valid.from.to_string()),
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .map(|day| day.to_string()),
        before: measured(before),
        measurement: measured(measurement),
        part,
        unit_code,
        reason: event.reason.as_ref().map(show_reason),
        source_document: event.source_document.as_ref().map(show_source_document),
        decision_event_id: event.decision.map(|id| id.to_string()),
        evidence: event.evidence.iter().map(show_evidence).collect(),
        days_late: link.days_late,
        stands: link.stands,
        on_valid_date: link
            .on_valid_date
            .as_ref()
            .map(|who| answerable(directory, who)),
        on_record_date: link
            .on_record_date
            .as_ref()
            .map(|who| answerable(directory, who)),
        request_id: recorded.request_id.to_string(),
        leaf_hash: link.stored.leaf_hash.as_bytes().to_vec(),
        confirmations: link.confirmations.iter().map(show::confirmation).collect(),
    }
}

fn answerable(directory: &Directory, who: &Answerable) -> v1::Answerable {
    let unit = |id| show::entity(directory, Named::Unit(id), who.on);
    v1::Answerable {
        on: who.on.to_string(),
        lead: Some(unit(who.lead)),
        contributing: who.contributing.iter().copied().map(unit).collect(),
        department: who.department.map(unit),
    }
}
