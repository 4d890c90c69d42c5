//! DOMAIN.md §5.4: each seed target with an invented actual, at 30 September 2023 (τ = 1/2).

use insta::assert_snapshot;

use super::*;
use crate::domain::actual::{MemberState, MilestoneState};
use crate::domain::evaluation::{Achievement, Obstacle, Status};
use crate::domain::indicator::*;

/// 業務改善 50件.
fn improvements() -> Asked {
    of(count())
        .aiming(value("50"))
        .along(PlanProfile::Linear)
        .reported(increment, [("2023-06-30", "15"), ("2023-09-30", "16")])
}

#[test]
fn flow_count() {
    assert_snapshot!(improvements().line(MIDYEAR), @"62.0% 未達 / 1.24 / 62件 / 3.2件 / 順調");
    let found = improvements().at(MIDYEAR);
    assert_eq!(found.planned_share, Ok(exact(1, 2)));
    assert_eq!(figure(&found.required_per_month, 2), "3.17");
}

/// SNS 50,000人 from 46,000.
#[test]
fn stock_measured_from_its_baseline() {
    let sns = |attainment_basis| {
        let definition = Definition {
            attainment_basis,
            ..followers()
        };
        of(definition)
            .aiming(value("50000"))
            .beginning_at("46000")
            .along(PlanProfile::Linear)
            .reported(level, [("2023-09-30", "47500")])
    };
    assert_snapshot!(sns(AttainmentBasis::ToTarget).line(MIDYEAR), @"95.0% 未達 / 0.75 / 49000人 / 416.7人 / 遅れ [見込みは未達]");
    assert_snapshot!(sns(AttainmentBasis::FromBaseline).line(MIDYEAR), @"37.5% 未達 / 0.75 / 49000人 / 416.7人 / 遅れ [見込みは未達]");
    let found = sns(AttainmentBasis::ToTarget).at(MIDYEAR);
    assert_eq!(figure(&found.required_per_month, 0), "417");
}

/// 現年度収納率 99 %: last year 54.9 % at the end of September, 99.1 % in the end.
fn collection() -> Asked {
    let last_year = points(&[("2022-09-30", "54.9"), ("2023-05-31", "99.1")]);
    let definition = Definition {
        settlement_until: Some(day("2024-05-31")),
        ..rate(AggTime::RatioOfSums)
    };
    of(definition)
        .aiming(value("99"))
        .along(PlanProfile::Reference(last_year))
        .and(fact(recorded(share("5430", "9980"))).on(MIDYEAR))
}

#[test]
fn rate_along_last_years_curve() {
    assert_snapshot!(collection().line(MIDYEAR), @"55.0% 未達 / 0.99 / 98.213% / 5.574% / やや遅れ [見込みは未達]");
    let found = collection().at(MIDYEAR);
    assert_eq!(figure(&found.value, 2), "54.41");
    assert_eq!(figure(&found.planned_value, 2), "54.84");
    assert_eq!(figure(&found.pace, 3), "0.992");
    assert_eq!(figure(&found.forecast, 2), "98.21");
    // 55.0 % of the target says nothing alone: nearly half of the year's taxes fall due later.
    assert_eq!(percent(&found.planned_share), "55.4%");
}

/// 月4回: 4, 5, 4, 3, 4, 4.
fn four_a_month() -> Asked {
    of(monthly(AggTime::Sum)).aiming(value("4")).reported(
        increment,
        [
            ("2023-04-30", "4"),
            ("2023-05-31", "5"),
            ("2023-06-30", "4"),
            ("2023-07-31", "3"),
            ("2023-08-31", "4"),
            ("2023-09-30", "4"),
        ],
    )
}

#[test]
fn every_month_is_judged_for_itself() {
    assert_snapshot!(four_a_month().line(MIDYEAR), @"83.3% 未達 / – / – / – / 未達確定");
    let found = four_a_month().at(MIDYEAR);
    assert_eq!(percent(&found.mean_of_months), "95.8%");
    // The naive total, 24 of 24, would hide July.
    assert_eq!(figure(&found.value, 0), "24");
    assert_snapshot!(four_a_month().line("2023-06-30"), @"100.0% 達成 / – / – / – / 順調");
    assert_snapshot!(four_a_month().line("2023-04-29"), @"未報告 / – / – / – / 未報告");
    let compensating = EvaluationPolicy {
        months_compensate: true,
        ..EvaluationPolicy::default()
    };
    assert_snapshot!(four_a_month().under(compensating).line(MIDYEAR), @"100.0% 達成 / – / – / – / 順調");
}

