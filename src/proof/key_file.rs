//! The private keys of a data folder: files in the signed-note convention, readable by their owner only.
//!
//! ```text
//! keys/<ledger id>.skey            PRIVATE+KEY+<origin>+<key id>+<base64>: the key that a ledger began with
//!      <ledger id>.<key id>.skey   one that it announced
//!      ….skey.age                  the same, encrypted (`key_lock`); beside it ….vkey, the public key in clear
//!      retired/                    what signs nothing any more, kept for ever
//! ```
//! A key file is made durable before anything depends on it, moved aside when nothing may sign with it any
//! more, and never replaced or deleted.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::id::LedgerId;
use crate::durable::{self, Access, DRAFT, Step, sync_folder};
use crate::fault_point::Point;
use crate::merkle::{InvalidKey, KeyName, Signer as _, SigningKey, VerifierKey};
use crate::proof::key_lock::{KEY_BYTES_MAX, KeyLock, NotOpened};

mod name;

pub use name::Slot;
use name::{CLOSED, PLAIN, PUBLIC, free, slot_of, stem_of, with};

/// Key files of one ledger that are looked at, at most.
pub const KEY_FILES_MAX: usize = 256;

const RETIRED: &str = "retired";

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
    /// It is encrypted and cannot be opened.
    #[error("the key `{}` cannot be opened: {fault}", path.display())]
    Closed {
        /// Where it is.
        path: PathBuf,
        /// Why.
        fault: NotOpened,
    },
    /// It holds a sound key of this log, and not the one that signed what is kept.
    #[error("the key `{}` is not the one that signed the last checkpoint", path.display())]
    Other {
        /// Where it is.
        path: PathBuf,
    },
    /// A key that must sign is not there.
    #[error("the key `{}` is missing, and every checkpoint must be signed with it", path.display())]
    Missing {
        /// Where it must be.
        path: PathBuf,
    },
    /// No key is in force.
    #[error("no key of the ledger is in force")]
    None,
    /// A ledger has more key files than are looked at.
    #[error("more than {KEY_FILES_MAX} key files of one ledger")]
    TooMany,
}

/// A key file as it lies there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyFile {
    /// Which key it is of.
    pub slot: Slot,
    /// Whether it was moved aside.
    pub is_retired: bool,
    /// Whether it is encrypted.
    pub is_closed: bool,
    /// Where it is.
    pub path: PathBuf,
    /// The folder that it is in, and its name without extensions.
    stem: PathBuf,
}

/// The key files of a data folder.
#[derive(Clone, Debug)]
pub struct KeyFolder {
    keys: PathBuf,
    lock: KeyLock,
}

impl KeyFolder {
    /// The key files of the data folder `data`; new ones are encrypted with `lock`, and encrypted ones opened.
    pub fn new(data: &Path, lock: KeyLock) -> Self {
        let keys = data.join("keys");
        Self { keys, lock }
    }

    /// Whether there is a folder for keys at all.
    pub fn is_there(&self) -> bool {
        self.keys.is_dir()
    }

    /// Where the key of `slot` is, if it is not encrypted.
    pub fn path(&self, ledger: LedgerId, slot: Slot) -> PathBuf {
        let name = match slot {
            Slot::First => format!("{ledger}{PLAIN}"),
            Slot::Announced(id) => format!("{ledger}.{id}{PLAIN}"),
        };
        self.keys.join(name)
    }

