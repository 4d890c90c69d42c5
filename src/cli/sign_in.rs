//! Signing in: whom the server is believed to be, and what is shown to it.
//!
//! A token is never an argument, since arguments are seen by everybody on a machine. It comes from a file, from a variable,
//! or from where `daicho login` kept it for the server, and travels encrypted or not beyond this machine.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use http::Uri;
use sha2::{Digest as _, Sha256};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use zeroize::Zeroizing;

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::text::Language;

/// The variable that a token may be in.
const TOKEN_VARIABLE: &str = "DAICHO_TOKEN";
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
    /// A file with your access token, `-` for standard input; absent: DAICHO_TOKEN, else what `daicho login` kept
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DAICHO_TOKEN_FILE",
        hide_env_values = true
    )]
    pub token_file: Option<PathBuf>,
}

/// An access token. It prints as nothing.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

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

    /// The `authorization` header, if there is a token.
    pub(super) fn authorization(
        &self,
        language: Language,
    ) -> Result<Option<AsciiMetadataValue>, Failure> {
        let Some(Token(token)) = &self.token else {
            return Ok(None);
        };
        let header = Zeroizing::new(format!("Bearer {}", token.as_str()));
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
    /// Reads what is named, and where nothing is, what `login` kept for `server`.
    pub fn read(&self, language: Language, server: &str) -> Result<SignIn, Failure> {
        let mut sign_in = self.read_given(language)?;
        if !sign_in.names_somebody()
            && let Some(path) = kept_at(server)
        {
            sign_in.token = kept(language, &path)?;
        }
        Ok(sign_in)
    }

    /// Reads what is named.
    fn read_given(&self, language: Language) -> Result<SignIn, Failure> {
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
        Ok(SignIn {
            certificates,
            identity,
            token: self.given_token(language)?,
        })
    }

    fn given_token(&self, language: Language) -> Result<Option<Token>, Failure> {
        if let Some(path) = &self.token_file {
            let text = match path.as_os_str() == "-" {
                true => read_all(io::stdin().lock(), TOKEN_BYTES_MAX),
                false => File::open(path).and_then(|file| read_all(file, TOKEN_BYTES_MAX)),
            };
            let text = text.map_err(|error| cannot_read(language, path, &error))?;
            return token(language, text).map(Some);
        }
        match std::env::var(TOKEN_VARIABLE) {
            Ok(text) if !text.is_empty() => token(language, Zeroizing::new(text)).map(Some),
            _ => Ok(None),
        }
    }
}

/// `daicho login`: keeps a token for a server, once the server said whose it is.
pub(super) async fn login(global: &Global) -> Result<(), Failure> {
    let language = global.language();
    let sign_in = global.sign_in.read_given(language)?;
    let Some(Token(token)) = sign_in.token.clone() else {
        return Err(no_token(language).hint(pick(
            language,
            "--token-file ファイル（標準入力は -）か環境変数 DAICHO_TOKEN で渡してください",
            "give it with --token-file FILE (`-` for standard input) or the variable DAICHO_TOKEN",
        )));
    };
    let path = kept_at(&global.server).ok_or_else(|| nowhere(language))?;
    let address = global.address_as(sign_in)?;
    let session = Session::connect(address, Output, global.json).await?;
    let caller = session.client.caller().await?;
    keep(&path, &token).map_err(|error| {
        let shown = terminal::line(&path.to_string_lossy());
        Failure::new(
            Exit::Fault,
            pick(
                language,
                format!("{shown} に書けません: {error}"),
                format!("cannot write {shown}: {error}"),
            ),
        )
    })?;
    let server = terminal::line(&global.server);
    session.answer(&caller, |view, caller| {
        let actor = caller.actor.clone().unwrap_or_default();
        let (subject, issuer) = (
            terminal::line(&actor.subject),
            terminal::line(&actor.issuer.unwrap_or_default()),
        );
        view.pick(
            format!("{server} に {subject}（発行者 {issuer}）としてサインインしました\n"),
            format!("signed in to {server} as {subject} (issuer {issuer})\n"),
        )
    })
}

