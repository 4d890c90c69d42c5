//! Answers for programs: the API's own messages in the JSON form of protobuf.
//!
//! Field names are those of the protos, 64-bit numbers are numbers, bytes are base64, enums are names. What
//! has no value and no presence is left out.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value};

use crate::api::{FILE_DESCRIPTOR_SET, v1};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// A message that is printed.
pub trait Printed: prost::Message {
    /// Its full name in the protos.
    const NAME: &'static str;
}

macro_rules! printed {
    ($($type:ident),* $(,)?) => {
        $(impl Printed for v1::$type {
            const NAME: &'static str = concat!("daicho.v1.", stringify!($type));
        })*
        #[cfg(test)]
        const PRINTED: &[&str] = &[$(<v1::$type as Printed>::NAME),*];
    };
}

printed! {
    AccessEntry,
    ListAccessResponse,
    AppendEventsResponse,
    CheckedEvidence,
    CompareCyclesResponse,
    CompareEvaluationsResponse,
    Definition,
    DiffGoalResponse,
    EvaluatePlanResponse,
    EraseEvidenceResponse,
    Event,
    EvidenceSummary,
    ExplainFigureResponse,
    ErasePersonalDataResponse,
    EventInput,
    GetCallerResponse,
    GetCheckpointResponse,
    AddCosignatureResponse,
    RecordHeadsResponse,
    GetStreamProofResponse,
    GetConsistencyProofResponse,
    GetEntryTrailResponse,
    GetGoalResponse,
    GetInclusionProofResponse,
    GetLedgerResponse,
    GetOrganisationResponse,
    GetOverviewResponse,
    GetPersonResponse,
    GetReportingCalendarResponse,
    GetResponsibilityResponse,
    GetSeriesResponse,
    GetSnapshotResponse,
    Goal,
    Ledger,
    KeyChange,
    ListAuditFindingsResponse,
    ListChangesResponse,
    ListCheckpointsResponse,
    ListFlagsResponse,
    ListKeysResponse,
    ListGoalsResponse,
    ListGrantsResponse,
    ListLedgersResponse,
    ListNextActionsResponse,
    ListPendingResponse,
    ListPeriodsResponse,
    ListPersonalDataResponse,
    ListPersonsResponse,
    ListPoliciesResponse,
    ListReportingStatusResponse,
    ListSnapshotsResponse,
    ListTargetChangesResponse,
    OpenLedgerResponse,
    SampleChangesResponse,
    WhatCouldResponse,
    WhoAmIResponse,
}

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// A message as JSON.
pub fn value<M: Printed>(message: &M) -> Result<Value, Failure> {
    convert(message).map_err(|problem| {
        Failure::new(
            Exit::Fault,
            format!("cannot print {} as JSON: {problem}", M::NAME),
        )
    })
}

fn convert<M: Printed>(message: &M) -> Result<Value, String> {
    let pool = POOL
        .as_ref()
        .ok_or("the descriptors of the API cannot be read")?;
    let descriptor = pool.get_message_by_name(M::NAME).ok_or("no such message")?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|error| error.to_string())?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| error.to_string())
}

/// A message from its JSON; the problem in English where it is none.
pub fn message<M: Printed + Default>(text: &str) -> Result<M, String> {
    let pool = POOL
        .as_ref()
        .ok_or("the descriptors of the API cannot be read")?;
    let descriptor = pool.get_message_by_name(M::NAME).ok_or("no such message")?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let dynamic = DynamicMessage::deserialize(descriptor, &mut reader);
    let dynamic = dynamic.map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    let read = M::decode(dynamic.encode_to_vec().as_slice());
    read.map_err(|error| error.to_string())
}

/// An answer as one JSON object that says which ledger it is from, and whether that is a sample.
pub fn answer<M: Printed>(message: &M, ledger: &v1::Ledger) -> Result<Value, Failure> {
    let mut object = Map::new();
    object.insert("ledger".to_owned(), value(ledger)?);
    match value(message)? {
        Value::Object(fields) => object.extend(fields),
        other => {
            object.insert("answer".to_owned(), other);
        }
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printed_message_exists_in_the_protos() {
        let pool = POOL.as_ref().expect("the descriptors decode");
        for name in PRINTED {
            assert!(pool.get_message_by_name(name).is_some(), "{name}");
        }
    }
}
