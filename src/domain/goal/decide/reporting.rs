//! Rules of the reporting calendar: days in order, within the year or its settlement, about indicators of the plan.

use super::Judge;
use crate::domain::date::{Date, DateSpan};
use crate::domain::event::{ReportingCalendarSet, Subject};
use crate::domain::plan::Plan;
use crate::domain::rejection::Reason;
use crate::domain::reporting::{Calendar, ReportingRound, RoundDates, settled_by};

impl Judge<'_> {
    pub(super) fn reporting_calendar_set(&mut self, p: &ReportingCalendarSet) {
        let Some(plan) = self.known_plan(p.plan, "plan") else {
            return;
        };
        if let Some(from) = self.from()
            && plan.cycle.last() < from
        {
            let bounds: [(_, &dyn std::fmt::Display); 2] =
                [("first", &"-"), ("last", &plan.cycle.last())];
            self.reject_envelope(Reason::DateOutsideCycle, "valid_from", &bounds);
        }
        if p.rounds.is_empty() {
            return self.reject(Reason::FieldRequired, "rounds");
        }
        if Calendar::ROUNDS_MAX < p.rounds.len() {
            let max = Calendar::ROUNDS_MAX;
            return self.reject_form("rounds", &format!("more than {max}"));
        }
        let settled = settled_by(plan.cycle);
        for (index, round) in p.rounds.iter().enumerate() {
            let field = format!("rounds[{index}]");
            let earlier = &p.rounds[..index];
            if earlier.iter().any(|other| other.code == round.code) {
                self.reject_form(&format!("{field}.code"), "given twice");
            }
            if earlier
                .last()
                .is_some_and(|last| round.reports_for <= last.reports_for)
            {
                let problem = "rounds stand in the order of their dates, each once";
                self.reject_form(&format!("{field}.reports_for"), problem);
            }
            self.round_dates(&field, round.dates(), plan.cycle, settled);
            self.exceptions(&field, round, &plan, settled);
        }
    }

    /// Reports for a day of the cycle, cut off and fixed in this order by the settlement of the accounts.
    fn round_dates(&mut self, field: &str, dates: RoundDates, of: DateSpan, settled: Date) {
        let bounds: [(_, &dyn std::fmt::Display); 2] =
            [("first", &of.first()), ("last", &of.last())];
        if !of.contains(dates.reports_for) {
            self.reject_with(
                Reason::DateOutsideCycle,
                &format!("{field}.reports_for"),
                &bounds,
            );
        }
        let mut after = dates.reports_for;
        for (name, date) in [("cut_off", dates.cut_off), ("fixed_on", dates.fixed_on)] {
            let field = format!("{field}.{name}");
            if date < after {
                self.reject_with(Reason::DateTooEarly, &field, &[("earliest", &after)]);
            }
            if settled < date {
                let bounds: [(_, &dyn std::fmt::Display); 2] =
                    [("first", &of.first()), ("last", &settled)];
                self.reject_with(Reason::DateOutsideCycle, &field, &bounds);
            }
            after = after.max(date);
        }
    }

    fn exceptions(&mut self, field: &str, round: &ReportingRound, plan: &Plan, settled: Date) {
        let field = format!("{field}.exceptions");
        if ReportingRound::EXCEPTIONS_MAX < round.exceptions.len() {
            let max = ReportingRound::EXCEPTIONS_MAX;
            return self.reject_form(&field, &format!("more than {max}"));
        }
        let directory = self.context.directory;
        let mut seen = std::collections::BTreeSet::new();
        for (index, exception) in round.exceptions.iter().enumerate() {
            let field = format!("{field}[{index}]");
            let at = format!("{field}.indicator");
            let of_plan = directory.plan_of_subject(Subject::Indicator(exception.indicator));
            if !seen.insert(exception.indicator) {
                self.reject_form(&at, "given twice");
            } else if of_plan.is_none() {
                self.reject(Reason::IndicatorUnknown, &at);
            } else if of_plan != Some(plan.id) {
                self.reject(Reason::DifferentCycle, &at);
            }
            if let Some(dates) = exception.dates {
                // A figure of the accounts may be asked for on the day they are settled.
                let reported = DateSpan::new(plan.cycle.first(), settled).unwrap_or(plan.cycle);
                self.round_dates(&field, dates, reported, settled);
            }
        }
    }
}
