//! The reporting calendar (報告日程): for which days a plan asks for reports, until when, and when the figures stand.
//!
//! ```text
//! reports for D (基準日) <= cut-off (提出期限) <= fixing date (確定日)
//! ```
//! A calendar is set whole and replaces the one before from its day of effect. Where none is in force the built-in one is:
//! [`MID_YEAR`] and [`YEAR_END`], see [`Calendar::built_in`].

use std::sync::Arc;

use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::event::{Recorded, ReportingCalendarSet};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::Definition;
use crate::domain::text::{Name, Title};

/// Code of the built-in round in the middle of the cycle (中間).
pub const MID_YEAR: &str = "mid-year";

/// Code of the built-in round at the end of the cycle (年度末).
pub const YEAR_END: &str = "year-end";

/// Days after its reports-for date until which the built-in calendar takes the reports of the middle of the year.
pub const MID_YEAR_CUT_OFF_DAYS: i32 = 6;

/// Days after its reports-for date on which the built-in calendar fixes the middle of the year.
pub const MID_YEAR_FIXING_DAYS: i32 = 10;

/// Days after its reports-for date until which the built-in calendar takes the reports of the end of the year.
pub const YEAR_END_CUT_OFF_DAYS: i32 = 10;

/// Months after the cycle in which its accounts are settled (出納整理期間, 地方自治法235条の5): 31 May for a fiscal year.
pub const SETTLEMENT_MONTHS: i32 = 2;

/// The three days of a round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RoundDates {
    /// The day the reports are for (基準日).
    pub reports_for: Date,
    /// Last day on which they are on time (提出期限).
    pub cut_off: Date,
    /// The day the figures are fixed (確定日).
    pub fixed_on: Date,
}

/// One reporting round.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportingRound {
    /// Its code, unique in the calendar.
    pub code: Key,
    /// What it is called.
    pub title: Title,
    /// The day the reports are for.
    pub reports_for: Date,
    /// Last day on which they are on time.
    pub cut_off: Date,
    /// The day the figures are fixed.
    pub fixed_on: Date,
    /// Indicators with dates of their own, or not asked; each once.
    pub exceptions: Vec<RoundException>,
}

/// What holds for one indicator in place of a round's dates. Without any date: it is not asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RoundException {
    /// The indicator.
    pub indicator: IndicatorId,
    /// Its own dates; `None`: it is not asked in this round.
    pub dates: Option<RoundDates>,
}

impl ReportingRound {
    /// Indicators with dates of their own at most.
    pub const EXCEPTIONS_MAX: usize = 500;

    /// The round's own dates.
    pub fn dates(&self) -> RoundDates {
        RoundDates {
            reports_for: self.reports_for,
            cut_off: self.cut_off,
            fixed_on: self.fixed_on,
        }
    }
}

/// A calendar as set, or the built-in one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Calendar {
    /// The event that set it; `None`: it is built in.
    pub event_id: Option<EventId>,
    /// Position of that event.
    pub position: Option<u64>,
    /// First day it is in force.
    pub effective_from: Date,
    /// The days of the plan it is for.
    pub cycle: DateSpan,
    /// Its rounds, in the order of their reports-for dates.
    pub rounds: Arc<Vec<ReportingRound>>,
}

impl Calendar {
    /// Rounds at most.
    pub const ROUNDS_MAX: usize = 24;

    /// The calendar of a plan that sets none: the end of the cycle's sixth month with six days to report and ten until
    /// the figures are fixed (30 September, 6 and 10 October), and its last day with ten days to report, fixed when the
    /// accounts are settled (31 March, 10 April and 31 May).
    pub fn built_in(cycle: DateSpan) -> Self {
        let (first, last) = (cycle.first(), cycle.last());
        let half = plus_months(first, 6).yesterday().unwrap_or(last);
        let round = |code: &str, ja: &str, en: &str, dates: RoundDates| {
            Some(ReportingRound {
                code: Key::parse(code).ok()?,
                title: Title {
                    ja: Name::parse(ja).ok()?,
                    en: Name::parse(en).ok(),
                },
                reports_for: dates.reports_for,
                cut_off: dates.cut_off,
                fixed_on: dates.fixed_on,
                exceptions: Vec::new(),
            })
        };
        let mid_year = RoundDates {
            reports_for: half,
            cut_off: plus_days(half, MID_YEAR_CUT_OFF_DAYS),
            fixed_on: plus_days(half, MID_YEAR_FIXING_DAYS),
        };
        let year_end = RoundDates {
            reports_for: last,
            cut_off: plus_days(last, YEAR_END_CUT_OFF_DAYS),
            fixed_on: settled_by(cycle),
        };
        // A cycle of half a year or less has no middle to report for.
        let rounds = [
            (half < last)
                .then(|| round(MID_YEAR, "中間", "Mid-year", mid_year))
                .flatten(),
            round(YEAR_END, "年度末", "Year-end", year_end),
        ];
        Self {
            event_id: None,
            position: None,
            effective_from: first,
            cycle,
            rounds: Arc::new(rounds.into_iter().flatten().collect()),
        }
    }

