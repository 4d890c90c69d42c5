//! A random sample of changes that anybody can draw again.
//!
//! Chance would have to be believed. Here every event of the population has a rank that follows from the
//! seed and its id alone, and the least ranks are drawn: whoever knows the seed and the population draws the
//! same, in any language, and who chooses the seed before looking cannot steer what is drawn.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::domain::id::EventId;
use crate::ledger::index::Direction;
use crate::ledger::{ReadFault, Reader, Stored, View};
use crate::projection::change::{Change, ChangeFilter, Walk, tell};

/// What is drawn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draw {
    /// How many events.
    pub count: usize,
    /// What makes the draw.
    pub seed: String,
}

impl Draw {
    /// Events of one sample at most.
    pub const COUNT_MAX: usize = 500;
    /// Characters of a seed at most.
    pub const SEED_CHARS_MAX: usize = 200;
}

/// The rank of an event: SHA-256 over the seed's UTF-8 bytes and the 16 bytes of the event's id.
pub type Rank = [u8; 32];

/// An event that was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Its rank.
    pub rank: Rank,
    /// The event as a change.
    pub change: Change,
}

/// What came of a draw.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// How many events satisfy the filter.
    pub population: u64,
    /// Those that were drawn, by rank: the sample of a smaller count is its beginning.
    pub drawn: Vec<Drawn>,
}

/// The rank of an event under a seed.
pub fn rank(seed: &str, id: EventId) -> Rank {
    let mut hash = Sha256::new();
    hash.update(seed.as_bytes());
    hash.update(id.as_bytes());
    hash.finalize().into()
}

/// Draws from the events below `view`'s head that satisfy `filter`.
pub async fn sample(
    reader: &Reader,
    view: &View,
    filter: &ChangeFilter,
    draw: &Draw,
) -> Result<Sample, ReadFault> {
    let mut walk = Walk::new(reader, view, filter, None, Direction::Forward).await?;
    let (mut population, mut least) = (0, BTreeMap::<Rank, Stored>::new());
    while let Some(looked) = walk.next().await? {
        for stored in looked.satisfying {
            population += 1;
            let rank = rank(&draw.seed, stored.recorded.event.id);
            let full = draw.count <= least.len();
            if full && least.last_key_value().is_none_or(|(last, _)| *last < rank) {
                continue;
            }
            least.insert(rank, stored);
            if draw.count < least.len() {
                least.pop_last();
            }
        }
        // A caller who gave up need not wait for the end of a large ledger.
        tokio::task::yield_now().await;
    }
    let (ranks, stored): (Vec<_>, Vec<_>) = least.into_iter().unzip();
    let changes = tell(reader, stored).await?;
    let drawn = ranks.into_iter().zip(changes);
    Ok(Sample {
        population,
        drawn: drawn.map(|(rank, change)| Drawn { rank, change }).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_what_any_sha256_tool_gives() {
        // printf '監査1\x01\x89\x0a\x5d\xac\x96\x77\x4b\xbc\xce\xb3\x02\x09\x9a\x80\x57' | sha256sum
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(
            hex::encode(rank("監査1", id)),
            "f4a41c86222e39ae246146c0afe2f67d4dc0e273bf20bb21b643bc3b9a0d3545"
        );
        assert_ne!(rank("監査1", id), rank("監査2", id));
    }
}
