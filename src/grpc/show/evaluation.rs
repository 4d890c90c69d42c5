//! Evaluations as messages: figures exact, as decimals and for eyes.

use super::{entity, head};
use crate::api::v1;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::roll_up::{Distribution, Mean};
use crate::domain::evaluation::{
    Achievement, AgainstTarget, Evaluation, EvaluationPolicy, Exact, Figure, Obstacle,
    OwnerForecast, PartEvaluation, display,
};
use crate::domain::event::Subject;
use crate::domain::goal::evaluation::{Judgement, NextAction};
use crate::domain::id::UnitId;
use crate::domain::target::Aim;
use crate::domain::unit::Unit;
use crate::grpc::event::{
    Choice as _, show_actor, show_actual, show_baseline, show_definition, show_pillar,
    show_timestamp,
};
use crate::grpc::show::{standing, target_version};
use crate::log::Head;
use crate::projection::evaluation::roll_up::{RolledUp, Together};
use crate::projection::evaluation::ruling::{Ruled, Ruling};
use crate::projection::evaluation::{
    At, GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, Judgements, cell,
};

/// Which indicators of an evaluation are told.
pub(in crate::grpc) trait Chooses:
    Fn(&InitiativeEvaluation, &IndicatorEvaluation) -> bool
{
}
impl<F: Fn(&InitiativeEvaluation, &IndicatorEvaluation) -> bool> Chooses for F {}

pub(in crate::grpc) fn evaluated_at(at: &At, present: Head) -> v1::EvaluatedAt {
    evaluated_by(&at.ruling, at.effective_on, at.known_at, present)
}

/// What was computed for a day with what was known at a size, and judged by a ruling.
pub(in crate::grpc) fn evaluated_by(
    ruling: &Ruling,
    on: Date,
    known_at: u64,
    present: Head,
) -> v1::EvaluatedAt {
    v1::EvaluatedAt {
        effective_on: on.to_string(),
        known_at,
        policy: Some(ruled(&ruling.policy)),
        rubric: ruling.rubric.as_ref().map(ruled),
        head: Some(head(present)),
    }
}

pub(in crate::grpc) fn ruled<T>(ruled: &Ruled<T>) -> v1::PolicyUsed {
    v1::PolicyUsed {
        code: ruled.version.code.to_string(),
        version: ruled.version.version,
        sha256: ruled.sha256.map(Vec::from).unwrap_or_default(),
    }
}

/// Tells one plan's evaluation.
pub(in crate::grpc) struct Teller<'a> {
    at: &'a At,
}

impl<'a> Teller<'a> {
    pub(in crate::grpc) fn new(at: &'a At) -> Self {
        Self { at }
    }

    fn directory(&self) -> &Directory {
        &self.at.directory
    }

    fn policy(&self) -> &EvaluationPolicy {
        &self.at.ruling.policy.content
    }

    fn named(&self, named: Named) -> v1::Entity {
        entity(self.directory(), named, self.at.effective_on)
    }

    fn units(&self, units: &[UnitId]) -> Vec<v1::Entity> {
        units
            .iter()
            .map(|id| self.named(Named::Unit(*id)))
            .collect()
    }

