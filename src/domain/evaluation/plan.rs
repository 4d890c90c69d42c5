//! E(D) and 進捗ペース: what is planned up to D, and whether the actual keeps up (DOMAIN.md §5.2).
//!
//! The path runs from where progress begins to the target at the end, along the line in force. A target that is
//! revised on the way does not redraw what lies behind: from its first day on the path continues from where the
//! old one stood on the day before (§5.5), or September would look better after the fact.

use crate::domain::date::{Date, DateSpan};
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::{Exact, Figure, Obstacle};
use crate::domain::goal::PlannedLine;
use crate::domain::indicator::{AggTime, Comparator, MeasureType};
use crate::domain::target::{PlanPoint, PlanProfile, TargetVersion};

/// What is planned up to D.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Planned {
    /// In the indicator's unit.
    pub(super) value: Figure,
    /// Of the way, 0 to 1.
    pub(super) share: Figure,
    /// Whether the line is only assumed.
    pub(super) assumed: bool,
}

/// The shape of a line: how it rises, in whatever measure, from its start to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// By the same for each day of the work.
    Even,
    /// Through planned values.
    Points(&'a [PlanPoint]),
    /// As in an earlier year.
    Reference(&'a [PlanPoint]),
    /// All at the end.
    AtEnd,
}

/// A line in force, and who says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) shape: Shape<'a>,
    pub(super) assumed: bool,
    /// Position of its event; of an inferred one none.
    position: Option<u64>,
}

/// A target or line from a day on.
struct Stretch<'a> {
    from: Date,
    line: Result<Line<'a>, Obstacle>,
    aim: Option<&'a TargetVersion>,
}

