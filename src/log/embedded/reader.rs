//! Reads: from the ring, else from sled, else from the journal. Readers see no seam.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::chunk::{ChunkBuilder, frame_at, frames_end};
use crate::log::copy::record::CopyRecord;
use crate::log::embedded::shared::Shared;
use crate::log::journal::Section;
use crate::log::{Checkpoint, Chunk, LogFault, ReadError, ReadLimits};

/// Runs `f` where blocking is allowed, if there is such a place.
pub(crate) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(f)
            .await
            .map_err(|error| error.to_string()),
        Err(_) => Ok(f()),
    }
}

pub(crate) async fn chunk(
    shared: Arc<Shared>,
    ledger: LedgerId,
    from: u64,
    limits: ReadLimits,
) -> Result<Chunk, ReadError> {
    let size = shared.head(ledger)?.size;
    if from >= size {
        let end = from == size;
        return if end {
            Ok(Chunk::empty(from))
        } else {
            Err(ReadError::BeyondEnd { size })
        };
    }
    // What is in the ring reaches to the end of the ledger and is at hand.
    if shared.ring().section(ledger, from).is_some() {
        return shared.chunk(ledger, from, limits, size);
    }
    blocking(move || shared.chunk(ledger, from, limits, size))
        .await
        .unwrap_or_else(|error| Err(ReadError::Unavailable(error)))
}

pub(crate) async fn leaves(
    shared: Arc<Shared>,
    ledger: LedgerId,
    positions: Vec<u64>,
) -> Result<Vec<Bytes>, ReadError> {
    let size = shared.head(ledger)?.size;
    if positions.iter().any(|&position| position >= size) {
        return Err(ReadError::BeyondEnd { size });
    }
    let Some(&lowest) = positions.iter().min() else {
        return Ok(Vec::new());
    };
    if shared.ring().section(ledger, lowest).is_some() {
        return shared.leaves(ledger, &positions);
    }
    blocking(move || shared.leaves(ledger, &positions))
        .await
        .unwrap_or_else(|error| Err(ReadError::Unavailable(error)))
}

/// Kept checkpoints from sled and from what is not there yet.
pub(crate) async fn checkpoints(
    shared: Arc<Shared>,
    ledger: LedgerId,
    sizes: RangeInclusive<u64>,
    limit: usize,
) -> Result<Vec<Checkpoint>, ReadError> {
    blocking(move || {
        // First what waits: on its way to sled it is in both, never in neither.
        let waiting = shared.kept.of(ledger, sizes.clone());
        let copied = shared.with_copy(|copy| copy.checkpoints(ledger, sizes, limit))?;
        let mut found: BTreeMap<u64, Checkpoint> =
            copied.into_iter().map(|kept| (kept.size, kept)).collect();
        found.extend(waiting.into_iter().map(|kept| (kept.size, kept)));
        Ok(found.into_values().take(limit).collect())
    })
    .await
    .unwrap_or_else(|error| Err(LogFault::Storage(error)))
    .map_err(unreadable)
}

pub(crate) async fn checkpoint_up_to(
    shared: Arc<Shared>,
    ledger: LedgerId,
    size: u64,
) -> Result<Option<Checkpoint>, ReadError> {
    blocking(move || {
        let waiting = shared.kept.of(ledger, 0..=size).pop();
        let copied = shared.with_copy(|copy| copy.checkpoint_up_to(ledger, size))?;
        // Of two for one size the one that waits is the newer.
        let newer = copied.filter(|copied| waiting.as_ref().is_none_or(|w| w.size < copied.size));
        Ok(newer.or(waiting))
    })
    .await
    .unwrap_or_else(|error| Err(LogFault::Storage(error)))
    .map_err(unreadable)
}

fn unreadable(fault: LogFault) -> ReadError {
    match fault {
        LogFault::Closed => ReadError::Closed,
        other => ReadError::Unavailable(other.to_string()),
    }
}