/// `daicho logout`: forgets the token for a server.
pub(super) fn logout(global: &Global) -> Result<(), Failure> {
    let language = global.language();
    let path = kept_at(&global.server).ok_or_else(|| nowhere(language))?;
    let server = terminal::line(&global.server);
    match fs::remove_file(&path) {
        Ok(()) => Output.remark(&pick(
            language,
            format!("{server} のトークンを消しました"),
            format!("forgot the token for {server}"),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Output.remark(&pick(
            language,
            format!("{server} のトークンはありません"),
            format!("there was no token for {server}"),
        )),
        Err(error) => return Err(cannot_read(language, &path, &error)),
    }
    Ok(())
}

/// Where the token for a server is kept; `None`: the machine says no folder for such files.
fn kept_at(server: &str) -> Option<PathBuf> {
    let variable = |name: &str| {
        let value = std::env::var_os(name).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    let folder = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("APPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    Some(
        folder
            .join("daicho")
            .join("tokens")
            .join(file_name(server)?),
    )
}

/// A name for people, with a digest so that no two servers share one.
fn file_name(server: &str) -> Option<String> {
    let uri: Uri = server.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    let port = uri
        .port_u16()
        .unwrap_or(if scheme == "https" { 443 } else { 80 });
    let whole = format!("{scheme}://{host}:{port}");
    let digest = hex::encode(Sha256::digest(&whole));
    let plain = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
        true => c,
        false => '_',
    };
    let host: String = host.chars().map(plain).take(100).collect();
    Some(format!("{host}_{port}-{}", digest.get(..16)?))
}

fn kept(language: Language, path: &Path) -> Result<Option<Token>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_read(language, path, &error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| cannot_read(language, path, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            let shown = terminal::line(&path.to_string_lossy());
            return Err(Failure::usage(pick(
                language,
                format!("{shown} をほかの利用者も読めます"),
                format!("others can read {shown}"),
            ))
            .hint(pick(
                language,
                "daicho logout の後、新しいトークンで daicho login をやり直してください",
                "run daicho logout, then daicho login with a new token",
            )));
        }
    }
    let text = read_all(file, TOKEN_BYTES_MAX);
    let text = text.map_err(|error| cannot_read(language, path, &error))?;
    token(language, text).map(Some)
}

/// Writes beside and renames, so that nobody ever reads half a token or one that others could read.
fn keep(path: &Path, token: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut next = path.to_owned();
    next.set_extension("next");
    match fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&next)?;
    file.write_all(token.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, path)
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

fn token(language: Language, text: Zeroizing<String>) -> Result<Token, Failure> {
    let token = text.trim();
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    match is_plain && !token.is_empty() {
        true => Ok(Token(Zeroizing::new(token.to_owned()))),
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

fn nowhere(language: Language) -> Failure {
    Failure::usage(pick(
        language,
        "トークンの保管場所が決まりません（--server と HOME を確認してください）",
        "there is no place to keep a token for: look at --server and HOME",
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
    fn each_server_has_a_file_of_its_own() {
        let name = |server: &str| file_name(server).unwrap();
        assert!(name("https://Ledger.City.example").starts_with("ledger.city.example_443-"));
        assert_eq!(name("https://a.example"), name("https://A.example:443/"));
        assert_ne!(name("https://a.example"), name("http://a.example:443"));
        assert_ne!(name("http://[::1]:7015"), name("http://[__1]:7015"));
        assert!(name("http://[::1]:7015").starts_with("___1__7015-"));
        assert_eq!(file_name("no url at all"), None);
        assert_eq!(file_name("/only/a/path"), None);
    }

    #[test]
    fn a_token_is_one_word_and_never_printed() {
        let read = |text: &str| token(Language::En, Zeroizing::new(text.to_owned()));
        assert_eq!(read(" a.b.c\n").unwrap().0.as_str(), "a.b.c");
        for wrong in ["", " \n", "a b", "a\nb", "あ"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", read("secret").unwrap()), "Token");
    }

    #[test]
    fn secrets_travel_encrypted_or_not_beyond_this_machine() {
        let sign_in = SignIn {
            token: Some(Token(Zeroizing::new("a.b.c".to_owned()))),
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

    #[cfg(unix)]
    #[test]
    fn a_kept_token_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daicho/tokens/ledger.example_443");
        assert!(kept(Language::En, &path).unwrap().is_none());
        for text in ["a.b.c", "d.e.f"] {
            keep(&path, text).unwrap();
            assert_eq!(kept(Language::En, &path).unwrap().unwrap().0.as_str(), text);
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(kept(Language::En, &path).is_err());
    }
}
