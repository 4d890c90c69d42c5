use insta::assert_snapshot;

use super::*;
use crate::domain::event::{EvidenceAttached, Subject};
use crate::domain::indicator::Definition;
use crate::domain::testing::*;
use crate::projection::flags::testing::{found, found_known};

const MIDYEAR: &str = "2023-09-30";
const END: &str = "2024-03-31";

/// X counted, with reports: (recorded on, of, amount).
fn counted(reports: &[(&str, &str, &str)]) -> World {
    reports
        .iter()
        .fold(World::measuring(count()), |world, (today, day, amount)| {
            let mut world = world.at(today);
            world.accept(fact(recorded(increment(amount))).on(day));
            world
        })
}

/// A report of 5 in each of some months, recorded on a day.
fn months(recorded_on: &'static str, last_days: &[&'static str], amount: &'static str) -> World {
    let reports: Vec<_> = last_days
        .iter()
        .map(|day| (recorded_on, *day, amount))
        .collect();
    counted(&reports)
}

#[test]
fn a_report_is_late_after_the_days_that_the_policy_allows() {
    let on_the_day = counted(&[("2023-07-15", "2023-05-31", "5")]);
    assert_snapshot!(found(&on_the_day, MIDYEAR, FlagKind::LateReport), @"");
    let after = counted(&[("2023-07-16", "2023-05-31", "5")]);
    assert_snapshot!(found(&after, MIDYEAR, FlagKind::LateReport), @"LATE_REPORT days=46 day=2023-05-31 recorded_on=2023-07-16 allowed_days=45 on 1");
    // What was not known is not told, nor what is of a later day.
    assert_snapshot!(found_known(&after, MIDYEAR, after.position - 1, FlagKind::LateReport), @"");
    assert_snapshot!(found(&after, "2023-05-30", FlagKind::LateReport), @"");
    // A correction is of an old day by nature.
    let mut corrected_late = counted(&[("2023-06-02", "2023-05-31", "5")]).at("2023-09-01");
    let named = format!("event {}", corrected_late.position - 1);
    corrected_late.accept(
        fact(corrected(&named, increment("4")))
            .on("2023-05-31")
            .because("誤り"),
    );
    assert_snapshot!(found(&corrected_late, MIDYEAR, FlagKind::LateReport), @"");
}

#[test]
fn a_report_that_is_corrected_again_is_told_with_who_did_it() {
    let mut world = counted(&[("2023-06-02", "2023-05-31", "5")]);
    let first = format!("event {}", world.position - 1);
    let correct = |world: World, of: &str, name: &str, amount: &str, by: &'static str| {
        let mut world = world.by(by);
        world.accept(
            fact(corrected(of, increment(amount)))
                .on("2023-05-31")
                .because("誤り")
                .named(name),
        );
        world
    };
    world = correct(world, &first, "c1", "4", "一係");
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::RepeatedCorrection), @"");
    let same = correct(world.clone(), "c1", "c2", "6", "一係");
    assert_snapshot!(found(&same, MIDYEAR, FlagKind::RepeatedCorrection), @"REPEATED_CORRECTION corrections=2 people=1 on 3");
    let other = correct(world, "c1", "c2", "6", "二係");
    assert_snapshot!(found(&other, MIDYEAR, FlagKind::RepeatedCorrection), @"REPEATED_CORRECTION corrections=2 people=2 on 3");
    assert_snapshot!(found_known(&other, MIDYEAR, other.position - 1, FlagKind::RepeatedCorrection), @"");
}

