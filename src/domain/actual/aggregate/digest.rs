//! What entries come to, added up one by one: as much of them as the aggregation of their definition asks for.

use std::collections::BTreeMap;

use crate::domain::actual::{Actual, Measurement, MemberState, MilestoneState, NilCause, ratio};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::goal::Entry;
use crate::domain::indicator::{AggSpace, AggTime, Definition};
use crate::domain::quantity::Quantity;

/// Later day first, then the one recorded later: which of two is the latest.
type Order = (Date, u64);

/// A numerator over its denominator.
type Share = (Quantity, Quantity);

/// See the module. What was added cannot be taken out again.
#[derive(Clone, Debug)]
pub(super) struct Digest<'a> {
    definition: &'a Definition,
    /// How many entries say more than that there is nothing.
    values: usize,
    /// The newest of the others.
    nil: Option<(Order, NilCause)>,
    /// Whether one of those reports no activity.
    idle: bool,
    /// By part; `None`: without a part.
    parts: BTreeMap<Option<&'a Key>, Number>,
    shares: BTreeMap<Option<&'a Key>, (Order, Share)>,
    /// By their first days.
    months: BTreeMap<Date, Quantity>,
    members: BTreeMap<Key, (Order, MemberState)>,
    values_of_members: BTreeMap<Key, Number>,
    /// By checkpoint; `None`: of the whole.
    milestones: BTreeMap<Option<Key>, Vec<(Date, u64, MilestoneState)>>,
    rubric: Option<(Order, u32)>,
}

/// What some numbers come to: their sum, the greatest, the least or the latest.
#[derive(Clone, Copy, Debug, Default)]
struct Number(Option<(Order, Quantity)>);

impl Number {
    fn add(&mut self, by: AggTime, order: Order, value: Quantity) {
        self.0 = Some(match (self.0, by) {
            (None, _) => (order, value),
            (Some((last, sum_)), AggTime::Sum) => (last, sum(sum_, value)),
            (Some((last, greatest)), AggTime::Max) => (last, greatest.max(value)),
            (Some((last, least)), AggTime::Min) => (last, least.min(value)),
            (Some(latest), _) => latest.max((order, value)),
        });
    }

    /// Zero where nothing was added.
    fn value(&self) -> Quantity {
        self.0.map_or(Quantity::ZERO, |(_, value)| value)
    }
}

impl<'a> Digest<'a> {
    /// Of no entries.
    pub(super) fn new(definition: &'a Definition) -> Self {
        Self {
            definition,
            values: 0,
            nil: None,
            idle: false,
            parts: BTreeMap::new(),
            shares: BTreeMap::new(),
            months: BTreeMap::new(),
            members: BTreeMap::new(),
            values_of_members: BTreeMap::new(),
            milestones: BTreeMap::new(),
            rubric: None,
        }
    }

    /// Takes in an entry that counts.
    pub(super) fn add(&mut self, entry: &Entry<'a>) {
        let order = (entry.valid.counts_on(), entry.position);
        let part = entry.context.reported.part.as_ref();
        match &entry.measurement {
            Measurement::Nil(cause) => {
                self.nil = self.nil.max(Some((order, *cause)));
                // A part that reported no activity comes to zero where amounts add up; otherwise a nil report has no value.
                if *cause == NilCause::NoActivity {
                    self.idle = true;
                    if self.adds_up() && part.is_some() {
                        self.parts.entry(part).or_default();
                    }
                    if self.has_months() {
                        for month in months_of(entry.valid.span()) {
                            self.months.entry(month).or_default();
                        }
                    }
                }
                return;
            }
            Measurement::Increment(value) | Measurement::Level(value) => {
                self.add_value(part, order, *value);
            }
            Measurement::MemberValue { member, value } => {
                self.add_value(part, order, *value);
                let of_member = self.values_of_members.entry(member.clone());
                of_member
                    .or_default()
                    .add(self.definition.agg_time, order, *value);
            }
            Measurement::Ratio {
                numerator,
                denominator,
            } => {
                self.parts.entry(part).or_default();
                self.add_share(part, order, (*numerator, *denominator));
            }
            Measurement::Member { member, state } => {
                self.parts.entry(part).or_default();
                let newest = self.members.entry(member.clone());
                let newest = newest.or_insert((order, *state));
                *newest = (*newest).max((order, *state));
            }
            Measurement::Milestone { checkpoint, state } => {
                self.parts.entry(part).or_default();
                let history = self.milestones.entry(checkpoint.clone()).or_default();
                history.push((order.0, order.1, *state));
            }
            Measurement::RubricLevel(level) => {
                self.parts.entry(part).or_default();
                self.rubric = self.rubric.max(Some((order, *level)));
            }
        }
        self.values += 1;
    }

