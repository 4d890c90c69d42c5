//! Contiguous leaves in the stored framing, and how much of them to read at once.
//!
//! The framing is that of protobuf's delimited messages: for each leaf its length as a varint
//! (base 128, least significant group first), then its bytes. Journal, read copy and chunks share
//! it, so that a chunk is sent as it is stored: cut at leaf borders, never decoded.

use bytes::{BufMut, Bytes};

use crate::log::head::Leaf;

/// Adjacent leaves of one ledger, as slices of one buffer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chunk {
    first: u64,
    count: usize,
    framed: Bytes,
}

/// Bytes are not whole leaves in the stored framing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not whole leaves in the stored framing at byte `{at}`")]
pub struct InvalidFraming {
    /// The offset of the first leaf that is not whole.
    pub at: usize,
}

/// How much to read at once. A limit of 0 is taken as 1: a read always moves on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReadLimits {
    /// The most events.
    pub max_events: usize,
    /// The most framed bytes.
    pub max_bytes: usize,
}

impl ReadLimits {
    /// The most framed bytes that any engine returns at once, so that a reader's memory is bounded.
    pub const BYTES_CAP: usize = 4 * 1024 * 1024;

    /// Reads at most `max_events` events.
    pub const fn events(max_events: usize) -> Self {
        Self {
            max_events,
            max_bytes: Self::BYTES_CAP,
        }
    }

    /// Reads at most `max_bytes` framed bytes.
    pub const fn bytes(max_bytes: usize) -> Self {
        Self {
            max_events: usize::MAX,
            max_bytes,
        }
    }

    pub(crate) fn capped(self) -> Self {
        Self {
            max_events: self.max_events.max(1),
            max_bytes: self.max_bytes.clamp(1, Self::BYTES_CAP),
        }
    }
}

impl Default for ReadLimits {
    /// As much as a message of common size carries.
    fn default() -> Self {
        Self {
            max_events: 10_000,
            max_bytes: 1024 * 1024,
        }
    }
}

impl Chunk {
    /// No leaves, at `first`.
    pub const fn empty(first: u64) -> Self {
        Self {
            first,
            count: 0,
            framed: Bytes::new(),
        }
    }

    /// Leaves in the stored framing that begin at position `first`. Every frame is checked.
    pub fn from_framed(first: u64, framed: Bytes) -> Result<Self, InvalidFraming> {
        let mut count = 0;
        let mut at = 0;
        while at < framed.len() {
            at = frame_at(&framed, at).ok_or(InvalidFraming { at })?.1;
            count += 1;
        }
        Ok(Self {
            first,
            count,
            framed,
        })
    }

    /// The position of the first leaf.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The number of leaves.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The position after the last leaf: where to read on.
    pub const fn next(&self) -> u64 {
        self.first + self.count as u64
    }

    /// Whether it holds no leaves.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The leaves in the stored framing.
    pub const fn framed(&self) -> &Bytes {
        &self.framed
    }

    /// The leaves with their positions, as slices of the chunk's buffer.
    pub fn leaves(&self) -> impl Iterator<Item = (u64, Bytes)> + use<> {
        (self.first..).zip(frames(self.framed.clone()))
    }
}

/// Adds one leaf in the stored framing.
pub(crate) fn put_frame(into: &mut impl BufMut, leaf: &[u8]) {
    let mut length = leaf.len();
    while length > 0x7f {
        into.put_u8((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    into.put_u8(length as u8);
    into.put_slice(leaf);
}

/// The framed length of a leaf of `bytes` bytes.
pub(crate) const fn framed_len(bytes: usize) -> usize {
    let bits = usize::BITS - bytes.leading_zeros();
    bytes
        + if bits == 0 {
            1
        } else {
            bits.div_ceil(7) as usize
        }
}

/// Where the leaf framed at `at` begins and ends, or nothing if no whole leaf stands there.
pub(crate) fn frame_at(framed: &[u8], at: usize) -> Option<(usize, usize)> {
    let (mut length, mut begin) = (0usize, at);
    // A leaf is at most 65,535 bytes, so its length takes at most 3 bytes.
    for shift in [0, 7, 14] {
        let byte = *framed.get(begin)?;
        begin += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let end = begin.checked_add(length)?;
            return (length <= Leaf::BYTES_MAX && end <= framed.len()).then_some((begin, end));
        }
    }
    None
}

/// The leaves of a framed buffer, up to the first that is not whole.
pub(crate) fn frames(framed: Bytes) -> impl Iterator<Item = Bytes> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (begin, end) = frame_at(&framed, at)?;
        at = end;
        Some(framed.slice(begin..end))
    })
}

