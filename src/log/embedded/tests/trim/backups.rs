//! Which backups a journal is trimmed against, and backups of a folder whose journal is trimmed.

use super::*;

/// Tells why, and that nothing was changed.
#[track_caller]
fn refused(shop: &Shop, backup: &Path) -> TrimError {
    let before = shop.bench.stored();
    let error = shop.try_trim(backup, 1).unwrap_err();
    let journal = |stored: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
        let files = stored.into_iter();
        files
            .filter(|(path, _)| path.extension().is_some_and(|e| e == "journal"))
            .collect()
    };
    assert_eq!(journal(shop.bench.stored()), journal(before));
    assert!(!shop.bench.path("trimmed").exists());
    error
}

#[tokio::test]
async fn nothing_is_trimmed_that_the_backup_does_not_have() {
    let mut shop = Shop::new().await;
    let backup = shop.back_up("1");
    // Older than some of what would go.
    let segments = shop.bench.segments().len() as u32;
    shop.grow(60).await;
    let now = shop.bench.segments().len() as u32;
    assert!(segments + 1 < now);
    let error = refused(&shop, &backup);
    assert!(
        matches!(&error, TrimError::Lacking(lacking) if lacking[..] == (segments..now - 1).collect::<Vec<_>>()),
        "{error:?}"
    );
    let other = Shop::new().await;
    let error = refused(&shop, &other.back_up("1"));
    assert!(matches!(error, TrimError::OtherFolder), "{error:?}");
    let error = refused(&shop, shop.backups.path());
    assert!(
        matches!(error, TrimError::Backup(BackupError::NoBackup(_))),
        "{error:?}"
    );
    // One that is damaged anywhere, also in what would stay.
    for file in [shop.bench.segments()[0].clone(), shop.bench.tail()] {
        let elsewhere = tempfile::tempdir().unwrap();
        let taken = backup::take(&shop.bench.config.folder, elsewhere.path(), "1").unwrap();
        let backup = taken.folder;
        let path = backup.join("data/journal").join(file.file_name().unwrap());
        let bytes = fs::read(&path).unwrap();
        flip(&path, bytes.len() / 2);
        let error = refused(&shop, &backup);
        assert!(
            matches!(&error, TrimError::Backup(BackupError::Damaged(damage)) if damage.len() == 1),
            "{error:?}"
        );
    }
    let backup = shop.back_up("2");
    shop.try_trim(&backup, 1).unwrap();
    shop.assert_whole(&[]).await;
}

#[tokio::test]
async fn a_folder_that_a_server_has_open_is_neither_trimmed_nor_put_back() {
    let shop = Shop::new().await;
    let backup = shop.back_up("1");
    let log = shop.bench.open();
    let error = refused(&shop, &backup);
    let is_locked = |error: &TrimError| matches!(error, TrimError::Data(OpenError::Locked { .. }));
    assert!(is_locked(&error), "{error:?}");
    let error = backup::untrim(&shop.bench.config.folder, &backup, "now").unwrap_err();
    assert!(is_locked(&error), "{error:?}");
    shop.assert_holds(&log).await;
}

#[tokio::test]
async fn each_backup_of_a_trimmed_journal_stands_alone() {
    let mut shop = Shop::new().await;
    let (first, trimmed) = shop.trimmed();
    shop.grow(10).await;
    let taken = backup::take(&shop.bench.config.folder, shop.backups.path(), "2").unwrap();
    assert!(taken.copied < taken.linked, "what was trimmed is linked");
    // It is a backup like any other: what is in it goes, and it still stands.
    fs::remove_dir_all(&first).unwrap();
    let (_, damage) = backup::verify(&taken.folder).unwrap();
    assert_eq!(damage, []);
    let again = backup::take(&shop.bench.config.folder, shop.backups.path(), "3").unwrap();
    fs::remove_dir_all(&taken.folder).unwrap();

    let restored = Bench::small();
    backup::restore(&again.folder, &restored.config.folder).unwrap();
    let restored = Shop {
        bench: restored,
        ..shop.copied()
    };
    assert!(restored.stubs().is_empty());
    restored.assert_whole_after_the_first_start().await;
    // And what was trimmed comes back from it.
    assert_eq!(shop.untrim(&again.folder).segments, trimmed.segments);
    fs::remove_dir_all(shop.bench.path("sled")).unwrap();
    shop.assert_whole_after_a_rebuild().await;
}

impl Shop {
    /// Of a folder that never had a sled.
    async fn assert_whole_after_the_first_start(&self) {
        let log = self.bench.open();
        log.settle().await.unwrap();
        self.assert_holds(&log).await;
        log.close().await.unwrap();
    }
}

