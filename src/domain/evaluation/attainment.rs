//! 達成率 and 達成: how far an actual is from an aim, and whether it is reached (DOMAIN.md §5.1).
//!
//! Both are judged on facts up to D as if D were the end; whether a result can still change is the status's to
//! say. Never actual over target for what is not to be exceeded, never zero for silence, never a number of a
//! target of zero; and what is worse than the baseline is negative, not nothing.

use std::collections::BTreeMap;

use crate::domain::actual::{Actual, Measurement, MilestoneState, NilCause};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::evaluation::case::Case;
use crate::domain::evaluation::evaluate::Part;
use crate::domain::evaluation::policy::ReductionFormula;
use crate::domain::evaluation::{Achievement, Exact, Figure, Obstacle};
use crate::domain::goal::Entry;
use crate::domain::indicator::{
    AggTime, AttainmentBasis, Checkpoint, Comparator, MeasureType, Quantifier,
};
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, EndState};

/// What holding an actual against an aim gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) attainment: Figure,
    pub(super) achievement: Result<Achievement, Obstacle>,
    /// Whether a condition was broken that nothing can repair.
    pub(super) breached: bool,
}

impl Verdict {
    /// Nothing can be said, for this reason.
    pub(super) fn unknown(obstacle: Obstacle) -> Self {
        Self {
            attainment: Err(obstacle),
            achievement: Err(obstacle),
            breached: false,
        }
    }

    fn share(met: usize, of: usize, achieved: Result<bool, Obstacle>) -> Self {
        Self {
            attainment: share(met, of),
            achievement: achieved.map(Achievement::of),
            breached: false,
        }
    }

    pub(super) fn is_reached(&self) -> bool {
        self.achievement.is_ok_and(Achievement::is_reached)
    }
}

impl Achievement {
    fn of(reached: bool) -> Self {
        if reached {
            Self::Achieved
        } else {
            Self::NotAchieved
        }
    }
}

fn share(met: usize, of: usize) -> Figure {
    Exact::quotient((met as i64).into(), (of as i64).into()).ok_or(Obstacle::NoMembers)
}

impl<'a> Case<'a> {
    /// Holds the actual of a part, `None`: of the whole, against its aim.
    pub(super) fn judge(&self, aim: &Aim, part: Option<&Part<'a>>) -> Verdict {
        let actual = self.read(part.map_or(&self.actual, |part| &part.actual));
        let entries = || part.map_or_else(|| self.entries(), |part| &part.entries);
        match actual.as_ref() {
            Actual::NoReport => return Verdict::unknown(Obstacle::NoReport),
            Actual::Nil(NilCause::NoDemand) => return Verdict::unknown(Obstacle::NoDemand),
            Actual::Nil(NilCause::NotMeasured | NilCause::NoActivity) => {
                return Verdict::unknown(Obstacle::NotMeasured);
            }
            _ => {}
        }
        match (actual.as_ref(), aim) {
            (Actual::RubricLevel(level), Aim::RubricLevel(required)) => Verdict {
                attainment: Err(Obstacle::Qualitative),
                achievement: Ok(Achievement::of(required <= level)),
                breached: false,
            },
            (Actual::Milestone { checkpoints, .. }, Aim::Done { due, end_state }) => {
                match self.done_on(*end_state, entries()) {
                    Some(done_on) => Verdict {
                        attainment: Ok(Exact::one()),
                        achievement: Ok(if *due < done_on {
                            Achievement::Late
                        } else {
                            Achievement::Achieved
                        }),
                        breached: false,
                    },
                    None => Verdict {
                        attainment: Ok(self.completed_weight(checkpoints)),
                        achievement: Ok(Achievement::NotAchieved),
                        breached: false,
                    },
                }
            }
            (Actual::Coverage { done, .. }, _) => self.coverage(aim, done.len()),
            (Actual::Members { values, .. }, _) => self.members(aim, values, entries()),
            (Actual::Months { months, .. }, _) if self.is_by_month() => self.months(aim, months),
            (actual, Aim::Value(_) | Aim::Approximate { .. } | Aim::Range { .. }) => {
                match self.value_of(actual) {
                    Ok(value) => self.number(aim, &value),
                    Err(obstacle) => Verdict::unknown(obstacle),
                }
            }
            // The cap of every member stands in another document.
            (_, Aim::AllMembers) => Verdict::unknown(Obstacle::NoTarget),
            _ => Verdict::unknown(Obstacle::NotOfThisMeasure),
        }
    }

