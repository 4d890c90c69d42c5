//! Proposals and decisions between the wire and the domain.

use crate::api::v1;
use crate::domain::decision::ExternalDecision;
use crate::domain::event::{
    ChangeConsulted, ChangeDecided, ChangeProposed, ChangeWithdrawn, DecisionReviewed,
    ProposalExpired, ProposedChange,
};
use crate::domain::personal::FreeText;
use crate::domain::rejection::Reason;
use crate::grpc::event::EVIDENCE_MAX;
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::field::{At, optional};
use crate::grpc::event::payload::{Reading, evidence, reason, source_document, validity};
use crate::grpc::event::recorded::{
    show_evidence, show_payload, show_reason, show_source_document,
};

impl Reading<'_, '_> {
    pub(super) fn change_proposed(&mut self, p: &v1::ChangeProposed) -> Option<ChangeProposed> {
        let at = self.at.then("change_proposed");
        let proposal = self.faults.id(&at.then("proposal"), &p.proposal);
        let kind = optional(p.kind, |kind| self.faults.choice(&at.then("kind"), kind));
        let replaces = optional(p.replaces.as_deref(), |text| {
            self.resolver
                .proposal(self.faults, &at.then("replaces"), text)
        });
        let at_change = at.then("change");
        let change = match p.change.as_deref() {
            None => self.faults.required(&at_change),
            Some(change) => self.change(&at_change, change),
        };
        let impact = self.faults.free_text(&at.then("impact"), &p.impact);
        if p.change_sha256.is_some() {
            let problem = "the ledger makes the digest; leave it out";
            self.faults.form::<()>(&at.then("change_sha256"), problem)?;
        }
        Some(ChangeProposed {
            proposal: proposal?,
            kind: kind?,
            replaces: replaces?,
            change: change?,
            impact: impact?,
        })
    }

    /// An event that is only proposed: without what it would get when it is recorded.
    fn change(&mut self, at: &At<'_>, input: &v1::EventInput) -> Option<ProposedChange> {
        let left_out = [
            ("event_id", input.event_id.is_empty()),
            ("correlation_id", input.correlation_id.is_none()),
            ("causation_id", input.causation_id.is_none()),
            ("decision_event_id", input.decision_event_id.is_none()),
            ("personal_texts", input.personal_texts.is_empty()),
        ];
        let mut sound = Some(());
        for (name, absent) in left_out {
            if !absent {
                let problem = "a proposed change has none; leave it out";
                sound = self.faults.form(&at.then(name), problem);
            }
        }
        let payload = match &input.payload {
            None => self.faults.required(&at.then("payload")),
            // A proposal of a proposal would nest without end.
            Some(payload) if !may_be_proposed(payload) => {
                self.faults.fault(at, Reason::ChangeNotProposable)
            }
            Some(payload) => Reading {
                faults: self.faults,
                resolver: self.resolver,
                at,
            }
            .payload(payload),
        };
        let valid = validity(self.faults, at, input);
        let reason = optional(input.reason.as_ref(), |r| {
            reason(self.faults, &at.then("reason"), r)
        });
        let evidence = self
            .faults
            .list(at, "evidence", &input.evidence, EVIDENCE_MAX, evidence);
        let source_document = optional(input.source_document.as_ref(), |document| {
            source_document(self.faults, &at.then("source_document"), document)
        });
        sound?;
        Some(ProposedChange {
            payload: Box::new(payload?),
            valid: valid?,
            reason: reason?,
            evidence: evidence?,
            source_document: source_document?,
            sealed: None,
        })
    }

    pub(super) fn change_consulted(&mut self, p: &v1::ChangeConsulted) -> Option<ChangeConsulted> {
        let at = self.at.then("change_consulted");
        let proposal = self
            .resolver
            .proposal(self.faults, &at.then("proposal"), &p.proposal);
        let digest = self
            .faults
            .digest(&at.then("change_sha256"), &p.change_sha256);
        let outcome = self.faults.choice(&at.then("outcome"), p.outcome);
        let text = self.words(&at, p.text.as_deref());
        let unit = optional(p.unit.as_deref(), |unit| self.the(&at, "unit", unit));
        Some(ChangeConsulted {
            proposal: proposal?,
            digest: digest?,
            outcome: outcome?,
            text: text?,
            unit: unit?,
        })
    }

    pub(super) fn change_decided(&mut self, p: &v1::ChangeDecided) -> Option<ChangeDecided> {
        let at = self.at.then("change_decided");
        let proposal = self
            .resolver
            .proposal(self.faults, &at.then("proposal"), &p.proposal);
        let digest = self
            .faults
            .digest(&at.then("change_sha256"), &p.change_sha256);
        let outcome = self.faults.choice(&at.then("outcome"), p.outcome);
        let text = self.words(&at, p.text.as_deref());
        let external = optional(p.external.as_ref(), |external| {
            self.external(&at.then("external"), external)
        });
        let acting = optional(p.acting_delegation.as_deref(), |id| {
            self.faults.id(&at.then("acting_delegation"), id)
        });
        Some(ChangeDecided {
            proposal: proposal?,
            digest: digest?,
            outcome: outcome?,
            text: text?,
            external: external?,
            acting: acting?,
        })
    }

    pub(super) fn change_withdrawn(&mut self, p: &v1::ChangeWithdrawn) -> Option<ChangeWithdrawn> {
        let at = self.at.then("change_withdrawn");
        let at = at.then("proposal");
        let proposal = self.resolver.proposal(self.faults, &at, &p.proposal)?;
        Some(ChangeWithdrawn { proposal })
    }

