use proptest::prelude::*;

use super::*;
use crate::merkle::witness::{
    ADD_CHECKPOINT_BYTES_MAX, KNOWN_SIZE_CONTENT_TYPE, WITNESS_ANSWER_BYTES_MAX, WITNESS_HASHES_MAX,
};
use crate::merkle::{
    AddCheckpoint, Checkpoint, Cosignatures, InvalidAddCheckpoint, InvalidCosignatures,
    InvalidKnownSize, NotAdded, Refusal, SignedCheckpoint, Signer, Unverified, VerifierKey,
    parse_known_size, prove_consistency, sign,
};

fn log_key() -> VerifierKey {
    test_key(0).key().clone()
}

/// What a witness answers: a status, a body, and what it has seen from then on.
fn answer(request: &str, seen: &mut TreeHead) -> (u16, Option<String>) {
    let request = match AddCheckpoint::parse(request.as_bytes()) {
        Ok(request) => request,
        Err(invalid) => return (invalid.status(), None),
    };
    match request.decide(&[log_key()], seen) {
        Err(refusal) => (refusal.status(), refusal.body()),
        Ok(head) => {
            *seen = head;
            let witness = test_key(2);
            let cosignature = sign(&witness, request.checkpoint().note().text(), 1_767_225_600);
            let answer = Cosignatures::new(vec![cosignature.unwrap()]).unwrap();
            (200, Some(answer.to_string()))
        }
    }
}

#[test]
fn published_dialogue_is_held() {
    let vectors = vectors();
    let steps = array(&vectors["witness_add_checkpoint"]["steps"]);
    assert_eq!(steps.len(), 11);
    let mut seen = TreeHead::EMPTY;
    for step in steps {
        let before = seen;
        let (status, body) = answer(text(&step["request"]), &mut seen);
        let desc = &step["desc"];
        assert_eq!(u64::from(status), number(&step["status"]), "{desc}");
        match step.get("cosigned_size") {
            Some(size) => assert_eq!(seen.size, number(size), "{desc}"),
            None => assert_eq!(seen, before, "{desc}"),
        }
        if let Some(expected) = step.get("response_body").map(text) {
            assert_eq!(body.as_deref(), Some(expected));
            assert_eq!(parse_known_size(expected.as_bytes()), Ok(before.size));
            assert_eq!(text(&step["content_type"]), KNOWN_SIZE_CONTENT_TYPE);
        }
        if let Ok(request) = AddCheckpoint::parse(text(&step["request"]).as_bytes()) {
            assert_eq!(request.to_string(), text(&step["request"]), "{desc}");
        }
        if status == 200 {
            let request = AddCheckpoint::parse(text(&step["request"]).as_bytes()).unwrap();
            let mut checkpoint = request.checkpoint().clone();
            let answer = Cosignatures::parse(body.unwrap().as_bytes()).unwrap();
            let witness = test_key(2).key().clone();
            for signature in answer.signatures() {
                let known = [witness.clone()];
                let verified = checkpoint.add_verified(signature.clone(), &known).unwrap();
                assert_eq!(verified.time, Some(1_767_225_600));
            }
            assert_eq!(
                checkpoint
                    .note()
                    .verify(&[log_key(), witness])
                    .unwrap()
                    .len(),
                2
            );
        }
    }
}

#[test]
fn published_requests_are_made_to_the_byte() {
    let vectors = vectors();
    let tree = Grown::new(hashes(&vectors["reference_tree"]["leaf_hashes"]));
    let steps = array(&vectors["witness_add_checkpoint"]["steps"]);
    let honest = |step: &&Value| text(&step["desc"]).starts_with("honest growth");
    let honest: Vec<&Value> = steps.iter().filter(honest).collect();
    assert_eq!(honest.len(), 2);
    for (step, (old, new)) in honest.iter().zip([(3, 6), (6, 8)]) {
        let log = test_key(0);
        let checkpoint = Checkpoint::new(log.key().name(), tree.head(new)).unwrap();
        let checkpoint = SignedCheckpoint::sign(checkpoint, [&log as &dyn Signer], 0).unwrap();
        let proof = prove_consistency(&mut tree.source(), old, new).unwrap();
        let request = AddCheckpoint::new(old, proof, checkpoint).unwrap();
        assert_eq!(request.to_string(), text(&step["request"]));
    }
}

