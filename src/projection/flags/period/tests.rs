use insta::assert_snapshot;

use super::*;
use crate::domain::event::{PeriodClosed, PeriodOpened, PeriodReopened, PeriodSoftClosed};
use crate::domain::testing::*;
use crate::projection::flags::testing::{found, found_known};

const END: &str = "2024-03-31";

/// The first half year, opened on 1 April.
fn opened() -> World {
    let mut world = World::measuring(count()).at("2023-04-01");
    world.accept(fact(PeriodOpened {
        plan: plan_id("R5"),
        period: key("midyear"),
        title: title("上半期"),
        span: days("2023-04-01", "2023-09-30"),
    }));
    world
}

/// The same with a report in time, soft-closed on 6 October.
fn cut_off() -> World {
    let mut world = opened().at("2023-09-01");
    world.accept(
        fact(recorded(increment("4")))
            .on("2023-08-31")
            .named("in time"),
    );
    world = world.at("2023-10-06");
    let (plan, period) = (plan_id("R5"), key("midyear"));
    world.accept(fact(PeriodSoftClosed { plan, period }).on("2023-10-06"));
    world
}

/// The same, closed on 10 October.
fn closed() -> World {
    let mut world = cut_off().at("2023-10-10");
    world.accept(
        fact(PeriodClosed {
            plan: plan_id("R5"),
            period: key("midyear"),
            revision: None,
        })
        .on("2023-10-10"),
    );
    world
}

#[test]
fn a_report_after_the_cutoff_is_told() {
    let world = cut_off();
    assert_snapshot!(found(&world, END, FlagKind::LateAfterCutoff), @"");
    let mut late = world.clone().at("2023-10-08");
    late.accept(
        fact(recorded(increment("2")))
            .on("2023-09-20")
            .because("漏れ"),
    );
    assert_snapshot!(found(&late, END, FlagKind::LateAfterCutoff), @"LATE_AFTER_CUTOFF period=midyear day=2023-09-20 recorded_on=2023-10-08 change=REPORT on 1");
    assert_snapshot!(found_known(&late, END, late.position - 1, FlagKind::LateAfterCutoff), @"");
    assert_snapshot!(found(&late, "2023-09-19", FlagKind::LateAfterCutoff), @"");
    // What is of a later day is not of the period.
    let mut october = world.at("2023-10-08");
    october.accept(fact(recorded(increment("2"))).on("2023-10-07"));
    assert_snapshot!(found(&october, END, FlagKind::LateAfterCutoff), @"");
}

#[test]
fn a_change_after_the_close_is_told() {
    let world = closed();
    assert_snapshot!(found(&world, END, FlagKind::CorrectedAfterClose), @"");
    let mut changed = world.at("2023-11-20");
    changed.accept(
        fact(corrected("in time", increment("3")))
            .on("2023-08-31")
            .because("誤り")
            .named("fix"),
    );
    changed.accept(fact(retracted("fix")).on("2023-08-31").because("別の指標"));
    assert_snapshot!(found(&changed, END, FlagKind::CorrectedAfterClose), @"
    CORRECTED_AFTER_CLOSE period=midyear day=2023-08-31 recorded_on=2023-11-20 change=CORRECTION on 1
    CORRECTED_AFTER_CLOSE period=midyear day=2023-08-31 recorded_on=2023-11-20 change=CORRECTION on 1
    ");
    assert_snapshot!(found(&changed, END, FlagKind::LateAfterCutoff), @"");
}

#[test]
fn what_was_reopened_is_late_while_it_is_open() {
    let mut world = closed();
    world.accept(
        fact(PeriodReopened {
            plan: plan_id("R5"),
            period: key("midyear"),
            scope: vec![indicator_id("X")],
            until: day("2023-10-20"),
        })
        .on("2023-10-10")
        .because("集計の誤り"),
    );
    let mut within = world.at("2023-10-15");
    within.accept(
        fact(recorded(increment("2")))
            .on("2023-09-20")
            .because("漏れ"),
    );
    assert_snapshot!(found(&within, END, FlagKind::LateAfterCutoff), @"LATE_AFTER_CUTOFF period=midyear day=2023-09-20 recorded_on=2023-10-15 change=REPORT on 1");
    assert_snapshot!(found(&within, END, FlagKind::CorrectedAfterClose), @"");
}
