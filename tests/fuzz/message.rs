//! How an input that is a message of protobuf is changed: a field anywhere in it is altered, doubled, moved or taken away, and the
//! lengths around it are made right. Bytes that are changed blindly hardly ever stay a message.

use libfuzzer_sys::fuzzer_mutate;

/// Messages within messages that are gone into.
const DEPTH_MAX: usize = 12;
/// Bytes that one change may add to a field.
const GROWTH_MAX: usize = 64;

/// Changes the message behind the first `at` bytes, which only libFuzzer changes; tells the new size.
pub fn mutate(data: &mut [u8], size: usize, max: usize, seed: u32, at: usize) -> usize {
    let mut chance = Chance(seed | 1);
    let fields = data[..size].get(at..).and_then(Field::all);
    if let Some(mut fields) = fields
        && !chance.one_in(8)
    {
        change(&mut fields, &mut chance, 0);
        let mut message = Vec::new();
        fields.iter().for_each(|field| field.put(&mut message));
        if at + message.len() <= max.min(data.len()) {
            data[at..at + message.len()].copy_from_slice(&message);
            return at + message.len();
        }
    }
    fuzzer_mutate(data, size, max)
}

/// A field as it stands on the wire.
#[derive(Clone)]
struct Field {
    number: u64,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(Vec<u8>),
    Fixed32([u8; 4]),
}

impl Field {
    /// The fields of a message; `None` where the bytes are none.
    fn all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = take_varint(&mut bytes)?;
            let value = match key & 7 {
                0 => Value::Varint(take_varint(&mut bytes)?),
                1 => Value::Fixed64(*take(&mut bytes, 8)?.first_chunk()?),
                2 => {
                    let length = usize::try_from(take_varint(&mut bytes)?).ok()?;
                    Value::Bytes(take(&mut bytes, length)?.to_vec())
                }
                5 => Value::Fixed32(*take(&mut bytes, 4)?.first_chunk()?),
                _ => return None,
            };
            let number = key >> 3;
            fields.push(Self { number, value });
        }
        Some(fields)
    }

    fn put(&self, into: &mut Vec<u8>) {
        let wire = match self.value {
            Value::Varint(_) => 0,
            Value::Fixed64(_) => 1,
            Value::Bytes(_) => 2,
            Value::Fixed32(_) => 5,
        };
        put_varint(into, self.number << 3 | wire);
        match &self.value {
            Value::Varint(value) => put_varint(into, *value),
            Value::Fixed64(bytes) => into.extend_from_slice(bytes),
            Value::Bytes(bytes) => {
                put_varint(into, bytes.len() as u64);
                into.extend_from_slice(bytes);
            }
            Value::Fixed32(bytes) => into.extend_from_slice(bytes),
        }
    }
}

fn change(fields: &mut Vec<Field>, chance: &mut Chance, depth: usize) {
    if fields.is_empty() {
        let (number, value) = (chance.below(16) as u64 + 1, Value::Varint(1));
        fields.push(Field { number, value });
        return;
    }
    let at = chance.below(fields.len());
    if depth < DEPTH_MAX
        && let Value::Bytes(bytes) = &mut fields[at].value
        && let Some(mut inner) = Field::all(bytes)
        && !inner.is_empty()
        && !chance.one_in(4)
    {
        change(&mut inner, chance, depth + 1);
        bytes.clear();
        inner.iter().for_each(|field| field.put(bytes));
        return;
    }
    match chance.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.push(fields[at].clone()),
        2 => fields[at].number = chance.below(64) as u64 + 1,
        3 => {
            // What stands elsewhere in the message.
            let other = chance.below(fields.len());
            fields[at].value = fields[other].value.clone();
        }
        _ => alter(&mut fields[at].value, chance),
    }
}

fn alter(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Varint(value) => {
            *value = match chance.below(8) {
                0 => u64::MAX,
                1 => 1 << 63,
                2 => u64::from(u32::MAX),
                3 => *value ^ 1 << chance.below(64),
                4 => value.wrapping_add(1),
                5 => value.wrapping_sub(1),
                _ => chance.below(64) as u64,
            }
        }
        Value::Bytes(bytes) => {
            let size = bytes.len();
            bytes.resize(size + GROWTH_MAX, 0);
            let size = fuzzer_mutate(bytes, size, size + GROWTH_MAX);
            bytes.truncate(size);
        }
        Value::Fixed64(bytes) => bytes[chance.below(8)] ^= 1 << chance.below(8),
        Value::Fixed32(bytes) => bytes[chance.below(4)] ^= 1 << chance.below(8),
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(bytes, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while 0x80 <= value {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Numbers from libFuzzer's seed (xorshift), so that a change can be made again.
struct Chance(u32);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}
