//! The worked examples of DOMAIN.md §5 and §6, to the digit, and what holds for every history.

use std::collections::BTreeMap;

use crate::domain::actual::aggregate::Cut;
use crate::domain::directory::Phase;
use crate::domain::evaluation::{
    AgainstTarget, Evaluation, EvaluationPolicy, Exact, Figure, Question, display, evaluate,
};
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::IndicatorId;
use crate::domain::indicator::{Definition, Quantifier};
use crate::domain::target::{Aim, Baseline, PlanPoint, PlanProfile, Target};
use crate::domain::testing::history::History;
use crate::domain::testing::*;
use crate::domain::text::Language;

mod breaches;
mod calendar;
mod corrections;
mod displayed;
mod examples;
mod joint;
mod properties;
mod revisions;
mod roll_ups;
mod silence;

const MIDYEAR: &str = "2023-09-30";
const YEAR_END: &str = "2024-03-31";

/// An indicator asked about, under the built-in policy unless it says otherwise.
#[derive(Clone)]
struct Asked {
    history: History,
    policy: EvaluationPolicy,
    phase: Phase,
}

fn of(definition: Definition) -> Asked {
    Asked {
        history: History::of(definition),
        policy: EvaluationPolicy::default(),
        phase: Phase::Active,
    }
}

impl Asked {
    fn and(self, fact: Fact) -> Self {
        Self {
            history: self.history.and(fact),
            ..self
        }
    }

    fn aiming(self, aim: Aim) -> Self {
        self.and(fact(target_set("X", aim)).named("first target"))
    }

    /// With an aim for each part, and the sum of them for the whole.
    fn aiming_at_parts(self, parts: &[(&str, &str)]) -> Self {
        let targets: Vec<_> = parts
            .iter()
            .map(|(key, value)| part_target(key, value))
            .collect();
        let sum = targets
            .iter()
            .fold(rust_decimal::Decimal::ZERO, |sum, target| {
                sum + target.value.decimal()
            });
        let mut set = target_set("X", Aim::Value(sum.into()));
        set.target.parts = targets;
        self.and(fact(set).named("first target"))
    }

    fn revised(self, aim: Aim, from: &str) -> Self {
        self.and(
            fact(target_revised("X", "first target", aim))
                .on(from)
                .because("計画の見直し"),
        )
    }

    fn beginning_at(self, value: &str) -> Self {
        self.and(fact(baseline(value, "2023-03-31")))
    }

    fn along(self, profile: PlanProfile) -> Self {
        self.and(fact(planned(profile, false)))
    }

    fn assumed_along(self, profile: PlanProfile) -> Self {
        self.and(fact(planned(profile, true)))
    }

    fn reported<const N: usize>(
        self,
        measure: impl Fn(&str) -> crate::domain::actual::Measurement,
        entries: [(&str, &str); N],
    ) -> Self {
        entries.into_iter().fold(self, |asked, (date, value)| {
            asked.and(fact(recorded(measure(value))).on(date))
        })
    }

    fn under(self, policy: EvaluationPolicy) -> Self {
        Self { policy, ..self }
    }

