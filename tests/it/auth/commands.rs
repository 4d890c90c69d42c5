//! The command line, signed in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::issuer::ISSUER;
use super::world::World;
use crate::service::opening;

const IMPORT: &str = "spiffe://city.example/import";

/// Somebody at a keyboard, whose home is empty.
struct Desk {
    home: tempfile::TempDir,
    server: String,
}

impl Desk {
    fn new(world: &World) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            server: format!("https://localhost:{}", world.server.address.port()),
        }
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs a command; `environment` besides that of an empty home.
    async fn run(&self, words: &[&str], environment: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        command
            .args(words)
            .args(["--server", &self.server, "--lang", "en"])
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", "somebody")
            .envs(environment.iter().copied())
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

#[track_caller]
fn told(output: &Output, code: i32, words: &[&str]) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for words in words {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_works_and_signs_out() {
    let world = World::start().await;
    let token = world.signer.of("f1e2");
    let open = world
        .person(&token)
        .admin()
        .open_ledger(opening("city"))
        .await;
    open.unwrap();
    let desk = Desk::new(&world);
    let roots = desk.file("roots.pem", &world.authority.pem());
    let believed = [("DAICHO_CERTIFICATES", roots.as_path())];
    let list = ["ledger", "list"];

    // Not believed, then not known.
    told(
        &desk.run(&list, &[]).await,
        5,
        &["certificate", "--certificates FILE"],
    );
    told(
        &desk.run(&list, &believed).await,
        1,
        &["daicho login --token-file FILE"],
    );
    told(&desk.run(&["login"], &believed).await, 2, &["DAICHO_TOKEN"]);
    let bad = desk.file("bad", "a.b.c\n");
    let bad = ["login", "--token-file", bad.to_str().unwrap()];
    told(&desk.run(&bad, &believed).await, 1, &["sign in"]);
    told(&desk.run(&list, &believed).await, 1, &["sign in"]);

    let file = desk.file("token", &format!("{token}\n"));
    let login = ["login", "--token-file", file.to_str().unwrap()];
    let output = desk.run(&login, &believed).await;
    told(&output, 0, &["signed in to", "as f1e2", ISSUER]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains(&token));
    std::fs::remove_file(&file).unwrap();
    told(&desk.run(&list, &believed).await, 0, &["city"]);
    // Who one is anyway may be said; somebody else may not.
    let named = ["ledger", "list", "--as", "f1e2"];
    told(&desk.run(&named, &believed).await, 0, &["city"]);
    let liar = ["ledger", "list", "--as", "mayor"];
    told(&desk.run(&liar, &believed).await, 1, &["leave --as"]);

    told(
        &desk.run(&["logout"], &believed).await,
        0,
        &["forgot the token"],
    );
    told(
        &desk.run(&["logout"], &believed).await,
        0,
        &["there was no token"],
    );
    told(&desk.run(&list, &believed).await, 1, &["sign in"]);
    let from_environment = [believed[0], ("DAICHO_TOKEN", Path::new(&token))];
    told(&desk.run(&list, &from_environment).await, 0, &["city"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_shows_its_certificate() {
    let world = World::start().await;
    let pair = world.authority.client(IMPORT);
    let service = world.caller(Some(&pair));
    service.admin().open_ledger(opening("city")).await.unwrap();
    let desk = Desk::new(&world);
    let roots = desk.file("roots.pem", &world.authority.pem());
    let certificate = desk.file("client.pem", &pair.certificate);
    let key = desk.file("client.key", &pair.key);
    let list = ["ledger", "list"];
    let whole = [
        ("DAICHO_CERTIFICATES", roots.as_path()),
        ("DAICHO_CLIENT_CERTIFICATE", certificate.as_path()),
        ("DAICHO_CLIENT_KEY", key.as_path()),
    ];
    told(&desk.run(&list, &whole).await, 0, &["city"]);
    told(&desk.run(&list, &whole[..2]).await, 2, &["together"]);
    let swapped = [
        whole[0],
        ("DAICHO_CLIENT_CERTIFICATE", key.as_path()),
        ("DAICHO_CLIENT_KEY", certificate.as_path()),
    ];
    told(&desk.run(&list, &swapped).await, 2, &["cannot be used"]);
}
