//! Persons and seats as the server keeps them: who it takes a caller for, what it records of them, and what they are called.

use daicho::api::v1;
use daicho::api::v1::access_service_client::AccessServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::role_granted::Holder;
use daicho::clock::{new_id, new_random_id};
use daicho::config::Flags;

use crate::service::{As, Caller, Server, append, report};
use daicho::load::SmallPlan;

fn event(day: &str, payload: Payload) -> v1::EventInput {
    v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.to_owned()),
        payload: Some(payload),
        ..v1::EventInput::default()
    }
}

fn login(subject: &str) -> v1::Login {
    v1::Login {
        issuer: None,
        subject: subject.to_owned(),
    }
}

/// Somebody with two logins, whose name is kept apart.
fn registered(day: &str, person: &str, name: &str, logins: &[&str]) -> v1::EventInput {
    let payload = Payload::PersonRegistered(v1::PersonRegistered {
        person: person.to_owned(),
        name: name.to_owned(),
        logins: logins.iter().map(|subject| login(subject)).collect(),
    });
    v1::EventInput {
        personal_texts: vec![v1::PersonalText {
            field: "payload.name".to_owned(),
            subject_ref: person.to_owned(),
        }],
        ..event(day, payload)
    }
}

fn granted(day: &str, seat: &str, person: &str) -> v1::EventInput {
    let title = v1::Title {
        ja: seat.to_owned(),
        en: None,
    };
    let payload = Payload::RoleGranted(v1::RoleGranted {
        grant: new_id().to_string(),
        seat: seat.to_owned(),
        title: Some(title),
        role: v1::SeatRole::SectionChief.into(),
        units: vec!["散歩課".to_owned()],
        holder: Some(Holder::Person(person.to_owned())),
    });
    event(day, payload)
}

async fn access(server: &Server, name: &'static str) -> AccessServiceClient<Caller> {
    AccessServiceClient::with_interceptor(server.channel().await, As(name))
}

/// A server where the person signs in as 係長 and as 係長の端末, and holds the seat 散歩課長.
async fn staffed() -> (Server, SmallPlan, String) {
    staffed_with(Flags::default()).await
}

async fn staffed_with(flags: Flags) -> (Server, SmallPlan, String) {
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    let plan = server.planned().await;
    let person = new_random_id().to_string();
    let day = &plan.first_day;
    let events = vec![
        registered(day, &person, "氏名甲", &["係長", "係長の端末"]),
        granted(day, "散歩課長", &person),
    ];
    let mut client = server.ledger("planner").await;
    client.append_events(append(events)).await.unwrap();
    (server, plan, person)
}

