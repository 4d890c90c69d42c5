//! A ledger as a folder of files that anybody can verify with no server and nothing of Daicho.
//!
//! ```text
//! manifest.json                    what the bundle is of, and SHA-256 and size of every other file
//! checkpoint                       the signed checkpoint that everything here leads to
//! checkpoints/<size>               every checkpoint kept up to it, as it was signed; 20 digits
//! heads/<size>                     for each recording of stream heads, the rows that it speaks of; 20 digits
//! tile/<L>/<N>[.p/<W>]             hashes of the tree, after C2SP tlog-tiles
//! tile/entries/<N>[.p/<W>]         the events, as they were hashed
//! events.jsonl                     the events for reading, a CloudEvent a line
//! evidence/<sha256>                attached files, on request
//! keys.txt policy.txt              the ledger's keys, and a trust policy to begin with
//! README.txt README.ja.txt …       how to verify it
//! ```
//! [`Export`] makes it from a ledger, a few files in memory at a time. The same size gives the same bytes,
//! as long as no further checkpoint of an earlier size is signed and no signature is added; attached
//! files are those that are there when it is made. [`verify`] goes the other way, from files alone.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::domain::event::Recorded;
use crate::evidence::{EvidenceFault, Named, Reading, Shelf};
use crate::ledger::{ReadFault, Reader};
use crate::log::ReadLimits;
use crate::log::codec::decode;
use crate::merkle::{
    Hash, InvalidEntries, SignedCheckpoint, StreamHead, Tile, TileBuilder, TileContent,
    VerifierKey, encode_entries, leaf_hash,
};
use crate::proof::{KeyState, ProofFault, Publisher, policy};

mod embedded;
pub mod growth;
mod line;
mod manifest;
pub(crate) mod stored;
pub mod verify;

pub use manifest::{InvalidManifest, Listed, Manifest, is_safe_path};

/// Bytes of one piece of a file at most.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Files of a bundle at most, so that their list stays in memory.
pub const BUNDLE_FILES_MAX: usize = 1_000_000;
/// Checkpoints read at a time.
const CHECKPOINTS_READ: usize = 100;

/// The file that lists the others.
pub const MANIFEST: &str = "manifest.json";
/// The file of the signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The folder of kept checkpoints.
const CHECKPOINTS: &str = "checkpoints/";
/// The folder of recorded heads.
const HEADS: &str = "heads/";
/// The file of events for reading.
pub const EVENTS: &str = "events.jsonl";
/// The folder of attached files.
pub const EVIDENCE: &str = "evidence/";

/// Adds what an event's payload says as the API's JSON. Passed in: this module does not know the API.
pub type Payload = fn(&Recorded, &mut Vec<u8>);

/// A part of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// The file, below the bundle's folder, with `/` between folders. All pieces of one file follow each
    /// other.
    pub path: String,
    /// The next bytes of it, at most [`PIECE_BYTES_MAX`].
    pub bytes: Bytes,
}

/// Where the kept checkpoint of `size` is.
fn checkpoint_path(size: u64) -> String {
    format!("{CHECKPOINTS}{size:020}")
}

/// Where the rows of the streams among the first `size` events are.
fn heads_path(size: u64) -> String {
    format!("{HEADS}{size:020}")
}

/// A bundle that is being made.
pub struct Export {
    reader: Arc<Reader>,
    checkpoint: Arc<SignedCheckpoint>,
    manifest: Manifest,
    payload: Payload,
    /// The attached files that are still to come, if they are asked for.
    files: Option<Files>,
    stage: Stage,
    ready: VecDeque<Piece>,
    tiles: TileBuilder,
    /// The file of which pieces are still to come, so far.
    open: Option<(String, u64, Sha256)>,
}

/// What is made next.
enum Stage {
    Beginning,
    Checkpoints {
        from: u64,
    },
    /// Sizes that are still ahead, the next one last.
    Heads {
        sizes: Vec<u64>,
    },
    Entries {
        from: u64,
    },
    Lines {
        from: u64,
    },
    Files,
    Manifest,
    End,
}

