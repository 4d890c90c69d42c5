//! The oracles of DOMAIN.md §14 that are the formulas': 1 to 9, 14 and 15, each against generated histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause};
use crate::domain::date::{Date, DateSpan};
use crate::domain::evaluation::policy::ReductionFormula;
use crate::domain::evaluation::roll_up::{Item, View, roll_up};
use crate::domain::evaluation::{Obstacle, Remark, Status};
use crate::domain::event::Payload;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::*;
use crate::domain::quantity::Quantity;
use crate::domain::testing::history::*;

fn asked(history: &History, cut: Cut) -> Evaluation {
    evaluated(
        history.indicator(),
        cut,
        &EvaluationPolicy::default(),
        Phase::Active,
    )
}

/// Reports on different days, so that none is the later of one day.
fn reports() -> impl Strategy<Value = Vec<(Date, Measurement)>> {
    let reports = prop::collection::btree_map(0_i32..366, any_measurement(), 1..8);
    reports.prop_map(|reports| {
        let on = |n: i32| {
            day("2023-04-01")
                .checked_add(jiff::Span::new().days(n))
                .unwrap()
        };
        reports
            .into_iter()
            .map(|(n, measurement)| (on(n), measurement))
            .collect()
    })
}

fn report((on, measurement): &(Date, Measurement)) -> Fact {
    let part = match measurement {
        Measurement::Increment(_) => Some("m1"),
        _ => None,
    };
    let report = match part {
        Some(part) => recorded_of(part, measurement.clone()),
        None => recorded(measurement.clone()),
    };
    fact(report).on(&on.to_string())
}

/// An indicator with a target, a baseline and a line.
fn framed(definition: Definition, aim: Aim) -> History {
    let mut target = target_set("X", aim);
    target.target.parts = vec![part_target("m1", "3"), part_target("m2", "2")];
    History::of(definition)
        .and(fact(target))
        .and(fact(baseline("2", "2023-03-31")))
        .and(fact(super::planned(PlanProfile::Linear, false)))
}

