//! Messages of the API in the JSON form of protobuf, for files that hold them.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use crate::api::FILE_DESCRIPTOR_SET;

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// A message by its full name in the protos: field names are those there, in their order, and what is not set is left out.
/// `None`: the API has no such message.
pub(super) fn text(name: &str, message: &impl Message) -> Option<String> {
    let descriptor = POOL.as_ref()?.get_message_by_name(name)?;
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor, bytes.as_slice()).ok()?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut text);
    dynamic
        .serialize_with_options(&mut serializer, &options)
        .ok()?;
    String::from_utf8(text).ok()
}
