//! What keeps a journal from being trimmed, and damage of a folder whose journal was.

use super::*;
use crate::log::copy::CopyBatch;

#[track_caller]
fn unproven(shop: &Shop, backup: &Path) -> String {
    let before = shop.stubs();
    let error = shop.try_trim(backup, 1).unwrap_err();
    assert_eq!(shop.stubs(), before);
    match error {
        TrimError::Unproven(check) => check,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_trimmed_before_sled_is_proven_to_hold_it() {
    let whole = Shop::new().await;
    let backup = whole.back_up("1");
    let unproven = |shop: &Shop, told: &str| {
        let check = unproven(shop, &backup);
        assert!(check.contains(told), "{told}: {check}");
    };

    // It is not there, and is not made.
    let shop = whole.copied();
    fs::remove_dir_all(shop.bench.path("sled")).unwrap();
    unproven(&shop, "`sled` is missing");
    assert!(!shop.bench.path("sled").exists());

    // A file of it is damaged: sled does not get to open it.
    for name in ["db", "conf"] {
        let shop = whole.copied();
        let path = shop.bench.path("sled").join(name);
        flip(&path, 30.min(fs::read(&path).unwrap().len() / 2));
        let damaged = shop.bench.stored();
        unproven(&shop, "read copy, sled/");
        assert_eq!(shop.bench.stored(), damaged);
    }
    let shop = whole.copied();
    fs::write(shop.bench.path("sled/snap.0.generating"), "").unwrap();
    unproven(&shop, "never finished");

    // A record of it is bad, or another.
    let shop = whole.copied();
    damage_record(&shop.bench, 0);
    unproven(&shop, "record at position 0");

    // The start before found it damaged.
    let shop = whole.copied();
    fs::write(shop.bench.path("suspect"), "why\n").unwrap();
    unproven(&shop, "found damaged");
}

#[tokio::test]
async fn nothing_is_trimmed_while_sled_is_behind_or_lacks_a_checkpoint() {
    let mut shop = Shop::new().await;
    // A crash: the journal has what sled does not, and the mark says so.
    let log = shop.bench.open();
    grow(&log, 1, &mut shop.history, 60, 3).await;
    drop(log);
    let backup = shop.back_up("1");
    let check = unproven(&shop, &backup);
    assert!(
        check.contains("was not fed") || check.contains("is durable up to"),
        "{check}"
    );
    shop.assert_whole(&[]).await;
    let backup = shop.back_up("2");

    let altered = shop.copied();
    let log = altered.bench.open();
    let first = &altered.kept[0];
    let mut note = first.note.to_vec();
    note[0] ^= 1;
    let other = Checkpoint {
        note: note.into(),
        ..first.clone()
    };
    let mut batch = CopyBatch::default();
    batch.put_checkpoint(&other);
    log.shared.copy(|copy| copy.apply(batch)).unwrap();
    log.close().await.unwrap();
    drop(log);
    let check = unproven(&altered, &backup);
    assert!(check.contains("a checkpoint of ledger"), "{check}");
    shop.try_trim(&backup, 1).unwrap();
    shop.assert_whole(&[]).await;
}

#[tokio::test]
async fn nothing_is_trimmed_from_a_journal_that_is_damaged_itself() {
    let whole = Shop::new().await;
    let backup = whole.back_up("1");
    let last = whole.bench.segments().len() - 1;
    for segment in [0, 1, last - 1, last] {
        let shop = whole.copied();
        let path = shop.bench.segments()[segment].clone();
        let (offset, length) = groups(&shop.bench, &path)[0];
        flip(&path, offset + length / 2);
        let check = unproven(&shop, &backup);
        let told = format!("journal segment {}: record crc32c", segment + 1);
        assert!(check.contains(&told), "{check}");
    }
}

#[tokio::test]
async fn a_start_is_refused_where_sled_would_have_to_be_made_anew_and_heals_when_all_is_put_back() {
    let whole = Shop::new().await;
    let older = whole.copied();
    let mut whole = whole;
    whole.grow(60).await;
    let (backup, trimmed) = whole.trimmed();
    let last = trimmed.segments.last().unwrap();
    let named = format!("journal segments 1 to {last} are trimmed");
    let backed_up = backup.display().to_string();
    let told = [named.as_str(), "daicho journal untrim", &backed_up];
    type Damage = fn(&Shop, &Shop);
    let damages: [(Damage, &str); 3] = [
        (
            |shop, _| fs::remove_dir_all(shop.bench.path("sled")).unwrap(),
            "the mark is at",
        ),
        (|shop, _| damage_record(&shop.bench, 0), "crc32c"),
        (
            |shop, older| {
                fs::remove_dir_all(shop.bench.path("sled")).unwrap();
                copy_dir(&older.bench.path("sled"), &shop.bench.path("sled"));
            },
            "the mark is at",
        ),
    ];
    for (damage, why) in damages {
        let shop = whole.copied();
        damage(&shop, &older);
        shop.assert_refused(&[&told[..], &[why]].concat());
        // Nor is more of it trimmed.
        assert!(shop.try_trim(&backup, 1).unwrap().segments.is_empty());
        let back = shop.untrim(&backup);
        assert_eq!(back.segments, trimmed.segments);
        let log = shop.bench.open();
        let refused = IntegrityKind::OpenRefused;
        let told = kinds(&log);
        assert_eq!(
            told,
            [refused, IntegrityKind::CopySetAside],
            "{:?}",
            log.integrity_events()
        );
        log.settle().await.unwrap();
        shop.assert_holds(&log).await;
        log.close().await.unwrap();
        drop(log);
        let mut history = shop.history.clone();
        assert_repaired(&shop.bench, &mut history, &told).await;
    }
}

#[tokio::test]
async fn a_mark_that_went_back_cuts_nothing_that_was_trimmed() {
    let mut shop = Shop::new().await;
    shop.trimmed();
    // As a journal has it that lost its newest records, and the marks in them.
    let log = shop.bench.open();
    let void = vec![(ledger(1), Head::EMPTY), (ledger(2), Head::EMPTY)];
    log.shared.leave_marks(void.into_iter().collect());
    grow(&log, 1, &mut shop.history, 1, 3).await;
    drop(log);
    shop.assert_whole(&[]).await;
    let log = shop.bench.open();
    grow(&log, 1, &mut shop.history, 3, 3).await;
    log.settle().await.unwrap();
    shop.assert_holds(&log).await;
}

#[tokio::test]
async fn sled_is_kept_as_it_was_before_a_start_lets_it_open_what_is_damaged() {
    let shop = Shop::new().await;
    shop.trimmed();
    let db = shop.bench.path("sled/db");
    flip(&db, 30);
    let damaged = fs::read(&db).unwrap();
    shop.assert_refused(&["trimmed"]);
    let kept = shop.bench.path("evidence/unrepaired/sled/db");
    assert_eq!(fs::read(kept).unwrap(), damaged);
}

#[tokio::test]
async fn an_older_sled_is_refused_also_where_no_mark_tells_that_it_is() {
    let mut shop = Shop::new().await;
    let older = shop.copied();
    shop.grow(60).await;
    shop.trimmed();
    let log = shop.bench.open();
    let void = vec![(ledger(1), Head::EMPTY), (ledger(2), Head::EMPTY)];
    log.shared.leave_marks(void.into_iter().collect());
    grow(&log, 1, &mut shop.history, 1, 3).await;
    drop(log);
    fs::remove_dir_all(shop.bench.path("sled")).unwrap();
    copy_dir(&older.bench.path("sled"), &shop.bench.path("sled"));
    shop.assert_refused(&["the trimmed segments reach to", "untrim"]);
}

#[tokio::test]
async fn sled_that_was_not_fed_from_what_was_trimmed_is_refused() {
    let shop = Shop::new().await;
    shop.trimmed();
    let log = shop.bench.open();
    log.shared.stop_feeder();
    log.threads
        .lock()
        .await
        .feeder
        .take()
        .unwrap()
        .join()
        .unwrap();
    let mut batch = CopyBatch::default();
    batch.put_read(crate::log::journal::catalog::start_of(2));
    log.shared.copy(|copy| copy.apply(batch)).unwrap();
    log.shared.copy(|copy| copy.checkpoint()).unwrap();
    drop(log);
    shop.assert_refused(&["was not fed from all of the trimmed segments", "untrim"]);
}

#[tokio::test]
async fn what_is_left_of_a_segment_is_made_whole_from_sled_where_it_is_damaged() {
    let whole = Shop::new().await;
    let (_, trimmed) = whole.trimmed();
    let len = fs::read(&whole.bench.segments()[1]).unwrap().len();
    let rebuilt = IntegrityKind::JournalRebuilt;
    for at in [3, 11, 40, 70, 100, len / 2, len - 60, len - 3] {
        let shop = whole.copied();
        flip(&shop.bench.segments()[1].clone(), at);
        shop.assert_whole(&[rebuilt]).await;
        let left = trimmed
            .segments
            .iter()
            .copied()
            .filter(|number| *number != 2);
        assert_eq!(shop.stubs(), left.collect::<Vec<_>>(), "{at}");
        shop.assert_whole(&[rebuilt]).await;
        // It is a segment like any other, and goes again.
        let backup = shop.back_up("2");
        assert_eq!(shop.try_trim(&backup, 1).unwrap().segments, [2]);
        shop.assert_whole(&[rebuilt]).await;
    }
    for cut in [0, 30, 64, 100, len - 1] {
        let shop = whole.copied();
        truncate(&shop.bench.segments()[1].clone(), cut);
        shop.assert_whole(&[rebuilt]).await;
    }
    let shop = whole.copied();
    fs::remove_file(&shop.bench.segments()[1]).unwrap();
    shop.assert_whole(&[rebuilt]).await;
}

#[tokio::test]
async fn what_is_left_of_a_segment_is_put_back_also_where_it_is_damaged() {
    let whole = Shop::new().await;
    let (backup, trimmed) = whole.trimmed();
    type Damage = fn(&Path);
    let damages: [Damage; 4] = [
        |path| flip(path, 11),
        |path| flip(path, 100),
        |path| truncate(path, 20),
        |path| fs::remove_file(path).unwrap(),
    ];
    for damage in damages {
        let shop = whole.copied();
        damage(&shop.bench.segments()[1]);
        fs::remove_dir_all(shop.bench.path("sled")).unwrap();
        shop.assert_refused(&["daicho journal untrim"]);
        assert_eq!(shop.untrim(&backup).segments, trimmed.segments);
        let log = shop.bench.open();
        log.settle().await.unwrap();
        shop.assert_holds(&log).await;
        assert_eq!(kinds(&log).last(), Some(&IntegrityKind::CopySetAside));
    }
}

#[tokio::test]
async fn a_trimmed_segment_behind_which_all_is_gone_is_refused_until_it_is_put_back() {
    let shop = Shop::new().await;
    let (backup, trimmed) = shop.trimmed();
    for _ in 0..2 {
        fs::remove_file(shop.bench.tail()).unwrap();
    }
    let last = trimmed.segments.last().unwrap();
    let named = format!("journal segment {last} is trimmed, and those behind it are gone");
    shop.assert_refused(&[&named, "untrim"]);
    assert_eq!(shop.untrim(&backup).segments, trimmed.segments);
    let told = [IntegrityKind::OpenRefused, IntegrityKind::JournalRebuilt];
    shop.assert_whole(&told).await;
}

#[tokio::test]
async fn what_was_signed_in_a_trimmed_segment_is_held_against_sled() {
    let mut shop = Shop::new().await;
    shop.trimmed();
    // Within a group, where no record ever told a root.
    let size = 31;
    let right = head_over(1, &shop.history[..size]);
    let floor = |root| Floor {
        ledger: ledger(1),
        size: size as u64,
        root,
    };
    shop.bench.config.floors = vec![floor(right.root)];
    shop.assert_whole(&[]).await;
    shop.bench.config.floors = vec![floor(head_over(1, &shop.history[1..]).root)];
    shop.assert_refused(&["a checkpoint from elsewhere says"]);
}

#[tokio::test]
async fn trimming_needs_a_journal_that_is_there() {
    let shop = Shop::new().await;
    let backup = shop.back_up("1");
    fs::remove_dir_all(shop.bench.path("journal")).unwrap();
    let error = shop.try_trim(&backup, 1).unwrap_err();
    assert!(
        matches!(&error, TrimError::Data(OpenError::Refused { check, .. }) if check.contains("missing")),
        "{error:?}"
    );
    let nothing = tempfile::tempdir().unwrap();
    let error = backup::trim(nothing.path(), &backup, 1, "now").unwrap_err();
    assert!(matches!(error, TrimError::NoData), "{error:?}");
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_last_full_segment_and_the_one_that_is_written_stay() {
    let shop = Shop::new().await;
    let backup = shop.back_up("1");
    let segments = shop.bench.segments().len();
    for keep in [segments, segments - 1] {
        let trimmed = shop.try_trim(&backup, keep).unwrap();
        assert_eq!((trimmed.segments, trimmed.whole), (vec![], segments));
    }
    let trimmed = shop.try_trim(&backup, segments - 2).unwrap();
    assert_eq!((trimmed.segments, trimmed.whole), (vec![1], segments - 1));
    let trimmed = shop.try_trim(&backup, 0).unwrap();
    assert_eq!(trimmed.whole, 2);
    shop.assert_whole(&[]).await;
    let small = Bench::small();
    stored(&small, 3).await;
    let backup = backup::take(&small.config.folder, shop.backups.path(), "2").unwrap();
    let trimmed = backup::trim(&small.config.folder, &backup.folder, 1, "now").unwrap();
    assert_eq!((trimmed.segments, trimmed.whole), (vec![], 1));
}
