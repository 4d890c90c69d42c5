//! Rules of proposals and decisions: nobody decides what they proposed, a decision binds to the exact change, and the change is
//! judged by the ordinary rules both when it is proposed and when it is made.

use std::fmt::Display;
use std::sync::Arc;

use super::evaluation::is_same;
use super::{Judge, rules};
use crate::domain::code::Key;
use crate::domain::decision::{
    ConsultationOutcome, DecisionOutcome, Proposal, ProposalState, ReviewOutcome,
};
use crate::domain::event::{
    ChangeConsulted, ChangeDecided, ChangeProposed, ChangeWithdrawn, DecisionReviewed, Event,
    Payload, ProposalExpired, ProposedChange,
};
use crate::domain::id::{EventId, IndicatorId, PersonId, PlanId, ProposalId};
use crate::domain::operation::Operation;
use crate::domain::personal::FreeText;
use crate::domain::rejection::{Notice, Reason, Rejection};
use crate::domain::text::Language;

mod authority;
mod kind;

pub(super) use authority::decision_asked_for;

/// What a proposal is for, where only one may wait at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Slot<'a> {
    Target(IndicatorId),
    Definition(IndicatorId),
    Baseline(IndicatorId),
    Profile(IndicatorId),
    Entry(EventId),
    Period(PlanId, &'a Key),
    Person(PersonId),
    Operation(&'a Operation),
}

impl<'a> Slot<'a> {
    fn of(change: &'a Payload) -> Option<Self> {
        Some(match change {
            Payload::TargetSet(p) => Self::Target(p.indicator),
            Payload::TargetRevised(p) => Self::Target(p.indicator),
            Payload::IndicatorRedefined(p) => Self::Definition(p.indicator),
            Payload::BaselineSet(p) => Self::Baseline(p.indicator),
            Payload::PlanProfileSet(p) => Self::Profile(p.indicator),
            Payload::ActualCorrected(p) => Self::Entry(p.corrects),
            Payload::ActualRetracted(p) => Self::Entry(p.retracts),
            Payload::PeriodClosed(p) => Self::Period(p.plan, &p.period),
            Payload::PeriodReopened(p) => Self::Period(p.plan, &p.period),
            // It names all logins: of two the second would take back the first.
            Payload::PersonChanged(p) => Self::Person(p.person),
            Payload::OperationAuthorised(p) => Self::Operation(&p.operation),
            _ => return None,
        })
    }
}

impl Judge<'_> {
    pub(super) fn change_proposed(&mut self, p: &mut ChangeProposed) {
        let directory = self.context.directory;
        if directory.proposal(p.proposal).is_some() {
            self.reject(Reason::IdExists, "proposal");
        }
        if Proposal::OPEN_MAX <= directory.open_proposals_count() {
            let problem = format!("{} proposals wait already", Proposal::OPEN_MAX);
            self.reject_form("proposal", &problem);
        }
        if let Some(replaced) = p.replaces {
            self.replaced(replaced);
        }
        let change = p.change.event(self.proposed.id, self.proposed.stream);
        if change.personal_texts().next().is_some() {
            self.reject_form("change", "a proposed change holds no text about a person");
        }
        let Some(kind) = self.kind_of(&change) else {
            return self.reject(Reason::ChangeNotProposable, "change");
        };
        if p.kind.is_some_and(|expected| expected != kind) {
            self.reject_form("kind", &format!("it is {}", kind.code()));
        }
        p.kind = Some(kind);
        if let Some(rule) = self.rule(kind) {
            self.may_draft(&rule, &p.change);
        }
        self.only_one_waits(p);
        let path = self.path("change");
        match rules(self.context, self.goal, &change) {
            Err(broken) => {
                let broken = broken.into_iter().map(|rejection| rejection.under(&path));
                self.rejections.extend(broken);
            }
            Ok(decided) => {
                let notices = decided.notices.into_iter();
                self.notices.extend(notices.map(|notice| Notice {
                    field: format!("{path}.{}", notice.field),
                    ..notice
                }));
                // What it replaces is filled in now, so that the decision is on that and nothing newer.
                if let Some(filled) = decided.events.into_iter().next() {
                    p.change = ProposedChange::of(filled);
                }
            }
        }
    }

    /// A proposal that another takes the place of: by the one who made it, about the same stream, while nothing was
    /// approved or refused.
    fn replaced(&mut self, id: ProposalId) {
        let Some(replaced) = self.known_proposal(id, "replaces") else {
            return;
        };
        if !replaced.is_open() && replaced.state != ProposalState::Returned {
            self.not_open(&replaced, "replaces");
        }
        if !is_same(&replaced.drafted.actor, self.context.actor) {
            self.reject(Reason::NotTheDrafter, "replaces");
        }
        if replaced.stream != self.proposed.stream {
            self.reject_form("replaces", "it is about something else");
        }
    }

    /// Of one target, one entry, one period, one person or one operation one proposal waits at a time.
    fn only_one_waits(&mut self, p: &ChangeProposed) {
        let Some(slot) = Slot::of(&p.change.payload) else {
            return;
        };
        let mut others = self.context.directory.open_proposals();
        let today = self.context.today;
        let directory = self.context.directory;
        let waiting = others.find(|other| {
            other.stream == self.proposed.stream
                && Some(other.id) != p.replaces
                && today <= directory.expires_on(other)
                && Slot::of(&other.change.payload) == Some(slot)
        });
        if let Some(waiting) = waiting {
            let figures: [(_, &dyn Display); 1] = [("proposal", &waiting.code())];
            self.reject_with(Reason::ProposalOpen, "change", &figures);
        }
    }

    pub(super) fn change_consulted(&mut self, p: &ChangeConsulted) {
        let Some(proposal) = self.waiting(p.proposal) else {
            return;
        };
        self.same_change(&proposal, p.digest);
        if self.is_own(&proposal.drafted, &[]) {
            self.reject(Reason::SelfApproval, "proposal");
        }
        if p.outcome == ConsultationOutcome::Object {
            self.needs_words(p.text.as_ref());
        }
        self.may_answer(&proposal);
        if let Some(unit) = p.unit
            && self.context.directory.unit(unit).is_none()
        {
            self.reject(Reason::UnitUnknown, "unit");
        }
        if Proposal::CONSULTATIONS_MAX <= proposal.consultations.len() {
            let problem = format!("at most {} answers", Proposal::CONSULTATIONS_MAX);
            self.reject_form("proposal", &problem);
        }
    }

    /// Judges a decision; returns the event of the change where it approves.
    pub(super) fn change_decided(&mut self, p: &ChangeDecided) -> Option<Event> {
        let proposal = self.waiting(p.proposal)?;
        self.same_change(&proposal, p.digest);
        self.somebody_else(&proposal, p);
        self.may_decide(&proposal, p);
        if p.outcome != DecisionOutcome::Approved {
            self.needs_words(p.text.as_ref());
        }
        if let Some(external) = &p.external {
            let today = self.context.today;
            if today < external.decided_on {
                let figures: [(_, &dyn Display); 1] = [("today", &today)];
                self.reject_with(Reason::DateInFuture, "external.decided_on", &figures);
            }
            if self.proposed.source_document.is_none() {
                self.reject_envelope(Reason::FieldRequired, "source_document", &[]);
            }
        }
        if p.outcome != DecisionOutcome::Approved {
            return None;
        }
        let id = Event::approved_change_id(self.proposed.id);
        let change = proposal.change.event(id, self.proposed.stream);
        self.still_of_its_kind(&proposal, &change);
        match rules(self.context, self.goal, &change) {
            Err(broken) => {
                // The request has no such fields: what stands against the change is told at the proposal.
                let field = self.path("proposal");
                let at_proposal = broken.into_iter().map(|rejection| Rejection {
                    field: field.clone(),
                    ..rejection
                });
                self.rejections.extend(at_proposal);
                None
            }
            Ok(decided) => {
                let field = self.path("proposal");
                let notices = decided.notices.into_iter();
                self.notices.extend(notices.map(|notice| Notice {
                    field: field.clone(),
                    ..notice
                }));
                let change = decided.events.into_iter().next()?;
                Some(Event {
                    decision: Some(self.proposed.id),
                    causation: Some(proposal.drafted.event_id),
                    ..change
                })
            }
        }
    }

    /// Neither who proposed it nor who was asked decides it, nor enters that somebody else did; nor does anybody act for
    /// them, or they for whoever decides.
    fn somebody_else(&mut self, proposal: &Proposal, p: &ChangeDecided) {
        let decider = p.external.as_ref().and_then(|external| external.person);
        // Whoever acts for somebody decides as that person does.
        let principals = p.acting.map_or_else(Vec::new, |by| self.principals(by));
        let deciding: Vec<PersonId> = decider.into_iter().chain(principals).collect();
        let asked = proposal.consultations.iter().map(|answer| &answer.step);
        let mut steps = std::iter::once(&proposal.drafted).chain(asked);
        if steps.any(|step| self.is_own(step, &deciding)) {
            self.reject(Reason::SelfApproval, "proposal");
        }
    }

    /// The kind of change that it is as things stand must be the one that it was proposed as: who drafts, is asked and decides
    /// hangs on it.
    fn still_of_its_kind(&mut self, proposal: &Proposal, change: &Event) {
        let Some(kind) = self.kind_of(change).filter(|kind| *kind != proposal.kind) else {
            return;
        };
        let proposed = proposal.kind;
        let figures: [(_, &dyn Display); 4] = [
            ("kind", &kind.code()),
            ("kind_ja", &kind.label(Language::Ja)),
            ("proposed_kind", &proposed.code()),
            ("proposed_kind_ja", &proposed.label(Language::Ja)),
        ];
        self.reject_with(Reason::ProposalKindChanged, "proposal", &figures);
    }

    pub(super) fn change_withdrawn(&mut self, p: &ChangeWithdrawn) {
        let Some(proposal) = self.known_proposal(p.proposal, "proposal") else {
            return;
        };
        if !proposal.is_open() {
            self.not_open(&proposal, "proposal");
        }
        if !is_same(&proposal.drafted.actor, self.context.actor) {
            self.reject(Reason::NotTheDrafter, "proposal");
        }
    }

    pub(super) fn proposal_expired(&mut self, p: &ProposalExpired) {
        if !self.by_server() {
            return;
        }
        let Some(proposal) = self.known_proposal(p.proposal, "proposal") else {
            return;
        };
        let today = self.context.today;
        if !proposal.is_open() {
            self.not_open(&proposal, "proposal");
        } else if today <= self.context.directory.expires_on(&proposal) {
            self.reject_form("proposal", "it may still be decided");
        }
    }

    pub(super) fn decision_reviewed(&mut self, p: &DecisionReviewed) {
        let known = self.context.directory.decided(p.decision);
        let Some(decision) = known.and_then(|proposal| proposal.decision.as_ref()) else {
            return self.reject(Reason::DecisionUnknown, "decision");
        };
        if decision.acting.is_none() {
            self.reject(Reason::DecisionNotActing, "decision");
        }
        if let Some(review) = &decision.review {
            let figures: [(_, &dyn Display); 1] = [("date", &review.step.on)];
            self.reject_with(Reason::DecisionAlreadyReviewed, "decision", &figures);
        }
        let acting = decision.acting;
        let decider = self.person(&decision.step.actor);
        let own = decider.is_some() && decider == self.person(self.context.actor);
        if own || is_same(&decision.step.actor, self.context.actor) {
            self.reject(Reason::SelfApproval, "decision");
        } else if let Some(delegation) = acting {
            self.is_principal(delegation, decision.step.on);
        }
        if p.outcome == ReviewOutcome::Disagree {
            self.needs_words(p.text.as_ref());
        }
    }

    fn known_proposal(&mut self, id: ProposalId, field: &str) -> Option<Arc<Proposal>> {
        let known = self.context.directory.proposal(id).cloned();
        if known.is_none() {
            self.reject(Reason::ProposalUnknown, field);
        }
        known
    }

    /// A proposal that waits and is not overdue.
    fn waiting(&mut self, id: ProposalId) -> Option<Arc<Proposal>> {
        let proposal = self.known_proposal(id, "proposal")?;
        if !proposal.is_open() {
            self.not_open(&proposal, "proposal");
            return None;
        }
        let today = self.context.today;
        let expires = self.context.directory.expires_on(&proposal);
        if expires < today {
            let figures: [(_, &dyn Display); 1] = [("last", &expires)];
            self.reject_with(Reason::ProposalOverdue, "proposal", &figures);
            return None;
        }
        Some(proposal)
    }

    fn not_open(&mut self, proposal: &Proposal, field: &str) {
        let state = proposal.state;
        let ja = state.label(Language::Ja);
        let figures: [(_, &dyn Display); 3] = [
            ("proposal", &proposal.code()),
            ("state", &state.code()),
            ("state_ja", &ja),
        ];
        self.reject_with(Reason::ProposalNotOpen, field, &figures);
    }

    fn same_change(&mut self, proposal: &Proposal, digest: [u8; 32]) {
        if proposal.change.digest() != Some(digest) {
            // Not told what it is: whoever has it was handed the change, or saw it.
            self.reject(Reason::ProposalHashMismatch, "change_sha256");
        }
    }

    fn needs_words(&mut self, text: Option<&FreeText>) {
        if text.is_none() {
            self.reject(Reason::FieldRequired, "text");
        }
    }
}
