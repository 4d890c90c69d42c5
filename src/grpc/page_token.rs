//! Page tokens: where a list goes on, sealed so that only the list it was made for takes it.
//!
//! A token holds what the server needs to go on: the size and date that the list is pinned to and a cursor.
//! Who asks, which ledger and which filters are not in it but under its seal, so that a token is worth
//! nothing to another caller, for another ledger or for other filters.

use std::fs;
use std::io;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::domain::date::Date;
use crate::domain::event::Actor;
use crate::domain::id::LedgerId;
use crate::durable::{self, Access};
use crate::ledger::Standpoint;

/// The format of a token; a server knows its own only.
const VERSION: u8 = 2;
/// Bytes of a cursor at most.
const CURSOR_MAX: usize = 512;
/// What stands before the cursor: version, whether the list is pinned, generation, size, year, month, day.
const HEAD_BYTES: usize = 1 + 1 + PINNED_BYTES;
const PINNED_BYTES: usize = 8 + 8 + 2 + 1 + 1;
const SEAL_BYTES: usize = 32;

/// The key that page tokens are sealed with, the same after a restart.
#[derive(Clone)]
pub struct PageKey([u8; 32]);

/// What a token is for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The method, `GoalService/ListGoals`.
    pub method: &'static str,
    /// Who asks.
    pub actor: &'a Actor,
    /// Of which ledger; `None` for lists of the whole server.
    pub ledger: Option<LedgerId>,
    /// Digest of the filters, see [`filter_digest`].
    pub filter: [u8; 32],
}

/// Where a list goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// What every page is of; `None` for lists that are not of a ledger.
    pub pinned: Option<Pinned>,
    /// Where in the list; its meaning is the method's.
    pub cursor: Vec<u8>,
}

/// What every page of a list is of: that which the first was answered at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pinned {
    /// The generation of the ledger.
    pub generation: u64,
    /// K, as a size.
    pub size: u64,
    /// D.
    pub on: Date,
}

impl From<&Standpoint> for Pinned {
    fn from(at: &Standpoint) -> Self {
        Self {
            generation: at.view.head.generation,
            size: at.view.size,
            on: at.on,
        }
    }
}

impl Pinned {
    fn to_bytes(self) -> [u8; PINNED_BYTES] {
        let mut bytes = [0; PINNED_BYTES];
        let (numbers, day) = bytes.split_at_mut(16);
        numbers[..8].copy_from_slice(&self.generation.to_be_bytes());
        numbers[8..].copy_from_slice(&self.size.to_be_bytes());
        day[..2].copy_from_slice(&self.on.year().to_be_bytes());
        // Months and days are positive.
        day[2] = self.on.month().unsigned_abs();
        day[3] = self.on.day().unsigned_abs();
        bytes
    }

    fn from_bytes(bytes: &[u8; PINNED_BYTES]) -> Option<Self> {
        let (generation, rest) = bytes.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let [year_high, year_low, month, day] = *<&[u8; 4]>::try_from(rest).ok()?;
        let year = i16::from_be_bytes([year_high, year_low]);
        let on = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some(Self {
            generation: u64::from_be_bytes(*generation),
            size: u64::from_be_bytes(*size),
            on,
        })
    }
}

/// The token was not made here, or not for this.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a page token of this list")]
pub struct InvalidToken;

/// The digest of a request whose paging fields are empty.
pub fn filter_digest(request: &impl Message) -> [u8; 32] {
    Sha256::digest(request.encode_to_vec()).into()
}

impl PageKey {
    /// Name of the key file in the data folder.
    pub const FILE: &'static str = "page-token.key";

    /// A key of 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key file of a data folder, or makes one from `fresh` bytes. A file of another length is
    /// made anew: old tokens are refused then, and lists begin again.
    pub fn open(folder: &Path, fresh: impl FnOnce() -> [u8; 32]) -> io::Result<Self> {
        let path = folder.join(Self::FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                if let Ok(key) = <[u8; 32]>::try_from(bytes) {
                    return Ok(Self(key));
                }
                tracing::warn!("the key of page tokens is damaged and is made anew");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let key = fresh();
        durable::replace(&path, &key, Access::Private)?;
        Ok(Self(key))
    }

    /// Seals a place in the list of `scope`.
    pub fn seal(&self, scope: &Scope<'_>, place: &Place) -> String {
        debug_assert!(place.cursor.len() <= CURSOR_MAX);
        let mut bytes = vec![VERSION, u8::from(place.pinned.is_some())];
        let pinned = place.pinned.map_or([0; PINNED_BYTES], Pinned::to_bytes);
        bytes.extend_from_slice(&pinned);
        bytes.extend_from_slice(&place.cursor);
        let seal = self.mac(scope, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&seal);
        hex::encode(bytes)
    }

    /// Opens a token for the list of `scope`; an empty one is the first page.
    pub fn unseal(&self, scope: &Scope<'_>, token: &str) -> Result<Option<Place>, InvalidToken> {
        if token.is_empty() {
            return Ok(None);
        }
        if 2 * (HEAD_BYTES + CURSOR_MAX + SEAL_BYTES) < token.len() {
            return Err(InvalidToken);
        }
        let bytes = hex::decode(token).map_err(|_| InvalidToken)?;
        let (body, seal) = bytes.split_last_chunk::<SEAL_BYTES>().ok_or(InvalidToken)?;
        // Compared in constant time, before anything in it is believed.
        self.mac(scope, body)
            .verify_slice(seal)
            .map_err(|_| InvalidToken)?;
        let (head, cursor) = body.split_first_chunk::<HEAD_BYTES>().ok_or(InvalidToken)?;
        let ([version, is_pinned], pinned) = head.split_first_chunk().ok_or(InvalidToken)?;
        if *version != VERSION {
            return Err(InvalidToken);
        }
        let pinned = match is_pinned {
            0 => None,
            _ => {
                let bytes = pinned.try_into().map_err(|_| InvalidToken)?;
                Some(Pinned::from_bytes(bytes).ok_or(InvalidToken)?)
            }
        };
        Ok(Some(Place {
            pinned,
            cursor: cursor.to_vec(),
        }))
    }

    fn mac(&self, scope: &Scope<'_>, body: &[u8]) -> Hmac<Sha256> {
        // HMAC pads a key to a block of its hash with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        // Each part with its length before it, so that no two scopes read alike.
        let mut part = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        };
        part(scope.method.as_bytes());
        part(scope.actor.subject.as_str().as_bytes());
        part(
            scope
                .actor
                .issuer
                .as_ref()
                .map_or("", |issuer| issuer.as_str())
                .as_bytes(),
        );
        part(
            scope
                .ledger
                .as_ref()
                .map_or(&[], |ledger| ledger.as_bytes().as_slice()),
        );
        part(&scope.filter);
        part(body);
        mac
    }
}

