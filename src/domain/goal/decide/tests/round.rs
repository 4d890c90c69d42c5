//! The reporting round: calendars, confirmations, audit findings.

use insta::assert_snapshot;

use crate::domain::event::*;
use crate::domain::finding::{FindingReference, FindingState};
use crate::domain::reporting::{ReportingRound, RoundDates, RoundException};
use crate::domain::testing::*;

fn dates(reports_for: &str, cut_off: &str, fixed_on: &str) -> RoundDates {
    RoundDates {
        reports_for: day(reports_for),
        cut_off: day(cut_off),
        fixed_on: day(fixed_on),
    }
}

fn round(code: &str, dates: RoundDates) -> ReportingRound {
    ReportingRound {
        code: key(code),
        title: title(code),
        reports_for: dates.reports_for,
        cut_off: dates.cut_off,
        fixed_on: dates.fixed_on,
        exceptions: Vec::new(),
    }
}

fn june() -> ReportingRound {
    round("june", dates("2023-06-30", "2023-07-07", "2023-07-10"))
}

fn december() -> ReportingRound {
    round("december", dates("2023-12-31", "2024-01-10", "2024-01-15"))
}

fn calendar(rounds: Vec<ReportingRound>) -> Fact {
    fact(ReportingCalendarSet {
        plan: plan_id("R5"),
        rounds,
    })
}

