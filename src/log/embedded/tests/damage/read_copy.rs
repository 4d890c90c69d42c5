//! The read copy: missing, damaged, of another time or folder.

use super::*;

#[tokio::test]
async fn missing_sled_is_rebuilt_from_the_journal() {
    let bench = Bench::small();
    let mut history = stored(&bench, 40).await;
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopySetAside]).await;
}

#[tokio::test]
async fn sled_that_is_an_older_one_is_set_aside_and_rebuilt() {
    let bench = Bench::small();
    let mut history = stored(&bench, 10).await;
    let older = bench.copied();
    let log = bench.open();
    grow(&log, 1, &mut history, 10, 3).await;
    log.close().await.unwrap();
    drop(log);
    fs::remove_dir_all(bench.path("sled")).unwrap();
    copy_dir(&older.path("sled"), &bench.path("sled"));
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopySetAside]).await;
    assert!(
        bench.path("evidence/0001-sled/sled/db").exists(),
        "nothing that differs is deleted"
    );
}

#[tokio::test]
async fn sled_of_another_folder_is_set_aside_and_rebuilt() {
    let (bench, other) = (Bench::small(), Bench::small());
    let mut history = stored(&bench, 10).await;
    stored(&other, 12).await;
    fs::remove_dir_all(bench.path("sled")).unwrap();
    copy_dir(&other.path("sled"), &bench.path("sled"));
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopySetAside]).await;
}

#[tokio::test]
async fn sled_with_a_garbled_conf_never_shortens_history() {
    let bench = Bench::small();
    let mut history = vec![];
    let log = bench.open();
    grow(&log, 1, &mut history, 10, 3).await;
    log.settle().await.unwrap();
    let stored = bench.copied();
    drop(log);
    let whole = fs::read(stored.path("sled/conf")).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let half = whole[..whole.len() / 2].to_vec();
    for conf in [
        vec![0xa5; whole.len()],
        vec![0; whole.len()],
        half,
        Vec::new(),
        flipped(0),
        flipped(8),
        flipped(whole.len() - 1),
    ] {
        let damaged = stored.copied();
        fs::write(damaged.path("sled/conf"), &conf).unwrap();
        let log = damaged.open();
        assert_holds(&log, 1, &history).await;
        let found = kinds(&log);
        assert!(
            found.iter().all(|k| *k == IntegrityKind::CopySetAside),
            "{conf:?}: {found:?}"
        );
        let mut history = history.clone();
        grow(&log, 1, &mut history, 2, 3).await;
        log.settle().await.unwrap();
        log.close().await.unwrap();
        drop(log);
        assert_holds(&damaged.open(), 1, &history).await;
    }
}

#[tokio::test]
async fn sled_with_a_bad_record_is_set_aside_and_rebuilt() {
    let bench = Bench::small();
    let mut history = stored(&bench, 10).await;
    damage_record(&bench, 0);
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopySetAside]).await;
}

#[tokio::test]
async fn bad_record_of_sled_is_served_from_the_journal() {
    let mut bench = Bench::small();
    let history = stored(&bench, 150).await;
    damage_record(&bench, 0);
    bench.config.verify_events_max = 0;
    let log = bench.open();
    assert_eq!(kinds(&log), []);
    assert_holds(&log, 1, &history).await;
    assert_holds(&log, 1, &history).await;
    log.settle().await.unwrap();
    let events = log.integrity_events();
    // A read that met it before it was repaired may tell of it after.
    let (repaired, served): (Vec<_>, Vec<_>) = events
        .iter()
        .partition(|event| event.kind == IntegrityKind::CopyRepaired);
    let of_reads = |event: &&IntegrityEvent| {
        event.kind == IntegrityKind::RecordServedFromJournal && event.detail.contains("crc32c")
    };
    assert!(served.iter().all(of_reads), "{events:?}");
    assert!(!served.is_empty() && repaired.len() == 1, "{events:?}");
    let evidence = bench.path(repaired[0].evidence.as_ref().unwrap());
    assert_eq!(fs::read_dir(evidence).unwrap().count(), 1);
    assert!(log.shared.copied_record(ledger(1), 0).is_ok());
    assert_holds(&log, 1, &history).await;
}

#[tokio::test]
async fn damaged_sled_never_shortens_history() {
    let bench = Bench::small();
    let mut history = vec![];
    let log = bench.open();
    for _ in 0..6 {
        grow(&log, 1, &mut history, 10, 10).await;
        log.settle().await.unwrap();
    }
    let stored = bench.copied();
    drop(log);
    let db = stored.path("sled").join("db");
    let whole = fs::read(&db).unwrap();
    let used = whole.iter().rposition(|&byte| byte != 0).unwrap();
    let damages = (0..12).map(|i| {
        let mut bytes = whole.clone();
        match i % 3 {
            0 => bytes[used / 12 * i] ^= 0x10,
            1 => bytes.truncate(used / 12 * i),
            _ => bytes[used / 12 * i..][..4096.min(used / 13)].fill(0),
        }
        bytes
    });
    for (i, bytes) in damages.enumerate() {
        let damaged = stored.copied();
        fs::write(damaged.path("sled").join("db"), bytes).unwrap();
        let log = damaged.open();
        assert_holds(&log, 1, &history).await;
        let found = kinds(&log);
        assert!(
            found.iter().all(|k| *k == IntegrityKind::CopySetAside),
            "{i}: {found:?}"
        );
        log.settle().await.unwrap();
        assert_holds(&log, 1, &history).await;
    }
}

#[tokio::test]
async fn half_written_snapshot_of_sled_is_set_aside() {
    let bench = Bench::new();
    let mut history = stored(&bench, 3).await;
    fs::write(bench.path("sled/snap.FFFFFFFFFFFFFFFF.generating"), b"half").unwrap();
    assert_repaired(&bench, &mut history, &[IntegrityKind::LeftoverSetAside]).await;
    let aside = "evidence/0001-half-snapshot/snap.FFFFFFFFFFFFFFFF.generating";
    assert_eq!(fs::read(bench.path(aside)).unwrap(), b"half");
}

#[tokio::test]
async fn sled_with_a_blob_is_not_used() {
    let bench = Bench::new();
    let mut history = stored(&bench, 3).await;
    fs::write(
        bench.path("sled/blobs/123"),
        b"a value that sled never syncs",
    )
    .unwrap();
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopySetAside]).await;
}

#[tokio::test]
async fn values_stay_in_sleds_log() {
    let bench = Bench::new();
    let log = bench.open();
    let mut history = vec![];
    for step in 0..40 {
        let new = leaves(step, &[65_535, 1, 59_000, 65_535]);
        commit(&log, ledger(1), head_over(1, &history), &new).await;
        history.extend(new);
        let mut batch = DerivedBatch::new();
        (0..20u8).for_each(|n| batch.put(vec![step as u8, n], vec![n; 60_000]).unwrap());
        log.apply(ledger(1), batch).unwrap();
    }
    log.settle().await.unwrap();
    assert_eq!(fs::read_dir(bench.path("sled/blobs")).unwrap().count(), 0);
}
