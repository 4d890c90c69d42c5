//! Audit findings (監査指摘): what was found, what was promised by when, and what came of it (措置).

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::event::{Actor, AuditFindingAnswered, AuditFindingRecorded, Recorded, Subject};
use crate::domain::id::{EventId, PlanId, UnitId};
use crate::domain::indicator::enumeration;
use crate::domain::personal::FreeText;

/// What a finding or its answer is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FindingReference {
    /// A goal, an initiative or an indicator.
    Subject(Subject),
    /// A unit.
    Unit(UnitId),
    /// An event, such as an entry or a revision of a target.
    Event(EventId),
}

impl FindingReference {
    /// The goal, initiative or indicator.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Self::Subject(subject) => Some(*subject),
            Self::Unit(_) | Self::Event(_) => None,
        }
    }

    /// The unit.
    pub fn unit(&self) -> Option<UnitId> {
        match self {
            Self::Unit(id) => Some(*id),
            Self::Subject(_) | Self::Event(_) => None,
        }
    }

    /// The event.
    pub fn event(&self) -> Option<EventId> {
        match self {
            Self::Event(id) => Some(*id),
            Self::Subject(_) | Self::Unit(_) => None,
        }
    }
}

enumeration! {
    /// Where a finding stands.
    FindingState {
        /// 未措置: no answer, and the day has not passed.
        Open = "OPEN",
        /// 期限超過: no answer, and the day has passed.
        Overdue = "OVERDUE",
        /// 措置済: answered by the day promised.
        Answered = "ANSWERED",
        /// 期限後措置: answered after the day promised.
        ClosedLate = "CLOSED_LATE",
    }
}

/// A finding with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its plan.
    pub plan: PlanId,
    /// Its number, unique in the plan.
    pub number: Key,
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub actor: Arc<Actor>,
    /// The day of the finding.
    pub date: Date,
    /// What was found.
    pub text: FreeText,
    /// What it is about.
    pub references: Vec<FindingReference>,
    /// Last day on time for what was promised.
    pub due: Date,
    /// What was promised.
    pub promised: FreeText,
    /// What came of it.
    pub answer: Option<FindingAnswer>,
}

/// What came of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingAnswer {
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub actor: Arc<Actor>,
    /// The day of the answer: that on which the action was taken.
    pub date: Date,
    /// The answer.
    pub text: FreeText,
    /// What was done.
    pub action: FreeText,
    /// What shows it.
    pub references: Vec<FindingReference>,
}

impl Finding {
    /// Findings of a plan at most.
    pub const COUNT_MAX: usize = 1_000;
    /// References of a finding or an answer at most.
    pub const REFERENCES_MAX: usize = 100;

    pub(crate) fn new(recorded: &Recorded, p: &AuditFindingRecorded, date: Date) -> Self {
        Self {
            plan: p.plan,
            number: p.finding.clone(),
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            date,
            text: p.text.clone(),
            references: p.references.clone(),
            due: p.due,
            promised: p.promised.clone(),
            answer: None,
        }
    }

    pub(crate) fn answer(&mut self, recorded: &Recorded, p: &AuditFindingAnswered, date: Date) {
        // The first stands; only a forged history has a second.
        self.answer.get_or_insert_with(|| FindingAnswer {
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            date,
            text: p.text.clone(),
            action: p.action.clone(),
            references: p.references.clone(),
        });
    }

    /// The answer given by `date`.
    pub fn answer_on(&self, date: Date) -> Option<&FindingAnswer> {
        self.answer.as_ref().filter(|answer| answer.date <= date)
    }

    /// Where it stands on `date`.
    pub fn state_on(&self, date: Date) -> FindingState {
        match self.answer_on(date) {
            Some(answer) if self.due < answer.date => FindingState::ClosedLate,
            Some(_) => FindingState::Answered,
            None if self.due < date => FindingState::Overdue,
            None => FindingState::Open,
        }
    }
}
