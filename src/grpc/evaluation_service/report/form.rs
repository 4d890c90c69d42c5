//! Forms that are printed: what each is made of is gathered here, what it looks like is the business of `report`.

use std::collections::HashMap;

use crate::api::v1;
use crate::domain::directory::Named;
use crate::domain::event::Recorded;
use crate::domain::id::UnitId;
use crate::domain::text::Language;
use crate::grpc::evaluation_service::point::{Ends, snapshot_of};
use crate::grpc::evaluation_service::report::{Asked, File};
use crate::grpc::goal_service::{form as refused, one, reporting};
use crate::grpc::services::Services;
use crate::grpc::status::Refusal;
use crate::ledger::Standpoint;
use crate::ledger::index::Direction;
use crate::merkle::Fingerprint;
use crate::projection::change::{self, Change, ChangeFilter};
use crate::projection::evaluation::cause::Causes;
use crate::projection::evaluation::history::Histories;
use crate::projection::evaluation::{At, compare};
use crate::projection::reporting::{ReportingFilter, reporting_status};
use crate::report::form::{Form, Head, LINES_MAX, PARTS_MAX, Setting};
use crate::report::restatements::Restated;
use crate::report::{changes, midyear, missing, plan, restatements, results, targets};

/// Changes told at once.
const CHANGES_AT_ONCE: usize = 500;
/// The media type of a workbook (ECMA-376).
pub(super) const WORKBOOK: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

impl Services {
    /// A form as a workbook.
    pub(super) async fn workbook(
        &self,
        asked: &Asked<'_>,
        kind: v1::ReportKind,
    ) -> Result<File, Refusal> {
        let (at, form) = match kind {
            v1::ReportKind::Restatements => self.restated_form(asked).await?,
            v1::ReportKind::Changes => changes_form(asked).await?,
            v1::ReportKind::Missing => missing_form(asked).await?,
            _ => self.evaluated_form(asked, kind).await?,
        };
        written(at, form).await
    }

    /// A form of an evaluation.
    async fn evaluated_form(
        &self,
        asked: &Asked<'_>,
        kind: v1::ReportKind,
    ) -> Result<(At, Form), Refusal> {
        let at = asked.at().await?;
        let department = asked.department(&at)?;
        let evaluation = self.evaluation(asked.reader, at.clone()).await?;
        let setting = asked.setting(&at).await?;
        if kind == v1::ReportKind::Plan {
            return Ok((at, plan::form(&evaluation, setting, department)));
        }
        let histories = Histories::of(asked.reader, &evaluation).await?;
        let form = match kind {
            v1::ReportKind::Results => results::form(&evaluation, &histories, setting, department),
            v1::ReportKind::Targets => {
                let positions = targets::positions(&evaluation, &histories);
                let events = events(asked, &positions).await?;
                targets::form(&evaluation, &histories, &events, setting, department)
            }
            _ => {
                let positions = midyear::positions(&evaluation, &histories);
                let events = events(asked, &positions).await?;
                midyear::form(&evaluation, &histories, &events, setting, department)
            }
        };
        Ok((at, form))
    }

    /// What would be told otherwise now than in the evaluation asked for.
    async fn restated_form(&self, asked: &Asked<'_>) -> Result<(At, Form), Refusal> {
        let request = v1::CompareEvaluationsRequest {
            plan: asked.request.plan.clone(),
            from: Some(asked.request.at.clone().unwrap_or_default()),
            ..v1::CompareEvaluationsRequest::default()
        };
        let ends = Ends::of(asked.reader, asked.now, &request).await;
        let ends = ends.map_err(|refusal| refusal.map_fields(at_instead_of_from))?;
        let department = asked.department(&ends.to)?;
        let from = self.evaluation(asked.reader, ends.from).await?;
        let to = self.evaluation(asked.reader, ends.to).await?;
        let setting = asked.setting(&to.at).await?;
        let causes = Causes::between(asked.reader, &from, &to).await?;
        let mut rows = Vec::new();
        for row in compare::differences(&from, &to) {
            let steps = causes.of(row.indicator).await?;
            rows.push((row, steps));
        }
        let closing = match asked
            .request
            .at
            .as_ref()
            .and_then(|point| point.at.as_ref())
        {
            Some(v1::evaluation_point::At::Snapshot(wanted)) => {
                let directory = &asked.now.view.directory;
                Some(snapshot_of(directory, &to.at.plan, Some(wanted))?)
            }
            _ => None,
        };
        let restated = Restated {
            from: &from,
            to: &to,
            rows: &rows,
            closing: closing
                .as_ref()
                .map(|(period, snapshot)| (&**period, snapshot)),
        };
        Ok((
            to.at.clone(),
            restatements::form(restated, setting, department),
        ))
    }
}

/// Events by position.
async fn events(asked: &Asked<'_>, positions: &[u64]) -> Result<HashMap<u64, Recorded>, Refusal> {
    let events = asked.reader.stored_at(positions).await?.into_iter();
    let by_position = events.map(|stored| (stored.recorded.position, stored.recorded));
    Ok(by_position.collect())
}

