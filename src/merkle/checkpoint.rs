//! Checkpoints: what a log says its tree is, after C2SP `tlog-checkpoint`.
//!
//! ```text
//! <origin> LF <size> LF base64(<root>) LF      further lines are tolerated, and never written
//! ```
//! A checkpoint is the text of a note that the log signs. Witnesses add cosignatures (C2SP
//! `tlog-cosignature`), which say: "at that time this was the largest consistent tree I had seen
//! under this origin".

use std::fmt;
use std::str::FromStr;

use crate::merkle::canonical::{Lines, decimal};
use crate::merkle::hash::Hash;
use crate::merkle::key::{KeyId, KeyName, VerifierKey};
use crate::merkle::note::{InvalidNote, Note, NoteSignature, Unverified, Verified};
use crate::merkle::signer::{Signer, Unsigned, sign};
use crate::merkle::tree::TreeHead;

/// The longest origin, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 255;
/// The most lines after the root that are tolerated.
pub const EXTENSION_LINES_MAX: usize = 16;

/// The head of a log's tree. Shown as the text that is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    extensions: Vec<String>,
}

/// A checkpoint with its signatures, none of which is verified yet. Shown as the note that it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// The text is not a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Not a note at all.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// Line 1 is not an origin.
    #[error(
        "line 1: expected an origin of 1 to {ORIGIN_BYTES_MAX} bytes without control characters"
    )]
    Origin,
    /// Line 2 is not a size.
    #[error("line 2: expected the size in decimal, without sign and leading zeros")]
    Size,
    /// Line 3 is not a root.
    #[error("line 3: expected the root, 32 bytes in standard, padded base64")]
    Root,
    /// The empty tree has one root only.
    #[error("line 3: expected the root of the empty tree, {}", Hash::EMPTY_ROOT.to_base64())]
    EmptyTreeRoot,
    /// A line after the root is blank.
    #[error("line {line}: expected no blank line")]
    BlankLine {
        /// The line, from 1.
        line: usize,
    },
    /// More lines than are tolerated.
    #[error("line {line}: expected at most {EXTENSION_LINES_MAX} lines after the root")]
    TooManyLines {
        /// The line, from 1.
        line: usize,
    },
    /// The last line has no LF.
    #[error("line {line}: expected LF at the end")]
    Unterminated {
        /// The line, from 1.
        line: usize,
    },
}

/// A checkpoint was not signed.
#[derive(Debug, thiserror::Error)]
pub enum UnsignedCheckpoint {
    /// A signer failed.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    /// No signer, or more than a note may have.
    #[error(transparent)]
    Note(#[from] InvalidNote),
}

impl Checkpoint {
    /// The checkpoint of the log that is known as `origin`.
    pub fn new(origin: &KeyName, head: TreeHead) -> Result<Self, InvalidCheckpoint> {
        if head.size == 0 && head.root != Hash::EMPTY_ROOT {
            return Err(InvalidCheckpoint::EmptyTreeRoot);
        }
        Ok(Self {
            origin: origin.as_str().to_owned(),
            head,
            extensions: Vec::new(),
        })
    }

    /// Which log it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// SHA-256 of the origin: where a witness answers with what it saw last of the log.
    pub fn origin_digest(&self) -> Hash {
        Hash::digest(self.origin.as_bytes())
    }

    /// The size and root of its tree.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// What stands after the root. We write nothing there.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(text: &str) -> Result<Self, InvalidCheckpoint> {
        if !text.is_empty() && !text.ends_with('\n') {
            let line = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
            return Err(InvalidCheckpoint::Unterminated { line });
        }
        let mut lines = Lines::new(text);
        let control = |line: &str| line.contains(|c: char| c < ' ');
        let origin = lines.next().filter(|line| !control(line));
        let origin = origin.filter(|line| (1..=ORIGIN_BYTES_MAX).contains(&line.len()));
        let origin = origin.ok_or(InvalidCheckpoint::Origin)?.to_owned();
        let size = lines.next().and_then(decimal);
        let size = size.ok_or(InvalidCheckpoint::Size)?;
        let root = lines.next().and_then(|line| Hash::from_base64(line).ok());
        let root = root.ok_or(InvalidCheckpoint::Root)?;
        if size == 0 && root != Hash::EMPTY_ROOT {
            return Err(InvalidCheckpoint::EmptyTreeRoot);
        }
        let mut extensions = Vec::new();
        while let Some(extension) = lines.next() {
            let line = lines.number();
            if extension.is_empty() {
                return Err(InvalidCheckpoint::BlankLine { line });
            }
            if control(extension) {
                return Err(InvalidNote::ControlCharacter { line }.into());
            }
            if EXTENSION_LINES_MAX <= extensions.len() {
                return Err(InvalidCheckpoint::TooManyLines { line });
            }
            extensions.push(extension.to_owned());
        }
        Ok(Self {
            origin,
            head: TreeHead { size, root },
            extensions,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.head.root.to_base64();
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)?;
        let mut extensions = self.extensions.iter();
        extensions.try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignedCheckpoint {
    /// The checkpoint, signed by all of `signers` at `time` (seconds since 1970, used where the type
    /// of a key tells the time). During a change of keys a log signs with the old and the new one.
    pub fn sign<'s>(
        checkpoint: Checkpoint,
        signers: impl IntoIterator<Item = &'s dyn Signer>,
        time: u64,
    ) -> Result<Self, UnsignedCheckpoint> {
        let text = checkpoint.to_string();
        let signers = signers.into_iter();
        let signatures = signers.map(|signer| sign(signer, &text, time));
        let signatures = signatures.collect::<Result<_, _>>()?;
        let note = Note::new(text, signatures)?;
        Ok(Self { checkpoint, note })
    }

    /// The checkpoint that these bytes are. No signature is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCheckpoint> {
        Note::parse(bytes)?.try_into()
    }

    /// What is signed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The text with its signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature at the end, unless this very line is there. It is not verified.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), InvalidNote> {
        self.note.add(signature)
    }

    /// Adds a signature that verifies with one of the known keys, unless this very line is there.
    pub fn add_verified<'k>(
        &mut self,
        signature: NoteSignature,
        known: &'k [VerifierKey],
    ) -> Result<Verified<'k>, NotAdded> {
        if !known.iter().any(|key| signature.is_of(key)) {
            let (name, id) = (signature.name().clone(), signature.id());
            return Err(NotAdded::UnknownKey { name, id });
        }
        let alone = Note::new(self.note.text().to_owned(), vec![signature.clone()])?;
        let verified = alone.verify(known)?;
        let verified = verified.first().copied().ok_or(Unverified::NoKnownKey)?;
        self.note.add(signature)?;
        Ok(verified)
    }
}

/// A signature was not added to a checkpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAdded {
    /// No known key has its name and id.
    #[error("no known key is `{name}` with id {id}")]
    UnknownKey {
        /// Whose signature it claims to be.
        name: KeyName,
        /// Which key's.
        id: KeyId,
    },
    /// It does not verify, or two known keys have its name and id.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// The checkpoint has as many signatures as it may.
    #[error(transparent)]
    Note(#[from] InvalidNote),
}

impl TryFrom<Note> for SignedCheckpoint {
    type Error = InvalidCheckpoint;

    fn try_from(note: Note) -> Result<Self, InvalidCheckpoint> {
        let checkpoint = note.text().parse()?;
        Ok(Self { checkpoint, note })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