    fn add_value(&mut self, part: Option<&'a Key>, order: Order, value: Quantity) {
        let number = self.parts.entry(part).or_default();
        number.add(self.definition.agg_time, order, value);
        if self.has_months() {
            let month = self.months.entry(order.0.first_of_month()).or_default();
            *month = sum(*month, value);
        }
    }

    fn add_share(&mut self, part: Option<&'a Key>, order: Order, own: Share) {
        let adds = self.definition.agg_time == AggTime::RatioOfSums;
        self.shares
            .entry(part)
            .and_modify(|(last, share)| {
                if adds {
                    *share = (sum(share.0, own.0), sum(share.1, own.1));
                } else if *last < order {
                    (*last, *share) = (order, own);
                }
            })
            .or_insert((order, own));
    }

    /// Whether the values are amounts that add up.
    fn adds_up(&self) -> bool {
        matches!(
            self.definition.agg_time,
            AggTime::Sum | AggTime::MeanOfPeriods
        )
    }

    fn has_months(&self) -> bool {
        match self.definition.agg_time {
            AggTime::Sum => self.definition.per_month,
            AggTime::MeanOfPeriods => true,
            _ => false,
        }
    }

    /// What they come to by the aggregation of the definition, on a day of a cycle.
    pub(super) fn actual(&self, cycle: DateSpan, on: Date) -> Actual {
        let definition = self.definition;
        if definition.agg_time == AggTime::None {
            return Actual::Composite;
        }
        if self.values == 0 {
            let Some((_, cause)) = self.nil else {
                return Actual::NoReport;
            };
            // Where amounts add up, no activity is zero; a level, a share or a state it says nothing of.
            if !(self.idle && self.adds_up()) {
                return Actual::Nil(cause);
            }
        }
        match definition.agg_time {
            AggTime::Sum if definition.per_month => self.by_month(cycle, on),
            AggTime::MeanOfPeriods => self.by_month(cycle, on),
            AggTime::Sum => self.joined(),
            AggTime::Latest | AggTime::Max | AggTime::Min => match self.rubric {
                Some((_, level)) => Actual::RubricLevel(level),
                None if !self.values_of_members.is_empty() => self.of_members(on),
                None => self.joined(),
            },
            AggTime::RatioOfSums | AggTime::RatioOfLatest => self.share(),
            AggTime::Distinct => self.coverage(on),
            AggTime::DoneBy => self.milestone(),
            AggTime::None => Actual::Composite,
        }
    }

    /// The whole of the parts.
    fn joined(&self) -> Actual {
        let definition = self.definition;
        if definition.agg_space == AggSpace::Weighted {
            return self.weighted();
        }
        let all = self.parts.values().map(Number::value);
        let whole = match definition.agg_space {
            AggSpace::MinOfParts => all.min().unwrap_or_default(),
            // What a part may count for at most depends on its target, so capping is the evaluation's.
            AggSpace::Sum
            | AggSpace::CappedSum
            | AggSpace::RatioOfSums
            | AggSpace::AllOf
            | AggSpace::None => all.fold(Quantity::ZERO, sum),
            AggSpace::Weighted => Quantity::ZERO,
        };
        let mut parts = Vec::new();
        for part in &definition.parts {
            let found = self.parts.get(&Some(&part.key));
            parts.extend(found.map(|number| (part.key.clone(), number.value())));
        }
        Actual::Number {
            value: whole,
            parts,
        }
    }

