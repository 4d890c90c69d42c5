//! What the ledger has of a row already: the same, something else, or nothing.

use futures::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::render::series::entry_value;
use crate::cli::session::Session;

/// Events that are looked up at a time.
const LOOKUPS: usize = 32;
/// Most corrections of one report that are followed.
const CORRECTIONS_MAX: usize = 1_000;

/// What the ledger has of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Earlier {
    /// Nothing.
    Nothing,
    /// The same report.
    Same,
    /// Another one, which counts now.
    Other(Box<Entry>),
    /// One that was taken back.
    Retracted,
}

/// A report that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its event.
    pub event_id: String,
    /// Its position.
    pub position: u64,
    /// What was measured.
    pub measurement: Option<v1::Measurement>,
    /// In words, with its day.
    pub told: String,
}

/// The facts that the ledger has under ids, in their order.
pub async fn facts(
    session: &Session,
    ids: &[String],
) -> Result<Vec<Option<v1::EventInput>>, Failure> {
    let found: Vec<Option<v1::Event>> = futures::stream::iter(ids)
        .map(|id| session.client.event_if_any(id))
        .buffered(LOOKUPS)
        .try_collect()
        .await?;
    Ok(found.into_iter().map(|event| event?.fact).collect())
}

/// What became of a row that was recorded as `fact` and now says `wanted`.
pub async fn earlier(
    session: &Session,
    wanted: &v1::EventInput,
    fact: Option<&v1::EventInput>,
) -> Result<Earlier, Failure> {
    let Some(fact) = fact else {
        return Ok(Earlier::Nothing);
    };
    if same(wanted, fact) {
        return Ok(Earlier::Same);
    }
    Ok(match counted(session, fact).await? {
        None => Earlier::Retracted,
        Some((_, entry)) if says(wanted, &entry) => Earlier::Same,
        Some((series, entry)) => {
            Earlier::Other(Box::new(self::entry(&session.view, &series, &entry)))
        }
    })
}

/// What counts now of a report that was recorded as `fact`, in its history; `None` where it was taken back.
pub async fn counted(
    session: &Session,
    fact: &v1::EventInput,
) -> Result<Option<(v1::GetSeriesResponse, v1::Entry)>, Failure> {
    let Some(Payload::ActualRecorded(recorded)) = &fact.payload else {
        return Ok(None);
    };
    let series = session.client.series(&recorded.indicator, None).await?;
    let mut id = fact.event_id.as_str();
    for _ in 0..CORRECTIONS_MAX {
        let Some(entry) = series.entries.iter().find(|entry| entry.event_id == id) else {
            break;
        };
        match &entry.superseded {
            Some(gone) if gone.retracted => break,
            Some(gone) => id = &gone.by,
            None => {
                let entry = entry.clone();
                return Ok(Some((series, entry)));
            }
        }
    }
    Ok(None)
}

/// A report that counts, in words.
pub fn entry(view: &View, series: &v1::GetSeriesResponse, entry: &v1::Entry) -> Entry {
    let value = entry_value(view, series, entry);
    Entry {
        event_id: entry.event_id.clone(),
        position: entry.position,
        measurement: entry.measurement.clone(),
        told: format!("{} {value}", entry.valid_from),
    }
}

fn measurement_of(event: &v1::EventInput) -> Option<(&v1::Measurement, Option<&String>)> {
    match &event.payload {
        Some(Payload::ActualRecorded(p)) => Some((p.measurement.as_ref()?, p.part.as_ref())),
        _ => None,
    }
}

fn reason_of(reason: Option<&v1::Reason>) -> &str {
    reason.map_or("", |reason| reason.text.as_str())
}

fn papers(evidence: &[v1::Evidence]) -> Vec<&str> {
    evidence.iter().map(|paper| paper.title.as_str()).collect()
}

/// Whether two reports say the same; of evidence what it is called, for the file that it stands in has changed.
fn same(one: &v1::EventInput, other: &v1::EventInput) -> bool {
    measurement_of(one) == measurement_of(other)
        && one.valid_from == other.valid_from
        && one.valid_to == other.valid_to
        && reason_of(one.reason.as_ref()) == reason_of(other.reason.as_ref())
        && papers(&one.evidence) == papers(&other.evidence)
}

/// Whether a correction that was recorded says what is wanted: its reason is that of the correction.
fn says(wanted: &v1::EventInput, entry: &v1::Entry) -> bool {
    let measured = measurement_of(wanted);
    measured.is_some_and(|(measurement, part)| {
        entry.measurement.as_ref() == Some(measurement) && entry.part.as_ref() == part
    }) && wanted.valid_from.as_deref() == Some(entry.valid_from.as_str())
        && papers(&wanted.evidence) == papers(&entry.evidence)
}

/// The id of the correction of a report by what a file says.
pub fn correction_id(corrected: &str, file_sha256: &[u8]) -> String {
    let space = Uuid::try_parse(corrected).unwrap_or(Uuid::NAMESPACE_OID);
    Uuid::new_v5(&space, file_sha256).to_string()
}
