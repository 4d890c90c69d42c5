use insta::assert_snapshot;

use super::*;
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::event::{
    DemandRecorded, PeriodClosed, PeriodOpened, PlanProfileSet, RestatementIssued, SnapshotTaken,
};
use crate::domain::indicator::{AggSpace, Definition, Quantifier};
use crate::domain::target::PlanProfile;
use crate::domain::testing::*;
use crate::projection::flags::testing::{found, found_known};

const MIDYEAR: &str = "2023-09-30";
const END: &str = "2024-03-31";

fn reported(mut world: World, reports: &[(&'static str, &str, &str)]) -> World {
    for (today, day, amount) in reports {
        world = world.at(today);
        world.accept(fact(recorded(increment(amount))).on(day));
    }
    world
}

#[test]
fn a_new_definition_suppresses_comparison() {
    let mut world = World::measuring(count());
    assert_snapshot!(found(&world, END, FlagKind::DefinitionChanged), @"");
    let other = Definition {
        result_level: crate::domain::indicator::ResultLevel::Outcome,
        ..count()
    };
    world.accept(
        fact(redefined("X", 2, other))
            .on("2023-10-01")
            .because("数え方の変更"),
    );
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::DefinitionChanged), @"");
    assert_snapshot!(found(&world, END, FlagKind::DefinitionChanged), @"DEFINITION_CHANGED version=2 from=2023-10-01 measure_type=COUNT on 1");
    assert_snapshot!(found_known(&world, END, world.position - 1, FlagKind::DefinitionChanged), @"");
}

/// Not more than 10 in the year.
fn capped() -> World {
    let at_most = Definition {
        comparator: Comparator::Le,
        ..count()
    };
    World::aiming(at_most, value("10"))
}

#[test]
fn a_broken_cap_tells_when_it_broke_and_when_that_was_known() {
    let kept = reported(capped(), &[("2023-06-02", "2023-05-31", "10")]);
    assert_snapshot!(found(&kept, END, FlagKind::CapBreached), @"");
    // The report that breaks it came late, and a later one first.
    let broken = [
        ("2023-06-02", "2023-05-31", "8"),
        ("2023-08-10", "2023-07-31", "3"),
        ("2023-09-05", "2023-06-30", "1"),
    ];
    let broken = reported(capped(), &broken);
    assert_snapshot!(found(&broken, END, FlagKind::CapBreached), @"CAP_BREACHED breached_on=2023-07-31 status=BREACHED known_on=2023-08-10 on 1");
    assert_snapshot!(found(&broken, "2023-07-30", FlagKind::CapBreached), @"");
    let before = broken.position - 1;
    assert_snapshot!(found_known(&broken, END, before, FlagKind::CapBreached), @"CAP_BREACHED breached_on=2023-07-31 status=BREACHED known_on=2023-08-10 on 1");
    // Frozen figures are how management was told.
    let told = frozen(broken, "2023-10-10", MIDYEAR);
    assert_snapshot!(found(&told, END, FlagKind::CapBreached), @"CAP_BREACHED breached_on=2023-07-31 status=BREACHED known_on=2023-08-10 reported_in=midyear reported_on=2023-10-10 on 1");
}

#[test]
fn a_part_at_zero_is_told_behind_the_total() {
    let parts = || World::measuring(with_parts(count(), AggSpace::Sum, &["m1", "m2"]));
    let mut world = parts();
    world.accept(fact(recorded_of("m1", increment("4"))).on("2023-06-30"));
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::ZeroBehindTotal), @"ZERO_BEHIND_TOTAL parts=m2 on 1");
    world.accept(fact(recorded_of("m2", increment("1"))).on("2023-07-31"));
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::ZeroBehindTotal), @"");
    assert_snapshot!(found(&world, "2023-07-30", FlagKind::ZeroBehindTotal), @"ZERO_BEHIND_TOTAL parts=m2 on 1");
    assert_snapshot!(found(&parts(), MIDYEAR, FlagKind::ZeroBehindTotal), @"");
}

#[test]
fn no_demand_is_told_with_what_shows_it() {
    let needed = || {
        let definition = Definition {
            demand_driven: true,
            ..count()
        };
        World::aiming(definition, value("200"))
    };
    let asked = |requests: &str| {
        let mut world = needed();
        let demand = DemandRecorded {
            indicator: indicator_id("X"),
            requests: q(requests),
        };
        world.accept(fact(demand).on("2023-06-30"));
        world.accept(fact(recorded(increment("80"))).on("2023-06-30"));
        world
    };
    assert_snapshot!(found(&asked("80"), MIDYEAR, FlagKind::NoDemand), @"NO_DEMAND status=DEMAND_MET requests=80 service_rate=100.0% on 1");
    assert_snapshot!(found(&asked("90"), MIDYEAR, FlagKind::NoDemand), @"");
    let mut nobody = needed();
    nobody.accept(
        fact(recorded(nil(NilCause::NoDemand)))
            .on("2023-06-01")
            .until("2023-06-30"),
    );
    assert_snapshot!(found(&nobody, MIDYEAR, FlagKind::NoDemand), @"NO_DEMAND status=NOT_APPLICABLE on 1");
}

