//! What says who calls: access tokens with their issuer's keys, certificates, the names of token files, and page tokens, which are
//! somebody's too.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daicho::auth::{Algorithm, Issuer, Issuers, JwksSource, token_folder};
use daicho::domain::event::Actor;
use daicho::domain::text::Name;
use daicho::grpc::PageKey;
use daicho::grpc::page_token::{Pinned, Place, Scope};
use daicho_fuzz::folder::file;
use daicho_fuzz::world::recorded;
use ed25519_dalek::{Signer as _, SigningKey};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));

/// Takes what `KEY` signed.
static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(KEY.verifying_key().as_bytes());
    let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{x}"}}]}}"#);
    issuers("known.jwks", keys.as_bytes()).expect("a key")
});

static ACTOR: LazyLock<Actor> = LazyLock::new(|| {
    let (_, leaf) = recorded().next().expect("a kept leaf");
    Actor::clone(&leaf.actor)
});

fn issuers(name: &str, jwks: &[u8]) -> Option<Issuers> {
    let issuer = Issuer {
        issuer: Name::parse("https://id.example").expect("a name"),
        audience: "daicho".to_owned(),
        jwks: JwksSource::File(file(name, jwks)),
        algorithms: Algorithm::DEFAULT.to_vec(),
        leeway: Issuer::LEEWAY,
        max_age: Issuer::MAX_AGE,
        only_at_jwt: false,
    };
    Issuers::new(vec![issuer]).ok()
}

/// A token that says what the first line and the rest say, signed.
fn signed(text: &[u8]) -> String {
    let end = text
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(text.len());
    let (header, claims) = text.split_at(end);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.trim_ascii()));
    let said = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(said.as_bytes()).to_bytes());
    format!("{said}.{signature}")
}

/// A token of a list goes on in that list alone, where it was sealed.
fn page_tokens(bytes: &[u8]) {
    let key = PageKey::new([7; 32]);
    let scope = |method| Scope {
        method,
        actor: &ACTOR,
        ledger: None,
        filter: [7; 32],
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        let opened = key.unseal(&scope("GoalService/ListGoals"), text);
        assert_eq!(opened.is_ok(), text.is_empty());
    }
    let Some(([size, generation, month, day], cursor)) = bytes.split_first_chunk() else {
        return;
    };
    let [month, day] = [month, day].map(|byte| byte.cast_signed());
    let on = jiff::civil::Date::new(2024, month, day).ok();
    let pinned = on.map(|on| Pinned {
        generation: (*generation).into(),
        size: (*size).into(),
        on,
    });
    let place = Place {
        pinned,
        cursor: cursor.iter().take(512).copied().collect(),
    };
    let token = key.seal(&scope("GoalService/ListGoals"), &place);
    assert_eq!(
        key.unseal(&scope("GoalService/ListGoals"), &token),
        Ok(Some(place))
    );
    assert!(
        key.unseal(&scope("GoalService/ListPending"), &token)
            .is_err()
    );
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 6 {
        0 => {
            if let Ok((actor, _)) = ISSUERS.identify(&signed(bytes), None, None) {
                assert_eq!(
                    actor.issuer.expect("an issuer").as_str(),
                    "https://id.example"
                );
            }
        }
        1 => {
            let token = String::from_utf8_lossy(bytes);
            assert!(ISSUERS.identify(&token, None, None).is_err());
        }
        2 => drop(issuers("any.jwks", bytes)),
        3 => {
            if let Ok(certificate) = daicho::auth::fuzzing::certificate(bytes) {
                assert!(!certificate.subject().as_str().is_empty());
            }
        }
        4 => {
            let text = String::from_utf8_lossy(bytes);
            let _ = token_folder::subject(&text);
            if let Some(name) = token_folder::file_name(&text) {
                // One that is spelt alike has the same name.
                let subject = token_folder::subject(&name).expect("its own name");
                assert_eq!(token_folder::file_name(&subject), Some(name));
            }
        }
        _ => page_tokens(bytes),
    }
});
