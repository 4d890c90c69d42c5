//! Who is who, who holds which seat, and for whom they act.

use std::collections::BTreeSet;

use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::{Action, permitted};
use crate::domain::access::{Holder, Role};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Actor;
use crate::domain::id::{PersonId, UnitId};
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::event::{At, Choice as _, Faults, Resolver, show_actor};
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::Standpoint;

mod shown;

#[tonic::async_trait]
impl v1::access_service_server::AccessService for Services {
    async fn who_am_i(
        &self,
        request: Request<v1::WhoAmIRequest>,
    ) -> Result<Response<v1::WhoAmIResponse>, Status> {
        self.unary(request, async |call, request| {
            who_am_i(self, call, request).await
        })
        .await
    }

    async fn list_persons(
        &self,
        request: Request<v1::ListPersonsRequest>,
    ) -> Result<Response<v1::ListPersonsResponse>, Status> {
        self.unary(request, async |call, request| {
            list_persons(self, &call, request).await
        })
        .await
    }

    async fn get_person(
        &self,
        request: Request<v1::GetPersonRequest>,
    ) -> Result<Response<v1::GetPersonResponse>, Status> {
        self.unary(request, async |call, request| {
            get_person(self, &call, request).await
        })
        .await
    }

    async fn list_grants(
        &self,
        request: Request<v1::ListGrantsRequest>,
    ) -> Result<Response<v1::ListGrantsResponse>, Status> {
        self.unary(request, async |call, request| {
            list_grants(self, &call, request).await
        })
        .await
    }

    async fn what_could(
        &self,
        request: Request<v1::WhatCouldRequest>,
    ) -> Result<Response<v1::WhatCouldResponse>, Status> {
        self.unary(request, async |call, request| {
            what_could(self, &call, request).await
        })
        .await
    }
}

async fn who_am_i(
    services: &Services,
    call: Call,
    request: v1::WhoAmIRequest,
) -> Result<v1::WhoAmIResponse, Refusal> {
    let reader = services.ledger(&call, &request.ledger, Action::ReadGoal)?;
    let at = services
        .standpoint(&call, &reader, request.min_position, None, None)
        .await?;
    // What it says of oneself is nothing that somebody's sight takes away.
    let (directory, today) = (&reader.view().directory, at.on);
    let person = directory.person_of(call.actor.issuer.as_ref(), &call.actor.subject);
    let actor = Actor {
        person,
        ..call.actor
    };
    let seats = directory.seats_of(&directory.holder(&actor), today);
    let known = person.and_then(|person| directory.person(person));
    Ok(v1::WhoAmIResponse {
        actor: Some(show_actor(&actor)),
        person: known.map(|person| shown::person(person, today)),
        seats: seats
            .iter()
            .map(|seat| shown::seat(directory, seat, today, None))
            .collect(),
        today: today.to_string(),
    })
}

async fn list_persons(
    services: &Services,
    call: &Call,
    mut request: v1::ListPersonsRequest,
) -> Result<v1::ListPersonsResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadAccess)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AccessService/ListPersons",
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
    let mut faults = Faults::default();
    let on = day(&mut faults, request.on.as_deref(), &at);
    let on = faults.into_result(on)?;
    let persons = at.view.directory.persons();
    let page = persons.iter().skip(skip).take(rows);
    Ok(v1::ListPersonsResponse {
        persons: page.map(|person| shown::person(person, on)).collect(),
        next_page_token: services.next_token(
            &scope,
            Some((&at).into()),
            skip + rows,
            persons.len(),
        ),
        total: show::count(persons.len()),
        answered_at: Some(answered(&at, on)),
    })
}

async fn get_person(
    services: &Services,
    call: &Call,
    request: v1::GetPersonRequest,
) -> Result<v1::GetPersonResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadAccess)?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, request.min_position, as_of, None)
        .await?;
    let directory = &at.view.directory;
    let mut faults = Faults::default();
    let on = day(&mut faults, request.on.as_deref(), &at);
    let person = faults.id::<PersonId>(&At::field("person"), &request.person);
    let (on, person) = faults.into_result(on.zip(person))?;
    let Some(known) = directory.person(person) else {
        return Err(unknown("person"));
    };
    let holder = Holder::Person(person);
    let seats = directory.seats_of(&holder, on);
    let seats = seats
        .iter()
        .map(|seat| shown::seat(directory, seat, on, None));
    let grants = directory.grants_of(&holder);
    let delegations = directory.delegations_to(person);
    Ok(v1::GetPersonResponse {
        person: Some(shown::person(known, on)),
        seats: seats.collect(),
        grants: grants
            .map(|grant| shown::grant(directory, grant, on))
            .collect(),
        delegations: delegations
            .map(|delegation| shown::delegation(directory, delegation, on))
            .collect(),
        answered_at: Some(answered(&at, on)),
    })
}

