//! What a section corrects or confirms of what was understood of a criterion.

use super::continuation::Continuation;
use super::proposal::{BaselineFigure, Profile, Proposal};
use super::text::key;
use crate::domain::date::Date;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::{
    AggTime, Comparator, Definition, EntryKind, MeasureType, Quantifier,
};
use crate::domain::quantity::Quantity;
use crate::domain::target::EndState;
use crate::domain::unit::catalogue::unit_by_display_ja;

/// The level of the rubric that a qualitative criterion asks for, until the section names another: 実施.
const RUBRIC_LEVEL: u32 = 3;
/// Levels of that rubric.
const RUBRIC_LEVELS: u32 = 4;

macro_rules! words {
    ($(#[$doc:meta])* $list:ident: $type:ty = $($value:path = $ja:literal),* $(,)?) => {
        $(#[$doc])*
        pub const $list: &[($type, &str)] = &[$(($value, $ja)),*];
    };
}

words! {
    /// Ways to measure, as people choose them.
    MEASURES: MeasureType =
    MeasureType::Count = "件数",
    MeasureType::Level = "水準",
    MeasureType::Ratio = "率",
    MeasureType::Mean = "平均",
    MeasureType::Quantity = "数量",
    MeasureType::Stage = "進捗率",
    MeasureType::Milestone = "工程",
    MeasureType::Qualitative = "定性",
}

words! {
    /// Ways to hold a value against a target.
    COMPARATORS: Comparator =
    Comparator::Ge = "以上",
    Comparator::Gt = "超",
    Comparator::Le = "以下",
    Comparator::Lt = "未満",
}

words! {
    /// Ways to join reports over time.
    AGGREGATIONS: AggTime =
    AggTime::Sum = "合計",
    AggTime::Latest = "最新の値",
    AggTime::RatioOfSums = "累計の率",
    AggTime::RatioOfLatest = "最新の率",
    AggTime::Max = "最大",
    AggTime::Min = "最小",
}

/// What people choose for a confirmation.
pub const CONFIRMED: &str = "済";

/// The value that people call `text`, or whose code it is.
pub(super) fn by_word<T: Copy>(
    words: &[(T, &str)],
    by_code: fn(&str) -> Option<T>,
    text: &str,
) -> Option<T> {
    let text = key(text);
    let word = words.iter().find(|(_, word)| *word == text);
    word.map(|(value, _)| *value)
        .or_else(|| by_code(&text.to_uppercase()))
}

/// How people call a value of `words`; its code where they have no word for it.
pub fn word<T: Copy + PartialEq>(
    words: &[(T, &'static str)],
    value: T,
    code: &'static str,
) -> &'static str {
    let found = words.iter().find(|(other, _)| *other == value);
    found.map_or(code, |(_, word)| word)
}

/// A correction: what is absent stays as it was understood.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Correction {
    /// For which of several figures, from 0.
    pub(super) part: Option<usize>,
    pub(super) measure: Option<MeasureType>,
    pub(super) comparator: Option<Comparator>,
    pub(super) value: Option<Quantity>,
    pub(super) unit: Option<String>,
    pub(super) due: Option<Date>,
    pub(super) aggregation: Option<AggTime>,
    /// Of a further figure only: the first one's stand in its row as everywhere.
    pub(super) baseline: Option<BaselineFigure>,
    /// See `baseline`.
    pub(super) monthly_plan: Vec<Quantity>,
    /// Whether everything else was understood rightly.
    pub(super) confirmed: bool,
    /// What it goes on with.
    pub(super) continues: Option<Continuation>,
}

impl Correction {
    pub(super) fn is_empty(&self) -> bool {
        Self {
            part: None,
            ..self.clone()
        } == Self::default()
    }

    /// Corrects what was understood, or says why that cannot be.
    pub(super) fn apply(
        &self,
        proposal: &mut Proposal,
        year: FiscalYear,
    ) -> Result<(), &'static str> {
        if self.is_empty() {
            return Ok(());
        }
        if proposal.parts.is_empty() {
            if self.part.is_some_and(|part| 0 < part) {
                return Err("there is only one figure; its 細目 stays blank or is `a`");
            }
            return self.correct(proposal, year);
        }
        match self.part {
            Some(part) => match proposal.parts.get_mut(part) {
                Some(part) => self.correct(part, year),
                None => Err("there is no such 細目"),
            },
            None => {
                let only = Self {
                    confirmed: true,
                    ..Self::default()
                };
                if *self != only {
                    return Err("there are several figures; say in 細目 which one is meant");
                }
                proposal
                    .parts
                    .iter_mut()
                    .try_for_each(|part| only.correct(part, year))
            }
        }
    }

    fn correct(&self, p: &mut Proposal, year: FiscalYear) -> Result<(), &'static str> {
        if let Some(measure) = self.measure {
            if measure != p.measure_type {
                reshape(p, measure, year);
            }
            settle(p, &["measure_type"]);
        }
        let has_number = !matches!(
            p.measure_type,
            MeasureType::Milestone | MeasureType::Qualitative
        );
        if self.continues.is_some() {
            p.continues.clone_from(&self.continues);
        }
        let is_level = p.measure_type == MeasureType::Qualitative;
        let of_number = self.comparator.is_some()
            || self.value.is_some() && !is_level
            || self.unit.is_some()
            || self.aggregation.is_some();
        if of_number && !has_number {
            return Err(
                "neither a step of work nor a rubric has a comparison, value, unit or aggregation",
            );
        }
        if let Some(comparator) = self.comparator {
            p.comparator = comparator;
            p.target.tolerance = None;
            settle(p, &["comparator", "target.tolerance"]);
        }
        match self.value {
            Some(value) if is_level => {
                let level = value.to_string().parse().ok();
                let level = level.filter(|level| (1..=RUBRIC_LEVELS).contains(level));
                p.target.rubric_level =
                    Some(level.ok_or("the target of a rubric is one of its levels, 1 to 4")?);
                settle(p, &["target.rubric_level"]);
            }
            Some(value) => {
                p.target.value = Some(value);
                settle(p, &["target", "target.value"]);
            }
            None => {}
        }
        if let Some(unit) = &self.unit {
            p.unit = unit_by_display_ja(unit).map(|unit| unit.code);
            p.counter = Some(unit.clone());
            settle(p, &["unit"]);
        }
        if let Some(aggregation) = self.aggregation {
            p.agg_time = aggregation;
            settle(p, &["agg_time"]);
        }
        if let Some(due) = self.due {
            if p.measure_type == MeasureType::Milestone || year.last_day() < due {
                p.target.due_date = Some(due);
            } else {
                return Err("only a step of work has a day within the year");
            }
            settle(p, &["target.due_date"]);
        }
        if has_number && p.target.value.is_none() && self.measure.is_some() && !p.members_needed {
            return Err("a number needs a target; fill in 目標値の修正");
        }
        p.give(self.baseline, &self.monthly_plan);
        if self.confirmed {
            p.assumed
                .retain(|field| Definition::TO_BE_TOLD.contains(field));
            p.confirmed = true;
        }
        Ok(())
    }
}

