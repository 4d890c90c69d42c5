//! Events as readers are shown them, before a target of `tests/fuzz`.

use crate::grpc::event::transcribe;
use crate::merkle::leaf_hash;

/// The message of a leaf, as field `number`, from its bytes alone; `None`: it goes the whole way.
pub fn transcript(number: u32, leaf: &[u8]) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    transcribe(number, leaf, &leaf_hash(leaf), &mut message).map(|()| message)
}
