//! Two clocks on the command line: for which day, and with what was known when.

use std::str::FromStr as _;

use clap::Args;
use jiff::Timestamp;

use crate::api::v1;
use crate::cli::input;
use crate::domain::date::Date;

/// For which day, with what was known when.
#[derive(Args, Clone, Debug, Default)]
pub struct AsOfArgs {
    /// For this day (評価基準日); absent: today, or the day of --known-at
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    pub on: Option<Date>,
    /// With what was known then (記録時点): a day, an instant, or a number of events; absent: all
    #[arg(long, value_name = "WHEN", value_parser = KnownAt::parse)]
    pub known_at: Option<KnownAt>,
}

/// With what was known when, for what has no day of its own.
#[derive(Args, Clone, Debug, Default)]
pub struct KnownAtArgs {
    /// With what was known then (記録時点): a day, an instant, or a number of events; absent: all
    #[arg(long, value_name = "WHEN", value_parser = KnownAt::parse)]
    pub known_at: Option<KnownAt>,
}

/// What is known: of a number of events, at an instant, by the end of a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KnownAt {
    /// So many events.
    Size(u64),
    /// What was recorded at this instant or before.
    Time(Timestamp),
    /// What was recorded by the end of this day.
    Date(Date),
}

impl KnownAt {
    /// Reads a number, an instant (RFC 3339) or a day.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(size) = u64::from_str(text) {
            return Ok(Self::Size(size));
        }
        match text.parse() {
            Ok(instant) => Ok(Self::Time(instant)),
            Err(_) => input::date(text)
                .map(Self::Date)
                .map_err(|error| error.to_string()),
        }
    }

    fn message(self) -> v1::as_of::KnownAt {
        match self {
            Self::Size(size) => v1::as_of::KnownAt::Size(size),
            Self::Time(instant) => v1::as_of::KnownAt::Time(prost_types::Timestamp {
                seconds: instant.as_second(),
                nanos: instant.subsec_nanosecond(),
            }),
            Self::Date(day) => v1::as_of::KnownAt::Date(day.to_string()),
        }
    }
}

impl AsOfArgs {
    /// What is known, without the day.
    pub fn known(&self) -> KnownAtArgs {
        let known_at = self.known_at;
        KnownAtArgs { known_at }
    }

    /// As the API takes it; `None`: now and today.
    pub fn message(&self) -> Option<v1::AsOf> {
        let given = self.on.is_some() || self.known_at.is_some();
        given.then(|| v1::AsOf {
            known_at: self.known_at.map(KnownAt::message),
            effective_on: self.on.map(|day| day.to_string()),
        })
    }
}

impl KnownAtArgs {
    /// As the API takes it; `None`: now.
    pub fn message(&self) -> Option<v1::AsOf> {
        let on = None;
        let known_at = self.known_at;
        AsOfArgs { on, known_at }.message()
    }
}

/// A point that is compared with another: `2023-09-30`, `2023-09-30@2023-10-10`, `令和5年9月30日@5213`.
pub fn point(text: &str) -> Result<v1::AsOf, String> {
    let (day, known_at) = match text.split_once('@') {
        Some((day, known_at)) => (day, Some(KnownAt::parse(known_at)?)),
        None => (text, None),
    };
    let args = AsOfArgs {
        on: Some(input::date(day).map_err(|error| error.to_string())?),
        known_at,
    };
    args.message().ok_or_else(|| "no day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_day_with_what_was_known() {
        let read = |text| point(text).map(|at| (at.effective_on.unwrap_or_default(), at.known_at));
        let day = "2023-09-30".to_owned();
        let known = |day: &str| Some(v1::as_of::KnownAt::Date(day.to_owned()));
        assert_eq!(read("令和5年9月30日"), Ok((day.clone(), None)));
        assert_eq!(
            read("2023-09-30@R5.10.10"),
            Ok((day.clone(), known("2023-10-10")))
        );
        assert_eq!(
            read("2023-09-30@5213"),
            Ok((day, Some(v1::as_of::KnownAt::Size(5213))))
        );
        for text in ["2023-09-31", "@5", "2023-09-30@", "2023-09-30@x"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
