//! The Japanese fiscal year (年度): 1 April to 31 March.

use std::fmt;

use jiff::civil::date;
use unicode_normalization::UnicodeNormalization;

use crate::domain::date::{Date, DateSpan};
use crate::domain::era::Era;

/// A fiscal year, named by the calendar year it begins in: 2023 is 令和5年度.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FiscalYear(i16);

/// The text is not a fiscal year.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidFiscalYear {
    /// In none of the forms that are read, or not from 1900 to 2198.
    #[error("not a fiscal year in a form such as `令和5年度`, `R5` or `2023`, from 1900 to 2198")]
    NotAYear,
    /// The first year of an era is 元年; there is no year 0.
    #[error("{}0年度 does not exist: the first year is {}元年度", era.name_ja(), era.name_ja())]
    YearZero {
        /// The era that was written.
        era: Era,
    },
    /// No day of that year was in the era.
    #[error("not in the era {}: that year is {}", era.name_ja(), offered)]
    OutsideEra {
        /// The era that was written.
        era: Era,
        /// The same year in the era that it belongs to.
        offered: FiscalYear,
    },
}

impl FiscalYear {
    /// The earliest fiscal year that a plan may have.
    pub const FIRST: i16 = 1900;
    /// The latest: its last day is still a date of this crate.
    pub const LAST: i16 = 2198;

    /// The fiscal year that begins on 1 April of `year`, from [`Self::FIRST`] to [`Self::LAST`].
    pub fn new(year: i16) -> Result<Self, InvalidFiscalYear> {
        if (Self::FIRST..=Self::LAST).contains(&year) {
            Ok(Self(year))
        } else {
            Err(InvalidFiscalYear::NotAYear)
        }
    }

    /// The fiscal year that a day belongs to: February 2024 belongs to 令和5年度.
    pub fn of(day: Date) -> Result<Self, InvalidFiscalYear> {
        Self::new(if day.month() < 4 {
            day.year() - 1
        } else {
            day.year()
        })
    }

    /// Reads `令和5年度`, `令和5`, `R5`, `2023`, `2023年度` or `FY2023`, in full or half width.
    ///
    /// A year in which the era changed has both names: 平成31年度 is 令和元年度.
    pub fn parse(text: &str) -> Result<Self, InvalidFiscalYear> {
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let bare = folded
            .strip_suffix("年度")
            .or_else(|| folded.strip_suffix('年'))
            .unwrap_or(&folded);
        let Some((era, digits)) = Era::strip(bare) else {
            let digits = bare.strip_prefix("FY").unwrap_or(bare);
            let plain = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
            let year = if plain { digits.parse().ok() } else { None };
            return Self::new(year.ok_or(InvalidFiscalYear::NotAYear)?);
        };
        let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let year: i16 = match digits {
            "元" => 1,
            _ if plain => digits.parse().map_err(|_| InvalidFiscalYear::NotAYear)?,
            _ => return Err(InvalidFiscalYear::NotAYear),
        };
        if year == 0 {
            return Err(InvalidFiscalYear::YearZero { era });
        }
        let found = Self::new(era.calendar_year(year))?;
        match era.days_of_year(year) {
            Some(_) => Ok(found),
            None => Err(InvalidFiscalYear::OutsideEra {
                era,
                offered: found,
            }),
        }
    }

    /// The calendar year it begins in.
    pub const fn year(self) -> i16 {
        self.0
    }

    /// 1 April.
    pub const fn first_day(self) -> Date {
        date(self.0, 4, 1)
    }

    /// 31 March of the next calendar year.
    pub const fn last_day(self) -> Date {
        date(self.0 + 1, 3, 31)
    }

    /// 30 September, the day of the mid-year evaluation.
    pub const fn midyear_day(self) -> Date {
        date(self.0, 9, 30)
    }

    /// 31 May of the next calendar year, when a general account's receipts of the year close.
    pub const fn settlement_day(self) -> Date {
        date(self.0 + 1, 5, 31)
    }

