//! Reads and scrubs of a log whose journal was trimmed.

use super::super::scrub::{assert_in_journal, put_record, scrub, with_a_bad_crc};
use super::*;
use crate::log::copy::log_key;
use crate::log::copy::record::CopyRecord;

#[tokio::test]
async fn a_scrub_of_a_trimmed_journal_reads_sled_against_the_roots_and_finds_nothing() {
    for pack in [false, true] {
        let mut shop = Shop::new().await;
        shop.trimmed();
        shop.bench.config.pack = pack;
        let log = shop.bench.open();
        log.shared.room.wait_until_idle();
        for _ in 0..2 {
            scrub(&log).unwrap();
            assert_eq!(kinds(&log), []);
            grow(&log, 1, &mut shop.history, 30, 3).await;
            log.settle().await.unwrap();
        }
        shop.assert_holds(&log).await;
        log.close().await.unwrap();
        drop(log);
        shop.assert_whole(&[]).await;
    }
}

#[tokio::test]
async fn what_sled_lost_of_trimmed_segments_is_told_and_refused_and_all_else_goes_on() {
    let mut shop = Shop::new().await;
    let (backup, trimmed) = shop.trimmed();
    let log = shop.bench.open();
    put_record(&log, 0, with_a_bad_crc);
    let error = log.leaf(ledger(1), 2).await.unwrap_err();
    let is_told = |error: &ReadError| match error {
        ReadError::Damaged { position, detail } => {
            *position == 2 && detail.contains("it is trimmed") && detail.contains("untrim")
        }
        _ => false,
    };
    assert!(is_told(&error), "{error:?}");
    for _ in 0..2 {
        scrub(&log).unwrap();
        let told = kinds(&log);
        assert!(
            told.iter().all(|kind| *kind == IntegrityKind::BothDamaged),
            "{:?}",
            log.integrity_events()
        );
    }
    assert_eq!(shop.stubs(), trimmed.segments, "nothing is overwritten");
    grow(&log, 1, &mut shop.history, 2, 3).await;
    assert_eq!(log.health(), Health::Ready);
    assert_holds(&log, 2, &shop.other).await;

    // The files of the backup, put there while the log works, end it.
    for number in trimmed.segments {
        let name = format!("journal/{number:010}.journal");
        fs::copy(backup.join("data").join(&name), shop.bench.path(&name)).unwrap();
    }
    scrub(&log).unwrap();
    let told = kinds(&log);
    assert_eq!(told.last(), Some(&IntegrityKind::CopyRepaired), "{told:?}");
    assert_holds(&log, 1, &shop.history).await;
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), told);
    log.close().await.unwrap();
}

#[tokio::test]
async fn other_events_in_sled_than_were_trimmed_are_told_and_the_next_start_is_refused() {
    let shop = Shop::new().await;
    let (backup, _) = shop.trimmed();
    let log = shop.bench.open();
    put_record(&log, 0, |record| {
        let mut framed = record.framed.to_vec();
        let last = framed.len() - 1;
        framed[last] ^= 1;
        let other = CopyRecord::new(record.first, framed.into()).unwrap();
        other.encode(&log_key(ledger(1), record.first)).unwrap()
    });
    for _ in 0..2 {
        scrub(&log).unwrap();
        let told = log.integrity_events();
        assert_eq!(kinds(&log), [IntegrityKind::CopyDamageFound], "{told:?}");
        assert!(told[0].detail.contains("another root at size"), "{told:?}");
    }
    log.close().await.unwrap();
    drop(log);
    shop.assert_refused(&["another root", "daicho journal untrim"]);
    shop.untrim(&backup);
    let log = shop.bench.open();
    log.settle().await.unwrap();
    shop.assert_holds(&log).await;
    assert_in_journal(&log, 1, &shop.history);
}

#[tokio::test]
async fn what_is_left_of_a_segment_is_made_whole_by_a_scrub_where_it_is_damaged() {
    let whole = Shop::new().await;
    let (_, trimmed) = whole.trimmed();
    let len = fs::read(&whole.bench.segments()[1]).unwrap().len();
    for at in [3, 11, 70, len / 2, len - 3] {
        let shop = whole.copied();
        let log = shop.bench.open();
        flip(&shop.bench.segments()[1].clone(), at);
        scrub(&log).unwrap();
        let rebuilt = [IntegrityKind::JournalRebuilt];
        assert_eq!(kinds(&log), rebuilt, "{at}: {:?}", log.integrity_events());
        let left = trimmed
            .segments
            .iter()
            .copied()
            .filter(|number| *number != 2);
        assert_eq!(shop.stubs(), left.collect::<Vec<_>>(), "{at}");
        scrub(&log).unwrap();
        assert_eq!(kinds(&log), rebuilt);
        log.close().await.unwrap();
        drop(log);
        shop.assert_whole(&rebuilt).await;
    }
}

#[tokio::test]
async fn a_bad_record_of_sled_above_what_was_trimmed_is_served_from_the_journal_and_written_anew() {
    let mut shop = Shop::new().await;
    shop.trimmed();
    // A record of sled is some segments long here.
    shop.grow(300).await;
    let log = shop.bench.open();
    let last = shop.history.len() as u64 - 1;
    let record = log.shared.copied_record(ledger(1), last).unwrap();
    let copies = log.live_copies().unwrap();
    assert!(copies.section(ledger(1), record.first).is_ok());
    put_record(&log, record.first, with_a_bad_crc);
    let leaf = log.leaf(ledger(1), last).await.unwrap();
    assert_eq!(leaf, shop.history[last as usize].bytes);
    log.settle().await.unwrap();
    let told = kinds(&log);
    assert_eq!(told[0], IntegrityKind::RecordServedFromJournal, "{told:?}");
    assert_eq!(told[1..], [IntegrityKind::CopyRepaired], "{told:?}");
    shop.assert_holds(&log).await;
}
