use proptest::prelude::*;

use super::*;
use crate::merkle::trust_policy::POLICY_BYTES_MAX;
use crate::merkle::{
    InvalidPolicy, SignatureType, SignedCheckpoint, Signer, TrustPolicy, Untrusted, Verdict, sign,
};

fn vkey(at: usize) -> String {
    test_key(at).key().to_string()
}

fn parse(policy: &str) -> TrustPolicy {
    TrustPolicy::parse(policy.as_bytes()).unwrap()
}

/// The published checkpoint of 8 leaves, signed by the log at last and by these witnesses.
fn cosigned(by: &[(usize, u64)]) -> SignedCheckpoint {
    let note = vectors()["checkpoints"]["valid"][3]["note"].clone();
    let mut checkpoint = SignedCheckpoint::parse(text(&note).as_bytes()).unwrap();
    let body = checkpoint.note().text().to_owned();
    for (key, time) in by {
        let signature = sign(&test_key(*key), &body, *time).unwrap();
        checkpoint.add(signature).unwrap();
    }
    checkpoint
}

fn names(verdict: &Verdict<'_>) -> Vec<(String, u64)> {
    let by = verdict.witnesses.iter();
    by.map(|by| (by.witness.name.clone(), by.time)).collect()
}

#[test]
fn published_policies_parse_and_print_the_same() {
    let vectors = vectors();
    for name in ["policy_all", "policy_any"] {
        let printed = text(&vectors["tlog_proofs"][name]);
        let policy = parse(printed);
        assert_eq!(policy.to_string(), printed);
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 2));
        assert_eq!(policy.quorum(), Some(policy.groups()[0].name.as_str()));
    }
}

#[test]
fn comments_tabs_and_addresses_are_taken() {
    let (log, one, two) = (vkey(0), vkey(2), vkey(3));
    let policy = parse(&format!(
        "# Trust\n\n \tlog\t{log} https://ledger.example/ \n  # more\nwitness one {one} https://w.example\n\
         witness two {two}\ngroup both 2 one two\ngroup outer any both\nquorum outer"
    ));
    assert_eq!(
        policy.logs()[0].url.as_deref(),
        Some("https://ledger.example/")
    );
    assert_eq!(policy.groups()[0].needed, 2);
    assert_eq!(
        policy.to_string(),
        format!(
            "log {log} https://ledger.example/\nwitness one {one} https://w.example\nwitness two {two}\n\
             group both all one two\ngroup outer any both\nquorum outer\n"
        )
    );
    assert_eq!(parse(&policy.to_string()), policy);
}

