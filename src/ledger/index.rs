//! The index: from streams, actors, units, types, months and ids to positions, and from positions to
//! the hashes of the tree.
//!
//! Derived from the log and disposable: it never holds up an acknowledgement, and what is missing of it
//! after a crash is replayed. The newest events are indexed in memory (the tail). Every
//! [`Index::RUN_EVENTS`] of them are written as a run of posting lists and a sorted run of ids, closed by
//! a manifest that says how far the runs reach. Keys in the [`DerivedStore`]:
//!
//! ```text
//! m                                             manifest
//! p <run u32 BE> <list>                         sorted posting lists from this one on, see below
//! i <run u32 BE> <kind u8> <id 16 bytes>        sorted ids from this one on: (kind, id, position u64 BE)*
//! f <run u32 BE> <chunk u16 BE>                 Bloom filter of a run, in chunks
//! t <level u8> <index u64 BE>                   tile of the tree: 1 to 256 hashes
//! ```
//!
//! A list stands at `<len u8> <term> <first position u64 BE>`. A record holds lists one after the other: `<len u8> <term>
//! <bytes of positions LEB128>`, then positions as LEB128 of the first and of the gaps. Runs of one level become one of the
//! next, so what can be found by a term is in few places however large the ledger.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::quality::RandomState;

use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::fault_point::Point;
use crate::log::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};
use crate::merkle::{Hash, Tile, TileBuilder};

pub mod audit;
mod filter;
#[cfg(fuzzing)]
pub mod fuzzing;
mod ids;
mod manifest;
mod postings;
mod runs;
mod terms;
mod tiles;

pub use terms::Term;
pub(super) use terms::{Authors, terms_of};

use filter::Filter;
use manifest::{Manifest, Run};
use tiles::Place;

/// Which way a list is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// What the index takes in for one event.
#[derive(Clone, Debug)]
pub(super) struct Indexed {
    pub(super) position: u64,
    pub(super) terms: Vec<Term>,
    pub(super) event_id: EventId,
    /// Only on the first event of a request.
    pub(super) request_id: Option<RequestId>,
    pub(super) leaf_hash: Hash,
}

/// Seeded anew at each start, for ids come from clients.
type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// A kind of id and the id: the key of the id runs.
type IdKey = [u8; 17];

const EVENT: u8 = 1;
const REQUEST: u8 = 2;
/// Terms, in filters alone.
const TERM: u8 = 3;

fn id_key(kind: u8, id: &[u8; 16]) -> IdKey {
    let mut key = [kind; 17];
    key[1..].copy_from_slice(id);
    key
}

/// Events that are not in a run yet.
#[derive(Debug, Default)]
struct Tail {
    from: u64,
    next: u64,
    postings: HashMap<Term, Vec<u64>>,
    ids: HashMap<IdKey, u64>,
    /// Tiles that became full; when it is frozen, the partial ones too.
    tiles: BTreeMap<Place, Vec<Hash>>,
}

impl Tail {
    fn starting(from: u64) -> Self {
        Self {
            from,
            next: from,
            ..Self::default()
        }
    }

    fn add(&mut self, event: Indexed) {
        for term in event.terms {
            let list = self.postings.entry(term).or_default();
            if list.last() != Some(&event.position) {
                list.push(event.position);
            }
        }
        self.ids
            .insert(id_key(EVENT, event.event_id.as_bytes()), event.position);
        if let Some(request) = event.request_id {
            self.ids
                .insert(id_key(REQUEST, request.as_bytes()), event.position);
        }
        self.next = event.position + 1;
    }

    /// Its posting lists in the order of keys.
    fn lists(&self) -> impl Iterator<Item = postings::List> {
        let mut lists: Vec<_> = self.postings.iter().collect();
        lists.sort_unstable_by_key(|(term, _)| (term.as_bytes().len(), term.as_bytes()));
        let lists = lists.into_iter();
        lists.map(|(term, positions)| (term.as_bytes().to_vec(), positions.clone()))
    }
}

struct Inner {
    manifest: Manifest,
    filters: HashMap<u32, Arc<Filter>>,
    /// A full tail that is being written.
    frozen: Option<Arc<Tail>>,
    tail: Tail,
    /// The tree up to the end of the tail: its partial tiles.
    tree: TileBuilder,
}

impl Inner {
    fn has_all(&self, runs: &[u32]) -> bool {
        let has = |number: &u32| self.manifest.runs.iter().any(|run| run.number == *number);
        runs.iter().all(has)
    }
}

