//! Where settings come from, and what is refused.

use std::path::Path;

use super::file::FILE_BYTES_MAX;
use super::setting::Setting;
use super::*;
use crate::auth::{Algorithm, ClientCertificates, ClientFiles, JwksSource};
use crate::merkle::{KeyName, Signer as _, SigningKey};

const WITNESS: &str =
    "auditor.example/witness+c422086e+BCVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd";

fn load(flags: &Flags, variables: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
    Config::from_sources(flags, |name| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| OsString::from(value))
    })
}

fn with_file(
    text: &str,
    flags: Flags,
    variables: &[(&str, &str)],
) -> Result<Config, InvalidConfig> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daicho.toml");
    std::fs::write(&path, text).unwrap();
    load(
        &Flags {
            config: Some(path),
            ..flags
        },
        variables,
    )
}

/// Each fault on a line, the folder of the file left out.
fn refused(outcome: Result<Config, InvalidConfig>) -> Vec<String> {
    let faults = outcome.expect_err("must be refused");
    faults
        .faults()
        .iter()
        .map(|fault| {
            let line = fault.to_string();
            line.rfind("daicho.toml")
                .map_or(line.clone(), |at| line[at..].to_owned())
        })
        .collect()
}

fn login(issuer: Option<&str>, subject: &str) -> LoginId {
    LoginId {
        issuer: issuer.map(|issuer| Name::parse(issuer).unwrap()),
        subject: Name::parse(subject).unwrap(),
    }
}

#[test]
fn nothing_said_gives_the_defaults() {
    let config = load(&Flags::default(), &[]).unwrap();
    assert_eq!(
        config,
        Config {
            data: "./daicho-data".into(),
            existing: false,
            journal: None,
            listen: "127.0.0.1:7015".parse().unwrap(),
            default_ledger: None,
            reflection: true,
            cache_bytes: 32 * 1024 * 1024,
            states_bytes: 384 * 1024 * 1024,
            scrub_every: Some(Duration::from_secs(7 * 24 * 60 * 60)),
            free_space_min: 256 * 1024 * 1024,
            connections_max: 1024,
            clock_behind_max: Duration::from_secs(300),
            request_timeout: Duration::from_secs(15),
            witnesses: Vec::new(),
            evidence_file_bytes: 64 * 1024 * 1024,
            evidence_media_types: Vec::new(),
            key_identity: None,
            key_passphrase_file: None,
            tls: None,
            auth: Mode::Unauthenticated,
            oidc: Vec::new(),
            administrators: Vec::new(),
            access_log: Recording::None,
            log_format: LogFormat::Text,
            log_filter: LogFilter::default(),
        }
    );
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let file = "data = 'file'\nlisten = '127.0.0.1:1'\ndefault_ledger = 'file'\ncache_mib = 16\n";
    let flags = Flags {
        data: Some("flag".to_owned()),
        ..Flags::default()
    };
    let variables = [
        ("DAICHO_DATA", "variable"),
        ("DAICHO_LISTEN", "127.0.0.1:2"),
    ];
    let config = with_file(file, flags, &variables).unwrap();
    assert_eq!(config.data, Path::new("flag"));
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.default_ledger.as_deref(), Some("file"));
    assert_eq!(config.cache_bytes, 16 * 1024 * 1024);
    assert_eq!(config.connections_max, 1024);
}

