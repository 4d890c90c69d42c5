use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::backup;
use crate::domain::event::{Event, Evidence, EvidenceErased, Payload, PersonalDataErased, Stream};
use crate::domain::id::DataSubjectId;
use crate::domain::indicator::Disclosure;
use crate::domain::personal::{Openings as _, Salt, Words};
use crate::domain::testing::{data_subject_id, event_id, name};
use crate::evidence::{Found, look};
use crate::personal::{Disclosure as HandedOver, PersonalStore};
use crate::proof::last_checkpoint_file;
use world::{
    Book, copied_records, damage_copy, damage_journal, damage_kept, made_by, made_of, made_under,
    note, segment_of, with_witness,
};

mod beside;
mod forged;
mod world;

/// A ledger of some 1,500 events, in several records of the read copy and many segments.
fn book() -> Book {
    let mut book = Book::new();
    book.grow(1_500, "本当");
    book
}

/// Of sizes in the midst of requests, too.
fn every_tenth(size: u64) -> bool {
    size.is_multiple_of(10)
}

/// Behind the last whole request of the first `size` events.
fn border(book: &Book, size: u64) -> u64 {
    let mut borders = book.borders.iter();
    *borders.rfind(|border| **border <= size).unwrap()
}

fn only(salvaged: &Salvaged) -> &SalvagedLedger {
    match &salvaged.ledgers[..] {
        [one] => one,
        more => panic!("{more:?}"),
    }
}

#[tokio::test]
async fn what_one_copy_lacks_is_taken_from_the_other_and_the_root_is_the_same() {
    let book = book();
    let folder = book.folder(every_tenth).await;
    assert!(3 < copied_records(folder.path(), book.ledger));
    let (_, last) = damage_copy(folder.path(), book.ledger, 0, 1);
    damage_journal(folder.path(), last + 100, last + 200);
    let gone = segment_of(folder.path(), last + 400);
    fs::remove_file(&gone).unwrap();
    let made = made_of(&[folder.path()]).await;
    made.holds(&book, book.size()).await;
    let found = only(&made.salvaged);
    assert!(made.salvaged.is_whole(), "{found:?}");
    assert_eq!(
        (found.agreed, found.code.as_deref()),
        (book.size(), Some("city"))
    );
    let signed: Vec<u64> = (1..=book.size())
        .filter(|size| every_tenth(*size))
        .collect();
    assert_eq!(made.kept(&book).await, signed);
    let last_signed = *signed.last().unwrap();
    assert_eq!(found.signed, border(&book, last_signed));
    assert_eq!(found.newest.as_ref().unwrap().size, last_signed);
    let taken: u64 = found.taken.iter().map(|(_, events)| events).sum();
    assert_eq!(
        (taken, found.taken.len()),
        (book.size(), 2),
        "{:?}",
        found.taken
    );
    let faults = &made.salvaged.sources[0].faults;
    let gone = gone.file_name().unwrap().to_str().unwrap();
    assert!(
        faults.iter().any(|fault| fault.contains(gone)),
        "{faults:?}"
    );
    // As the server keeps it: what was signed last.
    let last = fs::read_to_string(last_checkpoint_file(&made.path(), book.ledger)).unwrap();
    assert_eq!(last, book.signed(last_signed).note().to_string());
}

#[tokio::test]
async fn what_both_copies_lack_is_taken_from_a_backup_a_bundle_or_what_was_set_aside() {
    let book = book();
    let mut half = Book::new();
    half.grow(700, "本当");
    let folder = half.folder(every_tenth).await;
    let backups = tempfile::tempdir().unwrap();
    let taken = backup::take(folder.path(), backups.path(), "2026-11-27T03:00:00Z").unwrap();
    let aside = tempfile::tempdir().unwrap();
    copy_folder(&folder.path().join("sled"), &aside.path().join("sled"));
    let early = aside.path().join("0002-journal");
    copy_folder(&folder.path().join("journal"), &early);
    book.write(folder.path(), every_tenth).await;
    damage_journal(folder.path(), 300, 400);
    damage_copy(folder.path(), book.ledger, 350, 351);
    let bundle = book.bundle(book.borders[300]);
    let late = aside.path().join("sled");
    for source in [taken.folder.as_path(), bundle.path(), &late, &early] {
        let made = made_of(&[folder.path(), source]).await;
        made.holds(&book, book.size()).await;
        assert!(made.salvaged.is_whole(), "{:?}", made.salvaged);
        let taken = &only(&made.salvaged).taken;
        let named = |part: &str| part.starts_with(source.to_str().unwrap());
        assert!(taken.iter().any(|(part, _)| named(part)), "{taken:?}");
    }
}

