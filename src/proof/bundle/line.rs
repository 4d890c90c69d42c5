//! One event as a line of `events.jsonl`: a CloudEvent in JSON, for reading and for other tools.
//!
//! The line is made from the leaf and nothing else, so that whoever has the leaf can tell whether the line
//! says the same.

use std::fmt;
use std::io::Write as _;

use crate::domain::event::{Recorded, StreamKind};
use crate::merkle::Hash;
use crate::proof::bundle::Payload;

/// Adds the line of an event to `bytes`, LF included.
pub(super) fn write(
    bytes: &mut Vec<u8>,
    origin: &str,
    recorded: &Recorded,
    leaf_hash: &Hash,
    payload: Payload,
) {
    let event = &recorded.event;
    let kind = match event.stream.kind {
        StreamKind::Ledger => "ledger",
        StreamKind::Plan => "plan",
        StreamKind::Org => "org",
        StreamKind::Goal => "goal",
    };
    let code = event.payload.event_type().code().to_ascii_lowercase();
    let mut line = Line(bytes);
    line.plain("{\"specversion\":\"", "1.0");
    line.plain("\",\"id\":\"", event.id);
    line.text("\",\"source\":", origin);
    line.plain(",\"type\":\"daicho.v1.", code);
    line.plain(
        "\",\"subject\":\"",
        format_args!("{kind}/{}", event.stream.id),
    );
    line.plain("\",\"time\":\"", recorded.recorded_at);
    line.plain("\",\"datacontenttype\":\"", "application/json");
    // Decimal strings: CloudEvents has no integers beyond 32 bits.
    line.plain("\",\"sequence\":\"", recorded.position);
    line.plain("\",\"revision\":\"", recorded.revision);
    line.plain("\",\"leafhash\":\"", leaf_hash);
    line.text("\",\"authid\":", recorded.actor.subject.as_str());
    if let Some(valid) = &event.valid {
        line.plain(",\"validfrom\":\"", valid.from);
        if let Some(to) = valid.to {
            line.plain("\",\"validto\":\"", to);
        }
        line.0.push(b'"');
    }
    if let Some(reason) = &event.reason {
        line.text(",\"reason\":", &reason.text.to_string());
    }
    line.0.extend_from_slice(b",\"data\":");
    payload(recorded, line.0);
    line.0.extend_from_slice(b"}\n");
}

/// The line so far.
struct Line<'a>(&'a mut Vec<u8>);

impl Line<'_> {
    /// Adds what holds nothing that JSON would escape, with what stands before it.
    fn plain(&mut self, before: &str, value: impl fmt::Display) {
        // A vector takes whatever is written.
        let _ = write!(self.0, "{before}{value}");
    }

    /// Adds any text, with what stands before it.
    fn text(&mut self, before: &str, text: &str) {
        self.0.extend_from_slice(before.as_bytes());
        let _ = serde_json::to_writer(&mut *self.0, text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::log::codec::decode;

    #[test]
    fn a_line_is_one_json_object_of_what_the_event_says() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/leaf-v1");
        let payload: Payload = |_, json| json.extend_from_slice(b"{\"a\":1}");
        let (origin, hash) = ("city.example/\"台帳\"", Hash::new([7; 32]));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "hex") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let leaf = hex::decode(text.lines().next().unwrap()).unwrap();
            let recorded = decode(&leaf).unwrap();
            let mut line = b"before".to_vec();
            write(&mut line, origin, &recorded, &hash, payload);
            let line = String::from_utf8(line).unwrap();
            let line = line.strip_prefix("before").unwrap();
            let read: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line, format!("{read}\n"), "in its shortest spelling");
            let event = &recorded.event;
            let code = event.payload.event_type().code().to_ascii_lowercase();
            let mut expected = json!({
                "specversion": "1.0",
                "id": event.id.to_string(),
                "source": origin,
                "type": format!("daicho.v1.{code}"),
                "subject": read["subject"].clone(),
                "time": recorded.recorded_at.to_string(),
                "datacontenttype": "application/json",
                "sequence": recorded.position.to_string(),
                "revision": recorded.revision.to_string(),
                "leafhash": hex::encode([7; 32]),
                "authid": recorded.actor.subject.to_string(),
            });
            let subject = read["subject"].as_str().unwrap();
            assert!(
                subject.ends_with(&format!("/{}", event.stream.id)),
                "{subject}"
            );
            if let Some(valid) = &event.valid {
                expected["validfrom"] = json!(valid.from.to_string());
                if let Some(to) = valid.to {
                    expected["validto"] = json!(to.to_string());
                }
            }
            if let Some(reason) = &event.reason {
                expected["reason"] = json!(reason.text.to_string());
            }
            expected["data"] = json!({ "a": 1 });
            assert_eq!(read, expected, "{}", path.display());
            assert_eq!(
                read.to_string(),
                expected.to_string(),
                "names in their order"
            );
        }
    }
}
