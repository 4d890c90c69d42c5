//! Calls about checkpoints and proofs.

use tonic::Request;

use crate::api::v1;
use crate::cli::client::{Client, PAGES_MAX};
use crate::cli::failure::Failure;
use crate::merkle::stream_file::STREAM_FILE_BYTES_MAX;

/// Checkpoints of one page that are asked for; the server caps it.
const PAGE: u32 = 500;

impl Client {
    /// The checkpoint of a size; `None`: of all events.
    pub async fn checkpoint(
        &self,
        size: Option<u64>,
    ) -> Result<v1::GetCheckpointResponse, Failure> {
        let request = v1::GetCheckpointRequest {
            ledger: self.ledger(),
            min_position: None,
            size,
        };
        self.take(self.proofs.clone().get_checkpoint(self.ask(request)).await)
    }

    /// Every key of the ledger.
    pub async fn keys(&self) -> Result<v1::ListKeysResponse, Failure> {
        let request = v1::ListKeysRequest {
            ledger: self.ledger(),
            min_position: None,
        };
        self.take(self.proofs.clone().list_keys(self.ask(request)).await)
    }

    /// Makes and announces a key; a lost answer is asked for once more.
    pub async fn announce_key(
        &self,
        request: v1::AnnounceKeyRequest,
    ) -> Result<v1::KeyChange, Failure> {
        let request = v1::AnnounceKeyRequest {
            ledger: self.ledger(),
            ..request
        };
        let id = request.request_id.clone();
        let send = || async {
            let mut service = self.admin.clone();
            service.announce_key(self.ask(request.clone())).await
        };
        let answer = self.twice(&id, send).await?;
        Ok(answer.change.unwrap_or_default())
    }

    /// Retires a key; a lost answer is asked for once more.
    pub async fn retire_key(
        &self,
        request: v1::RetireKeyRequest,
    ) -> Result<v1::KeyChange, Failure> {
        let request = v1::RetireKeyRequest {
            ledger: self.ledger(),
            ..request
        };
        let id = request.request_id.clone();
        let send = || async {
            let mut service = self.admin.clone();
            service.retire_key(self.ask(request.clone())).await
        };
        let answer = self.twice(&id, send).await?;
        Ok(answer.change.unwrap_or_default())
    }

    /// Says that others know a key; a lost answer is asked for once more.
    pub async fn compromise_key(
        &self,
        request: v1::CompromiseKeyRequest,
    ) -> Result<v1::KeyChange, Failure> {
        let request = v1::CompromiseKeyRequest {
            ledger: self.ledger(),
            ..request
        };
        let id = request.request_id.clone();
        let send = || async {
            let mut service = self.admin.clone();
            service.compromise_key(self.ask(request.clone())).await
        };
        let answer = self.twice(&id, send).await?;
        Ok(answer.change.unwrap_or_default())
    }

    /// Adds lines that witnesses gave for the checkpoint of `size`.
    pub async fn add_cosignatures(
        &self,
        size: u64,
        signatures: Vec<String>,
    ) -> Result<v1::AddCosignatureResponse, Failure> {
        let request = v1::AddCosignatureRequest {
            ledger: self.ledger(),
            size,
            signatures,
        };
        self.take(self.proofs.clone().add_cosignature(self.ask(request)).await)
    }

    /// Records where every stream stands.
    pub async fn record_heads(&self) -> Result<v1::RecordHeadsResponse, Failure> {
        let request = v1::RecordHeadsRequest {
            ledger: self.ledger(),
        };
        self.take(self.proofs.clone().record_heads(self.ask(request)).await)
    }

