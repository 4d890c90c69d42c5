//! What states the root of a size, held against the events: marks, seals, checkpoints, the read copy's own head.

use crate::log::head::Head;
use crate::merkle::{Frontier, Hash};
use crate::proof::bundle::verify::{Earlier, Finding, Kind, hex};

use super::Pass;

/// Something that states the root of a size.
#[derive(Clone, Debug)]
pub(in crate::proof::store) struct Statement {
    pub(in crate::proof::store) kind: Kind,
    pub(in crate::proof::store) file: String,
    pub(in crate::proof::store) root: Hash,
    /// Whether a key signed it, so that it decides between two copies.
    pub(in crate::proof::store) signed: bool,
}

impl Pass<'_> {
    /// Adds something that the events must agree with once there are `size` of them.
    pub(in crate::proof::store) fn state(&mut self, size: u64, statement: Statement) {
        if self.next < size {
            self.ahead.entry(size).or_default().push(statement);
        } else if size == self.next {
            self.compare(size, &statement);
        } else {
            let known = self.recent.binary_search_by_key(&size, |(size, _)| *size);
            match known.ok().and_then(|at| self.recent.get(at)) {
                Some((_, root)) if *root == statement.root => {}
                Some((_, root)) => {
                    let root = *root;
                    self.differs(size, &statement, root);
                }
                None => self.behind.push((size, statement)),
            }
        }
    }

    /// Whether a statement is the auditor's own checkpoint, signed under an earlier name, and counts events that are not
    /// there any more: then the ledger says that it lost them, or is told that it does not.
    pub(super) fn counts_lost_events(&mut self, size: u64, statement: &Statement) -> bool {
        let origin = self.since_origin.as_deref();
        let Some(origin) = origin.filter(|_| statement.kind == Kind::SinceDiffers) else {
            return false;
        };
        match self.generations.earlier(origin, size) {
            // It goes by that name still, or will only later.
            Earlier::Kept | Earlier::Stranger => false,
            Earlier::Lost(lost) => {
                self.report.lost = Some(lost);
                true
            }
            Earlier::Unsaid { position } => {
                let found = Finding::at(Kind::SinceShorter, position);
                let (expected, is) = (size.to_string(), position.to_string());
                self.report.add(found.differs(expected, is));
                true
            }
        }
    }

    /// Holds a statement about the events so far against both trees.
    pub(super) fn compare(&mut self, size: u64, statement: &Statement) {
        if self.counts_lost_events(size, statement) {
            return;
        }
        if self.broken {
            return;
        }
        let ours = self.frontier.root();
        let theirs = self.other.as_ref().map(|(other, _)| other.root());
        let of_copy = statement.file == "sled";
        match theirs {
            None if ours == statement.root => {}
            Some(theirs) if !statement.signed => {
                // Each copy speaks of itself.
                if statement.root != if of_copy { theirs } else { ours } {
                    self.differs(size, statement, if of_copy { theirs } else { ours });
                }
                return;
            }
            Some(theirs) if theirs == statement.root => {
                let from = self.other.as_ref().map_or(size, |(_, from)| *from);
                self.journal_bad.get_or_insert(from);
                self.take_other();
            }
            Some(_) if ours == statement.root => {
                if let Some((_, from)) = self.other.take() {
                    self.copy_bad.get_or_insert(from);
                }
            }
            _ => {
                self.differs(size, statement, ours);
                return;
            }
        }
        if statement.signed {
            self.report.last_good = self.report.last_good.max(Some(size));
        }
    }

    pub(super) fn take_other(&mut self) {
        if let Some((other, _)) = self.other.take() {
            self.frontier = other;
        }
    }

    pub(in crate::proof::store) fn differs(&mut self, size: u64, statement: &Statement, is: Hash) {
        let good = self
            .report
            .last_good
            .filter(|good| *good < size)
            .unwrap_or(0);
        let found = Finding::of_file(statement.kind, &statement.file);
        let found = found.between(good, size.saturating_sub(1));
        self.report
            .add(found.differs(hex(&statement.root), hex(&is)));
    }

    /// What a mark says that the read copy holds.
    pub(in crate::proof::store) fn mark(&mut self, head: Head, file: &str) {
        self.marked = head;
        if head.size == 0 {
            return;
        }
        let statement = Statement {
            kind: Kind::StateDiffers,
            file: file.to_owned(),
            root: head.root,
            signed: false,
        };
        self.state(head.size, statement);
    }

    /// What a seal says of the journal so far.
    pub(in crate::proof::store) fn seal(
        &mut self,
        generation: u64,
        frontier: &Frontier,
        marked: Head,
    ) {
        self.end_trimmed(generation, frontier);
        if self.broken {
            return;
        }
        let (size, root) = (frontier.size(), frontier.root());
        if size != self.next || root != self.frontier.root() || generation != self.generation {
            self.report.add(
                Finding::at(Kind::StateDiffers, size.min(self.next))
                    .in_file("journal")
                    .differs(
                        format!("generation {generation}, {size} events, {}", hex(&root)),
                        format!(
                            "generation {}, {} events, {}",
                            self.generation,
                            self.next,
                            hex(&self.frontier.root())
                        ),
                    ),
            );
        }
        if marked != self.marked {
            let found = Finding::of_file(Kind::StateDiffers, "journal");
            let (expected, is) = (self.marked.size.to_string(), marked.size.to_string());
            self.report
                .add(found.differs(format!("mark {expected}"), format!("mark {is}")));
        }
    }
}
