//! `daicho correct` and `daicho retract`: replace a report whole, or take it back. What was reported stays.

use clap::Args;
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::get_event_request::Selector;
use crate::api::v1::measurement::Kind;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::label;
use crate::cli::measure::{Measured, key_of};
use crate::cli::record::{definition_of, say_folded};
use crate::cli::render::series as shown;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::{Date, parse_iso};
use crate::domain::era::parse_date;

/// How many entries are offered where the one meant was not found.
const OFFERED_MAX: usize = 10;

const ENTRY_HELP: &str = "The report: its event id, its position, or INDICATOR@DATE";

/// Arguments of `correct`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CorrectArgs {
    #[arg(value_name = "ENTRY", help = ENTRY_HELP, value_parser = EntryName::parse)]
    entry: EntryName,
    #[command(flatten)]
    measured: Measured,
    /// The right day, where that was wrong
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    /// The right last day, where that was wrong
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
What is not named stays as it was. The reason code is entry-error unless you say otherwise.

Examples:
  daicho correct R5/総務部/3-1/1.1@2023-07-31 9 --reason '集計表の転記誤り'
  daicho correct 1234 --on 2023-07-28 --reason '実施日の誤り'";

/// Arguments of `retract`.
#[derive(Args, Clone, Debug)]
pub struct RetractArgs {
    #[arg(value_name = "ENTRY", help = ENTRY_HELP, value_parser = EntryName::parse)]
    entry: EntryName,
    /// Which member, where several reported on that day
    #[arg(long, value_name = "KEY")]
    member: Option<String>,
    /// Which part, where several reported on that day
    #[arg(long, value_name = "KEY")]
    part: Option<String>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// How a person names a report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EntryName {
    /// By the id of its event.
    Event(Uuid),
    /// By its position in the ledger.
    Position(u64),
    /// By its indicator and the day it holds for.
    OnDay {
        /// The indicator: id or code.
        indicator: String,
        /// The day, or the first of them.
        day: Date,
    },
}

impl EntryName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(Self::Event(id));
        }
        if let Ok(position) = text.trim_start_matches('#').parse() {
            return Ok(Self::Position(position));
        }
        let (indicator, day) = text
            .rsplit_once(['@', '＠'])
            .ok_or("neither an event id, nor a position, nor INDICATOR@DATE")?;
        let day = parse_date(day).map_err(|error| error.to_string())?;
        Ok(Self::OnDay {
            indicator: indicator.to_owned(),
            day,
        })
    }
}

/// A report with the history it stands in.
pub(super) struct Found {
    pub(super) series: v1::GetSeriesResponse,
    pub(super) entry: v1::Entry,
}

/// Corrects a report.
pub async fn correct(session: &Session, args: &CorrectArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let keys = (
        args.measured.member.as_deref(),
        args.measured.part.as_deref(),
    );
    let Found { series, entry } = find(session, &args.entry, keys).await?;
    let indicator = series.indicator.unwrap_or_default();
    let definition = definition_of(&indicator);
    let before = entry.measurement.clone();
    let measurement = if args.measured.is_empty() {
        before.clone()
    } else {
        let reading =
            with_keys(&args.measured, before.as_ref()).reading(session.language(), &definition)?;
        say_folded(session, &reading);
        Some(reading.measurement)
    };
    let day = |text: &str| {
        parse_iso(text).map_err(|error| {
            Failure::new(
                Exit::Fault,
                format!("the server's date `{text}` cannot be read: {error}"),
            )
        })
    };
    let valid_from = args.on.map_or_else(|| day(&entry.valid_from), Ok)?;
    // A report that moves to another day moves whole: its old last day belongs to the old first one.
    let valid_to = match (args.until, args.on, &entry.valid_to) {
        (Some(until), _, _) => Some(until),
        (None, None, Some(until)) => Some(day(until)?),
        (None, _, _) => None,
    };
    let payload = Payload::ActualCorrected(v1::ActualCorrected {
        indicator: indicator.id.clone(),
        corrects: entry.event_id,
        before,
        measurement,
        part: args.measured.part_key(&definition).or(entry.part),
        unit_code: args.measured.unit_code(&definition),
    });
    let valid = (valid_from, valid_to);
    let event = args
        .writing
        .event(valid, v1::ReasonCode::EntryError, payload)?;
    session.write(vec![event], &writing, &indicator).await
}

/// Takes a report back.
pub async fn retract(session: &Session, args: &RetractArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let keys = (args.member.as_deref(), args.part.as_deref());
    let Found { series, entry } = find(session, &args.entry, keys).await?;
    let indicator = series.indicator.unwrap_or_default();
    let valid_from = parse_iso(&entry.valid_from).map_err(|error| {
        let text = &entry.valid_from;
        Failure::new(
            Exit::Fault,
            format!("the server's date `{text}` cannot be read: {error}"),
        )
    })?;
    let payload = Payload::ActualRetracted(v1::ActualRetracted {
        indicator: indicator.id.clone(),
        retracts: entry.event_id,
        before: entry.measurement,
    });
    let event = args
        .writing
        .event((valid_from, None), v1::ReasonCode::EntryError, payload)?;
    session.write(vec![event], &writing, &indicator).await
}

/// What was typed, with the member or checkpoint of the report where none was named.
fn with_keys(measured: &Measured, before: Option<&v1::Measurement>) -> Measured {
    let mut measured = measured.clone();
    match before.and_then(|before| before.kind.as_ref()) {
        Some(Kind::Member(member)) => {
            measured.member.get_or_insert_with(|| member.member.clone());
        }
        Some(Kind::MemberValue(member)) => {
            measured.member.get_or_insert_with(|| member.member.clone());
        }
        Some(Kind::Milestone(milestone)) => {
            measured.checkpoint = measured.checkpoint.or_else(|| milestone.checkpoint.clone());
        }
        _ => {}
    }
    measured
}