    /// Kept checkpoints of these sizes, all pages as one, up to `limit`.
    pub async fn checkpoints(
        &self,
        from_size: u64,
        to_size: Option<u64>,
        limit: usize,
    ) -> Result<v1::ListCheckpointsResponse, Failure> {
        let mut all = v1::ListCheckpointsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListCheckpointsRequest {
                ledger: self.ledger(),
                min_position: None,
                from_size,
                to_size,
                page_size: PAGE,
                page_token: std::mem::take(&mut all.next_page_token),
            };
            let page = self
                .proofs
                .clone()
                .list_checkpoints(self.ask(request))
                .await;
            let page = self.take(page)?;
            all.checkpoints.extend(page.checkpoints);
            all.next_page_token = page.next_page_token;
            all.verifier_key = page.verifier_key;
            if limit <= all.checkpoints.len() || all.next_page_token.is_empty() {
                break;
            }
        }
        if limit < all.checkpoints.len() {
            all.checkpoints.truncate(limit);
        }
        Ok(all)
    }

    /// The first kept checkpoint that `wanted` says yes to; a page is held at a time.
    pub async fn find_checkpoint(
        &self,
        wanted: impl Fn(&v1::SignedCheckpoint) -> bool,
    ) -> Result<Option<v1::SignedCheckpoint>, Failure> {
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let request = v1::ListCheckpointsRequest {
                ledger: self.ledger(),
                page_size: PAGE,
                page_token,
                ..v1::ListCheckpointsRequest::default()
            };
            let page = self
                .proofs
                .clone()
                .list_checkpoints(self.ask(request))
                .await;
            let page = self.take(page)?;
            let mut every = page.checkpoints.into_iter().chain(page.ended);
            let found = every.find(&wanted);
            if found.is_some() || page.next_page_token.is_empty() {
                return Ok(found);
            }
            page_token = page.next_page_token;
        }
        Ok(None)
    }

    /// The proof of an event in the tree of a size; `None`: of all events.
    pub async fn inclusion_proof(
        &self,
        selector: v1::get_inclusion_proof_request::Selector,
        size: Option<u64>,
    ) -> Result<v1::GetInclusionProofResponse, Failure> {
        let request = v1::GetInclusionProofRequest {
            ledger: self.ledger(),
            min_position: None,
            selector: Some(selector),
            size,
        };
        let mut service = self.proofs.clone();
        self.take(service.get_inclusion_proof(self.ask(request)).await)
    }

    /// The proof that the tree of `new_size` (`None`: of all events) goes on from that of `old_size`.
    pub async fn consistency_proof(
        &self,
        old_size: u64,
        new_size: Option<u64>,
    ) -> Result<v1::GetConsistencyProofResponse, Failure> {
        let request = v1::GetConsistencyProofRequest {
            ledger: self.ledger(),
            min_position: None,
            old_size,
            new_size,
        };
        let mut service = self.proofs.clone();
        self.take(service.get_consistency_proof(self.ask(request)).await)
    }

    /// The proof of a stream to the tree of a size; `None`: of all events.
    pub async fn stream_proof(
        &self,
        stream: v1::StreamRef,
        size: Option<u64>,
    ) -> Result<v1::GetStreamProofResponse, Failure> {
        let request = v1::GetStreamProofRequest {
            ledger: self.ledger(),
            min_position: None,
            stream: Some(stream),
            size,
        };
        let mut service = self.proofs.clone();
        let asked = service.get_stream_proof(Request::new(request)).await;
        let mut pieces = self.take(asked)?;
        let mut content = Vec::new();
        while let Some(piece) = pieces
            .message()
            .await
            .map_err(|status| self.failed(&status))?
        {
            content.extend_from_slice(&piece.content);
            if STREAM_FILE_BYTES_MAX < content.len() {
                break;
            }
        }
        Ok(v1::GetStreamProofResponse {
            content: content.into(),
        })
    }

    /// The files of a bundle of the first `size` events; `None`: of all. `with_evidence`: with the files that they name.
    pub async fn bundle(
        &self,
        size: Option<u64>,
        with_evidence: bool,
    ) -> Result<tonic::Streaming<v1::ExportBundleResponse>, Failure> {
        let request = v1::ExportBundleRequest {
            ledger: self.ledger(),
            min_position: None,
            size,
            with_evidence,
        };
        // The whole of a large ledger may take longer than one answer: no deadline.
        let mut service = self.proofs.clone();
        self.take(service.export_bundle(Request::new(request)).await)
    }
}
