//! Which tokens count. Keys and tokens are made here.

use std::path::PathBuf;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.city.example/realms/city";
const OTHER: &str = "https://id.other.example";
const AUDIENCE: &str = "daicho-city";

/// A key that an issuer signs with.
enum Signer {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    /// A secret that is no secret.
    Mac(Vec<u8>),
    /// None at all.
    Nothing,
}

impl Signer {
    fn ed() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn ec() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::Ed(key) => key.public_key().as_ref(),
            Self::Ec(key) => key.public_key().as_ref(),
            Self::Mac(_) | Self::Nothing => &[],
        }
    }

    fn jwk(&self, id: &str) -> Value {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed(_) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": part(self.public())})
            }
            Self::Ec(_) => {
                let (x, y) = self.public()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": part(x), "y": part(y)})
            }
            Self::Mac(secret) => json!({"kty": "oct", "kid": id, "k": part(secret)}),
            Self::Nothing => json!({"kty": "other", "kid": id}),
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = match self {
            Self::Ed(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Ec(key) => {
                let signed = key.sign(&SystemRandom::new(), message.as_bytes());
                signed.unwrap().as_ref().to_vec()
            }
            Self::Mac(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
                ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Self::Nothing => Vec::new(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

struct World {
    folder: tempfile::TempDir,
    issuers: Issuers,
    ed: Signer,
    ec: Signer,
    other: Signer,
}

fn issuer(name: &str, jwks: PathBuf) -> Issuer {
    Issuer {
        issuer: Name::parse(name).unwrap(),
        audience: AUDIENCE.to_owned(),
        jwks: JwksSource::File(jwks),
        algorithms: Algorithm::DEFAULT.to_vec(),
        leeway: Issuer::LEEWAY,
        max_age: Issuer::MAX_AGE,
        only_at_jwt: false,
    }
}

fn now() -> i64 {
    system_now().as_second()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": [AUDIENCE, "account"], "sub": "f1e2", "exp": now() + 300, "iat": now(),
        "client_id": "daicho-cli",
    })
}

/// The claims with one of them replaced, or left out where it is null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => {
            claims.as_object_mut().unwrap().remove(name);
        }
        value => claims[name] = value,
    }
    claims
}

fn header(algorithm: &str, key: &str) -> Value {
    json!({"alg": algorithm, "kid": key, "typ": "at+jwt"})
}

impl World {
    /// Two issuers that both call a key `one`.
    fn new() -> Self {
        Self::with_terms(|issuer| issuer)
    }

    fn with_terms(terms: impl Fn(Issuer) -> Issuer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ed, ec, other) = (Signer::ed(), Signer::ec(), Signer::ed());
        let write = |name: &str, keys: Value| {
            let path = folder.path().join(name);
            std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
            path
        };
        let city = write("city.json", json!([ed.jwk("one"), ec.jwk("two")]));
        let elsewhere = write("other.json", json!([other.jwk("one"), other.jwk("three")]));
        let issuers = vec![terms(issuer(ISSUER, city)), issuer(OTHER, elsewhere)];
        let issuers = Issuers::new(issuers).unwrap();
        Self {
            folder,
            issuers,
            ed,
            ec,
            other,
        }
    }

    fn ask(&self, token: &str) -> Result<Actor, TokenRefused> {
        self.issuers
            .identify(token, None, None)
            .map(|(actor, _)| actor)
    }

    fn claiming(&self, claims: &Value) -> Result<Actor, TokenRefused> {
        self.ask(&self.ed.sign(&header("EdDSA", "one"), claims))
    }
}

