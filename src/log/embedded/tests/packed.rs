//! Compressed segments: the same bytes, whatever stops the compressing, and damage in them.

use std::io::ErrorKind;

use super::damage::{assert_refused, assert_repaired, flip, stored, truncate};
use super::*;
use crate::log::journal::FolderId;
use crate::log::journal::files::Disk;
use crate::log::journal::files::faults::{Faulty, Left, Step};
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::packer::{self, Outcome};
use crate::log::journal::segment::Scan;
use crate::log::stored::{Met, StoredFolder};

pub(super) fn is_packed(path: &Path) -> bool {
    fs::read(path).unwrap()[11] & 4 != 0
}

fn id(bench: &Bench) -> FolderId {
    let format = fs::read_to_string(bench.path("format")).unwrap();
    let (mut id, text) = ([0; 16], format.lines().last().unwrap());
    hex::decode_to_slice(text.strip_prefix("id ").unwrap(), &mut id).unwrap();
    FolderId(id)
}

/// Opens and closes the log, with all segments compressed in between.
async fn pack(bench: &mut Bench) {
    bench.config.pack = true;
    let log = bench.open();
    log.shared.room.wait_until_idle();
    assert_eq!(kinds(&log), []);
    log.close().await.unwrap();
    bench.config.pack = false;
}

/// A folder with `groups` groups of 3 events, closed, and all that is sealed compressed.
async fn packed(groups: u64) -> (Bench, Vec<Leaf>) {
    let mut bench = Bench::small();
    let history = stored(&bench, groups).await;
    pack(&mut bench).await;
    (bench, history)
}

#[tokio::test]
async fn a_compressed_segment_has_the_bytes_that_it_had() {
    let mut bench = Bench::small();
    let mut history = stored(&bench, 100).await;
    let plain = bench.copied();
    pack(&mut bench).await;
    let segments = bench.segments();
    assert!(segments.len() > 4);
    let (tail, sealed) = segments.split_last().unwrap();
    assert!(!is_packed(tail));
    for (number, path) in (1..).zip(sealed) {
        assert!(is_packed(path));
        let before = fs::read(plain.path("journal").join(path.file_name().unwrap())).unwrap();
        let file = fs::read(path).unwrap();
        assert!(file.len() < before.len());
        // As anybody's tool unpacks it.
        assert_eq!(zstd::stream::decode_all(&file[64..]).unwrap(), before);
        let scan = Scan::read(&bench.path("journal"), id(&bench), number).unwrap();
        assert_eq!(scan.file, before);
        assert!(scan.header.is_ok() && scan.holes.is_empty() && scan.seal(number).is_some());
    }
    // What is compressed is never compressed again.
    let before = bench.stored();
    let of_sealed = |stored: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
        let sealed = stored.into_iter().filter(|(path, _)| sealed.contains(path));
        sealed.collect()
    };
    pack(&mut bench).await;
    assert_eq!(of_sealed(bench.stored()), of_sealed(before));
    assert_repaired(&bench, &mut history, &[]).await;
}

#[tokio::test]
async fn readers_and_a_new_sled_read_compressed_segments() {
    let (bench, mut history) = packed(100).await;
    fs::remove_dir_all(bench.path("sled")).unwrap();
    let log = bench.open();
    assert_holds(&log, 1, &history).await;
    drop(log);
    let expected = [IntegrityKind::CopySetAside];
    let found = bench.open();
    let told = kinds(&found);
    assert!(told.iter().all(|kind| *kind == expected[0]), "{told:?}");
    drop(found);
    let expected = vec![expected[0]; told.len()];
    assert_repaired(&bench, &mut history, &expected).await;
}

#[tokio::test]
async fn segments_are_compressed_while_the_log_is_open() {
    let mut bench = Bench::small();
    bench.config.pack = true;
    let log = bench.open();
    let mut history = vec![];
    while bench.segments().len() < 6 {
        grow(&log, 1, &mut history, 1, 3).await;
    }
    log.shared.room.wait_until_idle();
    assert!(bench.segments()[..5].iter().all(|path| is_packed(path)));
    // sled never heard of them, and there is no memory: they are read where they lie.
    assert_holds(&log, 1, &history).await;
    log.settle().await.unwrap();
    assert_holds(&log, 1, &history).await;
}

