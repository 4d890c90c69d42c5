//! Where the journal was trimmed: the read copy's events alone, held by the states that the journal tells before and after them.

use crate::log::journal::record::SealedLedger;
use crate::merkle::Frontier;
use crate::proof::bundle::verify::{Finding, Kind, hex};

use super::super::batch::Looked;
use super::Pass;

impl Pass<'_> {
    /// A trimmed segment begins, behind which the ledger stands as `after` says.
    pub(in crate::proof::store) fn begin_trimmed(&mut self, after: &SealedLedger) {
        if after.marked != self.marked {
            self.mark(after.marked, "journal, seal");
        }
        let end = after.frontier.size();
        self.trimming = (self.next < end).then_some(self.next);
        self.trimmed_up_to = self.trimmed_up_to.max(end);
    }

    /// Events of it, as the read copy has them, from `first` on.
    pub(in crate::proof::store) fn copied_alone(&mut self, first: u64, events: Vec<Looked>) {
        if self.next < first {
            self.lacks_trimmed(first);
        }
        let again = usize::try_from(self.next - first).unwrap_or(usize::MAX);
        for event in events.iter().skip(again) {
            self.event(event, event.hash, event.hash);
        }
    }

    /// Neither copy has the events up to `end`.
    fn lacks_trimmed(&mut self, end: u64) {
        let first = self.next;
        let found = Finding::at(Kind::CopyLacks, first).in_file("sled");
        let expected = format!("events {first} to {}, trimmed from the journal", end - 1);
        self.report.add(found.differs(expected, "none".to_owned()));
        self.copy_bad.get_or_insert(first);
        self.broken = true;
        self.history.pass_over();
        self.index = None;
        self.next = end;
    }

    /// The trimmed segment that was begun ends in this state.
    pub(in crate::proof::store) fn end_trimmed(&mut self, generation: u64, frontier: &Frontier) {
        let Some(from) = self.trimming.take() else {
            return;
        };
        let end = frontier.size();
        if self.next < end {
            self.lacks_trimmed(end);
        }
        self.trimmed += end - from;
        self.generation = generation;
        if self.broken || self.frontier == *frontier {
            return;
        }
        let found = Finding::of_file(Kind::StateDiffers, "sled").between(from, end - 1);
        let (expected, is) = (hex(&frontier.root()), hex(&self.frontier.root()));
        self.report.add(found.differs(expected, is));
        // What the journal goes on from, and what the read copy does: something that was signed tells which is right.
        let other = self.other.take();
        self.other = other.or_else(|| Some((self.frontier.clone(), from)));
        self.frontier = frontier.clone();
    }
}
