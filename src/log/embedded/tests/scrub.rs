//! The scrub: what it finds under a log that works, what it repairs, and that it finds nothing where nothing is.

use std::thread;

use super::damage::{assert_repaired, flip, groups, stored};
use super::packed::is_packed;
use super::*;
use crate::log::copy::CopyBatch;
use crate::log::copy::log_key;
use crate::log::copy::record::CopyRecord;
use crate::log::embedded::scrub::{Broken, Pace, Pass};
use crate::log::embedded::shared::Mend;
use crate::log::journal::files::faults::{Faulty, Left};

pub(super) fn scrub(log: &EmbeddedLog) -> Result<u64, Broken> {
    Pass::run(&log.shared, Pace::unbounded())
}

/// Every event as the journal's files have it.
pub(super) fn assert_in_journal(log: &EmbeddedLog, n: u8, history: &[Leaf]) {
    let copies = log.live_copies().unwrap();
    let mut at = 0;
    while at < history.len() {
        let section = copies.section(ledger(n), at as u64).unwrap();
        let leaves = crate::log::chunk::frames(section.framed.clone());
        for leaf in leaves.skip(at - section.first as usize) {
            assert_eq!(leaf, history[at].bytes, "{at}");
            at += 1;
        }
    }
}

/// A log that works, with some sealed segments and all of it in sled.
async fn working(pack: bool) -> (Bench, EmbeddedLog, Vec<Leaf>) {
    let mut bench = Bench::small();
    bench.config.pack = pack;
    let (log, mut history) = (bench.open(), vec![]);
    grow(&log, 1, &mut history, 90, 3).await;
    log.settle().await.unwrap();
    log.shared.room.wait_until_idle();
    assert!(bench.segments().len() > 3);
    assert_eq!(is_packed(&bench.segments()[1]), pack);
    (bench, log, history)
}

/// Puts something else in place of a record of sled, while it works.
fn put_record_of(log: &EmbeddedLog, n: u8, first: u64, change: impl FnOnce(CopyRecord) -> Vec<u8>) {
    let record = log.shared.copied_record(ledger(n), first).unwrap();
    assert_eq!(record.first, first);
    let mut batch = CopyBatch::default();
    batch.put_record(ledger(n), first, change(record));
    log.shared.copy(|copy| copy.apply(batch)).unwrap();
}

pub(super) fn put_record(
    log: &EmbeddedLog,
    first: u64,
    change: impl FnOnce(CopyRecord) -> Vec<u8>,
) {
    put_record_of(log, 1, first, change);
}

pub(super) fn with_a_bad_crc(record: CopyRecord) -> Vec<u8> {
    let key = log_key(ledger(1), record.first);
    let mut value = record.encode(&key).unwrap();
    value[6] ^= 1;
    value
}

#[tokio::test]
async fn a_pass_over_sound_copies_reads_all_of_them_and_finds_nothing() {
    for pack in [false, true] {
        let (bench, log, mut history) = working(pack).await;
        let mut other = vec![];
        grow(&log, 2, &mut other, 5, 40).await;
        let head = head_over(1, &history);
        let kept = signed(1, head.size, head.root);
        log.keep_checkpoint(kept).await.unwrap();
        let mut batch = DerivedBatch::new();
        batch.put("key", "value").unwrap();
        log.apply(ledger(1), batch).unwrap();
        for _ in 0..2 {
            let read = scrub(&log).unwrap();
            let stored = bench.stored();
            let bytes: usize = stored.iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(bytes as u64 <= read, "{read} of {bytes}");
            assert_eq!(kinds(&log), []);
            grow(&log, 1, &mut history, 1, 3).await;
        }
        assert!(!bench.path("suspect").exists());
        log.close().await.unwrap();
        drop(log);
        assert_repaired(&bench, &mut history, &[]).await;
    }
}

