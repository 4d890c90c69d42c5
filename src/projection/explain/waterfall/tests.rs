use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Cause, Step, Waterfall};
use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::{Cut, actual_at};
use crate::domain::event::Payload;
use crate::domain::goal::Indicator;
use crate::domain::indicator::AggSpace;
use crate::domain::quantity::Quantity;
use crate::domain::target::TargetVersion;
use crate::domain::testing::history::*;
use crate::domain::testing::*;
use crate::projection::explain::fact;

fn cycle() -> crate::domain::date::DateSpan {
    days("2023-04-01", "2024-03-31")
}

fn way(indicator: &Indicator, since: Cut, until: Cut) -> Vec<Step<Actual>> {
    let reading = |cut| actual_at(indicator, cycle(), cut);
    let (facts, ticks) = (
        fact::of_actual(indicator),
        fact::ticks(indicator, cycle(), until),
    );
    let waterfall = Waterfall::new(&facts, &ticks, (since, until), reading);
    waterfall.steps(0, usize::MAX, reading)
}

/// Two cuts, neither of the first later.
fn cuts() -> impl Strategy<Value = (Cut, Cut)> {
    let days = (days_from("2023-03-25", 400), days_from("2023-03-25", 400));
    (days, 0_u64..14, 0_u64..14).prop_map(|((a, b), c, d)| {
        let since = Cut::on(a.min(b)).known_at(c.min(d));
        (since, Cut::on(a.max(b)).known_at(c.max(d)))
    })
}

fn number(actual: &Actual) -> Quantity {
    match actual {
        Actual::Number { value, .. } => *value,
        Actual::NoReport | Actual::Nil(_) => Quantity::ZERO,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(property_cases())]

    /// Whatever is measured, the steps lead from the one answer to the other without a gap.
    #[test]
    fn every_step_ends_where_the_next_begins(definition in any_definition(), facts in any_facts(12), (since, until) in cuts()) {
        let history = History::of(definition).with(facts);
        let indicator = history.indicator();
        let steps = way(indicator, since, until);
        let mut at = actual_at(indicator, cycle(), since);
        for step in &steps {
            prop_assert_eq!(&step.before, &at);
            at = step.after.clone();
        }
        prop_assert_eq!(at, actual_at(indicator, cycle(), until));
        // A page of the way is a piece of it.
        let reading = |cut| actual_at(indicator, cycle(), cut);
        let ticks = fact::ticks(indicator, cycle(), until);
        let waterfall = Waterfall::new(&fact::of_actual(indicator), &ticks, (since, until), reading);
        prop_assert_eq!(waterfall.len(), steps.len());
        let middle = steps.len() / 2;
        let pages = [waterfall.steps(0, middle, reading), waterfall.steps(middle, usize::MAX, reading)].concat();
        prop_assert_eq!(pages, steps);
    }

    /// What adds up adds up: the first figure and all differences are the last figure.
    #[test]
    fn the_differences_add_up(parts in any::<bool>(), facts in any_facts(12), (since, until) in cuts()) {
        let definition = if parts { with_parts(count(), AggSpace::Sum, &["m1", "m2"]) } else { count() };
        // A series that was broken begins anew, and what it was measured as may not add up.
        let unbroken = facts.into_iter().filter(|fact| !matches!(fact.payload, Payload::IndicatorRedefined(_)));
        let history = History::of(definition).with(unbroken);
        let start = number(&actual_at(history.indicator(), cycle(), since)).decimal();
        let steps = way(history.indicator(), since, until);
        let differences = steps.iter().map(|step| number(&step.after).decimal() - number(&step.before).decimal());
        let end = number(&actual_at(history.indicator(), cycle(), until)).decimal();
        prop_assert_eq!(start + differences.sum::<rust_decimal::Decimal>(), end);
    }

    /// The same for the target in force.
    #[test]
    fn targets_lead_from_one_to_the_other(facts in any_facts(12), (since, until) in cuts()) {
        let history = History::of(count()).with(facts);
        let indicator = history.indicator();
        let reading = |cut| indicator.target_at(cut).map(|version: &TargetVersion| version.event_id);
        let waterfall = Waterfall::new(&fact::of_target(indicator), &BTreeSet::new(), (since, until), reading);
        let mut at = reading(since);
        for step in waterfall.steps(0, usize::MAX, reading) {
            prop_assert_eq!(step.before, at);
            at = step.after;
        }
        prop_assert_eq!(at, reading(until));
    }
}

