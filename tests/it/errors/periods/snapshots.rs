//! What is refused of snapshots, which only the server takes.

use std::sync::Arc;
use std::time::Duration;

use daicho::access_log::Recording;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::evaluation_service_client::EvaluationServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::auth::{Authenticator, Callers, Mode};
use daicho::clock::new_id;
use daicho::domain::code::{Code, Key};
use daicho::domain::evaluation::policy::PolicyVersion as DomainPolicyVersion;
use daicho::domain::event as domain;
use daicho::domain::id::{EventId, LedgerId, PlanId, RequestId};
use daicho::domain::text::{Language, Name};
use daicho::grpc::status::Refusal;
use daicho::grpc::{IdentifyLayer, PageKey, Parts, Services};
use daicho::ledger::{Append, AppendError, Ledgers, STATES_BYTES, Settings};
use daicho::log::MemoryLog;
use tokio::sync::watch;
use tonic::Code as Status;
use tower::Layer as _;

use super::super::world::*;
use super::super::{Seen, expect};
use super::events::Of;
use crate::fixture::{evidence, proofs};
use crate::service::{append, opening};

/// Nobody but the server takes a snapshot, and the server takes one of each closing.
pub(super) async fn snapshot_exists(seen: &mut Seen) {
    let log = MemoryLog::new();
    let ledgers = Ledgers::start(
        Arc::new(log.clone()),
        Arc::new(log),
        None,
        Settings::new(STATES_BYTES),
    )
    .await
    .unwrap();
    // Nobody closes them.
    let (_, closing) = watch::channel(false);
    let limit = Duration::from_secs(60);
    let routes = Services::new(Parts {
        ledgers: ledgers.clone(),
        proofs: proofs(&ledgers),
        evidence: evidence(),
        page_key: PageKey::new([7; 32]),
        default_ledger: None,
        request_timeout: limit,
        closing,
        recording: Recording::None,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    })
    .routes()
    .routes();
    let routes = IdentifyLayer::new(Callers::unauthenticated()).layer(routes);
    AdminServiceClient::with_interceptor(routes.clone(), Ja("管理者"))
        .open_ledger(opening("city"))
        .await
        .unwrap();
    let mut evaluations = EvaluationServiceClient::with_interceptor(routes.clone(), Ja("企画"));
    let mut client = LedgerServiceClient::with_interceptor(routes, Ja("企画"));
    let closed = {
        let of = Of {
            plan: "R5",
            day: "2023-10-10",
        };
        let events = vec![
            plan(2023, "R5", 1),
            of.opened("上半期", "2023-04-01", "2023-09-30"),
            of.closed("上半期"),
        ];
        client.append_events(append(events)).await.unwrap()
    };
    let events = closed.into_inner().receipt.unwrap().events;
    let plan: PlanId = events[0].stream.as_ref().unwrap().id.parse().unwrap();
    let ledger: LedgerId = ledgers.list()[0].id();
    let snapshot = || domain::Event {
        valid: Some(domain::Validity::from("2023-09-30".parse().unwrap())),
        ..domain::Event::new(
            EventId::new(new_id()).unwrap(),
            domain::Stream::plan(plan),
            domain::SnapshotTaken {
                plan,
                period: Key::parse("上半期").unwrap(),
                revision: 1,
                closed_by: events[2].event_id.parse().unwrap(),
                effective_on: "2023-09-30".parse().unwrap(),
                known_at: events[2].position + 1,
                policy: DomainPolicyVersion {
                    code: Code::parse("default").unwrap(),
                    version: 0,
                },
                rows: 0,
                rows_format: 1,
                rows_sha256: [1; 32],
                root: None,
            }
            .into(),
        )
    };
    let take = async || -> Result<_, AppendError> {
        let append = Append::new(ledger, RequestId::new(new_id()).unwrap(), vec![snapshot()]);
        let permitted = Authenticator.permit_system(Name::parse("daicho").unwrap(), append);
        ledgers.append(permitted, None).await
    };
    // The server took it when it answered the closing.
    let again = Refusal::from(take().await.unwrap_err()).into_status(Language::Ja);
    let told = expect(
        seen,
        &again,
        Status::AlreadyExists,
        ErrorReason::SnapshotExists,
        "この確定の凍結は済んでいます",
    );
    assert_eq!(told.field(), "events[0].snapshot_taken.revision");
    let never = GetSnapshotRequest {
        plan: Some("R5".to_owned()),
        snapshot: Some(SnapshotRef {
            period: "上半期".to_owned(),
            revision: Some(2),
        }),
        ..GetSnapshotRequest::default()
    };
    let status = evaluations.get_snapshot(never).await.unwrap_err();
    expect(
        seen,
        &status,
        Status::NotFound,
        ErrorReason::SnapshotUnknown,
        "その期間は凍結されていません",
    );
    ledgers.stop().await.unwrap();
}
