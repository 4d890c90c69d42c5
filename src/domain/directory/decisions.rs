//! What was proposed and decided. It is here and not in the states of streams, because it is asked for across them: what waits
//! for whom, whether another change of an indicator waits, and what plans and the ledger itself have, which fold to nothing else.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use super::Directory;
use crate::domain::access::Grant;
use crate::domain::date::Date;
use crate::domain::decision::policy::{Answering, ApprovalRule, Post};
use crate::domain::decision::{DecisionOutcome, Proposal, ProposalState};
use crate::domain::event::{
    ChangeConsulted, ChangeDecided, ChangeProposed, DecisionReviewed, Event, Payload,
    ProposedChange, Recorded, Stream, StreamKind,
};
use crate::domain::id::{EventId, GoalId, ProposalId};

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decisions {
    /// In the order of recording: number n is at n - 1.
    proposals: Vector<Arc<Proposal>>,
    numbers: OrdMap<ProposalId, u64>,
    decided: OrdMap<EventId, ProposalId>,
    /// By the event of the change.
    made: OrdMap<EventId, ProposalId>,
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

    pub(super) fn made_by(&self, change: EventId) -> Option<&Arc<Proposal>> {
        self.get(*self.made.get(&change)?)
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
        if p.outcome == DecisionOutcome::Approved {
            let change = Event::approved_change_id(recorded.event.id);
            self.made.insert(change, p.proposal);
        }
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

impl Directory {
    /// The units that answer for a change, as it is looked at on `today`.
    pub fn answering(&self, proposed: &ProposedChange, stream: Stream, today: Date) -> Answering {
        let change = &*proposed.payload;
        if stream.kind != StreamKind::Goal {
            return Answering::default();
        }
        if let Payload::GoalSet(p) = change {
            return Answering {
                departments: vec![p.department],
                sections: Vec::new(),
            };
        }
        let date = proposed.answered_on(today);
        let indicator = change.indicator().and_then(|id| self.indicator(id));
        let initiative = indicator.map(|entry| entry.placed_on(date).initiative);
        let initiative = initiative.or_else(|| change.initiative());
        let known = initiative.and_then(|id| self.initiative(id));
        let goal = known.map(|entry| entry.placed_on(date).goal);
        let goal = goal.or_else(|| GoalId::from_bytes(stream.id.as_bytes()).ok());
        let of_goal = goal.and_then(|id| self.goal(id));
        let department = of_goal.map(|goal| goal.placed_on(date).department);
        let sections = match known {
            Some(initiative) => initiative.responsible_on(date).units().collect(),
            // Of a goal as a whole: all that work on it.
            None => goal
                .into_iter()
                .flat_map(|goal| self.initiatives_of_on(goal, date))
                .filter_map(|id| self.initiative(id))
                .flat_map(|initiative| initiative.responsible_on(date).units())
                .collect(),
        };
        Answering {
            departments: department.into_iter().collect(),
            sections,
        }
    }

    /// Who decides a change as things stand, before or after the mid-year evaluation of its plan.
    pub fn deciders_of<'r>(
        &self,
        rule: &'r ApprovalRule,
        change: &Payload,
        stream: Stream,
    ) -> &'r [Post] {
        let plan = self.plan_of_change(change, stream);
        rule.deciders(plan.is_some_and(|plan| self.is_after_midyear(plan)))
    }

    /// The grants by which somebody has a post on `date`, by the code of the seat.
    pub fn holders_of_post(
        &self,
        post: Post,
        answering: &Answering,
        date: Date,
    ) -> Vec<&Arc<Grant>> {
        let of_post = |grant: &&Arc<Grant>| {
            grant.holds_on(date) && post.is_of(grant.role, &grant.units, answering)
        };
        self.grants().filter(of_post).collect()
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

impl Directory {
    /// A proposal.
    pub fn proposal(&self, id: ProposalId) -> Option<&Arc<Proposal>> {
        self.decisions.get(id)
    }

    /// The proposal that people call by its number.
    pub fn numbered_proposal(&self, number: u64) -> Option<&Arc<Proposal>> {
        self.decisions.numbered(number)
    }

    /// The proposal that an event decided.
    pub fn decided(&self, decision: EventId) -> Option<&Arc<Proposal>> {
        self.decisions.decided_by(decision)
    }

    /// The proposal whose approval made the change that an event is.
    pub fn proposed_as(&self, change: EventId) -> Option<&Arc<Proposal>> {
        self.decisions.made_by(change)
    }

    /// Every proposal, in the order of recording.
    pub fn proposals(&self) -> impl DoubleEndedIterator<Item = &Arc<Proposal>> {
        self.decisions.all()
    }

    /// The last day on which a proposal may be decided.
    pub fn expires_on(&self, proposal: &Proposal) -> Date {
        let rule = self.approval_policy_on(proposal.touched_on, None);
        let rule =
            rule.and_then(|(_, policy)| Some(policy.rule(proposal.kind)?.expires_after_days));
        let days = rule.unwrap_or(Proposal::EXPIRES_AFTER_DAYS);
        after(proposal.touched_on, days)
    }

    /// The last day on which the absent principal looks at a decision that was made in their place; `None` where there is none
    /// to look at.
    pub fn review_due(&self, proposal: &Proposal) -> Option<Date> {
        let decision = proposal
            .decision
            .as_ref()
            .filter(|decision| decision.acting.is_some())?;
        let on = decision.step.on;
        let rule = self.approval_policy_on(on, None);
        let rule =
            rule.and_then(|(_, policy)| Some(policy.rule(proposal.kind)?.review_within_days));
        Some(after(on, rule.unwrap_or(Proposal::REVIEW_WITHIN_DAYS)))
    }

    /// What a payload is about in the end: of a proposal and its steps the change, of all else itself.
    pub fn change_of<'a>(&'a self, payload: &'a Payload) -> &'a Payload {
        let of = |id| self.proposal(id).map(|proposal| &*proposal.change.payload);
        let change = match payload {
            Payload::ChangeProposed(p) => Some(&*p.change.payload),
            Payload::ChangeConsulted(p) => of(p.proposal),
            Payload::ChangeDecided(p) => of(p.proposal),
            Payload::ChangeWithdrawn(p) => of(p.proposal),
            Payload::ProposalExpired(p) => of(p.proposal),
            Payload::DecisionReviewed(p) => {
                let proposal = self.decided(p.decision);
                proposal.map(|proposal| &*proposal.change.payload)
            }
            _ => None,
        };
        change.unwrap_or(payload)
    }

    /// The proposals that wait for a decision, in the order of recording.
    pub fn open_proposals(&self) -> impl Iterator<Item = &Arc<Proposal>> {
        self.decisions.open()
    }

    /// How many proposals wait for a decision.
    pub fn open_proposals_count(&self) -> usize {
        self.decisions.open_count()
    }
}

fn after(date: Date, days: u32) -> Date {
    date.saturating_add(jiff::Span::new().days(i64::from(days)))
}
