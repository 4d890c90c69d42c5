//! The evaluation of one indicator: every figure for itself, from one selection of facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::{Cut, entries_of_parts, fold};
use crate::domain::code::Key;
use crate::domain::date::DateSpan;
use crate::domain::directory::Phase;
use crate::domain::evaluation::attainment::Verdict;
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::parts::Joint;
use crate::domain::evaluation::plan::Planned;
use crate::domain::evaluation::status::Findings;
use crate::domain::evaluation::{
    Achievement, AgainstTarget, Evaluation, EvaluationPolicy, Exact, Figure, Obstacle,
    PartEvaluation, Remark, Status,
};
use crate::domain::goal::{Entry, Goal, Indicator};
use crate::domain::id::IndicatorId;
use crate::domain::indicator::MeasureType;
use crate::domain::reporting::RoundDates;
use crate::domain::target::{Aim, TargetVersion};

/// What is asked: one indicator, at one cut, under one policy.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// All that is known of the indicator; what is later than the cut is left out.
    pub indicator: &'a Indicator,
    /// The days of its plan.
    pub cycle: DateSpan,
    /// D and K.
    pub cut: Cut,
    /// What has become of it by the cut: the strongest of the phases of indicator, initiative and goal.
    pub phase: Phase,
    /// How figures become judgements.
    pub policy: &'a EvaluationPolicy,
    /// The rounds of the reporting calendar in force on D that ask for it: silence before the first is not missing.
    /// `None`: the plan set no calendar, and silence is missing from the first day of the work.
    pub rounds: Option<&'a [RoundDates]>,
    /// Evaluations at the same cut of the indicators of its goal; only those that a composite is made of are read.
    pub components: &'a BTreeMap<IndicatorId, Evaluation>,
}

/// Where an indicator stands; `None` where it was not known at the cut.
///
/// A function of what the question holds and of nothing else: the same question has the same answer for ever.
pub fn evaluate(question: &Question<'_>) -> Option<Evaluation> {
    let case = Case::new(question)?;
    Some(match case.definition.measure_type {
        MeasureType::Composite => case.composite(),
        _ => case.evaluation(),
    })
}

/// Where every indicator known at the cut stands whose history is in the stream of `goal`, composites from their
/// components. `phase_of` tells what has become of each by the cut.
pub fn evaluate_goal(
    goal: &Goal,
    cycle: DateSpan,
    cut: Cut,
    policy: &EvaluationPolicy,
    phase_of: impl Fn(IndicatorId) -> Phase,
) -> BTreeMap<IndicatorId, Evaluation> {
    let mut found = BTreeMap::new();
    let mut composites = Vec::new();
    for (id, indicator) in goal.indicators_at(cut) {
        let composite = indicator
            .definition_at(cut)
            .is_some_and(|(_, v)| v.definition.measure_type == MeasureType::Composite);
        if composite {
            composites.push((*id, indicator));
            continue;
        }
        let question = Question {
            indicator,
            cycle,
            cut,
            phase: phase_of(*id),
            policy,
            rounds: None,
            components: &found,
        };
        let evaluation = evaluate(&question);
        found.extend(evaluation.map(|evaluation| (*id, evaluation)));
    }
    // A component is no composite, so none waits for another.
    let of_composite = |(id, indicator): &(IndicatorId, &Arc<Indicator>)| {
        let question = Question {
            indicator,
            cycle,
            cut,
            phase: phase_of(*id),
            policy,
            rounds: None,
            components: &found,
        };
        evaluate(&question).map(|evaluation| (*id, evaluation))
    };
    let whole: Vec<_> = composites.iter().filter_map(of_composite).collect();
    found.extend(whole);
    found
}

/// One part with its own figures, and the verdict they came from.
pub(super) struct Part<'a> {
    pub(super) key: &'a Key,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) actual: Actual,
}

