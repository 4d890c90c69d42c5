//! The way from one figure to a later one, step by step: first what became dated within D among the facts known
//! before, then every event learnt, in the order of the ledger.
//!
//! A step ends where the next begins, so the steps always add up to the whole difference; a test generates
//! histories to hold it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;

/// Something a figure is made of: an event, and the day from which it bears on the figure.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fact {
    /// Position of the event.
    pub position: u64,
    /// The first D that it bears on.
    pub day: Date,
}

/// What brought a step about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Days passed up to this one, and these facts, known before, came to be dated within D. Without events the
    /// passing of time itself did it: a month was complete, a member joined the set.
    Dated {
        /// D after the step.
        on: Date,
        /// Positions of the facts of the day, in order.
        positions: Vec<u64>,
    },
    /// This event was learnt.
    Learnt {
        /// Its position.
        position: u64,
    },
    /// So many events were learnt before the others: more than are told one by one.
    Together {
        /// Position of the last of them.
        last: u64,
        /// How many.
        count: usize,
    },
}

/// A step of the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<R> {
    /// What brought it about.
    pub cause: Cause,
    /// The figure before: that after the step before it.
    pub before: R,
    /// The figure after.
    pub after: R,
}

/// The way from one cut to a later one.
#[derive(Clone, Debug)]
pub struct Waterfall {
    since: Cut,
    steps: Vec<(Cut, Cause)>,
}

impl Waterfall {
    /// Events learnt that are told one by one at most: the last. What was learnt before them is one step.
    pub const LEARNT_MAX: usize = 5_000;

    /// The way from `since` to `until`, neither later in days nor in knowledge. `facts` are all that bear on the
    /// figure, in any order, an event once for each day it bears on; `ticks` the days on which the figure may
    /// change by itself; `reading` the figure at a cut.
    pub fn new<R: PartialEq>(
        facts: &[Fact],
        ticks: &BTreeSet<Date>,
        (since, until): (Cut, Cut),
        reading: impl Fn(Cut) -> R,
    ) -> Self {
        let knew = |fact: &&Fact| since.knows(fact.position);
        let mut dated: BTreeMap<Date, BTreeSet<u64>> = BTreeMap::new();
        let within = |day: &Date| since.on < *day && *day <= until.on;
        for fact in facts.iter().filter(knew).filter(|fact| within(&fact.day)) {
            dated.entry(fact.day).or_default().insert(fact.position);
        }
        for day in ticks.iter().filter(|day| within(day)) {
            dated.entry(*day).or_default();
        }
        if since.on < until.on {
            dated.entry(until.on).or_default();
        }
        let (mut steps, mut last) = (Vec::new(), None);
        for (on, positions) in dated {
            let cut = Cut { on, ..since };
            // A day that brought nothing is no step.
            if positions.is_empty() {
                let before = last.get_or_insert_with(|| reading(since));
                if *before == reading(cut) {
                    continue;
                }
            }
            let positions = positions.into_iter().collect();
            steps.push((cut, Cause::Dated { on, positions }));
            last = Some(reading(cut));
        }
        let learnt: BTreeSet<u64> = facts
            .iter()
            .filter(|fact| !since.knows(fact.position) && until.knows(fact.position))
            .filter(|fact| fact.day <= until.on)
            .map(|fact| fact.position)
            .collect();
        let together = learnt.len().saturating_sub(Self::LEARNT_MAX);
        let knowing = |position: u64| until.known_at(position + 1);
        if let Some(last) = together.checked_sub(1).and_then(|n| learnt.iter().nth(n)) {
            let cause = Cause::Together {
                last: *last,
                count: together,
            };
            steps.push((knowing(*last), cause));
        }
        for position in learnt.into_iter().skip(together) {
            steps.push((knowing(position), Cause::Learnt { position }));
        }
        Self { since, steps }
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing lies between.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Up to `limit` steps after the first `skip`.
    pub fn steps<R: Clone>(
        &self,
        skip: usize,
        limit: usize,
        reading: impl Fn(Cut) -> R,
    ) -> Vec<Step<R>> {
        let start = match skip.checked_sub(1).and_then(|index| self.steps.get(index)) {
            Some((cut, _)) => *cut,
            None => self.since,
        };
        let mut before = reading(start);
        let mut told = Vec::new();
        for (cut, cause) in self.steps.iter().skip(skip).take(limit) {
            let after = reading(*cut);
            told.push(Step {
                cause: cause.clone(),
                before: std::mem::replace(&mut before, after.clone()),
                after,
            });
        }
        told
    }
}

#[cfg(test)]
mod tests;
