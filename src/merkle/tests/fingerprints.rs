use proptest::prelude::*;

use super::*;
use crate::merkle::{Checkpoint, Fingerprint, InvalidFingerprint};

fn published(at: usize) -> Fingerprint {
    let vectors = vectors();
    let body = text(&vectors["checkpoints"]["valid"][at]["body"]);
    Fingerprint::of(&body.parse::<Checkpoint>().unwrap())
}

#[test]
fn fingerprints_are_the_first_bits_of_the_hash_of_the_text() {
    let vectors = vectors();
    for case in array(&vectors["checkpoints"]["valid"]) {
        let body = text(&case["body"]);
        let digest = *Hash::digest(body.as_bytes()).as_bytes();
        let first: u128 = u128::from_be_bytes(digest[..16].try_into().unwrap());
        let printed = Fingerprint::of(&body.parse().unwrap()).to_string();
        let plain = printed.replace('-', "");
        assert_eq!((printed.len(), plain.len()), (34, 28));
        // 25 characters are the first 125 bits.
        let value = plain[..25].chars().fold(0_u128, |sum, c| {
            sum << 5 | "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(c).unwrap() as u128
        });
        assert_eq!(value, first >> 3);
    }
    let all: Vec<String> = (0..4).map(|at| published(at).to_string()).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    CHDG-30KH-GV6S-TG1N-TWSX-1ADN-MXER
    DMTA-Z2TD-E6NZ-6ZTT-PQKE-92RK-K8GV
    0XSE-K0SQ-N086-1B85-KKCC-MWCR-H7MW
    7HDD-E2H8-E8NG-DSRZ-EAFM-YYFK-8FX7
    ");
}

#[test]
fn what_people_write_is_read() {
    let fingerprint = published(3);
    let printed = fingerprint.to_string();
    let wide = |text: &str| -> String {
        let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
        text.chars().map(wide).collect()
    };
    for text in [
        printed.clone(),
        printed.to_lowercase(),
        printed.replace('-', ""),
        printed.replace('-', " "),
        printed.replace('-', "\u{30fc}"),
        printed.replace('-', " \u{2013}\t"),
        printed.replace('0', "O").replace('1', "l"),
        printed.replace('0', "o").replace('1', "I"),
        wide(&printed),
        wide(&printed.to_lowercase()).replace('\u{ff0d}', "\u{3000}"),
        format!("\n {printed}\u{3000}"),
    ] {
        assert_eq!(text.parse(), Ok(fingerprint), "{text}");
    }
}

#[test]
fn what_is_none_is_told() {
    let printed = published(3).to_string();
    let parse = |text: &str| text.parse::<Fingerprint>();
    assert_eq!(parse(""), Err(InvalidFingerprint::Length { found: 0 }));
    assert_eq!(
        parse(&printed[1..]),
        Err(InvalidFingerprint::Length { found: 27 })
    );
    assert_eq!(
        parse(&format!("{printed}0")),
        Err(InvalidFingerprint::Length { found: 29 })
    );
    let found = 'u';
    assert_eq!(
        parse(&format!("{}u{}", &printed[..6], &printed[7..])),
        Err(InvalidFingerprint::Character { at: 7, found })
    );
    let found = '台';
    assert_eq!(
        parse("台帳"),
        Err(InvalidFingerprint::Character { at: 1, found })
    );
    assert_eq!(
        parse(&" ".repeat(257)),
        Err(InvalidFingerprint::TooLong { found: 257 })
    );
}

#[test]
fn every_slip_of_one_character_or_two_changed_places_is_found() {
    let alphabet: Vec<char> = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().collect();
    let right: Vec<char> = published(2).to_string().replace('-', "").chars().collect();
    let parse = |text: &[char]| text.iter().collect::<String>().parse::<Fingerprint>();
    assert!(parse(&right).is_ok());
    for at in 0..right.len() {
        for other in alphabet.iter().filter(|c| **c != right[at]) {
            let mut wrong = right.clone();
            wrong[at] = *other;
            assert_eq!(parse(&wrong), Err(InvalidFingerprint::Check));
        }
        for other in (0..right.len()).filter(|other| right[*other] != right[at]) {
            let mut wrong = right.clone();
            wrong.swap(at, other);
            assert_eq!(parse(&wrong), Err(InvalidFingerprint::Check));
        }
    }
}

proptest! {
    #[test]
    fn fingerprint_parses_back(size in 1..u64::MAX, root in any::<[u8; 32]>()) {
        let name = KeyName::parse("ledger.example/city-a").unwrap();
        let head = TreeHead { size, root: Hash::new(root) };
        let fingerprint = Fingerprint::of(&Checkpoint::new(&name, head).unwrap());
        prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }

    #[test]
    fn any_text_is_refused_or_prints_what_is_read_the_same(text in "[0-9A-Za-z \u{ff10}-\u{ff5a}-]{26,40}|\\PC{0,30}") {
        if let Ok(fingerprint) = text.parse::<Fingerprint>() {
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
    }
}