impl<'a> Case<'a> {
    fn evaluation(self) -> Evaluation {
        let value = self.value_of(&self.actual);
        let parts = self.parts();
        let joint = Joint::of(self.definition);
        let target = self.target();
        let first = self.indicator().first_target_at(self.cut);
        let service_rate = self.service_rate(&value);
        let verdict = |version: &TargetVersion| self.verdict(version, &parts, joint, &service_rate);
        let current = target.map(|version| (version, verdict(version)));
        let first = first.map(|version| match &current {
            Some((current, verdict)) if current.event_id == version.event_id => {
                (version, verdict.clone())
            }
            _ => (version, verdict(version)),
        });

        let start = self.start();
        let planned = match self.definition.measure_type {
            MeasureType::Milestone => self.planned_steps(),
            _ => self.planned(start.as_ref(), &|version| self.aimed(&version.target.aim)),
        };
        let ended = self.question.phase.ended(self.cut.on);
        let looks_ahead = |figure: Figure| match ended {
            Some((_, obstacle)) => Err(obstacle),
            None => figure,
        };
        let part_evaluations: Vec<PartEvaluation> = parts
            .iter()
            .map(|part| {
                let evaluation = self.part(part, target, joint, &planned);
                PartEvaluation {
                    pace: looks_ahead(evaluation.pace),
                    ..evaluation
                }
            })
            .collect();
        let pace = looks_ahead(match (joint, self.definition.measure_type) {
            (Joint::Own, MeasureType::Milestone) => self.pace_of_milestone(target, &planned),
            (Joint::Own, MeasureType::Qualitative) => Err(Obstacle::Qualitative),
            (Joint::Own, _) => self.pace(&value, start.as_ref(), &planned),
            _ => joint.pace(part_evaluations.iter().map(|part| &part.pace)),
        });
        let joined = joint != Joint::Own;
        let of_whole = |figure: Figure| match joined {
            true => Err(Obstacle::NotOfThisMeasure),
            false => looks_ahead(figure),
        };
        let forecast = of_whole(self.forecast(&value, &planned));
        let aim = current.as_ref().map(|(version, _)| &version.target.aim);
        let comparable = target.is_some_and(|version| self.is_of_series(version.position));
        let required_per_month = of_whole(match (aim, &current) {
            (Some(aim), Some((_, verdict))) if comparable => {
                self.required_per_month(aim, &value, verdict.is_reached())
            }
            (Some(_), _) => Err(Obstacle::SeriesBreak),
            (None, _) => Err(Obstacle::NoTarget),
        });
        let of_aim = |figure: &dyn Fn(&Aim) -> Figure| match aim {
            Some(aim) if comparable => figure(aim),
            Some(_) => Err(Obstacle::SeriesBreak),
            None => Err(Obstacle::NoTarget),
        };
        let cap_usage = of_aim(&|aim| match joined {
            true => Err(Obstacle::NotOfThisMeasure),
            false => self.cap_usage(aim, &value),
        });
        let mean_of_months = of_aim(&|aim| self.mean_of_months(aim));
        let missing = Verdict::unknown(match &value {
            Err(obstacle @ (Obstacle::NoReport | Obstacle::NoDemand)) => *obstacle,
            _ => Obstacle::NoTarget,
        });
        let status = self.status(&Findings {
            aim,
            verdict: current.as_ref().map_or(&missing, |(_, verdict)| verdict),
            value: &value,
            pace: &pace,
            planned: &planned,
            service_rate: &service_rate,
        });
        let against = |(version, verdict): (&TargetVersion, Verdict)| AgainstTarget {
            target: version.clone(),
            attainment: verdict.attainment,
            achievement: verdict.achievement,
        };
        let (current, first) = (current.map(against), first.map(against));
        let mut evaluation = Evaluation {
            definition_version: self.number,
            baseline: self.baseline.cloned(),
            owner_forecast: self.owner_forecast(target),
            current,
            first,
            cap_usage,
            mean_of_months,
            service_rate,
            planned_value: looks_ahead(planned.value),
            planned_share: looks_ahead(planned.share),
            pace,
            forecast,
            required_per_month,
            status,
            remarks: Vec::new(),
            parts: part_evaluations,
            value,
            actual: self.actual.clone(),
        };
        evaluation.remarks = self.remarks(&evaluation, planned.assumed);
        evaluation
    }