#[test]
fn wrong_policy_says_its_line_and_what_was_expected() {
    let (log, next, one, two) = (vkey(0), vkey(1), vkey(2), vkey(3));
    let head = format!("log {log}\nwitness one {one}\nwitness two {two}\n");
    let said: Vec<String> = [
        String::new(),
        format!("{head}quorum none\r\n"),
        format!("\u{feff}{head}quorum none\n"),
        format!("{head}quorum\n"),
        format!("{head}quorum none # nobody\n"),
        format!("{head}quorum three\n"),
        format!("{head}quorum one\nquorum none\n"),
        format!("{head}group g any\nquorum g\n"),
        format!("{head}group g 0 one\nquorum g\n"),
        format!("{head}group g 02 one two\nquorum g\n"),
        format!("{head}group g 3 one two\nquorum g\n"),
        format!("{head}group g all one one\nquorum g\n"),
        format!("{head}group g any one\ngroup h any one two\nquorum g\n"),
        format!("{head}group g any g\nquorum g\n"),
        format!("{head}group one any two\nquorum one\n"),
        format!("{head}group none any two\nquorum none\n"),
        format!("{head}witness one {next}\nquorum none\n"),
        format!("{head}witness three {next}\nquorum none\n"),
        format!("{head}log {one}\nquorum none\n"),
        format!("{head}log {log}\nquorum none\n"),
        format!("log {}\nquorum none\n", log.replace("+3c", "+3d")),
        format!("log {log} https://a https://b\nquorum none\n"),
        "witness w\n".to_owned(),
        "group g\n".to_owned(),
    ]
    .iter()
    .map(|policy| {
        TrustPolicy::parse(policy.as_bytes())
            .unwrap_err()
            .to_string()
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    expected a line `quorum <name>` or `quorum none`
    line 4: expected no control character but tabs, and lines that end with LF alone
    line 1: expected `log`, `witness`, `group`, `quorum` or a comment
    line 4: expected `quorum <name>|none`
    line 4: expected `quorum <name>|none`
    line 4: `three` is no witness and no group of a line above
    line 5: expected one `quorum` only
    line 4: expected `group <name> all|any|<k> <member>...`
    line 4: expected `all`, `any` or a number from 1 to 1
    line 4: expected `all`, `any` or a number from 1 to 2
    line 4: expected `all`, `any` or a number from 1 to 2
    line 4: `one` is a member already
    line 5: `one` is a member already
    line 4: `g` is no witness and no group of a line above
    line 4: expected a name that is not taken, not `one`
    line 4: expected a name that is not taken, not `none`
    line 4: expected a name that is not taken, not `one`
    line 4: expected a key of signature type 0x04
    line 4: the key of line 2 once more
    line 4: the key of line 1 once more
    line 1: key id 3de076f6, expected 3ce076f6 of this name and key
    line 1: expected `log <vkey> [<url>]`
    line 1: expected `witness <name> <vkey> [<url>]`
    line 1: expected `group <name> all|any|<k> <member>...`
    ");
    let found = POLICY_BYTES_MAX + 1;
    let too_long = TrustPolicy::parse(&vec![b'#'; found]);
    assert_eq!(too_long, Err(InvalidPolicy::TooLong { found }));
    assert_eq!(
        TrustPolicy::parse(b"\xff"),
        Err(InvalidPolicy::NotUtf8 { line: 1 })
    );
}

#[test]
fn one_public_key_stands_for_one_log_or_witness() {
    let seed = [7; 32];
    let name = |name: &str| KeyName::parse(name).unwrap();
    let log = SigningKey::from_seed(name("log"), SignatureType::Ed25519, &seed);
    let same = SigningKey::from_seed(name("w"), SignatureType::CosignatureV1, &seed);
    let policy = format!("log {}\nwitness w {}\nquorum none\n", log.key(), same.key());
    assert_eq!(
        TrustPolicy::parse(policy.as_bytes()),
        Err(InvalidPolicy::KeyTwice { line: 2, first: 1 })
    );
}

#[test]
fn verdict_says_who_signed_and_when() {
    let policy = parse(text(&vectors()["tlog_proofs"]["policy_all"]));
    let verdict = policy.accept(&cosigned(&[(3, 300), (2, 200)])).unwrap();
    assert_eq!(verdict.logs, [test_key(0).key()]);
    let expected = [("audit".to_owned(), 200), ("prefecture".to_owned(), 300)];
    assert_eq!(names(&verdict), expected);
    // Twice is one witness, since the first time.
    let verdict = policy
        .evaluate(&cosigned(&[(2, 250), (2, 200), (2, 230)]))
        .unwrap();
    assert_eq!(names(&verdict), [("audit".to_owned(), 200)]);
    assert!(!verdict.quorum_met);
    let not_met = Untrusted::QuorumNotMet {
        quorum: "two".to_owned(),
        witnesses: 1,
    };
    assert_eq!(policy.accept(&cosigned(&[(2, 200)])), Err(not_met));
}

#[test]
fn checkpoint_of_another_log_or_without_its_signature_is_not_believed() {
    let checkpoint = cosigned(&[(2, 200)]);
    let origin = || "ledger.example/city-a".to_owned();
    let witness_only = parse(&format!("witness w {}\nquorum w\n", vkey(2)));
    let unknown = Untrusted::UnknownOrigin { origin: origin() };
    assert_eq!(witness_only.evaluate(&checkpoint), Err(unknown));
    let not_signed = Untrusted::NotSignedByLog { origin: origin() };
    let next_only = parse(&format!(
        "log {}\nwitness w {}\nquorum none\n",
        vkey(1),
        vkey(2)
    ));
    assert_eq!(next_only.evaluate(&checkpoint), Err(not_signed.clone()));
    let next_alone = TrustPolicy::of_log(test_key(1).key().clone());
    assert_eq!(next_alone.evaluate(&checkpoint), Err(not_signed));
    // A known key that does not verify refuses the whole, whatever else verifies.
    let changed = checkpoint.to_string().replacen(
        "\u{2014} audit.example/w1 YYraGgAAAAA",
        "\u{2014} audit.example/w1 YYraGgAAAAB",
        1,
    );
    let changed = SignedCheckpoint::parse(changed.as_bytes()).unwrap();
    let policy = parse(&format!(
        "log {}\nwitness w {}\nquorum none\n",
        vkey(0),
        vkey(2)
    ));
    assert!(matches!(
        policy.evaluate(&changed),
        Err(Untrusted::Unverified(_))
    ));
}

#[test]
fn changed_keys_of_a_log_are_each_enough() {
    let vectors = vectors();
    let rotated = text(&vectors["checkpoints"]["rotation_two_log_signatures"]);
    let rotated = SignedCheckpoint::parse(rotated.as_bytes()).unwrap();
    let both = parse(&format!("log {}\nlog {}\nquorum none\n", vkey(0), vkey(1)));
    assert_eq!(both.accept(&rotated).unwrap().logs.len(), 2);
    for at in [0, 1] {
        let one = TrustPolicy::of_log(test_key(at).key().clone());
        assert_eq!(one.accept(&rotated).unwrap().logs, [test_key(at).key()]);
    }
}

/// Witnesses `w0` to `w5`, two of them in each of three groups, those in a group of `k`.
fn nested(needed: [usize; 3], k: usize) -> (TrustPolicy, Vec<SigningKey>) {
    let name = |at: usize| KeyName::parse(&format!("w{at}.example")).unwrap();
    let keys: Vec<SigningKey> = (0..6)
        .map(|at| {
            let seed = [u8::try_from(at).unwrap() + 100; 32];
            SigningKey::from_seed(name(at), SignatureType::CosignatureV1, &seed)
        })
        .collect();
    let mut policy = format!("log {}\n", vkey(0));
    for (at, key) in keys.iter().enumerate() {
        policy += &format!("witness w{at} {}\n", key.key());
    }
    for (at, needed) in needed.iter().enumerate() {
        policy += &format!("group g{at} {needed} w{} w{}\n", 2 * at, 2 * at + 1);
    }
    policy += &format!("group all {k} g0 g1 g2\nquorum all\n");
    (parse(&policy), keys)
}

proptest! {
    #[test]
    fn quorum_is_met_exactly_when_enough_groups_are(needed in [1..=2_usize, 1..=2, 1..=2], k in 1..=3_usize, by in any::<[bool; 6]>()) {
        let (policy, keys) = nested(needed, k);
        let mut checkpoint = cosigned(&[]);
        let body = checkpoint.note().text().to_owned();
        for (key, _) in keys.iter().zip(by).filter(|(_, signs)| *signs) {
            checkpoint.add(sign(key, &body, 1).unwrap()).unwrap();
        }
        let verdict = policy.evaluate(&checkpoint).unwrap();
        let met = (0..3).filter(|at| needed[*at] <= by[2 * at..2 * at + 2].iter().filter(|signs| **signs).count());
        let met = k <= met.count();
        prop_assert_eq!(verdict.quorum_met, met);
        prop_assert_eq!(policy.accept(&checkpoint).is_ok(), met);
    }

    #[test]
    fn any_text_is_refused_or_parses_back(lines in prop::collection::vec(prop_oneof![
        Just(format!("log {}", vkey(0))), Just(format!("log {} u", vkey(1))),
        Just(format!("witness a {}", vkey(2))), Just(format!("witness b {}", vkey(3))),
        "group [gh] (any|all|[12]) [abg]( [abgh]){0,2}", "quorum (none|[abgh])", "#.{0,5}", "[ -~]{0,9}",
    ], 0..9)) {
        if let Ok(policy) = TrustPolicy::parse(lines.join("\n").as_bytes()) {
            prop_assert_eq!(parse(&policy.to_string()), policy);
        }
    }
}
