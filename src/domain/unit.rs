//! Units of measure: what is counted, in which dimension, at which scale.

pub mod catalogue;

use crate::domain::quantity::Quantity;

/// What kind of magnitude a unit measures. Only units of one dimension convert into each other.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Dimension {
    /// Things counted with one counter; `件` and `回` are different dimensions, `人` and `千人` one.
    Count(String),
    /// Metres.
    Length,
    /// Square metres.
    Area,
    /// A pure ratio; the base unit is 1, so percent has the scale 10^-2.
    Ratio,
    /// Money, in the currency named (ISO 4217).
    Money(String),
    /// Days.
    Time,
    /// Kilograms.
    Mass,
    /// Litres.
    Volume,
    /// One dimension for each period: `人/月`.
    PerMonth(Box<Dimension>),
}

/// A unit: `1 unit = 10^scale_pow10 base units of its dimension`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Unit {
    /// Stable code for programs, in the manner of UCUM: `{person}`, `%`, `km`, `10^3{person}`.
    pub code: String,
    /// Label in Japanese: `千人`.
    pub display_ja: String,
    /// Label in English: `thousand people`.
    pub display_en: String,
    /// What it measures.
    pub dimension: Dimension,
    /// Power of ten to the dimension's base unit: 3 for `千人`, 3 for `km`, 4 for `ha`.
    pub scale_pow10: i8,
    /// Digits after the decimal point that an entry may have; 0 for whole things.
    pub decimals: u8,
}

impl Unit {
    /// `value` of this unit expressed in `other`, or `None` where the dimensions differ or the
    /// result has more digits than a quantity may have. Exact: the scales are powers of ten.
    pub fn convert(&self, value: Quantity, other: &Self) -> Option<Quantity> {
        if self.dimension != other.dimension {
            return None;
        }
        let steps = i32::from(self.scale_pow10) - i32::from(other.scale_pow10);
        let ten = rust_decimal::Decimal::TEN;
        let mut result = value.decimal();
        for _ in 0..steps.unsigned_abs() {
            result = if steps > 0 {
                result.checked_mul(ten)?
            } else {
                result.checked_div(ten)?
            };
        }
        Quantity::parse(&result.normalize().to_string()).ok()
    }
}
