//! What sled is fed once more, or for the first time, after a start: nothing is older or missing until that is done.

use super::damage::{flip, groups};
use super::*;
use crate::log::copy::{CopyBatch, ReadCopy};

#[tokio::test]
async fn checkpoints_in_full_segments_are_shown_while_sled_is_made_anew() {
    let bench = Bench::with(|config| config.segment_bytes = 64 * 1024);
    let log = bench.open();
    let (mut history, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..64 {
        grow(&log, 1, &mut history, 4, 160).await;
        let head = head_over(1, &history);
        kept.push(signed(1, head.size, head.root));
        let keep = log.keep_checkpoint(kept[kept.len() - 1].clone());
        assert_eq!(keep.await, Ok(()));
    }
    // The tail has none of them.
    grow(&log, 1, &mut history, 4, 160).await;
    log.close().await.unwrap();
    fs::remove_dir_all(bench.path("sled")).unwrap();

    let log = bench.open();
    let last = log.checkpoint_up_to(ledger(1), u64::MAX).await;
    assert_eq!(last, Ok(kept.last().cloned()));
    let found = log.checkpoints(ledger(1), 0..=u64::MAX, 99).await;
    assert_eq!(found, Ok(kept));
    log.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_checkpoint_stays_while_an_older_one_is_fed_once_more() {
    let bench = Bench::new();
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 1, 3).await;
    let head = head_over(1, &history);
    let first = signed(1, head.size, head.root);
    let second = Checkpoint {
        note: [&first.note[..], b"one more signature\n"].concat().into(),
        ..first.clone()
    };
    assert_eq!(log.keep_checkpoint(first.clone()).await, Ok(()));
    // Further than one step of the feeder.
    grow(&log, 1, &mut history, 40, 160).await;
    assert_eq!(log.keep_checkpoint(second.clone()).await, Ok(()));
    log.settle().await.unwrap();
    // sled lacks this, so it is fed from the beginning of the segment.
    grow(&log, 1, &mut history, 1, 3).await;
    let id = log.shared.id;
    drop(log);
    // As after a kill in the middle of that.
    let copy = ReadCopy::open(&bench.path("sled"), id, bench.config.cache_bytes).unwrap();
    let mut batch = CopyBatch::default();
    batch.put_checkpoint(&first);
    copy.apply(batch).unwrap();
    copy.checkpoint().unwrap();
    drop(copy);

    for _ in 0..2 {
        let log = bench.open();
        let last = async || log.checkpoint_up_to(ledger(1), u64::MAX).await;
        assert_eq!(last().await, Ok(Some(second.clone())));
        log.settle().await.unwrap();
        assert_eq!(last().await, Ok(Some(second.clone())));
        assert_holds(&log, 1, &history).await;
    }
}

#[tokio::test]
async fn damage_that_the_feeder_meets_is_repaired_by_the_next_start() {
    let mut bench = Bench::small();
    // A start reads no segment whole but the last.
    bench.config.verify_events_max = 0;
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 20, 3).await;
    log.settle().await.unwrap();
    let marked = bench.tail();
    while bench.tail() == marked {
        grow(&log, 1, &mut history, 1, 3).await;
    }
    drop(log);
    let (at, length) = groups(&bench, &marked)[0];
    flip(&marked, at + length / 2);

    let log = bench.open();
    assert!(log.settle().await.is_err());
    drop(log);
    let log = bench.open();
    log.settle().await.unwrap();
    let told = kinds(&log);
    assert_eq!(
        told,
        [IntegrityKind::Poisoned, IntegrityKind::JournalRebuilt]
    );
    assert_holds(&log, 1, &history).await;
}