#[test]
fn rounds_stand_in_order_within_the_year_and_its_settlement() {
    let world = World::measuring(count());
    let would = |rounds: Vec<ReportingRound>| world.would(calendar(rounds));
    let one = |reports_for, cut_off, fixed_on| {
        would(vec![round("a", dates(reports_for, cut_off, fixed_on))])
    };
    assert_snapshot!(would(vec![june(), december()]), @"recorded");
    assert_snapshot!(would(vec![]), @"FIELD_REQUIRED reporting_calendar_set.rounds");
    assert_snapshot!(would(vec![december(), june()]), @"FIELD_INVALID reporting_calendar_set.rounds[1].reports_for [problem=rounds stand in the order of their dates, each once]");
    assert_snapshot!(would(vec![june(), ReportingRound { code: key("june"), ..december() }]), @"FIELD_INVALID reporting_calendar_set.rounds[1].code [problem=given twice]");
    assert_snapshot!(one("2023-03-31", "2023-04-10", "2023-04-20"), @"DATE_OUTSIDE_CYCLE reporting_calendar_set.rounds[0].reports_for [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(one("2023-09-30", "2023-09-29", "2023-09-28"), @"DATE_TOO_EARLY reporting_calendar_set.rounds[0].cut_off [earliest=2023-09-30]; DATE_TOO_EARLY reporting_calendar_set.rounds[0].fixed_on [earliest=2023-09-30]");
    assert_snapshot!(one("2024-03-31", "2024-04-10", "2024-05-31"), @"recorded");
    assert_snapshot!(one("2024-03-31", "2024-04-10", "2024-06-01"), @"DATE_OUTSIDE_CYCLE reporting_calendar_set.rounds[0].fixed_on [first=2023-04-01 last=2024-05-31]");
    assert_snapshot!(world.would(calendar(vec![june()]).on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=- last=2024-03-31]");
    let elsewhere = ReportingCalendarSet {
        plan: plan_id("R9"),
        rounds: vec![june()],
    };
    assert_snapshot!(world.would(fact(elsewhere)), @"PLAN_UNKNOWN reporting_calendar_set.plan");
    let many = (0..25)
        .map(|n| round(&format!("r{n}"), june().dates()))
        .collect();
    assert_snapshot!(would(many), @"FIELD_INVALID reporting_calendar_set.rounds [problem=more than 24]");
}

#[test]
fn an_indicator_of_the_plan_has_dates_of_its_own_or_none_once() {
    let mut world = World::measuring(count());
    world.accept(fact(plan("R6", 2024)).on("2024-04-01"));
    let next = GoalSet {
        plan: plan_id("R6"),
        ..goal("K", "R6", "総務部")
    };
    world.accept(fact(next).on("2024-04-01"));
    world.accept(fact(initiative("L", "K", 1, "人事課")).on("2024-04-01"));
    world.accept(fact(defined("Z", "L", count())).on("2024-04-01"));
    let would = |exceptions: &[(&str, Option<RoundDates>)]| {
        let exceptions = exceptions
            .iter()
            .map(|(indicator, dates)| RoundException {
                indicator: indicator_id(indicator),
                dates: *dates,
            })
            .collect();
        world.would(calendar(vec![ReportingRound {
            exceptions,
            ..december()
        }]))
    };
    assert_snapshot!(would(&[("X", None)]), @"recorded");
    // What is settled later may be asked for on that day.
    assert_snapshot!(would(&[("X", Some(dates("2024-05-31", "2024-05-31", "2024-05-31")))]), @"recorded");
    assert_snapshot!(would(&[("X", Some(dates("2024-05-31", "2024-05-31", "2024-06-01")))]), @"DATE_OUTSIDE_CYCLE reporting_calendar_set.rounds[0].exceptions[0].fixed_on [first=2023-04-01 last=2024-05-31]");
    assert_snapshot!(would(&[("X", None), ("X", None)]), @"FIELD_INVALID reporting_calendar_set.rounds[0].exceptions[1].indicator [problem=given twice]");
    assert_snapshot!(would(&[("Y", None)]), @"INDICATOR_UNKNOWN reporting_calendar_set.rounds[0].exceptions[0].indicator");
    assert_snapshot!(would(&[("Z", None)]), @"DIFFERENT_CYCLE reporting_calendar_set.rounds[0].exceptions[0].indicator");
}

#[test]
fn a_calendar_replaces_the_one_before_from_its_day_of_effect() {
    let mut world = World::measuring(count());
    let rounds = |world: &World, on: &str| {
        let calendar = world.directory.calendar_on(plan_id("R5"), day(on)).unwrap();
        let codes: Vec<_> = calendar.rounds.iter().map(|r| r.code.to_string()).collect();
        codes.join(" ")
    };
    assert_eq!(rounds(&world, "2023-05-01"), "mid-year year-end");
    world.accept(calendar(vec![june(), december()]).on("2023-05-01"));
    world.accept(calendar(vec![december()]).on("2023-07-15"));
    assert_eq!(rounds(&world, "2023-04-30"), "mid-year year-end");
    assert_eq!(rounds(&world, "2023-07-14"), "june december");
    assert_eq!(rounds(&world, "2023-07-15"), "december");
    // Of one day the last recorded holds.
    world.accept(calendar(vec![june()]).on("2023-07-15"));
    assert_eq!(rounds(&world, "2023-07-15"), "june");
}

/// X with a report by 担当, on 6 October.
fn reported() -> World {
    let mut world = World::measuring(count()).by("担当");
    world.accept(fact(recorded(increment("5"))).on("2023-09-30").named("e"));
    world
}

fn confirmed(entries: &[&str]) -> Fact {
    fact(ActualConfirmed {
        indicator: indicator_id("X"),
        entries: entries.iter().map(|name| event_id(name)).collect(),
    })
    .on("2023-10-06")
}

#[test]
fn somebody_else_confirms_what_stands_and_does_so_once() {
    let mut world = reported();
    assert_snapshot!(world.would(confirmed(&["e"])), @"SELF_CONFIRMATION actual_confirmed.entries[0]");
    world.now_by("課長");
    assert_snapshot!(world.would(confirmed(&[])), @"FIELD_REQUIRED actual_confirmed.entries");
    assert_snapshot!(world.would(confirmed(&["e", "e", "nobody"])), @"FIELD_INVALID actual_confirmed.entries[1] [problem=given twice]; ENTRY_UNKNOWN actual_confirmed.entries[2]");
    assert_snapshot!(world.would(confirmed(&["e"]).on("2023-10-07")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]");
    assert_snapshot!(world.outcome(confirmed(&["e"])), @"recorded");
    assert_snapshot!(world.would(confirmed(&["e"])), @"ALREADY_CONFIRMED actual_confirmed.entries[0] [date=2023-10-06]");
    // Another may look, too.
    assert_snapshot!(world.now_by("部長").outcome(confirmed(&["e"])), @"recorded");
    let by: Vec<_> = world
        .indicator("X")
        .entry(event_id("e"))
        .unwrap()
        .confirmations()
        .iter()
        .map(|c| c.actor.subject.to_string())
        .collect();
    assert_eq!(by, ["課長", "部長"]);
}

#[test]
fn a_correction_is_unconfirmed_again() {
    let mut world = reported();
    world.now_by("課長").accept(confirmed(&["e"]));
    world.now_by("担当").accept(
        fact(corrected("e", increment("4")))
            .on("2023-09-30")
            .named("c")
            .because("数え直し"),
    );
    assert!(
        world
            .indicator("X")
            .entry(event_id("c"))
            .unwrap()
            .confirmations()
            .is_empty()
    );
    assert!(
        !world
            .indicator("X")
            .entry(event_id("e"))
            .unwrap()
            .confirmations()
            .is_empty()
    );
    world.now_by("課長");
    let head = event_id("c");
    assert_eq!(
        world.would(confirmed(&["e"])),
        format!("ALREADY_SUPERSEDED actual_confirmed.entries[0] [head={head}]")
    );
    assert_snapshot!(world.outcome(confirmed(&["c"])), @"recorded");
}

fn found(number: &str, due: &str) -> AuditFindingRecorded {
    AuditFindingRecorded {
        plan: plan_id("R5"),
        finding: key(number),
        text: text("根拠資料がない。"),
        references: vec![FindingReference::Subject(Subject::Indicator(indicator_id(
            "X",
        )))],
        due: day(due),
        promised: text("添付する。"),
    }
}

fn answered(number: &str) -> AuditFindingAnswered {
    AuditFindingAnswered {
        plan: plan_id("R5"),
        finding: key(number),
        text: text("改めた。"),
        action: text("添付した。"),
        references: Vec::new(),
    }
}

#[test]
fn a_finding_has_its_number_once_and_is_answered_once() {
    let mut world = World::measuring(count());
    let finding = || fact(found("1", "2023-09-30")).on("2023-06-01");
    assert_snapshot!(world.outcome(finding()), @"recorded");
    assert_snapshot!(world.outcome(finding()), @"FINDING_EXISTS audit_finding_recorded.finding");
    assert_snapshot!(world.would(fact(found("2", "2023-05-31")).on("2023-06-01")), @"DATE_TOO_EARLY audit_finding_recorded.due [earliest=2023-06-01]");
    let elsewhere = AuditFindingRecorded {
        references: vec![
            FindingReference::Subject(Subject::Goal(goal_id("?"))),
            FindingReference::Unit(unit_id("?")),
        ],
        ..found("3", "2023-09-30")
    };
    assert_snapshot!(world.would(fact(elsewhere)), @"GOAL_UNKNOWN audit_finding_recorded.references[0].goal; UNIT_UNKNOWN audit_finding_recorded.references[1].unit");
    let answer = |number| fact(answered(number)).on("2023-09-01");
    assert_snapshot!(world.would(answer("2")), @"FINDING_UNKNOWN audit_finding_answered.finding");
    assert_snapshot!(world.would(answer("1").on("2023-05-31")), @"DATE_TOO_EARLY valid_from [earliest=2023-06-01]");
    assert_snapshot!(world.outcome(answer("1")), @"recorded");
    assert_snapshot!(world.outcome(answer("1")), @"FINDING_ANSWERED audit_finding_answered.finding [date=2023-09-01]");
}

#[test]
fn a_finding_is_open_then_overdue_unless_it_is_answered() {
    let mut world = World::measuring(count());
    for number in ["1", "2", "3"] {
        world.accept(fact(found(number, "2023-09-30")).on("2023-06-01"));
    }
    world.accept(fact(answered("1")).on("2023-09-30"));
    world.accept(fact(answered("2")).on("2023-10-01"));
    let states = |on: &str| {
        let findings = world.directory.findings_of(plan_id("R5"));
        findings
            .iter()
            .map(|finding| finding.state_on(day(on)))
            .collect::<Vec<_>>()
    };
    use FindingState::*;
    assert_eq!(states("2023-09-29"), [Open, Open, Open]);
    assert_eq!(states("2023-09-30"), [Answered, Open, Open]);
    assert_eq!(states("2023-10-01"), [Answered, ClosedLate, Overdue]);
}
