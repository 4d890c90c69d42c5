//! What encrypts key files and opens them: the format of age (age-encryption.org/v1), to an identity or with a
//! passphrase. Any age tool opens such a file too.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use zeroize::Zeroizing;

/// Bytes of a file with an identity or a passphrase at most.
pub const LOCK_BYTES_MAX: usize = 16_384;
/// Bytes of a key file at most, encrypted or not.
pub const KEY_BYTES_MAX: usize = 16_384;
/// Characters of a passphrase at least: it is read from a file, so nobody has to type it.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// Work to open what is encrypted with a passphrase, as a power of two: 256 MiB of memory and about a second, but in unit
/// tests, which are not optimised.
const WORK: u8 = if cfg!(test) { 4 } else { 18 };
/// The most work that a file may ask for: 512 MiB. One that asks for more was not written here.
const WORK_MAX: u8 = 19;

/// What encrypts and opens key files.
#[derive(Clone, Default)]
pub enum KeyLock {
    /// Nothing: keys are files that their owner reads.
    #[default]
    Open,
    /// An age identity, `AGE-SECRET-KEY-1…`.
    Identity(Arc<x25519::Identity>),
    /// A passphrase.
    Passphrase(Arc<Zeroizing<String>>),
}

/// Where the secret of a [`KeyLock`] is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyLockFile {
    /// A file with one age identity; lines that begin with `#` are passed over.
    Identity(PathBuf),
    /// A file with a passphrase on its first line.
    Passphrase(PathBuf),
}

/// The secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeyLock {
    /// The file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not hold one identity.
    #[error("`{}` does not hold one age identity (`AGE-SECRET-KEY-1…`)", path.display())]
    Identity {
        /// Which file.
        path: PathBuf,
    },
    /// Its first line is no passphrase.
    #[error(
        "the first line of `{}` is no passphrase of at least {PASSPHRASE_CHARS_MIN} characters",
        path.display()
    )]
    Passphrase {
        /// Which file.
        path: PathBuf,
    },
}

/// A key file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// There is nothing to open it with.
    #[error("it is encrypted, and neither `key_identity` nor `key_passphrase_file` is set")]
    NoLock,
    /// What there is does not open it.
    #[error(
        "it is encrypted to another identity, or with another passphrase, than the one that is set"
    )]
    OtherLock,
    /// It asks for more work than is done for a key.
    #[error("to open it would take 2^{asked} rounds of scrypt; at most 2^{WORK_MAX} are done")]
    TooMuchWork {
        /// The power of two that it asks for.
        asked: u8,
    },
    /// It is no age file, or was altered.
    #[error("it is no whole age file")]
    Damaged,
}

impl KeyLock {
    /// Reads the secret; nothing: keys are not encrypted.
    pub fn read(file: Option<&KeyLockFile>) -> Result<Self, InvalidKeyLock> {
        match file {
            None => Ok(Self::Open),
            Some(KeyLockFile::Identity(path)) => {
                let text = secret(path)?;
                let lines = text.lines().map(str::trim);
                let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                let identity = match (lines.next(), lines.next()) {
                    (Some(only), None) => only.parse().ok(),
                    _ => None,
                };
                let path = path.clone();
                let identity = identity.ok_or(InvalidKeyLock::Identity { path })?;
                Ok(Self::Identity(Arc::new(identity)))
            }
            Some(KeyLockFile::Passphrase(path)) => {
                let text = secret(path)?;
                let line = text.lines().next().unwrap_or_default();
                if line.chars().count() < PASSPHRASE_CHARS_MIN || line.contains(char::is_control) {
                    let path = path.clone();
                    return Err(InvalidKeyLock::Passphrase { path });
                }
                Ok(Self::Passphrase(Arc::new(Zeroizing::new(line.to_owned()))))
            }
        }
    }

    /// Whether new keys are encrypted.
    pub fn is_closed(&self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Encrypts a key; `None` where keys are not encrypted.
    pub(super) fn close(&self, plain: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let encryptor = match self {
            Self::Open => return Ok(None),
            Self::Identity(identity) => {
                let recipient = identity.to_public();
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            }
            Self::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(shared(passphrase));
                recipient.set_work_factor(WORK);
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            }
        };
        let encryptor = encryptor.map_err(|_| io::Error::other("the key was not encrypted"))?;
        let mut bytes = Vec::new();
        let mut writer = encryptor.wrap_output(&mut bytes)?;
        writer.write_all(plain)?;
        writer.finish()?;
        Ok(Some(bytes))
    }

    /// Opens an encrypted key.
    pub(super) fn open(&self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let decryptor = Decryptor::new_buffered(bytes).map_err(|_| NotOpened::Damaged)?;
        let passphrase;
        let identity: &dyn age::Identity = match self {
            Self::Open => return Err(NotOpened::NoLock),
            Self::Identity(identity) => identity.as_ref(),
            Self::Passphrase(secret) => {
                let mut identity = scrypt::Identity::new(shared(secret));
                identity.set_max_work_factor(WORK_MAX);
                passphrase = identity;
                &passphrase
            }
        };
        let opened = decryptor.decrypt(std::iter::once(identity));
        let opened = opened.map_err(|error| match error {
            DecryptError::ExcessiveWork { required, .. } => {
                NotOpened::TooMuchWork { asked: required }
            }
            DecryptError::NoMatchingKeys
            | DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed => NotOpened::OtherLock,
            _ => NotOpened::Damaged,
        })?;
        // Never grown, so that no copy of the key is left behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(KEY_BYTES_MAX + 1));
        let read = opened
            .take(KEY_BYTES_MAX as u64 + 1)
            .read_to_end(&mut plain);
        match read {
            Ok(bytes) if bytes <= KEY_BYTES_MAX => Ok(plain),
            _ => Err(NotOpened::Damaged),
        }
    }
}

