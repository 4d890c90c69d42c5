//! What the events of policies, periods, evaluations and next actions change.
//!
//! What they change has no place among the fields of the plan or the goal they belong to: each is told by comparing the
//! policy, the period, the evaluation or the action itself before and after.

use std::fmt::Write as _;

use super::{FieldChange, Known, unit_text};
use crate::domain::access::AccessPolicy;
use crate::domain::access::Role;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::decision::policy::{ApprovalPolicy, ApprovalRule, Post};
use crate::domain::directory::PublishedContent;
use crate::domain::evaluation::policy::{EvaluationPolicy, GradeLevel, GradeRubric};
use crate::domain::event::{Evaluated, Event, Payload, PolicyPublished};
use crate::domain::goal::evaluation::{ActionClosed, NextAction};
use crate::domain::id::{ActionId, PlanId};
use crate::domain::period::{Period, Step};

/// What such an event changes; nothing for any other.
pub(super) fn told(
    event: &Event,
    before: Known<'_>,
    after: Known<'_>,
    date: Date,
) -> Vec<FieldChange> {
    let period = |plan, key| period(plan, key, before, after);
    match &event.payload {
        Payload::PolicyPublished(p) => policy(event, p, before),
        Payload::PeriodOpened(p) => period(p.plan, &p.period),
        Payload::PeriodSoftClosed(p) => period(p.plan, &p.period),
        Payload::PeriodClosed(p) => period(p.plan, &p.period),
        Payload::PeriodReopened(p) => {
            let mut changes = period(p.plan, &p.period);
            let codes: Vec<String> = p
                .scope
                .iter()
                .map(|id| {
                    let entry = after.directory.indicator(*id);
                    entry.map_or_else(|| id.to_string(), |entry| entry.code.to_string())
                })
                .collect();
            changes.push(set("scope", codes.join(", ")));
            changes
        }
        Payload::SnapshotTaken(p) => vec![set(
            "snapshot",
            format!(
                "{} {} D={} K={} {} rows={} sha256={}",
                p.period,
                p.revision,
                p.effective_on,
                p.known_at,
                p.policy,
                p.rows,
                hex::encode(p.rows_sha256)
            ),
        )],
        Payload::RestatementIssued(p) => vec![set(
            "restatement",
            format!(
                "{} {} K={} rows={} material={}",
                p.period,
                p.revision,
                p.known_at.unwrap_or_default(),
                p.rows.unwrap_or_default(),
                p.material.unwrap_or_default()
            ),
        )],
        Payload::NextActionAgreed(p) => action(p.action, before, after, date),
        Payload::NextActionClosed(p) => action(p.action, before, after, date),
        payload => payload
            .evaluated()
            .map_or_else(Vec::new, |evaluated| judged(&evaluated, before)),
    }
}

fn set(field: &'static str, after: String) -> FieldChange {
    FieldChange {
        field,
        before: None,
        after: Some(after),
    }
}

/// The change of a field, unless it stays as it was.
fn change(
    field: &'static str,
    before: Option<String>,
    after: Option<String>,
) -> Option<FieldChange> {
    (before != after).then_some(FieldChange {
        field,
        before,
        after,
    })
}

fn policy(event: &Event, p: &PolicyPublished, before: Known<'_>) -> Vec<FieldChange> {
    let last = before.directory.newest_policy(&p.code);
    let since = |from: Option<crate::domain::date::Date>| {
        from.map_or_else(String::new, |from| format!(" ({from}〜)"))
    };
    let mut changes = Vec::new();
    changes.push(FieldChange {
        field: "policy",
        before: last.map(|last| format!("{}{}", last.version, since(Some(last.effective_from)))),
        after: Some(format!(
            "{} v{}{}",
            p.code,
            p.version,
            since(event.valid.map(|valid| valid.from))
        )),
    });
    let was = last.map(|last| match &last.content {
        PublishedContent::Evaluation(policy) => policy_text(policy),
        PublishedContent::Rubric(rubric) => rubric_text(rubric),
        PublishedContent::Approval(policy) => approval_text(policy),
        PublishedContent::Access(policy) => access_text(policy),
    });
    let is = match &p.content {
        crate::domain::evaluation::policy::PolicyContent::Evaluation(policy) => policy_text(policy),
        crate::domain::evaluation::policy::PolicyContent::Rubric(rubric) => rubric_text(rubric),
        crate::domain::evaluation::policy::PolicyContent::Approval(policy) => approval_text(policy),
        crate::domain::evaluation::policy::PolicyContent::Access(policy) => access_text(policy),
    };
    changes.extend(change("policy_content", was, Some(is)));
    changes
}

/// A text of policies by its digest: whoever wants to read it asks for the policy.
fn access_text(policy: &AccessPolicy) -> String {
    let lines = policy.cedar().lines().count();
    format!(
        "cedar lines={lines} sha256={}",
        hex::encode(policy.sha256())
    )
}

