//! Parts, coverage sets that change, weights, and composites.

use insta::assert_snapshot;

use super::*;
use crate::domain::actual::{MemberState, MilestoneState};
use crate::domain::code::Key;
use crate::domain::evaluation::{Obstacle, Status};
use crate::domain::goal::Goal;
use crate::domain::indicator::*;

fn parts_of(agg_space: AggSpace) -> Definition {
    with_parts(count(), agg_space, &["m1", "m2"])
}

fn reporting(asked: Asked, first: &str, second: Option<&str>) -> Asked {
    let asked = asked.and(fact(recorded_of("m1", increment(first))).on("2023-09-30"));
    match second {
        Some(second) => asked.and(fact(recorded_of("m2", increment(second))).on("2023-09-30")),
        None => asked,
    }
}

fn line_of(definition: Definition, first: &str, second: Option<&str>, date: &str) -> String {
    let asked = of(definition)
        .aiming_at_parts(&[("m1", "3"), ("m2", "2")])
        .along(PlanProfile::Linear);
    reporting(asked, first, second).line(date)
}

#[test]
fn each_way_of_joining_parts() {
    assert_snapshot!(line_of(parts_of(AggSpace::Sum), "4", Some("0"), MIDYEAR), @"80.0% 未達 / 1.60 / 8件 / 0.2件 / 順調 [内訳に未着手]");
    assert_snapshot!(line_of(parts_of(AggSpace::CappedSum), "4", Some("0"), MIDYEAR), @"60.0% 未達 / 0.00 / – / – / 遅れ [内訳に未着手]");
    assert_snapshot!(line_of(parts_of(AggSpace::CappedSum), "3", Some("2"), MIDYEAR), @"100.0% 達成 / 2.00 / – / – / 達成");
    assert_snapshot!(line_of(parts_of(AggSpace::MinOfParts), "3", Some("1"), MIDYEAR), @"50.0% 未達 / 1.00 / – / – / 順調");
    assert_snapshot!(line_of(parts_of(AggSpace::AllOf), "3", Some("1"), MIDYEAR), @"50.0% 未達 / 1.00 / – / – / 順調");
    let for_all = Definition {
        quantifier: Quantifier::ForAll,
        ..parts_of(AggSpace::Sum)
    };
    assert_snapshot!(line_of(for_all, "3", Some("1"), MIDYEAR), @"50.0% 未達 / 1.00 / – / – / 順調");
    assert_snapshot!(line_of(at_least(parts_of(AggSpace::AllOf), 1), "3", Some("0"), MIDYEAR), @"100.0% 達成 / 2.00 / – / – / 達成 [内訳に未着手]");
    assert_snapshot!(line_of(at_least(parts_of(AggSpace::AllOf), 1), "1", Some("1"), MIDYEAR), @"50.0% 未達 / 1.00 / – / – / 順調");
}

#[test]
fn a_silent_part_is_told() {
    assert_snapshot!(line_of(parts_of(AggSpace::AllOf), "3", None, MIDYEAR), @"未報告 / – / – / – / 未報告 [内訳に未報告]");
    assert_snapshot!(line_of(parts_of(AggSpace::AllOf), "3", None, YEAR_END), @"未報告 / – / – / – / 未報告 [内訳に未報告]");
    // One that missed settles it, whatever the silent one did.
    assert_snapshot!(line_of(parts_of(AggSpace::AllOf), "1", None, YEAR_END), @"未報告 未達 / – / – / – / 未達 [内訳に未報告]");
    assert_snapshot!(line_of(parts_of(AggSpace::CappedSum), "4", None, MIDYEAR), @"60.0% / – / – / – / 未報告 [内訳に未報告]");
}

#[test]
fn shares_and_weights_of_parts() {
    let rates = with_parts(
        rate(AggTime::RatioOfSums),
        AggSpace::RatioOfSums,
        &["m1", "m2"],
    );
    let asked = of(rates)
        .aiming(value("80"))
        .along(PlanProfile::AtEnd)
        .and(fact(recorded_of("m1", share("90", "100"))).on(MIDYEAR))
        .and(fact(recorded_of("m2", share("10", "100"))).on(MIDYEAR));
    assert_eq!(figure(&asked.at(MIDYEAR).value, 1), "50.0");
    let mut weighted = with_parts(followers(), AggSpace::Weighted, &["m1", "m2"]);
    weighted.parts[0].weight = Some(q("3"));
    weighted.parts[1].weight = Some(q("1"));
    let asked = of(weighted)
        .aiming(value("50"))
        .and(fact(recorded_of("m1", level("40"))).on(MIDYEAR))
        .and(fact(recorded_of("m2", level("20"))).on(MIDYEAR));
    assert_eq!(figure(&asked.at(MIDYEAR).value, 1), "35.0");
    assert_eq!(
        percent(&asked.at(MIDYEAR).current.unwrap().attainment),
        "70.0%"
    );
}

