//! Policies between the wire and the domain.

use crate::api::v1;
use crate::api::v1::policy_published;
use crate::domain::access::Role;
use crate::domain::access::{AccessPolicy, InvalidPolicyText};
use crate::domain::decision::ChangeKind;
use crate::domain::decision::policy::{ApprovalPolicy, ApprovalRule, Post};
use crate::domain::evaluation::judgement::ComputedJudgement;
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeLevel, GradeRubric, PolicyContent, PolicyVersion,
};
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::recorded::show_title;
use crate::grpc::event::resolver::Resolver;

pub(super) fn policy_version(
    faults: &mut Faults,
    at: &At<'_>,
    version: Option<&v1::PolicyVersion>,
) -> Option<PolicyVersion> {
    let Some(version) = version else {
        return faults.required(at);
    };
    let code = faults.code(&at.then("code"), &version.code);
    Some(PolicyVersion {
        code: code?,
        version: version.version,
    })
}

pub(super) fn content(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    content: Option<&policy_published::Content>,
) -> Option<PolicyContent> {
    match content {
        None => faults.required(&at.then("content")),
        Some(policy_published::Content::Evaluation(policy)) => {
            evaluation_policy(faults, &at.then("evaluation"), policy).map(PolicyContent::Evaluation)
        }
        Some(policy_published::Content::Rubric(rubric)) => {
            grade_rubric(faults, &at.then("rubric"), rubric).map(PolicyContent::Rubric)
        }
        Some(policy_published::Content::Approval(policy)) => {
            approval_policy(faults, resolver, &at.then("approval"), policy)
                .map(PolicyContent::Approval)
        }
        Some(policy_published::Content::Access(policy)) => {
            let at = at.then("access");
            let at = at.then("cedar");
            match AccessPolicy::parse(&policy.cedar) {
                Ok(policy) => Some(PolicyContent::Access(policy)),
                Err(InvalidPolicyText::Empty) => faults.required(&at),
                Err(problem @ InvalidPolicyText::TooLong) => faults.form(&at, &problem.to_string()),
            }
        }
    }
}

fn evaluation_policy(
    faults: &mut Faults,
    at: &At<'_>,
    policy: &v1::EvaluationPolicy,
) -> Option<EvaluationPolicy> {
    let mut figure = |name, text: &str| {
        if text.is_empty() {
            faults.required(&at.then(name))
        } else {
            faults.quantity(&at.then(name), text)
        }
    };
    let on_track_from = figure("on_track_from", &policy.on_track_from);
    let slightly_behind_from = figure("slightly_behind_from", &policy.slightly_behind_from);
    let mean_cap = optional(policy.mean_cap.as_deref(), |text| figure("mean_cap", text));
    let forecast_gap = figure("forecast_gap", &policy.forecast_gap);
    let reduction = faults.choice(&at.then("reduction"), policy.reduction);
    let roll_up = faults.choice(&at.then("roll_up"), policy.roll_up);
    let rubric = optional(policy.rubric.as_deref(), |code| {
        faults.code(&at.then("rubric"), code)
    });
    Some(EvaluationPolicy {
        on_track_from: on_track_from?,
        slightly_behind_from: slightly_behind_from?,
        display_digits: policy.display_digits,
        mean_cap: mean_cap?,
        reduction: reduction?,
        interpolates_months: policy.interpolates_months,
        months_compensate: policy.months_compensate,
        forecast_gap: forecast_gap?,
        late_lowering_days: policy.late_lowering_days,
        late_report_days: policy.late_report_days,
        roll_up: roll_up?,
        rubric: rubric?,
    })
}

fn grade_rubric(faults: &mut Faults, at: &At<'_>, rubric: &v1::GradeRubric) -> Option<GradeRubric> {
    let input = faults.choice(&at.then("input"), rubric.input);
    let levels = faults.list(
        at,
        "levels",
        &rubric.levels,
        GradeRubric::LEVELS_MAX,
        grade_level,
    );
    Some(GradeRubric {
        input: input?,
        levels: levels?,
        full_target_is_best: rubric.full_target_is_best,
    })
}

fn grade_level(faults: &mut Faults, at: &At<'_>, level: &v1::GradeLevel) -> Option<GradeLevel> {
    let key = faults.key(&at.then("key"), &level.key);
    let title = faults.title(&at.then("title"), level.title.as_ref());
    let at_least = optional(level.at_least.as_deref(), |text| {
        faults.quantity(&at.then("at_least"), text)
    });
    let statuses = faults.list(
        at,
        "statuses",
        &level.statuses,
        crate::domain::evaluation::Status::ALL.len(),
        |faults, at, status| faults.choice(at, *status),
    );
    Some(GradeLevel {
        key: key?,
        title: title?,
        at_least: at_least?,
        statuses: statuses?,
        non_grade: level.non_grade,
    })
}

fn approval_policy(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    policy: &v1::ApprovalPolicy,
) -> Option<ApprovalPolicy> {
    let max = ChangeKind::ALL.len();
    let rules = faults.list(at, "rules", &policy.rules, max, |faults, at, rule| {
        approval_rule(faults, resolver, at, rule)
    });
    Some(ApprovalPolicy { rules: rules? })
}

