//! Flags about what people judged and agreed.

use std::sync::Arc;

use super::{Flag, FlagKind};
use crate::domain::actual::aggregate::Cut;
use crate::domain::directory::Named;
use crate::domain::evaluation::judgement::EvaluationStep;
use crate::domain::event::Subject;
use crate::domain::goal::evaluation::{Judgement, NextAction};
use crate::domain::text::Language;

/// Flags about what was judged by `cut` in one goal's stream.
pub(crate) fn judgements<'a>(
    judgements: impl Iterator<Item = &'a Arc<Judgement>>,
    cut: Cut,
    flags: &mut Vec<Flag>,
) {
    let known: Vec<&Judgement> = judgements
        .map(AsRef::as_ref)
        .filter(|judgement| cut.knows(judgement.position) && judgement.date <= cut.on)
        .collect();
    for judgement in &known {
        overridden(judgement, flags);
        let own = |other: &&&Judgement| {
            other.step == EvaluationStep::SelfEvaluation
                && other.position < judgement.position
                && (other.subject, &other.period) == (judgement.subject, &judgement.period)
                && other.actor.shares_login_with(&judgement.actor)
        };
        // Of the self-evaluations before it the last is what was looked at.
        if judgement.step != EvaluationStep::SelfEvaluation
            && let Some(reviewed) = known.iter().rev().find(own)
        {
            self_reviewed(judgement, reviewed, flags);
        }
    }
}

fn self_reviewed(judgement: &Judgement, own: &Judgement, flags: &mut Vec<Flag>) {
    let who = &judgement.actor.subject;
    let (ja, en) = match judgement.step {
        EvaluationStep::Finalisation => ("確定", "finalised"),
        EvaluationStep::Review | EvaluationStep::SelfEvaluation => ("二次評価", "reviewed"),
    };
    let flag = Flag::new(
        FlagKind::SelfReviewed,
        named(judgement.subject),
        [own.position, judgement.position],
        format!("{who}が自らの自己評価を{ja}しています"),
        format!("{who} {en} their own evaluation"),
    );
    flags.push(
        flag.with("period", &judgement.period)
            .with("step", judgement.step.code())
            .with("actor", who),
    );
}

fn overridden(judgement: &Judgement, flags: &mut Vec<Flag>) {
    let computed = judgement.computed.as_ref().and_then(|c| c.grade.as_ref());
    let Some((given, computed)) = judgement.grade.as_ref().zip(computed) else {
        return;
    };
    if given == computed {
        return;
    }
    let who = &judgement.actor.subject;
    let why = judgement.reason.as_ref().map(|reason| &reason.text);
    let why = |language| why.map(|text| text.shown(language)).unwrap_or_default();
    let flag = Flag::new(
        FlagKind::GradeOverridden,
        named(judgement.subject),
        [judgement.position],
        format!(
            "算定は{computed}、{who}の評価は{given}です。理由: {}",
            why(Language::Ja)
        ),
        format!(
            "computed {computed}, given {given} by {who}. Reason: {}",
            why(Language::En)
        ),
    );
    flags.push(
        flag.with("period", &judgement.period)
            .with("step", judgement.step.code())
            .with("computed", computed)
            .with("given", given)
            .with("actor", who),
    );
}

/// Flags about actions that were agreed and are open after their day on D.
pub(crate) fn actions(actions: &[&Arc<NextAction>], cut: Cut, flags: &mut Vec<Flag>) {
    for action in actions {
        let agreed = cut.knows(action.position) && action.date <= cut.on;
        let closed = action
            .closed
            .as_ref()
            .is_some_and(|closed| cut.knows(closed.position) && closed.date <= cut.on);
        if !agreed || closed || cut.on <= action.due {
            continue;
        }
        let (due, days) = (action.due, (cut.on - action.due).get_days());
        let text = |language| action.text.shown(language);
        let flag = Flag::new(
            FlagKind::NextActionOverdue,
            named(action.subject),
            [action.position],
            format!("期限{due}を{days}日過ぎています: {}", text(Language::Ja)),
            format!("due on {due}, {days} days ago: {}", text(Language::En)),
        );
        flags.push(
            flag.with("due", due)
                .with("days", days)
                .with("period", &action.period)
                .with("action", action.id),
        );
    }
}

fn named(subject: Subject) -> Named {
    match subject {
        Subject::Goal(id) => Named::Goal(id),
        Subject::Initiative(id) => Named::Initiative(id),
        Subject::Indicator(id) => Named::Indicator(id),
    }
}

#[cfg(test)]
mod tests;
