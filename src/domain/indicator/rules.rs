//! What a definition must satisfy to make sense.

use std::collections::HashSet;

use super::{AggSpace, AggTime, Comparator, Definition, EntryKind, MeasureType, Quantifier};
use crate::domain::quantity::Quantity;

/// A contradiction within a definition: the field at fault, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inconsistency {
    /// Path of the field within the definition: `agg_time`, `members[3].key`.
    pub field: String,
    /// What is wrong, in English, lower case, no full stop.
    pub problem: &'static str,
}

impl Definition {
    /// Most parts, members, checkpoints or components.
    pub const LIST_MAX: usize = 500;
    /// Fields that nobody can confirm while they are assumed: they have to be told.
    pub const TO_BE_TOLD: [&str; 3] = ["members", "baseline", "active_window"];

    /// Everything that contradicts within the definition; empty if it is sound.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        let mut found = Vec::new();
        let mut fault = |field: &str, problem| {
            found.push(Inconsistency {
                field: field.to_owned(),
                problem,
            })
        };
        use MeasureType as M;

        let (kinds, times): (&[EntryKind], &[AggTime]) = match self.measure_type {
            M::Count | M::Quantity => (&[EntryKind::Increment], &[AggTime::Sum]),
            M::Level => (
                &[EntryKind::Absolute, EntryKind::MemberValue],
                &[AggTime::Latest, AggTime::Max, AggTime::Min],
            ),
            M::Stage => (&[EntryKind::Absolute], &[AggTime::Latest]),
            M::Ratio => (
                &[EntryKind::NumDen],
                &[AggTime::RatioOfSums, AggTime::RatioOfLatest],
            ),
            M::Mean => (
                &[EntryKind::NumDen],
                &[AggTime::RatioOfSums, AggTime::RatioOfLatest],
            ),
            M::RatePerPeriod => (
                &[EntryKind::Increment],
                &[AggTime::Sum, AggTime::MeanOfPeriods],
            ),
            M::Coverage => (&[EntryKind::MemberState], &[AggTime::Distinct]),
            M::Milestone => (&[EntryKind::MilestoneState], &[AggTime::DoneBy]),
            M::Qualitative => (&[EntryKind::RubricLevel], &[AggTime::Latest]),
            M::Composite => (&[], &[AggTime::None]),
        };
        match self.entry_kind {
            Some(kind) if !kinds.contains(&kind) => {
                fault("entry_kind", "does not fit the measure type");
            }
            None if !kinds.is_empty() => fault("entry_kind", "required"),
            _ => {}
        }
        if !times.contains(&self.agg_time) {
            fault("agg_time", "does not fit the measure type");
        }
        if self.measure_type == M::Ratio && self.agg_space == AggSpace::Sum {
            fault("agg_space", "ratios cannot be summed over parts");
        }
        if self.agg_space == AggSpace::None && !self.parts.is_empty() {
            fault(
                "agg_space",
                "an indicator with parts must say how they are joined",
            );
        }
        if self.agg_space != AggSpace::None
            && self.parts.is_empty()
            && self.measure_type != M::Composite
        {
            fault("parts", "required where parts are joined");
        }
        if self.agg_space == AggSpace::Weighted {
            if matches!(self.measure_type, M::Ratio | M::Mean) {
                fault("agg_space", "a ratio has its denominator for a weight");
            }
            // Three digits before and after the point keep the products with values exact.
            let fits =
                |w: Quantity| Quantity::ZERO < w && w < Quantity::from(1000) && w.decimals() <= 3;
            if self.parts.iter().any(|part| !part.weight.is_some_and(fits)) {
                fault(
                    "parts",
                    "every part needs a weight above 0 and below 1000 with at most 3 decimals",
                );
            }
        }
        let weights: Vec<Quantity> = self.checkpoints.iter().filter_map(|c| c.weight).collect();
        let whole = weights
            .iter()
            .try_fold(Quantity::ZERO, |sum, weight| sum.checked_add(*weight));
        if !weights.is_empty()
            && (weights.len() < self.checkpoints.len()
                || weights.iter().any(|w| w.is_negative())
                || whole != Some(Quantity::from(100)))
        {
            fault(
                "checkpoints",
                "weights are given for all, none below 0, and come to 100",
            );
        }
        if self.unit.code.trim().is_empty() || self.unit.display_ja.trim().is_empty() {
            fault("unit", "a unit has a code and a name");
        }
        if [
            &self.unit.code,
            &self.unit.display_ja,
            &self.unit.display_en,
        ]
        .iter()
        .any(|s| 60 < s.chars().count())
        {
            fault("unit", "its code and names have at most 60 characters");
        }
        if Quantity::FRACTION_DIGITS_MAX < usize::from(self.unit.decimals) {
            fault("unit.decimals", "more than 10");
        }
        if !(-9..=9).contains(&self.unit.scale_pow10) {
            fault("unit.scale_pow10", "not from -9 to 9");
        }
        for (index, member) in self.members.iter().enumerate() {
            if let (Some(from), Some(until)) = (member.from, member.until)
                && until < from
            {
                fault(
                    &format!("members[{index}].until"),
                    "before the first day in the set",
                );
            }
        }
        let numeric = matches!(
            self.comparator,
            Comparator::Ge
                | Comparator::Gt
                | Comparator::Le
                | Comparator::Lt
                | Comparator::WithinTolerance
                | Comparator::InRange
        );
        match self.measure_type {
            M::Milestone if self.comparator != Comparator::DoneBy => {
                fault("comparator", "a milestone is done by a date");
            }
            M::Qualitative if self.comparator != Comparator::RubricAtLeast => {
                fault(
                    "comparator",
                    "a qualitative indicator reaches a level of its rubric",
                );
            }
            M::Milestone | M::Qualitative | M::Composite => {}
            _ if !numeric => fault("comparator", "does not fit the measure type"),
            _ => {}
        }
        if self.measure_type == M::Qualitative && self.rubric.is_none() {
            fault("rubric", "required for a qualitative indicator");
        }
        if self
            .rubric
            .as_ref()
            .is_some_and(|r| r.levels.is_empty() || r.version == 0)
        {
            fault("rubric", "needs a version from 1 and at least one level");
        }
        let needs_members =
            self.measure_type == M::Coverage || self.entry_kind == Some(EntryKind::MemberValue);
        // The set may be listed later by a new definition version, but then the import must say so.
        if needs_members && self.members.is_empty() && !self.assumed.iter().any(|f| f == "members")
        {
            fault(
                "members",
                "required; name `members` in `assumed` where the list is not known yet",
            );
        }
        if self.quantifier == Quantifier::ForAll
            && !needs_members
            && !self.per_month
            && self.parts.is_empty()
        {
            fault(
                "quantifier",
                "for all of what? needs members, parts or months",
            );
        }
        if self.quantifier == Quantifier::AtLeastN(0) {
            fault("quantifier", "at least one");
        }
        if self.per_month != (self.measure_type == M::RatePerPeriod) {
            fault(
                "per_month",
                "a rate per period is per month, and nothing else is",
            );
        }
        if self.measure_type == M::Composite && self.components.is_empty() {
            fault("components", "required for a composite");
        }
        if self.measure_type != M::Composite && !self.components.is_empty() {
            fault("components", "only a composite has components");
        }
        if self.measure_type == M::Stage
            && (self.domain.min != Some(Quantity::ZERO) || self.domain.max.is_none())
        {
            fault("domain", "a stage runs from 0 to a greatest value");
        }
        if let (Some(min), Some(max)) = (self.domain.min, self.domain.max)
            && max < min
        {
            fault("domain", "the least value is above the greatest");
        }
        for (name, len) in [
            ("parts", self.parts.len()),
            ("members", self.members.len()),
            ("checkpoints", self.checkpoints.len()),
            ("components", self.components.len()),
            ("contributing_units", self.contributing_units.len()),
            ("assumed", self.assumed.len()),
        ] {
            if Self::LIST_MAX < len {
                fault(name, "more than 500");
            }
        }
        let mut twice = |field: &str, keys: &mut dyn Iterator<Item = &str>| {
            let mut seen = HashSet::new();
            for (index, key) in keys.enumerate() {
                if !seen.insert(key) {
                    found.push(Inconsistency {
                        field: format!("{field}[{index}].key"),
                        problem: "given twice",
                    });
                }
            }
        };
        twice("parts", &mut self.parts.iter().map(|p| p.key.as_str()));
        twice("members", &mut self.members.iter().map(|m| m.key.as_str()));
        twice(
            "checkpoints",
            &mut self.checkpoints.iter().map(|c| c.key.as_str()),
        );
        found
    }
}
