use std::sync::LazyLock;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::merkle::proof::{PROOF_HASHES_MAX, consistency_nodes, inclusion_nodes};
use crate::merkle::{
    InvalidConsistency, InvalidInclusion, Unprovable, prove_consistency, prove_inclusion, root_at,
    verify_consistency, verify_inclusion,
};

const LARGE: u64 = 5_000;

static GENERATED: LazyLock<Grown> = LazyLock::new(|| Grown::generated(LARGE));

fn reference() -> Grown {
    Grown::new(hashes(&vectors()["reference_tree"]["leaf_hashes"]))
}

/// Proves and verifies what one part of the vectors says of `tree`; returns how much it was.
fn check(tree: &Grown, part: &Value) -> (usize, usize) {
    for case in array(&part["inclusion"]) {
        let (index, size) = (number(&case["index"]), number(&case["size"]));
        let expected = hashes(&case["proof"]);
        let proof = prove_inclusion(&mut tree.source(), index, size);
        assert_eq!(proof.as_ref(), Ok(&expected), "{index} in {size}");
        let verified = verify_inclusion(&tree.head(size), index, &tree.leaf(index), &expected);
        assert_eq!(verified, Ok(()), "{index} in {size}");
    }
    for case in array(&part["consistency"]) {
        let (old, new) = (number(&case["size1"]), number(&case["size2"]));
        let expected = hashes(&case["proof"]);
        let proof = prove_consistency(&mut tree.source(), old, new);
        assert_eq!(proof.as_ref(), Ok(&expected), "{old} to {new}");
        let verified = verify_consistency(&tree.head(old), &tree.head(new), &expected);
        assert_eq!(verified, Ok(()), "{old} to {new}");
    }
    let count = |name: &str| array(&part[name]).len();
    (count("inclusion"), count("consistency"))
}

#[test]
fn published_proofs_are_made_and_verify() {
    let vectors = vectors();
    assert_eq!(check(&reference(), &vectors["reference_tree"]), (36, 36));
    let generated = &vectors["generated_tree"];
    let tree = Grown::generated(70_000);
    assert_eq!(check(&tree, generated), (9, 6));
    for (size, root) in generated["roots"].as_object().unwrap() {
        let size = size.parse().unwrap();
        assert_eq!(root_at(&mut tree.source(), size), Ok(hash(root)));
    }
    assert_eq!(root_at(&mut tree.source(), 0), Ok(Hash::EMPTY_ROOT));
}

#[test]
fn published_wrong_proofs_are_rejected() {
    let vectors = vectors();
    let cases = array(&vectors["must_reject"]);
    assert_eq!(cases.len(), 43);
    for case in cases {
        let proof = array(&case["proof"]).iter();
        let proof: Result<Vec<Hash>, _> = proof.map(|hash| text(hash).parse()).collect();
        let Ok(proof) = proof else {
            // A hash that is none cannot be handed to a verifier at all.
            assert!(text(&case["desc"]).contains("byte"), "{case}");
            continue;
        };
        let head = |size: &str, root: &str| TreeHead {
            size: number(&case[size]),
            root: hash(&case[root]),
        };
        let rejected = match text(&case["kind"]) {
            "inclusion" => {
                let (index, leaf) = (number(&case["index"]), hash(&case["leaf_hash"]));
                verify_inclusion(&head("size", "root"), index, &leaf, &proof).is_err()
            }
            "consistency" => {
                let (old, new) = (head("size1", "root1"), head("size2", "root2"));
                verify_consistency(&old, &new, &proof).is_err()
            }
            kind => panic!("{kind}"),
        };
        assert!(rejected, "{}", case["desc"]);
    }
}

#[test]
fn every_flipped_bit_of_every_small_proof_is_found() {
    let tree = reference();
    for size in 1..=8 {
        let head = tree.head(size);
        for index in 0..size {
            let proof = prove_inclusion(&mut tree.source(), index, size).unwrap();
            assert_inclusion_is_sensitive(&head, index, &tree.leaf(index), &proof, 0..256);
        }
        for old in 1..=size {
            let proof = prove_consistency(&mut tree.source(), old, size).unwrap();
            assert_consistency_is_sensitive(&tree.head(old), &head, &proof, 0..256);
        }
    }
}

