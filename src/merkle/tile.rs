//! Tiles: a tree cut into files of 256 hashes, after C2SP `tlog-tiles`.
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]        W hashes of level L, 32 bytes each
//! tile/entries/<N>[.p/<W>]    W leaves, each with its length before it
//! ```
//! The hashes of level `L` are the roots of `256^L` leaves each; tile `N` holds those from `256 N`
//! on. A full tile has 256 and no `.p/<W>`; a partial one is the rightmost of its level, and tells
//! its width. A partial tile never feeds the level above it.

use std::fmt;
use std::str::FromStr;

use crate::merkle::canonical::decimal;
use crate::merkle::hash::Hash;
use crate::merkle::node::Node;
use crate::merkle::proof::{consistency_nodes, inclusion_nodes};

/// The number of hashes of a full tile, and of leaves of a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// The highest level that a path may name.
pub const TILE_LEVEL_MAX: u8 = 63;
/// The levels of subtrees that one tile spans.
const TILE_HEIGHT: u8 = 8;
/// The number in a path is cut into groups of three digits.
const GROUP: u64 = 1_000;

/// A tile's place and width, which its path tells.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tile {
    content: TileContent,
    index: u64,
    width: u16,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TileContent {
    /// The leaves themselves.
    Entries,
    /// Hashes of this level, 0 to 63; those of level 0 are the leaf hashes.
    Hashes(u8),
}

/// The path is not that of a tile, or the place is not one a tile can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTile {
    /// Not `tile/<L>/<N>` or `tile/entries/<N>`.
    #[error("expected `tile/`, a level or `entries`, `/` and a number")]
    Shape,
    /// Not `entries` nor a number from 0 to 63 without leading zeros.
    #[error("expected `entries` or a level from 0 to {TILE_LEVEL_MAX}")]
    Level,
    /// Not groups of three digits, all but the last with `x` before them, the first not `x000`.
    #[error("expected a number in groups of three digits, `x` before all but the last")]
    Index,
    /// Not a number from 1 to 255 without leading zeros (1 to 256 for a place).
    #[error("expected a width from 1 to 255")]
    Width,
    /// Not the number of hashes that its width tells of, 32 bytes each.
    #[error("{found} bytes where {expected} were expected")]
    Length {
        /// The bytes that a tile of this width has.
        expected: usize,
        /// The bytes found.
        found: usize,
    },
}

impl Tile {
    /// The place of the tile with these contents, index and width (1 to 256).
    pub fn new(content: TileContent, index: u64, width: u16) -> Result<Self, InvalidTile> {
        if matches!(content, TileContent::Hashes(level) if TILE_LEVEL_MAX < level) {
            return Err(InvalidTile::Level);
        }
        if !(1..=TILE_WIDTH).contains(&width) {
            return Err(InvalidTile::Width);
        }
        Ok(Self {
            content,
            index,
            width,
        })
    }

    /// What the tile holds.
    pub const fn content(&self) -> TileContent {
        self.content
    }

    /// Which of its level, from 0 on the left.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of hashes or leaves in it: 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it can never grow.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The tile of a tree of `size` leaves whose hashes make up `node`, and where among them they
    /// begin. `None` if the tree does not reach so far.
    pub fn of_node(node: Node, size: u64) -> Option<(Self, usize)> {
        let level = node.level / TILE_HEIGHT;
        let within = u32::from(node.level % TILE_HEIGHT);
        let first = node.index.checked_mul(1 << within)?;
        let width = u64::from(TILE_WIDTH);
        let tile = Self::of_level(level, first / width, size)?;
        let offset = first % width;
        let reached = offset + (1 << within) <= u64::from(tile.width);
        // Below 256, so it fits any `usize`.
        reached.then_some((tile, offset as usize))
    }

