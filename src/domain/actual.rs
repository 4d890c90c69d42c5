//! Actuals: what was measured, and what all measurements of an indicator come to.

use std::sync::Arc;

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::indicator::{EntryKind, enumeration};
use crate::domain::quantity::Quantity;

pub mod aggregate;
pub mod ratio;

enumeration! {
    /// The state of a member of a coverage set.
    MemberState {
        /// Not done, or no longer done.
        NotDone = "NOT_DONE",
        /// Done.
        Done = "DONE",
    }
}

enumeration! {
    /// The state of a milestone or checkpoint; only forward but by correction.
    MilestoneState {
        /// 未着手.
        NotStarted = "NOT_STARTED",
        /// 着手.
        Started = "STARTED",
        /// 決定.
        Decided = "DECIDED",
        /// 完了.
        Completed = "COMPLETED",
        /// 稼働.
        InOperation = "IN_OPERATION",
    }
}

enumeration! {
    /// Why there is nothing to report. Silence is something else.
    NilCause {
        /// 活動なし: nothing was done; counts as zero.
        NoActivity = "NO_ACTIVITY",
        /// 需要なし: nobody asked.
        NoDemand = "NO_DEMAND",
        /// 未測定: not measured yet.
        NotMeasured = "NOT_MEASURED",
    }
}

/// One measurement.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Measurement {
    /// What was added.
    Increment(Quantity),
    /// The value as it stood.
    Level(Quantity),
    /// A share or a mean.
    Ratio {
        /// Numerator.
        numerator: Quantity,
        /// Denominator, above zero.
        denominator: Quantity,
    },
    /// A member's state.
    Member {
        /// Which member.
        member: Key,
        /// Its state.
        state: MemberState,
    },
    /// A member's value.
    MemberValue {
        /// Which member.
        member: Key,
        /// Its value.
        value: Quantity,
    },
    /// A milestone's state.
    Milestone {
        /// Which checkpoint; `None`: the milestone itself.
        checkpoint: Option<Key>,
        /// Its state.
        state: MilestoneState,
    },
    /// A level of the rubric, from 1.
    RubricLevel(u32),
    /// Nothing, and why.
    Nil(NilCause),
}

impl Measurement {
    /// The entry kind it belongs to; `None` for a nil report, which every indicator takes.
    pub fn entry_kind(&self) -> Option<EntryKind> {
        match self {
            Self::Increment(_) => Some(EntryKind::Increment),
            Self::Level(_) => Some(EntryKind::Absolute),
            Self::Ratio { .. } => Some(EntryKind::NumDen),
            Self::Member { .. } => Some(EntryKind::MemberState),
            Self::MemberValue { .. } => Some(EntryKind::MemberValue),
            Self::Milestone { .. } => Some(EntryKind::MilestoneState),
            Self::RubricLevel(_) => Some(EntryKind::RubricLevel),
            Self::Nil(_) => None,
        }
    }
}

/// Which part of an indicator reports, in which unit.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct ReportedPart {
    /// The part; `None` where the indicator has none.
    pub part: Option<Key>,
    /// Code of the unit the values are in. A client may leave it out; the ledger stores the definition's.
    pub unit_code: Option<Arc<str>>,
}

impl ReportedPart {
    /// Takes the unit from `other` where none is named.
    pub(crate) fn fill_unit_from(&mut self, other: &Self) {
        if self.unit_code.is_none() {
            self.unit_code.clone_from(&other.unit_code);
        }
    }
}

/// What all effective measurements of an indicator come to on a date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actual {
    /// Nobody has reported.
    NoReport,
    /// Reported, but as not measured or not applicable only.
    Nil(NilCause),
    /// A number in the indicator's unit, with the parts where it has some.
    Number {
        /// The whole.
        value: Quantity,
        /// Each part that reported.
        parts: Vec<(Key, Quantity)>,
    },
    /// A share or mean, kept as its two parts.
    Ratio {
        /// Numerator.
        numerator: Quantity,
        /// Denominator, above zero.
        denominator: Quantity,
    },
    /// Values of months, and what they come to.
    Months {
        /// First day of each month that was reported on with its sum, in order. Silence is not zero.
        months: Vec<(Date, Quantity)>,
        /// Sum of all.
        total: Quantity,
        /// Sum of the complete months of the active window that were reported on. Over
        /// `complete_months` it is the mean; kept in two parts because the quotient is rarely exact.
        complete_total: Quantity,
        /// How many complete months were reported on; 0 before the first.
        complete_months: u32,
    },
    /// Members done and members in the set.
    Coverage {
        /// Done, in order of keys.
        done: Vec<Key>,
        /// In the set on the date.
        in_set: u32,
    },
    /// The value of each member that reported.
    Members {
        /// By key.
        values: Vec<(Key, Quantity)>,
        /// In the set on the date.
        in_set: u32,
    },
    /// A milestone's state.
    Milestone {
        /// The state of the whole.
        state: MilestoneState,
        /// Since when.
        since: Date,
        /// Checkpoints with their state.
        checkpoints: Vec<(Key, MilestoneState, Date)>,
    },
    /// A level of the rubric.
    RubricLevel(u32),
    /// What its components come to; they are read for themselves.
    Composite,
}