#[test]
fn a_spike_is_more_than_three_times_the_greatest_before() {
    let plain = counted(&[
        ("2023-06-01", "2023-04-30", "5"),
        ("2023-07-01", "2023-06-30", "15"),
    ]);
    assert_snapshot!(found(&plain, MIDYEAR, FlagKind::ValueSpike), @"");
    let spike = counted(&[
        ("2023-06-01", "2023-04-30", "5"),
        ("2023-07-01", "2023-06-30", "16"),
    ]);
    assert_snapshot!(found(&spike, MIDYEAR, FlagKind::ValueSpike), @"VALUE_SPIKE amount=16 largest_before=5 day=2023-06-30 on 1");
    // What was corrected to a usual value is no spike, and what is replaced is no measure.
    let mut corrected_down = spike.at("2023-07-02");
    let named = format!("event {}", corrected_down.position - 1);
    corrected_down.accept(
        fact(corrected(&named, increment("6")))
            .on("2023-06-30")
            .because("誤り"),
    );
    assert_snapshot!(found(&corrected_down, MIDYEAR, FlagKind::ValueSpike), @"");
    let mut corrected_up = counted(&[("2023-06-01", "2023-04-30", "1")]);
    let named = format!("event {}", corrected_up.position - 1);
    corrected_up.accept(
        fact(corrected(&named, increment("12")))
            .on("2023-04-30")
            .because("誤り"),
    );
    assert_snapshot!(found(&corrected_up, MIDYEAR, FlagKind::ValueSpike), @"");
}

#[test]
fn a_level_that_falls_by_more_than_a_fifth_is_told() {
    let levels = |values: [&str; 2]| {
        let mut world = World::measuring(followers()).at("2023-08-01");
        for (day, value) in ["2023-06-30", "2023-07-31"].into_iter().zip(values) {
            world.accept(fact(recorded(level(value))).on(day));
        }
        world
    };
    assert_snapshot!(found(&levels(["1000", "800"]), MIDYEAR, FlagKind::LevelDrop), @"");
    assert_snapshot!(found(&levels(["1000", "799"]), MIDYEAR, FlagKind::LevelDrop), @"LEVEL_DROP before=1000 after=799 day=2023-07-31 on 2");
    assert_snapshot!(found(&levels(["1000", "799"]), "2023-07-30", FlagKind::LevelDrop), @"");
}

#[test]
fn the_same_amount_of_the_same_day_may_be_one_fact() {
    let twice = [
        ("2023-06-01", "2023-05-31", "5"),
        ("2023-06-02", "2023-05-31", "5"),
    ];
    assert_snapshot!(found(&counted(&twice), MIDYEAR, FlagKind::PossibleDuplicate), @"POSSIBLE_DUPLICATE amount=5 day=2023-05-31 reports=2 on 2");
    let other = [
        ("2023-06-01", "2023-05-31", "5"),
        ("2023-06-02", "2023-05-30", "5"),
    ];
    assert_snapshot!(found(&counted(&other), MIDYEAR, FlagKind::PossibleDuplicate), @"");
}

#[test]
fn months_reported_together_in_the_last_days_are_a_rush() {
    let four = ["2023-10-31", "2023-11-30", "2023-12-31", "2024-01-31"];
    assert_snapshot!(found(&months("2024-03-31", &four, "3"), END, FlagKind::EndOfPeriodRush), @"END_OF_PERIOD_RUSH reports=4 of=4 months=4 deadline=2024-03-31 on 4");
    assert_snapshot!(found(&months("2024-03-25", &four, "3"), END, FlagKind::EndOfPeriodRush), @"END_OF_PERIOD_RUSH reports=4 of=4 months=4 deadline=2024-03-31 on 4");
    // Not in the last days; too few; of too few months; a small share of all.
    assert_snapshot!(found(&months("2024-03-24", &four, "3"), END, FlagKind::EndOfPeriodRush), @"");
    assert_snapshot!(found(&months("2024-03-31", &four[1..], "3"), END, FlagKind::EndOfPeriodRush), @"");
    let one_month = ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"];
    assert_snapshot!(found(&months("2024-03-31", &one_month, "3"), END, FlagKind::EndOfPeriodRush), @"");
    let mut steady = months("2024-03-31", &four, "3");
    let early = World::measuring(count());
    assert_eq!(early.position, steady.position - 4);
    for day in 1..=5 {
        steady = steady.at("2023-06-01");
        steady.accept(fact(recorded(increment("1"))).on(&format!("2023-05-0{day}")));
    }
    assert_snapshot!(found(&steady, END, FlagKind::EndOfPeriodRush), @"");
}

