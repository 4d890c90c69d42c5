//! Appends as clients send them: what is of sound form is stored as it was meant, and shown as it could be sent again.

#![no_main]

use daicho::api::v1;
use daicho::domain::event::Event;
use daicho::domain::text::Language;
use daicho::grpc::event::{parse_events, show_event};
use daicho::ledger::Append;
use daicho::log::codec::{self, EncodeError, RequestPlace, ServerPart};
use daicho_fuzz::world::{DIRECTORY, recorded};
use daicho_fuzz::{message, seeds};
use prost::Message as _;

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    message::mutate(data, size, max_size, seed, 0)
});

libfuzzer_sys::fuzz_target!(init: seeds::appends("append"), |bytes: &[u8]| {
    let Ok(request) = v1::AppendEventsRequest::decode(bytes) else {
        return;
    };
    let (events, expected) = (&request.events, &request.expected_revisions);
    match parse_events(&DIRECTORY, events, expected, Append::EVENTS_MAX) {
        Ok(parsed) => parsed.events.iter().for_each(is_kept),
        Err(unsound) => {
            assert!(!unsound.rejections.is_empty());
            for rejection in &unsound.rejections {
                for language in [Language::Ja, Language::En] {
                    assert!(!rejection.message(language).is_empty());
                }
            }
            unsound.sound.iter().for_each(|(_, event)| is_kept(event));
        }
    }
});

/// The event comes back from its leaf, and from what a client is shown of it.
fn is_kept(event: &Event) {
    let (_, other) = recorded().next().expect("a kept leaf");
    let request = RequestPlace {
        id: other.request_id,
        index: 0,
        count: 1,
    };
    let encoded = || codec::encode_client_part(event, other.ledger, &other.actor, request);
    let part = match encoded() {
        Ok(part) => part,
        Err(EncodeError::TooLarge { .. }) => return,
        // What the server computes is not there yet.
        Err(EncodeError::Unstorable { problem, .. }) if problem.starts_with("required") => return,
        Err(unstorable) => panic!("{unstorable}: {event:?}"),
    };
    let server = ServerPart {
        generation: 1,
        position: 0,
        revision: 1,
        recorded_at: other.recorded_at,
        prev_leaf_hash: None,
    };
    let leaf = part.finish(&server);
    let again = encoded().expect("as before").finish(&server);
    assert_eq!(leaf, again);
    let decoded = codec::decode(&leaf.bytes).expect("what was stored is read");
    assert_eq!(decoded.event, *event);
    if event.personal_texts().next().is_some() {
        // Their words are not in the leaf.
        return;
    }
    let shown = show_event(&decoded.event);
    let parsed = parse_events(&DIRECTORY, &[shown], &[], 1);
    match parsed {
        Ok(parsed) => assert_eq!(parsed.events, [event.clone()]),
        Err(unsound) => panic!("{:?}: {event:?}", unsound.rejections),
    }
}
