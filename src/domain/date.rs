//! Civil dates and spans of them. A date has no time zone; the ledger's zone decides "today".

use std::fmt;

pub use jiff::civil::Date;

/// The days from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct DateSpan {
    first: Date,
    last: Date,
}

/// The text is not a civil date, or the two dates are no span.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDate {
    /// Not `YYYY-MM-DD`.
    #[error("not a date in the form `2023-09-30`")]
    NotIso,
    /// A date that the calendar does not have, or before 1900 or after 2199.
    #[error("no such day between 1900-01-01 and 2199-12-31")]
    NoSuchDay,
    /// The last day is before the first.
    #[error("the last day is before the first")]
    Reversed,
}

/// Reads `YYYY-MM-DD`, ASCII digits, between 1900 and 2199.
pub fn parse_iso(text: &str) -> Result<Date, InvalidDate> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return Err(InvalidDate::NotIso);
    }
    match text.parse::<Date>() {
        Ok(date) if (1900..=2199).contains(&date.year()) => Ok(date),
        _ => Err(InvalidDate::NoSuchDay),
    }
}

impl DateSpan {
    /// The days from `first` to `last`, both included.
    pub fn new(first: Date, last: Date) -> Result<Self, InvalidDate> {
        if last < first {
            Err(InvalidDate::Reversed)
        } else {
            Ok(Self { first, last })
        }
    }

    /// A span of one day.
    pub fn day(date: Date) -> Self {
        Self {
            first: date,
            last: date,
        }
    }

    /// The first day.
    pub fn first(&self) -> Date {
        self.first
    }

    /// The last day.
    pub fn last(&self) -> Date {
        self.last
    }

    /// Whether `date` lies in the span.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    /// Whether `other` lies in the span whole.
    pub fn covers(&self, other: &Self) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }

    /// The number of days, at least 1.
    pub fn days(&self) -> i32 {
        // Both dates lie within 300 years, so the difference always fits.
        (self.last - self.first).get_days() + 1
    }
}

impl fmt::Display for DateSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}/{}", self.first, self.last)
        }
    }
}
