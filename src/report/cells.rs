//! Figures as cells: numbers that stay numbers, with the unit in the format that shows them.

use crate::domain::actual::Actual;
use crate::domain::evaluation::{
    AgainstTarget, Evaluation, EvaluationPolicy, Exact, Figure, Obstacle, display,
};
use crate::domain::indicator::{Comparator, Definition};
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, Target};
use crate::domain::text::{Language, visible};
use crate::domain::unit::{Dimension, Unit};
use crate::projection::wording;
use crate::report::book::Cell;
use crate::report::form::pick;

/// A text, or nothing.
pub fn text(text: impl Into<String>) -> Cell {
    let text: String = text.into();
    if text.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(text)
    }
}

/// A whole number.
pub fn count(number: u64) -> Cell {
    i64::try_from(number).map_or_else(
        |_| Cell::Text(number.to_string()),
        |number| Cell::Number(number.into()),
    )
}

/// A number of days.
pub fn days(number: u64, language: Language) -> Cell {
    let after = match language {
        Language::Ja => "日",
        Language::En => " days",
    };
    figure(&number.to_string(), "", after)
}

/// A decimal between two words, as a number; what is no decimal stays a text.
fn figure(number: &str, before: &str, after: &str) -> Cell {
    let Ok(value) = Quantity::parse(number) else {
        return Cell::Text(format!("{before}{number}{after}"));
    };
    let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    let mut format = quoted(before);
    format.push_str("#,##0");
    if 0 < digits {
        format.push('.');
        format.push_str(&"0".repeat(digits));
    }
    format.push_str(&quoted(after));
    Cell::Figure(value, format)
}

/// Words in a format of spreadsheets.
fn quoted(words: &str) -> String {
    match visible(words).replace('"', "") {
        words if words.is_empty() => words,
        words => format!("\"{words}\""),
    }
}

fn unit_words(unit: &Unit, language: Language) -> String {
    match (&unit.dimension, language) {
        (Dimension::Ratio, _) | (_, Language::Ja) => unit.display_ja.clone(),
        (_, Language::En) => format!(" {}", unit.display_en),
    }
}

/// A value in the unit of a definition, on the right side of `bounds` that it was judged by.
pub fn amount(value: &Exact, unit: &Unit, bounds: &[Exact], language: Language) -> Cell {
    let number = display::number(value, unit, bounds);
    figure(&number, "", &unit_words(unit, language))
}

/// A percentage such as `62.0%`, as a share.
fn percentage(shown: &str) -> Cell {
    let number = shown.trim_end_matches('%');
    let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    let share = Quantity::parse(number)
        .ok()
        .and_then(|percent| {
            percent
                .decimal()
                .checked_div(rust_decimal::Decimal::ONE_HUNDRED)
        })
        .and_then(|share| Quantity::parse(&share.normalize().to_string()).ok());
    let format = match digits {
        0 => "0%".to_owned(),
        digits => format!("0.{}%", "0".repeat(digits)),
    };
    share.map_or_else(
        || Cell::Text(shown.to_owned()),
        |share| Cell::Figure(share, format),
    )
}

/// A share as a percentage with two digits after the point; what is more is left out, so that 99.999 % never reads as the
/// whole.
pub fn share(decimal: &str) -> Cell {
    /// Digits of the share.
    const DIGITS: u32 = 4;
    Quantity::parse(decimal).map_or_else(
        |_| text(decimal),
        |share| {
            let cut = share.decimal().trunc_with_scale(DIGITS).normalize();
            Quantity::parse(&cut.to_string()).map_or_else(
                |_| text(decimal),
                |cut| Cell::Figure(cut, "0.0#%".to_owned()),
            )
        },
    )
}

/// 達成率, as people may read it.
pub fn attainment(
    evaluation: &Evaluation,
    against: Option<&AgainstTarget>,
    policy: &EvaluationPolicy,
    language: Language,
) -> Cell {
    let shown = against.map_or(Err(Obstacle::NoTarget), |against| {
        display::attainment(evaluation, against, policy)
    });
    match shown {
        Ok(shown) => percentage(&shown),
        Err(obstacle) => none(obstacle, language),
    }
}

/// 達成率 against the target in force in words, where there is one.
pub fn attainment_words(evaluation: &Evaluation, policy: &EvaluationPolicy) -> Option<String> {
    let against = evaluation.current.as_ref()?;
    display::attainment(evaluation, against, policy).ok()
}

/// Why there is no figure; a dash where nobody would look for one.
fn none(obstacle: Obstacle, language: Language) -> Cell {
    match obstacle {
        Obstacle::NotOfThisMeasure | Obstacle::Qualitative => Cell::Text("－".to_owned()),
        obstacle => Cell::Text(obstacle.label(language).to_owned()),
    }
}

