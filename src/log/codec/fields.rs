//! The fields of a protobuf message one after the other, borrowed, for reading a few of many.

use crate::log::codec::fault::DecodeError;

/// A field as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// Its number.
    pub(crate) number: u32,
    value: Value<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes. No leaf has such a field today.
    Fixed,
}

impl<'a> Field<'a> {
    /// The number it holds; 0, the default, if it holds something else.
    pub(crate) fn varint(&self) -> u64 {
        self.as_varint().unwrap_or_default()
    }

    /// The bytes it holds; none, the default, if it holds something else.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.as_bytes().unwrap_or_default()
    }

    /// The number, if it holds one.
    pub(crate) fn as_varint(&self) -> Option<u64> {
        match self.value {
            Value::Varint(value) => Some(value),
            Value::Bytes(_) | Value::Fixed => None,
        }
    }

    /// The bytes, if it holds some.
    pub(crate) fn as_bytes(&self) -> Option<&'a [u8]> {
        match self.value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Varint(_) | Value::Fixed => None,
        }
    }
}

/// Iterates over the fields of one message. Ends after the first error.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Result<Field<'a>, DecodeError> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3)
            .ok()
            .filter(|number| (1..1 << 29).contains(number));
        let Some(number) = number else {
            return Err(DecodeError::malformed("no field has this number"));
        };
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let len = usize::try_from(self.varint()?);
                let len =
                    len.map_err(|_| DecodeError::malformed("a field is longer than the leaf"))?;
                Value::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => {
                return Err(DecodeError::malformed(
                    "groups and unknown wire types are not used",
                ));
            }
        };
        Ok(Field { number, value })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| DecodeError::malformed("a field is longer than the leaf"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        // Ten groups of seven bits hold any 64; of the tenth only one bit is left.
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            if index == 9 && 1 < *byte {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(DecodeError::malformed("a number does not end"))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0,
            0,
        ];
        let fields: Vec<_> = Fields::new(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(
            fields.iter().map(|field| field.number).collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        assert_eq!((fields[0].varint(), fields[0].bytes()), (150, &[][..]));
        assert_eq!((fields[1].varint(), fields[1].bytes()), (0, &b"hi"[..]));
    }

    #[test]
    fn what_is_no_message_is_told() {
        let endless = [
            0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        for bytes in [
            &[0x08][..],
            &[0x00, 0x01],
            &[0x12, 0x05, 0x00],
            &[0x0b],
            &[0x0f],
            &[0x1d, 0],
            &endless,
        ] {
            assert!(Fields::new(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
        let greatest = [
            0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(
            Fields::new(&greatest).next().unwrap().unwrap().varint(),
            u64::MAX
        );
    }
}
