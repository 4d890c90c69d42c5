//! The one request of a file: checked first, so that everything wrong is told by cell, then recorded.

use std::path::Path;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::attach;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::hint;
use crate::cli::language::pick;
use crate::cli::session::{Session, Writing};
use crate::cli::sheet::column::Column;
use crate::cli::sheet::fault::{Fault, Place};
use crate::cli::sheet::lines::Lines;
use crate::cli::sheet::take::{FileArgs, refuse};
use crate::cli::sheet::taken::{Batch, EVENTS_MAX, Outcome, Taken};
use crate::cli::sheet::told;
use crate::cli::terminal;
use crate::cli::writing::WritingArgs;
use crate::domain::text::Language;

/// Checks the rows against the ledger, and records them unless that was all that was asked for.
pub async fn send(
    session: &Session,
    args: &FileArgs,
    writing_args: &WritingArgs,
    writing: &Writing,
    path: &Path,
    batch: &Batch,
    accepted: v1::EventInput,
) -> Result<(), Failure> {
    let language = session.language();
    let sent: Vec<&Taken> = batch
        .taken
        .iter()
        .filter(|row| row.outcome != Outcome::Known)
        .collect();
    if sent.is_empty() {
        return told::taken(session, batch, None);
    }
    if EVENTS_MAX <= sent.len() {
        let (count, max) = (sent.len(), EVENTS_MAX - 1);
        return Err(Failure::new(Exit::Refused, session.view.pick(
            format!("報告が{count}件あります。1つのファイルは{max}件までです（まとめて1回で記録するため）。何も記録していません"),
            format!("{count} reports; a file has at most {max}, because it is recorded as one request; nothing was recorded"),
        )));
    }
    let cause = accepted.event_id.clone();
    let mut events = vec![accepted];
    for row in &sent {
        events.push(beside(args, writing_args, row, &cause)?);
    }
    let check = v1::AppendEventsRequest {
        validate_only: true,
        ..writing.request(events.clone())
    };
    let checked = session.client.append(check).await?;
    let located = |field: &str, message: &str, reason: &str| {
        locate(language, &batch.lines, &sent, field, message, reason)
    };
    let faults: Vec<Fault> = checked
        .faults
        .iter()
        .map(|fault| located(&fault.field, &fault.message, &fault.reason))
        .collect();
    refuse(
        language,
        &session.output,
        session.json,
        path,
        &batch.file,
        faults,
    )?;
    if writing.check {
        return told::taken(session, batch, Some(&checked));
    }
    attach::put(session, writing, &events).await?;
    match session.client.append(writing.request(events)).await {
        Ok(response) => told::taken(session, batch, Some(&response)),
        Err(Failure::Told(report)) if !report.violations.is_empty() => {
            let violations = report.violations.iter();
            let faults = violations
                .map(|v| located(&v.field, &v.message, &v.reason))
                .collect();
            refuse(
                language,
                &session.output,
                session.json,
                path,
                &batch.file,
                faults,
            )
        }
        Err(failure) => Err(failure),
    }
}

/// The event of a row with what the command line says beside it.
fn beside(
    args: &FileArgs,
    writing: &WritingArgs,
    row: &Taken,
    cause: &str,
) -> Result<v1::EventInput, Failure> {
    let corrects = matches!(row.outcome, Outcome::Correct(_));
    let payload = row
        .event
        .payload
        .clone()
        .unwrap_or_else(|| Payload::ActualRecorded(v1::ActualRecorded::default()));
    let code = if corrects {
        v1::ReasonCode::EntryError
    } else {
        v1::ReasonCode::Other
    };
    let mut event = writing.event((row.day, None), code, payload)?;
    event.event_id.clone_from(&row.event.event_id);
    event.causation_id = Some(cause.to_owned());
    event.evidence.extend(row.event.evidence.iter().cloned());
    let note = row.event.reason.as_ref();
    event.reason = match (event.reason, note) {
        // What corrects bears the reason of the correction; the note stands behind it.
        (Some(reason), Some(note)) if corrects => Some(v1::Reason {
            text: format!("{}\n備考: {}", reason.text, note.text),
            ..reason
        }),
        (reason, _) if corrects => reason,
        // The reason of the migration is in it already, with what is claimed.
        (_, Some(told)) if args.migration => Some(told.clone()),
        // The reason of corrections is none of the other rows.
        (_, note) if args.correct => note.cloned(),
        (reason, None) => reason,
        (reason, Some(note)) => Some(v1::Reason {
            code: reason.map_or(note.code, |reason| reason.code),
            text: note.text.clone(),
        }),
    };
    Ok(event)
}

/// Which row of the request a field is of: `events[3].…` is the third row, for the first event is the file's.
pub fn row_of(field: &str) -> Option<usize> {
    let number = field.strip_prefix("events[")?.split(']').next()?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn locate(
    language: Language,
    lines: &Lines,
    sent: &[&Taken],
    field: &str,
    message: &str,
    reason: &str,
) -> Fault {
    let row = row_of(field).and_then(|index| sent.get(index));
    let column = column_of(field, reason);
    let place = row.map_or(
        Place {
            row: 0,
            column: None,
        },
        |row| lines.place(row.row, column),
    );
    let message = terminal::line(message);
    let advice = sheet_advice(language, reason).or_else(|| hint::advice(language, reason));
    let message = match advice {
        Some(advice) => format!("{message} → {advice}"),
        None => message,
    };
    Fault {
        place,
        message,
        reason: Some(reason.to_owned()),
    }
}

fn column_of(field: &str, reason: &str) -> Column {
    match reason {
        "PERIOD_SOFT_CLOSED" => return Column::Note,
        "PERIOD_CLOSED" | "OBSERVATION_EXISTS" => return Column::Day,
        _ => {}
    }
    let has = |part: &str| field.contains(part);
    if has("denominator") {
        Column::Denominator
    } else if has(".nil") {
        Column::Nil
    } else if has("measurement") {
        Column::Value
    } else if has("valid_from") || has("valid_to") {
        Column::Day
    } else if has("reason") {
        Column::Note
    } else if has("evidence") {
        Column::Evidence
    } else {
        Column::Code
    }
}

/// What to do about a refusal in terms of the sheet, where the command line's own advice is of no use.
fn sheet_advice(language: Language, reason: &str) -> Option<&'static str> {
    let (ja, en) = match reason {
        "REASON_REQUIRED" | "PERIOD_SOFT_CLOSED" => (
            "「備考・理由」の欄に理由を記入してください",
            "say why in the column “Note”",
        ),
        "EVIDENCE_REQUIRED" => (
            "「根拠資料」の欄に文書番号などを記入してください",
            "name the paper in the column “Evidence”",
        ),
        "DENOMINATOR_ZERO" => (
            "対象がなかったときは値を消し「実績なし」で需要なしを選んでください",
            "if there was nothing to divide by, clear the value and choose “no demand”",
        ),
        "VALUE_OUT_OF_DOMAIN" => ("「単位」の欄を確かめてください", "see the column “Unit”"),
        "MILESTONE_BACKWARD" => (
            "前の報告が誤りなら daicho correct で訂正してください",
            "if the earlier report was wrong, use: daicho correct",
        ),
        _ => return None,
    };
    Some(pick(language, ja, en))
}