/// 300人/月 from July on: 212, 268, 301.
#[test]
fn mean_of_complete_months() {
    let rides = Definition {
        active_window: Some(days("2023-07-01", YEAR_END)),
        ..monthly(AggTime::MeanOfPeriods)
    };
    let rides = of(rides).aiming(value("300")).reported(
        increment,
        [
            ("2023-07-31", "212"),
            ("2023-08-31", "268"),
            ("2023-09-30", "301"),
        ],
    );
    assert_snapshot!(rides.line(MIDYEAR), @"86.8% 未達 / – / 260.3件 / 319.8件 / 要注意 [見込みは未達 目標未満]");
    // A month that is not over counts for nothing yet.
    assert_snapshot!(rides.line("2023-09-29"), @"80.0% 未達 / – / 240件 / 368.0件 / 要注意 [見込みは未達 目標未満]");
    assert_snapshot!(rides.line("2023-07-30"), @"未報告 / – / – / – / 未報告");
    assert_snapshot!(rides.line(YEAR_END), @"86.8% 未達 / 0.87 / 260.3件 / – / 未達 [未報告の月あり]");
}

/// 救急講習 2回 30人: 1 and 18.
#[test]
fn compound_is_as_good_as_its_worst_part() {
    let lessons = with_parts(count(), AggSpace::AllOf, &["回", "人"]);
    let lessons = of(lessons)
        .aiming_at_parts(&[("回", "2"), ("人", "30")])
        .along(PlanProfile::Linear)
        .and(fact(recorded_of("回", increment("1"))).on("2023-07-01"))
        .and(fact(recorded_of("人", increment("18"))).on("2023-07-01"));
    assert_snapshot!(lessons.line(MIDYEAR), @"50.0% 未達 / 1.00 / – / – / 順調");
    let found = lessons.at(MIDYEAR);
    let parts: Vec<_> = found
        .parts
        .iter()
        .map(|part| {
            format!(
                "{} {} {}",
                part.part,
                percent(&part.attainment),
                figure(&part.pace, 1)
            )
        })
        .collect();
    assert_eq!(parts, ["回 50.0% 1.0", "人 60.0% 1.2"]);
}

/// 企画展 3回 + 2回: 4 and 0.
#[test]
fn sites_do_not_make_up_for_each_other() {
    let shows = with_parts(count(), AggSpace::CappedSum, &["歴史博物館", "美術館"]);
    let shows = of(shows)
        .aiming_at_parts(&[("歴史博物館", "3"), ("美術館", "2")])
        .and(fact(recorded_of("歴史博物館", increment("4"))).on("2023-07-01"))
        .and(fact(recorded_of("美術館", increment("0"))).on("2023-07-01"));
    assert_snapshot!(shows.line(MIDYEAR), @"60.0% 未達 / 0.00 / – / – / 計画線未設定 [参考 内訳に未着手]");
    // Naively 4 of 5.
    assert_eq!(figure(&shows.at(MIDYEAR).value, 0), "4");
    assert_eq!(shows.at(YEAR_END).status, Status::NotAchieved);
}

/// 巡回 36園: 20 different ones in 32 visits.
#[test]
fn coverage_counts_members_not_visits() {
    let mut visits = of(coverage(36))
        .aiming(Aim::AllMembers)
        .along(PlanProfile::Linear);
    for n in 0..32 {
        let report = recorded(member(&format!("m{}", n % 20 + 1), MemberState::Done));
        visits = visits.and(fact(report).on(if n < 20 { "2023-06-01" } else { "2023-08-01" }));
    }
    assert_snapshot!(visits.line(MIDYEAR), @"55.6% 未達 / 1.11 / 36件 / 2.7件 / 順調");
}

