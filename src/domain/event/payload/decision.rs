//! What is proposed, and what becomes of it.

use crate::domain::decision::{
    ChangeKind, ConsultationOutcome, DecisionOutcome, ExternalDecision, ReviewOutcome,
};
use crate::domain::event::ProposedChange;
use crate::domain::id::{DelegationId, EventId, ProposalId, UnitId};
use crate::domain::personal::FreeText;

use super::payload;

payload! {
    /// A change was proposed (起案).
    ChangeProposed {
        /// The proposal.
        proposal: ProposalId,
        /// What kind of change it is. A client may leave it out or state what it expects; the ledger always stores it.
        kind: Option<ChangeKind>,
        /// The proposal that it takes the place of.
        replaces: Option<ProposalId>,
        /// The change.
        change: ProposedChange,
        /// What it would come to.
        impact: FreeText,
    }
}

payload! {
    /// Somebody was asked about a proposal and answered (合議).
    ChangeConsulted {
        /// The proposal.
        proposal: ProposalId,
        /// SHA-256 of the change that the answer is about.
        digest: [u8; 32],
        /// The answer.
        outcome: ConsultationOutcome,
        /// In words.
        text: Option<FreeText>,
        /// The unit that answers.
        unit: Option<UnitId>,
    }
}

payload! {
    /// A proposal was decided (決裁).
    ChangeDecided {
        /// The proposal.
        proposal: ProposalId,
        /// SHA-256 of the change that is decided.
        digest: [u8; 32],
        /// The decision.
        outcome: DecisionOutcome,
        /// In words.
        text: Option<FreeText>,
        /// Where it was decided outside of the ledger.
        external: Option<ExternalDecision>,
        /// The delegation by which it was decided in another's place (代決).
        acting: Option<DelegationId>,
    }
}

payload! {
    /// A proposal was taken back (取下げ).
    ChangeWithdrawn {
        /// The proposal.
        proposal: ProposalId,
    }
}

payload! {
    /// Nobody decided a proposal in time (失効). Made by the server itself.
    ProposalExpired {
        /// The proposal.
        proposal: ProposalId,
    }
}

payload! {
    /// The absent principal looked at a decision that was made in their place (後閲).
    DecisionReviewed {
        /// The event that decided.
        decision: EventId,
        /// What the principal makes of it.
        outcome: ReviewOutcome,
        /// In words.
        text: Option<FreeText>,
    }
}
