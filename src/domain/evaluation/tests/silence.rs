//! Silence, nil reports and what has been set aside are different things (DOMAIN.md §14.15).

use insta::assert_snapshot;

use super::*;
use crate::domain::actual::{Measurement, NilCause};
use crate::domain::evaluation::{Obstacle, Status};
use crate::domain::indicator::*;

fn with_nil(definition: Definition, aim: Aim, cause: NilCause) -> Asked {
    of(definition)
        .aiming(aim)
        .along(PlanProfile::Linear)
        .and(fact(recorded(nil(cause))).on("2023-09-15"))
}

#[test]
fn silence_is_no_report_and_no_number() {
    for (definition, aim) in [
        (count(), value("50")),
        (followers(), value("50")),
        (rate(AggTime::RatioOfSums), value("99")),
        (monthly(AggTime::Sum), value("4")),
        (monthly(AggTime::MeanOfPeriods), value("4")),
        (coverage(3), Aim::AllMembers),
        (cap(3), value("45")),
        (milestone(2), done_by("2023-08-31")),
        (judged(), Aim::RubricLevel(2)),
    ] {
        let asked = of(definition.clone()).aiming(aim);
        let found = asked.at(MIDYEAR);
        assert_eq!(found.value, Err(Obstacle::NoReport), "{definition:?}");
        let current = found.current.unwrap();
        assert_eq!(current.attainment, Err(Obstacle::NoReport));
        assert_eq!(current.achievement, Err(Obstacle::NoReport));
        assert_eq!(found.status, Status::NoReport);
        assert_eq!(asked.at(YEAR_END).status, Status::NoReport);
        assert_eq!(asked.at("2023-03-31").status, Status::NotDue);
    }
}

#[test]
fn no_activity_is_zero_and_reported() {
    let line = |definition, aim| with_nil(definition, aim, NilCause::NoActivity).line(MIDYEAR);
    assert_snapshot!(line(count(), value("50")), @"0.0% 未達 / 0.00 / 0件 / 8.3件 / 遅れ [見込みは未達]");
    assert_snapshot!(line(coverage(3), Aim::AllMembers), @"0.0% 未達 / 0.00 / 0件 / 0.5件 / 遅れ [見込みは未達]");
    assert_snapshot!(line(stage(), value("50")), @"0.0% 未達 / 0.00 / 0.00% / 8.333% / 遅れ [見込みは未達]");
    assert_snapshot!(line(milestone(2), done_by("2024-01-31")), @"0.0% 未達 / – / – / – / 測定時期未到来");
    // Of a level it says nothing.
    assert_snapshot!(line(followers(), value("50")), @"未測定 / – / – / – / 測定時期未到来");
    let by_month = |on: &str| {
        of(monthly(AggTime::Sum))
            .aiming(value("4"))
            .and(fact(recorded(nil(NilCause::NoActivity))).on(on))
            .line("2023-04-30")
    };
    assert_snapshot!(by_month("2023-04-30"), @"0.0% 未達 / – / – / – / 未達確定");
}

#[test]
fn no_demand_is_not_applicable() {
    for definition in [
        count(),
        followers(),
        coverage(3),
        Definition {
            demand_driven: true,
            ..count()
        },
    ] {
        let aim = value("3");
        assert_eq!(
            with_nil(definition, aim, NilCause::NoDemand)
                .at(MIDYEAR)
                .status,
            Status::NotApplicable
        );
    }
    let asked = of(Definition {
        demand_driven: true,
        ..count()
    })
    .aiming(value("200"))
    .reported(increment, [("2023-09-30", "0")])
    .and(
        fact(crate::domain::event::DemandRecorded {
            indicator: indicator_id("X"),
            requests: q("0"),
        })
        .on(MIDYEAR),
    );
    assert_eq!(asked.at(MIDYEAR).status, Status::NotApplicable);
    assert_eq!(asked.at(MIDYEAR).service_rate, Err(Obstacle::NoDemand));
}

#[test]
fn not_measured_waits_for_the_end() {
    let asked = with_nil(followers(), value("50"), NilCause::NotMeasured);
    assert_eq!(asked.at(MIDYEAR).status, Status::NotDue);
    assert_eq!(asked.at(YEAR_END).status, Status::NotEvaluable);
    assert_eq!(asked.at(MIDYEAR).value, Err(Obstacle::NotMeasured));
}

