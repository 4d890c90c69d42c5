//! Numbers, actuals and targets in words.

use std::str::FromStr as _;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::api::v1;
use crate::cli::label;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;

/// Digits after the point of a quotient.
const QUOTIENT_DIGITS: u32 = 2;
/// Digits between two separators.
const GROUP: usize = 3;

/// A decimal with separators of thousands: `7,945.5`.
pub fn grouped(number: &str) -> String {
    let (sign, digits) = number
        .strip_prefix('-')
        .map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(w, f)| (w, f));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return terminal::line(number);
    }
    let mut text = String::from(sign);
    for (index, digit) in whole.char_indices() {
        if 0 < index && (whole.len() - index).is_multiple_of(GROUP) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(&terminal::line(fraction));
    }
    text
}

/// A decimal with its unit: `7,945千人`, `7,945 thousand people`.
pub fn with_unit(language: Language, number: &str, unit: Option<&v1::Unit>) -> String {
    let number = grouped(number);
    let Some(unit) = unit else { return number };
    let label = terminal::line(pick(language, &unit.display_ja, &unit.display_en));
    match language {
        Language::En if !label.is_empty() && label != "%" => format!("{number} {label}"),
        _ => format!("{number}{label}"),
    }
}

/// What a measurement says.
pub fn measurement(
    language: Language,
    measurement: Option<&v1::Measurement>,
    definition: Option<&v1::Definition>,
) -> String {
    use v1::measurement::Kind;
    let unit = definition.and_then(|definition| definition.unit.as_ref());
    match measurement.and_then(|measurement| measurement.kind.as_ref()) {
        None => String::new(),
        Some(Kind::Increment(value)) => {
            let sign = if value.starts_with('-') { "" } else { "+" };
            format!("{sign}{}", with_unit(language, value, unit))
        }
        Some(Kind::Level(value)) => with_unit(language, value, unit),
        Some(Kind::Ratio(ratio)) => {
            quotient(language, &ratio.numerator, &ratio.denominator, definition)
        }
        Some(Kind::Member(member)) => format!(
            "{}: {}",
            member_name(language, &member.member, definition),
            label::member_state(language, member.state())
        ),
        Some(Kind::MemberValue(member)) => format!(
            "{}: {}",
            member_name(language, &member.member, definition),
            with_unit(language, &member.value, unit)
        ),
        Some(Kind::Milestone(milestone)) => {
            let state = label::milestone_state(language, milestone.state());
            match &milestone.checkpoint {
                Some(key) => format!("{}: {state}", checkpoint_name(language, key, definition)),
                None => state.to_owned(),
            }
        }
        Some(Kind::RubricLevel(level)) => rubric_level(language, *level, definition),
        Some(Kind::Nil(cause)) => nil(language, *cause),
    }
}

/// What reports come to.
pub fn actual(
    language: Language,
    actual: Option<&v1::Actual>,
    definition: Option<&v1::Definition>,
) -> String {
    use v1::actual::Kind;
    let unit = definition.and_then(|definition| definition.unit.as_ref());
    match actual.and_then(|actual| actual.kind.as_ref()) {
        None | Some(Kind::NoReport(_)) => pick(language, "未報告", "no report").to_owned(),
        Some(Kind::Nil(cause)) => nil(language, *cause),
        Some(Kind::Number(number)) => {
            let parts: Vec<String> = number
                .parts
                .iter()
                .map(|part| {
                    let name = part_name(language, &part.key, definition);
                    format!("{name} {}", grouped(&part.value))
                })
                .collect();
            let whole = with_unit(language, &number.value, unit);
            if parts.is_empty() {
                whole
            } else {
                format!("{whole} ({})", parts.join(", "))
            }
        }
        Some(Kind::Ratio(ratio)) => {
            quotient(language, &ratio.numerator, &ratio.denominator, definition)
        }
        Some(Kind::Months(months)) => months_in_words(language, months, unit),
        Some(Kind::Coverage(coverage)) => format!("{}/{}", coverage.done.len(), coverage.in_set),
        Some(Kind::Members(members)) => {
            let (reported, in_set) = (members.values.len(), members.in_set);
            let mut values: Vec<&str> = members.values.iter().map(|v| v.value.as_str()).collect();
            values.sort_by_key(|value| Decimal::from_str(value).unwrap_or_default());
            let span = match (values.first(), values.last()) {
                (Some(least), Some(most)) => {
                    format!("{}〜{}", grouped(least), with_unit(language, most, unit))
                }
                _ => "-".to_owned(),
            };
            pick(
                language,
                format!("{span}（{in_set}対象中{reported}が報告）"),
                format!("{span} ({reported} of {in_set} reported)"),
            )
        }
        Some(Kind::Milestone(milestone)) => {
            let state = label::milestone_state(language, milestone.state());
            let reached = milestone
                .checkpoints
                .iter()
                .filter(|checkpoint| checkpoint.state() == v1::MilestoneState::Completed)
                .count();
            let planned = definition.map_or(0, |definition| definition.checkpoints.len());
            let mut text = state.to_owned();
            if !milestone.since.is_empty() {
                text.push_str(&format!(" ({})", terminal::line(&milestone.since)));
            }
            if 0 < planned {
                text.push_str(&pick(
                    language,
                    format!(" 工程 {reached}/{planned}"),
                    format!(" checkpoints {reached}/{planned}"),
                ));
            }
            text
        }
        Some(Kind::RubricLevel(level)) => rubric_level(language, *level, definition),
        Some(Kind::Composite(_)) => {
            pick(language, "構成指標による", "by its components").to_owned()
        }
    }
}

