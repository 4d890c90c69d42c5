//! Payloads, by the names that tests use.

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::date::{Date, DateSpan};
use crate::domain::evaluation::Status;
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeInput, GradeLevel, GradeRubric, PolicyContent,
};
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Pillar;
use crate::domain::target::{Aim, EndState, PartTarget, Target};

use super::*;

pub(crate) fn plan(code_text: &str, year: i16) -> PlanPublished {
    let pillars = (1..=6)
        .map(|number| Pillar {
            number,
            title: title(&format!("柱{number}")),
        })
        .collect();
    PlanPublished {
        plan: plan_id(code_text),
        code: code(code_text),
        title: title("組織重点目標"),
        cycle: DateSpan::new(Date::constant(year, 4, 1), Date::constant(year + 1, 3, 31)).unwrap(),
        pillars,
        source_sha256: None,
    }
}

pub(crate) fn org_unit(unit: &str, kind: UnitKind, parent: Option<&str>) -> OrgUnitRegistered {
    OrgUnitRegistered {
        unit: unit_id(unit),
        code: code(unit),
        name: title(unit),
        kind,
        parent: parent.map(unit_id),
    }
}

pub(crate) fn unit_changed(unit: &str) -> OrgUnitChanged {
    OrgUnitChanged {
        unit: unit_id(unit),
        name: None,
        parent: None,
        dissolved: false,
    }
}

pub(crate) fn goal(goal: &str, plan: &str, department: &str) -> GoalSet {
    GoalSet {
        goal: goal_id(goal),
        plan: plan_id(plan),
        code: code(goal),
        department: unit_id(department),
        pillar: 1,
        title: title(goal),
        source_text: text(goal),
        continues: None,
    }
}

pub(crate) fn initiative(initiative: &str, goal: &str, number: u32, lead: &str) -> InitiativeSet {
    InitiativeSet {
        initiative: initiative_id(initiative),
        goal: goal_id(goal),
        number,
        code: code(initiative),
        title: title(initiative),
        source_text: text(initiative),
        lead_unit: unit_id(lead),
        contributing_units: Vec::new(),
        continues: None,
        references: Vec::new(),
    }
}

pub(crate) fn defined(
    indicator: &str,
    initiative: &str,
    definition: Definition,
) -> IndicatorDefined {
    IndicatorDefined {
        indicator: indicator_id(indicator),
        initiative: initiative_id(initiative),
        code: code(indicator),
        title: title(indicator),
        source_text: text(indicator),
        definition,
        continues: None,
    }
}

pub(crate) fn redefined(
    indicator: &str,
    version: u32,
    definition: Definition,
) -> IndicatorRedefined {
    IndicatorRedefined {
        indicator: indicator_id(indicator),
        definition_version: version,
        definition,
    }
}

pub(crate) fn target_set(indicator: &str, aim: Aim) -> TargetSet {
    TargetSet {
        indicator: indicator_id(indicator),
        target: Target {
            aim,
            parts: Vec::new(),
        },
    }
}

pub(crate) fn target_revised(indicator: &str, replaces: &str, aim: Aim) -> TargetRevised {
    TargetRevised {
        indicator: indicator_id(indicator),
        replaces: event_id(replaces),
        before: None,
        target: Target {
            aim,
            parts: Vec::new(),
        },
    }
}

pub(crate) fn part_target(part: &str, value: &str) -> PartTarget {
    PartTarget {
        part: key(part),
        value: q(value),
    }
}

pub(crate) fn recorded(measurement: Measurement) -> ActualRecorded {
    ActualRecorded {
        indicator: indicator_id("X"),
        measurement,
        reported: ReportedPart::default(),
    }
}

pub(crate) fn recorded_of(part: &str, measurement: Measurement) -> ActualRecorded {
    ActualRecorded {
        reported: ReportedPart {
            part: Some(key(part)),
            unit_code: None,
        },
        ..recorded(measurement)
    }
}

pub(crate) fn corrected(corrects: &str, measurement: Measurement) -> ActualCorrected {
    ActualCorrected {
        indicator: indicator_id("X"),
        corrects: event_id(corrects),
        before: None,
        measurement,
        reported: ReportedPart::default(),
    }
}

pub(crate) fn retracted(retracts: &str) -> ActualRetracted {
    ActualRetracted {
        indicator: indicator_id("X"),
        retracts: event_id(retracts),
        before: None,
    }
}

