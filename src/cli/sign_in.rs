//! Signing in: whom the server is believed to be, and what is shown to it.
//!
//! A token is never an argument, since arguments are seen by everybody on a machine. It comes from a file, from a variable,
//! from a folder where each of several people has one, or from where `daicho login` kept it for the server, and travels
//! encrypted or not beyond this machine.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use http::Uri;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use zeroize::Zeroizing;

use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;
use given::TokenArgs;

pub(super) use kept::{login, logout};

mod folder;
mod given;
mod kept;

/// Bytes of a token at most, as the server has it.
const TOKEN_BYTES_MAX: u64 = 12 * 1024;
/// Bytes of a file with certificates or a key at most.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// What is shown to a server, and whom to believe.
#[derive(Args, Clone, Debug, Default)]
pub struct SignInArgs {
    /// Whom to believe that it is the server: certificates in PEM; absent: the authorities that browsers believe
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DAICHO_CERTIFICATES",
        hide_env_values = true
    )]
    pub certificates: Option<PathBuf>,
    /// The certificate of a service that signs in, in PEM
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DAICHO_CLIENT_CERTIFICATE",
        hide_env_values = true
    )]
    pub client_certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DAICHO_CLIENT_KEY",
        hide_env_values = true
    )]
    pub client_key: Option<PathBuf>,
    /// Where a token is.
    #[command(flatten)]
    token: TokenArgs,
}

/// An access token. It prints as nothing.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    /// Whose it is, where that is known.
    of: Option<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What is shown to a server, read.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    certificates: Option<String>,
    identity: Option<(String, Zeroizing<String>)>,
    token: Option<Token>,
}

impl SignIn {
    /// Whether anything is shown that says who calls.
    pub fn names_somebody(&self) -> bool {
        self.identity.is_some() || self.token.is_some()
    }

    /// As whom the server will know the caller, where the token was picked by a seat that they hold.
    pub fn name(&self) -> Option<&str> {
        self.token.as_ref()?.of.as_deref()
    }

    /// The `authorization` header, if there is a token.
    pub(super) fn authorization(
        &self,
        language: Language,
    ) -> Result<Option<AsciiMetadataValue>, Failure> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        let header = Zeroizing::new(format!("Bearer {}", token.text.as_str()));
        let mut header: AsciiMetadataValue = header.parse().map_err(|_| no_token(language))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }

    /// The endpoint with what TLS needs to know. A plain one is left as it is, unless something secret would travel over it.
    pub(super) fn secure(
        &self,
        language: Language,
        endpoint: Endpoint,
    ) -> Result<Endpoint, Failure> {
        let is_encrypted = endpoint.uri().scheme_str() == Some("https");
        if !is_encrypted {
            if self.identity.is_some() {
                return Err(Failure::usage(pick(
                    language,
                    "クライアント証明書には https:// のサーバーが必要です",
                    "a client certificate needs a server at https://",
                )));
            }
            if self.token.is_some() && !is_here(endpoint.uri()) {
                return Err(Failure::usage(pick(
                    language,
                    "トークンは暗号化された接続（https://）でだけ送ります",
                    "a token is only sent over an encrypted connection (https://)",
                )));
            }
            return Ok(endpoint);
        }
        let mut tls = match &self.certificates {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_webpki_roots(),
        };
        if let Some((certificate, key)) = &self.identity {
            tls = tls.identity(Identity::from_pem(certificate, key.as_str()));
        }
        endpoint.tls_config(tls).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            Failure::usage(pick(
                language,
                format!("証明書や鍵が使えません: {cause}"),
                format!("certificates or keys cannot be used: {cause}"),
            ))
        })
    }
}