/// What is aimed at: a number where it is one.
pub fn target(target: &Target, definition: &Definition, language: Language) -> Cell {
    if !target.parts.is_empty() {
        return Cell::Text(wording::target(target, definition, language));
    }
    let (value, about) = match target.aim {
        Aim::Value(value) => (value, false),
        Aim::Approximate { value, .. } => (value, true),
        Aim::AllMembers
        | Aim::Range { .. }
        | Aim::Done { .. }
        | Aim::RubricLevel(_)
        | Aim::Components => {
            return Cell::Text(wording::target(target, definition, language));
        }
    };
    let monthly =
        definition.per_month && !matches!(definition.unit.dimension, Dimension::PerMonth(_));
    let mut after = unit_words(&definition.unit, language);
    let mut before = String::new();
    match language {
        Language::Ja => {
            before.push_str(if monthly { "月" } else { "" });
            before.push_str(if about { "約" } else { "" });
            after.push_str(match definition.comparator {
                Comparator::Gt => "を上回る",
                Comparator::Le => "以下",
                Comparator::Lt => "未満",
                _ => "",
            });
        }
        Language::En => {
            before.push_str(if about { "about " } else { "" });
            before.push_str(match definition.comparator {
                Comparator::Gt => "more than ",
                Comparator::Le => "at most ",
                Comparator::Lt => "less than ",
                _ => "",
            });
            after.push_str(if monthly { " a month" } else { "" });
        }
    }
    figure(&value.to_string(), &before, &after)
}

/// What reports come to: a number where it is one.
pub fn actual(evaluation: &Evaluation, definition: &Definition, language: Language) -> Cell {
    let one_number = match &evaluation.actual {
        Actual::Number { parts, .. } => parts.is_empty(),
        Actual::Ratio { .. } => true,
        Actual::NoReport
        | Actual::Nil(_)
        | Actual::Months { .. }
        | Actual::Coverage { .. }
        | Actual::Members { .. }
        | Actual::Milestone { .. }
        | Actual::RubricLevel(_)
        | Actual::Composite => false,
    };
    match &evaluation.value {
        Ok(value) if one_number => {
            let bounds = display::judged_against(evaluation);
            amount(value, &definition.unit, &bounds, language)
        }
        _ => Cell::Text(wording::actual(&evaluation.actual, definition, language)),
    }
}

/// 着地見込み: the computed one, the section's where only that is there, or both in words.
pub fn forecast(evaluation: &Evaluation, definition: &Definition, language: Language) -> Cell {
    let bounds = display::judged_against(evaluation);
    let owner = evaluation.owner_forecast.as_ref();
    let of_owner = owner.and_then(|owner| owner.value.as_ref());
    let day = owner.and_then(|owner| owner.date);
    let words = |value: &Exact| display::amount(value, &definition.unit, &bounds, language);
    match (&evaluation.forecast, of_owner, day) {
        (Ok(computed), Some(expected), _) => {
            let (computed, expected) = (words(computed), words(expected));
            Cell::Text(match language {
                Language::Ja => format!("担当 {expected}\n算出 {computed}"),
                Language::En => format!("owner {expected}\ncomputed {computed}"),
            })
        }
        (Ok(computed), None, None) => amount(computed, &definition.unit, &bounds, language),
        (Err(_), Some(expected), _) => amount(expected, &definition.unit, &bounds, language),
        (_, None, Some(day)) => Cell::Day(day),
        (Err(obstacle), None, None) => none(*obstacle, language),
    }
}

/// A figure that is shown as a pace is.
pub fn pace(pace: &Figure, policy: &EvaluationPolicy, language: Language) -> Cell {
    match pace {
        Ok(value) => figure(&display::pace(value, policy), "", ""),
        Err(obstacle) => none(*obstacle, language),
    }
}

/// The two parts of a quotient, in words.
pub fn quotient_parts(evaluation: &Evaluation, language: Language) -> Option<String> {
    match &evaluation.actual {
        Actual::Ratio {
            numerator,
            denominator,
        } => {
            let words = pick(language, "分子／分母", "numerator/denominator");
            Some(format!("{words} {numerator}／{denominator}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{count as counted, q};

    #[test]
    fn a_number_keeps_its_unit_in_its_format() {
        let definition = counted();
        let aim = Target {
            aim: Aim::Value(q("1500")),
            parts: Vec::new(),
        };
        let unit = &definition.unit.display_ja;
        let shown = Cell::Figure(q("1500"), format!("#,##0\"{unit}\""));
        assert_eq!(target(&aim, &definition, Language::Ja), shown);
        let below = Definition {
            comparator: Comparator::Le,
            ..definition
        };
        let shown = Cell::Figure(q("1500"), format!("#,##0\"{}以下\"", below.unit.display_ja));
        assert_eq!(target(&aim, &below, Language::Ja), shown);
    }

    #[test]
    fn a_percentage_is_a_share_that_shows_as_it_was_rounded() {
        assert_eq!(
            percentage("99.9%"),
            Cell::Figure(q("0.999"), "0.0%".to_owned())
        );
        assert_eq!(percentage("62%"), Cell::Figure(q("0.62"), "0%".to_owned()));
        assert_eq!(percentage("?"), Cell::Text("?".to_owned()));
    }

    #[test]
    fn words_cannot_leave_the_format() {
        assert_eq!(quoted("a\"b"), "\"ab\"");
        assert_eq!(quoted(""), "");
    }
}