/// The index of one ledger.
pub struct Index {
    ledger: LedgerId,
    store: Arc<dyn DerivedStore>,
    inner: RwLock<Inner>,
    /// Held while a run is written or runs are merged.
    flushing: Mutex<()>,
}

impl Index {
    /// Events of a run.
    pub const RUN_EVENTS: u64 = 65_536;

    /// Opens the index; what it holds reaches up to [`Index::covered`], the rest must be added again.
    /// An index that says more than the log's `size`, or cannot be read, is cleared.
    pub(super) fn open(
        ledger: LedgerId,
        store: Arc<dyn DerivedStore>,
        size: u64,
    ) -> Result<Self, DerivedFault> {
        let found = Manifest::load(store.as_ref(), ledger)?;
        let mut whole = found.as_ref().is_some_and(|found| found.up_to <= size);
        let manifest = found.unwrap_or_default();
        let mut filters = HashMap::default();
        for run in &manifest.runs {
            match Filter::load(store.as_ref(), ledger, run.number)? {
                Some(filter) => {
                    filters.insert(run.number, Arc::new(filter));
                }
                None => whole = false,
            }
        }
        let tree = match whole {
            true => tiles::resume(store.as_ref(), ledger, manifest.up_to)?,
            false => None,
        };
        let Some(tree) = tree else {
            return Self::anew(ledger, store);
        };
        let tail = Tail::starting(manifest.up_to);
        let inner = Inner {
            manifest,
            filters,
            frozen: None,
            tail,
            tree,
        };
        Ok(Self::of(ledger, store, inner))
    }

    /// Clears what is stored of the index and begins it again.
    pub(super) fn anew(
        ledger: LedgerId,
        store: Arc<dyn DerivedStore>,
    ) -> Result<Self, DerivedFault> {
        tracing::warn!(%ledger, "the index does not fit the log and is built anew");
        let mut batch = DerivedBatch::new();
        manifest::remove(&mut batch);
        store.apply(ledger, batch)?;
        store.clear(ledger)?;
        let inner = Inner {
            manifest: Manifest::default(),
            filters: HashMap::default(),
            frozen: None,
            tail: Tail::starting(0),
            tree: TileBuilder::new(),
        };
        Ok(Self::of(ledger, store, inner))
    }

