//! From indicators to an initiative, a goal, a section, a department, a pillar or the city (DOMAIN.md §5.7).
//!
//! The distribution of statuses is the answer; an average hides zeros and is given only to who asks for it, with
//! how many it is of and what it leaves out. A joint indicator counts once, where it is led; elsewhere it is 参加.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actual::Actual;
use crate::domain::evaluation::policy::RollUpJudgement;
use crate::domain::evaluation::{Evaluation, EvaluationPolicy, Exact, Figure, Obstacle, Status};
use crate::domain::id::UnitId;
use crate::domain::quantity::Quantity;

/// An indicator to be counted. Leave out the components of a composite that is counted itself.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Where it stands.
    pub evaluation: &'a Evaluation,
    /// The section that answers for it on D.
    pub lead: UnitId,
    /// Sections that contribute.
    pub contributing: &'a [UnitId],
}

/// Whose indicators are counted.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// Everybody's: each indicator once.
    Whole,
    /// Those of some units: a section, or a department with its sections.
    Units(&'a BTreeSet<UnitId>),
}

/// How many indicators stand where.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Distribution {
    counts: BTreeMap<Status, u32>,
    unreported: u32,
}

/// What a view comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RollUp {
    /// Indicators that the view leads.
    pub led: Distribution,
    /// 参加: indicators that it contributes to and others lead; they are counted there.
    pub participating: Distribution,
    /// The one status of the whole, where the policy asks for one and something can be judged.
    pub judgement: Option<Status>,
}

/// A mean of attainments, with what it is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mean {
    /// The mean, 1 for 100 %; [`Obstacle::NoMembers`] of none.
    pub attainment: Figure,
    /// What one indicator counts for at most; `None`: no cap.
    pub cap: Option<Quantity>,
    /// How many indicators it is the mean of, each with the same weight.
    pub count: u32,
    /// How many were left out, and why.
    pub excluded: BTreeMap<Obstacle, u32>,
}

impl Distribution {
    fn add(&mut self, evaluation: &Evaluation) {
        let count = self.counts.entry(evaluation.status).or_default();
        *count = count.saturating_add(1);
        // A composite is silent where its components are.
        let silent = evaluation.actual == Actual::NoReport || evaluation.status == Status::NoReport;
        if silent && !evaluation.status.is_set_aside() {
            self.unreported = self.unreported.saturating_add(1);
        }
    }

    /// How many stand there.
    pub fn count(&self, status: Status) -> u32 {
        self.counts.get(&status).copied().unwrap_or_default()
    }

    /// Statuses that something has, in the order of [`Status`], with how many.
    pub fn counts(&self) -> impl Iterator<Item = (Status, u32)> + '_ {
        self.counts.iter().map(|(status, count)| (*status, *count))
    }

    fn those(&self, of: impl Fn(Status) -> bool) -> u32 {
        let counts = self.counts().filter(|(status, _)| of(*status));
        counts.fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.those(|_| true)
    }

    /// Those of which something is asked: all but what is set aside.
    pub fn applicable(&self) -> u32 {
        self.those(|status| !status.is_set_aside())
    }

    /// 対象外: not applicable, suspended, cancelled or carried over.
    pub fn set_aside(&self) -> u32 {
        self.those(Status::is_set_aside)
    }

    /// Those whose status says how the work stands.
    pub fn judged(&self) -> u32 {
        self.those(Status::is_judgement)
    }

    /// Those of which something is asked and nobody has reported.
    pub fn unreported(&self) -> u32 {
        self.unreported
    }

    /// Those of which something is asked and somebody has reported, if only that there was nothing.
    pub fn reported(&self) -> u32 {
        self.applicable().saturating_sub(self.unreported)
    }

    /// The least favourable status of what can be judged.
    pub fn worst(&self) -> Option<Status> {
        let judged = self.counts().map(|(status, _)| status);
        judged
            .filter(|status| status.is_judgement())
            .max_by_key(|status| status.concern())
    }
}

/// Counts the indicators of a view.
pub fn roll_up<'a>(
    items: impl IntoIterator<Item = Item<'a>>,
    view: View<'_>,
    policy: &EvaluationPolicy,
) -> RollUp {
    let (mut led, mut participating) = (Distribution::default(), Distribution::default());
    for item in items {
        let mine = |unit: &UnitId| match view {
            View::Whole => true,
            View::Units(units) => units.contains(unit),
        };
        if mine(&item.lead) {
            led.add(item.evaluation);
        } else if item.contributing.iter().any(mine) {
            participating.add(item.evaluation);
        }
    }
    let judgement = match policy.roll_up {
        RollUpJudgement::None => None,
        RollUpJudgement::Worst => led.worst(),
    };
    RollUp {
        led,
        participating,
        judgement,
    }
}

/// The mean attainment on the targets in force, each indicator capped as the policy says.
pub fn mean_attainment<'a>(
    evaluations: impl IntoIterator<Item = &'a Evaluation>,
    policy: &EvaluationPolicy,
) -> Mean {
    let cap = policy.mean_cap.map(Exact::from);
    let (mut sum, mut count) = (Exact::zero(), 0_u32);
    let mut excluded: BTreeMap<Obstacle, u32> = BTreeMap::new();
    for evaluation in evaluations {
        match counted(evaluation) {
            Ok(attainment) => {
                sum = sum.plus(cap.as_ref().map_or(attainment, |cap| attainment.min(cap)));
                count = count.saturating_add(1);
            }
            Err(obstacle) => {
                let left_out = excluded.entry(obstacle).or_default();
                *left_out = left_out.saturating_add(1);
            }
        }
    }
    Mean {
        attainment: sum
            .over(&i64::from(count).into())
            .ok_or(Obstacle::NoMembers),
        cap: policy.mean_cap,
        count,
        excluded,
    }
}

fn counted(evaluation: &Evaluation) -> Result<&Exact, Obstacle> {
    match evaluation.status {
        Status::NotApplicable => return Err(Obstacle::NoDemand),
        Status::Suspended => return Err(Obstacle::Suspended),
        Status::Cancelled => return Err(Obstacle::Cancelled),
        Status::CarriedOver => return Err(Obstacle::CarriedOver),
        _ => {}
    }
    match (&evaluation.current, evaluation.status) {
        (Some(current), _) => current.attainment.as_ref().map_err(|obstacle| *obstacle),
        (None, Status::NoReport) => Err(Obstacle::NoReport),
        (None, _) => Err(Obstacle::NoTarget),
    }
}
