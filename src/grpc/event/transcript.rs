//! The message of a stored event, written from its bytes without making the event of the domain.
//!
//! Most of a ledger are reports, and most reads want all of it. Their stored form and their message have the same words in
//! nearly the same places; tables say where each field goes. What no table has, whatever has words about people, and every
//! leaf that is not as this release writes it, goes the whole way: [`recorded`](super::recorded) is what the message means,
//! and tests hold both together, byte by byte.
//!
//! Places, ids, choices, and that nothing is missing or twice are checked as the whole way does. Words are not measured
//! again: they were when they were stored, and the hash beside them is over what is shown.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use uuid::Uuid;

use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::show_timestamp;
use crate::log::codec::{Envelope, Field, Fields, envelope};
use crate::merkle::Hash;

mod tables;

use tables::{ACTOR, AUTHORIZATION, EVIDENCE, REASON, SOURCE_DOCUMENT, payload};

/// Where the fields of a stored message stand in the message that shows it, in the order of their numbers.
struct Table {
    rows: &'static [Row],
    /// Exactly one of them is there.
    one_of: bool,
}

/// A field of a stored message.
struct Row {
    stored: u32,
    shown: u32,
    presence: Presence,
    form: Form,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    /// It is there, and is not the default.
    Must,
    /// It may be there, with the default too.
    May,
    /// It may be there more than once.
    Many,
}

