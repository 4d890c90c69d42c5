use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::event::EventType;
use crate::log::MemoryLog;
use crate::merkle::{self, Frontier, TiledNodes};

fn event(position: u64, seed: u8) -> Indexed {
    let uuid = |space: u8| {
        Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            &[&[space][..], &position.to_be_bytes()].concat(),
        )
    };
    let mut terms = vec![Term::month(2023, (seed % 12 + 1) as i8)];
    if seed.is_multiple_of(3) {
        terms.push(Term::event_type(EventType::GoalSet));
    }
    Indexed {
        position,
        terms,
        event_id: EventId::new(uuid(1)).unwrap(),
        request_id: seed
            .is_multiple_of(2)
            .then(|| RequestId::new(uuid(2)).unwrap()),
        leaf_hash: crate::merkle::leaf_hash(&[&[seed][..], &position.to_be_bytes()].concat()),
    }
}

fn ledger() -> LedgerId {
    LedgerId::new(Uuid::from_u128(7)).unwrap()
}

/// What happens to an index: events come, the tail is written, the process starts again.
#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u8>),
    Flush,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Step::Add),
        4 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is written, merged and opened again, every look-up answers as a list of all events would.
    #[test]
    fn an_index_answers_like_the_list_of_all_events(steps in steps(), from in 0..200_u64, len in 0..200_u64, limit in 1..50_usize) {
        let store = MemoryLog::new();
        let open = |size| Index::open(ledger(), Arc::new(store.clone()), size).unwrap();
        let mut index = open(0);
        let mut all: Vec<Indexed> = Vec::new();
        for step in steps {
            match step {
                Step::Add(seeds) => {
                    let new: Vec<Indexed> = (all.len() as u64..).zip(seeds).map(|(p, s)| event(p, s)).collect();
                    all.extend(new.iter().cloned());
                    index.add(new);
                }
                Step::Flush => index.flush().unwrap(),
                Step::Reopen => {
                    index = open(all.len() as u64);
                    let rest = all.iter().skip(index.covered() as usize).cloned().collect();
                    index.add(rest);
                }
            }
        }
        prop_assert_eq!(index.covered(), all.len() as u64);
        let mut model: BTreeMap<Term, Vec<u64>> = BTreeMap::new();
        for event in &all {
            prop_assert_eq!(index.position_of_event(event.event_id).unwrap(), Some(event.position));
            if let Some(request) = event.request_id {
                prop_assert_eq!(index.position_of_request(request).unwrap(), Some(event.position));
            }
            for term in &event.terms {
                model.entry(*term).or_default().push(event.position);
            }
        }
        let unknown = event(1 << 40, 0);
        prop_assert_eq!(index.position_of_event(unknown.event_id).unwrap(), None);
        let leaf = |event: &Indexed| event.leaf_hash;
        for size in [all.len(), (from as usize * 7).min(all.len())] {
            let frontier: Frontier = all.iter().take(size).map(leaf).collect();
            let mut nodes = TiledNodes::new(|tile: Tile| index.tile(tile), size as u64);
            prop_assert_eq!(merkle::root_at(&mut nodes, size as u64).unwrap(), frontier.root());
        }
        for (term, positions) in &model {
            let within = |p: &&u64| from <= **p && **p < from + len;
            let forward: Vec<u64> = positions.iter().filter(within).take(limit).copied().collect();
            let backward: Vec<u64> = positions.iter().rev().filter(within).take(limit).copied().collect();
            prop_assert_eq!(index.postings(term, from, from + len, Direction::Forward, limit).unwrap(), forward);
            prop_assert_eq!(index.postings(term, from, from + len, Direction::Backward, limit).unwrap(), backward);
        }
    }
}

