//! DOMAIN.md §5.5: a target revised on the way. 就労者数 30人 → 24人, effective 1 November, decided 10 November.

use insta::assert_snapshot;

use super::*;
use crate::domain::evaluation::{Obstacle, Remark, Status};
use crate::domain::indicator::*;

/// Events 0 to 3 define, aim, plan and report 25 by the end of the year; event 4 is the revision of 10 November.
fn employment() -> Asked {
    of(count())
        .aiming(value("30"))
        .along(PlanProfile::Linear)
        .reported(increment, [("2024-03-31", "25")])
        .revised(value("24"), "2023-11-01")
}

fn both(asked: &Asked, cut: Cut) -> String {
    let found = asked.at_cut(cut);
    format!(
        "当初目標比 {} / 現目標比 {}",
        against(&found, found.first.as_ref(), &asked.policy),
        against(&found, found.current.as_ref(), &asked.policy),
    )
}

#[test]
fn both_targets_are_always_told() {
    let asked = employment();
    assert_snapshot!(both(&asked, Cut::on(day(YEAR_END))), @"当初目標比 83.3% 未達 / 現目標比 104.2% 達成");
    let found = asked.at(YEAR_END);
    assert_eq!(found.status, Status::Achieved);
    assert_eq!(found.remarks, [Remark::AchievedByRevision]);
    assert_eq!(
        Remark::AchievedByRevision.label(Language::Ja),
        "目標変更後達成"
    );
}

#[test]
fn an_earlier_cut_still_shows_the_first_target() {
    let asked = employment();
    let target = |cut: Cut| asked.at_cut(cut).current.unwrap().target.target.aim;
    let ends = Cut::on(day(YEAR_END));
    assert_eq!(target(ends), value("24"));
    assert_eq!(target(Cut::on(day(MIDYEAR))), value("30"));
    assert_eq!(target(Cut::on(day("2023-10-31"))), value("30"));
    assert_eq!(target(Cut::on(day("2023-11-01"))), value("24"));
    // Known on 5 November: four events.
    assert_eq!(target(ends.known_at(4)), value("30"));
    assert_snapshot!(both(&asked, ends.known_at(4)), @"当初目標比 83.3% 未達 / 現目標比 83.3% 未達");
}

#[test]
fn the_path_continues_from_where_it_stood() {
    let asked = employment();
    let planned = |date: &str| figure(&asked.at(date).planned_value, 2);
    assert_eq!(planned("2023-10-31"), "17.54");
    assert_eq!(planned("2023-12-31"), "20.13");
    assert_eq!(planned(YEAR_END), "24.00");
    assert_eq!(planned(MIDYEAR), "15.00");
    // Drawn anew from April it would have been 18.03.
    assert_eq!(exact(24 * 275, 366).half_up(2), "18.03");
    let share = asked.at("2023-12-31").planned_share.unwrap();
    assert_eq!(share.times(&24.into()).half_up(2), "20.13");
}

#[test]
fn a_plan_by_month_continues_in_its_own_shape() {
    let plan = PlanProfile::Monthly(points(&[
        ("2023-10-31", "10"),
        ("2023-12-31", "14"),
        ("2024-03-31", "30"),
    ]));
    let asked = of(count())
        .aiming(value("30"))
        .along(plan)
        .reported(increment, [("2023-10-31", "9")])
        .revised(value("20"), "2023-11-01");
    let planned = |asked: &Asked, date: &str| figure(&asked.at(date).planned_value, 2);
    assert_eq!(planned(&asked, "2023-10-31"), "10.00");
    // Of the 20 that were left 4 were planned by December; of the 10 that are left now a fifth.
    assert_eq!(planned(&asked, "2023-12-31"), "12.00");
    assert_eq!(planned(&asked, YEAR_END), "20.00");
    // A plan made for the new target says itself where it runs.
    let drawn = PlanProfile::Monthly(points(&[("2023-12-31", "15"), ("2024-03-31", "20")]));
    let drawn = asked.and(fact(super::planned(drawn, false)).on("2023-11-01"));
    assert_eq!(planned(&drawn, "2023-12-31"), "15.00");
    assert_eq!(planned(&drawn, "2023-10-31"), "10.00");
}

#[test]
fn a_line_changed_on_the_way_leaves_what_lies_behind() {
    let plan = PlanProfile::Monthly(points(&[("2023-09-30", "5"), ("2024-03-31", "30")]));
    let asked = of(count())
        .aiming(value("30"))
        .along(plan)
        .reported(increment, [("2023-09-30", "5")])
        .and(fact(planned(PlanProfile::Linear, false)).on("2023-10-01"));
    assert_eq!(figure(&asked.at(MIDYEAR).planned_value, 2), "5.00");
    // From 5 on 30 September evenly to 30: 92 of 183 days.
    assert_eq!(figure(&asked.at("2023-12-31").planned_value, 2), "17.57");
    // A line set late was the only one there was.
    let late = of(count())
        .aiming(value("30"))
        .and(fact(planned(PlanProfile::Linear, false)).on("2023-10-01"))
        .reported(increment, [("2023-09-30", "5")]);
    assert_eq!(figure(&late.at("2023-12-31").planned_value, 2), "22.54");
    assert_eq!(late.at(MIDYEAR).status, Status::PlanLineUnset);
}

#[test]
fn a_raised_target_is_harder() {
    let asked = of(count())
        .aiming(value("30"))
        .reported(increment, [("2024-03-31", "33")])
        .revised(value("36"), "2023-10-01");
    assert_snapshot!(both(&asked, Cut::on(day(YEAR_END))), @"当初目標比 110.0% 達成 / 現目標比 91.7% 未達");
    assert_eq!(asked.at(YEAR_END).status, Status::NotAchieved);
    assert_eq!(asked.at(YEAR_END).remarks, []);
}

#[test]
fn figures_on_both_sides_of_a_break_are_not_compared() {
    let households = Definition {
        unit: followers().unit,
        ..count()
    };
    let asked = of(count())
        .aiming(value("30"))
        .along(PlanProfile::Linear)
        .reported(increment, [("2023-06-30", "12")])
        .and(
            fact(redefined("X", 2, households))
                .on("2023-10-01")
                .because("定義変更"),
        )
        .reported(increment, [("2023-12-31", "9")]);
    assert_snapshot!(asked.line(MIDYEAR), @"40.0% 未達 / 0.80 / 24件 / 3件 / やや遅れ [見込みは未達]");
    assert_snapshot!(asked.line("2023-12-31"), @"定義変更のため比較不能 / – / 17.9人 / – / 評価不能 [定義変更あり]");
    assert_eq!(
        asked.at("2023-12-31").required_per_month,
        Err(Obstacle::SeriesBreak)
    );
    // A target set since is of the new series, and so is its line: 92 of 183 days.
    let revised = asked.clone().revised(value("18"), "2023-10-01");
    assert_snapshot!(revised.line("2023-12-31"), @"50.0% 未達 / 0.99 / 17.9人 / 3人 / やや遅れ [定義変更あり 見込みは未達]");
    let found = revised.at("2023-12-31");
    assert_eq!(found.definition_version, 2);
    assert_eq!(found.planned_share, Ok(exact(92, 183)));
    assert_eq!(found.first.unwrap().attainment, Err(Obstacle::SeriesBreak));
    // Before the break nothing changed.
    assert_eq!(revised.at(MIDYEAR), asked.at(MIDYEAR));
}
