//! Inclusion and consistency proofs: made as RFC 6962 section 2.1 defines them, verified by the
//! algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2.
//!
//! A proof is a list of hashes, the one nearest to the leaves first. Making one asks a
//! [`NodeSource`] for complete subtrees; verifying one needs nothing but the proof and what is
//! claimed, and answers for any input without panicking.

use std::ops::Range;

use crate::merkle::hash::{Hash, node_hash};
use crate::merkle::node::{Node, NodeSource, cover, range_hash, split};
use crate::merkle::tree::TreeHead;

/// The most hashes that a proof can hold: one for each level of a tree of `u64` leaves, and one
/// more for consistency.
pub const PROOF_HASHES_MAX: usize = 65;

/// There is no such proof, or what it is made of could not be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unprovable<E> {
    /// The tree has no leaf at this index.
    #[error("index {index} is not below the size {size}")]
    IndexBeyondSize {
        /// The index asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The empty tree is the beginning of every tree; there is nothing to prove.
    #[error("the older tree is empty: it needs no proof")]
    OldTreeEmpty,
    /// The older tree is larger than the newer one.
    #[error("the older size {old} is above the newer size {new}")]
    OldBeyondNew {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
    },
    /// The source failed.
    #[error("a hash of the tree could not be read")]
    Source(#[source] E),
}

/// The proof does not show that the leaf is in the tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidInclusion {
    /// The tree has no leaf at this index.
    #[error("index {index} is not below the size {size}")]
    IndexBeyondSize {
        /// The index claimed.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A proof for this index and size has another number of hashes.
    #[error("{found} hashes where this index and size need {expected}")]
    WrongLength {
        /// The number of hashes that it must have.
        expected: u32,
        /// The number that it has.
        found: usize,
    },
    /// The hashes lead to another root: the leaf, its index, the proof or the root was changed.
    #[error("leads to the root {computed}, not to {expected}")]
    OtherRoot {
        /// The root of the tree.
        expected: Hash,
        /// The root that the leaf and the proof lead to.
        computed: Hash,
    },
}

/// The proof does not show that the newer tree only added to the older one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidConsistency {
    /// The empty tree is the beginning of every tree: a proof says nothing.
    #[error("the older tree is empty: there is nothing to verify")]
    OldTreeEmpty,
    /// The older tree is larger than the newer one.
    #[error("the older size {old} is above the newer size {new}")]
    OldBeyondNew {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
    },
    /// A proof for these sizes has another number of hashes.
    #[error("{found} hashes where these sizes need {expected}")]
    WrongLength {
        /// The number of hashes that it must have.
        expected: usize,
        /// The number that it has.
        found: usize,
    },
    /// The two trees have one size and different roots: one of them is not the ledger's.
    #[error("one size and two roots, {old} and {new}")]
    Forked {
        /// The root of the one.
        old: Hash,
        /// The root of the other.
        new: Hash,
    },
    /// The hashes lead to another root of the older tree.
    #[error("leads to the older root {computed}, not to {expected}")]
    OtherOldRoot {
        /// The root of the older tree.
        expected: Hash,
        /// The root that the proof leads to.
        computed: Hash,
    },
    /// The hashes lead to another root of the newer tree.
    #[error("leads to the newer root {computed}, not to {expected}")]
    OtherNewRoot {
        /// The root of the newer tree.
        expected: Hash,
        /// The root that the proof leads to.
        computed: Hash,
    },
}

