//! What a ledger proves: checkpoints that it signs of itself, and proofs that lead to them.
//!
//! ```text
//! key_file     the private keys of each ledger, the first made at first use
//! key_lock     what encrypts them and opens them
//! keyring      which keys are in force, by what the ledger's events say
//! rotation     announces keys, retires and disowns them
//! bundle       the whole ledger as files, and the verifying of them
//! policy       whom an auditor believes, as a file to begin with
//! store        the verifying of a data folder, both copies
//! publisher    signs checkpoints, keeps them in the log, then tells of them
//! stream       all events of one stream, with what shows that there are no others
//! cosigning    adds what witnesses signed to a checkpoint that is kept
//! ```
//! A checkpoint is signed of what is durable, is made durable itself, and only then is it shown to
//! anybody. So a size that was signed and seen is never lost by a crash; and the next open refuses a
//! history that does not reach it, or reaches it with another root.

pub mod bundle;
mod cosigning;
pub(crate) mod history;
mod in_order;
pub mod key_file;
pub mod key_lock;
mod keyring;
pub mod policy;
mod publisher;
mod rotation;
pub mod store;
pub mod stream;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::domain::id::LedgerId;
use crate::evidence::EvidenceFault;
use crate::ledger::{Ledgers, ReadFault, Reader};
use crate::log::LogFault;
use crate::merkle::{
    InvalidCheckpoint, InvalidKeyName, InvalidProofFile, SignedCheckpoint, UnsignedCheckpoint,
    VerifierKey,
};

/// An event from the bytes that were hashed, for whoever holds a proof of them and no ledger.
pub use crate::log::codec::{DecodeError as InvalidLeaf, decode as read_leaf};
pub use cosigning::{COSIGNATURES_MAX, Cosigned, NotCosigned};
pub use key_file::{KeyFault, KeyFolder};
pub use key_lock::{InvalidKeyLock, KeyLock, KeyLockFile};
pub use keyring::{KEYS_IN_FORCE_MAX, KeyState};
pub(crate) use publisher::files as checkpoint_files;
pub use publisher::{Publisher, floors, last_checkpoint_file};
pub use rotation::{KeyChange, KeyChanged, KeyRequest, KeyUnchanged};

/// Draws the seed of a new key.
pub type Seed = fn() -> [u8; 32];

