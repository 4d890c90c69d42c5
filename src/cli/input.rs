//! Numbers and dates as people type them.

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::date::Date;
use crate::domain::era::{self, InvalidEraDate};
use crate::domain::quantity::{InvalidQuantity, Quantity};

/// Digits between two separators.
const GROUP: usize = 3;

/// A number, and how it was written where that differs from the plain form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Number {
    /// The number.
    pub value: Quantity,
    /// What was typed, if it had to be folded.
    pub folded_from: Option<String>,
}

/// Reads a number. Full width digits and separators of thousands are folded; nothing is guessed: a scale
/// such as 千, a unit or a percent sign makes it no number.
pub fn number(text: &str) -> Result<Number, InvalidQuantity> {
    let folded: String = text
        .trim()
        .nfkc()
        .map(|c| if c == '\u{2212}' { '-' } else { c })
        .collect();
    let plain = ungrouped(&folded).unwrap_or(folded);
    let value = Quantity::parse(&plain)?;
    Ok(Number {
        value,
        folded_from: (plain != text).then(|| text.to_owned()),
    })
}

/// Takes the separators out of `7,945.5` where each stands before three digits.
fn ungrouped(text: &str) -> Option<String> {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(w, f)| (w, Some(f)));
    let mut groups = whole.split(',');
    let first = groups.next()?.trim_start_matches('-');
    let rest: Vec<&str> = groups.collect();
    let grouped = !rest.is_empty()
        && (1..=GROUP).contains(&first.len())
        && rest.iter().all(|group| group.len() == GROUP);
    grouped.then(|| {
        let digits = whole.replace(',', "");
        fraction.map_or(digits.clone(), |fraction| format!("{digits}.{fraction}"))
    })
}

/// Numerator and denominator of `5430/9980`.
pub fn ratio(text: &str) -> Option<(&str, &str)> {
    let (numerator, denominator) = text.split_once(['/', '／', '\u{2044}', '∕'])?;
    Some((numerator.trim(), denominator.trim()))
}

/// Reads a date in any of the forms that people write, for clap.
pub fn date(text: &str) -> Result<Date, InvalidEraDate> {
    era::parse_date(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_separators_are_folded_and_said_so() {
        let read = |text| number(text).map(|number| (number.value.to_string(), number.folded_from));
        assert_eq!(read("12"), Ok(("12".into(), None)));
        assert_eq!(
            read("７，９４５"),
            Ok(("7945".into(), Some("７，９４５".into())))
        );
        assert_eq!(
            read("-1,234,567.50"),
            Ok(("-1234567.5".into(), Some("-1,234,567.50".into())))
        );
        assert_eq!(read("−3"), Ok(("-3".into(), Some("−3".into()))));
    }

    #[test]
    fn nothing_is_guessed() {
        for text in [
            "7千",
            "７，９４５千人",
            "約80",
            "80%",
            "1,5",
            "12,34",
            "1,2345",
            ",123",
            "N/A",
            "",
            "1e3",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_ratio_has_two_parts() {
        assert_eq!(ratio("5,430 ／ 9,980"), Some(("5,430", "9,980")));
        assert_eq!(ratio("54.4"), None);
    }

    #[test]
    fn one_day_has_many_spellings() {
        for text in [
            "2023-09-30",
            "2023/9/30",
            "令和5年9月30日",
            "R5.9.30",
            "Ｒ５．９．３０",
            "２０２３年９月３０日",
        ] {
            assert_eq!(
                date(text).map(|date| date.to_string()),
                Ok("2023-09-30".to_owned()),
                "{text}"
            );
        }
        assert!(date("2023-02-30").is_err());
        assert!(
            date("平成31年5月1日").is_err_and(|error| error.to_string().contains("令和元年5月1日"))
        );
    }
}
