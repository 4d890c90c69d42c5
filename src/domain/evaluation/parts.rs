//! Parts and components: how what stands for itself becomes one whole (DOMAIN.md §5.1, COMPOSITE and CAPPED_SUM).

use crate::domain::actual::Actual;
use crate::domain::code::Key;
use crate::domain::evaluation::attainment::Verdict;
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::evaluate::Part;
use crate::domain::evaluation::plan::Planned;
use crate::domain::evaluation::status::reached;
use crate::domain::evaluation::{
    Achievement, AgainstTarget, Evaluation, Exact, Figure, Obstacle, PartEvaluation, Remark, Status,
};
use crate::domain::indicator::{AggSpace, Definition, MeasureType, Quantifier};
use crate::domain::target::{Aim, TargetVersion};

/// How the verdicts on parts become one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Joint {
    /// The whole has a value of its own, and an aim of its own.
    Own,
    /// Every part must reach its aim; the whole is as good as the worst.
    Worst,
    /// Each part counts to its own target at most.
    Capped,
    /// Every part must reach its aim; the whole is the share of those that do.
    Share,
    /// So many parts must reach their aim.
    AtLeast(u32),
}

impl Joint {
    pub(super) fn of(definition: &Definition) -> Self {
        if definition.parts.is_empty() {
            return Self::Own;
        }
        // Members and months are what the quantifier is about where there are some.
        let of_parts = definition.members.is_empty() && !definition.per_month;
        match (definition.agg_space, definition.quantifier) {
            (_, Quantifier::AtLeastN(least)) if of_parts => Self::AtLeast(least),
            (AggSpace::AllOf | AggSpace::MinOfParts, _) => Self::Worst,
            (AggSpace::CappedSum, _) => Self::Capped,
            (_, Quantifier::ForAll) if of_parts => Self::Share,
            _ => Self::Own,
        }
    }

    /// The pace of the whole: the worst of those that must keep up.
    pub(super) fn pace<'b>(self, paces: impl Iterator<Item = &'b Figure>) -> Figure {
        match self {
            Self::AtLeast(least) => nth_best(paces, least as usize),
            Self::Own | Self::Worst | Self::Capped | Self::Share => worst(paces),
        }
    }
}

/// The least, or why one of them is not known.
fn worst<'b>(figures: impl Iterator<Item = &'b Figure>) -> Figure {
    let known: Result<Vec<&Exact>, Obstacle> =
        figures.map(|f| f.as_ref().map_err(|o| *o)).collect();
    let least = known?.into_iter().min();
    least.cloned().ok_or(Obstacle::NoReport)
}

/// The n-th greatest; what is not known is worse than all.
fn nth_best<'b>(figures: impl Iterator<Item = &'b Figure>, n: usize) -> Figure {
    let mut figures: Vec<&Figure> = figures.collect();
    figures.sort_by(|a, b| b.as_ref().ok().cmp(&a.as_ref().ok()));
    match n.checked_sub(1).and_then(|index| figures.get(index)) {
        Some(figure) => (*figure).clone(),
        None => Err(Obstacle::ComponentNotComputable),
    }
}

/// Whether all are reached: one that is not settles it, one that is not known leaves it open.
fn all(
    achievements: impl Iterator<Item = Result<Achievement, Obstacle>>,
) -> Result<Achievement, Obstacle> {
    let mut whole = Ok(Achievement::Achieved);
    for achievement in achievements {
        match achievement {
            Ok(Achievement::NotAchieved) => return Ok(Achievement::NotAchieved),
            // Late is later than within a tolerance; both are less than reached.
            Ok(achievement) => whole = whole.map(|whole: Achievement| whole.max(achievement)),
            Err(obstacle) => whole = whole.and(Err(obstacle)),
        }
    }
    whole
}

fn at_least(
    least: usize,
    achievements: impl Iterator<Item = Result<Achievement, Obstacle>>,
) -> Result<Achievement, Obstacle> {
    let (mut reached, mut open) = (0, None);
    for achievement in achievements {
        match achievement {
            Ok(achievement) => reached += usize::from(achievement.is_reached()),
            Err(obstacle) => open = open.or(Some(obstacle)),
        }
    }
    match open {
        _ if least <= reached => Ok(Achievement::Achieved),
        None => Ok(Achievement::NotAchieved),
        Some(obstacle) => Err(obstacle),
    }
}

impl<'a> Case<'a> {
    /// What a part aims at: its own target, or where all must reach one aim that of the whole.
    fn aim_of(&self, key: &Key, version: &TargetVersion, joint: Joint) -> Option<Aim> {
        let own = version.target.parts.iter().find(|part| part.part == *key);
        match (own, version.target.aim) {
            (_, aim @ (Aim::Done { .. } | Aim::RubricLevel(_))) => Some(aim),
            (Some(part), _) => Some(Aim::Value(part.value)),
            (None, aim) if matches!(joint, Joint::Share | Joint::AtLeast(_)) => Some(aim),
            (None, _) => None,
        }
    }