    /// The calendar that an event set.
    pub(crate) fn of(
        recorded: &Recorded,
        p: &ReportingCalendarSet,
        from: Date,
        cycle: DateSpan,
    ) -> Self {
        Self {
            event_id: Some(recorded.event.id),
            position: Some(recorded.position),
            effective_from: from,
            cycle,
            rounds: Arc::new(p.rounds.clone()),
        }
    }

    /// The round of this code.
    pub fn round(&self, code: &Key) -> Option<&ReportingRound> {
        self.rounds.iter().find(|round| round.code == *code)
    }

    /// The dates of `round` for an indicator; `None` where it is not asked.
    ///
    /// Without dates of its own, what is settled after the cycle (出納整理) has until then to report for the cycle's last
    /// day: nobody knows the figure earlier.
    pub fn dates_of(
        &self,
        round: &ReportingRound,
        indicator: IndicatorId,
        definition: &Definition,
    ) -> Option<RoundDates> {
        let own = round
            .exceptions
            .iter()
            .find(|exception| exception.indicator == indicator);
        if let Some(exception) = own {
            return exception.dates;
        }
        let mut dates = round.dates();
        if let Some(settled) = definition.settlement_until
            && dates.reports_for == self.cycle.last()
        {
            dates.cut_off = dates.cut_off.max(settled);
            dates.fixed_on = dates.fixed_on.max(settled);
        }
        Some(dates)
    }

    /// As [`Self::asked`], where somebody set the calendar. The built-in one tells when reports are due, but judges no
    /// silence: figures that were computed before there were calendars come out as they did.
    pub fn judges(
        &self,
        indicator: IndicatorId,
        definition: &Definition,
    ) -> Option<Vec<RoundDates>> {
        self.event_id.map(|_| self.asked(indicator, definition))
    }

    /// The dates of the rounds that ask for an indicator, in the calendar's order.
    pub fn asked(&self, indicator: IndicatorId, definition: &Definition) -> Vec<RoundDates> {
        self.rounds
            .iter()
            .filter_map(|round| self.dates_of(round, indicator, definition))
            .collect()
    }
}

/// The day from which silence about work that begins on `begins` is a missing report, given the rounds that ask for it:
/// the first they ask for from then on; where none does, the end of the cycle.
pub fn silence_counts_from(rounds: &[RoundDates], begins: Date, cycle: DateSpan) -> Date {
    let asked = rounds.iter().map(|round| round.reports_for);
    asked
        .filter(|day| begins <= *day)
        .min()
        .unwrap_or(cycle.last())
}

/// The day by which the accounts of a cycle are settled.
pub fn settled_by(cycle: DateSpan) -> Date {
    let next = cycle.last().tomorrow().unwrap_or(cycle.last());
    plus_months(next, SETTLEMENT_MONTHS)
        .yesterday()
        .unwrap_or(cycle.last())
}

// Where the calendar of dates ends, so do these.
fn plus_days(day: Date, days: i32) -> Date {
    day.saturating_add(jiff::Span::new().days(days))
}

fn plus_months(day: Date, months: i32) -> Date {
    day.saturating_add(jiff::Span::new().months(months))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::*;

    fn shown(dates: RoundDates) -> String {
        format!("{} {} {}", dates.reports_for, dates.cut_off, dates.fixed_on)
    }

    #[test]
    fn without_a_calendar_reports_are_for_the_middle_and_the_end_of_the_year() {
        let built_in = Calendar::built_in(days("2023-04-01", "2024-03-31"));
        let asked = |definition| {
            let asked = built_in.asked(indicator_id("X"), &definition);
            asked.into_iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(
            asked(count()),
            [
                "2023-09-30 2023-10-06 2023-10-10",
                "2024-03-31 2024-04-10 2024-05-31"
            ]
        );
        // What is settled later is due when it is settled.
        let settled = Definition {
            settlement_until: Some(day("2024-05-31")),
            ..count()
        };
        assert_eq!(
            asked(settled),
            [
                "2023-09-30 2023-10-06 2023-10-10",
                "2024-03-31 2024-05-31 2024-05-31"
            ]
        );
        // Half a year has an end only.
        let half = Calendar::built_in(days("2023-04-01", "2023-09-30"));
        let codes: Vec<_> = half.rounds.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(codes, [YEAR_END]);
    }

    #[test]
    fn silence_counts_from_the_first_round_after_the_work_began() {
        let cycle = days("2023-04-01", "2024-03-31");
        let rounds = Calendar::built_in(cycle).asked(indicator_id("X"), &count());
        let from = |begins: &str| silence_counts_from(&rounds, day(begins), cycle).to_string();
        assert_eq!(from("2023-04-01"), "2023-09-30");
        assert_eq!(from("2023-09-30"), "2023-09-30");
        assert_eq!(from("2023-10-01"), "2024-03-31");
        // What no round asks for is missing once the year is over.
        assert_eq!(
            silence_counts_from(&[], day("2023-04-01"), cycle),
            cycle.last()
        );
    }
}
