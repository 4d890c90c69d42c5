//! Policy files before a target of `tests/fuzz`.

use crate::api::v1::event_input::Payload;

/// The event that publishes a policy file, or what is wrong with the file.
pub fn published(text: &str, is_json: bool) -> Result<Payload, String> {
    super::parse(text, is_json)?.payload(1)
}
