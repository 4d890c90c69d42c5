//! The actual by each aggregation, with the worked examples of the field.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{
    Cut, Standing, actual_at, count_at, counted, current_actual, fold, part_actuals, standing,
    tallied,
};
use crate::domain::actual::Actual;
use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause};
use crate::domain::date::DateSpan;
use crate::domain::event::Payload;
use crate::domain::goal::Entry;
use crate::domain::indicator::*;
use crate::domain::testing::history::*;
use crate::domain::testing::*;

const MIDYEAR: &str = "2023-09-30";

fn cycle() -> DateSpan {
    days("2023-04-01", "2024-03-31")
}

fn on(world: &World, date: &str) -> String {
    worth(&current_actual(world.indicator("X"), cycle(), day(date)))
}

/// What the entries come to at mid-year: (part or "", date, measurement).
fn midyear(definition: Definition, entries: &[(&str, &str, Measurement)]) -> String {
    on(&reported(definition, entries), MIDYEAR)
}

fn reported(definition: Definition, entries: &[(&str, &str, Measurement)]) -> World {
    let mut world = World::measuring(definition).at("2024-06-01");
    for (part, date, measurement) in entries {
        let report = match *part {
            "" => recorded(measurement.clone()),
            part => recorded_of(part, measurement.clone()),
        };
        let why = "根拠となる資料を添えて、二十字以上の説明を付けた報告とする。";
        world.accept(fact(report).on(date).shown().because(why));
    }
    world
}

