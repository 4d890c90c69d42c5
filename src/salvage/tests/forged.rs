//! Histories that somebody made up, keys and names that are not the ledger's.

use super::*;
use crate::merkle::Signer;

/// The ledger with one event forged, and all that follows from it: hashes of streams, roots, but for signatures.
fn forged(book: &Book, from: u64) -> Book {
    let mut forged = Book::new();
    let before = border(book, from);
    forged.grow(before, "本当");
    assert_eq!(forged.size(), before);
    forged.grow(book.size(), "偽り");
    forged
}

#[tokio::test]
async fn forged_events_are_not_taken_where_a_key_signed_the_others() {
    let book = book();
    let real = book.folder(every_tenth).await;
    let false_one = forged(&book, 640).folder(|_| false).await;
    for sources in [
        [real.path(), false_one.path()],
        [false_one.path(), real.path()],
    ] {
        let made = made_of(&sources).await;
        made.holds(&book, book.size()).await;
        let found = only(&made.salvaged);
        let Conflict::Events {
            position,
            sides,
            taken: Some(taken),
        } = &found.conflicts[0]
        else {
            panic!("{found:?}")
        };
        assert!((636..=640).contains(position), "{position}");
        let of_real = |part: &String| part.starts_with(real.path().to_str().unwrap());
        assert!(sides[*taken].iter().all(of_real), "{sides:?}");
        assert!(found.others.iter().all(|part| !of_real(part)) && !found.others.is_empty());
        assert!(made.salvaged.is_whole());
    }
}

#[tokio::test]
async fn an_event_that_cannot_follow_is_not_taken_whatever_roots_are_said_of_it() {
    let book = book();
    let mut bent = book.clone();
    bent.leaves[700] = forged(&book, 300).leaves[700].clone();
    let folder = bent.folder(every_tenth).await;
    let made = made_of(&[folder.path()]).await;
    made.holds(&book, border(&book, 700)).await;
    let found = only(&made.salvaged);
    assert!(found.is_cut && !made.salvaged.is_whole(), "{found:?}");
    let last = found.conflicts.last();
    let is_told = matches!(last, Some(Conflict::Misfit { position: 700, .. }));
    assert!(is_told, "{found:?}");
    let bundle = book.bundle(book.size());
    let made = made_of(&[folder.path(), bundle.path()]).await;
    made.holds(&book, book.size()).await;
}

#[tokio::test]
async fn where_nothing_tells_which_of_two_histories_is_right_it_ends_before_they_part() {
    let book = book();
    let one = book.folder(|_| false).await;
    let other = forged(&book, 640).folder(|_| false).await;
    let made = made_of(&[one.path(), other.path()]).await;
    let found = only(&made.salvaged);
    assert!((636..=640).contains(&found.head.size), "{found:?}");
    made.holds(&book, found.head.size).await;
    assert!(found.is_cut && !made.salvaged.is_whole());
    let conflict = found.conflicts.last().unwrap();
    let Conflict::Events {
        position,
        sides,
        taken: None,
    } = conflict
    else {
        panic!("{conflict:?}")
    };
    assert_eq!((*position, sides.len()), (found.head.size, 2));
    // A checkpoint that somebody kept tells.
    let since = book.signed(book.size());
    let made = made_by(&[one.path(), other.path()], Some(&since))
        .await
        .unwrap();
    made.holds(&book, book.size()).await;
    assert!(made.salvaged.is_whole(), "{:?}", made.salvaged);
}

