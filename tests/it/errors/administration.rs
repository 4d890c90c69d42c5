//! Calls that open ledgers and change keys.

use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use tonic::Code;

use super::world::*;
use super::{Seen, expect, told};
use crate::service::{As, opening};

/// What a change of keys is refused for.
pub(super) async fn keys(seen: &mut Seen, world: &World) {
    let mut admin = world.server.admin().await;
    let reason = || {
        Some(Reason {
            code: ReasonCode::Other.into(),
            text: "定期更新".to_owned(),
        })
    };
    let announcing = || AnnounceKeyRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        reason: reason(),
    };
    let retiring = |key: &str| RetireKeyRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        reason: reason(),
        verifier_key: key.to_owned(),
    };
    let mut proofs =
        ProofServiceClient::with_interceptor(world.server.channel().await, As("auditor"));
    let listed = proofs.list_keys(ListKeysRequest::default()).await.unwrap();
    let first = listed.into_inner().keys.remove(0).verifier_key;
    let retired = |status: Result<_, tonic::Status>| status.map(drop).unwrap_err();
    let status = retired(admin.retire_key(retiring(&first)).await);
    let (failed, missing) = (Code::FailedPrecondition, Code::NotFound);
    let words = "no other key is in force";
    expect(seen, &status, failed, ErrorReason::KeyLast, words);
    let strange = "elsewhere.example+3ce076f6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    let status = retired(admin.retire_key(retiring(strange)).await);
    let words = "the ledger has no such key";
    let told = expect(seen, &status, missing, ErrorReason::KeyUnknown, words);
    assert_eq!(told.field(), "verifier_key");
    admin.announce_key(announcing()).await.unwrap();
    admin.retire_key(retiring(&first)).await.unwrap();
    let status = retired(admin.retire_key(retiring(&first)).await);
    let words = "the key signs no more already";
    expect(seen, &status, failed, ErrorReason::KeyEnded, words);
    for _ in 1..daicho::proof::KEYS_IN_FORCE_MAX {
        admin.announce_key(announcing()).await.unwrap();
    }
    let status = admin.announce_key(announcing()).await.unwrap_err();
    let words = "8 keys are in force already";
    let told = expect(seen, &status, failed, ErrorReason::KeysTooMany, words);
    assert_eq!(told.metadata["max"], "8");
    // All that is wrong at once.
    let wrong = CompromiseKeyRequest {
        verifier_key: "x".to_owned(),
        ..CompromiseKeyRequest::default()
    };
    let status = admin.compromise_key(wrong).await.unwrap_err();
    let mut fields: Vec<String> = told_fields(&status);
    fields.sort();
    assert_eq!(fields, ["reason", "request_id", "verifier_key"]);
}

fn told_fields(status: &tonic::Status) -> Vec<String> {
    let violations = told(status).violations.into_iter();
    violations.map(|(_, field)| field).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_are_opened_once_and_with_sense() {
    let world = World::new().await;
    let mut admin = world.server.admin().await;
    let wrong = OpenLedgerRequest {
        request_id: new_id().to_string(),
        code: "a b".to_owned(),
        title: None,
        origin: String::new(),
        time_zone: "\n".to_owned(),
        locale: "x".repeat(201),
    };
    let refusal = told(&admin.open_ledger(wrong).await.unwrap_err());
    let fields: Vec<_> = refusal
        .violations
        .iter()
        .map(|(r, f)| (r.as_str(), f.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("CODE_INVALID", "code"),
            ("FIELD_REQUIRED", "title"),
            ("FIELD_REQUIRED", "origin"),
            ("FIELD_REQUIRED", "time_zone"),
            ("TEXT_TOO_LONG", "locale"),
        ]
    );
    let senseless = OpenLedgerRequest {
        origin: "https://ledger.example".to_owned(),
        time_zone: "Asia/Atlantis".to_owned(),
        locale: "日本語".to_owned(),
        ..opening("town")
    };
    let refusal = told(&admin.open_ledger(senseless).await.unwrap_err());
    let fields: Vec<_> = refusal
        .violations
        .iter()
        .map(|(_, field)| field.as_str())
        .collect();
    assert_eq!(fields, ["origin", "time_zone", "locale"]);

    let refusal = told(&admin.open_ledger(opening("city")).await.unwrap_err());
    assert_eq!(
        (refusal.code, refusal.reason.as_str(), refusal.field()),
        (Code::AlreadyExists, "CODE_TAKEN", "code")
    );

    let town = opening("town");
    let opened = admin.open_ledger(town.clone()).await.unwrap().into_inner();
    let again = admin.open_ledger(town.clone()).await.unwrap().into_inner();
    assert_eq!((again.replayed, again.receipt), (true, opened.receipt));
    let other = OpenLedgerRequest {
        code: "village".to_owned(),
        ..town
    };
    let refusal = told(&admin.open_ledger(other).await.unwrap_err());
    assert_eq!(refusal.code, Code::AlreadyExists);
    assert_eq!(
        (refusal.reason.as_str(), refusal.field()),
        ("IDEMPOTENCY_CONFLICT", "request_id")
    );
    let listed = admin
        .list_ledgers(ListLedgersRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.ledgers.len(), 2);
    world.server.stop().await;
}