impl SignInArgs {
    /// Reads what is named, and where nothing is, what `login` kept for `server`. `actor` is whom the command is to be run
    /// as, where that is said.
    pub fn read(
        &self,
        language: Language,
        server: &str,
        actor: Option<&str>,
    ) -> Result<SignIn, Failure> {
        let mut sign_in = self.read_given(language, actor)?;
        if !sign_in.names_somebody()
            && let Some(path) = kept::kept_at(server)
        {
            sign_in.token = kept::kept(language, &path)?;
        }
        Ok(sign_in)
    }

    /// Reads what is named.
    fn read_given(&self, language: Language, actor: Option<&str>) -> Result<SignIn, Failure> {
        let pem = |path: &PathBuf| read_text(language, path, PEM_BYTES_MAX);
        let certificates = self.certificates.as_ref().map(pem).transpose()?;
        let identity = match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => Some((pem(certificate)?, Zeroizing::new(pem(key)?))),
            (None, None) => None,
            _ => {
                return Err(Failure::usage(pick(
                    language,
                    "--client-certificate と --client-key は両方指定してください",
                    "give --client-certificate and --client-key together",
                )));
            }
        };
        let mut token = self.token.one(language, actor)?;
        // A service that shows a certificate need not be one of those people.
        if token.is_none() && (actor.is_some() || identity.is_none()) {
            token = self.token.of_several(language, actor)?;
        }
        Ok(SignIn {
            certificates,
            identity,
            token,
        })
    }
}

fn read_all(from: impl Read, bytes_max: u64) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    from.take(bytes_max + 1).read_to_string(&mut text)?;
    if bytes_max < text.len() as u64 {
        let problem = format!("larger than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(text)
}

fn read_text(language: Language, path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let text = File::open(path).and_then(|file| read_all(file, bytes_max));
    let text = text.map_err(|error| cannot_read(language, path, &error))?;
    Ok(text.as_str().to_owned())
}

/// The token that a file holds.
fn token_in(language: Language, path: &Path) -> Result<Token, Failure> {
    let text = File::open(path).and_then(|file| read_all(file, TOKEN_BYTES_MAX));
    let text = text.map_err(|error| cannot_read(language, path, &error))?;
    token(language, text)
}

fn token(language: Language, text: Zeroizing<String>) -> Result<Token, Failure> {
    let token = text.trim();
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    match is_plain && !token.is_empty() {
        true => Ok(Token {
            text: Zeroizing::new(token.to_owned()),
            of: None,
        }),
        false => Err(no_token(language)),
    }
}

fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn no_token(language: Language) -> Failure {
    Failure::usage(pick(
        language,
        "アクセストークンがありません",
        "there is no access token",
    ))
}

fn cannot_read(language: Language, path: &Path, error: &io::Error) -> Failure {
    let shown = terminal::line(&path.to_string_lossy());
    Failure::usage(pick(
        language,
        format!("{shown} を読めません: {error}"),
        format!("cannot read {shown}: {error}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_never_printed() {
        let read = |text: &str| token(Language::En, Zeroizing::new(text.to_owned()));
        assert_eq!(read(" a.b.c\n").unwrap().text.as_str(), "a.b.c");
        for wrong in ["", " \n", "a b", "a\nb", "あ"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", read("secret").unwrap()), "Token");
    }

    #[test]
    fn secrets_travel_encrypted_or_not_beyond_this_machine() {
        let sign_in = SignIn {
            token: Some(token(Language::En, Zeroizing::new("a.b.c".to_owned())).unwrap()),
            ..SignIn::default()
        };
        let secure = |server: &str| {
            let endpoint = Endpoint::from_shared(server.to_owned()).unwrap();
            sign_in.secure(Language::En, endpoint).map(drop)
        };
        assert!(secure("https://ledger.example").is_ok());
        for here in [
            "http://127.0.0.1:7015",
            "http://[::1]:7015",
            "http://localhost:7015",
        ] {
            assert!(secure(here).is_ok(), "{here}");
        }
        for there in [
            "http://ledger.example",
            "http://192.0.2.1:7015",
            "http://localhost.example",
        ] {
            assert!(secure(there).is_err(), "{there}");
        }
    }
}