/// Who drafts, is asked and decides what, and who decides after the mid-year evaluation:
/// `TARGET_LOWERED SECTION_CHIEF > PLANNING > DIRECTOR >> EVALUATOR`.
fn approval_text(policy: &ApprovalPolicy) -> String {
    let roles =
        |roles: &mut dyn Iterator<Item = Role>| roles.map(Role::code).collect::<Vec<_>>().join("|");
    let posts = |posts: &[Post]| roles(&mut posts.iter().map(|post| post.role));
    let rule = |rule: &ApprovalRule| {
        let drafters = roles(&mut rule.drafters.iter().copied());
        let (asked, deciders) = (posts(&rule.consulted), posts(&rule.deciders));
        let or_nobody = |roles: String| {
            if roles.is_empty() {
                "-".to_owned()
            } else {
                roles
            }
        };
        let (drafters, asked) = (or_nobody(drafters), or_nobody(asked));
        let later = posts(&rule.deciders_after_midyear);
        let later = if later.is_empty() {
            later
        } else {
            format!(" >> {later}")
        };
        format!(
            "{} {drafters} > {asked} > {deciders}{later}",
            rule.kind.code()
        )
    };
    policy.rules.iter().map(rule).collect::<Vec<_>>().join(", ")
}

fn policy_text(policy: &EvaluationPolicy) -> String {
    let mut text = format!(
        "on_track_from={} slightly_behind_from={} display_digits={}",
        policy.on_track_from, policy.slightly_behind_from, policy.display_digits
    );
    if let Some(cap) = policy.mean_cap {
        let _ = write!(text, " mean_cap={cap}");
    }
    let _ = write!(
        text,
        " reduction={} interpolates_months={} months_compensate={} forecast_gap={} late_lowering_days={} \
         late_report_days={} roll_up={}",
        policy.reduction.code(),
        policy.interpolates_months,
        policy.months_compensate,
        policy.forecast_gap,
        policy.late_lowering_days,
        policy.late_report_days,
        policy.roll_up.code(),
    );
    if let Some(rubric) = &policy.rubric {
        let _ = write!(text, " rubric={rubric}");
    }
    text
}

fn rubric_text(rubric: &GradeRubric) -> String {
    let level = |level: &GradeLevel| {
        let mut text = level.key.to_string();
        if let Some(least) = level.at_least {
            let _ = write!(text, " >= {least}");
        }
        for (index, status) in level.statuses.iter().enumerate() {
            let _ = write!(
                text,
                "{}{}",
                if index == 0 { " " } else { "|" },
                status.code()
            );
        }
        text
    };
    let levels: Vec<String> = rubric.levels.iter().map(level).collect();
    format!("{}: {}", rubric.input.code(), levels.join(", "))
}

fn period(plan: PlanId, key: &Key, before: Known<'_>, after: Known<'_>) -> Vec<FieldChange> {
    let text = |known: Known<'_>| known.directory.period(plan, key).map(|p| period_text(p));
    change("period", text(before), text(after))
        .into_iter()
        .collect()
}

/// A period with its state: `上半期 CLOSED 1 (2023-04-01/2023-09-30)`.
fn period_text(period: &Period) -> String {
    let mut text = format!("{} {}", period.key, period.state_now().code());
    let revision = period.revision(None);
    if 0 < revision {
        let _ = write!(text, " {revision}");
    }
    if let Some(Step::Reopened { until, .. }) = period.transitions.last().map(|t| &t.step) {
        let _ = write!(text, " 〜{until}");
    }
    let _ = write!(text, " ({})", period.span);
    text
}

/// What a step of an evaluation changes against the step before it.
fn judged(evaluated: &Evaluated<'_>, before: Known<'_>) -> Vec<FieldChange> {
    let last = before
        .goal
        .evaluations_of(evaluated.subject, evaluated.period)
        .rfind(|judged| before.cut().knows(judged.position));
    let step = |step: &str| format!("{} {step}", evaluated.period);
    let mut changes: Vec<FieldChange> = change(
        "evaluation",
        last.map(|last| step(last.step.code())),
        Some(step(evaluated.step.code())),
    )
    .into_iter()
    .collect();
    changes.extend(change(
        "grade",
        last.and_then(|last| last.grade.as_ref())
            .map(Key::to_string),
        evaluated.grade.map(Key::to_string),
    ));
    if let Some(computed) = evaluated.computed {
        let mut text = computed.status.code().to_owned();
        if let Some(grade) = &computed.grade {
            let _ = write!(text, " {grade}");
        }
        changes.push(set("computed", text));
    }
    if let Some(cause) = evaluated.cause {
        changes.push(set("cause", cause.code().to_owned()));
    }
    if let Some(comment) = evaluated.comment {
        changes.push(set("comment", comment.to_string()));
    }
    changes
}

fn action(id: ActionId, before: Known<'_>, after: Known<'_>, date: Date) -> Vec<FieldChange> {
    let text = |known: Known<'_>| {
        let cut = known.cut();
        let action = known.goal.action(id).filter(|it| cut.knows(it.position))?;
        let closed = action.closed.as_ref().filter(|it| cut.knows(it.position));
        Some(action_text(action, closed, after, date))
    };
    change("next_action", text(before), text(after))
        .into_iter()
        .collect()
}

/// An action with its owner, its day and how it ended.
fn action_text(
    action: &NextAction,
    closed: Option<&ActionClosed>,
    known: Known<'_>,
    date: Date,
) -> String {
    let mut text = format!(
        "{} {} ({} 〜{})",
        action.kind.code(),
        action.text,
        unit_text(known.directory, action.owner_unit, date),
        action.due
    );
    if let Some(closed) = closed {
        let _ = write!(text, " {}: {}", closed.outcome.code(), closed.text);
    }
    text
}
