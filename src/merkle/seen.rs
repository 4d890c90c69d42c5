//! What a witness remembers: the checkpoint of each log that it cosigned last, as one text.
//!
//! ```text
//! daicho witness seen 1 LF
//! sha256 <of all that follows, in hex> LF
//! checkpoint <bytes> LF      and so many bytes: a checkpoint with the witness's own cosignature
//! ```
//! The logs stand in the order of their origins, each once. The digest shows what was left out or cut; each checkpoint
//! verifies with the witness's own key.

use std::collections::BTreeMap;
use std::fmt;

use crate::merkle::canonical::{decimal, utf8};
use crate::merkle::checkpoint::{InvalidCheckpoint, SignedCheckpoint};
use crate::merkle::hash::Hash;
use crate::merkle::key::VerifierKey;
use crate::merkle::note::Unverified;

const TITLE: &str = "daicho witness seen 1\n";

/// The checkpoints that a witness cosigned last, by the origins of their logs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen(BTreeMap<String, SignedCheckpoint>);

/// The bytes are not the memory of a witness.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSeen {
    /// Not UTF-8.
    #[error("line {line}: expected UTF-8")]
    NotUtf8 {
        /// Which line, from 1.
        line: usize,
    },
    /// Another first line.
    #[error("another title")]
    Title,
    /// The second line is not the digest of what follows.
    #[error("the digest does not fit what follows")]
    Digest,
    /// Not a checkpoint's length and as many bytes.
    #[error("a checkpoint is cut short")]
    Cut,
    /// What stands there is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The witness did not cosign it.
    #[error("not cosigned by this witness: {0}")]
    NotCosigned(Unverified),
    /// A log stands there twice, or before one that it stands behind.
    #[error("a log stands there twice, or out of its order")]
    OutOfOrder,
}

impl Seen {
    /// The memory of the witness with this key. Every checkpoint is verified.
    pub fn parse(bytes: &[u8], key: &VerifierKey) -> Result<Self, InvalidSeen> {
        let text = utf8(bytes).map_err(|line| InvalidSeen::NotUtf8 { line })?;
        let rest = text.strip_prefix(TITLE).ok_or(InvalidSeen::Title)?;
        let (line, mut rest) = rest.split_once('\n').ok_or(InvalidSeen::Digest)?;
        if line != digest_line(rest) {
            return Err(InvalidSeen::Digest);
        }
        let mut seen = BTreeMap::new();
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').ok_or(InvalidSeen::Cut)?;
            let length = line.strip_prefix("checkpoint ").and_then(decimal);
            let length = length.and_then(|length| usize::try_from(length).ok());
            let parts = length.and_then(|length| after.split_at_checked(length));
            let (note, after) = parts.ok_or(InvalidSeen::Cut)?;
            let signed = SignedCheckpoint::parse(note.as_bytes())?;
            let own = signed.note().verify([key]);
            own.map_err(InvalidSeen::NotCosigned)?;
            let origin = signed.checkpoint().origin().to_owned();
            let last: Option<(&String, _)> = seen.last_key_value();
            if last.is_some_and(|(last, _)| origin <= *last) {
                return Err(InvalidSeen::OutOfOrder);
            }
            seen.insert(origin, signed);
            rest = after;
        }
        Ok(Self(seen))
    }

    /// Takes in a checkpoint that was cosigned, as the last one of its log.
    pub fn see(&mut self, signed: SignedCheckpoint) {
        let origin = signed.checkpoint().origin().to_owned();
        self.0.insert(origin, signed);
    }

    /// What was cosigned last of the log that is known as `origin`.
    pub fn of(&self, origin: &str) -> Option<&SignedCheckpoint> {
        self.0.get(origin)
    }

    /// All of them, in the order of their origins.
    pub fn all(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.0.values()
    }

    /// How many logs there are.
    pub fn logs(&self) -> usize {
        self.0.len()
    }
}

fn digest_line(body: &str) -> String {
    format!("sha256 {}", Hash::digest(body.as_bytes()))
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = self.all().map(ToString::to_string);
        let body: String = notes
            .map(|note| format!("checkpoint {}\n{note}", note.len()))
            .collect();
        write!(f, "{TITLE}{}\n{body}", digest_line(&body))
    }
}
