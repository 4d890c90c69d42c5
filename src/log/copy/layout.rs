//! Keys and values of the read copy.
//!
//! One database for all ledgers, one tree. Its keys begin with the kind of the record and the ledger:
//!
//! ```text
//! 0                                the id of the data folder it belongs to
//! 1 ledger(16) first position(8)   leaves, see `copy::record`
//! 2 ledger(16)                     the end: 8 generation  8 size  32 root  4 crc32c of key and these
//! 3 ledger(16) key                 a derived record (see `log::derived`)
//! 4 ledger(16) size(8)             a kept checkpoint: 32 root  the note  4 crc32c of key and these
//! 5                                how far the journal was read: 4 segment  8 offset  4 crc32c
//! 6 ledger(16) size(8)             a checkpoint that was kept more than once; empty
//! ```
//! All integers are big-endian. The end of a ledger is put in the same batch as the last record
//! before it, at the border of a commit, so its root is known; records at or above it are unfinished.

use bytes::{Buf as _, Bytes};

use super::CopyFault;
use crate::domain::id::LedgerId;
use crate::log::head::{Checkpoint, Head};
use crate::merkle::Hash;

pub(super) const FOLDER: u8 = 0;
pub(super) const LOG: u8 = 1;
pub(super) const END: u8 = 2;
pub(super) const DERIVED: u8 = 3;
pub(super) const CHECKPOINT: u8 = 4;
pub(super) const READ: u8 = 5;
pub(super) const KEPT_AGAIN: u8 = 6;
pub(super) const PREFIX_BYTES: usize = 17;

/// The key of a log record.
pub(crate) fn log_key(ledger: LedgerId, first: u64) -> Vec<u8> {
    key(LOG, ledger, &first.to_be_bytes())
}

pub(super) fn key(kind: u8, ledger: LedgerId, rest: &[u8]) -> Vec<u8> {
    [&prefix(kind, ledger)[..], rest].concat()
}

pub(super) fn prefix(kind: u8, ledger: LedgerId) -> [u8; PREFIX_BYTES] {
    let mut prefix = [kind; PREFIX_BYTES];
    prefix[1..].copy_from_slice(ledger.as_bytes());
    prefix
}

/// The first key behind all those of a kind and ledger. No ledger id is all ones.
pub(super) fn after_prefix(kind: u8, ledger: LedgerId) -> Vec<u8> {
    let next = u128::from_be_bytes(*ledger.as_bytes()).saturating_add(1);
    [&[kind][..], &next.to_be_bytes()].concat()
}

pub(super) fn with_crc(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c_append(crc32c::crc32c(key), &value);
    value.extend_from_slice(&crc.to_be_bytes());
    value
}

pub(super) fn without_crc<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (fields, crc) = value.split_last_chunk::<4>()?;
    let right = crc32c::crc32c_append(crc32c::crc32c(key), fields);
    (u32::from_be_bytes(*crc) == right).then_some(fields)
}

pub(super) fn end_value(key: &[u8], head: &Head) -> Vec<u8> {
    let mut value = head.generation.to_be_bytes().to_vec();
    value.extend_from_slice(&head.size.to_be_bytes());
    value.extend_from_slice(head.root.as_bytes());
    with_crc(key, value)
}

pub(super) fn decode_end(key: &[u8], value: &[u8]) -> Option<Head> {
    let mut fields = without_crc(key, value)?;
    let (generation, size) = (fields.try_get_u64().ok()?, fields.try_get_u64().ok()?);
    Some(Head {
        generation,
        size,
        root: Hash::try_from(fields).ok()?,
    })
}

/// The size that stands at the end of a key.
pub(super) fn size_of(key: &[u8]) -> Result<u64, CopyFault> {
    let size = key
        .get(PREFIX_BYTES..)
        .and_then(|size| size.try_into().ok());
    size.map(u64::from_be_bytes).ok_or(CopyFault::Checkpoint)
}

pub(super) fn checkpoint((key, value): &(sled::IVec, sled::IVec)) -> Result<Checkpoint, CopyFault> {
    let decoded = || {
        let (ledger, size) = key.get(1..)?.split_at_checked(16)?;
        let (root, note) = without_crc(key, value)?.split_at_checked(Hash::BYTES)?;
        Some(Checkpoint {
            ledger: LedgerId::from_bytes(ledger).ok()?,
            size: u64::from_be_bytes(size.try_into().ok()?),
            root: Hash::try_from(root).ok()?,
            note: Bytes::copy_from_slice(note),
        })
    };
    decoded().ok_or(CopyFault::Checkpoint)
}
