//! Every single step of the journal fails once: not done, half done, and done but reported failed.

use super::*;
use crate::log::journal::files::faults::{Faulty, Left, Step};

/// Appends until something fails, for a while. Tells the committed history, and what was in flight when the log failed.
async fn until_failure(log: &EmbeddedLog) -> (Vec<Leaf>, Option<Vec<Leaf>>) {
    let mut history: Vec<Leaf> = Vec::new();
    for step in 0..40 {
        let new = leaves(step, &[300; 5]);
        let expected = head_over(1, &history);
        let commit = LedgerCommit::new(ledger(1), expected, new.clone());
        match log.append(vec![commit]).await.remove(0) {
            Outcome::Committed(head) => {
                history.extend(new);
                assert_eq!(head, head_over(1, &history));
            }
            Outcome::Unknown(LogFault::Storage(_)) => return (history, Some(new)),
            // It failed where nobody waited.
            Outcome::Refused(LogFault::Storage(_)) => return (history, Some(vec![])),
            other => panic!("{other:?}"),
        }
    }
    (history, None)
}

async fn assert_final(log: &EmbeddedLog, history: &[Leaf]) {
    assert!(matches!(log.health(), Health::Poisoned(_)));
    for _ in 0..2 {
        let late = LedgerCommit::new(ledger(2), Head::EMPTY, leaves(99, &[1]));
        let outcome = log.append(vec![late]).await.remove(0);
        assert!(
            matches!(outcome, Outcome::Refused(LogFault::Storage(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(kinds(log), [IntegrityKind::Poisoned]);
    assert_holds(log, 1, history).await;
    assert!(log.settle().await.is_err());
}

#[tokio::test]
async fn failed_step_is_final_and_loses_nothing_acknowledged() {
    failed_step_is_final(0).await;
}

/// Which steps are the filler's is a matter of time; whichever fails, the same holds.
#[tokio::test]
async fn failed_step_is_final_while_the_journal_is_filled_ahead() {
    failed_step_is_final(8 * 1024 * 1024).await;
}

async fn failed_step_is_final(room_bytes: u64) {
    let faults = Faulty::default();
    let bench = Bench::with(|config| {
        config.segment_bytes = 8 * 1024;
        config.room_bytes = room_bytes;
        config.files = Arc::new(faults.clone());
    });
    drop(bench.open());
    let begun = faults.steps();
    until_steps(&bench, &faults).await;
    let all = faults.steps() - begun;
    assert!(all > 30, "writes, syncs, seals, and segments begun: {all}");

    for n in 0..30 {
        for left in [Left::Nothing, Left::Half, Left::Everything] {
            let faults = Faulty::default();
            let mut bench = Bench::with(|config| {
                config.segment_bytes = 8 * 1024;
                config.room_bytes = room_bytes;
                config.files = Arc::new(faults.clone());
            });
            let log = bench.open();
            faults.fail_in(n, left);
            let (history, in_flight) = until_failure(&log).await;
            let is_final = in_flight.is_some();
            match is_final {
                true => assert_final(&log, &history).await,
                // The filler does without a file that it cannot make.
                false => {
                    assert_eq!((faults.failed(), kinds(&log)), (Some(Step::Create), vec![]));
                    assert!(0 < room_bytes);
                }
            }
            drop(log);

            bench.config.files = Arc::new(Disk);
            let log = bench.open();
            assert_eq!(log.health(), Health::Ready);
            let head = log.head(ledger(1), Freshness::Local).await.unwrap();
            let mut found = history.clone();
            if head.size > history.len() as u64 {
                found.extend(in_flight.unwrap_or_default());
            }
            assert_holds(&log, 1, &found).await;
            let repairs = kinds(&log);
            assert_eq!(repairs.first() == Some(&IntegrityKind::Poisoned), is_final);
            assert!(
                repairs[usize::from(is_final)..]
                    .iter()
                    .all(|kind| *kind == IntegrityKind::TornTailDropped),
                "step {n}, {left:?}: {:?}",
                log.integrity_events()
            );
            grow(&log, 1, &mut found, 3, 3).await;
            log.settle().await.unwrap();
            assert_holds(&log, 1, &found).await;
        }
    }
}

async fn until_steps(bench: &Bench, faults: &Faulty) {
    let log = bench.open();
    let mut history = vec![];
    let before = faults.steps();
    while faults.steps() < before + 40 {
        grow(&log, 1, &mut history, 1, 5).await;
    }
}

#[tokio::test]
async fn failed_checkpoint_is_final() {
    let bench = Bench::new();
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 3, 3).await;
    fs::write(
        bench.path("sled/blobs/123"),
        b"a value that sled never syncs",
    )
    .unwrap();
    assert!(log.settle().await.is_err());
    assert!(matches!(log.health(), Health::Poisoned(_)));
    assert_holds(&log, 1, &history).await;
    drop(log);
    assert_holds(&bench.open(), 1, &history).await;
}

#[tokio::test]
async fn closing_a_poisoned_log_tells_so_and_frees_the_folder() {
    let faults = Faulty::default();
    let bench = Bench::with(|config| config.files = Arc::new(faults.clone()));
    let log = bench.open();
    faults.fail_in(0, Left::Nothing);
    let (history, in_flight) = until_failure(&log).await;
    assert!(in_flight.is_some());
    assert!(log.close().await.is_err());
    let log = bench.open();
    assert_holds(&log, 1, &history).await;
}
