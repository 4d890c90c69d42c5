//! People are known by their tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daicho::api::v1;
use daicho::config::Flags;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tonic::Code;

use super::issuer::{ISSUER, Signer, claims, jwks};
use super::world::{Caller, World, settings, until};
use crate::errors::told;
use crate::service::{Server, opening};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_known_by_the_token_and_the_service_by_the_certificate() {
    let world = World::start().await;
    let token = world.signer.of("f1e2");
    let actor = world.person(&token).caller().await.unwrap();
    let expected = v1::Actor {
        subject: "f1e2".to_owned(),
        issuer: Some(ISSUER.to_owned()),
        client: Some("daicho-cli".to_owned()),
        method: v1::AuthMethod::Oidc.into(),
        evidence_sha256: Some(Sha256::digest(&token).to_vec()),
        ..v1::Actor::default()
    };
    assert_eq!(actor, expected);

    let uri = "spiffe://city.example/portal";
    let portal = world.authority.client(uri);
    let both = world.caller(Some(&portal)).with_token(&token);
    let expected = v1::Actor {
        client: Some(uri.to_owned()),
        ..expected
    };
    assert_eq!(both.caller().await.unwrap(), expected);
    // A certificate does not make a bad token good.
    let bad = world.caller(Some(&portal)).with_token("a.b.c");
    let status = bad.caller().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_of_no_use_without_its_certificate() {
    let world = World::start().await;
    let own = world.authority.client("spiffe://city.example/portal");
    let other = world.authority.client("spiffe://city.example/thief");
    let mut bound = claims("f1e2");
    bound["cnf"] = json!({"x5t#S256": URL_SAFE_NO_PAD.encode(own.sha256())});
    let token = world.signer.token(&bound);
    let with = |pair| world.caller(pair).with_token(&token);
    assert!(with(Some(&own)).caller().await.is_ok());
    for pair in [Some(&other), None] {
        let status = with(pair).caller().await.unwrap_err();
        assert_eq!(told(&status).reason, "UNAUTHENTICATED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_do_not_count_open_nothing() {
    let world = World::start().await;
    let mut others = claims("f1e2");
    others["aud"] = json!("daicho-other-city");
    let mut expired = claims("f1e2");
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 3_600);
    let forged = Signer::new("first").of("f1e2");
    let mut tokens = vec![
        world.signer.token(&others),
        world.signer.token(&expired),
        forged,
    ];
    tokens.extend(world.signer.made_by_anybody(&claims("f1e2")));
    for token in &tokens {
        let person = world.person(token);
        let status = person
            .admin()
            .open_ledger(opening("city"))
            .await
            .unwrap_err();
        assert_eq!(told(&status).reason, "UNAUTHENTICATED");
    }
    let good = world.person(&world.signer.of("f1e2"));
    let mut admin = good.admin();
    let ledgers = admin.list_ledgers(v1::ListLedgersRequest::default());
    assert!(ledgers.await.unwrap().into_inner().ledgers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_counts_once_the_file_has_it_and_an_old_one_no_longer() {
    let world = World::start().await;
    let next = Signer::new("second");
    let (old, new) = (world.signer.of("f1e2"), next.of("f1e2"));
    let status = world.person(&new).caller().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    world.replace("jwks.json", &jwks(&[&world.signer, &next]));
    let person = world.person(&new);
    until("the new key counts", async || person.caller().await.is_ok()).await;
    assert!(world.person(&old).caller().await.is_ok());

    world.replace("jwks.json", &jwks(&[&next]));
    let person = world.person(&old);
    until("the old key counts no longer", async || {
        person.caller().await.is_err()
    })
    .await;
    assert!(world.person(&new).caller().await.is_ok());
}

/// Whoever hands keys out over HTTP on this machine, and counts who asks.
async fn keys_at(set: Arc<std::sync::Mutex<String>>) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = asked.clone();
    let answer = move || {
        counting.fetch_add(1, Ordering::Relaxed);
        let set = set.lock().unwrap().clone();
        async move { set }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/keys", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_in_the_background_and_not_as_often_as_strangers_like() {
    let (signer, next) = (Signer::new("first"), Signer::new("second"));
    let set = Arc::new(std::sync::Mutex::new(jwks(&[&signer])));
    let (url, asked) = keys_at(set.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daicho.toml");
    std::fs::write(&file, settings(&url)).unwrap();
    let server = Server::with(
        tempfile::tempdir().unwrap(),
        Flags {
            config: Some(file),
            auth: Some("required".to_owned()),
            ..Flags::default()
        },
    )
    .await;
    let channel = server.channel().await;
    let person = |token: String| Caller::over(channel.clone()).with_token(&token);

    let known = person(signer.of("f1e2"));
    until("the keys came", async || known.caller().await.is_ok()).await;
    let before = asked.load(Ordering::Relaxed);
    // Keys that nobody has, named again and again.
    let stranger = person(Signer::new("nobody's").of("f1e2"));
    let mut limited = false;
    for _ in 0..500 {
        let status = stranger.caller().await.unwrap_err();
        match status.code() {
            Code::Unauthenticated => {}
            // After so many the server does not look any more for a while; who is known goes on.
            Code::ResourceExhausted => limited = true,
            _ => panic!("{status:?}"),
        }
        assert!(known.caller().await.is_ok());
    }
    assert!(limited);
    *set.lock().unwrap() = jwks(&[&signer, &next]);
    let newcomer = person(next.of("0a0b"));
    until("the new key came", async || newcomer.caller().await.is_ok()).await;
    let fetches = asked.load(Ordering::Relaxed) - before;
    assert!((1..=3).contains(&fetches), "{fetches} fetches");
}
