//! Signs the checkpoints of one ledger: of its head as it grows, of its closings, and on request.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use crate::domain::directory::Directory;
use crate::domain::id::LedgerId;
use crate::durable::{self, Access, Step};
use crate::fault_point::Point;
use crate::ledger::{ReadFault, Reader};
use crate::log::{DerivedFault, Floor};
use crate::merkle::{
    Checkpoint, Hash, KeyName, ProofFile, SignedCheckpoint, Signer, SigningKey, TileFault,
    TreeHead, Unprovable, VerifierKey, prove_consistency, prove_inclusion,
};
use crate::proof::key_file::{KeyFault, KeyFolder};
use crate::proof::keyring::{KeyState, Keyring};
use crate::proof::{ProofFault, Published, Seed};

/// What signs the checkpoints of one ledger. There must be one only for each.
pub struct Publisher {
    reader: Arc<Reader>,
    origin: KeyName,
    keyring: Arc<Keyring>,
    seed: Seed,
    file: PathBuf,
    pub(super) witnesses: Arc<[VerifierKey]>,
    latest: watch::Sender<Option<Published>>,
    /// Held while a checkpoint is signed, or cosigned, and kept. In it: the one whose file is still to be written, because the
    /// process ended before, or the disk refused it.
    pub(super) signing: Mutex<Option<Published>>,
    /// When one was last signed for those who wait for it. Held while it is, so that they share it.
    covered_at: Mutex<Option<tokio::time::Instant>>,
}

impl Publisher {
    /// The shortest time between two checkpoints that are signed for those who wait for one.
    pub const COVERING_PERIOD: Duration = Duration::from_millis(20);

    pub(super) async fn open(
        folder: &Path,
        keys: KeyFolder,
        reader: Arc<Reader>,
        seed: Seed,
        witnesses: Arc<[VerifierKey]>,
    ) -> Result<Self, ProofFault> {
        let directory = reader.view().directory;
        let origin = directory.origin().map(|origin| origin.as_str());
        let origin = KeyName::parse(origin.unwrap_or_default())?;
        let kept = reader.checkpoint_up_to(u64::MAX).await?;
        let latest = kept.map(|kept| SignedCheckpoint::parse(&kept.note));
        let latest = latest.transpose()?.map(Arc::new);
        let (ledger, last) = (reader.id(), latest.clone());
        let path = file(folder, ledger);
        let in_file = {
            let path = path.clone();
            blocking(move || size_in(&path)).await
        };
        let unpublished = latest
            .clone()
            .filter(|kept| in_file != Some(head(kept).size));
        // What has no file yet is told when it has one: until then the one that is in the file.
        let told = match (&unpublished, in_file) {
            (None, _) => latest,
            (Some(_), None) => None,
            (Some(_), Some(size)) => {
                let kept = reader.checkpoints(size..=size, 1).await?;
                let kept = kept.first().map(|kept| SignedCheckpoint::parse(&kept.note));
                kept.transpose()?.map(Arc::new)
            }
        };
        let keyring = blocking(move || {
            let keyring = Keyring::open(keys, ledger, &directory, seed, last.as_deref())?;
            // What cannot sign is told now.
            keyring.signers(&directory)?;
            Ok::<_, ProofFault>(keyring)
        });
        Ok(Self {
            keyring: Arc::new(keyring.await?),
            seed,
            file: path,
            reader,
            origin,
            witnesses,
            latest: watch::Sender::new(told),
            signing: Mutex::new(unpublished),
            covered_at: Mutex::default(),
        })
    }

    /// The ledger.
    pub fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    /// The name that its checkpoints begin with, and that its key has.
    pub fn origin(&self) -> &KeyName {
        &self.origin
    }

    /// The first of the keys in force. Where no file of one is there, nothing signs, and this fails.
    pub fn verifier_key(&self) -> Result<VerifierKey, ProofFault> {
        let signers = self.signers()?;
        let first = signers.first().map(|signer| signer.key().clone());
        Ok(first.ok_or(KeyFault::None)?)
    }

    /// Every key of the ledger as `directory` has it.
    pub(super) fn keys_of(&self, directory: &Directory) -> Vec<KeyState> {
        self.keyring.states(directory)
    }

    /// Every key of the ledger as of the first `size` events.
    pub(super) async fn keys_at(&self, size: u64) -> Result<Vec<KeyState>, ProofFault> {
        let directory = self.reader.view_at(size).await?.directory;
        Ok(self.keyring.states(&directory))
    }

