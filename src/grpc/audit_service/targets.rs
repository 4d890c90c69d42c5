//! How targets changed.

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::{Obstacle, display};
use crate::domain::rejection::Reason;
use crate::grpc::evaluation_service::point::plan_of;
use crate::grpc::event::{At, Choice as _, Faults, Resolver, show_definition};
use crate::grpc::names;
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::show::evaluation::{achieved, evaluated_by, figure};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::projection::evaluation::Ruling;
use crate::projection::target_history::listing::{Cursor, Listed, TargetFilter, changes};
use crate::projection::target_history::{Comparison, Judged, TargetDirection};

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListTargetChangesRequest,
) -> Result<v1::ListTargetChangesResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadEverything)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/ListTargetChanges",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let begin = place.as_ref().map(|place| cursor(&place.cursor));
    let begin = begin.transpose()?.unwrap_or_default();
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, min_position, as_of, place.as_ref())
        .await?;
    let directory = &at.view.directory;
    let filter = filter(directory, &request, at.on)?;
    let page = changes(&reader, &at, &filter, begin, rows).await?;
    let next = page.next.map(|next| {
        let cursor = [next.goal, next.change].map(u32::to_be_bytes).concat();
        let pinned = Some((&at).into());
        services.token(&scope, &Place { pinned, cursor })
    });
    let ruling = Ruling::on(directory, at.on, at.view.size);
    let answer = v1::ListTargetChangesResponse {
        changes: page
            .changes
            .iter()
            .map(|listed| change(directory, listed, at.on))
            .collect(),
        next_page_token: next.unwrap_or_default(),
        evaluated_at: Some(evaluated_by(&ruling, at.on, at.view.size, at.view.head)),
    };
    Ok(names::told(directory, answer))
}

fn cursor(bytes: &[u8]) -> Result<Cursor, Refusal> {
    let invalid = || Refusal::new(ServiceReason::PageTokenInvalid);
    let (goal, change) = bytes.split_at_checked(4).ok_or_else(invalid)?;
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes);
    Ok(Cursor {
        goal: number(goal).map_err(|_| invalid())?,
        change: number(change).map_err(|_| invalid())?,
    })
}

fn filter(
    directory: &Directory,
    request: &v1::ListTargetChangesRequest,
    on: Date,
) -> Result<TargetFilter, Refusal> {
    let (resolver, mut faults) = (Resolver::new(directory), Faults::default());
    let mut filter = TargetFilter {
        after_last_report_only: request.after_last_report_only,
        achieved_by_revision_only: request.achieved_by_revision_only,
        ..TargetFilter::default()
    };
    for (index, number) in request.directions.iter().enumerate() {
        match TargetDirection::from_number(*number) {
            Some(direction) => {
                filter.directions.insert(direction);
            }
            None => {
                let _: Option<()> = faults.form(&At::item("directions", index), "no such way");
            }
        }
    }
    if let Some(plan) = &request.plan {
        filter.plan = resolver.reference(&mut faults, &At::field("plan"), plan);
    }
    if let Some(subject) = &request.subject {
        let at = At::field("subject");
        let named = resolver.anything(&mut faults, &at, subject, Reason::GoalUnknown);
        if named.is_some_and(|named| !filter.narrow(directory, named)) {
            let problem = "neither a department nor a goal, an initiative or an indicator";
            let _: Option<()> = faults.form(&at, problem);
        }
    }
    let read = faults.is_empty().then_some(filter);
    let mut filter = faults.into_result(read)?;
    if request.plan.is_none() && request.subject.is_none() {
        filter.plan = Some(plan_of(directory, None, on)?.id);
    }
    Ok(filter)
}

fn change(directory: &Directory, listed: &Listed, on: Date) -> v1::TargetChange {
    let change = &listed.change;
    let entity = |named| Some(show::entity(directory, named, on));
    let compared = |comparison| compared(&listed.ruling, comparison);
    let report = change.last_report;
    v1::TargetChange {
        indicator: entity(Named::Indicator(listed.indicator)),
        goal: entity(Named::Goal(listed.goal)),
        lead: entity(Named::Unit(listed.lead)),
        definition: listed
            .definition
            .as_ref()
            .map(|(number, version)| v1::DefinitionVersion {
                version: *number,
                from: version.from.to_string(),
                definition: Some(show_definition(&version.definition)),
                confirmed: Vec::new(),
            }),
        version: change.number,
        before: change.before.as_ref().map(show::target_version),
        after: Some(show::target_version(&change.after)),
        direction: change.direction.number(),
        days_postponed: change.days_postponed,
        event: Some(show::event_reference(&listed.event.recorded)),
        days_retroactive: change.days_retroactive,
        in_force: change.in_force,
        at_decision: Some(compared(&listed.at_decision)),
        at_answer: Some(compared(&listed.at_answer)),
        last_report: listed
            .last_report
            .as_ref()
            .map(|report| show::event_reference(&report.recorded)),
        after_last_report: report.is_some_and(|report| report.before_target),
        after_result: report.is_some_and(|report| report.is_result),
        achieved_by_revision: listed.achieved_by_revision,
    }
}

fn compared(ruling: &Ruling, comparison: &Comparison) -> v1::TargetComparison {
    let judged = |found: &Judged| judged(ruling, found);
    let Cut { on, known } = comparison.results;
    v1::TargetComparison {
        effective_on: on.to_string(),
        known_at: known.unwrap_or_default(),
        original: Some(judged(&comparison.original)),
        before: comparison.before.as_ref().map(judged),
        after: Some(judged(&comparison.after)),
    }
}

fn judged(ruling: &Ruling, judged: &Judged) -> v1::TargetJudgement {
    let against = judged.evaluation.as_ref().zip(judged.against());
    let shown = against.map(|(found, against)| {
        let policy = &ruling.policy.content;
        display::attainment(found, against, policy).unwrap_or_default()
    });
    let (attainment, achievement) = match judged.against() {
        Some(against) => (against.attainment.clone(), against.achievement),
        None => (Err(Obstacle::NoTarget), Err(Obstacle::NoTarget)),
    };
    v1::TargetJudgement {
        target: Some(show::target_version(&judged.target)),
        attainment: Some(figure(&attainment, |_| shown.unwrap_or_default())),
        achievement: Some(achieved(achievement)),
        status: judged.status().map_or(0, |status| status.number()),
    }
}