#[test]
fn every_setting_is_read_from_every_source() {
    let values = [
        ("data", "folder"),
        ("existing", "true"),
        ("journal", "/mnt/journal"),
        ("listen", "[::1]:9"),
        ("default_ledger", "city"),
        ("reflection", "false"),
        ("cache_mib", "8"),
        ("states_mib", "9"),
        ("scrub_days", "0"),
        ("free_space_min_mib", "10"),
        ("connections_max", "7"),
        ("request_timeout_seconds", "6"),
        ("clock_behind_max_seconds", "5"),
        ("witnesses", WITNESS),
        ("evidence_file_mib", "2"),
        ("evidence_media_types", "image/heic, audio/mpeg"),
        ("key_identity", "/etc/key"),
        ("tls_certificate", "/etc/server.pem"),
        ("tls_key", "/etc/server.key"),
        ("tls_client_roots", "/etc/roots.pem"),
        ("tls_crl", "/etc/revoked.crl"),
        ("tls_client_certificates", "required"),
        ("auth", "required"),
        ("administrators", "https://id.example.lg.jp#s-4711\n#root"),
        ("access_log", "true"),
        ("log_format", "json"),
        ("log_filter", "warn"),
    ];
    // All but one: it cannot be said beside `key_identity`.
    let all = Setting::ALL.map(Setting::name);
    let all = all.iter().filter(|name| **name != "key_passphrase_file");
    assert!(values.iter().map(|(name, _)| name).eq(all));
    let expected = Config {
        data: "folder".into(),
        existing: true,
        journal: Some("/mnt/journal".into()),
        listen: "[::1]:9".parse().unwrap(),
        default_ledger: Some("city".to_owned()),
        reflection: false,
        cache_bytes: 8 * 1024 * 1024,
        states_bytes: 9 * 1024 * 1024,
        scrub_every: None,
        free_space_min: 10 * 1024 * 1024,
        connections_max: 7,
        request_timeout: Duration::from_secs(6),
        clock_behind_max: Duration::from_secs(5),
        witnesses: vec![WITNESS.parse().unwrap()],
        evidence_file_bytes: 2 * 1024 * 1024,
        evidence_media_types: vec!["image/heic".to_owned(), "audio/mpeg".to_owned()],
        key_identity: Some(PathBuf::from("/etc/key")),
        key_passphrase_file: None,
        tls: Some(TlsFiles {
            certificate: "/etc/server.pem".into(),
            key: "/etc/server.key".into(),
            clients: Some(ClientFiles {
                roots: "/etc/roots.pem".into(),
                crls: Some("/etc/revoked.crl".into()),
                certificates: ClientCertificates::Required,
            }),
        }),
        auth: Mode::Required,
        oidc: Vec::new(),
        administrators: vec![
            login(Some("https://id.example.lg.jp"), "s-4711"),
            login(None, "root"),
        ],
        access_log: Recording::All,
        log_format: LogFormat::Json,
        log_filter: "warn".parse().unwrap(),
    };

    let said = |index: usize| Some(values[index].1.to_owned());
    let flags = Flags {
        config: None,
        data: said(0),
        existing: said(1),
        journal: said(2),
        listen: said(3),
        default_ledger: said(4),
        reflection: said(5),
        cache_mib: said(6),
        states_mib: said(7),
        scrub_days: said(8),
        free_space_min_mib: said(9),
        connections_max: said(10),
        request_timeout_seconds: said(11),
        clock_behind_max_seconds: said(12),
        witnesses: said(13),
        evidence_file_mib: said(14),
        evidence_media_types: said(15),
        key_identity: said(16),
        key_passphrase_file: None,
        tls_certificate: said(17),
        tls_key: said(18),
        tls_client_roots: said(19),
        tls_crl: said(20),
        tls_client_certificates: said(21),
        auth: said(22),
        administrators: said(23),
        access_log: said(24),
        log_format: said(25),
        log_filter: said(26),
    };
    assert_eq!(load(&flags, &[]).unwrap(), expected);

    let variables: Vec<_> = values
        .iter()
        .map(|(name, value)| (format!("DAICHO_{}", name.to_uppercase()), *value))
        .collect();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(load(&Flags::default(), &variables).unwrap(), expected);

    let file: String = values
        .iter()
        .map(|(name, value)| format!("{name} = '''{value}'''\n"))
        .collect();
    assert_eq!(with_file(&file, Flags::default(), &[]).unwrap(), expected);
}

#[test]
fn administrators_are_logins_one_a_line_or_a_list() {
    let city = "CN=CA,O=My City";
    let expected = vec![login(Some(city), "ops team"), login(None, "root")];
    let flags = |text: &str| Flags {
        administrators: Some(text.to_owned()),
        ..Flags::default()
    };
    let lines = format!("{city}#ops team\n\n  #root\n");
    assert_eq!(load(&flags(&lines), &[]).unwrap().administrators, expected);
    let file = format!("administrators = ['{city}#ops team', '#root']\n");
    let read = with_file(&file, Flags::default(), &[]).unwrap();
    assert_eq!(read.administrators, expected);
    for two in ["https://i#a #b", "https://i#a https://i#b", "#a #b"] {
        let lines = refused(load(&flags(two), &[]));
        assert!(lines[0].contains("write one a line"), "{lines:?}");
    }
    for wrong in ["administrators = [1]", "administrators = ['#a\\n#b', 2]"] {
        let lines = refused(with_file(wrong, Flags::default(), &[]));
        assert!(lines[0].contains("must be a list of texts"), "{lines:?}");
    }
}