    /// The tiles of hashes of a tree of `size` leaves, level by level, the partial one last.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        Self::added(0, size)
    }

    /// The bundles of leaves of a tree of `size` leaves, the partial one last.
    pub fn all_entries(size: u64) -> impl Iterator<Item = Self> {
        Self::entries_added(0, size)
    }

    /// The tiles of hashes to write when a tree grows from `old` to `new` leaves.
    pub fn added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..u64::BITS / u32::from(TILE_HEIGHT)).flat_map(move |level| {
            let below = level * u32::from(TILE_HEIGHT);
            // At most 7, the loop above ends there.
            Self::row(TileContent::Hashes(level as u8), old >> below, new >> below)
        })
    }

    /// The bundles of leaves to write when a tree grows from `old` to `new` leaves.
    pub fn entries_added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        Self::row(TileContent::Entries, old, new)
    }

    /// The tiles that the inclusion proof of `index` at `size` is made of.
    pub fn for_inclusion(index: u64, size: u64) -> Vec<Self> {
        Self::of_nodes(inclusion_nodes(index, size), size)
    }

    /// The tiles that the consistency proof from `old` to `new` is made of.
    pub fn for_consistency(old: u64, new: u64) -> Vec<Self> {
        Self::of_nodes(consistency_nodes(old, new), new)
    }

    /// The bytes of a tile: its hashes one after another.
    pub fn encode(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The hashes in the bytes of this tile, which are of exactly its width.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Hash>, InvalidTile> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
        if hashes.len() != usize::from(self.width) || !rest.is_empty() {
            return Err(InvalidTile::Length {
                expected: usize::from(self.width) * Hash::BYTES,
                found: bytes.len(),
            });
        }
        Ok(hashes.iter().copied().map(Hash::new).collect())
    }

    fn of_level(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))?;
        let width = hashes.checked_sub(index.checked_mul(u64::from(TILE_WIDTH))?)?;
        // At most 256 after `min`.
        let width = width.min(u64::from(TILE_WIDTH)) as u16;
        Self::new(TileContent::Hashes(level), index, width).ok()
    }

    fn of_nodes(nodes: Vec<Node>, size: u64) -> Vec<Self> {
        let tiles = nodes
            .into_iter()
            .filter_map(|node| Self::of_node(node, size));
        let mut tiles: Vec<Self> = tiles.map(|(tile, _)| tile).collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles
    }

    /// The tiles of one level that hold what came after the first `old` of `new` hashes.
    fn row(content: TileContent, old: u64, new: u64) -> impl Iterator<Item = Self> {
        let width = u64::from(TILE_WIDTH);
        let tile = move |index, width| Self {
            content,
            index,
            width,
        };
        let first = old / width;
        let full = (first..new / width).map(move |index| tile(index, TILE_WIDTH));
        // Below 256, being a remainder.
        let rest = (new % width) as u16;
        let grown = old < new && rest != 0;
        full.chain(grown.then(|| tile(new / width, rest)))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            TileContent::Entries => write!(f, "tile/entries/")?,
            TileContent::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![self.index % GROUP];
        let mut above = self.index / GROUP;
        while above != 0 {
            groups.push(above % GROUP);
            above /= GROUP;
        }
        while let Some(group) = groups.pop() {
            match groups.is_empty() {
                false => write!(f, "x{group:03}/")?,
                true => write!(f, "{group:03}")?,
            }
        }
        match self.is_full() {
            true => Ok(()),
            false => write!(f, ".p/{}", self.width),
        }
    }
}

impl FromStr for Tile {
    type Err = InvalidTile;

    fn from_str(path: &str) -> Result<Self, InvalidTile> {
        let rest = path.strip_prefix("tile/").ok_or(InvalidTile::Shape)?;
        let (level, rest) = rest.split_once('/').ok_or(InvalidTile::Shape)?;
        let content = match level {
            "entries" => TileContent::Entries,
            level => match decimal(level).and_then(|level| u8::try_from(level).ok()) {
                Some(level) => TileContent::Hashes(level),
                None => return Err(InvalidTile::Level),
            },
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, TILE_WIDTH),
            Some((index, width)) => match decimal(width) {
                // 256 is full, which has no `.p/`.
                Some(width @ 1..=255) => (index, width as u16),
                _ => return Err(InvalidTile::Width),
            },
        };
        Self::new(content, parse_index(index)?, width)
    }
}

fn parse_index(text: &str) -> Result<u64, InvalidTile> {
    let three = |group: &str| match group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()) {
        true => group.parse::<u64>().ok(),
        false => None,
    };
    let (above, last) = match text.rsplit_once('/') {
        Some((above, last)) => (Some(above), last),
        None => (None, text),
    };
    let mut index = 0_u64;
    for group in above.into_iter().flat_map(|above| above.split('/')) {
        let group = group.strip_prefix('x').and_then(three);
        index = match (index, group) {
            // A leading `x000` would be a second path of the same tile.
            (0, Some(0)) | (_, None) => return Err(InvalidTile::Index),
            (_, Some(group)) => joined(index, group)?,
        };
    }
    joined(index, three(last).ok_or(InvalidTile::Index)?)
}

fn joined(index: u64, group: u64) -> Result<u64, InvalidTile> {
    let index = index.checked_mul(GROUP);
    index
        .and_then(|index| index.checked_add(group))
        .ok_or(InvalidTile::Index)
}