pub(crate) fn increment(amount: &str) -> Measurement {
    Measurement::Increment(q(amount))
}

pub(crate) fn level(value: &str) -> Measurement {
    Measurement::Level(q(value))
}

pub(crate) fn share(numerator: &str, denominator: &str) -> Measurement {
    Measurement::Ratio {
        numerator: q(numerator),
        denominator: q(denominator),
    }
}

pub(crate) fn member(member: &str, state: MemberState) -> Measurement {
    Measurement::Member {
        member: key(member),
        state,
    }
}

pub(crate) fn member_value(member: &str, value: &str) -> Measurement {
    Measurement::MemberValue {
        member: key(member),
        value: q(value),
    }
}

pub(crate) fn milestone_state(state: MilestoneState) -> Measurement {
    Measurement::Milestone {
        checkpoint: None,
        state,
    }
}

pub(crate) fn checkpoint_state(checkpoint: &str, state: MilestoneState) -> Measurement {
    Measurement::Milestone {
        checkpoint: Some(key(checkpoint)),
        state,
    }
}

pub(crate) fn nil(cause: NilCause) -> Measurement {
    Measurement::Nil(cause)
}

pub(crate) fn value(value: &str) -> Aim {
    Aim::Value(q(value))
}

pub(crate) fn done_by(due: &str) -> Aim {
    Aim::Done {
        due: day(due),
        end_state: EndState::Completed,
    }
}

// Definitions, by the kinds of criteria.

// Periods, policies, evaluations.

/// The first half of FY2023, with its evaluation date 30 September.
pub(crate) fn period_opened(period: &str, first: &str, last: &str) -> PeriodOpened {
    PeriodOpened {
        plan: plan_id("R5"),
        period: key(period),
        title: title(period),
        span: days(first, last),
    }
}

pub(crate) fn soft_closed(period: &str) -> PeriodSoftClosed {
    PeriodSoftClosed {
        plan: plan_id("R5"),
        period: key(period),
    }
}

pub(crate) fn closed(period: &str) -> PeriodClosed {
    PeriodClosed {
        plan: plan_id("R5"),
        period: key(period),
        revision: None,
    }
}

pub(crate) fn reopened(period: &str, scope: &[&str], until: &str) -> PeriodReopened {
    PeriodReopened {
        plan: plan_id("R5"),
        period: key(period),
        scope: scope.iter().map(|name| indicator_id(name)).collect(),
        until: day(until),
    }
}

pub(crate) fn published(code_: &str, version: u32, content: PolicyContent) -> PolicyPublished {
    PolicyPublished {
        code: code(code_),
        version,
        title: title(code_),
        content,
    }
}

/// Grades A from 100 %, B from 80 %, C below; Z for what cannot be assessed.
pub(crate) fn grades() -> GradeRubric {
    let level = |key_: &str, at_least: Option<&str>, statuses: &[Status], non_grade| GradeLevel {
        key: key(key_),
        title: title(key_),
        at_least: at_least.map(q),
        statuses: statuses.to_vec(),
        non_grade,
    };
    GradeRubric {
        input: GradeInput::Attainment,
        levels: vec![
            level("A", Some("1"), &[], false),
            level("B", Some("0.8"), &[], false),
            level("C", None, &[], false),
            level("Z", None, &[Status::NotEvaluable], true),
        ],
        full_target_is_best: false,
    }
}

/// The default policy, grading by the rubric of this code.
pub(crate) fn grading_by(rubric: &str) -> PolicyContent {
    PolicyContent::Evaluation(EvaluationPolicy {
        rubric: Some(code(rubric)),
        ..EvaluationPolicy::default()
    })
}

pub(crate) fn of_indicator(indicator: &str) -> Subject {
    Subject::Indicator(indicator_id(indicator))
}

pub(crate) fn self_evaluated(subject: Subject, period: &str, grade: Option<&str>) -> SelfEvaluated {
    SelfEvaluated {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        cause: None,
        comment: text("所見"),
    }
}

pub(crate) fn reviewed(subject: Subject, period: &str, grade: Option<&str>) -> EvaluationReviewed {
    EvaluationReviewed {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        comment: text("所見"),
    }
}

pub(crate) fn finalised(
    subject: Subject,
    period: &str,
    grade: Option<&str>,
) -> EvaluationFinalised {
    EvaluationFinalised {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        comment: None,
    }
}

pub(crate) fn action_id(name: &str) -> ActionId {
    ActionId::derived(SPACE, name)
}
