//! The canonical rows of an evaluation: what a snapshot freezes, digests and can show again in any later release.
//!
//! Format 1 is for ever: CSV after RFC 4180 in UTF-8 without byte order mark, lines ended by LF, a header, then a line an
//! indicator in the order of department, pillar, goal, initiative and indicator. The cells hold codes, ids, dates, numbers
//! and enum codes only: titles may be reworded, and texts may be personal and erased. `docs/evaluation-rows.md` says what
//! each column holds. A change of any byte for any history is another format with another number.

use sha2::{Digest as _, Sha256};

use crate::domain::evaluation::{Achievement, AgainstTarget, Obstacle};
use crate::domain::id::UnitId;
use crate::projection::evaluation::cell;
use crate::projection::evaluation::{
    At, GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, PlanEvaluation,
};

/// The format that is written.
pub const FORMAT: u32 = 1;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// A column of the rows.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Column { $($(#[$doc])* $name),* }

        impl Column {
            /// Every column, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in the header.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

columns! {
    /// Number of the format.
    Format = "format",
    /// Code of the plan.
    Plan = "plan",
    /// D.
    EffectiveOn = "effective_on",
    /// K, as a size of the ledger.
    KnownAt = "known_at",
    /// Code and version of the policy.
    Policy = "policy",
    /// Code of the department on D.
    Department = "department",
    /// Number of the pillar on D.
    Pillar = "pillar",
    /// Code of the goal.
    Goal = "goal",
    /// Code of the initiative.
    Initiative = "initiative",
    /// Code of the indicator.
    Indicator = "indicator",
    /// Id of the indicator.
    IndicatorId = "indicator_id",
    /// Version of the definition that held on D.
    DefinitionVersion = "definition_version",
    /// Code of the section that answers for it on D.
    Lead = "lead",
    /// Codes of the sections that contribute on D.
    Contributing = "contributing",
    /// What kind of thing is measured.
    MeasureType = "measure_type",
    /// How it is held against the target.
    Comparator = "comparator",
    /// Code of the unit.
    Unit = "unit",
    /// The first target.
    FirstTarget = "first_target",
    /// The target in force on D.
    Target = "target",
    /// Event that set it.
    TargetEventId = "target_event_id",
    /// Position of that event.
    TargetPosition = "target_position",
    /// Where it began.
    Baseline = "baseline",
    /// Which form the actual has.
    ActualKind = "actual_kind",
    /// The actual.
    Actual = "actual",
    /// Numerator of the actual.
    Numerator = "numerator",
    /// Denominator of the actual.
    Denominator = "denominator",
    /// What the actual is made of.
    Detail = "detail",
    /// Attainment on the first target.
    AttainmentFirst = "attainment_first",
    /// Why there is none.
    AttainmentFirstWhy = "attainment_first_why",
    /// Attainment on the target in force.
    Attainment = "attainment",
    /// Why there is none.
    AttainmentWhy = "attainment_why",
    /// Whether the first target is reached.
    AchievementFirst = "achievement_first",
    /// Whether the target in force is reached.
    Achievement = "achievement",
    /// Why that cannot be told.
    AchievementWhy = "achievement_why",
    /// How much of the cap is used.
    CapUsage = "cap_usage",
    /// What the months reached on average.
    MeanOfMonths = "mean_of_months",
    /// Done over asked.
    ServiceRate = "service_rate",
    /// What is planned up to D.
    PlannedValue = "planned_value",
    /// E(D).
    PlannedShare = "planned_share",
    /// Pace.
    Pace = "pace",
    /// Why there is none.
    PaceWhy = "pace_why",
    /// The computed forecast.
    Forecast = "forecast",
    /// Why there is none.
    ForecastWhy = "forecast_why",
    /// The forecast of the section.
    OwnerForecast = "owner_forecast",
    /// What each remaining month needs.
    RequiredPerMonth = "required_per_month",
    /// Why there is none.
    RequiredPerMonthWhy = "required_per_month_why",
    /// Where it stands.
    Status = "status",
    /// The computed grade.
    Grade = "grade",
    /// What to know beside it.
    Remarks = "remarks",
    /// How many reports count.
    Entries = "entries",
    /// Position of the last event that was known of it.
    LastEventPosition = "last_event_position",
}

impl Column {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Whether it says of what the row is or at which (D, K) and policy it was made, rather than what came out.
    pub fn identifies(self) -> bool {
        matches!(
            self,
            Self::Format
                | Self::Plan
                | Self::EffectiveOn
                | Self::KnownAt
                | Self::Policy
                | Self::Indicator
                | Self::IndicatorId
        )
    }

    /// Whether a difference in it changes a judgement.
    pub fn judges(self) -> bool {
        matches!(self, Self::Status | Self::Achievement | Self::Grade)
    }
}

/// How many rows there are, and what they hash to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RowsDigest {
    /// Lines without the header.
    pub rows: u32,
    /// SHA-256 over all bytes, header included.
    pub sha256: [u8; 32],
}