#[test]
fn runs_of_a_level_become_one_of_the_next() {
    let store = MemoryLog::new();
    let index = Index::open(ledger(), Arc::new(store), 0).unwrap();
    for position in 0..(manifest::FAN_IN * manifest::FAN_IN) as u64 {
        index.add(vec![event(position, 0)]);
        index.flush().unwrap();
    }
    let inner = index.read();
    let levels: Vec<u8> = inner.manifest.runs.iter().map(|run| run.level).collect();
    assert_eq!(levels, [2]);
    assert_eq!(inner.filters.len(), 1);
}

/// An index with a run for each of so many events, and where it is stored.
fn runs(count: u64) -> (Index, Arc<dyn DerivedStore>) {
    let store: Arc<dyn DerivedStore> = Arc::new(MemoryLog::new());
    let index = Index::open(ledger(), store.clone(), 0).unwrap();
    for position in 0..count {
        index.add(vec![event(position, 0)]);
        index.flush().unwrap();
    }
    (index, store)
}

#[test]
fn a_merge_takes_as_much_as_is_there_whatever_the_manifest_counts() {
    let (_, store) = runs(manifest::FAN_IN as u64 - 1);
    let mut manifest = Manifest::load(store.as_ref(), ledger()).unwrap().unwrap();
    for run in &mut manifest.runs {
        (run.ids, run.terms) = (u64::MAX, u64::MAX);
    }
    manifest.save(store.as_ref(), ledger()).unwrap();
    let size = manifest.up_to;
    let index = Index::open(ledger(), store.clone(), size).unwrap();
    index.add(vec![event(size, 0)]);
    index.flush().unwrap();
    let manifest = Manifest::load(store.as_ref(), ledger()).unwrap().unwrap();
    let ids: Vec<u64> = manifest.runs.iter().map(|run| run.ids).collect();
    assert_eq!(ids, [2 * manifest::FAN_IN as u64]);
}

#[test]
fn a_merge_of_lists_that_do_not_follow_each_other_is_a_fault() {
    let (index, store) = runs(manifest::FAN_IN as u64 - 1);
    let term = event(0, 0).terms[0];
    let length = [term.as_bytes().len() as u8];
    let key = [b"p\0\0\0\0", &length[..], term.as_bytes(), &[0; 8]].concat();
    // Positions 0 and 5, of which the latter is that of another run.
    let list = [&length[..], term.as_bytes(), &[2, 0, 5]].concat();
    let mut batch = DerivedBatch::new();
    batch.put(key, list).unwrap();
    store.apply(ledger(), batch).unwrap();
    index.add(vec![event(manifest::FAN_IN as u64 - 1, 0)]);
    assert!(matches!(index.flush(), Err(DerivedFault::Storage(_))));
}

#[test]
fn lists_of_many_records_are_read_from_either_end() {
    let store = MemoryLog::new();
    let index = Index::open(ledger(), Arc::new(store), 0).unwrap();
    let often = Term::event_type(EventType::GoalSet);
    // Many that stand beside it, so that lists end within records and at their ends.
    let rare = |position: u64| Term::month(2000 + (position % 1_500) as i16, 1);
    let runs = manifest::FAN_IN as u64 + 2;
    let of_run = 3_000;
    for first in (0..runs * of_run).step_by(of_run as usize) {
        let events = (first..first + of_run).map(|position| Indexed {
            terms: vec![often, rare(position)],
            ..event(position, 1)
        });
        index.add(events.collect());
        index.flush().unwrap();
    }
    assert_eq!(index.read().manifest.runs.len(), 3, "merged, and two");
    let size = runs * of_run;
    let all: Vec<u64> = (0..size).collect();
    let of_one: Vec<u64> = (7..size).step_by(1_500).collect();
    for (term, positions) in [(often, &all), (rare(7), &of_one)] {
        for (from, to) in [
            (0, size),
            (3_999, 4_001),
            (11_990, 24_013),
            (size - 1, size),
        ] {
            for limit in [1, 40, usize::MAX] {
                let within = |position: &&u64| from <= **position && **position < to;
                let read = |direction| index.postings(&term, from, to, direction, limit).unwrap();
                let forward = positions.iter().filter(within).take(limit);
                let forward: Vec<u64> = forward.copied().collect();
                assert_eq!(read(Direction::Forward), forward, "{from}..{to}, {limit}");
                let backward = positions.iter().rev().filter(within).take(limit);
                let backward: Vec<u64> = backward.copied().collect();
                assert_eq!(read(Direction::Backward), backward, "{from}..{to}, {limit}");
            }
        }
    }
}