/// 管渠 1.5km, 0.30 planned by September: 0.42.
#[test]
fn the_plan_decides_whether_works_are_late() {
    let pipes = |profile| {
        of(length())
            .aiming(value("1.5"))
            .along(profile)
            .reported(increment, [("2023-07-31", "0.3"), ("2023-09-30", "0.12")])
    };
    let plan = PlanProfile::Monthly(points(&[("2023-09-30", "0.30"), ("2024-03-31", "1.5")]));
    assert_snapshot!(pipes(PlanProfile::Linear).line(MIDYEAR), @"28.0% 未達 / 0.56 / 0.840km / 0.180km / 遅れ [見込みは未達]");
    assert_snapshot!(pipes(plan).line(MIDYEAR), @"28.0% 未達 / 1.40 / 1.620km / 0.180km / 順調");
}

/// 進捗率 50 %, 20 planned: 30.
#[test]
fn fifty_percent_is_the_target() {
    let works = of(stage())
        .aiming(value("50"))
        .along(PlanProfile::Monthly(points(&[
            ("2023-09-30", "20"),
            ("2024-03-31", "50"),
        ])))
        .reported(level, [("2023-09-30", "30")]);
    assert_snapshot!(works.line(MIDYEAR), @"60.0% 未達 / 1.50 / 60.00% / 3.333% / 順調");
}

/// 約80 % ± 5: 76 at the end of the year.
#[test]
fn about_is_a_tolerance_below() {
    let definition = Definition {
        comparator: Comparator::WithinTolerance,
        ..stage()
    };
    let about = Aim::Approximate {
        value: q("80"),
        tolerance: q("5"),
    };
    let at = |reached: &str| {
        of(definition.clone())
            .aiming(about)
            .reported(level, [("2024-03-31", reached)])
            .line(YEAR_END)
    };
    assert_snapshot!(at("76"), @"95.0% 達成（許容内） / – / 76.00% / – / 達成（許容内）");
    assert_snapshot!(at("74.99"), @"93.7% 未達 / – / 74.99% / – / 未達");
    assert_snapshot!(at("80"), @"100.0% 達成 / – / 80.00% / – / 達成");
}

/// 14日を上回る: 6.8 so far; 14.0 at the end of the year.
#[test]
fn more_than_is_not_at_least() {
    let leave = |date: &str, total: &str| {
        of(mean_days())
            .aiming(value("14"))
            .along(PlanProfile::Linear)
            .and(fact(recorded(share(total, "1000"))).on(date))
    };
    assert_snapshot!(leave(MIDYEAR, "6800").line(MIDYEAR), @"48.6% 未達 / 0.97 / 13.6日 / 1.2日 / やや遅れ [見込みは未達]");
    assert_snapshot!(leave(YEAR_END, "14000").line(YEAR_END), @"100.0% 未達 / 1.00 / 14日 / – / 未達 [超過が必要]");
    assert_snapshot!(leave(YEAR_END, "14001").line(YEAR_END), @"100.0% 達成 / 1.00 / 14.0日 / – / 達成");
    assert_snapshot!(leave(YEAR_END, "13999").line(YEAR_END), @"99.9% 未達 / 0.99 / 13.9日 / – / 未達");
}

/// 上限を超えない 全所属 (44): 43 comply.
#[test]
fn one_breach_of_what_holds_for_all_stays() {
    let mut overtime = of(cap(44)).aiming(value("45"));
    for n in 1..=44 {
        let hours = if n == 7 { "45.5" } else { "40" };
        overtime =
            overtime.and(fact(recorded(member_value(&format!("m{n}"), hours))).on("2023-07-31"));
    }
    assert_snapshot!(overtime.line(MIDYEAR), @"97.7% 未達 / – / – / – / 未達確定");
    // August cannot undo July.
    let later = overtime.and(fact(recorded(member_value("m7", "10"))).on("2023-08-31"));
    assert_snapshot!(later.line(MIDYEAR), @"97.7% 未達 / – / – / – / 未達確定");
    assert_snapshot!(later.line(YEAR_END), @"97.7% 未達 / – / – / – / 未達確定");
}

