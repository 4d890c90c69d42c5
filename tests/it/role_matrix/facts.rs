//! An event of every kind that says what is aimed at, what stands under it, and what came of it.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use daicho::clock::new_id;

use super::DAY;
use super::place::{Place, kept_inside};
use super::plan::{NEXT_PLAN, PLAN};
use super::row::{Asked, Row, writes_of};
use crate::errors::world::{because, corrected, event, increment, target_revised, value};

pub(super) fn id() -> String {
    new_id().to_string()
}

/// An event of the day with a reason.
pub(super) fn on_day(payload: Payload) -> EventInput {
    because(event(DAY, payload))
}

/// The event with a document that shows it.
pub(super) fn shown(event: EventInput) -> EventInput {
    EventInput {
        source_document: Some(SourceDocument {
            number: "5甲第12号".to_owned(),
            title: None,
            date: None,
        }),
        ..event
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = goals();
    rows.extend(initiatives());
    rows.extend(indicators());
    rows.extend(reports());
    rows
}

fn goals() -> Vec<Row> {
    vec![
        writes_of("goal_set", |asked| {
            on_day(Payload::GoalSet(GoalSet {
                goal: id(),
                plan: PLAN.to_owned(),
                code: format!("{}/third", asked.place.goal_code()),
                department: asked.place.department.clone(),
                pillar: 1,
                title: asked.place.title(),
                source_text: "新しい目標".to_owned(),
                continues: None,
            }))
        }),
        writes_of("goal_reworded", |asked| {
            on_day(Payload::GoalReworded(GoalReworded {
                goal: asked.place.goal_code(),
                title: asked.place.title(),
                source_text: "新しい文".to_owned(),
            }))
        }),
        writes_of("goal_moved", |asked| {
            on_day(Payload::GoalMoved(GoalMoved {
                goal: asked.place.goal_code(),
                department: asked.place.department.clone(),
                pillar: 2,
            }))
        }),
        writes_of("goal_suspended", |asked| {
            on_day(Payload::GoalSuspended(GoalSuspended {
                goal: asked.place.goal_code(),
            }))
        }),
        writes_of("goal_resumed", |asked| {
            on_day(Payload::GoalResumed(GoalResumed {
                goal: asked.place.goal_code(),
            }))
        }),
        writes_of("goal_cancelled", |asked| {
            on_day(Payload::GoalCancelled(GoalCancelled {
                goal: asked.place.goal_code(),
            }))
        }),
        writes_of("goal_carried_over", |asked| {
            on_day(Payload::GoalCarriedOver(GoalCarriedOver {
                goal: asked.place.goal_code(),
                to_plan: NEXT_PLAN.to_owned(),
                to_goal: None,
            }))
        }),
    ]
}

fn initiatives() -> Vec<Row> {
    vec![
        writes_of("initiative_set", |asked| {
            on_day(Payload::InitiativeSet(InitiativeSet {
                initiative: id(),
                goal: asked.place.goal_code(),
                number: 9,
                code: format!("{}/9", asked.place.goal_code()),
                title: asked.place.title(),
                source_text: "新しい取組".to_owned(),
                lead_unit: asked.place.section.clone(),
                ..InitiativeSet::default()
            }))
        }),
        writes_of("initiative_reworded", |asked| {
            on_day(Payload::InitiativeReworded(InitiativeReworded {
                initiative: asked.place.initiative_code(),
                title: asked.place.title(),
                source_text: "新しい文".to_owned(),
            }))
        }),
        writes_of("initiative_moved", |asked| {
            on_day(Payload::InitiativeMoved(InitiativeMoved {
                initiative: asked.place.initiative_code(),
                from_goal: asked.place.goal_code(),
                to_goal: asked.place.second_goal(),
                number: 8,
            }))
        }),
        writes_of("initiative_cancelled", |asked| {
            on_day(Payload::InitiativeCancelled(InitiativeCancelled {
                initiative: asked.place.second_initiative(),
            }))
        }),
        writes_of("responsibility_transferred", |asked| {
            on_day(Payload::ResponsibilityTransferred(
                ResponsibilityTransferred {
                    initiative: asked.place.initiative_code(),
                    lead_unit: match asked.place.name {
                        "隣" => "甲課".to_owned(),
                        "甲" => "隣課".to_owned(),
                        _ => asked.place.section.clone(),
                    },
                    contributing_units: Vec::new(),
                },
            ))
        }),
    ]
}

fn indicators() -> Vec<Row> {
    vec![
        writes_of("indicator_defined", |asked| {
            on_day(Payload::IndicatorDefined(IndicatorDefined {
                indicator: id(),
                initiative: asked.place.initiative_code(),
                code: format!("{}/1.9", asked.place.goal_code()),
                title: asked.place.title(),
                source_text: "新しい基準".to_owned(),
                definition: Some(kept_inside()),
                continues: None,
            }))
        }),
        writes_of("indicator_reworded", |asked| {
            on_day(Payload::IndicatorReworded(IndicatorReworded {
                indicator: asked.place.indicator_code(),
                title: asked.place.title(),
                source_text: "新しい文".to_owned(),
                confirms: Vec::new(),
            }))
        }),
        writes_of("indicator_moved", |asked| {
            on_day(Payload::IndicatorMoved(IndicatorMoved {
                indicator: asked.place.indicator_code(),
                from_initiative: asked.place.initiative_code(),
                to_initiative: asked.place.second_initiative(),
            }))
        }),
        writes_of("indicator_redefined", |asked| {
            on_day(Payload::IndicatorRedefined(IndicatorRedefined {
                indicator: asked.place.indicator_code(),
                definition_version: 2,
                definition: Some(Definition {
                    result_level: ResultLevel::Outcome.into(),
                    ..kept_inside()
                }),
            }))
        }),
        writes_of("indicator_cancelled", |asked| {
            on_day(Payload::IndicatorCancelled(IndicatorCancelled {
                indicator: asked.place.aimless(),
            }))
        }),
        writes_of("baseline_set", |asked| {
            on_day(Payload::BaselineSet(BaselineSet {
                indicator: asked.place.indicator_code(),
                baseline: Some(Baseline {
                    value: "80".to_owned(),
                    as_of: "2023-03-31".to_owned(),
                    source: None,
                }),
            }))
        }),
        writes_of("target_set", |asked| {
            on_day(Payload::TargetSet(TargetSet {
                indicator: asked.place.aimless(),
                target: value("50"),
            }))
        }),
        writes_of("target_revised", |asked| {
            let place = asked.place;
            target_revised(DAY, &place.indicator_code(), &place.target, "110")
        }),
        writes_of("plan_profile_set", |asked| {
            on_day(Payload::PlanProfileSet(PlanProfileSet {
                indicator: asked.place.indicator_code(),
                profile: Some(PlanProfile {
                    kind: PlanProfileKind::Linear.into(),
                    points: Vec::new(),
                }),
                assumed: false,
            }))
        }),
    ]
}

fn report(asked: &Asked<'_>) -> EventInput {
    shown(asked.place.report(DAY))
}

/// The report that whoever asks wrote; of those who wrote none, the drafter's.
fn own_entry<'a>(asked: &Asked<'a>) -> &'a str {
    asked.place.own.get(asked.by).unwrap_or(&asked.place.entry)
}

