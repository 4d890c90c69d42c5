//! Every method of the API that takes a stream of messages, with any that it takes: an answer or a reason, and never a fault of the
//! server.

#![no_main]

use std::time::Duration;

use daicho::api::v1::SubmitEventsRequest;
use daicho_fuzz::seeds::Messages;
use daicho_fuzz::world::API;
use daicho_fuzz::{message, seeds};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tonic::Code;

/// An input is short; what takes longer than this waits for what never comes.
const PATIENCE: Duration = Duration::from_millis(100);

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    message::mutate(data, size, max_size, seed, 1)
});

libfuzzer_sys::fuzz_target!(init: seeds::streams("stream"), |bytes: &[u8]| {
    let Some((number, messages)) = bytes.split_first() else {
        return;
    };
    let method = &API.streams[usize::from(*number) % API.streams.len()];
    let Ok(Messages { mut messages }) = Messages::decode(messages) else {
        return;
    };
    for message in &mut messages {
        if DynamicMessage::decode(method.input.clone(), message.as_slice()).is_err() {
            return;
        }
        // What is appended would be there for the next input.
        if method.path.ends_with("/SubmitEvents")
            && let Ok(mut request) = SubmitEventsRequest::decode(message.as_slice())
            && let Some(append) = &mut request.append
        {
            append.validate_only = true;
            *message = request.encode_to_vec();
        }
    }
    let messages = messages.iter().map(Vec::as_slice);
    let code = API.stream(&method.path, messages, PATIENCE);
    let is_fault = matches!(code, Some(Code::Internal | Code::Unknown | Code::DataLoss));
    assert!(!is_fault, "{}: {code:?}", method.path);
});