/// The same once the first half year was closed and frozen with what was known then.
fn frozen(world: World, on: &'static str, effective_on: &str) -> World {
    let mut world = world.at("2023-04-01");
    world.accept(fact(PeriodOpened {
        plan: plan_id("R5"),
        period: key("midyear"),
        title: title("上半期"),
        span: days("2023-04-01", "2023-09-30"),
    }));
    world = world.at(on);
    let known_at = world.position;
    let closed = PeriodClosed {
        plan: plan_id("R5"),
        period: key("midyear"),
        revision: Some(1),
    };
    apply(&mut world, fact(closed).named("closed"));
    let snapshot = SnapshotTaken {
        plan: plan_id("R5"),
        period: key("midyear"),
        revision: 1,
        closed_by: event_id("closed"),
        effective_on: day(effective_on),
        known_at,
        policy: PolicyVersion::built_in(),
        rows: 1,
        rows_format: 1,
        rows_sha256: [1; 32],
        root: None,
    };
    apply(&mut world, fact(snapshot));
    world
}

/// Records without asking: what the server makes by itself.
fn apply(world: &mut World, fact: Fact) {
    let event = world.event(&fact);
    world.apply(event);
}

/// A plan of 10 with a line, 6 reported in time.
fn judged_world() -> World {
    let mut world = World::aiming(count(), value("10"));
    world.accept(fact(PlanProfileSet {
        indicator: indicator_id("X"),
        profile: PlanProfile::Linear,
        assumed: false,
    }));
    world = world.at("2023-09-05");
    world.accept(
        fact(recorded(increment("6")))
            .on("2023-08-31")
            .named("report"),
    );
    world
}

fn corrected_to(world: World, today: &'static str, amount: &str) -> World {
    let mut world = world.at(today);
    world.accept(
        fact(corrected("report", increment(amount)))
            .on("2023-08-31")
            .because("誤り"),
    );
    world
}

#[test]
fn a_correction_that_changes_a_status_is_told_unless_it_was_restated() {
    let minor = corrected_to(judged_world(), "2023-09-20", "7");
    assert_snapshot!(found(&minor, MIDYEAR, FlagKind::StatusChangedByCorrection), @"");
    let major = corrected_to(judged_world(), "2023-09-20", "1");
    assert_snapshot!(found(&major, MIDYEAR, FlagKind::StatusChangedByCorrection), @"STATUS_CHANGED_BY_CORRECTION status_before=ON_TRACK status_after=BEHIND on=2023-09-20 on 1");
    assert_snapshot!(found_known(&major, MIDYEAR, major.position - 1, FlagKind::StatusChangedByCorrection), @"");

    // What was frozen before is held against, and a restatement settles it.
    let closed = frozen(judged_world(), "2023-10-10", MIDYEAR);
    let after_close = corrected_to(closed, "2023-11-20", "1");
    assert_snapshot!(found(&after_close, END, FlagKind::StatusChangedByCorrection), @"STATUS_CHANGED_BY_CORRECTION status_before=ON_TRACK status_after=BEHIND on=2023-09-30 period=midyear on 1");
    let mut restated = after_close.at("2023-11-25");
    let known_at = Some(restated.position);
    apply(
        &mut restated,
        fact(RestatementIssued {
            plan: plan_id("R5"),
            period: key("midyear"),
            revision: 1,
            known_at,
            policy: Some(PolicyVersion::built_in()),
            rows: Some(1),
            material: Some(1),
            rows_format: Some(1),
            rows_sha256: Some([2; 32]),
        }),
    );
    assert_snapshot!(found(&restated, END, FlagKind::StatusChangedByCorrection), @"");
}

#[test]
fn a_cap_of_every_member_is_broken_by_one() {
    let each = Definition {
        quantifier: Quantifier::ForAll,
        ..cap(2)
    };
    let mut world = World::aiming(each, value("45"));
    world.accept(fact(recorded(member_value("m1", "44"))).on("2023-05-31"));
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::CapBreached), @"");
    world.accept(fact(recorded(member_value("m2", "46"))).on("2023-06-30"));
    assert_snapshot!(found(&world, MIDYEAR, FlagKind::CapBreached), @"CAP_BREACHED breached_on=2023-06-30 status=BREACHED known_on=2023-10-06 on 1");
}
