//! The demo's identity provider: a key that is made once, and access tokens that are signed with it for a day.
//!
//! ```text
//! issuer.jwk    the private key (RFC 8037); for its owner only
//! jwks.json     the public one, as servers read it
//! daicho.toml   a settings file for a server that takes these tokens; what its variables and flags say goes before it
//! tokens/       an access token (RFC 9068) for each of those who sign in, under their name, and `.seats.json`, by which
//!               one is picked by the seat that somebody holds; for their owner only
//! ```
//! Its folder is its own: it knows nothing of ledgers, and what they sign with lies elsewhere. The key is durable before
//! anything is signed with it, and never replaced.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::auth::token_folder::{self, Seats};
use crate::clock;
use crate::domain::text::Name;
use crate::durable::{self, Access, DRAFT};

/// Who issues the tokens. Nobody can have this name on a network.
pub const ISSUER: &str = "https://identity.demo.invalid";
/// For whom they are.
pub const AUDIENCE: &str = "daicho-demo";
/// For how long a token counts, in seconds: as long as servers take one where nobody says otherwise.
pub const TOKEN_SECONDS: i64 = 24 * 60 * 60;
/// Which client they are given to.
const CLIENT: &str = "daicho-cli";
/// The one algorithm that tokens are signed with.
const ALGORITHM: &str = "EdDSA";
/// Bytes of a key file at most: ten times what one has.
const KEY_BYTES_MAX: u64 = 4_096;

const KEY: &str = "issuer.jwk";
const PUBLIC_KEYS: &str = "jwks.json";
const SETTINGS: &str = "daicho.toml";
const TOKENS: &str = "tokens";

/// The identity provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFault {
    /// A file of it cannot be read or written.
    #[error("`{}` cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of the key holds something else, or is cut off. It is left as it is.
    #[error("`{}` does not hold the key of an identity provider", path.display())]
    Key {
        /// Where it is.
        path: PathBuf,
    },
    /// Settings are text, and the path is none.
    #[error("settings cannot name `{}`: it is not UTF-8", path.display())]
    Path {
        /// Which path.
        path: PathBuf,
    },
}

/// An identity provider, open.
pub struct IdentityProvider {
    folder: PathBuf,
    key: SigningKey,
    /// What the key is called: its thumbprint (RFC 7638).
    id: String,
}

/// A private key as it is stored. What it borrows is cleared by whoever read it.
#[derive(Deserialize)]
struct StoredKey<'a> {
    kty: &'a str,
    crv: &'a str,
    d: &'a str,
    x: &'a str,
}

impl IdentityProvider {
    /// Opens the one in `folder`, or makes it. Writes what a server has to read. Blocks.
    pub fn open(folder: &Path) -> Result<Self, ProviderFault> {
        durable::make_private_folder(folder).map_err(file_fault(folder))?;
        let path = folder.join(KEY);
        let key = match read_key(&path)? {
            Some(key) => key,
            None => make_key(&path)?,
        };
        let id = thumbprint(&key);
        let provider = Self {
            folder: folder.to_owned(),
            key,
            id,
        };
        let public = json!({ "keys": [provider.public_key()] }).to_string();
        write(&folder.join(PUBLIC_KEYS), &public, Access::Shared)?;
        write(
            &provider.settings(),
            &provider.settings_text()?,
            Access::Shared,
        )?;
        Ok(provider)
    }

    /// The settings file for a server that takes these tokens.
    pub fn settings(&self) -> PathBuf {
        self.folder.join(SETTINGS)
    }

    /// The folder of the tokens that [`IdentityProvider::issue`] writes.
    pub fn tokens(&self) -> PathBuf {
        self.folder.join(TOKENS)
    }

