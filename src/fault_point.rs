//! Points at which a process under test ends at once, as `kill -9` and a power button end it: no destructor runs, no buffer is
//! flushed, nobody is answered.
//!
//! A test names one in [`VARIABLE`]. Builds with optimisation (`--release`) have no debug assertions and so none of this: there
//! `Point::pass` is empty and nothing reads the variable.

/// Names the point, and after `:` which passing of it ends the process (1 where none is said).
pub const VARIABLE: &str = "DAICHO_FAULT_POINT";

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// A step of appending, signing, copying or indexing, of keeping or trimming the journal, of letting a ledger go on under another
        /// name, or of putting a data folder together again.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Point { $($(#[$doc])* $name),* }

        impl Point {
            /// All of them, in the order of the steps.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What [`VARIABLE`] calls it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

points! {
    /// A new key is written under another name.
    KeyDrafted = "key-drafted";
    /// It has its name, which is not durable yet.
    KeyNamed = "key-named";
    /// Records of the journal are encoded.
    JournalBegun = "journal-begun";
    /// They are written and not synced.
    JournalWritten = "journal-written";
    /// They are durable; nobody was told.
    JournalSynced = "journal-synced";
    /// A step of zeros behind the records of the journal is written and not synced.
    RoomWritten = "room-written";
    /// It is durable.
    RoomSynced = "room-synced";
    /// The seal of a segment is written and not synced; zeros may follow it.
    SegmentSealed = "segment-sealed";
    /// They are cut off.
    SegmentCut = "segment-cut";
    /// The next segment has its name; the record that it was begun for is not written.
    SegmentBegun = "segment-begun";
    /// The compressed form of a sealed segment is durable under another name.
    SegmentPacked = "segment-packed";
    /// It has taken the place of the segment, which is not durable yet.
    SegmentReplaced = "segment-replaced";
    /// What is to be trimmed is written down; all segments are there.
    TrimNoted = "trim-noted";
    /// What takes a segment's place, when it is trimmed or put back, is durable under another name.
    TrimDrafted = "trim-drafted";
    /// It has taken that place, which is not durable yet.
    TrimNamed = "trim-named";
    /// Readers see them; nobody was answered.
    JournalPublished = "journal-published";
    /// A checkpoint is signed and nowhere else.
    CheckpointSigned = "checkpoint-signed";
    /// It is durable in the journal.
    CheckpointKept = "checkpoint-kept";
    /// Its file is written under another name.
    CheckpointDrafted = "checkpoint-drafted";
    /// The file has its name, which is not durable yet.
    CheckpointNamed = "checkpoint-named";
    /// Everybody may see it; who asked was not answered.
    CheckpointPublished = "checkpoint-published";
    /// A batch is about to be given to sled.
    CopyBegun = "copy-begun";
    /// sled has it in memory.
    CopyApplied = "copy-applied";
    /// sled has written what it had.
    CopyFlushed = "copy-flushed";
    /// And that is durable; no mark says so.
    CopySynced = "copy-synced";
    /// The heads file is written under another name.
    HeadsDrafted = "heads-drafted";
    /// It has its name, which is not durable yet.
    HeadsNamed = "heads-named";
    /// Posting lists of a run are written.
    IndexListed = "index-listed";
    /// And its tiles.
    IndexTiled = "index-tiled";
    /// And its ids with their filter.
    IndexIdentified = "index-identified";
    /// And the manifest that lets it count.
    IndexClosed = "index-closed";
    /// The event that begins a new generation is durable; the old checkpoint's file is still in its place.
    GenerationBegun = "generation-begun";
    /// That file is out of the way, which is not durable yet.
    CheckpointSetAside = "checkpoint-set-aside";
    /// A data folder that was put together of what was left is durable under another name.
    SalvageDrafted = "salvage-drafted";
    /// It has its name, which is not durable yet.
    SalvageNamed = "salvage-named";
}

/// Names the step, which fails from then on.
pub const FAILING_VARIABLE: &str = "DAICHO_FAULT_STEP";

/// A step that a test may let fail, as a full disk does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// An access is appended to its access log.
    AccessLogWritten,
}

impl Step {
    /// What [`FAILING_VARIABLE`] calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessLogWritten => "access-log-written",
        }
    }

    /// Whether it is to fail.
    #[inline]
    pub(crate) fn fails(self) -> bool {
        #[cfg(debug_assertions)]
        {
            armed::fails(self)
        }
        #[cfg(not(debug_assertions))]
        {
            false
        }
    }
}

impl Point {
    /// Passes the point; ends the process if that was asked for.
    #[inline]
    pub(crate) fn pass(self) {
        #[cfg(debug_assertions)]
        armed::pass(self);
    }
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{FAILING_VARIABLE, Point, Step, VARIABLE};

    static FAILING: OnceLock<Option<String>> = OnceLock::new();

    pub(super) fn fails(step: Step) -> bool {
        let named = FAILING.get_or_init(|| std::env::var(FAILING_VARIABLE).ok());
        named.as_deref() == Some(step.name())
    }

    static ARMED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    fn read() -> Option<(String, u32)> {
        let named = std::env::var(VARIABLE).ok()?;
        let (name, passing) = named.split_once(':').unwrap_or((named.as_str(), "1"));
        Some((name.to_owned(), passing.parse().ok()?))
    }

    pub(super) fn pass(point: Point) {
        let Some((name, passing)) = ARMED.get_or_init(read) else {
            return;
        };
        if name == point.name() && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *passing {
            std::process::abort();
        }
    }
}
