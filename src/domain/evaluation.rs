//! What an indicator comes to against its target: attainment, achievement, pace, forecast, required rate and status, each
//! for itself, none made from another's rounding.
//!
//! Every figure is a function of the valid-date cut D, the knowledge cut K and the policy: [`evaluate`] reads nothing else.
//! What cannot be computed is told as an [`Obstacle`], never as zero. The formulas and worked examples are those of
//! DOMAIN.md §5 (attainment §5.1, pace §5.2, forecast §5.3, revised targets §5.5, roll-up §5.7, display §5.8).

use crate::domain::actual::Actual;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::id::EventId;
use crate::domain::indicator::enumeration;
use crate::domain::target::{Baseline, TargetVersion};

mod attainment;
mod case;
pub mod display;
mod evaluate;
pub mod exact;
mod forecast;
pub mod grade;
pub mod judgement;
mod label;
mod parts;
mod plan;
pub mod policy;
pub mod roll_up;
mod status;

pub use evaluate::{Question, evaluate, evaluate_goal};
pub use exact::Exact;
pub use policy::EvaluationPolicy;

enumeration! {
    /// Why a figure cannot be computed.
    Obstacle {
        /// Nobody has reported.
        NoReport = "NO_REPORT",
        /// Reported as not measured.
        NotMeasured = "NOT_MEASURED",
        /// Reported as without demand.
        NoDemand = "NO_DEMAND",
        /// No target is in force.
        NoTarget = "NO_TARGET",
        /// The target is zero or below, and a share of that is nothing.
        TargetZero = "TARGET_ZERO",
        /// Measured from a baseline that is not there.
        BaselineMissing = "BASELINE_MISSING",
        /// The baseline is the target: there is no way to go.
        BaselineIsTarget = "BASELINE_IS_TARGET",
        /// A judgement, never a percentage.
        Qualitative = "QUALITATIVE",
        /// It has no line of plan.
        NoPlanLine = "NO_PLAN_LINE",
        /// It is measured at the end only, and the end has not come.
        NotDue = "NOT_DUE",
        /// Nothing is planned up to this day.
        NothingPlannedYet = "NOTHING_PLANNED_YET",
        /// The set has no members.
        NoMembers = "NO_MEMBERS",
        /// No month is complete.
        NoCompleteMonth = "NO_COMPLETE_MONTH",
        /// A component cannot be computed.
        ComponentNotComputable = "COMPONENT_NOT_COMPUTABLE",
        /// The cycle has not begun.
        CycleNotBegun = "CYCLE_NOT_BEGUN",
        /// The cycle is over: nothing remains.
        CycleOver = "CYCLE_OVER",
        /// It is reached already.
        AlreadyAchieved = "ALREADY_ACHIEVED",
        /// Last year's curve is not there.
        NoReference = "NO_REFERENCE",
        /// Only its owner can tell.
        OwnerOnly = "OWNER_ONLY",
        /// Work rests.
        Suspended = "SUSPENDED",
        /// It was given up.
        Cancelled = "CANCELLED",
        /// It goes on in another plan.
        CarriedOver = "CARRIED_OVER",
        /// The definition changed since; figures on both sides of a break are not compared.
        SeriesBreak = "SERIES_BREAK",
        /// The baseline lies beyond the target: there is no way to go.
        BaselineBeyondTarget = "BASELINE_BEYOND_TARGET",
        /// Done as needed, and nobody recorded how many asked.
        DemandUnknown = "DEMAND_UNKNOWN",
        /// Nothing of the cap is used: whatever is left, no number says it.
        NothingUsed = "NOTHING_USED",
        /// A condition was broken that nothing can repair.
        Breached = "BREACHED",
        /// This kind of measure has no such figure.
        NotOfThisMeasure = "NOT_OF_THIS_MEASURE",
    }
}

/// A figure, or why there is none.
pub type Figure = Result<Exact, Obstacle>;

