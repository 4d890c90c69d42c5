//! Rules of targets and planned lines.

use super::Judge;
use crate::domain::date::DateSpan;
use crate::domain::event::{PlanProfileSet, TargetRevised, TargetSet};
use crate::domain::goal::Indicator;
use crate::domain::indicator::{
    AggSpace, AggTime, Comparator, Definition, MeasureType, Quantifier,
};
use crate::domain::quantity::Quantity;
use crate::domain::rejection::{NoticeKind, Reason};
use crate::domain::target::{Aim, PlanPoint, PlanProfile, Target};

/// Most points of a planned line: one for each day of a leap year.
const POINTS_MAX: usize = 366;

impl<'a> Judge<'a> {
    pub(super) fn target_set(&mut self, p: &TargetSet) {
        let Some((indicator, cycle)) = self.measured(p.indicator) else {
            return;
        };
        self.takes_effect_in(&cycle);
        if indicator.first_target().is_some() {
            self.reject(Reason::TargetExists, "indicator");
        }
        self.target_fits(indicator, &p.target, &cycle);
        self.retroactive();
    }

    pub(super) fn target_revised(&mut self, p: &mut TargetRevised) {
        let Some((indicator, cycle)) = self.measured(p.indicator) else {
            return;
        };
        self.takes_effect_in(&cycle);
        if cycle.last() < self.context.today {
            self.reject_with(Reason::CycleEnded, "indicator", &[("last", &cycle.last())]);
        }
        self.target_fits(indicator, &p.target, &cycle);
        let Some(newest) = indicator.targets.last() else {
            return self.reject(Reason::TargetMissing, "indicator");
        };
        if newest.event_id == p.replaces {
            match &p.before {
                Some(before) if *before != newest.target => {
                    let current = in_words(&newest.target);
                    self.reject_with(
                        Reason::ExpectedValueDiffers,
                        "before",
                        &[("current", &current)],
                    );
                }
                _ => p.before = Some(newest.target.clone()),
            }
        } else if indicator
            .targets
            .iter()
            .any(|version| version.event_id == p.replaces)
        {
            self.reject_with(
                Reason::TargetSuperseded,
                "replaces",
                &[("head", &newest.event_id)],
            );
        } else {
            self.reject(Reason::TargetUnknown, "replaces");
        }
        if newest.target == p.target {
            self.reject(Reason::TargetUnchanged, "target");
        }
        self.retroactive();
        self.late_lowering(indicator, &newest.target, &p.target, &cycle);
    }

    pub(super) fn plan_profile_set(&mut self, p: &PlanProfileSet) {
        let Some((indicator, cycle)) = self.measured(p.indicator) else {
            return;
        };
        self.takes_effect_in(&cycle);
        let Some(definition) = indicator.definition() else {
            return;
        };
        let of_values = !matches!(
            definition.measure_type,
            MeasureType::Milestone | MeasureType::Qualitative | MeasureType::Composite
        );
        match &p.profile {
            PlanProfile::Linear if !of_values => {
                self.misfit("profile", "only values rise evenly");
            }
            PlanProfile::Steps if definition.checkpoints.iter().all(|c| c.due.is_none()) => {
                self.misfit("profile", "no checkpoint has a planned day");
            }
            PlanProfile::Monthly(_) | PlanProfile::Reference(_) if !of_values => {
                self.misfit("profile", "only values are planned by month");
            }
            PlanProfile::Monthly(points) => {
                self.points(definition, points);
                for (index, point) in points.iter().enumerate() {
                    if !cycle.contains(point.date) {
                        let field = format!("profile.points[{index}].date");
                        let bounds: [(_, &dyn std::fmt::Display); 2] =
                            [("first", &cycle.first()), ("last", &cycle.last())];
                        self.reject_with(Reason::DateOutsideCycle, &field, &bounds);
                    }
                }
                self.ends_at_target(indicator, definition, points);
            }
            // The shape of an earlier year: its days and its total are its own.
            PlanProfile::Reference(points) => self.points(definition, points),
            PlanProfile::Linear | PlanProfile::Steps | PlanProfile::AtEnd | PlanProfile::None => {}
        }
    }