/// 計画書の作成 in five checkpoints of 20 %: two due, two done.
#[test]
fn milestone_by_its_checkpoints() {
    let mut definition = milestone(5);
    let dues = [
        "2023-06-30",
        "2023-09-30",
        "2023-11-30",
        "2024-01-31",
        "2024-03-15",
    ];
    for (checkpoint, due) in definition.checkpoints.iter_mut().zip(dues) {
        checkpoint.due = Some(day(due));
    }
    let expected = crate::domain::event::ForecastSubmitted {
        indicator: indicator_id("X"),
        value: crate::domain::event::ForecastValue::Date(day("2024-03-15")),
        confidence: None,
        basis: text("予定どおり"),
    };
    let plan = of(definition)
        .aiming(done_by("2024-03-15"))
        .and(fact(recorded(checkpoint_state("c1", MilestoneState::Completed))).on("2023-06-20"))
        .and(fact(recorded(checkpoint_state("c2", MilestoneState::Completed))).on("2023-09-29"))
        .and(fact(expected).on(MIDYEAR));
    assert_snapshot!(plan.line(MIDYEAR), @"40.0% 未達 / 1.00 / – / – / 順調");
    let found = plan.at(MIDYEAR);
    assert_eq!(found.forecast, Err(Obstacle::OwnerOnly));
    let owner = found.owner_forecast.unwrap();
    assert_eq!(
        (owner.date, owner.reaches),
        (Some(day("2024-03-15")), Some(true))
    );
    let done = |on: &str| {
        let report = recorded(milestone_state(MilestoneState::Completed));
        plan.clone().and(fact(report).on(on)).line(YEAR_END)
    };
    assert_snapshot!(done("2024-03-15"), @"100.0% 達成 / 1.00 / – / – / 達成");
    assert_snapshot!(done("2024-03-16"), @"100.0% 遅れて達成 / 1.00 / – / – / 遅れて達成");
    assert_snapshot!(plan.line("2024-03-15"), @"40.0% 未達 / 0.40 / – / – / 遅れ");
    assert_snapshot!(plan.line("2024-03-16"), @"40.0% 未達 / 0.40 / – / – / 期限超過");
}

/// 必要に応じ 200回: 80 asked, 80 served.
#[test]
fn what_is_done_as_needed_is_judged_by_demand() {
    let definition = Definition {
        demand_driven: true,
        ..count()
    };
    let demand = |requests: &str| crate::domain::event::DemandRecorded {
        indicator: indicator_id("X"),
        requests: q(requests),
    };
    let served = of(definition)
        .aiming(value("200"))
        .reported(increment, [("2023-09-30", "80")]);
    let asked = |requests: &str| served.clone().and(fact(demand(requests)).on(MIDYEAR));
    assert_snapshot!(asked("80").line(MIDYEAR), @"40.0% 達成 / – / – / – / 需要充足");
    assert_eq!(percent(&asked("80").at(MIDYEAR).service_rate), "100.0%");
    assert_snapshot!(asked("80").line(YEAR_END), @"40.0% 達成 / – / 80件 / – / 需要充足");
    assert_snapshot!(asked("90").line(MIDYEAR), @"40.0% 未達 / – / – / – / やや遅れ");
    assert_snapshot!(asked("120").line(MIDYEAR), @"40.0% 未達 / – / – / – / 遅れ");
    assert_snapshot!(asked("120").line(YEAR_END), @"40.0% 未達 / – / 80件 / – / 未達");
    assert_snapshot!(served.line(MIDYEAR), @"40.0% 未達 / – / – / – / 評価不能");
}

/// Reduce 60 to 45: 52.
#[test]
fn what_is_to_fall_falls_from_its_baseline() {
    let waste = |reached: &str| {
        let definition = Definition {
            comparator: Comparator::Le,
            ..followers()
        };
        of(definition)
            .aiming(value("45"))
            .beginning_at("60")
            .along(PlanProfile::Linear)
            .reported(level, [("2023-09-30", reached)])
    };
    assert_snapshot!(waste("52").line(MIDYEAR), @"53.3% 未達 / 1.07 / 44人 / -1.2人 / 順調");
    assert_snapshot!(waste("45").line(MIDYEAR), @"100.0% 達成 / 2.00 / 30人 / – / 達成");
    // Worse than where it began is below zero, not nothing.
    assert_snapshot!(waste("63").line(MIDYEAR), @"-20.0% 未達 / -0.40 / 66人 / -3人 / 遅れ [見込みは未達 基準値未満]");
}

