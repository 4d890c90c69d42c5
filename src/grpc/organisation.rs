//! Who belongs where, and who answers for what.

use std::collections::HashMap;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Payload, Recorded, Stream};
use crate::domain::id::UnitId;
use crate::grpc::event::{Choice as _, show_title};
use crate::grpc::goal_service::{anything, form};
use crate::grpc::names;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader};
use crate::projection::organisation::{self, Branch, Charge, Tally};

/// Changes of a unit and transfers of an initiative told at once at most: the newest.
const STEPS_MAX: usize = 200;

pub(super) async fn tree(
    services: &Services,
    call: &Call,
    mut request: v1::GetOrganisationRequest,
) -> Result<v1::GetOrganisationResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadLedger)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "GoalService/GetOrganisation",
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
    let tree = organisation::tree(directory, at.on, request.include_inactive);
    let tallies = organisation::tallies(directory, at.on);
    let page = tree.iter().skip(skip).take(rows);
    Ok(v1::GetOrganisationResponse {
        units: page
            .filter_map(|branch| unit(directory, *branch, &tallies, at.on))
            .collect(),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, tree.len()),
        total: show::count(tree.len()),
        answered_at: Some(show::answered_at(&at)),
    })
}

pub(super) async fn responsibility(
    services: &Services,
    call: &Call,
    mut request: v1::GetResponsibilityRequest,
) -> Result<v1::GetResponsibilityResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadGoal)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "GoalService/GetResponsibility",
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
    let (directory, on) = (&at.view.directory, at.on);
    let subject = anything(directory, "subject", &request.subject)?;
    let subject = subject.ok_or(ServiceReason::CodeUnknown)?;
    // Whoever sees public goals only is not told how the organisation is made up.
    if matches!(subject, Named::Unit(_) | Named::Plan(_) | Named::Ledger)
        && !services.may(call, &reader, Action::ReadLedger)
    {
        return Err(ServiceReason::CodeUnknown.into());
    }
    let entity = |named| show::entity(directory, named, on);
    let mut response = v1::GetResponsibilityResponse {
        subject: Some(entity(subject)),
        answered_at: Some(show::answered_at(&at)),
        ..v1::GetResponsibilityResponse::default()
    };
    let charges = match subject {
        Named::Unit(id) => {
            let branch = Branch { unit: id, depth: 0 };
            let tallies = organisation::tallies(directory, on);
            response.unit = unit(directory, branch, &tallies, on);
            response.changes = changes(&reader, directory, id, at.view.size).await?;
            let handovers = organisation::handovers(directory, id, on);
            let units = |ids: Vec<UnitId>| ids.into_iter().map(Named::Unit).map(entity).collect();
            response.predecessors = units(handovers.from);
            response.successors = units(handovers.to);
            organisation::charges(directory, id, on)
        }
        Named::Goal(id) => organisation::charges_of(directory, id, on),
        Named::Initiative(id) => organisation::charge(directory, id, on)
            .into_iter()
            .collect(),
        Named::Indicator(id) => {
            let indicator = directory.indicator(id);
            let placed = indicator.map(|indicator| indicator.placed_on(on.max(indicator.from)));
            if let Some(placed) = placed {
                let event = reader.stored(placed.since).await?;
                response.placed_by = Some(show::event_reference(&event.recorded));
            }
            let charge =
                placed.and_then(|placed| organisation::charge(directory, placed.initiative, on));
            charge.into_iter().collect()
        }
        Named::Plan(_) | Named::Ledger => {
            let problem = "not a unit, goal, initiative or indicator";
            return Err(form("subject", problem));
        }
    };
    if matches!(subject, Named::Initiative(_) | Named::Indicator(_))
        && let Some(charge) = charges.first()
        && let Some(initiative) = directory.initiative(charge.initiative)
    {
        let transfers = organisation::transfers(charge.initiative, initiative);
        let newest = &transfers[transfers.len().saturating_sub(STEPS_MAX)..];
        response.transfers = told(&reader, directory, newest, |charge| charge.who.from).await?;
    }
    let page: Vec<Charge> = charges.iter().skip(skip).take(rows).cloned().collect();
    response.responsibilities =
        told(&reader, directory, &page, |charge| on.max(charge.who.from)).await?;
    response.next_page_token =
        services.next_token(&scope, Some((&at).into()), skip + rows, charges.len());
    response.total = show::count(charges.len());
    Ok(names::told(directory, response))
}