    /// A value against its aim.
    fn number(&self, aim: &Aim, value: &Exact) -> Verdict {
        let achievement = self.reached(aim, value);
        Verdict {
            attainment: self.attainment(aim, value),
            achievement: Ok(achievement),
            breached: self.exceeded_for_good(aim, value),
        }
    }

    /// Whether a value reaches an aim of values.
    pub(super) fn reached(&self, aim: &Aim, value: &Exact) -> Achievement {
        match *aim {
            Aim::Value(target) => {
                let target = Exact::from(target);
                Achievement::of(match self.definition.comparator {
                    Comparator::Gt => target < *value,
                    Comparator::Le => *value <= target,
                    Comparator::Lt => *value < target,
                    Comparator::Ge
                    | Comparator::WithinTolerance
                    | Comparator::InRange
                    | Comparator::DoneBy
                    | Comparator::RubricAtLeast => target <= *value,
                })
            }
            Aim::Approximate {
                value: target,
                tolerance,
            } => {
                let target = Exact::from(target);
                if target <= *value {
                    Achievement::Achieved
                } else if target.minus(&tolerance.into()) <= *value {
                    Achievement::WithinTolerance
                } else {
                    Achievement::NotAchieved
                }
            }
            Aim::Range { lower, upper } => {
                Achievement::of(Exact::from(lower) <= *value && *value <= Exact::from(upper))
            }
            Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => {
                Achievement::NotAchieved
            }
        }
    }

    fn attainment(&self, aim: &Aim, value: &Exact) -> Figure {
        let over = |a: &Exact, b: &Exact| {
            let above_zero = !b.is_zero() && !b.is_negative();
            let ratio = above_zero.then(|| a.over(b)).flatten();
            ratio.ok_or(Obstacle::TargetZero)
        };
        match *aim {
            Aim::Value(target) if self.is_cap() => self.reduction(&target.into(), value),
            Aim::Value(target) | Aim::Approximate { value: target, .. } => {
                let target = Exact::from(target);
                match self.definition.attainment_basis {
                    AttainmentBasis::ToTarget => over(value, &target),
                    AttainmentBasis::FromBaseline => self.improvement(&target, value),
                }
            }
            Aim::Range { lower, upper } => {
                let (lower, upper) = (Exact::from(lower), Exact::from(upper));
                if *value < lower {
                    over(value, &lower)
                } else if upper < *value {
                    over(&upper, value)
                } else {
                    Ok(Exact::one())
                }
            }
            Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => {
                Err(Obstacle::NotOfThisMeasure)
            }
        }
    }

    /// 改善率: the share of the way from the baseline to the target.
    fn improvement(&self, target: &Exact, value: &Exact) -> Figure {
        let baseline = self.baseline.ok_or(Obstacle::BaselineMissing)?;
        let baseline = Exact::from(baseline.value);
        let way = target.minus(&baseline);
        // Upwards for what is to rise: else a better value would have a lower share.
        if way.is_negative() != self.is_cap() && !way.is_zero() {
            return Err(Obstacle::BaselineBeyondTarget);
        }
        value
            .minus(&baseline)
            .over(&way)
            .ok_or(Obstacle::BaselineIsTarget)
    }