#[test]
fn witnesses_are_keys_of_witnesses_and_each_stands_once() {
    let witness = |name: &str, seed: u8, signature_type| {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, signature_type, &[seed; 32]);
        key.key().to_string()
    };
    let read = |text: &str| {
        let flags = Flags {
            witnesses: Some(text.to_owned()),
            ..Flags::default()
        };
        load(&flags, &[])
    };
    let keys: Vec<String> = (0..=32)
        .map(|seed| witness("w.example", seed, SignatureType::CosignatureV1))
        .collect();
    let two = read(&format!("{}\n  {}", keys[0], keys[1]))
        .unwrap()
        .witnesses;
    assert_eq!(two.len(), 2);
    assert_eq!(read(&keys[..32].join(" ")).unwrap().witnesses.len(), 32);
    let log = witness("w.example", 1, SignatureType::Ed25519);
    let renamed = witness("other.example", 0, SignatureType::CosignatureV1);
    for (text, problem) in [
        (keys.join(" "), "has more than 32 keys"),
        (log, "its signature type must be 0x04"),
        (format!("{} {renamed}", keys[0]), "there already"),
        (keys[0].replace("w.", "v."), "is no key: key id"),
        (" ".to_owned(), "is empty"),
    ] {
        let lines = refused(read(&text));
        assert!(lines[0].contains(problem), "{lines:?}");
    }
}

#[test]
fn key_files_are_encrypted_in_one_way() {
    let passphrase = Flags {
        key_passphrase_file: Some("phrase".to_owned()),
        ..Flags::default()
    };
    let read = load(&passphrase, &[]).unwrap();
    assert_eq!(read.key_passphrase_file, Some(PathBuf::from("phrase")));
    let lines = refused(load(&passphrase, &[("DAICHO_KEY_IDENTITY", "key")]));
    assert!(lines[0].contains("in one way"), "{lines:?}");
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daicho.toml");
    std::fs::write(&path, "reflection = false").unwrap();
    let variables = [("DAICHO_CONFIG", path.to_str().unwrap())];
    assert!(!load(&Flags::default(), &variables).unwrap().reflection);
    assert!(
        load(&Flags::default(), &[("DAICHO_CONFIG", "")])
            .unwrap()
            .reflection
    );
}

#[test]
fn everything_wrong_is_told_at_once_with_where_it_came_from() {
    let flags = Flags {
        cache_mib: Some("0".to_owned()),
        ..Flags::default()
    };
    let variables = [
        ("DAICHO_REQUEST_TIMEOUT_SECONDS", "-1"),
        ("DAICHO_REFLECTION", "yes"),
        ("DAICHO_EVIDENCE_MEDIA_TYPES", "image/heic,heic"),
    ];
    let file = "data = ''\nlog_format = 'xml'\nspeed = 'high'\nconnections_max = [1]\nlog_filter = 'a=loud'\n";
    let lines = refused(with_file(file, flags, &variables));
    assert_eq!(lines.len(), 9, "{lines:#?}");
    for start in [
        "daicho.toml:3 = `speed`: is no setting; there are data, existing, journal, listen,",
        "daicho.toml:4 connections_max: must be a text, a whole number or a boolean, not a",
        "daicho.toml:1 data = ``: is empty",
        "DAICHO_REFLECTION = `yes`: must be `true` or `false`",
        "--cache-mib = `0`: must be a whole number from 8 to 65536",
        "DAICHO_REQUEST_TIMEOUT_SECONDS = `-1`: must be a whole number from 1 to 3600",
        "DAICHO_EVIDENCE_MEDIA_TYPES = `image/heic,heic`: must be at most 50 media types",
        "daicho.toml:2 log_format = `xml`: must be `text` or `json`",
        "daicho.toml:5 log_filter = `a=loud`: is no filter",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "{start}: {lines:#?}"
        );
    }
}

#[test]
fn only_this_machine_may_connect() {
    for reachable in [
        "0.0.0.0:7015",
        "[::]:7015",
        "192.168.1.4:7015",
        "[::ffff:10.0.0.1]:7015",
    ] {
        let flags = Flags {
            listen: Some(reachable.to_owned()),
            ..Flags::default()
        };
        let lines = refused(load(&flags, &[]));
        assert!(
            lines[0].starts_with("--listen") && lines[0].contains("not authenticated"),
            "{lines:?}"
        );
    }
    for local in [
        "127.0.0.1:0",
        "127.8.8.8:1",
        "[::1]:7015",
        "[::ffff:127.0.0.1]:7015",
    ] {
        let flags = Flags {
            listen: Some(local.to_owned()),
            ..Flags::default()
        };
        assert_eq!(load(&flags, &[]).unwrap().listen, local.parse().unwrap());
    }
    let flags = Flags {
        listen: Some("localhost".to_owned()),
        ..Flags::default()
    };
    assert!(refused(load(&flags, &[]))[0].contains("must be an address and a port"));
}

