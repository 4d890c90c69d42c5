//! Messages of the API in the JSON form of protobuf, written from their wire bytes.
//!
//! Reflection makes a tree of values of a message and walks it. A verifier renders a million of them, so this goes from the
//! bytes to the text in one pass: the descriptors are read once, into tables.

use std::collections::HashMap;
use std::io::Write as _;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_reflect::{Cardinality, Kind, MessageDescriptor};

/// How deep messages may lie in each other.
const DEPTH_MAX: usize = 32;

/// How the messages that lie in one message are written.
pub(super) struct Shapes {
    /// The message itself first.
    messages: Vec<Shape>,
}

/// How a message is written: its fields by number, ascending.
#[derive(Default)]
struct Shape(Vec<Field>);

struct Field {
    number: u32,
    /// The name with quotes and colon.
    name: String,
    form: Form,
    is_list: bool,
}

/// How a value is written.
enum Form {
    Bool,
    Int32,
    Sint32,
    Uint32,
    /// As a string: JSON's numbers end at 53 bits for many.
    Int64,
    Uint64,
    /// The names of the numbers, with quotes.
    Enum(HashMap<i32, String>),
    Text,
    /// In base64.
    Bytes,
    /// `google.protobuf.Timestamp`: RFC 3339 in UTC, with no, 3, 6 or 9 digits of a second.
    Timestamp,
    /// The message at this place of the table.
    Message(usize),
}

impl Shapes {
    /// Those of `message` and of all that lie in it; `None` where one has a field of a kind that the API does not use:
    /// fractions, maps, and types of protobuf's own but for instants.
    pub(super) fn of(message: &MessageDescriptor) -> Option<Self> {
        let mut places = HashMap::from([(message.full_name().to_owned(), 0)]);
        let mut ahead = vec![message.clone()];
        let mut messages = Vec::new();
        while let Some(next) = ahead.get(messages.len()).cloned() {
            let mut shape = Shape::default();
            for field in next.fields() {
                let form = match field.kind() {
                    Kind::Bool => Form::Bool,
                    Kind::Int32 => Form::Int32,
                    Kind::Sint32 => Form::Sint32,
                    Kind::Uint32 => Form::Uint32,
                    Kind::Int64 => Form::Int64,
                    Kind::Uint64 => Form::Uint64,
                    Kind::String => Form::Text,
                    Kind::Bytes => Form::Bytes,
                    Kind::Enum(values) => {
                        let values = values.values();
                        let named = values.map(|one| (one.number(), format!("\"{}\"", one.name())));
                        Form::Enum(named.collect())
                    }
                    Kind::Message(of) if !of.is_map_entry() => {
                        let name = of.full_name().to_owned();
                        match name.strip_prefix("google.protobuf.") {
                            Some("Timestamp") => Form::Timestamp,
                            Some(_) => return None,
                            None => Form::Message(*places.entry(name).or_insert_with(|| {
                                ahead.push(of.clone());
                                ahead.len() - 1
                            })),
                        }
                    }
                    _ => return None,
                };
                shape.0.push(Field {
                    number: field.number(),
                    name: format!("\"{}\":", field.name()),
                    form,
                    is_list: field.cardinality() == Cardinality::Repeated,
                });
            }
            shape.0.sort_unstable_by_key(|field| field.number);
            messages.push(shape);
        }
        Some(Self { messages })
    }

    /// Adds to `json` the one message that `wire` has as a field of the message; `None`: it is none.
    pub(super) fn only_field(&self, wire: &[u8], json: &mut Vec<u8>) -> Option<()> {
        let mut writer = Writer {
            shapes: self,
            wire,
            found: Vec::new(),
            json,
        };
        let (number, found) = writer.field(&mut 0, wire.len())?;
        let mut fields = self.messages.first()?.0.iter();
        let field = fields.find(|field| field.number == number)?;
        writer.value(&field.form, found, 0)
    }
}

/// A value as it stands in the wire bytes.
#[derive(Clone, Copy)]
enum Found {
    Number(u64),
    /// From where to where.
    Bytes(usize, usize),
}