#[test]
fn what_an_interrupted_run_left_does_not_count() {
    let store: Arc<dyn DerivedStore> = Arc::new(MemoryLog::new());
    let index = Index::open(ledger(), store.clone(), 0).unwrap();
    index.add((0..10).map(|p| event(p, 0)).collect());
    // All of the run is written but for the manifest, which makes it count.
    let before = store.scan(ledger(), &DerivedRange::all(), 1_000).unwrap();
    assert!(before.is_empty());
    index.flush().unwrap();
    let mut batch = DerivedBatch::new();
    manifest::remove(&mut batch);
    store.apply(ledger(), batch).unwrap();

    let index = Index::open(ledger(), store, 10).unwrap();
    assert_eq!(index.covered(), 0);
    index.add((0..10).map(|p| event(p, 0)).collect());
    index.flush().unwrap();
    let term = Term::event_type(EventType::GoalSet);
    let found = index
        .postings(&term, 0, 100, Direction::Forward, 100)
        .unwrap();
    assert_eq!(found, (0..10).collect::<Vec<u64>>());
}

#[test]
fn an_index_that_lacks_a_tile_is_built_anew() {
    let store: Arc<dyn DerivedStore> = Arc::new(MemoryLog::new());
    let index = Index::open(ledger(), store.clone(), 0).unwrap();
    index.add((0..300).map(|p| event(p, 0)).collect());
    index.flush().unwrap();
    let covered = |size| {
        Index::open(ledger(), store.clone(), size)
            .unwrap()
            .covered()
    };
    assert_eq!(covered(300), 300);
    let tiles = store
        .scan(ledger(), &DerivedRange::prefix(b"t"), 9)
        .unwrap();
    assert_eq!(tiles.len(), 3, "full, partial, and the one above");
    let mut batch = DerivedBatch::new();
    batch.remove(tiles[1].0.clone()).unwrap();
    store.apply(ledger(), batch).unwrap();
    assert_eq!(covered(300), 0);
}

#[test]
fn an_index_of_another_layout_is_built_anew() {
    let store: Arc<dyn DerivedStore> = Arc::new(MemoryLog::new());
    let index = Index::open(ledger(), store.clone(), 0).unwrap();
    index.add((0..10).map(|p| event(p, 0)).collect());
    index.flush().unwrap();
    assert_eq!(
        Index::open(ledger(), store.clone(), 10).unwrap().covered(),
        10
    );
    // What an older release wrote.
    let mut batch = DerivedBatch::new();
    let mut manifest = store.get(ledger(), &b"m"[..]).unwrap().unwrap().to_vec();
    manifest[0] -= 1;
    batch.put(&b"m"[..], manifest).unwrap();
    store.apply(ledger(), batch).unwrap();

    let index = Index::open(ledger(), store.clone(), 10).unwrap();
    assert_eq!(index.covered(), 0);
    let left = store.scan(ledger(), &DerivedRange::all(), 1_000).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_event_of_many_months_is_found_by_none_of_them() {
    let day = crate::domain::testing::day;
    let months = |first, last| Term::months(day(first), day(last)).map(|months| months.len());
    assert_eq!(months("2023-09-30", "2023-09-30"), Some(1));
    assert_eq!(months("2023-12-31", "2024-01-01"), Some(2));
    assert_eq!(months("2023-04-01", "2025-03-31"), Some(24));
    assert_eq!(months("2023-04-01", "2025-04-01"), None);
    assert_eq!(months("1900-01-01", "2199-12-31"), None);
}
