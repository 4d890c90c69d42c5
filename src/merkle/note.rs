//! Signed notes, after C2SP `signed-note`.
//!
//! ```text
//! text, ending with LF
//! LF
//! U+2014 SP <key name> SP base64(4-byte key id || signature) LF      once or more
//! ```
//! The text is what is signed; it may hold blank lines itself, the signatures follow the last one.
//! A signature of a key that is not known says nothing. One of a known key must verify, or the whole
//! note is refused; and at least one must be of a known key.

use std::fmt;

use crate::merkle::canonical::{Lines, from_base64, to_base64, utf8};
use crate::merkle::key::{InvalidKeyName, KeyId, KeyName, VerifierKey};

/// The longest note, in bytes, signatures included.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// The most signatures of one note.
pub const SIGNATURES_MAX: usize = 100;

const DASH: &str = "\u{2014} ";

/// A text with at least one signature, none of which is verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line. Shown without its LF.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    payload: Vec<u8>,
}

/// The bytes are not a note.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidNote {
    /// Longer than a note may be.
    #[error("{found} bytes, expected at most {NOTE_BYTES_MAX}")]
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
    /// A control character other than LF.
    #[error("line {line}: expected no control character but the end of the line")]
    ControlCharacter {
        /// The line, from 1.
        line: usize,
    },
    /// The last line of the text or of the note has no LF.
    #[error("line {line}: expected LF at the end")]
    Unterminated {
        /// The line, from 1.
        line: usize,
    },
    /// No blank line with a text before it.
    #[error("expected a text, a blank line and signatures")]
    NoBlankLine,
    /// Nothing after the blank line.
    #[error("line {line}: expected a signature")]
    NoSignature {
        /// The line, from 1.
        line: usize,
    },
    /// More signatures than are looked at.
    #[error("line {line}: expected at most {SIGNATURES_MAX} signatures")]
    TooManySignatures {
        /// The line, from 1.
        line: usize,
    },
    /// A line among the signatures is not one.
    #[error("line {line}: {fault}")]
    Signature {
        /// The line, from 1.
        line: usize,
        /// What was expected.
        fault: InvalidSignature,
    },
}

/// The line is not a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSignature {
    /// Does not begin with an em dash and a space.
    #[error("expected an em dash (U+2014) and a space at the beginning")]
    Dash,
    /// No name, space and signature after the dash.
    #[error("expected a key name, a space and a signature")]
    Parts,
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] InvalidKeyName),
    /// Not standard, padded base64 of more than a key id.
    #[error("expected a key id and a signature in standard, padded base64")]
    Base64,
}

/// A signature that was verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verified<'k> {
    /// The key that it verified with.
    pub key: &'k VerifierKey,
    /// When it says it was made, in seconds since 1970, if its type tells that.
    pub time: Option<u64>,
}

/// The note cannot be relied on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unverified {
    /// A known key's signature does not verify: text or signature was changed.
    #[error("line {line}: the signature of `{name}` does not verify")]
    BadSignature {
        /// The line of the note, from 1.
        line: usize,
        /// Whose signature it claims to be.
        name: KeyName,
    },
    /// Two known keys have one name and id.
    #[error("line {line}: two known keys are `{name}` with id {id}")]
    AmbiguousKey {
        /// The line of the note, from 1.
        line: usize,
        /// The name of both.
        name: KeyName,
        /// The id of both.
        id: KeyId,
    },
    /// No signature is of a known key.
    #[error("none of the signatures is of a known key")]
    NoKnownKey,
}

