use std::collections::BTreeMap;

use insta::assert_snapshot;

use super::{Flag, FlagKind, Numeric};
use crate::domain::event::{
    GoalCancelled, GoalMoved, GoalResumed, GoalSuspended, IndicatorCancelled, InitiativeCancelled,
    ResponsibilityTransferred,
};
use crate::domain::id::UnitId;
use crate::domain::indicator::MeasureType;
use crate::domain::testing::*;
use crate::projection::flags::testing::lines;

const END: &str = "2024-03-31";

fn of_kind(kind: FlagKind, check: impl Fn(&mut Vec<Flag>)) -> String {
    let mut flags = Vec::new();
    check(&mut flags);
    lines(&flags, kind)
}

#[test]
fn who_answers_from_another_day_on_is_told() {
    let mut world = World::planned();
    let moved = |world: &World, on: &str| {
        of_kind(FlagKind::ResponsibilityMoved, |flags| {
            super::goal(&world.directory, goal_id("G"), day(on), flags);
            super::initiative(&world.directory, initiative_id("I"), day(on), flags);
        })
    };
    assert_snapshot!(moved(&world, END), @"");
    world.accept(
        fact(ResponsibilityTransferred {
            initiative: initiative_id("I"),
            lead_unit: unit_id("財務課"),
            contributing_units: vec![unit_id("企画政策課")],
        })
        .on("2023-07-01")
        .because("組織改編"),
    );
    world.accept(
        fact(GoalMoved {
            goal: goal_id("G"),
            department: unit_id("総務部"),
            pillar: 1,
        })
        .on("2023-09-01")
        .because("組織改編"),
    );
    assert_snapshot!(moved(&world, "2023-06-30"), @"");
    assert_snapshot!(moved(&world, "2023-07-01"), @"RESPONSIBILITY_MOVED from=2023-07-01 before=企画政策課 after=財務課 on 1");
    assert_snapshot!(moved(&world, END), @"
    RESPONSIBILITY_MOVED from=2023-09-01 before=企画財政部 after=総務部 on 1
    RESPONSIBILITY_MOVED from=2023-07-01 before=企画政策課 after=財務課 on 1
    ");
    // Another pillar of the same department, or other contributors, are no transfer.
    let mut pillar = World::planned();
    pillar.accept(
        fact(GoalMoved {
            goal: goal_id("G"),
            department: unit_id("企画財政部"),
            pillar: 2,
        })
        .on("2023-09-01")
        .because("体系の見直し"),
    );
    assert_snapshot!(moved(&pillar, END), @"");
}

#[test]
fn what_ended_is_told_until_it_goes_on() {
    let mut world = World::measuring(count());
    let ends = |world: &World, on: &str| {
        of_kind(FlagKind::GoalEnded, |flags| {
            super::goal(&world.directory, goal_id("G"), day(on), flags);
            super::initiative(&world.directory, initiative_id("I"), day(on), flags);
            super::indicator(&world.directory, indicator_id("X"), day(on), flags);
        })
    };
    assert_snapshot!(ends(&world, END), @"");
    world.accept(
        fact(GoalSuspended { goal: goal_id("G") })
            .on("2023-05-01")
            .because("休止"),
    );
    world.accept(
        fact(GoalResumed { goal: goal_id("G") })
            .on("2023-06-01")
            .because("再開"),
    );
    assert_snapshot!(ends(&world, "2023-05-31"), @"GOAL_ENDED phase=SUSPENDED from=2023-05-01 on 1");
    assert_snapshot!(ends(&world, "2023-06-01"), @"");
    world.accept(
        fact(IndicatorCancelled {
            indicator: indicator_id("X"),
        })
        .on("2023-07-01")
        .because("中止"),
    );
    world.accept(
        fact(InitiativeCancelled {
            initiative: initiative_id("I"),
        })
        .on("2023-08-01")
        .because("中止"),
    );
    world.accept(
        fact(GoalCancelled { goal: goal_id("G") })
            .on("2023-09-01")
            .because("中止"),
    );
    assert_snapshot!(ends(&world, END), @"
    GOAL_ENDED phase=CANCELLED from=2023-09-01 on 1
    GOAL_ENDED phase=CANCELLED from=2023-08-01 on 1
    GOAL_ENDED phase=CANCELLED from=2023-07-01 on 1
    ");
}

#[test]
fn empty_pillars_and_departments_without_a_number_are_told() {
    let world = World::planned();
    let published = world.directory.plan(plan_id("R5")).unwrap();
    let of = |numeric: &[(&str, u32, u32)], kind| {
        let counted = numeric.iter().map(|(unit, indicators, numeric)| {
            let found = Numeric {
                indicators: *indicators,
                numeric: *numeric,
            };
            (unit_id(unit), found)
        });
        let counted: BTreeMap<UnitId, Numeric> = counted.collect();
        of_kind(kind, |flags| {
            super::plan(&world.directory, published, &counted, day(END), flags);
        })
    };
    assert_snapshot!(of(&[], FlagKind::NoGoalUnderPillar), @"
    NO_GOAL_UNDER_PILLAR pillar=2 on 0
    NO_GOAL_UNDER_PILLAR pillar=3 on 0
    NO_GOAL_UNDER_PILLAR pillar=4 on 0
    NO_GOAL_UNDER_PILLAR pillar=5 on 0
    NO_GOAL_UNDER_PILLAR pillar=6 on 0
    ");
    let both = [("企画財政部", 4, 1), ("総務部", 19, 0)];
    assert_snapshot!(of(&both, FlagKind::NoNumericCriterion), @"NO_NUMERIC_CRITERION indicators=19 on 0");
    assert_snapshot!(of(&both[..1], FlagKind::NoNumericCriterion), @"NO_NUMERIC_CRITERION indicators=0 on 0");
}

#[test]
fn a_milestone_is_no_number() {
    let mut found = Numeric::default();
    for measure_type in [
        MeasureType::Milestone,
        MeasureType::Count,
        MeasureType::Qualitative,
    ] {
        found.count(measure_type);
    }
    assert_eq!(
        found,
        Numeric {
            indicators: 3,
            numeric: 1
        }
    );
}
