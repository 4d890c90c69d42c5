//! Who signs for a ledger, with which key, and when it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use daicho::proof::{Proofs, last_checkpoint_file};
use futures::FutureExt as _;
use tokio::sync::watch;

use super::*;
use crate::fixture::Fixture;

/// One who goes away leaves neither the file half written nor the lock to somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_published_though_whoever_asked_has_gone() {
    let (fixture, folder) = (Fixture::planned().await, tempfile::tempdir().unwrap());
    let proofs = Proofs::new(fixture.ledgers.clone(), folder.path(), rand::random);
    let proofs = Arc::new(proofs);
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let publisher = proofs.of(&reader).await.unwrap();
    let mut latest = publisher.watch();
    let size = fixture.size().await;
    let asked = publisher.checkpoint_at(size);
    assert!(asked.now_or_never().is_none(), "it was signed at once");
    let is_there = |latest: &Option<_>| latest.is_some();
    let kept = latest.wait_for(is_there).await.unwrap().clone().unwrap();
    assert_eq!(kept.checkpoint().head().size, size);
    let file = last_checkpoint_file(folder.path(), reader.id());
    assert_eq!(fs::read_to_string(file).unwrap(), kept.note().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_gets_one_key_whoever_comes_first() {
    let fixture = Fixture::planned().await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let proofs = Proofs::new(fixture.ledgers.clone(), folder.path(), rand::random);
        let proofs = Arc::new(proofs);
        let opening = (0..8).map(|_| {
            let (proofs, reader) = (proofs.clone(), reader.clone());
            tokio::spawn(async move { proofs.of(&reader).await.unwrap() })
        });
        let opening: Vec<_> = opening.collect();
        let key = fs::read_to_string;
        for opened in opening {
            let opened = opened.await.unwrap();
            let kept = key(only_file(&folder.path().join("keys"))).unwrap();
            let kept = SigningKey::from_skey(kept.trim_end()).unwrap();
            assert_eq!(&opened.verifier_key().unwrap(), kept.key());
        }
    }
}

/// Draws: each another, and the first only when it may.
static DRAWN: AtomicU8 = AtomicU8::new(0);
static MAY_DRAW: AtomicBool = AtomicBool::new(false);

fn slow_seed() -> [u8; 32] {
    let number = DRAWN.fetch_add(1, Ordering::SeqCst);
    while number == 0 && !MAY_DRAW.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    [number; 32]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_gets_one_key_though_whoever_came_first_has_gone() {
    let fixture = Fixture::planned().await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let proofs = Arc::new(Proofs::new(
        fixture.ledgers.clone(),
        folder.path(),
        slow_seed,
    ));
    let mut first = Box::pin(proofs.of(&reader));
    while DRAWN.load(Ordering::SeqCst) == 0 {
        assert!(first.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(first);
    let mut second = Box::pin(proofs.of(&reader));
    assert!(second.as_mut().now_or_never().is_none());
    MAY_DRAW.store(true, Ordering::SeqCst);
    let signs = second.await.unwrap().verifier_key().unwrap();
    assert_eq!(DRAWN.load(Ordering::SeqCst), 1);
    let kept = fs::read_to_string(only_file(&folder.path().join("keys"))).unwrap();
    let kept = SigningKey::from_skey(kept.trim_end()).unwrap();
    assert_eq!(&signs, kept.key());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_checkpoint_is_told_when_its_file_is_there() {
    let (fixture, folder) = (Fixture::planned().await, tempfile::tempdir().unwrap());
    let opened = || Proofs::new(fixture.ledgers.clone(), folder.path(), || [7; 32]);
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let size = fixture.size().await;
    let before = Arc::new(opened()).of(&reader).await.unwrap();
    let signed = before.checkpoint_at(size).await.unwrap();
    // As after an end between the two.
    let file = last_checkpoint_file(folder.path(), reader.id());
    fs::remove_file(&file).unwrap();
    let after = Arc::new(opened()).of(&reader).await.unwrap();
    assert!(after.latest().is_none());
    assert_eq!(after.checkpoint_at(size).await.unwrap(), signed);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        signed.note().to_string()
    );
    assert_eq!(after.latest().unwrap(), signed);
}

#[tokio::test]
async fn a_ledger_whose_key_is_put_back_is_signed_for_again() {
    let (fixture, folder) = (Fixture::planned().await, tempfile::tempdir().unwrap());
    let keys = folder.path().join("keys");
    fs::write(&keys, "no folder").unwrap();
    let proofs = Arc::new(Proofs::new(fixture.ledgers.clone(), folder.path(), || {
        [7; 32]
    }));
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let (closing, closed) = watch::channel(false);
    proofs.follow_all(&closed);
    // One at a time: what follows has tried when the second is answered.
    for _ in 0..2 {
        assert!(proofs.of(&reader).await.is_err());
    }
    fs::remove_file(&keys).unwrap();
    while reader.checkpoint_up_to(u64::MAX).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    closing.send_replace(true);
    proofs.finished().await;
}

#[tokio::test]
async fn what_grows_is_signed_unasked() {
    let fixture = Fixture::planned().await;
    let folder = tempfile::tempdir().unwrap();
    let proofs = Proofs::new(fixture.ledgers.clone(), folder.path(), || [7; 32]);
    let proofs = Arc::new(proofs);
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let publisher = proofs.of(&reader).await.unwrap();
    let mut latest = publisher.watch();
    let (closing, closed) = watch::channel(false);
    proofs.follow_all(&closed);
    for amount in 1..=3 {
        let report = fixture.report(amount, "2023-05-01");
        fixture.append("a", vec![report]).await.unwrap();
        let size = fixture.size().await;
        let reaches = |latest: &Option<Arc<SignedCheckpoint>>| {
            let head = latest.as_ref().map(|latest| latest.checkpoint().head());
            head.is_some_and(|head| head.size == size)
        };
        latest.wait_for(reaches).await.unwrap();
    }
    // Told to end, it signs what is new and ends.
    let report = fixture.report(4, "2023-05-01");
    fixture.append("a", vec![report]).await.unwrap();
    closing.send_replace(true);
    proofs.finished().await;
    let size = fixture.size().await;
    let latest = publisher.latest().unwrap();
    assert_eq!(latest.checkpoint().head().size, size);
    let root = reader.root_at(size).unwrap();
    assert_eq!(latest.checkpoint().head().root, root);
}
