//! Codes: the names that people type where a program takes an id.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::domain::id::IndicatorId;

/// The text is not a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCode {
    /// No character left after trimming.
    #[error("empty")]
    Empty,
    /// More than 120 characters.
    #[error("longer than 120 characters")]
    TooLong,
    /// A space, control character, quote or backslash; or an empty part between slashes.
    #[error("codes have letters, digits and `/ - . _ ( ) ・ ー` only, and no empty part")]
    ForbiddenCharacter,
    /// It reads as a UUID, which would be taken for an id.
    #[error("a code cannot look like a UUID")]
    LooksLikeId,
}

/// A code, unique in its ledger: 1 to 120 characters in NFKC, such as `R5/企画財政部/1-2`.
///
/// Letters and digits of any script with `/ - . _ ( ) ・ ー`; no white space. Full width input is
/// folded (`Ｒ５` is `R5`), so that codes that look alike are one code. Case is kept and counts. Copies share
/// the text.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Code(pub(super) Arc<str>);

impl Code {
    /// Characters at most.
    pub const CHARS_MAX: usize = 120;

    /// Reads a code, folding it to NFKC.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let code: String = text.trim().nfkc().collect();
        if code.is_empty() {
            return Err(InvalidCode::Empty);
        }
        if Self::CHARS_MAX < code.chars().count() {
            return Err(InvalidCode::TooLong);
        }
        if uuid::Uuid::try_parse(&code).is_ok() {
            return Err(InvalidCode::LooksLikeId);
        }
        let allowed = |c: char| c.is_alphanumeric() || "/-._()・ー".contains(c);
        if !code.chars().all(allowed)
            || code
                .split('/')
                .any(|part| part.is_empty() || part.chars().all(|c| c == '.'))
        {
            return Err(InvalidCode::ForbiddenCharacter);
        }
        Ok(Self(code.into()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A short key within one indicator: a part, a member, a checkpoint. The rules of [`Code`], at most 60
/// characters, no `/`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(Arc<str>);

impl Key {
    /// Characters at most.
    pub const CHARS_MAX: usize = 60;

    /// Reads a key, folding it to NFKC.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let code = Code::parse(text)?;
        if Self::CHARS_MAX < code.0.chars().count() {
            return Err(InvalidCode::TooLong);
        }
        if code.0.contains('/') {
            return Err(InvalidCode::ForbiddenCharacter);
        }
        Ok(Self(code.0))
    }

    /// The key under which a composite lists a component: its id, which no key that people give looks like.
    pub(crate) fn of_component(id: IndicatorId) -> Self {
        Self(id.to_string().into())
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_look_alike_are_one_code() {
        assert_eq!(
            Code::parse("Ｒ５/企画財政部/１-２").unwrap(),
            Code::parse("R5/企画財政部/1-2").unwrap()
        );
        assert_eq!(
            Code::parse("がくしゅう").unwrap(),
            Code::parse("か\u{3099}くしゅう").unwrap()
        );
    }

    #[test]
    fn what_could_mislead_is_no_code() {
        for text in [
            "",
            "a b",
            "../x",
            "a//b",
            "a\u{0}b",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "%2e",
            "/a",
        ] {
            assert!(Code::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Code::parse("01890a5d-ac96-774b-bcce-b302099a8057"),
            Err(InvalidCode::LooksLikeId)
        );
    }
}
