//! A journal that is trimmed: what goes is proven, what is left opens, and what was put back is what it was.

use std::io::ErrorKind;

use super::damage::{assert_repaired, damage_record, flip, groups, stored, truncate};
use super::packed::is_packed;
use super::*;
use crate::backup::{self, BackupError, TrimError, Trimmed};
use crate::log::embedded::trim::Idle;
use crate::log::journal::files::Disk;
use crate::log::journal::files::faults::{Faulty, Left, Step};

mod backups;
mod damaged;
mod read;

/// A folder whose journal can be trimmed, closed, with what is in it, and backups of it.
struct Shop {
    bench: Bench,
    history: Vec<Leaf>,
    /// Of a second ledger, which ends early.
    other: Vec<Leaf>,
    kept: Vec<Checkpoint>,
    backups: TempDir,
}

impl Shop {
    async fn new() -> Self {
        Self::on(Bench::small()).await
    }

    async fn on(bench: Bench) -> Self {
        let mut shop = Self {
            bench,
            history: vec![],
            other: vec![],
            kept: vec![],
            backups: tempfile::tempdir().unwrap(),
        };
        let log = shop.bench.open();
        grow(&log, 2, &mut shop.other, 5, 4).await;
        log.close().await.unwrap();
        drop(log);
        shop.grow(150).await;
        assert!(shop.bench.segments().len() > 5);
        shop
    }

    /// Opens, appends groups and signs for some of them, and closes.
    async fn grow(&mut self, groups: u64) {
        let log = self.bench.open();
        for n in 0..groups {
            grow(&log, 1, &mut self.history, 1, 3).await;
            if n % 9 == 0 {
                let head = head_over(1, &self.history);
                let kept = signed(1, head.size, head.root);
                log.keep_checkpoint(kept.clone()).await.unwrap();
                self.kept.push(kept);
            }
        }
        log.shared.room.wait_until_idle();
        log.close().await.unwrap();
    }

    fn back_up(&self, name: &str) -> PathBuf {
        let taken = backup::take(&self.bench.config.folder, self.backups.path(), name);
        taken.unwrap().folder
    }

    fn try_trim(&self, backup: &Path, keep: usize) -> Result<Trimmed, TrimError> {
        backup::trim(&self.bench.config.folder, backup, keep, "now")
    }

    /// Trims all but the last full segment against a new backup.
    fn trimmed(&self) -> (PathBuf, Trimmed) {
        let backup = self.back_up("1");
        let trimmed = self.try_trim(&backup, 1).unwrap();
        assert_eq!(trimmed.segments, self.stubs());
        (backup, trimmed)
    }

    fn untrim(&self, backup: &Path) -> backup::Untrimmed {
        backup::untrim(&self.bench.config.folder, backup, "later").unwrap()
    }

    /// The segments that are trimmed.
    fn stubs(&self) -> Vec<u32> {
        let stubs = self.bench.segments().into_iter().zip(1..);
        let stubs = stubs.filter(|(path, _)| fs::read(path).unwrap()[11] & 8 != 0);
        stubs.map(|(_, number)| number).collect()
    }

    /// Opens, and sees all of it by every way of reading.
    async fn assert_whole(&self, expected: &[IntegrityKind]) {
        let log = self.bench.open();
        assert_eq!(kinds(&log), expected, "{:?}", log.integrity_events());
        self.assert_holds(&log).await;
        log.close().await.unwrap();
    }

    async fn assert_holds(&self, log: &EmbeddedLog) {
        assert_holds(log, 1, &self.history).await;
        assert_holds(log, 2, &self.other).await;
        let found = log.checkpoints(ledger(1), 0..=u64::MAX, usize::MAX).await;
        assert_eq!(found.as_ref(), Ok(&self.kept));
    }

    /// A copy of the folder, of the same backups.
    fn copied(&self) -> Self {
        let backups = tempfile::tempdir().unwrap();
        copy_dir(self.backups.path(), backups.path());
        Self {
            bench: self.bench.copied(),
            history: self.history.clone(),
            other: self.other.clone(),
            kept: self.kept.clone(),
            backups,
        }
    }

