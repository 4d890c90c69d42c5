//! Against published vectors, properties and independent implementations.

use std::convert::Infallible;

use serde_json::Value;

use crate::merkle::{
    Frontier, Hash, KeyName, Node, SignatureType, SigningKey, TreeHead, leaf_hash, node_hash,
};

mod checkpoints;
mod fingerprints;
mod heads;
mod interop;
mod notes;
mod policies;
mod proof_files;
mod proofs;
mod stream_files;
mod tiles;
mod witnesses;

/// The vectors in `tests/vectors`, of an independent implementation.
fn vectors() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/proof-vectors.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn hash(value: &Value) -> Hash {
    text(value).parse().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    array(value).iter().map(hash).collect()
}

fn seed(value: &Value) -> [u8; 32] {
    hex::decode(text(value)).unwrap().try_into().unwrap()
}

/// One of the four test keys: the log's, its next one, two witnesses'.
fn test_key(at: usize) -> SigningKey {
    let key = &vectors()["keys"][at];
    let signature_type = u8::from_str_radix(&text(&key["type"])[2..], 16).unwrap();
    let signature_type = SignatureType::from_byte(signature_type).unwrap();
    let name = KeyName::parse(text(&key["name"])).unwrap();
    SigningKey::from_seed(name, signature_type, &seed(&key["seed"]))
}

/// Every complete subtree of a tree, and its root at every size.
struct Grown {
    levels: Vec<Vec<Hash>>,
    roots: Vec<Hash>,
}

impl Grown {
    fn new(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut frontier = Frontier::new();
        let mut roots = vec![frontier.root()];
        let mut level: Vec<Hash> = Vec::new();
        for leaf in leaves {
            frontier.push(leaf);
            roots.push(frontier.root());
            level.push(leaf);
        }
        let mut levels = Vec::new();
        while !level.is_empty() {
            let pairs = level.as_chunks::<2>().0.iter();
            let above = pairs.map(|[left, right]| node_hash(left, right)).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        Self { levels, roots }
    }

    /// The tree of the leaves `leaf 0`, `leaf 1` and so on.
    fn generated(size: u64) -> Self {
        Self::new((0..size).map(|index| leaf_hash(format!("leaf {index}").as_bytes())))
    }

    fn leaf(&self, index: u64) -> Hash {
        self.levels[0][usize::try_from(index).unwrap()]
    }

    fn head(&self, size: u64) -> TreeHead {
        let root = self.roots[usize::try_from(size).unwrap()];
        TreeHead { size, root }
    }

    fn node(&self, node: Node) -> Hash {
        self.levels[usize::from(node.level)][usize::try_from(node.index).unwrap()]
    }

    fn source(&self) -> impl FnMut(Node) -> Result<Hash, Infallible> {
        |node| Ok(self.node(node))
    }
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::new(bytes)
}
