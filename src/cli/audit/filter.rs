//! Which changes are meant: the filters of `audit changes` and `audit sample`.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::v1;
use crate::cli::as_of::KnownAtArgs;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::person;
use crate::cli::session::Session;
use crate::domain::date::Date;

/// Which changes.
#[derive(Args, Clone, Debug)]
pub(super) struct FilterArgs {
    /// Only about this plan, unit, goal, initiative or indicator: code or id
    #[arg(value_name = "SUBJECT")]
    subject: Option<String>,
    /// Only about this unit, or what it had set or answered for when it was recorded: code or id
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Only of this stream, which a goal keeps whatever moves: ledger, plan, org or goal, `:`, code or id
    #[arg(long, value_name = "KIND:ID", value_parser = stream)]
    stream: Option<v1::StreamRef>,
    /// Only by this actor
    #[arg(long = "actor", value_name = "NAME")]
    by: Option<String>,
    /// Only by this person, under whichever login: their id, or what they sign in as
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Only sent by this client application
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Only of these types; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = choice::parser::<v1::EventType>())]
    types: Vec<v1::EventType>,
    /// Only with these reasons; may be repeated
    #[arg(long = "reason", value_name = "CODE", value_parser = choice::parser::<v1::ReasonCode>())]
    reasons: Vec<v1::ReasonCode>,
    /// Only recorded on or after this day, or at or after this instant
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    since: Option<When>,
    /// Only recorded on or before this day, or before this instant
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    until: Option<When>,
    /// Only holding for this day or a later one
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    valid_from: Option<Date>,
    /// Only holding for this day or an earlier one
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    valid_until: Option<Date>,
    /// Only recorded late or retroactive
    #[arg(long)]
    flagged: bool,
    /// Only with one of these flags; may be repeated
    #[arg(long = "flag", value_name = "FLAG", value_parser = choice::parser::<v1::ChangeFlag>())]
    flags: Vec<v1::ChangeFlag>,
    /// Only corrections and retractions of reports
    #[arg(long)]
    corrections: bool,
    /// Only with a reason; `=false`: only without
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    has_reason: Option<bool>,
    /// Only with evidence of its own; `=false`: only without
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    has_evidence: Option<bool>,
    /// Only what a decision allowed; `=false`: only what none did
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    has_decision: Option<bool>,
    #[command(flatten)]
    known: KnownAtArgs,
}

/// A day in the ledger's zone, or an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    /// A day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl When {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(instant) => Ok(Self::Instant(instant)),
            Err(_) => input::date(text)
                .map(Self::Day)
                .map_err(|error| error.to_string()),
        }
    }

    /// The first instant that belongs to it.
    pub(super) fn start(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(instant) => Some(instant),
            Self::Day(day) => Some(day.to_zoned(zone.clone()).ok()?.timestamp()),
        }
    }

    /// The first instant that no longer belongs to it.
    pub(super) fn end(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(instant) => Some(instant),
            Self::Day(day) => Self::Day(day.tomorrow().ok()?).start(zone),
        }
    }
}

impl FilterArgs {
    /// The id of the person that is meant.
    pub(super) async fn person(&self, session: &Session) -> Result<Option<String>, Failure> {
        match &self.person {
            Some(person) => Ok(Some(person::find(session, person).await?.person)),
            None => Ok(None),
        }
    }

    /// The changes as the API takes them, with days of the ledger's zone.
    pub(super) fn request(&self, zone: &TimeZone) -> v1::ListChangesRequest {
        v1::ListChangesRequest {
            actor: self.by.clone(),
            person: self.person.clone(),
            client: self.client.clone(),
            subject: self.subject.clone(),
            unit: self.unit.clone(),
            stream: self.stream.clone(),
            types: self.types.iter().map(|kind| i32::from(*kind)).collect(),
            reasons: self.reasons.iter().map(|code| i32::from(*code)).collect(),
            recorded_from: self.since.and_then(|when| when.start(zone)).map(wire),
            recorded_until: self.until.and_then(|when| when.end(zone)).map(wire),
            valid_from: self.valid_from.map(|day| day.to_string()),
            valid_until: self.valid_until.map(|day| day.to_string()),
            flagged_only: self.flagged,
            flags: self.flags.iter().map(|flag| i32::from(*flag)).collect(),
            corrections_only: self.corrections,
            has_reason: self.has_reason,
            has_evidence: self.has_evidence,
            has_decision: self.has_decision,
            as_of: self.known.message(),
            ..v1::ListChangesRequest::default()
        }
    }
}

