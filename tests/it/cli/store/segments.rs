//! A journal of many segments, of which some are gone or seal something else.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use daicho::log::{
    CommitLog as _, EmbeddedConfig, EmbeddedLog, Head, Leaf, LedgerCommit, Outcome, ReadLimits,
};
use daicho::merkle::{Frontier, leaf_hash};
use daicho::proof::store::Copies;
use tempfile::TempDir;

use super::Left;
use super::forge::{self, Segment};
use crate::cli::bundles::copy_folder;

/// The same events in a journal of many segments.
pub(super) async fn in_segments(left: &Left) -> TempDir {
    let (source, copy) = (left.copy(), tempfile::tempdir().unwrap());
    let now = || Arc::new(|| 0_i64) as daicho::log::embedded::NowUs;
    let log = EmbeddedLog::open(EmbeddedConfig::new(source.path(), now())).unwrap();
    let mut config = EmbeddedConfig::new(copy.path(), now());
    config.segment_bytes = 32 * 1024;
    config.pack = false;
    let segmented = EmbeddedLog::open(config).unwrap();
    let ledger = log.ledgers().await.unwrap()[0];
    let kept = log.checkpoints(ledger, 0..=u64::MAX, 1_000).await.unwrap();
    let mut head = Head::EMPTY;
    while head.size < left.size {
        let chunk = log
            .read(ledger, head.size, ReadLimits::events(10))
            .await
            .unwrap();
        let leaves = chunk.leaves().map(|(_, leaf)| Leaf::new(leaf)).collect();
        let commit = LedgerCommit::new(ledger, head, leaves);
        let outcome = segmented.append(vec![commit]).await.pop().unwrap();
        let Outcome::Committed(after) = outcome else {
            panic!("{outcome:?}")
        };
        let sizes = head.size + 1..=after.size;
        for kept in kept.iter().filter(|kept| sizes.contains(&kept.size)) {
            segmented.keep_checkpoint(kept.clone()).await.unwrap();
        }
        head = after;
    }
    segmented.settle().await.unwrap();
    segmented.close().await.unwrap();
    log.close().await.unwrap();
    for name in ["keys", "checkpoints"] {
        copy_folder(&source.path().join(name), &copy.path().join(name));
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_gone_or_that_seals_something_else_is_found() {
    let left = Left::new();
    let whole = in_segments(&left).await;
    let found = left.verify(whole.path());
    assert!(found.is_sound(), "{found:?}");
    let segments = fs::read_dir(whole.path().join("journal")).unwrap().count() as u64;
    assert!(4 < segments, "{segments}");
    let path = |data: &Path, number: u64| data.join(format!("journal/{number:010}.journal"));
    let first_of = |number: u64| {
        let segment = Segment::read(&path(whole.path(), number));
        let groups = segment.records.iter().find(|record| record.kind == 1);
        groups.map(|group| forge::Section::decode(&group.body).first)
    };
    for number in [1, 2, segments - 1] {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(whole.path(), copy.path());
        fs::remove_file(path(copy.path(), number)).unwrap();
        let found = left.verify(copy.path());
        let first = first_of(number).map(|first| (first, first));
        assert_eq!(
            found.ledgers[0].report.first_bad(),
            first,
            "{number}: {found:?}"
        );
        assert_eq!(
            found.ledgers[0].copies,
            Copies::CopyWhole,
            "{number}: {found:?}"
        );
    }
    // The last ones, so that nothing behind tells of them.
    let copy = tempfile::tempdir().unwrap();
    copy_folder(whole.path(), copy.path());
    for number in [segments - 1, segments] {
        fs::remove_file(path(copy.path(), number)).unwrap();
    }
    let found = left.verify(copy.path());
    let first = first_of(segments - 1).map(|first| (first, first));
    assert_eq!(found.ledgers[0].report.first_bad(), first, "{found:?}");
    // Bytes of a sealed segment, and a record of it that was written anew without its seal.
    for at in [70, 500, 20_000] {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(whole.path(), copy.path());
        let file = path(copy.path(), 2);
        let mut bytes = fs::read(&file).unwrap();
        bytes[at] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert!(!left.verify(copy.path()).is_sound(), "{at}");
    }
    let copy = tempfile::tempdir().unwrap();
    copy_folder(whole.path(), copy.path());
    let mut segment = Segment::read(&path(copy.path(), 2));
    let group = segment
        .records
        .iter()
        .position(|record| record.kind == 1)
        .unwrap();
    let mut section = forge::Section::decode(&segment.records[group].body);
    *section.leaves[0].last_mut().unwrap() ^= 1;
    let mut frontier = Frontier::new();
    section
        .leaves
        .iter()
        .for_each(|leaf| frontier.push(leaf_hash(leaf)));
    segment.records[group].body = section.encode();
    segment.write();
    let found = left.verify(copy.path());
    let first = section.first;
    assert_eq!(
        found.ledgers[0].report.first_bad(),
        Some((first, first)),
        "{found:?}"
    );
    assert_eq!(found.ledgers[0].copies, Copies::CopyWhole, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_the_content_of_events_that_neither_copy_has() {
    let left = Left::new();
    let data = in_segments(&left).await;
    fs::remove_file(data.path().join("journal/0000000002.journal")).unwrap();
    fs::remove_dir_all(data.path().join("sled")).unwrap();
    let told = left.run(data.path(), "--policy @policy --lang en --json");
    assert_eq!(told.code, 1, "{told:?}");
    let content = &told.json()["content"];
    assert_eq!(content["outcome"], "UNDECIDED", "{content}");
    assert!(
        content["sentence"]
            .as_str()
            .unwrap()
            .contains("neither copy"),
        "{content}"
    );
}
