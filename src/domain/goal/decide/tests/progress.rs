//! Reports, corrections, retractions, demand and forecasts.

use insta::assert_snapshot;

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::event::*;
use crate::domain::indicator::*;
use crate::domain::testing::*;

const WHY: &str = "体験講座を各校で開き、参加者の声を次の計画に生かした。";

#[test]
fn an_entry_is_of_the_indicators_kind() {
    let would = |definition: Definition, measurement: Measurement| {
        World::measuring(definition).would(
            fact(recorded(measurement))
                .on("2023-09-30")
                .shown()
                .because(WHY),
        )
    };
    let done = || member("m1", MemberState::Done);
    let started = || milestone_state(MilestoneState::Started);
    assert_snapshot!(would(count(), increment("3")), @"recorded");
    assert_snapshot!(would(count(), level("3")), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=INCREMENT expected_ja=増分]");
    assert_snapshot!(would(followers(), level("3")), @"recorded");
    assert_snapshot!(would(followers(), increment("3")), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=ABSOLUTE expected_ja=時点の値]");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), share("3", "4")), @"recorded");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), level("75")), @"RATIO_PARTS_REQUIRED actual_recorded.measurement");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), done()), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=NUM_DEN expected_ja=分子と分母]");
    assert_snapshot!(would(coverage(2), done()), @"recorded");
    assert_snapshot!(would(coverage(2), increment("1")), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=MEMBER_STATE expected_ja=対象ごとの状況]");
    assert_snapshot!(would(cap(2), member_value("m2", "44.5")), @"recorded");
    assert_snapshot!(would(cap(2), done()), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=MEMBER_VALUE expected_ja=対象ごとの値]");
    assert_snapshot!(would(milestone(0), started()), @"recorded");
    assert_snapshot!(would(milestone(0), share("1", "2")), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=MILESTONE_STATE expected_ja=工程の状況]");
    assert_snapshot!(would(judged(), Measurement::RubricLevel(2)), @"recorded");
    assert_snapshot!(would(judged(), started()), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=RUBRIC_LEVEL expected_ja=評価段階]");
    for definition in [
        count(),
        followers(),
        rate(AggTime::RatioOfLatest),
        coverage(1),
        milestone(0),
        judged(),
    ] {
        assert_eq!(would(definition, nil(NilCause::NoActivity)), "recorded");
    }
    let mut world = World::planned();
    world.accept(fact(defined("part", "I", count())));
    world.accept(fact(defined("X", "I", composite(&["part"]))));
    assert_snapshot!(world.would(fact(recorded(nil(NilCause::NotMeasured)))), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=NONE (report on its components) expected_ja=構成する指標への報告]");
    assert_snapshot!(World::planned().would(fact(recorded(increment("1")))), @"INDICATOR_UNKNOWN actual_recorded.indicator");
}

