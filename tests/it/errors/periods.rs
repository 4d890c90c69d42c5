//! Periods, policies, evaluations and next actions: what they refuse.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use tonic::Code as Status;

use super::Seen;
use super::rules::{Case, refused};
use super::world::*;
use crate::service::append;

mod events;
mod snapshots;
mod table;

use events::*;
use snapshots::snapshot_exists;

impl World {
    /// Appends as somebody else what must be taken.
    pub(crate) async fn given_by(&mut self, who: &'static str, event: EventInput) {
        let mut client =
            LedgerServiceClient::with_interceptor(self.server.channel().await, Ja(who));
        client.append_events(append(vec![event])).await.unwrap();
    }
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    for case in policies(&world) {
        world.meet(seen, case).await;
    }
    for case in periods(&world) {
        world.meet(seen, case).await;
    }
    for case in evaluations(&world) {
        world.meet(seen, case).await;
    }
    final_is_final(seen, &mut world).await;
    world.server.stop().await;
    snapshot_exists(seen).await;
}

fn policies(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let (first, last) = (world.day(300), world.day(309));
    let of = Of {
        plan: "前年度",
        day: &last,
    };
    let plain = || evaluation(None, "1");
    let invalid = refused(
        Status::InvalidArgument,
        R::PolicyInconsistent,
        "policy_published.evaluation.on_track_from",
        "算定方針又は評価基準の内容が正しくありません",
        policy(&world.day(0), "方針", 1, evaluation(None, "11")),
    );
    let stated = |reason, field: &str, ja, asked| {
        refused(Status::FailedPrecondition, reason, field, ja, asked)
    };
    let access = AccessPolicy {
        cedar: "permit (principal, action".to_owned(),
    };
    vec![
        invalid,
        refused(
            Status::InvalidArgument,
            R::PolicyInvalid,
            "policy_published.access.cedar",
            "権限方針に誤りがあります",
            policy(
                &world.today.to_string(),
                "権限",
                1,
                policy_published::Content::Access(access),
            ),
        ),
        refused(
            Status::NotFound,
            R::RubricUnknown,
            "policy_published.evaluation.rubric",
            "その日に適用される評価基準がありません",
            policy(&world.day(0), "方針", 1, evaluation(Some("無い基準"), "1")),
        ),
        stated(
            R::PolicyVersionStale,
            "policy_published.version",
            "次の版は2です",
            policy(&world.day(0), "方針", 3, plain()),
        )
        .after(vec![policy(&world.day(0), "方針", 1, plain())]),
        stated(
            R::PolicyKindDiffers,
            "policy_published.rubric",
            "このコードは算定方針です",
            policy(&world.day(0), "方針", 2, grades()),
        ),
        stated(
            R::PolicyRetroactive,
            "valid_from",
            "確定した期間「前期」の評価基準日",
            policy(&last, "方針", 2, plain()),
        )
        .after(vec![of.opened("前期", &first, &last), of.closed("前期")]),
    ]
}

