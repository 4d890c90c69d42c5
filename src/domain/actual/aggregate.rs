//! What the entries of an indicator come to: the actual A(D, K).
//!
//! A pure fold over the entries that count at a [`Cut`], by the indicator's own aggregation. Values are
//! exact; what a division would round is kept in its two parts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::actual::{Actual, ratio};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::event::Validity;
use crate::domain::goal::{DefinitionVersion, Entry, Indicator};
use crate::domain::id::EventId;
use crate::domain::indicator::{AggSpace, AggTime, Definition};

mod advancing;
mod digest;

pub use advancing::Advancing;
use digest::Digest;

/// Which facts a figure is made of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Cut {
    /// D: facts of days up to this one, included.
    pub on: Date,
    /// K: what the ledger held when it had this many events; `None`: all it holds.
    pub known: Option<u64>,
}

impl Cut {
    /// Days up to `date`, with all that is known now.
    pub fn on(date: Date) -> Self {
        Self {
            on: date,
            known: None,
        }
    }

    /// The same days, with what was known at `size`.
    #[must_use]
    pub fn known_at(self, size: u64) -> Self {
        Self {
            known: Some(size),
            ..self
        }
    }

    /// Whether the ledger held the event at `position`.
    pub fn knows(&self, position: u64) -> bool {
        self.known.is_none_or(|size| position < size)
    }

    /// Whether the ledger held the event at `position`, and its days had been. One without days counts from
    /// its record on.
    pub fn holds(&self, position: u64, valid: Option<Validity>) -> bool {
        self.knows(position) && valid.is_none_or(|valid| valid.counts_on() <= self.on)
    }
}

/// Whether an entry counts at a cut, and if not, why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It is of a later day.
    Later,
    /// It was recorded later.
    Unknown,
    /// It was replaced by this event.
    Replaced(EventId),
    /// It was taken back by this event.
    Retracted(EventId),
    /// It belongs to the series before or after a break.
    OtherSeries,
}

/// Whether `entry` counts at `cut`.
pub fn standing(indicator: &Indicator, entry: &Entry<'_>, cut: Cut) -> Standing {
    let series = indicator.definition_at(cut).map(|(number, _)| number);
    standing_in(series, entry, cut)
}

fn standing_in(series: Option<u32>, entry: &Entry<'_>, cut: Cut) -> Standing {
    match entry.superseded() {
        _ if !cut.knows(entry.position) => Standing::Unknown,
        Some(by) if cut.knows(by.position) && by.retracted => Standing::Retracted(by.by),
        Some(by) if cut.knows(by.position) => Standing::Replaced(by.by),
        _ if series != Some(entry.definition_version) => Standing::OtherSeries,
        _ if cut.on < entry.valid.counts_on() => Standing::Later,
        _ => Standing::Counts,
    }
}

/// The entries that count at `cut`, in the order of recording.
pub fn counted(indicator: &Indicator, cut: Cut) -> impl Iterator<Item = Entry<'_>> {
    let series = indicator.definition_at(cut).map(|(number, _)| number);
    let entries = indicator.entries.iter();
    entries.filter(move |entry| standing_in(series, entry, cut) == Standing::Counts)
}

/// How many entries count at `cut`.
pub fn count_at(indicator: &Indicator, cut: Cut) -> usize {
    let is_whole = indicator.is_whole_at(cut) && indicator.definition_at(cut).is_some();
    match indicator.effective_of_one_series() {
        Some(count) if is_whole => count,
        _ => counted(indicator, cut).count(),
    }
}

/// What an indicator stands at on `date` by all that is known.
pub fn current_actual(indicator: &Indicator, cycle: DateSpan, date: Date) -> Actual {
    actual_at(indicator, cycle, Cut::on(date))
}

/// What an indicator stood at, as of a cut.
pub fn actual_at(indicator: &Indicator, cycle: DateSpan, cut: Cut) -> Actual {
    let Some((_, version)) = indicator.definition_at(cut) else {
        return Actual::NoReport;
    };
    if let Some(actual) = tallied(indicator, version, cut) {
        return actual;
    }
    let mut digest = Digest::new(&version.definition);
    counted(indicator, cut).for_each(|entry| digest.add(&entry));
    digest.actual(cycle, cut.on)
}