#[test]
fn a_value_lies_in_the_domain_of_its_unit() {
    let would = |definition: Definition, measurement: Measurement| {
        World::measuring(definition).would(
            fact(recorded(measurement))
                .on("2023-09-30")
                .shown()
                .because(WHY),
        )
    };
    assert_snapshot!(would(count(), increment("3.5")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.increment [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(would(count(), increment("-2")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.increment [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(would(stage(), level("101")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.level [unit=% allowed=0以上100以下の数（小数点以下2桁まで） allowed_en=a number from 0 to 100 with at most 2 decimals]");
    assert_snapshot!(would(stage(), level("100.0000001")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.level [unit=% allowed=0以上100以下の数（小数点以下2桁まで） allowed_en=a number from 0 to 100 with at most 2 decimals]");
    assert_snapshot!(would(length(), increment("0.0001")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.increment [unit=km allowed=0以上の数（小数点以下3桁まで） allowed_en=a number of 0 or more with at most 3 decimals]");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), share("5", "4")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.ratio.numerator [unit=% allowed=0以上100以下の数 allowed_en=a number from 0 to 100]");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), share("-1", "4")), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.ratio.numerator [unit=% allowed=0以上100以下の数 allowed_en=a number from 0 to 100]");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), share("1", "0")), @"DENOMINATOR_ZERO actual_recorded.measurement.ratio.denominator");
    assert_snapshot!(would(mean_days(), share("680.5", "100")), @"recorded");
    assert_snapshot!(would(judged(), Measurement::RubricLevel(0)), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.rubric_level [unit=段階 allowed=1から3までの整数 allowed_en=a whole number from 1 to 3]");
    assert_snapshot!(would(judged(), Measurement::RubricLevel(4)), @"VALUE_OUT_OF_DOMAIN actual_recorded.measurement.rubric_level [unit=段階 allowed=1から3までの整数 allowed_en=a whole number from 1 to 3]");
    assert_snapshot!(would(coverage(2), member("m3", MemberState::Done)), @"MEMBER_NOT_IN_SET actual_recorded.measurement.member.member");
    assert_snapshot!(would(milestone(2), checkpoint_state("c3", MilestoneState::Started)), @"CHECKPOINT_UNKNOWN actual_recorded.measurement.milestone.checkpoint");
    let mut joining = coverage(2);
    joining.members[1].from = Some(day("2023-10-01"));
    assert_snapshot!(would(joining, member("m2", MemberState::Done)), @"MEMBER_NOT_IN_SET actual_recorded.measurement.member.member");
    let in_unit = |unit: &str| {
        let reported = ReportedPart {
            part: None,
            unit_code: Some(unit.into()),
        };
        World::measuring(length()).would(fact(ActualRecorded {
            reported,
            ..recorded(increment("1"))
        }))
    };
    assert_snapshot!(in_unit("m"), @"UNIT_MISMATCH actual_recorded.unit_code [unit=km]");
    assert_snapshot!(in_unit("km"), @"recorded, OLD_DATE");
}

#[test]
fn a_part_reports_for_itself() {
    let world = World::measuring(with_parts(
        count(),
        AggSpace::Sum,
        &["歴史博物館", "美術館"],
    ));
    assert_snapshot!(world.would(fact(recorded_of("美術館", increment("1")))), @"recorded, OLD_DATE");
    assert_snapshot!(world.would(fact(recorded_of("図書館", increment("1")))), @"PART_UNKNOWN actual_recorded.part [known=歴史博物館, 美術館]");
    assert_snapshot!(world.would(fact(recorded(increment("1")))), @"PART_UNKNOWN actual_recorded.part [known=歴史博物館, 美術館]");
    assert_snapshot!(world.would(fact(recorded(nil(NilCause::NoActivity)))), @"recorded, OLD_DATE");
    assert_snapshot!(World::measuring(count()).would(fact(recorded_of("美術館", increment("1")))), @"PART_UNKNOWN actual_recorded.part [known=]");
}

#[test]
fn a_report_is_of_days_that_have_been_in_the_cycle() {
    let world = World::measuring(count());
    let one = || fact(recorded(increment("1")));
    assert_snapshot!(world.would(one().on("2023-10-06")), @"recorded");
    assert_snapshot!(world.would(one().on("2023-10-07")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]");
    assert_snapshot!(world.would(one().on("2023-10-01").until("2023-10-31")), @"DATE_IN_FUTURE valid_to [today=2023-10-06]");
    assert_snapshot!(world.would(one().on("2023-03-28").until("2023-04-03")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(world.would(one().undated()), @"FIELD_REQUIRED valid_from");
    assert_snapshot!(world.would(one().on("2033-10-06")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]; DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    let after = world.at("2024-06-01");
    assert_snapshot!(after.would(one().on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(after.would(one().on("2024-03-25").until("2024-04-05")), @"DATE_OUTSIDE_CYCLE valid_to [first=2023-04-01 last=2024-03-31]");
    let settled = Definition {
        settlement_until: Some(day("2024-05-31")),
        ..count()
    };
    let settled = World::measuring(settled).at("2024-06-01");
    assert_snapshot!(settled.would(one().on("2024-05-31")), @"recorded");
    assert_snapshot!(settled.would(one().on("2024-06-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-05-31]");
    let summer = Definition {
        active_window: Some(days("2023-07-01", "2023-09-30")),
        ..count()
    };
    assert_snapshot!(World::measuring(summer).would(one().on("2023-06-30")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-07-01 last=2024-03-31]");
}

#[test]
fn only_what_accumulates_takes_a_span() {
    let would = |definition: Definition, measurement: Measurement| {
        World::measuring(definition).would(
            fact(recorded(measurement))
                .on("2023-08-20")
                .until("2023-09-10"),
        )
    };
    assert_snapshot!(would(count(), increment("3")), @"recorded");
    assert_snapshot!(would(rate(AggTime::RatioOfSums), share("3", "4")), @"recorded");
    assert_snapshot!(would(followers(), nil(NilCause::NotMeasured)), @"recorded");
    assert_snapshot!(would(followers(), level("3")), @"FIELD_INVALID valid_to [problem=this event holds on or from one day; leave the last day out]");
    assert_snapshot!(would(milestone(0), milestone_state(MilestoneState::Started)), @"FIELD_INVALID valid_to [problem=this event holds on or from one day; leave the last day out]");
    assert_snapshot!(would(monthly(AggTime::Sum), increment("3")), @"FIELD_INVALID valid_to [problem=a value of a monthly rate lies within one month]");
}

#[test]
fn a_day_has_one_observation() {
    let mut world = World::measuring(followers());
    world.accept(
        fact(recorded(level("46000")))
            .on("2023-09-30")
            .named("september"),
    );
    let again = world.would(fact(recorded(level("47500"))).on("2023-09-30"));
    assert!(
        again.starts_with("OBSERVATION_EXISTS actual_recorded.measurement [existing="),
        "{again}"
    );
    assert!(again.contains(&event_id("september").to_string()));
    assert_snapshot!(world.would(fact(recorded(level("47500"))).on("2023-09-29")), @"recorded");
    // A correction takes the place of what it replaces, and no other.
    world.accept(
        fact(recorded(level("46500")))
            .on("2023-10-01")
            .named("october"),
    );
    let correct = |date| {
        fact(corrected("september", level("47500")))
            .on(date)
            .because("入力誤り")
    };
    assert_snapshot!(world.would(correct("2023-09-30")), @"recorded");
    assert!(
        world
            .would(correct("2023-10-01"))
            .starts_with("OBSERVATION_EXISTS actual_corrected.measurement")
    );
    // What was taken back leaves its place free.
    assert_snapshot!(world.outcome(fact(retracted("september")).on("2023-09-30").because("重複")), @"recorded");
    assert_snapshot!(world.outcome(fact(recorded(level("47500"))).on("2023-09-30")), @"recorded");

    let mut parts = World::measuring(with_parts(
        rate(AggTime::RatioOfLatest),
        AggSpace::RatioOfSums,
        &["a", "b"],
    ));
    parts.accept(fact(recorded_of("a", share("1", "2"))).on("2023-09-30"));
    assert_snapshot!(parts.would(fact(recorded_of("b", share("1", "2"))).on("2023-09-30")), @"recorded");
    assert!(
        parts
            .would(fact(recorded_of("a", share("1", "3"))).on("2023-09-30"))
            .starts_with("OBSERVATION_EXISTS")
    );
    let mut members = World::measuring(coverage(2));
    members.accept(fact(recorded(member("m1", MemberState::Done))).on("2023-09-30"));
    assert_snapshot!(members.would(fact(recorded(member("m2", MemberState::Done))).on("2023-09-30")), @"recorded");
    assert!(
        members
            .would(fact(recorded(member("m1", MemberState::NotDone))).on("2023-09-30"))
            .starts_with("OBSERVATION_EXISTS")
    );
}

#[test]
fn a_milestone_only_goes_forward_and_shows_its_end() {
    let mut world = World::measuring(milestone(2));
    let state = |state, date: &str| fact(recorded(milestone_state(state))).on(date);
    assert_snapshot!(world.outcome(state(MilestoneState::Started, "2023-06-01").named("start")), @"recorded, OLD_DATE");
    assert_snapshot!(world.outcome(state(MilestoneState::Completed, "2023-09-01")), @"EVIDENCE_REQUIRED evidence");
    assert_snapshot!(world.outcome(state(MilestoneState::Completed, "2023-09-01").shown().named("end")), @"recorded");
    assert_snapshot!(world.would(state(MilestoneState::Started, "2023-09-02")), @"MILESTONE_BACKWARD actual_recorded.measurement.milestone.state [current=COMPLETED]");
    assert_snapshot!(world.would(state(MilestoneState::NotStarted, "2023-07-01")), @"MILESTONE_BACKWARD actual_recorded.measurement.milestone.state [current=STARTED]");
    assert_snapshot!(world.would(state(MilestoneState::InOperation, "2023-08-01").shown()), @"MILESTONE_BACKWARD actual_recorded.measurement.milestone.state [current=COMPLETED]");
    assert_snapshot!(world.would(state(MilestoneState::Decided, "2023-08-01")), @"recorded, OLD_DATE");
    let reopened =
        fact(corrected("end", milestone_state(MilestoneState::Decided))).on("2023-09-01");
    assert_snapshot!(world.would(reopened.because("入力誤り")), @"recorded");
    let later = fact(corrected("start", milestone_state(MilestoneState::Started))).on("2023-09-02");
    assert_snapshot!(world.would(later.because("入力誤り")), @"MILESTONE_BACKWARD actual_corrected.measurement.milestone.state [current=COMPLETED]");
    // Checkpoints go their own way.
    assert_snapshot!(world.would(fact(recorded(checkpoint_state("c1", MilestoneState::NotStarted))).on("2023-09-02")), @"recorded");
}

#[test]
fn a_judgement_has_evidence_and_words() {
    let world = World::measuring(judged());
    let two = || fact(recorded(Measurement::RubricLevel(2))).on("2023-09-30");
    assert_snapshot!(world.would(two()), @"EVIDENCE_REQUIRED evidence; REASON_REQUIRED reason");
    assert_snapshot!(world.would(two().shown().because("おおむね良好")), @"REASON_TOO_SHORT reason.text [chars_min=20 chars=6]");
    assert_snapshot!(world.would(two().shown().because(WHY)), @"recorded");
}

#[test]
fn what_has_ended_or_rests_takes_no_reports_of_later_days() {
    let mut world = World::measuring(count());
    let on = |date| fact(recorded(increment("1"))).on(date);
    let why = |payload: Payload, date: &str| fact(payload).on(date).because("見直し");
    let g = goal_id("G");
    world.accept(why(GoalSuspended { goal: g }.into(), "2023-07-01"));
    assert_snapshot!(world.would(on("2023-07-01")), @"GOAL_SUSPENDED actual_recorded.indicator [since=2023-07-01]");
    assert_snapshot!(world.outcome(on("2023-06-30").named("june")), @"recorded, OLD_DATE");
    world.accept(why(GoalResumed { goal: g }.into(), "2023-08-01"));
    assert_snapshot!(world.would(on("2023-08-01")), @"recorded, OLD_DATE");
    world.accept(why(
        IndicatorCancelled {
            indicator: indicator_id("X"),
        }
        .into(),
        "2023-08-10",
    ));
    world.accept(why(
        InitiativeCancelled {
            initiative: initiative_id("I"),
        }
        .into(),
        "2023-08-20",
    ));
    world.accept(why(GoalCancelled { goal: g }.into(), "2023-09-01"));
    assert_snapshot!(world.would(on("2023-08-09")), @"recorded, OLD_DATE");
    assert_snapshot!(world.would(on("2023-08-15")), @"INDICATOR_CANCELLED actual_recorded.indicator [since=2023-08-10]");
    assert_snapshot!(world.would(on("2023-09-01")), @"INDICATOR_CANCELLED actual_recorded.indicator [since=2023-08-10]; INITIATIVE_CANCELLED actual_recorded.indicator [since=2023-08-20]; GOAL_CANCELLED actual_recorded.indicator [since=2023-09-01]");
    assert_snapshot!(world.would(fact(target_set("X", value("3")))), @"INDICATOR_CANCELLED target_set.indicator [since=2023-08-10]; INITIATIVE_CANCELLED target_set.indicator [since=2023-08-20]; GOAL_CANCELLED target_set.indicator [since=2023-09-01]");
    // What was wrong can still be taken back.
    assert_snapshot!(world.outcome(fact(retracted("june")).on("2023-06-30").because("入力誤り")), @"recorded");

    let mut carried = World::measuring(count());
    carried.accept(fact(plan("R6", 2024)));
    let over = GoalCarriedOver {
        goal: g,
        to_plan: plan_id("R6"),
        to_goal: None,
    };
    carried.accept(fact(over).on("2023-09-01").because("繰越"));
    assert_snapshot!(carried.would(on("2023-09-01")), @"GOAL_CARRIED_OVER actual_recorded.indicator [since=2023-09-01]");
}

#[test]
fn a_correction_names_the_newest_and_what_it_says() {
    let mut world = World::measuring(count());
    world.accept(
        fact(recorded(increment("12")))
            .on("2023-07-31")
            .named("july"),
    );
    let nine = || fact(corrected("july", increment("9"))).on("2023-07-31");
    assert_snapshot!(world.would(nine()), @"REASON_REQUIRED reason");
    let expecting = |expected| {
        let before = Some(increment(expected));
        fact(ActualCorrected {
            before,
            ..corrected("july", increment("9"))
        })
        .on("2023-07-31")
        .because("入力誤り")
    };
    assert_snapshot!(world.would(expecting("11")), @"EXPECTED_VALUE_DIFFERS actual_corrected.before [current=12]");
    assert_snapshot!(world.would(expecting("12")), @"recorded");
    assert_snapshot!(world.would(fact(corrected("unknown", increment("9"))).on("2023-07-31").because("入力誤り")), @"ENTRY_UNKNOWN actual_corrected.corrects");
    assert_snapshot!(world.would(fact(corrected("july", increment("9.5"))).on("2023-11-01").because("入力誤り")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]; VALUE_OUT_OF_DOMAIN actual_corrected.measurement.increment [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(world.outcome(nine().because("入力誤り").named("first correction")), @"recorded");
    let head = |name| {
        format!(
            "ALREADY_SUPERSEDED actual_corrected.corrects [head={}]",
            event_id(name)
        )
    };
    assert_eq!(
        world.would(nine().because("入力誤り")),
        head("first correction")
    );
    let ten = fact(corrected("first correction", increment("10")))
        .on("2023-07-31")
        .because("入力誤り");
    assert_snapshot!(world.outcome(ten.named("second correction")), @"recorded");
    assert_eq!(
        world.would(nine().because("入力誤り")),
        head("second correction")
    );
    assert_snapshot!(world.would(fact(retracted("second correction")).on("2023-07-31")), @"REASON_REQUIRED reason");
    let wrong = ActualRetracted {
        before: Some(increment("9")),
        ..retracted("second correction")
    };
    assert_snapshot!(world.would(fact(wrong).on("2023-07-31").because("重複")), @"EXPECTED_VALUE_DIFFERS actual_retracted.before [current=10]");
    assert_snapshot!(world.outcome(fact(retracted("second correction")).on("2023-07-31").because("重複").named("taken back")), @"recorded");
    // Neither what was taken back nor the taking back can be corrected.
    let again = fact(corrected("second correction", increment("1")))
        .on("2023-07-31")
        .because("入力誤り");
    assert_eq!(world.would(again), head("taken back"));
    assert_snapshot!(world.would(fact(corrected("taken back", increment("1"))).on("2023-07-31").because("入力誤り")), @"ENTRY_UNKNOWN actual_corrected.corrects");
    // An entry of another indicator is none of this one.
    world.accept(fact(defined("Y", "I", count())));
    let elsewhere = ActualCorrected {
        indicator: indicator_id("Y"),
        ..corrected("july", increment("9"))
    };
    assert_snapshot!(world.would(fact(elsewhere).on("2023-07-31").because("指標違い")), @"ENTRY_UNKNOWN actual_corrected.corrects");
}

#[test]
fn the_ledger_states_what_a_client_may_leave_out() {
    let mut world = World::measuring(count());
    let proposed = world.event(
        &fact(recorded(increment("12")))
            .on("2023-07-31")
            .named("july"),
    );
    let stored = world.decide(&proposed).unwrap().events.remove(0);
    let Payload::ActualRecorded(report) = &stored.payload else {
        panic!("another event")
    };
    assert_eq!(report.reported.unit_code.as_deref(), Some("{件}"));
    assert!(proposed.restates(&stored) && stored.restates(&stored) && stored != proposed);
    world.apply(stored.clone());
    let proposed = world.event(
        &fact(corrected("july", increment("9")))
            .on("2023-07-31")
            .because("入力誤り"),
    );
    let correction = world.decide(&proposed).unwrap().events.remove(0);
    let Payload::ActualCorrected(report) = &correction.payload else {
        panic!("another event")
    };
    assert_eq!(report.before, Some(increment("12")));
    assert!(proposed.restates(&correction) && !proposed.restates(&stored));
    let mut otherwise = proposed.clone();
    otherwise.payload = ActualCorrected {
        before: Some(increment("11")),
        ..corrected("july", increment("9"))
    }
    .into();
    assert!(!otherwise.restates(&correction));
    let proposed = world.event(&fact(retracted("july")).on("2023-07-31").because("重複"));
    let retraction = world.decide(&proposed).unwrap().events.remove(0);
    let Payload::ActualRetracted(taken_back) = &retraction.payload else {
        panic!("another event")
    };
    assert_eq!(taken_back.before, Some(increment("12")));
    assert!(proposed.restates(&retraction));
}

#[test]
fn totals_stay_exact() {
    let largest = "999999999999999";
    let mut world = World::measuring(count());
    for _ in 0..1000 {
        world.accept(fact(recorded(increment(largest))));
    }
    assert_snapshot!(world.would(fact(recorded(increment(largest)))), @"TOTAL_TOO_LARGE actual_recorded.measurement.increment");
    assert_snapshot!(world.would(fact(recorded(increment("999")))), @"recorded, OLD_DATE");
    let mut shares = World::measuring(mean_days());
    for n in 0..1000 {
        let date = day("2020-01-01")
            .checked_add(jiff::Span::new().days(n))
            .unwrap();
        let mut event = shares.event(&fact(recorded(share("1", largest))));
        event.valid = Some(Validity::from(date));
        shares.apply(event);
    }
    assert_snapshot!(shares.would(fact(recorded(share("1", largest)))), @"TOTAL_TOO_LARGE actual_recorded.measurement.ratio");
    let mut weighted = with_parts(followers(), AggSpace::Weighted, &["a"]);
    weighted.parts[0].weight = Some(q("999.999"));
    assert_snapshot!(World::measuring(weighted).would(fact(recorded_of("a", level("1000000001")))), @"TOTAL_TOO_LARGE actual_recorded.measurement.level");
}

#[test]
fn demand_is_recorded_where_it_drives() {
    let demand = |requests: &str| {
        fact(DemandRecorded {
            indicator: indicator_id("X"),
            requests: q(requests),
        })
    };
    let driven = World::measuring(Definition {
        demand_driven: true,
        ..count()
    });
    assert_snapshot!(driven.would(demand("80").until("2023-09-30")), @"recorded");
    assert_snapshot!(driven.would(demand("-1")), @"VALUE_OUT_OF_DOMAIN demand_recorded.requests [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(driven.would(demand("1.5").on("2023-11-01")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]; VALUE_OUT_OF_DOMAIN demand_recorded.requests [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(World::measuring(count()).would(demand("80")), @"NOT_DEMAND_DRIVEN demand_recorded.indicator");
}

#[test]
fn a_forecast_fits_and_lies_ahead() {
    let would = |definition: Definition, value: ForecastValue| {
        let (indicator, basis) = (indicator_id("X"), text("上半期の実績から"));
        let forecast = ForecastSubmitted {
            indicator,
            value,
            confidence: Some(7),
            basis,
        };
        World::measuring(definition).would(fact(forecast).on("2023-09-30"))
    };
    let on = |date| ForecastValue::Date(day(date));
    let reach = |value| ForecastValue::Value(q(value));
    assert_snapshot!(would(count(), reach("48")), @"recorded");
    assert_snapshot!(would(count(), reach("-1")), @"VALUE_OUT_OF_DOMAIN forecast_submitted.value [unit=件 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(would(count(), on("2024-03-01")), @"FIELD_INVALID forecast_submitted.date [problem=a value is expected, not a day]");
    assert_snapshot!(would(milestone(0), on("2024-03-01")), @"recorded");
    assert_snapshot!(would(milestone(0), on("2023-09-29")), @"DATE_TOO_EARLY forecast_submitted.date [earliest=2023-09-30]");
    assert_snapshot!(would(milestone(0), reach("1")), @"FIELD_INVALID forecast_submitted.value [problem=a milestone is expected by a day]");
    assert_snapshot!(would(judged(), reach("2")), @"FIELD_INVALID forecast_submitted.value [problem=this indicator has no value to expect]");
    let sure = ForecastSubmitted {
        indicator: indicator_id("X"),
        value: reach("48"),
        confidence: Some(11),
        basis: text("勘"),
    };
    assert_snapshot!(World::measuring(count()).would(fact(sure).on("2023-10-07")), @"FIELD_INVALID forecast_submitted.confidence [problem=from 0 to 10]; DATE_IN_FUTURE valid_from [today=2023-10-06]");
}

#[test]
fn what_is_unusual_is_accepted_and_flagged() {
    let mut world = World::aiming(count(), value("50"));
    let on = |amount: &str, date: &str| fact(recorded(increment(amount))).on(date);
    assert_snapshot!(world.outcome(on("5", "2023-09-01").named("five")), @"recorded");
    assert_snapshot!(world.outcome(on("15", "2023-09-02")), @"recorded");
    assert_snapshot!(world.outcome(on("46", "2023-09-03").named("spike")), @"recorded, VALUE_SPIKE");
    assert_snapshot!(world.outcome(on("5", "2023-09-01")), @"recorded, POSSIBLE_DUPLICATE");
    assert_snapshot!(world.outcome(on("5", "2023-09-04")), @"recorded, FAR_ABOVE_TARGET");
    assert_snapshot!(world.would(on("1", "2023-08-21")), @"recorded, OLD_DATE, FAR_ABOVE_TARGET");
    assert_snapshot!(world.would(on("1", "2023-08-22")), @"recorded, FAR_ABOVE_TARGET");
    // A correction is measured against the rest, not against what it replaces.
    let smaller = fact(corrected("spike", increment("15")))
        .on("2023-09-03")
        .because("入力誤り");
    assert_snapshot!(world.would(smaller), @"recorded");
    let same = fact(corrected("five", increment("5")))
        .on("2023-09-01")
        .because("入力誤り");
    assert_snapshot!(world.would(same), @"recorded, POSSIBLE_DUPLICATE, FAR_ABOVE_TARGET");

    let mut level_of = World::measuring(followers());
    level_of.accept(fact(recorded(level("1000"))).on("2023-09-01"));
    assert_snapshot!(level_of.would(fact(recorded(level("800"))).on("2023-09-30")), @"recorded");
    assert_snapshot!(level_of.would(fact(recorded(level("799"))).on("2023-09-30")), @"recorded, LEVEL_DROP");
    assert_snapshot!(level_of.would(fact(recorded(level("1"))).on("2023-08-31")), @"recorded");

    let parts = with_parts(count(), AggSpace::CappedSum, &["a", "b"]);
    let mut parts = World::measuring(parts);
    let target = crate::domain::target::Target {
        aim: value("5"),
        parts: vec![part_target("a", "3"), part_target("b", "2")],
    };
    parts.accept(fact(TargetSet {
        indicator: indicator_id("X"),
        target,
    }));
    assert_snapshot!(parts.outcome(fact(recorded_of("a", increment("3"))).on("2023-09-30")), @"recorded");
    assert_snapshot!(parts.outcome(fact(recorded_of("b", increment("4"))).on("2023-09-30")), @"recorded, FAR_ABOVE_TARGET");
}

#[test]
fn a_late_report_joins_the_series_of_its_day() {
    let mut world = World::measuring(count());
    let other = fact(redefined("X", 2, followers()))
        .on("2023-09-01")
        .because("定義変更");
    world.accept(other);
    assert_snapshot!(world.would(fact(recorded(increment("1"))).on("2023-08-31")), @"recorded");
    assert_snapshot!(world.would(fact(recorded(increment("1"))).on("2023-09-01")), @"ENTRY_KIND_MISMATCH actual_recorded.measurement [expected=ABSOLUTE expected_ja=時点の値]");
    assert_snapshot!(world.outcome(fact(recorded(increment("2"))).on("2023-08-31")), @"recorded");
    assert_eq!(
        world
            .indicator("X")
            .entries
            .get(0)
            .unwrap()
            .definition_version,
        1
    );
}