#[test]
fn what_the_dialogue_leaves_out_is_refused_too() {
    let vectors = vectors();
    let steps = array(&vectors["witness_add_checkpoint"]["steps"]);
    let first = text(&steps[0]["request"]);
    let mut seen = TreeHead::EMPTY;
    let hash = Hash::EMPTY_ROOT.to_base64();
    let proof_from_nothing = first.replacen("old 0\n", &format!("old 0\n{hash}\n"), 1);
    assert_eq!(answer(&proof_from_nothing, &mut seen).0, 422);
    let unsigned = first.replace(
        "\u{2014} ledger.example/city-a",
        "\u{2014} other.example/log",
    );
    assert_eq!(answer(&unsigned, &mut seen).0, 403);
    let root = vectors["reference_tree"]["roots_by_size"][3]
        .as_str()
        .unwrap();
    let root = root.parse::<Hash>().unwrap().to_base64();
    let empty = first.replacen(&format!("3\n{root}"), &format!("0\n{root}"), 1);
    assert_eq!(answer(&empty, &mut seen).0, 422);
    assert_eq!(answer("", &mut seen).0, 400);
    assert_eq!(seen, TreeHead::EMPTY);
    let log = test_key(0);
    let empty = Checkpoint::new(log.key().name(), TreeHead::EMPTY).unwrap();
    let empty = SignedCheckpoint::sign(empty, [&log as &dyn Signer], 0).unwrap();
    let empty = AddCheckpoint::new(0, Vec::new(), empty).unwrap();
    assert_eq!(answer(&empty.to_string(), &mut seen).0, 200);
    assert_eq!(answer(first, &mut seen).0, 200);
    // A log that goes back, with a size that the witness has passed.
    let back = empty.decide(&[log_key()], &seen);
    assert_eq!(back, Err(Refusal::OtherSize { known: 3 }));
}

