//! What an indicator counts and how: the definition of one measurable criterion (目標達成基準).
//!
//! One third of a city's criteria have no number, so milestones and rubrics stand beside counts and
//! rates, and none is forced into a percentage.

use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, DateSpan};
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::quantity::Quantity;
use crate::domain::text::{Name, Text, Title};
use crate::domain::unit::Unit;

mod rules;

pub use rules::Inconsistency;

macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code for programs.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value with this stable code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use enumeration;

enumeration! {
    /// What kind of thing is measured.
    MeasureType {
        /// How many times or things, summed over the year (フロー).
        Count = "COUNT",
        /// A level on a date, such as followers (ストック).
        Level = "LEVEL",
        /// A share, entered as numerator and denominator.
        Ratio = "RATIO",
        /// A mean, entered as total and number of cases.
        Mean = "MEAN",
        /// A count that each month must reach (月4回) or reach on average (300人/月).
        RatePerPeriod = "RATE_PER_PERIOD",
        /// A length, area or amount, summed over the year.
        Quantity = "QUANTITY",
        /// How far a piece of work has come, 0 to 100 %.
        Stage = "STAGE",
        /// Which members of a known set are done.
        Coverage = "COVERAGE",
        /// A deliverable or an end state.
        Milestone = "MILESTONE",
        /// Judged against a rubric.
        Qualitative = "QUALITATIVE",
        /// Made of other indicators; takes no entries of its own.
        Composite = "COMPOSITE",
    }
}

enumeration! {
    /// The one form in which progress is entered.
    EntryKind {
        /// What was added on a date or in a span.
        Increment = "INCREMENT",
        /// The value as it stood on a date.
        Absolute = "ABSOLUTE",
        /// Numerator and denominator.
        NumDen = "NUM_DEN",
        /// The state of one member of a set.
        MemberState = "MEMBER_STATE",
        /// The value of one member of a set.
        MemberValue = "MEMBER_VALUE",
        /// The state of a milestone or of one of its checkpoints.
        MilestoneState = "MILESTONE_STATE",
        /// A level of the rubric.
        RubricLevel = "RUBRIC_LEVEL",
    }
}

enumeration! {
    /// How entries over time become one value.
    AggTime {
        /// The sum of all.
        Sum = "SUM",
        /// The one with the latest date; of one date, the last recorded.
        Latest = "LATEST",
        /// Sum of numerators over sum of denominators.
        RatioOfSums = "RATIO_OF_SUMS",
        /// The latest ratio.
        RatioOfLatest = "RATIO_OF_LATEST",
        /// The mean over complete months.
        MeanOfPeriods = "MEAN_OF_PERIODS",
        /// The greatest.
        Max = "MAX",
        /// The least.
        Min = "MIN",
        /// How many different members are done.
        Distinct = "DISTINCT",
        /// Whether it is done, and since when.
        DoneBy = "DONE_BY",
        /// None: a composite has no entries.
        None = "NONE",
    }
}

enumeration! {
    /// How parts (sites, types, sections) become one value.
    AggSpace {
        /// The sum.
        Sum = "SUM",
        /// The sum, each part counted to its own target at most.
        CappedSum = "CAPPED_SUM",
        /// The worst part.
        MinOfParts = "MIN_OF_PARTS",
        /// Sum of numerators over sum of denominators.
        RatioOfSums = "RATIO_OF_SUMS",
        /// By weights.
        Weighted = "WEIGHTED",
        /// Every part must reach its own target.
        AllOf = "ALL_OF",
        /// There are no parts, or they are not joined.
        None = "NONE",
    }
}

enumeration! {
    /// How the value is held against the target.
    Comparator {
        /// 以上: at least the target.
        Ge = "GE",
        /// 上回る: more than the target.
        Gt = "GT",
        /// 以下, 超えない: at most the target.
        Le = "LE",
        /// 未満: less than the target.
        Lt = "LT",
        /// 約: at least the target less its tolerance.
        WithinTolerance = "WITHIN_TOLERANCE",
        /// Between two bounds, both included.
        InRange = "IN_RANGE",
        /// Done by the due date.
        DoneBy = "DONE_BY",
        /// At least a level of the rubric.
        RubricAtLeast = "RUBRIC_AT_LEAST",
    }
}

enumeration! {
    /// What attainment is measured from.
    AttainmentBasis {
        /// Actual over target.
        ToTarget = "TO_TARGET",
        /// The way from the baseline to the target.
        FromBaseline = "FROM_BASELINE",
    }
}

enumeration! {
    /// Where in the chain from work to effect the indicator stands.
    ResultLevel {
        /// 工程: a step of the work.
        Process = "PROCESS",
        /// 活動: what was done.
        Output = "OUTPUT",
        /// 成果: what came of it.
        Outcome = "OUTCOME",
    }
}

enumeration! {
    /// Who may see it.
    Disclosure {
        /// Everybody.
        Public = "PUBLIC",
        /// The organisation.
        Internal = "INTERNAL",
        /// Named roles only.
        Restricted = "RESTRICTED",
    }
}

