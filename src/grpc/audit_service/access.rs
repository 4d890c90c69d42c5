//! Who asked for what, from an access log.

use std::sync::Arc;

use jiff::Timestamp;

use crate::api::v1;
use crate::domain::access_log::{AccessClass, AccessOutcome};
use crate::domain::event::{Payload, Recorded};
use crate::domain::id::PersonId;
use crate::domain::text::Name;
use crate::grpc::event::{
    At, Choice, Faults, show_access, show_actor, show_left_out, show_timestamp,
};
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::{ACCESS_LOG_READ, Call, Services};
use crate::grpc::status::Refusal;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader};

/// Events of an access log that are looked at for one page at most.
const LOOKED_AT_MAX: usize = 20_000;
/// Events read at once.
const PAGE: usize = 500;

/// Which accesses.
#[derive(Debug, Default)]
struct Filter {
    actor: Option<Name>,
    person: Option<PersonId>,
    seat: Option<Name>,
    classes: Vec<AccessClass>,
    outcomes: Vec<AccessOutcome>,
    resource: Option<Name>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListAccessRequest,
) -> Result<v1::ListAccessResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, ACCESS_LOG_READ)?;
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/ListAccess",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let mut faults = Faults::default();
    let filter = filter(&mut faults, &request);
    let filter = faults.into_result(filter)?;
    // What happened before the call is in the answer.
    services.access_log().settle().await;
    let log = match reader.access_log_of() {
        Some(_) => Some(reader),
        None => services.access_log().of(reader.id()),
    };
    let Some(log) = log else {
        return Ok(v1::ListAccessResponse::default());
    };
    let view = services.view(&log, None).await;
    let before = match &place {
        Some(place) => Services::skip(Some(place))? as u64,
        None => view.size,
    };
    let page = list(&log, &filter, before.min(view.size), rows).await?;
    let next_page_token = page.next.map(|next| {
        let cursor = next.to_be_bytes().to_vec();
        let pinned = None;
        services.token(&scope, &Place { pinned, cursor })
    });
    Ok(v1::ListAccessResponse {
        entries: page.found.iter().filter_map(shown).collect(),
        next_page_token: next_page_token.unwrap_or_default(),
        access_log: Some(log.id().to_string()),
        size: view.size,
    })
}

/// Some accesses, newest first.
struct Found {
    found: Vec<Recorded>,
    /// Those below this position come next; `None`: there are none.
    next: Option<u64>,
}

async fn list(
    log: &Arc<Reader>,
    filter: &Filter,
    before: u64,
    rows: usize,
) -> Result<Found, ReadFault> {
    let mut first = 0;
    if let Some(from) = filter.from {
        first = log.recorded_before(from, before).await?;
    }
    let mut end = before;
    if let Some(until) = filter.until {
        end = log.recorded_before(until, before).await?;
    }
    let actor = filter.actor.as_ref().map(Term::actor);
    let (mut found, mut looked_at) = (Vec::new(), 0);
    while first < end {
        let positions = match &actor {
            Some(term) => log.postings(term, first, end, Direction::Backward, PAGE)?,
            None => (first..end).rev().take(PAGE).collect(),
        };
        let Some(last) = positions.last() else {
            break;
        };
        looked_at += positions.len();
        let last = *last;
        for stored in log.stored_at(&positions).await? {
            let position = stored.recorded.position;
            if !filter.takes(&stored.recorded) {
                continue;
            }
            if rows <= found.len() {
                return Ok(Found {
                    found,
                    next: Some(position + 1),
                });
            }
            found.push(stored.recorded);
        }
        end = last;
        if LOOKED_AT_MAX <= looked_at && first < end {
            let next = Some(end);
            return Ok(Found { found, next });
        }
    }
    Ok(Found { found, next: None })
}

impl Filter {
    fn takes(&self, recorded: &Recorded) -> bool {
        let actor = &recorded.actor;
        let is = |wanted: &Option<Name>, name: Option<&Name>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted) == name)
        };
        let by = is(&self.actor, Some(&actor.subject))
            && is(&self.seat, actor.seat.as_ref())
            && self
                .person
                .is_none_or(|person| actor.person == Some(person));
        match &recorded.event.payload {
            Payload::AccessRecorded(access) => {
                let resource = access.resource.as_ref().map(|resource| &resource.name);
                by && is(&self.resource, resource)
                    && (self.classes.is_empty() || self.classes.contains(&access.class))
                    && (self.outcomes.is_empty() || self.outcomes.contains(&access.outcome))
            }
            // Nobody knows what was left out, so whoever asks for some of it is told that there was more.
            Payload::AccessesLeftOut(_) => true,
            _ => false,
        }
    }
}

fn shown(recorded: &Recorded) -> Option<v1::AccessEntry> {
    use v1::access_entry::Said;
    let said = match &recorded.event.payload {
        Payload::AccessRecorded(access) => Said::Access(show_access(access)),
        Payload::AccessesLeftOut(left) => Said::LeftOut(show_left_out(left)),
        _ => return None,
    };
    Some(v1::AccessEntry {
        position: recorded.position,
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        actor: Some(show_actor(&recorded.actor)),
        said: Some(said),
    })
}

fn filter(faults: &mut Faults, request: &v1::ListAccessRequest) -> Option<Filter> {
    let mut filter = Filter {
        classes: choices(faults, "classes", &request.classes),
        outcomes: choices(faults, "outcomes", &request.outcomes),
        ..Filter::default()
    };
    let mut name = |field: &'static str, text: &Option<String>| {
        let text = text.as_ref()?;
        faults.name(&At::field(field), text)
    };
    filter.actor = name("actor", &request.actor);
    filter.seat = name("seat", &request.seat);
    filter.resource = name("resource", &request.resource);
    if let Some(person) = &request.person {
        filter.person = faults.id(&At::field("person"), person);
    }
    let mut instant = |field, stamp: &Option<prost_types::Timestamp>| -> Option<Timestamp> {
        let stamp = stamp.as_ref()?;
        faults.instant(&At::field(field), stamp)
    };
    filter.from = instant("recorded_from", &request.recorded_from);
    filter.until = instant("recorded_until", &request.recorded_until);
    faults.is_empty().then_some(filter)
}

fn choices<T: Choice>(faults: &mut Faults, field: &'static str, numbers: &[i32]) -> Vec<T> {
    let mut choices = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.iter().enumerate() {
        match T::from_number(*number) {
            Some(choice) => choices.push(choice),
            None => {
                let _: Option<()> = faults.form(&At::item(field, index), "no such choice");
            }
        }
    }
    choices
}
