//! Exact decimal quantities.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// An exact decimal number without a unit.
///
/// At most [`Self::INTEGER_DIGITS_MAX`] digits before and [`Self::FRACTION_DIGITS_MAX`] after the point, so
/// that sums of many entries and products of two stay exact within the 28 digits of [`Decimal`].
/// Written plainly: `-?digits[.digits]`, ASCII, no exponent, no sign but `-`, no separators.
/// `-0` is `0`; trailing zeros after the point carry no meaning (`1.50` equals `1.5`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Quantity(Decimal);

/// The text is not a quantity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidQuantity {
    /// Not in the plain form of [`Quantity`].
    #[error("not a number in plain form such as `1200`, `-3` or `1.5`")]
    NotNumeric,
    /// More digits than a quantity may have.
    #[error("more than 15 digits before or 10 after the decimal point")]
    TooManyDigits,
}

impl Quantity {
    /// Digits before the decimal point at most.
    pub const INTEGER_DIGITS_MAX: usize = 15;
    /// Digits after the decimal point at most.
    pub const FRACTION_DIGITS_MAX: usize = 10;
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads the plain form.
    pub fn parse(text: &str) -> Result<Self, InvalidQuantity> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(InvalidQuantity::NotNumeric),
            None => (digits, ""),
        };
        if whole.is_empty()
            || !whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit())
        {
            return Err(InvalidQuantity::NotNumeric);
        }
        if whole.len() > Self::INTEGER_DIGITS_MAX || fraction.len() > Self::FRACTION_DIGITS_MAX {
            return Err(InvalidQuantity::TooManyDigits);
        }
        let value = Decimal::from_str(text).map_err(|_| InvalidQuantity::NotNumeric)?;
        Ok(Self::from(value))
    }

    /// The decimal inside, normalised: no trailing zeros, no negative zero.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether there is nothing after the decimal point.
    pub fn is_integer(self) -> bool {
        self.0.is_integer()
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// How many digits stand after the decimal point.
    pub fn decimals(self) -> u32 {
        self.0.scale()
    }

    /// The sum, or `None` beyond 28 digits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self::from)
    }

    /// The difference, or `None` beyond 28 digits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self::from)
    }
}

impl From<Decimal> for Quantity {
    fn from(value: Decimal) -> Self {
        let normal = value.normalize();
        Self(if normal.is_zero() {
            Decimal::ZERO
        } else {
            normal
        })
    }
}

impl From<i64> for Quantity {
    fn from(value: i64) -> Self {
        Self(Decimal::from(value))
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;
    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        Self::parse(text)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_form_is_a_number() {
        for text in [
            "0",
            "-3",
            "1.5",
            "7945",
            "000",
            "-0.0",
            "999999999999999.9999999999",
        ] {
            assert!(Quantity::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "N/A",
            "約80%",
            "７９４５",
            "1e3",
            "+1",
            "1,000",
            "1.",
            ".5",
            "NaN",
            "inf",
            "--1",
            " 1",
        ] {
            assert_eq!(
                Quantity::parse(text),
                Err(InvalidQuantity::NotNumeric),
                "{text}"
            );
        }
        assert_eq!(
            Quantity::parse("1000000000000000"),
            Err(InvalidQuantity::TooManyDigits)
        );
        assert_eq!(
            Quantity::parse("0.00000000001"),
            Err(InvalidQuantity::TooManyDigits)
        );
    }

    #[test]
    fn equal_numbers_have_one_spelling() {
        assert_eq!(Quantity::parse("1.50").unwrap().to_string(), "1.5");
        assert_eq!(Quantity::parse("-0.0").unwrap().to_string(), "0");
        assert!(!Quantity::parse("-0").unwrap().is_negative());
    }
}
