//! Whom a client certificate is for.

use std::sync::atomic::{AtomicU64, Ordering};

use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

use crate::domain::event::{Actor, AuthMethod};
use crate::domain::text::Name;

/// What the attributes of a distinguished name are called (RFC 4514, 3, and the ones that authorities use besides).
const ATTRIBUTES: [(&str, &str); 12] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The certificate of a client whose handshake succeeded.
#[derive(Debug)]
pub struct ClientCertificate {
    subject: Name,
    issuer: Name,
    sha256: [u8; 32],
    /// The leaf first, then what the client sent to lead to an authority.
    chain: Vec<CertificateDer<'static>>,
    /// The first second, since 1970, in which a certificate of the chain has expired.
    expires: i64,
    /// The number of the settings that accepted it last.
    accepted_by: AtomicU64,
}

/// A certificate cannot say whom it is for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCertificate {
    /// Not X.509.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// No name of a kind that is looked at.
    #[error("the certificate has no URI, no DNS name and no common name")]
    Nameless,
    /// Which of them is meant?
    #[error("the certificate has several {0}; one has to say whom it is for")]
    Ambiguous(&'static str),
    /// Not a name that an event can bear.
    #[error("the {0} of the certificate is not 1 to {max} characters on one line", max = Name::CHARS_MAX)]
    Unusable(&'static str),
}

impl ClientCertificate {
    /// Reads a chain, the leaf first, which the settings numbered `accepted_by` accepted.
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        accepted_by: u64,
    ) -> Result<Self, InvalidCertificate> {
        let der = chain.first().ok_or(InvalidCertificate::Unreadable)?;
        let (_, leaf) =
            X509Certificate::from_der(der).map_err(|_| InvalidCertificate::Unreadable)?;
        let subject = name("subject", &subject(&leaf)?)?;
        let issuer = name("issuer", &distinguished_name(leaf.issuer()))?;
        let mut expires = i64::MAX;
        for der in &chain {
            expires = expires.min(expiry(der)?);
        }
        Ok(Self {
            subject,
            issuer,
            sha256: Sha256::digest(der).into(),
            expires,
            accepted_by: AtomicU64::new(accepted_by),
            chain,
        })
    }

    /// The service: the URI of the certificate if it has one, else its DNS name, else its common name.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The authority that signed it, as a distinguished name (RFC 4514).
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// SHA-256 of the certificate in DER.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The service as an actor.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            subject: self.subject.clone(),
            issuer: Some(self.issuer.clone()),
            person: None,
            permitted_by: None,
            seat: None,
            acting_for: None,
            client: None,
            method: AuthMethod::MutualTls,
            evidence_sha256: Some(self.sha256),
        }
    }

    /// The leaf first.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Whether the settings numbered `number` accepted it, and it has not expired since; `now` in seconds since 1970.
    pub(super) fn is_accepted_by(&self, number: u64, now: i64) -> bool {
        now < self.expires && self.accepted_by.load(Ordering::Acquire) == number
    }

    /// Takes note that the settings numbered `number` accept it.
    pub(super) fn accept(&self, number: u64) {
        self.accepted_by.store(number, Ordering::Release);
    }
}

/// The first second, since 1970, in which a certificate has expired.
pub(super) fn expiry(der: &CertificateDer<'_>) -> Result<i64, InvalidCertificate> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|_| InvalidCertificate::Unreadable)?;
    let last = certificate.validity().not_after.timestamp();
    Ok(last.saturating_add(1))
}

fn name(which: &'static str, text: &str) -> Result<Name, InvalidCertificate> {
    let folded: String = text.nfc().collect();
    Name::parse(&folded).map_err(|_| InvalidCertificate::Unusable(which))
}

fn subject(leaf: &X509Certificate<'_>) -> Result<String, InvalidCertificate> {
    let alternatives = leaf
        .subject_alternative_name()
        .map_err(|_| InvalidCertificate::Unreadable)?;
    let names = || {
        let alternatives = alternatives.iter();
        alternatives.flat_map(|names| names.value.general_names.iter())
    };
    let uris = names().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let hosts = names().filter_map(|name| match name {
        GeneralName::DNSName(host) => Some(*host),
        _ => None,
    });
    let common = leaf.subject().iter_common_name();
    let common = common.filter_map(|attribute| attribute.as_str().ok());
    let chosen = match only("URIs", uris)? {
        Some(uri) => Some(uri),
        None => match only("DNS names", hosts)? {
            Some(host) => Some(host),
            None => only("common names", common)?,
        },
    };
    chosen
        .map(str::to_owned)
        .ok_or(InvalidCertificate::Nameless)
}