fn correction(place: &Place, entry: &str) -> EventInput {
    let day = "2023-05-02";
    shown(corrected(
        day,
        &place.indicator_code(),
        entry,
        increment("2"),
    ))
}

fn forecast(asked: &Asked<'_>) -> EventInput {
    shown(on_day(Payload::ForecastSubmitted(ForecastSubmitted {
        indicator: asked.place.indicator_code(),
        forecast: Some(forecast_submitted::Forecast::Value("90".to_owned())),
        confidence: None,
        basis: "これまでの推移".to_owned(),
    })))
}

fn narrative(asked: &Asked<'_>) -> EventInput {
    shown(event(
        DAY,
        Payload::NarrativeAdded(NarrativeAdded {
            subject: asked.place.about(),
            kind: NarrativeKind::Note.into(),
            text: "予定どおり".to_owned(),
        }),
    ))
}

fn attachment(asked: &Asked<'_>) -> EventInput {
    EventInput {
        evidence: vec![asked.place.evidence()],
        ..shown(event(
            DAY,
            Payload::EvidenceAttached(EvidenceAttached {
                subject: asked.place.about(),
                ..EvidenceAttached::default()
            }),
        ))
    }
}

fn reports() -> Vec<Row> {
    vec![
        writes_of("actual_recorded", report),
        writes_of("actual_recorded:on-behalf", report).on_behalf(),
        writes_of("actual_corrected", |asked| {
            correction(asked.place, &asked.place.entry)
        }),
        writes_of("actual_corrected:own-entry", |asked| {
            correction(asked.place, own_entry(asked))
        }),
        writes_of("actual_corrected:on-behalf", |asked| {
            correction(asked.place, &asked.place.entry)
        })
        .on_behalf(),
        writes_of("actual_retracted", |asked| {
            shown(because(event(
                "2023-05-02",
                Payload::ActualRetracted(ActualRetracted {
                    indicator: asked.place.indicator_code(),
                    retracts: asked.place.entry.clone(),
                    before: None,
                }),
            )))
        }),
        writes_of("actual_retracted:own-entry", |asked| {
            shown(because(event(
                "2023-05-02",
                Payload::ActualRetracted(ActualRetracted {
                    indicator: asked.place.indicator_code(),
                    retracts: own_entry(asked).to_owned(),
                    before: None,
                }),
            )))
        }),
        writes_of("actual_confirmed", |asked| {
            event(
                DAY,
                Payload::ActualConfirmed(ActualConfirmed {
                    indicator: asked.place.indicator_code(),
                    entries: vec![asked.place.entry.clone()],
                }),
            )
        }),
        writes_of("demand_recorded", |asked| {
            shown(event(
                DAY,
                Payload::DemandRecorded(DemandRecorded {
                    indicator: asked.place.aimless(),
                    requests: "4".to_owned(),
                }),
            ))
        }),
        writes_of("forecast_submitted", forecast),
        writes_of("forecast_submitted:on-behalf", forecast).on_behalf(),
        writes_of("narrative_added", narrative),
        writes_of("narrative_added:on-behalf", narrative).on_behalf(),
        writes_of("evidence_attached", attachment),
        writes_of("evidence_attached:on-behalf", attachment).on_behalf(),
    ]
}
