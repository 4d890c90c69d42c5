//! Payloads of policies, periods, evaluations and next actions.

use super::*;
use crate::domain::evaluation::Status;
use crate::domain::evaluation::judgement::{
    ActionKind, ActionOutcome, CauseCode, ComputedJudgement,
};
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeInput, GradeLevel, GradeRubric, PolicyContent, PolicyVersion,
    ReductionFormula, RollUpJudgement,
};
use crate::domain::id::ActionId;

fn action(n: u128) -> ActionId {
    ActionId::new(uuid(0x9000 + n)).unwrap()
}

fn version(code_: &str, version: u32) -> PolicyVersion {
    PolicyVersion {
        code: code(code_),
        version,
    }
}

pub(super) fn policy() -> EvaluationPolicy {
    EvaluationPolicy {
        on_track_from: quantity("0.95"),
        slightly_behind_from: quantity("0.75"),
        display_digits: 2,
        mean_cap: Some(quantity("1.2")),
        reduction: ReductionFormula::TwoMinusRatio,
        interpolates_months: true,
        months_compensate: true,
        forecast_gap: quantity("0.05"),
        late_lowering_days: 90,
        late_report_days: 30,
        roll_up: RollUpJudgement::Worst,
        rubric: Some(code("city-2023")),
    }
}

pub(super) fn rubric() -> GradeRubric {
    GradeRubric {
        input: GradeInput::Attainment,
        levels: vec![
            GradeLevel {
                key: key("A"),
                title: both("目標どおり", "As planned"),
                at_least: Some(quantity("1")),
                statuses: vec![Status::Achieved, Status::AchievedLate],
                non_grade: false,
            },
            GradeLevel {
                key: key("Z"),
                title: ja("評価困難"),
                at_least: None,
                statuses: vec![],
                non_grade: true,
            },
        ],
        full_target_is_best: true,
    }
}

