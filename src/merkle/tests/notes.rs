use proptest::prelude::*;
use signed_note::{StandardVerifier, VerifierList};

use super::*;
use crate::merkle::note::{NOTE_BYTES_MAX, SIGNATURES_MAX};
use crate::merkle::{
    InvalidKey, InvalidKeyName, InvalidNote, InvalidSignature, Note, NoteSignature, Signer,
    SignerFault, Unsigned, Unverified, VerifierKey, sign,
};

/// The published note and the key that signed it.
fn published() -> (String, VerifierKey) {
    let vectors = vectors();
    let case = &vectors["notes"]["valid"][0];
    let key = text(&case["vkey"]).parse().unwrap();
    (text(&case["note"]).to_owned(), key)
}

#[test]
fn published_keys_have_their_ids_and_spellings() {
    let vectors = vectors();
    let keys = array(&vectors["keys"]);
    assert_eq!(keys.len(), 4);
    for (at, case) in keys.iter().enumerate() {
        let signing = test_key(at);
        let key = signing.key();
        assert_eq!(hex::encode(key.public().bytes()), text(&case["public_key"]));
        let preimage = hex::decode(text(&case["key_id_preimage"])).unwrap();
        assert!(
            Hash::digest(&preimage)
                .to_string()
                .starts_with(text(&case["key_id"]))
        );
        assert_eq!(key.id().to_string(), text(&case["key_id"]));
        assert_eq!(key.to_string(), text(&case["vkey"]));
        assert_eq!(text(&case["vkey"]).parse().as_ref(), Ok(key));
        if let Some(skey) = case.get("skey_go_format").map(text) {
            assert_eq!(*signing.to_skey(), skey);
        }
        let read: SigningKey = signing.to_skey().parse().unwrap();
        assert_eq!(read.key(), key);
        let shown = format!("{signing:?}");
        assert_eq!(shown, format!("SigningKey({})", text(&case["vkey"])));
    }
}

#[test]
fn wrong_key_says_what_was_expected() {
    let (name, id) = ("ledger.example/city-a", "3ce076f6");
    let key = "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    let weak = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (vkey, expected) in [
        (String::new(), InvalidKey::Parts),
        (format!("{name}+{id}"), InvalidKey::Parts),
        (format!("+{id}+{key}"), InvalidKey::Name(InvalidKeyName)),
        (format!("a b+{id}+{key}"), InvalidKey::Name(InvalidKeyName)),
        (format!("{name}+3CE076F6+{key}"), InvalidKey::Id),
        (format!("{name}+3ce076f+{key}"), InvalidKey::Id),
        (format!("{name}+{id}+{key}="), InvalidKey::Base64),
        (format!("{name}+{id}+"), InvalidKey::Length { found: 0 }),
        (format!("{name}+{id}+AQAA"), InvalidKey::Length { found: 2 }),
        (format!("{name}+{id}+Ag=="), InvalidKey::Type { found: 2 }),
        (format!("{name}+{id}+{weak}"), InvalidKey::Point),
    ] {
        assert_eq!(vkey.parse::<VerifierKey>(), Err(expected), "{vkey}");
    }
    let wrong: Result<VerifierKey, _> = format!("{name}+00000000+{key}").parse();
    assert!(matches!(wrong, Err(InvalidKey::OtherId { .. })));
    let skey: Result<SigningKey, _> = format!("{name}+{id}+{key}").parse();
    assert_eq!(skey.unwrap_err(), InvalidKey::NotPrivate);
    // A public key is no seed: the id does not fit.
    let skey: Result<SigningKey, _> = format!("PRIVATE+KEY+{name}+{id}+{key}").parse();
    assert!(matches!(skey, Err(InvalidKey::OtherId { .. })));
    let longest = "n".repeat(KeyName::BYTES_MAX);
    assert!(KeyName::parse(&longest).is_ok());
    for name in [
        "",
        "a+b",
        "a b",
        "a\u{3000}b",
        "a\nb",
        &format!("{longest}n"),
    ] {
        assert_eq!(KeyName::parse(name), Err(InvalidKeyName), "{name:?}");
    }
}