#[test]
fn wrong_request_says_what_was_expected() {
    let vectors = vectors();
    let request = text(&vectors["witness_add_checkpoint"]["steps"][6]["request"]);
    let hash = request.lines().nth(1).unwrap();
    let said: Vec<String> = [
        request.replacen("old 3", "old 03", 1),
        request.replacen("old 3", "size 3", 1),
        request.replacen(hash, &hash[1..], 1),
        request.replacen(hash, &[hash; 61].join("\n"), 1),
        request.replacen("\n\n", "\n", 1),
        request.replacen("\n6\n", "\n06\n", 1),
    ]
    .iter()
    .map(|text| {
        AddCheckpoint::parse(text.as_bytes())
            .unwrap_err()
            .to_string()
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    line 1: expected `old ` and a decimal number without leading zeros
    line 1: expected `old ` and a decimal number without leading zeros
    line 2: expected a hash in standard, padded base64, or a blank line
    line 65: expected at most 63 hashes
    line 6: expected a hash in standard, padded base64, or a blank line
    checkpoint from line 7 on: line 2: expected the size in decimal, without sign and leading zeros
    ");
    let found = ADD_CHECKPOINT_BYTES_MAX + 1;
    let too_long = AddCheckpoint::parse(&vec![b'a'; found]);
    assert_eq!(too_long, Err(InvalidAddCheckpoint::TooLong { found }));
    let request = AddCheckpoint::parse(request.as_bytes()).unwrap();
    let proof = vec![Hash::EMPTY_ROOT; WITNESS_HASHES_MAX + 1];
    let too_many = AddCheckpoint::new(3, proof, request.checkpoint().clone());
    assert_eq!(
        too_many,
        Err(InvalidAddCheckpoint::TooManyHashes { line: 65 })
    );
}

#[test]
fn answer_that_is_none_is_refused() {
    for body in ["", "3", "03\n", "3\n\n", "-3\n", "\u{ff13}\n"] {
        assert_eq!(
            parse_known_size(body.as_bytes()),
            Err(InvalidKnownSize),
            "{body:?}"
        );
    }
    assert!(matches!(
        Cosignatures::parse(b""),
        Err(InvalidCosignatures::Line(_))
    ));
    assert!(matches!(
        Cosignatures::new(Vec::new()),
        Err(InvalidCosignatures::Line(_))
    ));
    let found = WITNESS_ANSWER_BYTES_MAX + 1;
    let too_long = Cosignatures::parse(&vec![b'a'; found]);
    assert_eq!(too_long, Err(InvalidCosignatures::TooLong { found }));
}

#[test]
fn only_a_known_and_right_signature_is_added() {
    let vectors = vectors();
    let cosigned = text(&vectors["checkpoints"]["with_cosignatures"]);
    let cosigned = SignedCheckpoint::parse(cosigned.as_bytes()).unwrap();
    let cosignature = cosigned.note().signatures()[1].clone();
    let witness = [test_key(2).key().clone()];
    let mut other = text(&vectors["checkpoints"]["valid"][2]["note"]).to_owned();
    let mut checkpoint = SignedCheckpoint::parse(other.as_bytes()).unwrap();
    let added = checkpoint.add_verified(cosignature.clone(), &witness);
    assert!(matches!(
        added,
        Err(NotAdded::Unverified(Unverified::BadSignature { .. }))
    ));
    let added = checkpoint.add_verified(cosignature.clone(), &[]);
    assert!(matches!(added, Err(NotAdded::UnknownKey { .. })));
    assert_eq!(checkpoint.to_string(), other);
    other = text(&vectors["checkpoints"]["valid"][3]["note"]).to_owned();
    let mut checkpoint = SignedCheckpoint::parse(other.as_bytes()).unwrap();
    checkpoint
        .add_verified(cosignature.clone(), &witness)
        .unwrap();
    checkpoint.add_verified(cosignature, &witness).unwrap();
    assert_eq!(
        checkpoint.note().signatures(),
        &cosigned.note().signatures()[..2]
    );
}

proptest! {
    #[test]
    fn honest_log_is_always_cosigned_and_a_fork_never(steps in prop::collection::vec(1..40_u64, 1..6), forked in 0..40_u64) {
        let size = steps.iter().sum::<u64>();
        let tree = Grown::generated(size);
        let log = test_key(0);
        let sign = |head: TreeHead| {
            let checkpoint = Checkpoint::new(log.key().name(), head).unwrap();
            SignedCheckpoint::sign(checkpoint, [&log as &dyn Signer], 0).unwrap()
        };
        let ask = |tree: &Grown, old: u64, new: u64| {
            let proof = match old { 0 => Vec::new(), old => prove_consistency(&mut tree.source(), old, new).unwrap() };
            AddCheckpoint::new(old, proof, sign(tree.head(new))).unwrap()
        };
        let (mut seen, mut new) = (TreeHead::EMPTY, 0);
        for step in &steps {
            let old = new;
            new += step;
            let request = ask(&tree, old, new);
            let parsed = AddCheckpoint::parse(request.to_string().as_bytes());
            prop_assert_eq!(parsed.as_ref(), Ok(&request));
            seen = request.decide(&[log_key()], &seen).unwrap();
            prop_assert_eq!(seen, tree.head(new));
        }
        // One leaf that was seen is rewritten, and the log goes on.
        let forked = forked % size;
        let leaves = (0..size + 5).map(|at| match at == forked {
            true => leaf_hash(b"rewritten"),
            false => leaf_hash(format!("leaf {at}").as_bytes()),
        });
        let fork = Grown::new(leaves);
        for new in [size, size + 5] {
            let refused = ask(&fork, size, new).decide(&[log_key()], &seen);
            prop_assert_eq!(refused.unwrap_err().status(), 422);
        }
    }

    #[test]
    fn changed_request_is_refused_or_prints_the_same(step in 0..11_usize, at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..3), cut in 0..4_usize) {
        let mut bytes = text(&vectors()["witness_add_checkpoint"]["steps"][step]["request"]).as_bytes().to_vec();
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + cut);
        bytes.splice(at..end, with);
        if let Ok(request) = AddCheckpoint::parse(&bytes) {
            prop_assert_eq!(request.to_string().into_bytes(), bytes);
        }
    }
}
