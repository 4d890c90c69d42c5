//! How targets changed, over a real server: who, when and why, and what would be under the original.

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::event::*;
use daicho::domain::text::Language;
use insta::assert_snapshot;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::world::{
    CHIEF, Writer, because, by_paper, defined, event, event_id, goal, grid, indicator,
    one_more_report, report, target, told, view,
};
use crate::fixture::counted;
use crate::service::Server;

fn revision(name: &str, of: &str, replaces: &str, from: &str, aims: i64) -> Event {
    let revised = TargetRevised {
        indicator: indicator(of),
        replaces: event_id(replaces),
        before: None,
        target: target(aims),
    };
    let revised = event(name, goal(), from, revised);
    because(
        revised,
        ReasonCode::DemandChange,
        "提案の対象が減ったため。",
    )
}

/// The grid, 30 at the end of September; its target raised in June, and lowered in November with effect from September;
/// another indicator whose target is lowered for the future only.
async fn story(writer: &Writer) {
    let visitors = defined("来庁者", 2, counted(), 10);
    writer.at("2023-04-04 10:00", "企画政策課", visitors).await;
    let raised = revision("raised", "業務改善", "業務改善 aimed", "2023-06-10", 60);
    writer.at("2023-06-09 10:00", CHIEF, vec![raised]).await;
    grid(writer).await;
    let lowered = revision("lowered", "業務改善", "raised", "2023-09-15", 30);
    let lowered = by_paper(lowered, "総文第131号");
    writer.at("2023-11-20 11:00", CHIEF, vec![lowered]).await;
    let ahead = revision("ahead", "来庁者", "来庁者 aimed", "2024-01-01", 8);
    writer.at("2023-11-21 11:00", CHIEF, vec![ahead]).await;
}

fn of(subject: &str) -> v1::ListTargetChangesRequest {
    v1::ListTargetChangesRequest {
        subject: Some(subject.to_owned()),
        ..v1::ListTargetChangesRequest::default()
    }
}

async fn asked(
    server: &Server,
    request: v1::ListTargetChangesRequest,
) -> v1::ListTargetChangesResponse {
    let mut audit = server.audit().await;
    audit
        .list_target_changes(request)
        .await
        .unwrap()
        .into_inner()
}

