//! Complete subtrees, and how every other hash of the tree is made of them.
//!
//! A subtree that is complete never changes again, so its hash can be stored once and for all; any
//! other part of a tree, at any size, is a join of at most 64 such hashes.

use std::ops::Range;

use crate::merkle::hash::{Hash, empty_root, node_hash};

/// A complete subtree: the `2^level` leaves from `index * 2^level` on. A leaf is at level 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Node {
    /// The height above the leaves, 0 to 63.
    pub level: u8,
    /// Which of the subtrees of this level, from 0 on the left.
    pub index: u64,
}

/// Where the hashes of complete subtrees come from.
///
/// A function from [`Node`] to its hash is one, [`TiledNodes`](crate::merkle::TiledNodes) is another.
pub trait NodeSource {
    /// Why a hash could not be given.
    type Error;

    /// The hash of `node`. Asked only for subtrees that lie wholly within the tree in question.
    fn node(&mut self, node: Node) -> Result<Hash, Self::Error>;
}

impl<F, E> NodeSource for F
where
    F: FnMut(Node) -> Result<Hash, E>,
{
    type Error = E;

    fn node(&mut self, node: Node) -> Result<Hash, E> {
        self(node)
    }
}

/// The root of the tree of `size` leaves, by joining its complete subtrees.
pub fn root_at<S: NodeSource + ?Sized>(source: &mut S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 {
        return Ok(empty_root());
    }
    range_hash(source, &(0..size))
}

/// The complete subtrees that make up a part of a tree, the leftmost and largest first.
///
/// `range` is not empty and is a part that RFC 6962 divides a tree into, so that it begins at a
/// multiple of the power of two that it is not longer than.
pub(super) fn cover(range: &Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut begin = range.start;
    while let Some(level) = range.end.saturating_sub(begin).checked_ilog2() {
        nodes.push(Node {
            // At most 63: the logarithm of a `u64`.
            level: level as u8,
            index: begin >> level,
        });
        begin += 1 << level;
    }
    nodes
}

/// The hash over a part of a tree, of the kind that [`cover`] takes.
pub(super) fn range_hash<S: NodeSource + ?Sized>(
    source: &mut S,
    range: &Range<u64>,
) -> Result<Hash, S::Error> {
    let mut joined = None;
    for node in cover(range).into_iter().rev() {
        let left = source.node(node)?;
        joined = Some(joined.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(joined.unwrap_or_else(empty_root))
}

/// Where RFC 6962 divides a part of a tree in two: after the largest power of two that is smaller
/// than its length. `None` for a single leaf and for nothing.
pub(super) fn split(range: &Range<u64>) -> Option<u64> {
    let length = range.end.saturating_sub(range.start);
    let last = length.checked_sub(1)?;
    Some(range.start + (1 << last.checked_ilog2()?))
}