impl fmt::Debug for KeyLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "KeyLock::Open",
            Self::Identity(_) => "KeyLock::Identity",
            Self::Passphrase(_) => "KeyLock::Passphrase",
        })
    }
}

fn shared(passphrase: &Zeroizing<String>) -> SecretString {
    SecretString::from(passphrase.as_str().to_owned())
}

/// The text of a file with a secret.
fn secret(path: &Path) -> Result<Zeroizing<String>, InvalidKeyLock> {
    let read = || {
        let file = File::open(path)?;
        let mut text = Zeroizing::new(String::with_capacity(LOCK_BYTES_MAX + 1));
        file.take(LOCK_BYTES_MAX as u64 + 1)
            .read_to_string(&mut text)?;
        match text.len() <= LOCK_BYTES_MAX {
            true => Ok(text),
            false => Err(io::Error::other(format!(
                "longer than {LOCK_BYTES_MAX} bytes"
            ))),
        }
    };
    read().map_err(|source| InvalidKeyLock::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> KeyLock {
        KeyLock::Identity(Arc::new(x25519::Identity::generate()))
    }

    fn passphrase(text: &str) -> KeyLock {
        KeyLock::Passphrase(Arc::new(Zeroizing::new(text.to_owned())))
    }

    #[test]
    fn what_closed_a_key_opens_it_and_nothing_else_does() {
        let locks = [
            identity(),
            identity(),
            passphrase("a phrase of words"),
            passphrase("another phrase"),
        ];
        for lock in &locks[..3] {
            let closed = lock.close(b"a key").unwrap().unwrap();
            assert_eq!(lock.open(&closed).unwrap().as_slice(), b"a key");
        }
        let closed = locks[0].close(b"a key").unwrap().unwrap();
        assert!(!closed.windows(5).any(|bytes| bytes == b"a key"));
        for other in &locks[1..3] {
            assert!(matches!(other.open(&closed), Err(NotOpened::OtherLock)));
        }
        assert!(matches!(
            KeyLock::Open.open(&closed),
            Err(NotOpened::NoLock)
        ));
        let closed = locks[2].close(b"a key").unwrap().unwrap();
        assert!(matches!(locks[0].open(&closed), Err(NotOpened::OtherLock)));
        assert!(matches!(locks[3].open(&closed), Err(NotOpened::OtherLock)));
        assert!(KeyLock::Open.close(b"a key").unwrap().is_none());
    }

    #[test]
    fn a_forged_file_takes_neither_hours_nor_gibibytes() {
        let lock = passphrase("a phrase of words");
        let mut recipient =
            scrypt::Recipient::new(SecretString::from("a phrase of words".to_owned()));
        recipient.set_work_factor(2);
        let encryptor =
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        let mut bytes = Vec::new();
        let mut writer = encryptor.unwrap().wrap_output(&mut bytes).unwrap();
        writer.write_all(b"a key").unwrap();
        writer.finish().unwrap();
        assert_eq!(lock.open(&bytes).unwrap().as_slice(), b"a key");
        // The line `-> scrypt <salt> 2`, asking for more.
        let line = bytes.windows(3).position(|bytes| bytes == b" 2\n").unwrap();
        let mut forged = bytes.clone();
        forged.splice(line + 1..line + 2, *b"40");
        let refused = lock.open(&forged).unwrap_err();
        assert!(
            matches!(refused, NotOpened::TooMuchWork { asked: 40 }),
            "{refused:?}"
        );
        for cut in [0, 10, bytes.len() - 1] {
            assert!(matches!(lock.open(&bytes[..cut]), Err(NotOpened::Damaged)));
        }
    }

    #[test]
    fn a_lock_is_one_identity_or_a_long_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let file = match name {
                "identity" => KeyLockFile::Identity(path),
                _ => KeyLockFile::Passphrase(path),
            };
            KeyLock::read(Some(&file))
        };
        let key = x25519::Identity::generate().to_string();
        let key = age::secrecy::ExposeSecret::expose_secret(&key).to_owned();
        let lock = read("identity", &format!("# created\n{key}\n")).unwrap();
        assert_eq!(format!("{lock:?}"), "KeyLock::Identity");
        for wrong in ["", "AGE-SECRET-KEY-1", &format!("{key}\n{key}\n")] {
            assert!(read("identity", wrong).is_err(), "{wrong:?}");
        }
        assert!(read("passphrase", "twelve chars\n").unwrap().is_closed());
        assert!(read("passphrase", "eleven char\n").is_err());
        assert!(read("passphrase", &"a".repeat(LOCK_BYTES_MAX + 1)).is_err());
        assert!(!KeyLock::read(None).unwrap().is_closed());
    }
}