#[tokio::test]
async fn a_damaged_sealed_segment_is_rebuilt_while_the_log_works() {
    let places: [fn(usize) -> usize; 6] = [
        |_| 3,
        |_| 70,
        |_| 2_000,
        |len| len / 2,
        |len| len - 300,
        |len| len - 3,
    ];
    for (pack, place) in [false, true]
        .into_iter()
        .flat_map(|pack| places.map(|place| (pack, place)))
    {
        let (bench, log, mut history) = working(pack).await;
        // Its index is in memory.
        assert_in_journal(&log, 1, &history);
        let path = bench.segments()[1].clone();
        let at = place(fs::read(&path).unwrap().len());
        flip(&path, at);
        let damaged = fs::read(&path).unwrap();
        assert_holds(&log, 1, &history).await;

        scrub(&log).unwrap();
        let told = log.integrity_events();
        assert_eq!(
            kinds(&log),
            [IntegrityKind::JournalRebuilt],
            "{at}: {told:?}"
        );
        let evidence = bench.path(told[0].evidence.as_ref().unwrap());
        let kept = fs::read(evidence.join("0000000002.journal")).unwrap();
        assert_eq!(kept, damaged);
        assert_in_journal(&log, 1, &history);
        assert_holds(&log, 1, &history).await;
        grow(&log, 1, &mut history, 3, 3).await;
        scrub(&log).unwrap();
        log.shared.room.wait_until_idle();
        assert_eq!(is_packed(&path), pack, "as it was");
        scrub(&log).unwrap();
        log.close().await.unwrap();
        drop(log);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
        // It stands without sled.
        fs::remove_dir_all(bench.path("sled")).unwrap();
        let expected = [IntegrityKind::JournalRebuilt, IntegrityKind::CopySetAside];
        assert_repaired(&bench, &mut history, &expected).await;
    }
}

#[tokio::test]
async fn segments_that_are_gone_are_rebuilt_while_the_log_works() {
    let (bench, log, mut history) = working(false).await;
    let segments = bench.segments();
    fs::remove_file(&segments[1]).unwrap();
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), [IntegrityKind::JournalRebuilt]);
    assert_in_journal(&log, 1, &history);
    // Of two beside each other nobody tells where the first one ended; what is behind them is looked at all the same.
    fs::remove_file(&segments[0]).unwrap();
    fs::remove_file(&segments[1]).unwrap();
    flip(&segments[2], 2_000);
    scrub(&log).unwrap();
    let (found, rebuilt) = (
        IntegrityKind::JournalDamageFound,
        IntegrityKind::JournalRebuilt,
    );
    assert_eq!(
        kinds(&log),
        [rebuilt, found, found, rebuilt],
        "{:?}",
        log.integrity_events()
    );
    assert_holds(&log, 1, &history).await;
    log.close().await.unwrap();
    drop(log);
    let expected = [rebuilt, found, found, rebuilt, rebuilt, rebuilt];
    assert_repaired(&bench, &mut history, &expected).await;
}

#[tokio::test]
async fn a_disk_that_fails_while_a_segment_is_rebuilt_loses_nothing() {
    for n in 0..5 {
        for left in [Left::Nothing, Left::Half, Left::Everything] {
            let (bench, log, history) = working(false).await;
            log.close().await.unwrap();
            drop(log);
            let faults = Faulty::default();
            let mut bench = bench.copied();
            bench.config.files = Arc::new(faults.clone());
            let log = bench.open();
            flip(&bench.segments()[1].clone(), 2_000);
            faults.fail_in(n, left);
            // Create, write, sync, rename, and the sync of the folder, which the names of new segments rest on too.
            let broken = scrub(&log).unwrap_err();
            let is_final = n == 4;
            assert_eq!(
                matches!(broken, Broken::Stopped),
                is_final,
                "{n} {broken:?}"
            );
            assert_eq!(log.health() == Health::Ready, !is_final, "{n}");
            assert_holds(&log, 1, &history).await;
            if !is_final {
                scrub(&log).unwrap();
                assert_in_journal(&log, 1, &history);
            }
            drop(log);
            bench.config.files = Arc::new(Disk);
            let log = bench.open();
            assert_holds(&log, 1, &history).await;
            assert_in_journal(&log, 1, &history);
            assert!(!bench.path("journal/0000000002.rebuilt").exists());
        }
    }
}

#[tokio::test]
async fn damage_in_the_tail_is_told_served_and_repaired_by_the_next_open() {
    let (bench, log, mut history) = working(false).await;
    let (offset, length) = groups(&bench, &bench.tail())[0];
    flip(&bench.tail(), offset + length / 2);
    for _ in 0..2 {
        scrub(&log).unwrap();
        assert_eq!(kinds(&log), [IntegrityKind::JournalDamageFound]);
    }
    assert!(
        log.integrity_events()[0]
            .detail
            .contains("record crc32c at byte")
    );
    assert_holds(&log, 1, &history).await;
    grow(&log, 1, &mut history, 1, 3).await;
    log.settle().await.unwrap();
    drop(log);
    let expected = [
        IntegrityKind::JournalDamageFound,
        IntegrityKind::JournalRebuilt,
    ];
    assert_repaired(&bench, &mut history, &expected).await;
}

