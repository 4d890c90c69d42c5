//! `daicho plan import`: read a file, and make what it says a plan of the ledger.
//!
//! The ids of what a file says follow from its words, so importing it twice adds nothing, and an import
//! that broke off goes on where it stopped. A file that says something else about a plan that is there is
//! refused with every difference: a plan is changed by events with a reason, not by another file.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use prost::Message as _;
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::plan::amend;
use crate::cli::plan::compare::{self, Progress};
use crate::cli::plan::continued;
use crate::cli::plan::source::{self, Source};
use crate::cli::render::{View, event, import as render};
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::event::{Event, Payload};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{LedgerId, UnitId};
use crate::domain::text::Language;
use crate::import::events::{self as import_events, Obstacle};

/// Bytes of the events of one request at most: below the API's limit by what surrounds them.
pub(in crate::cli) const REQUEST_BYTES_MAX: usize = 1024 * 1024 - 16 * 1024;
/// Events that are looked up at a time.
const LOOKUPS: usize = 32;
/// Differences that are told at most.
const DIFFERENCES_MAX: usize = 100;

/// Arguments of `plan import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES, mut_group("WritingArgs", |group| group.requires("amend")))]
pub struct ImportArgs {
    /// The published text, a table in CSV (UTF-8 or Shift_JIS), or a workbook (.xlsx)
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Only say what is understood, or what would be changed; writes nothing, and needs no server but with --amend
    #[arg(long)]
    pub dry_run: bool,
    /// Change a plan that is there to what the file says, as events with a reason
    #[arg(long)]
    pub amend: bool,
    /// Cancel what the ledger has and the file does not
    #[arg(long, requires = "amend")]
    pub(super) cancel_missing: bool,
    /// The day the changes take effect; absent: today, within the plan's year
    #[arg(long, value_name = "DATE", value_parser = input::date, requires = "amend")]
    pub(super) on: Option<Date>,
    /// The fiscal year of a table that does not say it: R5, 令和5年度 or 2023
    #[arg(long, value_name = "YEAR", value_parser = year)]
    pub(super) year: Option<FiscalYear>,
    /// The plan's code; absent: its year, such as R5
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(super) plan_code: Option<Code>,
    #[command(flatten)]
    pub(super) writing: WritingArgs,
}

const EXAMPLES: &str = "\
Examples:
  daicho plan import R5.csv --dry-run
  daicho plan import R5.csv --dry-run --json
  daicho plan import R5.xlsx
  daicho plan import R6案.xlsx
  daicho plan import --amend R5.xlsx --dry-run
  daicho plan import --amend R5.xlsx --reason-code plan-review --reason '中間見直し' --document 5企第123号";

pub(super) fn year(text: &str) -> Result<FiscalYear, String> {
    FiscalYear::parse(text).map_err(|error| error.to_string())
}

pub(super) fn code(text: &str) -> Result<Code, String> {
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
            Failure::new(
                Exit::Fault,
                format!("cannot print the plan as JSON: {error}"),
            )
        })?;
        return output.answer_line(&object);
    }
    let view = View::new(language, output.columns());
    output.answer(&render::understood(&view, &source.plan))
}

/// Writes an event as the API takes it.
pub type Encode = fn(&Event) -> v1::EventInput;

/// Imports the file.
pub async fn import(session: &Session, args: &ImportArgs, encode: Encode) -> Result<(), Failure> {
    let language = session.language();
    let source = source::read(language, &args.file, args.year, args.plan_code.as_ref())?;
    let OfFile {
        events,
        recorded: found,
        ended,
    } = events(session, &source).await?;
    let requests = requests(events, encode);
    let starts = starts(&requests);
    let file: Vec<v1::EventInput> = requests.concat();
    let ledger: Vec<Option<v1::EventInput>> = file
        .iter()
        .map(|event| found.get(&event.event_id).cloned())
        .collect();
    let comparison = compare::compare(&file, &ledger);
    let from = match comparison.progress(&file, &starts) {
        Progress::Nothing => 0,
        Progress::Until(index) => index,
        Progress::Whole => {
            let missing = amend::missing(session, &source, &file, &found).await?;
            if !missing.is_empty() {
                return Err(differs(session, &source, missing));
            }
            file.len()
        }
        Progress::Otherwise => {
            // What was amended to what the file says has other events, and says the same.
            let told = amend::differences(session, &source, &file, &found).await?;
            if !told.is_empty() {
                return Err(differs(session, &source, told));
            }
            file.len()
        }
    };
    let to_send = requests
        .into_iter()
        .zip(starts)
        .filter(|(_, start)| from <= *start);
    let receipts = send(session, &source, to_send, file.len()).await?;
    tell(session, &source, &file, from, &receipts, ended.as_deref())
}

