//! The rules, one function each: its name is the promise.

use bytes::Bytes;

use crate::log::conformance::{
    Ending, Opened, Workshop, assert_holds, commit, head_over, leaves, ledger, only, read_all,
    signed,
};
use crate::log::{
    Checkpoint, DerivedBatch, DerivedRange, Freshness, Head, Health, InvalidCommit, InvalidDerived,
    Leaf, LedgerCommit, LogFault, Outcome, ReadError, ReadLimits,
};

pub(super) async fn new_ledger_opens_at_the_empty_head(opened: Opened) {
    let log = &*opened.log;
    assert_eq!(log.health(), Health::Ready);
    assert_eq!(log.heads(Freshness::Linearizable).await, Ok(vec![]));
    assert_eq!(log.head(ledger(1), Freshness::Local).await, Ok(Head::EMPTY));
    assert_holds(log, ledger(1), &[]).await;
    let new = leaves(1, &[300]);
    let head = commit(log, ledger(1), Head::EMPTY, &new).await;
    assert_eq!(head, head_over(1, &new));
    assert_eq!(log.ledgers().await, Ok(vec![ledger(1)]));
    assert_eq!(log.head(ledger(2), Freshness::Local).await, Ok(Head::EMPTY));
}

pub(super) async fn head_is_the_root_over_all_leaves(opened: Opened) {
    let log = &*opened.log;
    let mut history: Vec<Leaf> = Vec::new();
    let mut head = Head::EMPTY;
    for step in 0..20 {
        let new = leaves(step, &vec![40; 1 + step as usize % 4]);
        history.extend_from_slice(&new);
        head = commit(log, ledger(1), head, &new).await;
        assert_eq!(head, head_over(1, &history));
        assert_eq!(
            log.head(ledger(1), Freshness::Local).await,
            Ok(head),
            "own writes"
        );
    }
    assert_holds(log, ledger(1), &history).await;
}

pub(super) async fn stale_commit_stores_nothing(opened: Opened) {
    let log = &*opened.log;
    let first = leaves(1, &[10, 20]);
    let head = commit(log, ledger(1), Head::EMPTY, &first).await;
    let other_root = head_over(1, &leaves(2, &[10, 20]));
    let stale = [
        Head::EMPTY,
        Head { size: 3, ..head },
        Head {
            generation: 2,
            ..head
        },
        other_root,
        Head {
            size: 1,
            ..head_over(1, &first[..1])
        },
    ];
    for expected in stale {
        let commit = LedgerCommit::new(ledger(1), expected, leaves(3, &[30]));
        match only(log.append(vec![commit]).await) {
            Outcome::Conflict(actual) => assert_eq!(actual, head),
            other => panic!("stored at {expected:?}: {other:?}"),
        }
    }
    let unopened = LedgerCommit::new(ledger(2), head, leaves(3, &[30]));
    match only(log.append(vec![unopened]).await) {
        Outcome::Conflict(actual) => assert_eq!(actual, Head::EMPTY),
        other => panic!("opened by a commit that expects a history: {other:?}"),
    }
    assert_holds(log, ledger(1), &first).await;
    assert_eq!(log.ledgers().await, Ok(vec![ledger(1)]));
}

pub(super) async fn commits_of_a_group_stand_for_themselves(opened: Opened) {
    let log = &*opened.log;
    let head = commit(log, ledger(1), Head::EMPTY, &leaves(1, &[5])).await;
    let group = vec![
        LedgerCommit::new(ledger(1), Head::EMPTY, leaves(2, &[5])),
        LedgerCommit::new(ledger(2), Head::EMPTY, leaves(3, &[6, 7])),
        LedgerCommit::new(ledger(2), Head::EMPTY, leaves(4, &[8])),
        LedgerCommit::new(ledger(3), Head::EMPTY, vec![]),
        LedgerCommit::new(ledger(4), Head::EMPTY, leaves(5, &[9])),
    ];
    let outcomes = log.append(group).await;
    assert_eq!(outcomes.len(), 5);
    assert!(matches!(outcomes[0], Outcome::Conflict(actual) if actual == head));
    assert!(matches!(outcomes[1], Outcome::Committed(head) if head.size == 2));
    let second_of_its_ledger = &outcomes[2];
    assert!(matches!(
        second_of_its_ledger,
        Outcome::Conflict(_) | Outcome::Refused(LogFault::InFlight)
    ));
    assert!(matches!(
        outcomes[3],
        Outcome::Refused(LogFault::Invalid(InvalidCommit::Empty))
    ));
    assert!(matches!(outcomes[4], Outcome::Committed(head) if head.size == 1));
    assert_holds(log, ledger(2), &leaves(3, &[6, 7])).await;
    assert_eq!(
        log.ledgers().await,
        Ok(vec![ledger(1), ledger(2), ledger(4)])
    );
    assert!(log.append(vec![]).await.is_empty());
}

