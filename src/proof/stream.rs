//! That a stream is complete: all its events in one file, with the recorded heads that count them.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::event::{HeadsRecorded, Payload, Recorded, Stream, StreamKind};
use crate::domain::id::StreamId;
use crate::domain::trust::HeadsRecording;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{Reader, stream_key};
use crate::log::codec::decode;
use crate::merkle::stream_file::{self, LaterEvent, STREAM_EVENTS_MAX, StreamFile};
use crate::merkle::{
    Hash, InvalidInclusion, InvalidStreamProof, ProofFile, StreamKey, TreeHead, leaf_hash,
    verify_inclusion,
};
use crate::proof::{ProofFault, Publisher};

/// Bytes of one piece of a file, about: a piece ends with a line.
const PIECE_BYTES: usize = 128 * 1024;
/// Events read at once.
const PAGE: usize = 256;

/// A stream file that is being made, a piece at a time.
pub struct StreamExport {
    publisher: Arc<Publisher>,
    stream: Stream,
    /// What the events that the row counts are among.
    recorded: u64,
    /// The size that everything leads to.
    size: u64,
    recording: ProofFile,
    /// Positions of the stream's events that are still to come.
    positions: std::vec::IntoIter<u64>,
    is_begun: bool,
    is_ended: bool,
}

impl StreamExport {
    /// The events of `stream` among the first `size` of the ledger, counted by `heads`, which was recorded below `size`.
    pub async fn new(
        publisher: Arc<Publisher>,
        stream: Stream,
        heads: &HeadsRecording,
        size: u64,
    ) -> Result<Self, ProofFault> {
        let reader = publisher.reader().clone();
        let checkpoint = publisher.checkpoint_at(size).await?;
        let term = Term::stream(stream);
        let positions =
            reader.postings(&term, 0, size, Direction::Forward, STREAM_EVENTS_MAX + 1)?;
        if STREAM_EVENTS_MAX < positions.len() {
            return Err(ProofFault::TooManyEvents);
        }
        let leaf = reader.stored(heads.position).await?.leaf;
        let (proving, position) = (publisher.clone(), heads.position);
        let hashes = blocking(move || proving.inclusion(position, size)).await?;
        let recording =
            ProofFile::new(Some(leaf.to_vec()), position, hashes, (*checkpoint).clone())?;
        Ok(Self {
            publisher,
            stream,
            recorded: heads.size,
            size,
            recording,
            positions: positions.into_iter(),
            is_begun: false,
            is_ended: false,
        })
    }

    /// The next bytes of the file, and the rest of it; `None`: it is whole. One that failed is gone: what it lacks is never
    /// taken for its end.
    pub async fn next(mut self) -> Result<Option<(Bytes, Self)>, ProofFault> {
        let mut text = String::new();
        if !self.is_begun {
            self.is_begun = true;
            let heads = self.reader().stream_heads(self.recorded).await?;
            let key = stream_key(self.stream);
            text.push_str(&stream_file::beginning(&key, &heads.prove(&key)));
        }
        while text.len() < PIECE_BYTES && !self.is_ended {
            let page: Vec<u64> = self.positions.by_ref().take(PAGE).collect();
            if page.is_empty() {
                self.is_ended = true;
                text.push_str(&stream_file::end(&self.recording));
                break;
            }
            let leaves = self.reader().leaves(&page).await?;
            for (position, leaf) in page.into_iter().zip(leaves) {
                if position < self.recorded {
                    text.push_str(&stream_file::event(&leaf));
                    continue;
                }
                let (publisher, size) = (self.publisher.clone(), self.size);
                let hashes = blocking(move || publisher.inclusion(position, size)).await?;
                text.push_str(&stream_file::later(&LaterEvent {
                    position,
                    leaf: leaf.to_vec(),
                    hashes,
                }));
            }
        }
        Ok((!text.is_empty()).then(|| (text.into_bytes().into(), self)))
    }

    fn reader(&self) -> &Arc<Reader> {
        self.publisher.reader()
    }
}

