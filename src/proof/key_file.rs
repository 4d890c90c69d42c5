//! The private key of a ledger: a file in the signed-note convention, readable by its owner only.
//!
//! ```text
//! <data folder>/keys/<ledger id>.skey    PRIVATE+KEY+<origin>+<key id>+<base64>
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::id::LedgerId;
use crate::fault_point::Point;
use crate::merkle::{InvalidKey, KeyName, SignatureType, Signer as _, SigningKey};
use crate::proof::Seed;

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// It cannot be read or written.
    #[error("the key `{}` cannot be used", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not hold a key.
    #[error("`{}` does not hold a private key", path.display())]
    Invalid {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: InvalidKey,
    },
    /// It holds the key of another log.
    #[error("`{}` holds a key of `{found}`, not of `{expected}`", path.display())]
    OtherName {
        /// Where it is.
        path: PathBuf,
        /// Whose key it must be.
        expected: KeyName,
        /// Whose key it is.
        found: KeyName,
    },
}

/// Where the key of `ledger` is.
pub fn path(folder: &Path, ledger: LedgerId) -> PathBuf {
    folder.join("keys").join(format!("{ledger}.skey"))
}

/// Reads the key of `ledger`, whose origin is `name`; where there is none, makes one of what `seed`
/// draws. A key that is damaged is never replaced: whoever trusts it would have to trust another.
pub fn open(
    folder: &Path,
    ledger: LedgerId,
    name: &KeyName,
    seed: Seed,
) -> Result<SigningKey, KeyFault> {
    let path = path(folder, ledger);
    let key = match fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => SigningKey::from_skey(text.trim_end()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let seed = Zeroizing::new(seed());
            let key = SigningKey::from_seed(name.clone(), SignatureType::Ed25519, &seed);
            return match write(&path, &key) {
                Ok(()) => Ok(key),
                Err(source) => Err(KeyFault::File { path, source }),
            };
        }
        Err(source) => return Err(KeyFault::File { path, source }),
    };
    let key = match key {
        Ok(key) => key,
        Err(source) => return Err(KeyFault::Invalid { path, source }),
    };
    if key.key().name() != name {
        return Err(KeyFault::OtherName {
            path,
            expected: name.clone(),
            found: key.key().name().clone(),
        });
    }
    Ok(key)
}

fn write(path: &Path, key: &SigningKey) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(key.to_skey().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    Point::KeyDrafted.pass();
    fs::rename(&draft, path)?;
    Point::KeyNamed.pass();
    // A key that signed and is lost in a power cut would leave its ledger without one.
    fs::File::open(folder)?.sync_all()
}