pub(super) async fn commit_that_breaks_a_limit_stores_nothing(opened: Opened) {
    let log = &*opened.log;
    let longest = leaves(1, &[Leaf::BYTES_MAX, 0]);
    let head = commit(log, ledger(1), Head::EMPTY, &longest).await;
    let too_many = vec![leaves(1, &[0]).remove(0); LedgerCommit::GROUP_EVENTS_MAX + 1];
    let too_long = vec![longest[0].clone(); LedgerCommit::GROUP_BYTES_MAX / Leaf::BYTES_MAX + 1];
    let falling = LedgerCommit {
        generation: 0,
        ..LedgerCommit::new(ledger(1), head, leaves(2, &[1]))
    };
    let cases = [
        (
            LedgerCommit::new(ledger(1), head, vec![]),
            InvalidCommit::Empty,
        ),
        (
            LedgerCommit::new(ledger(1), head, leaves(1, &[Leaf::BYTES_MAX + 1])),
            InvalidCommit::LeafTooLong {
                bytes: Leaf::BYTES_MAX + 1,
            },
        ),
        (
            LedgerCommit::new(ledger(1), head, too_many),
            InvalidCommit::TooManyLeaves,
        ),
        (
            LedgerCommit::new(ledger(1), head, too_long),
            InvalidCommit::GroupTooLong,
        ),
        (falling, InvalidCommit::GenerationFalls),
    ];
    for (commit, expected) in cases {
        match only(log.append(vec![commit]).await) {
            Outcome::Refused(LogFault::Invalid(found)) => assert_eq!(found, expected),
            other => panic!("instead of {expected:?}: {other:?}"),
        }
    }
    assert_holds(log, ledger(1), &longest).await;
}

pub(super) async fn one_of_two_overlapping_commits_of_a_ledger_is_stored(opened: Opened) {
    let log = &*opened.log;
    let mut history: Vec<Leaf> = Vec::new();
    let mut head = Head::EMPTY;
    for round in 0..8 {
        let rivals = [leaves(2 * round, &[10, 10]), leaves(2 * round + 1, &[11])];
        let append =
            |new: &Vec<Leaf>| log.append(vec![LedgerCommit::new(ledger(1), head, new.clone())]);
        let (one, other) = futures::join!(append(&rivals[0]), append(&rivals[1]));
        let outcomes = [only(one), only(other)];
        let stored: Vec<usize> = (0..2)
            .filter(|&i| matches!(outcomes[i], Outcome::Committed(_)))
            .collect();
        assert_eq!(stored.len(), 1, "{outcomes:?}");
        let lost = &outcomes[1 - stored[0]];
        assert!(
            matches!(
                lost,
                Outcome::Conflict(_) | Outcome::Refused(LogFault::InFlight)
            ),
            "{lost:?}"
        );
        history.extend_from_slice(&rivals[stored[0]]);
        head = head_over(1, &history);
    }
    assert_holds(log, ledger(1), &history).await;
}

