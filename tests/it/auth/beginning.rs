//! A ledger that is new, where callers sign in.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::clock::{new_id, new_random_id};
use tonic::Code;

use super::world::World;
use crate::errors::told;
use crate::service::{append, opening};

const IMPORT: &str = "spiffe://city.example/import";
const PLANNER: &str = "spiffe://city.example/planner";

fn event(day: &str, payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.to_owned()),
        payload: Some(payload),
        ..EventInput::default()
    }
}

fn title(ja: &str) -> Option<Title> {
    Some(Title {
        ja: ja.to_owned(),
        en: None,
    })
}

fn unit(day: &str, code: &str) -> EventInput {
    let registered = OrgUnitRegistered {
        unit: new_id().to_string(),
        code: code.to_owned(),
        name: title(code),
        kind: UnitKind::Department.into(),
        parent: None,
    };
    event(day, Payload::OrgUnitRegistered(registered))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ledger_is_begun_by_named_administrators_and_open_to_nobody_else() {
    let world = World::start().await;
    let caller = |name| world.caller(Some(&world.authority.client(name)));
    let (administrator, planner) = (caller(IMPORT), caller(PLANNER));
    let town = administrator.admin().open_ledger(opening("city")).await;
    let town = town.unwrap().into_inner().ledger.unwrap();
    assert_eq!(town.code, "city");
    let (mut begins, mut plans) = (administrator.ledger(), planner.ledger());
    let ledger = begins.get_ledger(GetLedgerRequest::default());
    let ledger = ledger.await.unwrap().into_inner();
    let today = ledger.today;
    // Nobody names himself here.
    assert!(ledger.features.is_empty());

    let refused = plans.get_ledger(GetLedgerRequest::default());
    assert_eq!(refused.await.unwrap_err().code(), Code::PermissionDenied);
    let refused = plans.append_events(append(vec![unit(&today, "部")]));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(told(&refused).reason, "PERMISSION_DENIED");

    // They begin, and do no more than that.
    let person = new_random_id().to_string();
    let login = Login {
        issuer: Some("CN=Services,O=Sample-City".to_owned()),
        subject: PLANNER.to_owned(),
    };
    let begun = vec![
        event(
            &today,
            Payload::PersonRegistered(PersonRegistered {
                person: person.clone(),
                name: "企画 太郎".to_owned(),
                logins: vec![login],
            }),
        ),
        event(
            &today,
            Payload::RoleGranted(RoleGranted {
                grant: new_id().to_string(),
                seat: "企画".to_owned(),
                title: title("企画"),
                role: SeatRole::Planning.into(),
                units: Vec::new(),
                holder: Some(Holder::Person(person)),
            }),
        ),
    ];
    begins.append_events(append(begun)).await.unwrap();
    let plan = PlanPublished {
        plan: new_id().to_string(),
        code: "計画".to_owned(),
        title: title("計画"),
        cycle: Some(DateSpan {
            first: "2023-04-01".to_owned(),
            last: "2024-03-31".to_owned(),
        }),
        pillars: vec![Pillar {
            number: 1,
            title: title("柱"),
        }],
        source_sha256: None,
    };
    let plan = append(vec![event("2023-04-01", Payload::PlanPublished(plan))]);
    let refused = begins.append_events(plan.clone());
    let refused = told(&refused.await.unwrap_err()).reason;
    assert_eq!(refused, "PERMISSION_DENIED");
    let receipt = plans.append_events(plan).await;
    let receipt = receipt.unwrap().into_inner().receipt.unwrap();
    let read = GetEventRequest {
        selector: Some(get_event_request::Selector::Position(
            receipt.events[0].position,
        )),
        ..GetEventRequest::default()
    };
    let read = plans.get_event(read).await.unwrap().into_inner();
    let by = read.event.unwrap().authorization.unwrap();
    assert_eq!(by.policy_ids, ["planning-keeps-plans"]);
    world.server.stop().await;
}
