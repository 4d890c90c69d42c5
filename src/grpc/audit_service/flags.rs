//! What auditors should look at.

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::grpc::event::{At, Choice as _, Faults, Resolver};
use crate::grpc::names;
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::projection::flags::FlagKind;
use crate::projection::flags::listing::{Cursor, FlagFilter, Listed, flags};

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListFlagsRequest,
) -> Result<v1::ListFlagsResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadEverything)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/ListFlags",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let begin = place
        .as_ref()
        .map(|place| cursor(&place.cursor))
        .transpose()?;
    let at = services
        .standpoint(
            call,
            &reader,
            min_position,
            request.as_of.as_ref(),
            place.as_ref(),
        )
        .await?;
    let directory = &at.view.directory;
    let mut faults = Faults::default();
    let filter = filter(&mut faults, directory, &request);
    let filter = faults.into_result(filter)?;
    let page = flags(&reader, &at, &filter, begin.unwrap_or_default(), rows).await?;
    let next = page.next.map(|next| {
        let cursor = [next.plan, next.goal, next.flag]
            .map(u32::to_be_bytes)
            .concat();
        let pinned = Some((&at).into());
        services.token(&scope, &Place { pinned, cursor })
    });
    let answer = v1::ListFlagsResponse {
        flags: page
            .flags
            .iter()
            .map(|listed| flag(directory, listed, at.on))
            .collect(),
        next_page_token: next.unwrap_or_default(),
        answered_at: Some(show::answered_at(&at)),
    };
    Ok(names::told(directory, answer))
}

fn cursor(bytes: &[u8]) -> Result<Cursor, Refusal> {
    let invalid = || Refusal::new(ServiceReason::PageTokenInvalid);
    let bytes: &[u8; 12] = bytes.try_into().map_err(|_| invalid())?;
    let number = |at: usize| {
        let mut number = [0; 4];
        number.copy_from_slice(&bytes[at..at + 4]);
        u32::from_be_bytes(number)
    };
    Ok(Cursor {
        plan: number(0),
        goal: number(4),
        flag: number(8),
    })
}

fn filter(
    faults: &mut Faults,
    directory: &Directory,
    request: &v1::ListFlagsRequest,
) -> Option<FlagFilter> {
    let resolver = Resolver::new(directory);
    let mut filter = FlagFilter::default();
    for (index, number) in request.kinds.iter().enumerate() {
        match FlagKind::from_number(*number) {
            Some(kind) => {
                filter.kinds.insert(kind);
            }
            None => {
                let _: Option<()> = faults.form(&At::item("kinds", index), "no such kind");
            }
        }
    }
    if let Some(plan) = &request.plan {
        filter.plan = resolver.reference(faults, &At::field("plan"), plan);
    }
    if let Some(unit) = &request.department {
        filter.department = resolver.reference(faults, &At::field("department"), unit);
    }
    if let Some(unit) = &request.section {
        filter.section = resolver.reference(faults, &At::field("section"), unit);
    }
    if let Some(goal) = &request.goal {
        filter.goal = resolver.reference(faults, &At::field("goal"), goal);
    }
    if let Some(indicator) = &request.indicator {
        filter.indicator = resolver.reference(faults, &At::field("indicator"), indicator);
    }
    faults.is_empty().then_some(filter)
}

fn flag(directory: &Directory, listed: &Listed, on: Date) -> v1::Flag {
    let flag = &listed.flag;
    let entity = |named| show::entity(directory, named, on);
    let figure = |(name, value): &(&str, String)| v1::FlagFigure {
        name: (*name).to_owned(),
        value: value.clone(),
    };
    v1::Flag {
        kind: flag.kind.number(),
        subject: Some(entity(flag.subject)),
        plan: Some(entity(Named::Plan(listed.plan))),
        goal: listed.goal.map(|goal| entity(Named::Goal(goal))),
        lead: listed.lead.map(|unit| entity(Named::Unit(unit))),
        figures: flag.figures.iter().map(figure).collect(),
        words: Some(show::words(&flag.words)),
        events: listed
            .grounds
            .iter()
            .map(|stored| show::event_reference(&stored.recorded))
            .collect(),
        event_count: show::count(flag.grounds_total),
    }
}