    /// Sees that it cannot be opened, that nothing of the journal is overwritten, and what is told.
    #[track_caller]
    fn assert_refused(&self, told: &[&str]) {
        let journal = || {
            let paths = self.bench.segments();
            let files = paths.into_iter().map(|path| fs::read(path).unwrap());
            files.collect::<Vec<_>>()
        };
        let before = journal();
        for _ in 0..2 {
            match EmbeddedLog::open(self.bench.config.clone()) {
                Err(OpenError::Refused { check, .. }) => {
                    for told in told {
                        assert!(check.contains(told), "{told}: {check}");
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(journal(), before);
    }
}

fn bytes_of(path: &Path) -> u64 {
    let sizes = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.sum()
}

#[tokio::test]
async fn what_is_trimmed_is_read_as_before_and_its_room_is_free() {
    for (pack, large) in [(false, false), (true, false), (false, true)] {
        let bench = Bench::with(|config| {
            config.segment_bytes = 16 * 1024;
            config.ring_bytes = 0;
            config.pack = pack;
            if large {
                config.verify_events_max = 0;
            }
        });
        let mut shop = Shop::on(bench).await;
        let segments = shop.bench.segments();
        let before = bytes_of(&shop.bench.path("journal"));
        let (_, trimmed) = shop.trimmed();
        assert_eq!(trimmed.whole, 2);
        assert_eq!(trimmed.segments.len(), segments.len() - 2);
        let after = bytes_of(&shop.bench.path("journal"));
        assert_eq!(before - after, trimmed.freed);
        assert!(after < before / 2, "{after} of {before}");
        assert_eq!(shop.bench.segments(), segments, "numbers have no gap");

        let stubs = shop.bench.segments()[..trimmed.segments.len()].to_vec();
        let left: Vec<_> = stubs.iter().map(|path| fs::read(path).unwrap()).collect();
        shop.assert_whole(&[]).await;
        shop.grow(30).await;
        shop.assert_whole(&[]).await;
        let stands = stubs.iter().map(|path| fs::read(path).unwrap());
        assert!(stands.eq(left), "nothing is compressed or rebuilt");
        assert!(stubs.iter().all(|path| !is_packed(path)));
    }
}

#[tokio::test]
async fn a_journal_is_trimmed_again_as_it_grows() {
    let mut shop = Shop::new().await;
    let (_, first) = shop.trimmed();
    shop.grow(100).await;
    let again = shop.try_trim(&shop.back_up("2"), 2).unwrap();
    let expected = first.segments.len() as u32 + 1;
    assert_eq!(again.segments.first(), Some(&expected));
    assert_eq!(
        shop.stubs().len(),
        first.segments.len() + again.segments.len()
    );
    let nothing = shop.try_trim(&shop.back_up("3"), 2).unwrap();
    assert_eq!((nothing.segments.len(), nothing.freed), (0, 0));
    assert_eq!(nothing.whole, 3);
    shop.assert_whole(&[]).await;
    let note = fs::read_to_string(shop.bench.path("trimmed")).unwrap();
    assert_eq!(note.lines().count(), 2, "{note}");
}

#[tokio::test]
async fn what_was_put_back_is_what_it_was() {
    for pack in [false, true] {
        let bench = Bench::with(|config| {
            config.segment_bytes = 16 * 1024;
            config.ring_bytes = 0;
            config.pack = pack;
        });
        let shop = Shop::on(bench).await;
        let whole = shop.bench.stored();
        let journal = |stored: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
            let files = stored.into_iter();
            files
                .filter(|(path, _)| path.extension().is_some_and(|e| e == "journal"))
                .collect()
        };
        let (backup, trimmed) = shop.trimmed();
        let back = shop.untrim(&backup);
        assert_eq!((&back.segments, &back.left), (&trimmed.segments, &vec![]));
        assert_eq!(journal(shop.bench.stored()), journal(whole));
        assert!(shop.untrim(&backup).segments.is_empty());
        shop.assert_whole(&[]).await;
        // It stands without sled again.
        fs::remove_dir_all(shop.bench.path("sled")).unwrap();
        let mut history = shop.history.clone();
        assert_repaired(&shop.bench, &mut history, &[IntegrityKind::CopySetAside]).await;
    }
}

#[tokio::test]
async fn a_crash_after_a_trim_loses_nothing_that_was_acknowledged() {
    let mut shop = Shop::new().await;
    shop.trimmed();
    for settle in [false, true] {
        let log = shop.bench.open();
        grow(&log, 1, &mut shop.history, 20, 3).await;
        if settle {
            log.settle().await.unwrap();
            grow(&log, 1, &mut shop.history, 5, 3).await;
        }
        drop(log);
        shop.assert_whole(&[]).await;
    }
    // What was never acknowledged is dropped, and nothing else.
    let log = shop.bench.open();
    grow(&log, 1, &mut shop.history, 2, 3).await;
    drop(log);
    let tail = shop.bench.tail();
    truncate(&tail, fs::read(&tail).unwrap().len() - 24);
    shop.history.truncate(shop.history.len() - 3);
    shop.assert_whole(&[IntegrityKind::TornTailDropped]).await;
}

/// Trims as the command does, but for the backup, on a file system of its own.
fn trim_on(shop: &Shop, files: Arc<dyn JournalFiles>) -> Result<u64, String> {
    let idle = Idle::take(&shop.bench.config.folder, files);
    let mut idle = idle.map_err(|error| error.to_string())?;
    let segments = idle.beyond(1);
    let left = idle
        .prove(&segments)
        .map_err(|error| format!("{error:?}"))?;
    let trimmed = idle.trim(&left, Path::new("/backup"), "now");
    trimmed.map_err(|error| error.to_string())
}

#[tokio::test]
async fn whatever_step_of_a_trim_fails_the_folder_opens_and_a_second_run_does_the_rest() {
    let whole = Shop::new().await;
    let counted = Faulty::default();
    trim_on(&whole.copied(), Arc::new(counted.clone())).unwrap();
    let steps = counted.steps();
    let segments = whole.bench.segments().len() as u32 - 2;
    assert_eq!(steps, 5 * segments);
    let mut failed = Vec::new();
    for n in 0..steps {
        // Each step in the first and in the last segment.
        if (5..steps - 5).contains(&n) {
            continue;
        }
        for (left, kind) in [
            (Left::Nothing, ErrorKind::Other),
            (Left::Half, ErrorKind::StorageFull),
            (Left::Everything, ErrorKind::Other),
        ] {
            let shop = whole.copied();
            let faults = Faulty::default();
            faults.fail_as(n, left, kind);
            trim_on(&shop, Arc::new(faults.clone())).unwrap_err();
            failed.extend(faults.failed());
            shop.assert_whole(&[]).await;
            assert!(!shop.bench.path("journal/0000000001.trimming").exists());
            trim_on(&shop, Arc::new(Disk)).unwrap();
            assert_eq!(shop.stubs().len() as u32, segments, "{n} {left:?}");
            shop.assert_whole(&[]).await;
        }
    }
    let all = &Step::OF_A_NEW_FILE;
    assert!(all.iter().all(|step| failed.contains(step)), "{failed:?}");
}

#[tokio::test]
async fn whatever_step_of_putting_back_fails_a_second_run_does_the_rest() {
    let whole = Shop::new().await;
    let (backup, trimmed) = whole.trimmed();
    let put_back = |shop: &Shop, files: Arc<dyn JournalFiles>| {
        let idle = Idle::take(&shop.bench.config.folder, files).unwrap();
        idle.put_back(&backup.join("data/journal"), &backup, "later")
    };
    let counted = Faulty::default();
    put_back(&whole.copied(), Arc::new(counted.clone())).unwrap();
    let steps = counted.steps();
    assert_eq!(steps as usize, 5 * trimmed.segments.len());
    for n in (0..steps).filter(|n| *n < 5 || steps - 5 <= *n) {
        for left in [Left::Nothing, Left::Half, Left::Everything] {
            let shop = whole.copied();
            let faults = Faulty::default();
            faults.fail_in(n, left);
            put_back(&shop, Arc::new(faults.clone())).unwrap_err();
            shop.assert_whole(&[]).await;
            let back = put_back(&shop, Arc::new(Disk)).unwrap();
            assert_eq!(back.left, []);
            assert!(shop.stubs().is_empty());
            fs::remove_dir_all(shop.bench.path("sled")).unwrap();
            shop.assert_whole_after_a_rebuild().await;
        }
    }
}

impl Shop {
    /// The journal alone has all of it.
    async fn assert_whole_after_a_rebuild(&self) {
        let log = self.bench.open();
        assert_eq!(kinds(&log), [IntegrityKind::CopySetAside]);
        log.settle().await.unwrap();
        self.assert_holds(&log).await;
        log.close().await.unwrap();
    }
}
