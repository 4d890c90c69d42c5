//! The records of the index before a target of `tests/fuzz`, which hands in any bytes: an index that cannot be read is cleared, and
//! whatever else is found in it is told or makes no difference.

use std::sync::Arc;

use uuid::Uuid;

use super::manifest::{FAN_IN, Manifest};
use super::*;
use crate::log::{DerivedBatch, MemoryLog};

/// Records, each with its key behind the lengths of both, in an index of a ledger of `size` events.
pub fn records(bytes: &[u8], size: u64) {
    let ledger = LedgerId::derived(Uuid::max(), "ledger");
    let store: Arc<dyn DerivedStore> = Arc::new(MemoryLog::new());
    let mut batch = DerivedBatch::new();
    let mut rest = bytes;
    while let Some(([key, high, low], behind)) = rest.split_first_chunk() {
        let value = usize::from(u16::from_be_bytes([*high, *low]));
        let (key, behind) = behind.split_at(usize::from(*key).min(behind.len()));
        let (value, behind) = behind.split_at(value.min(behind.len()));
        let _ = batch.put(key.to_vec(), value.to_vec());
        rest = behind;
    }
    store.apply(ledger, batch).expect("a store in memory");
    if let Ok(Some(manifest)) = Manifest::load(store.as_ref(), ledger) {
        manifest
            .save(store.as_ref(), ledger)
            .expect("a store in memory");
        assert_eq!(Manifest::load(store.as_ref(), ledger), Ok(Some(manifest)));
    }
    let index = Index::open(ledger, store, size).expect("a store in memory");
    let id = EventId::derived(Uuid::max(), "event");
    let _ = index.position_of_event(id);
    for direction in [Direction::Forward, Direction::Backward] {
        for (from, to) in [(0, u64::MAX), (size / 2, size)] {
            let found = index.postings(&Term::evidenced(), from, to, direction, 10);
            let found = found.expect("a store in memory");
            assert!(found.len() <= 10);
            assert!(found.iter().all(|at| (from..to).contains(at)));
        }
    }
    if index.covered() <= size {
        // One run more at least, so that those of one level are merged.
        for position in index.covered()..index.covered() + FAN_IN as u64 {
            index.add(vec![Indexed {
                position,
                terms: vec![Term::evidenced()],
                event_id: id,
                request_id: None,
                leaf_hash: Hash::new([7; 32]),
            }]);
            if index.flush().is_err() {
                break;
            }
        }
    }
}
