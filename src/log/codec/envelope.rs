//! What an index needs of an event, read without its payload.

use jiff::Timestamp;

use crate::domain::date::{Date, parse_iso};
use crate::domain::event::{EventType, Stream, StreamKind, Validity};
use crate::domain::id::{EventId, IndicatorId, LedgerId, RequestId, StreamId};
use crate::log::codec::fault::{DecodeError, Within as _, is};
use crate::log::codec::fields::{Field, Fields};
use crate::log::codec::record;
use crate::log::codec::value::Wire as _;
use crate::merkle::Hash;

/// Place, time, ids and actor of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Envelope<'a> {
    /// Its ledger.
    pub ledger: LedgerId,
    /// The generation of the ledger it was written in, from 1.
    pub generation: u64,
    /// Its position in the ledger, from 0.
    pub position: u64,
    /// Its stream.
    pub stream: Stream,
    /// Its number in the stream, from 1.
    pub revision: u64,
    /// Leaf hash of the event before it in the stream.
    pub prev_leaf_hash: Option<Hash>,
    /// When it was recorded, in whole microseconds.
    pub recorded_at: Timestamp,
    /// Its id.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// When the fact holds.
    pub valid: Option<Validity>,
    /// Subject of its actor.
    pub actor: &'a str,
    /// The append call it came in.
    pub request_id: RequestId,
    /// Its number in that call, from 0.
    pub request_index: u32,
    /// How many events that call had.
    pub request_count: u32,
    /// The indicator it is about, where it is about one.
    pub indicator: Option<IndicatorId>,
    /// The payload, not decoded.
    pub payload: &'a [u8],
}

/// Reads what an index needs of an event, in one pass and without allocating.
///
/// As strict about what it reads as [`decode`](super::decode), so that both agree; the payload is
/// looked into for the indicator only.
pub fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    record::check_format(bytes)?;
    let mut raw = Raw::default();
    for field in Fields::new(bytes) {
        let field = field?;
        match field.number {
            2 => raw.ledger_id = field.bytes(),
            3 => raw.stream_kind = field.varint(),
            4 => raw.stream_id = field.bytes(),
            5 => raw.event_id = field.bytes(),
            6 => raw.event_type = field.varint(),
            7 => raw.type_version = field.varint(),
            8 => raw.payload = field.bytes(),
            9 => raw.valid_from = Some(field.bytes()),
            10 => raw.valid_to = Some(field.bytes()),
            // A message that comes in pieces is all of them, as every protobuf reader has it.
            11 => {
                let subject = last_field(field.bytes(), 1).within("actor")?;
                raw.actor = Some(subject.or(raw.actor.flatten()));
            }
            13 => raw.request_id = field.bytes(),
            14 => raw.request_index = field.varint(),
            15 => raw.request_count = field.varint(),
            1000 => raw.generation = field.varint(),
            1001 => raw.position = field.varint(),
            1002 => raw.revision = field.varint(),
            // Protobuf stores a negative number as its two's complement.
            1003 => raw.recorded_at_micros = Some(field.varint().cast_signed()),
            1004 => raw.prev_leaf_hash = Some(field.bytes()),
            _ => {}
        }
    }
    raw.check()
}

#[derive(Default)]
struct Raw<'a> {
    ledger_id: &'a [u8],
    stream_kind: u64,
    stream_id: &'a [u8],
    event_id: &'a [u8],
    event_type: u64,
    type_version: u64,
    payload: &'a [u8],
    valid_from: Option<&'a [u8]>,
    valid_to: Option<&'a [u8]>,
    /// Its subject, if it has one.
    actor: Option<Option<&'a [u8]>>,
    request_id: &'a [u8],
    request_index: u64,
    request_count: u64,
    generation: u64,
    position: u64,
    revision: u64,
    recorded_at_micros: Option<i64>,
    prev_leaf_hash: Option<&'a [u8]>,
}

impl<'a> Raw<'a> {
    fn check(self) -> Result<Envelope<'a>, DecodeError> {
        let event_type = record::known_type(low_i32(self.event_type), low_u32(self.type_version))?;
        let valid = record::validity(
            self.valid_from.map(date).transpose().within("valid_from")?,
            self.valid_to.map(date).transpose().within("valid_to")?,
        )?;
        let prev_leaf_hash = self
            .prev_leaf_hash
            .map(|bytes| is(Hash::try_from(bytes)))
            .transpose()
            .within("prev_leaf_hash")?;
        record::check_place(self.generation, self.revision, prev_leaf_hash.is_some())?;
        let (request_index, request_count) =
            (low_u32(self.request_index), low_u32(self.request_count));
        record::check_request(request_index, request_count)?;
        Ok(Envelope {
            ledger: id(self.ledger_id, LedgerId::from_bytes).within("ledger_id")?,
            generation: self.generation,
            position: self.position,
            stream: Stream {
                kind: StreamKind::take(low_i32(self.stream_kind)).within("stream_kind")?,
                id: id(self.stream_id, StreamId::from_bytes).within("stream_id")?,
            },
            revision: self.revision,
            prev_leaf_hash,
            recorded_at: record::instant(self.recorded_at_micros)?,
            event_id: id(self.event_id, EventId::from_bytes).within("event_id")?,
            event_type,
            valid,
            actor: self
                .actor
                .ok_or_else(DecodeError::missing)
                .and_then(|subject| text(subject.unwrap_or_default()).within("subject"))
                .within("actor")?,
            request_id: id(self.request_id, RequestId::from_bytes).within("request_id")?,
            request_index,
            request_count,
            indicator: indicator(event_type, self.payload).within("payload")?,
            payload: self.payload,
        })
    }
}

