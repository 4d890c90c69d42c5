//! One ledger as its readers see it: committed events, what they fold to, and where to find them.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lru::LruCache;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{EventType, Payload, Recorded, Stream};
use crate::domain::id::{EventId, LedgerId};
use crate::domain::personal::Openings;
use crate::ledger::actors::Actors;
use crate::ledger::index::{Authors, Direction, Index, Indexed, Term, terms_of};
use crate::ledger::state::StreamState;
use crate::ledger::streams::Streams;
use crate::ledger::structure::Structure;
use crate::ledger::writer::{ClockUntrusted, not_behind};
use crate::log::codec;
use crate::log::{
    Checkpoint, Chunk, CommitLog, DerivedStore, Freshness, Head, LogFault, ReadLimits,
};
use crate::merkle::{Hash, StreamHeads, leaf_hash};
use crate::personal::{PersonalStore, openings_of};

mod fault;
mod view;

pub use fault::ReadFault;
pub use view::View;

/// A committed event as it is stored, and what it says.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The bytes that were hashed.
    pub leaf: Bytes,
    /// Their leaf hash.
    pub leaf_hash: Hash,
    /// What they say.
    pub recorded: Recorded,
}

/// Events that became durable together, on their way to the readers.
pub(super) struct Batch {
    pub(super) events: Vec<(Recorded, Hash)>,
    /// What the streams of these events fold to with them.
    pub(super) states: HashMap<Stream, Arc<StreamState>>,
    pub(super) head: Head,
}

impl Batch {
    /// Nothing yet of what ends at `head`.
    pub(super) fn up_to(head: Head) -> Self {
        Self {
            events: Vec::new(),
            states: HashMap::new(),
            head,
        }
    }
}

/// One ledger as its readers see it.
pub struct Reader {
    id: LedgerId,
    log: Arc<dyn CommitLog>,
    index: Index,
    clock: Clock,
    /// When the newest event was recorded that the writer took up, in microseconds.
    newest_us: AtomicI64,
    /// The words of personal texts.
    personal: Arc<PersonalStore>,
    openings: Arc<dyn Openings>,
    /// Held for reading from when words are kept until their request is in the writer's queue: whoever holds it for
    /// writing knows that what was kept before is in that queue.
    keeping: tokio::sync::RwLock<()>,
    /// What is indexed, so that answers can include it. Replaced whole, so that an answer is of one head.
    view: RwLock<View>,
    /// What stood where before; never behind `view`.
    structure: Mutex<Structure>,
    /// Directories of earlier sizes that were asked for, by version.
    directories: Mutex<LruCache<usize, Arc<Directory>>>,
    streams: Streams,
    actors: Actors,
    /// Where every stream stood, by size.
    heads: Mutex<LruCache<u64, Arc<StreamHeads>>>,
    /// What is durable and acknowledged.
    committed: watch::Sender<Head>,
    /// The size that includes every structural event of `committed`.
    structured: AtomicU64,
    /// The head of `view`, to wait for.
    published: watch::Sender<Head>,
}

impl Reader {
    /// Directories of earlier sizes that are kept once somebody asked for them.
    const DIRECTORIES_CACHED: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");
    /// Sizes of which it is kept where every stream stood.
    const HEADS_CACHED: NonZeroUsize = NonZeroUsize::new(4).expect("not zero");
    /// Events decoded at once while folding or replaying.
    const PAGE: usize = 4_096;

