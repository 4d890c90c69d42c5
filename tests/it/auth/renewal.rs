//! Files that are replaced while the server runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daicho::api::v1;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::world::{Caller, World, until};
use crate::errors::told;
use crate::service::{append, opening};
use crate::submit::Submission;

const IMPORT: &str = "spiffe://city.example/import";

/// The certificate that the server shows to new connections, in DER.
async fn shown(world: &World) -> Vec<u8> {
    let stream = world.handshake().await;
    let (_, session) = stream.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}

/// What the health service says of the server's certificates and keys.
async fn health(world: &World) -> ServingStatus {
    let channel = world.endpoint(None).connect().await.unwrap();
    let request = HealthCheckRequest {
        service: "tls".to_owned(),
    };
    let answer = HealthClient::new(channel).check(request).await.unwrap();
    answer.into_inner().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_certificates_come_into_force_under_load_and_no_call_is_lost() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let service = world.caller(Some(&pair));
    service.admin().open_ledger(opening("city")).await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let load = |endpoint: Option<tonic::transport::Endpoint>, kept: Caller| {
        let stop = stop.clone();
        tokio::spawn(async move {
            let mut calls = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                // Over one connection that lives on, or over a new one each time.
                let caller = match &endpoint {
                    Some(endpoint) => Caller::over(endpoint.connect().await.unwrap()),
                    None => kept.clone(),
                };
                let mut ledger = caller.ledger();
                let asked = v1::GetLedgerRequest::default();
                ledger.get_ledger(asked).await.unwrap();
                calls += 1;
            }
            calls
        })
    };
    let kept = [
        load(None, service.clone()),
        load(None, world.caller(Some(&pair))),
    ];
    let anew = load(Some(world.endpoint(Some(&pair))), service.clone());
    for _ in 0..3 {
        let next = world.authority.server();
        // Between the two, certificate and key do not fit each other.
        world.replace("server.pem", &next.certificate);
        world.replace("server.key", &next.key);
        until("the new certificate is shown", async || {
            shown(&world).await == next.der
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    for load in kept.into_iter().chain([anew]) {
        assert!(0 < load.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_ends_at_the_next_call_of_a_connection_that_lives() {
    let world = World::start().await;
    let (stolen, other) = (
        world.authority.client(IMPORT),
        world.authority.client("spiffe://city.example/other"),
    );
    let connected = async |pair| {
        let channel = world.endpoint(Some(pair)).connect().await.unwrap();
        Caller::over(channel)
    };
    let (thief, bystander) = (connected(&stolen).await, connected(&other).await);
    assert!(thief.caller().await.is_ok());
    let mut submission = Submission::open(&thief.ledger(), 10, None).await;
    assert!(submission.send(append(Vec::new())).await);
    // It is read, and whatever it is told, it is told.
    submission.answer().await.unwrap_err();
    world.replace("revoked.pem", &world.authority.revoking(2, &[&stolen]));
    until("the revocation is in force", async || {
        match thief.caller().await {
            Ok(_) => false,
            Err(status) => {
                assert_eq!(status.code(), Code::Unauthenticated);
                assert_eq!(told(&status).reason, "UNAUTHENTICATED");
                true
            }
        }
    })
    .await;
    // Nothing more is taken on a stream either.
    assert!(submission.send(append(Vec::new())).await);
    let status = submission.frame().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(bystander.caller().await.is_ok());
    // An authority that is no longer believed takes its services with it.
    let next = super::authority::Authority::new("Next");
    world.replace("revoked.pem", &next.revoking(1, &[]));
    world.replace("roots.pem", &next.pem());
    until("the other authority is in force", async || {
        bystander.caller().await.is_err()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_leave_those_from_before_in_force() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let before = shown(&world).await;
    until("it is well", async || {
        health(&world).await == ServingStatus::Serving
    })
    .await;
    let other = world.authority.server();
    let good = |name: &str| std::fs::read_to_string(world.files.path().join(name)).unwrap();
    for (name, broken) in [
        ("server.pem", "no certificate".to_owned()),
        ("server.pem", other.certificate.clone()),
        ("server.key", String::new()),
        ("roots.pem", world.signer.of("f1e2")),
        ("revoked.pem", world.authority.pem()),
    ] {
        let whole = good(name);
        world.replace(name, &broken);
        until("it is told", async || {
            health(&world).await == ServingStatus::NotServing
        })
        .await;
        assert_eq!(shown(&world).await, before, "{name}");
        assert!(world.caller(Some(&pair)).caller().await.is_ok(), "{name}");
        world.replace(name, &whole);
        until("it is well again", async || {
            health(&world).await == ServingStatus::Serving
        })
        .await;
    }
    world.replace("server.key", &other.key);
    world.replace("server.pem", &other.certificate);
    until("the other certificate is shown", async || {
        shown(&world).await == other.der
    })
    .await;
}
