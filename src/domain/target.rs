//! Targets, baselines and planned progress: what is aimed at, from where, along which line.

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::id::EventId;
use crate::domain::indicator::enumeration;
use crate::domain::quantity::Quantity;
use crate::domain::text::Text;

enumeration! {
    /// The state in which a milestone counts as reached. 着手 and 完了 are different ends.
    EndState {
        /// 着手: work has begun.
        Started = "STARTED",
        /// 完了: finished.
        Completed = "COMPLETED",
        /// 決定: decided.
        Decided = "DECIDED",
        /// 稼働: in operation.
        InOperation = "IN_OPERATION",
    }
}

/// What is aimed at, in the indicator's unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Aim {
    /// One value, to be reached or not to be exceeded as the comparator says.
    Value(Quantity),
    /// Every member of the set.
    AllMembers,
    /// Between two values, both included.
    Range {
        /// Least.
        lower: Quantity,
        /// Greatest.
        upper: Quantity,
    },
    /// About a value.
    Approximate {
        /// The value.
        value: Quantity,
        /// How far below still counts.
        tolerance: Quantity,
    },
    /// A state by a date.
    Done {
        /// Last day on time; may lie after the cycle.
        due: Date,
        /// The state.
        end_state: EndState,
    },
    /// A level of the rubric, from 1.
    RubricLevel(u32),
    /// What its components aim at.
    Components,
}

/// A target: the aim of the whole and, where there are parts, of each part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The aim of the whole.
    pub aim: Aim,
    /// The aim of each part.
    pub parts: Vec<PartTarget>,
}

/// The aim of one part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartTarget {
    /// Which part.
    pub part: Key,
    /// How much.
    pub value: Quantity,
}

/// One version of an indicator's target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetVersion {
    /// The event that set it.
    pub event_id: EventId,
    /// Position of that event: the order of decisions.
    pub position: u64,
    /// First day it is in force.
    pub effective_from: Date,
    /// Day it was recorded, in the ledger's zone.
    pub recorded_on: Date,
    /// The target.
    pub target: Target,
}

impl TargetVersion {
    /// Whether it was decided after the day it takes effect.
    pub fn is_retroactive(&self) -> bool {
        self.effective_from < self.recorded_on
    }
}

/// The version in force on `date`: of those effective by then the one with the latest date of effect,
/// of one date the last decided.
pub fn in_force(versions: &[TargetVersion], date: Date) -> Option<&TargetVersion> {
    versions
        .iter()
        .filter(|version| version.effective_from <= date)
        .max_by_key(|version| (version.effective_from, version.position))
}

/// Where the indicator stood before the work began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Baseline {
    /// The value in the indicator's unit.
    pub value: Quantity,
    /// The day it was so.
    pub as_of: Date,
    /// Where the figure comes from.
    pub source: Option<Text>,
}

/// A planned value on a date.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlanPoint {
    /// The day by which it is planned.
    pub date: Date,
    /// Cumulative, in the indicator's unit.
    pub value: Quantity,
}

/// The line along which progress is planned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PlanProfile {
    /// Evenly over the cycle.
    Linear,
    /// Cumulative at the end of each month named.
    Monthly(Vec<PlanPoint>),
    /// As in an earlier year.
    Reference(Vec<PlanPoint>),
    /// By the due dates of the checkpoints.
    Steps,
    /// Only at the end of the cycle.
    AtEnd,
    /// No line.
    None,
}

impl PlanProfile {
    /// Whether it is drawn through values, and so belongs to one definition of the indicator.
    pub fn has_points(&self) -> bool {
        matches!(self, Self::Monthly(_) | Self::Reference(_))
    }

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Linear => "LINEAR",
            Self::Monthly(_) => "MONTHLY_PLAN",
            Self::Reference(_) => "REFERENCE_CURVE",
            Self::Steps => "STEP_DATES",
            Self::AtEnd => "AT_END",
            Self::None => "NONE",
        }
    }
}
