//! What a log and a witness say to each other, after C2SP `tlog-witness`.
//!
//! ```text
//! POST <prefix>/add-checkpoint
//! old <size> LF
//! <base64 hash> LF            none to 63: the consistency proof from the old size
//! LF
//! <signed checkpoint>
//! ```
//! A witness answers 200 with one or more cosignature lines, or refuses. The same bytes as a file,
//! and the answer as a file, are how a witness works without a network.

use std::fmt;

use crate::merkle::canonical::{Lines, decimal, utf8};
use crate::merkle::checkpoint::{InvalidCheckpoint, SignedCheckpoint};
use crate::merkle::hash::Hash;
use crate::merkle::key::VerifierKey;
use crate::merkle::note::{InvalidNote, NoteSignature, Unverified, parse_signatures};
use crate::merkle::proof::{InvalidConsistency, verify_consistency};
use crate::merkle::tree::TreeHead;

/// The most hashes of a request.
pub const WITNESS_HASHES_MAX: usize = 63;
/// The longest request, in bytes.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 1_100_000;
/// The longest answer, in bytes.
pub const WITNESS_ANSWER_BYTES_MAX: usize = 1_000_000;
/// The content type of a refusal that tells the size the witness knows.
pub const KNOWN_SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The request to cosign a checkpoint, nothing of it verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

/// The bytes are not such a request, or would not be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAddCheckpoint {
    /// Longer than a request may be.
    #[error("{found} bytes, expected at most {ADD_CHECKPOINT_BYTES_MAX}")]
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
    /// No size at the beginning.
    #[error("line 1: expected `old ` and a decimal number without leading zeros")]
    OldSize,
    /// Neither a hash nor the blank line after the last one.
    #[error("line {line}: expected a hash in standard, padded base64, or a blank line")]
    Hash {
        /// The line, from 1.
        line: usize,
    },
    /// More hashes than a request may have.
    #[error("line {line}: expected at most {WITNESS_HASHES_MAX} hashes")]
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

/// Why a witness does not cosign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// 404: no key of this origin is known.
    #[error("no log is known as `{origin}`")]
    UnknownOrigin {
        /// The checkpoint's origin.
        origin: String,
    },
    /// 403: not signed by a known key of the log, or a known key's signature does not verify.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// 400: the old size is above the checkpoint's.
    #[error("the old size {old} is above the checkpoint's {size}")]
    OldBeyondSize {
        /// The old size of the request.
        old: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// 409: the old size is not the one that the witness saw last. The log asks again from there.
    #[error("the size seen last is {known}")]
    OtherSize {
        /// The size that the witness saw last; 0 if it saw none.
        known: u64,
    },
    /// 422: a proof where there is nothing to prove.
    #[error("expected no proof from the empty tree")]
    ProofFromNothing,
    /// 422: the checkpoint is not shown to go on from what the witness saw. If the signature is the
    /// log's and the proof the right one, the log has forked: keep the request, it is the evidence.
    #[error(transparent)]
    Inconsistent(#[from] InvalidConsistency),
}

/// What a witness answers with: one or more cosignature lines, none verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cosignatures(Vec<NoteSignature>);

/// The answer is not of cosignature lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCosignatures {
    /// Longer than an answer may be.
    #[error("{found} bytes, expected at most {WITNESS_ANSWER_BYTES_MAX}")]
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
    /// A line is not a signature.
    #[error(transparent)]
    Line(#[from] InvalidNote),
}

/// The body of a refusal is not a size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line 1: expected a decimal number without leading zeros, and LF, and no more")]
pub struct InvalidKnownSize;

impl AddCheckpoint {
    /// The request to cosign `checkpoint`, which goes on from `old_size` as `proof` shows.
    pub fn new(
        old_size: u64,
        proof: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, InvalidAddCheckpoint> {
        if WITNESS_HASHES_MAX < proof.len() {
            let line = 2 + WITNESS_HASHES_MAX;
            return Err(InvalidAddCheckpoint::TooManyHashes { line });
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint,
        })
    }

    /// The request that these bytes are. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidAddCheckpoint> {
        let found = bytes.len();
        if ADD_CHECKPOINT_BYTES_MAX < found {
            return Err(InvalidAddCheckpoint::TooLong { found });
        }
        let text = utf8(bytes).map_err(|line| InvalidAddCheckpoint::NotUtf8 { line })?;
        let mut lines = Lines::new(text);
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size.and_then(decimal);
        let old_size = old_size.ok_or(InvalidAddCheckpoint::OldSize)?;
        let mut proof = Vec::new();
        loop {
            let line = 1 + lines.number();
            match lines.next() {
                Some("") => break,
                Some(_) if WITNESS_HASHES_MAX <= proof.len() => {
                    return Err(InvalidAddCheckpoint::TooManyHashes { line });
                }
                hash => {
                    let hash = hash.and_then(|hash| Hash::from_base64(hash).ok());
                    proof.push(hash.ok_or(InvalidAddCheckpoint::Hash { line })?);
                }
            }
        }
        let checkpoint = SignedCheckpoint::parse(lines.rest().as_bytes());
        let first_line = 1 + lines.number();
        let checkpoint =
            checkpoint.map_err(|fault| InvalidAddCheckpoint::Checkpoint { first_line, fault })?;
        Self::new(old_size, proof, checkpoint)
    }

    /// The size that the log believes the witness saw last.
    pub const fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The consistency proof from the old size to the checkpoint's.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint to cosign.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Whether a witness may cosign: decides as C2SP `tlog-witness` does, in its order.
    ///
    /// `logs` are the keys of all the logs that the witness knows, each named as its origin. `seen`
    /// is what it saw last of the checkpoint's origin, [`TreeHead::EMPTY`] if nothing. What is
    /// returned must be kept as seen, atomically with this decision, before the cosignature leaves.
    pub fn decide(&self, logs: &[VerifierKey], seen: &TreeHead) -> Result<TreeHead, Refusal> {
        let checkpoint = self.checkpoint.checkpoint();
        let (origin, new) = (checkpoint.origin(), checkpoint.head());
        let keys = logs.iter().filter(|key| key.name().as_str() == origin);
        if keys.clone().next().is_none() {
            let origin = origin.to_owned();
            return Err(Refusal::UnknownOrigin { origin });
        }
        self.checkpoint.note().verify(keys)?;
        let (old, size) = (self.old_size, new.size);
        if size < old {
            return Err(Refusal::OldBeyondSize { old, size });
        }
        if old != seen.size {
            return Err(Refusal::OtherSize { known: seen.size });
        }
        match (old, self.proof.is_empty()) {
            (0, true) => {}
            (0, false) => return Err(Refusal::ProofFromNothing),
            (_, _) => verify_consistency(seen, &new, &self.proof)?,
        }
        Ok(new)
    }
}

