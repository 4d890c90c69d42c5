//! The stored index, held against the events that it was made of: tiles, posting lists, runs of ids and their
//! filters.
//!
//! It keeps eight bytes an event: a sum over everything that the index must say of it, from which what the index does say
//! is taken away. The sum is of a keyed hash that differs with every run, so nobody can make two that cancel out.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::domain::directory::Directory;
use crate::domain::event::Recorded;
use crate::domain::id::LedgerId;
use crate::log::{DerivedFault, DerivedRange, DerivedStore};
use crate::merkle::tile::TILE_WIDTH;
use crate::merkle::{self, Tile, TileBuilder};

use super::filter::Filter;
use super::manifest::{Manifest, Run};
use super::{Authors, EVENT, IdKey, REQUEST, id_key, ids, postings, terms_of, tiles};

/// Something that the index says otherwise than the events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexFault {
    /// The position that it is about, where it is about one.
    pub position: Option<u64>,
    /// Whether it is the hash of that event in the lowest tile: then the event may be the altered one.
    pub of_leaf: bool,
    /// Which part of the index.
    pub part: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// A key of the index, hashed.
struct Keyed(DefaultHasher);

impl Keyed {
    /// That the index says it of the event at `position`.
    fn at(&self, position: u64) -> u64 {
        let mut hasher = self.0.clone();
        position.hash(&mut hasher);
        hasher.finish()
    }
}

/// The pass over all events that an index covers.
pub struct IndexAudit<'a> {
    ledger: LedgerId,
    store: &'a dyn DerivedStore,
    manifest: Option<Manifest>,
    directory: Directory,
    hasher: RandomState,
    /// What the index must say of each event, less what it says.
    owed: Vec<AtomicU64>,
    tiles: TileBuilder,
    /// An event was passed over: what the index says of it and of later ones cannot be computed.
    blind: bool,
    /// Only the beginning of a tile is compared: it may have grown meanwhile.
    prefixes: bool,
    faults: Faults,
}

/// What was found, as far as it is told.
#[derive(Default)]
struct Faults(Vec<IndexFault>);

