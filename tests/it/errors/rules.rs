//! A case for every rule that can refuse an append. Each is met three times: told, told again the same, and
//! foretold by a validation. Nothing of it comes into the ledger.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::measurement::Kind;
use daicho::api::v1::target::Aim;
use daicho::api::v1::*;
use daicho::clock::new_id;
use jiff::Span;
use tonic::Code;

use super::world::*;
use super::{Seen, expect, name, told};
use crate::service::append;

/// What is appended before, what is asked, and how it is refused.
pub(crate) struct Case {
    pub(crate) given: Vec<EventInput>,
    pub(crate) asked: AppendEventsRequest,
    pub(crate) code: Code,
    pub(crate) reason: ErrorReason,
    pub(crate) field: String,
    /// Words of the Japanese sentence.
    pub(crate) ja: &'static str,
}

/// A case of one event, with the field's path within it.
pub(crate) fn refused(
    code: Code,
    reason: ErrorReason,
    field: &str,
    ja: &'static str,
    asked: EventInput,
) -> Case {
    let field = if field.is_empty() {
        "events[0]".to_owned()
    } else {
        format!("events[0].{field}")
    };
    Case {
        given: Vec::new(),
        asked: append(vec![asked]),
        code,
        reason,
        field,
        ja,
    }
}

impl Case {
    pub(crate) fn after(self, given: Vec<EventInput>) -> Self {
        Self { given, ..self }
    }
}

impl World {
    /// Asks and is refused.
    pub(crate) async fn meet(&mut self, seen: &mut Seen, case: Case) {
        let Case {
            given,
            asked,
            code,
            reason,
            field,
            ja,
        } = case;
        if !given.is_empty() {
            self.given(given).await;
        }
        let size = self.size().await;
        let answer = self.client.append_events(asked.clone()).await;
        let status = match answer {
            Err(status) => status,
            Ok(_) => panic!("{} was accepted", name(reason)),
        };
        let first = expect(seen, &status, code, reason, ja);
        assert_eq!(first.field(), field, "{}", name(reason));
        assert!(
            first
                .violations
                .contains(&(name(reason).to_owned(), field.clone())),
            "{first:?}"
        );
        let again = self.client.append_events(asked.clone()).await.unwrap_err();
        assert_eq!(told(&again), first, "the same answer on a retry");

        let validation = AppendEventsRequest {
            validate_only: true,
            ..asked
        };
        match self.client.append_events(validation).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                assert!(answer.receipt.is_none(), "{}", name(reason));
                assert_eq!(answer.faults.len(), first.total(), "{first:?}");
                let told =
                    |f: &Fault| (f.reason.as_str(), f.field.as_str()) == (name(reason), &field);
                assert!(answer.faults.iter().any(told), "{:?}", answer.faults);
            }
            Err(status) => assert_eq!(told(&status), first),
        }
        assert_eq!(
            self.size().await,
            size,
            "{} left something behind",
            name(reason)
        );
    }
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let cases = [
        invalid(&world),
        not_found(&world),
        exists(&world),
        forbidden(&world),
        stale(&world),
    ];
    for case in cases.into_iter().flatten() {
        world.meet(seen, case).await;
    }
    let not_checked = vec![
        goal(&world.day(0), "前年度", "前/9", "前部", 9),
        initiative(&world.day(0), "前/9", "前/9/1", 1, "前課"),
    ];
    // It never decides: it is told beside the fault that it depends on.
    let size = world.size().await;
    let status = world
        .client
        .append_events(append(not_checked))
        .await
        .unwrap_err();
    let told = expect(
        seen,
        &status,
        Code::NotFound,
        ErrorReason::PillarUnknown,
        "柱が登録されていません（ほか1件）",
    );
    assert_eq!(
        told.violations[1],
        ("NOT_CHECKED".to_owned(), "events[1]".to_owned())
    );
    assert_eq!(world.size().await, size);
    seen.insert(ErrorReason::NotChecked);
    world.server.stop().await;
}