#[test]
fn without_a_target_nothing_is_judged() {
    let asked = of(count()).reported(increment, [("2023-09-30", "3")]);
    let found = asked.at(MIDYEAR);
    assert_eq!((found.current, found.first), (None, None));
    assert_eq!(found.status, Status::NotEvaluable);
    assert_eq!(figure(&found.value, 0), "3");
    // A target that takes effect later is none yet.
    let later = asked.and(fact(target_set("X", value("9"))).on("2023-10-01"));
    assert_eq!(later.at(MIDYEAR).status, Status::NotEvaluable);
    assert_eq!(of(count()).at(MIDYEAR).status, Status::NoReport);
}

#[test]
fn what_is_set_aside_keeps_its_facts_and_has_no_outlook() {
    let since = day("2023-09-01");
    let asked = of(count())
        .aiming(value("50"))
        .along(PlanProfile::Linear)
        .reported(increment, [("2023-08-31", "31")]);
    for (phase, status, obstacle) in [
        (
            Phase::Suspended(since),
            Status::Suspended,
            Obstacle::Suspended,
        ),
        (
            Phase::Cancelled(since),
            Status::Cancelled,
            Obstacle::Cancelled,
        ),
        (
            Phase::CarriedOver(since),
            Status::CarriedOver,
            Obstacle::CarriedOver,
        ),
    ] {
        let asked = asked.clone().in_phase(phase);
        let found = asked.at(MIDYEAR);
        assert_eq!(found.status, status);
        assert_eq!(
            (found.pace, found.forecast, found.required_per_month),
            (Err(obstacle), Err(obstacle), Err(obstacle))
        );
        assert_eq!(percent(&found.current.unwrap().attainment), "62.0%");
        // Before that day it was as ever.
        assert_eq!(asked.at("2023-08-31").status, Status::OnTrack);
    }
}

#[test]
fn an_assumed_line_is_for_reference_and_never_makes_a_goal_late() {
    let behind = |line: fn(Asked) -> Asked| {
        let asked = of(count()).aiming(value("50"));
        line(asked).reported(increment, [("2023-09-30", "10")])
    };
    let explicit = behind(|asked| asked.along(PlanProfile::Linear));
    assert_snapshot!(explicit.line(MIDYEAR), @"20.0% 未達 / 0.40 / 20件 / 6.7件 / 遅れ [見込みは未達]");
    let assumed = behind(|asked| asked.assumed_along(PlanProfile::Linear));
    assert_snapshot!(assumed.line(MIDYEAR), @"20.0% 未達 / 0.40 / 20件 / 6.7件 / 計画線未設定 [参考 見込みは未達]");
    let unset = behind(|asked| asked);
    assert_snapshot!(unset.line(MIDYEAR), @"20.0% 未達 / 0.40 / 20件 / 6.7件 / 計画線未設定 [参考 見込みは未達]");
    // Confirmed, it counts; at the end nothing is assumed any more.
    let confirmed = assumed.clone().along(PlanProfile::Linear);
    assert_snapshot!(confirmed.line(MIDYEAR), @"20.0% 未達 / 0.40 / 20件 / 6.7件 / 遅れ [見込みは未達]");
    assert_snapshot!(assumed.line(YEAR_END), @"20.0% 未達 / 0.20 / 10件 / – / 未達");
    // Works and rates have no line that one could assume.
    let works = of(length())
        .aiming(value("1.5"))
        .reported(increment, [("2023-09-30", "0.1")]);
    assert_snapshot!(works.line(MIDYEAR), @"6.7% 未達 / – / – / 0.2333km / 計画線未設定");
    let none = behind(|asked| asked.along(PlanProfile::None));
    assert_snapshot!(none.line(MIDYEAR), @"20.0% 未達 / – / – / 6.7件 / 測定時期未到来");
    let at_end = behind(|asked| asked.along(PlanProfile::AtEnd));
    assert_snapshot!(at_end.line(MIDYEAR), @"20.0% 未達 / – / – / 6.7件 / 測定時期未到来");
}