    /// Makes a key that is to be announced: its file is durable when this returns.
    pub(super) async fn draw_key(&self) -> Result<String, KeyFault> {
        let (keyring, origin, seed) = (self.keyring.clone(), self.origin.clone(), self.seed);
        let drawn = blocking(move || keyring.draw(&origin, seed)).await?;
        Ok(drawn.to_string())
    }

    /// Moves the file of a key aside that signs no more; if that fails, the next start does it.
    pub(super) async fn move_key_aside(&self, key: String) {
        let keyring = self.keyring.clone();
        if let Err(error) = blocking(move || keyring.retire(&key)).await {
            tracing::warn!(
                ledger = %self.reader.id(),
                error = &error as &dyn std::error::Error,
                "the file of a key that signs no more was not moved aside"
            );
        }
    }

    fn signers(&self) -> Result<Vec<Arc<SigningKey>>, KeyFault> {
        self.keyring.signers(&self.reader.view().directory)
    }

    /// The checkpoint of the largest size, if there is one yet.
    pub fn latest(&self) -> Option<Published> {
        self.latest.borrow().clone()
    }

    /// Follows the checkpoint of the largest size.
    pub fn watch(&self) -> watch::Receiver<Option<Published>> {
        self.latest.subscribe()
    }

    /// The checkpoint of the first `size` events: the kept one, or a new one, durable before it is
    /// returned. Of a size that the ledger does not reach there is none.
    pub async fn checkpoint_at(self: &Arc<Self>, size: u64) -> Result<Published, ProofFault> {
        // What is newer than the latest is being published, or could not be.
        if size <= self.latest_size()
            && let Some(kept) = self.kept(size).await?
        {
            return Ok(kept);
        }
        // In a task of its own: whoever waits may go, and the file is written by one at a time to its end.
        let publisher = self.clone();
        let signing = tokio::spawn(async move { publisher.sign_and_publish(size).await });
        signing
            .await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(ended) => Err(ProofFault::File(io::Error::other(ended))),
            })
    }

    async fn sign_and_publish(&self, size: u64) -> Result<Published, ProofFault> {
        let mut unpublished = self.signing.lock().await;
        // The file is never more than one behind.
        if let Some(before) = unpublished.clone() {
            // It may bear cosignatures by now.
            let kept = self.stored(head(&before).size).await?;
            self.publish(&kept.map_or(before, Arc::new)).await?;
            *unpublished = None;
        }
        let signed = match self.kept(size).await? {
            Some(kept) => kept,
            None => self.sign(size).await?,
        };
        if self.latest_size() < size {
            *unpublished = Some(signed.clone());
            self.publish(&signed).await?;
            *unpublished = None;
        }
        Ok(signed)
    }

    /// A checkpoint that covers the first `size` events, which the ledger has: the latest, or a new one of the head. Those
    /// who wait for one at the same time share it, and one follows the other at [`Publisher::COVERING_PERIOD`] at most, so
    /// that asking for many does not make the log sync more often than it would.
    pub async fn covering(self: &Arc<Self>, size: u64) -> Result<Published, ProofFault> {
        let covers = |latest: &Published| size <= head(latest).size;
        if let Some(latest) = self.latest().filter(covers) {
            return Ok(latest);
        }
        let mut before = self.covered_at.lock().await;
        if let Some(latest) = self.latest().filter(covers) {
            return Ok(latest);
        }
        if let Some(before) = *before {
            tokio::time::sleep_until(before + Self::COVERING_PERIOD).await;
        }
        let head = self.reader.view().head.size;
        let covering = self.checkpoint_at(head.max(size)).await?;
        *before = Some(tokio::time::Instant::now());
        Ok(covering)
    }

    /// The proof of the event at `position`, whose bytes are `leaf`, as a file.
    pub fn proof_file(
        &self,
        position: u64,
        leaf: Bytes,
        signed: &SignedCheckpoint,
    ) -> Result<ProofFile, ProofFault> {
        let hashes = self.inclusion(position, head(signed).size)?;
        let file = ProofFile::new(Some(leaf.to_vec()), position, hashes, signed.clone())?;
        Ok(file)
    }

    fn latest_size(&self) -> u64 {
        self.latest().map_or(0, |latest| head(&latest).size)
    }

    async fn kept(&self, size: u64) -> Result<Option<Published>, ProofFault> {
        if let Some(latest) = self.latest().filter(|latest| head(latest).size == size) {
            return Ok(Some(latest));
        }
        Ok(self.stored(size).await?.map(Arc::new))
    }

    /// The checkpoint of `size` as the log has it now.
    pub(super) async fn stored(&self, size: u64) -> Result<Option<SignedCheckpoint>, ProofFault> {
        let kept = self.reader.checkpoints(size..=size, 1).await?;
        let kept = kept.first().map(|kept| SignedCheckpoint::parse(&kept.note));
        Ok(kept.transpose()?)
    }

    /// Signs `size` and keeps that: durable when it returns.
    async fn sign(&self, size: u64) -> Result<Published, ProofFault> {
        let root = self.reader.root_at(size)?;
        let checkpoint = Checkpoint::new(&self.origin, TreeHead { size, root })?;
        let signers = self.signers()?;
        let signers = signers.iter().map(|signer| signer.as_ref() as &dyn Signer);
        // The time is not part of a signature of this type.
        let signed = Arc::new(SignedCheckpoint::sign(checkpoint, signers, 0)?);
        Point::CheckpointSigned.pass();
        self.keep(&signed).await?;
        Point::CheckpointKept.pass();
        Ok(signed)
    }

    /// Keeps a checkpoint: durable when it returns.
    pub(super) async fn keep(&self, signed: &SignedCheckpoint) -> Result<(), ProofFault> {
        let TreeHead { size, root } = head(signed);
        let note = signed.note().to_string().into();
        Ok(self.reader.keep_checkpoint(size, root, note).await?)
    }

    /// Tells of a kept checkpoint that has more signatures than before. Its size was published, so nothing
    /// depends on its file.
    pub(super) async fn republish(&self, signed: &Published) {
        if self.latest_size() != head(signed).size {
            return;
        }
        self.latest.send_replace(Some(signed.clone()));
        if let Err(error) = self.publish(signed).await {
            tracing::warn!(
                ledger = %self.reader.id(),
                error = &error as &dyn std::error::Error,
                "a cosigned checkpoint is not in the file of the last one"
            );
        }
    }

    /// Tells of a kept checkpoint, once its file is written. That lies outside both copies, so that a
    /// folder which was put back whole is told from one that was not.
    async fn publish(&self, signed: &Published) -> Result<(), ProofFault> {
        let (file, note) = (self.file.clone(), signed.note().to_string());
        let written = tokio::task::spawn_blocking(move || write(&file, note.as_bytes())).await;
        written
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(ProofFault::File)?;
        self.latest.send_replace(Some(signed.clone()));
        Point::CheckpointPublished.pass();
        Ok(())
    }

    /// The proof that the event at `position` is among the first `size`.
    pub fn inclusion(&self, position: u64, size: u64) -> Result<Vec<Hash>, ProofFault> {
        let mut nodes = self.reader.nodes(size);
        prove_inclusion(&mut nodes, position, size).map_err(unproven)
    }

    /// The proof that the first `new` events begin with the first `old`, which are at least one.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ProofFault> {
        let mut nodes = self.reader.nodes(new);
        prove_consistency(&mut nodes, old, new).map_err(unproven)
    }

    /// Signs the head whenever it has moved, at most once in `period`, and every closing; until
    /// `closing` becomes true, and then once more what is new. A fault is logged and tried again with the
    /// next event.
    pub(super) async fn follow(
        self: &Arc<Self>,
        period: Duration,
        mut closing: watch::Receiver<bool>,
    ) {
        let mut heads = self.reader.watch();
        let mut closed = BTreeSet::new();
        loop {
            let size = heads.borrow_and_update().size;
            if let Err(error) = self.sign_new(size, &mut closed).await {
                tracing::error!(
                    ledger = %self.reader.id(),
                    error = &error as &dyn std::error::Error,
                    "a checkpoint was not signed"
                );
            }
            // Neither sender goes before the reader and the server do.
            let moved = async {
                let pause = tokio::time::sleep(period);
                let changed = heads.changed();
                let _ = tokio::join!(pause, changed);
            };
            tokio::select! {
                () = moved => {}
                _ = closing.wait_for(|closing| *closing) => break,
            }
        }
        // What was acknowledged may not be shown to readers yet.
        let size = self.reader.caught_up(None).await.size;
        if let Err(error) = self.sign_new(size, &mut closed).await {
            tracing::warn!(
                ledger = %self.reader.id(),
                error = &error as &dyn std::error::Error,
                "the last checkpoint was not signed"
            );
        }
    }

    /// Signs the closings that are recorded in the first `size` events, but for those of `closed`, which were looked at, then `size`.
    async fn sign_new(
        self: &Arc<Self>,
        size: u64,
        closed: &mut BTreeSet<u64>,
    ) -> Result<(), ProofFault> {
        let directory = self.reader.view_at(size).await?.directory;
        let periods = directory.periods();
        let taken = periods.flat_map(|period| period.snapshots.iter().map(|s| s.known_at));
        // They need not be recorded in their order.
        let closings: BTreeSet<u64> = taken.filter(|size| !closed.contains(size)).collect();
        for closing in closings {
            self.checkpoint_at(closing).await?;
            closed.insert(closing);
        }
        if self.latest_size() < size {
            self.checkpoint_at(size).await?;
        }
        Ok(())
    }
}

