//! What was signed is in both copies, and is missed in both.

use super::*;

/// A folder with a checkpoint for each of `groups` groups, closed.
async fn stored_and_signed(bench: &Bench, groups: u64) -> (Vec<Leaf>, Vec<Checkpoint>) {
    let (mut history, mut kept) = (vec![], vec![]);
    let log = bench.open();
    for _ in 0..groups {
        grow(&log, 1, &mut history, 1, 3).await;
        let head = head_over(1, &history);
        kept.push(signed(1, head.size, head.root));
        let last = kept[kept.len() - 1].clone();
        log.keep_checkpoint(last).await.unwrap();
    }
    log.close().await.unwrap();
    (history, kept)
}

/// Opens, and sees all checkpoints when sled holds what is committed.
async fn assert_keeps(bench: &Bench, kept: &[Checkpoint]) {
    let log = bench.open();
    log.settle().await.unwrap();
    let found = log.checkpoints(ledger(1), 0..=u64::MAX, usize::MAX).await;
    assert_eq!(found.as_deref(), Ok(kept));
    log.close().await.unwrap();
}

#[tokio::test]
async fn checkpoints_are_in_both_copies() {
    let bench = Bench::small();
    let (_, kept) = stored_and_signed(&bench, 60).await;
    // From the journal to sled, which is gone; then from sled to the journal, segment by segment.
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_keeps(&bench, &kept).await;
    for path in &bench.segments()[..2] {
        flip(path, 2_000);
    }
    assert_keeps(&bench, &kept).await;
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_keeps(&bench, &kept).await;
}

#[tokio::test]
async fn a_signature_that_was_added_later_is_in_both_copies() {
    let bench = Bench::small();
    let (mut history, mut kept) = stored_and_signed(&bench, 20).await;
    let log = bench.open();
    // Far behind the head, in a segment that does not span that size; and at the head.
    for at in [2, 19] {
        kept[at].note = [&kept[at].note[..], b"cosigned\n"].concat().into();
        log.keep_checkpoint(kept[at].clone()).await.unwrap();
    }
    let again = bench.segments().len() - 1;
    for _ in 0..20 {
        grow(&log, 1, &mut history, 1, 3).await;
    }
    log.close().await.unwrap();
    drop(log);
    assert_keeps(&bench, &kept).await;
    assert!(0 < again && again + 1 < bench.segments().len());
    let path = &bench.segments()[again];
    // Whole records are lost, from the front or the back of the segment.
    for at in [70, fs::read(path).unwrap().len() - 200] {
        flip(path, at);
        assert_keeps(&bench, &kept).await;
        let bench = bench.copied();
        fs::remove_dir_all(bench.path("sled")).unwrap();
        assert_keeps(&bench, &kept).await;
    }
    fs::remove_file(path).unwrap();
    assert_keeps(&bench, &kept).await;
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_keeps(&bench, &kept).await;
}

#[tokio::test]
async fn checkpoints_that_sled_lost_are_read_again() {
    // sled forgets its newest batches in a crash, and with them how far it had read.
    let bench = Bench::small();
    let (_, kept) = stored_and_signed(&bench, 20).await;
    let db = sled_of(&bench);
    for key in db.scan_prefix([4]).keys().rev().take(15) {
        db.remove(key.unwrap()).unwrap();
    }
    db.remove([5]).unwrap();
    drop(db);
    assert_keeps(&bench, &kept).await;
}

#[tokio::test]
async fn history_with_another_root_than_was_signed_is_refused() {
    let bench = Bench::small();
    let (_, kept) = stored_and_signed(&bench, 60).await;
    // As whoever can write both copies would do it, and forgets the statement.
    let mut other = kept[40].clone();
    other.root = kept[39].root;
    for verify_events_max in [0, u64::MAX] {
        let mut bench = bench.copied();
        bench.config.verify_events_max = verify_events_max;
        let (size, root) = (other.size, other.root);
        bench.config.floors = vec![Floor {
            ledger: ledger(1),
            size,
            root,
        }];
        assert_refused(&bench, "with another root than the journal's");
    }
}

#[tokio::test]
async fn both_copies_shorter_than_a_checkpoint_in_either_are_refused() {
    let bench = Bench::new();
    let (mut history, mut kept) = stored_and_signed(&bench, 3).await;
    let older = bench.copied();
    let log = bench.open();
    grow(&log, 1, &mut history, 3, 3).await;
    let head = head_over(1, &history);
    kept.push(signed(1, head.size, head.root));
    log.keep_checkpoint(kept[3].clone()).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    // The statement alone, in the older sled.
    let key = [&[4][..], ledger(1).as_bytes(), &head.size.to_be_bytes()].concat();
    let value = sled_of(&bench).get(&key).unwrap().unwrap();
    let db = sled_of(&older);
    db.insert(&key, value).unwrap();
    db.flush().unwrap();
    drop(db);
    assert_refused(&older, "a checkpoint in the read copy says ledger");
}