/// The report of this name, of the member or part named where several were made on its day.
pub(super) async fn find(
    session: &Session,
    name: &EntryName,
    keys: (Option<&str>, Option<&str>),
) -> Result<Found, Failure> {
    let selector = match name {
        EntryName::Event(id) => Selector::EventId(id.to_string()),
        EntryName::Position(position) => Selector::Position(*position),
        EntryName::OnDay { indicator, day } => {
            return on_day(session, session.series(indicator).await?, *day, keys);
        }
    };
    let event = session
        .client
        .event(selector)
        .await?
        .event
        .unwrap_or_default();
    let kind = event.r#type();
    let fact = event.fact.unwrap_or_default();
    let indicator = match fact.payload {
        Some(Payload::ActualRecorded(recorded)) => recorded.indicator,
        Some(Payload::ActualCorrected(corrected)) => corrected.indicator,
        _ => {
            let kind = label::event_type(session.language(), kind);
            return Err(Failure::usage(session.view.pick(
                format!("位置 {} は実績ではありません（{kind}）", event.position),
                format!("position {} is no report ({kind})", event.position),
            )));
        }
    };
    let series = session.series(&indicator).await?;
    let entry = series
        .entries
        .iter()
        .find(|entry| entry.event_id == fact.event_id)
        .cloned();
    match entry {
        Some(entry) => Ok(Found { series, entry }),
        None => Err(not_found(session, &series)),
    }
}

/// The one report of `day` that counts, of the member or part named if there are several.
fn on_day(
    session: &Session,
    series: v1::GetSeriesResponse,
    day: Date,
    (member, part): (Option<&str>, Option<&str>),
) -> Result<Found, Failure> {
    let day = day.to_string();
    let definition = series
        .indicator
        .as_ref()
        .map(definition_of)
        .unwrap_or_default();
    let members = definition
        .members
        .iter()
        .map(|m| (m.key.as_str(), m.label.as_ref()));
    let parts = definition
        .parts
        .iter()
        .map(|p| (p.key.as_str(), p.label.as_ref()));
    let member = member.map(|member| key_of(member, members));
    let part = part.map(|part| key_of(part, parts));
    let found: Vec<&v1::Entry> = series
        .entries
        .iter()
        .filter(|entry| entry.counts && entry.valid_from == day)
        .filter(|entry| {
            member
                .as_deref()
                .is_none_or(|key| member_of(entry) == Some(key))
        })
        .filter(|entry| {
            part.as_deref()
                .is_none_or(|key| entry.part.as_deref() == Some(key))
        })
        .collect();
    match found.as_slice() {
        [entry] => {
            let entry = (*entry).clone();
            Ok(Found { series, entry })
        }
        [] => Err(not_found(session, &series)),
        several => {
            let count = several.len();
            let lines: Vec<String> = several.iter().map(|e| line(session, &series, e)).collect();
            Err(Failure::usage(session.view.pick(
                format!("{day} の実績が{count}件あります。位置で指定してください"),
                format!("there are {count} reports of {day}: name one by its position"),
            ))
            .hint(lines.join("\n")))
        }
    }
}

fn member_of(entry: &v1::Entry) -> Option<&str> {
    match entry.measurement.as_ref()?.kind.as_ref()? {
        Kind::Member(member) => Some(&member.member),
        Kind::MemberValue(member) => Some(&member.member),
        _ => None,
    }
}

fn not_found(session: &Session, series: &v1::GetSeriesResponse) -> Failure {
    let failure = Failure::new(
        Exit::NotFound,
        session
            .view
            .pick("その実績はありません", "there is no such report")
            .to_owned(),
    );
    let mut lines: Vec<String> = series
        .entries
        .iter()
        .rev()
        .filter(|entry| entry.counts)
        .take(OFFERED_MAX)
        .map(|entry| line(session, series, entry))
        .collect();
    if lines.is_empty() {
        return failure;
    }
    lines.insert(
        0,
        session
            .view
            .pick("有効な実績:", "reports that count:")
            .to_owned(),
    );
    failure.hint(lines.join("\n"))
}

fn line(session: &Session, series: &v1::GetSeriesResponse, entry: &v1::Entry) -> String {
    let value = shown::entry_value(&session.view, series, entry);
    format!("{}  {}  {value}", entry.position, entry.valid_from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_named_in_three_ways() {
        let day = "2023-07-31".parse().expect("a date");
        for text in [
            "R5/総務部/3-1/1.1@2023-07-31",
            "R5/総務部/3-1/1.1＠令和5年7月31日",
        ] {
            let named = EntryName::OnDay {
                indicator: "R5/総務部/3-1/1.1".to_owned(),
                day,
            };
            assert_eq!(EntryName::parse(text), Ok(named), "{text}");
        }
        assert_eq!(EntryName::parse("1234"), Ok(EntryName::Position(1234)));
        assert_eq!(EntryName::parse("#1234"), Ok(EntryName::Position(1234)));
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(
            EntryName::parse(id),
            Ok(EntryName::Event(Uuid::try_parse(id).expect("an id")))
        );
        assert!(EntryName::parse("R5/総務部/3-1/1.1").is_err());
        assert!(EntryName::parse("R5/総務部/3-1/1.1@2023-02-30").is_err());
    }
}