impl std::fmt::Debug for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1;
    use crate::domain::event::AuthMethod;
    use crate::domain::text::Name;

    fn actor(subject: &str) -> Actor {
        Actor {
            subject: Name::parse(subject).unwrap(),
            issuer: None,
            seat: None,
            acting_for: None,
            client: None,
            method: AuthMethod::Unauthenticated,
            evidence_sha256: None,
            person: None,
            permitted_by: None,
        }
    }

    fn ledger(byte: u8) -> LedgerId {
        LedgerId::from_bytes(&[byte; 16]).unwrap()
    }

    fn filter(find: &str) -> [u8; 32] {
        filter_digest(&v1::ListGoalsRequest {
            find: Some(find.to_owned()),
            ..Default::default()
        })
    }

    fn place() -> Place {
        let pinned = Pinned {
            generation: 1,
            size: 258,
            on: Date::constant(2023, 9, 30),
        };
        Place {
            pinned: Some(pinned),
            cursor: vec![1, 2, 3],
        }
    }

    #[test]
    fn a_token_goes_on_where_it_was_made() {
        let (key, somebody) = (PageKey::new([1; 32]), actor("somebody"));
        let scope = Scope {
            method: "m",
            actor: &somebody,
            ledger: Some(ledger(1)),
            filter: filter("a"),
        };
        assert_eq!(key.unseal(&scope, ""), Ok(None));
        let token = key.seal(&scope, &place());
        assert_eq!(key.unseal(&scope, &token), Ok(Some(place())));
        let loose = Place {
            pinned: None,
            ..place()
        };
        let token = key.seal(&scope, &loose);
        assert_eq!(key.unseal(&scope, &token), Ok(Some(loose)));
    }

    #[test]
    fn a_token_is_worth_nothing_elsewhere() {
        let (key, somebody, other) = (PageKey::new([1; 32]), actor("somebody"), actor("other"));
        let scope = Scope {
            method: "m",
            actor: &somebody,
            ledger: Some(ledger(1)),
            filter: filter("a"),
        };
        let token = key.seal(&scope, &place());
        for elsewhere in [
            Scope {
                method: "n",
                ..scope
            },
            Scope {
                actor: &other,
                ..scope
            },
            Scope {
                ledger: Some(ledger(2)),
                ..scope
            },
            Scope {
                ledger: None,
                ..scope
            },
            Scope {
                filter: filter("b"),
                ..scope
            },
        ] {
            assert_eq!(
                key.unseal(&elsewhere, &token),
                Err(InvalidToken),
                "{elsewhere:?}"
            );
        }
        assert_eq!(
            PageKey::new([2; 32]).unseal(&scope, &token),
            Err(InvalidToken)
        );
    }

    #[test]
    fn a_changed_token_is_refused() {
        let (key, somebody) = (PageKey::new([1; 32]), actor("somebody"));
        let scope = Scope {
            method: "m",
            actor: &somebody,
            ledger: Some(ledger(1)),
            filter: filter("a"),
        };
        let token = key.seal(&scope, &place());
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(key.unseal(&scope, &forged), Err(InvalidToken), "at {at}");
        }
        for forged in [
            "00",
            "xyz",
            "名",
            &token[2..],
            &token[..token.len() - 2],
            &"0".repeat(10_000),
        ] {
            assert_eq!(key.unseal(&scope, forged), Err(InvalidToken), "{forged}");
        }
    }

    #[test]
    fn the_key_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = PageKey::open(folder.path(), || [3; 32]).unwrap();
        let second = PageKey::open(folder.path(), || panic!("there is a key")).unwrap();
        assert_eq!(first.0, second.0);
        fs::write(folder.path().join(PageKey::FILE), b"short").unwrap();
        assert_eq!(PageKey::open(folder.path(), || [4; 32]).unwrap().0, [4; 32]);
    }
}
