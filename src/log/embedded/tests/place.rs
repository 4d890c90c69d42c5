//! A journal in another folder than the data folder: begun there, found there, moved, and never begun a second time.

use super::damage::{assert_repaired, flip};
use super::*;
use crate::log::stored::{Met, StoredFolder};
use crate::log::{journal_cut, journal_heads};

/// A folder whose journal is elsewhere, on another file system if there is one.
fn elsewhere() -> (Bench, TempDir) {
    let disk = match Path::new("/dev/shm").is_dir() {
        true => tempfile::tempdir_in("/dev/shm"),
        false => tempfile::tempdir(),
    };
    let disk = disk.unwrap();
    let mut bench = Bench::small();
    bench.config.journal = Some(disk.path().join("city/journal"));
    (bench, disk)
}

async fn stored(bench: &Bench) -> Vec<Leaf> {
    let (log, mut history) = (bench.open(), vec![]);
    grow(&log, 1, &mut history, 60, 3).await;
    log.close().await.unwrap();
    history
}

fn assert_elsewhere(bench: &Bench, known: &Path, asked: &Path) {
    match EmbeddedLog::open(bench.config.clone()) {
        Err(error @ OpenError::JournalElsewhere { .. }) => {
            let told = error.to_string();
            for place in [known, asked] {
                assert!(told.contains(&format!("`{}`", place.display())), "{told}");
            }
        }
        other => panic!("{other:?}"),
    }
}

fn asks(bench: &mut Bench, place: Option<&Path>) {
    bench.config.journal = place.map(Path::to_owned);
}

fn move_dir(from: &Path, to: &Path) {
    copy_dir(from, to);
    fs::remove_dir_all(from).unwrap();
}

#[tokio::test]
async fn a_journal_elsewhere_is_remembered_and_none_is_begun_beside_it() {
    let (mut bench, _disk) = elsewhere();
    let place = bench.config.journal.clone().unwrap();
    let within = bench.path("journal");
    let mut history = stored(&bench).await;
    assert!(!within.exists());
    assert!(fs::read_dir(&place).unwrap().count() > 2);
    // Asked for nowhere else than there, or by who does not know.
    assert_repaired(&bench, &mut history, &[]).await;
    asks(&mut bench, None);
    assert_repaired(&bench, &mut history, &[]).await;
    asks(&mut bench, Some(&within));
    assert_elsewhere(&bench, &place, &within);
    let other = bench.path("other");
    asks(&mut bench, Some(&other));
    assert_elsewhere(&bench, &place, &other);
    assert!(!within.exists() && !other.exists());

    // The disk is not there.
    let gone = place.with_file_name("gone");
    fs::rename(&place, &gone).unwrap();
    for asked in [None, Some(&place)] {
        asks(&mut bench, asked.map(PathBuf::as_path));
        match EmbeddedLog::open(bench.config.clone()) {
            Err(OpenError::Refused { check, .. }) => {
                let missing = format!("the journal is missing in `{}`", place.display());
                assert!(check.contains(&missing), "{check}");
            }
            other => panic!("{other:?}"),
        }
    }
    for asked in [&within, &other] {
        asks(&mut bench, Some(asked));
        assert_elsewhere(&bench, &place, asked);
    }
    assert!(!within.exists() && !other.exists() && !place.exists());
    fs::rename(&gone, &place).unwrap();
    asks(&mut bench, Some(&place));
    assert_repaired(&bench, &mut history, &[IntegrityKind::OpenRefused]).await;
}

#[tokio::test]
async fn a_journal_that_was_moved_is_taken_where_it_is_and_asked_for() {
    let (mut bench, disk) = elsewhere();
    let place = bench.config.journal.clone().unwrap();
    let (within, third) = (bench.path("journal"), disk.path().join("third"));
    asks(&mut bench, None);
    let mut history = stored(&bench).await;
    // Still there, and there too.
    copy_dir(&within, &place);
    asks(&mut bench, Some(&place));
    assert_elsewhere(&bench, &within, &place);
    fs::remove_dir_all(&place).unwrap();

    let mut from = within.clone();
    for to in [&place, &third, &within] {
        asks(&mut bench, Some(to));
        assert_elsewhere(&bench, &from, to);
        move_dir(&from, to);
        assert_repaired(&bench, &mut history, &[]).await;
        asks(&mut bench, None);
        assert_repaired(&bench, &mut history, &[]).await;
        from.clone_from(to);
    }
    assert!(
        !bench.path("journal-at").exists(),
        "it is where it would be"
    );
}

