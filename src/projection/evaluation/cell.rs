//! How values are spelt in the canonical rows: one value has one spelling, and no later release spells it otherwise.
//!
//! Codes and keys have letters, digits and `/ - . _ ( ) ・ ー` only, so `;`, `=`, `@`, `~` and `..` between them are
//! never part of one.

use crate::domain::actual::Actual;
use crate::domain::code::Key;
use crate::domain::evaluation::{Evaluation, Exact, Figure, Obstacle, OwnerForecast};
use crate::domain::target::{Aim, Target};

/// Digits after the point of a fraction at most.
pub const FRACTION_DIGITS: u32 = 10;

/// A fraction: at most [`FRACTION_DIGITS`] digits after the point, half up, without trailing zeros.
pub fn decimal(value: &Exact) -> String {
    let text = value.half_up(FRACTION_DIGITS);
    let trimmed = text.trim_end_matches('0').trim_end_matches('.');
    trimmed.to_owned()
}

/// A figure and why there is none: exactly one of the two cells is filled.
pub fn figure(figure: &Figure) -> [String; 2] {
    match figure {
        Ok(value) => [decimal(value), String::new()],
        Err(obstacle) => [String::new(), obstacle.code().to_owned()],
    }
}

/// A figure against a target, where there is one.
pub fn figure_of(against: Option<&Figure>) -> [String; 2] {
    figure(against.unwrap_or(&Err(Obstacle::NoTarget)))
}

/// A target: `50`, `80~5` (about 80, 5 below counts), `10..20`, `ALL_MEMBERS`, `COMPLETED@2024-03-31`, `LEVEL=3`,
/// `COMPONENTS`; the aims of parts after it: `;東=30;西=20`.
pub fn target(target: &Target) -> String {
    let mut text = match &target.aim {
        Aim::Value(value) => value.to_string(),
        Aim::AllMembers => "ALL_MEMBERS".to_owned(),
        Aim::Range { lower, upper } => format!("{lower}..{upper}"),
        Aim::Approximate { value, tolerance } => format!("{value}~{tolerance}"),
        Aim::Done { due, end_state } => format!("{}@{due}", end_state.code()),
        Aim::RubricLevel(level) => format!("LEVEL={level}"),
        Aim::Components => "COMPONENTS".to_owned(),
    };
    for part in &target.parts {
        text.push_str(&format!(";{}={}", part.part, part.value));
    }
    text
}

/// What reports came to, as cells.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ActualCells {
    /// Which form it has.
    pub kind: &'static str,
    /// The value in the indicator's unit; a state, a level, a number of members where it is none.
    pub actual: String,
    /// Numerator, where it is a quotient.
    pub numerator: String,
    /// Denominator, where it is a quotient; members in the set.
    pub denominator: String,
    /// What it is made of: months, members, checkpoints or parts.
    pub detail: String,
}

/// What an indicator's reports came to.
pub fn actual(evaluation: &Evaluation) -> ActualCells {
    let value = evaluation.value.as_ref().map(decimal).unwrap_or_default();
    let cells = |kind, actual| ActualCells {
        kind,
        actual,
        detail: parts(evaluation),
        ..ActualCells::default()
    };
    match &evaluation.actual {
        Actual::NoReport => cells("NO_REPORT", String::new()),
        Actual::Nil(cause) => cells("NIL", cause.code().to_owned()),
        Actual::Number { value, .. } => cells("NUMBER", value.to_string()),
        Actual::Ratio {
            numerator,
            denominator,
        } => ActualCells {
            numerator: numerator.to_string(),
            denominator: denominator.to_string(),
            ..cells("RATIO", value)
        },
        Actual::Months {
            months,
            total,
            complete_total,
            complete_months,
        } => ActualCells {
            numerator: complete_total.to_string(),
            denominator: complete_months.to_string(),
            detail: joined(months.iter().map(|(first, sum)| {
                let (year, month) = (first.year(), first.month());
                format!("{year:04}-{month:02}={sum}")
            })),
            ..cells("MONTHS", total.to_string())
        },
        Actual::Coverage { done, in_set } => ActualCells {
            numerator: done.len().to_string(),
            denominator: in_set.to_string(),
            detail: joined(done.iter().map(Key::to_string)),
            ..cells("COVERAGE", done.len().to_string())
        },
        Actual::Members { values, in_set } => ActualCells {
            denominator: in_set.to_string(),
            detail: joined(values.iter().map(|(key, value)| format!("{key}={value}"))),
            ..cells("MEMBERS", values.len().to_string())
        },
        Actual::Milestone {
            state,
            since,
            checkpoints,
        } => ActualCells {
            detail: joined(
                checkpoints
                    .iter()
                    .map(|(key, state, since)| format!("{key}={}@{since}", state.code())),
            ),
            ..cells("MILESTONE", format!("{}@{since}", state.code()))
        },
        Actual::RubricLevel(level) => cells("RUBRIC_LEVEL", level.to_string()),
        Actual::Composite => cells("COMPOSITE", String::new()),
    }
}

