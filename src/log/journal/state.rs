//! The state of the ledgers at a point of the journal, and how records move it on.

use std::collections::BTreeMap;

use crate::domain::id::LedgerId;
use crate::log::chunk::frames;
use crate::log::head::Head;
use crate::log::journal::record::{Record, Seal, SealedLedger, Section};
use crate::merkle::{Frontier, Hash, leaf_hash};

/// Where one ledger stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LedgerState {
    pub(crate) generation: u64,
    pub(crate) frontier: Frontier,
    /// What the last mark said that the read copy holds.
    pub(crate) marked: Head,
}

impl LedgerState {
    pub(crate) fn head(&self) -> Head {
        Head {
            generation: self.generation,
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}

impl Default for LedgerState {
    fn default() -> Self {
        let Head { generation, .. } = Head::EMPTY;
        Self {
            generation,
            frontier: Frontier::new(),
            marked: Head::EMPTY,
        }
    }
}

/// Where all ledgers stand.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ledgers(pub(crate) BTreeMap<LedgerId, LedgerState>);

/// A record does not follow from the state before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Misfit {
    /// The section begins at another position than the ledger's size.
    Position {
        ledger: LedgerId,
        expected: u64,
        found: u64,
    },
    /// The leaves lead to another root, or are not as many as the section says.
    Root { ledger: LedgerId, size: u64 },
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Position {
                ledger,
                expected,
                found,
            } => {
                write!(
                    f,
                    "ledger {ledger} goes on at position {found} instead of {expected}"
                )
            }
            Self::Root { ledger, size } => {
                write!(f, "ledger {ledger} has another root at size {size}")
            }
        }
    }
}

impl Ledgers {
    /// The head of a ledger.
    pub(crate) fn head(&self, ledger: LedgerId) -> Head {
        self.0.get(&ledger).map_or(Head::EMPTY, LedgerState::head)
    }

    /// The size of a ledger.
    pub(crate) fn size(&self, ledger: LedgerId) -> u64 {
        self.0.get(&ledger).map_or(0, |state| state.frontier.size())
    }

    /// What the last mark said of a ledger.
    pub(crate) fn marked(&self, ledger: LedgerId) -> Head {
        self.0
            .get(&ledger)
            .map_or(Head::EMPTY, |state| state.marked)
    }

    /// Events of all ledgers.
    pub(crate) fn events(&self) -> u64 {
        self.0.values().map(|state| state.frontier.size()).sum()
    }

    /// Goes on by `section`, whose leaves are hashed and must lead to its root.
    pub(crate) fn apply(&mut self, section: &Section) -> Result<(), Misfit> {
        let ledger = section.ledger;
        let state = self.0.entry(ledger).or_default();
        let expected = state.frontier.size();
        if section.first != expected {
            return Err(Misfit::Position {
                ledger,
                expected,
                found: section.first,
            });
        }
        let mut frontier = state.frontier.clone();
        frontier.extend(frames(section.framed.clone()).map(|leaf| leaf_hash(&leaf)));
        if frontier.size() != section.end() || frontier.root() != section.root {
            return Err(Misfit::Root {
                ledger,
                size: section.end(),
            });
        }
        state.frontier = frontier;
        state.generation = section.generation;
        Ok(())
    }

    /// Takes note of what the read copy holds.
    pub(crate) fn mark(&mut self, marks: &[(LedgerId, Head)]) {
        for (ledger, head) in marks {
            self.0.entry(*ledger).or_default().marked = *head;
        }
    }

    /// Goes on by any record. Seals and checkpoints change nothing.
    pub(crate) fn follow(&mut self, record: &Record) -> Result<(), Misfit> {
        match record {
            Record::Group(sections) => sections.iter().try_for_each(|section| self.apply(section)),
            Record::Mark(marks) => {
                self.mark(marks);
                Ok(())
            }
            Record::Checkpoint(_) | Record::Seal(_) => Ok(()),
        }
    }

    /// The seal of a segment that leads to this state.
    pub(crate) fn seal(&self, segment: u32, digest: Hash) -> Seal {
        let ledgers = self.0.iter().map(|(&ledger, state)| SealedLedger {
            ledger,
            generation: state.generation,
            frontier: state.frontier.clone(),
            marked: state.marked,
        });
        Seal {
            segment,
            digest,
            ledgers: ledgers.collect(),
        }
    }
}

impl From<&Seal> for Ledgers {
    fn from(seal: &Seal) -> Self {
        let states = seal.ledgers.iter().map(|sealed| {
            let SealedLedger {
                ledger,
                generation,
                frontier,
                marked,
            } = sealed.clone();
            (
                ledger,
                LedgerState {
                    generation,
                    frontier,
                    marked,
                },
            )
        });
        Self(states.collect())
    }
}