#[test]
fn the_target_of_a_part_is_revised_with_the_whole() {
    let asked = of(parts_of(AggSpace::AllOf))
        .aiming_at_parts(&[("m1", "4"), ("m2", "2")])
        .along(PlanProfile::Linear);
    let mut revision = target_revised("X", "first target", value("4"));
    revision.target = parts_target(&[("m1", "2"), ("m2", "2")], "4");
    let asked = reporting(asked, "2", Some("2")).and(fact(revision).on("2023-10-01"));
    assert_eq!(asked.at(MIDYEAR).status, Status::OnTrack);
    assert_eq!(
        percent(&asked.at(MIDYEAR).current.unwrap().attainment),
        "50.0%"
    );
    assert_eq!(
        percent(&asked.at("2023-10-01").current.unwrap().attainment),
        "100.0%"
    );
    // From 2 on 30 September the path of m1 has nothing left to rise.
    assert_eq!(figure(&asked.at("2023-12-31").parts[0].pace, 2), "1.00");
}

#[test]
fn a_coverage_set_is_of_its_day() {
    let mut definition = coverage(4);
    definition.members[2].until = Some(day("2023-08-31"));
    definition.members[3].from = Some(day("2023-10-01"));
    let done = |asked: Asked, name: &str, on: &str| {
        asked.and(fact(recorded(member(name, MemberState::Done))).on(on))
    };
    let asked = of(definition.clone())
        .aiming(Aim::AllMembers)
        .along(PlanProfile::Linear);
    let asked = done(done(asked, "m1", "2023-06-01"), "m3", "2023-06-01");
    let share = |asked: &Asked, date: &str| percent(&asked.at(date).current.unwrap().attainment);
    assert_eq!(share(&asked, "2023-08-31"), "66.7%");
    assert_eq!(share(&asked, MIDYEAR), "50.0%");
    assert_eq!(share(&asked, "2023-10-01"), "33.3%");
    let asked = done(asked, "m2", "2023-09-30");
    assert_eq!(asked.at(MIDYEAR).status, Status::Achieved);
    assert_eq!(asked.at("2023-10-01").status, Status::OnTrack);
    // Of three asked for, no more than the set has.
    let of_three = done(
        done(of(definition).aiming(value("3")), "m1", "2023-06-01"),
        "m2",
        "2023-06-01",
    );
    assert_eq!(share(&of_three, MIDYEAR), "100.0%");
    let some = done(
        of(at_least(coverage(4), 2)).aiming(Aim::AllMembers),
        "m1",
        "2023-06-01",
    );
    assert_eq!(share(&some, MIDYEAR), "50.0%");
    let unknown = of(Definition {
        members: Vec::new(),
        ..coverage(0)
    })
    .aiming(Aim::AllMembers)
    .and(fact(recorded(nil(crate::domain::actual::NilCause::NoActivity))).on("2023-06-01"));
    assert_eq!(
        unknown.at(MIDYEAR).current.unwrap().attainment,
        Err(Obstacle::NoMembers)
    );
    assert_eq!(unknown.at(MIDYEAR).status, Status::NotEvaluable);
}

#[test]
fn the_end_of_a_milestone_is_its_own() {
    let of_end = |end_state| Aim::Done {
        due: day("2023-08-31"),
        end_state,
    };
    use crate::domain::target::EndState;
    let reported = |end_state, reports: &[(MilestoneState, &str)]| {
        let asked = of(milestone(0)).aiming(of_end(end_state));
        reports
            .iter()
            .fold(asked, |asked, (state, on)| {
                asked.and(fact(recorded(milestone_state(*state))).on(on))
            })
            .at(MIDYEAR)
            .status
    };
    let early = [
        (MilestoneState::Started, "2023-06-01"),
        (MilestoneState::Completed, "2023-09-10"),
    ];
    assert_eq!(reported(EndState::Started, &early), Status::Achieved);
    assert_eq!(reported(EndState::Decided, &early), Status::AchievedLate);
    assert_eq!(reported(EndState::Completed, &early), Status::AchievedLate);
    assert_eq!(reported(EndState::InOperation, &early), Status::Overdue);
    assert_eq!(
        reported(
            EndState::Started,
            &[(MilestoneState::NotStarted, "2023-06-01")]
        ),
        Status::Overdue
    );
    let last_day = of(milestone(0))
        .aiming(done_by(YEAR_END))
        .and(fact(recorded(milestone_state(MilestoneState::Started))).on("2023-06-01"));
    assert_eq!(last_day.at("2024-03-30").status, Status::NotDue);
    assert_eq!(last_day.at(YEAR_END).status, Status::Overdue);
}