fn plain<const N: usize>(
    measurement: impl Fn(&str) -> Measurement,
    entries: [(&'static str, &str); N],
) -> Vec<(&'static str, &'static str, Measurement)> {
    entries
        .map(|(date, value)| ("", date, measurement(value)))
        .to_vec()
}

#[test]
fn amounts_add_up() {
    let improvements = plain(
        increment,
        [
            ("2023-04-30", "5"),
            ("2023-05-31", "6"),
            ("2023-06-30", "4"),
            ("2023-07-31", "12"),
            ("2023-08-31", "1"),
            ("2023-09-30", "3"),
            ("2023-10-31", "9"),
        ],
    );
    assert_snapshot!(midyear(count(), &improvements), @"31");
    let pipes = plain(increment, [("2023-07-31", "0.3"), ("2023-09-30", "0.12")]);
    assert_snapshot!(midyear(length(), &pipes), @"0.42");
    // A span counts on its last day.
    let mut world = World::measuring(count());
    world.accept(
        fact(recorded(increment("3")))
            .on("2023-09-20")
            .until("2023-10-05"),
    );
    assert_snapshot!(on(&world, "2023-10-04"), @"no report");
    assert_snapshot!(on(&world, "2023-10-05"), @"3");
}

#[test]
fn the_latest_level_counts() {
    let levels = plain(
        level,
        [
            ("2023-09-30", "47500"),
            ("2023-06-30", "46800"),
            ("2023-10-01", "50000"),
        ],
    );
    assert_snapshot!(midyear(followers(), &levels), @"47500");
    assert_snapshot!(midyear(stage(), &plain(level, [("2023-06-30", "10"), ("2023-09-15", "30")])), @"30");
    let rubric = [
        ("", "2023-06-30", Measurement::RubricLevel(3)),
        ("", "2023-09-30", Measurement::RubricLevel(2)),
    ];
    assert_snapshot!(midyear(judged(), &rubric), @"level 2");
    let extreme = |agg_time| Definition {
        agg_time,
        ..followers()
    };
    assert_snapshot!(midyear(extreme(AggTime::Max), &levels), @"47500");
    assert_snapshot!(midyear(extreme(AggTime::Min), &levels), @"46800");
}

#[test]
fn of_one_day_the_last_recorded_counts() {
    // The rules refuse a second level of a day; a history that has one is still read in one way.
    let mut world = World::measuring(followers());
    for value in ["1", "2"] {
        let event = world.event(&fact(recorded(level(value))).on(MIDYEAR));
        world.apply(event);
    }
    assert_snapshot!(on(&world, MIDYEAR), @"2");
}

#[test]
fn shares_keep_their_parts() {
    let collected = [
        ("", "2023-06-30", share("2000", "4000")),
        ("", "2023-09-30", share("3430", "5980")),
    ];
    assert_snapshot!(midyear(rate(AggTime::RatioOfSums), &collected), @"5430/9980");
    assert_snapshot!(midyear(rate(AggTime::RatioOfLatest), &collected), @"3430/5980");
    assert_snapshot!(midyear(mean_days(), &[("", "2023-09-30", share("680", "100"))]), @"680/100");

    let rounded = |definition: Definition, numerator, denominator, digits| {
        let ratio = Actual::Ratio {
            numerator: q(numerator),
            denominator: q(denominator),
        };
        ratio
            .rounded(&definition, digits)
            .map(|value| value.to_string())
    };
    assert_eq!(
        rounded(rate(AggTime::RatioOfSums), "5430", "9980", 2).as_deref(),
        Some("54.41")
    );
    assert_eq!(
        rounded(mean_days(), "680", "100", 1).as_deref(),
        Some("6.8")
    );
    assert_eq!(rounded(mean_days(), "1", "8", 2).as_deref(), Some("0.13"));
    assert_eq!(rounded(mean_days(), "1", "0", 2), None);

    let parts = |agg_space| with_parts(rate(AggTime::RatioOfLatest), agg_space, &["a", "b"]);
    let of_parts = [
        ("a", "2023-06-30", share("1", "2")),
        ("a", "2023-09-30", share("3", "4")),
        ("b", "2023-06-30", share("1", "2")),
    ];
    assert_snapshot!(midyear(parts(AggSpace::RatioOfSums), &of_parts), @"4/6");
    assert_snapshot!(midyear(parts(AggSpace::MinOfParts), &of_parts), @"1/2");
}

#[test]
fn a_month_stands_for_itself() {
    let counts = plain(
        increment,
        [
            ("2023-04-10", "4"),
            ("2023-05-10", "5"),
            ("2023-06-10", "4"),
            ("2023-07-10", "3"),
            ("2023-08-10", "1"),
            ("2023-08-20", "3"),
            ("2023-09-10", "4"),
        ],
    );
    assert_snapshot!(midyear(monthly(AggTime::Sum), &counts), @"4 + 5 + 4 + 3 + 4 + 4 = 24; complete 24/6");
    // The month that is not over is listed, but not complete.
    assert_snapshot!(on(&reported(monthly(AggTime::Sum), &counts), "2023-09-29"), @"4 + 5 + 4 + 3 + 4 + 4 = 24; complete 20/5");
    let from_july = Definition {
        active_window: Some(days("2023-07-01", "2024-03-31")),
        ..monthly(AggTime::MeanOfPeriods)
    };
    let riders = plain(
        increment,
        [
            ("2023-07-31", "212"),
            ("2023-08-31", "268"),
            ("2023-09-30", "301"),
        ],
    );
    assert_snapshot!(midyear(from_july.clone(), &riders), @"212 + 268 + 301 = 781; complete 781/3");
    let actual = current_actual(
        reported(from_july.clone(), &riders).indicator("X"),
        cycle(),
        day(MIDYEAR),
    );
    assert_eq!(
        actual
            .rounded(&from_july, 1)
            .map(|mean| mean.to_string())
            .as_deref(),
        Some("260.3")
    );
    // Silence is not zero; a report of no activity is.
    let silent = plain(increment, [("2023-07-31", "212")]);
    assert_snapshot!(midyear(from_july.clone(), &silent), @"212 = 212; complete 212/1");
    let mut idle = silent;
    idle.push(("", "2023-08-31", nil(NilCause::NoActivity)));
    assert_snapshot!(midyear(from_july, &idle), @"212 + 0 = 212; complete 212/2");
}

#[test]
fn members_are_counted_once_while_they_are_in_the_set() {
    let mut visits = Vec::new();
    let dates = ["2023-05-31", "2023-06-30"];
    let names: Vec<String> = (1..=20).map(|n| format!("m{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        visits.push(("", dates[0], member(name, MemberState::Done)));
        if n < 12 {
            visits.push(("", dates[1], member(name, MemberState::Done)));
        }
    }
    assert_snapshot!(midyear(coverage(36), &visits), @"20 of 36");
    let undone = [
        ("", "2023-06-30", member("m1", MemberState::Done)),
        ("", "2023-09-30", member("m1", MemberState::NotDone)),
    ];
    assert_snapshot!(midyear(coverage(2), &undone), @"0 of 2");
    let mut leaving = coverage(2);
    leaving.members[0].until = Some(day("2023-08-31"));
    let done = [
        ("", "2023-06-30", member("m1", MemberState::Done)),
        ("", "2023-06-30", member("m2", MemberState::Done)),
    ];
    assert_snapshot!(on(&reported(leaving.clone(), &done), "2023-08-31"), @"2 of 2");
    assert_snapshot!(on(&reported(leaving, &done), "2023-09-01"), @"1 of 1");
}

#[test]
fn a_cap_looks_at_every_member() {
    let hours = [
        ("", "2023-06-30", member_value("m1", "44.5")),
        ("", "2023-07-31", member_value("m1", "46")),
        ("", "2023-08-31", member_value("m1", "30")),
        ("", "2023-08-31", member_value("m2", "12")),
    ];
    // A breach stays, whatever comes after it.
    assert_snapshot!(midyear(cap(3), &hours), @"m1 46, m2 12 (of 3)");
    assert_snapshot!(midyear(Definition { agg_time: AggTime::Latest, ..cap(3) }, &hours), @"m1 30, m2 12 (of 3)");
}

#[test]
fn a_milestone_is_where_it_was_last_seen() {
    let steps = [
        ("", "2023-05-01", milestone_state(MilestoneState::Started)),
        ("", "2023-07-01", milestone_state(MilestoneState::Started)),
        (
            "",
            "2023-06-30",
            checkpoint_state("c1", MilestoneState::Completed),
        ),
        (
            "",
            "2023-09-30",
            checkpoint_state("c2", MilestoneState::Completed),
        ),
        ("", "2024-03-15", milestone_state(MilestoneState::Completed)),
    ];
    assert_snapshot!(midyear(milestone(5), &steps), @"STARTED since 2023-05-01, c1 COMPLETED, c2 COMPLETED");
    assert_snapshot!(on(&reported(milestone(5), &steps), "2024-03-31"), @"COMPLETED since 2024-03-15, c1 COMPLETED, c2 COMPLETED");
    assert_snapshot!(midyear(milestone(5), &steps[2..4]), @"STARTED since 2023-06-30, c1 COMPLETED, c2 COMPLETED");
    assert_snapshot!(midyear(milestone(0), &[]), @"no report");
}

#[test]
fn parts_join_as_the_definition_says() {
    let parts = |agg_space| with_parts(count(), agg_space, &["歴史博物館", "美術館"]);
    let exhibitions = [
        ("歴史博物館", "2023-06-30", increment("3")),
        ("歴史博物館", "2023-09-30", increment("1")),
    ];
    assert_snapshot!(midyear(parts(AggSpace::CappedSum), &exhibitions), @"4 (歴史博物館 4)");
    let with_zero = [
        exhibitions[0].clone(),
        exhibitions[1].clone(),
        ("美術館", "2023-09-30", nil(NilCause::NoActivity)),
    ];
    assert_snapshot!(midyear(parts(AggSpace::CappedSum), &with_zero), @"4 (歴史博物館 4, 美術館 0)");
    assert_snapshot!(midyear(parts(AggSpace::MinOfParts), &with_zero), @"0 (歴史博物館 4, 美術館 0)");
    let levels = with_parts(followers(), AggSpace::Sum, &["a", "b"]);
    let of_levels = [
        ("a", "2023-06-30", level("2")),
        ("b", "2023-06-30", level("4")),
        ("a", "2023-09-30", level("3")),
        ("b", "2023-09-30", nil(NilCause::NoActivity)),
    ];
    assert_snapshot!(midyear(levels, &of_levels), @"7 (a 3, b 4)");
    let mut weighted = with_parts(followers(), AggSpace::Weighted, &["a", "b"]);
    weighted.parts[0].weight = Some(q("0.25"));
    weighted.parts[1].weight = Some(q("0.75"));
    assert_snapshot!(midyear(weighted, &of_levels), @"3.75/1");

    let world = reported(parts(AggSpace::CappedSum), &exhibitions);
    let listed = part_actuals(world.indicator("X"), cycle(), Cut::on(day(MIDYEAR)));
    let listed: Vec<String> = listed
        .iter()
        .map(|(key, actual)| format!("{key}: {}", worth(actual)))
        .collect();
    assert_snapshot!(listed.join("; "), @"歴史博物館: 4 (歴史博物館 4); 美術館: no report");
}

#[test]
fn nothing_reported_is_told_by_its_cause() {
    assert_snapshot!(midyear(count(), &[]), @"no report");
    assert_snapshot!(midyear(count(), &[("", MIDYEAR, nil(NilCause::NoActivity))]), @"0");
    assert_snapshot!(midyear(count(), &[("", MIDYEAR, nil(NilCause::NoDemand))]), @"nil: NO_DEMAND");
    assert_snapshot!(midyear(count(), &[("", MIDYEAR, nil(NilCause::NotMeasured)), ("", "2023-06-30", increment("2"))]), @"2");
    assert_snapshot!(midyear(followers(), &[("", MIDYEAR, nil(NilCause::NoActivity))]), @"nil: NO_ACTIVITY");
    assert_snapshot!(midyear(followers(), &[("", "2023-10-01", level("5"))]), @"no report");
    let mut world = World::planned();
    world.accept(fact(defined("part", "I", count())));
    world.accept(fact(defined("X", "I", composite(&["part"]))));
    assert_snapshot!(on(&world, MIDYEAR), @"its components");
}

/// Increments of each month, a correction after the mid-year freeze, and a late entry.
#[test]
fn a_figure_depends_on_the_day_and_on_what_was_known() {
    let mut world = World::measuring(count()).at("2023-12-01");
    let mut sizes = Vec::new();
    for (date, amount, known) in [
        ("2023-04-30", "5", ""),
        ("2023-05-31", "6", ""),
        ("2023-06-30", "4", "31 Jul"),
        ("2023-07-31", "12", ""),
        ("2023-08-31", "1", "30 Sep"),
        ("2023-09-30", "3", "10 Oct"),
    ] {
        world.accept(fact(recorded(increment(amount))).on(date).named(date));
        if !known.is_empty() {
            sizes.push((known, world.position));
        }
    }
    world.accept(
        fact(corrected("2023-07-31", increment("9")))
            .on("2023-07-31")
            .because("入力誤り"),
    );
    sizes.push(("31 Oct", world.position));
    world.accept(fact(recorded(increment("2"))).on("2023-09-20"));
    sizes.push(("30 Nov", world.position));
    let row = |date: &str| {
        let at = |&(known, size): &(&str, u64)| {
            let actual = actual_at(
                world.indicator("X"),
                cycle(),
                Cut::on(day(date)).known_at(size),
            );
            format!("{known} {}", worth(&actual))
        };
        sizes.iter().map(at).collect::<Vec<_>>().join(", ")
    };
    assert_snapshot!(row("2023-07-31"), @"31 Jul 15, 30 Sep 27, 10 Oct 27, 31 Oct 24, 30 Nov 24");
    assert_snapshot!(row("2023-08-31"), @"31 Jul 15, 30 Sep 28, 10 Oct 28, 31 Oct 25, 30 Nov 25");
    assert_snapshot!(row("2023-09-30"), @"31 Jul 15, 30 Sep 28, 10 Oct 31, 31 Oct 28, 30 Nov 30");
}

#[test]
fn only_the_last_correction_counts_until_it_is_taken_back() {
    let mut world = World::measuring(count());
    let july = "2023-07-31";
    world.accept(fact(recorded(increment("12"))).on(july).named("entry"));
    world.accept(fact(recorded(increment("1"))).on("2023-08-31"));
    world.accept(
        fact(corrected("entry", increment("9")))
            .on(july)
            .because("入力誤り")
            .named("first"),
    );
    assert_snapshot!(on(&world, MIDYEAR), @"10");
    world.accept(
        fact(corrected("first", increment("10")))
            .on("2023-08-01")
            .because("入力誤り")
            .named("second"),
    );
    assert_snapshot!(on(&world, MIDYEAR), @"11");
    assert_snapshot!(on(&world, july), @"no report");
    world.accept(
        fact(retracted("second"))
            .on(july)
            .because("重複")
            .named("back"),
    );
    assert_snapshot!(on(&world, MIDYEAR), @"1");
    assert_eq!(
        world.indicator("X").head_of_chain(event_id("entry")),
        event_id("back")
    );

    let indicator = world.indicator("X");
    let stands =
        |index: usize, cut| standing(indicator, &indicator.entries.get(index).unwrap(), cut);
    let now = Cut::on(day(MIDYEAR));
    assert_eq!(stands(0, now), Standing::Replaced(event_id("first")));
    assert_eq!(stands(1, now), Standing::Counts);
    assert_eq!(stands(1, Cut::on(day(july))), Standing::Later);
    assert_eq!(stands(3, now), Standing::Retracted(event_id("back")));
    let first = indicator.entries.get(0).unwrap().position;
    assert_eq!(stands(0, now.known_at(first + 1)), Standing::Counts);
    assert_eq!(stands(0, now.known_at(first)), Standing::Unknown);
}

#[test]
fn a_break_in_the_series_starts_anew() {
    let mut world = World::measuring(count());
    world.accept(fact(recorded(increment("12"))).on("2023-07-31"));
    let before_break = world.position;
    world.accept(
        fact(redefined("X", 2, followers()))
            .on("2023-09-01")
            .because("定義変更"),
    );
    assert_snapshot!(on(&world, "2023-08-31"), @"12");
    assert_snapshot!(on(&world, MIDYEAR), @"no report");
    world.accept(fact(recorded(level("7"))).on("2023-09-15"));
    world.accept(fact(recorded(increment("1"))).on("2023-08-31"));
    assert_snapshot!(on(&world, "2023-08-31"), @"13");
    assert_snapshot!(on(&world, MIDYEAR), @"7");
    let known_before = actual_at(
        world.indicator("X"),
        cycle(),
        Cut::on(day(MIDYEAR)).known_at(before_break),
    );
    assert_snapshot!(worth(&known_before), @"12");
    let indicator = world.indicator("X");
    assert_eq!(
        standing(
            indicator,
            &indicator.entries.get(0).unwrap(),
            Cut::on(day(MIDYEAR))
        ),
        Standing::OtherSeries
    );
}

/// Whether nothing but an increment is reported, if anything.
fn is_of_increments(fact: &Fact) -> bool {
    let measurement = match &fact.payload {
        Payload::ActualRecorded(p) => &p.measurement,
        Payload::ActualCorrected(p) => &p.measurement,
        _ => return true,
    };
    matches!(measurement, Measurement::Increment(_))
}

proptest! {
    #![proptest_config(property_cases())]

    #[test]
    fn what_is_tallied_is_what_the_reports_add_up_to(
        definition in any_definition(), facts in any_facts(14), alone in any::<bool>(),
        on in days_from("2024-01-01", 120), known in prop::option::of(0_u64..16),
    ) {
        let facts = facts.into_iter().filter(|fact| !alone || is_of_increments(fact));
        let history = History::of(definition).with(facts);
        let (indicator, cut) = (history.indicator(), Cut { on, known });
        if let Some((_, version)) = indicator.definition_at(cut) {
            let entries: Vec<Entry<'_>> = counted(indicator, cut).collect();
            let added = fold(&version.definition, cycle(), on, &entries);
            prop_assert_eq!(actual_at(indicator, cycle(), cut), added);
            prop_assert_eq!(count_at(indicator, cut), entries.len());
        }
        let held: Vec<Entry<'_>> = indicator.entries_at(cut).collect();
        prop_assert_eq!(indicator.reports_at(cut), held.len());
        let superseded = held.iter().filter_map(|entry| Some(entry.superseded()?.position));
        let made = held.iter().map(|entry| entry.position);
        let last = made.chain(superseded.filter(|position| cut.knows(*position))).max();
        prop_assert_eq!(indicator.last_of_entries_at(cut), last);
    }
}

#[test]
fn the_present_of_amounts_that_add_up_is_tallied() {
    let reports = [
        ("m1", "2023-05-01", increment("3")),
        ("m2", "2023-06-01", increment("4")),
    ];
    let world = reported(with_parts(count(), AggSpace::Sum, &["m1", "m2"]), &reports);
    let indicator = world.indicator("X");
    let at = |date: &str| tallied(indicator, &indicator.definitions[0], Cut::on(day(date)));
    assert_snapshot!(worth(&at("2023-06-01").unwrap()), @"7 (m1 3, m2 4)");
    // The second is of a later day.
    assert_eq!(at("2023-05-31"), None);
}
