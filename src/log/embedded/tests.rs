//! The embedded engine against the suite, against the model, against damage and against faults.

mod backed_up;
mod damage;
mod faults;
mod histories;
mod packed;
mod place;
mod refed;
mod room;
mod scrub;
mod trim;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use tempfile::TempDir;

use super::*;
use crate::log::conformance::{
    self, Ending, Opened, Workshop, commit, head_over, leaves, ledger, signed,
};
use crate::log::{IntegrityKind, Leaf};

/// A folder that is opened again and again.
struct Bench {
    dir: TempDir,
    config: EmbeddedConfig,
}

impl Bench {
    /// sled is fed and checkpointed only when a test settles, and everything is verified.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = EmbeddedConfig {
            cache_bytes: 4 * 1024 * 1024,
            // How far it is filled is a matter of time; `room` is about that.
            room_bytes: 0,
            // And what is compressed, too.
            pack: false,
            checkpoint_every: Duration::from_secs(3_600),
            verify_events_max: u64::MAX,
            ..EmbeddedConfig::new(dir.path().join("data"), Arc::new(|| 1_700_000_000_000_000))
        };
        Self { dir, config }
    }

    fn with(change: impl FnOnce(&mut EmbeddedConfig)) -> Self {
        let mut bench = Self::new();
        change(&mut bench.config);
        bench
    }

    /// Segments that are full after some groups, and no ring: reads meet sled and the journal.
    fn small() -> Self {
        Self::with(|config| {
            config.segment_bytes = 16 * 1024;
            config.ring_bytes = 0;
        })
    }

    fn open(&self) -> EmbeddedLog {
        EmbeddedLog::open(self.config.clone()).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.config.folder.join(name)
    }

    /// The segments that exist, ascending.
    fn segments(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(self.path("journal"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "journal"))
            .collect();
        paths.sort();
        paths
    }

    fn tail(&self) -> PathBuf {
        self.segments().pop().unwrap()
    }

    /// A copy of the folder, file by file: of one moment only if nothing writes meanwhile.
    fn copied(&self) -> Self {
        let bench = Self::with(|_| {});
        copy_dir(&self.config.folder, &bench.config.folder);
        let folder = bench.config.folder.clone();
        Self {
            dir: bench.dir,
            config: EmbeddedConfig {
                folder,
                ..self.config.clone()
            },
        }
    }

    /// Everything stored, to see that nothing was changed.
    fn stored(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut dirs = vec![self.path("journal"), self.path("sled")];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => dirs.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Appends `groups` groups of `events` events to one ledger, behind `history`.
async fn grow(log: &EmbeddedLog, n: u8, history: &mut Vec<Leaf>, groups: u64, events: usize) {
    for _ in 0..groups {
        let new = leaves(history.len() as u64 * 31 + u64::from(n), &vec![200; events]);
        commit(log, ledger(n), head_over(1, history), &new).await;
        history.extend(new);
    }
}

async fn assert_holds(log: &EmbeddedLog, n: u8, history: &[Leaf]) {
    conformance::assert_holds(log, ledger(n), history).await;
}

fn kinds(log: &EmbeddedLog) -> Vec<IntegrityKind> {
    log.integrity_events()
        .iter()
        .map(|event| event.kind)
        .collect()
}

struct Embedded {
    change: fn(&mut EmbeddedConfig),
    benches: Vec<Bench>,
}

impl Workshop for Embedded {
    fn fresh(&mut self) -> Opened {
        let bench = Bench::with(self.change);
        let log = Arc::new(bench.open());
        self.benches.push(bench);
        Opened {
            log: log.clone(),
            derived: log,
        }
    }

    fn reopen(&mut self, opened: Opened, ending: Ending) -> BoxFuture<'_, Opened> {
        async move {
            if ending == Ending::Closed {
                opened.log.close().await.unwrap();
            }
            drop(opened);
            let log = Arc::new(self.benches.last().unwrap().open());
            assert_eq!(log.integrity_events(), []);
            Opened {
                log: log.clone(),
                derived: log,
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn embedded_keeps_the_promises() {
    conformance::suite(&mut Embedded {
        change: |config| config.room_bytes = 8 * 1024 * 1024,
        benches: vec![],
    })
    .await;
}

#[tokio::test]
async fn embedded_keeps_the_promises_without_memory_and_with_short_segments() {
    let change = |config: &mut EmbeddedConfig| {
        config.segment_bytes = 4 * 1024;
        config.ring_bytes = 0;
        config.lag_bytes = 8 * 1024;
        config.checkpoint_every = Duration::ZERO;
        config.room_bytes = 8 * 1024 * 1024;
        config.pack = true;
    };
    conformance::suite(&mut Embedded {
        change,
        benches: vec![],
    })
    .await;
}

#[tokio::test]
async fn second_process_finds_the_folder_locked() {
    let bench = Bench::new();
    let log = bench.open();
    let second = EmbeddedLog::open(bench.config.clone());
    assert!(
        matches!(second, Err(OpenError::Locked { .. })),
        "{second:?}"
    );
    log.close().await.unwrap();
    bench.open();
}

#[tokio::test]
async fn folder_of_a_later_version_is_left_untouched() {
    let bench = Bench::new();
    let log = bench.open();
    grow(&log, 1, &mut vec![], 3, 3).await;
    log.close().await.unwrap();
    drop(log);

    let format = fs::read_to_string(bench.path("format")).unwrap();
    fs::write(bench.path("format"), format.replace("format 1", "format 2")).unwrap();
    let before = bench.stored();
    let opened = EmbeddedLog::open(bench.config.clone());
    assert!(matches!(opened, Err(OpenError::Newer { .. })), "{opened:?}");
    fs::write(bench.path("format"), format.replace("embedded", "other")).unwrap();
    let opened = EmbeddedLog::open(bench.config.clone());
    assert!(
        matches!(opened, Err(OpenError::OtherEngine { .. })),
        "{opened:?}"
    );
    fs::write(bench.path("format"), "damaged").unwrap();
    let opened = EmbeddedLog::open(bench.config.clone());
    assert!(
        matches!(opened, Err(OpenError::Refused { .. })),
        "{opened:?}"
    );

    // A segment with a flag that this version does not know.
    fs::write(bench.path("format"), &format).unwrap();
    let tail = bench.tail();
    let mut bytes = fs::read(&tail).unwrap();
    bytes[11] |= 16;
    let crc = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_be_bytes());
    let intact = fs::read(&tail).unwrap();
    fs::write(&tail, &bytes).unwrap();
    let opened = EmbeddedLog::open(bench.config.clone());
    assert!(matches!(opened, Err(OpenError::Newer { .. })), "{opened:?}");
    fs::write(&tail, intact).unwrap();
    assert_eq!(bench.stored(), before);
}

#[tokio::test]
async fn missing_format_file_is_known_from_the_journal() {
    let bench = Bench::new();
    let mut history = vec![];
    let log = bench.open();
    grow(&log, 1, &mut history, 2, 2).await;
    drop(log);
    fs::remove_file(bench.path("format")).unwrap();
    let log = bench.open();
    assert_holds(&log, 1, &history).await;
    assert_eq!(kinds(&log), [IntegrityKind::SummaryRewritten]);
}

#[tokio::test]
async fn derived_records_survive_a_close_and_not_a_rebuild() {
    let bench = Bench::new();
    let log = bench.open();
    grow(&log, 1, &mut vec![], 2, 2).await;
    let mut batch = DerivedBatch::new();
    batch.put("mark", "2").unwrap();
    log.apply(ledger(1), batch).unwrap();
    log.close().await.unwrap();
    drop(log);
    let log = bench.open();
    assert_eq!(
        log.get(ledger(1), b"mark"),
        Ok(Some(Bytes::from_static(b"2")))
    );
    log.close().await.unwrap();
    drop(log);
    fs::remove_dir_all(bench.path("sled")).unwrap();
    let log = bench.open();
    assert_eq!(log.get(ledger(1), b"mark"), Ok(None));
}

#[tokio::test]
async fn many_derived_records_are_checkpointed_on_the_way() {
    let bench = Bench::with(|config| config.checkpoint_bytes = 100_000);
    let log = bench.open();
    for n in 0..40u8 {
        let mut batch = DerivedBatch::new();
        batch.put(vec![n], vec![n; 50_000]).unwrap();
        log.apply(ledger(1), batch).unwrap();
    }
    // What a process leaves that is killed now: nothing writes any more, and nothing is flushed.
    log.shared.stop_feeder();
    let feeder = log.threads.lock().await.feeder.take();
    feeder.unwrap().join().unwrap();
    let copied = bench.copied();
    let log = copied.open();
    let found = log.scan(ledger(1), &DerivedRange::all(), 99).unwrap();
    assert!(found.len() >= 34, "only {} of 40 batches", found.len());
}

#[tokio::test]
async fn slow_feeder_holds_appends_back_and_loses_none() {
    let bench = Bench::with(|config| {
        config.lag_bytes = 10_000;
        config.segment_bytes = 100_000;
        config.ring_bytes = 5_000;
    });
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 60, 30).await;
    log.settle().await.unwrap();
    assert_holds(&log, 1, &history).await;
}

#[tokio::test]
async fn small_commits_become_large_records_of_sled() {
    let bench = Bench::new();
    let log = bench.open();
    let mut history = vec![];
    for _ in 0..10 {
        grow(&log, 1, &mut history, 10, 1).await;
        log.settle().await.unwrap();
    }
    let record = log
        .shared
        .copy(|copy| copy.record(ledger(1), 99))
        .unwrap()
        .unwrap();
    assert_eq!(
        (record.first, record.end()),
        (0, 100),
        "topped up at each checkpoint"
    );
    drop(log);
    assert_holds(&bench.open(), 1, &history).await;
}

#[tokio::test]
async fn commit_of_many_records_is_read_back() {
    let bench = Bench::with(|config| config.ring_bytes = 0);
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 2, 9_000).await;
    let tiny = leaves(77, &[0; 10_000]);
    commit(&log, ledger(1), head_over(1, &history), &tiny).await;
    history.extend(tiny);
    log.settle().await.unwrap();
    let head = log.head(ledger(1), Freshness::Local).await.unwrap();
    assert_eq!(log.shared.copied(ledger(1)), head.size);
    for from in [0, 1, 8_999, 9_000, 17_999, 18_001, 27_999] {
        let chunk = log
            .read(ledger(1), from, ReadLimits::events(3))
            .await
            .unwrap();
        let expected = history[from as usize..]
            .iter()
            .take(3)
            .map(|l| l.bytes.clone());
        assert!(chunk.leaves().map(|(_, leaf)| leaf).eq(expected), "{from}");
    }
    drop(log);
    assert_holds(&bench.open(), 1, &history).await;
}