    /// An access token of `subject` that counts for a day from `now`: the machine's time, which is what servers judge tokens
    /// by, whatever the clock of a ledger shows.
    pub fn token(&self, subject: &Name, now: Timestamp) -> Zeroizing<String> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": ALGORITHM, "typ": "at+jwt", "kid": self.id });
        let issued = now.as_second();
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject.as_str(),
            "client_id": CLIENT,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": clock::new_random_id().to_string(),
        });
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(message.as_bytes()).to_bytes();
        Zeroizing::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Writes a new token for each of `subjects`, the first [`token_folder::TOKENS_MAX`] of them, and takes those of
    /// everybody else away. Somebody whose name no file can bear gets none. How many there are. Blocks.
    pub fn issue<'a>(
        &self,
        subjects: impl IntoIterator<Item = &'a Name>,
        now: Timestamp,
    ) -> Result<usize, ProviderFault> {
        let folder = self.tokens();
        durable::make_private_folder(&folder).map_err(file_fault(&folder))?;
        let mut written = BTreeSet::new();
        for subject in subjects.into_iter().take(token_folder::TOKENS_MAX) {
            let Some(name) = token_folder::file_name(subject.as_str()) else {
                continue;
            };
            let token = self.token(subject, now);
            let line = Zeroizing::new(format!("{}\n", token.as_str()));
            write(&folder.join(&name), &line, Access::Private)?;
            written.extend(token_folder::subject(&name));
        }
        take_away_others(&folder, &written).map_err(file_fault(&folder))?;
        Ok(written.len())
    }

    /// Writes by which seats the tokens can be picked. Blocks.
    pub fn tell_seats(&self, seats: &Seats) -> Result<(), ProviderFault> {
        let text = format!("{}\n", json!(seats));
        write(
            &self.tokens().join(token_folder::SEATS),
            &text,
            Access::Private,
        )
    }

    fn public_key(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": self.id,
            "use": "sig",
            "alg": ALGORITHM,
            "x": public_part(&self.key),
        })
    }

    fn settings_text(&self) -> Result<String, ProviderFault> {
        let path = self.folder.join(PUBLIC_KEYS);
        let path = std::path::absolute(&path).map_err(file_fault(&path))?;
        let Some(jwks) = path.to_str() else {
            return Err(ProviderFault::Path { path });
        };
        let mut issuer = toml::Table::new();
        for (key, text) in [("issuer", ISSUER), ("audience", AUDIENCE), ("jwks", jwks)] {
            issuer.insert(key.to_owned(), text.into());
        }
        issuer.insert("algorithms".to_owned(), vec![ALGORITHM].into());
        issuer.insert("only_at_jwt".to_owned(), true.into());
        issuer.insert("max_age_seconds".to_owned(), TOKEN_SECONDS.into());
        let mut settings = toml::Table::new();
        settings.insert("auth".to_owned(), "required".into());
        settings.insert("oidc".to_owned(), vec![issuer].into());
        Ok(format!(
            "# Written anew at each start of `daicho demo --sign-in`.\n{settings}"
        ))
    }
}

/// The public half of a key, as JWKs write it.
fn public_part(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes())
}

/// RFC 7638: the required members of the public key in the order of their names, hashed.
fn thumbprint(key: &SigningKey) -> String {
    let members = format!(
        r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
        public_part(key)
    );
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// Draws a key and stores it.
fn make_key(path: &Path) -> Result<SigningKey, ProviderFault> {
    let seed = Zeroizing::new(clock::random_bytes::<32>());
    let key = SigningKey::from_bytes(&seed);
    let d = Zeroizing::new(URL_SAFE_NO_PAD.encode(seed.as_slice()));
    let stored = Zeroizing::new(format!(
        r#"{{"kty":"OKP","crv":"Ed25519","kid":"{}","x":"{}","d":"{}"}}"#,
        thumbprint(&key),
        public_part(&key),
        d.as_str(),
    ));
    write(path, &stored, Access::Private)?;
    Ok(key)
}

/// The key that is stored; `None` where there is no file.
fn read_key(path: &Path) -> Result<Option<SigningKey>, ProviderFault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_fault(path)(error)),
    };
    let mut text = Zeroizing::new(Vec::new());
    let read = file.take(KEY_BYTES_MAX + 1).read_to_end(&mut text);
    read.map_err(file_fault(path))?;
    let no_key = || ProviderFault::Key {
        path: path.to_owned(),
    };
    let stored: StoredKey<'_> = serde_json::from_slice(&text).map_err(|_| no_key())?;
    let mut seed = Zeroizing::new([0; 32]);
    let decoded = URL_SAFE_NO_PAD.decode_slice(stored.d, seed.as_mut_slice());
    if decoded != Ok(32) || (stored.kty, stored.crv) != ("OKP", "Ed25519") {
        return Err(no_key());
    }
    let key = SigningKey::from_bytes(&seed);
    match public_part(&key) == stored.x {
        true => Ok(Some(key)),
        false => Err(no_key()),
    }
}

/// Takes away the tokens of those who are not among `subjects`, and every draft of one, for none is being written. What is
/// called like nobody's token stays.
fn take_away_others(folder: &Path, subjects: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let drafted = name.strip_suffix(DRAFT).and_then(token_folder::subject);
        let is_over = match token_folder::subject(name) {
            Some(subject) => !subjects.contains(&subject),
            None => drafted.is_some(),
        };
        if is_over && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    durable::sync_folder(folder)
}

fn write(path: &Path, text: &str, access: Access) -> Result<(), ProviderFault> {
    durable::replace(path, text.as_bytes(), access).map_err(file_fault(path))
}

fn file_fault(path: &Path) -> impl FnOnce(io::Error) -> ProviderFault {
    let path = path.to_owned();
    |source| ProviderFault::File { path, source }
}

#[cfg(test)]
mod tests;
