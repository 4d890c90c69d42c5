//! Verifying a stored ledger while it works.

use std::pin::Pin;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::api::v1;
use crate::api::v1::verify_store_response::Content;
use crate::domain::text::Language;
use crate::grpc::services::Services;
use crate::grpc::status::Refusal;
use crate::ledger::{ReadFault, Reader};
use crate::log::LiveCopies;
use crate::merkle::TrustPolicy;
use crate::projection::evaluation::again::snapshots_again;
use crate::projection::evaluation::cache::Cache;
use crate::proof::bundle::verify::Finding;
use crate::proof::store::{Again, Copies, LedgerReport, verify_live};

/// Events after which a caller is told how far it came.
const PROGRESS_EVENTS: u64 = 10_000;
/// Messages that may wait for a slow caller; then the verifying waits.
const MESSAGES_MAX: usize = 4;

/// What a caller gets.
pub(super) type Frames =
    Pin<Box<dyn Stream<Item = Result<v1::VerifyStoreResponse, Status>> + Send>>;

/// Verifies the first `size` events on a thread of its own, then computes the snapshots among them again; ends when the
/// caller goes.
pub(super) fn verified(
    services: Services,
    copies: LiveCopies,
    reader: Arc<Reader>,
    size: u64,
    policy: TrustPolicy,
    language: Language,
    place: OwnedSemaphorePermit,
) -> Frames {
    let (tell, told) = mpsc::channel(MESSAGES_MAX);
    let ledger = reader.id();
    let telling = tell.clone();
    let pass = tokio::task::spawn_blocking(move || {
        let mut next = PROGRESS_EVENTS;
        verify_live(&copies, ledger, size, &policy, &mut |events| {
            if next <= events {
                next = events + PROGRESS_EVENTS;
                let progress = v1::VerifyStoreProgress { events, size };
                // A caller that is gone is noticed below.
                let _ = telling.blocking_send(Ok(message(Content::Progress(progress))));
            }
            !telling.is_closed()
        })
    });
    tokio::spawn(async move {
        let _place = place;
        let mut report = match pass.await {
            Ok(Some(report)) => report,
            // The caller is gone.
            Ok(None) => return,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let frame = match snapshots_again(&reader, size, services.evaluations()).await {
            Err(fault) if report.report.findings.is_empty() => {
                Err(Refusal::from(fault).into_status(language))
            }
            // What cannot be read is among the findings.
            again => {
                let again = again.unwrap_or_default().into_iter();
                for one in again.filter(|one| !one.is_same) {
                    report.snapshot_differs(one.position, one.stated, one.computed);
                }
                Ok(message(Content::Report(shown(&report, language))))
            }
        };
        let _ = tell.send(frame).await;
    });
    Box::pin(ReceiverStream::new(told))
}

/// Computes the snapshots of a ledger again that no server has open: for `verify store` of a folder.
pub fn snapshots_of_stopped(reader: Arc<Reader>) -> BoxFuture<'static, Result<Again, ReadFault>> {
    let computed = async move {
        let size = reader.head().size;
        let again = snapshots_again(&reader, size, &Cache::new()).await?;
        let differing = again.iter().filter(|one| !one.is_same);
        Ok(Again {
            compared: again.len() as u64,
            differing: differing
                .map(|one| (one.position, one.stated, one.computed))
                .collect(),
        })
    };
    computed.boxed()
}

fn message(content: Content) -> v1::VerifyStoreResponse {
    v1::VerifyStoreResponse {
        content: Some(content),
    }
}

fn shown(found: &LedgerReport, language: Language) -> v1::VerifyStoreReport {
    let report = &found.report;
    let copies = match found.copies {
        Copies::BothWhole => v1::WholeCopies::Both,
        Copies::JournalWhole => v1::WholeCopies::Journal,
        Copies::CopyWhole => v1::WholeCopies::ReadCopy,
        Copies::NeitherWhole => v1::WholeCopies::Neither,
    };
    let finding = |finding: &Finding| v1::StoreFinding {
        kind: finding.kind.code().to_owned(),
        position: finding.position,
        to: finding.to,
        other: finding.other,
        place: finding.file.clone().unwrap_or_default(),
        expected: finding.expected.clone(),
        found: finding.found.clone(),
        message: finding.kind.sentence(language).to_owned(),
    };
    v1::VerifyStoreReport {
        sound: report.findings.is_empty(),
        events: report.events,
        streams: report.streams,
        root: found
            .root
            .map_or_else(Vec::new, |root| root.as_bytes().to_vec()),
        in_read_copy: found.copied,
        kept_checkpoints: report.kept,
        last_good: report.last_good,
        copies: copies.into(),
        findings: report.findings.iter().map(finding).collect(),
        omitted: report.omitted,
        only_in_read_copy: found.trimmed,
    }
}