fn approval_rule(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    rule: &v1::ApprovalRule,
) -> Option<ApprovalRule> {
    let kind = faults.choice(&at.then("kind"), rule.kind);
    let drafters = faults.list(
        at,
        "drafters",
        &rule.drafters,
        Role::ALL.len(),
        |faults, at, role| faults.choice(at, *role),
    );
    let mut posts = |name, posts: &[v1::ApprovalPost]| {
        faults.list(
            at,
            name,
            posts,
            ApprovalPolicy::POSTS_MAX,
            |faults, at, post| {
                let role = faults.choice(&at.then("role"), post.role);
                let unit = optional(post.unit.as_deref(), |unit| {
                    resolver.reference(faults, &at.then("unit"), unit)
                });
                Some(Post {
                    role: role?,
                    unit: unit?,
                })
            },
        )
    };
    let consulted = posts("consulted", &rule.consulted);
    let deciders = posts("deciders", &rule.deciders);
    let later = posts("deciders_after_midyear", &rule.deciders_after_midyear);
    Some(ApprovalRule {
        kind: kind?,
        drafters: drafters?,
        consulted: consulted?,
        deciders: deciders?,
        deciders_after_midyear: later?,
        external: rule.external,
        expires_after_days: rule.expires_after_days,
        review_within_days: rule.review_within_days,
    })
}

pub(crate) fn show_approval_policy(policy: &ApprovalPolicy) -> v1::ApprovalPolicy {
    let rule = |rule: &ApprovalRule| v1::ApprovalRule {
        kind: rule.kind.number(),
        drafters: rule.drafters.iter().map(|role| role.number()).collect(),
        consulted: show_posts(&rule.consulted),
        deciders: show_posts(&rule.deciders),
        deciders_after_midyear: show_posts(&rule.deciders_after_midyear),
        external: rule.external,
        expires_after_days: rule.expires_after_days,
        review_within_days: rule.review_within_days,
    };
    v1::ApprovalPolicy {
        rules: policy.rules.iter().map(rule).collect(),
    }
}

fn show_posts(posts: &[Post]) -> Vec<v1::ApprovalPost> {
    let post = |post: &Post| v1::ApprovalPost {
        role: post.role.number(),
        unit: post.unit.map(|unit| unit.to_string()),
    };
    posts.iter().map(post).collect()
}

pub(crate) fn show_policy_version(version: &PolicyVersion) -> v1::PolicyVersion {
    v1::PolicyVersion {
        code: version.code.to_string(),
        version: version.version,
    }
}

pub(super) fn show_content(content: &PolicyContent) -> policy_published::Content {
    match content {
        PolicyContent::Evaluation(policy) => {
            policy_published::Content::Evaluation(show_evaluation_policy(policy))
        }
        PolicyContent::Rubric(rubric) => {
            policy_published::Content::Rubric(show_grade_rubric(rubric))
        }
        PolicyContent::Approval(policy) => {
            policy_published::Content::Approval(show_approval_policy(policy))
        }
        PolicyContent::Access(policy) => {
            policy_published::Content::Access(show_access_policy(policy))
        }
    }
}

pub(crate) fn show_access_policy(policy: &AccessPolicy) -> v1::AccessPolicy {
    v1::AccessPolicy {
        cedar: policy.cedar().to_owned(),
    }
}

pub(crate) fn show_evaluation_policy(policy: &EvaluationPolicy) -> v1::EvaluationPolicy {
    v1::EvaluationPolicy {
        on_track_from: policy.on_track_from.to_string(),
        slightly_behind_from: policy.slightly_behind_from.to_string(),
        display_digits: policy.display_digits,
        mean_cap: policy.mean_cap.map(|cap| cap.to_string()),
        reduction: policy.reduction.number(),
        interpolates_months: policy.interpolates_months,
        months_compensate: policy.months_compensate,
        forecast_gap: policy.forecast_gap.to_string(),
        late_lowering_days: policy.late_lowering_days,
        late_report_days: policy.late_report_days,
        roll_up: policy.roll_up.number(),
        rubric: policy.rubric.as_ref().map(ToString::to_string),
    }
}

pub(crate) fn show_grade_rubric(rubric: &GradeRubric) -> v1::GradeRubric {
    let level = |level: &GradeLevel| v1::GradeLevel {
        key: level.key.to_string(),
        title: Some(show_title(&level.title)),
        at_least: level.at_least.map(|figure| figure.to_string()),
        statuses: level.statuses.iter().map(|s| s.number()).collect(),
        non_grade: level.non_grade,
    };
    v1::GradeRubric {
        input: rubric.input.number(),
        levels: rubric.levels.iter().map(level).collect(),
        full_target_is_best: rubric.full_target_is_best,
    }
}

pub(crate) fn show_computed(computed: &ComputedJudgement) -> v1::ComputedJudgement {
    v1::ComputedJudgement {
        status: computed.status.number(),
        grade: computed.grade.as_ref().map(ToString::to_string),
    }
}
