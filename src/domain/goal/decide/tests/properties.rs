//! What holds for every history and every proposal.

use jiff::Span;
use proptest::prelude::*;

use crate::domain::actual::aggregate::{Cut, actual_at, current_actual};
use crate::domain::actual::{
    Actual, Measurement, MemberState, MilestoneState, NilCause, ReportedPart,
};
use crate::domain::date::Date;
use crate::domain::event::*;
use crate::domain::indicator::*;
use crate::domain::quantity::Quantity;
use crate::domain::testing::*;

fn quantities() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        (-5_i64..500).prop_map(Quantity::from),
        "-?[0-9]{1,15}(\\.[0-9]{1,10})?".prop_map(|text| q(&text)),
    ]
}

fn dates() -> impl Strategy<Value = Date> {
    prop_oneof![
        4 => (0_i32..366).prop_map(|n| day("2023-04-01").checked_add(Span::new().days(n)).unwrap()),
        1 => (0_i32..109_000).prop_map(|n| day("1900-01-01").checked_add(Span::new().days(n)).unwrap()),
    ]
}

fn measurements() -> impl Strategy<Value = Measurement> {
    let keys = || prop_oneof![Just("m1"), Just("m2"), Just("c1"), Just("無")].prop_map(key);
    let states = prop::sample::select(MilestoneState::ALL);
    prop_oneof![
        4 => quantities().prop_map(Measurement::Increment),
        2 => quantities().prop_map(Measurement::Level),
        2 => (quantities(), quantities())
            .prop_map(|(numerator, denominator)| Measurement::Ratio { numerator, denominator }),
        1 => (keys(), prop::sample::select(MemberState::ALL)).prop_map(|(member, state)| Measurement::Member { member, state }),
        1 => (keys(), quantities()).prop_map(|(member, value)| Measurement::MemberValue { member, value }),
        2 => (prop::option::of(keys()), states)
            .prop_map(|(checkpoint, state)| Measurement::Milestone { checkpoint, state }),
        1 => (0_u32..6).prop_map(Measurement::RubricLevel),
        1 => prop::sample::select(NilCause::ALL).prop_map(Measurement::Nil),
    ]
}

fn definitions() -> impl Strategy<Value = Definition> {
    prop::sample::select(vec![
        count(),
        followers(),
        rate(AggTime::RatioOfSums),
        rate(AggTime::RatioOfLatest),
        mean_days(),
        stage(),
        length(),
        monthly(AggTime::Sum),
        monthly(AggTime::MeanOfPeriods),
        coverage(2),
        cap(2),
        milestone(1),
        judged(),
        with_parts(count(), AggSpace::Sum, &["m1", "m2"]),
    ])
}

/// A proposal about the indicator X: a report, or a correction or retraction of the n-th event.
#[derive(Clone, Debug)]
struct Move {
    kind: u8,
    of: u64,
    measurement: Measurement,
    part: Option<&'static str>,
    from: Date,
    to: Option<Date>,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let parts = prop::option::of(prop_oneof![Just("m1"), Just("m2"), Just("無")]);
    let one = (
        0_u8..4,
        0_u64..20,
        measurements(),
        parts,
        dates(),
        prop::option::weighted(0.2, dates()),
    );
    let one = one.prop_map(|(kind, of, measurement, part, from, to)| Move {
        kind,
        of,
        measurement,
        part,
        from,
        to,
    });
    prop::collection::vec(one, 0..16)
}

fn proposal(world: &World, first: u64, step: &Move) -> Event {
    let reported = ReportedPart {
        part: step.part.map(key),
        unit_code: None,
    };
    let named = format!("event {}", first + step.of);
    let measurement = step.measurement.clone();
    let payload: Payload = match step.kind {
        0 | 1 => ActualRecorded {
            reported,
            ..recorded(measurement)
        }
        .into(),
        2 => ActualCorrected {
            reported,
            ..corrected(&named, measurement)
        }
        .into(),
        _ => retracted(&named).into(),
    };
    let why = "理由は二十字以上で述べることになっているので、このように書いておく。";
    let mut event = world.event(&fact(payload).shown().because(why));
    event.valid = Some(Validity {
        from: step.from,
        to: step.to,
    });
    event
}

/// The world after the accepted of `moves`.
fn after(definition: Definition, moves: &[Move]) -> World {
    let mut world = World::measuring(definition).at("2024-04-01");
    let first = world.position;
    for step in moves {
        let event = proposal(&world, first, step);
        if let Ok(decided) = world.decide(&event) {
            decided
                .events
                .into_iter()
                .for_each(|event| world.apply(event));
        }
    }
    world
}

fn cycle() -> crate::domain::date::DateSpan {
    days("2023-04-01", "2024-03-31")
}

