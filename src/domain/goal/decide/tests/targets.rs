//! Targets, their revisions and planned lines.

use insta::assert_snapshot;

use crate::domain::event::*;
use crate::domain::indicator::*;
use crate::domain::target::*;
use crate::domain::testing::*;

#[test]
fn a_target_fits_its_definition() {
    let would = |definition: Definition, aim: Aim| {
        World::measuring(definition)
            .at("2023-04-01")
            .would(fact(target_set("X", aim)))
    };
    let about = |value, tolerance| Aim::Approximate {
        value: q(value),
        tolerance: q(tolerance),
    };
    let range = |lower, upper| Aim::Range {
        lower: q(lower),
        upper: q(upper),
    };
    assert_snapshot!(would(count(), value("50")), @"recorded");
    assert_snapshot!(would(count(), value("0.5")), @"VALUE_OUT_OF_DOMAIN target_set.target.value [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(would(count(), about("50", "5")), @"TARGET_MISMATCH target_set.target [problem=one value is needed]");
    assert_snapshot!(would(count(), Aim::AllMembers), @"TARGET_MISMATCH target_set.target [problem=there is no set of members to cover]");
    assert_snapshot!(would(count(), done_by("2024-03-31")), @"TARGET_MISMATCH target_set.target [problem=one value is needed]");
    assert_snapshot!(would(mean_days(), value("14.5")), @"recorded");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), value("99")), @"recorded");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), value("101")), @"VALUE_OUT_OF_DOMAIN target_set.target.value [unit=% allowed=0以上100以下の数 allowed_en=a number from 0 to 100]");
    let approximate = || Definition {
        comparator: Comparator::WithinTolerance,
        ..stage()
    };
    assert_snapshot!(would(approximate(), about("80", "5")), @"recorded");
    assert_snapshot!(would(approximate(), about("180", "-5")), @"VALUE_OUT_OF_DOMAIN target_set.target.approximate.value [unit=% allowed=0以上100以下の数（小数点以下2桁まで） allowed_en=a number from 0 to 100 with at most 2 decimals]; TARGET_MISMATCH target_set.target.approximate.tolerance [problem=below zero]");
    assert_snapshot!(would(approximate(), value("80")), @"TARGET_MISMATCH target_set.target [problem=a value with its tolerance is needed]");
    let in_range = || Definition {
        comparator: Comparator::InRange,
        ..count()
    };
    assert_snapshot!(would(in_range(), range("5", "10")), @"recorded");
    assert_snapshot!(would(in_range(), range("10", "5")), @"TARGET_MISMATCH target_set.target.range.upper [problem=the greatest value is below the least]");
    assert_snapshot!(would(coverage(36), Aim::AllMembers), @"recorded");
    assert_snapshot!(would(coverage(36), value("23")), @"recorded");
    assert_snapshot!(would(coverage(36), value("37")), @"TARGET_MISMATCH target_set.target.value [problem=more than the set has members]");
    assert_snapshot!(would(cap(44), value("45")), @"recorded");
    assert_snapshot!(would(milestone(0), done_by("2025-03-31")), @"recorded");
    assert_snapshot!(would(milestone(0), done_by("2023-03-31")), @"TARGET_MISMATCH target_set.target.done.due [problem=due before the cycle begins]");
    assert_snapshot!(would(milestone(0), value("1")), @"TARGET_MISMATCH target_set.target [problem=a milestone has a day and an end state]");
    assert_snapshot!(would(judged(), Aim::RubricLevel(2)), @"recorded");
    assert_snapshot!(would(judged(), Aim::RubricLevel(4)), @"TARGET_MISMATCH target_set.target.rubric_level [problem=the rubric has no such level]");
    assert_snapshot!(would(judged(), Aim::Components), @"TARGET_MISMATCH target_set.target [problem=a level of the rubric is needed]");
}

