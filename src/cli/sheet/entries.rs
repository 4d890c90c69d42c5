//! `daicho record --file entries.csv --migration`: the table of entries that another ledger wrote (`daicho report data
//! entries`), with its reports, corrections, retractions and redefinitions as they were.
//!
//! What is of the fact is recorded again under the ids it had: event ids, days, values, reasons, papers, evidence. What is of
//! the other ledger's record (when, by whom, where) is a claim: it stays in the file, which the event of the file names by its
//! SHA-256. The record's own time is now.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json as object;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::session::Session;
use crate::cli::sheet::fault::FAULTS_MAX;
use crate::cli::sheet::migration;
use crate::cli::sheet::take::FileArgs;
use crate::cli::sheet::taken::file_event;
use crate::cli::terminal;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;
use crate::import::events::SourceFile;
use crate::import::workbook;
use crate::report::data::entries::TABLE;
use crate::report::tidy;

use reading::Reading;
use sending::Sending;

mod reading;
mod sending;

/// Columns without which a table is not this one.
const REQUIRED: [&str; 4] = ["event_id", "kind", "indicator", "valid_from"];
/// Rows of a table at most.
const ROWS_MAX: usize = crate::report::data::ROWS_MAX;
/// Events that are looked up at a time.
const LOOKUPS: usize = 32;

/// A table of entries as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries {
    /// Its columns, as the file names them.
    columns: Vec<String>,
    /// Its rows.
    rows: Vec<Vec<String>>,
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq)]
struct Fault {
    /// The row as a spreadsheet counts, from 1; 1 is the header.
    row: usize,
    column: String,
    message: String,
    reason: Option<String>,
}

impl Entries {
    /// The table of a file, where it is one: CSV in either profile, or the workbook.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut rows = match workbook::read(bytes) {
            Ok(workbook) => cells(&workbook)?,
            Err(_) => tidy::read(bytes).ok()?,
        }
        .into_iter();
        let columns = rows.next()?;
        let has = |wanted: &str| columns.iter().any(|column| column == wanted);
        REQUIRED.iter().all(|wanted| has(wanted)).then(|| Self {
            columns,
            rows: rows.collect(),
        })
    }
}

/// The cells of the only sheet, as texts.
fn cells(workbook: &workbook::Workbook) -> Option<Vec<Vec<String>>> {
    let [sheet] = workbook.sheets.as_slice() else {
        return None;
    };
    let mut rows = Vec::new();
    for (row, cells) in sheet.rows() {
        let row = usize::try_from(row).ok()?;
        if ROWS_MAX < row {
            return None;
        }
        rows.resize(row + 1, Vec::new());
        for (at, cell) in cells {
            let column = usize::try_from(at.column).ok()?;
            let own: &mut Vec<String> = rows.last_mut()?;
            own.resize(own.len().max(column + 1), String::new());
            own[column] = cell.value.text().ok()?;
        }
    }
    // Cells at the end of a row that are empty are none.
    let width = rows.first().map_or(0, Vec::len);
    for row in rows.iter_mut().filter(|row| !row.is_empty()) {
        row.resize(row.len().max(width), String::new());
    }
    Some(rows)
}

/// Takes a table of entries.
pub async fn take(
    session: &Session,
    args: &FileArgs,
    writing_args: &WritingArgs,
    file: SourceFile,
    entries: &Entries,
) -> Result<(), Failure> {
    let path = args.file.clone().unwrap_or_default();
    let mut faults = unknown_columns(entries);
    if ROWS_MAX < entries.rows.len() {
        faults.push(Fault::of_row(
            ROWS_MAX + 1,
            "",
            session.view.pick(
                format!("{ROWS_MAX}行を超えます"),
                format!("more than {ROWS_MAX} rows"),
            ),
        ));
    }
    refuse(session, &path, &file, faults)?;
    let codes: HashSet<String> = entries
        .rows
        .iter()
        .map(|row| entries.cell(row, "indicator").to_owned())
        .collect();
    let known = migration::series_of(session, codes).await?;
    let mut events: Vec<(usize, v1::EventInput)> = Vec::new();
    let mut faults = Vec::new();
    for (number, row) in (2..).zip(&entries.rows) {
        let mut reading = Reading {
            session,
            entries,
            row,
            number,
            known: &known,
            faults: &mut faults,
        };
        events.extend(reading.event().map(|event| (number, event)));
    }
    let goals = migration::goals_of(known.values());
    let plan = migration::plan(session, &goals).await?;
    let before = already(session, &mut events, &mut faults).await?;
    refuse(session, &path, &file, faults)?;
    let initiatives: BTreeSet<String> = known
        .values()
        .filter_map(|series| Some(series.initiative.as_ref()?.id.clone()))
        .collect();
    let counts = [
        goals.len(),
        initiatives.len(),
        goals.values().map(HashSet::len).sum(),
    ];
    let counts = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let mut accepted = file_event(&plan, &file, counts);
    let beside = accepted.payload.clone().map(|payload| {
        // The event of a file has no day of its own.
        let day = (Date::default(), None);
        writing_args.event(day, v1::ReasonCode::Other, payload)
    });
    let beside = beside.transpose()?.unwrap_or_default();
    accepted.reason = beside.reason;
    accepted.source_document = beside.source_document;
    accepted.evidence = beside.evidence;
    let sending = Sending {
        session,
        path: &path,
        file: &file,
        writing: writing_args.writing(),
        before,
    };
    sending.send(accepted, events).await
}

