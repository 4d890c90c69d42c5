//! Records of sled that are bad: each is told of once, and written anew where that can be done.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use super::Shared;
use crate::domain::id::LedgerId;
use crate::log::copy::CopyFault;
use crate::log::copy::record::CopyRecord;
use crate::log::{Checkpoint, IntegrityKind};

/// How many are remembered, and how many wait to be written anew.
const BAD_RECORDS_MAX: usize = 1_024;

/// Where sled does not hold what it must.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BadRecord {
    pub(crate) ledger: LedgerId,
    /// Where the record begins, or what it lacks.
    pub(crate) first: u64,
    /// Which check failed.
    pub(crate) why: String,
    /// sled cannot read its file there: nothing can be put in its place.
    pub(crate) of_the_file: bool,
}

/// What was told of a record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Told {
    ServedFromJournal,
    BothDamaged,
}

/// What the feeder is to write anew from the journal.
#[derive(Debug)]
pub(crate) enum Mend {
    Record(BadRecord),
    Checkpoint(Checkpoint),
}

impl Shared {
    /// The record of sled that holds a position below what it has.
    pub(crate) fn copied_record(
        &self,
        ledger: LedgerId,
        position: u64,
    ) -> Result<CopyRecord, BadRecord> {
        let fault = match self.copy(|copy| copy.record(ledger, position)) {
            Ok(Some(record)) if position < record.end() => return Ok(record),
            Ok(_) => None,
            Err(fault) => Some(fault),
        };
        let lacks = || format!("read copy lacks position {position} of {ledger}");
        let first = match fault {
            Some(CopyFault::Record { position, .. }) => position,
            _ => position,
        };
        Err(BadRecord {
            ledger,
            first,
            of_the_file: fault.as_ref().is_some_and(CopyFault::is_of_the_file),
            why: fault.map_or_else(lacks, |fault| fault.to_string()),
        })
    }

    /// Tells once of a record of sled that is served from the journal, and has it written anew where that can be done.
    pub(crate) fn report_bad_record(&self, bad: BadRecord) {
        if !self.is_news(&bad, Told::ServedFromJournal) {
            return;
        }
        let kind = IntegrityKind::RecordServedFromJournal;
        self.integrity.record(kind, bad.why.clone(), None);
        match bad.of_the_file {
            true => self.suspect_copy(bad.why),
            false => {
                let (ledger, first) = (bad.ledger, bad.first);
                if !self.mend(Mend::Record(bad)) {
                    // Too much waits: whoever meets it next asks again.
                    self.is_mended(ledger, first);
                }
            }
        }
    }

    /// Tells once that neither copy holds a position.
    pub(crate) fn report_both_bad(&self, bad: &BadRecord, journal: &str) {
        if self.is_news(bad, Told::BothDamaged) {
            let (BadRecord { ledger, why, .. }, first) = (bad, bad.first);
            let detail = format!("ledger {ledger} from position {first} on: {journal}; {why}");
            self.integrity
                .record(IntegrityKind::BothDamaged, detail, None);
        }
    }

    fn is_news(&self, bad: &BadRecord, told: Told) -> bool {
        let mut known = self.bad_records();
        known.len() < BAD_RECORDS_MAX && known.insert((bad.ledger, bad.first, told))
    }

    fn bad_records(&self) -> MutexGuard<'_, HashSet<(LedgerId, u64, Told)>> {
        self.bad_records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the next open read all of sled, whose file is damaged. Told once.
    pub(crate) fn suspect_copy(&self, why: String) {
        if self.suspected.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.folder.suspect(&why) {
            tracing::error!(%error, "it could not be noted that the read copy is damaged");
            // Whoever meets it next tries again.
            self.suspected.store(false, Ordering::Relaxed);
            return;
        }
        let detail = format!("{why}; the next start reads all of it");
        self.integrity
            .record(IntegrityKind::CopyDamageFound, detail, None);
    }

    /// Has the next open read both copies whole, for the journal is damaged where it is not read by every open.
    pub(crate) fn suspect_journal(&self, why: &str) {
        if let Err(error) = self.folder.suspect(why) {
            tracing::error!(%error, "it could not be noted that the journal is damaged");
        }
    }

    /// Has something written anew in sled, by the one thread that writes there. `false`: too much waits for that already.
    pub(crate) fn mend(&self, mend: Mend) -> bool {
        let mut state = self.state();
        if BAD_RECORDS_MAX <= state.mends.len() {
            return false;
        }
        state.mends.push(mend);
        drop(state);
        self.work.notify_all();
        true
    }

    /// Was written anew: what is bad from now on is told again.
    pub(crate) fn is_mended(&self, ledger: LedgerId, first: u64) {
        self.bad_records()
            .retain(|(of, at, _)| (*of, *at) != (ledger, first));
    }
}
