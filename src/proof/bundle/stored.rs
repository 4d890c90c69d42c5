//! A bundle as it lies on disk, for whoever takes events out of it. Nothing is verified of it but that an event is one that the
//! bundle itself lists; parts of it may be damaged or gone.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::verify::{Files, MANIFEST_BYTES_MAX};
use super::{
    BUNDLE_FILES_MAX, CHECKPOINT, CHECKPOINTS, EVIDENCE, InvalidManifest, Manifest, checkpoint_path,
};
use crate::domain::id::LedgerId;
use crate::log::codec::decode;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::tile::TILE_WIDTH;
use crate::merkle::{Hash, SignedCheckpoint, Tile, TileContent, TreeHead, VerifierKey, leaf_hash};

/// Bytes of the list of keys at most.
const KEYS_BYTES_MAX: usize = 1024 * 1024;
/// Events of a bundle at most: it has a file for each 256 of them.
const EVENTS_MAX: u64 = BUNDLE_FILES_MAX as u64 * TILE_WIDTH as u64;

/// A bundle.
#[derive(Debug)]
pub(crate) struct StoredBundle {
    folder: PathBuf,
    size: u64,
    manifest: Option<Manifest>,
    /// Sizes of the checkpoints that lie in it, ascending.
    kept: Vec<u64>,
    /// What cannot be read of it.
    pub(crate) faults: Vec<String>,
}

/// There is nothing in a folder that events could be taken from as from a bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoBundle {
    /// A later version made it.
    #[error("format {0}, which this version does not know")]
    Later(u32),
    /// Neither its manifest nor its checkpoint can be read, or no event says of which ledger it is.
    #[error("{0}")]
    Unreadable(String),
}

