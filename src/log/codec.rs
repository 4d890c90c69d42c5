//! The leaf: an event as the bytes that are stored, hashed and handed out.
//!
//! ```text
//! request task   encode_client_part   what the request decides, hashed as far as it goes
//! writer         ClientPart::finish   sets the server part behind it: place, time, chain
//! reader         decode               the whole event as the domain knows it
//! index          envelope             place, time, ids, actor, without the payload
//! ```
//! An event is encoded once. The bytes are protobuf (`proto/daicho/storage/v1`), with ascending field
//! numbers and without default values; nothing is ever compared or hashed after encoding it again.
//!
//! Decoding is strict about what it reads: another format, type or version, a text that is only
//! committed to, a missing field, a value that the domain does not have, each is an error with the
//! field's path. It ignores fields it does not know, which stay in the bytes. It reads values with the
//! constructors of the domain, so those may grow more tolerant and never less: a leaf that was
//! written once must be readable for ever. `tests/golden/leaf-v1` holds one of each type.
//!
//! Only this module knows the generated messages.

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use prost::Message as _;

use crate::domain::event::{Actor, Event, Recorded};
use crate::domain::id::{LedgerId, RequestId};
use crate::log::Leaf;
use crate::merkle::{Hash, LeafHasher};

mod decision;
mod envelope;
mod fault;
mod fields;
mod model;
mod payload;
mod policy;
mod record;
mod value;
mod wire;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

#[cfg(test)]
use decision::encode;
pub use decision::seal_proposed;
pub use envelope::{Envelope, envelope};
pub use fault::{DecodeError, EncodeError};
pub(crate) use fields::{Field, Fields};
pub use policy::policy_sha256;

/// The longest event in bytes, so that a length fits two bytes in entry bundles.
pub const EVENT_BYTES_MAX: usize = Leaf::BYTES_MAX;

/// Bytes kept free for the server part. Today's needs 83 at most.
pub const SERVER_PART_BYTES_MAX: usize = 128;

/// The longest client part in bytes.
pub const CLIENT_PART_BYTES_MAX: usize = EVENT_BYTES_MAX - SERVER_PART_BYTES_MAX;

/// Where an event stands in the append call it came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestPlace {
    /// The call.
    pub id: RequestId,
    /// The event's number in it, from 0.
    pub index: u32,
    /// How many events it appends.
    pub count: u32,
}

/// An event encoded and hashed as far as the request decides it.
#[derive(Clone, Debug)]
pub struct ClientPart {
    bytes: BytesMut,
    hasher: LeafHasher,
}

/// What the event's place in the ledger decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerPart {
    /// Generation of the ledger, from 1.
    pub generation: u64,
    /// Position in the ledger, from 0.
    pub position: u64,
    /// Number in the stream, from 1.
    pub revision: u64,
    /// Record time. Stored in whole microseconds: the caller cuts it to them first, or the event
    /// read back has another time than the one decided on.
    pub recorded_at: Timestamp,
    /// Leaf hash of the event before it in the stream; `None` at revision 1 and only there.
    pub prev_leaf_hash: Option<Hash>,
}

/// Encodes what the request decides of `event`, and hashes it.
///
/// Fails where the event is too large, or holds what a leaf cannot: a date outside the domain's
/// years, a change that does not say what it replaces.
pub fn encode_client_part(
    event: &Event,
    ledger: LedgerId,
    actor: &Actor,
    request: RequestPlace,
) -> Result<ClientPart, EncodeError> {
    let leaf = record::client_part(event, ledger, actor, request)?;
    let len = leaf.encoded_len();
    if len > CLIENT_PART_BYTES_MAX {
        return Err(EncodeError::TooLarge { bytes: len });
    }
    let mut bytes = BytesMut::with_capacity(len + SERVER_PART_BYTES_MAX);
    // Fails only without room, and the buffer was made to measure.
    leaf.encode(&mut bytes)
        .map_err(|_| EncodeError::TooLarge { bytes: len })?;
    let mut hasher = LeafHasher::new();
    hasher.update(&bytes);
    Ok(ClientPart { bytes, hasher })
}

impl ClientPart {
    /// The length in bytes. The leaf is at most [`SERVER_PART_BYTES_MAX`] longer.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Sets the server part behind it and finishes the hash. Copies and hashes nothing again.
    pub fn finish(mut self, server: &ServerPart) -> Leaf {
        debug_assert!(server.generation > 0 && server.revision > 0);
        debug_assert_eq!(server.revision == 1, server.prev_leaf_hash.is_none());
        let part = record::server_part(server).encode_to_vec();
        self.hasher.update(&part);
        self.bytes.extend_from_slice(&part);
        Leaf::with_hash(self.bytes.freeze(), self.hasher.finish())
    }
}

/// Reads an event in its place.
pub fn decode(bytes: &[u8]) -> Result<Recorded, DecodeError> {
    // The format comes before everything else: what it means to be malformed depends on it.
    record::check_format(bytes)?;
    record::recorded(wire::Leaf::decode(bytes).map_err(DecodeError::malformed)?)
}

/// 32 bytes or the name of what they are not.
fn hash_bytes(bytes: &Bytes) -> Result<[u8; Hash::BYTES], DecodeError> {
    Ok(*fault::is(Hash::try_from(bytes.as_ref()))?.as_bytes())
}
