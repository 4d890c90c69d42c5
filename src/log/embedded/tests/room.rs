//! Room that was filled ahead: what it looks like, what damage in it is, and what stops of any kind leave of it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::damage::{assert_refused, assert_repaired, flip, groups, journaled, stored};
use super::*;
use crate::fault_point::{Point, VARIABLE};
use crate::log::journal::files::faults::{Faulty, Left};
use crate::log::journal::files::{Disk, JournalFile, JournalFiles};

const ROOM: usize = 300_000;

/// A folder whose segments are filled ahead as far as they go.
fn with_room(segment_bytes: u64) -> Bench {
    Bench::with(|config| {
        config.segment_bytes = segment_bytes;
        config.room_bytes = 8 * 1024 * 1024;
        config.ring_bytes = 0;
    })
}

/// Zeros behind the records of a segment, as a crash leaves them.
fn fill(path: &Path) -> usize {
    let end = fs::read(path).unwrap().len();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len((end + ROOM) as u64).unwrap();
    end
}

fn put(path: &Path, at: usize, bytes: &[u8]) {
    let mut file = fs::read(path).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(path, file).unwrap();
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// Whether a file of the next segment lies ready.
fn lies_ahead(bench: &Bench) -> bool {
    let mut names = fs::read_dir(bench.path("journal")).unwrap();
    names.any(|entry| entry.unwrap().path().extension().unwrap() == "ahead")
}

#[tokio::test]
async fn the_journal_is_filled_ahead_of_what_it_holds_and_at_rest_has_only_that() {
    const MIB: u64 = 1024 * 1024;
    let bench = with_room(64 * MIB);
    let mut history = vec![];
    let log = bench.open();
    log.shared.room.wait_until_idle();
    let end = log.shared.state().committed.offset;
    assert!((end + MIB..=end + 2 * MIB).contains(&len(&bench.tail())));
    for _ in 0..5 {
        grow(&log, 1, &mut history, 8, 400).await;
        log.shared.room.wait_until_idle();
        let end = log.shared.state().committed.offset;
        let room = len(&bench.tail()) - end;
        assert!(
            room > MIB && room <= (2 * MIB).max(end),
            "{room} behind {end}"
        );
    }
    drop(log);
    let log = bench.open();
    assert_eq!(kinds(&log), []);
    assert_holds(&log, 1, &history).await;
    grow(&log, 1, &mut history, 2, 3).await;
    log.close().await.unwrap();
    drop(log);
    let (offset, length) = *groups(&bench, &bench.tail()).last().unwrap();
    let left = len(&bench.tail()) - (offset + length) as u64;
    assert!(left < 1_000, "a mark at most: {left}");
    assert_holds(&bench.open(), 1, &history).await;
}

#[tokio::test]
async fn segments_are_cut_when_they_are_sealed_and_the_next_is_there_already() {
    let bench = with_room(16 * 1024);
    let mut history = vec![];
    let log = bench.open();
    while bench.segments().len() < 5 {
        log.shared.room.wait_until_idle();
        assert_eq!(len(&bench.tail()), 16 * 1024);
        assert!(lies_ahead(&bench));
        grow(&log, 1, &mut history, 1, 3).await;
    }
    assert_holds(&log, 1, &history).await;
    let segments = bench.segments();
    for sealed in &segments[..4] {
        let file = fs::read(sealed).unwrap();
        assert_eq!(&file[file.len() - 4..], b"DJse");
    }
    log.shared.room.wait_until_idle();
    drop(log);
    assert!(lies_ahead(&bench));
    let log = bench.open();
    assert_eq!(kinds(&log), []);
    assert_holds(&log, 1, &history).await;
    log.close().await.unwrap();
    assert!(!lies_ahead(&bench));
    drop(log);
    assert_repaired(&bench, &mut history, &[]).await;
}

#[tokio::test]
async fn a_segment_that_an_earlier_version_began_only_grows() {
    let bench = with_room(16 * 1024);
    drop(bench.open());
    let mut file = fs::read(bench.tail()).unwrap();
    let used = file.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    file.truncate(used.next_multiple_of(8));
    assert_eq!(file[11], 2, "the flag that says it may be filled");
    file[11] = 0;
    let crc = crc32c::crc32c(&file[..60]);
    file[60..64].copy_from_slice(&crc.to_be_bytes());
    fs::write(bench.tail(), &file).unwrap();

    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 1, 3).await;
    log.shared.room.wait_until_idle();
    assert_eq!(len(&bench.tail()), log.shared.state().committed.offset);
    while bench.segments().len() < 3 {
        grow(&log, 1, &mut history, 1, 3).await;
        log.shared.room.wait_until_idle();
    }
    assert_eq!(len(&bench.tail()), 16 * 1024);
    drop(log);
    assert_repaired(&bench, &mut history, &[]).await;
}