fn names(response: &v1::ListTargetChangesResponse) -> Vec<String> {
    let name = |change: &v1::TargetChange| {
        let direction = change.direction().as_str_name();
        let direction = direction.strip_prefix("TARGET_DIRECTION_").unwrap();
        let code = change.indicator.clone().unwrap().code;
        format!("{code} {} {direction}", change.version)
    };
    response.changes.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_says_who_when_why_and_what_would_be_otherwise() {
    let server = told(story).await;
    let whole = asked(&server, of("R5/総務部/1-1/1.1")).await;
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        let text = render::audit::targets::history(&view, &whole);
        assert_snapshot!(format!("targets_{name}"), text);
    }
    let lowered = whole.changes.last().unwrap();
    assert_eq!(lowered.days_retroactive, Some(66));
    assert!(lowered.in_force && lowered.after_result && lowered.achieved_by_revision);
    let event = lowered.event.clone().unwrap();
    assert_eq!(event.event_id, event_id("lowered").to_string());
    assert_eq!(event.actor.unwrap().subject, CHIEF);
    assert_eq!(event.source_document.unwrap().number, "総文第131号");
    let last = lowered.last_report.clone().unwrap();
    assert_eq!(last.event_id, event_id("late").to_string());
    // What was known at the decision is what had been recorded before it.
    let then = lowered.at_decision.clone().unwrap();
    assert_eq!(
        (then.effective_on.as_str(), then.known_at),
        ("2023-11-20", event.position)
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_results_of_another_day_judge_otherwise() {
    let server = told(story).await;
    let mut request = of("R5/総務部/1-1/1.1");
    request.as_of = Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date("2023-11-20".to_owned())),
        effective_on: Some("2023-08-31".to_owned()),
    });
    let august = asked(&server, request.clone()).await;
    let lowered = august.changes.last().unwrap();
    // 25 by then: even the new target is missed, and it is not in force yet.
    let judged = lowered.at_answer.clone().unwrap().after.unwrap();
    assert_eq!(
        judged.achievement.unwrap().result,
        Some(v1::achievement_result::Result::Achievement(
            v1::Achievement::NotAchieved.into()
        ))
    );
    assert!(!lowered.in_force && !lowered.achieved_by_revision);
    assert!(august.changes[1].in_force);
    let at = august.evaluated_at.unwrap();
    assert_eq!(at.effective_on, "2023-08-31");
    // What was not recorded then was no change.
    request.as_of = Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date("2023-11-19".to_owned())),
        effective_on: None,
    });
    let before = asked(&server, request).await;
    assert_eq!(
        names(&before),
        ["R5/総務部/1-1/1.1 1 FIRST", "R5/総務部/1-1/1.1 2 RAISED"]
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_all_that_was_made_easier() {
    let server = told(story).await;
    let easier = v1::ListTargetChangesRequest {
        directions: vec![
            v1::TargetDirection::Lowered.into(),
            v1::TargetDirection::Postponed.into(),
        ],
        ..v1::ListTargetChangesRequest::default()
    };
    let all = asked(&server, easier.clone()).await;
    let both = ["R5/総務部/1-1/1.1 3 LOWERED", "R5/総務部/1-1/1.2 2 LOWERED"];
    assert_eq!(names(&all), both);
    let one = |change: &dyn Fn(&mut v1::ListTargetChangesRequest)| {
        let mut request = easier.clone();
        change(&mut request);
        request
    };
    for (request, left) in [
        (one(&|r| r.plan = Some("R5".to_owned())), &both[..]),
        (one(&|r| r.subject = Some("総務部".to_owned())), &both[..]),
        (one(&|r| r.subject = Some("市民部".to_owned())), &[]),
        (
            one(&|r| r.subject = Some("R5/総務部/1-1/1".to_owned())),
            &both[..],
        ),
        (
            one(&|r| r.subject = Some("R5/総務部/1-1/1.2".to_owned())),
            &both[1..],
        ),
        (one(&|r| r.after_last_report_only = true), &both[..1]),
        (one(&|r| r.achieved_by_revision_only = true), &both[..1]),
    ] {
        let answer = asked(&server, request.clone()).await;
        assert_eq!(names(&answer), left, "{request:?}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_of_one_list_whatever_comes_meanwhile() {
    let server = told(story).await;
    let whole = asked(&server, of("R5/総務部/1-1")).await;
    assert_eq!(whole.changes.len(), 5);
    let mut request = of("R5/総務部/1-1");
    request.page_size = 2;
    let mut pages = Vec::new();
    loop {
        let page = asked(&server, request.clone()).await;
        pages.extend(page.changes);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
        // A report would be the last one; not of this list.
        one_more_report(&server, "2023-11-21").await;
    }
    assert_eq!(pages, whole.changes);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_targets_is_refused() {
    let server = told(async |writer: &Writer| {
        writer
            .at(
                "2023-05-01 10:00",
                CHIEF,
                vec![report("r", "業務改善", "2023-04-30", 1)],
            )
            .await;
    })
    .await;
    for (subject, code, reason) in [
        ("R9", Code::NotFound, "GOAL_UNKNOWN"),
        ("総務文書課", Code::InvalidArgument, "FIELD_INVALID"),
    ] {
        let answer = server.audit().await.list_target_changes(of(subject)).await;
        let status = answer.unwrap_err();
        let details = status.get_error_details();
        let told = details.error_info().unwrap().reason.clone();
        assert_eq!((status.code(), told.as_str()), (code, reason), "{subject}");
    }
    server.stop().await;
}