fn assert_inclusion_is_sensitive(
    head: &TreeHead,
    index: u64,
    leaf: &Hash,
    proof: &[Hash],
    bits: impl Iterator<Item = usize> + Clone,
) {
    let valid = |head: &TreeHead, index, leaf: &Hash, proof: &[Hash]| {
        verify_inclusion(head, index, leaf, proof).is_ok()
    };
    assert!(valid(head, index, leaf, proof));
    for bit in bits {
        assert!(!valid(head, index, &flipped(leaf, bit), proof));
        let other = TreeHead {
            root: flipped(&head.root, bit),
            ..*head
        };
        assert!(!valid(&other, index, leaf, proof));
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at] = flipped(&changed[at], bit);
            assert!(!valid(head, index, leaf, &changed));
        }
    }
    for bit in 0..64 {
        assert!(!valid(head, index ^ (1 << bit), leaf, proof));
    }
    for length in 0..proof.len() {
        assert!(!valid(head, index, leaf, &proof[..length]));
    }
    let longer = [proof, &[Hash::EMPTY_ROOT]].concat();
    assert_eq!(
        verify_inclusion(head, index, leaf, &longer),
        Err(InvalidInclusion::WrongLength {
            expected: u32::try_from(proof.len()).unwrap(),
            found: proof.len() + 1
        })
    );
}

fn assert_consistency_is_sensitive(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
    bits: impl Iterator<Item = usize> + Clone,
) {
    let valid = |old: &TreeHead, new: &TreeHead, proof: &[Hash]| {
        verify_consistency(old, new, proof).is_ok()
    };
    assert!(valid(old, new, proof));
    for bit in bits {
        let other = |head: &TreeHead| TreeHead {
            root: flipped(&head.root, bit),
            ..*head
        };
        assert!(!valid(&other(old), new, proof));
        assert!(!valid(old, &other(new), proof));
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at] = flipped(&changed[at], bit);
            assert!(!valid(old, new, &changed));
        }
    }
    for length in 0..proof.len() {
        assert!(!valid(old, new, &proof[..length]));
    }
    let longer = [proof, &[Hash::EMPTY_ROOT]].concat();
    assert_eq!(
        verify_consistency(old, new, &longer),
        Err(InvalidConsistency::WrongLength {
            expected: proof.len(),
            found: proof.len() + 1
        })
    );
}

#[test]
fn what_has_no_proof_is_told() {
    let mut source = GENERATED.source();
    let beyond = Unprovable::IndexBeyondSize { index: 8, size: 8 };
    assert_eq!(prove_inclusion(&mut source, 8, 8), Err(beyond));
    assert_eq!(
        prove_consistency(&mut source, 0, 8),
        Err(Unprovable::OldTreeEmpty)
    );
    let beyond = Unprovable::OldBeyondNew { old: 9, new: 8 };
    assert_eq!(prove_consistency(&mut source, 9, 8), Err(beyond));
    let mut broken = |_| Err("no disk");
    let fault = Err(Unprovable::Source("no disk"));
    assert_eq!(prove_inclusion(&mut broken, 1, 8), fault);
    let (four, eight) = (GENERATED.head(4), GENERATED.head(8));
    let forked = TreeHead { size: 8, ..four };
    assert_eq!(
        verify_consistency(&forked, &eight, &[]),
        Err(InvalidConsistency::Forked {
            old: four.root,
            new: eight.root
        })
    );
    assert_eq!(
        verify_consistency(&TreeHead::EMPTY, &eight, &[]),
        Err(InvalidConsistency::OldTreeEmpty)
    );
}