    fn judge_part(&self, part: &Part<'a>, version: &TargetVersion, joint: Joint) -> Verdict {
        match self.aim_of(part.key, version, joint) {
            Some(aim) => self.judge(&aim, Some(part)),
            None => Verdict::unknown(match part.actual {
                Actual::NoReport => Obstacle::NoReport,
                _ => Obstacle::NoTarget,
            }),
        }
    }

    /// The whole, from the verdicts on its parts.
    pub(super) fn joined(
        &self,
        joint: Joint,
        version: &TargetVersion,
        parts: &[Part<'a>],
    ) -> Verdict {
        match self.actual {
            Actual::NoReport => return Verdict::unknown(Obstacle::NoReport),
            Actual::Nil(_) if self.read(&self.actual).as_ref() == &self.actual => {
                return self.judge(&version.target.aim, None);
            }
            _ => {}
        }
        let verdicts: Vec<Verdict> = parts
            .iter()
            .map(|part| self.judge_part(part, version, joint))
            .collect();
        let attainments = verdicts.iter().map(|verdict| &verdict.attainment);
        let achievements = verdicts.iter().map(|verdict| verdict.achievement);
        let breached = verdicts.iter().any(|verdict| verdict.breached);
        let reached = verdicts
            .iter()
            .filter(|verdict| verdict.is_reached())
            .count();
        match joint {
            Joint::AtLeast(least) => Verdict {
                attainment: nth_best(attainments, least as usize),
                achievement: at_least(least as usize, achievements),
                breached: false,
            },
            Joint::Share => Verdict {
                attainment: Exact::quotient((reached as i64).into(), (parts.len() as i64).into())
                    .ok_or(Obstacle::NoMembers),
                achievement: all(achievements),
                breached,
            },
            Joint::Capped if !self.is_cap() => Verdict {
                attainment: self.capped_sum(version, parts),
                achievement: all(achievements),
                breached,
            },
            Joint::Own | Joint::Worst | Joint::Capped => Verdict {
                attainment: worst(attainments),
                achievement: all(achievements),
                breached,
            },
        }
    }

    /// What the parts came to, each to its own target at most, over all targets. A part that is silent adds
    /// nothing, and its own figures say that it is silent.
    fn capped_sum(&self, version: &TargetVersion, parts: &[Part<'a>]) -> Figure {
        let (mut sum, mut whole) = (Exact::zero(), Exact::zero());
        for part in parts {
            let Some(Aim::Value(target)) = self.aim_of(part.key, version, Joint::Capped) else {
                return Err(Obstacle::NoTarget);
            };
            let target = Exact::from(target);
            whole = whole.plus(&target);
            if let Ok(value) = self.value_of(&part.actual) {
                sum = sum.plus(&value.min(target));
            }
        }
        match whole.is_zero() || whole.is_negative() {
            true => Err(Obstacle::TargetZero),
            false => sum.over(&whole).ok_or(Obstacle::TargetZero),
        }
    }

    /// A part with its own figures, against the target in force.
    pub(super) fn part(
        &self,
        part: &Part<'a>,
        target: Option<&TargetVersion>,
        joint: Joint,
        planned: &Planned,
    ) -> PartEvaluation {
        let comparable = target.filter(|version| self.is_of_series(version.position));
        let verdict = match (comparable, target) {
            (Some(version), _) => self.judge_part(part, version, joint),
            (None, Some(_)) => Verdict::unknown(Obstacle::SeriesBreak),
            (None, None) => Verdict::unknown(Obstacle::NoTarget),
        };
        PartEvaluation {
            part: part.key.clone(),
            actual: part.actual.clone(),
            attainment: verdict.attainment,
            achievement: verdict.achievement,
            pace: self.pace_of_part(part, joint, planned),
        }
    }

    fn pace_of_part(&self, part: &Part<'a>, joint: Joint, planned: &Planned) -> Figure {
        let value = match self.definition.measure_type {
            MeasureType::Milestone => return Err(Obstacle::NotOfThisMeasure),
            _ => self.value_of(&part.actual),
        };
        // A part has no baseline of its own.
        let start = (self.is_flow() || self.definition.measure_type == MeasureType::Stage)
            .then(Exact::zero);
        let aimed = |version: &TargetVersion| {
            let aim = self.aim_of(part.key, version, joint)?;
            self.aimed(&aim)
        };
        if self.target().and_then(aimed).is_none() {
            return Err(planned
                .value
                .as_ref()
                .err()
                .copied()
                .unwrap_or(Obstacle::NoTarget));
        }
        self.pace(
            &value,
            start.as_ref(),
            &self.planned(start.as_ref(), &aimed),
        )
    }

    /// A composite: as good as the worst of its components, or as the n-th best where so many suffice. Its
    /// components are listed as parts under their ids.
    pub(super) fn composite(self) -> Evaluation {
        let found: Vec<Option<&Evaluation>> = self
            .definition
            .components
            .iter()
            .map(|id| self.question.components.get(id))
            .collect();
        let parts: Vec<PartEvaluation> = self
            .definition
            .components
            .iter()
            .zip(&found)
            .map(|(id, evaluation)| component(Key::of_component(*id), *evaluation))
            .collect();
        let least = match self.definition.quantifier {
            Quantifier::AtLeastN(least) => Some(least as usize),
            Quantifier::Single | Quantifier::ForAll => None,
        };
        // What does not apply any more asks for nothing.
        let applies = |evaluation: &Evaluation| !evaluation.status.is_set_aside();
        let counted: Vec<&PartEvaluation> = parts
            .iter()
            .zip(&found)
            .filter(|(_, evaluation)| evaluation.is_none_or(applies))
            .map(|(part, _)| part)
            .collect();
        let ended = self.question.phase.ended(self.cut.on);
        let computable = |figure: Figure| {
            figure.map_err(|obstacle| match obstacle {
                Obstacle::NoReport => Obstacle::NoReport,
                _ => Obstacle::ComponentNotComputable,
            })
        };
        let figure = |of: fn(&PartEvaluation) -> &Figure| {
            let figures = counted.iter().map(|part| of(part));
            computable(match least {
                Some(least) => nth_best(figures, least),
                None => worst(figures),
            })
        };
        let achievements = counted.iter().map(|part| part.achievement);
        let achievement = match least {
            Some(least) => at_least(least, achievements),
            None if counted.is_empty() => Err(Obstacle::NoDemand),
            None => all(achievements),
        };
        let mut statuses: Vec<Status> = found
            .iter()
            .map(|evaluation| evaluation.map_or(Status::NotEvaluable, |e| e.status))
            .filter(|status| !status.is_set_aside())
            .collect();
        statuses.sort_by_key(|status| std::cmp::Reverse(status.concern()));
        let judged = match least {
            // The n-th best of all decides.
            Some(least) => statuses
                .len()
                .checked_sub(least)
                .and_then(|n| statuses.get(n)),
            None => statuses.first(),
        };
        let status = match (ended, judged, achievement) {
            (Some((status, _)), ..) => status,
            (None, Some(status), Ok(achievement))
                if achievement.is_reached() && least.is_some() =>
            {
                if status.is_reached() {
                    *status
                } else {
                    reached(achievement)
                }
            }
            (None, Some(status), _) => *status,
            (None, None, _) if counted.is_empty() => Status::NotApplicable,
            (None, None, _) => Status::NotEvaluable,
        };
        let pace = match ended {
            Some((_, obstacle)) => Err(obstacle),
            None => figure(|part| &part.pace),
        };
        let attainment = figure(|part| &part.attainment);
        let against = |version: &TargetVersion| AgainstTarget {
            target: version.clone(),
            attainment: attainment.clone(),
            achievement,
        };
        let none = || Err(Obstacle::NotOfThisMeasure);
        let carried = |remark: &Remark| {
            let told = |evaluation: &Evaluation| evaluation.remarks.contains(remark);
            let of_components = matches!(
                remark,
                Remark::AchievedByRevision
                    | Remark::PaceForReference
                    | Remark::MustExceed
                    | Remark::MustBeBelow
                    | Remark::PartAtZero
                    | Remark::SeriesBroken
                    | Remark::ForecastMiss
            );
            of_components && found.iter().flatten().any(|evaluation| told(evaluation))
        };
        Evaluation {
            definition_version: self.number,
            value: none(),
            baseline: None,
            current: self.target().map(against),
            first: self.indicator().first_target_at(self.cut).map(against),
            cap_usage: none(),
            mean_of_months: none(),
            service_rate: none(),
            planned_value: none(),
            planned_share: none(),
            pace,
            forecast: none(),
            owner_forecast: self.owner_forecast(None),
            required_per_month: none(),
            status,
            remarks: Remark::ALL.iter().copied().filter(carried).collect(),
            parts,
            actual: self.actual,
        }
    }
}

fn component(key: Key, evaluation: Option<&Evaluation>) -> PartEvaluation {
    let Some(evaluation) = evaluation else {
        return PartEvaluation {
            part: key,
            actual: Actual::NoReport,
            attainment: Err(Obstacle::ComponentNotComputable),
            achievement: Err(Obstacle::ComponentNotComputable),
            pace: Err(Obstacle::ComponentNotComputable),
        };
    };
    let missing = match evaluation.value {
        Err(Obstacle::NoReport) => Obstacle::NoReport,
        _ => Obstacle::NoTarget,
    };
    let current = evaluation.current.as_ref();
    PartEvaluation {
        part: key,
        actual: evaluation.actual.clone(),
        attainment: current.map_or(Err(missing), |current| current.attainment.clone()),
        achievement: current.map_or(Err(missing), |current| current.achievement),
        pace: evaluation.pace.clone(),
    }
}
