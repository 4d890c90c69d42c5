//! A record of the read copy: adjacent leaves of one ledger, compressed, with a plain trailer.
//!
//! ```text
//! value
//!    ..   zstd frame of the leaves in the stored framing
//!    2n   for each leaf the offset where its frame begins, in the framing
//!     4   length of the framing
//!     4   n, the number of leaves
//!     4   crc32c over the key and all bytes of the value before this field
//!     1   version of this layout: 1
//! ```
//! All integers are big-endian.

use std::cell::RefCell;

use bytes::{Buf, Bytes};

use crate::log::chunk::{frame_at, framed_len};
use crate::log::head::Leaf;

/// The most framed bytes of a record, unless one leaf alone has more.
pub(crate) const FRAMED_BYTES_MAX: usize = 60_000;

/// The most leaves of a record: bounds the offsets where leaves are tiny.
pub(crate) const LEAVES_MAX: usize = 4_096;

/// No value is longer: a leaf of sled holds some 17 of them and is written whole, and that must stay
/// below a quarter of its segment.
pub(crate) const VALUE_BYTES_MAX: usize = 100_000;

const LEVEL: i32 = 1;
const VERSION: u8 = 1;
const TRAILER_BYTES: usize = 13;

thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        const { RefCell::new(None) };
}

/// The value is not a record, or not that of its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InvalidRecord(pub(crate) &'static str);

/// A decoded record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CopyRecord {
    pub(crate) first: u64,
    pub(crate) framed: Bytes,
    offsets: Vec<u16>,
}

