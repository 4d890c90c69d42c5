//! Whoever issues access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daicho::clock::system_now;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.city.example";
pub(crate) const AUDIENCE: &str = "daicho-city";

/// A key that an issuer signs with.
pub(crate) struct Signer {
    id: &'static str,
    key: Ed25519KeyPair,
}

impl Signer {
    pub(crate) fn new(id: &'static str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        Self { id, key }
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x})
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.written("EdDSA", claims, |message| {
            self.key.sign(message).as_ref().to_vec()
        })
    }

    /// Tokens with these claims that anybody can make: signed by nothing, or with a secret that is the public key, as a server would
    /// take it that lets the token say how it is to be checked.
    pub(crate) fn made_by_anybody(&self, claims: &Value) -> Vec<String> {
        let public = self.key.public_key().as_ref();
        let as_text = URL_SAFE_NO_PAD.encode(public);
        let as_set = jwks(&[self]);
        let secrets = [public, as_text.as_bytes(), as_set.as_bytes()];
        let keyed = secrets.map(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            self.written("HS256", claims, |message| {
                hmac::sign(&key, message).as_ref().to_vec()
            })
        });
        let unsigned = ["none", "None", "NONE", ""];
        let unsigned = unsigned.map(|algorithm| self.written(algorithm, claims, |_| Vec::new()));
        keyed.into_iter().chain(unsigned).collect()
    }

    fn written(&self, algorithm: &str, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": algorithm, "kid": self.id, "typ": "at+jwt"});
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A token of a person.
    pub(crate) fn of(&self, subject: &str) -> String {
        self.token(&claims(subject))
    }
}

/// What a token of a person says.
pub(crate) fn claims(subject: &str) -> Value {
    let now = system_now().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": now + 600, "iat": now, "client_id": "daicho-cli",
    })
}

/// The key set of an issuer.
pub(crate) fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}