    /// A goal with what `chooses` leaves of it; `together` is what all of it comes to.
    pub(in crate::grpc) fn goal(
        &self,
        goal: &GoalEvaluation,
        together: impl Fn(&mut dyn Iterator<Item = &IndicatorEvaluation>) -> Together,
        chooses: &impl Chooses,
    ) -> v1::GoalEvaluation {
        let initiatives = goal.initiatives.iter().filter_map(|initiative| {
            let chosen: Vec<_> = initiative
                .indicators
                .iter()
                .filter(|indicator| chooses(initiative, indicator))
                .map(|indicator| self.indicator(indicator))
                .collect();
            (!chosen.is_empty()).then(|| v1::InitiativeEvaluation {
                initiative: Some(self.named(Named::Initiative(initiative.id))),
                number: initiative.number,
                standing: Some(standing(initiative.phase)),
                lead: Some(self.named(Named::Unit(initiative.lead))),
                contributing: self.units(&initiative.contributing),
                indicators: chosen,
                roll_up: Some(self.together(&together(&mut initiative.indicators.iter()))),
                judgements: self.judgements(&initiative.judgements),
            })
        });
        v1::GoalEvaluation {
            goal: Some(self.named(Named::Goal(goal.id))),
            department: Some(self.named(Named::Unit(goal.department))),
            pillar: self.at.plan.pillar(goal.pillar).map(show_pillar),
            standing: Some(standing(goal.phase)),
            initiatives: initiatives.collect(),
            roll_up: Some(self.together(&together(&mut goal.indicators()))),
            judgements: self.judgements(&goal.judgements),
            next_actions: goal
                .actions
                .iter()
                .map(|action| self.action(action))
                .collect(),
        }
    }

    /// An indicator and where it stands.
    pub(in crate::grpc) fn indicator(
        &self,
        indicator: &IndicatorEvaluation,
    ) -> v1::IndicatorEvaluation {
        let found = indicator.evaluation.as_ref();
        let (policy, unit) = (self.policy(), &indicator.definition.unit);
        let share = |share: &Exact| display::share(share, policy);
        let aims: Vec<Exact> = aims(found);
        let amount = |value: &Exact| amount(value, unit, &aims);
        let version = found.definition_version;
        v1::IndicatorEvaluation {
            indicator: Some(self.named(Named::Indicator(indicator.id))),
            standing: Some(standing(indicator.phase)),
            definition: Some(v1::DefinitionVersion {
                version,
                from: indicator.defined_from.to_string(),
                definition: Some(show_definition(&indicator.definition)),
                confirmed: Vec::new(),
            }),
            lead: Some(self.named(Named::Unit(indicator.lead))),
            contributing: self.units(&indicator.contributing),
            actual: Some(show_actual(&found.actual)),
            value: Some(figure(&found.value, amount)),
            baseline: found.baseline.as_ref().map(show_baseline),
            first: found.first.as_ref().map(|first| self.against(found, first)),
            current: found
                .current
                .as_ref()
                .map(|current| self.against(found, current)),
            cap_usage: Some(figure(&found.cap_usage, share)),
            mean_of_months: Some(figure(&found.mean_of_months, share)),
            service_rate: Some(figure(&found.service_rate, |rate| {
                display::service_rate(rate, policy)
            })),
            planned_value: Some(figure(&found.planned_value, amount)),
            planned_share: Some(figure(&found.planned_share, share)),
            pace: Some(self.pace(&found.pace)),
            forecast: Some(figure(&found.forecast, amount)),
            owner_forecast: found
                .owner_forecast
                .as_ref()
                .map(|forecast| owner_forecast(forecast, amount)),
            required_per_month: Some(figure(&found.required_per_month, amount)),
            status: found.status.number(),
            remarks: found.remarks.iter().map(|remark| remark.number()).collect(),
            parts: found.parts.iter().map(|part| self.part(part)).collect(),
            grade: indicator.grade.as_ref().map(ToString::to_string),
            entries: indicator.entries,
            last_event_position: indicator.last_position,
            judgements: self.judgements(&indicator.judgements),
        }
    }

    fn against(&self, found: &Evaluation, against: &AgainstTarget) -> v1::AgainstTarget {
        let shown = display::attainment(found, against, self.policy());
        v1::AgainstTarget {
            target: Some(target_version(&against.target)),
            attainment: Some(figure(&against.attainment, |_| {
                shown.clone().unwrap_or_default()
            })),
            achievement: Some(achieved(against.achievement)),
        }
    }

    fn part(&self, part: &PartEvaluation) -> v1::PartEvaluation {
        let digits = self.policy().display_digits;
        v1::PartEvaluation {
            part: part.part.to_string(),
            actual: Some(show_actual(&part.actual)),
            attainment: Some(figure(&part.attainment, |share| {
                display::percent(share, digits, &[Exact::one()])
            })),
            achievement: Some(achieved(part.achievement)),
            pace: Some(self.pace(&part.pace)),
        }
    }