async fn reported(server: &Server, plan: &SmallPlan, who: &'static str, amount: &str) -> u64 {
    let mut client = server.ledger(who).await;
    let event = report(plan, &plan.indicators[0], amount);
    let answer = client.append_events(append(vec![event])).await.unwrap();
    answer.into_inner().receipt.unwrap().events[0].position
}

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_of_one_person_are_one_person_in_every_leaf() {
    let (server, plan, person) = staffed().await;
    let mut client = server.ledger("reader").await;
    let mut positions = Vec::new();
    for (who, amount) in [("係長", "1"), ("係長の端末", "2"), ("知らない人", "3")] {
        positions.push(reported(&server, &plan, who, amount).await);
    }
    let mut told = Vec::new();
    for position in &positions {
        let asked = v1::GetEventRequest {
            selector: Some(v1::get_event_request::Selector::Position(*position)),
            ..v1::GetEventRequest::default()
        };
        let answer = client.get_event(asked).await.unwrap().into_inner();
        let recorded = answer.event.unwrap();
        // What is told is what stands in the hashed bytes.
        let leaf = daicho::log::codec::decode(&answer.leaf).unwrap();
        let stored = leaf.actor.person.map(|person| person.to_string());
        let actor = recorded.actor.unwrap();
        assert_eq!(stored, actor.person_id);
        told.push(actor.person_id);
    }
    assert_eq!(told, [Some(person.clone()), Some(person.clone()), None]);

    // All logins together; nobody else's.
    let mut audit = server.audit().await;
    let asked = v1::ListChangesRequest {
        person: Some(person.clone()),
        order: v1::ChangeOrder::OldestFirst.into(),
        ..v1::ListChangesRequest::default()
    };
    let listed = audit.list_changes(asked).await.unwrap().into_inner();
    let listed: Vec<u64> = listed
        .changes
        .iter()
        .map(|change| change.position)
        .collect();
    assert_eq!(listed, positions[..2]);
    let nobody = v1::ListChangesRequest {
        person: Some(new_random_id().to_string()),
        ..v1::ListChangesRequest::default()
    };
    let refused = audit.list_changes(nobody).await.unwrap_err();
    assert_eq!(crate::errors::told(&refused).reason, "PERSON_UNKNOWN");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_name_person_post_and_unit_as_of_the_event() {
    let (server, plan, person) = staffed().await;
    reported(&server, &plan, "係長の端末", "1").await;
    // What follows takes effect later, and must not rename what was.
    let mut client = server.ledger("planner").await;
    let changes = || v1::ListChangesRequest {
        actor: Some("係長の端末".to_owned()),
        ..v1::ListChangesRequest::default()
    };
    let mut audit = server.audit().await;
    let known = audit.list_changes(changes()).await.unwrap().into_inner();
    let known = known.changes[0].actor.clone().unwrap().known_as.unwrap();
    assert_eq!(known.name, "氏名甲");
    let seat = &known.seats[0];
    assert_eq!(seat.seat, "散歩課長");
    assert_eq!(seat.units[0].ja, "散歩課");
    let unnamed = v1::ListChangesRequest {
        actor: Some("planner".to_owned()),
        ..v1::ListChangesRequest::default()
    };
    let unnamed = audit.list_changes(unnamed).await.unwrap().into_inner();
    assert!(unnamed.changes[0].actor.clone().unwrap().known_as.is_none());

    // An entry of the goal tells it too.
    let mut goals = server.goals().await;
    let asked = v1::GetSeriesRequest {
        indicator: plan.indicators[0].clone(),
        ..v1::GetSeriesRequest::default()
    };
    let series = goals.get_series(asked).await.unwrap().into_inner();
    let entry = series.entries[0].actor.clone().unwrap();
    assert_eq!(entry.known_as.unwrap().name, "氏名甲");

    // The name is a text about the person: erased, it is gone from every answer, also as of before.
    let erase = v1::ErasePersonalDataRequest {
        request_id: new_id().to_string(),
        subject_ref: person.clone(),
        legal_basis: "個人情報の保護に関する法律".to_owned(),
        approved_by: "総務課長".to_owned(),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: "退職".to_owned(),
        }),
        ..v1::ErasePersonalDataRequest::default()
    };
    server
        .admin()
        .await
        .erase_personal_data(erase)
        .await
        .unwrap();
    let known = audit.list_changes(changes()).await.unwrap().into_inner();
    let known = known.changes[0].actor.clone().unwrap().known_as.unwrap();
    assert!(known.name.contains("消去済み"), "{known:?}");
    assert_eq!(known.seats[0].seat, "散歩課長");
    let again = registered(&plan.first_day, &person, "氏名乙", &[]);
    let refused = client.append_events(append(vec![again])).await.unwrap_err();
    assert!(
        crate::errors::told(&refused)
            .violations
            .iter()
            .any(|(reason, _)| reason == "SUBJECT_ERASED")
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_who_acted_make_no_access_of_a_read_and_an_access_has_its_seat() {
    let recording = Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    };
    let (server, plan, person) = staffed_with(recording).await;
    reported(&server, &plan, "係長", "1").await;
    let mut goals = server.goals().await;
    let asked = v1::GetGoalRequest {
        goal: plan.goals[0].clone(),
        ..v1::GetGoalRequest::default()
    };
    let goal = goals.get_goal(asked).await.unwrap().into_inner();
    let goal = goal.goal.unwrap();
    let entry = goal.initiatives[0].indicators[0].last_entry.clone();
    let actor = entry.unwrap().actor.unwrap();
    assert_eq!(actor.known_as.unwrap().name, "氏名甲");
    let asked = v1::GetResponsibilityRequest {
        subject: plan.goals[0].clone(),
        ..v1::GetResponsibilityRequest::default()
    };
    goals.get_responsibility(asked).await.unwrap();
    // Whoever asks for persons asks for texts about them, and is recorded with the seat held.
    let mut access = access(&server, "係長の端末").await;
    let persons = v1::ListPersonsRequest::default();
    access.list_persons(persons).await.unwrap();

    let listed = async |asked: v1::ListAccessRequest| {
        let answer = server.audit().await.list_access(asked).await.unwrap();
        let mut lines: Vec<String> = Vec::new();
        for entry in answer.into_inner().entries {
            let actor = entry.actor.clone().unwrap();
            let (seat, id) = (actor.seat, actor.person_id);
            let line = crate::access_log::line(&entry);
            lines.push(format!("{line} {seat:?} {id:?}"));
        }
        lines.retain(|line| !line.contains("ListAccess"));
        lines
    };
    let of_seat = v1::ListAccessRequest {
        seat: Some("散歩課長".to_owned()),
        ..v1::ListAccessRequest::default()
    };
    let expected = format!(
        "係長の端末: READ ListPersons OK personal {:?} {:?}",
        Some("散歩課長"),
        Some(person)
    );
    assert_eq!(listed(of_seat).await, std::slice::from_ref(&expected));
    let reads = v1::ListAccessRequest {
        classes: vec![v1::AccessClass::Read.into()],
        ..v1::ListAccessRequest::default()
    };
    assert_eq!(listed(reads).await, [expected]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_held_what_is_told_by_day_and_by_what_was_known() {
    let (server, plan, person) = staffed().await;
    let mut access = access(&server, "係長").await;
    let me = access
        .who_am_i(v1::WhoAmIRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        me.actor.unwrap().person_id.as_deref(),
        Some(person.as_str())
    );
    assert_eq!(me.person.unwrap().name.unwrap().text, "氏名甲");
    assert_eq!(
        me.seats.iter().map(|s| s.seat.as_str()).collect::<Vec<_>>(),
        ["散歩課長"]
    );

    let head = |answer: &v1::WhatCouldResponse| answer.answered_at.clone().unwrap().known_at;
    let could = |size: Option<u64>| v1::WhatCouldRequest {
        subject: Some(v1::what_could_request::Subject::Seat("散歩課長".to_owned())),
        as_of: size.map(|size| v1::AsOf {
            known_at: Some(v1::as_of::KnownAt::Size(size)),
            effective_on: None,
        }),
        on: Some(plan.first_day.clone()),
        ..v1::WhatCouldRequest::default()
    };
    let before = access.what_could(could(None)).await.unwrap().into_inner();
    let holder = before.seats[0].holder.clone().unwrap().name.unwrap().text;
    assert_eq!(holder, "氏名甲");
    let size = head(&before);

    // It is revoked as of its first day, by a later event: then it was held, now it never was.
    let grant = before.seats[0].grant.clone();
    let revoked = event(
        &plan.first_day,
        Payload::RoleRevoked(v1::RoleRevoked { grant }),
    );
    let mut client = server.ledger("planner").await;
    client.append_events(append(vec![revoked])).await.unwrap();
    let now = access.what_could(could(None)).await.unwrap().into_inner();
    assert!(now.seats.is_empty(), "{now:?}");
    let then = access
        .what_could(could(Some(size)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(then.seats, before.seats);

    // Lists go page by page, and days that lie ahead can be asked for.
    let grants = |all: bool| v1::ListGrantsRequest {
        person: Some(person.clone()),
        unit: Some("散歩課".to_owned()),
        on: Some("2199-01-01".to_owned()),
        include_inactive: all,
        ..v1::ListGrantsRequest::default()
    };
    let listed = access
        .list_grants(grants(false))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.total, 0);
    let listed = access.list_grants(grants(true)).await.unwrap().into_inner();
    assert_eq!((listed.total, listed.grants[0].in_force), (1, false));
    let persons = v1::ListPersonsRequest::default();
    let persons = access.list_persons(persons).await.unwrap().into_inner();
    assert_eq!(
        persons.persons[0].logins,
        [login("係長"), login("係長の端末")]
    );
    let unknown = v1::GetPersonRequest {
        person: new_random_id().to_string(),
        ..v1::GetPersonRequest::default()
    };
    let refused = access.get_person(unknown).await.unwrap_err();
    assert_eq!(crate::errors::told(&refused).reason, "PERSON_UNKNOWN");
    server.stop().await;
}