/// What is mostly asked for, and asks for no look at the reports: what amounts add up to at a cut that selects all of them.
fn tallied(indicator: &Indicator, version: &DefinitionVersion, cut: Cut) -> Option<Actual> {
    let DefinitionVersion {
        definition, tally, ..
    } = version;
    let adds_up = definition.agg_time == AggTime::Sum && !definition.per_month;
    let parts_add_up = match definition.agg_space {
        AggSpace::Sum
        | AggSpace::CappedSum
        | AggSpace::RatioOfSums
        | AggSpace::AllOf
        | AggSpace::None => true,
        AggSpace::MinOfParts | AggSpace::Weighted => false,
    };
    if !(adds_up && parts_add_up && tally.holds_increments_alone() && indicator.is_whole_at(cut)) {
        return None;
    }
    Some(match tally.is_empty() {
        true => Actual::NoReport,
        false => Actual::Number {
            value: tally.total(),
            parts: tally.totals_of_parts(definition),
        },
    })
}

/// What each part of an indicator stood at, in the order of the definition; a silent part is listed too.
pub fn part_actuals(indicator: &Indicator, cycle: DateSpan, cut: Cut) -> Vec<(Key, Actual)> {
    let Some((_, version)) = indicator.definition_at(cut) else {
        return Vec::new();
    };
    let entries: Vec<Entry<'_>> = counted(indicator, cut).collect();
    let parts = entries_of_parts(&version.definition, &entries).into_iter();
    parts
        .map(|(part, entries)| {
            let actual = fold(&version.definition, cycle, cut.on, &entries);
            (part.clone(), actual)
        })
        .collect()
}

/// What counts of each part, in the order of the definition. A nil report without a part speaks for all.
pub(crate) fn entries_of_parts<'a>(
    definition: &'a Definition,
    entries: &[Entry<'a>],
) -> Vec<(&'a Key, Vec<Entry<'a>>)> {
    let mut of_part: BTreeMap<&Key, Vec<Entry<'a>>> = BTreeMap::new();
    let mut of_all: Vec<Entry<'a>> = Vec::new();
    for entry in entries {
        match &entry.context.reported.part {
            Some(part) => of_part.entry(part).or_default().push(entry.clone()),
            None => of_all.push(entry.clone()),
        }
    }
    let of = |part: &'a Key| {
        let mut entries = of_part.remove(part).unwrap_or_default();
        entries.extend(of_all.iter().cloned());
        (part, entries)
    };
    definition
        .parts
        .iter()
        .map(|part| &part.key)
        .map(of)
        .collect()
}

impl Actual {
    /// The value in the indicator's unit with `digits` after the point, half up, where it is a number.
    ///
    /// For eyes only: nothing may be judged on it, and it may round across a target.
    pub fn rounded(&self, definition: &Definition, digits: u32) -> Option<Decimal> {
        match self {
            Self::Number { value, .. } => Some(ratio::round_half_up(value.decimal(), digits)),
            Self::Ratio {
                numerator,
                denominator,
            } => ratio::rounded(definition, (*numerator, *denominator), digits),
            Self::Months { total, .. } if definition.agg_time == AggTime::Sum => {
                Some(ratio::round_half_up(total.decimal(), digits))
            }
            Self::Months {
                complete_total,
                complete_months,
                ..
            } => {
                let months = Decimal::from(*complete_months);
                let mean = complete_total.decimal().checked_div(months)?;
                Some(ratio::round_half_up(mean, digits))
            }
            Self::Coverage { done, .. } => Some(Decimal::from(done.len())),
            Self::NoReport
            | Self::Nil(_)
            | Self::Members { .. }
            | Self::Milestone { .. }
            | Self::RubricLevel(_)
            | Self::Composite => None,
        }
    }
}

/// What entries come to by the aggregation of their definition.
pub(crate) fn fold(
    definition: &Definition,
    cycle: DateSpan,
    on: Date,
    entries: &[Entry<'_>],
) -> Actual {
    let mut digest = Digest::new(definition);
    entries.iter().for_each(|entry| digest.add(entry));
    digest.actual(cycle, on)
}

#[cfg(test)]
mod tests;