fn unproven(error: Unprovable<TileFault<DerivedFault>>) -> ProofFault {
    ProofFault::Read(match error {
        Unprovable::Source(fault) => fault.into(),
        other => ReadFault::Index(DerivedFault::Storage(other.to_string())),
    })
}

/// Does what may take a while: an encrypted key takes a second to open.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn head(signed: &SignedCheckpoint) -> TreeHead {
    signed.checkpoint().head()
}

/// The file of the last checkpoint of a ledger in a data folder.
pub fn last_checkpoint_file(folder: &Path, ledger: LedgerId) -> PathBuf {
    file(folder, ledger)
}

/// Where the last checkpoint of `ledger` is.
pub(super) fn file(folder: &Path, ledger: LedgerId) -> PathBuf {
    folder
        .join("checkpoints")
        .join(format!("{ledger}{EXTENSION}"))
}

const EXTENSION: &str = ".checkpoint";

/// The size in the file of the last checkpoint; `None` where there is none that can be read.
fn size_in(path: &Path) -> Option<u64> {
    let note = fs::read(path).ok()?;
    let signed = SignedCheckpoint::parse(&note).ok()?;
    Some(head(&signed).size)
}

fn write(path: &Path, note: &[u8]) -> io::Result<()> {
    durable::make_folder(path.parent().unwrap_or(Path::new(".")))?;
    durable::replace_in_steps(path, note, Access::Shared, |step| match step {
        Step::Drafted => Point::CheckpointDrafted.pass(),
        Step::Named => Point::CheckpointNamed.pass(),
    })
}

