//! Every method of the API, with any message that it takes: an answer or a reason, and never a fault of the server.

#![no_main]

use std::time::Duration;

use daicho_fuzz::world::API;
use daicho_fuzz::{message, seeds};
use prost_reflect::DynamicMessage;
use tonic::Code;

/// Some calls wait for what never comes.
const PATIENCE: Duration = Duration::from_millis(50);

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    message::mutate(data, size, max_size, seed, 1)
});

libfuzzer_sys::fuzz_target!(init: seeds::calls("call"), |bytes: &[u8]| {
    let Some((number, message)) = bytes.split_first() else {
        return;
    };
    let method = &API.methods[usize::from(*number) % API.methods.len()];
    if DynamicMessage::decode(method.input.clone(), message).is_err() {
        return;
    }
    let mut message = message.to_vec();
    // What is appended would be there for the next input. Of a field that is there twice, the last counts.
    if let Some(validate_only) = method.input.get_field_by_name("validate_only") {
        message.extend_from_slice(&[(validate_only.number() << 3) as u8, 1]);
    }
    let code = API.call(&method.path, &message, PATIENCE);
    let is_fault = matches!(code, Some(Code::Internal | Code::Unknown | Code::DataLoss));
    assert!(!is_fault, "{}: {code:?}", method.path);
});
