//! The decoded events of a batch, which a server may have encoded before.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType, check_wire_type, message, skip_field};
use prost::{DecodeError, decode_length_delimiter};

use crate::api::v1;

/// `daicho.v1.EventBatch.Events`. On the wire it is nothing but its message; in memory it may hold events as bytes, so that
/// a server that sends the same events to many encodes them once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// In order of position.
    pub events: Vec<v1::Event>,
    /// Events that stand before these, encoded as this message has them; empty in what was received.
    pub encoded: Bytes,
}

impl Events {
    /// The field that holds an event.
    pub const FIELD: u32 = 1;
}

impl prost::Message for Events {
    fn encode_raw(&self, into: &mut impl BufMut) {
        into.put_slice(&self.encoded);
        message::encode_repeated(Self::FIELD, &self.events, into);
    }

    fn merge_field(
        &mut self,
        number: u32,
        wire_type: WireType,
        from: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if number != Self::FIELD {
            return skip_field(wire_type, number, from, context);
        }
        check_wire_type(WireType::LengthDelimited, wire_type)?;
        let len = decode_length_delimiter(&mut *from)?;
        if from.remaining() < len {
            // The error that every message has of a length beyond the end.
            return v1::Event::decode_length_delimited(&[1][..]).map(drop);
        }
        // In one piece an event is read in half the time.
        let event = from.copy_to_bytes(len);
        self.events.push(v1::Event::decode(event.as_ref())?);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len() + message::encoded_len_repeated(Self::FIELD, &self.events)
    }

    fn clear(&mut self) {
        self.events.clear();
        self.encoded = Bytes::new();
    }
}
