//! What cannot be repaired: a cap exceeded, a month missed, a member above its limit in a month that is over.

use super::*;
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::indicator::*;

fn le(definition: Definition) -> Definition {
    Definition {
        comparator: Comparator::Le,
        ..definition
    }
}

#[test]
fn a_flow_that_exceeded_its_cap_stays_so_and_a_level_may_come_down() {
    let spent = of(le(count()))
        .aiming(value("10"))
        .reported(increment, [("2023-06-30", "11")]);
    assert_eq!(spent.at(MIDYEAR).status, Status::Breached);
    assert_eq!(spent.at(YEAR_END).status, Status::Breached);
    assert_eq!(
        spent.at(MIDYEAR).required_per_month,
        Err(Obstacle::Breached)
    );
    let waiting = of(le(followers()))
        .aiming(value("10"))
        .reported(level, [("2023-06-30", "11")]);
    assert_eq!(waiting.at(MIDYEAR).status, Status::Attention);
    let fewer = waiting.reported(level, [("2023-09-01", "9")]);
    assert_eq!(fewer.at(MIDYEAR).status, Status::OnTrack);
    assert_eq!(fewer.at(YEAR_END).status, Status::Achieved);
    // The greatest of all levels never falls.
    let greatest = Definition {
        agg_time: AggTime::Max,
        ..le(followers())
    };
    let peak = of(greatest)
        .aiming(value("10"))
        .reported(level, [("2023-06-30", "11"), ("2023-09-01", "9")]);
    assert_eq!(peak.at(MIDYEAR).status, Status::Breached);
}

#[test]
fn a_share_that_is_not_to_be_exceeded_is_not_used_up_by_the_days() {
    let leavers = |of_all: &str| {
        super::of(le(rate(AggTime::RatioOfSums)))
            .aiming(value("5"))
            .along(PlanProfile::Linear)
            .and(fact(recorded(share(of_all, "100"))).on(MIDYEAR))
            .at(MIDYEAR)
    };
    assert_eq!(leavers("4").status, Status::OnTrack);
    assert_eq!(leavers("4").pace, Err(Obstacle::NotOfThisMeasure));
    assert_eq!(
        leavers("4").required_per_month,
        Err(Obstacle::NotOfThisMeasure)
    );
    assert_eq!(leavers("6").status, Status::Attention);
}

#[test]
fn below_means_below() {
    let lt = Definition {
        comparator: Comparator::Lt,
        ..followers()
    };
    let at = |reached: &str| {
        of(lt.clone())
            .aiming(value("10"))
            .reported(level, [(YEAR_END, reached)])
            .at(YEAR_END)
    };
    assert_eq!(at("10").status, Status::NotAchieved);
    assert_eq!(at("10").remarks, [Remark::MustBeBelow, Remark::UsageOfCap]);
    assert_eq!(at("9").status, Status::Achieved);
}

#[test]
fn a_level_above_its_cap_is_latched_once_the_month_is_over() {
    let latest = Definition {
        agg_time: AggTime::Latest,
        ..cap(2)
    };
    let asked = of(latest).aiming(value("45"));
    let report = |asked: Asked, member: &str, hours: &str, on: &str| {
        asked.and(fact(recorded(member_value(member, hours))).on(on))
    };
    let asked = report(asked, "m1", "40", "2023-07-10");
    let asked = report(asked, "m2", "50", "2023-07-10");
    let found = asked.at("2023-07-20");
    assert_eq!(
        (found.status, percent(&found.current.unwrap().attainment)),
        (Status::Attention, "50.0%".to_owned())
    );
    // Down again before July is over: nothing was broken.
    let in_time = report(asked.clone(), "m2", "44", "2023-07-31");
    assert_eq!(in_time.at(MIDYEAR).status, Status::OnTrack);
    assert_eq!(in_time.at(YEAR_END).status, Status::Achieved);
    let late = report(asked, "m2", "44", "2023-08-01");
    let found = late.at(MIDYEAR);
    assert_eq!(found.status, Status::Breached);
    // Both comply today; the one that did not is counted as it was.
    let current = found.current.unwrap();
    assert_eq!(percent(&current.attainment), "50.0%");
    assert_eq!(current.achievement, Ok(Achievement::NotAchieved));
}

#[test]
fn who_broke_a_cap_and_left_the_set_is_still_counted() {
    let mut definition = cap(2);
    definition.members[1].until = Some(day("2023-08-31"));
    let asked = of(definition)
        .aiming(value("45"))
        .and(fact(recorded(member_value("m1", "40"))).on("2023-07-31"))
        .and(fact(recorded(member_value("m2", "46"))).on("2023-07-31"));
    let found = asked.at(MIDYEAR);
    assert_eq!(found.status, Status::Breached);
    assert_eq!(percent(&found.current.unwrap().attainment), "50.0%");
}

#[test]
fn who_is_silent_is_neither_within_the_cap_nor_above() {
    let asked = of(cap(3))
        .aiming(value("45"))
        .and(fact(recorded(member_value("m1", "40"))).on("2023-07-31"))
        .and(fact(recorded(member_value("m2", "40"))).on("2023-07-31"));
    let found = asked.at(MIDYEAR);
    let current = found.current.unwrap();
    assert_eq!(percent(&current.attainment), "66.7%");
    assert_eq!(current.achievement, Err(Obstacle::NoReport));
    assert_eq!(found.status, Status::OnTrack);
    assert_eq!(asked.at(YEAR_END).status, Status::NoReport);
}

#[test]
fn a_silent_month_is_told_and_not_taken_for_zero() {
    let asked = of(monthly(AggTime::Sum))
        .aiming(value("4"))
        .reported(increment, [("2023-04-30", "4"), ("2023-06-30", "4")]);
    let found = asked.at("2023-06-30");
    let current = found.current.unwrap();
    assert_eq!(percent(&current.attainment), "66.7%");
    assert_eq!(current.achievement, Err(Obstacle::NoReport));
    assert_eq!(found.remarks, [Remark::MonthUnreported]);
    assert_eq!(found.status, Status::OnTrack);
    assert_eq!(percent(&found.mean_of_months), "100.0%");
    // Reported as nothing it is a month missed.
    let nil = asked
        .and(fact(recorded(nil(crate::domain::actual::NilCause::NoActivity))).on("2023-05-31"));
    assert_eq!(nil.at("2023-06-30").status, Status::Breached);
}

#[test]
fn a_month_above_its_cap_is_broken_before_it_is_over() {
    let asked = of(le(monthly(AggTime::Sum)))
        .aiming(value("10"))
        .reported(increment, [("2023-09-10", "11")]);
    assert_eq!(asked.at("2023-09-10").status, Status::Breached);
}

#[test]
fn the_least_of_all_levels_never_rises() {
    let least = Definition {
        agg_time: AggTime::Min,
        ..followers()
    };
    let asked = of(least)
        .aiming(value("10"))
        .reported(level, [("2023-06-30", "12")]);
    assert_eq!(asked.at(MIDYEAR).status, Status::OnTrack);
    let fell = asked.reported(level, [("2023-08-31", "9"), ("2023-09-30", "15")]);
    assert_eq!(fell.at(MIDYEAR).status, Status::Breached);
}