/// Whether the comparison holds for the whole, for every member or for some.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Quantifier {
    /// For the one value.
    Single,
    /// For every member of the set or every month.
    ForAll,
    /// For at least this many.
    AtLeastN(u32),
}

/// Which values an entry may have, in the indicator's unit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ValueDomain {
    /// Least value, included.
    pub min: Option<Quantity>,
    /// Greatest value, included.
    pub max: Option<Quantity>,
    /// Whether only whole numbers are allowed.
    pub integer: bool,
}

/// A part that reports for itself: a site, a type, a section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// Key within the indicator.
    pub key: Key,
    /// What it is called.
    pub label: Title,
    /// Weight where parts are joined by weights.
    pub weight: Option<Quantity>,
}

/// A member of a coverage set, from a date to a date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Key within the indicator.
    pub key: Key,
    /// What it is called.
    pub label: Title,
    /// First day in the set; `None`: from the start of the cycle.
    pub from: Option<Date>,
    /// Last day in the set; `None`: to the end of the cycle.
    pub until: Option<Date>,
}

impl Member {
    /// Whether the member is in the set on `date`.
    pub fn in_set_on(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// A checkpoint on the way to a milestone. Weights are fixed before the work begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// Key within the indicator.
    pub key: Key,
    /// What is to be done.
    pub label: Title,
    /// Planned day.
    pub due: Option<Date>,
    /// Share of the whole, in percent.
    pub weight: Option<Quantity>,
}

/// The levels of a rubric, from the lowest up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rubric {
    /// Which rubric.
    pub code: Code,
    /// Its version, from 1.
    pub version: u32,
    /// Names of levels 1, 2, 3 … in order.
    pub levels: Vec<Title>,
}

/// A rule or figure that another document fixes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalReference {
    /// The document.
    pub document: Name,
    /// The clause or table in it.
    pub clause: Option<Name>,
    /// Where the reference is to a figure, the day it was read.
    pub as_of: Option<Date>,
}

impl ExternalReference {
    /// References of one initiative at most.
    pub const OF_INITIATIVE_MAX: usize = 20;
    /// The document that the city's plan of reform is called by.
    pub const REFORM_PLAN: &'static str = "行革プラン";
    /// The document that the basic ordinance of self-government is called by.
    pub const BASIC_ORDINANCE: &'static str = "自治基本条例";
}

/// The five statements on data quality (GPRA Modernization Act of 2010, as GAO-15-788 lists them).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DataQuality {
    /// How figures are verified and validated.
    pub verification: Option<Text>,
    /// Where they come from.
    pub source: Option<Text>,
    /// How exact they must be.
    pub accuracy: Option<Text>,
    /// What they cannot show.
    pub limitations: Option<Text>,
    /// What makes up for that.
    pub compensation: Option<Text>,
}

/// How an indicator is measured. Fixed for the life of one definition version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    /// What kind of thing is measured.
    pub measure_type: MeasureType,
    /// How progress is entered; `None` only for a composite.
    pub entry_kind: Option<EntryKind>,
    /// How entries over time become one value.
    pub agg_time: AggTime,
    /// How parts become one value.
    pub agg_space: AggSpace,
    /// How the value is held against the target.
    pub comparator: Comparator,
    /// For the whole, for all, for some.
    pub quantifier: Quantifier,
    /// Whether the target is per month.
    pub per_month: bool,
    /// Unit of values, targets and baselines.
    pub unit: Unit,
    /// Which values are possible.
    pub domain: ValueDomain,
    /// What attainment is measured from.
    pub attainment_basis: AttainmentBasis,
    /// 延べ: persons times occasions.
    pub person_times: bool,
    /// 必要に応じて: judged against demand.
    pub demand_driven: bool,
    /// The days the work runs; `None`: the whole cycle.
    pub active_window: Option<DateSpan>,
    /// Last day a value of this cycle may still be dated (出納整理期間); `None`: the cycle's end.
    pub settlement_until: Option<Date>,
    /// Parts that report for themselves.
    pub parts: Vec<Part>,
    /// The coverage set, where there is one.
    pub members: Vec<Member>,
    /// Checkpoints of a milestone.
    pub checkpoints: Vec<Checkpoint>,
    /// The indicators a composite is made of.
    pub components: Vec<IndicatorId>,
    /// The rubric of a qualitative indicator.
    pub rubric: Option<Rubric>,
    /// The section that answers for it; `None`: the initiative's.
    pub lead_unit: Option<UnitId>,
    /// Sections that contribute.
    pub contributing_units: Vec<UnitId>,
    /// What another document fixes.
    pub external_reference: Option<ExternalReference>,
    /// Statements on data quality.
    pub quality: DataQuality,
    /// Who may see it.
    pub disclosure: Disclosure,
    /// Where in the chain from work to effect it stands.
    pub result_level: ResultLevel,
    /// Names of the fields above (and `target`, `plan_profile`, `baseline`) that somebody or something
    /// inferred beyond the words of the plan; empty once confirmed.
    pub assumed: Vec<String>,
}
