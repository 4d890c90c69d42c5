//! `daicho record --file entries.csv --migration`: the table of entries that another ledger wrote (`daicho report data
//! entries`), with its reports, corrections, retractions and redefinitions as they were.
//!
//! What is of the fact is recorded again under the ids it had: event ids, days, values, reasons, papers, evidence. What is of
//! the other ledger's record (when, by whom, where) is a claim: it stays in the file, which the event of the file names by its
//! SHA-256. The record's own time is now.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _};
use prost::Message as _;
use serde_json::json as object;
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::attach;
use crate::cli::choice::Choice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::language::pick;
use crate::cli::plan::import::REQUEST_BYTES_MAX;
use crate::cli::session::{Session, Writing};
use crate::cli::sheet::fault::FAULTS_MAX;
use crate::cli::sheet::migration;
use crate::cli::sheet::send::row_of;
use crate::cli::sheet::take::{EVENTS_MAX, FileArgs, file_event, request_id};
use crate::cli::terminal;
use crate::cli::writing::WritingArgs;
use crate::domain::date::{Date, parse_iso};
use crate::import::events::SourceFile;
use crate::import::workbook;
use crate::report::data::entries::TABLE;
use crate::report::tidy;

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

/// A row on its way to an event.
struct Reading<'a> {
    session: &'a Session,
    entries: &'a Entries,
    row: &'a [String],
    number: usize,
    known: &'a HashMap<String, v1::GetSeriesResponse>,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn cell(&self, column: &str) -> String {
        self.entries.cell(self.row, column).to_owned()
    }

    fn some(&self, column: &str) -> Option<String> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty())
    }

    fn fault(&mut self, column: &str, ja: impl Into<String>, en: impl Into<String>) {
        let message = self.session.view.pick(ja.into(), en.into());
        self.faults
            .push(Fault::of_row(self.number, column, message));
    }

    /// A choice by its code.
    fn choice<C: Choice>(&mut self, column: &str) -> Option<C> {
        let text = self.cell(column);
        let found = C::named(&format!("{}{text}", C::PREFIX));
        if found.is_none() {
            let shown = terminal::line(&text);
            self.fault(
                column,
                format!("「{shown}」という値はありません（daicho report dictionary）"),
                format!("`{shown}` is not one of the choices; see: daicho report dictionary"),
            );
        }
        found
    }

    fn event(&mut self) -> Option<v1::EventInput> {
        let before = self.faults.len();
        if self.row.len() != self.entries.columns.len() {
            self.fault(
                "",
                "列の数が見出しと違います",
                "not as many cells as the header has",
            );
            return None;
        }
        if Uuid::try_parse(&self.cell("event_id")).is_err() {
            self.fault("event_id", "IDではありません", "not an id");
        }
        for column in ["valid_from", "valid_to", "document_date"] {
            let text = self.cell(column);
            if (!text.is_empty() || column == "valid_from") && parse_iso(&text).is_err() {
                self.fault(
                    column,
                    "日付は 2023-09-30 の形で書きます",
                    "not a day such as 2023-09-30",
                );
            }
        }
        let code = self.cell("indicator");
        let series = self.known.get(&code);
        let indicator = series.and_then(|series| series.indicator.as_ref());
        let indicator = indicator.map(|indicator| indicator.id.clone());
        if indicator.is_none() {
            let shown = terminal::line(&code);
            self.fault(
                "indicator",
                format!("「{shown}」という指標はありません。先に計画を取り込んでください"),
                format!("there is no indicator `{shown}`; import the plan first"),
            );
        }
        let payload = self.payload(indicator.unwrap_or_default());
        let reason = self.some("reason_code").map(|_| {
            let code = self.choice::<v1::ReasonCode>("reason_code");
            v1::Reason {
                code: code.unwrap_or(v1::ReasonCode::Unspecified).into(),
                text: self.cell("reason"),
            }
        });
        let evidence = self.evidence();
        if before < self.faults.len() {
            return None;
        }
        Some(v1::EventInput {
            event_id: self.cell("event_id"),
            valid_from: self.some("valid_from"),
            valid_to: self.some("valid_to"),
            reason,
            evidence,
            source_document: self
                .some("document_number")
                .map(|number| v1::SourceDocument {
                    number,
                    title: self.some("document_title"),
                    date: self.some("document_date"),
                }),
            payload: Some(payload?),
            ..v1::EventInput::default()
        })
    }

    fn payload(&mut self, indicator: String) -> Option<Payload> {
        let (part, unit_code) = (self.some("part"), self.some("unit"));
        match self.cell("kind").as_str() {
            "REPORT" => Some(Payload::ActualRecorded(v1::ActualRecorded {
                indicator,
                measurement: self.measurement(),
                part,
                unit_code,
            })),
            "CORRECTION" => Some(Payload::ActualCorrected(v1::ActualCorrected {
                indicator,
                corrects: self.cell("replaces"),
                before: None,
                measurement: self.measurement(),
                part,
                unit_code,
            })),
            "RETRACTION" => Some(Payload::ActualRetracted(v1::ActualRetracted {
                indicator,
                retracts: self.cell("replaces"),
                before: None,
            })),
            "REDEFINITION" => self.redefinition(indicator),
            _ => {
                self.fault(
                    "kind",
                    "REPORT・CORRECTION・RETRACTION・REDEFINITION のどれかです",
                    "one of REPORT, CORRECTION, RETRACTION, REDEFINITION",
                );
                None
            }
        }
    }

    fn redefinition(&mut self, indicator: String) -> Option<Payload> {
        let Ok(definition_version) = self.cell("definition_version").parse() else {
            self.fault(
                "definition_version",
                "版の番号ではありません",
                "not the number of a version",
            );
            return None;
        };
        match json::message::<v1::Definition>(&self.cell("definition")) {
            Ok(definition) => Some(Payload::IndicatorRedefined(v1::IndicatorRedefined {
                indicator,
                definition_version,
                definition: Some(definition),
            })),
            Err(problem) => {
                let problem = terminal::line(&problem);
                self.fault(
                    "definition",
                    format!("定義として読めません: {problem}"),
                    format!("no definition: {problem}"),
                );
                None
            }
        }
    }

    fn measurement(&mut self) -> Option<v1::Measurement> {
        use v1::measurement::{Kind, Member, MemberValue, Milestone, Ratio};
        let (value, member) = (self.cell("value"), self.cell("member"));
        let kind = match self.cell("measure").as_str() {
            "INCREMENT" => Kind::Increment(value),
            "LEVEL" => Kind::Level(value),
            "RATIO" => Kind::Ratio(Ratio {
                numerator: self.cell("numerator"),
                denominator: self.cell("denominator"),
            }),
            "MEMBER" => Kind::Member(Member {
                member,
                state: self.choice::<v1::MemberState>("state")?.into(),
            }),
            "MEMBER_VALUE" => Kind::MemberValue(MemberValue { member, value }),
            "MILESTONE" => Kind::Milestone(Milestone {
                checkpoint: self.some("checkpoint"),
                state: self.choice::<v1::MilestoneState>("state")?.into(),
            }),
            "RUBRIC_LEVEL" => match value.parse() {
                Ok(level) => Kind::RubricLevel(level),
                Err(_) => {
                    self.fault(
                        "value",
                        "段階の番号ではありません",
                        "not the number of a level",
                    );
                    return None;
                }
            },
            "NIL" => Kind::Nil(self.choice::<v1::NilCause>("nil")?.into()),
            _ => {
                self.fault(
                    "measure",
                    "値の形の名前ではありません（daicho report dictionary）",
                    "no form of a measurement; see: daicho report dictionary",
                );
                return None;
            }
        };
        Some(v1::Measurement { kind: Some(kind) })
    }

    /// The pieces of evidence, a line each in every column.
    fn evidence(&mut self) -> Vec<v1::Evidence> {
        let digests = self.cell("evidence_sha256");
        if digests.is_empty() {
            return Vec::new();
        }
        let digests: Vec<&str> = digests.split('\n').collect();
        let column = |reading: &Self, name: &str| -> Vec<String> {
            let cell = reading.cell(name);
            match cell.is_empty() {
                // Nothing is said of any.
                true => vec![String::new(); digests.len()],
                false => cell.split('\n').map(str::to_owned).collect(),
            }
        };
        let names = [
            "evidence_title",
            "evidence_media_type",
            "evidence_uri",
            "evidence_bytes",
            "evidence_disclosure",
        ];
        let columns = names.map(|name| column(self, name));
        for (name, lines) in names.iter().zip(&columns) {
            if lines.len() != digests.len() {
                self.fault(
                    name,
                    "evidence_sha256 と行の数が違います",
                    "not as many lines as evidence_sha256",
                );
                return Vec::new();
            }
        }
        let [titles, types, uris, sizes, disclosures] = columns;
        let mut pieces = Vec::new();
        for (at, digest) in digests.iter().enumerate() {
            let Ok(sha256) = hex::decode(digest) else {
                self.fault("evidence_sha256", "SHA-256ではありません", "no SHA-256");
                continue;
            };
            let name = format!("{}{}", v1::Disclosure::PREFIX, disclosures[at]);
            let Some(disclosure) = v1::Disclosure::named(&name) else {
                self.fault(
                    "evidence_disclosure",
                    "公開範囲の名前ではありません",
                    "not one of the choices",
                );
                continue;
            };
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let size_bytes = match some(&sizes[at]).map(|size| size.parse()) {
                Some(Err(_)) => {
                    self.fault(
                        "evidence_bytes",
                        "バイト数ではありません",
                        "not a number of bytes",
                    );
                    continue;
                }
                size => size.and_then(Result::ok),
            };
            pieces.push(v1::Evidence {
                sha256,
                media_type: types[at].clone(),
                title: titles[at].clone(),
                uri: some(&uris[at]),
                size_bytes,
                disclosure: disclosure.into(),
            });
        }
        pieces
    }
}

