//! Periods, policies, evaluations and next actions: what they refuse.

use std::sync::Arc;
use std::time::Duration;

use daicho::access_log::Recording;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::evaluation_service_client::EvaluationServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::auth::{Authenticator, Callers, Mode};
use daicho::clock::new_id;
use daicho::domain::code::{Code, Key};
use daicho::domain::evaluation::policy::PolicyVersion as DomainPolicyVersion;
use daicho::domain::event as domain;
use daicho::domain::id::{EventId, LedgerId, PlanId, RequestId};
use daicho::domain::text::{Language, Name};
use daicho::grpc::status::Refusal;
use daicho::grpc::{IdentifyLayer, PageKey, Parts, Services};
use daicho::ledger::{Append, AppendError, Ledgers, STATES_BYTES};
use daicho::log::MemoryLog;
use tokio::sync::watch;
use tonic::Code as Status;
use tower::Layer as _;

use super::rules::{Case, refused};
use super::world::*;
use super::{Seen, expect};
use crate::fixture::{evidence, proofs};
use crate::service::{append, opening};

mod table;

/// Events about the periods of one plan.
#[derive(Clone, Copy)]
struct Of<'a> {
    plan: &'a str,
    day: &'a str,
}

impl Of<'_> {
    fn opened(&self, period: &str, first: &str, last: &str) -> EventInput {
        event(
            self.day,
            Payload::PeriodOpened(PeriodOpened {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
                title: title(period),
                span: Some(DateSpan {
                    first: first.to_owned(),
                    last: last.to_owned(),
                }),
            }),
        )
    }

    fn soft_closed(&self, period: &str) -> EventInput {
        event(
            self.day,
            Payload::PeriodSoftClosed(PeriodSoftClosed {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
            }),
        )
    }

    fn closed(&self, period: &str) -> EventInput {
        self.closed_as(period, None)
    }

    fn closed_as(&self, period: &str, revision: Option<u32>) -> EventInput {
        event(
            self.day,
            Payload::PeriodClosed(PeriodClosed {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
                revision,
            }),
        )
    }

    fn reopened(&self, period: &str, indicator: &str, until: &str) -> EventInput {
        because(event(
            self.day,
            Payload::PeriodReopened(PeriodReopened {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
                scope: vec![indicator.to_owned()],
                until: until.to_owned(),
            }),
        ))
    }

    fn restated(&self, period: &str, revision: u32, rows: u32, policy: &str) -> EventInput {
        because(event(
            self.day,
            Payload::RestatementIssued(RestatementIssued {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
                revision,
                known_at: None,
                policy: Some(PolicyVersion {
                    code: policy.to_owned(),
                    version: 0,
                }),
                rows: Some(rows),
                material: Some(0),
                rows_format: Some(1),
                rows_sha256: None,
            }),
        ))
    }
}

fn policy(day: &str, code: &str, version: u32, content: policy_published::Content) -> EventInput {
    event(
        day,
        Payload::PolicyPublished(PolicyPublished {
            code: code.to_owned(),
            version,
            title: title(code),
            content: Some(content),
        }),
    )
}

fn evaluation(rubric: Option<&str>, on_track_from: &str) -> policy_published::Content {
    policy_published::Content::Evaluation(EvaluationPolicy {
        on_track_from: on_track_from.to_owned(),
        slightly_behind_from: "0.8".to_owned(),
        display_digits: 1,
        mean_cap: None,
        reduction: ReductionFormula::TargetOverActual.into(),
        interpolates_months: false,
        months_compensate: false,
        forecast_gap: "0.1".to_owned(),
        late_lowering_days: 366,
        late_report_days: 45,
        roll_up: RollUpJudgement::None.into(),
        rubric: rubric.map(str::to_owned),
    })
}

fn grades() -> policy_published::Content {
    let level = |key: &str| GradeLevel {
        key: key.to_owned(),
        title: title(key),
        ..GradeLevel::default()
    };
    policy_published::Content::Rubric(GradeRubric {
        input: GradeInput::Judgement.into(),
        levels: vec![level("甲"), level("乙")],
        full_target_is_best: false,
    })
}

fn about(indicator: &str) -> Option<Subject> {
    Some(Subject {
        kind: Some(subject::Kind::Indicator(indicator.to_owned())),
    })
}

fn self_evaluated(day: &str, indicator: &str, period: &str, grade: Option<&str>) -> EventInput {
    event(
        day,
        Payload::SelfEvaluated(SelfEvaluated {
            subject: about(indicator),
            period: period.to_owned(),
            grade: grade.map(str::to_owned),
            comment: "所見".to_owned(),
            ..SelfEvaluated::default()
        }),
    )
}

fn reviewed(day: &str, indicator: &str, period: &str) -> EventInput {
    event(
        day,
        Payload::EvaluationReviewed(EvaluationReviewed {
            subject: about(indicator),
            period: period.to_owned(),
            comment: "所見".to_owned(),
            ..EvaluationReviewed::default()
        }),
    )
}

