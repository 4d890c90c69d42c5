//! What the provider writes, held against what a server makes of it.

use std::ffi::OsString;

use tempfile::TempDir;

use super::*;
use crate::auth::{Issuers, Mode, TokenRefused};
use crate::clock::system_now;
use crate::config::{Config, Flags};
use crate::domain::event::{Actor, AuthMethod};

/// A provider in a folder of its own.
struct Provided {
    folder: TempDir,
    provider: IdentityProvider,
}

impl Provided {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = IdentityProvider::open(&folder.path().join("sign-in")).unwrap();
        Self { folder, provider }
    }

    fn again(&self) -> Result<IdentityProvider, ProviderFault> {
        IdentityProvider::open(&self.folder.path().join("sign-in"))
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("sign-in/issuer.jwk")
    }

    /// The settings that it writes, as a server reads them.
    fn config(&self) -> Config {
        let flags = Flags {
            config: Some(self.provider.settings()),
            ..Flags::default()
        };
        Config::from_sources(&flags, |_| None::<OsString>).unwrap()
    }

    /// Whom a server with these settings takes the bearer of a token for.
    fn identify(&self, token: &str) -> Result<Actor, TokenRefused> {
        let issuers = Issuers::new(self.config().oidc).unwrap();
        issuers.identify(token, None, None).map(|(actor, _)| actor)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.provider.tokens()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(system_now().as_second() + seconds).unwrap()
}

#[test]
fn a_server_with_its_settings_takes_its_tokens_for_a_day() {
    let provided = Provided::new();
    assert_eq!(provided.config().auth, Mode::Required);
    let issued = |seconds| provided.provider.token(&name("長寿課長"), after(seconds));
    let actor = provided.identify(&issued(0)).unwrap();
    assert_eq!(actor.subject.as_str(), "長寿課長");
    assert_eq!(actor.issuer.unwrap().as_str(), ISSUER);
    assert_eq!(actor.client.unwrap().as_str(), "daicho-cli");
    assert_eq!(actor.method, AuthMethod::Oidc);
    assert!(provided.identify(&issued(-TOKEN_SECONDS + 60)).is_ok());
    let over = provided.identify(&issued(-TOKEN_SECONDS - 120));
    assert_eq!(over, Err(TokenRefused::Expired));
    // The clock of a sample says nothing about it.
    let simulated = "2023-10-06T00:00:00Z".parse().unwrap();
    let then = provided.provider.token(&name("長寿課長"), simulated);
    assert_eq!(provided.identify(&then), Err(TokenRefused::Expired));
}

#[test]
fn another_provider_of_the_same_name_opens_nothing() {
    let (provided, other) = (Provided::new(), Provided::new());
    let token = other.provider.token(&name("長寿課長"), after(0));
    assert!(other.identify(&token).is_ok());
    let refused = provided.identify(&token);
    assert!(
        matches!(refused, Err(TokenRefused::KeyUnknown(Some(_)))),
        "{refused:?}"
    );
    // Nor does one that calls its key by another's name.
    let forger = IdentityProvider {
        id: provided.provider.id.clone(),
        ..other.provider
    };
    let forged = forger.token(&name("長寿課長"), after(0));
    assert_eq!(provided.identify(&forged), Err(TokenRefused::Signature));
}

#[test]
fn the_key_is_made_once_and_kept() {
    let provided = Provided::new();
    let stored = fs::read(provided.key_file()).unwrap();
    let token = provided.provider.token(&name("長寿課長"), after(0));
    let again = provided.again().unwrap();
    assert_eq!(again.id, provided.provider.id);
    assert_eq!(fs::read(provided.key_file()).unwrap(), stored);
    assert!(provided.identify(&token).is_ok());
}

#[test]
fn what_is_no_key_is_told_and_left_as_it_is() {
    let provided = Provided::new();
    let stored = fs::read_to_string(provided.key_file()).unwrap();
    let other = fs::read_to_string(Provided::new().key_file()).unwrap();
    let x = |text: &str| text.split(r#""x":""#).nth(1).unwrap()[..43].to_owned();
    for broken in [
        String::new(),
        stored[..stored.len() / 2].to_owned(),
        stored.replace("Ed25519", "X25519"),
        // The public half of another key.
        stored.replace(&x(&stored), &x(&other)),
        stored.replace("kty", "kind"),
        format!("{}{stored}", " ".repeat(5_000)),
    ] {
        fs::write(provided.key_file(), &broken).unwrap();
        let fault = provided.again().err().unwrap();
        assert!(matches!(fault, ProviderFault::Key { .. }), "{fault:?}");
        assert!(
            !fault
                .to_string()
                .contains(stored.split('"').nth_back(1).unwrap())
        );
        assert_eq!(fs::read_to_string(provided.key_file()).unwrap(), broken);
    }
}

#[test]
fn there_is_a_token_for_each_subject_and_for_nobody_else() {
    let provided = Provided::new();
    let all = [
        name("長寿課長"),
        name("総務文書課 入力担当"),
        name("../管理者"),
    ];
    assert_eq!(provided.provider.issue(&all, after(0)).unwrap(), 3);
    assert_eq!(
        provided.names(),
        ["%2E.%2F管理者", "総務文書課 入力担当", "長寿課長"]
    );
    for subject in &all {
        let file = token_folder::file_name(subject.as_str()).unwrap();
        let token = fs::read_to_string(provided.provider.tokens().join(file)).unwrap();
        assert_eq!(provided.identify(token.trim()).unwrap().subject, *subject);
    }
    // Later fewer have a seat; what is nobody's token is not touched.
    fs::write(provided.provider.tokens().join(".kept"), "").unwrap();
    assert_eq!(provided.provider.issue(&all[..1], after(0)).unwrap(), 1);
    assert_eq!(provided.names(), [".kept", "長寿課長"]);
    // Nor is anybody's token the draft of another's, which goes once all are written.
    let drafts = [name("長寿課長"), name("長寿課長.new")];
    fs::write(provided.provider.tokens().join("財務課長.new"), "").unwrap();
    assert_eq!(provided.provider.issue(&drafts, after(0)).unwrap(), 2);
    assert_eq!(provided.names(), [".kept", "長寿課長", "長寿課長%2Enew"]);
    // A name that no file can bear.
    let long = name(&"課".repeat(100));
    assert_eq!(provided.provider.issue([&long], after(0)).unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn what_is_secret_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let provided = Provided::new();
    provided
        .provider
        .issue([&name("長寿課長")], after(0))
        .unwrap();
    let folder = provided.folder.path().join("sign-in");
    let mode = |path: &str| {
        let metadata = fs::metadata(folder.join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("tokens")), (0o700, 0o700));
    assert_eq!(
        (mode("issuer.jwk"), mode("tokens/長寿課長")),
        (0o600, 0o600)
    );
    // A folder that was opened to others is closed again.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    provided.again().unwrap();
    assert_eq!(mode(""), 0o700);
}
