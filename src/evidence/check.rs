//! Whether the files that events name are there, and are what they were.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::trust::EvidenceErasure;
use crate::evidence::named::{Mention, Named};
use crate::evidence::{EvidenceFault, Found, Shelf};

/// How a file is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// Something is there; it was not read.
    Present {
        /// Its length.
        bytes: u64,
    },
    /// It is there, to the byte.
    Matching {
        /// Its length.
        bytes: u64,
    },
    /// It is not there.
    Missing,
    /// Something else is there in its place.
    Altered {
        /// The digest of that.
        found: [u8; 32],
        /// Its length.
        bytes: u64,
    },
    /// It was erased, and an event says so.
    Erased(Arc<EvidenceErasure>),
}

/// A file, and how it is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// Its digest, which is its name.
    pub sha256: [u8; 32],
    /// Where an event names it first; `None`: no event does.
    pub mention: Option<Mention>,
    /// How it is found.
    pub state: State,
}

/// Looks at every file that the first events of a ledger name, in the order in which they are named first, then at those
/// that are there and that no event names.
pub struct Check {
    shelf: Arc<Shelf>,
    named: Option<Named>,
    unnamed: VecDeque<[u8; 32]>,
    reads: bool,
}

impl Check {
    /// A check as of `size`, which the ledger has; with `reads` all content is read and compared.
    pub fn new(shelf: Arc<Shelf>, size: u64, reads: bool) -> Self {
        Self {
            named: Some(Named::below(shelf.reader().clone(), size)),
            shelf,
            unnamed: VecDeque::new(),
            reads,
        }
    }

    /// The next file.
    pub async fn next(&mut self) -> Result<Option<Checked>, EvidenceFault> {
        if let Some(named) = &mut self.named {
            if let Some(mention) = named.next().await? {
                let sha256 = mention.evidence.sha256;
                return Ok(Some(Checked {
                    sha256,
                    mention: Some(mention),
                    state: self.state(&sha256).await?,
                }));
            }
            // Listed before the head is looked at: what comes later may be named later.
            let mut there = self.shelf.files().await?;
            let head = self.shelf.reader().caught_up(None).await.size;
            if let Some(named) = self.named.take() {
                let named = named.all(head).await?;
                there.retain(|sha256| !named.contains(sha256));
            }
            self.unnamed = there.into();
        }
        while let Some(sha256) = self.unnamed.pop_front() {
            let state = self.state(&sha256).await?;
            // One that went meanwhile is nobody's loss.
            if state != State::Missing {
                return Ok(Some(Checked {
                    sha256,
                    mention: None,
                    state,
                }));
            }
        }
        Ok(None)
    }

    async fn state(&self, sha256: &[u8; 32]) -> Result<State, EvidenceFault> {
        if let Some(erasure) = self.shelf.erasure(sha256) {
            return Ok(State::Erased(erasure));
        }
        if !self.reads {
            let length = self.shelf.length(sha256).await?;
            return Ok(length.map_or(State::Missing, |bytes| State::Present { bytes }));
        }
        Ok(match self.shelf.look(sha256).await? {
            Found::Nothing => State::Missing,
            Found::Matching { bytes } => State::Matching { bytes },
            Found::Altered { found, bytes } => State::Altered { found, bytes },
        })
    }
}