#[tokio::test]
async fn a_checkpoint_that_was_kept_elsewhere_lets_nothing_in_but_what_was_signed_before() {
    let book = book();
    let since = forged(&book, 640).signed(1_000);
    let unsigned = book.folder(|_| false).await;
    let refused = made_by(&[unsigned.path()], Some(&since)).await;
    let Err(SalvageError::Nothing { conflicts, .. }) = refused else {
        panic!("it is denied, and nothing tells from where on")
    };
    let conflict = Conflict::Root {
        size: 1_000,
        by: "--since".to_owned(),
        is_signed: true,
        is_overruled: false,
    };
    assert_eq!(conflicts, [conflict]);
    let stranger = {
        let mut other = Book::of("other");
        other.origin = "town.example/daicho".to_owned();
        other.signed(1)
    };
    let refused = made_by(&[unsigned.path()], Some(&stranger)).await;
    assert!(matches!(refused, Err(SalvageError::SinceElsewhere(_))));
    let signed = book.folder(|size| size < 600 && every_tenth(size)).await;
    let made = made_by(&[signed.path()], Some(&since)).await.unwrap();
    made.holds(&book, border(&book, 590)).await;
    let found = only(&made.salvaged);
    assert!(found.is_cut, "{found:?}");
    assert_eq!(
        found.lost.map(|lost| lost.is_signed),
        Some(true),
        "{found:?}"
    );
}

#[tokio::test]
async fn forged_events_in_place_of_lost_ones_are_denied_by_the_roots_behind_them() {
    let book = book();
    let folder = book.folder(|_| false).await;
    fs::remove_dir_all(folder.path().join("sled")).unwrap();
    let at = book.borders[200];
    damage_journal(folder.path(), at, at + 1);
    // The same request with other words, as far as it goes.
    let false_one = forged(&book, at);
    let filler = {
        let mut only_that = false_one.clone();
        let end = *book.borders.iter().find(|border| at < **border).unwrap();
        only_that.leaves.truncate(end as usize);
        only_that.borders.retain(|border| *border <= end);
        only_that.folder(|_| false).await
    };
    let made = made_of(&[folder.path(), filler.path()]).await;
    made.holds(&book, at).await;
    let found = only(&made.salvaged);
    assert!(found.is_cut, "{found:?}");
    // The real one, where the forged one is too: the roots behind it tell.
    let mut real = book.clone();
    real.leaves.truncate(at as usize + 10);
    real.borders.retain(|border| *border <= at + 10);
    real.leaves.truncate(*real.borders.last().unwrap() as usize);
    let real = real.folder(|_| false).await;
    fs::remove_dir_all(real.path().join("sled")).unwrap();
    let bare = tempfile::tempdir().unwrap();
    copy_folder(&filler.path().join("sled"), bare.path());
    let made = made_of(&[folder.path(), real.path(), bare.path()]).await;
    made.holds(&book, book.size()).await;
    let Conflict::Events {
        taken: Some(taken),
        sides,
        ..
    } = &only(&made.salvaged).conflicts[0]
    else {
        panic!("{:?}", made.salvaged)
    };
    let of_real = |part: &String| part.starts_with(real.path().to_str().unwrap());
    assert!(sides[*taken].iter().all(of_real), "{sides:?}");
}

/// Damages both copies of an event, so that the ledger ends before it.
fn damage_both(folder: &Path, book: &Book, from: u64) {
    let (first, last) = damage_copy(folder, book.ledger, from, from + 1);
    damage_journal(folder, first, last);
}

#[tokio::test]
async fn what_was_signed_is_not_signed_again_though_a_policy_knows_only_other_ledgers() {
    let book = book();
    let folder = book.folder(every_tenth).await;
    damage_both(folder.path(), &book, 700);
    let mut stranger = Book::of("other");
    stranger.origin = "town.example/daicho".to_owned();
    let policy = TrustPolicy::of_logs([VerifierKey::clone(Signer::key(&stranger.key()))]);
    let made = made_under(&[folder.path()], Some(&policy), None).await;
    let made = made.unwrap();
    let found = only(&made.salvaged);
    assert_eq!(found.signed, 0, "by no key of the policy");
    assert_eq!(
        found.lost.map(|lost| lost.is_signed),
        Some(true),
        "{found:?}"
    );
    let last = fs::read_to_string(last_checkpoint_file(&made.path(), book.ledger)).unwrap();
    let newest = book.signed(book.size() / 10 * 10);
    assert_eq!(last, newest.note().to_string());
}