#[tokio::test]
async fn a_bundle_alone_gives_its_ledger_even_if_some_of_its_files_are_damaged() {
    let book = book();
    let size = *book.borders.last().unwrap();
    let bundle = book.bundle(size);
    let whole = made_of(&[bundle.path()]).await;
    whole.holds(&book, size).await;
    assert!(whole.salvaged.is_whole(), "{:?}", whole.salvaged);
    assert_eq!(only(&whole.salvaged).signed, size);
    assert_eq!(whole.kept(&book).await, [size]);
    // Without what lists its files each event is held against the tile of hashes, and the other way round.
    for damaged in ["manifest.json", "tile/0/001", "checkpoint"] {
        let bundle = book.bundle(size);
        let path = bundle.path().join(damaged);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(path, bytes).unwrap();
        let made = made_of(&[bundle.path()]).await;
        made.holds(&book, size).await;
        assert!(made.salvaged.is_whole(), "{damaged}: {:?}", made.salvaged);
    }
    // An event that neither names is none.
    let path = bundle.path().join("tile/entries/002");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path, bytes).unwrap();
    let made = made_of(&[bundle.path()]).await;
    let expected = border(&book, 767);
    made.holds(&book, expected).await;
    let found = only(&made.salvaged);
    let lost = Lost {
        from: expected,
        to: size,
        is_signed: true,
    };
    assert_eq!((found.lost, found.resumes), (Some(lost), Some(768)));
}

#[tokio::test]
async fn what_no_source_holds_is_told_and_the_ledger_ends_with_a_whole_request() {
    let book = book();
    let folder = book.folder(every_tenth).await;
    let (first, last) = damage_copy(folder.path(), book.ledger, 500, 501);
    // A hole in the midst of a request that three events came in.
    let hole = book.borders.iter().find(|border| first < **border).unwrap() + 1;
    damage_journal(folder.path(), hole, hole + 30);
    let made = made_of(&[folder.path()]).await;
    let size = border(&book, hole);
    made.holds(&book, size).await;
    let found = only(&made.salvaged);
    let signed = book.size() / 10 * 10;
    let lost = Lost {
        from: size,
        to: book.size(),
        is_signed: true,
    };
    assert_eq!(found.lost, Some(lost), "{found:?}");
    assert!(!made.salvaged.is_whole());
    let newest = found.newest.as_ref().unwrap();
    assert_eq!((newest.size, newest.root), (signed, book.root(signed)));
    let resumes = found.resumes.unwrap();
    assert!((hole..=last + 1).contains(&resumes), "{resumes} {last}");
    // A server that has the keys is kept from signing for what was lost.
    let file = fs::read_to_string(last_checkpoint_file(&made.path(), book.ledger)).unwrap();
    assert_eq!(file, book.signed(signed).note().to_string());
    let kept = made.kept(&book).await;
    assert!(
        kept.iter().all(|kept| *kept <= size) && !kept.is_empty(),
        "{kept:?}"
    );
}

#[tokio::test]
async fn a_ledger_that_says_it_lost_events_goes_on_from_where_it_says_so() {
    let mut before = Book::new();
    before.grow(700, "本当");
    let lost = before.folder(every_tenth).await;
    let last = before.signed(before.size() / 10 * 10);
    let mut book = Book::new();
    book.grow(300, "本当");
    book.go_on(&last);
    book.grow(500, "その後");
    let folder = book.folder(|size| 320 < size && every_tenth(size)).await;
    for sources in [[folder.path(), lost.path()], [lost.path(), folder.path()]] {
        let made = made_of(&sources).await;
        made.holds(&book, book.size()).await;
        let found = only(&made.salvaged);
        assert_eq!(found.lost, None, "{found:?}");
        assert_eq!(found.head.generation, 2);
        assert!(made.salvaged.is_whole());
        let newest = found.newest.as_ref().unwrap();
        assert_eq!(newest.origin, book.origin);
        let kept = made.kept(&book).await;
        assert!(kept.iter().any(|size| *size < 300), "of the name before");
    }
}