    fn parts(&self) -> Vec<Part<'a>> {
        if self.definition.parts.is_empty() {
            return Vec::new();
        }
        let cycle = self.question.cycle;
        entries_of_parts(self.definition, self.entries())
            .into_iter()
            .map(|(key, entries)| Part {
                key,
                actual: fold(self.definition, cycle, self.cut.on, &entries),
                entries,
            })
            .collect()
    }

    /// The whole against one version of the target.
    fn verdict(
        &self,
        version: &TargetVersion,
        parts: &[Part<'a>],
        joint: Joint,
        service_rate: &Figure,
    ) -> Verdict {
        if !self.is_of_series(version.position) {
            let silent = matches!(self.actual, Actual::NoReport);
            return Verdict::unknown(match silent {
                true => Obstacle::NoReport,
                false => Obstacle::SeriesBreak,
            });
        }
        let verdict = match joint {
            Joint::Own => self.judge(&version.target.aim, None),
            _ => self.joined(joint, version, parts),
        };
        // What is done as needed is not missed where nobody was turned away.
        match (service_rate, verdict.achievement) {
            (Ok(rate), Ok(Achievement::NotAchieved)) if Exact::one() <= *rate => Verdict {
                achievement: Ok(Achievement::Achieved),
                ..verdict
            },
            _ => verdict,
        }
    }

    /// 需要充足率: what was done of what was asked for.
    fn service_rate(&self, value: &Figure) -> Figure {
        if !self.definition.demand_driven {
            return Err(Obstacle::NotOfThisMeasure);
        }
        match self.indicator().demand_at(self.cut) {
            _ if value == &Err(Obstacle::NoDemand) => Err(Obstacle::NoDemand),
            Some(requests) if Exact::from(requests).is_zero() => Err(Obstacle::NoDemand),
            Some(requests) => {
                let rate = value.clone()?.over(&requests.into());
                rate.ok_or(Obstacle::NoDemand)
            }
            None if value.is_err() => value.clone(),
            None => Err(Obstacle::DemandUnknown),
        }
    }

    fn pace_of_milestone(&self, target: Option<&TargetVersion>, planned: &Planned) -> Figure {
        let due = planned.share.clone()?;
        let Some(Aim::Done { end_state, .. }) = target.map(|version| &version.target.aim) else {
            return Err(Obstacle::NoTarget);
        };
        let actual = self.read(&self.actual);
        let completed = match (actual.as_ref(), self.done_on(*end_state, self.entries())) {
            (_, Some(_)) => Exact::one(),
            (Actual::Milestone { checkpoints, .. }, None) => self.completed_weight(checkpoints),
            _ => {
                return Err(self
                    .value_of(&self.actual)
                    .err()
                    .unwrap_or(Obstacle::NoReport));
            }
        };
        completed.over(&due).ok_or(Obstacle::NothingPlannedYet)
    }

    /// What to know beside the figures, in the order of [`Remark`].
    fn remarks(&self, found: &Evaluation, assumed: bool) -> Vec<Remark> {
        let aim = found
            .current
            .as_ref()
            .map(|current| &current.target.target.aim);
        let holds = |remark: &Remark| match remark {
            Remark::AchievedByRevision => {
                let reached = |against: &Option<AgainstTarget>| {
                    against
                        .as_ref()
                        .and_then(|against| against.achievement.ok())
                };
                reached(&found.current).is_some_and(Achievement::is_reached)
                    && reached(&found.first) == Some(Achievement::NotAchieved)
            }
            // Once all is over the line, whichever it was, has come to its end.
            Remark::PaceForReference => assumed && found.pace.is_ok() && !self.is_over(),
            Remark::MustExceed => {
                self.is_strict() && !self.is_cap() && self.stands_at_target(found)
            }
            Remark::MustBeBelow => {
                self.is_strict() && self.is_cap() && self.stands_at_target(found)
            }
            Remark::UsageOfCap => found.cap_usage.is_ok(),
            Remark::PartAtZero => found.parts.iter().any(|part| self.is_nothing(&part.actual)),
            Remark::PartUnreported => {
                let silent = |part: &PartEvaluation| part.actual == Actual::NoReport;
                found.parts.iter().any(silent) && !found.parts.iter().all(silent)
            }
            Remark::MonthUnreported => match &self.actual {
                Actual::Months { months, .. } => {
                    let reported = months.iter().filter(|(month, _)| self.is_complete(*month));
                    reported.count() < self.complete_months()
                }
                _ => false,
            },
            Remark::SeriesBroken => 1 < self.number,
            Remark::ForecastGap => self.forecasts_differ(found),
            Remark::ForecastMiss => self.forecast_misses(found),
            Remark::BelowBaseline => match (&found.value, self.baseline) {
                (Ok(value), Some(baseline)) if !self.is_flow() => {
                    let baseline = Exact::from(baseline.value);
                    match self.is_cap() {
                        true => baseline < *value && self.start_is_above(aim),
                        false => *value < baseline,
                    }
                }
                _ => false,
            },
            Remark::DueAfterCycle => {
                matches!(aim, Some(Aim::Done { due, .. }) if self.question.cycle.last() < *due)
            }
            Remark::BelowTargetSoFar => {
                let target = aim.and_then(|aim| self.aimed(aim));
                let below = match (&found.value, target) {
                    (Ok(value), Some(target)) => *value < target,
                    _ => false,
                };
                found.status == Status::Attention && below && !self.is_cap()
            }
        };
        Remark::ALL.iter().copied().filter(holds).collect()
    }

    /// Whether a strict comparison fails by nothing at all.
    fn stands_at_target(&self, found: &Evaluation) -> bool {
        let one = Ok(Exact::one());
        let at = |attainment: &Figure, achievement: Result<Achievement, Obstacle>| {
            *attainment == one && achievement == Ok(Achievement::NotAchieved)
        };
        let targets = found.current.iter().chain(&found.first);
        targets
            .into_iter()
            .any(|whole| at(&whole.attainment, whole.achievement))
            || found
                .parts
                .iter()
                .any(|part| at(&part.attainment, part.achievement))
    }

    fn is_nothing(&self, actual: &Actual) -> bool {
        match self.read(actual).as_ref() {
            Actual::Milestone { state, .. } => {
                *state == crate::domain::actual::MilestoneState::NotStarted
            }
            actual => self.value_of(actual).is_ok_and(|value| value.is_zero()),
        }
    }

    fn start_is_above(&self, aim: Option<&Aim>) -> bool {
        let target = aim.and_then(|aim| self.aimed(aim));
        match (self.reduces_from(), target) {
            (Some(baseline), Some(target)) => target < baseline,
            _ => false,
        }
    }

    /// Whether section and computation expect what differs by more than the policy lets pass without a word.
    fn forecasts_differ(&self, found: &Evaluation) -> bool {
        let owner = found
            .owner_forecast
            .as_ref()
            .and_then(|owner| owner.value.as_ref());
        let aim = found
            .current
            .as_ref()
            .map(|current| &current.target.target.aim);
        let target = aim.and_then(|aim| self.aimed(aim));
        match (owner, &found.forecast, target) {
            (Some(owner), Ok(computed), Some(target)) => {
                let allowed = target
                    .abs()
                    .times(&self.question.policy.forecast_gap.into());
                allowed < owner.minus(computed).abs()
            }
            _ => false,
        }
    }

    /// Whether the target will be missed: by what the section expects, else by what is computed.
    fn forecast_misses(&self, found: &Evaluation) -> bool {
        let Some(current) = &found.current else {
            return false;
        };
        let aim = &current.target.target.aim;
        let reached = current.achievement.is_ok_and(Achievement::is_reached);
        let settled = (reached && !self.is_provisional()) || found.status == Status::Breached;
        if self.is_over() || settled {
            return false;
        }
        let comparable = self.is_of_series(current.target.position);
        match found
            .owner_forecast
            .as_ref()
            .and_then(|owner| owner.reaches)
        {
            Some(reaches) => !reaches,
            None => match (&found.forecast, aim) {
                _ if !comparable => false,
                (Ok(value), _) if self.definition.measure_type == MeasureType::Coverage => {
                    self.aimed(aim).is_some_and(|required| *value < required)
                }
                (Ok(value), Aim::Value(_) | Aim::Approximate { .. } | Aim::Range { .. }) => {
                    !self.reached(aim, value).is_reached()
                }
                _ => false,
            },
        }
    }
}
