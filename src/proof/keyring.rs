//! The keys that a ledger signs with: those that its events say are in force, never those that files say.
//!
//! The first key of a ledger is not announced in it. It is in force until an event retires it or says that it came to be
//! known to others, and under the ledger's first origin only. Every other key is announced.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::directory::Directory;
use crate::domain::id::LedgerId;
use crate::domain::trust::{LedgerKey, VerifierKey as KeyText};
use crate::merkle::{
    KeyName, SignatureType, SignedCheckpoint, Signer as _, SigningKey, VerifierKey,
};
use crate::proof::key_file::{KeyFault, KeyFile, KeyFolder, Slot};
use crate::proof::{ProofFault, Seed};

/// Keys of a ledger in force at once, at most: each adds a line to every checkpoint.
pub const KEYS_IN_FORCE_MAX: usize = 8;

/// A key of a ledger, and for which sizes it counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyState {
    /// The key, a vkey.
    pub key: String,
    /// Whether checkpoints are signed with it.
    pub is_in_force: bool,
    /// The first size that it signs; `None`: it was there from the beginning.
    pub from_size: Option<u64>,
    /// The last size that it signed, once it is retired.
    pub last_size: Option<u64>,
    /// The last size for which its signature alone is believed, once others came to know it.
    pub last_trusted_size: Option<u64>,
}

impl KeyState {
    /// The key on a line, with what is known of it on the line before.
    pub fn listed(&self) -> String {
        let said = [
            ("from size", self.from_size),
            ("retired after size", self.last_size),
            (
                "known to others, trusted up to size",
                self.last_trusted_size,
            ),
        ];
        let said = said
            .into_iter()
            .filter_map(|(words, size)| size.map(|size| format!("{words} {size}")));
        let said: Vec<String> = said.collect();
        match said.is_empty() {
            true => format!("{}\n", self.key),
            false => format!("# {}\n{}\n", said.join("; "), self.key),
        }
    }
}

/// The keys of one ledger.
pub(super) struct Keyring {
    folder: KeyFolder,
    ledger: LedgerId,
    /// The key that the ledger began with, if that is known.
    first: Option<VerifierKey>,
    /// What is read from files, once.
    read: Mutex<Vec<Arc<SigningKey>>>,
}

impl Keyring {
    /// The keys of `ledger` as `directory` has them. Where it has none and nothing was ever signed (`latest`), makes the first
    /// one of what `seed` draws; where something was, it has to be the one that signed it. Completes what a crash left: files
    /// of keys that sign no more are moved aside.
    pub(super) fn open(
        folder: KeyFolder,
        ledger: LedgerId,
        directory: &Directory,
        seed: Seed,
        latest: Option<&SignedCheckpoint>,
    ) -> Result<Self, ProofFault> {
        let (origin, begun) = origins(directory)?;
        let files = folder.files(ledger)?;
        let of_first = |file: &&KeyFile| file.slot == Slot::First;
        let said = directory.keys().find(|key| {
            key.announced.is_none() && name_of(&key.key).is_some_and(|name| name == begun.as_str())
        });
        let mut first = said.and_then(|key| key.key.as_str().parse().ok());
        if first.is_none() && origin == begun {
            let found = folder.find(ledger, Slot::First, &origin)?;
            let announced = directory.keys().any(|key| key.announced.is_some());
            let key = match found {
                Some(key) => {
                    let mut signed = latest.into_iter();
                    // It has been in force from the first checkpoint on.
                    if !signed.all(|latest| latest.note().verify(&[key.key().clone()]).is_ok()) {
                        let path = folder.path(ledger, Slot::First);
                        return Err(KeyFault::Other { path }.into());
                    }
                    key
                }
                None if latest.is_some() || announced => {
                    let path = folder.path(ledger, Slot::First);
                    return Err(KeyFault::Missing { path }.into());
                }
                None => {
                    let key = drawn(&origin, seed);
                    folder.add(ledger, Slot::First, &key)?;
                    key
                }
            };
            first = Some(key.key().clone());
        } else if first.is_none() {
            let mut files = files.iter().filter(of_first);
            first = files.find_map(|file| folder.public(file).ok());
        }
        let keyring = Self {
            folder,
            ledger,
            first,
            read: Mutex::default(),
        };
        keyring.tidy(directory, &files)?;
        Ok(keyring)
    }

    /// The keys of `ledger` as `directory` has them, without making or moving any.
    pub(super) fn look(
        folder: KeyFolder,
        ledger: LedgerId,
        directory: &Directory,
    ) -> Result<Self, ProofFault> {
        let (origin, begun) = origins(directory)?;
        let said = directory.keys().find(|key| {
            key.announced.is_none() && name_of(&key.key).is_some_and(|name| name == begun.as_str())
        });
        let mut first = said.and_then(|key| key.key.as_str().parse().ok());
        if first.is_none() && origin == begun {
            let found = folder.find(ledger, Slot::First, &origin)?;
            let path = || folder.path(ledger, Slot::First);
            let found = found.ok_or_else(|| KeyFault::Missing { path: path() })?;
            first = Some(found.key().clone());
        }
        Ok(Self {
            folder,
            ledger,
            first,
            read: Mutex::default(),
        })
    }

