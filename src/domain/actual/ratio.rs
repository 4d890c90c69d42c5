//! Ratios, compared exactly: two parts are never divided to be judged.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::domain::indicator::{Definition, EntryKind};
use crate::domain::quantity::Quantity;
use crate::domain::unit::Dimension;

/// Holds one ratio against another, each as numerator and denominator, without rounding.
///
/// Equal where a denominator is not above zero: no rule lets such a ratio in, so only a forged history
/// comes here, and reading one must not fail.
pub fn compare(left: (Quantity, Quantity), right: (Quantity, Quantity)) -> Ordering {
    let (mut a, mut b) = (scaled(left.0), scaled(left.1));
    let (mut c, mut d) = (scaled(right.0), scaled(right.1));
    if b <= 0 || d <= 0 {
        return Ordering::Equal;
    }
    // Whole parts first, then the remainders upside down, as in a continued fraction: products of two
    // such numbers would not fit.
    loop {
        match (a.div_euclid(b)).cmp(&c.div_euclid(d)) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
        match (a.rem_euclid(b), c.rem_euclid(d)) {
            (0, 0) => return Ordering::Equal,
            (0, _) => return Ordering::Less,
            (_, 0) => return Ordering::Greater,
            (left, right) => (a, b, c, d) = (d, right, b, left),
        }
    }
}

/// Holds a ratio against a value in the indicator's unit: 5,430 of 9,980 against 99 %.
pub fn compare_with(
    definition: &Definition,
    ratio: (Quantity, Quantity),
    value: Quantity,
) -> Ordering {
    let (up, down) = factor(definition);
    let times = |quantity: Quantity, factor: Quantity| {
        quantity
            .decimal()
            .checked_mul(factor.decimal())
            .map(Quantity::from)
    };
    match (times(ratio.0, up), times(ratio.1, down)) {
        (Some(numerator), Some(denominator)) => {
            compare((numerator, denominator), (value, Quantity::from(1)))
        }
        _ => Ordering::Equal,
    }
}

/// The ratio in the indicator's unit with `digits` after the point, half up; `None` without a denominator.
/// For eyes only: nothing may be judged on it.
pub fn rounded(
    definition: &Definition,
    ratio: (Quantity, Quantity),
    digits: u32,
) -> Option<Decimal> {
    let (up, down) = factor(definition);
    let quotient = ratio.0.decimal().checked_div(ratio.1.decimal())?;
    let value = quotient
        .checked_mul(up.decimal())?
        .checked_div(down.decimal())?;
    Some(round_half_up(value, digits))
}

/// `value` with `digits` after the point; what lies halfway goes up, away from zero where it is negative.
pub fn round_half_up(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

/// Factors up and down: what a bare quotient is multiplied with and divided by to stand in the indicator's unit: 100 for a share
/// in percent, 1 for a mean. A weighted mean of percentages is one of values that stand in the unit already.
pub(crate) fn factor(definition: &Definition) -> (Quantity, Quantity) {
    let one = Quantity::from(1);
    if definition.unit.dimension != Dimension::Ratio
        || definition.entry_kind != Some(EntryKind::NumDen)
    {
        return (one, one);
    }
    let scale = definition.unit.scale_pow10;
    let ten = Quantity::from(
        10_i64
            .checked_pow(u32::from(scale.unsigned_abs()))
            .unwrap_or(1),
    );
    if scale < 0 { (ten, one) } else { (one, ten) }
}

/// In units of the smallest fraction a quantity may have. Sums keep 18 digits before the point and 10
/// after it, and a factor of 10^9 still fits.
fn scaled(value: Quantity) -> i128 {
    let decimal = value.decimal();
    let missing = (Quantity::FRACTION_DIGITS_MAX as u32).saturating_sub(decimal.scale());
    decimal.mantissa().saturating_mul(10_i128.pow(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn thirds_are_not_their_roundings() {
        assert_eq!(
            compare((q("1"), q("3")), (q("0.3333333333"), q("1"))),
            Ordering::Greater
        );
        assert_eq!(compare((q("2"), q("6")), (q("1"), q("3"))), Ordering::Equal);
        assert_eq!(compare((q("-1"), q("3")), (q("0"), q("7"))), Ordering::Less);
        let large = q("999999999999999.9999999999");
        assert_eq!(
            compare((large, q("1")), (large, q("1.0000000001"))),
            Ordering::Greater
        );
        assert_eq!(compare((q("1"), q("0")), (q("1"), q("1"))), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn agrees_with_cross_multiplication(a in -9999_i64..9999, b in 1_i64..9999, c in -9999_i64..9999, d in 1_i64..9999) {
            let quantity = Quantity::from;
            let ordering = compare((quantity(a), quantity(b)), (quantity(c), quantity(d)));
            prop_assert_eq!(ordering, (a * d).cmp(&(c * b)));
        }
    }
}
