//! Taking a file in, piece by piece.

use std::time::{Duration, Instant};

use tonic::Streaming;

use crate::api::v1;
use crate::api::v1::put_evidence_request::Frame;
use crate::auth::access::Action;
use crate::domain::rejection::{Reason, Rejection};
use crate::evidence::{Expected, Misfit, PIECE_BYTES_MAX};
use crate::grpc::event::{At, Faults};
use crate::grpc::goal_service::form;
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::AppendError;

/// How long a file may take to come where its sender sets no earlier deadline.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(3_600);

/// A file that is about to come.
pub(super) struct Upload {
    /// What it is to be.
    pub(super) file: v1::EvidenceFile,
    /// Its pieces.
    frames: Streaming<v1::PutEvidenceRequest>,
    deadline: Instant,
}

impl Services {
    /// What the first message of an upload says.
    pub(super) async fn upload(
        &self,
        call: &Call,
        mut frames: Streaming<v1::PutEvidenceRequest>,
    ) -> Result<Upload, Refusal> {
        let limit = Instant::now() + UPLOAD_TIME_MAX;
        let deadline = call.asked.map_or(limit, |asked| asked.min(limit));
        let Some(Frame::File(file)) = self.frame(&mut frames, deadline).await?.flatten() else {
            return Err(Refusal::rule(Reason::FieldRequired, "file"));
        };
        Ok(Upload {
            file,
            frames,
            deadline,
        })
    }

    pub(super) async fn take_in(
        &self,
        call: &Call,
        upload: Upload,
    ) -> Result<v1::PutEvidenceResponse, Refusal> {
        let Upload {
            file,
            mut frames,
            deadline,
        } = upload;
        let shelf = self.shelf(call, &file.ledger, Action::ReadLedger)?;
        self.may_show(call, shelf.reader())?;
        let expected = self.expected(&file)?;
        let Some(_place) = self.evidence().place() else {
            return Err(Refusal::overloaded());
        };
        let enough = self.ledgers().check_space(expected.bytes);
        enough.map_err(|low| Refusal::from(AppendError::StorageLow(low)))?;
        let mut draft = shelf.draft(expected).await?;
        while let Some(frame) = self.frame(&mut frames, deadline).await? {
            let Some(Frame::Piece(piece)) = frame else {
                return Err(form("piece", "required in every message but the first"));
            };
            if !(1..=PIECE_BYTES_MAX).contains(&piece.len()) {
                return Err(form("piece", "1 to 262,144 bytes"));
            }
            draft = match draft.take(&piece).await? {
                Ok(draft) => draft,
                Err(misfit) => return Err(vec![misfit.rejection(&expected)].into()),
            };
        }
        let whole = match draft.finish().await? {
            Ok(whole) => whole,
            Err(misfits) => {
                let rules = misfits
                    .into_iter()
                    .map(|misfit| misfit.rejection(&expected));
                return Err(rules.collect::<Vec<_>>().into());
            }
        };
        // In a task of its own: a caller who goes away must not leave a file that is there but not counted.
        let kept = tokio::spawn(async move { shelf.keep(whole).await });
        let is_new = match kept.await {
            Ok(kept) => kept?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        Ok(v1::PutEvidenceResponse {
            already_there: !is_new,
        })
    }

    /// The next message; `None`: all have come. One that says nothing is `Some(None)`.
    async fn frame(
        &self,
        frames: &mut Streaming<v1::PutEvidenceRequest>,
        deadline: Instant,
    ) -> Result<Option<Option<Frame>>, Refusal> {
        let patience = Instant::now() + self.request_timeout();
        let next = tokio::time::timeout_at(deadline.min(patience).into(), frames.message());
        match next.await {
            Err(_) => Err(ServiceReason::DeadlinePassed.into()),
            Ok(Ok(message)) => Ok(message.map(|message| message.frame)),
            // The sender is gone, or sent what is no message of this call.
            Ok(Err(_)) => Err(form("piece", "a stream of whole messages")),
        }
    }

    /// What is to come, if it may.
    fn expected(&self, file: &v1::EvidenceFile) -> Result<Expected, Refusal> {
        let terms = self.evidence().terms();
        let mut faults = Faults::default();
        let sha256 = faults.digest(&At::field("file.sha256"), &file.sha256);
        let at = At::field("file.media_type");
        let form = match file.media_type.as_str() {
            "" => faults.required(&at),
            media_type => terms
                .media_types
                .form(media_type)
                .or_else(|| faults.fault(&at, Reason::EvidenceTypeUnknown)),
        };
        let at = At::field("file.size_bytes");
        let bytes = match file.size_bytes {
            0 => faults.required(&at),
            bytes if terms.file_bytes_max < bytes => {
                let large = Rejection::new(Reason::EvidenceTooLarge, at.to_string());
                faults.push(large.with("max", terms.file_bytes_max));
                None
            }
            bytes => Some(bytes),
        };
        let expected = (|| {
            Some(Expected {
                sha256: sha256?,
                bytes: bytes?,
                form: form?,
            })
        })();
        Ok(faults.into_result(expected)?)
    }
}

impl Misfit {
    /// What is wrong, in words of the request.
    fn rejection(self, expected: &Expected) -> Rejection {
        match self {
            Self::Digest { found } => Rejection::new(Reason::EvidenceDiffers, "file.sha256")
                .with("expected", hex::encode(expected.sha256))
                .with("found", hex::encode(found)),
            Self::Size { found } => Rejection::new(Reason::EvidenceDiffers, "file.size_bytes")
                .with("expected", expected.bytes)
                .with("found", found),
            Self::Form => Rejection::new(Reason::EvidenceTypeDiffers, "file.media_type"),
        }
    }
}
