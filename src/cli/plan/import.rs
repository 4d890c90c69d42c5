//! `daicho plan import`: read a file, and make what it says a plan of the ledger.
//!
//! The ids of what a file says follow from its words, so importing it twice adds nothing, and an import
//! that broke off goes on where it stopped. A file that says something else about a plan that is there is
//! refused with every difference: a plan is changed by events with a reason, not by another file.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use prost::Message as _;
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::output::Output;
use crate::cli::plan::compare::{self, Comparison, Progress};
use crate::cli::plan::source::{self, Source};
use crate::cli::render::{View, event, import as render};
use crate::cli::session::Session;
use crate::domain::code::Code;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::text::Language;

/// Events of one request at most, as the API has it.
const EVENTS_MAX: usize = 1_000;
/// Bytes of the events of one request at most: below the API's limit by what surrounds them.
const REQUEST_BYTES_MAX: usize = 1024 * 1024 - 16 * 1024;
/// Events that are looked up at a time.
const LOOKUPS: usize = 32;
/// Differences that are told at most.
const DIFFERENCES_MAX: usize = 100;

/// Arguments of `plan import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// The published text, or a table in CSV (UTF-8 or Shift_JIS)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only say what is understood; needs no server and writes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The fiscal year of a table that does not say it: R5, 令和5年度 or 2023
    #[arg(long, value_name = "YEAR", value_parser = year)]
    year: Option<FiscalYear>,
    /// The plan's code; absent: its year, such as R5
    #[arg(long, value_name = "CODE", value_parser = code)]
    plan_code: Option<Code>,
}

const EXAMPLES: &str = "\
Examples:
  daicho plan import R5.csv --dry-run
  daicho plan import R5.csv --dry-run --json
  daicho plan import R5.csv";

fn year(text: &str) -> Result<FiscalYear, String> {
    FiscalYear::parse(text).map_err(|error| error.to_string())
}

fn code(text: &str) -> Result<Code, String> {
    Code::parse(text).map_err(|error| error.to_string())
}

/// Prints what is understood of the file. Needs no server.
pub fn dry_run(
    language: Language,
    output: &Output,
    json: bool,
    args: &ImportArgs,
) -> Result<(), Failure> {
    let source = source::read(language, &args.file, args.year, args.plan_code.as_ref())?;
    if json {
        let object = serde_json::to_string(&source.plan).map_err(|error| {
            Failure::new(Exit::Fault, format!("cannot print the plan as JSON: {error}"))
        })?;
        return output.answer_line(&object);
    }
    let view = View::new(language, output.columns());
    output.answer(&render::understood(&view, &source.plan))
}

/// Turns what was understood into the events that set the plan, in order, with ids that follow from it.
pub type PlanEvents = fn(&Source) -> Vec<v1::EventInput>;

/// Imports the file.
pub async fn import(
    session: &Session,
    args: &ImportArgs,
    plan_events: PlanEvents,
) -> Result<(), Failure> {
    let language = session.language();
    let source = source::read(language, &args.file, args.year, args.plan_code.as_ref())?;
    let events = plan_events(&source);
    let comparison = look_up(session, &events).await?;
    let chunks = chunks(&events);
    let starts: Vec<usize> = chunks
        .iter()
        .scan(0, |start, chunk| {
            let this = *start;
            *start += chunk.len();
            Some(this)
        })
        .collect();
    let from = match comparison.progress(&events, &starts) {
        Progress::Nothing => 0,
        Progress::Until(index) => index,
        Progress::Whole => {
            let removed = removed(session, &source, &events).await?;
            if !removed.is_empty() {
                return Err(differs(session, &source, removed));
            }
            events.len()
        }
        Progress::Otherwise => {
            let mut told: Vec<String> =
                comparison.differences.iter().map(|d| d.told(language)).collect();
            told.extend(added(session, &events, &comparison));
            told.extend(removed(session, &source, &events).await?);
            return Err(differs(session, &source, told));
        }
    };
    let to_send = chunks.iter().zip(&starts).filter(|(_, start)| from <= **start);
    let receipts = send(session, &source, to_send, events.len()).await?;
    tell(session, &source, &events, from, &receipts)
}

