//! What a ledger says of its own proofs: the keys it signs with, the name it goes by, up to where its streams are whole,
//! and what was erased of it. All of it is made by the server; what is proved by it is not known here.

use jiff::Timestamp;

use crate::domain::id::{DataSubjectId, EventId};
use crate::domain::text::Name;

/// The text is no verifier key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidVerifierKey {
    /// Nothing, or more bytes than allowed.
    #[error("expected 1 to {} bytes", VerifierKey::BYTES_MAX)]
    Length,
    /// Not a name, an id and a key.
    #[error("expected a name, an id of 8 hexadecimal digits and a key with `+` between them")]
    Parts,
}

/// A public key as it is published (C2SP signed-note `vkey`), verbatim: `city-a+3ce076f6+AQOhB7…`.
///
/// Only its shape is known here: a key of a kind that this release cannot verify with is announced all the same.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct VerifierKey(String);

impl VerifierKey {
    /// Bytes at most: a key of ML-DSA-44 takes some 1,800 in base64.
    pub const BYTES_MAX: usize = 4_096;

    /// Takes a key on one line, without white space.
    pub fn parse(text: &str) -> Result<Self, InvalidVerifierKey> {
        if !(1..=Self::BYTES_MAX).contains(&text.len()) {
            return Err(InvalidVerifierKey::Length);
        }
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let is_word = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let is_id =
            |id: &str| id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match name.is_some_and(is_word) && id.is_some_and(is_id) && key.is_some_and(is_word) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidVerifierKey::Parts),
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its name: what the ledger's proofs went by when it was made.
    pub fn name(&self) -> &str {
        let first = self.0.find('+');
        &self.0[..first.unwrap_or(self.0.len())]
    }

    /// Name and id, by which signatures name the key.
    pub fn name_and_id(&self) -> &str {
        let second = self.0.match_indices('+').nth(1);
        &self.0[..second.map_or(self.0.len(), |(at, _)| at)]
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no signed checkpoint that is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCheckpointNote {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// More bytes than allowed.
    #[error("longer than {} bytes", CheckpointNote::BYTES_MAX)]
    TooLong,
}

/// A signed checkpoint as text, verbatim: 1 to 16,384 bytes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CheckpointNote(String);

impl CheckpointNote {
    /// Bytes at most: a checkpoint with some hundred signatures.
    pub const BYTES_MAX: usize = 16_384;

    /// Takes `text` verbatim.
    pub fn parse(text: &str) -> Result<Self, InvalidCheckpointNote> {
        match text.len() {
            _ if text.trim().is_empty() => Err(InvalidCheckpointNote::Empty),
            bytes if Self::BYTES_MAX < bytes => Err(InvalidCheckpointNote::TooLong),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The note.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lines that say what was signed: origin, size, root.
    pub fn head(&self) -> impl Iterator<Item = &str> {
        self.0.lines().take(3)
    }
}

/// How many events one erasure names at most.
pub const ERASED_POSITIONS_MAX: usize = 5_000;

/// What was recorded of a key, and up to or from which size it counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyNotice {
    /// The size of the ledger that the notice names.
    pub size: u64,
    /// The event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
}

/// A key of which the ledger says something. The first key of a ledger is not announced in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerKey {
    /// The key.
    pub key: VerifierKey,
    /// From which size on it signs.
    pub announced: Option<KeyNotice>,
    /// Up to which size it signed.
    pub retired: Option<KeyNotice>,
    /// Up to which size its signatures can be believed; the lowest that was recorded.
    pub compromised: Option<KeyNotice>,
}

/// A name that the ledger's proofs went by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The name.
    pub origin: Name,
    /// Position of the event that gave it.
    pub position: u64,
}

/// A recording of the newest event of every stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeadsRecording {
    /// Of how many events: the first `size` of the ledger.
    pub size: u64,
    /// Root over the rows of the streams.
    pub root: [u8; 32],
    /// How many rows.
    pub streams: u64,
    /// The closing of a period that it was made at; `None`: on request.
    pub closed_by: Option<EventId>,
    /// The event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
}

/// Personal texts that were erased.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Erasure {
    /// Whom they were about.
    pub subject: DataSubjectId,
    /// The events whose texts were erased, ascending.
    pub positions: Vec<u64>,
    /// How many texts.
    pub texts: u32,
    /// The event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// A file of evidence that was erased.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceErasure {
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// On which legal ground.
    pub legal_basis: Name,
    /// Who approved it; every stored erasure says so.
    pub approved_by: Option<Name>,
    /// The event.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_key_is_a_name_an_id_and_a_key_on_one_line() {
        let text = "ledger.example/city-a+3ce076f6+AQOhB7/zzhC+HXDd";
        let key = VerifierKey::parse(text).unwrap();
        assert_eq!(key.as_str(), text);
        assert_eq!(key.name(), "ledger.example/city-a");
        assert_eq!(key.name_and_id(), "ledger.example/city-a+3ce076f6");
        for wrong in [
            "",
            "a",
            "a+3ce076f6",
            "a+3ce076f6+",
            "+3ce076f6+A",
            "a+3CE076F6+A",
            "a+3ce076f+A",
            "a b+3ce076f6+A",
            "a+3ce076f6+A\n",
            &format!("a+3ce076f6+{}", "A".repeat(VerifierKey::BYTES_MAX)),
        ] {
            assert!(VerifierKey::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_checkpoint_note_is_kept_as_it_was_signed() {
        let text = "city-a\n3\nroot=\n\n— city-a AAAA\n";
        let note = CheckpointNote::parse(text).unwrap();
        assert_eq!(note.as_str(), text);
        assert_eq!(note.head().collect::<Vec<_>>(), ["city-a", "3", "root="]);
        assert_eq!(
            CheckpointNote::parse(" \n"),
            Err(InvalidCheckpointNote::Empty)
        );
        let long = "a".repeat(CheckpointNote::BYTES_MAX);
        assert!(CheckpointNote::parse(&long).is_ok());
        assert!(CheckpointNote::parse(&format!("{long}a")).is_err());
    }
}
