//! Reports as the bytes of a file: a header, the bytes in pieces, a trailer with their digest.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tonic::Status;

use super::Frames;
use super::point::point;
use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::text::Language;
use crate::grpc::goal_service::form;
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::ledger::{Reader, Standpoint};
use crate::log::Head;
use crate::projection::evaluation::{At, PlanEvaluation, rows};

mod form;
mod table;

/// Bytes of one frame at most, but for a goal whose lines alone are longer.
const FRAME_BYTES: usize = 256 * 1024;
/// The media type of the canonical rows (RFC 4180, RFC 7111).
const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

impl Services {
    /// The frames of a report, in `language` where it is for people.
    pub(super) async fn report(
        &self,
        call: &Call,
        language: Language,
        request: v1::ExportReportRequest,
    ) -> Result<(Arc<Reader>, Frames<v1::ExportReportResponse>), Refusal> {
        use v1::{FileProfile, ReportKind};
        let reader = self.ledger(call, &request.ledger, Action::ReadEverything)?;
        let kind = match ReportKind::try_from(request.kind) {
            Ok(ReportKind::Unspecified) | Err(_) => {
                return Err(form("kind", "not one of the choices"));
            }
            Ok(kind) => kind,
        };
        let profile = FileProfile::try_from(request.profile)
            .map_err(|_| form("profile", "not one of the choices"))?;
        let now = self
            .standpoint(call, &reader, request.min_position, None, None)
            .await?;
        if request.portable && !matches!(kind, ReportKind::Entries | ReportKind::TargetVersions) {
            return Err(form(
                "portable",
                "only entries and versions of targets have a portable form",
            ));
        }
        if request.round.is_some() && kind != ReportKind::Missing {
            return Err(form("round", "only what is missing is asked for by round"));
        }
        let asked = Asked {
            services: self,
            reader: &reader,
            now: &now,
            language,
            request: &request,
        };
        let state = match (kind, profile) {
            (ReportKind::EvaluationRows, FileProfile::Machine | FileProfile::Unspecified) => {
                asked.whole_plan()?;
                let evaluation = self.evaluation(&reader, asked.at().await?).await?;
                Writing::rows(evaluation, now.view.head)
            }
            (
                ReportKind::EvaluationRows
                | ReportKind::Entries
                | ReportKind::TargetVersions
                | ReportKind::ChangedFields
                | ReportKind::PlanTable,
                profile,
            ) => {
                asked.whole_plan()?;
                Writing::file(self.table(&asked, kind, profile).await?, now.view.head)
            }
            (
                ReportKind::MidYear
                | ReportKind::Restatements
                | ReportKind::Plan
                | ReportKind::Results
                | ReportKind::Targets
                | ReportKind::Changes
                | ReportKind::Missing,
                FileProfile::Workbook | FileProfile::Unspecified,
            ) => Writing::file(self.workbook(&asked, kind).await?, now.view.head),
            _ => return Err(form("profile", "the kind does not come in this profile")),
        };
        let frames = futures::stream::unfold(state, |mut state| async move {
            let frame = state.next()?;
            let response = v1::ExportReportResponse { frame: Some(frame) };
            Some((Ok::<_, Status>(response), state))
        });
        Ok((reader, Box::pin(frames)))
    }
}

/// What a report is asked of.
pub(super) struct Asked<'a> {
    pub(super) services: &'a Services,
    pub(super) reader: &'a Arc<Reader>,
    pub(super) now: &'a Standpoint,
    pub(super) language: Language,
    pub(super) request: &'a v1::ExportReportRequest,
}

impl Asked<'_> {
    /// Rows and tables are those of a whole plan.
    fn whole_plan(&self) -> Result<(), Refusal> {
        match self.request.department {
            Some(_) => Err(form(
                "department",
                "rows and tables are those of a whole plan",
            )),
            None => Ok(()),
        }
    }

    /// D, K and policy.
    pub(super) async fn at(&self) -> Result<At, Refusal> {
        let Self { request, .. } = self;
        let (plan, at) = (request.plan.as_deref(), request.at.as_ref());
        point(self.reader, self.now, plan, at, "at").await
    }
}