    /// What is known of an open indicator, and the days of its plan.
    fn measured(
        &mut self,
        id: crate::domain::id::IndicatorId,
    ) -> Option<(&'a Indicator, DateSpan)> {
        let entry = self.open_indicator(id)?;
        let cycle = self.cycle_of_initiative(entry.initiative())?;
        let goal = self.goal;
        goal.indicator(id)
            .map(|indicator| (indicator.as_ref(), cycle))
    }

    fn retroactive(&mut self) {
        let today = self.context.today;
        if let Some(from) = self.from()
            && from < today
        {
            self.notice(
                NoticeKind::RetroactiveTarget,
                "target",
                format!("{from}に遡って適用される目標を{today}に決めています"),
                format!("the target takes effect on {from}, before today, {today}"),
            );
        }
    }

    /// Flags what is asked for less shortly before the end.
    fn late_lowering(
        &mut self,
        indicator: &Indicator,
        before: &Target,
        after: &Target,
        cycle: &DateSpan,
    ) {
        let today = self.context.today;
        let (version, policy) = self.context.directory.evaluation_policy_on(today, None);
        let left = (cycle.last() - today).get_days();
        let late = i64::from(left) <= i64::from(policy.late_lowering_days);
        let eased = indicator
            .definition()
            .is_some_and(|definition| after.asks_less_than(before, definition.comparator));
        if late && eased {
            self.notice(
                NoticeKind::LateLowering,
                "target",
                format!("年度末まで{left}日で目標を下げて（延ばして）います（{version}）"),
                format!(
                    "less is asked for, or later, {left} days before the end of the cycle ({version})"
                ),
            );
        }
    }

    fn target_fits(&mut self, indicator: &Indicator, target: &Target, cycle: &DateSpan) {
        let Some(definition) = indicator.definition() else {
            return;
        };
        match aim_fits(definition, &target.aim) {
            Err(problem) => self.unfit("target", problem),
            Ok(()) => self.aim_possible(definition, &target.aim, cycle),
        }
        self.part_targets(definition, target);
    }

    /// The figures of an aim of the right kind.
    fn aim_possible(&mut self, definition: &Definition, aim: &Aim, cycle: &DateSpan) {
        match *aim {
            Aim::Value(value) => {
                self.aimed(definition, value, "target.value");
                let members = definition.members.len();
                if definition.measure_type == MeasureType::Coverage
                    && members > 0
                    && Quantity::from(members as i64) < value
                {
                    self.unfit("target.value", "more than the set has members");
                }
            }
            Aim::Range { lower, upper } => {
                self.aimed(definition, lower, "target.range.lower");
                self.aimed(definition, upper, "target.range.upper");
                if upper < lower {
                    self.unfit(
                        "target.range.upper",
                        "the greatest value is below the least",
                    );
                }
            }
            Aim::Approximate { value, tolerance } => {
                self.aimed(definition, value, "target.approximate.value");
                if tolerance.is_negative() {
                    self.unfit("target.approximate.tolerance", "below zero");
                }
            }
            Aim::Done { due, .. } if due < cycle.first() => {
                self.unfit("target.done.due", "due before the cycle begins");
            }
            Aim::RubricLevel(level) => {
                let levels = definition
                    .rubric
                    .as_ref()
                    .map_or(0, |rubric| rubric.levels.len());
                if level == 0 || levels < level as usize {
                    self.unfit("target.rubric_level", "the rubric has no such level");
                }
            }
            Aim::Done { .. } | Aim::AllMembers | Aim::Components => {}
        }
    }

    fn part_targets(&mut self, definition: &Definition, target: &Target) {
        if Definition::LIST_MAX < target.parts.len() {
            return self.unfit("target.parts", "more than 500");
        }
        for (index, part) in target.parts.iter().enumerate() {
            let field = format!("target.parts[{index}]");
            if !super::values::has_part(definition, &part.part) {
                self.part_unknown(definition, &format!("{field}.part"));
            } else if target.parts[..index]
                .iter()
                .any(|before| before.part == part.part)
            {
                self.unfit(&format!("{field}.part"), "given twice");
            }
            self.aimed(definition, part.value, &format!("{field}.value"));
        }
        let each = matches!(
            definition.agg_space,
            AggSpace::AllOf | AggSpace::CappedSum | AggSpace::MinOfParts
        );
        let missing = definition
            .parts
            .iter()
            .any(|p| target.parts.iter().all(|t| t.part != p.key));
        if each && missing {
            self.unfit("target.parts", "every part needs its own target");
        }
    }

