//! The keys that notes are verified with, after C2SP `signed-note` and `tlog-cosignature`.
//!
//! ```text
//! key id = first 4 bytes of SHA-256(key name || LF || signature type || public key)
//! vkey   = key name "+" key id in hex "+" base64(signature type || public key)
//! ```
//! A key is known by its name and id together, never by its id alone: an id has 32 bits and is
//! easily made to collide.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::merkle::canonical::{from_base64, to_base64};
use crate::merkle::hash::Hash;

/// Who signs: 1 to 255 bytes without white space, control characters and `+`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

/// The text is not a key name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected a key name of 1 to {max} bytes without white space, control characters and `+`",
    max = KeyName::BYTES_MAX
)]
pub struct InvalidKeyName;

impl KeyName {
    /// The longest name, in bytes: what one byte can tell, as type 0x06 does.
    pub const BYTES_MAX: usize = 255;

    /// The key name that `text` is.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        match (1..=Self::BYTES_MAX).contains(&text.len()) && !text.contains(forbidden) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidKeyName),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What tells the keys of one name apart: 4 bytes, shown as 8 lower-case hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; KeyId::BYTES]);

impl KeyId {
    /// The length of an id in bytes.
    pub const BYTES: usize = 4;

    /// The id with these bytes.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The 4 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The id of a key of this name, type and public key.
    fn of(name: &KeyName, signature_type: SignatureType, public: &[u8]) -> Self {
        let head = [name.as_str().as_bytes(), &[b'\n', signature_type.byte()]].concat();
        let digest = Hash::digest(&[head.as_slice(), public].concat());
        let [a, b, c, d, ..] = *digest.as_bytes();
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// How a key signs. What a signature is over, and what its line holds, follow from it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the text. The line holds the 64 bytes of the signature.
    Ed25519,
    /// 0x04: Ed25519 over `cosignature/v1`, a time and the text of a checkpoint. The line holds the
    /// time (u64, big-endian) and the signature.
    CosignatureV1,
}

impl SignatureType {
    /// The byte that stands for the type in keys.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    /// The type that this byte stands for.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }

    /// Whether a signature of this type tells when it was made.
    pub const fn tells_time(self) -> bool {
        matches!(self, Self::CosignatureV1)
    }
}

/// A public key of one type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PublicKey {
    /// For signatures of type 0x01.
    Ed25519(VerifyingKey),
    /// For signatures of type 0x04.
    CosignatureV1(VerifyingKey),
}

/// A key to verify with: a name, an id and a public key. Shown as its `vkey`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    public: PublicKey,
}

/// The text is not a key that can be used here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidKey {
    /// Not made of a name, an id and a key.
    #[error("expected a name, an id and a key with `+` between them")]
    Parts,
    /// Does not begin as a private key does.
    #[error("expected `PRIVATE+KEY+` at the beginning")]
    NotPrivate,
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] InvalidKeyName),
    /// Not 8 lower-case hexadecimal digits.
    #[error("expected a key id of 8 lower-case hexadecimal digits")]
    Id,
    /// Not standard, padded base64.
    #[error("expected the key in standard, padded base64")]
    Base64,
    /// A type of signature that is not known here.
    #[error("signature type 0x{found:02x}, expected 0x01 or 0x04")]
    Type {
        /// The type's byte.
        found: u8,
    },
    /// Not as long as keys of its type are.
    #[error("a key of {found} bytes, expected 32")]
    Length {
        /// The number of bytes after the type.
        found: usize,
    },
    /// No point of the curve, or one of small order, under which signatures prove nothing.
    #[error("expected a public key that is a point of large order")]
    Point,
    /// Another id than name and key have: something in the text was changed.
    #[error("key id {found}, expected {expected} of this name and key")]
    OtherId {
        /// The id that name and key have.
        expected: KeyId,
        /// The id in the text.
        found: KeyId,
    },
}

/// The signature is not of this key over this text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature is not of this key over this text")]
pub struct BadSignature;

impl VerifierKey {
    /// The key of this name.
    pub fn new(name: KeyName, public: PublicKey) -> Self {
        let id = KeyId::of(&name, public.signature_type(), public.bytes());
        Self { name, id, public }
    }