/// What is aimed at.
pub fn target(
    language: Language,
    target: Option<&v1::Target>,
    definition: Option<&v1::Definition>,
) -> String {
    let Some(target) = target else {
        return pick(language, "目標なし", "no target").to_owned();
    };
    let parts: Vec<String> = target
        .parts
        .iter()
        .map(|part| {
            format!(
                "{} {}",
                part_name(language, &part.part, definition),
                grouped(&part.value)
            )
        })
        .collect();
    let aim = aim(language, target, definition);
    if parts.is_empty() {
        aim
    } else {
        format!("{aim} ({})", parts.join(", "))
    }
}

fn aim(language: Language, target: &v1::Target, definition: Option<&v1::Definition>) -> String {
    use v1::target::Aim;
    let unit = definition.and_then(|definition| definition.unit.as_ref());
    match &target.aim {
        None => "?".to_owned(),
        Some(Aim::Value(value)) => {
            let per_month = definition.is_some_and(|definition| definition.per_month);
            let unit_is_monthly = unit.is_some_and(|unit| unit.per_month);
            let mut value = with_unit(language, value, unit);
            if per_month && !unit_is_monthly {
                value = pick(language, format!("月{value}"), format!("{value} per month"));
            }
            compared(language, &value, definition.map(v1::Definition::comparator))
        }
        Some(Aim::AllMembers(_)) => {
            let members = definition.map_or(0, |definition| definition.members.len());
            match members {
                0 => pick(language, "全対象", "every member").to_owned(),
                n => pick(language, format!("全{n}対象"), format!("all {n} members")),
            }
        }
        Some(Aim::Range(range)) => {
            let (lower, upper) = (
                grouped(&range.lower),
                with_unit(language, &range.upper, unit),
            );
            pick(
                language,
                format!("{lower}〜{upper}"),
                format!("{lower} to {upper}"),
            )
        }
        Some(Aim::Approximate(about)) => {
            let value = with_unit(language, &about.value, unit);
            let tolerance = with_unit(language, &about.tolerance, unit);
            pick(
                language,
                format!("約{value} (許容 −{tolerance})"),
                format!("about {value} (down to -{tolerance})"),
            )
        }
        Some(Aim::Done(done)) => {
            let due = terminal::line(&done.due);
            let state = label::end_state(language, done.end_state());
            pick(
                language,
                format!("{due}までに{state}"),
                format!("{state} by {due}"),
            )
        }
        Some(Aim::RubricLevel(level)) => {
            let level = rubric_level(language, *level, definition);
            pick(
                language,
                format!("{level}以上"),
                format!("at least {level}"),
            )
        }
        Some(Aim::Components(_)) => {
            pick(language, "構成指標による", "by its components").to_owned()
        }
    }
}

fn compared(language: Language, value: &str, comparator: Option<v1::Comparator>) -> String {
    match (comparator, language) {
        (Some(v1::Comparator::Ge), Language::Ja) => format!("{value}以上"),
        (Some(v1::Comparator::Ge), Language::En) => format!("at least {value}"),
        (Some(v1::Comparator::Gt), Language::Ja) => format!("{value}を上回る"),
        (Some(v1::Comparator::Gt), Language::En) => format!("more than {value}"),
        (Some(v1::Comparator::Le), Language::Ja) => format!("{value}以下"),
        (Some(v1::Comparator::Le), Language::En) => format!("at most {value}"),
        (Some(v1::Comparator::Lt), Language::Ja) => format!("{value}未満"),
        (Some(v1::Comparator::Lt), Language::En) => format!("less than {value}"),
        _ => value.to_owned(),
    }
}

/// A share or mean with its two parts, for a quotient alone hides what it is of.
fn quotient(
    language: Language,
    numerator: &str,
    denominator: &str,
    definition: Option<&v1::Definition>,
) -> String {
    let parts = format!("{}/{}", grouped(numerator), grouped(denominator));
    let is_share =
        definition.is_none_or(|definition| definition.measure_type() == v1::MeasureType::Ratio);
    let quotient = numerator
        .parse::<Decimal>()
        .ok()
        .zip(denominator.parse::<Decimal>().ok())
        .and_then(|(numerator, denominator)| numerator.checked_div(denominator))
        .and_then(|quotient| {
            if is_share {
                quotient.checked_mul(Decimal::ONE_HUNDRED)
            } else {
                Some(quotient)
            }
        });
    let Some(quotient) = quotient else {
        return parts;
    };
    let rounded =
        quotient.round_dp_with_strategy(QUOTIENT_DIGITS, RoundingStrategy::MidpointAwayFromZero);
    // Rounding is said: 98.996 % is not 99 %.
    let sign = if rounded == quotient { "=" } else { "≒" };
    let rounded = rounded.normalize().to_string();
    let shown = if is_share {
        format!("{}%", grouped(&rounded))
    } else {
        with_unit(
            language,
            &rounded,
            definition.and_then(|definition| definition.unit.as_ref()),
        )
    };
    format!("{parts} {sign} {shown}")
}