#[tokio::test]
async fn a_damaged_compressed_segment_is_rebuilt_from_sled() {
    // No two of these files are equally long.
    let places: [fn(usize) -> usize; 14] = [
        |_| 3,
        |_| 11,
        |_| 40,
        |_| 63,
        |_| 64,
        |_| 68,
        |_| 70,
        |_| 200,
        |len| len / 2,
        |len| len - 40,
        |len| len - 20,
        |len| len - 9,
        |len| len - 5,
        |len| len - 1,
    ];
    for place in places {
        let (bench, mut history) = packed(60).await;
        let path = bench.segments()[1].clone();
        let at = place(fs::read(&path).unwrap().len());
        flip(&path, at);
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
        assert!(!is_packed(&path), "{at}");
    }
    let cuts: [fn(usize) -> usize; 6] =
        [|_| 0, |_| 30, |_| 64, |_| 100, |len| len / 2, |len| len - 1];
    for cut in cuts {
        let (bench, mut history) = packed(60).await;
        let path = &bench.segments()[1];
        truncate(path, cut(fs::read(path).unwrap().len()));
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
}

#[tokio::test]
async fn lengths_that_no_segment_has_are_not_believed() {
    const FRAMES: u32 = 1_000;
    let (bench, mut history) = packed(60).await;
    let path = bench.segments()[1].clone();
    // Frames of one byte here, and 8 MiB each in the segment.
    let mut file = fs::read(&path).unwrap()[..64].to_vec();
    file.extend(vec![0; FRAMES as usize]);
    let rest = FRAMES * 8 + 9;
    file.extend([0x184D_2A5E_u32, rest].iter().flat_map(|n| n.to_le_bytes()));
    for _ in 0..FRAMES {
        file.extend([1_u32, 8 << 20].iter().flat_map(|n| n.to_le_bytes()));
    }
    file.extend(FRAMES.to_le_bytes());
    file.push(0);
    file.extend(0x8F92_EAB1_u32.to_le_bytes());
    fs::write(&path, file).unwrap();
    let opened = SegmentFile::open(&path).unwrap();
    assert!(opened.is_packed() && opened.outer().is_err());
    assert_eq!(opened.len().unwrap(), 0);
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
}

#[tokio::test]
async fn a_rebuilt_segment_is_compressed_like_any_other() {
    let (mut bench, mut history) = packed(60).await;
    flip(&bench.segments()[1].clone(), 100);
    drop(bench.open());
    bench.config.pack = true;
    let log = bench.open();
    log.shared.room.wait_until_idle();
    assert!(is_packed(&bench.segments()[1]));
    drop(log);
    bench.config.pack = false;
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
}

#[tokio::test]
async fn a_damaged_compressed_segment_without_sled_is_refused() {
    let (bench, _) = packed(60).await;
    flip(&bench.segments()[1].clone(), 1_000);
    fs::remove_dir_all(bench.path("sled")).unwrap();
    assert_refused(&bench, "journal segment 2: ");
}

#[tokio::test]
async fn damage_of_a_compressed_segment_that_is_the_last_is_never_a_torn_end() {
    // The tail is lost, and what was before it ends the journal: it was sealed, so all of it was acknowledged.
    let (bench, mut history) = packed(60).await;
    fs::remove_file(bench.tail()).unwrap();
    let last = bench.tail();
    let whole = bench.copied();
    let len = fs::read(&last).unwrap().len();
    for at in [20, 64, 300, len - 60, len - 20, len - 2] {
        let bench = whole.copied();
        flip(&bench.tail(), at);
        let mut history = history.clone();
        assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    }
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
}

#[tokio::test]
async fn a_damaged_segment_is_left_as_it_is() {
    let bench = Bench::small();
    stored(&bench, 60).await;
    for at in [3_000, 9_000] {
        let mut bench = bench.copied();
        let path = bench.segments()[1].clone();
        flip(&path, at);
        let before = fs::read(&path).unwrap();
        bench.config.verify_events_max = 0;
        bench.config.pack = true;
        let log = bench.open();
        log.shared.room.wait_until_idle();
        assert_eq!(fs::read(&path).unwrap(), before, "{at}");
        assert!(is_packed(&bench.segments()[0]));
    }
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_is_left_and_ends_nothing() {
    let bench = Bench::small();
    stored(&bench, 60).await;
    let dir = bench.path("journal");
    let pack = |number| packer::pack(&Disk, &dir, id(&bench), number, &mut || true);
    let segments = bench.segments();
    let (second, third) = (&segments[1], &segments[2]);
    fs::remove_file(second).unwrap();
    fs::create_dir(second).unwrap();
    fs::remove_file(third).unwrap();
    for number in [2, 3] {
        let outcome = pack(number).unwrap();
        assert!(matches!(outcome, Outcome::Left(_)), "{outcome:?}");
    }
    assert_eq!(pack(1).unwrap(), Outcome::Packed);
    assert_eq!(pack(1).unwrap(), Outcome::Packed, "as it was");
}

#[tokio::test]
async fn a_disk_that_fails_or_is_full_while_it_compresses_loses_nothing_and_ends_nothing() {
    let plain = Bench::small();
    let history = stored(&plain, 60).await;
    let mut failed = Vec::new();
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for n in 0..12 {
            for left in [Left::Nothing, Left::Half, Left::Everything] {
                let faults = Faulty::default();
                let mut bench = plain.copied();
                bench.config.files = Arc::new(faults.clone());
                bench.config.pack = true;
                // A sync of the tail and one of the folder come first.
                faults.fail_as(2 + n, left, kind);
                let log = bench.open();
                log.shared.room.wait_until_idle();
                let step = faults.failed().unwrap();
                failed.push(step);
                // The folder is what the names of new segments are made durable by.
                let is_final = step == Step::SyncDir && kind == ErrorKind::Other;
                while is_final && log.health() == Health::Ready {
                    tokio::task::yield_now().await;
                }
                assert_eq!(log.health() == Health::Ready, !is_final, "{n} {left:?}");
                let mut history = history.clone();
                if !is_final {
                    assert_eq!(kinds(&log), []);
                    grow(&log, 1, &mut history, 2, 3).await;
                }
                assert_holds(&log, 1, &history).await;
                drop(log);
                bench.config.files = Arc::new(Disk);
                let log = bench.open();
                log.shared.room.wait_until_idle();
                let segments = bench.segments();
                let (_, sealed) = segments.split_last().unwrap();
                assert!(sealed.iter().all(|path| is_packed(path)));
                assert_holds(&log, 1, &history).await;
            }
        }
    }
    let all = &Step::OF_A_NEW_FILE;
    assert!(all.iter().all(|step| failed.contains(step)), "{failed:?}");
}

#[tokio::test]
async fn whoever_verifies_the_folder_reads_compressed_segments_and_finds_every_changed_byte() {
    let (bench, history) = packed(60).await;
    let walk = || {
        let folder = StoredFolder::open(&bench.config.folder).unwrap();
        let (mut events, mut damages) = (0, Vec::new());
        let visit = &mut |met, read| {
            assert!(read <= folder.journal_bytes());
            match met {
                Met::Section(section) => events += section.count as usize,
                Met::Damage(damage) | Met::Unfinished(damage) => damages.push(damage),
                _ => {}
            }
        };
        folder.walk(visit).unwrap();
        (events, damages)
    };
    assert_eq!(walk(), (history.len(), vec![]));
    let path = bench.segments()[1].clone();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, bytes).unwrap();
        let (_, damages) = walk();
        assert!(
            damages.iter().all(|damage| damage.segment == 2),
            "{at}: {damages:?}"
        );
        assert!(!damages.is_empty(), "{at}");
    }
}
