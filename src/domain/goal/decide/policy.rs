//! Rules of policies: versions follow each other, and none changes what a closed period came to.

use super::Judge;
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::evaluation::policy::{PolicyKind, PolicyVersion};
use crate::domain::event::PolicyPublished;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn policy_published(&mut self, p: &PolicyPublished) {
        let directory = self.context.directory;
        let newest = directory.newest_policy(&p.code);
        let expected = newest.map_or(1, |newest| newest.version.version.saturating_add(1));
        if p.version != expected {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("expected", &expected)];
            self.reject_with(Reason::PolicyVersionStale, "version", &figures);
        }
        let kind = newest.map_or_else(
            || directory.built_in_kind(&p.code),
            |newest| Some(newest.content.kind()),
        );
        if let Some(kind) = kind.filter(|kind| *kind != p.content.kind()) {
            let figures: [(_, &dyn std::fmt::Display); 2] =
                [("kind", &kind.code()), ("kind_ja", &kind_ja(kind))];
            self.reject_with(Reason::PolicyKindDiffers, content_field(p), &figures);
        }
        for fault in p.content.inconsistencies() {
            let field = format!("{}.{}", content_field(p), fault.field);
            let figures: [(_, &dyn std::fmt::Display); 1] = [("problem", &fault.problem)];
            self.reject_with(Reason::PolicyInconsistent, &field, &figures);
        }
        let Some(from) = self.from() else { return };
        if p.content.kind().rules_access() {
            // What was permitted before stays permitted, and nothing else was.
            if from < self.context.today {
                let today = self.context.today;
                let figures: [(_, &dyn std::fmt::Display); 1] = [("today", &today)];
                self.reject_envelope(Reason::DateInPast, "valid_from", &figures);
            }
            return;
        }
        self.after_closed_periods(from);
        if let Some(rubric) = p.content.rubric_code() {
            self.rubric_in_force(rubric, from);
        }
    }

    /// No period that was ever closed has its evaluation date on `from` or later.
    fn after_closed_periods(&mut self, from: Date) {
        let closed = self
            .context
            .directory
            .periods()
            .filter(|period| 0 < period.revision(None) && from <= period.evaluation_date());
        let Some(last) = closed.max_by_key(|period| (period.evaluation_date(), period.plan)) else {
            return;
        };
        let figures: [(_, &dyn std::fmt::Display); 2] =
            [("period", &last.key), ("last", &last.evaluation_date())];
        self.reject_envelope(Reason::PolicyRetroactive, "valid_from", &figures);
    }

    /// From the first day of the policy on there is a rubric to grade by: rubrics have no end.
    fn rubric_in_force(&mut self, code: &Code, from: Date) {
        let directory = self.context.directory;
        if directory.rubric_on(code, from, None).is_some() {
            return;
        }
        let known: Vec<String> = directory
            .rubric_codes()
            .into_iter()
            .map(|code| code.to_string())
            .collect();
        let known = listed(&known);
        let figures: [(_, &dyn std::fmt::Display); 1] = [("known", &known)];
        self.reject_with(Reason::RubricUnknown, "evaluation.rubric", &figures);
    }

    /// An evaluation policy that somebody says they computed with.
    pub(super) fn known_policy(&mut self, version: &PolicyVersion, field: &str) {
        let published = self.context.directory.policies().any(|published| {
            published.version == *version && published.content.kind() == PolicyKind::Evaluation
        });
        if !published && *version != PolicyVersion::built_in() {
            self.reject(Reason::PolicyUnknown, field);
        }
    }
}

/// The field of the event that holds the content.
fn content_field(p: &PolicyPublished) -> &'static str {
    match p.content.kind() {
        PolicyKind::Evaluation => "evaluation",
        PolicyKind::Rubric => "rubric",
        PolicyKind::Approval => "approval",
        PolicyKind::Access => "access",
    }
}

fn kind_ja(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Evaluation => "算定方針",
        PolicyKind::Rubric => "評価基準",
        PolicyKind::Approval => "決裁規程",
        PolicyKind::Access => "権限方針",
    }
}

/// What there is, for a message; a dash where there is nothing.
pub(super) fn listed(items: &[String]) -> String {
    if items.is_empty() {
        "-".to_owned()
    } else {
        items.join(", ")
    }
}