/// Reads `goal:R5/総務部/3-1`.
fn stream(text: &str) -> Result<v1::StreamRef, String> {
    let (kind, id) = text
        .split_once(':')
        .ok_or("not a kind and a code such as `goal:R5/総務部/3-1`")?;
    let kind: v1::StreamKind = choice::parse(kind).ok_or_else(|| {
        let kinds: Vec<String> = choice::all::<v1::StreamKind>()
            .into_iter()
            .map(choice::word)
            .collect();
        format!("`{kind}` is no kind of stream: {}", kinds.join(", "))
    })?;
    Ok(v1::StreamRef {
        kind: kind.into(),
        id: id.to_owned(),
    })
}

pub(super) fn wire(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.as_second(),
        nanos: instant.subsec_nanosecond(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_of_the_api_can_be_asked_for() {
        use clap::Parser;
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            filter: FilterArgs,
        }
        let line = "x S --unit U --stream goal:G --actor A --person P --client C --type target-set --reason budget \
                    --since 2023-10-01 --until 2023-10-02 --valid-from 2023-04-01 --valid-until 2023-09-30 \
                    --flagged --flag late --corrections --has-reason --has-evidence=false --has-decision=true \
                    --known-at 12";
        let line = Line::try_parse_from(line.split_whitespace()).expect("every flag exists");
        let request = line.filter.request(&TimeZone::UTC);
        // No rest: a filter that the API gains has to be named here, and to be given above.
        let v1::ListChangesRequest {
            ledger: _,
            min_position: _,
            order: _,
            page_size: _,
            page_token: _,
            actor,
            person,
            stream,
            subject,
            types,
            reasons,
            recorded_from,
            recorded_until,
            valid_from,
            valid_until,
            flagged_only,
            as_of,
            client,
            unit,
            has_reason,
            has_evidence,
            has_decision,
            corrections_only,
            flags,
        } = request;
        let texts = [
            actor,
            person,
            subject,
            client,
            unit,
            valid_from,
            valid_until,
        ]
        .map(Option::unwrap);
        assert_eq!(texts, ["A", "P", "S", "C", "U", "2023-04-01", "2023-09-30"]);
        let stream = stream.map(|stream| (stream.kind(), stream.id));
        assert_eq!(stream, Some((v1::StreamKind::Goal, "G".to_owned())));
        assert_eq!(types, [i32::from(v1::EventType::TargetSet)]);
        assert_eq!(reasons, [i32::from(v1::ReasonCode::Budget)]);
        assert_eq!(flags, [i32::from(v1::ChangeFlag::Late)]);
        let recorded = [recorded_from, recorded_until].map(|at| at.map(|at| at.seconds));
        assert_eq!(recorded, [Some(1_696_118_400), Some(1_696_291_200)]);
        assert_eq!((flagged_only, corrections_only), (true, true));
        let has = [has_reason, has_evidence, has_decision];
        assert_eq!(has, [Some(true), Some(false), Some(true)]);
        let known_at = as_of.and_then(|as_of| as_of.known_at);
        assert_eq!(known_at, Some(v1::as_of::KnownAt::Size(12)));
    }

    #[test]
    fn a_stream_has_a_kind_and_a_code() {
        for text in ["R5/総務部/3-1", "goals:R5", "unspecified:R5"] {
            assert!(stream(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_whole_in_the_ledgers_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").expect("the zone is bundled");
        let day = When::parse("令和5年10月1日").expect("a day");
        assert_eq!(
            day.start(&tokyo).map(|at| at.to_string()).as_deref(),
            Some("2023-09-30T15:00:00Z")
        );
        assert_eq!(
            day.end(&tokyo).map(|at| at.to_string()).as_deref(),
            Some("2023-10-01T15:00:00Z")
        );
        let instant = When::parse("2023-10-01T00:00:00+09:00").expect("an instant");
        assert_eq!(instant.start(&tokyo), day.start(&tokyo));
    }
}
