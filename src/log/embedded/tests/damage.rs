//! One test for each row of the table of repairs, on really damaged files.

use std::os::unix::fs::FileExt as _;

use super::*;
use crate::log::InvalidCommit;
use crate::log::journal::segment::Scan;
use crate::log::journal::{FolderId, Record};

mod read_copy;
mod signed;

/// The records of a segment as (offset, length, is it a group).
fn records(bench: &Bench, path: &Path) -> Vec<(usize, usize, bool)> {
    let format = fs::read_to_string(bench.path("format")).unwrap();
    let mut id = [0; 16];
    let text = format.lines().last().unwrap().strip_prefix("id ").unwrap();
    hex::decode_to_slice(text, &mut id).unwrap();
    let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let scan = Scan::of(fs::read(path).unwrap().into(), FolderId(id), number);
    assert!(scan.holes.is_empty());
    let is_group = |record: &Record| matches!(record, Record::Group(_));
    scan.records
        .iter()
        .map(|f| (f.offset, f.decoded.length, is_group(&f.decoded.record)))
        .collect()
}

pub(super) fn groups(bench: &Bench, path: &Path) -> Vec<(usize, usize)> {
    let records = records(bench, path).into_iter();
    records
        .filter(|record| record.2)
        .map(|(offset, length, _)| (offset, length))
        .collect()
}

/// Changes one byte in its place: whoever has the file open sees no other change.
pub(super) fn flip(path: &Path, at: usize) {
    let byte = fs::read(path).unwrap()[at] ^ 0x10;
    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&[byte], at as u64).unwrap();
}

pub(super) fn truncate(path: &Path, len: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..len]).unwrap();
}

