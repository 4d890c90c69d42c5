//! The tree of stream heads: what shows that a stream is complete, and that another does not exist.
//!
//! ```text
//! stream = kind (1 byte) || id (16 bytes)
//! row    = stream || revision (u64, big-endian) || leaf hash of the stream's last event     57 bytes
//! tree   = RFC 6962 over the rows, in ascending order of their streams, one for each
//! ```
//! The ledger records the size and root of this tree as an event now and then. A row proved to be in
//! it says that at that event the stream had exactly so many events; the last one's hash names those
//! before it. Two neighbouring rows with nothing between them say that a stream was not there.
//!
//! An order that is wrong elsewhere in the tree does not show in one proof. Whoever has all events
//! computes the tree again and compares roots; such a person only has to be one among many.

use crate::merkle::hash::{Hash, leaf_hash, node_hash};
use crate::merkle::node::{Node, root_at};
use crate::merkle::proof::{InvalidInclusion, prove_inclusion, verify_inclusion};
use crate::merkle::tree::TreeHead;

/// Which stream: the number of its kind, and its id.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamKey {
    /// The number that the storage format gives to its kind.
    pub kind: u8,
    /// The id of what the stream is about.
    pub id: [u8; 16],
}

/// Where a stream stands: a row of the tree.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct StreamHead {
    /// Which stream.
    pub stream: StreamKey,
    /// The number of its events, which is the revision of the last one.
    pub revision: u64,
    /// The leaf hash of its last event.
    pub leaf: Hash,
}

/// The heads of all streams, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamHeads {
    rows: Vec<StreamHead>,
    /// The complete subtrees, those of the leaves first.
    levels: Vec<Vec<Hash>>,
}

/// A row with the proof that it is in the tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProvenRow {
    /// Which row, from 0.
    pub index: u64,
    /// The row.
    pub row: StreamHead,
    /// The inclusion proof.
    pub hashes: Vec<Hash>,
}

/// What a tree of heads says of one stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StreamProof {
    /// The stream's row.
    Present(ProvenRow),
    /// The rows between which the stream's would be.
    Absent {
        /// The row before; `None` if it would be the first.
        before: Option<ProvenRow>,
        /// The row after; `None` if it would be the last.
        after: Option<ProvenRow>,
    },
}

/// The rows are not those of a tree of heads.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidHeads {
    /// Not after the row before it.
    #[error("row {row}: expected a stream above that of the row before it")]
    OutOfOrder {
        /// Which row, from 0.
        row: usize,
    },
    /// A stream without events has no row.
    #[error("row {row}: expected a revision of 1 or more")]
    NoEvents {
        /// Which row, from 0.
        row: usize,
    },
    /// Not the bytes of a row.
    #[error("{found} bytes, expected {}", StreamHead::BYTES)]
    Length {
        /// The number of bytes found.
        found: usize,
    },
}

/// The proof does not show where the stream stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidStreamProof {
    /// The row is another stream's.
    #[error("row {index} is of another stream")]
    OtherStream {
        /// Which row, from 0.
        index: u64,
    },
    /// A row is not in the tree.
    #[error("row {index}: {fault}")]
    NotIncluded {
        /// Which row, from 0.
        index: u64,
        /// What is wrong.
        fault: InvalidInclusion,
    },
    /// The rows do not leave room for exactly the stream asked about: they are no neighbours, or the
    /// only one is not at that end of the tree.
    #[error("the rows are not neighbours")]
    NotNeighbours,
    /// The stream would not be between the rows.
    #[error("the stream is not between the rows")]
    NotBetween,
}

impl StreamHead {
    /// The length of a row in bytes.
    pub const BYTES: usize = 57;

