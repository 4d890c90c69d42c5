//! What an event's payload says, in the JSON form of protobuf: as a bundle has it for reading.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

use crate::api::FILE_DESCRIPTOR_SET;
use crate::domain::event::Recorded;
use crate::grpc::event::recorded::show_payload;

mod shape;

use shape::Shapes;

/// The message whose fields the payloads are.
const EVENT_INPUT: &str = "daicho.v1.EventInput";

static SHAPES: LazyLock<Option<Shapes>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok()?;
    Shapes::of(&pool.get_message_by_name(EVENT_INPUT)?)
});

/// Adds the payload of an event to `json` as the API's JSON, with the field names of the protos; what has no value is
/// left out, so that a field which is added later changes nothing of older events.
pub fn payload_json(recorded: &Recorded, json: &mut Vec<u8>) {
    let begun = json.len();
    let mut wire = Vec::new();
    show_payload(&recorded.event.payload).encode(&mut wire);
    let shapes = SHAPES.as_ref();
    if shapes
        .and_then(|shapes| shapes.only_field(&wire, json))
        .is_none()
    {
        // The descriptors are those that this program was built from, and `every_kind_of_event…` holds that all are covered.
        let position = recorded.position;
        tracing::error!(
            position,
            "the payload of an event could not be written as JSON"
        );
        json.truncate(begun);
        json.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_reflect::{DynamicMessage, SerializeOptions};
    use serde_json::Value;

    use super::*;
    use crate::domain::event::EventType;
    use crate::grpc::event::show_event;
    use crate::log::codec::decode;

    /// What an independent writer makes of the payload.
    fn reflected(recorded: &Recorded) -> Value {
        let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
        let descriptor = pool.get_message_by_name(EVENT_INPUT).unwrap();
        let input = show_event(&recorded.event).encode_to_vec();
        let input = DynamicMessage::decode(descriptor.clone(), input.as_slice()).unwrap();
        let mut oneofs = descriptor.oneofs();
        let payload = oneofs.find(|oneof| oneof.name() == "payload").unwrap();
        let field = payload.fields().find(|field| input.has_field(field));
        let message = input.get_field(&field.unwrap());
        let options = SerializeOptions::new()
            .use_proto_field_name(true)
            .skip_default_fields(true);
        let message = message.as_message().unwrap();
        message
            .serialize_with_options(serde_json::value::Serializer, &options)
            .unwrap()
    }

    #[test]
    fn every_kind_of_event_has_the_json_that_an_independent_writer_makes_of_it() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/leaf-v1");
        let mut kinds = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "hex") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // The second line is its hash.
            let leaf = hex::decode(text.lines().next().unwrap()).unwrap();
            let recorded = decode(&leaf).unwrap();
            let mut json = b"before".to_vec();
            payload_json(&recorded, &mut json);
            let json = String::from_utf8(json).unwrap();
            let expected = reflected(&recorded);
            assert!(expected.is_object(), "{}", path.display());
            assert_eq!(json, format!("before{expected}"), "{}", path.display());
            kinds.insert(recorded.event.payload.event_type().code());
        }
        assert_eq!(kinds.len(), EventType::ALL.len(), "{kinds:?}");
    }
}
