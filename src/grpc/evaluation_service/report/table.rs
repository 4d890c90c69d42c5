//! Tables for programs and spreadsheets: what each is made of is gathered here, what its columns hold is the business of
//! `report`.

use std::collections::HashMap;
use std::str::FromStr as _;

use crate::api::v1;
use crate::domain::actual::aggregate::Cut;
use crate::domain::directory::Named;
use crate::domain::event::{EventType, Stream};
use crate::domain::id::IndicatorId;
use crate::domain::indicator::Definition as Measured;
use crate::grpc::evaluation_service::report::form::{WORKBOOK, gathered};
use crate::grpc::evaluation_service::report::{Asked, File, MEDIA_TYPE};
use crate::grpc::event::show_definition;
use crate::grpc::goal_service::form as refused;
use crate::grpc::json;
use crate::grpc::services::Services;
use crate::grpc::status::Refusal;
use crate::projection::change::{Change, ChangeFilter};
use crate::projection::evaluation::At;
use crate::projection::evaluation::history::Histories;
use crate::report::Page;
use crate::report::data::{self, Data, Definition, ROWS_MAX};
use crate::report::tidy::Profile;

/// Its full name in the protos.
const DEFINITION: &str = "daicho.v1.Definition";
/// The media type of JSON (RFC 8259).
const JSON: &str = "application/json";
/// Events that report, correct, take back or redefine.
const ENTRIES: [EventType; 4] = [
    EventType::IndicatorRedefined,
    EventType::ActualRecorded,
    EventType::ActualCorrected,
    EventType::ActualRetracted,
];
/// Events that set or revise a target.
const TARGETS: [EventType; 2] = [EventType::TargetSet, EventType::TargetRevised];

impl Services {
    /// A table in one of its profiles.
    pub(super) async fn table(
        &self,
        asked: &Asked<'_>,
        kind: v1::ReportKind,
        profile: v1::FileProfile,
    ) -> Result<File, Refusal> {
        let at = asked.at().await?;
        let (definition, rows) = match kind {
            v1::ReportKind::Entries => {
                let changes = of_types(asked, &at, &ENTRIES).await?;
                let spelt = |definition: &_| definition_as_json(&at, definition);
                let rows = data::entries::rows(&at, &changes, spelt);
                (data::entries::TABLE, rows)
            }
            v1::ReportKind::TargetVersions => {
                let changes = of_types(asked, &at, &TARGETS).await?;
                let rows = target_versions(asked, &at, &changes).await?;
                (data::targets::TABLE, rows)
            }
            v1::ReportKind::ChangedFields => {
                let changes = of_types(asked, &at, &[]).await?;
                (data::changes::TABLE, data::changes::rows(&at, &changes))
            }
            v1::ReportKind::PlanTable => {
                let evaluation = self.evaluation(asked.reader, at.clone()).await?;
                let histories = Histories::of(asked.reader, &evaluation).await?;
                let rows = data::plan::rows(&evaluation, &histories);
                (data::plan::TABLE, rows)
            }
            _ => {
                let evaluation = self.evaluation(asked.reader, at.clone()).await?;
                (data::evaluation::TABLE, data::evaluation::rows(&evaluation))
            }
        };
        if ROWS_MAX < rows.len() {
            return Err(too_many());
        }
        let table = Data::new(&definition, rows);
        let table = match asked.request.portable {
            true => table.portable(),
            false => table,
        };
        written(asked, at, &definition, table, profile).await
    }
}

/// A definition as the API has it, in the JSON form of protobuf; components by their codes, which every ledger has alike.
fn definition_as_json(at: &At, definition: &Measured) -> String {
    let mut shown = show_definition(definition);
    for component in &mut shown.components {
        let id = IndicatorId::from_str(component).ok();
        let entry = id.and_then(|id| at.directory.indicator(id));
        if let Some(entry) = entry {
            *component = entry.code.to_string();
        }
    }
    json::text(DEFINITION, &shown).unwrap_or_default()
}

/// Every change of these types that was known; of no types: of all.
async fn of_types(asked: &Asked<'_>, at: &At, types: &[EventType]) -> Result<Vec<Change>, Refusal> {
    let filter = ChangeFilter {
        subject: Some(Named::Plan(at.plan.id)),
        types: types.to_vec(),
        ..ChangeFilter::default()
    };
    let changes = gathered(asked, at, &filter, ROWS_MAX).await?;
    match ROWS_MAX < changes.len() {
        true => Err(too_many()),
        false => Ok(changes),
    }
}

fn too_many() -> Refusal {
    let problem =
        format!("a table has at most {ROWS_MAX} rows: ask for an earlier K, or read the events");
    refused("kind", &problem)
}

/// The versions of targets, with how each indicator is measured on the day of each.
async fn target_versions(
    asked: &Asked<'_>,
    at: &At,
    changes: &[Change],
) -> Result<Vec<Vec<String>>, Refusal> {
    let mut measured = HashMap::new();
    for (indicator, on) in changes.iter().filter_map(data::targets::concerns) {
        let Some(entry) = at.directory.indicator(indicator) else {
            continue;
        };
        let stream = Stream::goal(entry.home);
        let home = asked.reader.stream_covering(stream, at.known_at).await?;
        let state = home.goal.indicator(indicator);
        let cut = Cut::on(on).known_at(at.known_at);
        if let Some((_, version)) = state.and_then(|state| state.definition_at(cut)) {
            measured.insert((indicator, on), version.definition.clone());
        }
    }
    Ok(data::targets::rows(at, changes, &measured))
}

/// A table as a file.
async fn written(
    asked: &Asked<'_>,
    at: At,
    definition: &Definition,
    table: Data,
    profile: v1::FileProfile,
) -> Result<File, Refusal> {
    use v1::FileProfile;
    let rows = table.len();
    let (media_type, bytes) = match profile {
        FileProfile::Machine | FileProfile::Unspecified => {
            (MEDIA_TYPE, table.csv(Profile::Machine).into_bytes())
        }
        FileProfile::Spreadsheet => (MEDIA_TYPE, table.csv(Profile::Spreadsheet).into_bytes()),
        FileProfile::Json => (JSON, table.json().into_bytes()),
        FileProfile::Workbook => {
            let page = page(asked, &at, definition).await?;
            let name = definition.name;
            // Compressing takes a while: others go on meanwhile.
            let written = tokio::task::spawn_blocking(move || table.workbook(name, &page)).await;
            match written {
                Ok(Ok(bytes)) => (WORKBOOK, bytes),
                Ok(Err(_)) | Err(_) => {
                    return Err(refused("kind", "it cannot be written as a workbook"));
                }
            }
        }
    };
    Ok(File {
        at,
        media_type,
        bytes,
        rows,
    })
}

/// What stands above and below the pages of a table, should somebody print it.
async fn page(asked: &Asked<'_>, at: &At, definition: &Definition) -> Result<Page, Refusal> {
    let head = asked.head(at, definition.called).await?;
    Ok(Page {
        title: head.title.clone(),
        year: head.year.clone(),
        effective_on: head.effective_on,
        known_at: Some(at.known_at.to_string()),
        fingerprint: head.fingerprint,
        ledger: Some(head.ledger),
    })
}
