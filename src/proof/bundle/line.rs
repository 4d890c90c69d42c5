//! One event as a line of `events.jsonl`: a CloudEvent in JSON, for reading and for other tools.
//!
//! The line is made from the leaf and nothing else, so that whoever has the leaf can tell whether the line
//! says the same.

use serde_json::{Map, Value, json};

use crate::domain::event::{Recorded, StreamKind};
use crate::merkle::Hash;

/// The line of an event, LF included.
pub(super) fn of(origin: &str, recorded: &Recorded, leaf_hash: &Hash, payload: Value) -> Vec<u8> {
    let event = &recorded.event;
    let kind = match event.stream.kind {
        StreamKind::Ledger => "ledger",
        StreamKind::Plan => "plan",
        StreamKind::Org => "org",
        StreamKind::Goal => "goal",
    };
    let code = event.payload.event_type().code().to_ascii_lowercase();
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
    put("specversion", json!("1.0"));
    put("id", json!(event.id.to_string()));
    put("source", json!(origin));
    put("type", json!(format!("daicho.v1.{code}")));
    put("subject", json!(format!("{kind}/{}", event.stream.id)));
    put("time", json!(recorded.recorded_at.to_string()));
    put("datacontenttype", json!("application/json"));
    // Decimal strings: CloudEvents has no integers beyond 32 bits.
    put("sequence", json!(recorded.position.to_string()));
    put("revision", json!(recorded.revision.to_string()));
    put("leafhash", json!(hex::encode(leaf_hash.as_bytes())));
    put("authid", json!(recorded.actor.subject.to_string()));
    if let Some(valid) = &event.valid {
        put("validfrom", json!(valid.from.to_string()));
        if let Some(to) = valid.to {
            put("validto", json!(to.to_string()));
        }
    }
    if let Some(reason) = &event.reason {
        put("reason", json!(reason.text.to_string()));
    }
    put("data", payload);
    let mut bytes = Value::Object(line).to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