    /// Every key, those that were there from the beginning first, then in the order of their announcements.
    pub(super) fn states(&self, directory: &Directory) -> Vec<KeyState> {
        let origin = directory.origin();
        let is_of_now = |key: &KeyText| {
            let origin = origin.map(|origin| origin.as_str());
            name_of(key).is_some() && name_of(key) == origin
        };
        let mut said: Vec<&LedgerKey> = directory.keys().collect();
        said.sort_by_key(|key| key.announced.map(|notice| notice.position));
        let mut states: Vec<KeyState> = said
            .into_iter()
            .map(|said| KeyState {
                key: said.key.to_string(),
                is_in_force: said.retired.is_none()
                    && said.compromised.is_none()
                    && is_of_now(&said.key),
                from_size: said.announced.map(|notice| notice.size),
                last_size: said.retired.map(|notice| notice.size),
                last_trusted_size: said.compromised.map(|notice| notice.size),
            })
            .collect();
        if let Some(first) = &self.first
            && let key = first.to_string()
            && !states.iter().any(|state| state.key == key)
        {
            let is_in_force = KeyText::parse(&key).is_ok_and(|key| is_of_now(&key));
            let unsaid = KeyState {
                key,
                is_in_force,
                from_size: None,
                last_size: None,
                last_trusted_size: None,
            };
            states.insert(0, unsaid);
        }
        states
    }

    /// The keys in force, to sign with, in the order of [`Keyring::states`]. None signs if the file of one is missing: a
    /// checkpoint that lacks a signature could not be told from one that somebody else signed.
    pub(super) fn signers(&self, directory: &Directory) -> Result<Vec<Arc<SigningKey>>, KeyFault> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let in_force = self.states(directory).into_iter();
        let in_force = in_force.filter(|state| state.is_in_force);
        let mut signers = Vec::new();
        for state in in_force {
            let known = read.iter().find(|key| key.key().to_string() == state.key);
            if let Some(known) = known {
                signers.push(known.clone());
                continue;
            }
            let slot = self.slot(&state.key);
            let path = || self.folder.path(self.ledger, slot);
            let key: VerifierKey = state.key.parse().map_err(|source| KeyFault::Invalid {
                path: path(),
                source,
            })?;
            let found = self.folder.find(self.ledger, slot, key.name())?;
            let found = found.filter(|found| *found.key() == key);
            let found = Arc::new(found.ok_or_else(|| KeyFault::Missing { path: path() })?);
            read.push(found.clone());
            signers.push(found);
        }
        Ok(signers)
    }

    /// Draws a key for `origin` and writes its file.
    pub(super) fn draw(&self, origin: &KeyName, seed: Seed) -> Result<VerifierKey, KeyFault> {
        let key = drawn(origin, seed);
        let slot = Slot::Announced(key.key().id());
        self.folder.add(self.ledger, slot, &key)?;
        Ok(key.key().clone())
    }

    /// Moves the file of a key aside that signs no more.
    pub(super) fn retire(&self, key: &str) -> Result<(), KeyFault> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.retain(|known| known.key().to_string() != key);
        self.folder.retire(self.ledger, self.slot(key))
    }

    fn slot(&self, key: &str) -> Slot {
        let first = self.first.as_ref().map(ToString::to_string);
        match key.parse::<VerifierKey>() {
            Ok(key) if first.as_deref() != Some(key.to_string().as_str()) => {
                Slot::Announced(key.id())
            }
            _ => Slot::First,
        }
    }

    fn tidy(&self, directory: &Directory, files: &[KeyFile]) -> Result<(), KeyFault> {
        self.folder.sweep(self.ledger)?;
        let states = self.states(directory);
        for file in files.iter().filter(|file| !file.is_retired) {
            // What cannot be read is told when it is to sign.
            let Ok(key) = self.folder.public(file) else {
                continue;
            };
            let key = key.to_string();
            match states.iter().find(|state| state.key == key) {
                Some(state) if state.is_in_force => {}
                Some(_) => self.folder.retire(self.ledger, file.slot)?,
                None => {
                    tracing::warn!(
                        ledger = %self.ledger,
                        key,
                        "a key that was never announced is moved aside"
                    );
                    self.folder.set_aside(file)?;
                }
            }
        }
        Ok(())
    }
}

/// The origin of now, and the one that the ledger began with.
fn origins(directory: &Directory) -> Result<(KeyName, KeyName), ProofFault> {
    let name = |origin: Option<&crate::domain::trust::Origin>| {
        KeyName::parse(origin.map_or("", |origin| origin.origin.as_str()))
    };
    let mut origins = directory.origins();
    let begun = name(origins.next())?;
    let now = origins.next_back();
    let now = match now {
        Some(now) => name(Some(now))?,
        None => begun.clone(),
    };
    Ok((now, begun))
}

fn name_of(key: &KeyText) -> Option<&str> {
    key.as_str().split('+').next()
}

fn drawn(origin: &KeyName, seed: Seed) -> SigningKey {
    let seed = zeroize::Zeroizing::new(seed());
    SigningKey::from_seed(origin.clone(), SignatureType::Ed25519, &seed)
}
