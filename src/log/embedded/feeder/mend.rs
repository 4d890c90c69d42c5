//! Records of sled that are bad, written anew from the journal.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{Fault, Feeder};
use crate::domain::id::LedgerId;
use crate::log::IntegrityKind;
use crate::log::chunk::frames_end;
use crate::log::copy::CopyFault;
use crate::log::embedded::reader::section_from;
use crate::log::embedded::shared::{BadRecord, Mend};
use crate::log::head::Checkpoint;

/// What is read of the journal at once for one record: what lies behind is met again as lacking.
const MEND_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Feeder {
    /// Writes each of them anew. What waits to be merged with others goes first, for it may hold what a bad record does.
    pub(super) fn mend(&mut self, mends: Vec<Mend>) -> Result<(), Fault> {
        if mends.is_empty() {
            return Ok(());
        }
        self.put_pending()?;
        self.apply()?;
        for mend in mends {
            match mend {
                Mend::Record(bad) => self.mend_record(bad)?,
                Mend::Checkpoint(checkpoint) => self.mend_checkpoint(&checkpoint)?,
            }
        }
        self.dirty_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn mend_record(&mut self, bad: BadRecord) -> Result<(), Fault> {
        let BadRecord { ledger, first, .. } = bad;
        let end = self.ends.get(&ledger).map_or(0, |head| head.size);
        let held = self.shared.copy(|copy| {
            let next = copy.next_first(ledger, first)?;
            Ok((copy.raw(ledger, first)?, next))
        });
        let (raw, next) = match held {
            Ok(held) => held,
            Err(fault) => {
                self.shared.suspect_copy(fault.to_string());
                return Ok(());
            }
        };
        let end = next.map_or(end, |next| next.min(end));
        // Somebody else asked for it before.
        if self.is_sound(ledger, first, end) {
            self.shared.is_mended(ledger, first);
            return Ok(());
        }
        // All of it before anything is kept or put: where the journal is bad too, nothing is changed.
        let (mut parts, mut bytes, mut at) = (Vec::new(), 0, first);
        while at < end && bytes < MEND_BYTES_MAX {
            let section = match self.shared.catalog.section(ledger, at) {
                Ok(section) => section,
                Err(fault) => {
                    let bad = BadRecord { first: at, ..bad };
                    self.shared.report_both_bad(&bad, &fault.to_string());
                    return Ok(());
                }
            };
            let wrong = || format!("the journal lacks position {at} of ledger {ledger}");
            let (leaves, n) = section_from(&section, at).ok_or_else(wrong)?;
            let n = n.min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let leaves = leaves.slice(..frames_end(&leaves, n).ok_or_else(wrong)?);
            (bytes, at) = (bytes + leaves.len(), at + n as u64);
            parts.push((leaves, n));
        }
        let evidence = raw.map(|raw| {
            let name = format!("{ledger}-{first}.record");
            self.shared.folder.keep_bytes(&raw, &name, "record")
        });
        let evidence = match evidence.transpose() {
            Ok(evidence) => evidence,
            Err(error) => {
                // It is served from the journal all the same.
                tracing::error!(%error, "a bad record of the read copy is left, for it could not be kept as evidence");
                return Ok(());
            }
        };
        let (mut framed, mut count, mut from) = (BytesMut::new(), 0, first);
        for (leaves, n) in parts {
            framed.extend_from_slice(&leaves);
            count += n;
            let (rest_from, rest, left) = self.put_pieces(ledger, from, framed.freeze(), count)?;
            (from, framed, count) = (rest_from, BytesMut::from(&rest[..]), left);
        }
        if 0 < count {
            self.put_record(ledger, from, framed.freeze())?;
        }
        self.apply()?;
        self.last_records.remove(&ledger);
        if let Err(still) = self.shared.copied_record(ledger, first) {
            self.shared.suspect_copy(still.why);
            return Ok(());
        }
        let detail = format!("{}; written anew from the journal", bad.why);
        let kind = IntegrityKind::CopyRepaired;
        self.shared.integrity.record(kind, detail, evidence);
        self.shared.is_mended(ledger, first);
        Ok(())
    }

    /// Whether sled's record that begins at `first` holds what the journal does, up to `end`.
    fn is_sound(&self, ledger: LedgerId, first: u64, end: u64) -> bool {
        let Ok(record) = self.shared.copied_record(ledger, first) else {
            return false;
        };
        let (end, mut at) = (record.end().min(end), first);
        while at < end {
            let Ok(section) = self.shared.catalog.section(ledger, at) else {
                return false;
            };
            let to = section.end().min(end);
            let count = (to - at) as usize;
            let of = |leaves: Option<(Bytes, usize)>| {
                let (leaves, _) = leaves?;
                Some(leaves.slice(..frames_end(&leaves, count)?))
            };
            let here = of(section_from(&section, at));
            if here.is_none() || here != of(record.from(at)) {
                return false;
            }
            at = to;
        }
        record.first == first
    }

    fn mend_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let (ledger, size) = (checkpoint.ledger, checkpoint.size);
        let held = self
            .shared
            .copy(|copy| copy.checkpoints(ledger, size..=size, 1));
        match held {
            // It was put there since.
            Ok(held) if !checkpoint.adds_to(held.first()) => return Ok(()),
            Err(fault) if fault != CopyFault::Checkpoint => {
                self.shared.suspect_copy(fault.to_string());
                return Ok(());
            }
            _ => {}
        }
        self.batch.put_checkpoint(checkpoint);
        self.apply()?;
        let detail = format!(
            "read copy, a checkpoint of ledger {ledger} at size {size}: it is not the journal's; written anew from the journal"
        );
        let kind = IntegrityKind::CopyRepaired;
        self.shared.integrity.record(kind, detail, None);
        Ok(())
    }
}