impl InvalidAddCheckpoint {
    /// The HTTP status that a witness answers with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Checkpoint {
                fault: InvalidCheckpoint::EmptyTreeRoot,
                ..
            } => 422,
            _ => 400,
        }
    }
}

impl Refusal {
    /// The HTTP status that a witness answers with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownOrigin { .. } => 404,
            Self::Unverified(_) => 403,
            Self::OldBeyondSize { .. } => 400,
            Self::OtherSize { .. } => 409,
            Self::ProofFromNothing | Self::Inconsistent(_) => 422,
        }
    }

    /// The body of a 409, whose content type is [`KNOWN_SIZE_CONTENT_TYPE`]; nothing otherwise.
    pub fn body(&self) -> Option<String> {
        match self {
            Self::OtherSize { known } => Some(format!("{known}\n")),
            _ => None,
        }
    }
}

/// The size that the body of a 409 tells.
pub fn parse_known_size(body: &[u8]) -> Result<u64, InvalidKnownSize> {
    let text = str::from_utf8(body).ok();
    let size = text.and_then(|text| text.strip_suffix('\n'));
    size.and_then(decimal).ok_or(InvalidKnownSize)
}

impl Cosignatures {
    /// The answer of these signatures.
    pub fn new(signatures: Vec<NoteSignature>) -> Result<Self, InvalidCosignatures> {
        // What is printed is what is parsed, so that no answer is made that nobody takes.
        Self::parse(Self(signatures).to_string().as_bytes())
    }

    /// The answer that these bytes are. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCosignatures> {
        let found = bytes.len();
        if WITNESS_ANSWER_BYTES_MAX < found {
            return Err(InvalidCosignatures::TooLong { found });
        }
        let text = utf8(bytes).map_err(|line| InvalidCosignatures::NotUtf8 { line })?;
        Ok(Self(parse_signatures(text, 0)?))
    }

    /// The signatures: one at least.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.0
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        let mut hashes = self.proof.iter();
        hashes.try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl fmt::Display for Cosignatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut signatures = self.0.iter();
        signatures.try_for_each(|signature| writeln!(f, "{signature}"))
    }
}
