//! Both copies of a log that is open, for whoever verifies them while it works.

use std::fmt;
use std::sync::Arc;

use crate::domain::id::LedgerId;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::shared::Shared;
use crate::log::head::Head;
use crate::log::journal::Section;
use crate::log::journal::record::SealedLedger;
use crate::log::stored::ReadsCopy;

/// Why the journal gives no events.
#[derive(Debug)]
pub(crate) enum Unread {
    /// They were trimmed; the state of the ledger behind the segment that they stood in.
    Trimmed(SealedLedger),
    /// Which check failed.
    Damaged(String),
}

/// Both copies of an open log. Reads are those of everybody else: nothing waits for them.
#[derive(Clone)]
pub struct LiveCopies {
    shared: Arc<Shared>,
}

impl fmt::Debug for LiveCopies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCopies").finish_non_exhaustive()
    }
}

impl LiveCopies {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The group of the journal that holds `position` of `ledger`, read from its file.
    pub(crate) fn section(&self, ledger: LedgerId, position: u64) -> Result<Section, Unread> {
        let catalog = &self.shared.catalog;
        catalog.section(ledger, position).map_err(|fault| {
            let stub = fault
                .trimmed_segment()
                .and_then(|number| catalog.stub(number));
            let mut after = stub.into_iter().flat_map(|stub| stub.seal.ledgers);
            let after = after.find(|after| after.ledger == ledger);
            match after.filter(|after| position < after.frontier.size()) {
                Some(after) => Unread::Trimmed(after),
                None => Unread::Damaged(fault.to_string()),
            }
        })
    }

    /// How far the read copy holds `ledger`.
    pub(crate) fn copied(&self, ledger: LedgerId) -> Head {
        let all = self.shared.copied_all();
        all.get(&ledger).copied().unwrap_or(Head::EMPTY)
    }
}

impl ReadsCopy for LiveCopies {
    fn with<T>(
        &self,
        read: impl FnOnce(&ReadCopy) -> Result<T, CopyFault>,
    ) -> Result<T, CopyFault> {
        self.shared.copy(read)
    }
}