/// The 32 bits that a protobuf reader keeps of a longer number.
fn low_u32(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

fn low_i32(number: u64) -> i32 {
    low_u32(number).cast_signed()
}

fn id<T>(
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, crate::domain::id::InvalidId>,
) -> Result<T, DecodeError> {
    if bytes.is_empty() {
        Err(DecodeError::missing())
    } else {
        is(read(bytes))
    }
}

fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    match std::str::from_utf8(bytes) {
        Ok("") => Err(DecodeError::missing()),
        Ok(text) => Ok(text),
        Err(error) => Err(DecodeError::malformed(error)),
    }
}

fn date(bytes: &[u8]) -> Result<Date, DecodeError> {
    is(parse_iso(text(bytes)?))
}

/// Field 1 of a payload about an indicator; field 3 of field 1 of one about a subject.
fn indicator(event_type: EventType, payload: &[u8]) -> Result<Option<IndicatorId>, DecodeError> {
    let bytes = match event_type {
        EventType::IndicatorDefined
        | EventType::IndicatorReworded
        | EventType::IndicatorMoved
        | EventType::IndicatorRedefined
        | EventType::IndicatorCancelled
        | EventType::BaselineSet
        | EventType::TargetSet
        | EventType::TargetRevised
        | EventType::PlanProfileSet
        | EventType::ActualRecorded
        | EventType::ActualCorrected
        | EventType::ActualRetracted
        | EventType::ActualConfirmed
        | EventType::DemandRecorded
        | EventType::ForecastSubmitted => Some(last_field(payload, 1)?.unwrap_or_default()),
        EventType::NarrativeAdded
        | EventType::EvidenceAttached
        | EventType::SelfEvaluated
        | EventType::EvaluationReviewed
        | EventType::EvaluationFinalised
        | EventType::NextActionAgreed
        | EventType::NextActionClosed => indicator_of_subject(payload)?,
        EventType::LedgerOpened
        | EventType::LedgerContinued
        | EventType::PersonRegistered
        | EventType::PersonChanged
        | EventType::RoleGranted
        | EventType::RoleRevoked
        | EventType::DelegationRegistered
        | EventType::DelegationEnded
        | EventType::KeyAnnounced
        | EventType::KeyRetired
        | EventType::KeyCompromised
        | EventType::HeadsRecorded
        | EventType::PersonalDataErased
        | EventType::EvidenceErased
        | EventType::OperationAuthorised
        | EventType::ChangeProposed
        | EventType::ChangeConsulted
        | EventType::ChangeDecided
        | EventType::ChangeWithdrawn
        | EventType::ProposalExpired
        | EventType::DecisionReviewed
        | EventType::AccessRecorded
        | EventType::AccessesLeftOut
        | EventType::PolicyPublished
        | EventType::PlanPublished
        | EventType::ImportAccepted
        | EventType::PeriodOpened
        | EventType::PeriodSoftClosed
        | EventType::PeriodClosed
        | EventType::PeriodReopened
        | EventType::SnapshotTaken
        | EventType::RestatementIssued
        | EventType::ReportingCalendarSet
        | EventType::AuditFindingRecorded
        | EventType::AuditFindingAnswered
        | EventType::OrgUnitRegistered
        | EventType::OrgUnitChanged
        | EventType::GoalSet
        | EventType::GoalReworded
        | EventType::GoalMoved
        | EventType::GoalSuspended
        | EventType::GoalResumed
        | EventType::GoalCancelled
        | EventType::GoalCarriedOver
        | EventType::InitiativeSet
        | EventType::InitiativeReworded
        | EventType::InitiativeMoved
        | EventType::InitiativeCancelled
        | EventType::ResponsibilityTransferred => None,
    };
    bytes
        .map(|bytes| id(bytes, IndicatorId::from_bytes))
        .transpose()
        .within("indicator_id")
}

/// The indicator, where the subject of a payload is one: what is chosen last counts, in whichever piece of the subject it stands.
fn indicator_of_subject(payload: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let mut chosen = None;
    for piece in Fields::new(payload) {
        let piece = piece?;
        if piece.number == 1 {
            for field in Fields::new(piece.bytes()) {
                let field = field?;
                if (1..=3).contains(&field.number) {
                    chosen = Some(field);
                }
            }
        }
    }
    let is_indicator = |field: &Field<'_>| field.number == 3;
    Ok(chosen.filter(is_indicator).map(|field| field.bytes()))
}

/// The bytes of the field `number` of a message: of the last one, as every protobuf reader does.
fn last_field(message: &[u8], number: u32) -> Result<Option<&[u8]>, DecodeError> {
    let mut last = None;
    for field in Fields::new(message) {
        let field = field?;
        if field.number == number {
            last = Some(field.bytes());
        }
    }
    Ok(last)
}