fn settle(p: &mut Proposal, fields: &[&str]) {
    p.assumed.retain(|field| !fields.contains(field));
}

/// Makes of a proposal one of another type, with what usually goes with that type.
fn reshape(p: &mut Proposal, measure: MeasureType, year: FiscalYear) {
    let (entry, agg, profile) = match measure {
        MeasureType::Level => (EntryKind::Absolute, AggTime::Latest, Profile::Linear),
        MeasureType::Ratio => (
            EntryKind::NumDen,
            AggTime::RatioOfSums,
            Profile::ReferenceCurve,
        ),
        MeasureType::Mean => (EntryKind::NumDen, AggTime::RatioOfSums, Profile::Linear),
        MeasureType::Quantity => (EntryKind::Increment, AggTime::Sum, Profile::MonthlyPlan),
        MeasureType::Stage => (EntryKind::Absolute, AggTime::Latest, Profile::MonthlyPlan),
        MeasureType::Milestone => (
            EntryKind::MilestoneState,
            AggTime::DoneBy,
            Profile::StepDates,
        ),
        MeasureType::Qualitative => (EntryKind::RubricLevel, AggTime::Latest, Profile::None),
        // The table offers no other.
        _ => (EntryKind::Increment, AggTime::Sum, Profile::Linear),
    };
    p.measure_type = measure;
    p.entry_kind = Some(entry);
    p.agg_time = agg;
    p.plan_profile = profile;
    p.quantifier = Quantifier::Single;
    p.per_month = false;
    p.members_needed = false;
    p.active_window_needed = false;
    p.baseline_needed = measure == MeasureType::Level && p.baseline.is_none();
    p.assumed = vec!["agg_time", "plan_profile"];
    match measure {
        MeasureType::Milestone => {
            p.comparator = Comparator::DoneBy;
            p.target.value = None;
            p.target.rubric_level = None;
            (p.unit, p.counter) = (None, None);
            p.target.due_date.get_or_insert(year.last_day());
            p.target.end_state.get_or_insert(EndState::Completed);
            p.assumed = vec!["target.due_date", "target.end_state", "plan_profile"];
        }
        MeasureType::Qualitative => {
            p.comparator = Comparator::RubricAtLeast;
            p.target = super::proposal::Aim {
                rubric_level: Some(RUBRIC_LEVEL),
                ..Default::default()
            };
            (p.unit, p.counter) = (None, None);
            p.assumed = vec!["rubric", "target.rubric_level"];
        }
        _ => {
            if matches!(p.comparator, Comparator::DoneBy | Comparator::RubricAtLeast) {
                p.comparator = Comparator::Ge;
                p.assumed.push("comparator");
            }
            (p.target.rubric_level, p.target.end_state) = (None, None);
            if p.target.due_date.is_some_and(|due| due <= year.last_day()) {
                p.target.due_date = None;
            }
            if p.baseline_needed {
                p.assumed.push("baseline");
            }
        }
    }
}
