//! The pass over all events of one ledger, in both copies at once.
//!
//! The journal's events are pushed into it, the read copy's are pulled beside them. As long as they are the same one
//! tree grows; from the first that differs there are two, until something that was signed tells which of them is right.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::domain::event::{LedgerOpened, Payload, Recorded};
use crate::domain::id::LedgerId;
use crate::ledger::index::audit::{IndexAudit, IndexFault};
use crate::log::head::Head;
use crate::log::journal::Section;
use crate::log::stored::CopyView;
use crate::merkle::{Frontier, Hash, TrustPolicy};
use crate::proof::bundle::verify::{Finding, Generations, Kind, Report, hex};
use crate::proof::history::History;

use super::batch::Looked;
use super::beside::Beside;
use super::cursor::{Copied, Cursor};
use super::{Copies, LedgerReport};
use kept::Kept;
pub(super) use statement::Statement;

mod kept;
mod statement;
mod trimmed;

/// Roots at the ends of commits that are remembered, for marks that speak of one a little later.
const RECENT_ROOTS_MAX: usize = 262_144;

/// The pass.
pub(super) struct Pass<'a> {
    pub(super) ledger: LedgerId,
    /// What a checkpoint is judged by.
    policy: Option<&'a TrustPolicy>,
    copy: Option<&'a dyn CopyView>,
    cursor: Option<Cursor<'a>>,
    /// What the read copy says that it holds.
    end: Head,
    /// The tree over the journal's events.
    frontier: Frontier,
    /// The tree over the read copy's, since they differed, and where that began.
    other: Option<(Frontier, u64)>,
    /// Neither copy had an event: no root can be computed any more.
    broken: bool,
    next: u64,
    generation: u64,
    marked: Head,
    history: History,
    index: Option<IndexAudit<'a>>,
    pub(super) kept: Kept,
    /// Of a ledger that works: nothing is said of what changes meanwhile, nor of more events than these.
    live: Option<u64>,
    ahead: BTreeMap<u64, Vec<Statement>>,
    /// Statements about sizes that were passed and whose roots are not known any more.
    pub(super) behind: Vec<(u64, Statement)>,
    recent: VecDeque<(u64, Hash)>,
    lacking: bool,
    /// The first position of the trimmed segment that is being passed.
    trimming: Option<u64>,
    /// Up to here the journal was trimmed: what was kept of fewer events may be in the read copy alone.
    trimmed_up_to: u64,
    /// How many events the read copy has alone, for the journal was trimmed.
    trimmed: u64,
    /// The first position at which each copy is known to be bad.
    pub(super) journal_bad: Option<u64>,
    pub(super) copy_bad: Option<u64>,
    pub(super) opened: Option<LedgerOpened>,
    pub(super) snapshots: u64,
    /// The names that the ledger went by.
    generations: Generations,
    /// The name under which the auditor's own checkpoint was signed.
    pub(super) since_origin: Option<String>,
    /// The folder has no keys: it is made of a backup, and nobody has signed in it.
    pub(super) signs_nothing: bool,
    /// What lies beside the log; `None` where nobody looks.
    pub(super) beside: Option<Beside>,
    pub(super) report: Report,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        ledger: LedgerId,
        policy: Option<&'a TrustPolicy>,
        copy: Option<&'a dyn CopyView>,
        end: Option<Head>,
    ) -> Self {
        let mut pass = Self {
            ledger,
            policy,
            copy,
            cursor: copy.map(|copy| Cursor::new(copy, ledger)),
            end: end.unwrap_or(Head::EMPTY),
            frontier: Frontier::new(),
            other: None,
            broken: false,
            next: 0,
            generation: Head::EMPTY.generation,
            marked: Head::EMPTY,
            history: History::new(ledger.to_string()),
            index: None,
            kept: Kept::of(copy),
            live: None,
            ahead: BTreeMap::new(),
            behind: Vec::new(),
            recent: VecDeque::new(),
            lacking: false,
            trimming: None,
            trimmed_up_to: 0,
            trimmed: 0,
            journal_bad: None,
            copy_bad: None,
            opened: None,
            snapshots: 0,
            generations: Generations::default(),
            since_origin: None,
            signs_nothing: false,
            beside: None,
            report: Report::default(),
        };
        if let Some(copy) = copy {
            match IndexAudit::open(ledger, copy) {
                Ok(index) => pass.index = Some(index),
                Err(fault) => pass.index_unreadable(&fault.to_string()),
            }
        }
        if let Some(end) = end {
            pass.state(
                end.size,
                Statement {
                    kind: Kind::StateDiffers,
                    file: "sled".to_owned(),
                    root: end.root,
                    signed: false,
                },
            );
        }
        pass
    }

    /// A pass over the first `size` events of a ledger that works, or some more, up to the end of a group.
    pub(super) fn live(
        ledger: LedgerId,
        policy: Option<&'a TrustPolicy>,
        copy: &'a dyn CopyView,
        copied: Head,
        size: u64,
    ) -> Self {
        let mut pass = Self::new(ledger, policy, Some(copy), None);
        pass.end = copied;
        pass.live = Some(size);
        pass.index = pass.index.take().map(IndexAudit::of_tiles);
        pass
    }

    /// Everything so far: the size, and the root where it is known.
    pub(super) fn head(&self) -> (u64, Option<Hash>) {
        (self.next, (!self.broken).then(|| self.frontier.root()))
    }

    /// What its checkpoints are judged by.
    pub(super) fn policy(&self) -> Option<&'a TrustPolicy> {
        self.policy
    }

    /// Whether something speaks of more events than there are.
    pub(super) fn is_outreached(&self) -> bool {
        !self.ahead.is_empty() || self.kept.reach_beyond(self.next)
    }

    /// Which copies are whole, now that all is read. `…_hurt`: whether damage was found that has no position.
    pub(super) fn copies(&self, journal_hurt: bool, copy_hurt: bool) -> Copies {
        let journal = self.journal_bad.is_none() && !journal_hurt;
        let copy = self.copy_bad.is_none() && !copy_hurt && self.next <= self.end.size;
        let kinds = [Kind::KeptDiffers, Kind::SinceDiffers, Kind::EventsMissing];
        let unproven = self.other.is_some() || self.broken;
        let both = kinds.iter().any(|kind| self.report.has_kind(*kind)) || unproven;
        match (journal && !both, copy && !both) {
            (true, true) => Copies::BothWhole,
            // A read copy that is only behind is whole as far as it goes.
            (true, false) if self.copy_bad.is_none() && !copy_hurt => Copies::BothWhole,
            // A trimmed journal does not lead anywhere by itself.
            (true, false) if 0 < self.trimmed_up_to => Copies::NeitherWhole,
            (true, false) => Copies::JournalWhole,
            (false, true) => Copies::CopyWhole,
            (false, false) => Copies::NeitherWhole,
        }
    }

    /// What was found, now that all is read.
    pub(super) fn into_report(self, journal_hurt: bool, copy_hurt: bool) -> LedgerReport {
        LedgerReport {
            ledger: self.ledger,
            root: self.head().1,
            copied: self.copied(),
            trimmed: self.trimmed,
            copies: self.copies(journal_hurt, copy_hurt),
            opened: self.opened,
            snapshots: self.snapshots,
            compared: 0,
            not_computed: None,
            texts: None,
            report: self.report,
        }
    }

    /// Up to where the read copy holds the events.
    pub(super) fn copied(&self) -> u64 {
        self.end.size
    }

    /// The events of a group of the journal.
    pub(super) fn section(&mut self, section: &Section, mut events: Vec<Looked>) {
        self.fill_up_to(section.first);
        let (first, end) = (section.first, section.end());
        if events.len() as u64 != u64::from(section.count) || first < self.next {
            let found = Finding::at(Kind::StateDiffers, first.max(self.next)).in_file("journal");
            let (expected, is) = (
                format!("events {} to {end}", self.next),
                format!("{} events from {first}", events.len()),
            );
            self.report.add(found.differs(expected, is));
            self.journal_bad.get_or_insert(first);
        }
        let again = usize::try_from(self.next - first.min(self.next)).unwrap_or(usize::MAX);
        events.drain(..again.min(events.len()));
        let first = self.next;
        // What the read copy has otherwise, by its place in the group.
        let mut others: BTreeMap<usize, Looked> = BTreeMap::new();
        for (at, (position, event)) in (first..).zip(&events).enumerate() {
            let other = self.copied_leaf(position);
            if let Some(other) = other.filter(|other| *other != event.leaf) {
                others.insert(at, Looked::at(other));
            }
        }
        // What the group itself says of its root tells which of two was altered by somebody careless.
        let differ = self.other.is_some() || !others.is_empty();
        let prefers_copy = differ && !self.broken && {
            let mut ours = self.frontier.clone();
            ours.extend(events.iter().map(|event| event.hash));
            let mut theirs = match &self.other {
                Some((other, _)) => other.clone(),
                None => self.frontier.clone(),
            };
            let their_hash = |(at, event)| others.get(&at).unwrap_or(event).hash;
            theirs.extend(events.iter().enumerate().map(their_hash));
            ours.root() != section.root && theirs.root() == section.root
        };
        for (at, event) in events.iter().enumerate() {
            let other = others.get(&at);
            let (ours, theirs) = (event.hash, other.unwrap_or(event).hash);
            if other.is_some() {
                let found = Finding::at(Kind::CopiesDiffer, self.next);
                self.report.add(found.differs(hex(&ours), hex(&theirs)));
            }
            let chosen = other.filter(|_| prefers_copy).unwrap_or(event);
            self.event(chosen, ours, theirs);
        }
        self.generation = section.generation;
        self.after_section(end, section.root, prefers_copy);
    }

    /// Whether the root that a group states is that of its events.
    fn after_section(&mut self, end: u64, stated: Hash, prefers_copy: bool) {
        if self.broken || self.next != end {
            return;
        }
        let root = self.frontier.root();
        if self.recent.len() == RECENT_ROOTS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((end, root));
        if root == stated {
            return;
        }
        match &self.other {
            Some((_, from)) if prefers_copy => {
                self.journal_bad.get_or_insert(*from);
                self.take_other();
            }
            // Told as two events that differ.
            Some(_) => {}
            None => {
                let statement = Statement {
                    kind: Kind::StateDiffers,
                    file: "journal".to_owned(),
                    root: stated,
                    signed: false,
                };
                self.differs(end, &statement, root);
            }
        }
    }

    /// Takes the events up to `position` from the read copy alone: the journal lacks them.
    pub(super) fn fill_up_to(&mut self, position: u64) {
        if self.broken {
            self.next = self.next.max(position);
        }
        if position <= self.next {
            return;
        }
        let first = self.next;
        self.journal_bad.get_or_insert(first);
        while self.next < position {
            match self.copied_leaf(self.next) {
                Some(leaf) => {
                    let event = Looked::at(leaf);
                    self.event(&event, event.hash, event.hash);
                }
                None => {
                    // Whatever comes later can be looked at, but leads to no root any more.
                    self.broken = true;
                    self.history.pass_over();
                    self.index = None;
                    self.next = position;
                }
            }
        }
        let found = Finding::at(Kind::JournalLacks, first).in_file("journal");
        let (expected, is) = (
            format!("events {first} to {}", position - 1),
            "none".to_owned(),
        );
        self.report.add(found.differs(expected, is));
    }

    /// What the read copy has at `position`, where it says that it reaches so far.
    fn copied_leaf(&mut self, position: u64) -> Option<Bytes> {
        if self.end.size <= position {
            return None;
        }
        match self.cursor.as_mut()?.at(position) {
            Copied::Leaf(leaf) => {
                self.lacking = false;
                Some(leaf)
            }
            Copied::Nothing(why) => {
                if let Some(why) = why.filter(|_| !self.lacking) {
                    let found = Finding::at(Kind::CopyLacks, position).in_file("sled");
                    self.report.add(found.differs("an event".to_owned(), why));
                    self.copy_bad.get_or_insert(position);
                }
                self.lacking = true;
                None
            }
        }
    }

    /// Takes one event: what it says, then its hashes in both trees.
    fn event(&mut self, event: &Looked, ours: Hash, theirs: Hash) {
        let (position, hash) = (self.next, event.hash);
        match &event.recorded {
            Ok(recorded) => {
                let (history, report) = (&mut self.history, &mut self.report);
                history.event(position, recorded, hash, &mut |found| report.add(found));
                if let Some(beside) = &mut self.beside {
                    beside.see(position, recorded);
                }
                self.note(recorded);
            }
            Err(fault) => {
                self.history.pass_over();
                if self.report.unreadable.is_none() {
                    self.report.unreadable = Some((position, fault.to_string()));
                }
            }
        }
        if let Some(index) = &mut self.index
            && let Err(fault) = index.event(event.recorded.as_ref().ok(), hash)
        {
            self.index_unreadable(&fault.to_string());
        }
        self.next += 1;
        if self.broken {
            return;
        }
        if ours != theirs && self.other.is_none() {
            self.other = Some((self.frontier.clone(), position));
        }
        self.frontier.push(ours);
        if let Some((other, _)) = &mut self.other {
            other.push(theirs);
        }
        self.reached();
    }

    fn note(&mut self, recorded: &Recorded) {
        self.generations.see(recorded);
        self.report.notices.see(recorded);
        match &recorded.event.payload {
            Payload::LedgerOpened(opened) if self.opened.is_none() => {
                self.opened = Some(opened.clone());
            }
            Payload::SnapshotTaken(_) => self.snapshots += 1,
            _ => {}
        }
    }

    /// Holds against the events what was said of this size.
    fn reached(&mut self) {
        let size = self.next;
        while let Some(kept) = self.next_kept(size) {
            self.kept_checkpoint(&kept);
        }
        if let Some(statements) = self.ahead.remove(&size) {
            for statement in statements {
                self.compare(size, &statement);
            }
        }
    }

    /// The end: what the read copy has beyond the journal, and what was said of more events than there are.
    pub(super) fn finish(&mut self) {
        if self.live.is_some() {
            self.finish_live();
            return;
        }
        let journal_end = self.next;
        self.fill_up_to(self.end.size);
        while let Some(kept) = self.next_kept(u64::MAX) {
            self.kept_checkpoint(&kept);
        }
        for (size, statements) in std::mem::take(&mut self.ahead) {
            for statement in statements {
                if self.counts_lost_events(size, &statement) {
                    continue;
                }
                let found = Finding::at(Kind::EventsMissing, journal_end.min(self.next));
                let found = found.in_file(&statement.file);
                let (expected, is) = (format!("{size} events"), format!("{} events", self.next));
                self.report.add(found.differs(expected, is));
            }
        }
        if self.end.size < self.marked.size {
            let found = Finding::at(Kind::CopyLacks, self.end.size).in_file("sled");
            let (expected, is) = (self.marked.size.to_string(), self.end.size.to_string());
            self.report
                .add(found.differs(format!("{expected} events"), format!("{is} events")));
            self.copy_bad.get_or_insert(self.end.size);
        }
        if self.end.size == self.next && 0 < self.next && self.end.generation != self.generation {
            let found = Finding::of_file(Kind::StateDiffers, "sled");
            let (expected, is) = (self.generation.to_string(), self.end.generation.to_string());
            self.report
                .add(found.differs(format!("generation {expected}"), format!("generation {is}")));
        }
        self.compare_names();
        self.compare_kept();
        self.compare_floor();
        if let Some(index) = self.index.take() {
            match index.finish(self.next) {
                Ok(faults) => faults.into_iter().for_each(|fault| self.index_fault(fault)),
                Err(fault) => self.index_unreadable(&fault.to_string()),
            }
        }
        self.report.events = self.next;
        self.report.streams = self.history.streams();
        self.report.checkpoint = self.kept.latest.clone();
    }

    /// The end of a pass over a ledger that works: what is newer is not looked at.
    fn finish_live(&mut self) {
        self.compare_names();
        if let Some(index) = self.index.take() {
            match index.finish(u64::MAX) {
                Ok(faults) => faults.into_iter().for_each(|fault| self.index_fault(fault)),
                Err(fault) => self.index_unreadable(&fault.to_string()),
            }
        }
        self.report.events = self.next;
        self.report.streams = self.history.streams();
        self.report.checkpoint = self.kept.latest.clone();
    }

    fn index_fault(&mut self, fault: IndexFault) {
        let good = self.report.last_good.unwrap_or(0);
        let kind = match fault.position {
            // The event is right where its root was signed; elsewhere its tile speaks against it.
            Some(position) if fault.of_leaf && good <= position => Kind::LeafDiffers,
            _ => Kind::IndexDiffers,
        };
        let file = format!("sled, index: {}", fault.part);
        let found = match fault.position {
            Some(position) => Finding::at(kind, position).in_file(&file),
            None => Finding::of_file(kind, &file),
        };
        self.report.add(found.differs(fault.expected, fault.found));
    }

    fn index_unreadable(&mut self, why: &str) {
        self.index = None;
        let found = Finding::of_file(Kind::IndexDiffers, "sled, index");
        self.report
            .add(found.differs("an index".to_owned(), why.to_owned()));
    }
}
