//! Rules of periods for what is reported and corrected: what is closed stays as it was published, unless it says so.
//!
//! | period | report, demand | correction, retraction |
//! |---|---|---|
//! | none, OPEN | taken | taken |
//! | SOFT_CLOSED | with a reason, marked late | taken, marked late |
//! | CLOSED | refused | taken, marked as after the close |
//! | REOPENED, in scope and time | as SOFT_CLOSED | as SOFT_CLOSED |
//! | REOPENED otherwise | as CLOSED | as CLOSED |
//!
//! A report is refused, too, where the evaluation of what it is about is final.

use std::sync::Arc;

use super::Judge;
use crate::domain::date::Date;
use crate::domain::event::Subject;
use crate::domain::id::IndicatorId;
use crate::domain::period::{Lock, Period};
use crate::domain::rejection::{NoticeKind, Reason};

impl Judge<'_> {
    /// Whether something of `indicator` may be reported for `day`.
    pub(super) fn reported_into(&mut self, indicator: IndicatorId, day: Date) {
        let Some((period, lock)) = self.lock(indicator, day) else {
            return;
        };
        if let Lock::Closed(_) = lock {
            return self.reject_locked(Reason::PeriodClosed, &period);
        }
        if self.is_final(indicator, &period) {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("period", &period.key)];
            return self.reject_with(Reason::EvaluationFinal, "indicator", &figures);
        }
        match lock {
            Lock::Late(_) if self.proposed.reason.is_none() => {
                self.reject_locked(Reason::PeriodSoftClosed, &period);
            }
            Lock::Late(_) => self.notice_late(&period),
            Lock::Open | Lock::Closed(_) => {}
        }
    }

    /// Marks a change to what was reported of `indicator` for `days`, by the strongest lock they meet.
    pub(super) fn changed_in(&mut self, indicator: IndicatorId, days: &[Date]) {
        let met: Vec<(Arc<Period>, Lock)> = days
            .iter()
            .filter_map(|day| self.lock(indicator, *day))
            .collect();
        let closed = met.iter().find(|(_, lock)| matches!(lock, Lock::Closed(_)));
        let late = met.iter().find(|(_, lock)| matches!(lock, Lock::Late(_)));
        match (closed, late) {
            (Some((period, _)), _) => {
                let key = &period.key;
                self.notice(
                    NoticeKind::CorrectedAfterClose,
                    "",
                    format!("確定した期間「{key}」の値が変わります。修正公表が要るか確かめてください"),
                    format!(
                        "it changes what closed period `{key}` came to; see whether a restatement is due"
                    ),
                );
            }
            (None, Some((period, _))) => self.notice_late(period),
            (None, None) => {}
        }
    }

    fn notice_late(&mut self, period: &Period) {
        let (key, state) = (&period.key, period.state_now());
        self.notice(
            NoticeKind::LateAfterCutoff,
            "",
            format!(
                "期間「{key}」は「{}」です。締切後の報告として記録します",
                state.label_ja()
            ),
            format!(
                "period `{key}` is {}: recorded as after the cutoff",
                state.code()
            ),
        );
    }

    fn reject_locked(&mut self, reason: Reason, period: &Period) {
        let state = period.state_now();
        let figures: [(_, &dyn std::fmt::Display); 3] = [
            ("period", &period.key),
            ("state", &state.code()),
            ("state_ja", &state.label_ja()),
        ];
        self.reject_with(reason, "indicator", &figures);
    }

    /// The period that `day` counts in, and what a report on `indicator` meets there; `None` where there is none.
    pub(super) fn lock(&self, indicator: IndicatorId, day: Date) -> Option<(Arc<Period>, Lock)> {
        let directory = self.context.directory;
        let plan = directory.plan_of_subject(Subject::Indicator(indicator))?;
        let period = directory.period_of_day(plan, day)?;
        let lock = period.lock_on(indicator, self.context.today);
        Some((period.clone(), lock))
    }

    /// Whether the evaluation of an indicator, or of what it stands under, is final for a period.
    fn is_final(&self, indicator: IndicatorId, period: &Period) -> bool {
        let directory = self.context.directory;
        let initiative = directory
            .indicator(indicator)
            .map(|entry| entry.initiative());
        let goal = initiative
            .and_then(|initiative| directory.initiative(initiative))
            .map(|entry| entry.goal());
        let above = [initiative.map(Subject::Initiative), goal.map(Subject::Goal)];
        std::iter::once(Subject::Indicator(indicator))
            .chain(above.into_iter().flatten())
            .any(|subject| directory.is_final(subject, period))
    }
}
