use proptest::prelude::*;

use super::*;
use crate::merkle::proof_file::{EXTRA_BYTES_MAX, PROOF_FILE_BYTES_MAX};
use crate::merkle::{
    Checkpoint, InvalidInclusion, InvalidProofFile, ProofFile, SignedCheckpoint, Signer,
    TrustPolicy, Unproven, prove_inclusion,
};

fn policy(name: &str) -> TrustPolicy {
    let vectors = vectors();
    TrustPolicy::parse(text(&vectors["tlog_proofs"][name]).as_bytes()).unwrap()
}

/// The published proof file with two cosignatures.
fn published() -> String {
    text(&vectors()["tlog_proofs"]["cases"][0]["proof"]).to_owned()
}

fn judge(bytes: &[u8], policy: &TrustPolicy) -> String {
    match ProofFile::parse(bytes) {
        Err(invalid) => invalid.to_string(),
        Ok(file) => match file.verify(policy) {
            Err(unproven) => unproven.to_string(),
            Ok((leaf, verdict)) => {
                assert_eq!(leaf, leaf_hash(file.extra().unwrap()));
                let witnesses = verdict.witnesses.iter();
                let witnesses = witnesses.map(|by| format!("{} at {}", by.witness.name, by.time));
                format!("accepted: {}", witnesses.collect::<Vec<_>>().join(", "))
            }
        },
    }
}