#[test]
fn published_note_is_signed_and_verifies() {
    let vectors = vectors();
    let case = &vectors["notes"]["valid"][0];
    let (printed, key) = published();
    let note = Note::parse(printed.as_bytes()).unwrap();
    assert_eq!(note.text(), text(&case["text"]));
    assert_eq!(note.to_string(), printed);
    let verified = note.verify([&key]).unwrap();
    assert_eq!(
        verified,
        [crate::merkle::Verified {
            key: &key,
            time: None
        }]
    );
    let signature = sign(&test_key(0), text(&case["text"]), 0).unwrap();
    let signed = Note::new(text(&case["text"]).to_owned(), vec![signature]).unwrap();
    assert_eq!(signed, note);
}

#[test]
fn published_wrong_notes_are_rejected() {
    let vectors = vectors();
    let (_, key) = published();
    let cases = array(&vectors["notes"]["reject"]);
    assert_eq!(cases.len(), 12);
    let said: Vec<String> = cases
        .iter()
        .map(|case| {
            let why = match Note::parse(text(&case["note"]).as_bytes()) {
                Err(invalid) => invalid.to_string(),
                Ok(note) => note.verify([&key]).unwrap_err().to_string(),
            };
            format!("{}: {why}", text(&case["desc"]))
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    no signature block: line 3: expected an em dash (U+2014) and a space at the beginning
    blank line but no signatures: line 5: expected a signature
    last line without newline: line 5: expected LF at the end
    control character in text: line 1: expected no control character but the end of the line
    tab in text: line 1: expected no control character but the end of the line
    signature line with hyphen instead of em dash: line 5: expected an em dash (U+2014) and a space at the beginning
    two spaces after em dash: line 5: expected a key name of 1 to 255 bytes without white space, control characters and `+`
    text after signatures: line 6: expected an em dash (U+2014) and a space at the beginning
    key name with plus: line 5: expected a key name of 1 to 255 bytes without white space, control characters and `+`
    bad signature of a KNOWN key (reject the whole note): line 5: the signature of `ledger.example/city-a` does not verify
    signed text changed: line 5: the signature of `ledger.example/city-a` does not verify
    only unknown keys: none of the signatures is of a known key
    ");
}

#[test]
fn fault_is_told_with_its_line() {
    let (printed, _) = published();
    let line = |note: &str| Note::parse(note.as_bytes()).unwrap_err().to_string();
    let said = [
        line(&printed.replace("Second", "Sec\rond")),
        line(&printed.replace("city-a POB", "city-a  POB")),
        line(&format!("{printed}— x\n")),
        line(&format!("{printed}— x AAAAAA==\n")),
        Note::parse(b"a\nb\xff\n\n").unwrap_err().to_string(),
        line("a\n\n— x AAAAAAAA"),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    line 3: expected no control character but the end of the line
    line 5: expected a key id and a signature in standard, padded base64
    line 6: expected a key name, a space and a signature
    line 6: expected a key id and a signature in standard, padded base64
    line 2: expected UTF-8
    line 3: expected LF at the end
    ");
}

#[test]
fn note_keeps_its_limits() {
    let (printed, key) = published();
    let line = printed.lines().last().unwrap();
    let (text, _) = printed.rsplit_once("\n\n").unwrap();
    let many = |count| format!("{text}\n\n{}", format!("{line}\n").repeat(count));
    let full = Note::parse(many(SIGNATURES_MAX).as_bytes()).unwrap();
    assert_eq!(full.verify([&key]).unwrap().len(), SIGNATURES_MAX);
    let too_many = Note::parse(many(SIGNATURES_MAX + 1).as_bytes());
    assert_eq!(too_many, Err(InvalidNote::TooManySignatures { line: 105 }));
    let mut full = full;
    let other = NoteSignature::parse("— other AAAAAAAA").unwrap();
    assert_eq!(
        full.add(other),
        Err(InvalidNote::TooManySignatures { line: 105 })
    );
    let found = NOTE_BYTES_MAX + 1;
    assert_eq!(
        Note::parse(&vec![b'a'; found]),
        Err(InvalidNote::TooLong { found })
    );
    let long = format!("{}\n", "a".repeat(NOTE_BYTES_MAX));
    let signature = NoteSignature::parse(line).unwrap();
    assert!(matches!(
        Note::new(long, vec![signature]),
        Err(InvalidNote::TooLong { .. })
    ));
    assert_eq!(
        Note::new("a\n".to_owned(), Vec::new()),
        Err(InvalidNote::NoSignature { line: 3 })
    );
    assert_eq!(
        NoteSignature::parse("— x AAAAAA=="),
        Err(InvalidSignature::Base64)
    );
}

#[test]
fn known_key_must_verify_each_time_and_unknown_ones_say_nothing() {
    let (printed, key) = published();
    let unknown = "— unknown.example AAAAAAAAAAAA\n";
    let note = Note::parse(format!("{printed}{unknown}").as_bytes()).unwrap();
    assert_eq!(note.verify([&key]).unwrap().len(), 1);
    let wrong = printed
        .lines()
        .last()
        .unwrap()
        .replace("tE2Rpe6H", "tE2Rpe6G");
    let note = Note::parse(format!("{printed}{wrong}\n").as_bytes()).unwrap();
    let bad = Unverified::BadSignature {
        line: 6,
        name: key.name().clone(),
    };
    assert_eq!(note.verify([&key]), Err(bad));
    let next = test_key(1);
    assert_eq!(note.verify([next.key()]), Err(Unverified::NoKnownKey));
    assert_eq!(note.verify([]), Err(Unverified::NoKnownKey));
    // Given twice, a key is still one key.
    let note = Note::parse(printed.as_bytes()).unwrap();
    assert_eq!(note.verify([&key, &key]).unwrap().len(), 1);
}

#[test]
fn what_a_signer_gives_is_verified_first() {
    struct Module(SigningKey, Option<Vec<u8>>);
    impl Signer for Module {
        fn key(&self) -> &VerifierKey {
            self.0.key()
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignerFault> {
            self.1
                .clone()
                .ok_or_else(|| "the module does not answer".into())
        }
    }
    for given in [vec![0; 64], Vec::new(), vec![1; 65]] {
        let signed = sign(&Module(test_key(2), Some(given)), "a\n", 7);
        assert!(matches!(signed, Err(Unsigned::BadSignature { .. })));
    }
    let signed = sign(&Module(test_key(0), None), "a\n", 7);
    assert!(matches!(signed, Err(Unsigned::Signer { .. })));
}

fn note_text() -> impl Strategy<Value = String> {
    prop::collection::vec("[ -~あ-ん台帳\u{80}-\u{ff}]{0,20}", 1..6)
        .prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    #[test]
    fn signed_note_parses_back_and_verifies(text in note_text(), keys in prop::collection::vec(0..4_usize, 1..6), time in any::<u64>()) {
        let keys: Vec<SigningKey> = keys.into_iter().map(test_key).collect();
        let signatures = keys.iter().map(|key| sign(key, &text, time).unwrap()).collect();
        let note = Note::new(text, signatures).unwrap();
        let parsed = Note::parse(note.to_string().as_bytes());
        prop_assert_eq!(parsed.as_ref(), Ok(&note));
        let known: Vec<VerifierKey> = keys.iter().map(|key| key.key().clone()).collect();
        let verified = note.verify(&known).unwrap();
        prop_assert_eq!(verified.len(), keys.len());
        for (verified, key) in verified.iter().zip(&keys) {
            prop_assert_eq!(verified.key, key.key());
            prop_assert_eq!(verified.time, key.key().signature_type().tells_time().then_some(time));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_print_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200), text in note_text()) {
        for bytes in [bytes.clone(), [text.as_bytes(), b"\n", "— ".as_bytes(), &bytes].concat()] {
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
        }
    }

    #[test]
    fn changed_note_is_judged_as_an_independent_implementation_judges_it(
        at in any::<prop::sample::Index>(),
        with in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\n \n+=A\x80\xe2"[..])], 0..3),
        cut in 0..3_usize,
    ) {
        let (printed, key) = published();
        let mut bytes = printed.into_bytes();
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + cut);
        bytes.splice(at..end, with);
        let ours = Note::parse(&bytes);
        let theirs = signed_note::Note::from_bytes(&bytes);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.text().as_bytes(), theirs.text());
            prop_assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());
            let verifier = StandardVerifier::new(&key.to_string()).unwrap();
            let known = VerifierList::new(vec![Box::new(verifier)]);
            prop_assert_eq!(ours.verify([&key]).is_ok(), theirs.verify(&known).is_ok());
        }
    }

    #[test]
    fn signature_equals_that_of_an_independent_implementation(text in note_text()) {
        use signed_note::Signer as _;
        let key = test_key(0);
        let theirs = signed_note::StandardSigner::new(&key.to_skey()).unwrap();
        prop_assert_eq!(key.sign(text.as_bytes()).unwrap(), theirs.sign(text.as_bytes()).unwrap());
    }
}