/// What a file says, beside what the ledger has of it.
#[derive(Debug)]
pub(super) struct OfFile {
    /// The events that set the plan.
    pub(super) events: Vec<Event>,
    /// Those of them that the ledger has, by their ids.
    pub(super) recorded: HashMap<String, v1::EventInput>,
    /// Of a draft: codes of what ends with the plan before.
    ended: Option<Vec<String>>,
}

/// The events that set the plan, and those of them that the ledger has, by their ids.
///
/// A unit that something else registered is used as it is; one that this very import registered is in its
/// events again, so that they are the same events in the same requests each time.
pub(super) async fn events(session: &Session, source: &Source) -> Result<OfFile, Failure> {
    let continued = continued::continued(session, &source.plan).await?;
    let id = session
        .view
        .ledger
        .as_ref()
        .map(|ledger| ledger.id.as_str())
        .unwrap_or_default();
    let ledger: LedgerId = id.parse().map_err(|error| {
        Failure::new(
            Exit::Fault,
            format!("the server's ledger id `{id}` cannot be read: {error}"),
        )
    })?;
    let set = |registered: &HashMap<Code, UnitId>| {
        import_events::events(&continued.plan, &source.file, ledger, |code| {
            registered.get(code).copied()
        })
        .map_err(|obstacles| stands_in_the_way(session.language(), obstacles))
    };
    let all = set(&HashMap::new())?;
    let found = find(session, &all).await?;
    let own: HashSet<Code> = all
        .iter()
        .filter(|event| {
            // A unit has one registration, whichever year's plan brought it: this one's holds from the
            // day that it would give it.
            let day = event.valid.map(|valid| valid.from.to_string());
            found
                .get(&event.id.to_string())
                .is_some_and(|fact| fact.valid_from == day)
        })
        .filter_map(|event| match &event.payload {
            Payload::OrgUnitRegistered(unit) => Some(unit.code.clone()),
            _ => None,
        })
        .collect();
    let mut registered = HashMap::new();
    for unit in session.client.every(v1::EntityKind::Unit).await? {
        if let (Ok(code), Ok(id)) = (Code::parse(&unit.code), unit.id.parse())
            && !own.contains(&code)
        {
            registered.insert(code, id);
        }
    }
    let events = set(&registered)?;
    continued.check_free(session, &events)?;
    Ok(OfFile {
        events,
        recorded: found,
        ended: continued.ended,
    })
}

/// Those of `events` that the ledger has.
async fn find(
    session: &Session,
    events: &[Event],
) -> Result<HashMap<String, v1::EventInput>, Failure> {
    let ids: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
    let looked_up: Vec<Option<v1::Event>> = futures::stream::iter(&ids)
        .map(|id| session.client.event_if_any(id))
        .buffered(LOOKUPS)
        .try_collect()
        .await?;
    let found = ids.into_iter().zip(looked_up);
    Ok(found
        .filter_map(|(id, event)| Some((id, event?.fact?)))
        .collect())
}

fn stands_in_the_way(language: Language, obstacles: Vec<Obstacle>) -> Failure {
    let count = obstacles.len();
    let mut failure = Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("計画にできないものが{count}件あります。何も取り込んでいません"),
            format!("{count} things cannot become part of a plan; nothing was imported"),
        ),
    );
    for obstacle in obstacles {
        failure = failure.hint(format!("{}: {}", obstacle.code, obstacle.message));
    }
    failure
}

/// The index of the first event of each request among all of them.
fn starts(requests: &[Vec<v1::EventInput>]) -> Vec<usize> {
    requests
        .iter()
        .scan(0, |start, request| {
            let this = *start;
            *start += request.len();
            Some(this)
        })
        .collect()
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
        failure = failure.hint(
            session
                .view
                .pick(format!("ほかに{more}件"), format!("and {more} more")),
        );
    }
    failure.hint(session.view.pick(
        "取込後の計画は、理由を付けて変えてください（plan import --amend、target revise など）",
        "change a plan that is there by events with a reason: plan import --amend, or target revise and the like",
    ))
}

