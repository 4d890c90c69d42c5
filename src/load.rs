//! The load that a server is measured with: so many callers, what they ask for in which shares, and at which pace.
//!
//! `daicho bench` and `make bench` put the same load on a server. It is a client like any other: it knows the API and
//! nothing of how a server keeps its promises, so it can be put on any server that speaks it.
//!
//! * [`Pace::Closed`]: each caller sends its next call when the last was answered. Says how much a server takes.
//! * [`Pace::Open`]: calls are due at instants that nothing moves, and the time of each counts from when it was due. Says how
//!   long independent callers wait at a given rate: a call that had to queue behind a slow one is as late as it is.

use std::time::Duration;

use tonic::Status;

mod caller;
mod mix;
mod operation;
mod row;
mod schedule;
mod small_plan;
mod source;
mod submitter;
mod tally;
mod target;

pub use mix::{InvalidMix, InvalidShare, Mix, Share};
pub use operation::Operation;
pub use row::{Calls, HEADER, Row};
pub use schedule::Schedule;
pub use small_plan::SmallPlan;
pub use source::{PAYLOAD_BYTES, Source, scattered};
pub use target::{Opening, Target, Wires, is_ours};

/// A load.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many send at once: with a pace of its own, calls in flight at most.
    pub callers: usize,
    /// Events of each append: 1 to what the server takes.
    pub batch: usize,
    /// What is asked for.
    pub mix: Mix,
    /// How many of the appends expect a revision that is long gone. They have to be answered with ABORTED.
    pub conflicts: Share,
    /// When a call is sent.
    pub pace: Pace,
    /// How long it goes before anything is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub length: Duration,
}

impl Load {
    /// Nothing but appends, each caller one after the other.
    pub fn of_appends(callers: usize, batch: usize, length: Duration) -> Self {
        Self {
            callers,
            batch,
            mix: Mix::only(Operation::Append),
            conflicts: Share::NONE,
            pace: Pace::Closed,
            warm_up: Self::WARM_UP,
            length,
        }
    }

    /// How long a load goes before it is measured, unless something else is said.
    pub const WARM_UP: Duration = Duration::from_millis(500);
}

/// When a call is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// When the caller's last one was answered.
    Closed,
    /// So many a second of all callers together, whatever was answered.
    Open {
        /// More than 0.
        calls_per_s: f64,
    },
}

/// What a load came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// A row for each operation that was called, and one for appends that were answered with ABORTED as they had to be.
    pub rows: Vec<Row>,
    /// Events that were acknowledged, those before the measurement included.
    pub acknowledged: u64,
    /// Calls that were due and could not be sent: the server takes less than the rate. Their rows have the time that they had
    /// waited when they were given up, and they are among the errors.
    pub unsent: u64,
    /// What the first call was answered with that failed.
    pub first_error: Option<Status>,
}

impl Measured {
    /// Calls that failed, in all rows.
    pub fn errors(&self) -> u64 {
        self.rows.iter().map(|row| row.errors).sum()
    }
}

/// Why a load could not be put on a server, or says nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A call that prepares or checks the load failed.
    #[error("a call that the load rests on failed")]
    Call(#[from] Status),
    /// The server left something out of an answer that it has to say.
    #[error("the server's answer lacks {0}")]
    Incomplete(&'static str),
    /// The ledger was not opened to be measured: writing into it would be for ever.
    #[error("the ledger `{code}` was not opened by a load, so nothing is written into it")]
    Foreign {
        /// Its code.
        code: String,
    },
    /// The ledger has nothing that could be reported on.
    #[error("the ledger `{code}` has no goals with indicators")]
    Bare {
        /// Its code.
        code: String,
    },
    /// The ledger did not grow by what was acknowledged.
    #[error("{acknowledged} events were acknowledged, and the ledger grew by {grown}")]
    Miscounted {
        /// What callers were told.
        acknowledged: u64,
        /// What is there.
        grown: u64,
    },
    /// What was read is not what is there.
    #[error("{read} events were read of {expected}")]
    ReadShort {
        /// How many came.
        read: u64,
        /// How many there are.
        expected: u64,
    },
    /// A part of the load itself ended before its time.
    #[error("a caller ended before its time")]
    Broken,
}
