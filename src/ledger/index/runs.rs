//! Reading runs through: the records of one after the other, and what several have as one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::{DerivedFault, DerivedRange, DerivedStore};

/// The records under `prefix` in their order, read one at a time.
pub(super) fn records<'a>(
    store: &'a dyn DerivedStore,
    ledger: LedgerId,
    prefix: &[u8],
) -> impl Iterator<Item = Result<(Bytes, Bytes), DerivedFault>> + use<'a> {
    let mut range = DerivedRange::prefix(prefix);
    std::iter::from_fn(move || match store.scan(ledger, &range, 1) {
        Err(fault) => Some(Err(fault)),
        Ok(mut page) => {
            let (key, value) = page.pop()?;
            range.from = key.to_vec();
            range.from.push(0);
            Some(Ok((key, value)))
        }
    })
}

/// What sources give in ascending order, in the order of all; ends behind a fault.
pub(super) fn merged<T: Ord>(
    mut sources: Vec<impl Iterator<Item = Result<T, DerivedFault>>>,
) -> impl Iterator<Item = Result<T, DerivedFault>> {
    let mut heap = BinaryHeap::new();
    let mut failed = None;
    for (index, source) in sources.iter_mut().enumerate() {
        match source.next() {
            Some(Ok(item)) => heap.push(Reverse((item, index))),
            Some(Err(fault)) => failed = Some(fault),
            None => {}
        }
    }
    std::iter::from_fn(move || {
        if let Some(fault) = failed.take() {
            heap.clear();
            return Some(Err(fault));
        }
        let Reverse((item, index)) = heap.pop()?;
        match sources.get_mut(index).and_then(Iterator::next) {
            Some(Ok(next)) => heap.push(Reverse((next, index))),
            Some(Err(fault)) => failed = Some(fault),
            None => {}
        }
        Some(Ok(item))
    })
}
