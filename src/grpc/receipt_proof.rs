//! Receipts that prove themselves: a checkpoint that covers the events of an append call, and a proof for each of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::v1;
use crate::grpc::services::Services;
use crate::ledger::{Reader, Receipt};
use crate::proof::ProofFault;

/// Events of a receipt that proofs are told of at most.
const RECEIPT_PROOFS_MAX: usize = 100;
/// Before a deadline, to answer in time with what is there.
const ANSWER_TIME: Duration = Duration::from_millis(50);

impl Services {
    /// The proof of a receipt, if `mode` asks for one, and whether it was asked for and is not there by `deadline`.
    pub(super) async fn proof_of(
        &self,
        reader: &Arc<Reader>,
        receipt: &Receipt,
        mode: v1::ReceiptMode,
        deadline: Instant,
    ) -> (Option<v1::ReceiptProof>, bool) {
        if mode != v1::ReceiptMode::Published {
            return (None, false);
        }
        let until = deadline.checked_sub(ANSWER_TIME).unwrap_or(deadline);
        if until <= Instant::now() {
            return (None, true);
        }
        let (services, proven) = (self.clone(), reader.clone());
        let positions: Vec<u64> = receipt.events.iter().map(|event| event.position).collect();
        // In a task of its own: a signature that was begun is kept, whoever waits for it.
        let proving = tokio::spawn(async move { services.prove(&proven, positions).await });
        match tokio::time::timeout_at(until.into(), proving).await {
            Ok(Ok(Ok(proof))) => (Some(proof), false),
            Ok(Ok(Err(error))) => {
                tracing::error!(
                    ledger = %reader.id(),
                    error = &error as &dyn std::error::Error,
                    "a receipt has no proof yet"
                );
                (None, true)
            }
            Ok(Err(_)) | Err(_) => (None, true),
        }
    }

    async fn prove(
        &self,
        reader: &Arc<Reader>,
        positions: Vec<u64>,
    ) -> Result<v1::ReceiptProof, ProofFault> {
        let size = positions.last().map_or(0, |last| last + 1);
        reader.caught_up(None).await;
        let publisher = self.proofs().of(reader).await?;
        let covering = publisher.covering(size).await?;
        let proven: Vec<u64> = positions.into_iter().take(RECEIPT_PROOFS_MAX).collect();
        let stored = reader.stored_at(&proven).await?;
        let leaves = proven
            .into_iter()
            .zip(stored.into_iter().map(|stored| stored.leaf));
        let (leaves, signed) = (leaves.collect::<Vec<_>>(), covering.clone());
        let proving = publisher.clone();
        // Reads tiles: not for the threads that answer.
        let files = tokio::task::spawn_blocking(move || {
            let file = |(position, leaf)| proving.proof_file(position, leaf, &signed);
            leaves.into_iter().map(file).collect::<Result<Vec<_>, _>>()
        });
        let files = match files.await {
            Ok(files) => files?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        Ok(v1::ReceiptProof {
            size: covering.checkpoint().head().size,
            checkpoint: covering.note().to_string(),
            tlog_proofs: files
                .iter()
                .map(|file| file.to_string().into_bytes())
                .collect(),
            verifier_key: publisher.verifier_key()?.to_string(),
        })
    }
}
