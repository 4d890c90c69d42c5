//! Rules of periods: which days they have, in which order they close, and what is said of a closing.

use std::sync::Arc;

use super::Judge;
use super::policy::listed;
use crate::domain::code::Key;
use crate::domain::event::{
    AuthMethod, PeriodClosed, PeriodOpened, PeriodReopened, PeriodSoftClosed, RestatementIssued,
    SnapshotTaken,
};
use crate::domain::id::{IndicatorId, PlanId};
use crate::domain::period::{Period, PeriodState};
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn period_opened(&mut self, p: &PeriodOpened) {
        let Some(plan) = self.known_plan(p.plan, "plan") else {
            return;
        };
        let directory = self.context.directory;
        if !plan.cycle.covers(&p.span) {
            let bounds: [(_, &dyn std::fmt::Display); 2] =
                [("first", &plan.cycle.first()), ("last", &plan.cycle.last())];
            self.reject_with(Reason::DateOutsideCycle, "span", &bounds);
        }
        if directory.period(p.plan, &p.period).is_some() {
            return self.reject(Reason::PeriodExists, "period");
        }
        let others = directory.periods_of(p.plan);
        if Period::COUNT_MAX <= others.len() {
            self.reject_form(
                "period",
                &format!("a plan has at most {} periods", Period::COUNT_MAX),
            );
        }
        let overlapping = others.into_iter().find(|other| {
            other.span.first() <= p.span.last() && p.span.first() <= other.span.last()
        });
        if let Some(other) = overlapping {
            let figures: [(_, &dyn std::fmt::Display); 3] = [
                ("period", &other.key),
                ("first", &other.span.first()),
                ("last", &other.span.last()),
            ];
            self.reject_with(Reason::PeriodOverlaps, "span", &figures);
        }
    }

    pub(super) fn period_soft_closed(&mut self, p: &PeriodSoftClosed) {
        self.not_ahead();
        let Some(period) = self.known_period(p.plan, &p.period) else {
            return;
        };
        if period.state_now() != PeriodState::Open {
            self.reject_state(Reason::PeriodNotOpen, &period);
        }
    }

    pub(super) fn period_closed(&mut self, p: &mut PeriodClosed) {
        self.not_ahead();
        let Some(period) = self.known_period(p.plan, &p.period) else {
            return;
        };
        if period.state_now() == PeriodState::Closed {
            return self.reject_state(Reason::PeriodAlreadyClosed, &period);
        }
        let (last, today) = (period.evaluation_date(), self.context.today);
        if today < last {
            let figures: [(_, &dyn std::fmt::Display); 2] =
                [("period", &period.key), ("last", &last)];
            self.reject_with(Reason::PeriodNotEnded, "period", &figures);
        }
        let next = period.revision(None).saturating_add(1);
        if Period::REVISIONS_MAX < next {
            self.reject_form(
                "period",
                &format!("a period is closed at most {} times", Period::REVISIONS_MAX),
            );
        }
        self.expect_revision(p.revision.unwrap_or(next), next);
        p.revision = Some(next);
    }

    pub(super) fn period_reopened(&mut self, p: &PeriodReopened) {
        self.not_ahead();
        self.scope(p.plan, &p.scope);
        let today = self.context.today;
        if p.until < today {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("today", &today)];
            self.reject_with(Reason::DateInPast, "until", &figures);
        }
        let Some(period) = self.known_period(p.plan, &p.period) else {
            return;
        };
        if period.state_now() != PeriodState::Closed {
            self.reject_state(Reason::PeriodNotClosed, &period);
        }
    }

    /// Some indicators of the plan, each named once: never the whole of it without saying so.
    fn scope(&mut self, plan: PlanId, scope: &[IndicatorId]) {
        let directory = self.context.directory;
        if scope.is_empty() {
            return self.reject(Reason::FieldRequired, "scope");
        }
        if Period::SCOPE_MAX < scope.len() {
            return self.reject_form("scope", &format!("more than {}", Period::SCOPE_MAX));
        }
        for (index, id) in scope.iter().enumerate() {
            let field = format!("scope[{index}]");
            let of_plan = directory.plan_of_subject(crate::domain::event::Subject::Indicator(*id));
            if scope[..index].contains(id) {
                self.reject_form(&field, "given twice");
            } else if of_plan.is_none() {
                self.reject(Reason::IndicatorUnknown, &field);
            } else if of_plan != Some(plan) {
                self.reject(Reason::DifferentCycle, &field);
            }
        }
    }

    pub(super) fn snapshot_taken(&mut self, p: &SnapshotTaken) {
        if self.context.actor.method != AuthMethod::System {
            return self.reject(Reason::SnapshotByServer, "");
        }
        let Some(period) = self.known_period(p.plan, &p.period) else {
            return;
        };
        self.known_policy(&p.policy, "policy");
        self.digested(p.rows_format);
        if p.effective_on != period.evaluation_date() {
            let last = period.evaluation_date();
            self.reject_form("effective_on", &format!("the evaluation date is {last}"));
        }
        let Some(closed) = self.closed(&period, p.revision, Some(p.known_at)) else {
            return;
        };
        if closed != p.closed_by {
            self.reject_form(
                "closed_by",
                &format!("the event that closed it is {closed}"),
            );
        }
        if period.snapshot(p.revision).is_some() {
            self.reject(Reason::SnapshotExists, "revision");
        }
    }

    /// What the server computes must be there by now, and must be a change.
    pub(super) fn restatement_issued(&mut self, p: &RestatementIssued) {
        let missing = [
            ("known_at", p.known_at.is_none()),
            ("policy", p.policy.is_none()),
            ("rows", p.rows.is_none()),
            ("material", p.material.is_none()),
            ("rows_format", p.rows_format.is_none()),
            ("rows_sha256", p.rows_sha256.is_none()),
        ];
        for (field, _) in missing.iter().filter(|(_, missing)| *missing) {
            self.reject(Reason::FieldRequired, field);
        }
        if p.rows == Some(0) {
            self.reject(Reason::RestatementEmpty, "rows");
        }
        if p.rows < p.material {
            self.reject_form("material", "more than rows that differ");
        }
        if let Some(format) = p.rows_format {
            self.digested(format);
        }
        if let Some(policy) = &p.policy {
            self.known_policy(policy, "policy");
        }
        if let Some(period) = self.known_period(p.plan, &p.period) {
            self.closed(&period, p.revision, p.known_at);
        }
    }

    fn digested(&mut self, format: u32) {
        if format == 0 {
            self.reject_form("rows_format", "forms begin at 1");
        }
    }

    /// The event that closed the period for the `revision`th time; what is said of it was computed at `known_at`.
    fn closed(
        &mut self,
        period: &Period,
        revision: u32,
        known_at: Option<u64>,
    ) -> Option<crate::domain::id::EventId> {
        let newest = period.revision(None);
        if newest == 0 {
            self.reject_state(Reason::PeriodNotClosed, period);
            return None;
        }
        let Some(closing) = period.closing(revision) else {
            self.expect_revision(revision, newest);
            return None;
        };
        let (event_id, position) = (closing.event_id, closing.position);
        if known_at.is_some_and(|known_at| known_at < position) {
            self.reject_form("known_at", &format!("the period was closed at {position}"));
        }
        Some(event_id)
    }

    fn expect_revision(&mut self, revision: u32, expected: u32) {
        if revision != expected {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("expected", &expected)];
            self.reject_with(Reason::PeriodRevisionDiffers, "revision", &figures);
        }
    }

    /// What closes or judges has happened: it is not of a day to come.
    pub(super) fn not_ahead(&mut self) {
        let today = self.context.today;
        if self.from().is_some_and(|from| today < from) {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("today", &today)];
            self.reject_envelope(Reason::DateInFuture, "valid_from", &figures);
        }
    }

    /// A period that the plan has.
    pub(super) fn known_period(&mut self, plan: PlanId, key: &Key) -> Option<Arc<Period>> {
        self.known_plan(plan, "plan")?;
        let directory = self.context.directory;
        if let Some(period) = directory.period(plan, key) {
            return Some(period.clone());
        }
        let known: Vec<String> = directory
            .periods_of(plan)
            .into_iter()
            .map(|period| period.key.to_string())
            .collect();
        let figures: [(_, &dyn std::fmt::Display); 1] = [("known", &listed(&known))];
        self.reject_with(Reason::PeriodUnknown, "period", &figures);
        None
    }

    /// Refuses because of the state that a period is in, and names it.
    pub(super) fn reject_state(&mut self, reason: Reason, period: &Period) {
        let state = period.state_now();
        let revision = period.revision(None);
        let figures: [(_, &dyn std::fmt::Display); 4] = [
            ("period", &period.key),
            ("state", &state.code()),
            ("state_ja", &state.label_ja()),
            ("revision", &revision),
        ];
        self.reject_with(reason, "period", &figures);
    }
}