    /// In order of days, possible values, and never downward where amounts add up.
    fn points(&mut self, definition: &Definition, points: &[PlanPoint]) {
        match points.len() {
            0 => return self.misfit("profile.points", "no points"),
            n if POINTS_MAX < n => return self.misfit("profile.points", "more than 366 points"),
            _ => {}
        }
        for (index, point) in points.iter().enumerate() {
            self.aimed(
                definition,
                point.value,
                &format!("profile.points[{index}].value"),
            );
        }
        let adds_up = definition.agg_time == AggTime::Sum && !definition.per_month;
        for (index, pair) in points.windows(2).enumerate() {
            let field = format!("profile.points[{}]", index + 1);
            if pair[1].date <= pair[0].date {
                self.misfit(&format!("{field}.date"), "the days must rise");
            }
            if adds_up && pair[1].value < pair[0].value {
                self.misfit(&format!("{field}.value"), "a cumulative plan never falls");
            }
        }
    }

    fn ends_at_target(
        &mut self,
        indicator: &Indicator,
        definition: &Definition,
        points: &[PlanPoint],
    ) {
        if definition.per_month {
            return;
        }
        let Some(newest) = indicator.targets.last() else {
            return self.reject(Reason::TargetMissing, "indicator");
        };
        let end = match newest.target.aim {
            Aim::Value(value) | Aim::Approximate { value, .. } => value,
            Aim::AllMembers => Quantity::from(definition.members.len() as i64),
            Aim::Range { .. } | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => return,
        };
        if points.last().is_some_and(|last| last.value != end) {
            let problem = format!("the last point must be the target, {end}");
            self.misfit(
                &format!("profile.points[{}].value", points.len() - 1),
                &problem,
            );
        }
    }

    fn unfit(&mut self, field: &str, problem: &str) {
        self.reject_with(Reason::TargetMismatch, field, &[("problem", &problem)]);
    }

    fn misfit(&mut self, field: &str, problem: &str) {
        self.reject_with(Reason::ProfileMismatch, field, &[("problem", &problem)]);
    }
}

/// Whether the aim is of the kind that the definition asks for.
fn aim_fits(definition: &Definition, aim: &Aim) -> Result<(), &'static str> {
    let fits = |fits: bool, problem| if fits { Ok(()) } else { Err(problem) };
    match definition.measure_type {
        MeasureType::Milestone => {
            return fits(
                matches!(aim, Aim::Done { .. }),
                "a milestone has a day and an end state",
            );
        }
        MeasureType::Qualitative => {
            return fits(
                matches!(aim, Aim::RubricLevel(_)),
                "a level of the rubric is needed",
            );
        }
        MeasureType::Composite => {
            return fits(
                matches!(aim, Aim::Components),
                "a composite aims at what its components aim at",
            );
        }
        _ => {}
    }
    match definition.comparator {
        Comparator::WithinTolerance => fits(
            matches!(aim, Aim::Approximate { .. }),
            "a value with its tolerance is needed",
        ),
        Comparator::InRange => fits(
            matches!(aim, Aim::Range { .. }),
            "a least and a greatest value are needed",
        ),
        Comparator::Ge | Comparator::Gt | Comparator::Le | Comparator::Lt => match aim {
            Aim::Value(_) => Ok(()),
            Aim::AllMembers => fits(
                definition.measure_type == MeasureType::Coverage
                    || (definition.quantifier == Quantifier::ForAll
                        && !definition.members.is_empty()),
                "there is no set of members to cover",
            ),
            _ => Err("one value is needed"),
        },
        Comparator::DoneBy | Comparator::RubricAtLeast => Err("the definition compares no values"),
    }
}

/// A target in a few words, for the one whose expectation differs.
fn in_words(target: &Target) -> String {
    match target.aim {
        Aim::Value(value) => value.to_string(),
        Aim::AllMembers => "all members".to_owned(),
        Aim::Range { lower, upper } => format!("{lower} to {upper}"),
        Aim::Approximate { value, tolerance } => format!("{value} less at most {tolerance}"),
        Aim::Done { due, end_state } => format!("{} by {due}", end_state.code()),
        Aim::RubricLevel(level) => format!("level {level}"),
        Aim::Components => "its components".to_owned(),
    }
}