impl StoredBundle {
    /// Whether a folder looks like a bundle.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join("tile/entries").is_dir()
    }

    /// The bundle in `folder`, and the ledger that it is of.
    pub(crate) fn open(folder: &Path) -> Result<(LedgerId, Self), NoBundle> {
        let files = Files { folder };
        let mut faults = Vec::new();
        let manifest = match files.read(super::MANIFEST, MANIFEST_BYTES_MAX) {
            Ok(bytes) => match Manifest::parse(&bytes) {
                Ok(manifest) => Some(manifest),
                Err(InvalidManifest::Format(format)) => return Err(NoBundle::Later(format)),
                Err(fault) => {
                    faults.push(format!("{}: {fault}", super::MANIFEST));
                    None
                }
            },
            Err(error) => {
                faults.push(format!("{}: {error}", super::MANIFEST));
                None
            }
        };
        let checkpoint = read_checkpoint(&files, CHECKPOINT);
        if checkpoint.is_none() {
            faults.push(format!("{CHECKPOINT}: it cannot be read"));
        }
        let size = manifest.as_ref().map(|manifest| manifest.size);
        let signed = checkpoint
            .as_ref()
            .map(|signed| signed.checkpoint().head().size);
        let Some(size) = size.or(signed) else {
            return Err(NoBundle::Unreadable(faults.join("; ")));
        };
        let bundle = Self {
            folder: folder.to_owned(),
            size: size.min(EVENTS_MAX),
            kept: kept_sizes(folder),
            manifest,
            faults,
        };
        let said = bundle.manifest.as_ref();
        let said = said.and_then(|manifest| manifest.ledger.parse().ok());
        let ledger = said.or_else(|| bundle.ledger_of_events());
        let ledger = ledger.ok_or_else(|| {
            let why = "nothing in it says of which ledger it is".to_owned();
            NoBundle::Unreadable(why)
        })?;
        Ok((ledger, bundle))
    }

    /// Of which ledger the first event is that can be read.
    fn ledger_of_events(&self) -> Option<LedgerId> {
        let first = self.next(0)?;
        let (tile, at) = place(first);
        let leaf = self.leaves(tile).into_iter().nth(at).flatten()?;
        decode(&leaf).ok().map(|recorded| recorded.ledger)
    }

    /// How many events it says it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What its manifest says of the whole ledger.
    pub(crate) fn head(&self) -> Option<TreeHead> {
        let manifest = self.manifest.as_ref()?;
        Some(TreeHead {
            size: manifest.size,
            root: manifest.root,
        })
    }

    /// The events of entry bundle `tile`, from position `256 * tile` on, each where it can be read and is the one that the lowest
    /// tile of hashes names, or where the whole file is the one that the manifest lists.
    pub(crate) fn leaves(&self, tile: u64) -> Vec<Option<Bytes>> {
        let first = tile.saturating_mul(u64::from(TILE_WIDTH));
        let width = self.size.saturating_sub(first).min(u64::from(TILE_WIDTH));
        // At most 256.
        let Ok(entries) = Tile::new(TileContent::Entries, tile, width as u16) else {
            return Vec::new();
        };
        let files = self.files();
        let Ok((leaves, _)) = files.entries(&entries) else {
            return Vec::new();
        };
        let hashes = Tile::new(TileContent::Hashes(0), tile, width as u16);
        let hashes: Vec<Hash> = match hashes {
            Ok(hashes) => files.tile(&hashes).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let is_named = |at: usize, leaf: &[u8]| hashes.get(at) == Some(&leaf_hash(leaf));
        let named: Vec<bool> = (0..)
            .zip(&leaves)
            .map(|(at, leaf)| is_named(at, leaf.as_slice()))
            .collect();
        let is_listed = !named.iter().all(|named| *named) && self.is_listed(&entries.to_string());
        let leaves = leaves.into_iter().zip(named).take(width as usize);
        leaves
            .map(|(leaf, named)| (named || is_listed).then(|| leaf.into()))
            .collect()
    }

    /// The first position from `position` on that has an event.
    pub(crate) fn next(&self, position: u64) -> Option<u64> {
        let (mut tile, mut at) = place(position);
        while tile.saturating_mul(u64::from(TILE_WIDTH)) < self.size {
            let leaves = self.leaves(tile);
            let found = leaves.iter().skip(at).position(Option::is_some);
            if let Some(found) = found {
                return Some(tile * u64::from(TILE_WIDTH) + (at + found) as u64);
            }
            (tile, at) = (tile + 1, 0);
        }
        None
    }

    /// The sizes of the checkpoints that lie in it, ascending; that of the whole bundle is one of them.
    pub(crate) fn kept(&self) -> &[u64] {
        &self.kept
    }

    /// The checkpoints of a size, as far as they can be read.
    pub(crate) fn checkpoints(&self, size: u64) -> Vec<SignedCheckpoint> {
        let files = self.files();
        let whole = read_checkpoint(&files, CHECKPOINT);
        let kept = read_checkpoint(&files, &checkpoint_path(size));
        let read = whole.into_iter().chain(kept);
        read.filter(|signed| signed.checkpoint().head().size == size)
            .collect()
    }

    /// The keys that it lists.
    pub(crate) fn keys(&self) -> Vec<VerifierKey> {
        let text = self
            .files()
            .read("keys.txt", KEYS_BYTES_MAX)
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Whether a file is the one that the manifest lists.
    fn is_listed(&self, path: &str) -> bool {
        let listed = self.manifest.as_ref().and_then(|manifest| {
            let files = &manifest.files;
            let at = files.binary_search_by(|listed| listed.path.as_str().cmp(path));
            files.get(at.ok()?)
        });
        let digest = self.files().digest(path).ok();
        listed.is_some_and(|listed| Some((listed.bytes, listed.sha256)) == digest)
    }

    fn files(&self) -> Files<'_> {
        let folder = &self.folder;
        Files { folder }
    }
}

/// Where the attached file of a digest is in the bundle in `folder`, if it was handed over.
pub(crate) fn attached(folder: &Path, sha256: &[u8; 32]) -> PathBuf {
    folder.join(EVIDENCE).join(hex::encode(sha256))
}

/// In which entry bundle a position is, and where in it.
pub(crate) fn place(position: u64) -> (u64, usize) {
    let width = u64::from(TILE_WIDTH);
    (position / width, (position % width) as usize)
}

fn read_checkpoint(files: &Files<'_>, path: &str) -> Option<SignedCheckpoint> {
    let bytes = files.read(path, NOTE_BYTES_MAX).ok()?;
    SignedCheckpoint::parse(&bytes).ok()
}

/// The sizes of the checkpoints that lie in a bundle, the last of them that of the bundle.
fn kept_sizes(folder: &Path) -> Vec<u64> {
    let names = fs::read_dir(folder.join(CHECKPOINTS)).into_iter().flatten();
    let size = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let size: u64 = name.to_str()?.parse().ok()?;
        (checkpoint_path(size).strip_prefix(CHECKPOINTS) == name.to_str()).then_some(size)
    };
    let names = names.filter_map(Result::ok).take(BUNDLE_FILES_MAX);
    let mut sizes: Vec<u64> = names.filter_map(size).collect();
    let files = Files { folder };
    let whole = read_checkpoint(&files, CHECKPOINT);
    sizes.extend(whole.map(|signed| signed.checkpoint().head().size));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}
