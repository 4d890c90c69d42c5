//! What holds events of ledgers, and a cursor over what it holds of one: events, roots and signed checkpoints by size. All of it
//! is bytes that somebody may have altered; what is believed of it is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::copy::record::CopyRecord;
use crate::log::head::{Checkpoint, Head};
use crate::log::stored::remains::{JournalRemains, Written};
use crate::log::stored::{CopyView as _, ReadsCopy as _, StoredCopy};
use crate::merkle::{Hash, SignedCheckpoint, TreeHead};
use crate::proof::bundle::stored::{StoredBundle, place};

/// Sizes whose checkpoints are read at a time.
const KEPT_READ: usize = 64;

/// One thing that events can be taken from: the journal of a data folder, its read copy, a bundle; or small files that only say
/// how far a ledger went.
pub(super) struct Part {
    /// Where it is, for people.
    pub(super) name: String,
    /// The number of the source that it is of.
    pub(super) source: usize,
    /// The ledgers that it says anything of.
    pub(super) ledgers: BTreeSet<LedgerId>,
    holding: Holding,
}

/// What a part is.
pub(super) enum Holding {
    Journal(JournalRemains),
    Copy {
        copy: Box<StoredCopy>,
        /// What it says it holds.
        ends: BTreeMap<LedgerId, Head>,
    },
    Bundle(LedgerId, StoredBundle),
    Said(Said),
}

/// What small files say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) heads: BTreeMap<LedgerId, Vec<TreeHead>>,
    /// The last checkpoints that were signed.
    pub(super) signed: BTreeMap<LedgerId, SignedCheckpoint>,
}

impl Part {
    pub(super) fn new(source: usize, name: &Path, holding: Holding) -> Self {
        let ledgers = match &holding {
            Holding::Journal(journal) => journal.ledgers().collect(),
            Holding::Copy { copy, ends } => {
                let there = copy.ledgers().unwrap_or_default();
                ends.keys().copied().chain(there).collect()
            }
            Holding::Bundle(ledger, _) => BTreeSet::from([*ledger]),
            Holding::Said(said) => {
                let signed = said.signed.keys();
                said.heads.keys().chain(signed).copied().collect()
            }
        };
        Self {
            name: name.display().to_string(),
            source,
            ledgers,
            holding,
        }
    }

    /// Whether it holds events, and does not only speak of them.
    pub(super) fn has_events(&self) -> bool {
        !matches!(self.holding, Holding::Said(_))
    }

    /// How many events a ledger had by what it holds and says; of what was signed nothing.
    pub(super) fn reach(&self, ledger: LedgerId) -> u64 {
        let last = |heads: &[TreeHead]| heads.iter().map(|head| head.size).max().unwrap_or(0);
        match &self.holding {
            Holding::Journal(journal) => journal.reach(ledger),
            Holding::Copy { ends, .. } => ends.get(&ledger).map_or(0, |head| head.size),
            Holding::Bundle(of, bundle) if *of == ledger => bundle.size(),
            Holding::Bundle(..) => 0,
            Holding::Said(said) => said.heads.get(&ledger).map_or(0, |heads| last(heads)),
        }
    }
}

/// A reader of what a part holds of one ledger. Cheapest when positions ascend; sizes of checkpoints must.
pub(super) struct Cursor<'a> {
    part: &'a Part,
    ledger: LedgerId,
    held: Held,
    /// Up to here nothing can be read, from where that was last tried.
    nothing_before: u64,
    kept: VecDeque<(u64, SignedCheckpoint)>,
    /// From which size on checkpoints are to be read; nothing: there are no more.
    kept_from: Option<u64>,
}

/// Events that were read together.
enum Held {
    Nothing,
    Written(Written),
    Record(CopyRecord),
    Tile(u64, Vec<Option<Bytes>>),
}