#[tokio::test]
async fn zeros_behind_the_records_are_no_damage() {
    for closed in [true, false] {
        let bench = Bench::small();
        let mut history = match closed {
            true => stored(&bench, 60).await,
            false => journaled(&bench, 60).await,
        };
        // Behind seals too: a power cut may take back that they were cut off.
        for path in bench.segments() {
            fill(&path);
        }
        assert_repaired(&bench, &mut history, &[]).await;
    }
}

#[tokio::test]
async fn a_record_that_is_torn_within_the_room_is_dropped() {
    let damages: [fn(&mut [u8]); 5] = [
        |record| record[100..].fill(0),
        |record| record[..100].fill(0),
        |record| record[24..].fill(0),
        |record| record[200..300].fill(0),
        |record| *record.last_mut().unwrap() ^= 1,
    ];
    for damage in damages {
        let bench = Bench::new();
        let mut history = journaled(&bench, 4).await;
        let (offset, length) = *groups(&bench, &bench.tail()).last().unwrap();
        fill(&bench.tail());
        let mut record = fs::read(bench.tail()).unwrap()[offset..][..length].to_vec();
        damage(&mut record);
        put(&bench.tail(), offset, &record);
        history.truncate(9);
        assert_repaired(&bench, &mut history, &[IntegrityKind::TornTailDropped]).await;
        let kept = format!("0000000001.journal.from-byte-{offset}");
        let kept = fs::read(bench.path("evidence/0001-torn").join(kept)).unwrap();
        assert_eq!(kept, record[..kept.len()]);
        assert!(record[kept.len()..].iter().all(|byte| *byte == 0));
    }
}

