//! A figure of an indicator, read at any cut, and the way from one reading to a later one.

use std::collections::BTreeSet;

use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::Cut;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::evaluation::{Exact, Figure, Obstacle};
use crate::domain::indicator::enumeration;
use crate::domain::target::{Aim, TargetVersion};
use crate::projection::explain::contribution::{Contribution, contributions};
use crate::projection::explain::fact;
use crate::projection::explain::waterfall::{Fact, Waterfall};
use crate::projection::measured::Measured;

enumeration! {
    /// Which figure is explained.
    FigureKind {
        /// 実績.
        Actual = "ACTUAL",
        /// 達成率, against the target in force.
        Attainment = "ATTAINMENT",
        /// 目標: the one in force.
        Target = "TARGET",
    }
}

/// A figure at a cut, with what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The figure, or why there is none.
    pub figure: Figure,
    /// What reports came to; `None` for a target.
    pub actual: Option<Actual>,
    /// The target in force; `None` for an actual.
    pub target: Option<TargetVersion>,
    /// Its parts, or the components of a composite.
    pub parts: Vec<PartReading>,
}

/// Where a part stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReading {
    /// Its key.
    pub part: Key,
    /// What it came to.
    pub actual: Actual,
    /// Against its own aim; `None` for an actual.
    pub attainment: Option<Figure>,
}

impl Reading {
    fn none(obstacle: Obstacle) -> Self {
        Self {
            figure: Err(obstacle),
            actual: None,
            target: None,
            parts: Vec::new(),
        }
    }

    /// What the figure rose or fell by up to `later`. What cannot be computed adds nothing; `None` where neither can.
    pub fn difference(&self, later: &Self) -> Option<Exact> {
        if self.figure.is_err() && later.figure.is_err() {
            return None;
        }
        let amount = |figure: &Figure| figure.clone().unwrap_or_else(|_| Exact::zero());
        Some(amount(&later.figure).minus(&amount(&self.figure)))
    }
}

/// A figure of an indicator.
#[derive(Clone, Copy)]
pub struct Explained<'a> {
    /// The indicator.
    pub measured: Measured<'a>,
    /// Which figure.
    pub kind: FigureKind,
}

impl<'a> Explained<'a> {
    /// The figure at a cut.
    pub fn reading(&self, cut: Cut) -> Reading {
        if self.kind == FigureKind::Target {
            let target = self.measured.state.target_at(cut);
            return Reading {
                figure: target.map_or(Err(Obstacle::NoTarget), |version| {
                    aimed(&version.target.aim)
                }),
                target: target.cloned(),
                ..Reading::none(Obstacle::NoTarget)
            };
        }
        let Some(found) = self.measured.evaluate(cut) else {
            return Reading::none(Obstacle::NoReport);
        };
        let current = found.current;
        let judged = self.kind == FigureKind::Attainment;
        let parts = found.parts.into_iter().map(|part| PartReading {
            part: part.part,
            actual: part.actual,
            attainment: judged.then_some(part.attainment),
        });
        Reading {
            figure: match (self.kind, &current) {
                (FigureKind::Actual, _) => found.value,
                (_, Some(current)) => current.attainment.clone(),
                (_, None) => Err(Obstacle::NoTarget),
            },
            actual: Some(found.actual),
            target: current.filter(|_| judged).map(|current| current.target),
            parts: parts.collect(),
        }
    }

    /// The way from `since` to `until`, which knows at least as much and is of no earlier day.
    pub fn way(&self, since: Cut, until: Cut) -> Waterfall {
        Waterfall::new(&self.facts(), &self.ticks(until), (since, until), |cut| {
            self.reading(cut)
        })
    }

    /// What every report known at `cut` does for the actual; nothing for a target.
    pub fn contributions(&self, cut: Cut) -> Vec<Contribution<'a>> {
        match self.kind {
            FigureKind::Actual | FigureKind::Attainment => {
                contributions(self.measured.state, self.measured.cycle, cut)
            }
            FigureKind::Target => Vec::new(),
        }
    }

    /// Everything that bears on the figure.
    fn facts(&self) -> Vec<Fact> {
        if self.kind == FigureKind::Target {
            return fact::of_target(self.measured.state);
        }
        let mut facts = Vec::new();
        for indicator in self.measured.made_of() {
            facts.extend(fact::of_actual(indicator));
            if self.kind == FigureKind::Attainment {
                facts.extend(fact::of_target(indicator));
                facts.extend(fact::of_baseline(indicator));
            }
        }
        facts
    }

    fn ticks(&self, until: Cut) -> BTreeSet<Date> {
        if self.kind == FigureKind::Target {
            return BTreeSet::new();
        }
        let made_of = self.measured.made_of().into_iter();
        made_of
            .flat_map(|indicator| fact::ticks(indicator, self.measured.cycle, until))
            .collect()
    }
}

/// A target as one number, where it is one.
fn aimed(aim: &Aim) -> Figure {
    match aim {
        Aim::Value(value) | Aim::Approximate { value, .. } => Ok((*value).into()),
        Aim::AllMembers
        | Aim::Range { .. }
        | Aim::Done { .. }
        | Aim::RubricLevel(_)
        | Aim::Components => Err(Obstacle::NotOfThisMeasure),
    }
}

#[cfg(test)]
mod tests;