#[test]
fn other_machines_may_connect_where_connections_are_encrypted_and_callers_sign_in() {
    let listen = |text: &str, rest: &str| {
        with_file(&format!("listen = '{text}'\n{rest}"), Flags::default(), &[])
    };
    let tls = "tls_certificate = 'c'\ntls_key = 'k'\n";
    let services = format!("{tls}tls_client_roots = 'r'\nauth = 'required'\n");
    let people = format!(
        "{tls}auth = 'required'\n[[oidc]]\nissuer = 'https://i'\naudience = 'a'\njwks = 'j'\n"
    );
    for enough in [&services, &people] {
        assert!(listen("0.0.0.0:7015", enough).is_ok());
    }
    // What is missing is told whole.
    let lines = refused(listen("0.0.0.0:7015", ""));
    assert!(
        lines[0].contains(
            "or set tls_certificate, tls_key, auth = \"required\", tls_client_roots or [[oidc]] too"
        ),
        "{lines:?}"
    );
    let lines = refused(listen("[::]:7015", tls));
    assert!(
        lines[0].contains("or set auth = \"required\", tls_client_roots or [[oidc]] too"),
        "{lines:?}"
    );
    let plain = "auth = 'required'\n[[oidc]]\nissuer = 'https://i'\naudience = 'a'\njwks = 'j'\n";
    let lines = refused(listen("[::]:7015", plain));
    assert!(
        lines[0].contains("or set tls_certificate, tls_key too"),
        "{lines:?}"
    );
    // Behind something that encrypts, on this machine.
    let config = listen("127.0.0.1:7015", plain).unwrap();
    assert!(!config.reflection);
    assert!(
        listen("127.0.0.1:7015", &format!("reflection = true\n{plain}"))
            .unwrap()
            .reflection
    );
}

