//! What is logged of signing in, and what never is.

use std::ffi::OsStr;
use std::fs;

use serde_json::json;

use super::issuer::{Signer, claims, jwks};
use super::world::{Caller, settings};
use crate::process::Process;

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_why_somebody_was_refused_and_never_holds_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let signer = Signer::new("first");
    fs::write(path("jwks.json"), jwks(&[&signer])).unwrap();
    let text = settings(path("jwks.json").to_str().unwrap());
    fs::write(path("daicho.toml"), format!("auth = 'required'\n{text}")).unwrap();
    let log = fs::File::create(path("log")).unwrap();
    let (config, data) = (path("daicho.toml"), path("data"));
    let words = [
        OsStr::new("serve"),
        OsStr::new("--config"),
        config.as_os_str(),
        OsStr::new("--data"),
        data.as_os_str(),
    ];
    let mut server = Process::start_logging(words, log);

    let mut expired = claims("f1e2");
    expired["exp"] = json!(1_000_000_000);
    let mut malformed = claims("f1e2");
    malformed["iat"] = json!("secret-in-a-claim");
    let good = signer.of("f1e2");
    let tokens = [
        signer.token(&expired),
        signer.token(&malformed),
        Signer::new("unknown").of("f1e2"),
        Signer::new("first").of("f1e2"),
    ];
    let caller = |token: &str| Caller::over(server.connect()).with_token(token);
    assert!(caller(&good).caller().await.is_ok());
    for token in &tokens {
        assert!(caller(token).caller().await.is_err());
    }
    assert_eq!(server.stop(), 0);

    let log = fs::read_to_string(path("log")).unwrap();
    for why in [
        "it has expired",
        "a claim is not of its form",
        "its key Some(\\\"unknown\\\") is not known",
        "its signature is false",
        "/daicho.v1.IdentityService/GetCaller",
    ] {
        let plain = why.replace("\\\"", "\"");
        assert!(log.contains(why) || log.contains(&plain), "{why}: {log}");
    }
    for token in tokens.iter().chain([&good]) {
        for part in token.split('.') {
            assert!(!log.contains(part), "{log}");
        }
    }
    assert!(!log.contains("secret-in-a-claim"), "{log}");
}
