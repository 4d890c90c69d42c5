//! Both copies of a log that is open, for whoever verifies them while it works.

use std::fmt;
use std::sync::Arc;

use crate::domain::id::LedgerId;
use crate::log::copy::{CopyFault, ReadCopy};
use crate::log::embedded::shared::Shared;
use crate::log::head::Head;
use crate::log::journal::Section;
use crate::log::stored::ReadsCopy;

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
    pub(crate) fn section(&self, ledger: LedgerId, position: u64) -> Result<Section, String> {
        let section = self.shared.catalog.section(ledger, position);
        section.map_err(|fault| fault.to_string())
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
