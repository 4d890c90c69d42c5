//! 着地見込み and 必要な月平均: where it will end if it goes on like this, and what the rest of the way takes
//! (DOMAIN.md §5.3). The section's own forecast stands beside the computed one; neither replaces the other.

use crate::domain::actual::Actual;
use crate::domain::date::Date;
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::plan::{Planned, Shape};
use crate::domain::evaluation::{Exact, Figure, Obstacle, OwnerForecast};
use crate::domain::event::ForecastValue;
use crate::domain::indicator::{AggTime, Comparator, MeasureType};
use crate::domain::target::{Aim, TargetVersion};

impl<'a> Case<'a> {
    /// The computed forecast for the end of the cycle, in the indicator's unit.
    pub(super) fn forecast(&self, value: &Figure, planned: &Planned) -> Figure {
        match self.definition.measure_type {
            MeasureType::Milestone => return Err(Obstacle::OwnerOnly),
            MeasureType::Qualitative => return Err(Obstacle::Qualitative),
            MeasureType::Composite => return Err(Obstacle::NotOfThisMeasure),
            _ if self.is_by_member() || self.is_by_month() => {
                return Err(Obstacle::NotOfThisMeasure);
            }
            _ => {}
        }
        let value = value.clone()?;
        if self.is_over() || self.definition.agg_time == AggTime::MeanOfPeriods {
            return Ok(value);
        }
        let forecast = match self.line()?.shape {
            Shape::Even => {
                let start = self.start().ok_or(Obstacle::BaselineMissing)?;
                let progress = value.minus(&start).over(&self.elapsed()?);
                start.plus(&progress.ok_or(Obstacle::NothingPlannedYet)?)
            }
            Shape::Points(_) => {
                let target = self
                    .target()
                    .and_then(|version| self.aimed(&version.target.aim))
                    .ok_or(Obstacle::NoTarget)?;
                let remaining = target.minus(&planned.value.clone()?);
                value.plus(&remaining)
            }
            Shape::Reference(points) => {
                let whole = points.last().ok_or(Obstacle::NoReference)?.value;
                let until_now = self.reference(points);
                let grown = value.times(&whole.into()).over(&until_now);
                grown.ok_or(Obstacle::NothingPlannedYet)?
            }
            Shape::AtEnd => return Err(Obstacle::NotDue),
        };
        Ok(self.possible(forecast))
    }

    /// A level or a share stays within what is possible; what adds up has no such bound.
    fn possible(&self, value: Exact) -> Exact {
        if self.definition.measure_type == MeasureType::Coverage {
            let all = Exact::from(i64::from(self.in_set()));
            return if all.is_zero() { value } else { value.min(all) };
        }
        if self.definition.agg_time == AggTime::Sum {
            return value;
        }
        let domain = &self.definition.domain;
        let value = domain
            .min
            .map_or(value.clone(), |min| value.max(min.into()));
        domain
            .max
            .map_or(value.clone(), |max| value.min(max.into()))
    }

    /// What is needed for each month that remains; for a cap what is left for each.
    pub(super) fn required_per_month(&self, aim: &Aim, value: &Figure, reached: bool) -> Figure {
        match self.definition.measure_type {
            MeasureType::Milestone | MeasureType::Composite => {
                return Err(Obstacle::NotOfThisMeasure);
            }
            MeasureType::Qualitative => return Err(Obstacle::Qualitative),
            _ if self.is_by_member() || self.is_by_month() => {
                return Err(Obstacle::NotOfThisMeasure);
            }
            _ => {}
        }
        let holds = self.is_cap() && !self.has_way_down();
        let in_range = self.definition.comparator == Comparator::InRange;
        let held = (holds || in_range) && !self.accumulates();
        if self.definition.demand_driven || held {
            return Err(Obstacle::NotOfThisMeasure);
        }
        if self.is_over() {
            return Err(Obstacle::CycleOver);
        }
        if let Actual::Months {
            months,
            complete_months,
            ..
        } = &self.actual
        {
            let target = self.aimed(aim).ok_or(Obstacle::NoTarget)?;
            return self.required_mean(&target, months, *complete_months);
        }
        let value = value.clone()?;
        let allowance = self.is_cap() && self.accumulates();
        if reached && !allowance {
            return Err(Obstacle::AlreadyAchieved);
        }
        if !reached && allowance {
            return Err(Obstacle::Breached);
        }
        let target = self.aimed(aim).ok_or(Obstacle::NoTarget)?;
        let left = self.months_left(self.closes.min(self.last_day_of_work()));
        let needed = target.minus(&value).over(&left);
        needed.ok_or(Obstacle::CycleOver)
    }

    /// What the months that remain must come to on average, for the mean of all months to be the target. A silent
    /// month is no zero and counts for nothing.
    fn required_mean(
        &self,
        target: &Exact,
        months: &[(Date, crate::domain::quantity::Quantity)],
        complete_months: u32,
    ) -> Figure {
        let to_come = self.months_of_work().count() - self.complete_months();
        let counted = i64::from(complete_months) + to_come as i64;
        let total = months
            .iter()
            .filter(|(month, _)| self.begins <= *month && *month <= self.ends)
            .fold(Exact::zero(), |sum, (_, value)| sum.plus(&(*value).into()));
        let missing = target.times(&counted.into()).minus(&total);
        let needed = missing.over(&self.months_left(self.ends));
        needed.ok_or(Obstacle::CycleOver)
    }

    fn last_day_of_work(&self) -> Date {
        match self.definition.active_window {
            Some(window) => window.last(),
            None => self.closes,
        }
    }

    /// Months from the day after D to `last`; of a month that is not whole its days.
    fn months_left(&self, last: Date) -> Exact {
        let after = self.cut.on.tomorrow().unwrap_or(self.cut.on);
        let first = after.max(self.begins);
        if last < first {
            return Exact::zero();
        }
        let number = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
        // Whole months from the first day of the first to the last day of the last, less the days cut off.
        let whole = Exact::from(number(last) - number(first) + 1);
        let cut_off = |days: i64, of: Date| match days {
            0 => None,
            days => Exact::quotient(days.into(), i64::from(of.days_in_month()).into()),
        };
        let before = cut_off(i64::from(first.day()) - 1, first);
        let behind = cut_off(i64::from(last.days_in_month() - last.day()), last);
        let missing = before.into_iter().chain(behind);
        missing.fold(whole, |left, days| left.minus(&days))
    }

    /// The newest forecast of the section, and whether it reaches the target.
    pub(super) fn owner_forecast(&self, target: Option<&TargetVersion>) -> Option<OwnerForecast> {
        let forecast = self.indicator().forecast_at(self.cut)?;
        let target = target.filter(|version| self.is_of_series(version.position));
        let aim = target.map(|version| version.target.aim);
        let (value, date, reaches) = match forecast.value {
            ForecastValue::Value(value) => {
                let value = Exact::from(value);
                let reaches = match aim {
                    Some(aim @ (Aim::Value(_) | Aim::Approximate { .. } | Aim::Range { .. })) => {
                        Some(self.reached(&aim, &value).is_reached())
                    }
                    Some(aim @ Aim::AllMembers) => {
                        self.aimed(&aim).map(|required| required <= value)
                    }
                    _ => None,
                };
                (Some(value), None, reaches)
            }
            ForecastValue::Date(date) => {
                let reaches = match aim {
                    Some(Aim::Done { due, .. }) => Some(date <= due),
                    _ => None,
                };
                (None, Some(date), reaches)
            }
        };
        Some(OwnerForecast {
            event_id: forecast.event_id,
            value,
            date,
            reaches,
        })
    }
}
