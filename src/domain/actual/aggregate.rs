//! What the entries of an indicator come to: the actual A(D, K).
//!
//! A pure fold over the entries that count at a [`Cut`], by the indicator's own aggregation. Values are
//! exact; what a division would round is kept in its two parts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::actual::{Actual, Measurement, MemberState, MilestoneState, NilCause, ratio};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::event::Validity;
use crate::domain::goal::{Entry, Indicator};
use crate::domain::id::EventId;
use crate::domain::indicator::{AggSpace, AggTime, Definition};
use crate::domain::quantity::Quantity;

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
pub fn standing(indicator: &Indicator, entry: &Entry, cut: Cut) -> Standing {
    let series = indicator.definition_at(cut).map(|(number, _)| number);
    standing_in(series, entry, cut)
}

fn standing_in(series: Option<u32>, entry: &Entry, cut: Cut) -> Standing {
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
pub fn counted(indicator: &Indicator, cut: Cut) -> impl Iterator<Item = &Entry> {
    let series = indicator.definition_at(cut).map(|(number, _)| number);
    let entries = indicator.entries.iter();
    entries.filter(move |entry| standing_in(series, entry, cut) == Standing::Counts)
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
    let entries: Vec<&Entry> = counted(indicator, cut).collect();
    fold(&version.definition, cycle, cut.on, &entries)
}

/// What each part of an indicator stood at, in the order of the definition; a silent part is listed too.
pub fn part_actuals(indicator: &Indicator, cycle: DateSpan, cut: Cut) -> Vec<(Key, Actual)> {
    let Some((_, version)) = indicator.definition_at(cut) else {
        return Vec::new();
    };
    let entries: Vec<&Entry> = counted(indicator, cut).collect();
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
    entries: &[&'a Entry],
) -> Vec<(&'a Key, Vec<&'a Entry>)> {
    let mut of_part: BTreeMap<&Key, Vec<&Entry>> = BTreeMap::new();
    let mut of_all: Vec<&Entry> = Vec::new();
    for entry in entries {
        match &entry.context.reported.part {
            Some(part) => of_part.entry(part).or_default().push(entry),
            None => of_all.push(entry),
        }
    }
    let of = |part: &'a Key| {
        let mut entries = of_part.remove(part).unwrap_or_default();
        entries.extend(&of_all);
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
    entries: &[&Entry],
) -> Actual {
    if definition.agg_time == AggTime::None {
        return Actual::Composite;
    }
    if entries.iter().all(|entry| nil_cause(entry).is_some()) {
        let newest = entries
            .iter()
            .max_by_key(|entry| order(entry))
            .and_then(|entry| nil_cause(entry));
        let Some(cause) = newest else {
            return Actual::NoReport;
        };
        // Where amounts add up, no activity is zero; a level, a share or a state it says nothing of.
        let zero = entries
            .iter()
            .any(|entry| nil_cause(entry) == Some(NilCause::NoActivity));
        if !(zero && adds_up(definition)) {
            return Actual::Nil(cause);
        }
    }
    match definition.agg_time {
        AggTime::Sum if definition.per_month => months(definition, cycle, on, entries),
        AggTime::MeanOfPeriods => months(definition, cycle, on, entries),
        AggTime::Sum => {
            let parts = by_part(definition, entries, |entries| {
                entries
                    .iter()
                    .filter_map(|entry| value_of(entry))
                    .fold(Quantity::ZERO, sum)
            });
            joined(definition, parts)
        }
        AggTime::Latest | AggTime::Max | AggTime::Min => match newest_level_of_rubric(entries) {
            Some(level) => Actual::RubricLevel(level),
            None if entries
                .iter()
                .any(|e| matches!(e.measurement, Measurement::MemberValue { .. })) =>
            {
                members(definition, on, entries)
            }
            None => joined(
                definition,
                by_part(definition, entries, |entries| chosen(definition, entries)),
            ),
        },
        AggTime::RatioOfSums | AggTime::RatioOfLatest => shares(definition, entries),
        AggTime::Distinct => coverage(definition, on, entries),
        AggTime::DoneBy => milestone(definition, entries),
        AggTime::None => Actual::Composite,
    }
}

/// Whether the values of an indicator are amounts that add up.
fn adds_up(definition: &Definition) -> bool {
    matches!(definition.agg_time, AggTime::Sum | AggTime::MeanOfPeriods)
}

fn nil_cause(entry: &Entry) -> Option<NilCause> {
    match entry.measurement {
        Measurement::Nil(cause) => Some(cause),
        _ => None,
    }
}

/// Later day first, then the one recorded later: which of two is the latest.
fn order(entry: &Entry) -> (Date, u64) {
    (entry.valid.counts_on(), entry.position)
}

fn value_of(entry: &Entry) -> Option<Quantity> {
    match &entry.measurement {
        Measurement::Increment(value)
        | Measurement::Level(value)
        | Measurement::MemberValue { value, .. } => Some(*value),
        Measurement::Ratio { .. }
        | Measurement::Member { .. }
        | Measurement::Milestone { .. }
        | Measurement::RubricLevel(_)
        | Measurement::Nil(_) => None,
    }
}

// `decide` bounds what is summed, so this is exact. A forged history that goes beyond stops here.
fn sum(a: Quantity, b: Quantity) -> Quantity {
    (a.decimal() + b.decimal()).into()
}

/// What the entries of each part come to; entries without a part are the part `None`. A part that reported
/// no activity comes to zero where amounts add up; otherwise a nil report has no value.
fn by_part(
    definition: &Definition,
    entries: &[&Entry],
    value: impl Fn(&[&Entry]) -> Quantity,
) -> Vec<(Option<Key>, Quantity)> {
    let mut groups: BTreeMap<Option<&Key>, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let zero = nil_cause(entry) == Some(NilCause::NoActivity) && adds_up(definition);
        if nil_cause(entry).is_none() || (zero && entry.context.reported.part.is_some()) {
            groups
                .entry(entry.context.reported.part.as_ref())
                .or_default()
                .push(entry);
        }
    }
    groups
        .into_iter()
        .map(|(part, entries)| (part.cloned(), value(&entries)))
        .collect()
}

/// Of the levels of one part the latest, the greatest or the least.
fn chosen(definition: &Definition, entries: &[&Entry]) -> Quantity {
    let levels = entries
        .iter()
        .filter_map(|entry| value_of(entry).map(|value| (entry, value)));
    let chosen = match definition.agg_time {
        AggTime::Max => levels.map(|(_, value)| value).max(),
        AggTime::Min => levels.map(|(_, value)| value).min(),
        _ => levels
            .max_by_key(|(entry, _)| order(entry))
            .map(|(_, value)| value),
    };
    chosen.unwrap_or_default()
}

/// The whole of the parts.
fn joined(definition: &Definition, values: Vec<(Option<Key>, Quantity)>) -> Actual {
    let all = || values.iter().map(|(_, value)| *value);
    if definition.agg_space == AggSpace::Weighted {
        return weighted(definition, &values);
    }
    let value = match definition.agg_space {
        AggSpace::MinOfParts => all().min().unwrap_or_default(),
        // What a part may count for at most depends on its target, so capping is the evaluation's.
        AggSpace::Sum
        | AggSpace::CappedSum
        | AggSpace::RatioOfSums
        | AggSpace::AllOf
        | AggSpace::None => all().fold(Quantity::ZERO, sum),
        AggSpace::Weighted => Quantity::ZERO,
    };
    let mut parts = Vec::new();
    for part in &definition.parts {
        let found = values
            .iter()
            .find(|(key, _)| key.as_ref() == Some(&part.key));
        parts.extend(found.map(|(_, value)| (part.key.clone(), *value)));
    }
    Actual::Number { value, parts }
}

/// The mean of the parts that reported, by their weights, in its two parts.
fn weighted(definition: &Definition, values: &[(Option<Key>, Quantity)]) -> Actual {
    let (mut numerator, mut denominator) = (Quantity::ZERO, Quantity::ZERO);
    for (key, value) in values {
        let part = definition
            .parts
            .iter()
            .find(|part| Some(&part.key) == key.as_ref());
        let weight = part.and_then(|part| part.weight).unwrap_or_default();
        numerator = sum(numerator, (value.decimal() * weight.decimal()).into());
        denominator = sum(denominator, weight);
    }
    Actual::Ratio {
        numerator,
        denominator,
    }
}

fn newest_level_of_rubric(entries: &[&Entry]) -> Option<u32> {
    let levels = entries.iter().filter_map(|entry| match entry.measurement {
        Measurement::RubricLevel(level) => Some((order(entry), level)),
        _ => None,
    });
    levels.max().map(|(_, level)| level)
}

/// Numerators over denominators: of all entries or of the latest of each part, joined or the worst part.
fn shares(definition: &Definition, entries: &[&Entry]) -> Actual {
    type Share = (Quantity, Quantity);
    let mut parts: BTreeMap<Option<&Key>, ((Date, u64), Share)> = BTreeMap::new();
    for entry in entries {
        let Measurement::Ratio {
            numerator,
            denominator,
        } = entry.measurement
        else {
            continue;
        };
        let (key, own) = (
            entry.context.reported.part.as_ref(),
            (numerator, denominator),
        );
        parts
            .entry(key)
            .and_modify(|(last, share)| {
                if definition.agg_time == AggTime::RatioOfSums {
                    *share = (sum(share.0, own.0), sum(share.1, own.1));
                } else if *last < order(entry) {
                    (*last, *share) = (order(entry), own);
                }
            })
            .or_insert((order(entry), own));
    }
    let shares = parts.into_values().map(|(_, share)| share);
    let whole = if definition.agg_space == AggSpace::MinOfParts {
        shares.min_by(|a, b| ratio::compare(*a, *b))
    } else {
        shares.reduce(|a, b| (sum(a.0, b.0), sum(a.1, b.1)))
    };
    match whole {
        Some((numerator, denominator)) => Actual::Ratio {
            numerator,
            denominator,
        },
        None => Actual::NoReport,
    }
}

/// Sums of months. A month counts as reported once it has an entry or a report of no activity; silence is
/// not zero.
fn months(definition: &Definition, cycle: DateSpan, on: Date, entries: &[&Entry]) -> Actual {
    let mut months: BTreeMap<Date, Quantity> = BTreeMap::new();
    for entry in entries {
        match entry.measurement {
            Measurement::Nil(NilCause::NoActivity) => {
                for month in months_of(entry.valid.span()) {
                    months.entry(month).or_default();
                }
            }
            _ => {
                if let Some(value) = value_of(entry) {
                    let month = months
                        .entry(entry.valid.counts_on().first_of_month())
                        .or_default();
                    *month = sum(*month, value);
                }
            }
        }
    }
    let window = definition.active_window.unwrap_or(cycle);
    let complete = |month: &Date| {
        let last = month.last_of_month();
        last <= on && window.contains(*month) && window.contains(last)
    };
    let whole = || {
        months
            .iter()
            .filter(|(month, _)| complete(month))
            .map(|(_, value)| *value)
    };
    Actual::Months {
        total: months.values().copied().fold(Quantity::ZERO, sum),
        complete_total: whole().fold(Quantity::ZERO, sum),
        complete_months: u32::try_from(whole().count()).unwrap_or(u32::MAX),
        months: months.into_iter().collect(),
    }
}

/// First days of the months a span touches.
fn months_of(span: DateSpan) -> impl Iterator<Item = Date> {
    let next = |month: &Date| month.last_of_month().tomorrow().ok();
    std::iter::successors(Some(span.first().first_of_month()), next)
        .take_while(move |month| *month <= span.last())
}

/// Members in the set on the day whose latest state is done.
fn coverage(definition: &Definition, on: Date, entries: &[&Entry]) -> Actual {
    let mut states: BTreeMap<&Key, ((Date, u64), MemberState)> = BTreeMap::new();
    for entry in entries {
        if let Measurement::Member { member, state } = &entry.measurement {
            let newest = states.entry(member).or_insert((order(entry), *state));
            *newest = (*newest).max((order(entry), *state));
        }
    }
    let in_set = |key: &Key| {
        definition
            .members
            .iter()
            .any(|m| m.key == *key && m.in_set_on(on))
    };
    let done = states
        .iter()
        .filter(|(key, (_, state))| *state == MemberState::Done && in_set(key));
    Actual::Coverage {
        done: done.map(|(key, _)| (*key).clone()).collect(),
        in_set: size(definition, on),
    }
}

/// The value of each member in the set on the day: its latest, greatest or least.
fn members(definition: &Definition, on: Date, entries: &[&Entry]) -> Actual {
    let mut of_member: BTreeMap<&Key, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Measurement::MemberValue { member, .. } = &entry.measurement {
            of_member.entry(member).or_default().push(entry);
        }
    }
    let in_set = |key: &Key| {
        definition
            .members
            .iter()
            .any(|m| m.key == *key && m.in_set_on(on))
    };
    let values = of_member.iter().filter(|(key, _)| in_set(key));
    let values = values
        .map(|(key, entries)| ((*key).clone(), chosen(definition, entries)))
        .collect();
    Actual::Members {
        values,
        in_set: size(definition, on),
    }
}