    fn in_phase(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    fn at(&self, date: &str) -> Evaluation {
        self.at_cut(Cut::on(day(date)))
    }

    fn at_cut(&self, cut: Cut) -> Evaluation {
        evaluated(self.history.indicator(), cut, &self.policy, self.phase)
    }

    fn definition(&self, cut: Cut) -> &Definition {
        let version = self.history.indicator().definition_at(cut).unwrap().1;
        &version.definition
    }

    /// 達成率 達成 / ペース / 見込み / 必要 / 状態 and what to know beside it.
    fn line(&self, date: &str) -> String {
        let cut = Cut::on(day(date));
        line(&self.at_cut(cut), self.definition(cut), &self.policy)
    }
}

fn evaluated(
    indicator: &Indicator,
    cut: Cut,
    policy: &EvaluationPolicy,
    phase: Phase,
) -> Evaluation {
    let question = Question {
        indicator,
        cycle: days("2023-04-01", "2024-03-31"),
        cut,
        phase,
        policy,
        rounds: None,
        components: &BTreeMap::new(),
    };
    evaluate(&question).unwrap()
}

/// Every indicator of a goal, components before what is made of them.
fn evaluated_goal(goal: &Goal, cut: Cut) -> BTreeMap<IndicatorId, Evaluation> {
    let policy = EvaluationPolicy::default();
    super::evaluate_goal(goal, days("2023-04-01", "2024-03-31"), cut, &policy, |_| {
        Phase::Active
    })
}

fn line(found: &Evaluation, definition: &Definition, policy: &EvaluationPolicy) -> String {
    let unit = &definition.unit;
    let amount = |figure: &Figure| match figure {
        Ok(value) => display::amount(value, unit, &display::judged_against(found), Language::Ja),
        Err(_) => "–".to_owned(),
    };
    let pace = match &found.pace {
        Ok(pace) => display::pace(pace, policy),
        Err(_) => "–".to_owned(),
    };
    let remarks: Vec<_> = found
        .remarks
        .iter()
        .map(|remark| remark.label(Language::Ja))
        .collect();
    let remarks = if remarks.is_empty() {
        String::new()
    } else {
        format!(" [{}]", remarks.join(" "))
    };
    format!(
        "{} / {pace} / {} / {} / {}{remarks}",
        against(found, found.current.as_ref(), policy),
        amount(&found.forecast),
        amount(&found.required_per_month),
        found.status.label(Language::Ja),
    )
}

/// 達成率 and 達成 against one version of the target.
fn against(
    found: &Evaluation,
    against: Option<&AgainstTarget>,
    policy: &EvaluationPolicy,
) -> String {
    let Some(against) = against else {
        return "–".to_owned();
    };
    let attainment = match display::attainment(found, against, policy) {
        Ok(attainment) => attainment,
        Err(obstacle) => obstacle.label(Language::Ja).to_owned(),
    };
    match against.achievement {
        Ok(achievement) => format!("{attainment} {}", achievement.label(Language::Ja)),
        Err(_) => attainment,
    }
}

/// A figure with so many digits, or why there is none.
fn figure(figure: &Figure, digits: u32) -> String {
    match figure {
        Ok(value) => value.half_up(digits),
        Err(obstacle) => obstacle.code().to_owned(),
    }
}

fn percent(share: &Figure) -> String {
    match share {
        Ok(share) => format!("{}%", share.times(&100.into()).half_up(1)),
        Err(obstacle) => obstacle.code().to_owned(),
    }
}

fn exact(numerator: i64, denominator: i64) -> Exact {
    Exact::ratio(&numerator.into(), &denominator.into()).unwrap()
}

fn baseline(value: &str, as_of: &str) -> crate::domain::event::BaselineSet {
    crate::domain::event::BaselineSet {
        indicator: indicator_id("X"),
        baseline: Baseline {
            value: q(value),
            as_of: day(as_of),
            source: None,
        },
    }
}

fn planned(profile: PlanProfile, assumed: bool) -> crate::domain::event::PlanProfileSet {
    crate::domain::event::PlanProfileSet {
        indicator: indicator_id("X"),
        profile,
        assumed,
    }
}

fn points(points: &[(&str, &str)]) -> Vec<PlanPoint> {
    let point = |(date, value): &(&str, &str)| PlanPoint {
        date: day(date),
        value: q(value),
    };
    points.iter().map(point).collect()
}

fn parts_target(parts: &[(&str, &str)], whole: &str) -> Target {
    Target {
        aim: value(whole),
        parts: parts
            .iter()
            .map(|(key, value)| part_target(key, value))
            .collect(),
    }
}

fn at_least(definition: Definition, least: u32) -> Definition {
    Definition {
        quantifier: Quantifier::AtLeastN(least),
        ..definition
    }
}