pub(super) async fn overlapping_groups_of_different_ledgers_are_all_stored(opened: Opened) {
    let log = &*opened.log;
    let mut heads = [Head::EMPTY; 12];
    for round in 0..5u64 {
        let append = |n: usize| {
            let new = leaves(round * 100 + n as u64, &vec![50; 1 + n]);
            let commit = LedgerCommit::new(ledger(n as u8), heads[n], new);
            async move { only(log.append(vec![commit]).await) }
        };
        let outcomes = futures::future::join_all((0..12).map(append)).await;
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Committed(head) => heads[n] = head,
                other => panic!("ledger {n}: {other:?}"),
            }
        }
    }
    for n in 0..12 {
        let history: Vec<Leaf> = (0..5)
            .flat_map(|round| leaves(round * 100 + n as u64, &vec![50; 1 + n]))
            .collect();
        assert_holds(log, ledger(n as u8), &history).await;
    }
    let expected: Vec<_> = (0..12).map(|n| (ledger(n as u8), heads[n])).collect();
    assert_eq!(
        log.heads(Freshness::Linearizable).await,
        Ok(expected),
        "by id"
    );
}

pub(super) async fn dropped_append_is_stored_whole_or_not_at_all(opened: Opened) {
    let log = &*opened.log;
    let mut history: Vec<Leaf> = Vec::new();
    for round in 0..10 {
        let head = head_over(1, &history);
        let new = leaves(round, &[20, 20, 20]);
        drop(log.append(vec![LedgerCommit::new(ledger(1), head, new.clone())]));
        // Whatever became of it, the next commit settles: stored after it, or told of it.
        let probe = leaves(100 + round, &[1]);
        let settled = loop {
            let commit = LedgerCommit::new(ledger(1), head, probe.clone());
            match only(log.append(vec![commit]).await) {
                Outcome::Committed(_) => break probe,
                Outcome::Conflict(_) => break new,
                Outcome::Refused(LogFault::InFlight) => tokio::task::yield_now().await,
                other => panic!("{other:?}"),
            }
        };
        history.extend(settled);
        assert_holds(log, ledger(1), &history).await;
    }
}

pub(super) async fn reads_are_contiguous_within_any_limits(opened: Opened) {
    let log = &*opened.log;
    let mut history: Vec<Leaf> = Vec::new();
    let lengths = [0, 1, 300, 127, 128, 5_000, 16_384, 65_535, 60_000, 2];
    for step in 0..30 {
        let new = leaves(step, &lengths[..1 + step as usize % lengths.len()]);
        commit(log, ledger(1), head_over(1, &history), &new).await;
        history.extend(new);
    }
    let bytes: Vec<Bytes> = history.iter().map(|leaf| leaf.bytes.clone()).collect();
    for max_events in [0, 1, 3, 1_000] {
        for max_bytes in [0, 1, 500, 70_000, usize::MAX] {
            let limits = ReadLimits {
                max_events,
                max_bytes,
            };
            assert_eq!(read_all(log, ledger(1), limits).await, bytes, "{limits:?}");
        }
    }
    let size = history.len() as u64;
    let end = log
        .read(ledger(1), size, ReadLimits::default())
        .await
        .expect("the end is readable");
    assert!(end.is_empty() && end.next() == size);
    for from in [size + 1, u64::MAX] {
        let beyond = log.read(ledger(1), from, ReadLimits::default()).await;
        assert_eq!(beyond, Err(ReadError::BeyondEnd { size }));
    }
    let unopened = log.read(ledger(2), 1, ReadLimits::default()).await;
    assert_eq!(unopened, Err(ReadError::BeyondEnd { size: 0 }));
}

pub(super) async fn single_leaves_come_in_the_order_asked_for(opened: Opened) {
    let log = &*opened.log;
    let history = leaves(1, &[100; 50]);
    commit(log, ledger(1), Head::EMPTY, &history).await;
    let asked = vec![49, 0, 7, 7, 12];
    let expected: Vec<Bytes> = asked
        .iter()
        .map(|&at| history[at as usize].bytes.clone())
        .collect();
    assert_eq!(log.leaves(ledger(1), asked).await, Ok(expected));
    assert_eq!(log.leaf(ledger(1), 3).await.as_ref(), Ok(&history[3].bytes));
    let beyond = Err(ReadError::BeyondEnd { size: 50 });
    assert_eq!(log.leaves(ledger(1), vec![0, 50]).await, beyond);
    assert_eq!(
        log.leaf(ledger(2), 0).await,
        Err(ReadError::BeyondEnd { size: 0 })
    );
}

