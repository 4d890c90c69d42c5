//! DOMAIN.md §5.8: exact to judge, one decimal to read, never across a bound.

use super::*;
use crate::domain::indicator::*;
use crate::domain::unit::Unit;

fn reached(of: &str, aim: &str) -> (Evaluation, EvaluationPolicy) {
    let asked = super::of(length())
        .aiming(value(aim))
        .reported(increment, [(YEAR_END, of)]);
    (asked.at(YEAR_END), asked.policy)
}

#[test]
fn what_was_missed_by_a_hair_does_not_read_as_reached() {
    let shown = |of: &str, aim: &str| {
        let (found, policy) = reached(of, aim);
        against(&found, found.current.as_ref(), &policy)
    };
    assert_eq!(shown("99.96", "100"), "99.9% 未達");
    assert_eq!(shown("99.94", "100"), "99.9% 未達");
    assert_eq!(shown("100", "100"), "100.0% 達成");
    assert_eq!(shown("100.04", "100"), "100.0% 達成");
    assert_eq!(shown("99.85", "100"), "99.9% 未達");
    assert_eq!(shown("0.05", "100"), "0.1% 未達");
    let (found, _) = reached("99.96", "100");
    let digits = |display_digits| {
        let policy = EvaluationPolicy {
            display_digits,
            ..EvaluationPolicy::default()
        };
        display::attainment(&found, found.current.as_ref().unwrap(), &policy).unwrap()
    };
    assert_eq!(
        [0, 1, 2, 3].map(digits),
        ["99%", "99.9%", "99.96%", "99.960%"]
    );
}

#[test]
fn the_edge_of_a_tolerance_is_a_bound_too() {
    let definition = Definition {
        comparator: Comparator::WithinTolerance,
        ..length()
    };
    let aim = Aim::Approximate {
        value: q("80"),
        tolerance: q("5"),
    };
    let asked = of(definition)
        .aiming(aim)
        .reported(increment, [(YEAR_END, "74.999")]);
    let found = asked.at(YEAR_END);
    // 93.75 % is the edge: 93.74875 % would round to 93.7 %, and with two digits to 93.75 %.
    let policy = EvaluationPolicy {
        display_digits: 2,
        ..EvaluationPolicy::default()
    };
    assert_eq!(
        against(&found, found.current.as_ref(), &policy),
        "93.74% 未達"
    );
}

#[test]
fn a_pace_stays_on_its_side_of_a_threshold() {
    let policy = EvaluationPolicy::default();
    let pace = |numerator, denominator| display::pace(&exact(numerator, denominator), &policy);
    assert_eq!(pace(999, 1000), "0.99");
    assert_eq!(pace(1000, 1000), "1.00");
    assert_eq!(pace(7999, 10000), "0.79");
    assert_eq!(pace(8, 10), "0.80");
    assert_eq!(pace(124, 100), "1.24");
    assert_eq!(pace(-4, 10), "-0.40");
    assert_eq!(display::share(&exact(9999, 10000), &policy), "99.9%");
    assert_eq!(display::service_rate(&exact(7999, 10000), &policy), "79.9%");
    // A threshold finer than the digits: 0.8335 is above 0.833 and must not read as below.
    let fine = EvaluationPolicy {
        slightly_behind_from: q("0.8333"),
        ..policy
    };
    assert_eq!(display::pace(&exact(8334, 10000), &fine), "0.84");
    assert_eq!(display::pace(&exact(8332, 10000), &fine), "0.83");
}

#[test]
fn bounds_closer_than_the_digits_take_more_of_them() {
    let bounds = [exact(9995, 10000), Exact::one()];
    assert_eq!(exact(9997, 10000).half_up_within(2, &bounds), "0.9997");
    assert_eq!(exact(1, 3).half_up_within(1, &[]), "0.3");
    assert_eq!(exact(-1, 1000).half_up_within(1, &[Exact::zero()]), "-0.1");
}

#[test]
fn differences_of_percentages_are_points() {
    let points = |numerator, language| display::points(&exact(numerator, 1000), 1, language);
    assert_eq!(points(12, Language::Ja), "+1.2ポイント");
    assert_eq!(points(-30, Language::En), "-3.0 points");
    assert_eq!(points(0, Language::Ja), "0.0ポイント");
}

#[test]
fn a_value_has_the_decimals_of_its_unit_and_a_quotient_one_more() {
    let km: Unit = length().unit;
    let amount = |numerator, denominator, unit: &Unit, language| {
        display::amount(&exact(numerator, denominator), unit, &[], language)
    };
    assert_eq!(amount(62, 1, &count().unit, Language::Ja), "62件");
    assert_eq!(amount(19, 6, &count().unit, Language::Ja), "3.2件");
    assert_eq!(amount(3, 2, &km, Language::En), "1.500 km");
    assert_eq!(amount(-3, 1, &count().unit, Language::Ja), "-3件");
    assert_eq!(
        amount(
            5430 * 100,
            9980,
            &rate(AggTime::RatioOfSums).unit,
            Language::En
        ),
        "54.409%"
    );
    // A mean of 299.97 where 300 was needed.
    let below = display::amount(
        &exact(29997, 100),
        &count().unit,
        &[300.into()],
        Language::Ja,
    );
    assert_eq!(below, "299.9件");
}
