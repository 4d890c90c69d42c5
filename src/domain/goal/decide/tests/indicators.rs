//! Definitions, baselines and what becomes of indicators.

use insta::assert_snapshot;

use crate::domain::actual::aggregate::Cut;
use crate::domain::event::*;
use crate::domain::indicator::*;
use crate::domain::quantity::Quantity;
use crate::domain::target::Baseline;
use crate::domain::testing::*;

#[test]
fn every_kind_of_criterion_can_be_defined() {
    let mut world = World::planned();
    let kinds = [
        count(),
        followers(),
        rate(AggTime::RatioOfSums),
        rate(AggTime::RatioOfLatest),
        mean_days(),
        stage(),
        length(),
        monthly(AggTime::Sum),
        monthly(AggTime::MeanOfPeriods),
        coverage(36),
        cap(44),
        milestone(5),
        judged(),
        with_parts(count(), AggSpace::CappedSum, &["歴史博物館", "美術館"]),
    ];
    for (n, definition) in kinds.into_iter().enumerate() {
        world.accept(fact(defined(&format!("X{n}"), "I", definition)));
    }
    world.accept(fact(defined("whole", "I", composite(&["X0", "X1"]))));
}

#[test]
fn a_definition_does_not_contradict_itself() {
    let mut world = World::measuring(count());
    assert_snapshot!(world.would(fact(defined("X", "I", count()))), @"ID_EXISTS indicator_defined.indicator; CODE_TAKEN indicator_defined.code");
    assert_snapshot!(world.would(fact(defined("Y", "無", count()))), @"INITIATIVE_UNKNOWN indicator_defined.initiative");
    let summed_level = Definition {
        agg_time: AggTime::Sum,
        ..followers()
    };
    assert_snapshot!(world.would(fact(defined("Y", "I", summed_level))), @"DEFINITION_INCONSISTENT indicator_defined.definition.agg_time [problem=does not fit the measure type]");
    let outside = Definition {
        active_window: Some(days("2023-03-01", "2023-09-30")),
        settlement_until: Some(day("2024-03-30")),
        lead_unit: Some(unit_id("無い課")),
        ..count()
    };
    assert_snapshot!(world.would(fact(defined("Y", "I", outside)).on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]; UNIT_UNKNOWN indicator_defined.definition.lead_unit; DATE_OUTSIDE_CYCLE indicator_defined.definition.active_window [first=2023-04-01 last=2024-03-31]; DATE_OUTSIDE_CYCLE indicator_defined.definition.settlement_until [first=2024-03-31 last=2025-03-31]");
    let mut weights = milestone(2);
    weights.checkpoints[0].weight = Some(Quantity::from(60));
    assert_snapshot!(world.would(fact(defined("Y", "I", weights))), @"DEFINITION_INCONSISTENT indicator_defined.definition.checkpoints [problem=weights are given for all, none below 0, and come to 100]");
    let mut unit = count();
    unit.unit.decimals = 11;
    unit.unit.code = " ".to_owned();
    assert_snapshot!(world.would(fact(defined("Y", "I", unit))), @"DEFINITION_INCONSISTENT indicator_defined.definition.unit [problem=a unit has a code and a name]; DEFINITION_INCONSISTENT indicator_defined.definition.unit.decimals [problem=more than 10]");
    let mut weighted = with_parts(count(), AggSpace::Weighted, &["a", "b"]);
    assert_snapshot!(world.would(fact(defined("Y", "I", weighted.clone()))), @"DEFINITION_INCONSISTENT indicator_defined.definition.parts [problem=every part needs a weight above 0 and below 1000 with at most 3 decimals]");
    for part in &mut weighted.parts {
        part.weight = Some(q("0.5"));
    }
    assert_snapshot!(world.outcome(fact(defined("Y", "I", weighted))), @"recorded");
}

#[test]
fn a_composite_is_made_of_indicators_of_its_goal() {
    let mut world = World::measuring(count());
    world.accept(fact(defined("Y", "I", count())));
    world.accept(fact(defined("Z", "J", count())));
    assert_snapshot!(world.would(fact(defined("W", "I", composite(&["無", "W", "X", "X", "Z"])))), @"INDICATOR_UNKNOWN indicator_defined.definition.components[0]; DEFINITION_INCONSISTENT indicator_defined.definition.components[1] [problem=an indicator is no component of itself]; DEFINITION_INCONSISTENT indicator_defined.definition.components[3] [problem=given twice]; DEFINITION_INCONSISTENT indicator_defined.definition.components[4] [problem=a component is an indicator of the same goal]");
    assert_snapshot!(world.outcome(fact(defined("W", "I", composite(&["X", "Y"])))), @"recorded");
    assert_snapshot!(world.outcome(fact(defined("V", "I", composite(&["W", "Y"])))), @"DEFINITION_INCONSISTENT indicator_defined.definition.components[0] [problem=a component is not a composite itself]");
    let into_composite = fact(redefined("X", 2, composite(&["Y"]))).because("定義変更");
    assert_snapshot!(world.outcome(into_composite), @"DEFINITION_INCONSISTENT indicator_redefined.definition.measure_type [problem=a component of a composite cannot become one]");
}

#[test]
fn a_redefinition_breaks_the_series_forward() {
    let mut world = World::measuring(count());
    let to = |version, definition| {
        fact(redefined("X", version, definition))
            .on("2023-10-01")
            .because("定義変更")
    };
    assert_snapshot!(world.would(fact(redefined("X", 2, followers()))), @"REASON_REQUIRED reason");
    assert_snapshot!(world.would(to(3, followers())), @"DEFINITION_VERSION_STALE indicator_redefined.definition_version [expected=2]");
    assert_snapshot!(world.would(to(2, count())), @"FIELD_INVALID indicator_redefined.definition [problem=it does not differ from the one in force]");
    assert_snapshot!(world.would(to(2, followers()).on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(world.would(fact(redefined("無", 2, followers())).because("定義変更")), @"INDICATOR_UNKNOWN indicator_redefined.indicator");
    assert_snapshot!(world.outcome(to(2, followers())), @"recorded");
    assert_snapshot!(world.outcome(to(3, count()).on("2023-09-30")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-10-01 last=2024-03-31]");
    assert_snapshot!(world.outcome(to(3, count())), @"recorded");
}

#[test]
fn an_indicator_moves_within_its_plan_and_ends() {
    let mut world = World::measuring(count());
    let moved = |from: &str, to: &str| {
        let (from_initiative, to_initiative) = (initiative_id(from), initiative_id(to));
        let indicator = indicator_id("X");
        fact(IndicatorMoved {
            indicator,
            from_initiative,
            to_initiative,
        })
        .on("2023-10-01")
        .because("体系変更")
    };
    assert_snapshot!(world.would(moved("J", "I")), @"PARENT_DIFFERS indicator_moved.from_initiative; FIELD_INVALID indicator_moved.to_initiative [problem=the indicator stands there already]");
    assert_snapshot!(world.would(moved("I", "無")), @"INITIATIVE_UNKNOWN indicator_moved.to_initiative");
    assert_snapshot!(world.outcome(moved("I", "J")), @"recorded");
    // Its history stays where it began.
    assert_snapshot!(world.outcome(fact(recorded(increment("1"))).on("2023-10-02")), @"recorded");
    let cancelled = IndicatorCancelled {
        indicator: indicator_id("X"),
    };
    assert_snapshot!(world.would(fact(cancelled.clone()).on("2023-10-03")), @"REASON_REQUIRED reason");
    assert_snapshot!(world.outcome(fact(cancelled.clone()).on("2023-10-03").because("中止")), @"recorded");
    assert_snapshot!(world.outcome(fact(cancelled).on("2023-10-03").because("中止")), @"INDICATOR_CANCELLED indicator_cancelled.indicator [since=2023-10-03]");
    let (title, source_text) = (title("新"), text("新"));
    let reworded = IndicatorReworded {
        indicator: indicator_id("X"),
        title,
        source_text,
        confirms: Vec::new(),
    };
    assert_snapshot!(world.outcome(fact(reworded)), @"INDICATOR_CANCELLED indicator_reworded.indicator [since=2023-10-03]");
}

#[test]
fn what_was_assumed_is_confirmed_once_and_what_has_to_be_told_never() {
    let assumed = ["agg_time", "unit", "baseline"].map(str::to_owned).to_vec();
    let mut world = World::measuring(Definition { assumed, ..count() });
    let confirming = |fields: &[&str]| {
        fact(IndicatorReworded {
            indicator: indicator_id("X"),
            title: title("X"),
            source_text: text("X"),
            confirms: fields.iter().map(|field| (*field).to_owned()).collect(),
        })
        .on("2023-06-01")
    };
    assert_snapshot!(world.would(confirming(&["agg_time", "agg_time", "baseline", "comparator"])), @"FIELD_INVALID indicator_reworded.confirms[1] [problem=given twice]; FIELD_INVALID indicator_reworded.confirms[2] [problem=it has to be told, not confirmed]; FIELD_INVALID indicator_reworded.confirms[3] [problem=it is not assumed]");
    let before = world.position;
    assert_snapshot!(world.outcome(confirming(&["agg_time"])), @"recorded");
    assert_snapshot!(world.would(confirming(&["agg_time"])), @"FIELD_INVALID indicator_reworded.confirms[0] [problem=it is confirmed already]");
    let state = &world.goals[&goal_id("G").into()];
    let (number, version) = state
        .indicator(indicator_id("X"))
        .and_then(|x| x.definition_at(Cut::on(day("2023-06-01"))))
        .unwrap();
    assert_eq!(number, 1);
    let assumed = |cut: Cut| version.definition_at(cut).assumed.join(" ");
    assert_eq!(assumed(Cut::on(day("2023-06-01"))), "unit baseline");
    // Neither before the day it holds from, nor as it was known before.
    assert_eq!(
        assumed(Cut::on(day("2023-05-31"))),
        "agg_time unit baseline"
    );
    let known = Cut::on(day("2023-06-01")).known_at(before);
    assert_eq!(assumed(known), "agg_time unit baseline");
}

#[test]
fn a_baseline_is_of_a_day_before_the_end() {
    let world = World::measuring(followers()).at("2024-06-01");
    let baseline = |value: &str, as_of: &str| {
        let baseline = Baseline {
            value: q(value),
            as_of: day(as_of),
            source: None,
        };
        fact(BaselineSet {
            indicator: indicator_id("X"),
            baseline,
        })
    };
    assert_snapshot!(world.would(baseline("46000", "2023-03-31")), @"recorded");
    assert_snapshot!(world.would(baseline("-0.5", "2024-03-31")), @"DATE_INVALID baseline_set.baseline.as_of [problem=a baseline is of a day before the cycle ends on 2024-03-31]; VALUE_OUT_OF_DOMAIN baseline_set.baseline.value [unit=人 allowed=0以上の整数 allowed_en=a whole number of 0 or more]");
    assert_snapshot!(world.would(baseline("46000", "2024-06-02")), @"DATE_IN_FUTURE baseline_set.baseline.as_of [today=2024-06-01]; DATE_INVALID baseline_set.baseline.as_of [problem=a baseline is of a day before the cycle ends on 2024-03-31]");
}
