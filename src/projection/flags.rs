//! What auditors should look at: the list of anomalies (要確認一覧).
//!
//! Every check is a pure function of what is known at (D, K), so the list of an earlier day is the list that could have
//! been seen on that day, with what is known at K. Nothing is stored and nothing is found only once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{Directory, Named, Phase};
use crate::domain::evaluation::{Evaluation, EvaluationPolicy};
use crate::domain::goal::{Entry, Goal, Indicator};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::period::Period;
use crate::projection::measured::Measured;
use crate::projection::wording::Words;

pub mod decision;
pub mod judgement;
pub mod kind;
pub mod listing;
pub mod period;
pub mod report;
pub mod round;
pub mod standing;
pub mod structure;
pub mod target;

#[cfg(test)]
mod testing;

pub use kind::FlagKind;

/// Something to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flag {
    /// What is unusual.
    pub kind: FlagKind,
    /// What it is about.
    pub subject: Named,
    /// Positions of the events it rests on, in order: the first [`Self::GROUNDS_MAX`] of them.
    pub grounds: Vec<u64>,
    /// How many there are.
    pub grounds_total: usize,
    /// Figures and codes by name, for programs.
    pub figures: Vec<(&'static str, String)>,
    /// In words.
    pub words: Words,
}

impl Flag {
    /// Events of one flag told at most.
    pub const GROUNDS_MAX: usize = 50;

    /// Something unusual about `subject`, resting on `grounds`.
    pub fn new(
        kind: FlagKind,
        subject: Named,
        grounds: impl IntoIterator<Item = u64>,
        ja: String,
        en: String,
    ) -> Self {
        let mut grounds: Vec<u64> = grounds.into_iter().collect();
        grounds.sort_unstable();
        grounds.dedup();
        let grounds_total = grounds.len();
        grounds.truncate(Self::GROUNDS_MAX);
        Self {
            kind,
            subject,
            grounds,
            grounds_total,
            figures: Vec::new(),
            words: Words { ja, en },
        }
    }

    /// Adds an event that it rests on.
    fn add_ground(&mut self, position: u64) {
        if let Err(place) = self.grounds.binary_search(&position) {
            self.grounds.insert(place, position);
            self.grounds.truncate(Self::GROUNDS_MAX);
            self.grounds_total += 1;
        }
    }

    /// Adds a figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.figures.push((name, value.to_string()));
        self
    }
}

/// An indicator as it is examined at (D, K).
pub struct Examined<'a> {
    /// Which.
    pub id: IndicatorId,
    /// All that is known of it, also what was learnt after K.
    pub state: &'a Indicator,
    /// What stands where at K.
    pub directory: &'a Directory,
    /// The days of its plan.
    pub cycle: DateSpan,
    /// (D, K).
    pub cut: Cut,
    /// Where the thresholds are.
    pub policy: &'a EvaluationPolicy,
    /// What had become of it by D: the strongest of its own phase and those of what it stands under.
    pub phase: Phase,
    /// The stream it has its history in, with the components of a composite.
    pub home: &'a Goal,
    /// Events that evidence attached later shows.
    pub shown: BTreeSet<EventId>,
    /// Days that are reported together, each with the last day for it.
    pub deadlines: Vec<(DateSpan, Date)>,
    /// The periods of its plan.
    pub periods: Vec<Arc<Period>>,
}

impl Examined<'_> {
    /// Everything that is unusual about it, given where it stands at the cut.
    pub fn flags(&self, evaluation: &Evaluation) -> Vec<Flag> {
        let mut flags = Vec::new();
        self.reports(&mut flags);
        self.confirmations(&mut flags);
        self.locks(&mut flags);
        self.targets(evaluation, &mut flags);
        self.standing(evaluation, &mut flags);
        flags
    }

    /// Where it stood at a cut, under the policy it is examined with; `None` where it was not known.
    fn evaluate(&self, cut: Cut) -> Option<Evaluation> {
        self.measured().evaluate(cut)
    }

    fn measured(&self) -> Measured<'_> {
        Measured {
            id: self.id,
            state: self.state,
            home: self.home,
            cycle: self.cycle,
            directory: self.directory,
            policy: self.policy,
        }
    }

    fn flag(
        &self,
        kind: FlagKind,
        grounds: impl IntoIterator<Item = u64>,
        ja: String,
        en: String,
    ) -> Flag {
        Flag::new(kind, Named::Indicator(self.id), grounds, ja, en)
    }

    fn recorded_on(&self, entry: &Entry<'_>) -> Date {
        self.directory.date_of(entry.recorded_at)
    }

    /// Whether an entry is of the series that holds on D.
    fn of_series(&self, entry: &Entry<'_>) -> bool {
        let series = self.state.definition_on(self.cut.on, self.cut.known);
        series.is_some_and(|(number, _)| number == entry.definition_version)
    }
}
