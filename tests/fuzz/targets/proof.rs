//! Proofs of any index, sizes and hashes: verifying never panics, and what is made has the length
//! that verifying expects.

#![no_main]

use daicho_fuzz::merkle::{
    Hash, InvalidConsistency, InvalidInclusion, Node, Tile, TreeHead, prove_consistency,
    prove_inclusion, verify_consistency, verify_inclusion,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((numbers, hashes)) = bytes.split_first_chunk::<24>() else {
        return;
    };
    let number = |at: usize| {
        numbers[at..at + 8]
            .iter()
            .fold(0, |sum, b| sum << 8 | u64::from(*b))
    };
    let (index, old, new) = (number(0), number(8), number(16));
    let hashes: Vec<Hash> = hashes
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(Hash::new)
        .collect();
    let root = Hash::digest(bytes);
    let (old, new) = (TreeHead { size: old, root }, TreeHead { size: new, root });
    let _ = verify_inclusion(&new, index, &root, &hashes);
    let _ = verify_consistency(&old, &new, &hashes);
    let source = |_: Node| Ok::<_, ()>(root);
    if let Ok(proof) = prove_inclusion(&mut { source }, index, new.size) {
        let verified = verify_inclusion(&new, index, &root, &proof);
        assert!(!matches!(
            verified,
            Err(InvalidInclusion::WrongLength { .. })
        ));
        assert_eq!(
            proof.is_empty(),
            Tile::for_inclusion(index, new.size).is_empty()
        );
    }
    if let Ok(proof) = prove_consistency(&mut { source }, old.size, new.size) {
        let verified = verify_consistency(&old, &new, &proof);
        assert!(!matches!(
            verified,
            Err(InvalidConsistency::WrongLength { .. })
        ));
        assert_eq!(
            proof.is_empty(),
            Tile::for_consistency(old.size, new.size).is_empty()
        );
    }
});
