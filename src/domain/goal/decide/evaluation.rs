//! Rules of evaluations and next actions: who may judge what, by which rubric, in which order.

use super::Judge;
use super::policy::listed;
use crate::domain::evaluation::judgement::EvaluationStep;
use crate::domain::evaluation::policy::{GradeRubric, PolicyVersion};
use crate::domain::event::{Actor, Evaluated, NextActionAgreed, NextActionClosed, Payload};
use crate::domain::goal::evaluation::Judgement;
use crate::domain::period::Period;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    /// Judges a step of an evaluation, and fills in the rubric.
    pub(super) fn evaluated(&mut self, payload: &mut Payload) {
        self.not_ahead();
        let Some(evaluated) = payload.evaluated() else {
            return;
        };
        self.subject(&evaluated.subject);
        let plan = self.context.directory.plan_of_subject(evaluated.subject);
        // Without a plan the subject is unknown, which is told.
        let Some(period) = plan.and_then(|plan| self.known_period(plan, evaluated.period)) else {
            return;
        };
        self.order(&evaluated, &period);
        let rubric = self.rubric_of(&period);
        self.graded(&evaluated, rubric.as_ref().map(|(v, r)| (v, r.as_ref())));
        if let Some(judging) = payload.judging() {
            *judging.rubric = rubric.map(|(version, _)| version);
        }
    }

    /// Final is final; there is something to review or finalise; and nobody does so with their own judgement.
    fn order(&mut self, evaluated: &Evaluated<'_>, period: &Period) {
        let figures: [(_, &dyn std::fmt::Display); 1] = [("period", &period.key)];
        if self.context.directory.is_final(evaluated.subject, period) {
            return self.reject_with(Reason::EvaluationFinal, "period", &figures);
        }
        if evaluated.step == EvaluationStep::SelfEvaluation {
            return;
        }
        // What was final before a reopening is history; the round begins anew.
        let goal = self.goal;
        let round: Vec<&Judgement> = goal
            .evaluations_of(evaluated.subject, evaluated.period)
            .rev()
            .take_while(|judged| judged.step != EvaluationStep::Finalisation)
            .map(|judged| judged.as_ref())
            .collect();
        if round.is_empty() {
            return self.reject_with(Reason::EvaluationMissing, "period", &figures);
        }
        let actor = self.context.actor;
        let own = |judged: &&Judgement| {
            judged.step == EvaluationStep::SelfEvaluation && is_same(&judged.actor, actor)
        };
        if round.iter().any(own) {
            self.reject(Reason::SelfReview, "");
        }
    }

    /// The rubric by which grades of a period are given; `None` where the policy in force gives none.
    fn rubric_of(&self, period: &Period) -> Option<(PolicyVersion, std::sync::Arc<GradeRubric>)> {
        let (directory, date) = (self.context.directory, period.evaluation_date());
        let (_, policy) = directory.evaluation_policy_on(date, None);
        directory.rubric_on(policy.rubric.as_ref()?, date, None)
    }

    fn graded(
        &mut self,
        evaluated: &Evaluated<'_>,
        rubric: Option<(&PolicyVersion, &GradeRubric)>,
    ) {
        if let Some(expected) = evaluated.rubric
            && rubric.map(|(version, _)| version) != Some(expected)
        {
            let current = rubric.map_or_else(|| "-".to_owned(), |(version, _)| version.to_string());
            let figures: [(_, &dyn std::fmt::Display); 1] = [("current", &current)];
            return self.reject_with(Reason::RubricDiffers, "rubric", &figures);
        }
        let Some(grade) = evaluated.grade else { return };
        let levels = rubric.map_or(&[][..], |(_, rubric)| rubric.levels.as_slice());
        if levels.iter().all(|level| level.key != *grade) {
            let known: Vec<String> = levels.iter().map(|level| level.key.to_string()).collect();
            let figures: [(_, &dyn std::fmt::Display); 1] = [("known", &listed(&known))];
            self.reject_with(Reason::GradeUnknown, "grade", &figures);
        }
        let computed = evaluated
            .computed
            .and_then(|computed| computed.grade.as_ref());
        if computed.is_some_and(|computed| computed != grade) && self.proposed.reason.is_none() {
            self.reject_envelope(Reason::ReasonRequired, "reason", &[]);
        }
    }

    pub(super) fn next_action_agreed(&mut self, p: &NextActionAgreed) {
        self.not_ahead();
        self.subject(&p.subject);
        self.active_unit(p.owner_unit, "owner_unit");
        if self.goal.action(p.action).is_some() {
            self.reject(Reason::IdExists, "action");
        }
        let plan = self.context.directory.plan_of_subject(p.subject);
        let Some(period) = plan.and_then(|plan| self.known_period(plan, &p.period)) else {
            return;
        };
        let last = period.evaluation_date();
        if p.due <= last {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("last", &last)];
            self.reject_with(Reason::DueTooEarly, "due", &figures);
        }
    }

    pub(super) fn next_action_closed(&mut self, p: &NextActionClosed) {
        self.not_ahead();
        self.subject(&p.subject);
        let goal = self.goal;
        let Some(action) = goal.action(p.action) else {
            return self.reject(Reason::ActionUnknown, "action");
        };
        if action.subject != p.subject {
            self.reject_form("subject", "the action was agreed for another subject");
        }
        if let Some(closed) = &action.closed {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("outcome", &closed.outcome.code())];
            self.reject_with(Reason::ActionClosed, "action", &figures);
        }
    }
}

/// Whether two actors are the same person or service: by the person where both are known, else by who vouches for whom.
pub(super) fn is_same(one: &Actor, other: &Actor) -> bool {
    if let (Some(one), Some(other)) = (one.person, other.person) {
        return one == other;
    }
    one.shares_login_with(other) || (one.person.is_some() && one.person == other.person)
}
