//! Pages and filters: how much is answered at once, and of what.

use daicho::api::v1::lookup_code_request::Query;
use daicho::api::v1::*;
use prost_types::Timestamp;
use tonic::Code;

use super::told;
use super::world::*;
use crate::service::opening;

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_a_size_whatever_is_asked() {
    let mut world = World::new().await;
    let day = world.day(10);
    world
        .given(
            (0..501)
                .map(|n| narrative(&day, "前/1", &n.to_string()))
                .collect(),
        )
        .await;
    let mut audit = world.server.audit().await;
    for (page_size, rows) in [
        (0, 50),
        (1, 1),
        (500, 500),
        (501, 500),
        (1_000_000_000, 500),
        (u32::MAX, 500),
    ] {
        let asked = ListChangesRequest {
            page_size,
            ..Default::default()
        };
        let page = audit.list_changes(asked).await.unwrap().into_inner();
        assert_eq!(page.changes.len(), rows, "{page_size}");
        assert!(!page.next_page_token.is_empty());
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_tokens_are_worth_nothing_elsewhere() {
    let world = World::new().await;
    world
        .server
        .admin()
        .await
        .open_ledger(opening("town"))
        .await
        .unwrap();
    let mut goals = world.server.goals().await;
    let city = || ListGoalsRequest {
        ledger: "city".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let token = goals
        .list_goals(city())
        .await
        .unwrap()
        .into_inner()
        .next_page_token;
    let with = |request: ListGoalsRequest| ListGoalsRequest {
        page_token: token.clone(),
        ..request
    };

    let mut forged = token.clone().into_bytes();
    forged[9] = if forged[9] == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).unwrap();
    for asked in [
        ListGoalsRequest {
            page_token: forged,
            ..city()
        },
        ListGoalsRequest {
            page_token: token[2..].to_owned(),
            ..city()
        },
        ListGoalsRequest {
            page_token: "次".to_owned(),
            ..city()
        },
        with(ListGoalsRequest {
            ledger: "town".to_owned(),
            ..city()
        }),
        with(ListGoalsRequest {
            find: Some("町".to_owned()),
            ..city()
        }),
    ] {
        let refusal = told(&goals.list_goals(asked).await.unwrap_err());
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
        );
    }
    let channel = world.server.channel().await;
    let mut somebody =
        goal_service_client::GoalServiceClient::with_interceptor(channel, Ja("別の人"));
    let refusal = told(&somebody.list_goals(with(city())).await.unwrap_err());
    assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID");
    let other_list = ListChangesRequest {
        ledger: "city".to_owned(),
        page_token: token.clone(),
        ..Default::default()
    };
    let refusal = told(
        &world
            .server
            .audit()
            .await
            .list_changes(other_list)
            .await
            .unwrap_err(),
    );
    assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID");
    // Where it comes from it is good, with another page size, too.
    let next = goals
        .list_goals(ListGoalsRequest {
            page_size: 2,
            ..with(city())
        })
        .await
        .unwrap();
    assert_eq!(next.into_inner().goals.len(), 2);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_read_as_carefully_as_events() {
    let world = World::new().await;
    let mut audit = world.server.audit().await;
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    for instant in [
        at(0, 1_000_000_000),
        at(0, -1),
        at(i64::MAX, 0),
        at(i64::MIN, 0),
    ] {
        let asked = ListChangesRequest {
            recorded_from: instant,
            ..Default::default()
        };
        let refusal = told(&audit.list_changes(asked).await.unwrap_err());
        assert_eq!(
            (refusal.reason.as_str(), refusal.field()),
            ("FIELD_INVALID", "recorded_from")
        );
    }
    let asked = ListChangesRequest {
        actor: Some("二\n行".to_owned()),
        subject: Some("前/無い".to_owned()),
        types: vec![27, 999],
        reasons: vec![-1],
        valid_from: Some("2023-02-30".to_owned()),
        ..Default::default()
    };
    let refusal = told(&audit.list_changes(asked).await.unwrap_err());
    let fields: Vec<_> = refusal
        .violations
        .iter()
        .map(|(_, field)| field.as_str())
        .collect();
    assert_eq!(
        fields,
        ["actor", "subject", "types[1]", "reasons[0]", "valid_from"]
    );

    let mut goals = world.server.goals().await;
    let view = ListGoalsRequest {
        view: 9,
        ..Default::default()
    };
    let refusal = told(&goals.list_goals(view).await.unwrap_err());
    assert_eq!(
        (refusal.reason.as_str(), refusal.field()),
        ("FIELD_INVALID", "view")
    );
    let query = Some(Query::Prefix("前".to_owned()));
    let kinds = LookupCodeRequest {
        query,
        kinds: vec![99],
        ..Default::default()
    };
    let refusal = told(&goals.lookup_code(kinds).await.unwrap_err());
    assert_eq!(
        (refusal.reason.as_str(), refusal.field()),
        ("FIELD_INVALID", "kinds")
    );
    let query = Some(Query::Code("../前".to_owned()));
    let status = goals
        .lookup_code(LookupCodeRequest {
            query,
            ..Default::default()
        })
        .await
        .unwrap_err();
    assert_eq!(told(&status).reason, "CODE_INVALID");
    world.server.stop().await;
}