    fn pace(&self, pace: &Figure) -> v1::Figure {
        figure(pace, |pace| display::pace(pace, self.policy()))
    }

    fn judgements(&self, judgements: &Judgements) -> Option<v1::Judgements> {
        if judgements.is_empty() {
            return None;
        }
        let shown = |judgement: &Option<_>| judgement.as_deref().map(judgement_of);
        Some(v1::Judgements {
            period: self
                .at
                .period()
                .map(|period| period.key.to_string())
                .unwrap_or_default(),
            self_evaluated: shown(&judgements.self_evaluated),
            reviewed: shown(&judgements.reviewed),
            finalised: shown(&judgements.finalised),
        })
    }

    /// What was agreed to do next.
    pub(in crate::grpc) fn action(&self, action: &NextAction) -> v1::NextAction {
        let subject = match action.subject {
            Subject::Goal(id) => Named::Goal(id),
            Subject::Initiative(id) => Named::Initiative(id),
            Subject::Indicator(id) => Named::Indicator(id),
        };
        v1::NextAction {
            id: action.id.to_string(),
            event_id: action.event_id.to_string(),
            subject: Some(self.named(subject)),
            period: action.period.to_string(),
            kind: action.kind.number(),
            text: action.text.to_string(),
            owner: Some(self.named(Named::Unit(action.owner_unit))),
            due: action.due.to_string(),
            outcome: action.closed.as_ref().map(|closed| closed.outcome.number()),
        }
    }

    /// What a plan comes to.
    pub(in crate::grpc) fn rolled_up(&self, rolled: &RolledUp) -> v1::PlanRollUps {
        v1::PlanRollUps {
            goals: rolled.goals,
            plan: Some(self.together(&rolled.whole)),
            departments: rolled
                .departments
                .iter()
                .map(|of| v1::DepartmentRollUp {
                    department: Some(self.named(Named::Unit(of.department))),
                    goals: of.goals,
                    roll_up: Some(self.together(&of.together)),
                })
                .collect(),
            pillars: rolled
                .pillars
                .iter()
                .map(|of| v1::PillarRollUp {
                    pillar: Some(show_pillar(&of.pillar)),
                    goals: of.goals,
                    roll_up: Some(self.together(&of.together)),
                })
                .collect(),
            sections: rolled
                .sections
                .iter()
                .map(|of| v1::SectionRollUp {
                    section: Some(self.named(Named::Unit(of.section))),
                    led: Some(self.together(&of.together)),
                    contributed: Some(distribution(&of.together.roll_up.participating)),
                })
                .collect(),
            causes: rolled
                .causes
                .iter()
                .map(|(cause, count)| v1::CauseCount {
                    cause: cause.number(),
                    count: *count,
                    external: cause.is_external(),
                })
                .collect(),
        }
    }

    fn together(&self, together: &Together) -> v1::RollUp {
        v1::RollUp {
            mean: Some(self.mean(&together.mean)),
            judgement: together.roll_up.judgement.map(|status| status.number()),
            ..distribution(&together.roll_up.led)
        }
    }

    fn mean(&self, mean: &Mean) -> v1::MeanAttainment {
        v1::MeanAttainment {
            mean: Some(figure(&mean.attainment, |share| {
                display::share(share, self.policy())
            })),
            cap: mean.cap.map(|cap| cap.to_string()),
            count: mean.count,
            excluded: mean
                .excluded
                .iter()
                .map(|(obstacle, count)| v1::ObstacleCount {
                    obstacle: obstacle.number(),
                    count: *count,
                })
                .collect(),
        }
    }
}