/// The proof that the leaf at `index` is in the tree of `size` leaves: `PATH` of RFC 6962.
pub fn prove_inclusion<S: NodeSource + ?Sized>(
    source: &mut S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, Unprovable<S::Error>> {
    if size <= index {
        return Err(Unprovable::IndexBeyondSize { index, size });
    }
    hashes(source, &inclusion_ranges(index, size))
}

/// The proof that the tree of `new` leaves begins with the tree of `old` leaves: `PROOF` of RFC
/// 6962. Empty for equal sizes.
pub fn prove_consistency<S: NodeSource + ?Sized>(
    source: &mut S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, Unprovable<S::Error>> {
    if new < old {
        return Err(Unprovable::OldBeyondNew { old, new });
    }
    if old == 0 {
        return Err(Unprovable::OldTreeEmpty);
    }
    hashes(source, &consistency_ranges(old, new))
}

/// The complete subtrees that [`prove_inclusion`] will ask for; none if there is no such proof.
pub fn inclusion_nodes(index: u64, size: u64) -> Vec<Node> {
    match index < size {
        true => inclusion_ranges(index, size)
            .iter()
            .flat_map(cover)
            .collect(),
        false => Vec::new(),
    }
}

/// The complete subtrees that [`prove_consistency`] will ask for; none if there is no such proof.
pub fn consistency_nodes(old: u64, new: u64) -> Vec<Node> {
    match 0 < old && old <= new {
        true => consistency_ranges(old, new)
            .iter()
            .flat_map(cover)
            .collect(),
        false => Vec::new(),
    }
}

/// Verifies that `leaf` is the hash of the leaf at `index` of the tree `head`.
pub fn verify_inclusion(
    head: &TreeHead,
    index: u64,
    leaf: &Hash,
    proof: &[Hash],
) -> Result<(), InvalidInclusion> {
    let size = head.size;
    if size <= index {
        return Err(InvalidInclusion::IndexBeyondSize { index, size });
    }
    let wrong_length = || InvalidInclusion::WrongLength {
        expected: inclusion_length(index, size),
        found: proof.len(),
    };
    let mut place = Place {
        first: index,
        last: size - 1,
    };
    let mut computed = *leaf;
    for hash in proof {
        if place.last == 0 {
            return Err(wrong_length());
        }
        computed = match place.climb() {
            Side::Left => node_hash(hash, &computed),
            Side::Right => node_hash(&computed, hash),
        };
    }
    if place.last != 0 {
        return Err(wrong_length());
    }
    match computed == head.root {
        true => Ok(()),
        false => Err(InvalidInclusion::OtherRoot {
            expected: head.root,
            computed,
        }),
    }
}

/// Verifies that the tree `new` begins with the tree `old`.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), InvalidConsistency> {
    if new.size < old.size {
        return Err(InvalidConsistency::OldBeyondNew {
            old: old.size,
            new: new.size,
        });
    }
    if old.size == 0 {
        return Err(InvalidConsistency::OldTreeEmpty);
    }
    let wrong_length = || InvalidConsistency::WrongLength {
        expected: consistency_ranges(old.size, new.size).len(),
        found: proof.len(),
    };
    if old.size == new.size {
        return match (proof.is_empty(), old.root == new.root) {
            (false, _) => Err(wrong_length()),
            (true, false) => Err(InvalidConsistency::Forked {
                old: old.root,
                new: new.root,
            }),
            (true, true) => Ok(()),
        };
    }
    // An older tree that is complete is itself the first subtree on the way, so it is left out.
    let (start, rest) = match (old.size.is_power_of_two(), proof.split_first()) {
        (_, None) => return Err(wrong_length()),
        (true, Some(_)) => (old.root, proof),
        (false, Some((first, rest))) => (*first, rest),
    };
    let mut place = Place {
        first: old.size - 1,
        last: new.size - 1,
    };
    place.skip_right_edges();
    let (mut old_root, mut new_root) = (start, start);
    for hash in rest {
        if place.last == 0 {
            return Err(wrong_length());
        }
        match place.climb() {
            Side::Left => {
                old_root = node_hash(hash, &old_root);
                new_root = node_hash(hash, &new_root);
            }
            Side::Right => new_root = node_hash(&new_root, hash),
        }
    }
    if place.last != 0 {
        return Err(wrong_length());
    }
    if old_root != old.root {
        return Err(InvalidConsistency::OtherOldRoot {
            expected: old.root,
            computed: old_root,
        });
    }
    if new_root != new.root {
        return Err(InvalidConsistency::OtherNewRoot {
            expected: new.root,
            computed: new_root,
        });
    }
    Ok(())
}

/// The parts of the tree beside the way from a leaf to the root. `index` is below `size`.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut part = 0..size;
    let mut beside = Vec::new();
    while let Some(middle) = split(&part) {
        if index < middle {
            beside.push(middle..part.end);
            part.end = middle;
        } else {
            beside.push(part.start..middle);
            part.start = middle;
        }
    }
    beside.reverse();
    beside
}

/// The parts of the newer tree that make up both roots. `old` is from 1 to `new`.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let mut part = 0..new;
    let mut parts = Vec::new();
    while part.end != old {
        let Some(middle) = split(&part) else { break };
        if old <= middle {
            parts.push(middle..part.end);
            part.end = middle;
        } else {
            parts.push(part.start..middle);
            part.start = middle;
        }
    }
    // The verifier has the older root; it needs this part only where that root is more than it.
    if 0 < part.start {
        parts.push(part);
    }
    parts.reverse();
    parts
}

fn hashes<S: NodeSource + ?Sized>(
    source: &mut S,
    ranges: &[Range<u64>],
) -> Result<Vec<Hash>, Unprovable<S::Error>> {
    let hashes = ranges.iter().map(|range| range_hash(source, range));
    hashes.collect::<Result<_, _>>().map_err(Unprovable::Source)
}

/// The number of hashes that prove the leaf at `index`, which is below `size`.
const fn inclusion_length(index: u64, size: u64) -> u32 {
    // Up to where the ways of this and of the last leaf part, each level has a sibling; above
    // that, only those where this way comes from the right.
    let apart = u64::BITS - (index ^ (size - 1)).leading_zeros();
    apart
        + match index.checked_shr(apart) {
            Some(above) => above.count_ones(),
            None => 0,
        }
}

/// Where a verifier stands on the way up: `fn` and `sn` of RFC 9162.
struct Place {
    first: u64,
    last: u64,
}

enum Side {
    Left,
    Right,
}

impl Place {
    /// Goes up past the next hash; tells on which side of the way it stands.
    fn climb(&mut self) -> Side {
        let side = match self.first % 2 == 1 || self.first == self.last {
            true => {
                // On the right edge, levels without a sibling have no hash either.
                while self.first.is_multiple_of(2) && self.first != 0 {
                    self.up();
                }
                Side::Left
            }
            false => Side::Right,
        };
        self.up();
        side
    }

    /// Goes up while the older tree ends with a right child: those subtrees are complete.
    fn skip_right_edges(&mut self) {
        while self.first % 2 == 1 {
            self.up();
        }
    }

    const fn up(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
    }
}
