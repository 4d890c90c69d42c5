//! Proposals and decisions through the server: what is appended together, what a retry finds, what waits.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::{new_id, new_random_id};

use crate::errors::world::{Ja, World, actual, corrected, event, increment, title};
use crate::service::append;

fn step(payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        payload: Some(payload),
        ..EventInput::default()
    }
}

async fn pending(world: &World, request: ListPendingRequest) -> Vec<Proposal> {
    let channel = world.server.channel().await;
    let mut goals = GoalServiceClient::with_interceptor(channel, Ja("担当"));
    let answer = goals.list_pending(request).await.unwrap().into_inner();
    assert_eq!(answer.total as usize, answer.proposals.len());
    answer.proposals
}

fn all() -> ListPendingRequest {
    ListPendingRequest {
        ended: true,
        ..ListPendingRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_its_change_are_one_commit_and_a_retry_finds_both() {
    let mut world = World::new().await;
    let day = world.day(200);
    let (entry, proposal) = (new_id().to_string(), new_id().to_string());
    let reported = EventInput {
        event_id: entry.clone(),
        ..actual(&day, "前/件", increment("3"))
    };
    let change = EventInput {
        event_id: String::new(),
        ..corrected(&day, "前/件", &entry, increment("5"))
    };
    let proposed = step(Payload::ChangeProposed(Box::new(ChangeProposed {
        proposal: proposal.clone(),
        change: Some(Box::new(change)),
        impact: "2件増える".to_owned(),
        ..ChangeProposed::default()
    })));
    let answer = world.given(vec![reported, proposed]).await;
    assert_eq!(answer.receipt.unwrap().events.len(), 2);

    let waiting = pending(&world, ListPendingRequest::default()).await;
    let [waits] = waiting.as_slice() else {
        panic!("{waiting:?}");
    };
    assert_eq!(
        (waits.number.as_str(), waits.kind()),
        ("P1", ChangeKind::CorrectedOpen)
    );
    assert_eq!(waits.pending(), PendingKind::Decision);
    let Some(Payload::ActualCorrected(change)) = waits
        .change
        .as_ref()
        .and_then(|change| change.payload.clone())
    else {
        panic!("{waits:?}");
    };
    assert!(change.before.is_some(), "what it replaces is filled in");
    for (asked, found) in [
        ("前/1", 1),
        ("前/件", 1),
        ("前/率", 0),
        ("前年度", 1),
        ("前部", 1),
    ] {
        let about = ListPendingRequest {
            subject: Some(asked.to_owned()),
            ..all()
        };
        assert_eq!(pending(&world, about).await.len(), found, "{asked}");
    }

    let channel = world.server.channel().await;
    let mut other = LedgerServiceClient::with_interceptor(channel, Ja("課長"));
    let decided = append(vec![step(Payload::ChangeDecided(ChangeDecided {
        proposal: "P1".to_owned(),
        change_sha256: waits.change_sha256.clone(),
        outcome: DecisionOutcome::Approved.into(),
        ..ChangeDecided::default()
    }))]);
    let first = other
        .append_events(decided.clone())
        .await
        .unwrap()
        .into_inner();
    let mut kinds = first.notices.iter().map(Notice::kind);
    assert!(kinds.any(|kind| kind == NoticeKind::AuthorityNotJudged));
    let receipt = first.receipt.unwrap();
    assert_eq!(receipt.events.len(), 2);
    let again = other.append_events(decided).await.unwrap().into_inner();
    assert!(again.replayed);
    assert_eq!(again.receipt, Some(receipt.clone()));

    let change = GetEventRequest {
        selector: Some(get_event_request::Selector::Position(
            receipt.events[1].position,
        )),
        ..GetEventRequest::default()
    };
    let change = other.get_event(change).await.unwrap().into_inner();
    let fact = change.event.unwrap().fact.unwrap();
    assert!(matches!(fact.payload, Some(Payload::ActualCorrected(_))));
    assert_eq!(
        fact.decision_event_id,
        Some(receipt.events[0].event_id.clone())
    );

    assert!(
        pending(&world, ListPendingRequest::default())
            .await
            .is_empty()
    );
    let ended = pending(&world, all()).await;
    assert_eq!(ended[0].state(), ProposalState::Approved);
    let decision = ended[0].decision.as_ref().unwrap();
    assert_eq!(decision.outcome(), DecisionOutcome::Approved);
    world.server.stop().await;
}

/// What an approval policy may ask a decision of has to be taken as a proposal, else nobody could ever make the change.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_or_acts_as_an_administrator_can_be_proposed() {
    let mut world = World::new().await;
    let today = world.today.to_string();
    let login = |subject: &str| Login {
        issuer: None,
        subject: subject.to_owned(),
    };
    let [keeper, deputy] = [(); 2].map(|()| new_random_id().to_string());
    let registered = |person: &str, subject: &str| {
        let registered = PersonRegistered {
            person: person.to_owned(),
            name: subject.to_owned(),
            logins: vec![login(subject)],
        };
        event(&today, Payload::PersonRegistered(registered))
    };
    let granted = RoleGranted {
        grant: new_id().to_string(),
        seat: "管理職".to_owned(),
        title: title("管理者"),
        role: SeatRole::Administrator.into(),
        units: Vec::new(),
        holder: Some(role_granted::Holder::Person(keeper.clone())),
    };
    world
        .given(vec![
            registered(&keeper, "管理"),
            registered(&deputy, "代理"),
            event(&today, Payload::RoleGranted(granted)),
        ])
        .await;
    let signing_in = PersonChanged {
        person: keeper,
        name: None,
        logins: vec![login("管理"), login("管理の端末")],
    };
    let acting = DelegationRegistered {
        delegation: new_id().to_string(),
        seat: "管理職".to_owned(),
        delegate: deputy,
        ground: "出張のため".to_owned(),
    };
    let acting = EventInput {
        valid_to: Some(today.clone()),
        ..event(&today, Payload::DelegationRegistered(acting))
    };
    let changes = [event(&today, Payload::PersonChanged(signing_in)), acting];
    let proposed = changes.map(|change| {
        let change = EventInput {
            event_id: String::new(),
            ..change
        };
        step(Payload::ChangeProposed(Box::new(ChangeProposed {
            proposal: new_id().to_string(),
            change: Some(Box::new(change)),
            impact: "管理者が増える".to_owned(),
            ..ChangeProposed::default()
        })))
    });
    world.given(proposed.to_vec()).await;
    let waiting = pending(&world, ListPendingRequest::default()).await;
    let kinds: Vec<ChangeKind> = waiting.iter().map(Proposal::kind).collect();
    assert_eq!(kinds, [ChangeKind::AdministratorGranted; 2]);
    world.server.stop().await;
}
