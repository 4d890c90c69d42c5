//! The units and plans that places are in, and the periods and the calendar of the first.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;

use super::place::Place;
use crate::errors::world::{because, event, plan, title, unit};

/// The plan that everything is in, and one that goals can be carried over to.
pub(super) const PLAN: &str = "計画";
pub(super) const NEXT_PLAN: &str = "翌計画";
/// A period that is closed, one that was reopened for some indicators, and one that takes reports.
pub(super) const CLOSED: &str = "四月";
pub(super) const REOPENED: &str = "初旬";
pub(super) const OPEN: &str = "五月";
/// The first day of the plan.
pub(super) const FIRST: &str = "2023-04-01";
/// Two departments with two sections each.
pub(super) fn units() -> Vec<EventInput> {
    vec![
        unit(FIRST, "甲部", UnitKind::Department, None),
        unit(FIRST, "乙部", UnitKind::Department, None),
        unit(FIRST, "甲課", UnitKind::Section, Some("甲部")),
        unit(FIRST, "隣課", UnitKind::Section, Some("甲部")),
        unit(FIRST, "乙課", UnitKind::Section, Some("乙部")),
        unit(FIRST, "公課", UnitKind::Section, Some("乙部")),
    ]
}

/// Both plans, and the periods of the first.
pub(super) fn plans(today: &str) -> Vec<EventInput> {
    let next = EventInput {
        valid_from: Some(today.to_owned()),
        ..plan(2024, NEXT_PLAN, 1)
    };
    vec![
        plan(2023, PLAN, 2),
        next,
        period(today, REOPENED, FIRST, "2023-04-10"),
        period(today, CLOSED, "2023-04-11", "2023-04-30"),
        period(today, OPEN, "2023-05-01", "2023-05-09"),
    ]
}

pub(super) fn period(day: &str, key: &str, first: &str, last: &str) -> EventInput {
    event(
        day,
        Payload::PeriodOpened(PeriodOpened {
            plan: PLAN.to_owned(),
            period: key.to_owned(),
            title: title(key),
            span: Some(DateSpan {
                first: first.to_owned(),
                last: last.to_owned(),
            }),
        }),
    )
}

pub(super) fn closed(day: &str, key: &str) -> EventInput {
    event(
        day,
        Payload::PeriodClosed(PeriodClosed {
            plan: PLAN.to_owned(),
            period: key.to_owned(),
            revision: None,
        }),
    )
}

pub(super) fn reopened<'a>(
    day: &str,
    key: &str,
    places: impl Iterator<Item = &'a Place>,
) -> EventInput {
    because(event(
        day,
        Payload::PeriodReopened(PeriodReopened {
            plan: PLAN.to_owned(),
            period: key.to_owned(),
            scope: places.map(Place::indicator_code).collect(),
            until: "2023-12-28".to_owned(),
        }),
    ))
}

/// A calendar with an exception for an indicator of each place.
pub(super) fn calendar<'a>(day: &str, places: impl Iterator<Item = &'a Place>) -> EventInput {
    let exception = |place: &Place| RoundException {
        indicator: place.indicator_code(),
        dates: Some(RoundDates {
            reports_for: "2023-09-29".to_owned(),
            cut_off: "2023-10-20".to_owned(),
            fixed_on: "2023-11-10".to_owned(),
        }),
    };
    let round = ReportingRound {
        code: "half".to_owned(),
        title: title("中間"),
        reports_for: "2023-09-30".to_owned(),
        cut_off: "2023-10-20".to_owned(),
        fixed_on: "2023-11-10".to_owned(),
        exceptions: places.map(exception).collect(),
    };
    event(
        day,
        Payload::ReportingCalendarSet(ReportingCalendarSet {
            plan: PLAN.to_owned(),
            rounds: vec![round],
        }),
    )
}
