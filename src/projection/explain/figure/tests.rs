use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::domain::actual::NilCause;
use crate::domain::date::DateSpan;
use crate::domain::directory::Directory;
use crate::domain::evaluation::EvaluationPolicy;
use crate::domain::event::ActualRecorded;
use crate::domain::goal::Goal;
use crate::domain::indicator::{AggSpace, AggTime};
use crate::domain::testing::history::*;
use crate::domain::testing::*;
use crate::projection::explain::waterfall::{Cause, Step};

fn cycle() -> DateSpan {
    days("2023-04-01", "2024-03-31")
}

fn with<T>(home: &Goal, of: &str, kind: FigureKind, tell: impl FnOnce(Explained<'_>) -> T) -> T {
    let policy = EvaluationPolicy::default();
    tell(Explained {
        measured: Measured {
            id: indicator_id(of),
            state: home.indicator(indicator_id(of)).unwrap(),
            home,
            cycle: cycle(),
            directory: &Directory::default(),
            policy: &policy,
        },
        kind,
    })
}

fn kinds() -> impl Strategy<Value = FigureKind> {
    prop::sample::select(FigureKind::ALL.to_vec())
}

fn amount(reading: &Reading) -> Exact {
    reading.figure.clone().unwrap_or_else(|_| Exact::zero())
}

/// Two cuts, neither of the first later; the first may know nothing.
fn cuts() -> impl Strategy<Value = (Cut, Cut)> {
    let days = (days_from("2023-03-25", 400), days_from("2023-03-25", 400));
    (days, 0_u64..14, 0_u64..14).prop_map(|((a, b), c, d)| {
        let since = Cut::on(a.min(b)).known_at(c.min(d));
        (since, Cut::on(a.max(b)).known_at(c.max(d)))
    })
}

proptest! {
    #![proptest_config(property_cases())]

    /// Whatever is measured and whichever figure is asked for: the first figure and all differences are the last.
    #[test]
    fn the_steps_add_up_to_the_figure(definition in any_definition(), facts in any_facts(12), kind in kinds(), (since, until) in cuts()) {
        let history = History::of(definition).with(facts);
        with(history.goal(), "X", kind, |explained| {
            let reading = |cut| explained.reading(cut);
            for since in [since, until.known_at(0)] {
                let steps = explained.way(since, until).steps(0, usize::MAX, reading);
                let mut at = reading(since);
                let mut total = amount(&at);
                for step in &steps {
                    prop_assert_eq!(&step.before, &at);
                    if let Some(difference) = step.before.difference(&step.after) {
                        total = total.plus(&difference);
                    }
                    at = step.after.clone();
                }
                let end = reading(until);
                prop_assert_eq!(total, amount(&end));
                prop_assert_eq!(at, end);
            }
            Ok(())
        })?;
    }

    /// From nothing, a figure is what was learnt, event by event.
    #[test]
    fn from_nothing_every_step_is_an_event(definition in any_definition(), facts in any_facts(12), kind in kinds(), on in days_of_cycle()) {
        let history = History::of(definition).with(facts);
        let until = Cut::on(on).known_at(history.size());
        with(history.goal(), "X", kind, |explained| {
            let reading = |cut| explained.reading(cut);
            let steps = explained.way(until.known_at(0), until).steps(0, usize::MAX, reading);
            let learnt = steps.iter().all(|step| matches!(step.cause, Cause::Learnt { .. }));
            prop_assert!(learnt);
            Ok(())
        })?;
    }
}

/// The steps in words.
fn told(world: &World, of: &str, kind: FigureKind, since: Option<Cut>, on: &str) -> String {
    let home = &world.goals[&goal_id("G").into()];
    let until = Cut::on(day(on)).known_at(world.position);
    with(home, of, kind, |explained| {
        let reading = |cut| explained.reading(cut);
        let shown = |reading: &Reading| match &reading.figure {
            Ok(value) => match reading.actual.as_ref() {
                Some(Actual::Ratio {
                    numerator,
                    denominator,
                }) => format!("{} ({numerator}/{denominator})", value.half_up(3)),
                _ => value.half_up(3),
            },
            Err(obstacle) => obstacle.code().to_owned(),
        };
        let line = |step: &Step<Reading>| {
            let difference = step.before.difference(&step.after);
            let difference = difference.map_or("-".to_owned(), |value| value.half_up(3));
            let cause = match &step.cause {
                Cause::Dated { on, positions } => format!("dated {on} {positions:?}"),
                Cause::Learnt { position } => format!("learnt #{position}"),
                Cause::Together { last, count } => format!("{count} learnt up to #{last}"),
            };
            format!("{cause}: {difference} -> {}", shown(&step.after))
        };
        let since = since.unwrap_or(until.known_at(0));
        let steps = explained.way(since, until).steps(0, usize::MAX, reading);
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn a_sum_is_told_with_its_corrections() {
    let mut world = World::aiming(count(), value("50")).at("2023-10-12");
    for (day, amount, name) in [
        ("2023-04-30", "5", "april"),
        ("2023-07-31", "12", "july"),
        ("2023-08-31", "4", "wrong"),
    ] {
        world.accept(fact(recorded(increment(amount))).on(day).named(name));
    }
    let july = corrected("july", increment("9"));
    world.accept(fact(july).on("2023-07-31").because("入力誤り"));
    let wrong = retracted("wrong");
    world.accept(fact(wrong).on("2023-08-31").because("別の指標"));
    assert_snapshot!(told(&world, "X", FigureKind::Actual, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #13: 5.000 -> 5.000
    learnt #14: 12.000 -> 17.000
    learnt #15: 4.000 -> 21.000
    learnt #16: -3.000 -> 18.000
    learnt #17: -4.000 -> 14.000
    ");
    assert_snapshot!(told(&world, "X", FigureKind::Attainment, None, "2023-09-30"), @"
    learnt #11: - -> NO_TARGET
    learnt #12: - -> NO_REPORT
    learnt #13: 0.100 -> 0.100
    learnt #14: 0.240 -> 0.340
    learnt #15: 0.080 -> 0.420
    learnt #16: -0.060 -> 0.360
    learnt #17: -0.080 -> 0.280
    ");
    assert_snapshot!(told(&world, "X", FigureKind::Target, None, "2023-09-30"), @"learnt #12: 50.000 -> 50.000");
}

#[test]
fn a_quotient_is_told_with_both_sides() {
    let mut world = World::measuring(rate(AggTime::RatioOfSums));
    for (day, numerator, denominator) in [("2023-05-31", "40", "80"), ("2023-08-31", "14", "20")] {
        world.accept(fact(recorded(share(numerator, denominator))).on(day));
    }
    assert_snapshot!(told(&world, "X", FigureKind::Actual, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #12: 50.000 -> 50.000 (40/80)
    learnt #13: 4.000 -> 54.000 (54/100)
    ");
}

#[test]
fn what_cannot_be_computed_says_why() {
    let mut world = World::measuring(count());
    assert_snapshot!(told(&world, "X", FigureKind::Actual, None, "2023-09-30"), @"learnt #11: - -> NO_REPORT");
    world.accept(fact(recorded(nil(NilCause::NotMeasured))).on("2023-05-31"));
    assert_snapshot!(told(&world, "X", FigureKind::Actual, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #12: - -> NOT_MEASURED
    ");
    assert_snapshot!(told(&world, "X", FigureKind::Attainment, None, "2023-09-30"), @"
    learnt #11: - -> NO_TARGET
    learnt #12: - -> NO_TARGET
    ");
    assert_snapshot!(told(&world, "X", FigureKind::Target, None, "2023-09-30"), @"");
}

#[test]
fn the_worst_part_moves_the_whole() {
    let parts = with_parts(followers(), AggSpace::MinOfParts, &["m1", "m2"]);
    let mut world = World::measuring(parts);
    for (day, part, amount) in [
        ("2023-05-31", "m1", "5"),
        ("2023-06-30", "m2", "3"),
        ("2023-07-31", "m1", "8"),
    ] {
        world.accept(fact(recorded_of(part, level(amount))).on(day));
    }
    assert_snapshot!(told(&world, "X", FigureKind::Actual, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #12: 5.000 -> 5.000
    learnt #13: -2.000 -> 3.000
    learnt #14: 0.000 -> 3.000
    ");
}

#[test]
fn a_composite_is_explained_by_its_components() {
    let mut world = World::measuring(count());
    world.accept(fact(defined("Y", "I", count())));
    world.accept(fact(defined("Z", "I", composite(&["X", "Y"]))));
    let whole = crate::domain::target::Aim::Components;
    for (of, aim) in [("X", value("10")), ("Y", value("20")), ("Z", whole)] {
        world = world.at("2023-04-01");
        world.accept(fact(target_set(of, aim)));
    }
    world = world.at("2023-10-06");
    for (of, amount) in [("X", "5"), ("Y", "4")] {
        let report = ActualRecorded {
            indicator: indicator_id(of),
            ..recorded(increment(amount))
        };
        world.accept(fact(report).on("2023-05-31"));
    }
    assert_snapshot!(told(&world, "Z", FigureKind::Actual, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #12: - -> NO_REPORT
    learnt #13: - -> NOT_OF_THIS_MEASURE
    learnt #17: - -> NOT_OF_THIS_MEASURE
    learnt #18: - -> NOT_OF_THIS_MEASURE
    ");
    assert_snapshot!(told(&world, "Z", FigureKind::Attainment, None, "2023-09-30"), @"
    learnt #11: - -> NO_REPORT
    learnt #12: - -> NO_REPORT
    learnt #13: - -> NO_TARGET
    learnt #14: - -> NO_TARGET
    learnt #15: - -> NO_TARGET
    learnt #16: - -> NO_REPORT
    learnt #17: - -> NO_REPORT
    learnt #18: 0.200 -> 0.200
    ");
}