/// The attached files that are still to come.
struct Files {
    shelf: Arc<Shelf>,
    named: Named,
    /// The one that is under way.
    open: Option<(String, Reading)>,
}

impl Export {
    /// The bundle of the first `size` events, of which a checkpoint is signed if there is none; with the
    /// files of `shelf` that these events name, if one is given.
    pub async fn new(
        publisher: &Arc<Publisher>,
        size: u64,
        payload: Payload,
        shelf: Option<Arc<Shelf>>,
    ) -> Result<Self, ProofFault> {
        let checkpoint = publisher.checkpoint_at(size).await?;
        let reader = publisher.reader().clone();
        let directory = reader.view().directory;
        let opened = directory.ledger();
        let head = checkpoint.checkpoint().head();
        let manifest = Manifest {
            // What is asked of a size that an earlier generation signed, is as it was then.
            origin: checkpoint.checkpoint().origin().to_owned(),
            ledger: reader.id().to_string(),
            code: opened.map(|l| l.code.to_string()).unwrap_or_default(),
            generation: reader
                .stored(size.saturating_sub(1))
                .await?
                .recorded
                .generation,
            size,
            root: head.root,
            sample: opened.is_some_and(|ledger| ledger.sample),
            files: Vec::new(),
        };
        let mut export = Self {
            reader,
            checkpoint,
            manifest,
            payload,
            files: shelf.map(|shelf| Files {
                named: Named::below(shelf.reader().clone(), size),
                shelf,
                open: None,
            }),
            stage: Stage::Beginning,
            ready: VecDeque::new(),
            tiles: TileBuilder::new(),
            open: None,
        };
        let keys = Keys::of(publisher, &export.checkpoint).await?;
        for (path, bytes) in embedded::FILES {
            export.file((*path).to_owned(), bytes.as_bytes())?;
        }
        export.file("keys.txt".to_owned(), keys.list().as_bytes())?;
        export.file(
            "policy.txt".to_owned(),
            policy::text(&keys.trusted()).as_bytes(),
        )?;
        let note = export.checkpoint.note().to_string();
        export.file(CHECKPOINT.to_owned(), note.as_bytes())?;
        Ok(export)
    }