    /// Of what is not to be exceeded: the way down from a baseline above the target, else how well a cap holds.
    fn reduction(&self, target: &Exact, value: &Exact) -> Figure {
        match self.reduces_from() {
            Some(baseline) if *target < baseline => return self.improvement(target, value),
            Some(baseline)
                if baseline == *target
                    && self.definition.attainment_basis == AttainmentBasis::FromBaseline =>
            {
                return Err(Obstacle::BaselineIsTarget);
            }
            None if self.definition.attainment_basis == AttainmentBasis::FromBaseline => {
                return Err(Obstacle::BaselineMissing);
            }
            _ => {}
        }
        if value <= target {
            return Ok(Exact::one());
        }
        if target.is_zero() {
            return Ok(Exact::zero());
        }
        if target.is_negative() {
            return Err(Obstacle::TargetZero);
        }
        let two = Exact::from(2);
        let share = match self.question.policy.reduction {
            ReductionFormula::TargetOverActual => target.over(value),
            ReductionFormula::TwoMinusRatio => value.over(target).map(|used| two.minus(&used)),
        };
        share.ok_or(Obstacle::TargetZero)
    }

    /// The baseline that something is to fall from.
    pub(super) fn reduces_from(&self) -> Option<Exact> {
        let baseline = self.baseline.filter(|_| self.is_cap());
        baseline.map(|baseline| baseline.value.into())
    }

    /// Whether the value can never again be what it must: a sum, a maximum or a minimum does not go back.
    fn exceeded_for_good(&self, aim: &Aim, value: &Exact) -> bool {
        let fails = !self.reached(aim, value).is_reached();
        match (self.definition.agg_time, *aim) {
            (AggTime::Sum, Aim::Range { upper, .. }) => Exact::from(upper) < *value,
            (AggTime::Sum | AggTime::Max, _) => fails && self.is_cap(),
            (AggTime::Min, _) => fails && !self.is_cap(),
            _ => false,
        }
    }

    fn coverage(&self, aim: &Aim, done: usize) -> Verdict {
        let Some(required) = self.aimed(aim) else {
            return Verdict::unknown(Obstacle::NoMembers);
        };
        let done = Exact::from(done as i64);
        Verdict {
            attainment: done.over(&required).ok_or(Obstacle::TargetZero),
            achievement: Ok(Achievement::of(required <= done)),
            breached: false,
        }
    }

