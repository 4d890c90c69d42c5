//! One indicator at one cut, as the formulas read it: what holds, from when to when, and what it comes to.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::domain::actual::aggregate::{Cut, actual_at, counted};
use crate::domain::actual::{Actual, MilestoneState, NilCause, ratio};
use crate::domain::date::Date;
use crate::domain::evaluation::{Exact, Figure, Obstacle, Question};
use crate::domain::goal::{Entry, Indicator, PlannedLine, Version};
use crate::domain::indicator::{AggTime, Comparator, Definition, EntryKind, MeasureType};
use crate::domain::reporting::silence_counts_from;
use crate::domain::target::{Aim, Baseline, TargetVersion};

/// See the module. Everything in it is selected at the cut; the formulas look at nothing else.
pub(super) struct Case<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) cut: Cut,
    /// Version of the definition that holds on D, from 1.
    pub(super) number: u32,
    pub(super) definition: &'a Definition,
    /// First day of the work: of the cycle, of the active window or of the series, whichever is last.
    pub(super) begins: Date,
    /// Last day of the planned line: of the active window or of the cycle.
    pub(super) ends: Date,
    /// Last day a value of the cycle may be dated; from it on the result is final.
    pub(super) closes: Date,
    /// What counts at the cut, once it is asked for: most figures are made of the actual alone.
    entries: OnceCell<Vec<Entry<'a>>>,
    pub(super) actual: Actual,
    /// The last known baseline of this series.
    pub(super) baseline: Option<&'a Baseline>,
}

impl<'a> Case<'a> {
    /// `None` where the indicator was not known yet.
    pub(super) fn new(question: &'a Question<'a>) -> Option<Self> {
        let Question {
            indicator,
            cycle,
            cut,
            ..
        } = *question;
        let (number, version) = indicator.definition_at(cut)?;
        let definition = version.definition.as_ref();
        let window = definition.active_window.unwrap_or(cycle);
        let mut begins = cycle.first().max(window.first());
        if 1 < number {
            begins = begins.max(version.from);
        }
        let settled = definition.settlement_until.unwrap_or(cycle.last());
        let baseline = indicator
            .baselines_at(cut)
            .rfind(|version| indicator.definition_version_at_position(version.position) == number);
        Some(Self {
            question,
            cut,
            number,
            definition,
            begins,
            ends: cycle.last().min(window.last()).max(begins),
            closes: cycle.last().max(settled),
            entries: OnceCell::new(),
            actual: actual_at(indicator, cycle, cut),
            baseline: baseline.map(|version| &version.value),
        })
    }

