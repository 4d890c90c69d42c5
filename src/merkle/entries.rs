//! Bundles of leaves, after C2SP `tlog-tiles`: the bytes of the leaves of one tile, each with its
//! length (u16, big-endian) before it.

use crate::merkle::tile::TILE_WIDTH;

/// The longest leaf that a bundle can hold, in bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The leaves cannot be bundled, or the bytes are not a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidEntries {
    /// A leaf is longer than its length can tell.
    #[error("entry {entry}: {found} bytes, expected at most {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// Which entry of the bundle, from 0.
        entry: usize,
        /// Its length in bytes.
        found: usize,
    },
    /// More leaves than a tile is wide.
    #[error("more than {TILE_WIDTH} entries")]
    TooMany,
    /// The bytes end within an entry or its length.
    #[error("entry {entry}: cut short")]
    CutShort {
        /// Which entry of the bundle, from 0.
        entry: usize,
    },
}

/// The bundle of these leaves, at most 256.
pub fn encode_entries<'a>(
    leaves: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, InvalidEntries> {
    let mut bundle = Vec::new();
    for (entry, leaf) in leaves.into_iter().enumerate() {
        if usize::from(TILE_WIDTH) <= entry {
            return Err(InvalidEntries::TooMany);
        }
        let found = leaf.len();
        let length = u16::try_from(found);
        let length = length.map_err(|_| InvalidEntries::EntryTooLong { entry, found })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(leaf);
    }
    Ok(bundle)
}

/// The leaves of a bundle.
pub fn decode_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, InvalidEntries> {
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let entry = leaves.len();
        if usize::from(TILE_WIDTH) <= entry {
            return Err(InvalidEntries::TooMany);
        }
        let cut_short = InvalidEntries::CutShort { entry };
        let (length, after) = rest.split_first_chunk().ok_or(cut_short)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (leaf, after) = after.split_at_checked(length).ok_or(cut_short)?;
        leaves.push(leaf);
        rest = after;
    }
    Ok(leaves)
}
