use proptest::prelude::*;

use super::*;
use crate::merkle::{
    Checkpoint, InvalidCheckpoint, NoteSignature, SignedCheckpoint, Signer, Unverified, VerifierKey,
};

/// The public keys of the log, of its next key and of both witnesses.
fn keys() -> Vec<VerifierKey> {
    (0..4).map(|at| test_key(at).key().clone()).collect()
}

fn parse(text: &str) -> SignedCheckpoint {
    SignedCheckpoint::parse(text.as_bytes()).unwrap()
}

/// Who signed, with the times told.
fn signed(checkpoint: &SignedCheckpoint, known: &[VerifierKey]) -> Vec<(String, Option<u64>)> {
    let verified = checkpoint.note().verify(known).unwrap();
    let signed = verified.iter();
    signed
        .map(|by| {
            (
                by.key.to_string()[..by.key.name().as_str().len() + 9].to_owned(),
                by.time,
            )
        })
        .collect()
}

#[test]
fn published_checkpoints_are_signed_and_verify() {
    let vectors = vectors();
    let tree = Grown::new(hashes(&vectors["reference_tree"]["leaf_hashes"]));
    let valid = array(&vectors["checkpoints"]["valid"]);
    assert_eq!(valid.len(), 4);
    let log = test_key(0);
    for case in valid {
        let head = tree.head(number(&case["size"]));
        let checkpoint = Checkpoint::new(log.key().name(), head).unwrap();
        assert_eq!(checkpoint.to_string(), text(&case["body"]));
        assert_eq!(text(&case["body"]).parse(), Ok(checkpoint.clone()));
        let signed = SignedCheckpoint::sign(checkpoint, [&log as &dyn Signer], 0).unwrap();
        assert_eq!(signed.to_string(), text(&case["note"]));
        let parsed = parse(text(&case["note"]));
        assert_eq!(parsed, signed);
        assert_eq!(parsed.note().verify([log.key()]).unwrap().len(), 1);
    }
}

#[test]
fn published_cosignatures_and_changes_of_keys_verify() {
    let vectors = vectors();
    let cases = &vectors["checkpoints"];
    let keys = keys();
    let rotated = parse(text(&cases["rotation_two_log_signatures"]));
    assert_eq!(
        signed(&rotated, &keys),
        [
            ("ledger.example/city-a+3ce076f6".to_owned(), None),
            ("ledger.example/city-a+f799bb89".to_owned(), None)
        ]
    );
    // Who knows only one of the keys, old or new, takes it too.
    assert_eq!(signed(&rotated, &keys[..1]).len(), 1);
    assert_eq!(signed(&rotated, &keys[1..]).len(), 1);
    let cosigned = parse(text(&cases["with_cosignatures"]));
    assert_eq!(
        signed(&cosigned, &keys)[1..],
        [
            ("audit.example/w1+618ada1a".to_owned(), Some(1_767_225_600)),
            (
                "prefecture.example/w1+1b1a1660".to_owned(),
                Some(1_767_225_660)
            )
        ]
    );
    let greased = parse(text(&cases["with_unknown_signature_lines"]));
    assert_eq!(greased.note().signatures().len(), 4);
    assert_eq!(signed(&greased, &keys).len(), 2);
}

#[test]
fn published_cosignature_is_made_over_the_published_message() {
    let vectors = vectors();
    let case = &vectors["checkpoints"]["cosignature_signed_message"];
    let witness = test_key(2);
    assert_eq!(witness.key().name().as_str(), text(&case["witness"]));
    let time = number(&case["timestamp"]);
    let mut checkpoint = parse(text(&vectors["checkpoints"]["valid"][3]["note"]));
    let body = checkpoint.note().text().to_owned();
    let message = witness.key().message(&body, time);
    assert_eq!(String::from_utf8(message).unwrap(), text(&case["message"]));
    let cosignature = crate::merkle::sign(&witness, &body, time).unwrap();
    assert_eq!(format!("{cosignature}\n"), text(&case["line"]));
    checkpoint.add(cosignature.clone()).unwrap();
    checkpoint.add(cosignature).unwrap();
    assert_eq!(checkpoint.note().signatures().len(), 2);
    let published = text(&vectors["checkpoints"]["with_cosignatures"]);
    let second = published.lines().last().unwrap();
    checkpoint
        .add(NoteSignature::parse(second).unwrap())
        .unwrap();
    assert_eq!(checkpoint.to_string(), published);
}

