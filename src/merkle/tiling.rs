//! Reading a tree out of its tiles, and cutting a growing tree into them.

use std::collections::BTreeMap;

use crate::merkle::hash::{Hash, empty_root, node_hash};
use crate::merkle::node::{Node, NodeSource};
use crate::merkle::tile::{TILE_WIDTH, Tile, TileContent};

/// Where tiles come from.
pub trait TileSource {
    /// Why a tile could not be given.
    type Error;

    /// The hashes of `tile`: at least as many as its width. A wider tile, up to the full one, begins
    /// with the same hashes and is as good.
    fn tile(&mut self, tile: Tile) -> Result<Vec<Hash>, Self::Error>;
}

impl<F, E> TileSource for F
where
    F: FnMut(Tile) -> Result<Vec<Hash>, E>,
{
    type Error = E;

    fn tile(&mut self, tile: Tile) -> Result<Vec<Hash>, E> {
        self(tile)
    }
}

/// The complete subtrees of a tree that is kept as tiles. Asks for each tile once.
#[derive(Debug)]
pub struct TiledNodes<S> {
    source: S,
    size: u64,
    read: BTreeMap<Tile, Vec<Hash>>,
}

/// A subtree could not be computed from tiles.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TileFault<E> {
    /// The source failed.
    #[error("`{tile}` could not be read")]
    Source {
        /// The tile asked for.
        tile: Tile,
        /// Why.
        #[source]
        source: E,
    },
    /// The source gave fewer hashes than the tile has at this size.
    #[error("`{tile}` has {found} hashes, fewer than its width")]
    TooNarrow {
        /// The tile asked for.
        tile: Tile,
        /// The number of hashes given.
        found: usize,
    },
    /// The subtree reaches beyond the tree.
    #[error("the tree of {size} leaves has no subtree {index} at level {level}", level = node.level, index = node.index)]
    BeyondSize {
        /// The subtree asked for.
        node: Node,
        /// The size of the tree.
        size: u64,
    },
}

impl<S: TileSource> TiledNodes<S> {
    /// The tree of `size` leaves whose tiles `source` gives.
    pub const fn new(source: S, size: u64) -> Self {
        Self {
            source,
            size,
            read: BTreeMap::new(),
        }
    }

    fn read(&mut self, tile: Tile) -> Result<&[Hash], TileFault<S::Error>> {
        use std::collections::btree_map::Entry;
        match self.read.entry(tile) {
            Entry::Occupied(read) => Ok(read.into_mut()),
            Entry::Vacant(place) => {
                let hashes = self.source.tile(tile);
                let hashes = hashes.map_err(|source| TileFault::Source { tile, source })?;
                if hashes.len() < usize::from(tile.width()) {
                    let found = hashes.len();
                    return Err(TileFault::TooNarrow { tile, found });
                }
                Ok(place.insert(hashes))
            }
        }
    }
}

impl<S: TileSource> NodeSource for TiledNodes<S> {
    type Error = TileFault<S::Error>;

    fn node(&mut self, node: Node) -> Result<Hash, Self::Error> {
        let size = self.size;
        let beyond = TileFault::BeyondSize { node, size };
        let Some((tile, offset)) = Tile::of_node(node, size) else {
            return Err(beyond);
        };
        let hashes = self.read(tile)?;
        let length = 1_usize << (node.level % 8);
        match hashes.get(offset..offset + length) {
            Some(hashes) => Ok(complete_root(hashes)),
            None => Err(beyond),
        }
    }
}

/// The root over the hashes of a full tile or of a power of two of them: with a full tile, the hash
/// that stands for it one level above.
pub fn complete_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [hash] => *hash,
        hashes => {
            let (left, right) = hashes.split_at(hashes.len().div_ceil(2));
            node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

/// Cuts a growing tree into tiles: keeps the partial tile of each level, hands out the full ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TileBuilder {
    size: u64,
    /// The partial tile of each level, perhaps empty; the lowest level first.
    levels: Vec<Vec<Hash>>,
}

impl TileBuilder {
    /// The tree without leaves.
    pub const fn new() -> Self {
        Self {
            size: 0,
            levels: Vec::new(),
        }
    }

    /// The tree of `size` leaves, from its partial tiles, which `source` is asked for.
    pub fn resume<S: TileSource>(size: u64, source: &mut S) -> Result<Self, TileFault<S::Error>> {
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        for tile in Tile::all(size).filter(|tile| !tile.is_full()) {
            let TileContent::Hashes(level) = tile.content() else {
                continue;
            };
            let hashes = source.tile(tile);
            let mut hashes = hashes.map_err(|source| TileFault::Source { tile, source })?;
            if hashes.len() < usize::from(tile.width()) {
                let found = hashes.len();
                return Err(TileFault::TooNarrow { tile, found });
            }
            hashes.truncate(usize::from(tile.width()));
            levels.resize(usize::from(level), Vec::new());
            levels.push(hashes);
        }
        Ok(Self { size, levels })
    }

    /// Adds one leaf. `full` is told each tile that became full by it, the lowest level first.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(Tile, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        let mut tiles = self.size;
        for level in 0..=7_u8 {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else {
                return;
            };
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            tiles /= u64::from(TILE_WIDTH);
            let content = TileContent::Hashes(level);
            if let Ok(tile) = Tile::new(content, tiles.saturating_sub(1), TILE_WIDTH) {
                full(tile, hashes);
            }
            hash = complete_root(hashes);
            hashes.clear();
        }
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The partial tile of each level that has one, the lowest level first.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        let partial = Tile::all(self.size).filter(|tile| !tile.is_full());
        partial.filter_map(|tile| match tile.content() {
            TileContent::Entries => None,
            TileContent::Hashes(level) => {
                let hashes = self.levels.get(usize::from(level))?;
                Some((tile, hashes.as_slice()))
            }
        })
    }
}
