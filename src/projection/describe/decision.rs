//! What the events of a proposal tell: what is asked for, what others say of it, what was decided.

use super::{FieldChange, Known, plain, target, trust};
use crate::domain::decision::Proposal;
use crate::domain::event::{Event, Payload};
use crate::domain::id::ProposalId;
use crate::domain::personal::FreeText;

/// What such an event tells; nothing for any other.
pub(super) fn told(event: &Event, after: Known<'_>) -> Vec<FieldChange> {
    let directory = after.directory;
    let of = |id: ProposalId| directory.proposal(id).map(|proposal| proposal.as_ref());
    match &event.payload {
        Payload::ChangeProposed(p) => {
            let mut changes = number(of(p.proposal));
            let change = &p.change;
            let what = change.payload.event_type().code().to_owned();
            changes.push(plain("proposed", what));
            changes.extend(
                p.kind
                    .map(|kind| plain("change_kind", kind.code().to_owned())),
            );
            if let Payload::TargetRevised(revised) = change.payload.as_ref()
                && let Some((_, definition)) = after.definition(revised.indicator)
            {
                let before = revised.before.as_ref();
                changes.push(FieldChange {
                    field: "proposed_target",
                    before: before.map(|before| target(before, definition)),
                    after: Some(target(&revised.target, definition)),
                });
            }
            if let Payload::OperationAuthorised(authorised) = change.payload.as_ref() {
                changes.extend(trust::authorised(authorised, change.valid));
            }
            if let Some(valid) = change.valid {
                changes.push(plain("proposed_from", valid.from.to_string()));
            }
            if let Some(reason) = &change.reason {
                changes.push(plain("proposed_reason", reason.text.to_string()));
            }
            changes.push(plain("impact", p.impact.to_string()));
            let replaced = p.replaces.and_then(of).map(Proposal::code);
            changes.extend(replaced.map(|code| plain("replaces_proposal", code)));
            changes.extend(change.digest().map(digest));
            changes
        }
        Payload::ChangeConsulted(p) => {
            let mut changes = number(of(p.proposal));
            changes.push(plain("consultation", p.outcome.code().to_owned()));
            changes.extend(words(p.text.as_ref()));
            let unit = p.unit.and_then(|id| directory.unit(id));
            changes.extend(unit.map(|unit| plain("consulted_unit", unit.code.to_string())));
            changes.push(digest(p.digest));
            changes
        }
        Payload::ChangeDecided(p) => {
            let mut changes = number(of(p.proposal));
            changes.push(plain("decision", p.outcome.code().to_owned()));
            changes.extend(words(p.text.as_ref()));
            if let Some(external) = &p.external {
                let text = format!("{} {}", external.decided_on, external.decider);
                changes.push(plain("external_decision", text));
            }
            let acting = p
                .acting
                .map(|id| plain("acting_delegation", id.to_string()));
            changes.extend(acting);
            changes.push(digest(p.digest));
            changes
        }
        Payload::ChangeWithdrawn(p) => number(of(p.proposal)),
        Payload::ProposalExpired(p) => number(of(p.proposal)),
        Payload::DecisionReviewed(p) => {
            let proposal = directory.decided(p.decision).map(|found| found.as_ref());
            let mut changes = number(proposal);
            changes.push(plain("decision_review", p.outcome.code().to_owned()));
            changes.extend(words(p.text.as_ref()));
            changes
        }
        _ => Vec::new(),
    }
}

fn number(proposal: Option<&Proposal>) -> Vec<FieldChange> {
    let told = proposal.map(|proposal| plain("proposal", proposal.code()));
    told.into_iter().collect()
}

fn words(text: Option<&FreeText>) -> Option<FieldChange> {
    text.map(|text| plain("text", text.to_string()))
}

fn digest(digest: [u8; 32]) -> FieldChange {
    plain("change_sha256", hex::encode(digest))
}
