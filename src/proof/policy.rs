//! Whom an auditor believes, as a file to begin with: C2SP `tlog-policy` with the key of one log.

use crate::merkle::{InvalidPolicy, TrustPolicy, VerifierKey};

/// A policy file that believes the log of `keys`, all of one name, without witnesses, and says what to compare before it
/// is believed. Made from the keys alone, so that it is the same wherever it is made.
pub fn text(keys: &[VerifierKey]) -> String {
    let name = keys.first().map(|key| key.name().as_str());
    let name = name.unwrap_or_default();
    let fingerprints = keys
        .iter()
        .map(|key| format!("# key fingerprint {}\n", fingerprint(key)));
    let fingerprints: String = fingerprints.collect();
    let policy = TrustPolicy::of_logs(keys.iter().cloned());
    format!(
        "\
# Whom to believe of {name} (C2SP tlog-policy).
# This file came from the ledger itself, so it proves nothing yet. Compare the lines below with what the
# organisation publishes elsewhere: on paper, in its gazette, on its own site, or with a file you kept before.
# このファイルは台帳自身から得たものです。次の行を、組織が別の手段（紙の公表資料、公報、公式サイト）で
# 示す値、または以前に保管した値と照らし合わせてから使ってください。
{fingerprints}# Keep this file where the ledger's operator cannot change it. Add lines `witness`, `group` and another
# `quorum` to ask for witnesses.
{policy}"
    )
}

/// As [`text`], which asks for cosignatures of `quorum` of these witnesses: each under a name that the policy
/// gives it.
pub fn with_witnesses(
    keys: &[VerifierKey],
    witnesses: &[(String, VerifierKey)],
    quorum: usize,
) -> Result<String, InvalidPolicy> {
    let alone = text(keys);
    let mut lines = String::new();
    for (name, key) in witnesses {
        lines.push_str(&format!("# key fingerprint {}\n", fingerprint(key)));
        lines.push_str(&format!("witness {name} {key}\n"));
    }
    let names = witnesses.iter().map(|(name, _)| name.as_str());
    let names = names.collect::<Vec<_>>().join(" ");
    lines.push_str(&format!(
        "group witnesses {quorum} {names}\nquorum witnesses\n"
    ));
    let text = alone.replace("quorum none\n", &lines);
    // What is printed is what is read, so that no policy is handed out that nobody takes.
    TrustPolicy::parse(text.as_bytes())?;
    Ok(text)
}

/// SHA-256 of the vkey's characters in groups of four hexadecimal digits, to be read out and compared.
pub fn fingerprint(key: &VerifierKey) -> String {
    let bytes = key.digest();
    let (pairs, _) = bytes.as_bytes().as_chunks::<2>();
    pairs.iter().map(hex::encode).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{KeyName, SignatureType, Signer as _, SigningKey};

    #[test]
    fn the_file_is_a_policy_of_that_key() {
        let name = KeyName::parse("city.example/daicho").unwrap();
        let key = SigningKey::from_seed(name, SignatureType::Ed25519, &[7; 32]);
        let text = text(std::slice::from_ref(key.key()));
        let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
        assert_eq!(policy, TrustPolicy::of_log(key.key().clone()));
        let compared = text
            .lines()
            .find_map(|line| line.strip_prefix("# key fingerprint "));
        let digest = crate::merkle::Hash::digest(key.key().to_string().as_bytes());
        let compared = compared.unwrap().replace(' ', "");
        assert_eq!(compared, hex::encode(digest.as_bytes()));
        let other =
            SigningKey::from_seed(key.key().name().clone(), SignatureType::Ed25519, &[8; 32]);
        let both = [key.key().clone(), other.key().clone()];
        let text = super::text(&both);
        let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
        assert_eq!(policy, TrustPolicy::of_logs(both));
        assert_eq!(text.matches("# key fingerprint ").count(), 2);
    }
}
