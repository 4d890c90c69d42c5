//! Where a plan stands as of (D, K) under a policy: every goal that stands in it with its initiatives and indicators, and
//! what they come to together.
//!
//! ```text
//! ruling      which policy, which rubric
//! tree        from (D, K, ruling) to every indicator's evaluation
//! rows, cell  the tree as canonical bytes: what snapshots digest
//! roll_up     sections, departments, pillars: distributions and coverage
//! compare     two trees, cell by cell; `cause` finds the events between them
//! constant_set  what two plans measure in the same way
//! history     the reports, targets and words that it was made from
//! cache       what was computed lately
//! again       snapshots beside what they come to now
//! ```
//! A tree is a function of the ledger's first K events, D and the ruling, and of nothing else.

use std::sync::Arc;

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, GoalEntry, IndicatorEntry, InitiativeEntry, Phase};
use crate::domain::evaluation::Evaluation;
use crate::domain::event::Subject;
use crate::domain::goal::evaluation::NextAction;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, UnitId};
use crate::domain::indicator::Definition;
use crate::domain::period::Period;
use crate::domain::plan::Plan;
use crate::domain::text::Language;

pub mod again;
pub mod cache;
pub mod cause;
pub mod cell;
pub mod compare;
pub mod constant_set;
pub mod history;
pub mod roll_up;
pub mod rows;
pub mod ruling;
pub mod said;
pub mod tree;

pub use ruling::Ruling;
pub use said::Judgements;
pub use tree::{evaluate_plan, evaluate_subject};

/// What an evaluation is of, and what it is computed from.
#[derive(Clone, Debug)]
pub struct At {
    /// What stood where at K.
    pub directory: Arc<Directory>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// D.
    pub effective_on: Date,
    /// K, as a size of the ledger.
    pub known_at: u64,
    /// The policy and the rubric.
    pub ruling: Ruling,
}

impl At {
    /// The period that D belongs to, where the plan has one and it was known.
    pub fn period(&self) -> Option<&Arc<Period>> {
        self.directory
            .period_of_day(self.plan.id, self.effective_on)
    }

    /// Another plan on another day, with what was known for this one and judged by what judges this one.
    #[must_use]
    pub fn beside(&self, plan: Arc<Plan>, effective_on: Date) -> Self {
        Self {
            plan,
            effective_on,
            ..self.clone()
        }
    }

    /// The code of a unit; nothing where the ledger did not know it.
    pub fn unit_code(&self, unit: UnitId) -> String {
        let unit = self.directory.unit(unit);
        unit.map_or_else(String::new, |unit| unit.code.to_string())
    }

    /// What a unit is called on D; nothing where the ledger did not know it.
    pub fn unit_name(&self, unit: UnitId, language: Language) -> String {
        let unit = self.directory.unit(unit);
        unit.map_or_else(String::new, |unit| {
            let name = unit.name_on(self.effective_on);
            name.in_language(language).to_owned()
        })
    }
}

/// A plan and where everything in it stands.
#[derive(Clone, Debug)]
pub struct PlanEvaluation {
    /// What it is of, and what it was computed from.
    pub at: At,
    /// Its goals in the order of department, pillar and setting.
    pub goals: Vec<GoalEvaluation>,
}

/// A goal and what stands under it.
#[derive(Clone, Debug)]
pub struct GoalEvaluation {
    /// Its id.
    pub id: GoalId,
    /// What it is.
    pub entry: Arc<GoalEntry>,
    /// Its department on D.
    pub department: UnitId,
    /// Its pillar on D.
    pub pillar: u32,
    /// What had become of it by D.
    pub phase: Phase,
    /// Its initiatives, by number.
    pub initiatives: Vec<InitiativeEvaluation>,
    /// What was said of it in the period of D.
    pub judgements: Judgements,
    /// What was agreed to do next for it or what stands under it, in the order of agreement.
    pub actions: Vec<Arc<NextAction>>,
}

/// An initiative and what stands under it.
#[derive(Clone, Debug)]
pub struct InitiativeEvaluation {
    /// Its id.
    pub id: InitiativeId,
    /// What it is.
    pub entry: Arc<InitiativeEntry>,
    /// Its number on D.
    pub number: u32,
    /// What had become of it by D.
    pub phase: Phase,
    /// The section that answers for it on D.
    pub lead: UnitId,
    /// Sections that contribute on D.
    pub contributing: Vec<UnitId>,
    /// Its indicators, in order.
    pub indicators: Vec<IndicatorEvaluation>,
    /// What was said of it in the period of D.
    pub judgements: Judgements,
}

/// An indicator and where it stands.
#[derive(Clone, Debug)]
pub struct IndicatorEvaluation {
    /// Its id.
    pub id: IndicatorId,
    /// What it is.
    pub entry: Arc<IndicatorEntry>,
    /// How it is measured on D.
    pub definition: Arc<Definition>,
    /// First day of that version of the definition.
    pub defined_from: Date,
    /// The strongest of what had become of it, its initiative and its goal by D.
    pub phase: Phase,
    /// The section that answers for it on D.
    pub lead: UnitId,
    /// Sections that contribute on D.
    pub contributing: Vec<UnitId>,
    /// Where it stands.
    pub evaluation: Arc<Evaluation>,
    /// The computed grade: the key of a level of the rubric.
    pub grade: Option<Key>,
    /// How many reports count.
    pub entries: u32,
    /// Position of the last event that bears on the figures.
    pub last_position: Option<u64>,
    /// What was said of it in the period of D.
    pub judgements: Judgements,
}

impl PlanEvaluation {
    /// Every indicator with what it stands under, in order.
    pub fn indicators(
        &self,
    ) -> impl Iterator<Item = (&GoalEvaluation, &InitiativeEvaluation, &IndicatorEvaluation)> {
        self.goals.iter().flat_map(GoalEvaluation::placed)
    }

    /// How many indicators stand in it.
    pub fn rows(&self) -> usize {
        self.indicators().count()
    }
}

impl GoalEvaluation {
    /// Its indicators, in order.
    pub fn indicators(&self) -> impl Iterator<Item = &IndicatorEvaluation> {
        self.initiatives.iter().flat_map(|i| &i.indicators)
    }

    /// Whether `subject` is this goal or stands under it.
    pub fn holds(&self, subject: Subject) -> bool {
        match subject {
            Subject::Goal(id) => self.id == id,
            Subject::Initiative(id) => self.initiatives.iter().any(|i| i.id == id),
            Subject::Indicator(id) => self.indicators().any(|i| i.id == id),
        }
    }

    pub(in crate::projection) fn placed(
        &self,
    ) -> impl Iterator<Item = (&Self, &InitiativeEvaluation, &IndicatorEvaluation)> {
        self.initiatives.iter().flat_map(move |initiative| {
            let indicators = initiative.indicators.iter();
            indicators.map(move |indicator| (self, initiative, indicator))
        })
    }
}
