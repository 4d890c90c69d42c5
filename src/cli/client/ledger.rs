//! Calls about ledgers, and about events as they are appended and read.

use tonic::{Request, Status};

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::failure::{self, Failure};

impl Client {
    /// The ledger, its head and the day that it takes for today.
    pub async fn get_ledger(&self) -> Result<v1::GetLedgerResponse, Failure> {
        let request = v1::GetLedgerRequest {
            ledger: self.ledger(),
            min_position: None,
            as_of: self.as_of.clone(),
        };
        let answer = self.ledgers.clone().get_ledger(self.ask(request)).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failed(&status))
    }

    /// Every ledger of the server.
    pub async fn list_ledgers(&self) -> Result<v1::ListLedgersResponse, Failure> {
        let mut all = v1::ListLedgersResponse::default();
        for _ in 0..PAGES_MAX {
            let page_token = std::mem::take(&mut all.next_page_token);
            let request = v1::ListLedgersRequest {
                page_size: 0,
                page_token,
            };
            let page = self.admin.clone().list_ledgers(self.ask(request)).await;
            let page = page.map_err(|status| self.failed(&status))?.into_inner();
            all.ledgers.extend(page.ledgers);
            all.next_page_token = page.next_page_token;
            if all.next_page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Opens a ledger; a lost answer is asked for once more.
    pub async fn open_ledger(
        &self,
        request: v1::OpenLedgerRequest,
    ) -> Result<v1::OpenLedgerResponse, Failure> {
        let send = || async {
            let mut admin = self.admin.clone();
            admin.open_ledger(self.ask(request.clone())).await
        };
        self.twice(&request.request_id, send).await
    }

    /// Appends events; a lost answer is asked for once more with the same ids, which adds nothing twice.
    pub async fn append(
        &self,
        request: v1::AppendEventsRequest,
    ) -> Result<v1::AppendEventsResponse, Failure> {
        let request = v1::AppendEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        let send = || async {
            let mut ledgers = self.ledgers.clone();
            ledgers.append_events(self.ask(request.clone())).await
        };
        self.twice(&request.request_id, send).await
    }

    /// Lets the server verify what it has stored; nothing is decided by its word alone.
    pub async fn verify_store(&self) -> Result<tonic::Streaming<v1::VerifyStoreResponse>, Failure> {
        let request = v1::VerifyStoreRequest {
            ledger: self.ledger(),
            size: None,
        };
        let answer = self.admin.clone().verify_store(self.ask(request)).await;
        self.take(answer)
    }

    /// The receipt of an earlier append call, or `None` if it was not recorded.
    pub async fn receipt(
        &self,
        request_id: &str,
        mode: v1::ReceiptMode,
    ) -> Result<Option<v1::GetReceiptResponse>, Failure> {
        let request = v1::GetReceiptRequest {
            ledger: self.ledger(),
            request_id: request_id.to_owned(),
            receipt_mode: mode.into(),
        };
        match self.ledgers.clone().get_receipt(self.ask(request)).await {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if failure::reason_of(&status).as_deref() == Some("REQUEST_UNKNOWN") => {
                Ok(None)
            }
            Err(status) => Err(self.failed(&status)),
        }
    }

    /// One event, by id or position.
    pub async fn event(
        &self,
        selector: v1::get_event_request::Selector,
    ) -> Result<v1::GetEventResponse, Failure> {
        let request = v1::GetEventRequest {
            ledger: self.ledger(),
            min_position: None,
            selector: Some(selector),
        };
        self.take(self.ledgers.clone().get_event(self.ask(request)).await)
    }

    /// One event by id, or `None` if the ledger does not have it.
    pub async fn event_if_any(&self, event_id: &str) -> Result<Option<v1::Event>, Failure> {
        let selector = v1::get_event_request::Selector::EventId(event_id.to_owned());
        match self.event(selector).await {
            Ok(answer) => Ok(answer.event),
            Err(failure) if failure.reason() == Some("EVENT_UNKNOWN") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Events from a position to the head or `limit`.
    pub async fn read_events(
        &self,
        request: v1::ReadEventsRequest,
    ) -> Result<tonic::Streaming<v1::ReadEventsResponse>, Failure> {
        let request = v1::ReadEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        // The whole of a large ledger may take longer than one answer: no deadline.
        self.take(
            self.ledgers
                .clone()
                .read_events(Request::new(request))
                .await,
        )
    }

    /// Events from a position on, without end.
    pub async fn subscribe(
        &self,
        request: v1::SubscribeEventsRequest,
    ) -> Result<tonic::Streaming<v1::SubscribeEventsResponse>, Status> {
        let request = v1::SubscribeEventsRequest {
            ledger: self.ledger(),
            ..request
        };
        let stream = self
            .ledgers
            .clone()
            .subscribe_events(Request::new(request))
            .await;
        stream.map(tonic::Response::into_inner)
    }
}
