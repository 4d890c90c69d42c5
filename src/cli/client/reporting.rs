//! Calls about reporting rounds.

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::Failure;

impl Client {
    /// Who has reported for a round, all pages as one.
    pub async fn reporting_status(
        &self,
        request: v1::ListReportingStatusRequest,
    ) -> Result<v1::ListReportingStatusResponse, Failure> {
        let mut all = v1::ListReportingStatusResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListReportingStatusRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut goals = self.goals.clone();
            let page = self.take(goals.list_reporting_status(self.ask(request)).await)?;
            let rows = std::mem::take(&mut all.rows);
            all = page;
            all.rows.splice(0..0, rows);
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// What waits, all pages as one.
    pub async fn pending(
        &self,
        request: v1::ListPendingRequest,
    ) -> Result<v1::ListPendingResponse, Failure> {
        let mut all = v1::ListPendingResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPendingRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut goals = self.goals.clone();
            let page = self.take(goals.list_pending(self.ask(request)).await)?;
            let proposals = std::mem::take(&mut all.proposals);
            all = page;
            all.proposals.splice(0..0, proposals);
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// The reporting calendar of a plan.
    pub async fn reporting_calendar(
        &self,
        plan: Option<String>,
    ) -> Result<v1::GetReportingCalendarResponse, Failure> {
        let request = v1::GetReportingCalendarRequest {
            ledger: self.ledger(),
            min_position: None,
            as_of: self.as_of.clone(),
            plan,
        };
        let mut goals = self.goals.clone();
        self.take(goals.get_reporting_calendar(self.ask(request)).await)
    }
}
