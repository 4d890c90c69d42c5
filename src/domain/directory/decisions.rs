//! What was proposed and decided. It is here and not in the states of streams, because it is asked for across them: what waits
//! for whom, whether another change of an indicator waits, and what plans and the ledger itself have, which fold to nothing else.

use std::sync::Arc;

use imbl::{HashMap, OrdSet, Vector};

use crate::domain::date::Date;
use crate::domain::decision::{Proposal, ProposalState};
use crate::domain::event::{
    ChangeConsulted, ChangeDecided, ChangeProposed, DecisionReviewed, Recorded,
};
use crate::domain::id::{EventId, ProposalId};

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decisions {
    /// In the order of recording: number n is at n - 1.
    proposals: Vector<Arc<Proposal>>,
    numbers: HashMap<ProposalId, u64>,
    decided: HashMap<EventId, ProposalId>,
    /// Numbers of those that wait.
    open: OrdSet<u64>,
}

impl Decisions {
    pub(super) fn get(&self, id: ProposalId) -> Option<&Arc<Proposal>> {
        self.numbered(*self.numbers.get(&id)?)
    }

    pub(super) fn numbered(&self, number: u64) -> Option<&Arc<Proposal>> {
        self.proposals.get(index(number)?)
    }

    pub(super) fn decided_by(&self, decision: EventId) -> Option<&Arc<Proposal>> {
        self.get(*self.decided.get(&decision)?)
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Proposal>> {
        self.proposals.iter()
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Arc<Proposal>> {
        self.open.iter().filter_map(|number| self.numbered(*number))
    }

    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn propose(&mut self, recorded: &Recorded, p: &ChangeProposed, on: Date) {
        if let Some(replaced) = p.replaces {
            self.end(replaced, ProposalState::Replaced, on);
        }
        let number = self.proposals.len() as u64 + 1;
        let proposal = Proposal::new(recorded, p, number, on);
        self.proposals.push_back(Arc::new(proposal));
        self.numbers.insert(p.proposal, number);
        self.open.insert(number);
    }

    pub(super) fn consult(&mut self, recorded: &Recorded, p: &ChangeConsulted, on: Date) {
        self.change(p.proposal, |proposal| proposal.consult(recorded, p, on));
    }

    pub(super) fn decide(&mut self, recorded: &Recorded, p: &ChangeDecided, on: Date) {
        self.decided.insert(recorded.event.id, p.proposal);
        self.change(p.proposal, |proposal| proposal.decide(recorded, p, on));
    }

    pub(super) fn review(&mut self, recorded: &Recorded, p: &DecisionReviewed, on: Date) {
        if let Some(id) = self.decided.get(&p.decision).copied() {
            self.change(id, |proposal| proposal.review(recorded, p, on));
        }
    }

    pub(super) fn end(&mut self, id: ProposalId, state: ProposalState, on: Date) {
        self.change(id, |proposal| proposal.end(state, on));
    }

    fn change(&mut self, id: ProposalId, change: impl FnOnce(&mut Proposal)) {
        let Some(number) = self.numbers.get(&id).copied() else {
            return;
        };
        let found = index(number).and_then(|index| self.proposals.get_mut(index));
        if let Some(proposal) = found {
            let proposal = Arc::make_mut(proposal);
            change(proposal);
            if !proposal.is_open() {
                self.open.remove(&number);
            }
        }
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}