/// 業務改善 of the field's worked grid: what was entered when.
fn improvements() -> World {
    let mut world = World::measuring(count());
    let entries = [
        ("2023-05-08", "2023-04-30", "5"),
        ("2023-06-07", "2023-05-31", "6"),
        ("2023-07-06", "2023-06-30", "4"),
        ("2023-08-04", "2023-07-31", "12"),
        ("2023-09-05", "2023-08-31", "1"),
        ("2023-10-04", "2023-09-30", "3"),
    ];
    for (today, day, amount) in entries {
        world = world.at(today);
        world.accept(fact(recorded(increment(amount))).on(day).named(day));
    }
    world = world.at("2023-10-12");
    let july = corrected("2023-07-31", increment("9"));
    world.accept(
        fact(july)
            .on("2023-07-31")
            .because("入力誤り")
            .named("july"),
    );
    world = world.at("2023-11-14");
    world.accept(
        fact(recorded(increment("2")))
            .on("2023-09-20")
            .named("late"),
    );
    world
}

/// The steps in words.
fn told(steps: &[Step<Actual>]) -> String {
    let line = |step: &Step<Actual>| {
        let cause = match &step.cause {
            Cause::Dated { on, positions } => format!("dated {on}, {} facts", positions.len()),
            Cause::Learnt { position } => format!("learnt #{position}"),
            Cause::Together { last, count } => format!("{count} learnt up to #{last}"),
        };
        format!("{cause}: {} -> {}", worth(&step.before), worth(&step.after))
    };
    steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn two_equal_numbers_have_different_facts() {
    let world = improvements();
    let first = world.position - 8;
    let indicator = world.indicator("X");
    let on = Cut::on(day("2023-09-30"));
    // K = 30 Sep: September is not entered yet; K = 31 Oct: July is corrected.
    let (september, october) = (on.known_at(first + 5), on.known_at(first + 7));
    for cut in [september, october] {
        assert_eq!(worth(&actual_at(indicator, cycle(), cut)), "28");
    }
    insta::assert_snapshot!(told(&way(indicator, september, october)), @"
    learnt #17: 28 -> 31
    learnt #18: 31 -> 28
    ");
    insta::assert_snapshot!(told(&way(indicator, october, on.known_at(first + 8))), @"learnt #19: 28 -> 30");
}

#[test]
fn what_was_known_is_dated_before_what_was_not_is_learnt() {
    let world = improvements();
    let first = world.position - 8;
    let since = Cut::on(day("2023-07-31")).known_at(first + 5);
    let until = Cut::on(day("2023-09-30")).known_at(first + 8);
    insta::assert_snapshot!(told(&way(world.indicator("X"), since, until)), @"
    dated 2023-08-31, 1 facts: 27 -> 28
    learnt #17: 28 -> 31
    learnt #18: 31 -> 28
    learnt #19: 28 -> 30
    ");
}

#[test]
fn months_pass_and_members_come_by_themselves() {
    let mut moving = coverage(2);
    moving.members[1].from = Some(day("2023-07-01"));
    let mut world = World::measuring(moving);
    world.accept(
        fact(recorded(member(
            "m1",
            crate::domain::actual::MemberState::Done,
        )))
        .on("2023-05-01"),
    );
    let known = world.position;
    let at = |date: &str| Cut::on(day(date)).known_at(known);
    insta::assert_snapshot!(told(&way(world.indicator("X"), at("2023-05-31"), at("2023-09-30"))), @"dated 2023-07-01, 0 facts: 1 of 1 -> 1 of 2");
}

#[test]
fn only_so_many_steps_are_told_one_by_one() {
    let facts: Vec<super::Fact> = (0..Waterfall::LEARNT_MAX as u64 + 3)
        .map(|position| super::Fact {
            position: position + 10,
            day: day("2023-05-01"),
        })
        .collect();
    let since = Cut::on(day("2023-09-30")).known_at(10);
    let until = since.known_at(facts.len() as u64 + 10);
    let reading = |cut: Cut| cut.known.unwrap() - 10;
    let waterfall = Waterfall::new(&facts, &BTreeSet::new(), (since, until), reading);
    let steps = waterfall.steps(0, 2, reading);
    assert_eq!(waterfall.len(), Waterfall::LEARNT_MAX + 1);
    assert_eq!(steps[0].cause, Cause::Together { last: 12, count: 3 });
    assert_eq!((steps[0].before, steps[0].after), (0, 3));
    assert_eq!((steps[1].before, steps[1].after), (3, 4));
}
