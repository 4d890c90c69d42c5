//! What a bundle shows to whoever kept an earlier size: the proof that it goes on from there.

use std::io;
use std::path::Path;

use super::CHECKPOINT;
use super::verify::Files;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::{
    AddCheckpoint, InvalidAddCheckpoint, InvalidCheckpoint, SignedCheckpoint, Tile, TiledNodes,
    prove_consistency,
};

/// A bundle does not show that it goes on from a size.
#[derive(Debug, thiserror::Error)]
pub enum Ungrown {
    /// Its checkpoint cannot be read.
    #[error("the checkpoint of the bundle cannot be read")]
    Read(#[from] io::Error),
    /// Its checkpoint is none.
    #[error("the checkpoint of the bundle: {0}")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// Its tiles do not give a proof.
    #[error("the tiles of the bundle give no proof: {0}")]
    Tiles(String),
    /// What it shows cannot be asked of a witness.
    #[error(transparent)]
    Request(#[from] InvalidAddCheckpoint),
}

/// The checkpoint of the bundle in `folder`, with the proof out of its tiles that it goes on from the first
/// `old` events; without one where there is nothing to prove. Nothing is verified: a proof shows by itself
/// whether it is right.
pub fn growth(folder: &Path, old: u64) -> Result<AddCheckpoint, Ungrown> {
    let files = Files { folder };
    let note = files.read(CHECKPOINT, NOTE_BYTES_MAX)?;
    let checkpoint = SignedCheckpoint::parse(&note)?;
    let size = checkpoint.checkpoint().head().size;
    let proof = match (1..size).contains(&old) {
        false => Vec::new(),
        true => {
            let mut nodes = TiledNodes::new(|tile: Tile| files.tile(&tile), size);
            let proof = prove_consistency(&mut nodes, old, size);
            proof.map_err(|fault| Ungrown::Tiles(fault.to_string()))?
        }
    };
    Ok(AddCheckpoint::new(old, proof, checkpoint)?)
}