/// The cells of one row, in the order of [`Column::ALL`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row(Vec<String>);

impl Row {
    /// The cell of a column.
    pub fn cell(&self, column: Column) -> &str {
        self.0.get(column as usize).map_or("", String::as_str)
    }

    /// Its cells, in the order of the columns.
    pub fn into_cells(self) -> Vec<String> {
        self.0
    }

    fn line(&self) -> String {
        line(self.0.iter().map(String::as_str))
    }
}

/// The rows in their order.
pub fn rows(evaluation: &PlanEvaluation) -> impl Iterator<Item = Row> + '_ {
    evaluation
        .indicators()
        .map(|(goal, initiative, indicator)| row(&evaluation.at, goal, initiative, indicator))
}

/// The lines of the file in their order, each with its LF; the header is the first.
pub fn lines(evaluation: &PlanEvaluation) -> impl Iterator<Item = String> + '_ {
    let of_goals = evaluation.goals.iter();
    std::iter::once(header()).chain(of_goals.flat_map(|goal| goal_lines(&evaluation.at, goal)))
}

/// The first line.
pub fn header() -> String {
    line(Column::ALL.iter().map(|column| column.name()))
}

/// The lines of one goal.
pub fn goal_lines<'a>(at: &'a At, goal: &'a GoalEvaluation) -> impl Iterator<Item = String> + 'a {
    goal.placed()
        .map(|(goal, initiative, indicator)| row(at, goal, initiative, indicator).line())
}

/// What the lines hash to.
pub fn digest(evaluation: &PlanEvaluation) -> RowsDigest {
    let (mut hasher, mut lines_hashed) = (Sha256::new(), 0_u32);
    for line in lines(evaluation) {
        hasher.update(line.as_bytes());
        lines_hashed = lines_hashed.saturating_add(1);
    }
    RowsDigest {
        rows: lines_hashed.saturating_sub(1),
        sha256: hasher.finalize().into(),
    }
}

/// Cells as a line with its LF.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.enumerate() {
        if 0 < index {
            line.push(',');
        }
        cell::push_quoted(&mut line, cell);
    }
    line.push('\n');
    line
}

