//! Calls about persons, seats and who acts for whom.

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::Failure;

/// Rows of a page: as many as the server gives.
const PAGE: u32 = 500;

impl Client {
    /// Who the server takes the caller for.
    pub async fn who_am_i(&self) -> Result<v1::WhoAmIResponse, Failure> {
        let request = v1::WhoAmIRequest {
            ledger: self.ledger(),
            min_position: None,
        };
        self.take(self.access.clone().who_am_i(self.ask(request)).await)
    }

    /// Persons, all pages as one.
    pub async fn persons(
        &self,
        request: v1::ListPersonsRequest,
    ) -> Result<v1::ListPersonsResponse, Failure> {
        let mut all = v1::ListPersonsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListPersonsRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.access.clone().list_persons(self.ask(request)).await)?;
            let mut persons = std::mem::take(&mut all.persons);
            persons.extend(page.persons);
            all = v1::ListPersonsResponse { persons, ..page };
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// A person with their seats.
    pub async fn person(
        &self,
        person: &str,
        on: Option<String>,
    ) -> Result<v1::GetPersonResponse, Failure> {
        let request = v1::GetPersonRequest {
            ledger: self.ledger(),
            person: person.to_owned(),
            as_of: self.as_of.clone(),
            min_position: None,
            on,
        };
        self.take(self.access.clone().get_person(self.ask(request)).await)
    }

    /// Grants of seats, all pages as one.
    pub async fn grants(
        &self,
        request: v1::ListGrantsRequest,
    ) -> Result<v1::ListGrantsResponse, Failure> {
        let mut all = v1::ListGrantsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListGrantsRequest {
                ledger: self.ledger(),
                as_of: self.as_of.clone(),
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
                ..request.clone()
            };
            let page = self.take(self.access.clone().list_grants(self.ask(request)).await)?;
            let mut grants = std::mem::take(&mut all.grants);
            grants.extend(page.grants);
            let mut delegations = std::mem::take(&mut all.delegations);
            // A seat whose grants reach over two pages brings its delegations with both.
            let known = |new: &v1::Delegation, all: &[v1::Delegation]| {
                all.iter().any(|old| old.delegation == new.delegation)
            };
            for delegation in page.delegations {
                if !known(&delegation, &delegations) {
                    delegations.push(delegation);
                }
            }
            all = v1::ListGrantsResponse {
                grants,
                delegations,
                ..page
            };
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// What somebody, or whoever had a seat, could do on a day.
    pub async fn what_could(
        &self,
        subject: v1::what_could_request::Subject,
        on: Option<String>,
    ) -> Result<v1::WhatCouldResponse, Failure> {
        let request = v1::WhatCouldRequest {
            ledger: self.ledger(),
            subject: Some(subject),
            as_of: self.as_of.clone(),
            min_position: None,
            on,
        };
        self.take(self.access.clone().what_could(self.ask(request)).await)
    }
}
