//! What is proposed, in the bytes that a decision binds to.

use bytes::Bytes;
use prost::Message as _;

use crate::domain::decision::ExternalDecision;
use crate::domain::decision::policy::{ApprovalPolicy, ApprovalRule, Post as ApprovalPost};
use crate::domain::event::{Event, Payload, ProposedChange, SealedChange};
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _};
use crate::log::codec::model::messages;
use crate::log::codec::value::Wire;
use crate::log::codec::{payload, record, wire};

messages! {
    ExternalDecision { decided_on = decided_on, decider = decider, person = person_id }
    ApprovalPolicy { rules = rules }
    ApprovalRule {
        kind = kind,
        drafters = drafters,
        consulted = consulted,
        deciders = deciders,
        deciders_after_midyear = deciders_after_midyear,
        external = external,
        expires_after_days = expires_after_days,
        review_within_days = review_within_days,
    }
    ApprovalPost { role = role, unit = unit_id }
}

/// Gives a proposed change its stored form, once: from then on its bytes are what is stored, hashed and decided.
pub fn seal_proposed(event: &mut Event) -> Result<(), EncodeError> {
    match &mut event.payload {
        Payload::ChangeProposed(p) if p.change.sealed.is_none() => {
            let bytes = encode(&p.change).within("payload").within("change")?;
            p.change.sealed = Some(SealedChange::new(bytes));
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn encode(change: &ProposedChange) -> Result<Vec<u8>, EncodeError> {
    let message = wire::ProposedChange {
        r#type: change.payload.event_type().put()?,
        type_version: record::TYPE_VERSION,
        payload: payload::put(&change.payload).within("payload")?,
        valid_from: change
            .valid
            .map(|valid| valid.from)
            .put()
            .within("valid_from")?,
        valid_to: change
            .valid
            .and_then(|valid| valid.to)
            .put()
            .within("valid_to")?,
        reason: change.reason.put().within("reason")?,
        evidence: change.evidence.put().within("evidence")?,
        source_document: change.source_document.put().within("source_document")?,
    };
    Ok(message.encode_to_vec())
}

impl Wire<Bytes> for ProposedChange {
    fn put(&self) -> Result<Bytes, EncodeError> {
        match &self.sealed {
            Some(sealed) => Ok(Bytes::copy_from_slice(sealed.bytes())),
            None => encode(self).map(Bytes::from),
        }
    }

    fn take(stored: Bytes) -> Result<Self, DecodeError> {
        if stored.is_empty() {
            return Err(DecodeError::missing());
        }
        let sealed = SealedChange::new(stored.as_ref());
        let message = wire::ProposedChange::decode(stored).map_err(DecodeError::malformed)?;
        let event_type = record::known_type(message.r#type, message.type_version)?;
        Ok(Self {
            valid: record::validity(
                Wire::take(message.valid_from).within("valid_from")?,
                Wire::take(message.valid_to).within("valid_to")?,
            )?,
            reason: Wire::take(message.reason).within("reason")?,
            evidence: Wire::take(message.evidence).within("evidence")?,
            source_document: Wire::take(message.source_document).within("source_document")?,
            payload: Box::new(payload::take(event_type, message.payload).within("payload")?),
            sealed: Some(sealed),
        })
    }
}