/// Columns that this table does not have: nothing is passed over in silence.
fn unknown_columns(entries: &Entries) -> Vec<Fault> {
    let mut seen = HashSet::new();
    let columns = entries.columns.iter();
    let wrong = columns.filter_map(|name| {
        let known = TABLE.columns.iter().any(|column| column.name == *name);
        let message = match (known, seen.insert(name)) {
            (true, true) => return None,
            (true, false) => "the column is there twice",
            (false, _) => "no such column; see: daicho report dictionary",
        };
        Some(Fault::of_row(1, name, message))
    });
    wrong.collect()
}

/// Leaves out what the ledger has already; how many there were. Another fact under a known id is a fault.
async fn already(
    session: &Session,
    events: &mut Vec<(usize, v1::EventInput)>,
    faults: &mut Vec<Fault>,
) -> Result<usize, Failure> {
    let found: Vec<Option<v1::Event>> = futures::stream::iter(events.iter())
        .map(|(_, event)| session.client.event_if_any(&event.event_id))
        .buffered(LOOKUPS)
        .try_collect()
        .await?;
    let mut facts = found.into_iter();
    let mut known = 0;
    events.retain(|(number, event)| {
        let Some(fact) = facts.next().flatten().and_then(|event| event.fact) else {
            return true;
        };
        if says_the_same(event, fact) {
            known += 1;
        } else {
            let message = session.view.pick(
                "このIDは別の内容で記録済みです",
                "another fact is recorded under this id",
            );
            faults.push(Fault::of_row(*number, "event_id", message));
        }
        false
    });
    Ok(known)
}

/// Whether a recorded fact says what is wanted, but for what the ledger fills in and which event led to it.
fn says_the_same(wanted: &v1::EventInput, mut fact: v1::EventInput) -> bool {
    fact.causation_id.clone_from(&wanted.causation_id);
    match &mut fact.payload {
        Some(Payload::ActualCorrected(p)) => p.before = None,
        Some(Payload::ActualRetracted(p)) => p.before = None,
        _ => {}
    }
    fact == *wanted
}

impl Fault {
    fn of_row(row: usize, column: &str, message: impl Into<String>) -> Self {
        Self {
            row,
            column: column.to_owned(),
            message: message.into(),
            reason: None,
        }
    }
}

impl Entries {
    /// The cell of a column; empty where the row or the table has none.
    fn cell<'a>(&self, row: &'a [String], column: &str) -> &'a str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| row.get(at)).map_or("", String::as_str)
    }
}

/// Tells everything that is wrong, if anything is.
fn refuse(
    session: &Session,
    path: &Path,
    file: &SourceFile,
    faults: Vec<Fault>,
) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let language = session.language();
    if session.json {
        let shown = faults.iter().map(|fault| {
            object!({
                "row": fault.row,
                "column": fault.column,
                "reason": fault.reason,
                "message": fault.message,
            })
        });
        let told = object!({
            "file": file.name.as_str(),
            "file_sha256": hex::encode(file.sha256),
            "recorded": 0,
            "faults": shown.collect::<Vec<_>>(),
        });
        Failure::unheard(session.print(&told))?;
        return Err(Failure::Answered);
    }
    let (shown, count) = (terminal::line(&path.to_string_lossy()), faults.len());
    let mut failure = Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("{shown} に{count}件の誤りがあります"),
            format!("{shown} has {count} faults"),
        ),
    );
    for fault in faults.iter().take(FAULTS_MAX) {
        let (row, column) = (fault.row, terminal::line(&fault.column));
        let place = pick(
            language,
            format!("{row}行 {column}"),
            format!("row {row} {column}"),
        );
        let reason = fault.reason.as_ref().map_or_else(String::new, |reason| {
            format!(" [{}]", terminal::line(reason))
        });
        let line = format!("{}: {}{reason}", place.trim_end(), fault.message);
        failure = failure.hint(terminal::line(&line));
    }
    if FAULTS_MAX < count {
        let more = count - FAULTS_MAX;
        failure = failure.hint(pick(
            language,
            format!("ほかに{more}件"),
            format!("and {more} more"),
        ));
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_entries_is_known_by_its_header_in_either_profile() {
        let rows = || {
            let rows = [
                vec!["event_id", "kind", "indicator", "valid_from", "reason"],
                vec![
                    "a",
                    "REPORT",
                    "R5/総務部/1-1/1.1",
                    "2023-09-30",
                    "=1+1\u{202E}",
                ],
            ];
            rows.map(|row| row.into_iter().map(str::to_owned).collect())
                .into_iter()
        };
        let machine = Entries::of(tidy::csv(tidy::Profile::Machine, rows()).as_bytes());
        let sheet = Entries::of(tidy::csv(tidy::Profile::Spreadsheet, rows()).as_bytes());
        assert!(machine.is_some());
        assert_eq!(machine, sheet);
        assert_eq!(Entries::of("指標,報告日,値\n".as_bytes()), None);
        assert_eq!(Entries::of(b""), None);
    }
}