#[tokio::test]
async fn a_bad_record_of_sled_is_written_anew_while_the_log_works() {
    type Change = fn(CopyRecord) -> Vec<u8>;
    let changes: [(Change, &str); 3] = [
        (with_a_bad_crc, "crc32c"),
        // Others than the journal's, and fewer of them.
        (
            |record| {
                let mut framed = record.framed.to_vec();
                let last = framed.len() - 1;
                framed[last] ^= 1;
                let other = CopyRecord::new(record.first, framed.into()).unwrap();
                other.encode(&log_key(ledger(1), record.first)).unwrap()
            },
            "differs from the journal",
        ),
        (
            |record| {
                let part = record.until(record.first + 2).unwrap();
                part.encode(&log_key(ledger(1), record.first)).unwrap()
            },
            "lacks position 2",
        ),
    ];
    for pack in [false, true] {
        for (change, check) in changes {
            let (bench, log, mut history) = working(pack).await;
            put_record(&log, 0, change);
            scrub(&log).unwrap();
            let told = log.integrity_events();
            assert_eq!(kinds(&log), [IntegrityKind::CopyRepaired], "{told:?}");
            assert!(told[0].detail.contains(check), "{told:?}");
            for position in [0, 2, 50] {
                let record = log.shared.copied_record(ledger(1), position).unwrap();
                assert_eq!(
                    record.leaf(position).as_ref(),
                    Some(&history[position as usize].bytes)
                );
            }
            assert_holds(&log, 1, &history).await;
            scrub(&log).unwrap();
            log.close().await.unwrap();
            drop(log);
            assert_repaired(&bench, &mut history, &[IntegrityKind::CopyRepaired]).await;
        }
    }
}

/// Records of sled that were kept as evidence.
fn records_kept(bench: &Bench) -> usize {
    let Ok(evidence) = fs::read_dir(bench.path("evidence")) else {
        return 0;
    };
    let names = evidence.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with("-record")).count()
}

#[tokio::test]
async fn what_was_asked_for_twice_is_written_anew_once() {
    let (bench, log, history) = working(false).await;
    put_record(&log, 0, with_a_bad_crc);
    let bad = log.shared.copied_record(ledger(1), 0).unwrap_err();
    for _ in 0..2 {
        log.shared.mend(Mend::Record(bad.clone()));
    }
    log.settle().await.unwrap();
    assert_eq!(kinds(&log), [IntegrityKind::CopyRepaired]);
    assert_eq!(records_kept(&bench), 1);
    assert_holds(&log, 1, &history).await;
}

#[tokio::test]
async fn one_file_that_cannot_be_used_keeps_nothing_behind_it_from_being_read() {
    let (bench, log, history) = working(false).await;
    // It begins behind the first segment.
    let mut other = vec![];
    grow(&log, 2, &mut other, 5, 3).await;
    log.settle().await.unwrap();
    let path = bench.segments()[0].clone();
    let aside = bench.path("aside");
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    put_record_of(&log, 2, 0, with_a_bad_crc);
    assert!(matches!(scrub(&log), Err(Broken::Machine(_))));
    assert_eq!(kinds(&log), [IntegrityKind::CopyRepaired]);
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), [IntegrityKind::CopyRepaired]);
    assert_holds(&log, 1, &history).await;
}

#[tokio::test]
async fn a_checkpoint_that_sled_lost_part_of_is_written_anew() {
    let (_bench, log, history) = working(false).await;
    let head = head_over(1, &history);
    let older = signed(1, head.size, head.root);
    let kept = Checkpoint {
        note: [&older.note[..], b"cosigned\n"].concat().into(),
        ..older.clone()
    };
    log.keep_checkpoint(kept.clone()).await.unwrap();
    log.settle().await.unwrap();
    let mut batch = CopyBatch::default();
    batch.put_checkpoint(&older);
    log.shared.copy(|copy| copy.apply(batch)).unwrap();
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), [IntegrityKind::CopyRepaired]);
    let found = log.checkpoints(ledger(1), 0..=u64::MAX, 9).await.unwrap();
    assert_eq!(found, [kept]);
    scrub(&log).unwrap();
    assert_eq!(kinds(&log).len(), 1);
}