/// Adjacent leaves, wherever they were found.
enum Part {
    Section(Section),
    Record(CopyRecord),
}

impl Part {
    fn end(&self) -> u64 {
        match self {
            Self::Section(section) => section.end(),
            Self::Record(record) => record.end(),
        }
    }

    fn first(&self) -> u64 {
        match self {
            Self::Section(section) => section.first,
            Self::Record(record) => record.first,
        }
    }

    /// The leaves from `position` on, framed, and their number.
    fn from(&self, position: u64) -> Option<(Bytes, usize)> {
        match self {
            Self::Section(section) => section_from(section, position),
            Self::Record(record) => record.from(position),
        }
    }

    fn leaf(&self, position: u64) -> Option<Bytes> {
        match self {
            Self::Section(section) => {
                let (framed, _) = section_from(section, position)?;
                let (begin, end) = frame_at(&framed, 0)?;
                Some(framed.slice(begin..end))
            }
            Self::Record(record) => record.leaf(position),
        }
    }
}

/// The leaves of a section from `position` on, framed, and their number.
pub(crate) fn section_from(section: &Section, position: u64) -> Option<(Bytes, usize)> {
    let skip = usize::try_from(position.checked_sub(section.first)?).ok()?;
    let rest = (section.count as usize)
        .checked_sub(skip)
        .filter(|&rest| rest > 0)?;
    Some((
        section.framed.slice(frames_end(&section.framed, skip)?..),
        rest,
    ))
}

impl Shared {
    fn chunk(
        &self,
        ledger: LedgerId,
        from: u64,
        limits: ReadLimits,
        size: u64,
    ) -> Result<Chunk, ReadError> {
        let mut builder = ChunkBuilder::new(from, limits);
        while builder.next() < size && !builder.is_full() {
            let position = builder.next();
            let part = self.part(ledger, position)?;
            let (framed, count) = part.from(position).ok_or_else(|| unframed(position))?;
            builder.add(framed, count).map_err(|_| unframed(position))?;
        }
        Ok(builder.finish())
    }

    fn leaves(&self, ledger: LedgerId, positions: &[u64]) -> Result<Vec<Bytes>, ReadError> {
        let mut held: Option<Part> = None;
        let mut leaves = Vec::with_capacity(positions.len());
        for &position in positions {
            let part = match held.take() {
                Some(part) if (part.first()..part.end()).contains(&position) => part,
                _ => self.part(ledger, position)?,
            };
            leaves.push(part.leaf(position).ok_or_else(|| unframed(position))?);
            held = Some(part);
        }
        Ok(leaves)
    }

    /// What holds a committed position.
    fn part(&self, ledger: LedgerId, position: u64) -> Result<Part, ReadError> {
        if let Some(section) = self.ring().section(ledger, position) {
            return Ok(Part::Section(section));
        }
        let mut bad = None;
        if position < self.copied(ledger) {
            match self.copied_record(ledger, position) {
                Ok(record) => return Ok(Part::Record(record)),
                Err(_) if self.state().is_closed() => return Err(ReadError::Closed),
                Err(fault) => bad = Some(fault),
            }
        }
        match (self.catalog.section(ledger, position), bad) {
            (Ok(section), None) => Ok(Part::Section(section)),
            (Ok(section), Some(bad)) => {
                self.report_bad_record(bad);
                Ok(Part::Section(section))
            }
            (Err(fault), bad) => {
                let also = bad.map(|bad| {
                    self.report_both_bad(&bad, &fault.to_string());
                    format!("; {}", bad.why)
                });
                let also = also.unwrap_or_default();
                Err(ReadError::Damaged {
                    position,
                    detail: format!("{fault}{also}"),
                })
            }
        }
    }
}

fn unframed(position: u64) -> ReadError {
    ReadError::Damaged {
        position,
        detail: "framing".to_owned(),
    }
}