#[test]
fn a_round_number_month_after_month_is_told() {
    let three = ["2023-04-30", "2023-05-31", "2023-06-30"];
    assert_snapshot!(found(&months("2023-07-01", &three, "10"), MIDYEAR, FlagKind::IdenticalRoundNumbers), @"IDENTICAL_ROUND_NUMBERS amount=10 months=3 first_month=2023-04 last_month=2023-06 on 3");
    assert_snapshot!(found(&months("2023-07-01", &three, "7"), MIDYEAR, FlagKind::IdenticalRoundNumbers), @"");
    assert_snapshot!(found(&months("2023-07-01", &three[..2], "10"), MIDYEAR, FlagKind::IdenticalRoundNumbers), @"");
    let gap = ["2023-04-30", "2023-05-31", "2023-07-31"];
    assert_snapshot!(found(&months("2023-08-01", &gap, "10"), MIDYEAR, FlagKind::IdenticalRoundNumbers), @"");
    // A month is the sum of its reports.
    let split = [
        ("2023-07-01", "2023-04-30", "10"),
        ("2023-07-01", "2023-05-10", "4"),
        ("2023-07-01", "2023-05-20", "6"),
        ("2023-07-01", "2023-06-30", "10"),
        ("2023-08-01", "2023-07-31", "12"),
    ];
    assert_snapshot!(found(&counted(&split), MIDYEAR, FlagKind::IdenticalRoundNumbers), @"IDENTICAL_ROUND_NUMBERS amount=10 months=3 first_month=2023-04 last_month=2023-06 on 4");
}

#[test]
fn what_nothing_shows_is_told_until_evidence_is_attached() {
    let mut world = World::measuring(count()).at("2023-07-01");
    world.accept(fact(recorded(increment("5"))).on("2023-05-31").shown());
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NoEvidence), @"");
    world.accept(
        fact(recorded(increment("6")))
            .on("2023-06-30")
            .named("bare"),
    );
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NoEvidence), @"NO_EVIDENCE without=1 of=2 demanded=0 on 1");
    let attached = EvidenceAttached {
        subject: Subject::Indicator(indicator_id("X")),
        shows: Some(event_id("bare")),
        filed_under: None,
    };
    world.accept(fact(attached).on("2023-06-30").shown());
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NoEvidence), @"");
    // Reports of nothing show nothing.
    world.accept(fact(recorded(nil(NilCause::NoActivity))).on("2023-07-01"));
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NoEvidence), @"");
}

#[test]
fn a_state_that_demands_evidence_is_counted_for_itself() {
    // The rules refuse it; a history that has it is told all the same.
    let mut world = World::measuring(milestone(0)).at("2023-07-01");
    let completed = milestone_state(MilestoneState::Completed);
    let event = world.event(&fact(recorded(completed)).on("2023-06-30"));
    world.apply(event);
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NoEvidence), @"NO_EVIDENCE without=1 of=1 demanded=1 on 1");
}

#[test]
fn silence_and_a_report_of_nothing_are_two_things() {
    let mut world = World::measuring(count()).at("2023-07-01");
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NeverReported), @"NEVER_REPORTED on 1");
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NilReported), @"");
    world.accept(
        fact(recorded(nil(NilCause::NoActivity)))
            .on("2023-06-01")
            .until("2023-06-30"),
    );
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NeverReported), @"");
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::NilReported), @"NIL_REPORTED cause=NO_ACTIVITY reports=1 on 1");
    // What begins later owes no report yet.
    let later = Definition {
        active_window: Some(days("2023-10-01", "2024-03-31")),
        ..count()
    };
    assert_snapshot!(found(&World::measuring(later), MIDYEAR, FlagKind::NeverReported), @"");
}