impl Note {
    /// The note of this text with these signatures.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, InvalidNote> {
        check_characters(&text)?;
        if text.is_empty() {
            return Err(InvalidNote::NoBlankLine);
        }
        let lines = lines_of(&text);
        if !text.ends_with('\n') {
            return Err(InvalidNote::Unterminated { line: lines + 1 });
        }
        let note = Self { text, signatures };
        match note.signatures.len() {
            0 => return Err(InvalidNote::NoSignature { line: lines + 2 }),
            count if SIGNATURES_MAX < count => {
                let line = note.line(SIGNATURES_MAX);
                return Err(InvalidNote::TooManySignatures { line });
            }
            _ => {}
        }
        match note.to_string().len() {
            found if NOTE_BYTES_MAX < found => Err(InvalidNote::TooLong { found }),
            _ => Ok(note),
        }
    }

    /// The note that these bytes are. No signature is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidNote> {
        let found = bytes.len();
        if NOTE_BYTES_MAX < found {
            return Err(InvalidNote::TooLong { found });
        }
        let note = utf8(bytes).map_err(|line| InvalidNote::NotUtf8 { line })?;
        check_characters(note)?;
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(InvalidNote::NoBlankLine)?;
        // The first of the two LF ends the text.
        let text = format!("{text}\n");
        let before = lines_of(&text) + 1;
        let signatures = parse_signatures(signatures, before)?;
        Ok(Self { text, signatures })
    }

    /// What is signed. Ends with LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, as they stand.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature at the end, unless this very line is there.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), InvalidNote> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        let line = self.line(self.signatures.len());
        if SIGNATURES_MAX <= self.signatures.len() {
            return Err(InvalidNote::TooManySignatures { line });
        }
        self.signatures.push(signature);
        let found = self.to_string().len();
        if NOTE_BYTES_MAX < found {
            self.signatures.pop();
            return Err(InvalidNote::TooLong { found });
        }
        Ok(())
    }

    /// Verifies the signatures of the known keys. What is returned is never empty and in the order of
    /// the note; a key that signed twice is there twice.
    pub fn verify<'k>(
        &self,
        known: impl IntoIterator<Item = &'k VerifierKey, IntoIter: Clone>,
    ) -> Result<Vec<Verified<'k>>, Unverified> {
        let known = known.into_iter();
        let mut verified = Vec::new();
        for (at, signature) in self.signatures.iter().enumerate() {
            let line = self.line(at);
            let mut keys = known.clone().filter(|key| signature.is_of(key));
            let Some(key) = keys.next() else { continue };
            let name = key.name().clone();
            if keys.any(|other| other != key) {
                let id = key.id();
                return Err(Unverified::AmbiguousKey { line, name, id });
            }
            match key.verify(&self.text, &signature.payload) {
                Ok(time) => verified.push(Verified { key, time }),
                Err(_) => return Err(Unverified::BadSignature { line, name }),
            }
        }
        match verified.is_empty() {
            true => Err(Unverified::NoKnownKey),
            false => Ok(verified),
        }
    }

    /// The line, from 1, that the signature at `index` stands on.
    fn line(&self, index: usize) -> usize {
        lines_of(&self.text) + 1 + index + 1
    }
}

impl NoteSignature {
    /// The shortest line holds a key id and one byte.
    const BYTES_MIN: usize = KeyId::BYTES + 1;

    pub(super) fn of(key: &VerifierKey, payload: Vec<u8>) -> Self {
        Self {
            name: key.name().clone(),
            id: key.id(),
            payload,
        }
    }

    /// The signature that a line without its LF is.
    pub fn parse(line: &str) -> Result<Self, InvalidSignature> {
        let rest = line.strip_prefix(DASH).ok_or(InvalidSignature::Dash)?;
        let (name, payload) = rest.split_once(' ').ok_or(InvalidSignature::Parts)?;
        let name = KeyName::parse(name)?;
        let bytes = from_base64(payload).ok_or(InvalidSignature::Base64)?;
        match bytes.split_first_chunk() {
            Some((id, payload)) if Self::BYTES_MIN <= bytes.len() => Ok(Self {
                name,
                id: KeyId::new(*id),
                payload: payload.to_vec(),
            }),
            _ => Err(InvalidSignature::Base64),
        }
    }

    /// Whose signature it claims to be.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Which of that name's keys it claims to be of.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// When it claims to be made, in seconds since 1970, if it is as long as a cosignature (type 0x04). Not
    /// verified.
    pub fn stated_time(&self) -> Option<u64> {
        let (time, signature) = self.payload.split_first_chunk()?;
        (signature.len() == ed25519_dalek::SIGNATURE_LENGTH).then(|| u64::from_be_bytes(*time))
    }

    /// Whether it claims to be of this key.
    pub fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        let mut signatures = self.signatures.iter();
        signatures.try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_bytes(), self.payload.as_slice()].concat();
        write!(f, "{DASH}{} {}", self.name, to_base64(&bytes))
    }
}

/// Reads lines that are all signatures, each ending with LF: the end of a note, and what a witness
/// answers. `before` is the number of lines before them.
pub(super) fn parse_signatures(
    text: &str,
    before: usize,
) -> Result<Vec<NoteSignature>, InvalidNote> {
    let mut lines = Lines::new(text);
    let mut signatures = Vec::new();
    while let Some(line) = lines.next() {
        let number = before + lines.number();
        if SIGNATURES_MAX <= signatures.len() {
            return Err(InvalidNote::TooManySignatures { line: number });
        }
        let signature = NoteSignature::parse(line);
        signatures.push(signature.map_err(|fault| InvalidNote::Signature {
            line: number,
            fault,
        })?);
    }
    let line = before + lines.number() + 1;
    match (lines.rest().is_empty(), signatures.is_empty()) {
        (false, _) => Err(InvalidNote::Unterminated { line }),
        (true, true) => Err(InvalidNote::NoSignature { line }),
        (true, false) => Ok(signatures),
    }
}

fn check_characters(text: &str) -> Result<(), InvalidNote> {
    let control = |c: char| c < ' ' && c != '\n';
    match text.find(control) {
        None => Ok(()),
        Some(at) => {
            let before = text.get(..at).unwrap_or_default();
            let line = 1 + lines_of(before);
            Err(InvalidNote::ControlCharacter { line })
        }
    }
}

fn lines_of(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
