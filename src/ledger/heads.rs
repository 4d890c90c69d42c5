//! Where every stream stood at a size: the rows that a recording of heads speaks of.
//!
//! Made outside the writer from what is indexed: the last posting of each stream below the size, and the event there. It
//! costs two reads for each stream, whatever there is of events, and comes out the same whenever it is made.

use std::sync::Arc;

use crate::domain::event::{Stream, StreamKind};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader};
use crate::log::codec::envelope;
use crate::merkle::{StreamHead, StreamHeads, StreamKey, leaf_hash};

/// Events read at once.
const PAGE: usize = 1_024;

/// A stream as a row names it: the number of its kind is that of the storage format.
pub fn stream_key(stream: Stream) -> StreamKey {
    let kind = match stream.kind {
        StreamKind::Ledger => 1,
        StreamKind::Plan => 2,
        StreamKind::Org => 3,
        StreamKind::Goal => 4,
    };
    StreamKey {
        kind,
        id: *stream.id.as_bytes(),
    }
}

impl Reader {
    /// The newest event of every stream among the first `size` events of the ledger, which has as many.
    ///
    /// Refused where the rows do not account for every one of those events: a recording would be for ever.
    pub async fn stream_heads(self: &Arc<Self>, size: u64) -> Result<Arc<StreamHeads>, ReadFault> {
        if let Some(known) = self.known_heads(size) {
            return Ok(known);
        }
        let directory = self.view_at(size).await?.directory;
        let reader = self.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let last = |stream| {
                let term = Term::stream(stream);
                let last = reader.postings(&term, 0, size, Direction::Backward, 1)?;
                Ok(last.first().copied())
            };
            let positions: Result<Vec<Option<u64>>, ReadFault> =
                directory.streams().map(last).collect();
            positions.map(|positions| positions.into_iter().flatten().collect::<Vec<u64>>())
        });
        let mut positions = match looking.await {
            Ok(positions) => positions?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        positions.sort_unstable();
        let mut rows = Vec::with_capacity(positions.len());
        for page in positions.chunks(PAGE) {
            for (position, leaf) in page.iter().zip(self.leaves(page).await?) {
                let envelope = envelope(&leaf).map_err(|source| ReadFault::Decode {
                    position: *position,
                    source,
                })?;
                rows.push(StreamHead {
                    stream: stream_key(envelope.stream),
                    revision: envelope.revision,
                    leaf: leaf_hash(&leaf),
                });
            }
        }
        rows.sort_unstable_by_key(|row| row.stream);
        let counted = rows
            .iter()
            .try_fold(0_u64, |sum, row| sum.checked_add(row.revision))
            .unwrap_or(u64::MAX);
        let heads = StreamHeads::new(rows)
            .ok()
            .filter(|_| counted == size)
            .ok_or(ReadFault::HeadsDiffer { size, counted })?;
        let heads = Arc::new(heads);
        self.keep_heads(size, heads.clone());
        Ok(heads)
    }
}