    pub(super) fn indicator(&self) -> &'a Indicator {
        self.question.indicator
    }

    /// The reports that count at the cut, in the order of recording.
    pub(super) fn entries(&self) -> &[Entry<'a>] {
        self.entries
            .get_or_init(|| counted(self.indicator(), self.cut).collect())
    }

    /// Whether nothing of the cycle can come any more.
    pub(super) fn is_over(&self) -> bool {
        self.closes <= self.cut.on
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begins <= self.cut.on
    }

    /// Whether the first day has come for which a report is asked (DOMAIN.md §5.6): silence before is nobody's fault.
    pub(super) fn is_asked_for(&self) -> bool {
        let Question { rounds, cycle, .. } = *self.question;
        rounds.is_none_or(|rounds| silence_counts_from(rounds, self.begins, cycle) <= self.cut.on)
    }

    /// Whether something set at `position` is of the series that holds on D.
    pub(super) fn is_of_series(&self, position: u64) -> bool {
        self.indicator().definition_version_at_position(position) == self.number
    }

    /// Targets of this series known and effective by the cut, in the order of decision.
    pub(super) fn targets(&self) -> impl DoubleEndedIterator<Item = &'a TargetVersion> {
        let targets = self.indicator().targets_at(self.cut);
        targets.filter(|version| self.is_of_series(version.position))
    }

    /// The target in force, of this series where it has one.
    pub(super) fn target(&self) -> Option<&'a TargetVersion> {
        let own = self
            .targets()
            .max_by_key(|version| (version.effective_from, version.position));
        own.or_else(|| self.indicator().target_at(self.cut))
    }

    /// Planned lines known and effective by the cut, in the order of recording. Days and values of another
    /// series say nothing of this one.
    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &'a Version<PlannedLine>> {
        let lines = self.indicator().profiles_at(self.cut);
        lines.filter(|version| {
            !version.value.profile.has_points() || self.is_of_series(version.position)
        })
    }

    /// Whether values add up from nothing over the cycle; else they stand at a level.
    pub(super) fn is_flow(&self) -> bool {
        match self.definition.agg_time {
            AggTime::Sum | AggTime::RatioOfSums | AggTime::MeanOfPeriods | AggTime::Distinct => {
                true
            }
            AggTime::Latest
            | AggTime::RatioOfLatest
            | AggTime::Max
            | AggTime::Min
            | AggTime::DoneBy
            | AggTime::None => false,
        }
    }

    /// Whether what is reported grows with the days, so that half of it is due by half of them: sums, and totals for
    /// each case. A share of all cases does not.
    pub(super) fn accumulates(&self) -> bool {
        match self.definition.measure_type {
            MeasureType::Count | MeasureType::Quantity | MeasureType::Coverage => true,
            MeasureType::Mean => self.definition.agg_time == AggTime::RatioOfSums,
            MeasureType::Level
            | MeasureType::Ratio
            | MeasureType::RatePerPeriod
            | MeasureType::Stage
            | MeasureType::Milestone
            | MeasureType::Qualitative
            | MeasureType::Composite => false,
        }
    }

    /// Whether less is better.
    pub(super) fn is_cap(&self) -> bool {
        matches!(self.definition.comparator, Comparator::Le | Comparator::Lt)
    }

    /// Whether the target itself is not enough.
    pub(super) fn is_strict(&self) -> bool {
        matches!(self.definition.comparator, Comparator::Gt | Comparator::Lt)
    }

    /// Whether every month is judged for itself.
    pub(super) fn is_by_month(&self) -> bool {
        self.definition.measure_type == MeasureType::RatePerPeriod
            && self.definition.agg_time == AggTime::Sum
    }

    /// Whether every member of a set has a value of its own.
    pub(super) fn is_by_member(&self) -> bool {
        self.definition.entry_kind == Some(EntryKind::MemberValue)
    }

    /// Where progress begins, in the unit: nothing for what adds up and for a stage, else the baseline.
    pub(super) fn start(&self) -> Option<Exact> {
        let baseline = self.baseline.map(|baseline| Exact::from(baseline.value));
        match self.definition.measure_type {
            _ if self.is_flow() => Some(Exact::zero()),
            MeasureType::Stage => Some(baseline.unwrap_or_else(Exact::zero)),
            _ => baseline,
        }
    }

    /// What an actual of this indicator is as one number in its unit.
    pub(super) fn value_of(&self, actual: &Actual) -> Figure {
        match self.read(actual).as_ref() {
            Actual::NoReport => Err(Obstacle::NoReport),
            Actual::Nil(NilCause::NoDemand) => Err(Obstacle::NoDemand),
            Actual::Nil(NilCause::NotMeasured | NilCause::NoActivity) => Err(Obstacle::NotMeasured),
            Actual::Number { value, .. } => Ok((*value).into()),
            Actual::Ratio {
                numerator,
                denominator,
            } => {
                let (up, down) = ratio::factor(self.definition);
                let quotient = Exact::quotient(*numerator, *denominator);
                let in_unit = quotient.and_then(|share| share.times(&up.into()).over(&down.into()));
                // Only a forged history has a denominator of zero.
                in_unit.ok_or(Obstacle::NotMeasured)
            }
            Actual::Months { total, .. } if self.is_by_month() => Ok((*total).into()),
            Actual::Months {
                complete_total,
                complete_months,
                ..
            } => Exact::quotient(*complete_total, i64::from(*complete_months).into())
                .ok_or(Obstacle::NoCompleteMonth),
            Actual::Coverage { done, .. } => Ok((done.len() as i64).into()),
            Actual::RubricLevel(_) => Err(Obstacle::Qualitative),
            Actual::Members { .. } | Actual::Milestone { .. } | Actual::Composite => {
                Err(Obstacle::NotOfThisMeasure)
            }
        }
    }

    /// An actual with "no activity" read as the nothing it is: no member done, no work begun, no stage
    /// reached. Of a level or a share it says nothing, and what adds up has made it zero already.
    pub(super) fn read<'b>(&self, actual: &'b Actual) -> Cow<'b, Actual> {
        if *actual != Actual::Nil(NilCause::NoActivity) {
            return Cow::Borrowed(actual);
        }
        Cow::Owned(match self.definition.measure_type {
            MeasureType::Coverage => Actual::Coverage {
                done: Vec::new(),
                in_set: self.in_set(),
            },
            MeasureType::Milestone => Actual::Milestone {
                state: MilestoneState::NotStarted,
                since: self.begins,
                checkpoints: Vec::new(),
            },
            MeasureType::Stage => Actual::Number {
                value: Default::default(),
                parts: Vec::new(),
            },
            _ => return Cow::Borrowed(actual),
        })
    }

    /// Members in the set on D.
    pub(super) fn in_set(&self) -> u32 {
        let members = self.definition.members.iter();
        let count = members
            .filter(|member| member.in_set_on(self.cut.on))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The one value that an aim of the whole asks for, in the unit: of a range the least, of a set how many.
    pub(super) fn aimed(&self, aim: &Aim) -> Option<Exact> {
        use crate::domain::indicator::Quantifier;
        let in_set = || (self.in_set() > 0).then(|| Exact::from(i64::from(self.in_set())));
        if self.definition.measure_type != MeasureType::Coverage {
            return match *aim {
                Aim::Value(value) | Aim::Approximate { value, .. } => Some(value.into()),
                Aim::Range { lower, .. } => Some(lower.into()),
                Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => None,
            };
        }
        match (*aim, self.definition.quantifier) {
            // Of a set that became smaller no more can be asked than it has.
            (Aim::Value(value), _) => {
                let value = Exact::from(value);
                Some(in_set().map_or(value.clone(), |all| all.min(value)))
            }
            (Aim::AllMembers, Quantifier::AtLeastN(n)) => Some(i64::from(n).into()),
            (Aim::AllMembers, _) => in_set(),
            _ => None,
        }
    }
}