    /// Members whose own value is as it must be, of those in the set. One that broke a cap stays among those
    /// that failed, also once it is below again or has left the set.
    fn members(&self, aim: &Aim, values: &[(Key, Quantity)], entries: &[Entry<'_>]) -> Verdict {
        if !matches!(
            aim,
            Aim::Value(_) | Aim::Approximate { .. } | Aim::Range { .. }
        ) {
            return Verdict::unknown(Obstacle::NoTarget);
        }
        let complies = |value: Quantity| self.reached(aim, &Exact::from(value)).is_reached();
        let broken = self.broken_by(aim, entries);
        let in_set = |key: &Key| {
            let mut members = self.definition.members.iter();
            members.any(|member| member.key == *key && member.in_set_on(self.cut.on))
        };
        let scope = self.in_set() as usize + broken.iter().filter(|key| !in_set(key)).count();
        let met = values
            .iter()
            .filter(|(key, value)| complies(*value) && !broken.contains(&key))
            .count();
        if let Quantifier::AtLeastN(least) = self.definition.quantifier {
            return Verdict::share(met, least as usize, Ok(least as usize <= met));
        }
        let failed = values.len() - values.iter().filter(|(_, value)| complies(*value)).count();
        let achieved = match met == scope {
            true => Ok(true),
            false if 0 < failed || !broken.is_empty() => Ok(false),
            // Who has not reported is neither within the cap nor above it.
            false => Err(Obstacle::NoReport),
        };
        Verdict {
            breached: !broken.is_empty(),
            ..Verdict::share(met, scope, achieved)
        }
    }

    /// Members that broke what must hold for all, for good: by their greatest or least value, or by the last
    /// level of a month that is over.
    fn broken_by<'b>(&self, aim: &Aim, entries: &'b [Entry<'_>]) -> Vec<&'b Key> {
        let extreme = match self.definition.agg_time {
            AggTime::Max => self.is_cap(),
            AggTime::Min => !self.is_cap(),
            _ if !self.is_cap() => return Vec::new(),
            _ => false,
        };
        let mut levels: BTreeMap<(&Key, Option<Date>), (Date, u64, Quantity)> = BTreeMap::new();
        let mut broken: Vec<&Key> = Vec::new();
        let fails = |value: Quantity| !self.reached(aim, &value.into()).is_reached();
        for entry in entries {
            let Measurement::MemberValue { member, value } = &entry.measurement else {
                continue;
            };
            let day = entry.valid.counts_on();
            if extreme {
                if fails(*value) {
                    broken.push(member);
                }
            } else if day.last_of_month() <= self.cut.on {
                let newest = (day, entry.position, *value);
                let month = Some(day.first_of_month());
                let level = levels.entry((member, month)).or_insert(newest);
                *level = newest.max(*level);
            }
        }
        let closed = levels.into_iter().filter(|(_, (.., value))| fails(*value));
        broken.extend(closed.map(|((member, _), _)| member));
        broken.sort_unstable();
        broken.dedup();
        broken
    }

    /// Months that are over and reached their target, of all that are over.
    fn months(&self, aim: &Aim, months: &[(Date, Quantity)]) -> Verdict {
        let over = self.complete_months();
        let Some(required) = self.aimed(aim) else {
            return Verdict::unknown(Obstacle::NoTarget);
        };
        let met = |value: Quantity| self.reached(aim, &value.into()).is_reached();
        let of_complete = || months.iter().filter(|(month, _)| self.is_complete(*month));
        let reported = of_complete().count();
        let silent = over.saturating_sub(reported);
        let good = of_complete().filter(|(_, value)| met(*value)).count();
        // A cap is broken before its month is over.
        let exceeded = self.is_cap() && months.iter().any(|(_, value)| !met(*value));
        if over == 0 {
            return Verdict {
                breached: exceeded,
                ..Verdict::unknown(Obstacle::NoCompleteMonth)
            };
        }
        if self.question.policy.months_compensate {
            let total =
                of_complete().fold(Exact::zero(), |sum, (_, value)| sum.plus(&(*value).into()));
            let mean = total.over(&(reported as i64).into());
            return match mean {
                Some(mean) if !required.is_zero() => Verdict {
                    breached: false,
                    ..self.number(aim, &mean)
                },
                _ => Verdict::unknown(Obstacle::NoCompleteMonth),
            };
        }
        if let Quantifier::AtLeastN(least) = self.definition.quantifier {
            return Verdict::share(good, least as usize, Ok(least as usize <= good));
        }
        let achieved = match good == over {
            true => Ok(true),
            false if good < reported => Ok(false),
            false if 0 < silent => Err(Obstacle::NoReport),
            false => Ok(false),
        };
        Verdict {
            breached: good < reported || exceeded,
            ..Verdict::share(good, over, achieved)
        }
    }

    /// 月平均の達成率: what each reported complete month reached of its target, 1 at most.
    pub(super) fn mean_of_months(&self, aim: &Aim) -> Figure {
        let Actual::Months { months, .. } = &self.actual else {
            return self
                .value_of(&self.actual)
                .and(Err(Obstacle::NotOfThisMeasure));
        };
        if !self.is_by_month() {
            return Err(Obstacle::NotOfThisMeasure);
        }
        let complete = months.iter().filter(|(month, _)| self.is_complete(*month));
        let (mut sum, mut count) = (Exact::zero(), 0_i64);
        for (_, value) in complete {
            let share = self.attainment(aim, &(*value).into())?;
            sum = sum.plus(&share.min(Exact::one()));
            count += 1;
        }
        sum.over(&count.into()).ok_or(Obstacle::NoCompleteMonth)
    }

    /// Whether a month lies in the days of the work whole, and is over.
    pub(super) fn is_complete(&self, month: Date) -> bool {
        let last = month.last_of_month();
        self.begins <= month && last <= self.ends && last <= self.cut.on
    }

    /// How many months lie in the days of the work whole and are over.
    pub(super) fn complete_months(&self) -> usize {
        self.months_of_work()
            .filter(|month| self.is_complete(*month))
            .count()
    }

    /// First days of the months that lie in the days of the work whole.
    pub(super) fn months_of_work(&self) -> impl Iterator<Item = Date> + use<> {
        let (begins, ends) = (self.begins, self.ends);
        let next = |month: &Date| month.last_of_month().tomorrow().ok();
        std::iter::successors(Some(begins.first_of_month()), next)
            .take_while(move |month| *month <= ends)
            .filter(move |month| begins <= *month && month.last_of_month() <= ends)
    }

    /// The day since which a milestone is in its end state: as reported of itself, or because every checkpoint
    /// is.
    pub(super) fn done_on(&self, end_state: EndState, entries: &[Entry<'_>]) -> Option<Date> {
        let enough = |state: MilestoneState| required_state(end_state) <= state;
        let since = |of: Option<&Key>| {
            let mut states: Vec<(Date, u64, bool)> = entries
                .iter()
                .filter_map(|entry| match &entry.measurement {
                    Measurement::Milestone { checkpoint, state } if checkpoint.as_ref() == of => {
                        Some((entry.valid.counts_on(), entry.position, enough(*state)))
                    }
                    _ => None,
                })
                .collect();
            states.sort_unstable();
            let unbroken = states.iter().rev().take_while(|(.., enough)| *enough);
            unbroken.last().map(|(day, ..)| *day)
        };
        let checkpoints = &self.definition.checkpoints;
        let of_all = || {
            let mut last = None;
            for checkpoint in checkpoints {
                last = last.max(Some(since(Some(&checkpoint.key))?));
            }
            last
        };
        match (since(None), of_all()) {
            (Some(own), Some(all)) => Some(own.min(all)),
            (own, all) => own.or(all),
        }
    }

    /// Weights of the checkpoints that are completed, 1 for all; without weights nothing.
    pub(super) fn completed_weight(&self, states: &[(Key, MilestoneState, Date)]) -> Exact {
        let completed = |key: &Key| {
            let mut states = states.iter();
            states.any(|(of, state, _)| of == key && MilestoneState::Completed <= *state)
        };
        self.weight_of(|checkpoint| completed(&checkpoint.key))
    }

    /// Weights of some checkpoints, 1 for all.
    pub(super) fn weight_of(&self, counts: impl Fn(&Checkpoint) -> bool) -> Exact {
        let checkpoints = self.definition.checkpoints.iter();
        let weights = checkpoints
            .filter(|checkpoint| counts(checkpoint))
            .filter_map(|checkpoint| checkpoint.weight);
        let percent = weights.fold(Exact::zero(), |sum, weight| sum.plus(&weight.into()));
        percent.over(&100.into()).unwrap_or_else(Exact::zero)
    }

    /// 使用率: how much of a cap is used.
    pub(super) fn cap_usage(&self, aim: &Aim, value: &Figure) -> Figure {
        // What is to come down is not used up: of it the way down is the figure.
        let is_used = self.definition.measure_type != MeasureType::Coverage && !self.has_way_down();
        match *aim {
            Aim::Value(target) if self.is_cap() && is_used && !self.is_by_month() => {
                let value = value.clone()?;
                let positive = Quantity::ZERO < target;
                let used = positive.then(|| value.over(&target.into())).flatten();
                used.ok_or(Obstacle::TargetZero)
            }
            _ => Err(Obstacle::NotOfThisMeasure),
        }
    }
}

fn required_state(end_state: EndState) -> MilestoneState {
    match end_state {
        EndState::Started => MilestoneState::Started,
        EndState::Decided => MilestoneState::Decided,
        EndState::Completed => MilestoneState::Completed,
        EndState::InOperation => MilestoneState::InOperation,
    }
}