fn only<'a>(
    what: &'static str,
    mut names: impl Iterator<Item = &'a str>,
) -> Result<Option<&'a str>, InvalidCertificate> {
    let first = names.next();
    match names.next() {
        Some(_) => Err(InvalidCertificate::Ambiguous(what)),
        None => Ok(first),
    }
}

/// As RFC 4514 writes it: the most specific part first, special characters escaped, so that two names that differ never
/// look alike.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|part| {
            let attributes = part.iter().map(|attribute| {
                let oid = attribute.attr_type().to_id_string();
                let known = ATTRIBUTES.iter().find(|(known, _)| *known == oid);
                match (known, attribute.as_str()) {
                    (Some((_, short)), Ok(value)) => format!("{short}={}", escaped(value)),
                    (_, Ok(value)) => format!("{oid}={}", escaped(value)),
                    (_, Err(_)) => format!("{oid}=#{}", hex::encode(attribute.as_slice())),
                }
            });
            attributes.collect::<Vec<_>>().join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, character) in value.chars().enumerate() {
        let special = matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=');
        let leads = at == 0 && matches!(character, ' ' | '#');
        if special || leads || (at == last && character == ' ') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(alternatives: Vec<SanType>, common: &[&str]) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = alternatives;
        params.distinguished_name = DistinguishedName::new();
        for common in common {
            let name = &mut params.distinguished_name;
            name.push(DnType::OrganizationName, "刈谷市, 企画部");
            name.push(DnType::CommonName, *common);
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    fn host(text: &str) -> SanType {
        SanType::DnsName(text.try_into().unwrap())
    }

    fn read(der: CertificateDer<'static>) -> Result<ClientCertificate, InvalidCertificate> {
        ClientCertificate::new(vec![der], 1)
    }

    #[test]
    fn the_most_telling_name_says_whom_it_is_for() {
        let of = |names, common| {
            let read = read(certificate(names, common));
            read.map(|certificate| certificate.subject().to_string())
        };
        let both = vec![host("import.example"), uri("spiffe://city.example/import")];
        assert_eq!(
            of(both, &["importer"]).unwrap(),
            "spiffe://city.example/import"
        );
        let one = vec![host("import.example")];
        assert_eq!(of(one, &["importer"]).unwrap(), "import.example");
        assert_eq!(of(vec![], &["importer"]).unwrap(), "importer");
        assert_eq!(of(vec![], &[]), Err(InvalidCertificate::Nameless));
        let two = vec![host("a.example"), host("b.example")];
        assert_eq!(
            of(two, &[]),
            Err(InvalidCertificate::Ambiguous("DNS names"))
        );
        let long = "a".repeat(Name::CHARS_MAX + 1);
        assert_eq!(
            of(vec![], &[&long]),
            Err(InvalidCertificate::Unusable("subject"))
        );
    }

    #[test]
    fn the_issuer_is_written_so_that_no_two_look_alike() {
        let certificate = read(certificate(vec![], &["Importer"])).unwrap();
        assert_eq!(
            certificate.issuer().as_str(),
            "CN=Importer,O=刈谷市\\, 企画部"
        );
        assert_eq!(escaped(" a=b "), "\\ a\\=b\\ ");
        assert_eq!(escaped("#1"), "\\#1");
    }

    #[test]
    fn the_digest_is_of_the_certificate_as_it_was_sent() {
        let der = certificate(vec![], &["importer"]);
        let expected: [u8; 32] = Sha256::digest(&der).into();
        let read = read(der).unwrap();
        assert_eq!(read.sha256(), &expected);
        assert_eq!(read.actor().evidence_sha256, Some(expected));
        assert_eq!(read.actor().method, AuthMethod::MutualTls);
    }

    #[test]
    fn bytes_that_are_no_certificate_are_refused() {
        let refused = read(CertificateDer::from(vec![1, 2, 3])).unwrap_err();
        assert_eq!(refused, InvalidCertificate::Unreadable);
    }
}