impl CopyRecord {
    /// Leaves in the stored framing, of which there are as many as `FRAMED_BYTES_MAX` and
    /// `LEAVES_MAX` allow.
    pub(crate) fn new(first: u64, framed: Bytes) -> Result<Self, InvalidRecord> {
        let mut offsets = Vec::new();
        let mut at = 0;
        while at < framed.len() {
            offsets.push(u16::try_from(at).map_err(|_| InvalidRecord("too long"))?);
            at = frame_at(&framed, at).ok_or(InvalidRecord("framing"))?.1;
        }
        Ok(Self {
            first,
            framed,
            offsets,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.offsets.len()
    }

    /// The position after the last leaf.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.offsets.len() as u64
    }

    /// The leaves from `position` on in the stored framing, and their number.
    pub(crate) fn from(&self, position: u64) -> Option<(Bytes, usize)> {
        let skip = usize::try_from(position.checked_sub(self.first)?).ok()?;
        let begin = usize::from(*self.offsets.get(skip)?);
        Some((self.framed.slice(begin..), self.count() - skip))
    }

    /// The leaf at `position`.
    pub(crate) fn leaf(&self, position: u64) -> Option<Bytes> {
        let at = usize::try_from(position.checked_sub(self.first)?).ok()?;
        let (begin, end) = frame_at(&self.framed, usize::from(*self.offsets.get(at)?))?;
        Some(self.framed.slice(begin..end))
    }

    /// The leaves before position `end`, of which there must be some.
    pub(crate) fn until(&self, end: u64) -> Option<Self> {
        let count = usize::try_from(end.checked_sub(self.first)?).ok()?;
        let cut = usize::from(*self.offsets.get(count)?);
        let offsets = self.offsets[..count].to_vec();
        (count > 0).then(|| Self {
            first: self.first,
            framed: self.framed.slice(..cut),
            offsets,
        })
    }

    /// The value to store under `key`.
    pub(crate) fn encode(&self, key: &[u8]) -> Result<Vec<u8>, InvalidRecord> {
        let mut value = COMPRESSOR.with_borrow_mut(|compressor| {
            let compressor = match compressor {
                Some(compressor) => compressor,
                None => compressor
                    .insert(zstd::bulk::Compressor::new(LEVEL).map_err(|_| InvalidRecord("zstd"))?),
            };
            compressor
                .compress(&self.framed)
                .map_err(|_| InvalidRecord("zstd"))
        })?;
        value.reserve(2 * self.offsets.len() + TRAILER_BYTES);
        self.offsets
            .iter()
            .for_each(|offset| value.extend_from_slice(&offset.to_be_bytes()));
        value.extend_from_slice(&(self.framed.len() as u32).to_be_bytes());
        value.extend_from_slice(&(self.offsets.len() as u32).to_be_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(key), &value);
        value.extend_from_slice(&crc.to_be_bytes());
        value.push(VERSION);
        debug_assert!(value.len() <= VALUE_BYTES_MAX);
        Ok(value)
    }

    /// Decodes and checks what is stored under `key`.
    pub(crate) fn decode(key: &[u8], first: u64, value: &[u8]) -> Result<Self, InvalidRecord> {
        let (body, trailer) = value
            .split_last_chunk::<TRAILER_BYTES>()
            .ok_or(InvalidRecord("length"))?;
        let mut fields = &trailer[..];
        let (length, count) = (fields.get_u32() as usize, fields.get_u32() as usize);
        let (crc, version) = (fields.get_u32(), fields.get_u8());
        if version != VERSION {
            return Err(InvalidRecord("version"));
        }
        if crc != crc32c::crc32c_append(crc32c::crc32c(key), &value[..value.len() - 5]) {
            return Err(InvalidRecord("crc32c"));
        }
        let longest = framed_len(Leaf::BYTES_MAX).max(FRAMED_BYTES_MAX);
        let split = body
            .len()
            .checked_sub(2 * count)
            .filter(|_| length <= longest);
        let (compressed, offsets) = body.split_at(split.ok_or(InvalidRecord("trailer"))?);
        let framed = DECOMPRESSOR.with_borrow_mut(|decompressor| {
            let decompressor = match decompressor {
                Some(decompressor) => decompressor,
                None => decompressor
                    .insert(zstd::bulk::Decompressor::new().map_err(|_| InvalidRecord("zstd"))?),
            };
            decompressor
                .decompress(compressed, length)
                .map_err(|_| InvalidRecord("zstd"))
        })?;
        if framed.len() != length || first.checked_add(count as u64).is_none() {
            return Err(InvalidRecord("length"));
        }
        let record = Self::new(first, framed.into())?;
        let offsets = offsets.as_chunks::<2>().0.iter();
        let offsets = offsets.map(|bytes| u16::from_be_bytes(*bytes));
        // Whoever reads a leaf cuts there.
        match offsets.eq(record.offsets.iter().copied()) {
            true => Ok(record),
            false => Err(InvalidRecord("offsets")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::chunk::put_frame;
    use crate::log::conformance::leaves;

    fn record(lengths: &[usize]) -> CopyRecord {
        let mut framed = Vec::new();
        leaves(1, lengths)
            .iter()
            .for_each(|leaf| put_frame(&mut framed, &leaf.bytes));
        CopyRecord::new(7, framed.into()).unwrap()
    }

    #[test]
    fn record_comes_back_whole_and_in_parts() {
        let record = record(&[10, 0, 300, 5]);
        let value = record.encode(b"key").unwrap();
        assert_eq!(CopyRecord::decode(b"key", 7, &value), Ok(record.clone()));
        assert_eq!(record.end(), 11);
        assert_eq!(
            record.leaf(9).unwrap(),
            leaves(1, &[10, 0, 300, 5])[2].bytes
        );
        assert_eq!(record.leaf(11), None);
        assert_eq!(record.from(7), Some((record.framed.clone(), 4)));
        assert_eq!(record.from(10).unwrap().1, 1);
        assert_eq!(record.until(9).unwrap().end(), 9);
        assert_eq!(record.until(7), None);
    }

    #[test]
    fn one_leaf_of_any_length_is_a_record() {
        let record = record(&[65_535]);
        let value = record.encode(b"key").unwrap();
        assert_eq!(CopyRecord::decode(b"key", 7, &value), Ok(record));
    }

    #[test]
    fn record_with_any_byte_changed_or_under_another_key_is_refused() {
        let value = record(&[10, 0, 300, 5]).encode(b"key").unwrap();
        assert!(CopyRecord::decode(b"kez", 7, &value).is_err());
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 0x40;
            assert!(
                CopyRecord::decode(b"key", 7, &damaged).is_err(),
                "byte {at}"
            );
            assert!(
                CopyRecord::decode(b"key", 7, &value[..at]).is_err(),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn record_whose_offsets_are_not_those_of_its_leaves_is_refused() {
        for offsets in [vec![0, 11, 12, 400], vec![0, 11, 12], vec![0, 12, 13, 315]] {
            let record = CopyRecord {
                offsets,
                ..record(&[10, 0, 300, 5])
            };
            let value = record.encode(b"key").unwrap();
            let decoded = CopyRecord::decode(b"key", 7, &value);
            assert_eq!(decoded, Err(InvalidRecord("offsets")));
        }
    }
}
