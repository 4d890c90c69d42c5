//! DOMAIN.md §5.9 and the calendar of §5: τ, the leap day, settlement, the active window.

use super::*;
use crate::domain::evaluation::{Obstacle, Status};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::*;

fn elapsed(cycle: crate::domain::date::DateSpan, date: &str) -> Figure {
    let asked = of(count()).aiming(value("10")).along(PlanProfile::Linear);
    let question = Question {
        indicator: asked.history.indicator(),
        cycle,
        cut: Cut::on(day(date)),
        phase: Phase::Active,
        policy: &asked.policy,
        rounds: None,
        components: &BTreeMap::new(),
    };
    evaluate(&question).unwrap().planned_share
}

#[test]
fn the_share_of_days_counts_both_ends_and_the_leap_day_once() {
    let leap = days("2023-04-01", "2024-03-31");
    assert_eq!(leap.days(), 366);
    assert_eq!(elapsed(leap, MIDYEAR), Ok(exact(1, 2)));
    assert_eq!(elapsed(leap, "2023-04-01"), Ok(exact(1, 366)));
    assert_eq!(elapsed(leap, "2024-02-29"), Ok(exact(335, 366)));
    assert_eq!(elapsed(leap, YEAR_END), Ok(Exact::one()));
    assert_eq!(elapsed(leap, "2024-05-31"), Ok(Exact::one()));
    assert_eq!(elapsed(leap, "2023-03-31"), Err(Obstacle::CycleNotBegun));
    let common = days("2024-04-01", "2025-03-31");
    assert_eq!(elapsed(common, "2024-09-30"), Ok(exact(183, 365)));
    assert_eq!(elapsed(common, "2024-09-30").unwrap().half_up(4), "0.5014");
}

#[test]
fn fiscal_years_and_eras() {
    let year = FiscalYear::of(day("2024-02-01")).unwrap();
    assert_eq!(
        (year.first_day(), year.last_day()),
        (day("2023-04-01"), day(YEAR_END))
    );
    assert_eq!(year, FiscalYear::of(day("2023-04-01")).unwrap());
    // 平成31年度 and 令和元年度 are one.
    assert_eq!(
        FiscalYear::of(day("2019-04-30")).unwrap(),
        FiscalYear::of(day("2019-05-01")).unwrap()
    );
    assert_eq!(year.settlement_day(), day("2024-05-31"));
}

/// The general account's books of a year close on 31 May, those of the waterworks on 31 March.
#[test]
fn a_settlement_day_ends_the_cycle_later() {
    let tax = |settlement_until: Option<&str>| {
        let definition = Definition {
            settlement_until: settlement_until.map(day),
            ..rate(AggTime::RatioOfSums)
        };
        let last_year = match settlement_until {
            Some(_) => points(&[
                ("2023-03-31", "97.5"),
                ("2023-04-30", "98.4"),
                ("2023-05-31", "99.1"),
            ]),
            None => points(&[("2023-02-28", "97.5"), ("2023-03-31", "99.1")]),
        };
        of(definition)
            .aiming(value("99"))
            .along(PlanProfile::Reference(last_year))
            .and(fact(recorded(share("977", "1000"))).on(YEAR_END))
    };
    let city = tax(Some("2024-05-31"));
    assert_eq!(city.at(YEAR_END).status, Status::OnTrack);
    assert_eq!(figure(&city.at(YEAR_END).pace, 4), "1.0031");
    assert_eq!(city.at("2024-05-30").status, Status::SlightlyBehind);
    assert_eq!(city.at("2024-05-31").status, Status::NotAchieved);
    let paid = city
        .clone()
        .and(fact(recorded(share("15", "1"))).on("2024-05-20"));
    assert_eq!(figure(&paid.at("2024-05-31").value, 2), "99.10");
    assert_eq!(paid.at("2024-05-31").status, Status::Achieved);
    // The next month's reports are not known on 31 March.
    assert_eq!(paid.at(YEAR_END).value, city.at(YEAR_END).value);
    assert_eq!(tax(None).at(YEAR_END).status, Status::NotAchieved);
    // The last day of February corresponds to the last day of February.
    assert_eq!(
        figure(&tax(None).at("2024-02-29").planned_value, 4),
        "97.4016"
    );
    assert_eq!(
        figure(&tax(None).at("2024-02-28").planned_value, 4),
        "0.0000"
    );
}

#[test]
fn work_that_begins_later_is_not_late_before() {
    let summer = Definition {
        active_window: Some(days("2023-07-01", "2023-12-31")),
        ..count()
    };
    let asked = of(summer).aiming(value("184")).along(PlanProfile::Linear);
    assert_eq!(asked.at("2023-06-30").status, Status::NotDue);
    assert_eq!(asked.at("2023-06-30").pace, Err(Obstacle::CycleNotBegun));
    let asked = asked.reported(increment, [("2023-09-30", "92")]);
    let found = asked.at(MIDYEAR);
    assert_eq!(found.planned_share, Ok(exact(1, 2)));
    assert_eq!(found.pace, Ok(Exact::one()));
    assert_eq!(figure(&found.required_per_month, 2), "30.67");
    assert_eq!(asked.at("2024-01-31").planned_share, Ok(Exact::one()));
    assert_eq!(asked.at("2024-01-31").status, Status::Behind);
}

#[test]
fn months_that_remain_are_counted_by_their_days() {
    let asked = of(count())
        .aiming(value("61"))
        .reported(increment, [("2023-09-15", "0")]);
    let required = |date: &str| asked.at(date).required_per_month;
    assert_eq!(required(MIDYEAR), Ok(exact(61, 6)));
    // Half of September and six months.
    assert_eq!(required("2023-09-15"), Ok(exact(122, 13)));
    assert_eq!(required("2024-03-30"), Ok(exact(61 * 31, 1)));
    assert_eq!(required(YEAR_END), Err(Obstacle::CycleOver));
}

#[test]
fn within_a_month_a_plan_steps_unless_the_policy_interpolates() {
    let plan = PlanProfile::Monthly(points(&[
        ("2023-04-30", "30"),
        ("2023-05-31", "61"),
        (YEAR_END, "100"),
    ]));
    let asked = of(count())
        .aiming(value("100"))
        .along(plan)
        .reported(increment, [("2023-04-10", "1")]);
    let planned = |asked: &Asked, date: &str| figure(&asked.at(date).planned_value, 0);
    assert_eq!(planned(&asked, "2023-04-29"), "0");
    assert_eq!(
        asked.at("2023-04-29").pace,
        Err(Obstacle::NothingPlannedYet)
    );
    assert_eq!(asked.at("2023-04-29").status, Status::OnTrack);
    assert_eq!(planned(&asked, "2023-05-30"), "30");
    let even = asked.under(EvaluationPolicy {
        interpolates_months: true,
        ..EvaluationPolicy::default()
    });
    assert_eq!(planned(&even, "2023-04-29"), "29");
    assert_eq!(planned(&even, "2023-05-30"), "60");
    assert_eq!(planned(&even, "2023-05-31"), "61");
}
