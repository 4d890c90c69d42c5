//! The frontier: what is kept of a tree to append to it and to tell its root.

use std::sync::OnceLock;

use crate::merkle::hash::{Hash, empty_root, node_hash};

/// What a tree is known by: its size and its root, the "tree head" of RFC 9162.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root over all leaves.
    pub root: Hash,
}

impl TreeHead {
    /// The head of the tree without leaves.
    pub const EMPTY: Self = Self {
        size: 0,
        root: Hash::EMPTY_ROOT,
    };
}

/// The right edge of a tree: the roots of its complete subtrees, the largest (leftmost) first.
///
/// A tree of `size` leaves has one such subtree for each 1 in the binary form of `size`, so the
/// frontier holds at most 64 hashes however long the ledger, and a clone is cheap.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
    root: Root,
}

/// The root, once somebody asked for it. Follows from the rest, so it makes no two frontiers differ.
#[derive(Clone, Debug, Default)]
struct Root(OnceLock<Hash>);

impl PartialEq for Root {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Root {}

/// The bytes are not a frontier.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidFrontier {
    /// Shorter than the size that begins it.
    #[error("shorter than the 8 bytes of its size")]
    TooShort,
    /// Not one hash for each complete subtree that the size tells of.
    #[error("not {expected} hashes long, as size {size} asks for")]
    WrongLength {
        /// The number of leaves that the bytes claim.
        size: u64,
        /// The number of hashes that a tree of this size has on its frontier.
        expected: u32,
    },
}

impl Frontier {
    /// The frontier of the tree without leaves.
    pub const fn new() -> Self {
        Self {
            size: 0,
            subtrees: Vec::new(),
            root: Root(OnceLock::new()),
        }
    }

    /// Adds one leaf on the right.
    pub fn push(&mut self, leaf: Hash) {
        let mut subtree = leaf;
        // Each trailing 1 in the size is a complete subtree as large as the one on its right.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                subtree = node_hash(&left, &subtree);
            }
        }
        self.subtrees.push(subtree);
        self.size += 1;
        self.root = Root::default();
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves. Computed once, and known to clones.
    pub fn root(&self) -> Hash {
        *self.root.0.get_or_init(|| {
            let mut from_the_right = self.subtrees.iter().rev();
            match from_the_right.next() {
                None => empty_root(),
                Some(last) => from_the_right.fold(*last, |right, left| node_hash(left, &right)),
            }
        })
    }

    /// The size and the root.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root(),
        }
    }

    /// The bytes to keep: the size (u64, big-endian), then the hashes, the largest subtree first.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.subtrees.len() * Hash::BYTES);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        self.subtrees
            .iter()
            .for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote. The caller compares the root with one it trusts.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidFrontier> {
        let (size, hashes) = bytes.split_first_chunk().ok_or(InvalidFrontier::TooShort)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<{ Hash::BYTES }>();
        if !rest.is_empty() || hashes.len() != size.count_ones() as usize {
            return Err(InvalidFrontier::WrongLength {
                size,
                expected: size.count_ones(),
            });
        }
        Ok(Self {
            size,
            subtrees: hashes.iter().copied().map(Hash::new).collect(),
            root: Root::default(),
        })
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        frontier.extend(leaves);
        frontier
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::merkle::hash::leaf_hash;

    fn vectors() -> serde_json::Value {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/proof-vectors.json"
        ));
        serde_json::from_str(text).unwrap()
    }

    fn texts(value: &serde_json::Value) -> Vec<String> {
        let texts = value.as_array().unwrap().iter();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn reference_tree_has_the_published_root_at_every_size() {
        let vectors = vectors();
        let tree = &vectors["reference_tree"];
        let roots = texts(&tree["roots_by_size"]);
        let hashes = texts(&tree["leaf_hashes"]);
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), roots[0]);
        for (i, leaf) in texts(&tree["leaves"]).iter().enumerate() {
            let hash = leaf_hash(&hex::decode(leaf).unwrap());
            assert_eq!(hash.to_string(), hashes[i]);
            frontier.push(hash);
            assert_eq!(frontier.root().to_string(), roots[i + 1]);
        }
    }

    #[test]
    fn generated_tree_has_the_published_roots() {
        let vectors = vectors();
        let tree = &vectors["generated_tree"];
        let roots = tree["roots"].as_object().unwrap();
        assert!(!roots.is_empty());
        for (size, root) in roots {
            let leaves = 0..size.parse::<u64>().unwrap();
            let frontier: Frontier = leaves
                .map(|i| leaf_hash(format!("leaf {i}").as_bytes()))
                .collect();
            assert_eq!(
                frontier.root().to_string(),
                root.as_str().unwrap(),
                "{size}"
            );
        }
    }

    #[test]
    fn frontier_that_does_not_fit_its_size_is_refused() {
        let frontier: Frontier = (0..6u8).map(|i| leaf_hash(&[i])).collect();
        let bytes = frontier.encode();
        assert_eq!(bytes.len(), 8 + 2 * 32);
        assert_eq!(Frontier::decode(&bytes), Ok(frontier));
        let wrong = Err(InvalidFrontier::WrongLength {
            size: 6,
            expected: 2,
        });
        assert_eq!(Frontier::decode(&bytes[..bytes.len() - 32]), wrong);
        assert_eq!(Frontier::decode(&bytes[..bytes.len() - 1]), wrong);
        assert_eq!(
            Frontier::decode(&bytes[..7]),
            Err(InvalidFrontier::TooShort)
        );
    }

    proptest! {
        #[test]
        fn roots_equal_those_of_an_independent_implementation(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..200),
        ) {
            let mut oracle = ct_merkle::mem_backed_tree::MemoryBackedTree::<Sha256, Vec<u8>>::new();
            let mut frontier = Frontier::new();
            for leaf in leaves {
                frontier.push(leaf_hash(&leaf));
                oracle.push(leaf);
                let root = oracle.root();
                let expected = Hash::try_from(root.as_bytes().as_slice());
                prop_assert_eq!(Ok(frontier.root()), expected);
                prop_assert_eq!(frontier.size(), root.num_leaves());
                prop_assert_eq!(Frontier::decode(&frontier.encode()), Ok(frontier.clone()));
            }
        }
    }
}
