//! The snapshots of a stopped folder, computed again: its ledgers are read as a working server reads them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::id::LedgerId;
use crate::ledger::{ReadFault, Reader, read_only};
use crate::log::stored::StoppedLog;
use crate::proof::store::{LedgerReport, StoreReport};

/// Computes every snapshot of a ledger again. Passed in: this module knows no evaluations.
pub type Snapshots = fn(Arc<Reader>) -> BoxFuture<'static, Result<Again, ReadFault>>;

/// What came out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Again {
    /// How many were compared; those with rows of another format are not.
    pub compared: u64,
    /// Those whose rows have another digest: position, digest stated, digest computed.
    pub differing: Vec<(u64, [u8; 32], [u8; 32])>,
}

/// The ledgers of a folder that was verified, as far as the read copy reaches.
pub(super) struct Stopped {
    pub(super) log: StoppedLog,
    pub(super) data: PathBuf,
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped").finish_non_exhaustive()
    }
}

impl Stopped {
    async fn reader(&self, ledger: LedgerId) -> Result<Arc<Reader>, ReadFault> {
        let log = Arc::new(self.log.clone());
        read_only(ledger, log.clone(), log, &self.data).await
    }
}

impl StoreReport {
    /// Computes the snapshots of every ledger again in which nothing wrong was found, and tells those that differ.
    pub async fn compute_snapshots(&mut self, snapshots: Snapshots) {
        let is_sound = self.folder.findings.is_empty();
        let Some(stopped) = self.stopped.take().filter(|_| is_sound) else {
            return;
        };
        let with_snapshots = |one: &&mut LedgerReport| 0 < one.snapshots;
        for one in self.ledgers.iter_mut().filter(with_snapshots) {
            if !one.report.findings.is_empty() || one.report.unreadable.is_some() {
                continue;
            }
            let again = match stopped.reader(one.ledger).await {
                Ok(reader) => snapshots(reader).await,
                Err(fault) => Err(fault),
            };
            match again {
                Ok(again) => {
                    one.compared = again.compared;
                    for (position, stated, computed) in again.differing {
                        one.snapshot_differs(position, stated, computed);
                    }
                }
                Err(fault) => one.not_computed = Some(fault.to_string()),
            }
        }
    }
}