fn finalised(day: &str, indicator: &str, period: &str) -> EventInput {
    event(
        day,
        Payload::EvaluationFinalised(EvaluationFinalised {
            subject: about(indicator),
            period: period.to_owned(),
            ..EvaluationFinalised::default()
        }),
    )
}

fn agreed(day: &str, action: &str, period: &str, due: &str) -> EventInput {
    event(
        day,
        Payload::NextActionAgreed(NextActionAgreed {
            subject: about("前/件"),
            action: action.to_owned(),
            period: period.to_owned(),
            kind: ActionKind::Improve.into(),
            text: "改善する".to_owned(),
            owner_unit: "前課".to_owned(),
            due: due.to_owned(),
        }),
    )
}

fn ended(day: &str, action: &str) -> EventInput {
    event(
        day,
        Payload::NextActionClosed(NextActionClosed {
            subject: about("前/件"),
            action: action.to_owned(),
            outcome: ActionOutcome::Done.into(),
            text: "済んだ".to_owned(),
        }),
    )
}

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

/// Nobody but the server takes a snapshot, and the server takes one of each closing.
async fn snapshot_exists(seen: &mut Seen) {
    let log = MemoryLog::new();
    let ledgers = Ledgers::start(Arc::new(log.clone()), Arc::new(log), None, STATES_BYTES)
        .await
        .unwrap();
    // Nobody closes them.
    let (_, closing) = watch::channel(false);
    let limit = Duration::from_secs(60);
    let routes = Services::new(Parts {
        ledgers: ledgers.clone(),
        proofs: proofs(&ledgers),
        evidence: evidence(),
        page_key: PageKey::new([7; 32]),
        default_ledger: None,
        request_timeout: limit,
        closing,
        recording: Recording::None,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    })
    .routes()
    .routes();
    let routes = IdentifyLayer::new(Callers::unauthenticated()).layer(routes);
    AdminServiceClient::with_interceptor(routes.clone(), Ja("管理者"))
        .open_ledger(opening("city"))
        .await
        .unwrap();
    let mut evaluations = EvaluationServiceClient::with_interceptor(routes.clone(), Ja("企画"));
    let mut client = LedgerServiceClient::with_interceptor(routes, Ja("企画"));
    let closed = {
        let of = Of {
            plan: "R5",
            day: "2023-10-10",
        };
        let events = vec![
            plan(2023, "R5", 1),
            of.opened("上半期", "2023-04-01", "2023-09-30"),
            of.closed("上半期"),
        ];
        client.append_events(append(events)).await.unwrap()
    };
    let events = closed.into_inner().receipt.unwrap().events;
    let plan: PlanId = events[0].stream.as_ref().unwrap().id.parse().unwrap();
    let ledger: LedgerId = ledgers.list()[0].id();
    let snapshot = || domain::Event {
        id: EventId::new(new_id()).unwrap(),
        stream: domain::Stream::plan(plan),
        valid: Some(domain::Validity::from("2023-09-30".parse().unwrap())),
        reason: None,
        evidence: Vec::new(),
        source_document: None,
        decision: None,
        correlation: None,
        causation: None,
        payload: domain::SnapshotTaken {
            plan,
            period: Key::parse("上半期").unwrap(),
            revision: 1,
            closed_by: events[2].event_id.parse().unwrap(),
            effective_on: "2023-09-30".parse().unwrap(),
            known_at: events[2].position + 1,
            policy: DomainPolicyVersion {
                code: Code::parse("default").unwrap(),
                version: 0,
            },
            rows: 0,
            rows_format: 1,
            rows_sha256: [1; 32],
            root: None,
        }
        .into(),
    };
    let take = async || -> Result<_, AppendError> {
        let append = Append {
            ledger,
            request_id: RequestId::new(new_id()).unwrap(),
            events: vec![snapshot()],
            expected: Vec::new(),
            validate_only: false,
        };
        let permitted = Authenticator.permit_system(Name::parse("daicho").unwrap(), append);
        ledgers.append(permitted, None).await
    };
    // The server took it when it answered the closing.
    let again = Refusal::from(take().await.unwrap_err()).into_status(Language::Ja);
    let told = expect(
        seen,
        &again,
        Status::AlreadyExists,
        ErrorReason::SnapshotExists,
        "この確定の凍結は済んでいます",
    );
    assert_eq!(told.field(), "events[0].snapshot_taken.revision");
    let never = GetSnapshotRequest {
        plan: Some("R5".to_owned()),
        snapshot: Some(SnapshotRef {
            period: "上半期".to_owned(),
            revision: Some(2),
        }),
        ..GetSnapshotRequest::default()
    };
    let status = evaluations.get_snapshot(never).await.unwrap_err();
    expect(
        seen,
        &status,
        Status::NotFound,
        ErrorReason::SnapshotUnknown,
        "その期間は凍結されていません",
    );
    ledgers.stop().await.unwrap();
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