/// What the ledger has of the file.
async fn look_up(session: &Session, events: &[v1::EventInput]) -> Result<Comparison, Failure> {
    let found: Vec<Option<v1::Event>> = futures::stream::iter(events)
        .map(|event| session.client.event_if_any(&event.event_id))
        .buffered(LOOKUPS)
        .try_collect()
        .await?;
    let found: Vec<Option<v1::EventInput>> =
        found.into_iter().map(|event| event.and_then(|event| event.fact)).collect();
    compare::compare(events, &found)
}

/// The file says something else about a plan that is there.
fn differs(session: &Session, source: &Source, told: Vec<String>) -> Failure {
    let count = told.len();
    let code = &source.plan.head.code;
    let mut failure = Failure::new(
        Exit::Conflict,
        session.view.pick(
            format!("計画 {code} は別の内容で取込済みです（違い{count}件）。何も追加していません"),
            format!("the plan {code} was imported with other content ({count} differences); nothing was added"),
        ),
    );
    for line in told.into_iter().take(DIFFERENCES_MAX) {
        failure = failure.hint(line);
    }
    if DIFFERENCES_MAX < count {
        let more = count - DIFFERENCES_MAX;
        failure = failure
            .hint(session.view.pick(format!("ほかに{more}件"), format!("and {more} more")));
    }
    failure.hint(session.view.pick(
        "取込後の計画は、理由を付けた変更（daicho target revise など）で変えてください",
        "change a plan that is there by events with a reason, such as daicho target revise",
    ))
}

/// What the file has and the ledger does not.
fn added(session: &Session, events: &[v1::EventInput], comparison: &Comparison) -> Vec<String> {
    let missing = comparison.missing.iter().map(|index| &events[*index]);
    missing
        .filter(|event| !compare::is_note(event))
        .map(|event| {
            let subject = compare::subject(event);
            let kind = label::event_type(session.language(), compare::kind_of(event));
            session.view.pick(
                format!("{subject} {kind}: 台帳にありません"),
                format!("{subject} {kind}: not in the ledger"),
            )
        })
        .collect()
}

/// What an import put into the ledger and the file no longer has.
async fn removed(
    session: &Session,
    source: &Source,
    events: &[v1::EventInput],
) -> Result<Vec<String>, Failure> {
    let named: HashSet<&str> = events.iter().filter_map(defined).collect();
    let plan = source.plan.head.code.clone();
    let filter = GoalFilter { plan: Some(plan), full: true, ..GoalFilter::default() };
    let goals = session.client.goals(&filter, None).await?.goals;
    // Ids of version 5 follow from words: an import gave them. Others were set by hand.
    let is_gone = |id: &str| {
        let imported = Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 5);
        imported && !named.contains(id)
    };
    let mut gone = Vec::new();
    for goal in &goals {
        if is_gone(&goal.id) {
            gone.push(goal.code.as_str());
        }
        for initiative in &goal.initiatives {
            if is_gone(&initiative.id) {
                gone.push(&initiative.code);
            }
            let indicators = initiative.indicators.iter().filter(|i| is_gone(&i.id));
            gone.extend(indicators.map(|indicator| indicator.code.as_str()));
        }
    }
    Ok(gone
        .into_iter()
        .map(|code| {
            session
                .view
                .pick(format!("{code}: ファイルにありません"), format!("{code}: not in the file"))
        })
        .collect())
}

/// The id of what an event sets.
fn defined(event: &v1::EventInput) -> Option<&str> {
    match event.payload.as_ref()? {
        Payload::GoalSet(set) => Some(&set.goal),
        Payload::InitiativeSet(set) => Some(&set.initiative),
        Payload::IndicatorDefined(defined) => Some(&defined.indicator),
        _ => None,
    }
}

