//! The promises of [`CommitLog`] and [`DerivedStore`] as rules that every engine passes.
//!
//! An engine's tests implement [`Workshop`] and run [`suite`], which panics at the first broken
//! promise. Only the traits are used, so the rules hold for engines that are yet to come.

mod rules;

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::domain::id::LedgerId;
use crate::log::{
    Checkpoint, CommitLog, DerivedStore, Freshness, Head, Leaf, LedgerCommit, Outcome, ReadLimits,
};
use crate::merkle::{Frontier, Hash};

/// A log under test.
#[derive(Clone)]
pub struct Opened {
    /// The log.
    pub log: Arc<dyn CommitLog>,
    /// The derived records beside it.
    pub derived: Arc<dyn DerivedStore>,
}

/// How a log ends before it is opened again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// By [`CommitLog::close`].
    Closed,
    /// Without a word, as in a crash.
    Dropped,
}

/// Makes logs for the suite.
pub trait Workshop: Send {
    /// A log without ledgers.
    fn fresh(&mut self) -> Opened;

    /// Ends `opened`, which nobody else holds, and opens what it stored.
    fn reopen(&mut self, opened: Opened, ending: Ending) -> BoxFuture<'_, Opened>;
}

/// Runs every rule, each on a fresh log.
pub async fn suite(workshop: &mut dyn Workshop) {
    rules::new_ledger_opens_at_the_empty_head(workshop.fresh()).await;
    rules::head_is_the_root_over_all_leaves(workshop.fresh()).await;
    rules::stale_commit_stores_nothing(workshop.fresh()).await;
    rules::commits_of_a_group_stand_for_themselves(workshop.fresh()).await;
    rules::commit_that_breaks_a_limit_stores_nothing(workshop.fresh()).await;
    rules::one_of_two_overlapping_commits_of_a_ledger_is_stored(workshop.fresh()).await;
    rules::overlapping_groups_of_different_ledgers_are_all_stored(workshop.fresh()).await;
    rules::dropped_append_is_stored_whole_or_not_at_all(workshop.fresh()).await;
    rules::reads_are_contiguous_within_any_limits(workshop.fresh()).await;
    rules::single_leaves_come_in_the_order_asked_for(workshop.fresh()).await;
    rules::checkpoints_are_kept_and_the_newest_of_a_size_is_read(workshop.fresh()).await;
    rules::checkpoint_that_disagrees_is_not_kept(workshop.fresh()).await;
    rules::generation_rises_and_fences(workshop.fresh()).await;
    rules::closed_log_refuses(workshop.fresh()).await;
    rules::derived_records_are_ordered_and_apart(workshop.fresh()).await;
    rules::derived_batch_keeps_its_limits();
    for ending in [Ending::Closed, Ending::Dropped] {
        rules::history_survives_reopening(workshop, ending).await;
        rules::checkpoints_survive_reopening(workshop, ending).await;
    }
}

/// A ledger id for tests.
pub fn ledger(n: u8) -> LedgerId {
    LedgerId::from_bytes(&[n.wrapping_add(1).max(1); 16]).expect("neither nil nor max")
}

/// `lengths.len()` leaves that differ from each other and from those made with another `seed`.
pub fn leaves(seed: u64, lengths: &[usize]) -> Vec<Leaf> {
    let leaf = |(i, &length): (usize, &usize)| {
        let mut state = (seed << 20) ^ i as u64 ^ 0x9e37_79b9_7f4a_7c15;
        let mut byte = || {
            // splitmix64: half of the bytes repeat, so that leaves compress as real ones do.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            if mixed & 0x100 == 0 {
                b'a'
            } else {
                (mixed >> 32) as u8
            }
        };
        Leaf::new((0..length).map(|_| byte()).collect::<Vec<u8>>())
    };
    lengths.iter().enumerate().map(leaf).collect()
}

/// A checkpoint for tests, whose note tells it from others.
pub fn signed(n: u8, size: u64, root: Hash) -> Checkpoint {
    Checkpoint {
        ledger: ledger(n),
        size,
        root,
        note: Bytes::from(format!("ledger {n} had {root} at {size}")),
    }
}

/// The head that `history` leads to.
pub fn head_over(generation: u64, history: &[Leaf]) -> Head {
    let frontier: Frontier = history.iter().map(|leaf| leaf.hash).collect();
    Head {
        generation,
        size: frontier.size(),
        root: frontier.root(),
    }
}

/// Appends to one ledger and tells the new head; panics if the commit is not stored.
pub async fn commit(log: &dyn CommitLog, ledger: LedgerId, expected: Head, new: &[Leaf]) -> Head {
    let commit = LedgerCommit::new(ledger, expected, new.to_vec());
    match only(log.append(vec![commit]).await) {
        Outcome::Committed(head) => head,
        other => panic!("not committed: {other:?}"),
    }
}

/// Reads the whole of a ledger in steps of `limits` and checks that the steps meet.
pub async fn read_all(log: &dyn CommitLog, ledger: LedgerId, limits: ReadLimits) -> Vec<Bytes> {
    let mut found = Vec::new();
    loop {
        let from = found.len() as u64;
        let chunk = log
            .read(ledger, from, limits)
            .await
            .expect("a committed range is readable");
        assert_eq!(chunk.first(), from);
        assert!(chunk.count() <= limits.max_events.max(1));
        assert!(chunk.framed().len() <= limits.max_bytes || chunk.count() == 1);
        if chunk.is_empty() {
            return found;
        }
        let next = chunk.next();
        found.extend(chunk.leaves().map(|(_, leaf)| leaf));
        assert_eq!(found.len() as u64, next);
    }
}

/// Checks that a ledger holds `history` and nothing else, by every way of reading.
pub async fn assert_holds(log: &dyn CommitLog, ledger: LedgerId, history: &[Leaf]) {
    let bytes: Vec<Bytes> = history.iter().map(|leaf| leaf.bytes.clone()).collect();
    let limits = [
        ReadLimits::default(),
        ReadLimits::events(7),
        ReadLimits::bytes(1_000),
    ];
    for limits in limits {
        assert_eq!(read_all(log, ledger, limits).await, bytes, "{limits:?}");
    }
    let positions: Vec<u64> = (0..history.len() as u64).step_by(5).collect();
    let expected: Vec<Bytes> = bytes.iter().step_by(5).cloned().collect();
    assert_eq!(log.leaves(ledger, positions).await.as_ref(), Ok(&expected));
    let head = log
        .head(ledger, Freshness::Linearizable)
        .await
        .expect("heads are readable");
    assert_eq!(head, head_over(head.generation, history));
    let frontier = log.frontier(ledger).await.expect("frontiers are readable");
    assert_eq!((frontier.size(), frontier.root()), (head.size, head.root));
}

fn only(outcomes: Vec<Outcome>) -> Outcome {
    let [outcome] = <[Outcome; 1]>::try_from(outcomes).expect("one outcome for one commit");
    outcome
}

#[cfg(test)]
mod tests {
    use futures::future::FutureExt;

    use super::*;
    use crate::log::MemoryLog;

    struct Memory;

    impl Workshop for Memory {
        fn fresh(&mut self) -> Opened {
            let log = Arc::new(MemoryLog::new());
            Opened {
                log: log.clone(),
                derived: log,
            }
        }

        fn reopen(&mut self, opened: Opened, _ending: Ending) -> BoxFuture<'_, Opened> {
            async move { opened }.boxed()
        }
    }

    #[tokio::test]
    async fn memory_keeps_the_promises() {
        suite(&mut Memory).await;
    }
}