    /// Opens a ledger: folds the directory and replays what the index has not written yet.
    pub(super) async fn open(
        id: LedgerId,
        log: Arc<dyn CommitLog>,
        store: Arc<dyn DerivedStore>,
        data: Option<&Path>,
        states_bytes: usize,
    ) -> Result<Self, ReadFault> {
        let personal = Arc::new(PersonalStore::new(data, id));
        let head = log.head(id, Freshness::Local).await?;
        let index = Index::open(id, store.clone(), head.size)?;
        let mut reader = Self {
            id,
            log,
            index,
            clock: Clock::system(),
            newest_us: AtomicI64::new(0),
            openings: openings_of(&personal),
            personal,
            keeping: tokio::sync::RwLock::default(),
            view: RwLock::new(View::present(head, Arc::default())),
            structure: Mutex::default(),
            directories: Mutex::new(LruCache::new(Self::DIRECTORIES_CACHED)),
            streams: Streams::new(head.size, states_bytes),
            actors: Actors::new(),
            heads: Mutex::new(LruCache::new(Self::HEADS_CACHED)),
            committed: watch::Sender::new(head),
            structured: AtomicU64::new(head.size),
            published: watch::Sender::new(head),
        };
        reader.replay(head).await?;
        if reader.computed_root(head.size)? != head.root {
            // What is derived is not believed: once more, from the stored bytes.
            reader.index = Index::anew(id, store)?;
            reader.structure = Mutex::default();
            reader.replay(head).await?;
            let found = reader.computed_root(head.size)?;
            if found != head.root {
                return Err(ReadFault::OtherRoot { head, found });
            }
        }
        if reader.view().directory.has_simulated_clock() {
            let last = reader
                .stored(head.size.saturating_sub(1))
                .await?
                .recorded
                .recorded_at;
            reader.clock = Clock::simulated(last);
        }
        Ok(reader)
    }

    /// Takes in what the index has written, then the rest.
    async fn replay(&self, head: Head) -> Result<(), ReadFault> {
        let directory = self.fold_structure().await?;
        self.set_view(View::present(head, Arc::new(directory)));
        self.replay_tail(head).await
    }

    /// Folds the structural events that written runs know of.
    async fn fold_structure(&self) -> Result<Directory, ReadFault> {
        let covered = self.index.covered();
        let mut positions = Vec::new();
        for event_type in EventType::ALL.iter().filter(|t| t.is_structural()) {
            let term = Term::event_type(*event_type);
            positions.extend(self.index.postings(
                &term,
                0,
                covered,
                Direction::Forward,
                usize::MAX,
            )?);
        }
        positions.sort_unstable();
        let mut directory = Directory::default();
        for page in positions.chunks(Self::PAGE) {
            for stored in self.stored_at(page).await? {
                directory.apply(&stored.recorded);
                self.structure().add(stored.recorded.position, &directory);
            }
        }
        Ok(directory)
    }

    async fn replay_tail(&self, head: Head) -> Result<(), ReadFault> {
        let ahead = |from| (from < head.size).then(|| self.decoded_ahead(from));
        let mut from = self.index.covered();
        let mut decoding = ahead(from);
        while let Some(decoded) = decoding {
            let events = decoded
                .await
                .unwrap_or_else(|error| resume_unwind(error.into_panic()))?;
            from += events.len() as u64;
            // One processor reads and decodes while another indexes.
            decoding = ahead(from);
            self.take_in(&events, head);
        }
        Ok(())
    }

    /// Some events from `from` on with their leaf hashes, by a task of its own.
    fn decoded_ahead(&self, from: u64) -> JoinHandle<Result<Vec<(Recorded, Hash)>, ReadFault>> {
        let (log, id, openings) = (self.log.clone(), self.id, self.openings.clone());
        tokio::spawn(async move {
            let chunk = log.read(id, from, ReadLimits::events(Self::PAGE)).await?;
            let leaves = chunk.leaves();
            leaves
                .map(|(position, leaf)| {
                    Ok((recorded(position, &leaf, &openings)?, leaf_hash(&leaf)))
                })
                .collect()
        })
    }

