//! Grades (評価): what a rubric makes of an evaluation, and the rubrics that Daicho brings along.
//!
//! Rubrics differ by city and by year, so they are data with a version. Bounds are half open: a level's least
//! figure belongs to it, the next better level's does not. A level without a grade never enters a mean.

use std::sync::{Arc, LazyLock};

use crate::domain::code::{Code, Key};
use crate::domain::evaluation::policy::{GradeInput, GradeLevel, GradeRubric, PolicyVersion};
use crate::domain::evaluation::{Evaluation, Exact, Status};
use crate::domain::indicator::{Comparator, Definition, MeasureType};
use crate::domain::quantity::Quantity;
use crate::domain::target::Aim;
use crate::domain::text::{Name, Title};
use crate::domain::unit::Dimension;

/// The computed grade; `None` where the rubric leaves it to people, or what it asks for cannot be computed.
pub fn grade<'r>(
    rubric: &'r GradeRubric,
    evaluation: &Evaluation,
    definition: &Definition,
) -> Option<&'r GradeLevel> {
    let by_status = rubric
        .levels
        .iter()
        .find(|level| level.statuses.contains(&evaluation.status));
    if by_status.is_some() {
        return by_status;
    }
    // What was given up, suspended or never asked for keeps its figures, but they are no merit and no failure.
    if evaluation.status.is_set_aside() {
        return None;
    }
    let figure = match rubric.input {
        GradeInput::Attainment => evaluation.current.as_ref()?.attainment.clone().ok()?,
        GradeInput::Forecast => forecast(evaluation, definition)?,
        GradeInput::Status | GradeInput::Judgement => return None,
    };
    let mut graded = rubric.levels.iter().filter(|level| !level.non_grade);
    if rubric.full_target_is_best
        && figure == Exact::one()
        && cannot_be_exceeded(evaluation, definition)
    {
        return graded.find(|level| level.at_least.is_some());
    }
    let reaches = |level: &&GradeLevel| {
        level
            .at_least
            .is_some_and(|least| Exact::from(least) <= figure)
    };
    let found = graded.clone().find(reaches);
    // The last level takes what reaches no other, however far below.
    found.or_else(|| graded.next_back().filter(|level| level.at_least.is_none()))
}

/// The forecast as a share of the target: the computed one, else the section's.
fn forecast(evaluation: &Evaluation, definition: &Definition) -> Option<Exact> {
    let aim = evaluation.current.as_ref()?.target.target.aim;
    let owner = evaluation.owner_forecast.as_ref();
    let value = match &evaluation.forecast {
        Ok(value) => value.clone(),
        Err(_) => match (owner?.value.clone(), owner?.reaches) {
            (Some(value), _) => value,
            (None, Some(true)) => return Some(Exact::one()),
            (None, _) => return Some(Exact::zero()),
        },
    };
    let rises = !matches!(
        definition.comparator,
        Comparator::Le | Comparator::Lt | Comparator::InRange
    );
    match aim {
        Aim::Value(target) | Aim::Approximate { value: target, .. } if rises => {
            let positive = Quantity::ZERO < target;
            positive.then(|| value.over(&target.into())).flatten()
        }
        _ => None,
    }
}

/// Whether more than the target is impossible: all of everything.
fn cannot_be_exceeded(evaluation: &Evaluation, definition: &Definition) -> bool {
    let target = evaluation
        .current
        .as_ref()
        .map(|current| &current.target.target.aim);
    match target {
        Some(Aim::AllMembers) => true,
        Some(Aim::Value(target)) => {
            let unit = &definition.unit;
            let whole = unit.dimension == Dimension::Ratio
                && unit.scale_pow10 == -2
                && *target == Quantity::from(100);
            let all = definition.measure_type == MeasureType::Coverage
                && *target == Quantity::from(definition.members.len() as i64);
            whole || all
        }
        _ => false,
    }
}

/// A rubric that every ledger knows, as version 0 of its code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltIn {
    /// Its code, with version 0.
    pub version: PolicyVersion,
    /// What it is called.
    pub title: Title,
    /// The rubric.
    pub rubric: Arc<GradeRubric>,
}

/// Code of the rubric that the built-in policy grades by.
pub const MIDYEAR_PACE: &str = "midyear-pace";

/// Every built-in rubric (DOMAIN.md §5.10).
pub fn built_in() -> &'static [BuiltIn] {
    static ALL: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
        RUBRICS
            .iter()
            .map(|row| row.read().expect("a row of the table below is well formed"))
            .collect()
    });
    &ALL
}

/// The built-in rubric with this code.
pub fn built_in_rubric(code: &Code) -> Option<&'static BuiltIn> {
    built_in()
        .iter()
        .find(|rubric| rubric.version.code == *code)
}

struct Row {
    code: &'static str,
    ja: &'static str,
    en: &'static str,
    input: GradeInput,
    full_target_is_best: bool,
    levels: &'static [Level],
}

struct Level {
    key: &'static str,
    ja: &'static str,
    en: &'static str,
    /// In percent.
    at_least: Option<i64>,
    statuses: &'static [Status],
    non_grade: bool,
}

impl Row {
    fn read(&self) -> Option<BuiltIn> {
        let title = |ja, en| {
            Some(Title {
                ja: Name::parse(ja).ok()?,
                en: Some(Name::parse(en).ok()?),
            })
        };
        let level = |level: &Level| {
            let percent = |percent| Quantity::from(rust_decimal::Decimal::new(percent, 2));
            Some(GradeLevel {
                key: Key::parse(level.key).ok()?,
                title: title(level.ja, level.en)?,
                at_least: level.at_least.map(percent),
                statuses: level.statuses.to_vec(),
                non_grade: level.non_grade,
            })
        };
        Some(BuiltIn {
            version: PolicyVersion {
                code: Code::parse(self.code).ok()?,
                version: 0,
            },
            title: title(self.ja, self.en)?,
            rubric: Arc::new(GradeRubric {
                input: self.input,
                levels: self.levels.iter().map(level).collect::<Option<_>>()?,
                full_target_is_best: self.full_target_is_best,
            }),
        })
    }
}

