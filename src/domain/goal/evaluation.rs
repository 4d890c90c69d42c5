//! What was judged in a goal's stream, and what was agreed to be done next.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jiff::Timestamp;

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::evaluation::judgement::{
    ActionKind, ActionOutcome, CauseCode, ComputedJudgement, EvaluationStep,
};
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::event::{
    Actor, Evaluated, NextActionAgreed, NextActionClosed, Reason, Recorded, Subject,
};
use crate::domain::id::{ActionId, EventId, UnitId};
use crate::domain::personal::FreeText;

/// What somebody judged of the goal, an initiative or an indicator for a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Its event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who judged.
    pub actor: Arc<Actor>,
    /// The day it is of.
    pub date: Date,
    /// Which step of the evaluation.
    pub step: EvaluationStep,
    /// What was judged.
    pub subject: Subject,
    /// For which period.
    pub period: Key,
    /// The grade given.
    pub grade: Option<Key>,
    /// The rubric that was in force.
    pub rubric: Option<PolicyVersion>,
    /// What the figures alone came to.
    pub computed: Option<ComputedJudgement>,
    /// Why it came so; of self-evaluations.
    pub cause: Option<CauseCode>,
    /// In words.
    pub comment: Option<FreeText>,
    /// Why the grade is not the computed one.
    pub reason: Option<Reason>,
}

/// What was agreed to be done next.
#[derive(Clone, Debug, PartialEq)]
pub struct NextAction {
    /// Its id.
    pub id: ActionId,
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub actor: Arc<Actor>,
    /// The day it was agreed.
    pub date: Date,
    /// For what.
    pub subject: Subject,
    /// The period whose evaluation led to it.
    pub period: Key,
    /// What becomes of the work.
    pub kind: ActionKind,
    /// What is to be done.
    pub text: FreeText,
    /// The unit that answers for it.
    pub owner_unit: UnitId,
    /// Last day on time.
    pub due: Date,
    /// How it ended.
    pub closed: Option<ActionClosed>,
}

/// How a next action ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionClosed {
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub actor: Arc<Actor>,
    /// The day it ended.
    pub date: Date,
    /// How.
    pub outcome: ActionOutcome,
    /// What came of it.
    pub text: FreeText,
}

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evaluations {
    judgements: Vector<Arc<Judgement>>,
    actions: OrdMap<ActionId, Arc<NextAction>>,
}

impl Evaluations {
    pub(super) fn judgements(&self) -> impl DoubleEndedIterator<Item = &Arc<Judgement>> {
        self.judgements.iter()
    }

    pub(super) fn action(&self, id: ActionId) -> Option<&Arc<NextAction>> {
        self.actions.get(&id)
    }

    pub(super) fn actions(&self) -> Vec<&Arc<NextAction>> {
        let mut actions: Vec<_> = self.actions.values().collect();
        actions.sort_by_key(|action| action.position);
        actions
    }

    pub(super) fn judge(&mut self, recorded: &Recorded, date: Date, evaluated: &Evaluated<'_>) {
        self.judgements.push_back(Arc::new(Judgement {
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            date,
            step: evaluated.step,
            subject: evaluated.subject,
            period: evaluated.period.clone(),
            grade: evaluated.grade.cloned(),
            rubric: evaluated.rubric.cloned(),
            computed: evaluated.computed.cloned(),
            cause: evaluated.cause,
            comment: evaluated.comment.cloned(),
            reason: recorded.event.reason.clone(),
        }));
    }

    pub(super) fn agree(&mut self, recorded: &Recorded, date: Date, p: &NextActionAgreed) {
        let action = NextAction {
            id: p.action,
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            date,
            subject: p.subject,
            period: p.period.clone(),
            kind: p.kind,
            text: p.text.clone(),
            owner_unit: p.owner_unit,
            due: p.due,
            closed: None,
        };
        // As with whatever stands once, the first stays: only a forged history has a second.
        self.actions.entry(p.action).or_insert(Arc::new(action));
    }

    pub(super) fn close(&mut self, recorded: &Recorded, date: Date, p: &NextActionClosed) {
        let Some(action) = self.actions.get_mut(&p.action) else {
            return;
        };
        // The first closing stays too, as it did at every cut between the two.
        Arc::make_mut(action)
            .closed
            .get_or_insert_with(|| ActionClosed {
                event_id: recorded.event.id,
                position: recorded.position,
                recorded_at: recorded.recorded_at,
                actor: recorded.actor.clone(),
                date,
                outcome: p.outcome,
                text: p.text.clone(),
            });
    }
}