/// What the parts stand at: `東=18;西=NO_REPORT`.
fn parts(evaluation: &Evaluation) -> String {
    joined(evaluation.parts.iter().map(|part| {
        let stands = match &part.actual {
            Actual::NoReport => "NO_REPORT".to_owned(),
            Actual::Nil(cause) => cause.code().to_owned(),
            Actual::Number { value, .. } => value.to_string(),
            Actual::Ratio {
                numerator,
                denominator,
            } => format!("{numerator}/{denominator}"),
            Actual::Months { total, .. } => total.to_string(),
            Actual::Coverage { done, in_set } => format!("{}/{in_set}", done.len()),
            Actual::Members { values, in_set } => format!("{}/{in_set}", values.len()),
            Actual::Milestone { state, since, .. } => format!("{}@{since}", state.code()),
            Actual::RubricLevel(level) => level.to_string(),
            Actual::Composite => String::new(),
        };
        format!("{}={stands}", part.part)
    }))
}

/// What the section expects: a value or a day.
pub fn owner_forecast(forecast: Option<&OwnerForecast>) -> String {
    let Some(forecast) = forecast else {
        return String::new();
    };
    match (&forecast.value, forecast.date) {
        (Some(value), _) => decimal(value),
        (None, Some(date)) => date.to_string(),
        (None, None) => String::new(),
    }
}

/// A code, or why there is none.
pub fn judged<T>(judged: &Result<T, Obstacle>, code: impl Fn(&T) -> &'static str) -> [String; 2] {
    match judged {
        Ok(value) => [code(value).to_owned(), String::new()],
        Err(obstacle) => [String::new(), obstacle.code().to_owned()],
    }
}

/// Several values in one cell, in their order.
pub fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(";")
}

/// Appends a cell after RFC 4180: quoted only where it holds a comma, a quote or a line break.
pub fn push_quoted(line: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::target::{EndState, PartTarget};
    use crate::domain::testing::{day, key, q};

    fn exact(numerator: i64, denominator: i64) -> Exact {
        Exact::ratio(&numerator.into(), &denominator.into()).unwrap()
    }

    #[test]
    fn a_fraction_has_ten_digits_at_most_and_no_trailing_zero() {
        assert_eq!(decimal(&exact(2, 3)), "0.6666666667");
        assert_eq!(decimal(&exact(-1, 3)), "-0.3333333333");
        assert_eq!(decimal(&exact(31, 50)), "0.62");
        assert_eq!(decimal(&exact(100, 1)), "100");
        assert_eq!(decimal(&exact(0, 1)), "0");
        assert_eq!(decimal(&exact(1, 100_000_000_000)), "0");
        assert_eq!(decimal(&exact(5, 100_000_000_000)), "0.0000000001");
    }

    #[test]
    fn a_target_has_one_spelling() {
        let spelt = |aim, parts: &[(&str, &str)]| {
            target(&Target {
                aim,
                parts: parts
                    .iter()
                    .map(|(part, value)| PartTarget {
                        part: key(part),
                        value: q(value),
                    })
                    .collect(),
            })
        };
        assert_eq!(spelt(Aim::Value(q("1.50")), &[]), "1.5");
        assert_eq!(
            spelt(Aim::Value(q("50")), &[("東", "30"), ("西", "20")]),
            "50;東=30;西=20"
        );
        let (value, tolerance) = (q("80"), q("5"));
        assert_eq!(spelt(Aim::Approximate { value, tolerance }, &[]), "80~5");
        let (lower, upper) = (q("-1"), q("2.5"));
        assert_eq!(spelt(Aim::Range { lower, upper }, &[]), "-1..2.5");
        let (due, end_state) = (day("2024-03-31"), EndState::Completed);
        assert_eq!(
            spelt(Aim::Done { due, end_state }, &[]),
            "COMPLETED@2024-03-31"
        );
        assert_eq!(spelt(Aim::RubricLevel(3), &[]), "LEVEL=3");
        assert_eq!(spelt(Aim::AllMembers, &[]), "ALL_MEMBERS");
        assert_eq!(spelt(Aim::Components, &[]), "COMPONENTS");
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        let quoted = |cell| {
            let mut line = String::new();
            push_quoted(&mut line, cell);
            line
        };
        for plain in ["", "R5/企画財政部/1-2", "{case}", "a;b=c", " x "] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("5\" pipe"), "\"5\"\" pipe\"");
        assert_eq!(quoted("a\nb"), "\"a\nb\"");
    }
}