enumeration! {
    /// Where an indicator stands. Programs match on the code.
    Status {
        /// 達成.
        Achieved = "ACHIEVED",
        /// 達成（許容内）: within the tolerance of about.
        AchievedWithinTolerance = "ACHIEVED_WITHIN_TOLERANCE",
        /// 遅れて達成: a milestone reached after its day.
        AchievedLate = "ACHIEVED_LATE",
        /// 需要充足: all that was asked for was done.
        DemandMet = "DEMAND_MET",
        /// 順調.
        OnTrack = "ON_TRACK",
        /// やや遅れ.
        SlightlyBehind = "SLIGHTLY_BEHIND",
        /// 要注意: below what it must be, but nothing says yet that it will stay so.
        Attention = "ATTENTION",
        /// 遅れ.
        Behind = "BEHIND",
        /// 期限超過: its day has passed.
        Overdue = "OVERDUE",
        /// 未達: the cycle is over.
        NotAchieved = "NOT_ACHIEVED",
        /// 未達確定: a condition was broken that nothing can repair.
        Breached = "BREACHED",
        /// 計画線未設定: behind or on track cannot be told, because the line of plan is only assumed.
        PlanLineUnset = "PLAN_LINE_UNSET",
        /// 測定時期未到来.
        NotDue = "NOT_DUE",
        /// 未報告.
        NoReport = "NO_REPORT",
        /// 対象なし.
        NotApplicable = "NOT_APPLICABLE",
        /// 休止.
        Suspended = "SUSPENDED",
        /// 中止.
        Cancelled = "CANCELLED",
        /// 繰越.
        CarriedOver = "CARRIED_OVER",
        /// 評価不能.
        NotEvaluable = "NOT_EVALUABLE",
    }
}

impl Status {
    /// Whether the target is reached, on time or not, or all that was asked for was done.
    pub fn is_reached(self) -> bool {
        match self {
            Self::Achieved
            | Self::AchievedWithinTolerance
            | Self::AchievedLate
            | Self::DemandMet => true,
            Self::OnTrack
            | Self::SlightlyBehind
            | Self::Attention
            | Self::Behind
            | Self::Overdue
            | Self::NotAchieved
            | Self::Breached
            | Self::PlanLineUnset
            | Self::NotDue
            | Self::NoReport
            | Self::NotApplicable
            | Self::Suspended
            | Self::Cancelled
            | Self::CarriedOver
            | Self::NotEvaluable => false,
        }
    }

    /// 対象外: whether nothing is asked of it any more, or for now.
    pub fn is_set_aside(self) -> bool {
        matches!(
            self,
            Self::NotApplicable | Self::Suspended | Self::Cancelled | Self::CarriedOver
        )
    }

    /// Whether it says how the work stands; else that this cannot be said, or not yet.
    pub fn is_judgement(self) -> bool {
        self.is_reached()
            || matches!(
                self,
                Self::OnTrack
                    | Self::SlightlyBehind
                    | Self::Attention
                    | Self::Behind
                    | Self::Overdue
                    | Self::NotAchieved
                    | Self::Breached
            )
    }

    /// How much it asks for attention: of a whole that is as good as its worst part, the greatest counts.
    pub fn concern(self) -> u8 {
        match self {
            Self::NotApplicable | Self::Cancelled | Self::CarriedOver | Self::Suspended => 0,
            Self::Achieved => 1,
            Self::DemandMet => 2,
            Self::AchievedWithinTolerance => 3,
            Self::AchievedLate => 4,
            Self::NotDue => 5,
            Self::OnTrack => 6,
            Self::PlanLineUnset => 7,
            Self::NotEvaluable => 8,
            Self::NoReport => 9,
            Self::SlightlyBehind => 10,
            Self::Attention => 11,
            Self::Behind => 12,
            Self::Overdue => 13,
            Self::NotAchieved => 14,
            Self::Breached => 15,
        }
    }
}

enumeration! {
    /// Whether the target is reached.
    Achievement {
        /// 達成.
        Achieved = "ACHIEVED",
        /// 達成（許容内）.
        WithinTolerance = "WITHIN_TOLERANCE",
        /// 遅れて達成.
        Late = "LATE",
        /// 未達.
        NotAchieved = "NOT_ACHIEVED",
    }
}

impl Achievement {
    /// Whether it counts as reached, on time or not.
    pub fn is_reached(self) -> bool {
        self != Self::NotAchieved
    }
}