/// What sled has of the record that holds a position.
fn raw(log: &EmbeddedLog, position: u64) -> Vec<u8> {
    let first = log.shared.copied_record(ledger(1), position).unwrap().first;
    let raw = log.shared.copy(|copy| copy.raw(ledger(1), first));
    raw.unwrap().unwrap()
}

/// Changes a byte of a record wherever it stands in sled's file.
fn damage_file(bench: &Bench, raw: &[u8]) {
    let path = bench.path("sled/db");
    let file = fs::read(&path).unwrap();
    let begins = file.windows(16).enumerate();
    let begins =
        begins.filter(|(at, begin)| raw.starts_with(begin) && file[*at..].starts_with(raw));
    let places: Vec<usize> = begins.map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| flip(&path, at + 9));
}

/// A folder whose records stand in several pages of sled.
async fn paged() -> (Bench, EmbeddedLog, Vec<Leaf>) {
    let bench = Bench::with(|config| {
        config.ring_bytes = 0;
        config.segment_bytes = 200_000;
        config.verify_events_max = 0;
    });
    let (log, mut history) = (bench.open(), vec![]);
    for _ in 0..8 {
        grow(&log, 1, &mut history, 5, 900).await;
        log.settle().await.unwrap();
    }
    (bench, log, history)
}

#[tokio::test]
async fn a_damaged_file_of_sled_is_told_and_made_anew_by_the_next_open() {
    let (bench, log, mut history) = paged().await;
    damage_file(&bench, &raw(&log, 0));
    // sled has it in memory, and serves it.
    assert_holds(&log, 1, &history).await;
    assert_eq!(kinds(&log), []);
    for _ in 0..2 {
        scrub(&log).unwrap();
        assert_eq!(kinds(&log), [IntegrityKind::CopyDamageFound]);
    }
    let detail = log.integrity_events()[0].detail.clone();
    assert!(detail.contains("sled/db at byte"), "{detail}");
    assert_holds(&log, 1, &history).await;
    grow(&log, 1, &mut history, 2, 3).await;
    log.close().await.unwrap();
    drop(log);
    let expected = [IntegrityKind::CopyDamageFound, IntegrityKind::CopySetAside];
    assert_repaired(&bench, &mut history, &expected).await;
    assert!(!bench.path("suspect").exists());
    assert!(bench.path("evidence/0001-sled/sled/db").exists());
}

#[tokio::test]
async fn what_sled_cannot_read_is_served_from_the_journal_and_made_anew_by_the_next_open() {
    let (bench, log, mut history) = paged().await;
    log.close().await.unwrap();
    drop(log);
    let log = bench.open();
    let records = [2, 3, 4, 5].map(|eighths| raw(&log, history.len() as u64 * eighths / 8));
    log.close().await.unwrap();
    drop(log);
    // An open reads the first page, the last one, and the last segment. It is a large folder: what else there is, nobody reads.
    let mut damaged = records.iter().map(|record| {
        let bench = bench.copied();
        damage_file(&bench, record);
        let log = bench.open();
        (bench, log)
    });
    let (bench, log) = damaged.find(|(_, log)| kinds(log).is_empty()).unwrap();
    assert_holds(&log, 1, &history).await;
    let served = IntegrityKind::RecordServedFromJournal;
    let told = kinds(&log);
    assert_eq!(told[..2], [served, IntegrityKind::CopyDamageFound]);
    assert!(told[2..].iter().all(|kind| *kind == served), "{told:?}");
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), told);
    drop(log);
    let expected = [&told[..], &[IntegrityKind::CopySetAside]].concat();
    assert_repaired(&bench, &mut history, &expected).await;
}

#[tokio::test]
async fn a_sound_sled_that_was_suspected_is_kept() {
    let (bench, log, mut history) = paged().await;
    log.shared.suspect_copy("a trial".to_owned());
    assert!(bench.path("suspect").exists());
    log.close().await.unwrap();
    drop(log);
    assert_repaired(&bench, &mut history, &[IntegrityKind::CopyDamageFound]).await;
    assert!(!bench.path("suspect").exists());
}

