//! Who changed what, as a client asks for it.

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;

use crate::as_of::history::{Year, another};
use crate::errors::told;
use crate::errors::world::{because, event, title};
use crate::service::Caller;

async fn changes(
    audit: &mut AuditServiceClient<Caller>,
    request: ListChangesRequest,
) -> Vec<Change> {
    let request = ListChangesRequest {
        page_size: 500,
        ..request
    };
    let answer = audit.list_changes(request).await.unwrap().into_inner();
    assert_eq!(answer.next_page_token, "");
    answer.changes
}

/// `field: before → after` of each field of a change.
fn fields(change: &Change) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    change
        .fields
        .iter()
        .map(|f| format!("{}: {} → {}", f.field, text(&f.before), text(&f.after)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_is_told_by_the_words_of_then() {
    let mut year = Year::over().await;
    let mut audit = year.server.audit().await;
    let about = |types: EventType| ListChangesRequest {
        subject: Some("前/1/1".to_owned()),
        types: vec![types.into()],
        ..Default::default()
    };
    let told_now = async |audit: &mut AuditServiceClient<Caller>| {
        let mut all = Vec::new();
        for kind in [
            EventType::ResponsibilityTransferred,
            EventType::InitiativeMoved,
        ] {
            let found = changes(audit, about(kind)).await;
            assert_eq!(found.len(), 1);
            all.extend(fields(&found[0]));
        }
        let reworded = ListChangesRequest {
            subject: Some("前/1".to_owned()),
            types: vec![EventType::TargetRevised.into()],
            ..Default::default()
        };
        let found = changes(audit, reworded).await;
        let goal = found[0].goal.as_ref().unwrap().title.as_ref().unwrap();
        all.push(goal.ja.clone());
        all
    };
    let expected = [
        // The section had been renamed by then.
        "lead_unit: 新課 → 他課",
        "contributing_units:  → 新課, 他課",
        "goal: 前/1 → 前/2",
        // The goal had not been reworded yet.
        "前/1",
    ];
    assert_eq!(told_now(&mut audit).await, expected);
    // Later names change nothing.
    for unit in ["前課", "他課"] {
        let renamed = OrgUnitChanged {
            unit: unit.to_owned(),
            name: title("後の課"),
            ..OrgUnitChanged::default()
        };
        let renamed = because(event(&year.day(0), Payload::OrgUnitChanged(renamed)));
        year.given("2024-03-01", vec![renamed]).await;
    }
    assert_eq!(told_now(&mut audit).await, expected);
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_takes_out_what_it_says() {
    let year = Year::over().await;
    let mut audit = year.server.audit().await;
    let all = changes(&mut audit, ListChangesRequest::default()).await;
    let positions = |changes: &[Change]| changes.iter().map(|c| c.position).collect::<Vec<_>>();
    let those = |wanted: &dyn Fn(&Change) -> bool| {
        let found = all.iter().filter(|change| wanted(change));
        found.map(|change| change.position).collect::<Vec<_>>()
    };
    let by = ListChangesRequest::default;
    let flag = |flag: ChangeFlag| move |c: &Change| c.flags().any(|found| found == flag);
    let is_correction =
        |c: &Change| [EventType::ActualCorrected, EventType::ActualRetracted].contains(&c.r#type());
    let cases: Vec<(ListChangesRequest, Vec<u64>)> = vec![
        (
            ListChangesRequest {
                has_reason: Some(true),
                ..by()
            },
            those(&|c| c.reason.is_some()),
        ),
        (
            ListChangesRequest {
                has_reason: Some(false),
                ..by()
            },
            those(&|c| c.reason.is_none()),
        ),
        (
            ListChangesRequest {
                has_evidence: Some(true),
                ..by()
            },
            those(&|c| !c.evidence.is_empty()),
        ),
        (
            ListChangesRequest {
                has_decision: Some(false),
                ..by()
            },
            those(&|_| true),
        ),
        (
            ListChangesRequest {
                corrections_only: true,
                ..by()
            },
            those(&is_correction),
        ),
        (
            ListChangesRequest {
                flags: vec![ChangeFlag::Late.into()],
                ..by()
            },
            those(&flag(ChangeFlag::Late)),
        ),
        (
            ListChangesRequest {
                flags: vec![ChangeFlag::Retroactive.into()],
                ..by()
            },
            those(&flag(ChangeFlag::Retroactive)),
        ),
        (
            ListChangesRequest {
                flagged_only: true,
                ..by()
            },
            those(&|c| !c.flags.is_empty()),
        ),
        (
            ListChangesRequest {
                client: Some("窓口".to_owned()),
                ..by()
            },
            vec![],
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(
            positions(&changes(&mut audit, request.clone()).await),
            expected,
            "{request:?}"
        );
    }
    // Beside a subject a unit can be asked for.
    let of_both = ListChangesRequest {
        subject: Some("前/1".to_owned()),
        unit: Some("他課".to_owned()),
        ..by()
    };
    let found = changes(&mut audit, of_both).await;
    let kinds: Vec<_> = found.iter().map(Change::r#type).collect();
    assert!(
        kinds.contains(&EventType::ResponsibilityTransferred),
        "{kinds:?}"
    );
    assert!(!kinds.contains(&EventType::GoalReworded), "{kinds:?}");
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_question_is_told_at_once() {
    let mut year = Year::over().await;
    let mut audit = year.server.audit().await;
    let size = year.size().await;
    let request = ListChangesRequest {
        actor: Some("\n".to_owned()),
        client: Some(String::new()),
        unit: Some("無い".to_owned()),
        flags: vec![9],
        as_of: Some(AsOf {
            known_at: Some(as_of::KnownAt::Size(size + 1)),
            effective_on: Some("2023-09-30".to_owned()),
        }),
        ..Default::default()
    };
    let refusal = told(&audit.list_changes(request.clone()).await.unwrap_err());
    let fields: Vec<_> = refusal.violations.iter().map(|(_, f)| f.as_str()).collect();
    let expected = [
        "as_of.effective_on",
        "as_of.size",
        "actor",
        "client",
        "unit",
        "flags[0]",
    ];
    assert_eq!(fields, expected);
    let sample = SampleChangesRequest {
        changes: Some(request),
        count: 1,
        seed: "種".to_owned(),
    };
    let refusal = told(&audit.sample_changes(sample).await.unwrap_err());
    let fields: Vec<_> = refusal.violations.iter().map(|(_, f)| f.clone()).collect();
    assert_eq!(fields, expected.map(|field| format!("changes.{field}")));
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_keep_to_the_first_in_both_directions() {
    let mut year = Year::over().await;
    let mut audit = year.server.audit().await;
    let mut appended = 0;
    let known = Some(AsOf {
        known_at: Some(as_of::KnownAt::Size(20)),
        effective_on: None,
    });
    for order in [ChangeOrder::NewestFirst, ChangeOrder::OldestFirst] {
        for as_of in [None, known.clone()] {
            let list = |page_size| ListChangesRequest {
                subject: Some("前/1".to_owned()),
                order: order.into(),
                as_of: as_of.clone(),
                page_size,
                ..Default::default()
            };
            let whole = changes(&mut audit, list(0)).await;
            assert!(3 < whole.len());
            let (mut found, mut page_token, mut known_at) = (Vec::new(), String::new(), None);
            loop {
                let page = audit
                    .list_changes(ListChangesRequest {
                        page_token,
                        ..list(2)
                    })
                    .await;
                let page = page.unwrap().into_inner();
                let at = page.answered_at.unwrap().known_at;
                assert_eq!(*known_at.get_or_insert(at), at);
                found.extend(page.changes);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
                year.given("2024-03-01", another(appended)).await;
                appended += 1;
            }
            assert_eq!(found, whole);
            assert!(as_of.is_none() || known_at == Some(20));
        }
    }
    year.server.stop().await;
}
