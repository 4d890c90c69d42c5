use insta::assert_snapshot;

use super::*;
use crate::domain::event::PlanProfileSet;
use crate::domain::target::PlanProfile;
use crate::domain::testing::*;
use crate::projection::flags::testing::{found, found_known};

const MIDYEAR: &str = "2023-09-30";
const END: &str = "2024-03-31";

/// X with a first target of 30, some reports, and revisions: (decided on, in force from, aim).
fn revised(reports: &[(&str, &str)], revisions: &[(&'static str, &str, &str)]) -> World {
    let mut world = World::aiming(count(), value("30"));
    // Without a line that somebody set nothing is ever behind.
    world.accept(fact(PlanProfileSet {
        indicator: indicator_id("X"),
        profile: PlanProfile::Linear,
        assumed: false,
    }));
    for (day, amount) in reports {
        world = world.at(day);
        world.accept(fact(recorded(increment(amount))).on(day));
    }
    let mut last = "first target".to_owned();
    for (number, (decided, effective, aim)) in revisions.iter().enumerate() {
        world = world.at(decided);
        let name = format!("revision {number}");
        let revision = target_revised("X", &last, value(aim));
        world.accept(fact(revision).on(effective).because("見直し").named(&name));
        last = name;
    }
    world
}

fn due(first: &str, later: &str) -> World {
    let mut world = World::aiming(milestone(0), done_by(first)).at("2023-07-01");
    let revision = target_revised("X", "first target", done_by(later));
    world.accept(fact(revision).on("2023-07-01").because("見直し"));
    world
}

#[test]
fn a_target_in_force_before_it_was_decided_is_retroactive() {
    let ahead = revised(&[], &[("2023-09-01", "2023-09-01", "24")]);
    assert_snapshot!(found(&ahead, MIDYEAR, FlagKind::RetroactiveTarget), @"");
    let back = revised(&[], &[("2023-09-20", "2023-09-01", "24")]);
    assert_snapshot!(found(&back, MIDYEAR, FlagKind::RetroactiveTarget), @"RETROACTIVE_TARGET before=30 after=24 effective_from=2023-09-01 recorded_on=2023-09-20 days=19 on 2");
    // Not known yet, or not in force yet.
    assert_snapshot!(found_known(&back, MIDYEAR, back.position - 1, FlagKind::RetroactiveTarget), @"");
    assert_snapshot!(found(&back, "2023-08-31", FlagKind::RetroactiveTarget), @"");
}

#[test]
fn a_lowered_target_tells_what_it_would_be_under_the_first() {
    let lowered = revised(
        &[("2023-08-01", "25")],
        &[("2023-09-01", "2023-09-01", "24")],
    );
    assert_snapshot!(found(&lowered, END, FlagKind::TargetLowered), @"TARGET_LOWERED before=30 after=24 effective_from=2023-09-01 recorded_on=2023-09-01 under_first=NOT_ACHIEVED under_current=ACHIEVED on 2");
    let raised = revised(
        &[("2023-08-01", "25")],
        &[("2023-09-01", "2023-09-01", "31")],
    );
    assert_snapshot!(found(&raised, END, FlagKind::TargetLowered), @"");
    let twice = revised(
        &[],
        &[
            ("2023-08-01", "2023-08-01", "40"),
            ("2023-09-01", "2023-09-01", "35"),
        ],
    );
    assert_snapshot!(found(&twice, END, FlagKind::TargetLowered), @"TARGET_LOWERED before=40 after=35 effective_from=2023-09-01 recorded_on=2023-09-01 under_first=NO_REPORT under_current=NO_REPORT on 2");
}

#[test]
fn a_day_that_is_put_off_is_told() {
    assert_snapshot!(found(&due("2023-09-30", "2024-01-31"), END, FlagKind::DuePostponed), @"DUE_POSTPONED before=COMPLETED@2023-09-30 after=COMPLETED@2024-01-31 effective_from=2023-07-01 recorded_on=2023-07-01 days=123 under_first=NO_REPORT under_current=NO_REPORT on 2");
    assert_snapshot!(found(&due("2024-01-31", "2023-09-30"), END, FlagKind::DuePostponed), @"");
    assert_snapshot!(found(&due("2023-09-30", "2024-01-31"), END, FlagKind::TargetLowered), @"");
}

#[test]
fn lowering_near_the_end_or_while_behind_is_late() {
    let on_track = [("2023-08-01", "25")];
    let early = revised(&on_track, &[("2023-09-01", "2023-09-01", "24")]);
    assert_snapshot!(found(&early, END, FlagKind::LateLowering), @"");
    let edge = revised(&on_track, &[("2024-01-30", "2024-01-30", "24")]);
    assert_snapshot!(found(&edge, END, FlagKind::LateLowering), @"");
    let end = revised(&on_track, &[("2024-01-31", "2024-01-31", "24")]);
    assert_snapshot!(found(&end, END, FlagKind::LateLowering), @"LATE_LOWERING before=30 after=24 effective_from=2024-01-31 recorded_on=2024-01-31 days_left=60 status=SLIGHTLY_BEHIND on 2");
    let behind = revised(
        &[("2023-08-01", "1")],
        &[("2023-09-01", "2023-09-01", "24")],
    );
    assert_snapshot!(found(&behind, END, FlagKind::LateLowering), @"LATE_LOWERING before=30 after=24 effective_from=2023-09-01 recorded_on=2023-09-01 days_left=212 status=BEHIND on 2");
    let raised = revised(&on_track, &[("2024-02-01", "2024-02-01", "31")]);
    assert_snapshot!(found(&raised, END, FlagKind::LateLowering), @"");
}

#[test]
fn a_target_changed_when_the_result_was_known_is_told() {
    let reports = [("2024-03-20", "25")];
    let after = revised(&reports, &[("2024-03-25", "2024-03-25", "24")]);
    assert_snapshot!(found(&after, END, FlagKind::TargetAfterLastActual), @"TARGET_AFTER_LAST_ACTUAL before=30 after=24 effective_from=2024-03-25 recorded_on=2024-03-25 last_report_day=2024-03-20 last_report_recorded_on=2024-03-20 on 3");
    // In the middle of the year more is to come, unless it is in force for days that were reported.
    let reports = [("2023-08-31", "10")];
    let ahead = revised(&reports, &[("2023-09-10", "2023-09-10", "24")]);
    assert_snapshot!(found(&ahead, MIDYEAR, FlagKind::TargetAfterLastActual), @"");
    let back = revised(&reports, &[("2023-09-10", "2023-08-01", "24")]);
    assert_snapshot!(found(&back, MIDYEAR, FlagKind::TargetAfterLastActual), @"TARGET_AFTER_LAST_ACTUAL before=30 after=24 effective_from=2023-08-01 recorded_on=2023-09-10 last_report_day=2023-08-31 last_report_recorded_on=2023-08-31 on 3");
    // A report came in later.
    let before = revised(&[], &[("2023-09-10", "2023-08-01", "24")]);
    let mut reported = before.clone().at("2023-09-11");
    reported.accept(fact(recorded(increment("3"))).on("2023-09-01"));
    assert_snapshot!(found(&reported, END, FlagKind::TargetAfterLastActual), @"");
    assert_snapshot!(found(&before, END, FlagKind::TargetAfterLastActual), @"");
}

#[test]
fn what_is_reached_only_on_the_revised_target_is_told() {
    let by_revision = revised(
        &[("2023-08-01", "25")],
        &[("2023-11-10", "2023-11-01", "24")],
    );
    assert_snapshot!(found(&by_revision, END, FlagKind::AchievedByRevision), @"ACHIEVED_BY_REVISION attainment_of_first=83.3% attainment_of_current=104.2% status=ACHIEVED on 2");
    assert_snapshot!(found(&by_revision, MIDYEAR, FlagKind::AchievedByRevision), @"");
    let anyway = revised(
        &[("2023-08-01", "30")],
        &[("2023-11-10", "2023-11-01", "24")],
    );
    assert_snapshot!(found(&anyway, END, FlagKind::AchievedByRevision), @"");
}

#[test]
fn far_above_is_more_than_half_as_much_again() {
    assert_snapshot!(found(&revised(&[("2023-08-01", "45")], &[]), END, FlagKind::FarAboveTarget), @"");
    assert_snapshot!(found(&revised(&[("2023-08-01", "46")], &[]), END, FlagKind::FarAboveTarget), @"FAR_ABOVE_TARGET attainment_percent=153.3 on 2");
}