#[test]
fn a_level_without_a_baseline_has_no_pace() {
    let asked = of(followers())
        .aiming(value("50000"))
        .along(PlanProfile::Linear)
        .reported(level, [("2023-09-30", "47500")]);
    assert_snapshot!(asked.line(MIDYEAR), @"95.0% 未達 / – / – / 416.7人 / 計画線未設定");
    assert_eq!(asked.at(MIDYEAR).pace, Err(Obstacle::BaselineMissing));
    assert_eq!(asked.at(MIDYEAR).planned_share, Ok(exact(1, 2)));
    let at = |baseline: &str| asked.clone().beginning_at(baseline);
    assert_eq!(
        at("50000").at(MIDYEAR).pace,
        Err(Obstacle::BaselineIsTarget)
    );
    assert_eq!(
        at("51000").at(MIDYEAR).pace,
        Err(Obstacle::BaselineBeyondTarget)
    );
    assert_snapshot!(at("51000").line(MIDYEAR), @"95.0% 未達 / – / 44000人 / 416.7人 / 要注意 [見込みは未達 基準値未満 目標未満]");
    assert_snapshot!(at("48000").line(MIDYEAR), @"95.0% 未達 / -0.50 / 47000人 / 416.7人 / 遅れ [見込みは未達 基準値未満]");
}

#[test]
fn the_section_and_the_computation_may_expect_different_things() {
    let expects = |expected: &str| {
        let forecast = crate::domain::event::ForecastSubmitted {
            indicator: indicator_id("X"),
            value: crate::domain::event::ForecastValue::Value(q(expected)),
            confidence: Some(8),
            basis: text("秋に集中する"),
        };
        of(count())
            .aiming(value("50"))
            .along(PlanProfile::Linear)
            .reported(increment, [("2023-09-30", "24")])
            .and(fact(forecast).on(MIDYEAR))
    };
    // Computed: 48. A tenth of the target is 5.
    assert_snapshot!(expects("53").line(MIDYEAR), @"48.0% 未達 / 0.96 / 48件 / 4.3件 / やや遅れ");
    assert_snapshot!(expects("54").line(MIDYEAR), @"48.0% 未達 / 0.96 / 48件 / 4.3件 / やや遅れ [見込みの差]");
    assert_snapshot!(expects("45").line(MIDYEAR), @"48.0% 未達 / 0.96 / 48件 / 4.3件 / やや遅れ [見込みは未達]");
    let found = expects("53").at(MIDYEAR);
    assert_eq!(found.owner_forecast.unwrap().reaches, Some(true));
    // What was expected later was not expected then.
    assert_eq!(expects("53").at("2023-09-29").owner_forecast, None);
}

#[test]
fn a_nil_for_all_parts_speaks_for_each() {
    let asked = of(with_parts(count(), AggSpace::AllOf, &["m1", "m2"]))
        .aiming_at_parts(&[("m1", "3"), ("m2", "2")])
        .and(fact(recorded(Measurement::Nil(NilCause::NoActivity))).on("2023-09-15"));
    assert_snapshot!(asked.line(MIDYEAR), @"0.0% 未達 / 0.00 / – / – / 計画線未設定 [参考 内訳に未着手]");
}

#[test]
fn silence_is_missing_from_the_first_day_that_is_asked_for() {
    let cycle = days("2023-04-01", "2024-03-31");
    let calendar = crate::domain::reporting::Calendar::built_in(cycle);
    let status = |asked: &Asked, on: &str| {
        let cut = Cut::on(day(on));
        let rounds = calendar.asked(indicator_id("X"), asked.definition(cut));
        let question = Question {
            indicator: asked.history.indicator(),
            cycle,
            cut,
            phase: Phase::Active,
            policy: &asked.policy,
            rounds: Some(&rounds),
            components: &BTreeMap::new(),
        };
        evaluate(&question).unwrap().status
    };
    let asked = of(count()).aiming(value("50")).along(PlanProfile::Linear);
    assert_eq!(status(&asked, "2023-09-29"), Status::NotDue);
    assert_eq!(status(&asked, "2023-09-30"), Status::NoReport);
    // Without a calendar nobody said when to report: what earlier releases computed stays.
    assert_eq!(asked.at("2023-09-29").status, Status::NoReport);
    // Work that begins later is first asked for at the end of the year.
    let later = of(Definition {
        active_window: Some(days("2023-10-01", "2024-03-31")),
        ..count()
    })
    .aiming(value("50"))
    .along(PlanProfile::Linear);
    assert_eq!(status(&later, "2024-03-30"), Status::NotDue);
    assert_eq!(status(&later, "2024-03-31"), Status::NoReport);
    // Whoever reported something is judged by it, asked or not.
    let reported = asked.reported(increment, [("2023-05-31", "1")]);
    assert_eq!(status(&reported, "2023-06-30"), Status::Behind);
}