struct Writer<'a> {
    shapes: &'a Shapes,
    wire: &'a [u8],
    /// The fields of the messages that are being written, the innermost last.
    found: Vec<(u32, Found)>,
    json: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// Reads the field at `at`, and goes behind it.
    fn field(&self, at: &mut usize, end: usize) -> Option<(u32, Found)> {
        let mut rest = self.wire.get(*at..end)?;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        let value = decode_varint(&mut rest).ok()?;
        *at = end - rest.len();
        let found = match wire_type {
            WireType::Varint => Found::Number(value),
            WireType::LengthDelimited => {
                let from = *at;
                let to = from.checked_add(usize::try_from(value).ok()?)?;
                *at = to;
                (to <= end).then_some(Found::Bytes(from, to))?
            }
            _ => return None,
        };
        Some((number, found))
    }

    /// Adds the message between two places.
    fn message(&mut self, place: usize, from: usize, to: usize, depth: usize) -> Option<()> {
        let shape = self
            .shapes
            .messages
            .get(place)
            .filter(|_| depth < DEPTH_MAX)?;
        let (base, mut at) = (self.found.len(), from);
        while at < to {
            let field = self.field(&mut at, to)?;
            self.found.push(field);
        }
        // An encoder may write the fields of a oneof out of their order.
        self.found
            .get_mut(base..)?
            .sort_by_key(|(number, _)| *number);
        let end = self.found.len();
        let (mut next, mut first) = (base, true);
        self.json.push(b'{');
        for field in &shape.0 {
            let begun = next;
            while next < end && self.found.get(next)?.0 <= field.number {
                next += 1;
            }
            let of_field = |found: &(u32, Found)| found.0 == field.number;
            let begun = begun
                + self
                    .found
                    .get(begun..next)?
                    .iter()
                    .take_while(|found| !of_field(found))
                    .count();
            if begun == next {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.json.push(b',');
            }
            self.json.extend_from_slice(field.name.as_bytes());
            match field.is_list {
                true => self.list(&field.form, begun, next, depth)?,
                // The last one counts.
                false => {
                    let (_, found) = *self.found.get(next - 1)?;
                    self.value(&field.form, found, depth)?;
                }
            }
        }
        self.json.push(b'}');
        self.found.truncate(base);
        Some(())
    }

    /// Adds the values of one field, which may stand packed in one.
    fn list(&mut self, form: &Form, from: usize, to: usize, depth: usize) -> Option<()> {
        self.json.push(b'[');
        let mut first = true;
        for at in from..to {
            let (_, found) = *self.found.get(at)?;
            let mut one = |writer: &mut Self, found| {
                if !std::mem::take(&mut first) {
                    writer.json.push(b',');
                }
                writer.value(form, found, depth)
            };
            match (form, found) {
                (Form::Text | Form::Bytes | Form::Timestamp | Form::Message(_), _)
                | (_, Found::Number(_)) => {
                    one(self, found)?;
                }
                (_, Found::Bytes(from, to)) => {
                    let mut packed = self.wire.get(from..to)?;
                    while !packed.is_empty() {
                        let number = decode_varint(&mut packed).ok()?;
                        one(self, Found::Number(number))?;
                    }
                }
            }
        }
        self.json.push(b']');
        Some(())
    }

    fn value(&mut self, form: &Form, found: Found, depth: usize) -> Option<()> {
        match (form, found) {
            (Form::Message(place), Found::Bytes(from, to)) => {
                self.message(*place, from, to, depth + 1)
            }
            (Form::Text, Found::Bytes(from, to)) => {
                let text = std::str::from_utf8(self.wire.get(from..to)?).ok()?;
                serde_json::to_writer(&mut *self.json, text).ok()
            }
            (Form::Bytes, Found::Bytes(from, to)) => {
                let bytes = Base64Display::new(self.wire.get(from..to)?, &STANDARD);
                write!(self.json, "\"{bytes}\"").ok()
            }
            (Form::Timestamp, Found::Bytes(from, to)) => self.timestamp(from, to),
            (form, Found::Number(number)) => self.number(form, number),
            _ => None,
        }
    }

    /// Adds the instant whose seconds and nanoseconds stand between two places.
    fn timestamp(&mut self, mut at: usize, to: usize) -> Option<()> {
        let (mut seconds, mut nanos) = (0_i64, 0_i32);
        while at < to {
            match self.field(&mut at, to)? {
                (1, Found::Number(number)) => seconds = number.cast_signed(),
                (2, Found::Number(number)) => nanos = i32::try_from(number).ok()?,
                _ => return None,
            }
        }
        let instant = Timestamp::new(seconds, nanos).ok()?;
        let digits = match nanos {
            0 => String::new(),
            _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
            _ if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
            _ => format!(".{nanos:09}"),
        };
        let second = instant.strftime("%Y-%m-%dT%H:%M:%S");
        write!(self.json, "\"{second}{digits}Z\"").ok()
    }

    fn number(&mut self, form: &Form, number: u64) -> Option<()> {
        // A number of 32 bits may come as one of 64, cut off or extended by its sign.
        let low = (number & u64::from(u32::MAX)) as u32;
        let json = &mut *self.json;
        match form {
            Form::Bool => write!(json, "{}", number != 0),
            Form::Int32 => write!(json, "{}", low.cast_signed()),
            Form::Sint32 => write!(
                json,
                "{}",
                (low >> 1).cast_signed() ^ -(low & 1).cast_signed()
            ),
            Form::Uint32 => write!(json, "{low}"),
            Form::Int64 => write!(json, "\"{}\"", number.cast_signed()),
            Form::Uint64 => write!(json, "\"{number}\""),
            Form::Enum(names) => match names.get(&low.cast_signed()) {
                Some(name) => write!(json, "{name}"),
                None => write!(json, "{}", low.cast_signed()),
            },
            Form::Text | Form::Bytes | Form::Timestamp | Form::Message(_) => return None,
        }
        .ok()
    }
}