    pub(super) fn proposal_expired(&mut self, p: &v1::ProposalExpired) -> Option<ProposalExpired> {
        let at = self.at.then("proposal_expired");
        let at = at.then("proposal");
        let proposal = self.resolver.proposal(self.faults, &at, &p.proposal)?;
        Some(ProposalExpired { proposal })
    }

    pub(super) fn decision_reviewed(
        &mut self,
        p: &v1::DecisionReviewed,
    ) -> Option<DecisionReviewed> {
        let at = self.at.then("decision_reviewed");
        let decision = self
            .resolver
            .decision(self.faults, &at.then("decision"), &p.decision);
        let outcome = self.faults.choice(&at.then("outcome"), p.outcome);
        let text = self.words(&at, p.text.as_deref());
        Some(DecisionReviewed {
            decision: decision?,
            outcome: outcome?,
            text: text?,
        })
    }

    fn external(&mut self, at: &At<'_>, p: &v1::ExternalDecision) -> Option<ExternalDecision> {
        let decided_on = self.faults.date(&at.then("decided_on"), &p.decided_on);
        let decider = self.faults.name(&at.then("decider"), &p.decider);
        let person = optional(p.person.as_deref(), |id| {
            self.faults.id(&at.then("person"), id)
        });
        Some(ExternalDecision {
            decided_on: decided_on?,
            decider: decider?,
            person: person?,
        })
    }

    fn words(&mut self, at: &At<'_>, text: Option<&str>) -> Option<Option<FreeText>> {
        optional(text, |text| self.faults.free_text(&at.then("text"), text))
    }
}

/// Whether a payload is one of those that can be proposed.
fn may_be_proposed(payload: &v1::event_input::Payload) -> bool {
    use v1::event_input::Payload as Wire;
    matches!(
        payload,
        Wire::PolicyPublished(_)
            | Wire::RoleGranted(_)
            | Wire::DelegationRegistered(_)
            | Wire::PersonChanged(_)
            | Wire::PeriodClosed(_)
            | Wire::PeriodReopened(_)
            | Wire::GoalSet(_)
            | Wire::GoalMoved(_)
            | Wire::GoalSuspended(_)
            | Wire::GoalResumed(_)
            | Wire::GoalCancelled(_)
            | Wire::GoalCarriedOver(_)
            | Wire::InitiativeSet(_)
            | Wire::InitiativeMoved(_)
            | Wire::InitiativeCancelled(_)
            | Wire::ResponsibilityTransferred(_)
            | Wire::IndicatorDefined(_)
            | Wire::IndicatorMoved(_)
            | Wire::IndicatorRedefined(_)
            | Wire::IndicatorCancelled(_)
            | Wire::BaselineSet(_)
            | Wire::TargetSet(_)
            | Wire::TargetRevised(_)
            | Wire::PlanProfileSet(_)
            | Wire::ActualCorrected(_)
            | Wire::ActualRetracted(_)
            | Wire::OperationAuthorised(_)
    )
}

pub(super) fn show_proposed(p: &ChangeProposed) -> v1::ChangeProposed {
    v1::ChangeProposed {
        proposal: p.proposal.to_string(),
        kind: p.kind.map(|kind| kind.number()),
        replaces: p.replaces.map(|id| id.to_string()),
        change: Some(Box::new(show_change(&p.change))),
        impact: p.impact.to_string(),
        change_sha256: p.change.digest().map(|digest| digest.to_vec()),
    }
}

/// A proposed change as the event that would make it, without the ids that it does not have yet.
pub(crate) fn show_change(change: &ProposedChange) -> v1::EventInput {
    let valid = change.valid;
    v1::EventInput {
        valid_from: valid.map(|valid| valid.from.to_string()),
        valid_to: valid.and_then(|valid| valid.to).map(|to| to.to_string()),
        reason: change.reason.as_ref().map(show_reason),
        evidence: change.evidence.iter().map(show_evidence).collect(),
        source_document: change.source_document.as_ref().map(show_source_document),
        payload: Some(show_payload(&change.payload)),
        ..v1::EventInput::default()
    }
}

pub(super) fn show_consulted(p: &ChangeConsulted) -> v1::ChangeConsulted {
    v1::ChangeConsulted {
        proposal: p.proposal.to_string(),
        change_sha256: p.digest.to_vec(),
        outcome: p.outcome.number(),
        text: p.text.as_ref().map(ToString::to_string),
        unit: p.unit.map(|id| id.to_string()),
    }
}

pub(super) fn show_decided(p: &ChangeDecided) -> v1::ChangeDecided {
    v1::ChangeDecided {
        proposal: p.proposal.to_string(),
        change_sha256: p.digest.to_vec(),
        outcome: p.outcome.number(),
        text: p.text.as_ref().map(ToString::to_string),
        external: p.external.as_ref().map(show_external),
        acting_delegation: p.acting.map(|id| id.to_string()),
    }
}

/// A decision made outside of the ledger, as the API tells it.
pub(crate) fn show_external(external: &ExternalDecision) -> v1::ExternalDecision {
    v1::ExternalDecision {
        decided_on: external.decided_on.to_string(),
        decider: external.decider.to_string(),
        person: external.person.map(|id| id.to_string()),
    }
}
