//! The files that events name.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::access_log::AccessedKind;
use crate::evidence::Shelf;
use crate::grpc::event::{At, Faults};
use crate::grpc::language;
use crate::grpc::proof_service::size;
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};

mod check;
mod erase;
mod put;

use check::Listing;

type Frames<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::evidence_service_server::EvidenceService for Services {
    async fn put_evidence(
        &self,
        request: Request<Streaming<v1::PutEvidenceRequest>>,
    ) -> Result<Response<v1::PutEvidenceResponse>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let mut begun = self.begin(&request);
        // Which ledger it is about, only its first message says.
        let first = async {
            let call = self.call(&request, language)?;
            let upload = self.upload(&call, request.into_inner()).await?;
            Ok::<_, Refusal>((call, upload))
        };
        let first = first.await;
        if let (Some(begun), Ok((_, upload))) = (&mut begun, &first) {
            let digest = hex::encode(&upload.file.sha256[..upload.file.sha256.len().min(32)]);
            begun.about(&upload.file.ledger, AccessedKind::EvidenceFile, &digest);
        }
        let taken = async {
            let (call, upload) = first?;
            self.take_in(&call, upload).await
        };
        let taken = self.accounted(begun, taken).await;
        taken
            .map(Response::new)
            .map_err(|refusal| refusal.into_status(language))
    }

    type GetEvidenceStream = Frames<v1::GetEvidenceResponse>;

    async fn get_evidence(
        &self,
        request: Request<v1::GetEvidenceRequest>,
    ) -> Result<Response<Self::GetEvidenceStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let request = request.into_inner();
            let shelf = self.shelf(&call, &request.ledger, Action::ReadEverything)?;
            let reader = shelf.reader().clone();
            let mut faults = Faults::default();
            let sha256 = faults.digest(&At::field("sha256"), &request.sha256);
            let sha256 = faults.into_result(sha256)?;
            let reading = async { Ok::<_, Refusal>(shelf.read(&sha256).await?) };
            let reading = tokio::time::timeout_at(call.deadline.into(), reading)
                .await
                .map_err(|_| Refusal::new(ServiceReason::DeadlinePassed))?;
            Ok((call, reader, reading?))
        };
        let opened = self.accounted(begun, opened).await;
        let opened = opened.map_err(|refusal: Refusal| refusal.into_status(language))?;
        let (call, reader, reading) = opened;
        let size_bytes = reading.bytes();
        let frames = futures::stream::unfold(Some(reading), move |reading| async move {
            match reading?.next().await {
                Ok(None) => None,
                Ok(Some((piece, rest))) => Some((
                    Ok(v1::GetEvidenceResponse { size_bytes, piece }),
                    Some(rest),
                )),
                Err(fault) => Some((Err(Refusal::from(fault).into_status(language)), None)),
            }
        });
        let frames = self.while_permitted(call, reader, Action::ReadEverything, frames);
        Ok(Response::new(frames))
    }

    type CheckEvidenceStream = Frames<v1::CheckEvidenceResponse>;

    async fn check_evidence(
        &self,
        request: Request<v1::CheckEvidenceRequest>,
    ) -> Result<Response<Self::CheckEvidenceStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let request = request.into_inner();
            let shelf = self.shelf(&call, &request.ledger, Action::ReadEverything)?;
            let waiting = self.view(shelf.reader(), request.min_position);
            let view = tokio::time::timeout_at(call.deadline.into(), waiting)
                .await
                .map_err(|_| Refusal::new(ServiceReason::DeadlinePassed))?;
            let size = size("size", request.size, view.size)?;
            let reader = shelf.reader().clone();
            Ok((
                call,
                reader,
                Listing::new(shelf, size, !request.presence_only),
            ))
        };
        let opened = self.accounted(begun, opened).await;
        let opened = opened.map_err(|refusal: Refusal| refusal.into_status(language))?;
        let (call, reader, listing) = opened;
        let frames = futures::stream::unfold(Some(listing), move |listing| async move {
            let mut listing = listing?;
            match listing.next().await {
                Ok(None) => None,
                Ok(Some(frame)) => Some((Ok(frame), Some(listing))),
                Err(fault) => Some((Err(Refusal::from(fault).into_status(language)), None)),
            }
        });
        let frames = self.while_permitted(call, reader, Action::ReadEverything, frames);
        Ok(Response::new(frames))
    }

    async fn erase_evidence(
        &self,
        request: Request<v1::EraseEvidenceRequest>,
    ) -> Result<Response<v1::EraseEvidenceResponse>, Status> {
        self.writing(request, async |call, request: v1::EraseEvidenceRequest| {
            let (reader, grounds) = self.ledger_by(&call, &request.ledger, Action::EraseData)?;
            let shelf = self.evidence().of(&reader);
            self.erase(&call, shelf, grounds, &request).await
        })
        .await
    }
}

impl Services {
    /// The files of the ledger that a caller names.
    fn shelf(&self, call: &Call, ledger: &str, action: Action) -> Result<Arc<Shelf>, Refusal> {
        Ok(self.evidence().of(&self.ledger(call, ledger, action)?))
    }
}
