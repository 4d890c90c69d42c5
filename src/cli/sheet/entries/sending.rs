//! The requests of a file, and where in the file the answer to one finds fault.

use std::path::Path;

use prost::Message as _;
use serde_json::json as object;
use uuid::Uuid;

use super::{Fault, refuse};
use crate::api::v1;
use crate::cli::attach;
use crate::cli::failure::Failure;
use crate::cli::plan::import::REQUEST_BYTES_MAX;
use crate::cli::session::{Session, Writing};
use crate::cli::sheet::send::row_of;
use crate::cli::sheet::taken::{EVENTS_MAX, request_id};
use crate::cli::terminal;
use crate::import::events::SourceFile;

/// The requests of a file, one behind another: what corrects comes after what it corrects.
pub(super) struct Sending<'a> {
    pub(super) session: &'a Session,
    pub(super) path: &'a Path,
    pub(super) file: &'a SourceFile,
    pub(super) writing: Writing,
    /// How many rows the ledger had already.
    pub(super) before: usize,
}

impl Sending<'_> {
    pub(super) async fn send(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_what_the_server_takes() {
        let event = |number: usize| (number, v1::EventInput::default());
        let batches = batches((0..2_500).map(event).collect());
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [999, 999, 502]);
    }
}
