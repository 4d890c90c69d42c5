//! What each report does for a figure, and why those that do nothing do not count.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::actual::aggregate::{Cut, Standing, standing};
use crate::domain::actual::{Measurement, MilestoneState, NilCause, ratio};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::goal::{Entry, Indicator};
use crate::domain::id::EventId;
use crate::domain::indicator::{AggSpace, AggTime, Definition, enumeration};
use crate::domain::quantity::Quantity;

enumeration! {
    /// What an event does for a figure.
    Role {
        /// 加算: its amount is part of the sum, or its numerator and denominator of the two sums.
        Adds = "ADDS",
        /// 加算（月未了）: part of the total, not of the mean: its month is not complete.
        OpenMonth = "OPEN_MONTH",
        /// 採用: it gives the value, or the value of its part, member or checkpoint.
        Decides = "DECIDES",
        /// 不採用: it counts, but another gives the value: a later one, a greater one, a lesser one.
        Outdone = "OUTDONE",
        /// 内訳のみ: it counts for its part, but another part decides.
        OtherPart = "OTHER_PART",
        /// 実績なし報告: it says that there was nothing, and brings no value.
        Nil = "NIL",
        /// 対象外: its member is not in the set on the day.
        OutsideSet = "OUTSIDE_SET",
        /// 後日分: it is of a later day.
        Later = "LATER",
        /// 訂正済: it was replaced.
        Replaced = "REPLACED",
        /// 取消済: it was taken back.
        Retracted = "RETRACTED",
        /// 別系列: it belongs to the series before or after a break.
        OtherSeries = "OTHER_SERIES",
    }
}

impl Role {
    /// Whether the figure is made of it.
    pub fn makes_the_figure(self) -> bool {
        matches!(self, Self::Adds | Self::OpenMonth | Self::Decides)
    }
}

/// What one report does for an indicator's actual.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution<'a> {
    /// The report.
    pub entry: Entry<'a>,
    /// What it does.
    pub role: Role,
    /// The event that it gives way to: what replaced it, took it back or outdid it.
    pub for_whom: Option<EventId>,
    /// Where amounts add up: what it adds to the total, in the indicator's unit and before the weights of parts; zero of
    /// what does not count.
    pub adds: Option<Quantity>,
}

/// What every report known at `cut` does for the actual, in the order of the days they count on, of one day in
/// the order of recording.
pub fn contributions(indicator: &Indicator, cycle: DateSpan, cut: Cut) -> Vec<Contribution<'_>> {
    let mut known = Vec::new();
    for entry in &indicator.entries {
        let (role, for_whom) = match standing(indicator, &entry, cut) {
            Standing::Unknown => continue,
            // What it does among those that count is seen below.
            Standing::Counts => (Role::Outdone, None),
            Standing::Later => (Role::Later, None),
            Standing::Replaced(by) => (Role::Replaced, Some(by)),
            Standing::Retracted(by) => (Role::Retracted, Some(by)),
            Standing::OtherSeries => (Role::OtherSeries, None),
        };
        known.push(Contribution {
            entry,
            role,
            for_whom,
            adds: None,
        });
    }
    known.sort_by_key(|contribution| order(&contribution.entry));
    let Some((_, version)) = indicator.definition_on(cut.on, cut.known) else {
        return known;
    };
    let whole = Whole {
        definition: &version.definition,
        cycle,
        on: cut.on,
    };
    let counting = known
        .iter_mut()
        .filter(|contribution| contribution.role == Role::Outdone)
        .collect();
    whole.share_out(counting);
    if matches!(
        version.definition.agg_time,
        AggTime::Sum | AggTime::MeanOfPeriods
    ) {
        for contribution in &mut known {
            if !contribution.role.makes_the_figure() {
                contribution.adds = Some(Quantity::ZERO);
            }
        }
    }
    known
}

/// The day it counts on, then the place in the ledger: which of two is the later one.
fn order(entry: &Entry<'_>) -> (Date, u64) {
    (entry.valid.counts_on(), entry.position)
}

/// What the reports that count make together.
struct Whole<'a> {
    definition: &'a Definition,
    cycle: DateSpan,
    on: Date,
}

