//! Reports as the bytes of a file: a header, the bytes in pieces, a trailer with their digest.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tonic::Status;

use super::{Frames, point};
use crate::api::v1;
use crate::grpc::goal_service::form;
use crate::grpc::services::Services;
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::log::Head;
use crate::projection::evaluation::{PlanEvaluation, rows};

/// Bytes of one frame at most, but for a goal whose lines alone are longer.
const FRAME_BYTES: usize = 256 * 1024;
/// The media type of the canonical rows (RFC 4180, RFC 7111).
const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

impl Services {
    /// The frames of a report.
    pub(super) async fn report(
        &self,
        request: v1::ExportReportRequest,
    ) -> Result<Frames<v1::ExportReportResponse>, Refusal> {
        let reader = self.ledger(&request.ledger)?;
        match v1::ReportKind::try_from(request.kind) {
            Ok(v1::ReportKind::EvaluationRows) => {}
            Ok(v1::ReportKind::Unspecified) | Err(_) => {
                return Err(form("kind", "not one of the choices"));
            }
        }
        match v1::FileProfile::try_from(request.profile) {
            Ok(v1::FileProfile::Machine | v1::FileProfile::Unspecified) => {}
            Err(_) => return Err(form("profile", "not one of the choices")),
        }
        let now = self
            .standpoint(&reader, request.min_position, None, None)
            .await?;
        let at = point(
            &reader,
            &now,
            request.plan.as_deref(),
            request.at.as_ref(),
            "at",
        )
        .await?;
        let evaluation = self.evaluation(&reader, at).await?;
        let state = Writing::new(evaluation, now.view.head);
        let frames = futures::stream::unfold(state, |mut state| async move {
            let frame = state.next()?;
            let response = v1::ExportReportResponse { frame: Some(frame) };
            Some((Ok::<_, Status>(response), state))
        });
        Ok(Box::pin(frames))
    }
}

/// A report on its way.
struct Writing {
    evaluation: Arc<PlanEvaluation>,
    present: Head,
    hasher: Sha256,
    rows: u32,
    bytes: u64,
    step: Step,
}

enum Step {
    Header,
    /// The goals from this one on.
    Goals(usize),
    Trailer,
    Done,
}

impl Writing {
    fn new(evaluation: Arc<PlanEvaluation>, present: Head) -> Self {
        Self {
            evaluation,
            present,
            hasher: Sha256::new(),
            rows: 0,
            bytes: 0,
            step: Step::Header,
        }
    }

    fn next(&mut self) -> Option<v1::export_report_response::Frame> {
        use v1::export_report_response::{Frame, Header, Trailer};
        match self.step {
            Step::Header => {
                self.step = Step::Goals(0);
                let at = &self.evaluation.at;
                Some(Frame::Header(Header {
                    plan: Some(show::evaluation::plan(at)),
                    evaluated_at: Some(show::evaluation::evaluated_at(at, self.present)),
                    media_type: MEDIA_TYPE.to_owned(),
                    rows_format: rows::FORMAT,
                }))
            }
            Step::Goals(first) => {
                let mut text = if first == 0 {
                    rows::header()
                } else {
                    String::new()
                };
                let evaluation = self.evaluation.clone();
                let mut next = first;
                while let Some(goal) = evaluation.goals.get(next) {
                    if FRAME_BYTES <= text.len() {
                        break;
                    }
                    for line in rows::goal_lines(&evaluation.at, goal) {
                        self.rows = self.rows.saturating_add(1);
                        text.push_str(&line);
                    }
                    next += 1;
                }
                self.step = if next < evaluation.goals.len() {
                    Step::Goals(next)
                } else {
                    Step::Trailer
                };
                self.hasher.update(text.as_bytes());
                self.bytes += text.len() as u64;
                Some(Frame::Bytes(text.into_bytes()))
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
