//! Services are known by their certificates.

use daicho::api::v1;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::authority::Authority;
use super::world::{World, until};
use crate::errors::told;
use crate::service::opening;

const IMPORT: &str = "spiffe://city.example/import";

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_known_by_its_certificate_and_stands_in_its_events() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let service = world.caller(Some(&pair));
    let actor = service.caller().await.unwrap();
    let expected = v1::Actor {
        subject: IMPORT.to_owned(),
        issuer: Some("CN=Services,O=Sample-City".to_owned()),
        method: v1::AuthMethod::MutualTls.into(),
        evidence_sha256: Some(pair.sha256()),
        ..v1::Actor::default()
    };
    assert_eq!(actor, expected);

    service.admin().open_ledger(opening("city")).await.unwrap();
    let reader = world.server.ledgers.list()[0].clone();
    let recorded = reader.stored(0).await.unwrap().recorded.actor;
    assert_eq!(recorded.subject.as_str(), expected.subject);
    assert_eq!(
        recorded.method,
        daicho::domain::event::AuthMethod::MutualTls
    );
    let evidence = recorded.evidence_sha256.map(|digest| digest.to_vec());
    assert_eq!(evidence, expected.evidence_sha256);
    // Who says who it is anyway, says nothing new.
    assert!(service.clone().claiming(IMPORT).caller().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_but_how_to_sign_in() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let service = world.caller(Some(&pair));
    service.admin().open_ledger(opening("city")).await.unwrap();

    let mut answers = Vec::new();
    for stranger in [
        world.stranger(),
        world.stranger().claiming("市長"),
        world.person("no.such.token"),
        world.person(&world.signer.token(&serde_json::json!({"iss": "x"}))),
    ] {
        for ledger in ["city", "nowhere", "", "not a code"] {
            let request = v1::GetLedgerRequest {
                ledger: ledger.to_owned(),
                ..v1::GetLedgerRequest::default()
            };
            let status = stranger.ledger().get_ledger(request).await.unwrap_err();
            assert_eq!(told(&status).reason, "UNAUTHENTICATED");
            answers.push((
                status.code(),
                status.message().to_owned(),
                status.details().to_vec(),
            ));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, Code::Unauthenticated);

    // Whether the server works may be asked by anybody.
    let channel = world.endpoint(None).connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    assert!(health.check(HealthCheckRequest::default()).await.is_ok());
    // What it looks like may not, unless that is asked for.
    let mut reflection =
        tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient::new(channel);
    let refused = reflection.server_reflection_info(tokio_stream::empty());
    assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated);
    let channel = world.endpoint(Some(&pair)).connect().await.unwrap();
    let mut reflection =
        tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient::new(channel);
    let refused = reflection.server_reflection_info(tokio_stream::empty());
    assert_eq!(refused.await.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_do_not_count_make_no_connection() {
    let world = World::start().await;
    let elsewhere = Authority::new("Services");
    let expired = world.authority.expired_client(IMPORT);
    let revoked = world.authority.client(IMPORT);
    world.replace("revoked.pem", &world.authority.revoking(2, &[&revoked]));
    until("the revocation is in force", async || {
        world.caller(Some(&revoked)).caller().await.is_err()
    })
    .await;
    // A server's certificate is for no client.
    let server = world.authority.server();
    for pair in [&elsewhere.client(IMPORT), &expired, &revoked, &server] {
        let status = world.caller(Some(pair)).caller().await.unwrap_err();
        assert_ne!(status.code(), Code::Unauthenticated, "{status:?}");
    }
    let good = world.authority.client(IMPORT);
    assert!(world.caller(Some(&good)).caller().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_may_be_required_of_everybody() {
    let world = World::with(|flags| {
        flags.tls_client_certificates = Some("required".to_owned());
    })
    .await;
    let token = world.signer.of("f1e2");
    let status = world.person(&token).caller().await.unwrap_err();
    assert_ne!(status.code(), Code::Unauthenticated, "{status:?}");
    let pair = world.authority.client(IMPORT);
    let person = world.caller(Some(&pair)).with_token(&token);
    assert_eq!(person.caller().await.unwrap().subject, "f1e2");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_itself_somebody_else_stores_nothing() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let service = world.caller(Some(&pair));
    let liar = service.clone().claiming("spiffe://city.example/mayor");
    let status = liar.admin().open_ledger(opening("city")).await.unwrap_err();
    assert_eq!(told(&status).reason, "ACTOR_MISMATCH");
    let unreadable = service.clone().claiming("a\nb");
    let status = unreadable
        .admin()
        .open_ledger(opening("city"))
        .await
        .unwrap_err();
    assert_eq!(told(&status).reason, "ACTOR_MISMATCH");
    let mut admin = service.admin();
    let ledgers = admin.list_ledgers(v1::ListLedgersRequest::default());
    assert!(ledgers.await.unwrap().into_inner().ledgers.is_empty());
}