    /// The mean of the parts that reported, by their weights, in its two parts.
    fn weighted(&self) -> Actual {
        let (mut numerator, mut denominator) = (Quantity::ZERO, Quantity::ZERO);
        for (key, number) in &self.parts {
            let mut parts = self.definition.parts.iter();
            let part = parts.find(|part| Some(&part.key) == *key);
            let weight = part.and_then(|part| part.weight).unwrap_or_default();
            let weighed = number.value().decimal() * weight.decimal();
            numerator = sum(numerator, weighed.into());
            denominator = sum(denominator, weight);
        }
        Actual::Ratio {
            numerator,
            denominator,
        }
    }

    /// Numerators over denominators: of all entries or of the latest of each part, joined or the worst part.
    fn share(&self) -> Actual {
        let shares = self.shares.values().map(|(_, share)| *share);
        let whole = if self.definition.agg_space == AggSpace::MinOfParts {
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
    fn by_month(&self, cycle: DateSpan, on: Date) -> Actual {
        let window = self.definition.active_window.unwrap_or(cycle);
        let complete = |month: &Date| {
            let last = month.last_of_month();
            last <= on && window.contains(*month) && window.contains(last)
        };
        let months = &self.months;
        let whole = || months.iter().filter(|(month, _)| complete(month));
        Actual::Months {
            total: months.values().copied().fold(Quantity::ZERO, sum),
            complete_total: whole().map(|(_, value)| *value).fold(Quantity::ZERO, sum),
            complete_months: u32::try_from(whole().count()).unwrap_or(u32::MAX),
            months: months
                .iter()
                .map(|(month, value)| (*month, *value))
                .collect(),
        }
    }

    /// Members in the set on the day whose latest state is done.
    fn coverage(&self, on: Date) -> Actual {
        let done = self
            .members
            .iter()
            .filter(|(key, (_, state))| *state == MemberState::Done && self.in_set(key, on));
        Actual::Coverage {
            done: done.map(|(key, _)| key.clone()).collect(),
            in_set: self.size_of_set(on),
        }
    }

    /// The value of each member in the set on the day: its latest, greatest or least.
    fn of_members(&self, on: Date) -> Actual {
        let values = self.values_of_members.iter();
        let values = values.filter(|(key, _)| self.in_set(key, on));
        Actual::Members {
            values: values
                .map(|(key, number)| (key.clone(), number.value()))
                .collect(),
            in_set: self.size_of_set(on),
        }
    }

    fn in_set(&self, key: &Key, on: Date) -> bool {
        let mut members = self.definition.members.iter();
        members.any(|member| member.key == *key && member.in_set_on(on))
    }

    fn size_of_set(&self, on: Date) -> u32 {
        let members = self.definition.members.iter();
        let members = members.filter(|member| member.in_set_on(on));
        u32::try_from(members.count()).unwrap_or(u32::MAX)
    }

    /// The milestone's own state, or begun where only checkpoints were reported on.
    fn milestone(&self) -> Actual {
        let states = &self.milestones;
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
        let checkpoints: Vec<(Key, MilestoneState, Date)> = self
            .definition
            .checkpoints
            .iter()
            .filter_map(|c| {
                let (state, since) = newest(states.get(&Some(c.key.clone()))?)?;
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
}

// `decide` bounds what is summed, so this is exact. A forged history that goes beyond stops here.
fn sum(a: Quantity, b: Quantity) -> Quantity {
    (a.decimal() + b.decimal()).into()
}

/// First days of the months a span touches.
fn months_of(span: DateSpan) -> impl Iterator<Item = Date> {
    let next = |month: &Date| month.last_of_month().tomorrow().ok();
    std::iter::successors(Some(span.first().first_of_month()), next)
        .take_while(move |month| *month <= span.last())
}