/// As [`payloads`](super::payloads::payloads).
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    let (g, i, k) = (goal(1), initiative(1), indicator(1));
    let judged = ComputedJudgement {
        status: Status::SlightlyBehind,
        grade: Some(key("B")),
    };
    let unjudged = ComputedJudgement {
        status: Status::NoReport,
        grade: None,
    };
    vec![
        (
            PolicyPublished {
                code: code("city"),
                version: 2,
                title: both("算定方針", "How figures are judged"),
                content: PolicyContent::Evaluation(policy()),
            }
            .into(),
            PolicyPublished {
                code: code("city-2023"),
                version: 1,
                title: ja("評価基準"),
                content: PolicyContent::Rubric(GradeRubric {
                    input: GradeInput::Judgement,
                    levels: vec![],
                    full_target_is_best: false,
                }),
            }
            .into(),
        ),
        (
            PeriodOpened {
                plan: plan(1),
                period: key("上半期"),
                title: both("上半期", "First half"),
                span: DateSpan::new(date(2023, 4, 1), date(2023, 9, 30)).unwrap(),
            }
            .into(),
            PeriodOpened {
                plan: plan(1),
                period: key("a"),
                title: ja("日"),
                span: DateSpan::day(date(2023, 4, 1)),
            }
            .into(),
        ),
        (
            PeriodSoftClosed {
                plan: plan(1),
                period: key("上半期"),
            }
            .into(),
            PeriodSoftClosed {
                plan: plan(1),
                period: key("a"),
            }
            .into(),
        ),
        (
            PeriodClosed {
                plan: plan(1),
                period: key("上半期"),
                revision: Some(2),
            }
            .into(),
            PeriodClosed {
                plan: plan(1),
                period: key("a"),
                revision: Some(1),
            }
            .into(),
        ),
        (
            PeriodReopened {
                plan: plan(1),
                period: key("上半期"),
                scope: vec![indicator(2), k],
                until: date(2023, 10, 31),
            }
            .into(),
            PeriodReopened {
                plan: plan(1),
                period: key("a"),
                scope: vec![],
                until: date(2023, 4, 1),
            }
            .into(),
        ),
        (
            SnapshotTaken {
                plan: plan(1),
                period: key("上半期"),
                revision: 2,
                closed_by: event_id(37),
                effective_on: date(2023, 9, 30),
                known_at: 1_000_037,
                policy: version("city", 2),
                rows: 230,
                rows_format: 1,
                rows_sha256: [0x55; 32],
                root: Some([0x66; 32]),
            }
            .into(),
            SnapshotTaken {
                plan: plan(1),
                period: key("a"),
                revision: 1,
                closed_by: event_id(1),
                effective_on: date(2023, 4, 1),
                known_at: 0,
                policy: version("default", 0),
                rows: 0,
                rows_format: 1,
                rows_sha256: [0; 32],
                root: None,
            }
            .into(),
        ),
        (
            RestatementIssued {
                plan: plan(1),
                period: key("上半期"),
                revision: 2,
                known_at: Some(u64::MAX),
                policy: Some(version("city", 2)),
                rows: Some(3),
                material: Some(1),
                rows_format: Some(1),
                rows_sha256: Some([0x77; 32]),
            }
            .into(),
            RestatementIssued {
                plan: plan(1),
                period: key("a"),
                revision: 1,
                known_at: Some(0),
                policy: Some(version("default", 0)),
                rows: Some(1),
                material: Some(0),
                rows_format: Some(1),
                rows_sha256: Some([0; 32]),
            }
            .into(),
        ),
        (
            SelfEvaluated {
                subject: Subject::Indicator(k),
                period: key("上半期"),
                grade: Some(key("A")),
                rubric: Some(version("city-2023", 1)),
                computed: Some(judged.clone()),
                cause: Some(CauseCode::TenderFailed),
                comment: text("入札をやり直したため\n遅れたが、取り戻した。"),
            }
            .into(),
            SelfEvaluated {
                subject: Subject::Goal(g),
                period: key("a"),
                grade: None,
                rubric: None,
                computed: None,
                cause: None,
                comment: text("-"),
            }
            .into(),
        ),
        (
            EvaluationReviewed {
                subject: Subject::Indicator(k),
                period: key("上半期"),
                grade: Some(key("B")),
                rubric: Some(version("city-2023", 1)),
                computed: Some(judged.clone()),
                comment: text("取り戻したとまでは言えない。"),
            }
            .into(),
            EvaluationReviewed {
                subject: Subject::Initiative(i),
                period: key("a"),
                grade: None,
                rubric: None,
                computed: Some(unjudged),
                comment: text("-"),
            }
            .into(),
        ),
        (
            EvaluationFinalised {
                subject: Subject::Indicator(k),
                period: key("上半期"),
                grade: Some(key("B")),
                rubric: Some(version("city-2023", 1)),
                computed: Some(judged),
                comment: Some(text("二次評価のとおり。")),
            }
            .into(),
            EvaluationFinalised {
                subject: Subject::Goal(g),
                period: key("a"),
                grade: None,
                rubric: None,
                computed: None,
                comment: None,
            }
            .into(),
        ),
        (
            NextActionAgreed {
                subject: Subject::Indicator(k),
                action: action(1),
                period: key("上半期"),
                kind: ActionKind::Improve,
                text: text("発注を四半期早める。"),
                owner_unit: unit_id(2),
                due: date(2023, 12, 28),
            }
            .into(),
            NextActionAgreed {
                subject: Subject::Goal(g),
                action: action(2),
                period: key("a"),
                kind: ActionKind::Stop,
                text: text("-"),
                owner_unit: unit_id(1),
                due: date(2023, 4, 2),
            }
            .into(),
        ),
        (
            NextActionClosed {
                subject: Subject::Indicator(k),
                action: action(1),
                outcome: ActionOutcome::CarriedOn,
                text: text("次年度の発注計画に引き継いだ。"),
            }
            .into(),
            NextActionClosed {
                subject: Subject::Initiative(i),
                action: action(2),
                outcome: ActionOutcome::Done,
                text: text("-"),
            }
            .into(),
        ),
    ]
}
