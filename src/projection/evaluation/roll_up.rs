//! What a plan comes to, unit by unit: distributions of statuses first, a mean only with what it leaves out.
//!
//! Every indicator is counted once for the plan, its department, its pillar and the section that leads it. Where sections
//! contribute (参加) it is told for them too, apart, so that what all sections lead adds up to the plan. The components of a
//! composite are not counted beside it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::domain::evaluation::EvaluationPolicy;
use crate::domain::evaluation::judgement::CauseCode;
use crate::domain::evaluation::roll_up::{Item, Mean, RollUp, View, mean_attainment, roll_up};
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::plan::Pillar;
use crate::projection::evaluation::{At, IndicatorEvaluation, PlanEvaluation};

/// What some indicators come to together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Together {
    /// How many stand where.
    pub roll_up: RollUp,
    /// The mean of attainments of those that are led.
    pub mean: Mean,
}

/// What a department's goals come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfDepartment {
    /// The department.
    pub department: UnitId,
    /// How many goals it has on D.
    pub goals: u32,
    /// Their indicators.
    pub together: Together,
}

/// What the goals under a pillar come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfPillar {
    /// The pillar.
    pub pillar: Pillar,
    /// How many goals stand under it on D; 0 is an answer too.
    pub goals: u32,
    /// Their indicators.
    pub together: Together,
}

/// What a section leads, and what it contributes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfSection {
    /// The section.
    pub section: UnitId,
    /// What it leads, with the mean of that; what it contributes to, as `participating`.
    pub together: Together,
}

/// What a plan comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RolledUp {
    /// How many goals stand in the plan on D.
    pub goals: u32,
    /// All its indicators.
    pub whole: Together,
    /// Each department with goals in it, in the order of the goals.
    pub departments: Vec<OfDepartment>,
    /// Each pillar of the plan.
    pub pillars: Vec<OfPillar>,
    /// Each section that leads or contributes, in the order of the indicators.
    pub sections: Vec<OfSection>,
    /// How many self-evaluations in the period of D name which cause.
    pub causes: BTreeMap<CauseCode, u32>,
}

/// What some indicators of a plan come to.
pub fn together<'a>(
    at: &At,
    indicators: impl Iterator<Item = &'a IndicatorEvaluation>,
) -> Together {
    let indicators: Vec<_> = indicators.collect();
    let inside = components(indicators.iter().copied());
    let counted: Vec<_> = indicators
        .into_iter()
        .filter(|indicator| !inside.contains(&indicator.id))
        .collect();
    of(&counted, View::Whole, &at.ruling.policy.content)
}

/// What a plan comes to.
pub fn rolled_up(evaluation: &PlanEvaluation) -> RolledUp {
    let policy = &evaluation.at.ruling.policy.content;
    let inside = components(evaluation.indicators().map(|(_, _, indicator)| indicator));
    let counted: Vec<_> = evaluation
        .indicators()
        .filter(|(_, _, indicator)| !inside.contains(&indicator.id))
        .collect();
    let those = |of_goal: &dyn Fn(UnitId, u32) -> bool| -> Vec<&IndicatorEvaluation> {
        counted
            .iter()
            .filter(|(goal, _, _)| of_goal(goal.department, goal.pillar))
            .map(|(_, _, indicator)| *indicator)
            .collect()
    };
    let goals = |of_goal: &dyn Fn(UnitId, u32) -> bool| {
        let found = evaluation
            .goals
            .iter()
            .filter(|goal| of_goal(goal.department, goal.pillar));
        count(found.count())
    };
    let departments = in_order(evaluation.goals.iter().map(|goal| goal.department));
    let departments = departments
        .into_iter()
        .map(|department| OfDepartment {
            department,
            goals: goals(&|unit, _| unit == department),
            together: of(&those(&|unit, _| unit == department), View::Whole, policy),
        })
        .collect();
    let pillars = evaluation.at.plan.pillars.iter();
    let pillars = pillars
        .map(|pillar| OfPillar {
            pillar: pillar.clone(),
            goals: goals(&|_, number| number == pillar.number),
            together: of(
                &those(&|_, number| number == pillar.number),
                View::Whole,
                policy,
            ),
        })
        .collect();
    RolledUp {
        goals: count(evaluation.goals.len()),
        whole: of(&those(&|_, _| true), View::Whole, policy),
        departments,
        pillars,
        sections: sections(&those(&|_, _| true), policy),
        causes: causes(evaluation),
    }
}

fn causes(evaluation: &PlanEvaluation) -> BTreeMap<CauseCode, u32> {
    let goals = evaluation.goals.iter().map(|goal| &goal.judgements);
    let initiatives = evaluation.goals.iter().flat_map(|goal| &goal.initiatives);
    let initiatives = initiatives.map(|initiative| &initiative.judgements);
    let indicators = evaluation.indicators();
    let indicators = indicators.map(|(_, _, indicator)| &indicator.judgements);
    let mut causes = BTreeMap::new();
    for judgements in goals.chain(initiatives).chain(indicators) {
        if let Some(cause) = judgements.self_evaluated.as_ref().and_then(|own| own.cause) {
            *causes.entry(cause).or_insert(0) += 1;
        }
    }
    causes
}

fn sections(indicators: &[&IndicatorEvaluation], policy: &EvaluationPolicy) -> Vec<OfSection> {
    let units = |indicator: &IndicatorEvaluation| {
        let mut units = vec![indicator.lead];
        units.extend(&indicator.contributing);
        units
    };
    // One pass over the indicators, not one for each section.
    let mut works_on: HashMap<UnitId, Vec<&IndicatorEvaluation>> = HashMap::new();
    for indicator in indicators {
        for unit in units(indicator) {
            works_on.entry(unit).or_default().push(indicator);
        }
    }
    in_order(indicators.iter().flat_map(|indicator| units(indicator)))
        .into_iter()
        .map(|section| {
            let indicators = works_on.remove(&section).unwrap_or_default();
            let view = BTreeSet::from([section]);
            OfSection {
                section,
                together: of(&indicators, View::Units(&view), policy),
            }
        })
        .collect()
}

fn of(indicators: &[&IndicatorEvaluation], view: View<'_>, policy: &EvaluationPolicy) -> Together {
    let items = indicators.iter().map(|indicator| Item {
        evaluation: &indicator.evaluation,
        lead: indicator.lead,
        contributing: &indicator.contributing,
    });
    let led = indicators.iter().filter(|indicator| match view {
        View::Whole => true,
        View::Units(units) => units.contains(&indicator.lead),
    });
    Together {
        roll_up: roll_up(items, view, policy),
        mean: mean_attainment(led.map(|indicator| indicator.evaluation.as_ref()), policy),
    }
}

/// What is a component of a composite among `indicators`.
fn components<'a>(
    indicators: impl Iterator<Item = &'a IndicatorEvaluation>,
) -> HashSet<IndicatorId> {
    indicators
        .flat_map(|indicator| &indicator.definition.components)
        .copied()
        .collect()
}

/// Each unit once, in the order of its first mention.
fn in_order(units: impl Iterator<Item = UnitId>) -> Vec<UnitId> {
    let mut seen = HashSet::new();
    units.filter(|unit| seen.insert(*unit)).collect()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
