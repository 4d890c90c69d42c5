//! Calls about units and who answers for what.

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::Failure;

impl Client {
    /// The tree of units, up to `limit`, all pages as one.
    pub async fn organisation(
        &self,
        include_inactive: bool,
        limit: usize,
    ) -> Result<v1::GetOrganisationResponse, Failure> {
        let mut all = v1::GetOrganisationResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::GetOrganisationRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                include_inactive,
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::GetOrganisationRequest::default()
            };
            let page = self.goals.clone().get_organisation(self.ask(request)).await;
            let page = self.take(page)?;
            let units = std::mem::take(&mut all.units);
            all = page;
            all.units.splice(0..0, units);
            if limit <= all.units.len() || all.next_page_token.is_empty() {
                break;
            }
        }
        all.units.truncate(limit);
        Ok(all)
    }

    /// Who answers for something, or what a unit answers for, up to `limit`, all pages as one.
    pub async fn responsibility(
        &self,
        subject: &str,
        limit: usize,
    ) -> Result<v1::GetResponsibilityResponse, Failure> {
        let mut all = v1::GetResponsibilityResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::GetResponsibilityRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                subject: subject.to_owned(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::GetResponsibilityRequest::default()
            };
            let page = self
                .goals
                .clone()
                .get_responsibility(self.ask(request))
                .await;
            let page = self.take(page)?;
            let before = std::mem::take(&mut all.responsibilities);
            all = page;
            all.responsibilities.splice(0..0, before);
            if limit <= all.responsibilities.len() || all.next_page_token.is_empty() {
                break;
            }
        }
        all.responsibilities.truncate(limit);
        Ok(all)
    }
}