#[test]
fn settings_that_need_each_other_are_told_together() {
    let file = "tls_key = 'k'\ntls_crl = 'c'\ntls_client_certificates = 'required'\n";
    let lines = refused(with_file(file, Flags::default(), &[]));
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for expected in [
        "daicho.toml:1 tls_key = `k`: needs `tls_certificate` too",
        "daicho.toml:2 tls_crl = `c`: needs `tls_client_roots` too",
        "daicho.toml:3 tls_client_certificates = `required`: needs `tls_client_roots` too",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
    }
    let lines = refused(with_file("auth = 'required'\n", Flags::default(), &[]));
    assert!(lines[0].contains("nobody could sign in"), "{lines:?}");
    let roots = "tls_certificate = 'c'\ntls_key = 'k'\ntls_client_roots = 'r'\n";
    let lines = refused(with_file(roots, Flags::default(), &[]));
    assert!(
        lines[0].ends_with("needs `auth` = `required` too"),
        "{lines:?}"
    );
    let lines = refused(with_file("auth = 'on'\n", Flags::default(), &[]));
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn issuers_are_tables_of_the_file_with_everything_wrong_told_at_once() {
    let issuer = "[[oidc]]\nissuer = 'https://id.example'\naudience = 'daicho'\njwks = 'https://id.example/keys'\n";
    let read = |text: &str| with_file(&format!("auth = 'required'\n{text}"), Flags::default(), &[]);
    let config = read(issuer).unwrap();
    let expected = Issuer {
        issuer: crate::domain::text::Name::parse("https://id.example").unwrap(),
        audience: "daicho".to_owned(),
        jwks: JwksSource::url("https://id.example/keys", None).unwrap(),
        algorithms: Algorithm::DEFAULT.to_vec(),
        leeway: Duration::from_secs(60),
        max_age: Duration::from_secs(86_400),
        only_at_jwt: false,
    };
    assert_eq!(config.oidc, std::slice::from_ref(&expected));
    let whole = format!(
        "{issuer}certificates = 'ca.pem'\nalgorithms = ['ES384', 'EdDSA']\nleeway_seconds = 5\nmax_age_seconds = 600\n\
         only_at_jwt = true\n[[oidc]]\nissuer = 'b'\naudience = 'c'\njwks = '/keys.json'\n"
    );
    let config = read(&whole).unwrap();
    let first = Issuer {
        jwks: JwksSource::url("https://id.example/keys", Some("ca.pem".into())).unwrap(),
        algorithms: vec![Algorithm::Es384, Algorithm::EdDsa],
        leeway: Duration::from_secs(5),
        max_age: Duration::from_secs(600),
        only_at_jwt: true,
        ..expected
    };
    assert_eq!(config.oidc[0], first);
    assert_eq!(config.oidc[1].jwks, JwksSource::File("/keys.json".into()));

    let wrong = "[[oidc]]\nissuer = ' a'\njwks = 'http://id.example/keys'\nalgorithms = ['HS256']\nleeway_seconds = 301\n\
                 max_age_seconds = 1\nonly_at_jwt = 'yes'\nsecret = 's'\n";
    let lines = refused(read(wrong));
    assert_eq!(lines.len(), 8, "{lines:#?}");
    for expected in [
        "daicho.toml:2 oidc = `secret`: is no key of it; there are issuer, audience,",
        "daicho.toml:2 oidc.issuer = ` a`: has white space around it",
        "daicho.toml:2 oidc.audience: must be set",
        "daicho.toml:2 oidc.jwks = `http://id.example/keys`: is not encrypted",
        "daicho.toml:2 oidc.algorithms: `HS256` is none of RS256,",
        "daicho.toml:2 oidc.leeway_seconds: must be a whole number from 0 to 300",
        "daicho.toml:2 oidc.max_age_seconds: must be a whole number from 60 to",
        "daicho.toml:2 oidc.only_at_jwt: must be `true` or `false`",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(expected)),
            "{expected}: {lines:#?}"
        );
    }
    for (text, problem) in [
        (format!("{issuer}{issuer}"), "stands twice"),
        (issuer.repeat(17), "must be 1 to 16 tables"),
        (
            "oidc = 'https://id.example'\n".to_owned(),
            "must be 1 to 16 tables",
        ),
        (format!("{issuer}algorithms = []\n"), "at least one"),
        (
            "[[oidc]]\nissuer = 'i'\naudience = 'a'\njwks = 'k'\ncertificates = 'c'\n".to_owned(),
            "needs no `certificates`",
        ),
    ] {
        let lines = refused(read(&text));
        assert!(lines[0].contains(problem), "{problem}: {lines:?}");
    }
    let lines = refused(with_file(issuer, Flags::default(), &[]));
    assert!(
        lines[0].contains("oidc: needs `auth` = `required` too"),
        "{lines:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let missing = Flags {
        config: Some("no/such/daicho.toml".into()),
        ..Flags::default()
    };
    assert!(refused(load(&missing, &[]))[0].starts_with("daicho.toml: cannot be read"));
    let lines = refused(with_file(
        "data = \nlisten = '0.0.0.0:1'\n",
        Flags::default(),
        &[],
    ));
    assert!(lines[0].starts_with("daicho.toml:1: "), "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("daicho.toml:2 listen")),
        "{lines:?}"
    );
    let long = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
    assert_eq!(
        refused(with_file(&long, Flags::default(), &[])),
        ["daicho.toml: is larger than 65536 bytes"]
    );
}

#[test]
fn the_example_in_deploy_is_taken_and_names_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/daicho.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for setting in Setting::ALL {
        assert!(
            text.contains(&format!("{} = ", setting.name())),
            "{}",
            setting.name()
        );
    }
    let config = load(
        &Flags {
            config: Some(path),
            ..Flags::default()
        },
        &[],
    )
    .unwrap();
    assert_eq!(config.data, Path::new("/var/lib/daicho"));
    assert!(!config.reflection);
}

#[test]
fn accesses_are_recorded_where_callers_sign_in_unless_it_is_said_otherwise() {
    let recording = |auth: &str, said: Option<&str>| {
        let flags = Flags {
            auth: Some(auth.to_owned()),
            access_log: said.map(str::to_owned),
            tls_certificate: Some("/etc/server.pem".to_owned()),
            tls_key: Some("/etc/server.key".to_owned()),
            // How callers sign in, where they do.
            tls_client_roots: (auth == "required").then(|| "/etc/roots.pem".to_owned()),
            ..Flags::default()
        };
        load(&flags, &[]).unwrap().access_log
    };
    assert_eq!(recording("required", None), Recording::All);
    assert_eq!(recording("required", Some("false")), Recording::None);
    assert_eq!(recording("unauthenticated", None), Recording::None);
    assert_eq!(recording("unauthenticated", Some("true")), Recording::All);
}