#[test]
fn a_token_names_a_person_an_issuer_and_a_client() {
    let world = World::new();
    let token = world.ed.sign(&header("EdDSA", "one"), &claims());
    let actor = world.ask(&token).unwrap();
    assert_eq!(actor.subject.as_str(), "f1e2");
    assert_eq!(actor.issuer.as_ref().unwrap().as_str(), ISSUER);
    assert_eq!(actor.client.as_ref().unwrap().as_str(), "daicho-cli");
    assert_eq!(actor.method, AuthMethod::Oidc);
    let expected: [u8; 32] = Sha256::digest(&token).into();
    assert_eq!(actor.evidence_sha256, Some(expected));
    // The second time it is remembered, and says the same.
    assert_eq!(world.ask(&token).unwrap(), actor);

    let by_ec = world.ec.sign(&header("ES256", "two"), &claims());
    assert_eq!(world.ask(&by_ec).unwrap().subject.as_str(), "f1e2");
    let mut azp = with("client_id", Value::Null);
    azp["azp"] = json!("console");
    let actor = world.claiming(&azp).unwrap();
    assert_eq!(actor.client.unwrap().as_str(), "console");
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    let world = World::new();
    let none = Signer::Nothing.sign(&header("none", "one"), &claims());
    assert_eq!(world.ask(&none), Err(TokenRefused::Malformed));
    // The public key is known to everybody: as a secret it would let everybody sign.
    let public = Signer::Mac(world.ed.public().to_vec());
    for algorithm in ["HS256", "HS384", "HS512"] {
        let forged = public.sign(&header(algorithm, "one"), &claims());
        assert_eq!(world.ask(&forged), Err(TokenRefused::Algorithm));
    }
    // Known, and not for this issuer.
    let narrow = World::with_terms(|issuer| Issuer {
        algorithms: vec![Algorithm::Es256],
        ..issuer
    });
    assert_eq!(narrow.claiming(&claims()), Err(TokenRefused::Algorithm));
    // A header that says what the signature is not.
    let lying = world.ed.sign(&header("ES256", "two"), &claims());
    assert_eq!(world.ask(&lying), Err(TokenRefused::Signature));
    let unknown = world.ed.sign(&header("XS256", "one"), &claims());
    assert_eq!(world.ask(&unknown), Err(TokenRefused::Malformed));
}

#[test]
fn only_the_key_that_is_named_counts_and_only_of_its_issuer() {
    let world = World::new();
    // The other issuer has a key of the same name: it signs only what it issues.
    let forged = world.other.sign(&header("EdDSA", "one"), &claims());
    assert_eq!(world.ask(&forged), Err(TokenRefused::Signature));
    let own = world
        .other
        .sign(&header("EdDSA", "one"), &with("iss", json!(OTHER)));
    assert_eq!(world.ask(&own).unwrap().issuer.unwrap().as_str(), OTHER);
    // A key that the issuer does not have, though another has.
    let unknown = world.other.sign(&header("EdDSA", "three"), &claims());
    let three = Some("three".to_owned());
    assert_eq!(world.ask(&unknown), Err(TokenRefused::KeyUnknown(three)));
    // Signed with the issuer's other key.
    let mismatched = world.ec.sign(&header("ES256", "one"), &claims());
    assert_eq!(world.ask(&mismatched), Err(TokenRefused::KeyMismatch));
    let swapped = world.ed.sign(&header("EdDSA", "two"), &claims());
    assert_eq!(world.ask(&swapped), Err(TokenRefused::KeyMismatch));
    // No name: the only key for the algorithm.
    let unnamed = world.ed.sign(&json!({"alg": "EdDSA"}), &claims());
    assert!(world.ask(&unnamed).is_ok());
    let elsewhere = world
        .other
        .sign(&json!({"alg": "EdDSA"}), &with("iss", json!(OTHER)));
    assert_eq!(world.ask(&elsewhere), Err(TokenRefused::KeyUnknown(None)));
}

#[test]
fn a_token_counts_for_its_time_audience_and_issuer() {
    let world = World::new();
    let claim = |name: &str| Err(TokenRefused::Claim(name.to_owned()));
    let day = 24 * 60 * 60;
    for (name, value, expected) in [
        ("exp", json!(now() - 61), Err(TokenRefused::Expired)),
        ("exp", json!(now() - 30), Ok(())),
        ("exp", Value::Null, claim("exp")),
        ("exp", json!("soon"), Err(TokenRefused::Malformed)),
        ("nbf", json!(now() + 120), Err(TokenRefused::NotYet)),
        ("nbf", json!(now() + 30), Ok(())),
        ("nbf", json!("soon"), claim("nbf")),
        ("iat", json!(now() + 120), Err(TokenRefused::IssuedInFuture)),
        ("iat", json!(now() + 30), Ok(())),
        ("iat", json!(now() - day - 61), Err(TokenRefused::TooOld)),
        ("iat", json!(now() - day + 60), Ok(())),
        ("iat", Value::Null, claim("iat")),
        ("aud", json!("daicho-other"), Err(TokenRefused::Audience)),
        ("aud", json!(["a", "b"]), Err(TokenRefused::Audience)),
        ("aud", json!(AUDIENCE), Ok(())),
        ("aud", Value::Null, claim("aud")),
        (
            "iss",
            json!("https://id.city.example"),
            Err(TokenRefused::IssuerUnknown),
        ),
        ("iss", json!([ISSUER]), Err(TokenRefused::Malformed)),
        ("iss", Value::Null, claim("iss")),
        ("sub", json!("a\nb"), Err(TokenRefused::Name("sub"))),
        ("client_id", json!(""), Err(TokenRefused::Name("client_id"))),
        ("sub", json!(7), Err(TokenRefused::Malformed)),
    ] {
        let outcome = world.claiming(&with(name, value.clone())).map(drop);
        assert_eq!(outcome, expected, "{name}: {value}");
    }
    let outcome = world.claiming(&with("sub", Value::Null));
    assert!(outcome.is_err());
}