impl Held {
    fn leaf(&self, position: u64) -> Option<Bytes> {
        match self {
            Self::Nothing => None,
            Self::Written(written) => written.leaf(position).cloned(),
            Self::Record(record) => record.leaf(position),
            Self::Tile(tile, leaves) => {
                let (of, at) = place(position);
                let leaves = Some(leaves).filter(|_| of == *tile);
                leaves.and_then(|leaves| leaves.get(at)?.clone())
            }
        }
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(part: &'a Part, ledger: LedgerId) -> Self {
        Self {
            part,
            ledger,
            held: Held::Nothing,
            nothing_before: 0,
            kept: VecDeque::new(),
            kept_from: Some(0),
        }
    }

    /// The event at `position`, if it can be read.
    pub(super) fn leaf(&mut self, position: u64) -> Option<Bytes> {
        if let Some(leaf) = self.held.leaf(position) {
            return Some(leaf);
        }
        if position < self.nothing_before {
            return None;
        }
        self.held = self.load(position);
        let leaf = self.held.leaf(position);
        if leaf.is_none() {
            self.nothing_before = self.behind(position).unwrap_or(u64::MAX);
        }
        leaf
    }

    /// The first position from `position` on of which there is an event, as far as that is told without reading it.
    pub(super) fn next(&mut self, position: u64) -> Option<u64> {
        match self.leaf(position) {
            Some(_) => Some(position),
            None => Some(self.nothing_before).filter(|next| *next != u64::MAX),
        }
    }

    fn load(&self, position: u64) -> Held {
        match &self.part.holding {
            Holding::Journal(journal) => {
                let written = journal.written(self.ledger, position);
                written.map_or(Held::Nothing, Held::Written)
            }
            Holding::Copy { copy, .. } => {
                let record = copy.record(self.ledger, position).ok().flatten();
                record.map_or(Held::Nothing, Held::Record)
            }
            Holding::Bundle(of, bundle) if *of == self.ledger => {
                let (tile, _) = place(position);
                Held::Tile(tile, bundle.leaves(tile))
            }
            Holding::Bundle(..) | Holding::Said(_) => Held::Nothing,
        }
    }

    /// Where there may be an event again behind `position`.
    fn behind(&self, position: u64) -> Option<u64> {
        match &self.part.holding {
            Holding::Journal(journal) => journal.next_first(self.ledger, position),
            Holding::Copy { copy, .. } => copy.next_first(self.ledger, position).ok().flatten(),
            Holding::Bundle(of, bundle) if *of == self.ledger => {
                bundle.next(position.saturating_add(1))
            }
            Holding::Bundle(..) | Holding::Said(_) => None,
        }
    }

    /// What it says the root over the first `size` events is, without a signature. Of a journal's group this is known while the
    /// last event of it is held.
    pub(super) fn said(&self, size: u64) -> Vec<Hash> {
        match &self.part.holding {
            Holding::Journal(journal) => {
                let written = match &self.held {
                    Held::Written(written) if written.end() == size => Some(written.root),
                    _ => None,
                };
                let said = of_size(journal.said(self.ledger), size);
                written.into_iter().chain(said).collect()
            }
            Holding::Copy { ends, .. } => {
                let end = ends.get(&self.ledger).filter(|head| head.size == size);
                end.map(|head| head.root).into_iter().collect()
            }
            Holding::Bundle(of, bundle) => {
                let head = bundle.head().filter(|_| *of == self.ledger);
                let head = head.filter(|head| head.size == size);
                head.map(|head| head.root).into_iter().collect()
            }
            Holding::Said(said) => {
                let heads = said.heads.get(&self.ledger);
                let heads = heads.map(|heads| &heads[..]).unwrap_or_default();
                of_size(heads, size).collect()
            }
        }
    }

    /// The checkpoints of `size` that it holds, as they were signed.
    pub(super) fn signed(&mut self, size: u64) -> Vec<SignedCheckpoint> {
        let mut found = Vec::new();
        while self.next_signed(size) == Some(size) {
            found.extend(self.kept.pop_front().map(|(_, signed)| signed));
        }
        found
    }

    /// The first size from `size` on of which it holds a checkpoint.
    pub(super) fn next_signed(&mut self, size: u64) -> Option<u64> {
        loop {
            while let Some((of, _)) = self.kept.front() {
                if size <= *of {
                    return Some(*of);
                }
                self.kept.pop_front();
            }
            let from = self.kept_from?.max(size);
            let page = self.page(from);
            self.kept_from = page.last().and_then(|(of, _)| of.checked_add(1));
            let read = page.into_iter();
            self.kept
                .extend(read.filter_map(|(of, signed)| Some((of, signed?))));
        }
    }

    /// The next sizes from `from` on of which there are checkpoints, with those that can be read.
    fn page(&self, from: u64) -> Vec<(u64, Option<SignedCheckpoint>)> {
        let parsed = |kept: &Checkpoint| {
            let signed = SignedCheckpoint::parse(&kept.note).ok()?;
            let head = signed.checkpoint().head();
            ((head.size, head.root) == (kept.size, kept.root)).then_some(signed)
        };
        let all = |kept: Vec<Checkpoint>| {
            let kept = kept.iter();
            kept.map(|kept| (kept.size, parsed(kept))).collect()
        };
        match &self.part.holding {
            Holding::Journal(journal) => all(journal.kept(self.ledger, from, KEPT_READ)),
            Holding::Copy { copy, .. } => {
                let kept = copy.with(|copy| copy.legible_checkpoints(self.ledger, from, KEPT_READ));
                let kept = kept.unwrap_or_default().into_iter();
                kept.map(|(size, kept)| (size, kept.as_ref().and_then(parsed)))
                    .collect()
            }
            Holding::Bundle(of, bundle) if *of == self.ledger => {
                let after = bundle.kept().partition_point(|size| *size < from);
                let sizes = bundle.kept().get(after..).unwrap_or_default();
                let sizes = sizes.iter().take(KEPT_READ);
                let of_each = |size: &u64| {
                    let signed = bundle.checkpoints(*size);
                    let size = *size;
                    let none = signed.is_empty().then_some((size, None));
                    let signed = signed.into_iter();
                    none.into_iter()
                        .chain(signed.map(move |signed| (size, Some(signed))))
                };
                sizes.flat_map(of_each).collect()
            }
            Holding::Said(said) => {
                let signed = said.signed.get(&self.ledger);
                let signed = signed.filter(|signed| from <= signed.checkpoint().head().size);
                let of = |signed: &SignedCheckpoint| {
                    (signed.checkpoint().head().size, Some(signed.clone()))
                };
                signed.map(of).into_iter().collect()
            }
            Holding::Bundle(..) => Vec::new(),
        }
    }
}

fn of_size(heads: &[TreeHead], size: u64) -> impl Iterator<Item = Hash> {
    let from = heads.partition_point(|head| head.size < size);
    let heads = heads.get(from..).unwrap_or_default().iter();
    let heads = heads.take_while(move |head| head.size == size);
    heads.map(|head| head.root)
}