    /// The next piece, and the rest of the bundle; `None`: it is complete. One that failed is gone: what it lacks is never
    /// taken for its end.
    pub async fn next(mut self) -> Result<Option<(Piece, Self)>, ProofFault> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some((piece, self)));
            }
            if matches!(self.stage, Stage::End) {
                return Ok(None);
            }
            self.advance().await?;
        }
    }

    async fn advance(&mut self) -> Result<(), ProofFault> {
        let size = self.manifest.size;
        self.stage = match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::Beginning => Stage::Checkpoints { from: 1 },
            Stage::Checkpoints { from } => {
                let kept = self.reader.checkpoints(from..=size, CHECKPOINTS_READ);
                let kept = kept.await?;
                for kept in &kept {
                    self.file(checkpoint_path(kept.size), &kept.note)?;
                }
                match kept.last() {
                    Some(last) if last.size < size => Stage::Checkpoints {
                        from: last.size + 1,
                    },
                    _ => Stage::Heads {
                        sizes: self.recorded_heads().await?,
                    },
                }
            }
            Stage::Heads { mut sizes } => match sizes.pop() {
                Some(of) => {
                    let heads = self.reader.stream_heads(of).await?;
                    let rows = heads.rows().iter().flat_map(StreamHead::encode);
                    self.file(heads_path(of), &rows.collect::<Vec<u8>>())?;
                    Stage::Heads { sizes }
                }
                None => Stage::Entries { from: 0 },
            },
            Stage::Entries { from } if from < size => {
                let bundle = self.bundle(from).await?;
                Stage::Entries {
                    from: from + u64::from(bundle.width()),
                }
            }
            Stage::Entries { .. } => {
                self.finish_tiles()?;
                Stage::Lines { from: 0 }
            }
            Stage::Lines { from } if from < size => {
                let chunk = self.reader.read(from, within(size - from)).await?;
                let mut lines = Vec::new();
                for (position, leaf) in chunk.leaves() {
                    let recorded =
                        decode(&leaf).map_err(|source| ReadFault::Decode { position, source })?;
                    let (hash, origin) = (leaf_hash(&leaf), &self.manifest.origin);
                    line::write(&mut lines, origin, &recorded, &hash, self.payload);
                }
                self.more(EVENTS, &lines);
                Stage::Lines { from: chunk.next() }
            }
            Stage::Lines { .. } => {
                self.close()?;
                Stage::Files
            }
            Stage::Files => self.file_or_piece().await?,
            Stage::Manifest => {
                let text = self.manifest.to_text();
                self.pieces(MANIFEST, text.as_bytes());
                Stage::End
            }
            Stage::End => Stage::End,
        };
        Ok(())
    }

    /// Goes on with the attached files: the next piece of one, or the next one.
    async fn file_or_piece(&mut self) -> Result<Stage, ProofFault> {
        let Some(files) = &mut self.files else {
            return Ok(Stage::Manifest);
        };
        if let Some((path, reading)) = files.open.take() {
            match reading.next().await? {
                Some((piece, rest)) => {
                    files.open = Some((path.clone(), rest));
                    self.more(&path, &piece);
                }
                None => self.close()?,
            }
            return Ok(Stage::Files);
        }
        let Some(mention) = files.named.next().await? else {
            return Ok(Stage::Manifest);
        };
        let sha256 = mention.evidence.sha256;
        match files.shelf.read(&sha256).await {
            Ok(reading) => {
                files.open = Some((format!("{EVIDENCE}{}", hex::encode(sha256)), reading));
            }
            // Whoever verifies the bundle is told that it was not handed over, or erased.
            Err(EvidenceFault::Unknown | EvidenceFault::Erased { .. }) => {}
            Err(fault @ EvidenceFault::Altered { .. }) => {
                let fault = &fault as &dyn std::error::Error;
                tracing::error!(error = fault, "an attached file is left out of a bundle");
            }
            Err(fault) => return Err(fault.into()),
        }
        Ok(Stage::Files)
    }

    /// Of which sizes the events here record the heads, descending.
    async fn recorded_heads(&self) -> Result<Vec<u64>, ProofFault> {
        let view = self.reader.view_at(self.manifest.size).await?;
        let sizes: BTreeSet<u64> = view.directory.heads().map(|heads| heads.size).collect();
        Ok(sizes.into_iter().rev().collect())
    }

    /// Makes the entry bundle that begins at `from`, and the tiles that became full by it.
    async fn bundle(&mut self, from: u64) -> Result<Tile, ProofFault> {
        let width = (self.manifest.size - from).min(u64::from(crate::merkle::tile::TILE_WIDTH));
        let mut leaves: Vec<Bytes> = Vec::new();
        while (leaves.len() as u64) < width {
            let read = leaves.len() as u64;
            let chunk = self.reader.read(from + read, within(width - read));
            let chunk = chunk.await?;
            if chunk.count() == 0 {
                return Err(ReadFault::NotReached {
                    position: from + read,
                }
                .into());
            }
            leaves.extend(chunk.leaves().map(|(_, leaf)| leaf));
        }
        let index = from / u64::from(crate::merkle::tile::TILE_WIDTH);
        // At most 256.
        let place = Tile::new(TileContent::Entries, index, leaves.len() as u16)?;
        let bytes = encode_entries(leaves.iter().map(|leaf| leaf.as_ref()))?;
        self.file(place.to_string(), &bytes)?;
        let mut full = Vec::new();
        for leaf in &leaves {
            let told = |tile: Tile, hashes: &[Hash]| full.push((tile, Tile::encode(hashes)));
            self.tiles.push(leaf_hash(leaf), told);
        }
        for (tile, bytes) in full {
            self.file(tile.to_string(), &bytes)?;
        }
        Ok(place)
    }

    fn finish_tiles(&mut self) -> Result<(), ProofFault> {
        let partial = self.tiles.partial();
        let partial: Vec<(String, Vec<u8>)> = partial
            .map(|(tile, hashes)| (tile.to_string(), Tile::encode(hashes)))
            .collect();
        for (path, bytes) in partial {
            self.file(path, &bytes)?;
        }
        Ok(())
    }

    /// A whole file.
    fn file(&mut self, path: String, bytes: &[u8]) -> Result<(), ProofFault> {
        self.more(&path, bytes);
        self.close()
    }

    /// More of a file, the first of it or what follows.
    fn more(&mut self, path: &str, bytes: &[u8]) {
        let (_, length, digest) = self
            .open
            .get_or_insert_with(|| (path.to_owned(), 0, Sha256::new()));
        *length += bytes.len() as u64;
        digest.update(bytes);
        self.pieces(path, bytes);
    }

    /// Lists the file that is complete.
    fn close(&mut self) -> Result<(), ProofFault> {
        let Some((path, bytes, digest)) = self.open.take() else {
            return Ok(());
        };
        if BUNDLE_FILES_MAX <= self.manifest.files.len() {
            return Err(ProofFault::TooManyFiles);
        }
        let sha256 = Hash::new(digest.finalize().into());
        self.manifest.files.push(Listed {
            path,
            bytes,
            sha256,
        });
        Ok(())
    }

    fn pieces(&mut self, path: &str, bytes: &[u8]) {
        self.ready
            .extend(bytes.chunks(PIECE_BYTES_MAX).map(|piece| Piece {
                path: path.to_owned(),
                bytes: Bytes::copy_from_slice(piece),
            }));
    }
}

