//! What a spreadsheet checks while somebody types, with what it then says.

use rust_xlsxwriter::{DataValidation, DataValidationRule, ExcelDateTime, XlsxError};

use super::{Input, LINE_CHARS_MAX};
use crate::domain::date::Date;
use crate::domain::quantity::Quantity;
use crate::domain::text::visible;

/// Beyond this a spreadsheet keeps no whole number exactly, and no quantity goes.
const NUMBER_MAX: f64 = 999_999_999_999_999.0;
/// What is said where a list's cell holds something else.
const CHOOSE: &str = "選択してください";
const FROM_LIST: &str = "一覧から選ぶか、空のままにしてください。";

pub(super) fn moment(day: Date) -> Result<ExcelDateTime, XlsxError> {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(day.year()).unwrap_or_default();
    ExcelDateTime::from_ymd(year, part(day.month()), part(day.day()))
}

/// What a spreadsheet checks while somebody types; `None`: nothing.
pub(super) fn validation(input: &Input) -> Result<Option<DataValidation>, XlsxError> {
    let rule = DataValidation::new();
    let (rule, title, message) = match input {
        Input::Free => return Ok(None),
        Input::Choice(choices) => (
            rule.allow_list_strings(choices)?,
            CHOOSE,
            FROM_LIST.to_owned(),
        ),
        Input::OneOf(choices) => {
            let choices = offered(choices);
            if choices.is_empty() {
                return Ok(None);
            }
            (
                rule.allow_list_strings(&choices)?,
                CHOOSE,
                FROM_LIST.to_owned(),
            )
        }
        Input::Number { min, max, decimals } => {
            let bound = |bound: &Option<Quantity>, none: f64| {
                let bound = bound.map(|bound| bound.to_string().parse::<f64>());
                bound.and_then(Result::ok).unwrap_or(none)
            };
            let (least, most) = (bound(min, -NUMBER_MAX), bound(max, NUMBER_MAX));
            let within = match (min, max) {
                (Some(min), Some(max)) => format!("{min}以上{max}以下の"),
                (Some(min), None) => format!("{min}以上の"),
                (None, Some(max)) => format!("{max}以下の"),
                (None, None) => String::new(),
            };
            let whole = |bound: f64| format!("{bound:.0}").parse::<i32>().ok();
            // A spreadsheet's rule for whole numbers takes bounds of 32 bits; beyond them the ledger judges.
            let (kind, rule) = match (decimals, whole(least.ceil()), whole(most.floor())) {
                (0, Some(least), Some(most)) => (
                    "整数",
                    rule.allow_whole_number(DataValidationRule::Between(least, most)),
                ),
                (0, Some(least), None) => (
                    "整数",
                    rule.allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(least)),
                ),
                (0, ..) => (
                    "整数",
                    rule.allow_decimal_number(DataValidationRule::Between(least, most)),
                ),
                _ => (
                    "数",
                    rule.allow_decimal_number(DataValidationRule::Between(least, most)),
                ),
            };
            let message = format!(
                "{within}{kind}だけを入力してください。単位や「約」は付けず、ないときは「実績なし」の欄を選びます。"
            );
            (rule, "数だけを入力してください", message)
        }
        Input::Day(days) => {
            let (first, last) = (days.first(), days.last());
            let rule = rule.allow_date(DataValidationRule::Between(moment(first)?, moment(last)?));
            (
                rule,
                "日付を確かめてください",
                format!("{first} から {last} までの日付を入力してください。"),
            )
        }
    };
    Ok(Some(
        rule.set_error_title(title)?.set_error_message(&message)?,
    ))
}

/// Choices that a spreadsheet keeps in a list.
fn offered(choices: &[String]) -> Vec<String> {
    let plain = |choice: &String| visible(choice).replace(',', "、");
    let whole: Vec<String> = choices.iter().map(plain).collect();
    let chars = |choices: &[String]| -> usize {
        choices
            .iter()
            .map(|choice| choice.encode_utf16().count() + 1)
            .sum()
    };
    if chars(&whole) <= LINE_CHARS_MAX {
        return whole;
    }
    let first = |choice: &String| {
        let short = choice.split([':', '：']).next().unwrap_or_default();
        short.trim().to_owned()
    };
    let short: Vec<String> = whole.iter().map(first).collect();
    if chars(&short) <= LINE_CHARS_MAX {
        short
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_offers_what_stands_before_the_colons() {
        let short = vec!["1: 低い".to_owned(), "2: 高い, とても".to_owned()];
        assert_eq!(offered(&short), ["1: 低い", "2: 高い、 とても"]);
        let long: Vec<String> = (1..=3)
            .map(|n| format!("{n}: {}", "長".repeat(100)))
            .collect();
        assert_eq!(offered(&long), ["1", "2", "3"]);
    }
}
