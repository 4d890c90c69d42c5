//! Roots of sizes that were passed before anybody spoke of them: the journal is read once more for them, and the read copy where it
//! was trimmed.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::domain::id::LedgerId;
use crate::log::OpenError;
use crate::log::chunk::frames;
use crate::log::journal::record::SealedLedger;
use crate::log::stored::{CopyView, Met, StoredFolder};
use crate::merkle::{Frontier, Hash, leaf_hash};

use super::Passes;
use super::batch::CopiedEvents;

/// What is looked for of one ledger.
struct Wanted {
    frontier: Frontier,
    /// By size; where nothing leads to one, none.
    roots: BTreeMap<u64, Option<Hash>>,
}

impl Wanted {
    fn follow(&mut self, first: u64, leaves: impl Iterator<Item = Bytes>) {
        if first != self.frontier.size() {
            return;
        }
        for leaf in leaves {
            self.frontier.push(leaf_hash(&leaf));
            if let Some(root) = self.roots.get_mut(&self.frontier.size()) {
                *root = Some(self.frontier.root());
            }
        }
    }

    /// Goes over a trimmed segment, by the read copy's events if a root within it is looked for.
    fn pass_trimmed(&mut self, copy: Option<&dyn CopyView>, before: u64, after: &SealedLedger) {
        let end = after.frontier.size();
        if before != self.frontier.size() || end <= before {
            return;
        }
        let within = before + 1..=end;
        if let Some(copy) = copy
            && self.roots.range(within.clone()).next().is_some()
        {
            CopiedEvents::each(copy, after.ledger, before, end, &mut |copied| {
                self.follow(copied.first, copied.leaves());
                true
            });
        }
        if self.frontier != after.frontier {
            // What they come to proves nothing, and was told.
            self.roots
                .range_mut(within)
                .for_each(|(_, root)| *root = None);
            self.frontier = after.frontier.clone();
        }
        if let Some(root) = self.roots.get_mut(&end) {
            *root = Some(self.frontier.root());
        }
    }
}

/// Holds what was said of such sizes against them.
pub(super) fn look_behind(folder: &StoredFolder, passes: &mut Passes<'_>) -> Result<(), OpenError> {
    let mut wanted: HashMap<LedgerId, Wanted> = HashMap::new();
    for (ledger, pass) in &passes.passes {
        let sizes = pass.behind.iter().map(|(size, _)| (*size, None));
        if !pass.behind.is_empty() {
            let roots = sizes.collect();
            let frontier = Frontier::new();
            wanted.insert(*ledger, Wanted { frontier, roots });
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let copy = passes.view;
    folder.walk(&mut |met, _| match met {
        Met::Section(section) => {
            if let Some(wanted) = wanted.get_mut(&section.ledger) {
                wanted.follow(section.first, frames(section.framed));
            }
        }
        Met::Trimmed(trimmed) => {
            for after in &trimmed.after.ledgers {
                let mut before = trimmed.before.ledgers.iter();
                let before = before.find(|before| before.ledger == after.ledger);
                let before = before.map_or(0, |before| before.frontier.size());
                if let Some(wanted) = wanted.get_mut(&after.ledger) {
                    wanted.pass_trimmed(copy, before, after);
                }
            }
        }
        _ => {}
    })?;
    for (ledger, Wanted { roots, .. }) in wanted {
        let pass = passes.of(ledger);
        for (size, statement) in std::mem::take(&mut pass.behind) {
            match roots.get(&size).copied().flatten() {
                Some(root) if root == statement.root => {}
                Some(root) => pass.differs(size, &statement, root),
                // Nothing leads up to there, which was told.
                None => {}
            }
        }
    }
    Ok(())
}