fn periods(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = |n| world.day(n);
    let (last, today) = (day(309), world.today.to_string());
    let of = Of {
        plan: "前年度",
        day: &last,
    };
    let year: i16 = world.plan.first_day[..4].parse().unwrap();
    let (ahead, month) = (format!("{}-04-01", year + 1), format!("{}-04-30", year + 1));
    let next = Of {
        plan: "来年度",
        day: &today,
    };
    let stated = |reason, field: &str, ja, asked| {
        refused(Status::FailedPrecondition, reason, field, ja, asked)
    };
    let snapshot = event(
        &last,
        Payload::SnapshotTaken(SnapshotTaken {
            plan: "前年度".to_owned(),
            period: "前期".to_owned(),
            revision: 1,
            closed_by: new_id().to_string(),
            effective_on: last.clone(),
            known_at: 1_000,
            policy: Some(PolicyVersion {
                code: "default".to_owned(),
                version: 0,
            }),
            rows: 1,
            rows_format: 1,
            rows_sha256: vec![1; 32],
            root: None,
        }),
    );
    let heads = Payload::HeadsRecorded(HeadsRecorded {
        size: 1,
        root: vec![1; 32],
        streams: 1,
        closed_by: None,
    });
    vec![
        refused(
            Status::InvalidArgument,
            R::DateInPast,
            "period_reopened.until",
            "以降の日付です",
            of.reopened("前期", "前/件", &last),
        ),
        refused(
            Status::NotFound,
            R::PeriodUnknown,
            "period_closed.period",
            "計画にその期間はありません（前期）",
            of.closed("無い期"),
        ),
        refused(
            Status::NotFound,
            R::PolicyUnknown,
            "restatement_issued.policy",
            "その版の算定方針はありません",
            of.restated("前期", 1, 1, "方針"),
        ),
        refused(
            Status::AlreadyExists,
            R::PeriodExists,
            "period_opened.period",
            "同じキーの期間が既にあります",
            of.opened("前期", &day(320), &day(320)),
        ),
        stated(
            R::PeriodOverlaps,
            "period_opened.span",
            "期間「前期」（",
            of.opened("重なる期", &day(309), &day(319)),
        ),
        stated(
            R::PeriodNotOpen,
            "period_soft_closed.period",
            "期間「前期」は「確定」です",
            of.soft_closed("前期"),
        ),
        stated(
            R::PeriodNotEnded,
            "period_closed.period",
            "がまだ来ていません",
            next.closed("早い期"),
        )
        .after(vec![
            plan(year + 1, "来年度", 1),
            next.opened("早い期", &ahead, &month),
        ]),
        stated(
            R::PeriodAlreadyClosed,
            "period_closed.period",
            "期間「前期」は既に「確定」です（第1版）",
            of.closed("前期"),
        ),
        stated(
            R::PeriodNotClosed,
            "period_reopened.period",
            "期間「次期」は「受付中」で、確定していません",
            of.reopened("次期", "前/件", &today),
        )
        .after(vec![of.opened("次期", &day(320), &day(329))]),
        stated(
            R::SnapshotByServer,
            "snapshot_taken",
            "評価時点の凍結はサーバーが行います",
            snapshot,
        ),
        stated(
            R::EventByServer,
            "heads_recorded",
            "この種類のイベントはサーバーが記録します",
            EventInput {
                valid_from: None,
                ..event(&last, heads)
            },
        ),
        stated(
            R::RestatementEmpty,
            "restatement_issued.rows",
            "変わった行がないため修正公表できません",
            of.restated("前期", 1, 0, "default"),
        ),
        stated(
            R::PeriodClosed,
            "actual_recorded.indicator",
            "期間「前期」（確定）への報告は締め切りました",
            because(actual(&day(305), "前/件", increment("1"))),
        ),
        stated(
            R::PeriodSoftClosed,
            "actual_recorded.indicator",
            "期間「締切期」は「受付締切」です",
            actual(&day(345), "前/件", increment("1")),
        )
        .after(vec![
            of.opened("締切期", &day(340), &day(349)),
            of.soft_closed("締切期"),
        ]),
        refused(
            Status::Aborted,
            R::PeriodRevisionDiffers,
            "period_closed.revision",
            "確定の版が異なります（1）",
            of.closed_as("次期", Some(2)),
        ),
    ]
}

fn evaluations(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let (day, last) = (world.day(309), world.day(329));
    let (first, action) = (world.day(0), new_id().to_string());
    let (day, last) = (day.as_str(), last.as_str());
    let after = world.day(360);
    let stated = |reason, field: &str, ja, asked| {
        refused(Status::FailedPrecondition, reason, field, ja, asked)
    };
    let mut by_another = self_evaluated(day, "前/件", "次期", Some("甲"));
    if let Some(Payload::SelfEvaluated(p)) = &mut by_another.payload {
        p.rubric = Some(PolicyVersion {
            code: "基準".to_owned(),
            version: 2,
        });
    }
    vec![
        refused(
            Status::InvalidArgument,
            R::DueTooEarly,
            "next_action_agreed.due",
            "期限は評価基準日",
            agreed(day, &action, "次期", last),
        ),
        refused(
            Status::NotFound,
            R::GradeUnknown,
            "self_evaluated.grade",
            "その評価はありません（甲, 乙）",
            self_evaluated(day, "前/件", "次期", Some("丙")),
        )
        .after(vec![
            policy(&world.day(310), "基準", 1, grades()),
            policy(&world.day(310), "方針", 2, evaluation(Some("基準"), "1")),
        ]),
        refused(
            Status::Aborted,
            R::RubricDiffers,
            "self_evaluated.rubric",
            "適用される評価基準が異なります（基準 v1）",
            by_another,
        ),
        stated(
            R::EvaluationMissing,
            "evaluation_reviewed.period",
            "期間「次期」の自己評価がまだありません",
            reviewed(day, "前/件", "次期"),
        ),
        refused(
            Status::PermissionDenied,
            R::SelfReview,
            "evaluation_reviewed",
            "自己評価をした人は二次評価も確定もできません",
            reviewed(day, "前/件", "次期"),
        )
        .after(vec![self_evaluated(day, "前/件", "次期", Some("甲"))]),
        refused(
            Status::NotFound,
            R::ActionUnknown,
            "next_action_closed.action",
            "その対応は登録されていません",
            ended(&first, &action),
        ),
        stated(
            R::ActionClosed,
            "next_action_closed.action",
            "この対応は既に終わっています（DONE）",
            ended(&first, &action),
        )
        .after(vec![
            agreed(day, &action, "次期", &after),
            ended(&first, &action),
        ]),
    ]
}

