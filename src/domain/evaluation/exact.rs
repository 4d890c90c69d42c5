//! Exact fractions: what a division gives before anybody rounds it.

use std::fmt;

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use rust_decimal::Decimal;

use crate::domain::quantity::Quantity;

/// An exact fraction in lowest terms, with a denominator above zero. Judgements are made on it, never on a rounding of it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Exact(BigRational);

impl Exact {
    /// Zero.
    pub fn zero() -> Self {
        Self::from(0)
    }

    /// One: 100 %.
    pub fn one() -> Self {
        Self::from(1)
    }

    /// The quotient of two quantities; `None` by zero.
    pub fn quotient(numerator: Quantity, denominator: Quantity) -> Option<Self> {
        Self::ratio(&numerator.into(), &denominator.into())
    }

    /// `numerator / denominator`; `None` where the denominator is zero.
    pub fn ratio(numerator: &Self, denominator: &Self) -> Option<Self> {
        (!denominator.is_zero()).then(|| Self(&numerator.0 / &denominator.0))
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }

    /// The quotient; `None` by zero.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        Self::ratio(self, other)
    }

    /// The magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() {
            Self::zero().minus(self)
        } else {
            self.clone()
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.numer().sign() == Sign::NoSign
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.numer().sign() == Sign::Minus
    }

    /// The numerator in lowest terms, in decimal digits.
    pub fn numerator(&self) -> String {
        self.0.numer().to_string()
    }

    /// The denominator in lowest terms, above zero, in decimal digits.
    pub fn denominator(&self) -> String {
        self.0.denom().to_string()
    }

    /// In plain decimal form with exactly `digits` after the point; what lies halfway goes up, away from zero where it
    /// is negative. For eyes only.
    pub fn half_up(&self, digits: u32) -> String {
        self.rounded(digits, Rounding::HalfUp)
    }

    /// Whether `digits` after the point are enough to write it.
    pub fn has_decimals(&self, digits: u32) -> bool {
        let scaled = self.times(&Self(BigInt::from(10).pow(digits).into()));
        scaled.0.is_integer()
    }

    /// As [`Self::half_up`], but what is below a bound is shown below it, and what is not below it is not shown
    /// below. Where bounds lie closer together than the digits can tell, more digits are shown.
    pub fn half_up_within(&self, digits: u32, bounds: &[Self]) -> String {
        let least = bounds.iter().filter(|bound| *bound <= self).max();
        let beyond = bounds.iter().filter(|bound| self < *bound).min();
        let fits = |shown: &BigRational| {
            least.is_none_or(|least| least.0 <= *shown)
                && beyond.is_none_or(|beyond| *shown < beyond.0)
        };
        for digits in digits..=digits.saturating_add(Self::MORE_DIGITS_MAX) {
            let scale = BigRational::from_integer(BigInt::from(10).pow(digits));
            let scaled = &self.0 * &scale;
            let below = scaled.floor() / &scale;
            let above = scaled.ceil() / &scale;
            let nearest = Self(self.half_up_value(digits));
            let shown = [nearest.0, below, above]
                .into_iter()
                .find(|shown| fits(shown));
            if let Some(shown) = shown {
                return Self(shown).half_up(digits);
            }
        }
        self.half_up(digits)
    }

    /// Digits beyond those asked for that [`Self::half_up_within`] shows at most.
    pub const MORE_DIGITS_MAX: u32 = 10;

    fn half_up_value(&self, digits: u32) -> BigRational {
        let scale = BigInt::from(10).pow(digits);
        let units = self.units(digits, Rounding::HalfUp);
        let signed = if self.is_negative() { -units } else { units };
        BigRational::new(signed, scale)
    }

    /// In plain decimal form with exactly `digits` after the point; what lies beyond them is cut off toward zero.
    pub fn toward_zero(&self, digits: u32) -> String {
        self.rounded(digits, Rounding::TowardZero)
    }

    /// The magnitude in units of the last of `digits` after the point.
    fn units(&self, digits: u32, rounding: Rounding) -> BigInt {
        let ten = BigInt::from(10).pow(digits);
        let two = BigInt::from(2);
        let magnitude = self.0.numer().magnitude().clone();
        let scaled = BigInt::from(magnitude) * &ten;
        let denominator = self.0.denom();
        match rounding {
            Rounding::HalfUp => (scaled * &two + denominator) / (denominator * &two),
            Rounding::TowardZero => scaled / denominator,
        }
    }

    fn rounded(&self, digits: u32, rounding: Rounding) -> String {
        let units = self.units(digits, rounding);
        let sign = if self.is_negative() && units.sign() != Sign::NoSign {
            "-"
        } else {
            ""
        };
        let text = units.to_string();
        if digits == 0 {
            return format!("{sign}{text}");
        }
        let digits = digits as usize;
        let text = format!("{text:0>width$}", width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        format!("{sign}{whole}.{fraction}")
    }
}

enum Rounding {
    HalfUp,
    TowardZero,
}

impl From<i64> for Exact {
    fn from(value: i64) -> Self {
        Self(BigRational::from_integer(value.into()))
    }
}

impl From<Quantity> for Exact {
    fn from(value: Quantity) -> Self {
        Self::from(value.decimal())
    }
}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Self {
        let denominator = BigInt::from(10).pow(value.scale());
        Self(BigRational::new(value.mantissa().into(), denominator))
    }
}

impl fmt::Display for Exact {
    /// `3`, or `5430/9980` in lowest terms: `543/998`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(numerator: i64, denominator: i64) -> Exact {
        Exact::ratio(&numerator.into(), &denominator.into()).unwrap()
    }

    #[test]
    fn halves_go_up_away_from_zero() {
        assert_eq!(exact(1, 8).half_up(2), "0.13");
        assert_eq!(exact(-1, 8).half_up(2), "-0.13");
        assert_eq!(exact(2, 3).half_up(1), "0.7");
        assert_eq!(exact(-1, 1_000).half_up(1), "0.0");
        assert_eq!(exact(9_996, 100).half_up(1), "100.0");
        assert_eq!(exact(9_996, 100).toward_zero(1), "99.9");
        assert_eq!(exact(5, 2).half_up(0), "3");
    }

    #[test]
    fn a_fraction_is_in_lowest_terms() {
        assert_eq!(exact(5_430, 9_980).to_string(), "543/998");
        assert_eq!(exact(6, -4).to_string(), "-3/2");
        assert_eq!(
            Exact::from(Quantity::parse("0.30").unwrap()).to_string(),
            "3/10"
        );
        assert_eq!(Exact::ratio(&Exact::one(), &Exact::zero()), None);
    }
}