enumeration! {
    /// What somebody who reads a figure must know.
    Remark {
        /// 目標変更後達成: reached on the target in force, not on the first.
        AchievedByRevision = "ACHIEVED_BY_REVISION",
        /// 参考: the line of plan is assumed.
        PaceForReference = "PACE_FOR_REFERENCE",
        /// 超過が必要: the comparison is strict, so 100 % is not enough.
        MustExceed = "MUST_EXCEED",
        /// 未満が必要: the comparison is strict, so the target itself is too much.
        MustBeBelow = "MUST_BE_BELOW",
        /// 使用率: how much of the cap is used stands beside the attainment.
        UsageOfCap = "USAGE_OF_CAP",
        /// 内訳に未着手: a part stands at zero behind the whole.
        PartAtZero = "PART_AT_ZERO",
        /// 内訳に未報告: a part is silent behind the whole.
        PartUnreported = "PART_UNREPORTED",
        /// 未報告の月あり: a month that is over is silent.
        MonthUnreported = "MONTH_UNREPORTED",
        /// 定義変更あり: the series was broken in the cycle.
        SeriesBroken = "SERIES_BROKEN",
        /// 見込みの差: the owner's forecast and the computed one differ by more than the policy allows.
        ForecastGap = "FORECAST_GAP",
        /// 見込みは未達: by the forecast the target will be missed.
        ForecastMiss = "FORECAST_MISS",
        /// 基準値未満: worse than where it began.
        BelowBaseline = "BELOW_BASELINE",
        /// 目標は翌年度以降: the target lies beyond the cycle.
        DueAfterCycle = "DUE_AFTER_CYCLE",
        /// 目標未満: below the target so far.
        BelowTargetSoFar = "BELOW_TARGET_SO_FAR",
    }
}

/// Attainment and achievement against one version of the target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AgainstTarget {
    /// The target.
    pub target: TargetVersion,
    /// 達成率: a share, 1 for 100 %; negative where it is worse than the baseline; never capped.
    pub attainment: Figure,
    /// Whether it is reached.
    pub achievement: Result<Achievement, Obstacle>,
}

/// Where one part of an indicator stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartEvaluation {
    /// Which part.
    pub part: Key,
    /// What it came to.
    pub actual: Actual,
    /// Against its own aim.
    pub attainment: Figure,
    /// Whether its own aim is reached.
    pub achievement: Result<Achievement, Obstacle>,
    /// Its own pace.
    pub pace: Figure,
}

/// The forecast of the section, beside the computed one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnerForecast {
    /// The event that holds it.
    pub event_id: EventId,
    /// A value in the indicator's unit; `None` where a day is forecast.
    pub value: Option<Exact>,
    /// The day a milestone will be reached.
    pub date: Option<Date>,
    /// Whether it reaches the target in force.
    pub reaches: Option<bool>,
}

/// Where an indicator stands at (D, K) under a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evaluation {
    /// Version of the definition that held on D.
    pub definition_version: u32,
    /// What its reports came to.
    pub actual: Actual,
    /// The actual as one number in the indicator's unit, where it is one.
    pub value: Figure,
    /// Where it began.
    pub baseline: Option<Baseline>,
    /// 現目標比: against the target in force on D; `None` where none was.
    pub current: Option<AgainstTarget>,
    /// 当初目標比: against the first target.
    pub first: Option<AgainstTarget>,
    /// 使用率: actual over target of what is not to be exceeded; what is left is 1 less this.
    pub cap_usage: Figure,
    /// 月平均の達成率: the mean over complete months of what each reached of its target, 1 at most, where each must.
    pub mean_of_months: Figure,
    /// 需要充足率: done over asked, of what is done as needed.
    pub service_rate: Figure,
    /// 計画値: what is planned up to D, in the indicator's unit.
    pub planned_value: Figure,
    /// E(D): the share of the way planned up to D, 0 to 1.
    pub planned_share: Figure,
    /// 進捗ペース: 1 is as planned.
    pub pace: Figure,
    /// 着地見込み, computed, in the indicator's unit.
    pub forecast: Figure,
    /// 着地見込み of the section.
    pub owner_forecast: Option<OwnerForecast>,
    /// What is needed for each remaining month, in the indicator's unit.
    pub required_per_month: Figure,
    /// Where it stands.
    pub status: Status,
    /// What to know beside it.
    pub remarks: Vec<Remark>,
    /// Each part, in the order of the definition.
    pub parts: Vec<PartEvaluation>,
}

#[cfg(test)]
mod tests;
