//! The journal: the copy of the log that makes a commit durable.
//!
//! ```text
//! <data folder>/journal/0000000001.journal    sealed, and compressed (see `packed`)
//!                       0000000002.journal    sealed
//!                       0000000003.journal    the tail, which grows
//!                       0000000004.ahead      zeros, for the next one; removed at every start
//!                       0000000002.packing    what is being compressed; removed at every start
//!                       0000000001.trimming   what is to take the place of a segment that is trimmed, or put back; the same
//! ```
//! A segment is a file header and records, one after the other. All integers are big-endian, all
//! records begin at a multiple of 8. Where the header says so, zeros may follow the last record: room
//! that was filled ahead (see `room`). A record begins with its magic, so zeros where one could stand,
//! and nothing else up to the end of the file, say that nothing more was written; any other byte there
//! is damage. The zeros are cut off when a segment is sealed and when the journal is closed; a crash
//! leaves them.
//!
//! ```text
//! file header, 64 bytes
//!    0   8  magic "DAICHOJ\0"
//!    8   2  format version: 1
//!   10   2  flags: bit 0 the segment was rebuilt from the read copy, bit 1 zeros may follow the last
//!           record, bit 2 all behind the header is compressed, bit 3 the segment was trimmed: nothing is left
//!           between its first record and its seal; the others are 0 and stand for what is to come: a file
//!           that has them, or bit 2 with bit 3, is refused
//!   12   4  number of the segment, from 1
//!   16  16  id of the data folder
//!   32   4  zero, or the crc32c of what is compressed
//!   36  24  zero
//!   60   4  crc32c of the 60 bytes before
//!
//! record
//!    0   4  magic "DJrc"
//!    4   4  length of the whole record, a multiple of 8
//!    8   4  crc32c over the id of the data folder, bytes 0..8 and bytes 12..length
//!   12   1  kind: 1 GROUP, 2 CHECKPOINT, 3 MARK, 4 SEAL
//!   13   1  flags: bit 0 the sync of everything before had returned when this was written
//!   14   2  zero
//!   16   4  number of the segment    \  together the journal sequence: no gaps
//!   20   4  number in the segment    /  within a segment, from 0, but before the seal of a trimmed one
//!   24   .  body, then zeros up to the length
//!
//! GROUP, the commits that one sync covers
//!    4  number of ledgers, then for each:
//!       16 ledger   8 generation after   8 first position   4 events   4 bytes of its leaves below
//!       8 size after   32 root after
//!    then the leaves of each ledger in the stored framing (see `log::chunk`)
//!
//! CHECKPOINT, a signed statement about a ledger, kept as it was signed
//!   16 ledger   8 size   32 root   4 length of the note   the note
//!
//! MARK, what the read copy holds durably, for the ledgers where that changed since the last mark
//!    4  number of ledgers, then for each: 16 ledger   8 generation   8 size   32 root
//!
//! SEAL, the state after a segment: the last record of that segment and the first of the next
//!    4  number of the sealed segment   4 zero   32 SHA-256 of its file before the seal, as it was if it was trimmed
//!    4  number of ledgers, then for each:
//!       16 ledger   8 generation   32 root
//!       8 generation   8 size   32 root of the last mark
//!       4 length of the frontier   the frontier (see `merkle::tree`)
//!    zeros, then in the last 8 bytes: 4 length of the record   4 magic "DJse"
//! ```
//! The crc begins with the random id of the data folder, which no client knows: bytes of an event
//! cannot pass for a record when damage makes a reader search for the next one.
//!
//! Nothing is written after a record before the sync that covers it has returned, save what goes with
//! it in the same write; those have flag 0 clear. So a damaged record without an intact flagged one
//! behind it was never acknowledged. Zeros are no record and say nothing about what stands before them.
//!
//! Nothing trims the journal by itself. An operator does, who proves first that the read copy and a backup hold what goes (see
//! `embedded::trim`); what is left of a segment then is a file all the same (see `stub`), so numbers have no gap and every seal is there.

pub(crate) mod catalog;
pub(crate) mod files;
pub(crate) mod packed;
pub(crate) mod packer;
pub(crate) mod record;
pub(crate) mod room;
pub(crate) mod segment;
pub(crate) mod state;
pub(crate) mod stub;
pub(crate) mod survey;
pub(crate) mod writer;

pub(crate) use record::{Record, Seal, Section};
pub(crate) use state::{LedgerState, Ledgers};

use crate::log::head::LedgerCommit;

/// Where a record stands. Ordered as the records were written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Location {
    /// The number of the segment.
    pub(crate) segment: u32,
    /// The offset of the record in its file.
    pub(crate) offset: u64,
}

/// The random id of a data folder: ties its files to each other.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct FolderId(pub(crate) [u8; 16]);

impl FolderId {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }
}

impl std::fmt::Debug for FolderId {
    // The id keeps forged records out: it is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FolderId(..)")
    }
}

/// A record that claims to be longer than this is damaged: a full group with its framing and its
/// table, or a seal of some ten thousand ledgers.
pub(crate) const RECORD_BYTES_MAX: usize = 8 * LedgerCommit::GROUP_BYTES_MAX;
