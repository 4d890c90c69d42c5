//! The read copy's events of one ledger, one after the other.

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::copy::CopyFault;
use crate::log::copy::record::CopyRecord;
use crate::log::stored::CopyView;

/// What the read copy has at a position.
pub(super) enum Copied {
    /// The event.
    Leaf(Bytes),
    /// Nothing that can be read; why, where that was not told before.
    Nothing(Option<String>),
}

/// Where the reading is.
pub(super) struct Cursor<'a> {
    copy: &'a dyn CopyView,
    ledger: LedgerId,
    record: Option<CopyRecord>,
    /// Up to here nothing can be read: told once.
    nothing_before: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(copy: &'a dyn CopyView, ledger: LedgerId) -> Self {
        Self {
            copy,
            ledger,
            record: None,
            nothing_before: 0,
        }
    }

    /// The event at `position`. Cheapest when positions ascend.
    pub(super) fn at(&mut self, position: u64) -> Copied {
        if let Some(leaf) = self.record.as_ref().and_then(|held| held.leaf(position)) {
            return Copied::Leaf(leaf);
        }
        if position < self.nothing_before {
            return Copied::Nothing(None);
        }
        let why = match self.copy.record(self.ledger, position) {
            Ok(Some(record)) => {
                let leaf = record.leaf(position);
                self.record = Some(record);
                match leaf {
                    Some(leaf) => return Copied::Leaf(leaf),
                    None => "no record".to_owned(),
                }
            }
            Ok(None) => "no record".to_owned(),
            Err(CopyFault::Record { why, .. }) => why.to_owned(),
            Err(fault) => fault.to_string(),
        };
        let next = self.copy.next_first(self.ledger, position);
        self.nothing_before = next.ok().flatten().unwrap_or(u64::MAX);
        Copied::Nothing(Some(why))
    }
}
