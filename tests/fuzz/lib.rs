//! What the targets share: whom they know, what they begin with, and how messages are changed.

use std::sync::LazyLock;

pub mod folder;
pub mod message;
pub mod seeds;
pub mod world;

/// The parsers of proofs, compiled apart: they run at full speed.
#[path = "../../src"]
mod apart {
    pub mod merkle;
}

pub use apart::merkle;

use merkle::{KeyName, SignatureType, Signer as _, SigningKey, TrustPolicy, VerifierKey};

/// The log's key and both witnesses', as in the vectors.
pub static KEYS: LazyLock<Vec<VerifierKey>> = LazyLock::new(|| {
    let keys = [
        ("ledger.example/city-a", SignatureType::Ed25519, 0x00),
        ("audit.example/w1", SignatureType::CosignatureV1, 0x40),
        ("prefecture.example/w1", SignatureType::CosignatureV1, 0x60),
    ];
    keys.into_iter()
        .map(|(name, signature_type, first)| {
            let name = KeyName::parse(name).expect("a key name");
            let seed = std::array::from_fn(|at| first + at as u8);
            SigningKey::from_seed(name, signature_type, &seed)
                .key()
                .clone()
        })
        .collect()
});

/// Believes that log, if one of both witnesses cosigned.
pub static POLICY: LazyLock<TrustPolicy> = LazyLock::new(|| {
    let [log, one, two] = KEYS.as_slice() else {
        panic!("three keys");
    };
    let policy = format!(
        "log {log}\nwitness one {one}\nwitness two {two}\ngroup any any one two\nquorum any\n"
    );
    TrustPolicy::parse(policy.as_bytes()).expect("a policy")
});