#[tokio::test]
async fn keys_that_a_bundle_lists_count_only_where_no_data_folder_has_any() {
    let book = book();
    let real = book.folder(every_tenth).await;
    let mut forged = forged(&book, 640);
    forged.seed = 50;
    forged.grow(2_000, "偽り");
    let bundle = forged.bundle(forged.size());
    for sources in [[real.path(), bundle.path()], [bundle.path(), real.path()]] {
        let made = made_of(&sources).await;
        made.holds(&book, book.size()).await;
        let found = only(&made.salvaged);
        assert!(made.salvaged.is_whole(), "{found:?}");
        let newest = found.newest.as_ref().unwrap();
        assert_eq!(newest.size, book.size() / 10 * 10);
    }
    // Where no folder has any, a policy tells.
    fs::remove_dir_all(real.path().join("keys")).unwrap();
    let policy = TrustPolicy::of_logs([VerifierKey::clone(Signer::key(&book.key()))]);
    let made = made_under(&[real.path(), bundle.path()], Some(&policy), None).await;
    let made = made.unwrap();
    made.holds(&book, book.size()).await;
    assert!(made.salvaged.is_whole(), "{:?}", made.salvaged);
    // Alone it is believed, which proves nothing.
    made_of(&[bundle.path()])
        .await
        .holds(&forged, forged.size())
        .await;
}

#[tokio::test]
async fn signatures_of_others_do_not_displace_that_of_the_ledgers_key() {
    let mut book = Book::new();
    book.grow(200, "本当");
    let (real, other) = (book.folder(every_tenth).await, book.folder(|_| false).await);
    let mut stranger = book.clone();
    stranger.seed = 50;
    // As many signatures as a note may have, and none of the ledger's key.
    let witnesses = (1..100).map(|number| format!("witness.example/{number}"));
    let many = witnesses.fold(stranger.signed(100), |signed, witness| {
        with_witness(signed, &witness).0
    });
    book.keep(other.path(), &many).await;
    for sources in [[real.path(), other.path()], [other.path(), real.path()]] {
        let note = made_of(&sources).await.note(&book, 100).await;
        let own = book.signed(100).note().to_string();
        assert!(note.starts_with(&own), "{note}");
        assert_eq!(
            SignedCheckpoint::parse(note.as_bytes())
                .unwrap()
                .note()
                .signatures()
                .len(),
            100
        );
    }
}

#[tokio::test]
async fn who_writes_of_a_new_generation_is_not_believed_without_a_signature() {
    let mut book = Book::new();
    book.grow(700, "本当");
    let real = book.folder(|_| false).await;
    let mut forged = Book::new();
    forged.grow(300, "本当");
    forged.go_on(&book.signed(book.size()));
    forged.grow(500, "偽り");
    let other = forged.folder(|_| false).await;
    let made = made_of(&[real.path(), other.path()]).await;
    let found = only(&made.salvaged);
    assert!(found.is_cut && found.head.size <= 303, "{found:?}");
    made.holds(&book, found.head.size).await;
}

#[tokio::test]
async fn a_checkpoint_of_a_later_name_is_held_against_the_events_before_it() {
    let book = |words: &str| {
        let mut book = Book::new();
        book.grow(100, "本当");
        book.grow(300, words);
        let last = book.signed(book.size());
        book.go_on(&last);
        book.grow(500, "その後");
        book
    };
    let real = book("本当");
    let folder = real.folder(|_| false).await;
    let kept = real.signed(200);
    let made = made_by(&[folder.path()], Some(&kept)).await.unwrap();
    made.holds(&real, real.size()).await;
    let elsewhere = book("偽り").signed(200);
    let refused = made_by(&[folder.path()], Some(&elsewhere)).await;
    let Err(SalvageError::Nothing { conflicts, .. }) = refused else {
        panic!("it is denied, and nothing tells from where on")
    };
    let conflict = Conflict::Root {
        size: 200,
        by: "--since".to_owned(),
        is_signed: true,
        is_overruled: false,
    };
    assert_eq!(conflicts, [conflict]);
}
