use insta::assert_snapshot;
use proptest::prelude::*;

use super::{Contribution, contributions};
use crate::domain::actual::aggregate::{Cut, actual_at};
use crate::domain::actual::{
    Actual, Measurement, MemberState, MilestoneState, NilCause, ReportedPart,
};
use crate::domain::date::DateSpan;
use crate::domain::event::{ActualRecorded, Payload};
use crate::domain::goal::{Entry, Indicator};
use crate::domain::indicator::{AggSpace, AggTime, Definition};
use crate::domain::quantity::Quantity;
use crate::domain::testing::history::*;
use crate::domain::testing::*;

fn cycle() -> DateSpan {
    days("2023-04-01", "2024-03-31")
}

/// What each report does, a line each.
fn told(indicator: &Indicator, on: &str) -> String {
    let line = |c: &Contribution<'_>| {
        let adds = c
            .adds
            .map(|amount| format!(" {amount}"))
            .unwrap_or_default();
        let whom = c.for_whom.map_or("", |_| " for another");
        format!(
            "{} #{} {}{adds}{whom}",
            c.entry.valid.counts_on(),
            c.entry.position,
            c.role.code()
        )
    };
    let contributions = contributions(indicator, cycle(), Cut::on(day(on)));
    contributions
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

proptest! {
    #![proptest_config(property_cases())]

    /// The reports that are said to make the figure make it, without any other.
    #[test]
    fn the_figure_is_made_of_what_is_said_to_make_it(definition in any_definition(), facts in any_facts(12), on in days_of_cycle()) {
        let history = History::of(definition.clone()).with(sound(&definition, facts));
        let indicator = history.indicator();
        let cut = Cut::on(on);
        let actual = actual_at(indicator, cycle(), cut);
        let makers: Vec<Entry<'_>> = contributions(indicator, cycle(), cut)
            .into_iter()
            .filter(|c| c.role.makes_the_figure())
            .map(|c| c.entry)
            .collect();
        if matches!(actual, Actual::NoReport | Actual::Nil(_)) {
            prop_assert!(makers.is_empty());
            return Ok(());
        }
        if makers.is_empty() {
            // Only members that are not in the set reported, or checkpoints that the definition does not have.
            let nothing = match &actual {
                Actual::Coverage { done, .. } => done.is_empty(),
                Actual::Members { values, .. } => values.is_empty(),
                _ => false,
            };
            prop_assert!(nothing, "{:?}", actual);
            return Ok(());
        }
        // Recorded anew in the same order, each of its day.
        let mut makers = makers;
        makers.sort_by_key(|entry| entry.position);
        let again = makers.into_iter().map(|entry| {
            let recorded = ActualRecorded {
                indicator: indicator_id("X"),
                measurement: entry.measurement.clone(),
                reported: ReportedPart { part: entry.context.reported.part.clone(), unit_code: None },
            };
            let mut fact = fact(recorded);
            fact.valid = Some(entry.valid);
            fact
        });
        let alone = History::of(definition).with(again);
        prop_assert_eq!(whole(&actual_at(alone.indicator(), cycle(), cut)), whole(&actual));
    }

    /// What is said to be added is the sum: of the whole, of the worst part, of all months.
    #[test]
    fn the_amounts_are_the_sum(definition in adding_up(), facts in any_facts(12), on in days_of_cycle()) {
        let history = History::of(definition.clone()).with(sound(&definition, facts));
        let cut = Cut::on(on);
        let contributions = contributions(history.indicator(), cycle(), cut);
        prop_assert!(contributions.iter().all(|c| c.adds.is_some()));
        let amounts = contributions.into_iter().filter_map(|c| c.adds);
        let total = amounts.fold(Quantity::ZERO, |a, b| a.checked_add(b).unwrap());
        match actual_at(history.indicator(), cycle(), cut) {
            Actual::Number { value, .. } => prop_assert_eq!(total, value),
            Actual::Months { total: months, .. } => prop_assert_eq!(total, months),
            Actual::NoReport | Actual::Nil(_) => prop_assert_eq!(total, Quantity::ZERO),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

/// What the rules let through: a series that is broken, or a report in a form that they refuse, is read in one way too,
/// but not told so well.
fn sound(definition: &Definition, facts: Vec<Fact>) -> Vec<Fact> {
    let kind = definition.entry_kind;
    let fits = |measurement: &Measurement| {
        let entry = measurement.entry_kind();
        entry.is_none_or(|entry| Some(entry) == kind)
    };
    let lets_through = |fact: &Fact| match &fact.payload {
        Payload::IndicatorRedefined(_) => false,
        Payload::ActualRecorded(p) => fits(&p.measurement),
        Payload::ActualCorrected(p) => fits(&p.measurement),
        _ => true,
    };
    facts.into_iter().filter(lets_through).collect()
}

/// A definition under which amounts add up.
fn adding_up() -> impl Strategy<Value = Definition> {
    let of_parts = |joined| with_parts(count(), joined, &["m1", "m2"]);
    prop::sample::select(vec![
        count(),
        of_parts(AggSpace::Sum),
        of_parts(AggSpace::CappedSum),
        of_parts(AggSpace::MinOfParts),
        monthly(AggTime::Sum),
        monthly(AggTime::MeanOfPeriods),
    ])
}

/// The whole without its parts: where one part decides, the others are not said to make it.
fn whole(actual: &Actual) -> Actual {
    match actual {
        Actual::Number { value, .. } => Actual::Number {
            value: *value,
            parts: Vec::new(),
        },
        // Members that are silent or outdone are in the set all the same.
        other => other.clone(),
    }
}

#[test]
fn amounts_add_up_and_what_does_not_count_says_why() {
    let mut world = World::measuring(count()).at("2023-11-01");
    world.accept(fact(recorded(increment("5"))).on("2023-04-30"));
    world.accept(
        fact(recorded(increment("12")))
            .on("2023-07-31")
            .named("july"),
    );
    world.accept(
        fact(recorded(increment("7")))
            .on("2023-08-10")
            .named("wrong"),
    );
    world.accept(
        fact(corrected("july", increment("9")))
            .on("2023-07-31")
            .because("入力誤り"),
    );
    world.accept(
        fact(retracted("wrong"))
            .on("2023-08-10")
            .because("別の指標"),
    );
    world.accept(
        fact(recorded(nil(NilCause::NoActivity)))
            .on("2023-09-01")
            .until("2023-09-30"),
    );
    world.accept(fact(recorded(increment("3"))).on("2023-10-31"));
    assert_snapshot!(told(world.indicator("X"), "2023-09-30"), @"
    2023-04-30 #12 ADDS 5
    2023-07-31 #13 REPLACED 0 for another
    2023-07-31 #15 ADDS 9
    2023-08-10 #14 RETRACTED 0 for another
    2023-09-30 #17 ADDS 0
    2023-10-31 #18 LATER 0
    ");
}

#[test]
fn of_levels_one_decides() {
    let levels = [
        ("2023-09-30", "47500"),
        ("2023-06-30", "46800"),
        ("2023-10-01", "50000"),
    ];
    let with = |definition| {
        levels.iter().fold(
            World::measuring(definition).at("2023-11-01"),
            |mut world, (day, value)| {
                world.accept(fact(recorded(level(value))).on(day));
                world
            },
        )
    };
    let extreme = |agg_time| Definition {
        agg_time,
        ..followers()
    };
    assert_snapshot!(told(with(followers()).indicator("X"), "2023-09-30"), @"
    2023-06-30 #13 OUTDONE for another
    2023-09-30 #12 DECIDES
    2023-10-01 #14 LATER
    ");
    assert_snapshot!(told(with(extreme(AggTime::Min)).indicator("X"), "2023-09-30"), @"
    2023-06-30 #13 DECIDES
    2023-09-30 #12 OUTDONE for another
    2023-10-01 #14 LATER
    ");
}

#[test]
fn the_worst_part_decides() {
    let mut world = World::measuring(with_parts(followers(), AggSpace::MinOfParts, &["m1", "m2"]));
    for (part, value) in [("m1", "5"), ("m2", "3")] {
        world.accept(fact(recorded_of(part, level(value))).on("2023-06-30"));
    }
    assert_snapshot!(told(world.indicator("X"), "2023-09-30"), @"
    2023-06-30 #12 OTHER_PART
    2023-06-30 #13 DECIDES
    ");
}

#[test]
fn a_month_that_is_not_complete_is_not_in_the_mean() {
    let mut world = World::measuring(monthly(AggTime::MeanOfPeriods)).at("2023-10-10");
    for (day, amount) in [("2023-08-31", "300"), ("2023-09-10", "120")] {
        world.accept(fact(recorded(increment(amount))).on(day));
    }
    assert_snapshot!(told(world.indicator("X"), "2023-09-29"), @"
    2023-08-31 #12 ADDS 300
    2023-09-10 #13 OPEN_MONTH 120
    ");
}

#[test]
fn a_member_counts_by_its_newest_state_while_it_is_in_the_set() {
    let mut moving = coverage(2);
    moving.members[1].until = Some(day("2023-08-31"));
    let mut world = World::measuring(moving);
    for (key, state, on) in [
        ("m1", MemberState::Done, "2023-05-01"),
        ("m1", MemberState::NotDone, "2023-06-01"),
        ("m2", MemberState::Done, "2023-07-01"),
    ] {
        world.accept(fact(recorded(member(key, state))).on(on));
    }
    assert_snapshot!(told(world.indicator("X"), "2023-09-30"), @"
    2023-05-01 #12 OUTDONE for another
    2023-06-01 #13 DECIDES
    2023-07-01 #14 OUTSIDE_SET
    ");
}

#[test]
fn a_state_is_told_with_the_report_since_which_it_is_so() {
    let mut world = World::measuring(milestone(0));
    // The rules take a state only once; a history that repeats it is still read in one way.
    for (state, on) in [
        (MilestoneState::NotStarted, "2023-04-10"),
        (MilestoneState::Started, "2023-05-10"),
        (MilestoneState::Started, "2023-06-10"),
        (MilestoneState::Started, "2023-07-10"),
    ] {
        let event = world.event(&fact(recorded(milestone_state(state))).on(on));
        world.apply(event);
    }
    assert_snapshot!(told(world.indicator("X"), "2023-09-30"), @"
    2023-04-10 #12 OUTDONE for another
    2023-05-10 #13 DECIDES
    2023-06-10 #14 OUTDONE for another
    2023-07-10 #15 DECIDES
    ");
}