fn invalid(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(10);
    let day = day.as_str();
    let refused =
        |reason, field: &str, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let whole = |reason, field: &str, ja, events| Case {
        field: field.to_owned(),
        asked: append(events),
        ..refused(reason, "", ja, EventInput::default())
    };
    let report = |kind| actual(day, "前/件", kind);
    let twice = report(increment("1"));
    let entry = report(increment("2"));
    let tomorrow = world
        .today
        .checked_add(Span::new().days(1))
        .unwrap()
        .to_string();
    let long = "長".repeat(200);
    let mut large = plan(world.today.year() + 9, "大きい計画", 100);
    if let Some(Payload::PlanPublished(p)) = &mut large.payload {
        for pillar in &mut p.pillars {
            pillar.title = Some(Title {
                ja: long.clone(),
                en: Some(long.clone()),
            });
        }
    }
    let inconsistent = Definition {
        agg_time: AggTime::Latest.into(),
        ..counted()
    };
    let range = target::Range {
        lower: "1".to_owned(),
        upper: "2".to_owned(),
    };
    let range = Target {
        aim: Some(Aim::Range(range)),
        parts: Vec::new(),
    };
    let steps = PlanProfile {
        kind: PlanProfileKind::StepDates.into(),
        points: Vec::new(),
    };
    let longest = "長".repeat(4_000);
    vec![
        refused(
            R::FieldRequired,
            "event_id",
            "必須の項目です",
            EventInput {
                event_id: String::new(),
                ..report(increment("1"))
            },
        ),
        refused(
            R::FieldInvalid,
            "actual_recorded.measurement.nil",
            "形式が正しくありません",
            report(Kind::Nil(99)),
        ),
        refused(
            R::IdInvalid,
            "event_id",
            "IDが正しくありません",
            EventInput {
                event_id: "1234".to_owned(),
                ..report(increment("1"))
            },
        ),
        refused(
            R::CodeInvalid,
            "actual_recorded.indicator",
            "コードが正しくありません",
            actual(day, "../前", increment("1")),
        ),
        whole(
            R::EventIdRepeated,
            "events[1].event_id",
            "同じイベントIDが一つの要求に二度あります",
            vec![twice.clone(), twice],
        ),
        refused(
            R::TextTooLong,
            "narrative_added.text",
            "4000文字以内で入力してください",
            narrative(day, "前/1", &"長".repeat(4_001)),
        ),
        whole(
            R::BatchTooLarge,
            "events",
            "一度に送れるのは1件以上1000件以内です",
            Vec::new(),
        ),
        whole(
            R::RequestTooLarge,
            "events",
            "要求が大きすぎます（最大1048576バイト）",
            (0..90).map(|_| narrative(day, "前/1", &longest)).collect(),
        ),
        refused(
            R::EventTooLarge,
            "",
            "イベントが大きすぎます（最大65535バイト）",
            large,
        ),
        refused(
            R::ValueNotNumeric,
            "actual_recorded.measurement.increment",
            "数値で入力してください",
            report(increment("約80")),
        ),
        refused(
            R::ValueOutOfDomain,
            "actual_recorded.measurement.increment",
            "単位「件」の値は0以上の整数です",
            report(increment("3.5")),
        ),
        refused(
            R::RatioPartsRequired,
            "actual_recorded.measurement",
            "分子と分母を入力してください",
            actual(day, "前/率", level("80")),
        ),
        refused(
            R::DenominatorZero,
            "actual_recorded.measurement.ratio.denominator",
            "分母は0より大きい数です",
            actual(day, "前/率", ratio("1", "0")),
        ),
        refused(
            R::UnitMismatch,
            "actual_recorded.unit_code",
            "単位が異なります（この指標の単位はkm）",
            actual_of(day, "前/km", level("5"), None, Some("m")),
        ),
        refused(
            R::EntryKindMismatch,
            "actual_recorded.measurement",
            "この指標の報告方法は「時点の値」です",
            actual(day, "前/km", increment("5")),
        ),
        refused(
            R::DateInvalid,
            "valid_from",
            "日付が正しくありません",
            actual("2023-02-30", "前/件", increment("1")),
        ),
        refused(
            R::DateTooEarly,
            "valid_to",
            "以後の日にしてください",
            EventInput {
                valid_to: Some(world.day(9)),
                ..actual(day, "前/件", increment("1"))
            },
        ),
        refused(
            R::DateInFuture,
            "valid_from",
            "以前の日付です",
            actual(&tomorrow, &world.plan.indicators[0], increment("1")),
        ),
        refused(
            R::DateOutsideCycle,
            "valid_from",
            "までです",
            actual(&world.day(-1), "前/件", increment("1")),
        ),
        refused(
            R::ReasonRequired,
            "reason",
            "理由を入力してください",
            EventInput {
                reason: None,
                ..corrected(day, "前/件", &entry.event_id, increment("3"))
            },
        )
        .after(vec![entry]),
        refused(
            R::ReasonTooShort,
            "reason.text",
            "20字以上で書いてください（いまは2字）",
            {
                let mut short = because(proven(actual(day, "前/段階", Kind::RubricLevel(2))));
                if let Some(reason) = &mut short.reason {
                    "良好".clone_into(&mut reason.text);
                }
                short
            },
        ),
        refused(
            R::EvidenceRequired,
            "evidence",
            "根拠資料を添付してください",
            actual(day, "前/工程", reached(None, MilestoneState::Completed)),
        ),
        refused(
            R::DefinitionInconsistent,
            "indicator_defined.definition.agg_time",
            "指標の定義が矛盾しています",
            indicator(day, "前/1/1", "前/新", inconsistent),
        ),
        refused(
            R::TargetMismatch,
            "target_set.target",
            "目標が指標の定義に合いません",
            event(
                day,
                Payload::TargetSet(TargetSet {
                    indicator: "前/未".to_owned(),
                    target: Some(range),
                }),
            ),
        ),
        refused(
            R::ProfileMismatch,
            "plan_profile_set.profile",
            "計画線が指標に合いません",
            event(
                day,
                Payload::PlanProfileSet(PlanProfileSet {
                    indicator: "前/件".to_owned(),
                    profile: Some(steps),
                    assumed: false,
                }),
            ),
        ),
    ]
}