fn months_in_words(
    language: Language,
    months: &v1::actual::Months,
    unit: Option<&v1::Unit>,
) -> String {
    let each: Vec<String> = months
        .months
        .iter()
        .map(|month| {
            let name = month
                .first_day
                .get(5..7)
                .unwrap_or("?")
                .trim_start_matches('0');
            format!(
                "{}{}",
                pick(language, format!("{name}月 "), format!("{name}: ")),
                grouped(&month.value)
            )
        })
        .collect();
    let total = with_unit(language, &months.total, unit);
    let mut text = pick(language, format!("計 {total}"), format!("total {total}"));
    if let Some(mean) = mean(months) {
        text.push_str(&pick(
            language,
            format!("・月平均 {mean}"),
            format!(", mean {mean} a month"),
        ));
    }
    if !each.is_empty() {
        text.push_str(&format!(" ({})", each.join(", ")));
    }
    text
}

/// The mean over the complete months that were reported on, marked where digits were dropped.
fn mean(months: &v1::actual::Months) -> Option<String> {
    let total: Decimal = months.complete_total.parse().ok()?;
    let exact = total.checked_div(Decimal::from(months.complete_months))?;
    let rounded =
        exact.round_dp_with_strategy(QUOTIENT_DIGITS, RoundingStrategy::MidpointAwayFromZero);
    let sign = if rounded == exact { "" } else { "≒" };
    Some(format!(
        "{sign}{}",
        grouped(&rounded.normalize().to_string())
    ))
}

fn nil(language: Language, cause: i32) -> String {
    let cause = v1::NilCause::try_from(cause).unwrap_or_default();
    let label = label::nil_cause(language, cause);
    pick(
        language,
        format!("実績なし（{label}）"),
        format!("nothing ({label})"),
    )
}

fn rubric_level(language: Language, level: u32, definition: Option<&v1::Definition>) -> String {
    let named = definition
        .and_then(|definition| definition.rubric.as_ref())
        .and_then(|rubric| {
            rubric
                .levels
                .get(usize::try_from(level).ok()?.checked_sub(1)?)
        })
        .map(|title| in_language(language, Some(title)));
    match named {
        Some(name) => pick(
            language,
            format!("段階{level}「{name}」"),
            format!("level {level} ({name})"),
        ),
        None => pick(language, format!("段階{level}"), format!("level {level}")),
    }
}

fn in_language(language: Language, title: Option<&v1::Title>) -> String {
    let Some(title) = title else {
        return String::new();
    };
    match (language, &title.en) {
        (Language::En, Some(en)) => terminal::line(en),
        _ => terminal::line(&title.ja),
    }
}

fn named<'a>(
    language: Language,
    key: &str,
    mut labels: impl Iterator<Item = (&'a str, Option<&'a v1::Title>)>,
) -> String {
    labels
        .find(|(candidate, _)| *candidate == key)
        .map(|(_, title)| in_language(language, title))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| terminal::line(key))
}

/// What a part is called.
pub fn part_name(language: Language, key: &str, definition: Option<&v1::Definition>) -> String {
    let parts = definition
        .map(|definition| definition.parts.as_slice())
        .unwrap_or_default();
    named(
        language,
        key,
        parts
            .iter()
            .map(|part| (part.key.as_str(), part.label.as_ref())),
    )
}

fn member_name(language: Language, key: &str, definition: Option<&v1::Definition>) -> String {
    let members = definition
        .map(|definition| definition.members.as_slice())
        .unwrap_or_default();
    named(
        language,
        key,
        members
            .iter()
            .map(|member| (member.key.as_str(), member.label.as_ref())),
    )
}

fn checkpoint_name(language: Language, key: &str, definition: Option<&v1::Definition>) -> String {
    let steps = definition
        .map(|definition| definition.checkpoints.as_slice())
        .unwrap_or_default();
    named(
        language,
        key,
        steps
            .iter()
            .map(|step| (step.key.as_str(), step.label.as_ref())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        for (plain, shown) in [
            ("7945", "7,945"),
            ("-1234567.5", "-1,234,567.5"),
            ("999", "999"),
            ("0.25", "0.25"),
        ] {
            assert_eq!(grouped(plain), shown);
        }
    }

    #[test]
    fn a_quotient_says_whether_it_is_exact() {
        let share = v1::Definition {
            measure_type: v1::MeasureType::Ratio.into(),
            ..v1::Definition::default()
        };
        let shown = |n, d| quotient(Language::Ja, n, d, Some(&share));
        assert_eq!(shown("5430", "9980"), "5,430/9,980 ≒ 54.41%");
        assert_eq!(shown("1", "4"), "1/4 = 25%");
        assert_eq!(shown("98996", "100000"), "98,996/100,000 ≒ 99%");
    }
}