fn distribution(counts: &Distribution) -> v1::RollUp {
    v1::RollUp {
        indicators: counts.total(),
        statuses: counts
            .counts()
            .map(|(status, count)| v1::StatusCount {
                status: status.number(),
                count,
            })
            .collect(),
        applicable: counts.applicable(),
        reported: counts.reported(),
        judged: counts.judged(),
        mean: None,
        judgement: None,
    }
}

fn judgement_of(judgement: &Judgement) -> v1::Judgement {
    let computed = judgement.computed.as_ref();
    v1::Judgement {
        event_id: judgement.event_id.to_string(),
        position: judgement.position,
        recorded_at: Some(show_timestamp(judgement.recorded_at)),
        actor: Some(show_actor(&judgement.actor)),
        grade: judgement.grade.as_ref().map(ToString::to_string),
        computed_grade: computed
            .and_then(|computed| computed.grade.as_ref())
            .map(ToString::to_string),
        computed_status: computed.map(|computed| computed.status.number()),
        cause: judgement.cause.map(|cause| cause.number()),
        comment: judgement.comment.as_ref().map(ToString::to_string),
    }
}

/// Values that the actual and what is expected are judged against.
fn aims(found: &Evaluation) -> Vec<Exact> {
    let aim = found
        .current
        .as_ref()
        .map(|current| &current.target.target.aim);
    match aim {
        Some(Aim::Value(value)) => vec![(*value).into()],
        Some(Aim::Approximate { value, tolerance }) => {
            let value = Exact::from(*value);
            vec![value.minus(&(*tolerance).into()), value]
        }
        Some(Aim::Range { lower, upper }) => vec![(*lower).into(), (*upper).into()],
        _ => Vec::new(),
    }
}

/// A value in a unit without the unit: with its decimals, or with one more where they cannot hold it, on the side of every
/// bound on which it is.
pub(in crate::grpc) fn amount(value: &Exact, unit: &Unit, bounds: &[Exact]) -> String {
    let decimals = u32::from(unit.decimals);
    let digits = decimals + u32::from(!value.has_decimals(decimals));
    value.half_up_within(digits, bounds)
}

fn owner_forecast(forecast: &OwnerForecast, shown: impl Fn(&Exact) -> String) -> v1::OwnerForecast {
    use v1::owner_forecast::Forecast;
    let value = forecast.value.as_ref();
    v1::OwnerForecast {
        event_id: forecast.event_id.to_string(),
        forecast: value
            .map(|value| Forecast::Value(number(value, shown(value))))
            .or_else(|| Some(Forecast::Date(forecast.date?.to_string()))),
        reaches: forecast.reaches,
    }
}

/// A figure with its spellings, or why there is none.
pub(in crate::grpc) fn figure(figure: &Figure, shown: impl FnOnce(&Exact) -> String) -> v1::Figure {
    use v1::figure;
    v1::Figure {
        figure: Some(match figure {
            Ok(value) => figure::Figure::Number(number(value, shown(value))),
            Err(obstacle) => figure::Figure::Obstacle(obstacle.number()),
        }),
    }
}

/// An exact number with its spellings.
pub(in crate::grpc) fn number(value: &Exact, display: String) -> v1::ExactNumber {
    v1::ExactNumber {
        numerator: value.numerator(),
        denominator: value.denominator(),
        decimal: cell::decimal(value),
        display,
    }
}

pub(in crate::grpc) fn achieved(
    achievement: Result<Achievement, Obstacle>,
) -> v1::AchievementResult {
    use v1::achievement_result::Result;
    v1::AchievementResult {
        result: Some(match achievement {
            Ok(achievement) => Result::Achievement(achievement.number()),
            Err(obstacle) => Result::Obstacle(obstacle.number()),
        }),
    }
}

/// What a plan is called on a date.
pub(in crate::grpc) fn plan(at: &At) -> v1::Entity {
    plan_on(&at.directory, at.plan.id, at.effective_on)
}

fn plan_on(directory: &Directory, plan: crate::domain::id::PlanId, on: Date) -> v1::Entity {
    entity(directory, Named::Plan(plan), on)
}