    /// All its days: 366 where it holds a 29 February, otherwise 365.
    pub fn span(self) -> DateSpan {
        // The first day is before the last in every year, so the span is never refused.
        DateSpan::new(self.first_day(), self.last_day())
            .unwrap_or_else(|_| DateSpan::day(self.first_day()))
    }

    /// The fiscal year before, unless this is the earliest.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1).ok()
    }

    /// The fiscal year after, unless this is the latest.
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1).ok()
    }

    /// The name in Japanese: `令和5年度`. A year in which the era changed bears the new one: 令和元年度.
    pub fn label_ja(self) -> String {
        Era::of(date(self.0, 12, 31)).map_or_else(
            || format!("{}年度", self.0),
            |era| format!("{}度", era.label_of_year(self.0)),
        )
    }

    /// The name in English: `FY2023`.
    pub fn label_en(self) -> String {
        format!("FY{}", self.0)
    }

    /// The short code that goal codes begin with: `R5`.
    pub fn code(self) -> String {
        Era::of(date(self.0, 12, 31)).map_or_else(
            || self.0.to_string(),
            |era| format!("{}{}", era.letter(), era.year_of(self.0)),
        )
    }
}

impl fmt::Display for FiscalYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label_ja())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match FiscalYear::parse(text) {
            Ok(year) => format!("{} {} {}", year.code(), year.label_ja(), year.span()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn one_year_has_many_spellings() {
        for text in [
            "R5",
            "r5",
            "令和5年度",
            "令和５年度",
            "令和5",
            "2023",
            "２０２３年度",
            "FY2023",
            "ＦＹ2023",
        ] {
            assert_eq!(read(text), "R5 令和5年度 2023-04-01/2024-03-31", "{text}");
        }
        for text in ["平成31年度", "令和元年度", "令和1年度", "R1", "H31", "2019"] {
            assert_eq!(read(text), "R1 令和元年度 2019-04-01/2020-03-31", "{text}");
        }
        assert_eq!(read("昭和64年度"), "H1 平成元年度 1989-04-01/1990-03-31");
    }

    #[test]
    fn what_is_no_year_is_refused() {
        assert_eq!(
            read("令和0年度"),
            "令和0年度 does not exist: the first year is 令和元年度"
        );
        assert_eq!(
            read("平成35年度"),
            "not in the era 平成: that year is 令和5年度"
        );
        for text in [
            "",
            "R",
            "5",
            "23",
            "令和",
            "令和五年度",
            "20230",
            "1899",
            "2199",
            "R5x",
            "X5",
        ] {
            assert_eq!(
                FiscalYear::parse(text),
                Err(InvalidFiscalYear::NotAYear),
                "{text}"
            );
        }
    }

    #[test]
    fn a_year_begins_in_april() {
        let year = |y, m, d| FiscalYear::of(date(y, m, d)).unwrap().label_ja();
        assert_eq!(year(2023, 3, 31), "令和4年度");
        assert_eq!(year(2023, 4, 1), "令和5年度");
        assert_eq!(year(2024, 2, 29), "令和5年度");
        assert_eq!(year(2024, 3, 31), "令和5年度");
        // One fiscal year has one name, on both sides of the change of era.
        assert_eq!(year(2019, 4, 30), "令和元年度");
        assert_eq!(year(2019, 5, 1), "令和元年度");
        assert_eq!(year(2019, 3, 31), "平成30年度");
    }

    #[test]
    fn the_leap_day_counts_once() {
        assert_eq!(FiscalYear::new(2023).unwrap().span().days(), 366);
        assert_eq!(FiscalYear::new(2024).unwrap().span().days(), 365);
        let first_half = DateSpan::new(
            date(2023, 4, 1),
            FiscalYear::new(2023).unwrap().midyear_day(),
        )
        .unwrap();
        assert_eq!(first_half.days(), 183);
    }
}
