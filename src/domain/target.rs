//! Targets, baselines and planned progress: what is aimed at, from where, along which line.

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::id::EventId;
use crate::domain::indicator::{Comparator, enumeration};
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

impl Target {
    /// Whether it is to be done in another state: begun instead of finished is not the same sooner.
    pub fn ends_otherwise_than(&self, before: &Self) -> bool {
        matches!(
            (self.aim, before.aim),
            (Aim::Done { end_state, .. }, Aim::Done { end_state: before, .. }) if end_state != before
        )
    }

    /// Whether it asks for less than `before`, or for the same later, as `comparator` holds a value against it: a lower
    /// value (or a higher cap), a wider range, a longer tolerance, a later day, a lower level, fewer or lower parts.
    pub fn asks_less_than(&self, before: &Self, comparator: Comparator) -> bool {
        let falls = matches!(comparator, Comparator::Le | Comparator::Lt);
        let less = |after: Quantity, before: Quantity| {
            if falls {
                before < after
            } else {
                after < before
            }
        };
        let of_whole = match (self.aim, before.aim) {
            (Aim::Value(after), Aim::Value(before)) => less(after, before),
            (
                Aim::Range { lower, upper },
                Aim::Range {
                    lower: lower_before,
                    upper: upper_before,
                },
            ) => lower < lower_before || upper_before < upper,
            (
                Aim::Approximate { value, tolerance },
                Aim::Approximate {
                    value: value_before,
                    tolerance: tolerance_before,
                },
            ) => value < value_before || tolerance_before < tolerance,
            (Aim::Done { due, .. }, Aim::Done { due: before, .. }) => before < due,
            (Aim::RubricLevel(after), Aim::RubricLevel(before)) => after < before,
            // A number in place of all of them may be all of them, but says no longer that it is.
            (Aim::Value(_), Aim::AllMembers) => true,
            _ => false,
        };
        let of_parts = before.parts.iter().any(|before| {
            let after = self.parts.iter().find(|after| after.part == before.part);
            after.is_none_or(|after| less(after.value, before.value))
        });
        of_whole || of_parts
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{day, part_target, q};

    fn target(aim: Aim) -> Target {
        Target {
            aim,
            parts: Vec::new(),
        }
    }

    fn asks_less(after: Aim, before: Aim, comparator: Comparator) -> bool {
        target(after).asks_less_than(&target(before), comparator)
    }

    #[test]
    fn less_is_lower_wider_or_later() {
        let value = |text| Aim::Value(q(text));
        assert!(asks_less(value("24"), value("30"), Comparator::Ge));
        assert!(!asks_less(value("30"), value("30"), Comparator::Ge));
        assert!(!asks_less(value("31"), value("30"), Comparator::Gt));
        // A cap that is raised asks for less.
        assert!(asks_less(value("31"), value("30"), Comparator::Le));
        assert!(!asks_less(value("24"), value("30"), Comparator::Lt));
        assert!(asks_less(value("3"), Aim::AllMembers, Comparator::Ge));
        assert!(!asks_less(Aim::AllMembers, value("3"), Comparator::Ge));

        let range = |lower, upper| Aim::Range {
            lower: q(lower),
            upper: q(upper),
        };
        assert!(asks_less(
            range("1", "3"),
            range("2", "3"),
            Comparator::InRange
        ));
        assert!(asks_less(
            range("2", "4"),
            range("2", "3"),
            Comparator::InRange
        ));
        assert!(!asks_less(
            range("2", "3"),
            range("1", "4"),
            Comparator::InRange
        ));

        let about = |value, tolerance| Aim::Approximate {
            value: q(value),
            tolerance: q(tolerance),
        };
        let tolerant = Comparator::WithinTolerance;
        assert!(asks_less(about("79", "5"), about("80", "5"), tolerant));
        assert!(asks_less(about("80", "6"), about("80", "5"), tolerant));
        assert!(!asks_less(about("80", "4"), about("80", "5"), tolerant));

        let by = |due| Aim::Done {
            due: day(due),
            end_state: EndState::Completed,
        };
        assert!(asks_less(
            by("2024-03-15"),
            by("2024-02-29"),
            Comparator::DoneBy
        ));
        assert!(!asks_less(
            by("2024-02-01"),
            by("2024-02-29"),
            Comparator::DoneBy
        ));
        let level = Aim::RubricLevel;
        assert!(asks_less(level(2), level(3), Comparator::RubricAtLeast));
        assert!(!asks_less(level(3), level(2), Comparator::RubricAtLeast));
        assert!(!asks_less(Aim::Components, Aim::Components, Comparator::Ge));
    }

    #[test]
    fn a_part_that_asks_less_is_less() {
        let of = |parts: &[(&str, &str)]| Target {
            parts: parts.iter().map(|(p, v)| part_target(p, v)).collect(),
            ..target(Aim::Value(q("5")))
        };
        let before = of(&[("北", "3"), ("南", "2")]);
        let less = |after: &Target| after.asks_less_than(&before, Comparator::Ge);
        assert!(!less(&before));
        assert!(less(&of(&[("北", "4"), ("南", "1")])));
        assert!(less(&of(&[("北", "5")])));
        assert!(!less(&of(&[("北", "3"), ("南", "2"), ("西", "1")])));
        assert!(of(&[("北", "4"), ("南", "2")]).asks_less_than(&before, Comparator::Le));
    }
}
