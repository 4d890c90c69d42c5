//! A request for every method that keeps the server, its keys and its files, and for those of the libraries that it serves.
//!
//! What they ask for is done: keys change, a ledger is opened, a text and a file are erased. Each is asked once and the same
//! again, so the ids are made of the name of the row.

use daicho::api::v1::*;
use prost::Message as _;
use tonic_health::pb::HealthCheckRequest;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use uuid::Uuid;

use super::row::Tells::{Anything, Words};
use super::row::{Asks, Kind, Row, asks};
use super::wire::{Call, Says};
use super::world::{LEDGER, upload};
use crate::evidence::sha256;
use crate::service::opening;

/// The same id for one thing that is asked.
fn once(what: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, what.as_bytes()).to_string()
}

fn why() -> Option<Reason> {
    Some(Reason {
        code: ReasonCode::Other.into(),
        text: "年度の更新".to_owned(),
    })
}

fn operates<M: prost::Message + 'static>(
    name: &'static str,
    build: fn(&super::world::Ground) -> M,
) -> Row {
    asks(Kind::Operates, name, Anything, build)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = keeping();
    rows.extend(keys());
    rows.extend(of_libraries());
    rows
}

fn keeping() -> Vec<Row> {
    vec![
        Row {
            name: "EvidenceService/PutEvidence".to_owned(),
            kind: Kind::Operates,
            tells: Anything,
            is_placed: false,
            asks: Asks::Calls(Box::new(|_| upload("集計表\n".as_bytes()))),
        },
        operates("ProofService/AddCosignature", |ground| {
            AddCosignatureRequest {
                ledger: LEDGER.to_owned(),
                size: ground.size,
                signatures: vec![ground.cosignature.clone()],
            }
        }),
        operates("ProofService/RecordHeads", |_| RecordHeadsRequest {
            ledger: LEDGER.to_owned(),
        }),
        operates("AdminService/VerifyStore", |_| VerifyStoreRequest {
            ledger: LEDGER.to_owned(),
            size: None,
        }),
        operates("AdminService/ListIntegrityEvents", |_| {
            ListIntegrityEventsRequest::default()
        }),
        operates("AdminService/OpenLedger", |_| OpenLedgerRequest {
            request_id: once("town"),
            ..opening("town")
        }),
        operates("EvidenceService/EraseEvidence", |ground| {
            EraseEvidenceRequest {
                ledger: LEDGER.to_owned(),
                request_id: once("file"),
                sha256: sha256(&ground.regretted).to_vec(),
                reason: why(),
                legal_basis: "条例第12条".to_owned(),
                approved_by: "甲部長".to_owned(),
            }
        }),
        operates("AdminService/ErasePersonalData", |ground| {
            ErasePersonalDataRequest {
                ledger: LEDGER.to_owned(),
                request_id: once("text"),
                subject_ref: ground.subject.clone(),
                legal_basis: "個人情報の保護に関する法律".to_owned(),
                approved_by: "甲部長".to_owned(),
                reason: why(),
            }
        }),
    ]
}

fn keys() -> Vec<Row> {
    vec![
        operates("AdminService/AnnounceKey", |_| AnnounceKeyRequest {
            ledger: LEDGER.to_owned(),
            request_id: once("announce"),
            reason: why(),
        }),
        operates("AdminService/RetireKey", |ground| RetireKeyRequest {
            ledger: LEDGER.to_owned(),
            request_id: once("retire"),
            reason: why(),
            verifier_key: ground.first_key.clone(),
        }),
        operates("AdminService/CompromiseKey", |ground| {
            CompromiseKeyRequest {
                ledger: LEDGER.to_owned(),
                request_id: once("compromise"),
                reason: why(),
                verifier_key: ground.first_key.clone(),
                last_trusted_size: ground.size,
            }
        }),
    ]
}

/// A method of a library, with one message.
fn of_library(name: &'static str, tells: super::row::Tells, sent: Vec<u8>) -> Row {
    Row {
        name: name.to_owned(),
        kind: Kind::Operates,
        tells,
        is_placed: false,
        asks: Asks::Calls(Box::new(move |_| Call {
            path: format!("/{name}"),
            sent: vec![sent.clone()],
            // The first message is the answer; a watch would go on.
            last: Some(|_| true),
            says: Says::default(),
        })),
    }
}

fn of_libraries() -> Vec<Row> {
    let health = HealthCheckRequest::default().encode_to_vec();
    let listed = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let listed = listed.encode_to_vec();
    vec![
        of_library("grpc.health.v1.Health/Check", Anything, health.clone()),
        of_library("grpc.health.v1.Health/Watch", Anything, health),
        of_library(
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            Words("daicho.v1.GoalService"),
            listed.clone(),
        ),
        // The same messages under another name.
        of_library(
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            Words("daicho.v1.GoalService"),
            listed,
        ),
    ]
}
