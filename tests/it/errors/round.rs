//! The reporting round: what confirmations and audit findings refuse.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use tonic::Code as Status;

use super::rules::{Case, refused};
use super::world::*;
use super::{Seen, expect};

fn confirmed(day: &str, entry: &str) -> EventInput {
    event(
        day,
        Payload::ActualConfirmed(ActualConfirmed {
            indicator: "前/件".to_owned(),
            entries: vec![entry.to_owned()],
        }),
    )
}

fn found(day: &str, number: &str) -> EventInput {
    event(
        day,
        Payload::AuditFindingRecorded(AuditFindingRecorded {
            plan: "前年度".to_owned(),
            finding: number.to_owned(),
            text: "根拠資料がない".to_owned(),
            references: Vec::new(),
            due: day.to_owned(),
            promised: "添付する".to_owned(),
        }),
    )
}

fn answered(day: &str, number: &str) -> EventInput {
    event(
        day,
        Payload::AuditFindingAnswered(AuditFindingAnswered {
            plan: "前年度".to_owned(),
            finding: number.to_owned(),
            text: "改めた".to_owned(),
            action: "添付した".to_owned(),
            references: Vec::new(),
        }),
    )
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    for case in findings(&world) {
        world.meet(seen, case).await;
    }
    confirmations(seen, &mut world).await;
    round_unknown(seen, &world).await;
    world.server.stop().await;
}

fn findings(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(200);
    vec![
        refused(
            Status::NotFound,
            R::FindingUnknown,
            "audit_finding_answered.finding",
            "計画にその番号の監査指摘はありません",
            answered(&day, "指摘1"),
        ),
        refused(
            Status::AlreadyExists,
            R::FindingExists,
            "audit_finding_recorded.finding",
            "同じ番号の監査指摘が既にあります",
            found(&day, "指摘1"),
        )
        .after(vec![found(&day, "指摘1")]),
        refused(
            Status::FailedPrecondition,
            R::FindingAnswered,
            "audit_finding_answered.finding",
            "この監査指摘には既に措置が回答されています",
            answered(&day, "指摘1"),
        )
        .after(vec![answered(&day, "指摘1")]),
    ]
}

/// Entries of the indicator `前/件`, one by whoever asks and one by somebody else.
async fn confirmations(seen: &mut Seen, world: &mut World) {
    let day = world.day(200);
    let reported = |entry: &str| EventInput {
        event_id: entry.to_owned(),
        ..actual(&day, "前/件", increment("1"))
    };
    let (mine, theirs) = (new_id().to_string(), new_id().to_string());
    let own = refused(
        Status::PermissionDenied,
        ErrorReason::SelfConfirmation,
        "actual_confirmed.entries[0]",
        "報告した人は自分の報告を確認できません",
        confirmed(&day, &mine),
    );
    let own = own.after(vec![reported(&mine)]);
    world.meet(seen, own).await;
    world.given_by("別の担当", reported(&theirs)).await;
    let twice = refused(
        Status::FailedPrecondition,
        ErrorReason::AlreadyConfirmed,
        "actual_confirmed.entries[0]",
        "に確認しています",
        confirmed(&day, &theirs),
    );
    let twice = twice.after(vec![confirmed(&day, &theirs)]);
    world.meet(seen, twice).await;
}

async fn round_unknown(seen: &mut Seen, world: &World) {
    let channel = world.server.channel().await;
    let mut goals = GoalServiceClient::with_interceptor(channel, Ja("担当"));
    let request = ListReportingStatusRequest {
        plan: Some("前年度".to_owned()),
        round: Some("夏".to_owned()),
        ..Default::default()
    };
    let status = goals.list_reporting_status(request).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        Status::NotFound,
        ErrorReason::RoundUnknown,
        "報告日程にその回はありません（mid-year, year-end）",
    );
    assert_eq!(told.field(), "round");
}
