//! Calls by their paths with bytes for messages: one way to call every method, whatever it takes and answers.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

/// The largest message that is read.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whether a message is the last that is waited for.
pub(super) type Last = fn(&[u8]) -> bool;

/// A call, without who makes it.
pub(super) struct Call {
    pub(super) path: String,
    /// The messages that are sent.
    pub(super) sent: Vec<Vec<u8>>,
    /// Where to stop reading what would go on; `None`: at the end.
    pub(super) last: Option<Last>,
    pub(super) says: Says,
}

/// What a caller says of how they act.
#[derive(Clone, Default)]
pub(super) struct Says {
    pub(super) purpose: Option<&'static str>,
    pub(super) on_behalf_of: Option<String>,
}

/// Somebody with a connection, and a token or none.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) channel: Channel,
    pub(super) token: Option<String>,
}

/// Why a call was refused, as a program reads it.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) code: Code,
    pub(super) reason: String,
    pub(super) message: String,
    figures: BTreeMap<String, String>,
    /// The details as they were sent.
    pub(super) details: Bytes,
}

impl PartialEq for Refused {
    fn eq(&self, other: &Self) -> bool {
        // The figures in the details are in no order.
        let told = |of: &Self| (of.code, of.reason.clone(), of.message.clone());
        told(self) == told(other)
            && self.figures == other.figures
            && self.details.len() == other.details.len()
    }
}

impl Refused {
    fn new(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let reason = info.as_ref().map(|info| info.reason.clone());
        Self {
            code: status.code(),
            reason: reason.unwrap_or_else(|| format!("{:?}", status.code())),
            figures: info
                .map(|info| info.metadata.into_iter().collect())
                .unwrap_or_default(),
            message: status.message().to_owned(),
            details: Bytes::copy_from_slice(status.details()),
        }
    }
}

impl Caller {
    /// All that is answered, one message after another.
    pub(super) async fn calls(&self, call: &Call) -> Result<Vec<Bytes>, Refused> {
        let answered = self.answered(call).await;
        answered.map_err(|status| Refused::new(&status))
    }

    async fn answered(&self, call: &Call) -> Result<Vec<Bytes>, Status> {
        let mut client =
            Grpc::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        client
            .ready()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let sent: Vec<Bytes> = call.sent.iter().cloned().map(Bytes::from).collect();
        let mut request = Request::new(tokio_stream::iter(sent));
        let metadata = request.metadata_mut();
        metadata.insert("accept-language", MetadataValue::from_static("en"));
        if let Some(token) = &self.token {
            metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        for (key, said) in [
            ("daicho-purpose-bin", call.says.purpose),
            ("daicho-on-behalf-of-bin", call.says.on_behalf_of.as_deref()),
        ] {
            if let Some(said) = said {
                metadata.insert_bin(key, MetadataValue::from_bytes(said.as_bytes()));
            }
        }
        let path = PathAndQuery::from_str(&call.path).unwrap();
        let mut stream = client.streaming(request, path, Raw).await?.into_inner();
        let mut messages = Vec::new();
        while let Some(message) = stream.message().await? {
            let ends = call.last.is_some_and(|last| last(&message));
            messages.push(message);
            if ends {
                break;
            }
        }
        Ok(messages)
    }
}

/// Messages as the bytes that they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let bytes = from.remaining();
        Ok(Some(from.copy_to_bytes(bytes)))
    }
}
