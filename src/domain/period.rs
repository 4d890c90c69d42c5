//! Periods of a plan: what is evaluated for itself, and until when reports into it are taken.
//!
//! ```text
//! OPEN -> SOFT_CLOSED -> CLOSED -> REOPENED -> CLOSED, one revision on
//!    `---------------------^
//! ```
//! A period keeps every change of its state with its position, so that what held at an earlier size of the ledger can
//! be told.

use jiff::Timestamp;

use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::event::{Payload, Recorded};
use crate::domain::id::{EventId, IndicatorId, PlanId};
use crate::domain::indicator::enumeration;
use crate::domain::text::Title;

enumeration! {
    /// How far a period is closed.
    PeriodState {
        /// 受付中: reports are taken.
        Open = "OPEN",
        /// 受付締切: reports are taken with a reason.
        SoftClosed = "SOFT_CLOSED",
        /// 確定: reports are not taken; what is there can be corrected.
        Closed = "CLOSED",
        /// 再開: as closed, but for some indicators for a while.
        Reopened = "REOPENED",
    }
}

impl PeriodState {
    /// In Japanese.
    pub fn label_ja(self) -> &'static str {
        match self {
            Self::Open => "受付中",
            Self::SoftClosed => "受付締切",
            Self::Closed => "確定",
            Self::Reopened => "再開",
        }
    }
}

/// A period with its history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Period {
    /// Its plan.
    pub plan: PlanId,
    /// Its key, unique in the plan.
    pub key: Key,
    /// What it is called.
    pub title: Title,
    /// Its days.
    pub span: DateSpan,
    /// Every change of its state in the order of recording; the first opened it.
    pub transitions: Vec<Transition>,
    /// What was frozen, in the order of recording.
    pub snapshots: Vec<Snapshot>,
    /// What was published anew, in the order of recording.
    pub restatements: Vec<Restatement>,
}

/// A change of a period's state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The day it is of.
    pub date: Date,
    /// What changed.
    pub step: Step,
}

/// What became of a period.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// It was opened.
    Opened,
    /// It was soft-closed.
    SoftClosed,
    /// It was closed.
    Closed {
        /// The how manieth time, from 1.
        revision: u32,
    },
    /// It was reopened for some.
    Reopened {
        /// For which indicators.
        scope: Vec<IndicatorId>,
        /// Until the end of which day.
        until: Date,
    },
}

impl Step {
    /// The state it leads to.
    pub fn state(&self) -> PeriodState {
        match self {
            Self::Opened => PeriodState::Open,
            Self::SoftClosed => PeriodState::SoftClosed,
            Self::Closed { .. } => PeriodState::Closed,
            Self::Reopened { .. } => PeriodState::Reopened,
        }
    }
}

/// What a period came to when it was closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snapshot {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Which closing it is of.
    pub revision: u32,
    /// The event that closed the period.
    pub closed_by: EventId,
    /// D: the day the figures are of.
    pub effective_on: Date,
    /// K: the size of the ledger they were computed at.
    pub known_at: u64,
    /// The policy they were computed with.
    pub policy: PolicyVersion,
    /// How many rows there are.
    pub rows: u32,
    /// In which form the rows are digested.
    pub rows_format: u32,
    /// SHA-256 over the rows.
    pub rows_sha256: [u8; 32],
    /// Merkle tree head of the ledger at `known_at`.
    pub root: Option<[u8; 32]>,
}

/// What was published anew of a closed period.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restatement {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Which closing it restates.
    pub revision: u32,
    /// K: the size of the ledger the new figures were computed at.
    pub known_at: u64,
    /// The policy they were computed with.
    pub policy: PolicyVersion,
    /// How many rows differ.
    pub rows: u32,
    /// In how many of them a status or a grade differs.
    pub material: u32,
    /// In which form the rows are digested.
    pub rows_format: u32,
    /// SHA-256 over the rows that differ.
    pub rows_sha256: [u8; 32],
}

/// What a report into a period meets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lock {
    /// Nothing.
    Open,
    /// It needs a reason, and is marked as late.
    Late(PeriodState),
    /// It is not taken.
    Closed(PeriodState),
}

impl Period {
    /// Periods of one plan at most: one for each week, and as many again.
    pub const COUNT_MAX: usize = 104;
    /// Indicators that one reopening names at most.
    pub const SCOPE_MAX: usize = 500;
    /// How often a period may be closed.
    pub const REVISIONS_MAX: u32 = 100;

    /// The day its figures are of (評価基準日): its last.
    pub fn evaluation_date(&self) -> Date {
        self.span.last()
    }