fn stands_at(world: &World, date: Date) -> Actual {
    current_actual(world.indicator("X"), cycle(), date)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Neither deciding nor reading fails, whatever is proposed; one proposal has one outcome; and what was
    /// accepted leaves every earlier entry as it was, but for the mark that it no longer counts.
    #[test]
    fn every_accepted_event_only_adds(definition in definitions(), moves in moves(), on in dates()) {
        let mut world = World::measuring(definition).at("2024-04-01");
        let first = world.position;
        for step in &moves {
            let event = proposal(&world, first, step);
            let outcome = world.decide(&event);
            prop_assert_eq!(&outcome, &world.decide(&event));
            let before = world.indicator("X").clone();
            match outcome {
                Err(refusals) => prop_assert!(!refusals.is_empty()),
                Ok(decided) => decided.events.into_iter().for_each(|event| world.apply(event)),
            }
            let now = world.indicator("X");
            prop_assert!(before.entries.len() <= now.entries.len());
            for (old, new) in before.entries.iter().zip(&now.entries) {
                prop_assert_eq!(&old, &new.as_before(&old));
                prop_assert!(old.superseded().is_none() || old.superseded() == new.superseded());
            }
            let actual = stands_at(&world, on);
            let _ = actual.rounded(&now.definitions[0].definition, 1);
        }
    }

    /// What was known at a size stays as it was, whatever happens later.
    #[test]
    fn the_past_does_not_move(definition in definitions(), moves in moves(), cut in 0_usize..16, on in dates()) {
        let cut = cut.min(moves.len());
        let then = after(definition.clone(), &moves[..cut]);
        let now = after(definition, &moves);
        let at = Cut::on(on).known_at(then.position);
        prop_assert_eq!(stands_at(&then, on), actual_at(now.indicator("X"), cycle(), at));
    }

    /// Sums, coverage and shares do not depend on the order of recording.
    #[test]
    fn the_order_of_increments_does_not_matter(amounts in prop::collection::vec((0_i64..1000, 0_i32..180), 0..12)) {
        let report = |&(amount, n): &(i64, i32)| {
            let mut fact = fact(recorded(Measurement::Increment(amount.into())));
            fact.valid = day("2023-04-01").checked_add(Span::new().days(n)).ok().map(Validity::from);
            fact
        };
        let (mut forward, mut backward) = (World::measuring(count()), World::measuring(count()));
        amounts.iter().for_each(|amount| forward.accept(report(amount)));
        amounts.iter().rev().for_each(|amount| backward.accept(report(amount)));
        let on = day("2023-09-30");
        prop_assert_eq!(stands_at(&forward, on), stands_at(&backward, on));
        let halves = day("2023-06-30");
        let total: i64 = amounts.iter().map(|(amount, _)| amount).sum();
        if !amounts.is_empty() {
            prop_assert_eq!(stands_at(&forward, on), Actual::Number { value: total.into(), parts: Vec::new() });
        }
        let early: i64 = amounts.iter().filter(|(_, n)| *n <= 90).map(|(amount, _)| amount).sum();
        if amounts.iter().any(|(_, n)| *n <= 90) {
            prop_assert_eq!(stands_at(&forward, halves), Actual::Number { value: early.into(), parts: Vec::new() });
        }
    }

    /// One entry in two pieces of equal total changes nothing.
    #[test]
    fn splitting_an_increment_changes_nothing(a in 0_i64..1000, b in 0_i64..1000) {
        let on = day("2023-09-30");
        let (mut whole, mut split) = (World::measuring(count()), World::measuring(count()));
        whole.accept(fact(recorded(Measurement::Increment((a + b).into()))).on("2023-09-01"));
        split.accept(fact(recorded(Measurement::Increment(a.into()))).on("2023-09-01"));
        split.accept(fact(recorded(Measurement::Increment(b.into()))).on("2023-09-01"));
        prop_assert_eq!(stands_at(&whole, on), stands_at(&split, on));
    }

    /// To take back and enter anew is to correct; to correct to the same value changes no figure.
    #[test]
    fn retract_and_record_is_correct(moves in moves(), old in 0_i64..100, new in 0_i64..100) {
        let on = day("2024-03-31");
        let mut base = after(count(), &moves);
        base.accept(fact(recorded(Measurement::Increment(old.into()))).on("2023-09-01").named("old"));
        let (mut corrects, mut enters) = (base.clone(), base.clone());
        let measurement = Measurement::Increment(new.into());
        corrects.accept(fact(corrected("old", measurement.clone())).on("2023-09-01").because("入力誤り"));
        enters.accept(fact(retracted("old")).on("2023-09-01").because("入力誤り"));
        enters.accept(fact(recorded(measurement)).on("2023-09-01"));
        prop_assert_eq!(stands_at(&corrects, on), stands_at(&enters, on));
        if old == new {
            prop_assert_eq!(stands_at(&corrects, on), stands_at(&base, on));
        }
    }

    /// The tally that the rules look into is what a count of all entries gives.
    #[test]
    fn the_tally_is_the_sum_of_what_counts(moves in moves()) {
        let world = after(with_parts(count(), AggSpace::Sum, &["m1", "m2"]), &moves);
        let indicator = world.indicator("X");
        let amounts = |part: Option<&str>| -> Vec<Quantity> {
            let of = |entry: &crate::domain::goal::Entry<'_>| {
                part.is_none_or(|part| entry.context.reported.part.as_ref().is_some_and(|p| p.as_str() == part))
            };
            let amount = |entry: crate::domain::goal::Entry<'_>| match entry.measurement {
                Measurement::Increment(amount) if of(&entry) => Some(amount),
                _ => None,
            };
            indicator.effective().filter_map(amount).collect()
        };
        let sum = |amounts: Vec<Quantity>| amounts.into_iter().fold(Quantity::ZERO, |a, b| a.checked_add(b).unwrap());
        let tally = &indicator.definitions[0].tally;
        prop_assert_eq!(tally.total(), sum(amounts(None)));
        prop_assert_eq!(tally.total_of(1), sum(amounts(Some("m1"))));
        let largest = amounts(None).into_iter().max();
        let count = amounts(None).into_iter().filter(|amount| Some(*amount) == largest).count();
        prop_assert_eq!(tally.largest(), largest.map(|largest| (largest, count as u32)));
    }
}
