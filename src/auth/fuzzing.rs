//! Certificates before a target of `tests/fuzz`.

use rustls::pki_types::CertificateDer;

use crate::auth::{ClientCertificate, InvalidCertificate};

/// What a certificate in DER says of whoever shows it.
pub fn certificate(der: &[u8]) -> Result<ClientCertificate, InvalidCertificate> {
    let chain = vec![CertificateDer::from(der.to_vec())];
    ClientCertificate::new(chain, 1)
}
