//! Japanese eras: dates as the plan writes them, `令和5年9月30日` or `R5.9.30`.
//!
//! The ledger keeps ISO dates; an era is only a way to read and to print one.

use std::fmt;

use jiff::civil::date;
use unicode_normalization::UnicodeNormalization;

use crate::domain::date::{Date, DateSpan};

/// An era of the modern calendar.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Era {
    /// 明治, until 29 July 1912.
    Meiji,
    /// 大正, from 30 July 1912.
    Taisho,
    /// 昭和, from 25 December 1926.
    Showa,
    /// 平成, from 8 January 1989.
    Heisei,
    /// 令和, from 1 May 2019.
    Reiwa,
}

/// The text is not a date that the calendar and the eras have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidEraDate {
    /// In none of the forms that are read.
    #[error(
        "not a date in a form such as `令和5年9月30日`, `R5.9.30`, `2023-09-30` or `2023/9/30`"
    )]
    NotADate,
    /// A day that the calendar does not have, or before 1900 or after 2199.
    #[error("no such day between 1900-01-01 and 2199-12-31")]
    NoSuchDay,
    /// The first year of an era is 元年; there is no year 0.
    #[error("{}0年 does not exist: the first year is {}元年", era.name_ja(), era.name_ja())]
    YearZero {
        /// The era that was written.
        era: Era,
    },
    /// The era had not begun or was over on that day.
    #[error("not in the era {}: that day is {}", era.name_ja(), offered)]
    OutsideEra {
        /// The era that was written.
        era: Era,
        /// The same day in the era that it belongs to.
        offered: EraDate,
    },
}

/// A civil date with its era, printed as `令和5年9月30日`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EraDate(Date);

impl Era {
    /// All eras, oldest first.
    pub const ALL: [Self; 5] = [
        Self::Meiji,
        Self::Taisho,
        Self::Showa,
        Self::Heisei,
        Self::Reiwa,
    ];

    /// The name in Japanese.
    pub const fn name_ja(self) -> &'static str {
        match self {
            Self::Meiji => "明治",
            Self::Taisho => "大正",
            Self::Showa => "昭和",
            Self::Heisei => "平成",
            Self::Reiwa => "令和",
        }
    }

    /// The letter that stands for the era in short dates.
    pub const fn letter(self) -> char {
        match self {
            Self::Meiji => 'M',
            Self::Taisho => 'T',
            Self::Showa => 'S',
            Self::Heisei => 'H',
            Self::Reiwa => 'R',
        }
    }

    /// The first day. A day on which one era ended and the next began belongs to the next.
    pub const fn first_day(self) -> Date {
        match self {
            Self::Meiji => date(1868, 1, 25),
            Self::Taisho => date(1912, 7, 30),
            Self::Showa => date(1926, 12, 25),
            Self::Heisei => date(1989, 1, 8),
            Self::Reiwa => date(2019, 5, 1),
        }
    }

    /// The era of a day, or `None` before Meiji.
    pub fn of(day: Date) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|era| era.first_day() <= day)
    }

    /// The calendar year of the era's year `year`, which counts from 1.
    pub fn calendar_year(self, year: i16) -> i16 {
        self.first_day().year() + year - 1
    }

    /// The era's year of a calendar year, from 1.
    pub fn year_of(self, calendar_year: i16) -> i16 {
        calendar_year - self.first_day().year() + 1
    }

    /// The days that are both in this era and in the calendar year of its year `year`.
    pub fn days_of_year(self, year: i16) -> Option<DateSpan> {
        let calendar = self.calendar_year(year);
        let next = Self::ALL.into_iter().find(|era| self < *era);
        let last_of_era = next.and_then(|era| era.first_day().yesterday().ok());
        let first = Date::new(calendar, 1, 1).ok()?.max(self.first_day());
        let last = Date::new(calendar, 12, 31).ok()?;
        DateSpan::new(first, last_of_era.map_or(last, |day| day.min(last))).ok()
    }

    /// Takes an era's name or letter off the front of an NFKC text.
    pub(crate) fn strip(text: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|era| {
            let letter = [era.letter(), era.letter().to_ascii_lowercase()];
            text.strip_prefix(era.name_ja())
                .or_else(|| text.strip_prefix(letter))
                .map(|rest| (era, rest))
        })
    }

    /// Prints the era's year of a calendar year: `令和5年`, and `令和元年` for the first.
    pub(crate) fn label_of_year(self, calendar_year: i16) -> String {
        match self.year_of(calendar_year) {
            1 => format!("{}元年", self.name_ja()),
            year => format!("{}{year}年", self.name_ja()),
        }
    }
}

impl EraDate {
    /// A date to be printed with its era.
    pub const fn new(day: Date) -> Self {
        Self(day)
    }