fn unit(
    directory: &Directory,
    branch: Branch,
    tallies: &HashMap<UnitId, Tally>,
    on: Date,
) -> Option<v1::OrganisationUnit> {
    let unit = directory.unit(branch.unit)?;
    let tally = tallies.get(&branch.unit).copied().unwrap_or_default();
    let parent = organisation::parent_on(directory, branch.unit, on);
    let entity = |id| show::entity(directory, Named::Unit(id), on);
    Some(v1::OrganisationUnit {
        unit: Some(entity(branch.unit)),
        kind: unit.kind.number(),
        from: unit.from.to_string(),
        until: unit.until.map(|day| day.to_string()),
        exists: unit.exists_on(on),
        parent: parent.map(entity),
        depth: branch.depth,
        goals: tally.goals,
        leads: tally.leads,
        contributes: tally.contributes,
    })
}

/// What is known at `size` to have happened to a unit, the newest of it.
async fn changes(
    reader: &Reader,
    directory: &Directory,
    id: UnitId,
    size: u64,
) -> Result<Vec<v1::UnitChange>, ReadFault> {
    let term = Term::stream(Stream::org(id));
    let positions = reader.postings(&term, 0, size, Direction::Forward, usize::MAX)?;
    let newest = &positions[positions.len().saturating_sub(STEPS_MAX)..];
    let stored = reader.stored_at(newest).await?;
    let told = stored
        .iter()
        .map(|stored| change(directory, &stored.recorded));
    Ok(told.collect())
}

fn change(directory: &Directory, recorded: &Recorded) -> v1::UnitChange {
    let valid = recorded.event.valid.map(|valid| valid.from);
    let on = valid.unwrap_or_else(|| directory.date_of(recorded.recorded_at));
    let (name, parent, dissolved) = match &recorded.event.payload {
        Payload::OrgUnitRegistered(p) => (Some(&p.name), p.parent, false),
        Payload::OrgUnitChanged(p) => (p.name.as_ref(), p.parent, p.dissolved),
        _ => (None, None, false),
    };
    v1::UnitChange {
        event: Some(show::event_reference(recorded)),
        name: name.map(show_title),
        parent: parent.map(|id| show::entity(directory, Named::Unit(id), on)),
        dissolved,
    }
}

/// Responsibilities with their events; units are named as on the day that `named_on` says.
async fn told(
    reader: &Reader,
    directory: &Directory,
    charges: &[Charge],
    named_on: impl Fn(&Charge) -> Date,
) -> Result<Vec<v1::Responsibility>, ReadFault> {
    let mut told = Vec::with_capacity(charges.len());
    for charge in charges {
        let event = reader.stored(charge.position).await?;
        let on = named_on(charge);
        let entity = |named| show::entity(directory, named, on);
        let department = directory.department_of(charge.who.lead, on);
        told.push(v1::Responsibility {
            initiative: Some(entity(Named::Initiative(charge.initiative))),
            goal: Some(entity(Named::Goal(charge.goal))),
            lead: Some(entity(Named::Unit(charge.who.lead))),
            department: department.map(|id| entity(Named::Unit(id))),
            contributing: charge
                .who
                .contributing
                .iter()
                .map(|id| entity(Named::Unit(*id)))
                .collect(),
            from: charge.who.from.to_string(),
            event: Some(show::event_reference(&event.recorded)),
        });
    }
    Ok(told)
}
