//! Calls of auditors.

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::Failure;

impl Client {
    /// Changes, all pages as one, up to `limit`.
    pub async fn changes(
        &self,
        request: v1::ListChangesRequest,
        limit: usize,
    ) -> Result<v1::ListChangesResponse, Failure> {
        let mut all = v1::ListChangesResponse::default();
        for _ in 0..PAGES_MAX {
            let missing = limit.saturating_sub(all.changes.len());
            let request = v1::ListChangesRequest {
                ledger: self.ledger(),
                // The server caps the page; the size must be the same on every page.
                page_size: u32::try_from(limit).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().list_changes(self.ask(request)).await)?;
            let more = missing < page.changes.len();
            all.changes.extend(page.changes.into_iter().take(missing));
            all.next_page_token = page.next_page_token;
            all.answered_at = page.answered_at;
            if more || all.next_page_token.is_empty() || limit <= all.changes.len() {
                break;
            }
        }
        Ok(all)
    }

    /// A sample of changes.
    pub async fn sample(
        &self,
        request: v1::SampleChangesRequest,
    ) -> Result<v1::SampleChangesResponse, Failure> {
        let changes = request.changes.map(|changes| v1::ListChangesRequest {
            ledger: self.ledger(),
            ..changes
        });
        let request = v1::SampleChangesRequest { changes, ..request };
        self.take(self.audit.clone().sample_changes(self.ask(request)).await)
    }

    /// What became of a report, all pages as one.
    pub async fn trail(&self, event_id: &str) -> Result<v1::GetEntryTrailResponse, Failure> {
        let mut all = v1::GetEntryTrailResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::GetEntryTrailRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                event_id: event_id.to_owned(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::GetEntryTrailRequest::default()
            };
            let page = self.take(self.audit.clone().get_entry_trail(self.ask(request)).await)?;
            let links = std::mem::take(&mut all.links);
            all = page;
            all.links.splice(0..0, links);
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// What differs in a goal between two points, all pages as one.
    pub async fn diff(
        &self,
        request: v1::DiffGoalRequest,
    ) -> Result<v1::DiffGoalResponse, Failure> {
        let mut all = v1::DiffGoalResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::DiffGoalRequest {
                ledger: self.ledger(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().diff_goal(self.ask(request)).await)?;
            let differences = all.differences;
            all = page;
            all.differences.splice(0..0, differences);
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Why a figure is what it is, up to `limit` steps and reports, all pages as one.
    pub async fn explain(
        &self,
        request: v1::ExplainFigureRequest,
        limit: usize,
    ) -> Result<v1::ExplainFigureResponse, Failure> {
        let mut all = v1::ExplainFigureResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ExplainFigureRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_size: u32::try_from(limit).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().explain_figure(self.ask(request)).await)?;
            let (steps, reports) = (all.steps, all.contributions);
            all = page;
            all.steps.splice(0..0, steps);
            all.contributions.splice(0..0, reports);
            let told = all.steps.len().max(all.contributions.len());
            if all.next_page_token.is_empty() || limit <= told {
                break;
            }
        }
        Ok(all)
    }

    /// How targets changed, up to `limit`, all pages as one.
    pub async fn target_changes(
        &self,
        request: v1::ListTargetChangesRequest,
        limit: usize,
    ) -> Result<v1::ListTargetChangesResponse, Failure> {
        let mut all = v1::ListTargetChangesResponse::default();
        for _ in 0..PAGES_MAX {
            let missing = limit.saturating_sub(all.changes.len());
            let request = v1::ListTargetChangesRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                // The server caps the page; the size must be the same on every page.
                page_size: u32::try_from(limit).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut audit = self.audit.clone();
            let page = self.take(audit.list_target_changes(self.ask(request)).await)?;
            let more = missing < page.changes.len();
            all.changes.extend(page.changes.into_iter().take(missing));
            all.next_page_token = page.next_page_token;
            all.evaluated_at = page.evaluated_at;
            if more || all.next_page_token.is_empty() || limit <= all.changes.len() {
                break;
            }
        }
        Ok(all)
    }

    /// What auditors should look at, up to `limit`, all pages as one.
    pub async fn flags(
        &self,
        request: v1::ListFlagsRequest,
        limit: usize,
    ) -> Result<v1::ListFlagsResponse, Failure> {
        let mut all = v1::ListFlagsResponse::default();
        for _ in 0..PAGES_MAX {
            let missing = limit.saturating_sub(all.flags.len());
            let request = v1::ListFlagsRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                // The server caps the page; the size must be the same on every page.
                page_size: u32::try_from(limit).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().list_flags(self.ask(request)).await)?;
            let more = missing < page.flags.len();
            all.flags.extend(page.flags.into_iter().take(missing));
            all.next_page_token = page.next_page_token;
            all.answered_at = page.answered_at;
            if more || all.next_page_token.is_empty() || limit <= all.flags.len() {
                break;
            }
        }
        Ok(all)
    }

    /// Who asked for what, up to `limit`, all pages as one.
    pub async fn accesses(
        &self,
        request: v1::ListAccessRequest,
        limit: usize,
    ) -> Result<v1::ListAccessResponse, Failure> {
        let mut all = v1::ListAccessResponse::default();
        for _ in 0..PAGES_MAX {
            let missing = limit.saturating_sub(all.entries.len());
            let request = v1::ListAccessRequest {
                ledger: self.ledger(),
                // The server caps the page. What is not asked for comes under the next token, so that it is known to be there.
                page_size: u32::try_from(missing).unwrap_or(u32::MAX),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.audit.clone().list_access(self.ask(request)).await)?;
            let more = missing < page.entries.len();
            all.entries.extend(page.entries.into_iter().take(missing));
            all.next_page_token = page.next_page_token;
            all.access_log = page.access_log;
            all.size = page.size;
            if more || all.next_page_token.is_empty() || limit <= all.entries.len() {
                break;
            }
        }
        Ok(all)
    }

    /// Audit findings, all pages as one.
    pub async fn findings(
        &self,
        request: v1::ListAuditFindingsRequest,
    ) -> Result<v1::ListAuditFindingsResponse, Failure> {
        let mut all = v1::ListAuditFindingsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListAuditFindingsRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let mut audit = self.audit.clone();
            let page = self.take(audit.list_audit_findings(self.ask(request)).await)?;
            let findings = std::mem::take(&mut all.findings);
            all = page;
            all.findings.splice(0..0, findings);
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }
}