    fn of(ledger: LedgerId, store: Arc<dyn DerivedStore>, inner: Inner) -> Self {
        Self {
            ledger,
            store,
            inner: RwLock::new(inner),
            flushing: Mutex::new(()),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every event below this position is indexed.
    pub fn covered(&self) -> u64 {
        self.read().tail.next
    }

    /// Every event below this position is in a written run.
    pub fn written(&self) -> u64 {
        self.read().manifest.up_to
    }

    /// Adds the next events, in the order of their positions.
    pub(super) fn add(&self, events: Vec<Indexed>) {
        let mut inner = self.write();
        let Inner { tail, tree, .. } = &mut *inner;
        for event in events {
            tree.push(event.leaf_hash, |tile, hashes| {
                tail.tiles
                    .extend(tiles::place(tile).map(|place| (place, hashes.to_vec())));
            });
            tail.add(event);
        }
    }

    /// Whether the tail is long enough to be written, and nothing is being written.
    pub(super) fn wants_flush(&self) -> bool {
        let inner = self.read();
        inner.frozen.is_none() && inner.tail.next - inner.tail.from >= Self::RUN_EVENTS
    }

    /// Writes the tail as a run and merges runs that have become many. Blocks, also for a call before.
    pub(super) fn flush(&self) -> Result<(), DerivedFault> {
        let _one_at_a_time = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let frozen = {
            let mut inner = self.write();
            if inner.frozen.is_none() {
                if inner.tail.next == inner.tail.from {
                    return Ok(());
                }
                let next = inner.tail.next;
                let mut full = std::mem::replace(&mut inner.tail, Tail::starting(next));
                let partial = inner.tree.partial();
                full.tiles.extend(partial.filter_map(|(tile, hashes)| {
                    tiles::place(tile).map(|place| (place, hashes.to_vec()))
                }));
                inner.frozen = Some(Arc::new(full));
            }
            inner.frozen.clone()
        };
        let Some(frozen) = frozen else { return Ok(()) };
        let mut manifest = self.read().manifest.clone();
        let number = manifest.next_run;
        let store = self.store.as_ref();
        let keys = frozen.ids.len() + frozen.postings.len();
        let mut filter = Filter::for_keys(keys as u64);
        let lists = frozen.lists().map(Ok);
        let terms = postings::write(store, self.ledger, number, &mut filter, lists)?;
        Point::IndexListed.pass();
        tiles::write(store, self.ledger, &frozen.tiles)?;
        Point::IndexTiled.pass();
        let mut ids: Vec<(IdKey, u64)> = frozen.ids.iter().map(|(k, v)| (*k, *v)).collect();
        ids.sort_unstable();
        let ids = ids.into_iter().map(Ok);
        let ids = ids::write(store, self.ledger, number, &mut filter, ids)?;
        filter.save(store, self.ledger, number)?;
        Point::IndexIdentified.pass();
        manifest.next_run += 1;
        manifest.up_to = frozen.next;
        manifest.runs.push(Run {
            number,
            level: 0,
            ids,
            terms,
            up_to: frozen.next,
        });
        manifest.save(self.store.as_ref(), self.ledger)?;
        Point::IndexClosed.pass();
        {
            let mut inner = self.write();
            inner.manifest = manifest;
            inner.filters.insert(number, Arc::new(filter));
            inner.frozen = None;
        }
        self.merge()
    }

    /// Merges runs of one level while there are [`manifest::FAN_IN`] of them.
    fn merge(&self) -> Result<(), DerivedFault> {
        loop {
            let mut manifest = self.read().manifest.clone();
            let Some(level) = manifest.crowded_level() else {
                return Ok(());
            };
            let sources: Vec<Run> = manifest
                .runs
                .iter()
                .filter(|run| run.level == level)
                .cloned()
                .collect();
            let number = manifest.next_run;
            let store = self.store.as_ref();
            let mut filter = {
                let filters = &self.read().filters;
                let of = |run: &Run| filters.get(&run.number).map(Arc::as_ref);
                Filter::for_keys_of(sources.iter().filter_map(of))
            };
            let lists = postings::merged(store, self.ledger, &sources);
            let terms = postings::write(store, self.ledger, number, &mut filter, lists)?;
            let merged = ids::merged(store, self.ledger, &sources);
            let ids = ids::write(store, self.ledger, number, &mut filter, merged)?;
            filter.save(store, self.ledger, number)?;
            manifest.next_run += 1;
            let merged = Run {
                number,
                level: level + 1,
                ids,
                terms,
                up_to: sources.last().map_or(0, |run| run.up_to),
            };
            manifest.replace(level, merged);
            manifest.save(self.store.as_ref(), self.ledger)?;
            {
                let mut inner = self.write();
                inner.manifest = manifest;
                inner.filters.insert(number, Arc::new(filter));
                for run in &sources {
                    inner.filters.remove(&run.number);
                }
            }
            for run in &sources {
                postings::remove(store, self.ledger, run.number)?;
                ids::remove(store, self.ledger, run.number)?;
                Filter::remove(store, self.ledger, run.number)?;
            }
        }
    }

    /// The position of an event.
    pub fn position_of_event(&self, id: EventId) -> Result<Option<u64>, DerivedFault> {
        self.position_of(&id_key(EVENT, id.as_bytes()))
    }

    /// The position of the first event of a request.
    pub fn position_of_request(&self, id: RequestId) -> Result<Option<u64>, DerivedFault> {
        self.position_of(&id_key(REQUEST, id.as_bytes()))
    }

    fn position_of(&self, key: &IdKey) -> Result<Option<u64>, DerivedFault> {
        loop {
            let (candidates, up_to) = {
                let inner = self.read();
                let frozen = inner.frozen.as_ref().and_then(|frozen| frozen.ids.get(key));
                if let Some(position) = inner.tail.ids.get(key).or(frozen) {
                    return Ok(Some(*position));
                }
                let candidates: Vec<u32> = inner
                    .manifest
                    .runs
                    .iter()
                    .map(|run| run.number)
                    .filter(|run| inner.filters.get(run).is_none_or(|f| f.may_hold(key)))
                    .collect();
                (candidates, inner.manifest.up_to)
            };
            for run in &candidates {
                if let Some(position) = ids::find(self.store.as_ref(), self.ledger, *run, key)? {
                    return Ok(Some(position));
                }
            }
            // A merge may have removed a run under our feet; then the answer is in another one.
            let inner = self.read();
            if inner.manifest.up_to == up_to && inner.has_all(&candidates) {
                return Ok(None);
            }
        }
    }

    /// The hashes of `tile`, at least as many as its width, which must lie below [`Index::covered`].
    pub fn tile(&self, tile: Tile) -> Result<Vec<Hash>, DerivedFault> {
        let place = tiles::place(tile).ok_or_else(|| tiles::missing(tile))?;
        {
            let inner = self.read();
            let forming = inner.tree.partial();
            let forming = forming.filter(|(other, _)| tiles::place(*other) == Some(place));
            let tails = [Some(&inner.tail), inner.frozen.as_deref()];
            let kept = tails.into_iter().flatten();
            let kept = kept.filter_map(|tail| tail.tiles.get(&place).map(Vec::as_slice));
            let mut found = forming.map(|(_, hashes)| hashes).chain(kept);
            if let Some(hashes) = found.find(|hashes| hashes.len() >= usize::from(tile.width())) {
                return Ok(hashes.to_vec());
            }
        }
        // It left memory only after it was written.
        tiles::read(self.store.as_ref(), self.ledger, tile)
    }

    /// Up to `limit` positions of `term` in `from..to`, in `direction`.
    pub fn postings(
        &self,
        term: &Term,
        from: u64,
        to: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<u64>, DerivedFault> {
        loop {
            // Taken together, so that a run written meanwhile is neither missed nor counted twice.
            let (mut parts, memory) = self.parts(term, from, to);
            if direction == Direction::Backward {
                parts.reverse();
            }
            let mut found = Vec::new();
            if direction == Direction::Backward {
                found.extend(memory.iter().rev().take(limit));
            }
            for (run, span) in &parts {
                let asked = postings::Asked {
                    term: term.as_bytes(),
                    from: from.max(span.start),
                    to: to.min(span.end),
                    direction,
                    most: limit,
                };
                postings::read(self.store.as_ref(), self.ledger, *run, &asked, &mut found)?;
            }
            if direction == Direction::Forward {
                let rest = limit - found.len();
                found.extend(memory.iter().take(rest));
            }
            // A merge may have removed a run under our feet.
            let runs: Vec<u32> = parts.into_iter().map(|(run, _)| run).collect();
            if self.read().has_all(&runs) {
                return Ok(found);
            }
        }
    }

    /// Where positions of `term` in `from..to` are: runs with their spans, in the order of positions, and what is not in a
    /// run yet.
    fn parts(&self, term: &Term, from: u64, to: u64) -> (Vec<(u32, Range<u64>)>, Vec<u64>) {
        let inner = self.read();
        let key = postings::filter_key(term.as_bytes());
        let may_hold = |(run, span): &(&Run, Range<u64>)| {
            let filter = inner.filters.get(&run.number);
            span.start < to && from < span.end && filter.is_none_or(|filter| filter.may_hold(&key))
        };
        let runs = inner.manifest.spans().filter(may_hold);
        let runs = runs.map(|(run, span)| (run.number, span)).collect();
        let mut memory: Vec<u64> = Vec::new();
        let tails = [inner.frozen.as_deref(), Some(&inner.tail)];
        for tail in tails.into_iter().flatten() {
            let list = tail.postings.get(term).map(Vec::as_slice);
            let list = list.unwrap_or_default();
            let start = list.partition_point(|p| *p < from);
            let end = list.partition_point(|p| *p < to);
            memory.extend_from_slice(list.get(start..end).unwrap_or_default());
        }
        (runs, memory)
    }
}

/// Removes all records with a prefix, in batches.
fn remove_prefix(
    store: &dyn DerivedStore,
    ledger: LedgerId,
    prefix: &[u8],
) -> Result<(), DerivedFault> {
    loop {
        let found = store.scan(
            ledger,
            &DerivedRange::prefix(prefix),
            DerivedBatch::KEYS_MAX,
        )?;
        if found.is_empty() {
            return Ok(());
        }
        let mut batch = DerivedBatch::new();
        for (key, _) in found {
            batch.remove(key).map_err(invalid)?;
        }
        store.apply(ledger, batch)?;
    }
}

/// Our own records keep the limits of a batch; one that does not is a defect, told as a fault.
fn invalid(error: crate::log::InvalidDerived) -> DerivedFault {
    DerivedFault::Storage(error.to_string())
}

#[cfg(test)]
mod tests;