/// The requests of a file, one behind another: what corrects comes after what it corrects.
struct Sending<'a> {
    session: &'a Session,
    path: &'a Path,
    file: &'a SourceFile,
    writing: Writing,
    /// How many rows the ledger had already.
    before: usize,
}

impl Sending<'_> {
    async fn send(
        &self,
        accepted: v1::EventInput,
        mut events: Vec<(usize, v1::EventInput)>,
    ) -> Result<(), Failure> {
        let session = self.session;
        if events.is_empty() {
            return self.told(0, None, false);
        }
        let cause = accepted.event_id.clone();
        let recorded = session.client.event_if_any(&cause).await?.is_some();
        for (_, event) in &mut events {
            event.causation_id = Some(cause.clone());
        }
        let rows = events.len();
        let mut first = Some(accepted).filter(|_| !recorded);
        let (mut sent, mut size, mut checked) = (0, None, false);
        for batch in batches(events) {
            // The file's own event leads the first request, so that rows count from 1 there as everywhere.
            let lead = first.take();
            let offset = usize::from(lead.is_some());
            let inputs: Vec<v1::EventInput> = lead
                .into_iter()
                .chain(batch.iter().map(|(_, event)| event.clone()))
                .collect();
            let request = self.request(&batch, inputs);
            let check = v1::AppendEventsRequest {
                validate_only: true,
                ..request.clone()
            };
            let answer = session.client.append(check).await?;
            let faults = answer
                .faults
                .iter()
                .map(|fault| located(&batch, offset, &fault.field, &fault.message, &fault.reason));
            self.refused(faults.collect(), sent)?;
            if self.writing.check {
                checked = true;
                sent = batch.len();
                break;
            }
            if 0 < offset {
                attach::put(session, &self.writing, &request.events).await?;
            }
            match session.client.append(request).await {
                Ok(answer) => {
                    sent += batch.len();
                    size = answer.receipt.map(|receipt| receipt.size);
                }
                Err(Failure::Told(report)) if !report.violations.is_empty() => {
                    let faults = report.violations.iter().map(|violation| {
                        let (field, message) = (&violation.field, &violation.message);
                        located(&batch, offset, field, message, &violation.reason)
                    });
                    self.refused(faults.collect(), sent)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        if checked && sent < rows {
            session.output.remark(&session.view.pick(
                format!("注: {rows}行のうち最初の{sent}行を確かめました（残りは先の行が記録されてから確かめられます）"),
                format!("note: the first {sent} of {rows} rows were checked; the others build on them"),
            ));
        }
        self.told(sent, size, checked)
    }

    /// A request whose id follows from the file and the first of its rows.
    fn request(
        &self,
        batch: &[(usize, v1::EventInput)],
        events: Vec<v1::EventInput>,
    ) -> v1::AppendEventsRequest {
        let space = request_id(self.session, self.file);
        let space = Uuid::try_parse(&space).unwrap_or(Uuid::NAMESPACE_OID);
        let first = batch.first().map_or("", |(_, event)| &*event.event_id);
        let id = Uuid::new_v5(&space, format!("entries from {first}").as_bytes());
        v1::AppendEventsRequest {
            request_id: id.to_string(),
            effects: false,
            ..Writing::default().request(events)
        }
    }

    fn refused(&self, faults: Vec<Fault>, sent: usize) -> Result<(), Failure> {
        if 0 < sent && !faults.is_empty() {
            self.session.output.remark(&self.session.view.pick(
                format!("注: {sent}行は記録済みです。直してから同じファイルを読み込むと続きから記録します"),
                format!("note: {sent} rows are recorded; load the file again once this is mended, and it goes on from there"),
            ));
        }
        refuse(self.session, self.path, self.file, faults)
    }

    fn told(&self, sent: usize, size: Option<u64>, checked: bool) -> Result<(), Failure> {
        let (session, before) = (self.session, self.before);
        if session.json {
            return session.print(&object!({
                "file": self.file.name.as_str(),
                "file_sha256": hex::encode(self.file.sha256),
                "checked_only": checked,
                "recorded": if checked { 0 } else { sent },
                "known_before": before,
                "size": size,
            }));
        }
        let done = match checked {
            true => session.view.pick(
                format!("{sent}行を確かめました（記録していません）"),
                format!("checked {sent} rows; nothing was recorded"),
            ),
            false => session.view.pick(
                format!("{sent}行を記録しました"),
                format!("recorded {sent} rows"),
            ),
        };
        session.output.answer_line(&session.view.pick(
            format!("{done}。記録済みの行 {before}"),
            format!("{done}; {before} rows were recorded before"),
        ))
    }
}

/// Rows in requests that the server takes.
fn batches(events: Vec<(usize, v1::EventInput)>) -> Vec<Vec<(usize, v1::EventInput)>> {
    let mut batches: Vec<Vec<(usize, v1::EventInput)>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let own = event.1.encoded_len();
        let full = |batch: &Vec<_>| EVENTS_MAX - 1 <= batch.len();
        match batches.last_mut() {
            Some(batch) if !full(batch) && bytes + own <= REQUEST_BYTES_MAX => {
                bytes += own;
                batch.push(event);
            }
            _ => {
                bytes = own;
                batches.push(vec![event]);
            }
        }
    }
    batches
}

fn located(
    batch: &[(usize, v1::EventInput)],
    offset: usize,
    field: &str,
    message: &str,
    reason: &str,
) -> Fault {
    // `row_of` takes the file's own event for the first of the request.
    let index = match offset {
        0 => index_of(field),
        _ => row_of(field),
    };
    let row = index.and_then(|index| batch.get(index));
    Fault {
        row: row.map_or(1, |(number, _)| *number),
        column: column_of(field).to_owned(),
        message: terminal::line(message),
        reason: Some(reason.to_owned()),
    }
}

/// Which event of the request a field is of.
fn index_of(field: &str) -> Option<usize> {
    field
        .strip_prefix("events[")?
        .split(']')
        .next()?
        .parse()
        .ok()
}

fn column_of(field: &str) -> &'static str {
    let columns = [
        ("numerator", "numerator"),
        ("denominator", "denominator"),
        ("nil", "nil"),
        ("checkpoint", "checkpoint"),
        ("measurement", "value"),
        ("corrects", "replaces"),
        ("retracts", "replaces"),
        ("part", "part"),
        ("unit_code", "unit"),
        ("valid_from", "valid_from"),
        ("valid_to", "valid_to"),
        ("reason", "reason"),
        ("evidence", "evidence_sha256"),
        ("source_document", "document_number"),
        ("event_id", "event_id"),
    ];
    let found = columns.iter().find(|(part, _)| field.contains(part));
    found.map_or("indicator", |(_, column)| column)
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
        session.print(&object!({
            "file": file.name.as_str(),
            "file_sha256": hex::encode(file.sha256),
            "recorded": 0,
            "faults": shown.collect::<Vec<_>>(),
        }))?;
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
                vec!["a", "REPORT", "R5/総務部/1-1/1.1", "2023-09-30", "=1+1"],
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

    #[test]
    fn requests_hold_what_the_server_takes() {
        let event = |number: usize| (number, v1::EventInput::default());
        let batches = batches((0..2_500).map(event).collect());
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [999, 999, 502]);
    }
}
