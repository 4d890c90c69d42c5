//! What auditors should look at: the list of anomalies (要確認一覧).
//!
//! Every check is a pure function of what is known at (D, K), so the list of an earlier day is the list that could have
//! been seen on that day, with what is known at K. Nothing is stored and nothing is found only once.

use std::collections::BTreeSet;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::EvaluationPolicy;
use crate::domain::goal::{Entry, Indicator};
use crate::domain::id::{EventId, IndicatorId};

pub mod kind;
pub mod report;

#[cfg(test)]
mod testing;

pub use kind::FlagKind;

/// Words in both languages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Words {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

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
    /// Whether work on it goes on, on D.
    pub goes_on: bool,
    /// Events that evidence attached later shows.
    pub shown: BTreeSet<EventId>,
    /// Days that are reported together, each with the last day for it.
    pub deadlines: Vec<(DateSpan, Date)>,
}

impl Examined<'_> {
    /// Everything that is unusual about it.
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        self.reports(&mut flags);
        flags
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

    fn recorded_on(&self, entry: &Entry) -> Date {
        self.directory.date_of(entry.recorded_at)
    }

    /// Whether an entry is of the series that holds on D.
    fn of_series(&self, entry: &Entry) -> bool {
        let series = self.state.definition_on(self.cut.on, self.cut.known);
        series.is_some_and(|(number, _)| number == entry.definition_version)
    }
}