#[tokio::test]
async fn a_checkpoint_has_every_cosignature_that_any_source_has_of_it() {
    let mut book = Book::new();
    book.grow(200, "本当");
    let (one, other) = (
        book.folder(every_tenth).await,
        book.folder(every_tenth).await,
    );
    let lines = [
        book.cosign(one.path(), 100, "witness.example/one").await,
        book.cosign(other.path(), 100, "witness.example/other")
            .await,
    ];
    let made = made_of(&[one.path(), other.path()]).await;
    let note = made.note(&book, 100).await;
    assert!(
        note.starts_with(&book.signed(100).note().to_string()),
        "{note}"
    );
    for line in lines {
        assert!(note.contains(&format!("{line}\n")), "{note}");
    }
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_hides_no_other() {
    let mut book = Book::new();
    book.grow(1_000, "本当");
    let folder = book.folder(every_tenth).await;
    // Only sled has any.
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    damage_kept(folder.path(), book.ledger, 20);
    let made = made_of(&[folder.path()]).await;
    made.holds(&book, book.size()).await;
    let sizes = (1..=book.size()).filter(|size| every_tenth(*size) && *size != 20);
    assert_eq!(made.kept(&book).await, sizes.collect::<Vec<_>>());
}

#[tokio::test]
async fn several_ledgers_of_several_folders_become_one_folder() {
    let (mut one, mut other) = (Book::new(), Book::of("other"));
    one.grow(200, "一");
    other.grow(300, "二");
    let (first, second) = (one.folder(|_| false).await, other.folder(|_| false).await);
    let made = made_of(&[first.path(), second.path()]).await;
    made.holds(&one, one.size()).await;
    made.holds(&other, other.size()).await;
    assert_eq!(made.salvaged.ledgers.len(), 2);
}

#[tokio::test]
async fn whatever_cannot_be_a_source_or_a_place_is_refused_and_nothing_is_made() {
    let mut book = Book::new();
    book.grow(30, "本当");
    let folder = book.folder(|_| false).await;
    let empty = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let terms = Terms {
        policy: None,
        since: None,
        scratch: scratch.path(),
    };
    let refused = async |source: &Path, data: &Path| {
        let sources = [source.to_owned()];
        let refused = salvage(&sources, data, terms, &mut |_| {}).await;
        refused.unwrap_err()
    };
    let place = empty.path().join("place");
    let error = refused(scratch.path(), &place).await;
    assert!(matches!(error, SalvageError::NoSource(_)), "{error:?}");
    let error = refused(folder.path(), folder.path()).await;
    assert!(matches!(error, SalvageError::NotEmpty(_)), "{error:?}");
    let error = refused(folder.path(), &folder.path().join("new")).await;
    assert!(matches!(error, SalvageError::Within { .. }), "{error:?}");
    // What an earlier run left has this name; a source is none.
    let source = empty.path().join("place.unfinished");
    copy_folder(folder.path(), &source);
    let error = refused(&source, &place).await;
    assert!(matches!(error, SalvageError::Within { .. }), "{error:?}");
    assert!(source.join("journal").is_dir());
    fs::remove_dir_all(source).unwrap();
    let held = fs::File::open(folder.path().join("lock")).unwrap();
    held.lock().unwrap();
    let error = refused(folder.path(), &place).await;
    assert!(matches!(error, SalvageError::InUse(_)), "{error:?}");
    drop(held);
    // The first event is nowhere.
    fs::remove_dir_all(folder.path().join("sled")).unwrap();
    damage_journal(folder.path(), 0, 1);
    let error = refused(folder.path(), &place).await;
    let SalvageError::Nothing { sources, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(!sources[0].faults.is_empty());
    let format = folder.path().join("format");
    let later = fs::read_to_string(&format)
        .unwrap()
        .replace("format 1", "format 9");
    fs::write(format, later).unwrap();
    let error = refused(folder.path(), &place).await;
    assert!(matches!(error, SalvageError::Source { .. }), "{error:?}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &target),
            false => drop(fs::copy(&path, target).unwrap()),
        }
    }
}