/// Every change that was known.
async fn changes_form(asked: &Asked<'_>) -> Result<(At, Form), Refusal> {
    let at = asked.at().await?;
    let filter = ChangeFilter {
        subject: Some(Named::Plan(at.plan.id)),
        unit: asked.department(&at)?,
        ..ChangeFilter::default()
    };
    let changes = gathered(asked, &at, &filter, LINES_MAX).await?;
    let setting = asked.setting(&at).await?;
    let form = changes::form(&at, &changes, setting);
    Ok((at, form))
}

/// The changes that were known and satisfy a filter, in the order of the ledger: at most `max`, or one more, so that what is
/// too long is refused and never cut.
pub(super) async fn gathered(
    asked: &Asked<'_>,
    at: &At,
    filter: &ChangeFilter,
    max: usize,
) -> Result<Vec<Change>, Refusal> {
    let view = asked.reader.view_at(at.known_at).await?;
    let (mut changes, mut cursor) = (Vec::new(), None);
    loop {
        let limit = (max + 1 - changes.len()).min(CHANGES_AT_ONCE);
        let page = change::list(
            asked.reader,
            &view,
            filter,
            cursor,
            Direction::Forward,
            limit,
        );
        let page = page.await?;
        changes.extend(page.changes);
        cursor = page.next;
        if cursor.is_none() || max < changes.len() {
            return Ok(changes);
        }
    }
}

/// What a round still waits for.
async fn missing_form(asked: &Asked<'_>) -> Result<(At, Form), Refusal> {
    let at = asked.at().await?;
    let plan = at.plan.id.to_string();
    let (plan, calendar) = reporting::in_force(&at.directory, Some(&plan), at.effective_on)?;
    let named = asked.request.round.as_deref();
    let round = reporting::round(&calendar, named, at.effective_on)?;
    let filter = ReportingFilter {
        department: asked.department(&at)?,
        section: None,
    };
    let standpoint = Standpoint {
        view: asked.reader.view_at(at.known_at).await?,
        on: at.effective_on,
    };
    let status = reporting_status(asked.reader, &standpoint, &plan, &calendar, round, &filter);
    let status = status.await?;
    let setting = asked.setting(&at).await?;
    let form = missing::form(&at, round, &status, setting);
    Ok((at, form))
}

/// The comparison begins with what the caller calls `at`.
fn at_instead_of_from(field: String) -> String {
    field.replacen("from", "at", 1)
}

/// A form as a file.
async fn written(at: At, form: Form) -> Result<File, Refusal> {
    let rows = form.lines();
    if LINES_MAX < rows || PARTS_MAX < form.parts.len() {
        let problem =
            format!("at most {LINES_MAX} lines and {PARTS_MAX} departments: choose a department");
        return Err(refused("department", &problem));
    }
    // Compressing takes a while: others go on meanwhile.
    let written = tokio::task::spawn_blocking(move || form.workbook()).await;
    match written {
        Ok(Ok(bytes)) => Ok(File {
            at,
            media_type: WORKBOOK,
            bytes,
            rows,
        }),
        Ok(Err(_)) | Err(_) => Err(refused("kind", "it cannot be written as a workbook")),
    }
}

impl Asked<'_> {
    /// The department that is asked for.
    fn department(&self, at: &At) -> Result<Option<UnitId>, Refusal> {
        let named = self.request.department.as_deref();
        named
            .map(|text| one(&at.directory, "department", text))
            .transpose()
    }

    /// What stands above and below the pages of something called so in Japanese and English.
    pub(super) async fn head(&self, at: &At, called: [&str; 2]) -> Result<Head, Refusal> {
        let setting = self.setting(at).await?;
        let title = match setting.language {
            Language::Ja => called[0],
            Language::En => called[1],
        };
        Ok(Head::of(at, setting, title))
    }

    /// The language, and when the last known event was recorded.
    async fn setting(&self, at: &At) -> Result<Setting, Refusal> {
        let last = at.known_at.checked_sub(1);
        let recorded_until = match last {
            Some(position) => {
                let stored = self.reader.stored(position).await?;
                Some(at.directory.civil(stored.recorded.recorded_at))
            }
            None => None,
        };
        Ok(Setting {
            language: self.language,
            recorded_until,
            fingerprint: self.fingerprint(at.known_at).await,
        })
    }

    /// The fingerprint of the checkpoint at K, which is signed and kept so that it can be found again. A ledger that
    /// cannot sign makes its forms without.
    pub(super) async fn fingerprint(&self, known_at: u64) -> Option<Fingerprint> {
        let signed = async {
            let publisher = self.services.proofs().of(self.reader).await?;
            publisher.checkpoint_at(known_at).await
        };
        match signed.await {
            Ok(signed) => Some(Fingerprint::of(signed.checkpoint())),
            Err(error) => {
                tracing::warn!(
                    ledger = %self.reader.id(),
                    error = &error as &dyn std::error::Error,
                    "a form is made without a fingerprint"
                );
                None
            }
        }
    }
}
