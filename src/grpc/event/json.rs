//! What an event's payload says, in the JSON form of protobuf: as a bundle has it for reading.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

use crate::api::FILE_DESCRIPTOR_SET;
use crate::domain::event::Recorded;
use crate::grpc::event::show_event;

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// The payload of an event as the API's JSON, with the field names of the protos; what has no value is
/// left out, so that a field which is added later changes nothing of older events.
pub fn payload_json(recorded: &Recorded) -> Value {
    // The descriptors are those that this program was built from.
    payload(recorded).unwrap_or(Value::Null)
}

fn payload(recorded: &Recorded) -> Option<Value> {
    let input = show_event(&recorded.event).encode_to_vec();
    let descriptor = POOL.as_ref()?.get_message_by_name("daicho.v1.EventInput")?;
    let input = DynamicMessage::decode(descriptor.clone(), input.as_slice()).ok()?;
    let payload = descriptor
        .oneofs()
        .find(|oneof| oneof.name() == "payload")?;
    let field = payload.fields().find(|field| input.has_field(field))?;
    let message = input.get_field(&field);
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(true);
    let serializer = serde_json::value::Serializer;
    message
        .as_message()?
        .serialize_with_options(serializer, &options)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::codec::decode;

    #[test]
    fn every_kind_of_event_has_a_payload_that_reads_as_json() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/leaf-v1");
        let mut kinds = std::collections::BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "hex") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // The second line is its hash.
            let leaf = hex::decode(text.lines().next().unwrap()).unwrap();
            let recorded = decode(&leaf).unwrap();
            let payload = payload_json(&recorded);
            assert!(payload.is_object(), "{}: {payload}", path.display());
            kinds.insert(recorded.event.payload.event_type().code());
        }
        assert!(30 < kinds.len(), "{kinds:?}");
    }
}
