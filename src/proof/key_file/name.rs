//! How key files are named: by the ledger, by which of its keys it is, and by how it is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::domain::id::LedgerId;
use crate::merkle::KeyId;

pub(super) const PLAIN: &str = ".skey";

pub(super) const CLOSED: &str = ".skey.age";

pub(super) const PUBLIC: &str = ".vkey";

/// Which key of a ledger.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Slot {
    /// The one that it began with.
    First,
    /// One that it announced.
    Announced(KeyId),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Announced(id) => id.fmt(f),
        }
    }
}

/// The slot of a file's name without extensions, if it is of this ledger.
pub(super) fn slot_of(stem: &str, ledger: LedgerId) -> Option<Slot> {
    let rest = stem.strip_prefix(&ledger.to_string())?;
    if rest.is_empty() {
        return Some(Slot::First);
    }
    let mut parts = rest.strip_prefix('.')?.split('.');
    let (first, number, none) = (parts.next()?, parts.next(), parts.next());
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    // A file that was moved aside under a name that was taken bears a number at the end.
    if none.is_some() || !number.is_none_or(is_number) {
        return None;
    }
    let mut id = [0; KeyId::BYTES];
    match hex::decode_to_slice(first, &mut id) {
        Ok(()) => Some(Slot::Announced(KeyId::new(id))),
        Err(_) if number.is_none() && is_number(first) => Some(Slot::First),
        Err(_) => None,
    }
}

pub(super) fn stem_of(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    PathBuf::from(text.strip_suffix(PLAIN).unwrap_or(&text))
}

pub(super) fn with(stem: &Path, extension: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(extension);
    PathBuf::from(name)
}

/// A stem that no file has: `stem`, or one with a number behind it. What lies there is never written over.
pub(super) fn free(stem: &Path) -> PathBuf {
    let is_taken = |stem: &Path| {
        let mut of_key = [PLAIN, CLOSED, PUBLIC].iter();
        of_key.any(|extension| with(stem, extension).exists())
    };
    let numbered = (1..).map(|number: u32| with(stem, &format!(".{number}")));
    let mut stems = std::iter::once(stem.to_owned()).chain(numbered);
    stems
        .find(|stem| !is_taken(stem))
        .unwrap_or_else(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::ledger_id as ledger;

    #[test]
    fn the_names_of_files_tell_whose_key_they_hold() {
        let of = |rest: &str| slot_of(&format!("{}{rest}", ledger()), ledger());
        let announced = Some(Slot::Announced(KeyId::new([0x3c, 0xe0, 0x76, 0xf6])));
        assert_eq!(of(""), Some(Slot::First));
        assert_eq!(of(".2"), Some(Slot::First));
        assert_eq!(of(".3ce076f6"), announced);
        assert_eq!(of(".3ce076f6.12"), announced);
        for wrong in [".", ".x", ".3ce076f6.x", ".3ce076f6.1.1", "x", ".2.2"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
