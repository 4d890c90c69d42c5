//! Calls about texts about people.

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::Failure;

impl Client {
    /// Whom texts are about; of one person with the events.
    pub async fn personal_data(
        &self,
        subject: Option<String>,
    ) -> Result<v1::ListPersonalDataResponse, Failure> {
        let mut all = v1::ListPersonalDataResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPersonalDataRequest {
                ledger: self.ledger(),
                subject_ref: subject.clone(),
                page_token: std::mem::take(&mut all.next_page_token),
                ..v1::ListPersonalDataRequest::default()
            };
            let page = self
                .admin
                .clone()
                .list_personal_data(self.ask(request))
                .await;
            let page = self.take(page)?;
            all.subjects.extend(page.subjects);
            all.next_page_token = page.next_page_token;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Texts about people with their salts, all pages as one.
    pub async fn disclose(
        &self,
        subject: Option<String>,
    ) -> Result<Vec<v1::PersonalOpening>, Failure> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let request = v1::DisclosePersonalDataRequest {
                ledger: self.ledger(),
                subject_ref: subject.clone(),
                page_token,
                ..v1::DisclosePersonalDataRequest::default()
            };
            let mut admin = self.admin.clone();
            let page = admin.disclose_personal_data(self.ask(request)).await;
            let page = self.take(page)?;
            all.extend(page.openings);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Erases texts about a person; a lost answer is asked for once more.
    pub async fn erase(
        &self,
        request: v1::ErasePersonalDataRequest,
    ) -> Result<v1::ErasePersonalDataResponse, Failure> {
        let request = v1::ErasePersonalDataRequest {
            ledger: self.ledger(),
            ..request
        };
        let send = || async {
            let mut admin = self.admin.clone();
            admin.erase_personal_data(self.ask(request.clone())).await
        };
        self.twice(&request.request_id, send).await
    }
}