async fn list_grants(
    services: &Services,
    call: &Call,
    mut request: v1::ListGrantsRequest,
) -> Result<v1::ListGrantsResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadAccess)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AccessService/ListGrants",
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
    let on = day(&mut faults, request.on.as_deref(), &at);
    let wanted = wanted(&mut faults, directory, &request);
    let (on, wanted) = faults.into_result(on.zip(wanted))?;
    let everything = request.include_inactive;
    let found: Vec<_> = directory
        .grants()
        .filter(|grant| everything || grant.holds_on(on))
        .filter(|grant| wanted.seat.as_ref().is_none_or(|seat| *seat == grant.seat))
        .filter(|grant| {
            let holder = wanted.person.map(Holder::Person);
            holder.is_none_or(|holder| holder == grant.holder)
        })
        .filter(|grant| wanted.unit.is_none_or(|unit| grant.units.contains(&unit)))
        .collect();
    let page: Vec<_> = found.iter().skip(skip).take(rows).collect();
    let mut seats: Vec<&Code> = page.iter().map(|grant| &grant.seat).collect();
    seats.dedup();
    let delegations = seats
        .into_iter()
        .flat_map(|seat| directory.delegations_of_seat(seat))
        .filter(|delegation| everything || delegation.holds_on(on));
    Ok(v1::ListGrantsResponse {
        grants: page
            .iter()
            .map(|grant| shown::grant(directory, grant, on))
            .collect(),
        delegations: delegations
            .map(|delegation| shown::delegation(directory, delegation, on))
            .collect(),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, found.len()),
        total: show::count(found.len()),
        answered_at: Some(answered(&at, on)),
    })
}

async fn what_could(
    services: &Services,
    call: &Call,
    request: v1::WhatCouldRequest,
) -> Result<v1::WhatCouldResponse, Refusal> {
    use v1::what_could_request::Subject;
    let reader = services.ledger(call, &request.ledger, Action::ReadAccess)?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, request.min_position, as_of, None)
        .await?;
    let directory = &at.view.directory;
    let mut faults = Faults::default();
    let on = day(&mut faults, request.on.as_deref(), &at);
    let subject = match &request.subject {
        Some(Subject::Person(id)) => {
            let person = faults.id::<PersonId>(&At::field("person"), id);
            person.map(|person| (Some(person), None))
        }
        Some(Subject::Seat(code)) => {
            let seat = faults.code(&At::field("seat"), code);
            seat.map(|seat| (None, Some(seat)))
        }
        None => faults.required(&At::field("subject")),
    };
    let (on, (person, seat)) = faults.into_result(on.zip(subject))?;
    let mut seats = Vec::new();
    if let Some(person) = person {
        if directory.person(person).is_none() {
            return Err(unknown("person"));
        }
        let held = directory.seats_of(&Holder::Person(person), on);
        seats.extend(
            held.iter()
                .map(|seat| shown::seat(directory, seat, on, None)),
        );
    }
    if let Some(code) = seat {
        let holders = directory.holders_of(&code, on).map(|grant| &grant.holder);
        let acting = directory
            .delegations_of_seat(&code)
            .filter(|delegation| delegation.holds_on(on))
            .map(|delegation| Holder::Person(delegation.delegate));
        let mut whoever: Vec<Holder> = holders.cloned().chain(acting).collect();
        let mut asked = std::collections::HashSet::new();
        whoever.retain(|holder| asked.insert(holder.clone()));
        for holder in whoever {
            let held = directory.seats_of(&holder, on);
            let of_seat = held.iter().filter(|held| held.code == code);
            seats.extend(of_seat.map(|seat| shown::seat(directory, seat, on, Some(&holder))));
        }
    }
    let policies = services.policies_on(directory, on);
    let roles: BTreeSet<_> = seats
        .iter()
        .filter_map(|seat| Role::from_number(seat.role))
        .collect();
    let permissions = policies.iter().flat_map(|policies| {
        let of_role = |role| shown::permissions(role, &permitted(policies, role));
        roles.iter().copied().map(of_role)
    });
    Ok(v1::WhatCouldResponse {
        permissions: permissions.collect(),
        policy_set_sha256: policies.as_ref().map(|policies| policies.sha256().to_vec()),
        seats,
        answered_at: Some(answered(&at, on)),
    })
}

/// Which grants are asked for.
struct Wanted {
    seat: Option<Code>,
    person: Option<PersonId>,
    unit: Option<UnitId>,
}

fn wanted(
    faults: &mut Faults,
    directory: &Directory,
    request: &v1::ListGrantsRequest,
) -> Option<Wanted> {
    let seat = request
        .seat
        .as_deref()
        .map(|seat| faults.code(&At::field("seat"), seat));
    let person = request.person.as_deref();
    let person = person.map(|person| faults.id::<PersonId>(&At::field("person"), person));
    let unit = request
        .unit
        .as_deref()
        .map(|unit| Resolver::new(directory).reference::<UnitId>(faults, &At::field("unit"), unit));
    if [
        seat.as_ref().map(Option::is_none),
        person.map(|p| p.is_none()),
        unit.map(|u| u.is_none()),
    ]
    .contains(&Some(true))
    {
        return None;
    }
    Some(Wanted {
        seat: seat.flatten(),
        person: person.flatten(),
        unit: unit.flatten(),
    })
}

/// The day that is looked at, which may lie ahead; that of the standpoint where none is named.
fn day(faults: &mut Faults, on: Option<&str>, at: &Standpoint) -> Option<Date> {
    match on {
        Some(on) => faults.date(&At::field("on"), on),
        None => Some(at.on),
    }
}

fn answered(at: &Standpoint, on: Date) -> v1::AnsweredAt {
    v1::AnsweredAt {
        effective_on: on.to_string(),
        ..show::answered_at(at)
    }
}

fn unknown(field: &str) -> Refusal {
    Refusal::Rules(vec![Rejection::new(Reason::PersonUnknown, field)])
}
