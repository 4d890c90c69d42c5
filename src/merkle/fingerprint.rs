//! The fingerprint of a checkpoint: short enough to be copied by hand from a printed footer.
//!
//! ```text
//! fingerprint = the first 135 bits of SHA-256(text of the checkpoint, without signatures)
//!               as 27 characters of Crockford's base 32, and a check character
//!               in 7 groups of 4 with hyphens between them
//! ```
//! Whoever did not make the checkpoint would need about `2^135` attempts to find another with the same
//! fingerprint. Whoever makes both, that is the operator of the ledger, needs about `2^67` to find two
//! that share one; 20 characters would have left that at `2^50`, which a few graphics cards do in a
//! day. A fingerprint is for comparing what was printed with what is shown; evidence is the checkpoint.
//!
//! The check character finds every single wrong character and every two that changed places.

use std::fmt;
use std::str::FromStr;

use crate::merkle::checkpoint::Checkpoint;
use crate::merkle::hash::Hash;

/// The longest text that is read as a fingerprint, in bytes: room for spaces and full-width forms.
pub const FINGERPRINT_TEXT_BYTES_MAX: usize = 256;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DATA: usize = 27;
const CHARACTERS: usize = DATA + 1;
const GROUP: usize = 4;

/// The fingerprint of a checkpoint. Shown as `XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fingerprint([u8; DATA]);

/// The text is not a fingerprint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidFingerprint {
    /// Longer than any way to write one.
    #[error("{found} bytes, expected at most {FINGERPRINT_TEXT_BYTES_MAX}")]
    TooLong {
        /// The length found.
        found: usize,
    },
    /// A character that none has.
    #[error("character {at} is `{found}`, expected a digit or a letter other than U")]
    Character {
        /// Which character of the text, from 1, spaces and hyphens counted too.
        at: usize,
        /// The character.
        found: char,
    },
    /// Too few or too many characters.
    #[error("{found} characters without spaces and hyphens, expected {CHARACTERS}")]
    Length {
        /// The number of characters, without spaces and hyphens.
        found: usize,
    },
    /// The check character does not fit: something was copied wrongly.
    #[error("the last character does not fit the others: one of them was copied wrongly")]
    Check,
}

impl Fingerprint {
    /// The fingerprint of a checkpoint. Signatures are no part of it.
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let digest = Hash::digest(checkpoint.to_string().as_bytes());
        let mut bits = digest.as_bytes().iter().flat_map(|byte| {
            let byte = *byte;
            (0..8).rev().map(move |bit| byte >> bit & 1)
        });
        let mut five = || (0..5).fold(0, |value, _| value << 1 | bits.next().unwrap_or(0));
        Self(std::array::from_fn(|_| five()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.into_iter().chain([check_value(&self.0)]);
        for (at, value) in values.enumerate() {
            if at != 0 && at.is_multiple_of(GROUP) {
                f.write_str("-")?;
            }
            let character = ALPHABET.get(usize::from(value)).copied().unwrap_or(b'?');
            write!(f, "{}", char::from(character))?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    /// Takes upper and lower case, full-width forms, and spaces and hyphens of any kind anywhere; `O`
    /// is read as 0, `I` and `L` as 1.
    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let found = text.len();
        if FINGERPRINT_TEXT_BYTES_MAX < found {
            return Err(InvalidFingerprint::TooLong { found });
        }
        let mut values = Vec::with_capacity(CHARACTERS);
        for (at, found) in text.chars().enumerate() {
            if found.is_whitespace() || is_hyphen(found) {
                continue;
            }
            let value = value_of(found);
            values.push(value.ok_or(InvalidFingerprint::Character { at: at + 1, found })?);
        }
        let length = InvalidFingerprint::Length {
            found: values.len(),
        };
        let (check, data) = values.split_last().ok_or(length)?;
        let data = data.try_into().map_err(|_| length)?;
        match check_value(data) == *check {
            true => Ok(Self(*data)),
            false => Err(InvalidFingerprint::Check),
        }
    }
}

/// Hyphens, dashes and what a Japanese keyboard gives for them, the long vowel mark too.
const fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{30fc}' | '\u{ff70}' | '\u{fe63}'
    )
}

fn value_of(c: char) -> Option<u8> {
    // Full-width forms stand in the order of ASCII.
    let narrow = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        c => c,
    };
    let character = match u8::try_from(narrow).ok()?.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        character => character,
    };
    let value = ALPHABET.iter().position(|each| *each == character)?;
    // The alphabet has 32 characters.
    Some(value as u8)
}

/// The value of the check character: with it, the characters are the coefficients of a polynomial
/// over GF(32) that is 0 at a generator of the field. Its powers differ in up to 31 places, so one
/// wrong coefficient shows, and so do two that changed places.
fn check_value(data: &[u8; DATA]) -> u8 {
    data.iter().fold(0, |sum, value| times_x(sum ^ value))
}

/// Multiplies by x modulo x^5 + x^2 + 1, which is primitive.
const fn times_x(value: u8) -> u8 {
    let shifted = value << 1;
    match shifted & 0x20 {
        0 => shifted,
        _ => shifted ^ 0x25,
    }
}