impl Whole<'_> {
    fn share_out(&self, mut counting: Vec<&mut Contribution<'_>>) {
        let by_month =
            self.definition.per_month || self.definition.agg_time == AggTime::MeanOfPeriods;
        match self.definition.agg_time {
            AggTime::Sum | AggTime::MeanOfPeriods if by_month => self.months(&mut counting),
            AggTime::Sum => self.sums(&mut counting),
            AggTime::RatioOfSums => self.ratios(&mut counting),
            AggTime::Latest | AggTime::Max | AggTime::Min | AggTime::RatioOfLatest => {
                self.chosen(&mut counting);
            }
            AggTime::Distinct => self.chosen(&mut counting),
            AggTime::DoneBy => self.states(&mut counting),
            AggTime::MeanOfPeriods | AggTime::None => {}
        }
    }

    fn sums(&self, counting: &mut [&mut Contribution<'_>]) {
        for contribution in &mut *counting {
            (contribution.role, contribution.adds) = match contribution.entry.measurement {
                Measurement::Nil(NilCause::NoActivity) => (Role::Adds, Some(Quantity::ZERO)),
                _ => match value(&contribution.entry) {
                    Some(value) => (Role::Adds, Some(value)),
                    None => (Role::Nil, None),
                },
            };
        }
        if self.definition.agg_space == AggSpace::MinOfParts {
            let mut totals: BTreeMap<Option<&Key>, Decimal> = BTreeMap::new();
            // Nothing said of all parts together is a part of its own.
            let of_part = |entry: &Entry<'_>| value(entry).is_some() || part(entry).is_some();
            let adding = counting.iter().filter(|c| c.role == Role::Adds);
            for contribution in adding.filter(|c| of_part(&c.entry)) {
                let total = totals.entry(part(&contribution.entry)).or_default();
                *total += contribution.adds.unwrap_or_default().decimal();
            }
            let least = totals.into_iter().min_by_key(|(_, total)| *total);
            self.only(counting, least.map(|(part, _)| part));
        }
    }

    fn ratios(&self, counting: &mut [&mut Contribution<'_>]) {
        let mut totals: BTreeMap<Option<&Key>, (Quantity, Quantity)> = BTreeMap::new();
        for contribution in &mut *counting {
            let Measurement::Ratio {
                numerator,
                denominator,
            } = contribution.entry.measurement
            else {
                contribution.role = Role::Nil;
                continue;
            };
            contribution.role = Role::Adds;
            let total = totals.entry(part(&contribution.entry)).or_default();
            *total = (sum(total.0, numerator), sum(total.1, denominator));
        }
        if self.definition.agg_space == AggSpace::MinOfParts {
            let least = totals
                .into_iter()
                .min_by(|(_, a), (_, b)| ratio::compare(*a, *b));
            self.only(counting, least.map(|(part, _)| part));
        }
    }

    /// Leaves the figure to one part.
    fn only(&self, counting: &mut [&mut Contribution<'_>], deciding: Option<Option<&Key>>) {
        for contribution in counting {
            let made = contribution.role.makes_the_figure();
            if made && deciding.is_some_and(|deciding| deciding != part(&contribution.entry)) {
                contribution.role = Role::OtherPart;
            }
        }
    }

    fn months(&self, counting: &mut [&mut Contribution<'_>]) {
        let window = self.definition.active_window.unwrap_or(self.cycle);
        let complete = |month: Date| {
            let last = month.last_of_month();
            last <= self.on && window.contains(month) && window.contains(last)
        };
        let mean = self.definition.agg_time == AggTime::MeanOfPeriods;
        for contribution in counting {
            let month = contribution.entry.valid.counts_on().first_of_month();
            let adds = match contribution.entry.measurement {
                Measurement::Nil(NilCause::NoActivity) => Some(Quantity::ZERO),
                _ => value(&contribution.entry),
            };
            contribution.adds = adds;
            contribution.role = match adds {
                None => Role::Nil,
                Some(_) if mean && !complete(month) => Role::OpenMonth,
                Some(_) => Role::Adds,
            };
        }
    }

    /// One of each part and member gives its value.
    fn chosen(&self, counting: &mut [&mut Contribution<'_>]) {
        type Place<'k> = (Option<&'k Key>, Option<Key>);
        let mut chosen: BTreeMap<Place<'_>, Entry<'_>> = BTreeMap::new();
        for contribution in &mut *counting {
            let entry = &contribution.entry;
            if matches!(entry.measurement, Measurement::Nil(_)) {
                contribution.role = Role::Nil;
                continue;
            }
            if member(entry).is_some_and(|member| !self.in_set(member)) {
                contribution.role = Role::OutsideSet;
                continue;
            }
            chosen
                .entry((part(entry), member(entry).cloned()))
                .and_modify(|other| *other = self.better(other, entry).clone())
                .or_insert_with(|| entry.clone());
        }
        for contribution in &mut *counting {
            if contribution.role != Role::Outdone {
                continue;
            }
            let entry = &contribution.entry;
            let winner = chosen.get(&(part(entry), member(entry).cloned()));
            match winner.map(|winner| winner.event_id) {
                Some(winner) if winner == entry.event_id => contribution.role = Role::Decides,
                winner => contribution.for_whom = winner,
            }
        }
        if self.definition.agg_space == AggSpace::MinOfParts {
            let least = chosen.into_iter().min_by(|(_, a), (_, b)| worse(a, b));
            self.only(counting, least.map(|((part, _), _)| part));
        }
    }

    fn in_set(&self, key: &Key) -> bool {
        let members = self.definition.members.iter();
        members
            .filter(|member| member.key == *key)
            .any(|member| member.in_set_on(self.on))
    }

    fn has_checkpoint(&self, key: &Key) -> bool {
        self.definition
            .checkpoints
            .iter()
            .any(|checkpoint| checkpoint.key == *key)
    }

    /// Which of two entries of one place gives its value; `one` is the earlier.
    fn better<'e, 'k>(&self, one: &'e Entry<'k>, other: &'e Entry<'k>) -> &'e Entry<'k> {
        let greater = value(one)
            .zip(value(other))
            .map(|(one, other)| one.cmp(&other));
        let keeps = match self.definition.agg_time {
            // Of equal values the first stands: it was reached then.
            AggTime::Max => greater.is_some_and(std::cmp::Ordering::is_ge),
            AggTime::Min => greater.is_some_and(std::cmp::Ordering::is_le),
            _ => order(other) < order(one),
        };
        if keeps { one } else { other }
    }

    /// The newest state of the whole and of each checkpoint, and the report since which it is so.
    fn states(&self, counting: &mut [&mut Contribution<'_>]) {
        let mut of_place: BTreeMap<Option<Key>, Vec<usize>> = BTreeMap::new();
        for (index, contribution) in counting.iter_mut().enumerate() {
            match &contribution.entry.measurement {
                Measurement::Milestone {
                    checkpoint: Some(key),
                    ..
                } if !self.has_checkpoint(key) => contribution.role = Role::OutsideSet,
                Measurement::Milestone { checkpoint, .. } => {
                    of_place.entry(checkpoint.clone()).or_default().push(index);
                }
                _ => contribution.role = Role::Nil,
            }
        }
        // They stand in the order of their days.
        for indexes in of_place.values() {
            let Some(newest) = indexes.last().copied() else {
                continue;
            };
            let state = state(&counting[newest].entry);
            let newest_id = counting[newest].entry.event_id;
            let since = indexes
                .iter()
                .rev()
                .take_while(|index| self::state(&counting[**index].entry) == state)
                .last()
                .copied();
            for index in indexes {
                if *index == newest || Some(*index) == since {
                    counting[*index].role = Role::Decides;
                } else {
                    counting[*index].for_whom = Some(newest_id);
                }
            }
        }
    }
}

fn part<'a>(entry: &Entry<'a>) -> Option<&'a Key> {
    entry.context.reported.part.as_ref()
}

fn member<'e>(entry: &'e Entry<'_>) -> Option<&'e Key> {
    match &entry.measurement {
        Measurement::Member { member, .. } | Measurement::MemberValue { member, .. } => {
            Some(member)
        }
        _ => None,
    }
}

fn value(entry: &Entry<'_>) -> Option<Quantity> {
    match &entry.measurement {
        Measurement::Increment(value)
        | Measurement::Level(value)
        | Measurement::MemberValue { value, .. } => Some(*value),
        _ => None,
    }
}

fn worse(one: &Entry<'_>, other: &Entry<'_>) -> std::cmp::Ordering {
    match (&one.measurement, &other.measurement) {
        (
            Measurement::Ratio {
                numerator: a,
                denominator: b,
            },
            Measurement::Ratio {
                numerator: c,
                denominator: d,
            },
        ) => ratio::compare((*a, *b), (*c, *d)),
        _ => value(one).cmp(&value(other)),
    }
}

fn state(entry: &Entry<'_>) -> Option<MilestoneState> {
    match entry.measurement {
        Measurement::Milestone { state, .. } => Some(state),
        _ => None,
    }
}

// `decide` bounds what is summed, so this is exact. A forged history that goes beyond stops here.
fn sum(a: Quantity, b: Quantity) -> Quantity {
    (a.decimal() + b.decimal()).into()
}

#[cfg(test)]
mod tests;