/// Sends requests in order. Each comes with the index of its first event among all of them.
async fn send<'a>(
    session: &Session,
    source: &Source,
    requests: impl Iterator<Item = (&'a &'a [v1::EventInput], &'a usize)>,
    total: usize,
) -> Result<Vec<v1::Receipt>, Failure> {
    let mut receipts = Vec::new();
    for (chunk, start) in requests {
        // The id follows from the file and the place in it: the same request in every attempt.
        let name = format!("{}/{start}", hex::encode(source.sha256));
        let first = chunk.first().map(|event| event.event_id.as_str()).unwrap_or_default();
        let space = Uuid::try_parse(first).unwrap_or(Uuid::NAMESPACE_OID);
        let request = v1::AppendEventsRequest {
            request_id: Uuid::new_v5(&space, name.as_bytes()).to_string(),
            events: chunk.to_vec(),
            ..v1::AppendEventsRequest::default()
        };
        match session.client.append(request).await {
            Ok(response) => receipts.extend(response.receipt),
            Err(failure) if *start == 0 => return Err(failure),
            Err(failure) => {
                return Err(failure.hint(session.view.pick(
                    format!("{start}/{total}件まで記録しました。同じファイルをもう一度取り込むと続きから始まります"),
                    format!("{start} of {total} events were recorded; importing the same file again goes on from there"),
                )));
            }
        }
    }
    Ok(receipts)
}

/// Cuts events into requests.
fn chunks(events: &[v1::EventInput]) -> Vec<&[v1::EventInput]> {
    let mut chunks = Vec::new();
    let mut rest = events;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(EVENTS_MAX)
            .take_while(|event| {
                // Field number and length stand before each event.
                bytes += event.encoded_len() + 8;
                bytes <= REQUEST_BYTES_MAX
            })
            .count();
        // An event that is too large alone is the ledger's to refuse.
        let (chunk, tail) = rest.split_at(fitting.max(1));
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}

fn tell(
    session: &Session,
    source: &Source,
    events: &[v1::EventInput],
    recorded: usize,
    receipts: &[v1::Receipt],
) -> Result<(), Failure> {
    let appended: usize = receipts.iter().map(|receipt| receipt.events.len()).sum();
    let code = &source.plan.head.code;
    let first = receipts.first().map(|receipt| receipt.first_position);
    let size = receipts.last().map(|receipt| receipt.size);
    if session.json {
        let ledger = session.view.ledger.as_ref().map(crate::cli::json::value).transpose()?;
        return session.print(&json!({
            "ledger": ledger,
            "plan": code,
            "file": source.name,
            "file_sha256": hex::encode(source.sha256),
            "appended": appended,
            "recorded_before": recorded,
            "first_position": first,
            "size": size,
            "warnings": source.plan.warnings.len(),
        }));
    }
    let view = &session.view;
    let text = match (first, size) {
        (Some(first), Some(size)) => {
            let new = events.iter().skip(recorded).map(compare::kind_of);
            let counts = event::counts(view, new);
            let last = size.saturating_sub(1);
            view.pick(
                format!("計画 {code} を取り込みました: {appended}件（位置 {first}〜{last}）\n  {counts}\n"),
                format!("imported the plan {code}: {appended} events (positions {first} to {last})\n  {counts}\n"),
            )
        }
        _ => view.pick(
            format!("計画 {code} は取込済みです。追加するものはありません\n"),
            format!("the plan {code} is already imported: nothing to add\n"),
        ),
    };
    session.output.answer(&text)?;
    let warnings = source.plan.warnings.len();
    if 0 < warnings {
        session.output.remark(&view.pick(
            format!("警告 {warnings}件: --dry-run で確認できます"),
            format!("{warnings} warnings: see them with --dry-run"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> v1::EventInput {
        v1::EventInput { event_id: "x".repeat(bytes), ..v1::EventInput::default() }
    }

    #[test]
    fn requests_are_neither_too_many_nor_too_large() {
        let lengths = |events: &[v1::EventInput]| -> Vec<usize> {
            chunks(events).iter().map(|chunk| chunk.len()).collect()
        };
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&vec![event(36); 2_001]), [1_000, 1_000, 1]);
        assert_eq!(lengths(&vec![event(400_000); 5]), [2, 2, 1]);
        assert_eq!(lengths(&[event(2_000_000), event(1)]), [1, 1]);
    }
}