    /// The bytes of the row, of which the tree is made.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.push(self.stream.kind);
        bytes.extend_from_slice(&self.stream.id);
        bytes.extend_from_slice(&self.revision.to_be_bytes());
        bytes.extend_from_slice(self.leaf.as_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidHeads> {
        let length = InvalidHeads::Length { found: bytes.len() };
        let (kind, rest) = bytes.split_first().ok_or(length)?;
        let (id, rest) = rest.split_first_chunk().ok_or(length)?;
        let (revision, leaf) = rest.split_first_chunk().ok_or(length)?;
        Ok(Self {
            stream: StreamKey {
                kind: *kind,
                id: *id,
            },
            revision: u64::from_be_bytes(*revision),
            leaf: Hash::try_from(leaf).map_err(|_| length)?,
        })
    }

    /// The hash of the row in the tree.
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}

impl StreamHeads {
    /// The tree over these rows, which are in ascending order of their streams.
    pub fn new(rows: Vec<StreamHead>) -> Result<Self, InvalidHeads> {
        if let Some(row) = rows.iter().position(|row| row.revision == 0) {
            return Err(InvalidHeads::NoEvents { row });
        }
        let pairs = rows.iter().zip(rows.iter().skip(1));
        let out_of_order = pairs.map(|(row, next)| next.stream <= row.stream);
        if let Some(row) = out_of_order.into_iter().position(|wrong| wrong) {
            return Err(InvalidHeads::OutOfOrder { row: row + 1 });
        }
        let mut level: Vec<Hash> = rows.iter().map(StreamHead::hash).collect();
        let mut levels = Vec::new();
        while !level.is_empty() {
            let pairs = level.as_chunks::<2>().0.iter();
            let above = pairs.map(|[left, right]| node_hash(left, right)).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        Ok(Self { rows, levels })
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[StreamHead] {
        &self.rows
    }

    /// The number of rows and the root over them: what the ledger records.
    pub fn head(&self) -> TreeHead {
        let size = self.rows.len() as u64;
        // Every subtree asked for is there.
        let root = root_at(&mut |node| self.node(node), size).unwrap_or(Hash::EMPTY_ROOT);
        TreeHead { size, root }
    }

    /// The proof of where `stream` stands, or that it is not there.
    pub fn prove(&self, stream: &StreamKey) -> StreamProof {
        match self.rows.binary_search_by_key(stream, |row| row.stream) {
            Ok(at) => match self.proven(at) {
                Some(row) => StreamProof::Present(row),
                None => StreamProof::Absent {
                    before: None,
                    after: None,
                },
            },
            Err(at) => StreamProof::Absent {
                before: at.checked_sub(1).and_then(|at| self.proven(at)),
                after: self.proven(at),
            },
        }
    }

    fn proven(&self, at: usize) -> Option<ProvenRow> {
        let row = *self.rows.get(at)?;
        let (index, size) = (at as u64, self.rows.len() as u64);
        let hashes = prove_inclusion(&mut |node| self.node(node), index, size).ok()?;
        Some(ProvenRow { index, row, hashes })
    }

    fn node(&self, node: Node) -> Result<Hash, NoSuchNode> {
        let level = self.levels.get(usize::from(node.level));
        let index = usize::try_from(node.index).ok();
        let hash = level.zip(index).and_then(|(level, index)| level.get(index));
        hash.copied().ok_or(NoSuchNode)
    }
}

struct NoSuchNode;

impl StreamProof {
    /// Verifies against the recorded size and root what is said of `stream`: its row, or `None` if it
    /// was not there.
    pub fn verify(
        &self,
        heads: &TreeHead,
        stream: &StreamKey,
    ) -> Result<Option<StreamHead>, InvalidStreamProof> {
        match self {
            Self::Present(proven) => {
                proven.verify(heads)?;
                match proven.row.stream == *stream {
                    true => Ok(Some(proven.row)),
                    false => Err(InvalidStreamProof::OtherStream {
                        index: proven.index,
                    }),
                }
            }
            Self::Absent { before, after } => {
                absent(heads, stream, before.as_ref(), after.as_ref())?;
                Ok(None)
            }
        }
    }
}

impl ProvenRow {
    fn verify(&self, heads: &TreeHead) -> Result<(), InvalidStreamProof> {
        let included = verify_inclusion(heads, self.index, &self.row.hash(), &self.hashes);
        included.map_err(|fault| InvalidStreamProof::NotIncluded {
            index: self.index,
            fault,
        })
    }
}

fn absent(
    heads: &TreeHead,
    stream: &StreamKey,
    before: Option<&ProvenRow>,
    after: Option<&ProvenRow>,
) -> Result<(), InvalidStreamProof> {
    let rows = [before, after].into_iter().flatten();
    rows.into_iter().try_for_each(|row| row.verify(heads))?;
    let neighbours = match (before, after) {
        (Some(before), Some(after)) => before.index.checked_add(1) == Some(after.index),
        (Some(last), None) => last.index.checked_add(1) == Some(heads.size),
        (None, Some(first)) => first.index == 0,
        (None, None) => *heads == TreeHead::EMPTY,
    };
    if !neighbours {
        return Err(InvalidStreamProof::NotNeighbours);
    }
    let above = before.is_none_or(|before| before.row.stream < *stream);
    let below = after.is_none_or(|after| *stream < after.row.stream);
    match above && below {
        true => Ok(()),
        false => Err(InvalidStreamProof::NotBetween),
    }
}