    /// Every key file of `ledger`: those in use first, then those moved aside, by slot.
    pub fn files(&self, ledger: LedgerId) -> Result<Vec<KeyFile>, KeyFault> {
        let mut found = Vec::new();
        for (folder, is_retired) in [(self.keys.clone(), false), (self.keys.join(RETIRED), true)] {
            let fault = |source| KeyFault::File {
                path: folder.clone(),
                source,
            };
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(fault(error)),
            };
            let mut here = Vec::new();
            for entry in entries {
                let name = entry.map_err(fault)?.file_name();
                let Some(name) = name.to_str() else { continue };
                let stem = name.strip_suffix(CLOSED).or(name.strip_suffix(PLAIN));
                let Some(stem) = stem else { continue };
                let Some(slot) = slot_of(stem, ledger) else {
                    continue;
                };
                if !is_retired && KEY_FILES_MAX <= here.len() {
                    return Err(KeyFault::TooMany);
                }
                here.push(KeyFile {
                    slot,
                    is_retired,
                    is_closed: name.ends_with(CLOSED),
                    path: folder.join(name),
                    stem: folder.join(stem),
                });
            }
            here.sort_by_key(|file| (file.slot, file.is_closed));
            found.extend(here);
        }
        Ok(found)
    }

    /// The ledgers that have key files here.
    pub fn ledgers(&self) -> io::Result<Vec<LedgerId>> {
        let entries = match fs::read_dir(&self.keys) {
            Ok(entries) => entries,
            // What is no folder at all, the log tells of when it is opened.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.split('.').next());
            found.extend(id.and_then(|id| id.parse::<LedgerId>().ok()));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Tells of an encrypted key in use that cannot be opened; of others nothing is said.
    pub fn check(&self) -> Result<(), KeyFault> {
        let fault = |source| KeyFault::File {
            path: self.keys.clone(),
            source,
        };
        for ledger in self.ledgers().map_err(fault)? {
            let files = self.files(ledger)?;
            for file in files
                .iter()
                .filter(|file| file.is_closed && !file.is_retired)
            {
                if let Err(fault @ KeyFault::Closed { .. }) = self.read(file) {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// The key in use of `slot`, if there is a file. One that is damaged is never replaced: whoever trusts it would
    /// have to trust another.
    pub fn find(
        &self,
        ledger: LedgerId,
        slot: Slot,
        name: &KeyName,
    ) -> Result<Option<SigningKey>, KeyFault> {
        let files = self.files(ledger)?;
        // A plain file beside an encrypted one is what an encrypting that broke off left.
        let found = files.iter().rev();
        let mut found = found.filter(|file| file.slot == slot && !file.is_retired);
        let Some(file) = found.next() else {
            return Ok(None);
        };
        let key = self.read(file)?;
        match key.key().name() == name {
            true => Ok(Some(key)),
            false => Err(KeyFault::OtherName {
                path: file.path.clone(),
                expected: name.clone(),
                found: key.key().name().clone(),
            }),
        }
    }

    /// The key in a file.
    pub fn read(&self, file: &KeyFile) -> Result<SigningKey, KeyFault> {
        let path = || file.path.clone();
        let fault = |source| KeyFault::File {
            path: path(),
            source,
        };
        let bytes = read_bytes(&file.path).map_err(fault)?;
        if !file.is_closed && is_open_to_others(&file.path) {
            tracing::warn!(
                key = %file.path.display(),
                "others than the server's user may read the key or write it: chmod 600, and see whether somebody has"
            );
        }
        let plain = match file.is_closed {
            false => bytes,
            true => self.lock.open(&bytes).map_err(|fault| KeyFault::Closed {
                path: path(),
                fault,
            })?,
        };
        let not_utf8 = |_| fault(io::Error::from(io::ErrorKind::InvalidData));
        let text = std::str::from_utf8(&plain).map_err(not_utf8)?;
        SigningKey::from_skey(text.trim_end()).map_err(|source| KeyFault::Invalid {
            path: path(),
            source,
        })
    }

    /// The public key of a file: what stands beside an encrypted one in clear, without opening that.
    pub fn public(&self, file: &KeyFile) -> Result<VerifierKey, KeyFault> {
        if file.is_closed {
            let beside = with(&file.stem, PUBLIC);
            let text = durable::read_text_up_to(&beside, KEY_BYTES_MAX as u64).ok();
            if let Some(key) = text.and_then(|text| text.trim_end().parse().ok()) {
                return Ok(key);
            }
        }
        Ok(self.read(file)?.key().clone())
    }

    /// Writes a key, encrypted where there is a lock: durable when it returns.
    pub fn add(&self, ledger: LedgerId, slot: Slot, key: &SigningKey) -> Result<(), KeyFault> {
        let path = self.path(ledger, slot);
        let stem = stem_of(&path);
        self.write(&stem, key)
            .map_err(|source| KeyFault::File { path, source })
    }

    /// Removes what a crash left of keys that were being written. A key that ever signed lies beside its draft.
    pub(super) fn sweep(&self, ledger: LedgerId) -> Result<(), KeyFault> {
        let of_ledger = ledger.to_string();
        let swept = |folder: &Path| {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let is_draft = name
                    .to_str()
                    .is_some_and(|name| name.starts_with(&of_ledger) && name.ends_with(DRAFT));
                if is_draft {
                    self.remove(&entry.path())?;
                }
            }
            Ok::<_, io::Error>(())
        };
        // Retired ones are encrypted and decrypted too.
        for folder in [self.keys.clone(), self.keys.join(RETIRED)] {
            match swept(&folder) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(KeyFault::File {
                        path: folder,
                        source,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Moves the files of a key aside: nothing signs with it any more.
    pub fn retire(&self, ledger: LedgerId, slot: Slot) -> Result<(), KeyFault> {
        let files = self.files(ledger)?;
        let of_key = |file: &&KeyFile| file.slot == slot && !file.is_retired;
        files
            .iter()
            .filter(of_key)
            .try_for_each(|file| self.set_aside(file))
    }

    /// Moves one file aside, with the public key that lies beside an encrypted one. Nothing is written over.
    pub(super) fn set_aside(&self, file: &KeyFile) -> Result<(), KeyFault> {
        let retired = self.keys.join(RETIRED);
        let moved = || {
            durable::make_folder(&retired)?;
            let stem = file.stem.file_name().unwrap_or_default();
            let stem = free(&retired.join(stem));
            let public = with(&file.stem, PUBLIC);
            if file.is_closed && public.exists() {
                fs::rename(&public, with(&stem, PUBLIC))?;
            }
            let extension = if file.is_closed { CLOSED } else { PLAIN };
            fs::rename(&file.path, with(&stem, extension))?;
            sync_folder(&retired)?;
            sync_folder(&self.keys)
        };
        moved().map_err(|source| KeyFault::File {
            path: file.path.clone(),
            source,
        })
    }

    /// Encrypts a plain key file; the plain one goes when the encrypted one is durable and was opened again.
    pub fn encrypt(&self, file: &KeyFile) -> Result<(), KeyFault> {
        let key = self.read(file)?;
        let fault = |source| KeyFault::File {
            path: file.path.clone(),
            source,
        };
        if !self.lock.is_closed() {
            let path = file.path.clone();
            let fault = NotOpened::NoLock;
            return Err(KeyFault::Closed { path, fault });
        }
        let closed = KeyFile {
            is_closed: true,
            path: with(&file.stem, CLOSED),
            ..file.clone()
        };
        self.check_place(&closed, &key)?;
        self.write(&file.stem, &key).map_err(fault)?;
        self.read(&closed)?;
        self.remove(&file.path).map_err(fault)
    }

    /// Makes an encrypted key file a plain one.
    pub fn decrypt(&self, file: &KeyFile) -> Result<(), KeyFault> {
        let key = self.read(file)?;
        let fault = |source| KeyFault::File {
            path: file.path.clone(),
            source,
        };
        let plain = KeyFile {
            is_closed: false,
            path: with(&file.stem, PLAIN),
            ..file.clone()
        };
        self.check_place(&plain, &key)?;
        write_file(&plain.path, &skey(&key)).map_err(fault)?;
        self.remove(&file.path).map_err(fault)?;
        let public = with(&file.stem, PUBLIC);
        match public.exists() {
            true => self.remove(&public).map_err(fault),
            false => Ok(()),
        }
    }

    /// Refuses to write `key` where another key lies. What a crash left of the same key is written again.
    fn check_place(&self, file: &KeyFile, key: &SigningKey) -> Result<(), KeyFault> {
        if !file.path.exists() || self.read(file)?.key() == key.key() {
            return Ok(());
        }
        Err(KeyFault::File {
            path: file.path.clone(),
            source: io::Error::new(io::ErrorKind::AlreadyExists, "it holds another key"),
        })
    }

    fn write(&self, stem: &Path, key: &SigningKey) -> io::Result<()> {
        let plain = skey(key);
        match self.lock.close(&plain)? {
            None => write_file(&with(stem, PLAIN), &plain),
            Some(closed) => {
                write_file(&with(stem, PUBLIC), format!("{}\n", key.key()).as_bytes())?;
                write_file(&with(stem, CLOSED), &closed)
            }
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        sync_folder(path.parent().unwrap_or(&self.keys))
    }
}

fn skey(key: &SigningKey) -> Zeroizing<Vec<u8>> {
    let text = key.to_skey();
    // Reserved whole, so that no copy of the key is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
    bytes
}

fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES_MAX + 1));
    let file = fs::File::open(path)?;
    file.take(KEY_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() <= KEY_BYTES_MAX {
        true => Ok(bytes),
        false => Err(io::Error::other(format!(
            "longer than {KEY_BYTES_MAX} bytes"
        ))),
    }
}

/// Whether others than the owner of a file may do anything with it.
fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::make_folder(path.parent().unwrap_or(Path::new(".")))?;
    // A key that signed and is lost in a power cut would leave its ledger without one.
    durable::replace_in_steps(path, bytes, Access::Private, |step| match step {
        Step::Drafted => Point::KeyDrafted.pass(),
        Step::Named => Point::KeyNamed.pass(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::SignatureType;
    use crate::proof::key_lock::KeyLockFile;

    fn key(seed: u8) -> SigningKey {
        let name = KeyName::parse("city.example/daicho").unwrap();
        SigningKey::from_seed(name, SignatureType::Ed25519, &[seed; 32])
    }

    fn ledger() -> LedgerId {
        "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()
    }

    fn lock(folder: &Path) -> KeyLock {
        let file = folder.join("passphrase");
        fs::write(&file, "a phrase of words\n").unwrap();
        KeyLock::read(Some(&KeyLockFile::Passphrase(file))).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_key_is_encrypted_and_plain_again_and_never_both_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let plain = KeyFolder::new(folder.path(), KeyLock::Open);
        let closed = KeyFolder::new(folder.path(), lock(folder.path()));
        let (key, name) = (key(1), key(1).key().name().clone());
        plain.add(ledger(), Slot::First, &key).unwrap();
        let keys = folder.path().join("keys");
        let only = |folder: &KeyFolder| folder.files(ledger()).unwrap().remove(0);
        closed.encrypt(&only(&closed)).unwrap();
        let id = ledger();
        assert_eq!(
            names(&keys),
            [format!("{id}.skey.age"), format!("{id}.vkey")]
        );
        let bytes = fs::read(keys.join(format!("{id}.skey.age"))).unwrap();
        assert!(!bytes.windows(7).any(|bytes| bytes == b"PRIVATE"));
        let file = only(&plain);
        assert_eq!(&plain.public(&file).unwrap(), key.key());
        let refused = plain.find(id, Slot::First, &name).unwrap_err();
        assert!(refused.to_string().contains("key_identity"), "{refused}");
        assert!(plain.check().is_err() && closed.check().is_ok());
        let found = closed.find(id, Slot::First, &name).unwrap().unwrap();
        assert_eq!(found.key(), key.key());
        // What an encrypting that broke off left: the encrypted one counts.
        plain.add(id, Slot::First, &super::tests::key(2)).unwrap();
        let found = closed.find(id, Slot::First, &name).unwrap().unwrap();
        assert_eq!(found.key(), key.key());
        fs::remove_file(plain.path(id, Slot::First)).unwrap();
        closed.decrypt(&only(&closed)).unwrap();
        assert_eq!(names(&keys), [format!("{id}.skey")]);
        assert_eq!(
            *skey(&plain.find(id, Slot::First, &name).unwrap().unwrap()),
            *skey(&key)
        );
    }

    #[test]
    fn another_key_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path(), lock(folder.path()));
        keys.add(ledger(), Slot::First, &key(1)).unwrap();
        KeyFolder::new(folder.path(), KeyLock::Open)
            .add(ledger(), Slot::First, &key(2))
            .unwrap();
        let files = keys.files(ledger()).unwrap();
        let plain = files.iter().find(|file| !file.is_closed).unwrap();
        assert!(matches!(
            keys.encrypt(plain),
            Err(KeyFault::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists
        ));
        let closed = files.iter().find(|file| file.is_closed).unwrap();
        assert!(matches!(
            keys.decrypt(closed),
            Err(KeyFault::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists
        ));
        let found = keys.files(ledger()).unwrap();
        let closed = found.iter().find(|file| file.is_closed).unwrap();
        assert_eq!(keys.read(closed).unwrap().key(), key(1).key());
        // Whichever is not the ledger's goes aside alone.
        let plain = found.iter().find(|file| !file.is_closed).unwrap();
        keys.set_aside(plain).unwrap();
        let left = keys.files(ledger()).unwrap();
        let in_use: Vec<_> = left.iter().filter(|file| !file.is_retired).collect();
        assert!(matches!(in_use[..], [file] if file.is_closed));
    }

    #[test]
    fn a_retired_key_is_moved_aside_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path(), KeyLock::Open);
        let slot = Slot::Announced(key(1).key().id());
        for _ in 0..2 {
            keys.add(ledger(), slot, &key(1)).unwrap();
            keys.retire(ledger(), slot).unwrap();
        }
        let name = format!("{}.{slot}.skey", ledger());
        let retired = folder.path().join("keys/retired");
        let again = format!("{}.{slot}.1.skey", ledger());
        let mut there = [name, again];
        there.sort();
        assert_eq!(names(&retired), there);
        let files = keys.files(ledger()).unwrap();
        let retired: Vec<_> = files.iter().filter(|file| file.is_retired).collect();
        assert_eq!(retired.len(), 2, "each of them is still looked at");
        assert!(retired.iter().all(|file| file.slot == slot));
        assert!(
            keys.find(ledger(), slot, key(1).key().name())
                .unwrap()
                .is_none()
        );
    }
}