/// Why there is no checkpoint or proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    /// The ledger's origin cannot be the name of a key.
    #[error("the origin of the ledger cannot be signed for")]
    Origin(#[from] InvalidKeyName),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The checkpoint could not be kept; nobody has seen it.
    #[error("the checkpoint could not be kept")]
    Log(#[from] LogFault),
    /// The key did not sign.
    #[error(transparent)]
    Unsigned(#[from] UnsignedCheckpoint),
    /// A kept checkpoint cannot be read.
    #[error("a kept checkpoint cannot be read")]
    Kept(#[from] InvalidCheckpoint),
    /// The proof cannot be put into a file.
    #[error("the proof cannot be written")]
    ProofFile(#[from] InvalidProofFile),
    /// A bundle of it would have too many files.
    #[error(
        "a bundle of it would have more than {} files",
        bundle::BUNDLE_FILES_MAX
    )]
    TooManyFiles,
    /// A file of the stream would hold too many events.
    #[error(
        "a file of the stream would hold more than {} events",
        crate::merkle::stream_file::STREAM_EVENTS_MAX
    )]
    TooManyEvents,
    /// What is stored cannot be put into a bundle.
    #[error("the bundle cannot be made: {0}")]
    Bundle(String),
    /// An attached file cannot be put into a bundle.
    #[error(transparent)]
    Evidence(#[from] EvidenceFault),
    /// The file of the last checkpoint could not be written.
    #[error("the file of the last checkpoint could not be written")]
    File(#[source] io::Error),
}

/// The publishers of all ledgers of a data folder.
pub struct Proofs {
    ledgers: Arc<Ledgers>,
    folder: PathBuf,
    keys: KeyFolder,
    seed: Seed,
    witnesses: Arc<[VerifierKey]>,
    publishers: Mutex<HashMap<LedgerId, Arc<Publisher>>>,
    /// Held while a publisher is opened: two would make two keys of a ledger that has none yet.
    opening: tokio::sync::Mutex<()>,
    /// Who signs for which ledgers as they grow.
    following: Mutex<HashMap<LedgerId, JoinHandle<()>>>,
}

impl Proofs {
    /// The shortest time between two checkpoints of a ledger that nobody asked for.
    pub const PERIOD: Duration = Duration::from_secs(1);

    /// How often is tried at least to sign again where that cannot be done.
    const PERIOD_AGAIN_MAX: Duration = Duration::from_secs(60);

    /// Proofs for `ledgers`, with keys and last checkpoints as files in `folder`. A ledger that has no
    /// key yet gets one, from what `seed` draws, when it is first signed for.
    pub fn new(ledgers: Arc<Ledgers>, folder: &Path, seed: Seed) -> Self {
        Self {
            ledgers,
            folder: folder.to_owned(),
            keys: KeyFolder::new(folder, KeyLock::default()),
            seed,
            witnesses: Arc::default(),
            publishers: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            following: Mutex::default(),
        }
    }

    /// Takes the cosignatures of these witnesses.
    #[must_use]
    pub fn witnessed_by(mut self, witnesses: Vec<VerifierKey>) -> Self {
        self.witnesses = witnesses.into();
        self
    }

    /// Encrypts new keys with `lock`, and opens encrypted ones.
    #[must_use]
    pub fn locked_by(mut self, lock: KeyLock) -> Self {
        self.keys = KeyFolder::new(&self.folder, lock);
        self
    }

    /// The publisher of a ledger. Reads its keys, or makes the first.
    pub async fn of(self: &Arc<Self>, reader: &Arc<Reader>) -> Result<Arc<Publisher>, ProofFault> {
        if let Some(known) = self.known(reader) {
            return Ok(known);
        }
        // In a task of its own: whoever waits may go, and must not leave a key that is still being made to whoever comes next,
        // who would make another.
        let (proofs, reader) = (self.clone(), reader.clone());
        let opening = tokio::spawn(async move { proofs.open(reader).await });
        opening
            .await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(ended) => Err(ProofFault::File(std::io::Error::other(ended))),
            })
    }

    fn known(&self, reader: &Reader) -> Option<Arc<Publisher>> {
        locked(&self.publishers).get(&reader.id()).cloned()
    }

    async fn open(&self, reader: Arc<Reader>) -> Result<Arc<Publisher>, ProofFault> {
        let _one_at_a_time = self.opening.lock().await;
        if let Some(known) = self.known(&reader) {
            return Ok(known);
        }
        let (id, folder, keys) = (reader.id(), &self.folder, self.keys.clone());
        let (seed, witnesses) = (self.seed, self.witnesses.clone());
        let opened = Publisher::open(folder, keys, reader, seed, witnesses).await?;
        let opened = Arc::new(opened);
        locked(&self.publishers).insert(id, opened.clone());
        Ok(opened)
    }

    /// Signs for every ledger as it grows, until `closing` becomes true; then once more what is new.
    pub fn follow_all(self: &Arc<Self>, closing: &watch::Receiver<bool>) {
        for reader in self.ledgers.list() {
            self.follow(reader, closing.clone());
        }
    }

    /// As [`Proofs::follow_all`], for one ledger; nothing for one that is followed already.
    pub fn follow(self: &Arc<Self>, reader: Arc<Reader>, closing: watch::Receiver<bool>) {
        let (proofs, id) = (self.clone(), reader.id());
        let mut following = locked(&self.following);
        if following.contains_key(&id) {
            return;
        }
        let task = tokio::spawn(async move {
            let mut closing = closing;
            let mut pause = Self::PERIOD;
            loop {
                match proofs.of(&reader).await {
                    Ok(publisher) => return publisher.follow(Self::PERIOD, closing).await,
                    Err(error) => tracing::error!(
                        ledger = %reader.id(),
                        error = &error as &dyn std::error::Error,
                        "no checkpoint of this ledger is signed until that is mended"
                    ),
                }
                // The file of a key may be put back. An encrypted one takes a second to try.
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = closing.wait_for(|closing| *closing) => return,
                }
                pause = Self::PERIOD_AGAIN_MAX.min(2 * pause);
            }
        });
        following.insert(id, task);
    }

    /// Waits until everything that follows has signed what is new and ended.
    pub async fn finished(&self) {
        let following = std::mem::take(&mut *locked(&self.following));
        for task in following.into_values() {
            if task.await.is_err() {
                tracing::error!("signing panicked");
            }
        }
    }
}

/// Whether the keys of a ledger that are in force can sign. Makes none.
pub fn can_sign(keys: KeyFolder, reader: &Reader) -> bool {
    let directory = reader.view().directory;
    let opened = keyring::Keyring::look(keys, reader.id(), &directory);
    opened.is_ok_and(|keyring| {
        let signers = keyring.signers(&directory);
        signers.is_ok_and(|signers| !signers.is_empty())
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is signed, with the bytes as they are kept.
pub type Published = Arc<SignedCheckpoint>;