#[test]
fn published_wrong_bodies_are_rejected() {
    let vectors = vectors();
    let cases = array(&vectors["checkpoints"]["body_reject"]);
    assert_eq!(cases.len(), 14);
    let said = cases.iter().map(|case| {
        let invalid = text(&case["body"]).parse::<Checkpoint>().unwrap_err();
        format!("{}: {invalid}", text(&case["desc"]))
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r"
    empty origin: line 1: expected an origin of 1 to 255 bytes without control characters
    leading zero in size: line 2: expected the size in decimal, without sign and leading zeros
    plus sign in size: line 2: expected the size in decimal, without sign and leading zeros
    hex size: line 2: expected the size in decimal, without sign and leading zeros
    size above u64: line 2: expected the size in decimal, without sign and leading zeros
    31-byte root: line 3: expected the root, 32 bytes in standard, padded base64
    33-byte root: line 3: expected the root, 32 bytes in standard, padded base64
    root without padding: line 3: expected the root, 32 bytes in standard, padded base64
    base64url root: line 3: expected the root, 32 bytes in standard, padded base64
    missing final newline: line 3: expected LF at the end
    only two lines: line 3: expected the root, 32 bytes in standard, padded base64
    empty extension line: line 4: expected no blank line
    CRLF: line 1: expected an origin of 1 to 255 bytes without control characters
    non-canonical base64 trailing bits (our strict rule; Go std base64 would accept it): line 3: expected the root, 32 bytes in standard, padded base64
    ");
}

#[test]
fn the_empty_tree_has_one_root() {
    let name = KeyName::parse("ledger.example/city-a").unwrap();
    let other = TreeHead {
        size: 0,
        root: leaf_hash(b""),
    };
    assert_eq!(
        Checkpoint::new(&name, other),
        Err(InvalidCheckpoint::EmptyTreeRoot)
    );
    let body = format!("{name}\n0\n{}\n", other.root.to_base64());
    assert_eq!(
        body.parse::<Checkpoint>(),
        Err(InvalidCheckpoint::EmptyTreeRoot)
    );
}

#[test]
fn further_lines_are_kept_up_to_the_limit() {
    let head = format!("some log\n8\n{}\n", leaf_hash(b"").to_base64());
    let body = format!("{head}{}", "more\n".repeat(16));
    let checkpoint: Checkpoint = body.parse().unwrap();
    assert_eq!(
        (checkpoint.origin(), checkpoint.extensions().len()),
        ("some log", 16)
    );
    assert_eq!(checkpoint.to_string(), body);
    assert_eq!(
        format!("{body}more\n").parse::<Checkpoint>(),
        Err(InvalidCheckpoint::TooManyLines { line: 20 })
    );
    assert_eq!(
        format!("{head}more").parse::<Checkpoint>(),
        Err(InvalidCheckpoint::Unterminated { line: 4 })
    );
    let long = format!("{}\n8\n", "o".repeat(256));
    assert_eq!(long.parse::<Checkpoint>(), Err(InvalidCheckpoint::Origin));
}

#[test]
fn no_flipped_bit_of_a_cosigned_checkpoint_goes_unseen() {
    let vectors = vectors();
    let cosigned = text(&vectors["checkpoints"]["with_cosignatures"]);
    let keys = keys();
    let all = signed(&parse(cosigned), &keys);
    for at in 0..cosigned.len() {
        for bit in 0..8 {
            let mut bytes = cosigned.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(changed) = SignedCheckpoint::parse(&bytes) else {
                continue;
            };
            match changed.note().verify(&keys) {
                // The name or id of a signature was changed: it counts no more.
                Ok(fewer) => assert!(fewer.len() < all.len(), "byte {at}, bit {bit}"),
                Err(unverified) => assert!(matches!(unverified, Unverified::BadSignature { .. })),
            }
        }
    }
}

proptest! {
    #[test]
    fn body_parses_back(origin in "[!-*,-~あ-ん]{1,40}", size in any::<u64>(), root in any::<[u8; 32]>()) {
        let head = match size {
            0 => TreeHead::EMPTY,
            size => TreeHead { size, root: Hash::new(root) },
        };
        let checkpoint = Checkpoint::new(&KeyName::parse(&origin).unwrap(), head).unwrap();
        prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint.clone()));
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes());
        if size <= i64::MAX.unsigned_abs() {
            let theirs = theirs.unwrap();
            prop_assert_eq!((theirs.origin(), theirs.size()), (checkpoint.origin(), size));
            prop_assert_eq!(theirs.to_bytes(), checkpoint.to_string().into_bytes());
        }
    }

    #[test]
    fn any_text_is_refused_or_prints_the_same(text in "[a\n08/+=]{0,12}|o\n[0-9]{1,3}\n[A-Za-z0-9+/]{43}=\n([a\n]{0,4})?") {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
