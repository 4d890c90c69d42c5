//! Proof files: a leaf's inclusion proof together with the checkpoint that it leads to, after C2SP
//! `tlog-proof`. The customary extension is `.tlog-proof`.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>              may be left out
//! index <decimal>
//! <base64 hash>               none or more, the leaf's sibling first
//!                             one blank line
//! <checkpoint with its signatures>
//! ```
//! By itself `extra` proves nothing. We put the leaf's stored bytes there: the leaf hash is computed
//! from them, so the proof vouches for them, and the file alone is complete evidence of one event.

use std::fmt;

use crate::merkle::canonical::{Lines, decimal, from_base64, to_base64, utf8};
use crate::merkle::checkpoint::{InvalidCheckpoint, SignedCheckpoint};
use crate::merkle::hash::{Hash, leaf_hash};
use crate::merkle::proof::{InvalidInclusion, PROOF_HASHES_MAX, verify_inclusion};
use crate::merkle::trust_policy::{TrustPolicy, Untrusted, Verdict};

/// The longest `extra`, in bytes: that of the longest leaf.
pub const EXTRA_BYTES_MAX: usize = 65_535;
/// The longest proof file, in bytes.
pub const PROOF_FILE_BYTES_MAX: usize = 1_200_000;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof with its checkpoint, not verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

/// The bytes are not a proof file, or would not be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidProofFile {
    /// Longer than a proof file may be.
    #[error("{found} bytes, expected at most {PROOF_FILE_BYTES_MAX}")]
    TooLong {
        /// The length found.
        found: usize,
    },
    /// Not UTF-8.
    #[error("line {line}: expected UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
    },
    /// Not this kind of file, or another version of it.
    #[error("line 1: expected `{HEADER}`")]
    Header,
    /// `extra` is not base64, or too long.
    #[error(
        "line 2: expected at most {EXTRA_BYTES_MAX} bytes of standard, padded base64 after `extra `"
    )]
    Extra,
    /// No index.
    #[error("line {line}: expected `index ` and a decimal number without leading zeros")]
    Index {
        /// The line, from 1.
        line: usize,
    },
    /// Neither a hash nor the blank line after the last one.
    #[error("line {line}: expected a hash in standard, padded base64, or a blank line")]
    Hash {
        /// The line, from 1.
        line: usize,
    },
    /// More hashes than any proof has.
    #[error("line {line}: expected at most {PROOF_HASHES_MAX} hashes")]
    TooManyHashes {
        /// The line, from 1.
        line: usize,
    },
    /// What follows the blank line is not a checkpoint. Its own lines are counted from its first.
    #[error("checkpoint from line {first_line} on: {fault}")]
    Checkpoint {
        /// The first line of the checkpoint, from 1.
        first_line: usize,
        /// What was expected.
        fault: InvalidCheckpoint,
    },
}

/// The file does not prove what it should.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unproven {
    /// No leaf in `extra`.
    #[error("the file does not hold the leaf; give it, or its hash")]
    NoLeaf,
    /// The checkpoint is not one to rely on.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// The leaf is not in the checkpoint's tree.
    #[error(transparent)]
    NotIncluded(#[from] InvalidInclusion),
}

impl ProofFile {
    /// The proof that the leaf at `index` is in the tree of `checkpoint`. `extra` is the leaf.
    pub fn new(
        extra: Option<Vec<u8>>,
        index: u64,
        hashes: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, InvalidProofFile> {
        if extra.as_ref().is_some_and(|e| EXTRA_BYTES_MAX < e.len()) {
            return Err(InvalidProofFile::Extra);
        }
        if PROOF_HASHES_MAX < hashes.len() {
            let line = 3 + usize::from(extra.is_some()) + PROOF_HASHES_MAX;
            return Err(InvalidProofFile::TooManyHashes { line });
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint,
        })
    }

    /// The proof file that these bytes are. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidProofFile> {
        let found = bytes.len();
        if PROOF_FILE_BYTES_MAX < found {
            return Err(InvalidProofFile::TooLong { found });
        }
        let text = utf8(bytes).map_err(|line| InvalidProofFile::NotUtf8 { line })?;
        let mut lines = Lines::new(text);
        if lines.next() != Some(HEADER) {
            return Err(InvalidProofFile::Header);
        }
        let mut line = lines.next();
        let mut extra = None;
        if let Some(base64) = line.and_then(|line| line.strip_prefix("extra ")) {
            let bytes = from_base64(base64).filter(|bytes| bytes.len() <= EXTRA_BYTES_MAX);
            extra = Some(bytes.ok_or(InvalidProofFile::Extra)?);
            line = lines.next();
        }
        let index = line.and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or(InvalidProofFile::Index {
            line: 2 + usize::from(extra.is_some()),
        })?;
        let mut hashes = Vec::new();
        loop {
            let line = 1 + lines.number();
            match lines.next() {
                Some("") => break,
                Some(_) if PROOF_HASHES_MAX <= hashes.len() => {
                    return Err(InvalidProofFile::TooManyHashes { line });
                }
                hash => {
                    let hash = hash.and_then(|hash| Hash::from_base64(hash).ok());
                    hashes.push(hash.ok_or(InvalidProofFile::Hash { line })?);
                }
            }
        }
        let checkpoint = SignedCheckpoint::parse(lines.rest().as_bytes());
        let first_line = 1 + lines.number();
        let checkpoint =
            checkpoint.map_err(|fault| InvalidProofFile::Checkpoint { first_line, fault })?;
        Self::new(extra, index, hashes, checkpoint)
    }

    /// The leaf's stored bytes, if the file holds them.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The index of the leaf.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof, the leaf's sibling first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint whose tree the leaf is in.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Verifies that the leaf in `extra` is in the tree of a checkpoint that `policy` accepts.
    /// Returns the leaf's hash, and who signed when.
    pub fn verify<'p>(&self, policy: &'p TrustPolicy) -> Result<(Hash, Verdict<'p>), Unproven> {
        let leaf = leaf_hash(self.extra().ok_or(Unproven::NoLeaf)?);
        Ok((leaf, self.verify_leaf(policy, &leaf)?))
    }

    /// Verifies that the leaf with this hash is in the tree of a checkpoint that `policy` accepts,
    /// whatever `extra` holds.
    pub fn verify_leaf<'p>(
        &self,
        policy: &'p TrustPolicy,
        leaf: &Hash,
    ) -> Result<Verdict<'p>, Unproven> {
        let verdict = policy.accept(&self.checkpoint)?;
        let head = self.checkpoint.checkpoint().head();
        verify_inclusion(&head, self.index, leaf, &self.hashes)?;
        Ok(verdict)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        let mut hashes = self.hashes.iter();
        hashes.try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
