//! The leaf around the payload: client part, server part, and both read together.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::access::Authorization;
use crate::domain::event::{
    Actor, Event, EventType, Evidence, Reason, Recorded, SourceDocument, Stream, Validity,
};
use crate::domain::id::{DataSubjectId, LedgerId};
use crate::domain::personal::{Commitment, PersonalText};
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _, is};
use crate::log::codec::fields::Fields;
use crate::log::codec::model::{messages, required_messages};
use crate::log::codec::value::Wire;
use crate::log::codec::{RequestPlace, ServerPart, payload, wire};
use crate::merkle::Hash;

/// The format of the leaf that this release writes, and the only one there is.
pub(super) const FORMAT: u32 = 1;

/// The version in which this release writes every event type. A type whose meaning changes gets a
/// higher one, and both are read from then on.
pub(super) const TYPE_VERSION: u32 = 1;

messages! {
    Authorization { policy_set_sha256 = policy_set_sha256, policy_ids = policy_ids }
    Reason { code = code, text = text }
    Evidence {
        sha256 = sha256,
        media_type = media_type,
        title = title,
        uri = uri,
        size_bytes = size_bytes,
        disclosure = disclosure,
    }
    SourceDocument { number = number, title = title, date = date }
}

/// What permitted it stands beside the actor in the leaf.
impl Wire<wire::Actor> for Actor {
    fn put(&self) -> Result<wire::Actor, EncodeError> {
        Ok(wire::Actor {
            subject: self.subject.put().within("subject")?,
            issuer: self.issuer.put().within("issuer")?,
            seat: self.seat.put().within("seat")?,
            acting_for: self.acting_for.put().within("acting_for")?,
            client: self.client.put().within("client")?,
            method: self.method.put().within("method")?,
            auth_evidence_sha256: self.evidence_sha256.put().within("auth_evidence_sha256")?,
            person_id: self.person.put().within("person_id")?,
        })
    }
    fn take(wire: wire::Actor) -> Result<Self, DecodeError> {
        Ok(Self {
            subject: Wire::take(wire.subject).within("subject")?,
            issuer: Wire::take(wire.issuer).within("issuer")?,
            seat: Wire::take(wire.seat).within("seat")?,
            acting_for: Wire::take(wire.acting_for).within("acting_for")?,
            client: Wire::take(wire.client).within("client")?,
            method: Wire::take(wire.method).within("method")?,
            evidence_sha256: Wire::take(wire.auth_evidence_sha256)
                .within("auth_evidence_sha256")?,
            person: Wire::take(wire.person_id).within("person_id")?,
            permitted_by: None,
        })
    }
}
required_messages!(Actor);

/// The leaf with all that the request decides, and nothing else.
pub(super) fn client_part(
    event: &Event,
    ledger: LedgerId,
    actor: &Actor,
    request: RequestPlace,
) -> Result<wire::Leaf, EncodeError> {
    if request.count <= request.index {
        return Err(EncodeError::unstorable("not below `request_count`")).within("request_index");
    }
    Ok(wire::Leaf {
        format: FORMAT,
        ledger_id: ledger.put()?,
        stream_kind: event.stream.kind.put()?,
        stream_id: event.stream.id.put()?,
        event_id: event.id.put()?,
        r#type: event.payload.event_type().put()?,
        type_version: TYPE_VERSION,
        payload: payload::put(&event.payload).within("payload")?,
        valid_from: event
            .valid
            .map(|valid| valid.from)
            .put()
            .within("valid_from")?,
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .put()
            .within("valid_to")?,
        actor: actor.put().within("actor")?,
        authorization: actor
            .permitted_by
            .as_deref()
            .cloned()
            .put()
            .within("authorization")?,
        request_id: request.id.put()?,
        request_index: request.index,
        request_count: request.count,
        decision_event_id: event.decision.put()?,
        reason: event.reason.put().within("reason")?,
        evidence: event.evidence.put().within("evidence")?,
        source_document: event.source_document.put().within("source_document")?,
        correlation_id: event.correlation.put()?,
        causation_id: event.causation.put()?,
        commitments: commitments(event).put().within("commitments")?,
        ..wire::Leaf::default()
    })
}

/// The commitments of an event, in the order of their numbers.
fn commitments(event: &Event) -> Vec<(String, DataSubjectId, Commitment)> {
    let row = |text: &PersonalText| (text.field.to_owned(), text.subject, text.commitment);
    let mut texts: Vec<&PersonalText> = event.personal_texts().collect();
    texts.sort_unstable_by_key(|text| text.ordinal);
    texts.into_iter().map(row).collect()
}

/// The leaf with all that its place decides, and nothing else.
pub(super) fn server_part(server: &ServerPart) -> wire::Leaf {
    wire::Leaf {
        generation: server.generation,
        position: server.position,
        revision: server.revision,
        recorded_at_micros: Some(server.recorded_at.as_microsecond()),
        prev_leaf_hash: server
            .prev_leaf_hash
            .map(|hash| hash.as_bytes().to_vec().into()),
        ..wire::Leaf::default()
    }
}