/// Opens a folder that cannot be repaired, and sees that nothing stored was changed.
pub(super) fn assert_refused(bench: &Bench, check: &str) {
    let journal = |bench: &Bench| -> Vec<_> {
        let stored = bench.stored().into_iter();
        stored
            .filter(|(path, _)| path.extension().is_some_and(|e| e == "journal"))
            .collect()
    };
    let before = journal(bench);
    for _ in 0..2 {
        match EmbeddedLog::open(bench.config.clone()) {
            Err(OpenError::Refused { check: found, .. }) => {
                assert!(found.contains(check), "{found}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(journal(bench), before);
    let written = fs::read_to_string(bench.path("integrity.log")).unwrap();
    assert!(written.contains("open_refused"), "{written}");
}

/// Opens, compares, goes on, and sees that nothing is left to repair.
pub(super) async fn assert_repaired(
    bench: &Bench,
    history: &mut Vec<Leaf>,
    expected: &[IntegrityKind],
) {
    let log = bench.open();
    assert_eq!(kinds(&log), expected, "{:?}", log.integrity_events());
    assert_holds(&log, 1, history).await;
    grow(&log, 1, history, 2, 3).await;
    log.settle().await.unwrap();
    assert_holds(&log, 1, history).await;
    log.close().await.unwrap();
    drop(log);
    let log = bench.open();
    assert_eq!(kinds(&log), expected, "{:?}", log.integrity_events());
    assert_holds(&log, 1, history).await;
    assert_eq!(log.shared.copied(ledger(1)), history.len() as u64);
}

/// A folder with `groups` groups of 3 events, closed.
pub(super) async fn stored(bench: &Bench, groups: u64) -> Vec<Leaf> {
    let mut history = vec![];
    let log = bench.open();
    grow(&log, 1, &mut history, groups, 3).await;
    log.close().await.unwrap();
    history
}

/// A folder with `groups` groups of 3 events that sled never heard of.
pub(super) async fn journaled(bench: &Bench, groups: u64) -> Vec<Leaf> {
    let mut history = vec![];
    let log = bench.open();
    grow(&log, 1, &mut history, groups, 3).await;
    history
}

/// The database of a closed folder.
fn sled_of(bench: &Bench) -> sled::Db {
    sled::Config::new()
        .path(bench.path("sled"))
        .mode(sled::Mode::HighThroughput)
        .segment_size(8 * 1024 * 1024)
        .flush_every_ms(None)
        .open()
        .unwrap()
}

/// Puts a record with a wrong crc into sled, in place of the one at `first`.
pub(super) fn damage_record(bench: &Bench, first: u64) {
    let db = sled_of(bench);
    let key = crate::log::copy::log_key(ledger(1), first);
    let mut value = db.get(&key).unwrap().unwrap().to_vec();
    value[4] ^= 1;
    db.insert(key, value).unwrap();
    db.flush().unwrap();
}

#[tokio::test]
async fn torn_last_record_that_nothing_reaches_beyond_is_dropped() {
    for cut in [1, 8, 23, 24, 200] {
        let bench = Bench::new();
        let mut history = journaled(&bench, 4).await;
        let tail = bench.tail();
        let len = fs::read(&tail).unwrap().len();
        truncate(&tail, len - cut);
        history.truncate(9);
        assert_repaired(&bench, &mut history, &[IntegrityKind::TornTailDropped]).await;
    }
    let bench = Bench::new();
    let mut history = journaled(&bench, 4).await;
    let last = *groups(&bench, &bench.tail()).last().unwrap();
    flip(&bench.tail(), last.0 + last.1 / 2);
    history.truncate(9);
    assert_repaired(&bench, &mut history, &[IntegrityKind::TornTailDropped]).await;
}

#[tokio::test]
async fn segment_that_was_never_begun_is_begun_again() {
    for len in [0, 10, 64, 70] {
        let bench = Bench::small();
        let mut history = stored(&bench, 40).await;
        let segments = bench.segments();
        let (tail, last) = (bench.tail(), segments.len());
        assert!(last > 1);
        // As if the crash had come while the next segment was being created, right after a seal.
        let begun = tail.with_file_name(format!("{:010}.journal", last + 1));
        assert!(!begun.exists());
        let log = bench.open();
        while !begun.exists() {
            grow(&log, 1, &mut history, 1, 3).await;
        }
        log.close().await.unwrap();
        drop(log);
        let group = groups(&bench, &begun);
        history.truncate(history.len() - 3 * group.len());
        truncate(&begun, len);
        fs::remove_dir_all(bench.path("sled")).unwrap();
        fs::remove_file(bench.path("heads")).unwrap();
        assert_repaired(
            &bench,
            &mut history,
            &[IntegrityKind::TornTailDropped, IntegrityKind::CopySetAside],
        )
        .await;
    }
}

#[tokio::test]
async fn damaged_tail_that_sled_reaches_beyond_is_rebuilt_from_sled() {
    for which in 0..4 {
        let bench = Bench::new();
        let mut history = stored(&bench, 4).await;
        let (offset, length) = groups(&bench, &bench.tail())[which];
        flip(&bench.tail(), offset + length / 2);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

#[tokio::test]
async fn damaged_head_of_the_tail_is_rebuilt() {
    for at in [3, 70, 100] {
        let bench = Bench::small();
        let mut history = stored(&bench, 40).await;
        flip(&bench.tail(), at);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

#[tokio::test]
async fn tail_cut_short_is_rebuilt_from_sled() {
    for (keep, more) in [(0, 0), (0, 30), (2, 0), (3, 30)] {
        let bench = Bench::new();
        let mut history = stored(&bench, 4).await;
        let (offset, _) = groups(&bench, &bench.tail())[keep];
        truncate(&bench.tail(), offset + more);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
    let bench = Bench::small();
    let mut history = stored(&bench, 40).await;
    assert!(bench.segments().len() > 1);
    fs::remove_file(bench.tail()).unwrap();
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
}

#[tokio::test]
async fn damaged_tail_that_sled_does_not_hold_is_refused() {
    let bench = Bench::new();
    journaled(&bench, 4).await;
    let (offset, length) = groups(&bench, &bench.tail())[1];
    flip(&bench.tail(), offset + length / 2);
    assert_refused(&bench, "journal segment 1: record crc32c at byte");
}

#[tokio::test]
async fn torn_record_that_a_checkpoint_reaches_beyond_is_refused() {
    let bench = Bench::new();
    let mut history = vec![];
    let log = bench.open();
    grow(&log, 1, &mut history, 2, 3).await;
    let head = head_over(1, &history);
    for (size, root) in [(head.size + 1, head.root), (head.size, Hash::EMPTY_ROOT)] {
        let refused = log.keep_checkpoint(signed(1, size, root)).await;
        assert_eq!(
            refused,
            Err(LogFault::Invalid(InvalidCommit::CheckpointDisagrees))
        );
    }
    log.keep_checkpoint(signed(1, head.size, head.root))
        .await
        .unwrap();
    drop(log);
    let (offset, length) = groups(&bench, &bench.tail())[1];
    let intact = bench.copied();
    flip(&bench.tail(), offset + length / 2);
    assert_refused(&bench, "record crc32c");
    assert_holds(&intact.open(), 1, &history).await;
}

#[tokio::test]
async fn history_below_a_floor_from_elsewhere_is_refused() {
    let mut bench = Bench::new();
    let history = stored(&bench, 3).await;
    let reaches = head_over(1, &history);
    let mut beyond = history.clone();
    beyond.extend(leaves(9, &[10]));
    let beyond = head_over(1, &beyond);
    let floor = |head: Head, root| Floor {
        ledger: ledger(1),
        size: head.size,
        root,
    };
    bench.config.floors = vec![floor(beyond, beyond.root)];
    assert_refused(&bench, "a checkpoint from elsewhere says");
    bench.config.floors = vec![floor(reaches, beyond.root)];
    assert_refused(&bench, "another root than the journal");
    bench.config.floors = vec![floor(reaches, reaches.root)];
    assert_holds(&bench.open(), 1, &history).await;
    let empty = Bench::with(|config| config.floors = bench.config.floors.clone());
    let opened = EmbeddedLog::open(empty.config.clone());
    assert!(
        matches!(opened, Err(OpenError::Refused { .. })),
        "{opened:?}"
    );
}

#[tokio::test]
async fn damaged_sealed_segment_is_rebuilt_from_sled() {
    for at in [3, 70, 2_000, 9_000, usize::MAX] {
        let bench = Bench::small();
        let mut history = stored(&bench, 60).await;
        let path = bench.segments()[1].clone();
        flip(&path, at.min(fs::read(&path).unwrap().len() - 3));
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
        assert!(bench.path("evidence/0001-journal").exists() || bench.path("evidence").exists());
    }
}

#[tokio::test]
async fn sealed_segment_cut_anywhere_is_rebuilt_from_sled() {
    // What is left of the seal, down to a piece of its last field.
    for cut in [1, 3, 4, 8, 100] {
        let bench = Bench::small();
        let mut history = stored(&bench, 60).await;
        let path = bench.segments()[1].clone();
        truncate(&path, fs::read(&path).unwrap().len() - cut);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

#[tokio::test]
async fn missing_sealed_segments_are_rebuilt_from_sled() {
    let bench = Bench::small();
    let mut history = stored(&bench, 150).await;
    let segments = bench.segments();
    assert!(segments.len() > 4, "{}", segments.len());
    for gone in &segments[..3] {
        fs::remove_file(gone).unwrap();
    }
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt; 3]).await;
}

#[tokio::test]
async fn damage_in_both_copies_over_one_range_is_refused() {
    let bench = Bench::small();
    stored(&bench, 60).await;
    let path = bench.segments()[1].clone();
    flip(&path, 2_000);
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_refused(&bench, "journal segment 2: record crc32c at byte");
}

#[tokio::test]
async fn sled_gone_and_a_seal_unread_is_still_refused() {
    // The cheap look at a large folder finds the seals in order; the repair of sled reads it all.
    let mut bench = Bench::small();
    stored(&bench, 60).await;
    flip(&bench.segments()[1].clone(), 2_000);
    bench.config.verify_events_max = 0;
    let log = bench.open();
    drop(log);
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_refused(&bench, "journal segment 2: record crc32c at byte");
}

#[tokio::test]
async fn both_copies_shorter_than_the_heads_file_is_refused() {
    let bench = Bench::new();
    let mut history = stored(&bench, 3).await;
    let older = bench.copied();
    let log = bench.open();
    grow(&log, 1, &mut history, 3, 3).await;
    log.close().await.unwrap();
    drop(log);
    let heads = fs::read(bench.path("heads")).unwrap();
    fs::write(older.path("heads"), heads).unwrap();
    assert_refused(&older, "ends at 9, and the heads file says");
}

#[tokio::test]
async fn lost_journal_is_refused() {
    let bench = Bench::new();
    stored(&bench, 3).await;
    fs::remove_dir_all(bench.path("journal")).unwrap();
    assert!(matches!(
        EmbeddedLog::open(bench.config.clone()),
        Err(OpenError::Refused { check, .. }) if check.contains("journal is missing in")
    ));
}

#[tokio::test]
async fn damaged_heads_file_is_written_anew() {
    let bench = Bench::new();
    let mut history = stored(&bench, 3).await;
    flip(&bench.path("heads"), 40);
    assert_repaired(&bench, &mut history, &[IntegrityKind::SummaryRewritten]).await;
}

#[tokio::test]
async fn record_inside_an_event_does_not_pass_for_one() {
    // Bytes of a whole segment of another folder, as an event of a record that is then torn.
    let other = Bench::new();
    journaled(&other, 4).await;
    let forged = fs::read(other.tail()).unwrap();
    let bench = Bench::new();
    let mut history = journaled(&bench, 2).await;
    let log = bench.open();
    let event: Vec<Leaf> = (0..8)
        .map(|pad| Leaf::new([&vec![0; pad], &forged[..]].concat()))
        .collect();
    commit(&log, ledger(1), head_over(1, &history), &event).await;
    drop(log);
    let (offset, _) = *groups(&bench, &bench.tail()).last().unwrap();
    flip(&bench.tail(), offset + 30);
    assert_repaired(&bench, &mut history, &[IntegrityKind::TornTailDropped]).await;
}