/// Makes a proof where reading tiles may block.
async fn blocking<T: Send + 'static>(
    prove: impl FnOnce() -> Result<T, ProofFault> + Send + 'static,
) -> Result<T, ProofFault> {
    match tokio::task::spawn_blocking(prove).await {
        Ok(proved) => proved,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// What a stream file shows once its checkpoint is believed.
#[derive(Clone, Debug)]
pub struct StreamShown {
    /// Which stream.
    pub stream: Stream,
    /// The recording that counts its events.
    pub heads: HeadsRecorded,
    /// The position of that.
    pub heads_position: u64,
    /// Exactly the events of the stream among the first `heads.size` of the ledger, with their hashes.
    pub events: Vec<(Recorded, Hash)>,
    /// Some that came after those; whether there are others is not shown.
    pub later: Vec<(Recorded, Hash)>,
}

/// What is wrong with a stream file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StreamFault {
    /// The recording is not in the checkpoint's tree.
    #[error("the recording of heads does not lead to the checkpoint: {0}")]
    Recording(InvalidInclusion),
    /// The event that the proof is of records no heads of the events before it.
    #[error("the event at position {0} is no recording of heads")]
    NoRecording(u64),
    /// The rows are not those that were recorded.
    #[error(transparent)]
    Rows(#[from] InvalidStreamProof),
    /// Not as many events as the row counts.
    #[error("{found} events, expected {expected}")]
    Count {
        /// How many there are by the row.
        expected: u64,
        /// How many there are in the file.
        found: u64,
    },
    /// An event that is not the one that was recorded.
    #[error("event {revision} of the stream is not the one that was recorded")]
    Altered {
        /// Its number in the stream.
        revision: u64,
    },
    /// An event of the later ones that is missing, or too much.
    #[error("event {revision} of the stream does not follow the one before it")]
    Gap {
        /// Its number in the stream.
        revision: u64,
    },
    /// What was recorded, and cannot be read by this version.
    #[error("this version cannot read event {revision} of the stream: {fault}")]
    Unreadable {
        /// Its number in the stream.
        revision: u64,
        /// Why.
        fault: String,
    },
    /// A stream of a kind that this version does not know.
    #[error("this version does not know streams of kind {0}")]
    Kind(u8),
}

impl StreamFault {
    /// Whether something is missing or too much, rather than altered.
    pub const fn is_of_completeness(&self) -> bool {
        matches!(self, Self::Count { .. } | Self::Gap { .. })
    }

    /// Whether it is only that this version is too old.
    pub const fn is_of_version(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Kind(_))
    }
}

/// Verifies all of a stream file but the signatures of its checkpoint.
pub fn verify(file: &StreamFile) -> Result<StreamShown, StreamFault> {
    let stream = stream_of(&file.stream)?;
    let head = file.recording.checkpoint().checkpoint().head();
    let (heads, heads_position, ledger) = recording(&file.recording, &head)?;
    let recorded = TreeHead {
        size: heads.streams,
        root: Hash::new(heads.root),
    };
    let row = file.proof.verify(&recorded, &file.stream)?;
    let (expected, found) = (row.map_or(0, |row| row.revision), file.events.len() as u64);
    if expected != found {
        return Err(StreamFault::Count { expected, found });
    }
    // Backwards: the row names the last event by its hash, and each event the one before it.
    let mut events = Vec::with_capacity(file.events.len());
    let mut next = row.map(|row| row.leaf);
    for (revision, leaf) in (1..)
        .zip(&file.events)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        let hash = leaf_hash(leaf);
        if next != Some(hash) {
            return Err(StreamFault::Altered { revision });
        }
        let event = read(leaf, revision)?;
        let belongs = event.event.stream == stream
            && event.ledger == ledger
            && event.revision == revision
            && event.position < heads.size;
        if !belongs {
            return Err(StreamFault::Altered { revision });
        }
        next = event.prev_leaf_hash.map(Hash::new);
        events.push((event, hash));
    }
    if next.is_some() {
        return Err(StreamFault::Gap { revision: 1 });
    }
    events.reverse();
    let mut last = row.map(|row| row.leaf);
    let mut later = Vec::with_capacity(file.later.len());
    for (revision, one) in (found + 1..).zip(&file.later) {
        let hash = leaf_hash(&one.leaf);
        if verify_inclusion(&head, one.position, &hash, &one.hashes).is_err() {
            return Err(StreamFault::Altered { revision });
        }
        let event = read(&one.leaf, revision)?;
        let belongs = event.event.stream == stream
            && event.ledger == ledger
            && event.position == one.position;
        if !belongs {
            return Err(StreamFault::Altered { revision });
        }
        let follows = event.revision == revision
            && event.prev_leaf_hash.map(Hash::new) == last
            && heads.size <= event.position;
        if !follows {
            return Err(StreamFault::Gap { revision });
        }
        last = Some(hash);
        later.push((event, hash));
    }
    Ok(StreamShown {
        stream,
        heads,
        heads_position,
        events,
        later,
    })
}

/// What the recording says, where it stands, and of which ledger it is.
fn recording(
    proof: &ProofFile,
    head: &TreeHead,
) -> Result<(HeadsRecorded, u64, crate::domain::id::LedgerId), StreamFault> {
    let none = StreamFault::NoRecording(proof.index());
    let leaf = proof.extra().ok_or(none.clone())?;
    verify_inclusion(head, proof.index(), &leaf_hash(leaf), proof.hashes())
        .map_err(StreamFault::Recording)?;
    let recorded = decode(leaf).map_err(|_| none.clone())?;
    match recorded.event.payload {
        Payload::HeadsRecorded(heads)
            if recorded.position == proof.index() && heads.size <= recorded.position =>
        {
            Ok((heads, recorded.position, recorded.ledger))
        }
        _ => Err(none),
    }
}

fn read(leaf: &[u8], revision: u64) -> Result<Recorded, StreamFault> {
    decode(leaf).map_err(|fault| StreamFault::Unreadable {
        revision,
        fault: fault.to_string(),
    })
}

fn stream_of(key: &StreamKey) -> Result<Stream, StreamFault> {
    let unknown = StreamFault::Kind(key.kind);
    let kinds = StreamKind::ALL.iter().copied();
    let id = StreamId::from_bytes(&key.id).map_err(|_| unknown.clone())?;
    let mut streams = kinds.map(|kind| Stream { kind, id });
    streams
        .find(|stream| stream_key(*stream) == *key)
        .ok_or(unknown)
}