impl<'a> Case<'a> {
    /// The line in force at the cut, or the one that this kind of measure is taken to have.
    pub(super) fn line(&self) -> Result<Line<'a>, Obstacle> {
        self.line_on(self.cut.on)
    }

    fn line_on(&self, day: Date) -> Result<Line<'a>, Obstacle> {
        let in_force = self
            .lines()
            .rfind(|version| version.effective_from <= day)
            // Before anybody had planned otherwise the first plan tells of the days before it.
            .or_else(|| self.lines().next());
        let Some(version) = in_force else {
            let shape = self.inferred()?;
            return Ok(Line {
                shape,
                assumed: true,
                position: None,
            });
        };
        let PlannedLine { profile, assumed } = &version.value;
        let shape = match profile {
            PlanProfile::Linear => Shape::Even,
            PlanProfile::Monthly(points) if points.is_empty() => return Err(Obstacle::NoPlanLine),
            PlanProfile::Monthly(points) => Shape::Points(points),
            PlanProfile::Reference(points)
                if points
                    .last()
                    .is_none_or(|last| Exact::from(last.value).is_zero()) =>
            {
                return Err(Obstacle::NoReference);
            }
            PlanProfile::Reference(points) => Shape::Reference(points),
            PlanProfile::AtEnd => Shape::AtEnd,
            // The due days of checkpoints are the milestone's own; values have none.
            PlanProfile::Steps | PlanProfile::None => return Err(Obstacle::NoPlanLine),
        };
        Ok(Line {
            shape,
            assumed: *assumed,
            position: Some(version.position),
        })
    }

    /// The line of a measure whose plan says nothing: even where work commonly is, none where it is not.
    fn inferred(&self) -> Result<Shape<'a>, Obstacle> {
        if self.definition.demand_driven {
            return Err(Obstacle::NoPlanLine);
        }
        match self.definition.measure_type {
            MeasureType::Count | MeasureType::Coverage => Ok(Shape::Even),
            MeasureType::Level if !self.is_by_member() => Ok(Shape::Even),
            MeasureType::Mean if self.definition.agg_time == AggTime::RatioOfSums => {
                Ok(Shape::Even)
            }
            MeasureType::Ratio | MeasureType::Mean
                if self.definition.agg_time == AggTime::RatioOfLatest =>
            {
                Ok(Shape::AtEnd)
            }
            MeasureType::RatePerPeriod if self.definition.agg_time == AggTime::MeanOfPeriods => {
                Ok(Shape::AtEnd)
            }
            MeasureType::Qualitative => Err(Obstacle::Qualitative),
            // Works and rates do not run evenly.
            _ => Err(Obstacle::NoPlanLine),
        }
    }

    /// What is planned up to D of something that begins at `start` and aims as `aimed` says of each target.
    pub(super) fn planned(
        &self,
        start: Option<&Exact>,
        aimed: &dyn Fn(&TargetVersion) -> Option<Exact>,
    ) -> Planned {
        let line = match self.line() {
            Ok(line) => line,
            Err(obstacle) => {
                return Planned {
                    value: Err(obstacle),
                    share: Err(obstacle),
                    // Nobody said that there is none.
                    assumed: self.lines().next().is_none(),
                };
            }
        };
        let planned = |(value, share)| Planned {
            value,
            share,
            assumed: line.assumed,
        };
        if !self.has_begun() {
            return planned((Err(Obstacle::CycleNotBegun), Err(Obstacle::CycleNotBegun)));
        }
        let target = match self.target() {
            Some(version) if self.is_of_series(version.position) => {
                aimed(version).ok_or(Obstacle::NoTarget)
            }
            Some(_) => Err(Obstacle::SeriesBreak),
            None => Err(Obstacle::NoTarget),
        };
        if let Shape::AtEnd = line.shape {
            return planned(if self.is_over() {
                (target, Ok(Exact::one()))
            } else {
                (Err(Obstacle::NotDue), Err(Obstacle::NotDue))
            });
        }
        let start = match line.shape {
            Shape::Reference(_) => Some(Exact::zero()),
            // A plan that names values needs no baseline to be held against.
            Shape::Points(_) => start.cloned().or(Some(Exact::zero())),
            Shape::Even | Shape::AtEnd => start.cloned(),
        };
        let stretches = self.stretches();
        if stretches.len() == 1 {
            // One target along one line: the share of the way does not depend on the target.
            let share = self.share_of(line.shape, self.cut.on, start.as_ref());
            let value = match (&start, &target, &share) {
                (Some(start), Ok(target), Ok(share)) => {
                    Ok(start.plus(&target.minus(start).times(share)))
                }
                (None, ..) => Err(Obstacle::BaselineMissing),
                (_, Err(obstacle), _) | (_, _, Err(obstacle)) => Err(*obstacle),
            };
            return planned((value, share));
        }
        let (start, target) = match (start, target) {
            (Some(start), Ok(target)) => (start, target),
            (None, _) => {
                return planned((
                    Err(Obstacle::BaselineMissing),
                    Err(Obstacle::BaselineMissing),
                ));
            }
            (_, Err(obstacle)) => return planned((Err(obstacle), Err(obstacle))),
        };
        let value = self.continued(&start, &stretches, aimed);
        let share = match &value {
            Ok(value) => value
                .minus(&start)
                .over(&target.minus(&start))
                .ok_or(Obstacle::BaselineIsTarget),
            Err(obstacle) => Err(*obstacle),
        };
        planned((value, share))
    }

    /// Targets and lines by the days from which they hold, up to D; the first holds from the beginning.
    fn stretches(&self) -> Vec<Stretch<'a>> {
        let changes = || {
            let targets = self.targets().map(|version| version.effective_from);
            targets.chain(self.lines().map(|version| version.effective_from))
        };
        let mut days: Vec<Date> = changes().filter(|day| self.begins < *day).collect();
        days.push(self.begins);
        days.sort_unstable();
        days.dedup();
        // What was said first tells of the days before it too, so saying it late changes nothing.
        let first_target = self.targets().map(|version| version.effective_from).min();
        let first_line = self.lines().map(|version| version.effective_from).min();
        let changes_on = |day: Date| {
            day == self.begins
                || self
                    .targets()
                    .any(|v| v.effective_from == day && first_target < Some(day))
                || self
                    .lines()
                    .any(|v| v.effective_from == day && first_line < Some(day))
        };
        let stretch = |day: Date| Stretch {
            from: day,
            line: self.line_on(day),
            aim: self
                .targets()
                .filter(|version| version.effective_from <= day)
                .max_by_key(|version| (version.effective_from, version.position))
                .or_else(|| {
                    self.targets().min_by_key(|version| {
                        (version.effective_from, std::cmp::Reverse(version.position))
                    })
                }),
        };
        days.into_iter()
            .filter(|day| changes_on(*day))
            .map(stretch)
            .collect()
    }

    /// The planned value on D along all that was planned on the way.
    fn continued(
        &self,
        start: &Exact,
        stretches: &[Stretch<'a>],
        aimed: &dyn Fn(&TargetVersion) -> Option<Exact>,
    ) -> Figure {
        let eve = |day: Date| day.yesterday().unwrap_or(day);
        let mut anchor = (eve(self.begins), start.clone());
        let mut value = Err(Obstacle::NoPlanLine);
        let ends = stretches.iter().skip(1).map(|next| eve(next.from));
        let ends = ends.chain(std::iter::once(self.cut.on));
        for (stretch, last) in stretches.iter().zip(ends) {
            let Ok(line) = stretch.line else { continue };
            let Some(version) = stretch.aim else { continue };
            let Some(target) = aimed(version) else {
                continue;
            };
            // A plan by month drawn for this target says itself where it runs.
            let own = matches!(line.shape, Shape::Points(_))
                && line
                    .position
                    .is_some_and(|position| version.position < position);
            let from = if own {
                (eve(self.begins), start.clone())
            } else {
                anchor.clone()
            };
            value = self.along(line.shape, &from, &target, last, start);
            if let Ok(value) = &value {
                anchor = (last, value.clone());
            }
        }
        value
    }

    /// The value on `day` of a path from a point to the target that rises as `shape` does.
    fn along(
        &self,
        shape: Shape<'_>,
        (from, value): &(Date, Exact),
        target: &Exact,
        day: Date,
        start: &Exact,
    ) -> Figure {
        let behind = self.height(shape, *from, start)?;
        let now = self.height(shape, day, start)?;
        let whole = self.whole(shape)?;
        let share = now.minus(&behind).over(&whole.minus(&behind));
        // Where the shape has nothing left to rise by, the rest is even.
        let share = share.or_else(|| {
            let passed = days_from(*from, day.min(self.ends));
            Exact::from(passed).over(&days_from(*from, self.ends).into())
        });
        let share = share.unwrap_or_else(Exact::one);
        Ok(value.plus(&target.minus(value).times(&share)))
    }

    fn share_of(&self, shape: Shape<'_>, day: Date, start: Option<&Exact>) -> Figure {
        let zero = Exact::zero();
        let start = match shape {
            Shape::Points(_) => start.unwrap_or(&zero),
            _ => &zero,
        };
        let height = self.height(shape, day, start)?;
        height
            .minus(start)
            .over(&self.whole(shape)?.minus(start))
            .ok_or(Obstacle::BaselineIsTarget)
    }

    /// How high the shape stands on a day: in days, in planned values, in an earlier year's values.
    fn height(&self, shape: Shape<'_>, day: Date, start: &Exact) -> Figure {
        let day = day.min(match shape {
            Shape::Even => self.ends,
            _ => self.closes,
        });
        match shape {
            Shape::Even => Ok(days_from(self.begins, day).saturating_add(1).max(0).into()),
            Shape::Points(points) => Ok(self.at(points, day, self.begins, start)),
            Shape::Reference(points) => Ok(self.earlier(points, day)),
            Shape::AtEnd => Err(Obstacle::NotDue),
        }
    }

    fn whole(&self, shape: Shape<'_>) -> Figure {
        match shape {
            Shape::Even => Ok((days_from(self.begins, self.ends) + 1).into()),
            Shape::Points(points) | Shape::Reference(points) => {
                let last = points.last().map(|point| Exact::from(point.value));
                last.ok_or(Obstacle::NoPlanLine)
            }
            Shape::AtEnd => Err(Obstacle::NotDue),
        }
    }

    /// τ(D): the share of the days of the work that have passed, 0 to 1.
    pub(super) fn elapsed(&self) -> Figure {
        if !self.has_begun() {
            return Err(Obstacle::CycleNotBegun);
        }
        self.share_of(Shape::Even, self.cut.on, None)
    }

    /// What an earlier year had reached by the day that corresponds to D.
    pub(super) fn reference(&self, points: &[PlanPoint]) -> Exact {
        self.earlier(points, self.cut.on.min(self.closes))
    }

    fn earlier(&self, points: &[PlanPoint], day: Date) -> Exact {
        let years = points
            .first()
            .map_or(0, |first| years_before(first.date, self.question.cycle));
        let (day, begins) = (years_back(day, years), years_back(self.begins, years));
        self.at(points, day, begins, &Exact::zero())
    }

    /// The height of a line through points: that of the last point reached, or between two where the policy says
    /// so.
    fn at(&self, points: &[PlanPoint], day: Date, begins: Date, start: &Exact) -> Exact {
        let reached = points.partition_point(|point| point.date <= day);
        let behind = reached.checked_sub(1).and_then(|index| points.get(index));
        let height = behind.map_or(start.clone(), |point| point.value.into());
        let Some(next) = points.get(reached) else {
            return height;
        };
        if !self.question.policy.interpolates_months {
            return height;
        }
        let from = behind.map_or(begins.yesterday().unwrap_or(begins), |point| point.date);
        let passed = Exact::from(days_from(from, day).max(0));
        let share = passed.over(&days_from(from, next.date).into());
        let rise = Exact::from(next.value).minus(&height);
        share.map_or(height.clone(), |share| height.plus(&rise.times(&share)))
    }

    /// 進捗ペース of a value that begins at `start`: progress over planned progress; for a cap planned over used.
    pub(super) fn pace(&self, value: &Figure, start: Option<&Exact>, planned: &Planned) -> Figure {
        // A level or a share that is not to be exceeded holds or does not; it has no way to go.
        let holds = self.is_cap() && self.reduces_from().is_none();
        let in_range = self.definition.comparator == Comparator::InRange;
        if ((holds || in_range) && !self.accumulates()) || self.is_by_month() {
            return Err(Obstacle::NotOfThisMeasure);
        }
        let due = planned.value.clone()?;
        let value = value.clone()?;
        if self.is_cap() && self.accumulates() {
            return match value.is_zero() || value.is_negative() {
                true => Err(Obstacle::NothingUsed),
                false => due.over(&value).ok_or(Obstacle::NothingUsed),
            };
        }
        let start = match (start, self.line()?.shape) {
            (_, Shape::Reference(_)) | (None, Shape::Points(_)) => Exact::zero(),
            (Some(start), _) => start.clone(),
            (None, _) => return Err(Obstacle::BaselineMissing),
        };
        let way = due.minus(&start);
        let goes_down = self.is_cap();
        if way.is_zero() {
            let to_go = self
                .target()
                .and_then(|version| self.aimed(&version.target.aim));
            return Err(match to_go {
                Some(target) if target == start => Obstacle::BaselineIsTarget,
                _ => Obstacle::NothingPlannedYet,
            });
        }
        if way.is_negative() != goes_down {
            return Err(Obstacle::BaselineBeyondTarget);
        }
        let progress = value.minus(&start).over(&way);
        progress.ok_or(Obstacle::NothingPlannedYet)
    }

    /// The path of a milestone: the weights of the checkpoints due by D.
    pub(super) fn planned_steps(&self) -> Planned {
        let set = self.lines().next_back();
        let steps = |assumed| Planned {
            value: Err(Obstacle::NotOfThisMeasure),
            share: self.due_weight(),
            assumed,
        };
        let none = |obstacle, assumed| Planned {
            value: Err(Obstacle::NotOfThisMeasure),
            share: Err(obstacle),
            assumed,
        };
        let assumes = |name: &str| {
            let version = self.question.indicator.definition_at(self.cut);
            version.is_some_and(|(_, version)| version.assumes(name, self.cut))
        };
        match set.map(|version| (&version.value.profile, version.value.assumed)) {
            Some((PlanProfile::Steps, assumed)) => steps(assumed),
            Some((PlanProfile::AtEnd, assumed)) if self.is_over() => Planned {
                value: Err(Obstacle::NotOfThisMeasure),
                share: Ok(Exact::one()),
                assumed,
            },
            Some((PlanProfile::AtEnd, assumed)) => none(Obstacle::NotDue, assumed),
            Some((_, assumed)) => none(Obstacle::NoPlanLine, assumed),
            // The due days that its definition names are a plan, unless they were inferred.
            None => steps(assumes("checkpoints")),
        }
    }

    fn due_weight(&self) -> Figure {
        let checkpoints = &self.definition.checkpoints;
        let planned =
            |c: &&crate::domain::indicator::Checkpoint| c.due.is_some() && c.weight.is_some();
        if !checkpoints.iter().any(|c| planned(&c)) {
            return Err(Obstacle::NoPlanLine);
        }
        Ok(self.weight_of(|checkpoint| checkpoint.due.is_some_and(|due| due <= self.cut.on)))
    }
}

/// Days from one day to another, below zero backwards.
pub(super) fn days_from(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// How many years before the cycle a day lies: 0 within it.
fn years_before(day: Date, cycle: DateSpan) -> i16 {
    let years = cycle.first().year() - day.year();
    let (month, day_of_month) = (cycle.first().month(), cycle.first().day());
    if (day.month(), day.day()) < (month, day_of_month) {
        years + 1
    } else {
        years
    }
}

/// The same day some years before; the last day of a month stays the last.
fn years_back(day: Date, years: i16) -> Date {
    let back = day
        .checked_sub(jiff::Span::new().years(years))
        .unwrap_or(day);
    match (day == day.last_of_month(), back == back.last_of_month()) {
        (true, _) => back.last_of_month(),
        // 28 February of a leap year is the day before the last.
        (false, true) => back.yesterday().unwrap_or(back),
        (false, false) => back,
    }
}
