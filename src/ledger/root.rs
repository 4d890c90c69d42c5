//! The ledger's tree at any size it ever had, from the tiles of its index.

use crate::ledger::reader::{ReadFault, Reader};
use crate::log::DerivedFault;
use crate::merkle::{self, Hash, Tile, TileFault, TileSource, TiledNodes};

impl Reader {
    /// The Merkle root over the first `size` events, `size` being at most that of the head.
    pub fn root_at(&self, size: u64) -> Result<Hash, ReadFault> {
        let head = self.head();
        if size == head.size {
            return Ok(head.root);
        }
        if head.size < size {
            return Err(ReadFault::NotReached { position: size });
        }
        self.computed_root(size)
    }

    /// As [`Reader::root_at`], also for the head: from the tiles and nothing else.
    pub(super) fn computed_root(&self, size: u64) -> Result<Hash, ReadFault> {
        Ok(merkle::root_at(&mut self.nodes(size), size)?)
    }

    /// The complete subtrees of the first `size` events, which must be committed: the source of proofs.
    /// Reads stored tiles, a few for each proof, and blocks while it does.
    pub fn nodes(&self, size: u64) -> TiledNodes<impl TileSource<Error = DerivedFault>> {
        TiledNodes::new(|tile: Tile| self.index().tile(tile), size)
    }
}

impl From<TileFault<DerivedFault>> for ReadFault {
    fn from(fault: TileFault<DerivedFault>) -> Self {
        Self::Index(match fault {
            TileFault::Source { source, .. } => source,
            other => DerivedFault::Storage(other.to_string()),
        })
    }
}