#[tokio::test]
async fn damage_before_the_room_is_never_taken_for_its_beginning() {
    // Of what sled does not hold, and of what it does.
    for damage in [0_u8, 0x55] {
        let bench = Bench::new();
        journaled(&bench, 4).await;
        fill(&bench.tail());
        let (offset, length) = groups(&bench, &bench.tail())[1];
        put(&bench.tail(), offset, &vec![damage; length]);
        assert_refused(&bench, "journal segment 1: record header at byte");

        let bench = Bench::new();
        let mut history = stored(&bench, 4).await;
        fill(&bench.tail());
        // To the last byte that was ever written.
        let (offset, _) = groups(&bench, &bench.tail())[2];
        let written = len(&bench.tail()) as usize - ROOM;
        put(&bench.tail(), offset, &vec![damage; written - offset]);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

#[tokio::test]
async fn any_byte_within_the_room_is_told() {
    for at in [0, 7, 8, 5_000, ROOM - 1] {
        let bench = Bench::new();
        let mut history = journaled(&bench, 4).await;
        let end = fill(&bench.tail());
        put(&bench.tail(), end + at, &[1]);
        assert_repaired(&bench, &mut history, &[IntegrityKind::TornTailDropped]).await;

        let bench = Bench::small();
        let mut history = stored(&bench, 60).await;
        let sealed = bench.segments()[1].clone();
        let end = fill(&sealed);
        put(&sealed, end + at, &[1]);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

/// A log that is idle, and of which a step fails that only its filler can come to.
async fn idle_until_failure(kind: ErrorKind, n: u32, left: Left) -> (Bench, EmbeddedLog) {
    let faults = Faulty::default();
    let mut bench = with_room(1024 * 1024);
    bench.config.files = Arc::new(faults.clone());
    // A segment is created, written, synced and named before anything is filled.
    faults.fail_as(4 + n, left, kind);
    let log = bench.open();
    log.shared.room.wait_until_idle();
    assert!(faults.has_failed());
    (bench, log)
}

#[tokio::test]
async fn a_disk_that_fails_while_it_is_filled_ends_the_writing() {
    // Pieces and their sync, and the same for the next segment once it was created.
    for n in [0, 5, 15, 16, 18, 25, 33] {
        for left in [Left::Nothing, Left::Half, Left::Everything] {
            let (mut bench, log) = idle_until_failure(ErrorKind::Other, n, left).await;
            let late = LedgerCommit::new(ledger(1), Head::EMPTY, leaves(1, &[1]));
            while log.health() == Health::Ready {
                tokio::task::yield_now().await;
            }
            assert!(matches!(log.health(), Health::Poisoned(_)), "{n}");
            let outcome = log.append(vec![late]).await.remove(0);
            assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
            drop(log);
            bench.config.files = Arc::new(Disk);
            let mut history = vec![];
            let log = bench.open();
            grow(&log, 1, &mut history, 3, 3).await;
            assert_eq!(kinds(&log), [IntegrityKind::Poisoned]);
            drop(log);
            assert_holds(&bench.open(), 1, &history).await;
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_made_ahead_is_done_without() {
    for left in [Left::Nothing, Left::Half, Left::Everything] {
        let (bench, log) = idle_until_failure(ErrorKind::Other, 17, left).await;
        assert!(!lies_ahead(&bench));
        let mut history = vec![];
        while bench.segments().len() < 2 {
            grow(&log, 1, &mut history, 8, 400).await;
        }
        log.shared.room.wait_until_idle();
        assert!(lies_ahead(&bench), "the one after the next is made");
        assert_eq!((log.health(), kinds(&log)), (Health::Ready, vec![]));
        drop(log);
        assert_holds(&bench.open(), 1, &history).await;
    }
}

#[tokio::test]
async fn a_full_disk_is_not_filled_and_appends_go_on() {
    for n in [0, 5, 16, 17, 25, 33] {
        for left in [Left::Nothing, Left::Half, Left::Everything] {
            let (mut bench, log) = idle_until_failure(ErrorKind::StorageFull, n, left).await;
            // A sync that failed is told to all that have the file open: that is the writer's to judge.
            let is_sync_of_the_tail = n == 16;
            let mut history = vec![];
            if !is_sync_of_the_tail {
                grow(&log, 1, &mut history, 5, 3).await;
                assert_eq!(log.health(), Health::Ready);
                assert!(!lies_ahead(&bench) || n < 17);
            }
            drop(log);
            bench.config.files = Arc::new(Disk);
            assert_holds(&bench.open(), 1, &history).await;
        }
    }
}

/// What is written in each step, for the images that a power cut may leave.
#[derive(Clone, Debug)]
enum Op {
    Write(PathBuf, u64, Vec<u8>),
    Cut(PathBuf, u64),
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
}

type Ops = Arc<std::sync::Mutex<Vec<Op>>>;

#[derive(Clone, Debug, Default)]
struct Traced(Ops);

#[derive(Debug)]
struct TracedFile {
    file: Box<dyn JournalFile>,
    /// The name that it was opened by; a rename is followed by whoever replays it.
    path: PathBuf,
    ops: Ops,
}

impl Traced {
    fn file(&self, path: &Path, file: Box<dyn JournalFile>) -> Box<dyn JournalFile> {
        let (path, ops) = (path.to_owned(), Arc::clone(&self.0));
        Box::new(TracedFile { file, path, ops })
    }
}

impl JournalFiles for Traced {
    fn create(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        let file = Disk.create(path)?;
        self.0
            .lock()
            .unwrap()
            .push(Op::Write(path.to_owned(), 0, vec![]));
        Ok(self.file(path, file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        Ok(self.file(path, Disk.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut ops = self.0.lock().unwrap();
        Disk.rename(from, to)?;
        ops.push(Op::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.sync_dir(dir)
    }
}

impl JournalFile for TracedFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut ops = self.ops.lock().unwrap();
        self.file.write_at(bytes, offset)?;
        ops.push(Op::Write(self.path.clone(), offset, bytes.to_vec()));
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let mut ops = self.ops.lock().unwrap();
        self.file.cut(len)?;
        ops.push(Op::Cut(self.path.clone(), len));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut ops = self.ops.lock().unwrap();
        self.file.sync()?;
        ops.push(Op::Sync(self.path.clone()));
        Ok(())
    }
}

/// What a file is after its last sync, and what was done since.
#[derive(Default)]
struct Stored {
    durable: Vec<u8>,
    since: Vec<Op>,
}

fn apply(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = at as usize;
    file.resize(file.len().max(at + bytes.len()), 0);
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The journal after these steps and a power cut: of what was not synced some pages are stored and others not, of zeros too, and a
/// file may have kept the length that it was cut from.
fn image(ops: &[Op], rng: &mut SmallRng) -> HashMap<PathBuf, Vec<u8>> {
    let mut files: HashMap<PathBuf, Stored> = HashMap::new();
    let mut names: HashMap<PathBuf, PathBuf> = HashMap::new();
    for op in ops {
        let path = match op {
            Op::Write(path, ..) | Op::Cut(path, _) | Op::Sync(path) => path,
            Op::Rename(from, to) => {
                let file = files.remove(from).unwrap();
                files.insert(to.clone(), file);
                names.insert(from.clone(), to.clone());
                continue;
            }
        };
        let file = files
            .entry(names.get(path).unwrap_or(path).clone())
            .or_default();
        if !matches!(op, Op::Sync(_)) {
            file.since.push(op.clone());
            continue;
        }
        for op in file.since.drain(..) {
            match op {
                Op::Write(_, at, bytes) => apply(&mut file.durable, at, &bytes),
                Op::Cut(_, len) => file.durable.truncate(len as usize),
                _ => {}
            }
        }
    }
    let lost = |(path, file): (PathBuf, Stored)| {
        let mut bytes = file.durable;
        for op in file.since {
            match op {
                Op::Write(_, at, written) => {
                    for (i, page) in written.chunks(4096).enumerate() {
                        if rng.random_bool(0.5) {
                            apply(&mut bytes, at + (i * 4096) as u64, page);
                        }
                    }
                }
                Op::Cut(_, len) if rng.random_bool(0.5) => bytes.truncate(len as usize),
                _ => {}
            }
        }
        (path, bytes)
    };
    files.into_iter().map(lost).collect()
}

#[tokio::test]
async fn a_power_cut_at_any_step_loses_nothing_acknowledged() {
    let traced = Traced::default();
    let mut bench = with_room(24 * 1024);
    bench.config.files = Arc::new(traced.clone());
    bench.config.pack = true;
    let log = bench.open();
    let (mut history, mut acknowledged) = (vec![], vec![(0, 0)]);
    for turn in 0..40 {
        // Now with room, now without.
        if turn % 3 == 0 {
            log.shared.room.wait_until_idle();
        }
        grow(&log, 1, &mut history, 1, 1 + turn % 40).await;
        let steps = traced.0.lock().unwrap().len();
        acknowledged.push((steps, history.len()));
    }
    drop(log);
    let ops = traced.0.lock().unwrap().clone();
    assert!(ops.iter().any(|op| matches!(op, Op::Rename(..))));
    assert!(ops.iter().any(|op| matches!(op, Op::Cut(..))));
    let mut rng = SmallRng::seed_from_u64(7);
    let config = EmbeddedConfig {
        files: Arc::new(Disk),
        ..bench.config.clone()
    };
    for cut in 3..=ops.len() {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(bench.path("format"), dir.path().join("format")).unwrap();
        fs::create_dir(dir.path().join("journal")).unwrap();
        for (path, bytes) in image(&ops[..cut], &mut rng) {
            let name = path.file_name().unwrap();
            fs::write(dir.path().join("journal").join(name), bytes).unwrap();
        }
        let log = EmbeddedLog::open(EmbeddedConfig {
            folder: dir.path().to_owned(),
            ..config.clone()
        });
        let log = log.unwrap_or_else(|error| panic!("after {cut} steps: {error}"));
        let known = acknowledged.partition_point(|(steps, _)| *steps <= cut) - 1;
        let size = log.head(ledger(1), Freshness::Local).await.unwrap().size as usize;
        let sizes = &acknowledged[known..acknowledged.len().min(known + 2)];
        assert!(
            sizes.iter().any(|(_, s)| *s == size),
            "after {cut} steps: {size} of {sizes:?}"
        );
        assert_holds(&log, 1, &history[..size]).await;
        let told = kinds(&log);
        assert!(
            told.iter()
                .all(|kind| *kind == IntegrityKind::TornTailDropped),
            "{told:?}"
        );
    }
}

/// Tells the test below in which folder to live.
const FOLDER: &str = "DAICHO_TEST_FOLDER_WITH_ROOM";

/// Lives as it is told to and tells each acknowledged size.
#[tokio::test]
#[ignore = "the process that `an_end_at_any_step_of_filling_and_sealing_loses_nothing` starts"]
async fn life_until_a_fault_point() {
    let mut config = with_room(16 * 1024).config;
    config.pack = true;
    config.folder = PathBuf::from(std::env::var_os(FOLDER).expect("where to live"));
    let log = EmbeddedLog::open(config).unwrap();
    let mut history = vec![];
    for turn in 0..120 {
        if turn % 4 == 0 {
            log.shared.room.wait_until_idle();
        }
        grow(&log, 1, &mut history, 1, 3).await;
        println!("acknowledged: {}", history.len());
    }
}

#[tokio::test]
async fn an_end_at_any_step_of_filling_and_sealing_loses_nothing() {
    use Point::{
        RoomSynced, RoomWritten, SegmentBegun, SegmentCut, SegmentPacked, SegmentReplaced,
        SegmentSealed,
    };
    let of_segments = [
        SegmentSealed,
        SegmentCut,
        SegmentBegun,
        SegmentPacked,
        SegmentReplaced,
    ];
    for point in [RoomWritten, RoomSynced].into_iter().chain(of_segments) {
        // Only the first segment is filled: the others were made ahead, zeros and all. Some are full to the last byte, and have
        // nothing to be cut off.
        let passings = match point {
            RoomWritten | RoomSynced | SegmentCut => 1,
            _ => 3,
        };
        for passing in 1..=passings {
            let bench = with_room(16 * 1024);
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--ignored", "--nocapture"])
                .arg("log::embedded::tests::room::life_until_a_fault_point")
                .env(FOLDER, &bench.config.folder)
                .env(VARIABLE, format!("{}:{passing}", point.name()))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let told = BufReader::new(child.stdout.take().unwrap()).lines();
            let told = told.map(Result::unwrap).filter_map(|line| {
                let (_, size) = line.split_once("acknowledged: ")?;
                Some(size.parse::<usize>().unwrap())
            });
            let acknowledged = told.last().unwrap_or(0);
            let ended = child.wait().unwrap();
            assert!(ended.signal().is_some(), "{point:?} was never passed");

            let log = bench.open();
            let size = log.head(ledger(1), Freshness::Local).await.unwrap().size as usize;
            assert!(
                [acknowledged, acknowledged + 3].contains(&size),
                "{point:?}: {size}"
            );
            let mut history: Vec<Leaf> = vec![];
            while history.len() < size {
                history.extend(leaves(history.len() as u64 * 31 + 1, &[200; 3]));
            }
            assert_holds(&log, 1, &history).await;
            assert_eq!(kinds(&log), [], "{point:?}");
            grow(&log, 1, &mut history, 40, 3).await;
            drop(log);
            assert_repaired(&bench, &mut history, &[]).await;
        }
    }
}

#[tokio::test]
async fn damaged_room_of_a_running_log_is_no_damage_of_its_records() {
    // Whoever reads above sled's end reads records by their places, and nothing behind them.
    let bench = with_room(1024 * 1024);
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 5, 3).await;
    log.shared.room.wait_until_idle();
    flip(&bench.tail(), 900_000);
    assert_holds(&log, 1, &history).await;
}