#[tokio::test]
async fn what_both_copies_lost_is_told_and_refused_and_all_else_goes_on() {
    for pack in [false, true] {
        let (bench, log, mut history) = working(pack).await;
        let path = bench.segments()[0].clone();
        let whole = fs::read(&path).unwrap();
        flip(&path, whole.len() / 2);
        let damaged = fs::read(&path).unwrap();
        put_record(&log, 0, with_a_bad_crc);
        for _ in 0..2 {
            scrub(&log).unwrap();
            let told = kinds(&log);
            assert!(!told.is_empty());
            assert!(
                told.iter().all(|kind| *kind == IntegrityKind::BothDamaged),
                "{told:?}"
            );
        }
        assert_eq!(fs::read(&path).unwrap(), damaged, "nothing is overwritten");
        assert_eq!(records_kept(&bench), 0, "nothing was changed");
        let read = async |position| log.leaf(ledger(1), position).await;
        let mut lost = 0;
        for (position, leaf) in (0..).zip(&history) {
            match read(position).await {
                Ok(bytes) => assert_eq!(bytes, leaf.bytes),
                Err(ReadError::Damaged { .. }) => lost += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!((3..120).contains(&lost), "{lost}");
        grow(&log, 1, &mut history, 2, 3).await;
        assert_eq!(log.health(), Health::Ready);

        // A file of a backup ends it.
        fs::write(&path, &whole).unwrap();
        scrub(&log).unwrap();
        assert_eq!(kinds(&log).last(), Some(&IntegrityKind::CopyRepaired));
        assert_holds(&log, 1, &history).await;
        assert_in_journal(&log, 1, &history);
    }
}

#[tokio::test]
async fn passes_beside_appends_seals_and_compressions_find_nothing_false() {
    let bench = Bench::with(|config| {
        config.segment_bytes = 16 * 1024;
        config.ring_bytes = 20_000;
        config.room_bytes = 8 * 1024 * 1024;
        config.pack = true;
        config.checkpoint_every = Duration::ZERO;
        config.checkpoint_bytes = 20_000;
    });
    let log = bench.open();
    let shared = Arc::clone(&log.shared);
    let passes = thread::spawn(move || {
        for _ in 0..12 {
            Pass::run(&shared, Pace::unbounded()).unwrap();
        }
    });
    let mut history = vec![];
    let mut turn = 0_u32;
    while !passes.is_finished() || bench.segments().len() <= 3 {
        grow(&log, 1, &mut history, 1, 9).await;
        turn += 1;
        let mut batch = DerivedBatch::new();
        batch
            .put((turn % 40).to_be_bytes().to_vec(), vec![turn as u8; 30_000])
            .unwrap();
        log.apply(ledger(1), batch).unwrap();
    }
    passes.join().unwrap();
    assert_eq!(kinds(&log), []);
    assert_holds(&log, 1, &history).await;
    scrub(&log).unwrap();
    assert_eq!(kinds(&log), []);
}

#[tokio::test]
async fn a_pass_is_made_when_the_last_one_is_long_enough_ago() {
    const DAY_US: i64 = 24 * 3_600 * 1_000_000;
    let mut bench = Bench::small();
    let history = stored(&bench, 60).await;
    assert!(!bench.path("scrubbed").exists(), "nobody asked for it");
    let opened_at = (bench.config.now_us)();
    bench.config.scrub_every = Some(Duration::from_secs(7 * 24 * 3_600));
    bench.config.verify_events_max = 0;
    let scrubbed = |bench: &Bench| fs::read_to_string(bench.path("scrubbed")).unwrap_or_default();
    let until = async |bench: &Bench, at: i64| {
        while scrubbed(bench) != format!("{at}\n") {
            tokio::task::yield_now().await;
        }
    };
    // The first time it only begins to count.
    let path = bench.segments()[1].clone();
    flip(&path, 2_000);
    let log = bench.open();
    until(&bench, opened_at).await;
    log.close().await.unwrap();
    drop(log);
    let six_days = opened_at + 6 * DAY_US;
    bench.config.now_us = Arc::new(move || six_days);
    let log = bench.open();
    assert_eq!(
        scrub(&log).ok().map(|_| kinds(&log)),
        Some(vec![IntegrityKind::JournalRebuilt])
    );
    log.close().await.unwrap();
    drop(log);
    assert_eq!(scrubbed(&bench), format!("{opened_at}\n"), "not yet");

    flip(&path, 2_000);
    let seven_days = opened_at + 7 * DAY_US;
    bench.config.now_us = Arc::new(move || seven_days);
    let log = bench.open();
    until(&bench, seven_days).await;
    assert_eq!(kinds(&log), [IntegrityKind::JournalRebuilt; 2]);
    assert_holds(&log, 1, &history).await;
    log.close().await.unwrap();
}
