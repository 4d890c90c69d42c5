//! Generated histories: the embedded engine against the model.

use proptest::prelude::*;

use super::*;
use crate::log::MemoryLog;

#[derive(Clone, Debug)]
enum Step {
    /// Appends to each of these ledgers events of these lengths, in one group.
    Append(Vec<(u8, Vec<usize>)>),
    /// Appends at a head that is not the ledger's.
    Stale(u8),
    /// Raises the generation.
    Raise(u8),
    /// Waits until sled has everything.
    Settle,
    /// Ends the log and opens it again.
    Reopen(Ending),
    /// Goes on with what a killed process leaves.
    Kill,
    /// Puts sled away between two runs.
    LoseSled,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lengths = prop::collection::vec(
        prop_oneof![5 => 0usize..400, 1 => 400usize..20_000, 1 => Just(65_535)],
        1..12,
    );
    let group = prop::collection::btree_map(0u8..3, lengths, 1..3);
    let step = prop_oneof![
        12 => group.prop_map(|group| Step::Append(group.into_iter().collect())),
        1 => (0u8..3).prop_map(Step::Stale),
        1 => (0u8..3).prop_map(Step::Raise),
        3 => Just(Step::Settle),
        2 => Just(Step::Reopen(Ending::Closed)),
        2 => Just(Step::Reopen(Ending::Dropped)),
        2 => Just(Step::Kill),
        1 => Just(Step::LoseSled),
    ];
    prop::collection::vec(step, 1..25)
}

async fn run(steps: Vec<Step>) {
    let mut bench = Bench::with(|config| {
        config.segment_bytes = 100_000;
        config.ring_bytes = 50_000;
        config.verify_events_max = 40;
    });
    let model = MemoryLog::new();
    let mut log = bench.open();
    let mut lost = 0;
    for (i, step) in steps.into_iter().enumerate() {
        match step {
            Step::Append(group) => {
                let mut commits = Vec::new();
                for (n, lengths) in group {
                    let head = model.head(ledger(n), Freshness::Local).await.unwrap();
                    let new = leaves(i as u64 * 7 + u64::from(n), &lengths);
                    commits.push(LedgerCommit::new(ledger(n), head, new));
                }
                assert_same(
                    model.append(commits.clone()).await,
                    log.append(commits).await,
                );
            }
            Step::Stale(n) => {
                let head = model.head(ledger(n), Freshness::Local).await.unwrap();
                let stale = Head {
                    size: head.size + 1,
                    ..head
                };
                let commits = vec![LedgerCommit::new(ledger(n), stale, leaves(1, &[1]))];
                assert_same(
                    model.append(commits.clone()).await,
                    log.append(commits).await,
                );
            }
            Step::Raise(n) => {
                let head = model.head(ledger(n), Freshness::Local).await.unwrap();
                let commit = LedgerCommit::new(ledger(n), head, leaves(i as u64, &[9]));
                let commits = vec![LedgerCommit {
                    generation: head.generation + 1,
                    ..commit
                }];
                assert_same(
                    model.append(commits.clone()).await,
                    log.append(commits).await,
                );
            }
            Step::Settle => log.settle().await.unwrap(),
            Step::Reopen(ending) => {
                if ending == Ending::Closed {
                    log.close().await.unwrap();
                }
                drop(log);
                log = bench.open();
            }
            Step::Kill => {
                let killed = bench.killed();
                drop(log);
                bench = killed;
                log = bench.open();
                // The folder was copied file by file while sled wrote, so the copy of sled may be of no
                // one moment and then has to be rebuilt. Nothing but that, and nothing may be missing.
                lost += 1;
            }
            Step::LoseSled => {
                drop(log);
                fs::remove_dir_all(bench.path("sled")).unwrap();
                log = bench.open();
                lost += 1;
            }
        }
        compare(&model, &log).await;
    }
    let aside = kinds(&log)
        .iter()
        .filter(|kind| **kind == IntegrityKind::CopySetAside)
        .count();
    assert!(aside <= lost, "{:?}", log.integrity_events());
    assert_eq!(aside, kinds(&log).len());
    log.settle().await.unwrap();
    compare(&model, &log).await;
}

fn assert_same(expected: Vec<Outcome>, found: Vec<Outcome>) {
    assert_eq!(format!("{expected:?}"), format!("{found:?}"));
}

async fn compare(model: &MemoryLog, log: &EmbeddedLog) {
    let heads = model.heads(Freshness::Local).await;
    assert_eq!(log.heads(Freshness::Local).await, heads);
    for (ledger, head) in heads.unwrap() {
        assert_eq!(log.frontier(ledger).await, model.frontier(ledger).await);
        for limits in [
            ReadLimits::default(),
            ReadLimits {
                max_events: 5,
                max_bytes: 3_000,
            },
        ] {
            let expected = conformance::read_all(model, ledger, limits).await;
            assert_eq!(conformance::read_all(log, ledger, limits).await, expected);
        }
        let positions: Vec<u64> = (0..head.size).rev().step_by(3).collect();
        let expected = model.leaves(ledger, positions.clone()).await;
        assert_eq!(log.leaves(ledger, positions).await, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn embedded_equals_the_model_over_any_history(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
