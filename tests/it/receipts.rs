//! Receipts that prove themselves: what the answer to an append carries is verified with nothing but the formats.

use std::time::Duration;

use daicho::api::v1;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::merkle::{ProofFile, SignedCheckpoint, TrustPolicy, VerifierKey, leaf_hash};
use tonic::Request;

use crate::service::{As, Server, append, report};

fn published(events: Vec<v1::EventInput>) -> v1::AppendEventsRequest {
    v1::AppendEventsRequest {
        receipt_mode: v1::ReceiptMode::Published.into(),
        ..append(events)
    }
}

/// Holds a proof against the receipt it came with, believing its key.
fn verify(proof: &v1::ReceiptProof, receipt: &v1::Receipt) {
    let key = proof.verifier_key.parse::<VerifierKey>().unwrap();
    let policy = TrustPolicy::of_log(key);
    let signed = SignedCheckpoint::parse(proof.checkpoint.as_bytes()).unwrap();
    let head = signed.checkpoint().head();
    assert_eq!(head.size, proof.size);
    assert!(receipt.size <= proof.size);
    for (event, file) in receipt.events.iter().zip(&proof.tlog_proofs) {
        let file = ProofFile::parse(file).unwrap();
        assert_eq!(file.index(), event.position);
        let leaf = file.extra().unwrap();
        assert_eq!(leaf_hash(leaf).as_bytes()[..], event.leaf_hash[..]);
        assert_eq!(file.checkpoint(), &signed);
        file.verify(&policy).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_receipt_proves_every_event() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let reports = |count: usize| -> Vec<v1::EventInput> {
        (0..count)
            .map(|_| report(&plan, &plan.indicators[0], "1"))
            .collect()
    };
    let plain = client.append_events(append(reports(1))).await.unwrap();
    let plain = plain.into_inner();
    assert_eq!((plain.proof, plain.proof_follows), (None, false));

    let request = published(reports(3));
    let answer = client.append_events(request.clone()).await.unwrap();
    let answer = answer.into_inner();
    let (proof, receipt) = (answer.proof.unwrap(), answer.receipt.unwrap());
    assert!(!answer.proof_follows);
    assert_eq!(proof.tlog_proofs.len(), 3);
    verify(&proof, &receipt);

    // A retry and GetReceipt prove the same events, at whatever was signed since.
    let again = client.append_events(request.clone()).await.unwrap();
    let again = again.into_inner();
    assert!(again.replayed);
    verify(&again.proof.unwrap(), &receipt);
    for (mode, proven) in [
        (v1::ReceiptMode::Published, true),
        (v1::ReceiptMode::Sequenced, false),
    ] {
        let asked = v1::GetReceiptRequest {
            ledger: String::new(),
            request_id: request.request_id.clone(),
            receipt_mode: mode.into(),
        };
        let told = client.get_receipt(asked).await.unwrap().into_inner();
        assert_eq!(told.receipt.as_ref(), Some(&receipt));
        assert_eq!(told.proof.is_some(), proven);
        told.proof.iter().for_each(|proof| verify(proof, &receipt));
    }

    // Of many events the first hundred.
    let many = client.append_events(published(reports(130))).await.unwrap();
    let many = many.into_inner();
    let (proof, receipt) = (many.proof.unwrap(), many.receipt.unwrap());
    assert_eq!(receipt.events.len(), 130);
    assert_eq!(proof.tlog_proofs.len(), 100);
    verify(&proof, &receipt);

    // A check records nothing and proves nothing.
    let check = v1::AppendEventsRequest {
        validate_only: true,
        ..published(reports(1))
    };
    let checked = client.append_events(check).await.unwrap().into_inner();
    assert_eq!((checked.proof, checked.proof_follows), (None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_is_too_near_leaves_the_receipt_and_the_proof_follows() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    // Less than is kept for the answer, and enough for the append.
    let mut near = None;
    while near.is_none() {
        let events = vec![report(&plan, &plan.indicators[0], "1")];
        let mut request = Request::new(published(events));
        request.set_timeout(Duration::from_millis(45));
        // A machine that is busy may not append in that time: then it is tried with other events.
        near = client.append_events(request).await.ok();
    }
    let near = near.unwrap().into_inner();
    assert_eq!((near.proof, near.proof_follows), (None, true));
    let receipt = near.receipt.unwrap();
    let asked = v1::GetReceiptRequest {
        ledger: String::new(),
        request_id: receipt.request_id.clone(),
        receipt_mode: v1::ReceiptMode::Published.into(),
    };
    let told = client.get_receipt(asked).await.unwrap().into_inner();
    assert_eq!(told.receipt.as_ref(), Some(&receipt));
    verify(&told.proof.unwrap(), &receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_wait_at_the_same_time_share_a_signature() {
    const CALLERS: usize = 64;
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let mut receipts = Vec::new();
    for _ in 0..CALLERS {
        let events = vec![report(&plan, &plan.indicators[0], "1")];
        let answer = client.append_events(append(events)).await.unwrap();
        receipts.push(answer.into_inner().receipt.unwrap());
    }
    let size = receipts.last().unwrap().size;
    let calls = receipts.iter().map(|receipt| {
        let (mut client, request_id) = (client.clone(), receipt.request_id.clone());
        let asked = v1::GetReceiptRequest {
            ledger: String::new(),
            request_id,
            receipt_mode: v1::ReceiptMode::Published.into(),
        };
        async move { client.get_receipt(asked).await.unwrap().into_inner() }
    });
    let answers = futures::future::join_all(calls).await;
    let mut sizes = Vec::new();
    for (answer, receipt) in answers.iter().zip(&receipts) {
        let proof = answer.proof.as_ref().unwrap();
        verify(proof, receipt);
        sizes.push(proof.size);
    }
    sizes.sort_unstable();
    sizes.dedup();
    // What was signed anyway while the ledger grew, and one for all who wait: the ledger does not grow any more.
    let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As("auditor"));
    let kept = proofs.list_checkpoints(v1::ListCheckpointsRequest::default());
    let kept = kept.await.unwrap().into_inner().checkpoints;
    let kept: Vec<u64> = kept.iter().map(|kept| kept.size).collect();
    assert_eq!(kept.last(), Some(&size));
    assert!(sizes.iter().all(|size| kept.contains(size)));
    assert!(sizes.contains(&size));
}