    /// Indexes the next committed events and folds what is structural; answers are of `head` then.
    fn take_in(&self, events: &[(Recorded, Hash)], head: Head) {
        let current = self.view().directory;
        let mut changed = None;
        let mut authors = Authors::default();
        let mut indexed = Vec::with_capacity(events.len());
        for (recorded, leaf_hash) in events {
            if recorded.event.payload.is_structural() {
                let directory = changed.get_or_insert_with(|| Directory::clone(&current));
                directory.apply(recorded);
                if let Payload::PersonalDataErased(p) = &recorded.event.payload {
                    self.personal.mark_erased(p.subject, recorded.position);
                }
                self.structure().add(recorded.position, directory);
            }
            indexed.push(Indexed {
                position: recorded.position,
                terms: terms_of(recorded, changed.as_ref().unwrap_or(&current), &mut authors),
                event_id: recorded.event.id,
                request_id: (recorded.request_index == 0).then_some(recorded.request_id),
                leaf_hash: *leaf_hash,
            });
        }
        self.index.add(indexed);
        self.set_view(View::present(head, changed.map_or(current, Arc::new)));
    }

    fn set_view(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Tells that events up to `head` are durable; the structural ones among them end at `structured`.
    pub(super) fn commit(&self, head: Head, structured: u64) {
        self.structured.fetch_max(structured, Ordering::Release);
        self.committed.send_replace(head);
    }

    /// Makes durable events visible to readers, in the order of their positions.
    pub(super) fn publish(&self, batch: Batch) {
        self.streams.publish(batch.states);
        self.take_in(&batch.events, batch.head);
        self.published.send_replace(batch.head);
    }

    /// What the leaf at `position` says, with its personal texts as far as their words are there.
    pub fn recorded(&self, position: u64, leaf: &[u8]) -> Result<Recorded, ReadFault> {
        recorded(position, leaf, &self.openings)
    }

    fn stored_of(&self, position: u64, leaf: Bytes) -> Result<Stored, ReadFault> {
        let recorded = self.recorded(position, &leaf)?;
        Ok(Stored {
            leaf_hash: leaf_hash(&leaf),
            leaf,
            recorded,
        })
    }

    /// Who did things, to be shared by events that stay in memory.
    pub(super) fn actors(&self) -> &Actors {
        &self.actors
    }

    /// The words of personal texts, for events that are read.
    pub(super) fn openings(&self) -> &Arc<dyn Openings> {
        &self.openings
    }

    /// The words of personal texts, to be kept and destroyed.
    pub(super) fn personal(&self) -> &Arc<PersonalStore> {
        &self.personal
    }

    /// See the field.
    pub(super) fn keeping(&self) -> &tokio::sync::RwLock<()> {
        &self.keeping
    }

    /// The index.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Notes when an event was recorded.
    pub(super) fn note_recorded(&self, at: Timestamp) {
        self.newest_us.store(at.as_microsecond(), Ordering::Relaxed);
    }

    /// When the newest event was recorded, acknowledged or not.
    pub(super) fn newest(&self) -> Timestamp {
        let us = self.newest_us.load(Ordering::Relaxed);
        Timestamp::from_microsecond(us).unwrap_or_default()
    }

    /// What the clock shows, for an event that is to be recorded, if that can be right.
    pub(super) fn now_to_record(&self, behind_max: Duration) -> Result<Timestamp, ClockUntrusted> {
        let now = self.clock.now();
        // A sample's clock is what its story says.
        if !self.clock.is_simulated() {
            not_behind(behind_max, self.newest(), now)?;
        }
        Ok(now)
    }

    /// The ledger's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The ledger's id.
    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// The ledger whose access log this is; `None`: it is a ledger of facts.
    pub fn access_log_of(&self) -> Option<LedgerId> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.directory.access_log_of()
    }

    /// Today in the ledger's zone, by its clock.
    pub fn today(&self) -> Date {
        self.view().directory.date_of(self.clock.now())
    }

