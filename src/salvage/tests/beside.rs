//! Words of texts about people, and attached files.

use super::*;

#[tokio::test]
async fn words_and_files_come_along_and_what_was_erased_does_not() {
    let (kept, erased) = (data_subject_id("kept"), data_subject_id("erased"));
    let mut book = Book::new();
    let about = |who: DataSubjectId, number: u64, file: &str| {
        let mut event = note(number, &format!("{who}"));
        event.commit_texts(|_| Some((who, Salt::new([number as u8; 32]))));
        event.evidence = vec![Evidence {
            sha256: Sha256::digest(file).into(),
            media_type: name("text/plain"),
            title: name(file),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Internal,
        }];
        event
    };
    let events = [
        about(kept, 1, "kept"),
        about(erased, 2, "erased"),
        about(kept, 3, "nowhere"),
    ];
    for event in &events {
        book.request(&event.id.to_string(), vec![event.clone()]);
    }
    let before = book.folder(|_| false).await;
    let store = |folder: &Path| PersonalStore::new(Some(folder), book.ledger);
    store(before.path()).keep(&events).unwrap();
    let handed = HandedOver {
        disclosed_at_us: 5,
        actor: "監査".to_owned(),
        subject_ref: None,
        size: 3,
    };
    store(before.path()).note_disclosure(&handed).unwrap();
    let put = |words: &str| {
        let path =
            crate::evidence::place(before.path(), book.ledger, &Sha256::digest(words).into());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, words).unwrap();
    };
    put("kept");
    put("erased");
    // What was erased is told only behind a hole, by what is of no use otherwise.
    let erasing = |name: &str, payload: Payload| {
        Event::new(event_id(name), Stream::ledger(book.ledger), payload)
    };
    let mut later = book.clone();
    later.grow(20, "後");
    let (gap, basis) = (later.size(), name("法"));
    later.grow(24, "後");
    let subject = PersonalDataErased {
        subject: erased,
        positions: vec![2],
        texts: 1,
        legal_basis: basis.clone(),
        approved_by: Some(name("課長")),
    };
    let file = EvidenceErased {
        sha256: Sha256::digest("erased").into(),
        legal_basis: basis,
        approved_by: Some(name("課長")),
    };
    later.request("erased words", vec![erasing("words", subject.into())]);
    later.request("erased file", vec![erasing("file", file.into())]);
    let after = later.folder(|_| false).await;
    fs::remove_dir_all(after.path().join("sled")).unwrap();
    damage_journal(after.path(), gap, gap + 1);

    let made = made_of(&[after.path(), before.path()]).await;
    made.holds(&later, gap).await;
    let found = only(&made.salvaged);
    let texts = Tally {
        kept: 2,
        erased_elsewhere: 1,
        ..Tally::default()
    };
    let files = Tally {
        kept: 1,
        erased_elsewhere: 1,
        missing: 1,
        ..Tally::default()
    };
    assert_eq!((found.texts, found.files), (texts, files));
    let there = store(&made.path());
    for (event, is_there) in events.iter().zip([true, false, true]) {
        let mut texts = event.personal_texts();
        assert!(texts.all(|text| matches!(there.words_of(text), Words::Kept(_)) == is_there));
    }
    assert_eq!(there.disclosures_of(kept).unwrap(), [handed]);
    let found = |words: &str| {
        let sha256 = Sha256::digest(words).into();
        look(&made.path(), book.ledger, &sha256).unwrap()
    };
    assert_eq!(found("kept"), Found::Matching { bytes: 4 });
    assert_eq!(
        (found("erased"), found("nowhere")),
        (Found::Nothing, Found::Nothing)
    );
    assert!(!made.path().join("keys").exists());

    // Where the events that say so are taken, nothing is told but that.
    let whole = later.folder(|_| false).await;
    let made = made_of(&[whole.path(), before.path()]).await;
    let found = only(&made.salvaged);
    let texts = Tally {
        kept: 2,
        erased: 1,
        ..Tally::default()
    };
    assert_eq!((found.texts, found.files.erased), (texts, 1));
    assert!(made.salvaged.is_whole(), "{found:?}");
}

#[tokio::test]
async fn an_erasure_that_only_a_forger_tells_of_is_told() {
    let subject = data_subject_id("kept");
    let mut book = Book::new();
    let mut event = note(1, "本当");
    event.commit_texts(|_| Some((subject, Salt::new([1; 32]))));
    book.request("text", vec![event.clone()]);
    let real = book.folder(|_| true).await;
    let store = PersonalStore::new(Some(real.path()), book.ledger);
    store.keep(&[event]).unwrap();
    let mut forged = book.clone();
    let erasure = PersonalDataErased {
        subject,
        positions: vec![1],
        texts: 1,
        legal_basis: name("法"),
        approved_by: Some(name("課長")),
    };
    let stream = Stream::ledger(book.ledger);
    let erasure = Event::new(event_id("erasure"), stream, erasure.into());
    // It cannot follow, and is read all the same.
    forged.leaves[1] = {
        let mut other = Book::new();
        other.request("erasure", vec![erasure]);
        other.leaves[1].clone()
    };
    let forged = forged.folder(|_| false).await;
    let made = made_of(&[real.path(), forged.path()]).await;
    made.holds(&book, book.size()).await;
    let found = only(&made.salvaged);
    assert_eq!(found.texts.erased_elsewhere, 1, "{found:?}");
    assert!(!made.salvaged.is_whole());
}
