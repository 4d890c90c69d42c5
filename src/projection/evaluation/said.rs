//! What people said of what was evaluated, and what they agreed to do next: beside the figures, never in them.

use std::sync::Arc;

use crate::domain::code::Key;
use crate::domain::evaluation::judgement::EvaluationStep;
use crate::domain::event::Subject;
use crate::domain::goal::Goal;
use crate::domain::goal::evaluation::{Judgement, NextAction};

/// What was said of a subject in a period: of each step the newest that was known.
#[derive(Clone, Debug, Default)]
pub struct Judgements {
    /// 自己評価.
    pub self_evaluated: Option<Arc<Judgement>>,
    /// 二次評価.
    pub reviewed: Option<Arc<Judgement>>,
    /// 評価確定.
    pub finalised: Option<Arc<Judgement>>,
}

impl Judgements {
    /// What the stream `goal`, in which the history of `subject` is, knew of it at `known_at`.
    pub fn of(goal: &Goal, subject: Subject, period: &Key, known_at: u64) -> Self {
        let newest = |step| {
            goal.evaluations_of(subject, period)
                .rfind(|judged| judged.step == step && judged.position < known_at)
                .cloned()
        };
        Self {
            self_evaluated: newest(EvaluationStep::SelfEvaluation),
            reviewed: newest(EvaluationStep::Review),
            finalised: newest(EvaluationStep::Finalisation),
        }
    }

    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        self.self_evaluated.is_none() && self.reviewed.is_none() && self.finalised.is_none()
    }
}

/// What the stream `goal` knew at `known_at` to be agreed for what `here` tells, in the order of agreement. How an action
/// ended is left out where it was not known.
pub fn actions(goal: &Goal, known_at: u64, here: impl Fn(Subject) -> bool) -> Vec<Arc<NextAction>> {
    let known = goal.actions().into_iter();
    known
        .filter(|action| action.position < known_at && here(action.subject))
        .map(|action| match &action.closed {
            Some(closed) if known_at <= closed.position => Arc::new(NextAction {
                closed: None,
                ..NextAction::clone(action)
            }),
            _ => action.clone(),
        })
        .collect()
}
