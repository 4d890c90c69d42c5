//! The hashes of the ledger's tree in tiles of 256, from which every root and proof is made.
//!
//! A full tile never changes. The partial tile of each level is written with every run and replaced
//! when it has grown, so that adding goes on from there.

use std::collections::BTreeMap;

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedStore};
use crate::merkle::{Hash, Tile, TileBuilder, TileContent, TileFault};

use super::invalid;

/// A level and the place in it.
pub(super) type Place = (u8, u64);

/// Where `tile` stands; nothing for bundles of leaves, which the log itself holds.
pub(super) fn place(tile: Tile) -> Option<Place> {
    match tile.content() {
        TileContent::Hashes(level) => Some((level, tile.index())),
        TileContent::Entries => None,
    }
}

fn key((level, index): Place) -> Vec<u8> {
    [&[b't', level][..], &index.to_be_bytes()].concat()
}

/// Writes tiles, full or partial, in place of narrower ones.
pub(super) fn write(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    tiles: &BTreeMap<Place, Vec<Hash>>,
) -> Result<(), DerivedFault> {
    let mut batch = DerivedBatch::new();
    for (place, hashes) in tiles {
        batch
            .put(key(*place), Tile::encode(hashes))
            .map_err(invalid)?;
        if batch.len() == DerivedBatch::KEYS_MAX {
            store.apply(ledger, std::mem::take(&mut batch))?;
        }
    }
    match batch.is_empty() {
        true => Ok(()),
        false => store.apply(ledger, batch),
    }
}

/// The stored hashes of `tile`, at least as many as its width.
pub(super) fn read(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    tile: Tile,
) -> Result<Vec<Hash>, DerivedFault> {
    let place = place(tile).ok_or_else(|| missing(tile))?;
    let bytes = store.get(ledger, &key(place))?;
    let (hashes, rest) = bytes.as_deref().unwrap_or_default().as_chunks();
    match rest.is_empty() && hashes.len() >= usize::from(tile.width()) {
        true => Ok(hashes.iter().copied().map(Hash::new).collect()),
        false => Err(missing(tile)),
    }
}

/// The hashes at `place`, however many are stored; nothing where none are, or they are not whole.
pub(super) fn stored(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    place: Place,
) -> Result<Option<Vec<Hash>>, DerivedFault> {
    let bytes = store.get(ledger, &key(place))?;
    Ok(match bytes.as_deref().map(<[u8]>::as_chunks) {
        None => Some(Vec::new()),
        Some((hashes, [])) => Some(hashes.iter().copied().map(Hash::new).collect()),
        Some(_) => None,
    })
}

/// The builder of a tree of `size` leaves whose tiles are stored; nothing if they are not all there.
pub(super) fn resume(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    size: u64,
) -> Result<Option<TileBuilder>, DerivedFault> {
    match TileBuilder::resume(size, &mut |tile| read(store, ledger, tile)) {
        Ok(builder) => Ok(Some(builder)),
        Err(TileFault::Source {
            source: DerivedFault::Closed,
            ..
        }) => Err(DerivedFault::Closed),
        Err(_) => Ok(None),
    }
}

pub(super) fn missing(tile: Tile) -> DerivedFault {
    DerivedFault::Storage(format!("the index has no whole `{tile}`"))
}
