//! Rules of confirmations: only what stands, by somebody else, once by each.

use super::Judge;
use super::evaluation::is_same;
use crate::domain::event::ActualConfirmed;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn actual_confirmed(&mut self, p: &ActualConfirmed) {
        self.not_ahead();
        let Some((indicator, _)) = self.reported_on(p.indicator) else {
            return;
        };
        if p.entries.is_empty() {
            return self.reject(Reason::FieldRequired, "entries");
        }
        if ActualConfirmed::ENTRIES_MAX < p.entries.len() {
            let max = ActualConfirmed::ENTRIES_MAX;
            return self.reject_form("entries", &format!("more than {max}"));
        }
        let actor = self.context.actor;
        for (index, id) in p.entries.iter().enumerate() {
            let field = format!("entries[{index}]");
            if p.entries[..index].contains(id) {
                self.reject_form(&field, "given twice");
                continue;
            }
            let Some(entry) = indicator.entry(*id) else {
                self.reject(Reason::EntryUnknown, &field);
                continue;
            };
            if entry.superseded().is_some() {
                let head = indicator.head_of_chain(*id);
                self.reject_with(Reason::AlreadySuperseded, &field, &[("head", &head)]);
                continue;
            }
            // Whoever proposed a correction wrote it, though the decider's name stands at the entry.
            let proposed = self.context.directory.proposed_as(*id);
            let drafted = proposed.map(|proposal| &proposal.drafted.actor);
            if std::iter::once(entry.actor)
                .chain(drafted)
                .any(|by| is_same(by, actor))
            {
                self.reject(Reason::SelfConfirmation, &field);
            }
            let own = |by: &&crate::domain::goal::Confirmation| is_same(&by.actor, actor);
            if let Some(earlier) = entry.confirmations().iter().find(own) {
                let figures: [(_, &dyn std::fmt::Display); 1] = [("date", &earlier.date)];
                self.reject_with(Reason::AlreadyConfirmed, &field, &figures);
            }
        }
    }
}

impl ActualConfirmed {
    /// Entries that one confirmation names at most.
    pub const ENTRIES_MAX: usize = 500;
}