#[test]
fn only_access_tokens_count() {
    let world = World::new();
    let typed = |kind: Value| {
        let header = json!({"alg": "EdDSA", "kid": "one", "typ": kind});
        world.ask(&world.ed.sign(&header, &claims())).map(drop)
    };
    for kind in ["at+jwt", "AT+JWT", "application/at+jwt", "JWT"] {
        assert_eq!(typed(json!(kind)), Ok(()), "{kind}");
    }
    for kind in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
        assert!(
            matches!(typed(json!(kind)), Err(TokenRefused::Type(_))),
            "{kind}"
        );
    }
    for (name, value) in [
        ("nonce", json!("n")),
        ("at_hash", json!("h")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
    ] {
        let outcome = world.claiming(&with(name, value));
        assert!(matches!(outcome, Err(TokenRefused::Type(_))), "{name}");
    }
    assert!(world.claiming(&with("typ", json!("Bearer"))).is_ok());
    let critical = json!({"alg": "EdDSA", "kid": "one", "crit": ["b64"], "b64": false});
    let critical = world.ed.sign(&critical, &claims());
    assert_eq!(world.ask(&critical), Err(TokenRefused::Critical));

    let strict = World::with_terms(|issuer| Issuer {
        only_at_jwt: true,
        ..issuer
    });
    assert!(strict.claiming(&claims()).is_ok());
    let plain = strict.ed.sign(
        &json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"}),
        &claims(),
    );
    assert!(matches!(strict.ask(&plain), Err(TokenRefused::Type(_))));
}

#[test]
fn a_token_that_is_bound_needs_its_certificate() {
    let world = World::new();
    let certificate = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["pc.example".to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        ClientCertificate::new(vec![der], 1).unwrap()
    };
    let (own, other) = (certificate(), certificate());
    let thumb = URL_SAFE_NO_PAD.encode(own.sha256());
    let bound = with("cnf", json!({"x5t#S256": thumb}));
    let token = world.ed.sign(&header("EdDSA", "one"), &bound);
    for _ in 0..2 {
        let (actor, _) = world.issuers.identify(&token, Some(&own), None).unwrap();
        assert_eq!(actor.client.unwrap().as_str(), "pc.example");
        let stolen = world.issuers.identify(&token, Some(&other), None);
        assert_eq!(stolen.map(drop), Err(TokenRefused::Bound));
        assert_eq!(world.ask(&token), Err(TokenRefused::Bound));
    }
    // Bound to what cannot be shown here.
    let dpop = with("cnf", json!({"jkt": thumb}));
    assert_eq!(world.claiming(&dpop), Err(TokenRefused::Bound));
}

#[test]
fn what_is_no_token_is_refused() {
    let world = World::new();
    for text in [
        "",
        "a",
        "a.b",
        "a.b.c",
        "..",
        "a.b.c.d",
        "e30.e30.",
        "\u{3042}.b.c",
    ] {
        assert_eq!(world.ask(text), Err(TokenRefused::Malformed), "{text}");
    }
    let long = "a".repeat(TOKEN_BYTES_MAX + 1);
    assert_eq!(world.ask(&long), Err(TokenRefused::TooLong));
    let token = world.ed.sign(&header("EdDSA", "one"), &claims());
    for end in [token.len() - 4, token.len() - 20] {
        let cut = world.ask(&token[..end]);
        assert!(cut.is_err(), "{end}");
    }
}

#[test]
fn no_refusal_repeats_the_token() {
    let world = World::new();
    let secret = "Zm9vYmFy-secret";
    for claims in [
        with("iat", json!(secret)),
        with("exp", json!(secret)),
        with("cnf", json!(secret)),
        with("azp", json!([secret])),
    ] {
        let why = world.claiming(&claims).unwrap_err().to_string();
        assert!(!why.contains(secret), "{why}");
    }
}

