//! Adjacent events as streams send them, in either form.

use std::sync::OnceLock;

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::encoding::message;

use crate::api::Events;
use crate::grpc::event::{recorded, transcribe};
use crate::grpc::ledger_service::{BATCH_BYTES, BATCH_EVENTS};
use crate::ledger::{ReadFault, Reader};
use crate::log::{Chunk, ReadLimits, put_frame};
use crate::merkle::leaf_hash;

/// Bytes of an event's message for each stored one, for most somewhat less: ids are text in it.
const SHOWN_PER_STORED: usize = 3;

/// Adjacent events: read once, and encoded once for all who are sent all of them.
pub(super) struct Page {
    chunk: Chunk,
    events: OnceLock<Vec<Part>>,
}

/// Adjacent events of a page.
enum Part {
    /// As messages, the same for everybody.
    Encoded(Bytes),
    /// One that depends on whose eyes it is for, or that cannot be read.
    Stored { position: u64, leaf: Bytes },
}

/// Events as messages, one after the other, each as a field of [`Events`].
#[derive(Default)]
struct Messages(Vec<u8>);

impl Messages {
    /// Adds an event where its message can be written from its bytes; otherwise nothing.
    fn transcribe(&mut self, leaf: &[u8]) -> Option<()> {
        transcribe(Events::FIELD, leaf, &leaf_hash(leaf), &mut self.0)
    }

    /// Adds an event as it is shown to whom this task answers.
    fn show(&mut self, reader: &Reader, position: u64, leaf: &[u8]) -> Result<(), ReadFault> {
        let event = reader.recorded(position, leaf)?;
        let event = recorded(&event, leaf_hash(leaf).as_bytes());
        message::encode(Events::FIELD, &event, &mut self.0);
        Ok(())
    }

    fn finish(self) -> Events {
        Events {
            events: Vec::new(),
            encoded: self.0.into(),
        }
    }
}

impl Page {
    /// The next events in `from..until`, as many as a batch has.
    pub(super) async fn read(reader: &Reader, from: u64, until: u64) -> Result<Self, ReadFault> {
        let limits = ReadLimits {
            max_events: usize::try_from(until - from)
                .unwrap_or(usize::MAX)
                .min(BATCH_EVENTS),
            max_bytes: BATCH_BYTES,
        };
        Ok(Self {
            chunk: reader.read(from, limits).await?,
            events: OnceLock::new(),
        })
    }

    /// The events as they are stored.
    pub(super) fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// All of them as messages, for whom this task answers.
    pub(super) fn events(&self, reader: &Reader) -> Result<Events, ReadFault> {
        let parts = self.events.get_or_init(|| encoded(&self.chunk));
        if let [Part::Encoded(all)] = parts.as_slice() {
            return Ok(Events {
                events: Vec::new(),
                encoded: all.clone(),
            });
        }
        let mut messages = Messages::default();
        for part in parts {
            match part {
                Part::Encoded(some) => messages.0.put_slice(some),
                Part::Stored { position, leaf } => messages.show(reader, *position, leaf)?,
            }
        }
        Ok(messages.finish())
    }
}

/// Events as messages, for whom this task answers.
pub(super) fn events(reader: &Reader, leaves: &[(u64, Bytes)]) -> Result<Events, ReadFault> {
    let mut messages = Messages::default();
    for (position, leaf) in leaves {
        if messages.transcribe(leaf).is_none() {
            messages.show(reader, *position, leaf)?;
        }
    }
    Ok(messages.finish())
}

/// Events as they are stored, one after the other, each behind its length.
pub(super) fn framed(leaves: &[(u64, Bytes)]) -> Bytes {
    let mut framed = BytesMut::new();
    for (_, leaf) in leaves {
        put_frame(&mut framed, leaf);
    }
    framed.freeze()
}

/// All events of a chunk, as far as they are the same for everybody.
fn encoded(chunk: &Chunk) -> Vec<Part> {
    let room = chunk.framed().len() * SHOWN_PER_STORED;
    let mut parts = Vec::new();
    let mut messages = Messages(Vec::with_capacity(room));
    for (position, leaf) in chunk.leaves() {
        if messages.transcribe(&leaf).is_none() {
            if !messages.0.is_empty() {
                parts.push(Part::Encoded(std::mem::take(&mut messages.0).into()));
            }
            parts.push(Part::Stored { position, leaf });
        }
    }
    if !messages.0.is_empty() {
        parts.push(Part::Encoded(messages.0.into()));
    }
    parts
}