/// What §5.1 has beside the examples: caps, ranges, targets of zero.
#[test]
fn caps_ranges_and_zero() {
    let not_exceed = |target: &str, used: &str| {
        let definition = Definition {
            comparator: Comparator::Le,
            ..count()
        };
        of(definition)
            .aiming(value(target))
            .along(PlanProfile::Linear)
            .reported(increment, [("2023-09-30", used)])
    };
    assert_snapshot!(not_exceed("100", "40").line(MIDYEAR), @"100.0% 達成 / 1.25 / 80件 / 10件 / 順調 [使用率]");
    assert_eq!(
        percent(&not_exceed("100", "40").at(MIDYEAR).cap_usage),
        "40.0%"
    );
    assert_snapshot!(not_exceed("100", "80").line(MIDYEAR), @"100.0% 達成 / 0.63 / 160件 / 3.3件 / 遅れ [使用率 見込みは未達]");
    assert_snapshot!(not_exceed("100", "125").line(MIDYEAR), @"80.0% 未達 / 0.40 / 250件 / – / 未達確定 [使用率]");
    assert_snapshot!(not_exceed("100", "100").line(YEAR_END), @"100.0% 達成 / 1.00 / 100件 / – / 達成 [使用率]");
    // No accidents.
    assert_snapshot!(not_exceed("0", "0").line(MIDYEAR), @"100.0% 達成 / – / 0件 / 0件 / 順調");
    assert_snapshot!(not_exceed("0", "1").line(MIDYEAR), @"0.0% 未達 / 0.00 / 2件 / – / 未達確定");
    let two_minus = EvaluationPolicy {
        reduction: crate::domain::evaluation::policy::ReductionFormula::TwoMinusRatio,
        ..EvaluationPolicy::default()
    };
    assert_snapshot!(not_exceed("100", "125").under(two_minus).line(MIDYEAR), @"75.0% 未達 / 0.40 / 250件 / – / 未達確定 [使用率]");

    let range = |reached: &str| {
        let definition = Definition {
            comparator: Comparator::InRange,
            ..followers()
        };
        let aim = Aim::Range {
            lower: q("40"),
            upper: q("60"),
        };
        of(definition)
            .aiming(aim)
            .reported(level, [("2023-09-30", reached)])
    };
    assert_snapshot!(range("50").line(MIDYEAR), @"100.0% 達成 / – / – / – / 順調");
    assert_snapshot!(range("30").line(MIDYEAR), @"75.0% 未達 / – / – / – / 要注意 [目標未満]");
    assert_snapshot!(range("75").line(MIDYEAR), @"80.0% 未達 / – / – / – / 要注意");
    assert_snapshot!(range("60").line(YEAR_END), @"100.0% 達成 / – / 60人 / – / 達成");

    // A share of nothing is nothing, but reached all the same.
    let nothing = of(count())
        .aiming(value("0"))
        .reported(increment, [("2023-09-30", "3")]);
    assert_snapshot!(nothing.line(MIDYEAR), @"目標が0以下 達成 / – / 6件 / – / 達成");
}

#[test]
fn a_rubric_is_never_a_percentage() {
    let judged = |level: u32| {
        of(judged()).aiming(Aim::RubricLevel(2)).and(
            fact(recorded(crate::domain::actual::Measurement::RubricLevel(
                level,
            )))
            .on(MIDYEAR),
        )
    };
    assert_snapshot!(judged(2).line(MIDYEAR), @"定性評価 達成 / – / – / – / 達成");
    assert_snapshot!(judged(1).line(MIDYEAR), @"定性評価 未達 / – / – / – / 測定時期未到来");
    assert_snapshot!(judged(1).line(YEAR_END), @"定性評価 未達 / – / – / – / 未達");
    let current = judged(3).at(MIDYEAR).current.unwrap();
    assert_eq!(current.attainment, Err(Obstacle::Qualitative));
    assert_eq!(current.achievement, Ok(Achievement::Achieved));
}