fn not_found(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(10);
    let day = day.as_str();
    let nobody = new_id().to_string();
    let refused =
        |reason, field: &str, ja, asked| refused(Code::NotFound, reason, field, ja, asked);
    let mut elsewhere = refused(
        R::LedgerUnknown,
        "",
        "台帳がありません",
        narrative(day, "前/1", "どこかへ"),
    );
    elsewhere.asked.ledger = "よその台帳".to_owned();
    elsewhere.field = "ledger".to_owned();
    vec![
        elsewhere,
        refused(
            R::PlanUnknown,
            "goal_set.plan",
            "計画が登録されていません",
            goal(day, "無い計画", "前/8", "前部", 1),
        ),
        refused(
            R::UnitUnknown,
            "goal_set.department",
            "組織が登録されていません",
            goal(day, "前年度", "前/8", "無い部", 1),
        ),
        refused(
            R::GoalUnknown,
            "goal_reworded.goal",
            "組織目標が登録されていません",
            goal_reworded(day, "前/無い"),
        ),
        refused(
            R::InitiativeUnknown,
            "indicator_defined.initiative",
            "取組内容が登録されていません",
            indicator(day, "前/無い", "前/新", counted()),
        ),
        refused(
            R::IndicatorUnknown,
            "actual_recorded.indicator",
            "指標が登録されていません",
            actual(day, "前/無い", increment("1")),
        ),
        refused(
            R::PillarUnknown,
            "goal_set.pillar",
            "柱が登録されていません",
            goal(day, "前年度", "前/8", "前部", 9),
        ),
        refused(
            R::MemberNotInSet,
            "actual_recorded.measurement.member.member",
            "対象一覧にありません",
            actual(day, "前/対象", member("丙")),
        ),
        refused(
            R::PartUnknown,
            "actual_recorded.part",
            "内訳がありません（甲）",
            actual(day, "前/内訳", increment("1")),
        ),
        refused(
            R::CheckpointUnknown,
            "actual_recorded.measurement.milestone.checkpoint",
            "工程がありません",
            actual(
                day,
                "前/工程",
                reached(Some("完成"), MilestoneState::Started),
            ),
        ),
        refused(
            R::EntryUnknown,
            "actual_corrected.corrects",
            "この指標にその実績はありません",
            corrected(day, "前/件", &nobody, increment("1")),
        ),
        refused(
            R::TargetUnknown,
            "target_revised.replaces",
            "この指標にその目標はありません",
            target_revised(&world.plan.first_day, "計画/1-1/1.1", &nobody, "200"),
        ),
        refused(
            R::ReferenceUnknown,
            "decision_event_id",
            "参照先のイベント",
            EventInput {
                decision_event_id: Some(nobody.clone()),
                ..narrative(day, "前/1", "決裁による")
            },
        ),
        refused(
            R::ReferenceUnknown,
            "causation_id",
            "参照先のイベント",
            EventInput {
                causation_id: Some(nobody.clone()),
                ..narrative(day, "前/1", "報告による")
            },
        ),
        refused(
            R::ReferenceUnknown,
            "evidence_attached.shows",
            "参照先のイベント",
            attached(day, "前/1", Some(&nobody)),
        ),
    ]
}

