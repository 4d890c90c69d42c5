//! Both copies of a log that is open, for whoever verifies them while it works.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::copy::CopyFault;
use crate::log::copy::record::CopyRecord;
use crate::log::derived::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};
use crate::log::embedded::shared::Shared;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::Section;
use crate::log::stored::CopyView;

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

impl CopyView for LiveCopies {
    fn record(&self, ledger: LedgerId, position: u64) -> Result<Option<CopyRecord>, CopyFault> {
        self.shared.copy(|copy| copy.record(ledger, position))
    }

    fn next_first(&self, ledger: LedgerId, position: u64) -> Result<Option<u64>, CopyFault> {
        self.shared.copy(|copy| copy.next_first(ledger, position))
    }

    fn kept(
        &self,
        ledger: LedgerId,
        size: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, CopyFault> {
        self.shared
            .copy(|copy| copy.checkpoints(ledger, size..=u64::MAX, limit))
    }
}

impl DerivedStore for LiveCopies {
    fn get(&self, ledger: LedgerId, key: &[u8]) -> Result<Option<Bytes>, DerivedFault> {
        let found = self.shared.copy(|copy| copy.derived(ledger, key));
        found.map_err(storage)
    }

    fn scan(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let found = self
            .shared
            .copy(|copy| copy.derived_scan(ledger, range, limit, false));
        found.map_err(storage)
    }

    fn scan_back(
        &self,
        ledger: LedgerId,
        range: &DerivedRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, DerivedFault> {
        let found = self
            .shared
            .copy(|copy| copy.derived_scan(ledger, range, limit, true));
        found.map_err(storage)
    }

    fn apply(&self, _: LedgerId, _: DerivedBatch) -> Result<(), DerivedFault> {
        Err(DerivedFault::Closed)
    }

    fn clear(&self, _: LedgerId) -> Result<(), DerivedFault> {
        Err(DerivedFault::Closed)
    }
}

fn storage(fault: CopyFault) -> DerivedFault {
    DerivedFault::Storage(fault.to_string())
}
