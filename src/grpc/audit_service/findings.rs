//! Audit findings, as they stand at a point.

use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{StreamKind, Subject};
use crate::domain::finding::{Finding, FindingAnswer, FindingReference, FindingState};
use crate::domain::id::{GoalId, PlanId};
use crate::grpc::event::{
    At, Choice as _, Faults, Resolver, show_actor, show_finding_references, show_timestamp,
};
use crate::grpc::names;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::{ReadFault, Reader};
use crate::projection::describe::named;

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListAuditFindingsRequest,
) -> Result<v1::ListAuditFindingsResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadPlan)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/ListAuditFindings",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, min_position, as_of, place.as_ref())
        .await?;
    let directory = &at.view.directory;
    let mut faults = Faults::default();
    let plan: Option<PlanId> = request
        .plan
        .as_ref()
        .and_then(|plan| Resolver::new(directory).reference(&mut faults, &At::field("plan"), plan));
    let mut states = Vec::new();
    for (index, number) in request.states.iter().enumerate() {
        match FindingState::from_number(*number) {
            Some(state) => states.push(state),
            None => {
                let _: Option<()> = faults.form(&At::item("states", index), "no such state");
            }
        }
    }
    let sound = faults.is_empty().then_some(());
    faults.into_result(sound)?;
    if let Some(plan) = plan {
        services.read_plan(call, &reader, plan)?;
    }
    let mut found: Vec<&Arc<Finding>> = Vec::new();
    for known in directory.plans() {
        if plan.is_none_or(|wanted| wanted == known.id)
            && services.read_plan(call, &reader, known.id).is_ok()
        {
            found.extend(directory.findings_of(known.id));
        }
    }
    found.retain(|finding| {
        let state = finding.state_on(at.on);
        finding.date <= at.on && (states.is_empty() || states.contains(&state))
    });
    if !directory.hidden().is_empty() {
        let mut seen = Vec::new();
        for finding in found {
            if is_in_sight(&reader, directory, finding).await? {
                seen.push(finding);
            }
        }
        found = seen;
    }
    let answer = v1::ListAuditFindingsResponse {
        findings: found
            .iter()
            .skip(skip)
            .take(rows)
            .map(|finding| show_finding(directory, finding, at.on))
            .collect(),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, found.len()),
        total: show::count(found.len()),
        answered_at: Some(show::answered_at(&at)),
    };
    Ok(names::told(directory, answer))
}

/// Whether a caller may read all that a finding and its answer are about: goals that they may not read are not in their
/// directory.
pub(in crate::grpc) async fn is_in_sight(
    reader: &Reader,
    directory: &Directory,
    finding: &Finding,
) -> Result<bool, ReadFault> {
    if let Some(answer) = &finding.answer
        && !references_in_sight(reader, directory, &answer.references).await?
    {
        return Ok(false);
    }
    references_in_sight(reader, directory, &finding.references).await
}

/// Whether a caller may read all that these references name.
pub(in crate::grpc) async fn references_in_sight(
    reader: &Reader,
    directory: &Directory,
    references: &[FindingReference],
) -> Result<bool, ReadFault> {
    for reference in references {
        let is_there = match reference {
            FindingReference::Unit(_) => true,
            FindingReference::Subject(Subject::Goal(id)) => directory.goal(*id).is_some(),
            FindingReference::Subject(Subject::Initiative(id)) => {
                directory.initiative(*id).is_some()
            }
            FindingReference::Subject(Subject::Indicator(id)) => directory.indicator(*id).is_some(),
            FindingReference::Event(id) => match reader.position_of(*id)? {
                Some(position) => {
                    let stream = reader.stored(position).await?.recorded.event.stream;
                    let goal = GoalId::from_bytes(stream.id.as_bytes());
                    stream.kind != StreamKind::Goal
                        || goal.is_ok_and(|goal| directory.goal(goal).is_some())
                }
                None => true,
            },
        };
        if !is_there {
            return Ok(false);
        }
    }
    Ok(true)
}

fn show_finding(directory: &Directory, finding: &Finding, on: Date) -> v1::AuditFinding {
    let subject = |reference: &FindingReference| match reference {
        FindingReference::Subject(subject) => Some(named(subject)),
        FindingReference::Unit(id) => Some(Named::Unit(*id)),
        FindingReference::Event(_) => None,
    };
    let subjects = finding.references.iter().filter_map(subject);
    v1::AuditFinding {
        plan: Some(show::entity(directory, Named::Plan(finding.plan), on)),
        finding: finding.number.to_string(),
        event_id: finding.event_id.to_string(),
        position: finding.position,
        recorded_at: Some(show_timestamp(finding.recorded_at)),
        actor: Some(show_actor(&finding.actor)),
        date: finding.date.to_string(),
        text: finding.text.to_string(),
        references: show_finding_references(&finding.references),
        subjects: subjects
            .map(|named| show::entity(directory, named, on))
            .collect(),
        due: finding.due.to_string(),
        promised: finding.promised.to_string(),
        state: finding.state_on(on).number(),
        answer: finding
            .answer_on(on)
            .map(|answer| show_answer(answer, finding.due)),
    }
}

fn show_answer(answer: &FindingAnswer, due: Date) -> v1::FindingAnswer {
    let late = u32::try_from((answer.date - due).get_days()).ok();
    v1::FindingAnswer {
        event_id: answer.event_id.to_string(),
        position: answer.position,
        recorded_at: Some(show_timestamp(answer.recorded_at)),
        actor: Some(show_actor(&answer.actor)),
        date: answer.date.to_string(),
        text: answer.text.to_string(),
        action: answer.action.to_string(),
        references: show_finding_references(&answer.references),
        days_late: late.filter(|days| 0 < *days),
    }
}