const fn graded(
    key: &'static str,
    ja: &'static str,
    en: &'static str,
    at_least: Option<i64>,
) -> Level {
    Level {
        key,
        ja,
        en,
        at_least,
        statuses: &[],
        non_grade: false,
    }
}

const fn by_status(
    key: &'static str,
    ja: &'static str,
    en: &'static str,
    statuses: &'static [Status],
) -> Level {
    Level {
        statuses,
        ..graded(key, ja, en, None)
    }
}

const fn ungraded(
    key: &'static str,
    ja: &'static str,
    en: &'static str,
    statuses: &'static [Status],
) -> Level {
    Level {
        non_grade: true,
        ..by_status(key, ja, en, statuses)
    }
}

/// Where a source names no bound, it is ours: the bounds of `akiruno-forecast`.
const RUBRICS: &[Row] = &[
    Row {
        code: "jp-dokuho-2014",
        ja: "独立行政法人の評価（2014年の指針による）",
        en: "Incorporated administrative agencies, after the guideline of 2014",
        input: GradeInput::Attainment,
        full_target_is_best: false,
        levels: &[
            // 120 % alone is A; whether it is outstanding besides, people say.
            graded(
                "S",
                "目標を質的にも顕著に上回る",
                "far above the target, outstanding in quality",
                None,
            ),
            graded("A", "目標を上回る", "above the target", Some(120)),
            graded(
                "B",
                "目標を達成（標準）",
                "at the target (standard)",
                Some(100),
            ),
            graded("C", "目標を下回る", "below the target", Some(80)),
            graded("D", "目標を大きく下回る", "far below the target", None),
        ],
    },
    Row {
        code: "osaka-lib-2016",
        ja: "公立図書館の評価（2016年）",
        en: "Public library assessment of 2016",
        input: GradeInput::Attainment,
        full_target_is_best: true,
        levels: &[
            graded("A", "目標を十分に達成", "well achieved", Some(110)),
            graded("B", "おおむね達成", "largely achieved", Some(90)),
            graded("C", "やや不十分", "somewhat short", Some(60)),
            graded("D", "不十分", "insufficient", None),
        ],
    },
    Row {
        code: "akiruno-forecast",
        ja: "年度末の見込みによる評価",
        en: "By the forecast for the end of the year",
        input: GradeInput::Forecast,
        full_target_is_best: false,
        levels: &[
            by_status(
                "F",
                "完了",
                "completed",
                &[
                    Status::Achieved,
                    Status::AchievedWithinTolerance,
                    Status::AchievedLate,
                    Status::DemandMet,
                ],
            ),
            graded(
                "S",
                "目標値を上回る見込み",
                "expected above the target",
                Some(110),
            ),
            graded(
                "A",
                "目標値どおりの見込み",
                "expected at the target",
                Some(90),
            ),
            graded(
                "B",
                "半分程度の見込み（要改善）",
                "expected about half way: to be improved",
                Some(50),
            ),
            graded(
                "C",
                "半分に満たない見込み（要大幅改善）",
                "expected below half: to be improved much",
                None,
            ),
            ungraded("X", "未着手", "not begun", &[Status::NotDue]),
            ungraded("Y", "中止", "cancelled", &[Status::Cancelled]),
            ungraded(
                "Z",
                "評価困難",
                "cannot be assessed",
                &[
                    Status::NotEvaluable,
                    Status::NotApplicable,
                    Status::NoReport,
                    Status::Suspended,
                    Status::CarriedOver,
                ],
            ),
        ],
    },
    Row {
        code: "okazaki-plan",
        ja: "計画に対する自己評価",
        en: "Self assessment against the plan",
        input: GradeInput::Judgement,
        full_target_is_best: false,
        levels: &[
            graded("1", "計画以上", "above the plan", None),
            graded("2", "計画通り", "as planned", None),
            graded("3", "計画未満", "below the plan", None),
            ungraded(
                "4",
                "評価不能（外部要因）",
                "cannot be assessed: external cause",
                &[],
            ),
        ],
    },
    Row {
        code: MIDYEAR_PACE,
        ja: "中間評価（進捗ペース）",
        en: "Mid-year review by pace",
        input: GradeInput::Status,
        full_target_is_best: false,
        levels: &[
            by_status(
                "達成済",
                "達成済",
                "achieved",
                &[
                    Status::Achieved,
                    Status::AchievedWithinTolerance,
                    Status::AchievedLate,
                    Status::DemandMet,
                ],
            ),
            by_status("順調", "順調", "on track", &[Status::OnTrack]),
            by_status(
                "やや遅れ",
                "やや遅れ",
                "slightly behind",
                &[Status::SlightlyBehind, Status::Attention],
            ),
            by_status(
                "遅れ",
                "遅れ",
                "behind",
                &[
                    Status::Behind,
                    Status::Overdue,
                    Status::NotAchieved,
                    Status::Breached,
                ],
            ),
            ungraded(
                "対象外",
                "対象外",
                "not applicable",
                &[
                    Status::NotApplicable,
                    Status::Suspended,
                    Status::Cancelled,
                    Status::CarriedOver,
                ],
            ),
        ],
    },
];