/// Sends requests in order. Each comes with the index of its first event among all of them.
async fn send(
    session: &Session,
    source: &Source,
    requests: impl Iterator<Item = (Vec<v1::EventInput>, usize)>,
    total: usize,
) -> Result<Vec<v1::Receipt>, Failure> {
    let mut receipts = Vec::new();
    for (events, start) in requests {
        // The id follows from the file and the place in it: the same request in every attempt.
        let name = format!("{}/{start}", hex::encode(source.file.sha256));
        let first = events
            .first()
            .map(|event| event.event_id.as_str())
            .unwrap_or_default();
        let space = Uuid::try_parse(first).unwrap_or(Uuid::NAMESPACE_OID);
        let request = v1::AppendEventsRequest {
            request_id: Uuid::new_v5(&space, name.as_bytes()).to_string(),
            events,
            ..v1::AppendEventsRequest::default()
        };
        match session.client.append(request).await {
            Ok(response) => receipts.extend(response.receipt),
            Err(failure) if start == 0 => return Err(failure),
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

/// Cuts events into requests: of whole goals where that is possible, and none too large.
fn requests(events: Vec<Event>, encode: Encode) -> Vec<Vec<v1::EventInput>> {
    let batches = import_events::batches(events);
    batches
        .iter()
        .flat_map(|batch| parts(batch.iter().map(encode)))
        .collect()
}

/// Bytes of an event within a request: field number and length stand before it.
pub(super) fn encoded_bytes(event: &v1::EventInput) -> usize {
    event.encoded_len() + 8
}

fn parts(events: impl Iterator<Item = v1::EventInput>) -> Vec<Vec<v1::EventInput>> {
    let mut parts: Vec<Vec<v1::EventInput>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let own = encoded_bytes(&event);
        match parts.last_mut() {
            Some(part) if bytes + own <= REQUEST_BYTES_MAX => {
                bytes += own;
                part.push(event);
            }
            // An event that is too large alone is the ledger's to refuse.
            _ => {
                bytes = own;
                parts.push(vec![event]);
            }
        }
    }
    parts
}

fn tell(
    session: &Session,
    source: &Source,
    events: &[v1::EventInput],
    recorded: usize,
    receipts: &[v1::Receipt],
    ended: Option<&[String]>,
) -> Result<(), Failure> {
    let appended: usize = receipts.iter().map(|receipt| receipt.events.len()).sum();
    let code = &source.plan.head.code;
    let first = receipts.first().map(|receipt| receipt.first_position);
    let size = receipts.last().map(|receipt| receipt.size);
    if session.json {
        let ledger = session
            .view
            .ledger
            .as_ref()
            .map(crate::cli::json::value)
            .transpose()?;
        let mut told = json!({
            "ledger": ledger,
            "plan": code,
            "file": source.file.name.as_str(),
            "file_sha256": hex::encode(source.file.sha256),
            "appended": appended,
            "recorded_before": recorded,
            "first_position": first,
            "size": size,
            "warnings": source.plan.warnings.len(),
        });
        if let (Some(draft), Some(ended)) = (&source.plan.draft, ended) {
            told["continued"] = draft.continued.into();
            told["new"] = draft.new.into();
            told["ended"] = ended.into();
        }
        return session.print(&told);
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
    if let (Some(draft), Some(ended)) = (&source.plan.draft, ended) {
        let told = render::goes_on(view, draft.continued, draft.new, ended);
        session.output.answer(&told)?;
    }
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

    #[test]
    fn no_request_is_too_large() {
        let lengths = |bytes: &[usize]| -> Vec<usize> {
            let event = |bytes: &usize| v1::EventInput {
                event_id: "x".repeat(*bytes),
                ..v1::EventInput::default()
            };
            parts(bytes.iter().map(event))
                .iter()
                .map(Vec::len)
                .collect()
        };
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&[36; 500]), [500]);
        assert_eq!(lengths(&[400_000; 5]), [2, 2, 1]);
        assert_eq!(lengths(&[2_000_000, 1]), [1, 1]);
    }
}