/// The bytes that the first `count` frames take; nothing if there are fewer.
pub(crate) fn frames_end(framed: &[u8], count: usize) -> Option<usize> {
    (0..count).try_fold(0, |at, _| frame_at(framed, at).map(|(_, end)| end))
}

/// Collects frames until a limit is met.
#[derive(Debug)]
pub(crate) struct ChunkBuilder {
    first: u64,
    count: usize,
    limits: ReadLimits,
    parts: Vec<Bytes>,
    bytes: usize,
    full: bool,
}

impl ChunkBuilder {
    pub(crate) fn new(first: u64, limits: ReadLimits) -> Self {
        let limits = limits.capped();
        Self {
            first,
            count: 0,
            limits,
            parts: Vec::new(),
            bytes: 0,
            full: false,
        }
    }

    /// The position that the next part must begin at.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.count as u64
    }

    /// Whether a limit is met.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Adds as many of the leading frames of `framed` as the limits allow. `count` is the number of
    /// frames in it. Fails if they are not whole.
    pub(crate) fn add(&mut self, framed: Bytes, count: usize) -> Result<(), InvalidFraming> {
        let room = self.limits.max_bytes.saturating_sub(self.bytes);
        if framed.len() <= room && count <= self.limits.max_events - self.count {
            self.bytes += framed.len();
            self.count += count;
            self.parts.push(framed);
        } else {
            let (mut end, mut taken) = (0, 0);
            while taken < count && self.count + taken < self.limits.max_events {
                let next = frame_at(&framed, end).ok_or(InvalidFraming { at: end })?.1;
                if next > room && self.count + taken > 0 {
                    break;
                }
                (end, taken) = (next, taken + 1);
            }
            self.bytes += end;
            self.count += taken;
            self.parts.push(framed.slice(..end));
            self.full = taken < count;
        }
        self.full |= self.count >= self.limits.max_events || self.bytes >= self.limits.max_bytes;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Chunk {
        let framed = match self.parts.len() {
            0 => Bytes::new(),
            1 => self.parts.swap_remove(0),
            _ => {
                let mut framed = Vec::with_capacity(self.bytes);
                self.parts
                    .iter()
                    .for_each(|part| framed.extend_from_slice(part));
                framed.into()
            }
        };
        Chunk {
            first: self.first,
            count: self.count,
            framed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(lengths: &[usize]) -> Bytes {
        let mut bytes = Vec::new();
        for (i, &length) in lengths.iter().enumerate() {
            put_frame(&mut bytes, &vec![i as u8; length]);
        }
        bytes.into()
    }

    #[test]
    fn frames_come_back_at_every_length_of_the_length() {
        let lengths = [0, 1, 127, 128, 16_383, 16_384, 65_535];
        let bytes = framed(&lengths);
        assert_eq!(
            bytes.len(),
            lengths.iter().map(|&l| framed_len(l)).sum::<usize>()
        );
        let chunk = Chunk::from_framed(7, bytes.clone()).unwrap();
        assert_eq!(chunk.next(), 14);
        let found: Vec<_> = chunk.leaves().map(|(at, leaf)| (at, leaf.len())).collect();
        assert_eq!(found, (7..).zip(lengths).collect::<Vec<_>>());
        let cut = bytes.slice(..bytes.len() - 1);
        assert_eq!(
            Chunk::from_framed(7, cut),
            Err(InvalidFraming {
                at: bytes.len() - 65_538
            })
        );
        assert_eq!(
            frame_at(&[0x80, 0x80, 0x04, 0], 0),
            None,
            "65,536 bytes are too many"
        );
        assert_eq!(frame_at(&[0xff, 0xff, 0xff, 0x01], 0), None);
    }

    #[test]
    fn chunk_holds_at_least_one_leaf_and_no_more_than_the_limits() {
        let take = |max_events, max_bytes| {
            let mut builder = ChunkBuilder::new(
                0,
                ReadLimits {
                    max_events,
                    max_bytes,
                },
            );
            for part in [framed(&[10, 10]), framed(&[10, 10, 10])] {
                let count = part.len() / 11;
                if !builder.is_full() {
                    builder.add(part, count).unwrap();
                }
            }
            builder.finish().count()
        };
        assert_eq!(take(0, 0), 1);
        assert_eq!(take(9, 1), 1);
        assert_eq!(take(9, 22), 2);
        assert_eq!(take(9, 32), 2);
        assert_eq!(take(9, 33), 3);
        assert_eq!(take(4, 9_999), 4);
        assert_eq!(take(9, 9_999), 5);
    }
}
