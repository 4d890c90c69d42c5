//! Events about periods, policies, evaluations and next actions.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;

use super::super::world::*;

/// Events about the periods of one plan.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) plan: &'a str,
    pub(super) day: &'a str,
}

impl Of<'_> {
    pub(super) fn opened(&self, period: &str, first: &str, last: &str) -> EventInput {
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

    pub(super) fn soft_closed(&self, period: &str) -> EventInput {
        event(
            self.day,
            Payload::PeriodSoftClosed(PeriodSoftClosed {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
            }),
        )
    }

    pub(super) fn closed(&self, period: &str) -> EventInput {
        self.closed_as(period, None)
    }

    pub(super) fn closed_as(&self, period: &str, revision: Option<u32>) -> EventInput {
        event(
            self.day,
            Payload::PeriodClosed(PeriodClosed {
                plan: self.plan.to_owned(),
                period: period.to_owned(),
                revision,
            }),
        )
    }

    pub(super) fn reopened(&self, period: &str, indicator: &str, until: &str) -> EventInput {
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

    pub(super) fn restated(
        &self,
        period: &str,
        revision: u32,
        rows: u32,
        policy: &str,
    ) -> EventInput {
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

pub(super) fn policy(
    day: &str,
    code: &str,
    version: u32,
    content: policy_published::Content,
) -> EventInput {
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

pub(super) fn evaluation(rubric: Option<&str>, on_track_from: &str) -> policy_published::Content {
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

pub(super) fn grades() -> policy_published::Content {
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

pub(super) fn about(indicator: &str) -> Option<Subject> {
    Some(Subject {
        kind: Some(subject::Kind::Indicator(indicator.to_owned())),
    })
}

pub(super) fn self_evaluated(
    day: &str,
    indicator: &str,
    period: &str,
    grade: Option<&str>,
) -> EventInput {
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

pub(super) fn reviewed(day: &str, indicator: &str, period: &str) -> EventInput {
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

pub(super) fn finalised(day: &str, indicator: &str, period: &str) -> EventInput {
    event(
        day,
        Payload::EvaluationFinalised(EvaluationFinalised {
            subject: about(indicator),
            period: period.to_owned(),
            ..EvaluationFinalised::default()
        }),
    )
}

pub(super) fn agreed(day: &str, action: &str, period: &str, due: &str) -> EventInput {
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

pub(super) fn ended(day: &str, action: &str) -> EventInput {
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