#[tokio::test]
async fn no_backup_is_taken_that_would_lack_what_was_trimmed() {
    let shop = Shop::new().await;
    let (first, trimmed) = shop.trimmed();
    let take = |store: &Path, name: &str| backup::take(&shop.bench.config.folder, store, name);
    let elsewhere = tempfile::tempdir().unwrap();
    let lacking = |error: BackupError| match error {
        BackupError::Trimmed(segments) => segments,
        other => panic!("{other:?}"),
    };
    let found = lacking(take(elsewhere.path(), "1").unwrap_err());
    assert_eq!(found, trimmed.segments);
    assert!(!elsewhere.path().join("1").exists());
    // A file that is not what it was is not taken over, and one of an older backup is.
    let second = shop.back_up("2");
    let third = shop.back_up("3");
    let file = Path::new("data/journal/0000000002.journal");
    let bytes = fs::read(third.join(file)).unwrap();
    // They share it: each gets one of its own.
    for (backup, damaged) in [(&first, false), (&second, false), (&third, true)] {
        fs::remove_file(backup.join(file)).unwrap();
        fs::write(backup.join(file), &bytes).unwrap();
        if damaged {
            flip(&backup.join(file), bytes.len() / 2);
        }
    }
    let fourth = shop.back_up("4");
    assert_eq!(backup::verify(&fourth).unwrap().1, []);
    for backup in [&first, &second, &fourth] {
        fs::remove_dir_all(backup).unwrap();
    }
    let found = lacking(take(shop.backups.path(), "5").unwrap_err());
    assert_eq!(found, [2]);
    // Nor is what is left of it ever taken for a backup of it.
    let left = shop.bench.segments()[1].clone();
    fs::remove_file(third.join(file)).unwrap();
    fs::copy(left, third.join(file)).unwrap();
    let found = lacking(take(shop.backups.path(), "6").unwrap_err());
    assert_eq!(found, [2]);
    let (_, damage) = backup::verify(&third).unwrap();
    assert_eq!(damage.len(), 1);
}

#[tokio::test]
async fn what_is_left_of_a_segment_is_no_backup_of_it_whatever_the_manifest_says() {
    let shop = Shop::new().await;
    let (backup, _) = shop.trimmed();
    let name = "journal/0000000002.journal";
    let left = fs::read(&shop.bench.segments()[1]).unwrap();
    let path = backup.join("data").join(name);
    fs::remove_file(&path).unwrap();
    fs::write(&path, &left).unwrap();
    let mut manifest = backup::manifest(&backup).unwrap();
    let entry = manifest.files.get_mut(name).unwrap();
    (entry.bytes, entry.sha256) = (left.len() as u64, Hash::digest(&left).to_string());
    let text = serde_json::to_vec(&manifest).unwrap();
    fs::write(backup.join(backup::MANIFEST), text).unwrap();
    let (_, damage) = backup::verify(&backup).unwrap();
    let [damage] = &damage[..] else {
        panic!("{damage:?}")
    };
    assert!(
        matches!(&damage.what, backup::Wrong::Journal(why) if why.contains("it is trimmed")),
        "{damage:?}"
    );
}

#[tokio::test]
async fn whoever_copies_a_journal_sees_that_it_was_trimmed_meanwhile() {
    let shop = Shop::new().await;
    let backup = shop.back_up("1");
    let cut = crate::log::journal_cut(&shop.bench.config.folder).unwrap();
    assert!(!cut.is_trimmed_since().unwrap());
    shop.try_trim(&backup, 3).unwrap();
    assert!(cut.is_trimmed_since().unwrap());
    let cut = crate::log::journal_cut(&shop.bench.config.folder).unwrap();
    assert!(!cut.is_trimmed_since().unwrap());
    shop.try_trim(&backup, 1).unwrap();
    assert!(cut.is_trimmed_since().unwrap());
}

#[tokio::test]
async fn what_a_damaged_backup_has_is_put_back_and_the_rest_from_another() {
    let shop = Shop::new().await;
    let (backup, trimmed) = shop.trimmed();
    let whole = tempfile::tempdir().unwrap();
    copy_dir(&backup, whole.path());
    let journal = backup.join("data/journal");
    flip(&journal.join("0000000002.journal"), 3_000);
    fs::remove_file(journal.join("0000000003.journal")).unwrap();
    // What is left of a segment is no segment.
    fs::copy(
        &shop.bench.segments()[3],
        journal.join("0000000004.journal"),
    )
    .unwrap();
    let back = shop.untrim(&backup);
    let left: Vec<u32> = back.left.iter().map(|(segment, _)| *segment).collect();
    assert_eq!(left, [2, 3, 4]);
    let rest = trimmed.segments.iter().copied();
    let rest: Vec<u32> = rest.filter(|segment| !left.contains(segment)).collect();
    assert_eq!(back.segments, rest);
    for (why, told) in [
        (0, "record crc32c"),
        (1, "does not have it"),
        (2, "it is trimmed"),
    ] {
        assert!(back.left[why].1.contains(told), "{:?}", back.left);
    }
    assert_eq!(shop.stubs(), left);
    shop.assert_whole(&[]).await;
    let back = shop.untrim(whole.path());
    assert_eq!((back.segments, back.left), (left, vec![]));
    fs::remove_dir_all(shop.bench.path("sled")).unwrap();
    shop.assert_whole_after_a_rebuild().await;
}

#[tokio::test]
async fn a_segment_of_another_history_is_not_put_back() {
    let shop = Shop::new().await;
    let (backup, _) = shop.trimmed();
    // The same folder, whose journal went on otherwise: it was put back, and not stopped.
    let mut forked = shop.copied();
    let id = fs::read(shop.bench.path("format")).unwrap();
    forked.bench = Bench::small();
    fs::create_dir_all(&forked.bench.config.folder).unwrap();
    fs::write(forked.bench.path("format"), id).unwrap();
    (forked.history, forked.other, forked.kept) = (vec![], vec![], vec![]);
    let log = forked.bench.open();
    grow(&log, 2, &mut forked.other, 3, 2).await;
    log.close().await.unwrap();
    drop(log);
    forked.grow(150).await;
    let other = forked.back_up("of another");
    let back = shop.untrim(&other);
    assert!(back.segments.is_empty());
    assert!(
        back.left.iter().all(|(_, why)| why.contains("state")),
        "{:?}",
        back.left
    );
    let error = forked.try_trim(&backup, 1).unwrap_err();
    assert!(matches!(error, TrimError::Lacking(_)), "{error:?}");
    shop.assert_whole(&[]).await;
}
