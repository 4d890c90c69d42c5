//! Verifying a stored ledger while it works.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::api::v1;
use crate::api::v1::verify_store_response::Content;
use crate::domain::text::Language;
use crate::ledger::Reader;
use crate::log::LiveCopies;
use crate::merkle::TrustPolicy;
use crate::proof::bundle::verify::Finding;
use crate::proof::store::{Copies, LedgerReport, verify_live};

/// Events after which a caller is told how far it came.
const PROGRESS_EVENTS: u64 = 10_000;
/// Messages that may wait for a slow caller; then the verifying waits.
const MESSAGES_MAX: usize = 4;

/// What a caller gets.
pub(super) type Frames =
    Pin<Box<dyn Stream<Item = Result<v1::VerifyStoreResponse, Status>> + Send>>;

/// Verifies the first `size` events on a thread of its own; ends when the caller goes.
pub(super) fn verified(
    copies: LiveCopies,
    reader: &Arc<Reader>,
    size: u64,
    policy: TrustPolicy,
    language: Language,
    place: OwnedSemaphorePermit,
) -> Frames {
    let (tell, told) = mpsc::channel(MESSAGES_MAX);
    let ledger = reader.id();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut next = PROGRESS_EVENTS;
        let gone = || tell.is_closed();
        let report = verify_live(&copies, ledger, size, &policy, &mut |events| {
            if next <= events {
                next = events + PROGRESS_EVENTS;
                let progress = v1::VerifyStoreProgress { events, size };
                // A caller that is gone is noticed below.
                let _ = tell.blocking_send(Ok(message(Content::Progress(progress))));
            }
            !gone()
        });
        if let Some(report) = report {
            let report = Content::Report(shown(&report, language));
            let _ = tell.blocking_send(Ok(message(report)));
        }
    });
    Box::pin(ReceiverStream::new(told))
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
    }
}
