//! Changes of the read copy that are applied together.

use super::layout::{
    CHECKPOINT, DERIVED, END, KEPT_AGAIN, READ, end_value, key, log_key, with_crc,
};
use crate::domain::id::LedgerId;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::Location;

/// Changes that are applied together.
#[derive(Debug, Default)]
pub(crate) struct CopyBatch {
    pub(super) batch: sled::Batch,
    pub(crate) keys: usize,
    pub(crate) bytes: usize,
}

impl CopyBatch {
    /// The most keys of a batch: larger ones make sled's memory grow.
    pub(crate) const KEYS_MAX: usize = 50;

    pub(crate) fn put_record(&mut self, ledger: LedgerId, first: u64, value: Vec<u8>) {
        self.put(log_key(ledger, first), value);
    }

    pub(crate) fn put_end(&mut self, ledger: LedgerId, head: &Head) {
        let key = key(END, ledger, &[]);
        let value = end_value(&key, head);
        self.put(key, value);
    }

    pub(crate) fn put_checkpoint(&mut self, checkpoint: &Checkpoint) {
        let key = key(
            CHECKPOINT,
            checkpoint.ledger,
            &checkpoint.size.to_be_bytes(),
        );
        let value = [checkpoint.root.as_bytes(), &checkpoint.note[..]].concat();
        let value = with_crc(&key, value);
        self.put(key, value);
    }

    /// Notes that the checkpoint of `size` took the place of another: what the journal has of it stands
    /// behind the events of that size, in whichever segment it was kept again.
    pub(crate) fn put_kept_again(&mut self, ledger: LedgerId, size: u64) {
        self.put(key(KEPT_AGAIN, ledger, &size.to_be_bytes()), Vec::new());
    }

    /// States that everything of the journal before `location` was taken, but for what is pending.
    pub(crate) fn put_read(&mut self, location: Location) {
        let mut value = location.segment.to_be_bytes().to_vec();
        value.extend_from_slice(&location.offset.to_be_bytes());
        let value = with_crc(&[READ], value);
        self.put(vec![READ], value);
    }

    pub(crate) fn put_derived(&mut self, ledger: LedgerId, key_bytes: &[u8], value: &[u8]) {
        self.put(key(DERIVED, ledger, key_bytes), value.to_vec());
    }

    pub(crate) fn remove_derived(&mut self, ledger: LedgerId, key_bytes: &[u8]) {
        self.remove(key(DERIVED, ledger, key_bytes));
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.keys += 1;
        self.bytes += key.len() + value.len();
        self.batch.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: impl Into<sled::IVec>) {
        let key = key.into();
        self.keys += 1;
        self.bytes += key.len();
        self.batch.remove(key);
    }
}