pub(super) async fn generation_rises_and_fences(opened: Opened) {
    let log = &*opened.log;
    let before = commit(log, ledger(1), Head::EMPTY, &leaves(1, &[9])).await;
    let raise = LedgerCommit {
        generation: 4,
        ..LedgerCommit::new(ledger(1), before, leaves(2, &[9]))
    };
    let raised = match only(log.append(vec![raise]).await) {
        Outcome::Committed(head) => head,
        other => panic!("{other:?}"),
    };
    assert_eq!((raised.generation, raised.size), (4, 2));
    let slept = LedgerCommit::new(
        ledger(1),
        Head {
            generation: 1,
            ..raised
        },
        leaves(3, &[9]),
    );
    let outcome = only(log.append(vec![slept]).await);
    assert!(
        matches!(outcome, Outcome::Conflict(actual) if actual == raised),
        "{outcome:?}"
    );
    assert_eq!(
        commit(log, ledger(1), raised, &leaves(3, &[9]))
            .await
            .generation,
        4
    );
}

pub(super) async fn checkpoints_are_kept_and_the_newest_of_a_size_is_read(opened: Opened) {
    let log = &*opened.log;
    assert_eq!(log.checkpoint_up_to(ledger(1), 9).await, Ok(None));
    let mut history = Vec::new();
    let mut kept = Vec::new();
    for step in 0..6 {
        let new = leaves(step, &[50, 60]);
        let head = commit(log, ledger(1), head_over(1, &history), &new).await;
        history.extend(new);
        kept.push(signed(1, head.size, head.root));
        let latest = kept[kept.len() - 1].clone();
        assert_eq!(log.keep_checkpoint(latest.clone()).await, Ok(()));
        let found = log.checkpoint_up_to(ledger(1), u64::MAX).await;
        assert_eq!(found, Ok(Some(latest)), "own writes");
    }
    // Behind the head, at a size that no commit ended at.
    let between = signed(1, 3, head_over(1, &history[..3]).root);
    assert_eq!(log.keep_checkpoint(between.clone()).await, Ok(()));
    kept.insert(1, between);
    kept[2].note = cosigned(&kept[2].note);
    assert_eq!(log.keep_checkpoint(kept[2].clone()).await, Ok(()));

    let found = async |sizes, limit| log.checkpoints(ledger(1), sizes, limit).await;
    assert_eq!(found(0..=u64::MAX, 99).await, Ok(kept.clone()));
    assert_eq!(found(0..=u64::MAX, 2).await, Ok(kept[..2].to_vec()));
    assert_eq!(found(3..=6, 99).await, Ok(kept[1..4].to_vec()));
    assert_eq!(found(5..=5, 99).await, Ok(vec![]));
    #[expect(clippy::reversed_empty_ranges, reason = "nothing lies between")]
    let none = 6..=3;
    assert_eq!(found(none, 99).await, Ok(vec![]));
    let up_to = async |size| log.checkpoint_up_to(ledger(1), size).await;
    assert_eq!(up_to(1).await, Ok(None));
    assert_eq!(up_to(3).await, Ok(Some(kept[1].clone())));
    assert_eq!(up_to(5).await, Ok(Some(kept[2].clone())));
    let other = log.checkpoints(ledger(2), 0..=u64::MAX, 99).await;
    assert_eq!(other, Ok(vec![]), "apart");
}

/// A note with one more signature.
fn cosigned(note: &[u8]) -> Bytes {
    Bytes::from([note, b"one more signature\n"].concat())
}