proptest! {
    #![proptest_config(property_cases())]

    // 1
    #[test]
    fn later_events_never_change_an_evaluation(
        definition in any_definition(), facts in any_facts(8), known in 0_usize..9, on in days_from("2023-03-25", 450),
    ) {
        let known = known.min(facts.len());
        let then = History::of(definition).with(facts[..known].iter().cloned());
        let now = then.clone().with(facts[known..].iter().cloned());
        let cut = Cut::on(on);
        prop_assert_eq!(asked(&then, cut), asked(&now, cut.known_at(then.size())));
    }

    // 2
    #[test]
    fn a_sum_is_the_sum_of_its_periods_and_of_its_pieces(
        amounts in prop::collection::vec((values(), days_of_cycle()), 1..6), at in days_of_cycle(), piece in values(),
    ) {
        let base = framed(count(), value("50"));
        let of = |amounts: &[(Quantity, Date)]| {
            let facts = amounts.iter().map(|(amount, on)| fact(recorded(Measurement::Increment(*amount))).on(&on.to_string()));
            let found = asked(&base.clone().with(facts), Cut::on(day(YEAR_END)));
            (found.value.clone().unwrap_or_else(|_| Exact::zero()), found)
        };
        let (before, after): (Vec<_>, Vec<_>) = amounts.iter().copied().partition(|(_, on)| *on <= at);
        let (whole, found) = of(&amounts);
        prop_assert_eq!(&of(&before).0.plus(&of(&after).0), &whole);
        let mut pieces = amounts.clone();
        let (first, on) = pieces.remove(0);
        pieces.extend([(piece, on), ((first.decimal() - piece.decimal()).into(), on)]);
        let split = of(&pieces).1;
        prop_assert_eq!(split, found);
    }

    // 3
    #[test]
    fn to_correct_to_the_same_is_nothing_and_to_retract_and_enter_is_to_correct(
        definition in any_definition(), aim in any_aim(), reports in reports(), which in any::<prop::sample::Index>(), other in any_measurement(),
    ) {
        let base = framed(definition, aim).with(reports.iter().map(report));
        let (on, measurement) = &reports[which.index(reports.len())];
        let index = reports.iter().position(|(day, _)| day == on).unwrap();
        let id = format!("event {}", 4 + index);
        let part = |measurement: &Measurement| match report(&(*on, measurement.clone())).payload {
            Payload::ActualRecorded(report) => report.reported,
            _ => unreachable!("a report"),
        };
        let correct = |measurement: &Measurement| {
            let correction = crate::domain::event::ActualCorrected {
                reported: part(measurement),
                ..corrected(&id, measurement.clone())
            };
            fact(correction).on(&on.to_string()).because("入力誤り")
        };
        let ends = Cut::on(day(YEAR_END));
        let now = |history: &History| asked(history, ends);
        prop_assert_eq!(now(&base.clone().and(correct(measurement))), now(&base));
        let again = base.clone().and(fact(retracted(&id)).on(&on.to_string()).because("入力誤り")).and(report(&(*on, other.clone())));
        prop_assert_eq!(now(&base.and(correct(&other))), now(&again));
    }

    // 4
    #[test]
    fn what_is_better_is_never_worse(
        definition in prop::sample::select(vec![count(), followers(), stage()]),
        comparator in prop::sample::select(vec![Comparator::Ge, Comparator::Gt, Comparator::Le, Comparator::Lt]),
        attainment_basis in prop::sample::select(AttainmentBasis::ALL),
        two_minus in any::<bool>(), target in values(), start in prop::option::of(values()), a in values(), b in values(),
    ) {
        let definition = Definition { comparator, attainment_basis, ..definition };
        let policy = EvaluationPolicy {
            reduction: if two_minus { ReductionFormula::TwoMinusRatio } else { ReductionFormula::TargetOverActual },
            ..EvaluationPolicy::default()
        };
        let is_flow = definition.entry_kind == Some(EntryKind::Increment);
        let found = |reached: Quantity| {
            let measurement = if is_flow { Measurement::Increment(reached) } else { Measurement::Level(reached) };
            let history = History::of(definition.clone())
                .and(fact(target_set("X", Aim::Value(target))))
                .with(start.map(|start| fact(baseline(&start.to_string(), "2023-03-31"))))
                .and(fact(recorded(measurement)).on(YEAR_END));
            let found = evaluated(history.indicator(), Cut::on(day(YEAR_END)), &policy, Phase::Active);
            found.current.unwrap()
        };
        let rises = matches!(comparator, Comparator::Ge | Comparator::Gt);
        let (worse, better) = if (a < b) == rises { (a, b) } else { (b, a) };
        let (low, high) = (found(worse), found(better));
        if let (Ok(low), Ok(high)) = (&low.attainment, &high.attainment) {
            prop_assert!(low <= high, "{low} of {worse}, {high} of {better}");
        }
        let reached = |against: &AgainstTarget| against.achievement.unwrap().is_reached();
        prop_assert!(!reached(&low) || reached(&high));
        let at = found(target);
        prop_assert_eq!(reached(&at), matches!(comparator, Comparator::Ge | Comparator::Le));
    }

    // 5
    #[test]
    fn parts_never_make_up_for_each_other(
        agg_space in prop::sample::select(vec![AggSpace::CappedSum, AggSpace::MinOfParts, AggSpace::AllOf]),
        targets in prop::collection::vec(1_i64..20, 2), reached in prop::collection::vec(0_i64..30, 2),
    ) {
        let of = |agg_space| {
            let parts = [("m1", targets[0].to_string()), ("m2", targets[1].to_string())];
            let parts: Vec<_> = parts.iter().map(|(key, target)| (*key, target.as_str())).collect();
            let asked = super::of(with_parts(count(), agg_space, &["m1", "m2"])).aiming_at_parts(&parts);
            let asked = asked
                .and(fact(recorded_of("m1", increment(&reached[0].to_string()))).on(MIDYEAR))
                .and(fact(recorded_of("m2", increment(&reached[1].to_string()))).on(MIDYEAR));
            let found = asked.at(YEAR_END);
            let current = found.current.unwrap();
            (current.attainment.unwrap(), current.achievement.unwrap().is_reached(), found.parts)
        };
        let (share, achieved, parts) = of(agg_space);
        let all = parts.iter().all(|part| part.achievement.unwrap().is_reached());
        prop_assert_eq!(achieved, all);
        if agg_space == AggSpace::CappedSum {
            prop_assert!(share <= Exact::one());
            prop_assert_eq!(share == Exact::one(), all);
        } else {
            prop_assert!(parts.iter().all(|part| share <= part.attainment.clone().unwrap()));
        }
    }

    // 6
    #[test]
    fn the_share_of_days_rises_by_one_day_a_day(year in 1990_i16..2100, n in 0_i64..365) {
        let cycle: DateSpan = FiscalYear::new(year).unwrap().span();
        let on = cycle.first().checked_add(jiff::Span::new().days(n)).unwrap();
        let asked = super::of(count()).aiming(value("10")).along(PlanProfile::Linear);
        let share = |on: Date| {
            let question = Question {
                indicator: asked.history.indicator(),
                cycle,
                cut: Cut::on(on),
                phase: Phase::Active,
                policy: &asked.policy,
                rounds: None,
                components: &BTreeMap::new(),
            };
            // In force from 1 April 2023 on; the line of other years is the same.
            evaluate(&question).map(|found| found.planned_share)
        };
        let total = i64::from(cycle.days());
        prop_assert_eq!(total, if Date::new(year + 1, 3, 1).unwrap().in_leap_year() { 366 } else { 365 });
        prop_assert_eq!(share(on), Some(Ok(exact(n + 1, total))));
        prop_assert_eq!(share(cycle.last()), Some(Ok(Exact::one())));
    }

    // 7
    #[test]
    fn what_takes_effect_later_changes_nothing_before(
        definition in any_definition(), facts in any_facts(6), later in any_fact(6), gap in 1_i32..200,
    ) {
        let later = match later.payload {
            // A baseline is of its own day, and what a correction replaces is replaced at once.
            Payload::BaselineSet(_) | Payload::ActualCorrected(_) | Payload::ActualRetracted(_) => {
                later.saying(recorded(increment("1")))
            }
            _ => later,
        };
        let on = later.valid.unwrap().from.checked_sub(jiff::Span::new().days(gap)).unwrap();
        let history = History::of(definition).with(facts);
        let cut = Cut::on(on);
        let before = asked(&history, cut);
        prop_assert_eq!(asked(&history.and(later), cut), before);
    }

    // 8
    #[test]
    fn the_same_question_has_the_same_answer_to_the_byte(
        definition in any_definition(), facts in any_facts(8), on in days_of_cycle(),
    ) {
        let fold = || History::of(definition.clone()).with(facts.iter().cloned());
        let bytes = |history: &History| format!("{:?}", asked(history, Cut::on(on)));
        let (one, other) = (fold(), fold());
        prop_assert_eq!(bytes(&one), bytes(&other));
    }

    // 9
    #[test]
    fn what_was_missed_never_reads_as_reached(
        definition in any_definition(), strict in any::<bool>(), aim in any_aim(), facts in any_facts(8), on in days_of_cycle(), digits in 0_u32..4,
    ) {
        let comparator = match (strict, definition.comparator) {
            (true, Comparator::Ge) => Comparator::Gt,
            (true, Comparator::Le) => Comparator::Lt,
            (_, comparator) => comparator,
        };
        let history = framed(Definition { comparator, ..definition }, aim).with(facts);
        let found = asked(&history, Cut::on(on));
        let policy = EvaluationPolicy { display_digits: digits, ..EvaluationPolicy::default() };
        for against in found.current.iter().chain(&found.first) {
            let missed = against.achievement == Ok(crate::domain::evaluation::Achievement::NotAchieved);
            if let Ok(shown) = display::attainment(&found, against, &policy)
                && missed
            {
                let shown: rust_decimal::Decimal = shown.trim_end_matches('%').parse().unwrap();
                let strictly = found.remarks.iter().any(|r| matches!(r, Remark::MustExceed | Remark::MustBeBelow));
                prop_assert!(shown < 100.into() || (strictly && shown == 100.into()), "{shown} of {found:?}");
            }
        }
        for (pace, judged) in found.pace.iter().map(|pace| (pace, policy.judge_pace(pace))) {
            let shown = Exact::from(q(&display::pace(pace, &policy)));
            prop_assert_eq!(policy.judge_pace(&shown), judged);
        }
    }

    // 14
    #[test]
    fn sections_add_up_to_the_city_once_double_counts_are_taken_out(
        rows in prop::collection::vec((0_usize..4, prop::collection::btree_set(0_usize..4, 0..3), 0_usize..3), 0..12),
    ) {
        let sections: Vec<_> = (0..4).map(|n| unit_id(&format!("課{n}"))).collect();
        let evaluations = [
            super::of(count()).at(MIDYEAR),
            super::of(count()).aiming(value("5")).reported(increment, [("2023-09-30", "5")]).at(MIDYEAR),
            super::of(count()).in_phase(Phase::Cancelled(day("2023-04-01"))).at(MIDYEAR),
        ];
        let contributing: Vec<Vec<_>> = rows
            .iter()
            .map(|(_, others, _)| others.iter().map(|n| sections[*n]).collect())
            .collect();
        let items = || {
            rows.iter().zip(&contributing).map(|((lead, _, evaluation), contributing)| Item {
                evaluation: &evaluations[*evaluation],
                lead: sections[*lead],
                contributing,
            })
        };
        let policy = EvaluationPolicy::default();
        let city = roll_up(items(), View::Whole, &policy);
        prop_assert_eq!(city.led.total() as usize, rows.len());
        prop_assert_eq!(city.participating.total(), 0);
        let views: Vec<_> = sections
            .iter()
            .map(|section| roll_up(items(), View::Units(&BTreeSet::from([*section])), &policy))
            .collect();
        for status in Status::ALL {
            let led: u32 = views.iter().map(|view| view.led.count(*status)).sum();
            prop_assert_eq!(led, city.led.count(*status));
        }
        let seen: u32 = views.iter().map(|view| view.led.total() + view.participating.total()).sum();
        let double: usize = rows.iter().map(|(lead, others, _)| others.iter().filter(|n| *n != lead).count()).sum();
        prop_assert_eq!(seen as usize - double, rows.len());
        prop_assert_eq!(city.led.reported() + city.led.unreported() + city.led.set_aside(), city.led.total());
    }

    // 15
    #[test]
    fn nothing_done_nobody_asking_and_silence_are_three_things(
        definition in prop::sample::select(vec![
            count(), length(), monthly(AggTime::Sum), coverage(2), stage(), with_parts(count(), AggSpace::AllOf, &["m1", "m2"]),
        ]),
        on in days_of_cycle(), later in 0_i32..60,
    ) {
        let at = Cut::on(on.checked_add(jiff::Span::new().days(later)).unwrap());
        let aim = if definition.measure_type == MeasureType::Coverage { Aim::AllMembers } else { value("5") };
        let silent = framed(definition, aim);
        let with = |cause| silent.clone().and(fact(recorded(nil(cause))).on(&on.to_string()));
        prop_assert_eq!(asked(&silent, at).status, Status::NoReport);
        prop_assert_eq!(asked(&silent, at).value, Err(Obstacle::NoReport));
        let nothing = asked(&with(NilCause::NoActivity), at);
        prop_assert_eq!(nothing.value, Ok(Exact::zero()));
        prop_assert_ne!(nothing.status, Status::NoReport);
        let nobody = asked(&with(NilCause::NoDemand), at);
        prop_assert_eq!(nobody.status, Status::NotApplicable);
    }

    /// What nobody planned makes nobody late.
    #[test]
    fn an_assumed_line_never_makes_anything_late(
        // Demand and the due days of checkpoints are facts, not assumptions.
        definition in any_definition().prop_filter("assumed", |definition| {
            !definition.demand_driven && definition.measure_type != MeasureType::Milestone
        }),
        facts in any_facts(8), on in days_of_cycle(),
    ) {
        let assumed = facts.into_iter().filter_map(|fact| match fact.payload.clone() {
            Payload::PlanProfileSet(p) => Some(fact.saying(super::planned(p.profile, true))),
            Payload::IndicatorRedefined(_) => None,
            _ => Some(fact),
        });
        let history = History::of(definition).with(assumed);
        let found = asked(&history, Cut::on(on));
        prop_assert!(!matches!(found.status, Status::Behind | Status::SlightlyBehind), "{found:?}");
        prop_assert!(found.pace.is_err() || on == day(YEAR_END) || found.remarks.contains(&Remark::PaceForReference));
    }

    /// Whatever a milestone or a set reports, the figures stay within what they mean.
    #[test]
    fn coverage_and_milestones_stay_between_nothing_and_all(
        states in prop::collection::vec((0_usize..2, prop::sample::select(MilestoneState::ALL), prop::sample::select(MemberState::ALL), days_of_cycle()), 1..8),
    ) {
        let dated = |facts: Vec<Fact>| facts;
        let milestone_facts = dated(states.iter().map(|(n, state, _, on)| {
            fact(recorded(checkpoint_state(["c1", "c2"][*n], *state))).on(&on.to_string())
        }).collect());
        let members = states.iter().map(|(n, _, state, on)| {
            fact(recorded(member(["m1", "m2"][*n], *state))).on(&on.to_string())
        });
        let ends = Cut::on(day(YEAR_END));
        for history in [
            framed(milestone(2), done_by("2024-01-31")).with(milestone_facts),
            framed(coverage(2), Aim::AllMembers).with(members),
        ] {
            let current = asked(&history, ends).current.unwrap();
            let share = current.attainment.unwrap();
            prop_assert!(Exact::zero() <= share && share <= Exact::one());
            prop_assert_eq!(share == Exact::one(), current.achievement.unwrap().is_reached());
        }
    }
}
