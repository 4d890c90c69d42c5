//! Making signatures: by a key in memory, or by whatever else implements [`Signer`].
//!
//! ```text
//! skey = "PRIVATE+KEY+" key name "+" key id in hex "+" base64(signature type || 32-byte seed)
//! ```
//! This form of a private key is the convention of Go's `sumdb/note`; C2SP defines none.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use crate::merkle::canonical::to_base64;
use crate::merkle::key::{InvalidKey, KeyName, KeyParts, PublicKey, SignatureType, VerifierKey};
use crate::merkle::note::NoteSignature;

const PRIVATE: &str = "PRIVATE+KEY+";

/// What signs with one key: a key in memory, a security module, another computer.
pub trait Signer {
    /// The key that its signatures verify with.
    fn key(&self) -> &VerifierKey;

    /// Signs `message`: for the types there are now, the 64 bytes of Ed25519.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerFault>;
}

/// Why a signer could not sign.
pub type SignerFault = Box<dyn std::error::Error + Send + Sync>;

/// A note was not signed.
#[derive(Debug, thiserror::Error)]
pub enum Unsigned {
    /// The signer failed.
    #[error("`{name}` could not sign")]
    Signer {
        /// Whose key it was.
        name: KeyName,
        /// Why.
        #[source]
        fault: SignerFault,
    },
    /// The signer gave something that does not verify with the key that it named.
    #[error("`{name}` gave a signature that does not verify")]
    BadSignature {
        /// Whose key it was.
        name: KeyName,
    },
}

/// Signs `text` at `time` (seconds since 1970, used where the type tells the time).
///
/// What the signer gives is verified before it is used.
pub fn sign<S: Signer + ?Sized>(
    signer: &S,
    text: &str,
    time: u64,
) -> Result<NoteSignature, Unsigned> {
    let key = signer.key();
    let signature = signer.sign(&key.message(text, time));
    let signature = signature.map_err(|fault| Unsigned::Signer {
        name: key.name().clone(),
        fault,
    })?;
    let payload = key.payload(time, &signature);
    match key.verify(text, &payload) {
        Ok(_) => Ok(NoteSignature::of(key, payload)),
        Err(_) => Err(Unsigned::BadSignature {
            name: key.name().clone(),
        }),
    }
}

/// A private key in memory. Wiped when dropped; never shown, only told by [`to_skey`](Self::to_skey).
#[derive(Clone)]
pub struct SigningKey {
    key: VerifierKey,
    secret: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The length of a seed in bytes.
    pub const SEED_BYTES: usize = 32;

    /// The key of this name and type with this seed, which must be drawn at random.
    pub fn from_seed(
        name: KeyName,
        signature_type: SignatureType,
        seed: &[u8; Self::SEED_BYTES],
    ) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = secret.verifying_key();
        let public = match signature_type {
            SignatureType::Ed25519 => PublicKey::Ed25519(public),
            SignatureType::CosignatureV1 => PublicKey::CosignatureV1(public),
        };
        Self {
            key: VerifierKey::new(name, public),
            secret,
        }
    }

    /// Reads an `skey`.
    pub fn from_skey(text: &str) -> Result<Self, InvalidKey> {
        let parts = KeyParts::parse(text.strip_prefix(PRIVATE).ok_or(InvalidKey::NotPrivate)?)?;
        let found = parts.key.len();
        let seed = parts.key.as_slice().try_into();
        let seed = seed.map_err(|_| InvalidKey::Length { found })?;
        let key = Self::from_seed(parts.name.clone(), parts.signature_type, seed);
        parts.checked(key.key.clone())?;
        Ok(key)
    }

    /// The secret as an `skey`, wiped when dropped.
    pub fn to_skey(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new(vec![self.key.signature_type().byte()]);
        key.extend_from_slice(self.secret.as_bytes());
        let (name, id) = (self.key.name(), self.key.id());
        let key = Zeroizing::new(to_base64(&key));
        Zeroizing::new(format!("{PRIVATE}{name}+{id}+{}", *key))
    }
}

impl Signer for SigningKey {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerFault> {
        Ok(self.secret.sign(message).to_bytes().to_vec())
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::from_skey(text)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.key)
    }
}
