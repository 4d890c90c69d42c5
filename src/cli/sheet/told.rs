//! What came of a file, row by row.

use std::path::Path;

use serde_json::{Value, json};

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::render::{View, value};
use crate::cli::session::Session;
use crate::cli::sheet::cleared::{self, Cleared};
use crate::cli::sheet::fault::{FAULTS_MAX, Fault};
use crate::cli::sheet::send::row_of;
use crate::cli::sheet::taken::{Batch, Outcome, Taken};
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::import::events::SourceFile;

/// Everything that is wrong with a file.
pub fn refused(language: Language, path: &Path, faults: &[Fault]) -> Failure {
    let shown = terminal::line(&path.to_string_lossy());
    let count = faults.len();
    let mut failure = Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("{shown} に{count}件の誤りがあります。何も記録していません"),
            format!("{shown} has {count} faults; nothing was recorded"),
        ),
    );
    for fault in faults.iter().take(FAULTS_MAX) {
        failure = failure.hint(line(language, fault));
    }
    if FAULTS_MAX < count {
        let more = count - FAULTS_MAX;
        failure = failure.hint(pick(
            language,
            format!("ほかに{more}件"),
            format!("and {more} more"),
        ));
    }
    failure
}

fn line(language: Language, fault: &Fault) -> String {
    let place = match fault.place.column {
        Some((column, _)) => {
            let (ja, en) = column.names();
            pick(
                language,
                format!("{}（{ja}）", fault.place),
                format!("{} ({en})", fault.place),
            )
        }
        None => pick(
            language,
            format!("{}行", fault.place),
            format!("row {}", fault.place),
        ),
    };
    let reason = fault.reason.as_ref().map_or_else(String::new, |reason| {
        format!(" [{}]", terminal::line(reason))
    });
    terminal::line(&format!("{place}: {}{reason}", fault.message))
}

/// Everything that is wrong with a file, for programs.
pub fn faults(output: &Output, file: &SourceFile, faults: &[Fault]) -> Result<(), Failure> {
    let faults: Vec<Value> = faults
        .iter()
        .map(|fault| {
            json!({
                "cell": fault.place.to_string(),
                "column": fault.place.column.map(|(column, _)| column.names().1),
                "reason": fault.reason,
                "message": fault.message,
            })
        })
        .collect();
    let told = json!({
        "file": file.name.as_str(),
        "file_sha256": hex::encode(file.sha256),
        "recorded": 0,
        "faults": faults,
    });
    output.answer_line(&told.to_string())
}

/// What is understood of a file, without a server.
pub fn understood(
    language: Language,
    output: &Output,
    json: bool,
    batch: &Batch,
) -> Result<(), Failure> {
    folded(language, output, batch);
    if json {
        let rows: Vec<Value> = batch.taken.iter().map(|row| shown(row, &[])).collect();
        let told = json!({
            "file": batch.file.name.as_str(),
            "file_sha256": hex::encode(batch.file.sha256),
            "rows": rows,
        });
        return output.answer_line(&told.to_string());
    }
    let view = View::new(language, output.columns());
    let count = batch.taken.len();
    let head = view.pick(
        format!("{count}件の報告を読み取りました（サーバーには確かめていません）\n"),
        format!("read {count} reports; the server was not asked\n"),
    );
    output.answer(&format!("{head}{}", table(&view, batch, None, false)))
}

/// A file without a single report.
pub fn nothing(session: &Session, file: &SourceFile, cleared: &[Cleared]) -> Result<(), Failure> {
    cleared::tell(session.language(), &session.output, cleared);
    if session.json {
        return session.print(&json!({
            "file": file.name.as_str(),
            "file_sha256": hex::encode(file.sha256),
            "recorded": 0,
            "rows": [],
            "cleared": cleared.iter().map(Cleared::json).collect::<Vec<_>>(),
        }));
    }
    session.output.answer_line(session.view.pick(
        "記入された行がありません。何も記録していません",
        "no row is filled in; nothing was recorded",
    ))
}

/// A file that was loaded before.
pub fn replayed(
    session: &Session,
    file: &SourceFile,
    receipt: Option<&v1::Receipt>,
) -> Result<(), Failure> {
    let first = receipt.map_or(0, |receipt| receipt.first_position);
    let size = receipt.map_or(0, |receipt| receipt.size);
    if session.json {
        return session.print(&json!({
            "file": file.name.as_str(),
            "file_sha256": hex::encode(file.sha256),
            "recorded": 0,
            "replayed": true,
            "first_position": first,
            "size": size,
        }));
    }
    let last = size.saturating_sub(1);
    session.output.answer_line(&session.view.pick(
        format!("このファイルは記録済みです（位置 {first}〜{last}）。今回は何も追加していません"),
        format!("this file is recorded (positions {first} to {last}); nothing was added now"),
    ))
}

