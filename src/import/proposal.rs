//! How an indicator would measure a criterion: the model's terms for the words of the plan.

use serde::{Serialize, Serializer};

use super::continuation::Continuation;
use super::understood::{as_optional_date, as_optional_text};
use crate::domain::date::Date;
use crate::domain::indicator::{AggSpace, AggTime, Comparator, EntryKind, MeasureType, Quantifier};
use crate::domain::quantity::Quantity;
use crate::domain::target::EndState;

/// What an indicator for a criterion would be. `assumed` names the fields that go beyond the words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Proposal {
    /// What is counted or reached, in the words of the source.
    pub label: String,
    /// The site or type it is for, `all` if it must hold for every member of a set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What kind of thing is measured.
    #[serde(serialize_with = "as_code")]
    pub measure_type: MeasureType,
    /// How progress is entered; `None` for a composite.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_code"
    )]
    pub entry_kind: Option<EntryKind>,
    /// How entries over time become one value.
    #[serde(serialize_with = "as_code")]
    pub agg_time: AggTime,
    /// How parts become one value.
    #[serde(serialize_with = "as_code")]
    pub agg_space: AggSpace,
    /// How the value is held against the target.
    #[serde(serialize_with = "as_code")]
    pub comparator: Comparator,
    /// For the whole, for all, for some.
    #[serde(serialize_with = "as_quantifier")]
    pub quantifier: Quantifier,
    /// Code of the unit in the catalogue; `None` where there is no number or the unit is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The counter in the source's words.
    #[serde(skip)]
    pub counter: Option<String>,
    /// What is aimed at.
    pub target: Aim,
    /// Whether the target is for each month.
    #[serde(skip_serializing_if = "is_false")]
    pub per_month: bool,
    /// The line along which progress is planned.
    pub plan_profile: Profile,
    /// Cumulative plan at the end of each month from April, where the source has one.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_texts")]
    pub monthly_plan: Vec<Quantity>,
    /// Where it stood before the work, where the source says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineFigure>,
    /// Last day a value of this year may still be dated, if after the year's end.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_date"
    )]
    pub settlement_until: Option<Date>,
    /// A rule or figure that another document fixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// 延べ: persons times occasions.
    #[serde(skip_serializing_if = "is_false")]
    pub person_times: bool,
    /// 必要に応じて: judged against demand.
    #[serde(skip_serializing_if = "is_false")]
    pub demand_driven: bool,
    /// Attainment means little until somebody says where the level stood before.
    #[serde(skip_serializing_if = "is_false")]
    pub baseline_needed: bool,
    /// The members of the set have to be listed.
    #[serde(skip_serializing_if = "is_false")]
    pub members_needed: bool,
    /// The months in which the work runs have to be named.
    #[serde(skip_serializing_if = "is_false")]
    pub active_window_needed: bool,
    /// One for each number or step, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Proposal>,
    /// Whether the section confirmed it.
    #[serde(skip_serializing_if = "is_false")]
    pub confirmed: bool,
    /// The indicator of an earlier plan that it goes on with: its code.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_continued_code"
    )]
    pub continues: Option<Continuation>,
    /// Names of the fields that go beyond the words of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<&'static str>,
}

impl Proposal {
    /// Adds what the words do not say: where it stood before, and how it is planned by month.
    pub(super) fn give(&mut self, baseline: Option<BaselineFigure>, monthly_plan: &[Quantity]) {
        if baseline.is_some() {
            self.baseline = baseline;
            self.baseline_needed = false;
            self.assumed.retain(|field| *field != "baseline");
        }
        if !monthly_plan.is_empty() {
            self.monthly_plan = monthly_plan.to_vec();
            self.assumed.retain(|field| *field != "plan_profile");
        }
    }
}

/// What is aimed at; only the fields that apply are there.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Aim {
    /// The value to be reached or kept to.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_text"
    )]
    pub value: Option<Quantity>,
    /// How far off still counts, for a target of about a value.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_text"
    )]
    pub tolerance: Option<Quantity>,
    /// The last day, for an end state, or for a number that is due after the year.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_date"
    )]
    pub due_date: Option<Date>,
    /// The state to be reached.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_code"
    )]
    pub end_state: Option<EndState>,
    /// The level of the rubric to be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rubric_level: Option<u32>,
}

/// Where an indicator stood before the work began.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct BaselineFigure {
    /// The value in the indicator's unit.
    #[serde(serialize_with = "as_text")]
    pub value: Quantity,
    /// The day it was so.
    #[serde(serialize_with = "as_text")]
    pub as_of: Date,
}

/// The line along which progress is planned.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Profile {
    /// Evenly over the year.
    Linear,
    /// Cumulative by month.
    MonthlyPlan,
    /// As in an earlier year.
    ReferenceCurve,
    /// By the due dates of checkpoints.
    StepDates,
    /// Only at the end.
    AtEnd,
    /// No line.
    None,
}

// serde hands the field over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

fn as_text<T: std::fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_continued_code<S: Serializer>(
    continues: &Option<Continuation>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match continues {
        Some(continues) => serializer.serialize_str(&continues.code),
        None => serializer.serialize_none(),
    }
}

fn as_texts<S: Serializer>(values: &[Quantity], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

/// A value of the model that has a stable code.
trait Coded: Copy {
    fn stable_code(self) -> &'static str;
}

macro_rules! coded {
    ($($name:ident),*) => {$(
        impl Coded for $name {
            fn stable_code(self) -> &'static str {
                self.code()
            }
        }
    )*};
}

coded!(
    MeasureType,
    EntryKind,
    AggTime,
    AggSpace,
    Comparator,
    EndState
);

fn as_code<T: Coded, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.stable_code())
}

fn as_optional_code<T: Coded, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(value.stable_code()),
        None => serializer.serialize_none(),
    }
}

fn as_quantifier<S: Serializer>(value: &Quantifier, serializer: S) -> Result<S::Ok, S::Error> {
    // How many are enough for `AT_LEAST_N` stands in the target.
    serializer.serialize_str(match value {
        Quantifier::Single => "SINGLE",
        Quantifier::ForAll => "FOR_ALL",
        Quantifier::AtLeastN(_) => "AT_LEAST_N",
    })
}