/// The keys of a ledger as of the size of a checkpoint, each with whether it signed that: so the same size tells the
/// same keys, whatever became of them later.
struct Keys(Vec<(KeyState, bool)>);

impl Keys {
    async fn of(publisher: &Publisher, checkpoint: &SignedCheckpoint) -> Result<Self, ProofFault> {
        let signed = |state: &KeyState| {
            let key = state.key.parse::<VerifierKey>();
            let mut signatures = checkpoint.note().signatures().iter();
            key.is_ok_and(|key| signatures.any(|signature| signature.is_of(&key)))
        };
        let then = publisher
            .keys_at(checkpoint.checkpoint().head().size)
            .await?;
        let later = publisher.keys().into_iter().filter(|state| {
            // A size that was asked for late is signed by the keys of that day.
            signed(state) && !then.iter().any(|known| known.key == state.key)
        });
        let all = then.iter().cloned().chain(later);
        Ok(Self(
            all.map(|state| (state.clone(), signed(&state))).collect(),
        ))
    }

    /// Those that the checkpoint verifies with, and those in force beside them.
    fn trusted(&self) -> Vec<VerifierKey> {
        let trusted = self.0.iter();
        let trusted = trusted.filter(|(state, signed)| *signed || state.is_in_force);
        trusted
            .filter_map(|(state, _)| state.key.parse().ok())
            .collect()
    }

    /// A vkey a line, each with what is known of it on the line before.
    fn list(&self) -> String {
        self.0.iter().map(|(state, _)| state.listed()).collect()
    }
}

/// At most `events`, and no more bytes than are held at a time.
fn within(events: u64) -> ReadLimits {
    ReadLimits {
        max_events: usize::try_from(events).unwrap_or(usize::MAX),
        ..ReadLimits::default()
    }
}

impl From<InvalidEntries> for ProofFault {
    fn from(fault: InvalidEntries) -> Self {
        Self::Bundle(fault.to_string())
    }
}

impl From<crate::merkle::InvalidTile> for ProofFault {
    fn from(fault: crate::merkle::InvalidTile) -> Self {
        Self::Bundle(fault.to_string())
    }
}
