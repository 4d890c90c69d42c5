//! 状態: where an indicator stands, from what is known of it (DOMAIN.md §5.2).
//!
//! A third output beside attainment and achievement, and never made from a rounding of either. What only the pace
//! could say is left open where the line of plan is assumed.

use crate::domain::directory::Phase;
use crate::domain::evaluation::attainment::Verdict;
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::plan::Planned;
use crate::domain::evaluation::{Achievement, EvaluationPolicy, Exact, Figure, Obstacle, Status};
use crate::domain::indicator::{AggTime, Comparator, MeasureType};
use crate::domain::target::Aim;

/// What the status is made from.
pub(super) struct Findings<'a> {
    pub(super) aim: Option<&'a Aim>,
    pub(super) verdict: &'a Verdict,
    pub(super) value: &'a Figure,
    pub(super) pace: &'a Figure,
    pub(super) planned: &'a Planned,
    pub(super) service_rate: &'a Figure,
}

impl Phase {
    /// What becomes of figures that look ahead, and of the status, once it holds on D.
    pub(super) fn ended(self, on: crate::domain::date::Date) -> Option<(Status, Obstacle)> {
        match self {
            Self::Cancelled(since) if since <= on => Some((Status::Cancelled, Obstacle::Cancelled)),
            Self::CarriedOver(since) if since <= on => {
                Some((Status::CarriedOver, Obstacle::CarriedOver))
            }
            Self::Suspended(since) if since <= on => Some((Status::Suspended, Obstacle::Suspended)),
            Self::Active | Self::Cancelled(_) | Self::CarriedOver(_) | Self::Suspended(_) => None,
        }
    }
}

impl EvaluationPolicy {
    /// What a pace says.
    pub(super) fn judge_pace(&self, pace: &Exact) -> Status {
        if Exact::from(self.on_track_from) <= *pace {
            Status::OnTrack
        } else if Exact::from(self.slightly_behind_from) <= *pace {
            Status::SlightlyBehind
        } else {
            Status::Behind
        }
    }
}

impl<'a> Case<'a> {
    pub(super) fn status(&self, found: &Findings<'_>) -> Status {
        if let Some((status, _)) = self.question.phase.ended(self.cut.on) {
            return status;
        }
        let verdict = found.verdict;
        if self.definition.demand_driven
            && let Some(status) = self.by_demand(found)
        {
            return status;
        }
        match verdict.achievement {
            Err(Obstacle::NoReport) if !self.has_begun() => return Status::NotDue,
            Err(Obstacle::NoReport) if *found.value == Err(Obstacle::NoReport) => {
                return if self.is_asked_for() {
                    Status::NoReport
                } else {
                    Status::NotDue
                };
            }
            Err(Obstacle::NoDemand) => return Status::NotApplicable,
            Err(Obstacle::NotMeasured | Obstacle::NoCompleteMonth) if !verdict.breached => {
                return if self.is_over() {
                    Status::NotEvaluable
                } else {
                    Status::NotDue
                };
            }
            _ => {}
        }
        if verdict.breached {
            return Status::Breached;
        }
        match verdict.achievement {
            Ok(achievement) if achievement.is_reached() && !self.is_provisional() => {
                return reached(achievement);
            }
            Err(Obstacle::NoReport) if self.is_over() => return Status::NoReport,
            Err(obstacle) if obstacle != Obstacle::NoReport => return Status::NotEvaluable,
            _ => {}
        }
        if let Some(Aim::Done { due, .. }) = found.aim {
            // A milestone has its own day, whatever the cycle's; the last one's evening ends both.
            if *due < self.cut.on || (self.is_over() && *due <= self.cut.on) {
                return Status::Overdue;
            }
        } else if self.is_over() {
            return match verdict.achievement {
                Ok(achievement) if achievement.is_reached() => reached(achievement),
                _ => Status::NotAchieved,
            };
        }
        self.on_the_way(found)
    }

    /// Neither reached for good nor too late.
    fn on_the_way(&self, found: &Findings<'_>) -> Status {
        let holds = found.verdict.is_reached();
        match found.pace {
            Ok(_) if found.planned.assumed => return Status::PlanLineUnset,
            Ok(pace) => return self.question.policy.judge_pace(pace),
            Err(Obstacle::NothingUsed) => return Status::OnTrack,
            Err(Obstacle::NothingPlannedYet) => {
                let begun = match (found.value, self.start()) {
                    (Ok(value), Some(start)) => *value != start,
                    _ => false,
                };
                return if begun {
                    Status::OnTrack
                } else {
                    Status::NotDue
                };
            }
            Err(_) => {}
        }
        // Without a pace a condition holds so far, or it does not.
        if self.is_provisional() {
            let silent = found.verdict.achievement == Err(Obstacle::NoReport);
            return if holds || silent {
                Status::OnTrack
            } else {
                Status::Attention
            };
        }
        let of_values = !matches!(
            self.definition.measure_type,
            MeasureType::Milestone | MeasureType::Qualitative
        );
        match found.pace {
            Err(Obstacle::BaselineBeyondTarget | Obstacle::BaselineIsTarget) => Status::Attention,
            Err(Obstacle::NoReference | Obstacle::BaselineMissing) => Status::PlanLineUnset,
            Err(Obstacle::NoPlanLine) if of_values && found.planned.assumed => {
                Status::PlanLineUnset
            }
            Err(Obstacle::NoReport) => Status::NoReport,
            _ => Status::NotDue,
        }
    }

    /// Whether what holds so far may still be lost before the end: what is not to be exceeded, what every month
    /// must reach, a mean.
    pub(super) fn is_provisional(&self) -> bool {
        if self.is_over() {
            return false;
        }
        let falls =
            self.is_cap() && (self.is_flow() || self.is_by_member() || !self.has_way_down());
        falls
            || self.is_by_month()
            || self.definition.comparator == Comparator::InRange
            || self.definition.agg_time == AggTime::MeanOfPeriods
            || (self.definition.agg_time == AggTime::Min && !self.is_cap())
    }

    /// Whether it is to come down from a baseline, and so is done once it is down.
    pub(super) fn has_way_down(&self) -> bool {
        let target = self
            .target()
            .and_then(|version| self.aimed(&version.target.aim));
        match (self.reduces_from(), target) {
            (Some(baseline), Some(target)) => target < baseline,
            _ => false,
        }
    }

    /// What is done as needed is judged by how much of the demand was met.
    fn by_demand(&self, found: &Findings<'_>) -> Option<Status> {
        let target_reached = match (found.aim, found.value) {
            (Some(aim @ Aim::Value(_)), Ok(value)) => self.reached(aim, value).is_reached(),
            _ => false,
        };
        match found.service_rate {
            _ if target_reached && !self.is_cap() => Some(Status::Achieved),
            Ok(rate) if Exact::one() <= *rate => Some(Status::DemandMet),
            Ok(_) if self.is_over() => Some(Status::NotAchieved),
            Ok(rate) => Some(self.question.policy.judge_pace(rate)),
            Err(Obstacle::NoDemand) => Some(Status::NotApplicable),
            Err(Obstacle::DemandUnknown) => Some(Status::NotEvaluable),
            Err(_) => None,
        }
    }
}

/// What it is called that an aim was reached.
pub(super) fn reached(achievement: Achievement) -> Status {
    match achievement {
        Achievement::Achieved => Status::Achieved,
        Achievement::WithinTolerance => Status::AchievedWithinTolerance,
        Achievement::Late => Status::AchievedLate,
        Achievement::NotAchieved => Status::NotAchieved,
    }
}
