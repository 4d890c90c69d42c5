//! An event of every kind by which somebody judges a goal, or decides on a change of it.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;

use super::DAY;
use super::facts::{id, on_day, shown};
use super::place::step;
use super::plan::CLOSED;
use super::row::{Asked, Row, writes_of};
use crate::errors::world::event;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = evaluations();
    rows.extend(decisions());
    rows
}

fn evaluations() -> Vec<Row> {
    vec![
        writes_of("self_evaluated", |asked| {
            event(
                DAY,
                Payload::SelfEvaluated(SelfEvaluated {
                    subject: asked.place.about(),
                    period: CLOSED.to_owned(),
                    comment: "所見".to_owned(),
                    ..SelfEvaluated::default()
                }),
            )
        }),
        writes_of("evaluation_reviewed", |asked| {
            event(
                DAY,
                Payload::EvaluationReviewed(EvaluationReviewed {
                    subject: asked.place.about(),
                    period: CLOSED.to_owned(),
                    comment: "所見".to_owned(),
                    ..EvaluationReviewed::default()
                }),
            )
        }),
        writes_of("evaluation_finalised", |asked| {
            event(
                DAY,
                Payload::EvaluationFinalised(EvaluationFinalised {
                    subject: asked.place.about(),
                    period: CLOSED.to_owned(),
                    ..EvaluationFinalised::default()
                }),
            )
        }),
        writes_of("next_action_agreed", |asked| {
            event(
                DAY,
                Payload::NextActionAgreed(NextActionAgreed {
                    subject: asked.place.about(),
                    action: id(),
                    period: CLOSED.to_owned(),
                    kind: ActionKind::Improve.into(),
                    text: "改善する".to_owned(),
                    owner_unit: asked.place.section.clone(),
                    due: "2023-12-28".to_owned(),
                }),
            )
        }),
        writes_of("next_action_closed", |asked| {
            event(
                DAY,
                Payload::NextActionClosed(NextActionClosed {
                    subject: asked.place.about(),
                    action: asked.place.action.clone(),
                    outcome: ActionOutcome::Done.into(),
                    text: "済んだ".to_owned(),
                }),
            )
        }),
    ]
}

fn proposal(asked: &Asked<'_>) -> EventInput {
    let suspended = on_day(Payload::GoalSuspended(GoalSuspended {
        goal: asked.place.goal_code(),
    }));
    shown(asked.place.proposed(&id(), suspended))
}

fn decisions() -> Vec<Row> {
    vec![
        writes_of("change_proposed", proposal),
        writes_of("change_proposed:on-behalf", proposal).on_behalf(),
        writes_of("change_consulted", |asked| {
            step(Payload::ChangeConsulted(ChangeConsulted {
                proposal: asked.place.proposal.clone(),
                change_sha256: asked.place.digest.clone(),
                outcome: ConsultationOutcome::Consent.into(),
                text: None,
                unit: None,
            }))
        }),
        writes_of("change_decided", |asked| {
            step(Payload::ChangeDecided(ChangeDecided {
                proposal: asked.place.proposal.clone(),
                change_sha256: asked.place.digest.clone(),
                outcome: DecisionOutcome::Approved.into(),
                // Whoever acts for somebody names what lets them.
                acting_delegation: (asked.by == "acting")
                    .then(|| asked.ground.people.delegation.clone()),
                ..ChangeDecided::default()
            }))
        }),
        writes_of("change_withdrawn", |asked| {
            step(Payload::ChangeWithdrawn(ChangeWithdrawn {
                proposal: asked.place.proposal.clone(),
            }))
        }),
        writes_of("decision_reviewed", |asked| {
            step(Payload::DecisionReviewed(DecisionReviewed {
                decision: asked.place.decision.clone(),
                outcome: ReviewOutcome::Agree.into(),
                text: None,
            }))
        }),
    ]
}