#[test]
fn every_part_has_its_own_target_where_each_counts() {
    let world = World::measuring(with_parts(
        count(),
        AggSpace::CappedSum,
        &["歴史博物館", "美術館"],
    ))
    .at("2023-04-01");
    let would = |parts: Vec<PartTarget>| {
        let target = Target {
            aim: value("5"),
            parts,
        };
        world.would(fact(TargetSet {
            indicator: indicator_id("X"),
            target,
        }))
    };
    assert_snapshot!(would(vec![part_target("歴史博物館", "3"), part_target("美術館", "2")]), @"recorded");
    assert_snapshot!(would(vec![part_target("歴史博物館", "3")]), @"TARGET_MISMATCH target_set.target.parts [problem=every part needs its own target]");
    assert_snapshot!(would(vec![part_target("歴史博物館", "3"), part_target("歴史博物館", "3"), part_target("図書館", "-1")]), @"TARGET_MISMATCH target_set.target.parts[1].part [problem=given twice]; PART_UNKNOWN target_set.target.parts[2].part [known=歴史博物館, 美術館]; VALUE_OUT_OF_DOMAIN target_set.target.parts[2].value [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]; TARGET_MISMATCH target_set.target.parts [problem=every part needs its own target]");
}

#[test]
fn a_target_is_set_once_then_revised() {
    let mut world = World::measuring(count());
    assert_snapshot!(world.would(fact(target_revised("X", "none", value("24"))).because("見直し")), @"TARGET_MISSING target_revised.indicator");
    assert_snapshot!(world.would(fact(target_set("X", value("30"))).on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(world.would(fact(target_set("無", value("30")))), @"INDICATOR_UNKNOWN target_set.indicator");
    assert_snapshot!(world.outcome(fact(target_set("X", value("30"))).named("first")), @"recorded, RETROACTIVE_TARGET");
    assert_snapshot!(world.outcome(fact(target_set("X", value("30")))), @"TARGET_EXISTS target_set.indicator");

    let world = &mut world.at("2023-11-10");
    let revised = |replaces, to| {
        fact(target_revised("X", replaces, value(to)))
            .on("2023-11-01")
            .because("需要減")
    };
    assert_snapshot!(world.would(fact(target_revised("X", "first", value("24"))).on("2023-11-01")), @"REASON_REQUIRED reason");
    assert_snapshot!(world.would(revised("first", "30")), @"TARGET_UNCHANGED target_revised.target");
    assert_snapshot!(world.would(revised("first", "24").on("2023-03-31")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(world.would(revised("unknown", "24")), @"TARGET_UNKNOWN target_revised.replaces");
    let expecting = |expected| {
        let before = Some(Target {
            aim: value(expected),
            parts: Vec::new(),
        });
        fact(TargetRevised {
            before,
            ..target_revised("X", "first", value("24"))
        })
        .on("2023-11-01")
        .because("需要減")
    };
    assert_snapshot!(world.would(expecting("40")), @"EXPECTED_VALUE_DIFFERS target_revised.before [current=30]");
    assert_snapshot!(world.would(expecting("30")), @"recorded, RETROACTIVE_TARGET");
    assert_snapshot!(world.outcome(revised("first", "24").named("second")), @"recorded, RETROACTIVE_TARGET");
    // The second of two people who meant the same thing is told.
    assert_snapshot!(world.outcome(revised("first", "24")), @"TARGET_SUPERSEDED target_revised.replaces [head=b279b52a-c6f5-5358-936d-4d441178637b]; TARGET_UNCHANGED target_revised.target");
    assert_snapshot!(world.outcome(revised("second", "26").on("2023-12-01").named("third")), @"recorded");
    world.today = day("2024-04-01");
    assert_snapshot!(world.outcome(revised("third", "20").on("2024-03-31")), @"CYCLE_ENDED target_revised.indicator [last=2024-03-31]");
}

#[test]
fn the_ledger_states_what_a_revision_replaces() {
    let world = World::aiming(count(), value("30")).at("2023-11-01");
    let proposed = world.event(
        &fact(target_revised("X", "first target", value("24")))
            .on("2023-11-01")
            .because("需要減"),
    );
    let stored = world.decide(&proposed).unwrap().events.remove(0);
    let Payload::TargetRevised(revised) = &stored.payload else {
        panic!("another event")
    };
    assert_eq!(
        revised.before,
        Some(Target {
            aim: value("30"),
            parts: Vec::new()
        })
    );
    assert!(proposed.restates(&stored) && stored.restates(&stored));
    let mut other = proposed.clone();
    other.payload = target_revised("X", "first target", value("25")).into();
    assert!(!other.restates(&stored));
}

#[test]
fn the_target_in_force_is_of_the_day_and_the_first_stays() {
    // Thirty people, lowered to 24 from 1 November by a decision of 10 November.
    let mut world = World::aiming(count(), value("30")).at("2023-11-10");
    let lowered = fact(target_revised("X", "first target", value("24")))
        .on("2023-11-01")
        .because("需要減");
    assert_snapshot!(world.outcome(lowered.named("lowered")), @"recorded, RETROACTIVE_TARGET");
    let aim = |world: &World, date: &str| {
        world
            .indicator("X")
            .target_on(day(date))
            .map(|v| v.target.aim)
    };
    assert_eq!(aim(&world, "2023-03-31"), None);
    assert_eq!(aim(&world, "2023-09-30"), Some(value("30")));
    assert_eq!(aim(&world, "2023-10-31"), Some(value("30")));
    assert_eq!(aim(&world, "2023-11-01"), Some(value("24")));
    assert_eq!(aim(&world, "2024-03-31"), Some(value("24")));
    let indicator = world.indicator("X");
    assert_eq!(
        indicator.first_target().map(|version| version.target.aim),
        Some(value("30"))
    );
    assert!(indicator.targets[1].is_retroactive() && !indicator.targets[0].is_retroactive());
    // A later decision for an earlier day does not displace the one of the later day.
    let raised = fact(target_revised("X", "lowered", value("28")))
        .on("2023-10-01")
        .because("見直し");
    world.accept(raised);
    assert_eq!(aim(&world, "2023-10-15"), Some(value("28")));
    assert_eq!(aim(&world, "2023-11-15"), Some(value("24")));
}

#[test]
fn a_planned_line_rises_to_the_target() {
    let would = |definition: Definition, aim: Option<Aim>, profile: PlanProfile| {
        let world = match aim {
            Some(aim) => World::aiming(definition, aim),
            None => World::measuring(definition),
        };
        world.would(fact(PlanProfileSet {
            indicator: indicator_id("X"),
            profile,
            assumed: false,
        }))
    };
    let points = |points: &[(&str, &str)]| {
        points
            .iter()
            .map(|(date, value)| PlanPoint {
                date: day(date),
                value: q(value),
            })
            .collect::<Vec<_>>()
    };
    let monthly = |pairs: &[(&str, &str)]| PlanProfile::Monthly(points(pairs));
    let t = || Some(value("50"));
    assert_snapshot!(would(count(), t(), monthly(&[("2023-09-30", "20"), ("2024-03-31", "50")])), @"recorded");
    assert_snapshot!(would(count(), t(), monthly(&[("2023-09-30", "20"), ("2024-03-31", "40")])), @"PROFILE_MISMATCH plan_profile_set.profile.points[1].value [problem=the last point must be the target, 50]");
    assert_snapshot!(would(count(), t(), monthly(&[("2023-09-30", "60"), ("2023-09-30", "50")])), @"PROFILE_MISMATCH plan_profile_set.profile.points[1].date [problem=the days must rise]; PROFILE_MISMATCH plan_profile_set.profile.points[1].value [problem=a cumulative plan never falls]");
    assert_snapshot!(would(count(), t(), monthly(&[("2024-04-30", "50")])), @"DATE_OUTSIDE_CYCLE plan_profile_set.profile.points[0].date [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(would(count(), t(), monthly(&[])), @"PROFILE_MISMATCH plan_profile_set.profile.points [problem=no points]");
    assert_snapshot!(would(count(), None, monthly(&[("2024-03-31", "50")])), @"TARGET_MISSING plan_profile_set.indicator");
    assert_snapshot!(would(stage(), Some(value("50")), monthly(&[("2023-09-30", "60"), ("2024-03-31", "50")])), @"recorded");
    let reference =
        PlanProfile::Reference(points(&[("2022-09-30", "54.9"), ("2023-03-31", "99.1")]));
    assert_snapshot!(would(rate(AggTime::RatioOfSums), Some(value("99")), reference), @"recorded");
    assert_snapshot!(would(milestone(2), Some(done_by("2024-03-31")), PlanProfile::Steps), @"PROFILE_MISMATCH plan_profile_set.profile [problem=no checkpoint has a planned day]");
    assert_snapshot!(would(milestone(2), Some(done_by("2024-03-31")), PlanProfile::Linear), @"PROFILE_MISMATCH plan_profile_set.profile [problem=only values rise evenly]");
    assert_snapshot!(would(judged(), Some(Aim::RubricLevel(2)), monthly(&[("2024-03-31", "2")])), @"PROFILE_MISMATCH plan_profile_set.profile [problem=only values are planned by month]");
    assert_snapshot!(would(count(), t(), PlanProfile::Linear), @"recorded");
}