#[test]
fn published_proof_files_are_judged_as_published() {
    let vectors = vectors();
    let proofs = &vectors["tlog_proofs"];
    let cases = array(&proofs["cases"]);
    assert_eq!(cases.len(), 12);
    let mut said = Vec::new();
    for case in cases {
        let printed = text(&case["proof"]);
        let judged = judge(printed.as_bytes(), &policy(text(&case["policy"])));
        let accepted = text(&case["expect"]) == "accept";
        assert_eq!(judged.starts_with("accepted"), accepted, "{}", case["desc"]);
        if let Ok(file) = ProofFile::parse(printed.as_bytes()) {
            assert_eq!(file.to_string(), printed);
        }
        said.push(format!("{}: {judged}", text(&case["desc"])));
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    good, two cosignatures: accepted: audit at 1767225600, prefecture at 1767225660
    good, single-leaf tree has no hash lines: accepted: audit at 1767225600
    quorum not met (one of two): witnesses that cosigned: 1, not enough for the quorum `two`
    one cosignature is enough for any: accepted: audit at 1767225600
    log signature missing: not signed by a known key of `ledger.example/city-a`
    extra (leaf) changed: leads to the root b32c755d1c7028e8a42273a20cb5a83cd34d8d7fac16cde038500fdf934f4ded, not to 5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
    index changed: leads to the root cc2c138b5dd6f08a14e508c18ad2cca73e0da2047aee376727fa0b56de2dd9b3, not to 5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
    index with leading zero: line 3: expected `index ` and a decimal number without leading zeros
    checkpoint size changed: line 5: the signature of `ledger.example/city-a` does not verify
    cosignature timestamp changed: line 6: the signature of `audit.example/w1` does not verify
    wrong header: line 1: expected `c2sp.org/tlog-proof@v1`
    same witness signs twice, counts once: witnesses that cosigned: 1, not enough for the quorum `two`
    ");
}

#[test]
fn published_proof_file_is_made_to_the_byte() {
    let vectors = vectors();
    let tree = Grown::new(hashes(&vectors["reference_tree"]["leaf_hashes"]));
    let published = ProofFile::parse(published().as_bytes()).unwrap();
    let leaf = hex::decode(text(&vectors["reference_tree"]["leaves"][5])).unwrap();
    let proof = prove_inclusion(&mut tree.source(), 5, 8).unwrap();
    let mut checkpoint = published.checkpoint().clone();
    assert_eq!(checkpoint.checkpoint().head(), tree.head(8));
    let made = ProofFile::new(Some(leaf), 5, proof, checkpoint.clone()).unwrap();
    assert_eq!(made, published);
    // The checkpoint can gain signatures afterwards; the proof stays what it is.
    let later = crate::merkle::sign(&test_key(1), checkpoint.note().text(), 0).unwrap();
    checkpoint.add(later).unwrap();
    let more = ProofFile::new(
        made.extra().map(<[u8]>::to_vec),
        5,
        made.hashes().to_vec(),
        checkpoint,
    );
    assert!(more.unwrap().verify(&policy("policy_all")).is_ok());
}

#[test]
fn wrong_file_says_what_was_expected() {
    let published = published();
    let long = format!("extra {}", "A".repeat(4 * (EXTRA_BYTES_MAX / 3 + 1)));
    let hash = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n";
    let said: Vec<String> = [
        String::new(),
        published.replace("extra QEFCQw==", "extra QEFCQw"),
        published.replace("extra QEFCQw==", &long),
        published.replace("index 5", "index -5"),
        published.replace("extra QEFCQw==\nindex 5\n", ""),
        published.replacen("Znms=\n", "Znms\n", 1),
        published.replacen(hash, &hash.repeat(64), 1),
        published.replacen("\n\n", "\n", 1),
        published.replacen("\n8\n", "\n08\n", 1),
        published[..published.len() - 1].to_owned(),
    ]
    .iter()
    .map(|text| judge(text.as_bytes(), &policy("policy_all")))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    line 1: expected `c2sp.org/tlog-proof@v1`
    line 2: expected at most 65535 bytes of standard, padded base64 after `extra `
    line 2: expected at most 65535 bytes of standard, padded base64 after `extra `
    line 3: expected `index ` and a decimal number without leading zeros
    line 2: expected `index ` and a decimal number without leading zeros
    line 4: expected a hash in standard, padded base64, or a blank line
    line 69: expected at most 65 hashes
    line 7: expected a hash in standard, padded base64, or a blank line
    checkpoint from line 8 on: line 2: expected the size in decimal, without sign and leading zeros
    checkpoint from line 8 on: line 7: expected LF at the end
    ");
    let found = PROOF_FILE_BYTES_MAX + 1;
    let too_long = ProofFile::parse(&vec![b'a'; found]);
    assert_eq!(too_long, Err(InvalidProofFile::TooLong { found }));
}

#[test]
fn leaf_may_be_given_instead() {
    let policy = policy("policy_all");
    let without = published().replace("extra QEFCQw==\n", "");
    let file = ProofFile::parse(without.as_bytes()).unwrap();
    assert_eq!(file.to_string(), without);
    assert_eq!(file.verify(&policy), Err(Unproven::NoLeaf));
    assert!(file.verify_leaf(&policy, &leaf_hash(b"@ABC")).is_ok());
    assert!(matches!(
        file.verify_leaf(&policy, &leaf_hash(b"@ABD")),
        Err(Unproven::NotIncluded(InvalidInclusion::OtherRoot { .. }))
    ));
}

#[test]
fn no_flipped_bit_of_a_proof_file_is_accepted() {
    let (published, policy) = (published(), policy("policy_all"));
    assert!(judge(published.as_bytes(), &policy).starts_with("accepted"));
    for at in 0..published.len() {
        for bit in 0..8 {
            let mut bytes = published.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let judged = judge(&bytes, &policy);
            assert!(!judged.starts_with("accepted"), "byte {at}, bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn proof_file_parses_back_and_verifies(
        (size, index) in (1..=200_u64).prop_flat_map(|size| (Just(size), 0..size)),
        holds_leaf in any::<bool>(),
    ) {
        let tree = Grown::generated(size);
        let log = test_key(0);
        let checkpoint = Checkpoint::new(log.key().name(), tree.head(size)).unwrap();
        let checkpoint = SignedCheckpoint::sign(checkpoint, [&log as &dyn Signer], 0).unwrap();
        let proof = prove_inclusion(&mut tree.source(), index, size).unwrap();
        let leaf = format!("leaf {index}").into_bytes();
        let file = ProofFile::new(holds_leaf.then_some(leaf), index, proof, checkpoint).unwrap();
        let parsed = ProofFile::parse(file.to_string().as_bytes());
        prop_assert_eq!(parsed.as_ref(), Ok(&file));
        let policy = TrustPolicy::of_log(log.key().clone());
        prop_assert!(file.verify_leaf(&policy, &tree.leaf(index)).is_ok());
        prop_assert_eq!(file.verify(&policy).is_ok(), holds_leaf);
    }

    #[test]
    fn changed_file_is_refused_or_prints_the_same(at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..3), cut in 0..4_usize) {
        let mut bytes = published().into_bytes();
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + cut);
        bytes.splice(at..end, with);
        if let Ok(file) = ProofFile::parse(&bytes) {
            prop_assert_eq!(file.to_string().into_bytes(), bytes);
        }
    }
}