#[test]
fn the_largest_trees_need_no_more_than_the_limit() {
    let hash = |_| Ok::<_, Infallible>(Hash::EMPTY_ROOT);
    let sizes = [
        u64::MAX,
        u64::MAX - 1,
        1 << 63,
        (1 << 63) + 1,
        (1 << 63) - 1,
    ];
    for size in sizes {
        for index in [0, 1, size / 2, size - 2, size - 1] {
            let proof = prove_inclusion(&mut { hash }, index, size).unwrap();
            let leaf = Hash::EMPTY_ROOT;
            let head = TreeHead { size, root: leaf };
            assert!(proof.len() <= PROOF_HASHES_MAX);
            assert!(matches!(
                verify_inclusion(&head, index, &leaf, &proof),
                Err(InvalidInclusion::OtherRoot { .. })
            ));
            let proof = prove_consistency(&mut { hash }, index + 1, size).unwrap();
            assert!(proof.len() <= PROOF_HASHES_MAX);
        }
    }
}

#[test]
fn proofs_equal_those_of_an_independent_implementation() {
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=LARGE {
        oracle.push(format!("leaf {}", size - 1).into_bytes());
        let edge = size.is_power_of_two() || (size - 1).is_power_of_two();
        if !edge && !size.is_multiple_of(211) && size != LARGE {
            continue;
        }
        assert_eq!(
            oracle.root().as_bytes().as_slice(),
            GENERATED.head(size).root.as_bytes()
        );
        for other in [0, size / 3, size / 2, size - 1] {
            let proof = prove_inclusion(&mut GENERATED.source(), other, size).unwrap();
            let index = usize::try_from(other).unwrap();
            let theirs = oracle.prove_inclusion(index);
            assert_eq!(
                theirs.as_bytes(),
                proof.iter().flat_map(|h| *h.as_bytes()).collect::<Vec<_>>()
            );
            let old = other + 1;
            let proof = prove_consistency(&mut GENERATED.source(), old, size).unwrap();
            let theirs = oracle.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(
                theirs.as_bytes(),
                proof.iter().flat_map(|h| *h.as_bytes()).collect::<Vec<_>>()
            );
        }
    }
}

proptest! {
    #[test]
    fn proof_of_any_leaf_verifies_and_no_flipped_bit_does(
        (size, index, bit) in (1..=LARGE).prop_flat_map(|size| (Just(size), 0..size, 0_usize..256)),
    ) {
        let tree = &*GENERATED;
        let proof = prove_inclusion(&mut tree.source(), index, size).unwrap();
        prop_assert_eq!(proof.is_empty(), inclusion_nodes(index, size).is_empty());
        let bits = [bit, 255 - bit];
        assert_inclusion_is_sensitive(&tree.head(size), index, &tree.leaf(index), &proof, bits.into_iter());
    }

    #[test]
    fn proof_between_any_sizes_verifies_and_no_flipped_bit_does(
        (new, old, bit) in (1..=LARGE).prop_flat_map(|new| (Just(new), 1..=new, 0_usize..256)),
    ) {
        let tree = &*GENERATED;
        let proof = prove_consistency(&mut tree.source(), old, new).unwrap();
        prop_assert_eq!(proof.is_empty(), consistency_nodes(old, new).is_empty());
        let bits = [bit, 255 - bit];
        assert_consistency_is_sensitive(&tree.head(old), &tree.head(new), &proof, bits.into_iter());
    }

    #[test]
    fn root_at_any_size_is_a_join_of_complete_subtrees(size in 0..=LARGE) {
        prop_assert_eq!(root_at(&mut GENERATED.source(), size), Ok(GENERATED.head(size).root));
    }

    #[test]
    fn verifying_never_panics(
        sizes in any::<(u64, u64)>(),
        index in any::<u64>(),
        length in 0_usize..80,
        seed in any::<u8>(),
    ) {
        let proof = vec![leaf_hash(&[seed]); length];
        let old = TreeHead { size: sizes.0, root: leaf_hash(&[seed, 1]) };
        let new = TreeHead { size: sizes.1, root: leaf_hash(&[seed, 2]) };
        prop_assert!(verify_inclusion(&new, index, &old.root, &proof).is_err());
        prop_assert!(verify_consistency(&old, &new, &proof).is_err());
    }
}
