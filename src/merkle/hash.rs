//! SHA-256 with the prefixes that keep a leaf from being taken for a node.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::merkle::canonical::{from_base64, to_base64};

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// A SHA-256 hash: of a leaf, of a node, or the root of a tree. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Hash([u8; Hash::BYTES]);

/// The text or bytes are not a SHA-256 hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidHash {
    /// Not 64 lower-case hexadecimal digits.
    #[error("not 64 lower-case hexadecimal digits")]
    NotHex,
    /// Not 32 bytes.
    #[error("not 32 bytes")]
    NotThirtyTwoBytes,
    /// Not standard, padded base64 (RFC 4648 section 4).
    #[error("not standard, padded base64")]
    NotBase64,
}

impl Hash {
    /// The length of a hash in bytes.
    pub const BYTES: usize = 32;

    /// The root of the tree without leaves: SHA-256 of nothing.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The hash with these bytes.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The plain SHA-256 of `bytes`, without a prefix: for digests of files and documents.
    pub fn digest(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads what [`to_base64`](Self::to_base64) prints, and nothing else.
    pub fn from_base64(text: &str) -> Result<Self, InvalidHash> {
        let bytes = from_base64(text).ok_or(InvalidHash::NotBase64)?;
        Self::try_from(bytes.as_slice())
    }

    /// The standard, padded base64 of the hash, 44 characters: as notes and proofs spell it.
    pub fn to_base64(&self) -> String {
        to_base64(&self.0)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = InvalidHash;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidHash> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| InvalidHash::NotThirtyTwoBytes)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        // Only lower case: one hash has one spelling.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidHash::NotHex);
        }
        let mut bytes = [0; Self::BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidHash::NotHex)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The root of the tree without leaves.
pub const fn empty_root() -> Hash {
    Hash::EMPTY_ROOT
}

/// The hash of a leaf: of an event's stored bytes, never of a re-encoding.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut hasher = LeafHasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// The hash of the node over two subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    node_over(&left.0, &right.0)
}

fn node_over(left: &[u8], right: &[u8]) -> Hash {
    let mut hasher = Sha256::new_with_prefix([NODE_PREFIX]);
    hasher.update(left);
    hasher.update(right);
    Hash(hasher.finalize().into())
}

/// A leaf hash under way.
///
/// The request task hashes the part of the leaf that the client decides, the writer adds the part
/// that the server decides. A clone goes on from where the original stood.
#[derive(Clone, Debug)]
pub struct LeafHasher(Sha256);

impl LeafHasher {
    /// A leaf of which nothing is hashed yet.
    pub fn new() -> Self {
        Self(Sha256::new_with_prefix([LEAF_PREFIX]))
    }

    /// Adds the next bytes of the leaf.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of the leaf made of all the bytes added.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

impl Default for LeafHasher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> serde_json::Value {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/proof-vectors.json"
        ));
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn published_primitives_hash_to_their_values() {
        let vectors = vectors();
        let cases = vectors["hash_primitives"].as_array().unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let bytes = |name: &str| hex::decode(case[name].as_str().unwrap()).unwrap();
            let hash = match (case.get("leaf"), case.get("left")) {
                (Some(_), None) => leaf_hash(&bytes("leaf")),
                (None, Some(_)) => node_over(&bytes("left"), &bytes("right")),
                _ => empty_root(),
            };
            assert_eq!(
                hash.to_string(),
                case["value"].as_str().unwrap(),
                "{}",
                case["desc"]
            );
        }
        assert_eq!(Hash::digest(b""), empty_root());
    }

    #[test]
    fn leaf_hashed_in_parts_equals_leaf_hashed_whole() {
        let mut client_part = LeafHasher::new();
        client_part.update(b"client part, ");
        for server_part in ["position 0", "position 1"] {
            let mut hasher = client_part.clone();
            hasher.update(server_part.as_bytes());
            assert_eq!(
                hasher.finish(),
                leaf_hash(format!("client part, {server_part}").as_bytes())
            );
        }
    }

    #[test]
    fn hash_has_one_spelling() {
        let text = empty_root().to_string();
        assert_eq!(text.parse(), Ok(empty_root()));
        assert_eq!(
            text.to_uppercase().parse::<Hash>(),
            Err(InvalidHash::NotHex)
        );
        assert_eq!(text[1..].parse::<Hash>(), Err(InvalidHash::NotHex));
        assert_eq!(
            Hash::from_base64(&empty_root().to_base64()),
            Ok(empty_root())
        );
        assert_eq!(
            Hash::from_base64("AA=="),
            Err(InvalidHash::NotThirtyTwoBytes)
        );
        assert_eq!(
            Hash::from_base64(&text),
            Err(InvalidHash::NotThirtyTwoBytes)
        );
        assert_eq!(Hash::from_base64("AA"), Err(InvalidHash::NotBase64));
        assert_eq!(
            Hash::try_from(&[0; 31][..]),
            Err(InvalidHash::NotThirtyTwoBytes)
        );
    }
}