/// What was, or would be, recorded.
pub fn taken(
    session: &Session,
    batch: &Batch,
    response: Option<&v1::AppendEventsResponse>,
) -> Result<(), Failure> {
    let (view, language) = (&session.view, session.language());
    folded(language, &session.output, batch);
    cleared::tell(language, &session.output, &batch.cleared);
    let checked = response.is_some_and(|response| response.validated);
    let receipt = response
        .filter(|_| !checked)
        .and_then(|response| response.receipt.as_ref());
    let count = |wanted: fn(&Outcome) -> bool| {
        batch
            .taken
            .iter()
            .filter(|row| wanted(&row.outcome))
            .count()
    };
    let recorded = count(|outcome| *outcome == Outcome::Record);
    let corrected = count(|outcome| matches!(outcome, Outcome::Correct(_)));
    let known = count(|outcome| *outcome == Outcome::Known);
    if session.json {
        let mut sent = 0;
        let rows: Vec<Value> = batch
            .taken
            .iter()
            .map(|row| {
                let notices = notices_of(row, response, &mut sent);
                shown(row, &notices)
            })
            .collect();
        return session.print(&json!({
            "file": batch.file.name.as_str(),
            "file_sha256": hex::encode(batch.file.sha256),
            "checked_only": checked,
            "recorded": if checked { 0 } else { recorded },
            "corrected": if checked { 0 } else { corrected },
            "known_before": known,
            "first_position": receipt.map(|receipt| receipt.first_position),
            "size": receipt.map(|receipt| receipt.size),
            "rows": rows,
            "cleared": batch.cleared.iter().map(Cleared::json).collect::<Vec<_>>(),
        }));
    }
    let mut text = match (response, receipt) {
        (None, _) => view
            .pick(
                "記録済みです。追加するものはありません\n",
                "recorded before: nothing to add\n",
            )
            .to_owned(),
        (Some(_), None) => view
            .pick(
                "確認だけ（記録していません）\n",
                "checked only, nothing was recorded\n",
            )
            .to_owned(),
        (Some(_), Some(receipt)) => {
            let (first, last) = (receipt.first_position, receipt.size.saturating_sub(1));
            view.pick(
                format!("記録しました（位置 {first}〜{last}）\n"),
                format!("recorded (positions {first} to {last})\n"),
            )
        }
    };
    text.push_str(&table(view, batch, response, checked));
    text.push_str(&view.pick(
        format!("報告 {recorded}件、訂正 {corrected}件、記録済み {known}件\n"),
        format!("{recorded} reports, {corrected} corrections, {known} recorded before\n"),
    ));
    if let Some(mark) = view.sample_mark() {
        text.push_str(&format!("{mark}\n"));
    }
    session.output.answer(&text)
}

fn folded(language: Language, output: &Output, batch: &Batch) {
    for (place, typed, read) in &batch.folded {
        let typed = terminal::line(typed);
        output.remark(&pick(
            language,
            format!("注: {place}「{typed}」を {read} と読みました"),
            format!("note: {place}: read `{typed}` as {read}"),
        ));
    }
}

/// The notices about a row; `sent` counts the rows that were sent so far.
fn notices_of<'a>(
    row: &Taken,
    response: Option<&'a v1::AppendEventsResponse>,
    sent: &mut usize,
) -> Vec<&'a v1::Notice> {
    if row.outcome == Outcome::Known {
        return Vec::new();
    }
    let own = *sent;
    *sent += 1;
    let notices = response.into_iter().flat_map(|response| &response.notices);
    notices
        .filter(|notice| row_of(&notice.field) == Some(own))
        .collect()
}

fn measured(row: &Taken, language: Language) -> String {
    let measurement = match &row.event.payload {
        Some(Payload::ActualRecorded(p)) => p.measurement.as_ref(),
        Some(Payload::ActualCorrected(p)) => p.measurement.as_ref(),
        _ => None,
    };
    value::measurement(language, measurement, Some(&row.definition))
}

fn shown(row: &Taken, notices: &[&v1::Notice]) -> Value {
    let (outcome, before) = match &row.outcome {
        Outcome::Record => ("RECORD", None),
        Outcome::Correct(before) => ("CORRECT", Some(before)),
        Outcome::Known => ("KNOWN", None),
    };
    let notices: Vec<Value> = notices
        .iter()
        .map(|notice| json!({ "kind": notice.kind().as_str_name(), "message": notice.message }))
        .collect();
    json!({
        "cell": row.place.to_string(),
        "indicator": row.code,
        "part": row.part,
        "on": row.event.valid_from,
        "value": measured(row, Language::En),
        "event_id": row.event.event_id,
        "outcome": outcome,
        "before": before,
        "notices": notices,
    })
}

fn table(
    view: &View,
    batch: &Batch,
    response: Option<&v1::AppendEventsResponse>,
    checked: bool,
) -> String {
    let mut table = Table::new()
        .text(view.pick("欄", "cell"))
        .text(view.pick("指標", "indicator"))
        .text(view.pick("内訳", "part"))
        .text(view.pick("報告日", "date"))
        .text(view.pick("値", "value"))
        .text(view.pick("結果", "outcome"))
        .wrapping(view.pick("確認すること", "worth a look"));
    let mut sent = 0;
    for row in &batch.taken {
        let notices: Vec<String> = notices_of(row, response, &mut sent)
            .into_iter()
            .map(|told| notice(view.language, told))
            .collect();
        let outcome = match (&row.outcome, checked || response.is_none()) {
            (Outcome::Record, true) => view.pick("記録できます", "can be recorded").to_owned(),
            (Outcome::Record, false) => view.pick("記録", "recorded").to_owned(),
            (Outcome::Correct(before), _) => {
                let before = terminal::line(before);
                view.pick(
                    format!("訂正（{before} から）"),
                    format!("corrected (was {before})"),
                )
            }
            (Outcome::Known, _) => view.pick("記録済み", "recorded before").to_owned(),
        };
        let on = row.event.valid_from.clone().unwrap_or_default();
        table.row([
            row.place.to_string(),
            terminal::line(&row.code),
            row.part.clone(),
            on,
            measured(row, view.language),
            outcome,
            notices.join(" / "),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    table.render(view.columns)
}

/// The label of a notice.
fn notice(language: Language, notice: &v1::Notice) -> String {
    let kind = label::notice_kind(language, notice.kind());
    format!("{kind}: {}", terminal::line(&notice.message))
}
