//! Leaves: what is read is written with the same meaning, the index sees the same as everybody else, and it can be shown.

#![no_main]

use daicho::grpc::event::fuzzing::transcript;
use daicho::grpc::event::{payload_json, recorded};
use daicho::log::codec::{self, EncodeError, RequestPlace, ServerPart};
use daicho::merkle::{Hash, leaf_hash};
use daicho_fuzz::message;

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    message::mutate(data, size, max_size, seed, 0)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let envelope = codec::envelope(bytes);
    let Ok(read) = codec::decode(bytes) else {
        return;
    };
    let envelope = envelope.expect("what is read has an envelope");
    assert_eq!(envelope.ledger, read.ledger);
    assert_eq!(envelope.generation, read.generation);
    assert_eq!(envelope.position, read.position);
    assert_eq!(envelope.stream, read.event.stream);
    assert_eq!(envelope.revision, read.revision);
    assert_eq!(
        envelope.prev_leaf_hash.map(|hash| *hash.as_bytes()),
        read.prev_leaf_hash
    );
    assert_eq!(envelope.recorded_at, read.recorded_at);
    assert_eq!(envelope.event_id, read.event.id);
    assert_eq!(envelope.event_type, read.event.payload.event_type());
    assert_eq!(envelope.indicator, read.event.payload.indicator());
    assert_eq!(envelope.valid, read.event.valid);
    assert_eq!(envelope.actor, read.actor.subject.as_str());
    assert_eq!(envelope.request_id, read.request_id);
    assert_eq!(envelope.request_index, read.request_index);
    assert_eq!(envelope.request_count, read.request_count);

    let hash = leaf_hash(bytes);
    let shown = recorded(&read, hash.as_bytes());
    if let Some(transcript) = transcript(1, bytes) {
        let mut whole = Vec::new();
        prost::encoding::message::encode(1, &shown, &mut whole);
        assert_eq!(transcript, whole);
    }
    assert!(shown.fact.is_some_and(|fact| fact.payload.is_some()));
    let mut json = Vec::new();
    payload_json(&read, &mut json);
    serde_json::from_slice::<serde_json::Value>(&json).expect("JSON");

    let request = RequestPlace {
        id: read.request_id,
        index: read.request_index,
        count: read.request_count,
    };
    let server = ServerPart {
        generation: read.generation,
        position: read.position,
        revision: read.revision,
        recorded_at: read.recorded_at,
        prev_leaf_hash: read.prev_leaf_hash.map(Hash::new),
    };
    match codec::encode_client_part(&read.event, read.ledger, &read.actor, request) {
        Ok(part) => assert_eq!(codec::decode(&part.finish(&server).bytes), Ok(read)),
        Err(EncodeError::TooLarge { .. }) => {}
        Err(unstorable) => panic!("{unstorable}"),
    }
});
