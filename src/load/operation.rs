//! What one call does.

use std::fmt;

/// What one call does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Operation {
    /// AppendEvents: reports on one goal.
    Append,
    /// SubmitEvents: the same on a stream of the caller's own, with as many in flight as a server takes. It takes the caller
    /// whole: it goes with no other operation, and with no pace but the answers'.
    Submit,
    /// GetGoal, as it stands now.
    GetGoal,
    /// GetGoal as of a size and a date.
    AsOf,
    /// ListChanges of one goal.
    ListChanges,
    /// EvaluatePlan as of a size: the first page.
    Evaluate,
    /// ReadEvents from somewhere, decoded: [`Operation::EVENTS_READ`] at most.
    ReadEvents,
    /// The same as stored chunks.
    ReadLeaves,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::Append,
        Self::Submit,
        Self::GetGoal,
        Self::AsOf,
        Self::ListChanges,
        Self::Evaluate,
        Self::ReadEvents,
        Self::ReadLeaves,
    ];
    /// Events that one call reads at most.
    pub const EVENTS_READ: u64 = 1_000;

    /// What it is called on the command line and in the rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Submit => "submit",
            Self::GetGoal => "get-goal",
            Self::AsOf => "as-of",
            Self::ListChanges => "list-changes",
            Self::Evaluate => "evaluate",
            Self::ReadEvents => "read-events",
            Self::ReadLeaves => "read-leaves",
        }
    }

    /// Whether it appends events.
    pub const fn appends(self) -> bool {
        matches!(self, Self::Append | Self::Submit)
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
