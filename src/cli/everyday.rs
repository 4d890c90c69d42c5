//! `daicho note|forecast|demand|move`: what else a section says between two reports.

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::choice;
use crate::cli::correct::{EntryName, Found, find};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::cli::writing::WritingArgs;
use crate::domain::date::{Date, parse_iso};

/// Arguments of `note`.
#[derive(Args, Clone, Debug)]
#[command(after_help = NOTE_EXAMPLES)]
pub struct NoteArgs {
    /// What about: a goal, initiative or indicator; code or id
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// In words, 1 to 4,000 characters
    #[arg(value_name = "TEXT")]
    text: String,
    /// What it tells
    #[arg(long, value_name = "KIND", default_value = "note", value_parser = choice::parser::<v1::NarrativeKind>())]
    kind: v1::NarrativeKind,
    /// The day it is of; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const NOTE_EXAMPLES: &str = "\
Examples:
  daicho note R5/総務部/3-1/1.1 '会場の都合で8月の講座を延期した。' --kind cause";

/// Arguments of `forecast`.
#[derive(Args, Clone, Debug)]
#[command(after_help = FORECAST_EXAMPLES)]
pub struct ForecastArgs {
    /// The indicator: its code or id
    #[arg(value_name = "INDICATOR")]
    indicator: String,
    /// What is expected at the end of the year: a value in the indicator's unit, or the day a milestone will be reached
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    value: String,
    /// On which grounds, 1 to 4,000 characters
    #[arg(long, value_name = "TEXT")]
    basis: String,
    /// How sure, 0 to 10
    #[arg(long, value_name = "NUMBER")]
    confidence: Option<u32>,
    /// The day it is made; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const FORECAST_EXAMPLES: &str = "\
Examples:
  daicho forecast R5/総務部/3-1/1.1 62 --basis '下半期も同じ回数を開く'
  daicho forecast R5/教育部/1-1/2.1 R6.3.15 --basis '契約の工期' --confidence 8";

/// Arguments of `demand`.
#[derive(Args, Clone, Debug)]
pub struct DemandArgs {
    /// The indicator: its code or id
    #[arg(value_name = "INDICATOR")]
    indicator: String,
    /// How many asked
    #[arg(value_name = "COUNT", allow_negative_numbers = true)]
    requests: String,
    /// The day, or the first of them
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Date,
    /// The last day, where it covers several
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `move`.
#[derive(Args, Clone, Debug)]
#[command(after_help = MOVE_EXAMPLES)]
pub struct MoveArgs {
    /// The report: its event id, its position, or INDICATOR@DATE
    #[arg(value_name = "ENTRY", value_parser = EntryName::parse)]
    entry: EntryName,
    /// The indicator it belongs to: its code or id; of the same unit and form of entry
    #[arg(long, value_name = "INDICATOR")]
    to: String,
    #[command(flatten)]
    writing: WritingArgs,
}

const MOVE_EXAMPLES: &str = "\
Takes the report back there and records it here, in one request: both or nothing (付替え). The reason code is
wrong-indicator unless you say otherwise. What was confirmed there has to be confirmed anew.

Examples:
  daicho move R5/総務部/3-1/1.1@2023-07-31 --to R5/総務部/3-1/1.2 --reason '指標の取り違え'";

/// Tells something.
pub async fn note(session: &Session, args: &NoteArgs) -> Result<(), Failure> {
    // What it is about may have another code since; a call that is repeated needs none.
    if session.told_before(&args.writing.writing()).await? {
        return Ok(());
    }
    let subject = session.subject(&args.subject).await?;
    let payload = Payload::NarrativeAdded(v1::NarrativeAdded {
        subject: Some(subject),
        kind: args.kind.into(),
        text: args.text.clone(),
    });
    let code = v1::ReasonCode::Other;
    session.tell(&args.writing, args.on, code, payload).await
}

/// Submits a forecast.
pub async fn forecast(session: &Session, args: &ForecastArgs) -> Result<(), Failure> {
    use v1::forecast_submitted::Forecast;
    // A number is never a date, and whether the indicator expects the one or the other is the ledger's to say.
    let expected = match input::number(&args.value) {
        Ok(number) => Forecast::Value(number.value.to_string()),
        Err(_) => match input::date(&args.value) {
            Ok(day) => Forecast::Date(day.to_string()),
            Err(_) => {
                let value = terminal::line(&args.value);
                return Err(Failure::usage(session.view.pick(
                    format!("「{value}」は数でも日付でもありません"),
                    format!("`{value}` is neither a number nor a day"),
                )));
            }
        },
    };
    let payload = Payload::ForecastSubmitted(v1::ForecastSubmitted {
        indicator: args.indicator.clone(),
        forecast: Some(expected),
        confidence: args.confidence,
        basis: args.basis.clone(),
    });
    let code = v1::ReasonCode::Other;
    session.tell(&args.writing, args.on, code, payload).await
}

/// Records demand.
pub async fn demand(session: &Session, args: &DemandArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let requests = input::number(&args.requests)
        .map_err(|error| Failure::usage(format!("{}: {error}", args.requests)))?;
    let payload = Payload::DemandRecorded(v1::DemandRecorded {
        indicator: args.indicator.clone(),
        requests: requests.value.to_string(),
    });
    let valid = (args.on, args.until);
    let event = args.writing.event(valid, v1::ReasonCode::Other, payload)?;
    session.append(vec![event], &writing).await
}

/// Puts a report under the indicator it belongs to.
pub async fn transfer(session: &Session, args: &MoveArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let Found { series, entry } = find(session, &args.entry, (None, None)).await?;
    let from = series.indicator.unwrap_or_default();
    let to = session
        .series(&args.to)
        .await?
        .indicator
        .unwrap_or_default();
    if from.id == to.id {
        return Err(Failure::usage(session.view.pick(
            "付替え先が同じ指標です",
            "it stands under that indicator already",
        )));
    }
    let day = |text: &str| {
        parse_iso(text).map_err(|error| {
            let problem = format!("the server's date `{text}` cannot be read: {error}");
            Failure::new(Exit::Fault, problem)
        })
    };
    let first = day(&entry.valid_from)?;
    let last = entry.valid_to.as_deref().map(day).transpose()?;
    let code = v1::ReasonCode::WrongIndicator;
    let retracted = Payload::ActualRetracted(v1::ActualRetracted {
        indicator: from.id.clone(),
        retracts: entry.event_id.clone(),
        before: entry.measurement.clone(),
    });
    let retracted = args.writing.event((first, None), code, retracted)?;
    let recorded = Payload::ActualRecorded(v1::ActualRecorded {
        indicator: to.id.clone(),
        measurement: entry.measurement,
        part: entry.part,
        // The unit it was reported in: the ledger refuses both where the other indicator has another.
        unit_code: entry.unit_code,
    });
    let mut recorded = args.writing.event((first, last), code, recorded)?;
    recorded.causation_id = Some(retracted.event_id.clone());
    let moved = session.append(vec![retracted, recorded], &writing).await;
    moved.map_err(|failure| does_not_fit(session, failure))
}

/// Refusals of a report that is moved whole are no slip of this command line: the other indicator takes no such report.
fn does_not_fit(session: &Session, failure: Failure) -> Failure {
    let Some(reason @ ("UNIT_MISMATCH" | "ENTRY_KIND_MISMATCH")) = failure.reason() else {
        return failure;
    };
    let Failure::Told(report) = &failure else {
        return failure;
    };
    let message = session
        .view
        .pick("付替え先に合いません", "it does not fit there");
    let message = format!("{message}: {}", report.message);
    Failure::new(report.exit, message)
        .because(reason)
        .hint(session.view.pick(
            "同じ単位・同じ報告方法の指標にだけ付け替えられます。ほかの指標なら daicho retract で取り消し、daicho record で報告し直してください",
            "a report moves only to an indicator of the same unit and form of entry; for another one take it back (daicho retract) and report anew (daicho record)",
        ))
}
