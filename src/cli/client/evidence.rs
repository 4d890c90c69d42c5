//! Calls about attached files.

use std::fs::File;
use std::io::Read as _;

use tonic::Request;

use crate::api::v1;
use crate::api::v1::put_evidence_request::Frame;
use crate::cli::client::Client;
use crate::cli::failure::Failure;

/// Bytes of a file that are sent at a time; the server takes no more.
const PIECE_BYTES: usize = 256 * 1024;

impl Client {
    /// Puts a file beside the ledger. `file` says what it is, `content` is read from where it stands.
    pub async fn put_evidence(
        &self,
        file: v1::EvidenceFile,
        content: File,
    ) -> Result<v1::PutEvidenceResponse, Failure> {
        let first = Frame::File(v1::EvidenceFile {
            ledger: self.ledger(),
            ..file
        });
        // What cannot be read ends the stream: the server then refuses what came as too short.
        let pieces = futures::stream::unfold(content, |mut content| async move {
            let mut piece = vec![0; PIECE_BYTES];
            let mut length = 0;
            while length < PIECE_BYTES {
                match content.read(piece.get_mut(length..)?).ok()? {
                    0 => break,
                    read => length += read,
                }
            }
            piece.truncate(length);
            (0 < length).then(|| (Frame::Piece(piece.into()), content))
        });
        let frames = futures::StreamExt::chain(futures::stream::iter([first]), pieces);
        let frames = futures::StreamExt::map(frames, |frame| v1::PutEvidenceRequest {
            frame: Some(frame),
        });
        // A large file may take longer than one answer: no deadline.
        let mut service = self.evidence.clone();
        self.take(service.put_evidence(Request::new(frames)).await)
    }

    /// The pieces of a file.
    pub async fn get_evidence(
        &self,
        sha256: &[u8],
    ) -> Result<tonic::Streaming<v1::GetEvidenceResponse>, Failure> {
        let request = v1::GetEvidenceRequest {
            ledger: self.ledger(),
            sha256: sha256.to_vec(),
        };
        let mut service = self.evidence.clone();
        self.take(service.get_evidence(Request::new(request)).await)
    }

    /// How the files are found that the first `size` events name; `None`: all events.
    pub async fn check_evidence(
        &self,
        size: Option<u64>,
        presence_only: bool,
    ) -> Result<tonic::Streaming<v1::CheckEvidenceResponse>, Failure> {
        let request = v1::CheckEvidenceRequest {
            ledger: self.ledger(),
            min_position: None,
            size,
            presence_only,
        };
        // All that is kept is read: no deadline.
        let mut service = self.evidence.clone();
        self.take(service.check_evidence(Request::new(request)).await)
    }

    /// Erases a file for ever.
    pub async fn erase_evidence(
        &self,
        request: v1::EraseEvidenceRequest,
    ) -> Result<v1::EraseEvidenceResponse, Failure> {
        let request = v1::EraseEvidenceRequest {
            ledger: self.ledger(),
            ..request
        };
        self.take(
            self.evidence
                .clone()
                .erase_evidence(self.ask(request))
                .await,
        )
    }
}