/// Of the indicator `前/件` in the period `次期`, which somebody else makes final.
async fn final_is_final(seen: &mut Seen, world: &mut World) {
    let day = world.day(325);
    world
        .given_by("部長", finalised(&day, "前/件", "次期"))
        .await;
    let again = |field, asked| {
        refused(
            Status::FailedPrecondition,
            ErrorReason::EvaluationFinal,
            field,
            "期間「次期」の評価は確定しています",
            asked,
        )
    };
    let judged = self_evaluated(&day, "前/件", "次期", None);
    world
        .meet(seen, again("self_evaluated.period", judged))
        .await;
    let late = because(actual(&day, "前/件", increment("1")));
    world
        .meet(seen, again("actual_recorded.indicator", late))
        .await;
    // What it says of another indicator is not final.
    world
        .given(vec![actual(&day, "前/未", increment("1"))])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_lowered_late_is_accepted_and_flagged() {
    let mut world = World::new().await;
    let first = world.plan.first_day.clone();
    // Whatever day it is, the policy calls it late.
    world
        .given(vec![policy(&first, "方針", 1, evaluation(None, "1"))])
        .await;
    let indicator_ = indicator(&first, "計画/1-1/1", "今/件", counted());
    let set = target(&first, "今/件", "100");
    let today = world.today.to_string();
    let lowered = target_revised(&today, "今/件", &set.event_id, "90");
    world.given(vec![indicator_, set]).await;
    let answer = world.given(vec![lowered.clone()]).await;
    let kinds: Vec<_> = answer
        .notices
        .iter()
        .map(|n| (n.kind(), n.field.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [(NoticeKind::LateLowering, "events[0].target_revised.target")]
    );
    let raised = target_revised(&today, "今/件", &lowered.event_id, "120");
    assert_eq!(world.given(vec![raised]).await.notices, []);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_receipt_whatever_was_filled_in() {
    let mut world = World::new().await;
    let (first, last) = (world.day(300), world.day(309));
    let of = Of {
        plan: "前年度",
        day: &last,
    };
    world.given(vec![of.opened("期", &first, &last)]).await;
    for asked in [of.closed("期"), self_evaluated(&last, "前/件", "期", None)] {
        let request = append(vec![asked]);
        let first = world
            .client
            .append_events(request.clone())
            .await
            .unwrap()
            .into_inner();
        let again = world
            .client
            .append_events(request)
            .await
            .unwrap()
            .into_inner();
        assert!(!first.replayed && again.replayed);
        assert_eq!(first.receipt, again.receipt);
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_a_refused_period_is_not_blamed() {
    let mut world = World::new().await;
    let (first, last) = (world.day(300), world.day(309));
    let of = Of {
        plan: "前年度",
        day: &last,
    };
    let asked = append(vec![
        of.opened("期", &world.day(-1), &last),
        of.soft_closed("期"),
        of.opened("別の期", &first, &last),
        self_evaluated(&last, "前/件", "期", None),
    ]);
    let refusal = super::told(&world.client.append_events(asked).await.unwrap_err());
    let told: Vec<_> = refusal
        .violations
        .iter()
        .map(|(r, f)| (r.as_str(), f.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("DATE_OUTSIDE_CYCLE", "events[0].period_opened.span"),
            ("NOT_CHECKED", "events[1]"),
            ("NOT_CHECKED", "events[3]"),
        ]
    );
    world.server.stop().await;
}