fn exists(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(10);
    let day = day.as_str();
    let refused =
        |reason, field: &str, ja, asked| refused(Code::AlreadyExists, reason, field, ja, asked);
    let mut same_id = unit(day, "新しい部", UnitKind::Department, None);
    if let Some(Payload::OrgUnitRegistered(p)) = &mut same_id.payload {
        p.unit.clone_from(&world.department);
    }
    let known = actual(day, "前/件", increment("4"));
    let other = EventInput {
        event_id: known.event_id.clone(),
        ..actual(day, "前/件", increment("5"))
    };
    let mut conflict = refused(
        R::IdempotencyConflict,
        "",
        "同じIDで内容が異なります",
        other,
    )
    .after(vec![known]);
    conflict.field = "events".to_owned();
    vec![
        refused(
            R::IdExists,
            "org_unit_registered.unit",
            "同じIDのものが既にあります",
            same_id,
        ),
        refused(
            R::CodeTaken,
            "org_unit_registered.code",
            "コードは既に使われています",
            unit(day, "前部", UnitKind::Department, None),
        ),
        refused(
            R::CycleTaken,
            "plan_published.cycle",
            "この年度の計画は既にあります",
            plan(world.today.year() - 1, "二つ目の計画", 1),
        ),
        refused(
            R::TargetExists,
            "target_set.indicator",
            "目標は設定済みです",
            target(day, "前/件", "90"),
        ),
        refused(
            R::ObservationExists,
            "actual_recorded.measurement",
            "訂正として登録してください",
            actual(day, "前/km", level("6")),
        )
        .after(vec![actual(day, "前/km", level("5"))]),
        conflict,
    ]
}

