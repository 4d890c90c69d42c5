//! Why stored events cannot be read.

use crate::log::codec::DecodeError;
use crate::log::{DerivedFault, Head, ReadError};
use crate::merkle::Hash;

/// Stored events could not be read or do not fit together.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadFault {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The index could not be read.
    #[error("the index cannot be read")]
    Index(#[from] DerivedFault),
    /// A stored event cannot be understood by this release.
    #[error("the event at position `{position}` cannot be decoded")]
    Decode {
        /// Its position.
        position: u64,
        /// Why.
        source: DecodeError,
    },
    /// A stream's events do not follow each other.
    #[error("the event at position `{position}` does not follow the one before it in its stream")]
    BrokenChain {
        /// Its position.
        position: u64,
    },
    /// The stored events do not lead to the root that the log states.
    #[error("the events at positions below `{}` have root {found}, not {}", head.size, head.root)]
    OtherRoot {
        /// The head as the log states it.
        head: Head,
        /// The root over the stored events.
        found: Hash,
    },
    /// The last events of the streams do not account for all events.
    #[error("the streams among the first `{size}` events come to `{counted}`")]
    HeadsDiffer {
        /// How many events there are.
        size: u64,
        /// How many the revisions of the last ones come to.
        counted: u64,
    },
    /// The position is not reached yet and the caller would not wait longer.
    #[error("position `{position}` is not reached")]
    NotReached {
        /// The position waited for.
        position: u64,
    },
}