    /// What every answer now includes.
    pub fn view(&self) -> View {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The head that every answer now includes.
    pub fn head(&self) -> Head {
        self.view().head
    }

    /// The head of what is acknowledged: maybe ahead of what answers include.
    pub fn acknowledged(&self) -> Head {
        *self.committed.borrow()
    }

    /// Follows the head.
    pub fn watch(&self) -> watch::Receiver<Head> {
        self.published.subscribe()
    }

    /// Waits until what stands where is as it was acknowledged before the call. Reports of then may be lacking: for
    /// those who ask nothing of them, as they come much more often.
    pub async fn structure_caught_up(&self) -> View {
        let structured = self.structured.load(Ordering::Acquire);
        if self.published.borrow().size < structured {
            self.reached(structured).await;
        }
        self.view()
    }

    /// Waits until answers include `size`.
    async fn reached(&self, size: u64) {
        let mut published = self.published.subscribe();
        // The sender lives in `self`, so the channel cannot close while we are called.
        let _ = published.wait_for(|head| size <= head.size).await;
    }

    /// Waits until answers include everything that was acknowledged before the call, and position
    /// `min_position` where one is given. Whoever calls sets the deadline by dropping the future.
    pub async fn caught_up(&self, min_position: Option<u64>) -> View {
        let acknowledged = self.acknowledged().size;
        let wanted = min_position
            .map_or(0, |p| p.saturating_add(1))
            .max(acknowledged);
        self.reached(wanted).await;
        self.view()
    }

    /// The position of an event.
    pub fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadFault> {
        Ok(self.index.position_of_event(id)?)
    }

    /// The event at `position`.
    pub async fn stored(&self, position: u64) -> Result<Stored, ReadFault> {
        let leaf = self.log.leaf(self.id, position).await?;
        self.stored_of(position, leaf)
    }

    /// The events at `positions`, in their order.
    pub async fn stored_at(&self, positions: &[u64]) -> Result<Vec<Stored>, ReadFault> {
        let leaves = self.leaves(positions).await?;
        positions
            .iter()
            .zip(leaves)
            .map(|(position, leaf)| self.stored_of(*position, leaf))
            .collect()
    }

    /// The bytes of the events at `positions`, in their order.
    pub async fn leaves(&self, positions: &[u64]) -> Result<Vec<Bytes>, ReadFault> {
        Ok(self.log.leaves(self.id, positions.to_vec()).await?)
    }

    /// Adjacent leaves from `from` on.
    pub async fn read(&self, from: u64, limits: ReadLimits) -> Result<Chunk, ReadFault> {
        Ok(self.log.read(self.id, from, limits).await?)
    }

    /// Keeps a signed statement that the first `size` events have `root`: durable when it returns.
    pub async fn keep_checkpoint(
        &self,
        size: u64,
        root: Hash,
        note: Bytes,
    ) -> Result<(), LogFault> {
        let ledger = self.id;
        let kept = self.log.keep_checkpoint(Checkpoint {
            ledger,
            size,
            root,
            note,
        });
        kept.await
    }

    /// Up to `limit` kept checkpoints for `sizes`, ascending.
    pub async fn checkpoints(
        &self,
        sizes: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, ReadFault> {
        Ok(self.log.checkpoints(self.id, sizes, limit).await?)
    }

    /// The kept checkpoint for the largest size up to `size`.
    pub async fn checkpoint_up_to(&self, size: u64) -> Result<Option<Checkpoint>, ReadFault> {
        Ok(self.log.checkpoint_up_to(self.id, size).await?)
    }

    /// Up to `limit` positions of `term` in `from..to`.
    pub fn postings(
        &self,
        term: &Term,
        from: u64,
        to: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<u64>, ReadFault> {
        Ok(self.index.postings(term, from, to, direction, limit)?)
    }

    /// A stream folded to exactly `size` events of the ledger; revision 0 if it does not exist then. `size`
    /// is that of a [`View`], or what the index covers.
    pub async fn stream(&self, stream: Stream, size: u64) -> Result<Arc<StreamState>, ReadFault> {
        match self.streams.newest(stream) {
            Some(state) if state.end <= size => return Ok(state),
            // It knows more than was asked for: folded from the beginning.
            Some(_) => return self.folded(stream, size).await,
            // The turn is for those who ask for the newest.
            None if size < self.head().size => return self.folded(stream, size).await,
            None => {}
        }
        let _turn = self.streams.turn(stream).await;
        match self.streams.newest(stream) {
            Some(state) if state.end <= size => Ok(state),
            _ => self.folded(stream, size).await,
        }
    }

    /// A stream with at least the first `size` events of the ledger folded in, and maybe more. Every version
    /// of what it holds says when it was recorded, so a [`Cut`](crate::domain::actual::aggregate::Cut) tells what was known at `size`.
    pub async fn stream_covering(
        &self,
        stream: Stream,
        size: u64,
    ) -> Result<Arc<StreamState>, ReadFault> {
        if let Some(state) = self.streams.newest(stream) {
            return Ok(state);
        }
        let _turn = self.streams.turn(stream).await;
        match self.streams.newest(stream) {
            Some(state) => Ok(state),
            // To the end, so that it can be kept for whoever asks next, of whatever size.
            None => self.folded(stream, size.max(self.head().size)).await,
        }
    }

    /// How many events of a stream are among the first `size` of the ledger. `state` covers them.
    pub async fn revision_at(
        &self,
        stream: Stream,
        state: &StreamState,
        size: u64,
    ) -> Result<u64, ReadFault> {
        if state.end <= size {
            return Ok(state.revision);
        }
        let term = Term::stream(stream);
        let last = self.postings(&term, 0, size, Direction::Backward, 1)?;
        match last.first() {
            Some(position) => Ok(self.stored(*position).await?.recorded.revision),
            None => Ok(0),
        }
    }

    /// A stream folded from the beginning to exactly `size` events of the ledger.
    async fn folded(&self, stream: Stream, size: u64) -> Result<Arc<StreamState>, ReadFault> {
        let term = Term::stream(stream);
        let positions = self.postings(&term, 0, size, Direction::Forward, usize::MAX)?;
        let directory = self.view().directory;
        let mut state = StreamState::default();
        for page in positions.chunks(Self::PAGE) {
            for mut stored in self.stored_at(page).await? {
                stored.recorded.actor = self.actors.share(stored.recorded.actor);
                let recorded = &stored.recorded;
                let follows = recorded.revision == state.revision + 1
                    && recorded.prev_leaf_hash.as_ref()
                        == state.leaf_hash.as_ref().map(Hash::as_bytes);
                if !follows {
                    return Err(ReadFault::BrokenChain {
                        position: recorded.position,
                    });
                }
                let recorded_on = directory.date_of(recorded.recorded_at);
                state.apply(recorded, recorded_on, stored.leaf_hash);
            }
        }
        let state = Arc::new(state);
        self.streams.keep(stream, &state, size);
        Ok(state)
    }

    pub(super) fn known_heads(&self, size: u64) -> Option<Arc<StreamHeads>> {
        let mut known = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&size).cloned()
    }

    pub(super) fn keep_heads(&self, size: u64, heads: Arc<StreamHeads>) {
        let mut known = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        known.put(size, heads);
    }

    fn structure(&self) -> MutexGuard<'_, Structure> {
        self.structure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn directories(&self) -> MutexGuard<'_, LruCache<usize, Arc<Directory>>> {
        self.directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Reader::recorded`].
fn recorded(
    position: u64,
    leaf: &[u8],
    openings: &Arc<dyn Openings>,
) -> Result<Recorded, ReadFault> {
    let decoded = codec::decode(leaf);
    let mut recorded = decoded.map_err(|source| ReadFault::Decode { position, source })?;
    let author = &recorded.actor;
    recorded.event.leave_words_to(openings, author);
    Ok(recorded)
}