    /// Changes of its state at positions below `known`; without it all of them.
    pub fn transitions_known(&self, known: Option<u64>) -> impl Iterator<Item = &Transition> {
        let is_known = move |t: &&Transition| known.is_none_or(|size| t.position < size);
        self.transitions.iter().filter(is_known)
    }

    /// Its state as far as positions below `known` tell, or now; `None` if it was not opened by then.
    pub fn state(&self, known: Option<u64>) -> Option<PeriodState> {
        self.transitions_known(known)
            .last()
            .map(|transition| transition.step.state())
    }

    /// Its state now.
    pub fn state_now(&self) -> PeriodState {
        // Whoever has a period has its opening.
        self.state(None).unwrap_or(PeriodState::Open)
    }

    /// How often it was closed as far as positions below `known` tell, or by now.
    pub fn revision(&self, known: Option<u64>) -> u32 {
        self.transitions_known(known)
            .filter_map(|transition| match transition.step {
                Step::Closed { revision } => Some(revision),
                Step::Opened | Step::SoftClosed | Step::Reopened { .. } => None,
            })
            .last()
            .unwrap_or(0)
    }

    /// The change that closed it for the `revision`th time.
    pub fn closing(&self, revision: u32) -> Option<&Transition> {
        self.transitions
            .iter()
            .find(|transition| transition.step == Step::Closed { revision })
    }

    /// The snapshot of its `revision`th closing.
    pub fn snapshot(&self, revision: u32) -> Option<&Snapshot> {
        self.snapshots.iter().find(|s| s.revision == revision)
    }

    /// What a report on `indicator` meets on `today`.
    pub fn lock_on(&self, indicator: IndicatorId, today: Date) -> Lock {
        let Some(transition) = self.transitions.last() else {
            return Lock::Open;
        };
        let state = transition.step.state();
        match &transition.step {
            Step::Opened => Lock::Open,
            Step::SoftClosed => Lock::Late(state),
            Step::Reopened { scope, until } if today <= *until && scope.contains(&indicator) => {
                Lock::Late(state)
            }
            Step::Closed { .. } | Step::Reopened { .. } => Lock::Closed(state),
        }
    }

    /// Whether a reopening after `position` is for an indicator that `concerns` names.
    pub fn reopened_since(&self, position: u64, concerns: impl Fn(IndicatorId) -> bool) -> bool {
        self.transitions
            .iter()
            .filter(|transition| position < transition.position)
            .any(|transition| match &transition.step {
                Step::Reopened { scope, .. } => scope.iter().any(|id| concerns(*id)),
                Step::Opened | Step::SoftClosed | Step::Closed { .. } => false,
            })
    }

    /// Folds in what became of it.
    pub(crate) fn apply(&mut self, recorded: &Recorded, date: Date) {
        let (event_id, position, recorded_at) =
            (recorded.event.id, recorded.position, recorded.recorded_at);
        let mut step = |step| {
            self.transitions.push(Transition {
                event_id,
                position,
                recorded_at,
                date,
                step,
            });
        };
        match &recorded.event.payload {
            Payload::PeriodOpened(_) => step(Step::Opened),
            Payload::PeriodSoftClosed(_) => step(Step::SoftClosed),
            Payload::PeriodClosed(p) => step(Step::Closed {
                // Every stored closing says which it is.
                revision: p.revision.unwrap_or_default(),
            }),
            Payload::PeriodReopened(p) => step(Step::Reopened {
                scope: p.scope.clone(),
                until: p.until,
            }),
            Payload::SnapshotTaken(p) => self.snapshots.push(Snapshot {
                event_id,
                position,
                recorded_at,
                revision: p.revision,
                closed_by: p.closed_by,
                effective_on: p.effective_on,
                known_at: p.known_at,
                policy: p.policy.clone(),
                rows: p.rows,
                rows_format: p.rows_format,
                rows_sha256: p.rows_sha256,
                root: p.root,
            }),
            Payload::RestatementIssued(p) => {
                // Every stored restatement is whole.
                let (Some(known_at), Some(policy), Some(rows_sha256)) =
                    (p.known_at, p.policy.clone(), p.rows_sha256)
                else {
                    return;
                };
                self.restatements.push(Restatement {
                    event_id,
                    position,
                    recorded_at,
                    revision: p.revision,
                    known_at,
                    policy,
                    rows: p.rows.unwrap_or_default(),
                    material: p.material.unwrap_or_default(),
                    rows_format: p.rows_format.unwrap_or_default(),
                    rows_sha256,
                });
            }
            _ => {}
        }
    }
}
