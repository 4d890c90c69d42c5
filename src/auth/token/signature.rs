//! Signatures of tokens, verified with the cryptography that TLS uses here too.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature as verify;
use ring::signature::{RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm};

/// Verifies and never signs. Whoever holds keys in other forms than JWK does so elsewhere.
pub(super) static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(ErrorKind::InvalidKeyFormat.into()),
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::InvalidKeyFormat.into()),
        ec_pub_components_from_private_key: |_, _| Err(ErrorKind::InvalidKeyFormat.into()),
        ed_pub_components_from_private_key: |_, _| Err(ErrorKind::InvalidKeyFormat.into()),
        compute_digest: |_, _| Err(ErrorKind::InvalidKeyFormat.into()),
    },
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A shared secret verifies nothing here: its holder could sign as well.
    if algorithm.family() != key.family() || scheme(*algorithm).is_none() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Key {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

enum Scheme {
    Rsa(&'static RsaParameters),
    Raw(&'static dyn VerificationAlgorithm),
}

fn scheme(algorithm: Algorithm) -> Option<Scheme> {
    Some(match algorithm {
        Algorithm::RS256 => Scheme::Rsa(&verify::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Scheme::Rsa(&verify::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Scheme::Rsa(&verify::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Scheme::Rsa(&verify::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Scheme::Rsa(&verify::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Scheme::Rsa(&verify::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Scheme::Raw(&verify::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Scheme::Raw(&verify::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Scheme::Raw(&verify::ED25519),
        _ => return None,
    })
}

struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for Key {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let scheme = scheme(self.algorithm).ok_or_else(Error::new)?;
        let verified = match (scheme, self.key.kind()) {
            (Scheme::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents {
                    n: without_zeros(n),
                    e: without_zeros(e),
                };
                key.verify(parameters, message, signature)
            }
            (Scheme::Raw(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                verify::UnparsedPublicKey::new(algorithm, point).verify(message, signature)
            }
            _ => return Err(Error::new()),
        };
        verified.map_err(|_| Error::new())
    }
}

impl JwtVerifier for Key {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Some issuers write numbers with zeros before them.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::jwk::Jwk;
    use serde_json::Value;

    use super::*;

    /// Made with OpenSSL, by keys that were thrown away.
    const VECTORS: &str = include_str!("vectors.json");

    fn verifies(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &str) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifier = verifier(&algorithm, key).unwrap();
        verifier.verify(message, &signature).is_ok()
    }

    #[test]
    fn signatures_of_another_implementation_are_verified_by_their_own_algorithm_only() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let key = |name: &str| {
            let jwk: Jwk = serde_json::from_value(vectors[name].clone()).unwrap();
            DecodingKey::from_jwk(&jwk).unwrap()
        };
        let (rsa, ec) = (key("rsa"), key("ec"));
        let message = vectors["message"].as_str().unwrap().as_bytes();
        let rsa_family = [
            ("RS256", Algorithm::RS256),
            ("RS384", Algorithm::RS384),
            ("RS512", Algorithm::RS512),
            ("PS256", Algorithm::PS256),
            ("PS384", Algorithm::PS384),
            ("PS512", Algorithm::PS512),
        ];
        for (signed_as, _) in rsa_family {
            let signature = vectors["signatures"][signed_as].as_str().unwrap();
            for (name, algorithm) in rsa_family {
                let verified = verifies(algorithm, &rsa, message, signature);
                assert_eq!(verified, name == signed_as, "{signed_as} as {name}");
                assert!(!verifies(algorithm, &rsa, b"header.claimz", signature));
            }
        }
        let signature = vectors["signatures"]["ES384"].as_str().unwrap();
        assert!(verifies(Algorithm::ES384, &ec, message, signature));
        assert!(!verifies(
            Algorithm::ES384,
            &ec,
            b"header.claimz",
            signature
        ));
    }

    #[test]
    fn a_modulus_with_zeros_before_it_is_the_same() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let n = vectors["rsa"]["n"].as_str().unwrap();
        let n = [vec![0, 0], URL_SAFE_NO_PAD.decode(n).unwrap()].concat();
        let key = DecodingKey::from_rsa_raw_components(&n, &[0, 1, 0, 1]);
        let signature = vectors["signatures"]["RS256"].as_str().unwrap();
        assert!(verifies(
            Algorithm::RS256,
            &key,
            b"header.claims",
            signature
        ));
    }

    #[test]
    fn no_secret_verifies_and_no_key_serves_another_family() {
        let secret = DecodingKey::from_secret(b"secret");
        for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::EdDSA] {
            assert!(verifier(&algorithm, &secret).is_err());
        }
        let rsa = DecodingKey::from_rsa_raw_components(&[1; 256], &[1, 0, 1]);
        assert!(verifier(&Algorithm::ES256, &rsa).is_err());
        assert!(verifier(&Algorithm::HS256, &rsa).is_err());
    }
}