pub(super) async fn checkpoint_that_disagrees_is_not_kept(opened: Opened) {
    let log = &*opened.log;
    let history = leaves(1, &[50, 60]);
    let head = commit(log, ledger(1), Head::EMPTY, &history).await;
    let disagrees = Err(LogFault::Invalid(InvalidCommit::CheckpointDisagrees));
    let other_root = head_over(1, &history[..1]).root;
    for (n, size, root) in [(1, 3, head.root), (1, 2, other_root), (2, 2, head.root)] {
        assert_eq!(log.keep_checkpoint(signed(n, size, root)).await, disagrees);
    }
    let note = Bytes::from(vec![b'n'; Checkpoint::NOTE_BYTES_MAX + 1]);
    let long = Checkpoint {
        note,
        ..signed(1, 2, head.root)
    };
    let bytes = long.note.len();
    let too_long = Err(LogFault::Invalid(InvalidCommit::NoteTooLong { bytes }));
    assert_eq!(log.keep_checkpoint(long).await, too_long);
    assert_eq!(log.checkpoint_up_to(ledger(1), u64::MAX).await, Ok(None));
}

pub(super) async fn checkpoints_survive_reopening(workshop: &mut dyn Workshop, ending: Ending) {
    let mut opened = workshop.fresh();
    let (mut history, mut kept) = (Vec::new(), Vec::new());
    for round in 0..6u64 {
        for _ in 0..3 {
            let new = leaves(round, &[700; 40]);
            let head = commit(&*opened.log, ledger(1), head_over(1, &history), &new).await;
            history.extend(new);
            kept.push(signed(1, head.size, head.root));
            let last = kept[kept.len() - 1].clone();
            assert_eq!(opened.log.keep_checkpoint(last).await, Ok(()));
        }
        // One of this round, and one that lies far behind the head by now.
        for index in [kept.len() - 2, kept.len() / 3] {
            kept[index].note = cosigned(&kept[index].note);
            let again = opened.log.keep_checkpoint(kept[index].clone());
            assert_eq!(again.await, Ok(()));
        }
        opened = workshop.reopen(opened, ending).await;
        let found = opened.log.checkpoints(ledger(1), 0..=u64::MAX, 99).await;
        assert_eq!(found, Ok(kept.clone()));
        let last = opened.log.checkpoint_up_to(ledger(1), u64::MAX).await;
        assert_eq!(last, Ok(kept.last().cloned()));
    }
}

pub(super) async fn closed_log_refuses(opened: Opened) {
    let log = &*opened.log;
    let head = commit(log, ledger(1), Head::EMPTY, &leaves(1, &[9])).await;
    assert_eq!(log.close().await, Ok(()));
    assert_eq!(log.close().await, Ok(()), "closing twice changes nothing");
    let late = LedgerCommit::new(ledger(1), head, leaves(2, &[9]));
    let outcome = only(log.append(vec![late]).await);
    assert!(
        matches!(outcome, Outcome::Refused(LogFault::Closed)),
        "{outcome:?}"
    );
    assert_eq!(
        log.keep_checkpoint(signed(1, 1, head.root)).await,
        Err(LogFault::Closed)
    );
    assert_eq!(
        log.checkpoint_up_to(ledger(1), 1).await,
        Err(ReadError::Closed)
    );
    assert_eq!(log.leaf(ledger(1), 0).await, Err(ReadError::Closed));
    assert_eq!(log.heads(Freshness::Local).await, Err(ReadError::Closed));
    assert_eq!(log.health(), Health::Closed);
    assert!(opened.derived.get(ledger(1), b"key").is_err());
}

pub(super) async fn history_survives_reopening(workshop: &mut dyn Workshop, ending: Ending) {
    let mut opened = workshop.fresh();
    let mut histories = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..6u64 {
        for (n, history) in histories.iter_mut().enumerate() {
            let new = leaves(round * 10 + n as u64, &vec![700; 1 + 60 * n]);
            let head = head_over(1, history);
            commit(&*opened.log, ledger(n as u8), head, &new).await;
            history.extend(new);
        }
        opened = workshop.reopen(opened, ending).await;
        assert_eq!(opened.log.health(), Health::Ready);
        for (n, history) in histories.iter().enumerate() {
            assert_holds(&*opened.log, ledger(n as u8), history).await;
        }
    }
}