#[test]
fn keys_are_replaced_whole_and_what_was_verified_with_them_counts_no_longer() {
    let world = World::new();
    let (_, keys) = &world.issuers.issuers[0];
    let path = world.folder.path().join("city.json");
    let token = world.ed.sign(&header("EdDSA", "one"), &claims());
    assert!(world.ask(&token).is_ok());

    // Broken: those from before stay.
    let twice = json!({"keys": [world.ed.jwk("one"), world.ec.jwk("one")]}).to_string();
    for broken in [
        "{",
        "{}",
        &twice,
        r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#,
    ] {
        std::fs::write(&path, broken).unwrap();
        assert!(matches!(keys.refresh(), Refresh::Broken(_)), "{broken}");
        assert!(world.ask(&token).is_ok());
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(keys.refresh(), Refresh::Broken(_)));
    assert!(world.ask(&token).is_ok());

    let next = Signer::ed();
    let signed = next.sign(&header("EdDSA", "next"), &claims());
    let unknown = Err(TokenRefused::KeyUnknown(Some("next".to_owned())));
    assert_eq!(world.ask(&signed), unknown);
    std::fs::write(&path, json!({"keys": [next.jwk("next")]}).to_string()).unwrap();
    assert!(matches!(keys.refresh(), Refresh::Loaded(1)));
    assert!(world.ask(&signed).is_ok());
    // Remembered as verified, by a key that is gone.
    let gone = Err(TokenRefused::KeyUnknown(Some("one".to_owned())));
    assert_eq!(world.ask(&token), gone);
    assert!(matches!(keys.refresh(), Refresh::Unchanged));
    // The only key was stolen, and is taken away.
    std::fs::write(&path, r#"{"keys": []}"#).unwrap();
    assert!(matches!(keys.refresh(), Refresh::Loaded(0)));
    let gone = Err(TokenRefused::KeyUnknown(Some("next".to_owned())));
    assert_eq!(world.ask(&signed), gone);
}

#[test]
fn a_token_ends_with_its_key_while_an_answer_is_read_and_not_with_another() {
    let world = World::new();
    let (_, keys) = &world.issuers.issuers[0];
    let path = world.folder.path().join("city.json");
    let token = world.ed.sign(&header("EdDSA", "one"), &claims());
    let (_, term) = world.issuers.identify(&token, None, None).unwrap();
    let publish = |set: Value| {
        std::fs::write(&path, json!({ "keys": set }).to_string()).unwrap();
        keys.refresh()
    };
    assert_eq!(world.issuers.check(&term), Ok(()));
    // Another key comes beside it, and another issuer has it too.
    let next = Signer::ed();
    let both = publish(json!([world.ed.jwk("one"), next.jwk("next")]));
    assert!(matches!(both, Refresh::Loaded(2)));
    assert_eq!(world.issuers.check(&term), Ok(()));
    // One of the same name is not the same.
    assert!(matches!(
        publish(json!([next.jwk("one")])),
        Refresh::Loaded(1)
    ));
    let gone = Err(TokenRefused::KeyUnknown(None));
    assert_eq!(world.issuers.check(&term), gone);
    let over = Term { ends: 1, ..term };
    assert_eq!(world.issuers.check(&over), Err(TokenRefused::Expired));
}

#[test]
fn who_tries_many_tokens_waits_and_nobody_else_does() {
    let world = World::new();
    let from = |address: &str| Some(address.parse().unwrap());
    let known = world.ed.sign(&header("EdDSA", "one"), &claims());
    let good = world.ec.sign(&header("ES256", "two"), &claims());
    let (here, there) = (from("192.0.2.1"), from("192.0.2.2"));
    assert!(world.issuers.identify(&known, None, here).is_ok());
    let refusals = (0..100).filter_map(|_| world.issuers.identify("a.b.c", None, here).err());
    let refusals: Vec<TokenRefused> = refusals.collect();
    assert_eq!(refusals.len(), 100);
    assert!(refusals.contains(&TokenRefused::TooMany), "{refusals:?}");
    // What was verified before counts, and so does whatever comes from elsewhere.
    assert!(world.issuers.identify(&known, None, here).is_ok());
    assert!(world.issuers.identify(&good, None, there).is_ok());
}

#[test]
fn keys_come_encrypted_or_from_this_machine() {
    let url = |url: &str| JwksSource::url(url, None);
    for good in [
        "https://id.example/keys",
        "http://127.0.0.1:8080/keys",
        "http://[::1]/keys",
        "http://localhost/keys",
    ] {
        assert!(url(good).is_ok(), "{good}");
    }
    for bad in [
        "http://id.example/keys",
        "ftp://id.example",
        "id.example",
        "http://127.0.0.1.example/",
        "",
    ] {
        assert!(url(bad).is_err(), "{bad}");
    }
}
