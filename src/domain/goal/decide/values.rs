//! Which values an indicator takes, and how a refusal puts it.

use std::cmp::Ordering;

use super::Judge;
use crate::domain::actual::ratio;
use crate::domain::code::Key;
use crate::domain::indicator::{Definition, MeasureType};
use crate::domain::quantity::Quantity;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    /// A value as it is entered: in the domain, and no finer than the unit.
    pub(super) fn entered(&mut self, definition: &Definition, value: Quantity, field: &str) {
        let whole = definition.domain.integer && !value.is_integer();
        if whole
            || u32::from(definition.unit.decimals) < value.decimals()
            || !in_bounds(definition, value)
        {
            self.out_of_domain(definition, field);
        }
    }

    /// A value that is aimed at or expected. A mean of whole things need not be whole.
    pub(super) fn aimed(&mut self, definition: &Definition, value: Quantity, field: &str) {
        if takes_quotients(definition) {
            if !in_bounds(definition, value) {
                self.out_of_domain(definition, field);
            }
        } else {
            self.entered(definition, value, field);
        }
    }

    /// A share or mean as it is entered: something to divide by, and the quotient in the domain.
    pub(super) fn entered_ratio(
        &mut self,
        definition: &Definition,
        (numerator, denominator): (Quantity, Quantity),
        field: &str,
    ) {
        if denominator <= Quantity::ZERO {
            return self.reject(Reason::DenominatorZero, &format!("{field}.denominator"));
        }
        let against = |bound| ratio::compare_with(definition, (numerator, denominator), bound);
        let domain = &definition.domain;
        if domain.min.is_some_and(|min| against(min) == Ordering::Less)
            || domain
                .max
                .is_some_and(|max| against(max) == Ordering::Greater)
        {
            self.out_of_domain(definition, &format!("{field}.numerator"));
        }
    }

    pub(super) fn out_of_domain(&mut self, definition: &Definition, field: &str) {
        let (ja, en) = allowed(definition);
        let unit = &definition.unit.display_ja;
        let figures: [(_, &dyn std::fmt::Display); 3] =
            [("unit", unit), ("allowed", &ja), ("allowed_en", &en)];
        self.reject_with(Reason::ValueOutOfDomain, field, &figures);
    }

    pub(super) fn part_unknown(&mut self, definition: &Definition, field: &str) {
        let known: Vec<&str> = definition
            .parts
            .iter()
            .map(|part| part.key.as_str())
            .collect();
        self.reject_with(Reason::PartUnknown, field, &[("known", &known.join(", "))]);
    }
}

/// Whether the definition knows a part of this key.
pub(super) fn has_part(definition: &Definition, key: &Key) -> bool {
    definition.parts.iter().any(|part| part.key == *key)
}

fn takes_quotients(definition: &Definition) -> bool {
    matches!(
        definition.measure_type,
        MeasureType::Ratio | MeasureType::Mean | MeasureType::RatePerPeriod
    )
}

fn in_bounds(definition: &Definition, value: Quantity) -> bool {
    let domain = &definition.domain;
    domain.min.is_none_or(|min| min <= value) && domain.max.is_none_or(|max| value <= max)
}

/// What is allowed, in words: Japanese, English.
fn allowed(definition: &Definition) -> (String, String) {
    let domain = &definition.domain;
    let (range_ja, range_en) = match (domain.min, domain.max) {
        (Some(min), Some(max)) => (
            format!("{min}以上{max}以下の"),
            format!(" from {min} to {max}"),
        ),
        (Some(min), None) => (format!("{min}以上の"), format!(" of {min} or more")),
        (None, Some(max)) => (format!("{max}以下の"), format!(" of {max} or less")),
        (None, None) => (String::new(), String::new()),
    };
    if takes_quotients(definition)
        && definition.entry_kind == Some(crate::domain::indicator::EntryKind::NumDen)
    {
        return (format!("{range_ja}数"), format!("a number{range_en}"));
    }
    match (domain.integer, definition.unit.decimals) {
        (true, _) | (false, 0) => (
            format!("{range_ja}整数"),
            format!("a whole number{range_en}"),
        ),
        (false, n) => (
            format!("{range_ja}数（小数点以下{n}桁まで）"),
            format!("a number{range_en} with at most {n} decimals"),
        ),
    }
}