pub(super) async fn derived_records_are_ordered_and_apart(opened: Opened) {
    let store = &*opened.derived;
    let put = |pairs: &[(&'static [u8], &'static str)]| {
        let mut batch = DerivedBatch::new();
        for (key, value) in pairs {
            batch
                .put(*key, value.as_bytes())
                .expect("within the limits");
        }
        batch
    };
    let keys = |range: &DerivedRange, limit| -> Vec<Bytes> {
        let found = store
            .scan(ledger(1), range, limit)
            .expect("the store is open");
        found.into_iter().map(|(key, _)| key).collect()
    };
    let pairs: [(&'static [u8], &'static str); 6] = [
        (b"b\xff\xff", "1"),
        (b"b", "2"),
        (b"a", "3"),
        (b"b\x00", "4"),
        (b"c", "5"),
        (b"\xff\xff", "6"),
    ];
    store
        .apply(ledger(1), put(&pairs))
        .expect("the store is open");
    store
        .apply(ledger(2), put(&[(b"b", "other ledger")]))
        .expect("the store is open");

    assert_eq!(
        store.get(ledger(1), b"b"),
        Ok(Some(Bytes::from_static(b"2")))
    );
    assert_eq!(store.get(ledger(1), b"d"), Ok(None));
    assert_eq!(store.get(ledger(3), b"b"), Ok(None));
    let all: [&[u8]; 6] = [b"a", b"b", b"b\x00", b"b\xff\xff", b"c", b"\xff\xff"];
    assert_eq!(keys(&DerivedRange::all(), 99), all);
    assert_eq!(keys(&DerivedRange::prefix(b"b"), 99), all[1..4]);
    assert_eq!(keys(&DerivedRange::prefix(b"\xff"), 99), all[5..]);
    assert_eq!(keys(&DerivedRange::between(b"b\x00", b"c"), 99), all[2..4]);
    assert_eq!(keys(&DerivedRange::between(b"c", b"b"), 99), [&[][..]; 0]);
    assert_eq!(keys(&DerivedRange::starting(b"b\xff"), 2), all[3..5]);
    let last = store.scan_back(ledger(1), &DerivedRange::prefix(b"b"), 2);
    let last: Vec<Bytes> = last
        .expect("the store is open")
        .into_iter()
        .map(|(k, _)| k)
        .collect();
    assert_eq!(last, [all[3], all[2]]);

    let mut batch = put(&[(b"b", "changed"), (b"d", "put and removed")]);
    batch.remove(&b"d"[..]).expect("within the limits");
    batch.remove(&b"c"[..]).expect("within the limits");
    batch
        .remove(&b"never there"[..])
        .expect("within the limits");
    store.apply(ledger(1), batch).expect("the store is open");
    assert_eq!(
        store.get(ledger(1), b"b"),
        Ok(Some(Bytes::from_static(b"changed")))
    );
    assert_eq!(store.get(ledger(1), b"c"), Ok(None));
    assert_eq!(store.get(ledger(1), b"d"), Ok(None));

    store.clear(ledger(1)).expect("the store is open");
    assert_eq!(keys(&DerivedRange::all(), 99), [&[][..]; 0]);
    assert_eq!(
        store.get(ledger(2), b"b"),
        Ok(Some(Bytes::from_static(b"other ledger")))
    );
    assert_eq!(
        opened.log.heads(Freshness::Local).await,
        Ok(vec![]),
        "apart from the log"
    );
}

pub(super) fn derived_batch_keeps_its_limits() {
    let mut batch = DerivedBatch::new();
    assert_eq!(batch.put("", "value"), Err(InvalidDerived::Key));
    assert_eq!(batch.put(vec![1; 256], "value"), Err(InvalidDerived::Key));
    assert_eq!(
        batch.put("key", vec![1; 60_001]),
        Err(InvalidDerived::Value)
    );
    for n in 0..DerivedBatch::KEYS_MAX as u8 {
        assert_eq!(batch.put(vec![n], "value"), Ok(()));
    }
    assert_eq!(batch.put(vec![99], "value"), Err(InvalidDerived::Full));
    assert_eq!(batch.put(vec![0], "the last word"), Ok(()));
    assert_eq!(batch.len(), DerivedBatch::KEYS_MAX);
}
