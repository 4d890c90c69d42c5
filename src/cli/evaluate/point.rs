//! Two clocks on the command line: a day, what is known, a policy, a closed period.

use crate::api::v1;
use crate::cli::as_of::{AsOfArgs, KnownAt};
use crate::cli::input;
use crate::domain::date::Date;

/// One end of a comparison.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Point {
    /// A day, with what was known.
    Day(Date, Option<KnownAt>),
    /// A period that was closed, for which time.
    Period(String, Option<u32>),
}

impl Point {
    /// Reads `2023-09-30`, `2023-09-30@2023-10-10`, `2023-09-30@5213`, `上半期`, `上半期#1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (day, known) = text
            .split_once('@')
            .map_or((text, None), |(day, known)| (day, Some(known)));
        match (input::date(day), known) {
            (Ok(day), known) => Ok(Self::Day(day, known.map(KnownAt::parse).transpose()?)),
            (Err(problem), Some(_)) => Err(problem.to_string()),
            (Err(_), None) => {
                let (period, revision) = period(text)?;
                Ok(Self::Period(period, revision))
            }
        }
    }

    /// As the API takes it.
    pub fn message(&self) -> v1::EvaluationPoint {
        use v1::evaluation_point::At;
        let at = match self {
            Self::Day(day, known_at) => {
                let (on, known_at) = (Some(*day), *known_at);
                AsOfArgs { on, known_at }.message().map(At::AsOf)
            }
            Self::Period(period, revision) => Some(At::Snapshot(v1::SnapshotRef {
                period: period.clone(),
                revision: *revision,
            })),
        };
        v1::EvaluationPoint { at, policy: None }
    }
}

/// Reads `上半期` or `上半期#1`.
pub fn period(text: &str) -> Result<(String, Option<u32>), String> {
    match text.split_once('#') {
        None => Ok((text.to_owned(), None)),
        Some((period, revision)) => match revision.parse() {
            Ok(revision) => Ok((period.to_owned(), Some(revision))),
            Err(_) => Err(format!("`{revision}` is not the number of a closing")),
        },
    }
}

/// Reads `default@0`.
pub fn policy(text: &str) -> Result<v1::PolicyVersion, String> {
    let read = text
        .rsplit_once('@')
        .and_then(|(code, version)| Some((code, version.parse().ok()?)));
    match read {
        Some((code, version)) if !code.is_empty() => Ok(v1::PolicyVersion {
            code: code.to_owned(),
            version,
        }),
        _ => Err("not a code and a version such as `default@0`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date::parse_iso;

    #[test]
    fn a_point_is_a_day_with_what_was_known_or_a_closed_period() {
        let day = parse_iso("2023-09-30").unwrap();
        let known = KnownAt::Date(parse_iso("2023-10-10").unwrap());
        assert_eq!(Point::parse("令和5年9月30日"), Ok(Point::Day(day, None)));
        assert_eq!(
            Point::parse("2023-09-30@R5.10.10"),
            Ok(Point::Day(day, Some(known)))
        );
        assert_eq!(
            Point::parse("2023-09-30@5213"),
            Ok(Point::Day(day, Some(KnownAt::Size(5213))))
        );
        assert_eq!(
            Point::parse("上半期#2"),
            Ok(Point::Period("上半期".to_owned(), Some(2)))
        );
        assert!(Point::parse("2023-09-31@5").is_err());
        assert!(Point::parse("上半期#x").is_err());
    }

    #[test]
    fn a_policy_has_a_code_and_a_version() {
        let read = policy("kariya/2023@2").unwrap();
        assert_eq!((read.code.as_str(), read.version), ("kariya/2023", 2));
        for text in ["default", "@1", "default@", "default@x"] {
            assert!(policy(text).is_err(), "{text}");
        }
    }
}
