//! Calls about evaluations.

use sha2::{Digest as _, Sha256};
use tonic::Request;

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;

/// Items of one page that are asked for; the server caps it.
const PAGE: u32 = 500;

/// A report as it came: the bytes, checked against their digest.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it is of.
    pub header: v1::export_report_response::Header,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// How many rows, and what the bytes hash to.
    pub trailer: v1::export_report_response::Trailer,
}

impl Client {
    /// The periods of a plan.
    pub async fn periods(&self, plan: Option<String>) -> Result<v1::ListPeriodsResponse, Failure> {
        let request = v1::ListPeriodsRequest {
            ledger: self.ledger(),
            as_of: self.as_of.clone(),
            plan,
            ..v1::ListPeriodsRequest::default()
        };
        let answer = self
            .evaluations
            .clone()
            .list_periods(self.ask(request))
            .await;
        self.take(answer)
    }

    /// Policies of this code, or all, all pages as one.
    pub async fn policies(
        &self,
        code: Option<String>,
    ) -> Result<v1::ListPoliciesResponse, Failure> {
        let mut all = v1::ListPoliciesResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPoliciesRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                code: code.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::ListPoliciesRequest::default()
            };
            let page = self
                .evaluations
                .clone()
                .list_policies(self.ask(request))
                .await;
            let page = self.take(page)?;
            all.policies.extend(page.policies);
            all.next_page_token = page.next_page_token;
            all.answered_at = page.answered_at;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// An evaluation, all pages as one.
    pub async fn evaluate(
        &self,
        request: v1::EvaluatePlanRequest,
    ) -> Result<v1::EvaluatePlanResponse, Failure> {
        let mut all: Option<v1::EvaluatePlanResponse> = None;
        for _ in 0..PAGES_MAX {
            let page_token = all
                .as_mut()
                .map(|all| std::mem::take(&mut all.next_page_token))
                .unwrap_or_default();
            let request = v1::EvaluatePlanRequest {
                ledger: self.ledger(),
                page_size: PAGE,
                page_token,
                ..request.clone()
            };
            let mut service = self.evaluations.clone();
            let page = self.take(service.evaluate_plan(self.ask(request)).await)?;
            let done = page.next_page_token.is_empty();
            match &mut all {
                None => all = Some(page),
                Some(all) => {
                    all.goals.extend(page.goals);
                    all.next_page_token = page.next_page_token;
                }
            }
            if done {
                break;
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// What differs between two evaluations, all pages as one.
    pub async fn compare(
        &self,
        request: v1::CompareEvaluationsRequest,
    ) -> Result<v1::CompareEvaluationsResponse, Failure> {
        let mut all: Option<v1::CompareEvaluationsResponse> = None;
        for _ in 0..PAGES_MAX {
            let page_token = all
                .as_mut()
                .map(|all| std::mem::take(&mut all.next_page_token))
                .unwrap_or_default();
            let request = v1::CompareEvaluationsRequest {
                ledger: self.ledger(),
                page_size: PAGE,
                page_token,
                ..request.clone()
            };
            let mut service = self.evaluations.clone();
            let page = self.take(service.compare_evaluations(self.ask(request)).await)?;
            let done = page.next_page_token.is_empty();
            match &mut all {
                None => all = Some(page),
                Some(all) => {
                    all.differences.extend(page.differences);
                    all.next_page_token = page.next_page_token;
                }
            }
            if done {
                break;
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// A plan beside the one of the year before, all pages as one.
    pub async fn cycles(
        &self,
        request: v1::CompareCyclesRequest,
    ) -> Result<v1::CompareCyclesResponse, Failure> {
        let mut all = v1::CompareCyclesResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::CompareCyclesRequest {
                ledger: self.ledger(),
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut service = self.evaluations.clone();
            let page = self.take(service.compare_cycles(self.ask(request)).await)?;
            let (mut compared, mut left_out) = (all.compared, all.left_out);
            compared.extend(page.compared);
            left_out.extend(page.left_out);
            all = v1::CompareCyclesResponse {
                compared,
                left_out,
                ..page
            };
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// What was agreed to do next, all pages as one.
    pub async fn next_actions(
        &self,
        request: v1::ListNextActionsRequest,
    ) -> Result<v1::ListNextActionsResponse, Failure> {
        let mut all = v1::ListNextActionsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListNextActionsRequest {
                ledger: self.ledger(),
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut service = self.evaluations.clone();
            let page = self.take(service.list_next_actions(self.ask(request)).await)?;
            let mut actions = std::mem::take(&mut all.actions);
            actions.extend(page.actions);
            all = v1::ListNextActionsResponse { actions, ..page };
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// The snapshots of a plan, all pages as one.
    pub async fn snapshots(
        &self,
        plan: Option<String>,
        period: Option<String>,
    ) -> Result<v1::ListSnapshotsResponse, Failure> {
        let mut all = v1::ListSnapshotsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListSnapshotsRequest {
                ledger: self.ledger(),
                min_position: None,
                plan: plan.clone(),
                period: period.clone(),
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
            };
            let mut service = self.evaluations.clone();
            let page = self.take(service.list_snapshots(self.ask(request)).await)?;
            all.snapshots.extend(page.snapshots);
            all.plan = page.plan;
            all.answered_at = page.answered_at;
            all.next_page_token = page.next_page_token;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// A snapshot with its first page of rows, of which at most `rows`.
    pub async fn snapshot(
        &self,
        plan: Option<String>,
        snapshot: v1::SnapshotRef,
        rows: u32,
    ) -> Result<v1::GetSnapshotResponse, Failure> {
        let request = v1::GetSnapshotRequest {
            ledger: self.ledger(),
            min_position: None,
            plan,
            snapshot: Some(snapshot),
            page_size: rows,
            page_token: String::new(),
        };
        self.take(
            self.evaluations
                .clone()
                .get_snapshot(self.ask(request))
                .await,
        )
    }

    /// A report, whole: one whose end is missing or whose digest does not fit is none.
    pub async fn report(&self, request: v1::ExportReportRequest) -> Result<Report, Failure> {
        use v1::export_report_response::Frame;
        let request = v1::ExportReportRequest {
            ledger: self.ledger(),
            ..request
        };
        // A large file may take longer than one answer: no deadline.
        let opened = self
            .evaluations
            .clone()
            .export_report(Request::new(request))
            .await;
        let mut frames = self.take(opened)?;
        let (mut header, mut bytes, mut trailer) = (None, Vec::new(), None);
        while let Some(frame) = frames
            .message()
            .await
            .map_err(|status| self.failed(&status))?
        {
            match frame.frame {
                Some(Frame::Header(first)) => header = Some(first),
                Some(Frame::Bytes(piece)) => bytes.extend_from_slice(&piece),
                Some(Frame::Trailer(last)) => trailer = Some(last),
                None => {}
            }
        }
        let whole = trailer.filter(|trailer| trailer.sha256 == Sha256::digest(&bytes).as_slice());
        match (header, whole) {
            (Some(header), Some(trailer)) => Ok(Report {
                header,
                bytes,
                trailer,
            }),
            _ => Err(Failure::new(
                Exit::Fault,
                pick(
                    self.address.language,
                    "受け取ったファイルが完全ではありません",
                    "the file that came is not whole",
                ),
            )),
        }
    }
}
