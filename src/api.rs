//! The API as generated from `proto/daicho/v1`, and nothing else but one message that may hold encoded bytes.

mod events;

pub use events::Events;

/// Package `daicho.v1`: messages, clients and servers. The protos are the manual.
#[allow(missing_docs, clippy::all, unreachable_pub, rust_2018_idioms)]
pub mod v1 {
    tonic::include_proto!("daicho.v1");
}

/// The file descriptors of the API, encoded, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/daicho_v1.bin"));