#[test]
fn all_checkpoints_completed_is_the_milestone_completed() {
    let checkpoint = |asked: Asked, name: &str, on: &str| {
        asked.and(fact(recorded(checkpoint_state(name, MilestoneState::Completed))).on(on))
    };
    let asked = of(milestone(2)).aiming(done_by("2023-12-31"));
    let asked = checkpoint(asked, "c1", "2023-06-30");
    assert_eq!(
        percent(&asked.at(MIDYEAR).current.unwrap().attainment),
        "50.0%"
    );
    let asked = checkpoint(asked, "c2", "2023-09-01");
    assert_eq!(asked.at(MIDYEAR).status, Status::Achieved);
    let in_operation = Aim::Done {
        due: day("2023-12-31"),
        end_state: crate::domain::target::EndState::InOperation,
    };
    let built = checkpoint(
        checkpoint(of(milestone(2)).aiming(in_operation), "c1", "2023-06-30"),
        "c2",
        "2023-09-01",
    );
    // What is missed never reads 100 %.
    assert_snapshot!(built.line(MIDYEAR), @"99.9% 未達 / – / – / – / 測定時期未到来");
}

#[test]
fn a_milestone_beyond_the_cycle_is_not_late_within_it() {
    let asked = of(milestone(0))
        .aiming(done_by("2025-03-31"))
        .and(fact(recorded(milestone_state(MilestoneState::Started))).on("2023-09-01"));
    assert_snapshot!(asked.line(MIDYEAR), @"0.0% 未達 / – / – / – / 測定時期未到来 [目標は翌年度以降]");
    assert_snapshot!(asked.line(YEAR_END), @"0.0% 未達 / – / – / – / 測定時期未到来 [目標は翌年度以降]");
}

/// The indicators A and B, made one by C.
fn composed(quantifier: Quantifier, facts: Vec<Fact>) -> BTreeMap<IndicatorId, Evaluation> {
    let made_of = Definition {
        quantifier,
        ..composite(&["A", "B"])
    };
    let mut goal = Goal::default();
    let mut all = vec![
        fact(defined("C", "I", made_of)),
        fact(defined("A", "I", count())),
        fact(defined("B", "I", milestone(0))),
        fact(target_set("C", Aim::Components)),
        fact(target_set("A", value("50"))),
        fact(target_set("B", done_by("2024-02-29"))),
    ];
    all.extend(facts);
    let stream = crate::domain::event::Stream::goal(goal_id("G"));
    for (position, fact) in all.iter().enumerate() {
        let event = event_of(fact, event_id(&format!("event {position}")), stream);
        goal.apply(&placed(event, position as u64), day("2023-04-01"));
    }
    evaluated_goal(&goal, Cut::on(day(MIDYEAR)))
}

fn of_indicator(name: &str, measurement: crate::domain::actual::Measurement) -> Fact {
    let report = crate::domain::event::ActualRecorded {
        indicator: indicator_id(name),
        ..recorded(measurement)
    };
    fact(report).on("2023-09-01")
}

#[test]
fn a_composite_is_as_good_as_its_worst_component() {
    let whole = |quantifier, facts| {
        composed(quantifier, facts)
            .remove(&indicator_id("C"))
            .unwrap()
    };
    let started = || of_indicator("B", milestone_state(MilestoneState::Started));
    let completed = || of_indicator("B", milestone_state(MilestoneState::Completed));
    let counted = |amount: &str| of_indicator("A", increment(amount));
    let all = |facts| {
        let found = whole(Quantifier::Single, facts);
        let current = found.current.unwrap();
        let parts: Vec<_> = found
            .parts
            .iter()
            .map(|part| percent(&part.attainment))
            .collect();
        format!(
            "{} of {} {:?} {}",
            percent(&current.attainment),
            parts.join(" and "),
            current.achievement,
            found.status.code()
        )
    };
    assert_snapshot!(all(vec![counted("31"), started()]), @"0.0% of 62.0% and 0.0% Ok(NotAchieved) PLAN_LINE_UNSET");
    assert_snapshot!(all(vec![counted("50"), started()]), @"0.0% of 100.0% and 0.0% Ok(NotAchieved) NOT_DUE");
    assert_snapshot!(all(vec![counted("50"), completed()]), @"100.0% of 100.0% and 100.0% Ok(Achieved) ACHIEVED");
    assert_snapshot!(all(vec![counted("60")]), @"NO_REPORT of 120.0% and NO_REPORT Err(NoReport) NO_REPORT");
    assert_snapshot!(all(vec![]), @"NO_REPORT of NO_REPORT and NO_REPORT Err(NoReport) NO_REPORT");
    let either = whole(Quantifier::AtLeastN(1), vec![counted("10"), completed()]);
    assert_eq!(either.status, Status::Achieved);
    assert_eq!(percent(&either.current.unwrap().attainment), "100.0%");
    let found = whole(Quantifier::Single, vec![counted("31")]);
    assert_eq!(found.parts[0].part, Key::of_component(indicator_id("A")));
    assert_eq!(found.value, Err(Obstacle::NotOfThisMeasure));
}

#[test]
fn a_component_that_is_not_there_leaves_a_composite_open() {
    let asked = of(composite(&["A"])).aiming(Aim::Components);
    let found = asked.at(MIDYEAR);
    assert_eq!(found.status, Status::NotEvaluable);
    assert_eq!(
        found.current.unwrap().attainment,
        Err(Obstacle::ComponentNotComputable)
    );
}