    /// Who signs with it.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Which of the keys of this name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What people compare to tell whether they have the same key, as the key id is too short for that:
    /// SHA-256 of the vkey's characters, so that any tool gives it.
    pub fn digest(&self) -> Hash {
        Hash::digest(self.to_string().as_bytes())
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// How it signs.
    pub const fn signature_type(&self) -> SignatureType {
        self.public.signature_type()
    }

    /// The bytes that a signature of this key over `text` signs. `time` (seconds since 1970) is part
    /// of them where the type tells the time.
    pub fn message(&self, text: &str, time: u64) -> Vec<u8> {
        match self.public {
            PublicKey::Ed25519(_) => text.as_bytes().to_vec(),
            PublicKey::CosignatureV1(_) => {
                format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
            }
        }
    }

    /// What a line holds after the key id for this signature made at `time`.
    pub(super) fn payload(&self, time: u64, signature: &[u8]) -> Vec<u8> {
        match self.signature_type().tells_time() {
            true => [&time.to_be_bytes(), signature].concat(),
            false => signature.to_vec(),
        }
    }

    /// Verifies what a line holds after the key id; tells the time that it states.
    pub(super) fn verify(&self, text: &str, payload: &[u8]) -> Result<Option<u64>, BadSignature> {
        let (time, signature) = match self.signature_type().tells_time() {
            true => {
                let (time, signature) = payload.split_first_chunk().ok_or(BadSignature)?;
                (Some(u64::from_be_bytes(*time)), signature)
            }
            false => (None, payload),
        };
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        let message = self.message(text, time.unwrap_or(0));
        let (PublicKey::Ed25519(key) | PublicKey::CosignatureV1(key)) = &self.public;
        // Strict: a signature that some verifiers take and others do not is refused.
        key.verify_strict(&message, &signature)
            .map_err(|_| BadSignature)?;
        Ok(time)
    }
}

impl PublicKey {
    /// The public key of this type with these 32 bytes.
    pub fn new(signature_type: SignatureType, bytes: &[u8]) -> Result<Self, InvalidKey> {
        let found = bytes.len();
        let bytes = bytes.try_into().map_err(|_| InvalidKey::Length { found })?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| InvalidKey::Point)?;
        match (key.is_weak(), signature_type) {
            (true, _) => Err(InvalidKey::Point),
            (false, SignatureType::Ed25519) => Ok(Self::Ed25519(key)),
            (false, SignatureType::CosignatureV1) => Ok(Self::CosignatureV1(key)),
        }
    }

    /// How the key signs.
    pub const fn signature_type(&self) -> SignatureType {
        match self {
            Self::Ed25519(_) => SignatureType::Ed25519,
            Self::CosignatureV1(_) => SignatureType::CosignatureV1,
        }
    }

    /// The bytes of the key, without its type.
    pub fn bytes(&self) -> &[u8] {
        let (Self::Ed25519(key) | Self::CosignatureV1(key)) = self;
        key.as_bytes()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.signature_type().byte()], self.public.bytes()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, to_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let parts = KeyParts::parse(text)?;
        let public = PublicKey::new(parts.signature_type, &parts.key)?;
        parts.checked(Self::new(parts.name.clone(), public))
    }
}

/// What `vkey` and `skey` have in common: a name, an id, and a key with its type before it.
pub(super) struct KeyParts {
    pub(super) name: KeyName,
    id: KeyId,
    pub(super) signature_type: SignatureType,
    pub(super) key: zeroize::Zeroizing<Vec<u8>>,
}

impl KeyParts {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidKey> {
        // Base64 may hold a `+` of its own, names never do.
        let (name, rest) = text.split_once('+').ok_or(InvalidKey::Parts)?;
        let (id, key) = rest.split_once('+').ok_or(InvalidKey::Parts)?;
        let name = KeyName::parse(name)?;
        let lower_case = !id.bytes().any(|byte| byte.is_ascii_uppercase());
        let mut bytes = [0; KeyId::BYTES];
        match lower_case && hex::decode_to_slice(id, &mut bytes).is_ok() {
            true => {}
            false => return Err(InvalidKey::Id),
        }
        let mut key = zeroize::Zeroizing::new(from_base64(key).ok_or(InvalidKey::Base64)?);
        let Some(byte) = key.first().copied() else {
            return Err(InvalidKey::Length { found: 0 });
        };
        let signature_type = SignatureType::from_byte(byte);
        let signature_type = signature_type.ok_or(InvalidKey::Type { found: byte })?;
        key.remove(0);
        Ok(Self {
            name,
            id: KeyId(bytes),
            signature_type,
            key,
        })
    }

    /// The key, if it has the id that the text told.
    pub(super) fn checked(&self, key: VerifierKey) -> Result<VerifierKey, InvalidKey> {
        match key.id == self.id {
            true => Ok(key),
            false => Err(InvalidKey::OtherId {
                expected: key.id,
                found: self.id,
            }),
        }
    }
}