fn forbidden(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let (day, later) = (world.day(10), world.day(20));
    let (day, later) = (day.as_str(), later.as_str());
    let this = world.plan.first_day.as_str();
    let refused = |reason, field: &str, ja, asked| {
        refused(Code::FailedPrecondition, reason, field, ja, asked)
    };
    let text = str::to_owned;
    let opened = EventInput {
        valid_from: None,
        ..event(
            day,
            Payload::LedgerOpened(LedgerOpened {
                ledger: new_id().to_string(),
                code: text("town"),
                title: title("町"),
                origin: text("ledger.example/town"),
                time_zone: text("Asia/Tokyo"),
                locale: text("ja-JP"),
                sample: false,
                clock: ClockKind::System.into(),
                access_log_of: None,
            }),
        )
    };
    let resumed = because(event(
        day,
        Payload::GoalResumed(GoalResumed {
            goal: text("前/1")
        }),
    ));
    let suspended = because(event(
        day,
        Payload::GoalSuspended(GoalSuspended {
            goal: text("前/休止"),
        }),
    ));
    let cancelled = because(event(
        day,
        Payload::GoalCancelled(GoalCancelled {
            goal: text("前/中止"),
        }),
    ));
    let carried = because(event(
        day,
        Payload::GoalCarriedOver(GoalCarriedOver {
            goal: text("前/繰越"),
            to_plan: text("計画"),
            to_goal: None,
        }),
    ));
    let ended = because(event(
        day,
        Payload::InitiativeCancelled(InitiativeCancelled {
            initiative: text("前/2/9"),
        }),
    ));
    let gone = because(event(
        day,
        Payload::IndicatorCancelled(IndicatorCancelled {
            indicator: text("前/消"),
        }),
    ));
    let entry = actual(day, "前/件", increment("7"));
    let correction = corrected(day, "前/件", &entry.event_id, increment("8"));
    let first_target = target(this, "今/改", "100");
    let same_target = target(this, "今/同", "100");
    let redefined = because(event(
        day,
        Payload::IndicatorRedefined(IndicatorRedefined {
            indicator: text("前/未"),
            definition_version: 9,
            definition: Some(Definition {
                person_times: true,
                ..counted()
            }),
        }),
    ));
    let demand = event(
        day,
        Payload::DemandRecorded(DemandRecorded {
            indicator: text("前/件"),
            requests: text("3"),
        }),
    );
    vec![
        refused(
            R::LedgerOpenedOnce,
            "ledger_opened",
            "台帳の開設は管理操作で一度だけ行います",
            opened,
        ),
        refused(
            R::GoalSuspended,
            "actual_recorded.indicator",
            "から休止中です",
            actual(later, "前/休止/件", increment("1")),
        )
        .after(vec![suspended]),
        refused(
            R::GoalNotSuspended,
            "goal_resumed.goal",
            "組織目標は休止していません",
            resumed,
        ),
        refused(
            R::GoalCancelled,
            "goal_reworded.goal",
            "に中止されました",
            goal_reworded(later, "前/中止"),
        )
        .after(vec![cancelled]),
        refused(
            R::GoalCarriedOver,
            "goal_reworded.goal",
            "に繰り越されました",
            goal_reworded(later, "前/繰越"),
        )
        .after(vec![carried]),
        refused(
            R::InitiativeCancelled,
            "initiative_reworded.initiative",
            "取組内容は",
            event(
                later,
                Payload::InitiativeReworded(InitiativeReworded {
                    initiative: text("前/2/9"),
                    title: title("新しい名前"),
                    source_text: text("新しい文"),
                }),
            ),
        )
        .after(vec![initiative(day, "前/2", "前/2/9", 9, "前課"), ended]),
        refused(
            R::IndicatorCancelled,
            "indicator_reworded.indicator",
            "指標は",
            event(
                later,
                Payload::IndicatorReworded(IndicatorReworded {
                    indicator: text("前/消"),
                    title: title("新しい名前"),
                    source_text: text("新しい文"),
                    confirms: Vec::new(),
                }),
            ),
        )
        .after(vec![indicator(day, "前/1/1", "前/消", counted()), gone]),
        refused(
            R::AlreadySuperseded,
            "actual_corrected.corrects",
            "を対象にしてください",
            corrected(day, "前/件", &entry.event_id, increment("9")),
        )
        .after(vec![entry, correction]),
        refused(
            R::TargetSuperseded,
            "target_revised.replaces",
            "目標は既に変更されています",
            target_revised(this, "今/改", &first_target.event_id, "300"),
        )
        .after(vec![
            indicator(this, "計画/1-1/1", "今/改", counted()),
            first_target.clone(),
            target_revised(this, "今/改", &first_target.event_id, "200"),
        ]),
        refused(
            R::TargetMissing,
            "target_revised.indicator",
            "目標がまだ設定されていません",
            target_revised(this, "今/無", &new_id().to_string(), "300"),
        )
        .after(vec![indicator(this, "計画/1-1/1", "今/無", counted())]),
        refused(
            R::TargetUnchanged,
            "target_revised.target",
            "目標が変わっていません",
            target_revised(this, "今/同", &same_target.event_id, "100"),
        )
        .after(vec![
            indicator(this, "計画/1-1/1", "今/同", counted()),
            same_target,
        ]),
        refused(
            R::CycleEnded,
            "target_revised.indicator",
            "年度が終わった",
            target_revised(day, "前/件", &world.target, "80"),
        ),
        refused(
            R::MilestoneBackward,
            "actual_recorded.measurement.milestone.state",
            "工程は後戻りできません",
            actual(later, "前/工程", reached(None, MilestoneState::Started)),
        )
        .after(vec![actual(
            day,
            "前/工程",
            reached(None, MilestoneState::Decided),
        )]),
        refused(
            R::UnitNotActive,
            "goal_set.department",
            "には存在しません",
            goal(day, "前年度", "前/8", "新部", 1),
        )
        .after(vec![unit(
            &world.day(200),
            "新部",
            UnitKind::Department,
            None,
        )]),
        refused(
            R::UnitKindMismatch,
            "goal_set.department",
            "組織目標は部が設定します",
            goal(day, "前年度", "前/8", "前課", 1),
        ),
        refused(
            R::LeadOutsideDepartment,
            "initiative_set.lead_unit",
            "担当課が組織目標の部に属していません",
            initiative(day, "前/1", "前/1/7", 7, "他課"),
        ),
        refused(
            R::UnitTreeCycle,
            "org_unit_changed.parent",
            "組織の上下関係が循環します",
            unit_changed(day, "前部", Some("前課"), false),
        ),
        refused(
            R::UnitDissolved,
            "org_unit_changed.unit",
            "に廃止されています",
            unit_changed(later, "廃課", None, true),
        )
        .after(vec![
            unit(&world.day(0), "廃課", UnitKind::Section, None),
            unit_changed(day, "廃課", None, true),
        ]),
        refused(
            R::UnitInUse,
            "org_unit_changed.dissolved",
            "下位の組織があります（前課）",
            unit_changed(day, "前部", None, true),
        ),
        refused(
            R::NotDemandDriven,
            "demand_recorded.indicator",
            "この指標は需要を記録しません",
            demand,
        ),
        refused(
            R::DifferentCycle,
            "initiative_moved.to_goal",
            "年度が異なります",
            initiative_moved(day, "前/2/1", "前/2", "計画/1-1"),
        ),
        refused(
            R::DefinitionVersionStale,
            "indicator_redefined.definition_version",
            "定義の版は2です",
            redefined,
        ),
        refused(
            R::TotalTooLarge,
            "actual_recorded.measurement.increment",
            "合計が大きすぎます",
            actual_of(day, "前/内訳", increment("1000000001"), Some("甲"), None),
        ),
        refused(
            R::ParentDiffers,
            "initiative_moved.from_goal",
            "現在の親が異なります",
            initiative_moved(day, "前/2/1", "前/1", "前/1"),
        ),
    ]
}

fn stale(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(10);
    let entry = actual(&day, "前/件", increment("11"));
    let refused = |reason, field: &str, ja, asked| refused(Code::Aborted, reason, field, ja, asked);
    let mut behind = refused(
        R::StreamVersionConflict,
        "",
        "他の更新がありました（現在の版",
        narrative(&day, "前/1", "遅れて"),
    );
    behind.asked.expected_revisions = vec![expecting("前/1", 9_999)];
    behind.field = "expected_revisions[0].revision".to_owned();
    let mut differs = corrected(&day, "前/件", &entry.event_id, increment("12"));
    if let Some(Payload::ActualCorrected(p)) = &mut differs.payload {
        p.before = measured(increment("99"));
    }
    vec![
        behind,
        refused(
            R::ExpectedValueDiffers,
            "actual_corrected.before",
            "訂正前の値が一致しません（登録値 11）",
            differs,
        )
        .after(vec![entry]),
    ]
}

/// The revision that a goal's stream must have.
pub(crate) fn expecting(goal: &str, revision: u64) -> ExpectedRevision {
    let stream = StreamRef {
        kind: StreamKind::Goal.into(),
        id: goal.to_owned(),
    };
    ExpectedRevision {
        stream: Some(stream),
        revision,
    }
}
