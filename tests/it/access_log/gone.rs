//! Whoever goes away from what they asked for, or while that is recorded: it is recorded all the same.

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use daicho::access_log::{Access, AccessLog, Recording};
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::domain::id::LedgerId;
use daicho::server::Opened;
use tokio::sync::watch;

use super::{access, accesses, server};
use crate::fixture;

/// Whether there is a file anywhere below `folder`.
fn holds_a_file(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.any(|path| path.is_file() || holds_a_file(&path))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_from_what_they_asked_for_is_recorded() {
    let (server, _) = server().await;
    let mut evidence = server.evidence().await;
    // An upload of which the first message came, and no other will.
    let (frames, waiting) = tokio::sync::mpsc::channel(1);
    let file = EvidenceFile {
        ledger: "city".to_owned(),
        sha256: vec![7; 32],
        media_type: "application/pdf".to_owned(),
        size_bytes: 1_000,
    };
    let first = PutEvidenceRequest {
        frame: Some(put_evidence_request::Frame::File(file)),
    };
    frames.send(first).await.unwrap();
    let frames_of = futures::stream::unfold(waiting, |mut waiting| async {
        Some((waiting.recv().await?, waiting))
    });
    let upload = tokio::spawn(async move { evidence.put_evidence(frames_of).await });
    let files = server.folder.path().join("data").join("attachments");
    let taken_up = async {
        // A draft of it is there.
        while !holds_a_file(&files) {
            tokio::task::yield_now().await;
        }
    };
    let taken_up = tokio::time::timeout(Duration::from_secs(60), taken_up).await;
    taken_up.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    drop(frames);
    let told = async {
        loop {
            let told = accesses(&server, ListAccessRequest::default()).await;
            let of = told
                .iter()
                .find(|entry| access(entry).rpc.ends_with("/PutEvidence"));
            if let Some(entry) = of {
                return entry.clone();
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    let told = told.unwrap();
    let access = access(&told);
    assert_eq!(access.outcome(), AccessOutcome::Failed);
    let resource = access.resource.clone().unwrap();
    assert_eq!(resource.name, "07".repeat(32));
}

/// Ledgers on a disk with one ledger of facts, and what records accesses to it.
async fn recorder(folder: &Path) -> (Arc<AccessLog>, LedgerId, watch::Sender<bool>) {
    let flags = Flags {
        data: Some(folder.to_str().unwrap().to_owned()),
        ..Flags::default()
    };
    let config = Config::from_sources(&flags, |_| None).unwrap();
    let ledgers = Opened::open(&config).await.unwrap().ledgers;
    let ledger = LedgerId::new(new_id()).unwrap();
    let open = fixture::permitted("opener", fixture::opening(ledger, "city"));
    ledgers.open(open).await.unwrap();
    let (closing, closed) = watch::channel(false);
    let proofs = fixture::proofs(&ledgers);
    let log = AccessLog::new(ledgers, proofs, Recording::All, closed);
    (Arc::new(log), ledger, closing)
}

fn opened_by(actor: &str, ledger: LedgerId) -> Access {
    Access {
        ledger,
        actor: Some(fixture::permitted(actor, ()).into_parts().0),
        rpc: "daicho.v1.AdminService/OpenLedger",
        class: daicho::domain::access_log::AccessClass::Administer,
        resource: None,
        purpose: None,
        outcome: daicho::domain::access_log::AccessOutcome::Ok,
        status: 0,
        reason: None,
        policy: None,
        peer: None,
        personal: false,
        duration: Duration::ZERO,
        request_id: None,
    }
}

/// Drops `work` when it has been asked `times` times whether it is done.
async fn gone_after<T>(work: impl Future<Output = T>, times: usize) -> Option<T> {
    let (mut work, mut asked) = (pin!(work), 0);
    poll_fn(|context| {
        if asked == times {
            return Poll::Ready(None);
        }
        asked += 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Who is named in the access log, in order.
async fn named(log: &AccessLog, ledger: LedgerId) -> Vec<String> {
    let reader = log.of(ledger).unwrap();
    reader.caught_up(None).await;
    let mut who = Vec::new();
    for position in 0..reader.head().size {
        let recorded = reader.stored(position).await.unwrap().recorded;
        if recorded.event.payload.is_access() {
            who.push(recorded.actor.subject.to_string());
        }
    }
    who
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_while_an_access_log_is_opened_is_recorded_and_breaks_nothing() {
    for times in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let (log, ledger, _closing) = recorder(folder.path()).await;
        gone_after(log.record(opened_by("甲", ledger)), times).await;
        log.record(opened_by("乙", ledger)).await.unwrap();
        let both = async {
            let mut heads = log.of(ledger).unwrap().watch();
            while named(&log, ledger).await.len() < 2 {
                heads.changed().await.unwrap();
            }
        };
        let both = tokio::time::timeout(Duration::from_secs(60), both).await;
        both.unwrap_or_else(|_| panic!("gone after {times}, and not recorded"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_is_written_also_if_whoever_waits_for_it_goes_away() {
    for times in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let (log, ledger, _closing) = recorder(folder.path()).await;
        log.note(opened_by("甲", ledger));
        gone_after(log.settle(), times).await;
        log.settle().await;
        assert_eq!(named(&log, ledger).await, ["甲"], "gone after {times}");
    }
}