fn size(definition: &Definition, on: Date) -> u32 {
    let members = definition
        .members
        .iter()
        .filter(|member| member.in_set_on(on))
        .count();
    u32::try_from(members).unwrap_or(u32::MAX)
}

/// The milestone's own state, or begun where only checkpoints were reported on.
fn milestone(definition: &Definition, entries: &[&Entry]) -> Actual {
    let mut states: BTreeMap<Option<&Key>, Vec<(Date, u64, MilestoneState)>> = BTreeMap::new();
    for entry in entries {
        if let Measurement::Milestone { checkpoint, state } = &entry.measurement {
            let (date, position) = order(entry);
            states
                .entry(checkpoint.as_ref())
                .or_default()
                .push((date, position, *state));
        }
    }
    // The newest state, since the first day from which on nothing else was reported.
    let newest = |history: &Vec<(Date, u64, MilestoneState)>| {
        let mut history = history.clone();
        history.sort_unstable();
        let (_, _, state) = *history.last()?;
        let since = history
            .iter()
            .rev()
            .take_while(|(_, _, s)| *s == state)
            .last()
            .map(|(date, ..)| *date)?;
        Some((state, since))
    };
    let checkpoints: Vec<(Key, MilestoneState, Date)> = definition
        .checkpoints
        .iter()
        .filter_map(|c| {
            let (state, since) = newest(states.get(&Some(&c.key))?)?;
            Some((c.key.clone(), state, since))
        })
        .collect();
    let own = states.get(&None).and_then(newest);
    let begun = checkpoints
        .iter()
        .filter(|(_, state, _)| MilestoneState::NotStarted < *state)
        .map(|(.., since)| *since)
        .min()
        .map(|since| (MilestoneState::Started, since));
    let not_begun = checkpoints
        .iter()
        .map(|(.., since)| (MilestoneState::NotStarted, *since))
        .min();
    match own.or(begun).or(not_begun) {
        Some((state, since)) => Actual::Milestone {
            state,
            since,
            checkpoints,
        },
        None => Actual::NoReport,
    }
}

#[cfg(test)]
mod tests;