    /// Reads `令和5年9月30日`, `令和元年5月1日`, `R5.9.30`, `2023年9月30日`, `2023-09-30` or `2023/9/30`, in
    /// full or half width.
    pub fn parse(text: &str) -> Result<Self, InvalidEraDate> {
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let (era, rest) = match Era::strip(&folded) {
            Some((era, rest)) => (Some(era), rest),
            None => (None, folded.as_str()),
        };
        let (year, month, day) = parts(rest).ok_or(InvalidEraDate::NotADate)?;
        let year = match (year, era) {
            ("元", Some(_)) => 1,
            (digits, _) => {
                number(digits, if era.is_some() { 3 } else { 4 }).ok_or(InvalidEraDate::NotADate)?
            }
        };
        let calendar_year = match era {
            Some(era) if year == 0 => return Err(InvalidEraDate::YearZero { era }),
            Some(era) => era.calendar_year(year),
            None if year < 1000 => return Err(InvalidEraDate::NotADate),
            None => year,
        };
        let month = number(month, 2).ok_or(InvalidEraDate::NotADate)?;
        let day = number(day, 2).ok_or(InvalidEraDate::NotADate)?;
        let found = i8::try_from(month)
            .ok()
            .zip(i8::try_from(day).ok())
            .and_then(|(month, day)| Date::new(calendar_year, month, day).ok())
            .filter(|found| (1900..=2199).contains(&found.year()))
            .ok_or(InvalidEraDate::NoSuchDay)?;
        match era {
            Some(era) if Era::of(found) != Some(era) => Err(InvalidEraDate::OutsideEra {
                era,
                offered: Self(found),
            }),
            _ => Ok(Self(found)),
        }
    }

    /// The date itself.
    pub const fn date(self) -> Date {
        self.0
    }
}

/// Reads a date in any of the forms of [`EraDate::parse`].
pub fn parse_date(text: &str) -> Result<Date, InvalidEraDate> {
    EraDate::parse(text).map(EraDate::date)
}

/// Splits year, month and day, written with 年月日 or with one of `-`, `/` and `.` twice.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    if let Some((year, rest)) = text.split_once('年') {
        let (month, rest) = rest.split_once('月')?;
        return Some((year, month, rest.strip_suffix('日')?));
    }
    ['-', '/', '.'].into_iter().find_map(|separator| {
        let (year, rest) = text.split_once(separator)?;
        let (month, day) = rest.split_once(separator)?;
        Some((year, month, day))
    })
}

/// Reads at most `digits_max` ASCII digits.
fn number(text: &str, digits_max: usize) -> Option<i16> {
    let plain = text.len() <= digits_max && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for EraDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Era::of(self.0) {
            Some(era) => f.write_str(&era.label_of_year(self.0.year()))?,
            None => write!(f, "{}年", self.0.year())?,
        }
        write!(f, "{}月{}日", self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse_date(text) {
            Ok(day) => format!("{day} {}", EraDate::new(day)),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn one_day_has_many_spellings() {
        let spellings = [
            "令和5年9月30日",
            "令和５年９月３０日",
            "R5.9.30",
            "r5/9/30",
            "Ｒ５．９．３０",
            "2023-09-30",
            "2023/9/30",
            "２０２３／９／３０",
            "2023年9月30日",
            "㋿5年9月30日",
            " 令和 5年 9月30日 ",
            "2023.9.30",
        ];
        for text in spellings {
            assert_eq!(read(text), "2023-09-30 令和5年9月30日", "{text}");
        }
    }

    #[test]
    fn eras_change_on_their_first_day() {
        assert_eq!(read("平成31年4月30日"), "2019-04-30 平成31年4月30日");
        assert_eq!(read("令和元年5月1日"), "2019-05-01 令和元年5月1日");
        assert_eq!(read("令和1年5月1日"), "2019-05-01 令和元年5月1日");
        assert_eq!(read("昭和64年1月7日"), "1989-01-07 昭和64年1月7日");
        assert_eq!(read("平成元年1月8日"), "1989-01-08 平成元年1月8日");
        assert_eq!(read("大正15年12月24日"), "1926-12-24 大正15年12月24日");
        assert_eq!(read("昭和元年12月25日"), "1926-12-25 昭和元年12月25日");
        assert_eq!(read("明治45年7月29日"), "1912-07-29 明治45年7月29日");
        assert_eq!(read("大正元年7月30日"), "1912-07-30 大正元年7月30日");
    }

    #[test]
    fn a_day_outside_its_era_is_refused_with_the_right_one() {
        assert_eq!(
            read("平成31年5月1日"),
            "not in the era 平成: that day is 令和元年5月1日"
        );
        assert_eq!(
            read("令和元年4月30日"),
            "not in the era 令和: that day is 平成31年4月30日"
        );
        assert_eq!(
            read("H35.9.30"),
            "not in the era 平成: that day is 令和5年9月30日"
        );
        assert_eq!(
            read("令和0年1月1日"),
            "令和0年 does not exist: the first year is 令和元年"
        );
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2023-02-30",
            "令和5年2月29日",
            "令和5年13月1日",
            "2023-00-10",
            "1899-12-31",
            "2200-01-01",
        ] {
            assert_eq!(parse_date(text), Err(InvalidEraDate::NoSuchDay), "{text}");
        }
        for text in [
            "",
            "昨日",
            "5年9月30日",
            "元年5月1日",
            "23-9-30",
            "2023-9",
            "令和五年九月三十日",
            "R5.9.30.1",
            "令和-5年9月30日",
        ] {
            assert_eq!(parse_date(text), Err(InvalidEraDate::NotADate), "{text}");
        }
        assert_eq!(read("令和6年2月29日"), "2024-02-29 令和6年2月29日");
    }
}