/// Refuses a leaf whose first field is not the format that this release knows.
pub(super) fn check_format(bytes: &[u8]) -> Result<(), DecodeError> {
    let format = match Fields::new(bytes).next().transpose()? {
        Some(field) if field.number == 1 => field.varint(),
        _ => 0,
    };
    if format == u64::from(FORMAT) {
        Ok(())
    } else {
        Err(DecodeError::UnknownFormat { format })
    }
}

/// The event in its place.
pub(super) fn recorded(leaf: wire::Leaf) -> Result<Recorded, DecodeError> {
    let event_type = known_type(leaf.r#type, leaf.type_version)?;
    let mut event = Event {
        id: Wire::take(leaf.event_id).within("event_id")?,
        stream: Stream {
            kind: Wire::take(leaf.stream_kind).within("stream_kind")?,
            id: Wire::take(leaf.stream_id).within("stream_id")?,
        },
        valid: validity(
            Wire::take(leaf.valid_from).within("valid_from")?,
            Wire::take(leaf.valid_to).within("valid_to")?,
        )?,
        reason: Wire::take(leaf.reason).within("reason")?,
        evidence: Wire::take(leaf.evidence).within("evidence")?,
        source_document: Wire::take(leaf.source_document).within("source_document")?,
        decision: Wire::take(leaf.decision_event_id).within("decision_event_id")?,
        correlation: Wire::take(leaf.correlation_id).within("correlation_id")?,
        causation: Wire::take(leaf.causation_id).within("causation_id")?,
        payload: payload::take(event_type, leaf.payload).within("payload")?,
    };
    let commitments: Vec<_> = Wire::take(leaf.commitments).within("commitments")?;
    is(event.put_commitments(&commitments)).within("commitments")?;
    let prev_leaf_hash: Option<[u8; Hash::BYTES]> =
        Wire::take(leaf.prev_leaf_hash).within("prev_leaf_hash")?;
    let mut actor: Actor = Wire::take(leaf.actor).within("actor")?;
    let authorization: Option<Authorization> =
        Wire::take(leaf.authorization).within("authorization")?;
    actor.permitted_by = authorization.map(Arc::new);
    check_place(leaf.generation, leaf.revision, prev_leaf_hash.is_some())?;
    check_request(leaf.request_index, leaf.request_count)?;
    Ok(Recorded {
        ledger: Wire::take(leaf.ledger_id).within("ledger_id")?,
        generation: leaf.generation,
        position: leaf.position,
        revision: leaf.revision,
        recorded_at: instant(leaf.recorded_at_micros)?,
        prev_leaf_hash,
        actor: Arc::new(actor),
        request_id: Wire::take(leaf.request_id).within("request_id")?,
        request_index: leaf.request_index,
        request_count: leaf.request_count,
        event,
    })
}

/// The type with this number, if this release reads this version of it.
pub(super) fn known_type(number: i32, version: u32) -> Result<EventType, DecodeError> {
    let event_type = match EventType::take(number) {
        Ok(event_type) => event_type,
        Err(DecodeError::Missing { .. }) => return Err(DecodeError::missing()).within("type"),
        Err(_) => return Err(DecodeError::UnknownType { number }),
    };
    match version {
        TYPE_VERSION => Ok(event_type),
        0 => Err(DecodeError::missing()).within("type_version"),
        version => Err(DecodeError::UnknownTypeVersion {
            event_type,
            version,
        }),
    }
}

/// The valid time of its two dates.
pub(super) fn validity(
    from: Option<crate::domain::date::Date>,
    to: Option<crate::domain::date::Date>,
) -> Result<Option<Validity>, DecodeError> {
    match (from, to) {
        (Some(from), to) => Ok(Some(Validity { from, to })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(DecodeError::missing()).within("valid_from"),
    }
}

/// The record time of its microseconds.
pub(super) fn instant(micros: Option<i64>) -> Result<Timestamp, DecodeError> {
    let micros = micros.ok_or_else(DecodeError::missing);
    micros
        .and_then(|micros| is(Timestamp::from_microsecond(micros)))
        .within("recorded_at_micros")
}

/// What must hold of every place, whatever the ledger. A leaf that was cut off does not satisfy it.
pub(super) fn check_place(
    generation: u64,
    revision: u64,
    has_prev: bool,
) -> Result<(), DecodeError> {
    if generation == 0 {
        return Err(DecodeError::missing()).within("generation");
    }
    match (revision, has_prev) {
        (0, _) => Err(DecodeError::missing()).within("revision"),
        (1, true) => Err(DecodeError::invalid("the first event of a stream has none"))
            .within("prev_leaf_hash"),
        (2.., false) => Err(DecodeError::missing()).within("prev_leaf_hash"),
        (1, false) | (2.., true) => Ok(()),
    }
}

/// What must hold of every place in an append call.
pub(super) fn check_request(index: u32, count: u32) -> Result<(), DecodeError> {
    match count {
        0 => Err(DecodeError::missing()).within("request_count"),
        count if count <= index => {
            Err(DecodeError::invalid("not below `request_count`")).within("request_index")
        }
        _ => Ok(()),
    }
}
