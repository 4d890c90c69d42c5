//! How figures become judgements: thresholds, rounding, caps and grades, as data that is published and versioned.
//!
//! An answer names the policy it was computed with, so that the same question gives the same bytes in every later release.

use std::fmt;
use std::sync::LazyLock;

use crate::domain::access::AccessPolicy;
use crate::domain::code::{Code, Key};
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::evaluation::Status;
use crate::domain::indicator::enumeration;
use crate::domain::quantity::Quantity;
use crate::domain::text::Title;

mod rules;

enumeration! {
    /// What a policy rules.
    PolicyKind {
        /// 算定方針: how figures are computed and judged.
        Evaluation = "EVALUATION",
        /// 評価基準: how grades are given.
        Rubric = "RUBRIC",
        /// 権限方針: who may do what.
        Access = "ACCESS",
        /// 決裁規程: which changes are decided, and by whom.
        Approval = "APPROVAL",
    }
}

impl PolicyKind {
    /// Whether it rules who may do what, and not what figures come to.
    pub fn rules_access(self) -> bool {
        match self {
            Self::Access | Self::Approval => true,
            Self::Evaluation | Self::Rubric => false,
        }
    }
}

/// What a policy says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyContent {
    /// How figures are computed and judged.
    Evaluation(EvaluationPolicy),
    /// How grades are given.
    Rubric(GradeRubric),
    /// Who may do what.
    Access(AccessPolicy),
    /// Which changes are decided, and by whom.
    Approval(ApprovalPolicy),
}

impl PolicyContent {
    /// What it rules.
    pub fn kind(&self) -> PolicyKind {
        match self {
            Self::Evaluation(_) => PolicyKind::Evaluation,
            Self::Rubric(_) => PolicyKind::Rubric,
            Self::Approval(_) => PolicyKind::Approval,
            Self::Access(_) => PolicyKind::Access,
        }
    }

    /// The rubric that it gives grades by.
    pub fn rubric_code(&self) -> Option<&Code> {
        match self {
            Self::Evaluation(policy) => policy.rubric.as_ref(),
            Self::Rubric(_) | Self::Access(_) | Self::Approval(_) => None,
        }
    }
}

enumeration! {
    /// What attainment of a "not exceed" without a baseline is while the cap is exceeded (DOMAIN: 2−A/T is a named policy).
    ReductionFormula {
        /// Target over actual: T/A.
        TargetOverActual = "TARGET_OVER_ACTUAL",
        /// 2 − A/T.
        TwoMinusRatio = "TWO_MINUS_RATIO",
    }
}

enumeration! {
    /// What a goal, an initiative, a section, a department, a pillar or a plan is judged by, beside the distribution of its statuses.
    RollUpJudgement {
        /// Nothing: the distribution speaks for itself.
        None = "NONE",
        /// The least favourable status of what can be judged.
        Worst = "WORST",
    }
}

/// How figures are computed and judged (算定方針).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvaluationPolicy {
    /// Pace from which on work is on track (順調); 1 is as planned.
    pub on_track_from: Quantity,
    /// Pace from which on it is slightly behind (やや遅れ); below it is behind (遅れ).
    pub slightly_behind_from: Quantity,
    /// Digits after the point that percentages are shown with, 0 to 4.
    pub display_digits: u32,
    /// What one indicator counts for at most in a mean, 1 for 100 %; `None`: no cap.
    pub mean_cap: Option<Quantity>,
    /// Attainment while a cap is exceeded.
    pub reduction: ReductionFormula,
    /// Whether a monthly plan rises evenly within a month; else it steps at the month's end.
    pub interpolates_months: bool,
    /// Whether months make up for each other where each must reach its target (月4回).
    pub months_compensate: bool,
    /// Share of the target by which the owner's forecast may differ from the computed one without a comment.
    pub forecast_gap: Quantity,
    /// Days before the end of the cycle from which on lowering a target is told to auditors.
    pub late_lowering_days: u32,
    /// Days after the valid date after which a report counts as late.
    pub late_report_days: u32,
    /// What a roll-up is judged by.
    pub roll_up: RollUpJudgement,
    /// Code of the rubric that gives grades; `None`: no grades.
    pub rubric: Option<Code>,
}

impl Default for EvaluationPolicy {
    /// The policy while none is published, after DOMAIN.md §5.2, §5.5, §5.7, §5.8 and §5.10.
    fn default() -> Self {
        let tenths = |n: i64| Quantity::from(rust_decimal::Decimal::new(n, 1));
        Self {
            on_track_from: tenths(10),
            slightly_behind_from: tenths(8),
            display_digits: 1,
            mean_cap: Some(tenths(10)),
            reduction: ReductionFormula::TargetOverActual,
            interpolates_months: false,
            months_compensate: false,
            forecast_gap: tenths(1),
            late_lowering_days: 60,
            late_report_days: 45,
            roll_up: RollUpJudgement::None,
            rubric: Code::parse(super::grade::MIDYEAR_PACE).ok(),
        }
    }
}

enumeration! {
    /// What a grade is computed from.
    GradeInput {
        /// Attainment on the target in force.
        Attainment = "ATTAINMENT",
        /// The forecast for the end of the cycle, as a share of the target.
        Forecast = "FORECAST",
        /// The status.
        Status = "STATUS",
        /// Nothing: people judge.
        Judgement = "JUDGEMENT",
    }
}

/// A grade of a rubric.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GradeLevel {
    /// Its key, `S`, `A`, `順調`.
    pub key: Key,
    /// What it is called.
    pub title: Title,
    /// Least figure for it, included; 1 for 100 %. The next better level's least figure is its upper bound, excluded.
    pub at_least: Option<Quantity>,
    /// Statuses that give it.
    pub statuses: Vec<Status>,
    /// Whether it says that no grade can be given (評価困難, 中止); such a level enters no mean.
    pub non_grade: bool,
}

/// How grades are given (評価基準): levels from the best down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GradeRubric {
    /// What a grade is computed from.
    pub input: GradeInput,
    /// The levels, the best first, non-grades last.
    pub levels: Vec<GradeLevel>,
    /// Whether 100 % gives the best level where the target itself is 100 % and so cannot be exceeded.
    pub full_target_is_best: bool,
}

impl GradeRubric {
    /// Levels at most.
    pub const LEVELS_MAX: usize = 20;

    /// The level with this key.
    pub fn level(&self, key: &Key) -> Option<&GradeLevel> {
        self.levels.iter().find(|level| level.key == *key)
    }
}

/// Which version of which policy. Versions count from 1; version 0 is the one built into Daicho.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyVersion {
    /// Its code.
    pub code: Code,
    /// Its version.
    pub version: u32,
}

impl PolicyVersion {
    /// The evaluation policy that is built in, in force where none is published: version 0 of `default`.
    pub fn built_in() -> Self {
        static DEFAULT: LazyLock<Code> =
            LazyLock::new(|| Code::parse("default").expect("a word is a code"));
        Self {
            code: DEFAULT.clone(),
            version: 0,
        }
    }

    /// The approval policy that is built in: version 0 of `approval`. It is never in force by itself: whoever wants it
    /// publishes it.
    pub fn built_in_approval() -> Self {
        static APPROVAL: LazyLock<Code> =
            LazyLock::new(|| Code::parse("approval").expect("a word is a code"));
        Self {
            code: APPROVAL.clone(),
            version: 0,
        }
    }
}

impl fmt::Display for PolicyVersion {
    /// `kariya-2023 v2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.code, self.version)
    }
}
