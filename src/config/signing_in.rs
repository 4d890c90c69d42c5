//! Who may connect and how callers sign in: settings that only make sense together.

use std::net::{IpAddr, SocketAddr};

use super::setting::Setting;
use super::{Fault, Reading, folder};
use crate::auth::{ClientFiles, Mode, TlsFiles};

/// Where to read more.
const MANUAL: &str = "docs/authentication.md";

/// What the settings say together.
pub(super) struct SigningIn {
    pub(super) listen: SocketAddr,
    pub(super) tls: Option<TlsFiles>,
    pub(super) auth: Mode,
}

/// Reads the settings; `issuers_at` is where the settings file speaks of issuers of tokens.
pub(super) fn read(read: &mut Reading, issuers_at: Option<String>) -> SigningIn {
    let said = |read: &Reading, setting| read.said.get(&setting).is_some_and(Option::is_some);
    let has_certificate = said(read, Setting::TlsCertificate);
    let has_key = said(read, Setting::TlsKey);
    let has_roots = said(read, Setting::TlsClientRoots);

    for (needs, setting, is_there) in [
        (Setting::TlsCertificate, Setting::TlsKey, has_key),
        (Setting::TlsKey, Setting::TlsCertificate, has_certificate),
        (
            Setting::TlsClientRoots,
            Setting::TlsCertificate,
            has_certificate,
        ),
        (Setting::TlsCrl, Setting::TlsClientRoots, has_roots),
        (
            Setting::TlsClientCertificates,
            Setting::TlsClientRoots,
            has_roots,
        ),
    ] {
        if !is_there {
            read.needs(needs, &format!("`{}`", setting.name()));
        }
    }

    // Faults of the value itself are told too, so that all are told at once.
    let before = read.faults.len();
    let auth = read.parse(Setting::Auth, str::parse);
    let auth_is_unclear = before != read.faults.len();
    let auth = auth.unwrap_or_default();
    if auth == Mode::Required && !has_roots && issuers_at.is_none() {
        let what = format!(
            "`{}` or [[oidc]] in the settings file",
            Setting::TlsClientRoots.name()
        );
        read.fault_of_auth(&format!("nobody could sign in; set {what} too ({MANUAL})"));
    }
    if auth == Mode::Unauthenticated && !auth_is_unclear {
        if has_roots {
            read.needs(Setting::TlsClientRoots, "`auth` = `required`");
        }
        if let Some(origin) = &issuers_at {
            read.faults.push(Fault {
                origin: origin.clone(),
                value: None,
                problem: "needs `auth` = `required` too".to_owned(),
            });
        }
    }

    let missing = missing(&[
        (has_certificate, "tls_certificate"),
        (has_key, "tls_key"),
        (auth == Mode::Required, "auth = \"required\""),
        (
            has_roots || issuers_at.is_some(),
            "tls_client_roots or [[oidc]]",
        ),
    ]);
    let listen = read.parse(Setting::Listen, |text| address(text, &missing));

    let certificate = read.parse(Setting::TlsCertificate, folder);
    let key = read.parse(Setting::TlsKey, folder);
    let roots = read.parse(Setting::TlsClientRoots, folder);
    let crls = read.parse(Setting::TlsCrl, folder);
    let certificates = read.parse(Setting::TlsClientCertificates, str::parse);
    let clients = roots.map(|roots| ClientFiles {
        roots,
        crls,
        certificates: certificates.unwrap_or_default(),
    });
    let tls = certificate.zip(key).map(|(certificate, key)| TlsFiles {
        certificate,
        key,
        clients,
    });
    SigningIn {
        listen: listen.unwrap_or_else(nowhere),
        tls,
        auth,
    }
}

impl Reading {
    /// A fault of `setting`, if it is set: something else has to be set with it.
    fn needs(&mut self, setting: Setting, other: &str) {
        if let Some(Some(said)) = self.said.get(&setting) {
            self.faults.push(Fault {
                origin: said.origin.clone(),
                value: Some(said.text.clone()),
                problem: format!("needs {other} too"),
            });
        }
    }

    fn fault_of_auth(&mut self, problem: &str) {
        self.faults.push(Fault {
            origin: Setting::Auth.name().to_owned(),
            value: Some(Mode::Required.to_string()),
            problem: problem.to_owned(),
        });
    }
}

fn missing(needed: &[(bool, &str)]) -> String {
    let missing = needed.iter().filter(|(is_there, _)| !is_there);
    let missing: Vec<_> = missing.map(|(_, what)| *what).collect();
    missing.join(", ")
}

fn address(text: &str, missing: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| {
        "must be an address and a port, such as `127.0.0.1:7015` or `[::1]:7015`".to_owned()
    })?;
    // An IPv4 address in the form of an IPv6 one (`::ffff:127.0.0.1`) reaches what the IPv4 address reaches.
    if address.ip().to_canonical().is_loopback() || missing.is_empty() {
        Ok(address)
    } else {
        Err(format!(
            "can be reached from other machines, and callers would be not authenticated and could write under any name: \
             use `127.0.0.1` or `[::1]`, or set {missing} too ({MANUAL})"
        ))
    }
}

fn nowhere() -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0)
}
