//! Payloads of proposals and decisions.

use super::*;
use crate::domain::decision::{
    ChangeKind, ConsultationOutcome, DecisionOutcome, ExternalDecision, ReviewOutcome,
};
use crate::domain::id::{DelegationId, PersonId, ProposalId};
use crate::log::codec::encode;

fn proposal(n: u128) -> ProposalId {
    ProposalId::new(uuid(0xb000 + n)).unwrap()
}

fn target(value: &str) -> Target {
    Target {
        aim: Aim::Value(quantity(value)),
        parts: vec![],
    }
}

fn sealed(mut change: ProposedChange) -> ProposedChange {
    change.sealed = Some(SealedChange::new(encode(&change).unwrap()));
    change
}

/// As [`payloads`](super::payloads::payloads).
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    let lowered = TargetRevised {
        indicator: indicator(1),
        replaces: event_id(27),
        before: Some(target("50")),
        target: target("40"),
    };
    let lowered = sealed(ProposedChange {
        payload: Box::new(lowered.into()),
        valid: Some(Validity {
            from: date(2023, 10, 1),
            to: Some(date(2024, 3, 31)),
        }),
        reason: Some(Reason {
            code: ReasonCode::Budget,
            text: text("補正予算で減額された。"),
        }),
        evidence: evidence(),
        source_document: Some(SourceDocument {
            number: name("5企第130号"),
            title: None,
            date: None,
        }),
        sealed: None,
    });
    let digest = lowered.digest().unwrap();
    let suspended = sealed(ProposedChange {
        payload: Box::new(GoalSuspended { goal: goal(1) }.into()),
        valid: None,
        reason: None,
        evidence: vec![],
        source_document: None,
        sealed: None,
    });
    vec![
        (
            ChangeProposed {
                proposal: proposal(1),
                kind: Some(ChangeKind::TargetLowered),
                replaces: Some(proposal(2)),
                change: lowered,
                impact: text("年度末の見込みは40件。"),
            }
            .into(),
            ChangeProposed {
                proposal: proposal(2),
                kind: Some(ChangeKind::Suspended),
                replaces: None,
                change: suspended,
                impact: text("-"),
            }
            .into(),
        ),
        (
            ChangeConsulted {
                proposal: proposal(1),
                digest,
                outcome: ConsultationOutcome::Object,
                text: Some(text("財源は残っている。")),
                unit: Some(unit_id(2)),
            }
            .into(),
            ChangeConsulted {
                proposal: proposal(1),
                digest: [0; 32],
                outcome: ConsultationOutcome::Consent,
                text: None,
                unit: None,
            }
            .into(),
        ),
        (
            ChangeDecided {
                proposal: proposal(1),
                digest,
                outcome: DecisionOutcome::Returned,
                text: Some(text("減額の内訳を示すこと。")),
                external: Some(ExternalDecision {
                    decided_on: date(2023, 10, 2),
                    decider: name("副市長"),
                    person: Some(PersonId::new(uuid(0xc001)).unwrap()),
                }),
                acting: Some(DelegationId::new(uuid(0xd001)).unwrap()),
            }
            .into(),
            ChangeDecided {
                proposal: proposal(1),
                digest: [0xff; 32],
                outcome: DecisionOutcome::Approved,
                text: None,
                external: None,
                acting: None,
            }
            .into(),
        ),
        (
            ChangeWithdrawn {
                proposal: proposal(1),
            }
            .into(),
            ChangeWithdrawn {
                proposal: proposal(2),
            }
            .into(),
        ),
        (
            ProposalExpired {
                proposal: proposal(1),
            }
            .into(),
            ProposalExpired {
                proposal: proposal(2),
            }
            .into(),
        ),
        (
            DecisionReviewed {
                decision: event_id(900),
                outcome: ReviewOutcome::Disagree,
                text: Some(text("急ぐ理由がない。")),
            }
            .into(),
            DecisionReviewed {
                decision: event_id(901),
                outcome: ReviewOutcome::Agree,
                text: None,
            }
            .into(),
        ),
    ]
}