enum Form {
    /// A number up to this.
    Number(u64),
    /// A choice: a number from 1 up to this, the same in both.
    Choice(u64),
    Words,
    /// 32 bytes.
    Digest,
    /// 16 bytes, shown as 8-4-4-4-12 digits.
    Id,
    /// Words that might have been committed to.
    Text,
    Message(&'static Table),
    /// A message whose fields are shown where it stands.
    Unfolded(&'static Table),
}

/// Adds the message of the event to `into`, as the field `number` of one that is written there; `None`: it goes the whole
/// way, and nothing was added.
pub(crate) fn transcribe(
    number: u32,
    leaf: &[u8],
    leaf_hash: &Hash,
    into: &mut Vec<u8>,
) -> Option<()> {
    let envelope = envelope(leaf).ok()?;
    let begin = into.len();
    let written = nested(into, number, |into| event(leaf, &envelope, leaf_hash, into));
    if written.is_none() {
        into.truncate(begin);
    }
    written
}

/// What of a leaf an envelope has not.
#[derive(Default)]
struct Rest<'a> {
    actor: &'a [u8],
    authorization: Option<&'a [u8]>,
    decision: Option<&'a [u8]>,
    reason: Option<&'a [u8]>,
    has_evidence: bool,
    source_document: Option<&'a [u8]>,
    correlation: Option<&'a [u8]>,
    causation: Option<&'a [u8]>,
    valid_from: Option<&'a [u8]>,
    valid_to: Option<&'a [u8]>,
}

impl<'a> Rest<'a> {
    fn of(leaf: &'a [u8]) -> Option<Self> {
        let (mut rest, mut before) = (Self::default(), 0);
        for field in Fields::new(leaf) {
            let field = field.ok()?;
            let is_again = field.number == before && field.number == EVIDENCE_STORED;
            if field.number <= before && !is_again {
                return None;
            }
            before = field.number;
            let bytes = field.bytes();
            match field.number {
                9 => rest.valid_from = Some(bytes),
                10 => rest.valid_to = Some(bytes),
                11 => rest.actor = bytes,
                12 => rest.authorization = Some(bytes),
                16 => rest.decision = Some(bytes),
                17 => rest.reason = Some(bytes),
                EVIDENCE_STORED => rest.has_evidence = true,
                19 => rest.source_document = Some(bytes),
                20 => rest.correlation = Some(bytes),
                21 => rest.causation = Some(bytes),
                // Words about people are looked for where they are kept, by those who may read them.
                22 => return None,
                _ => {}
            }
        }
        Some(rest)
    }
}

/// The field of a leaf that holds evidence, once for each file.
const EVIDENCE_STORED: u32 = 18;

/// `daicho.v1.Event`.
fn event(leaf: &[u8], envelope: &Envelope<'_>, leaf_hash: &Hash, into: &mut Vec<u8>) -> Option<()> {
    let (payload_number, payload_table) = payload(envelope.event_type)?;
    let rest = Rest::of(leaf)?;
    id(into, 1, envelope.ledger.as_bytes())?;
    plain(into, 2, envelope.generation);
    plain(into, 3, envelope.position);
    nested(into, 4, |into| {
        plain(into, 1, number_of(envelope.stream.kind.number()));
        id(into, 2, envelope.stream.id.as_bytes())
    })?;
    plain(into, 5, envelope.revision);
    nested(into, 6, |into| {
        let recorded_at = show_timestamp(envelope.recorded_at);
        plain(into, 1, recorded_at.seconds.cast_unsigned());
        plain(into, 2, number_of(recorded_at.nanos));
        Some(())
    })?;
    if let Some(hash) = &envelope.prev_leaf_hash {
        bytes(into, 7, hash.as_bytes());
    }
    bytes(into, 8, leaf_hash.as_bytes());
    nested(into, 9, |into| message(rest.actor, &ACTOR, into))?;
    id(into, 10, envelope.request_id.as_bytes())?;
    plain(into, 11, envelope.request_index.into());
    plain(into, 12, envelope.request_count.into());
    plain(into, 13, number_of(envelope.event_type.number()));
    nested(into, 14, |into| {
        id(into, 1, envelope.event_id.as_bytes())?;
        for (number, day) in [(2, rest.valid_from), (3, rest.valid_to)] {
            // The envelope has read them.
            if let Some(day) = day {
                bytes(into, number, day);
            }
        }
        maybe(into, 4, rest.reason, &REASON)?;
        if rest.has_evidence {
            for field in Fields::new(leaf) {
                let field = field.ok()?;
                if field.number == EVIDENCE_STORED {
                    nested(into, 5, |into| message(field.bytes(), &EVIDENCE, into))?;
                }
            }
        }
        maybe(into, 6, rest.source_document, &SOURCE_DOCUMENT)?;
        for (number, bytes) in [
            (7, rest.correlation),
            (8, rest.causation),
            (9, rest.decision),
        ] {
            if let Some(bytes) = bytes {
                id(into, number, bytes)?;
            }
        }
        nested(into, payload_number, |into| {
            message(envelope.payload, payload_table, into)
        })
    })?;
    maybe(into, 16, rest.authorization, &AUTHORIZATION)
}

/// Shows the stored message `stored`.
fn message(stored: &[u8], table: &Table, into: &mut Vec<u8>) -> Option<()> {
    let (mut rows, mut before, mut there) = (table.rows, 0, 0);
    for field in Fields::new(stored) {
        let field = field.ok()?;
        if field.number < before {
            return None;
        }
        // What is left behind now does not come any more.
        while let Some((row, behind)) = rows.split_first()
            && row.stored < field.number
        {
            if row.presence == Presence::Must {
                return None;
            }
            rows = behind;
        }
        match rows.split_first() {
            Some((row, behind)) if row.stored == field.number => {
                show(&field, row, into)?;
                there += 1;
                if row.presence != Presence::Many {
                    rows = behind;
                }
            }
            // Either it stands there twice, or a later release knows it.
            _ if field.number == before => return None,
            _ => {}
        }
        before = field.number;
    }
    let is_whole = rows.iter().all(|row| row.presence != Presence::Must);
    (is_whole && (!table.one_of || there == 1)).then_some(())
}

fn show(field: &Field<'_>, row: &Row, into: &mut Vec<u8>) -> Option<()> {
    let must = row.presence == Presence::Must;
    match &row.form {
        Form::Number(most) => {
            let value = field.as_varint().filter(|value| value <= most)?;
            number(into, row.shown, value);
        }
        Form::Choice(most) => {
            let value = field.as_varint()?;
            (1..=*most).contains(&value).then_some(())?;
            number(into, row.shown, value);
        }
        Form::Words => words(into, row.shown, field.as_bytes()?, must)?,
        Form::Digest => {
            let digest: &[u8; 32] = field.as_bytes()?.try_into().ok()?;
            bytes(into, row.shown, digest);
        }
        Form::Id => id(into, row.shown, field.as_bytes()?)?,
        Form::Text => {
            let mut kinds = Fields::new(field.as_bytes()?);
            let kind = kinds.next()?.ok().filter(|kind| kind.number == 1)?;
            words(into, row.shown, kind.as_bytes()?, true)?;
            if kinds.next().is_some() {
                return None;
            }
        }
        Form::Message(table) => {
            let stored = field.as_bytes()?;
            nested(into, row.shown, |into| message(stored, table, into))?;
        }
        Form::Unfolded(table) => message(field.as_bytes()?, table, into)?,
    }
    Some(())
}

/// A message that may be missing.
fn maybe(into: &mut Vec<u8>, number: u32, stored: Option<&[u8]>, table: &Table) -> Option<()> {
    match stored {
        None => Some(()),
        Some(stored) => nested(into, number, |into| message(stored, table, into)),
    }
}

/// A field that is a message: its length is known once it is written.
fn nested(
    into: &mut Vec<u8>,
    number: u32,
    write: impl FnOnce(&mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    encode_key(number, WireType::LengthDelimited, into);
    // Room for the length that most have.
    into.push(0);
    let begin = into.len();
    write(into)?;
    let len = into.len() - begin;
    let width = encoded_len_varint(len as u64);
    // What is longer makes room for more.
    into.resize(begin - 1 + width + len, 0);
    into.copy_within(begin..begin + len, begin - 1 + width);
    encode_varint(len as u64, &mut &mut into[begin - 1..]);
    Some(())
}

fn number(into: &mut Vec<u8>, field: u32, value: u64) {
    encode_key(field, WireType::Varint, into);
    encode_varint(value, into);
}

/// A number that is left out where it is the default.
fn plain(into: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        number(into, field, value);
    }
}

/// As protobuf writes numbers that may be negative.
fn number_of(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

fn bytes(into: &mut Vec<u8>, field: u32, value: &[u8]) {
    encode_key(field, WireType::LengthDelimited, into);
    encode_varint(value.len() as u64, into);
    into.extend_from_slice(value);
}

fn words(into: &mut Vec<u8>, field: u32, value: &[u8], must: bool) -> Option<()> {
    std::str::from_utf8(value).ok()?;
    (!must || !value.is_empty()).then_some(())?;
    bytes(into, field, value);
    Some(())
}

fn id(into: &mut Vec<u8>, field: u32, value: &[u8]) -> Option<()> {
    let uuid = Uuid::from_slice(value).ok()?;
    (!uuid.is_nil() && !uuid.is_max()).then_some(())?;
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    bytes(
        into,
        field,
        uuid.hyphenated().encode_lower(&mut text).as_bytes(),
    );
    Some(())
}

#[cfg(test)]
mod tests;
