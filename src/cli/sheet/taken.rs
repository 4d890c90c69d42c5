//! Rows of a file on their way into the ledger, as the events that they become.

use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::sheet::cleared::Cleared;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::drawn::label_of;
use crate::cli::sheet::fault::Place;
use crate::cli::sheet::form::Key;
use crate::cli::sheet::lines::{Line, Lines};
use crate::cli::sheet::row::{Reported, text};
use crate::domain::date::Date;
use crate::import::events::SourceFile;

/// Most events of one request, as the server has it.
pub const EVENTS_MAX: usize = 1_000;
/// Version of this reader, as the event of the file tells it.
pub const MAPPING_VERSION: u32 = 1;
/// What evidence is called that a sheet only names.
const NAMED_IN_SHEET: &str = "報告票の記載: ";

/// What is to become of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is a new report.
    Record,
    /// It corrects what was recorded: in words.
    Correct(String),
    /// The ledger has it.
    Known,
}

/// A row on its way into the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Its row, from 0.
    pub row: u32,
    /// Its value's place.
    pub place: Place,
    /// Code of the indicator.
    pub code: String,
    /// Part, member or checkpoint, in words.
    pub part: String,
    /// The day it is of.
    pub day: Date,
    /// Definition of the indicator.
    pub definition: v1::Definition,
    /// The event as a report of its own.
    pub event: v1::EventInput,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// A file taken apart and understood.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The file.
    pub file: SourceFile,
    /// Its table.
    pub lines: Lines,
    /// The rows that report something.
    pub taken: Vec<Taken>,
    /// Numbers that had to be folded: place, as typed, as read.
    pub folded: Vec<(Place, String, String)>,
    /// Empty rows of which the ledger has a report.
    pub cleared: Vec<Cleared>,
}

/// The request that a file makes in a ledger: the same whenever it is loaded.
pub fn request_id(session: &Session, file: &SourceFile) -> String {
    derived_id(
        session,
        &format!("report-sheet {}", hex::encode(file.sha256)),
    )
}

/// The id that follows from a name in the ledger that answers.
pub fn derived_id(session: &Session, name: &str) -> String {
    let ledger = session.view.ledger.as_ref();
    let ledger = ledger.map_or("", |ledger| ledger.id.as_str());
    let space = Uuid::try_parse(ledger).unwrap_or(Uuid::NAMESPACE_OID);
    Uuid::new_v5(&space, name.as_bytes()).to_string()
}

/// Keeps how the numbers of a row were read.
pub fn fold(
    folded: &mut Vec<(Place, String, String)>,
    lines: &Lines,
    line: &Line,
    reported: &Reported,
) {
    let place = lines.place(line.row, Column::Value);
    let read = reported.reading.folded.iter();
    folded.extend(read.map(|(typed, read)| (place, typed.clone(), read.clone())));
}

/// A report as an event, still without an id.
pub fn event(indicator: &str, key: &Key, reported: &Reported, file: &SourceFile) -> v1::EventInput {
    let evidence = reported.evidence.as_ref().map(|named| v1::Evidence {
        sha256: file.sha256.to_vec(),
        media_type: media_type(file.name.as_str()).to_owned(),
        title: format!("{NAMED_IN_SHEET}{named}"),
        uri: None,
        size_bytes: None,
        disclosure: v1::Disclosure::Internal.into(),
    });
    let part = match key {
        Key::Part(key) => Some(key.clone()),
        _ => None,
    };
    v1::EventInput {
        valid_from: Some(reported.day.to_string()),
        reason: reported.note.as_ref().map(|note| v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: note.clone(),
        }),
        evidence: evidence.into_iter().collect(),
        payload: Some(Payload::ActualRecorded(v1::ActualRecorded {
            indicator: indicator.to_owned(),
            measurement: Some(reported.reading.measurement.clone()),
            part,
            unit_code: None,
        })),
        ..v1::EventInput::default()
    }
}

fn media_type(name: &str) -> &'static str {
    if name.to_ascii_lowercase().ends_with(".csv") {
        "text/csv"
    } else {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    }
}

/// A row on its way.
pub fn row(
    view: &View,
    lines: &Lines,
    line: &Line,
    key: &Key,
    definition: v1::Definition,
    (day, event): (Date, v1::EventInput),
) -> Taken {
    Taken {
        day,
        row: line.row,
        place: lines.place(line.row, Column::Value),
        code: text(line, Column::Code).unwrap_or_default(),
        part: label_of(view, &definition, key),
        definition,
        event,
        outcome: Outcome::Record,
    }
}

/// The event that keeps a file's name and digest, and how many goals, initiatives and indicators it is about.
pub fn file_event(
    plan: &str,
    file: &SourceFile,
    [goals, initiatives, indicators]: [u32; 3],
) -> v1::EventInput {
    let space = Uuid::try_parse(plan).unwrap_or(Uuid::NAMESPACE_OID);
    v1::EventInput {
        event_id: Uuid::new_v5(
            &space,
            format!("report-sheet {}", hex::encode(file.sha256)).as_bytes(),
        )
        .to_string(),
        payload: Some(Payload::ImportAccepted(v1::ImportAccepted {
            plan: plan.to_owned(),
            file_sha256: file.sha256.to_vec(),
            file_name: file.name.as_str().to_owned(),
            goals,
            initiatives,
            indicators,
            mapping_version: MAPPING_VERSION,
        })),
        ..v1::EventInput::default()
    }
}
