//! What the events of an evaluation have in common.

use super::{Payload, Subject};
use crate::domain::code::Key;
use crate::domain::evaluation::judgement::{CauseCode, ComputedJudgement, EvaluationStep};
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::personal::FreeText;

/// One step of an evaluation, whichever it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Evaluated<'a> {
    /// Which step.
    pub step: EvaluationStep,
    /// What was judged.
    pub subject: Subject,
    /// For which period.
    pub period: &'a Key,
    /// The grade given.
    pub grade: Option<&'a Key>,
    /// The rubric in force.
    pub rubric: Option<&'a PolicyVersion>,
    /// What the figures alone come to.
    pub computed: Option<&'a ComputedJudgement>,
    /// Why it came so; of self-evaluations.
    pub cause: Option<CauseCode>,
    /// In words.
    pub comment: Option<&'a FreeText>,
}

/// What the ledger and the server fill in of a step of an evaluation.
#[derive(Debug)]
pub struct Judging<'a> {
    /// The rubric in force.
    pub rubric: &'a mut Option<PolicyVersion>,
    /// What the figures alone come to.
    pub computed: &'a mut Option<ComputedJudgement>,
}

macro_rules! steps {
    ($($event:ident: $step:ident, $p:ident => $cause:expr, $comment:expr;)*) => {
        impl Payload {
            /// The step of an evaluation that it is.
            pub fn evaluated(&self) -> Option<Evaluated<'_>> {
                match self {
                    $(Self::$event($p) => Some(Evaluated {
                        step: EvaluationStep::$step,
                        subject: $p.subject,
                        period: &$p.period,
                        grade: $p.grade.as_ref(),
                        rubric: $p.rubric.as_ref(),
                        computed: $p.computed.as_ref(),
                        cause: $cause,
                        comment: $comment,
                    }),)*
                    _ => None,
                }
            }

            /// What is filled in of it, if it is a step of an evaluation.
            pub fn judging(&mut self) -> Option<Judging<'_>> {
                match self {
                    $(Self::$event($p) => Some(Judging {
                        rubric: &mut $p.rubric,
                        computed: &mut $p.computed,
                    }),)*
                    _ => None,
                }
            }
        }
    };
}

steps! {
    SelfEvaluated: SelfEvaluation, p => p.cause, Some(&p.comment);
    EvaluationReviewed: Review, p => None, Some(&p.comment);
    EvaluationFinalised: Finalisation, p => None, p.comment.as_ref();
}