impl Faults {
    fn add(&mut self, position: Option<u64>, part: &str, expected: &str, found: &str) {
        if self.0.len() < IndexAudit::FAULTS_MAX {
            self.0.push(IndexFault {
                position,
                of_leaf: false,
                part: part.to_owned(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
    }
}

impl<'a> IndexAudit<'a> {
    /// Faults that are told at most.
    pub const FAULTS_MAX: usize = 100;

    /// Begins with what `store` holds of `ledger`.
    pub fn open(ledger: LedgerId, store: &'a dyn DerivedStore) -> Result<Self, DerivedFault> {
        let mut audit = Self {
            ledger,
            store,
            manifest: Manifest::load(store, ledger)?,
            directory: Directory::default(),
            hasher: RandomState::new(),
            owed: Vec::new(),
            tiles: TileBuilder::new(),
            blind: false,
            prefixes: false,
            faults: Faults::default(),
        };
        if audit.manifest.is_none() {
            audit
                .faults
                .add(None, "manifest", "a manifest", "other bytes");
        }
        Ok(audit)
    }

    /// Compares tiles alone: lists and runs of ids change while the ledger works.
    pub fn of_tiles(mut self) -> Self {
        (self.blind, self.prefixes) = (true, true);
        self
    }

    /// Every event below this position is in the stored index.
    pub fn up_to(&self) -> u64 {
        self.manifest.as_ref().map_or(0, |manifest| manifest.up_to)
    }

    /// Takes the next event; `None` where it cannot be read.
    pub fn event(
        &mut self,
        recorded: Option<&Recorded>,
        leaf_hash: merkle::Hash,
    ) -> Result<(), DerivedFault> {
        let position = self.tiles.size();
        let mut full = Vec::new();
        self.tiles
            .push(leaf_hash, |tile, hashes| full.push((tile, hashes.to_vec())));
        for (tile, hashes) in full {
            self.tile(tile, &hashes)?;
        }
        let Some(recorded) = recorded else {
            self.blind = true;
            return Ok(());
        };
        if self.blind {
            return Ok(());
        }
        if recorded.event.payload.is_structural() {
            // A forged history may overflow what no honest one does.
            let folded = catch_unwind(AssertUnwindSafe(|| self.directory.apply(recorded)));
            if folded.is_err() {
                self.blind = true;
                return Ok(());
            }
        }
        if position < self.up_to() {
            let owed = self.of_event(position, recorded);
            self.owed.push(AtomicU64::new(owed));
        }
        Ok(())
    }

    /// What the index must say of an event, as one number.
    fn of_event(&self, position: u64, recorded: &Recorded) -> u64 {
        let mut terms = terms_of(recorded, &self.directory, &mut Authors::default());
        terms.sort_unstable();
        terms.dedup();
        let terms = terms
            .iter()
            .map(|term| self.key(term.as_bytes()).at(position));
        let event = id_key(EVENT, recorded.event.id.as_bytes());
        let request =
            (recorded.request_index == 0).then(|| id_key(REQUEST, recorded.request_id.as_bytes()));
        let ids = std::iter::once(event).chain(request);
        let ids = ids.map(|key| self.key(&key).at(position));
        terms.chain(ids).fold(0, u64::wrapping_add)
    }

    fn key(&self, key: &[u8]) -> Keyed {
        let mut hasher = self.hasher.build_hasher();
        key.hash(&mut hasher);
        Keyed(hasher)
    }

    /// Takes away what the index says of an event. It says nothing of those that it does not reach.
    fn says(&self, key: &Keyed, position: u64) {
        let at = usize::try_from(position).ok();
        if let Some(owed) = at.and_then(|at| self.owed.get(at)) {
            owed.fetch_sub(key.at(position), Ordering::Relaxed);
        }
    }

    /// Compares the rest, now that all `size` events were taken, and tells every fault.
    pub fn finish(mut self, size: u64) -> Result<Vec<IndexFault>, DerivedFault> {
        let partial: Vec<(Tile, Vec<merkle::Hash>)> = self
            .tiles
            .partial()
            .map(|(tile, hashes)| (tile, hashes.to_vec()))
            .collect();
        for (tile, hashes) in partial {
            self.tile(tile, &hashes)?;
        }
        let Some(manifest) = self.manifest.clone() else {
            return Ok(self.faults.0);
        };
        if size < manifest.up_to {
            let (expected, found) = (format!("{size} or less"), manifest.up_to.to_string());
            self.faults.add(Some(size), "manifest", &expected, &found);
            return Ok(self.faults.0);
        }
        self.strangers()?;
        if self.blind {
            return Ok(self.faults.0);
        }
        // Sums do not ask in which order.
        let (lists, runs) = thread::scope(|scope| {
            let lists = scope.spawn(|| self.lists(&manifest));
            let runs = self.runs(&manifest);
            let lists = lists.join().unwrap_or_else(|panic| resume_unwind(panic));
            (lists, runs)
        });
        let owed = std::mem::take(&mut self.owed);
        let wrong = (0_u64..).zip(owed);
        let wrong = wrong.filter_map(|(at, owed)| (owed.into_inner() != 0).then_some(at));
        let mut faults = self.faults.0;
        faults.extend(lists?.0);
        faults.extend(runs?.0);
        let mut entries = Faults(faults);
        for position in wrong.take(Self::FAULTS_MAX) {
            let expected = "what the event can be found by";
            let part = "postings and ids";
            entries.add(Some(position), part, expected, "other entries");
        }
        entries.0.truncate(Self::FAULTS_MAX);
        Ok(entries.0)
    }

    fn lists(&self, manifest: &Manifest) -> Result<Faults, DerivedFault> {
        let mut faults = Faults::default();
        for (run, span) in manifest.spans() {
            self.lists_of(run, &span, &mut faults)?;
        }
        Ok(faults)
    }

    fn lists_of(
        &self,
        run: &Run,
        span: &Range<u64>,
        faults: &mut Faults,
    ) -> Result<(), DerivedFault> {
        let part = format!("postings, run {}", run.number);
        let filter = Filter::load(self.store, self.ledger, run.number)?;
        let (mut before, mut last, mut terms): (Vec<u8>, Option<u64>, u64) = (Vec::new(), None, 0);
        let mut keyed = self.key(&before);
        for listed in postings::all(self.store, self.ledger, run.number) {
            let postings::Listed {
                term,
                positions,
                in_place,
            } = listed?;
            if terms == 0 || term != before {
                let sorted = terms == 0 || (before.len(), &before) < (term.len(), &term);
                let key = postings::filter_key(&term);
                let held = filter.as_ref().is_none_or(|filter| filter.may_hold(&key));
                if !sorted || !held {
                    let expected = "a term in its order and in the filter";
                    faults.add(positions.first().copied(), &part, expected, "another");
                }
                terms += 1;
                (before, last) = (term, None);
                keyed = self.key(&before);
            }
            // The search would not find it.
            if !in_place {
                let expected = "a record at the place of its first list";
                faults.add(positions.first().copied(), &part, expected, "another place");
            }
            for position in positions {
                if last.is_some_and(|last| position <= last) || !span.contains(&position) {
                    let expected = "positions of the run in their order";
                    faults.add(Some(position), &part, expected, "another");
                }
                last = Some(position);
                self.says(&keyed, position);
            }
        }
        if terms != run.terms {
            faults.add(None, &part, &run.terms.to_string(), &terms.to_string());
        }
        Ok(())
    }

    fn runs(&self, manifest: &Manifest) -> Result<Faults, DerivedFault> {
        let mut faults = Faults::default();
        for run in &manifest.runs {
            self.run(run.number, run.ids, &mut faults)?;
        }
        Ok(faults)
    }

    fn run(&self, number: u32, count: u64, faults: &mut Faults) -> Result<(), DerivedFault> {
        let part = format!("ids, run {number}");
        let filter = Filter::load(self.store, self.ledger, number)?;
        if filter.is_none() {
            faults.add(None, &part, "a filter", "none");
        }
        let (mut before, mut found): (Option<IdKey>, u64) = (None, 0);
        for entry in ids::all(self.store, self.ledger, number) {
            let (key, position) = entry?;
            found += 1;
            // The search would not find it.
            let sorted = before.is_none_or(|before| before < key);
            let held = filter.as_ref().is_none_or(|filter| filter.may_hold(&key));
            if !sorted || !held {
                faults.add(
                    Some(position),
                    &part,
                    "an id in its order and in the filter",
                    "another",
                );
            }
            before = Some(key);
            let keyed = self.key(&key);
            self.says(&keyed, position);
        }
        if found != count {
            faults.add(None, &part, &count.to_string(), &found.to_string());
        }
        Ok(())
    }

    /// Compares a stored tile with the hashes of the events below it.
    fn tile(&mut self, tile: Tile, computed: &[merkle::Hash]) -> Result<(), DerivedFault> {
        let Some((level, index)) = tiles::place(tile) else {
            return Ok(());
        };
        let stored = tiles::stored(self.store, self.ledger, (level, index))?;
        let width = u64::from(TILE_WIDTH);
        let covered = self.up_to() >> (8 * u32::from(level)).min(63);
        let covered = covered.saturating_sub(index * width).min(width);
        let first = |at: u64| {
            index.saturating_mul(width).saturating_add(at) << (8 * u32::from(level)).min(63)
        };
        let part = tile.to_string();
        let Some(stored) = stored else {
            let expected = format!("{covered} hashes");
            self.faults
                .add(Some(first(0)), &part, &expected, "no hashes");
            return Ok(());
        };
        let differs = (0_u64..)
            .zip(stored.iter().zip(computed))
            .find(|(_, (s, c))| s != c);
        if let Some((at, (stored, computed))) = differs {
            // What follows from a hash below it is not told again.
            let span = first(at)..first(at + 1);
            let below = |fault: &IndexFault| fault.position.is_some_and(|at| span.contains(&at));
            if 0 < level && self.faults.0.iter().any(below) {
                return Ok(());
            }
            let (expected, found) = (computed.to_string(), stored.to_string());
            self.faults.add(Some(first(at)), &part, &expected, &found);
            if let Some(fault) = self.faults.0.last_mut() {
                fault.of_leaf = level == 0;
            }
        } else if (stored.len() as u64) < covered.min(computed.len() as u64)
            || (!self.prefixes && computed.len() < stored.len())
        {
            let at = (stored.len() as u64).min(computed.len() as u64);
            let (expected, found) = (
                format!("{covered} hashes"),
                format!("{} hashes", stored.len()),
            );
            self.faults.add(Some(first(at)), &part, &expected, &found);
        }
        Ok(())
    }

    /// Records of no kind that an index has.
    fn strangers(&mut self) -> Result<(), DerivedFault> {
        let kinds = b"fimpt";
        let mut from = Vec::new();
        for kind in kinds.iter().map(|kind| vec![*kind]).chain([vec![0xff; 18]]) {
            let between = DerivedRange::between(&from, &kind);
            for (key, _) in self.store.scan(self.ledger, &between, 1)? {
                self.faults
                    .add(None, "records", "a record of the index", &hex::encode(&key));
            }
            from = kind.iter().map(|kind| kind.saturating_add(1)).collect();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::domain::id::EventId;
    use crate::ledger::index::{Index, Indexed, Term};
    use crate::log::{DerivedBatch, MemoryLog};

    #[test]
    fn lists_that_a_search_would_read_otherwise_are_told() {
        let ledger = LedgerId::new(Uuid::from_u128(7)).unwrap();
        let term = |month| Term::month(2023, month);
        let written = || {
            let store = MemoryLog::new();
            let index = Index::open(ledger, Arc::new(store.clone()), 0).unwrap();
            let event = |position: u64| Indexed {
                position,
                terms: vec![term(position as i8 % 3 + 1)],
                event_id: EventId::derived(Uuid::NAMESPACE_OID, &position.to_string()),
                request_id: None,
                leaf_hash: merkle::leaf_hash(&position.to_be_bytes()),
            };
            index.add((0..9).map(event).collect());
            index.flush().unwrap();
            store
        };
        let told = |store: &MemoryLog| -> Vec<String> {
            let audit = IndexAudit::open(ledger, store).unwrap();
            let faults = audit.lists(audit.manifest.as_ref().unwrap()).unwrap();
            faults.0.into_iter().map(|fault| fault.expected).collect()
        };
        let store = written();
        assert_eq!(told(&store), [""; 0]);

        // Written anew, as somebody would who knows the format.
        let with = |lists: Vec<(i8, Vec<u64>)>| {
            let store = written();
            let lists = lists
                .into_iter()
                .map(|(month, positions)| Ok((term(month).as_bytes().to_vec(), positions)));
            let mut filter = Filter::load(&store, ledger, 0).unwrap().unwrap();
            postings::write(&store, ledger, 0, &mut filter, lists).unwrap();
            told(&store)
        };
        let whole = vec![(1, vec![0, 3, 6]), (2, vec![1, 4, 7]), (3, vec![2, 5, 8])];
        assert_eq!(with(whole.clone()), [""; 0]);
        let positions = "positions of the run in their order";
        let mut twice = whole.clone();
        twice[1].1 = vec![1, 4, 4, 7];
        assert_eq!(with(twice), [positions]);
        let mut beyond = whole.clone();
        beyond[2].1.push(9);
        assert_eq!(with(beyond), [positions]);
        let mut swapped = whole.clone();
        swapped.swap(0, 1);
        assert_eq!(with(swapped), ["a term in its order and in the filter"]);
        assert_eq!(with(whole[1..].to_vec()), ["3"], "how many terms there are");

        let lists = DerivedRange::prefix(b"p");
        let (key, record) = store.scan(ledger, &lists, 1).unwrap().remove(0);
        let mut batch = DerivedBatch::new();
        batch.remove(key.clone()).unwrap();
        batch.put([&key[..], &[0]].concat(), record).unwrap();
        store.apply(ledger, batch).unwrap();
        assert_eq!(told(&store), ["a record at the place of its first list"]);
    }
}