/// What the ledgers of a data folder had reached when they were last signed for, by the files of their
/// last checkpoints. A file that cannot be read, or that none of its ledger's own keys has signed, says nothing:
/// the log keeps the checkpoints too, and judges by those.
pub fn floors(folder: &Path, keys: &KeyFolder) -> io::Result<Vec<Floor>> {
    let mut floors = Vec::new();
    for ledger in files(folder)? {
        match floor(folder, keys, ledger) {
            Some(floor) => floors.push(floor),
            None => {
                tracing::warn!(%ledger, "the file of the last checkpoint is damaged and is not used")
            }
        }
    }
    Ok(floors)
}

/// The ledgers of a data folder of which there is a file of the last checkpoint.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<LedgerId>> {
    let files = match fs::read_dir(folder.join("checkpoints")) {
        Ok(files) => files,
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
    let mut ledgers = Vec::new();
    for file in files {
        let name = file?.file_name();
        let ledger = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
        ledgers.extend(ledger.and_then(|id| id.parse::<LedgerId>().ok()));
    }
    Ok(ledgers)
}

fn floor(folder: &Path, keys: &KeyFolder, ledger: LedgerId) -> Option<Floor> {
    let note = fs::read(file(folder, ledger)).ok()?;
    let signed = SignedCheckpoint::parse(&note).ok()?;
    let files = keys.files(ledger).ok()?;
    let keys: Vec<VerifierKey> = files
        .iter()
        .filter_map(|file| keys.public(file).ok())
        .collect();
    signed.note().verify(&keys).ok()?;
    let TreeHead { size, root } = head(&signed);
    Some(Floor { ledger, size, root })
}