/// A whole file.
pub(super) struct File {
    /// What it was computed from.
    pub(super) at: At,
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) rows: usize,
}

/// A report on its way.
struct Writing {
    at: At,
    media_type: &'static str,
    rows_format: u32,
    present: Head,
    hasher: Sha256,
    rows: u32,
    bytes: u64,
    body: Body,
    step: Step,
}

/// Where the bytes come from.
enum Body {
    /// The rows of an evaluation, made as they are sent: the goals from this one on.
    Rows(Arc<PlanEvaluation>, usize),
    /// Those of a file that is made, from this one on.
    File(Vec<u8>, usize),
}

enum Step {
    Header,
    Body,
    Trailer,
    Done,
}

impl Writing {
    fn rows(evaluation: Arc<PlanEvaluation>, present: Head) -> Self {
        Self {
            at: evaluation.at.clone(),
            media_type: MEDIA_TYPE,
            rows_format: rows::FORMAT,
            present,
            hasher: Sha256::new(),
            rows: 0,
            bytes: 0,
            body: Body::Rows(evaluation, 0),
            step: Step::Header,
        }
    }

    fn file(file: File, present: Head) -> Self {
        Self {
            at: file.at,
            media_type: file.media_type,
            rows_format: 0,
            present,
            hasher: Sha256::new(),
            rows: u32::try_from(file.rows).unwrap_or(u32::MAX),
            bytes: 0,
            body: Body::File(file.bytes, 0),
            step: Step::Header,
        }
    }

    fn next(&mut self) -> Option<v1::export_report_response::Frame> {
        use v1::export_report_response::{Frame, Header, Trailer};
        match self.step {
            Step::Header => {
                self.step = Step::Body;
                Some(Frame::Header(Header {
                    plan: Some(show::evaluation::plan(&self.at)),
                    evaluated_at: Some(show::evaluation::evaluated_at(&self.at, self.present)),
                    media_type: self.media_type.to_owned(),
                    rows_format: self.rows_format,
                }))
            }
            Step::Body => {
                let (piece, rows, last) = self.body.piece();
                self.rows = self.rows.saturating_add(rows);
                self.hasher.update(&piece);
                self.bytes += piece.len() as u64;
                if last {
                    self.step = Step::Trailer;
                }
                Some(Frame::Bytes(piece))
            }
            Step::Trailer => {
                self.step = Step::Done;
                Some(Frame::Trailer(Trailer {
                    rows: self.rows,
                    bytes: self.bytes,
                    sha256: std::mem::take(&mut self.hasher).finalize().to_vec(),
                }))
            }
            Step::Done => None,
        }
    }
}

impl Body {
    /// The next bytes, how many rows begin in them that were not counted, and whether they are the last.
    fn piece(&mut self) -> (Vec<u8>, u32, bool) {
        match self {
            Self::Rows(evaluation, next) => {
                let mut text = if *next == 0 {
                    rows::header()
                } else {
                    String::new()
                };
                let mut rows = 0_u32;
                while let Some(goal) = evaluation.goals.get(*next) {
                    if FRAME_BYTES <= text.len() {
                        break;
                    }
                    for line in rows::goal_lines(&evaluation.at, goal) {
                        rows = rows.saturating_add(1);
                        text.push_str(&line);
                    }
                    *next += 1;
                }
                (text.into_bytes(), rows, evaluation.goals.len() <= *next)
            }
            Self::File(bytes, next) => {
                let end = bytes.len().min(*next + FRAME_BYTES);
                let piece = bytes.get(*next..end).unwrap_or_default().to_vec();
                *next = end;
                (piece, 0, bytes.len() <= end)
            }
        }
    }
}