#[tokio::test]
async fn a_folder_with_something_in_it_is_not_taken_for_a_journals() {
    let (other, _other_disk) = elsewhere();
    stored(&other).await;
    let taken = other.config.journal.clone().unwrap();
    let (mut bench, disk) = elsewhere();
    // A new data folder.
    let within = bench.path("journal");
    fs::write(disk.path().join("letter"), "for somebody").unwrap();
    for asked in [taken.as_path(), disk.path()] {
        asks(&mut bench, Some(asked));
        assert_elsewhere(&bench, &within, asked);
    }
    // One whose own journal is gone.
    asks(&mut bench, None);
    stored(&bench).await;
    fs::rename(&within, bench.path("gone")).unwrap();
    asks(&mut bench, Some(&taken));
    assert_elsewhere(&bench, &within, &taken);
    fs::write(bench.path("journal-at"), "no place").unwrap();
    let opened = EmbeddedLog::open(bench.config.clone());
    assert!(matches!(opened, Err(OpenError::Io { .. })), "{opened:?}");
}

#[tokio::test]
async fn repairs_and_whoever_reads_the_folder_find_a_journal_elsewhere() {
    let (bench, _disk) = elsewhere();
    let place = bench.config.journal.clone().unwrap();
    let mut history = stored(&bench).await;
    let folder = &bench.config.folder;
    let cut = journal_cut(folder).unwrap();
    assert_eq!(cut.folder, place);
    let heads = [(ledger(1), head_over(1, &history))];
    assert_eq!(cut.heads, heads.into());
    assert_eq!(journal_heads(folder).unwrap(), heads.into());
    let stored = StoredFolder::open(folder).unwrap();
    let mut events = 0;
    let visit = &mut |met, _| {
        if let Met::Section(section) = met {
            events += section.count as usize;
        }
    };
    stored.walk(visit).unwrap();
    assert!(0 < stored.journal_bytes());
    drop(stored);
    assert_eq!(events, history.len());

    // Evidence is in the data folder, wherever the journal is.
    let segment = place.join("0000000002.journal");
    flip(&segment, 2_000);
    let damaged = fs::read(&segment).unwrap();
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt]).await;
    let kept = bench.path("evidence/0001-journal/0000000002.journal");
    assert_eq!(fs::read(kept).unwrap(), damaged);
    let log = bench.open();
    flip(&segment, 2_000);
    scrub::scrub(&log).unwrap();
    assert_eq!(kinds(&log), [IntegrityKind::JournalRebuilt; 2]);
    drop(log);
    assert_repaired(&bench, &mut history, &[IntegrityKind::JournalRebuilt; 2]).await;
}

/// A copy of the data folder remembers the same journal.
#[tokio::test]
async fn two_folders_never_write_on_one_journal() {
    let (bench, _disk) = elsewhere();
    let place = bench.config.journal.clone().unwrap();
    let mut history = stored(&bench).await;
    let copy = tempfile::tempdir().unwrap();
    let mut config = bench.config.clone();
    config.folder = copy.path().join("data");
    copy_dir(&bench.config.folder, &config.folder);
    let log = bench.open();
    for journal in [Some(place.clone()), None] {
        config.journal = journal;
        match EmbeddedLog::open(config.clone()) {
            Err(OpenError::Locked { folder }) => assert_eq!(folder, place),
            other => panic!("{other:?}"),
        }
    }
    grow(&log, 1, &mut history, 5, 3).await;
    log.close().await.unwrap();
    drop(log);
    assert_repaired(&bench, &mut history, &[]).await;
}
