//! Bad input, row by row as people make it. Nothing of it comes into the ledger.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use daicho::clock::new_id;
use jiff::Span;
use tonic::Code;

use super::rules::{Case, expecting, refused};
use super::world::*;
use super::{Seen, told};
use crate::service::append;

mod figures;
mod words;

async fn meet(world: &mut World, cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        world.meet(&mut Seen::new(), case).await;
    }
}

const INCREMENT: &str = "actual_recorded.measurement.increment";

#[tokio::test(flavor = "multi_thread")]
async fn unknown_indicators_and_members() {
    let mut world = World::new().await;
    let day = world.day(10);
    let refused = |reason, field, ja, asked| refused(Code::NotFound, reason, field, ja, asked);
    let ja = "指標が登録されていません";
    let unknown = ErrorReason::IndicatorUnknown;
    let field = "actual_recorded.indicator";
    let cases = [
        refused(unknown, field, ja, actual(&day, "前/無い", increment("1"))),
        refused(
            unknown,
            field,
            ja,
            actual(&day, &new_id().to_string(), increment("1")),
        ),
        // Something else has this code.
        refused(unknown, field, ja, actual(&day, "前/1", increment("1"))),
        refused(
            ErrorReason::MemberNotInSet,
            "actual_recorded.measurement.member.member",
            "対象一覧にありません",
            actual(&day, "前/対象", member("丙")),
        ),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_that_rest_or_have_ended() {
    let mut world = World::new().await;
    let (day, later) = (world.day(10), world.day(20));
    let stop = |payload| because(event(&day, payload));
    let given = vec![stop(Payload::GoalSuspended(GoalSuspended {
        goal: "前/休止".to_owned(),
    }))];
    let report = actual(&later, "前/休止/件", increment("1"));
    let refused = |reason, ja, asked| {
        refused(
            Code::FailedPrecondition,
            reason,
            "actual_recorded.indicator",
            ja,
            asked,
        )
    };
    let suspended =
        refused(ErrorReason::GoalSuspended, "から休止中です", report.clone()).after(given);
    // What was before it rested can still be told.
    meet(&mut world, [suspended]).await;
    world
        .given(vec![actual(&world.day(9), "前/休止/件", increment("1"))])
        .await;
    let given = vec![stop(Payload::GoalCancelled(GoalCancelled {
        goal: "前/休止".to_owned(),
    }))];
    let cancelled = refused(ErrorReason::GoalCancelled, "に中止されました", report).after(given);
    meet(&mut world, [cancelled]).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_and_another_with_its_id() {
    let mut world = World::new().await;
    let first = append(vec![actual(&world.day(10), "前/件", increment("5"))]);
    let receipt = world
        .client
        .append_events(first.clone())
        .await
        .unwrap()
        .into_inner()
        .receipt;
    let size = world.size().await;
    // Another call that states the same fact.
    let again = append(first.events.clone());
    let again = world
        .client
        .append_events(again)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((again.replayed, again.receipt), (true, receipt));
    assert_eq!(world.size().await, size);

    let changed = EventInput {
        event_id: first.events[0].event_id.clone(),
        ..actual(&world.day(10), "前/件", increment("6"))
    };
    let reason = ErrorReason::IdempotencyConflict;
    let ja = "同じIDで内容が異なります";
    let mut conflict = refused(Code::AlreadyExists, reason, "", ja, changed);
    conflict.field = "events".to_owned();
    meet(&mut world, [conflict]).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_revisions_are_told_the_current_one() {
    let mut world = World::new().await;
    let day = world.day(10);
    let grown = world.given(vec![narrative(&day, "前/2", "一つ目")]).await;
    let current = grown.receipt.unwrap().events[0].revision;
    for expected in [0, 1, current - 1, current + 1, u64::MAX] {
        let mut asked = append(vec![narrative(&day, "前/2", "二つ目")]);
        asked.expected_revisions = vec![expecting("前/2", expected)];
        let size = world.size().await;
        let status = world.client.append_events(asked).await.unwrap_err();
        let told = told(&status);
        assert_eq!(
            (told.code, told.reason.as_str()),
            (Code::Aborted, "STREAM_VERSION_CONFLICT")
        );
        assert_eq!(
            told.sentence,
            format!("他の更新がありました（現在の版 {current}）")
        );
        assert_eq!(told.metadata["current"], current.to_string());
        assert_eq!(told.metadata["expected"], expected.to_string());
        assert_eq!(world.size().await, size);
    }
    let mut asked = append(vec![narrative(&day, "前/2", "二つ目")]);
    asked.expected_revisions = vec![expecting("前/2", current)];
    world.client.append_events(asked).await.unwrap();
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_of_what_is_no_longer_so_or_never_was() {
    let mut world = World::new().await;
    let day = world.day(10);
    let entry = actual(&day, "前/件", increment("7"));
    let correction = corrected(&day, "前/件", &entry.event_id, increment("8"));
    let head = correction.event_id.clone();
    world.given(vec![entry.clone(), correction]).await;
    let size = world.size().await;
    let late = append(vec![corrected(
        &day,
        "前/件",
        &entry.event_id,
        increment("9"),
    )]);
    let told = told(&world.client.append_events(late).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason.as_str()),
        (Code::FailedPrecondition, "ALREADY_SUPERSEDED")
    );
    assert_eq!(told.metadata["head"], head);
    assert_eq!(
        told.sentence,
        format!("既に訂正又は取消されています。最新の訂正（{head}）を対象にしてください")
    );
    assert_eq!(world.size().await, size);

    // An entry of another ledger, of another indicator, or of none.
    world
        .server
        .admin()
        .await
        .open_ledger(crate::service::opening("town"))
        .await
        .unwrap();
    let town = ReadEventsRequest {
        ledger: "town".to_owned(),
        ..Default::default()
    };
    let foreign = world.read(town).await[0].fact.clone().unwrap().event_id;
    for unknown in [new_id().to_string(), foreign] {
        let mut asked = append(vec![corrected(&day, "前/件", &unknown, increment("9"))]);
        asked.ledger = "city".to_owned();
        let told = super::told(&world.client.append_events(asked).await.unwrap_err());
        assert_eq!(
            (told.code, told.reason.as_str()),
            (Code::NotFound, "ENTRY_UNKNOWN")
        );
        assert_eq!(told.field(), "events[0].actual_corrected.corrects");
    }
    let mut other = append(vec![corrected(&day, "前/未", &head, increment("9"))]);
    other.ledger = "city".to_owned();
    let told = super::told(&world.client.append_events(other).await.unwrap_err());
    assert_eq!(told.reason, "ENTRY_UNKNOWN");
    assert_eq!(world.size().await, size);

    // The correction itself is the newest, so it can be corrected.
    let mut newest = append(vec![corrected(&day, "前/件", &head, increment("9"))]);
    newest.ledger = "city".to_owned();
    world.client.append_events(newest).await.unwrap();
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_without_a_reason_and_claims_without_evidence() {
    let mut world = World::new().await;
    let day = world.day(10);
    let entry = actual(&day, "前/件", increment("7"));
    let id = entry.event_id.clone();
    world.given(vec![entry]).await;
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let bare = |event| EventInput {
        reason: None,
        ..event
    };
    let retraction = event(
        &day,
        Payload::ActualRetracted(ActualRetracted {
            indicator: "前/件".to_owned(),
            retracts: id.clone(),
            before: None,
        }),
    );
    let (no_reason, why) = (ErrorReason::ReasonRequired, "理由を入力してください");
    let (no_evidence, prove) = (ErrorReason::EvidenceRequired, "根拠資料を添付してください");
    let attached = event(
        &day,
        Payload::EvidenceAttached(EvidenceAttached {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal("前/1".to_owned())),
            }),
            ..EvidenceAttached::default()
        }),
    );
    let cases = [
        refused(
            no_reason,
            "reason",
            why,
            bare(corrected(&day, "前/件", &id, increment("8"))),
        ),
        refused(no_reason, "reason", why, retraction),
        refused(
            no_reason,
            "reason",
            why,
            bare(unit_changed(&day, "前課", Some("他部"), false)),
        ),
        // A rubric's level says in words what it rests on.
        refused(no_reason, "reason", why, {
            proven(actual(&day, "前/段階", measurement::Kind::RubricLevel(2)))
        }),
        refused(no_evidence, "evidence", prove, attached),
        refused(no_evidence, "evidence", prove, {
            because(actual(&day, "前/段階", measurement::Kind::RubricLevel(2)))
        }),
        refused(no_evidence, "evidence", prove, {
            actual(&day, "前/工程", reached(None, MilestoneState::Completed))
        }),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}