/// The row of an indicator.
pub fn row(
    at: &At,
    goal: &GoalEvaluation,
    initiative: &InitiativeEvaluation,
    indicator: &IndicatorEvaluation,
) -> Row {
    let evaluation = &indicator.evaluation;
    let code = |unit: &UnitId| at.unit_code(*unit);
    let actual = cell::actual(evaluation);
    let target = |against: &AgainstTarget| cell::target(&against.target.target);
    let (first, current) = (evaluation.first.as_ref(), evaluation.current.as_ref());
    let [attainment_first, attainment_first_why] =
        cell::figure_of(first.map(|against| &against.attainment));
    let [attainment, attainment_why] = cell::figure_of(current.map(|against| &against.attainment));
    let achieved = |against: Option<&AgainstTarget>| {
        let achievement = against.map_or(Err(Obstacle::NoTarget), |against| against.achievement);
        cell::judged(&achievement, |achievement: &Achievement| achievement.code())
    };
    let [achievement_first, _] = achieved(first);
    let [achievement, achievement_why] = achieved(current);
    let only = |figure| {
        let [value, _] = cell::figure(figure);
        value
    };
    let [pace, pace_why] = cell::figure(&evaluation.pace);
    let [forecast, forecast_why] = cell::figure(&evaluation.forecast);
    let [required, required_why] = cell::figure(&evaluation.required_per_month);
    let version = current.map(|against| &against.target);
    let number = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());

    let cells = Column::ALL.iter().map(|column| match column {
        Column::Format => FORMAT.to_string(),
        Column::Plan => at.plan.code.to_string(),
        Column::EffectiveOn => at.effective_on.to_string(),
        Column::KnownAt => at.known_at.to_string(),
        Column::Policy => at.ruling.name(),
        Column::Department => code(&goal.department),
        Column::Pillar => goal.pillar.to_string(),
        Column::Goal => goal.entry.code.to_string(),
        Column::Initiative => initiative.entry.code.to_string(),
        Column::Indicator => indicator.entry.code.to_string(),
        Column::IndicatorId => indicator.id.to_string(),
        Column::DefinitionVersion => evaluation.definition_version.to_string(),
        Column::Lead => code(&indicator.lead),
        Column::Contributing => cell::joined(indicator.contributing.iter().map(code)),
        Column::MeasureType => indicator.definition.measure_type.code().to_owned(),
        Column::Comparator => indicator.definition.comparator.code().to_owned(),
        Column::Unit => indicator.definition.unit.code.clone(),
        Column::FirstTarget => first.map(target).unwrap_or_default(),
        Column::Target => current.map(target).unwrap_or_default(),
        Column::TargetEventId => version.map(|v| v.event_id.to_string()).unwrap_or_default(),
        Column::TargetPosition => number(version.map(|v| v.position)),
        Column::Baseline => evaluation
            .baseline
            .as_ref()
            .map(|baseline| baseline.value.to_string())
            .unwrap_or_default(),
        Column::ActualKind => actual.kind.to_owned(),
        Column::Actual => actual.actual.clone(),
        Column::Numerator => actual.numerator.clone(),
        Column::Denominator => actual.denominator.clone(),
        Column::Detail => actual.detail.clone(),
        Column::AttainmentFirst => attainment_first.clone(),
        Column::AttainmentFirstWhy => attainment_first_why.clone(),
        Column::Attainment => attainment.clone(),
        Column::AttainmentWhy => attainment_why.clone(),
        Column::AchievementFirst => achievement_first.clone(),
        Column::Achievement => achievement.clone(),
        Column::AchievementWhy => achievement_why.clone(),
        Column::CapUsage => only(&evaluation.cap_usage),
        Column::MeanOfMonths => only(&evaluation.mean_of_months),
        Column::ServiceRate => only(&evaluation.service_rate),
        Column::PlannedValue => only(&evaluation.planned_value),
        Column::PlannedShare => only(&evaluation.planned_share),
        Column::Pace => pace.clone(),
        Column::PaceWhy => pace_why.clone(),
        Column::Forecast => forecast.clone(),
        Column::ForecastWhy => forecast_why.clone(),
        Column::OwnerForecast => cell::owner_forecast(evaluation.owner_forecast.as_ref()),
        Column::RequiredPerMonth => required.clone(),
        Column::RequiredPerMonthWhy => required_why.clone(),
        Column::Status => evaluation.status.code().to_owned(),
        Column::Grade => indicator
            .grade
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        Column::Remarks => cell::joined(evaluation.remarks.iter().map(|r| r.code().to_owned())),
        Column::Entries => indicator.entries.to_string(),
        Column::LastEventPosition => number(indicator.last_position),
    });
    Row(cells.collect())
}
